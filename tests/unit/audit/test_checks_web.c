/* The checks of certificates, authorities, HTTP and DNS, each with facts made by hand: one that is bad,
 * one that is safe, one that cannot be tested. A check for which one of the three is missing fails, unless
 * it stands in `one_sided` with the reason. */
#include "audit_pki.h"

#include "audit/checks.h"
#include "audit/dns_https.h"

#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define PIN_A    "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B    "sha256/BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

/* A site as it should be: what a test changes of it is what the test is about. */
struct world {
    struct arena arena; /* of one test */
    struct arena keep;  /* of the certificates */
    struct cert_info leaf_made, ca_made;
    struct audit_view v;
    struct tls_facts *tls;
    struct cert_view certs[3];
    struct kept_chain kept[3];
    struct chain_cert sent[3][3];
    struct str ders[3][3];
    struct http_facts *http;
    struct http_answer page;
    struct http_cookie cookie;
    struct dns_facts *dns;
    struct dnsrr_caa caa;
    struct dnsrr_tlsa tlsa;
    struct dnsrr_svcb svcb;
    struct quic_facts quic;
    struct trust_facts trust;
    const struct check *check;
    bool seen[3];
};

static const struct distrust_row
    removed = {DISTRUST_REMOVED, DISTRUST_SPKI,       STR("00"), DISTRUST_ALWAYS, 0,
               "Old Authority",  "it was broken into"},
    appliance = {DISTRUST_APPLIANCE,      DISTRUST_CN, STR("Box"), DISTRUST_ALWAYS, 0, "Box",
                 "interception appliance"},
    malware = {DISTRUST_MALWARE,           DISTRUST_SPKI, STR("00"), DISTRUST_ALWAYS, 0, "Adware",
               "its private key is public"};

static struct cert_info *leaf(struct world *w)
{
    return &w->sent[0][0].info;
}

static struct cert_info *authority(struct world *w)
{
    return &w->sent[0][1].info;
}

static struct chain_facts *chain(struct world *w)
{
    return &w->certs[0].chain;
}

static struct http_headers *headers(struct world *w)
{
    return &w->http->headers;
}

static void fresh_chain(struct world *w, size_t i)
{
    struct cert_view *c = &w->certs[i];
    struct chain_cert *s = w->sent[i];
    memset(s, 0, sizeof w->sent[i]);
    s[0] = (struct chain_cert){.readable = true, .info = w->leaf_made, .issuer = 1};
    s[1] = (struct chain_cert){.readable = true, .info = w->ca_made, .issuer = -1};
    w->ders[i][0] = w->leaf_made.der;
    w->ders[i][1] = w->ca_made.der;
    w->kept[i] = (struct kept_chain){.der = w->ders[i],
                                     .n = 2,
                                     .sent = 2,
                                     .seen = 5,
                                     .evidence = (uint32_t)i + 7,
                                     .with_sni = true};
    memset(c, 0, sizeof *c);
    c->kept = &w->kept[i];
    c->readable = true;
    struct chain_facts *k = &c->chain;
    k->certs = s;
    k->n = 2;
    k->in_order = true;
    k->host = (struct cert_host_facts){.verdict = CERT_HOST_OK, .match = STR("www.example.com")};
    cert_life(&s[0].info, NOW, &k->life);
    k->first_to_end = k->life;
    k->trust_n = 1;
    k->trust[0] = (struct chain_trust){.store = "Mozilla",
                                       .public_roots = true,
                                       .trusted = true,
                                       .path = {{0, &s[0].info}, {1, &s[1].info}},
                                       .path_n = 2};
    k->trusted = k->public_path = true;
    c->sct = (struct sct_facts){.distinct = 2,
                                .good = 2,
                                .operators = 2,
                                .needed = 2,
                                .tested = true,
                                .compliant = true,
                                .enough_if_good = true};
    c->ocsp.reason = -1;
}

static void fresh_http(struct world *w)
{
    struct http_facts *f = w->http;
    memset(f, 0, sizeof *f);
    csp_init(&f->headers.csp);
    csp_add(&f->headers.csp, STR("default-src 'none'; script-src 'self'; frame-ancestors 'none'"),
            CSP_FIELD);
    w->page = (struct http_answer){
        .status = 200, .end = HTTP_END_LENGTH, .body = STR("<html>"), .body_bytes = 6};
    w->cookie = (struct http_cookie){.name = STR("sid"),
                                     .secure = true,
                                     .http_only = true,
                                     .same_site = SAME_SITE_LAX,
                                     .session_id = true};
    f->https = f->cert_ok = f->html = true;
    f->url = (struct http_url){true, STR("www.example.com"), 443, STR("/"), false};
    f->page = &w->page;
    f->cookies = &w->cookie;
    f->ncookies = 1;
    f->headers.html = true;
    f->headers.hsts = f->hsts.value = (struct hsts_value){.count = 1,
                                                          .valid = true,
                                                          .include_subdomains = true,
                                                          .preload = true,
                                                          .max_age = 2 * HSTS_YEAR};
    f->headers.frame_options = XFO_DENY;
    f->headers.nosniff = NOSNIFF_ON;
    f->headers.referrer = REFERRER_NO_REFERRER;
    f->headers.coop = COOP_SAME_ORIGIN;
    f->headers.permissions = (struct permissions_value){.present = true, .directives = 3};
    f->headers.has_date = true;
    f->redirect = (struct redirect_facts){
        .verdict = REDIRECT_TO_HTTPS, .first_status = 301, .permanent = true, .hops = 2};
    f->hsts.answers = 2;
    f->hsts.stripping = STRIPPING_FIRST_VISIT;
    f->opossum = OPOSSUM_SAFE;
    f->breach = BREACH_NOT_COMPRESSED;
    f->truncation = TRUNCATION_SAFE;
}

static void fresh_dns(struct world *w)
{
    struct dns_facts *d = w->dns;
    static struct addr addrs[1];
    struct dns_set found = {.state = DNS_FOUND, .secure = true, .asked = 1};
    memset(d, 0, sizeof *d);
    assert_int_equal(dnsname_parse(&d->host, STR("www.example.com")), 0);
    found.name = found.owner = d->host;
    d->port = 443;
    d->a = d->aaaa = (struct dns_addresses){found, addrs, 1};
    w->caa = (struct dnsrr_caa){false, STR("issue"), STR("letsencrypt.org")};
    d->caa.set = d->tlsa.set = d->https.set = found;
    d->caa.records = &w->caa;
    d->caa.n = 1;
    w->tlsa = (struct dnsrr_tlsa){3, 0, 0, w->leaf_made.der};
    d->tlsa.records = &w->tlsa;
    d->tlsa.n = 1;
    w->svcb = (struct dnsrr_svcb){.priority = 1, .target = {1, {0}}, .alpn = STR("\x02h2")};
    d->https.records = &w->svcb;
    d->https.n = 1;
}

static void fresh(struct world *w)
{
    arena_reset(&w->arena);
    memset(w->tls, 0, sizeof *w->tls);
    w->tls->alpn = STR("h2");
    w->tls->staple = KNOWN_NO;
    for (size_t i = 0; i < 3; i++)
        fresh_chain(w, i);
    fresh_http(w);
    fresh_dns(w);
    w->quic = (struct quic_facts){.answers = KNOWN_NO, .h3 = KNOWN_NO};
    memset(&w->trust, 0, sizeof w->trust);
    w->v = (struct audit_view){.host = STR("www.example.com"),
                               .port = 443,
                               .plain_port = 80,
                               .now = NOW,
                               .tls = w->tls,
                               .certs = w->certs,
                               .ncerts = 1,
                               .http = w->http,
                               .dns = w->dns,
                               .quic = &w->quic,
                               .trust = &w->trust,
                               .https_evidence = 3};
}

static struct finding run(struct world *w)
{
    struct finding f = {.check = w->check,
                        .verdict = VERDICT_SAFE,
                        .severity = w->check->severity,
                        .arena = &w->arena};
    w->check->fn(&w->v, &f);
    return f;
}

static void expect(struct world *w, enum verdict verdict, int severity, const char *text)
{
    struct finding f = run(w);
    bool holds = f.detail.p && memmem(f.detail.p, f.detail.n, text, strlen(text));
    if (f.verdict != verdict || !holds || (severity >= 0 && f.severity != (enum severity)severity))
        print_error("%s: %s, %s: %.*s\n", w->check->id, verdict_name(f.verdict),
                    severity_name(f.severity), STR_ARG(f.detail));
    assert_int_equal(f.verdict, verdict);
    assert_true(holds);
    assert_true(severity < 0 || f.severity == (enum severity)severity);
    assert_true(f.detail.n > 3 && f.detail.p[f.detail.n - 1] == '.');
    w->seen[verdict] = true;
    fresh(w);
}

#define bad(w, severity, text) expect(w, VERDICT_VULNERABLE, SEVERITY_##severity, text)
#define safe(w, text)          expect(w, VERDICT_SAFE, -1, text)
#define unknown(w, text)       expect(w, VERDICT_UNTESTABLE, -1, text)

static void no_certificate(struct world *w)
{
    w->v.ncerts = 0;
    w->tls->failure = "connection refused";
    unknown(w, "connection refused");
}

static void unreadable(struct world *w)
{
    w->certs[0].readable = false;
}

/* ---- certificate ---- */

static void distrust_by_store(struct world *w, unsigned faults)
{
    struct chain_trust *t = &chain(w)->trust[0];
    t->trusted = chain(w)->trusted = chain(w)->public_path = false;
    t->faults = faults;
}

static void cert_trust(struct world *w)
{
    safe(w, "Trusted by Mozilla.");
    distrust_by_store(w, CHAIN_SELF_SIGNED);
    bad(w, HIGH, "it is self-signed");
    distrust_by_store(w, CHAIN_SELF_SIGNED);
    w->v.internal = true;
    bad(w, MEDIUM, "install its root");
    distrust_by_store(w, CHAIN_EXPIRED);
    safe(w, "only the dates");
    distrust_by_store(w, 0);
    chain(w)->trust[0].completed = true;
    safe(w, "not sent");
    distrust_by_store(w, CHAIN_UNKNOWN_CA);
    chain(w)->trust[1] = (struct chain_trust){.store = "--ca my.pem", .trusted = true};
    chain(w)->trust_n = 2;
    safe(w, "--ca my.pem");
    chain(w)->trust_n = 0;
    unknown(w, "No trust store");
    unreadable(w);
    bad(w, HIGH, "cannot be read");
    no_certificate(w);
}

static void cert_stores(struct world *w)
{
    unknown(w, "Mozilla: trusted. The stores of Apple");
}

static void cert_name(struct world *w)
{
    safe(w, "Is for www.example.com");
    chain(w)->host.verdict = CERT_HOST_MISMATCH;
    bad(w, HIGH, "Is not for www.example.com, but for: www.example.com, example.com.");
    chain(w)->host.verdict = CERT_HOST_ONLY_CN;
    bad(w, HIGH, "common name");
    chain(w)->host = (struct cert_host_facts){CERT_HOST_WIDE, true, STR("*.com")};
    bad(w, HIGH, "*.com");
    chain(w)->host.verdict = CERT_HOST_NOT_ASKED;
    unknown(w, "No name");
    no_certificate(w);
}

static void cert_expiry(struct world *w)
{
    safe(w, "Valid until 2026-12");
    w->v.now = NOW + 100 * DAYS;
    cert_life(leaf(w), w->v.now, &chain(w)->life);
    bad(w, HIGH, "Expired on 2026-12-20, 10 days ago.");
    chain(w)->first_to_end.expired = true;
    chain(w)->first_to_end.left = -DAYS;
    bad(w, HIGH, "authority's certificate in the path expired");
    chain(w)->life.readable = false;
    unknown(w, "dates cannot be read");
}

static void cert_not_yet(struct world *w)
{
    safe(w, "Valid since 2026-09-20");
    chain(w)->life.not_yet = true;
    bad(w, HIGH, "only from 2026-09-20");
    chain(w)->life.readable = false;
    unknown(w, "dates");
}

static void cert_chain(struct world *w)
{
    safe(w, "2 sent, complete");
    chain(w)->whole = CHAIN_INCOMPLETE;
    chain(w)->missing = STR("CN=R3");
    bad(w, MEDIUM, "CN=R3 is not sent");
    chain(w)->in_order = false;
    bad(w, LOW, "order");
    chain(w)->extra = 1;
    bad(w, LOW, "lead nowhere");
    chain(w)->duplicates = 1;
    bad(w, LOW, "duplicates");
    chain(w)->root_sent = true;
    bad(w, INFO, "root");
    chain(w)->unreadable = 1;
    bad(w, MEDIUM, "cannot be read");
    chain(w)->whole = CHAIN_UNKNOWN_ISSUER;
    unknown(w, "unknown here");
    chain(w)->whole = CHAIN_UNKNOWN_ISSUER; /* what a device makes for itself is no broken chain */
    chain(w)->n = 1;
    leaf(w)->self_signed = true;
    safe(w, "self-signed");
}

static void cert_key(struct world *w)
{
    static const struct {
        unsigned fault;
        enum severity severity;
        const char *text;
    } faults[] = {
        {WEAK_KEY_DSA, SEVERITY_HIGH, "DSA"},
        {WEAK_KEY_EXPONENT, SEVERITY_CRITICAL, "exponent"},
        {WEAK_KEY_SMALL_E, SEVERITY_LOW, "65537"},
        {WEAK_KEY_ROCA, SEVERITY_CRITICAL, "ROCA"},
        {WEAK_KEY_CURVE, SEVERITY_MEDIUM, "curve"},
        {WEAK_KEY_FERMAT, SEVERITY_CRITICAL, "primes are close"},
        {WEAK_KEY_SMALL_FACTOR, SEVERITY_CRITICAL, "divisible"},
        {WEAK_KEY_SHORT, SEVERITY_HIGH, "too few"},
    };
    safe(w, "ECDSA P-256.");
    for (size_t i = 0; i < COUNT(faults); i++) {
        w->certs[0].key.faults = faults[i].fault;
        expect(w, VERDICT_VULNERABLE, (int)faults[i].severity, faults[i].text);
    }
    w->certs[0].key.faults = WEAK_KEY_SHORT;
    leaf(w)->key = CERT_KEY_RSA;
    leaf(w)->key_name = STR("RSA");
    leaf(w)->curve = STR_NONE;
    leaf(w)->key_bits = 512;
    bad(w, CRITICAL, "RSA 512: 512 bits");
    authority(w)->key = CERT_KEY_RSA;
    authority(w)->key_bits = 1024;
    bad(w, HIGH, "an RSA key of 1024 bits");
    w->certs[0].key.tests_skipped = true;
    unknown(w, "too large");
    leaf(w)->key = CERT_KEY_OTHER;
    unknown(w, "not known here");
}

static void two_kinds(struct world *w)
{
    w->v.ncerts = 2;
    w->sent[1][0].info.key = CERT_KEY_RSA;
    w->sent[1][0].info.key_name = STR("RSA");
    w->sent[1][0].info.curve = STR_NONE;
    w->sent[1][0].info.key_bits = 2048;
    w->ders[1][0] = STR("another");
}

/* Each chain is judged, and named. */
static void cert_key_of_two(struct world *w)
{
    two_kinds(w);
    safe(w, "ECDSA P-256: ECDSA P-256. RSA 2048: RSA 2048.");
    two_kinds(w);
    w->certs[1].key.faults = WEAK_KEY_ROCA;
    struct finding f = run(w);
    assert_int_equal(f.evidence, 8);
    bad(w, CRITICAL, "RSA 2048: RSA 2048: it has the fingerprint");
    two_kinds(w); /* what others get is not judged */
    w->certs[1].key.faults = WEAK_KEY_ROCA;
    w->kept[1].with_sni = false;
    w->kept[1].without_sni = true;
    safe(w, "ECDSA P-256.");
}

static void cert_debian_key(struct world *w)
{
    unknown(w, "this is none");
    leaf(w)->key = CERT_KEY_RSA;
    unknown(w, "was not given");
    leaf(w)->key = CERT_KEY_RSA;
    w->certs[0].key.debian_tested = true;
    safe(w, "Not on the list");
    leaf(w)->key = CERT_KEY_ED25519;
    safe(w, "did not know");
    w->certs[0].key.faults = WEAK_KEY_DEBIAN;
    bad(w, CRITICAL, "on the list");
}

static void cert_shared_prime(struct world *w)
{
    unknown(w, "two RSA keys");
    leaf(w)->rsa_n = STR("\x0f"); /* 3 · 5 */
    authority(w)->rsa_n = STR("\x15");
    bad(w, CRITICAL, "shares a prime");
    leaf(w)->rsa_n = STR("\x0f");
    authority(w)->rsa_n = STR("\x4d"); /* 7 · 11 */
    unknown(w, "The 2 RSA keys seen here share no prime");
}

static void cert_shared_key(struct world *w)
{
    unknown(w, "not known here");
    w->v.ncerts = 2;
    w->ders[1][0] = STR("another");
    bad(w, INFO, "another certificate");
    w->trust.remembered.answer = TRUST_DIFFERENT;
    safe(w, "new key");
}

static void cert_signature(struct world *w)
{
    safe(w, "Signed with ecdsa-with-SHA256");
    leaf(w)->sig_hash = CERT_HASH_SHA1;
    bad(w, HIGH, "browsers refuse");
    leaf(w)->sig_hash = CERT_HASH_MD5;
    bad(w, CRITICAL, "forged");
    authority(w)->sig_hash = CERT_HASH_SHA1; /* the root's own */
    safe(w, "Signed with");
    authority(w)->sig_hash = CERT_HASH_SHA1;
    authority(w)->self_signed = false;
    bad(w, HIGH, "CA is signed");
    leaf(w)->sig_mismatch = true;
    bad(w, HIGH, "inside and another outside");
    leaf(w)->sig_hash = CERT_HASH_OTHER;
    unknown(w, "not known here");
    leaf(w)->self_signed = true;
    chain(w)->trust[0].path_n = 1;
    safe(w, "nobody relies");
}

static void cert_lifetime(struct world *w)
{
    safe(w, "91 days in all");
    chain(w)->life.over_limit = true;
    bad(w, HIGH, "browsers refuse more");
    chain(w)->life.over_limit = true; /* a private authority, and an internal name */
    chain(w)->public_path = false;
    bad(w, INFO, "binds only public");
    chain(w)->life.over_limit = true;
    w->v.internal = true;
    bad(w, INFO, "binds only public");
    chain(w)->life.readable = false;
    unknown(w, "dates");
}

static void cert_renewal(struct world *w)
{
    safe(w, "90 days are left of 91");
    cert_life(leaf(w), NOW + 65 * DAYS, &chain(w)->life);
    bad(w, LOW, "25 days are left of 91");
    cert_life(leaf(w), NOW + 85 * DAYS, &chain(w)->life);
    bad(w, MEDIUM, "5 days are left");
    chain(w)->first_to_end.left = DAYS;
    bad(w, LOW, "ends before the server's");
    chain(w)->life.expired = true;
    unknown(w, "has expired");
}

static void cert_usage(struct world *w)
{
    safe(w, "For TLS servers");
    leaf(w)->eku_server = false;
    bad(w, MEDIUM, "extended key usage does not include");
    leaf(w)->has_eku = false;
    bad(w, LOW, "no extended key usage");
    leaf(w)->eku_client = true;
    bad(w, INFO, "clientAuth");
    leaf(w)->usage = CERT_USAGE_KEY_ENCIPHERMENT;
    bad(w, MEDIUM, "does not include signatures");
    leaf(w)->has_basic = leaf(w)->ca = true;
    bad(w, MEDIUM, "CA:TRUE");
    leaf(w)->serial_bits = 8;
    bad(w, LOW, "8 bits");
    leaf(w)->serial_bits = 8;
    chain(w)->public_path = false;
    bad(w, INFO, "8 bits");
    leaf(w)->serial_negative = true;
    bad(w, LOW, "negative");
    leaf(w)->precert_poison = true;
    bad(w, HIGH, "precertificate");
    leaf(w)->version = 1;
    bad(w, LOW, "version 1");
    authority(w)->ca = false;
    bad(w, MEDIUM, "used as an authority");
    authority(w)->usage = CERT_USAGE_CRL_SIGN;
    authority(w)->has_usage = true;
    bad(w, MEDIUM, "may not sign");
    chain(w)->trust[0].faults = CHAIN_NAME_CONSTRAINTS;
    bad(w, HIGH, "name constraints");
    no_certificate(w);
}

static void cert_revocation(struct world *w)
{
    static struct str uri[] = {STR("http://c.example/1.crl")};
    leaf(w)->crl = (struct cert_list){uri, 1, 0}; /* no OCSP address is normal */
    safe(w, "http://c.example/1.crl");
    leaf(w)->ocsp = (struct cert_list){uri, 1, 0};
    safe(w, "By OCSP");
    chain(w)->life.short_lived = true;
    safe(w, "short-lived");
    bad(w, MEDIUM, "neither");
    chain(w)->public_path = false;
    bad(w, INFO, "Only public authorities must");
    no_certificate(w);
}

static void staple(struct world *w, enum ocsp_answer answer)
{
    w->certs[0].ocsp = (struct ocsp_facts){.answer = answer,
                                           .signature_good = true,
                                           .reason = 1,
                                           .this_update = NOW - DAYS,
                                           .next_update = NOW + DAYS,
                                           .revoked_at = NOW - DAYS};
}

static void ocsp_staple(struct world *w)
{
    static struct str uri[] = {STR("http://o.example/")};
    safe(w, "nothing to staple");
    leaf(w)->ocsp = (struct cert_list){uri, 1, 0};
    bad(w, LOW, "nothing is stapled");
    leaf(w)->ocsp = (struct cert_list){uri, 1, 0};
    w->tls->staple = KNOWN_NOT;
    unknown(w, "No handshake asked");
    staple(w, OCSP_GOOD);
    safe(w, "Stapled, valid until");
    staple(w, OCSP_GOOD);
    w->certs[0].ocsp.stale = true;
    bad(w, MEDIUM, "was valid until");
    staple(w, OCSP_OTHER);
    bad(w, MEDIUM, "another certificate");
    staple(w, OCSP_MALFORMED);
    bad(w, MEDIUM, "cannot be read");
    staple(w, OCSP_GOOD);
    w->certs[0].ocsp.signature_good = false;
    bad(w, MEDIUM, "not signed by one who may");
    staple(w, OCSP_GOOD);
    w->certs[0].ocsp.signature_good = false;
    w->certs[0].ocsp.issuer_unknown = true;
    unknown(w, "cannot be verified");
}

static void must_staple(struct world *w)
{
    safe(w, "does not demand");
    leaf(w)->must_staple = true;
    bad(w, HIGH, "Firefox refuses");
    leaf(w)->must_staple = true;
    staple(w, OCSP_GOOD);
    safe(w, "gets one");
    leaf(w)->must_staple = true;
    w->tls->staple = KNOWN_NOT;
    unknown(w, "no handshake asked");
}

static void cert_revoked(struct world *w)
{
    unknown(w, "third parties");
    staple(w, OCSP_GOOD);
    safe(w, "good, as of 2026-09-20");
    staple(w, OCSP_REVOKED);
    bad(w, CRITICAL, "Revoked on 2026-09-20; reason: key compromised.");
    staple(w, OCSP_REVOKED); /* anybody could say so */
    w->certs[0].ocsp.signature_good = false;
    unknown(w, "could not be verified");
}

static void cert_ct(struct world *w)
{
    struct sct_facts *s = &w->certs[0].sct;
    safe(w, "2 good timestamps of 2 operators");
    s->compliant = false;
    s->operators = 1;
    bad(w, HIGH, "of 1 operators");
    s->compliant = false;
    s->bad = 1;
    bad(w, HIGH, "wrong signatures");
    s->tested = s->compliant = false;
    unknown(w, "without a list of logs");
    s->tested = s->compliant = s->enough_if_good = false;
    s->distinct = 1;
    bad(w, HIGH, "1 timestamps");
    s->tested = s->compliant = s->enough_if_good = false;
    chain(w)->public_path = false;
    safe(w, "Not needed");
}

static void cert_no_sni(struct world *w)
{
    unknown(w, "was not tried");
    w->tls->no_sni = KNOWN_NO;
    safe(w, "is refused");
    w->kept[0].without_sni = true;
    safe(w, "the same certificate");
    w->v.ncerts = 2;
    w->kept[1].with_sni = false;
    w->kept[1].without_sni = true;
    w->ders[1][0] = STR("another");
    bad(w, INFO, "www.example.com, example.com.");
    w->v.host = STR("192.0.2.1");
    unknown(w, "is an address");
}

static void cert_wildcard(struct world *w)
{
    static struct str names[] = {STR("*.example.com")}, odd[] = {STR("a b")};
    safe(w, "2 names");
    leaf(w)->dns = (struct cert_list){names, 1, 0};
    bad(w, INFO, "*.example.com");
    leaf(w)->dns = (struct cert_list){odd, 1, 0};
    bad(w, INFO, "can match no host");
    no_certificate(w);
}

static void cert_validation(struct world *w)
{
    unknown(w, "policies");
    leaf(w)->validation = CERT_VALIDATION_EXTENDED;
    leaf(w)->subject_o = STR("Example Ltd");
    safe(w, "(EV): Example Ltd.");
}

static void cert_consistency(struct world *w)
{
    safe(w, "all 5 connections");
    two_kinds(w);
    safe(w, "all 10 connections");
    w->v.ncerts = 2;
    w->ders[1][0] = STR("another");
    bad(w, LOW, "not in step");
    w->v.ncerts = 2;
    bad(w, LOW, "different chains");
    w->kept[0].seen = 1;
    unknown(w, "Fewer than two");
}

/* ---- trust ---- */

static void hit(struct world *w, const struct distrust_row *row)
{
    w->certs[0].distrust[0] =
        (struct distrust_hit){.row = row, .at = 1, .applies = true, .certain = true};
    w->certs[0].ndistrust = 1;
}

static void distrusted_ca(struct world *w)
{
    safe(w, "No authority");
    hit(w, &removed);
    bad(w, HIGH, "Old Authority: it was broken into");
    hit(w, &removed);
    w->certs[0].distrust[0].certain = false;
    bad(w, MEDIUM, "by its name");
    hit(w, &removed);
    w->certs[0].distrust[0].applies = false;
    safe(w, "later certificates only");
    hit(w, &malware); /* see interception_root */
    safe(w, "No authority");
    no_certificate(w);
}

static void interception_root(struct world *w)
{
    safe(w, "No authority");
    hit(w, &malware);
    bad(w, CRITICAL, "Adware");
    hit(w, &appliance);
    bad(w, HIGH, "reads along");
    hit(w, &appliance);
    w->v.internal = true;
    bad(w, LOW, "page of that very device");
    no_certificate(w);
}

static void ct_new_issuer(struct world *w)
{
    unknown(w, "third parties");
}

static void comparison(struct world *w, struct trust_comparison *c, enum severity severity)
{
    *c = (struct trust_comparison){.answer = TRUST_SAME, .with = STR("there")};
    safe(w, "the same");
    *c = (struct trust_comparison){TRUST_DIFFERENT, STR("there"), STR(PIN_A), STR(PIN_B), STR_NONE};
    expect(w, VERDICT_VULNERABLE, (int)severity, "seen " PIN_A ", expected " PIN_B);
    *c = (struct trust_comparison){.answer = TRUST_NEW, .with = STR("there")};
    unknown(w, "first time");
    *c = (struct trust_comparison){
        .answer = TRUST_FAILED, .with = STR("there"), .why = STR("timeout")};
    unknown(w, "timeout");
}

static void pin(struct world *w)
{
    unknown(w, "--pin");
    comparison(w, &w->trust.pin, SEVERITY_CRITICAL);
}

static void issuer_expected(struct world *w)
{
    unknown(w, "--expect-issuer");
    comparison(w, &w->trust.issuer, SEVERITY_HIGH);
}

static void remembered_key(struct world *w)
{
    unknown(w, "--remember");
    comparison(w, &w->trust.remembered, SEVERITY_MEDIUM);
}

static void many(struct world *w, struct trust_comparison *c, size_t *n, enum severity severity)
{
    static const enum trust_answer answers[] = {TRUST_SAME, TRUST_DIFFERENT, TRUST_FAILED};
    for (size_t i = 0; i < 3; i++) {
        c[0].answer = answers[i];
        *n = 1;
        expect(w, (enum verdict)i, i == 1 ? (int)severity : -1, i == 0 ? "the same" : "");
    }
    unknown(w, "was");
}

static void keys_across_addresses(struct world *w)
{
    many(w, w->trust.addresses, &w->trust.naddresses, SEVERITY_LOW);
}

static void keys_across_resolvers(struct world *w)
{
    many(w, w->trust.resolvers, &w->trust.nresolvers, SEVERITY_MEDIUM);
}

static void keys_via_proxy(struct world *w)
{
    many(w, w->trust.proxies, &w->trust.nproxies, SEVERITY_HIGH);
}

static void mitm(struct world *w)
{
    unknown(w, "nothing to compare with");
    w->trust.pin.answer = TRUST_SAME;
    safe(w, "1 comparisons");
    w->trust.pin.answer = TRUST_DIFFERENT;
    bad(w, CRITICAL, "none of those pinned");
    w->trust.issuer.answer = TRUST_DIFFERENT;
    bad(w, HIGH, "issuer is not the one");
    w->trust.remembered.answer = TRUST_DIFFERENT;
    bad(w, MEDIUM, "may be a renewal");
    w->trust.proxies[0].answer = TRUST_DIFFERENT;
    w->trust.nproxies = 2;
    bad(w, CRITICAL, "1 of 2 other ways");
    w->trust.resolvers[0].answer = TRUST_DIFFERENT;
    w->trust.nresolvers = 1;
    bad(w, MEDIUM, "Other resolvers");
    hit(w, &appliance);
    bad(w, CRITICAL, "comes from Box");
    leaf(w)->issuer_o = STR("DigiCert Inc");
    bad(w, MEDIUM, "CAA");
    w->v.ncerts = 0;
    unknown(w, "No certificate");
}

/* ---- http ---- */

static void no_page(struct world *w)
{
    w->v.http = NULL;
    unknown(w, "");
    w->http->https = false;
    w->http->ncookies = 0;
    w->http->page = NULL;
    w->http->redirect.verdict = REDIRECT_UNTESTED;
    w->http->hsts.stripping = STRIPPING_UNTESTED;
    w->http->breach = BREACH_UNTESTED;
    w->http->opossum = OPOSSUM_UNTESTED;
    unknown(w, "");
}

static void redirect(struct world *w)
{
    static const struct {
        enum http_redirect verdict;
        enum severity severity;
    } all[] = {{REDIRECT_OFF_HOST, SEVERITY_LOW},
               {REDIRECT_LATE, SEVERITY_MEDIUM},
               {REDIRECT_BAD_CERT, SEVERITY_MEDIUM},
               {REDIRECT_NOT_HTTPS, SEVERITY_HIGH},
               {REDIRECT_MISSING, SEVERITY_HIGH}};
    safe(w, "at once");
    for (size_t i = 0; i < COUNT(all); i++) {
        w->http->redirect.verdict = all[i].verdict;
        expect(w, VERDICT_VULNERABLE, (int)all[i].severity, "");
    }
    w->http->redirect.verdict = REDIRECT_NO_HTTP;
    safe(w, "Nothing answers http");
    w->http->redirect.cookies = true;
    bad(w, MEDIUM, "Cookies");
    w->http->redirect.back_to_http = true;
    bad(w, HIGH, "back to http");
    no_page(w);
}

static void hsts(struct world *w)
{
    struct hsts_facts *h = &w->http->hsts;
    safe(w, "730 days, with subdomains, preload.");
    h->value = (struct hsts_value){.count = 0};
    h->missing = 2;
    bad(w, MEDIUM, "No Strict-Transport-Security");
    h->value = (struct hsts_value){.count = 1, .faults = HSTS_FAULT_DUPLICATE};
    bad(w, MEDIUM, "stands twice");
    h->value.max_age = 0;
    bad(w, MEDIUM, "forget");
    h->value.max_age = 300;
    bad(w, LOW, "300 seconds");
    h->value.max_age = HSTS_YEAR - 1;
    bad(w, INFO, "a year is advised");
    h->missing = 1;
    bad(w, LOW, "1 of 2 answers");
    w->v.host = STR("192.0.2.1");
    unknown(w, "address");
    no_page(w);
}

static void hsts_preload(struct world *w)
{
    unknown(w, "Ready for the preload list");
    w->http->hsts.preload = PRELOAD_TLD;
    safe(w, "top-level");
    w->http->hsts.preload_missing = PRELOAD_MAX_AGE | PRELOAD_DIRECTIVE;
    bad(w, INFO, "missing: max-age of a year, preload.");
    w->http->hsts.preload_missing = PRELOAD_NOT_BASE | PRELOAD_DIRECTIVE;
    unknown(w, "name above");
    w->v.internal = true;
    unknown(w, "Internal");
    no_page(w);
}

static void stripping(struct world *w)
{
    struct hsts_facts *h = &w->http->hsts;
    bad(w, INFO, "Only the first visit");
    h->stripping = STRIPPING_NONE;
    safe(w, "Preloaded");
    h->stripping = STRIPPING_OFTEN;
    h->missing = 1;
    bad(w, LOW, "missing in 1 of 2 answers");
    h->stripping = STRIPPING_ALWAYS;
    bad(w, MEDIUM, "there is no HSTS");
    h->stripping = STRIPPING_ALWAYS;
    w->http->redirect.verdict = REDIRECT_MISSING;
    bad(w, HIGH, "not redirected");
    h->stripping = STRIPPING_ALWAYS;
    w->v.internal = true;
    bad(w, LOW, "no HSTS");
    h->value.include_subdomains = false;
    bad(w, INFO, "includeSubDomains");
    w->v.host = STR("[2001:db8::1]");
    unknown(w, "address");
    no_page(w);
}

static void cookies(struct world *w)
{
    struct http_cookie *c = &w->cookie;
    safe(w, "1 cookies");
    w->http->ncookies = 0;
    safe(w, "No cookies");
    c->secure = false;
    bad(w, MEDIUM, "sid has no Secure");
    c->secure = false;
    w->http->hsts.value.valid = false;
    bad(w, HIGH, "sid has no Secure");
    c->secure = c->session_id = false;
    bad(w, LOW, "no Secure");
    c->http_only = false;
    bad(w, MEDIUM, "HttpOnly");
    c->same_site = SAME_SITE_ABSENT;
    bad(w, LOW, "no SameSite");
    c->same_site = SAME_SITE_ABSENT;
    c->session_id = false;
    bad(w, INFO, "no SameSite");
    c->same_site = SAME_SITE_INVALID;
    bad(w, LOW, "do not know");
    c->faults = COOKIE_FAULT_HOST_PREFIX;
    bad(w, LOW, "Browsers refuse sid: __Host-");
    no_page(w);
}

static void policy(struct world *w, const char *text)
{
    csp_init(&headers(w)->csp);
    if (text)
        csp_add(&headers(w)->csp, str_c(text), CSP_FIELD);
}

static void csp(struct world *w)
{
    safe(w, "neither inline scripts nor eval");
    policy(w, NULL);
    bad(w, LOW, "No Content-Security-Policy");
    policy(w, NULL);
    headers(w)->html = false;
    safe(w, "not HTML");
    policy(w, "default-src 'self' 'unsafe-inline'");
    bad(w, LOW, "inline scripts");
    policy(w, "default-src 'self'; style-src 'unsafe-inline'");
    bad(w, INFO, "inline styles");
    policy(w, NULL);
    csp_add(&headers(w)->csp, STR("default-src 'self'"), CSP_REPORT_ONLY);
    bad(w, LOW, "only reports");
    policy(w, "default-src 'none'; default-src 'self'");
    bad(w, LOW, "stands twice");
    policy(w, "default-src 'none'; no-such-thing 'self'");
    bad(w, INFO, "nobody knows");
    no_page(w);
}

static void frame_options(struct world *w)
{
    safe(w, "frame-ancestors");
    policy(w, NULL);
    safe(w, "DENY");
    policy(w, NULL);
    headers(w)->frame_options = XFO_ABSENT;
    bad(w, LOW, "clickjacking");
    policy(w, "frame-ancestors *");
    headers(w)->frame_options = XFO_ABSENT;
    bad(w, LOW, "clickjacking");
    policy(w, NULL);
    headers(w)->frame_options = XFO_ALLOW_FROM;
    bad(w, LOW, "ALLOW-FROM");
    no_page(w);
}

static void content_type_options(struct world *w)
{
    safe(w, "nosniff");
    headers(w)->nosniff = NOSNIFF_ABSENT;
    bad(w, LOW, "No X-Content-Type-Options");
    headers(w)->nosniff = NOSNIFF_INVALID;
    bad(w, LOW, "is not");
    no_page(w);
}

static void referrer_policy(struct world *w)
{
    safe(w, "no-referrer");
    headers(w)->referrer = REFERRER_ABSENT;
    bad(w, INFO, "None");
    headers(w)->referrer = REFERRER_UNSAFE_URL;
    bad(w, LOW, "unsafe-url");
    headers(w)->referrer = REFERRER_INVALID;
    bad(w, LOW, "No value");
    no_page(w);
}

static void permissions_policy(struct world *w)
{
    safe(w, "3 features");
    headers(w)->permissions.present = false;
    bad(w, INFO, "No Permissions-Policy");
    headers(w)->permissions.invalid = true;
    bad(w, LOW, "cannot be read");
    headers(w)->permissions.everyone = PERMISSION_CAMERA;
    bad(w, LOW, "every frame");
    no_page(w);
}

static void cross_origin(struct world *w)
{
    safe(w, "Opener policy set");
    headers(w)->coop = COOP_ABSENT;
    bad(w, INFO, "No Cross-Origin-Opener-Policy");
    headers(w)->coep = COEP_INVALID;
    bad(w, LOW, "Embedder");
    headers(w)->corp = CORP_INVALID;
    bad(w, LOW, "Resource");
    no_page(w);
}

static void cors(struct world *w)
{
    struct cors_value *c = &w->http->cors;
    safe(w, "may not read");
    c->present = c->star = true;
    safe(w, "Public");
    c->present = c->reflected = c->credentials = true;
    bad(w, HIGH, "the origin that asks");
    c->present = c->null_origin = c->credentials = true;
    bad(w, HIGH, "null");
    c->present = c->reflected = true;
    bad(w, LOW, "whatever it is");
    no_page(w);
}

static void example(struct world *w, enum html_problem problem, const char *url)
{
    w->http->scan.refs[0] = (struct html_ref){.problem = problem, .url = str_c(url)};
    w->http->scan.nrefs = 1;
}

static void not_html(struct world *w)
{
    w->http->html = false;
    safe(w, "no HTML");
    w->page.truncated = true;
    unknown(w, "was cut");
    no_page(w);
}

static void sri(struct world *w)
{
    safe(w, "No scripts of other sites");
    w->http->scan.foreign_secure_bare = 2;
    example(w, HTML_FOREIGN_SCRIPT, "https://cdn.example/x.js");
    bad(w, LOW, "2 scripts of other sites without integrity: https://cdn.example/x.js");
    w->http->scan.styles_foreign = 1;
    bad(w, INFO, "style sheets");
    w->http->scan.integrity_bad = 1;
    bad(w, LOW, "integrity values");
    not_html(w);
}

static void mixed_content(struct world *w)
{
    safe(w, "Nothing is loaded");
    w->http->scan.mixed_active = 1;
    example(w, HTML_MIXED_ACTIVE, "http://a.example/");
    bad(w, MEDIUM, "http://a.example/");
    w->http->scan.mixed_active = 1;
    policy(w, "upgrade-insecure-requests");
    bad(w, INFO, "upgraded");
    w->http->scan.mixed_passive = 1;
    bad(w, LOW, "images");
    w->http->scan.base_http = true;
    bad(w, MEDIUM, "<base>");
    not_html(w);
}

static void http_forms(struct world *w)
{
    safe(w, "No form");
    w->http->scan.mixed_forms = 1;
    example(w, HTML_MIXED_FORM, "http://a.example/login");
    bad(w, MEDIUM, "http://a.example/login");
    w->http->scan.passwords_exposed = 1;
    bad(w, HIGH, "password");
    not_html(w);
}

static void banners(struct world *w)
{
    safe(w, "No field tells");
    headers(w)->banners[0] = (struct banner){STR("Server"), STR("nginx/1.2.3"), true};
    headers(w)->nbanners = 1;
    bad(w, LOW, "nginx/1.2.3");
    headers(w)->banners[0] = (struct banner){STR("Server"), STR("nginx"), false};
    headers(w)->nbanners = 1;
    safe(w, "without a version");
    no_page(w);
}

static void clock_skew(struct world *w)
{
    safe(w, "within 0 seconds");
    headers(w)->skew = -3600;
    bad(w, LOW, "3600 seconds behind");
    headers(w)->skew = INT64_MIN;
    bad(w, MEDIUM, "9223372036854775808 seconds behind");
    headers(w)->skew = 61;
    bad(w, INFO, "ahead");
    headers(w)->date_invalid = true;
    bad(w, LOW, "cannot be read");
    headers(w)->has_date = false;
    unknown(w, "no Date");
    no_page(w);
}

static void hpkp(struct world *w)
{
    safe(w, "Not sent");
    headers(w)->hpkp = (struct hpkp_value){.present = true, .pins = 2, .max_age = 9};
    bad(w, LOW, "2 pins");
    no_page(w);
}

static void expect_ct(struct world *w)
{
    safe(w, "Not sent");
    headers(w)->expect_ct.present = true;
    bad(w, INFO, "Expect-CT");
    no_page(w);
}

static void breach(struct world *w)
{
    safe(w, "not compressed");
    w->http->breach = BREACH_STATIC;
    safe(w, "neither sets cookies");
    w->http->breach = BREACH_COOKIES;
    bad(w, LOW, "sets cookies");
    w->http->breach = BREACH_REFLECTS;
    bad(w, MEDIUM, "gives back");
    no_page(w);
}

static void truncation(struct world *w)
{
    safe(w, "tells its length");
    w->http->truncation = TRUNCATION_CLOSE_NOTIFY;
    safe(w, "close_notify");
    w->http->truncation = TRUNCATION_POSSIBLE;
    bad(w, LOW, "cut it unnoticed");
    w->http->truncation = TRUNCATION_UNTESTED;
    unknown(w, "cut or not readable");
    no_page(w);
}

static void opossum(struct world *w)
{
    safe(w, "does not upgrade");
    w->http->opossum = OPOSSUM_VULNERABLE;
    bad(w, MEDIUM, "Port 80 upgrades");
    no_page(w);
}

static void http_lenient(struct world *w)
{
    safe(w, "strict HTTP");
    w->page.sloppy = HTTP_SLOPPY_FOLD | HTTP_SLOPPY_COLON;
    bad(w, LOW, "folded lines, space before a colon.");
    w->page.sloppy = HTTP_SLOPPY_LENGTH;
    bad(w, MEDIUM, "contradict");
    w->page.end = HTTP_END_CUT;
    unknown(w, "was cut");
    no_page(w);
}

static void alt_svc(struct world *w)
{
    struct alt_svc_value h3 = {.present = true, .h3 = true, .h3_port = 443};
    safe(w, "Not sent");
    headers(w)->alt_svc = h3;
    bad(w, LOW, "does not answer");
    headers(w)->alt_svc = h3;
    w->quic.h3 = KNOWN_YES;
    safe(w, "and answers");
    headers(w)->alt_svc = h3;
    w->v.quic = NULL;
    unknown(w, "was not asked");
    headers(w)->alt_svc.present = headers(w)->alt_svc.invalid = true;
    bad(w, LOW, "cannot be read");
    no_page(w);
}

static void security_headers(struct world *w)
{
    safe(w, "None of the usual");
    headers(w)->nosniff = NOSNIFF_ABSENT;
    headers(w)->referrer = REFERRER_ABSENT;
    bad(w, LOW, "Missing: X-Content-Type-Options, Referrer-Policy.");
    headers(w)->xss = XSS_FILTER;
    bad(w, LOW, "X-XSS-Protection");
    no_page(w);
}

/* ---- dns ---- */

static void no_dns(struct world *w, struct dns_set *set)
{
    w->v.dns = NULL;
    unknown(w, "not asked");
    set->state = DNS_TIMEOUT;
    unknown(w, "no answer in time");
    set->state = DNS_SERVFAIL;
    unknown(w, "DNSSEC");
}

static void caa(struct world *w)
{
    safe(w, "At www.example.com: issue \"letsencrypt.org\".");
    w->dns->caa.n = 0;
    bad(w, LOW, "No CAA record:");
    w->dns->caa.n = 0;
    w->v.internal = true;
    bad(w, INFO, "No CAA record:");
    no_dns(w, &w->dns->caa.set);
}

static void caa_issuer(struct world *w)
{
    leaf(w)->issuer_o = STR("Let's Encrypt");
    safe(w, "permitted by \"letsencrypt.org\"");
    leaf(w)->issuer_o = STR("DigiCert Inc");
    bad(w, MEDIUM, "DigiCert Inc issued it");
    leaf(w)->issuer_o = STR("Nobody");
    unknown(w, "Nobody");
    w->dns->caa.set.state = DNS_EMPTY;
    safe(w, "No record restricts");
    no_dns(w, &w->dns->caa.set);
}

static void dane(struct world *w)
{
    safe(w, "The record 3 0 0 fits.");
    w->tlsa.data = STR("x");
    bad(w, HIGH, "None of the 1 records fits");
    w->dns->tlsa.set.secure = false;
    bad(w, INFO, "no DNSSEC");
    w->tlsa.usage = 9;
    bad(w, MEDIUM, "means anything");
    w->tlsa.usage = 1;
    chain(w)->trusted = false;
    bad(w, HIGH, "asks for a trusted chain");
    w->dns->tlsa.n = 0;
    w->dns->tlsa.set.state = DNS_EMPTY;
    bad(w, INFO, "No TLSA record");
    no_dns(w, &w->dns->tlsa.set);
}

static void dnssec(struct world *w)
{
    safe(w, "all 5 answers");
    w->dns->caa.set.secure = false;
    bad(w, LOW, "4 of 5");
    struct dns_set *all[] = {&w->dns->a.set, &w->dns->aaaa.set, &w->dns->https.set,
                             &w->dns->tlsa.set, &w->dns->caa.set};
    for (size_t i = 0; i < COUNT(all); i++)
        all[i]->secure = false;
    bad(w, INFO, "no answer: the zone is not signed, or");
    for (size_t i = 0; i < COUNT(all); i++)
        all[i]->state = DNS_SERVFAIL;
    unknown(w, "DNSSEC that does not validate");
    w->v.dns = NULL;
    unknown(w, "not asked");
}

static void https_record(struct world *w)
{
    safe(w, "with h2");
    w->tls->alpn = STR("http/1.1");
    bad(w, LOW, "promises h2");
    w->svcb.alpn = STR("\x02h3");
    bad(w, LOW, "promises h3");
    w->dns->https.set.state = DNS_EMPTY;
    bad(w, INFO, "No HTTPS record");
    w->dns->https.set.malformed = 1;
    bad(w, MEDIUM, "malformed");
    w->svcb.priority = 0;
    bad(w, LOW, "alias");
    w->svcb.unusable = true;
    bad(w, LOW, "parameters");
    no_dns(w, &w->dns->https.set);
}

static void https_hints(struct world *w)
{
    static struct addr here;
    safe(w, "No hints");
    assert_int_equal(addr_parse(&here, STR("192.0.2.1:443")), 0);
    w->svcb.ipv4hint = STR("\xc0\x00\x02\x01");
    w->dns->a.addrs = &here;
    safe(w, "IPv4 hints equal");
    w->svcb.ipv4hint = STR("\xc0\x00\x02\x02");
    w->dns->a.addrs = &here;
    bad(w, LOW, "IPv4 hints differ");
    w->svcb.ipv4hint = STR("\xc0\x00\x02\x02");
    w->dns->a.set.state = DNS_TIMEOUT;
    unknown(w, "could not be had");
    no_dns(w, &w->dns->https.set);
}

static void give_ech(struct world *w, enum outcome outcome)
{
    /* one configuration of version 0xfe0d, its contents not looked into */
    w->svcb.ech = STR("\x00\x05\xfe\x0d\x00\x01\x00");
    w->tls->tests[TEST_ECH] =
        (struct test_result){.ended = outcome != OUTCOME_NONE, .outcome = outcome};
}

static void ech(struct world *w)
{
    give_ech(w, OUTCOME_NONE);
    assert_true(dns_https_is_ech(w->svcb.ech));
    unknown(w, "was not tried");
    give_ech(w, OUTCOME_VULNERABLE); /* "yes" */
    safe(w, "and the server speaks it");
    give_ech(w, OUTCOME_SAFE);
    bad(w, LOW, "does not answer to ECH");
    bad(w, INFO, "No Encrypted Client Hello");
    w->svcb.ech = STR("x");
    bad(w, LOW, "malformed");
    no_dns(w, &w->dns->https.set);
}

static void ipv6(struct world *w)
{
    safe(w, "1 IPv6 and 1 IPv4");
    w->dns->aaaa.n = 0;
    w->dns->aaaa.set.state = DNS_EMPTY;
    bad(w, INFO, "No IPv6");
    no_dns(w, &w->dns->aaaa.set);
}

/* ---- all of them ---- */

#define TRY(id)                                                                                    \
    {                                                                                              \
#id, id                                                                                    \
    }
static const struct trial {
    const char *id;
    void (*fn)(struct world *w);
} trials[] = {
    TRY(cert_trust),
    TRY(cert_stores),
    TRY(cert_name),
    TRY(cert_expiry),
    TRY(cert_not_yet),
    TRY(cert_chain),
    TRY(cert_key),
    {"cert_key", cert_key_of_two},
    TRY(cert_debian_key),
    TRY(cert_shared_prime),
    TRY(cert_shared_key),
    TRY(cert_signature),
    TRY(cert_lifetime),
    TRY(cert_renewal),
    TRY(cert_usage),
    TRY(cert_revocation),
    TRY(ocsp_staple),
    TRY(must_staple),
    TRY(cert_revoked),
    TRY(cert_ct),
    TRY(cert_no_sni),
    TRY(cert_wildcard),
    TRY(cert_validation),
    TRY(cert_consistency),
    TRY(mitm),
    TRY(interception_root),
    TRY(distrusted_ca),
    TRY(pin),
    TRY(issuer_expected),
    TRY(remembered_key),
    TRY(keys_across_addresses),
    TRY(keys_across_resolvers),
    TRY(keys_via_proxy),
    TRY(ct_new_issuer),
    TRY(redirect),
    TRY(hsts),
    TRY(hsts_preload),
    TRY(stripping),
    TRY(cookies),
    TRY(csp),
    TRY(frame_options),
    TRY(content_type_options),
    TRY(referrer_policy),
    TRY(permissions_policy),
    TRY(cross_origin),
    TRY(cors),
    TRY(sri),
    TRY(mixed_content),
    TRY(http_forms),
    TRY(banners),
    TRY(clock_skew),
    TRY(hpkp),
    TRY(expect_ct),
    TRY(breach),
    TRY(truncation),
    TRY(opossum),
    TRY(http_lenient),
    TRY(alt_svc),
    TRY(security_headers),
    TRY(caa),
    TRY(caa_issuer),
    TRY(dane),
    TRY(dnssec),
    TRY(https_record),
    TRY(https_hints),
    TRY(ech),
    TRY(ipv6),
};

/* Checks that cannot end in each of the three ways, and why. */
static const struct {
    const char *id;
    enum verdict lacks;
    const char *why;
} one_sided[] = {
    {"cert_stores", VERDICT_SAFE, "most stores are never here"},
    {"cert_stores", VERDICT_VULNERABLE, "cert_trust says it of the stores that are"},
    {"cert_shared_prime", VERDICT_SAFE, "there are always more keys in the world"},
    {"cert_validation", VERDICT_VULNERABLE, "no kind of validation is a fault"},
    {"ct_new_issuer", VERDICT_SAFE, "needs third parties"},
    {"ct_new_issuer", VERDICT_VULNERABLE, "needs third parties"},
};

static bool excused(const char *id, enum verdict v)
{
    for (size_t i = 0; i < COUNT(one_sided); i++)
        if (strcmp(one_sided[i].id, id) == 0 && one_sided[i].lacks == v)
            return true;
    return false;
}

static void try_check(struct world *w, const struct check *c)
{
    memset(w->seen, 0, sizeof w->seen);
    w->check = c;
    for (size_t i = 0; i < COUNT(trials); i++)
        if (strcmp(trials[i].id, c->id) == 0) {
            fresh(w);
            trials[i].fn(w);
        }
    for (int v = 0; v < 3; v++) {
        if (w->seen[v] == excused(c->id, (enum verdict)v))
            print_error("%s: %s\n", c->id, verdict_name((enum verdict)v));
        assert_true(w->seen[v] != excused(c->id, (enum verdict)v));
    }
}

static void try_table(struct world *w, const struct check_table *t, enum section section)
{
    assert_true(t->n > 5);
    for (size_t i = 0; i < t->n; i++) {
        const struct check *c = &t->rows[i];
        assert_true(c->section == section && c->id && c->title && c->how && c->fn);
        assert_int_equal(c->how[strlen(c->how) - 1], '.');
        assert_true(!c->fix || c->fix[strlen(c->fix) - 1] == '.');
        try_check(w, c);
    }
}

static void certificates(void **state)
{
    try_table(*state, &checks_certificate, SECTION_CERTIFICATE);
}

static void trust(void **state)
{
    try_table(*state, &checks_trust, SECTION_TRUST);
}

static void http(void **state)
{
    try_table(*state, &checks_http, SECTION_HTTP);
}

static void dns(void **state)
{
    try_table(*state, &checks_dns, SECTION_DNS);
}

/* Long and hostile text is cut, and every check stands a view with next to nothing in it. */
static void little_and_much(void **state)
{
    struct world *w = *state;
    const struct check_table *all[] = {&checks_certificate, &checks_trust, &checks_http,
                                       &checks_dns};
    static struct tls_facts none;
    char *text = malloc(100000);
    memset(text, 'x', 100000);
    for (size_t i = 0; i < COUNT(all); i++)
        for (size_t k = 0; k < all[i]->n; k++) {
            fresh(w);
            w->check = &all[i]->rows[k];
            w->v = (struct audit_view){.host = STR("a"), .trust = &w->trust, .tls = &none};
            struct finding f = run(w);
            assert_int_equal(f.verdict, VERDICT_UNTESTABLE);
            assert_true(f.detail.n);
            fresh(w);
            struct str names[600];
            for (size_t j = 0; j < COUNT(names); j++)
                names[j] = str_of(text, 100000);
            leaf(w)->dns = (struct cert_list){names, COUNT(names), 0};
            leaf(w)->subject = leaf(w)->subject_cn = leaf(w)->issuer_o = leaf(w)->sig_name =
                names[0];
            chain(w)->host.verdict = CERT_HOST_MISMATCH;
            headers(w)->banners[0] = (struct banner){names[0], names[0], true};
            headers(w)->nbanners = 1;
            w->cookie.name = w->caa.value = names[0];
            w->cookie.faults = UINT32_MAX;
            f = run(w);
            assert_true(f.detail.n && f.detail.n <= 2047);
        }
    free(text);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->arena, 64 * 1024, 16 << 20);
    arena_init(&w->keep, 64 * 1024, 16 << 20);
    w->http = calloc(1, sizeof *w->http);
    w->tls = calloc(1, sizeof *w->tls);
    w->dns = calloc(1, sizeof *w->dns);
    EVP_PKEY *ca_key = pki_key("P-256"), *key = pki_key("P-256");
    struct pki_spec ca = {.cn = "CA", .ca = true},
                    leaf_spec = {.cn = "www.example.com",
                                 .san = "DNS:www.example.com,DNS:example.com",
                                 .eku = "serverAuth",
                                 .usage = "critical,digitalSignature"};
    X509 *root = pki_cert(&ca, ca_key, NULL, NULL), *x = pki_cert(&leaf_spec, key, root, ca_key);
    w->ca_made = info_of(&w->keep, root);
    w->leaf_made = info_of(&w->keep, x);
    w->leaf_made.serial_bits = 127;
    X509_free(x);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(ca_key);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_done(&w->arena);
    arena_done(&w->keep);
    free(w->http);
    free(w->tls);
    free(w->dns);
    free(w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates), cmocka_unit_test(trust),           cmocka_unit_test(http),
        cmocka_unit_test(dns),          cmocka_unit_test(little_and_much),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
