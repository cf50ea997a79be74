/* TLS and SSL 3.0 records (RFC 8446 5.1, RFC 5246 6.2.1): 5 bytes in front of at most 2^14 + 2048. */
#ifndef WIRE_TLSREC_H
#define WIRE_TLSREC_H

#include "base/buf.h"

enum tlsrec_type {
    TLSREC_CCS = 20,
    TLSREC_ALERT = 21,
    TLSREC_HANDSHAKE = 22,
    TLSREC_DATA = 23,
    TLSREC_HEARTBEAT = 24,
};

#define TLSREC_HEAD 5
#define TLSREC_PLAIN_MAX 16384
#define TLSREC_BODY_MAX (16384 + 2048) /* protected, of any version (RFC 5246 6.2.3) */

enum { TLS_WIRE_SSL2 = 0x0002, TLS_WIRE_SSL3 = 0x0300, TLS_WIRE_10 = 0x0301, TLS_WIRE_11 = 0x0302,
       TLS_WIRE_12 = 0x0303, TLS_WIRE_13 = 0x0304 };

enum { TLS_ALERT_WARNING = 1, TLS_ALERT_FATAL = 2 };

struct tlsrec {
    uint8_t type;
    uint16_t version; /* as on the wire */
    struct str body;
    size_t used;      /* head and body */
};

/* 0; -ERR_NEED_MORE; -ERR_TLS_NOT_TLS (unknown type, or no version 3.x); -ERR_TLS_DECODE (longer
 * than may be). Unknown types from 25 to 63 pass: they may be heard from a server under test. */
int must_use tlsrec_parse(struct tlsrec *ret, struct str in);
/* Appends payload as records of at most `fragment` bytes each (0: TLSREC_PLAIN_MAX). */
void tlsrec_emit(struct buf *out, uint8_t type, uint16_t version, struct str payload,
                 size_t fragment);

#endif
