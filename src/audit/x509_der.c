/* See x509_der.h. OpenSSL's error queue is emptied where hostile bytes may have filled it. */
#include "audit/x509_der.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

X509 *x509_der_read(struct str der)
{
    if (der.n == 0 || der.n > X509_DER_MAX)
        return NULL;
    const unsigned char *p = (const unsigned char *)der.p, *end = p + der.n;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    ERR_clear_error();
    if (x && p != end) {
        X509_free(x);
        return NULL;
    }
    return x;
}

struct str x509_der_str(const ASN1_STRING *s)
{
    if (!s || ASN1_STRING_length(s) <= 0)
        return STR_NONE;
    return str_of((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* At most X509_TEXT_MAX bytes, not ending inside of a character. */
static struct str cut(struct str s)
{
    if (s.n <= X509_TEXT_MAX)
        return s;
    size_t n = X509_TEXT_MAX;
    while (n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return str_sub(s, 0, n);
}

static int keep(struct arena *a, struct str s, struct str *ret)
{
    struct str copy = arena_str(a, cut(s));
    if (!copy.p)
        return -ERR_NOMEM;
    *ret = copy;
    return 0;
}

int x509_der_name(struct arena *a, const X509_NAME *name, struct str *ret)
{
    /* With RFC 4514 nothing but control characters and its own separators is escaped. */
    const unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *b = BIO_new(BIO_s_mem());
    if (!b)
        return -ERR_NOMEM;
    char *p = NULL;
    struct str text = STR("(unreadable)");
    if (X509_NAME_print_ex(b, name, 0, flags) >= 0) {
        long n = BIO_get_mem_data(b, &p);
        text = n > 0 ? str_of(p, (size_t)n) : STR("");
    }
    int err = keep(a, str_is_utf8(text) ? text : STR("(unreadable)"), ret);
    BIO_free(b);
    ERR_clear_error();
    return err;
}

static int last_entry(const X509_NAME *name, int nid)
{
    int at = -1;
    for (int next; (next = X509_NAME_get_index_by_NID(name, nid, at)) >= 0;)
        at = next;
    return at;
}

int x509_der_attribute(struct arena *a, const X509_NAME *name, int nid, struct str *ret)
{
    int at = last_entry(name, nid);
    unsigned char *utf8 = NULL;
    int n = at < 0 ? 0
                   : ASN1_STRING_to_UTF8(&utf8,
                                         X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    for (int i = 0; i < n; i++)
        if (utf8[i] < 0x20 || utf8[i] == 0x7f)
            utf8[i] = '?';
    struct str text = n > 0 ? str_of((const char *)utf8, (size_t)n) : STR("");
    int err = keep(a, str_is_utf8(text) ? text : STR("(unreadable)"), ret);
    OPENSSL_free(utf8);
    ERR_clear_error();
    return err;
}

void x509_der_sha256(struct str s, unsigned char ret[32])
{
    if (!EVP_Digest(s.p ? s.p : "", s.n, ret, NULL, EVP_sha256(), NULL))
        memset(ret, 0, 32);
}

int x509_der_spki_sha256(const X509 *x, unsigned char ret[32])
{
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
    if (n > 0)
        x509_der_sha256(str_of((const char *)der, (size_t)n), ret);
    OPENSSL_free(der);
    return n > 0 ? 0 : -ERR_CERT_SYNTAX;
}

int64_t x509_der_seconds(const ASN1_TIME *t)
{
    struct tm tm;
    return t && ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : INT64_MIN;
}

bool x509_der_signed_by(X509 *x, X509 *issuer)
{
    if (X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(issuer)))
        return false;
    const ASN1_OCTET_STRING *aki = X509_get0_authority_key_id(x);
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(issuer);
    if (aki && ski && ASN1_OCTET_STRING_cmp(aki, ski))
        return false;
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    bool ok = key && X509_verify(x, key) == 1;
    ERR_clear_error();
    return ok;
}
