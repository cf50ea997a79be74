/* Handshakes on paper; see client_sim.h. As servers do it: the newest version in common first, then
 * in that version the first suite, in the order of who decides, for which everything else is in
 * common. What a server cannot know of its client (how large a prime it takes) is looked at last,
 * for there the handshake fails. */
#include "audit/client_sim.h"

/* A list in parentheses as an array with a zero at its end. */
#define UNWRAP(...)  __VA_ARGS__, 0
#define SUITES(list) ((const uint32_t[]){UNWRAP list})
#define CODES(list)  ((const uint16_t[]){UNWRAP list})

static const struct client_row clients[] = {
#define CLIENT(name, oldest, newest, sni, h2, shares, dh_min, dh_max, rsa_min, rsa_max, suites,    \
               groups, sigalgs)                                                                    \
    {name,    VI_##oldest,    VI_##newest,   sni,           h2, shares, dh_min, dh_max, rsa_min,   \
     rsa_max, SUITES(suites), CODES(groups), CODES(sigalgs)},
#include "audit/clients.def"
#undef CLIENT
};
enum { CLIENTS = sizeof clients / sizeof *clients };

const struct client_row *client_sim_row(size_t i)
{
    return i < CLIENTS ? &clients[i] : NULL;
}

/* How far it got with a suite; the furthest names the problem. */
enum fit {
    FIT_NO_SUITE,
    FIT_NO_GROUP,
    FIT_NO_CURVE,
    FIT_NO_SIGNATURE,
    FIT_OK,
};
static const char *const misfits[] = {
    [FIT_NO_SUITE] = "no cipher suite in common",
    [FIT_NO_GROUP] = "no group for the key exchange in common",
    [FIT_NO_CURVE] = "it does not know the curve of the certificate's key",
    [FIT_NO_SIGNATURE] = "no signature algorithm in common",
};

struct sim {
    const struct client_row *c;
    const struct client_server *s;
    enum tls_version_index version;
    const struct version_facts *v; /* of that version */
};

/* What is negotiated. */
struct choice {
    enum fit fit;
    const struct found_suite *found;
    const struct suite *suite;
    uint16_t group; /* 0: none */
};

static bool has(const uint16_t *list, uint16_t code)
{
    while (*list && *list != code)
        list++;
    return *list != 0;
}

static bool offers(const struct client_row *c, uint32_t code)
{
    const uint32_t *s = c->suites;
    while (*s && *s != code)
        s++;
    return *s != 0;
}

/* ---- groups ---- */

static uint16_t first_of_server(const struct client_row *c, const struct number_set *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (has(c->groups, s->v[i]))
            return s->v[i];
    return 0;
}

static uint16_t first_of_client(const struct client_row *c, const struct number_set *s, size_t most)
{
    for (size_t i = 0; i < most && c->groups[i]; i++)
        if (number_set_has(s, c->groups[i]))
            return c->groups[i];
    return 0;
}

static uint16_t first_pq(const struct client_row *c, const struct number_set *s)
{
    for (size_t i = 0; c->groups[i]; i++) {
        const struct tls_group *g = tls_names_group(c->groups[i]);
        if (g && tls_names_group_is_pq(g) && number_set_has(s, g->code))
            return g->code;
    }
    return 0;
}

/* A share that fits saves a round trip, and most servers take it; some ask again (RFC 8446 4.1.4)
 * to get a post-quantum exchange. */
static uint16_t group13(const struct sim *m)
{
    const struct tls_facts *f = m->s->tls;
    bool insists = f->tests[TEST_PQ_PREFERRED].outcome == OUTCOME_VULNERABLE;
    uint16_t group = insists ? first_pq(m->c, &f->groups) : 0;
    if (!group)
        group = first_of_client(m->c, &f->groups, m->c->shares);
    return group ? group : first_of_server(m->c, &f->groups);
}

static uint16_t group12(const struct sim *m)
{
    const struct number_set *s = &m->s->tls->groups12;
    return m->v->server_order == KNOWN_YES ? first_of_server(m->c, s)
                                           : first_of_client(m->c, s, SIZE_MAX);
}

static bool needs_group(const struct suite *s)
{
    return s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_ECDH_ANON || s->kx == SUITE_KX_ANY;
}

/* Who sends no list of groups takes what comes (RFC 8422 4). */
static bool fit_group(const struct sim *m, const struct found_suite *f, const struct suite *s,
                      uint16_t *ret)
{
    if (!needs_group(s))
        return true;
    if (s->kx == SUITE_KX_ANY)
        *ret = group13(m);
    else if (!m->c->groups[0])
        *ret = f->group;
    else if (m->s->tls->groups12.n)
        *ret = group12(m);
    else
        *ret = has(m->c->groups, f->group) ? f->group : 0;
    return *ret || !m->c->groups[0];
}

/* ---- signatures ---- */

static bool key_signs(const struct tls_sigalg *g, const struct grade_key *key, enum suite_auth auth)
{
    if (key)
        return g->key == key->type;
    if (auth == SUITE_AUTH_RSA)
        return g->key == TLS_KEY_RSA || g->key == TLS_KEY_RSA_PSS;
    if (auth == SUITE_AUTH_DSS)
        return g->key == TLS_KEY_DSA;
    return auth == SUITE_AUTH_ANY || g->key == TLS_KEY_ECDSA || g->key == TLS_KEY_ED25519 ||
           g->key == TLS_KEY_ED448;
}

/* With one of its keys, or, where these are not known, with any that the suite allows. */
static bool sigalg_fits(const struct sim *m, uint16_t code, const struct suite *s)
{
    const struct tls_facts *f = m->s->tls;
    const struct number_set *known = m->version == VI_TLS13 ? &f->sigalgs : &f->sigalgs12;
    const struct tls_sigalg *g = tls_names_sigalg(code);
    if (!g || !tls_names_use_fits(g->use, version_wire(m->version)))
        return false;
    if (known->n && !number_set_has(known, code))
        return false;
    if (s->auth != SUITE_AUTH_ANY || m->s->nkeys == 0)
        return key_signs(g, grade_key_of(m->s->keys, m->s->nkeys, s->auth), s->auth);
    for (size_t i = 0; i < m->s->nkeys; i++)
        if (g->key == m->s->keys[i].type)
            return true;
    return false;
}

static bool is_signed(const struct suite *s)
{
    return (s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_DHE || s->kx == SUITE_KX_ANY) &&
           s->auth != SUITE_AUTH_ANON;
}

/* Before TLS 1.2 there was nothing to choose; without the extension it is SHA-1, which is left to
 * the server here (RFC 5246 7.4.1.4.1). */
static bool fit_signature(const struct sim *m, const struct suite *s)
{
    if (m->version < VI_TLS12 || !is_signed(s) || !m->c->sigalgs[0])
        return true;
    for (const uint16_t *code = m->c->sigalgs; *code; code++)
        if (sigalg_fits(m, *code, s))
            return true;
    return false;
}

/* Up to TLS 1.2 the list of groups holds for the key in the certificate too (RFC 8422 5.1.1). */
static bool fit_curve(const struct sim *m, const struct suite *s)
{
    const struct grade_key *k = grade_key_of(m->s->keys, m->s->nkeys, s->auth);
    if (s->auth != SUITE_AUTH_ECDSA || !k || k->type != TLS_KEY_ECDSA)
        return true;
    return !k->group || !m->c->groups[0] || has(m->c->groups, k->group);
}

/* ---- suites ---- */

static struct choice try_suite(const struct sim *m, const struct found_suite *f)
{
    struct choice r = {FIT_NO_SUITE, f, suite_find(f->code), 0};
    if (!r.suite || !offers(m->c, f->code))
        return r;
    r.fit = !fit_group(m, f, r.suite, &r.group) ? FIT_NO_GROUP
            : !fit_curve(m, r.suite)            ? FIT_NO_CURVE
            : !fit_signature(m, r.suite)        ? FIT_NO_SIGNATURE
                                                : FIT_OK;
    return r;
}

static bool is_chacha(uint32_t code)
{
    const struct suite *s = suite_find(code);
    return s && s->enc == SUITE_ENC_CHACHA20_POLY1305;
}

/* The first that fits; only_chacha: of those. Keeps in *best how far any other got. */
static bool server_chooses(const struct sim *m, bool only_chacha, struct choice *best)
{
    for (size_t i = 0; i < m->v->nsuites; i++) {
        if (only_chacha && !is_chacha(m->v->suites[i].code))
            continue;
        struct choice c = try_suite(m, &m->v->suites[i]);
        if (c.fit > best->fit)
            *best = c;
        if (c.fit == FIT_OK)
            return true;
    }
    return false;
}

static bool client_chooses(const struct sim *m, struct choice *best)
{
    for (const uint32_t *code = m->c->suites; *code; code++)
        for (size_t i = 0; i < m->v->nsuites; i++) {
            if (m->v->suites[i].code != *code)
                continue;
            struct choice c = try_suite(m, &m->v->suites[i]);
            if (c.fit > best->fit)
                *best = c;
            if (c.fit == FIT_OK)
                return true;
        }
    return false;
}

/* Whether ChaCha20 is what the client has first, among what fits the version. */
static bool client_wants_chacha(const struct sim *m)
{
    for (const uint32_t *code = m->c->suites; *code; code++) {
        const struct suite *s = suite_find(*code);
        if (s && suite_fits(s, version_wire(m->version)))
            return is_chacha(*code);
    }
    return false;
}

static struct choice choose(const struct sim *m)
{
    struct choice best = {.fit = FIT_NO_SUITE};
    if (m->v->server_order != KNOWN_YES) {
        client_chooses(m, &best);
        return best;
    }
    bool chacha = m->v->chacha_first == KNOWN_YES && client_wants_chacha(m);
    if (!chacha || !server_chooses(m, true, &best))
        server_chooses(m, false, &best);
    return best;
}

/* ---- what the client says to it ---- */

static const char *dh_problem(const struct client_row *c, unsigned bits)
{
    if (!bits)
        return NULL;
    if (c->dh_min && bits < c->dh_min)
        return "the Diffie-Hellman prime is too small for it";
    return c->dh_max && bits > c->dh_max ? "the Diffie-Hellman prime is too large for it" : NULL;
}

/* In TLS 1.3 only where there is no other key. */
static const char *rsa_problem(const struct sim *m, const struct suite *s)
{
    const struct client_row *c = m->c;
    if (s->auth != SUITE_AUTH_RSA && !(s->auth == SUITE_AUTH_ANY && m->s->nkeys == 1))
        return NULL;
    const struct grade_key *k = grade_key_of(m->s->keys, m->s->nkeys, s->auth);
    if (!k || !k->bits || (k->type != TLS_KEY_RSA && k->type != TLS_KEY_RSA_PSS))
        return NULL;
    if (c->rsa_min && k->bits < c->rsa_min)
        return "the RSA key is too small for it";
    return c->rsa_max && k->bits > c->rsa_max ? "the RSA key is too large for it" : NULL;
}

/* Up to TLS 1.1 ECDSA and RSA sign SHA-1 (with MD5), which the hello cannot negotiate, and a client
 * without any scheme of SHA-1 refuses. */
static const char *sha1_problem(const struct sim *m, const struct suite *s)
{
    if (m->version >= VI_TLS12 || !is_signed(s) || !m->c->sigalgs[0])
        return NULL;
    for (const uint16_t *code = m->c->sigalgs; *code; code++) {
        const struct tls_sigalg *g = tls_names_sigalg(*code);
        if (g && g->hash == TLS_HASH_SHA1)
            return NULL;
    }
    return "it takes no signature with SHA-1, which this version needs";
}

/* RFC 9113 9.2.2: it may answer with INADEQUATE_SECURITY. */
static bool h2_forbids(const struct sim *m, const struct suite *s)
{
    return m->c->h2 && m->version == VI_TLS12 && str_eq(m->s->tls->alpn, STR("h2")) &&
           !(suite_is_forward_secret(s) && suite_is_aead(s));
}

static const char *group_text(struct arena *a, const struct choice *c)
{
    if (c->group)
        return tls_names_group_text(c->group);
    return c->found->dh_bits ? arena_printf(a, "DH %u", c->found->dh_bits).p : "";
}

static int tell(struct arena *a, const struct sim *m, const struct choice *c,
                struct report_client *ret)
{
    const char *problem = dh_problem(m->c, c->found->dh_bits);
    if (!problem)
        problem = rsa_problem(m, c->suite);
    if (!problem)
        problem = sha1_problem(m, c->suite);
    ret->connects = !problem;
    if (!problem && h2_forbids(m, c->suite))
        problem = "HTTP/2 forbids the suite (RFC 9113 9.2.2): it may refuse";
    ret->problem = str_c(problem);
    ret->version = version_name(m->version);
    ret->suite = c->suite->name;
    ret->group = group_text(a, c);
    return ret->group ? 0 : -ERR_NOMEM;
}

static bool pick_version(struct sim *m)
{
    for (int v = m->c->newest; v >= (int)m->c->oldest; v--)
        if (m->s->tls->v[v].offered == KNOWN_YES) {
            m->version = (enum tls_version_index)v;
            m->v = &m->s->tls->v[v];
            return true;
        }
    return false;
}

int client_sim(struct arena *a, const struct client_row *client, const struct client_server *server,
               struct report_client *ret)
{
    struct report_client r = {.name = client->name, .version = "", .suite = "", .group = ""};
    struct sim m = {.c = client, .s = server};
    struct choice c = {.fit = FIT_NO_SUITE};
    bool version = pick_version(&m);
    if (version)
        c = choose(&m);
    if (!version)
        r.problem = STR("no version in common");
    else if (!client->sni && server->tls->no_sni == KNOWN_NO)
        r.problem = STR("it names no server, and this one wants a name");
    else if (c.fit != FIT_OK)
        r.problem = str_c(misfits[c.fit]);
    else if (tell(a, &m, &c, &r))
        return -ERR_NOMEM;
    *ret = r;
    return 0;
}

int client_sim_all(struct arena *a, const struct client_server *server, struct report_client **ret,
                   size_t *ret_n)
{
    struct report_client *all = arena_zalloc(a, CLIENTS * sizeof *all);
    if (!all)
        return -ERR_NOMEM;
    for (size_t i = 0; i < CLIENTS; i++)
        if (client_sim(a, &clients[i], server, &all[i]))
            return -ERR_NOMEM;
    *ret = all;
    *ret_n = CLIENTS;
    return 0;
}
