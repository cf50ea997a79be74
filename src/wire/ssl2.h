/* SSL 2.0's two hellos (the Netscape draft, "The SSL Protocol", 1995; RFC 6101 appendix E has the
 * first): enough to see whether a server still speaks it, and with what. */
#ifndef WIRE_SSL2_H
#define WIRE_SSL2_H

#include "base/buf.h"

/* Appends a CLIENT-HELLO of all eight historical cipher specs with a challenge of 16 bytes. */
void ssl2_client_hello_emit(struct buf *out, const unsigned char challenge[16]);

struct ssl2_server_hello {
    uint16_t version;
    bool session_hit;
    struct str certificate;   /* DER (type 1) */
    struct str specs;         /* 3 bytes each: all that the server has in common with us */
    struct str connection_id;
};

/* 0; -ERR_NEED_MORE; -ERR_TLS_DECODE (not an SSL 2.0 SERVER-HELLO). */
int must_use ssl2_server_hello_parse(struct ssl2_server_hello *ret, struct str in);

#endif
