/* gate443's own grade: the worst finding decides the letter, and what makes an A an A+ is asked for
 * by name. The rules are a table (grade_overall_rules), from which the manual can be made.
 *
 * Deterministic, and monotone: with one finding less, or one of less severity, or one more of the
 * conditions met, the letter and the score are never lower. */
#ifndef AUDIT_GRADE_OVERALL_H
#define AUDIT_GRADE_OVERALL_H

#include "audit/grade.h"

struct overall_input {
    const struct finding *findings; /* those of VERDICT_VULNERABLE count */
    size_t nfindings;
    bool reached; /* a handshake was possible; if not there is no grade */
    bool trusted; /* chain, dates, revocation: all but the name */
    bool name_matches;
    /* For A+. */
    bool hsts_year; /* a year or more */
    bool redirects; /* http leads to https, or nothing answers http */
    bool tls13;
    bool only_forward_secret;
    bool post_quantum; /* a key exchange is offered that a quantum computer does not undo */
    bool no_stripping; /* no more than the first visit can be kept at http: */
};

/* `count` findings of that severity: the letter is `cap` at most. Each takes `points` of 100, but
 * the score stays between what the letter's neighbours have. */
struct overall_rule {
    enum severity severity;
    unsigned count;
    enum grade_rank cap;
    int points;
};
/* By falling severity and rising count. */
const struct overall_rule *grade_overall_rules(size_t *ret_n);

/* Findings about trust and name, for which T and M stand, are left out of the letter that the note
 * tells ("B if trust is ignored"). A check that several addresses fail counts once, as its worst.
 * Causes live in the arena. -ERR_NOMEM. */
int must_use grade_overall(struct arena *a, const struct overall_input *in, struct grade *ret);

#endif
