/* libcrypto, held ready; see crypto.h.
 *
 * Not OpenSSL's default library context: neither openssl.cnf of the system nor a FIPS setting may
 * change what the auditor can speak. A fetch costs more than a small hash, so it is done once. */
#include "audit/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdlib.h>

struct fetched {
    const char *name;
    EVP_CIPHER *cipher; /* NULL: not there */
};

struct crypto {
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *common, *legacy; /* legacy may be NULL */
    EVP_MD_CTX *hash;               /* scratch of one call */
    EVP_MD *mds[CRYPTO_MDS];
    struct fetched ciphers[CRYPTO_CIPHERS_MAX];
    size_t nciphers;
};

static const struct {
    const char *name;
    size_t size, block;
} digests[CRYPTO_MDS] = {
    [CRYPTO_MD5] = {"MD5", 16, 64},        [CRYPTO_SHA1] = {"SHA1", 20, 64},
    [CRYPTO_SHA256] = {"SHA256", 32, 64},  [CRYPTO_SHA384] = {"SHA384", 48, 128},
    [CRYPTO_SHA512] = {"SHA512", 64, 128}, [CRYPTO_SM3] = {"SM3", 32, 64},
};

int crypto_fail(int err)
{
    ERR_clear_error();
    return err;
}

struct crypto *crypto_new(void)
{
    struct crypto *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->lib = OSSL_LIB_CTX_new();
    c->common = c->lib ? OSSL_PROVIDER_load(c->lib, "default") : NULL;
    c->legacy = c->common ? OSSL_PROVIDER_load(c->lib, "legacy") : NULL;
    c->hash = EVP_MD_CTX_new();
    for (int i = 0; c->common && i < CRYPTO_MDS; i++)
        c->mds[i] = EVP_MD_fetch(c->lib, digests[i].name, NULL);
    crypto_fail(0);
    if (c->common && c->hash)
        return c;
    crypto_free(c);
    return NULL;
}

void crypto_free(struct crypto *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->nciphers; i++)
        EVP_CIPHER_free(c->ciphers[i].cipher);
    for (int i = 0; i < CRYPTO_MDS; i++)
        EVP_MD_free(c->mds[i]);
    EVP_MD_CTX_free(c->hash);
    if (c->legacy)
        OSSL_PROVIDER_unload(c->legacy);
    if (c->common)
        OSSL_PROVIDER_unload(c->common);
    OSSL_LIB_CTX_free(c->lib);
    free(c);
}

OSSL_LIB_CTX *crypto_lib(struct crypto *c)
{
    return c->lib;
}

EVP_MD *crypto_md(struct crypto *c, enum crypto_md md)
{
    return (unsigned)md < CRYPTO_MDS ? c->mds[md] : NULL;
}

size_t crypto_md_size(enum crypto_md md)
{
    return (unsigned)md < CRYPTO_MDS ? digests[md].size : 0;
}

EVP_CIPHER *crypto_cipher(struct crypto *c, const char *name)
{
    for (size_t i = 0; i < c->nciphers; i++)
        if (strcmp(c->ciphers[i].name, name) == 0)
            return c->ciphers[i].cipher;
    if (c->nciphers == CRYPTO_CIPHERS_MAX)
        return NULL;
    struct fetched *f = &c->ciphers[c->nciphers++];
    f->name = name;
    f->cipher = EVP_CIPHER_fetch(c->lib, name, NULL);
    if (!f->cipher)
        crypto_fail(0);
    return f->cipher;
}

int crypto_random(struct crypto *c, void *ret, size_t n)
{
    return RAND_bytes_ex(c->lib, ret, n, 0) == 1 ? 0 : crypto_fail(-ERR_INTERNAL);
}

/* One digest over `pad` (may be empty) and the parts. */
static bool digest(struct crypto *c, enum crypto_md md, struct str pad, const struct str *parts,
                   size_t n, unsigned char *ret)
{
    bool ok =
        EVP_DigestInit_ex2(c->hash, c->mds[md], NULL) && EVP_DigestUpdate(c->hash, pad.p, pad.n);
    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestUpdate(c->hash, parts[i].p, parts[i].n);
    return ok && EVP_DigestFinal_ex(c->hash, ret, NULL);
}

int crypto_hash(struct crypto *c, enum crypto_md md, const struct str *parts, size_t n,
                unsigned char *ret)
{
    if (!crypto_md(c, md))
        return -ERR_UNSUPPORTED;
    return digest(c, md, STR_NONE, parts, n, ret) ? 0 : crypto_fail(-ERR_INTERNAL);
}

int crypto_hmac(struct crypto *c, enum crypto_md md, struct str key, const struct str *parts,
                size_t n, unsigned char *ret)
{
    unsigned char pad[CRYPTO_MD_BLOCK_MAX], hashed[CRYPTO_MD_MAX];
    if (!crypto_md(c, md))
        return -ERR_UNSUPPORTED;
    size_t block = digests[md].block;
    if (key.n > block) {
        if (!digest(c, md, STR_NONE, &key, 1, hashed))
            return crypto_fail(-ERR_INTERNAL);
        key = crypto_str(hashed, digests[md].size);
    }
    memset(pad, 0x36, block);
    for (size_t i = 0; i < key.n; i++)
        pad[i] ^= (unsigned char)key.p[i];
    bool ok = digest(c, md, crypto_str(pad, block), parts, n, hashed);
    for (size_t i = 0; i < block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    struct str inner = crypto_str(hashed, digests[md].size);
    ok = ok && digest(c, md, crypto_str(pad, block), &inner, 1, ret);
    return ok ? 0 : crypto_fail(-ERR_INTERNAL);
}
