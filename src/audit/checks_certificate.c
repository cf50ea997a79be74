/* The rows of the section "certificate". */
#include "audit/checks.h"

#include "audit/checks_certificate_part.h"

#define REMEDY_CHAIN                                                                               \
    {                                                                                              \
        .gate443 = "certificate /etc/ssl/fullchain.pem /etc/ssl/privkey.pem;",                     \
        .nginx = "ssl_certificate /etc/ssl/fullchain.pem;\n"                                       \
                 "ssl_certificate_key /etc/ssl/privkey.pem;",                                      \
        .apache = "SSLCertificateFile /etc/ssl/fullchain.pem\n"                                    \
                  "SSLCertificateKeyFile /etc/ssl/privkey.pem",                                    \
        .haproxy = "bind :443 ssl crt /etc/haproxy/site.pem  # chain and key in one file",         \
        .caddy = "tls /etc/ssl/fullchain.pem /etc/ssl/privkey.pem"                                 \
    }

static const struct check rows[] = {
    {
        .id = "cert_trust",
        .title = "Trusted",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 5280 6",
        .how =
            "Paths are built from the certificates sent to the roots of each store, and verified.",
        .fix = "Get a certificate from an authority that clients know; for internal names, install "
               "your authority's root on the clients.",
        .remedy = REMEDY_CHAIN,
        .fn = check_cert_trust,
    },
    {
        .id = "cert_stores",
        .title = "Other trust stores",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_INFO,
        .how = "Each store that is here is asked: the system's (Mozilla's) and those of --ca.",
        .fn = check_cert_stores,
    },
    {
        .id = "cert_name",
        .title = "Issued for this name",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 9525 6",
        .how = "The name asked for is compared with the subject's alternative names.",
        .fix = "Get a certificate that has this name among its alternative names.",
        .remedy = REMEDY_CHAIN,
        .fn = check_cert_name,
    },
    {
        .id = "cert_expiry",
        .title = "Not expired",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 5280 4.1.2.5",
        .how = "The end of the certificate, and of those above it, is compared with the clock.",
        .fix = "Renew it, reload the server, and let both happen by themselves from now on.",
        .remedy = {.gate443 = "# certbot's hook: --deploy-hook \"gate443 ctl reload\"",
                   .nginx = "# certbot's hook: --deploy-hook \"nginx -s reload\"",
                   .apache = "# certbot's hook: --deploy-hook \"apachectl graceful\"",
                   .haproxy = "# certbot's hook: --deploy-hook \"systemctl reload haproxy\"",
                   .caddy = "# without a tls line, Caddy renews by itself"},
        .fn = check_cert_expiry,
    },
    {
        .id = "cert_not_yet",
        .title = "Valid already",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 5280 4.1.2.5",
        .how = "The beginning of the certificate is compared with the clock.",
        .fix = "Set the clock of whoever issued it, and issue it again.",
        .fn = check_cert_not_yet,
    },
    {
        .id = "cert_chain",
        .title = "Chain as it should be sent",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 8446 4.4.2",
        .how =
            "Who signed whom is looked at for all certificates sent, and what is missing to a root.",
        .fix =
            "Send the server's certificate first, then each intermediate in turn, without the root "
            "(often called fullchain.pem).",
        .remedy = REMEDY_CHAIN,
        .fn = check_cert_chain,
    },
    {
        .id = "cert_key",
        .title = "Strong key",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .cve = "CVE-2017-15361 CVE-2022-26320",
        .rfc = "NIST SP 800-57, CA/B Forum BR 6.1.5",
        .how =
            "Size, exponent and curve are read; the modulus is tried for small factors, close primes "
            "(Fermat) and the fingerprint of ROCA.",
        .fix =
            "Make a new key, ECDSA P-256 or RSA with 2048 bits at least, and get a certificate for it; "
            "let the old one be revoked if the key is broken.",
        .remedy = REMEDY_CHAIN,
        .fn = check_cert_key,
    },
    {
        .id = "cert_debian_key",
        .title = "Debian's weak keys",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_CRITICAL,
        .cve = "CVE-2008-0166",
        .how = "An RSA key is looked up in the list of all keys that the faulty generator made.",
        .fix =
            "Make a new key on a system of today, get a certificate for it, have the old one revoked.",
        .fn = check_cert_debian_key,
    },
    {
        .id = "cert_shared_prime",
        .title = "Primes shared with other keys",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_CRITICAL,
        .rfc = "Heninger et al. 2012",
        .how = "Common divisors of all RSA keys that this server shows are looked for.",
        .fix = "Make both keys anew on a machine with a good source of randomness.",
        .fn = check_cert_shared_prime,
    },
    {
        .id = "cert_shared_key",
        .title = "Key of its own",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_INFO,
        .how = "The key is compared with those of the other certificates that this address shows.",
        .fix = "Give each certificate a key of its own, and make a new one at each renewal.",
        .fn = check_cert_shared_key,
    },
    {
        .id = "cert_signature",
        .title = "Signatures in the chain",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 9155, CA/B Forum BR 7.1.3.2",
        .how = "The algorithm of each signature on the path is read, but for the root's.",
        .fix =
            "Get the certificate issued anew; every authority signs with SHA-256 or better today.",
        .remedy = REMEDY_CHAIN,
        .fn = check_cert_signature,
    },
    {
        .id = "cert_lifetime",
        .title = "Lifetime within limits",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "CA/B Forum BR 6.3.2, ballot SC-081v3",
        .how =
            "From beginning to end, held against the limit of the day it was issued on: 825, 398, 200, "
            "100 or 47 days.",
        .fix = "Get a shorter one, renewed automatically: 90 days or less.",
        .fn = check_cert_lifetime,
    },
    {
        .id = "cert_renewal",
        .title = "Renewed in time",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_LOW,
        .how =
            "What is left is compared with a third of the lifetime, when automatic renewal acts.",
        .fix = "Look whether automatic renewal runs, and whether the server is reloaded after it.",
        .remedy = {.gate443 = "# after each renewal: gate443 ctl reload",
                   .nginx = "# after each renewal: nginx -s reload",
                   .apache = "# after each renewal: apachectl graceful",
                   .haproxy = "# after each renewal: systemctl reload haproxy"},
        .fn = check_cert_renewal,
    },
    {
        .id = "cert_usage",
        .title = "Usages and form",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 5280 4.2, CA/B Forum BR 7.1",
        .how =
            "Key usage, extended key usage, basic constraints, path length, name constraints, serial "
            "number and extensions are read, of the authorities too.",
        .fix =
            "Have it issued anew with serverAuth, digitalSignature, CA:FALSE and a random serial "
            "number of 64 bits at least.",
        .fn = check_cert_usage,
    },
    {
        .id = "cert_revocation",
        .title = "Revocation can be known",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 5280 4.2.1.13, CA/B Forum BR 7.1.2.7",
        .how =
            "The addresses of lists and responders are read from the certificate, and its lifetime.",
        .fix = "Get one from an authority that names a revocation list, or a short-lived one.",
        .fn = check_cert_revocation,
    },
    {
        .id = "ocsp_staple",
        .title = "OCSP staple",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 6066 8, RFC 6960",
        .how =
            "A handshake asks for the status; signature, signer, dates and subject of the answer are "
            "verified.",
        .fix = "Switch stapling on, and see that the server reaches the responder.",
        .remedy =
            {.nginx = "ssl_stapling on;\nssl_stapling_verify on;\n"
                      "ssl_trusted_certificate /etc/ssl/chain.pem;\nresolver 127.0.0.53;",
             .apache =
                 "SSLUseStapling on\n"
                 "SSLStaplingCache shmcb:/run/apache2/stapling(131072)  # outside <VirtualHost>",
             .haproxy = "# in the file of crt-list: /etc/haproxy/site.pem [ocsp-update on]"},
        .fn = check_ocsp_staple,
    },
    {
        .id = "must_staple",
        .title = "Must-staple kept",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 7633",
        .how = "A certificate that demands a staple is held against what was stapled.",
        .fix = "Staple, or get a certificate without that demand: authorities are giving it up.",
        .remedy = {.nginx = "ssl_stapling on;\nssl_stapling_verify on;",
                   .apache = "SSLUseStapling on\nSSLStaplingReturnResponderErrors off",
                   .haproxy = "# in the file of crt-list: /etc/haproxy/site.pem [ocsp-update on]"},
        .fn = check_must_staple,
    },
    {
        .id = "cert_revoked",
        .title = "Not revoked",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_CRITICAL,
        .rfc = "RFC 6960",
        .how = "A stapled answer is read. Lists and responders are not asked.",
        .fix = "Find out why it was revoked; make a new key and get a new certificate.",
        .fn = check_cert_revoked,
    },
    {
        .id = "cert_ct",
        .title = "Certificate Transparency",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 6962 3.3",
        .how =
            "Timestamps from the certificate, the handshake and the staple are counted by log and, with "
            "a list of logs, verified.",
        .fix = "Have it issued anew: authorities log by themselves unless asked not to.",
        .fn = check_cert_ct,
    },
    {
        .id = "cert_no_sni",
        .title = "Certificate for who names nobody",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 6066 3",
        .how =
            "Handshakes without a name, and with one that does not exist, are compared with the others.",
        .fix = "Refuse handshakes without a known name: who scans addresses then learns no names.",
        .remedy =
            {.gate443 = "# refused unless a site says so: leave out `default;`",
             .nginx =
                 "server {\n    listen 443 ssl default_server;\n    ssl_reject_handshake on;\n}",
             .haproxy = "bind :443 ssl crt /etc/haproxy/site.pem strict-sni"},
        .fn = check_cert_no_sni,
    },
    {
        .id = "cert_wildcard",
        .title = "No wildcard",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 9525 7.1",
        .how = "The alternative names are looked through.",
        .fix = "Where certificates come automatically, one for each name costs nothing.",
        .fn = check_cert_wildcard,
    },
    {
        .id = "cert_validation",
        .title = "What the issuer looked at",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_INFO,
        .rfc = "CA/B Forum BR 7.1.6.1",
        .how = "The certificate's policies are read.",
        .fn = check_cert_validation,
    },
    {
        .id = "cert_consistency",
        .title = "The same certificate every time",
        .section = SECTION_CERTIFICATE,
        .severity = SEVERITY_LOW,
        .how = "The chains of all connections, versions and cipher suites are compared.",
        .fix = "Bring certificate and chain to all servers behind the address, and reload them.",
        .fn = check_cert_consistency,
    },
};

const struct check_table checks_certificate = {rows, sizeof rows / sizeof *rows};
