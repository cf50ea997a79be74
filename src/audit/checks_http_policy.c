/* HTTP checks: the page's security fields, by what they say rather than whether they are there. */
#include "audit/checks_http_part.h"

#include "audit/observatory.h"

/* ---- Content-Security-Policy ---- */

static const struct {
    enum severity severity;
    const char *text; /* NULL: fine */
} csps[] = {
    [CSP_NOT_IMPLEMENTED] = {SEVERITY_LOW, "No Content-Security-Policy."},
    [CSP_REPORTING_ONLY] = {SEVERITY_LOW, "The policy only reports; nothing is enforced."},
    [CSP_INVALID] = {SEVERITY_LOW, "The policy cannot be read."},
    [CSP_ALLOWS_INLINE_SCRIPT] = {SEVERITY_LOW,
                                  "The policy allows inline scripts, data: or any host for "
                                  "scripts, which is what it should prevent."},
    [CSP_ALLOWS_HTTP] = {SEVERITY_LOW, "The policy allows scripts or frames over http:."},
    [CSP_ALLOWS_EVAL] = {SEVERITY_LOW, "The policy allows 'unsafe-eval'."},
    [CSP_ALLOWS_HTTP_PASSIVE] = {SEVERITY_INFO, "The policy allows images or media over http:."},
    [CSP_ALLOWS_INLINE_STYLE] = {SEVERITY_INFO, "The policy allows inline styles."},
    [CSP_NO_UNSAFE] = {SEVERITY_INFO, NULL},
    [CSP_NO_UNSAFE_DEFAULT_NONE] = {SEVERITY_INFO, NULL},
};

static const struct {
    enum csp_fault fault;
    const char *text;
} csp_faults[] = {
    {CSP_FAULT_DUPLICATE, "a directive stands twice, and browsers ignore the second"},
    {CSP_FAULT_UNKNOWN, "it has a directive that nobody knows"},
    {CSP_FAULT_META, "<meta> holds directives that count only in a field"},
    {CSP_FAULT_NONE_MIXED, "'none' stands beside other sources, and is ignored"},
    {CSP_FAULT_QUOTES, "a keyword lacks its quotes, so it is read as a host"},
    {CSP_FAULT_NO_NONCE, "'strict-dynamic' stands without nonce or hash: no script runs"},
};

void check_csp(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    enum csp_verdict verdict = csp_judge(&f->headers.csp, true);
    if (verdict == CSP_NOT_IMPLEMENTED && !f->headers.html)
        say_fine(&say, "No policy; the answer is not HTML, so there is little to restrict.");
    else if (csps[verdict].text)
        say_bad(&say, csps[verdict].severity, "%s", csps[verdict].text);
    for (size_t i = 0; i < sizeof csp_faults / sizeof *csp_faults; i++)
        if (f->headers.csp.faults & csp_faults[i].fault)
            say_bad(&say, SEVERITY_INFO, "A slip in the policy: %s.", csp_faults[i].text);
    say_fine(&say, "The policy allows neither inline scripts nor eval.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

/* ---- framing ---- */

static bool ancestors_bound(const struct csp *c)
{
    return csp_has(c, CSP_FRAME_ANCESTORS) && (c->in_field >> CSP_FRAME_ANCESTORS & 1) &&
           !(c->sources[CSP_FRAME_ANCESTORS] & (CSP_ANYTHING | CSP_BROAD));
}

void check_frame_options(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    enum frame_options x = f->headers.frame_options;
    if (ancestors_bound(&f->headers.csp))
        say_fine(&say, "CSP says who may frame it (frame-ancestors).");
    else if (f->headers.frame_options_several)
        say_bad(&say, SEVERITY_LOW, "X-Frame-Options has several values that contradict.");
    else if (x == XFO_DENY || x == XFO_SAMEORIGIN)
        say_fine(&say, "X-Frame-Options: %s.", x == XFO_DENY ? "DENY" : "SAMEORIGIN");
    else if (x == XFO_ALLOW_FROM)
        say_bad(&say, SEVERITY_LOW, "X-Frame-Options: ALLOW-FROM, which browsers ignore.");
    else if (x == XFO_INVALID)
        say_bad(&say, SEVERITY_LOW, "X-Frame-Options has no value that browsers know.");
    else if (!f->headers.html)
        say_fine(&say, "Not HTML: nothing to click on in a frame.");
    else
        say_bad(&say, SEVERITY_LOW, "Any site may show it in a frame (clickjacking).");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

/* ---- single fields ---- */

void check_content_type_options(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    if (f->headers.nosniff == NOSNIFF_ON)
        finding_safe(ret, "nosniff.");
    else if (f->headers.nosniff == NOSNIFF_INVALID)
        finding_bad(ret, "X-Content-Type-Options is not \"nosniff\".");
    else
        finding_bad(ret, "No X-Content-Type-Options: browsers may guess types.");
}

void check_referrer_policy(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    enum referrer_policy p = f->headers.referrer;
    ret->severity = p == REFERRER_ABSENT ? SEVERITY_INFO : SEVERITY_LOW;
    if (p == REFERRER_ABSENT)
        finding_bad(ret, "None; browsers of today keep paths from other sites by themselves.");
    else if (p == REFERRER_INVALID)
        finding_bad(ret, "No value that browsers know.");
    else if (p >= REFERRER_ORIGIN)
        finding_bad(ret, "%s tells other sites, or http:, too much.",
                    http_headers_referrer_name(p));
    else
        finding_safe(ret, "%s.", http_headers_referrer_name(p));
}

void check_permissions_policy(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    const struct permissions_value *p = &f->headers.permissions;
    if (p->present && p->invalid)
        say_bad(&say, SEVERITY_LOW,
                "Permissions-Policy cannot be read: browsers ignore all of it.");
    else if (p->feature_policy)
        say_bad(&say, SEVERITY_INFO,
                "Only Feature-Policy, the old name, which browsers have given up.");
    else if (!p->present && f->headers.html)
        say_bad(&say, SEVERITY_INFO,
                "No Permissions-Policy: the page may ask for camera, microphone and "
                "place.");
    if (p->everyone)
        say_bad(&say, SEVERITY_LOW, "A powerful feature is given to every frame (*).");
    if (p->present)
        say_fine(&say, "%u features are restricted.", p->directives);
    else
        say_fine(&say, "Not HTML: it has nothing to ask for.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

void check_cross_origin(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    const struct http_headers *h = &f->headers;
    if (h->coop == COOP_INVALID)
        say_bad(&say, SEVERITY_LOW, "Cross-Origin-Opener-Policy has no value that browsers know.");
    if (h->coep == COEP_INVALID)
        say_bad(&say, SEVERITY_LOW,
                "Cross-Origin-Embedder-Policy has no value that browsers know.");
    if (h->corp == CORP_INVALID)
        say_bad(&say, SEVERITY_LOW,
                "Cross-Origin-Resource-Policy has no value that browsers know.");
    if (h->coop == COOP_UNSAFE_NONE || (h->coop == COOP_ABSENT && h->html))
        say_bad(&say, SEVERITY_INFO,
                "No Cross-Origin-Opener-Policy: windows that open it keep a handle.");
    say_fine(&say, "Opener policy %s, embedder policy %s, resource policy %s.",
             h->coop == COOP_ABSENT ? "absent" : "set", h->coep == COEP_ABSENT ? "absent" : "set",
             h->corp == CORP_ABSENT ? "absent" : "set");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

void check_cors(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    const struct cors_value *c = &f->cors;
    bool anybody = c->reflected || c->null_origin;
    if (anybody && c->credentials)
        say_bad(&say, SEVERITY_HIGH,
                "Every site may read the answers that a visitor's cookies bring: %s "
                "is allowed, with credentials.",
                c->reflected ? "the origin that asks" : "the origin null");
    else if (anybody)
        say_bad(&say, SEVERITY_LOW,
                "The origin that asks is allowed whatever it is; * would say the same.");
    if (c->star && c->credentials)
        say_bad(&say, SEVERITY_LOW, "* together with credentials: browsers refuse that.");
    if (c->several)
        say_bad(&say, SEVERITY_LOW, "More than one origin in the field: browsers refuse that.");
    if (!c->present)
        say_fine(&say, "Other sites may not read the answers.");
    else if (c->star)
        say_fine(&say, "Public: every site may read it, without credentials.");
    else
        say_fine(&say, "Certain other sites may read the answers.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

/* ---- together ---- */

void check_security_headers(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct observatory o;
    struct str text = STR_NONE;
    if (!f)
        return;
    const struct http_headers *h = &f->headers;
    const struct {
        bool missing;
        const char *name;
    } all[] = {
        {!f->hsts.value.valid, "Strict-Transport-Security"},
        {h->html && h->csp.policies == 0, "Content-Security-Policy"},
        {h->html && h->frame_options == XFO_ABSENT && !ancestors_bound(&h->csp), "X-Frame-Options"},
        {h->nosniff != NOSNIFF_ON, "X-Content-Type-Options"},
        {h->html && h->referrer == REFERRER_ABSENT, "Referrer-Policy"},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].missing)
            text = arena_printf(ret->arena, "%.*s%s%s", STR_ARG(text), text.n ? ", " : "",
                                all[i].name);
    observatory_judge(&o, f);
    if (text.n)
        finding_bad(ret, "HTTP Observatory %s (%u points). Missing: %.*s.", o.grade, o.score,
                    STR_ARG(text));
    else if (h->xss == XSS_FILTER)
        finding_bad(
            ret,
            "HTTP Observatory %s (%u points). X-XSS-Protection switches on a filter that old "
            "browsers can be attacked through.",
            o.grade, o.score);
    else
        finding_safe(ret, "HTTP Observatory %s (%u points). None of the usual fields is missing.",
                     o.grade, o.score);
}
