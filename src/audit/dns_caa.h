/* May this authority issue for that name? (RFC 8659 4, 5; RFC 8657) */
#ifndef AUDIT_DNS_CAA_H
#define AUDIT_DNS_CAA_H

#include "audit/dns_facts.h"

/* An authority by the organisation (O=) in the subject of its certificates, and the names by which
 * it finds itself in CAA records. What the table says is what the authorities' practice statements
 * and the CCADB published; who is not in it cannot be judged. */
struct dns_caa_issuer {
    const char *organisation;
    const char *domains[8]; /* ended by NULL */
};

/* Compared without case. NULL: unknown. */
const struct dns_caa_issuer *dns_caa_issuer(struct str organisation);

enum dns_caa_verdict {
    DNS_CAA_UNKNOWN, /* the look-up failed, or the issuer is unknown while it matters */
    DNS_CAA_NONE,    /* no records: everybody may */
    DNS_CAA_ANYBODY, /* records, but none that restricts this kind of certificate */
    DNS_CAA_PERMITTED,
    DNS_CAA_FORBIDDEN,
};

struct dns_caa_result {
    enum dns_caa_verdict verdict;
    bool critical;         /* forbidden for a critical property that nobody knows: `by` */
    struct str by;         /* the value that permits, or the tag that forbids; else empty */
    struct str accounturi; /* RFC 8657: of the record that permits; empty: none */
    struct str validationmethods;
    bool bound_account; /* each record that permits this issuer names an account, … */
    bool bound_methods; /* … the methods: so nobody else can get one there by less */
    struct str iodef;   /* whom to tell of violations: the first one; empty: none */
};

/* wildcard: the certificate is for "*.name". issuer NULL: not known. */
void dns_caa_judge(const struct dns_facts *f, const struct dns_caa_issuer *issuer, bool wildcard,
                   struct dns_caa_result *ret);

#endif
