/* Diffie-Hellman over any prime that a server names (RFC 5246 7.4.3, 8.1.2), weak ones too: what
 * is too weak is the auditor's to tell, not to refuse. */
#ifndef AUDIT_KEX_DH_H
#define AUDIT_KEX_DH_H

#include "audit/crypto.h"

#include <openssl/bn.h>

enum { KEX_DH_BITS_MIN = 64, KEX_DH_BITS_MAX = 16384 };

/* From ServerDHParams: appends our public value (as long as p) and the premaster secret (without
 * its leading zeros). -ERR_RANGE for numbers that nobody can calculate with: p even or not within
 * the limits above, g or Ys not between 1 and p - 1. Our exponent is new each time and short, which
 * bounds the work: some 20 ms at 8192 bits. */
int must_use kex_dh(struct crypto *c, struct str p, struct str g, struct str ys, struct buf *ret_yc,
                    struct buf *ret_secret);

/* ---- the same in steps, with numbers; for kex.c ---- */

BIGNUM *kex_dh_exponent(struct crypto *c); /* NULL: out of memory. BN_free it */
/* base^x mod p as bytes, as many as p has; -ERR_RANGE unless 1 < base < p - 1 and 1 < result. */
int must_use kex_dh_power(struct crypto *c, const BIGNUM *base, const BIGNUM *x, const BIGNUM *p,
                          unsigned char *ret);

#endif
