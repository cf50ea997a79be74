/* Ranges: which bytes, or why not. */
#include "wire/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *value;
    uint64_t size;
    const char *want; /* "from+length …"; "" ignored; "416" */
} rows[] = {
    {"bytes=0-0", 100, "0+1"},
    {"bytes=0-", 100, "0+100"},
    {"Bytes=0-9", 100, "0+10"},
    {"bytes=90-200", 100, "90+10"},
    {"bytes=99-99", 100, "99+1"},
    {"bytes=-1", 100, "99+1"},
    {"bytes=-1000", 100, "0+100"},
    {"bytes=100-", 100, "416"},
    {"bytes=-0", 100, "416"},
    {"bytes=0-", 0, ""},
    {"bytes=-5", 0, ""},
    {"bytes=0-1,5-6", 100, "0+2 5+2"},
    {"bytes=5-6,0-1", 100, "5+2 0+2"},
    {"bytes= 0-1 , ,\t5-6,", 100, "0+2 5+2"},
    {"bytes=0-5,3-9", 100, "0+10"},
    {"bytes=0-4,5-9", 100, "0+10"},
    {"bytes=0-4,20-30,4-21", 100, "0+31"},
    {"bytes=0-4,20-30,40-50,3-25", 100, "0+31 40+11"},
    {"bytes=0-1,500-", 100, "0+2"},
    {"bytes=500-,600-", 100, "416"},
    {"bytes=0-49,50-", 100, ""},
    {"bytes=0-,0-", 100, ""},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14", 100, "0+1 2+1 4+1 6+1 8+1 10+1 12+1 14+1"},
    {"bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 100, ""},
    {"bytes=0-18446744073709551615", 100, "0+100"},
    {"bytes=0-18446744073709551616", 100, ""},
    {"bytes=-18446744073709551615", 100, "0+100"},
    {"bytes=18446744073709551614-18446744073709551615", UINT64_MAX, "18446744073709551614+1"},
    {"bytes=5-4", 100, ""},
    {"bytes=", 100, ""},
    {"bytes=,", 100, ""},
    {"bytes=-", 100, ""},
    {"bytes=a-b", 100, ""},
    {"bytes=0-1x", 100, ""},
    {"bytes=0 - 1", 100, ""},
    {"bytes=+0-1", 100, ""},
    {"bytes=0--1", 100, ""},
    {"bytes=--1", 100, ""},
    {"bytes=0-1,x", 100, ""},
    {"bytes 0-1", 100, ""},
    {"bytes =0-1", 100, ""},
    {"lines=0-1", 100, ""},
    {"0-1", 100, ""},
    {"", 100, ""},
};

static void table(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct range out[RANGE_MAX];
        char text[512] = "";
        size_t n = 7, len = 0;
        int err = range_parse(str_c(rows[i].value), rows[i].size, out, RANGE_MAX, &n);
        for (size_t k = 0; !err && k < n; k++)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%llu+%llu", k ? " " : "",
                                    (unsigned long long)out[k].from,
                                    (unsigned long long)out[k].length);
        if (err == -ERR_RANGE)
            snprintf(text, sizeof text, "416");
        if (strcmp(text, rows[i].want) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].value, text, rows[i].want);
    }
}

static void no_room(void **state)
{
    struct range out[1];
    size_t n = 7;
    assert_int_equal(range_parse(STR("bytes=0-0,2-2"), 9, out, 1, &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(range_parse(STR("bytes=0-0"), 9, out, 1, &n), 0);
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(no_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
