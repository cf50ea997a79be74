/* SSL Labs' rating: arithmetic and its borders, each rule hit and just not hit, whole servers. */
#include "audit/grade_ssllabs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static struct ssllabs_suite suites[8];
static struct ssllabs_input in;
static struct ssllabs got;

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

static void add(enum tls_version_index v, uint32_t code, unsigned kx_bits, unsigned dh_bits)
{
    in.offered[v] = KNOWN_YES;
    suites[in.nsuites++] = (struct ssllabs_suite){suite_find(code), v, kx_bits, dh_bits};
    assert_non_null(suites[in.nsuites - 1].suite);
}

/* An A+: TLS 1.2 and 1.3, 256 bits, P-256's strength, HSTS. */
static void good(void)
{
    memset(&in, 0, sizeof in);
    in.suites = suites;
    add(VI_TLS13, 0x1302, 3072, 0);
    add(VI_TLS12, 0xc030, 3072, 0);
    in.key_bits = 3072;
    in.hsts = SSLLABS_HSTS_VALID;
    in.hsts_max_age = SSLLABS_HSTS_MIN;
}

static void grade(void)
{
    assert_int_equal(grade_ssllabs(&arena, &in, &got), 0);
}

static const struct grade_cause *cause(const char *check, const char *cap)
{
    for (size_t i = 0; i < got.grade.ncauses; i++) {
        const struct grade_cause *c = &got.grade.causes[i];
        if (c->check && strcmp(c->check, check) == 0 &&
            (cap ? c->grade && strcmp(c->grade, cap) == 0 : !c->grade))
            return c;
    }
    return NULL;
}

/* The input gives that letter, and names the check with that cap. */
static void is(const char *letter, const char *check)
{
    grade();
    assert_string_equal(got.grade.letter, letter);
    if (check && !cause(check, letter))
        fail_msg("%s: no cause %s", letter, check);
}

static void test_best(void **state)
{
    good();
    is("A+", NULL);
    assert_int_equal(got.protocol, 100);
    assert_int_equal(got.key_exchange, 90);
    assert_int_equal(got.cipher, 100);
    assert_int_equal(got.grade.score, 97);
    assert_int_equal(got.grade.ncauses, 1); /* the points of key exchange */
    assert_non_null(cause("key_exchange_strength", NULL));
    assert_string_equal(got.if_trusted, "A+");
    assert_int_equal(got.grade.note.n, 0);
}

static void test_nothing_found(void **state)
{
    good();
    in.nsuites = 0;
    grade();
    assert_null(got.grade.letter);
    assert_true(got.grade.note.n > 0);
    good();
    in.suites[0].kx_bits = in.suites[1].kx_bits = 0;
    grade();
    assert_null(got.grade.letter);
}

/* Columns: versions, key exchange bits, suites → protocol, key exchange, cipher, score. */
static void test_arithmetic(void **state)
{
    static const struct {
        enum tls_version_index a, b;
        unsigned kx;
        uint32_t one, two;
        int protocol, exchange, cipher, score;
    } rows[] = {
        {VI_TLS12, VI_TLS12, 4096, 0xc030, 0xc030, 100, 100, 100, 100},
        {VI_TLS12, VI_TLS12, 4095, 0xc030, 0xc030, 100, 90, 100, 97},
        {VI_TLS12, VI_TLS12, 2048, 0xc030, 0xc02f, 100, 90, 90, 93},
        {VI_TLS12, VI_TLS12, 2047, 0xc02f, 0xc02f, 100, 80, 80, 86},
        {VI_TLS12, VI_TLS12, 1024, 0xc02f, 0xc02f, 100, 80, 80, 86},
        {VI_TLS12, VI_TLS12, 1023, 0xc02f, 0xc02f, 100, 40, 80, 74},
        {VI_TLS12, VI_TLS12, 512, 0xc02f, 0xc02f, 100, 40, 80, 74},
        {VI_TLS12, VI_TLS12, 511, 0xc02f, 0xc02f, 100, 20, 80, 68},
        {VI_TLS12, VI_TLS11, 2048, 0xc030, 0xc014, 97, 90, 100, 96}, /* 97.5: 96.25 */
        {VI_TLS12, VI_TLS10, 2048, 0xc030, 0xc014, 95, 90, 100, 95},
        {VI_TLS10, VI_TLS10, 2048, 0x002f, 0x002f, 90, 90, 80, 86},
        {VI_SSL3, VI_SSL3, 1024, 0x000a, 0x000a, 80, 80, 20, 56},
        {VI_SSL2, VI_SSL2, 2048, 0x010080, 0x010080, 0, 90, 80, 0},
        {VI_TLS12, VI_SSL2, 2048, 0xc030, 0x010080, 50, 90, 90, 78},
        {VI_TLS12, VI_TLS12, 2048, 0x0002, 0x0002, 100, 90, 0, 0},
        {VI_TLS12, VI_TLS12, 2048, 0xc030, 0x0002, 100, 90, 50, 77},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        good();
        memset(in.offered, 0, sizeof in.offered);
        in.nsuites = 0;
        add(rows[i].a, rows[i].one, rows[i].kx, 0);
        add(rows[i].b, rows[i].two, rows[i].kx, 0);
        grade();
        if (got.protocol != rows[i].protocol || got.key_exchange != rows[i].exchange ||
            got.cipher != rows[i].cipher || got.grade.score != rows[i].score)
            fail_msg("row %zu: %d %d %d %d", i, got.protocol, got.key_exchange, got.cipher,
                     got.grade.score);
    }
}

/* 80 is an A, 79 a B. Only a server with caps besides can have so few points, so the letter is read
 * where the cap is not lower: 3DES (20) with 2048 bits in TLS 1.2: 30 + 27 + 8 = 65, a B. */
static void test_letters(void **state)
{
    good();
    in.nsuites = 0;
    add(VI_TLS12, 0xc012, 2048, 0);
    in.block64_negotiated = false;
    suites[1] = suites[0];
    grade();
    assert_int_equal(got.grade.score, 65);
    assert_string_equal(got.grade.letter, "B");

    /* 30 + 24 + 8 = 62: C by points, no cap below B. */
    suites[0].kx_bits = 1024;
    grade();
    assert_int_equal(got.grade.score, 62);
    assert_string_equal(got.grade.letter, "C");

    /* 30 + 12 + 8 = 50, still C; 30 + 6 + 8 = 44: D. */
    suites[0].kx_bits = 512;
    is("C", NULL);
    assert_int_equal(got.grade.score, 50);
    suites[0].kx_bits = 511;
    is("D", NULL);
    assert_int_equal(got.grade.score, 44);

    /* Just 80: 30 + 30 + (80+20)/2·0.4. */
    good();
    in.nsuites = 0;
    add(VI_TLS13, 0x1301, 4096, 0);
    add(VI_TLS12, 0xc012, 4096, 0);
    is("A+", NULL);
    assert_int_equal(got.grade.score, 80);

    /* 30 + 90·0.3 + (100+20)/2·0.4 = 81 is an A; with 80·0.3 it is 78. */
    good();
    in.nsuites = 0;
    add(VI_TLS13, 0x1302, 2048, 0);
    add(VI_TLS12, 0xc012, 2048, 0);
    add(VI_TLS12, 0xc030, 2048, 0);
    is("A+", NULL);
    assert_int_equal(got.grade.score, 81);
    suites[0].kx_bits = 2047;
    is("B", NULL);
    assert_int_equal(got.grade.score, 78);
    assert_non_null(cause("weak_suites", NULL));
}

/* One switch each: on, the letter is the cap; off, it is the A+. */
static void test_switches(void **state)
{
    const struct {
        bool *on;
        const char *letter, *check;
    } rows[] = {
        {&in.insecure_renegotiation, "F", "secure_renegotiation"},
        {&in.key_known, "F", "cert_key"},
        {&in.signature_md5, "F", "cert_signature"},
        {&in.poodle_tls, "F", "poodle_tls"},
        {&in.heartbleed, "F", "heartbleed"},
        {&in.early_ccs, "F", "early_ccs"},
        {&in.drown, "F", "drown"},
        {&in.lucky_minus_20, "F", "lucky_minus_20"},
        {&in.ticketbleed, "F", "ticketbleed"},
        {&in.robot, "F", "robot"},
        {&in.zombie_poodle, "F", "zombie_poodle"},
        {&in.goldendoodle, "F", "goldendoodle"},
        {&in.zero_length, "F", "zero_length"},
        {&in.sleeping_poodle, "F", "sleeping_poodle"},
        {&in.compression, "C", "compression"},
        {&in.block64_negotiated, "C", "sweet32"},
        {&in.chain_incomplete, "B", "cert_chain"},
        {&in.secure_renegotiation_missing, "A-", "secure_renegotiation"},
        {&in.fs_with_few, "A-", "forward_secrecy"},
        {&in.hpkp_broken, "A", "security_headers"},
        {&in.signature_sha1_chain, "A", "cert_signature"},
        {&in.name_mismatch, "M", "cert_name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        good();
        is("A+", NULL);
        *rows[i].on = true;
        is(rows[i].letter, rows[i].check);
    }
}

static void test_trust(void **state)
{
    static const struct {
        unsigned fault;
        const char *check;
    } rows[] = {
        {SSLLABS_UNTRUSTED, "cert_trust"},    {SSLLABS_SELF_SIGNED, "cert_trust"},
        {SSLLABS_EXPIRED, "cert_expiry"},     {SSLLABS_NOT_YET, "cert_expiry"},
        {SSLLABS_REVOKED, "cert_revocation"}, {SSLLABS_DISTRUSTED, "distrusted_ca"},
        {SSLLABS_SHA1, "cert_signature"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        good();
        in.trust = rows[i].fault;
        is("T", rows[i].check);
        assert_string_equal(got.if_trusted, "A+");
        assert_true(str_eq(got.grade.note, STR("A+ if trust is ignored")));
    }
    good();
    in.trust = SSLLABS_EXPIRED;
    in.name_mismatch = in.heartbleed = true; /* T before M, and both do not hide the rest */
    is("T", "cert_expiry");
    assert_non_null(cause("cert_name", "M"));
    assert_string_equal(got.if_trusted, "F");
}

static void test_versions(void **state)
{
    good();
    add(VI_SSL2, 0x010080, 3072, 0);
    is("F", "ssl2");

    good();
    memset(in.offered, 0, sizeof in.offered);
    in.nsuites = 0;
    add(VI_SSL3, 0x0035, 3072, 0);
    is("F", "ssl3");
    assert_non_null(cause("poodle_ssl3", "C"));
    add(VI_TLS10, 0x0035, 3072, 0);
    is("C", "tls12"); /* not the best any more */
    assert_non_null(cause("ssl3", "B"));
    add(VI_TLS12, 0x0035, 3072, 0);
    is("C", "poodle_ssl3");
    assert_null(cause("tls12", "C"));

    good();
    add(VI_SSL3, 0x0005, 3072, 0); /* no CBC: no POODLE */
    is("B", "ssl3");
    assert_non_null(cause("rc4", "B"));
    assert_null(cause("rc4", "C"));

    good();
    add(VI_TLS10, 0xc014, 3072, 0);
    is("B", "tls10");
    good();
    add(VI_TLS11, 0xc014, 3072, 0);
    is("B", "tls11");

    good();
    in.offered[VI_TLS13] = KNOWN_NO;
    suites[0] = suites[1];
    is("A-", "tls13");
}

static void test_suites(void **state)
{
    good();
    add(VI_TLS12, 0x0034, 3072, 0); /* anonymous DH */
    is("F", "anonymous_suites");
    assert_int_equal(got.key_exchange, 0);
    assert_int_equal(got.grade.score, 0);
    good();
    add(VI_TLS12, 0xc010, 3072, 0);
    is("F", "null_suites");
    good();
    add(VI_TLS12, 0x0003, 512, 0);
    is("F", "export_suites");
    assert_int_equal(got.key_exchange, 40);
    good();
    add(VI_TLS12, 0x0009, 3072, 0); /* DES */
    is("F", "weak_suites");
    good();
    add(VI_TLS12, 0x000a, 3072, 0); /* 112 bits, and not preferred */
    is("A+", NULL);

    good();
    add(VI_TLS11, 0xc011, 3072, 0);
    is("C", "rc4");
    good();
    add(VI_TLS10, 0xc011, 3072, 0);
    is("B", "rc4");
    good();
    in.nsuites = 0;
    add(VI_TLS12, 0xc011, 3072, 0);
    is("F", "rc4");

    good();
    add(VI_TLS12, 0x009f, 2047, 2047);
    is("B", "dh_weak");
    suites[2].dh_bits = 2048;
    is("A+", NULL);

    good();
    in.nsuites = 0;
    add(VI_TLS12, 0x009d, 3072, 0);
    is("B", "forward_secrecy");
    assert_null(cause("aead", "B"));
    in.fs_with_few = true;
    is("B", "forward_secrecy");
    assert_null(cause("forward_secrecy", "A-"));
    in.nsuites = 0;
    add(VI_TLS12, 0xc028, 3072, 0);
    is("B", "aead");
}

static void test_key(void **state)
{
    static const struct {
        unsigned bits;
        const char *letter;
    } rows[] = {{0, "A+"}, {768, "F"}, {1023, "F"}, {1024, "B"}, {2047, "B"}, {2048, "A+"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        good();
        in.key_bits = rows[i].bits;
        is(rows[i].letter, rows[i].letter[0] == 'A' ? NULL : "cert_key");
    }
    good();
    in.key_known = true;
    grade();
    assert_int_equal(got.key_exchange, 0);
}

static void test_hsts(void **state)
{
    good();
    in.hsts_max_age = SSLLABS_HSTS_MIN - 1;
    is("A", "hsts");
    in.hsts_max_age = 0;
    is("A", "hsts");
    in.hsts = SSLLABS_HSTS_INVALID;
    in.hsts_max_age = SSLLABS_HSTS_MIN;
    is("A", "hsts");
    in.hsts = SSLLABS_HSTS_NONE;
    is("A", "hsts");
    in.hsts = SSLLABS_HSTS_UNKNOWN;
    is("A", "hsts");
    in.hsts = SSLLABS_HSTS_VALID;
    is("A+", NULL);
}

static void test_worst_first(void **state)
{
    good();
    in.hsts = SSLLABS_HSTS_NONE;
    in.heartbleed = in.chain_incomplete = true;
    add(VI_TLS10, 0xc014, 3072, 0);
    grade();
    const char *want[] = {"heartbleed", "cert_chain", "tls10", "hsts"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(got.grade.causes[i].check, want[i]);
    assert_null(got.grade.causes[4].grade); /* then the points */
}

/* ---- whole servers, from facts ---- */

static struct found_suite found[VI_COUNT][8];
static struct tls_facts facts;

static void found_add(enum tls_version_index v, uint32_t code, uint16_t group, uint16_t dh)
{
    struct version_facts *f = &facts.v[v];
    f->offered = KNOWN_YES;
    f->suites = found[v];
    found[v][f->nsuites++] = (struct found_suite){.code = code, .group = group, .dh_bits = dh};
}

static void map(const struct grade_key *keys, size_t n)
{
    memset(&in, 0, sizeof in);
    assert_int_equal(ssllabs_input_tls(&arena, &facts, keys, n, &in), 0);
    in.key_bits = n ? grade_key_rsa_bits(&keys[0]) : 0;
}

static const struct grade_key rsa2048 = {TLS_KEY_RSA, 2048, 0};
static const struct grade_key p256 = {TLS_KEY_ECDSA, 256, 0x0017};

static void test_modern_nginx(void **state)
{
    memset(&facts, 0, sizeof facts);
    found_add(VI_TLS13, 0x1302, 0x11ec, 0);
    found_add(VI_TLS13, 0x1301, 0x001d, 0);
    found_add(VI_TLS12, 0xc030, 0x001d, 0);
    found_add(VI_TLS12, 0xc02f, 0x001d, 0);
    facts.secure_renegotiation = KNOWN_YES;
    facts.v[VI_TLS12].server_order = KNOWN_YES;
    map(&rsa2048, 1);
    assert_int_equal(in.suites[0].kx_bits, 2048); /* the key is the weaker one */
    is("A", "hsts");
    in.hsts = SSLLABS_HSTS_VALID;
    in.hsts_max_age = 31536000;
    is("A+", NULL);
    assert_int_equal(got.grade.score, 93);
    map(&p256, 1);
    assert_int_equal(in.suites[0].kx_bits, 3072);
}

static void test_old_server(void **state)
{
    static const struct grade_key rsa1024 = {TLS_KEY_RSA, 1024, 0}, rsa512 = {TLS_KEY_RSA, 512, 0};
    memset(&facts, 0, sizeof facts);
    found_add(VI_TLS10, 0x002f, 0, 0);
    found_add(VI_TLS10, 0x0005, 0, 0);
    facts.secure_renegotiation = KNOWN_NO;
    map(&rsa1024, 1);
    is("C", "tls12");
    assert_non_null(cause("cert_key", "B"));
    assert_non_null(cause("rc4", "B"));
    assert_non_null(cause("forward_secrecy", "B"));
    assert_non_null(cause("secure_renegotiation", "A-"));
    map(&rsa512, 1);
    is("F", "cert_key");
    facts.tests[TEST_RENEGOTIATION].outcome = OUTCOME_VULNERABLE;
    map(&rsa2048, 1);
    is("F", "secure_renegotiation");
    facts.secure_renegotiation = KNOWN_YES; /* renegotiation, but bound to the handshake before */
    map(&rsa2048, 1);
    is("C", "tls12");
    assert_null(cause("secure_renegotiation", "F"));
}

static void test_map_negotiated(void **state)
{
    memset(&facts, 0, sizeof facts);
    found_add(VI_TLS12, 0x000a, 0, 0);
    found_add(VI_TLS12, 0xc02f, 0x001d, 0);
    map(&rsa2048, 1);
    assert_false(in.block64_negotiated); /* the client decides, and has it last */
    assert_false(in.fs_with_few);
    facts.v[VI_TLS12].server_order = KNOWN_YES;
    map(&rsa2048, 1);
    assert_true(in.block64_negotiated && in.fs_with_few);
    facts.v[VI_TLS12].nsuites = 1;
    facts.v[VI_TLS12].server_order = KNOWN_NOT;
    map(&rsa2048, 1);
    assert_true(in.block64_negotiated); /* nothing else */
}

static void test_map_tests(void **state)
{
    static const struct {
        enum test_id id;
        const bool *on;
    } rows[] = {
        {TEST_COMPRESSION, &in.compression},
        {TEST_HEARTBLEED, &in.heartbleed},
        {TEST_EARLY_CCS, &in.early_ccs},
        {TEST_TICKETBLEED, &in.ticketbleed},
        {TEST_ROBOT, &in.robot},
        {TEST_POODLE_TLS, &in.poodle_tls},
        {TEST_ZOMBIE_POODLE, &in.zombie_poodle},
        {TEST_GOLDENDOODLE, &in.goldendoodle},
        {TEST_SLEEPING_POODLE, &in.sleeping_poodle},
        {TEST_ZERO_LENGTH, &in.zero_length},
        {TEST_LUCKY_MINUS_20, &in.lucky_minus_20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(&facts, 0, sizeof facts);
        map(NULL, 0);
        assert_false(*rows[i].on);
        facts.tests[rows[i].id].outcome = OUTCOME_VULNERABLE;
        map(NULL, 0);
        assert_true(*rows[i].on);
    }
}

static void test_map_dh(void **state)
{
    memset(&facts, 0, sizeof facts);
    found_add(VI_TLS12, 0x009e, 0, 1024);
    found_add(VI_TLS12, 0x009c, 0, 0);
    map(&rsa2048, 1);
    assert_int_equal(in.suites[0].kx_bits, 1024);
    assert_int_equal(in.suites[0].dh_bits, 1024);
    assert_int_equal(in.suites[1].kx_bits, 2048);
    is("B", "dh_weak");
    memset(&facts, 0, sizeof facts);
    found_add(VI_SSL2, 0x010080, 0, 0);
    map(&rsa2048, 1);
    assert_true(in.drown);
    is("F", "drown");
}

static void test_no_memory(void **state)
{
    struct arena tiny;
    arena_init(&tiny, 64, 64);
    good();
    assert_int_equal(grade_ssllabs(&tiny, &in, &got), -ERR_NOMEM);
    arena_done(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_best),        cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_arithmetic),  cmocka_unit_test(test_letters),
        cmocka_unit_test(test_switches),    cmocka_unit_test(test_trust),
        cmocka_unit_test(test_versions),    cmocka_unit_test(test_suites),
        cmocka_unit_test(test_key),         cmocka_unit_test(test_hsts),
        cmocka_unit_test(test_worst_first), cmocka_unit_test(test_modern_nginx),
        cmocka_unit_test(test_old_server),  cmocka_unit_test(test_map_negotiated),
        cmocka_unit_test(test_map_tests),   cmocka_unit_test(test_map_dh),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
