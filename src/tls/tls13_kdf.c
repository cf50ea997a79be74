/* The provider "g443kdf"; see tls13_kdf.h.
 *
 * A full handshake derives some twenty secrets. OpenSSL's own TLS13-KDF makes, for each, an HMAC
 * context, three digest contexts and copies of all parameters, and looks the digest up by its name:
 * about a tenth of what a handshake costs. Here the digest's context is made once, and a derivation
 * is four to six blocks of SHA-2.
 *
 * All state is scratch: it holds for one call, of one thread, and whatever was secret in it is wiped
 * before the call returns. Only what libssl asks for is there: everything in the parameters of one
 * derivation, the two modes, the two digests of TLS 1.3's cipher suites. Anything else fails. */
#include "tls/tls13_kdf.h"

#include "base/str.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <strings.h>

enum { HASH_MAX = 48, BLOCK_MAX = 128, INFO_MAX = 2 + 1 + 255 + 1 + 255 + 1 };

/* A digest, ready for use; its context is reused from call to call. */
struct hash {
    const char *names[2];
    EVP_MD *md;
    EVP_MD_CTX *ctx;
    size_t size, block;
    unsigned char empty[HASH_MAX]; /* of no bytes at all */
};

/* The provider's context, and that of every derivation. Owned by the provider. */
struct kdf {
    struct hash hashes[2];
};

struct request {
    struct hash *hash;
    int mode;
    struct str key, salt, prefix, label, data;
};

/* ---- HMAC (RFC 2104), HKDF (RFC 5869), HKDF-Expand-Label (RFC 8446 7.1) ---- */

static bool half(const struct hash *h, const unsigned char *pad, const struct str *parts, size_t n,
                 unsigned char *out)
{
    bool ok = EVP_DigestInit_ex2(h->ctx, h->md, NULL) && EVP_DigestUpdate(h->ctx, pad, h->block);
    for (size_t i = 0; ok && i < n; i++)
        ok = EVP_DigestUpdate(h->ctx, parts[i].p, parts[i].n);
    return ok && EVP_DigestFinal_ex(h->ctx, out, NULL);
}

/* Keys longer than a block, which would be hashed first, do not occur here. */
static bool hmac(const struct hash *h, struct str key, const struct str *parts, size_t n,
                 unsigned char out[HASH_MAX])
{
    unsigned char pad[BLOCK_MAX], inner[HASH_MAX];
    if (key.n > h->block)
        return false;
    memset(pad, 0x36, h->block);
    for (size_t i = 0; i < key.n; i++)
        pad[i] ^= (unsigned char)key.p[i];
    bool ok = half(h, pad, parts, n, inner);
    for (size_t i = 0; i < h->block; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    struct str rest = str_of((const char *)inner, h->size);
    ok = ok && half(h, pad, &rest, 1, out);
    ok = EVP_DigestInit_ex2(h->ctx, h->md, NULL) && ok; /* its state was the secret */
    OPENSSL_cleanse(pad, sizeof pad);
    OPENSSL_cleanse(inner, sizeof inner);
    return ok;
}

static bool expand(const struct hash *h, struct str secret, struct str info, unsigned char *out,
                   size_t n)
{
    unsigned char t[HASH_MAX], count = 0;
    bool ok = n <= 255 * h->size;
    for (size_t done = 0; ok && done < n;) {
        size_t part = n - done < h->size ? n - done : h->size;
        count++;
        struct str parts[] = {str_of((const char *)t, count > 1 ? h->size : 0), info,
                              str_of((const char *)&count, 1)};
        ok = hmac(h, secret, parts, 3, t);
        if (ok)
            memcpy(out + done, t, part);
        done += part;
    }
    OPENSSL_cleanse(t, sizeof t);
    return ok;
}

static unsigned char *put(unsigned char *p, struct str s)
{
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

/* struct { uint16 length; opaque label<7..255>; opaque context<0..255>; } HkdfLabel */
static bool expand_label(const struct request *r, struct str secret, struct str context,
                         unsigned char *out, size_t n)
{
    unsigned char info[INFO_MAX], *p = info;
    if (n > 0xffff || r->prefix.n > 255 || r->label.n > 255 - r->prefix.n || context.n > 255)
        return false;
    *p++ = (unsigned char)(n >> 8);
    *p++ = (unsigned char)n;
    *p++ = (unsigned char)(r->prefix.n + r->label.n);
    p = put(put(p, r->prefix), r->label);
    *p++ = (unsigned char)context.n;
    p = put(p, context);
    return expand(r->hash, secret, str_of((const char *)info, (size_t)(p - info)), out, n);
}

/* One step down the schedule: Extract with what Derive-Secret(salt, "derived", "") gives for salt.
 * Without a salt (the first step) or a key (no shared secret) zeros stand in their place. */
static bool extract(const struct request *r, unsigned char *out, size_t n)
{
    static const unsigned char zeros[HASH_MAX];
    const struct hash *h = r->hash;
    unsigned char derived[HASH_MAX];
    struct str salt = STR_NONE;
    struct str key = r->key.p ? r->key : str_of((const char *)zeros, h->size);
    bool ok = n == h->size;
    if (ok && r->salt.p) {
        ok = expand_label(r, r->salt, str_of((const char *)h->empty, h->size), derived, h->size);
        salt = str_of((const char *)derived, h->size);
    }
    ok = ok && hmac(h, salt, &key, 1, out);
    OPENSSL_cleanse(derived, sizeof derived);
    return ok;
}

/* ---- OpenSSL's side ---- */

static bool take_bytes(const OSSL_PARAM *p, struct str *ret)
{
    const void *at;
    size_t n;
    if (!OSSL_PARAM_get_octet_string_ptr(p, &at, &n))
        return false;
    *ret = str_of(at ? at : "", n); /* there, if empty */
    return true;
}

static struct hash *find_hash(struct kdf *k, const OSSL_PARAM *p)
{
    const char *name;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &name))
        return NULL;
    for (struct hash *h = k->hashes; h < k->hashes + 2; h++)
        if (strcasecmp(name, h->names[0]) == 0 || strcasecmp(name, h->names[1]) == 0)
            return h;
    return NULL;
}

static bool take(struct kdf *k, const OSSL_PARAM *p, struct request *r)
{
    if (strcmp(p->key, OSSL_KDF_PARAM_KEY) == 0)
        return take_bytes(p, &r->key);
    if (strcmp(p->key, OSSL_KDF_PARAM_LABEL) == 0)
        return take_bytes(p, &r->label);
    if (strcmp(p->key, OSSL_KDF_PARAM_PREFIX) == 0)
        return take_bytes(p, &r->prefix);
    if (strcmp(p->key, OSSL_KDF_PARAM_DATA) == 0)
        return take_bytes(p, &r->data);
    if (strcmp(p->key, OSSL_KDF_PARAM_SALT) == 0)
        return take_bytes(p, &r->salt);
    if (strcmp(p->key, OSSL_KDF_PARAM_MODE) == 0)
        return OSSL_PARAM_get_int(p, &r->mode);
    if (strcmp(p->key, OSSL_KDF_PARAM_DIGEST) == 0)
        return (r->hash = find_hash(k, p)) != NULL;
    return strcmp(p->key, OSSL_KDF_PARAM_PROPERTIES) == 0; /* ours were chosen at the start */
}

static int derive(void *ctx, unsigned char *out, size_t n, const OSSL_PARAM params[])
{
    struct request r = {.mode = -1};
    for (const OSSL_PARAM *p = params; p && p->key; p++)
        if (!take(ctx, p, &r))
            return 0;
    if (!r.hash || n == 0)
        return 0;
    if (r.mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY)
        return extract(&r, out, n);
    return r.mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY && r.key.p &&
           expand_label(&r, r.key, r.data, out, n);
}

static void *new_ctx(void *provider)
{
    return provider; /* a derivation leaves nothing behind */
}

static void free_ctx(void *ctx)
{
}

#define FN(id, f) {id, (void (*)(void))(f)}

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
    static const OSSL_DISPATCH table[] = {
        FN(OSSL_FUNC_KDF_NEWCTX, new_ctx),
        FN(OSSL_FUNC_KDF_FREECTX, free_ctx),
        FN(OSSL_FUNC_KDF_DERIVE, derive),
        {0, NULL},
    };
    static const OSSL_ALGORITHM kdfs[] = {
        {"TLS13-KDF", "provider=g443kdf,g443.lean=yes", table, "key schedule of TLS 1.3"},
        {NULL, NULL, NULL, NULL},
    };
    *ret_no_cache = 0;
    return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static void teardown(void *provider)
{
    free(provider);
}

static int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
                         const OSSL_DISPATCH **ret_table, void **ret_ctx)
{
    static const OSSL_DISPATCH table[] = {
        FN(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
        FN(OSSL_FUNC_PROVIDER_TEARDOWN, teardown),
        {0, NULL},
    };
    struct kdf *k = calloc(1, sizeof *k);
    if (!k)
        return 0;
    k->hashes[0] = (struct hash){.names = {"SHA2-256", "SHA256"}, .size = 32, .block = 64};
    k->hashes[1] = (struct hash){.names = {"SHA2-384", "SHA384"}, .size = 48, .block = 128};
    *ret_ctx = k;
    *ret_table = table;
    return 1;
}

static bool prepare(struct hash *h, OSSL_LIB_CTX *lib, const char *properties)
{
    h->md = EVP_MD_fetch(lib, h->names[0], properties);
    h->ctx = EVP_MD_CTX_new();
    return h->md && h->ctx && EVP_DigestInit_ex2(h->ctx, h->md, NULL) &&
           EVP_DigestFinal_ex(h->ctx, h->empty, NULL);
}

OSSL_PROVIDER *tls13_kdf_load(OSSL_LIB_CTX *lib, const char *properties)
{
    if (!OSSL_PROVIDER_add_builtin(lib, "g443kdf", provider_init))
        return NULL;
    OSSL_PROVIDER *p = OSSL_PROVIDER_load(lib, "g443kdf");
    struct kdf *k = p ? OSSL_PROVIDER_get0_provider_ctx(p) : NULL;
    if (!k)
        return NULL;
    if (prepare(&k->hashes[0], lib, properties) && prepare(&k->hashes[1], lib, properties))
        return p;
    tls13_kdf_unload(p);
    return NULL;
}

/* The digests go here: who still holds the algorithm may keep the provider beyond its unloading. */
void tls13_kdf_unload(OSSL_PROVIDER *p)
{
    struct kdf *k = p ? OSSL_PROVIDER_get0_provider_ctx(p) : NULL;
    if (!k)
        return;
    for (struct hash *h = k->hashes; h < k->hashes + 2; h++) {
        EVP_MD_CTX_free(h->ctx);
        EVP_MD_free(h->md);
        h->ctx = NULL;
        h->md = NULL;
    }
    OSSL_PROVIDER_unload(p);
}
