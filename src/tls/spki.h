/* The name of a key: SHA-256 of its DER SubjectPublicKeyInfo. Internal to this room. */
#ifndef TLS_SPKI_H
#define TLS_SPKI_H

#include "tls/signer.h"

#include <openssl/evp.h>

/* -ERR_UNSUPPORTED, -ERR_NOMEM. EC points are hashed uncompressed, however they were written. */
int must_use spki_hash(EVP_PKEY *key, unsigned char ret[SPKI_HASH]);

/* Whether TLS may sign with it: RSA 2048 to 8192 bits, P-256, P-384, P-521, Ed25519.
 * 0, -ERR_CERT_WEAK, -ERR_UNSUPPORTED. */
int must_use spki_strength(const EVP_PKEY *key);

#endif
