/* What is inside the records that the auditor asks for: A, AAAA, CNAME, CAA (RFC 8659, 8657), TLSA
 * (RFC 6698), SVCB and HTTPS (RFC 9460). Slices point into the message. */
#ifndef WIRE_DNSRR_H
#define WIRE_DNSRR_H

#include "base/addr.h"
#include "wire/dnsmsg.h"

/* A or AAAA; the port is 0. -ERR_SYNTAX: neither, or of a wrong length. */
int must_use dnsrr_addr(const struct dnsmsg_record *r, struct addr *ret);
/* The name that is all of the record's data, as in CNAME. -ERR_SYNTAX. */
int must_use dnsrr_name(const struct dnsmsg *m, const struct dnsmsg_record *r, struct dnsname *ret);

/* CAA. `tag` is one or more letters and digits, in the case it came; tags compare without case. */
struct dnsrr_caa {
    bool critical; /* who does not know the tag must not issue (RFC 8659 4.1) */
    struct str tag, value;
};
int must_use dnsrr_caa(struct str data, struct dnsrr_caa *ret);

/* The value of "issue" and "issuewild" (RFC 8659 4.2): "ca.example.net; name=value; …". */
struct dnsrr_issue {
    struct str domain; /* empty: nobody may issue */
    struct str params; /* see dnsrr_issue_next */
};
/* -ERR_SYNTAX: it "MUST be treated the same as specifying an empty issuer-domain-name". */
int must_use dnsrr_issue(struct str value, struct dnsrr_issue *ret);
/* Cuts the next parameter ("accounturi", "validationmethods": RFC 8657) off *params. */
bool dnsrr_issue_next(struct str *params, struct str *ret_name, struct str *ret_value);

struct dnsrr_tlsa {
    uint8_t usage, selector, matching; /* as sent: perhaps unknown ones */
    struct str data;                   /* not empty */
};
int must_use dnsrr_tlsa(struct str data, struct dnsrr_tlsa *ret);

enum dnsrr_svcb_key { /* RFC 9460 14.3.2 */
                      DNSRR_MANDATORY = 0,
                      DNSRR_ALPN = 1,
                      DNSRR_NO_DEFAULT_ALPN = 2,
                      DNSRR_PORT = 3,
                      DNSRR_IPV4HINT = 4,
                      DNSRR_ECH = 5,
                      DNSRR_IPV6HINT = 6,
};

struct dnsrr_svcb {
    uint16_t priority;     /* 0: an alias, the parameters do not count */
    struct dnsname target; /* root: the owner itself; of an alias: the service does not exist */
    struct str params;     /* all: see dnsrr_svcb_next */
    struct str alpn;       /* the list's inside: see dnsrr_alpn_next; empty: not there */
    struct str ipv4hint, ipv6hint; /* 4 and 16 bytes each */
    struct str ech;                /* an ECHConfigList */
    struct str mandatory;          /* keys, 2 bytes each */
    uint16_t port;
    bool has_port, no_default_alpn;
    bool unusable; /* a mandatory key that is none of the above: clients ignore the record */
};
/* Whole and consistent, with each rule of RFC 9460 2.2, 7 and 8, or -ERR_SYNTAX. */
int must_use dnsrr_svcb(const struct dnsmsg *m, const struct dnsmsg_record *r,
                        struct dnsrr_svcb *ret);
bool dnsrr_svcb_next(struct str *params, uint16_t *ret_key, struct str *ret_value);
bool dnsrr_alpn_next(struct str *alpn, struct str *ret_name);

#endif
