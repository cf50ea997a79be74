/* The grade by SSL Labs' rating guide, version 2009r (2025-05-16): a score from protocols, key
 * exchange and ciphers, then caps and failures, each with its cause.
 *
 * Where the guide leaves something open: key exchange goes by the strength of an equal RSA key, so
 * P-256 and X25519 count as 3072 bits; scores are cut to whole numbers only at the end; what could
 * not be tested costs nothing; T is told before M. */
#ifndef AUDIT_GRADE_SSLLABS_H
#define AUDIT_GRADE_SSLLABS_H

#include "audit/grade.h"
#include "audit/tls_facts.h"

#define SSLLABS_HSTS_MIN 15768000 /* seconds, for A+ */

/* Why the certificate is not trusted; several can hold. */
enum ssllabs_trust {
    SSLLABS_UNTRUSTED = 1 << 0, /* no path to a known root */
    SSLLABS_SELF_SIGNED = 1 << 1,
    SSLLABS_EXPIRED = 1 << 2,
    SSLLABS_NOT_YET = 1 << 3,
    SSLLABS_REVOKED = 1 << 4,
    SSLLABS_DISTRUSTED = 1 << 5, /* an authority that browsers gave up: Symantec … */
    SSLLABS_SHA1 = 1 << 6,       /* the server's certificate is signed with it */
};

enum ssllabs_hsts {
    SSLLABS_HSTS_UNKNOWN, /* no answer over https: counts as none */
    SSLLABS_HSTS_NONE,
    SSLLABS_HSTS_INVALID,
    SSLLABS_HSTS_VALID,
};

struct ssllabs_suite {
    const struct suite *suite;
    enum tls_version_index version;
    unsigned kx_bits; /* of an RSA key as strong as the key exchange; 0: unknown */
    unsigned dh_bits; /* of the prime; 0: none */
};

struct ssllabs_input {
    enum known offered[VI_COUNT];
    struct ssllabs_suite *suites;
    size_t nsuites;
    bool block64_negotiated; /* with TLS 1.1 or later, by clients that have better */
    bool fs_with_few;        /* forward secrecy, but not with modern clients that prefer it */
    bool secure_renegotiation_missing, insecure_renegotiation;
    /* What was proven; not tested is false. */
    bool compression, heartbleed, early_ccs, ticketbleed, robot, drown, poodle_tls, zombie_poodle,
        goldendoodle, sleeping_poodle, zero_length, lucky_minus_20;

    unsigned key_bits; /* of the weakest certificate, as RSA; 0: unknown */
    bool key_known;    /* to everybody: Debian's weak keys, factored ones */
    unsigned trust;    /* enum ssllabs_trust */
    bool name_mismatch, chain_incomplete;
    bool signature_md5;        /* or MD2, in the chain */
    bool signature_sha1_chain; /* of an intermediate: no A+ */

    enum ssllabs_hsts hsts;
    int64_t hsts_max_age; /* seconds, of SSLLABS_HSTS_VALID */
    bool hpkp_broken;
};

/* What the facts of TLS tell; the rest (key, trust, names, HSTS) is left as the caller set it, who
 * zeroes it first. keys: of the server's certificates. Suites live in the arena. -ERR_NOMEM. */
int must_use ssllabs_input_tls(struct arena *a, const struct tls_facts *facts,
                               const struct grade_key *keys, size_t nkeys,
                               struct ssllabs_input *ret);

struct ssllabs {
    int protocol, key_exchange, cipher; /* 0 to 100 */
    const char
        *if_trusted;    /* the letter if trust is ignored; the grade's own where it is trusted */
    struct grade grade; /* letter NULL: no suite was found */
};

/* Causes live in the arena. -ERR_NOMEM. */
int must_use grade_ssllabs(struct arena *a, const struct ssllabs_input *in, struct ssllabs *ret);

#endif
