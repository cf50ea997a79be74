/* What an audit of ourselves has to say; see self_audit.h. */
#include "main/self_audit.h"

static struct str name_of(const struct site *site)
{
    return site->nnames ? site->names[0] : STR("(default)");
}

static void add_place(struct buf *out, struct source_ref at)
{
    if (at.file)
        buf_addf(out, "%s:%u:%u: ", at.file, at.line, at.column);
}

/* "TLS 1.0 (medium): …" in one line, and what helps. */
static void add_finding(struct buf *out, const struct finding *f)
{
    const struct check *c = f->check;
    buf_addf(out, "%s (%s, %s): %.*s%s%s", c->title, c->id, severity_name(f->severity),
             STR_ARG(f->detail), c->fix ? " " : "", c->fix ? c->fix : "");
}

/* Which findings keep it below what is wanted: all that cap the grade under it. */
static bool too_bad(const struct self_grade *g, const struct finding *f)
{
    for (size_t i = 0; i < g->grade.ncauses; i++) {
        const struct grade_cause *c = &g->grade.causes[i];
        if (!c->check || !c->grade || strcmp(c->check, f->check->id) != 0)
            continue;
        for (int r = GRADE_T; r < (int)g->wanted; r++)
            if (strcmp(grade_letter((enum grade_rank)r), c->grade) == 0)
                return true;
    }
    return false;
}

static void tell_refused(const struct self_result *r, struct buf *out)
{
    const struct self_grade *g = &r->grade;
    size_t told = 0;
    for (size_t i = 0; i < g->n; i++) {
        const struct self_finding *f = &g->findings[i];
        if (f->waiver || !too_bad(g, f->finding))
            continue;
        add_place(out, f->at);
        buf_addf(out, "error: %.*s grades %s, below %s: ",
                 STR_ARG(name_of(r->site)), grade_letter(g->rank),
                 grade_letter(g->wanted));
        add_finding(out, f->finding);
        buf_addf(out, "\n");
        told++;
    }
    for (size_t i = 0; !told && i < g->grade.ncauses; i++) { /* a condition of A+ */
        if (!g->grade.causes[i].grade)
            continue;
        add_place(out, r->site->at);
        buf_addf(out, "error: %.*s grades %s, below %s: %s\n", STR_ARG(name_of(r->site)),
                 grade_letter(g->rank), grade_letter(g->wanted), g->grade.causes[i].rule);
    }
}

/* By waiver, not by finding: one old version has a dozen consequences. */
static void tell_waived(const struct self_result *r, struct buf *out)
{
    for (size_t w = 0; w < r->site->nwaivers; w++) {
        const struct waiver *waiver = &r->site->waivers[w];
        size_t n = 0;
        for (size_t i = 0; i < r->grade.n; i++) {
            if (r->grade.findings[i].waiver != waiver)
                continue;
            if (!n++) {
                add_place(out, waiver->at);
                buf_addf(out, "warning: %.*s: `allow %.*s` waives ", STR_ARG(name_of(r->site)),
                         STR_ARG(waiver->name));
            }
            buf_addf(out, "%s%s", n > 1 ? ", " : "", r->grade.findings[i].finding->check->id);
        }
        if (n)
            buf_addf(out, "\n");
    }
}

static void tell_site(const struct self_result *r, struct buf *out)
{
    if (r->failure) {
        add_place(out, r->site->at);
        buf_addf(out, "warning: %.*s could not be audited: %s\n", STR_ARG(name_of(r->site)),
                 r->failure);
        return;
    }
    if (!self_grade_passes(&r->grade))
        tell_refused(r, out);
    tell_waived(r, out);
}

/* Whole lines; errors first, so that what is cut is not the reason. */
static void tell_kind(const struct self_audit *a, bool refused, size_t most, struct buf *out)
{
    size_t n, start = out->n;
    const struct self_result *r = self_audit_results(a, &n);
    for (size_t i = 0; i < n; i++) {
        struct buf one;
        bool bad = !r[i].failure && !self_grade_passes(&r[i].grade);
        if (bad != refused)
            continue;
        buf_init(&one, 256 * 1024);
        tell_site(&r[i], &one);
        if (out->n - start + one.n > most) {
            buf_addf(out, "… and more, from %.*s on: see `gate443 check`\n",
                     STR_ARG(name_of(r[i].site)));
            i = n;
        } else {
            buf_add(out, buf_str(&one));
        }
        buf_done(&one);
    }
}

void self_audit_tell(const struct self_audit *a, size_t most, struct buf *out)
{
    size_t before = out->n;
    tell_kind(a, true, most, out);
    size_t used = out->n - before;
    tell_kind(a, false, used < most ? most - used : 0, out);
}

/* ---- for `check` ---- */

static void list_finding(const struct self_finding *f, struct buf *out)
{
    const struct check *c = f->finding->check;
    buf_addf(out, "  ");
    add_place(out, f->at);
    buf_addf(out, "%s: %s [%s]\n      %.*s\n", severity_name(f->finding->severity), c->title, c->id,
             STR_ARG(f->finding->detail));
    if (f->waiver)
        buf_addf(out, "      waived until its day: %.*s\n", STR_ARG(f->waiver->reason));
    else if (c->fix)
        buf_addf(out, "      fix: %s\n", c->fix);
}

static void list_site(const struct self_result *r, struct buf *out)
{
    const struct self_grade *g = &r->grade;
    if (r->failure) {
        buf_addf(out, "%.*s: could not be audited: %s\n", STR_ARG(name_of(r->site)), r->failure);
        return;
    }
    buf_addf(out, "%.*s: grade %s", STR_ARG(name_of(r->site)), grade_letter(g->rank));
    if (!self_grade_passes(g))
        buf_addf(out, ", below %s", grade_letter(g->wanted));
    buf_addf(out, "\n");
    for (size_t i = 0; i < g->n; i++)
        list_finding(&g->findings[i], out);
    for (size_t i = 0; i < g->grade.ncauses; i++)
        if (g->rank >= GRADE_A && g->grade.causes[i].grade && g->rank < GRADE_A_PLUS)
            buf_addf(out, "  %s\n", g->grade.causes[i].rule);
}

void self_audit_list(const struct self_audit *a, struct buf *out)
{
    size_t n;
    const struct self_result *r = self_audit_results(a, &n);
    for (size_t i = 0; i < n; i++)
        list_site(&r[i], out);
    if (n)
        buf_addf(out, "audited %zu site%s in %zu audit%s\n", n, n == 1 ? "" : "s",
                 self_audit_count(a), self_audit_count(a) == 1 ? "" : "s");
}
