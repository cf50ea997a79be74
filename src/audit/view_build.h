/* From a plan's raw facts to what the checks see: certificates judged, HTTP answers read. */
#ifndef AUDIT_VIEW_BUILD_H
#define AUDIT_VIEW_BUILD_H

#include "audit/view.h"

struct view_input {
    struct str host;       /* A-labels or an address; names are matched against it */
    int64_t now;
    bool internal;
    bool believed;         /* browsers are taken to trust the certificate: nothing is known of it */
    const struct plan *plan;
    const struct trust_store *const *stores;
    size_t nstores;
    const struct ct_logs *ct_logs;       /* NULL: none were given */
    const struct str *debian_keys;       /* lists of weak keys; none: 0 */
    size_t ndebian_keys;
    const struct dns_facts *dns;
    const struct quic_facts *quic;
    const struct trust_facts *trust;
};

/* All lives in the arena, the plan, or the input. -ERR_NOMEM. */
int must_use view_build(struct arena *arena, const struct view_input *in, struct audit_view *ret);
/* A key's SHA-256 as "sha256/BASE64". */
struct str view_pin(struct arena *arena, const unsigned char sha256[32]);
/* The leaf's; empty: no certificate was seen. */
struct str view_spki(struct arena *arena, const struct audit_view *view);

#endif
