/* Record protection; see seal.h. Three families: stream and NULL with a MAC, CBC with a MAC before
 * or behind the encryption, AEAD. Ciphers run without OpenSSL's padding: the record has its own. */
#include "audit/seal.h"

#include <openssl/evp.h>

enum { SSL3 = 0x0300, TLS11 = 0x0302, TLS12 = 0x0303, TLS13 = 0x0304 };
enum { APPLICATION_DATA = 23, SALT = 4, EXPLICIT = 8, AEAD_IV = 12 };
enum { AAD_MAX = 13, BODY_LIMIT = 0xffff }; /* what the two bytes of a length can say */

enum kind { KIND_STREAM, KIND_CBC, KIND_GCM, KIND_CCM, KIND_CHACHA };

static const struct row {
    const char *name; /* in OpenSSL; NULL: no cipher at all */
    enum kind kind;
    uint8_t key, block, tag; /* bytes */
    bool tls13;
} rows[SEAL_CIPHERS] = {
    [SEAL_NULL] = {NULL, KIND_STREAM, 0, 0, 0, false},
    [SEAL_RC4_128] = {"RC4", KIND_STREAM, 16, 0, 0, false},
    [SEAL_DES_CBC] = {"DES-CBC", KIND_CBC, 8, 8, 0, false},
    [SEAL_3DES_CBC] = {"DES-EDE3-CBC", KIND_CBC, 24, 8, 0, false},
    [SEAL_IDEA_CBC] = {"IDEA-CBC", KIND_CBC, 16, 8, 0, false},
    [SEAL_SEED_CBC] = {"SEED-CBC", KIND_CBC, 16, 16, 0, false},
    [SEAL_AES_128_CBC] = {"AES-128-CBC", KIND_CBC, 16, 16, 0, false},
    [SEAL_AES_256_CBC] = {"AES-256-CBC", KIND_CBC, 32, 16, 0, false},
    [SEAL_CAMELLIA_128_CBC] = {"CAMELLIA-128-CBC", KIND_CBC, 16, 16, 0, false},
    [SEAL_CAMELLIA_256_CBC] = {"CAMELLIA-256-CBC", KIND_CBC, 32, 16, 0, false},
    [SEAL_ARIA_128_CBC] = {"ARIA-128-CBC", KIND_CBC, 16, 16, 0, false},
    [SEAL_ARIA_256_CBC] = {"ARIA-256-CBC", KIND_CBC, 32, 16, 0, false},
    [SEAL_AES_128_GCM] = {"AES-128-GCM", KIND_GCM, 16, 0, 16, true},
    [SEAL_AES_256_GCM] = {"AES-256-GCM", KIND_GCM, 32, 0, 16, true},
    [SEAL_ARIA_128_GCM] = {"ARIA-128-GCM", KIND_GCM, 16, 0, 16, false},
    [SEAL_ARIA_256_GCM] = {"ARIA-256-GCM", KIND_GCM, 32, 0, 16, false},
    [SEAL_SM4_GCM] = {"SM4-GCM", KIND_GCM, 16, 0, 16, true},
    [SEAL_AES_128_CCM] = {"AES-128-CCM", KIND_CCM, 16, 0, 16, true},
    [SEAL_AES_256_CCM] = {"AES-256-CCM", KIND_CCM, 32, 0, 16, true},
    [SEAL_SM4_CCM] = {"SM4-CCM", KIND_CCM, 16, 0, 16, true},
    [SEAL_AES_128_CCM_8] = {"AES-128-CCM", KIND_CCM, 16, 0, 8, true},
    [SEAL_AES_256_CCM_8] = {"AES-256-CCM", KIND_CCM, 32, 0, 8, true},
    [SEAL_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", KIND_CHACHA, 32, 0, 16, true},
};

/* ---- what a suite is made of ---- */

/* The row, if there is such a thing in that version. */
static const struct row *find_row(const struct seal_params *p)
{
    if (p->version < SSL3 || p->version > TLS13 || (unsigned)p->cipher >= SEAL_CIPHERS)
        return NULL;
    const struct row *r = &rows[p->cipher];
    if (r->tag > 0)
        return p->version == TLS12 || (p->version == TLS13 && r->tls13) ? r : NULL;
    bool mac = p->mac == CRYPTO_MD5 || p->mac == CRYPTO_SHA1 ||
               (p->version == TLS12 && (p->mac == CRYPTO_SHA256 || p->mac == CRYPTO_SHA384));
    return mac && p->version < TLS13 ? r : NULL;
}

size_t seal_mac_size(const struct seal_params *p)
{
    const struct row *r = find_row(p);
    return r && r->tag == 0 ? crypto_md_size(p->mac) : 0;
}

size_t seal_key_size(const struct seal_params *p)
{
    const struct row *r = find_row(p);
    return r ? r->key : 0;
}

size_t seal_block_size(const struct seal_params *p)
{
    const struct row *r = find_row(p);
    return r ? r->block : 0;
}

static bool has_explicit_iv(const struct seal_params *p)
{
    return p->version >= TLS11 && rows[p->cipher].kind == KIND_CBC;
}

/* GCM and CCM in TLS 1.2 send eight bytes of the nonce. */
static bool has_explicit_nonce(const struct seal_params *p)
{
    return p->version == TLS12 &&
           (rows[p->cipher].kind == KIND_GCM || rows[p->cipher].kind == KIND_CCM);
}

size_t seal_iv_size(const struct seal_params *p)
{
    const struct row *r = find_row(p);
    if (!r)
        return 0;
    if (r->tag > 0)
        return has_explicit_nonce(p) ? SALT : AEAD_IV;
    return has_explicit_iv(p) ? 0 : r->block; /* RFC 4346 6.3: the key block has no IVs any more */
}

size_t seal_key_block_size(const struct seal_params *p)
{
    return 2 * (seal_mac_size(p) + seal_key_size(p) + seal_iv_size(p));
}

int seal_keys_cut(const struct seal_params *p, struct str key_block, bool server,
                  struct seal_keys *ret)
{
    size_t mac = seal_mac_size(p), key = seal_key_size(p), iv = seal_iv_size(p);
    if (key_block.n < seal_key_block_size(p))
        return -ERR_RANGE;
    ret->mac = str_sub(key_block, server ? mac : 0, mac);
    ret->key = str_sub(key_block, 2 * mac + (server ? key : 0), key);
    ret->iv = str_sub(key_block, 2 * mac + 2 * key + (server ? iv : 0), iv);
    return 0;
}

bool seal_can(struct crypto *c, const struct seal_params *p)
{
    const struct row *r = find_row(p);
    if (!r || (r->tag == 0 && !crypto_md(c, p->mac)))
        return false;
    return !r->name || crypto_cipher(c, r->name);
}

/* ---- life ---- */

static bool start(struct seal *s, const struct row *r, struct str key)
{
    const unsigned char *k = (const unsigned char *)key.p;
    EVP_CIPHER *cipher = crypto_cipher(s->crypto, r->name);
    s->ctx = EVP_CIPHER_CTX_new();
    if (!s->ctx || EVP_CipherInit_ex2(s->ctx, cipher, NULL, NULL, s->sending, NULL) <= 0)
        return false;
    if (r->tag == 0) {
        const unsigned char *iv = r->kind == KIND_CBC ? s->iv : NULL;
        return EVP_CipherInit_ex2(s->ctx, NULL, k, iv, s->sending, NULL) > 0 &&
               EVP_CIPHER_CTX_set_padding(s->ctx, 0) > 0;
    }
    if (EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_IVLEN, AEAD_IV, NULL) <= 0)
        return false;
    /* CCM wants to know the tag's size before the key. */
    if (r->kind == KIND_CCM &&
        EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, r->tag, NULL) <= 0)
        return false;
    return EVP_CipherInit_ex2(s->ctx, NULL, k, NULL, s->sending, NULL) > 0;
}

static void copy(unsigned char *to, struct str from)
{
    if (from.n)
        memcpy(to, from.p, from.n);
}

int seal_init(struct seal *s, struct crypto *c, const struct seal_params *p,
              const struct seal_keys *keys, bool sending)
{
    const struct row *r = find_row(p);
    if (!r || !seal_can(c, p))
        return -ERR_UNSUPPORTED;
    if (keys->mac.n != seal_mac_size(p) || keys->key.n != seal_key_size(p) ||
        keys->iv.n != seal_iv_size(p))
        return -ERR_INVAL;
    *s = (struct seal){.crypto = c, .p = *p, .sending = sending};
    s->p.encrypt_then_mac = p->encrypt_then_mac && r->kind == KIND_CBC && p->version > SSL3;
    copy(s->mac_key, keys->mac);
    copy(s->iv, keys->iv);
    if (!r->name || start(s, r, keys->key))
        return 0;
    seal_done(s);
    return crypto_fail(-ERR_INTERNAL);
}

void seal_done(struct seal *s)
{
    EVP_CIPHER_CTX_free(s->ctx);
    s->ctx = NULL;
}

/* ---- pieces of records ---- */

static void put16(unsigned char *to, size_t v)
{
    to[0] = (unsigned char)(v >> 8);
    to[1] = (unsigned char)v;
}

static void put64(unsigned char *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (unsigned char)(v >> (56 - 8 * i));
}

/* Room for a record of `body` bytes behind `out`, its header written; NULL with *ret_err set. */
static unsigned char *begin(struct buf *out, uint8_t type, uint16_t version, size_t body,
                            int *ret_err)
{
    *ret_err = body > BODY_LIMIT ? -ERR_RANGE : buf_reserve(out, SEAL_HEADER + body);
    if (*ret_err)
        return NULL;
    unsigned char *p = (unsigned char *)buf_end(out);
    p[0] = type;
    put16(p + 1, version);
    put16(p + 3, body);
    return p + SEAL_HEADER;
}

/* seq, type, version, length: before the content in every MAC of TLS, and an AEAD's additional data
 * in 1.2. */
static void put_prefix(const struct seal *s, uint8_t type, uint16_t version, size_t n,
                       unsigned char ret[AAD_MAX])
{
    put64(ret, s->seq);
    ret[8] = type;
    put16(ret + 9, version);
    put16(ret + 11, n);
}

/* RFC 6101 5.2.3.1: without the version, and with a construction that came before HMAC. */
static int ssl3_mac(struct seal *s, struct str key, const unsigned char prefix[AAD_MAX],
                    struct str content, unsigned char *ret)
{
    unsigned char pad1[48], pad2[48], inner[CRYPTO_MD_MAX];
    size_t pad = s->p.mac == CRYPTO_MD5 ? 48 : 40;
    memset(pad1, 0x36, sizeof pad1);
    memset(pad2, 0x5c, sizeof pad2);
    struct str parts[] = {key, crypto_str(pad1, pad), crypto_str(prefix, 9),
                          crypto_str(prefix + 11, 2), content};
    struct str outer[] = {key, crypto_str(pad2, pad), crypto_str(inner, key.n)};
    int err = crypto_hash(s->crypto, s->p.mac, parts, 5, inner);
    return err ? err : crypto_hash(s->crypto, s->p.mac, outer, 3, ret);
}

/* With either order of MAC and encryption: of what the caller says. */
static int mac_of(struct seal *s, uint8_t type, uint16_t version, struct str content,
                  unsigned char *ret)
{
    unsigned char prefix[AAD_MAX];
    struct str key = crypto_str(s->mac_key, seal_mac_size(&s->p));
    if (content.n > BODY_LIMIT)
        return -ERR_RANGE;
    put_prefix(s, type, version, content.n, prefix);
    if (s->p.version == SSL3)
        return ssl3_mac(s, key, prefix, content, ret);
    struct str parts[] = {crypto_str(prefix, AAD_MAX), content};
    return crypto_hmac(s->crypto, s->p.mac, key, parts, 2, ret);
}

int seal_mac(struct seal *s, uint8_t type, uint16_t version, struct str payload, unsigned char *ret)
{
    unsigned char mac[CRYPTO_MD_MAX];
    size_t n = seal_mac_size(&s->p);
    if (n == 0)
        return -ERR_UNSUPPORTED;
    int err = mac_of(s, type, version, payload, mac);
    if (!err)
        memcpy(ret, mac, n);
    return err;
}

/* In place; whole blocks for CBC. The chain goes on from record to record unless iv is given. */
static int cipher(struct seal *s, const unsigned char *iv, unsigned char *p, size_t n)
{
    int done;
    if (!s->ctx || n == 0)
        return 0;
    if (iv && EVP_CipherInit_ex2(s->ctx, NULL, NULL, iv, s->sending, NULL) <= 0)
        return crypto_fail(-ERR_INTERNAL);
    if (EVP_CipherUpdate(s->ctx, p, &done, p, (int)n) <= 0 || (size_t)done != n)
        return crypto_fail(-ERR_INTERNAL);
    return 0;
}

/* ---- stream and CBC ---- */

static int seal_stream(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                       struct buf *out)
{
    int err;
    size_t mac = seal_mac_size(&s->p);
    unsigned char *p = begin(out, type, version, payload.n + mac, &err);
    if (!p)
        return err;
    copy(p, payload);
    err = seal_mac(s, type, version, payload, p + payload.n);
    if (!err)
        err = cipher(s, NULL, p, payload.n + mac);
    if (err)
        return err;
    buf_added(out, SEAL_HEADER + payload.n + mac);
    s->seq++;
    return 0;
}

/* The plaintext stands at p, behind room for the explicit IV; room for a MAC is behind it. */
static int finish_cbc(struct seal *s, uint8_t type, uint16_t version, unsigned char *p, size_t iv,
                      size_t plain)
{
    int err = iv ? crypto_random(s->crypto, p, iv) : 0;
    if (!err)
        err = cipher(s, iv ? p : NULL, p + iv, plain);
    if (!err && s->p.encrypt_then_mac)
        err = seal_mac(s, type, version, crypto_str(p, iv + plain), p + iv + plain);
    return err;
}

/* payload, mac (may be empty) and pad bytes of the value pad - 1: the plaintext. */
static int put_cbc(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                   struct str mac, size_t pad, struct buf *out)
{
    int err;
    size_t iv = has_explicit_iv(&s->p) ? seal_block_size(&s->p) : 0;
    size_t plain = payload.n + mac.n + pad;
    size_t body = iv + plain + (s->p.encrypt_then_mac ? seal_mac_size(&s->p) : 0);
    unsigned char *p = begin(out, type, version, body, &err);
    if (!p)
        return err;
    copy(p + iv, payload);
    copy(p + iv + payload.n, mac);
    memset(p + iv + payload.n + mac.n, (int)pad - 1, pad);
    err = finish_cbc(s, type, version, p, iv, plain);
    if (err)
        return err;
    buf_added(out, SEAL_HEADER + body);
    s->seq++;
    return 0;
}

static int seal_cbc(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                    struct buf *out)
{
    unsigned char mac[SEAL_MAC_MAX];
    size_t n = s->p.encrypt_then_mac ? 0 : seal_mac_size(&s->p), block = seal_block_size(&s->p);
    if (n) {
        int err = seal_mac(s, type, version, payload, mac);
        if (err)
            return err;
    }
    return put_cbc(s, type, version, payload, crypto_str(mac, n), block - (payload.n + n) % block,
                   out);
}

int seal_cbc_raw(struct seal *s, uint8_t type, uint16_t version, struct str plaintext,
                 struct buf *out)
{
    size_t block = seal_block_size(&s->p);
    if (!block || !s->sending)
        return -ERR_UNSUPPORTED;
    if (plaintext.n == 0 || plaintext.n % block || plaintext.n > BODY_LIMIT)
        return -ERR_RANGE;
    return put_cbc(s, type, version, plaintext, STR_NONE, 0, out);
}

static int check_mac(struct seal *s, const unsigned char header[SEAL_HEADER], struct str content,
                     const unsigned char *mac)
{
    unsigned char wanted[SEAL_MAC_MAX];
    uint16_t version = (uint16_t)(header[1] << 8 | header[2]);
    int err = seal_mac(s, header[0], version, content, wanted);
    if (err)
        return err;
    return memcmp(wanted, mac, seal_mac_size(&s->p)) == 0 ? 0 : -ERR_TLS_MAC;
}

/* *n: of the decrypted blocks; afterwards without the padding. */
static int strip_padding(const struct seal *s, const unsigned char *p, size_t *n)
{
    size_t pad = p[*n - 1];
    if (pad >= *n)
        return -ERR_TLS_MAC;
    /* SSL 3.0 says nothing of the bytes' values, only that they are fewer than a block. */
    if (s->p.version == SSL3 && pad >= seal_block_size(&s->p))
        return -ERR_TLS_MAC;
    for (size_t i = 2; s->p.version > SSL3 && i <= pad + 1; i++)
        if (p[*n - i] != pad)
            return -ERR_TLS_MAC;
    *n -= pad + 1;
    return 0;
}

/* MAC behind the content, of *n bytes; afterwards without it. */
static int strip_mac(struct seal *s, const unsigned char header[SEAL_HEADER],
                     const unsigned char *p, size_t *n)
{
    size_t mac = seal_mac_size(&s->p);
    if (*n < mac)
        return -ERR_TLS_MAC;
    int err = check_mac(s, header, crypto_str(p, *n - mac), p + *n - mac);
    if (!err)
        *n -= mac;
    return err;
}

static int open_stream(struct seal *s, const unsigned char header[SEAL_HEADER], unsigned char *p,
                       size_t *n)
{
    if (*n < seal_mac_size(&s->p))
        return -ERR_TLS_DECODE;
    int err = cipher(s, NULL, p, *n);
    return err ? err : strip_mac(s, header, p, n);
}

/* The content moves to the front of p. */
static int open_cbc(struct seal *s, const unsigned char header[SEAL_HEADER], unsigned char *p,
                    size_t *n)
{
    size_t block = seal_block_size(&s->p), iv = has_explicit_iv(&s->p) ? block : 0;
    size_t mac = s->p.encrypt_then_mac ? seal_mac_size(&s->p) : 0;
    if (*n < iv + block + mac || (*n - mac) % block)
        return -ERR_TLS_DECODE;
    int err = s->p.encrypt_then_mac ? strip_mac(s, header, p, n) : 0;
    size_t plain = *n - iv;
    if (!err)
        err = cipher(s, iv ? p : NULL, p + iv, plain);
    if (!err)
        err = strip_padding(s, p + iv, &plain);
    if (!err && !s->p.encrypt_then_mac)
        err = strip_mac(s, header, p + iv, &plain);
    if (err)
        return err;
    memmove(p, p + iv, plain);
    *n = plain;
    return 0;
}

/* ---- AEAD ---- */

/* RFC 5288 3: salt and explicit part; RFC 7905 2, RFC 8446 5.3: the IV xor the sequence number. */
static void make_nonce(const struct seal *s, const unsigned char *explicit_part,
                       unsigned char ret[AEAD_IV])
{
    unsigned char seq[8];
    memcpy(ret, s->iv, AEAD_IV);
    if (explicit_part) {
        memcpy(ret + SALT, explicit_part, EXPLICIT);
        return;
    }
    put64(seq, s->seq);
    for (int i = 0; i < 8; i++)
        ret[4 + i] ^= seq[i];
}

/* In place over n bytes; the tag follows them, to be written or checked. */
static bool aead(struct seal *s, const unsigned char nonce[AEAD_IV], struct str aad,
                 unsigned char *p, size_t n)
{
    const struct row *r = &rows[s->p.cipher];
    int done = 0, more = 0;
    /* CCM sets its tag size anew with each tag; for sending it stays what it was. */
    if (!s->sending && EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_SET_TAG, r->tag, p + n) <= 0)
        return false;
    if (EVP_CipherInit_ex2(s->ctx, NULL, NULL, nonce, s->sending, NULL) <= 0)
        return false;
    if (r->kind == KIND_CCM && EVP_CipherUpdate(s->ctx, NULL, &done, NULL, (int)n) <= 0)
        return false;
    if (EVP_CipherUpdate(s->ctx, NULL, &done, (const unsigned char *)aad.p, (int)aad.n) <= 0)
        return false;
    if (EVP_CipherUpdate(s->ctx, p, &done, p, (int)n) <= 0 || (size_t)done != n)
        return false;
    if (r->kind != KIND_CCM || s->sending)
        if (EVP_CipherFinal_ex(s->ctx, p + n, &more) <= 0 || more != 0)
            return false;
    return !s->sending || EVP_CIPHER_CTX_ctrl(s->ctx, EVP_CTRL_AEAD_GET_TAG, r->tag, p + n) > 0;
}

static struct str make_aad(const struct seal *s, const unsigned char header[SEAL_HEADER], size_t n,
                           unsigned char room[AAD_MAX])
{
    if (s->p.version == TLS13)
        return crypto_str(header, SEAL_HEADER);
    put_prefix(s, header[0], (uint16_t)(header[1] << 8 | header[2]), n, room);
    return crypto_str(room, AAD_MAX);
}

static int seal_aead(struct seal *s, uint8_t type, uint16_t version, struct str payload,
                     struct buf *out)
{
    int err;
    bool inner = s->p.version == TLS13;
    size_t front = has_explicit_nonce(&s->p) ? EXPLICIT : 0, plain = payload.n + inner;
    size_t body = front + plain + rows[s->p.cipher].tag;
    unsigned char *p = begin(out, inner ? APPLICATION_DATA : type, version, body, &err);
    if (!p)
        return err;
    unsigned char nonce[AEAD_IV], room[AAD_MAX];
    put64(p, s->seq); /* overwritten by the payload where the nonce has no explicit part */
    copy(p + front, payload);
    if (inner)
        p[front + payload.n] = type;
    make_nonce(s, front ? p : NULL, nonce);
    struct str aad = make_aad(s, p - SEAL_HEADER, plain, room);
    if (!aead(s, nonce, aad, p + front, plain))
        return crypto_fail(-ERR_INTERNAL);
    buf_added(out, SEAL_HEADER + body);
    s->seq++;
    return 0;
}

static int open_aead(struct seal *s, const unsigned char header[SEAL_HEADER], unsigned char *p,
                     size_t *n)
{
    unsigned char nonce[AEAD_IV], room[AAD_MAX];
    size_t front = has_explicit_nonce(&s->p) ? EXPLICIT : 0, tag = rows[s->p.cipher].tag;
    if (*n < front + tag || (s->p.version == TLS13 && *n > SEAL_PLAIN_MAX + 256))
        return -ERR_TLS_DECODE;
    size_t plain = *n - front - tag;
    make_nonce(s, front ? p : NULL, nonce);
    if (!aead(s, nonce, make_aad(s, header, plain, room), p + front, plain))
        return crypto_fail(-ERR_TLS_MAC);
    memmove(p, p + front, plain);
    *n = plain;
    return 0;
}

/* RFC 8446 5.4: the type is the last byte that is not zero. */
static int strip_inner(const unsigned char *p, size_t *n, uint8_t *ret_type)
{
    while (*n > 0 && p[*n - 1] == 0)
        --*n;
    if (*n == 0)
        return -ERR_TLS_DECODE;
    *ret_type = p[--*n];
    return 0;
}

/* ---- any ---- */

int seal_record(struct seal *s, uint8_t type, uint16_t version, struct str payload, struct buf *out)
{
    if (!s->sending)
        return -ERR_INVAL;
    if (payload.n > BODY_LIMIT)
        return -ERR_RANGE;
    switch (rows[s->p.cipher].kind) {
    case KIND_STREAM: return seal_stream(s, type, version, payload, out);
    case KIND_CBC: return seal_cbc(s, type, version, payload, out);
    default: return seal_aead(s, type, version, payload, out);
    }
}

static int open_in_place(struct seal *s, const unsigned char header[SEAL_HEADER], unsigned char *p,
                         size_t *n, uint8_t *ret_type)
{
    enum kind kind = rows[s->p.cipher].kind;
    uint8_t type = header[0];
    int err = kind == KIND_STREAM ? open_stream(s, header, p, n)
              : kind == KIND_CBC  ? open_cbc(s, header, p, n)
                                  : open_aead(s, header, p, n);
    if (!err && s->p.version == TLS13)
        err = strip_inner(p, n, &type);
    if (!err && *n > SEAL_PLAIN_MAX)
        err = -ERR_TLS_DECODE;
    if (!err)
        *ret_type = type;
    return err;
}

int seal_open(struct seal *s, const unsigned char header[SEAL_HEADER], struct str body,
              struct buf *out, uint8_t *ret_type)
{
    if (s->sending)
        return -ERR_INVAL;
    if (body.n > SEAL_BODY_MAX || body.n != (size_t)(header[3] << 8 | header[4]) ||
        (s->p.version == TLS13 && header[0] != APPLICATION_DATA))
        return -ERR_TLS_DECODE;
    int err = buf_reserve(out, body.n);
    if (err)
        return err;
    unsigned char *p = (unsigned char *)buf_end(out);
    size_t n = body.n;
    copy(p, body);
    err = open_in_place(s, header, p, &n, ret_type);
    if (err)
        return err;
    buf_added(out, n);
    s->seq++;
    return 0;
}
