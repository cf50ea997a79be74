/* Gathers what the DNS says about a target: addresses, HTTPS (RFC 9460), TLSA (RFC 6698) and CAA
 * (RFC 8659, up the tree). Without sockets: it says what to ask next and takes the answers in any
 * order. At most one query for each kind is out at a time, each with a fixed number of the slot.
 *
 * Aliases (CNAME) are followed within a response, as every recursive resolver gives them; a server
 * that is only authoritative may leave them unfinished, which shows as EMPTY. TLSA is asked for
 * beneath the name itself, not beneath what it is an alias of (RFC 7671 7 would try that first). */
#ifndef AUDIT_DNS_AUDIT_H
#define AUDIT_DNS_AUDIT_H

#include "audit/dns_facts.h"
#include "base/arena.h"

enum dns_slot {
    DNS_SLOT_A,
    DNS_SLOT_AAAA,
    DNS_SLOT_HTTPS,
    DNS_SLOT_TLSA,
    DNS_SLOT_CAA,
    DNS_SLOT_TARGET_A,
    DNS_SLOT_TARGET_AAAA,
    DNS_SLOTS,
};

struct dns_ask {
    enum dns_slot slot; /* for dns_audit_answer */
    struct dnsname name;
    uint16_t type;
};

/* Embedded; nothing to free but the arena. */
struct dns_audit {
    struct arena *arena;
    struct dns_facts *facts; /* in the arena; complete once dns_audit_done */
    struct dns_pending {
        bool ready, out; /* to be asked; asked */
        struct dnsname name;
    } pending[DNS_SLOTS];
};

/* The arena keeps facts and, of responses with records, a copy each (64 KiB at most; the names of
 * host limit how many). host: ASCII (see idn.h) or an IP literal. -ERR_SYNTAX, -ERR_NAME_TOO_LONG,
 * -ERR_NOMEM. */
int must_use dns_audit_init(struct dns_audit *d, struct arena *arena, struct str host,
                            uint16_t port);
/* False: nothing to ask now (but perhaps after an answer). */
bool dns_audit_next(struct dns_audit *d, struct dns_ask *ret);
/* Appends the query; the id is left to the transport. */
void dns_audit_query(const struct dns_ask *ask, struct buf *out);
/* err: why there is no response, else 0. -ERR_NOMEM: the arena is full; the slot's state is then
 * UNREACHABLE. -ERR_INVAL: nothing was asked there. */
int must_use dns_audit_answer(struct dns_audit *d, enum dns_slot slot, int err,
                              struct str response);
bool dns_audit_done(const struct dns_audit *d);

#endif
