/* What the DNS says about one target: plain data, in the arena of whoever asked. dns_audit.h gathers
 * it; dns_caa.h, dns_tlsa.h and dns_https.h judge it. */
#ifndef AUDIT_DNS_FACTS_H
#define AUDIT_DNS_FACTS_H

#include "wire/dnsrr.h"

#define DNS_RECORDS_MAX 64 /* kept of each kind; see dns_set.more */

enum dns_state {
    DNS_UNASKED,  /* an address, a name that is never asked for (RFC 6761), or one too long */
    DNS_FOUND,    /* there are records */
    DNS_EMPTY,    /* the name is there, such records are not (NODATA) */
    DNS_NO_NAME,  /* NXDOMAIN */
    DNS_SERVFAIL, /* often: DNSSEC that does not validate */
    DNS_REFUSED,
    DNS_OTHER, /* another response code */
    DNS_TIMEOUT,
    DNS_UNREACHABLE, /* no answer for another reason */
    DNS_MALFORMED,   /* a response that none can read */
};

/* One question and how it went. */
struct dns_set {
    enum dns_state state;
    bool secure; /* AD in each response that counts: worth what the way to the resolver is */
    bool more;   /* there were more records than are kept */
    uint16_t rcode;
    int err;              /* −err of a question without response, else 0 */
    unsigned asked;       /* queries */
    size_t malformed;     /* records that none can read; not among those kept */
    uint32_t ttl;         /* s: the least of the records found */
    struct dnsname name;  /* last asked for; n 0: UNASKED */
    struct dnsname owner; /* where its aliases end: the records' owner */
};

/* Nothing can be said about records of that kind, not even that there are none. */
static inline bool dns_set_failed(const struct dns_set *s)
{
    return s->state != DNS_FOUND && s->state != DNS_EMPTY && s->state != DNS_NO_NAME;
}

struct dns_addresses {
    struct dns_set set;
    struct addr *addrs; /* port: the target's */
    size_t n;
};

struct dns_facts {
    struct dnsname host; /* n 0: an address */
    uint16_t port;
    struct dns_addresses a, aaaa;
    /* Of the first HTTPS record's target, where that is not the host. */
    struct dns_addresses target_a, target_aaaa;
    struct {
        struct dns_set set;
        struct dnsrr_caa *records; /* of the name, or the closest one above it that has any */
        size_t n;
    } caa;
    struct {
        struct dns_set set;
        struct dnsrr_tlsa *records;
        size_t n;
    } tlsa;
    struct {
        struct dns_set set;         /* where the aliases (priority 0) end */
        struct dnsrr_svcb *records; /* by priority, lowest first */
        size_t n;
        unsigned aliases; /* that were followed */
    } https;
};

#endif
