/* All grades of a target, from what its first address showed and what all of them are found to be. */
#ifndef AUDIT_AUDIT_GRADE_H
#define AUDIT_AUDIT_GRADE_H

#include "audit/report.h"
#include "audit/view.h"

/* Fills overall, ssllabs, observatory, mozilla and, with `clients`, the simulated clients; findings
 * are there already. -ERR_NOMEM. */
int must_use audit_grade(struct report *r, const struct audit_view *v, bool clients);

#endif
