/* Cipher suites: what the numbers in a hello stand for. The table is suite.def, the parts that a
 * suite is made of are suite_part.def. All data is const and lives for ever. */
#ifndef WIRE_SUITE_H
#define WIRE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Signals that stand in the list of suites but are none, and have no row. */
#define SUITE_SIGNAL_RENEGOTIATION 0x00ffu /* RFC 5746 3.3 */
#define SUITE_SIGNAL_FALLBACK      0x5600u /* RFC 7507 */

enum suite_kx {
#define SUITE_KX(id, text, forward, export) SUITE_KX_##id,
#include "wire/suite_part.def"
    SUITE_KX_COUNT
};

enum suite_auth {
#define SUITE_AUTH(id, text) SUITE_AUTH_##id,
#include "wire/suite_part.def"
    SUITE_AUTH_COUNT
};

enum suite_enc {
#define SUITE_ENC(id, text, mode, key, block, strength) SUITE_ENC_##id,
#include "wire/suite_part.def"
    SUITE_ENC_COUNT
};

enum suite_mac {
#define SUITE_MAC(id, text, size) SUITE_MAC_##id,
#include "wire/suite_part.def"
    SUITE_MAC_COUNT
};

enum suite_prf {
#define SUITE_PRF(id, text) SUITE_PRF_##id,
#include "wire/suite_part.def"
    SUITE_PRF_COUNT
};

enum suite_mode {
    SUITE_MODE_NULL,
    SUITE_MODE_STREAM,   /* a stream cipher and a MAC */
    SUITE_MODE_CBC,      /* MAC, pad, encrypt (or encrypt, MAC: RFC 7366) */
    SUITE_MODE_FEEDBACK, /* SSLeay's CFB in SSL 2.0 */
    SUITE_MODE_COUNTER,  /* GOST: counter and a MAC */
    SUITE_MODE_AEAD,
};

struct suite {
    uint32_t code;        /* two bytes on the wire; SSL 2.0's three are all above 0xffff */
    uint16_t min_version; /* 0x0002, 0x0300, 0x0301, 0x0303 or 0x0304: see suite_fits */
    enum suite_kx kx;
    enum suite_auth auth;
    enum suite_enc enc;
    enum suite_mac mac;
    enum suite_prf prf;
    const char *name;    /* IANA's, or as it was known: "TLS_RSA_WITH_AES_128_CBC_SHA"; unique */
    const char *openssl; /* "AES128-SHA", or NULL; those of SSL 2.0 repeat some of TLS */
};

/* NULL: no such suite. */
const struct suite *suite_find(uint32_t code);
/* By either name, letters of any case; where two suites share one, not that of SSL 2.0. */
const struct suite *suite_by_name(struct str name);
/* By rising code; NULL from suite_count() on. */
const struct suite *suite_at(size_t i);
size_t suite_count(void);

/* For printing, never NULL: the name, that of a signal, "GREASE" (RFC 8701) or "unknown". */
const char *suite_text(uint32_t code);
const char *suite_kx_text(enum suite_kx kx);
const char *suite_auth_text(enum suite_auth auth);
const char *suite_enc_text(enum suite_enc enc);
const char *suite_mac_text(enum suite_mac mac);
const char *suite_prf_text(enum suite_prf prf);

/* Bits that an attacker has to guess: 0 without encryption, 40 or 56 for export, 56 for DES, 112
 * for triple DES. RC4 counts as 128: what else is wrong with it, suite_is_rc4 is for. */
unsigned suite_strength(const struct suite *s);
unsigned suite_key_size(const struct suite *s);   /* bytes the cipher is keyed with */
unsigned suite_block_size(const struct suite *s); /* bytes; 0: not a block cipher */
unsigned suite_mac_size(const struct suite *s);   /* bytes; 0 with AEAD */
enum suite_mode suite_mode(const struct suite *s);

/* Whether a server may be found to negotiate it in that version of SSL or TLS (0x0002, 0x0300 to
 * 0x0304). More than the standards allow, for they are what is audited: all of TLS 1.0 fits SSL
 * 3.0, where old OpenSSL did elliptic curves too; and export and DES fit TLS 1.2. */
bool suite_fits(const struct suite *s, uint16_t version);

/* Ephemeral keys, not of export size, with a peer that is known: an anonymous exchange keeps
 * nothing from whoever stands between. */
bool suite_is_forward_secret(const struct suite *s);
bool suite_is_aead(const struct suite *s);
bool suite_is_cbc(const struct suite *s);
bool suite_is_export(const struct suite *s);
bool suite_is_anonymous(const struct suite *s); /* nobody proves anything */
bool suite_is_null(const struct suite *s);      /* nothing is encrypted */
bool suite_is_rc4(const struct suite *s);
bool suite_is_ccm8(const struct suite *s);    /* a tag of 64 bits only */
bool suite_is_block64(const struct suite *s); /* Sweet32, CVE-2016-2183 */
/* The client encrypts a secret to the server's RSA key with PKCS #1 v1.5: Bleichenbacher. */
bool suite_is_rsa_encryption(const struct suite *s);
bool suite_is_psk(const struct suite *s); /* of any kind; TLS 1.3 suites are not counted */

#endif
