/* Static RSA; see kex_rsa.h. On numbers, because EVP refuses small keys and odd forms. */
#include "audit/kex_rsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { BIG = 3072, BIG_EXPONENT = 64 }; /* bits; OpenSSL draws the line there too */

struct kex_rsa {
    struct crypto *crypto; /* borrowed */
    BIGNUM *n, *e;
};

void kex_rsa_free(struct kex_rsa *k)
{
    if (!k)
        return;
    BN_free(k->n);
    BN_free(k->e);
    free(k);
}

static bool is_usable(const BIGNUM *n, const BIGNUM *e)
{
    int bits = BN_num_bits(n), exponent = BN_num_bits(e);
    return bits >= KEX_RSA_BITS_MIN && bits <= KEX_RSA_BITS_MAX && BN_is_odd(n) && BN_is_odd(e) &&
           !BN_is_one(e) && exponent <= (bits > BIG ? BIG_EXPONENT : bits);
}

/* Takes n and e over, NULL meaning that memory was out. */
static int make(struct crypto *c, BIGNUM *n, BIGNUM *e, struct kex_rsa **ret)
{
    struct kex_rsa *k = calloc(1, sizeof *k);
    int err = k && n && e ? 0 : -ERR_NOMEM;
    if (!err && !is_usable(n, e))
        err = -ERR_RANGE;
    if (err) {
        BN_free(n);
        BN_free(e);
        free(k);
        return crypto_fail(err);
    }
    *k = (struct kex_rsa){.crypto = c, .n = n, .e = e};
    *ret = k;
    return 0;
}

static int from_pkey(struct crypto *c, const EVP_PKEY *key, struct kex_rsa **ret)
{
    BIGNUM *n = NULL, *e = NULL;
    if (!EVP_PKEY_is_a(key, "RSA"))
        return -ERR_UNSUPPORTED;
    if (!EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) ||
        !EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e)) {
        BN_free(n);
        return crypto_fail(-ERR_SYNTAX);
    }
    return make(c, n, e, ret);
}

int kex_rsa_from_spki(struct crypto *c, struct str der, struct kex_rsa **ret)
{
    const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
    if (der.n == 0 || der.n > 8 * KEX_RSA_SIZE_MAX)
        return -ERR_SYNTAX;
    EVP_PKEY *key = d2i_PUBKEY_ex(NULL, &p, (long)der.n, crypto_lib(c), NULL);
    if (!key)
        return crypto_fail(-ERR_SYNTAX);
    int err = p == end ? from_pkey(c, key, ret) : -ERR_SYNTAX;
    EVP_PKEY_free(key);
    return err;
}

int kex_rsa_from_numbers(struct crypto *c, struct str modulus, struct str exponent,
                         struct kex_rsa **ret)
{
    if (modulus.n > 2 * KEX_RSA_SIZE_MAX || exponent.n > 2 * KEX_RSA_SIZE_MAX)
        return -ERR_RANGE;
    return make(c, BN_bin2bn((const unsigned char *)modulus.p, (int)modulus.n, NULL),
                BN_bin2bn((const unsigned char *)exponent.p, (int)exponent.n, NULL), ret);
}

size_t kex_rsa_size(const struct kex_rsa *k)
{
    return (size_t)BN_num_bytes(k->n);
}

/* m becomes its power. */
static int power(const struct kex_rsa *k, BIGNUM *m, struct buf *out)
{
    int err = buf_reserve(out, kex_rsa_size(k));
    if (err)
        return err;
    if (BN_cmp(m, k->n) >= 0)
        return -ERR_RANGE;
    BN_CTX *ctx = BN_CTX_new_ex(crypto_lib(k->crypto));
    unsigned char *end = (unsigned char *)buf_end(out);
    bool ok =
        ctx && BN_mod_exp(m, m, k->e, k->n, ctx) && BN_bn2binpad(m, end, (int)kex_rsa_size(k)) > 0;
    BN_CTX_free(ctx);
    if (!ok)
        return crypto_fail(-ERR_INTERNAL);
    buf_added(out, kex_rsa_size(k));
    return 0;
}

int kex_rsa_encrypt_raw(const struct kex_rsa *k, struct str block, struct buf *out)
{
    if (block.n != kex_rsa_size(k))
        return -ERR_RANGE;
    BIGNUM *m = BN_bin2bn((const unsigned char *)block.p, (int)block.n, NULL);
    int err = m ? power(k, m, out) : -ERR_NOMEM;
    BN_free(m);
    return err ? crypto_fail(err) : 0;
}

int kex_rsa_encrypt_pkcs1(const struct kex_rsa *k, struct str message, struct buf *out)
{
    unsigned char block[KEX_RSA_SIZE_MAX];
    size_t size = kex_rsa_size(k);
    if (message.n > size - 11)
        return -ERR_RANGE;
    size_t zero = size - message.n - 1;
    int err = crypto_random(k->crypto, block, zero);
    if (err)
        return err;
    block[0] = 0;
    block[1] = 2;
    for (size_t i = 2; i < zero; i++)
        if (block[i] == 0)
            block[i] = 1 + (unsigned char)(i % 255);
    block[zero] = 0;
    if (message.n)
        memcpy(block + zero + 1, message.p, message.n);
    return kex_rsa_encrypt_raw(k, crypto_str(block, size), out);
}
