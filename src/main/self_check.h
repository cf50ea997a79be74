/* The audit of ourselves for a command: no process is started, nothing is bound or written. The keys
 * are in this process anyway (`check` reads them); they sit behind a channel as the keeper's do. */
#ifndef MAIN_SELF_CHECK_H
#define MAIN_SELF_CHECK_H

#include "config/snapshot.h"
#include "tls/certstore.h"
#include "tls/keyvault.h"

/* chains: one for each s->certs entry, whose keys the vault has. Appends the list of sites to `out`.
 * −err: it could not be done, for the reason in `why`. */
int must_use self_check(const struct snapshot *s, struct keyvault *v,
                        const struct certstore_chain *chains, size_t n, struct buf *out,
                        struct buf *why, bool *ret_passes);

#endif
