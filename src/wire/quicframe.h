/* QUIC frames (RFC 9000 19, RFC 9221 for DATAGRAM): what a packet holds once it is decrypted.
 * Pure; slices point into the input. */
#ifndef WIRE_QUICFRAME_H
#define WIRE_QUICFRAME_H

#include "wire/quicpkt.h"

enum quicframe_type {
    QUICFRAME_PADDING = 0x00,
    QUICFRAME_PING = 0x01,
    QUICFRAME_ACK = 0x02,
    QUICFRAME_ACK_ECN = 0x03,
    QUICFRAME_RESET_STREAM = 0x04,
    QUICFRAME_STOP_SENDING = 0x05,
    QUICFRAME_CRYPTO = 0x06,
    QUICFRAME_NEW_TOKEN = 0x07,
    QUICFRAME_STREAM = 0x08, /* to 0x0f: with 0x04 an offset, with 0x02 a length, 0x01 the end */
    QUICFRAME_STREAM_LAST = 0x0f,
    QUICFRAME_MAX_DATA = 0x10,
    QUICFRAME_MAX_STREAM_DATA = 0x11,
    QUICFRAME_MAX_STREAMS_BIDI = 0x12,
    QUICFRAME_MAX_STREAMS_UNI = 0x13,
    QUICFRAME_DATA_BLOCKED = 0x14,
    QUICFRAME_STREAM_DATA_BLOCKED = 0x15,
    QUICFRAME_STREAMS_BLOCKED_BIDI = 0x16,
    QUICFRAME_STREAMS_BLOCKED_UNI = 0x17,
    QUICFRAME_NEW_CONNECTION_ID = 0x18,
    QUICFRAME_RETIRE_CONNECTION_ID = 0x19,
    QUICFRAME_PATH_CHALLENGE = 0x1a,
    QUICFRAME_PATH_RESPONSE = 0x1b,
    QUICFRAME_CLOSE = 0x1c,     /* by the transport */
    QUICFRAME_CLOSE_APP = 0x1d, /* by the application */
    QUICFRAME_HANDSHAKE_DONE = 0x1e,
    QUICFRAME_DATAGRAM = 0x30,
    QUICFRAME_DATAGRAM_LENGTH = 0x31,
};

/* RFC 9000 20.1 */
enum quic_error {
    QUIC_NO_ERROR = 0x00,
    QUIC_INTERNAL_ERROR = 0x01,
    QUIC_CONNECTION_REFUSED = 0x02,
    QUIC_FRAME_ENCODING_ERROR = 0x07,
    QUIC_TRANSPORT_PARAMETER_ERROR = 0x08,
    QUIC_PROTOCOL_VIOLATION = 0x0a,
    QUIC_INVALID_TOKEN = 0x0b,
    QUIC_CRYPTO_BUFFER_EXCEEDED = 0x0d,
    QUIC_VERSION_NEGOTIATION_ERROR = 0x11, /* RFC 9368 */
    QUIC_CRYPTO_ERROR = 0x100,             /* and 255 above: a TLS alert in the low byte */
};

struct quicframe {
    uint64_t type;    /* a stream's with its low bits */
    uint64_t stream;  /* RESET_STREAM to STREAM_DATA_BLOCKED, where there is one */
    uint64_t offset;  /* CRYPTO, STREAM: of `data`; offset + data.n <= QUICPKT_NUMBER_MAX */
    uint64_t value;   /* the limit, code, or sequence number; ACK: the largest number */
    uint64_t delay;   /* ACK: in units that the transport parameters tell */
    uint64_t first;   /* ACK: numbers below the largest that its first range has */
    uint64_t prior;   /* NEW_CONNECTION_ID: retire below; CLOSE: type of the frame at fault;
                         RESET_STREAM: final size */
    struct str data;  /* CRYPTO, STREAM, NEW_TOKEN, PATH_*, DATAGRAM; CLOSE: the reason;
                         NEW_CONNECTION_ID: the id; ACK: further ranges, see quicframe_range */
    struct str reset; /* NEW_CONNECTION_ID: the token, 16 bytes */
    bool end;         /* STREAM */
};

/* Cuts a frame off the front of *rest; a run of PADDING is one. 0; -ERR_BAD_MESSAGE (malformed,
 * or of a type that nobody offered); both *rest and *ret are untouched then. */
int must_use quicframe_parse(struct quicframe *ret, struct str *rest);
/* May a packet of this kind hold it (RFC 9000 12.4, table 3)? */
bool quicframe_allowed(uint64_t type, enum quicpkt_kind kind);
/* All but ACK, PADDING and CLOSE want an answer (RFC 9000 13.2). */
bool quicframe_wants_ack(uint64_t type);

/* Acknowledged numbers, both ends included, from the highest range on. Begin with
 * (struct quicframe_ranges){0}; false at the end. */
struct quicframe_ranges {
    struct str rest;
    uint64_t below; /* where the last range began */
    bool begun;
};
bool quicframe_range(const struct quicframe *ack, struct quicframe_ranges *it, uint64_t *ret_first,
                     uint64_t *ret_last);

/* Appending. A STREAM, CRYPTO, CLOSE … as its fields say. An ACK has its further ranges in `data`,
 * as they are on the wire: quicframe_put_range makes them. */
void quicframe_emit(struct buf *out, const struct quicframe *f);
/* One further range for `data`: `gap` numbers less one are missing, `more` are there less one. */
void quicframe_put_range(struct buf *data, uint64_t gap, uint64_t more);
size_t quicframe_count_ranges(struct str data);

#endif
