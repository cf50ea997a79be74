/* Is it the right server? What was given on the command line held against the view of one address. */
#ifndef AUDIT_AUDIT_TRUST_H
#define AUDIT_AUDIT_TRUST_H

#include "audit/mitm.h"
#include "audit/view.h"

struct audit_trust_input {
    const struct mitm_pins *pins;   /* NULL: none were given */
    struct str pins_from;           /* where they come from, for messages */
    struct str issuer;              /* --expect-issuer; empty: any */
    struct mitm_store *remembered;  /* --remember; NULL: not asked. Is changed */
    struct str remembered_file;
    const struct mitm_seen *addresses, *resolvers, *proxies; /* keys seen elsewhere */
    size_t naddresses, nresolvers, nproxies;
};

/* *ret and its texts live in the arena, the view, or the input. -ERR_NOMEM. */
int must_use audit_trust(struct arena *arena, const struct audit_view *view,
                         const struct audit_trust_input *in, struct trust_facts *ret);

#endif
