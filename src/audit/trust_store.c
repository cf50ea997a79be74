/* See trust_store.h. 140 roots are decoded in some milliseconds; the keys are decoded when a path
 * first needs them. */
#include "audit/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

static int add(struct trust_store *s, const unsigned char *der, long n)
{
    X509 *x = d2i_X509(NULL, &der, n);
    if (!x) {
        s->bad++;
        return 0;
    }
    if (s->n == TRUST_STORE_MAX) {
        X509_free(x);
        return -ERR_LIMIT;
    }
    bool ok = X509_STORE_add_cert(s->roots, x) && sk_X509_push(s->all, x) > 0;
    if (!ok)
        X509_free(x);
    s->n += ok;
    return ok ? 0 : -ERR_NOMEM;
}

static int load(struct trust_store *s, BIO *bio)
{
    int err = 0;
    for (size_t before = SIZE_MAX, left; !err && (left = BIO_ctrl_pending(bio)) < before;
         before = left) {
        char *name = NULL, *header = NULL;
        unsigned char *der = NULL;
        long n = 0;
        if (!PEM_read_bio(bio, &name, &header, &der, &n)) {
            if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
                break;
            s->bad++; /* damaged: go on behind it */
            ERR_clear_error();
            continue;
        }
        if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
            err = add(s, der, n);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    return err ? err : s->n ? 0 : -ERR_CERT_SYNTAX;
}

int trust_store_new(const char *name, struct str pem, bool public_roots, struct trust_store **ret)
{
    if (pem.n == 0 || pem.n > INT32_MAX)
        return -ERR_CERT_SYNTAX;
    struct trust_store *s = calloc(1, sizeof *s);
    if (!s)
        return -ERR_NOMEM;
    s->name = str_dup(str_c(name));
    s->public_roots = public_roots;
    s->roots = X509_STORE_new();
    s->all = sk_X509_new_null();
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    int err = s->name && s->roots && s->all && bio ? load(s, bio) : -ERR_NOMEM;
    BIO_free(bio);
    ERR_clear_error();
    if (err) {
        trust_store_free(s);
        return err;
    }
    *ret = s;
    return 0;
}

void trust_store_free(struct trust_store *s)
{
    if (!s)
        return;
    X509_STORE_free(s->roots);
    sk_X509_pop_free(s->all, X509_free);
    free(s->name);
    free(s);
}
