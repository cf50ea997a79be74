/* Letters, causes and keys of the grades; see grade.h. */
#include "audit/grade.h"

static const char *const letters[GRADE_RANKS] = {
    [GRADE_T] = "T", [GRADE_M] = "M",       [GRADE_F] = "F", [GRADE_E] = "E",
    [GRADE_D] = "D", [GRADE_C] = "C",       [GRADE_B] = "B", [GRADE_A_MINUS] = "A-",
    [GRADE_A] = "A", [GRADE_A_PLUS] = "A+",
};

const char *grade_letter(enum grade_rank r)
{
    return letters[r];
}

int grade_start(struct arena *a, size_t max, struct grade *ret)
{
    struct grade_cause *causes = arena_zalloc(a, (max ? max : 1) * sizeof *causes);
    if (!causes)
        return -ERR_NOMEM;
    *ret = (struct grade){.score = -1, .causes = causes};
    return 0;
}

void grade_add(struct grade *g, const char *rule, const char *check, enum grade_rank cap)
{
    g->causes[g->ncauses++] =
        (struct grade_cause){rule, check, cap < GRADE_RANKS ? letters[cap] : NULL};
}

static unsigned ec_rsa_bits(unsigned bits)
{
    static const struct {
        unsigned field, rsa;
    } rows[] = {{512, 15360}, {384, 7680}, {256, 3072}, {224, 2048}, {192, 1536}, {160, 1024}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (bits >= rows[i].field)
            return rows[i].rsa;
    return bits ? 512 : 0;
}

unsigned grade_key_rsa_bits(const struct grade_key *k)
{
    const struct tls_group *g = k->group ? tls_names_group(k->group) : NULL;
    switch (k->type) {
    case TLS_KEY_RSA:
    case TLS_KEY_RSA_PSS:
    case TLS_KEY_DSA: return k->bits;
    case TLS_KEY_ED25519: return 3072;
    case TLS_KEY_ED448: return 7680;
    case TLS_KEY_ML_DSA: /* category 2 at the least: FIPS 204 4 */
    case TLS_KEY_SLH_DSA: return 3072;
    default: return g ? g->rsa_bits : ec_rsa_bits(k->bits);
    }
}

static bool key_fits(const struct grade_key *k, enum suite_auth auth)
{
    switch (auth) {
    case SUITE_AUTH_ANY: return true;
    case SUITE_AUTH_RSA: return k->type == TLS_KEY_RSA || k->type == TLS_KEY_RSA_PSS;
    case SUITE_AUTH_DSS: return k->type == TLS_KEY_DSA;
    /* RFC 8422 5.10: EdDSA certificates go by the suites of ECDSA. */
    case SUITE_AUTH_ECDSA:
        return k->type == TLS_KEY_ECDSA || k->type == TLS_KEY_ED25519 || k->type == TLS_KEY_ED448;
    case SUITE_AUTH_GOST94:
    case SUITE_AUTH_GOST01:
    case SUITE_AUTH_GOST12: return k->type == TLS_KEY_GOST;
    default: return false;
    }
}

const struct grade_key *grade_key_of(const struct grade_key *keys, size_t n, enum suite_auth auth)
{
    const struct grade_key *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (key_fits(&keys[i], auth) &&
            (!found || grade_key_rsa_bits(&keys[i]) < grade_key_rsa_bits(found)))
            found = &keys[i];
    return found;
}
