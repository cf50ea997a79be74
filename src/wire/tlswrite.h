/* Writing TLS's presentation language (RFC 8446 3) to a buf: numbers, and vectors whose length is
 * known only when they end. */
#ifndef WIRE_TLSWRITE_H
#define WIRE_TLSWRITE_H

#include "base/buf.h"

static inline void tlswrite_number(struct buf *out, size_t bytes, uint32_t v)
{
    while (bytes--)
        buf_addc(out, (char)(v >> (8 * bytes)));
}

/* Returns where the length stands, for tlswrite_end. Positions count from the front of the buf, so
 * nothing may be consumed between the two. */
static inline size_t tlswrite_begin(struct buf *out, size_t bytes)
{
    size_t at = out->n;
    tlswrite_number(out, bytes, 0);
    return at;
}

static inline void tlswrite_end(struct buf *out, size_t bytes, size_t at)
{
    size_t n = out->n - at - bytes;
    if (out->failed)
        return;
    for (size_t i = 0; i < bytes; i++)
        out->mem[out->off + at + i] = (char)(n >> (8 * (bytes - 1 - i)));
}

static inline void tlswrite_vector(struct buf *out, size_t bytes, struct str s)
{
    tlswrite_number(out, bytes, (uint32_t)s.n);
    buf_add(out, s);
}

#endif
