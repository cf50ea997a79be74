/* Certificate checks: the public keys. */
#include "audit/checks_certificate_part.h"

enum { RSA_LEAST = 2048, RSA_HOPELESS = 1024, MODULI_MAX = 64 };

/* ---- one key alone ---- */

static const struct {
    enum weak_key_fault fault;
    enum severity severity;
    const char *text;
} faults[] = {
    {WEAK_KEY_DSA, SEVERITY_HIGH, "DSA, which no browser takes"},
    {WEAK_KEY_EXPONENT, SEVERITY_CRITICAL, "its exponent is 1 or even: it protects nothing"},
    {WEAK_KEY_SMALL_E, SEVERITY_LOW, "its exponent is below 65537"},
    {WEAK_KEY_ROCA, SEVERITY_CRITICAL, "it has the fingerprint of ROCA (CVE-2017-15361)"},
    {WEAK_KEY_CURVE, SEVERITY_MEDIUM, "its curve is written out, or has no name in TLS"},
};

static void judge_factors(const struct cert_view *c, const char *key, struct say *say)
{
    if (c->key.faults & WEAK_KEY_SMALL_FACTOR)
        say_bad(say, SEVERITY_CRITICAL, "%s: it is divisible by %u, so it is broken.", key,
                c->key.small_factor);
    if (c->key.faults & WEAK_KEY_FERMAT)
        say_bad(say, SEVERITY_CRITICAL,
                "%s: its primes are close; it was factored in %u steps (CVE-2022-26320).", key,
                c->key.fermat_rounds);
}

/* An authority's key can sign for this name, too. */
static void judge_issuers(const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    size_t n = k->trust_n ? k->trust[0].path_n : 0;
    for (size_t i = 1; i < n; i++) {
        const struct cert_info *ca = k->trust[0].path[i].cert;
        struct str name = say_cut(say->f, ca->subject_cn.n ? ca->subject_cn : ca->subject);
        if ((ca->key == CERT_KEY_RSA || ca->key == CERT_KEY_RSA_PSS) && ca->key_bits < RSA_LEAST)
            say_bad(say, SEVERITY_HIGH, "The authority %.*s has an RSA key of %u bits.",
                    STR_ARG(name), ca->key_bits);
    }
}

static void judge_key(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_info *leaf = check_chains_leaf(c);
    const char *key = check_chains_key(say->f, leaf);
    if (c->key.faults & WEAK_KEY_SHORT)
        say_bad(say,
                leaf->key != CERT_KEY_EC && leaf->key_bits < RSA_HOPELESS ? SEVERITY_CRITICAL
                                                                          : SEVERITY_HIGH,
                "%s: %u bits are too few.", key, leaf->key_bits);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (c->key.faults & faults[i].fault)
            say_bad(say, faults[i].severity, "%s: %s.", key, faults[i].text);
    judge_factors(c, key, say);
    judge_issuers(c, say);
    if (c->key.tests_skipped)
        say_unknown(say, "%s: too large to be looked at.", key);
    else if (leaf->key == CERT_KEY_OTHER)
        say_unknown(say, "A key of a kind that is not known here: %s.", key);
    else
        say_fine(say, "%s.", key);
}

void check_cert_key(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_key);
}

static void judge_debian(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    enum cert_key key = check_chains_leaf(c)->key;
    if (c->key.faults & WEAK_KEY_DEBIAN)
        say_bad(say, SEVERITY_CRITICAL,
                "The key is on the list: everybody can have its other half.");
    else if (key == CERT_KEY_ED25519 || key == CERT_KEY_ED448 || key == CERT_KEY_ML_DSA)
        say_fine(say, "The faulty OpenSSL did not know this kind of key.");
    else if (key != CERT_KEY_RSA && key != CERT_KEY_RSA_PSS)
        say_unknown(say, "The lists are of RSA keys; this is none.");
    else if (!c->key.debian_tested)
        say_unknown(say, "The list of weak keys is not part of this program and was not given.");
    else
        say_fine(say, "Not on the list.");
}

void check_cert_debian_key(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_debian);
}

/* ---- several keys ---- */

struct moduli {
    struct str n[MODULI_MAX];
    const struct cert_info *of[MODULI_MAX];
    size_t count;
};

static void add_modulus(struct moduli *m, const struct cert_info *c)
{
    if (!c->rsa_n.n || c->rsa_n.n > WEAK_KEY_BITS_MAX / 8 || m->count == MODULI_MAX)
        return;
    for (size_t i = 0; i < m->count; i++)
        if (str_eq(m->n[i], c->rsa_n))
            return;
    m->of[m->count] = c;
    m->n[m->count++] = c->rsa_n;
}

void check_cert_shared_prime(const struct audit_view *v, struct finding *ret)
{
    struct moduli m = {.count = 0};
    bool found[MODULI_MAX] = {false};
    struct say say;
    say_init(&say, ret);
    for (size_t i = 0; i < v->ncerts; i++)
        for (size_t k = 0; v->certs[i].readable && k < v->certs[i].chain.n; k++)
            if (v->certs[i].chain.certs[k].readable)
                add_modulus(&m, &v->certs[i].chain.certs[k].info);
    if (m.count > 1 && weak_key_batch_gcd(m.n, m.count, found) == 0)
        say_unknown(&say,
                    "The %zu RSA keys seen here share no prime; those of other hosts are not "
                    "known here.",
                    m.count);
    for (size_t i = 0; i < m.count; i++)
        if (found[i]) {
            struct str name = say_cut(ret, m.of[i]->subject);
            say_bad(&say, SEVERITY_CRITICAL,
                    "The key of %.*s shares a prime with another one seen here: both are broken.",
                    STR_ARG(name));
        }
    say_end(&say, "Needs two RSA keys at least; those of other hosts are not known here.");
}

/* Whoever holds the one holds the other. */
void check_cert_shared_key(const struct audit_view *v, struct finding *ret)
{
    const struct cert_view *ours = view_leaf(v);
    struct say say;
    say_init(&say, ret);
    for (size_t i = 1; ours && i < v->ncerts; i++) {
        const struct cert_view *c = &v->certs[i];
        if (!c->readable || str_eq(c->kept->der[0], ours->kept->der[0]))
            continue;
        const struct cert_info *a = check_chains_leaf(ours), *b = check_chains_leaf(c);
        struct str names = b->dns.n ? say_names(ret, &b->dns) : say_cut(ret, b->subject);
        say.evidence = c->kept->evidence;
        if (memcmp(a->spki_sha256, b->spki_sha256, 32) == 0)
            say_bad(&say, SEVERITY_INFO,
                    "The same key stands in another certificate shown here, for: "
                    "%.*s.",
                    STR_ARG(names));
    }
    const struct trust_comparison *before = &v->trust->remembered;
    if (before->answer == TRUST_DIFFERENT)
        say_fine(&say, "A new key since the last visit.");
    say_end(&say, "Keys of other hosts, and of earlier certificates, are not known here.");
}
