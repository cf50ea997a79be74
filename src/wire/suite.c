/* Cipher suites as data; see suite.h. The predicates read the parts rather than the names, so a
 * new row of suite.def needs no code. */
#include "wire/suite.h"

#include "wire/hello.h"

static const struct suite table[] = {
#define SUITE(number, iana, openssl_name, kx_, auth_, enc_, mac_, prf_, version)                   \
    {                                                                                              \
        .code = (number),                                                                          \
        .min_version = (version),                                                                  \
        .kx = SUITE_KX_##kx_,                                                                      \
        .auth = SUITE_AUTH_##auth_,                                                                \
        .enc = SUITE_ENC_##enc_,                                                                   \
        .mac = SUITE_MAC_##mac_,                                                                   \
        .prf = SUITE_PRF_##prf_,                                                                   \
        .name = (iana),                                                                            \
        .openssl = (openssl_name),                                                                 \
    },
#include "wire/suite.def"
#undef SUITE
};

static const struct kx {
    const char *text;
    bool forward, export;
} kx_table[SUITE_KX_COUNT] = {
#define SUITE_KX(id, text, forward, export) [SUITE_KX_##id] = {text, forward, export},
#include "wire/suite_part.def"
};

static const struct enc {
    const char *text;
    enum suite_mode mode;
    uint16_t key, block, strength;
} enc_table[SUITE_ENC_COUNT] = {
#define SUITE_ENC(id, text, mode, key, block, strength)                                            \
    [SUITE_ENC_##id] = {text, SUITE_MODE_##mode, key, block, strength},
#include "wire/suite_part.def"
};

static const struct mac {
    const char *text;
    uint16_t size;
} mac_table[SUITE_MAC_COUNT] = {
#define SUITE_MAC(id, text, size) [SUITE_MAC_##id] = {text, size},
#include "wire/suite_part.def"
};

static const char *const auth_text[SUITE_AUTH_COUNT] = {
#define SUITE_AUTH(id, text) [SUITE_AUTH_##id] = text,
#include "wire/suite_part.def"
};

static const char *const prf_text[SUITE_PRF_COUNT] = {
#define SUITE_PRF(id, text) [SUITE_PRF_##id] = text,
#include "wire/suite_part.def"
};

static const char unknown[] = "unknown";

size_t suite_count(void)
{
    return sizeof table / sizeof table[0];
}

const struct suite *suite_at(size_t i)
{
    return i < suite_count() ? &table[i] : NULL;
}

const struct suite *suite_find(uint32_t code)
{
    size_t low = 0, high = suite_count();
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (table[mid].code == code)
            return &table[mid];
        if (code < table[mid].code)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct suite *suite_by_name(struct str name)
{
    if (name.n == 0)
        return NULL;
    for (size_t i = 0; i < suite_count(); i++)
        if (str_ieq(name, str_c(table[i].name)) || str_ieq(name, str_c(table[i].openssl)))
            return &table[i];
    return NULL;
}

const char *suite_text(uint32_t code)
{
    const struct suite *s = suite_find(code);
    if (s)
        return s->name;
    if (code == SUITE_SIGNAL_RENEGOTIATION)
        return "TLS_EMPTY_RENEGOTIATION_INFO_SCSV";
    if (code == SUITE_SIGNAL_FALLBACK)
        return "TLS_FALLBACK_SCSV";
    if (code <= 0xffff && hello_is_grease((uint16_t)code))
        return "GREASE";
    return unknown;
}

const char *suite_kx_text(enum suite_kx kx)
{
    return (unsigned)kx < SUITE_KX_COUNT ? kx_table[kx].text : unknown;
}

const char *suite_auth_text(enum suite_auth auth)
{
    return (unsigned)auth < SUITE_AUTH_COUNT ? auth_text[auth] : unknown;
}

const char *suite_enc_text(enum suite_enc enc)
{
    return (unsigned)enc < SUITE_ENC_COUNT ? enc_table[enc].text : unknown;
}

const char *suite_mac_text(enum suite_mac mac)
{
    return (unsigned)mac < SUITE_MAC_COUNT ? mac_table[mac].text : unknown;
}

const char *suite_prf_text(enum suite_prf prf)
{
    return (unsigned)prf < SUITE_PRF_COUNT ? prf_text[prf] : unknown;
}

unsigned suite_strength(const struct suite *s)
{
    return enc_table[s->enc].strength;
}

unsigned suite_key_size(const struct suite *s)
{
    return enc_table[s->enc].key;
}

unsigned suite_block_size(const struct suite *s)
{
    return enc_table[s->enc].block;
}

unsigned suite_mac_size(const struct suite *s)
{
    /* RFC 9189: the whole output of OMAC, which is a block. */
    return s->mac == SUITE_MAC_OMAC ? suite_block_size(s) : mac_table[s->mac].size;
}

enum suite_mode suite_mode(const struct suite *s)
{
    return enc_table[s->enc].mode;
}

bool suite_fits(const struct suite *s, uint16_t version)
{
    if (s->min_version == 0x0002 || s->min_version == 0x0304)
        return version == s->min_version;
    if (version == 0x0300)
        return s->min_version <= 0x0301;
    return version >= s->min_version && version <= 0x0303;
}

bool suite_is_forward_secret(const struct suite *s)
{
    return kx_table[s->kx].forward;
}

bool suite_is_aead(const struct suite *s)
{
    return suite_mode(s) == SUITE_MODE_AEAD;
}

bool suite_is_cbc(const struct suite *s)
{
    return suite_mode(s) == SUITE_MODE_CBC;
}

bool suite_is_export(const struct suite *s)
{
    return kx_table[s->kx].export;
}

bool suite_is_anonymous(const struct suite *s)
{
    return s->auth == SUITE_AUTH_ANON || s->auth == SUITE_AUTH_NULL;
}

bool suite_is_null(const struct suite *s)
{
    return s->enc == SUITE_ENC_NULL;
}

bool suite_is_rc4(const struct suite *s)
{
    return s->enc == SUITE_ENC_RC4_40 || s->enc == SUITE_ENC_RC4_56 || s->enc == SUITE_ENC_RC4_64 ||
           s->enc == SUITE_ENC_RC4_128;
}

bool suite_is_ccm8(const struct suite *s)
{
    return s->enc == SUITE_ENC_AES_128_CCM_8 || s->enc == SUITE_ENC_AES_256_CCM_8;
}

bool suite_is_block64(const struct suite *s)
{
    return suite_block_size(s) == 8;
}

bool suite_is_rsa_encryption(const struct suite *s)
{
    return s->kx == SUITE_KX_RSA || s->kx == SUITE_KX_RSA_EXPORT ||
           s->kx == SUITE_KX_RSA_EXPORT1024 || s->kx == SUITE_KX_RSA_PSK;
}

bool suite_is_psk(const struct suite *s)
{
    return s->kx == SUITE_KX_PSK || s->kx == SUITE_KX_DHE_PSK || s->kx == SUITE_KX_ECDHE_PSK ||
           s->kx == SUITE_KX_RSA_PSK;
}
