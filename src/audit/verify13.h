/* The signature of a TLS 1.3 server's CertificateVerify (RFC 8446 4.4.3). */
#ifndef AUDIT_VERIFY13_H
#define AUDIT_VERIFY13_H

#include "audit/crypto.h"

enum verify13 {
    VERIFY13_NONE, /* nothing was signed */
    VERIFY13_VALID,
    VERIFY13_INVALID, /* wrong, or an algorithm that does not fit the key or the protocol */
    VERIFY13_UNKNOWN, /* the library cannot tell: unreadable key, unknown algorithm */
};

/* leaf: the certificate, DER. transcript_hash: up to and with Certificate. */
enum verify13 verify13_server(struct crypto *c, struct str leaf, uint16_t sigalg,
                              struct str transcript_hash, struct str signature);
/* What a server, or a client, signs: 64 spaces, the context, a zero, the hash. Returns its size. */
enum { VERIFY13_CONTENT_MAX = 64 + 34 + CRYPTO_MD_MAX };
size_t verify13_content(struct str transcript_hash, unsigned char ret[VERIFY13_CONTENT_MAX]);
size_t verify13_client_content(struct str transcript_hash, unsigned char ret[VERIFY13_CONTENT_MAX]);

#endif
