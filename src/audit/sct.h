/* Signed certificate timestamps (RFC 6962 3.2, 3.3): read, verified, and held against the browsers'
 * policy. Pure; the logs come from ct_log.h. */
#ifndef AUDIT_SCT_H
#define AUDIT_SCT_H

#include "audit/ct_log.h"

enum { SCT_MAX = 32, SCT_LOG_ID = 32 };

enum sct_from { SCT_FROM_CERT, SCT_FROM_TLS, SCT_FROM_OCSP };

/* Slices are borrowed from the list it was read from. */
struct sct {
    enum sct_from from;
    struct str log_id; /* SHA-256 of the log's key */
    uint64_t time;     /* ms since 1970 */
    struct str extensions;
    uint8_t hash, algorithm; /* RFC 5246 7.4.1.4.1: 4 SHA-256; 1 RSA, 3 ECDSA */
    struct str signature;
};

struct sct_list {
    struct sct item[SCT_MAX];
    size_t n, other_version;   /* v1 SCTs kept; others skipped */
    size_t dropped, malformed; /* beyond SCT_MAX; v1 SCTs that cannot be read */
};

/* Adds what a SignedCertificateTimestampList says. *to begins as {0}. -ERR_SYNTAX: the list itself
 * is malformed (what was read before the fault remains). */
int must_use sct_list_add(struct sct_list *to, enum sct_from from, struct str list);

/* What the signatures are over, built once for a chain. */
struct sct_subject {
    struct str cert;              /* as sent: for SCTs from TLS and OCSP */
    struct str precert;           /* TBSCertificate without its SCTs, empty: could not be rebuilt */
    unsigned char issuer_key[32]; /* SHA-256 of the issuer's SubjectPublicKeyInfo */
    bool has_issuer;              /* else embedded SCTs are not testable */
};

/* issuer.n 0: not known. precert lives in the arena. -ERR_CERT_SYNTAX, -ERR_NOMEM. */
int must_use sct_subject_init(struct arena *a, struct str cert, struct str issuer,
                              struct sct_subject *ret);

enum sct_verdict {
    SCT_GOOD,
    SCT_BAD_SIGNATURE,
    SCT_UNKNOWN_LOG,  /* none of the list given */
    SCT_NOT_TESTABLE, /* no list, no issuer, or a key or algorithm that is not known here */
    SCT_FUTURE,       /* signed well, but its time is still to come (RFC 6962 5.2) */
    SCT_WRONG_LOG,    /* signed well, by a log that does not take certificates that end then */
};

/* now: s since 1970; not_after: the certificate's. ret_log: NULL, or where the log goes. */
enum sct_verdict sct_verify(const struct sct *s, const struct sct_subject *subject,
                            const struct ct_logs *logs, int64_t now, int64_t not_after,
                            const struct ct_log **ret_log);

struct sct_facts {
    enum sct_verdict verdict[SCT_MAX];
    const struct ct_log *log[SCT_MAX]; /* NULL: unknown */
    size_t distinct;                   /* log ids, whether they could be tested or not */
    size_t good, operators;            /* distinct good logs that count, and who runs them */
    size_t rfc6962;   /* of them, logs with the interface of RFC 6962 (not tiled ones) */
    size_t bad;       /* signatures that are wrong */
    size_t needed;    /* by the lifetime, for embedded SCTs; 2 for others */
    int64_t earliest; /* s since 1970, of those not known to be bad; 0: none */
    bool tested;      /* a list of logs was given: `compliant` means something */
    bool compliant;   /* Chrome's and Apple's policy, by what is embedded or by the others alone */
    bool enough_if_good; /* enough distinct ids, were all good: the most to say without logs */
};

/* logs NULL: no list, only counted. lifetime: s. */
void sct_look(const struct sct_list *l, const struct sct_subject *subject,
              const struct ct_logs *logs, int64_t now, int64_t lifetime, int64_t not_after,
              struct sct_facts *ret);

#endif
