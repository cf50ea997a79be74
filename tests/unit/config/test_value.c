/* Numbers with units, dates, words and the distance of names. */
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_size(void **state)
{
    (void)state;
    uint64_t v = 7;
    assert_true(value_size(STR("10"), &v) && v == 10);
    assert_true(value_size(STR("64K"), &v) && v == 65536);
    assert_true(value_size(STR("2g"), &v) && v == UINT64_C(2) << 30);
    v = 7;
    assert_false(value_size(STR(""), &v) || value_size(STR("k"), &v) || value_size(STR("-1"), &v) ||
                 value_size(STR("1kb"), &v) || value_size(STR("99999999999t"), &v));
    assert_int_equal(v, 7);
}

static void test_duration(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(value_duration(STR("500ms"), &v) && v == UINT64_C(500000000));
    assert_true(value_duration(STR("5m"), &v) && v == 300 * VALUE_SECOND);
    assert_true(value_duration(STR("30d"), &v) && v == 30 * 86400 * VALUE_SECOND);
    assert_true(value_duration(STR("0"), &v) && v == 0);
    assert_false(value_duration(STR("60"), &v) || value_duration(STR("s"), &v) ||
                 value_duration(STR("99999999999999d"), &v));
}

static void test_dates(void **state)
{
    (void)state;
    int64_t v;
    assert_true(value_date_end(STR("1970-01-01"), &v) && v == 86399);
    assert_true(value_date_end(STR("2000-02-29"), &v) && v == INT64_C(951868799));
    assert_true(value_date_end(STR("2027-01-01"), &v) && v == INT64_C(1798847999));
    assert_false(value_date_end(STR("1900-01-01"), &v) || value_date_end(STR("2027-13-01"), &v) ||
                 value_date_end(STR("2027-00-01"), &v) || value_date_end(STR("2027-02-29"), &v) ||
                 value_date_end(STR("2027-1-1"), &v) || value_date_end(STR("2027/01/01"), &v));
    for (int64_t day = 0; day < 100000; day += 13) {
        struct buf text;
        buf_init(&text, 64);
        value_add_date(&text, day * 86400 + 5);
        assert_true(value_date_end(buf_str(&text), &v) && v == day * 86400 + 86399);
        buf_done(&text);
    }
}

static void added(struct buf *b, const char *expected)
{
    assert_string_equal(buf_cstr(b), expected);
    buf_done(b);
}

static void test_written(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1024);
    value_add_size(&b, 65536);
    added(&b, "64k");
    value_add_size(&b, 65537);
    added(&b, "65537");
    value_add_size(&b, 0);
    added(&b, "0");
    value_add_duration(&b, 90 * VALUE_SECOND);
    added(&b, "90s");
    value_add_duration(&b, 86400 * VALUE_SECOND);
    added(&b, "1d");
    value_add_duration(&b, 0);
    added(&b, "0s");
    value_add_word(&b, STR("plain#x"));
    added(&b, "plain#x");
    value_add_word(&b, STR("a b\"\\\n"));
    added(&b, "\"a b\\\"\\\\\\n\"");
    value_add_word(&b, STR(""));
    added(&b, "\"\"");
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(value_distance(STR("root"), STR("root"), 2), 0);
    assert_int_equal(value_distance(STR("rot"), STR("root"), 2), 1);
    assert_int_equal(value_distance(STR("raot"), STR("root"), 2), 1);
    assert_int_equal(value_distance(STR("orot"), STR("root"), 2), 1); /* swapped */
    assert_int_equal(value_distance(STR("rxxt"), STR("root"), 2), 2);
    assert_int_equal(value_distance(STR("site"), STR("root"), 2), 3);
    assert_int_equal(value_distance(STR(""), STR("ab"), 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size),    cmocka_unit_test(test_duration), cmocka_unit_test(test_dates),
        cmocka_unit_test(test_written), cmocka_unit_test(test_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
