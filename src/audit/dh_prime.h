/* Well-known primes of finite-field Diffie-Hellman: the table is dh_prime.def. */
#ifndef AUDIT_DH_PRIME_H
#define AUDIT_DH_PRIME_H

#include "base/str.h"

struct dh_prime {
    const char *name;   /* "ffdhe2048 (RFC 7919)" */
    unsigned bits;
    const char *sha256; /* lower-case hex, of p big-endian without leading zeros */
};

/* p: as in ServerKeyExchange (RFC 5246 7.4.3). NULL: nobody's that we know. */
const struct dh_prime *dh_prime_find(struct str p);
const struct dh_prime *dh_prime_at(size_t i); /* NULL behind the end */

#endif
