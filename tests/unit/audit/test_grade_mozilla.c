/* Mozilla's guideline: conforming servers, and each deviation. */
#include "audit/grade_mozilla.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;
static struct found_suite found[VI_COUNT][300];
static struct tls_facts facts;
static struct mozilla_certificate cert;
static struct mozilla_input in;
static struct conformance got;

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

static void add(enum tls_version_index v, uint32_t code)
{
    struct version_facts *f = &facts.v[v];
    f->offered = KNOWN_YES;
    f->suites = found[v];
    found[v][f->nsuites++] = (struct found_suite){.code = code};
}

/* Modern, and so intermediate. */
static void modern(void)
{
    memset(&facts, 0, sizeof facts);
    for (int v = 0; v < VI_COUNT; v++)
        facts.v[v].offered = KNOWN_NO;
    add(VI_TLS13, 0x1301);
    add(VI_TLS13, 0x1303);
    facts.v[VI_TLS13].server_order = KNOWN_NO;
    number_set_add(&facts.groups, 0x11ec);
    number_set_add(&facts.groups, 0x001d);
    cert = (struct mozilla_certificate){.key = {TLS_KEY_ECDSA, 256, 0x0017},
                                        .signed_by = TLS_KEY_ECDSA,
                                        .hash = TLS_HASH_SHA384,
                                        .lifetime = 90};
    in = (struct mozilla_input){.tls = &facts,
                                .certificates = &cert,
                                .ncertificates = 1,
                                .hsts_known = true,
                                .hsts_max_age = 63072000};
}

static void intermediate(void)
{
    modern();
    add(VI_TLS12, 0xc02f);
    add(VI_TLS12, 0xc030);
    number_set_add(&facts.groups12, 0x0017);
    cert.key = (struct grade_key){TLS_KEY_RSA, 2048, 0};
    cert.signed_by = TLS_KEY_RSA;
    cert.hash = TLS_HASH_SHA256;
    cert.lifetime = 366;
}

static void judge(enum mozilla_level level)
{
    assert_int_equal(grade_mozilla(&arena, level, &in, &got), 0);
    assert_int_equal(got.conforms, got.ndeviations == 0);
}

static bool says(const char *text)
{
    for (size_t i = 0; i < got.ndeviations; i++)
        if (str_eq(got.deviations[i], str_c(text)))
            return true;
    return false;
}

static void conforms(enum mozilla_level level)
{
    judge(level);
    if (!got.conforms)
        fail_msg("%.*s", STR_ARG(got.deviations[0]));
}

/* Just this deviation. */
static void only(enum mozilla_level level, const char *text)
{
    judge(level);
    if (got.ndeviations != 1 || !says(text))
        fail_msg("%zu: %.*s", got.ndeviations,
                 STR_ARG(got.ndeviations ? got.deviations[0] : STR("none")));
}

static void test_conform(void **state)
{
    modern();
    conforms(MOZILLA_MODERN);
    assert_string_equal(got.name, "modern");
    conforms(MOZILLA_INTERMEDIATE);
    intermediate();
    conforms(MOZILLA_INTERMEDIATE);
    assert_string_equal(got.name, "intermediate");
    conforms(MOZILLA_OLD);
    assert_string_equal(got.name, "old");
    judge(MOZILLA_MODERN);
    assert_int_equal(got.ndeviations, 4);
    assert_true(says("TLS 1.2 is offered"));
    assert_true(says("a certificate's key is RSA, which is not allowed"));
    assert_true(says("a certificate is signed by RSA with SHA-256, which is not allowed"));
    assert_true(says("a certificate lives for 366 days, more than 90"));
}

static void test_versions(void **state)
{
    intermediate();
    facts.v[VI_TLS11].offered = KNOWN_YES;
    only(MOZILLA_INTERMEDIATE, "TLS 1.1 is offered");
    facts.v[VI_TLS11].offered = KNOWN_NOT; /* what is not known is no deviation */
    conforms(MOZILLA_INTERMEDIATE);
    facts.v[VI_TLS13].offered = KNOWN_NO;
    facts.v[VI_TLS13].nsuites = 0;
    only(MOZILLA_INTERMEDIATE, "TLS 1.3 is not offered");
    intermediate();
    facts.v[VI_SSL3].offered = KNOWN_YES;
    only(MOZILLA_OLD, "SSL 3.0 is offered");
}

static void test_suites(void **state)
{
    intermediate();
    add(VI_TLS12, 0x009f); /* allowed until 5.7 */
    only(MOZILLA_INTERMEDIATE, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 in TLS 1.2 is not allowed");
    add(VI_TLS13, 0x1304);
    judge(MOZILLA_INTERMEDIATE);
    assert_true(says("TLS_AES_128_CCM_SHA256 in TLS 1.3 is not allowed"));
    intermediate();
    found[VI_TLS12][0].code = found[VI_TLS12][1].code = 0x009c;
    judge(MOZILLA_INTERMEDIATE);
    assert_true(says("TLS 1.2 has none of the suites allowed"));
    conforms(MOZILLA_OLD);
}

static void test_no_handshake(void **state)
{
    modern();
    facts.v[VI_TLS13].nsuites = 0;
    only(MOZILLA_MODERN, "no handshake was possible");
}

static void test_order(void **state)
{
    intermediate();
    facts.v[VI_TLS12].server_order = KNOWN_YES;
    only(MOZILLA_INTERMEDIATE, "the server's order of suites counts in TLS 1.2, not the client's");
    conforms(MOZILLA_OLD);
    facts.v[VI_TLS12].server_order = KNOWN_NO;
    only(MOZILLA_OLD, "the client's order of suites counts in TLS 1.2, not the server's");
}

static void test_groups(void **state)
{
    intermediate();
    number_set_add(&facts.groups, 0x0019);
    number_set_add(&facts.groups12, 0x0019);
    only(MOZILLA_INTERMEDIATE, "the group secp521r1 is not allowed"); /* once */
    modern();
    number_set_add(&facts.groups12, 0x0019); /* of versions that deviate as a whole */
    conforms(MOZILLA_MODERN);
    facts.groups.n = 0;
    number_set_add(&facts.groups, 0x001e);
    judge(MOZILLA_MODERN);
    assert_true(says("none of the groups allowed is offered"));
}

static void test_key(void **state)
{
    intermediate();
    cert.key.bits = 2047;
    only(MOZILLA_INTERMEDIATE, "the RSA key of a certificate has 2047 bits, less than 2048");
    cert.key.bits = 4096;
    conforms(MOZILLA_INTERMEDIATE);
    cert.key = (struct grade_key){TLS_KEY_ECDSA, 384, 0x0018};
    conforms(MOZILLA_INTERMEDIATE);
    only(MOZILLA_OLD, "a certificate's key is ECDSA, which is not allowed");
    cert.key = (struct grade_key){TLS_KEY_ECDSA, 521, 0x0019};
    only(MOZILLA_INTERMEDIATE, "the curve of a certificate's key is not allowed: secp521r1");
    cert.key = (struct grade_key){TLS_KEY_ECDSA, 256, 0};
    only(MOZILLA_INTERMEDIATE, "the curve of a certificate's key is not allowed: unknown");
    cert.key = (struct grade_key){TLS_KEY_ED25519, 256, 0};
    only(MOZILLA_INTERMEDIATE, "a certificate's key is Ed25519, which is not allowed");
}

static void test_signature(void **state)
{
    modern();
    cert.hash = TLS_HASH_SHA1;
    only(MOZILLA_MODERN, "a certificate is signed by ECDSA with SHA-1, which is not allowed");
    cert.hash = TLS_HASH_SHA512;
    conforms(MOZILLA_MODERN);
    cert.signed_by = TLS_KEY_RSA;
    only(MOZILLA_INTERMEDIATE, "a certificate is signed by RSA with SHA-512, which is not allowed");
}

static void test_lifetime(void **state)
{
    modern();
    cert.lifetime = 91;
    only(MOZILLA_MODERN, "a certificate lives for 91 days, more than 90");
    conforms(MOZILLA_INTERMEDIATE);
    cert.lifetime = 367;
    only(MOZILLA_INTERMEDIATE, "a certificate lives for 367 days, more than 366");
}

static void test_hsts(void **state)
{
    modern();
    in.hsts_max_age = 63071999;
    only(MOZILLA_MODERN, "HSTS lasts for 63071999 seconds, less than 63072000");
    in.hsts_max_age = -1;
    only(MOZILLA_MODERN, "HSTS is not sent");
    in.hsts_known = false;
    conforms(MOZILLA_MODERN);
}

static void test_staple(void **state)
{
    modern();
    cert.has_ocsp = true;
    only(MOZILLA_MODERN, "no OCSP answer is stapled, though a certificate names a responder");
    cert.stapled = true;
    conforms(MOZILLA_MODERN);
}

static void test_many(void **state)
{
    modern();
    for (int i = 0; i < 290; i++)
        add(VI_TLS13, 0x002f);
    judge(MOZILLA_MODERN);
    assert_int_equal(got.ndeviations, MOZILLA_DEVIATIONS_MAX);
    assert_true(says("and 35 more deviations"));
}

static void test_no_memory(void **state)
{
    struct arena small;
    modern();
    facts.v[VI_TLS10].offered = KNOWN_YES;
    arena_init(&small, 64, MOZILLA_DEVIATIONS_MAX * sizeof(struct str) + 4);
    assert_int_equal(grade_mozilla(&small, MOZILLA_MODERN, &in, &got), -ERR_NOMEM);
    arena_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conform),   cmocka_unit_test(test_versions),
        cmocka_unit_test(test_suites),    cmocka_unit_test(test_no_handshake),
        cmocka_unit_test(test_order),     cmocka_unit_test(test_groups),
        cmocka_unit_test(test_key),       cmocka_unit_test(test_signature),
        cmocka_unit_test(test_lifetime),  cmocka_unit_test(test_hsts),
        cmocka_unit_test(test_staple),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
