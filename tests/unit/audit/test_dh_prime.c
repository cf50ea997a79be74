/* The table of well-known primes: each is a prime of its size, and its digest is right. Those of the
 * RFCs come from the TLS library, the others stand here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "audit/dh_prime.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

static const char *const built_in[] = {
    "D4BCD52406F69B35994B88DE5DB89682C8157F62D8F33633EE5772F11F05AB22D6B5145B9F241E5ACC31FF090A4BC711"
    "48976F76795094E71E7903529F5A824B",
    "E6969D3D495BE32C7CF180C3BDD4798E91B7818251BB055E2A2064904A79A770FA15A259CBD523A6A6EF09C43048D5A2"
    "2F971F3C20129B48000E6EDD061CBC053E371D794E5327DF611EBBBE1BAC9B5C6044CF023D76E05EEA9BAD991B13A63C"
    "974E9EF1839EB5DB125136F7262E56A8871538DFD823C6505085E21F0DD5C86B",
    "BBBC2DCAD84674907C43FCF580E9CFDBD958A3F568B42D4B08EED4EB0FB3504C6C030276E710800C5CCBBAA8922614C5"
    "BEECA565A5FDF1D287A2BC049BE6778060E91A92A757E3048F68B076F7D36CC8F29BA5DF81DC2CA725ECE66270CC9A50"
    "35D8CECEEF9EA0274A63AB1E58FAFD4988D0F65D146757DA071DF045CFE16B9B",
    "DA583C16D9852289D0E4AF756F4CCA92DD4BE533B804FB0FED94EF9C8A4403ED574650D36999DB29D776276BA2D3D412"
    "E218F4DD1E084CF6D8003E7C4774E833",
    "FCA682CE8E12CABA26EFCCF7110E526DB078B05EDECBCD1EB4A208F3AE1617AE01F35B91A47E6DF63413C5E12ED0899B"
    "CD132ACD50D99151BDC43EE737592E17",
    "E9E642599D355F37C97FFD3567120B8E25C9CD43E927B3A9670FBEC5D890141922D2C3B3AD2480093799869D1E846AAB"
    "49FAB0AD26D2CE6A22219D470BCE7D777D4A21FBE9C270B57F607002F3CEF8393694CF45EE3688C11A8C56AB127A3DAF",
    "FD7F53811D75122952DF4A9C2EECE4E7F611B7523CEF4400C31E3F80B6512669455D402251FB593D8D58FABFC5F5BA30"
    "F6CB9B556CD7813B801D346FF26660B76B9950A5A49F9FE8047B1022C24FBBA9D7FEB7C61BF83B57E7C6A8A6150F04FB"
    "83F6D3C51EC3023554135A169132F675F3AE2B61D72AEFF22203199DD14801C7",
};

static BIGNUM *(*const of_rfcs[])(BIGNUM *) = {
    BN_get_rfc2409_prime_768,  BN_get_rfc2409_prime_1024, BN_get_rfc3526_prime_1536,
    BN_get_rfc3526_prime_2048, BN_get_rfc3526_prime_3072, BN_get_rfc3526_prime_4096,
    BN_get_rfc3526_prime_6144, BN_get_rfc3526_prime_8192,
};

static const char *const by_name[] = {"ffdhe2048", "ffdhe3072", "ffdhe4096",
                                      "ffdhe6144", "ffdhe8192", "dh_1024_160"};

static BIGNUM *named(const char *group)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)group, 0), OSSL_PARAM_END};
    const char *type = group[0] == 'f' ? "DH" : "DHX";
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;
    BIGNUM *p = NULL;
    params[0].data_size = strlen(group);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_PKEY_generate(ctx, &key), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_FFC_P, &p), 1);
    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    return p;
}

/* Primality is costly: of what is larger, the digest alone, for the library's word is good. */
static void expect(BIGNUM *p, bool seen[64])
{
    char bytes[1026] = "";
    assert_non_null(p);
    size_t n = (size_t)BN_bn2bin(p, (unsigned char *)bytes + 1);
    const struct dh_prime *found = dh_prime_find(str_of(bytes + 1, n));
    if (!found)
        fail_msg("a prime of %d bits is not in the table", BN_num_bits(p));
    assert_int_equal(found->bits, BN_num_bits(p));
    assert_ptr_equal(found, dh_prime_find(str_of(bytes, n + 1)));
    if (found->bits <= 2048)
        assert_int_equal(BN_check_prime(p, NULL, NULL), 1);
    for (size_t i = 0; dh_prime_at(i); i++)
        seen[i] = seen[i] || dh_prime_at(i) == found;
    bytes[n] ^= 2;
    assert_null(dh_prime_find(str_of(bytes + 1, n)));
    BN_free(p);
}

static void test_primes(void **state)
{
    bool seen[64] = {false};
    for (size_t i = 0; i < sizeof of_rfcs / sizeof *of_rfcs; i++)
        expect(of_rfcs[i](NULL), seen);
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++)
        expect(named(by_name[i]), seen);
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        BIGNUM *p = NULL;
        assert_true(BN_hex2bn(&p, built_in[i]) > 0);
        expect(p, seen);
    }
    for (size_t i = 0; dh_prime_at(i); i++)
        if (!seen[i])
            fail_msg("%s, %u bits, is not known to be right", dh_prime_at(i)->name, dh_prime_at(i)->bits);
}

static void test_others(void **state)
{
    assert_null(dh_prime_find(STR_NONE));
    assert_null(dh_prime_find(STR("\0\0")));
    assert_null(dh_prime_find(STR("\x17")));
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_primes),
        cmocka_unit_test(test_others),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
