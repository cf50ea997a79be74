/* Who is distrusted, since when, and how sure that is. */
#include "audit_pki.h"

#include "audit/distrust.h"
#include "audit/trust_store.h"

static struct cert_info authority(const char *o, const char *cn)
{
    return (struct cert_info){.subject_o = str_c(o), .subject_cn = str_c(cn), .issuer_o = str_c(o),
                              .issuer_cn = str_c(cn), .self_issued = true};
}

static void set_spki(struct cert_info *c, const char *hex)
{
    for (size_t i = 0; i < 32; i++) {
        uint64_t v;
        assert_true(str_hex_u64(str_of(hex + 2 * i, 2), &v));
        c->spki_sha256[i] = (unsigned char)v;
    }
}

static void the_table_is_sound(void **state)
{
    size_t n;
    const struct distrust_row *row = distrust_rows(&n);
    assert_true(n > 50);
    for (size_t i = 0; i < n; i++) {
        assert_true(row[i].text.n > 0 && row[i].owner[0] && row[i].reason[0]);
        assert_true(row[i].match != DISTRUST_SPKI || row[i].text.n == 64);
        assert_int_equal(row[i].since == DISTRUST_SCT, row[i].cutoff != 0);
        for (size_t j = 0; j < i; j++)
            assert_false(row[i].match == row[j].match && str_eq(row[i].text, row[j].text));
    }
}

static void by_key_and_date(void **state)
{
    struct distrust_hit hit[DISTRUST_HITS_MAX];
    struct cert_info leaf = {.not_before = 1700000000}, mid = authority("Entrust, Inc.", "L1K"),
                     root = authority("", "renamed");
    const struct cert_info *path[] = {&leaf, &mid, &root};
    mid.self_issued = false;
    set_spki(&root, "76ee8590374c715437bbca6bba6028eadde2dc6dbbb8c3f610e851f11d1ab7f5");
    assert_int_equal(distrust_look(path, 3, 1731369599, hit), 1); /* once, though both match */
    assert_true(hit[0].certain && hit[0].at == 2 && !hit[0].applies && !hit[0].by_date);
    assert_string_equal(hit[0].row->owner, "Entrust Root G2");
    assert_int_equal(distrust_look(path, 3, 1731369600, hit), 1);
    assert_true(hit[0].applies);
    assert_int_equal(distrust_look(path, 3, 0, hit), 1);
    assert_true(hit[0].by_date && !hit[0].applies);
    leaf.not_before = 1740000000;
    assert_int_equal(distrust_look(path, 3, 0, hit), 1);
    assert_true(hit[0].by_date && hit[0].applies);
    set_spki(&root, "76ee8590374c715437bbca6bba6028eadde2dc6dbbb8c3f610e851f11d1ab7f4");
    assert_int_equal(distrust_look(path, 3, 0, hit), 1);
    assert_true(!hit[0].certain && hit[0].at == 1);
}

static void by_name(void **state)
{
    static const struct {
        const char *o, *cn;
        int kind; /* -1: nobody */
    } row[] = {
        {"DigiNotar", "DigiNotar Root CA", DISTRUST_COMPROMISED},
        {"VeriSign, Inc.", "VeriSign Class 3 Public Primary Certification Authority - G5", DISTRUST_REMOVED},
        {"AC Camerfirma S.A.", "Chambers of Commerce Root - 2008", DISTRUST_REMOVED},
        {"Superfish, Inc.", "Superfish, Inc.", DISTRUST_MALWARE},
        {"", "eDellRoot", DISTRUST_MALWARE},
        {"", "Qaznet Trust Network", DISTRUST_STATE},
        {"Fortinet", "FortiGate CA", DISTRUST_APPLIANCE},
        {"", "DO_NOT_TRUST_FiddlerRoot", DISTRUST_APPLIANCE},
        {"mitmproxy", "mitmproxy", DISTRUST_APPLIANCE},
        {"Internet Security Research Group", "ISRG Root X1", -1},
        {"Entrust Corporation", "Entrust OV TLS Issuing RSA CA 1", -1}, /* issued by others */
        {"DigiCert Inc", "GeoTrust TLS RSA CA G1", -1},                 /* the name was sold */
        {"", "", -1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct distrust_hit hit[DISTRUST_HITS_MAX];
        struct cert_info leaf = {0}, root = authority(row[i].o, row[i].cn);
        const struct cert_info *path[] = {&leaf, &root};
        size_t n = distrust_look(path, 2, 0, hit);
        if ((n == 1) != (row[i].kind >= 0))
            print_error("%s, %s\n", row[i].o, row[i].cn);
        assert_int_equal(n, row[i].kind >= 0);
        if (n)
            assert_true((int)hit[0].row->kind == row[i].kind && !hit[0].certain && hit[0].at == 1);
    }
}

/* A root that was not sent is known by the name its child gives; the server's own name is nobody's. */
static void who_counts(void **state)
{
    struct distrust_hit hit[DISTRUST_HITS_MAX];
    struct cert_info leaf = {.issuer_cn = STR("eDellRoot"), .subject_cn = STR("mitmproxy")};
    const struct cert_info *path[] = {&leaf};
    assert_int_equal(distrust_look(path, 1, 0, hit), 1);
    assert_true(hit[0].at == 1 && hit[0].applies);
    assert_string_equal(hit[0].row->owner, "eDellRoot");
    leaf.self_issued = true; /* an appliance's own page */
    assert_int_equal(distrust_look(path, 1, 0, hit), 0);
    assert_int_equal(distrust_look(path, 0, 0, hit), 0);
}

/* The hashes are those of the roots that this machine's bundle may still hold. */
static void hashes_fit_the_bundle(void **state)
{
    FILE *f = fopen("/etc/ssl/certs/ca-certificates.crt", "rb");
    if (!f)
        skip();
    static char pem[1 << 20];
    size_t n = fread(pem, 1, sizeof pem, f);
    fclose(f);
    struct trust_store *s;
    struct arena a;
    arena_init(&a, 64 * 1024, 16 << 20);
    assert_int_equal(trust_store_new("bundle", str_of(pem, n), true, &s), 0);
    for (int i = 0; i < sk_X509_num(s->all); i++) {
        struct cert_info leaf = {0}, root = info_of(&a, sk_X509_value(s->all, i));
        const struct cert_info *path[] = {&leaf, &root};
        struct distrust_hit hit[DISTRUST_HITS_MAX];
        if (distrust_look(path, 2, 0, hit)) /* known by key, not only by name */
            assert_true(hit[0].certain);
    }
    trust_store_free(s);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sound), cmocka_unit_test(by_key_and_date),
        cmocka_unit_test(by_name),            cmocka_unit_test(who_counts),
        cmocka_unit_test(hashes_fit_the_bundle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
