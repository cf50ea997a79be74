/* Mozilla's configurations as data, and what differs from them; see grade_mozilla.h. */
#include "audit/grade_mozilla.h"

#include <stdarg.h>
#include <stdio.h>

#define V(x) (1u << VI_##x)

struct level {
    const char *name;
    unsigned versions;      /* bits of enum tls_version_index */
    const uint32_t *suites; /* up to TLS 1.2; 0 ends the list */
    bool rsa, ecdsa, signed_by_rsa, signed_by_ecdsa;
    unsigned days;
    bool server_order;
};

enum { RSA_BITS = 2048, HSTS_MIN = 63072000 };

static const uint32_t suites13[] = {0x1301, 0x1302, 0x1303, 0};
static const uint32_t modern_suites[] = {0};
static const uint32_t intermediate_suites[] = {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0};
static const uint32_t old_suites[] = {
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc023, 0xc027, 0xc009, 0xc013, 0xc024,
    0xc028, 0xc00a, 0xc014, 0x009c, 0x009d, 0x003c, 0x003d, 0x002f, 0x0035, 0x000a, 0};
static const uint16_t groups[] = {0x11ec, 0x001d, 0x0017, 0x0018, 0};
static const uint16_t curves[] = {0x0017, 0x0018, 0}; /* of keys */

static const struct level levels[MOZILLA_LEVELS] = {
    [MOZILLA_MODERN] = {.name = "modern",
                        .versions = V(TLS13),
                        .suites = modern_suites,
                        .ecdsa = true,
                        .signed_by_ecdsa = true,
                        .days = 90},
    [MOZILLA_INTERMEDIATE] = {.name = "intermediate",
                              .versions = V(TLS12) | V(TLS13),
                              .suites = intermediate_suites,
                              .rsa = true,
                              .ecdsa = true,
                              .signed_by_rsa = true,
                              .signed_by_ecdsa = true,
                              .days = 366},
    [MOZILLA_OLD] = {.name = "old",
                     .versions = V(TLS10) | V(TLS11) | V(TLS12) | V(TLS13),
                     .suites = old_suites,
                     .rsa = true,
                     .signed_by_rsa = true,
                     .days = 366,
                     .server_order = true},
};

struct judge {
    struct arena *arena;
    const struct level *level;
    struct conformance *c;
    size_t more; /* than there is room for */
    bool nomem;
};

static void deviates(struct judge *j, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void deviates(struct judge *j, const char *format, ...)
{
    char text[512];
    va_list args;
    if (j->c->ndeviations == MOZILLA_DEVIATIONS_MAX - 1) { /* the last place is for the count */
        j->more++;
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct str s = arena_str(j->arena, str_c(text));
    j->nomem |= !s.p;
    j->c->deviations[j->c->ndeviations++] = s;
}

static bool in_list32(const uint32_t *list, uint32_t v)
{
    while (*list && *list != v)
        list++;
    return *list != 0;
}

static bool in_list16(const uint16_t *list, uint16_t v)
{
    while (*list && *list != v)
        list++;
    return *list != 0;
}

static bool offers(const struct tls_facts *f, int v)
{
    return f->v[v].offered == KNOWN_YES;
}

static void judge_versions(struct judge *j, const struct tls_facts *f)
{
    for (int v = 0; v < VI_COUNT; v++)
        if (offers(f, v) && !(j->level->versions & 1u << v))
            deviates(j, "%s is offered", version_name((enum tls_version_index)v));
    if (f->v[VI_TLS13].offered == KNOWN_NO)
        deviates(j, "TLS 1.3 is not offered");
}

static void judge_suites(struct judge *j, const struct version_facts *f, int v)
{
    const uint32_t *list = v == VI_TLS13 ? suites13 : j->level->suites;
    const char *version = version_name((enum tls_version_index)v);
    size_t good = 0;
    for (size_t i = 0; i < f->nsuites; i++) {
        if (in_list32(list, f->suites[i].code))
            good++;
        else
            deviates(j, "%s in %s is not allowed", suite_text(f->suites[i].code), version);
    }
    if (f->nsuites > 0 && good == 0)
        deviates(j, "%s has none of the suites allowed", version);
}

static void judge_order(struct judge *j, const struct version_facts *f, int v)
{
    const char *version = version_name((enum tls_version_index)v);
    if (f->server_order == KNOWN_YES && !j->level->server_order)
        deviates(j, "the server's order of suites counts in %s, not the client's", version);
    if (f->server_order == KNOWN_NO && j->level->server_order && v != VI_TLS13)
        deviates(j, "the client's order of suites counts in %s, not the server's", version);
}

/* Each version that the level allows: the others deviate as a whole. */
static void judge_version_parts(struct judge *j, const struct tls_facts *f)
{
    for (int v = 0; v < VI_COUNT; v++)
        if (offers(f, v) && j->level->versions & 1u << v) {
            judge_suites(j, &f->v[v], v);
            judge_order(j, &f->v[v], v);
        }
}

static void judge_groups(struct judge *j, const struct tls_facts *f)
{
    struct number_set all = {0};
    size_t good = 0;
    for (size_t i = 0; i < f->groups.n; i++)
        number_set_add(&all, f->groups.v[i]);
    for (size_t i = 0; j->level->versions & V(TLS12) && i < f->groups12.n; i++)
        number_set_add(&all, f->groups12.v[i]);
    for (size_t i = 0; i < all.n; i++) {
        if (in_list16(groups, all.v[i]))
            good++;
        else
            deviates(j, "the group %s is not allowed", tls_names_group_text(all.v[i]));
    }
    if (all.n > 0 && good == 0)
        deviates(j, "none of the groups allowed is offered");
}

static void judge_key(struct judge *j, const struct grade_key *k)
{
    bool rsa = k->type == TLS_KEY_RSA, ecdsa = k->type == TLS_KEY_ECDSA;
    if ((rsa && !j->level->rsa) || (ecdsa && !j->level->ecdsa) || (!rsa && !ecdsa))
        deviates(j, "a certificate's key is %s, which is not allowed", tls_names_key_text(k->type));
    else if (rsa && k->bits > 0 && k->bits < RSA_BITS)
        deviates(j, "the RSA key of a certificate has %u bits, less than %d", k->bits, RSA_BITS);
    else if (ecdsa && !in_list16(curves, k->group))
        deviates(j, "the curve of a certificate's key is not allowed: %s",
                 k->group ? tls_names_group_text(k->group) : "unknown");
}

/* RSA with SHA-256; ECDSA with SHA-256, SHA-384 or SHA-512. */
static void judge_signature(struct judge *j, const struct mozilla_certificate *c)
{
    bool rsa = c->signed_by == TLS_KEY_RSA && c->hash == TLS_HASH_SHA256;
    bool ecdsa =
        c->signed_by == TLS_KEY_ECDSA &&
        (c->hash == TLS_HASH_SHA256 || c->hash == TLS_HASH_SHA384 || c->hash == TLS_HASH_SHA512);
    if (!((rsa && j->level->signed_by_rsa) || (ecdsa && j->level->signed_by_ecdsa)))
        deviates(j, "a certificate is signed by %s with %s, which is not allowed",
                 tls_names_key_text(c->signed_by), tls_names_hash_text(c->hash));
}

static void judge_certificate(struct judge *j, const struct mozilla_certificate *c)
{
    judge_key(j, &c->key);
    judge_signature(j, c);
    if (c->lifetime > j->level->days)
        deviates(j, "a certificate lives for %u days, more than %u", c->lifetime, j->level->days);
    if (c->has_ocsp && !c->stapled)
        deviates(j, "no OCSP answer is stapled, though a certificate names a responder");
}

static void judge_hsts(struct judge *j, const struct mozilla_input *in)
{
    if (!in->hsts_known)
        return;
    if (in->hsts_max_age < 0)
        deviates(j, "HSTS is not sent");
    else if (in->hsts_max_age < HSTS_MIN)
        deviates(j, "HSTS lasts for %lld seconds, less than %d", (long long)in->hsts_max_age,
                 HSTS_MIN);
}

static bool any_suites(const struct tls_facts *f)
{
    for (int v = 0; v < VI_COUNT; v++)
        if (f->v[v].nsuites > 0)
            return true;
    return false;
}

static void count_rest(struct judge *j)
{
    if (j->more == 0)
        return;
    struct str s = arena_printf(j->arena, "and %zu more deviations", j->more);
    j->nomem |= !s.p;
    j->c->deviations[j->c->ndeviations++] = s;
}

int grade_mozilla(struct arena *a, enum mozilla_level level, const struct mozilla_input *in,
                  struct conformance *ret)
{
    struct conformance c = {.name = levels[level].name};
    struct judge j = {.arena = a, .level = &levels[level], .c = &c};
    c.deviations = arena_alloc(a, MOZILLA_DEVIATIONS_MAX * sizeof *c.deviations);
    if (!c.deviations)
        return -ERR_NOMEM;
    if (!any_suites(in->tls))
        deviates(&j, "no handshake was possible");
    judge_versions(&j, in->tls);
    judge_version_parts(&j, in->tls);
    judge_groups(&j, in->tls);
    for (size_t i = 0; i < in->ncertificates; i++)
        judge_certificate(&j, &in->certificates[i]);
    judge_hsts(&j, in);
    count_rest(&j);
    if (j.nomem)
        return -ERR_NOMEM;
    c.conforms = c.ndeviations == 0;
    *ret = c;
    return 0;
}
