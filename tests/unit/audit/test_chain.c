/* A chain as sent: order, what is missing or too much, and what each store says. */
#include "audit_pki.h"

#include "audit/chain.h"
#include "audit/trust_store.h"

struct world {
    struct arena a;
    EVP_PKEY *root_key, *mid_key, *key, *other_key;
    X509 *root, *mid, *other_root, *leaf, *cross; /* cross: mid, signed by the other root */
    struct trust_store *public, *other, *pool;
};

static struct trust_store *store(const char *name, X509 *x, bool public_roots)
{
    struct buf pem;
    struct trust_store *s = NULL;
    buf_init(&pem, 1 << 20);
    pki_pem(&pem, x);
    assert_int_equal(trust_store_new(name, buf_str(&pem), public_roots, &s), 0);
    assert_int_equal(s->n, 1);
    buf_done(&pem);
    return s;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->a, 64 * 1024, 64 << 20);
    w->root_key = pki_key("P-256");
    w->mid_key = pki_key("P-256");
    w->key = pki_key("P-256");
    w->other_key = pki_key("P-256");
    struct pki_spec root = {.cn = "Root", .ca = true, .until = NOW + 3650 * (int64_t)DAYS},
                    other = {.cn = "Other", .ca = true, .until = NOW + 3650 * (int64_t)DAYS},
                    mid = {.cn = "Mid", .ca = true, .until = NOW + 365 * DAYS},
                    leaf = {.cn = "a.example", .san = "DNS:a.example", .eku = "serverAuth",
                            .aia = "caIssuers;URI:http://ca.example/mid.der"};
    w->root = pki_cert(&root, w->root_key, NULL, NULL);
    w->other_root = pki_cert(&other, w->other_key, NULL, NULL);
    w->mid = pki_cert(&mid, w->mid_key, w->root, w->root_key);
    w->cross = pki_cert(&mid, w->mid_key, w->other_root, w->other_key);
    w->leaf = pki_cert(&leaf, w->key, w->mid, w->mid_key);
    w->public = store("Mozilla", w->root, true);
    w->other = store("other", w->other_root, false);
    w->pool = store("intermediates", w->mid, false);
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
    X509_free(w->root);
    X509_free(w->mid);
    X509_free(w->cross);
    X509_free(w->other_root);
    X509_free(w->leaf);
    trust_store_free(w->public);
    trust_store_free(w->other);
    trust_store_free(w->pool);
    arena_done(&w->a);
    free(w);
    return 0;
}

/* The list ends with NULL. */
static struct chain_facts look(struct world *w, X509 *const *sent, const struct trust_store *pool,
                               int64_t now)
{
    static struct str der[CHAIN_CERTS_MAX + 8];
    static const struct trust_store *stores[2];
    size_t n = 0;
    struct chain_facts f;
    for (; sent[n]; n++)
        der[n] = der_of(&w->a, sent[n]);
    stores[0] = w->public;
    stores[1] = w->other;
    struct chain_input in = {der, n, STR("a.example"), now, stores, 2, pool};
    assert_int_equal(chain_look(&w->a, &in, &f), 0);
    return f;
}

#define LOOK(w, ...) look(w, (X509 *const[]){__VA_ARGS__, NULL}, NULL, NOW)

static void a_good_chain(void **state)
{
    struct world *w = *state;
    struct chain_facts f = LOOK(w, w->leaf, w->mid);
    assert_true(f.in_order && !f.duplicates && !f.extra && !f.root_sent && !f.unreadable && !f.dropped);
    assert_int_equal(f.whole, CHAIN_COMPLETE);
    assert_int_equal(f.missing.n, 0);
    assert_int_equal(f.trust_n, 2);
    assert_true(f.trusted && f.public_path && f.trust[0].trusted && !f.trust[1].trusted);
    assert_string_equal(f.trust[0].store, "Mozilla");
    assert_int_equal(f.trust[0].path_n, 3);
    assert_int_equal(f.trust[0].path[0].sent, 0);
    assert_int_equal(f.trust[0].path[1].sent, 1);
    assert_int_equal(f.trust[0].path[2].sent, -1);
    assert_text(f.trust[0].path[2].cert->subject_cn, "Root");
    assert_int_equal(f.trust[1].faults, CHAIN_UNKNOWN_CA);
    assert_true(f.trust[1].error && f.trust[1].error_text.n);
    assert_int_equal(f.host.verdict, CERT_HOST_OK);
    assert_int_equal(f.certs[0].issuer, 1);
    assert_int_equal(f.first_to_end.days_left, 90);
}

static void missing_intermediate(void **state)
{
    struct world *w = *state;
    struct chain_facts f = LOOK(w, w->leaf);
    assert_int_equal(f.whole, CHAIN_INCOMPLETE_AIA);
    assert_text(f.missing, "CN=Mid");
    assert_text(f.missing_uri, "http://ca.example/mid.der");
    assert_true(!f.trusted && f.trust[0].faults == CHAIN_UNKNOWN_CA);
    f = look(w, (X509 *const[]){w->leaf, NULL}, w->pool, NOW);
    assert_int_equal(f.whole, CHAIN_INCOMPLETE);
    assert_true(f.trust[0].completed && !f.trust[0].trusted && f.trust[0].faults == 0);
    assert_int_equal(f.trust[0].path_n, 3);
    assert_int_equal(f.trust[0].path[1].sent, -1);
    assert_true(!f.trust[1].completed && (f.trust[1].faults & CHAIN_UNKNOWN_CA));
    assert_true(f.public_path && !f.trusted);
    struct pki_spec bare = {.cn = "a.example"};
    X509 *x = pki_cert(&bare, w->key, w->mid, w->mid_key);
    f = LOOK(w, x);
    assert_int_equal(f.whole, CHAIN_UNKNOWN_ISSUER);
    X509_free(x);
}

static void order(void **state)
{
    struct world *w = *state;
    struct chain_facts f = LOOK(w, w->leaf, w->root, w->mid);
    assert_true(!f.in_order && f.root_sent && f.extra == 0 && f.trusted);
    f = LOOK(w, w->leaf, w->mid, w->root);
    assert_true(f.in_order && f.root_sent && f.certs[2].root && !f.certs[1].root);
    f = LOOK(w, w->leaf, w->mid, w->mid, w->leaf);
    assert_true(f.in_order && f.duplicates == 2 && f.certs[2].duplicate && f.certs[3].duplicate);
    assert_false(f.certs[1].duplicate);
    f = LOOK(w, w->leaf, w->other_root, w->mid);
    assert_true(f.extra == 1 && f.certs[1].extra && f.in_order);
    f = LOOK(w, w->leaf, w->mid, w->cross);
    assert_true(f.extra == 0 && f.trust[0].trusted && f.trust[1].trusted);
    f = LOOK(w, w->mid, w->leaf); /* the first is what the server shows as its own */
    assert_true(f.extra == 1 && f.host.verdict == CERT_HOST_MISMATCH);
}

static void times(void **state)
{
    struct world *w = *state;
    X509 *const sent[] = {w->leaf, w->mid, NULL};
    struct chain_facts f = look(w, sent, NULL, NOW + 91 * DAYS);
    assert_int_equal(f.trust[0].faults, CHAIN_EXPIRED);
    assert_true(f.trust[1].faults == (CHAIN_EXPIRED | CHAIN_UNKNOWN_CA)); /* both are told */
    assert_true(f.life.expired && !f.trusted && f.public_path && chain_has_path(&f.trust[0]));
    f = look(w, sent, NULL, NOW - 10 * DAYS);
    assert_int_equal(f.trust[0].faults, CHAIN_NOT_YET);
    struct pki_spec old = {.cn = "Mid", .ca = true, .until = NOW + 5 * DAYS};
    X509 *mid = pki_cert(&old, w->mid_key, w->root, w->root_key);
    f = look(w, (X509 *const[]){w->leaf, mid, NULL}, NULL, NOW);
    assert_true(f.trusted && f.first_to_end.days_left == 5 && f.life.days_left == 90);
    X509_free(mid);
}

static void self_signed(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "a.example", .san = "DNS:a.example"};
    X509 *x = pki_cert(&s, w->key, NULL, NULL);
    struct chain_facts f = LOOK(w, x);
    assert_true(f.trust[0].faults & CHAIN_SELF_SIGNED);
    assert_true(f.whole == CHAIN_COMPLETE && !f.root_sent && !f.certs[0].root);
    struct trust_store *pin = store("--ca", x, false);
    struct str der = der_of(&w->a, x);
    struct chain_input in = {&der, 1, STR(""), NOW, (const struct trust_store *const[]){pin}, 1, NULL};
    assert_int_equal(chain_look(&w->a, &in, &f), 0);
    assert_true(f.trusted && !f.public_path);
    trust_store_free(pin);
    X509_free(x);
    X509 *third = pki_cert(&(struct pki_spec){.cn = "Third", .ca = true}, w->key, NULL, NULL);
    x = pki_cert(&s, w->mid_key, third, w->key);
    f = LOOK(w, x, third);
    assert_true(f.trust[0].faults & CHAIN_SELF_SIGNED_IN_CHAIN);
    assert_true(f.whole == CHAIN_COMPLETE && f.root_sent);
    X509_free(x);
    X509_free(third);
}

static unsigned faults_of(struct world *w, const struct pki_spec *leaf, const struct pki_spec *mid,
                          const char *oid, const char *value)
{
    X509 *m = pki_cert(mid, w->mid_key, w->root, w->root_key);
    if (oid)
        with_ext(m, w->root, w->root_key, oid, value);
    X509 *l = pki_cert(leaf, w->key, m, w->mid_key);
    struct chain_facts f = LOOK(w, l, m);
    X509_free(l);
    X509_free(m);
    return f.trust[0].faults;
}

static void why_not(void **state)
{
    struct world *w = *state;
    const struct pki_spec leaf = {.cn = "a.example", .san = "DNS:a.example"}, mid = {.cn = "M", .ca = true};
    const struct pki_spec client = {.cn = "a.example", .eku = "clientAuth"}, no_ca = {.cn = "M"};
    const struct pki_spec no_sign = {.cn = "M", .ca = true, .usage = "cRLSign"};
    assert_int_equal(faults_of(w, &leaf, &mid, NULL, NULL), 0);
    assert_int_equal(faults_of(w, &client, &mid, NULL, NULL), CHAIN_PURPOSE);
    assert_true(faults_of(w, &leaf, &no_ca, NULL, NULL) & CHAIN_NOT_CA);
    assert_true(faults_of(w, &leaf, &no_sign, NULL, NULL) & (CHAIN_NOT_CA | CHAIN_UNKNOWN_CA));
    assert_int_equal(faults_of(w, &leaf, &mid, "nameConstraints", "permitted;DNS:b.example"),
                     CHAIN_NAME_CONSTRAINTS);
    assert_int_equal(faults_of(w, &leaf, &mid, "nameConstraints", "permitted;DNS:a.example"), 0);
    assert_int_equal(faults_of(w, &leaf, &mid, "extendedKeyUsage", "clientAuth"), CHAIN_PURPOSE);
}

static void path_length(void **state)
{
    struct world *w = *state;
    struct pki_spec none = {.cn = "M0", .constraints = "critical,CA:TRUE,pathlen:0"},
                    below = {.cn = "M1", .ca = true}, leaf = {.cn = "a.example"};
    X509 *m0 = pki_cert(&none, w->mid_key, w->root, w->root_key);
    X509 *m1 = pki_cert(&below, w->other_key, m0, w->mid_key);
    X509 *l = pki_cert(&leaf, w->key, m1, w->other_key);
    struct chain_facts f = LOOK(w, l, m1, m0);
    assert_int_equal(f.trust[0].faults, CHAIN_PATH_LEN);
    assert_true(f.in_order && f.extra == 0);
    X509_free(l);
    X509_free(m1);
    X509_free(m0);
}

static void bad_signature(void **state)
{
    struct world *w = *state;
    struct pki_spec leaf = {.cn = "a.example"};
    X509 *l = pki_cert(&leaf, w->key, w->mid, w->other_key); /* signed by another than it says */
    struct chain_facts f = LOOK(w, l, w->mid);
    assert_int_equal(f.trust[0].faults, CHAIN_BAD_SIGNATURE);
    assert_int_equal(f.certs[0].issuer, -1);
    X509_free(l);
}

static void limits(void **state)
{
    struct world *w = *state;
    static struct str der[CHAIN_CERTS_MAX + 8];
    struct chain_facts f = {.n = 99};
    for (size_t i = 0; i < CHAIN_CERTS_MAX + 8; i++)
        der[i] = i == 1 ? STR("junk") : der_of(&w->a, w->leaf);
    struct chain_input in = {der, CHAIN_CERTS_MAX + 8, STR("a.example"), NOW, NULL, 0, NULL};
    assert_int_equal(chain_look(&w->a, &in, &f), 0);
    assert_true(f.n == CHAIN_CERTS_MAX && f.dropped == 8 && f.unreadable == 1 && f.duplicates == 62);
    in.ders = &STR("junk");
    in.n = 1;
    f.n = 99;
    assert_int_equal(chain_look(&w->a, &in, &f), -ERR_CERT_SYNTAX);
    in.n = 0;
    assert_int_equal(chain_look(&w->a, &in, &f), -ERR_CERT_SYNTAX);
    assert_int_equal(f.n, 99);
}

/* One name and one key, so that each signed each: the number of signatures that are tried is bounded. */
static void many_that_look_alike(void **state)
{
    struct world *w = *state;
    X509 *sent[CHAIN_CERTS_MAX + 1] = {0};
    struct pki_spec same = {.cn = "Same", .ca = true};
    for (size_t i = 0; i < CHAIN_CERTS_MAX; i++) /* differ in their serials */
        sent[i] = pki_cert(&same, w->mid_key, NULL, NULL);
    struct chain_facts f = look(w, sent, NULL, NOW);
    assert_true(f.signatures_cut && !f.trusted);
    for (size_t i = 0; i < CHAIN_CERTS_MAX; i++)
        X509_free(sent[i]);
}

static void stores(void **state)
{
    struct world *w = *state;
    struct trust_store *s = w->public;
    struct buf pem;
    assert_int_equal(trust_store_new("x", STR(""), true, &s), -ERR_CERT_SYNTAX);
    assert_int_equal(trust_store_new("x", STR("nothing here"), true, &s), -ERR_CERT_SYNTAX);
    assert_ptr_equal(s, w->public);
    buf_init(&pem, 1 << 20);
    buf_add(&pem, STR("# comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    pki_pem(&pem, w->root);
    buf_add(&pem, STR("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"));
    pki_pem(&pem, w->other_root);
    buf_add(&pem, STR("-----BEGIN CERTIFICATE-----\nAAAA\n"));
    assert_int_equal(trust_store_new("x", buf_str(&pem), true, &s), 0);
    assert_int_equal(s->n, 2);
    assert_true(s->bad >= 2);
    assert_int_equal(sk_X509_num(s->all), 0); /* nothing is decoded before somebody needs it */
    assert_int_equal(trust_store_ready(s, (X509 *const[]){NULL, w->other_root}, 2), 0);
    assert_int_equal(sk_X509_num(s->all), 1);
    assert_int_equal(X509_cmp(sk_X509_value(s->all, 0), w->other_root), 0);
    assert_int_equal(trust_store_ready(s, &w->other_root, 1), 0);
    assert_int_equal(sk_X509_num(s->all), 1);
    trust_store_free(s);
    buf_done(&pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_chain),  cmocka_unit_test(missing_intermediate),
        cmocka_unit_test(order),         cmocka_unit_test(times),
        cmocka_unit_test(self_signed),   cmocka_unit_test(why_not),
        cmocka_unit_test(path_length),   cmocka_unit_test(bad_signature),
        cmocka_unit_test(limits),        cmocka_unit_test(many_that_look_alike),
        cmocka_unit_test(stores),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
