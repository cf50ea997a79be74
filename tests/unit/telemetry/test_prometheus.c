/* The metrics in both spellings. */
#include "telemetry/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

static const struct build_info info = {{"1.2\"x\\y\nz", 9}, {"OpenSSL 3.5", 11}};
static const struct metrics one = {.conns_accepted = 5, .conns_open = 1},
                            two = {.conns_accepted = UINT64_C(1) << 40, .conns_open = 2};
static const struct metrics *const pages[] = {&one, &two};

static void text_format(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    prometheus_write(&b, pages, 2, &info);
    assert_true(buf_ok(&b));
    char *text = buf_cstr(&b);
    assert_non_null(strstr(text, "# HELP gate443_connections_accepted_total TCP connections accepted\n"
                                 "# TYPE gate443_connections_accepted_total counter\n"
                                 "gate443_connections_accepted_total 1099511627781\n"));
    assert_non_null(strstr(text, "\ngate443_connections_open 3\n"));
    assert_non_null(strstr(text, "\ngate443_workers 2\n"));
    assert_non_null(strstr(text, "\ngate443_build_info{version=\"1.2\\\"x\\\\y\\nz\","
                                 "tls=\"OpenSSL 3.5\"} 1\n"));
    assert_int_equal(text[b.n - 1], '\n'); /* the format demands it of the last line */
    size_t lines = 0;
    for (size_t i = 0; i < b.n; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 3 * (metric_row_count + 2));
    buf_done(&b);
}

static void json(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    status_json(&b, pages, 2, &info);
    assert_true(buf_ok(&b));
    char *text = buf_cstr(&b);
    assert_int_equal(strncmp(text, "{\"version\":\"1.2\\\"x\\\\y\\u000az\",\"tls\":\"OpenSSL 3.5\","
                                   "\"workers\":2,\"metrics\":{\"conns_accepted\":1099511627781,",
                             100), 0);
    assert_non_null(strstr(text, "\"conns_open\":3"));
    assert_string_equal(text + b.n - 2, "}}");
    buf_done(&b);
}

static void no_worker(void **state)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    prometheus_write(&b, NULL, 0, &info);
    assert_non_null(strstr(buf_cstr(&b), "\ngate443_workers 0\n"));
    buf_done(&b);
    buf_init(&b, 100); /* too small is seen, not fatal */
    status_json(&b, pages, 2, &info);
    assert_false(buf_ok(&b));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_format),
        cmocka_unit_test(json),
        cmocka_unit_test(no_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
