/* See weak_key.h. */
#include "audit/weak_key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

enum { RSA_BITS = 2048, EC_BITS = 224, SIEVE = 1 << 16 };

/* n mod m, without a big number. m below 2^32. */
static uint32_t remainder_of(struct str n, uint32_t m)
{
    uint64_t r = 0;
    for (size_t i = 0; i < n.n; i++)
        r = (r << 8 | (unsigned char)n.p[i]) % m;
    return (uint32_t)r;
}

static bool testable(struct str n)
{
    return n.n > 0 && n.n <= WEAK_KEY_BITS_MAX / 8;
}

/* ---- small factors ---- */

/* All primes below 2^16 by the sieve of Eratosthenes: quicker than keeping 6542 of them. */
static void sieve(bool composite[SIEVE])
{
    memset(composite, 0, SIEVE * sizeof *composite);
    for (uint32_t i = 2; i * i < SIEVE; i++)
        for (uint32_t j = i * i; !composite[i] && j < SIEVE; j += i)
            composite[j] = true;
}

/* Several primes at a time: their product still fits 32 bits: one long division for all. */
uint32_t weak_key_small_factor(struct str n)
{
    bool composite[SIEVE];
    if (!testable(n))
        return 0;
    sieve(composite);
    for (uint32_t p = 2, next; p < SIEVE; p = next) {
        uint64_t product = 1;
        for (next = p; next < SIEVE && (composite[next] || product * next <= UINT32_MAX); next++)
            product *= composite[next] ? 1 : next;
        uint32_t r = remainder_of(n, (uint32_t)product);
        for (uint32_t q = p; q < next; q++)
            if (!composite[q] && r % q == 0)
                return q;
    }
    return 0;
}

/* ---- ROCA ---- */

/* Nemec et al. (2017): the primes of the faulty library are k·M + (65537^a mod M), with M the
 * product of the first primes, 39 of them (2 to 167) for the shortest keys and more for longer
 * ones. So n mod p lies in the group that 65537 generates mod p, for each of these p; a random n
 * does so by a chance of about 1 in 2^27. */
static bool in_group(uint32_t r, uint32_t p)
{
    uint32_t x = 1;
    do {
        if (x == r)
            return true;
        x = x * (65537 % p) % p;
    } while (x != 1);
    return false;
}

bool weak_key_roca(struct str n)
{
    static const uint8_t prime[] = {3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                    47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103,
                                    107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
    if (!testable(n))
        return false;
    for (size_t i = 0; i < sizeof prime; i++)
        if (!in_group(remainder_of(n, prime[i]), prime[i]))
            return false;
    return true;
}

/* ---- Fermat ---- */

struct numbers {
    BN_CTX *ctx;
    BIGNUM *n, *a, *b, *t;
};

/* a = floor(sqrt(n)) by Newton's method from above. */
static bool root(struct numbers *m)
{
    int bits = BN_num_bits(m->n);
    if (!BN_one(m->a) || !BN_lshift(m->a, m->a, (bits + 1) / 2))
        return false;
    for (;;) {
        if (!BN_div(m->t, NULL, m->n, m->a, m->ctx) || !BN_add(m->t, m->t, m->a) ||
            !BN_rshift1(m->t, m->t))
            return false;
        if (BN_cmp(m->t, m->a) >= 0)
            return true;
        BN_swap(m->t, m->a);
    }
}

static bool is_square(struct numbers *m, BIGNUM *value)
{
    struct numbers r = {m->ctx, value, BN_new(), BN_new(), BN_new()};
    /* In base 16 a square ends on 0, 1, 4 or 9: three of four fall without a root. */
    BN_ULONG low = BN_is_zero(value) ? 0 : BN_mod_word(value, 16);
    bool may = low == 0 || low == 1 || low == 4 || low == 9;
    bool ok =
        may && r.a && r.b && r.t && root(&r) && BN_sqr(r.b, r.a, m->ctx) && BN_cmp(r.b, value) == 0;
    BN_free(r.a);
    BN_free(r.b);
    BN_free(r.t);
    return ok;
}

/* n = a² − b² = (a − b)(a + b): from a = ceil(sqrt(n)), quick when the primes are close. */
static unsigned fermat(struct numbers *m, unsigned rounds)
{
    if (!root(m) || !BN_sqr(m->b, m->a, m->ctx))
        return 0;
    if (BN_cmp(m->b, m->n) == 0)
        return 1;
    for (unsigned i = 1; i <= rounds; i++) {
        if (!BN_add_word(m->a, 1) || !BN_sqr(m->b, m->a, m->ctx) || !BN_sub(m->b, m->b, m->n))
            return 0;
        if (is_square(m, m->b))
            return i;
    }
    return 0;
}

unsigned weak_key_fermat(struct str n, unsigned rounds)
{
    if (!testable(n))
        return 0;
    struct numbers m = {BN_CTX_new(), BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL),
                        BN_new(), BN_new(), BN_new()};
    unsigned found = 0;
    if (m.ctx && m.n && m.a && m.b && m.t && BN_is_odd(m.n) && BN_num_bits(m.n) > 8)
        found = fermat(&m, rounds);
    BN_free(m.n);
    BN_free(m.a);
    BN_free(m.b);
    BN_free(m.t);
    BN_CTX_free(m.ctx);
    ERR_clear_error();
    return found;
}

/* ---- Debian ---- */

enum { DEBIAN_DIGITS = 20 };

static bool debian_hash(struct str n, char ret[DEBIAN_DIGITS])
{
    static const char digit[] = "0123456789ABCDEF";
    unsigned char hash[20];
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha1(), NULL) && EVP_DigestUpdate(md, "Modulus=", 8);
    for (size_t i = 0; ok && i < n.n; i++) {
        unsigned char c = (unsigned char)n.p[i];
        const char two[2] = {digit[c >> 4], digit[c & 15]};
        ok = EVP_DigestUpdate(md, two, 2);
    }
    ok = ok && EVP_DigestUpdate(md, "\n", 1) && EVP_DigestFinal_ex(md, hash, NULL);
    EVP_MD_CTX_free(md);
    for (size_t i = 0; ok && i < DEBIAN_DIGITS; i++)
        ret[i] = ascii_lower(digit[hash[10 + i / 2] >> (i % 2 ? 0 : 4) & 15]);
    return ok;
}

bool weak_key_debian(struct str n, struct str list)
{
    char want[DEBIAN_DIGITS];
    struct str line;
    if (!testable(n) || !debian_hash(n, want))
        return false;
    while (str_split(&list, '\n', &line))
        if (str_ieq(str_sub(line, 0, DEBIAN_DIGITS), str_of(want, DEBIAN_DIGITS)))
            return true;
    return false;
}

/* ---- all of it ---- */

static void look_rsa(const struct cert_info *c, const struct str *lists, size_t n,
                     struct weak_key *k)
{
    if (c->key_bits < RSA_BITS)
        k->faults |= WEAK_KEY_SHORT;
    if (c->rsa_e <= 1 || c->rsa_e % 2 == 0)
        k->faults |= WEAK_KEY_EXPONENT;
    else if (c->rsa_e < 65537)
        k->faults |= WEAK_KEY_SMALL_E;
    if (!testable(c->rsa_n)) {
        k->tests_skipped = true;
        return;
    }
    k->small_factor = weak_key_small_factor(c->rsa_n);
    k->fermat_rounds = weak_key_fermat(c->rsa_n, WEAK_KEY_FERMAT_ROUNDS);
    k->debian_tested = n > 0;
    k->faults |= (k->small_factor ? WEAK_KEY_SMALL_FACTOR : 0u) |
                 (k->fermat_rounds ? WEAK_KEY_FERMAT : 0u) |
                 (weak_key_roca(c->rsa_n) ? WEAK_KEY_ROCA : 0u);
    for (size_t i = 0; i < n; i++)
        if (weak_key_debian(c->rsa_n, lists[i]))
            k->faults |= WEAK_KEY_DEBIAN;
}

/* The curves that TLS has code points for (RFC 8422, RFC 7027). */
static bool tls_curve(struct str name)
{
    static const char *const known[] = {
        "prime256v1", "secp384r1", "secp521r1",       "secp224r1",       "secp192r1",
        "prime192v1", "secp256k1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ieq(name, str_c(known[i])))
            return true;
    return false;
}

static void look_ec(const struct cert_info *c, struct weak_key *k)
{
    if (c->key_bits < EC_BITS)
        k->faults |= WEAK_KEY_SHORT;
    if (c->curve_explicit || !tls_curve(c->curve))
        k->faults |= WEAK_KEY_CURVE;
}

void weak_key_look(const struct cert_info *c, const struct str *lists, size_t n,
                   struct weak_key *ret)
{
    struct weak_key k = {0};
    if (c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS)
        look_rsa(c, lists, n, &k);
    else if (c->key == CERT_KEY_EC)
        look_ec(c, &k);
    else if (c->key == CERT_KEY_DSA)
        k.faults = WEAK_KEY_DSA;
    *ret = k;
}
