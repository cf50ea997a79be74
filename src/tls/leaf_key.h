/* Keys of the local authority's leaves, derived rather than drawn. Internal to this room. */
#ifndef TLS_LEAF_KEY_H
#define TLS_LEAF_KEY_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/evp.h>
#include <stdint.h>

/* The P-256 key of the leaf for these names (in any order and case) in this epoch, out of the
 * authority's private key. *ret is the caller's. -ERR_NOMEM; -ERR_UNSUPPORTED: the authority's key
 * does not give its private half. */
int must_use leaf_key_derive(EVP_PKEY *authority, const struct str *names, size_t n,
                             int64_t seconds, int64_t epoch, EVP_PKEY **ret);
/* Which epoch of leaves of this lifetime (s, > 0) a time lies in. */
int64_t leaf_key_epoch(int64_t wall, int64_t seconds);

#endif
