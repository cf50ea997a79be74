/* SCTs of a log made here: read, verified (embedded ones over the rebuilt precertificate), judged. */
#include "audit_pki.h"

#include "audit/sct.h"

#include <openssl/evp.h>

enum { LOGS = 4 };

struct world {
    struct arena a;
    EVP_PKEY *ca_key, *key, *log_key[LOGS];
    X509 *ca;
    struct ct_log log[LOGS];
    struct ct_logs logs;
};

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct ct_log *)a)->id, ((const struct ct_log *)b)->id, 32);
}

static void make_log(struct world *w, size_t i)
{
    static const char *const operator[LOGS] = {"A", "A", "B", "B"};
    unsigned char *der = NULL;
    w->log_key[i] = pki_key(i == 3 ? "rsa" : "P-256");
    int n = i2d_PUBKEY(w->log_key[i], &der);
    struct ct_log *l = &w->log[i];
    l->key = arena_str(&w->a, str_of((const char *)der, (size_t)n));
    OPENSSL_free(der);
    EVP_Digest(l->key.p, l->key.n, l->id, NULL, EVP_sha256(), NULL);
    l->name = STR("log");
    l->operator = str_c(operator[i]);
    l->state = CT_USABLE;
}

/* The logs as a test changes them, sorted anew. */
static const struct ct_logs *logs_of(struct world *w)
{
    static struct ct_log sorted[LOGS];
    memcpy(sorted, w->log, sizeof sorted);
    qsort(sorted, LOGS, sizeof *sorted, by_id);
    w->logs = (struct ct_logs){sorted, LOGS, 0};
    return &w->logs;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->a, 64 * 1024, 64 << 20);
    struct pki_spec ca = {.cn = "CA", .ca = true};
    w->ca_key = pki_key("P-256");
    w->key = pki_key("P-256");
    w->ca = pki_cert(&ca, w->ca_key, NULL, NULL);
    for (size_t i = 0; i < LOGS; i++)
        make_log(w, i);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    EVP_PKEY_free(w->ca_key);
    EVP_PKEY_free(w->key);
    for (size_t i = 0; i < LOGS; i++)
        EVP_PKEY_free(w->log_key[i]);
    X509_free(w->ca);
    arena_done(&w->a);
    free(w);
    return 0;
}

static void put(struct buf *b, uint64_t v, size_t bytes)
{
    while (bytes--)
        buf_addc(b, (char)(v >> 8 * bytes));
}

/* One SCT as a log makes it: over `precert` (with the issuer's key hash), or over `cert`. */
static void add_sct(struct world *w, struct buf *list, size_t i, int64_t at, struct str precert, struct str cert)
{
    struct buf tbs, one;
    unsigned char hash[32], sig[512], *spki = NULL;
    size_t n = sizeof sig;
    buf_init(&tbs, 1 << 20);
    buf_init(&one, 1 << 16);
    put(&tbs, 0, 2);
    put(&tbs, (uint64_t)at * 1000, 8);
    put(&tbs, precert.n > 0, 2);
    if (precert.n) {
        int len = i2d_PUBKEY(w->ca_key, &spki);
        EVP_Digest(spki, (size_t)len, hash, NULL, EVP_sha256(), NULL);
        OPENSSL_free(spki);
        buf_add(&tbs, str_of((const char *)hash, 32));
    }
    struct str body = precert.n ? precert : cert;
    put(&tbs, body.n, 3);
    buf_add(&tbs, body);
    put(&tbs, 2, 2);
    buf_add(&tbs, STR("xy")); /* extensions */
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_true(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, w->log_key[i]));
    assert_true(EVP_DigestSign(md, sig, &n, (unsigned char *)buf_str(&tbs).p, tbs.n));
    EVP_MD_CTX_free(md);
    put(&one, 0, 1);
    buf_add(&one, str_of((const char *)w->log[i].id, 32));
    put(&one, (uint64_t)at * 1000, 8);
    put(&one, 2, 2);
    buf_add(&one, STR("xy"));
    put(&one, 4, 1);
    put(&one, EVP_PKEY_is_a(w->log_key[i], "RSA") ? 1 : 3, 1);
    put(&one, n, 2);
    buf_add(&one, str_of((const char *)sig, n));
    put(list, one.n, 2);
    buf_add(list, buf_str(&one));
    buf_done(&tbs);
    buf_done(&one);
}

static struct str wrapped(struct arena *a, struct buf *list) /* with the list's own length */
{
    struct buf b;
    buf_init(&b, 1 << 16);
    put(&b, list->n, 2);
    buf_add(&b, buf_str(list));
    struct str s = arena_str(a, buf_str(&b));
    buf_done(&b);
    buf_done(list);
    return s;
}

/* As an authority does it: a precertificate with the poison, its TBS without the poison to the logs, then
 * the certificate with the list. Logs whose bit is set sign. */
static X509 *certified(struct world *w, unsigned logs, int64_t at, int64_t days)
{
    struct pki_spec s = {.cn = "a.example", .san = "DNS:a.example", .from = NOW, .until = NOW + days * DAYS - 1};
    X509 *x = pki_cert(&s, w->key, w->ca, w->ca_key);
    unsigned char *der = NULL;
    struct buf list;
    buf_init(&list, 1 << 16);
    int n = i2d_re_X509_tbs(x, &der);
    struct str tbs = arena_str(&w->a, str_of((const char *)der, (size_t)n));
    OPENSSL_free(der);
    for (size_t i = 0; i < LOGS; i++)
        if (logs >> i & 1)
            add_sct(w, &list, i, at, tbs, STR_NONE);
    struct str scts = wrapped(&w->a, &list);
    ASN1_OCTET_STRING *inner = ASN1_OCTET_STRING_new(), *outer = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(inner, (const unsigned char *)scts.p, (int)scts.n);
    der = NULL;
    n = i2d_ASN1_OCTET_STRING(inner, &der);
    ASN1_OCTET_STRING_set(outer, der, n);
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_ct_precert_scts, 0, outer);
    X509_add_ext(x, e, 0); /* in front: the place must not matter */
    resign(x, w->ca_key, EVP_sha256());
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(inner);
    ASN1_OCTET_STRING_free(outer);
    OPENSSL_free(der);
    return x;
}

static struct sct_facts look(struct world *w, X509 *x, X509 *issuer, const struct ct_logs *logs, int64_t now)
{
    struct sct_list l = {0};
    struct sct_subject subject;
    struct sct_facts f;
    struct cert_info c = info_of(&w->a, x);
    assert_int_equal(sct_list_add(&l, SCT_FROM_CERT, c.scts), 0);
    assert_int_equal(sct_subject_init(&w->a, c.der, issuer ? der_of(&w->a, issuer) : STR_NONE, &subject), 0);
    sct_look(&l, &subject, logs, now, c.not_after - c.not_before + 1, c.not_after, &f);
    return f;
}

static void embedded(void **state)
{
    struct world *w = *state;
    X509 *x = certified(w, 1 | 4, NOW + 10, 90);
    struct sct_facts f = look(w, x, w->ca, logs_of(w), NOW + 100);
    assert_true(f.verdict[0] == SCT_GOOD && f.verdict[1] == SCT_GOOD);
    assert_true(f.tested && f.compliant && f.good == 2 && f.operators == 2 && f.needed == 2 && !f.bad);
    assert_true(f.distinct == 2 && f.rfc6962 == 2 && f.earliest == NOW + 10 && f.enough_if_good);
    f = look(w, x, w->ca, NULL, NOW + 100);
    assert_true(!f.tested && !f.compliant && f.enough_if_good && f.verdict[0] == SCT_NOT_TESTABLE);
    f = look(w, x, NULL, logs_of(w), NOW + 100);
    assert_true(f.verdict[0] == SCT_NOT_TESTABLE && !f.compliant && !f.bad);
    f = look(w, x, x, logs_of(w), NOW + 100); /* another's key hash */
    assert_true(f.verdict[0] == SCT_BAD_SIGNATURE && f.bad == 2 && !f.compliant && f.earliest == 0);
    f = look(w, x, w->ca, logs_of(w), NOW + 5);
    assert_true(f.verdict[0] == SCT_FUTURE && !f.compliant);
    X509_free(x);
}

static void a_changed_certificate(void **state)
{
    struct world *w = *state;
    X509 *x = certified(w, 1 | 4, NOW, 90);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
    resign(x, w->ca_key, EVP_sha256());
    struct sct_facts f = look(w, x, w->ca, logs_of(w), NOW + 100);
    assert_true(f.bad == 2 && !f.compliant && f.enough_if_good);
    X509_free(x);
}

static void rsa_logs(void **state)
{
    struct world *w = *state;
    X509 *x = certified(w, 1 | 8, NOW, 90);
    struct sct_facts f = look(w, x, w->ca, logs_of(w), NOW + 100);
    assert_true(f.good == 2 && f.compliant);
    X509_free(x);
}

static void policy(void **state)
{
    struct world *w = *state;
    static const struct {
        unsigned logs;
        int days;
        size_t needed;
        bool compliant;
    } row[] = {
        {1 | 4, 180, 2, true}, {1 | 4, 181, 3, false}, {1 | 2 | 4, 181, 3, true},
        {1 | 2, 90, 2, false}, /* one operator */
        {1, 90, 2, false},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        X509 *x = certified(w, row[i].logs, NOW, row[i].days);
        struct sct_facts f = look(w, x, w->ca, logs_of(w), NOW + 100);
        assert_int_equal(f.compliant, row[i].compliant);
        assert_int_equal(f.needed, row[i].needed);
        X509_free(x);
    }
}

static void states_of_logs(void **state)
{
    struct world *w = *state;
    static const struct {
        enum ct_state first, third;
        int64_t since;
        bool compliant;
    } row[] = {
        {CT_USABLE, CT_RETIRED, NOW + 1, true},   /* signed before it retired */
        {CT_USABLE, CT_RETIRED, NOW, false},      /* signed after */
        {CT_RETIRED, CT_RETIRED, NOW + 1, false}, /* none is alive */
        {CT_USABLE, CT_REJECTED, 0, false},
        {CT_QUALIFIED, CT_READONLY, 0, true},
        {CT_PENDING, CT_USABLE, 0, false},
    };
    X509 *x = certified(w, 1 | 4, NOW, 90);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        w->log[0].state = row[i].first;
        w->log[2].state = row[i].third;
        w->log[0].state_since = w->log[2].state_since = row[i].since;
        assert_int_equal(look(w, x, w->ca, logs_of(w), NOW + 100).compliant, row[i].compliant);
    }
    w->log[0].state = w->log[2].state = CT_USABLE;
    w->log[0].tiled = true;
    assert_true(look(w, x, w->ca, logs_of(w), NOW + 100).compliant);
    w->log[2].tiled = true; /* none of RFC 6962 */
    assert_false(look(w, x, w->ca, logs_of(w), NOW + 100).compliant);
    w->log[0].tiled = w->log[2].tiled = false;
    w->log[0].until = NOW; /* takes none that ends so late */
    struct sct_facts f = look(w, x, w->ca, logs_of(w), NOW + 100);
    assert_true(!f.compliant && f.verdict[0] == SCT_WRONG_LOG && f.verdict[1] == SCT_GOOD);
    w->log[0].until = 0;
    w->log[0].test = true;
    assert_false(look(w, x, w->ca, logs_of(w), NOW + 100).compliant);
    w->log[0].test = false;
    struct ct_logs few = {&w->log[0], 1, 0};
    f = look(w, x, w->ca, &few, NOW + 100);
    assert_true(f.verdict[1] == SCT_UNKNOWN_LOG && !f.compliant && !f.bad);
    X509_free(x);
}

/* SCTs beside the certificate are over the certificate itself. */
static void delivered_otherwise(void **state)
{
    struct world *w = *state;
    struct pki_spec s = {.cn = "a.example"};
    X509 *x = pki_cert(&s, w->key, w->ca, w->ca_key);
    struct str der = der_of(&w->a, x);
    for (int way = SCT_FROM_TLS; way <= SCT_FROM_OCSP; way++) {
        struct buf list;
        struct sct_list l = {0};
        struct sct_subject subject;
        struct sct_facts f;
        buf_init(&list, 1 << 16);
        add_sct(w, &list, 0, NOW, STR_NONE, der);
        add_sct(w, &list, 2, NOW, STR_NONE, der);
        assert_int_equal(sct_list_add(&l, (enum sct_from)way, wrapped(&w->a, &list)), 0);
        assert_int_equal(sct_subject_init(&w->a, der, STR_NONE, &subject), 0);
        sct_look(&l, &subject, logs_of(w), NOW, 365 * DAYS, NOW + 300 * DAYS, &f);
        assert_true(f.compliant && f.needed == 2 && f.good == 2); /* 2 whatever the lifetime */
        w->log[2].state = CT_RETIRED;
        w->log[2].state_since = NOW + 1;
        sct_look(&l, &subject, logs_of(w), NOW, 365 * DAYS, NOW + 300 * DAYS, &f);
        assert_false(f.compliant); /* they can be replaced, so retired ones do not count */
        w->log[2].state = CT_USABLE;
    }
    X509_free(x);
}

static void lists(void **state)
{
    struct sct_list l = {0};
    static const char ok[] = "\0\x2f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                             "\0\0\0\0\0\0\0\0\0\0\x04\x03";
    static const struct {
        struct str in;
        int err;
        size_t n, other, malformed;
    } row[] = {
        {STR(""), -ERR_SYNTAX, 0, 0, 0},
        {STR("\0\0"), -ERR_SYNTAX, 0, 0, 0},
        {STR("\0\x03\0\x01\x01"), 0, 0, 1, 0},
        {STR("\0\x03\0\x01\x00"), 0, 0, 0, 1},
        {STR("\0\x02\0\0"), 0, 0, 0, 1},
        {STR("\0\x03\0\x02\x01"), -ERR_SYNTAX, 0, 0, 0},
        {STR("\0\x03\0\x01\x01\x00"), -ERR_SYNTAX, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        l = (struct sct_list){0};
        assert_int_equal(sct_list_add(&l, SCT_FROM_TLS, row[i].in), row[i].err);
        assert_true(l.n == row[i].n && l.other_version == row[i].other && l.malformed == row[i].malformed);
    }
    /* One that is whole but for its empty signature; then one with a signature, 40 times. */
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_add(&b, str_of(ok, 2 + 47));
    struct arena a;
    arena_init(&a, 4096, 1 << 16);
    l = (struct sct_list){0};
    assert_int_equal(sct_list_add(&l, SCT_FROM_TLS, wrapped(&a, &b)), 0);
    assert_true(l.n == 0 && l.malformed == 1);
    for (int i = 0; i < 40; i++) {
        buf_add(&b, STR("\0\x30"));
        buf_add(&b, str_of(ok + 2, 45));
        buf_add(&b, STR("\0\x01s"));
    }
    l = (struct sct_list){0};
    assert_int_equal(sct_list_add(&l, SCT_FROM_TLS, wrapped(&a, &b)), 0);
    assert_true(l.n == SCT_MAX && l.dropped == 8 && l.malformed == 0);
    struct sct_facts f;
    sct_look(&l, &(struct sct_subject){0}, NULL, NOW, 90 * DAYS, NOW, &f);
    assert_true(f.distinct == 1 && !f.enough_if_good);
    arena_done(&a);
}

static void add_b64(struct buf *b, const void *p, size_t n)
{
    unsigned char out[1024];
    buf_add(b, str_of((char *)out, (size_t)EVP_EncodeBlock(out, p, (int)n)));
}

static void log_lists(void **state)
{
    struct world *w = *state;
    struct buf b;
    struct ct_logs logs = {0};
    buf_init(&b, 1 << 16);
    buf_add(&b, STR("{\"operators\":[{\"name\":\"Op\",\"logs\":[{\"description\":\"one\",\"log_id\":\""));
    add_b64(&b, w->log[0].id, 32);
    buf_add(&b, STR("\",\"key\":\""));
    add_b64(&b, w->log[0].key.p, w->log[0].key.n);
    buf_add(&b, STR("\",\"mmd\":86400,\"state\":{\"retired\":{\"timestamp\":\"2026-01-01T00:00:00Z\"}},"
                    "\"temporal_interval\":{\"start_inclusive\":\"2025-01-01T00:00:00Z\","
                    "\"end_exclusive\":\"2025-07-01T00:00:00Z\"}},"
                    "{\"log_id\":\"AAAA\",\"key\":\"AAAA\"}, 7],"
                    "\"tiled_logs\":[{\"description\":\"two\",\"log_type\":\"test\",\"log_id\":\""));
    add_b64(&b, w->log[1].id, 32);
    buf_add(&b, STR("\",\"key\":\""));
    add_b64(&b, w->log[1].key.p, w->log[1].key.n);
    buf_add(&b, STR("\",\"state\":{\"usable\":{\"timestamp\":\"2024-01-01T00:00:00Z\"}}}]}]}"));
    assert_int_equal(ct_logs_read(&w->a, buf_str(&b), &logs), 0);
    assert_true(logs.n == 2 && logs.skipped == 2);
    const struct ct_log *l = ct_logs_find(&logs, str_of((char *)w->log[0].id, 32));
    assert_non_null(l);
    assert_text(l->name, "one");
    assert_text(l->operator, "Op");
    assert_true(l->state == CT_RETIRED && l->state_since == 1767225600 && !l->tiled && !l->test);
    assert_true(l->from == 1735689600 && l->until == 1751328000);
    l = ct_logs_find(&logs, str_of((char *)w->log[1].id, 32));
    assert_true(l && l->tiled && l->test && l->state == CT_USABLE && l->until == 0);
    assert_null(ct_logs_find(&logs, str_of((char *)w->log[2].id, 32)));
    static const char *const bad[] = {"", "x", "[]", "{}", "{\"operators\":[]}", "{\"operators\":[1,{\"logs\":{}}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ct_logs_read(&w->a, str_c(bad[i]), &logs), -ERR_SYNTAX);
    assert_int_equal(logs.n, 2);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedded),        cmocka_unit_test(a_changed_certificate),
        cmocka_unit_test(rsa_logs),        cmocka_unit_test(policy),
        cmocka_unit_test(states_of_logs),  cmocka_unit_test(delivered_otherwise),
        cmocka_unit_test(lists),           cmocka_unit_test(log_lists),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
