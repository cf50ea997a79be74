/* A QUIC server for tests, in memory: one connection, a handshake, nothing behind it. Every rule
 * that quic_client.c holds its server to can be broken on request. */
#ifndef TEST_QUIC_SERVER_H
#define TEST_QUIC_SERVER_H

#include "audit/quic_boxes.h"
#include "audit/quic_keys.h"
#include "audit/quic_tls.h"

enum quic_server_fault {
    SERVER_GOOD,
    SERVER_BAD_FINISHED,
    SERVER_BAD_SIGNATURE,
    SERVER_WRONG_ODCID,
    SERVER_WRONG_SCID,
    SERVER_NO_PARAMS,
    SERVER_BAD_PARAM,     /* max_udp_payload_size 1000 */
    SERVER_WRONG_VERSION, /* version_information of another one */
    SERVER_NO_ALPN,
    SERVER_OTHER_ALPN,
    SERVER_OTHER_SUITE, /* one that was not offered */
    SERVER_OTHER_GROUP,
    SERVER_TLS12,
    SERVER_EMPTY_CHAIN,
    SERVER_BAD_SHARE,    /* all zero */
    SERVER_OUT_OF_ORDER, /* Finished in the place of Certificate */
    SERVER_EARLY_DATA,
    SERVER_LIMITED_TICKET, /* a ticket with max_early_data 100 */
    SERVER_TWO_RETRIES,    /* HelloRetryRequest for ever */
    SERVER_BAD_FRAME,
    SERVER_FORBIDDEN_FRAME, /* STREAM in Initial */
    SERVER_EMPTY_PACKET,
    SERVER_RESERVED_BITS,
    SERVER_UNSENT_ACK,
    SERVER_FAR_CRYPTO, /* at an offset that nobody buffers */
    SERVER_HUGE_MESSAGE,
    SERVER_HOLES,     /* a hundred pieces with gaps, later all of it */
    SERVER_BAD_RETRY, /* a wrong tag */
    SERVER_RESET,     /* a stateless reset in the place of everything after the handshake */
    SERVER_FAULTS,
};

struct quic_server_conf {
    struct crypto *crypto;
    struct kex_keys *kex;
    EVP_PKEY *key; /* P-256 */
    struct str cert;
    uint32_t version;
    uint16_t suite, group;
    struct str alpn;
    bool retry, request, amplify; /* Retry; CertificateRequest; no 3x limit */
    bool any_size;                /* answers an Initial that is too small */
    uint8_t alert;                /* closes with it instead of a ServerHello; 0: no */
    size_t chain_pad;             /* bytes of a second "certificate" */
    size_t extra_certs;
    struct str ocsp, scts;
    enum quic_server_fault fault;
    /* Sees, and may change, each packet's frames in front of their encryption. */
    void (*mutate)(void *user, enum quic_level level, struct buf *frames);
    void *user;
};

struct quic_server_space {
    struct quic_keys send, receive;
    struct quic_inbox in;
    struct quic_outbox out;
    struct buf extra; /* frames of the next packet */
    struct quic_ranges seen;
    uint64_t next, next_seen;
    bool ack_due;
};

struct quic_server {
    const struct quic_server_conf *conf;
    struct quic_server_space spaces[QUIC_LEVELS];
    char odcid_mem[20], peer_mem[20], keyed_mem[20], params_mem[64];
    struct str odcid, peer; /* peer: the client's id */
    struct buf direct;      /* an unprotected datagram: negotiation, Retry, reset */
    bool begun, closed, retried, helloed, validated, confirmed, reset_sent;
    bool finished_right;
    uint64_t bytes_in, bytes_out;
    unsigned small; /* Initials in datagrams below 1200 bytes */
    uint16_t group; /* that of the share */
    struct transcript transcript;
    struct keysched13_suite suite;
    struct keysched13_secret rung, secrets[QUIC_LEVELS][2];
};

void quic_server_init(struct quic_server *s, const struct quic_server_conf *conf);
void quic_server_done(struct quic_server *s);
void quic_server_feed(struct quic_server *s, struct str datagram);
/* Bytes of a datagram of at most 1400; 0: none (or the limit is reached). */
size_t quic_server_drain(struct quic_server *s, unsigned char out[1500]);
void quic_server_expire(struct quic_server *s); /* sends again what was not acknowledged */

/* A key and a self-signed certificate for tests. */
void quic_server_identity(EVP_PKEY **ret_key, struct buf *ret_cert);

#endif
