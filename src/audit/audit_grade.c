/* From facts to the inputs of the grades; see audit_grade.h. */
#include "audit/audit_grade.h"

#include "audit/client_sim.h"
#include "audit/grade_mozilla.h"
#include "audit/grade_overall.h"
#include "audit/grade_ssllabs.h"
#include "audit/observatory.h"

enum { KEYS_MAX = CHAINS_MAX };

/* ---- keys ---- */

static enum tls_key key_type(const struct cert_info *c)
{
    switch (c->key) {
    case CERT_KEY_RSA: return TLS_KEY_RSA;
    case CERT_KEY_RSA_PSS: return TLS_KEY_RSA_PSS;
    case CERT_KEY_DSA: return TLS_KEY_DSA;
    case CERT_KEY_ED25519: return TLS_KEY_ED25519;
    case CERT_KEY_ED448: return TLS_KEY_ED448;
    case CERT_KEY_ML_DSA: return TLS_KEY_ML_DSA;
    default: return TLS_KEY_ECDSA;
    }
}

static struct grade_key key_of(const struct cert_info *c)
{
    const struct tls_group *g = c->curve.n ? tls_names_group_by_name(c->curve) : NULL;
    return (struct grade_key){key_type(c), c->key_bits, g ? g->code : 0};
}

static const struct cert_info *leaf_of(const struct cert_view *c)
{
    return &c->chain.certs[0].info;
}

static bool asked_for(const struct audit_view *v, const struct cert_view *c)
{
    return c->readable && (c->kept->with_sni || v->tls->name_refused);
}

static size_t keys_of(const struct audit_view *v, struct grade_key keys[KEYS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < v->ncerts && n < KEYS_MAX; i++)
        if (asked_for(v, &v->certs[i]))
            keys[n++] = key_of(leaf_of(&v->certs[i]));
    return n;
}

/* ---- trust ---- */

/* Whether any store trusts the chain, by everything but its name. */
static bool chain_ok(const struct cert_view *c)
{
    if (!c->chain.trusted || c->ocsp.answer == OCSP_REVOKED)
        return false;
    for (size_t i = 0; i < c->ndistrust; i++)
        if (c->distrust[i].applies && c->distrust[i].row->kind != DISTRUST_APPLIANCE)
            return false;
    return true;
}

static bool all_chains(const struct audit_view *v, bool (*ok)(const struct cert_view *))
{
    size_t n = 0;
    for (size_t i = 0; i < v->ncerts; i++) {
        if (!asked_for(v, &v->certs[i]))
            continue;
        n++;
        if (!ok(&v->certs[i]))
            return false;
    }
    return n > 0;
}

static bool name_ok(const struct cert_view *c)
{
    return c->chain.host.verdict == CERT_HOST_OK || c->chain.host.verdict == CERT_HOST_NOT_ASKED;
}

/* ---- SSL Labs ---- */

static unsigned faults_of(const struct cert_view *c)
{
    unsigned all = ~0u;
    for (size_t i = 0; i < c->chain.trust_n; i++)
        all &= c->chain.trust[i].faults;
    return c->chain.trusted || !c->chain.trust_n ? 0 : all;
}

static unsigned ssllabs_trust(const struct cert_view *c)
{
    unsigned faults = faults_of(c), t = 0;
    if (!c->chain.trusted)
        t |= faults & CHAIN_SELF_SIGNED ? SSLLABS_SELF_SIGNED : SSLLABS_UNTRUSTED;
    if (faults & CHAIN_EXPIRED)
        t = (t & ~(unsigned)SSLLABS_UNTRUSTED) | SSLLABS_EXPIRED;
    if (faults & CHAIN_NOT_YET)
        t = (t & ~(unsigned)SSLLABS_UNTRUSTED) | SSLLABS_NOT_YET;
    if (c->ocsp.answer == OCSP_REVOKED && c->ocsp.signature_good)
        t |= SSLLABS_REVOKED;
    if (leaf_of(c)->sig_hash == CERT_HASH_SHA1)
        t |= SSLLABS_SHA1;
    if (c->chain.trusted && !chain_ok(c))
        t |= SSLLABS_DISTRUSTED;
    return t;
}

static void ssllabs_chain(struct ssllabs_input *in, const struct cert_view *c)
{
    struct grade_key key = key_of(leaf_of(c));
    unsigned bits = grade_key_rsa_bits(&key);
    in->key_bits = !in->key_bits || (bits && bits < in->key_bits) ? bits : in->key_bits;
    in->key_known = in->key_known ||
                    c->key.faults & (WEAK_KEY_DEBIAN | WEAK_KEY_FERMAT | WEAK_KEY_SMALL_FACTOR |
                                     WEAK_KEY_EXPONENT);
    in->trust |= ssllabs_trust(c);
    in->name_mismatch = in->name_mismatch || !name_ok(c);
    in->chain_incomplete = in->chain_incomplete || c->chain.whole == CHAIN_INCOMPLETE;
    for (size_t i = 0; i < c->chain.n; i++) {
        const struct cert_info *info = &c->chain.certs[i].info;
        bool counts = c->chain.certs[i].readable && !c->chain.certs[i].root && !c->chain.certs[i].extra;
        in->signature_md5 |= counts && (info->sig_hash == CERT_HASH_MD5 || info->sig_hash == CERT_HASH_MD2);
        in->signature_sha1_chain |= counts && i > 0 && info->sig_hash == CERT_HASH_SHA1;
    }
}

static void ssllabs_hsts(struct ssllabs_input *in, const struct http_facts *h)
{
    if (!h || !h->https)
        return;
    const struct hsts_value *v = &h->hsts.value;
    in->hsts = v->valid ? SSLLABS_HSTS_VALID : v->count ? SSLLABS_HSTS_INVALID : SSLLABS_HSTS_NONE;
    in->hsts_max_age = (int64_t)(v->max_age > INT64_MAX ? INT64_MAX : v->max_age);
}

static int grade_by_ssllabs(struct report *r, const struct audit_view *v,
                            const struct grade_key *keys, size_t nkeys)
{
    struct ssllabs_input in = {.nsuites = 0};
    struct ssllabs out;
    for (size_t i = 0; i < v->ncerts; i++)
        if (asked_for(v, &v->certs[i]))
            ssllabs_chain(&in, &v->certs[i]);
    ssllabs_hsts(&in, v->http);
    int err = ssllabs_input_tls(&r->arena, v->tls, keys, nkeys, &in);
    if (!err)
        err = grade_ssllabs(&r->arena, &in, &out);
    if (!err)
        r->ssllabs = out.grade;
    return err;
}

/* ---- Mozilla ---- */

static enum tls_hash hash_of(enum cert_hash h)
{
    switch (h) {
    case CERT_HASH_MD5: return TLS_HASH_MD5;
    case CERT_HASH_SHA1: return TLS_HASH_SHA1;
    case CERT_HASH_SHA224: return TLS_HASH_SHA224;
    case CERT_HASH_SHA256: return TLS_HASH_SHA256;
    case CERT_HASH_SHA384: return TLS_HASH_SHA384;
    case CERT_HASH_SHA512: return TLS_HASH_SHA512;
    default: return TLS_HASH_INTRINSIC;
    }
}

static struct mozilla_certificate mozilla_certificate(const struct cert_view *c)
{
    const struct cert_info *info = leaf_of(c);
    bool ecdsa = str_istarts(info->sig_name, STR("ecdsa"));
    return (struct mozilla_certificate){
        .key = key_of(info),
        .signed_by = ecdsa ? TLS_KEY_ECDSA : info->sig_hash == CERT_HASH_NONE ? key_type(info) : TLS_KEY_RSA,
        .hash = hash_of(info->sig_hash),
        .lifetime = (unsigned)((c->chain.life.lifetime + 86399) / 86400),
        .has_ocsp = info->ocsp.n > 0,
        .stapled = c->ocsp.answer == OCSP_GOOD};
}

static int grade_by_mozilla(struct report *r, const struct audit_view *v)
{
    struct mozilla_certificate certs[KEYS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < v->ncerts && n < KEYS_MAX; i++)
        if (asked_for(v, &v->certs[i]))
            certs[n++] = mozilla_certificate(&v->certs[i]);
    bool https = v->http && v->http->https;
    const struct hsts_value *h = https ? &v->http->hsts.value : NULL;
    struct mozilla_input in = {.tls = v->tls, .certificates = certs, .ncertificates = n,
                               .hsts_known = https,
                               .hsts_max_age = h && h->valid ? (int64_t)h->max_age : -1};
    r->mozilla = arena_zalloc(&r->arena, 2 * sizeof *r->mozilla);
    int err = r->mozilla ? 0 : -ERR_NOMEM;
    for (int level = MOZILLA_MODERN; !err && level <= MOZILLA_INTERMEDIATE; level++)
        err = grade_mozilla(&r->arena, (enum mozilla_level)level, &in, &r->mozilla[r->nmozilla++]);
    return err;
}

/* ---- Observatory ---- */

static const char *check_of(enum observatory_test t)
{
    static const char *const checks[OBSERVATORY_TESTS] = {
        [OBSERVATORY_TEST_CSP] = "csp",
        [OBSERVATORY_TEST_COOKIES] = "cookies",
        [OBSERVATORY_TEST_CORS] = "cors",
        [OBSERVATORY_TEST_REDIRECTION] = "redirect",
        [OBSERVATORY_TEST_REFERRER] = "referrer_policy",
        [OBSERVATORY_TEST_HSTS] = "hsts",
        [OBSERVATORY_TEST_SRI] = "sri",
        [OBSERVATORY_TEST_NOSNIFF] = "content_type_options",
        [OBSERVATORY_TEST_FRAMES] = "frame_options",
        [OBSERVATORY_TEST_CORP] = "cross_origin",
        [OBSERVATORY_TEST_COEP] = "cross_origin",
        [OBSERVATORY_TEST_COOP] = "cross_origin"};
    return checks[t];
}

static int grade_by_observatory(struct report *r, const struct audit_view *v)
{
    struct observatory o;
    if (!v->http || !v->http->https) {
        r->observatory = (struct grade){.score = -1, .note = STR("no answer over https")};
        return 0;
    }
    observatory_judge(&o, v->http);
    int err = grade_start(&r->arena, OBSERVATORY_TESTS, &r->observatory);
    for (int t = 0; !err && t < OBSERVATORY_TESTS; t++) {
        const struct observatory_row *row = observatory_row(o.verdicts[t]);
        if (row->points < 0)
            grade_add(&r->observatory, row->reason, check_of((enum observatory_test)t), GRADE_RANKS);
    }
    r->observatory.letter = o.grade;
    r->observatory.score = (int)o.score;
    return err;
}

/* ---- our own ---- */

static bool only_forward_secret(const struct tls_facts *f)
{
    size_t n = 0;
    for (int v = 0; v < VI_COUNT; v++)
        for (size_t i = 0; i < f->v[v].nsuites; i++, n++) {
            const struct suite *s = suite_find(f->v[v].suites[i].code);
            if (!s || !suite_is_forward_secret(s))
                return false;
        }
    return n > 0;
}

static bool has_post_quantum(const struct tls_facts *f)
{
    for (size_t i = 0; i < f->groups.n; i++) {
        const struct tls_group *g = tls_names_group(f->groups.v[i]);
        if (g && tls_names_group_is_pq(g))
            return true;
    }
    return false;
}

static bool redirects_well(const struct http_facts *h)
{
    return h && (h->redirect.verdict == REDIRECT_NO_HTTP || h->redirect.verdict == REDIRECT_TO_HTTPS ||
                 h->redirect.verdict == REDIRECT_PRELOADED);
}

static int grade_by_findings(struct report *r, const struct audit_view *v)
{
    const struct http_facts *h = v->http;
    struct overall_input in = {
        .findings = r->findings,
        .nfindings = r->nfindings,
        .reached = r->nsuites > 0,
        .trusted = all_chains(v, chain_ok),
        .name_matches = all_chains(v, name_ok),
        .hsts_year = h && h->hsts.value.valid && h->hsts.value.max_age >= HSTS_YEAR,
        .redirects = redirects_well(h),
        .tls13 = v->tls->v[VI_TLS13].offered == KNOWN_YES,
        .only_forward_secret = only_forward_secret(v->tls),
        .post_quantum = has_post_quantum(v->tls),
        .no_stripping = h && (h->hsts.stripping == STRIPPING_NONE ||
                              h->hsts.stripping == STRIPPING_FIRST_VISIT)};
    return grade_overall(&r->arena, &in, &r->overall);
}

int audit_grade(struct report *r, const struct audit_view *v, bool clients)
{
    struct grade_key keys[KEYS_MAX];
    size_t n = keys_of(v, keys);
    struct client_server server = {v->tls, keys, n};
    int err = grade_by_ssllabs(r, v, keys, n);
    if (!err)
        err = grade_by_mozilla(r, v);
    if (!err)
        err = grade_by_observatory(r, v);
    if (!err)
        err = grade_by_findings(r, v);
    if (!err && clients)
        err = client_sim_all(&r->arena, &server, &r->clients, &r->nclients);
    return err;
}
