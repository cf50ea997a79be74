/* Reading TLS's presentation language (RFC 8446 3) off the front of a slice: numbers of 1 to 4
 * bytes, big-endian, and vectors with their length in front. The first fault is sticky and
 * everything behind it reads as zero or empty, so that a parser checks once, at its end. */
#ifndef WIRE_TLSREAD_H
#define WIRE_TLSREAD_H

#include "base/str.h"

struct tlsread {
    struct str in;
    bool bad;
};

static inline struct tlsread tlsread_of(struct str s)
{
    return (struct tlsread){.in = s};
}

static inline struct str tlsread_fixed(struct tlsread *r, size_t n)
{
    if (r->bad || r->in.n < n) {
        r->bad = true;
        return STR_NONE;
    }
    struct str s = str_of(r->in.p, n);
    r->in = str_from(r->in, n);
    return s;
}

static inline uint32_t tlsread_number(struct tlsread *r, size_t bytes)
{
    struct str s = tlsread_fixed(r, bytes);
    uint32_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (unsigned char)s.p[i];
    return v;
}

/* A vector whose length stands in `bytes` bytes. */
static inline struct str tlsread_vector(struct tlsread *r, size_t bytes)
{
    return tlsread_fixed(r, tlsread_number(r, bytes));
}

/* All was right and nothing is left. */
static inline bool tlsread_done(const struct tlsread *r)
{
    return !r->bad && r->in.n == 0;
}

#endif
