/* Certificates for tests, made on the spot. */
#ifndef TESTS_PKI_H
#define TESTS_PKI_H

#include "base/buf.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW ((int64_t)1790000000)
#define DAYS 86400

struct pki_spec {
    const char *cn;
    const char *san; /* OpenSSL's syntax: "DNS:a,IP:1.2.3.4"; NULL: none */
    int64_t from, until;
    bool ca, sha1;
    const char *aia, *eku;
    const char *constraints, *usage, *feature; /* basicConstraints, keyUsage, tlsfeature */
};

static inline EVP_PKEY *pki_key(const char *kind)
{
    if (strcmp(kind, "rsa1024") == 0)
        return EVP_RSA_gen(1024);
    if (strcmp(kind, "rsa") == 0)
        return EVP_RSA_gen(2048);
    if (strcmp(kind, "ed25519") == 0)
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    return EVP_EC_gen(kind);
}

static inline void pki_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
    assert_non_null(e);
    assert_true(X509_add_ext(x, e, -1));
    X509_EXTENSION_free(e);
}

/* issuer NULL: self-signed */
static inline X509 *pki_cert(const struct pki_spec *s, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
    static long serial = 1;
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(s->from ? s->from : NOW - DAYS));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(s->until ? s->until : NOW + 90 * DAYS));
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)s->cn, -1, -1, 0);
    X509 *by = issuer ? issuer : x;
    X509_set_issuer_name(x, X509_get_subject_name(by));
    if (s->ca)
        pki_ext(x, by, NID_basic_constraints, "critical,CA:TRUE");
    if (s->constraints)
        pki_ext(x, by, NID_basic_constraints, s->constraints);
    if (s->usage)
        pki_ext(x, by, NID_key_usage, s->usage);
    if (s->feature)
        pki_ext(x, by, NID_tlsfeature, s->feature);
    if (s->san)
        pki_ext(x, by, NID_subject_alt_name, s->san);
    if (s->aia)
        pki_ext(x, by, NID_info_access, s->aia);
    if (s->eku)
        pki_ext(x, by, NID_ext_key_usage, s->eku);
    EVP_PKEY *sk = issuer ? issuer_key : key;
    const EVP_MD *md = EVP_PKEY_is_a(sk, "ED25519") ? NULL : s->sha1 ? EVP_sha1() : EVP_sha256();
    assert_true(X509_sign(x, sk, md) > 0);
    return x;
}

static inline void pki_pem(struct buf *out, X509 *x)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    PEM_write_bio_X509(b, x);
    long n = BIO_get_mem_data(b, &p);
    buf_add(out, str_of(p, (size_t)n));
    BIO_free(b);
}

/* A file holding s; close it. */
static inline int pki_file(struct str s)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, s.p, s.n), (ssize_t)s.n);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static inline int pki_key_file(EVP_PKEY *key)
{
    BIO *b = BIO_new(BIO_s_mem());
    char *p;
    PEM_write_bio_PKCS8PrivateKey(b, key, NULL, NULL, 0, NULL, NULL);
    long n = BIO_get_mem_data(b, &p);
    int fd = pki_file(str_of(p, (size_t)n));
    BIO_free(b);
    return fd;
}

#endif
