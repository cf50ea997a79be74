/* redirect, respond and the plain port's redirect. */
#include "fake_engine.h"
#include "handler/location.h"

static struct fake fake;

static void start(const char *directives)
{
    char text[2048];
    snprintf(text, sizeof text, "site example.com { certificate local; %s }", directives);
    fake_start(&fake, text);
}

struct redirect_case {
    const char *directives, *target, *location;
};

static const struct redirect_case cases[] = {
    {"redirect /old/ /new/;", "/old/a/b?x=1", "/new/a/b?x=1"},
    {"redirect /old/ /new/;", "/old/", "/new/"},
    {"redirect /old/ /;", "/old//evil.example/", "/evil.example/"},
    {"redirect /old/ /;", "/old/%2e%2e/x", NULL},
    {"redirect /a /b;", "/a?q", "/b?q"},
    {"redirect /a /b?z;", "/a?q", "/b?z"},
    {"redirect https://www.example.org/;", "/x%20y?q=%0d%0a", "https://www.example.org/x%20y?q=%0d%0a"},
    {"redirect https://www.example.org;", "/x", "https://www.example.org"},
    {"redirect https://$host$path$query;", "/x?y=\"<", "https://example.com/x?y=%22%3C"},
    {"redirect /moved$path$query;", "/x", "/moved/x"},
    {"redirect /$path;", "/evil.example", "/evil.example"},
    {"redirect $path/;", "/x", "/x/"},
    {"redirect $path/;", "/", "/"},
};

static void test_locations(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct redirect_case *c = &cases[i];
        char text[512];
        snprintf(text, sizeof text, "%s%s", c->directives,
                 strstr(c->directives, " /old/") || strstr(c->directives, " /a ") ? " respond 404;" : "");
        start(text);
        unsigned status = fake_get(&fake, c->target, "");
        if (status != (c->location ? 308 : 404))
            fail_msg("%s for %s: %u", c->directives, c->target, status);
        if (c->location && strcmp(fake_field(&fake, "Location"), c->location) != 0)
            fail_msg("%s for %s: %s", c->directives, c->target, fake_field(&fake, "Location"));
        fake_stop(&fake);
    }
}

/* What is too long is told apart from memory that is out (for which see test_sim_memory). */
static void test_too_long(void **state)
{
    static char path[LOCATION_MAX];
    start("redirect / https://example.org$path$path;");
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[LOCATION_MAX / 2 + 1] = '\0';
    assert_int_equal(fake_get(&fake, path, ""), 414);
    path[LOCATION_MAX / 2 - 100] = '\0';
    assert_int_equal(fake_get(&fake, path, ""), 308);
    fake_stop(&fake);
}

static void test_status(void **state)
{
    start("redirect / /elsewhere 302;");
    assert_int_equal(fake_get(&fake, "/", ""), 302);
    assert_int_equal(fake_run(&fake, "POST", "/", "", NULL, NULL), 302);
    fake_stop(&fake);
}

static void test_refused_targets(void **state)
{
    static const char *const bad[] = {
        "redirect //evil.example;",  "redirect \"/\\\\evil.example\";", "redirect https://;",
        "redirect https://$path;",   "redirect https://a$query;",  "redirect https://a@b/;",
        "redirect ftp://a/;",        "redirect example.org;",      "redirect /x 200;",
        "redirect /x 300;",          "redirect /$paht;",           "redirect \"/a b\";",
        "respond 99;",               "respond 600;",               "respond 100;",
        "respond text;",             "respond 204 text;",          "root /srv { index a/b; }",
        "root /srv { try index.html; }", "root /srv { type .x; }", "root /srv { type .x nothing; }",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512];
        struct snapshot *s;
        struct buf errors;
        buf_init(&errors, 64 * 1024);
        snprintf(text, sizeof text, "site example.com { certificate local; %s }", bad[i]);
        int err = fake_config(text, &s, &errors);
        if (err != -ERR_CONFIG || errors.n == 0)
            fail_msg("accepted: %s", bad[i]);
        buf_done(&errors);
    }
}

static void test_respond_answers(void **state)
{
    start("respond 200 hello; respond /gone 410; respond /none 204; respond /j 201 x { type text/x; }");
    assert_int_equal(fake_get(&fake, "/any", ""), 200);
    assert_body(&fake, "hello");
    assert_field(&fake, "Content-Type", "text/plain; charset=utf-8");
    assert_int_equal(fake_get(&fake, "/gone", ""), 410);
    assert_true(fake.body.n > 0);
    assert_int_equal(fake_get(&fake, "/none", ""), 204);
    assert_int_equal(fake.body.n, 0);
    assert_int_equal(fake_get(&fake, "/j", ""), 201);
    assert_field(&fake, "Content-Type", "text/x");
    assert_int_equal(fake_run(&fake, "HEAD", "/j", "", NULL, NULL), 201);
    assert_int_equal(fake.body.n, 0);
    fake_stop(&fake);
}

/* A text that is the same for all is coded for all, with cookies or without. */
static void test_respond_is_compressed(void **state)
{
    char directives[1500];
    snprintf(directives, sizeof directives, "respond 200 \"%01200d\"; respond /gone 410;"
             "compress { min_size 1; }", 0);
    start(directives);
    static const char *const requests[] = {
        "Accept-Encoding: gzip", "Accept-Encoding: gzip\nCookie: a=b",
        "Accept-Encoding: gzip\nAuthorization: Basic eDp5", "Cookie: a=b"};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        assert_int_equal(fake_get(&fake, "/", requests[i]), 200);
        assert_field(&fake, "Vary", "Accept-Encoding");
        assert_field(&fake, "Content-Encoding", i < 3 ? "gzip" : "");
    }
    assert_int_equal(fake_get(&fake, "/gone", "Accept-Encoding: gzip"), 410);
    assert_field(&fake, "Content-Encoding", ""); /* the built-in page */
    assert_field(&fake, "Vary", "accept");
    fake_stop(&fake);
}

/* RFC 9110 15.4.2: the same resource elsewhere, so the path as it was sent; nothing of it can reach the
 * authority or another field. */
static void test_plain_port_keeps_the_path(void **state)
{
    static const struct {
        const char *target, *path; /* NULL: refused */
    } rows[] = {
        {"/@scope%2fpkg", "/@scope%2fpkg"},
        {"/a//b", "/a//b"},
        {"/a/../b/./c", "/a/../b/./c"},
        {"/%7Euser/%41?q=%2f//x", "/%7Euser/%41?q=%2f//x"},
        {"/a;b=c,d&e'(f)", "/a;b=c,d&e'(f)"},
        {"//evil.example/", "//evil.example/"}, /* behind our own host */
        {"///", "///"},
        {"/@evil.example", "/@evil.example"},
        {"/gr\xc3\xbc\xc3\x9f?\xc3\xbc", "/gr%C3%BC%C3%9F?%C3%BC"},
        {"/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"},
        {"?q", "/?q"},
        {"/\\evil.example", NULL},
        {"/%5cevil.example", NULL},
        {"/a%0d%0aSet-Cookie:b", NULL},
        {"/a\r\nSet-Cookie:b", NULL},
        {"/..%2f", NULL},
        {"/../a", NULL},
        {"/%zz", NULL},
        {"/%ff", NULL},
    };
    struct https_redirect_conf https = {443};
    char want[200];
    start("respond 200 x;");
    fake.conn.facts.secure = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned status = fake_run(&fake, "GET", rows[i].target, "", &https_redirect_handler, &https);
        assert_int_equal(status, rows[i].path ? 301 : 400);
        if (!rows[i].path)
            continue;
        snprintf(want, sizeof want, "https://example.com%s", rows[i].path);
        assert_field(&fake, "Location", want);
    }
    fake_stop(&fake);
}

static void test_plain_port(void **state)
{
    struct https_redirect_conf https = {443}, high = {8443};
    start("respond 200 x;");
    fake.conn.facts.secure = false;
    assert_int_equal(fake_run(&fake, "GET", "/a?b=c", "", &https_redirect_handler, &https), 301);
    assert_field(&fake, "Location", "https://example.com/a?b=c");
    assert_field(&fake, "Strict-Transport-Security", "");
    assert_int_equal(fake_run(&fake, "POST", "//evil.example/", "", &https_redirect_handler, &high), 308);
    assert_field(&fake, "Location", "https://example.com:8443//evil.example/");
    fake_stop(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locations),       cmocka_unit_test(test_status),
        cmocka_unit_test(test_refused_targets), cmocka_unit_test(test_respond_answers),
        cmocka_unit_test(test_plain_port),      cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_respond_is_compressed), cmocka_unit_test(test_plain_port_keeps_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
