/* The rows of the section "http". */
#include "audit/checks.h"

#include "audit/checks_http_part.h"

#define HSTS         "max-age=63072000; includeSubDomains"
#define HSTS_PRELOAD HSTS "; preload"

#define REMEDY_HEADER(name, value)                                                                 \
    {                                                                                              \
        .gate443 = "header default " name " \"" value "\";",                                       \
        .nginx = "add_header " name " \"" value "\" always;",                                      \
        .apache = "Header always set " name " \"" value "\"",                                      \
        .haproxy = "http-response set-header " name " \"" value "\"",                              \
        .caddy = "header " name " \"" value "\""                                                   \
    }

/* gate443 sends it by itself. */
#define REMEDY_SAFE(name, value)                                                                   \
    {                                                                                              \
        .gate443 = "safe_headers on;  # the default",                                              \
        .nginx = "add_header " name " \"" value "\" always;",                                      \
        .apache = "Header always set " name " \"" value "\"",                                      \
        .haproxy = "http-response set-header " name " \"" value "\"",                              \
        .caddy = "header " name " \"" value "\""                                                   \
    }

#define REMEDY_HSTS                                                                                \
    {                                                                                              \
        .gate443 = "hsts 730d subdomains;",                                                        \
        .nginx = "add_header Strict-Transport-Security \"" HSTS "\" always;",                      \
        .apache = "Header always set Strict-Transport-Security \"" HSTS "\"",                      \
        .haproxy = "http-response set-header Strict-Transport-Security \"" HSTS "\"",              \
        .caddy = "header Strict-Transport-Security \"" HSTS "\""                                   \
    }

static const struct check rows[] = {
    {
        .id = "redirect",
        .title = "http leads to https",
        .section = SECTION_HTTP,
        .severity = SEVERITY_HIGH,
        .rfc = "RFC 6797 7.2",
        .how = "GET / on port 80; each redirect is followed, on the way from https too.",
        .fix = "Answer every request of port 80 with 301 or 308 to https on the same host, and "
               "set nothing there.",
        .remedy =
            {.gate443 = "redirect_http on;  # the default",
             .nginx =
                 "server {\n    listen 80;\n    listen [::]:80;\n    return 301 https://$host$request_uri;\n}",
             .apache = "# in <VirtualHost *:80>\nRedirect permanent / https://www.example.com/",
             .haproxy = "http-request redirect scheme https code 301 unless { ssl_fc }",
             .caddy = "# by itself, unless auto_https is off"},
        .fn = check_redirect,
    },
    {
        .id = "hsts",
        .title = "Strict-Transport-Security",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 6797 6.1",
        .how = "The field of each https answer of this host is parsed as browsers do.",
        .fix = "Send it on every https answer, redirects and errors included, for a year at "
               "least.",
        .remedy = REMEDY_HSTS,
        .fn = check_hsts,
    },
    {
        .id = "hsts_preload",
        .title = "Preloaded HSTS",
        .section = SECTION_HTTP,
        .severity = SEVERITY_INFO,
        .rfc = "hstspreload.org",
        .how = "What the list asks for is held against what is sent. Of the list itself only "
               "whole top-level domains are known.",
        .fix = "Once all subdomains have https for good, add preload and submit the name; taking "
               "it back needs months.",
        .remedy = {.gate443 = "hsts 730d subdomains preload;",
                   .nginx = "add_header Strict-Transport-Security \"" HSTS_PRELOAD "\" always;",
                   .apache = "Header always set Strict-Transport-Security \"" HSTS_PRELOAD "\"",
                   .haproxy =
                       "http-response set-header Strict-Transport-Security \"" HSTS_PRELOAD "\"",
                   .caddy = "header Strict-Transport-Security \"" HSTS_PRELOAD "\""},
        .fn = check_hsts_preload,
    },
    {
        .id = "stripping",
        .title = "Exposure to SSL stripping",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 6797 2.3.1.1",
        .how = "Redirect, HSTS on every answer, subdomains and preloading, as one verdict.",
        .fix = "Redirect http, send HSTS for a year with includeSubDomains on every answer, and "
               "have the name preloaded.",
        .remedy = REMEDY_HSTS,
        .fn = check_stripping,
    },
    {
        .id = "cookies",
        .title = "Cookies",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 6265bis 5.6",
        .how = "Set-Cookie of all answers is parsed; prefixes, Secure, HttpOnly, SameSite and "
               "Domain are held against each other.",
        .fix = "Give each cookie Secure and SameSite, those of sessions HttpOnly and the prefix "
               "__Host-.",
        .remedy =
            {.gate443 =
                 "cookies {\n    secure on;\n    http_only on;\n    same_site lax;\n}  # the default",
             .nginx = "proxy_cookie_flags ~ secure httponly samesite=lax;",
             .apache =
                 "Header always edit* Set-Cookie \"^((?:(?!; ?secure).)*)$\" \"$1; Secure; HttpOnly; SameSite=Lax\"",
             .haproxy =
                 "http-response replace-header Set-Cookie \"^((?:(?!; ?[Ss]ecure).)*)$\" \"\\\\1; Secure; HttpOnly; SameSite=Lax\"",
             .caddy =
                 "header >Set-Cookie \"^([^;]*)$\" \"$1; Path=/; Secure; HttpOnly; SameSite=Lax\""},
        .fn = check_cookies,
    },
    {
        .id = "csp",
        .title = "Content-Security-Policy",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "CSP Level 3",
        .how = "All policies, of fields and <meta>, are evaluated together for each directive.",
        .fix = "Send a policy without 'unsafe-inline' and 'unsafe-eval'; begin with default-src "
               "'self' in report-only mode.",
        .remedy = REMEDY_HEADER(
            "Content-Security-Policy",
            "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        .fn = check_csp,
    },
    {
        .id = "frame_options",
        .title = "Framing",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "CSP Level 3 6.4.2, RFC 7034",
        .how = "frame-ancestors is read, and X-Frame-Options where it is not there.",
        .fix = "Say who may frame the page: frame-ancestors in CSP, or X-Frame-Options.",
        .remedy = REMEDY_SAFE("X-Frame-Options", "DENY"),
        .fn = check_frame_options,
    },
    {
        .id = "content_type_options",
        .title = "X-Content-Type-Options",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "Fetch standard 3.6",
        .how = "The value is read.",
        .fix = "Send X-Content-Type-Options: nosniff.",
        .remedy = REMEDY_SAFE("X-Content-Type-Options", "nosniff"),
        .fn = check_content_type_options,
    },
    {
        .id = "referrer_policy",
        .title = "Referrer-Policy",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "Referrer Policy 8.1",
        .how = "The last value that browsers know is taken, <meta> included.",
        .fix = "Send Referrer-Policy: strict-origin-when-cross-origin, or no-referrer.",
        .remedy = REMEDY_SAFE("Referrer-Policy", "strict-origin-when-cross-origin"),
        .fn = check_referrer_policy,
    },
    {
        .id = "permissions_policy",
        .title = "Permissions-Policy",
        .section = SECTION_HTTP,
        .severity = SEVERITY_INFO,
        .rfc = "Permissions Policy 5.2",
        .how = "The field is parsed as a structured dictionary.",
        .fix = "Deny what the site does not use.",
        .remedy = REMEDY_HEADER("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
        .fn = check_permissions_policy,
    },
    {
        .id = "cross_origin",
        .title = "Cross-origin isolation (COOP, COEP, CORP)",
        .section = SECTION_HTTP,
        .severity = SEVERITY_INFO,
        .rfc = "HTML standard 7.1.3, Fetch standard 3.7",
        .how = "The values of the three fields are read.",
        .fix = "Send Cross-Origin-Opener-Policy: same-origin.",
        .remedy = REMEDY_SAFE("Cross-Origin-Opener-Policy", "same-origin"),
        .fn = check_cross_origin,
    },
    {
        .id = "cors",
        .title = "Cross-origin sharing (CORS)",
        .section = SECTION_HTTP,
        .severity = SEVERITY_HIGH,
        .rfc = "Fetch standard 3.2",
        .how = "The page is asked for with an Origin that nobody can have listed, where that was "
               "possible.",
        .fix = "Compare Origin with a list; never send back what was asked together with "
               "credentials.",
        .fn = check_cors,
    },
    {
        .id = "sri",
        .title = "Integrity of foreign scripts",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "Subresource Integrity 3",
        .how = "The page is scanned for scripts and styles of other sites.",
        .fix = "Serve them yourself, or add integrity and crossorigin.",
        .fn = check_sri,
    },
    {
        .id = "mixed_content",
        .title = "Mixed content",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "Mixed Content 4",
        .how = "The page is scanned for what it loads over http:.",
        .fix = "Load everything over https.",
        .remedy = REMEDY_HEADER("Content-Security-Policy", "upgrade-insecure-requests"),
        .fn = check_mixed_content,
    },
    {
        .id = "http_forms",
        .title = "Forms that send over http",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "Mixed Content 6",
        .how = "The page is scanned for forms and password fields.",
        .fix = "Send forms to https, best to the same host.",
        .remedy = REMEDY_HEADER("Content-Security-Policy", "form-action 'self'"),
        .fn = check_http_forms,
    },
    {
        .id = "banners",
        .title = "Versions told to everybody",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 9110 10.2.4",
        .how = "Server, X-Powered-By and their like are read.",
        .fix = "Leave the version out: it helps who looks for a fault of just that one.",
        .remedy = {.gate443 = "header remove X-Powered-By;",
                   .nginx = "server_tokens off;\nproxy_hide_header X-Powered-By;",
                   .apache =
                       "ServerTokens Prod\nServerSignature Off\nHeader always unset X-Powered-By",
                   .haproxy =
                       "http-response del-header Server\nhttp-response del-header X-Powered-By",
                   .caddy = "header {\n    -Server\n    -X-Powered-By\n}"},
        .fn = check_banners,
    },
    {
        .id = "clock_skew",
        .title = "Clock",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 9110 6.6.1",
        .how = "Date is compared with the clock here.",
        .fix = "Let the server's clock be set over the network (NTP, with NTS).",
        .fn = check_clock_skew,
    },
    {
        .id = "hpkp",
        .title = "Public-Key-Pins",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 7469",
        .how = "The field is looked for.",
        .fix = "Stop sending it.",
        .remedy = {.gate443 = "header remove Public-Key-Pins;",
                   .nginx = "proxy_hide_header Public-Key-Pins;",
                   .apache = "Header always unset Public-Key-Pins",
                   .haproxy = "http-response del-header Public-Key-Pins",
                   .caddy = "header -Public-Key-Pins"},
        .fn = check_hpkp,
    },
    {
        .id = "expect_ct",
        .title = "Expect-CT",
        .section = SECTION_HTTP,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 9163",
        .how = "The field is looked for.",
        .fix = "Stop sending it.",
        .remedy = {.gate443 = "header remove Expect-CT;",
                   .nginx = "proxy_hide_header Expect-CT;",
                   .apache = "Header always unset Expect-CT",
                   .haproxy = "http-response del-header Expect-CT",
                   .caddy = "header -Expect-CT"},
        .fn = check_expect_ct,
    },
    {
        .id = "breach",
        .title = "BREACH",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .cve = "CVE-2013-3587",
        .how = "The page is asked for with compression offered; whether it sets cookies or gives "
               "back what was asked is looked at.",
        .fix = "Do not compress pages that hold secrets; static files may be.",
        .remedy = {.gate443 = "compress {\n    dynamic off;\n}  # the default",
                   .nginx = "gzip off;  # where pages are made for their visitor",
                   .apache = "SetEnv no-gzip 1\nSetEnv no-brotli 1",
                   .haproxy = "# take the lines `compression` out",
                   .caddy = "# take the line `encode` out"},
        .fn = check_breach,
    },
    {
        .id = "truncation",
        .title = "Truncation",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 8446 6.1, RFC 9112 8",
        .how = "The end of an answer without length is looked at: with or without close_notify.",
        .fix = "Send Content-Length or chunks; close TLS with close_notify.",
        .remedy = {.apache = "# take the lines with ssl-unclean-shutdown out"},
        .fn = check_truncation,
    },
    {
        .id = "opossum",
        .title = "Opossum",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .cve = "CVE-2025-49812",
        .rfc = "RFC 2817",
        .how = "OPTIONS * with Upgrade: TLS/1.0 on port 80.",
        .fix = "Switch the upgrade off: in Apache, no SSLEngine optional.",
        .remedy = {.apache = "SSLEngine on  # never: optional"},
        .fn = check_opossum,
    },
    {
        .id = "http_lenient",
        .title = "Strict HTTP",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 9112 2.2, 5",
        .how = "The answer is read by a strict parser; what that refuses is told.",
        .fix = "Have whatever makes the answer write it as the RFC says.",
        .fn = check_http_lenient,
    },
    {
        .id = "alt_svc",
        .title = "Alt-Svc",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "RFC 7838 3",
        .how = "The field is parsed, and held against what UDP answers.",
        .fix = "Open UDP 443, or take the promise back.",
        .remedy =
            {.nginx = "listen 443 quic;\nadd_header Alt-Svc 'h3=\":443\"; ma=86400' always;",
             .haproxy =
                 "http-response del-header Alt-Svc  # or: bind quic4@:443 ssl crt site.pem alpn h3",
             .caddy = "# by itself; UDP 443 has to be open"},
        .fn = check_alt_svc,
    },
    {
        .id = "security_headers",
        .title = "Security fields together",
        .section = SECTION_HTTP,
        .severity = SEVERITY_LOW,
        .rfc = "MDN HTTP Observatory",
        .how = "The usual fields are counted, and the Observatory's points added up.",
        .fix = "Send those that are missing; see each one's own line.",
        .remedy = {.gate443 = "safe_headers on;  # the default"},
        .fn = check_security_headers,
    },
};

const struct check_table checks_http = {rows, sizeof rows / sizeof *rows};
