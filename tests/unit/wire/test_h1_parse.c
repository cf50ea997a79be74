/* Well-formed heads: what they mean, in one piece, cut at every byte, and at the limits. */
#include "wire/h1_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct h1_limits limits = {.line = 4096, .head = 8192, .fields = 20};

struct parsed {
    struct field fields[20];
    struct head h;
    size_t used;
};

static int request(struct parsed *p, struct str in)
{
    p->h = (struct head){.fields = p->fields, .cap = 20};
    return h1_parse_request(&p->h, in, 0, &limits, &p->used);
}

static int response(struct parsed *p, struct str in, enum method to)
{
    p->h = (struct head){.fields = p->fields, .cap = 20};
    return h1_parse_response(&p->h, in, 0, to, &limits, &p->used);
}

/* Parses every prefix (each in a heap block of its own size) and then the whole. */
static void request_in_pieces(struct parsed *p, struct str in)
{
    for (size_t n = 0; n < in.n; n++) {
        char *exact = malloc(n + !n);
        assert_non_null(exact);
        memcpy(exact, in.p, n);
        p->h = (struct head){.fields = p->fields, .cap = 20};
        int whole = h1_parse_request(&p->h, str_of(exact, n), 0, &limits, &p->used);
        int again = h1_parse_request(&p->h, str_of(exact, n), n ? n - 1 : 0, &limits, &p->used);
        assert_int_equal(whole, -ERR_NEED_MORE);
        assert_int_equal(again, -ERR_NEED_MORE);
        free(exact);
    }
    assert_int_equal(request(p, in), 0);
    assert_int_equal(p->used, in.n);
}

static void simple(void **state)
{
    struct parsed p;
    request_in_pieces(&p, STR("GET /a?b HTTP/1.1\r\nHost: Example.com:8443\r\n"
                              "X-Empty:\r\nX-Space: \t a b\t \r\nx_y: \xc3\xa4\r\n\r\n"));
    assert_int_equal(p.h.method, METHOD_GET);
    assert_true(str_eq(p.h.target, STR("/a?b")));
    assert_true(str_eq(p.h.authority, STR("Example.com:8443")));
    assert_int_equal(p.h.scheme.n, 0);
    assert_int_equal(p.h.version, HTTP_11);
    assert_true(p.h.keep_alive);
    assert_false(p.h.expect_continue);
    assert_true(p.h.length == LENGTH_NONE);
    assert_int_equal(p.h.nfields, 4);
    assert_true(p.h.present == (UINT64_C(1) << FIELD_HOST | UINT64_C(1) << FIELD_OTHER));
    assert_int_equal(p.h.fields[1].value.n, 0);
    assert_true(str_eq(p.h.fields[2].value, STR("a b")));
    assert_true(str_eq(p.h.fields[3].name, STR("x_y")));
}

static void pipelined(void **state)
{
    struct parsed p;
    struct str one = STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    request_in_pieces(&p, one);
    assert_int_equal(request(&p, STR("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second")), 0);
    assert_int_equal(p.used, one.n);
}

static void targets(void **state)
{
    static const struct {
        const char *line;
        const char *target, *authority, *scheme;
    } rows[] = {
        {"GET http://a.b/c?d HTTP/1.1\r\nHost: x\r\n\r\n", "/c?d", "a.b", "http"},
        {"GET HTTPS://a.b HTTP/1.1\r\nHost: x\r\n\r\n", "/", "a.b", "https"},
        {"GET http://a.b?q HTTP/1.1\r\nHost: x\r\n\r\n", "?q", "a.b", "http"},
        {"OPTIONS http://a.b:1 HTTP/1.1\r\nHost: x\r\n\r\n", "*", "a.b:1", "http"},
        {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "*", "x", ""},
        {"OPTIONS /a HTTP/1.1\r\nHost: x\r\n\r\n", "/a", "x", ""},
        {"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b:443\r\n\r\n", "a.b:443", "a.b:443", ""},
        {"CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n", "[::1]:443", "[::1]:443", ""},
        {"GET //a//../b HTTP/1.1\r\nHost: x\r\n\r\n", "//a//../b", "x", ""},
        {"GET / HTTP/1.0\r\n\r\n", "/", "", ""},
        {"GET / HTTP/1.0\r\nHost: x.\r\n\r\n", "/", "x.", ""},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1:\r\n\r\n", "/", "127.0.0.1:", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        if (request(&p, str_c(rows[i].line)) != 0)
            fail_msg("%s", rows[i].line);
        assert_true(str_eq(p.h.target, str_c(rows[i].target)));
        assert_true(str_eq(p.h.authority, str_c(rows[i].authority)));
        assert_true(str_eq(p.h.scheme, str_c(rows[i].scheme)));
    }
}

static void unknown_method(void **state)
{
    struct parsed p;
    assert_int_equal(request(&p, STR("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n")), 0);
    assert_int_equal(p.h.method, METHOD_OTHER);
    assert_true(str_eq(p.h.method_text, STR("M-SEARCH")));
    assert_int_equal(request(&p, STR("get / HTTP/1.1\r\nHost: a\r\n\r\n")), 0);
    assert_int_equal(p.h.method, METHOD_OTHER);
}

#define H11 "POST / HTTP/1.1\r\nHost: a\r\n"
#define H10 "POST / HTTP/1.0\r\n"

static void framing(void **state)
{
    static const struct {
        const char *text;
        uint64_t length;
        bool keep_alive, expect_continue;
    } rows[] = {
        {H11 "\r\n", LENGTH_NONE, true, false},
        {H11 "Content-Length: 0\r\n\r\n", 0, true, false},
        {H11 "content-length:007\r\n\r\n", 7, true, false},
        {H11 "Content-Length: 9223372036854775807\r\n\r\n", INT64_MAX, true, false},
        {H11 "Transfer-Encoding: chunked\r\n\r\n", LENGTH_UNKNOWN, true, false},
        {H11 "Transfer-Encoding: \t CHUNKED \r\n\r\n", LENGTH_UNKNOWN, true, false},
        {H11 "Connection: close\r\n\r\n", LENGTH_NONE, false, false},
        {H11 "Connection: a, CLOSE ,b\r\n\r\n", LENGTH_NONE, false, false},
        {H11 "Connection: a\r\nConnection: close\r\n\r\n", LENGTH_NONE, false, false},
        {H11 "Connection: closed\r\n\r\n", LENGTH_NONE, true, false},
        {H11 "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n", 5, true, true},
        {H11 "Expect: 100-continue\r\n\r\n", LENGTH_NONE, true, false},
        {H11 "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", 0, true, false},
        {H10 "\r\n", LENGTH_NONE, false, false},
        {H10 "Connection: Keep-Alive\r\n\r\n", LENGTH_NONE, true, false},
        {H10 "Connection: keep-alive, close\r\n\r\n", LENGTH_NONE, false, false},
        {H10 "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", 3, false, false},
        {H10 "Expect: something\r\n\r\n", LENGTH_NONE, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        if (request(&p, str_c(rows[i].text)) != 0)
            fail_msg("%s", rows[i].text);
        if (p.h.length != rows[i].length || p.h.keep_alive != rows[i].keep_alive ||
            p.h.expect_continue != rows[i].expect_continue)
            fail_msg("%s: length %llu", rows[i].text, (unsigned long long)p.h.length);
    }
}

/* A limit is an error at once, not only when the head is complete. */
static void limits_hold(void **state)
{
    static const struct h1_limits small = {.line = 20, .head = 60, .fields = 2};
    struct field fields[2];
    struct head h = {.fields = fields, .cap = 2};
    size_t used;
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"GET /9012345678901234567 HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        {"GET /901234567890123456789 HTTP/1.1\r\nHost: a\r\n\r\n", -ERR_HTTP_URI_TOO_LONG},
        {"GET /901234567890123456789", -ERR_HTTP_URI_TOO_LONG},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
         -ERR_HTTP_FIELDS_TOO_LARGE},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 8901234567890123456789012345678901234567890",
         -ERR_HTTP_FIELDS_TOO_LARGE},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\nY: 1\r\n\r\n", -ERR_HTTP_FIELDS_TOO_LARGE},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n", -ERR_NEED_MORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int err = h1_parse_request(&h, str_c(rows[i].text), 0, &small, &used);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].text, err_row(err)->code);
    }
}

static void responses(void **state)
{
    static const struct {
        const char *text;
        enum method to;
        int err;
        unsigned status;
        uint64_t length;
        bool keep_alive;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", METHOD_GET, 0, 200, 3, true},
        {"HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", METHOD_GET, 0, 200, 3, true},
        {"HTTP/1.1 200 \r\nContent-Length: 3\r\n\r\n", METHOD_GET, 0, 200, 3, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", METHOD_HEAD, 0, 200, LENGTH_NONE, true},
        {"HTTP/1.1 304 x\r\nContent-Length: 3\r\n\r\n", METHOD_GET, 0, 304, LENGTH_NONE, true},
        {"HTTP/1.1 204 x\r\n\r\n", METHOD_GET, 0, 204, LENGTH_NONE, true},
        {"HTTP/1.1 100 x\r\n\r\n", METHOD_GET, 0, 100, LENGTH_NONE, true},
        {"HTTP/1.1 200 OK\r\n\r\n", METHOD_GET, 0, 200, LENGTH_UNKNOWN, false},
        {"HTTP/1.1 200 OK\r\n\r\n", METHOD_CONNECT, 0, 200, LENGTH_NONE, true},
        {"HTTP/1.1 403 no\r\nContent-Length: 1\r\n\r\n", METHOD_CONNECT, 0, 403, 1, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_GET, 0, 200,
         LENGTH_UNKNOWN, true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", METHOD_GET, 0, 200, 3, false},
        {"HTTP/1.1 204 x\r\nContent-Length: 3\r\n\r\n", METHOD_GET, -ERR_HTTP_LENGTH},
        {"HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_GET, -ERR_HTTP_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n", METHOD_GET,
         -ERR_HTTP_LENGTH},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_GET,
         -ERR_HTTP_LENGTH},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", METHOD_GET, -ERR_HTTP_LENGTH},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", METHOD_GET, -ERR_HTTP_CODING},
        {"HTTP/1.1 99 x\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 600 x\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 1000 x\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 +20 x\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1  200 x\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 200 O\1K\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 200 OK\nA: b\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/2.0 200 OK\r\n\r\n", METHOD_GET, -ERR_HTTP_VERSION},
        {"ICY 200 OK\r\n\r\n", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"<html>", METHOD_GET, -ERR_HTTP_MALFORMED},
        {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", METHOD_GET, -ERR_HTTP_FIELD},
        {"HTTP/1.1 200 OK\r\nA: b\r\n", METHOD_GET, -ERR_NEED_MORE},
        {"HTTP/1.1 200", METHOD_GET, -ERR_NEED_MORE},
        {"HTTP/1.", METHOD_GET, -ERR_NEED_MORE},
        {"", METHOD_GET, -ERR_NEED_MORE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct parsed p;
        int err = response(&p, str_c(rows[i].text), rows[i].to);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].text, err_row(err)->code);
        if (!err && (p.h.status != rows[i].status || p.h.length != rows[i].length ||
                     p.h.keep_alive != rows[i].keep_alive))
            fail_msg("%s: %u %llu", rows[i].text, p.h.status, (unsigned long long)p.h.length);
    }
}

static void trailers(void **state)
{
    static const struct {
        const char *text;
        int err;
    } rows[] = {
        {"\r\n", 0},
        {"X-Sum: 1\r\nETag: \"a\"\r\n\r\nGET", 0},
        {"", -ERR_NEED_MORE},
        {"\r", -ERR_NEED_MORE},
        {"X-Sum: 1\r\n", -ERR_NEED_MORE},
        {"\n", -ERR_HTTP_FIELD},
        {"\rx", -ERR_HTTP_FIELD},
        {"X-Sum: 1\n\r\n", -ERR_HTTP_FIELD},
        {"Content-Length: 1\r\n\r\n", -ERR_HTTP_FIELD},
        {"transfer-encoding: chunked\r\n\r\n", -ERR_HTTP_FIELD},
        {"Host: a\r\n\r\n", -ERR_HTTP_FIELD},
        {"Authorization: a\r\n\r\n", -ERR_HTTP_FIELD},
        {"Cookie: a\r\n\r\n", -ERR_HTTP_FIELD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct field fields[20];
        struct head h = {.fields = fields, .cap = 20};
        size_t used;
        int err = h1_parse_trailers(&h, str_c(rows[i].text), &limits, &used);
        if (err != rows[i].err)
            fail_msg("%s: %s", rows[i].text, err_row(err)->code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simple),    cmocka_unit_test(pipelined),
        cmocka_unit_test(targets),   cmocka_unit_test(unknown_method),
        cmocka_unit_test(framing),   cmocka_unit_test(limits_hold),
        cmocka_unit_test(responses), cmocka_unit_test(trailers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
