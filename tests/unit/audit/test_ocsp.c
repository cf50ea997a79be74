/* What a stapled answer says, who signed it and whether he may. */
#include "audit_pki.h"

#include "audit/ocsp.h"

#include <openssl/ocsp.h>

struct world {
    struct arena a;
    EVP_PKEY *ca_key, *key, *responder_key;
    X509 *ca, *other_ca, *leaf, *sibling;
    X509 *responder, *no_eku, *old; /* of the CA; without the right; expired */
};

/* One answer as a responder makes it. */
struct answer {
    X509 *about, *signer;
    EVP_PKEY *signer_key;
    int status, reason;
    int64_t from, until; /* 0: none */
    bool without_certs;
    const EVP_MD *id_hash;
    struct str scts;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->a, 64 * 1024, 64 << 20);
    w->ca_key = pki_key("P-256");
    w->key = pki_key("P-256");
    w->responder_key = pki_key("P-256");
    struct pki_spec ca = {.cn = "CA", .ca = true}, leaf = {.cn = "a.example"},
                    responder = {.cn = "R", .eku = "OCSPSigning"}, no_eku = {.cn = "R"},
                    old = {.cn = "R", .eku = "OCSPSigning", .until = NOW - 1};
    w->ca = pki_cert(&ca, w->ca_key, NULL, NULL);
    w->other_ca = pki_cert(&ca, w->key, NULL, NULL);
    w->leaf = pki_cert(&leaf, w->key, w->ca, w->ca_key);
    w->sibling = pki_cert(&leaf, w->key, w->ca, w->ca_key);
    w->responder = pki_cert(&responder, w->responder_key, w->ca, w->ca_key);
    w->no_eku = pki_cert(&no_eku, w->responder_key, w->ca, w->ca_key);
    w->old = pki_cert(&old, w->responder_key, w->ca, w->ca_key);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    EVP_PKEY_free(w->ca_key);
    EVP_PKEY_free(w->key);
    EVP_PKEY_free(w->responder_key);
    X509_free(w->ca);
    X509_free(w->other_ca);
    X509_free(w->leaf);
    X509_free(w->sibling);
    X509_free(w->responder);
    X509_free(w->no_eku);
    X509_free(w->old);
    arena_done(&w->a);
    free(w);
    return 0;
}

static void add_scts(OCSP_SINGLERESP *single, struct str scts)
{
    ASN1_OCTET_STRING *inner = ASN1_OCTET_STRING_new(), *outer = ASN1_OCTET_STRING_new();
    unsigned char *der = NULL;
    ASN1_OCTET_STRING_set(inner, (const unsigned char *)scts.p, (int)scts.n);
    int n = i2d_ASN1_OCTET_STRING(inner, &der);
    ASN1_OCTET_STRING_set(outer, der, n);
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_ct_cert_scts, 0, outer);
    OCSP_SINGLERESP_add_ext(single, e, -1);
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(inner);
    ASN1_OCTET_STRING_free(outer);
    OPENSSL_free(der);
}

static struct str response(struct world *w, const struct answer *want)
{
    OCSP_BASICRESP *b = OCSP_BASICRESP_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(want->from ? want->from : NOW - DAYS));
    ASN1_TIME *until = want->until ? ASN1_TIME_set(NULL, (time_t)want->until) : NULL;
    ASN1_TIME *revoked = want->status == V_OCSP_CERTSTATUS_REVOKED ? ASN1_TIME_set(NULL, NOW - 5) : NULL;
    OCSP_CERTID *id = OCSP_cert_to_id(want->id_hash ? want->id_hash : EVP_sha1(), want->about, w->ca);
    OCSP_SINGLERESP *single =
        OCSP_basic_add1_status(b, id, want->status, want->reason, revoked, from, until);
    assert_non_null(single);
    if (want->scts.n)
        add_scts(single, want->scts);
    unsigned long flags = want->without_certs ? OCSP_NOCERTS : 0;
    assert_true(OCSP_basic_sign(b, want->signer, want->signer_key, EVP_sha256(), NULL, flags));
    OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, b);
    unsigned char *der = NULL;
    int n = i2d_OCSP_RESPONSE(r, &der);
    struct str s = arena_str(&w->a, str_of((const char *)der, (size_t)n));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(r);
    OCSP_BASICRESP_free(b);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    ASN1_TIME_free(revoked);
    return s;
}

static struct ocsp_facts look(struct world *w, struct str staple, X509 *issuer)
{
    struct ocsp_facts f;
    struct str by = issuer ? der_of(&w->a, issuer) : STR_NONE;
    assert_int_equal(ocsp_look(&w->a, staple, der_of(&w->a, w->leaf), by, NOW, &f), 0);
    return f;
}

static struct answer good(struct world *w)
{
    return (struct answer){.about = w->leaf, .signer = w->ca, .signer_key = w->ca_key,
                           .status = V_OCSP_CERTSTATUS_GOOD, .until = NOW + DAYS};
}

static void a_good_answer(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    a.scts = STR("\x01\x02\x03");
    struct ocsp_facts f = look(w, response(w, &a), w->ca);
    assert_true(f.answer == OCSP_GOOD && f.signer == OCSP_SIGNER_ISSUER && f.signature_good);
    assert_true(!f.stale && !f.early && f.this_update == NOW - DAYS && f.next_update == NOW + DAYS);
    assert_true(f.revoked_at == 0 && f.reason == -1 && f.singles == 1 && !f.issuer_unknown);
    assert_true(str_eq(f.scts, a.scts));
    a.without_certs = true;
    a.id_hash = EVP_sha256();
    a.scts = STR_NONE;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.answer == OCSP_GOOD && f.signature_good && f.scts.n == 0);
}

static void other_answers(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    a.status = V_OCSP_CERTSTATUS_REVOKED;
    a.reason = OCSP_REVOKED_STATUS_KEYCOMPROMISE;
    struct ocsp_facts f = look(w, response(w, &a), w->ca);
    assert_true(f.answer == OCSP_REVOKED && f.revoked_at == NOW - 5 && f.reason == 1 && f.signature_good);
    a = good(w);
    a.status = V_OCSP_CERTSTATUS_UNKNOWN;
    assert_int_equal(look(w, response(w, &a), w->ca).answer, OCSP_UNKNOWN);
    a = good(w);
    a.about = w->sibling;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.answer == OCSP_OTHER && f.signature_good);
}

static void times(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    a.until = NOW - 1;
    struct ocsp_facts f = look(w, response(w, &a), w->ca);
    assert_true(f.stale && !f.early && f.answer == OCSP_GOOD);
    a.from = NOW + 60;
    a.until = NOW + 120;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.early && !f.stale);
    a.from = a.until = 0;
    f = look(w, response(w, &a), w->ca);
    assert_true(!f.stale && f.next_update == 0);
}

static void who_may_sign(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    a.signer_key = w->responder_key;
    a.signer = w->responder;
    struct ocsp_facts f = look(w, response(w, &a), w->ca);
    assert_true(f.signer == OCSP_SIGNER_DELEGATED && f.signature_good);
    a.signer = w->no_eku;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.signer == OCSP_SIGNER_WRONG && !f.signature_good);
    a.signer = w->old;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.signer == OCSP_SIGNER_WRONG && !f.signature_good);
    struct pki_spec s = {.cn = "R", .eku = "OCSPSigning"};
    X509 *foreign = pki_cert(&s, w->responder_key, w->other_ca, w->key); /* same name, other key */
    a.signer = foreign;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.signer == OCSP_SIGNER_WRONG && !f.signature_good);
    X509_free(foreign);
    a.signer = w->responder;
    a.without_certs = true;
    f = look(w, response(w, &a), w->ca);
    assert_true(f.signer == OCSP_SIGNER_NONE && !f.signature_good);
}

static void a_changed_answer(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    a.without_certs = true; /* so that the signature stands at the end */
    struct str r = response(w, &a);
    ((char *)r.p)[r.n - 1] ^= 1;
    struct ocsp_facts f = look(w, r, w->ca);
    assert_true(f.answer == OCSP_GOOD && f.signer == OCSP_SIGNER_ISSUER && !f.signature_good);
}

static void without_the_issuer(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    struct ocsp_facts f = look(w, response(w, &a), NULL);
    assert_true(f.answer == OCSP_GOOD && f.issuer_unknown && !f.signature_good);
    assert_int_equal(f.signer, OCSP_SIGNER_NONE);
}

static void malformed(void **state)
{
    struct world *w = *state;
    struct answer a = good(w);
    struct str r = response(w, &a);
    assert_int_equal(look(w, STR_NONE, w->ca).answer, OCSP_NONE);
    assert_int_equal(look(w, STR("x"), w->ca).answer, OCSP_MALFORMED);
    for (size_t n = 1; n < r.n; n += 13)
        assert_int_equal(look(w, str_of(r.p, n), w->ca).answer, OCSP_MALFORMED);
    struct ocsp_facts f = look(w, STR("\x30\x03\x0a\x01\x03"), w->ca);
    assert_true(f.answer == OCSP_REFUSED && f.responder_status == OCSP_RESPONSE_STATUS_TRYLATER);
    assert_int_equal(look(w, STR("\x30\x03\x0a\x01\x03z"), w->ca).answer, OCSP_MALFORMED);
    assert_int_equal(look(w, STR("\x30\x03\x0a\x01\x00"), w->ca).answer, OCSP_MALFORMED);
    struct ocsp_facts g = {.singles = 77};
    assert_int_equal(ocsp_look(&w->a, r, STR("junk"), STR_NONE, NOW, &g), -ERR_CERT_SYNTAX);
    assert_int_equal(ocsp_look(&w->a, r, der_of(&w->a, w->leaf), STR("junk"), NOW, &g), -ERR_CERT_SYNTAX);
    assert_int_equal(g.singles, 77);
}

static void means(void **state)
{
    struct str uri = STR("http://x");
    struct cert_life_facts life = {0};
    struct cert_info c = {0};
    assert_int_equal(ocsp_means(&c, &life), OCSP_MEANS_NONE);
    life.short_lived = true;
    assert_int_equal(ocsp_means(&c, &life), OCSP_MEANS_SHORT_LIVED);
    c.crl = (struct cert_list){&uri, 1, 0};
    assert_int_equal(ocsp_means(&c, &life), OCSP_MEANS_CRL);
    c.ocsp = (struct cert_list){&uri, 1, 0};
    assert_int_equal(ocsp_means(&c, &life), OCSP_MEANS_OCSP);
}

static void must_staple(void **state)
{
    struct cert_info c = {.must_staple = true};
    struct ocsp_facts none = {0}, ok = {.answer = OCSP_GOOD, .signature_good = true}, f = ok;
    assert_true(ocsp_must_staple_broken(&c, &none));
    assert_false(ocsp_must_staple_broken(&c, &ok));
    f.stale = true;
    assert_true(ocsp_must_staple_broken(&c, &f));
    f = ok;
    f.signature_good = false;
    assert_true(ocsp_must_staple_broken(&c, &f));
    f.issuer_unknown = true; /* not known to be wrong */
    assert_false(ocsp_must_staple_broken(&c, &f));
    c.must_staple = false;
    assert_false(ocsp_must_staple_broken(&c, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer),    cmocka_unit_test(other_answers),
        cmocka_unit_test(times),            cmocka_unit_test(who_may_sign),
        cmocka_unit_test(a_changed_answer), cmocka_unit_test(without_the_issuer),
        cmocka_unit_test(malformed),        cmocka_unit_test(means),
        cmocka_unit_test(must_staple),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
