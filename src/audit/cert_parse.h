/* One certificate as plain facts (RFC 5280): DER in, no judgement out. What the facts mean for a
 * verdict is said by the checks.
 *
 * Text comes from strangers: names are UTF-8 without control characters, but SAN entries are the
 * bytes as they stand in the certificate; whoever prints them escapes. */
#ifndef AUDIT_CERT_PARSE_H
#define AUDIT_CERT_PARSE_H

#include "base/arena.h"

enum {
    CERT_SAN_MAX = 4096, /* names of one kind that are kept; the rest is counted */
    CERT_LIST_MAX = 32,  /* EKUs, policies, URIs of one kind that are kept */
};

enum cert_key {
    CERT_KEY_OTHER, /* key_name is the algorithm's name or OID */
    CERT_KEY_RSA,
    CERT_KEY_RSA_PSS,
    CERT_KEY_EC,
    CERT_KEY_ED25519,
    CERT_KEY_ED448,
    CERT_KEY_DSA,
    CERT_KEY_ML_DSA, /* FIPS 204 */
};

enum cert_hash {
    CERT_HASH_OTHER, /* unknown algorithm */
    CERT_HASH_NONE,  /* part of the algorithm: Ed25519, ML-DSA */
    CERT_HASH_MD2,
    CERT_HASH_MD5,
    CERT_HASH_SHA1,
    CERT_HASH_SHA224,
    CERT_HASH_SHA256,
    CERT_HASH_SHA384,
    CERT_HASH_SHA512,
    CERT_HASH_SHA3,
};

/* keyUsage (RFC 5280 4.2.1.3). */
enum cert_usage {
    CERT_USAGE_DIGITAL_SIGNATURE = 0x80,
    CERT_USAGE_NON_REPUDIATION = 0x40,
    CERT_USAGE_KEY_ENCIPHERMENT = 0x20,
    CERT_USAGE_DATA_ENCIPHERMENT = 0x10,
    CERT_USAGE_KEY_AGREEMENT = 0x08,
    CERT_USAGE_CERT_SIGN = 0x04,
    CERT_USAGE_CRL_SIGN = 0x02,
};

/* What the policies say of the subject's validation (CA/B Forum's OIDs). */
enum cert_validation {
    CERT_VALIDATION_UNKNOWN,
    CERT_VALIDATION_DOMAIN,
    CERT_VALIDATION_INDIVIDUAL,
    CERT_VALIDATION_ORGANISATION,
    CERT_VALIDATION_EXTENDED,
};

struct cert_list {
    struct str *v;
    size_t n, dropped; /* kept, and only counted */
};

/* All slices live in the arena given to cert_parse, `der` in the caller's bytes. */
struct cert_info {
    struct str der;
    unsigned char sha256[32], spki_sha256[32];
    int version; /* 1 to 3; else as it stands there, plus 1 */
    struct str subject, subject_cn, subject_o, issuer, issuer_cn, issuer_o;
    struct str serial;    /* hex, at most 64 digits, '-' in front of a negative one */
    unsigned serial_bits; /* of its magnitude */
    bool serial_negative;

    struct cert_list dns, ip; /* SAN; ip: 4 or 16 bytes */
    size_t san_other;         /* mail, URI, directory names, IPs of another length */
    bool has_san;

    int64_t not_before, not_after; /* s since 1970; INT64_MIN: unreadable */

    enum cert_key key;
    struct str key_name; /* "RSA", "EC", "2.16.840…" */
    unsigned key_bits;   /* 0: unknown */
    struct str curve;    /* "prime256v1"; empty: none, or unknown */
    bool curve_explicit; /* written out rather than named (RFC 5480 2.1.1 forbids) */
    struct str rsa_n;    /* big-endian, without leading zeros; empty: no RSA key */
    uint64_t rsa_e;      /* UINT64_MAX: more than 64 bits */

    struct str sig_name; /* "sha256WithRSAEncryption" or the OID */
    enum cert_hash sig_hash;
    bool sig_mismatch; /* the algorithm inside differs from the one outside (RFC 5280 4.1.1.2) */

    struct str ski, aki; /* key identifiers; empty: none */
    bool has_basic, ca;
    int path_len; /* -1: no limit */
    bool has_usage;
    unsigned usage;       /* enum cert_usage */
    struct cert_list eku; /* OIDs as text */
    bool has_eku, eku_server, eku_client, eku_any, eku_ocsp;
    bool name_constraints, must_staple, precert_poison;
    bool ocsp_no_check; /* RFC 6960 4.2.2.2.1 */
    struct cert_list policies;
    enum cert_validation validation;        /* the strongest one claimed */
    struct cert_list ca_issuers, ocsp, crl; /* URIs, without control characters */
    struct str scts; /* SignedCertificateTimestampList (RFC 6962 3.3), unwrapped; empty: none */

    bool self_issued, self_signed; /* same names; and its own key verifies it */
    bool unknown_critical;         /* a critical extension that OpenSSL does not know */
    unsigned bad_extensions;       /* malformed or repeated, of those read here */
};

/* -ERR_CERT_SYNTAX: not one certificate (or above 256 KiB), -ERR_NOMEM: also when the arena is
 * full. Takes at most some 16 times der.n and 16 KiB from the arena. */
int must_use cert_parse(struct arena *a, struct str der, struct cert_info *ret);
const char *cert_hash_name(enum cert_hash h);

#endif
