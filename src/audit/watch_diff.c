/* What is new since the last audit; see watch_diff.h. */
#include "audit/watch_diff.h"

#include "audit/json_emit.h"

#include <jansson.h>

enum { ENTRIES_MAX = 4096, DAY = 86400 };

static const int64_t thresholds[] = {0, 1, 3, 7, 14, 30}; /* days before a certificate ends */

const char *watch_kind_name(enum watch_kind k)
{
    static const char *const names[] = {"first", "unreachable", "reachable", "grade", "found", "solved",
                                        "certificate", "expiry"};
    return names[k];
}

/* ---- from a report ---- */

int watch_essence_of(struct arena *a, const struct report *r, struct watch_essence *ret)
{
    struct watch_essence e = {.target = arena_str(a, r->target), .failure = arena_str(a, r->failure),
                              .grade = arena_str(a, str_c(r->overall.letter)), .time = r->started, .told = -1};
    e.findings = arena_zalloc(a, (r->nfindings + 1) * sizeof *e.findings);
    e.certificates = arena_zalloc(a, (r->ncertificates + 1) * sizeof *e.certificates);
    if (!e.findings || !e.certificates)
        return -ERR_NOMEM;
    for (size_t i = 0; i < r->nfindings; i++) {
        const struct finding *f = &r->findings[i];
        if (f->verdict == VERDICT_VULNERABLE)
            e.findings[e.nfindings++] = (struct watch_finding){
                str_c(f->check->id), str_c(f->check->title), arena_str(a, f->where), f->severity};
    }
    for (size_t i = 0; i < r->ncertificates; i++)
        e.certificates[e.ncertificates++] = (struct watch_certificate){
            arena_str(a, r->certificates[i].subject), arena_str(a, r->certificates[i].sha256),
            r->certificates[i].not_after};
    *ret = e;
    return 0;
}

/* ---- to text and back ---- */

void watch_essence_write(const struct watch_essence *e, struct buf *out)
{
    struct json_emit j = {.out = out, .pretty = true};
    json_emit_open(&j, NULL, '{');
    json_emit_z(&j, "schema", "gate443-watch/1");
    json_emit_str(&j, "target", e->target);
    json_emit_int(&j, "time", e->time);
    json_emit_str(&j, "failure", e->failure);
    json_emit_str(&j, "grade", e->grade);
    json_emit_int(&j, "told_days", e->told);
    json_emit_open(&j, "findings", '[');
    for (size_t i = 0; i < e->nfindings; i++) {
        json_emit_open(&j, NULL, '{');
        json_emit_str(&j, "id", e->findings[i].id);
        json_emit_str(&j, "title", e->findings[i].title);
        json_emit_str(&j, "address", e->findings[i].where);
        json_emit_z(&j, "severity", severity_name(e->findings[i].severity));
        json_emit_close(&j, '}');
    }
    json_emit_close(&j, ']');
    json_emit_open(&j, "certificates", '[');
    for (size_t i = 0; i < e->ncertificates; i++) {
        json_emit_open(&j, NULL, '{');
        json_emit_str(&j, "subject", e->certificates[i].subject);
        json_emit_str(&j, "sha256", e->certificates[i].sha256);
        json_emit_int(&j, "not_after", e->certificates[i].not_after);
        json_emit_close(&j, '}');
    }
    json_emit_close(&j, ']');
    json_emit_close(&j, '}');
    buf_addc(out, '\n');
}

static struct str text_at(struct arena *a, const json_t *object, const char *key)
{
    const char *z = json_string_value(json_object_get(object, key));
    return z ? arena_str(a, str_c(z)) : STR_NONE;
}

static int read_lists(struct arena *a, const json_t *root, struct watch_essence *e)
{
    const json_t *findings = json_object_get(root, "findings"), *certs = json_object_get(root, "certificates");
    size_t nf = json_array_size(findings), nc = json_array_size(certs);
    if (nf > ENTRIES_MAX || nc > ENTRIES_MAX)
        return -ERR_SYNTAX;
    e->findings = arena_zalloc(a, (nf + 1) * sizeof *e->findings);
    e->certificates = arena_zalloc(a, (nc + 1) * sizeof *e->certificates);
    if (!e->findings || !e->certificates)
        return -ERR_NOMEM;
    for (size_t i = 0; i < nf; i++) {
        const json_t *f = json_array_get(findings, i);
        struct watch_finding *to = &e->findings[e->nfindings++];
        *to = (struct watch_finding){text_at(a, f, "id"), text_at(a, f, "title"), text_at(a, f, "address"),
                                     SEVERITY_INFO};
        (void)severity_parse(text_at(a, f, "severity"), &to->severity);
    }
    for (size_t i = 0; i < nc; i++) {
        const json_t *c = json_array_get(certs, i);
        e->certificates[e->ncertificates++] = (struct watch_certificate){
            text_at(a, c, "subject"), text_at(a, c, "sha256"),
            json_integer_value(json_object_get(c, "not_after"))};
    }
    return 0;
}

int watch_essence_read(struct arena *a, struct str text, struct watch_essence *ret)
{
    json_t *root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, NULL);
    const char *schema = json_string_value(json_object_get(root, "schema"));
    struct watch_essence e = {.told = -1};
    int err = schema && strcmp(schema, "gate443-watch/1") == 0 ? 0 : -ERR_SYNTAX;
    if (!err) {
        e.target = text_at(a, root, "target");
        e.failure = text_at(a, root, "failure");
        e.grade = text_at(a, root, "grade");
        e.time = json_integer_value(json_object_get(root, "time"));
        e.told = json_integer_value(json_object_get(root, "told_days"));
        err = read_lists(a, root, &e);
    }
    json_decref(root);
    if (!err)
        *ret = e;
    return err;
}

/* ---- differences ---- */

struct diff {
    struct arena *arena;
    void (*on_change)(void *user, const struct watch_change *c);
    void *user;
};

static void tell(struct diff *d, struct watch_change c)
{
    d->on_change(d->user, &c);
}

static bool has_finding(const struct watch_essence *e, const struct watch_finding *f)
{
    for (size_t i = 0; i < e->nfindings; i++)
        if (str_eq(e->findings[i].id, f->id) && str_eq(e->findings[i].where, f->where))
            return true;
    return false;
}

/* Those of `of` that `in` has not. */
static void tell_findings(struct diff *d, const struct watch_essence *of, const struct watch_essence *in, bool found)
{
    for (size_t i = 0; i < of->nfindings; i++) {
        const struct watch_finding *f = &of->findings[i];
        if (has_finding(in, f))
            continue;
        struct str text = arena_printf(d->arena, "%s (%s)%s%.*s: %.*s", found ? "found" : "solved",
                                       severity_name(f->severity), f->where.n ? " at " : "", STR_ARG(f->where),
                                       STR_ARG(f->title));
        tell(d, (struct watch_change){found ? WATCH_FOUND : WATCH_SOLVED,
                                      found && f->severity > SEVERITY_INFO, f->severity, f->id, text});
    }
}

static int rank(struct str grade)
{
    static const char *const order[] = {"A+", "A", "A-", "B", "C", "D", "E", "F", "T", "M"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (str_eq(grade, str_c(order[i])))
            return (int)i;
    return 99;
}

static void tell_grade(struct diff *d, const struct watch_essence *old, const struct watch_essence *now)
{
    if (str_eq(old->grade, now->grade))
        return;
    struct str text = arena_printf(d->arena, "grade %.*s, was %.*s", STR_ARG(now->grade.n ? now->grade : STR("none")),
                                   STR_ARG(old->grade.n ? old->grade : STR("none")));
    tell(d, (struct watch_change){.kind = WATCH_GRADE, .worse = rank(now->grade) > rank(old->grade), .text = text});
}

/* The order in which a server shows several leaves is chance. */
static bool has_certificate(const struct watch_essence *e, const struct watch_certificate *c)
{
    for (size_t i = 0; i < e->ncertificates; i++)
        if (str_eq(e->certificates[i].sha256, c->sha256))
            return true;
    return false;
}

static void tell_certificates(struct diff *d, const struct watch_essence *old, const struct watch_essence *now)
{
    for (size_t i = 0; i < now->ncertificates; i++) {
        const struct watch_certificate *c = &now->certificates[i];
        if (has_certificate(old, c))
            continue;
        struct str text = arena_printf(d->arena, "new certificate %.*s: %.*s", STR_ARG(str_sub(c->sha256, 0, 16)),
                                       STR_ARG(c->subject));
        tell(d, (struct watch_change){.kind = WATCH_CERTIFICATE, .text = text});
    }
}

/* Each threshold is told once: of the certificate that ends first. A new one begins afresh. */
static void tell_expiry(struct diff *d, const struct watch_essence *old, struct watch_essence *now)
{
    int64_t first = INT64_MAX, crossed = -1;
    for (size_t i = 0; i < now->ncertificates; i++)
        if (now->certificates[i].not_after < first)
            first = now->certificates[i].not_after;
    if (first == INT64_MAX)
        return;
    uint64_t left = first > now->time ? (uint64_t)first - (uint64_t)now->time : 0;
    for (size_t i = 0; i < sizeof thresholds / sizeof *thresholds && crossed < 0; i++)
        if (left <= (uint64_t)thresholds[i] * DAY)
            crossed = thresholds[i];
    now->told = crossed;
    if (crossed < 0 || (old && old->told >= 0 && old->told <= crossed))
        return;
    struct str text = left == 0 ? STR("a certificate is over")
                                : arena_printf(d->arena, "a certificate ends in %lld hours, within %lld days",
                                               (long long)(left / 3600), (long long)crossed);
    tell(d, (struct watch_change){.kind = WATCH_EXPIRY, .worse = true, .text = text});
}

static void carry_over(const struct watch_essence *old, struct watch_essence *now)
{
    now->grade = old->grade;
    now->findings = old->findings;
    now->nfindings = old->nfindings;
    now->certificates = old->certificates;
    now->ncertificates = old->ncertificates;
    now->told = old->told;
}

static void tell_first(struct diff *d, const struct watch_essence *now)
{
    struct str text = now->failure.n ? now->failure
                                     : arena_printf(d->arena, "watched from now on: grade %.*s, %zu findings",
                                                    STR_ARG(now->grade.n ? now->grade : STR("none")), now->nfindings);
    tell(d, (struct watch_change){.kind = WATCH_FIRST, .worse = now->failure.n != 0, .text = text});
}

void watch_diff(struct arena *a, const struct watch_essence *old, struct watch_essence *now,
                void (*on_change)(void *user, const struct watch_change *c), void *user)
{
    struct diff d = {a, on_change, user};
    if (!old) {
        tell_first(&d, now);
        tell_expiry(&d, NULL, now);
        return;
    }
    if (now->failure.n) {
        carry_over(old, now);
        if (!str_eq(old->failure, now->failure))
            tell(&d, (struct watch_change){.kind = WATCH_UNREACHABLE, .worse = true, .text = now->failure});
        return;
    }
    if (old->failure.n)
        tell(&d, (struct watch_change){.kind = WATCH_REACHABLE, .text = STR("can be audited again")});
    tell_grade(&d, old, now);
    tell_findings(&d, now, old, true);
    tell_findings(&d, old, now, false);
    tell_certificates(&d, old, now);
    tell_expiry(&d, old, now);
}
