/* A list of targets and their reports in Redis, shared by any number of workers on any number of
 * machines. For a scan called NAME:
 *
 *   NAME           stream of targets still to be done, with a consumer group "gate443". An entry
 *                  leaves it only when its report is stored: XLEN is what is left
 *   NAME:targets   set of all that were ever put in: each once
 *   NAME:done      hash, target → entry whose report counts
 *   NAME:results   stream of reports {target, report}: one a target
 *
 * A worker takes entries (XREADGROUP) and keeps them alive while it works on them (a lease, renewed);
 * what a dead worker held is taken over by others once its lease is over (XAUTOCLAIM). The report, the
 * mark in NAME:done, and the entry's end are one script, which the server runs whole or not at all, and
 * which does nothing where the target is done already: so a target is never lost, and counted once
 * even if two audited it. What made QUEUE_TRIES workers lose it is reported as such, not tried again. */
#ifndef AUDIT_FLEET_QUEUE_H
#define AUDIT_FLEET_QUEUE_H

#include "audit/fleet.h"
#include "upstream/redis.h"

#define QUEUE_LEASE  (60 * SECOND) /* where nothing else is said */
#define QUEUE_TRIES  5
#define QUEUE_UNSENT_MAX (16u * 1024 * 1024) /* bytes of reports that Redis has not taken yet */
enum { QUEUE_NAME_MAX = 128, QUEUE_BATCH = 128 };

struct fleet_queue;

struct fleet_queue_env {
    struct loop *loop;
    struct redis *redis;     /* borrowed */
    const char *name;        /* of the scan */
    const char *worker;      /* unique among all */
    uint64_t lease;          /* ns; 0: QUEUE_LEASE */
    void (*on_wake)(void *user); /* ask again: next, ready, idle */
    /* Redis is away (what it says), or here again (NULL). It is tried for ever, unless it never let us
     * in (for_good). */
    void (*on_trouble)(void *user, const char *what, bool for_good);
    void *user;
};

/* NULL: no memory. */
struct fleet_queue *fleet_queue_new(const struct fleet_queue_env *env);
void fleet_queue_free(struct fleet_queue *q); /* its redis is freed before */
/* As a fleet's source: END once nothing is left, with anybody. */
enum fleet_next fleet_queue_next(struct fleet_queue *q, struct audit_target *ret, char tag[FLEET_TAG_MAX]);
/* Whether a report can be taken. */
bool fleet_queue_ready(const struct fleet_queue *q);
/* report: a line of JSON, copied; empty: there is none, the target is done all the same. −err: memory. */
int must_use fleet_queue_done(struct fleet_queue *q, const char *tag, struct str key, struct str report);
bool fleet_queue_idle(const struct fleet_queue *q); /* every report is stored */
uint64_t fleet_queue_doubles(const struct fleet_queue *q); /* that others had stored before us */

/* Puts targets in: those that were in before are left out. n <= QUEUE_BATCH. The answer is the number
 * of new ones. */
int must_use fleet_queue_put(struct redis *redis, const char *name, const struct str *keys, size_t n,
                             redis_on_answer *on_answer, void *user);
/* Reports from behind `after` ("0": all) on, at most n. The answer is a list of {id, {…, "report",
 * TEXT}} and behind it how many targets are left. */
int must_use fleet_queue_results(struct redis *redis, const char *name, const char *after, unsigned n,
                                 redis_on_answer *on_answer, void *user);

#endif
