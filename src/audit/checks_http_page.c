/* HTTP checks: cookies, and what the page loads and sends. */
#include "audit/checks_http_part.h"

/* ---- cookies ---- */

static const struct {
    enum http_cookie_fault fault;
    const char *text;
} cookie_faults[] = {
    {COOKIE_FAULT_HOST_PREFIX, "__Host- needs Secure, Path=/ and no Domain"},
    {COOKIE_FAULT_SECURE_PREFIX, "__Secure- needs Secure"},
    {COOKIE_FAULT_NONE_INSECURE, "SameSite=None needs Secure"},
    {COOKIE_FAULT_PARTITIONED, "Partitioned needs Secure"},
    {COOKIE_FAULT_SIZE, "it is larger than 4096 bytes"},
    {COOKIE_FAULT_DOMAIN, "its Domain is not this host's"},
};

static void judge_cookie(const struct http_cookie *c, bool hsts, struct say *say)
{
    struct str name = say_cut(say->f, c->name);
    bool session = c->session_id || c->known;
    if (!c->secure)
        say_bad(say,
                session && !hsts   ? SEVERITY_HIGH
                : session || !hsts ? SEVERITY_MEDIUM
                                   : SEVERITY_LOW,
                "%.*s has no Secure: it is sent over http, too.", STR_ARG(name));
    if (session && !c->http_only)
        say_bad(say, SEVERITY_MEDIUM, "%.*s has no HttpOnly: scripts can read the session.",
                STR_ARG(name));
    if (c->same_site == SAME_SITE_INVALID)
        say_bad(say, SEVERITY_LOW, "%.*s has a SameSite that browsers do not know.", STR_ARG(name));
    if (c->same_site == SAME_SITE_ABSENT)
        say_bad(say, session || c->csrf ? SEVERITY_LOW : SEVERITY_INFO,
                "%.*s has no SameSite: not all browsers take it for Lax.", STR_ARG(name));
    for (size_t i = 0; i < sizeof cookie_faults / sizeof *cookie_faults; i++)
        if (c->faults & cookie_faults[i].fault)
            say_bad(say, SEVERITY_LOW, "Browsers refuse %.*s: %s.", STR_ARG(name),
                    cookie_faults[i].text);
}

void check_cookies(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = v->http;
    struct say say;
    say_init(&say, ret);
    say.evidence = v->https_evidence;
    for (size_t i = 0; f && i < f->ncookies; i++)
        judge_cookie(&f->cookies[i], f->hsts.value.valid && f->hsts.value.max_age, &say);
    if (f && f->ncookies)
        say_fine(&say, "%zu cookies, all as they should be.", f->ncookies);
    else if (f && f->https)
        say_fine(&say, "No cookies are set.");
    say_end(&say, "No answer was seen.");
}

/* ---- what is loaded ---- */

/* The first example of a kind, for the detail. */
static struct str example(const struct finding *f, const struct html_facts *h,
                          enum html_problem problem)
{
    for (size_t i = 0; i < h->nrefs; i++)
        if (h->refs[i].problem == problem)
            return say_cut(f, h->refs[i].url);
    return STR("an address that is not kept");
}

/* The page as HTML; false: the finding is ended. */
static bool html_page(const struct audit_view *v, struct finding *ret,
                      const struct http_facts **page)
{
    *page = check_http_page(v, ret);
    if (!*page)
        return false;
    if (!(*page)->html)
        finding_safe(ret, "The answer has no HTML, so it loads and sends nothing.");
    return (*page)->html;
}

/* Only what came could be looked at. */
static void tell_cut(const struct http_facts *f, struct say *say)
{
    if (f->page->truncated || f->page->body_bytes > f->page->body.n)
        say_unknown(say, "Nothing in the first %zu bytes; the page is longer, or was cut.",
                    f->page->body.n);
}

void check_sri(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f;
    struct say say;
    say_init(&say, ret);
    if (!html_page(v, ret, &f))
        return;
    const struct html_facts *h = &f->scan;
    struct str script = example(ret, h, HTML_FOREIGN_SCRIPT);
    unsigned bare = h->foreign_secure_bare + h->foreign_insecure_bare;
    if (bare)
        say_bad(&say, SEVERITY_LOW, "%u scripts of other sites without integrity: %.*s.", bare,
                STR_ARG(script));
    if (h->integrity_bad)
        say_bad(&say, SEVERITY_LOW, "%u integrity values that browsers ignore.", h->integrity_bad);
    if (h->foreign_no_crossorigin)
        say_bad(&say, SEVERITY_LOW,
                "%u scripts with integrity but without crossorigin: never loaded.",
                h->foreign_no_crossorigin);
    if (h->styles_foreign > h->styles_foreign_integrity)
        say_bad(&say, SEVERITY_INFO, "%u style sheets of other sites without integrity.",
                h->styles_foreign - h->styles_foreign_integrity);
    tell_cut(f, &say);
    if (h->scripts_foreign)
        say_fine(&say, "%u scripts of other sites, all with integrity.", h->scripts_foreign);
    else
        say_fine(&say, "No scripts of other sites.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

void check_mixed_content(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f;
    struct say say;
    say_init(&say, ret);
    if (!html_page(v, ret, &f))
        return;
    const struct html_facts *h = &f->scan;
    bool upgraded = csp_has(&f->headers.csp, CSP_UPGRADE_INSECURE_REQUESTS);
    struct str active = example(ret, h, HTML_MIXED_ACTIVE),
               passive = example(ret, h, HTML_MIXED_PASSIVE);
    const char *but = upgraded ? " (upgraded by CSP)" : "";
    if (h->mixed_active)
        say_bad(&say, upgraded ? SEVERITY_INFO : SEVERITY_MEDIUM,
                "%u scripts, styles or frames over http:%s: %.*s.", h->mixed_active, but,
                STR_ARG(active));
    if (h->mixed_passive)
        say_bad(&say, upgraded ? SEVERITY_INFO : SEVERITY_LOW,
                "%u images or media over http:%s: %.*s.", h->mixed_passive, but, STR_ARG(passive));
    if (h->base_http)
        say_bad(&say, SEVERITY_MEDIUM, "<base> makes all relative addresses http:.");
    if (h->refresh_http)
        say_bad(&say, SEVERITY_MEDIUM, "A refresh leads to http:.");
    tell_cut(f, &say);
    say_fine(&say, "Nothing is loaded over http:.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

void check_http_forms(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f;
    struct say say;
    say_init(&say, ret);
    if (!html_page(v, ret, &f))
        return;
    struct str form = example(ret, &f->scan, HTML_MIXED_FORM);
    if (f->scan.passwords_exposed)
        say_bad(&say, SEVERITY_HIGH, "%u password fields are sent over http:.",
                f->scan.passwords_exposed);
    if (f->scan.mixed_forms)
        say_bad(&say, SEVERITY_MEDIUM, "%u forms send over http: %.*s.", f->scan.mixed_forms,
                STR_ARG(form));
    tell_cut(f, &say);
    say_fine(&say, "No form sends over http:.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}
