/* The auditor as a client with a certificate of its own: chain and key out of PEM files, and the two
 * messages that a server that asks for them gets (RFC 5246 7.4.6 and 7.4.8, RFC 8446 4.4.2 and 4.4.3).
 *
 * Signatures take the randomness they need from the crypto's library context, as key exchanges do. */
#ifndef AUDIT_CLIENT_AUTH_H
#define AUDIT_CLIENT_AUTH_H

#include "audit/crypto.h"
#include "wire/server_flight.h"

enum {
    CLIENT_AUTH_CERTS_MAX = 16,
    CLIENT_AUTH_BYTES_MAX = 15 * 1024, /* of all certificates: the message fits one record */
    CLIENT_AUTH_BODY_MAX = CLIENT_AUTH_BYTES_MAX + 1024, /* of a message's body */
};

/* What we answer when a certificate is asked for. */
enum client_auth_answer {
    CLIENT_AUTH_NONE,  /* nothing: nobody asked, or it did not come that far */
    CLIENT_AUTH_EMPTY, /* that we have none */
    CLIENT_AUTH_UNFIT, /* likewise, since the server takes no signature that our key can make */
    CLIENT_AUTH_SENT,  /* our chain, and a signature */
};

struct client_auth;

/* The chain, leaf first. What else stands in the PEM is passed over. `crypto` outlives it. Until a key
 * is set it cannot sign. -ERR_CERT_SYNTAX, -ERR_LIMIT, -ERR_NOMEM; *why is told, as a sentence's part. */
int must_use client_auth_new(struct crypto *crypto, struct str chain, struct client_auth **ret,
                             struct buf *why);
/* The leaf's key: RSA, RSA-PSS, ECDSA, Ed25519, Ed448; likewise. -ERR_SYNTAX (none, or not readable),
 * -ERR_FORBIDDEN (encrypted), -ERR_CERT_KEY_MISMATCH, -ERR_UNSUPPORTED. */
int must_use client_auth_key(struct client_auth *a, struct str key, struct buf *why);
void client_auth_free(struct client_auth *a);

/* How to answer who sent `r` in that version; `a` NULL: with an empty list. SENT: *ret_sigalg is the
 * signature's algorithm; 0: that of TLS 1.1 and older, where the kind of key says it. */
enum client_auth_answer client_auth_choose(const struct client_auth *a, const struct certificate_request *r,
                                           uint16_t version, uint16_t *ret_sigalg);
/* Body of Certificate: the chain if that is the answer, else an empty list. context: of TLS 1.3's request. */
void client_auth_put_certificate(const struct client_auth *a, enum client_auth_answer answer,
                                 uint16_t version, struct str context, struct buf *body);
/* Body of CertificateVerify. `seen`: of the handshake so far, in TLS 1.3 the transcript's hash, in TLS
 * 1.2 all messages, before their 36 bytes of MD5 and SHA-1. */
int must_use client_auth_put_verify(const struct client_auth *a, uint16_t version, uint16_t sigalg,
                                    struct str seen, struct buf *body);

#endif
