/* The TLS 1.3 of a QUIC client (RFC 8446, RFC 9001 4 and 8): handshake messages in, messages and
 * secrets out. No packets here, those are quic_client.h's. */
#ifndef AUDIT_QUIC_TLS_H
#define AUDIT_QUIC_TLS_H

#include "audit/client_auth.h"
#include "audit/kex.h"
#include "audit/keysched13.h"
#include "audit/quic_handshake.h"
#include "audit/transcript.h"
#include "wire/client_hello.h"
#include "wire/server_flight.h"

enum quic_level { QUIC_LEVEL_INITIAL, QUIC_LEVEL_HANDSHAKE, QUIC_LEVEL_APP, QUIC_LEVELS };

/* What is offered. Borrowed until the end. */
struct quic_tls_conf {
    struct crypto *crypto;
    struct kex_keys *kex;
    const struct client_auth *auth; /* NULL: an empty Certificate is sent where one is asked for */
    struct str sni, alpn; /* as in struct client_hello */
    struct u16_list suites, groups, sigalgs;
    uint16_t share_group; /* the one key share; 0: none, which asks for a HelloRetryRequest */
    uint32_t hello_flags; /* further ones of enum client_hello_flag */
    unsigned char random[32];
};

enum quic_tls_state {
    QUIC_TLS_HELLO, /* what is waited for */
    QUIC_TLS_EXTENSIONS,
    QUIC_TLS_CERTIFICATE, /* or CertificateRequest */
    QUIC_TLS_VERIFY,
    QUIC_TLS_FINISHED,
    QUIC_TLS_DONE,
};

/* Embedded; owned by its quic_client. */
struct quic_tls {
    const struct quic_tls_conf *conf;
    struct quic_handshake *facts; /* filled as it goes */
    struct arena *arena;
    enum quic_tls_state state;
    struct transcript transcript;
    struct keysched13_suite suite;
    struct keysched13_secret rung;                    /* handshake, then master */
    struct keysched13_secret secrets[QUIC_LEVELS][2]; /* [server] */
    bool have[QUIC_LEVELS];                           /* these secrets are there */
    struct buf params, shares, hello;                 /* of our ClientHello */
    struct str cookie;
    bool retried;
    enum client_auth_answer reply; /* to a CertificateRequest, if there was one */
    uint16_t our_sigalg;           /* of our CertificateVerify */
    uint8_t alert; /* after an error: what to tell the server */
};

void quic_tls_init(struct quic_tls *t, const struct quic_tls_conf *conf,
                   struct quic_handshake *facts, struct arena *arena);
void quic_tls_done(struct quic_tls *t);
/* Appends the ClientHello; params: our transport parameters. */
int must_use quic_tls_start(struct quic_tls *t, struct str params, struct buf *out);
/* One message of the server. `out`: where our answers at the same level go. 0; -ERR_UNSUPPORTED: a
 * group without library; -ERR_NOMEM and -ERR_INTERNAL: ours; all else is the server's fault, which
 * t->alert and facts->fault then tell. */
int must_use quic_tls_feed(struct quic_tls *t, enum quic_level level,
                           const struct handshake_message *m, struct buf *out);

#endif
