/* Heads written: exact bytes, nothing smuggled, nothing in part. */
#include "wire/h1_emit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void response(void **state)
{
    struct field fields[4];
    struct head h = {.status = 404, .fields = fields, .cap = 4};
    struct buf b;
    buf_init(&b, 1024);
    assert_int_equal(head_add(&h, FIELD_CONTENT_LENGTH, STR("0")), 0);
    assert_int_equal(head_add_named(&h, STR("X-Empty"), STR("")), 0);
    assert_int_equal(h1_emit_response(&b, &h), 0);
    assert_true(str_eq(buf_str(&b), STR("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n"
                                        "X-Empty: \r\n\r\n")));
    buf_clear(&b);
    h.status = 299;
    h.nfields = 0;
    assert_int_equal(h1_emit_response(&b, &h), 0);
    assert_true(str_eq(buf_str(&b), STR("HTTP/1.1 299 \r\n\r\n")));
    h.status = 1000;
    assert_int_equal(h1_emit_response(&b, &h), -ERR_INVAL);
    buf_done(&b);
}

static void request(void **state)
{
    struct field fields[4];
    struct head h = {.method = METHOD_GET, .target = STR("/a"), .fields = fields, .cap = 4};
    struct buf b;
    buf_init(&b, 1024);
    assert_int_equal(head_add(&h, FIELD_HOST, STR("a.b")), 0);
    assert_int_equal(h1_emit_request(&b, &h), 0);
    assert_true(str_eq(buf_str(&b), STR("GET /a HTTP/1.1\r\nhost: a.b\r\n\r\n")));
    h.target = STR("/a b");
    assert_int_equal(h1_emit_request(&b, &h), -ERR_HTTP_URI);
    h.target = STR("");
    assert_int_equal(h1_emit_request(&b, &h), -ERR_HTTP_URI);
    h.target = STR("/");
    h.method_text = STR("A B");
    assert_int_equal(h1_emit_request(&b, &h), -ERR_HTTP_METHOD);
    buf_done(&b);
}

static void refuses_injection(void **state)
{
    static const struct {
        struct str name, value;
    } rows[] = {
        {{"x", 1}, {"a\r\nb", 4}}, {{"x", 1}, {"a\nb", 3}}, {{"x", 1}, {"a\0b", 3}},
        {{"x", 1}, {"a\rb", 3}},   {{"x y", 3}, {"a", 1}},  {{"", 0}, {"a", 1}},
        {{"x\n", 2}, {"a", 1}},    {{"x:", 2}, {"a", 1}},   {{"x", 1}, {"\x1b", 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field fields[2];
        struct head h = {.status = 200, .fields = fields, .cap = 2};
        struct buf b;
        buf_init(&b, 1024);
        assert_int_equal(head_add_named(&h, rows[i].name, rows[i].value), 0);
        assert_int_equal(h1_emit_response(&b, &h), -ERR_HTTP_FIELD);
        assert_int_equal(h1_emit_fields(&b, &h), -ERR_HTTP_FIELD);
        assert_int_equal(b.n, 0);
        buf_done(&b);
    }
}

static void all_or_nothing(void **state)
{
    struct field fields[1];
    struct head h = {.status = 200, .fields = fields, .cap = 1};
    struct buf b;
    assert_int_equal(head_add(&h, FIELD_DATE, STR("x")), 0);
    buf_init(&b, 20);
    assert_int_equal(h1_emit_response(&b, &h), -ERR_LIMIT);
    assert_int_equal(b.n, 0);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(response),
        cmocka_unit_test(request),
        cmocka_unit_test(refuses_injection),
        cmocka_unit_test(all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
