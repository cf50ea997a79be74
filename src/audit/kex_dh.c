/* Diffie-Hellman; see kex_dh.h.
 *
 * On numbers rather than EVP's DH: that one refuses small primes, takes exponents as long as an
 * unknown prime, and may test what it is given for being prime, which costs more than all else. */
#include "audit/kex_dh.h"

enum { EXPONENT = 32 }; /* bytes: nothing that we send is worth more */

static void free_number(BIGNUM **n)
{
    BN_free(*n);
}
#define NUMBER __attribute__((cleanup(free_number))) BIGNUM

static BIGNUM *number(struct str s)
{
    /* Leading zeros say nothing and cost memory. */
    while (s.n > 0 && *s.p == 0)
        s = str_from(s, 1);
    if (s.n > KEX_DH_BITS_MAX / 8)
        return NULL;
    return BN_bin2bn((const unsigned char *)s.p, (int)s.n, NULL);
}

BIGNUM *kex_dh_exponent(struct crypto *c)
{
    unsigned char bytes[EXPONENT];
    if (crypto_random(c, bytes, sizeof bytes))
        return NULL;
    bytes[0] |= 0x80; /* never 0, nor short */
    return BN_bin2bn(bytes, sizeof bytes, NULL);
}

static bool is_between(const BIGNUM *n, const BIGNUM *p_minus_1)
{
    return BN_cmp(n, BN_value_one()) > 0 && BN_cmp(n, p_minus_1) < 0;
}

int kex_dh_power(struct crypto *c, const BIGNUM *base, const BIGNUM *x, const BIGNUM *p,
                 unsigned char *ret)
{
    NUMBER *most = BN_dup(p), *result = BN_new();
    BN_CTX *ctx = BN_CTX_new_ex(crypto_lib(c));
    int err = -ERR_RANGE;
    if (!most || !result || !ctx || !BN_sub_word(most, 1))
        err = -ERR_NOMEM;
    else if (!is_between(base, most))
        err = -ERR_RANGE;
    else if (!BN_mod_exp(result, base, x, p, ctx))
        err = -ERR_INTERNAL;
    else if (BN_cmp(result, BN_value_one()) > 0)
        err = BN_bn2binpad(result, ret, BN_num_bytes(p)) > 0 ? 0 : -ERR_INTERNAL;
    BN_CTX_free(ctx);
    return err ? crypto_fail(err) : 0;
}

static int exchange(struct crypto *c, const BIGNUM *p, const BIGNUM *g, const BIGNUM *ys,
                    struct buf *ret_yc, struct buf *ret_secret)
{
    unsigned char yc[KEX_DH_BITS_MAX / 8], secret[KEX_DH_BITS_MAX / 8];
    size_t n = (size_t)BN_num_bytes(p), zeros = 0;
    NUMBER *x = kex_dh_exponent(c);
    if (!x)
        return -ERR_NOMEM;
    int err = kex_dh_power(c, g, x, p, yc);
    if (!err)
        err = kex_dh_power(c, ys, x, p, secret);
    if (!err)
        err = buf_reserve(ret_secret, n); /* both are appended, or none */
    if (!err)
        err = buf_append(ret_yc, crypto_str(yc, n));
    if (err)
        return err;
    while (secret[zeros] == 0) /* the result is more than 1 */
        zeros++;
    return buf_append(ret_secret, crypto_str(secret + zeros, n - zeros));
}

int kex_dh(struct crypto *c, struct str p, struct str g, struct str ys, struct buf *ret_yc,
           struct buf *ret_secret)
{
    NUMBER *np = number(p), *ng = number(g), *ny = number(ys);
    if (!np || !ng || !ny)
        return crypto_fail(-ERR_RANGE);
    int bits = BN_num_bits(np);
    if (bits < KEX_DH_BITS_MIN || bits > KEX_DH_BITS_MAX || !BN_is_odd(np))
        return -ERR_RANGE;
    return exchange(c, np, ng, ny, ret_yc, ret_secret);
}
