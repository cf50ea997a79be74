/* The registries of TLS as data; see tls_names.h. All rows begin with their number, so one search
 * by halving serves them all; a unit test holds the tables sorted. */
#include "wire/tls_names.h"

#include "wire/hello.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const struct tls_group groups[] = {
#define GROUP(number, iana, also, kind_, use_, strength, rsa)                                      \
    {.code = (number),                                                                             \
     .kind = TLS_GROUP_##kind_,                                                                    \
     .use = TLS_USE_##use_,                                                                        \
     .bits = (strength),                                                                           \
     .rsa_bits = (rsa),                                                                            \
     .name = (iana),                                                                               \
     .other = (also)},
#include "wire/tls_group.def"
#undef GROUP
};

static const struct tls_sigalg sigalgs[] = {
#define SIGALG(number, iana, hash_, key_, use_)                                                    \
    {.code = (number),                                                                             \
     .hash = TLS_HASH_##hash_,                                                                     \
     .key = TLS_KEY_##key_,                                                                        \
     .use = TLS_USE_##use_,                                                                        \
     .name = (iana)},
#include "wire/tls_sigalg.def"
#undef SIGALG
};

static const struct tls_extension extensions[] = {
#define EXTENSION(number, iana) {(number), (iana)},
#include "wire/tls_extension.def"
#undef EXTENSION
};

static const struct tls_alert alerts[] = {
#define ALERT(number, iana) {(number), (iana)},
#include "wire/tls_alert.def"
#undef ALERT
};

static const struct tls_version versions[] = {
#define VERSION(number, text, kind) {(number), TLS_VERSION_##kind, (text)},
#include "wire/tls_version.def"
#undef VERSION
};

static const char *const hash_text[TLS_HASH_COUNT] = {
    [TLS_HASH_INTRINSIC] = "intrinsic",
    [TLS_HASH_MD5] = "MD5",
    [TLS_HASH_SHA1] = "SHA-1",
    [TLS_HASH_SHA224] = "SHA-224",
    [TLS_HASH_SHA256] = "SHA-256",
    [TLS_HASH_SHA384] = "SHA-384",
    [TLS_HASH_SHA512] = "SHA-512",
    [TLS_HASH_SM3] = "SM3",
    [TLS_HASH_GOST94] = "GOST R 34.11-94",
    [TLS_HASH_STREEBOG256] = "GOST R 34.11-2012 (256)",
    [TLS_HASH_STREEBOG512] = "GOST R 34.11-2012 (512)",
};

static const char *const key_text[TLS_KEY_COUNT] = {
    [TLS_KEY_RSA] = "RSA",       [TLS_KEY_RSA_PSS] = "RSA-PSS",         [TLS_KEY_DSA] = "DSA",
    [TLS_KEY_ECDSA] = "ECDSA",   [TLS_KEY_ED25519] = "Ed25519",         [TLS_KEY_ED448] = "Ed448",
    [TLS_KEY_ML_DSA] = "ML-DSA", [TLS_KEY_SLH_DSA] = "SLH-DSA",         [TLS_KEY_SM2] = "SM2",
    [TLS_KEY_GOST] = "GOST",     [TLS_KEY_IDENTITY] = "identity-based",
};

static const char unknown[] = "unknown";

/* The row of that number among n rows of `size` bytes, or NULL. */
static const void *find(const void *table, size_t n, size_t size, uint16_t code)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        const char *row = (const char *)table + mid * size;
        uint16_t here;
        memcpy(&here, row, sizeof here);
        if (here == code)
            return row;
        if (code < here)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

#define FIND(table, code) find(table, LENGTH(table), sizeof(table)[0], code)

static const char *nameless(uint16_t code)
{
    return hello_is_grease(code) ? "GREASE" : unknown;
}

const struct tls_group *tls_names_group(uint16_t code)
{
    return FIND(groups, code);
}

const struct tls_group *tls_names_group_by_name(struct str name)
{
    if (name.n == 0)
        return NULL;
    for (size_t i = 0; i < LENGTH(groups); i++)
        if (str_ieq(name, str_c(groups[i].name)) || str_ieq(name, str_c(groups[i].other)))
            return &groups[i];
    return NULL;
}

const struct tls_group *tls_names_group_at(size_t i)
{
    return i < LENGTH(groups) ? &groups[i] : NULL;
}

const char *tls_names_group_text(uint16_t code)
{
    const struct tls_group *g = tls_names_group(code);
    return g ? g->name : nameless(code);
}

bool tls_names_group_is_pq(const struct tls_group *g)
{
    return g->kind == TLS_GROUP_PQ || g->kind == TLS_GROUP_HYBRID;
}

const struct tls_sigalg *tls_names_sigalg(uint16_t code)
{
    return FIND(sigalgs, code);
}

const struct tls_sigalg *tls_names_sigalg_by_name(struct str name)
{
    for (size_t i = 0; i < LENGTH(sigalgs); i++)
        if (str_ieq(name, str_c(sigalgs[i].name)))
            return &sigalgs[i];
    return NULL;
}

const struct tls_sigalg *tls_names_sigalg_at(size_t i)
{
    return i < LENGTH(sigalgs) ? &sigalgs[i] : NULL;
}

const char *tls_names_sigalg_text(uint16_t code)
{
    const struct tls_sigalg *s = tls_names_sigalg(code);
    return s ? s->name : nameless(code);
}

const char *tls_names_hash_text(enum tls_hash hash)
{
    return (unsigned)hash < TLS_HASH_COUNT ? hash_text[hash] : unknown;
}

const char *tls_names_key_text(enum tls_key key)
{
    return (unsigned)key < TLS_KEY_COUNT ? key_text[key] : unknown;
}

bool tls_names_sigalg_is_weak(const struct tls_sigalg *s)
{
    return s->hash == TLS_HASH_MD5 || s->hash == TLS_HASH_SHA1;
}

const struct tls_extension *tls_names_extension(uint16_t code)
{
    return FIND(extensions, code);
}

const struct tls_extension *tls_names_extension_at(size_t i)
{
    return i < LENGTH(extensions) ? &extensions[i] : NULL;
}

const char *tls_names_extension_text(uint16_t code)
{
    const struct tls_extension *e = tls_names_extension(code);
    return e ? e->name : nameless(code);
}

const struct tls_alert *tls_names_alert(uint8_t code)
{
    return FIND(alerts, code);
}

const struct tls_alert *tls_names_alert_at(size_t i)
{
    return i < LENGTH(alerts) ? &alerts[i] : NULL;
}

const char *tls_names_alert_text(uint8_t code)
{
    const struct tls_alert *a = tls_names_alert(code);
    return a ? a->name : unknown;
}

const struct tls_version *tls_names_version(uint16_t code)
{
    return FIND(versions, code);
}

const struct tls_version *tls_names_version_at(size_t i)
{
    return i < LENGTH(versions) ? &versions[i] : NULL;
}

const char *tls_names_version_text(uint16_t code)
{
    const struct tls_version *v = tls_names_version(code);
    return v ? v->name : nameless(code);
}

bool tls_names_use_fits(enum tls_use use, uint16_t version)
{
    if (version < 0x0300 || version > 0x0304)
        return false;
    if (use == TLS_USE_BOTH)
        return true;
    bool from_13 = use == TLS_USE_TLS13 || use == TLS_USE_DRAFT;
    return from_13 == (version == 0x0304);
}
