/* Certificate checks: the chain, whom it leads to, and which one is sent to whom. */
#include "audit/checks_certificate_part.h"

/* ---- trust ---- */

static const struct {
    enum chain_fault fault;
    const char *text;
} faults[] = {
    {CHAIN_SELF_SIGNED, "it is self-signed"},
    {CHAIN_SELF_SIGNED_IN_CHAIN, "it leads to a root that the store does not have"},
    {CHAIN_UNKNOWN_CA, "no path leads to a root of the store"},
    {CHAIN_BAD_SIGNATURE, "a signature in the path is wrong"},
    {CHAIN_NAME_CONSTRAINTS, "an authority of the path may not issue for this name"},
    {CHAIN_PURPOSE, "the path is not for TLS servers (extended key usage)"},
    {CHAIN_PATH_LEN, "the path is longer than an authority in it allows"},
    {CHAIN_NOT_CA, "an issuer in the path is no authority"},
    {CHAIN_NOT_YET, "a certificate of the path is not valid yet"},
    {CHAIN_EXPIRED, "a certificate of the path has expired"},
};

static struct str fault_text(const struct finding *f, const struct chain_trust *t)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        if (t->faults & faults[i].fault)
            text = arena_printf(f->arena, "%.*s%s%s", STR_ARG(text), text.n ? ", " : "",
                                faults[i].text);
    return text.n ? text : t->error_text.n ? say_cut(f, t->error_text) : STR("no path was found");
}

static struct str issuer_of(const struct finding *f, const struct cert_info *c)
{
    struct str name = c->issuer_o.n ? c->issuer_o : c->issuer_cn.n ? c->issuer_cn : c->issuer;
    return name.n ? say_cut(f, name) : STR("an issuer without a name");
}

static void untrusted(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct chain_trust *t = &c->chain.trust[0];
    struct str why = fault_text(say->f, t), by = issuer_of(say->f, check_chains_leaf(c));
    if (v->internal)
        say_bad(say, SEVERITY_MEDIUM,
                "Not trusted by %s: %.*s. Issuer: %.*s. This is an internal name: if the authority "
                "is your own, install its root on the clients, and give it here with --ca.",
                t->store, STR_ARG(why), STR_ARG(by));
    else
        say_bad(say, SEVERITY_HIGH, "Not trusted by %s: %.*s. Issuer: %.*s.", t->store,
                STR_ARG(why), STR_ARG(by));
}

static void judge_trust(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    for (size_t i = 0; i < k->trust_n; i++) {
        const struct chain_trust *t = &k->trust[i];
        if (t->trusted) {
            say_fine(say, "Trusted by %s.", t->store);
            return;
        }
        if (t->completed && (t->faults & ~(unsigned)(CHAIN_EXPIRED | CHAIN_NOT_YET)) == 0) {
            say_fine(say, "Leads to a root of %s, with an intermediate that is not sent.",
                     t->store);
            return;
        }
        if (chain_has_path(t)) {
            say_fine(say, "Leads to a root of %s; only the dates are wrong.", t->store);
            return;
        }
    }
    if (k->trust_n)
        untrusted(v, c, say);
    else
        say_unknown(say, "No trust store was loaded: give one with --ca.");
}

void check_cert_trust(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_trust);
    for (size_t i = 0; i < v->ncerts; i++)
        if (check_chains_asked(v, &v->certs[i]) && !v->certs[i].readable) {
            ret->evidence = v->certs[i].kept->evidence;
            finding_bad(ret,
                        "A certificate that the server sends cannot be read: no client takes it.");
        }
}

static void judge_stores(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < c->chain.trust_n; i++) {
        const struct chain_trust *t = &c->chain.trust[i];
        text = arena_printf(say->f->arena, "%.*s%s%s: %s", STR_ARG(text), text.n ? ", " : "",
                            t->store, t->trusted ? "trusted" : "not trusted");
    }
    say_unknown(say,
                "%.*s%sThe stores of Apple, Microsoft, Chrome and Java are not available here.",
                STR_ARG(text), text.n ? ". " : "");
}

/* Half an answer, always: said so rather than left out. */
void check_cert_stores(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_stores);
}

/* ---- name ---- */

static void judge_name(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct cert_host_facts *h = &c->chain.host;
    const struct cert_info *leaf = check_chains_leaf(c);
    struct str names = leaf->dns.n  ? say_names(say->f, &leaf->dns)
                       : leaf->ip.n ? STR("only addresses")
                                    : STR("no name at all");
    struct str host = say_cut(say->f, v->host), match = say_cut(say->f, h->match);
    switch (h->verdict) {
    case CERT_HOST_NOT_ASKED: say_unknown(say, "No name was asked for."); break;
    case CERT_HOST_NOT_ASCII: say_unknown(say, "The name is not in its ASCII form."); break;
    case CERT_HOST_OK:
        if (cert_host_ip(v->host, (unsigned char[16]){0}))
            say_fine(say, "Is for the address %.*s.", STR_ARG(host));
        else
            say_fine(say, "Is for %.*s, by %.*s.", STR_ARG(host), STR_ARG(match));
        break;
    case CERT_HOST_ONLY_CN:
        say_bad(say, SEVERITY_HIGH,
                "%.*s stands only in the common name, which no client looks at; alternative names: "
                "%.*s.",
                STR_ARG(host), STR_ARG(names));
        break;
    case CERT_HOST_WIDE:
        say_bad(say, SEVERITY_HIGH, "Only a wildcard that browsers refuse fits %.*s: %.*s.",
                STR_ARG(host), STR_ARG(match));
        break;
    case CERT_HOST_MISMATCH:
        say_bad(say, SEVERITY_HIGH, "Is not for %.*s, but for: %.*s.", STR_ARG(host),
                STR_ARG(names));
        break;
    }
}

void check_cert_name(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_name);
}

/* ---- chain ---- */

static void judge_missing(const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    struct str name = say_cut(say->f, k->missing), uri = say_cut(say->f, k->missing_uri);
    if (k->whole == CHAIN_INCOMPLETE)
        say_bad(
            say, SEVERITY_MEDIUM,
            "The intermediate certificate %.*s is not sent: clients that do not have it refuse.",
            STR_ARG(name));
    else if (k->whole == CHAIN_INCOMPLETE_AIA && k->n == 1)
        say_bad(say, SEVERITY_MEDIUM,
                "Only the server's certificate is sent; its issuer %.*s may be had at %.*s.",
                STR_ARG(name), STR_ARG(uri));
    else if (k->whole != CHAIN_COMPLETE)
        say_unknown(say, "Whether it is complete cannot be said: the issuer %.*s is unknown here.",
                    STR_ARG(name));
}

/* Clutter that clients put up with. */
static void judge_clutter(const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    if (k->duplicates)
        say_bad(say, SEVERITY_LOW, "%zu of the certificates sent are duplicates.", k->duplicates);
    if (k->dropped)
        say_bad(say, SEVERITY_LOW, "More than %zu certificates are sent.", k->n);
    if (k->root_sent)
        say_bad(say, SEVERITY_INFO,
                "The root is sent as well: clients have it, or never trust it.");
    if (k->signatures_cut) {
        say_unknown(say, "Too many certificates look alike to tell their order.");
        return;
    }
    if (k->extra)
        say_bad(say, SEVERITY_LOW, "%zu of the certificates sent lead nowhere.", k->extra);
    if (!k->in_order)
        say_bad(say, SEVERITY_LOW,
                "The certificates are not sent in order, each before its issuer.");
}

static void judge_chain(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct chain_facts *k = &c->chain;
    if (k->unreadable)
        say_bad(say, SEVERITY_MEDIUM, "%zu of the certificates sent cannot be read.",
                k->unreadable);
    if (k->n == 1 && check_chains_leaf(c)->self_signed) {
        say_fine(say, "A single self-signed certificate.");
        return;
    }
    judge_missing(c, say);
    judge_clutter(c, say);
    say_fine(say, "%zu sent, complete and in order.", k->n);
}

void check_cert_chain(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_chain);
}

/* ---- who gets which ---- */

static bool same_leaf(const struct cert_view *a, const struct cert_view *b)
{
    return a->kept->n && b->kept->n && str_eq(a->kept->der[0], b->kept->der[0]);
}

/* The name asked for gets that one, too. */
static bool is_ours(const struct audit_view *v, const struct cert_view *c)
{
    for (size_t i = 0; i < v->ncerts; i++)
        if (v->certs[i].kept->with_sni && same_leaf(&v->certs[i], c))
            return true;
    return false;
}

static void judge_stranger(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const char *who =
        c->kept->without_sni ? "Who names no host" : "Who names a host that is not there";
    say->evidence = c->kept->evidence;
    if (is_ours(v, c)) {
        say_fine(say, "%s gets the same certificate.", who);
        return;
    }
    if (!c->readable) {
        say_unknown(say, "%s gets a certificate that cannot be read.", who);
        return;
    }
    const struct cert_info *leaf = check_chains_leaf(c);
    struct str names = leaf->dns.n ? say_names(say->f, &leaf->dns) : say_cut(say->f, leaf->subject);
    say_bad(say, SEVERITY_INFO, "%s gets another certificate, and learns the names: %.*s.", who,
            STR_ARG(names));
}

void check_cert_no_sni(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    if (cert_host_ip(v->host, (unsigned char[16]){0})) {
        finding_untestable(ret, "The target is an address: no name is ever sent to it.");
        return;
    }
    for (size_t i = 0; i < v->ncerts; i++)
        if (v->certs[i].kept->without_sni || v->certs[i].kept->wrong_sni)
            judge_stranger(v, &v->certs[i], &say);
    if (v->tls && v->tls->no_sni == KNOWN_NO)
        say_fine(&say, "Who names no host is refused.");
    say_end(&say, "A handshake without a name was not tried.");
}

/* Two certificates for the same kind of key: of servers that are not in step. */
static void compare(const struct cert_view *a, const struct cert_view *b, struct say *say)
{
    const struct cert_info *x = check_chains_leaf(a), *y = check_chains_leaf(b);
    if (x->key != y->key)
        return;
    say->evidence = b->kept->evidence;
    if (same_leaf(a, b))
        say_bad(say, SEVERITY_LOW,
                "The same %s certificate comes with different chains (connections %u and %u).",
                check_chains_key(say->f, x), a->kept->evidence, b->kept->evidence);
    else
        say_bad(say, SEVERITY_LOW,
                "Two %s certificates, valid until %s and %s, on connections %u and %u: the servers "
                "behind this address are not in step.",
                check_chains_key(say->f, x), say_date(say->f, x->not_after),
                say_date(say->f, y->not_after), a->kept->evidence, b->kept->evidence);
}

void check_cert_consistency(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    unsigned seen = 0;
    say_init(&say, ret);
    for (size_t i = 0; i < v->ncerts; i++) {
        const struct cert_view *c = &v->certs[i];
        if (!c->readable || !check_chains_asked(v, c))
            continue;
        seen += c->kept->seen;
        for (size_t j = 0; j < i; j++)
            if (v->certs[j].readable && check_chains_asked(v, &v->certs[j]))
                compare(&v->certs[j], c, &say);
    }
    if (seen > 1)
        say_fine(&say, "The same on all %u connections that showed one.", seen);
    say_end(&say, "Fewer than two connections showed a certificate that can be read.");
}
