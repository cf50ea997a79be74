/* Prometheus' text format; see prometheus.h. */
#include "telemetry/prometheus.h"

uint64_t prometheus_sum(const struct metrics *const *pages, size_t n, const struct metric_row *row)
{
    uint64_t sum = 0; /* wraps, so a gauge counted up on one page and down on another adds up */
    for (size_t i = 0; i < n; i++)
        sum += metric_read(pages[i], row);
    return sum;
}

static void add_header(struct buf *out, const char *name, const char *type, struct str help)
{
    buf_addf(out, "# HELP %s ", name);
    for (size_t i = 0; i < help.n; i++) {
        if (help.p[i] == '\n')
            buf_add(out, STR("\\n"));
        else if (help.p[i] == '\\')
            buf_add(out, STR("\\\\"));
        else
            buf_addc(out, help.p[i]);
    }
    buf_addf(out, "\n# TYPE %s %s\n", name, type);
}

static void add_sample(struct buf *out, const char *name, uint64_t value)
{
    buf_add(out, str_c(name));
    buf_addc(out, ' ');
    buf_addu(out, value);
    buf_addc(out, '\n');
}

static void add_label(struct buf *out, const char *name, struct str value)
{
    buf_addf(out, "%s=\"", name);
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_addc(out, '\\');
        if (value.p[i] == '\n')
            buf_add(out, STR("\\n"));
        else
            buf_addc(out, value.p[i]);
    }
    buf_addc(out, '"');
}

void prometheus_write(struct buf *out, const struct metrics *const *pages, size_t n,
                      const struct build_info *info)
{
    for (size_t i = 0; i < metric_row_count; i++) {
        const struct metric_row *row = &metric_rows[i];
        add_header(out, row->name, row->type, str_c(row->help));
        add_sample(out, row->name, prometheus_sum(pages, n, row));
    }
    add_header(out, "gate443_workers", "gauge", STR("workers that these numbers are from"));
    add_sample(out, "gate443_workers", n);
    add_header(out, "gate443_build_info", "gauge", STR("what runs; the value is always 1"));
    buf_add(out, STR("gate443_build_info{"));
    add_label(out, "version", info->version);
    buf_addc(out, ',');
    add_label(out, "tls", info->tls);
    buf_add(out, STR("} 1\n"));
}
