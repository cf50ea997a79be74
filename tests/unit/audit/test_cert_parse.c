/* Each fact of a certificate, and what is no certificate. */
#include "audit_pki.h"

#include <openssl/core_names.h>

struct world {
    struct arena a;
    EVP_PKEY *root_key, *key, *rsa;
    X509 *root;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->a, 64 * 1024, 64 << 20);
    w->root_key = pki_key("P-256");
    w->key = pki_key("P-384");
    w->rsa = pki_key("rsa");
    struct pki_spec root = {.cn = "Root", .constraints = "critical,CA:TRUE,pathlen:1",
                            .usage = "critical,keyCertSign,cRLSign"};
    w->root = pki_cert(&root, w->root_key, NULL, NULL);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    EVP_PKEY_free(w->root_key);
    EVP_PKEY_free(w->key);
    EVP_PKEY_free(w->rsa);
    X509_free(w->root);
    arena_done(&w->a);
    free(w);
    return 0;
}

static struct cert_info issued(struct world *w, const struct pki_spec *s, EVP_PKEY *key)
{
    X509 *x = pki_cert(s, key, w->root, w->root_key);
    struct cert_info c = info_of(&w->a, x);
    X509_free(x);
    return c;
}

static void leaf_facts(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "a.example", .san = "DNS:a.example,DNS:*.b.example,IP:192.0.2.1,IP:2001:db8::1,email:x@y.z",
        .eku = "serverAuth,clientAuth", .usage = "critical,digitalSignature", .feature = "status_request",
        .aia = "caIssuers;URI:http://ca.example/i.der,OCSP;URI:http://ocsp.example"};
    struct cert_info c = issued(w, &s, w->key);
    assert_text(c.subject, "CN=a.example");
    assert_text(c.subject_cn, "a.example");
    assert_text(c.issuer_cn, "Root");
    assert_text(c.subject_o, "");
    assert_int_equal(c.version, 3);
    assert_int_equal(c.dns.n, 2);
    assert_text(c.dns.v[1], "*.b.example");
    assert_int_equal(c.ip.n, 2);
    assert_int_equal(c.ip.v[0].n, 4);
    assert_int_equal(c.ip.v[1].n, 16);
    assert_int_equal(c.san_other, 1);
    assert_int_equal(c.not_before, NOW - DAYS);
    assert_int_equal(c.not_after, NOW + 90 * DAYS);
    assert_int_equal(c.key, CERT_KEY_EC);
    assert_int_equal(c.key_bits, 384);
    assert_text(c.curve, "secp384r1");
    assert_false(c.curve_explicit);
    assert_int_equal(c.sig_hash, CERT_HASH_SHA256);
    assert_text(c.sig_name, "ecdsa-with-SHA256");
    assert_true(c.has_eku && c.eku_server && c.eku_client && !c.eku_any && !c.eku_ocsp);
    assert_int_equal(c.eku.n, 2);
    assert_text(c.eku.v[0], "1.3.6.1.5.5.7.3.1");
    assert_int_equal(c.usage, CERT_USAGE_DIGITAL_SIGNATURE);
    assert_true(c.must_staple);
    assert_text(c.ca_issuers.v[0], "http://ca.example/i.der");
    assert_text(c.ocsp.v[0], "http://ocsp.example");
    assert_true(!c.ca && !c.has_basic && !c.self_signed && !c.self_issued && c.path_len == -1);
    assert_true(c.crl.n == 0 && !c.sig_mismatch && c.bad_extensions == 0 && !c.unknown_critical);
}

static void plain_leaf_claims_nothing(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "b"};
    struct cert_info c = issued(w, &s, w->rsa);
    assert_true(!c.has_san && !c.has_eku && !c.has_usage && !c.must_staple && !c.name_constraints);
    assert_int_equal(c.key, CERT_KEY_RSA);
    assert_int_equal(c.key_bits, 2048);
    assert_int_equal(c.rsa_n.n, 256);
    assert_int_equal(c.rsa_e, 65537);
    assert_int_equal(c.validation, CERT_VALIDATION_UNKNOWN);
    assert_int_equal(c.scts.n, 0);
}

static void root_facts(void **state)
{
    struct world *w = *state;
    struct cert_info c = info_of(&w->a, w->root);
    assert_true(c.ca && c.has_basic && c.self_signed && c.self_issued);
    assert_int_equal(c.path_len, 1);
    assert_int_equal(c.usage, CERT_USAGE_CERT_SIGN | CERT_USAGE_CRL_SIGN);
}

static void hashes(void **state)
{
    struct world *w = *state;
    unsigned char want[32];
    unsigned n = 32;
    struct cert_info c = info_of(&w->a, w->root);
    X509_digest(w->root, EVP_sha256(), want, &n);
    assert_memory_equal(c.sha256, want, 32);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(w->root_key, &der);
    EVP_Digest(der, (size_t)len, want, NULL, EVP_sha256(), NULL);
    OPENSSL_free(der);
    assert_memory_equal(c.spki_sha256, want, 32);
}

static void rare_extensions(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "c"};
    X509 *x = pki_cert(&s, w->key, w->root, w->root_key);
    with_ext(x, w->root, w->root_key, "certificatePolicies", "2.23.140.1.2.1,2.23.140.1.1,1.2.3");
    with_ext(x, w->root, w->root_key, "crlDistributionPoints", "URI:http://crl.example/1,URI:ldap://x/y");
    with_ext(x, w->root, w->root_key, "subjectKeyIdentifier", "hash");
    with_ext(x, w->root, w->root_key, "nameConstraints", "permitted;DNS:.example");
    with_ext(x, w->root, w->root_key, "1.3.6.1.4.1.11129.2.4.2", "DER:0404aabbccdd");
    with_ext(x, w->root, w->root_key, "1.2.3.4.5", "critical,DER:0500");
    struct cert_info c = info_of(&w->a, x);
    X509_free(x);
    assert_int_equal(c.policies.n, 3);
    assert_int_equal(c.validation, CERT_VALIDATION_EXTENDED);
    assert_int_equal(c.crl.n, 2);
    assert_text(c.crl.v[0], "http://crl.example/1");
    assert_int_equal(c.ski.n, 20);
    assert_true(c.name_constraints && c.unknown_critical);
    assert_true(str_eq(c.scts, STR("\xaa\xbb\xcc\xdd")));
}

static void malformed_extensions_are_counted(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "d"};
    X509 *x = pki_cert(&s, w->key, w->root, w->root_key);
    with_ext(x, w->root, w->root_key, "2.5.29.17", "DER:30ff");         /* SAN */
    with_ext(x, w->root, w->root_key, "2.5.29.37", "DER:0400");         /* EKU */
    with_ext(x, w->root, w->root_key, "1.3.6.1.4.1.11129.2.4.2", "DER:01"); /* SCTs */
    struct cert_info c = info_of(&w->a, x);
    X509_free(x);
    assert_int_equal(c.bad_extensions, 3);
    assert_true(!c.has_san && !c.has_eku && c.scts.n == 0);
}

static void serials(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *hex, *text;
        unsigned bits;
    } row[] = {{"0", "0", 0}, {"7F", "7f", 7}, {"FF00", "ff00", 16}, {"-5", "-05", 3},
               {"0123456789ABCDEF0123456789ABCDEF01234567", "0123456789abcdef0123456789abcdef01234567", 153}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct pki_spec s = {.cn = "s"};
        X509 *x = pki_cert(&s, w->key, w->root, w->root_key);
        BIGNUM *b = NULL;
        BN_hex2bn(&b, row[i].hex);
        BN_to_ASN1_INTEGER(b, X509_get_serialNumber(x));
        BN_free(b);
        resign(x, w->root_key, EVP_sha256());
        struct cert_info c = info_of(&w->a, x);
        X509_free(x);
        assert_text(c.serial, row[i].text);
        assert_int_equal(c.serial_bits, row[i].bits);
        assert_int_equal(c.serial_negative, row[i].hex[0] == '-');
    }
}

static void signatures_and_keys(void **state)
{
    struct world *w = *state;
    struct pki_spec weak = {.cn = "e", .sha1 = true}, plain = {.cn = "e"};
    struct cert_info c = issued(w, &weak, w->key);
    assert_int_equal(c.sig_hash, CERT_HASH_SHA1);
    EVP_PKEY *ed = pki_key("ed25519");
    X509 *x = pki_cert(&plain, ed, NULL, NULL);
    c = info_of(&w->a, x);
    assert_int_equal(c.key, CERT_KEY_ED25519);
    assert_int_equal(c.sig_hash, CERT_HASH_NONE);
    X509_free(x);
    EVP_PKEY_free(ed);
    x = pki_cert(&plain, w->rsa, NULL, NULL);
    resign(x, w->rsa, EVP_md5());
    c = info_of(&w->a, x);
    assert_int_equal(c.sig_hash, CERT_HASH_MD5);
    assert_true(c.self_signed);
    X509_free(x);
}

static void rare_keys(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "k"};
    OSSL_PARAM explicit[] = {OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
                             OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING, (char *)"explicit", 0),
                             OSSL_PARAM_END};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    assert_true(EVP_PKEY_keygen_init(ctx) && EVP_PKEY_CTX_set_params(ctx, explicit));
    assert_true(EVP_PKEY_generate(ctx, &key) == 1);
    struct cert_info c = issued(w, &s, key);
    assert_true(c.key == CERT_KEY_EC && c.curve_explicit && c.key_bits == 256);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    unsigned e = 3;
    OSSL_PARAM three[] = {OSSL_PARAM_uint(OSSL_PKEY_PARAM_RSA_E, &e), OSSL_PARAM_END};
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    key = NULL;
    assert_true(EVP_PKEY_keygen_init(ctx) && EVP_PKEY_CTX_set_params(ctx, three));
    assert_true(EVP_PKEY_generate(ctx, &key) == 1);
    c = issued(w, &s, key);
    assert_true(c.key == CERT_KEY_RSA && c.rsa_e == 3);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
}

/* An algorithm that OpenSSL has never heard of. */
static void unknown_keys(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "k"};
    EVP_PKEY *ed = pki_key("ed25519");
    X509 *x = pki_cert(&s, ed, w->root, w->root_key);
    struct str der = der_of(&w->a, x);
    char *at = memmem(der.p, der.n, "\x06\x03\x2b\x65\x70", 5);
    assert_non_null(at);
    at[4] = 0x7f;
    struct cert_info c;
    assert_int_equal(cert_parse(&w->a, der, &c), 0);
    assert_true(c.key == CERT_KEY_OTHER && c.key_bits == 0 && c.rsa_n.n == 0);
    assert_text(c.key_name, "1.3.101.127");
    assert_text(c.subject_cn, "k");
    X509_free(x);
    EVP_PKEY_free(ed);
}

/* The algorithm inside says SHA-256, the one outside is made to say SHA-384. */
static void mismatched_algorithms(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "m"};
    X509 *x = pki_cert(&s, w->rsa, NULL, NULL);
    struct str der = der_of(&w->a, x);
    char *last = NULL, *p = (char *)der.p;
    static const char sha256[] = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
    for (char *at; (at = memmem(p, (size_t)(der.p + der.n - p), sha256, 9)); p = at + 1)
        last = at;
    assert_non_null(last);
    last[8] = 0x0c;
    struct cert_info c;
    assert_int_equal(cert_parse(&w->a, der, &c), 0);
    assert_true(c.sig_mismatch && !c.self_signed && c.self_issued);
    X509_free(x);
}

static void hostile_names_are_harmless(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "evil"};
    X509 *x = pki_cert(&s, w->key, w->root, w->root_key);
    X509_NAME *n = X509_NAME_new();
    char *big = malloc(5000);
    memset(big, 'A', 5000);
    X509_NAME_add_entry_by_NID(n, NID_commonName, V_ASN1_UTF8STRING, (unsigned char *)"a\0b\x1b[31m", 8, -1, 0);
    X509_NAME_add_entry_by_NID(n, NID_organizationName, V_ASN1_PRINTABLESTRING, (unsigned char *)big, 5000, -1, 0);
    X509_set_subject_name(x, n);
    X509_NAME_free(n);
    free(big);
    resign(x, w->root_key, EVP_sha256());
    struct cert_info c = info_of(&w->a, x);
    X509_free(x);
    assert_text(c.subject_cn, "a?b?[31m");
    assert_int_equal(c.subject_o.n, 1024);
    assert_int_equal(c.subject.n, 1024);
    for (size_t i = 0; i < c.subject.n; i++)
        assert_true(c.subject.p[i] >= 0x20);
}

static void what_is_no_certificate(void **state)
{
    struct world *w = *state;
    struct cert_info c = {.path_len = 77};
    struct str der = der_of(&w->a, w->root);
    char *more = arena_alloc(&w->a, der.n + 1);
    memcpy(more, der.p, der.n);
    more[der.n] = 0;
    assert_int_equal(cert_parse(&w->a, str_of(more, der.n + 1), &c), -ERR_CERT_SYNTAX);
    assert_int_equal(cert_parse(&w->a, STR(""), &c), -ERR_CERT_SYNTAX);
    assert_int_equal(cert_parse(&w->a, STR("-----BEGIN"), &c), -ERR_CERT_SYNTAX);
    for (size_t n = 0; n < der.n; n += 7)
        assert_int_equal(cert_parse(&w->a, str_of(der.p, n), &c), -ERR_CERT_SYNTAX);
    assert_int_equal(c.path_len, 77); /* untouched */
    struct arena small;
    arena_init(&small, 32, 32);
    assert_int_equal(cert_parse(&small, der, &c), -ERR_NOMEM);
    arena_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaf_facts),
        cmocka_unit_test(plain_leaf_claims_nothing),
        cmocka_unit_test(root_facts),
        cmocka_unit_test(hashes),
        cmocka_unit_test(rare_extensions),
        cmocka_unit_test(malformed_extensions_are_counted),
        cmocka_unit_test(serials),
        cmocka_unit_test(signatures_and_keys),
        cmocka_unit_test(rare_keys),
        cmocka_unit_test(unknown_keys),
        cmocka_unit_test(mismatched_algorithms),
        cmocka_unit_test(hostile_names_are_harmless),
        cmocka_unit_test(what_is_no_certificate),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
