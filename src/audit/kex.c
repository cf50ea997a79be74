/* Named groups; see kex.h.
 *
 * One table: what kind of group, its name in the library, sizes on the wire. ffdhe is done by
 * kex_dh's powers: EVP would check each peer's share with another full power. A group of the newer
 * kinds counts as supported when the running library can make a key of that name. */
#include "audit/kex.h"

#include "audit/kex_dh.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

enum kind {
    KIND_EC,    /* keys of type EC in the group `name` */
    KIND_X,     /* keys of type `name`, raw public bytes */
    KIND_FFDHE, /* the prime of the group `name` */
    KIND_KEM,   /* keys of type `name`; the peer's share is a ciphertext */
    KIND_FILLER /* only the shape is known */
};

enum { P256 = 23, P384 = 24, X25519 = 29 };
enum { MLKEM512 = 800, MLKEM768 = 1184, MLKEM1024 = 1568, RHO = 32, MLKEM_Q = 3329 }; /* bytes; q */

/* Registry "TLS Supported Groups". `kem`: bytes of the ML-KEM or Kyber encapsulation key within the
 * share; `partner`: the group whose share is the rest, `size - kem` bytes; kem_first: which of both
 * comes first. */
static const struct row {
    uint16_t group, size;
    enum kind kind;
    const char *name;
    uint16_t kem, partner;
    bool kem_first;
} rows[] = {
    {1, 43, KIND_EC, "sect163k1"},
    {2, 43, KIND_EC, "sect163r1"},
    {3, 43, KIND_EC, "sect163r2"},
    {4, 51, KIND_EC, "sect193r1"},
    {5, 51, KIND_EC, "sect193r2"},
    {6, 61, KIND_EC, "sect233k1"},
    {7, 61, KIND_EC, "sect233r1"},
    {8, 61, KIND_EC, "sect239k1"},
    {9, 73, KIND_EC, "sect283k1"},
    {10, 73, KIND_EC, "sect283r1"},
    {11, 105, KIND_EC, "sect409k1"},
    {12, 105, KIND_EC, "sect409r1"},
    {13, 145, KIND_EC, "sect571k1"},
    {14, 145, KIND_EC, "sect571r1"},
    {15, 41, KIND_EC, "secp160k1"},
    {16, 41, KIND_EC, "secp160r1"},
    {17, 41, KIND_EC, "secp160r2"},
    {18, 49, KIND_EC, "secp192k1"},
    {19, 49, KIND_EC, "prime192v1"},
    {20, 57, KIND_EC, "secp224k1"},
    {21, 57, KIND_EC, "secp224r1"},
    {22, 65, KIND_EC, "secp256k1"},
    {P256, 65, KIND_EC, "prime256v1"},
    {P384, 97, KIND_EC, "secp384r1"},
    {25, 133, KIND_EC, "secp521r1"},
    {26, 65, KIND_EC, "brainpoolP256r1"},
    {27, 97, KIND_EC, "brainpoolP384r1"},
    {28, 129, KIND_EC, "brainpoolP512r1"},
    {X25519, 32, KIND_X, "X25519"},
    {30, 56, KIND_X, "X448"},
    {31, 65, KIND_EC, "brainpoolP256r1"}, /* 31 to 33: the same curves, for TLS 1.3 */
    {32, 97, KIND_EC, "brainpoolP384r1"},
    {33, 129, KIND_EC, "brainpoolP512r1"},
    {0x0100, 256, KIND_FFDHE, "ffdhe2048"},
    {0x0101, 384, KIND_FFDHE, "ffdhe3072"},
    {0x0102, 512, KIND_FFDHE, "ffdhe4096"},
    {0x0103, 768, KIND_FFDHE, "ffdhe6144"},
    {0x0104, 1024, KIND_FFDHE, "ffdhe8192"},
    {0x0200, MLKEM512, KIND_KEM, "ML-KEM-512", MLKEM512},
    {0x0201, MLKEM768, KIND_KEM, "ML-KEM-768", MLKEM768},
    {0x0202, MLKEM1024, KIND_KEM, "ML-KEM-1024", MLKEM1024},
    {0x11eb, 65 + MLKEM768, KIND_KEM, "SecP256r1MLKEM768", MLKEM768, P256},
    {0x11ec, MLKEM768 + 32, KIND_KEM, "X25519MLKEM768", MLKEM768, X25519, true},
    {0x11ed, 97 + MLKEM1024, KIND_KEM, "SecP384r1MLKEM1024", MLKEM1024, P384},
    {0x6399, 32 + MLKEM768, KIND_FILLER, NULL, MLKEM768, X25519}, /* X25519Kyber768Draft00 */
    {0x639a, 65 + MLKEM768, KIND_FILLER, NULL, MLKEM768, P256},   /* SecP256r1Kyber768Draft00 */
};
enum { ROWS = sizeof rows / sizeof *rows };

struct key {
    bool tried;
    EVP_PKEY *pkey;       /* not for ffdhe */
    BIGNUM *p, *x;        /* ffdhe */
    unsigned char *share; /* rows[i].size bytes of kex_keys.shares */
    bool good;            /* else not supported */
};

struct kex_keys {
    struct crypto *crypto;
    struct key keys[ROWS]; /* as in rows */
    unsigned char *shares; /* room for all of them: a key that fails later fails for want of support */
};

struct kex_keys *kex_keys_new(struct crypto *c)
{
    struct kex_keys *k = calloc(1, sizeof *k);
    size_t all = 0;
    for (int i = 0; i < ROWS; i++)
        all += rows[i].size;
    if (!k || !(k->shares = malloc(all))) {
        free(k);
        return NULL;
    }
    k->crypto = c;
    for (int i = ROWS; i-- > 0;)
        k->keys[i].share = k->shares + (all -= rows[i].size);
    return k;
}

void kex_keys_free(struct kex_keys *k)
{
    if (!k)
        return;
    for (int i = 0; i < ROWS; i++) {
        EVP_PKEY_free(k->keys[i].pkey);
        BN_free(k->keys[i].p);
        BN_clear_free(k->keys[i].x);
    }
    free(k->shares);
    free(k);
}

static const struct row *find_row(uint16_t group)
{
    for (int i = 0; i < ROWS; i++)
        if (rows[i].group == group)
            return &rows[i];
    return NULL;
}

size_t kex_share_size(uint16_t group)
{
    const struct row *r = find_row(group);
    return r ? r->size : 0;
}

/* ---- making keys ---- */

/* type: of the key; group: parameter of it, or NULL. For DH the parameters alone. */
static EVP_PKEY *generate(struct crypto *c, const char *type, const char *group, bool params_only)
{
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_END, OSSL_PARAM_END};
    if (group)
        params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(crypto_lib(c), type, NULL);
    bool ok = ctx && (params_only ? EVP_PKEY_paramgen_init(ctx) : EVP_PKEY_keygen_init(ctx)) > 0;
    if (!ok || EVP_PKEY_CTX_set_params(ctx, params) <= 0 || EVP_PKEY_generate(ctx, &pkey) <= 0)
        crypto_fail(0);
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static bool make_ffdhe(struct crypto *c, const struct row *r, struct key *key)
{
    EVP_PKEY *params = generate(c, "DH", r->name, true);
    BIGNUM *g = BN_new();
    bool ok = params && g && BN_set_word(g, 2) && /* RFC 7919: every group's */
              EVP_PKEY_get_bn_param(params, OSSL_PKEY_PARAM_FFC_P, &key->p) &&
              BN_num_bytes(key->p) == r->size;
    key->x = ok ? kex_dh_exponent(c) : NULL;
    ok = key->x && kex_dh_power(c, g, key->x, key->p, key->share) == 0;
    BN_free(g);
    EVP_PKEY_free(params);
    return ok;
}

static bool make_pkey(struct crypto *c, const struct row *r, struct key *key)
{
    bool ec = r->kind == KIND_EC;
    unsigned char *share = NULL;
    key->pkey = generate(c, ec ? "EC" : r->name, ec ? r->name : NULL, false);
    if (!key->pkey)
        return false;
    bool ok = EVP_PKEY_get1_encoded_public_key(key->pkey, &share) == r->size;
    if (ok)
        memcpy(key->share, share, r->size);
    OPENSSL_free(share);
    return ok;
}

/* NULL: the group is unknown, or nothing that this library can calculate with. */
static const struct key *find_key(struct kex_keys *k, const struct row *r)
{
    if (!r || r->kind == KIND_FILLER)
        return NULL;
    struct key *key = &k->keys[r - rows];
    if (!key->tried) {
        key->tried = true;
        key->good = r->kind == KIND_FFDHE ? make_ffdhe(k->crypto, r, key) : make_pkey(k->crypto, r, key);
        if (!key->good)
            crypto_fail(0);
    }
    return key->good ? key : NULL;
}

bool kex_can(struct kex_keys *k, uint16_t group)
{
    return find_key(k, find_row(group));
}

int kex_share(struct kex_keys *k, uint16_t group, struct str *ret_public)
{
    const struct row *r = find_row(group);
    const struct key *key = find_key(k, r);
    if (!key)
        return -ERR_UNSUPPORTED;
    *ret_public = crypto_str(key->share, r->size);
    return 0;
}

/* ---- shares without a key ---- */

/* FIPS 203 7.2: a server checks that each coefficient, of 12 bits, is below q. Random ones, two in
 * three bytes; the last 32 bytes are free. */
static int fill_kem(struct crypto *c, unsigned char *p, size_t n)
{
    int err = crypto_random(c, p, n);
    for (size_t i = 0; i + RHO < n; i += 3) {
        unsigned a = (p[i] | (p[i + 1] & 0xfu) << 8) % MLKEM_Q;
        unsigned b = (p[i + 1] >> 4 | (unsigned)p[i + 2] << 4) % MLKEM_Q;
        p[i] = (unsigned char)a;
        p[i + 1] = (unsigned char)(a >> 8 | b << 4);
        p[i + 2] = (unsigned char)(b >> 4);
    }
    return err;
}

int kex_filler_share(struct kex_keys *k, uint16_t group, struct buf *out)
{
    struct str partner = STR_NONE;
    const struct row *r = find_row(group);
    if (!r || !r->kem)
        return -ERR_UNSUPPORTED;
    int err = r->partner ? kex_share(k, r->partner, &partner) : 0;
    if (!err)
        err = buf_reserve(out, r->size);
    if (err)
        return err;
    unsigned char *p = (unsigned char *)buf_end(out);
    err = fill_kem(k->crypto, p + (r->kem_first ? 0 : partner.n), r->kem);
    if (err)
        return err;
    if (partner.n)
        memcpy(p + (r->kem_first ? r->kem : 0), partner.p, partner.n);
    buf_added(out, r->size);
    return 0;
}

/* ---- secrets ---- */

static int secret_ffdhe(struct crypto *c, const struct row *r, const struct key *key,
                        struct str peer, unsigned char *out, size_t *ret_n)
{
    BIGNUM *y = BN_bin2bn((const unsigned char *)peer.p, (int)peer.n, NULL);
    int err = y ? kex_dh_power(c, y, key->x, key->p, out) : crypto_fail(-ERR_NOMEM);
    BN_free(y);
    if (!err)
        *ret_n = r->size;
    return err;
}

/* The peer's key, if its share is a good one; OpenSSL checks that a point is on the curve. */
static EVP_PKEY *read_peer(const struct row *r, const struct key *key, struct str peer)
{
    if (r->kind == KIND_EC && peer.p[0] != 4)
        return NULL;
    EVP_PKEY *pkey = EVP_PKEY_new();
    bool ok = pkey && EVP_PKEY_copy_parameters(pkey, key->pkey) > 0 &&
              EVP_PKEY_set1_encoded_public_key(pkey, (const unsigned char *)peer.p, peer.n) > 0;
    if (ok)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static int secret_derive(struct crypto *c, const struct row *r, const struct key *key,
                         struct str peer, unsigned char *out, size_t cap, size_t *ret_n)
{
    EVP_PKEY *pkey = read_peer(r, key, peer);
    if (!pkey)
        return crypto_fail(-ERR_RANGE);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_lib(c), key->pkey, NULL);
    /* The point was checked when it was read; a second check would double the cost. */
    bool ok = ctx && EVP_PKEY_derive_init(ctx) > 0 &&
              EVP_PKEY_derive_set_peer_ex(ctx, pkey, 0) > 0 && EVP_PKEY_derive(ctx, out, &cap) > 0;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    if (!ok)
        return crypto_fail(-ERR_RANGE);
    *ret_n = cap;
    return 0;
}

static int secret_decapsulate(struct crypto *c, const struct key *key, struct str peer,
                              unsigned char *out, size_t cap, size_t *ret_n)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(crypto_lib(c), key->pkey, NULL);
    bool ok = ctx && EVP_PKEY_decapsulate_init(ctx, NULL) > 0 &&
              EVP_PKEY_decapsulate(ctx, out, &cap, (const unsigned char *)peer.p, peer.n) > 0;
    EVP_PKEY_CTX_free(ctx);
    if (!ok)
        return crypto_fail(-ERR_RANGE);
    *ret_n = cap;
    return 0;
}

int kex_secret(struct kex_keys *k, uint16_t group, struct str peer_share, unsigned char *out,
               size_t cap, size_t *ret_n)
{
    unsigned char secret[KEX_SECRET_MAX];
    size_t n = sizeof secret;
    const struct row *r = find_row(group);
    const struct key *key = find_key(k, r);
    if (!key)
        return -ERR_UNSUPPORTED;
    if (peer_share.n == 0 || (r->kind != KIND_KEM && peer_share.n != r->size))
        return -ERR_RANGE;
    int err = r->kind == KIND_KEM ? secret_decapsulate(k->crypto, key, peer_share, secret, n, &n)
              : r->kind == KIND_FFDHE ? secret_ffdhe(k->crypto, r, key, peer_share, secret, &n)
                                      : secret_derive(k->crypto, r, key, peer_share, secret, n, &n);
    if (err)
        return err;
    if (n > cap)
        return -ERR_LIMIT;
    memcpy(out, secret, n);
    *ret_n = n;
    return 0;
}
