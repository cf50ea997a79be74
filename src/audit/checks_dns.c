/* The section "dns": what the DNS says of the name, and whether it agrees with what the server does. */
#include "audit/checks.h"

#include "audit/check_chains.h"
#include "audit/dns_caa.h"
#include "audit/dns_https.h"
#include "audit/dns_tlsa.h"

#define NOT_ASKED "The DNS was not asked: the target is an address, or that was not wanted."

/* ---- how a question went ---- */

static const char *failure(const struct dns_set *s)
{
    switch (s->state) {
    case DNS_UNASKED: return "such a name is not asked for";
    case DNS_SERVFAIL: return "the resolver failed, often for DNSSEC that does not validate";
    case DNS_REFUSED: return "the resolver refused";
    case DNS_TIMEOUT: return "no answer in time";
    case DNS_MALFORMED: return "the answer cannot be read";
    case DNS_OTHER: return "the resolver answered with an error";
    default: return "no answer";
    }
}

/* False: the finding says why nothing is known. */
static bool asked(const struct audit_view *v, const struct dns_set *s, struct finding *ret)
{
    if (!v->dns)
        finding_untestable(ret, NOT_ASKED);
    else if (dns_set_failed(s))
        finding_untestable(ret, "Not known: %s.", failure(s));
    return v->dns && !dns_set_failed(s);
}

/* ---- CAA ---- */

static struct str caa_text(const struct dns_facts *d, const struct finding *f)
{
    struct str text = STR_NONE;
    for (size_t i = 0; i < d->caa.n && i < 4; i++) {
        const struct dnsrr_caa *r = &d->caa.records[i];
        struct str tag = say_cut(f, r->tag), value = say_cut(f, r->value);
        text = arena_printf(f->arena, "%.*s%s%.*s \"%.*s\"", STR_ARG(text), text.n ? ", " : "",
                            STR_ARG(tag), STR_ARG(value));
    }
    return d->caa.n <= 4 ? text
                         : arena_printf(f->arena, "%.*s and %zu more", STR_ARG(text), d->caa.n - 4);
}

static void caa(const struct audit_view *v, struct finding *ret)
{
    if (!asked(v, v->dns ? &v->dns->caa.set : NULL, ret))
        return;
    if (v->dns->caa.n == 0) {
        ret->severity = v->internal ? SEVERITY_INFO : SEVERITY_LOW;
        finding_bad(ret, "No CAA record%s: every authority may issue certificates for this name.",
                    v->dns->caa.set.malformed ? " that can be read" : "");
        return;
    }
    char owner[DNSNAME_TEXT_MAX];
    struct str text = caa_text(v->dns, ret), at = dnsname_text(&v->dns->caa.set.name, owner);
    finding_safe(ret, "At %.*s: %.*s.", STR_ARG(at), STR_ARG(text));
}

static void judge_issuer(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    struct dns_caa_result r;
    struct str o = check_chains_leaf(c)->issuer_o, name = say_cut(say->f, o);
    dns_caa_judge(v->dns, dns_caa_issuer(o), c->chain.host.wildcard, &r);
    struct str by = say_cut(say->f, r.by);
    switch (r.verdict) {
    case DNS_CAA_NONE:
    case DNS_CAA_ANYBODY: say_fine(say, "No record restricts who may issue this one."); break;
    case DNS_CAA_UNKNOWN:
        if (v->dns->caa.set.malformed || v->dns->caa.set.more) {
            say_unknown(say, "Not all of the records could be read.");
            break;
        }
        say_unknown(say, "By which name %.*s goes in CAA records is not known here.",
                    STR_ARG(name));
        break;
    case DNS_CAA_PERMITTED:
        say_fine(say, "%.*s is permitted by \"%.*s\"%s.", STR_ARG(name), STR_ARG(by),
                 r.bound_account ? ", bound to an account" : "");
        break;
    case DNS_CAA_FORBIDDEN:
        if (r.critical)
            say_bad(say, SEVERITY_MEDIUM,
                    "The critical property %.*s, which nobody knows, forbids all.", STR_ARG(by));
        else
            say_bad(
                say, SEVERITY_MEDIUM,
                "%.*s issued it, but the records of today do not permit that. They may have been others "
                "then.",
                STR_ARG(name));
        break;
    }
}

static void caa_issuer(const struct audit_view *v, struct finding *ret)
{
    if (asked(v, v->dns ? &v->dns->caa.set : NULL, ret))
        check_chains_each(v, ret, judge_issuer);
}

/* ---- DANE ---- */

/* The path that was built, since a record may name a root that is not sent; else what was sent. */
static void judge_chain(const struct audit_view *v, const struct cert_view *c, struct say *say)
{
    const struct chain_trust *t = c->chain.trust_n ? &c->chain.trust[0] : NULL;
    struct str path[CHAIN_PATH_MAX];
    struct dns_tlsa_result r;
    size_t n = t ? t->path_n : 0;
    for (size_t i = 0; i < n; i++)
        path[i] = t->path[i].cert->der;
    if (dns_tlsa_judge(v->dns, n ? path : c->kept->der, n ? n : c->kept->n, &r)) {
        say_unknown(say, "The certificates could not be compared.");
        return;
    }
    switch (r.verdict) {
    case DNS_TLSA_UNKNOWN: say_unknown(say, "The records are not known."); break;
    case DNS_TLSA_NONE: break; /* see dane */
    case DNS_TLSA_UNUSABLE:
        say_bad(say, SEVERITY_MEDIUM, "None of the %zu records means anything.", v->dns->tlsa.n);
        break;
    case DNS_TLSA_INSECURE:
        say_bad(
            say, r.would_match ? SEVERITY_INFO : SEVERITY_LOW,
            "There are TLSA records, but no DNSSEC that this resolver vouches for: they count for "
            "nothing%s.",
            r.would_match ? "" : ", and none fits");
        break;
    case DNS_TLSA_MISMATCH:
        say_bad(say, SEVERITY_HIGH, "None of the %zu records fits: clients that know DANE refuse.",
                r.usable);
        break;
    case DNS_TLSA_MATCH: {
        const struct dnsrr_tlsa *m = &v->dns->tlsa.records[r.record];
        if (r.needs_pkix && !c->chain.trusted)
            say_bad(say, SEVERITY_HIGH,
                    "The record %u %u %u fits, but asks for a trusted chain as well.", m->usage,
                    m->selector, m->matching);
        else
            say_fine(say, "The record %u %u %u fits.", m->usage, m->selector, m->matching);
        break;
    }
    }
}

static void dane(const struct audit_view *v, struct finding *ret)
{
    if (!asked(v, v->dns ? &v->dns->tlsa.set : NULL, ret))
        return;
    if (v->dns->tlsa.n)
        check_chains_each(v, ret, judge_chain);
    else if (v->dns->tlsa.set.malformed) {
        ret->severity = SEVERITY_LOW;
        finding_bad(ret, "%zu TLSA records, none of which can be read.",
                    v->dns->tlsa.set.malformed);
    } else
        finding_bad(ret, "No TLSA record. Browsers do not ask for one.");
}

/* ---- DNSSEC ---- */

static void dnssec(const struct audit_view *v, struct finding *ret)
{
    if (!v->dns) {
        finding_untestable(ret, NOT_ASKED);
        return;
    }
    const struct dns_set *all[] = {&v->dns->a.set, &v->dns->aaaa.set, &v->dns->https.set,
                                   &v->dns->tlsa.set, &v->dns->caa.set};
    unsigned answered = 0, secure = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        bool known = !dns_set_failed(all[i]);
        answered += known;
        secure += known && all[i]->secure;
    }
    if (!answered)
        finding_untestable(ret, "Not known: %s.", failure(&v->dns->a.set));
    else if (secure == answered)
        finding_safe(ret, "The resolver vouches for all %u answers.", answered);
    else if (secure) {
        ret->severity = SEVERITY_LOW;
        finding_bad(ret, "The resolver vouches for %u of %u answers only.", secure, answered);
    } else
        finding_bad(ret,
                    "The resolver vouches for no answer: the zone is not signed, or this resolver "
                    "does not validate.");
}

/* ---- HTTPS records ---- */

static void judge_promises(const struct audit_view *v, const struct dns_https_result *r,
                           struct say *say)
{
    bool h2 = v->tls && str_eq(v->tls->alpn, STR("h2"));
    if (r->other_target || r->other_port) {
        say_fine(say, "A record is there, for a service at another name or port.");
        return;
    }
    if (r->h2 && v->tls && v->tls->alpn.n && !h2)
        say_bad(say, SEVERITY_LOW, "It promises h2, which the server does not choose.");
    if (r->h3 && v->quic && v->quic->h3 == KNOWN_NO)
        say_bad(say, SEVERITY_LOW, "It promises h3, but nothing answers over UDP.");
    if (!r->h3 && v->quic && v->quic->h3 == KNOWN_YES)
        say_bad(say, SEVERITY_INFO, "HTTP/3 answers, but it does not tell of it.");
    say_fine(say, "A record is there%s%s.",
             r->h3   ? ", with h3"
             : r->h2 ? ", with h2"
                     : "",
             r->ech_some ? ", and ECH" : "");
}

static void https_record(const struct audit_view *v, struct finding *ret)
{
    struct dns_https_result r;
    struct say say;
    if (!asked(v, v->dns ? &v->dns->https.set : NULL, ret))
        return;
    say_init(&say, ret);
    dns_https_judge(v->dns, &r);
    switch (r.verdict) {
    case DNS_HTTPS_UNKNOWN: break;
    case DNS_HTTPS_NONE:
        say_bad(&say, SEVERITY_INFO,
                "No HTTPS record: the first visit cannot begin with HTTP/3 or ECH.");
        break;
    case DNS_HTTPS_BROKEN:
        say_bad(&say, SEVERITY_MEDIUM, "One is malformed, so clients drop all of them.");
        break;
    case DNS_HTTPS_UNUSABLE:
        say_bad(&say, SEVERITY_LOW,
                "All ask for parameters that nobody knows, so clients drop them.");
        break;
    case DNS_HTTPS_ALIAS: say_bad(&say, SEVERITY_LOW, "It is an alias that leads nowhere."); break;
    case DNS_HTTPS_SERVICE: judge_promises(v, &r, &say); break;
    }
    say_end(&say, "The records are not known.");
}

static void judge_hints(enum dns_https_hints hints, const char *family, struct say *say)
{
    if (hints == DNS_HINTS_DIFFER)
        say_bad(say, SEVERITY_LOW,
                "The %s hints differ from the addresses: clients go astray first.", family);
    else if (hints == DNS_HINTS_UNKNOWN)
        say_unknown(say, "The %s addresses could not be had.", family);
    else if (hints == DNS_HINTS_SAME)
        say_fine(say, "The %s hints equal the addresses.", family);
}

static void https_hints(const struct audit_view *v, struct finding *ret)
{
    struct dns_https_result r;
    struct say say;
    if (!asked(v, v->dns ? &v->dns->https.set : NULL, ret))
        return;
    say_init(&say, ret);
    dns_https_judge(v->dns, &r);
    if (r.verdict == DNS_HTTPS_SERVICE) {
        judge_hints(r.ipv4, "IPv4", &say);
        judge_hints(r.ipv6, "IPv6", &say);
    }
    say_fine(&say, "No hints.");
    say_end(&say, "The records are not known.");
}

/* ---- ECH ---- */

static void judge_ech(const struct audit_view *v, const struct dns_https_result *r, struct say *say)
{
    const struct test_result *t = v->tls ? &v->tls->tests[TEST_ECH] : NULL;
    bool speaks = t && t->ended && t->outcome == OUTCOME_VULNERABLE;
    bool silent = t && t->ended && t->outcome == OUTCOME_SAFE;
    if (t)
        say->evidence = t->evidence;
    if (r->ech_broken)
        say_bad(say, SEVERITY_LOW, "An ECH configuration in the DNS is malformed.");
    if (r->ech_some && silent)
        say_bad(say, SEVERITY_LOW,
                "The DNS gives keys for ECH, but the server does not answer to ECH.");
    if (!r->ech_some && speaks)
        say_bad(say, SEVERITY_INFO, "The server speaks ECH, but the DNS gives no keys for it.");
    if (r->ech_some && !r->ech_all)
        say_bad(say, SEVERITY_LOW, "Only some of the HTTPS records have keys for ECH.");
    if (r->ech_some && !speaks && !silent)
        say_unknown(say,
                    "The DNS gives keys for ECH; whether the server takes them was not tried.");
    else if (r->ech_some)
        say_fine(say, "The DNS gives keys for ECH, and the server speaks it.");
    else if (!r->ech_broken)
        say_bad(say, SEVERITY_INFO, "No Encrypted Client Hello: the name is read along the way.");
}

static void ech(const struct audit_view *v, struct finding *ret)
{
    struct dns_https_result r;
    struct say say;
    if (!asked(v, v->dns ? &v->dns->https.set : NULL, ret))
        return;
    say_init(&say, ret);
    dns_https_judge(v->dns, &r);
    judge_ech(v, &r, &say);
    say_end(&say, "The records are not known.");
}

/* ---- addresses ---- */

static void ipv6(const struct audit_view *v, struct finding *ret)
{
    if (!asked(v, v->dns ? &v->dns->aaaa.set : NULL, ret))
        return;
    if (v->dns->aaaa.n)
        finding_safe(ret, "%zu IPv6 and %zu IPv4 addresses.", v->dns->aaaa.n, v->dns->a.n);
    else
        finding_bad(ret, "No IPv6 address (AAAA).");
}

static const struct check rows[] = {
    {
        .id = "caa",
        .title = "CAA",
        .section = SECTION_DNS,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 8659 3, RFC 8657",
        .how = "CAA records are asked for at the name, and at each one above it.",
        .fix = "Publish a record that names your authority, best with your account there: "
               "example.com. CAA 0 issue \"letsencrypt.org; accounturi=…\".",
        .fn = caa,
    },
    {
        .id = "caa_issuer",
        .title = "Issuer permitted by CAA",
        .section = SECTION_DNS,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 8659 4",
        .how = "The certificate's issuer is held against the records that are in force today.",
        .fix =
            "If you did not order this certificate, ask its authority how it came about; else name the "
            "authority in CAA.",
        .fn = caa_issuer,
    },
    {
        .id = "dane",
        .title = "DANE",
        .section = SECTION_DNS,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 6698, RFC 7671",
        .how = "TLSA records of the port are asked for and compared with the certificates.",
        .fix =
            "Bring records and certificates together, or take the records away; publish the record of a "
            "new key before the key is used.",
        .fn = dane,
    },
    {
        .id = "dnssec",
        .title = "DNSSEC",
        .section = SECTION_DNS,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 4035 3.2.3",
        .how = "Whether the resolver says that it validated the answers (AD).",
        .fix = "Sign the zone and have the parent publish its DS record.",
        .fn = dnssec,
    },
    {
        .id = "https_record",
        .title = "HTTPS record",
        .section = SECTION_DNS,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 9460 9",
        .how =
            "Records of type 65 are asked for, and what they promise is held against the server.",
        .fix =
            "Publish one that tells what the server speaks: example.com. HTTPS 1 . alpn=\"h3,h2\".",
        .fn = https_record,
    },
    {
        .id = "https_hints",
        .title = "Address hints",
        .section = SECTION_DNS,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 9460 7.3",
        .how = "The hints of the first HTTPS record are compared with A and AAAA.",
        .fix = "Bring them in line, or leave them out.",
        .fn = https_hints,
    },
    {
        .id = "ech",
        .title = "Encrypted Client Hello",
        .section = SECTION_DNS,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 9849",
        .how =
            "The configuration list of the HTTPS record is read; the server's answer to a GREASE "
            "extension is looked at.",
        .fix = "Publish the keys that the server has, on all records, or none.",
        .fn = ech,
    },
    {
        .id = "ipv6",
        .title = "Reachable over IPv6",
        .section = SECTION_DNS,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 6540",
        .how = "AAAA is asked for.",
        .fix = "Give the name an IPv6 address.",
        .fn = ipv6,
    },
};

const struct check_table checks_dns = {rows, sizeof rows / sizeof *rows};
