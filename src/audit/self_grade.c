/* Judging our own site; see self_grade.h. */
#include "audit/self_grade.h"

#include <stdlib.h>

#define NEVER (SEVERITY_CRITICAL + 1)
#define HSTS_YEAR_SECONDS 31536000

#define AT(member) offsetof(struct site, member)
#define OLD "tls1.0 tls1.1"
#define SUITES "tls1.0 tls1.1 weak-ciphers" /* old versions have only suites with CBC */

/* One for each check that a waiver speaks of, that a setting decides, or whose section's rule does not
 * fit. In the sections protocol, cipher and vulnerability everything counts that is not named here, in
 * the others nothing. */
static const struct row {
    const char *check;
    int from;            /* enum severity: what is milder does not count; or NEVER */
    size_t setting;      /* within struct site; 0: the site as a whole */
    const char *waivers; /* names, separated by spaces */
} rows[] = {
    {"tls10", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"tls11", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"tls12", SEVERITY_LOW, AT(tls.min_version), ""},
    {"tls13", SEVERITY_LOW, AT(tls.max_version), "no-tls1.3"},
    {"fallback_scsv", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"ems", SEVERITY_LOW, AT(tls.max_version), OLD},
    {"beast", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"poodle_tls", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"md5_sha1_signature", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"signature_algorithms", SEVERITY_LOW, AT(tls.min_version), OLD},
    {"null_suites", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"anonymous_suites", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"export_suites", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"weak_suites", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"unusual_suites", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"rc4", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"sweet32", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"cbc_suites", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"lucky13", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"static_rsa", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"forward_secrecy", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"aead", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"marvin", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"freak", SEVERITY_LOW, AT(tls.ciphers), "weak-ciphers"},
    {"server_order", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"etm", SEVERITY_LOW, AT(tls.ciphers), SUITES},
    {"groups", SEVERITY_LOW, AT(tls.groups), "weak-groups"},
    {"key_exchange_strength", SEVERITY_LOW, AT(tls.groups), "weak-groups weak-ciphers"},
    {"dh_weak", SEVERITY_LOW, AT(tls.groups), "weak-groups weak-ciphers"},
    {"dh_common_prime", SEVERITY_LOW, AT(tls.groups), "weak-groups weak-ciphers"},
    {"logjam", SEVERITY_LOW, AT(tls.groups), "weak-groups weak-ciphers"},
    {"dheat", SEVERITY_LOW, AT(tls.ciphers), ""},
    {"ticket_lifetime", SEVERITY_LOW, AT(tls.ticket_rotation), "ticket-rotation"},
    {"ticket_rotation", SEVERITY_LOW, AT(tls.ticket_rotation), "ticket-rotation"},
    {"resumption", SEVERITY_LOW, AT(tls.tickets), ""},
    /* A library without it is no setting of ours; with it, it is on. */
    {"pq_key_exchange", NEVER, 0, ""},
    {"pq_preferred", NEVER, 0, ""},
    /* Told as "could not be audited". */
    {"cut_short", NEVER, 0, ""},
    {"one_at_a_time", NEVER, 0, ""},
    /* Of the other sections. */
    {"cert_key", SEVERITY_MEDIUM, AT(certs), ""},
    {"cert_signature", SEVERITY_MEDIUM, AT(certs), ""},
    {"redirect", SEVERITY_MEDIUM, AT(redirect_http), "http-without-redirect"},
    {"hsts", SEVERITY_MEDIUM, AT(hsts), "no-hsts"}, /* milder: its age */
    {"truncation", SEVERITY_MEDIUM, 0, ""},
    {"http_lenient", SEVERITY_MEDIUM, 0, ""},
    {"opossum", SEVERITY_MEDIUM, 0, "http-without-redirect"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct row *row_of(const struct check *c)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].check, c->id) == 0)
            return &rows[i];
    return NULL;
}

static bool counts(const struct finding *f, const struct row *row)
{
    enum section s = f->check->section;
    bool ours = s == SECTION_PROTOCOL || s == SECTION_CIPHER || s == SECTION_VULNERABILITY;
    if (f->verdict != VERDICT_VULNERABLE || f->severity == SEVERITY_INFO)
        return false;
    return row ? (int)f->severity >= row->from : ours;
}

static bool has_word(const char *words, struct str word)
{
    struct str rest = str_c(words), one;
    while (rest.n && str_split(&rest, ' ', &one))
        if (str_eq(one, word))
            return true;
    return false;
}

static const struct waiver *waiver_of(const struct site *site, const struct row *row)
{
    for (size_t i = 0; row && i < site->nwaivers; i++)
        if (has_word(row->waivers, site->waivers[i].name))
            return &site->waivers[i];
    return NULL;
}

/* A default stands nowhere: then the site. */
static struct source_ref place_of(const struct snapshot *s, const struct site *site,
                                  const struct row *row)
{
    if (!row || !row->setting)
        return site->at;
    if (row->setting == AT(certs))
        return site->ncerts && site->certs[0]->at.file ? site->certs[0]->at : site->at;
    const void *value = (const char *)site + row->setting;
    for (size_t i = 0; i < s->nwritten; i++)
        if (s->written[i].value == value)
            return s->written[i].at;
    return site->at;
}

/* What counts first, and of that the worst. */
static int by_weight(const void *a, const void *b)
{
    const struct self_finding *x = a, *y = b;
    if (!x->waiver != !y->waiver)
        return x->waiver ? 1 : -1;
    int d = (int)y->finding->severity - (int)x->finding->severity;
    return d ? d : x->finding < y->finding ? -1 : x->finding > y->finding;
}

static bool only_forward_secret(const struct tls_facts *t)
{
    for (int v = 0; v < VI_COUNT; v++)
        for (size_t i = 0; i < t->v[v].nsuites; i++) {
            const struct suite *s = suite_find(t->v[v].suites[i].code);
            if (s && !suite_is_forward_secret(s))
                return false;
        }
    return true;
}

static bool is_safe(const struct finding *f, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(f[i].check->id, id) == 0)
            return f[i].verdict == VERDICT_SAFE;
    return false;
}

static bool hsts_long(const struct site *site)
{
    const struct hsts_settings *h = &site->hsts;
    return h->mode == HSTS_AUTO || (h->mode == HSTS_FIXED && h->max_age >= HSTS_YEAR_SECONDS);
}

static int grade(struct arena *a, const struct site *site, const struct audit_view *view,
                 const struct finding *findings, size_t n, struct self_grade *g)
{
    struct finding *counted = arena_alloc(a, (g->n + 1) * sizeof *counted);
    size_t k = 0;
    if (!counted)
        return -ERR_NOMEM;
    for (size_t i = 0; i < g->n; i++)
        if (!g->findings[i].waiver)
            counted[k++] = *g->findings[i].finding;
    struct overall_input in = {.findings = counted,
                               .nfindings = k,
                               .reached = true,
                               .trusted = true,
                               .name_matches = true,
                               .hsts_year = hsts_long(site),
                               .redirects = site->redirect_http,
                               .tls13 = view->tls->v[VI_TLS13].offered == KNOWN_YES,
                               .only_forward_secret = only_forward_secret(view->tls),
                               .post_quantum = is_safe(findings, n, "pq_key_exchange"),
                               .no_stripping = hsts_long(site) && site->redirect_http};
    return grade_overall(a, &in, &g->grade);
}

static enum grade_rank rank_of(const char *letter)
{
    int r = GRADE_A_PLUS;
    while (r > GRADE_T && strcmp(grade_letter((enum grade_rank)r), letter) != 0)
        r--;
    return (enum grade_rank)r;
}

int self_grade(struct arena *a, const struct snapshot *s, const struct site *site,
               const struct audit_view *view, const struct finding *findings, size_t n,
               struct self_grade *ret)
{
    struct self_grade g = {.wanted = (enum grade_rank)(GRADE_A_PLUS - site->min_grade)};
    g.findings = arena_alloc(a, (n + 1) * sizeof *g.findings);
    if (!g.findings)
        return -ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct row *row = row_of(findings[i].check);
        if (counts(&findings[i], row))
            g.findings[g.n++] = (struct self_finding){&findings[i], waiver_of(site, row),
                                                      place_of(s, site, row)};
    }
    qsort(g.findings, g.n, sizeof *g.findings, by_weight);
    int err = grade(a, site, view, findings, n, &g);
    if (err)
        return err;
    g.rank = rank_of(g.grade.letter ? g.grade.letter : "T");
    *ret = g;
    return 0;
}
