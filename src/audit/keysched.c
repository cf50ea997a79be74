/* Keys up to TLS 1.2; see keysched.h. */
#include "audit/keysched.h"

enum { SSL3 = 0x0300, TLS10 = 0x0301, TLS12 = 0x0303, RANDOM = 32 };

/* ---- TLS ---- */

/* P_hash (RFC 5246 5), exclusive-ored onto `out`. */
static int p_hash(struct crypto *c, enum crypto_md md, struct str secret, struct str label,
                  struct str seed, unsigned char *out, size_t n)
{
    unsigned char a[CRYPTO_MD_MAX], piece[CRYPTO_MD_MAX];
    size_t size = crypto_md_size(md);
    struct str parts[3] = {crypto_str(a, size), label, seed};
    int err = crypto_hmac(c, md, secret, parts + 1, 2, a); /* A(1) */
    while (!err && n > 0) {
        size_t take = n < size ? n : size;
        err = crypto_hmac(c, md, secret, parts, 3, piece);
        for (size_t i = 0; !err && i < take; i++)
            out[i] ^= piece[i];
        out += take;
        n -= take;
        if (!err && n > 0)
            err = crypto_hmac(c, md, secret, parts, 1, a);
    }
    return err;
}

int keysched_prf(const struct keysched_suite *s, struct str secret, struct str label,
                 struct str seed, unsigned char *ret, size_t n)
{
    if (s->version < TLS10 || s->version > TLS12)
        return -ERR_UNSUPPORTED;
    if (n > KEYSCHED_BLOCK_MAX)
        return -ERR_RANGE;
    memset(ret, 0, n);
    if (s->version == TLS12)
        return p_hash(s->crypto, s->md, secret, label, seed, ret, n);
    /* RFC 2246 5: the two halves share the middle byte of an odd secret. */
    size_t half = (secret.n + 1) / 2;
    int err = p_hash(s->crypto, CRYPTO_MD5, str_sub(secret, 0, half), label, seed, ret, n);
    if (err)
        return err;
    return p_hash(s->crypto, CRYPTO_SHA1, str_from(secret, secret.n - half), label, seed, ret, n);
}

/* ---- SSL 3.0 ---- */

/* MD5(secret + SHA(letters + secret + seed)), letters "A", "BB", "CCC" … (RFC 6101 6.1, 6.2.2) */
static int ssl3_expand(struct crypto *c, struct str secret, struct str seed, unsigned char *ret,
                       size_t n)
{
    unsigned char sha[20], md5[16], letters[26];
    for (size_t count = 1; n > 0; count++) {
        if (count > sizeof letters)
            return -ERR_RANGE;
        memset(letters, (int)('A' + count - 1), count);
        struct str inner[] = {crypto_str(letters, count), secret, seed};
        struct str outer[] = {secret, crypto_str(sha, sizeof sha)};
        int err = crypto_hash(c, CRYPTO_SHA1, inner, 3, sha);
        if (!err)
            err = crypto_hash(c, CRYPTO_MD5, outer, 2, md5);
        if (err)
            return err;
        size_t take = n < sizeof md5 ? n : sizeof md5;
        memcpy(ret, md5, take);
        ret += take;
        n -= take;
    }
    return 0;
}

/* hash(master + pad2 + hash(messages + sender + master + pad1)) (RFC 6101 5.6.9) */
static int ssl3_finished(struct crypto *c, enum crypto_md md, size_t pad, struct str master,
                         struct str sender, const struct transcript *t, unsigned char *ret)
{
    unsigned char pad1[48], pad2[48], inner[CRYPTO_MD_MAX];
    memset(pad1, 0x36, sizeof pad1);
    memset(pad2, 0x5c, sizeof pad2);
    struct str more[] = {sender, master, crypto_str(pad1, pad)};
    struct str outer[] = {master, crypto_str(pad2, pad), crypto_str(inner, crypto_md_size(md))};
    int err = transcript_hash_with(t, md, more, 3, inner);
    return err ? err : crypto_hash(c, md, outer, 3, ret);
}

/* ---- both ---- */

/* A pair of randoms as one seed. */
static int join(struct str first, struct str second, unsigned char ret[2 * RANDOM])
{
    if (first.n != RANDOM || second.n != RANDOM)
        return -ERR_INVAL;
    memcpy(ret, first.p, RANDOM);
    memcpy(ret + RANDOM, second.p, RANDOM);
    return 0;
}

static int expand(const struct keysched_suite *s, struct str secret, struct str label,
                  struct str first, struct str second, unsigned char *ret, size_t n)
{
    unsigned char seed[2 * RANDOM];
    int err = join(first, second, seed);
    if (err)
        return err;
    if (s->version == SSL3)
        return ssl3_expand(s->crypto, secret, crypto_str(seed, sizeof seed), ret, n);
    return keysched_prf(s, secret, label, crypto_str(seed, sizeof seed), ret, n);
}

int keysched_master(const struct keysched_suite *s, struct str premaster, struct str client_random,
                    struct str server_random, unsigned char ret[KEYSCHED_MASTER])
{
    return expand(s, premaster, STR("master secret"), client_random, server_random, ret,
                  KEYSCHED_MASTER);
}

int keysched_extended_master(const struct keysched_suite *s, struct str premaster,
                             struct str session_hash, unsigned char ret[KEYSCHED_MASTER])
{
    return keysched_prf(s, premaster, STR("extended master secret"), session_hash, ret,
                        KEYSCHED_MASTER);
}

int keysched_block(const struct keysched_suite *s, struct str master, struct str client_random,
                   struct str server_random, unsigned char *ret, size_t n)
{
    if (n > KEYSCHED_BLOCK_MAX)
        return -ERR_RANGE;
    /* The other way round than for the master secret. */
    return expand(s, master, STR("key expansion"), server_random, client_random, ret, n);
}

int keysched_finished(const struct keysched_suite *s, struct str master, bool server,
                      const struct transcript *t, unsigned char ret[KEYSCHED_FINISHED_MAX],
                      size_t *ret_n)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    int err;
    if (s->version == SSL3) {
        struct str sender = server ? STR("SRVR") : STR("CLNT");
        err = ssl3_finished(s->crypto, CRYPTO_MD5, 48, master, sender, t, ret);
        if (!err)
            err = ssl3_finished(s->crypto, CRYPTO_SHA1, 40, master, sender, t, ret + 16);
        if (!err)
            *ret_n = 36;
        return err;
    }
    err = transcript_hash(t, hash, &n);
    if (!err)
        err = keysched_prf(s, master, server ? STR("server finished") : STR("client finished"),
                           crypto_str(hash, n), ret, 12);
    if (!err)
        *ret_n = 12;
    return err;
}
