/* A QUIC client (RFC 9000, 9001, 9002; version 2: RFC 9369) that makes one handshake to see what a
 * server does, and then goes: datagrams and time in, datagrams and a deadline out. No streams are
 * opened. A version that nobody speaks (QUIC_RESERVED) makes it the probe for version negotiation.
 *
 * Hostile input is expected: memory is bounded (quic_boxes.h, STASH_MAX), a datagram that is not
 * authentic is dropped, and an authentic one that breaks a rule ends the probe with the rule. */
#ifndef AUDIT_QUIC_CLIENT_H
#define AUDIT_QUIC_CLIENT_H

#include "audit/quic_tls.h"

enum { QUIC_CLIENT_DATAGRAM = QUICPKT_DATAGRAM_MIN }; /* bytes: none of ours is larger */

/* Borrowed until quic_client_free. */
struct quic_client_conf {
    struct quic_tls_conf tls;
    uint32_t version;
    struct str dcid;  /* random: 8 to 20 bytes (RFC 9000 7.2) */
    struct str scid;  /* random: 0 to 20 bytes */
    uint64_t timeout; /* ns: the most that it may take; then it is SILENT or STALLED */
    uint64_t linger;  /* ns after completion, to see tickets, HANDSHAKE_DONE and NEW_TOKEN */
    /* Sends the first flight and not a byte more: what comes back, repeated, before the address is
     * validated? For amplifies; ends by the timeout. */
    bool mute;
    /* The Initials are as small as they are: RFC 9000 14.1 tells servers to drop them, else anybody
     * could have large answers sent to somebody for a small datagram. */
    bool unpadded;
};

struct quic_client;

/* Results go to the arena (a chain may have 1 MiB). -ERR_INVAL for ids of other sizes, -ERR_NOMEM,
 * -ERR_UNSUPPORTED for a share_group that cannot even be offered. */
int must_use quic_client_new(struct quic_client **ret, const struct quic_client_conf *conf,
                             struct arena *arena, uint64_t now);
void quic_client_free(struct quic_client *c);

/* One datagram from the server. Its bytes are borrowed for the call. */
void quic_client_feed(struct quic_client *c, struct str datagram, uint64_t now);
/* Writes the next datagram to be sent; returns its bytes, 0: none now. Call until 0. */
size_t quic_client_drain(struct quic_client *c, unsigned char out[QUIC_CLIENT_DATAGRAM],
                         uint64_t now);
/* When quic_client_expire is to be called; UINT64_MAX: never. */
uint64_t quic_client_deadline(const struct quic_client *c);
void quic_client_expire(struct quic_client *c, uint64_t now);
/* Goodbye before the time: one CONNECTION_CLOSE is still to be drained. */
void quic_client_close(struct quic_client *c);
/* Nothing more will be sent, nothing that comes is read. */
bool quic_client_ended(const struct quic_client *c);
/* Lives in the arena; changes until the client has ended. */
const struct quic_handshake *quic_client_result(const struct quic_client *c);

#endif
