/* One self-contained page for any number of targets: style inside, no script, nothing from anywhere
 * else (and a policy that forbids it, should an escape ever be missed). Look: report_style.c. */
#include "audit/report_format.h"
#include "audit/report_style.h"
#include "audit/report_text.h"

static void raw(struct buf *out, const char *markup)
{
    buf_add(out, str_c(markup));
}

static void text(struct buf *out, const char *z)
{
    report_text_html(out, str_c(z));
}

/* `tag` with its attributes, all ours: "p class=note". */
static void open_tag(struct buf *out, const char *tag)
{
    buf_addf(out, "<%s>", tag);
}

static void close_tag(struct buf *out, const char *tag)
{
    struct str s = str_c(tag);
    buf_addf(out, "</%.*s>", (int)str_find(s, ' ', 0), tag);
}

static void element(struct buf *out, const char *tag, struct str content)
{
    open_tag(out, tag);
    report_text_html(out, content);
    close_tag(out, tag);
}

static void element_z(struct buf *out, const char *tag, const char *content)
{
    element(out, tag, str_c(content));
}

/* A class by the grade: its first letter. */
static const char *tone(const char *letter)
{
    static const char *const tones[] = {"A", "B", "C", "D", "E", "F", "T", "M"};
    for (size_t i = 0; letter && i < sizeof tones / sizeof *tones; i++)
        if (*letter == *tones[i])
            return tones[i];
    return "none";
}

/* An anchor that no other target has: what may not stand in one is written in hex. */
static void add_anchor(struct buf *out, const struct report *r)
{
    raw(out, "t-");
    for (size_t i = 0; i < r->target.n && i < 256; i++) {
        unsigned char c = (unsigned char)r->target.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        buf_addf(out, plain ? "%c" : "_%02x", c);
    }
}

static const char *letter_of(const struct report *r)
{
    return r->failure.n || !r->overall.letter ? "?" : r->overall.letter;
}

static void add_index(struct buf *out, const struct report *r, const struct report_counts *n)
{
    raw(out, "\n<a class=index href=\"#");
    add_anchor(out, r);
    buf_addf(out, "\"><span class=\"pip %s\">", tone(letter_of(r)));
    text(out, letter_of(r));
    raw(out, "</span>");
    element(out, "span class=name", r->target);
    raw(out, "<span class=few>");
    if (r->failure.n)
        report_text_cut(out, STR("no audit"), 80);
    else if (!n->verdict[VERDICT_VULNERABLE])
        raw(out, "nothing found");
    bool any = false;
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
        if (n->severity[s]) {
            buf_addf(out, "%s%zu %s", any ? ", " : "", n->severity[s],
                     severity_name((enum severity)s));
            any = true;
        }
    raw(out, "</span></a>\n");
}

static void add_pair(struct buf *out, const char *name, struct str value)
{
    if (!value.n)
        return;
    element_z(out, "dt", name);
    element(out, "dd", value);
}

/* At most `max` characters of what a server may make as long as it likes. */
static void add_short(struct buf *out, struct str value, size_t max)
{
    struct buf cut;
    buf_init(&cut, 4 * max + 16);
    report_text_cut(&cut, value, max);
    report_text_html(out, buf_str(&cut));
    report_text_done(&cut, out);
}

static void add_short_pair(struct buf *out, const char *name, struct str value)
{
    if (!value.n)
        return;
    element_z(out, "dt", name);
    raw(out, "<dd>");
    add_short(out, value, 200);
    raw(out, "</dd>");
}

static void add_addresses(struct buf *out, const struct report *r)
{
    if (!r->nendpoints)
        return;
    raw(out, "<dt>Addresses</dt><dd>");
    for (size_t i = 0; i < r->nendpoints; i++) {
        raw(out, i ? ", " : "");
        add_short(out, r->endpoints[i].address, 80);
        if (r->endpoints[i].failure.n) {
            raw(out, " (");
            add_short(out, r->endpoints[i].failure, 120);
            raw(out, ")");
        }
    }
    raw(out, "</dd>");
}

static void add_validity(struct buf *out, const struct report *r, int64_t until)
{
    char time[REPORT_TIME + 1];
    report_text_time(until, time);
    int days = report_text_days(r->started, until);
    if (days < 0)
        buf_addf(out, "expired on %.10s", time);
    else
        buf_addf(out, "until %.10s, %d day%s left", time, days, days == 1 ? "" : "s");
}

static void add_certificate_line(struct buf *out, const struct report *r)
{
    const struct report_certificate *c = r->certificates;
    if (!r->ncertificates)
        return;
    raw(out, "<dt>Certificate</dt><dd>");
    add_short(out, c->subject, 120);
    raw(out, ", ");
    add_short(out, c->key, 40);
    raw(out, ", ");
    add_validity(out, r, c->not_after);
    raw(out, "</dd>");
}

static void add_effort(struct buf *out, const struct report *r)
{
    char time[REPORT_TIME + 1];
    report_text_time(r->started, time);
    buf_addf(out, "<dt>Audited</dt><dd><time datetime=\"%s\">%.10s %.5s UTC</time>, ", time, time,
             time + 11);
    report_text_seconds(out, r->duration);
    raw(out, " s, ");
    report_text_effort(out, r);
    raw(out, "</dd>");
}

static void add_hero(struct buf *out, const struct report *r)
{
    const char *letter = letter_of(r);
    buf_addf(out, "<div class=hero>\n<div class=\"grade %s%s\" role=img aria-label=\"Grade ",
             tone(letter), letter[1] ? " two" : "");
    text(out, *letter == '?' ? "none" : letter);
    raw(out, "\"><span>");
    text(out, letter);
    raw(out, "</span>");
    if (!r->failure.n && r->overall.score >= 0)
        buf_addf(out, "<small>%d of 100</small>", r->overall.score);
    raw(out, "</div>\n<div class=facts>");
    element(out, "h1", r->target);
    if (r->failure.n) {
        raw(out, "<p class=note>No audit: ");
        report_text_html(out, r->failure);
        raw(out, "</p>");
    } else if (r->overall.note.n) {
        element(out, "p class=note", r->overall.note);
    }
    raw(out, "<dl>");
    if (!str_eq(r->sni, r->host))
        add_pair(out, "Asked for as", r->sni);
    add_addresses(out, r);
    add_certificate_line(out, r);
    add_short_pair(out, "Server", r->server);
    add_effort(out, r);
    raw(out, "</dl></div>\n</div>\n");
}

static void add_scale(struct buf *out, const char *name, const struct grade *g)
{
    if (!g->letter && !g->note.n)
        return;
    buf_addf(out, "<div class=\"card %s\">", tone(g->letter));
    element_z(out, "span", name);
    element_z(out, "b", g->letter ? g->letter : "–");
    if (g->score >= 0)
        buf_addf(out, "<span>score %d</span>", g->score);
    if (g->note.n)
        element(out, "p", g->note);
    else if (g->ncauses)
        element_z(out, "p", g->causes[0].rule);
    raw(out, "</div>\n");
}

static void add_conformance(struct buf *out, const struct conformance *c)
{
    buf_addf(out, "<div class=\"card %s\"><span>Mozilla ", c->conforms ? "yes" : "no");
    text(out, c->name);
    raw(out, c->conforms ? "</span><b>conforms</b>" : "</span><b>deviates</b>");
    if (c->ndeviations) {
        buf_addf(out, "<details><summary>%zu deviation%s</summary><ul>", c->ndeviations,
                 c->ndeviations == 1 ? "" : "s");
        for (size_t i = 0; i < c->ndeviations; i++)
            element(out, "li", c->deviations[i]);
        raw(out, "</ul></details>");
    }
    raw(out, "</div>\n");
}

static void add_scales(struct buf *out, const struct report *r)
{
    raw(out, "<div class=cards>\n");
    add_scale(out, "SSL Labs", &r->ssllabs);
    for (size_t i = 0; i < r->nmozilla; i++)
        add_conformance(out, &r->mozilla[i]);
    add_scale(out, "HTTP Observatory", &r->observatory);
    raw(out, "</div>\n");
}

static void add_causes(struct buf *out, const struct report *r)
{
    const struct grade *g = &r->overall;
    if (!g->ncauses)
        return;
    bool best = g->letter && strcmp(g->letter, "A+") == 0;
    element_z(out, "h2", best ? "What is left to gain" : "Why not A+");
    raw(out, "\n<ol class=causes>\n");
    for (size_t i = 0; i < g->ncauses; i++) {
        const struct grade_cause *c = &g->causes[i];
        const struct finding *f = report_finding(r, c->check);
        buf_addf(out, "<li><span class=\"pip %s\">", tone(c->grade));
        text(out, c->grade ? c->grade : "−");
        raw(out, "</span><div>");
        text(out, c->rule);
        if (f && f->check->fix)
            element_z(out, "p class=fix", f->check->fix);
        raw(out, "</div></li>\n");
    }
    raw(out, "</ol>\n");
}

static void add_hex(struct buf *out, const char *name, struct str bytes, size_t whole)
{
    const size_t shown = 256;
    if (!whole)
        return;
    element_z(out, "dt", name);
    buf_addf(out, "<dd>%zu bytes<pre>", whole);
    for (size_t i = 0; i < bytes.n && i < shown; i++)
        buf_addf(out, "%02x%s", (unsigned char)bytes.p[i], i % 16 == 15 ? "\n" : " ");
    raw(out, whole > shown || bytes.n < whole ? "…</pre></dd>" : "</pre></dd>");
}

static void add_proof(struct buf *out, const struct report *r, const struct finding *f)
{
    const struct report_exchange *x = report_evidence(r, f);
    if (!f->evidence)
        return;
    buf_addf(out, "<dt>Evidence</dt><dd>connection %u", f->evidence);
    if (x) {
        raw(out, ", ");
        report_text_html(out, x->purpose);
        raw(out, ", ");
        report_text_html(out, x->address);
        raw(out, x->ended.n ? ", ended with: " : "");
        report_text_html(out, x->ended);
    }
    raw(out, "</dd>");
    if (!x)
        return;
    add_hex(out, "Sent", x->sent, x->sent_n);
    add_hex(out, "Received", x->received, x->received_n);
}

static void add_remedies(struct buf *out, const struct remedy *remedy)
{
    for (int s = 0; s < REPORT_SERVERS; s++) {
        const char *line = report_server_remedy(remedy, (enum report_server)s);
        if (!line)
            continue;
        element_z(out, "dt", report_server_title((enum report_server)s));
        raw(out, "<dd>");
        element_z(out, "pre", line);
        raw(out, "</dd>");
    }
}

static void add_more(struct buf *out, const struct report *r, const struct finding *f)
{
    const struct check *c = f->check;
    raw(out, "<details><summary>How it was tested, and the remedy for each server</summary><dl>");
    add_pair(out, "Check", str_c(c->id));
    add_pair(out, "How", str_c(c->how));
    add_pair(out, "Reference", str_c(c->rfc));
    add_proof(out, r, f);
    add_remedies(out, &c->remedy);
    raw(out, "</dl></details>\n");
}

static void add_bad(struct buf *out, const struct report *r, const struct finding *f,
                    enum report_server known)
{
    const struct check *c = f->check;
    const char *severity = severity_name(f->severity);
    buf_addf(out, "<article class=\"finding %s\"><header><span class=chip>%s</span>", severity,
             severity);
    element_z(out, "h3", c->title);
    if (c->cve)
        element_z(out, "span class=cve", c->cve);
    raw(out, "</header>");
    raw(out, "<p>");
    report_text_html(out, f->detail);
    if (f->where.n) {
        raw(out, " <span class=cve>At ");
        report_text_html(out, f->where);
        raw(out, "</span>");
    }
    raw(out, "</p>");
    if (c->fix)
        element_z(out, "p class=fix", c->fix);
    const char *line = known < REPORT_SERVERS ? report_server_remedy(&c->remedy, known) : NULL;
    if (line)
        element_z(out, "pre", line);
    add_more(out, r, f);
    raw(out, "</article>\n");
}

static void add_tally(struct buf *out, const struct report_counts *n)
{
    raw(out, "<ul class=tally>");
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
        if (n->severity[s])
            buf_addf(out, "<li class=\"chip %s\">%zu %s</li>", severity_name((enum severity)s),
                     n->severity[s], severity_name((enum severity)s));
    if (!n->verdict[VERDICT_VULNERABLE])
        raw(out, "<li class=\"chip yes\">nothing found</li>");
    buf_addf(out,
             "<li class=\"chip plain\">%zu safe</li><li class=\"chip plain\">%zu not testable</li>",
             n->verdict[VERDICT_SAFE], n->verdict[VERDICT_UNTESTABLE]);
    raw(out, "</ul>\n");
}

static void add_findings(struct buf *out, const struct report *r, const struct report_counts *n)
{
    enum report_server known = report_server_of(r->server);
    raw(out, "<h2>Findings</h2>\n");
    add_tally(out, n);
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
        for (size_t i = 0; i < r->nfindings; i++) {
            const struct finding *f = &r->findings[i];
            if (f->verdict == VERDICT_VULNERABLE && (int)f->severity == s)
                add_bad(out, r, f, known);
        }
}

static void add_row_of_list(struct buf *out, const struct finding *f)
{
    raw(out, "<div>");
    element_z(out, "dt", f->check->title);
    raw(out, "<dd>");
    report_text_html(out, f->detail.n ? f->detail : STR("–"));
    if (f->where.n) {
        raw(out, " At ");
        report_text_html(out, f->where);
    }
    raw(out, "</dd></div>\n");
}

static void add_untestable(struct buf *out, const struct report *r, const struct report_counts *n)
{
    if (!n->verdict[VERDICT_UNTESTABLE])
        return;
    raw(out, "<h2>Not testable</h2>\n<dl class=list>\n");
    for (size_t i = 0; i < r->nfindings; i++)
        if (r->findings[i].verdict == VERDICT_UNTESTABLE)
            add_row_of_list(out, &r->findings[i]);
    raw(out, "</dl>\n");
}

static void add_safe_section(struct buf *out, const struct report *r, int section)
{
    bool any = false;
    for (size_t i = 0; i < r->nfindings; i++) {
        const struct finding *f = &r->findings[i];
        if (f->verdict != VERDICT_SAFE || (int)f->check->section != section)
            continue;
        if (!any) {
            raw(out, "<div>");
            element_z(out, "dt", section_title((enum section)section));
            raw(out, "<dd><ul class=fine>");
        }
        any = true;
        element_z(out, "li", f->check->title);
    }
    raw(out, any ? "</ul></dd></div>\n" : "");
}

static void add_safe(struct buf *out, const struct report *r, const struct report_counts *n)
{
    if (!n->verdict[VERDICT_SAFE])
        return;
    raw(out, "<h2>Safe</h2>\n<dl class=list>\n");
    for (int section = 0; section < SECTION_COUNT; section++)
        add_safe_section(out, r, section);
    raw(out, "</dl>\n<details class=fold><summary>What was seen, check by check</summary>\n"
             "<dl class=list>\n");
    for (size_t i = 0; i < r->nfindings; i++)
        if (r->findings[i].verdict == VERDICT_SAFE)
            add_row_of_list(out, &r->findings[i]);
    raw(out, "</dl></details>\n");
}

static void add_protocols(struct buf *out, const struct report *r)
{
    if (!r->nprotocols)
        return;
    raw(out, "<h2>Protocols</h2>\n<div class=wide><table><thead><tr><th>Protocol</th>"
             "<th>Offered</th><th>Note</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->nprotocols; i++) {
        const struct report_protocol *p = &r->protocols[i];
        bool known = p->tested != VERDICT_UNTESTABLE;
        raw(out, "<tr>");
        element_z(out, "th scope=row", p->name);
        element_z(out,
                  !known                    ? "td class=\"mark none\""
                  : p->offered == p->wanted ? "td class=\"mark yes\""
                                            : "td class=\"mark high\"",
                  !known       ? "not testable"
                  : p->offered ? "yes"
                               : "no");
        element(out, "td", p->note);
        raw(out, "</tr>\n");
    }
    raw(out, "</tbody></table></div>\n");
}

static void add_suite(struct buf *out, const struct report_suite *s)
{
    raw(out, "<tr><td>");
    text(out, s->iana);
    raw(out, s->preferred ? " <span class=star title=\"preferred\">★</span>" : "");
    raw(out, "</td>");
    element_z(out, "td", s->kx);
    buf_addf(out, "<td class=number>%d</td>", s->bits);
    if (s->weak)
        buf_addf(out, "<td class=\"mark %s\">%s</td>", severity_name(s->weak),
                 severity_name(s->weak));
    else
        raw(out, "<td class=\"mark yes\">good</td>");
    raw(out, "</tr>\n");
}

static void add_suites(struct buf *out, const struct report *r)
{
    if (!r->nsuites)
        return;
    raw(out, "<h2>Cipher suites</h2>\n");
    for (size_t i = 0; i < r->nsuites; i++) {
        const char *version = r->suites[i].version;
        bool new = i == 0 || strcmp(version, r->suites[i - 1].version) != 0;
        if (new) {
            raw(out, i ? "</tbody></table></div><br>\n" : "");
            raw(out, "<div class=wide><table class=suites>");
            element_z(out, "caption", version);
            raw(out,
                "<thead><tr><th>Suite</th><th>Key exchange</th><th class=number>Bits</th><th>Verdict</th></tr>"
                "</thead><tbody>\n");
        }
        add_suite(out, &r->suites[i]);
    }
    raw(out, "</tbody></table></div>\n");
}

static void add_key_exchange(struct buf *out, const struct report *r)
{
    if (!r->groups.n && !r->signature_algorithms.n)
        return;
    raw(out, "<h2>Key exchange</h2>\n<dl class=list>");
    if (r->groups.n) {
        raw(out, "<div>");
        add_pair(out, "Groups, preferred first", r->groups);
        raw(out, "</div>");
    }
    if (r->signature_algorithms.n) {
        raw(out, "<div>");
        add_pair(out, "Signature algorithms", r->signature_algorithms);
        raw(out, "</div>");
    }
    raw(out, "</dl>\n");
}

static void add_certificate(struct buf *out, const struct report *r,
                            const struct report_certificate *c)
{
    char from[REPORT_TIME + 1];
    report_text_time(c->not_before, from);
    raw(out, "<div>");
    raw(out, "<dt>");
    add_short(out, c->subject, 200);
    raw(out, "</dt><dd>");
    if (c->problem.n) {
        raw(out, "<span class=\"chip high\">");
        add_short(out, c->problem, 500);
        raw(out, "</span>");
    }
    raw(out, "<details><summary>");
    add_short(out, c->key, 40);
    raw(out, ", ");
    add_validity(out, r, c->not_after);
    raw(out, "</summary><dl>");
    add_pair(out, "Names", c->names);
    add_pair(out, "Issuer", c->issuer);
    add_pair(out, "Valid from", str_of(from, 10));
    add_pair(out, "Signature", c->signature);
    add_pair(out, "Serial", c->serial);
    add_pair(out, "SHA-256", c->sha256);
    add_pair(out, "Key's SHA-256", c->spki_sha256);
    raw(out, "</dl></details></dd></div>\n");
}

static void add_chain(struct buf *out, const struct report *r)
{
    if (!r->ncertificates)
        return;
    raw(out, "<h2>Certificates</h2>\n<dl class=list>\n");
    for (size_t i = 0; i < r->ncertificates; i++)
        add_certificate(out, r, &r->certificates[i]);
    raw(out, "</dl>\n");
}

static void add_clients(struct buf *out, const struct report *r)
{
    if (!r->nclients)
        return;
    raw(out, "<h2>Clients</h2>\n<div class=wide><table><thead><tr><th>Client</th><th>Connects</th>"
             "<th>Protocol</th><th>Suite</th><th>Group</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->nclients; i++) {
        const struct report_client *c = &r->clients[i];
        raw(out, "<tr>");
        element_z(out, "th scope=row", c->name);
        element_z(out, c->connects ? "td class=\"mark yes\"" : "td class=\"mark high\"",
                  c->connects ? "yes" : "no");
        element_z(out, "td", c->connects ? c->version : "");
        if (c->connects)
            element_z(out, "td", c->suite);
        else
            element(out, "td", c->problem);
        element_z(out, "td", c->connects ? c->group : "");
        raw(out, "</tr>\n");
    }
    raw(out, "</tbody></table></div>\n");
}

static void begin(struct buf *out, const struct format_options *o)
{
    raw(out, "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
             "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
             "<meta http-equiv=Content-Security-Policy content=\"default-src 'none';"
             "style-src 'unsafe-inline'\">\n"
             "<meta name=referrer content=no-referrer>\n<title>gate443 audit</title>\n<style>\n");
    buf_add(out, report_style);
    raw(out,
        "</style>\n</head>\n<body>\n<div class=brand>gate443 <span>audit</span></div>\n<main>\n");
}

static void report(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first)
{
    struct report_counts n;
    report_count(r, &n);
    add_index(out, r, &n);
    raw(out, "<section class=report id=\"");
    add_anchor(out, r);
    raw(out, "\">\n");
    add_hero(out, r);
    if (!r->failure.n) {
        add_scales(out, r);
        add_causes(out, r);
        add_findings(out, r, &n);
        add_untestable(out, r, &n);
        add_safe(out, r, &n);
        add_protocols(out, r);
        add_suites(out, r);
        add_key_exchange(out, r);
        add_chain(out, r);
        add_clients(out, r);
    }
    raw(out, "</section>\n");
}

static void end(struct buf *out, const struct format_options *o)
{
    raw(out, "<footer>gate443 ");
    text(out, o->version ? o->version : "");
    raw(out, "</footer>\n</main>\n</body>\n</html>\n");
}

const struct report_format report_html = {
    .name = "html",
    .doc = "one self-contained page to show and to print",
    .begin = begin,
    .report = report,
    .end = end,
};
