/* Configuration lines that several checks recommend, each server's own way of saying the same. The
 * suites and groups are Mozilla's intermediate list, version 6.0. gate443's defaults are right: its
 * lines say what to take back. */
#ifndef AUDIT_REMEDY_H
#define AUDIT_REMEDY_H

#define REMEDY_VERSIONS                                                                            \
    {                                                                                              \
        .gate443 = "# the default; remove `min_version` and the waivers `allow tls1.0`, "          \
                   "`allow tls1.1`\ntls { min_version tls1.2; }",                                  \
        .nginx = "ssl_protocols TLSv1.2 TLSv1.3;",                                                 \
        .apache = "SSLProtocol -all +TLSv1.2 +TLSv1.3",                                            \
        .haproxy = "ssl-default-bind-options ssl-min-ver TLSv1.2",                                 \
        .caddy = "tls {\n    protocols tls1.2 tls1.3\n}",                                          \
    }

#define REMEDY_TLS13                                                                               \
    {                                                                                              \
        .gate443 = "# the default; remove `max_version` and the waiver `allow no-tls1.3`\n"        \
                   "tls { max_version tls1.3; }",                                                  \
        .nginx = "ssl_protocols TLSv1.2 TLSv1.3;",                                                 \
        .apache = "SSLProtocol -all +TLSv1.2 +TLSv1.3",                                            \
        .haproxy = "ssl-default-bind-options ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.3",             \
        .caddy = "tls {\n    protocols tls1.2 tls1.3\n}",                                          \
    }

#define REMEDY_SUITE_LIST                                                                          \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"     \
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

#define REMEDY_SUITES                                                                              \
    {                                                                                              \
        .gate443 = "# the default is right: remove `ciphers` from tls { } and the waiver "         \
                   "`allow weak-ciphers`",                                                         \
        .nginx = "ssl_ciphers " REMEDY_SUITE_LIST ";",                                             \
        .apache = "SSLCipherSuite " REMEDY_SUITE_LIST,                                             \
        .haproxy = "ssl-default-bind-ciphers " REMEDY_SUITE_LIST,                                  \
        .caddy = "# the default is right: remove `ciphers` from tls { }",                          \
    }

#define REMEDY_GROUPS                                                                              \
    {                                                                                              \
        .gate443 = "# the default; remove the waiver `allow weak-groups`\n"                        \
                   "tls { groups X25519MLKEM768 X25519 P-256 P-384; }",                            \
        .nginx = "ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;  "                    \
                 "# X25519MLKEM768 needs OpenSSL 3.5",                                             \
        .apache = "# X25519MLKEM768 needs OpenSSL 3.5\n"                                           \
                  "SSLOpenSSLConfCmd Groups X25519MLKEM768:X25519:prime256v1:secp384r1",           \
        .haproxy = "ssl-default-bind-curves X25519MLKEM768:X25519:prime256v1:secp384r1  "          \
                   "# X25519MLKEM768 needs OpenSSL 3.5",                                           \
        .caddy = "tls {\n    curves x25519mlkem768 x25519 secp256r1 secp384r1\n}",                 \
    }

#define REMEDY_ORDER                                                                               \
    {                                                                                              \
        .gate443 = "# the default is right: remove `ciphers` from tls { }",                        \
        .nginx = "ssl_prefer_server_ciphers on;", .apache = "SSLHonorCipherOrder on",              \
        .haproxy = "# remove `prefer-client-ciphers` from ssl-default-bind-options and `bind`",    \
    }

/* Faults of a library or a product: nothing that a directive could mend. */
#define REMEDY_UPDATE                                                                              \
    {                                                                                              \
        .gate443 = "# nothing to set: keep gate443 and its OpenSSL up to date",                    \
        .nginx = "# nothing to set: update OpenSSL and restart nginx",                             \
        .apache = "# nothing to set: update OpenSSL and restart httpd",                            \
        .haproxy = "# nothing to set: update OpenSSL and restart haproxy",                         \
        .caddy = "# nothing to set: update Caddy",                                                 \
    }

#endif
