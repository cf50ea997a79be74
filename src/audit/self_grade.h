/* What an audit of ourselves makes of its findings for one site: which count, which are waived in its
 * configuration, where the setting stands that decides, and the grade. Pure.
 *
 * Only what the configuration decides counts. What others decide or know does not: whether stores
 * trust the authority, revocation, certificate transparency, DNS, who else has the key, how long HSTS
 * has been growing, what the TLS library cannot do; and what a page says is its author's
 * (`gate443 audit` judges all that). Names and times of certificates were checked before. */
#ifndef AUDIT_SELF_GRADE_H
#define AUDIT_SELF_GRADE_H

#include "audit/grade_overall.h"
#include "audit/view.h"
#include "config/snapshot.h"

struct self_finding {
    const struct finding *finding;
    const struct waiver *waiver; /* NULL: it counts */
    struct source_ref at;        /* of the setting, or of the site */
};

struct self_grade {
    enum grade_rank rank, wanted; /* wanted: the site's min_grade */
    struct grade grade;           /* causes: also the conditions of A+ that are not met */
    struct self_finding *findings; /* that count or are waived; worst first */
    size_t n;
};

/* Findings: of checks_run for a site with the same settings. Lives in the arena; slices of the
 * findings are shared. -ERR_NOMEM. */
int must_use self_grade(struct arena *a, const struct snapshot *s, const struct site *site,
                        const struct audit_view *view, const struct finding *findings, size_t n,
                        struct self_grade *ret);
static inline bool self_grade_passes(const struct self_grade *g)
{
    return g->rank >= g->wanted;
}

#endif
