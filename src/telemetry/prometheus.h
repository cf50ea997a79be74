/* The metrics as Prometheus reads them (text exposition format 0.0.4). */
#ifndef TELEMETRY_PROMETHEUS_H
#define TELEMETRY_PROMETHEUS_H

#include "base/buf.h"
#include "base/metric.h"

#define PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* What is true of the whole process; borrowed for the call. */
struct build_info {
    struct str version; /* ours */
    struct str tls;     /* the TLS library's name and version */
};

/* Appends every row of metric.def, summed over the n workers' pages (which may be written
 * meanwhile), with HELP and TYPE; then gate443_workers and gate443_build_info. Check buf_ok. */
void prometheus_write(struct buf *out, const struct metrics *const *pages, size_t n,
                      const struct build_info *info);
/* The sum over all pages of one row. */
uint64_t prometheus_sum(const struct metrics *const *pages, size_t n, const struct metric_row *row);

#endif
