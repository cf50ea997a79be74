/* The report a person reads on a terminal: the grade large, what it costs and why, then the findings,
 * worst first, each with its remedy for the server that was recognised; what was fine is folded. */
#include "audit/report_format.h"
#include "audit/report_page.h"
#include "audit/report_text.h"

#define LETTER_ROWS 5
#define TALL        60 /* columns from which facts stand beside the grade rather than below */

static const struct {
    char sign;
    const char *rows[LETTER_ROWS];
} letters[] = {
    {'A', {" ▄███▄ ", "██   ██", "███████", "██   ██", "██   ██"}},
    {'B', {"██████▄", "██   ██", "██████▀", "██   ██", "██████▀"}},
    {'C', {"▄██████", "██     ", "██     ", "██     ", "▀██████"}},
    {'D', {"██████▄", "██   ██", "██   ██", "██   ██", "██████▀"}},
    {'E', {"███████", "██     ", "█████  ", "██     ", "███████"}},
    {'F', {"███████", "██     ", "█████  ", "██     ", "██     "}},
    {'M', {"██▄ ▄██", "███████", "██ ▀ ██", "██   ██", "██   ██"}},
    {'T', {"███████", "  ███  ", "  ███  ", "  ███  ", "  ███  "}},
    {'?', {"▄█████▄", "     ██", "  ▄██▀ ", "       ", "  ██   "}},
    {'+', {"     ", "  █  ", "█████", "  █  ", "     "}},
    {'-', {"     ", "     ", "█████", "     ", "     "}},
};

static const enum report_ink severity_ink[] = {
    [SEVERITY_INFO] = INK_FAIR, [SEVERITY_LOW] = INK_FAIR,       [SEVERITY_MEDIUM] = INK_WARN,
    [SEVERITY_HIGH] = INK_BAD,  [SEVERITY_CRITICAL] = INK_WORST,
};

static enum report_ink grade_ink(const char *letter)
{
    if (!letter)
        return INK_DIM;
    return *letter == 'A' ? INK_GOOD : *letter == 'B' || *letter == 'C' ? INK_WARN : INK_BAD;
}

static const char *letter_row(char sign, size_t row)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (letters[i].sign == sign)
            return letters[i].rows[row];
    return letter_row('?', row);
}

/* One row of the grade in block letters, without an end of line. */
static void add_letters(struct report_page *p, const char *letter, size_t row)
{
    struct buf text;
    buf_init(&text, 256);
    buf_add(&text, STR("  "));
    for (const char *c = letter ? letter : "?"; *c; c++)
        buf_addf(&text, "%s%s", c == letter ? "" : " ", letter_row(*c, row));
    struct str line = buf_str(&text);
    while (line.n && line.p[line.n - 1] == ' ')
        line.n--;
    report_page_rest(p, grade_ink(letter), line);
    report_text_done(&text, p->out);
}

static unsigned letters_width(const char *letter)
{
    return letter && letter[1] ? 2 + 7 + 1 + 5 + 3 : 2 + 7 + 3;
}

static void add_short(struct report_page *p, enum report_ink ink, struct str text, size_t max)
{
    struct buf cut;
    buf_init(&cut, 8 * max + 8);
    report_text_cut(&cut, text, max);
    report_page_words(p, ink, buf_str(&cut));
    report_text_done(&cut, p->out);
}

static void add_addresses(struct report_page *p, const struct report *r)
{
    const size_t shown = 4;
    for (size_t i = 0; i < r->nendpoints && i < shown; i++) {
        const struct report_endpoint *e = &r->endpoints[i];
        report_page_z(p, INK_DIM, i ? "·" : "");
        add_short(p, INK_PLAIN, e->address, 80);
        if (e->failure.n) {
            report_page_z(p, INK_BAD, "✗");
            add_short(p, INK_BAD, e->failure, 120);
        }
    }
    if (r->nendpoints > shown)
        report_page_f(p, INK_DIM, "and %zu more", r->nendpoints - shown);
    report_page_line(p);
}

static void add_until(struct report_page *p, const struct report *r,
                      const struct report_certificate *c)
{
    char time[REPORT_TIME + 1];
    report_text_time(c->not_after, time);
    int days = report_text_days(r->started, c->not_after);
    if (days < 0)
        report_page_f(p, INK_BAD, "expired %.10s", time);
    else
        report_page_f(p, days < 14 ? INK_WARN : INK_PLAIN, "until %.10s (%d day%s)", time, days,
                      days == 1 ? "" : "s");
}

/* The subject's common name, if it has one, else all of it. */
static struct str short_name(struct str name)
{
    for (size_t i = 0; i + 3 <= name.n; i++)
        if ((i == 0 || name.p[i - 1] == ' ' || name.p[i - 1] == ',') &&
            str_istarts(str_from(name, i), STR("CN=")))
            return str_sub(name, i + 3, str_find(name, ',', i) - i - 3);
    return name;
}

static void add_certificate_line(struct report_page *p, const struct report *r)
{
    const struct report_certificate *c = r->certificates;
    add_short(p, INK_BOLD, short_name(c->subject), 64);
    report_page_z(p, INK_DIM, "·");
    add_short(p, INK_PLAIN, c->key, 40);
    report_page_z(p, INK_DIM, "·");
    add_short(p, INK_PLAIN, short_name(c->issuer), 64);
    report_page_z(p, INK_DIM, "·");
    add_until(p, r, c);
    report_page_line(p);
}

static void add_effort(struct report_page *p, const struct report *r)
{
    char time[REPORT_TIME + 1];
    report_text_time(r->started, time);
    struct buf text;
    buf_init(&text, 512);
    report_text_effort(&text, r);
    buf_add(&text, STR(", "));
    report_text_seconds(&text, r->duration);
    buf_addf(&text, " s · %.10s %.5s UTC", time, time + 11);
    report_page_words(p, INK_DIM, buf_str(&text));
    report_page_line(p);
    report_text_done(&text, p->out);
}

static void add_facts(struct report_page *p, const struct report *r)
{
    add_short(p, INK_BOLD, r->target, 200);
    if (r->sni.n && !str_eq(r->sni, r->host)) {
        report_page_z(p, INK_DIM, "asked for as");
        add_short(p, INK_PLAIN, r->sni, 200);
    }
    report_page_line(p);
    add_addresses(p, r);
    if (r->ncertificates)
        add_certificate_line(p, r);
    if (r->server.n) {
        report_page_z(p, INK_DIM, "Server:");
        add_short(p, INK_PLAIN, r->server, 120);
        report_page_line(p);
    }
    add_effort(p, r);
}

/* The letters on the left, the facts' lines on the right; whichever is longer goes on alone. */
static void add_beside(struct report_page *p, const char *letter, struct str facts)
{
    unsigned left = letters_width(letter);
    struct str line = STR_NONE;
    for (size_t row = 0; row < LETTER_ROWS || facts.n; row++) {
        if (row < LETTER_ROWS)
            add_letters(p, letter, row);
        if (facts.n && str_split(&facts, '\n', &line)) {
            report_page_to(p, left);
            report_page_raw(p, line);
        }
        if (p->column)
            report_page_line(p);
        else
            report_page_blank(p);
    }
}

static void add_head(struct report_page *p, const struct report *r)
{
    const char *letter = r->failure.n ? NULL : r->overall.letter;
    unsigned left = p->width < TALL ? 0 : letters_width(letter);
    struct buf text;
    struct report_page facts;
    buf_init(&text, p->out->max);
    report_page_init(&facts, &text, p->width - left, p->colour);
    add_facts(&facts, r);
    report_page_blank(p);
    if (left) {
        add_beside(p, letter, buf_str(&text));
    } else {
        add_beside(p, letter, STR_NONE);
        report_page_blank(p);
        buf_add(p->out, buf_str(&text));
    }
    report_text_done(&text, p->out);
}

static void add_cause(struct report_page *p, const struct report *r, const struct grade_cause *c)
{
    const struct finding *f = report_finding(r, c->check);
    report_page_indent(p, 4);
    report_page_to(p, 2);
    report_page_z(p, INK_WARN, "•");
    report_page_z(p, INK_PLAIN, c->rule);
    report_page_line(p);
    if (f && f->check->fix) {
        report_page_indent(p, 6);
        report_page_to(p, 4);
        report_page_z(p, INK_GOOD, "→");
        report_page_z(p, INK_PLAIN, f->check->fix);
        report_page_line(p);
    }
}

static bool is_best(const struct grade *g)
{
    return g->letter && strcmp(g->letter, "A+") == 0;
}

static void add_overall(struct report_page *p, const struct report *r)
{
    const struct grade *g = &r->overall;
    report_page_blank(p);
    report_page_indent(p, 2);
    report_page_z(p, INK_BOLD, "Grade");
    report_page_z(p, grade_ink(g->letter), g->letter ? g->letter : "none");
    if (g->score >= 0)
        report_page_f(p, INK_DIM, "· %d of 100", g->score);
    report_page_z(p, INK_DIM, g->note.n ? "·" : "");
    report_page_words(p, INK_PLAIN, g->note);
    report_page_line(p);
    if (g->ncauses == 0)
        return;
    report_page_indent(p, 0);
    report_page_blank(p);
    report_page_indent(p, 2);
    report_page_z(p, INK_BOLD, is_best(g) ? "What is left to gain" : "Why not A+");
    report_page_line(p);
    for (size_t i = 0; i < g->ncauses; i++)
        add_cause(p, r, &g->causes[i]);
    report_page_indent(p, 0);
}

#define SCALES 24 /* column of the values behind the scales' names */

static void add_scale(struct report_page *p, const char *name, const struct grade *g)
{
    if (!g->letter && !g->note.n)
        return;
    report_page_indent(p, 2);
    report_page_z(p, INK_PLAIN, name);
    report_page_to(p, SCALES);
    report_page_f(p, grade_ink(g->letter), "%-2s", g->letter ? g->letter : "–");
    report_page_to(p, SCALES + 4);
    struct buf text;
    buf_init(&text, 8192);
    if (g->score >= 0)
        buf_addf(&text, "%d", g->score);
    buf_add(&text, text.n && (g->note.n || g->ncauses) ? STR(" · ") : STR_NONE);
    if (g->note.n)
        report_text_cut(&text, g->note, 240);
    else if (g->ncauses)
        buf_add(&text, str_c(g->causes[0].rule));
    report_page_rest(p, INK_DIM, buf_str(&text));
    report_page_line(p);
    report_text_done(&text, p->out);
}

static void add_conformance(struct report_page *p, const struct conformance *c)
{
    report_page_indent(p, 2);
    report_page_f(p, INK_PLAIN, "Mozilla %s", c->name);
    report_page_to(p, SCALES);
    report_page_z(p, c->conforms ? INK_GOOD : INK_WARN, c->conforms ? "✓" : "✗");
    report_page_to(p, SCALES + 4);
    struct buf text;
    buf_init(&text, 8192);
    for (size_t i = 0; i < c->ndeviations && i < 8; i++) {
        buf_add(&text, i ? STR("; ") : STR_NONE);
        report_text_cut(&text, c->deviations[i], 240);
    }
    report_page_rest(p, INK_DIM, c->conforms && !c->ndeviations ? STR("conforms") : buf_str(&text));
    report_page_line(p);
    report_text_done(&text, p->out);
}

static void add_scales(struct report_page *p, const struct report *r)
{
    report_page_blank(p);
    add_scale(p, "SSL Labs", &r->ssllabs);
    for (size_t i = 0; i < r->nmozilla; i++)
        add_conformance(p, &r->mozilla[i]);
    add_scale(p, "HTTP Observatory", &r->observatory);
    report_page_indent(p, 0);
}

#define BODY 10 /* column of a finding's text, behind the word of its severity */

static void add_remedy_of(struct report_page *p, const struct remedy *remedy, enum report_server s)
{
    const char *line = report_server_remedy(remedy, s);
    if (!line)
        return;
    report_page_indent(p, BODY + 12);
    report_page_to(p, BODY + 2);
    report_page_z(p, INK_DIM, report_server_title(s));
    report_page_to(p, p->indent);
    report_page_code(p, INK_CODE, str_c(line));
}

/* For the server that was recognised, else for ours and the most common one. */
static void add_remedy(struct report_page *p, const struct remedy *remedy, enum report_server known,
                       bool all)
{
    for (int s = 0; s < REPORT_SERVERS; s++) {
        bool guess = known == REPORT_SERVERS && (s == REPORT_GATE443 || s == REPORT_NGINX);
        if (all || guess || s == (int)known)
            add_remedy_of(p, remedy, (enum report_server)s);
    }
}

static void add_detail(struct report_page *p, const struct finding *f)
{
    report_page_indent(p, BODY);
    report_page_words(p, INK_PLAIN, f->detail);
    if (f->where.n) {
        report_page_z(p, INK_DIM, "At");
        report_page_words(p, INK_DIM, f->where);
    }
    if (f->evidence)
        report_page_f(p, INK_DIM, "(connection %u)", f->evidence);
    report_page_line(p);
}

static void add_bad(struct report_page *p, const struct finding *f, enum report_server known,
                    bool all)
{
    const struct check *c = f->check;
    report_page_blank(p);
    report_page_indent(p, 0);
    report_page_z(p, severity_ink[f->severity], severity_name(f->severity));
    report_page_indent(p, BODY);
    report_page_to(p, BODY);
    report_page_z(p, INK_BOLD, c->title);
    if (c->cve)
        report_page_z(p, INK_DIM, c->cve);
    report_page_line(p);
    add_detail(p, f);
    if (c->fix) {
        report_page_indent(p, BODY + 2);
        report_page_to(p, BODY);
        report_page_z(p, INK_GOOD, "→");
        report_page_z(p, INK_PLAIN, c->fix);
        report_page_line(p);
    }
    add_remedy(p, &c->remedy, known, all);
    report_page_indent(p, 0);
}

static void add_tally(struct report_page *p, const struct report_counts *n)
{
    report_page_indent(p, 2);
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--) {
        if (!n->severity[s])
            continue;
        report_page_f(p, severity_ink[s], "%zu %s", n->severity[s],
                      severity_name((enum severity)s));
        report_page_z(p, INK_DIM, "·");
    }
    if (!n->verdict[VERDICT_VULNERABLE])
        report_page_z(p, INK_GOOD, "nothing found ·");
    report_page_f(p, INK_DIM, "%zu safe · %zu not testable", n->verdict[VERDICT_SAFE],
                  n->verdict[VERDICT_UNTESTABLE]);
    report_page_line(p);
    report_page_indent(p, 0);
}

static void add_findings(struct report_page *p, const struct report *r, bool verbose)
{
    struct report_counts n;
    report_count(r, &n);
    report_page_rule(p, "Findings");
    add_tally(p, &n);
    enum report_server known = report_server_of(r->server);
    for (int s = SEVERITY_CRITICAL; s >= SEVERITY_INFO; s--)
        for (size_t i = 0; i < r->nfindings; i++) {
            const struct finding *f = &r->findings[i];
            if (f->verdict == VERDICT_VULNERABLE && (int)f->severity == s)
                add_bad(p, f, known, verbose);
        }
}

static void add_title_and_detail(struct report_page *p, const struct finding *f, const char *mark,
                                 enum report_ink ink)
{
    report_page_indent(p, 4);
    report_page_to(p, 2);
    report_page_z(p, ink, mark);
    report_page_f(p, INK_PLAIN, "%s%s", f->check->title, f->detail.n ? ":" : "");
    report_page_words(p, INK_DIM, f->detail);
    if (f->where.n) {
        report_page_z(p, INK_DIM, "At");
        report_page_words(p, INK_DIM, f->where);
    }
    report_page_line(p);
    report_page_indent(p, 0);
}

static void add_untestable(struct report_page *p, const struct report *r)
{
    bool any = false;
    for (size_t i = 0; i < r->nfindings; i++) {
        if (r->findings[i].verdict != VERDICT_UNTESTABLE)
            continue;
        if (!any)
            report_page_rule(p, "Not testable");
        any = true;
        add_title_and_detail(p, &r->findings[i], "?", INK_WARN);
    }
}

/* The next safe finding of a section at or after `from`; nfindings: none. */
static size_t next_safe(const struct report *r, int section, size_t from)
{
    while (from < r->nfindings && (r->findings[from].verdict != VERDICT_SAFE ||
                                   (int)r->findings[from].check->section != section))
        from++;
    return from;
}

static void add_safe_section(struct report_page *p, const struct report *r, int section)
{
    size_t i = next_safe(r, section, 0);
    if (i == r->nfindings)
        return;
    report_page_indent(p, 4);
    report_page_to(p, 2);
    report_page_z(p, INK_GOOD, "✓");
    report_page_f(p, INK_BOLD, "%s:", section_title((enum section)section));
    while (i < r->nfindings) {
        size_t next = next_safe(r, section, i + 1);
        report_page_f(p, INK_PLAIN, "%s%s", r->findings[i].check->title,
                      next < r->nfindings ? "," : "");
        i = next;
    }
    report_page_line(p);
    report_page_indent(p, 0);
}

static void add_safe(struct report_page *p, const struct report *r, bool verbose)
{
    bool any = false;
    for (int section = 0; section < SECTION_COUNT; section++) {
        size_t i = next_safe(r, section, 0);
        if (!any && i < r->nfindings)
            report_page_rule(p, "Safe");
        any = any || i < r->nfindings;
        if (!verbose)
            add_safe_section(p, r, section);
        for (; verbose && i < r->nfindings; i = next_safe(r, section, i + 1))
            add_title_and_detail(p, &r->findings[i], "✓", INK_GOOD);
    }
}

static void add_protocols(struct report_page *p, const struct report *r)
{
    if (r->nprotocols)
        report_page_rule(p, "Protocols");
    for (size_t i = 0; i < r->nprotocols; i++) {
        const struct report_protocol *x = &r->protocols[i];
        bool known = x->tested != VERDICT_UNTESTABLE;
        enum report_ink ink = !known ? INK_DIM : x->offered == x->wanted ? INK_GOOD : INK_BAD;
        report_page_indent(p, 0);
        report_page_to(p, 2);
        report_page_z(p, x->offered || !known ? INK_PLAIN : INK_DIM, x->name);
        report_page_to(p, 14);
        report_page_z(p, ink, !known ? "not testable" : x->offered ? "offered" : "off");
        report_page_indent(p, 28);
        report_page_to(p, 28);
        report_page_words(p, INK_DIM, x->note);
        report_page_line(p);
    }
    report_page_indent(p, 0);
}

static void add_suite(struct report_page *p, const struct report_suite *s)
{
    report_page_indent(p, 4);
    report_page_to(p, 2);
    report_page_z(p, s->preferred ? INK_GOOD : INK_DIM, s->preferred ? "▸" : "·");
    report_page_z(p, s->weak ? severity_ink[s->weak] : INK_PLAIN, s->iana);
    report_page_to(p, 46);
    if (s->kx)
        report_page_z(p, INK_DIM, s->kx);
    report_page_to(p, 62);
    report_page_f(p, INK_DIM, "%d bits", s->bits);
    if (s->weak)
        report_page_z(p, severity_ink[s->weak], severity_name(s->weak));
    report_page_line(p);
    report_page_indent(p, 0);
}

static void add_suites(struct report_page *p, const struct report *r)
{
    if (r->nsuites)
        report_page_rule(p, "Cipher suites");
    for (size_t i = 0; i < r->nsuites; i++) {
        const char *version = r->suites[i].version;
        if (i == 0 || strcmp(version, r->suites[i - 1].version) != 0) {
            report_page_indent(p, 2);
            report_page_z(p, INK_BOLD, version);
            report_page_line(p);
        }
        add_suite(p, &r->suites[i]);
    }
}

static void add_list(struct report_page *p, const char *name, struct str list)
{
    if (!list.n)
        return;
    report_page_indent(p, 4);
    report_page_to(p, 2);
    report_page_f(p, INK_BOLD, "%s:", name);
    report_page_words(p, INK_PLAIN, list);
    report_page_line(p);
    report_page_indent(p, 0);
}

static void add_key_exchange(struct report_page *p, const struct report *r)
{
    if (!r->groups.n && !r->signature_algorithms.n)
        return;
    report_page_rule(p, "Key exchange");
    add_list(p, "Groups", r->groups);
    add_list(p, "Signatures", r->signature_algorithms);
}

static void add_pair(struct report_page *p, const char *name, struct str value)
{
    if (!value.n)
        return;
    report_page_indent(p, 16);
    report_page_to(p, 4);
    report_page_z(p, INK_DIM, name);
    report_page_to(p, 16);
    add_short(p, INK_PLAIN, value, 500);
    report_page_line(p);
}

static void add_chain(struct report_page *p, const struct report *r)
{
    if (r->ncertificates)
        report_page_rule(p, "Certificates");
    for (size_t i = 0; i < r->ncertificates; i++) {
        const struct report_certificate *c = &r->certificates[i];
        report_page_indent(p, 4);
        report_page_to(p, 2);
        report_page_f(p, INK_DIM, "%zu", i + 1);
        add_short(p, INK_BOLD, c->subject, 200);
        add_short(p, INK_BAD, c->problem, 500);
        report_page_line(p);
        add_pair(p, "names", c->names);
        add_pair(p, "issuer", c->issuer);
        add_pair(p, "key", c->key);
        add_pair(p, "signature", c->signature);
        report_page_indent(p, 16);
        report_page_to(p, 4);
        report_page_z(p, INK_DIM, "valid");
        report_page_to(p, 16);
        add_until(p, r, c);
        report_page_line(p);
        add_pair(p, "SHA-256", c->sha256);
        add_pair(p, "key's", c->spki_sha256);
    }
    report_page_indent(p, 0);
}

static void add_clients(struct report_page *p, const struct report *r)
{
    if (r->nclients)
        report_page_rule(p, "Clients");
    for (size_t i = 0; i < r->nclients; i++) {
        const struct report_client *c = &r->clients[i];
        report_page_indent(p, 4);
        report_page_to(p, 2);
        report_page_z(p, c->connects ? INK_GOOD : INK_BAD, c->connects ? "✓" : "✗");
        report_page_z(p, INK_PLAIN, c->name);
        report_page_indent(p, 28);
        report_page_to(p, 28);
        if (c->connects) {
            report_page_z(p, INK_PLAIN, c->version ? c->version : "");
            report_page_z(p, INK_DIM, c->suite ? c->suite : "");
            report_page_z(p, INK_DIM, c->group ? c->group : "");
        }
        report_page_words(p, INK_BAD, c->problem);
        report_page_line(p);
    }
    report_page_indent(p, 0);
}

static void add_bytes_of(struct report_page *p, const char *what, struct str bytes, size_t whole,
                         bool verbose)
{
    const size_t shown = verbose ? EVIDENCE_MAX : 48;
    if (!whole)
        return;
    report_page_indent(p, 4);
    report_page_f(p, INK_DIM, "%s %zu bytes", what, whole);
    report_page_line(p);
    report_page_indent(p, 6);
    for (size_t i = 0; i < bytes.n && i < shown; i++)
        report_page_f(p, INK_CODE, "%02x", (unsigned char)bytes.p[i]);
    if (bytes.n < whole || bytes.n > shown)
        report_page_z(p, INK_DIM, "…");
    report_page_line(p);
}

static void add_evidence(struct report_page *p, const struct report *r, bool verbose)
{
    if (r->nexchanges)
        report_page_rule(p, "Evidence");
    for (size_t i = 0; i < r->nexchanges; i++) {
        const struct report_exchange *x = &r->exchanges[i];
        report_page_indent(p, 4);
        report_page_to(p, 2);
        report_page_f(p, INK_BOLD, "%u", x->number);
        report_page_words(p, INK_PLAIN, x->purpose);
        report_page_words(p, INK_DIM, x->address);
        report_page_z(p, INK_DIM, "·");
        report_page_words(p, INK_DIM, x->ended);
        report_page_line(p);
        add_bytes_of(p, "sent", x->sent, x->sent_n, verbose);
        add_bytes_of(p, "received", x->received, x->received_n, verbose);
    }
    report_page_indent(p, 0);
}

static void add_failure(struct report_page *p, const struct report *r)
{
    report_page_blank(p);
    report_page_indent(p, 2);
    report_page_z(p, INK_WORST, "no audit");
    report_page_words(p, INK_BAD, r->failure);
    report_page_line(p);
}

static unsigned page_width(const struct format_options *o)
{
    unsigned width = o->width ? o->width : 80;
    return width < 40 ? 40 : width > 240 ? 240 : width;
}

static void begin(struct buf *out, const struct format_options *o)
{
    (void)out;
    (void)o;
}

static void report(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first)
{
    struct report_page page, *p = &page;
    report_page_init(p, out, page_width(o), o->colour);
    if (!first)
        report_page_code(p, INK_DIM, STR("\n"));
    report_page_blank(p);
    add_head(p, r);
    if (r->failure.n) {
        add_failure(p, r);
        return;
    }
    add_overall(p, r);
    add_scales(p, r);
    add_findings(p, r, o->verbose);
    add_untestable(p, r);
    add_safe(p, r, o->verbose);
    add_protocols(p, r);
    add_suites(p, r);
    add_key_exchange(p, r);
    if (o->verbose)
        add_chain(p, r);
    add_clients(p, r);
    add_evidence(p, r, o->verbose);
}

const struct report_format report_terminal = {
    .name = "text",
    .doc = "a report to read on a terminal",
    .begin = begin,
    .report = report,
    .end = begin,
};
