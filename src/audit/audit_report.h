/* From what was found at the addresses of a target to the report that the formats are given. */
#ifndef AUDIT_AUDIT_REPORT_H
#define AUDIT_AUDIT_REPORT_H

#include "audit/checks.h"
#include "audit/report.h"

/* One address that was audited in full and could be. */
struct report_part {
    struct str address;
    const struct audit_view *view;
    const struct finding *findings; /* check_count() of them */
};

/* Findings of all addresses (told once where they agree), tables of the first. Everything goes to
 * the report's arena; slices of the parts are shared. -ERR_NOMEM. */
int must_use audit_report_fill(struct report *r, const struct report_part *parts, size_t n,
                               bool clients);

#endif
