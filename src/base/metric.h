/* A worker's counters: one page of shared memory each, no locks; see metric.def. */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stddef.h>
#include <stdint.h>

/* Written by one process only, read by others at any time: plain 64-bit stores suffice. */
struct metrics {
#define METRIC(field, name, type, help) uint64_t field;
#include "base/metric.def"
#undef METRIC
    uint64_t heartbeat; /* no metric: moves as long as its process does */
};

struct metric_row {
    const char *field, *name, *type, *help;
    size_t offset; /* of the uint64_t in struct metrics */
};

extern const struct metric_row metric_rows[];
extern const size_t metric_row_count;

static inline uint64_t metric_read(const struct metrics *m, const struct metric_row *row)
{
    return __atomic_load_n((const uint64_t *)((const char *)m + row->offset), __ATOMIC_RELAXED);
}

#endif
