/* Packing and unpacking; see pack.h. Host byte order: the other end is the same binary. */
#include "base/pack.h"

void pack_u32(struct buf *out, uint32_t v)
{
    buf_add(out, str_of((const char *)&v, sizeof v));
}

void pack_u64(struct buf *out, uint64_t v)
{
    buf_add(out, str_of((const char *)&v, sizeof v));
}

void pack_str(struct buf *out, struct str s)
{
    pack_u32(out, (uint32_t)s.n);
    buf_add(out, s);
}

struct str unpack_bytes(struct unpack *u, size_t n)
{
    if (u->bad || u->in.n < n) {
        u->bad = true;
        return STR_NONE;
    }
    struct str s = str_of(u->in.p, n);
    u->in = str_from(u->in, n);
    return s;
}

uint32_t unpack_u32(struct unpack *u)
{
    uint32_t v = 0;
    struct str s = unpack_bytes(u, sizeof v);
    if (s.n)
        memcpy(&v, s.p, sizeof v);
    return v;
}

uint64_t unpack_u64(struct unpack *u)
{
    uint64_t v = 0;
    struct str s = unpack_bytes(u, sizeof v);
    if (s.n)
        memcpy(&v, s.p, sizeof v);
    return v;
}

struct str unpack_str(struct unpack *u)
{
    return unpack_bytes(u, unpack_u32(u));
}
