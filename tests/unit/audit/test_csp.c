/* Policies → verdict, faults, and what several allow together. */
#include "audit/csp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
    const char *policy;
    enum csp_verdict verdict;
} verdicts[] = {
    {"default-src 'none'", CSP_NO_UNSAFE_DEFAULT_NONE},
    {"default-src", CSP_NO_UNSAFE_DEFAULT_NONE},
    {"DEFAULT-SRC 'NONE'; script-src 'self'", CSP_NO_UNSAFE_DEFAULT_NONE},
    {"default-src 'self'", CSP_NO_UNSAFE},
    {"default-src 'self';;  ", CSP_NO_UNSAFE},
    {"default-src https://a.example; script-src https://a.example/x", CSP_NO_UNSAFE},
    {"script-src 'self'; object-src 'none'; style-src 'self'", CSP_NO_UNSAFE},
    {"default-src 'self'; style-src 'self' 'unsafe-inline'", CSP_ALLOWS_INLINE_STYLE},
    {"default-src 'self'; style-src *", CSP_ALLOWS_INLINE_STYLE},
    {"script-src 'self'; object-src 'none'", CSP_ALLOWS_INLINE_STYLE},
    {"default-src 'self'; img-src http:", CSP_ALLOWS_HTTP_PASSIVE},
    {"default-src 'self'; media-src http://a.example", CSP_ALLOWS_HTTP_PASSIVE},
    {"default-src 'self'; img-src *", CSP_NO_UNSAFE},
    {"default-src 'self'; script-src 'self' 'unsafe-eval'", CSP_ALLOWS_EVAL},
    {"default-src 'self'; font-src http://a.example", CSP_ALLOWS_HTTP},
    {"default-src 'self'; script-src http://a.example", CSP_ALLOWS_HTTP},
    {"default-src 'self'; script-src FTP://a.example", CSP_ALLOWS_HTTP},
    {"default-src 'unsafe-inline'", CSP_ALLOWS_INLINE_SCRIPT},
    {"default-src 'self'; script-src data:", CSP_ALLOWS_INLINE_SCRIPT},
    {"default-src 'self'; script-src https:", CSP_ALLOWS_INLINE_SCRIPT},
    {"default-src 'self'; object-src *", CSP_ALLOWS_INLINE_SCRIPT},
    {"img-src 'self'", CSP_ALLOWS_INLINE_SCRIPT},
    {"script-src 'self'", CSP_ALLOWS_INLINE_SCRIPT}, /* objects from anywhere */
    {"default-src 'self'; script-src 'unsafe-inline' 'nonce-abc'", CSP_NO_UNSAFE},
    {"default-src 'self'; script-src 'unsafe-inline' 'sha256-abc='", CSP_NO_UNSAFE},
    {"default-src 'self'; script-src 'nonce-a' 'strict-dynamic' https: 'unsafe-inline' http:",
     CSP_NO_UNSAFE},
    {"default-src 'self'; script-src 'nonce-a' 'strict-dynamic' data:", CSP_ALLOWS_INLINE_SCRIPT},
    {"default-src 'self'; script-src 'strict-dynamic'", CSP_INVALID},
    {"default-src 'self'; default-src 'self'", CSP_INVALID},
    {"default-src 'self'; report-uri /a; report-uri /b", CSP_NO_UNSAFE},
    {"", CSP_INVALID},
    {" ; ; ", CSP_INVALID},
    {"nonsense", CSP_INVALID},
};

static enum csp_verdict judge(const char *policy, bool https)
{
    struct csp c;
    csp_init(&c);
    csp_add(&c, str_c(policy), CSP_FIELD);
    return csp_judge(&c, https);
}

static void one_policy(void **state)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
        if (judge(verdicts[i].policy, true) != verdicts[i].verdict)
            fail_msg("%s: %d", verdicts[i].policy, judge(verdicts[i].policy, true));
}

static void http_pages(void **state)
{
    assert_int_equal(judge("default-src 'self'; img-src http:", false), CSP_NO_UNSAFE);
    assert_int_equal(judge("default-src 'self'; font-src http://a", false), CSP_NO_UNSAFE);
}

static void none_at_all(void **state)
{
    struct csp c;
    csp_init(&c);
    assert_int_equal(csp_judge(&c, true), CSP_NOT_IMPLEMENTED);
    csp_add(&c, STR("default-src 'none'"), CSP_REPORT_ONLY);
    assert_int_equal(csp_judge(&c, true), CSP_REPORTING_ONLY);
    assert_int_equal(c.policies, 0);
    assert_int_equal(c.report_only, 1);
}

static void policies_add_up(void **state)
{
    struct csp c;
    csp_init(&c);
    csp_add(&c, STR("default-src 'self' 'unsafe-inline'; object-src 'none'"), CSP_FIELD);
    assert_int_equal(csp_judge(&c, true), CSP_ALLOWS_INLINE_SCRIPT);
    csp_add(&c, STR("script-src 'self'; style-src 'self'"), CSP_FIELD);
    assert_int_equal(c.policies, 2);
    assert_int_equal(csp_judge(&c, true), CSP_NO_UNSAFE);
    csp_init(&c);
    csp_add(
        &c,
        STR("default-src 'self' 'unsafe-inline'; object-src 'none', script-src 'self'; style-src 'self',"),
        CSP_FIELD);
    assert_int_equal(c.policies, 2);
    assert_int_equal(csp_judge(&c, true), CSP_NO_UNSAFE);
    /* A directive that only one has is restricted by that one. */
    csp_init(&c);
    csp_add(&c, STR("frame-ancestors 'none', base-uri 'self'"), CSP_FIELD);
    assert_int_equal(c.sources[CSP_FRAME_ANCESTORS], 0);
    assert_int_equal(c.sources[CSP_BASE_URI], CSP_SELF);
    assert_true(c.sources[CSP_FORM_ACTION] & CSP_ANYTHING);
}

static void meta_policies(void **state)
{
    struct csp c;
    csp_init(&c);
    csp_add(&c, STR("frame-ancestors 'none'"), CSP_META);
    assert_int_equal(csp_judge(&c, true), CSP_NOT_IMPLEMENTED);
    assert_int_equal(c.faults, CSP_FAULT_META);
    csp_add(&c, STR("default-src 'none'"), CSP_META);
    assert_int_equal(csp_judge(&c, true), CSP_NO_UNSAFE_DEFAULT_NONE);
    assert_int_equal(c.in_field, 0);
    csp_add(&c, STR("frame-ancestors 'self'"), CSP_FIELD);
    assert_true(c.in_field >> CSP_FRAME_ANCESTORS & 1);
}

static void fallbacks(void **state)
{
    struct csp c;
    csp_init(&c);
    csp_add(&c, STR("script-src 'self'; default-src https://a.example"), CSP_FIELD);
    assert_int_equal(c.sources[CSP_SCRIPT_SRC_ELEM], CSP_SELF);
    assert_int_equal(c.sources[CSP_WORKER_SRC], CSP_SELF);
    assert_int_equal(c.sources[CSP_FRAME_SRC], CSP_HOST);
    assert_int_equal(c.sources[CSP_IMG_SRC], CSP_HOST);
    csp_init(&c);
    csp_add(&c, STR("child-src 'none'; script-src 'self'"), CSP_FIELD);
    assert_int_equal(c.sources[CSP_WORKER_SRC], 0);
    assert_int_equal(c.sources[CSP_FRAME_SRC], 0);
}

static void faults(void **state)
{
    static const struct {
        const char *policy;
        unsigned faults;
    } rows[] = {
        {"default-src self", CSP_FAULT_QUOTES},
        {"default-src unsafe-inline", CSP_FAULT_QUOTES},
        {"default-src none", CSP_FAULT_QUOTES},
        {"default-src 'none' 'self'", CSP_FAULT_NONE_MIXED},
        {"default-src 'self'; foo-src 'self'", CSP_FAULT_UNKNOWN},
        {"script-src 'strict-dynamic'", CSP_FAULT_NO_NONCE},
        {"img-src *; img-src 'none'", CSP_FAULT_DUPLICATE},
        {";", CSP_FAULT_EMPTY},
        {"upgrade-insecure-requests; sandbox", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct csp c;
        csp_init(&c);
        csp_add(&c, str_c(rows[i].policy), CSP_FIELD);
        if (c.faults != rows[i].faults)
            fail_msg("%s: %u", rows[i].policy, c.faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_policy),    cmocka_unit_test(http_pages),
        cmocka_unit_test(none_at_all),   cmocka_unit_test(policies_add_up),
        cmocka_unit_test(meta_policies), cmocka_unit_test(fallbacks),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
