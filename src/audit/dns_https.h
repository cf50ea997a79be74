/* What the HTTPS records (RFC 9460) promise, and whether it agrees with the rest of the DNS. Whether
 * the server keeps the promises (speaks that ALPN, takes that ECH) is for who talks to it. */
#ifndef AUDIT_DNS_HTTPS_H
#define AUDIT_DNS_HTTPS_H

#include "audit/dns_facts.h"

enum dns_https_verdict {
    DNS_HTTPS_UNKNOWN,  /* the look-up failed */
    DNS_HTTPS_NONE,     /* no records */
    DNS_HTTPS_BROKEN,   /* one is malformed: clients reject all of them (RFC 9460 2.2) */
    DNS_HTTPS_UNUSABLE, /* each asks for something that nobody knows */
    DNS_HTTPS_ALIAS,    /* an alias that leads nowhere: to ".", or on and on */
    DNS_HTTPS_SERVICE,
};

enum dns_https_hints {
    DNS_HINTS_NONE,
    DNS_HINTS_SAME,    /* as the address records of its target */
    DNS_HINTS_DIFFER,  /* a client that trusts them goes elsewhere first */
    DNS_HINTS_UNKNOWN, /* the addresses could not be had */
};

struct dns_https_result {
    enum dns_https_verdict verdict;
    /* Of SERVICE only: */
    bool secure;            /* AD */
    size_t first;           /* the usable record of the lowest priority, in the facts */
    bool alpn_default;      /* HTTP/1.1 is among what it promises */
    bool h2, h3;            /* in any usable record */
    bool ech_some, ech_all; /* usable ones with a well-formed ECHConfigList */
    bool ech_broken;        /* there is one that is not well-formed */
    bool other_target;      /* the first record's service is at another name, … */
    bool other_port;        /* … another port */
    uint16_t port;
    enum dns_https_hints ipv4, ipv6; /* of the first record */
};

void dns_https_judge(const struct dns_facts *f, struct dns_https_result *ret);

/* An ECHConfigList (RFC 9849 4): lengths fit, and one entry at least is of version 0xfe0d. */
bool dns_https_is_ech(struct str list);

#endif
