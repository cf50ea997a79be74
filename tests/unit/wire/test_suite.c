/* Cipher suites. The parts of each row are read out of its name a second time, by tables that are
 * written here word for word; so a slip in suite.def shows unless it was made twice. */
#include "wire/suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* Left of "_WITH_". */
static const struct exchange {
    const char *words;
    enum suite_kx kx;
    enum suite_auth auth;
} exchanges[] = {
    {"TLS_NULL", SUITE_KX_NULL, SUITE_AUTH_NULL},
    {"TLS_RSA", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"TLS_RSA_EXPORT", SUITE_KX_RSA_EXPORT, SUITE_AUTH_RSA},
    {"TLS_RSA_EXPORT1024", SUITE_KX_RSA_EXPORT1024, SUITE_AUTH_RSA},
    {"SSL_RSA_FIPS", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_RSA_OLDFIPS", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"TLS_DH_DSS", SUITE_KX_DH, SUITE_AUTH_DSS},
    {"TLS_DH_RSA", SUITE_KX_DH, SUITE_AUTH_RSA},
    {"TLS_DH_DSS_EXPORT", SUITE_KX_DH_EXPORT, SUITE_AUTH_DSS},
    {"TLS_DH_RSA_EXPORT", SUITE_KX_DH_EXPORT, SUITE_AUTH_RSA},
    {"TLS_DHE_DSS", SUITE_KX_DHE, SUITE_AUTH_DSS},
    {"TLS_DHE_RSA", SUITE_KX_DHE, SUITE_AUTH_RSA},
    {"TLS_DHE_DSS_EXPORT", SUITE_KX_DHE_EXPORT, SUITE_AUTH_DSS},
    {"TLS_DHE_RSA_EXPORT", SUITE_KX_DHE_EXPORT, SUITE_AUTH_RSA},
    {"TLS_DHE_DSS_EXPORT1024", SUITE_KX_DHE_EXPORT1024, SUITE_AUTH_DSS},
    {"TLS_DH_anon", SUITE_KX_DH_ANON, SUITE_AUTH_ANON},
    {"TLS_DH_anon_EXPORT", SUITE_KX_DH_ANON_EXPORT, SUITE_AUTH_ANON},
    {"TLS_ECDH_ECDSA", SUITE_KX_ECDH, SUITE_AUTH_ECDSA},
    {"TLS_ECDH_RSA", SUITE_KX_ECDH, SUITE_AUTH_RSA},
    {"TLS_ECDHE_ECDSA", SUITE_KX_ECDHE, SUITE_AUTH_ECDSA},
    {"TLS_ECDHE_RSA", SUITE_KX_ECDHE, SUITE_AUTH_RSA},
    {"TLS_ECDH_anon", SUITE_KX_ECDH_ANON, SUITE_AUTH_ANON},
    {"TLS_CECPQ1_RSA", SUITE_KX_CECPQ1, SUITE_AUTH_RSA},
    {"TLS_CECPQ1_ECDSA", SUITE_KX_CECPQ1, SUITE_AUTH_ECDSA},
    {"TLS_PSK", SUITE_KX_PSK, SUITE_AUTH_PSK},
    {"TLS_DHE_PSK", SUITE_KX_DHE_PSK, SUITE_AUTH_PSK},
    {"TLS_PSK_DHE", SUITE_KX_DHE_PSK, SUITE_AUTH_PSK},
    {"TLS_ECDHE_PSK", SUITE_KX_ECDHE_PSK, SUITE_AUTH_PSK},
    {"TLS_RSA_PSK", SUITE_KX_RSA_PSK, SUITE_AUTH_RSA},
    {"TLS_KRB5", SUITE_KX_KRB5, SUITE_AUTH_KRB5},
    {"TLS_KRB5_EXPORT", SUITE_KX_KRB5_EXPORT, SUITE_AUTH_KRB5},
    {"TLS_SRP_SHA", SUITE_KX_SRP, SUITE_AUTH_SRP},
    {"TLS_SRP_SHA_RSA", SUITE_KX_SRP, SUITE_AUTH_RSA},
    {"TLS_SRP_SHA_DSS", SUITE_KX_SRP, SUITE_AUTH_DSS},
    {"TLS_ECCPWD", SUITE_KX_ECCPWD, SUITE_AUTH_ECCPWD},
    {"SSL_FORTEZZA_KEA", SUITE_KX_FORTEZZA, SUITE_AUTH_FORTEZZA},
    {"TLS_GOSTR341094", SUITE_KX_GOST, SUITE_AUTH_GOST94},
    {"TLS_GOSTR341001", SUITE_KX_GOST, SUITE_AUTH_GOST01},
    {"TLS_GOSTR341112_256", SUITE_KX_GOST, SUITE_AUTH_GOST12},
    {"TLS_GOSTR341094_RSA", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_RC4_128", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_RC4_128_EXPORT40", SUITE_KX_RSA_EXPORT, SUITE_AUTH_RSA},
    {"SSL_CK_RC2_128_CBC", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_RC2_128_CBC_EXPORT40", SUITE_KX_RSA_EXPORT, SUITE_AUTH_RSA},
    {"SSL_CK_IDEA_128_CBC", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_DES_64_CBC", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_DES_64_CFB64", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_DES_192_EDE3_CBC", SUITE_KX_RSA, SUITE_AUTH_RSA},
    {"SSL_CK_RC4_64", SUITE_KX_RSA, SUITE_AUTH_RSA},
};

/* Right of it, or of "TLS_" in TLS 1.3, or of "SSL_CK_" in SSL 2.0: the longest that fits, which
 * ends with the words or before an underscore. */
static const struct cipher {
    const char *words;
    enum suite_enc enc;
    unsigned strength, key, block;
} ciphers[] = {
    {"NULL", SUITE_ENC_NULL, 0, 0, 0},
    {"SHA256_SHA256", SUITE_ENC_NULL, 0, 0, 0},
    {"SHA384_SHA384", SUITE_ENC_NULL, 0, 0, 0},
    {"RC4_40", SUITE_ENC_RC4_40, 40, 16, 0},
    {"RC4_128_EXPORT40", SUITE_ENC_RC4_40, 40, 16, 0},
    {"RC4_56", SUITE_ENC_RC4_56, 56, 16, 0},
    {"RC4_64", SUITE_ENC_RC4_64, 64, 8, 0},
    {"RC4_128", SUITE_ENC_RC4_128, 128, 16, 0},
    {"RC2_CBC_40", SUITE_ENC_RC2_40_CBC, 40, 16, 8},
    {"RC2_128_CBC_EXPORT40", SUITE_ENC_RC2_40_CBC, 40, 16, 8},
    {"RC2_CBC_56", SUITE_ENC_RC2_56_CBC, 56, 16, 8},
    {"RC2_128_CBC", SUITE_ENC_RC2_128_CBC, 128, 16, 8},
    {"DES40_CBC", SUITE_ENC_DES40_CBC, 40, 8, 8},
    {"DES_CBC_40", SUITE_ENC_DES40_CBC, 40, 8, 8},
    {"DES_CBC", SUITE_ENC_DES_CBC, 56, 8, 8},
    {"DES_64_CBC", SUITE_ENC_DES_CBC, 56, 8, 8},
    {"DES_64_CFB64", SUITE_ENC_DES_CFB, 56, 8, 8},
    {"3DES_EDE_CBC", SUITE_ENC_3DES_EDE_CBC, 112, 24, 8},
    {"DES_192_EDE3_CBC", SUITE_ENC_3DES_EDE_CBC, 112, 24, 8},
    {"IDEA_CBC", SUITE_ENC_IDEA_CBC, 128, 16, 8},
    {"IDEA_128_CBC", SUITE_ENC_IDEA_CBC, 128, 16, 8},
    {"FORTEZZA_CBC", SUITE_ENC_FORTEZZA_CBC, 80, 10, 8},
    {"SEED_CBC", SUITE_ENC_SEED_CBC, 128, 16, 16},
    {"AES_128_CBC", SUITE_ENC_AES_128_CBC, 128, 16, 16},
    {"AES_256_CBC", SUITE_ENC_AES_256_CBC, 256, 32, 16},
    {"AES_128_GCM", SUITE_ENC_AES_128_GCM, 128, 16, 16},
    {"AES_256_GCM", SUITE_ENC_AES_256_GCM, 256, 32, 16},
    {"AES_128_CCM", SUITE_ENC_AES_128_CCM, 128, 16, 16},
    {"AES_256_CCM", SUITE_ENC_AES_256_CCM, 256, 32, 16},
    {"AES_128_CCM_8", SUITE_ENC_AES_128_CCM_8, 128, 16, 16},
    {"AES_256_CCM_8", SUITE_ENC_AES_256_CCM_8, 256, 32, 16},
    {"CAMELLIA_128_CBC", SUITE_ENC_CAMELLIA_128_CBC, 128, 16, 16},
    {"CAMELLIA_256_CBC", SUITE_ENC_CAMELLIA_256_CBC, 256, 32, 16},
    {"CAMELLIA_128_GCM", SUITE_ENC_CAMELLIA_128_GCM, 128, 16, 16},
    {"CAMELLIA_256_GCM", SUITE_ENC_CAMELLIA_256_GCM, 256, 32, 16},
    {"ARIA_128_CBC", SUITE_ENC_ARIA_128_CBC, 128, 16, 16},
    {"ARIA_256_CBC", SUITE_ENC_ARIA_256_CBC, 256, 32, 16},
    {"ARIA_128_GCM", SUITE_ENC_ARIA_128_GCM, 128, 16, 16},
    {"ARIA_256_GCM", SUITE_ENC_ARIA_256_GCM, 256, 32, 16},
    {"CHACHA20_POLY1305", SUITE_ENC_CHACHA20_POLY1305, 256, 32, 0},
    {"ESTREAM_SALSA20", SUITE_ENC_ESTREAM_SALSA20, 256, 32, 0},
    {"SALSA20", SUITE_ENC_SALSA20, 256, 32, 0},
    {"SM4_GCM", SUITE_ENC_SM4_GCM, 128, 16, 16},
    {"SM4_CCM", SUITE_ENC_SM4_CCM, 128, 16, 16},
    {"ASCONAEAD128", SUITE_ENC_ASCON_128, 128, 16, 0},
    {"AEGIS_128L", SUITE_ENC_AEGIS_128L, 128, 16, 0},
    {"AEGIS_256", SUITE_ENC_AEGIS_256, 256, 32, 0},
    {"28147_CNT", SUITE_ENC_28147_CNT, 256, 32, 8},
    {"MAGMA_CTR", SUITE_ENC_MAGMA_CTR, 256, 32, 8},
    {"KUZNYECHIK_CTR", SUITE_ENC_KUZNYECHIK_CTR, 256, 32, 16},
    {"MAGMA_MGM_L", SUITE_ENC_MAGMA_MGM_L, 256, 32, 8},
    {"MAGMA_MGM_S", SUITE_ENC_MAGMA_MGM_S, 256, 32, 8},
    {"KUZNYECHIK_MGM_L", SUITE_ENC_KUZNYECHIK_MGM_L, 256, 32, 16},
    {"KUZNYECHIK_MGM_S", SUITE_ENC_KUZNYECHIK_MGM_S, 256, 32, 16},
};

/* What is left behind the cipher. */
static const struct digest {
    const char *words;
    enum suite_mac mac; /* of no meaning with AEAD */
    enum suite_prf prf; /* in TLS */
    unsigned size;
} digests[] = {
    {"", SUITE_MAC_NULL, SUITE_PRF_SHA256, 0}, /* CCM, and integrity only */
    {"_NULL", SUITE_MAC_NULL, SUITE_PRF_SHA256, 0},
    {"_MD5", SUITE_MAC_MD5, SUITE_PRF_SHA256, 16},
    {"_WITH_MD5", SUITE_MAC_MD5, SUITE_PRF_MD5, 16},
    {"_WITH_MD5_1", SUITE_MAC_MD5, SUITE_PRF_MD5, 16},
    {"_WITH_SHA", SUITE_MAC_SHA1, SUITE_PRF_MD5, 20},
    {"_SHA", SUITE_MAC_SHA1, SUITE_PRF_SHA256, 20},
    {"_SHA1", SUITE_MAC_SHA1, SUITE_PRF_SHA256, 20},
    {"_RMD", SUITE_MAC_RMD160, SUITE_PRF_SHA256, 20},
    {"_SHA256", SUITE_MAC_SHA256, SUITE_PRF_SHA256, 32},
    {"_SHA256_OLD", SUITE_MAC_SHA256, SUITE_PRF_SHA256, 32},
    {"_SHA384", SUITE_MAC_SHA384, SUITE_PRF_SHA384, 48},
    {"_SHA512", SUITE_MAC_NULL, SUITE_PRF_SHA512, 0},
    {"_SM3", SUITE_MAC_NULL, SUITE_PRF_SM3, 0},
    {"_ASCONHASH256", SUITE_MAC_NULL, SUITE_PRF_ASCON, 0},
    {"_GOST94", SUITE_MAC_GOST94, SUITE_PRF_GOST94, 32},
    {"_GOST89MAC", SUITE_MAC_GOST28147, SUITE_PRF_GOST94, 4},
    {"_GOST89STREAM", SUITE_MAC_GOST28147, SUITE_PRF_GOST94, 4},
};

static const struct exchange *exchange_of(struct str words)
{
    for (size_t i = 0; i < LENGTH(exchanges); i++)
        if (str_eq(words, str_c(exchanges[i].words)))
            return &exchanges[i];
    fail_msg("no exchange: %.*s", STR_ARG(words));
    return NULL;
}

static const struct cipher *cipher_of(struct str words)
{
    const struct cipher *best = NULL;
    for (size_t i = 0; i < LENGTH(ciphers); i++) {
        struct str w = str_c(ciphers[i].words);
        if (str_starts(words, w) && (words.n == w.n || words.p[w.n] == '_'))
            if (!best || w.n > strlen(best->words))
                best = &ciphers[i];
    }
    if (!best)
        fail_msg("no cipher: %.*s", STR_ARG(words));
    return best;
}

static const struct digest *digest_of(struct str words)
{
    for (size_t i = 0; i < LENGTH(digests); i++)
        if (str_eq(words, str_c(digests[i].words)))
            return &digests[i];
    fail_msg("no digest: %.*s", STR_ARG(words));
    return NULL;
}

/* Offset of the needle, or h.n. */
static size_t find(struct str h, const char *needle)
{
    struct str n = str_c(needle);
    size_t i = 0;
    while (i < h.n && !str_starts(str_from(h, i), n))
        i++;
    return i;
}

static bool has(const struct suite *s, const char *needle)
{
    return find(str_c(s->name), needle) < strlen(s->name);
}

static void check_exchange(const struct suite *s)
{
    struct str name = str_c(s->name);
    size_t with = find(name, "_WITH_");
    if (s->min_version == 0x0304) {
        assert_true(s->kx == SUITE_KX_ANY && s->auth == SUITE_AUTH_ANY);
        return;
    }
    assert_true(s->kx != SUITE_KX_ANY && s->auth != SUITE_AUTH_ANY);
    if (s->code == 0xff8010)
        return;
    const struct exchange *x = exchange_of(str_sub(name, 0, with));
    if (s->kx != x->kx || s->auth != x->auth)
        fail_msg("%s: %s, %s", s->name, suite_kx_text(s->kx), suite_auth_text(s->auth));
}

/* The name from the cipher on. */
static struct str cipher_words(const struct suite *s)
{
    struct str name = str_c(s->name);
    if (str_starts(name, STR("SSL_CK_")))
        return str_from(name, 7);
    size_t with = find(name, "_WITH_");
    return str_from(name, with < name.n ? with + 6 : 4);
}

static bool is_gost(const struct suite *s)
{
    return has(s, "GOSTR");
}

static void check_digest(const struct suite *s, struct str rest)
{
    const struct digest *d = digest_of(rest);
    bool aead = suite_is_aead(s);
    if (s->code == 0xc0b4 || s->code == 0xc0b5 || s->code == 0xff8010)
        return;
    if (s->prf != d->prf)
        fail_msg("%s: PRF %s", s->name, suite_prf_text(s->prf));
    if (s->mac != (aead ? SUITE_MAC_AEAD : d->mac) || suite_mac_size(s) != (aead ? 0 : d->size))
        fail_msg("%s: MAC %s", s->name, suite_mac_text(s->mac));
}

static void rows_say_what_their_names_say(void **state)
{
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        struct str words = cipher_words(s);
        const struct cipher *c = cipher_of(words);
        if (s->enc != c->enc || suite_strength(s) != c->strength || suite_key_size(s) != c->key ||
            suite_block_size(s) != c->block)
            fail_msg("%s: %s", s->name, suite_enc_text(s->enc));
        check_exchange(s);
        if (!is_gost(s))
            check_digest(s, str_from(words, strlen(c->words)));
    }
}

/* Their names do not end in a digest. */
static void gost_and_integrity_only(void **state)
{
    static const struct {
        uint32_t code;
        enum suite_mac mac;
        enum suite_prf prf;
        unsigned size;
    } rows[] = {
        {0x0080, SUITE_MAC_GOST28147, SUITE_PRF_GOST94, 4},
        {0x0081, SUITE_MAC_GOST28147, SUITE_PRF_GOST94, 4},
        {0x0082, SUITE_MAC_GOST94, SUITE_PRF_GOST94, 32},
        {0x0083, SUITE_MAC_GOST94, SUITE_PRF_GOST94, 32},
        {0xc0b4, SUITE_MAC_SHA256, SUITE_PRF_SHA256, 32},
        {0xc0b5, SUITE_MAC_SHA384, SUITE_PRF_SHA384, 48},
        {0xc100, SUITE_MAC_OMAC, SUITE_PRF_STREEBOG256, 16},
        {0xc101, SUITE_MAC_OMAC, SUITE_PRF_STREEBOG256, 8},
        {0xc102, SUITE_MAC_GOST28147, SUITE_PRF_STREEBOG256, 4},
        {0xc103, SUITE_MAC_AEAD, SUITE_PRF_STREEBOG256, 0},
        {0xc104, SUITE_MAC_AEAD, SUITE_PRF_STREEBOG256, 0},
        {0xc105, SUITE_MAC_AEAD, SUITE_PRF_STREEBOG256, 0},
        {0xc106, SUITE_MAC_AEAD, SUITE_PRF_STREEBOG256, 0},
        {0xff00, SUITE_MAC_MD5, SUITE_PRF_SHA256, 16},
        {0xff85, SUITE_MAC_GOST28147, SUITE_PRF_STREEBOG256, 4},
        {0xff87, SUITE_MAC_STREEBOG256, SUITE_PRF_STREEBOG256, 32},
    };
    size_t gost = 0;
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const struct suite *s = suite_find(rows[i].code);
        assert_non_null(s);
        gost += is_gost(s);
        if (s->mac != rows[i].mac || s->prf != rows[i].prf || suite_mac_size(s) != rows[i].size)
            fail_msg("%s: %s, %s", s->name, suite_mac_text(s->mac), suite_prf_text(s->prf));
    }
    for (size_t i = 0; i < suite_count(); i++)
        gost -= is_gost(suite_at(i));
    assert_int_equal(gost, 0); /* all were in the rows */
}

static void sorted_and_unique(void **state)
{
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        assert_true(i == 0 || suite_at(i - 1)->code < s->code);
        assert_ptr_equal(suite_find(s->code), s);
        assert_ptr_equal(suite_by_name(str_c(s->name)), s);
        assert_string_equal(suite_text(s->code), s->name);
        if (s->openssl && s->code <= 0xffff)
            assert_ptr_equal(suite_by_name(str_c(s->openssl)), s);
        /* Above the two bytes of TLS there is SSL 2.0 alone, and it nowhere else. */
        assert_int_equal(s->code > 0xffff, s->min_version == 0x0002);
    }
    assert_null(suite_at(suite_count()));
    assert_null(suite_at(SIZE_MAX));
}

static void counts(void **state)
{
    size_t ssl2 = 0, tls13 = 0, rfc8446 = 0, export = 0, null = 0, anonymous = 0, block64 = 0,
           rc4 = 0;
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        ssl2 += s->min_version == 0x0002;
        tls13 += s->min_version == 0x0304;
        rfc8446 += s->code >= 0x1301 && s->code <= 0x1305;
        export += suite_is_export(s);
        null += suite_is_null(s);
        anonymous += suite_is_anonymous(s);
        block64 += suite_is_block64(s);
        rc4 += suite_is_rc4(s);
    }
    assert_int_equal(suite_count(), 421);
    assert_int_equal(ssl2, 12);
    assert_int_equal(tls13, 19);
    assert_int_equal(rfc8446, 5);
    assert_int_equal(export, 23);
    assert_int_equal(null, 28);
    assert_int_equal(anonymous, 29);
    assert_int_equal(block64, 72);
    assert_int_equal(rc4, 25);
}

static void predicates(void **state)
{
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        bool anonymous = has(s, "anon") || s->code == 0 || s->code == 0xff8010;
        bool aead = has(s, "GCM") || has(s, "CCM") || has(s, "POLY1305") || has(s, "MGM") ||
                    has(s, "AEGIS") || has(s, "ASCONAEAD");
        bool ephemeral = s->min_version == 0x0304 || has(s, "DHE_") || has(s, "SRP") ||
                         has(s, "ECCPWD") || has(s, "CECPQ1");
        assert_int_equal(suite_is_export(s), has(s, "EXPORT"));
        assert_int_equal(suite_is_anonymous(s), anonymous);
        assert_int_equal(suite_is_aead(s), aead);
        assert_int_equal(suite_is_aead(s), s->mac == SUITE_MAC_AEAD);
        assert_int_equal(suite_is_cbc(s), has(s, "CBC"));
        assert_int_equal(suite_is_forward_secret(s), ephemeral && !has(s, "EXPORT"));
        assert_int_equal(suite_is_rc4(s), has(s, "RC4"));
        assert_int_equal(suite_is_ccm8(s), has(s, "CCM_8"));
        assert_int_equal(suite_is_psk(s), has(s, "PSK"));
        assert_int_equal(suite_is_null(s), suite_strength(s) == 0);
        assert_true(!suite_is_cbc(s) || suite_block_size(s) > 0);
        if (suite_is_export(s))
            assert_true(suite_strength(s) <= 56);
    }
    assert_true(suite_is_rsa_encryption(suite_find(0x002f)));
    assert_true(suite_is_rsa_encryption(suite_find(0x0003)));
    assert_true(suite_is_rsa_encryption(suite_find(0x0062)));
    assert_true(suite_is_rsa_encryption(suite_find(0x0094)));
    assert_false(suite_is_rsa_encryption(suite_find(0x0033)));
    assert_false(suite_is_rsa_encryption(suite_find(0xc013)));
    assert_false(suite_is_rsa_encryption(suite_find(0x1301)));
}

/* AEAD and the digests of SHA-2 came with TLS 1.2 (RFC 5246, RFC 5288); only those of RFC 5487 and
 * its kin, with PSK and CBC, fit what was before. */
static void versions(void **state)
{
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        bool sha2 = s->mac == SUITE_MAC_SHA256 || s->mac == SUITE_MAC_SHA384;
        uint16_t from = s->min_version == 0x0304 || s->code > 0xffff     ? s->min_version
                        : suite_is_aead(s) || (sha2 && !suite_is_psk(s)) ? 0x0303
                        : s->code == 0xc100 || s->code == 0xc101 || s->code == 0xc102 ? 0x0303
                        : s->kx == SUITE_KX_ECDH || s->kx == SUITE_KX_ECDHE           ? 0x0301
                                                                                      : 0;
        if (from ? s->min_version != from : s->min_version > 0x0301)
            fail_msg("%s: 0x%04x", s->name, s->min_version);
    }
    static const struct {
        uint32_t code;
        unsigned fits; /* bits: SSL 2.0, 3.0, TLS 1.0 to 1.3 */
    } rows[] = {
        {0x010080, 0x01}, {0x0003, 0x1e}, {0x002f, 0x1e}, {0xc013, 0x1e}, {0x008c, 0x1e},
        {0x00ae, 0x1e},   {0x003c, 0x10}, {0xc02f, 0x10}, {0xcca8, 0x10}, {0xc100, 0x10},
        {0x1301, 0x20},   {0x00c6, 0x20}, {0xc0b4, 0x20}, {0xc103, 0x20},
    };
    static const uint16_t all[] = {0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304};
    for (size_t i = 0; i < LENGTH(rows); i++)
        for (size_t v = 0; v < LENGTH(all); v++)
            if (suite_fits(suite_find(rows[i].code), all[v]) != (rows[i].fits >> v & 1))
                fail_msg("0x%04x in 0x%04x", rows[i].code, all[v]);
    assert_false(suite_fits(suite_find(0x002f), 0x0305));
    assert_false(suite_fits(suite_find(0x002f), 0x7f1c));
}

static void look_ups(void **state)
{
    assert_null(suite_find(SUITE_SIGNAL_RENEGOTIATION));
    assert_null(suite_find(SUITE_SIGNAL_FALLBACK));
    assert_null(suite_find(0x0a0a));
    assert_null(suite_find(UINT32_MAX));
    assert_int_equal(suite_by_name(STR("AES128-SHA"))->code, 0x002f);
    assert_int_equal(suite_by_name(STR("ecdhe-rsa-aes128-gcm-sha256"))->code, 0xc02f);
    assert_int_equal(suite_by_name(STR("ECDHE-ECDSA-CHACHA20-POLY1305"))->code, 0xcca9);
    assert_int_equal(suite_by_name(STR("DES-CBC3-SHA"))->code, 0x000a);
    assert_int_equal(suite_by_name(STR("RC4-MD5"))->code, 0x0004);
    assert_int_equal(suite_by_name(STR("RC2-CBC-MD5"))->code, 0x030080);
    assert_int_equal(suite_by_name(STR("tls_aes_128_gcm_sha256"))->code, 0x1301);
    assert_null(suite_by_name(STR("")));
    assert_null(suite_by_name(STR("AES128-SH")));
    assert_null(suite_by_name(STR("AES128-SHA ")));
    assert_string_equal(suite_text(0x00ff), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");
    assert_string_equal(suite_text(0x5600), "TLS_FALLBACK_SCSV");
    assert_string_equal(suite_text(0x0a0a), "GREASE");
    assert_string_equal(suite_text(0xfafa), "GREASE");
    assert_string_equal(suite_text(0x1a2a), "unknown");
    assert_string_equal(suite_text(0x0a0a0a), "unknown");
    assert_string_equal(suite_text(0xffff), "unknown");
}

static void parts_have_texts(void **state)
{
    for (int i = 0; i < SUITE_KX_COUNT; i++)
        assert_non_null(suite_kx_text((enum suite_kx)i));
    for (int i = 0; i < SUITE_AUTH_COUNT; i++)
        assert_non_null(suite_auth_text((enum suite_auth)i));
    for (int i = 0; i < SUITE_ENC_COUNT; i++)
        assert_non_null(suite_enc_text((enum suite_enc)i));
    for (int i = 0; i < SUITE_MAC_COUNT; i++)
        assert_non_null(suite_mac_text((enum suite_mac)i));
    for (int i = 0; i < SUITE_PRF_COUNT; i++)
        assert_non_null(suite_prf_text((enum suite_prf)i));
    assert_string_equal(suite_kx_text(SUITE_KX_DHE_EXPORT), "DHE export");
    assert_string_equal(suite_enc_text(SUITE_ENC_3DES_EDE_CBC), "3DES-CBC");
    assert_string_equal(suite_kx_text(SUITE_KX_COUNT), "unknown");
    assert_string_equal(suite_auth_text(SUITE_AUTH_COUNT), "unknown");
    assert_string_equal(suite_enc_text(SUITE_ENC_COUNT), "unknown");
    assert_string_equal(suite_mac_text(SUITE_MAC_COUNT), "unknown");
    assert_string_equal(suite_prf_text(SUITE_PRF_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_say_what_their_names_say),
        cmocka_unit_test(gost_and_integrity_only),
        cmocka_unit_test(sorted_and_unique),
        cmocka_unit_test(counts),
        cmocka_unit_test(predicates),
        cmocka_unit_test(versions),
        cmocka_unit_test(look_ups),
        cmocka_unit_test(parts_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
