/* Certificate checks: signatures, usages, names, what the issuer vouches for. */
#include "audit/checks_certificate_part.h"

enum {
    SERIAL_BITS = 64, /* of a random source (BR 7.1); a leading zero bit or two is chance */
    SERIAL_LEAST = 56,
};

static struct str name_of(const struct finding *f, const struct cert_info *c)
{
    struct str name = c->subject_cn.n ? c->subject_cn : c->subject;
    return name.n ? say_cut(f, name) : STR("a certificate without a name");
}

/* ---- signatures ---- */

static void judge_one_signature(const struct cert_info *c, struct say *say)
{
    struct str name = name_of(say->f, c), how = say_cut(say->f, c->sig_name);
    if (c->sig_mismatch)
        say_bad(say, SEVERITY_HIGH,
                "%.*s names one signature algorithm inside and another outside.", STR_ARG(name));
    switch (c->sig_hash) {
    case CERT_HASH_MD2:
    case CERT_HASH_MD5:
        say_bad(say, SEVERITY_CRITICAL, "%.*s is signed with %.*s: it can be forged.",
                STR_ARG(name), STR_ARG(how));
        break;
    case CERT_HASH_SHA1:
        say_bad(say, SEVERITY_HIGH, "%.*s is signed with %.*s: browsers refuse it.", STR_ARG(name),
                STR_ARG(how));
        break;
    case CERT_HASH_OTHER:
        say_unknown(say, "%.*s is signed in a way that is not known here: %.*s.", STR_ARG(name),
                    STR_ARG(how));
        break;
    default: break;
    }
}

/* A root's own signature is never looked at by anybody. The path counts, not what is sent beside it. */
static void judge_signature(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    size_t path = k->trust_n ? k->trust[0].path_n : 0, looked = 0;
    for (size_t i = 0; i < (path ? path : k->n); i++) {
        const struct cert_info *info = path ? k->trust[0].path[i].cert : &k->certs[i].info;
        if (info->self_signed || (!path && (!k->certs[i].readable || k->certs[i].extra)))
            continue;
        looked++;
        judge_one_signature(info, say);
    }
    struct str how = say_cut(say->f, check_chains_leaf(c)->sig_name);
    if (looked)
        say_fine(say, "Signed with %.*s.", STR_ARG(how));
    else
        say_fine(say, "Self-signed: nobody relies on its signature.");
}

void check_cert_signature(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_signature);
}

/* ---- usages and form ---- */

static void judge_purpose(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_info *l = check_chains_leaf(c);
    bool public = check_chains_public(v, c);
    if (l->has_eku && !l->eku_server && !l->eku_any)
        say_bad(say, SEVERITY_MEDIUM, "Its extended key usage does not include TLS servers.");
    if (!l->has_eku)
        say_bad(say, public ? SEVERITY_LOW : SEVERITY_INFO, "It has no extended key usage.");
    if (l->eku_client && public)
        say_bad(say, SEVERITY_INFO,
                "It is also for clients (clientAuth), which browsers' programmes "
                "no longer allow.");
    if (l->has_usage && !(l->usage & CERT_USAGE_DIGITAL_SIGNATURE))
        say_bad(say, SEVERITY_MEDIUM,
                "Its key usage does not include signatures, which TLS 1.3 and ECDHE need.");
    if (l->has_basic && l->ca)
        say_bad(say, l->self_signed ? SEVERITY_INFO : SEVERITY_MEDIUM,
                "The server's own certificate is one of an authority (CA:TRUE).");
    else if (l->has_usage && (l->usage & CERT_USAGE_CERT_SIGN))
        say_bad(say, SEVERITY_LOW, "The server's own certificate may sign certificates.");
}

static void judge_form(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_info *l = check_chains_leaf(c);
    enum severity rule = check_chains_public(v, c) ? SEVERITY_LOW : SEVERITY_INFO;
    if (l->version != 3)
        say_bad(say, SEVERITY_LOW, "X.509 version %d instead of 3.", l->version);
    if (l->serial_negative || l->serial_bits == 0)
        say_bad(say, rule, "Its serial number is negative or zero.");
    else if (l->serial_bits < SERIAL_LEAST)
        say_bad(say, rule, "Its serial number has %u bits; %d random ones are asked for.",
                l->serial_bits, SERIAL_BITS);
    if (l->precert_poison)
        say_bad(say, SEVERITY_HIGH, "It is a precertificate, which is for logs only.");
    if (l->unknown_critical)
        say_bad(say, SEVERITY_MEDIUM, "It has a critical extension that clients may not know.");
    if (l->bad_extensions)
        say_bad(say, SEVERITY_LOW, "%u of its extensions are malformed or repeated.",
                l->bad_extensions);
}

static void judge_authorities(const struct cert_view *c, struct say *say)
{
    for (size_t i = 1; i < c->chain.n; i++) {
        const struct chain_cert *k = &c->chain.certs[i];
        if (!k->readable || k->extra || k->duplicate || k->root)
            continue;
        struct str name = name_of(say->f, &k->info);
        if (!k->info.has_basic || !k->info.ca)
            say_bad(say, SEVERITY_MEDIUM, "%.*s is used as an authority but is none.",
                    STR_ARG(name));
        else if (k->info.has_usage && !(k->info.usage & CERT_USAGE_CERT_SIGN))
            say_bad(say, SEVERITY_MEDIUM, "The authority %.*s may not sign certificates.",
                    STR_ARG(name));
    }
    for (size_t i = 0; i < c->chain.trust_n; i++)
        if (c->chain.trust[i].faults & CHAIN_NAME_CONSTRAINTS)
            say_bad(say, SEVERITY_HIGH, "An authority's name constraints exclude this name.");
        else if (c->chain.trust[i].faults & CHAIN_PATH_LEN)
            say_bad(say, SEVERITY_HIGH, "The path is longer than an authority in it allows.");
}

static void judge_usage(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    judge_purpose(v, c, say);
    judge_form(v, c, say);
    judge_authorities(c, say);
    say_fine(say, "For TLS servers, and well formed.");
}

void check_cert_usage(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_usage);
}

/* ---- names ---- */

static void judge_wildcard(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_list *dns = &check_chains_leaf(c)->dns;
    size_t unusable = 0;
    for (size_t i = 0; i < dns->n; i++) {
        struct str name = say_cut(say->f, dns->v[i]);
        unusable += !cert_host_usable(dns->v[i]);
        if (str_starts(dns->v[i], STR("*")))
            say_bad(say, SEVERITY_INFO,
                    "Valid for %.*s: whoever has the key of one of these hosts can be all of them.",
                    STR_ARG(name));
    }
    if (unusable)
        say_bad(say, SEVERITY_INFO, "%zu of its names can match no host.", unusable);
    say_fine(say, "%zu names, none with a wildcard.", dns->n + dns->dropped);
}

void check_cert_wildcard(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_wildcard);
}

static void judge_validation(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    static const char *const what[] = {
        [CERT_VALIDATION_DOMAIN] = "control of the name alone (DV)",
        [CERT_VALIDATION_INDIVIDUAL] = "a person (IV)",
        [CERT_VALIDATION_ORGANISATION] = "an organisation (OV)",
        [CERT_VALIDATION_EXTENDED] = "an organisation, looked at closely (EV)",
    };
    const struct cert_info *l = check_chains_leaf(c);
    struct str o = say_cut(say->f, l->subject_o);
    if (l->validation == CERT_VALIDATION_UNKNOWN)
        say_unknown(say, "Its policies do not say what the issuer looked at.");
    else if (l->validation == CERT_VALIDATION_DOMAIN || !o.n)
        say_fine(say, "The issuer looked at %s.", what[l->validation]);
    else
        say_fine(say, "The issuer looked at %s: %.*s.", what[l->validation], STR_ARG(o));
}

void check_cert_validation(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_validation);
}
