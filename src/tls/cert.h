/* Certificate chains from PEM, and what makes one acceptable to serve. */
#ifndef TLS_CERT_H
#define TLS_CERT_H

#include "base/buf.h"
#include "tls/signer.h"

/* Owned by a certstore. No private key anywhere in here. */
struct cert; /* chain + SPKI hash, opaque */

/* All that can be wrong with a chain for these names at this time; each finding is a line in `why`
 * (with `label` in front). Order, issuers that do not match or are no authorities, expiry, names, key
 * size (RSA ≥ 2048, EC ≥ 256), SHA-1/MD5 signatures. 0 or the first fault's −err. names may be
 * wildcards. `spki`: hash of the private key that belongs to it, NULL: not checked. Warnings (near
 * expiry, an intermediate that seems to be missing, must-staple …) → `warn`, where "error" in a label
 * of the form "FILE:LINE:COLUMN: error: PATH" becomes "warning". */
int must_use cert_check(struct str pem, const char *label, const struct str *names, size_t n,
                        int64_t wall, const unsigned char *spki, struct buf *why, struct buf *warn);
/* Leaf's notAfter (s since 1970) and SPKI hash. */
int must_use cert_facts(struct str pem, int64_t *ret_not_before, int64_t *ret_not_after,
                        unsigned char ret_spki[SPKI_HASH]);
/* SHA-256 of the first certificate, as browsers show it. -ERR_CERT_SYNTAX. */
int must_use cert_fingerprint(struct str pem, unsigned char ret[32]);
/* What chains of the same kind have in common, as text: types and sizes of the keys, signatures,
 * issuers, lifetimes. */
int must_use cert_kind(struct str pem, struct buf *out);
/* The TLS library that runs, as it calls itself: "OpenSSL 3.0.15 3 Sep 2024". */
const char *tls_version_text(void);

#endif
