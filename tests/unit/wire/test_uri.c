/* Targets and hosts: one reading each, or a refusal. */
#include "wire/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void normalises(void **state)
{
    static const struct {
        const char *target, *decoded; /* NULL: refused */
        const char *query;            /* NULL: none */
        bool slash;                   /* an encoded one: valid, and no decoded path */
    } rows[] = {
        {"/", "/", NULL},
        {"/a", "/a", NULL},
        {"/a/", "/a/", NULL},
        {"/a%20b/../c?x", "/c", "x"},
        {"/a?", "/a", ""},
        {"?q", "/", "q"},
        {"/a?b?c", "/a", "b?c"},
        {"/a?b/../c%2f%zz", "/a", "b/../c%2f%zz"},
        {"//a///b//", "/a/b/", NULL},
        {"/a/./b/.", "/a/b/", NULL},
        {"/a/b/..", "/a/", NULL},
        {"/a/b/../..", "/", NULL},
        {"/a//../b", "/b", NULL},
        {"/%61%2E%2e%2F", NULL, NULL, true},
        {"/a%2fb", NULL, NULL, true},
        {"/%2f", NULL, NULL, true},
        {"/@scope%2Fpkg?a=%2f", NULL, "a=%2f", true},
        {"/a//b%2f..%2fc", NULL, NULL, true},
        {"/a%2f..%2f..%2fb", NULL, NULL},
        {"/..%2fa", NULL, NULL},
        {"/a%2f%00", NULL, NULL},
        {"/a%2f%5c", NULL, NULL},
        {"/a%2f%c0%af", NULL, NULL},
        {"/a%2f%zz", NULL, NULL},
        {"/a/%2e%2e/b", "/b", NULL},
        {"/a/%2E/b", "/a/b", NULL},
        {"/...", "/...", NULL},
        {"/..a", "/..a", NULL},
        {"/a..", "/a..", NULL},
        {"/%c3%a4", "/\xc3\xa4", NULL},
        {"/a;b=c,d", "/a;b=c,d", NULL},
        {"/%25", "/%", NULL},
        {"/%252e%252e/", "/%2e%2e/", NULL},
        {"/%3f", "/?", NULL},
        {"/%23", "/#", NULL},
        {"/..", NULL, NULL},
        {"/../a", NULL, NULL},
        {"/a/../../b", NULL, NULL},
        {"/%2e%2e/a", NULL, NULL},
        {"/.%2e/a", NULL, NULL},
        {"/./../a", NULL, NULL},
        {"/a%5cb", NULL, NULL},
        {"/a\\b", NULL, NULL},
        {"/..%5c..", NULL, NULL},
        {"/%00", NULL, NULL},
        {"/a%0d%0ab", NULL, NULL},
        {"/%7f", NULL, NULL},
        {"/%", NULL, NULL},
        {"/%2", NULL, NULL},
        {"/%zz", NULL, NULL},
        {"/%2%65", NULL, NULL},
        {"/%c0%ae%c0%ae/", NULL, NULL},
        {"/%c0%af", NULL, NULL},
        {"/%e0%80%af", NULL, NULL},
        {"/%ed%a0%80", NULL, NULL},
        {"/%e4", NULL, NULL},
        {"/%u002e", NULL, NULL},
        {"/a#b", NULL, NULL},
        {"/a?b#c", NULL, NULL},
        {"", NULL, NULL},
        {"*", NULL, NULL},
        {"a", NULL, NULL},
        {"http://a/", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena a;
        struct uri_path u = {.raw = STR("untouched")};
        arena_init(&a, 1024, 4096);
        int err = uri_normalise(&a, str_c(rows[i].target), &u);
        if (rows[i].slash) {
            if (err || !u.encoded_slash || u.decoded.p || u.raw.n != strcspn(rows[i].target, "?") ||
                !str_eq(u.query, str_c(rows[i].query)))
                fail_msg("%s: %s \"%.*s\"", rows[i].target, err_row(err)->code, STR_ARG(u.decoded));
        } else if (rows[i].decoded) {
            if (err || u.encoded_slash || !str_eq(u.decoded, str_c(rows[i].decoded)) || u.decoded.p[u.decoded.n] ||
                u.has_query != (rows[i].query != NULL) || !str_eq(u.query, str_c(rows[i].query)))
                fail_msg("%s: %s \"%.*s\"", rows[i].target, err_row(err)->code, STR_ARG(u.decoded));
        } else if (err != -ERR_HTTP_URI || !str_eq(u.raw, STR("untouched"))) {
            fail_msg("%s: %s", rows[i].target, err_row(err)->code);
        }
        arena_done(&a);
    }
}

static void no_memory(void **state)
{
    struct arena a;
    struct uri_path u;
    arena_init(&a, 64, 1);
    assert_int_equal(uri_normalise(&a, STR("/abc"), &u), -ERR_NOMEM);
    arena_done(&a);
}

static void hosts(void **state)
{
    static const char label63[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const struct {
        const char *text, *host; /* NULL: refused */
        unsigned port;
    } rows[] = {
        {"a", "a", 0},
        {"Example.COM:8443", "example.com", 8443},
        {"example.com.", "example.com", 0},
        {"example.com.:1", "example.com", 1},
        {"example.com:", "example.com", 0},
        {"a_b.c", "a_b.c", 0},
        {"xn--bcher-kva.example", "xn--bcher-kva.example", 0},
        {"1.2.3.4", "1.2.3.4", 0},
        {"1.2.3.4:65535", "1.2.3.4", 65535},
        {"1a.2b", "1a.2b", 0},
        {"[::1]", "[::1]", 0},
        {"[2001:DB8:0:0::1]:443", "[2001:db8::1]", 443},
        {"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", 0},
        {label63, label63, 0},
        {"", NULL, 0},
        {":443", NULL, 0},
        {".", NULL, 0},
        {"a..", NULL, 0},
        {".a", NULL, 0},
        {"a..b", NULL, 0},
        {"-a", NULL, 0},
        {"a-.b", NULL, 0},
        {"xn--", NULL, 0},
        {"a b", NULL, 0},
        {"a/b", NULL, 0},
        {"a@b", NULL, 0},
        {"a%41", NULL, 0},
        {"a,b", NULL, 0},
        {"\xc3\xa4", NULL, 0},
        {"a*", NULL, 0},
        {"a:0", NULL, 0},
        {"a:65536", NULL, 0},
        {"a:000443", NULL, 0},
        {"a:x", NULL, 0},
        {"a:+1", NULL, 0},
        {"a:1:2", NULL, 0},
        {"::1", NULL, 0},
        {"[::1", NULL, 0},
        {"[]", NULL, 0},
        {"[::1]x", NULL, 0},
        {"[::1]443", NULL, 0},
        {"[fe80::1%eth0]", NULL, 0},
        {"[1.2.3.4]", NULL, 0},
        {"[v1.x]", NULL, 0},
        {"127.1", NULL, 0},
        {"2130706433", NULL, 0},
        {"0x7f.1", NULL, 0},
        {"0x7f000001", NULL, 0},
        {"1.2.3.256", NULL, 0},
        {"1.2.3.04", NULL, 0},
        {"1.2.3.4.5", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[URI_HOST_MAX];
        struct str host = STR_NONE;
        uint16_t port = 7;
        int err = uri_host(str_c(rows[i].text), text, &host, &port);
        if (err != (rows[i].host ? 0 : -ERR_HTTP_HOST))
            fail_msg("%s: %s", rows[i].text, err_row(err)->code);
        if (!err && (!str_eq(host, str_c(rows[i].host)) || port != rows[i].port))
            fail_msg("%s: %.*s %u", rows[i].text, STR_ARG(host), port);
    }
}

static void long_hosts(void **state)
{
    char text[300], out[URI_HOST_MAX];
    struct str host;
    uint16_t port;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 60 == 59 ? '.' : 'a';
    assert_int_equal(uri_host(str_of(text, 253), out, &host, &port), 0);
    assert_int_equal(uri_host(str_of(text, 254), out, &host, &port), -ERR_HTTP_HOST);
    assert_int_equal(uri_host(str_of(text, 299), out, &host, &port), -ERR_HTTP_HOST);
    memset(text, 'a', 64);
    assert_int_equal(uri_host(str_of(text, 64), out, &host, &port), -ERR_HTTP_HOST);
    assert_int_equal(uri_host(str_of("[::1\0]", 6), out, &host, &port), -ERR_HTTP_HOST);
}

static void encodes(void **state)
{
    struct buf b;
    buf_init(&b, 256);
    uri_encode_path(&b, STR("/a b/\xc3\xa4?#%\"<>'&\r\n[;]=:@~"));
    assert_true(str_eq(buf_str(&b), STR("/a%20b/%C3%A4%3F%23%25%22%3C%3E%27%26%0D%0A%5B;%5D=:@~")));
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normalises), cmocka_unit_test(no_memory), cmocka_unit_test(hosts),
        cmocka_unit_test(long_hosts), cmocka_unit_test(encodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
