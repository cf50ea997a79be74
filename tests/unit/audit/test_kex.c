/* Key exchange: both sides agree (the other side is OpenSSL's EVP, or another set of keys of ours),
 * and what a hostile peer may send is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/kex.h"
#include "audit/kex_dh.h"
#include "audit/kex_rsa.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

enum { P256 = 23, X25519 = 29, X448 = 30, FFDHE2048 = 0x100, FFDHE8192 = 0x104 };

struct world {
    struct crypto *c;
    struct kex_keys *mine, *theirs;
};

static int begin(void **state)
{
    static struct world w;
    w.c = crypto_new();
    assert_non_null(w.c);
    w.mine = kex_keys_new(w.c);
    w.theirs = kex_keys_new(w.c);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    int left = (int)ERR_peek_error();
    kex_keys_free(w->mine);
    kex_keys_free(w->theirs);
    crypto_free(w->c);
    return left;
}

/* ---- named groups ---- */

static bool is_kem(unsigned group)
{
    return (group >= 0x200 && group <= 0x202) || (group >= 0x11eb && group <= 0x11ed);
}

static const struct kem {
    uint16_t group;
    const char *name;
} kems[] = {
    {0x200, "ML-KEM-512"},         {0x201, "ML-KEM-768"},      {0x202, "ML-KEM-1024"},
    {0x11eb, "SecP256r1MLKEM768"}, {0x11ec, "X25519MLKEM768"}, {0x11ed, "SecP384r1MLKEM1024"},
};
enum { KEMS = sizeof kems / sizeof *kems };

/* The server's side of a KEM: takes a share, makes a ciphertext and a secret. */
static void encapsulate(struct world *w, const char *name, struct str share, unsigned char *ct,
                        size_t *nct, unsigned char *secret, size_t *n)
{
    EVP_PKEY *peer = NULL;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)share.p, share.n),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(crypto_lib(w->c), name, NULL);
    assert_true(EVP_PKEY_fromdata_init(make) > 0);
    assert_true(EVP_PKEY_fromdata(make, &peer, EVP_PKEY_PUBLIC_KEY, params) > 0);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(crypto_lib(w->c), peer, NULL);
    assert_true(EVP_PKEY_encapsulate_init(c, NULL) > 0);
    assert_true(EVP_PKEY_encapsulate(c, ct, nct, secret, n) > 0);
    EVP_PKEY_CTX_free(make);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(peer);
}

static void agree_kem(struct world *w, const struct kem *k)
{
    unsigned char a[KEX_SECRET_MAX], b[KEX_SECRET_MAX], ct[2000];
    size_t na, nb = sizeof b, nct = sizeof ct;
    struct str share;
    assert_int_equal(kex_share(w->mine, k->group, &share), 0);
    assert_int_equal(share.n, kex_share_size(k->group));
    encapsulate(w, k->name, share, ct, &nct, b, &nb);
    assert_int_equal(kex_secret(w->mine, k->group, crypto_str(ct, nct), a, sizeof a, &na), 0);
    assert_int_equal(na, nb);
    assert_memory_equal(a, b, na);
    assert_int_equal(kex_secret(w->mine, k->group, crypto_str(ct, nct - 1), a, sizeof a, &na),
                     -ERR_RANGE);
    assert_int_equal(kex_secret(w->mine, k->group, STR_NONE, a, sizeof a, &na), -ERR_RANGE);
    /* A server takes the filler too. */
    struct buf filler;
    buf_init(&filler, KEX_SHARE_MAX);
    assert_int_equal(kex_filler_share(w->mine, k->group, &filler), 0);
    nct = sizeof ct;
    nb = sizeof b;
    encapsulate(w, k->name, buf_str(&filler), ct, &nct, b, &nb);
    buf_done(&filler);
}

static void agree(struct world *w, uint16_t group)
{
    unsigned char a[KEX_SECRET_MAX], b[KEX_SECRET_MAX];
    size_t na, nb;
    struct str mine, theirs, again;
    assert_int_equal(kex_share(w->mine, group, &mine), 0);
    assert_int_equal(kex_share(w->mine, group, &again), 0);
    assert_int_equal(kex_share(w->theirs, group, &theirs), 0);
    assert_int_equal(mine.n, kex_share_size(group));
    assert_ptr_equal(mine.p, again.p);
    assert_false(str_eq(mine, theirs));
    assert_int_equal(kex_secret(w->mine, group, theirs, a, sizeof a, &na), 0);
    assert_int_equal(kex_secret(w->theirs, group, mine, b, sizeof b, &nb), 0);
    assert_int_equal(na, nb);
    assert_memory_equal(a, b, na);
    assert_int_equal(kex_secret(w->mine, group, theirs, a, na - 1, &na), -ERR_LIMIT);
}

static void test_every_group(void **state)
{
    struct world *w = *state;
    static const uint16_t always[] = {P256, 24, 25, X25519, X448, FFDHE2048, 0x101, FFDHE8192};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        assert_true(kex_can(w->mine, always[i]));
    for (unsigned group = 0; group <= 0xffff; group++)
        if (is_kem(group) || !kex_can(w->mine, (uint16_t)group))
            assert_true(is_kem(group) || kex_share_size((uint16_t)group) == 0 || group < 34 ||
                        group >= 0x6000);
        else
            agree(w, (uint16_t)group);
}

static void test_kem(void **state)
{
    struct world *w = *state;
    struct str share;
    unsigned char secret[KEX_SECRET_MAX];
    size_t n;
    for (size_t i = 0; i < KEMS; i++) {
        if (kex_can(w->mine, kems[i].group)) {
            agree_kem(w, &kems[i]);
        } else {
            assert_int_equal(kex_share(w->mine, kems[i].group, &share), -ERR_UNSUPPORTED);
            assert_int_equal(
                kex_secret(w->mine, kems[i].group, STR("x"), secret, sizeof secret, &n),
                -ERR_UNSUPPORTED);
        }
    }
}

/* RFC 7748 6.1 with EVP on the other side */
static void test_x25519_with_evp(void **state)
{
    struct world *w = *state;
    unsigned char a[KEX_SECRET_MAX], b[32], public[32];
    size_t n, nb = sizeof b, np = sizeof public;
    struct str mine;
    EVP_PKEY *peer = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    assert_true(EVP_PKEY_get_raw_public_key(peer, public, &np));
    assert_int_equal(kex_share(w->mine, X25519, &mine), 0);
    EVP_PKEY *ours =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, (unsigned char *)mine.p, 32);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(peer, NULL);
    assert_true(EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_derive_set_peer(c, ours) > 0);
    assert_true(EVP_PKEY_derive(c, b, &nb) > 0);
    assert_int_equal(kex_secret(w->mine, X25519, crypto_str(public, 32), a, sizeof a, &n), 0);
    assert_int_equal(n, 32);
    assert_memory_equal(a, b, 32);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(peer);
}

/* The group's own DH of EVP, which pads too when asked. */
static void test_ffdhe_with_evp(void **state)
{
    struct world *w = *state;
    unsigned char a[KEX_SECRET_MAX], b[KEX_SECRET_MAX], *public = NULL;
    size_t n, nb = sizeof b;
    struct str mine;
    EVP_PKEY *peer = NULL, *ours = EVP_PKEY_new();
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"ffdhe2048", 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    assert_true(EVP_PKEY_keygen_init(c) > 0 && EVP_PKEY_CTX_set_params(c, params) > 0);
    assert_true(EVP_PKEY_generate(c, &peer) > 0);
    EVP_PKEY_CTX_free(c);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(peer, &public), 256);
    assert_int_equal(kex_share(w->mine, FFDHE2048, &mine), 0);
    assert_true(EVP_PKEY_copy_parameters(ours, peer));
    assert_true(EVP_PKEY_set1_encoded_public_key(ours, (const unsigned char *)mine.p, mine.n));
    c = EVP_PKEY_CTX_new(peer, NULL);
    unsigned pad = 1;
    OSSL_PARAM padded[] = {OSSL_PARAM_construct_uint(OSSL_EXCHANGE_PARAM_PAD, &pad),
                           OSSL_PARAM_construct_end()};
    assert_true(EVP_PKEY_derive_init(c) > 0 && EVP_PKEY_CTX_set_params(c, padded) > 0);
    assert_true(EVP_PKEY_derive_set_peer(c, ours) > 0 && EVP_PKEY_derive(c, b, &nb) > 0);
    assert_int_equal(kex_secret(w->mine, FFDHE2048, crypto_str(public, 256), a, sizeof a, &n), 0);
    assert_int_equal(n, 256);
    assert_int_equal(nb, 256);
    assert_memory_equal(a, b, 256);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(ours);
    EVP_PKEY_free(peer);
    OPENSSL_free(public);
}

static void refuse(struct world *w, uint16_t group, struct str share)
{
    unsigned char out[KEX_SECRET_MAX];
    size_t n = 7;
    assert_int_equal(kex_secret(w->mine, group, share, out, sizeof out, &n), -ERR_RANGE);
    assert_int_equal(n, 7);
}

static void test_bad_peers(void **state)
{
    struct world *w = *state;
    static unsigned char zeros[KEX_SHARE_MAX], ones[KEX_SHARE_MAX], point[133];
    memset(ones, 0xff, sizeof ones);
    for (unsigned group = 0; group < 0x200; group++) {
        size_t n = kex_share_size((uint16_t)group);
        if (!kex_can(w->mine, (uint16_t)group))
            continue;
        refuse(w, (uint16_t)group, STR_NONE);
        refuse(w, (uint16_t)group, crypto_str(zeros, 1)); /* of curves: the point at infinity */
        refuse(w, (uint16_t)group, crypto_str(zeros, n));
        refuse(w, (uint16_t)group, crypto_str(zeros, n - 1));
        refuse(w, (uint16_t)group, crypto_str(zeros, n + 1));
        if (group != X25519 && group != X448)
            refuse(w, (uint16_t)group, crypto_str(ones, n));
    }
    /* Not on the curve: by one bit; in compressed and in hybrid form. */
    struct str good;
    assert_int_equal(kex_share(w->theirs, P256, &good), 0);
    memcpy(point, good.p, 65);
    point[64] ^= 1;
    refuse(w, P256, crypto_str(point, 65));
    point[64] ^= 1;
    point[0] = 6 | (point[64] & 1);
    refuse(w, P256, crypto_str(point, 65));
    point[0] = 2 | (point[64] & 1);
    refuse(w, P256, crypto_str(point, 33));
    /* 1 and p - 1 are of order 1 and 2. */
    zeros[255] = 1;
    refuse(w, FFDHE2048, crypto_str(zeros, 256));
    zeros[255] = 0;
}

/* ---- filler ---- */

static void test_filler(void **state)
{
    struct world *w = *state;
    static const struct {
        uint16_t group;
        size_t kem_at, kem, partner_at, partner;
        uint16_t partner_group;
    } rows[] = {
        {0x11ec, 0, 1184, 1184, 32, X25519}, {0x11eb, 65, 1184, 0, 65, P256},
        {0x11ed, 97, 1568, 0, 97, 24},       {0x200, 0, 800, 0, 0, 0},
        {0x201, 0, 1184, 0, 0, 0},           {0x202, 0, 1568, 0, 0, 0},
        {0x6399, 32, 1184, 0, 32, X25519},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct str partner = STR_NONE;
        buf_init(&out, kex_share_size(rows[i].group));
        assert_int_equal(kex_filler_share(w->mine, rows[i].group, &out), 0);
        assert_int_equal(out.n, rows[i].kem + rows[i].partner);
        assert_int_equal(out.n, kex_share_size(rows[i].group));
        const unsigned char *kem = (const unsigned char *)buf_str(&out).p + rows[i].kem_at;
        for (size_t at = 0; at < rows[i].kem - 32; at += 3) {
            assert_true((kem[at] | (kem[at + 1] & 15) << 8) < 3329);
            assert_true((kem[at + 1] >> 4 | kem[at + 2] << 4) < 3329);
        }
        if (rows[i].partner)
            assert_int_equal(kex_share(w->mine, rows[i].partner_group, &partner), 0);
        assert_true(str_eq(str_sub(buf_str(&out), rows[i].partner_at, rows[i].partner), partner));
        assert_int_equal(kex_filler_share(w->mine, rows[i].group, &out), -ERR_LIMIT);
        buf_done(&out);
    }
    struct buf out;
    buf_init(&out, KEX_SHARE_MAX);
    assert_int_equal(kex_filler_share(w->mine, X25519, &out), -ERR_UNSUPPORTED);
    assert_int_equal(kex_filler_share(w->mine, 0x2a2a, &out), -ERR_UNSUPPORTED);
    buf_done(&out);
}

/* ---- explicit DH ---- */

static BIGNUM *number(struct str s)
{
    return BN_bin2bn((const unsigned char *)s.p, (int)s.n, NULL);
}

/* The server's side: its secret of our Yc is ours of its Ys. */
static void agree_dh(struct world *w, int bits)
{
    unsigned char p[2048], ys[2048], secret[2048];
    struct buf yc, ours;
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *np = BN_new(), *g = BN_new(), *x = BN_new(), *ny = BN_new();
    int n = (bits + 7) / 8;
    buf_init(&yc, sizeof p);
    buf_init(&ours, sizeof p);
    if (bits <= 1024)
        assert_true(BN_generate_prime_ex(np, bits, 0, NULL, NULL, NULL));
    else
        assert_true(BN_rand(np, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD)); /* any will do */
    BN_set_word(g, 2);
    BN_rand(x, 160, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
    assert_true(BN_mod_exp(ny, g, x, np, ctx));
    assert_int_equal(BN_bn2binpad(np, p, n), n);
    assert_int_equal(BN_bn2binpad(ny, ys, n), n);
    assert_int_equal(
        kex_dh(w->c, crypto_str(p, (size_t)n), STR("\2"), crypto_str(ys, (size_t)n), &yc, &ours),
        0);
    assert_int_equal(yc.n, n);
    BIGNUM *nyc = number(buf_str(&yc));
    assert_true(BN_mod_exp(ny, nyc, x, np, ctx));
    int ns = BN_bn2bin(ny, secret);
    assert_true(str_eq(buf_str(&ours), crypto_str(secret, (size_t)ns))); /* without leading zeros */
    BN_free(np);
    BN_free(g);
    BN_free(x);
    BN_free(ny);
    BN_free(nyc);
    BN_CTX_free(ctx);
    buf_done(&yc);
    buf_done(&ours);
}

static void test_dh(void **state)
{
    static const int bits[] = {64, 65, 127, 512, 768, 1024, 2048, 4095};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        agree_dh(*state, bits[i]);
    for (int i = 0; i < 600; i++) /* a leading zero comes once in 256 */
        agree_dh(*state, 64);
}

static void refuse_dh(struct world *w, struct str p, struct str g, struct str ys)
{
    struct buf yc, secret;
    buf_init(&yc, 4096);
    buf_init(&secret, 4096);
    assert_int_equal(kex_dh(w->c, p, g, ys, &yc, &secret), -ERR_RANGE);
    assert_int_equal(yc.n + secret.n, 0);
    buf_done(&yc);
    buf_done(&secret);
}

static void test_hostile_dh(void **state)
{
    struct world *w = *state;
    static char huge[65535], even[64], p[9] = "\0\xff\xff\xff\xff\xff\xff\xff\xc5", most[8],
                                       over[8];
    struct str good = STR("\5"), prime = str_of(p, 9); /* 2^64 - 59 */
    memset(huge, 0xff, sizeof huge);
    memset(even, 0xfe, sizeof even);
    memcpy(most, p + 1, 8);
    most[7]--;
    memcpy(over, p + 1, 8);
    over[7]++;
    refuse_dh(w, STR_NONE, good, good);
    refuse_dh(w, STR("\0"), good, good);
    refuse_dh(w, STR("\1"), good, good);
    refuse_dh(w, STR("\xff"), good, good);
    refuse_dh(w, STR("\xff\xff\xff\xff\xff\xff\xff"), good, good);
    refuse_dh(w, str_of(even, sizeof even), good, good);
    refuse_dh(w, str_of(huge, sizeof huge), good, good);
    refuse_dh(w, str_of(huge, 2049), good, good);
    struct str bad[] = {STR_NONE, STR("\0"),       STR("\1"),        str_of(most, 8),
                        prime,    str_of(over, 8), str_of(huge, 16), str_of(huge, sizeof huge)};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refuse_dh(w, prime, bad[i], good);
        refuse_dh(w, prime, good, bad[i]);
    }
    /* Powers of 3 modulo 3^60 become 0: nothing can be made of that. */
    BIGNUM *power = BN_new(), *three = BN_new(), *exponent = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    unsigned char bytes[16];
    BN_set_word(three, 3);
    BN_set_word(exponent, 60);
    assert_true(BN_exp(power, three, exponent, ctx));
    int n = BN_bn2bin(power, bytes);
    refuse_dh(w, crypto_str(bytes, (size_t)n), STR("\2"), STR("\3"));
    BN_free(power);
    BN_free(three);
    BN_free(exponent);
    BN_CTX_free(ctx);
    /* The largest there may be, and a prime with zeros before it. */
    struct buf yc, secret;
    buf_init(&yc, 4096);
    buf_init(&secret, 4096);
    assert_int_equal(kex_dh(w->c, str_of(huge, 2048), good, good, &yc, &secret), 0);
    buf_clear(&yc);
    assert_int_equal(kex_dh(w->c, prime, good, good, &yc, &secret), 0);
    assert_int_equal(yc.n, 8);
    buf_done(&yc);
    buf_done(&secret);
}

/* ---- RSA ---- */

static size_t make_spki(EVP_PKEY *key, unsigned char **ret)
{
    *ret = NULL;
    int n = i2d_PUBKEY(key, ret);
    assert_true(n > 0);
    return (size_t)n;
}

static void test_rsa(void **state)
{
    struct world *w = *state;
    unsigned char *der, plain[256], block[256];
    size_t n = sizeof plain;
    struct buf out;
    struct kex_rsa *k;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    size_t der_n = make_spki(key, &der);
    buf_init(&out, 256);
    assert_int_equal(kex_rsa_from_spki(w->c, crypto_str(der, der_n), &k), 0);
    assert_int_equal(kex_rsa_size(k), 256);
    assert_int_equal(kex_rsa_encrypt_pkcs1(k, STR("premaster"), &out), 0);
    assert_int_equal(out.n, 256);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    assert_true(EVP_PKEY_decrypt_init(c) > 0);
    assert_true(EVP_PKEY_decrypt(c, plain, &n, (unsigned char *)buf_str(&out).p, out.n) > 0);
    assert_int_equal(n, 9);
    assert_memory_equal(plain, "premaster", 9);
    /* Any block, as it is. */
    memset(block, 0xab, sizeof block);
    block[0] = 0;
    buf_clear(&out);
    assert_int_equal(kex_rsa_encrypt_raw(k, crypto_str(block, 256), &out), 0);
    n = sizeof plain;
    assert_true(EVP_PKEY_CTX_set_rsa_padding(c, RSA_NO_PADDING) > 0);
    assert_true(EVP_PKEY_decrypt(c, plain, &n, (unsigned char *)buf_str(&out).p, out.n) > 0);
    assert_memory_equal(plain, block, 256);
    /* And what is no block, or does not fit. */
    assert_int_equal(kex_rsa_encrypt_raw(k, crypto_str(block, 256), &out), -ERR_LIMIT);
    buf_clear(&out);
    assert_int_equal(kex_rsa_encrypt_raw(k, crypto_str(block, 255), &out), -ERR_RANGE);
    memset(block, 0xff, sizeof block);
    assert_int_equal(kex_rsa_encrypt_raw(k, crypto_str(block, 256), &out), -ERR_RANGE);
    assert_int_equal(kex_rsa_encrypt_pkcs1(k, crypto_str(block, 246), &out), -ERR_RANGE);
    assert_int_equal(kex_rsa_encrypt_pkcs1(k, crypto_str(block, 245), &out), 0);
    EVP_PKEY_CTX_free(c);
    EVP_PKEY_free(key);
    kex_rsa_free(k);
    buf_done(&out);
    /* Truncated, and with something behind it. */
    for (size_t cut = 0; cut < der_n; cut++)
        assert_int_equal(kex_rsa_from_spki(w->c, crypto_str(der, cut), &k), -ERR_SYNTAX);
    unsigned char longer[400] = {0};
    memcpy(longer, der, der_n);
    assert_int_equal(kex_rsa_from_spki(w->c, crypto_str(longer, der_n + 1), &k), -ERR_SYNTAX);
    OPENSSL_free(der);
}

static void test_rsa_other_keys(void **state)
{
    struct world *w = *state;
    unsigned char *der;
    struct kex_rsa *k;
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    size_t n = make_spki(ec, &der);
    assert_int_equal(kex_rsa_from_spki(w->c, crypto_str(der, n), &k), -ERR_UNSUPPORTED);
    EVP_PKEY_free(ec);
    OPENSSL_free(der);
}

static void test_rsa_numbers(void **state)
{
    struct world *w = *state;
    static char n[3000];
    struct kex_rsa *k;
    struct buf out;
    struct str e = STR("\1\0\1");
    buf_init(&out, 4096);
    memset(n, 0xff, sizeof n);
    /* 2^384 - 1 to 2^16384 - 1: nobody asks whether they are products of two primes. */
    static const size_t good[] = {48, 64, 128, 2048};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        buf_clear(&out);
        assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, good[i]), e, &k), 0);
        assert_int_equal(kex_rsa_size(k), good[i]);
        assert_int_equal(kex_rsa_encrypt_pkcs1(k, STR("x"), &out), 0);
        assert_int_equal(out.n, good[i]);
        kex_rsa_free(k);
    }
    assert_int_equal(kex_rsa_from_numbers(w->c, STR_NONE, e, &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 47), e, &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 2049), e, &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 64), STR_NONE, &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 64), STR("\1"), &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 64), STR("\4"), &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 64), str_of(n, 65), &k), -ERR_RANGE);
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 2048), str_of(n, 9), &k), -ERR_RANGE);
    n[63] = (char)0xfe;
    assert_int_equal(kex_rsa_from_numbers(w->c, str_of(n, 64), e, &k), -ERR_RANGE);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_group, begin, end),
        cmocka_unit_test_setup_teardown(test_kem, begin, end),
        cmocka_unit_test_setup_teardown(test_x25519_with_evp, begin, end),
        cmocka_unit_test_setup_teardown(test_ffdhe_with_evp, begin, end),
        cmocka_unit_test_setup_teardown(test_bad_peers, begin, end),
        cmocka_unit_test_setup_teardown(test_filler, begin, end),
        cmocka_unit_test_setup_teardown(test_dh, begin, end),
        cmocka_unit_test_setup_teardown(test_hostile_dh, begin, end),
        cmocka_unit_test_setup_teardown(test_rsa, begin, end),
        cmocka_unit_test_setup_teardown(test_rsa_other_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_rsa_numbers, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
