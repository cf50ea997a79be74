/* Keys of every version: published vectors, the library's own derivations, and for SSL 3.0, which
 * has neither, values of a second implementation made from RFC 6101. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audit/keysched.h"
#include "audit/keysched13.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdio.h>

static size_t hex(const char *text, unsigned char *out)
{
    size_t n = 0;
    for (unsigned v; sscanf(text, "%2x", &v) == 1; text += 2)
        out[n++] = (unsigned char)v;
    return n;
}

static void expect(const unsigned char *got, const char *text)
{
    unsigned char wanted[256];
    size_t n = hex(text, wanted);
    assert_memory_equal(got, wanted, n);
}

static int begin(void **state)
{
    *state = crypto_new();
    return *state ? 0 : -1;
}

static int end(void **state)
{
    crypto_free(*state);
    return 0;
}

/* ---- up to TLS 1.2 ---- */

/* The vector that the TLS working group passed around for P_SHA256. */
static void test_prf_vector(void **state)
{
    unsigned char secret[16], seed[16], got[100];
    struct keysched_suite s = {*state, 0x0303, CRYPTO_SHA256};
    hex("9bbe436ba940f017b17652849a71db35", secret);
    hex("a0ba9f936cda311827a6f796ffd5198c", seed);
    assert_int_equal(keysched_prf(&s, crypto_str(secret, 16), STR("test label"),
                                  crypto_str(seed, 16), got, sizeof got),
                     0);
    expect(
        got,
        "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b"
        "4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5"
        "a72e5a5110fff70187347b66");
}

static void library_prf(const char *digest, struct str secret, struct str label, struct str seed,
                        unsigned char *out, size_t n)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, (void *)secret.p, secret.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)label.p, label.n),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, (void *)seed.p, seed.n),
        OSSL_PARAM_construct_end(),
    };
    assert_int_equal(EVP_KDF_derive(c, out, n, params), 1);
    EVP_KDF_CTX_free(c);
    EVP_KDF_free(kdf);
}

static size_t pick(size_t most)
{
    unsigned char r[2];
    assert_int_equal(RAND_bytes(r, 2), 1);
    return (size_t)(r[0] << 8 | r[1]) % (most + 1);
}

static void test_prf_same_as_library(void **state)
{
    static const struct {
        uint16_t version;
        enum crypto_md md;
        const char *digest;
    } rows[] = {
        {0x0301, CRYPTO_SHA256, "MD5-SHA1"},
        {0x0302, CRYPTO_SHA384, "MD5-SHA1"},
        {0x0303, CRYPTO_SHA256, "SHA256"},
        {0x0303, CRYPTO_SHA384, "SHA384"},
    };
    for (int i = 0; i < 1000; i++) {
        unsigned char secret[300], seed[100], a[KEYSCHED_BLOCK_MAX], b[KEYSCHED_BLOCK_MAX];
        struct keysched_suite s = {*state, rows[i % 4].version, rows[i % 4].md};
        struct str key = crypto_str(secret, 1 + pick(299)), rest = crypto_str(seed, 1 + pick(99));
        size_t n = 1 + pick(KEYSCHED_BLOCK_MAX - 1);
        RAND_bytes(secret, sizeof secret);
        RAND_bytes(seed, sizeof seed);
        library_prf(rows[i % 4].digest, key, STR("a label"), rest, a, n);
        assert_int_equal(keysched_prf(&s, key, STR("a label"), rest, b, n), 0);
        assert_memory_equal(a, b, n);
    }
}

static void count(unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)i;
}

static void test_ssl3(void **state)
{
    unsigned char premaster[48], cr[32], sr[32], master[48], block[104], got[36];
    size_t n;
    struct keysched_suite s = {*state, 0x0300, CRYPTO_SHA256};
    struct str client, server;
    struct transcript t;
    count(premaster, 48);
    memset(cr, 0xc0, 32);
    memset(sr, 0x50, 32);
    client = crypto_str(cr, 32);
    server = crypto_str(sr, 32);
    assert_int_equal(keysched_master(&s, crypto_str(premaster, 48), client, server, master), 0);
    expect(master,
           "d475d2fe91ed159b67e7b2ea62ec7e01055686d99e17e6b4e85858a9d8bb59dc4baf45f98ab5b3b824c6"
           "5059fd2f7a05");
    assert_int_equal(keysched_block(&s, crypto_str(master, 48), client, server, block, 104), 0);
    expect(block + 80, "3ba53fd31e110cf26ca39edee48968b0d4e8ff25fdd0dd55");
    transcript_init(&t, *state, 100);
    assert_int_equal(transcript_add(&t, STR("mess")), 0);
    assert_int_equal(transcript_choose(&t, 0x0300, CRYPTO_SHA256), 0);
    assert_int_equal(transcript_add(&t, STR("ages")), 0);
    assert_int_equal(keysched_finished(&s, crypto_str(master, 48), false, &t, got, &n), 0);
    assert_int_equal(n, 36);
    expect(got, "4739d3f1ee71ad7251dceb09e6745459b253670105ba9c51a8637bda83366d5d0f80cf0d");
    assert_int_equal(keysched_finished(&s, crypto_str(master, 48), true, &t, got, &n), 0);
    expect(got, "61a88f7f6c4676a7974b4e2189385b4b5c0a8ca04aeb73c0755b8c50f2c2b9918de68556");
    transcript_done(&t);
}

static void test_refused(void **state)
{
    unsigned char out[KEYSCHED_BLOCK_MAX + 1], random[32] = {0};
    struct str r = crypto_str(random, 32), half = crypto_str(random, 31);
    struct keysched_suite tls12 = {*state, 0x0303, CRYPTO_SHA256}, ssl3 = {*state, 0x0300, 0},
                          tls13 = {*state, 0x0304, CRYPTO_SHA256}, ssl2 = {*state, 0x0002, 0};
    assert_int_equal(keysched_master(&tls13, r, r, r, out), -ERR_UNSUPPORTED);
    assert_int_equal(keysched_master(&ssl2, r, r, r, out), -ERR_UNSUPPORTED);
    assert_int_equal(keysched_master(&tls12, r, half, r, out), -ERR_INVAL);
    assert_int_equal(keysched_master(&tls12, r, r, STR_NONE, out), -ERR_INVAL);
    assert_int_equal(keysched_extended_master(&ssl3, r, r, out), -ERR_UNSUPPORTED);
    assert_int_equal(keysched_block(&tls12, r, r, r, out, KEYSCHED_BLOCK_MAX + 1), -ERR_RANGE);
    assert_int_equal(keysched_block(&ssl3, r, r, r, out, KEYSCHED_BLOCK_MAX + 1), -ERR_RANGE);
    assert_int_equal(keysched_block(&ssl3, r, r, r, out, KEYSCHED_BLOCK_MAX), 0);
    /* A secret of nothing is one that hostile parameters can make. */
    assert_int_equal(keysched_master(&tls12, STR_NONE, r, r, out), 0);
    tls12.version = 0x0301;
    assert_int_equal(keysched_master(&tls12, STR_NONE, r, r, out), 0);
}

/* ---- the transcript ---- */

static void test_transcript(void **state)
{
    unsigned char got[TRANSCRIPT_HASH_MAX], wanted[TRANSCRIPT_HASH_MAX];
    size_t n = 77;
    struct transcript t;
    struct str all = STR("one two"), more[] = {STR("th"), STR("ree")}, whole = STR("one twothree");
    transcript_init(&t, *state, 12);
    assert_int_equal(transcript_hash(&t, got, &n), -ERR_INVAL);
    assert_int_equal(n, 77);
    assert_int_equal(transcript_retry(&t), -ERR_INVAL);
    assert_int_equal(transcript_add(&t, STR("one ")), 0);
    assert_int_equal(transcript_add(&t, STR("two")), 0);
    assert_int_equal(transcript_hash_with(&t, CRYPTO_SHA384, more, 2, got), 0);
    assert_int_equal(crypto_hash(*state, CRYPTO_SHA384, &whole, 1, wanted), 0);
    assert_memory_equal(got, wanted, 48);
    assert_int_equal(transcript_choose(&t, 0x0304, CRYPTO_SHA256), 0);
    assert_int_equal(transcript_choose(&t, 0x0304, CRYPTO_SHA256), -ERR_INVAL);
    assert_int_equal(transcript_hash(&t, got, &n), 0);
    assert_int_equal(n, 32);
    assert_int_equal(crypto_hash(*state, CRYPTO_SHA256, &all, 1, wanted), 0);
    assert_memory_equal(got, wanted, 32);
    assert_int_equal(transcript_hash_with(&t, CRYPTO_SHA384, more, 2, got), -ERR_INVAL);
    assert_int_equal(transcript_add(&t, STR("more than is left")), -ERR_LIMIT);
    assert_int_equal(transcript_add(&t, STR("three")), 0);
    assert_int_equal(transcript_add(&t, STR("!")), -ERR_LIMIT);
    assert_int_equal(transcript_hash(&t, got, &n), 0);
    assert_int_equal(crypto_hash(*state, CRYPTO_SHA256, &whole, 1, wanted), 0);
    assert_memory_equal(got, wanted, 32);
    transcript_done(&t);
}

static void test_transcript_retry(void **state)
{
    unsigned char got[TRANSCRIPT_HASH_MAX], wanted[TRANSCRIPT_HASH_MAX], first[32];
    size_t n;
    struct transcript t;
    struct str hello = STR("hello"),
               parts[] = {crypto_str((const unsigned char *)"\xfe\0\0\x20", 4),
                          crypto_str(first, 32), STR("retry")};
    transcript_init(&t, *state, 100);
    assert_int_equal(transcript_add(&t, hello), 0);
    assert_int_equal(transcript_choose(&t, 0x0304, CRYPTO_SHA256), 0);
    assert_int_equal(transcript_retry(&t), 0);
    assert_int_equal(transcript_add(&t, STR("retry")), 0);
    assert_int_equal(transcript_hash(&t, got, &n), 0);
    assert_int_equal(crypto_hash(*state, CRYPTO_SHA256, &hello, 1, first), 0);
    assert_int_equal(crypto_hash(*state, CRYPTO_SHA256, parts, 3, wanted), 0);
    assert_memory_equal(got, wanted, 32);
    transcript_done(&t);
}

/* ---- TLS 1.3 ---- */

/* RFC 8448 3, "Simple 1-RTT Handshake" */
static void test_trace(void **state)
{
    struct keysched13_suite s = {*state, CRYPTO_SHA256};
    struct keysched13_secret early, handshake, master, one;
    unsigned char shared[32], hello[32], finished[32], all[32], key[16], iv[12], nonce[2] = {0};
    hex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d", shared);
    hex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8", hello);
    hex("9608102a0f1ccc6db6250b7b7e417b1a000eaada3daae4777a7686c9ff83df13", finished);
    hex("209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d", all);
    struct str h = crypto_str(hello, 32), f = crypto_str(finished, 32);
    assert_int_equal(keysched13_early(&s, STR_NONE, &early), 0);
    expect(early.b, "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a");
    assert_int_equal(keysched13_handshake(&s, &early, crypto_str(shared, 32), &handshake), 0);
    expect(handshake.b, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac");
    assert_int_equal(keysched13_named(&s, &handshake, KEYSCHED13_C_HANDSHAKE, h, &one), 0);
    expect(one.b, "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21");
    assert_int_equal(keysched13_named(&s, &handshake, KEYSCHED13_S_HANDSHAKE, h, &one), 0);
    expect(one.b, "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38");
    assert_int_equal(keysched13_keys(&s, &one, key, sizeof key, iv), 0);
    expect(key, "3fce516009c21727d0f2e4e86ee403bc");
    expect(iv, "5d313eb2671276ee13000b30");
    assert_int_equal(keysched13_master(&s, &handshake, &master), 0);
    expect(master.b, "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919");
    assert_int_equal(keysched13_named(&s, &master, KEYSCHED13_C_TRAFFIC, f, &one), 0);
    expect(one.b, "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
    assert_int_equal(keysched13_named(&s, &master, KEYSCHED13_S_TRAFFIC, f, &one), 0);
    expect(one.b, "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");
    assert_int_equal(keysched13_named(&s, &master, KEYSCHED13_EXPORTER, f, &one), 0);
    expect(one.b, "fe22f881176eda18eb8f44529e6792c50c9a3f89452f68d8ae311b4309d3cf50");
    assert_int_equal(
        keysched13_named(&s, &master, KEYSCHED13_RESUMPTION, crypto_str(all, 32), &one), 0);
    expect(one.b, "7df235f2031d2a051287d02b0241b0bfdaf86cc856231f2d5aba46c434ec196c");
    assert_int_equal(keysched13_psk(&s, &one, crypto_str(nonce, 2), &one), 0);
    expect(one.b, "4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3");
    /* 4, "Resumed 0-RTT Handshake": with that PSK */
    assert_int_equal(keysched13_early(&s, keysched13_str(&one), &early), 0);
    expect(early.b, "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c");
    assert_int_equal(keysched13_named(&s, &early, KEYSCHED13_RES_BINDER, STR_NONE, &one), 0);
    expect(one.b, "69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256");
    hex("63224b2e4573f2d3454ca84b9d009a04f6be9e05711a8396473aefa01e924a14", hello);
    assert_int_equal(keysched13_finished(&s, &one, h, &one), 0);
    expect(one.b, "3add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d");
}

/* RFC 9001 A.1: QUIC's labels come over the same function. */
static void test_quic_labels(void **state)
{
    struct keysched13_suite s = {*state, CRYPTO_SHA256};
    struct keysched13_secret initial, client;
    unsigned char salt[20], id[8], key[16], iv[12], hp[16];
    hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", salt);
    hex("8394c8f03e515708", id);
    assert_int_equal(keysched13_extract(&s, crypto_str(salt, 20), crypto_str(id, 8), &initial), 0);
    client.n = 32;
    assert_int_equal(keysched13_expand_label(&s, keysched13_str(&initial), STR("client in"),
                                             STR_NONE, client.b, client.n),
                     0);
    expect(client.b, "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea");
    struct str secret = keysched13_str(&client);
    assert_int_equal(keysched13_expand_label(&s, secret, STR("quic key"), STR_NONE, key, 16), 0);
    assert_int_equal(keysched13_expand_label(&s, secret, STR("quic iv"), STR_NONE, iv, 12), 0);
    assert_int_equal(keysched13_expand_label(&s, secret, STR("quic hp"), STR_NONE, hp, 16), 0);
    expect(key, "1f369613dd76d5467730efcbe3b1a22d");
    expect(iv, "fa044b2f42a3fd3b46fb255c");
    expect(hp, "9f50449e04a0e810283a1e9933adedd2");
}

static void test_label_limits(void **state)
{
    struct keysched13_suite s = {*state, CRYPTO_SHA256}, none = {*state, CRYPTO_MDS};
    static unsigned char long_one[256], out[255 * 32 + 1];
    struct str key = crypto_str(long_one, 200);
    struct str l = crypto_str(long_one, 249), c = crypto_str(long_one, 255);
    assert_int_equal(keysched13_expand_label(&s, key, l, c, out, 255 * 32), 0);
    assert_int_equal(keysched13_expand_label(&s, key, l, c, out, 255 * 32 + 1), -ERR_RANGE);
    l.n++;
    assert_int_equal(keysched13_expand_label(&s, key, l, c, out, 1), -ERR_RANGE);
    l.n--;
    c.n++;
    assert_int_equal(keysched13_expand_label(&s, key, l, c, out, 1), -ERR_RANGE);
    assert_int_equal(keysched13_expand_label(&none, key, l, STR_NONE, out, 1), -ERR_RANGE);
    struct keysched13_secret secret;
    assert_int_equal(keysched13_early(&none, key, &secret), -ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_prf_vector, begin, end),
        cmocka_unit_test_setup_teardown(test_prf_same_as_library, begin, end),
        cmocka_unit_test_setup_teardown(test_ssl3, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_transcript, begin, end),
        cmocka_unit_test_setup_teardown(test_transcript_retry, begin, end),
        cmocka_unit_test_setup_teardown(test_trace, begin, end),
        cmocka_unit_test_setup_teardown(test_quic_labels, begin, end),
        cmocka_unit_test_setup_teardown(test_label_limits, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
