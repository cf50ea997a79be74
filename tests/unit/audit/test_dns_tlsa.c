/* TLSA records against a chain made here: root, intermediate, leaf. */
#include "audit/dns_tlsa.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>

enum { LEAF, MIDDLE, ROOT, STRANGER, CERTS };

static EVP_PKEY *keys[CERTS];
static X509 *certs[CERTS];
static struct str der[CERTS], spki[CERTS];

static void make(int i, const char *name, int issuer)
{
    X509 *x = X509_new();
    keys[i] = EVP_EC_gen("P-256");
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), i + 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer == i ? x : certs[issuer]));
    X509_set_pubkey(x, keys[i]);
    assert_true(X509_sign(x, keys[issuer], EVP_sha256()) > 0);
    certs[i] = x;
    unsigned char *p = NULL;
    int n = i2d_X509(x, &p);
    der[i] = str_of((char *)p, (size_t)n);
    p = NULL;
    n = i2d_PUBKEY(keys[i], &p);
    spki[i] = str_of((char *)p, (size_t)n);
}

static int setup(void **state)
{
    make(ROOT, "root", ROOT);
    make(MIDDLE, "middle", ROOT);
    make(LEAF, "leaf", MIDDLE);
    make(STRANGER, "root", STRANGER); /* of the root's name, with another key */
    return 0;
}

static int teardown(void **state)
{
    for (int i = 0; i < CERTS; i++) {
        EVP_PKEY_free(keys[i]);
        X509_free(certs[i]);
        OPENSSL_free((void *)der[i].p);
        OPENSSL_free((void *)spki[i].p);
    }
    return 0;
}

static unsigned char digests[8][64];
static size_t digests_n;

static struct dnsrr_tlsa record(unsigned usage, unsigned selector, unsigned matching, int cert)
{
    struct str what = selector ? spki[cert] : der[cert];
    if (matching) {
        unsigned char *out = digests[digests_n++ % 8];
        unsigned n;
        EVP_Digest(what.p, what.n, out, &n, matching == 1 ? EVP_sha256() : EVP_sha512(), NULL);
        what = str_of((char *)out, n);
    }
    return (struct dnsrr_tlsa){(uint8_t)usage, (uint8_t)selector, (uint8_t)matching, what};
}

static struct dns_tlsa_result judge(struct dnsrr_tlsa *records, size_t n, bool secure)
{
    struct dns_facts f = {
        .tlsa = {.records = records, .n = n, .set = {.state = DNS_FOUND, .secure = secure}}};
    struct str chain[] = {der[LEAF], der[MIDDLE], der[ROOT]};
    struct dns_tlsa_result got;
    assert_int_equal(dns_tlsa_judge(&f, chain, 3, &got), 0);
    return got;
}

/* Each usage, selector and matching type: with its own certificate, and with a wrong one. */
static void test_all_kinds(void **state)
{
    for (unsigned k = 0; k < 4 * 2 * 3; k++) {
        unsigned usage = k / 6, selector = k / 3 % 2, matching = k % 3;
        bool leaf = usage & 1;
        struct dnsrr_tlsa r = record(usage, selector, matching, leaf ? LEAF : MIDDLE);
        struct dns_tlsa_result got = judge(&r, 1, true);
        assert_int_equal(got.verdict, DNS_TLSA_MATCH);
        assert_int_equal(got.needs_pkix, usage < 2);
        assert_int_equal(got.certificate, leaf ? 0 : 1);
        r = record(usage, selector, matching, leaf ? MIDDLE : LEAF);
        assert_int_equal(judge(&r, 1, true).verdict, DNS_TLSA_MISMATCH);
        r = record(usage, selector, matching, STRANGER);
        assert_int_equal(judge(&r, 1, true).verdict, DNS_TLSA_MISMATCH);
    }
}

static void test_root_and_choice(void **state)
{
    struct dnsrr_tlsa r[] = {record(3, 1, 1, STRANGER), record(1, 1, 1, LEAF),
                             record(2, 0, 1, ROOT), record(3, 1, 1, LEAF)};
    struct dns_tlsa_result got = judge(r, 4, true);
    assert_int_equal(got.verdict, DNS_TLSA_MATCH);
    assert_int_equal(got.usable, 4);
    assert_int_equal(got.record, 2); /* the first that needs no authority */
    assert_int_equal(got.certificate, 2);
    assert_false(got.needs_pkix);
}

static void test_without_dnssec(void **state)
{
    struct dnsrr_tlsa r = record(3, 1, 1, LEAF);
    struct dns_tlsa_result got = judge(&r, 1, false);
    assert_int_equal(got.verdict, DNS_TLSA_INSECURE);
    assert_true(got.would_match);
    r = record(3, 1, 1, ROOT);
    assert_false(judge(&r, 1, false).would_match);
}

static void test_unusable(void **state)
{
    struct dnsrr_tlsa good = record(3, 1, 1, LEAF);
    struct dnsrr_tlsa r[] = {good, good, good, good};
    r[0].usage = 4;
    r[1].selector = 2;
    r[2].matching = 3;
    r[3].data.n--;
    assert_int_equal(judge(r, 4, true).verdict, DNS_TLSA_UNUSABLE);
    r[1] = good;
    struct dns_tlsa_result got = judge(r, 4, true);
    assert_int_equal(got.verdict, DNS_TLSA_MATCH);
    assert_int_equal(got.usable, 1);
}

/* Anybody can send the anchor's certificate along: signatures must lead to it. */
static void test_broken_path(void **state)
{
    struct dnsrr_tlsa r = record(2, 0, 1, STRANGER);
    struct dns_facts f = {
        .tlsa = {.records = &r, .n = 1, .set = {.state = DNS_FOUND, .secure = true}}};
    struct str chain[] = {der[LEAF], der[MIDDLE], der[STRANGER]};
    struct dns_tlsa_result got;
    assert_int_equal(dns_tlsa_judge(&f, chain, 3, &got), 0);
    assert_int_equal(got.verdict, DNS_TLSA_MISMATCH);
    chain[2] = STR("garbage");
    assert_int_equal(dns_tlsa_judge(&f, chain, 3, &got), 0);
    assert_int_equal(got.verdict, DNS_TLSA_MISMATCH);
    chain[0] = STR("garbage");
    got.verdict = DNS_TLSA_NONE;
    assert_int_equal(dns_tlsa_judge(&f, chain, 3, &got), -ERR_CERT_SYNTAX);
    assert_int_equal(dns_tlsa_judge(&f, chain, 0, &got), -ERR_INVAL);
    assert_int_equal(got.verdict, DNS_TLSA_NONE);
}

static void test_no_records(void **state)
{
    struct dns_facts f = {.tlsa = {.set = {.state = DNS_EMPTY}}};
    struct dns_tlsa_result got;
    assert_int_equal(dns_tlsa_judge(&f, NULL, 0, &got), 0);
    assert_int_equal(got.verdict, DNS_TLSA_NONE);
    f.tlsa.set.state = DNS_SERVFAIL;
    assert_int_equal(dns_tlsa_judge(&f, NULL, 0, &got), 0);
    assert_int_equal(got.verdict, DNS_TLSA_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),      cmocka_unit_test(test_root_and_choice),
        cmocka_unit_test(test_without_dnssec), cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_broken_path),    cmocka_unit_test(test_no_records),
    };
    return cmocka_run_group_tests_name("dns_tlsa", tests, setup, teardown);
}
