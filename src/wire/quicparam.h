/* QUIC transport parameters: the inside of TLS's extension 0x39 (RFC 9000 18, RFC 9221, RFC 9287,
 * RFC 9368). Pure; slices point into the input. */
#ifndef WIRE_QUICPARAM_H
#define WIRE_QUICPARAM_H

#include "wire/quicpkt.h"

enum quicparam_id {
    QUICPARAM_ORIGINAL_DCID = 0x00,
    QUICPARAM_IDLE_TIMEOUT = 0x01, /* ms; 0: none */
    QUICPARAM_RESET_TOKEN = 0x02,
    QUICPARAM_MAX_UDP_PAYLOAD = 0x03, /* bytes */
    QUICPARAM_MAX_DATA = 0x04,
    QUICPARAM_MAX_STREAM_BIDI_LOCAL = 0x05,
    QUICPARAM_MAX_STREAM_BIDI_REMOTE = 0x06,
    QUICPARAM_MAX_STREAM_UNI = 0x07,
    QUICPARAM_MAX_STREAMS_BIDI = 0x08,
    QUICPARAM_MAX_STREAMS_UNI = 0x09,
    QUICPARAM_ACK_EXPONENT = 0x0a,
    QUICPARAM_ACK_DELAY = 0x0b, /* ms */
    QUICPARAM_NO_MIGRATION = 0x0c,
    QUICPARAM_PREFERRED_ADDRESS = 0x0d,
    QUICPARAM_CID_LIMIT = 0x0e,
    QUICPARAM_INITIAL_SCID = 0x0f,
    QUICPARAM_RETRY_SCID = 0x10,
    QUICPARAM_VERSIONS = 0x11,     /* RFC 9368 */
    QUICPARAM_DATAGRAM = 0x20,     /* RFC 9221: bytes; 0: none */
    QUICPARAM_GREASE_BIT = 0x2ab2, /* RFC 9287 */
};

#define QUICPARAM_NUMBERS 33 /* ids below it have a place in `number` */

/* Absent numbers read as their defaults. */
struct quicparams {
    uint64_t seen;                      /* bit `id` of those below 0x21: it was sent */
    uint64_t number[QUICPARAM_NUMBERS]; /* by enum quicparam_id */
    struct str original_dcid, initial_scid, retry_scid;
    struct str reset_token;       /* 16 bytes */
    struct str preferred_address; /* RFC 9000 18.2, figure 22 */
    uint32_t version;             /* chosen */
    struct str versions;          /* available, 4 bytes each: see quicpkt_version */
    bool grease_bit;
    unsigned n; /* all that were sent, unknown ones too */
};

/* 0; -ERR_BAD_MESSAGE (malformed, or a known one came twice): *ret is untouched then. Values are
 * not judged, see quicparams_fault. */
int must_use quicparams_parse(struct quicparams *ret, struct str block);
static inline bool quicparams_has(const struct quicparams *p, enum quicparam_id id)
{
    return id == QUICPARAM_GREASE_BIT ? p->grease_bit : p->seen >> id & 1;
}
/* What breaks RFC 9000 18.2 in values that a peer sent, as a sentence's part; NULL: nothing. */
const char *quicparams_fault(const struct quicparams *p);

/* For lists: each parameter in turn. False at the end. */
bool quicparam_next(struct str *rest, uint64_t *ret_id, struct str *ret_value);
/* As in the IANA registry, "max_idle_timeout"; NULL: unknown. */
const char *quicparam_name(uint64_t id);

/* Appends those that are `seen` (or, GREASE_BIT, set). */
void quicparams_emit(struct buf *out, const struct quicparams *p);
/* For building: sets the number and marks it as seen. */
void quicparams_set(struct quicparams *p, enum quicparam_id id, uint64_t number);

#endif
