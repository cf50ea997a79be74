/* Which sites an audit of ourselves cannot tell apart, and how the one of them that is asked is
 * reached. Pure. */
#ifndef MAIN_SELF_CLASS_H
#define MAIN_SELF_CLASS_H

#include "audit/http_url.h"
#include "base/arena.h"
#include "tls/certstore.h"

struct self_class {
    struct str key;      /* all that the answers depend on, as text */
    struct str host, sni; /* of the site that is asked; sni empty: it has addresses only */
    struct addr local;   /* which it is asked at */
    struct http_url url, plain_url;
    bool plain;          /* there is a listener for http */
    bool internal;       /* of all names */
    size_t *sites, nsites; /* its members: indices in the snapshot, ascending */
};

/* In the order of the first site of each. Everything lives in the arena. chains: one for each
 * snapshot->certs entry. -ERR_NOMEM. */
int must_use self_classes(struct arena *a, const struct snapshot *s,
                          const struct certstore_chain *chains, size_t nchains,
                          struct self_class **ret, size_t *ret_n);
#endif
