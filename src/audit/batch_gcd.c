/* Shared primes among many moduli; see weak_key.h.
 *
 * For each modulus the product of all others is taken modulo it, and one gcd tells whether it
 * shares a prime with any of them. The known way, a product tree and a remainder tree (Bernstein),
 * was built and measured: OpenSSL divides in quadratic time, so the tree's huge numbers took five
 * times as long as these small ones, which stay in the processor's cache. For millions of keys a
 * faster library is needed. */
#include "audit/weak_key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdlib.h>

struct key {
    struct str n;   /* without leading zeros */
    size_t at;      /* in the caller's list */
    BIGNUM *number; /* NULL: nothing to share, or equal to the one before */
};

struct batch {
    BN_CTX *ctx;
    BN_MONT_CTX *mont;
    BIGNUM *product, *factor;
    struct key *key; /* sorted by modulus */
    size_t n;
};

static int by_modulus(const void *a, const void *b)
{
    return str_cmp(((const struct key *)a)->n, ((const struct key *)b)->n);
}

/* Even ones are left out (weak_key_small_factor finds them), and so are 0 and 1. */
static bool can_share(struct str n)
{
    return n.n > 0 && (n.p[n.n - 1] & 1) && !str_eq(n, STR("\x01"));
}

static int read_keys(struct batch *b, const struct str *moduli)
{
    for (size_t i = 0; i < b->n; i++) {
        struct str s = moduli[i];
        while (s.n && s.p[0] == 0)
            s = str_from(s, 1);
        if (s.n > WEAK_KEY_BITS_MAX / 8)
            return -ERR_LIMIT;
        b->key[i] = (struct key){s, i, NULL};
    }
    qsort(b->key, b->n, sizeof *b->key, by_modulus);
    for (size_t i = 0; i < b->n; i++) {
        struct str s = b->key[i].n;
        if (!can_share(s) || (i && str_eq(s, b->key[i - 1].n)))
            continue;
        b->key[i].number = BN_bin2bn((const unsigned char *)s.p, (int)s.n, NULL);
        if (!b->key[i].number)
            return -ERR_NOMEM;
    }
    return 0;
}

/* Montgomery's factor enters the product with each step: it has no prime in common with an odd n. */
static bool multiply_others(struct batch *b, size_t own)
{
    const BIGNUM *n = b->key[own].number;
    bool ok = BN_MONT_CTX_set(b->mont, n, b->ctx) && BN_one(b->product);
    for (size_t i = 0; ok && i < b->n; i++)
        if (i != own && b->key[i].number)
            ok = BN_nnmod(b->factor, b->key[i].number, n, b->ctx) &&
                 BN_mod_mul_montgomery(b->product, b->product, b->factor, b->mont, b->ctx);
    return ok;
}

static int find(struct batch *b, bool *ret)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct key *k = &b->key[i];
        ret[k->at] = false;
        if (!k->number) {
            if (i && str_eq(k->n, b->key[i - 1].n))
                ret[k->at] = ret[b->key[i - 1].at];
            continue;
        }
        if (!multiply_others(b, i) || !BN_gcd(b->factor, b->product, k->number, b->ctx))
            return -ERR_NOMEM;
        ret[k->at] = !BN_is_one(b->factor);
    }
    return 0;
}

static void batch_done(struct batch *b)
{
    for (size_t i = 0; b->key && i < b->n; i++)
        BN_free(b->key[i].number);
    free(b->key);
    BN_free(b->product);
    BN_free(b->factor);
    BN_MONT_CTX_free(b->mont);
    BN_CTX_free(b->ctx);
}

int weak_key_batch_gcd(const struct str *moduli, size_t n, bool *ret)
{
    if (n == 0)
        return 0;
    if (n > WEAK_KEY_BATCH_MAX)
        return -ERR_LIMIT;
    struct batch b = {BN_CTX_new(), BN_MONT_CTX_new(),        BN_new(),
                      BN_new(),     calloc(n, sizeof *b.key), n};
    bool ok = b.ctx && b.mont && b.product && b.factor && b.key;
    int err = ok ? read_keys(&b, moduli) : -ERR_NOMEM;
    err = err ? err : find(&b, ret);
    batch_done(&b);
    ERR_clear_error();
    return err;
}
