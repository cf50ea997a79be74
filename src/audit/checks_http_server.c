/* HTTP checks: what the answers say of the server behind them. */
#include "audit/checks_http_part.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SKEW_NOTABLE = 60, SKEW_HARMFUL = 300, DAY = 86400 };

void check_banners(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    for (size_t i = 0; i < f->headers.nbanners; i++) {
        const struct banner *b = &f->headers.banners[i];
        struct str name = say_cut(ret, b->name), value = say_cut(ret, b->value);
        if (b->version)
            say_bad(&say, SEVERITY_LOW, "%.*s tells a version: %.*s.", STR_ARG(name),
                    STR_ARG(value));
        else
            say_fine(&say, "%.*s: %.*s, without a version.", STR_ARG(name), STR_ARG(value));
    }
    say_fine(&say, "No field tells a version.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}

void check_clock_skew(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    const struct http_headers *h = &f->headers;
    uint64_t off = h->skew < 0 ? 0 - (uint64_t)h->skew : (uint64_t)h->skew;
    ret->severity = off > DAY ? SEVERITY_MEDIUM : off > SKEW_HARMFUL ? SEVERITY_LOW : SEVERITY_INFO;
    if (h->has_date && h->date_invalid) {
        ret->severity = SEVERITY_LOW;
        finding_bad(ret, "Its Date cannot be read.");
    } else if (!h->has_date)
        finding_untestable(ret, "The answer has no Date.");
    else if (off > SKEW_NOTABLE)
        finding_bad(ret, "Its clock is %" PRIu64 " seconds %s of this one.", off,
                    h->skew < 0 ? "behind" : "ahead");
    else
        finding_safe(ret, "Its clock is right, within %" PRIu64 " seconds.", off);
}

void check_hpkp(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    const struct hpkp_value *h = &f->headers.hpkp;
    ret->severity = h->report_only ? SEVERITY_INFO : SEVERITY_LOW;
    if (h->present)
        finding_bad(ret,
                    "%u pins for %" PRIu64
                    " seconds%s: browsers have given HPKP up, and old ones can be "
                    "locked out by it.",
                    h->pins, h->max_age, h->report_only ? ", only reporting" : "");
    else
        finding_safe(ret, "Not sent.");
}

void check_expect_ct(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    if (f->headers.expect_ct.present)
        finding_bad(ret, "Expect-CT is sent; browsers demand transparency without it now.");
    else
        finding_safe(ret, "Not sent.");
}

void check_breach(const struct audit_view *v, struct finding *ret)
{
    enum breach b = v->http ? v->http->breach : BREACH_UNTESTED;
    ret->evidence = v->coded_evidence;
    switch (b) {
    case BREACH_UNTESTED:
        finding_untestable(ret, "No answer with compression offered was seen.");
        break;
    case BREACH_NOT_COMPRESSED: finding_safe(ret, "The page is not compressed."); break;
    case BREACH_STATIC:
        finding_safe(
            ret, "The page is compressed, but neither sets cookies nor gives back what was asked.");
        break;
    case BREACH_COOKIES:
        ret->severity = SEVERITY_LOW;
        finding_bad(
            ret, "The page is compressed and made for its visitor (it sets cookies). If it holds a "
                 "secret beside what others can put in, that can be guessed.");
        break;
    case BREACH_REFLECTS:
        finding_bad(
            ret, "The page is compressed and gives back what stands in the address: secrets in it "
                 "can be guessed by the length.");
        break;
    }
}

void check_truncation(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    if (!f)
        return;
    switch (f->truncation) {
    case TRUNCATION_UNTESTED: finding_untestable(ret, "The answer was cut or not readable."); break;
    case TRUNCATION_SAFE: finding_safe(ret, "The answer tells its length."); break;
    case TRUNCATION_CLOSE_NOTIFY:
        finding_safe(ret, "The answer tells no length, but TLS announces its end (close_notify).");
        break;
    case TRUNCATION_POSSIBLE:
        finding_bad(
            ret,
            "The answer tells no length and ends without close_notify: somebody in between can "
            "cut it unnoticed.");
        break;
    }
}

void check_opossum(const struct audit_view *v, struct finding *ret)
{
    enum opossum o = v->http ? v->http->opossum : OPOSSUM_UNTESTED;
    ret->evidence = v->upgrade_evidence;
    if (o == OPOSSUM_VULNERABLE)
        finding_bad(ret,
                    "Port %u upgrades to TLS in the clear (RFC 2817): answers over https can be "
                    "exchanged.",
                    v->plain_port);
    else if (o == OPOSSUM_SAFE)
        finding_safe(ret, "Plain http does not upgrade to TLS.");
    else
        finding_untestable(ret, "Port 80 gave no answer to the request.");
}

static const struct {
    enum http_sloppy what;
    const char *text;
} slips[] = {
    {HTTP_SLOPPY_STATUS, "the status line"},
    {HTTP_SLOPPY_NEWLINE, "line ends without CR, or empty lines in front"},
    {HTTP_SLOPPY_FOLD, "folded lines"},
    {HTTP_SLOPPY_COLON, "space before a colon"},
    {HTTP_SLOPPY_LINE, "a line that is no field"},
    {HTTP_SLOPPY_CONTROL, "control characters in a value"},
    {HTTP_SLOPPY_MANY, "more than 256 fields"},
    {HTTP_SLOPPY_LENGTH, "lengths that contradict each other"},
};

void check_http_lenient(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct str text = STR_NONE;
    if (!f)
        return;
    for (size_t i = 0; i < sizeof slips / sizeof *slips; i++)
        if (f->page->sloppy & slips[i].what)
            text = arena_printf(ret->arena, "%.*s%s%s", STR_ARG(text), text.n ? ", " : "",
                                slips[i].text);
    ret->severity = f->page->sloppy & HTTP_SLOPPY_LENGTH ? SEVERITY_MEDIUM : SEVERITY_LOW;
    if (text.n)
        finding_bad(ret,
                    "The answer is not strict HTTP, which proxies read in different ways: %.*s.",
                    STR_ARG(text));
    else if (f->page->end == HTTP_END_CUT)
        finding_untestable(ret, "The answer was cut.");
    else
        finding_safe(ret, "The answer is strict HTTP.");
}

/* Whether UDP keeps what the field promises. */
static void judge_h3(const struct audit_view *v, const struct alt_svc_value *a, struct say *say)
{
    struct str host = say_cut(say->f, a->h3_host);
    if (a->h3_host.n && !str_ieq(a->h3_host, v->host))
        say_unknown(say, "HTTP/3 is promised at another host, which was not asked: %.*s.",
                    STR_ARG(host));
    else if (!v->quic || v->quic->h3 == KNOWN_NOT)
        say_unknown(say, "HTTP/3 is promised at UDP port %u, which was not asked.", a->h3_port);
    else if (a->h3_port != v->port)
        say_unknown(say, "HTTP/3 is promised at UDP port %u; %u was asked.", a->h3_port, v->port);
    else if (v->quic->h3 == KNOWN_YES)
        say_fine(say, "HTTP/3 is promised, and answers.");
    else
        say_bad(say, SEVERITY_LOW, "HTTP/3 is promised at UDP port %u, but does not answer.",
                a->h3_port);
}

void check_alt_svc(const struct audit_view *v, struct finding *ret)
{
    const struct http_facts *f = check_http_page(v, ret);
    struct say say;
    say_init(&say, ret);
    if (!f)
        return;
    const struct alt_svc_value *a = &f->headers.alt_svc;
    if (a->invalid)
        say_bad(&say, SEVERITY_LOW, "Alt-Svc cannot be read.");
    else if (a->h3)
        judge_h3(v, a, &say);
    else if (a->h3_draft)
        say_bad(&say, SEVERITY_INFO,
                "Only drafts of HTTP/3 are promised, which no browser speaks any more.");
    else if (v->quic && v->quic->h3 == KNOWN_YES)
        say_bad(&say, SEVERITY_INFO, "HTTP/3 answers, but no Alt-Svc tells of it.");
    say_fine(&say,
             a->present ? "Alt-Svc promises no HTTP/3." : "Not sent, and no HTTP/3 is known.");
    say_end(&say, CHECK_HTTP_NO_PAGE);
}
