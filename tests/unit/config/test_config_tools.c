/* fmt, explain, and the JSON, schema and reference that come out of the tables. JSON is checked by
 * Python's parser. */
#include "config_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void format(const char *text, const char *expected)
{
    struct buf once, twice, errors;
    buf_init(&once, 1 << 20);
    buf_init(&twice, 1 << 20);
    buf_init(&errors, 1 << 20);
    assert_int_equal(config_format("x", str_c(text), &once, &errors), 0);
    if (expected)
        assert_string_equal(buf_cstr(&once), expected);
    assert_int_equal(config_format("x", buf_str(&once), &twice, &errors), 0);
    assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
    buf_done(&once);
    buf_done(&twice);
    buf_done(&errors);
}

static void test_format(void **state)
{
    (void)state;
    format("", "");
    format("workers   2 ;", "workers 2;\n");
    format("\n\n# a\n\n\n\n# b  \nsite a.test{root /srv{listing on;}  # tail\n\n\n\nhsts auto;}\n",
           "# a\n\n# b\nsite a.test {\n    root /srv {\n        listing on;\n    } # tail\n\n"
           "    hsts auto;\n}\n");
    format("a { # first\n\n\n b; # second\n # last\n};c;",
           "a { # first\n\n    b; # second\n    # last\n}\nc;\n");
    /* comments below each other, by hand, stay so; a line that was broken up has none */
    format("a;      # one\nb  c;   # two\n\td { # three\ne; }    # four\n",
           "a;      # one\nb c;    # two\nd { # three\n    e;\n} # four\n");
    format("site a {\n  b;       # one\n      c c; # two\n  long word;# three\n longer words;  # four\n}\n",
           "site a {\n    b;     # one\n    c c;   # two\n    long word; # three\n    longer words; # four\n}\n");
    format("a \"x  y\"\n  b\n  c;\nd;", "a \"x  y\"\n        b\n        c;\nd;\n");
    format("a # why\n b # and\n ; c { }", "a # why\n        b # and\n        ;\nc {\n}\n");
    format("\xef\xbb\xbf" "a;\r\nb;\r\n", "a;\nb;\n");
}

static void test_format_long_lines(void **state)
{
    (void)state;
    char text[3000] = "header set Content-Security-Policy";
    for (int i = 0; i < 40; i++)
        strcat(text, " some-longish-word");
    strcat(text, ";");
    format(text, NULL);
}

static void test_format_refuses_faults(void **state)
{
    (void)state;
    struct buf out, errors;
    buf_init(&out, 1 << 16);
    buf_init(&errors, 1 << 16);
    assert_int_equal(config_format("f", STR("a {"), &out, &errors), -ERR_CONFIG);
    assert_int_equal(out.n, 0);
    assert_non_null(strstr(buf_cstr(&errors), "f:1:3: error: this `{` is never closed"));
    buf_done(&out);
    buf_done(&errors);
}

static const char text[] =
    "listen https 8443;\nlisten http 8080;\n"
    "site a.test {\n    root /srv;\n    respond /he\xc3\xa9 200;\n"
    "    route /f/ { respond 201; header set X-A \"b \\\"c\\\"\"; limits { body_size 5m; } }\n"
    "    hsts 30d;\n    tls { min_version tls1.1; }\n"
    "    allow tls1.1 because \"old \\\"cards\\\"\" until 2027-01-01;\n}\n"
    "challenges /srv/acme;\n";

static struct snapshot *load(void)
{
    struct snapshot *s = NULL;
    struct buf errors;
    buf_init(&errors, 1 << 20);
    int err = config_load(&world_env, "/etc/g.conf", str_c(text), &errors, &s);
    if (err)
        fprintf(stderr, "%s", buf_cstr(&errors));
    assert_int_equal(err, 0);
    buf_done(&errors);
    return s;
}

static void explain(const struct snapshot *s, const char *url, const char *const *parts)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(config_explain(s, str_c(url), &out), 0);
    for (; *parts; parts++)
        if (!strstr(buf_cstr(&out), *parts))
            fail_msg("%s: \"%s\" is not in:\n%s", url, *parts, buf_cstr(&out));
    buf_done(&out);
}

static void explain_not(const struct snapshot *s, const char *url, const char *part)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    assert_int_equal(config_explain(s, str_c(url), &out), 0);
    if (strstr(buf_cstr(&out), part))
        fail_msg("%s: \"%s\" is in:\n%s", url, part, buf_cstr(&out));
    buf_done(&out);
}

static void test_explain(void **state)
{
    (void)state;
    struct snapshot *s = load();
    explain(s, "https://A.test:8443/f/x?y",
            (const char *const[]){"listener     https [::]:8443   (/etc/g.conf:1)",
                                  "site         a.test   (/etc/g.conf:3)",
                                  "certificate  from the local authority",
                                  "route        /f/   (/etc/g.conf:6)", "handler      respond",
                                  "set X-A: b \"c\"", "body_size 5m", "max-age=2592000",
                                  "min_version tls1.1", "allowed      tls1.1 because", "2027-01-01",
                                  NULL});
    explain(s, "https://a.test:8443/he%C3%A9",
            (const char *const[]){"(/etc/g.conf:5)", "body_size 16m", NULL});
    explain(s, "https://a.test:8443",
            (const char *const[]){"route        /   (/etc/g.conf:4)", "index index.html", NULL});
    explain(s, "http://a.test:8080/", (const char *const[]){"redirects to https", NULL});
    explain(s, "http://a.test:8080/.well-known/acme-challenge/x",
            (const char *const[]){"challenge    from /srv/acme, if an answer lies there; else:   "
                                  "(/etc/g.conf:11)", "redirects to https", NULL});
    explain_not(s, "http://a.test:8080/.well-known/acme-challenge/x.y", "challenge");
    explain_not(s, "https://a.test:8443/.well-known/acme-challenge/x", "challenge");
    explain(s, "https://a.test/", (const char *const[]){"listener     none", NULL});
    explain(s, "https://b.test:8443/", (const char *const[]){"none of that name", NULL});
    snapshot_unref(s);
}

static void test_explain_refuses(void **state)
{
    (void)state;
    static const char *const urls[] = {"", "https://", "https://a.test:x/", "https://a.test:99999/",
                                       "https://a.test/%zz", "https://a.test/%0", "https://[::1/",
                                       "https://a.test/%00"};
    struct snapshot *s = load();
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct buf out;
        buf_init(&out, 1 << 16);
        if (config_explain(s, str_c(urls[i]), &out) != -ERR_HTTP_URI)
            fail_msg("%s", urls[i]);
        buf_done(&out);
    }
    snapshot_unref(s);
}

/* The text through `python3 -c script`, which must succeed. */
static void python(const struct buf *in, const char *script)
{
    char command[2000];
    assert_true(buf_ok(in));
    snprintf(command, sizeof command, "python3 -c '%s'", script);
    FILE *p = popen(command, "w");
    assert_non_null(p);
    fwrite(buf_str(in).p, 1, in->n, p);
    assert_int_equal(pclose(p), 0);
}

static void test_json(void **state)
{
    (void)state;
    struct snapshot *s = load();
    struct buf out;
    buf_init(&out, 1 << 20);
    config_json(s, &out);
    python(&out, "import json, sys; c = json.load(sys.stdin); s = c[\"sites\"][0];"
                 "assert s[\"names\"] == [\"a.test\"] and s[\"tls\"][\"min_version\"] == \"tls1.1\";"
                 "assert s[\"routes\"][0][\"path\"] == \"/he\\u00e9\", s[\"routes\"];"
                 "assert s[\"routes\"][1][\"body_size\"] == 5 << 20;"
                 "assert s[\"allow\"][0][\"until\"] == \"2027-01-01\";"
                 "assert c[\"limits\"][\"idle_timeout\"] == 60;"
                 "assert c[\"challenges\"] == \"/srv/acme\";"
                 "assert c[\"listeners\"][0][\"at\"] == \"/etc/g.conf:1:1\"");
    buf_done(&out);
    snapshot_unref(s);
}

static void test_schema(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1 << 20);
    config_schema(&world_env, &out);
    python(&out, "import json, sys; c = json.load(sys.stdin); p = c[\"properties\"];"
                 "assert p[\"workers\"][\"maximum\"] == 256;"
                 "assert p[\"limits\"][\"properties\"][\"streams\"][\"x-default\"] == \"128\";"
                 "s = p[\"sites\"][\"items\"][\"properties\"];"
                 "assert \"hsts\" in s;"
                 "assert \"tls1.3\" in s[\"tls\"][\"properties\"][\"min_version\"][\"enum\"];"
                 "r = s[\"routes\"][\"items\"][\"properties\"];"
                 "assert \"respond\" in r[\"handler\"][\"enum\"] and \"body_size\" in r");
    buf_done(&out);
}

static void test_reference(void **state)
{
    (void)state;
    static const char *const parts[] = {"#### `workers NUMBER;`", "Default: `16m`", "## In `tls { … }`",
                                        "### `root [/PATH] DIR [{ … }]`", "| `tls1.0` |",
                                        "#### `site NAME… { … }`"};
    struct buf out;
    buf_init(&out, 1 << 20);
    config_reference(&world_env, &out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(buf_cstr(&out), parts[i]))
            fail_msg("\"%s\" is missing in\n%s", parts[i], buf_cstr(&out));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),         cmocka_unit_test(test_format_long_lines),
        cmocka_unit_test(test_format_refuses_faults),
        cmocka_unit_test(test_explain),        cmocka_unit_test(test_explain_refuses),
        cmocka_unit_test(test_json),           cmocka_unit_test(test_schema),
        cmocka_unit_test(test_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
