/* The section "trust": authorities that are not to be trusted, and whether this is the right server at
 * all. A man in the middle is never proven from here; each sign is told, and what was compared. */
#include "audit/checks.h"

#include "audit/check_chains.h"
#include "audit/dns_caa.h"

/* ---- authorities ---- */

static void tell_distrusted(const struct distrust_hit *h, struct say *say)
{
    const struct distrust_row *r = h->row;
    if (!h->applies)
        say_fine(say, "%s is distrusted for later certificates only (%s).", r->owner, r->reason);
    else if (h->certain)
        say_bad(say, SEVERITY_HIGH, "Leads to %s: %s.", r->owner, r->reason);
    else
        say_bad(say, SEVERITY_MEDIUM, "Leads to %s, by its name: %s.", r->owner, r->reason);
    if (h->applies && h->by_date)
        say_bad(say, SEVERITY_MEDIUM, "No timestamp was seen; its first day was compared instead.");
}

static void judge_distrusted(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    for (size_t i = 0; i < c->ndistrust; i++)
        if (c->distrust[i].row->kind <= DISTRUST_REMOVED)
            tell_distrusted(&c->distrust[i], say);
    say_fine(say, "No authority that browsers have stopped trusting.");
}

static void distrusted_ca(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_distrusted);
}

static bool intercepts(const struct distrust_hit *h)
{
    return h->applies && h->row->kind >= DISTRUST_MALWARE;
}

static void judge_interception(const struct audit_view *v, const struct cert_view *c,
                               struct say *say)
{
    for (size_t i = 0; i < c->ndistrust; i++) {
        const struct distrust_hit *h = &c->distrust[i];
        bool appliance = h->row->kind == DISTRUST_APPLIANCE;
        if (!intercepts(h))
            continue;
        if (appliance && v->internal)
            say_bad(say, SEVERITY_LOW, "Issued by %s (%s), or this is a page of that very device.",
                    h->row->owner, h->row->reason);
        else
            say_bad(say, appliance ? SEVERITY_HIGH : SEVERITY_CRITICAL,
                    "Issued by %s%s: %s. Somebody between here and the server reads along.",
                    h->row->owner, h->certain ? "" : ", by its name", h->row->reason);
    }
    say_fine(say, "No authority that is known to intercept.");
}

static void interception_root(const struct audit_view *v, struct finding *ret)
{
    check_chains_each(v, ret, judge_interception);
}

/* Monitors of the logs could tell who else was issued one. */
static void ct_new_issuer(const struct audit_view *v, struct finding *ret)
{
    finding_untestable(
        ret, "Needs a question to a monitor of the logs; no traffic goes to third parties.");
}

/* ---- comparisons ---- */

static void compare(const struct trust_comparison *c, enum severity severity, const char *what,
                    struct say *say)
{
    struct str with = say_cut(say->f, c->with), seen = say_cut(say->f, c->seen);
    struct str expected = say_cut(say->f, c->expected), why = say_cut(say->f, c->why);
    const char *sep = with.n ? " " : "";
    switch (c->answer) {
    case TRUST_NOT_ASKED: break;
    case TRUST_SAME: say_fine(say, "%s%s%.*s: the same.", what, sep, STR_ARG(with)); break;
    case TRUST_DIFFERENT:
        say_bad(say, severity, "%s%s%.*s: seen %.*s, expected %.*s.", what, sep, STR_ARG(with),
                STR_ARG(seen), STR_ARG(expected));
        break;
    case TRUST_NEW:
        say_unknown(say, "%s%s%.*s: seen for the first time; comparing begins with the next visit.",
                    what, sep, STR_ARG(with));
        break;
    case TRUST_FAILED:
        say_unknown(say, "%s%s%.*s could not be compared: %.*s.", what, sep, STR_ARG(with),
                    STR_ARG(why));
        break;
    }
}

static void pin(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare(&v->trust->pin, SEVERITY_CRITICAL, "The pin", &say);
    say_end(&say, "No pin was given (--pin).");
}

static void issuer_expected(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare(&v->trust->issuer, SEVERITY_HIGH, "The issuer", &say);
    say_end(&say, "No issuer was named (--expect-issuer).");
}

static void remembered_key(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare(&v->trust->remembered, SEVERITY_MEDIUM, "The key remembered in", &say);
    say_end(&say, "Nothing is remembered (--remember FILE).");
}

static void compare_all(const struct trust_comparison *c, size_t n, enum severity severity,
                        const char *what, struct say *say)
{
    for (size_t i = 0; i < n; i++)
        compare(&c[i], severity, what, say);
}

static void keys_across_addresses(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare_all(v->trust->addresses, v->trust->naddresses, SEVERITY_LOW, "The key at", &say);
    say_end(&say, "Only one address was asked.");
}

static void keys_across_resolvers(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare_all(v->trust->resolvers, v->trust->nresolvers, SEVERITY_MEDIUM,
                "The key at the address given by", &say);
    say_end(&say, "No other resolver was asked.");
}

static void keys_via_proxy(const struct audit_view *v, struct finding *ret)
{
    struct say say;
    say_init(&say, ret);
    compare_all(v->trust->proxies, v->trust->nproxies, SEVERITY_HIGH, "The key seen", &say);
    say_end(&say, "No other way to the server was given (--via).");
}

/* ---- all of it ---- */

static unsigned count(const struct trust_comparison *c, size_t n, enum trust_answer answer)
{
    unsigned found = 0;
    for (size_t i = 0; i < n; i++)
        found += c[i].answer == answer;
    return found;
}

static void signs_of_chains(const struct audit_view *v, struct say *say)
{
    for (size_t i = 0; i < v->ncerts; i++)
        for (size_t k = 0; check_chains_asked(v, &v->certs[i]) && k < v->certs[i].ndistrust; k++) {
            const struct distrust_hit *h = &v->certs[i].distrust[k];
            bool mild = v->internal && h->row->kind == DISTRUST_APPLIANCE;
            say->evidence = v->certs[i].kept->evidence;
            if (intercepts(h))
                say_bad(say, mild ? SEVERITY_LOW : SEVERITY_CRITICAL,
                        "The certificate comes from %s.", h->row->owner);
        }
}

static void sign_of_caa(const struct audit_view *v, struct say *say)
{
    const struct cert_view *leaf = view_leaf(v);
    struct dns_caa_result caa;
    if (!v->dns || !leaf)
        return;
    struct str o = check_chains_leaf(leaf)->issuer_o;
    dns_caa_judge(v->dns, dns_caa_issuer(o), leaf->chain.host.wildcard, &caa);
    struct str name = say_cut(say->f, o);
    if (caa.verdict == DNS_CAA_FORBIDDEN)
        say_bad(say, SEVERITY_MEDIUM,
                "The issuer %.*s is not among those that the DNS permits (CAA).", STR_ARG(name));
    else if (caa.verdict == DNS_CAA_PERMITTED)
        say_fine(say, "The issuer %.*s is permitted by CAA.", STR_ARG(name));
}

static void mitm(const struct audit_view *v, struct finding *ret)
{
    const struct trust_facts *t = v->trust;
    unsigned proxies = count(t->proxies, t->nproxies, TRUST_DIFFERENT);
    unsigned resolvers = count(t->resolvers, t->nresolvers, TRUST_DIFFERENT);
    unsigned same = count(t->proxies, t->nproxies, TRUST_SAME);
    struct say say;
    say_init(&say, ret);
    signs_of_chains(v, &say);
    if (t->pin.answer == TRUST_DIFFERENT)
        say_bad(&say, SEVERITY_CRITICAL, "The key is none of those pinned.");
    if (t->issuer.answer == TRUST_DIFFERENT)
        say_bad(&say, SEVERITY_HIGH, "The issuer is not the one expected.");
    if (proxies)
        say_bad(&say, SEVERITY_CRITICAL, "Another key is seen by %u of %zu other ways.", proxies,
                t->nproxies);
    if (resolvers)
        say_bad(&say, SEVERITY_MEDIUM, "Other resolvers lead to another key (%u of %zu).",
                resolvers, t->nresolvers);
    if (t->remembered.answer == TRUST_DIFFERENT)
        say_bad(&say, SEVERITY_MEDIUM, "The key is not the one remembered; that may be a renewal.");
    sign_of_caa(v, &say);
    same += (t->pin.answer == TRUST_SAME) + (t->remembered.answer == TRUST_SAME) +
            (t->issuer.answer == TRUST_SAME);
    if (same)
        say_fine(&say, "%u comparisons with what is known from elsewhere agree.", same);
    else if (view_leaf(v))
        say_unknown(&say,
                    "No sign of one, but nothing to compare with: see --pin, --expect-issuer, "
                    "--remember and --via.");
    say_end(&say, "No certificate was seen.");
}

static const struct check rows[] = {
    {
        .id = "mitm",
        .title = "Man in the middle",
        .section = SECTION_TRUST,
        .severity = SEVERITY_CRITICAL,
        .how = "All signs together: authorities that intercept, pins, the expected issuer, what is "
               "remembered, other ways to the server, other resolvers, and CAA.",
        .fix =
            "Compare the key's hash with the server's own over a way that you trust; until then, "
            "enter nothing secret.",
        .fn = mitm,
    },
    {
        .id = "interception_root",
        .title = "Authorities that intercept",
        .section = SECTION_TRUST,
        .severity = SEVERITY_CRITICAL,
        .cve = "CVE-2015-2077 CVE-2015-2078",
        .how =
            "The path's authorities are looked up in a list of roots of malware, states, appliances, "
            "virus scanners and debugging proxies.",
        .fix =
            "Find the program or device that opens the traffic; remove its root where it is not wanted.",
        .fn = interception_root,
    },
    {
        .id = "distrusted_ca",
        .title = "Distrusted authorities",
        .section = SECTION_TRUST,
        .severity = SEVERITY_HIGH,
        .rfc = "Root programmes of Mozilla, Chrome and Apple",
        .how =
            "The path's authorities are looked up in a list of those that browsers distrust, with the "
            "day from which on.",
        .fix = "Get a certificate from another authority.",
        .fn = distrusted_ca,
    },
    {
        .id = "pin",
        .title = "Pinned key",
        .section = SECTION_TRUST,
        .severity = SEVERITY_CRITICAL,
        .how = "SHA-256 of the certificate's public key is compared with those given by --pin.",
        .fix = "If you did not change the key, somebody else answers in the server's place.",
        .fn = pin,
    },
    {
        .id = "issuer_expected",
        .title = "Expected issuer",
        .section = SECTION_TRUST,
        .severity = SEVERITY_HIGH,
        .how =
            "The names of the path's issuers are searched for the text given by --expect-issuer.",
        .fix = "If you did not change the authority, somebody else answers in the server's place.",
        .fn = issuer_expected,
    },
    {
        .id = "remembered_key",
        .title = "Key as remembered",
        .section = SECTION_TRUST,
        .severity = SEVERITY_MEDIUM,
        .how = "The key is compared with that of the last visit, kept in the file of --remember.",
        .fix =
            "If the certificate was not renewed with a new key since, look closer before you go on.",
        .fn = remembered_key,
    },
    {
        .id = "keys_across_addresses",
        .title = "The same key at all addresses",
        .section = SECTION_TRUST,
        .severity = SEVERITY_LOW,
        .how = "Each address of the name, IPv4 and IPv6, is asked for its certificate.",
        .fix = "Bring the same certificate to all of them, unless they are different providers.",
        .fn = keys_across_addresses,
    },
    {
        .id = "keys_across_resolvers",
        .title = "The same key by other resolvers",
        .section = SECTION_TRUST,
        .severity = SEVERITY_MEDIUM,
        .how = "Addresses that other resolvers give are asked for their certificate.",
        .fix = "Find out which of the resolvers tells the truth: ask the name's own servers.",
        .fn = keys_across_resolvers,
    },
    {
        .id = "keys_via_proxy",
        .title = "The same key by other ways",
        .section = SECTION_TRUST,
        .severity = SEVERITY_HIGH,
        .how = "The certificate is asked for again through the proxies given by --via.",
        .fix = "One of the ways leads through somebody else: compare with the server's own key.",
        .fn = keys_via_proxy,
    },
    {
        .id = "ct_new_issuer",
        .title = "Certificates issued elsewhere",
        .section = SECTION_TRUST,
        .severity = SEVERITY_INFO,
        .how = "Not tested: see its finding.",
        .fix =
            "Have a monitor of the transparency logs tell you of each new certificate for your names.",
        .fn = ct_new_issuer,
    },
};

const struct check_table checks_trust = {rows, sizeof rows / sizeof *rows};
