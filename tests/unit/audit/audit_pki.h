/* Certificates for the auditor's tests: pki.h's, as DER, with what only the auditor looks at. */
#ifndef TESTS_AUDIT_PKI_H
#define TESTS_AUDIT_PKI_H

#include "pki.h"

#include "audit/cert_parse.h"

#include <openssl/conf.h>
#include <openssl/x509v3.h>

/* Lives in the arena. */
static inline struct str der_of(struct arena *a, X509 *x)
{
    unsigned char *p = NULL;
    int n = i2d_X509(x, &p);
    assert_true(n > 0);
    struct str s = arena_str(a, str_of((const char *)p, (size_t)n));
    OPENSSL_free(p);
    assert_non_null(s.p);
    return s;
}

static inline void resign(X509 *x, EVP_PKEY *key, const EVP_MD *md)
{
    assert_true(X509_sign(x, key, md) > 0);
}

/* Extension as OpenSSL's configuration writes it, then signed anew. */
static inline void with_ext(X509 *x, X509 *issuer, EVP_PKEY *key, const char *oid, const char *value)
{
    X509V3_CTX c;
    X509V3_set_ctx(&c, issuer, x, NULL, NULL, 0);
    CONF *conf = NCONF_new(NULL);
    X509V3_set_nconf(&c, conf);
    X509_EXTENSION *e = X509V3_EXT_nconf(conf, &c, oid, value);
    NCONF_free(conf);
    assert_non_null(e);
    assert_true(X509_add_ext(x, e, -1));
    X509_EXTENSION_free(e);
    resign(x, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256());
}

static inline void assert_text(struct str s, const char *want)
{
    if (!str_eq(s, str_c(want)))
        print_error("\"%.*s\", not \"%s\"\n", STR_ARG(s), want ? want : "(nothing)");
    assert_true(str_eq(s, str_c(want)));
}

static inline struct cert_info info_of(struct arena *a, X509 *x)
{
    struct cert_info c;
    assert_int_equal(cert_parse(a, der_of(a, x), &c), 0);
    return c;
}

#endif
