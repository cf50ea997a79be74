/* Record protection of one direction, SSL 3.0 to TLS 1.3 (RFC 6101 5.2.3, RFC 5246 6.2.3, RFC 7366,
 * RFC 5288, RFC 6655, RFC 7905, RFC 8446 5.2), and the records that no honest client would send,
 * for the checks of padding oracles.
 *
 * An auditor's side: what the peer sends is checked as the RFCs say and all of it is bounded, but
 * not in constant time; nobody learns a secret worth keeping. */
#ifndef AUDIT_SEAL_H
#define AUDIT_SEAL_H

#include "audit/crypto.h"

enum seal_cipher {
    SEAL_NULL,
    SEAL_RC4_128,
    SEAL_DES_CBC,
    SEAL_3DES_CBC,
    SEAL_IDEA_CBC,
    SEAL_SEED_CBC,
    SEAL_AES_128_CBC,
    SEAL_AES_256_CBC,
    SEAL_CAMELLIA_128_CBC,
    SEAL_CAMELLIA_256_CBC,
    SEAL_ARIA_128_CBC,
    SEAL_ARIA_256_CBC,
    SEAL_AES_128_GCM,
    SEAL_AES_256_GCM,
    SEAL_ARIA_128_GCM,
    SEAL_ARIA_256_GCM,
    SEAL_SM4_GCM,
    SEAL_AES_128_CCM,
    SEAL_AES_256_CCM,
    SEAL_SM4_CCM,
    SEAL_AES_128_CCM_8,
    SEAL_AES_256_CCM_8,
    SEAL_CHACHA20_POLY1305,
    SEAL_CIPHERS
};

enum { /* bytes */
       SEAL_HEADER = 5,
       SEAL_PLAIN_MAX = 16384,   /* of an honest record's content */
       SEAL_OVERHEAD_MAX = 2048, /* RFC 5246 6.2.3: what protection may add */
       SEAL_BODY_MAX = SEAL_PLAIN_MAX + SEAL_OVERHEAD_MAX,
       SEAL_KEY_MAX = 32,
       SEAL_IV_MAX = 16,
       SEAL_MAC_MAX = 48
};

struct seal_params {
    uint16_t version; /* negotiated: 0x0300 to 0x0304 */
    enum seal_cipher cipher;
    enum crypto_md mac;    /* of the suites without AEAD: MD5, SHA-1, SHA-256, SHA-384 */
    bool encrypt_then_mac; /* RFC 7366 was agreed; counts for CBC in TLS only */
};

/* One direction's keys, borrowed; empty where the cipher takes none. In TLS 1.3, and for ChaCha20
 * in 1.2, the IV has 12 bytes, for GCM and CCM in 1.2 the 4 of the salt. */
struct seal_keys {
    struct str mac, key, iv;
};

/* What it takes from the key block, bytes; all 0 if the cipher does not exist in that version. */
size_t seal_mac_size(const struct seal_params *p);
size_t seal_key_size(const struct seal_params *p);
size_t seal_iv_size(const struct seal_params *p);
size_t seal_block_size(const struct seal_params *p); /* of a CBC cipher, else 0 */
/* The key block of TLS up to 1.2: two MAC keys, two keys, two IVs; at most 192 bytes. */
size_t seal_key_block_size(const struct seal_params *p);
/* Cuts out the client's or the server's part of seal_key_block_size bytes. -ERR_RANGE if short. */
int must_use seal_keys_cut(const struct seal_params *p, struct str key_block, bool server,
                           struct seal_keys *ret);

/* Does this library have it, in a combination that exists? */
bool seal_can(struct crypto *c, const struct seal_params *p);

/* One direction, embedded. The owner calls seal_done; a failed init needs none. */
struct seal {
    struct crypto *crypto; /* borrowed, outlives it */
    struct seal_params p;
    EVP_CIPHER_CTX *ctx; /* NULL for SEAL_NULL */
    bool sending;
    uint64_t seq; /* of the next record */
    unsigned char mac_key[SEAL_MAC_MAX], iv[SEAL_IV_MAX];
};

/* sending: seals; else opens. -ERR_UNSUPPORTED as seal_can says, -ERR_INVAL for keys of another
 * size than wanted. */
int must_use seal_init(struct seal *s, struct crypto *c, const struct seal_params *p,
                       const struct seal_keys *keys, bool sending);
void seal_done(struct seal *s);

/* Appends a whole record to `out`. version goes into its header (in TLS 1.3 type is the inner one,
 * and 0x0303 the version to give). The payload may be empty, or larger than SEAL_PLAIN_MAX, as long
 * as the record's length can say it: -ERR_RANGE else. */
int must_use seal_record(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                         struct buf *out);
/* Opens the body of one record and appends its content to `out`. -ERR_TLS_MAC: not authentic, or
 * the padding is wrong; -ERR_TLS_DECODE: no such record can be (length, type). After an error the
 * direction is of no more use. At most SEAL_BODY_MAX bytes of body. In TLS 1.3 ret_type is the
 * inner type; plain alerts and change_cipher_spec are for the caller to keep away. */
int must_use seal_open(struct seal *s, const unsigned char header[SEAL_HEADER], struct str body,
                       struct buf *out, uint8_t *ret_type);

/* ---- for probes (not with AEAD: -ERR_UNSUPPORTED) ---- */

/* The MAC that the next record of this content has; seal_mac_size bytes at `ret`. */
int must_use seal_mac(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                      unsigned char *ret);
/* A CBC record of exactly this plaintext, which the caller built: content, MAC, padding, or what
 * is in their place; a multiple of the block size, not empty. An explicit IV comes before it where
 * the version has one, and with encrypt_then_mac the right MAC behind it. Takes a sequence number
 * as any record does. */
int must_use seal_cbc_raw(struct seal *s, uint8_t type, uint16_t version, struct str plaintext,
                          struct buf *out);

#endif
