/* The Observatory's score; see observatory.h. One function a test, in the order of the table. */
#include "audit/observatory.h"

#define SIX_MONTHS 15552000u /* seconds; 180 days, as the Observatory counts them */

static const struct observatory_row rows[OBSERVATORY_COUNT] = {
#define OBSERVATORY(id, name, points, reason) [OBSERVATORY_##id] = {name, points, reason},
#include "audit/observatory.def"
#undef OBSERVATORY
};

const struct observatory_row *observatory_row(enum observatory_id id)
{
    static const struct observatory_row none = {"", 0, ""};
    return id < OBSERVATORY_COUNT ? &rows[id] : &none;
}

static enum observatory_id judge_csp(const struct http_facts *f)
{
    static const enum observatory_id by_verdict[] = {
        [CSP_NOT_IMPLEMENTED] = OBSERVATORY_CSP_MISSING,
        [CSP_REPORTING_ONLY] = OBSERVATORY_CSP_REPORTING,
        [CSP_INVALID] = OBSERVATORY_CSP_INVALID,
        [CSP_ALLOWS_INLINE_SCRIPT] = OBSERVATORY_CSP_INLINE,
        [CSP_ALLOWS_HTTP] = OBSERVATORY_CSP_HTTP,
        [CSP_ALLOWS_EVAL] = OBSERVATORY_CSP_EVAL,
        [CSP_ALLOWS_HTTP_PASSIVE] = OBSERVATORY_CSP_HTTP_PASSIVE,
        [CSP_ALLOWS_INLINE_STYLE] = OBSERVATORY_CSP_STYLE_ONLY,
        [CSP_NO_UNSAFE] = OBSERVATORY_CSP_NO_UNSAFE,
        [CSP_NO_UNSAFE_DEFAULT_NONE] = OBSERVATORY_CSP_DEFAULT_NONE,
    };
    return by_verdict[csp_judge(&f->headers.csp, f->https)];
}

static enum observatory_id judge_hsts(const struct http_facts *f)
{
    const struct hsts_value *v = &f->headers.hsts; /* of the page, which may be another host's */
    if (f->hsts.preload != PRELOAD_UNKNOWN)
        return OBSERVATORY_HSTS_PRELOADED;
    if (!f->https)
        return OBSERVATORY_HSTS_NO_HTTPS;
    if (!f->cert_ok)
        return OBSERVATORY_HSTS_BAD_CERT;
    if (v->count == 0)
        return OBSERVATORY_HSTS_MISSING;
    if (!v->valid)
        return OBSERVATORY_HSTS_INVALID;
    return v->max_age < SIX_MONTHS ? OBSERVATORY_HSTS_SHORT : OBSERVATORY_HSTS_LONG;
}

/* Of two verdicts on cookies, the graver; the Observatory's own order, which is not that of points. */
static enum observatory_id graver(enum observatory_id a, enum observatory_id b)
{
    static const enum observatory_id order[] = {
        OBSERVATORY_COOKIES_SESSION_INSECURE,
        OBSERVATORY_COOKIES_SESSION_SCRIPT,
        OBSERVATORY_COOKIES_CSRF,
        OBSERVATORY_COOKIES_SAMESITE_INVALID,
        OBSERVATORY_COOKIES_SESSION_INSECURE_HSTS,
        OBSERVATORY_COOKIES_INSECURE,
        OBSERVATORY_COOKIES_INSECURE_HSTS,
        OBSERVATORY_COOKIES_SECURE,
    };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return OBSERVATORY_COOKIES_SAMESITE;
}

static enum observatory_id judge_cookie(const struct http_cookie *c, bool hsts)
{
    enum observatory_id id = OBSERVATORY_COOKIES_SAMESITE;
    if (c->same_site == SAME_SITE_ABSENT)
        id = graver(id, OBSERVATORY_COOKIES_SECURE);
    if (c->faults & (COOKIE_FAULT_SAME_SITE | COOKIE_FAULT_NONE_INSECURE))
        id = graver(id, OBSERVATORY_COOKIES_SAMESITE_INVALID);
    if (!c->secure)
        id = graver(id, hsts ? OBSERVATORY_COOKIES_INSECURE_HSTS : OBSERVATORY_COOKIES_INSECURE);
    if (c->csrf && c->same_site == SAME_SITE_ABSENT)
        id = graver(id, OBSERVATORY_COOKIES_CSRF);
    if (c->session_id && !c->secure)
        id = graver(id, hsts ? OBSERVATORY_COOKIES_SESSION_INSECURE_HSTS
                             : OBSERVATORY_COOKIES_SESSION_INSECURE);
    if (c->session_id && !c->http_only)
        id = graver(id, OBSERVATORY_COOKIES_SESSION_SCRIPT);
    return id;
}

static enum observatory_id judge_cookies(const struct http_facts *f)
{
    enum observatory_id hsts = judge_hsts(f), id = OBSERVATORY_COOKIES_SAMESITE;
    bool has_hsts = hsts == OBSERVATORY_HSTS_PRELOADED || hsts == OBSERVATORY_HSTS_LONG;
    if (f->ncookies == 0)
        return OBSERVATORY_COOKIES_NONE;
    for (size_t i = 0; i < f->ncookies; i++)
        id = graver(id, judge_cookie(&f->cookies[i], has_hsts));
    return id;
}

static enum observatory_id judge_cors(const struct http_facts *f)
{
    if (!f->cors.present)
        return OBSERVATORY_CORS_NONE;
    if (f->cors.star)
        return OBSERVATORY_CORS_PUBLIC;
    return f->cors.reflected && f->cors.credentials ? OBSERVATORY_CORS_UNIVERSAL
                                                    : OBSERVATORY_CORS_RESTRICTED;
}

static enum observatory_id judge_redirection(const struct http_facts *f)
{
    static const enum observatory_id by_verdict[] = {
        [REDIRECT_UNTESTED] = OBSERVATORY_REDIRECT_NO_HTTP,
        [REDIRECT_NO_HTTP] = OBSERVATORY_REDIRECT_NO_HTTP,
        [REDIRECT_TO_HTTPS] = OBSERVATORY_REDIRECT_HTTPS,
        [REDIRECT_PRELOADED] = OBSERVATORY_REDIRECT_PRELOADED,
        [REDIRECT_OFF_HOST] = OBSERVATORY_REDIRECT_OFF_HOST,
        [REDIRECT_LATE] = OBSERVATORY_REDIRECT_LATE,
        [REDIRECT_BAD_CERT] = OBSERVATORY_REDIRECT_BAD_CERT,
        [REDIRECT_NOT_HTTPS] = OBSERVATORY_REDIRECT_NOT_HTTPS,
        [REDIRECT_MISSING] = OBSERVATORY_REDIRECT_MISSING,
    };
    return by_verdict[f->redirect.verdict];
}

static enum observatory_id judge_referrer(const struct http_facts *f)
{
    enum referrer_policy p = f->headers.referrer;
    if (p == REFERRER_ABSENT)
        return OBSERVATORY_REFERRER_NONE;
    if (p == REFERRER_INVALID)
        return OBSERVATORY_REFERRER_INVALID;
    return p < REFERRER_ORIGIN ? OBSERVATORY_REFERRER_PRIVATE : OBSERVATORY_REFERRER_UNSAFE;
}

static enum observatory_id judge_sri(const struct http_facts *f)
{
    const struct html_facts *s = &f->scan;
    if (!f->html)
        return OBSERVATORY_SRI_NOT_HTML;
    if (s->scripts == 0)
        return OBSERVATORY_SRI_NO_SCRIPTS;
    if (s->foreign_insecure_bare)
        return OBSERVATORY_SRI_NEITHER;
    if (s->foreign_insecure_integrity)
        return OBSERVATORY_SRI_INSECURE;
    if (s->foreign_secure_bare)
        return OBSERVATORY_SRI_BARE;
    if (s->scripts_own_integrity)
        return OBSERVATORY_SRI_ALL;
    return s->scripts_foreign ? OBSERVATORY_SRI_EXTERNAL : OBSERVATORY_SRI_OWN_ONLY;
}

static enum observatory_id judge_nosniff(const struct http_facts *f)
{
    if (f->headers.nosniff == NOSNIFF_ABSENT)
        return OBSERVATORY_NOSNIFF_MISSING;
    return f->headers.nosniff == NOSNIFF_ON ? OBSERVATORY_NOSNIFF : OBSERVATORY_NOSNIFF_INVALID;
}

static enum observatory_id judge_frames(const struct http_facts *f)
{
    if (f->headers.csp.in_field >> CSP_FRAME_ANCESTORS & 1)
        return OBSERVATORY_FRAMES_CSP;
    switch (f->headers.frame_options) {
    case XFO_ABSENT: return OBSERVATORY_FRAMES_MISSING;
    case XFO_DENY:
    case XFO_SAMEORIGIN: return OBSERVATORY_FRAMES_DENIED;
    case XFO_ALLOW_FROM: return OBSERVATORY_FRAMES_ALLOW_FROM;
    default: return OBSERVATORY_FRAMES_INVALID;
    }
}

static enum observatory_id judge_corp(const struct http_facts *f)
{
    static const enum observatory_id by_value[] = {
        [CORP_ABSENT] = OBSERVATORY_CORP_NONE,
        [CORP_SAME_SITE] = OBSERVATORY_CORP_SAME_SITE,
        [CORP_SAME_ORIGIN] = OBSERVATORY_CORP_SAME_ORIGIN,
        [CORP_CROSS_ORIGIN] = OBSERVATORY_CORP_CROSS_ORIGIN,
        [CORP_INVALID] = OBSERVATORY_CORP_INVALID,
    };
    return by_value[f->headers.corp];
}

static enum observatory_id judge_coep(const struct http_facts *f)
{
    static const enum observatory_id by_value[] = {
        [COEP_ABSENT] = OBSERVATORY_COEP_NONE,
        [COEP_REQUIRE_CORP] = OBSERVATORY_COEP_REQUIRE_CORP,
        [COEP_CREDENTIALLESS] = OBSERVATORY_COEP_CREDENTIALLESS,
        [COEP_UNSAFE_NONE] = OBSERVATORY_COEP_UNSAFE_NONE,
        [COEP_INVALID] = OBSERVATORY_COEP_INVALID,
    };
    return by_value[f->headers.coep];
}

static enum observatory_id judge_coop(const struct http_facts *f)
{
    static const enum observatory_id by_value[] = {
        [COOP_ABSENT] = OBSERVATORY_COOP_NONE,
        [COOP_SAME_ORIGIN] = OBSERVATORY_COOP_SAME_ORIGIN,
        [COOP_SAME_ORIGIN_ALLOW_POPUPS] = OBSERVATORY_COOP_ALLOW_POPUPS,
        [COOP_NOOPENER_ALLOW_POPUPS] = OBSERVATORY_COOP_NOOPENER,
        [COOP_UNSAFE_NONE] = OBSERVATORY_COOP_UNSAFE_NONE,
        [COOP_INVALID] = OBSERVATORY_COOP_INVALID,
    };
    return by_value[f->headers.coop];
}

const char *observatory_grade(unsigned score)
{
    static const struct {
        unsigned from;
        const char *grade;
    } grades[] = {{100, "A+"}, {90, "A"}, {85, "A-"}, {80, "B+"}, {70, "B"}, {65, "B-"},
                  {60, "C+"},  {50, "C"}, {45, "C-"}, {40, "D+"}, {30, "D"}, {25, "D-"}};
    for (size_t i = 0; i < sizeof grades / sizeof *grades; i++)
        if (score >= grades[i].from)
            return grades[i].grade;
    return "F";
}

void observatory_sum(struct observatory *ret)
{
    ret->penalties = ret->bonuses = 0;
    for (size_t i = 0; i < OBSERVATORY_TESTS; i++) {
        int points = observatory_row(ret->verdicts[i])->points;
        ret->penalties += points < 0 ? points : 0;
        ret->bonuses += points > 0 ? points : 0;
    }
    int score = 100 + ret->penalties;
    ret->bonus_counts = score >= 90;
    if (ret->bonus_counts)
        score += ret->bonuses;
    ret->score = score < 0 ? 0 : (unsigned)(score - score % 5);
    ret->grade = observatory_grade(ret->score);
}

static enum observatory_id (*const tests[OBSERVATORY_TESTS])(const struct http_facts *) = {
    [OBSERVATORY_TEST_CSP] = judge_csp,
    [OBSERVATORY_TEST_COOKIES] = judge_cookies,
    [OBSERVATORY_TEST_CORS] = judge_cors,
    [OBSERVATORY_TEST_REDIRECTION] = judge_redirection,
    [OBSERVATORY_TEST_REFERRER] = judge_referrer,
    [OBSERVATORY_TEST_HSTS] = judge_hsts,
    [OBSERVATORY_TEST_SRI] = judge_sri,
    [OBSERVATORY_TEST_NOSNIFF] = judge_nosniff,
    [OBSERVATORY_TEST_FRAMES] = judge_frames,
    [OBSERVATORY_TEST_CORP] = judge_corp,
    [OBSERVATORY_TEST_COEP] = judge_coep,
    [OBSERVATORY_TEST_COOP] = judge_coop,
};

void observatory_judge(struct observatory *ret, const struct http_facts *facts)
{
    for (size_t i = 0; i < OBSERVATORY_TESTS; i++)
        ret->verdicts[i] = tests[i](facts);
    observatory_sum(ret);
}
