/* HTTP checks: the way from http to https, and what keeps a visitor there. */
#include "audit/checks_http_part.h"

#include "audit/cert_host.h"

#include <inttypes.h>

enum { HSTS_LEAST = 15768000 /* s: six months */, DAY = 86400 };

static bool is_address(const struct audit_view *v)
{
    return cert_host_ip(v->host, (unsigned char[16]){0}) != 0;
}

/* ---- redirect ---- */

static const struct {
    bool bad;
    enum severity severity;
    const char *text;
} redirects[] = {
    [REDIRECT_NO_HTTP] = {false, SEVERITY_INFO, "Nothing answers http: nothing can be redirected."},
    [REDIRECT_TO_HTTPS] = {false, SEVERITY_INFO, "http leads to https on the same host at once."},
    [REDIRECT_PRELOADED] = {false, SEVERITY_INFO, "Browsers never ask this name over http."},
    [REDIRECT_OFF_HOST] = {true, SEVERITY_LOW,
                           "http leads to https on another host at once, so that "
                           "HSTS of this one is never learnt."},
    [REDIRECT_LATE] = {true, SEVERITY_MEDIUM,
                       "The first redirect is not to https; a later one is."},
    [REDIRECT_BAD_CERT] = {true, SEVERITY_MEDIUM,
                           "The redirect leads to a certificate that browsers "
                           "refuse."},
    [REDIRECT_NOT_HTTPS] = {true, SEVERITY_HIGH, "http is redirected, but never to https."},
    [REDIRECT_MISSING] = {true, SEVERITY_HIGH,
                          "http is answered with a page, not with a redirect."},
};

static void redirect_extras(const struct redirect_facts *r, struct say *say)
{
    if (r->loop)
        say_bad(say, SEVERITY_MEDIUM, "The redirects do not end (%zu followed).", r->hops);
    if (r->cookies)
        say_bad(say, SEVERITY_MEDIUM, "Cookies are set over http.");
    if (r->back_to_http)
        say_bad(say, SEVERITY_HIGH, "https leads back to http.");
    if (r->hsts)
        say_bad(say, SEVERITY_INFO, "HSTS is sent over http, where browsers ignore it.");
    if (r->verdict == REDIRECT_TO_HTTPS && !r->permanent)
        say_fine(say, "Its status is %u; 301 or 308 would be kept.", r->first_status);
}

void check_redirect(const struct audit_view *v, struct finding *ret)
{
    const struct redirect_facts *r = v->http ? &v->http->redirect : NULL;
    struct say say;
    say_init(&say, ret);
    say.evidence = v->plain_evidence;
    if (r && r->verdict != REDIRECT_UNTESTED) {
        if (redirects[r->verdict].bad)
            say_bad(&say, redirects[r->verdict].severity, "%s", redirects[r->verdict].text);
        else
            say_fine(&say, "%s", redirects[r->verdict].text);
    }
    if (r)
        redirect_extras(r, &say);
    say_end(&say, "Port 80 was not asked.");
}

/* ---- HSTS ---- */

static const char *hsts_fault(const struct hsts_value *h)
{
    if (h->faults & HSTS_FAULT_MAX_AGE)
        return "its max-age is no number";
    if (h->faults & HSTS_FAULT_DUPLICATE)
        return "a directive stands twice";
    if (h->faults & HSTS_FAULT_GRAMMAR)
        return "it is no list of directives";
    return "it has no max-age";
}

static void judge_value(const struct hsts_value *h, struct say *say)
{
    uint64_t days = h->max_age / DAY;
    if (!h->valid)
        say_bad(say, SEVERITY_MEDIUM, "Browsers ignore the field: %s.", hsts_fault(h));
    else if (h->max_age == 0)
        say_bad(say, SEVERITY_MEDIUM, "max-age=0 makes browsers forget it.");
    else if (h->max_age < HSTS_YEAR)
        say_bad(say, h->max_age < HSTS_LEAST ? SEVERITY_LOW : SEVERITY_INFO,
                "max-age is %" PRIu64 " seconds (%" PRIu64 " days); a year is advised.", h->max_age,
                days);
    else
        say_fine(say, "%" PRIu64 " days%s%s.", days,
                 h->include_subdomains ? ", with subdomains" : ", without subdomains",
                 h->preload ? ", preload" : "");
    if (h->valid && h->faults & HSTS_FAULT_SEVERAL)
        say_bad(say, SEVERITY_INFO, "The field is sent %u times; the first counts.", h->count);
}

void check_hsts(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    const struct hsts_facts *h = &f->hsts;
    if (is_address(v)) {
        finding_untestable(ret, "The target is an address: HSTS holds for names only.");
        return;
    }
    if (h->answers && h->value.count == 0)
        say_bad(&say, SEVERITY_MEDIUM, "No Strict-Transport-Security.");
    else if (h->answers)
        judge_value(&h->value, &say);
    if (h->missing && h->missing < h->answers)
        say_bad(&say, SEVERITY_LOW, "It is missing in %u of %u answers of this host.", h->missing,
                h->answers);
    if (h->answers && h->value.valid && !f->cert_ok)
        say_bad(&say, SEVERITY_INFO, "Browsers learn it only once the certificate is trusted.");
    say_end(&say, "No answer of this host was seen over https.");
}

/* ---- preload ---- */

static const struct {
    enum preload_missing what;
    const char *text;
} preload_needs[] = {
    {PRELOAD_NO_HSTS, "HSTS"},
    {PRELOAD_MAX_AGE, "max-age of a year"},
    {PRELOAD_SUBDOMAINS, "includeSubDomains"},
    {PRELOAD_DIRECTIVE, "preload"},
    {PRELOAD_CERT, "a trusted certificate"},
    {PRELOAD_REDIRECT, "a redirect from http to https of the same host"},
};

void check_hsts_preload(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = v->http;
    if (f && f->hsts.preload == PRELOAD_TLD) {
        finding_safe(ret, "Its whole top-level domain is preloaded: browsers never ask over http.");
        return;
    }
    if (v->internal || is_address(v)) {
        finding_untestable(ret, "Internal names and addresses cannot be preloaded.");
        return;
    }
    f = check_http_page(v, ret);
    if (!f)
        return;
    if (f->hsts.preload_missing & PRELOAD_NOT_BASE) {
        finding_untestable(
            ret, "Only the name above can be preloaded. Whether it is cannot be said: the "
                 "list is not part of this program.");
        return;
    }
    struct str text = STR_NONE;
    for (size_t i = 0; i < sizeof preload_needs / sizeof *preload_needs; i++)
        if (f->hsts.preload_missing & preload_needs[i].what)
            text = arena_printf(ret->arena, "%.*s%s%s", STR_ARG(text), text.n ? ", " : "",
                                preload_needs[i].text);
    if (text.n)
        finding_bad(ret, "Not ready for the preload list; missing: %.*s.", STR_ARG(text));
    else
        finding_untestable(
            ret, "Ready for the preload list. Whether it is on it cannot be said: the list "
                 "is not part of this program, but for whole top-level domains.");
}

/* ---- the one verdict ---- */

static const char *first_step(const struct redirect_facts *r)
{
    switch (r->verdict) {
    case REDIRECT_UNTESTED: return "Port 80 was not asked";
    case REDIRECT_NO_HTTP: return "Port 80 is closed, which an attacker can change";
    case REDIRECT_TO_HTTPS:
    case REDIRECT_PRELOADED: return "http is redirected at once";
    case REDIRECT_OFF_HOST: return "http is redirected to another host";
    case REDIRECT_LATE: return "http is redirected late";
    case REDIRECT_BAD_CERT: return "http is redirected to a certificate that browsers refuse";
    case REDIRECT_NOT_HTTPS:
    case REDIRECT_MISSING: return "http is not redirected to https";
    }
    return "Port 80 was not asked";
}

static void judge_stripping(const struct audit_view *v, struct say *say)
{
    const struct http_facts *f = v->http;
    const struct hsts_facts *h = &f->hsts;
    const char *first = first_step(&f->redirect);
    bool open =
        f->redirect.verdict == REDIRECT_MISSING || f->redirect.verdict == REDIRECT_NOT_HTTPS;
    enum severity always = open ? SEVERITY_HIGH : SEVERITY_MEDIUM;
    const char *below =
        h->value.include_subdomains
            ? ""
            : " Subdomains are not covered (includeSubDomains), so a false one can set "
              "cookies for this.";
    switch (h->stripping) {
    case STRIPPING_UNTESTED: break;
    case STRIPPING_NONE:
        say_fine(say, "Preloaded: browsers ask over https from the first visit on.");
        break;
    case STRIPPING_FIRST_VISIT:
        say_bad(say, SEVERITY_INFO,
                "Only the first visit can be stripped: %s, and HSTS holds for %" PRIu64
                " days on every "
                "answer.%s",
                first, h->value.max_age / DAY, below);
        break;
    case STRIPPING_OFTEN:
        say_bad(say, SEVERITY_LOW,
                "Visits can be stripped again and again: %s, but HSTS holds for %" PRIu64
                " days only or "
                "is missing in %u of %u answers.%s",
                first, h->value.max_age / DAY, h->missing, h->answers, below);
        break;
    case STRIPPING_ALWAYS:
        say_bad(say, v->internal ? SEVERITY_LOW : always,
                "Every visit that begins with http can be stripped: %s, and there is no HSTS.",
                first);
        break;
    }
}

void check_stripping(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    say.evidence = v->https_evidence;
    if (is_address(v))
        say_unknown(&say, "The target is an address: nothing can keep browsers on https there.");
    else if (v->http)
        judge_stripping(v, &say);
    say_end(&say, CHECK_HTTP_NO_PAGE);
}
