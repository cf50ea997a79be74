/* CertificateVerify; see verify13.h. */
#include "audit/verify13.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* RFC 8446 4.2.3, RFC 8734. TLS 1.3 ties each ECDSA algorithm to one curve, and knows no PKCS #1
 * v1.5 in this message. digest NULL: the algorithm has its own. */
static const struct row {
    uint16_t sigalg;
    const char *key, *digest, *curve;
    bool pss;
} rows[] = {
    {0x0403, "EC", "SHA256", "prime256v1", false},
    {0x0503, "EC", "SHA384", "secp384r1", false},
    {0x0603, "EC", "SHA512", "secp521r1", false},
    {0x0804, "RSA", "SHA256", NULL, true},
    {0x0805, "RSA", "SHA384", NULL, true},
    {0x0806, "RSA", "SHA512", NULL, true},
    {0x0807, "ED25519", NULL, NULL, false},
    {0x0808, "ED448", NULL, NULL, false},
    {0x0809, "RSA-PSS", "SHA256", NULL, true},
    {0x080a, "RSA-PSS", "SHA384", NULL, true},
    {0x080b, "RSA-PSS", "SHA512", NULL, true},
    {0x081a, "EC", "SHA256", "brainpoolP256r1", false},
    {0x081b, "EC", "SHA384", "brainpoolP384r1", false},
    {0x081c, "EC", "SHA512", "brainpoolP512r1", false},
    {0x0904, "ML-DSA-44", NULL, NULL, false},
    {0x0905, "ML-DSA-65", NULL, NULL, false},
    {0x0906, "ML-DSA-87", NULL, NULL, false},
};

enum { CONTEXT = 34 }; /* bytes, with its zero */

static size_t content_of(const char context[CONTEXT], struct str transcript_hash, unsigned char *ret)
{
    size_t n = transcript_hash.n < CRYPTO_MD_MAX ? transcript_hash.n : CRYPTO_MD_MAX;
    memset(ret, ' ', 64);
    memcpy(ret + 64, context, CONTEXT);
    if (n)
        memcpy(ret + 64 + CONTEXT, transcript_hash.p, n);
    return 64 + CONTEXT + n;
}

size_t verify13_content(struct str transcript_hash, unsigned char ret[VERIFY13_CONTENT_MAX])
{
    return content_of("TLS 1.3, server CertificateVerify", transcript_hash, ret);
}

size_t verify13_client_content(struct str transcript_hash, unsigned char ret[VERIFY13_CONTENT_MAX])
{
    return content_of("TLS 1.3, client CertificateVerify", transcript_hash, ret);
}

static const struct row *find(uint16_t sigalg)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].sigalg == sigalg)
            return &rows[i];
    return NULL;
}

static bool fits(const struct row *row, EVP_PKEY *key)
{
    char curve[64];
    size_t n;
    if (!EVP_PKEY_is_a(key, row->key))
        return false;
    return !row->curve || (EVP_PKEY_get_group_name(key, curve, sizeof curve, &n) > 0 &&
                           strcmp(curve, row->curve) == 0);
}

static enum verify13 check(struct crypto *c, const struct row *row, EVP_PKEY *key,
                           struct str content, struct str signature)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey = NULL;
    bool ready =
        ctx && EVP_DigestVerifyInit_ex(ctx, &pkey, row->digest, crypto_lib(c), NULL, key, NULL) > 0;
    if (ready && row->pss)
        ready = EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) > 0;
    bool valid = ready && EVP_DigestVerify(ctx, (const unsigned char *)signature.p, signature.n,
                                           (const unsigned char *)content.p, content.n) == 1;
    EVP_MD_CTX_free(ctx);
    return !ready ? VERIFY13_UNKNOWN : valid ? VERIFY13_VALID : VERIFY13_INVALID;
}

enum verify13 verify13_server(struct crypto *c, struct str leaf, uint16_t sigalg,
                              struct str transcript_hash, struct str signature)
{
    unsigned char content[VERIFY13_CONTENT_MAX];
    const unsigned char *p = (const unsigned char *)leaf.p;
    const struct row *row = find(sigalg);
    X509 *cert = X509_new_ex(crypto_lib(c), NULL);
    enum verify13 ret = VERIFY13_UNKNOWN;
    /* A failure leaves `cert` NULL or ours to free, as the place of the failure has it. */
    bool read = cert && leaf.n && leaf.n <= INT32_MAX && d2i_X509(&cert, &p, (long)leaf.n);
    EVP_PKEY *key = read ? X509_get0_pubkey(cert) : NULL;
    if (key && row)
        ret =
            !fits(row, key)
                ? VERIFY13_INVALID
                : check(c, row, key,
                        crypto_str(content, verify13_content(transcript_hash, content)), signature);
    X509_free(cert);
    crypto_fail(0);
    return ret;
}
