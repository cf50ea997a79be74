/* What the numbers in a TLS hello, alert or signature stand for: named groups, signature schemes,
 * extensions, alerts and versions. The tables are tls_group.def, tls_sigalg.def, tls_extension.def,
 * tls_alert.def and tls_version.def; cipher suites are in suite.h. All data is const and lives for
 * ever. Each kind has a look-up by number, NULL if there is no such row; a walk by rising number,
 * NULL behind the end; and a text for printing, which is the name, "GREASE" (RFC 8701) or
 * "unknown", never NULL. Names are found in letters of any case. */
#ifndef WIRE_TLS_NAMES_H
#define WIRE_TLS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* In which versions a group or scheme is negotiated. */
enum tls_use {
    TLS_USE_OBSOLETE, /* up to 1.2, and deprecated there (RFC 8422 5.1.1) */
    TLS_USE_TLS12,    /* up to 1.2 */
    TLS_USE_TLS13,    /* from 1.3 on */
    TLS_USE_BOTH,
    TLS_USE_DRAFT, /* 1.3, in an experiment that is over */
};

enum tls_group_kind {
    TLS_GROUP_EC,
    TLS_GROUP_FF,       /* a prime field, RFC 7919 */
    TLS_GROUP_PQ,       /* ML-KEM alone */
    TLS_GROUP_HYBRID,   /* ML-KEM, or Kyber, with a curve */
    TLS_GROUP_EXPLICIT, /* not a group: the server writes down any curve it likes */
};

struct tls_group {
    uint16_t code;
    enum tls_group_kind kind;
    enum tls_use use;
    uint16_t bits;     /* what an attack without a quantum computer costs; 0 with EXPLICIT */
    uint16_t rsa_bits; /* the RSA key that is as strong, for grading; 0 with EXPLICIT */
    const char *name;  /* IANA's: "secp256r1" */
    const char *other; /* "prime256v1", or NULL */
};

enum tls_hash {
    TLS_HASH_INTRINSIC, /* the algorithm has one of its own */
    TLS_HASH_MD5,
    TLS_HASH_SHA1,
    TLS_HASH_SHA224,
    TLS_HASH_SHA256,
    TLS_HASH_SHA384,
    TLS_HASH_SHA512,
    TLS_HASH_SM3,
    TLS_HASH_GOST94,
    TLS_HASH_STREEBOG256,
    TLS_HASH_STREEBOG512,
    TLS_HASH_COUNT
};

/* The key in the certificate. */
enum tls_key {
    TLS_KEY_RSA,     /* rsaEncryption: for PKCS #1 v1.5 and rsa_pss_rsae */
    TLS_KEY_RSA_PSS, /* id-RSASSA-PSS */
    TLS_KEY_DSA,
    TLS_KEY_ECDSA,
    TLS_KEY_ED25519,
    TLS_KEY_ED448,
    TLS_KEY_ML_DSA,
    TLS_KEY_SLH_DSA,
    TLS_KEY_SM2,
    TLS_KEY_GOST,
    TLS_KEY_IDENTITY, /* identity-based schemes */
    TLS_KEY_COUNT
};

struct tls_sigalg {
    uint16_t code;
    enum tls_hash hash;
    enum tls_key key;
    enum tls_use use; /* of signatures in the handshake; certificates may carry others */
    const char *name; /* IANA's: "rsa_pss_rsae_sha256" */
};

enum tls_version_kind {
    TLS_VERSION_SSL,
    TLS_VERSION_TLS,
    TLS_VERSION_DRAFT,
    TLS_VERSION_DTLS,
    TLS_VERSION_OTHER
};

struct tls_version {
    uint16_t code;
    enum tls_version_kind kind;
    const char *name; /* "TLS 1.2" */
};

struct tls_extension {
    uint16_t code;
    const char *name; /* IANA's: "server_name" */
};

struct tls_alert {
    uint16_t code;    /* one byte on the wire */
    const char *name; /* IANA's: "handshake_failure" */
};

const struct tls_group *tls_names_group(uint16_t code);
const struct tls_group *tls_names_group_by_name(struct str name);
const struct tls_group *tls_names_group_at(size_t i);
const char *tls_names_group_text(uint16_t code);
/* Safe from whoever records now and has a quantum computer later. */
bool tls_names_group_is_pq(const struct tls_group *g);

const struct tls_sigalg *tls_names_sigalg(uint16_t code);
const struct tls_sigalg *tls_names_sigalg_by_name(struct str name);
const struct tls_sigalg *tls_names_sigalg_at(size_t i);
const char *tls_names_sigalg_text(uint16_t code);
const char *tls_names_hash_text(enum tls_hash hash);
const char *tls_names_key_text(enum tls_key key);
/* MD5 or SHA-1, for which collisions are known (RFC 9155; CVE-2015-7575). */
bool tls_names_sigalg_is_weak(const struct tls_sigalg *s);

const struct tls_extension *tls_names_extension(uint16_t code);
const struct tls_extension *tls_names_extension_at(size_t i);
const char *tls_names_extension_text(uint16_t code);

const struct tls_alert *tls_names_alert(uint8_t code);
const struct tls_alert *tls_names_alert_at(size_t i);
const char *tls_names_alert_text(uint8_t code);

const struct tls_version *tls_names_version(uint16_t code);
const struct tls_version *tls_names_version_at(size_t i);
const char *tls_names_version_text(uint16_t code);

/* Whether what has this use can be negotiated in a version of SSL or TLS, 0x0300 to 0x0304. */
bool tls_names_use_fits(enum tls_use use, uint16_t version);

#endif
