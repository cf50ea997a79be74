/* Certificate transparency logs, from a file in the form of Google's log_list.json, version 3. None
 * are built in: the list changes every few weeks, and an old one calls good SCTs unknown. */
#ifndef AUDIT_CT_LOG_H
#define AUDIT_CT_LOG_H

#include "base/arena.h"

enum { CT_LOGS_MAX = 1024 };

enum ct_state {
    CT_PENDING, /* not accepted yet */
    CT_QUALIFIED,
    CT_USABLE,
    CT_READONLY,
    CT_RETIRED, /* what it signed before counts */
    CT_REJECTED,
};

struct ct_log {
    unsigned char id[32]; /* SHA-256 of `key` */
    struct str name, operator;
    struct str key; /* SubjectPublicKeyInfo */
    enum ct_state state;
    int64_t state_since; /* s since 1970; 0: not told */
    int64_t from, until; /* takes certificates whose notAfter is in [from, until); 0, 0: all */
    bool tiled;          /* static-ct-api rather than RFC 6962 */
    bool test;           /* log_type is not "prod" */
};

struct ct_logs {
    struct ct_log *log; /* sorted by id */
    size_t n, skipped;  /* kept; malformed, or beyond CT_LOGS_MAX */
};

/* All lives in the arena. -ERR_SYNTAX: not JSON of that form, or no log in it; -ERR_NOMEM. */
int must_use ct_logs_read(struct arena *a, struct str json, struct ct_logs *ret);
const struct ct_log *ct_logs_find(const struct ct_logs *logs, struct str id); /* or NULL */

#endif
