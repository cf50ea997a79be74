/* Keys that fall, each made on the spot, and good ones that must not be called weak. */
#include "audit_pki.h"

#include "audit/weak_key.h"

#include <openssl/bn.h>

static struct str bytes_of(struct arena *a, const BIGNUM *n)
{
    char *p = arena_alloc(a, (size_t)BN_num_bytes(n) + 1);
    assert_non_null(p);
    return str_of(p, (size_t)BN_bn2bin(n, (unsigned char *)p));
}

static BIGNUM *prime(int bits)
{
    BIGNUM *p = BN_new();
    assert_true(BN_generate_prime_ex(p, bits, 0, NULL, NULL, NULL));
    return p;
}

static struct str product(struct arena *a, const BIGNUM *p, const BIGNUM *q)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_new();
    BN_mul(n, p, q, ctx);
    struct str s = bytes_of(a, n);
    BN_free(n);
    BN_CTX_free(ctx);
    return s;
}

/* The least prime at or above start, in steps. */
static void next_prime(BIGNUM *p, const BIGNUM *step)
{
    while (!BN_check_prime(p, NULL, NULL))
        BN_add(p, p, step);
}

static struct arena arena;

static int setup(void **state)
{
    arena_init(&arena, 64 * 1024, 16 << 20);
    return 0;
}

static int teardown(void **state)
{
    arena_done(&arena);
    return 0;
}

static struct str good_modulus(void)
{
    static struct str n;
    if (n.n)
        return n;
    BIGNUM *p = prime(512), *q = prime(512);
    n = product(&arena, p, q);
    BN_free(p);
    BN_free(q);
    return n;
}

static void close_primes(void **state)
{
    BIGNUM *p = prime(512), *q = BN_dup(p), *two = BN_new();
    BN_set_word(two, 2);
    struct str square = product(&arena, p, p);
    BN_add(q, q, two);
    next_prime(q, two);
    struct str close = product(&arena, p, q);
    assert_int_equal(weak_key_fermat(close, WEAK_KEY_FERMAT_ROUNDS), 1);
    assert_int_equal(weak_key_fermat(square, WEAK_KEY_FERMAT_ROUNDS), 1);
    /* About 40 rounds: the distance is 2^k with (2^k)² / 8 sqrt(n) of that size. */
    BIGNUM *far = BN_new();
    BN_one(far);
    BN_lshift(far, far, 260);
    BN_add(q, p, far);
    next_prime(q, two);
    unsigned rounds = weak_key_fermat(product(&arena, p, q), WEAK_KEY_FERMAT_ROUNDS);
    assert_true(rounds > 10 && rounds < 100);
    assert_int_equal(weak_key_fermat(product(&arena, p, q), 5), 0);
    assert_int_equal(weak_key_fermat(good_modulus(), WEAK_KEY_FERMAT_ROUNDS), 0);
    BN_free(p);
    BN_free(q);
    BN_free(far);
    BN_free(two);
}

static void small_factors(void **state)
{
    static const uint32_t f[] = {2, 3, 5, 7, 251, 257, 7919, 65521};
    assert_int_equal(weak_key_small_factor(good_modulus()), 0);
    for (size_t i = 0; i < sizeof f / sizeof *f; i++) {
        BIGNUM *n = BN_bin2bn((const unsigned char *)good_modulus().p, (int)good_modulus().n, NULL);
        BN_mul_word(n, f[i]);
        assert_int_equal(weak_key_small_factor(bytes_of(&arena, n)), f[i]);
        BN_free(n);
    }
}

/* p = k·M + (65537^a mod M), as the faulty library made them. */
static BIGNUM *roca_prime(void)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = BN_new(), *p = BN_new(), *a = BN_new(), *k = BN_new(), *g = BN_new();
    BN_one(m);
    for (BN_ULONG i = 2; i <= 167; i++) {
        bool is_prime = true;
        for (BN_ULONG j = 2; j * j <= i; j++)
            is_prime &= i % j != 0;
        if (is_prime)
            BN_mul_word(m, i);
    }
    BN_set_word(g, 65537);
    do {
        BN_rand(a, 60, -1, 0);
        BN_rand(k, 512 - BN_num_bits(m), 0, 0);
        BN_mod_exp(p, g, a, m, ctx);
        BN_mul(k, k, m, ctx);
        BN_add(p, p, k);
    } while (!BN_check_prime(p, ctx, NULL));
    BN_free(m);
    BN_free(a);
    BN_free(k);
    BN_free(g);
    BN_CTX_free(ctx);
    return p;
}

static void roca(void **state)
{
    BIGNUM *p = roca_prime(), *q = roca_prime(), *other = prime(512);
    assert_true(weak_key_roca(product(&arena, p, q)));
    assert_false(weak_key_roca(product(&arena, p, other)));
    assert_false(weak_key_roca(good_modulus()));
    assert_false(weak_key_roca(STR("")));
    BN_free(p);
    BN_free(q);
    BN_free(other);
}

/* printf 'Modulus=C0FFEE\n' | sha1sum → the last 20 digits */
static void debian_list(void **state)
{
    const struct str n = STR("\xc0\xff\xee");
    static const char format[] = "# blacklist\n00000000000000000000\n%s\n";
    char list[128];
    unsigned char hash[20];
    char hex[21];
    EVP_Digest("Modulus=C0FFEE\n", 15, hash, NULL, EVP_sha1(), NULL);
    for (size_t i = 0; i < 10; i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[10 + i]);
    snprintf(list, sizeof list, format, hex);
    assert_true(weak_key_debian(n, str_c(list)));
    assert_false(weak_key_debian(STR("\xc0\xff\xef"), str_c(list)));
    assert_false(weak_key_debian(n, STR("")));
}

static void facts(void **state)
{
    static const struct {
        struct cert_info c;
        unsigned faults;
    } row[] = {
        {{.key = CERT_KEY_EC, .key_bits = 256, .curve = {"prime256v1", 10}}, 0},
        {{.key = CERT_KEY_EC, .key_bits = 192, .curve = {"prime192v1", 10}}, WEAK_KEY_SHORT},
        {{.key = CERT_KEY_EC, .key_bits = 256, .curve = {"prime256v1", 10}, .curve_explicit = true}, WEAK_KEY_CURVE},
        {{.key = CERT_KEY_EC, .key_bits = 283, .curve = {"sect283k1", 9}}, WEAK_KEY_CURVE},
        {{.key = CERT_KEY_DSA, .key_bits = 2048}, WEAK_KEY_DSA},
        {{.key = CERT_KEY_ED25519, .key_bits = 253}, 0},
        {{.key = CERT_KEY_ML_DSA}, 0},
        {{.key = CERT_KEY_RSA, .key_bits = 2048, .rsa_e = 65537}, 0},
        {{.key = CERT_KEY_RSA, .key_bits = 2047, .rsa_e = 65537}, WEAK_KEY_SHORT},
        {{.key = CERT_KEY_RSA, .key_bits = 2048, .rsa_e = 3}, WEAK_KEY_SMALL_E},
        {{.key = CERT_KEY_RSA, .key_bits = 2048, .rsa_e = 1}, WEAK_KEY_EXPONENT},
        {{.key = CERT_KEY_RSA, .key_bits = 2048, .rsa_e = 65538}, WEAK_KEY_EXPONENT},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct weak_key k;
        struct cert_info c = row[i].c;
        if (c.key == CERT_KEY_RSA)
            c.rsa_n = good_modulus();
        weak_key_look(&c, NULL, 0, &k);
        assert_int_equal(k.faults, row[i].faults);
        assert_false(k.debian_tested);
    }
}

static void a_real_certificate(void **state)
{
    struct pki_spec s = {.cn = "x"};
    EVP_PKEY *key = pki_key("rsa");
    X509 *x = pki_cert(&s, key, NULL, NULL);
    struct cert_info c = info_of(&arena, x);
    struct weak_key k;
    struct str list = STR("00112233445566778899\n");
    weak_key_look(&c, &list, 1, &k);
    assert_true(k.faults == 0 && k.debian_tested && !k.tests_skipped);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void shared_primes(void **state)
{
    BIGNUM *p[9];
    for (size_t i = 0; i < 9; i++)
        p[i] = prime(256);
    struct str n[] = {
        product(&arena, p[0], p[1]), /* shares p1 with the next */
        product(&arena, p[1], p[2]),
        product(&arena, p[3], p[4]), /* alone */
        product(&arena, p[5], p[6]), /* twice the same: no find */
        product(&arena, p[5], p[6]),
        product(&arena, p[2], p[0]), /* both its primes are elsewhere */
        product(&arena, p[7], p[8]), STR(""), STR("\0\0\x01"),
    };
    static const bool want[] = {true, true, false, false, false, true, false, false, false};
    bool got[9];
    memset(got, 1, sizeof got);
    assert_int_equal(weak_key_batch_gcd(n, 9, got), 0);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(weak_key_batch_gcd(n, 1, got), 0);
    assert_false(got[0]);
    assert_int_equal(weak_key_batch_gcd(n + 3, 2, got), 0);
    assert_false(got[0] || got[1]);
    assert_int_equal(weak_key_batch_gcd(n, 0, got), 0);
    static char huge[WEAK_KEY_BITS_MAX / 8 + 1] = {1};
    n[0] = str_of(huge, sizeof huge);
    assert_int_equal(weak_key_batch_gcd(n, 9, got), -ERR_LIMIT);
    for (size_t i = 0; i < 9; i++)
        BN_free(p[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(close_primes), cmocka_unit_test(small_factors),
        cmocka_unit_test(roca),         cmocka_unit_test(debian_list),
        cmocka_unit_test(facts),        cmocka_unit_test(a_real_certificate),
        cmocka_unit_test(shared_primes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
