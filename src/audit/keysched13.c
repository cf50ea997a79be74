/* Keys of TLS 1.3; see keysched13.h. */
#include "audit/keysched13.h"

static const unsigned char zeros[CRYPTO_MD_MAX];

int keysched13_extract(const struct keysched13_suite *s, struct str salt, struct str ikm,
                       struct keysched13_secret *ret)
{
    unsigned char out[CRYPTO_MD_MAX];
    size_t n = crypto_md_size(s->md);
    if (salt.n == 0)
        salt = crypto_str(zeros, n);
    if (ikm.n == 0)
        ikm = crypto_str(zeros, n);
    int err = crypto_hmac(s->crypto, s->md, salt, &ikm, 1, out);
    if (err)
        return err;
    memcpy(ret->b, out, n);
    ret->n = n;
    return 0;
}

/* HKDF-Expand (RFC 5869 2.3) */
static int expand(const struct keysched13_suite *s, struct str secret, struct str info,
                  unsigned char *ret, size_t n)
{
    unsigned char block[CRYPTO_MD_MAX], counter = 0;
    size_t size = crypto_md_size(s->md);
    struct str parts[] = {crypto_str(block, 0), info, crypto_str(&counter, 1)};
    while (n > 0) {
        counter++;
        int err = crypto_hmac(s->crypto, s->md, secret, parts, 3, block);
        if (err)
            return err;
        parts[0].n = size;
        size_t take = n < size ? n : size;
        memcpy(ret, block, take);
        ret += take;
        n -= take;
    }
    return 0;
}

int keysched13_expand_label(const struct keysched13_suite *s, struct str secret, struct str label,
                            struct str context, unsigned char *ret, size_t n)
{
    static const struct str prefix = {"tls13 ", 6};
    unsigned char info[2 + 1 + 255 + 1 + 255], *p = info;
    size_t label_n = prefix.n + label.n;
    if (label.n > 255 - prefix.n || context.n > 255 || n > 255 * crypto_md_size(s->md))
        return -ERR_RANGE;
    *p++ = (unsigned char)(n >> 8);
    *p++ = (unsigned char)n;
    *p++ = (unsigned char)label_n;
    memcpy(p, prefix.p, prefix.n);
    if (label.n)
        memcpy(p + prefix.n, label.p, label.n);
    p += label_n;
    *p++ = (unsigned char)context.n;
    if (context.n)
        memcpy(p, context.p, context.n);
    p += context.n;
    return expand(s, secret, crypto_str(info, (size_t)(p - info)), ret, n);
}

static int derive(const struct keysched13_suite *s, const struct keysched13_secret *secret,
                  struct str label, struct str context, struct keysched13_secret *ret)
{
    struct keysched13_secret out = {.n = crypto_md_size(s->md)};
    int err = keysched13_expand_label(s, keysched13_str(secret), label, context, out.b, out.n);
    if (!err)
        *ret = out;
    return err;
}

int keysched13_derive(const struct keysched13_suite *s, const struct keysched13_secret *secret,
                      struct str label, struct str transcript_hash, struct keysched13_secret *ret)
{
    unsigned char nothing[CRYPTO_MD_MAX];
    if (transcript_hash.n == 0) {
        int err = crypto_hash(s->crypto, s->md, NULL, 0, nothing);
        if (err)
            return err;
        transcript_hash = crypto_str(nothing, crypto_md_size(s->md));
    }
    return derive(s, secret, label, transcript_hash, ret);
}

int keysched13_early(const struct keysched13_suite *s, struct str psk,
                     struct keysched13_secret *ret)
{
    return keysched13_extract(s, STR_NONE, psk, ret);
}

static int next_rung(const struct keysched13_suite *s, const struct keysched13_secret *rung,
                     struct str ikm, struct keysched13_secret *ret)
{
    struct keysched13_secret salt;
    int err = keysched13_derive(s, rung, STR("derived"), STR_NONE, &salt);
    return err ? err : keysched13_extract(s, keysched13_str(&salt), ikm, ret);
}

int keysched13_handshake(const struct keysched13_suite *s, const struct keysched13_secret *early,
                         struct str shared, struct keysched13_secret *ret)
{
    return next_rung(s, early, shared, ret);
}

int keysched13_master(const struct keysched13_suite *s, const struct keysched13_secret *handshake,
                      struct keysched13_secret *ret)
{
    return next_rung(s, handshake, STR_NONE, ret);
}

int keysched13_named(const struct keysched13_suite *s, const struct keysched13_secret *rung,
                     enum keysched13_label label, struct str transcript_hash,
                     struct keysched13_secret *ret)
{
    static const char *const labels[] = {
        [KEYSCHED13_EXT_BINDER] = "ext binder",    [KEYSCHED13_RES_BINDER] = "res binder",
        [KEYSCHED13_C_EARLY] = "c e traffic",      [KEYSCHED13_C_HANDSHAKE] = "c hs traffic",
        [KEYSCHED13_S_HANDSHAKE] = "s hs traffic", [KEYSCHED13_C_TRAFFIC] = "c ap traffic",
        [KEYSCHED13_S_TRAFFIC] = "s ap traffic",   [KEYSCHED13_EXPORTER] = "exp master",
        [KEYSCHED13_RESUMPTION] = "res master",
    };
    if ((size_t)label >= sizeof labels / sizeof *labels)
        return -ERR_INVAL;
    return keysched13_derive(s, rung, str_c(labels[label]), transcript_hash, ret);
}

int keysched13_keys(const struct keysched13_suite *s, const struct keysched13_secret *traffic,
                    unsigned char *ret_key, size_t key_n, unsigned char ret_iv[KEYSCHED13_IV])
{
    struct str secret = keysched13_str(traffic);
    int err = keysched13_expand_label(s, secret, STR("key"), STR_NONE, ret_key, key_n);
    if (err)
        return err;
    return keysched13_expand_label(s, secret, STR("iv"), STR_NONE, ret_iv, KEYSCHED13_IV);
}

int keysched13_update(const struct keysched13_suite *s, const struct keysched13_secret *traffic,
                      struct keysched13_secret *ret)
{
    return derive(s, traffic, STR("traffic upd"), STR_NONE, ret);
}

int keysched13_finished(const struct keysched13_suite *s, const struct keysched13_secret *base,
                        struct str transcript_hash, struct keysched13_secret *ret)
{
    struct keysched13_secret key, out = {.n = crypto_md_size(s->md)};
    int err = derive(s, base, STR("finished"), STR_NONE, &key);
    if (!err)
        err = crypto_hmac(s->crypto, s->md, keysched13_str(&key), &transcript_hash, 1, out.b);
    if (!err)
        *ret = out;
    return err;
}

int keysched13_psk(const struct keysched13_suite *s, const struct keysched13_secret *resumption,
                   struct str ticket_nonce, struct keysched13_secret *ret)
{
    return derive(s, resumption, STR("resumption"), ticket_nonce, ret);
}
