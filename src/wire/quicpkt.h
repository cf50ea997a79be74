/* QUIC packets, as far as they can be read and written without keys (RFC 8999, RFC 9000 16 and 17,
 * RFC 9369 for version 2). Pure; slices point into the input. What header protection covers (the
 * packet number and the first byte's low bits) is left as it is: see audit/quic_keys.h. */
#ifndef WIRE_QUICPKT_H
#define WIRE_QUICPKT_H

#include "base/buf.h"
#include "wire/tlsread.h"

enum quic_version {
    QUIC_NEGOTIATION = 0,
    QUIC_V1 = 1,
    QUIC_V2 = 0x6b3343cf,
    QUIC_RESERVED = 0x1a2a3a4a, /* RFC 9000 15: ?a?a?a?a, which no server speaks */
};

#define QUICPKT_CID_MAX      20   /* bytes, in the versions we know */
#define QUICPKT_DATAGRAM_MIN 1200 /* RFC 9000 14.1: what carries an Initial has so many bytes */
#define QUICPKT_TAG          16   /* of a Retry, and of every AEAD in use */
#define QUICPKT_NUMBER_MAX   ((UINT64_C(1) << 62) - 1)

enum quicpkt_kind {
    QUICPKT_INITIAL, /* to QUICPKT_RETRY: in the order of version 1's type bits */
    QUICPKT_ZERO_RTT,
    QUICPKT_HANDSHAKE,
    QUICPKT_RETRY,
    QUICPKT_NEGOTIATION,
    QUICPKT_SHORT,
    QUICPKT_OTHER, /* a long header of a version that we do not know */
};

struct quicpkt {
    enum quicpkt_kind kind;
    uint32_t version; /* long headers */
    struct str dcid, scid;
    struct str token;     /* Initial (may be empty), Retry */
    struct str integrity; /* Retry: its tag, QUICPKT_TAG bytes */
    struct str versions;  /* negotiation: 4 bytes each, at least one; see quicpkt_version */
    struct str whole;     /* head and body, to the packet's end */
    size_t number_at;     /* where in `whole` the packet number begins, or (without) the body */
};

/* Reads the packet at the front of a datagram; short_dcid: bytes of our own connection ids, which
 * a short header does not say. whole.n tells where the next coalesced packet begins; every kind
 * but Initial, 0-RTT and Handshake ends with the datagram.
 * 0 or -ERR_BAD_MESSAGE; *ret is untouched then. */
int must_use quicpkt_parse(struct quicpkt *ret, struct str datagram, size_t short_dcid);
/* The i-th of a list of versions; 0 behind its end. */
uint32_t quicpkt_version(struct str versions, size_t i);

/* A number's full value out of its low `bytes` (1 to 4) bytes (RFC 9000 A.3). next: one more than
 * the largest number that was received in this space. */
uint64_t quicpkt_number(uint64_t next, uint32_t low, size_t bytes);

struct quicpkt_head {
    enum quicpkt_kind kind; /* all but QUICPKT_OTHER */
    uint32_t version;
    struct str dcid, scid; /* at most 255 bytes each */
    struct str token;      /* Initial, Retry */
    uint64_t number;       /* its low `number_n` bytes are sent */
    size_t number_n;       /* 1 to 4 */
};

/* Appends a head. Its length, where it has one, is for body_n bytes of frames and a tag behind the
 * number, at most 16383 in all. A Retry's tag, and the versions of a negotiation (without number),
 * are appended by the caller. */
void quicpkt_emit(struct buf *out, const struct quicpkt_head *h, size_t body_n);
/* Bytes that quicpkt_emit will append. */
size_t quicpkt_head_size(const struct quicpkt_head *h);

/* Numbers of variable length (RFC 9000 16), up to QUICPKT_NUMBER_MAX. */
uint64_t quicpkt_varint(struct tlsread *r);
void quicpkt_put_varint(struct buf *out, uint64_t v);
size_t quicpkt_varint_size(uint64_t v);
/* A vector whose length is such a number. */
struct str quicpkt_vector(struct tlsread *r);
void quicpkt_put_vector(struct buf *out, struct str s);

#endif
