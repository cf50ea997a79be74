/* Pages → what they load, in the ways that pages are written and in those that hide something. */
#include "audit/html_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

static struct arena arena;

static struct html_facts scan_as(const char *html, bool https)
{
    struct html_facts f;
    struct html_page page = {https, STR("www.example.com")};
    arena_done(&arena);
    arena_init(&arena, 4096, 1 << 20);
    assert_int_equal(html_scan(&f, &arena, &page, str_c(html)), 0);
    return f;
}

static struct html_facts scan(const char *html)
{
    return scan_as(html, true);
}

static const struct {
    const char *html;
    unsigned active, passive, forms;
} mixed[] = {
    {"<script src=http://a/x.js></script>", 1, 0, 0},
    {"<SCRIPT SRC='HTTP://a/x.js'>", 1, 0, 0},
    {"<script\n type=x\n src = \"http://a/x.js\" async>", 1, 0, 0},
    {"<script/src=\"http://a/x.js\">", 1, 0, 0},
    {"<script async src=\"https://a/x.js\">", 0, 0, 0},
    {"<script src=//a/x.js>", 0, 0, 0},
    {"<link rel=\"preload Stylesheet\" href=http://a/x.css>", 1, 0, 0},
    {"<link rel=canonical href=http://a/>", 0, 0, 0},
    {"<link rel=\"shortcut icon\" href=http://a/>", 0, 1, 0},
    {"<iframe src=http://a/></iframe><object data=http://a/></object><embed src=http://a>", 3, 0,
     0},
    {"<img src=http://a/1.png><video poster=http://a/p src=http://a/v></video><audio src=http://a>",
     0, 4, 0},
    {"<picture><source srcset='a.png 1x, http://a/b.png 2x'></picture>", 0, 1, 0},
    {"<img srcset='a.png 1x, https://a/b.png 2x'>", 0, 0, 0},
    {"<form action=http://a/login></form><button formaction=http://a></button>", 0, 0, 2},
    {"<a href=http://a/>link</a>", 0, 0, 0},
    {"<img src=\"http&#58;//a\"><img src=\"http&#x3A;&sol;&sol;a\"><img src=\"http&colon;//a\">", 0,
     3, 0},
    {"<img src=\"ht\ntp:\t//a\"><img src=\"  http://a  \">", 0, 2, 0},
    {"<img src=\"&amp;http://a\">", 0, 0, 0},
    {"<img alt=\"<script src=http://a>\" src=/x>", 0, 0, 0},
    {"<!-- <img src=http://a> --><!--><img src=http://b>", 0, 1, 0},
    {"<!-- <img src=http://a>", 0, 0, 0},
    {"<!doctype html><?xml <img src=http://a>?><img src=http://b>", 0, 1, 0},
    {"<script>var a = '<img src=http://a>';</script><img src=http://b>", 0, 1, 0},
    {"<script>\"</scripty>\"; '<img src=http://a>'</SCRIPT ><img src=http://b>", 0, 1, 0},
    {"<script></script a='<img src=http://a>'><img src=http://b>", 0, 1, 0},
    {"<script><img src=http://a>", 0, 0, 0},
    {"<style>a{}<img src=http://a></style>", 0, 0, 0},
    {"<textarea><img src=http://a></textarea><title><img src=http://a></title>", 0, 0, 0},
    {"<noscript><img src=http://a></noscript>", 0, 1, 0},
    {"<img src=http://a src=https://b>", 0, 1, 0},
    {"<img src=https://b src=http://a>", 0, 0, 0},
    {"<img src=http://a", 0, 1, 0},
    {"<img src=\"http://a", 0, 1, 0},
    {"<img = src=http://a>", 0, 1, 0},
    {"< img src=http://a>", 0, 0, 0},
    {"</img src=http://a>", 0, 0, 0},
    {"<base href=http://a/><img src=x><script src=/y></script><img src=https://z>", 1, 1, 0},
    {"<base href=https://a/><base href=http://b/><img src=x>", 0, 0, 0},
    {"<img src=data:x><script src=blob:x></script>", 0, 0, 0},
    {"<", 0, 0, 0},
    {"<img src=", 0, 0, 0},
    {"", 0, 0, 0},
};

static void mixed_content(void **state)
{
    for (size_t i = 0; i < sizeof mixed / sizeof *mixed; i++) {
        struct html_facts f = scan(mixed[i].html);
        if (f.mixed_active != mixed[i].active || f.mixed_passive != mixed[i].passive ||
            f.mixed_forms != mixed[i].forms)
            fail_msg("%s: %u %u %u", mixed[i].html, f.mixed_active, f.mixed_passive, f.mixed_forms);
    }
    struct html_facts f = scan_as("<script src=http://a></script><img src=http://b>", false);
    assert_int_equal(f.mixed_active + f.mixed_passive, 0);
}

static void examples(void **state)
{
    struct html_facts f =
        scan("xx<img src='http://a/?b&amp;c'><script src=https://evil.example/x.js></script>");
    assert_int_equal(f.nrefs, 2);
    assert_true(str_eq(f.refs[0].url, STR("http://a/?b&c")));
    assert_int_equal(f.refs[0].at, 2);
    assert_int_equal(f.refs[0].kind, HTML_REF_IMAGE);
    assert_int_equal(f.refs[1].problem, HTML_FOREIGN_SCRIPT);
}

static void integrity(void **state)
{
    struct html_facts f =
        scan("<script src=https://cdn.test/a.js integrity=sha384-abc crossorigin></script>"
             "<script src=https://cdn.test/a.js integrity=sha384-abc></script>"
             "<script src=https://cdn.test/b.js></script>"
             "<script src=//cdn.test/c.js></script>"
             "<script src=http://cdn.test/d.js integrity=md5-abc crossorigin></script>"
             "<script src=/own.js integrity=sha256-x></script>"
             "<script src=https://static.example.com/own.js></script>"
             "<script src=http://static.example.com/own.js></script>"
             "<script>inline()</script><script type=application/json>{}</script>");
    assert_int_equal(f.scripts, 10);
    assert_int_equal(f.scripts_inline, 1);
    assert_int_equal(f.scripts_foreign, 5);
    assert_int_equal(f.foreign_secure_integrity, 2);
    assert_int_equal(f.foreign_secure_bare, 1);
    assert_int_equal(f.foreign_insecure_bare, 1);
    assert_int_equal(f.foreign_insecure_integrity, 1);
    assert_int_equal(f.foreign_no_crossorigin, 1);
    assert_int_equal(f.integrity_bad, 1);
    assert_int_equal(f.scripts_own_integrity, 1);
    assert_int_equal(f.scripts_own_insecure, 1);
    f = scan(
        "<link rel=stylesheet href=https://cdn.test/a.css integrity=sha384-a><link rel=stylesheet href=//cdn.test/b>"
        "<link rel=stylesheet href=/c.css>");
    assert_int_equal(f.styles_foreign, 2);
    assert_int_equal(f.styles_foreign_integrity, 1);
}

static void metas(void **state)
{
    struct html_facts f =
        scan("<META HTTP-EQUIV=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;\">"
             "<meta name=referrer content=no-referrer><meta name=viewport content=x>"
             "<meta http-equiv=refresh content=\"0; URL='http://a/'\"><meta http-equiv=x>");
    assert_int_equal(f.nmetas, 3);
    assert_true(str_eq(f.metas[0].name, STR("Content-Security-Policy")));
    assert_true(str_eq(f.metas[0].content, STR("default-src 'none'")));
    assert_true(str_eq(f.metas[1].name, STR("referrer-policy")));
    assert_true(f.refresh_http);
    assert_false(scan("<meta http-equiv=refresh content='0; url=/x'>").refresh_http);
}

static void passwords(void **state)
{
    struct html_facts f =
        scan("<form action=http://a><input type=PASSWORD></form><input type=password>");
    assert_int_equal(f.passwords, 2);
    assert_int_equal(f.passwords_exposed, 1); /* the form ends before the second one */
    f = scan_as("<form action=https://a><input type=password></form>", false);
    assert_int_equal(f.passwords_exposed, 1);
    f = scan("<form action=/x><input type=password><input type=text></form>");
    assert_int_equal(f.passwords, 1);
    assert_int_equal(f.passwords_exposed, 0);
}

static void handlers(void **state)
{
    struct html_facts f = scan("<body onload='x()'><a onclick=y() once on=z>");
    assert_int_equal(f.handlers_inline, 2);
    assert_true(f.any_tag);
    assert_false(scan("just text, 1 < 2").any_tag);
}

/* What could be searched again and again takes no longer than what cannot. */
static void linear(void **state)
{
    static const char *const pieces[] = {"<!--",  "<script>", "<a b='",           "<a b=\"",
                                         "</",    "<",        "<title></titl",    "<img src=&#",
                                         "<x y ", "<?",       "<img srcset=',,,,"};
    static char text[1 << 18];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        size_t n = strlen(pieces[i]);
        for (size_t at = 0; at + n < sizeof text; at += n)
            memcpy(text + at, pieces[i], n);
        text[sizeof text - 1] = '\0';
        clock_t begin = clock();
        scan(text);
        assert_true(clock() - begin < 2 * CLOCKS_PER_SEC);
    }
}

static void long_urls_and_many(void **state)
{
    static char text[200000];
    size_t at = 0;
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "<img src=http://a/%d><meta http-equiv=x content=y>", i);
    struct html_facts f = scan(text);
    assert_int_equal(f.mixed_passive, 100);
    assert_int_equal(f.nrefs, HTML_REFS_MAX);
    assert_int_equal(f.nmetas, HTML_METAS_MAX);
    at = (size_t)snprintf(text, sizeof text, "<img src=http://a/");
    memset(text + at, 'x', 100000);
    text[at + 100000] = '\0';
    f = scan(text);
    assert_int_equal(f.mixed_passive, 1);
    assert_int_equal(f.refs[0].url.n, HTML_TEXT_MAX);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_content), cmocka_unit_test(examples),
        cmocka_unit_test(integrity),     cmocka_unit_test(metas),
        cmocka_unit_test(passwords),     cmocka_unit_test(handlers),
        cmocka_unit_test(linear),        cmocka_unit_test(long_urls_and_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
