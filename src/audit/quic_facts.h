/* What is known of UDP 443: filled by quic_run.c from the probes of quic_client.h. */
#ifndef AUDIT_QUIC_FACTS_H
#define AUDIT_QUIC_FACTS_H

#include "audit/tls_facts.h"

enum { QUIC_VERSIONS_MAX = 32 };

struct quic_facts {
    enum known answers;        /* something of QUIC came back; NOT: no datagram could be sent */
    bool refused;              /* NO: the host said that the port is closed; else two were not answered */
    uint32_t versions[QUIC_VERSIONS_MAX]; /* of a Version Negotiation packet */
    size_t nversions;
    /* A handshake came about (or was refused for nothing but h3, which is YES, too); with ALPN h3. A
     * NO was seen on two connections. */
    enum known v1, v2, h3;
    uint16_t suite, group, sigalg; /* group: X25519MLKEM768 where the server would rather have that */
    bool retry_seen;           /* address validation by Retry */
    bool amplification_asked;  /* else the next means nothing: --no-intrusive, or it ended early */
    bool amplifies;            /* more than three times what we sent, before we were validated; twice */
    struct str leaf_spki;      /* 32 bytes: the same key as over TCP? empty: none seen */
    bool same_key;
    uint32_t max_early_data;
    struct str close_reason;   /* of a refused handshake, else the rule that the server broke in it */
    uint64_t close_code;
    uint32_t datagrams;        /* sent */
    uint64_t bytes_sent, bytes_received;
};

#endif
