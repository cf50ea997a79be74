/* The auditor's own TLS client, SSL 3.0 to TLS 1.3, sans-I/O: bytes in, events out. It does what it
 * is told, also what no client should, and shows everything the server sends. It does not verify
 * certificates or signatures: that is judged elsewhere, from what it recorded.
 *
 * Usage: init, then feed what arrives and call tls_client_next until it returns TLS_EV_NONE; send
 * what gathers in `out`. At the stage named by conf.stop it does nothing more by itself: the owner
 * ends the connection, or goes on with tls_client_continue, or does something wicked instead. */
#ifndef AUDIT_TLS_CLIENT_H
#define AUDIT_TLS_CLIENT_H

#include "audit/handshake.h"
#include "audit/kex.h"
#include "audit/kex_rsa.h"
#include "audit/keysched.h"
#include "audit/keysched13.h"
#include "audit/seal.h"
#include "wire/client_hello.h"
#include "wire/suite.h"
#include "wire/tlsrec.h"

#define TLS_CLIENT_IN_MAX (1024 * 1024) /* bytes a server may send on one probe; more: -ERR_LIMIT */

enum tls_stop {
    TLS_STOP_HELLO,  /* at ServerHello or HelloRetryRequest */
    TLS_STOP_FLIGHT, /* when all of the server's first flight is there (and nothing answered) */
    TLS_STOP_NEVER,  /* complete the handshake */
};

struct tls_client_conf {
    struct client_hello hello; /* slices outlive the client */
    struct crypto *crypto;
    struct kex_keys *keys;
    struct arena *arena;       /* of the probe: what is recorded goes there */
    uint16_t record_version;   /* of the first record; 0: 0x0301 as everybody */
    uint16_t share_group;      /* a key share of it is sent; 0: none */
    size_t fragment;           /* bytes a record of the ClientHello; 0: one record */
    enum tls_stop stop;
    bool follow_retry;         /* answer a HelloRetryRequest, where its group can be done */
    const struct tls_session *session; /* offered; NULL: none */
    const struct client_auth *auth; /* for who asks for it; NULL: an empty Certificate is sent */
    struct str early_data;     /* application data sent as 0-RTT with the session */
    uint64_t now;              /* ns, for a ticket's age */
};

enum tls_event {
    TLS_EV_NONE,        /* more bytes are needed */
    TLS_EV_RETRY,
    TLS_EV_HELLO,
    TLS_EV_FLIGHT,
    TLS_EV_ESTABLISHED, /* both Finished; look at handshake.finished_wrong */
    TLS_EV_TICKET,
    TLS_EV_DATA,        /* in `data`, until the next call */
    TLS_EV_ALERT,       /* `alert`: fatal, warning or close_notify */
    TLS_EV_RECORD,      /* another type (heartbeat): `record_type`, `data` */
    TLS_EV_HELLO_REQUEST, /* the server wants to renegotiate */
    TLS_EV_FAULT,       /* `fault`: −err; the client is dead */
};

enum tls_state {
    TLS_ST_HELLO,      /* for a ServerHello */
    TLS_ST_FLIGHT12,   /* for what comes up to ServerHelloDone, or the Finished of a resumption */
    TLS_ST_FINISHED12, /* for the server's Finished, having sent ours */
    TLS_ST_FLIGHT13,   /* for what comes up to Finished */
    TLS_ST_OPEN,
    TLS_ST_DEAD,
};

/* Embedded; tls_client_done frees what it holds. The fields behind `fault` are tls_client*.c's own. */
struct tls_client {
    struct tls_client_conf conf;
    struct handshake *hs; /* in the arena: outlives the client */
    struct buf out;       /* to be sent */
    struct str data;      /* of an event */
    uint8_t record_type;
    struct seen_alert alert;
    int fault;
    const struct suite *suite; /* chosen by the server; NULL: not yet, or one that nobody knows */

    enum tls_state state;
    bool stopped;              /* waits for tls_client_continue */
    struct buf in, messages, plain;
    size_t in_used;            /* of `in`: consumed when the next event is asked for */
    bool plain_used;
    struct transcript transcript;
    struct str alerts;         /* of the same record, not told yet */
    struct seal read, write;
    struct seal next_read, next_write; /* TLS <= 1.2: agreed, in use from change_cipher_spec on */
    bool reading, writing;     /* protected */
    bool renegotiating, ccs_seen, second_hello, early_accepted, finished_sent;
    uint32_t seen;             /* messages of this handshake's flight, a bit each */
    unsigned key_updates;
    struct buf premaster, cke; /* TLS <= 1.2: secret, and ClientKeyExchange's body */
    unsigned char master[KEYSCHED_MASTER];
    unsigned char verify_client[KEYSCHED_FINISHED_MAX], verify_server[KEYSCHED_FINISHED_MAX];
    size_t verify_n;
    struct keysched13_secret early, rung, client_hs, server_hs, client_app, server_app, resumption;
    struct str request_context;
    enum client_auth_answer reply; /* to this handshake's CertificateRequest, if there was one */
    uint16_t our_sigalg;       /* of our CertificateVerify */
};

/* Writes the ClientHello to `out`. −err: memory, or what was asked for cannot be made; the client is
 * to be ended in any case. */
int must_use tls_client_init(struct tls_client *c, const struct tls_client_conf *conf);
bool tls_client_starved(const struct tls_client *c); /* memory was out, here or in its buffers */
void tls_client_done(struct tls_client *c);
int must_use tls_client_feed(struct tls_client *c, struct str in);
enum tls_event tls_client_next(struct tls_client *c);

/* From TLS_STOP_HELLO or TLS_STOP_FLIGHT on, as if it had not stopped (up to `stop`). Not after
 * TLS_EV_RETRY: -ERR_INVAL. */
int must_use tls_client_continue(struct tls_client *c, enum tls_stop stop);
/* A record of our own, protected when we write protected by now. -ERR_CLOSED after a fault. */
int must_use tls_client_send(struct tls_client *c, uint8_t type, struct str payload);
/* A handshake message of our own: into the transcript, and out as a record. */
int must_use tls_client_say(struct tls_client *c, uint8_t type, struct str body);
/* Another ClientHello on an established connection of TLS ≤ 1.2 (RFC 5746: with our verify_data if
 * the server knows that). The new handshake is then driven like the first. */
int must_use tls_client_renegotiate(struct tls_client *c);
/* What can be resumed of an established connection; ticket `i` of TLS 1.3, or the session of ≤ 1.2.
 * Copied into `arena`. -ERR_NOT_FOUND: nothing to resume. */
int must_use tls_client_session(const struct tls_client *c, size_t i, struct arena *arena,
                                struct tls_session *ret);
/* At TLS_STOP_FLIGHT of TLS ≤ 1.2: makes ClientKeyExchange (in `cke`) and the premaster secret,
 * without sending anything. */
int must_use tls_client_key_exchange(struct tls_client *c);

/* The RSA key that a ClientKeyExchange is encrypted with; kex_rsa_free. */
int must_use tls_client_rsa_key(const struct tls_client *c, struct kex_rsa **ret);

/* How a suite's key exchange shows on the wire; whether the client can complete it. */
bool tls_client_can(struct crypto *crypto, const struct suite *s, uint16_t version);

#endif
