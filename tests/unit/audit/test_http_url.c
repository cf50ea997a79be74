/* Where a Location leads. */
#include "audit/http_url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *location, *text;
} rows[] = {
    {"https://example.com/", "https://example.com/"},
    {"HTTPS://Example.COM", "https://example.com/"},
    {"https://example.com:8443/a?b#c", "https://example.com:8443/a?b"},
    {"https://example.com:443/", "https://example.com/"},
    {"https://user:pw@example.com/", "https://example.com/"},
    {"https://example.com?q", "https://example.com/?q"},
    {"//other.example/x", "http://other.example/x"},
    {"/y", "http://base.example/y"},
    {"y", "http://base.example/dir/y"},
    {"?z", "http://base.example/dir/page?z"},
    {"#f", "http://base.example/dir/page?q"},
    {"", "http://base.example/dir/page?q"},
    {" /space here\xc3\xa4 ", "http://base.example/space%20here%C3%A4"},
    {"https://[2001:db8::1]:99/", "https://[2001:db8::1]:99/"},
};

static void resolves(void **state)
{
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    struct http_url base = {.host = STR("base.example"), .port = 80, .target = STR("/dir/page?q")},
                    u;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(http_url_resolve(&u, &a, &base, str_c(rows[i].location)), 0);
        struct str text = http_url_text(&a, &u);
        if (!str_eq(text, str_c(rows[i].text)))
            fail_msg("%s: %.*s", rows[i].location, STR_ARG(text));
    }
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("https://u@example.com")), 0);
    assert_true(u.userinfo);
    arena_done(&a);
}

static void refused(void **state)
{
    struct arena a;
    arena_init(&a, 4096, 1 << 20);
    struct http_url base = {.host = STR("base.example"), .port = 80, .target = STR("/")}, u;
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("ftp://a/")), -ERR_UNSUPPORTED);
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("javascript:alert(1)")), -ERR_UNSUPPORTED);
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("https:///x")), -ERR_HTTP_URI);
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("https://a b/")), -ERR_HTTP_URI);
    assert_int_equal(http_url_resolve(&u, &a, &base, STR("https://a:99999/")), -ERR_HTTP_URI);
    static char text[9000];
    memset(text, 'x', sizeof text);
    assert_int_equal(http_url_resolve(&u, &a, &base, str_of(text, sizeof text)), -ERR_HTTP_URI);
    arena_done(&a);
}

static void sites(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } pairs[] = {
        {"example.com", "example.com", true},
        {"www.example.com", "cdn.example.com", true},
        {"example.com", "a.b.example.com", true},
        {"example.com", "example.net", false},
        {"a.co.uk", "b.co.uk", false},
        {"x.a.co.uk", "a.co.uk", true},
        {"1.2.3.4", "1.2.3.4", true},
        {"5.6.3.4", "1.2.3.4", false},
        {"localhost", "localhost", true},
        {"localhost", "otherhost", false},
        {"a.example.de", "b.example.de", true},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (http_url_same_site(str_c(pairs[i].a), str_c(pairs[i].b)) != pairs[i].same)
            fail_msg("%s %s", pairs[i].a, pairs[i].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(resolves), cmocka_unit_test(refused),
                                       cmocka_unit_test(sites)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
