/* Hostile text, times, counts and the server of a banner. */
#include "audit/report_text.h"
#include "report_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void expect(void (*f)(struct buf *, struct str), struct str in, const char *want)
{
    struct buf out;
    buf_init(&out, 4096);
    f(&out, in);
    assert_string_equal(buf_cstr(&out), want);
    buf_done(&out);
}

static void cleans(void **state)
{
    static const struct {
        struct str in;
        const char *want;
    } rows[] = {
        {{"plain \xc3\xa4 \xe6\x97\xa5 \xf0\x9f\x94\x92", 17}, "plain ä 日 🔒"},
        {{"a\tb\nc", 5}, "a\tb\nc"},
        {{"\033[31m", 5}, "\xef\xbf\xbd[31m"},
        {{"\0\x7f", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xc2\x9b"
          "1m",
          4},
         "\xef\xbf\xbd"
         "1m"}, /* CSI as one character */
        {{"\x9b"
          "1m",
          3},
         "\xef\xbf\xbd"
         "1m"}, /* and as one byte */
        {{"\xe2\x80\xaetxt", 6}, "\xef\xbf\xbdtxt"},
        {{"\xe2\x81\xa6", 3}, "\xef\xbf\xbd"},
        {{"\xef\xbf\xbf", 3}, "\xef\xbf\xbd"},
        {{"\xf0\x9f\xbf\xbe", 4}, "\xef\xbf\xbd"},
        {{"\xe6\x97", 2}, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"\xed\xa0\x80", 3}, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(report_text_clean, rows[i].in, rows[i].want);
    expect(report_text_html, STR("<a b='\"&\033"), "&lt;a b=&#39;&quot;&amp;\xef\xbf\xbd");
}

static void cut(struct buf *out, struct str s)
{
    report_text_cut(out, s, 4);
}

static void cuts(void **state)
{
    expect(cut, STR("abcd"), "abcd");
    expect(cut, STR("abcde"), "abc…");
    expect(cut, STR("äöüß"), "äöüß");
    expect(cut, STR("\xff\xff\xff\xff\xff"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd…");
    expect(cut, STR_NONE, "");
    assert_int_equal(report_text_width(STR("日本\xff\033x")), 5);
}

static void times(void **state)
{
    char text[REPORT_TIME + 1];
    report_text_time(784111777, text);
    assert_string_equal(text, "1994-11-06T08:49:37Z");
    report_text_time(1704067199, text);
    assert_string_equal(text, "2023-12-31T23:59:59Z");
    report_text_time(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    report_text_time(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00Z");
    assert_int_equal(report_text_days(0, 86400), 1);
    assert_int_equal(report_text_days(0, 86399), 0);
    assert_int_equal(report_text_days(1, 0), -1);
    assert_int_equal(report_text_days(INT64_MIN, INT64_MAX), 99999);
    assert_int_equal(report_text_days(INT64_MAX, INT64_MIN), -99999);
    assert_int_equal(report_text_days(0, INT64_MAX), 99999);
}

static void servers(void **state)
{
    static const struct {
        const char *banner;
        enum report_server want;
    } rows[] = {
        {"gate443", REPORT_GATE443},       {"nginx/1.22.1", REPORT_NGINX},
        {"openresty", REPORT_NGINX},       {"Apache/2.4.57 (Debian)", REPORT_APACHE},
        {"Caddy", REPORT_CADDY},           {"proxy (haproxy)", REPORT_HAPROXY},
        {"Microsoft-IIS", REPORT_SERVERS}, {"", REPORT_SERVERS},
        {"notnginx", REPORT_SERVERS},      {"ngin", REPORT_SERVERS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(report_server_of(str_c(rows[i].banner)), rows[i].want);
    const struct remedy r = {.gate443 = "a", .nginx = "b", .apache = "c", .haproxy = "d"};
    assert_string_equal(report_server_remedy(&r, REPORT_GATE443), "a");
    assert_string_equal(report_server_remedy(&r, REPORT_HAPROXY), "d");
    assert_null(report_server_remedy(&r, REPORT_CADDY));
}

static void looks_up(void **state)
{
    struct report r;
    world_terrible(&r);
    struct report_counts n;
    report_count(&r, &n);
    assert_int_equal(n.verdict[VERDICT_SAFE] + n.verdict[VERDICT_VULNERABLE] +
                         n.verdict[VERDICT_UNTESTABLE],
                     r.nfindings);
    assert_true(n.verdict[VERDICT_VULNERABLE] >= 30);
    assert_int_equal(n.severity[SEVERITY_INFO], 1);
    const struct finding *f = report_finding(&r, "heartbleed");
    assert_string_equal(f->check->title, "Heartbleed");
    assert_int_equal(report_evidence(&r, f)->number, 12);
    assert_null(report_finding(&r, "none such"));
    assert_null(report_finding(&r, NULL));
    assert_null(report_evidence(&r, report_finding(&r, "sslv2")));
    world_done(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans),  cmocka_unit_test(cuts),     cmocka_unit_test(times),
        cmocka_unit_test(servers), cmocka_unit_test(looks_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
