/* Malformed requests and the status that each is answered with: at once, byte by byte, and cut
 * at the end. The same table stands in tests/lib/h1_cases.py, from where it is sent to the real
 * server. */
#include "wire/h1_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "Host: localhost\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST

#define TEXT(literal)                                                                              \
    {literal, sizeof(literal) - 1}, {NULL, 0}, 0,                                                  \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
#define GENERATED(piece, times, before, after)                                                     \
    {before, sizeof(before) - 1}, {piece, sizeof(piece) - 1}, times,                               \
    {                                                                                              \
        after, sizeof(after) - 1                                                                   \
    }

/* The request is before + times * piece + after. */
static const struct {
    const char *name;
    struct str before, piece;
    size_t times;
    struct str after;
    int status;
} cases[] = {
    {"cl-and-te", TEXT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     400},
    {"te-and-cl", TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
     400},
    {"two-cl-differ", TEXT(POST "Content-Length: 0\r\nContent-Length: 5\r\n\r\n"), 400},
    {"two-cl-same", TEXT(POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"), 400},
    {"cl-list-same", TEXT(POST "Content-Length: 0, 0\r\n\r\n"), 400},
    {"cl-list-differ", TEXT(POST "Content-Length: 0, 5\r\n\r\n"), 400},
    {"cl-plus", TEXT(POST "Content-Length: +0\r\n\r\n"), 400},
    {"cl-minus", TEXT(POST "Content-Length: -1\r\n\r\n"), 400},
    {"cl-inner-space", TEXT(POST "Content-Length: 0 0\r\n\r\n"), 400},
    {"cl-empty", TEXT(POST "Content-Length:\r\n\r\n"), 400},
    {"cl-hex", TEXT(POST "Content-Length: 0x0\r\n\r\n"), 400},
    {"cl-decimal", TEXT(POST "Content-Length: 0.0\r\n\r\n"), 400},
    {"cl-exponent", TEXT(POST "Content-Length: 1e1\r\n\r\n"), 400},
    {"cl-word", TEXT(POST "Content-Length: five\r\n\r\n"), 400},
    {"cl-overflow", TEXT(POST "Content-Length: 18446744073709551616\r\n\r\n"), 400},
    {"cl-above-int64", TEXT(POST "Content-Length: 9223372036854775808\r\n\r\n"), 400},
    {"cl-semicolon", TEXT(POST "Content-Length: 0;\r\n\r\n"), 400},
    {"te-unknown", TEXT(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501},
    {"te-gzip", TEXT(POST "Transfer-Encoding: gzip\r\n\r\n"), 501},
    {"te-identity", TEXT(POST "Transfer-Encoding: identity\r\n\r\n"), 501},
    {"te-gzip-chunked", TEXT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501},
    {"te-two-lines-gzip-chunked",
     TEXT(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 501},
    {"te-chunked-gzip", TEXT(POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"), 400},
    {"te-chunked-twice", TEXT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"), 400},
    {"te-two-lines-chunked",
     TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
               "\r\n"),
     400},
    {"te-chunked-identity", TEXT(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
     400},
    {"te-parameter", TEXT(POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"), 400},
    {"te-quoted", TEXT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"), 400},
    {"te-empty", TEXT(POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"), 400},
    {"te-leading-comma", TEXT(POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"), 400},
    {"te-trailing-comma", TEXT(POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"), 400},
    {"te-vertical-tab", TEXT(POST "Transfer-Encoding: \013chunked\r\n\r\n0\r\n\r\n"), 400},
    {"te-http10",
     TEXT("POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
          "\r\n0\r\n\r\n"),
     400},
    {"obs-fold-space", TEXT(GET "X-A: b\r\n c\r\n\r\n"), 400},
    {"obs-fold-tab", TEXT(GET "X-A: b\r\n\011c\r\n\r\n"), 400},
    {"obs-fold-te", TEXT(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"), 400},
    {"first-line-folded", TEXT("GET / HTTP/1.1\r\n Host: localhost\r\n\r\n"), 400},
    {"space-before-colon", TEXT(GET "X-A : b\r\n\r\n"), 400},
    {"tab-before-colon", TEXT(GET "X-A\011: b\r\n\r\n"), 400},
    {"te-space-before-colon", TEXT(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400},
    {"empty-name", TEXT(GET ": b\r\n\r\n"), 400},
    {"no-colon", TEXT(GET "X-A\r\n\r\n"), 400},
    {"name-with-space", TEXT(GET "X A: b\r\n\r\n"), 400},
    {"name-with-slash", TEXT(GET "X/A: b\r\n\r\n"), 400},
    {"name-with-parenthesis", TEXT(GET "X(A): b\r\n\r\n"), 400},
    {"name-with-nul", TEXT(GET "X\000A: b\r\n\r\n"), 400},
    {"name-non-ascii", TEXT(GET "X\303\244: b\r\n\r\n"), 400},
    {"name-with-cr", TEXT(GET "X\rA: b\r\n\r\n"), 400},
    {"value-nul", TEXT(GET "X-A: b\000c\r\n\r\n"), 400},
    {"value-control", TEXT(GET "X-A: b\001c\r\n\r\n"), 400},
    {"value-escape", TEXT(GET "X-A: b\033[31m\r\n\r\n"), 400},
    {"value-delete", TEXT(GET "X-A: b\177c\r\n\r\n"), 400},
    {"value-bare-cr", TEXT(GET "X-A: b\rc\r\n\r\n"), 400},
    {"value-cr-cr-lf", TEXT(GET "X-A: b\r\r\n\r\n"), 400},
    {"value-bare-lf", TEXT(GET "X-A: b\nX-B: c\r\n\r\n"), 400},
    {"bare-lf-everywhere", TEXT("GET / HTTP/1.1\nHost: localhost\n\n"), 400},
    {"bare-lf-request-line", TEXT("GET / HTTP/1.1\nHost: localhost\r\n\r\n"), 400},
    {"bare-lf-at-end", TEXT(GET "\n"), 400},
    {"cr-without-lf-at-end", TEXT(GET "\rX"), 400},
    {"host-missing", TEXT("GET / HTTP/1.1\r\n\r\n"), 400},
    {"host-twice", TEXT(GET "Host: localhost\r\n\r\n"), 400},
    {"host-twice-differ", TEXT(GET "Host: evil\r\n\r\n"), 400},
    {"host-empty", TEXT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400},
    {"host-userinfo", TEXT("GET / HTTP/1.1\r\nHost: user@localhost\r\n\r\n"), 400},
    {"host-slash", TEXT("GET / HTTP/1.1\r\nHost: localhost/\r\n\r\n"), 400},
    {"host-space", TEXT("GET / HTTP/1.1\r\nHost: local host\r\n\r\n"), 400},
    {"host-comma", TEXT("GET / HTTP/1.1\r\nHost: localhost, evil\r\n\r\n"), 400},
    {"host-port-word", TEXT("GET / HTTP/1.1\r\nHost: localhost:https\r\n\r\n"), 400},
    {"host-port-large", TEXT("GET / HTTP/1.1\r\nHost: localhost:65536\r\n\r\n"), 400},
    {"host-port-negative", TEXT("GET / HTTP/1.1\r\nHost: localhost:-1\r\n\r\n"), 400},
    {"host-two-ports", TEXT("GET / HTTP/1.1\r\nHost: localhost:1:2\r\n\r\n"), 400},
    {"host-bad-ipv6", TEXT("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400},
    {"host-ipv6-zone", TEXT("GET / HTTP/1.1\r\nHost: [fe80::1%25eth0]\r\n\r\n"), 400},
    {"host-empty-label", TEXT("GET / HTTP/1.1\r\nHost: local..host\r\n\r\n"), 400},
    {"host-short-ipv4", TEXT("GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n"), 400},
    {"host-non-ascii", TEXT("GET / HTTP/1.1\r\nHost: l\303\266cal\r\n\r\n"), 400},
    {"host-percent", TEXT("GET / HTTP/1.1\r\nHost: %6cocalhost\r\n\r\n"), 400},
    {"host-twice-http10", TEXT("GET / HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
     400},
    {"host-bad-beside-absolute-form", TEXT("GET http://localhost/ HTTP/1.1\r\nHost: a b\r\n\r\n"),
     400},
    {"absolute-form-without-host", TEXT("GET http://localhost/ HTTP/1.1\r\n\r\n"), 400},
    {"method-empty", TEXT(" / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"method-not-token", TEXT("G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"method-control", TEXT("GE\001T / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"method-tab", TEXT("GET\011/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"method-too-long",
     TEXT("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\n"
          "Host: localhost\r\n\r\n"),
     501},
    {"leading-space", TEXT(" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"two-leading-crlf", TEXT("\r\n\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"leading-lf", TEXT("\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"two-spaces", TEXT("GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"two-spaces-before-version", TEXT("GET /  HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"trailing-space", TEXT("GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n"), 400},
    {"tab-before-version", TEXT("GET /\011HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-missing", TEXT("GET HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-relative", TEXT("GET index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-non-ascii", TEXT("GET /\303\244 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-nul", TEXT("GET /a\000b HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-delete", TEXT("GET /a\177b HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-fragment", TEXT("GET /a#b HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-space", TEXT("GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-asterisk-get", TEXT("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-asterisk-more", TEXT("OPTIONS *x HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-authority-get", TEXT("GET localhost:443 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-connect-path", TEXT("CONNECT / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-connect-no-port", TEXT("CONNECT localhost HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-absolute-userinfo",
     TEXT("GET http://user@localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-absolute-no-host", TEXT("GET http:///a HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"target-absolute-ftp", TEXT("GET ftp://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"http-0.9", TEXT("GET /\r\n"), 400},
    {"http-0.9-version", TEXT("GET / HTTP/0.9\r\nHost: localhost\r\n\r\n"), 400},
    {"http-1.2", TEXT("GET / HTTP/1.2\r\nHost: localhost\r\n\r\n"), 505},
    {"http-2.0", TEXT("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"), 505},
    {"http-2-preface", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"http-3.0", TEXT("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"), 505},
    {"http-lower-case", TEXT("GET / http/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"http-no-minor", TEXT("GET / HTTP/1\r\nHost: localhost\r\n\r\n"), 400},
    {"http-two-digits", TEXT("GET / HTTP/1.10\r\nHost: localhost\r\n\r\n"), 400},
    {"http-leading-zero", TEXT("GET / HTTP/01.1\r\nHost: localhost\r\n\r\n"), 400},
    {"http-space", TEXT("GET / HTTP /1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"icy", TEXT("GET / ICY/1.1\r\nHost: localhost\r\n\r\n"), 400},
    {"expect-unknown", TEXT(POST "Expect: 200-ok\r\nContent-Length: 0\r\n\r\n"), 417},
    {"too-many-fields", GENERATED("X-1: 1\r\n", 300, GET, "\r\n"), 431},
    {"field-too-large", GENERATED("a", 70000, GET "X-A: ", "\r\n\r\n"), 431},
    {"name-too-large", GENERATED("X", 70000, GET, ": a\r\n\r\n"), 431},
    {"target-too-long", GENERATED("a", 70000, "GET /", " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
     414},
};

static const struct h1_limits limits = {.line = 8192, .head = 32768, .fields = 100};

static struct str build(size_t i)
{
    size_t n = cases[i].before.n + cases[i].times * cases[i].piece.n + cases[i].after.n;
    char *mem = malloc(n), *p = mem;
    assert_non_null(mem);
    memcpy(p, cases[i].before.p, cases[i].before.n);
    p += cases[i].before.n;
    for (size_t k = 0; k < cases[i].times; k++, p += cases[i].piece.n)
        memcpy(p, cases[i].piece.p, cases[i].piece.n);
    if (cases[i].after.n)
        memcpy(p, cases[i].after.p, cases[i].after.n);
    return str_of(mem, n);
}

static int parse(struct str in, size_t from)
{
    struct field fields[100];
    struct head h = {.fields = fields, .cap = 100};
    size_t used;
    return h1_parse_request(&h, in, from, &limits, &used);
}

static void expect(size_t i, int err, const char *how)
{
    if (err >= 0 || err == -ERR_NEED_MORE || err_row(err)->http != cases[i].status)
        fail_msg("%s %s: %s instead of %d", cases[i].name, how, err_row(err)->code,
                 cases[i].status);
}

static void refuses_at_once(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str in = build(i);
        expect(i, parse(in, 0), "at once");
        free((char *)in.p);
    }
}

/* However the bytes come, the answer is the same, and none is given for what could still be
 * good. */
static void refuses_byte_by_byte(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str in = build(i);
        int err = -ERR_NEED_MORE;
        size_t step = in.n > 4096 ? 997 : 1;
        for (size_t n = 0, from = 0; n < in.n && err == -ERR_NEED_MORE; from = n) {
            n = n + step < in.n ? n + step : in.n;
            char *exact = malloc(n);
            assert_non_null(exact);
            memcpy(exact, in.p, n);
            err = parse(str_of(exact, n), from);
            free(exact);
        }
        expect(i, err, "byte by byte");
        free((char *)in.p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_at_once),
        cmocka_unit_test(refuses_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
