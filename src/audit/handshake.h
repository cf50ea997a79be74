/* What one connection's handshake showed, as plain data in the arena of its probe. Filled by
 * tls_client.c, read by the plan, which keeps what it needs. */
#ifndef AUDIT_HANDSHAKE_H
#define AUDIT_HANDSHAKE_H

#include "audit/client_auth.h"
#include "base/arena.h"
#include "wire/server_flight.h"

enum { HANDSHAKE_TICKETS_MAX = 4 };

struct seen_alert {
    uint8_t level, code;
};

struct handshake {
    bool hello;            /* a ServerHello that is no HelloRetryRequest */
    bool retry;            /* a HelloRetryRequest came (first) */
    bool flight;           /* ServerHelloDone, or TLS 1.3's CertificateVerify (with a PSK, where no
                              certificate comes: EncryptedExtensions) */
    bool established;      /* both Finished, and the server's was right */
    bool resumed;
    bool finished_wrong;   /* the server's Finished does not fit the transcript */
    bool requests_certificate;
    enum client_auth_answer answered; /* to that, last */
    bool compressed_chain; /* RFC 8879: then `chain` is empty */
    uint16_t version;      /* negotiated */
    uint16_t suite, group, sigalg; /* 0: not seen */
    uint16_t retry_suite, retry_group;
    uint8_t compression;
    unsigned char random[32];
    struct str session_id;
    struct server_extensions ext; /* of the ServerHello; slices copied */
    struct server_extensions ee;  /* TLS 1.3: EncryptedExtensions */
    struct str *chain;     /* DER, as sent */
    size_t nchain, chain_sent, chain_bytes;
    struct str status;     /* stapled OCSP response */
    struct str scts;       /* of the TLS extension, with its length */
    struct str authorities; /* of the CertificateRequest */
    struct str dh_p, dh_g, dh_ys, point; /* of the ServerKeyExchange or key share */
    struct str rsa_n, rsa_e; /* of an export ServerKeyExchange */
    struct seen_alert alert;  /* the first fatal one; code 255: none */
    struct seen_alert warning; /* the first warning before it, likewise */
    unsigned alerts;
    struct new_session_ticket tickets[HANDSHAKE_TICKETS_MAX];
    size_t ntickets;
    size_t received;       /* bytes, all */
};

#define ALERT_NONE 255

/* How a connection ended, seen from us. */
enum ending {
    ENDING_OPEN,    /* we had what we wanted and closed it */
    ENDING_CLOSED,  /* FIN */
    ENDING_RESET,   /* RST */
    ENDING_TIMEOUT, /* nothing more came in time */
    ENDING_REFUSED, /* TCP: no connection */
    ENDING_UNREACHABLE, /* TCP: no route, or no answer at all */
    ENDING_GARBAGE, /* what came is not the protocol */
    ENDING_FLOOD,   /* more came than a probe may receive */
};
const char *ending_text(enum ending e);

/* What can be resumed later: a session of TLS ≤ 1.2, or a ticket's PSK. In the arena of whoever
 * keeps it. */
struct tls_session {
    uint16_t version, suite;
    bool ems;
    unsigned char secret[64]; /* master secret, or PSK */
    size_t secret_n;
    struct str session_id, ticket;
    uint32_t age_add, lifetime, max_early_data;
    uint64_t received; /* ns */
};

#endif
