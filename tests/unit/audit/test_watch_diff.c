/* What is new since the last audit. */
#include "audit/watch_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { DAY = 86400 };

static struct arena arena;
static struct buf changes;

static void on_change(void *user, const struct watch_change *c)
{
    buf_addf(&changes, "%s%s:%.*s|", watch_kind_name(c->kind), c->worse ? "!" : "", STR_ARG(c->text));
}

static const char *diff(const struct watch_essence *old, struct watch_essence *now)
{
    buf_clear(&changes);
    watch_diff(&arena, old, now, on_change, NULL);
    return buf_cstr(&changes);
}

static struct watch_finding bad[] = {{STR("beast"), STR("BEAST"), STR(""), SEVERITY_LOW},
                                     {STR("robot"), STR("ROBOT"), STR("[::1]:443"), SEVERITY_HIGH},
                                     {STR("note"), STR("Note"), STR(""), SEVERITY_INFO}};
static struct watch_certificate certs[] = {{STR("CN=a"), STR("aaaa"), 100 * DAY}, {STR("CN=b"), STR("bbbb"), 90 * DAY}};

static struct watch_essence essence(const char *grade, size_t first, size_t n, int64_t time)
{
    return (struct watch_essence){.target = STR("a:443"), .grade = str_c(grade), .time = time, .findings = bad + first,
                                  .nfindings = n, .certificates = certs, .ncertificates = 2, .told = -1};
}

static void test_differences(void **state)
{
    struct watch_essence a = essence("A", 0, 1, 0), b = essence("B", 1, 2, 0), c = essence("A", 0, 1, 0);
    assert_string_equal(diff(NULL, &a), "first:watched from now on: grade A, 1 findings|");
    assert_string_equal(diff(&a, &c), "");
    assert_string_equal(diff(&a, &b), "grade!:grade B, was A|found!:found (high) at [::1]:443: ROBOT|"
                                      "found:found (info): Note|solved:solved (low): BEAST|");
    b = essence("A+", 0, 1, 0);
    assert_string_equal(diff(&a, &b), "grade:grade A+, was A|");
}

static void test_failures_solve_nothing(void **state)
{
    struct watch_essence a = essence("A", 0, 2, 0), gone = {.failure = STR("connection refused"), .told = -1};
    struct watch_essence still = {.failure = STR("connection refused"), .told = -1}, back = essence("A", 0, 2, 0);
    assert_string_equal(diff(&a, &gone), "unreachable!:connection refused|");
    assert_string_equal(diff(&gone, &still), "");
    assert_string_equal(diff(&still, &back), "reachable:can be audited again|");
}

static void test_certificates(void **state)
{
    struct watch_certificate other[] = {{STR("CN=b"), STR("bbbb"), 90 * DAY}, {STR("CN=c"), STR("cccc"), 400 * DAY}};
    struct watch_essence a = essence("A", 0, 0, 0), b = essence("A", 0, 0, 0);
    b.certificates = other;
    assert_string_equal(diff(&a, &b), "certificate:new certificate cccc: CN=c|");
}

static void test_expiry_is_told_once_a_threshold(void **state)
{
    static const struct {
        int64_t day;
        const char *text;
    } days[] = {{50, ""}, {60, "expiry!:a certificate ends in 720 hours, within 30 days|"}, {61, ""},
                {77, "expiry!:a certificate ends in 312 hours, within 14 days|"}, {78, ""},
                {89, "expiry!:a certificate ends in 24 hours, within 1 days|"},
                {91, "expiry!:a certificate is over|"}, {92, ""}};
    struct watch_essence last = essence("A", 0, 0, 0);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct watch_essence now = essence("A", 0, 0, days[i].day * DAY);
        assert_string_equal(diff(&last, &now), days[i].text);
        last = now;
    }
    struct watch_certificate renewed = {STR("CN=a"), STR("dddd"), 200 * DAY};
    struct watch_essence now = essence("A", 0, 0, 93 * DAY);
    now.certificates = &renewed;
    now.ncertificates = 1;
    assert_string_equal(diff(&last, &now), "certificate:new certificate dddd: CN=a|");
    last = now;
    now.time = 180 * DAY;
    assert_string_equal(diff(&last, &now), "expiry!:a certificate ends in 480 hours, within 30 days|");
}

static void test_text_and_back(void **state)
{
    struct watch_essence a = essence("A", 0, 3, 12345), b;
    struct buf text;
    a.told = 14;
    a.failure = STR("\"quoted\"\n");
    buf_init(&text, WATCH_ESSENCE_MAX);
    watch_essence_write(&a, &text);
    assert_true(buf_ok(&text));
    assert_int_equal(watch_essence_read(&arena, buf_str(&text), &b), 0);
    assert_true(str_eq(a.failure, b.failure) && b.told == 14 && b.time == 12345);
    b.failure = STR_NONE;
    a.failure = STR_NONE;
    assert_string_equal(diff(&a, &b), "");
    for (size_t n = 0; n + 1 < buf_str(&text).n; n++)
        assert_int_equal(watch_essence_read(&arena, str_sub(buf_str(&text), 0, n), &b), -ERR_SYNTAX);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_differences), cmocka_unit_test(test_failures_solve_nothing),
        cmocka_unit_test(test_certificates), cmocka_unit_test(test_expiry_is_told_once_a_threshold),
        cmocka_unit_test(test_text_and_back),
    };
    arena_init(&arena, 65536, 64 << 20);
    buf_init(&changes, 65536);
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    buf_done(&changes);
    return failures;
}
