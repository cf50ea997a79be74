/* Key exchange in named groups (RFC 8446 4.2.7, 4.2.8, 7.4; RFC 8422; RFC 7919; FIPS 203 and
 * draft-ietf-tls-ecdhe-mlkem): our shares, made on first use and kept for all probes of a run, and
 * the secrets that come of the peer's. Explicit Diffie-Hellman is in kex_dh.h, RSA in kex_rsa.h. */
#ifndef AUDIT_KEX_H
#define AUDIT_KEX_H

#include "audit/crypto.h"

enum {
    KEX_SHARE_MAX = 1665, /* bytes: SecP384r1MLKEM1024 */
    KEX_SECRET_MAX = 1024 /* bytes: ffdhe8192 */
};

/* Our private keys by group, at most one each. One owner; `c` outlives it. */
struct kex_keys;

struct kex_keys *kex_keys_new(struct crypto *c); /* NULL when out of memory */
void kex_keys_free(struct kex_keys *k);

/* Bytes of a client's share on the wire; 0: a group that is unknown here. Points of curves are
 * uncompressed. */
size_t kex_share_size(uint16_t group);
/* Can kex_secret work with it, with this library? The first question makes the key. */
bool kex_can(struct kex_keys *k, uint16_t group);
/* Our share, in the form of TLS 1.3's KeyShareEntry; also an ECPoint of TLS up to 1.2, and for
 * X25519 and X448 there. Borrowed from `k`, the same every time. -ERR_UNSUPPORTED unless kex_can.
 */
int must_use kex_share(struct kex_keys *k, uint16_t group, struct str *ret_public);
/* Appends a share that a server can take, of a group that we can offer but not calculate with:
 * ML-KEM without library support, Kyber drafts. Its encapsulation key is well-formed (coefficients
 * below q), so that a server answers it; nobody has its private key. -ERR_UNSUPPORTED for a group
 * of another kind. */
int must_use kex_filler_share(struct kex_keys *k, uint16_t group, struct buf *out);
/* The secret of both: for curves the x coordinate, for ffdhe padded to the prime's size, for
 * hybrids both parts in the group's order. cap: bytes at `out`; KEX_SECRET_MAX always does.
 * -ERR_RANGE: the peer's share is no valid one (length, form, not on the curve, all-zero result).
 */
int must_use kex_secret(struct kex_keys *k, uint16_t group, struct str peer_share,
                        unsigned char *out, size_t cap, size_t *ret_n);

#endif
