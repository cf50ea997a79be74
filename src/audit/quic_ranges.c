/* Ranges of numbers; see quic_ranges.h. */
#include "audit/quic_ranges.h"

#include <string.h>

/* Puts `with` in the place of v[at] to v[at + n - 1]. */
static void replace(struct quic_ranges *r, size_t at, size_t n, struct quic_range with)
{
    memmove(&r->v[at + 1], &r->v[at + n], (r->n - at - n) * sizeof r->v[0]);
    r->v[at] = with;
    r->n = r->n + 1 - n;
}

bool quic_ranges_add(struct quic_ranges *r, uint64_t from, uint64_t to)
{
    size_t at = 0, n = 0;
    if (from >= to)
        return true;
    while (at < r->n && r->v[at].to < from)
        at++;
    while (at + n < r->n && r->v[at + n].from <= to)
        n++;
    if (n == 0 && r->n == QUIC_RANGES_MAX)
        return false;
    if (n && r->v[at].from < from)
        from = r->v[at].from;
    if (n && r->v[at + n - 1].to > to)
        to = r->v[at + n - 1].to;
    replace(r, at, n, (struct quic_range){from, to});
    return true;
}

bool quic_ranges_has(const struct quic_ranges *r, uint64_t value)
{
    for (size_t i = 0; i < r->n; i++)
        if (value >= r->v[i].from && value < r->v[i].to)
            return true;
    return false;
}

bool quic_ranges_gap(const struct quic_ranges *r, uint64_t from, uint64_t to,
                     struct quic_range *ret)
{
    for (size_t i = 0; i < r->n && from < to; i++) {
        if (r->v[i].to <= from)
            continue;
        if (r->v[i].from > from) {
            *ret = (struct quic_range){from, r->v[i].from < to ? r->v[i].from : to};
            return true;
        }
        from = r->v[i].to;
    }
    if (from >= to)
        return false;
    *ret = (struct quic_range){from, to};
    return true;
}

void quic_ranges_drop_lowest(struct quic_ranges *r)
{
    if (r->n)
        memmove(&r->v[0], &r->v[1], --r->n * sizeof r->v[0]);
}
