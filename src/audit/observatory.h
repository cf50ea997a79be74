/* The score of the MDN HTTP Observatory, computed from facts: start at 100, subtract, add the bonuses
 * only if at least 90 are left, round down to a step of five. */
#ifndef AUDIT_OBSERVATORY_H
#define AUDIT_OBSERVATORY_H

#include "audit/http_facts.h"

enum observatory_id {
#define OBSERVATORY(id, name, points, reason) OBSERVATORY_##id,
#include "audit/observatory.def"
#undef OBSERVATORY
    OBSERVATORY_COUNT
};

struct observatory_row {
    const char *name; /* "csp-not-implemented" */
    int points;
    const char *reason; /* for people */
};

/* One verdict each. */
enum observatory_test {
    OBSERVATORY_TEST_CSP,
    OBSERVATORY_TEST_COOKIES,
    OBSERVATORY_TEST_CORS,
    OBSERVATORY_TEST_REDIRECTION,
    OBSERVATORY_TEST_REFERRER,
    OBSERVATORY_TEST_HSTS,
    OBSERVATORY_TEST_SRI,
    OBSERVATORY_TEST_NOSNIFF,
    OBSERVATORY_TEST_FRAMES,
    OBSERVATORY_TEST_CORP,
    OBSERVATORY_TEST_COEP,
    OBSERVATORY_TEST_COOP,
    OBSERVATORY_TESTS
};

struct observatory {
    enum observatory_id verdicts[OBSERVATORY_TESTS];
    int penalties, bonuses; /* sums; penalties <= 0 */
    bool bonus_counts;
    unsigned score;    /* a multiple of five, may be over 100 */
    const char *grade; /* "A+" … "F" */
};

void observatory_judge(struct observatory *ret, const struct http_facts *facts);
/* Never NULL. */
const struct observatory_row *observatory_row(enum observatory_id id);
/* Score → grade. */
const char *observatory_grade(unsigned score);
/* Sums up ret->verdicts, which are given: the rest of observatory_judge. */
void observatory_sum(struct observatory *ret);

#endif
