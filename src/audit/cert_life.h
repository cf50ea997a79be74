/* How long a certificate lives: against the clock, and against what its issuer was allowed. */
#ifndef AUDIT_CERT_LIFE_H
#define AUDIT_CERT_LIFE_H

#include "audit/cert_parse.h"

enum { CERT_LIFE_SHORT = 10 }; /* days; short-lived ones need no revocation (from 2026-03-15: 7) */

struct cert_life_facts {
    bool readable; /* both dates are; if not, nothing below is set */
    bool expired, not_yet;
    int64_t lifetime;    /* s, both ends included (RFC 5280 4.1.2.5) */
    int64_t left;        /* s until notAfter; negative: since */
    int64_t days_left;   /* whole days, rounded down */
    bool renew;          /* valid, but less than a third of its lifetime is left */
    unsigned limit_days; /* for its notBefore, publicly trusted; 0: there was none */
    bool over_limit;     /* judge it only where a public store trusts the chain */
    bool short_lived;    /* BR 1.6.1: no CRL and no OCSP asked for */
};

void cert_life(const struct cert_info *c, int64_t now, struct cert_life_facts *ret);

#endif
