/* Leaf keys from the authority's; see leaf_key.h.
 *
 * The keeper holds leaf keys in memory only. If it dies, its successor must be able to finish the
 * handshakes whose certificate is already on the wire, so it has to come to the same key: the scalar
 * is HKDF-SHA256 (RFC 5869) of the authority's private key, over the names and the epoch, brought
 * into 1 .. n-1 with 128 bits to spare (FIPS 186-5 A.2.1), so that no value is favoured.
 *
 * Nothing is given away: who has the authority's key can issue what he likes anyway, and sessions
 * are secret by their ephemeral keys. Rejected: leaf keys in files (one more secret to guard and to
 * expire), and one key for ever (a renewal would renew nothing).
 *
 * Invariant: what goes into the derivation never changes in meaning without another SALT. */
#include "tls/leaf_key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define SALT "gate443 leaf key 1"
#define LABEL "gate443 leaf"
enum {
    SCALAR = 32,
    WIDE = 48,          /* 128 bits more than the order has */
    POINT = 65,         /* uncompressed */
    NAMES_HASH = 32,
    INFO = sizeof LABEL - 1 + NAMES_HASH + 16,
    PRIVATE_MAX = 2048, /* bytes of a private number: RSA of 16,384 bits */
};

int64_t leaf_key_epoch(int64_t wall, int64_t seconds)
{
    return wall / seconds;
}

/* ---- what goes in ---- */

static int by_name(const void *a, const void *b)
{
    const struct str *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    for (size_t i = 0; i < n; i++) {
        int d = (unsigned char)ascii_lower(x->p[i]) - (unsigned char)ascii_lower(y->p[i]);
        if (d)
            return d;
    }
    return (x->n > y->n) - (x->n < y->n);
}

static void put64(unsigned char out[8], uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        out[i] = (unsigned char)v;
}

/* Each name in lower case with its length in front: no two lists look alike. */
static bool add_name(EVP_MD_CTX *c, struct str name)
{
    unsigned char length[8];
    put64(length, name.n);
    bool ok = EVP_DigestUpdate(c, length, sizeof length);
    for (size_t i = 0; ok && i < name.n; i++) {
        char lower = ascii_lower(name.p[i]);
        ok = EVP_DigestUpdate(c, &lower, 1);
    }
    return ok;
}

/* A hash, because the names may be longer than what HKDF takes. */
static bool hash_names(const struct str *names, size_t n, unsigned char out[NAMES_HASH])
{
    struct str *sorted = malloc(n * sizeof *sorted + 1);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = sorted && c && EVP_DigestInit_ex(c, EVP_sha256(), NULL);
    if (ok) {
        memcpy(sorted, names, n * sizeof *sorted);
        qsort(sorted, n, sizeof *sorted, by_name);
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = add_name(c, sorted[i]);
    ok = ok && EVP_DigestFinal_ex(c, out, NULL);
    EVP_MD_CTX_free(c);
    free(sorted);
    return ok;
}

/* The private half as bytes: the same whether the key was just made or read from a file, which
 * its DER need not be. Bytes, 0: cannot be had. */
static size_t private_bytes(EVP_PKEY *key, unsigned char out[PRIVATE_MAX])
{
    BIGNUM *n = NULL;
    size_t len = PRIVATE_MAX;
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &n) != 1 &&
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_D, &n) != 1)
        return EVP_PKEY_get_raw_private_key(key, out, &len) == 1 ? len : 0;
    len = BN_num_bytes(n) <= PRIVATE_MAX ? (size_t)BN_bn2bin(n, out) : 0;
    BN_clear_free(n);
    return len;
}

static bool expand(unsigned char *secret, size_t nsecret, unsigned char *info,
                   unsigned char out[WIDE])
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *c = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, nsecret),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, SALT, sizeof SALT - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, INFO),
        OSSL_PARAM_construct_end(),
    };
    bool ok = c && EVP_KDF_derive(c, out, WIDE, params) == 1;
    EVP_KDF_CTX_free(c); /* wipes its copy */
    EVP_KDF_free(kdf);
    return ok;
}

/* ---- what comes out ---- */

/* wide mod (n - 1) + 1 */
static BIGNUM *scalar_of(const unsigned char wide[WIDE], const EC_GROUP *group, BN_CTX *ctx)
{
    BIGNUM *k = BN_secure_new(), *c = BN_secure_new(), *m = BN_dup(EC_GROUP_get0_order(group));
    bool ok = k && c && m && BN_bin2bn(wide, WIDE, c) && BN_sub_word(m, 1);
    if (ok) {
        BN_set_flags(c, BN_FLG_CONSTTIME);
        BN_set_flags(k, BN_FLG_CONSTTIME);
        ok = BN_mod(k, c, m, ctx) && BN_add_word(k, 1);
    }
    BN_clear_free(c);
    BN_free(m);
    if (ok)
        return k;
    BN_clear_free(k);
    return NULL;
}

static bool public_of(const BIGNUM *k, const EC_GROUP *group, BN_CTX *ctx, unsigned char out[POINT])
{
    EC_POINT *p = EC_POINT_new(group);
    bool ok = p && EC_POINT_mul(group, p, k, NULL, NULL, ctx) &&
              EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, out, POINT, ctx) == POINT;
    EC_POINT_free(p);
    return ok;
}

static EVP_PKEY *pair_of(unsigned char scalar[SCALAR], unsigned char point[POINT])
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, scalar, SCALAR),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT),
        OSSL_PARAM_construct_end(),
    };
    if (!c || EVP_PKEY_fromdata_init(c) != 1 ||
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(c);
    return key;
}

static EVP_PKEY *key_of(const unsigned char wide[WIDE])
{
    unsigned char scalar[SCALAR], point[POINT];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    BN_CTX *ctx = BN_CTX_secure_new();
    BIGNUM *k = group && ctx ? scalar_of(wide, group, ctx) : NULL;
    bool ok = k && public_of(k, group, ctx, point) && BN_bn2nativepad(k, scalar, SCALAR) == SCALAR;
    EVP_PKEY *key = ok ? pair_of(scalar, point) : NULL;
    OPENSSL_cleanse(scalar, sizeof scalar);
    BN_clear_free(k);
    BN_CTX_free(ctx);
    EC_GROUP_free(group);
    return key;
}

int leaf_key_derive(EVP_PKEY *authority, const struct str *names, size_t n, int64_t seconds,
                    int64_t epoch, EVP_PKEY **ret)
{
    unsigned char secret[PRIVATE_MAX], wide[WIDE], info[INFO];
    unsigned char *at = info + sizeof LABEL - 1;
    memcpy(info, LABEL, sizeof LABEL - 1);
    if (!hash_names(names, n, at))
        return -ERR_NOMEM;
    put64(at + NAMES_HASH, (uint64_t)seconds);
    put64(at + NAMES_HASH + 8, (uint64_t)epoch);
    size_t nsecret = private_bytes(authority, secret);
    EVP_PKEY *key = nsecret && expand(secret, nsecret, info, wide) ? key_of(wide) : NULL;
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(wide, sizeof wide);
    ERR_clear_error();
    if (!key)
        return nsecret ? -ERR_NOMEM : -ERR_UNSUPPORTED;
    *ret = key;
    return 0;
}
