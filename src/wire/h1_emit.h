/* Writing HTTP/1.1 heads. */
#ifndef WIRE_H1_EMIT_H
#define WIRE_H1_EMIT_H

#include "base/buf.h"
#include "wire/head.h"

/* "HTTP/1.1 200 OK" and all fields, with the empty line. Framing fields are the caller's: they are
 * written as they stand in head. -ERR_LIMIT, -ERR_NOMEM; -ERR_HTTP_FIELD if a value holds CR, LF or
 * NUL (nothing is written then). */
int must_use h1_emit_response(struct buf *out, const struct head *h);
int must_use h1_emit_request(struct buf *out, const struct head *h);
int must_use h1_emit_fields(struct buf *out, const struct head *h); /* with the empty line */

#endif
