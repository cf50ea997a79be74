/* The metric table as data; see metric.def. */
#include "base/metric.h"

const struct metric_row metric_rows[] = {
#define METRIC(field, name, type, help) {#field, name, type, help, offsetof(struct metrics, field)},
#include "base/metric.def"
#undef METRIC
};

const size_t metric_row_count = sizeof metric_rows / sizeof *metric_rows;
