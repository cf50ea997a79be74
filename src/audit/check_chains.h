/* Checks that look at each chain a server sends for the name asked for: an RSA and an ECDSA one, say.
 * What it sends to who names another, or nobody, is not judged here. */
#ifndef AUDIT_CHECK_CHAINS_H
#define AUDIT_CHECK_CHAINS_H

#include "audit/check_say.h"
#include "audit/view.h"

/* Sent for the name that was asked for; where a server refused that name: any. */
bool check_chains_asked(const struct audit_view *v, const struct cert_view *c);
/* The server's certificate; only of readable chains. */
static inline const struct cert_info *check_chains_leaf(const struct cert_view *c)
{
    return &c->chain.certs[0].info;
}
/* "RSA 2048", "ECDSA P-256", "Ed25519". */
const char *check_chains_key(const struct finding *f, const struct cert_info *c);
/* The rules for publicly trusted certificates bind it: by its root, and by the name it is for. */
bool check_chains_public(const struct audit_view *v, const struct cert_view *c);

typedef void check_chains_fn(const struct audit_view *v, const struct cert_view *c,
                             struct say *say);
/* Calls fn for each readable chain that was asked for, and ends the finding; which chain it is about
 * stands before each sentence if there are several. */
void check_chains_each(const struct audit_view *v, struct finding *ret, check_chains_fn *fn);

#endif
