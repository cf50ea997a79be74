/* The Observatory's score: each verdict from facts, the bonus rule, rounding, grades. */
#include "audit/observatory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct http_cookie jar[4];
static struct http_facts facts;
static bool seen[OBSERVATORY_COUNT]; /* every row of the table is reached by some test */

/* A page with nothing: https, good certificate, redirected, not HTML, without fields. */
static struct http_facts *plain(void)
{
    memset(&facts, 0, sizeof facts);
    memset(jar, 0, sizeof jar);
    csp_init(&facts.headers.csp);
    facts.https = facts.cert_ok = true;
    facts.redirect.verdict = REDIRECT_TO_HTTPS;
    facts.cookies = jar;
    return &facts;
}

static void is(int test, const char *name, int points)
{
    struct observatory o;
    observatory_judge(&o, &facts);
    const struct observatory_row *row = observatory_row(o.verdicts[test]);
    seen[o.verdicts[test]] = true;
    if (strcmp(row->name, name) != 0)
        fail_msg("%s, not %s", row->name, name);
    assert_int_equal(row->points, points);
}

static void csp_is(const char *policy, const char *name, int points)
{
    plain();
    csp_add(&facts.headers.csp, str_c(policy), CSP_FIELD);
    is(OBSERVATORY_TEST_CSP, name, points);
}

static void csp(void **state)
{
    plain();
    is(OBSERVATORY_TEST_CSP, "csp-not-implemented", -25);
    csp_add(&facts.headers.csp, STR("default-src 'none'"), CSP_REPORT_ONLY);
    is(OBSERVATORY_TEST_CSP, "csp-not-implemented-but-reporting-enabled", -25);
    csp_is("default-src 'none'", "csp-implemented-with-no-unsafe-default-src-none", 10);
    csp_is("default-src 'self'", "csp-implemented-with-no-unsafe", 5);
    csp_is("default-src 'self'; style-src 'unsafe-inline'",
           "csp-implemented-with-unsafe-inline-in-style-src-only", 0);
    csp_is("default-src 'self'; img-src http:",
           "csp-implemented-with-insecure-scheme-in-passive-content-only", -10);
    csp_is("default-src 'self'; script-src 'unsafe-eval'", "csp-implemented-with-unsafe-eval", -10);
    csp_is("default-src 'unsafe-inline'", "csp-implemented-with-unsafe-inline", -20);
    csp_is("default-src http://a", "csp-implemented-with-insecure-scheme", -20);
    csp_is("default-src 'self'; default-src 'none'", "csp-header-invalid", -25);
}

static void cookie(unsigned i, const char *text)
{
    assert_int_equal(http_cookie_parse(&jar[i], str_c(text), STR_NONE), 0);
    facts.ncookies = i + 1;
}

static void long_hsts(void)
{
    facts.headers.hsts = (struct hsts_value){.count = 1, .valid = true, .max_age = 31536000};
}

static void cookies(void **state)
{
    static const struct {
        const char *cookie;
        bool hsts;
        const char *name;
        int points;
    } rows[] = {
        {"a=1; Secure; SameSite=Lax", false, "cookies-secure-with-httponly-sessions-and-samesite",
         5},
        {"sessid=1; Secure; HttpOnly; SameSite=None", false,
         "cookies-secure-with-httponly-sessions-and-samesite", 5},
        {"a=1; Secure", false, "cookies-secure-with-httponly-sessions", 0},
        {"a=1", true, "cookies-without-secure-flag-but-protected-by-hsts", -5},
        {"sess=1; HttpOnly", true, "cookies-session-without-secure-flag-but-protected-by-hsts",
         -10},
        {"a=1", false, "cookies-without-secure-flag", -20},
        {"a=1; Secure; SameSite=x", false, "cookies-samesite-flag-invalid", -20},
        {"a=1; SameSite=None", true, "cookies-samesite-flag-invalid", -20},
        {"csrf=1; Secure", false, "cookies-anticsrf-without-samesite-flag", -20},
        {"login=1; Secure", false, "cookies-session-without-httponly-flag", -30},
        {"sess=1; HttpOnly", false, "cookies-session-without-secure-flag", -40},
        {"sess=1", false, "cookies-session-without-secure-flag", -40},
        {"sess=1", true, "cookies-session-without-httponly-flag", -30},
    };
    plain();
    is(OBSERVATORY_TEST_COOKIES, "cookies-not-found", 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plain();
        if (rows[i].hsts)
            long_hsts();
        cookie(0, rows[i].cookie);
        is(OBSERVATORY_TEST_COOKIES, rows[i].name, rows[i].points);
        cookie(1, "good=1; Secure; HttpOnly; SameSite=Strict"); /* the gravest counts */
        is(OBSERVATORY_TEST_COOKIES, rows[i].name, rows[i].points);
    }
}

static void cors(void **state)
{
    plain();
    is(OBSERVATORY_TEST_CORS, "cross-origin-resource-sharing-not-implemented", 0);
    facts.cors = (struct cors_value){.present = true, .star = true, .credentials = true};
    is(OBSERVATORY_TEST_CORS, "cross-origin-resource-sharing-implemented-with-public-access", 0);
    facts.cors = (struct cors_value){.present = true, .credentials = true};
    is(OBSERVATORY_TEST_CORS, "cross-origin-resource-sharing-implemented-with-restricted-access",
       0);
    facts.cors = (struct cors_value){.present = true, .reflected = true};
    is(OBSERVATORY_TEST_CORS, "cross-origin-resource-sharing-implemented-with-restricted-access",
       0);
    facts.cors.credentials = true;
    is(OBSERVATORY_TEST_CORS, "cross-origin-resource-sharing-implemented-with-universal-access",
       -50);
}

static void redirection(void **state)
{
    static const struct {
        enum http_redirect verdict;
        const char *name;
        int points;
    } rows[] = {
        {REDIRECT_UNTESTED, "redirection-not-needed-no-http", 0},
        {REDIRECT_NO_HTTP, "redirection-not-needed-no-http", 0},
        {REDIRECT_TO_HTTPS, "redirection-to-https", 0},
        {REDIRECT_PRELOADED, "redirection-all-redirects-preloaded", 0},
        {REDIRECT_OFF_HOST, "redirection-off-host-from-http", -5},
        {REDIRECT_LATE, "redirection-not-to-https-on-initial-redirection", -10},
        {REDIRECT_NOT_HTTPS, "redirection-not-to-https", -20},
        {REDIRECT_MISSING, "redirection-missing", -20},
        {REDIRECT_BAD_CERT, "redirection-invalid-cert", -20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plain()->redirect.verdict = rows[i].verdict;
        is(OBSERVATORY_TEST_REDIRECTION, rows[i].name, rows[i].points);
    }
}

static void hsts(void **state)
{
    plain();
    is(OBSERVATORY_TEST_HSTS, "hsts-not-implemented", -20);
    long_hsts();
    facts.headers.hsts.max_age = 15552000;
    is(OBSERVATORY_TEST_HSTS, "hsts-implemented-max-age-at-least-six-months", 0);
    facts.headers.hsts.max_age--;
    is(OBSERVATORY_TEST_HSTS, "hsts-implemented-max-age-less-than-six-months", -10);
    facts.headers.hsts.valid = false;
    is(OBSERVATORY_TEST_HSTS, "hsts-header-invalid", -20);
    facts.cert_ok = false;
    is(OBSERVATORY_TEST_HSTS, "hsts-invalid-cert", -20);
    facts.https = false;
    is(OBSERVATORY_TEST_HSTS, "hsts-not-implemented-no-https", -20);
    facts.hsts.preload = PRELOAD_TLD;
    is(OBSERVATORY_TEST_HSTS, "hsts-preloaded", 5);
}

static void sri(void **state)
{
    struct html_facts *s = &plain()->scan;
    is(OBSERVATORY_TEST_SRI, "sri-not-implemented-response-not-html", 0);
    facts.html = true;
    is(OBSERVATORY_TEST_SRI, "sri-not-implemented-but-no-scripts-loaded", 0);
    s->scripts = 2;
    is(OBSERVATORY_TEST_SRI, "sri-not-implemented-but-all-scripts-loaded-from-secure-origin", 0);
    s->scripts_foreign = s->foreign_secure_integrity = 1;
    is(OBSERVATORY_TEST_SRI, "sri-implemented-and-external-scripts-loaded-securely", 5);
    s->scripts_own_integrity = 1;
    is(OBSERVATORY_TEST_SRI, "sri-implemented-and-all-scripts-loaded-securely", 5);
    s->foreign_secure_bare = 1;
    is(OBSERVATORY_TEST_SRI, "sri-not-implemented-but-external-scripts-loaded-securely", -5);
    s->foreign_insecure_integrity = 1;
    is(OBSERVATORY_TEST_SRI, "sri-implemented-but-external-scripts-not-loaded-securely", -20);
    s->foreign_insecure_bare = 1;
    is(OBSERVATORY_TEST_SRI, "sri-not-implemented-and-external-scripts-not-loaded-securely", -50);
}

/* Tests whose verdict follows from one number. */
static const struct {
    int test;
    size_t offset;
    int value;
    const char *name;
    int points;
} numbers[] = {
#define N(test, member, value, name, points)                                                       \
    {                                                                                              \
        OBSERVATORY_TEST_##test, offsetof(struct http_headers, member), value, name, points        \
    }
    N(REFERRER, referrer, REFERRER_ABSENT, "referrer-policy-not-implemented", 0),
    N(REFERRER, referrer, REFERRER_NO_REFERRER, "referrer-policy-private", 5),
    N(REFERRER, referrer, REFERRER_STRICT_ORIGIN_WHEN_CROSS, "referrer-policy-private", 5),
    N(REFERRER, referrer, REFERRER_ORIGIN, "referrer-policy-unsafe", -5),
    N(REFERRER, referrer, REFERRER_UNSAFE_URL, "referrer-policy-unsafe", -5),
    N(REFERRER, referrer, REFERRER_INVALID, "referrer-policy-header-invalid", -5),
    N(NOSNIFF, nosniff, NOSNIFF_ON, "x-content-type-options-nosniff", 0),
    N(NOSNIFF, nosniff, NOSNIFF_ABSENT, "x-content-type-options-not-implemented", -5),
    N(NOSNIFF, nosniff, NOSNIFF_INVALID, "x-content-type-options-header-invalid", -5),
    N(FRAMES, frame_options, XFO_ABSENT, "x-frame-options-not-implemented", -20),
    N(FRAMES, frame_options, XFO_DENY, "x-frame-options-sameorigin-or-deny", 5),
    N(FRAMES, frame_options, XFO_SAMEORIGIN, "x-frame-options-sameorigin-or-deny", 5),
    N(FRAMES, frame_options, XFO_ALLOW_FROM, "x-frame-options-allow-from-origin", 0),
    N(FRAMES, frame_options, XFO_INVALID, "x-frame-options-header-invalid", -20),
    N(CORP, corp, CORP_ABSENT, "cross-origin-resource-policy-not-implemented", 0),
    N(CORP, corp, CORP_SAME_SITE, "cross-origin-resource-policy-implemented-with-same-site", 10),
    N(CORP, corp, CORP_SAME_ORIGIN, "cross-origin-resource-policy-implemented-with-same-origin",
      10),
    N(CORP, corp, CORP_CROSS_ORIGIN, "cross-origin-resource-policy-implemented-with-cross-origin",
      0),
    N(CORP, corp, CORP_INVALID, "cross-origin-resource-policy-header-invalid", -5),
    N(COEP, coep, COEP_ABSENT, "coep-not-implemented", 0),
    N(COEP, coep, COEP_REQUIRE_CORP, "coep-implemented-with-require-corp", 10),
    N(COEP, coep, COEP_CREDENTIALLESS, "coep-implemented-with-credentialless", 10),
    N(COEP, coep, COEP_UNSAFE_NONE, "coep-implemented-with-unsafe-none", 0),
    N(COEP, coep, COEP_INVALID, "coep-header-invalid", -5),
    N(COOP, coop, COOP_ABSENT, "coop-not-implemented", 0),
    N(COOP, coop, COOP_SAME_ORIGIN, "coop-implemented-with-same-origin", 10),
    N(COOP, coop, COOP_SAME_ORIGIN_ALLOW_POPUPS, "coop-implemented-with-same-origin-allow-popups",
      10),
    N(COOP, coop, COOP_NOOPENER_ALLOW_POPUPS, "coop-implemented-with-noopener-allow-popups", 10),
    N(COOP, coop, COOP_UNSAFE_NONE, "coop-implemented-with-unsafe-none", 0),
    N(COOP, coop, COOP_INVALID, "coop-header-invalid", -5),
#undef N
};

static void single_numbers(void **state)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        memcpy((char *)&plain()->headers + numbers[i].offset, &numbers[i].value, sizeof(int));
        is(numbers[i].test, numbers[i].name, numbers[i].points);
    }
    plain();
    csp_add(&facts.headers.csp, STR("frame-ancestors 'none'"), CSP_META);
    is(OBSERVATORY_TEST_FRAMES, "x-frame-options-not-implemented", -20);
    csp_add(&facts.headers.csp, STR("frame-ancestors 'none'"), CSP_FIELD);
    is(OBSERVATORY_TEST_FRAMES, "x-frame-options-implemented-via-csp", 5);
}

static void sums(void **state)
{
    struct observatory o;
    plain(); /* −25 CSP, −20 HSTS, −5 nosniff, −20 frames */
    observatory_judge(&o, &facts);
    assert_int_equal(o.penalties, -70);
    assert_int_equal(o.score, 30);
    assert_string_equal(o.grade, "D");
    facts.headers.corp = CORP_SAME_ORIGIN; /* a bonus that does not count */
    observatory_judge(&o, &facts);
    assert_int_equal(o.bonuses, 10);
    assert_false(o.bonus_counts);
    assert_int_equal(o.score, 30);
}

/* All good, then one penalty of 10 (90: bonuses count) and one of 15 (85: they do not). */
static void bonus_rule(void **state)
{
    struct observatory o;
    plain();
    csp_add(&facts.headers.csp, STR("default-src 'none'; frame-ancestors 'none'"), CSP_FIELD);
    long_hsts();
    facts.headers.nosniff = NOSNIFF_ON;
    facts.headers.referrer = REFERRER_NO_REFERRER;
    facts.headers.corp = CORP_SAME_ORIGIN;
    observatory_judge(&o, &facts); /* 10 CSP, 5 frames, 5 referrer, 10 CORP */
    assert_int_equal(o.score, 130);
    assert_string_equal(o.grade, "A+");
    facts.headers.hsts.max_age = 5;
    observatory_judge(&o, &facts);
    assert_true(o.bonus_counts);
    assert_int_equal(o.score, 120);
    facts.headers.nosniff = NOSNIFF_ABSENT;
    observatory_judge(&o, &facts);
    assert_int_equal(o.penalties, -15);
    assert_false(o.bonus_counts);
    assert_int_equal(o.score, 85);
    assert_string_equal(o.grade, "A-");
}

static void never_below_zero(void **state)
{
    struct observatory o;
    plain();
    facts.cors = (struct cors_value){.present = true, .reflected = true, .credentials = true};
    cookie(0, "sess=1");
    observatory_judge(&o, &facts);
    assert_int_equal(o.penalties, -160);
    assert_int_equal(o.score, 0);
    assert_string_equal(o.grade, "F");
}

static void grades(void **state)
{
    static const struct {
        unsigned score;
        const char *grade;
    } rows[] = {
        {145, "A+"}, {100, "A+"}, {95, "A"},  {90, "A"}, {85, "A-"}, {80, "B+"}, {75, "B"},
        {70, "B"},   {65, "B-"},  {60, "C+"}, {55, "C"}, {50, "C"},  {45, "C-"}, {40, "D+"},
        {35, "D"},   {30, "D"},   {25, "D-"}, {20, "F"}, {5, "F"},   {0, "F"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(observatory_grade(rows[i].score), rows[i].grade);
}

/* Last: all rows were the verdict of something above, and all points are multiples of five, so that
 * rounding changes nothing. */
static void every_row_was_reached(void **state)
{
    for (size_t i = 0; i < OBSERVATORY_COUNT; i++) {
        if (!seen[i])
            fail_msg("%s", observatory_row(i)->name);
        assert_int_equal(observatory_row(i)->points % 5, 0);
    }
    assert_string_equal(observatory_row(OBSERVATORY_COUNT)->name, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csp),
        cmocka_unit_test(cookies),
        cmocka_unit_test(cors),
        cmocka_unit_test(redirection),
        cmocka_unit_test(hsts),
        cmocka_unit_test(sri),
        cmocka_unit_test(single_numbers),
        cmocka_unit_test(sums),
        cmocka_unit_test(bonus_rule),
        cmocka_unit_test(never_below_zero),
        cmocka_unit_test(grades),
        cmocka_unit_test(every_row_was_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
