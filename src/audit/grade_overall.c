/* gate443's own grade; see grade_overall.h. */
#include "audit/grade_overall.h"

static const struct overall_rule rules[] = {
    {SEVERITY_CRITICAL, 1, GRADE_F, 60}, /* broken now, by anybody */
    {SEVERITY_HIGH, 1, GRADE_C, 25},     /* broken by who can stand between */
    {SEVERITY_HIGH, 2, GRADE_D, 25},     {SEVERITY_HIGH, 4, GRADE_E, 25},
    {SEVERITY_MEDIUM, 1, GRADE_B, 8}, /* outdated: no practical attack is known, or it is hard */
    {SEVERITY_LOW, 1, GRADE_A_MINUS, 2},
};
enum { RULES = sizeof rules / sizeof *rules };

const struct overall_rule *grade_overall_rules(size_t *ret_n)
{
    *ret_n = RULES;
    return rules;
}

/* A letter's scores: however many small things there are, they do not weigh like a great one. */
static const struct band {
    int least, most;
} bands[GRADE_RANKS] = {
    [GRADE_T] = {0, 0},         [GRADE_M] = {0, 0},         [GRADE_F] = {0, 19},
    [GRADE_E] = {20, 34},       [GRADE_D] = {35, 49},       [GRADE_C] = {50, 64},
    [GRADE_B] = {65, 79},       [GRADE_A_MINUS] = {80, 89}, [GRADE_A] = {90, 97},
    [GRADE_A_PLUS] = {98, 100},
};

static bool trusted(const struct overall_input *in)
{
    return in->trusted;
}

static bool name_matches(const struct overall_input *in)
{
    return in->name_matches;
}

static bool hsts_year(const struct overall_input *in)
{
    return in->hsts_year;
}

static bool redirects(const struct overall_input *in)
{
    return in->redirects;
}

static bool tls13(const struct overall_input *in)
{
    return in->tls13;
}

static bool only_forward_secret(const struct overall_input *in)
{
    return in->only_forward_secret;
}

static bool post_quantum(const struct overall_input *in)
{
    return in->post_quantum;
}

static bool no_stripping(const struct overall_input *in)
{
    return in->no_stripping;
}

/* Without it the letter is no better than `cap`. */
static const struct condition {
    bool (*met)(const struct overall_input *in);
    enum grade_rank cap;
    const char *text, *check;
} conditions[] = {
    {trusted, GRADE_T, "the certificate is not trusted", "cert_trust"},
    {name_matches, GRADE_M, "the certificate is for another name", "cert_name"},
    {hsts_year, GRADE_A, "A+ needs HSTS for a year or more", "hsts"},
    {redirects, GRADE_A, "A+ needs http to lead to https", "redirect"},
    {tls13, GRADE_A, "A+ needs TLS 1.3", "tls13"},
    {only_forward_secret, GRADE_A, "A+ needs forward secrecy in every suite", "forward_secrecy"},
    {post_quantum, GRADE_A, "A+ needs a post-quantum key exchange", "pq_key_exchange"},
    {no_stripping, GRADE_A, "A+ needs protection from stripping", "stripping"},
};
enum { CONDITIONS = sizeof conditions / sizeof *conditions };

static bool counts(const struct finding *f)
{
    return f->verdict == VERDICT_VULNERABLE && f->check && f->severity > SEVERITY_INFO;
}

static bool same_check(const struct finding *a, const struct finding *b)
{
    return strcmp(a->check->id, b->check->id) == 0;
}

/* The worst of its check, and of equal ones the first. */
static bool leads(const struct overall_input *in, size_t at)
{
    const struct finding *f = &in->findings[at];
    if (!counts(f))
        return false;
    for (size_t i = 0; i < in->nfindings; i++) {
        const struct finding *g = &in->findings[i];
        if (i != at && counts(g) && same_check(f, g) &&
            (g->severity > f->severity || (g->severity == f->severity && i < at)))
            return false;
    }
    return true;
}

/* T and M say it already. */
static bool is_of_trust(const struct check *c)
{
    static const char *const ids[] = {"cert_trust", "cert_name", "cert_expiry", "cert_revocation",
                                      "distrusted_ca"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (strcmp(c->id, ids[i]) == 0)
            return true;
    return false;
}

static enum grade_rank cap_of(enum severity severity, unsigned count)
{
    enum grade_rank cap = GRADE_A_PLUS;
    for (size_t i = 0; i < RULES; i++)
        if (rules[i].severity == severity && count >= rules[i].count)
            cap = rules[i].cap;
    return cap;
}

static int points_of(enum severity severity)
{
    for (size_t i = 0; i < RULES; i++)
        if (rules[i].severity == severity)
            return rules[i].points;
    return 0;
}

static enum grade_rank lower(enum grade_rank a, enum grade_rank b)
{
    return a < b ? a : b;
}

/* Letters found by going on. */
struct sum {
    struct arena *arena;
    struct grade g;
    enum grade_rank all, untrusting; /* untrusting: if trust is ignored */
    int points;                      /* lost */
};

static int add_finding(struct sum *s, const struct finding *f, enum grade_rank cap)
{
    struct str text =
        arena_printf(s->arena, "%s finding: %s", severity_name(f->severity), f->check->title);
    if (!text.p)
        return -ERR_NOMEM;
    grade_add(&s->g, text.p, f->check->id, cap);
    s->points += s->points < 100 ? points_of(f->severity) : 0;
    return 0;
}

/* Names each with the letter that all of its severity together allow. */
static int add_severity(struct sum *s, const struct overall_input *in, const bool *lead,
                        enum severity severity)
{
    unsigned n = 0, other = 0;
    for (size_t i = 0; i < in->nfindings; i++)
        if (lead[i] && in->findings[i].severity == severity) {
            n++;
            other += !is_of_trust(in->findings[i].check);
        }
    for (size_t i = 0; i < in->nfindings; i++)
        if (lead[i] && in->findings[i].severity == severity &&
            add_finding(s, &in->findings[i], cap_of(severity, n)))
            return -ERR_NOMEM;
    s->all = lower(s->all, cap_of(severity, n));
    s->untrusting = lower(s->untrusting, cap_of(severity, other));
    return 0;
}

static void add_conditions(struct sum *s, const struct overall_input *in, bool of_trust)
{
    for (size_t i = 0; i < CONDITIONS; i++) {
        const struct condition *c = &conditions[i];
        if ((c->cap <= GRADE_M) != of_trust || c->met(in))
            continue;
        grade_add(&s->g, c->text, c->check, c->cap);
        s->all = lower(s->all, c->cap);
        if (!of_trust)
            s->untrusting = lower(s->untrusting, c->cap);
    }
}

static int add_findings(struct sum *s, const struct overall_input *in)
{
    bool *lead = arena_alloc(s->arena, in->nfindings ? in->nfindings : 1);
    if (!lead)
        return -ERR_NOMEM;
    for (size_t i = 0; i < in->nfindings; i++)
        lead[i] = leads(in, i);
    for (int severity = SEVERITY_CRITICAL; severity > SEVERITY_INFO; severity--)
        if (add_severity(s, in, lead, (enum severity)severity))
            return -ERR_NOMEM;
    return 0;
}

static int score_of(enum grade_rank rank, int points)
{
    int left = points < 100 ? 100 - points : 0;
    const struct band *b = &bands[rank];
    return left < b->least ? b->least : left > b->most ? b->most : left;
}

static int finish(struct sum *s, struct grade *ret)
{
    s->g.letter = grade_letter(s->all);
    s->g.score = score_of(s->all, s->points);
    if (s->all <= GRADE_M) {
        s->g.note = arena_printf(s->arena, "%s if trust is ignored", grade_letter(s->untrusting));
        if (!s->g.note.p)
            return -ERR_NOMEM;
    }
    *ret = s->g;
    return 0;
}

int grade_overall(struct arena *a, const struct overall_input *in, struct grade *ret)
{
    struct sum s = {.arena = a, .all = GRADE_A_PLUS, .untrusting = GRADE_A_PLUS};
    if (grade_start(a, in->nfindings + CONDITIONS, &s.g))
        return -ERR_NOMEM;
    if (!in->reached) {
        s.g.note = STR("no handshake was possible");
        *ret = s.g;
        return 0;
    }
    add_conditions(&s, in, true);
    if (add_findings(&s, in))
        return -ERR_NOMEM;
    add_conditions(&s, in, false);
    return finish(&s, ret);
}
