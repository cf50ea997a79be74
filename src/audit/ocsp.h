/* A stapled OCSP response (RFC 6960, RFC 8446 4.4.2.1): what it says of a certificate, and whether
 * it may. Pure; nothing is fetched. */
#ifndef AUDIT_OCSP_H
#define AUDIT_OCSP_H

#include "audit/cert_life.h"

enum {
    OCSP_FACTS_MAX = 64 * 1024, /* bytes of a response; real ones have up to 4 KiB */
    OCSP_SINGLES_MAX = 64,      /* answers looked at in one response */
};

enum ocsp_answer {
    OCSP_NONE, /* no staple */
    OCSP_MALFORMED,
    OCSP_REFUSED, /* the responder said no: responder_status tells why (RFC 6960 4.2.1) */
    OCSP_OTHER,   /* about other certificates only */
    OCSP_GOOD,
    OCSP_REVOKED,
    OCSP_UNKNOWN, /* the responder does not know this certificate */
};

enum ocsp_signer {
    OCSP_SIGNER_NONE, /* nothing to verify, or the signer was not found */
    OCSP_SIGNER_ISSUER,
    OCSP_SIGNER_DELEGATED, /* issued by the issuer, with id-kp-OCSPSigning (RFC 6960 4.2.2.2) */
    OCSP_SIGNER_WRONG,     /* signed, but by one who may not: no EKU, expired, of another issuer */
};

struct ocsp_facts {
    enum ocsp_answer answer;
    int responder_status; /* 0: successful */
    enum ocsp_signer signer;
    bool signature_good; /* and `signer` may sign: only then the answer counts */
    bool issuer_unknown; /* not testable: the issuer's certificate was not given */
    int64_t produced, this_update, next_update; /* s since 1970; 0: not told */
    bool stale, early;                          /* now is after nextUpdate; before thisUpdate */
    int64_t revoked_at;                         /* 0: not revoked */
    int reason;                                 /* RFC 5280 5.3.1; -1: not told */
    size_t singles;                             /* answers in it */
    struct str scts;                            /* SignedCertificateTimestampList, in the arena */
};

/* cert and issuer: DER; issuer empty: not known. An empty response gives OCSP_NONE.
 * -ERR_CERT_SYNTAX: a certificate that was given is none; -ERR_NOMEM. */
int must_use ocsp_look(struct arena *a, struct str response, struct str cert, struct str issuer,
                       int64_t now, struct ocsp_facts *ret);

/* How a certificate's revocation can be known at all. */
enum ocsp_means {
    OCSP_MEANS_NONE,        /* neither: a fault in a publicly trusted certificate */
    OCSP_MEANS_SHORT_LIVED, /* not needed */
    OCSP_MEANS_CRL,         /* without OCSP: normal since 2025 */
    OCSP_MEANS_OCSP,        /* has an OCSP address, maybe a CRL too */
};

enum ocsp_means ocsp_means(const struct cert_info *c, const struct cert_life_facts *life);
/* RFC 7633: the certificate demands a staple, and there is none that is good and in time. */
bool ocsp_must_staple_broken(const struct cert_info *c, const struct ocsp_facts *f);

#endif
