/* One address under audit: takes probes from its plan, gives each a connection, feeds the plan with
 * what came of it. The only file of the auditor that reads and writes; how a connection comes about
 * is its caller's (TCP, or memory for auditing ourselves). */
#ifndef AUDIT_ENDPOINT_H
#define AUDIT_ENDPOINT_H

#include "audit/plan.h"
#include "base/addr.h"
#include "io/stream.h"

#define ENDPOINT_INFLIGHT   16                     /* probes at once, where nothing else is said */
#define ENDPOINT_TIMEOUT    (3 * SECOND)           /* without a byte, before anything was measured */
#define ENDPOINT_TIMEOUT_LEAST (1 * SECOND)
#define ENDPOINT_DEADLINE   (120 * SECOND)         /* of the whole audit of an address */

struct endpoint;

struct endpoint_env {
    struct loop *loop;
    struct crypto *crypto;
    struct kex_keys *keys;
    const struct client_auth *auth; /* our certificate for who asks for it; NULL: none */
    unsigned inflight;      /* probes at once; 0: ENDPOINT_INFLIGHT */
    unsigned rate;          /* connections begun a second; 0: no limit */
    uint64_t timeout;       /* ns without a byte; 0: adapted to what is measured */
    uint64_t deadline;      /* ns for all; 0: ENDPOINT_DEADLINE */
    /* A connection to one of the two ports. */
    int (*dial)(void *user, enum probe_port port, struct stream **ret);
    /* When (ns) the next connection may begin; `now` or earlier: at once. NULL: whenever. */
    uint64_t (*may_dial)(void *user, enum probe_port port, uint64_t now);
    /* Once a probe has ended; o stays the endpoint's. May be NULL. */
    void (*on_probe)(void *user, const struct observation *o);
    /* All is known; called once, never from within endpoint_new. */
    void (*on_done)(void *user);
    void *user;
};

/* NULL: no memory. Begins in the next turn of the loop. */
struct endpoint *endpoint_new(const struct endpoint_env *env, const struct plan_options *options);
void endpoint_free(struct endpoint *e); /* cuts what is open */
struct plan *endpoint_plan(struct endpoint *e);
/* Probes ended and asked for so far, for whoever shows progress. */
void endpoint_progress(const struct endpoint *e, uint32_t *ret_done, uint32_t *ret_known);
/* Bytes over all connections. */
void endpoint_bytes(const struct endpoint *e, uint64_t *ret_sent, uint64_t *ret_received);

#endif
