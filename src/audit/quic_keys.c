/* Protection of QUIC packets; see quic_keys.h. */
#include "audit/quic_keys.h"

#include <openssl/evp.h>

enum { KEY_MAX = 32, SAMPLE = 16, SAMPLE_AFTER = 4, MASK = 5, SALT = 20 };

static const struct row {
    uint16_t suite;
    const char *aead, *mask; /* in OpenSSL */
    enum crypto_md md;
    uint8_t key; /* bytes */
    bool ccm, chacha;
} rows[] = {
    {0x1301, "AES-128-GCM", "AES-128-ECB", CRYPTO_SHA256, 16, false, false},
    {0x1302, "AES-256-GCM", "AES-256-ECB", CRYPTO_SHA384, 32, false, false},
    {0x1303, "ChaCha20-Poly1305", "ChaCha20", CRYPTO_SHA256, 32, false, true},
    {0x1304, "AES-128-CCM", "AES-128-ECB", CRYPTO_SHA256, 16, true, false},
};

/* RFC 9001 5.2, 5.8 and RFC 9369 3.3 */
static const struct version {
    unsigned char salt[SALT], retry_key[16], retry_nonce[KEYSCHED13_IV];
    struct str key, iv, mask;
} v1 =
    {
        {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
         0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
        {0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8,
         0x4e},
        {0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb},
        {"quic key", 8},
        {"quic iv", 7},
        {"quic hp", 7},
},
  v2 = {
      {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
       0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
      {0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad, 0x7c, 0xcc,
       0x92},
      {0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a},
      {"quicv2 key", 10},
      {"quicv2 iv", 9},
      {"quicv2 hp", 9},
};

static const struct version *find_version(uint32_t version)
{
    return version == QUIC_V2 ? &v2 : &v1;
}

static const struct row *find_suite(uint16_t suite)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].suite == suite)
            return &rows[i];
    return NULL;
}

int quic_keys_md(uint16_t suite, enum crypto_md *ret)
{
    const struct row *row = find_suite(suite);
    if (!row)
        return -ERR_UNSUPPORTED;
    *ret = row->md;
    return 0;
}

/* ---- life ---- */

static bool start_aead(struct quic_keys *k, struct crypto *c, const struct row *row,
                       const unsigned char *key, bool sending)
{
    EVP_CIPHER *cipher = crypto_cipher(c, row->aead);
    k->aead = EVP_CIPHER_CTX_new();
    if (!cipher || !k->aead || !EVP_CipherInit_ex2(k->aead, cipher, NULL, NULL, sending, NULL))
        return false;
    if (EVP_CIPHER_CTX_ctrl(k->aead, EVP_CTRL_AEAD_SET_IVLEN, KEYSCHED13_IV, NULL) <= 0)
        return false;
    /* CCM wants to know the tag's size before the key. */
    if (row->ccm && EVP_CIPHER_CTX_ctrl(k->aead, EVP_CTRL_AEAD_SET_TAG, QUICPKT_TAG, NULL) <= 0)
        return false;
    return EVP_CipherInit_ex2(k->aead, NULL, key, NULL, sending, NULL) > 0;
}

static bool start_mask(struct quic_keys *k, struct crypto *c, const struct row *row,
                       const unsigned char *key)
{
    EVP_CIPHER *cipher = crypto_cipher(c, row->mask);
    k->mask = EVP_CIPHER_CTX_new();
    return cipher && k->mask && EVP_CipherInit_ex2(k->mask, cipher, key, NULL, 1, NULL) > 0 &&
           EVP_CIPHER_CTX_set_padding(k->mask, 0) > 0;
}

int quic_keys_init(struct quic_keys *ret, struct crypto *c, uint32_t version, uint16_t suite,
                   const struct keysched13_secret *secret, bool sending)
{
    const struct row *row = find_suite(suite);
    const struct version *v = find_version(version);
    unsigned char key[KEY_MAX], mask[KEY_MAX];
    if (!row)
        return -ERR_UNSUPPORTED;
    struct quic_keys k = {.ccm = row->ccm, .chacha = row->chacha};
    struct keysched13_suite s = {c, row->md};
    struct str from = keysched13_str(secret);
    int err = keysched13_expand_label(&s, from, v->key, STR_NONE, key, row->key);
    if (!err)
        err = keysched13_expand_label(&s, from, v->iv, STR_NONE, k.iv, sizeof k.iv);
    if (!err)
        err = keysched13_expand_label(&s, from, v->mask, STR_NONE, mask, row->key);
    if (!err && !(start_aead(&k, c, row, key, sending) && start_mask(&k, c, row, mask)))
        err = crypto_fail(-ERR_INTERNAL);
    if (err)
        quic_keys_done(&k);
    else
        *ret = k;
    return err;
}

void quic_keys_done(struct quic_keys *k)
{
    EVP_CIPHER_CTX_free(k->aead);
    EVP_CIPHER_CTX_free(k->mask);
    *k = (struct quic_keys){.aead = NULL};
}

int quic_keys_initial_secret(struct crypto *c, uint32_t version, struct str dcid, bool server,
                             struct keysched13_secret *ret)
{
    struct keysched13_suite s = {c, CRYPTO_SHA256};
    struct keysched13_secret first, out = {.n = 32};
    struct str salt = crypto_str(find_version(version)->salt, SALT);
    struct str label = server ? STR("server in") : STR("client in");
    /* A connection id may be empty, its secret then is not: keysched13_extract would take zeros. */
    int err = dcid.n ? keysched13_extract(&s, salt, dcid, &first)
                     : crypto_hmac(c, s.md, salt, &dcid, 1, first.b);
    first.n = 32;
    if (!err)
        err = keysched13_expand_label(&s, keysched13_str(&first), label, STR_NONE, out.b, out.n);
    if (!err)
        *ret = out;
    return err;
}

int quic_keys_initial(struct quic_keys *ret_send, struct quic_keys *ret_receive, struct crypto *c,
                      uint32_t version, struct str dcid, bool server)
{
    struct keysched13_secret ours, theirs;
    struct quic_keys send;
    int err = quic_keys_initial_secret(c, version, dcid, server, &ours);
    if (!err)
        err = quic_keys_initial_secret(c, version, dcid, !server, &theirs);
    if (!err)
        err = quic_keys_init(&send, c, version, 0x1301, &ours, true);
    if (err)
        return err;
    err = quic_keys_init(ret_receive, c, version, 0x1301, &theirs, false);
    if (err)
        quic_keys_done(&send);
    else
        *ret_send = send;
    return err;
}

/* ---- header protection (RFC 9001 5.4) ---- */

static bool header_mask(struct quic_keys *k, const unsigned char *sample, unsigned char ret[SAMPLE])
{
    static const unsigned char zeros[MASK];
    int n;
    if (!k->chacha)
        return EVP_CipherUpdate(k->mask, ret, &n, sample, SAMPLE) > 0 && n == SAMPLE;
    /* OpenSSL's IV of ChaCha20 is the counter, little-endian, then the nonce: just the sample. */
    return EVP_CipherInit_ex2(k->mask, NULL, NULL, sample, 1, NULL) > 0 &&
           EVP_CipherUpdate(k->mask, ret, &n, zeros, MASK) > 0 && n == MASK;
}

static unsigned char first_bits(unsigned char first)
{
    return first & 0x80 ? 0x0f : 0x1f;
}

/* ---- packets ---- */

static void nonce_of(const struct quic_keys *k, uint64_t number, unsigned char ret[KEYSCHED13_IV])
{
    memcpy(ret, k->iv, KEYSCHED13_IV);
    for (int i = 0; i < 8; i++)
        ret[KEYSCHED13_IV - 1 - i] ^= (unsigned char)(number >> (8 * i));
}

/* Encrypts or decrypts n bytes at `from`; tag: written, or checked. */
static bool run(struct quic_keys *k, bool sending, uint64_t number, struct str head,
                const unsigned char *from, size_t n, unsigned char *to, unsigned char *tag)
{
    unsigned char nonce[KEYSCHED13_IV];
    int got, size = (int)n;
    nonce_of(k, number, nonce);
    if (!sending && EVP_CIPHER_CTX_ctrl(k->aead, EVP_CTRL_AEAD_SET_TAG, QUICPKT_TAG, tag) <= 0)
        return false;
    if (EVP_CipherInit_ex2(k->aead, NULL, NULL, nonce, sending, NULL) <= 0)
        return false;
    if (k->ccm && EVP_CipherUpdate(k->aead, NULL, &got, NULL, size) <= 0)
        return false;
    if (EVP_CipherUpdate(k->aead, NULL, &got, (const unsigned char *)head.p, (int)head.n) <= 0 ||
        EVP_CipherUpdate(k->aead, to, &got, from, size) <= 0)
        return false;
    /* CCM checks its tag in the update already. */
    if (!(k->ccm && !sending) && EVP_CipherFinal_ex(k->aead, to + got, &got) <= 0)
        return false;
    return !sending || EVP_CIPHER_CTX_ctrl(k->aead, EVP_CTRL_AEAD_GET_TAG, QUICPKT_TAG, tag) > 0;
}

int quic_keys_open(struct quic_keys *k, const struct quicpkt *p, uint64_t next,
                   unsigned char *plain, uint64_t *ret_number, struct str *ret_payload,
                   unsigned *ret_reserved)
{
    unsigned char mask[SAMPLE], tag[QUICPKT_TAG];
    const unsigned char *in = (const unsigned char *)p->whole.p;
    if (p->whole.n - p->number_at < SAMPLE_AFTER + SAMPLE || p->whole.n > UINT16_MAX)
        return -ERR_BAD_MESSAGE;
    if (!header_mask(k, in + p->number_at + SAMPLE_AFTER, mask))
        return crypto_fail(-ERR_INTERNAL);
    memcpy(plain, in, p->number_at + 4);
    plain[0] ^= mask[0] & first_bits(plain[0]);
    size_t number_n = (plain[0] & 3u) + 1, head_n = p->number_at + number_n;
    uint32_t low = 0;
    for (size_t i = 0; i < number_n; i++) {
        plain[p->number_at + i] ^= mask[1 + i];
        low = low << 8 | plain[p->number_at + i];
    }
    uint64_t number = quicpkt_number(next, low, number_n);
    size_t n = p->whole.n - head_n - QUICPKT_TAG;
    memcpy(tag, in + p->whole.n - QUICPKT_TAG, QUICPKT_TAG);
    if (!run(k, false, number, crypto_str(plain, head_n), in + head_n, n, plain + head_n, tag))
        return crypto_fail(-ERR_BAD_MESSAGE);
    *ret_number = number;
    *ret_payload = crypto_str(plain + head_n, n);
    *ret_reserved = plain[0] & (plain[0] & 0x80 ? 0x0c : 0x18);
    return 0;
}

int quic_keys_seal(struct quic_keys *k, unsigned char *packet, size_t head_n, size_t number_n,
                   size_t body_n, uint64_t number)
{
    unsigned char mask[SAMPLE], *body = packet + head_n, *at = body - number_n;
    if (number_n + body_n < SAMPLE_AFTER || head_n + body_n > UINT16_MAX)
        return -ERR_RANGE;
    if (!run(k, true, number, crypto_str(packet, head_n), body, body_n, body, body + body_n) ||
        !header_mask(k, at + SAMPLE_AFTER, mask))
        return crypto_fail(-ERR_INTERNAL);
    packet[0] ^= mask[0] & first_bits(packet[0]);
    for (size_t i = 0; i < number_n; i++)
        at[i] ^= mask[1 + i];
    return 0;
}

/* ---- Retry ---- */

int quic_keys_retry_tag(struct crypto *c, uint32_t version, struct str odcid, struct str retry,
                        unsigned char ret[QUICPKT_TAG])
{
    const struct version *v = find_version(version);
    unsigned char id_n = (unsigned char)odcid.n, nothing[1];
    int n;
    if (odcid.n > 255 || retry.n > UINT16_MAX)
        return -ERR_RANGE;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool ok = ctx && EVP_CipherInit_ex2(ctx, crypto_cipher(c, "AES-128-GCM"), v->retry_key,
                                        v->retry_nonce, 1, NULL) > 0;
    const struct str parts[] = {crypto_str(&id_n, 1), odcid, retry};
    for (size_t i = 0; ok && i < 3; i++)
        ok = parts[i].n == 0 || EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)parts[i].p,
                                                 (int)parts[i].n) > 0;
    ok = ok && EVP_CipherFinal_ex(ctx, nothing, &n) > 0 &&
         EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, QUICPKT_TAG, ret) > 0;
    EVP_CIPHER_CTX_free(ctx);
    return ok ? 0 : crypto_fail(-ERR_INTERNAL);
}
