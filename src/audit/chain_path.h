/* One store's judgement of a chain, by OpenSSL. Internal to this room. */
#ifndef AUDIT_CHAIN_PATH_H
#define AUDIT_CHAIN_PATH_H

#include "audit/chain.h"

#include <openssl/x509.h>

/* sent[i] NULL: unreadable. Fills *ret but for the store's name. -ERR_NOMEM. */
int must_use chain_path_find(struct arena *a, const struct chain_input *in,
                             const struct trust_store *store, const struct chain_facts *f,
                             X509 *const *sent, struct chain_trust *ret);

#endif
