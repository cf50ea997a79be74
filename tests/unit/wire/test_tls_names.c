/* The registries of TLS: that each table is sorted and its names are unique, that the columns of a
 * row agree with the words of its name, and the numbers that the auditor leans on. */
#include "wire/tls_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* Walks one kind of row to its end: sorted, found again by number, unique by name. `count`
 * is how many there are. */
#define CHECK_TABLE(kind, count)                                                                   \
    do {                                                                                           \
        size_t n = 0;                                                                              \
        for (const struct tls_##kind *r; (r = tls_names_##kind##_at(n)) != NULL; n++) {            \
            assert_true(n == 0 || tls_names_##kind##_at(n - 1)->code < r->code);                   \
            assert_ptr_equal(tls_names_##kind(r->code), r);                                        \
            assert_string_equal(tls_names_##kind##_text(r->code), r->name);                        \
            for (size_t i = 0; i < n; i++)                                                         \
                assert_string_not_equal(tls_names_##kind##_at(i)->name, r->name);                  \
        }                                                                                          \
        assert_null(tls_names_##kind##_at(SIZE_MAX));                                              \
        assert_int_equal(n, count);                                                                \
    } while (0)

static void tables_are_sorted(void **state)
{
    CHECK_TABLE(group, 59);
    CHECK_TABLE(sigalg, 64);
    CHECK_TABLE(extension, 74);
    CHECK_TABLE(alert, 37);
    CHECK_TABLE(version, 28);
}

static bool has(const char *text, const char *needle)
{
    return strstr(text, needle) != NULL;
}

/* The first number of two or more digits in a name: the size of the field, mostly. */
static unsigned number_in(const char *name)
{
    for (const char *p = name; *p; p++) {
        size_t n = strspn(p, "0123456789");
        if (n >= 2)
            return (unsigned)strtoul(p, NULL, 10);
        p += n ? n - 1 : 0;
    }
    return 0;
}

/* NIST SP 800-57 part 1, 5.6.1; 192 stands between two of its rows. */
static const struct step {
    unsigned field, bits, rsa;
} steps[] = {
    {512, 256, 15360}, {384, 192, 7680}, {256, 128, 3072},
    {224, 112, 2048},  {192, 96, 1536},  {160, 80, 1024},
};

static const struct step *step_of(unsigned field)
{
    for (size_t i = 0; i < LENGTH(steps); i++)
        if (field >= steps[i].field)
            return &steps[i];
    fail_msg("field of %u bits", field);
    return NULL;
}

static void check_curve(const struct tls_group *g)
{
    if (g->code == 29 || g->code == 30 || g->code == 41) /* 255 bits; 448 bits; no number */
        return;
    const struct step *s = step_of(number_in(g->name));
    if (g->bits != s->bits || g->rsa_bits != s->rsa)
        fail_msg("%s: %u, %u", g->name, g->bits, g->rsa_bits);
}

static void check_kem(const struct tls_group *g)
{
    unsigned bits = has(g->name, "1024") ? 256 : has(g->name, "768") ? 192 : 128;
    unsigned rsa = bits == 256 ? 15360 : bits == 192 ? 7680 : 3072;
    bool kem_alone = strncmp(g->name, "MLKEM", 5) == 0 && !has(g->name, "X25519");
    assert_true(has(g->name, "MLKEM") || has(g->name, "Kyber"));
    assert_int_equal(g->kind, kem_alone ? TLS_GROUP_PQ : TLS_GROUP_HYBRID);
    assert_int_equal(g->use, has(g->name, "Kyber") ? TLS_USE_DRAFT : TLS_USE_TLS13);
    if (g->bits != bits || g->rsa_bits != rsa)
        fail_msg("%s: %u, %u", g->name, g->bits, g->rsa_bits);
}

static void groups_say_what_their_names_say(void **state)
{
    const struct tls_group *g;
    size_t pq = 0;
    for (size_t i = 0; (g = tls_names_group_at(i)) != NULL; i++) {
        pq += tls_names_group_is_pq(g);
        assert_int_equal(tls_names_group_is_pq(g), has(g->name, "MLKEM") || has(g->name, "Kyber"));
        if (tls_names_group_is_pq(g))
            check_kem(g);
        else if (g->kind == TLS_GROUP_EC)
            check_curve(g);
        else if (g->kind == TLS_GROUP_FF)
            assert_true(has(g->name, "ffdhe") && g->rsa_bits == number_in(g->name));
        else
            assert_true(has(g->name, "explicit") && g->bits == 0 && g->rsa_bits == 0);
        /* RFC 8422 5.1.1, RFC 8446 4.2.7 */
        assert_int_equal(g->use == TLS_USE_OBSOLETE, g->code <= 22 || g->code >= 0xff01);
        assert_int_equal(g->use == TLS_USE_TLS12, g->code >= 26 && g->code <= 28);
    }
    assert_int_equal(pq, 11);
}

static void groups_that_matter(void **state)
{
    static const struct {
        uint16_t code;
        const char *name, *other;
        unsigned bits, rsa;
    } rows[] = {
        {0x0013, "secp192r1", "prime192v1", 96, 1536},
        {0x0017, "secp256r1", "prime256v1", 128, 3072},
        {0x0018, "secp384r1", "P-384", 192, 7680},
        {0x0019, "secp521r1", "P-521", 256, 15360},
        {0x001d, "x25519", "Curve25519", 128, 3072},
        {0x001e, "x448", "Curve448", 224, 7680},
        {0x0029, "curveSM2", "SM2", 128, 3072},
        {0x0100, "ffdhe2048", NULL, 103, 2048},
        {0x0104, "ffdhe8192", NULL, 192, 8192},
        {0x0201, "MLKEM768", "ML-KEM-768", 192, 7680},
        {0x11eb, "SecP256r1MLKEM768", NULL, 192, 7680},
        {0x11ec, "X25519MLKEM768", NULL, 192, 7680},
        {0x11ed, "SecP384r1MLKEM1024", NULL, 256, 15360},
        {0x6399, "X25519Kyber768Draft00", NULL, 192, 7680},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct tls_group *g = tls_names_group(rows[i].code);
        assert_non_null(g);
        assert_string_equal(g->name, rows[i].name);
        assert_ptr_equal(tls_names_group_by_name(str_c(g->name)), g);
        if (rows[i].other) {
            assert_string_equal(g->other, rows[i].other);
            assert_ptr_equal(tls_names_group_by_name(str_c(g->other)), g);
        } else {
            assert_null(g->other);
        }
        assert_int_equal(g->bits, rows[i].bits);
        assert_int_equal(g->rsa_bits, rows[i].rsa);
    }
    assert_int_equal(tls_names_group_by_name(STR("x25519mlkem768"))->code, 0x11ec);
    assert_null(tls_names_group_by_name(STR("")));
    assert_null(tls_names_group_by_name(STR("prime256v")));
}

/* A part of a name, and what it means. */
struct meaning {
    const char *words;
    int value;
};

/* The value of the first row whose words are in the name, or -1. */
static int meaning_of(const char *name, const struct meaning *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (has(name, rows[i].words))
            return rows[i].value;
    return -1;
}

static const struct meaning hash_words[] = {
    {"slhdsa", TLS_HASH_INTRINSIC},
    {"mldsa", TLS_HASH_INTRINSIC},
    {"ed25519", TLS_HASH_INTRINSIC},
    {"ed448", TLS_HASH_INTRINSIC},
    {"_ib", TLS_HASH_INTRINSIC},
    {"gostr3411", TLS_HASH_GOST94},
    {"2012_256", TLS_HASH_STREEBOG256},
    {"2012_512", TLS_HASH_STREEBOG512},
    {"_sm3", TLS_HASH_SM3},
    {"_md5", TLS_HASH_MD5},
    {"_sha1", TLS_HASH_SHA1},
    {"_sha224", TLS_HASH_SHA224},
    {"_sha256", TLS_HASH_SHA256},
    {"_sha384", TLS_HASH_SHA384},
    {"_sha512", TLS_HASH_SHA512},
    {"chinese_ibs", TLS_HASH_INTRINSIC},
};

static const struct meaning key_words[] = {
    {"rsa_pss_pss", TLS_KEY_RSA_PSS}, {"rsa_", TLS_KEY_RSA},       {"ecdsa_", TLS_KEY_ECDSA},
    {"slhdsa_", TLS_KEY_SLH_DSA},     {"mldsa", TLS_KEY_ML_DSA},   {"dsa_", TLS_KEY_DSA},
    {"ed25519", TLS_KEY_ED25519},     {"ed448", TLS_KEY_ED448},    {"sm2sig", TLS_KEY_SM2},
    {"gostr", TLS_KEY_GOST},          {"eccsi", TLS_KEY_IDENTITY}, {"iso_", TLS_KEY_IDENTITY},
};

/* RFC 8446 4.2.3, RFC 9155, RFC 9189 and the registry's column of TLS 1.3. */
static int use_of(const struct tls_sigalg *s)
{
    if (has(s->name, "legacy") || has(s->name, "brainpool") || s->code >> 8 == 0x09 ||
        s->code >> 8 == 0x07)
        return TLS_USE_TLS13;
    if (has(s->name, "pkcs1") || s->key == TLS_KEY_DSA || s->hash == TLS_HASH_SHA224 ||
        tls_names_sigalg_is_weak(s) || s->key == TLS_KEY_GOST)
        return TLS_USE_TLS12;
    return TLS_USE_BOTH;
}

static void sigalgs_say_what_their_names_say(void **state)
{
    const struct tls_sigalg *s;
    for (size_t i = 0; (s = tls_names_sigalg_at(i)) != NULL; i++) {
        int hash = meaning_of(s->name, hash_words, LENGTH(hash_words));
        if (s->code == 0xeeee || s->code == 0xefef) /* they name the digest as well */
            hash = s->code == 0xeeee ? TLS_HASH_STREEBOG256 : TLS_HASH_STREEBOG512;
        int key = meaning_of(s->name, key_words, LENGTH(key_words));
        if ((int)s->hash != hash || (int)s->key != key)
            fail_msg("%s: %s, %s", s->name, tls_names_hash_text(s->hash),
                     tls_names_key_text(s->key));
        if ((int)s->use != use_of(s))
            fail_msg("%s: use %d", s->name, (int)s->use);
        assert_int_equal(tls_names_sigalg_is_weak(s), has(s->name, "md5") || has(s->name, "_sha1"));
        /* RFC 5246 7.4.1.4.1: the digest in the first byte, the key in the second. */
        if (s->code >> 8 <= 6 && (s->code & 0xff) <= 3) {
            assert_int_equal(s->hash, (int)TLS_HASH_MD5 + (s->code >> 8) - 1);
            assert_int_equal(s->key, (s->code & 0xff) == 1   ? TLS_KEY_RSA
                                     : (s->code & 0xff) == 2 ? TLS_KEY_DSA
                                                             : TLS_KEY_ECDSA);
        }
        assert_ptr_equal(tls_names_sigalg_by_name(str_c(s->name)), s);
    }
    assert_null(tls_names_sigalg_by_name(STR("")));
    assert_null(tls_names_sigalg_by_name(STR("rsa")));
}

static void texts(void **state)
{
    assert_string_equal(tls_names_sigalg_text(0x0101), "rsa_pkcs1_md5");
    assert_string_equal(tls_names_sigalg_text(0x0203), "ecdsa_sha1");
    assert_string_equal(tls_names_sigalg_text(0x0804), "rsa_pss_rsae_sha256");
    assert_string_equal(tls_names_sigalg_text(0x080b), "rsa_pss_pss_sha512");
    assert_string_equal(tls_names_sigalg_text(0x081c), "ecdsa_brainpoolP512r1tls13_sha512");
    assert_string_equal(tls_names_sigalg_text(0x0905), "mldsa65");
    assert_string_equal(tls_names_sigalg_text(0x091c), "slhdsa_shake_256f");
    assert_string_equal(tls_names_extension_text(0), "server_name");
    assert_string_equal(tls_names_extension_text(23), "extended_master_secret");
    assert_string_equal(tls_names_extension_text(51), "key_share");
    assert_string_equal(tls_names_extension_text(0x39), "quic_transport_parameters");
    assert_string_equal(tls_names_extension_text(13172), "next_protocol_negotiation");
    assert_string_equal(tls_names_extension_text(17513), "application_settings_old");
    assert_string_equal(tls_names_extension_text(17613), "application_settings");
    assert_string_equal(tls_names_extension_text(30032), "channel_id");
    assert_string_equal(tls_names_extension_text(0xfe0d), "encrypted_client_hello");
    assert_string_equal(tls_names_extension_text(0xff01), "renegotiation_info");
    assert_string_equal(tls_names_alert_text(0), "close_notify");
    assert_string_equal(tls_names_alert_text(40), "handshake_failure");
    assert_string_equal(tls_names_alert_text(70), "protocol_version");
    assert_string_equal(tls_names_alert_text(86), "inappropriate_fallback");
    assert_string_equal(tls_names_alert_text(112), "unrecognized_name");
    assert_string_equal(tls_names_alert_text(116), "certificate_required");
    assert_string_equal(tls_names_alert_text(121), "ech_required");
    assert_string_equal(tls_names_version_text(0x0002), "SSL 2.0");
    assert_string_equal(tls_names_version_text(0x0300), "SSL 3.0");
    assert_string_equal(tls_names_version_text(0x0304), "TLS 1.3");
    assert_string_equal(tls_names_version_text(0x7f1c), "TLS 1.3 draft 28");
    assert_string_equal(tls_names_version_text(0xfefd), "DTLS 1.2");
}

static void what_is_not_there(void **state)
{
    assert_null(tls_names_group(0));
    assert_null(tls_names_sigalg(0x0400));
    assert_null(tls_names_extension(0x0a0a));
    assert_null(tls_names_alert(255));
    assert_null(tls_names_version(0x0305));
    assert_string_equal(tls_names_group_text(0), "unknown");
    assert_string_equal(tls_names_group_text(0xffff), "unknown");
    assert_string_equal(tls_names_group_text(0x0a0a), "GREASE");
    assert_string_equal(tls_names_sigalg_text(0xfafa), "GREASE");
    assert_string_equal(tls_names_sigalg_text(0x0a1a), "unknown");
    assert_string_equal(tls_names_extension_text(0x2a2a), "GREASE");
    assert_string_equal(tls_names_extension_text(0xff02), "unknown");
    assert_string_equal(tls_names_version_text(0x7a7a), "GREASE");
    assert_string_equal(tls_names_version_text(0x0305), "unknown");
    assert_string_equal(tls_names_alert_text(1), "unknown");
    assert_string_equal(tls_names_alert_text(255), "unknown");
    assert_string_equal(tls_names_hash_text(TLS_HASH_COUNT), "unknown");
    assert_string_equal(tls_names_key_text(TLS_KEY_COUNT), "unknown");
}

static void versions_say_what_their_names_say(void **state)
{
    const struct tls_version *v;
    for (size_t i = 0; (v = tls_names_version_at(i)) != NULL; i++) {
        assert_int_equal(v->kind == TLS_VERSION_DRAFT, has(v->name, "draft"));
        assert_int_equal(v->kind == TLS_VERSION_DTLS, has(v->name, "DTLS"));
        assert_int_equal(v->kind == TLS_VERSION_SSL, has(v->name, "SSL"));
        if (v->kind == TLS_VERSION_DRAFT && v->code >> 8 == 0x7f)
            assert_int_equal(v->code & 0xff, number_in(v->name));
    }
}

static void uses(void **state)
{
    static const struct {
        enum tls_use use;
        bool fits_12, fits_13;
    } rows[] = {
        {TLS_USE_OBSOLETE, true, false}, {TLS_USE_TLS12, true, false}, {TLS_USE_TLS13, false, true},
        {TLS_USE_BOTH, true, true},      {TLS_USE_DRAFT, false, true},
    };
    for (size_t i = 0; i < LENGTH(rows); i++) {
        for (uint16_t v = 0x0300; v <= 0x0303; v++)
            assert_int_equal(tls_names_use_fits(rows[i].use, v), rows[i].fits_12);
        assert_int_equal(tls_names_use_fits(rows[i].use, 0x0304), rows[i].fits_13);
        assert_false(tls_names_use_fits(rows[i].use, 0x0002));
        assert_false(tls_names_use_fits(rows[i].use, 0x0305));
    }
    for (int i = 0; i < TLS_HASH_COUNT; i++)
        assert_non_null(tls_names_hash_text((enum tls_hash)i));
    for (int i = 0; i < TLS_KEY_COUNT; i++)
        assert_non_null(tls_names_key_text((enum tls_key)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sorted),
        cmocka_unit_test(groups_say_what_their_names_say),
        cmocka_unit_test(groups_that_matter),
        cmocka_unit_test(sigalgs_say_what_their_names_say),
        cmocka_unit_test(texts),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(versions_say_what_their_names_say),
        cmocka_unit_test(uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
