/* See ocsp.h.
 *
 * OpenSSL's own verification wants a trust store and knows one answer, yes or no. Who signed and
 * whether he may is told apart here, so OpenSSL only finds the signer and checks the signature. */
#include "audit/ocsp.h"

#include "audit/x509_der.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* One response under way. */
struct look {
    struct arena *a;
    X509 *cert, *issuer; /* issuer NULL: not known */
    OCSP_BASICRESP *basic;
    int64_t now;
    struct ocsp_facts *f;
};

static int64_t seconds(const ASN1_GENERALIZEDTIME *t)
{
    int64_t s = t ? x509_der_seconds(t) : 0;
    return s == INT64_MIN ? 0 : s;
}

/* ---- which answer ---- */

/* Without the issuer's certificate only the serial can be compared. */
static bool is_about(const struct look *l, OCSP_SINGLERESP *single)
{
    OCSP_CERTID *id = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *digest = NULL;
    ASN1_INTEGER *serial = NULL;
    if (!OCSP_id_get0_info(NULL, &digest, NULL, &serial, id) ||
        ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(l->cert)))
        return false;
    if (!l->issuer)
        return true;
    const EVP_MD *md = EVP_get_digestbyobj(digest);
    OCSP_CERTID *want = md ? OCSP_cert_to_id(md, l->cert, l->issuer) : NULL;
    bool same = want && OCSP_id_cmp(want, id) == 0;
    OCSP_CERTID_free(want);
    return same;
}

static OCSP_SINGLERESP *find_single(struct look *l)
{
    int n = OCSP_resp_count(l->basic);
    l->f->singles = n > 0 ? (size_t)n : 0;
    for (int i = 0; i < n && i < OCSP_SINGLES_MAX; i++)
        if (is_about(l, OCSP_resp_get0(l->basic, i)))
            return OCSP_resp_get0(l->basic, i);
    return NULL;
}

static int take_scts(struct look *l, OCSP_SINGLERESP *single)
{
    int at = OCSP_SINGLERESP_get_ext_by_NID(single, NID_ct_cert_scts, -1);
    if (at < 0)
        return 0;
    struct str v = x509_der_str(X509_EXTENSION_get_data(OCSP_SINGLERESP_get_ext(single, at)));
    const unsigned char *p = (const unsigned char *)v.p;
    ASN1_OCTET_STRING *inner = d2i_ASN1_OCTET_STRING(NULL, &p, (long)v.n);
    l->f->scts = inner ? arena_str(l->a, x509_der_str(inner)) : STR_NONE;
    bool full = inner && !l->f->scts.p;
    ASN1_OCTET_STRING_free(inner);
    return full ? -ERR_NOMEM : 0;
}

static int read_single(struct look *l, OCSP_SINGLERESP *single)
{
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *until = NULL;
    struct ocsp_facts *f = l->f;
    int reason = -1, status = OCSP_single_get0_status(single, &reason, &revoked, &from, &until);
    f->answer = status == V_OCSP_CERTSTATUS_GOOD      ? OCSP_GOOD
                : status == V_OCSP_CERTSTATUS_REVOKED ? OCSP_REVOKED
                                                      : OCSP_UNKNOWN;
    f->this_update = seconds(from);
    f->next_update = seconds(until);
    f->early = f->this_update > l->now;
    f->stale = f->next_update && f->next_update < l->now;
    f->revoked_at = status == V_OCSP_CERTSTATUS_REVOKED ? seconds(revoked) : 0;
    f->reason = status == V_OCSP_CERTSTATUS_REVOKED ? reason : -1;
    return take_scts(l, single);
}

/* ---- who signed ---- */

/* RFC 6960 4.2.2.2: the issuer himself, or one that he issued the right to, directly. */
static enum ocsp_signer right_of(struct look *l, X509 *signer)
{
    if (X509_cmp(signer, l->issuer) == 0)
        return OCSP_SIGNER_ISSUER;
    int64_t from = x509_der_seconds(X509_get0_notBefore(signer));
    int64_t until = x509_der_seconds(X509_get0_notAfter(signer));
    uint32_t use = X509_get_extended_key_usage(signer);
    bool may = use != UINT32_MAX && (use & XKU_OCSP_SIGN) && from <= l->now && l->now <= until;
    return may && x509_der_signed_by(signer, l->issuer) ? OCSP_SIGNER_DELEGATED : OCSP_SIGNER_WRONG;
}

static void check_signer(struct look *l)
{
    struct ocsp_facts *f = l->f;
    X509 *signer = NULL;
    STACK_OF(X509) *own = sk_X509_new_null();
    f->issuer_unknown = !l->issuer;
    if (own && l->issuer && sk_X509_push(own, l->issuer) > 0 &&
        OCSP_resp_get0_signer(l->basic, &signer, own) == 1) {
        f->signer = right_of(l, signer);
        /* NOVERIFY: the signature alone, no path; the right to sign was looked at above. */
        bool good = OCSP_basic_verify(l->basic, own, NULL, OCSP_NOVERIFY) == 1;
        f->signature_good = good && f->signer != OCSP_SIGNER_WRONG;
    }
    sk_X509_free(own);
    ERR_clear_error();
}

/* ---- all of it ---- */

static int look_basic(struct look *l)
{
    l->f->produced = seconds(OCSP_resp_get0_produced_at(l->basic));
    l->f->answer = OCSP_OTHER;
    OCSP_SINGLERESP *single = find_single(l);
    int err = single ? read_single(l, single) : 0;
    check_signer(l);
    return err;
}

static int look_response(struct look *l, struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    l->f->answer = OCSP_MALFORMED;
    OCSP_RESPONSE *r = der.n <= OCSP_FACTS_MAX ? d2i_OCSP_RESPONSE(NULL, &p, (long)der.n) : NULL;
    if (!r)
        return 0;
    int err = 0;
    l->f->responder_status = OCSP_response_status(r);
    if (p != (const unsigned char *)der.p + der.n)
        l->f->answer = OCSP_MALFORMED;
    else if (l->f->responder_status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        l->f->answer = OCSP_REFUSED;
    else if ((l->basic = OCSP_response_get1_basic(r)))
        err = look_basic(l);
    OCSP_BASICRESP_free(l->basic);
    OCSP_RESPONSE_free(r);
    return err;
}

int ocsp_look(struct arena *a, struct str response, struct str cert, struct str issuer, int64_t now,
              struct ocsp_facts *ret)
{
    struct ocsp_facts f = {.reason = -1};
    struct look l = {.a = a, .now = now, .f = &f};
    int err = 0;
    if (response.n) {
        l.cert = x509_der_read(cert);
        l.issuer = issuer.n ? x509_der_read(issuer) : NULL;
        bool readable = l.cert && (l.issuer || issuer.n == 0);
        err = readable ? look_response(&l, response) : -ERR_CERT_SYNTAX;
    }
    X509_free(l.cert);
    X509_free(l.issuer);
    ERR_clear_error();
    if (!err)
        *ret = f;
    return err;
}

enum ocsp_means ocsp_means(const struct cert_info *c, const struct cert_life_facts *life)
{
    if (c->ocsp.n)
        return OCSP_MEANS_OCSP;
    if (c->crl.n)
        return OCSP_MEANS_CRL;
    return life->short_lived ? OCSP_MEANS_SHORT_LIVED : OCSP_MEANS_NONE;
}

bool ocsp_must_staple_broken(const struct cert_info *c, const struct ocsp_facts *f)
{
    return c->must_staple && (f->answer != OCSP_GOOD || f->stale || f->early ||
                              (!f->signature_good && !f->issuer_unknown));
}
