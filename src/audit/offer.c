/* What hellos offer: suites in an order that a server may know the first of, a first piece that is
 * small enough for old servers (some stop reading after 128 suites) and the rest, groups and signature algorithms. */
#include "audit/plan.h"

#include "wire/tls_names.h"

enum { FIRST = 112 };

struct ranked {
    uint16_t code;
    uint16_t rank;
};

/* Lower comes first: what servers of today choose, then what they may, then the museum. */
static unsigned rank_kx(enum suite_kx kx)
{
    switch (kx) {
    case SUITE_KX_ANY:
    case SUITE_KX_ECDHE: return 0;
    case SUITE_KX_DHE: return 100;
    case SUITE_KX_RSA: return 200;
    case SUITE_KX_RSA_EXPORT:
    case SUITE_KX_DHE_EXPORT:
    case SUITE_KX_DH_ANON:
    case SUITE_KX_ECDH_ANON:
    case SUITE_KX_DH_ANON_EXPORT: return 400;
    case SUITE_KX_DH:
    case SUITE_KX_ECDH:
    case SUITE_KX_RSA_EXPORT1024:
    case SUITE_KX_DHE_EXPORT1024: return 500;
    default: return 700;
    }
}

static unsigned rank_enc(enum suite_enc enc)
{
    switch (enc) {
    case SUITE_ENC_AES_128_GCM: return 0;
    case SUITE_ENC_AES_256_GCM: return 1;
    case SUITE_ENC_CHACHA20_POLY1305: return 2;
    case SUITE_ENC_AES_128_CBC: return 10;
    case SUITE_ENC_AES_256_CBC: return 11;
    case SUITE_ENC_AES_128_CCM:
    case SUITE_ENC_AES_256_CCM:
    case SUITE_ENC_AES_128_CCM_8:
    case SUITE_ENC_AES_256_CCM_8: return 20;
    case SUITE_ENC_CAMELLIA_128_CBC:
    case SUITE_ENC_CAMELLIA_256_CBC: return 30;
    case SUITE_ENC_3DES_EDE_CBC:
    case SUITE_ENC_RC4_128: return 40;
    case SUITE_ENC_NULL:
    case SUITE_ENC_SEED_CBC:
    case SUITE_ENC_IDEA_CBC:
    case SUITE_ENC_DES_CBC: return 50;
    default: return 60;
    }
}

static size_t rank_all(uint16_t version, struct ranked *to)
{
    size_t n = 0;
    for (size_t i = 0; i < suite_count(); i++) {
        const struct suite *s = suite_at(i);
        if (s->code > 0xffff || !suite_fits(s, version))
            continue;
        struct ranked r = {(uint16_t)s->code, (uint16_t)(rank_kx(s->kx) + rank_enc(s->enc))};
        size_t at = n++;
        for (; at > 0 && to[at - 1].rank > r.rank; at--)
            to[at] = to[at - 1];
        to[at] = r;
    }
    return n;
}

struct u16_list offer_copy(struct plan *p, const uint16_t *v, size_t n)
{
    uint16_t *copy = arena_alloc(&p->arena, n * sizeof *copy + 1);
    if (!copy) {
        p->failed = true;
        return (struct u16_list){NULL, 0};
    }
    memcpy(copy, v, n * sizeof *copy);
    return (struct u16_list){copy, n};
}

struct u16_list offer_suites(struct plan *p, uint16_t version, int chunk)
{
    struct ranked all[SUITES_MAX];
    uint16_t codes[SUITES_MAX];
    size_t n = rank_all(version, all), k = 0;
    size_t from = chunk ? FIRST : 0, to = chunk || n < FIRST ? n : FIRST;
    for (size_t i = from; i < to; i++)
        codes[k++] = all[i].code;
    return offer_copy(p, codes, k);
}

struct u16_list offer_doable(struct plan *p, uint16_t version, enum suite_kx kx)
{
    struct ranked all[SUITES_MAX];
    uint16_t codes[SUITES_MAX];
    size_t n = rank_all(version, all), k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct suite *s = suite_find(all[i].code);
        bool wanted = kx == SUITE_KX_COUNT || s->kx == kx;
        if (wanted && !suite_is_anonymous(s) && tls_client_can(p->crypto, s, version))
            codes[k++] = all[i].code;
    }
    return offer_copy(p, codes, k);
}

/* The curves that everybody has come first; code points of obsolete curves are still asked for. */
static const uint16_t groups12[] = {
    29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6,
    5, 4, 3, 2, 1, 256, 257, 258, 259, 260};
static const uint16_t groups13[] = {
    0x11ec, 29, 23, 24, 25, 30, 0x11eb, 0x11ed, 0x0201, 0x0202, 0x0200, 0x6399, 0x639a, 31, 32, 33,
    41, 256, 257, 258, 259, 260};

static const uint16_t sigalgs12[] = {
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0809, 0x080a, 0x080b, 0x0804, 0x0805, 0x0806, 0x0401,
    0x0501, 0x0601, 0x0303, 0x0301, 0x0302, 0x0402, 0x0502, 0x0602, 0x0203, 0x0201, 0x0202, 0x0101};
static const uint16_t sigalgs13[] = {
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x081a,
    0x081b, 0x081c, 0x0904, 0x0905, 0x0906, 0x0401, 0x0501, 0x0601, 0x0203, 0x0201};

#define LIST(a) ((struct u16_list){a, sizeof a / sizeof *a})

struct u16_list offer_groups12(void)
{
    return LIST(groups12);
}
struct u16_list offer_groups13(void)
{
    return LIST(groups13);
}
struct u16_list offer_sigalgs12(void)
{
    return LIST(sigalgs12);
}
struct u16_list offer_sigalgs13(void)
{
    return LIST(sigalgs13);
}
