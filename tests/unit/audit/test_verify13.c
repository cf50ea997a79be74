/* Signatures of CertificateVerify: each kind of key that the library can make, right, changed, and
 * under an algorithm of another key. */
#include "audit/verify13.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct crypto *crypto;

struct signer {
    EVP_PKEY *key;
    unsigned char *der;
    size_t der_n;
};

static struct signer make(EVP_PKEY *key, const EVP_MD *md)
{
    struct signer s = {.key = key};
    X509 *x = X509_new();
    assert_non_null(key);
    assert_true(x && X509_set_pubkey(x, key) && X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
                X509_gmtime_adj(X509_getm_notAfter(x), 60));
    assert_true(X509_sign(x, key, md) > 0);
    int n = i2d_X509(x, &s.der);
    assert_true(n > 0);
    s.der_n = (size_t)n;
    X509_free(x);
    return s;
}

static void drop(struct signer *s)
{
    EVP_PKEY_free(s->key);
    OPENSSL_free(s->der);
}

static size_t sign(const struct signer *s, const char *md, bool pss, struct str hash,
                   unsigned char *ret, size_t cap)
{
    unsigned char content[VERIFY13_CONTENT_MAX];
    size_t n = verify13_content(hash, content);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *p = NULL;
    assert_true(EVP_DigestSignInit_ex(ctx, &p, md, NULL, NULL, s->key, NULL) > 0);
    if (pss)
        assert_true(EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) > 0 &&
                    EVP_PKEY_CTX_set_rsa_pss_saltlen(p, RSA_PSS_SALTLEN_DIGEST) > 0);
    assert_true(EVP_DigestSign(ctx, ret, &cap, content, n) > 0);
    EVP_MD_CTX_free(ctx);
    return cap;
}

static enum verify13 ask(const struct signer *s, uint16_t sigalg, struct str hash, struct str sig)
{
    return verify13_server(crypto, crypto_str(s->der, s->der_n), sigalg, hash, sig);
}

static void content(void **state)
{
    unsigned char got[VERIFY13_CONTENT_MAX];
    assert_int_equal(verify13_content(STR("hash"), got), 64 + 34 + 4);
    assert_memory_equal(got + 60, "    TLS 1.3, server CertificateVerify\0hash", 42);
}

static void each_key(void **state)
{
    struct str hash = STR("0123456789abcdef0123456789abcdef");
    struct {
        struct signer s;
        uint16_t sigalg, other;
        const char *md;
        bool pss;
    } rows[] = {
        {make(EVP_EC_gen("P-256"), EVP_sha256()), 0x0403, 0x0503, "SHA256", false},
        {make(EVP_EC_gen("P-384"), EVP_sha384()), 0x0503, 0x0403, "SHA384", false},
        {make(EVP_RSA_gen(2048), EVP_sha256()), 0x0804, 0x0809, "SHA256", true},
        {make(EVP_RSA_gen(2048), EVP_sha256()), 0x0806, 0x0403, "SHA512", true},
        {make(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL), 0x0807, 0x0808, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char sig[512];
        size_t n = sign(&rows[i].s, rows[i].md, rows[i].pss, hash, sig, sizeof sig);
        assert_int_equal(ask(&rows[i].s, rows[i].sigalg, hash, crypto_str(sig, n)), VERIFY13_VALID);
        assert_int_equal(ask(&rows[i].s, rows[i].other, hash, crypto_str(sig, n)),
                         VERIFY13_INVALID);
        assert_int_equal(ask(&rows[i].s, 0x7777, hash, crypto_str(sig, n)), VERIFY13_UNKNOWN);
        assert_int_equal(ask(&rows[i].s, rows[i].sigalg, str_from(hash, 1), crypto_str(sig, n)),
                         VERIFY13_INVALID);
        assert_int_equal(ask(&rows[i].s, rows[i].sigalg, hash, crypto_str(sig, n - 1)),
                         VERIFY13_INVALID);
        assert_int_equal(ask(&rows[i].s, rows[i].sigalg, hash, STR_NONE), VERIFY13_INVALID);
        sig[n / 2] ^= 1;
        assert_int_equal(ask(&rows[i].s, rows[i].sigalg, hash, crypto_str(sig, n)),
                         VERIFY13_INVALID);
        drop(&rows[i].s);
    }
}

/* Cut anywhere, a certificate is no certificate, and nothing leaks. */
static void unreadable(void **state)
{
    struct signer s = make(EVP_EC_gen("P-256"), EVP_sha256());
    for (size_t n = 0; n < s.der_n; n++)
        assert_int_equal(
            verify13_server(crypto, crypto_str(s.der, n), 0x0403, STR("hash"), STR("sig")),
            VERIFY13_UNKNOWN);
    drop(&s);
}

static int setup(void **state)
{
    crypto = crypto_new();
    return crypto ? 0 : -1;
}

static int teardown(void **state)
{
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content),
        cmocka_unit_test(each_key),
        cmocka_unit_test(unreadable),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
