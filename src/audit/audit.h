/* One target from its name to its report: addresses, endpoints, checks, grades. */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/client_auth.h"
#include "audit/ct_log.h"
#include "audit/endpoint.h"
#include "audit/mitm.h"
#include "audit/report.h"
#include "audit/trust_store.h"
#include "audit/via.h"
#include "io/resolve.h"
#include "wire/idn.h"

enum { AUDIT_STORES_MAX = 4, AUDIT_ADDRESSES_MAX = 16 };

/* As asked for, e.g. "example.com", "bücher.example:8443", "[2001:db8::1]:443". Plain data. */
struct audit_target {
    char text[IDN_TEXT_MAX + 8]; /* as typed, for reports */
    char host[IDN_MAX];          /* A-labels or an address without brackets */
    char sni[IDN_MAX];           /* empty: none is sent (addresses) */
    uint16_t port;
    struct addr connect[AUDIT_ADDRESSES_MAX]; /* --connect-to; none: the name's addresses */
    size_t nconnect;
    bool resolved;  /* `connect` holds the name's own addresses, found already */
    int unresolved; /* −err: the name was asked for already, and has no address */
    const char *refused; /* it is not to be audited, and why: the report's failure; else NULL */
};

/* -ERR_SYNTAX and the like: *why is told what is wrong. Port: 443 unless it says so. */
int must_use audit_target_parse(struct audit_target *ret, struct str text, struct buf *why);

/* "host:port" with the host in one spelling: two targets are the same if these are. */
#define AUDIT_KEY_MAX (IDN_MAX + 8)
struct str audit_target_key(const struct audit_target *t, char out[AUDIT_KEY_MAX]);

struct audit_options {
    unsigned inflight, rate; /* see endpoint.h */
    uint64_t timeout, deadline;
    bool intrusive, http, dns, thorough;
    bool quic;               /* ask UDP, too */
    bool all_addresses;      /* each in full; else one of each family, the others' keys compared */
    bool evidence, show_clients;
    uint16_t plain_port;     /* 0: port 80 where the target's is 443, else none */
    bool no_plain;
    struct str expect_issuer; /* empty: any */
};

/* Shared by all audits of a process; outlives them. */
struct audit_env {
    struct loop *loop;
    struct crypto *crypto;
    struct kex_keys *keys;
    struct resolver *resolver;
    const struct client_auth *auth; /* our certificate for who asks for it; NULL: none */
    const struct trust_store *stores[AUDIT_STORES_MAX];
    size_t nstores;
    const struct ct_logs *ct_logs; /* NULL: none */
    struct audit_options options;
    const struct mitm_pins *pins;    /* NULL: none */
    struct str pins_from;            /* a file's name, or empty */
    struct mitm_store *remembered;   /* keys seen at first use; is changed; NULL: not asked */
    struct str remembered_file;
    /* Other ways to the same server, to compare its key: see other_ways.h. */
    const struct via *vias;
    size_t nvias;
    struct resolver *const *resolvers; /* beside the first */
    const char *const *resolver_names; /* of them, for reports */
    size_t nresolvers;
    /* When (ns, monotonic) the next connection to that address may begin; `now` or earlier: at once,
     * and it counts. For limits that many audits share. NULL: none. */
    uint64_t (*may_dial)(void *user, const struct addr *to, uint64_t now);
    void *may_dial_user;
};

struct audit;

/* on_done is called once, in a later turn, with a report that dies with the audit (audit_free; from
 * within on_done, too). NULL: no memory. */
struct audit *audit_new(const struct audit_env *env, const struct audit_target *target,
                        void (*on_done)(void *user, struct audit *a, const struct report *r),
                        void *user);
void audit_free(struct audit *a);
void audit_progress(const struct audit *a, struct audit_progress *ret);
/* Loopback, private, link-local, unique-local, shared (RFC 1918, 3927, 4193, 6598, 4291). */
bool audit_addr_is_internal(const struct addr *a);

#endif
