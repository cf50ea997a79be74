/* Scans: every byte at every place of a run, so that vector and scalar parts agree. */
#include "wire/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool is_value(unsigned c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

static bool is_target(unsigned c)
{
    return c > 0x20 && c < 0x7f;
}

static bool is_tchar(unsigned c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c && strchr("!#$%&'*+-.^_`|~", (int)c));
}

static void sweep(size_t (*scan)(struct str), bool (*belongs)(unsigned))
{
    for (size_t n = 0; n <= 40; n++) {
        char *run = malloc(n + 1); /* one byte more, which must not count */
        assert_non_null(run);
        memset(run, 'a', n);
        run[n] = '\n';
        assert_int_equal(scan(str_of(run, n)), n);
        for (size_t at = 0; at < n; at++) {
            for (unsigned c = 0; c < 256; c++) {
                run[at] = (char)c;
                assert_int_equal(scan(str_of(run, n)), belongs(c) ? n : at);
            }
            run[at] = 'a';
        }
        free(run);
    }
}

static void values(void **state)
{
    sweep(scan_value, is_value);
    assert_true(scan_is_value(STR("a b")));
    assert_true(scan_is_value(STR("")));
    assert_false(scan_is_value(STR(" a")));
    assert_false(scan_is_value(STR("a\t")));
    assert_false(scan_is_value(STR("a\nb")));
}

static void targets(void **state)
{
    sweep(scan_target, is_target);
}

static void tokens(void **state)
{
    sweep(scan_token, is_tchar);
    assert_false(scan_is_token(STR("")));
    assert_true(scan_is_token(STR("x-y")));
}

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        {"a", 1},
        {"\xc3\xa4", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"\x80", 0},
        {"\xc0\xaf", 0},
        {"\xc1\xbf", 0},
        {"\xe0\x80\xaf", 0},
        {"\xed\xa0\x80", 0},
        {"\xf0\x80\x80\xaf", 0},
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0},
        {"\xc3", 0},
        {"\xe2\x82", 0},
        {"\xc3\x28", 0},
        {"\xff", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(str_utf8(str_c(rows[i].text)), rows[i].n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(targets),
        cmocka_unit_test(tokens),
        cmocka_unit_test(utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
