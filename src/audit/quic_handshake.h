/* What a QUIC handshake with a server showed, as plain data; filled by quic_client.c and
 * quic_tls.c. Lives, with all it points at, in the arena given to the client. */
#ifndef AUDIT_QUIC_HANDSHAKE_H
#define AUDIT_QUIC_HANDSHAKE_H

#include "audit/verify13.h"
#include "base/arena.h"
#include "wire/quicparam.h"

enum quic_outcome {
    QUIC_PENDING,
    QUIC_COMPLETE,      /* the server's Finished is right; what it then said stands in close_* */
    QUIC_OTHER_VERSION, /* a Version Negotiation was the answer */
    QUIC_CLOSED,        /* CONNECTION_CLOSE before completion: close_* say why */
    QUIC_RESET,         /* a stateless reset before completion */
    QUIC_CHOSEN,  /* the server chose a group for which there is no library: enough was seen */
    QUIC_FAULT,   /* the server broke a rule: `fault` says which */
    QUIC_SILENT,  /* time ran out, and not a datagram had come */
    QUIC_STALLED, /* time ran out in the middle */
    QUIC_BROKEN,  /* our own failure: `err` */
};

struct quic_handshake {
    enum quic_outcome outcome;
    int err;           /* QUIC_BROKEN, or in what came behind the outcome: -ERR_X */
    const char *fault; /* of the server, a sentence's part; NULL: none */
    uint32_t version;  /* spoken */

    uint32_t *versions; /* of a Version Negotiation, as sent */
    size_t nversions;

    bool retry;         /* a Retry asked us to prove our address; the token went back */
    size_t retry_token; /* bytes */
    bool new_token;     /* for a later connection */

    /* ---- TLS ---- */
    bool hello_retry;     /* HelloRetryRequest */
    uint16_t retry_group; /* asked for by it; 0: none */
    bool hello;           /* ServerHello */
    uint16_t suite, group;
    bool alpn_sent;
    struct str alpn;
    bool params_sent;
    struct quicparams params;
    const char *params_fault; /* name of a parameter whose value breaks RFC 9000; NULL: none */
    bool early_data;          /* accepted (never offered: a fault) */
    bool certificate_request;
    struct str *chain; /* DER */
    size_t nchain;
    size_t chain_sent, chain_bytes; /* as sent, beyond what was kept, too */
    struct str ocsp;                /* stapled for the leaf; empty: none */
    struct str scts;                /* list of the leaf with its length; empty: none */
    uint16_t sigalg;                /* of CertificateVerify; 0: not seen */
    enum verify13 signature;
    bool server_finished; /* and it is right */
    bool finished;        /* ours was sent */
    bool confirmed;       /* HANDSHAKE_DONE */
    size_t tickets;
    uint32_t ticket_lifetime; /* s, of the first */
    uint32_t max_early_data;  /* of a ticket: all ones permit 0-RTT in QUIC; 0: none do */

    /* ---- the end, as the server told it ---- */
    bool closed;
    bool close_application;
    uint64_t close_code, close_frame;
    bool close_alert; /* close_code is a TLS alert: */
    uint8_t alert;
    struct str close_reason;
    bool reset; /* a stateless reset, before or after completion */

    /* ---- datagrams ---- */
    uint64_t bytes_in, bytes_out;
    uint32_t datagrams_in, datagrams_out;
    uint32_t undecryptable, duplicates, retransmissions;
    /* Bytes until the server could know our address, or the end: RFC 9000 8 permits three times
     * what we sent. Counted so that a loss, or the network's copy of a datagram, never accuses. */
    uint64_t unvalidated_in, unvalidated_out;
    bool amplifies;                       /* more came than that */
    uint64_t first_after, complete_after; /* ns since the start; 0: never */
    uint64_t rtt;                         /* ns, the least that was measured; 0: never */
};

#endif
