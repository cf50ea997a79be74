/* Does a server keep to a configuration of Mozilla's guideline "Server Side TLS"? Version 6.0
 * (2026-04-06) knows modern and intermediate; old is that of 5.8, the last that had it.
 *
 * What is missing of the suites, groups and versions allowed is no deviation as long as one is left
 * and the newest version is there: who allows less is no less safe. What could not be found out is
 * none either. OCSP is asked for only where the certificate names a responder (the guideline is
 * older than authorities without OCSP). */
#ifndef AUDIT_GRADE_MOZILLA_H
#define AUDIT_GRADE_MOZILLA_H

#include "audit/grade.h"
#include "audit/tls_facts.h"

struct mozilla_certificate {
    struct grade_key key;
    enum tls_key signed_by; /* the issuer's key */
    enum tls_hash hash;     /* of the signature */
    unsigned lifetime;      /* whole days, rounded up; 0: unknown */
    bool has_ocsp, stapled; /* a URI in it; an answer was sent with it */
};

struct mozilla_input {
    const struct tls_facts *tls;
    const struct mozilla_certificate *certificates;
    size_t ncertificates;
    bool hsts_known;      /* an answer came over https */
    int64_t hsts_max_age; /* seconds; negative: no valid field */
};

enum mozilla_level { MOZILLA_MODERN, MOZILLA_INTERMEDIATE, MOZILLA_OLD, MOZILLA_LEVELS };
enum { MOZILLA_DEVIATIONS_MAX = 256 }; /* more are only counted, in the last one */

/* Sentences in the arena. Never conforms without a suite found. -ERR_NOMEM. */
int must_use grade_mozilla(struct arena *a, enum mozilla_level level,
                           const struct mozilla_input *in, struct conformance *ret);

#endif
