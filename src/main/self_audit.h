/* The auditor turned on ourselves: a generation is put behind a front of its own, in memory, and
 * audited as any server would be, before anybody can reach it. No socket, no DNS, no file; nothing of
 * it appears in the access log or in the visitors' metrics. The signatures are the keeper's.
 *
 * Sites whose answers cannot differ (same TLS settings, kind of certificate, HSTS, redirect) share
 * one audit; each is then graded by its own waivers and min_grade. All https listeners serve alike, so
 * their number does not matter. One connection begins a turn of the loop at most: who is being served
 * meanwhile hardly notices. */
#ifndef MAIN_SELF_AUDIT_H
#define MAIN_SELF_AUDIT_H

#include "audit/self_grade.h"
#include "base/log.h"
#include "front/front.h"
#include "tls/certstore.h"

#define SELF_AUDIT_TIME (10 * SECOND) /* for all sites together */

struct self_audit;

struct self_audit_env {
    struct loop *loop;
    struct log *log;
    struct metrics *caches;   /* of the worker: what handlers keep is counted there; NULL: nowhere */
    struct serving *serving;  /* takes a reference of its own */
    const struct certstore_chain *chains; /* those of the serving's store; needed only by _new */
    size_t nchains;
    uint64_t time;            /* ns; 0: SELF_AUDIT_TIME */
    void (*on_done)(void *user, struct self_audit *a); /* once, from a task; may free it */
    void *user;
};

/* Of one site. */
struct self_result {
    const struct site *site;
    const char *failure; /* NULL, or why there is no grade; static or in the audit's arena */
    struct self_grade grade;
};

/* −err: none was begun, and on_done is not called. */
int must_use self_audit_new(const struct self_audit_env *env, struct self_audit **ret);
void self_audit_free(struct self_audit *a); /* also one that runs; NULL is fine */

/* When it is done: one for each site, in the order of the snapshot. None: there is no TLS. */
const struct self_result *self_audit_results(const struct self_audit *a, size_t *ret_n);
size_t self_audit_count(const struct self_audit *a); /* audits that were needed for them */
/* No site that has a grade has one below what it wants. */
bool self_audit_passes(const struct self_audit *a);
/* The worst letter; NULL: no site has one. */
const char *self_audit_letter(const struct self_audit *a);
/* What is to be told: lines "FILE:LINE:COLUMN: error: …" of what is refused, "warning: …" of what is
 * waived or could not be audited. Cut at `most` bytes. */
void self_audit_tell(const struct self_audit *a, size_t most, struct buf *out);
/* Every site with its grade and its findings, worst first: what `check` prints. */
void self_audit_list(const struct self_audit *a, struct buf *out);

#endif
