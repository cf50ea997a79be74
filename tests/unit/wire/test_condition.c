/* Conditional requests: the table of RFC 9110 13.2.2 and what malformed conditions do. */
#include "wire/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOV6      784111777
#define NOV6_TEXT "Sun, 06 Nov 1994 08:49:37 GMT"
#define NOV5_TEXT "Sat, 05 Nov 1994 08:49:37 GMT"
#define NOV7_TEXT "Mon, 07 Nov 1994 08:49:37 GMT"

struct row {
    enum method method;
    struct {
        enum field_id id;
        const char *value;
    } fields[3];
    const char *etag;
    int64_t mtime;
    enum condition want;
};

static const struct row rows[] = {
    {METHOD_GET, {{0}}, "\"a\"", NOV6, COND_PASS},
    /* If-None-Match */
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"a\""}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_HEAD, {{FIELD_IF_NONE_MATCH, "\"a\""}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_PUT, {{FIELD_IF_NONE_MATCH, "\"a\""}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"b\""}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "W/\"a\""}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"a\""}}, "W/\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET,
     {{FIELD_IF_NONE_MATCH, "\"b\", \"a,\" , \"a\""}},
     "\"a\"",
     NOV6,
     COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"b\",,\"a\""}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "*"}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "*"}}, "", NOV6, COND_NOT_MODIFIED},
    {METHOD_PUT, {{FIELD_IF_NONE_MATCH, "*"}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_GET,
     {{FIELD_IF_NONE_MATCH, "\"b\""}, {FIELD_IF_NONE_MATCH, "\"a\""}},
     "\"a\"",
     NOV6,
     COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "a"}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"a"}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, "\"b\" \"a\""}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_NONE_MATCH, ""}}, "\"a\"", NOV6, COND_PASS},
    /* it wins over If-Modified-Since */
    {METHOD_GET,
     {{FIELD_IF_NONE_MATCH, "\"b\""}, {FIELD_IF_MODIFIED_SINCE, NOV7_TEXT}},
     "\"a\"",
     NOV6,
     COND_PASS},
    /* If-Modified-Since */
    {METHOD_GET, {{FIELD_IF_MODIFIED_SINCE, NOV6_TEXT}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_MODIFIED_SINCE, NOV7_TEXT}}, "\"a\"", NOV6, COND_NOT_MODIFIED},
    {METHOD_GET, {{FIELD_IF_MODIFIED_SINCE, NOV5_TEXT}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_POST, {{FIELD_IF_MODIFIED_SINCE, NOV6_TEXT}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_MODIFIED_SINCE, "yesterday"}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_GET, {{FIELD_IF_MODIFIED_SINCE, NOV6_TEXT}}, "\"a\"", MTIME_NONE, COND_PASS},
    {METHOD_GET,
     {{FIELD_IF_MODIFIED_SINCE, NOV6_TEXT}, {FIELD_IF_MODIFIED_SINCE, NOV6_TEXT}},
     "\"a\"",
     NOV6,
     COND_PASS},
    /* If-Match */
    {METHOD_PUT, {{FIELD_IF_MATCH, "\"a\""}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_PUT, {{FIELD_IF_MATCH, "\"b\", \"a\""}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_PUT, {{FIELD_IF_MATCH, "*"}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_PUT, {{FIELD_IF_MATCH, "\"b\""}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_PUT, {{FIELD_IF_MATCH, "W/\"a\""}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_PUT, {{FIELD_IF_MATCH, "\"a\""}}, "W/\"a\"", NOV6, COND_FAILED},
    {METHOD_PUT, {{FIELD_IF_MATCH, "\"a\""}}, "", NOV6, COND_FAILED},
    {METHOD_GET,
     {{FIELD_IF_MATCH, "\"b\""}, {FIELD_IF_NONE_MATCH, "\"a\""}},
     "\"a\"",
     NOV6,
     COND_FAILED},
    {METHOD_GET,
     {{FIELD_IF_MATCH, "\"a\""}, {FIELD_IF_NONE_MATCH, "\"a\""}},
     "\"a\"",
     NOV6,
     COND_NOT_MODIFIED},
    /* If-Unmodified-Since, ignored beside If-Match */
    {METHOD_PUT, {{FIELD_IF_UNMODIFIED_SINCE, NOV6_TEXT}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_PUT, {{FIELD_IF_UNMODIFIED_SINCE, NOV5_TEXT}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_GET, {{FIELD_IF_UNMODIFIED_SINCE, NOV5_TEXT}}, "\"a\"", NOV6, COND_FAILED},
    {METHOD_PUT, {{FIELD_IF_UNMODIFIED_SINCE, "x"}}, "\"a\"", NOV6, COND_PASS},
    {METHOD_PUT,
     {{FIELD_IF_MATCH, "\"a\""}, {FIELD_IF_UNMODIFIED_SINCE, NOV5_TEXT}},
     "\"a\"",
     NOV6,
     COND_PASS},
};

static void fill(struct head *h, const struct row *r)
{
    h->method = r->method;
    for (size_t i = 0; i < 3 && r->fields[i].value; i++)
        assert_int_equal(head_add(h, r->fields[i].id, str_c(r->fields[i].value)), 0);
}

static void evaluates(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field fields[3];
        struct head h = {.fields = fields, .cap = 3};
        fill(&h, &rows[i]);
        enum condition got = condition_evaluate(&h, str_c(rows[i].etag), rows[i].mtime);
        if (got != rows[i].want)
            fail_msg("row %zu (%s): %d", i, rows[i].fields[0].value, got);
    }
}

static void absent(void **state)
{
    struct field fields[3];
    struct head h = {.fields = fields, .cap = 3};
    assert_int_equal(condition_evaluate_absent(&h), COND_PASS);
    assert_int_equal(head_add(&h, FIELD_IF_NONE_MATCH, STR("*")), 0);
    assert_int_equal(condition_evaluate_absent(&h), COND_PASS);
    assert_int_equal(head_add(&h, FIELD_IF_MATCH, STR("*")), 0);
    assert_int_equal(condition_evaluate_absent(&h), COND_FAILED);
}

static void if_range(void **state)
{
    static const struct {
        const char *value, *etag;
        int64_t mtime;
        bool applies;
    } cases[] = {
        {NULL, "\"a\"", NOV6, true},
        {"\"a\"", "\"a\"", NOV6, true},
        {"\"b\"", "\"a\"", NOV6, false},
        {"W/\"a\"", "\"a\"", NOV6, false},
        {"\"a\"", "W/\"a\"", NOV6, false},
        {"\"a\"", "", NOV6, false},
        {"\"b\", \"a\"", "\"a\"", NOV6, false},
        {NOV6_TEXT, "\"a\"", NOV6, true},
        {NOV7_TEXT, "\"a\"", NOV6, false},
        {NOV5_TEXT, "\"a\"", NOV6, false},
        {NOV6_TEXT, "\"a\"", MTIME_NONE, false},
        {"*", "\"a\"", NOV6, false},
        {"", "\"a\"", NOV6, false},
        {"a", "\"a\"", NOV6, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct field fields[1];
        struct head h = {.fields = fields, .cap = 1, .method = METHOD_GET};
        if (cases[i].value)
            assert_int_equal(head_add(&h, FIELD_IF_RANGE, str_c(cases[i].value)), 0);
        if (condition_range_applies(&h, str_c(cases[i].etag), cases[i].mtime) != cases[i].applies)
            fail_msg("%s", cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evaluates),
        cmocka_unit_test(absent),
        cmocka_unit_test(if_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
