/* The metrics as JSON, for the control socket and the dashboard. */
#ifndef TELEMETRY_STATUS_H
#define TELEMETRY_STATUS_H

#include "telemetry/prometheus.h"

/* Appends one JSON object: {"version":…, "tls":…, "workers":n, "metrics":{field: sum, …}} with the
 * short field names of metric.def. Check buf_ok. */
void status_json(struct buf *out, const struct metrics *const *pages, size_t n,
                 const struct build_info *info);

#endif
