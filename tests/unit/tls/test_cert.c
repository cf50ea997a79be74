/* What is wrong with a chain is found, and said. */
#include "pki.h"

#include "tls/cert.h"
#include "tls/spki.h"

/* Three generations of keys and certificates shared by all rows. */
struct world {
    EVP_PKEY *root_key, *mid_key, *key, *other_key, *rsa1024;
    X509 *root, *mid;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    w->root_key = pki_key("P-256");
    w->mid_key = pki_key("P-256");
    w->key = pki_key("P-256");
    w->other_key = pki_key("P-384");
    w->rsa1024 = pki_key("rsa1024");
    struct pki_spec root = {.cn = "Root", .ca = true}, mid = {.cn = "Mid", .ca = true};
    w->root = pki_cert(&root, w->root_key, NULL, NULL);
    w->mid = pki_cert(&mid, w->mid_key, w->root, w->root_key);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    EVP_PKEY_free(w->root_key);
    EVP_PKEY_free(w->mid_key);
    EVP_PKEY_free(w->key);
    EVP_PKEY_free(w->other_key);
    EVP_PKEY_free(w->rsa1024);
    X509_free(w->root);
    X509_free(w->mid);
    free(w);
    return 0;
}

enum shape { LEAF_MID, LEAF_ONLY, MID_LEAF, LEAF_ROOT, LEAF_MID_ROOT };

struct row {
    struct pki_spec leaf;
    enum shape shape;
    const char *name;
    bool weak, wrong_key;
    int err;
    const char *says; /* in why, or in warn when err is 0 and it is not NULL */
};

static void add_shape(struct buf *pem, const struct world *w, X509 *leaf, enum shape shape)
{
    if (shape == MID_LEAF)
        pki_pem(pem, w->mid);
    pki_pem(pem, leaf);
    if (shape == LEAF_MID || shape == LEAF_MID_ROOT)
        pki_pem(pem, w->mid);
    if (shape == LEAF_ROOT || shape == LEAF_MID_ROOT)
        pki_pem(pem, w->root);
}

static void run_row(struct world *w, const struct row *r)
{
    struct buf pem, why, warn;
    buf_init(&pem, 65536);
    buf_init(&why, 65536);
    buf_init(&warn, 65536);
    EVP_PKEY *key = r->weak ? w->rsa1024 : w->key;
    X509 *leaf = pki_cert(&r->leaf, key, w->mid, w->mid_key);
    add_shape(&pem, w, leaf, r->shape);
    unsigned char spki[SPKI_HASH];
    assert_int_equal(spki_hash(r->wrong_key ? w->other_key : key, spki), 0);
    struct str name = str_c(r->name);
    int err = cert_check(buf_str(&pem), "site x", &name, 1, NOW, spki, &why, &warn);
    if (err != r->err)
        print_message("why: %s\n", buf_cstr(&why));
    assert_int_equal(err, r->err);
    if (r->says)
        assert_non_null(strstr(buf_cstr(err ? &why : &warn), r->says));
    else
        assert_int_equal(why.n + warn.n, 0);
    if (err)
        assert_true(str_starts(buf_str(&why), STR("site x: ")));
    X509_free(leaf);
    buf_done(&pem);
    buf_done(&why);
    buf_done(&warn);
}

static void test_table(void **state)
{
    static const char san[] = "DNS:example.com,DNS:*.example.com,IP:127.0.0.1,IP:::1";
    const struct row rows[] = {
        {{.cn = "l", .san = san}, LEAF_MID, "example.com", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID_ROOT, "example.com", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID, "a.example.com", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID, "*.example.com", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID, "127.0.0.1", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID, "::1", .err = 0},
        {{.cn = "l", .san = san}, LEAF_ONLY, "example.com", .err = 0},
        {{.cn = "l", .san = san}, LEAF_MID, "a.b.example.com", .err = -ERR_CERT_NAME, .says = "cover"},
        {{.cn = "l", .san = san}, LEAF_MID, ".example.com", .err = -ERR_CERT_NAME, .says = "cover"},
        {{.cn = "l", .san = san}, LEAF_MID, "127.0.0.2", .err = -ERR_CERT_NAME, .says = "cover"},
        {{.cn = "l", .san = "DNS:a.example.com"}, LEAF_MID, "*.example.com", .err = -ERR_CERT_NAME,
         .says = "cover"},
        {{.cn = "example.com"}, LEAF_MID, "example.com", .err = -ERR_CERT_NAME, .says = "cover"},
        {{.cn = "l", .san = san}, MID_LEAF, "example.com", .err = -ERR_CERT_CHAIN, .says = "order"},
        {{.cn = "l", .san = san}, LEAF_ROOT, "example.com", .err = -ERR_CERT_CHAIN,
         .says = "intermediate"},
        {{.cn = "l", .san = san, .aia = "caIssuers;URI:http://ca.test/mid.der"}, LEAF_ONLY,
         "example.com", .err = 0, .says = "http://ca.test/mid.der"},
        {{.cn = "l", .san = san, .until = NOW - 60}, LEAF_MID, "example.com", .err = -ERR_CERT_TIME,
         .says = "expired on 2026-09-21"},
        {{.cn = "l", .san = san, .from = NOW + 600}, LEAF_MID, "example.com", .err = -ERR_CERT_TIME,
         .says = "not valid before"},
        {{.cn = "l", .san = san, .from = NOW - 80 * DAYS, .until = NOW + 3 * DAYS}, LEAF_MID,
         "example.com", .err = 0, .says = "renew it soon"},
        {{.cn = "l", .san = san}, LEAF_MID, "example.com", .weak = true, .err = -ERR_CERT_WEAK,
         .says = "1024 bits"},
        {{.cn = "l", .san = san, .sha1 = true}, LEAF_MID, "example.com", .err = -ERR_CERT_WEAK,
         .says = "SHA1"},
        {{.cn = "l", .san = san}, LEAF_MID, "example.com", .wrong_key = true,
         .err = -ERR_CERT_KEY_MISMATCH, .says = "private key"},
        {{.cn = "l", .san = san, .eku = "clientAuth"}, LEAF_MID, "example.com",
         .err = -ERR_CERT_CHAIN, .says = "not meant for servers"},
        {{.cn = "l", .san = san, .eku = "serverAuth"}, LEAF_MID, "example.com", .err = 0},
        {{.cn = "l", .san = san, .feature = "status_request"}, LEAF_MID, "example.com", .err = 0,
         .says = "must-staple"},
        {{.cn = "l", .san = san, .feature = "status_request_v2,status_request"}, LEAF_MID, "example.com",
         .err = 0, .says = "must-staple"},
        {{.cn = "l", .san = san, .feature = "status_request_v2"}, LEAF_MID, "example.com", .err = 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run_row(*state, &rows[i]);
    }
}

/* RFC 5280 6.1.4 (k), (n): no client builds a path over one that may not sign certificates. */
static void test_intermediate_that_is_no_authority(void **state)
{
    static const struct {
        struct pki_spec mid;
        const char *says; /* NULL: good */
    } rows[] = {
        {{.cn = "Mid", .constraints = "critical,CA:TRUE", .usage = "keyCertSign"}, NULL},
        {{.cn = "Mid", .constraints = "CA:FALSE"}, "\"Mid\" is no authority (basic constraints"},
        {{.cn = "Mid"}, "\"Mid\" is no authority (basic constraints"},
        {{.cn = "Mid", .usage = "keyCertSign"}, "\"Mid\" is no authority (basic constraints"},
        {{.cn = "Mid", .constraints = "critical,CA:TRUE", .usage = "digitalSignature"},
         "\"Mid\" may not sign certificates (key usage)"},
        {{.cn = "Mid", .constraints = "CA:FALSE", .usage = "digitalSignature"},
         "\"Mid\" is no authority (basic constraints"},
    };
    struct world *w = *state;
    const struct pki_spec spec = {.cn = "l", .san = "DNS:example.com"};
    struct str name = STR("example.com");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf pem, why, warn;
        buf_init(&pem, 65536);
        buf_init(&why, 65536);
        buf_init(&warn, 65536);
        X509 *mid = pki_cert(&rows[i].mid, w->mid_key, w->root, w->root_key);
        X509 *leaf = pki_cert(&spec, w->key, mid, w->mid_key);
        pki_pem(&pem, leaf);
        pki_pem(&pem, mid);
        int err = cert_check(buf_str(&pem), "site x", &name, 1, NOW, NULL, &why, &warn);
        assert_int_equal(err, rows[i].says ? -ERR_CERT_CHAIN : 0);
        if (rows[i].says)
            assert_true(str_starts(str_from(buf_str(&why), 8), str_c(rows[i].says)));
        size_t line = str_find(buf_str(&why), '\n', 0);
        assert_int_equal(line + (err != 0), why.n); /* one fault is told once */
        X509_free(leaf);
        X509_free(mid);
        buf_done(&pem);
        buf_done(&why);
        buf_done(&warn);
    }
}

static void test_unreadable(void **state)
{
    static const struct {
        const char *pem, *says;
    } rows[] = {
        {"", "empty"},
        {"hello", "no PEM"},
        {"-----BEGIN CERTIFICATE-----\nMIIB\n", "damaged"},
        {"-----BEGIN CERTIFICATE-----\n####\n-----END CERTIFICATE-----\n", "damaged"},
        {"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "private key"},
        {"-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "CSR"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf why;
        buf_init(&why, 4096);
        assert_int_equal(cert_check(str_c(rows[i].pem), "x", NULL, 0, NOW, NULL, &why, NULL),
                         -ERR_CERT_SYNTAX);
        assert_non_null(strstr(buf_cstr(&why), rows[i].says));
        buf_done(&why);
    }
}

static void test_all_faults_told(void **state)
{
    struct world *w = *state;
    struct buf pem, why;
    buf_init(&pem, 65536);
    buf_init(&why, 65536);
    struct pki_spec s = {.cn = "l", .san = "DNS:a.test", .until = NOW - 5};
    X509 *leaf = pki_cert(&s, w->rsa1024, w->mid, w->mid_key);
    pki_pem(&pem, leaf);
    struct str names[] = {STR("b.test"), STR("a.test"), STR("c.test")};
    assert_int_equal(cert_check(buf_str(&pem), "x", names, 3, NOW, NULL, &why, NULL), -ERR_CERT_TIME);
    const char *text = buf_cstr(&why);
    assert_non_null(strstr(text, "expired"));
    assert_non_null(strstr(text, "1024"));
    assert_non_null(strstr(text, "b.test"));
    assert_non_null(strstr(text, "c.test"));
    assert_null(strstr(text, "cover a.test"));
    X509_free(leaf);
    buf_done(&pem);
    buf_done(&why);
}

static void test_facts(void **state)
{
    struct world *w = *state;
    struct buf pem;
    buf_init(&pem, 65536);
    struct pki_spec s = {.cn = "l", .from = NOW - 5, .until = NOW + 7};
    X509 *leaf = pki_cert(&s, w->key, w->mid, w->mid_key);
    pki_pem(&pem, leaf);
    int64_t from, until;
    unsigned char spki[SPKI_HASH], want[SPKI_HASH];
    assert_int_equal(cert_facts(buf_str(&pem), &from, &until, spki), 0);
    assert_int_equal(from, NOW - 5);
    assert_int_equal(until, NOW + 7);
    assert_int_equal(spki_hash(w->key, want), 0);
    assert_memory_equal(spki, want, SPKI_HASH);
    assert_int_equal(cert_facts(STR("x"), &from, &until, spki), -ERR_CERT_SYNTAX);
    X509_free(leaf);
    buf_done(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_intermediate_that_is_no_authority),
        cmocka_unit_test(test_all_faults_told),
        cmocka_unit_test(test_facts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
