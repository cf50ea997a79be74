/* The running hash of a handshake; see transcript.h. */
#include "audit/transcript.h"

#include <openssl/evp.h>

void transcript_init(struct transcript *t, struct crypto *c, size_t max)
{
    *t = (struct transcript){.crypto = c, .max = max};
    buf_init(&t->kept, max);
}

void transcript_done(struct transcript *t)
{
    buf_done(&t->kept);
    EVP_MD_CTX_free(t->ctx[0]);
    EVP_MD_CTX_free(t->ctx[1]);
    t->ctx[0] = t->ctx[1] = NULL;
    t->mds = 0;
}

static int update(struct transcript *t, struct str bytes)
{
    for (int i = 0; i < t->mds; i++)
        if (!EVP_DigestUpdate(t->ctx[i], bytes.p, bytes.n))
            return crypto_fail(-ERR_INTERNAL);
    return 0;
}

int transcript_add(struct transcript *t, struct str message)
{
    if (message.n > t->max - t->n)
        return -ERR_LIMIT;
    int err = t->mds ? update(t, message) : 0;
    if (!err && (!t->mds || t->keep_all))
        err = buf_append(&t->kept, message);
    if (!err)
        t->n += message.n;
    return err;
}

static int start(struct transcript *t, int i, enum crypto_md md)
{
    if (!crypto_md(t->crypto, md))
        return -ERR_UNSUPPORTED;
    if (!t->ctx[i])
        t->ctx[i] = EVP_MD_CTX_new();
    if (!t->ctx[i])
        return -ERR_NOMEM;
    t->md[i] = md;
    return EVP_DigestInit_ex2(t->ctx[i], crypto_md(t->crypto, md), NULL)
               ? 0
               : crypto_fail(-ERR_INTERNAL);
}

int transcript_choose(struct transcript *t, uint16_t version, enum crypto_md md)
{
    bool both = version < 0x0303;
    if (t->mds)
        return -ERR_INVAL;
    int err = start(t, 0, both ? CRYPTO_MD5 : md);
    if (!err && both)
        err = start(t, 1, CRYPTO_SHA1);
    if (err)
        return err;
    t->mds = both ? 2 : 1;
    err = update(t, buf_str(&t->kept));
    t->keep_all = t->keep_all && version == 0x0303;
    if (!t->keep_all)
        buf_done(&t->kept);
    return err;
}

/* Of a copy of `from`, which goes on. */
static int finish_copy(const EVP_MD_CTX *from, const struct str *more, size_t n, unsigned char *ret)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool ok = copy && EVP_MD_CTX_copy_ex(copy, from);
    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestUpdate(copy, more[i].p, more[i].n);
    ok = ok && EVP_DigestFinal_ex(copy, ret, NULL);
    EVP_MD_CTX_free(copy);
    return ok ? 0 : crypto_fail(-ERR_INTERNAL);
}

int transcript_hash(const struct transcript *t, unsigned char *ret, size_t *ret_n)
{
    size_t n = 0;
    if (!t->mds)
        return -ERR_INVAL;
    for (int i = 0; i < t->mds; i++) {
        int err = finish_copy(t->ctx[i], NULL, 0, ret + n);
        if (err)
            return err;
        n += crypto_md_size(t->md[i]);
    }
    *ret_n = n;
    return 0;
}

/* Before the choice: from the kept bytes. */
static int hash_kept(const struct transcript *t, enum crypto_md md, const struct str *more,
                     size_t n, unsigned char *ret)
{
    if (!crypto_md(t->crypto, md))
        return -ERR_UNSUPPORTED;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int err = -ERR_NOMEM;
    if (ctx && EVP_DigestInit_ex2(ctx, crypto_md(t->crypto, md), NULL) &&
        EVP_DigestUpdate(ctx, buf_str(&t->kept).p, t->kept.n))
        err = finish_copy(ctx, more, n, ret);
    EVP_MD_CTX_free(ctx);
    return err ? crypto_fail(err) : 0;
}

int transcript_hash_with(const struct transcript *t, enum crypto_md md, const struct str *more,
                         size_t n, unsigned char *ret)
{
    if (!t->mds)
        return hash_kept(t, md, more, n, ret);
    for (int i = 0; i < t->mds; i++)
        if (t->md[i] == md)
            return finish_copy(t->ctx[i], more, n, ret);
    return -ERR_INVAL;
}

int transcript_retry(struct transcript *t)
{
    enum { MESSAGE_HASH = 254 };
    unsigned char message[4 + TRANSCRIPT_HASH_MAX] = {MESSAGE_HASH};
    size_t n;
    if (t->mds != 1)
        return -ERR_INVAL;
    int err = transcript_hash(t, message + 4, &n);
    if (err)
        return err;
    message[3] = (unsigned char)n;
    err = start(t, 0, t->md[0]);
    return err ? err : update(t, crypto_str(message, 4 + n));
}
