/* The output formats: pure functions from a report to bytes. One file a format; the table is in
 * report_format.c, and `--format`, the manual and the completions are made from it. */
#ifndef AUDIT_REPORT_FORMAT_H
#define AUDIT_REPORT_FORMAT_H

#include "audit/report.h"

struct format_options {
    bool colour;
    unsigned width;      /* columns of the terminal, 40 to 240; 0: not a terminal, 80 */
    bool verbose;        /* safe findings in full, too */
    const char *version; /* of gate443 */
};

struct report_format {
    const char *name; /* "json" */
    const char *doc;
    /* Whole documents for any number of reports (JUnit, SARIF, HTML, JSON of several targets): begin,
     * each report as it is ready, end. Memory does not grow with the number of reports: nothing is
     * kept between calls, and the caller writes `out` away after each and clears it. A buffer of
     * REPORT_OUT_MAX takes any report; buf_ok tells. */
    void (*begin)(struct buf *out, const struct format_options *o);
    void (*report)(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first);
    void (*end)(struct buf *out, const struct format_options *o);
};
#define REPORT_OUT_MAX (16u * REPORT_MAX) /* hostile bytes grow by escaping, evidence by hex */

/* The table, ended by NULL. */
extern const struct report_format *const report_formats[];
const struct report_format *report_format_find(struct str name); /* NULL: none */

/* Its rows. */
extern const struct report_format report_terminal, report_json, report_jsonl, report_html,
    report_junit, report_sarif, report_prometheus;

#endif
