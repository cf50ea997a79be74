/* DANE; see dns_tlsa.h. */
#include "audit/dns_tlsa.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum { CHAIN_MAX = 16, WHOLE = 0, SPKI = 1, EXACT = 0, SHA256_OF = 1, SHA512_OF = 2 };

/* One certificate, as far as records can point at it. */
struct link {
    X509 *x; /* NULL: cannot be read, and nor can what is behind it be trusted */
    struct str der;
    unsigned char *spki; /* DER, OpenSSL's memory */
    size_t spki_n;
};

struct path {
    struct link links[CHAIN_MAX];
    size_t n; /* readable, and each signed by the next */
};

static void path_done(struct path *p)
{
    for (size_t i = 0; i < CHAIN_MAX; i++) {
        X509_free(p->links[i].x);
        OPENSSL_free(p->links[i].spki);
    }
}

static int read_link(struct link *l, struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    l->x = der.n > 0 && der.n < INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (!l->x || p != (const unsigned char *)der.p + der.n)
        return -ERR_CERT_SYNTAX;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(l->x), &l->spki);
    if (n <= 0)
        return -ERR_NOMEM;
    l->der = der;
    l->spki_n = (size_t)n;
    return 0;
}

static bool is_signed_by(const struct link *l, const struct link *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer->x);
    return key && X509_check_issued(issuer->x, l->x) == X509_V_OK && X509_verify(l->x, key) == 1;
}

/* As far as it holds together. */
static int read_path(struct path *p, const struct str *chain, size_t n)
{
    int err = n ? read_link(&p->links[0], chain[0]) : -ERR_INVAL;
    if (err)
        return err;
    for (p->n = 1; p->n < n && p->n < CHAIN_MAX; p->n++) {
        struct link *next = &p->links[p->n];
        err = read_link(next, chain[p->n]);
        if (err == -ERR_NOMEM)
            return err;
        if (err || !is_signed_by(&p->links[p->n - 1], next))
            return 0;
    }
    return 0;
}

static bool is_usable(const struct dnsrr_tlsa *r)
{
    size_t want = r->matching == SHA256_OF ? 32 : r->matching == SHA512_OF ? 64 : r->data.n;
    return r->usage <= DNS_DANE_EE && r->selector <= SPKI && r->matching <= SHA512_OF &&
           r->data.n == want;
}

static bool fits(const struct dnsrr_tlsa *r, const struct link *l)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_n = 0;
    struct str what = r->selector == WHOLE ? l->der : str_of((const char *)l->spki, l->spki_n);
    if (r->matching == EXACT)
        return str_eq(r->data, what);
    const EVP_MD *md = r->matching == SHA256_OF ? EVP_sha256() : EVP_sha512();
    return EVP_Digest(what.p, what.n, digest, &digest_n, md, NULL) == 1 &&
           str_eq(r->data, str_of((const char *)digest, digest_n));
}

/* RFC 6698 2.1.1: usage 1 and 3 name the leaf, 0 and 2 an authority above it. */
static bool match(const struct dnsrr_tlsa *r, const struct path *p, size_t *ret_certificate)
{
    bool leaf = r->usage == DNS_PKIX_EE || r->usage == DNS_DANE_EE;
    for (size_t i = leaf ? 0 : 1; i < (leaf ? 1 : p->n); i++)
        if (fits(r, &p->links[i])) {
            *ret_certificate = i;
            return true;
        }
    return false;
}

/* A match that needs no authority is the better one. */
static void judge_records(const struct dns_facts *f, const struct path *p,
                          struct dns_tlsa_result *res)
{
    for (size_t i = 0; i < f->tlsa.n; i++) {
        const struct dnsrr_tlsa *r = &f->tlsa.records[i];
        size_t certificate;
        if (!is_usable(r))
            continue;
        res->usable++;
        bool pkix = r->usage <= DNS_PKIX_EE;
        if ((res->would_match && (pkix || !res->needs_pkix)) || !match(r, p, &certificate))
            continue;
        res->would_match = true;
        res->needs_pkix = pkix;
        res->record = i;
        res->certificate = certificate;
    }
}

static enum dns_tlsa_verdict verdict_of(const struct dns_set *set,
                                        const struct dns_tlsa_result *res)
{
    if (!set->secure)
        return DNS_TLSA_INSECURE;
    if (res->usable == 0)
        return DNS_TLSA_UNUSABLE;
    return res->would_match ? DNS_TLSA_MATCH : DNS_TLSA_MISMATCH;
}

int dns_tlsa_judge(const struct dns_facts *f, const struct str *chain, size_t n,
                   struct dns_tlsa_result *ret)
{
    struct dns_tlsa_result res = {.verdict = DNS_TLSA_UNKNOWN};
    const struct dns_set *set = &f->tlsa.set;
    struct path p = {.n = 0};
    int err = 0;
    if (set->state == DNS_FOUND) {
        err = read_path(&p, chain, n);
        if (err == 0) {
            judge_records(f, &p, &res);
            res.verdict = verdict_of(set, &res);
        }
        path_done(&p);
    } else if (!dns_set_failed(set)) {
        res.verdict = DNS_TLSA_NONE;
    }
    if (err == 0)
        *ret = res;
    return err;
}
