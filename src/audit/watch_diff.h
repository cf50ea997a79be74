/* What an audit leaves to be remembered, and what is new since the last one. Pure: text in, text out,
 * time is an argument. Everything lives in the caller's arena. */
#ifndef AUDIT_WATCH_DIFF_H
#define AUDIT_WATCH_DIFF_H

#include "audit/report.h"

#define WATCH_ESSENCE_MAX (1u << 20) /* bytes of a remembered report */

struct watch_finding {
    struct str id, title, where; /* of a check that is not as it should be */
    enum severity severity;
};

struct watch_certificate {
    struct str subject, sha256;
    int64_t not_after;      /* s since 1970 */
};

struct watch_essence {
    struct str target, failure, grade; /* grade empty: none */
    int64_t time;
    struct watch_finding *findings;
    size_t nfindings;
    struct watch_certificate *certificates;
    size_t ncertificates;
    int64_t told;           /* days before the end that were told of last; -1: none */
};

enum watch_kind { WATCH_FIRST, WATCH_UNREACHABLE, WATCH_REACHABLE, WATCH_GRADE, WATCH_FOUND, WATCH_SOLVED,
                  WATCH_CERTIFICATE, WATCH_EXPIRY };
const char *watch_kind_name(enum watch_kind k); /* "first" … "expiry" */

struct watch_change {
    enum watch_kind kind;
    bool worse;
    enum severity severity; /* of FOUND, SOLVED */
    struct str check;       /* id, of FOUND and SOLVED; else empty */
    struct str text;        /* for people, a sentence without its target */
};

/* -ERR_NOMEM */
int must_use watch_essence_of(struct arena *a, const struct report *r, struct watch_essence *ret);
/* JSON; out fails beyond its maximum. */
void watch_essence_write(const struct watch_essence *e, struct buf *out);
/* -ERR_SYNTAX, -ERR_NOMEM */
int must_use watch_essence_read(struct arena *a, struct str text, struct watch_essence *ret);

/* Calls on_change for each difference; old NULL: it was never seen. Sets now's `told`. What an audit
 * that failed does not know is carried over from the last one, so that nothing seems solved. */
void watch_diff(struct arena *a, const struct watch_essence *old, struct watch_essence *now,
                void (*on_change)(void *user, const struct watch_change *c), void *user);

#endif
