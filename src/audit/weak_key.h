/* Is a public key one that can be broken? Everything here is decided from the key alone, without
 * knowing any secret and without guessing long: what cannot be decided so is said, not assumed.
 *
 * Debian's weak keys (CVE-2008-0166) are all known, but the list of them is no part of this
 * program: it can be made only with the broken generator itself. Given a file in the form of the
 * former package openssl-blacklist (weak_key_debian), a key can be looked up; without one it is not
 * testable. */
#ifndef AUDIT_WEAK_KEY_H
#define AUDIT_WEAK_KEY_H

#include "audit/cert_parse.h"

enum {
    WEAK_KEY_FERMAT_ROUNDS = 100,
    WEAK_KEY_BITS_MAX = 16384, /* of a modulus: beyond, nothing is computed (OpenSSL's own limit) */
    WEAK_KEY_BATCH_MAX = 4096, /* moduli of one batch: the work grows with the square */
};

enum weak_key_fault {
    WEAK_KEY_SHORT = 1 << 0,        /* RSA < 2048 bits, EC < 224 */
    WEAK_KEY_DSA = 1 << 1,          /* no TLS client takes it any more (RFC 8446, RFC 9155) */
    WEAK_KEY_EXPONENT = 1 << 2,     /* e is 1 or even: no encryption at all */
    WEAK_KEY_SMALL_E = 1 << 3,      /* e = 3 or another below 65537: fragile (BR 6.1.6) */
    WEAK_KEY_FERMAT = 1 << 4,       /* its primes are close (CVE-2022-26320); factored */
    WEAK_KEY_SMALL_FACTOR = 1 << 5, /* divisible by a small prime; factored */
    WEAK_KEY_ROCA = 1 << 6,         /* CVE-2017-15361: has the fingerprint */
    WEAK_KEY_CURVE = 1 << 7,  /* parameters written out, or a curve that TLS has no name for */
    WEAK_KEY_DEBIAN = 1 << 8, /* CVE-2008-0166: listed */
};

struct weak_key {
    unsigned faults;        /* enum weak_key_fault */
    bool debian_tested;     /* a list was given */
    bool tests_skipped;     /* the modulus is beyond WEAK_KEY_BITS_MAX */
    uint32_t small_factor;  /* 0: none found */
    unsigned fermat_rounds; /* in which it fell, from 1 */
};

/* `lists`: see weak_key_debian; NULL and 0: none. */
void weak_key_look(const struct cert_info *c, const struct str *lists, size_t n,
                   struct weak_key *ret);

/* The pieces, for moduli as big-endian bytes. */
uint32_t weak_key_small_factor(struct str n); /* least prime below 2^16 that divides it, or 0 */
bool weak_key_roca(struct str n);
/* Rounds needed, 0: not found in `rounds`, or more than WEAK_KEY_BITS_MAX; 1 is also told for
 * squares. */
unsigned weak_key_fermat(struct str n, unsigned rounds);
/* A list is lines of 20 hex digits, the last half of SHA-1("Modulus=HEX\n"), sorted or not, '#'
 * begins a comment: blacklist.RSA-1024, -2048 … of Debian's openssl-blacklist. */
bool weak_key_debian(struct str n, struct str list);

/* Which of many moduli share a prime with another one (Heninger et al., 2012): ret[i] is set. Equal
 * moduli are no find: that is one key in two places. Nor are even ones. 1024 moduli of 2048 bits
 * take some 2 s, WEAK_KEY_BATCH_MAX half a minute. -ERR_LIMIT: too many, or one too large;
 * -ERR_NOMEM. */
int must_use weak_key_batch_gcd(const struct str *moduli, size_t n, bool *ret);

#endif
