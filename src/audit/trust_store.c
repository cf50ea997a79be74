/* See trust_store.h. */
#include "audit/trust_store.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

/* ---- loading ---- */

/* The next element of a DER sequence, header and all; false: there is none. */
static bool element(const unsigned char **p, const unsigned char *end, struct str *ret)
{
    const unsigned char *at = *p;
    long n;
    int tag, class;
    if (at >= end || ASN1_get_object(&at, &n, &tag, &class, end - at) & 0x80)
        return false;
    *ret = str_of((const char *)*p, (size_t)(at + n - *p));
    *p = at + n;
    return true;
}

static bool enter(const unsigned char **p, const unsigned char **end)
{
    long n;
    int tag, class;
    int form = ASN1_get_object(p, &n, &tag, &class, *end - *p);
    if (form & 0x80 || form != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE)
        return false;
    *end = *p + n;
    return true;
}

/* Certificate, TBSCertificate: [0] version, serial, algorithm, issuer, validity, subject (RFC 5280
 * 4.1). NULL: no certificate. */
static X509_NAME *subject_of(struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
    struct str e = STR_NONE;
    bool whole = enter(&p, &end) && end == (const unsigned char *)der.p + der.n && enter(&p, &end);
    if (!whole || !element(&p, end, &e))
        return NULL;
    int before = (unsigned char)e.p[0] == 0xa0 ? 5 : 4;
    for (int i = 0; i < before; i++)
        if (!element(&p, end, &e))
            return NULL;
    const unsigned char *name = (const unsigned char *)e.p;
    return d2i_X509_NAME(NULL, &name, (long)e.n);
}

static int grow(struct trust_store *s)
{
    size_t cap = s->cap ? 2 * s->cap : 256;
    struct trust_root *more = s->n < s->cap ? s->certs : realloc(s->certs, cap * sizeof *more);
    if (!more)
        return -ERR_NOMEM;
    s->cap = s->n < s->cap ? s->cap : cap;
    s->certs = more;
    return 0;
}

static int add(struct trust_store *s, const unsigned char *der, long n)
{
    struct str bytes = str_of((const char *)der, (size_t)n);
    X509_NAME *subject = subject_of(bytes);
    if (!subject) {
        s->bad++;
        return 0;
    }
    int err = s->n == TRUST_STORE_MAX ? -ERR_LIMIT : grow(s);
    struct str kept = err ? STR_NONE : arena_str(&s->arena, bytes);
    if (!kept.p) {
        X509_NAME_free(subject);
        return err ? err : -ERR_NOMEM;
    }
    s->certs[s->n++] = (struct trust_root){kept, subject, false};
    return 0;
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
    arena_init(&s->arena, 256 * 1024, 256u * 1024 * 1024);
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

/* ---- those that are needed ---- */

/* What does not decode is as good as not there. */
static int decode(const struct trust_store *s, struct trust_root *r)
{
    const unsigned char *p = (const unsigned char *)r->der.p;
    X509 *x = d2i_X509(NULL, &p, (long)r->der.n);
    r->decoded = true;
    if (!x)
        return 0;
    bool ok = X509_STORE_add_cert(s->roots, x) && sk_X509_push(s->all, x) > 0;
    if (!ok)
        X509_free(x);
    return ok ? 0 : -ERR_NOMEM;
}

static int decode_named(const struct trust_store *s, const X509_NAME *name)
{
    int err = 0;
    for (size_t i = 0; !err && i < s->n; i++)
        if (!s->certs[i].decoded && X509_NAME_cmp(s->certs[i].subject, name) == 0)
            err = decode(s, &s->certs[i]);
    return err;
}

/* Issuers of issuers: what is decoded joins the end of `all` and has its turn. */
int trust_store_ready(const struct trust_store *s, X509 *const *sent, size_t n)
{
    int err = 0;
    for (size_t i = 0; !err && i < n; i++)
        if (sent[i]) {
            err = decode_named(s, X509_get_subject_name(sent[i]));
            err = err ? err : decode_named(s, X509_get_issuer_name(sent[i]));
        }
    for (int i = 0; !err && i < sk_X509_num(s->all); i++)
        err = decode_named(s, X509_get_issuer_name(sk_X509_value(s->all, i)));
    ERR_clear_error();
    return err;
}

void trust_store_free(struct trust_store *s)
{
    if (!s)
        return;
    X509_STORE_free(s->roots);
    sk_X509_pop_free(s->all, X509_free);
    for (size_t i = 0; i < s->n; i++)
        X509_NAME_free(s->certs[i].subject);
    free(s->certs);
    arena_done(&s->arena);
    free(s->name);
    free(s);
}
