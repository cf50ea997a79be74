/* What the facts of TLS tell SSL Labs' rating; see grade_ssllabs.h. */
#include "audit/grade_ssllabs.h"

static bool proven(const struct tls_facts *f, enum test_id id)
{
    return f->tests[id].outcome == OUTCOME_VULNERABLE;
}

/* The weaker of the key that proves and the one that is agreed on; what is not known does not
 * count. */
static unsigned kx_bits(const struct found_suite *s, const struct suite *suite,
                        const struct grade_key *keys, size_t nkeys)
{
    const struct grade_key *key = grade_key_of(keys, nkeys, suite->auth);
    const struct tls_group *group = s->group ? tls_names_group(s->group) : NULL;
    unsigned proof = key ? grade_key_rsa_bits(key) : 0;
    unsigned agreed = s->dh_bits ? s->dh_bits : group ? group->rsa_bits : 0;
    return !proof || (agreed && agreed < proof) ? agreed : proof;
}

/* What a modern client ends with in a version is known where the server decides, or has nothing
 * else: clients have such suites last. */
static bool version_negotiates(const struct version_facts *v, bool (*is)(const struct suite *))
{
    size_t hits = 0;
    for (size_t i = 0; i < v->nsuites; i++) {
        const struct suite *s = suite_find(v->suites[i].code);
        if (s && is(s)) {
            if (i == 0 && v->server_order == KNOWN_YES)
                return true;
            hits++;
        }
    }
    return v->nsuites > 0 && hits == v->nsuites;
}

/* Browsers gave up DHE. */
static bool is_not_ecdhe(const struct suite *s)
{
    return s->kx != SUITE_KX_ECDHE && s->kx != SUITE_KX_ANY;
}

static bool few_have_fs(const struct tls_facts *f)
{
    const struct version_facts *v = &f->v[VI_TLS12];
    return v->offered == KNOWN_YES && version_negotiates(v, is_not_ecdhe);
}

static void map_suites(const struct tls_facts *f, const struct grade_key *keys, size_t nkeys,
                       struct ssllabs_input *ret)
{
    for (int v = 0; v < VI_COUNT; v++)
        for (size_t i = 0; i < f->v[v].nsuites; i++) {
            const struct found_suite *s = &f->v[v].suites[i];
            const struct suite *suite = suite_find(s->code);
            if (suite)
                ret->suites[ret->nsuites++] = (struct ssllabs_suite){
                    suite, (enum tls_version_index)v, kx_bits(s, suite, keys, nkeys), s->dh_bits};
        }
}

static void map_tests(const struct tls_facts *f, struct ssllabs_input *ret)
{
    ret->compression = proven(f, TEST_COMPRESSION);
    ret->heartbleed = proven(f, TEST_HEARTBLEED);
    ret->early_ccs = proven(f, TEST_EARLY_CCS);
    ret->ticketbleed = proven(f, TEST_TICKETBLEED);
    ret->robot = proven(f, TEST_ROBOT);
    ret->poodle_tls = proven(f, TEST_POODLE_TLS);
    ret->zombie_poodle = proven(f, TEST_ZOMBIE_POODLE);
    ret->goldendoodle = proven(f, TEST_GOLDENDOODLE);
    ret->sleeping_poodle = proven(f, TEST_SLEEPING_POODLE);
    ret->zero_length = proven(f, TEST_ZERO_LENGTH);
    ret->lucky_minus_20 = proven(f, TEST_LUCKY_MINUS_20);
    ret->drown |= f->v[VI_SSL2].offered == KNOWN_YES && f->v[VI_SSL2].nsuites > 0;
    ret->secure_renegotiation_missing = f->secure_renegotiation == KNOWN_NO;
    ret->insecure_renegotiation =
        ret->secure_renegotiation_missing && proven(f, TEST_RENEGOTIATION);
}

int ssllabs_input_tls(struct arena *a, const struct tls_facts *f, const struct grade_key *keys,
                      size_t nkeys, struct ssllabs_input *ret)
{
    size_t n = 0;
    for (int v = 0; v < VI_COUNT; v++)
        n += f->v[v].nsuites;
    struct ssllabs_suite *suites = arena_alloc(a, (n ? n : 1) * sizeof *suites);
    if (!suites)
        return -ERR_NOMEM;
    ret->suites = suites;
    ret->nsuites = 0;
    for (int v = 0; v < VI_COUNT; v++)
        ret->offered[v] = f->v[v].offered;
    map_suites(f, keys, nkeys, ret);
    map_tests(f, ret);
    ret->block64_negotiated = version_negotiates(&f->v[VI_TLS11], suite_is_block64) ||
                              version_negotiates(&f->v[VI_TLS12], suite_is_block64);
    ret->fs_with_few = few_have_fs(f);
    return 0;
}
