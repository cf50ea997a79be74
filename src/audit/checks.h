/* Every check, a table a section, listed by hand in checks.c. */
#ifndef AUDIT_CHECKS_H
#define AUDIT_CHECKS_H

#include "audit/finding.h"
#include "audit/view.h"

struct check_table {
    const struct check *rows;
    size_t n;
};

extern const struct check_table checks_protocol, checks_cipher, checks_vulnerability, checks_certificate,
    checks_trust, checks_http, checks_h2, checks_h2_flood, checks_dns,
    checks_quic;

/* All tables in the order of the report; ended by NULL. */
extern const struct check_table *const check_tables[];
const struct check *check_find(struct str id); /* NULL: none of that name */
size_t check_count(void);
/* Runs every check; *ret lives in the arena, check_count() long. -ERR_NOMEM. */
int must_use checks_run(const struct audit_view *view, struct arena *arena, struct finding **ret);

#endif
