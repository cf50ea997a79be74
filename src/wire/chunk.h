/* Chunked transfer coding (RFC 9112 7.1), decoding in place of any split. */
#ifndef WIRE_CHUNK_H
#define WIRE_CHUNK_H

#include "base/err.h"
#include "base/str.h"

/* Embedded in an HTTP/1 session; no memory of its own. */
struct chunk_decoder {
    uint64_t left;  /* bytes of the current chunk still to come */
    uint8_t state;
    uint8_t digits; /* of the size line so far; in an extension: its name has begun */
    uint16_t extension; /* bytes of chunk extensions in the whole message, at most 256 */
};

void chunk_init(struct chunk_decoder *d);
/* Consumes from the front of *in. 1: *ret_data holds body bytes (a slice of in; may be the last
 * piece or not); 0: needs more input (*in is used up); 2: the last chunk's size line has been read
 * (*in stands at the trailer section); -ERR_HTTP_CHUNK. Call again while it returns 1. */
int must_use chunk_next(struct chunk_decoder *d, struct str *in, struct str *ret_data);

#define CHUNK_HEAD_MAX 20
/* Size line for n bytes of data (n > 0) into out; returns its length. */
size_t chunk_emit_head(char out[CHUNK_HEAD_MAX], uint64_t n);

#endif
