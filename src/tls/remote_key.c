/* The provider "g443key"; see remote_key.h.
 *
 * It has key management for EC, RSA and Ed25519 and one signature algorithm for all of them, which
 * only offers the one-shot DigestSign: the whole message goes to the keeper, which hashes and pads.
 * The algorithm bears a name that no other provider has ("G443-SIGN"), so OpenSSL finds it at the
 * first look instead of trying to export the key to the default provider first.
 *
 * - export refuses whenever the private half is asked for: otherwise OpenSSL moves the public half
 *   to the default provider and fails there for the want of a private key.
 * - import takes plain public keys, so that X509_check_private_key can compare.
 * - a signature outside of a handshake's job would have to block, so it fails.
 *
 * Rejected: RSA_METHOD and EC_KEY_METHOD (gone in OpenSSL 4, and a raw RSA oracle). */
#include "tls/remote_key.h"

#include "tls/spki.h"

#include <openssl/async.h>
#include <openssl/bn.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <strings.h>

#define PARAM_SPKI "g443-spki"

enum kind { KIND_EC, KIND_RSA, KIND_ED25519 };

/* The key data of one EVP_PKEY (or of a copy imported for comparison). */
struct remote_key {
    struct provider *provider;
    enum kind kind;
    bool has_private;
    unsigned char spki[SPKI_HASH];
    char group[32];           /* EC */
    unsigned char pub[160];   /* EC point or Ed25519 key */
    size_t npub;
    BIGNUM *n, *e;            /* RSA */
};

struct provider {
    struct tls_env *env;
};

struct sign_ctx {
    struct provider *provider;
    const struct remote_key *key;
    enum sign_digest digest;
    bool pss;
    int salt; /* bytes; −1: as long as the digest */
};

/* ---- keys ---- */

static void *key_new(struct provider *p, enum kind kind)
{
    struct remote_key *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->provider = p;
    k->kind = kind;
    return k;
}

static void *key_new_ec(void *p)
{
    return key_new(p, KIND_EC);
}

static void *key_new_rsa(void *p)
{
    return key_new(p, KIND_RSA);
}

static void *key_new_ed(void *p)
{
    return key_new(p, KIND_ED25519);
}

static void key_free(void *data)
{
    struct remote_key *k = data;
    if (!k)
        return;
    BN_free(k->n);
    BN_free(k->e);
    free(k);
}

static bool has_public(const struct remote_key *k)
{
    return k->kind == KIND_RSA ? k->n && k->e : k->npub > 0;
}

static int key_has(const void *data, int selection)
{
    const struct remote_key *k = data;
    if ((selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) && !k->has_private)
        return 0;
    if ((selection & OSSL_KEYMGMT_SELECT_PUBLIC_KEY) && !has_public(k))
        return 0;
    return 1;
}

/* A point may come compressed on one side: then the abscissa decides. The whole public key was
 * compared by hash before the pair was ever made. */
static bool point_eq(const struct remote_key *a, const struct remote_key *b)
{
    if (a->npub == b->npub)
        return memcmp(a->pub, b->pub, a->npub) == 0;
    const struct remote_key *s = a->npub < b->npub ? a : b;
    return s->npub > 1 && s->pub[0] != 4 && memcmp(a->pub + 1, b->pub + 1, s->npub - 1) == 0;
}

static int key_match(const void *x, const void *y, int selection)
{
    const struct remote_key *a = x, *b = y;
    if (a->kind != b->kind || !has_public(a) || !has_public(b))
        return 0;
    if (a->kind == KIND_RSA)
        return BN_cmp(a->n, b->n) == 0 && BN_cmp(a->e, b->e) == 0;
    return strcasecmp(a->group, b->group) == 0 && point_eq(a, b);
}

static bool take_octets(const OSSL_PARAM params[], const char *name, unsigned char *into,
                        size_t cap, size_t *ret_n)
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);
    void *v = into;
    return p && p->data_size <= cap && OSSL_PARAM_get_octet_string(p, &v, cap, ret_n);
}

static bool take_group(struct remote_key *k, const OSSL_PARAM params[])
{
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
    char *v = k->group;
    return p && p->data_size < sizeof k->group && OSSL_PARAM_get_utf8_string(p, &v, sizeof k->group);
}

static int key_import(void *data, int selection, const OSSL_PARAM params[])
{
    struct remote_key *k = data;
    size_t n;
    if (take_octets(params, PARAM_SPKI, k->spki, SPKI_HASH, &n))
        k->has_private = n == SPKI_HASH;
    if (k->kind == KIND_RSA) {
        const OSSL_PARAM *pn = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_N);
        const OSSL_PARAM *pe = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_RSA_E);
        return pn && pe && OSSL_PARAM_get_BN(pn, &k->n) && OSSL_PARAM_get_BN(pe, &k->e);
    }
    if (k->kind == KIND_EC && !take_group(k, params))
        return 0;
    return take_octets(params, OSSL_PKEY_PARAM_PUB_KEY, k->pub, sizeof k->pub, &k->npub);
}

static const OSSL_PARAM *key_import_types(int selection)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_octet_string(PARAM_SPKI, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, NULL, 0),
        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, NULL, 0),
        OSSL_PARAM_END,
    };
    return types;
}

static int key_export(void *data, int selection, OSSL_CALLBACK *take, void *arg)
{
    return 0; /* the private half is not here, and the public one is in the certificate */
}

static int ec_bits(const struct remote_key *k)
{
    static const struct {
        const char *name;
        int bits;
    } groups[] = {{"prime256v1", 256}, {"P-256", 256},     {"secp384r1", 384},
                  {"P-384", 384},      {"secp521r1", 521}, {"P-521", 521}};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        if (strcasecmp(groups[i].name, k->group) == 0)
            return groups[i].bits;
    return 0;
}

static int key_bits(const struct remote_key *k)
{
    switch (k->kind) {
    case KIND_EC:
        return ec_bits(k);
    case KIND_RSA:
        return k->n ? BN_num_bits(k->n) : 0;
    default:
        return 253;
    }
}

static int key_strength(const struct remote_key *k)
{
    int bits = key_bits(k);
    return k->kind == KIND_RSA ? BN_security_bits(bits, -1) : k->kind == KIND_EC ? bits / 2 : 128;
}

/* Most bytes of a signature; ECDSA: a SEQUENCE of two INTEGERs with a sign byte each. */
static int key_size(const struct remote_key *k)
{
    int bytes = (key_bits(k) + 7) / 8;
    if (k->kind == KIND_RSA)
        return bytes;
    return k->kind == KIND_EC ? 2 * (bytes + 3) + (bytes > 61 ? 3 : 2) : 64;
}

static bool give_int(OSSL_PARAM params[], const char *name, int v)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return !p || OSSL_PARAM_set_int(p, v);
}

static bool give_text(OSSL_PARAM params[], const char *name, const char *v)
{
    OSSL_PARAM *p = OSSL_PARAM_locate(params, name);
    return !p || OSSL_PARAM_set_utf8_string(p, v);
}

static int key_get_params(void *data, OSSL_PARAM params[])
{
    const struct remote_key *k = data;
    return give_int(params, OSSL_PKEY_PARAM_BITS, key_bits(k)) &&
           give_int(params, OSSL_PKEY_PARAM_SECURITY_BITS, key_strength(k)) &&
           give_int(params, OSSL_PKEY_PARAM_MAX_SIZE, key_size(k)) &&
           (k->kind != KIND_EC || give_text(params, OSSL_PKEY_PARAM_GROUP_NAME, k->group)) &&
           (k->kind == KIND_ED25519 ? give_text(params, OSSL_PKEY_PARAM_MANDATORY_DIGEST, "")
                                    : give_text(params, OSSL_PKEY_PARAM_DEFAULT_DIGEST, "SHA256"));
}

static const OSSL_PARAM *key_gettable(void *provider)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_DEFAULT_DIGEST, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_MANDATORY_DIGEST, NULL, 0),
        OSSL_PARAM_END,
    };
    return types;
}

static const char *key_operation(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "G443-SIGN" : NULL;
}

/* ---- signatures ---- */

static void *sign_new(void *provider, const char *properties)
{
    struct sign_ctx *c = calloc(1, sizeof *c);
    if (c) {
        c->provider = provider;
        c->salt = -1;
    }
    return c;
}

static void sign_free(void *ctx)
{
    free(ctx);
}

static bool digest_of(const char *name, enum sign_digest *ret)
{
    static const struct {
        const char *name;
        enum sign_digest digest;
    } names[] = {
        {"SHA256", DIGEST_SHA256},   {"SHA2-256", DIGEST_SHA256},     {"SHA384", DIGEST_SHA384},
        {"SHA2-384", DIGEST_SHA384}, {"SHA512", DIGEST_SHA512},       {"SHA2-512", DIGEST_SHA512},
        {"SHA1", DIGEST_SHA1},       {"MD5-SHA1", DIGEST_MD5_SHA1},   {"", DIGEST_NONE},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i].name, name ? name : "") == 0) {
            *ret = names[i].digest;
            return true;
        }
    return false;
}

static bool set_padding(struct sign_ctx *c, const OSSL_PARAM *p)
{
    int mode = 0;
    const char *text = NULL;
    if (p->data_type == OSSL_PARAM_UTF8_STRING) {
        if (!OSSL_PARAM_get_utf8_string_ptr(p, &text))
            return false;
        mode = strcasecmp(text, OSSL_PKEY_RSA_PAD_MODE_PSS) == 0 ? RSA_PKCS1_PSS_PADDING
               : strcasecmp(text, OSSL_PKEY_RSA_PAD_MODE_PKCSV15) == 0 ? RSA_PKCS1_PADDING
                                                                      : 0;
    } else if (!OSSL_PARAM_get_int(p, &mode)) {
        return false;
    }
    c->pss = mode == RSA_PKCS1_PSS_PADDING;
    return c->pss || mode == RSA_PKCS1_PADDING;
}

/* TLS only ever asks for a salt as long as the digest (RFC 8446 4.2.3). */
static bool set_salt(struct sign_ctx *c, const OSSL_PARAM *p)
{
    const char *text = NULL;
    if (p->data_type != OSSL_PARAM_UTF8_STRING)
        return OSSL_PARAM_get_int(p, &c->salt) && c->salt >= -1 && c->salt <= 64;
    if (!OSSL_PARAM_get_utf8_string_ptr(p, &text))
        return false;
    uint64_t v;
    if (strcasecmp(text, OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST) == 0)
        c->salt = -1;
    else if (str_u64(str_c(text), &v) && v <= 64)
        c->salt = (int)v;
    else
        return false;
    return true;
}

static int sign_set_params(void *ctx, const OSSL_PARAM params[])
{
    struct sign_ctx *c = ctx;
    if (!params)
        return 1;
    const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PAD_MODE);
    if (p && !set_padding(c, p))
        return 0;
    p = OSSL_PARAM_locate_const(params, OSSL_SIGNATURE_PARAM_PSS_SALTLEN);
    return !p || set_salt(c, p);
}

static const OSSL_PARAM *sign_settable(void *ctx, void *provider)
{
    static const OSSL_PARAM types[] = {
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, NULL, 0),
        OSSL_PARAM_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, NULL, 0),
        OSSL_PARAM_END,
    };
    return types;
}

static int sign_init(void *ctx, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct sign_ctx *c = ctx;
    if (key)
        c->key = key;
    if (!c->key || !c->key->has_private || !digest_of(digest, &c->digest))
        return 0;
    return sign_set_params(ctx, params);
}

static uint16_t digest_size(enum sign_digest d)
{
    static const uint16_t sizes[] = {[DIGEST_SHA256] = 32, [DIGEST_SHA384] = 48,
                                     [DIGEST_SHA512] = 64, [DIGEST_SHA1] = 20,
                                     [DIGEST_MD5_SHA1] = 36};
    return sizes[d];
}

static struct sign_request request_of(const struct sign_ctx *c, size_t n)
{
    struct sign_request r = {.digest = (uint8_t)c->digest, .n = (uint32_t)n};
    memcpy(r.spki, c->key->spki, SPKI_HASH);
    if (c->key->kind == KIND_EC)
        r.scheme = SIGN_ECDSA;
    else if (c->key->kind == KIND_ED25519)
        r.scheme = SIGN_ED25519;
    else
        r.scheme = c->pss ? SIGN_RSA_PSS : SIGN_RSA_PKCS1;
    if (r.scheme == SIGN_RSA_PSS)
        r.salt = c->salt < 0 ? digest_size(c->digest) : (uint16_t)c->salt;
    return r;
}

static void on_signed(void *user, int status, struct str signature)
{
    struct remote_sign *r = user;
    r->ticket = NULL;
    r->waiting = false;
    r->status = status ? status : signature.n > r->cap ? -ERR_LIMIT : 0;
    if (r->status == 0) {
        memcpy(r->out, signature.p, signature.n);
        r->n = signature.n;
    }
    r->on_ready(r);
}

void remote_sign_cancel(struct remote_sign *r)
{
    if (!r->waiting)
        return;
    signer_cancel(r->ticket);
    r->ticket = NULL;
    r->waiting = false;
    r->status = -ERR_CANCELLED;
}

static int wait_for(struct tls_env *env, const struct sign_request *q, struct str tbs,
                    unsigned char *out, size_t cap, size_t *ret_n)
{
    struct remote_sign *r = env->current;
    if (!r || !env->signer || !ASYNC_get_current_job())
        return -ERR_UNSUPPORTED;
    r->out = out;
    r->cap = cap;
    r->ticket = signer_sign(env->signer, q, tbs, on_signed, r);
    if (!r->ticket)
        return -ERR_LIMIT;
    r->waiting = true;
    while (r->waiting)
        if (!ASYNC_pause_job())
            remote_sign_cancel(r);
    r->out = NULL;
    if (r->status == 0)
        *ret_n = r->n;
    return r->status;
}

static int sign_digest_sign(void *ctx, unsigned char *sig, size_t *siglen, size_t cap,
                            const unsigned char *tbs, size_t n)
{
    const struct sign_ctx *c = ctx;
    size_t most = (size_t)key_size(c->key);
    if (!sig) {
        *siglen = most;
        return 1;
    }
    if (n > SIGN_INPUT_MAX)
        return 0;
    struct sign_request q = request_of(c, n);
    return wait_for(c->provider->env, &q, str_of((const char *)tbs, n), sig, cap, siglen) == 0;
}

/* ---- tables ---- */

#define FN(id, f) {id, (void (*)(void))(f)}
#define KEY_TABLE(name, make)                                                                      \
    static const OSSL_DISPATCH name[] = {                                                          \
        FN(OSSL_FUNC_KEYMGMT_NEW, make),                                                           \
        FN(OSSL_FUNC_KEYMGMT_FREE, key_free),                                                      \
        FN(OSSL_FUNC_KEYMGMT_HAS, key_has),                                                        \
        FN(OSSL_FUNC_KEYMGMT_MATCH, key_match),                                                    \
        FN(OSSL_FUNC_KEYMGMT_IMPORT, key_import),                                                  \
        FN(OSSL_FUNC_KEYMGMT_IMPORT_TYPES, key_import_types),                                      \
        FN(OSSL_FUNC_KEYMGMT_EXPORT, key_export),                                                  \
        FN(OSSL_FUNC_KEYMGMT_EXPORT_TYPES, key_import_types),                                      \
        FN(OSSL_FUNC_KEYMGMT_GET_PARAMS, key_get_params),                                          \
        FN(OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, key_gettable),                                       \
        FN(OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, key_operation),                                 \
        {0, NULL},                                                                                 \
    }
KEY_TABLE(ec_table, key_new_ec);
KEY_TABLE(rsa_table, key_new_rsa);
KEY_TABLE(ed_table, key_new_ed);

static const OSSL_DISPATCH sign_table[] = {
    FN(OSSL_FUNC_SIGNATURE_NEWCTX, sign_new),
    FN(OSSL_FUNC_SIGNATURE_FREECTX, sign_free),
    FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, sign_init),
    FN(OSSL_FUNC_SIGNATURE_DIGEST_SIGN, sign_digest_sign),
    FN(OSSL_FUNC_SIGNATURE_SET_CTX_PARAMS, sign_set_params),
    FN(OSSL_FUNC_SIGNATURE_SETTABLE_CTX_PARAMS, sign_settable),
    {0, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *ret_no_cache)
{
    static const OSSL_ALGORITHM keys[] = {
        {"EC:id-ecPublicKey:1.2.840.10045.2.1", "provider=g443key", ec_table, "remote EC"},
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", "provider=g443key", rsa_table, "remote RSA"},
        {"ED25519:1.3.101.112", "provider=g443key", ed_table, "remote Ed25519"},
        {NULL, NULL, NULL, NULL},
    };
    static const OSSL_ALGORITHM signatures[] = {
        {"G443-SIGN", "provider=g443key", sign_table, "signatures by the keeper"},
        {NULL, NULL, NULL, NULL},
    };
    *ret_no_cache = 0;
    return operation == OSSL_OP_KEYMGMT     ? keys
           : operation == OSSL_OP_SIGNATURE ? signatures
                                            : NULL;
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
    struct provider *p = calloc(1, sizeof *p);
    if (!p)
        return 0;
    *ret_ctx = p;
    *ret_table = table;
    return 1;
}

OSSL_PROVIDER *remote_key_load(struct tls_env *e)
{
    if (!OSSL_PROVIDER_add_builtin(e->lib, "g443key", provider_init))
        return NULL;
    OSSL_PROVIDER *p = OSSL_PROVIDER_load(e->lib, "g443key");
    if (p)
        ((struct provider *)OSSL_PROVIDER_get0_provider_ctx(p))->env = e;
    return p;
}

static const char *type_name(EVP_PKEY *pub)
{
    return EVP_PKEY_is_a(pub, "EC")        ? "EC"
           : EVP_PKEY_is_a(pub, "RSA")     ? "RSA"
           : EVP_PKEY_is_a(pub, "ED25519") ? "ED25519"
                                           : NULL;
}

static EVP_PKEY *make(struct tls_env *e, const char *type, OSSL_PARAM *params)
{
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(e->lib, type, "provider=g443key");
    if (c && EVP_PKEY_fromdata_init(c) > 0)
        EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params);
    EVP_PKEY_CTX_free(c);
    return key;
}

EVP_PKEY *remote_key_new(struct tls_env *e, EVP_PKEY *pub, const unsigned char spki[SPKI_HASH])
{
    OSSL_PARAM mine[] = {
        OSSL_PARAM_octet_string(PARAM_SPKI, (void *)spki, SPKI_HASH),
        OSSL_PARAM_END,
    };
    OSSL_PARAM *theirs = NULL;
    EVP_PKEY *key = NULL;
    const char *type = type_name(pub);
    if (type && EVP_PKEY_todata(pub, EVP_PKEY_PUBLIC_KEY, &theirs)) {
        OSSL_PARAM *all = OSSL_PARAM_merge(theirs, mine);
        if (all)
            key = make(e, type, all);
        OPENSSL_free(all); /* shallow: the content is theirs' and ours */
    }
    OSSL_PARAM_free(theirs);
    ERR_clear_error();
    return key;
}
