/* Does a certificate speak for a host? (RFC 9525: only subjectAltName counts.) */
#ifndef AUDIT_CERT_HOST_H
#define AUDIT_CERT_HOST_H

#include "audit/cert_parse.h"

enum cert_host {
    CERT_HOST_NOT_ASKED, /* no host was given */
    CERT_HOST_OK,
    CERT_HOST_MISMATCH,
    CERT_HOST_ONLY_CN,   /* the common name would fit, but no client looks at it any more */
    CERT_HOST_WIDE,      /* only "*.tld" or "*" would fit, which browsers refuse */
    CERT_HOST_NOT_ASCII, /* the host is no A-label (RFC 5890): convert it before asking */
};

struct cert_host_facts {
    enum cert_host verdict;
    bool wildcard;    /* the match is by one */
    struct str match; /* the name in the certificate, borrowed from it; an IP is its bytes */
};

/* host: empty, or a DNS name in A-labels (case and one dot at the end do not matter), an IPv4 or
 * IPv6 address, with or without brackets. */
void cert_host_match(const struct cert_info *c, struct str host, struct cert_host_facts *ret);
/* 4 or 16, or 0: is no address. */
size_t cert_host_ip(struct str host, unsigned char ret[16]);
/* A SAN that can match no host: empty, with characters beyond letters, digits, '-', '_', '.', a '*'
 * elsewhere than alone as the left-most label, empty or overlong labels. */
bool cert_host_usable(struct str san);

#endif
