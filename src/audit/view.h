/* What the checks see: everything that is known of one endpoint and its target, gathered and judged by
 * the modules of each field, as plain data. Built by audit.c once the plan is done. A part that was
 * not asked for is NULL or says so itself; a check then says "not testable" and why. */
#ifndef AUDIT_VIEW_H
#define AUDIT_VIEW_H

#include "audit/chain.h"
#include "audit/distrust.h"
#include "audit/dns_facts.h"
#include "audit/http_facts.h"
#include "audit/ocsp.h"
#include "audit/plan.h"
#include "audit/quic_facts.h"
#include "audit/sct.h"
#include "audit/trust_facts.h"
#include "audit/weak_key.h"

/* One of the chains that the server sends, judged. */
struct cert_view {
    const struct kept_chain *kept; /* bytes, and how it was asked for */
    struct chain_facts chain;
    bool readable;                 /* else nothing below is set */
    struct sct_list scts;
    struct sct_facts sct;
    struct ocsp_facts ocsp;
    struct weak_key key;
    struct distrust_hit distrust[DISTRUST_HITS_MAX];
    size_t ndistrust;
};

struct audit_view {
    struct str host;        /* as asked: A-labels or an address; names are matched against it */
    uint16_t port, plain_port;
    int64_t now;            /* s since 1970 */
    bool intrusive;         /* attack probes were allowed */
    bool internal;          /* loopback, private or link-local address, or a name like one: rules for
                               the public web are told as information only */
    const struct tls_facts *tls;
    const struct plain_facts *plain;
    const struct cert_view *certs; /* those sent for the name asked for come first */
    size_t ncerts;
    const struct http_facts *http; /* NULL: no https answer and no answer on port 80 */
    uint32_t https_evidence, plain_evidence, upgrade_evidence, coded_evidence;
    const struct dns_facts *dns;   /* NULL: not asked (an address, or --no-dns) */
    const struct quic_facts *quic; /* NULL: not asked */
    const struct trust_facts *trust; /* pins, memory, comparisons; never NULL */
};

/* The chain that a browser of today gets for the name: the first; NULL: none seen. */
static inline const struct cert_view *view_leaf(const struct audit_view *v)
{
    return v->ncerts && v->certs[0].readable ? &v->certs[0] : NULL;
}

#endif
