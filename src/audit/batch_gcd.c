/* Shared primes among many moduli; see weak_key.h.
 *
 * A product tree of all moduli, then a remainder tree: what remains of the product P modulo n² tells, by
 * gcd((P mod n²) / n, n), whether n shares a prime with the rest. Two thousand keys of 2048 bits take
 * some seconds so, where each pair by itself takes minutes. Divisions of OpenSSL's are quadratic: for
 * more keys than WEAK_KEY_BATCH_MAX a faster library would be needed. */
#include "audit/weak_key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdlib.h>

/* A complete binary tree in an array: node i has children 2i+1 and 2i+2, the leaves stand last. */
struct tree {
    BN_CTX *ctx;
    BIGNUM **node;
    size_t leaves; /* power of two */
};

static size_t node_count(const struct tree *t)
{
    return 2 * t->leaves - 1;
}

static void tree_done(struct tree *t)
{
    for (size_t i = 0; t->node && i < node_count(t); i++)
        BN_free(t->node[i]);
    free(t->node);
    BN_CTX_free(t->ctx);
}

static int tree_init(struct tree *t, size_t n)
{
    *t = (struct tree){.leaves = 1};
    while (t->leaves < n)
        t->leaves *= 2;
    t->ctx = BN_CTX_new();
    t->node = calloc(node_count(t), sizeof *t->node);
    for (size_t i = 0; t->node && i < node_count(t); i++)
        if (!(t->node[i] = BN_new()) || !BN_one(t->node[i]))
            return -ERR_NOMEM;
    return t->ctx && t->node ? 0 : -ERR_NOMEM;
}

static int multiply(struct tree *t)
{
    for (size_t i = t->leaves - 1; i-- > 0;)
        if (!BN_mul(t->node[i], t->node[2 * i + 1], t->node[2 * i + 2], t->ctx))
            return -ERR_NOMEM;
    return 0;
}

/* Each node becomes what the product of all leaves is modulo the node's square. */
static int divide(struct tree *t)
{
    BIGNUM *square = BN_new();
    bool ok = square != NULL;
    for (size_t i = 1; ok && i < node_count(t); i++)
        ok = BN_is_one(t->node[i]) || (BN_sqr(square, t->node[i], t->ctx) &&
                                       BN_mod(t->node[i], t->node[(i - 1) / 2], square, t->ctx));
    BN_free(square);
    return ok ? 0 : -ERR_NOMEM;
}

/* gcd(remainder / n, n) > 1 */
static int shares(struct tree *t, const BIGNUM *remainder, const BIGNUM *n, bool *ret)
{
    BIGNUM *q = BN_new();
    bool ok = q && BN_div(q, NULL, remainder, n, t->ctx) && BN_gcd(q, q, n, t->ctx);
    if (ok)
        *ret = !BN_is_one(q);
    BN_free(q);
    return ok ? 0 : -ERR_NOMEM;
}

struct key {
    struct str n;  /* without leading zeros */
    size_t at;     /* in the caller's list */
    size_t leaf;   /* equal keys have one together */
};

static int by_modulus(const void *a, const void *b)
{
    return str_cmp(((const struct key *)a)->n, ((const struct key *)b)->n);
}

static int read_keys(const struct str *moduli, size_t n, struct key *key)
{
    for (size_t i = 0; i < n; i++) {
        struct str s = moduli[i];
        while (s.n && s.p[0] == 0)
            s = str_from(s, 1);
        if (s.n > WEAK_KEY_BITS_MAX / 8)
            return -ERR_LIMIT;
        key[i] = (struct key){s, i, 0};
    }
    qsort(key, n, sizeof *key, by_modulus);
    for (size_t i = 1; i < n; i++)
        key[i].leaf = key[i - 1].leaf + !str_eq(key[i].n, key[i - 1].n);
    return 0;
}

/* Zero and nothing count as 1, which shares no prime. */
static bool set(BIGNUM *b, struct str n)
{
    return n.n == 0 ? BN_one(b) : BN_bin2bn((const unsigned char *)n.p, (int)n.n, b) != NULL;
}

static int find(struct tree *t, const struct key *key, size_t n, bool *ret)
{
    BIGNUM *own = BN_new();
    int err = own ? 0 : -ERR_NOMEM;
    for (size_t i = 0; !err && i < n; i++)
        err = set(t->node[t->leaves - 1 + key[i].leaf], key[i].n) ? 0 : -ERR_NOMEM;
    err = err ? err : multiply(t);
    /* A tree of one leaf is its own root: there is nobody to share with. */
    err = err ? err : divide(t);
    for (size_t i = 0; !err && i < n; i++) {
        ret[key[i].at] = false;
        if (key[i].n.n == 0 || t->leaves == 1)
            continue;
        err = set(own, key[i].n) ? 0 : -ERR_NOMEM;
        err = err ? err : shares(t, t->node[t->leaves - 1 + key[i].leaf], own, &ret[key[i].at]);
    }
    BN_free(own);
    return err;
}

int weak_key_batch_gcd(const struct str *moduli, size_t n, bool *ret)
{
    if (n == 0)
        return 0;
    if (n > WEAK_KEY_BATCH_MAX)
        return -ERR_LIMIT;
    struct tree t = {0};
    struct key *key = calloc(n, sizeof *key);
    int err = key ? read_keys(moduli, n, key) : -ERR_NOMEM;
    err = err ? err : tree_init(&t, n);
    err = err ? err : find(&t, key, n, ret);
    tree_done(&t);
    free(key);
    ERR_clear_error();
    return err;
}
