/* Mistakes: each configuration has exactly the faults that its row names, at exactly that place and
 * with that hint. */
#include "config_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct bad {
    const char *text;
    const char *at;      /* "line:column" of the first error */
    const char *message; /* how it begins */
    const char *hint;    /* how it begins; NULL: none */
    int errors;          /* how many in all; 0 means 1 */
};

#define SITE(inner) "site a.test { respond 200; " inner " }"
#define PUBLIC(inner) "site example.com { certificate c.pem k.pem; respond 200; " inner " }"

static const struct bad bad[] = {
    /* form */
    {"site a.test { respond 200 }", "1:26", "missing `;`", "end the directive"},
    {"workers 2", "1:10", "missing `;`", "end the directive"},
    {"site a.test { respond 200;", "1:13", "this `{` is never closed", "add a `}`"},
    {"site a.test { respond 200; } }", "1:30", "`}` without `{`", "remove it"},
    {"; site a.test { respond 200; }", "1:1", "`;` without a directive", "remove it"},
    {"{ }\nsite a.test { respond 200; }", "1:1", "block without a name", "put the name"},
    {"site a.test { respond 200 \"hello; }\n}", "1:27", "quoted text is not closed", "put `\"` at"},
    {"site a.test { respond 200 \"a\\qb\"; }", "1:27", "unknown escape", "only \\n"},
    {"site a.test { respond 200 a\"b\"; }", "1:27", "quote inside a word", "put the whole word"},
    {"site a.test { respond 200 \"a\"b; }", "1:27", "text directly behind", "put a space"},
    /* one slip is told once */
    {"site a.test {\n    root \"www;\n    hsts auto;\n}", "2:10", "quoted text is not closed", "put"},
    {"site a.test {\n    root \"www;\n    hsts maybe;\n}", "2:10", "quoted text is not closed", "put", 2},
    {"site a.test { respond \"200 a; }", "1:23", "quoted text is not closed", "put"},
    {"site a.test { respond \"200 a; }\nsite b.test { respond 200; ", "1:23",
     "quoted text is not closed", "put", 2},
    {"site a.test { tls { min_version \"1.2; } respond 200; }", "1:33", "quoted text is not closed", "put"},
    {SITE("header set X-A \"a;") "\nsite b.test { hsts maybe; respond 200; }", "1:43", "quoted text is not closed",
     "put", 2},
    {"site a.test { respond 200 \"a; }\\q\"\n; header set A \"; }\"x; hsts maybe; }", "1:27",
     "unknown escape", "only", 3},
    {"workers \"2;\nlisten https x\"443;\n" SITE(""), "1:9", "quoted text is not closed", "put", 2},
    {"site a\"b.test { root \"/srv\"x; }", "1:6", "quote inside a word", "put", 2},
    {"site a.test { route /a { redirect \"/b /c; } }", "1:35", "quoted text is not closed", "put"},
    {"site a.test { respond 200; }\n\x01", "2:1", "control character", "remove it"},
    {"site a.test {\n    hsts auto\n    respond 200;\n}", "2:14", "missing `;`", "end the directive"},
    {"site a.test {\n\thsts auto\n\trespond 200;\n}", "2:11", "missing `;`", "end the directive"},
    {"a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a{a;}}}}}}}}}}}}}}}}}", "1:1", "unknown directive `a`", NULL, 2},
    /* names of directives */
    {"site a.test { rot /srv; }", "1:15", "unknown directive `rot` in `site`", "did you mean `root`?"},
    {"site a.test { respnod 200; }", "1:15", "unknown directive `respnod`", "did you mean `respond`?"},
    {"sit a.test { respond 200; }", "1:1", "unknown directive `sit`", "did you mean `site`?"},
    {"root /srv; " SITE(""), "1:1", "unknown directive `root`", "this belongs in `site`"},
    {"hsts auto; " SITE(""), "1:1", "unknown directive `hsts`", "this belongs in `site`"},
    {SITE("workers 2;"), "1:28", "unknown directive `workers` in `site`", "this belongs at the top"},
    {SITE("min_version tls1.2;"), "1:28", "unknown directive `min_version`", "this belongs in `tls`"},
    {SITE("listing on;"), "1:28", "unknown directive `listing`", "this belongs in `root`"},
    {SITE("frobnicate on;"), "1:28", "unknown directive `frobnicate`", NULL},
    {"limits { header_cuont 5; } " SITE(""), "1:10", "unknown directive `header_cuont` in `limits`",
     "did you mean `header_count`?"},
    {"site a.test { root /srv { lsting on; } }", "1:27", "unknown directive `lsting` in `root`",
     "did you mean `listing`?"},
    /* values */
    {"workers;" SITE(""), "1:8", "`workers` needs a value", "write `workers NUMBER`"},
    {"workers many; " SITE(""), "1:9", "`many` is not a whole number", NULL},
    {"workers 9999; " SITE(""), "1:9", "`workers` must be at most 256", NULL},
    {"workers 2 3; " SITE(""), "1:11", "too many values for `workers`", "write `workers NUMBER`"},
    {"workers 1; workers 2; " SITE(""), "1:12", "`workers` is given twice",
     "it may stand here only once; the first is at /etc/g.conf:1"},
    {"workers 2 { } " SITE(""), "1:10", "`workers` takes no block", "end it with `;`"},
    {"file_cache 64mb; " SITE(""), "1:12", "`64mb` is not a size", "bytes, with k"},
    {"file_cache 99999999999999999999g; " SITE(""), "1:12", "`99999999999999999999g` is not a size",
     "bytes, with k"},
    {"limits { idle_timeout 60; } " SITE(""), "1:23", "`60` is not a duration", "with its unit"},
    {"limits { idle_timeout 5ms; } " SITE(""), "1:23", "`idle_timeout` must be at least 1s", NULL},
    {"limits { header_count 1; } " SITE(""), "1:23", "`header_count` must be at least 8", NULL},
    {"limits on { } " SITE(""), "1:8", "`limits` takes no value", "end it with `;`"},
    {"limits; " SITE(""), "1:7", "`limits` needs a block", NULL},
    {SITE("safe_headers yes;"), "1:41", "`yes` is not a switch", "`on` or `off`"},
    {SITE("default on;"), "1:36", "`default` takes no value", "end it with"},
    {SITE("compress maybe;"), "1:37", "`maybe` is not a switch", "`on` or `off`"},
    {SITE("compress;"), "1:36", "`compress` needs a value", "write `compress on | off`"},
    {SITE("compress on { level 11; }"), "1:48", "`level` must be at most 9", NULL},
    {SITE("cookies { same_site laxx; }"), "1:48", "`laxx` is not known", "did you mean `lax`?"},
    {SITE("tls { min_version ssl3; }"), "1:46", "`ssl3` is not known", "one of: tls1.0, tls1.1"},
    {SITE("tls { min_version tls1.3; max_version tls1.2; }"), "1:28",
     "`min_version` is newer than `max_version`", NULL, 2},
    {"site a.test { root /srv { try index.html; } }", "1:31", "`index.html` is not a URL path",
     "it begins with `/`"},
    /* listen */
    {"listen 443; " SITE(""), "1:11", "`listen` needs more values", "write `listen https"},
    {"listen quic 443; " SITE(""), "1:8", "`quic` is neither https nor http", "write `listen https"},
    {"listen https 70000; " SITE(""), "1:14", "the port is out of range", "ports go from"},
    {"listen https localhost:443; " SITE(""), "1:14", "`localhost:443` is not an address",
     "write `443`"},
    {"listen https off; " SITE(""), "1:14", "https cannot be switched off", NULL},
    {"listen https 443; listen https 443; " SITE(""), "1:32", "this address is listened on twice",
     "the first is at /etc/g.conf:1"},
    {"access_log - xml; " SITE(""), "1:14", "unknown log format `xml`", "one of: json"},
    /* sites and names */
    {"", "", "no site", NULL},
    {"site { respond 200; }", "1:5", "a site without a name", "write `site example.com"},
    {"site a.test;", "1:12", "`site` needs a block", "write `site NAME"},
    {"site a.test { }", "1:1", "this site has no handler", "add what shall answer"},
    {"site a.test a.test { respond 200; }", "1:13", "the name `a.test` is given twice",
     "the first is at /etc/g.conf:1"},
    {SITE("") "\n" "site A.TEST. { respond 200; }", "2:6", "the name `a.test` is given twice",
     "the first is at /etc/g.conf:1"},
    {"site https://a.test { respond 200; }", "1:6", "`https://a.test` is not a name",
     "write the name alone, without scheme"},
    {"site a.test:8443 { respond 200; }", "1:6", "`a.test:8443` is not a name",
     "write the name without a port"},
    {"site a.test/x { respond 200; }", "1:6", "`a.test/x` is not a name",
     "write the name alone; paths"},
    {"site _ { default; } site b.test { default; respond 200; }", "1:1", "this site has no handler",
     "add what shall", 2},
    {"site * { respond 200; }", "1:6", "`*` is not a name", "for all other names"},
    {"site a.*.test { respond 200; }", "1:6",
     "`a.*.test` is not a name for a site: `*` may only be the whole leftmost label", NULL},
    {"site a..test { respond 200; }", "1:6", "`a..test` is not a name for a site: a label is empty",
     NULL},
    {"site -a.test { respond 200; }", "1:6", "`-a.test` is not a name", NULL},
    {"site m\xc3\xbcnchen.test { respond 200; }", "1:6", "`m\xc3\xbcnchen.test` is not a name",
     "write international names"},
    {"site a.test { default; respond 200; }\nsite b.test { default; respond 200; }", "2:15",
     "a second `default` site", "only one site"},
    {"site example.com { respond 200; }", "1:1", "a public site without a certificate",
     "add `certificate CHAIN KEY;`, or `certificate local;`"},
    {"site a.test example.com { respond 200; }", "1:1", "a public site without a certificate",
     "add `certificate"},
    {SITE("certificate c.pem;"), "1:45", "`certificate` needs more values", "write `certificate CHAIN"},
    /* routes and handlers */
    {"site a.test { respond /x 200; respond /x 201; }", "1:39", "two routes for `/x`",
     "the first is at /etc/g.conf:1"},
    {"site a.test { respond 200; root /srv; }", "1:28", "two routes for `/`",
     "the first is at /etc/g.conf:1"},
    {"site a.test { respond; }", "1:22", "`respond` needs a value", "write `respond [/PATH] STATUS"},
    {"site a.test { respond 200 a b; }", "1:29", "too many values for `respond`", "write `respond"},
    {"site a.test { respond /a?b 200; }", "1:23", "`/a?b` has a query", "queries take no part"},
    {"site a.test { respond /a/../b 200; }", "1:23", "`/a/../b` has an empty", "requests are normalised"},
    {"site a.test { respond /a%20b 200; }", "1:23", "`/a%20b` has a percent sign", "write the path"},
    {"site a.test { respond /a* 200; }", "1:23", "`/a*` has a `*`", "patterns are not known"},
    {"site a.test { route /x { } }", "1:15", "this route has no handler", "add what shall"},
    {"site a.test { route x { respond 200; } }", "1:21", "`x` is not a path", "it begins with `/`"},
    {"site a.test { route /x { respond 200; redirect /y; } }", "1:39",
     "this route has a handler already: `respond`", "write one `route`"},
    {"site a.test { route /x; }", "1:23", "`route` needs a block", "write `route /PATH"},
    {"site a.test { respond 200 { a b; } }", "1:26", "`respond` takes no block", "end it with `;`"},
    {"site a.test { respond abc; }", "1:23", "not a status", NULL},
    {"site a.test { root \"\"; }", "1:20", "name a directory", NULL},
    /* headers and error pages */
    {SITE("header put A b;"), "1:35", "unknown action `put`", "one of: set"},
    {SITE("header set X-A: b;"), "1:39", "`X-A:` is not the name of a header", "letters, digits"},
    {SITE("header set X-A;"), "1:42", "the value is missing", "write `header set"},
    {SITE("header remove X-A b;"), "1:46", "`header remove` takes no value", NULL},
    {SITE("header set Content-Length 5;"), "1:39", "`Content-Length` is written by the server", NULL},
    {SITE("header set strict-transport-security \"max-age=1; preload\";"), "1:39",
     "`strict-transport-security` is what the directive `hsts` is for", "write `hsts 365d;`"},
    {SITE("header remove Strict-Transport-Security;"), "1:42", "`Strict-Transport-Security` is what",
     "write `hsts"},
    {SITE("header set X-A \"a\\nb\";"), "1:43", "a header's value has no line breaks", NULL},
    {SITE("error_page 200 /x;"), "1:39", "`200` is not the status of an error", "a number from 400"},
    {SITE("error_page 404 x;"), "1:43", "`x` is not a URL path", "a path within"},
    {SITE("error_page 404 /x; error_page 404 /y;"), "1:58", "status 404 has an error page", NULL},
    /* weak settings and waivers */
    {SITE("tls { min_version tls1.0; }"), "1:34", "refused as weak: TLS 1.0",
     "if it must be: `allow tls1.0 because"},
    {SITE("tls { min_version tls1.1; }"), "1:34", "refused as weak: TLS 1.1", "if it must be: `allow tls1.1"},
    {SITE("tls { max_version tls1.2; }"), "1:34", "refused as weak: without TLS 1.3", "if it must"},
    {SITE("tls { ciphers ECDHE-RSA-AES128-SHA; }"), "1:34", "refused as weak: a cipher suite", "if it"},
    {SITE("tls { ciphers HIGH; }"), "1:34", "refused as weak: a cipher suite", "if it must"},
    {SITE("tls { groups secp224r1; }"), "1:34", "refused as weak: a key exchange group", "if it must"},
    {SITE("tls { groups X25519 P-265; }"), "1:34", "refused as weak: a key exchange group", "if it must"},
    {SITE("tls { ticket_rotation 2d; }"), "1:34", "refused as weak: ticket keys", "if it must"},
    {SITE("redirect_http off;"), "1:28", "refused as weak: visitors who", "if it must"},
    {SITE("cookies off;"), "1:28", "refused as weak: cookies without Secure", "if it must"},
    {PUBLIC("hsts off;"), "1:58", "refused as weak: without HSTS", "if it must be: `allow no-hsts"},
    {PUBLIC("hsts 0s;"), "1:58", "refused as weak: without HSTS", "if it must be: `allow no-hsts"},
    {SITE("allow tls1.0;"), "1:40", "a reason is missing", "write `allow NAME"},
    {SITE("allow tls1.0 because \"x\" until 2027-01-01;"), "1:49", "the reason \"x\" is too short",
     "three characters at least"},
    {SITE("allow tls1.0 because \" xy \" until 2027-01-01;"), "1:49", "the reason \"xy\" is too short",
     "three characters at least"},
    {SITE("allow tls1.0 because \"\" until 2027-01-01;"), "1:49", "the reason \"\" is too short",
     "three characters at least"},
    {SITE("allow tls1.0 because until 2027-01-01;"), "1:49", "a reason is missing", "write `allow"},
    {SITE("allow tls1.0 because;"), "1:48", "a reason is missing", "write `allow"},
    {SITE("allow tls1.0 because \"old cards\";"), "1:60", "the day until when", "write `allow NAME"},
    {SITE("allow tls1.0 because \"old cards\" until tomorrow;"), "1:67", "this is not a day",
     "write it as YYYY-MM-DD"},
    {SITE("allow tls1.0 because \"old cards\" until 2027-02-29;"), "1:67", "this is not a day",
     "write it as"},
    {SITE("tls { min_version tls1.0; } allow tls1.0 because \"old cards\" until 2026-05-01;"), "1:95",
     "the permission for `tls1.0` has expired", "strengthen"},
    {SITE("allow tls1.9 because \"old cards\" until 2027-01-01;"), "1:34",
     "nothing is called `tls1.9`", "did you mean `tls1.0`?"},
    {SITE("allow everything because \"old cards\" until 2027-01-01;"), "1:34",
     "nothing is called `everything`", "these can be allowed: tls1.0"},
    /* HSTS */
    {SITE("hsts forever;"), "1:33", "`forever` is not a value of `hsts`", "`auto`, `off`"},
    {SITE("hsts 365d includeSubDomains;"), "1:38", "unknown word `includeSubDomains`", "`subdomains`"},
    {SITE("hsts 30d subdomains preload;"), "1:33", "preload needs a duration", "write `hsts 365d"},
    {SITE("hsts 365d preload;"), "1:28", "preload needs `subdomains`", "write `hsts 365d"},
    {SITE("hsts auto subdomains preload;"), "1:33", "preload needs a duration", "write"},
    {SITE("hsts off subdomains;"), "1:37", "`hsts off` takes no further word", NULL},
    /* include */
    {"include nothing.conf; " SITE(""), "1:9", "cannot read `/etc/nothing.conf`: not found", NULL},
    {"include; " SITE(""), "1:8", "`include` needs a value", "write `include PATTERN`"},
};

static void check(const struct bad *b)
{
    struct buf errors;
    struct snapshot *s = NULL;
    char place[300], hint[300];
    buf_init(&errors, 1 << 20);
    assert_int_equal(config_load(&world_env, "/etc/g.conf", str_c(b->text), &errors, &s),
                     -ERR_CONFIG);
    assert_null(s);
    const char *told = buf_cstr(&errors);
    int n = 0;
    for (const char *p = told; (p = strstr(p, "error: ")); p++)
        n++;
    snprintf(place, sizeof place, b->at[0] ? "/etc/g.conf:%s: error: %s" : "%serror: %s", b->at,
             b->message);
    snprintf(hint, sizeof hint, "\nhint: %s", b->hint ? b->hint : "");
    const char *first_hint = strstr(told, "\nhint: ");
    bool ok = strncmp(told, place, strlen(place)) == 0 && n == (b->errors ? b->errors : 1) &&
              (b->hint ? first_hint && strncmp(first_hint, hint, strlen(hint)) == 0
                       : !first_hint || n > 1);
    if (!ok)
        fprintf(stderr, "---- %s\nexpected %s%s (%d)\ngot %s\n", b->text, place, b->hint ? hint : "",
                b->errors, told);
    buf_done(&errors);
    assert_true(ok);
}

static void test_each(void **state)
{
    (void)state;
    assert_true(sizeof bad / sizeof *bad >= 60);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check(&bad[i]);
}

static void load_bad(const char *text, struct buf *errors)
{
    struct snapshot *s = NULL;
    buf_init(errors, 1 << 20);
    assert_int_equal(config_load(&world_env, "/etc/g.conf", str_c(text), errors, &s), -ERR_CONFIG);
}

static void test_whole_message(void **state)
{
    (void)state;
    struct buf errors;
    load_bad("workers 2;\nsite a.test {\n\trespond 200;\n\thstss auto;\n}\n", &errors);
    assert_string_equal(buf_cstr(&errors),
                        "/etc/g.conf:4:2: error: unknown directive `hstss` in `site`\n"
                        "    4 | \thstss auto;\n"
                        "      | \t^~~~~\n"
                        "hint: did you mean `hsts`?\n");
    buf_done(&errors);
}

static void test_all_are_told_in_order(void **state)
{
    (void)state;
    struct buf errors;
    load_bad("site a.test {\n  rot /srv;\n  hsts never;\n  respond 200\n}\nwrkers 2;\n", &errors);
    const char *told = buf_cstr(&errors);
    const char *a = strstr(told, "g.conf:2:3:"), *b = strstr(told, "g.conf:3:8:");
    const char *c = strstr(told, "g.conf:4:14:"), *d = strstr(told, "g.conf:6:1:");
    assert_true(a && b && c && d && a < b && b < c && c < d);
    buf_done(&errors);
}

static void test_included_mistake(void **state)
{
    (void)state;
    struct buf errors;
    load_bad("site a.test { respond 200; }\ninclude bad.conf;\n", &errors);
    assert_non_null(strstr(buf_cstr(&errors), "/etc/bad.conf:2:5: error: unknown directive `rot`"));
    assert_non_null(strstr(buf_cstr(&errors), "included at /etc/g.conf:2"));
    buf_done(&errors);
}

static void test_include_loops(void **state)
{
    (void)state;
    struct buf errors;
    load_bad("include loop.conf;", &errors);
    assert_non_null(strstr(buf_cstr(&errors), "/etc/loop.conf:1:9: error: `/etc/loop.conf` includes"));
    buf_done(&errors);
    load_bad("include a.conf;", &errors);
    assert_non_null(strstr(buf_cstr(&errors), "/etc/b.conf:1:9: error: `/etc/a.conf` includes itself"));
    buf_done(&errors);
}

static void test_very_many(void **state)
{
    (void)state;
    struct buf text, errors;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 1000; i++)
        buf_add(&text, STR("nonsense;\n"));
    load_bad(buf_cstr(&text), &errors);
    assert_non_null(strstr(buf_cstr(&errors), "and 800 more"));
    buf_done(&text);
    buf_done(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_whole_message),
        cmocka_unit_test(test_all_are_told_in_order),
        cmocka_unit_test(test_included_mistake),
        cmocka_unit_test(test_include_loops),
        cmocka_unit_test(test_very_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
