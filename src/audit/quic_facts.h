/* What is known of UDP 443: filled by quic_run.c from the probes of quic_client.h. */
#ifndef AUDIT_QUIC_FACTS_H
#define AUDIT_QUIC_FACTS_H

#include "audit/tls_facts.h"

enum { QUIC_VERSIONS_MAX = 32 };

struct quic_facts {
    enum known answers;        /* something of QUIC came back; NOT: no datagram could be sent */
    uint32_t versions[QUIC_VERSIONS_MAX]; /* of a Version Negotiation packet */
    size_t nversions;
    enum known v1, v2, h3;     /* a handshake came about; with ALPN h3 */
    uint16_t suite, group, sigalg;
    bool retry_seen;           /* address validation by Retry */
    bool amplifies;            /* more than three times what we sent, before we were validated */
    struct str leaf_spki;      /* 32 bytes: the same key as over TCP? empty: none seen */
    bool same_key;
    uint32_t max_early_data;
    struct str close_reason;   /* of a refused handshake */
    uint64_t close_code;
    uint32_t datagrams;        /* sent */
};

#endif
