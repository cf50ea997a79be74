/* Any number of targets through one process. Targets are taken from a source when there is room for
 * them, audited many at a time, and handed to a sink one after the other, as they finish. Memory is
 * bounded by `parallel` and FLEET_PARKED_MAX, whatever the source holds and however slow the sink
 * is: a report that the sink is not ready for keeps its audit's place.
 *
 * A target's addresses are known before it starts: those that are excluded are struck out, and one
 * whose network is busy is parked, so that others can pass it. */
#ifndef AUDIT_FLEET_H
#define AUDIT_FLEET_H

#include "audit/audit.h"
#include "audit/exclude.h"

enum { FLEET_TAG_MAX = 32, FLEET_PARKED_MAX = 1024 };

enum fleet_next { FLEET_TARGET, FLEET_WAIT, FLEET_END };

struct fleet_env {
    struct audit_env *audit;   /* borrowed; its may_dial becomes the fleet's */
    unsigned parallel;         /* audits at a time, at least 1 */
    unsigned network_parallel; /* of those, in one IPv4 /24 or IPv6 /48; 0: no limit */
    unsigned network_rate;     /* connections begun a second to one; 0: no limit */
    bool limit_loopback;       /* the two hold for 127.0.0.0/8 and ::1, too */
    const struct exclude *exclude; /* borrowed; NULL: nobody */
    uint64_t seed[2];          /* random */
    /* The next target, with a tag that comes back with its report (may stay empty). WAIT: none now,
     * fleet_wake will tell. */
    enum fleet_next (*next)(void *user, struct audit_target *ret, char tag[FLEET_TAG_MAX]);
    /* Whether the sink can take a report now; if not, fleet_wake will tell. */
    bool (*ready)(void *user);
    void (*on_report)(void *user, const struct audit_target *t, const char *tag, const struct report *r);
    /* It, or every address it has, is excluded: there will be no report. */
    void (*on_excluded)(void *user, const struct audit_target *t, const char *tag);
    /* All is done; once, in a later turn. */
    void (*on_end)(void *user);
    void *user;
    /* Tests put their own in; NULL: audit_new, audit_free. */
    struct audit *(*start)(const struct audit_env *env, const struct audit_target *target,
                           void (*on_done)(void *, struct audit *, const struct report *), void *user);
    void (*stop)(struct audit *a);
};

struct fleet_progress {
    uint64_t given, done, failed, excluded;
    size_t running, parked, resolving, unsent; /* unsent: done, the sink is not ready */
    struct audit_progress audits;              /* all that run, summed */
};

struct fleet;

/* NULL: no memory. Begins in the next turn. */
struct fleet *fleet_new(const struct fleet_env *env);
void fleet_free(struct fleet *f); /* what runs is cut; not from within a callback */
void fleet_wake(struct fleet *f); /* from anywhere */
void fleet_progress(const struct fleet *f, struct fleet_progress *ret);

#endif
