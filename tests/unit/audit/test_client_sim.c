/* Handshake simulation: the table is sound, and known clients end where they are known to. */
#include "audit/client_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static struct found_suite found[VI_COUNT][16];
static struct tls_facts facts;
static struct grade_key keys[2];
static struct client_server server;
static struct report_client got;

static int setup(void **state)
{
    arena_init(&arena, 4096, 4u << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return 0;
}

static const struct client_row *row(const char *name)
{
    for (size_t i = 0; client_sim_row(i); i++)
        if (strcmp(client_sim_row(i)->name, name) == 0)
            return client_sim_row(i);
    fail_msg("no client %s", name);
    return NULL;
}

static void blank(void)
{
    memset(&facts, 0, sizeof facts);
    for (int v = 0; v < VI_COUNT; v++)
        facts.v[v].offered = KNOWN_NO;
    server = (struct client_server){&facts, keys, 1};
    keys[0] = (struct grade_key){TLS_KEY_RSA, 2048, 0};
    keys[1] = (struct grade_key){TLS_KEY_ECDSA, 256, 0x0017};
}

static struct found_suite *add(enum tls_version_index v, uint32_t code)
{
    struct version_facts *f = &facts.v[v];
    f->offered = KNOWN_YES;
    f->suites = found[v];
    f->suites[f->nsuites] = (struct found_suite){.code = code};
    return &f->suites[f->nsuites++];
}

static void groups(struct number_set *s, const uint16_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        number_set_add(s, list[i]);
}

/* TLS 1.2 and 1.3 with an RSA key; the client decides in 1.3, the server in 1.2. */
static void modern(void)
{
    static const uint16_t list[] = {0x11ec, 0x001d, 0x0017, 0x0018};
    blank();
    add(VI_TLS13, 0x1302);
    add(VI_TLS13, 0x1303);
    add(VI_TLS13, 0x1301);
    add(VI_TLS12, 0xc030);
    add(VI_TLS12, 0xc02f);
    add(VI_TLS12, 0xcca8);
    facts.v[VI_TLS13].server_order = KNOWN_NO;
    facts.v[VI_TLS12].server_order = KNOWN_YES;
    groups(&facts.groups, list, 4);
    groups(&facts.groups12, list + 1, 3);
    facts.alpn = STR("h2");
}

/* All suites in old versions too, as a server of 2012. */
static void old(void)
{
    static const uint16_t p256 = 0x0017;
    static const uint32_t suites[] = {0xc014, 0xc013, 0x0039, 0x0035, 0x002f, 0x000a, 0x0005};
    blank();
    for (int v = VI_SSL3; v <= VI_TLS12; v++) {
        for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
            add((enum tls_version_index)v, suites[i])->dh_bits = suites[i] == 0x0039 ? 2048 : 0;
        facts.v[v].server_order = KNOWN_YES;
    }
    groups(&facts.groups12, &p256, 1);
}

static void simulate(const char *name)
{
    memset(&got, 0, sizeof got);
    assert_int_equal(client_sim(&arena, row(name), &server, &got), 0);
    assert_string_equal(got.name, name);
}

static void connects(const char *name, const char *version, const char *suite, const char *group)
{
    simulate(name);
    if (!got.connects)
        fail_msg("%s: %.*s", name, STR_ARG(got.problem));
    assert_string_equal(got.version, version);
    assert_string_equal(got.suite, suite);
    assert_string_equal(got.group, group);
}

static void fails(const char *name, const char *problem)
{
    simulate(name);
    assert_false(got.connects);
    if (!str_eq(got.problem, str_c(problem)))
        fail_msg("%s: %.*s", name, STR_ARG(got.problem));
}

static void check_row(const struct client_row *c)
{
    assert_true(c->oldest <= c->newest && c->suites[0]);
    bool fits_newest = false, modern_suite = false;
    for (const uint32_t *s = c->suites; *s; s++) {
        const struct suite *suite = suite_find(*s);
        if (!suite)
            fail_msg("%s: suite %06x", c->name, *s);
        fits_newest |= suite_fits(suite, version_wire(c->newest));
        modern_suite |= suite->kx == SUITE_KX_ANY;
        for (const uint32_t *t = c->suites; t < s; t++)
            assert_int_not_equal(*s, *t);
    }
    assert_true(fits_newest);
    assert_int_equal(modern_suite, c->newest == VI_TLS13);
    size_t n = 0;
    for (; c->groups[n]; n++)
        assert_non_null(tls_names_group(c->groups[n]));
    assert_true(c->shares <= n);
    assert_int_equal(c->shares > 0, c->newest == VI_TLS13);
    for (size_t i = 0; c->sigalgs[i]; i++)
        if (!tls_names_sigalg(c->sigalgs[i]))
            fail_msg("%s: scheme %04x", c->name, c->sigalgs[i]);
    assert_int_equal(c->sigalgs[0] != 0, c->newest >= VI_TLS12);
    assert_true(!c->dh_max || c->dh_min <= c->dh_max);
    assert_true(!c->rsa_max || c->rsa_min <= c->rsa_max);
}

static void test_table(void **state)
{
    size_t n = 0;
    for (; client_sim_row(n); n++) {
        check_row(client_sim_row(n));
        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(client_sim_row(i)->name, client_sim_row(n)->name);
    }
    assert_true(n >= 40);
    assert_null(client_sim_row(n + 1));
}

static void test_modern(void **state)
{
    modern();
    connects("Chrome 137", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768");
    connects("Chrome 101", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "x25519");
    connects("Firefox 137", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768");
    connects("Safari 26.4", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768");
    connects("OpenSSL 3.5", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768");
    connects("Java 17", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "x25519");
    connects("Java 11", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "secp256r1");
    connects("Android 7", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp256r1");
    connects("OpenSSL 1.0.1", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp256r1");
    connects("Safari 9", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp256r1");
    fails("IE 11 on Windows 7", "no cipher suite in common"); /* only CBC with ECDHE and RSA */
    fails("Java 7u25", "no version in common");
    fails("IE 8 on Windows XP", "no version in common");
    fails("OpenSSL 0.9.8", "no version in common");
}

static void test_old(void **state)
{
    old();
    connects("IE 6 on Windows XP", "SSL 3.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "");
    connects("IE 8 on Windows XP", "TLS 1.0", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "");
    connects("OpenSSL 0.9.8", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "DH 2048");
    connects("IE 8 on Windows 7", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
    connects("Java 6u45", "TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", "");
    connects("Chrome 137", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
    connects("Java 21", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
    facts.v[VI_TLS12].offered = facts.v[VI_TLS11].offered = KNOWN_NO;
    connects("Chrome 70", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
    fails("Chrome 137", "no version in common");
}

/* As tried with Debian's 3.0 against a server of TLS 1.0 only. */
static void test_sha1(void **state)
{
    blank();
    add(VI_TLS10, 0xc014);
    add(VI_TLS10, 0x002f);
    facts.v[VI_TLS10].server_order = KNOWN_YES;
    groups(&facts.groups12, (const uint16_t[]){0x0017}, 1);
    fails("OpenSSL 3.0", "it takes no signature with SHA-1, which this version needs");
    connects("Safari 18.4", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
    connects("OpenSSL 0.9.8", "TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", "");
    found[VI_TLS10][0] = found[VI_TLS10][1];
    connects("OpenSSL 3.0", "TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", "");
}

static void test_ssl2(void **state)
{
    blank();
    add(VI_SSL2, 0x0700c0);
    add(VI_SSL2, 0x010080);
    connects("IE 6 on Windows XP", "SSL 2.0", "SSL_CK_RC4_128_WITH_MD5", "");
    fails("IE 8 on Windows XP", "no version in common");
}

static void test_order(void **state)
{
    modern();
    connects("Edge 15", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "x25519");
    connects("Firefox 47", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "secp256r1");
    facts.v[VI_TLS12].suites[0].code = 0xcca8;
    facts.v[VI_TLS12].suites[2].code = 0xc030;
    connects("Edge 15", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "x25519");
    connects("Firefox 47", "TLS 1.2", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "secp256r1");
    facts.v[VI_TLS12].server_order = KNOWN_NO;
    connects("Firefox 47", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "secp256r1");
}

/* "Prioritise ChaCha": only for who has it first. */
static void test_chacha(void **state)
{
    modern();
    facts.v[VI_TLS13].server_order = KNOWN_YES;
    connects("Safari 12.1 on iOS", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "x25519");
    facts.v[VI_TLS13].chacha_first = KNOWN_YES;
    connects("Safari 12.1 on iOS", "TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256", "x25519");
    connects("Chrome 137", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768");
    facts.v[VI_TLS13].nsuites = 1; /* but it has none */
    connects("Safari 12.1 on iOS", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "x25519");
}

static void test_groups(void **state)
{
    static const uint16_t p384 = 0x0018, x448 = 0x001e;
    modern();
    facts.groups.n = facts.groups12.n = 0;
    groups(&facts.groups, &p384, 1);
    groups(&facts.groups12, &p384, 1);
    connects("Chrome 137", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "secp384r1"); /* asked again */
    fails("Android 7", "no group for the key exchange in common");
    facts.groups.n = 0;
    groups(&facts.groups, &x448, 1);
    fails("Chrome 137", "no group for the key exchange in common");
    connects("OpenSSL 3.0", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "x448");
}

static void test_pq_asked_again(void **state)
{
    static const uint16_t shared[] = {0x001d, 0x11ec, 0};
    struct client_row c = *row("Chrome 101");
    modern();
    c.groups = shared;
    assert_int_equal(client_sim(&arena, &c, &server, &got), 0);
    assert_string_equal(got.group, "x25519");
    facts.tests[TEST_PQ_PREFERRED].outcome = OUTCOME_VULNERABLE;
    assert_int_equal(client_sim(&arena, &c, &server, &got), 0);
    assert_string_equal(got.group, "X25519MLKEM768");
}

static void test_signatures(void **state)
{
    static const uint16_t ed25519 = 0x0807, pss = 0x0804;
    modern();
    number_set_add(&facts.sigalgs, pss);
    number_set_add(&facts.sigalgs12, pss);
    connects("Chrome 137", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768");
    fails("Safari 9", "no signature algorithm in common");
    facts.sigalgs.n = 0;
    keys[0] = (struct grade_key){TLS_KEY_ED25519, 256, 0};
    number_set_add(&facts.sigalgs, ed25519);
    fails("Chrome 137", "no signature algorithm in common");
    connects("OpenSSL 3.5", "TLS 1.3", "TLS_AES_256_GCM_SHA384", "X25519MLKEM768");
}

static void test_curve(void **state)
{
    blank();
    add(VI_TLS12, 0xc02b);
    groups(&facts.groups12, (const uint16_t[]){0x0017}, 1);
    keys[0] = (struct grade_key){TLS_KEY_ECDSA, 521, 0x0019};
    fails("Chrome 137", "it does not know the curve of the certificate's key");
    connects("Firefox 137", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "secp256r1");
    keys[0] = (struct grade_key){TLS_KEY_ECDSA, 384, 0x0018};
    connects("Chrome 137", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "secp256r1");
}

/* An ECDSA key is used by who can, the RSA key beside it by the rest. */
static void test_two_keys(void **state)
{
    modern();
    facts.v[VI_TLS12].nsuites = 0;
    add(VI_TLS12, 0xc02b);
    add(VI_TLS12, 0xc02f);
    server.nkeys = 2;
    connects("Android 7", "TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "secp256r1");
    connects("Chrome 49 on Windows XP", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
             "secp256r1");
}

static void test_dh(void **state)
{
    blank();
    struct found_suite *s = add(VI_TLS10, 0x0033);
    s->dh_bits = 2048;
    fails("Java 7u25", "the Diffie-Hellman prime is too large for it");
    s->dh_bits = 1024;
    connects("Java 7u25", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DH 1024");
    connects("Firefox 47", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DH 1024");
    s->dh_bits = 1023;
    connects("Firefox 47", "TLS 1.0", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "DH 1023");
    s->dh_bits = 1022;
    fails("Firefox 47", "the Diffie-Hellman prime is too small for it");
}

static void test_rsa(void **state)
{
    modern();
    keys[0].bits = 1024;
    fails("OpenSSL 3.5", "the RSA key is too small for it");
    connects("Chrome 137", "TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768");
    keys[0].bits = 8192;
    connects("Safari 9", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp256r1");
    keys[0].bits = 8193;
    fails("Safari 9", "the RSA key is too large for it");
    server.nkeys = 0;
    connects("Safari 9", "TLS 1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "secp256r1");
}

static void test_no_sni(void **state)
{
    old();
    facts.no_sni = KNOWN_NO;
    fails("IE 8 on Windows XP", "it names no server, and this one wants a name");
    connects("IE 8 on Windows 7", "TLS 1.0", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "secp256r1");
}

static void test_h2(void **state)
{
    old();
    facts.alpn = STR("h2");
    simulate("Chrome 137");
    assert_true(got.connects && got.problem.n > 0);
    simulate("Java 21"); /* does not ask for h2 */
    assert_true(got.connects && got.problem.n == 0);
    modern();
    simulate("Android 7");
    assert_int_equal(got.problem.n, 0);
}

static void test_all(void **state)
{
    struct report_client *all;
    size_t n, ok = 0;
    modern();
    assert_int_equal(client_sim_all(&arena, &server, &all, &n), 0);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(all[i].name, client_sim_row(i)->name);
        assert_true(all[i].connects ? all[i].version[0] != 0 : all[i].problem.n > 0);
        ok += all[i].connects;
    }
    assert_null(client_sim_row(n));
    assert_true(ok > n / 2 && ok < n);

    blank(); /* nobody is there */
    assert_int_equal(client_sim_all(&arena, &server, &all, &n), 0);
    for (size_t i = 0; i < n; i++)
        assert_false(all[i].connects);
}

static void test_no_memory(void **state)
{
    struct arena tiny;
    struct report_client *all;
    size_t n;
    modern();
    arena_init(&tiny, 64, 64);
    assert_int_equal(client_sim_all(&tiny, &server, &all, &n), -ERR_NOMEM);
    arena_done(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_modern),
        cmocka_unit_test(test_old),
        cmocka_unit_test(test_sha1),
        cmocka_unit_test(test_ssl2),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_chacha),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_pq_asked_again),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_two_keys),
        cmocka_unit_test(test_dh),
        cmocka_unit_test(test_rsa),
        cmocka_unit_test(test_no_sni),
        cmocka_unit_test(test_h2),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
