/* Reports for tests; see report_world.h. */
#include "report_world.h"

#include <stdlib.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define NOW      1793534400 /* 2026-11-01 12:00 UTC */

#define REMEDY_TLS                                                                                 \
    {                                                                                              \
        "tls 1.2 1.3;", "ssl_protocols TLSv1.2 TLSv1.3;", "SSLProtocol -all +TLSv1.2 +TLSv1.3",    \
            "ssl-default-bind-options ssl-min-ver TLSv1.2",                                        \
            "tls {\n    protocols tls1.2 tls1.3\n}"                                                \
    }
#define REMEDY_SUITES                                                                              \
    {                                                                                              \
        NULL,                                                                                      \
            "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-"   \
            "AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384;",                                      \
            "SSLCipherSuite ECDHE+AESGCM:ECDHE+CHACHA20",                                          \
            "ssl-default-bind-ciphers ECDHE+AESGCM:ECDHE+CHACHA20", NULL                           \
    }
#define REMEDY_HSTS                                                                                 \
    {                                                                                               \
        "hsts 2y subdomains;",                                                                      \
            "add_header Strict-Transport-Security \"max-age=63072000; includeSubDomains\" always;", \
            "Header always set Strict-Transport-Security \"max-age=63072000; includeSubDomains\"",  \
            "http-response set-header Strict-Transport-Security max-age=63072000",                  \
            "header Strict-Transport-Security \"max-age=63072000\""                                 \
    }

/* Rows as the registry has them: how and fix in whole sentences. */
static const struct check rows[] = {
    {"sslv2", "SSLv2", SECTION_PROTOCOL, SEVERITY_CRITICAL, "CVE-2016-0800", "RFC 6176",
     "A version 2 ClientHello is sent.", "Switch SSLv2 off.", REMEDY_TLS},
    {"sslv3", "SSLv3", SECTION_PROTOCOL, SEVERITY_HIGH, "CVE-2014-3566", "RFC 7568",
     "A ClientHello of version 3.0 is sent.", "Switch SSLv3 off.", REMEDY_TLS},
    {"tls1.0", "TLS 1.0", SECTION_PROTOCOL, SEVERITY_MEDIUM, NULL, "RFC 8996",
     "A ClientHello without supported_versions asks for 1.1 at most.",
     "Switch TLS 1.0 and 1.1 off: no browser since 2020 asks for them.", REMEDY_TLS},
    {"tls1.1", "TLS 1.1", SECTION_PROTOCOL, SEVERITY_MEDIUM, NULL, "RFC 8996",
     "A ClientHello without supported_versions asks for 1.1 at most.", "Switch TLS 1.1 off.",
     REMEDY_TLS},
    {"tls1.3", "TLS 1.3 offered", SECTION_PROTOCOL, SEVERITY_LOW, NULL, "RFC 8446",
     "supported_versions offers 1.3.", "Switch TLS 1.3 on.", REMEDY_TLS},
    {"suite-null", "Suites without encryption", SECTION_CIPHER, SEVERITY_CRITICAL, NULL, "RFC 9325",
     "The suites of each version are enumerated.", "Remove the NULL suites.", REMEDY_SUITES},
    {"suite-anonymous", "Anonymous key exchange", SECTION_CIPHER, SEVERITY_CRITICAL, NULL,
     "RFC 9325 4.1", "The suites of each version are enumerated.", "Remove ADH and AECDH.",
     REMEDY_SUITES},
    {"freak", "FREAK", SECTION_CIPHER, SEVERITY_HIGH, "CVE-2015-0204", NULL,
     "RSA_EXPORT suites are offered.", "Remove the export suites.", REMEDY_SUITES},
    {"sweet32", "SWEET32", SECTION_CIPHER, SEVERITY_MEDIUM, "CVE-2016-2183 CVE-2016-6329", NULL,
     "Suites with 64-bit blocks are offered.", "Remove 3DES, DES and IDEA.", REMEDY_SUITES},
    {"rc4", "RC4", SECTION_CIPHER, SEVERITY_HIGH, "CVE-2013-2566 CVE-2015-2808", "RFC 7465",
     "RC4 suites are offered.", "Remove RC4.", REMEDY_SUITES},
    {"logjam", "Logjam", SECTION_CIPHER, SEVERITY_HIGH, "CVE-2015-4000", NULL,
     "The prime of ServerKeyExchange is measured and compared with the known ones.",
     "Remove DHE, or use a prime of RFC 7919 with 2048 bits at least.", REMEDY_SUITES},
    {"forward-secrecy", "Forward secrecy", SECTION_CIPHER, SEVERITY_MEDIUM, NULL, "RFC 9325 4.1",
     "Derived from the suites.", "Offer ECDHE suites and prefer them.", REMEDY_SUITES},
    {"post-quantum",
     "Post-quantum key exchange",
     SECTION_CIPHER,
     SEVERITY_LOW,
     NULL,
     NULL,
     "X25519MLKEM768 is offered without its share.",
     "Offer X25519MLKEM768: what is recorded today can be read once quantum computers are there.",
     {"groups X25519MLKEM768 X25519 secp256r1;", "ssl_ecdh_curve X25519MLKEM768:X25519;", NULL,
      "ssl-default-bind-curves X25519MLKEM768:X25519", NULL}},
    {"heartbleed",
     "Heartbleed",
     SECTION_VULNERABILITY,
     SEVERITY_CRITICAL,
     "CVE-2014-0160",
     "RFC 6520 4",
     "A heartbeat request that claims more than it carries, and a fence behind it.",
     "Update OpenSSL, then replace key and certificate: they may have been read.",
     {NULL}},
    {"ccs-injection",
     "CCS injection",
     SECTION_VULNERABILITY,
     SEVERITY_HIGH,
     "CVE-2014-0224",
     NULL,
     "ChangeCipherSpec twice before the keys are there.",
     "Update OpenSSL.",
     {NULL}},
    {"ticketbleed",
     "Ticketbleed",
     SECTION_VULNERABILITY,
     SEVERITY_HIGH,
     "CVE-2016-9244",
     NULL,
     "A ticket with a session id of 31 bytes is resumed.",
     "Update the F5 BIG-IP.",
     {NULL}},
    {"robot", "ROBOT", SECTION_VULNERABILITY, SEVERITY_HIGH, "CVE-2017-13099", NULL,
     "Five malformed premaster secrets are told apart, or not.",
     "Remove the suites with static RSA.", REMEDY_SUITES},
    {"renegotiation",
     "Insecure renegotiation",
     SECTION_VULNERABILITY,
     SEVERITY_HIGH,
     "CVE-2009-3555",
     "RFC 5746",
     "A second ClientHello in a session.",
     "Update the TLS library.",
     {NULL}},
    {"crime",
     "CRIME",
     SECTION_VULNERABILITY,
     SEVERITY_MEDIUM,
     "CVE-2012-4929",
     NULL,
     "Compression is offered.",
     "Switch TLS compression off.",
     {NULL}},
    {"poodle-tls",
     "POODLE over TLS",
     SECTION_VULNERABILITY,
     SEVERITY_HIGH,
     "CVE-2014-8730",
     NULL,
     "A request whose padding is altered.",
     "Update the load balancer.",
     {NULL}},
    {"beast", "BEAST", SECTION_VULNERABILITY, SEVERITY_LOW, "CVE-2011-3389", NULL,
     "CBC with TLS 1.0 or older.", "Switch TLS 1.0 off.", REMEDY_TLS},
    {"dhe-at", "D(HE)at", SECTION_VULNERABILITY, SEVERITY_LOW, "CVE-2002-20001", NULL,
     "DHE is offered.", "Remove DHE.", REMEDY_SUITES},
    {"chain",
     "Chain of certificates",
     SECTION_CERTIFICATE,
     SEVERITY_MEDIUM,
     NULL,
     "RFC 5246 7.4.2",
     "Issuers are followed.",
     "Send the intermediate certificates.",
     {NULL, "ssl_certificate fullchain.pem;", "SSLCertificateFile fullchain.pem", NULL, NULL}},
    {"expiry",
     "Validity",
     SECTION_CERTIFICATE,
     SEVERITY_CRITICAL,
     NULL,
     "RFC 5280 4.1.2.5",
     "notBefore and notAfter are compared with the clock.",
     "Renew the certificate.",
     {"acme;", NULL, NULL, NULL, NULL}},
    {"name",
     "Name",
     SECTION_CERTIFICATE,
     SEVERITY_CRITICAL,
     NULL,
     "RFC 9525",
     "The names are compared with the host.",
     "Get a certificate for this name.",
     {NULL}},
    {"key-size",
     "Key",
     SECTION_CERTIFICATE,
     SEVERITY_HIGH,
     NULL,
     NULL,
     "The key is measured.",
     "Make an ECDSA P-256 key.",
     {NULL}},
    {"signature",
     "Signature of the certificate",
     SECTION_CERTIFICATE,
     SEVERITY_HIGH,
     NULL,
     "RFC 9155",
     "The algorithms of the chain are read.",
     "Get one signed with SHA-256.",
     {NULL}},
    {"trust",
     "Trust",
     SECTION_TRUST,
     SEVERITY_CRITICAL,
     NULL,
     NULL,
     "The chain is followed to a root of Mozilla's store.",
     "Use an authority that clients know.",
     {NULL}},
    {"ct",
     "Certificate Transparency",
     SECTION_TRUST,
     SEVERITY_MEDIUM,
     NULL,
     "RFC 6962",
     "SCTs are counted by operator.",
     "Get a certificate that is logged.",
     {NULL}},
    {"caa",
     "CAA",
     SECTION_DNS,
     SEVERITY_LOW,
     NULL,
     "RFC 8659",
     "CAA is asked up the tree.",
     "Publish a CAA record that names your authority.",
     {NULL}},
    {"dane", "DANE", SECTION_DNS, SEVERITY_INFO, NULL, "RFC 6698", "TLSA is asked.", NULL, {NULL}},
    {"redirect",
     "Redirect to HTTPS",
     SECTION_HTTP,
     SEVERITY_HIGH,
     NULL,
     "RFC 9110 15.4",
     "GET / on port 80.",
     "Redirect every request of port 80 to https of the same host.",
     {"redirect https;", "return 301 https://$host$request_uri;",
      "Redirect permanent / https://example.com/", "http-request redirect scheme https", NULL}},
    {"hsts", "Strict-Transport-Security", SECTION_HTTP, SEVERITY_MEDIUM, NULL, "RFC 6797",
     "The header is read on each answer.",
     "Send Strict-Transport-Security with a year at least, subdomains included.", REMEDY_HSTS},
    {"cookies",
     "Cookies",
     SECTION_HTTP,
     SEVERITY_MEDIUM,
     NULL,
     "RFC 6265bis",
     "Set-Cookie is read.",
     "Set Secure, HttpOnly and SameSite.",
     {NULL}},
    {"csp",
     "Content-Security-Policy",
     SECTION_HTTP,
     SEVERITY_LOW,
     NULL,
     NULL,
     "The policy is parsed.",
     "Send a policy without unsafe-inline.",
     {NULL}},
    {"banner",
     "Server banner",
     SECTION_HTTP,
     SEVERITY_INFO,
     NULL,
     NULL,
     "The header is read.",
     "Do not tell the version.",
     {NULL, "server_tokens off;", "ServerTokens Prod", NULL, NULL}},
    {"quic",
     "QUIC",
     SECTION_QUIC,
     SEVERITY_INFO,
     NULL,
     "RFC 9000",
     "A reserved version makes a server name its own.",
     NULL,
     {NULL}},
    {"h2-rapid-reset",
     "HTTP/2 rapid reset",
     SECTION_HTTP,
     SEVERITY_HIGH,
     "CVE-2023-44487",
     NULL,
     "A hundred requests are reset.",
     "Update the server.",
     {NULL}},
};

static struct str copy(struct report *r, const char *text)
{
    return arena_str(&r->arena, str_c(text));
}

static void *items(struct report *r, const void *from, size_t n, size_t size)
{
    void *to = arena_alloc(&r->arena, n * size);
    if (!to)
        abort();
    memcpy(to, from, n * size);
    return to;
}
#define ITEMS(r, a) items(r, a, COUNT(a), sizeof *(a))

static void start(struct report *r, const char *target, const char *host, const char *server)
{
    *r = (struct report){.started = NOW, .port = 443};
    arena_init(&r->arena, 65536, REPORT_MAX);
    r->target = copy(r, target);
    r->host = r->sni = copy(r, host);
    r->server = copy(r, server);
    r->overall.score = r->ssllabs.score = r->observatory.score = -1;
}

/* All rows, safe until said otherwise. */
static void add_rows(struct report *r)
{
    r->nfindings = COUNT(rows);
    r->findings = arena_zalloc(&r->arena, sizeof rows / sizeof *rows * sizeof *r->findings);
    if (!r->findings)
        abort();
    for (size_t i = 0; i < COUNT(rows); i++)
        r->findings[i] =
            (struct finding){.check = &rows[i], .severity = rows[i].severity, .arena = &r->arena};
}

static struct finding *row(struct report *r, const char *id)
{
    for (size_t i = 0; i < r->nfindings; i++)
        if (strcmp(r->findings[i].check->id, id) == 0)
            return &r->findings[i];
    abort();
}

static void add_exchange(struct report *r, uint32_t number)
{
    struct report_exchange x = {
        .number = number,
        .purpose = STR("heartbleed"),
        .address = STR("192.0.2.17:443"),
        .sent = STR("\x18\x03\x02\x00\x03\x01\x40\x00"),
        .sent_n = 8,
        .received = STR("\x18\x03\x02\x40\x00\x02\x40\x00password=\x1b[31m\xff\x00..."),
        .received_n = 16389,
        .ended = STR("closed"),
    };
    r->exchanges = items(r, &x, 1, sizeof x);
    r->nexchanges = 1;
}

void world_good(struct report *r)
{
    start(r, "www.example.com:443", "www.example.com", "gate443");
    add_rows(r);
    finding_safe(row(r, "tls1.0"), "alert protocol_version to each of SSLv3, TLS 1.0 and TLS 1.1");
    finding_safe(row(r, "hsts"), "max-age is 63072000, subdomains included, preload asked for");
    finding_safe(row(r, "post-quantum"), "X25519MLKEM768 is preferred");
    finding_bad(row(r, "csp"), "The policy allows inline styles.");
    finding_bad(row(r, "dane"), "There is no TLSA record.");
    finding_untestable(row(r, "ticketbleed"), "No tickets are given for TLS 1.2.");
    finding_untestable(row(r, "ccs-injection"), "TLS 1.2 is off, and 1.3 knows no such message.");
    static struct grade_cause causes[] = {{"Content-Security-Policy: 5 points", "csp", NULL}};
    r->overall = (struct grade){"A+", 97, causes, 1, STR_NONE};
    r->ssllabs = (struct grade){"A+", 95, NULL, 0, STR_NONE};
    r->observatory = (struct grade){"A+", 105, NULL, 0, STR_NONE};
    static struct str off[] = {{"TLS 1.2 is on", 13}};
    const struct conformance mozilla[] = {{"modern", false, off, 1},
                                          {"intermediate", true, NULL, 0}};
    r->mozilla = ITEMS(r, mozilla);
    r->nmozilla = 2;
    const struct report_protocol protocols[] = {
        {"SSLv3", VERDICT_SAFE, false, false, STR_NONE},
        {"TLS 1.0", VERDICT_SAFE, false, false, STR_NONE},
        {"TLS 1.1", VERDICT_SAFE, false, false, STR_NONE},
        {"TLS 1.2", VERDICT_SAFE, true, true, STR_NONE},
        {"TLS 1.3", VERDICT_SAFE, true, true, STR("preferred")},
        {"HTTP/2", VERDICT_SAFE, true, true, STR_NONE},
        {"QUIC v1", VERDICT_UNTESTABLE, false, true, STR("UDP 443 is silent")},
    };
    r->protocols = ITEMS(r, protocols);
    r->nprotocols = COUNT(protocols);
    const struct report_suite suites[] = {
        {"TLS 1.3", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768", 128,
         SEVERITY_INFO, true},
        {"TLS 1.3", "TLS_CHACHA20_POLY1305_SHA256", NULL, "X25519MLKEM768", 256, SEVERITY_INFO,
         false},
        {"TLS 1.2", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256",
         "ECDHE x25519", 128, SEVERITY_INFO, true},
    };
    r->suites = ITEMS(r, suites);
    r->nsuites = COUNT(suites);
    r->groups = STR("X25519MLKEM768, x25519, secp256r1, secp384r1");
    r->signature_algorithms = STR("ecdsa_secp256r1_sha256, rsa_pss_rsae_sha256");
    const struct report_certificate certificates[] = {
        {.subject = STR("CN=www.example.com"),
         .issuer = STR("CN=E7,O=Let's Encrypt,C=US"),
         .key = STR("ECDSA P-256"),
         .signature = STR("ecdsa-with-SHA384"),
         .serial = STR("04b1c7"),
         .sha256 = STR("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
         .spki_sha256 = STR("60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"),
         .names = STR("www.example.com, example.com"),
         .not_before = NOW - 30 * 86400,
         .not_after = NOW + 60 * 86400},
        {.subject = STR("CN=E7,O=Let's Encrypt,C=US"),
         .issuer = STR("CN=ISRG Root X1"),
         .key = STR("ECDSA P-384"),
         .signature = STR("sha256WithRSAEncryption"),
         .serial = STR("0a"),
         .sha256 = STR("fd61d36f"),
         .spki_sha256 = STR("fd61d370"),
         .not_before = NOW - 900 * 86400,
         .not_after = NOW + 195 * 86400},
    };
    r->certificates = ITEMS(r, certificates);
    r->ncertificates = 2;
    const struct report_client clients[] = {
        {"Chrome 156", true, "TLS 1.3", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768", STR_NONE},
        {"Android 4.4", false, NULL, NULL, NULL, STR("no suite in common")},
    };
    r->clients = ITEMS(r, clients);
    r->nclients = 2;
    const struct report_endpoint endpoints[] = {
        {STR("192.0.2.17:443"), STR_NONE, 30, 2},
        {STR("[2001:db8::17]:443"), STR_NONE, 8, 0},
    };
    r->endpoints = ITEMS(r, endpoints);
    r->nendpoints = 2;
    r->connections = 38;
    r->datagrams = 2;
    r->bytes_sent = 21000;
    r->bytes_received = 143000;
    r->duration = 214000000;
}

void world_terrible(struct report *r)
{
    start(r, "shop.example.org:443", "shop.example.org", "Apache/2.2.15 (CentOS) mod_ssl/2.2.15");
    add_rows(r);
    for (size_t i = 0; i < 30; i++)
        finding_bad(&r->findings[i], "%s is as bad as it can be.", rows[i].title);
    finding_bad(row(r, "heartbleed"),
                "16384 bytes of memory came back to a heartbeat of 3 bytes, twice, on two fresh "
                "connections.");
    row(r, "heartbleed")->evidence = 12;
    row(r, "heartbleed")->where = STR("192.0.2.17:443");
    finding_bad(row(r, "hsts"), "There is no Strict-Transport-Security, so the first visit of each "
                                "browser can be stripped to http.");
    finding_bad(row(r, "banner"), "The banner tells the version: Apache/2.2.15.");
    finding_untestable(row(r, "h2-rapid-reset"), "HTTP/2 is not offered.");
    finding_untestable(row(r, "quic"), "Nothing answers on UDP port 443.");
    finding_untestable(row(r, "dane"), "The answer to TLSA is not signed.");
    add_exchange(r, 12);
    static struct grade_cause causes[] = {
        {"Heartbleed: F", "heartbleed", "F"},
        {"SSLv2 is on: F", "sslv2", "F"},
        {"The certificate is not trusted: T", "trust", "T"},
        {"SSLv3 with CBC is on: C at most", "sslv3", "C"},
        {"TLS 1.0 is on: B at most", "tls1.0", "B"},
        {"No Strict-Transport-Security: 20 points", "hsts", NULL},
    };
    r->overall = (struct grade){"F", 0, causes, COUNT(causes), STR("F even if trust is ignored")};
    r->ssllabs = (struct grade){"T", 0, causes, 3, STR("F if trust is ignored")};
    r->observatory = (struct grade){"F", 10, causes + 5, 1, STR_NONE};
    static struct str off[] = {{"SSLv2, SSLv3, TLS 1.0, TLS 1.1 and TLS 1.2 are on", 49},
                               {"RSA key", 7},
                               {"no Strict-Transport-Security", 28}};
    const struct conformance mozilla[] = {{"modern", false, off, 3},
                                          {"intermediate", false, off, 2}};
    r->mozilla = ITEMS(r, mozilla);
    r->nmozilla = 2;
    const struct report_protocol protocols[] = {
        {"SSLv2", VERDICT_SAFE, true, false, STR("with export suites")},
        {"SSLv3", VERDICT_SAFE, true, false, STR_NONE},
        {"TLS 1.0", VERDICT_SAFE, true, false, STR_NONE},
        {"TLS 1.2", VERDICT_SAFE, false, true, STR_NONE},
        {"TLS 1.3", VERDICT_SAFE, false, true, STR_NONE},
    };
    r->protocols = ITEMS(r, protocols);
    r->nprotocols = COUNT(protocols);
    const struct report_suite suites[] = {
        {"SSLv3", "TLS_RSA_EXPORT_WITH_RC4_40_MD5", "EXP-RC4-MD5", "RSA 512", 40, SEVERITY_CRITICAL,
         true},
        {"TLS 1.0", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "DHE-RSA-DES-CBC3-SHA", "DHE 1024", 112,
         SEVERITY_MEDIUM, true},
        {"TLS 1.0", "TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA", "RSA 1024", 128, SEVERITY_LOW,
         false},
    };
    r->suites = ITEMS(r, suites);
    r->nsuites = COUNT(suites);
    const struct report_certificate certificate = {
        .subject = STR("C=XX,O=Default Company Ltd,CN=localhost.localdomain"),
        .issuer = STR("C=XX,O=Default Company Ltd,CN=localhost.localdomain"),
        .key = STR("RSA 1024"),
        .signature = STR("md5WithRSAEncryption"),
        .serial = STR("00"),
        .sha256 = STR("aa"),
        .spki_sha256 = STR("bb"),
        .not_before = NOW - 4000 * 86400ll,
        .not_after = NOW - 300 * 86400ll,
        .problem = STR("self-signed, expired, another name")};
    r->certificates = items(r, &certificate, 1, sizeof certificate);
    r->ncertificates = 1;
    const struct report_endpoint endpoints[] = {
        {STR("192.0.2.17:443"), STR_NONE, 71, 1},
        {STR("[2001:db8::17]:443"), STR("connection refused"), 1, 0},
    };
    r->endpoints = ITEMS(r, endpoints);
    r->nendpoints = 2;
    r->connections = 72;
    r->datagrams = 1;
    r->bytes_sent = 48000;
    r->bytes_received = 391000;
    r->duration = 1702000000;
}

void world_failed(struct report *r)
{
    start(r, "gone.example.net:8443", "gone.example.net", "");
    r->port = 8443;
    r->failure = STR("connection refused by 192.0.2.99:8443");
    r->connections = 1;
    r->duration = 3000000;
}

/* Every text a server can choose. */
static struct str poison(struct report *r, size_t n)
{
    static const char bad[] =
        "\033[2J\033]0;owned\007\x9b"
        "31m\xc2\x9b\"><script>alert('1')</script>"
        "\\\" \r\n# TYPE x gauge\n\xff\xfe\xc0\xaf\xed\xa0\x80\xe2\x80\xae]]>&amp;"
        "{}%s%n\xe6\x97\xa5\xe6\x9c\xac \xef\xbf\xbf\xf0\x9f\x94\x92 -->";
    char *p = arena_alloc(&r->arena, n ? n : 1);
    if (!p)
        abort();
    for (size_t i = 0; i < n; i++)
        p[i] = bad[i % sizeof bad]; /* its NUL as well */
    return str_of(p, n);
}

void world_hostile(struct report *r)
{
    start(r, "x", "x", "");
    r->target = poison(r, 300);
    r->host = poison(r, 200);
    r->sni = poison(r, 220);
    r->server = poison(r, 10000);
    add_rows(r);
    for (size_t i = 0; i < r->nfindings; i++) {
        r->findings[i].verdict = (enum verdict)(i % 3);
        r->findings[i].detail = poison(r, 150 + 17 * i);
        r->findings[i].where = poison(r, 60 + i);
        r->findings[i].evidence = i == 13 ? 12 : 0;
    }
    add_exchange(r, 12);
    r->exchanges->purpose = r->exchanges->address = r->exchanges->ended = poison(r, 120);
    r->exchanges->sent = poison(r, EVIDENCE_MAX);
    r->exchanges->sent_n = 100000;
    r->overall = (struct grade){NULL, -1, NULL, 0, poison(r, 400)};
    r->ssllabs = r->observatory = r->overall;
    struct str *deviations = arena_alloc(&r->arena, 20 * sizeof *deviations);
    if (!deviations)
        abort();
    for (size_t i = 0; i < 20; i++)
        deviations[i] = poison(r, 500 + i);
    const struct conformance mozilla = {"modern", false, deviations, 20};
    r->mozilla = items(r, &mozilla, 1, sizeof mozilla);
    r->nmozilla = 1;
    const struct report_protocol protocol = {"TLS 1.2", VERDICT_SAFE, true, true, poison(r, 300)};
    r->protocols = items(r, &protocol, 1, sizeof protocol);
    r->nprotocols = 1;
    r->groups = r->signature_algorithms = poison(r, 700);
    struct str name = poison(r, 10000);
    const struct report_certificate certificate = {name, name, name,      name,      name, name,
                                                   name, name, INT64_MIN, INT64_MAX, name};
    r->certificates = items(r, &certificate, 1, sizeof certificate);
    r->ncertificates = 1;
    const struct report_client client = {"Chrome 156", false, NULL, NULL, NULL, poison(r, 300)};
    r->clients = items(r, &client, 1, sizeof client);
    r->nclients = 1;
    const struct report_endpoint endpoint = {poison(r, 100), poison(r, 200), 1, 1};
    struct report_endpoint many[9];
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = endpoint;
    r->endpoints = ITEMS(r, many);
    r->nendpoints = COUNT(many);
    r->bytes_sent = r->duration = UINT64_MAX;
}

void world_done(struct report *r)
{
    arena_done(&r->arena);
}

const struct world worlds[4] = {
    {"good", world_good},
    {"terrible", world_terrible},
    {"failed", world_failed},
    {"hostile", world_hostile},
};

struct buf world_print(const struct report_format *f, const struct format_options *o,
                       const struct report *const *reports, size_t n)
{
    struct buf out;
    buf_init(&out, REPORT_OUT_MAX);
    f->begin(&out, o);
    for (size_t i = 0; i < n; i++)
        f->report(&out, reports[i], o, i == 0);
    f->end(&out, o);
    if (!buf_ok(&out))
        abort();
    return out;
}
