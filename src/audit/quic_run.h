/* UDP 443 of one address: version negotiation, handshakes of version 1 and 2, and what comes back
 * before our address is validated; each on a socket of its own, all at once. The QUIC side of what
 * endpoint.h is for TCP.
 *
 * A positive needs one answer. That nothing of QUIC is there needs the host's word (ICMP), or two
 * datagrams without an answer, half the silence apart. */
#ifndef AUDIT_QUIC_RUN_H
#define AUDIT_QUIC_RUN_H

#include "audit/quic_client.h"
#include "audit/quic_facts.h"
#include "base/addr.h"
#include "io/loop.h"

#define QUIC_RUN_SILENCE_LEAST (300 * MILLISECOND)  /* without anything at all … */
#define QUIC_RUN_SILENCE_MOST  (1500 * MILLISECOND) /* … of that much; between: 4 RTT + 200 ms */

struct quic_run_env {
    struct loop *loop;
    struct crypto *crypto;
    struct kex_keys *keys;
    const struct client_auth *auth; /* our certificate for who asks for it; NULL: none */
    struct addr to;
    struct str sni;   /* empty: none is sent; outlives the run */
    bool intrusive;   /* ask for amplification */
    bool thorough;    /* … and wait for what is sent again */
    uint64_t timeout; /* ns of the silence; 0: by the round trip */
    /* ns, as TCP measured it so far; 0: not yet. May be NULL. */
    uint64_t (*rtt)(void *user);
    /* All is known; once, never from within quic_run_new. */
    void (*on_done)(void *user);
    void *user;
};

struct quic_run;

/* NULL: no memory. Begins in the next turn. Memory: at most 5 MiB. */
struct quic_run *quic_run_new(const struct quic_run_env *env);
void quic_run_free(struct quic_run *r); /* cuts what is open; from within on_done, too */
/* There is nobody: everything that still waits for a first answer ends (on_done follows). */
void quic_run_give_up(struct quic_run *r);
/* Memory was out at some place: what was not seen may be there. */
bool quic_run_starved(const struct quic_run *r);
/* Lives with the run. same_key is left to whoever knows TCP's certificate. */
struct quic_facts *quic_run_facts(struct quic_run *r);

#endif
