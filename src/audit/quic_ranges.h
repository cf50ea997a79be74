/* A small ordered set of half-open ranges of numbers: packet numbers that came, bytes of a stream
 * that came or were acknowledged. Bounded, so that holes made on purpose cost nothing. */
#ifndef AUDIT_QUIC_RANGES_H
#define AUDIT_QUIC_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUIC_RANGES_MAX = 32 };

struct quic_range {
    uint64_t from, to; /* from <= v < to */
};

struct quic_ranges {
    struct quic_range v[QUIC_RANGES_MAX]; /* ascending, with gaps between */
    size_t n;
};

/* False (and nothing changed) when it would take one range too many. from == to is no range. */
bool quic_ranges_add(struct quic_ranges *r, uint64_t from, uint64_t to);
bool quic_ranges_has(const struct quic_ranges *r, uint64_t value);
/* The first piece of [from, to) that is not there; false: all is. */
bool quic_ranges_gap(const struct quic_ranges *r, uint64_t from, uint64_t to,
                     struct quic_range *ret);
void quic_ranges_drop_lowest(struct quic_ranges *r);

#endif
