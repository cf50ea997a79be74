/* Values in a row of bytes, for messages between our own processes (same machine, same binary). */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/buf.h"

void pack_u32(struct buf *out, uint32_t v);
void pack_u64(struct buf *out, uint64_t v);
void pack_str(struct buf *out, struct str s); /* u32 length, bytes */

/* Reads from the front of `in`; the first fault is sticky and everything after it reads as zero. */
struct unpack {
    struct str in;
    bool bad;
};
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
struct str unpack_str(struct unpack *u); /* borrowed from `in` */
struct str unpack_bytes(struct unpack *u, size_t n);
/* True when nothing was wrong and nothing is left. */
static inline bool unpack_done(const struct unpack *u)
{
    return !u->bad && u->in.n == 0;
}

#endif
