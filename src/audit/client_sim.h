/* What would real clients negotiate with the server? Computed from what was found out about it, and
 * from what their ClientHellos offer (clients.def); not one connection is made. */
#ifndef AUDIT_CLIENT_SIM_H
#define AUDIT_CLIENT_SIM_H

#include "audit/grade.h"
#include "audit/tls_facts.h"

struct client_row {
    const char *name;
    enum tls_version_index oldest, newest;
    bool sni, h2;            /* server_name; h2 in ALPN */
    unsigned shares;         /* how many of its groups it sends a key share of */
    unsigned dh_min, dh_max; /* bits of a prime it takes; 0: no limit known */
    unsigned rsa_min, rsa_max;
    const uint32_t *suites;           /* in its order; 0 ends the list */
    const uint16_t *groups, *sigalgs; /* likewise; empty: it does not send the extension */
};
/* NULL from the end on. By kind, the oldest first. */
const struct client_row *client_sim_row(size_t i);

struct client_server {
    const struct tls_facts *tls;
    const struct grade_key *keys; /* of its certificates; none: not known */
    size_t nkeys;
};

/* One client: what it would negotiate, or why it cannot. `problem` may be set though it connects:
 * what it would complain about. Text is static or lives in the arena. -ERR_NOMEM. */
int must_use client_sim(struct arena *a, const struct client_row *client,
                        const struct client_server *server, struct report_client *ret);
/* All of them, in an array in the arena. */
int must_use client_sim_all(struct arena *a, const struct client_server *server,
                            struct report_client **ret, size_t *ret_n);

#endif
