/* Do the TLSA records (DANE: RFC 6698, 7671) fit the certificates? Digests by OpenSSL. */
#ifndef AUDIT_DNS_TLSA_H
#define AUDIT_DNS_TLSA_H

#include "audit/dns_facts.h"

enum dns_tlsa_verdict {
    DNS_TLSA_UNKNOWN, /* the look-up failed */
    DNS_TLSA_NONE,
    DNS_TLSA_INSECURE, /* there are records, but no DNSSEC: they count for nothing */
    DNS_TLSA_UNUSABLE, /* all have numbers that mean nothing, or digests of a wrong length */
    DNS_TLSA_MATCH,
    DNS_TLSA_MISMATCH, /* a client that knows DANE refuses this server */
};

enum dns_tlsa_usage { DNS_PKIX_TA, DNS_PKIX_EE, DNS_DANE_TA, DNS_DANE_EE };

struct dns_tlsa_result {
    enum dns_tlsa_verdict verdict;
    bool would_match; /* of INSECURE: with DNSSEC it would be a match */
    bool needs_pkix;  /* of a match: only together with a chain that validates (usage 0, 1) */
    size_t record, certificate; /* of a match: which of the facts' records, which of the chain */
    size_t usable;              /* records that mean something */
};

/* chain: DER, the leaf first, each followed by its issuer (as in the path that was built, with its
 * root if it is known: usage 0 and 2 may name that). A trust anchor counts only where signatures
 * lead up to it. -ERR_CERT_SYNTAX: the leaf cannot be read; -ERR_INVAL: no leaf; -ERR_NOMEM. */
int must_use dns_tlsa_judge(const struct dns_facts *f, const struct str *chain, size_t n,
                            struct dns_tlsa_result *ret);

#endif
