/* The metrics as JSON; see status.h. */
#include "telemetry/status.h"

void status_json(struct buf *out, const struct metrics *const *pages, size_t n,
                 const struct build_info *info)
{
    buf_add(out, STR("{\"version\":\""));
    buf_add_json(out, info->version);
    buf_add(out, STR("\",\"tls\":\""));
    buf_add_json(out, info->tls);
    buf_add(out, STR("\",\"workers\":"));
    buf_addu(out, n);
    buf_add(out, STR(",\"metrics\":{"));
    for (size_t i = 0; i < metric_row_count; i++) {
        buf_addf(out, "%s\"%s\":", i ? "," : "", metric_rows[i].field);
        buf_addu(out, prometheus_sum(pages, n, &metric_rows[i]));
    }
    buf_add(out, STR("}}"));
}
