"""The configurations that audit_peers.py compares on, as data: a server of Debian, its configuration, what it is meant to show.

@C@ is the folder of certificates (peer_certs.py), @W@ the server's own folder, @BACKEND@ a plain HTTP server's port. All
run in a network namespace of their own, so they may have the ports 443 and 80."""
from dataclasses import dataclass, field

INTERMEDIATE = ("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305")
HSTS = "max-age=63072000; includeSubDomains; preload"


@dataclass
class Peer:
    id: str
    server: str
    shows: str
    text: str = ""                                # the server's own part of the configuration, or its options
    certs: tuple = ("ec",)
    expect: dict = field(default_factory=dict)    # check of ours -> "v" vulnerable, "s" safe, "u" not testable
    client_certificate: bool = False              # no tool can finish a handshake
    testssl: bool = False                         # among the few that testssl.sh is run on


# --- how each server is started: argv, and files to write into @W@ ----------------------------------------------------

def nginx(peer):
    pairs = "".join(f"ssl_certificate @C@/{c}.pem; ssl_certificate_key @C@/{c}.key;\n" for c in peer.certs)
    parts = {"https": "", "plain": "return 301 https://$host$request_uri;", "http": "", "listen": "ssl http2"}
    for line in peer.text.split("\n"):
        word, _, rest = line.strip().partition(": ")
        if word in parts:
            parts[word] = rest if word in ("listen", "plain") else parts[word] + rest + "\n"
    conf = f"""worker_processes 1; daemon off; pid @W@/pid; error_log @W@/log crit; events {{ worker_connections 512; }}
http {{ access_log off; types {{ text/html html; }} default_type text/html; {parts["http"]}
client_body_temp_path @W@/t1; proxy_temp_path @W@/t2; fastcgi_temp_path @W@/t3; uwsgi_temp_path @W@/t4; scgi_temp_path @W@/t5;
server {{ listen 127.0.0.1:80; server_name www.peer.test; {parts["plain"]} }}
server {{ listen 127.0.0.1:443 {parts["listen"]}; server_name www.peer.test; root @W@/www;
{pairs}{parts["https"]} }} }}"""
    return ["nginx", "-c", "@W@/conf", "-p", "@W@"], {"conf": conf}


def apache(peer):
    modules = ["mpm_event", "authz_core", "ssl", "headers", "socache_shmcb", "mime", "dir", "http2", "deflate", "filter", "alias"]
    loads = "".join(f"LoadModule {m}_module /usr/lib/apache2/modules/mod_{m}.so\n" for m in modules)
    pairs = "".join(f"SSLCertificateFile @C@/{c}.pem\nSSLCertificateKeyFile @C@/{c}.key\n" for c in peer.certs)
    conf = f"""{loads}ServerRoot @W@
PidFile @W@/pid
Mutex file:@W@
ErrorLog @W@/log
LogLevel crit
ServerName www.peer.test
User nobody
Group nogroup
StartServers 1
ThreadsPerChild 32
MaxRequestWorkers 128
ServerLimit 4
DirectoryIndex index.html
Listen 127.0.0.1:443
Listen 127.0.0.1:80
DocumentRoot @W@/www
TypesConfig /etc/mime.types
SSLSessionCache shmcb:@W@/cache(512000)
<VirtualHost 127.0.0.1:80>
Redirect permanent / https://www.peer.test/
</VirtualHost>
<VirtualHost 127.0.0.1:443>
SSLEngine on
{pairs}{peer.text}
</VirtualHost>"""
    return ["apache2", "-DFOREGROUND", "-f", "@W@/conf"], {"conf": conf}


def haproxy(peer):
    glob, bind, rest = (peer.text.split("\n---\n") + ["", ""])[:3]
    conf = f"""global
maxconn 500
{glob}
defaults
mode http
timeout client 20s
timeout server 20s
timeout connect 5s
frontend https
bind 127.0.0.1:443 ssl {" ".join(f"crt @C@/{c}.both" for c in peer.certs)} {bind}
{rest}
http-request return status 200 content-type text/html string "<!doctype html><title>peer</title>"
frontend http
bind 127.0.0.1:80
http-request redirect scheme https code 301
"""
    return ["haproxy", "-db", "-f", "@W@/conf"], {"conf": conf}


def lighttpd(peer):
    conf = f"""server.modules = ("mod_openssl", "mod_setenv", "mod_redirect")
server.document-root = "@W@/www"
server.bind = "127.0.0.1"
server.port = 80
server.errorlog = "@W@/log"
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
$SERVER["socket"] == "127.0.0.1:80" {{ url.redirect = ("" => "https://www.peer.test${{url.path}}") }}
$SERVER["socket"] == "127.0.0.1:443" {{
ssl.engine = "enable"
ssl.pemfile = "@C@/{peer.certs[0]}.pem"
ssl.privkey = "@C@/{peer.certs[0]}.key"
{peer.text}
}}"""
    return ["lighttpd", "-D", "-f", "@W@/conf"], {"conf": conf}


def h2o(peer):
    conf = f"""num-threads: 1
user: nobody
hosts:
  www.peer.test:
    listen:
      host: 127.0.0.1
      port: 443
      ssl:
        certificate-file: @C@/{peer.certs[0]}.pem
        key-file: @C@/{peer.certs[0]}.key
        {peer.text}
    paths:
      /:
        file.dir: @W@/www
"""
    return ["h2o", "-c", "@W@/conf"], {"conf": conf}


def caddy(peer):
    conf = f"""{{
 admin off
 auto_https disable_certs
 storage file_system @W@
}}
https://www.peer.test {{
 bind 127.0.0.1
 {peer.text.replace("@PAIR@", f"@C@/{peer.certs[0]}.pem @C@/{peer.certs[0]}.key")}
 root * @W@/www
 file_server
}}
"""
    return ["caddy", "run", "--config", "@W@/conf", "--adapter", "caddyfile"], {"conf": conf}


def stunnel(peer):
    conf = f"""foreground = yes
syslog = no
debug = 0
output = @W@/log
pid =
[https]
accept = 127.0.0.1:443
connect = 127.0.0.1:@BACKEND@
cert = @C@/{peer.certs[0]}.pem
key = @C@/{peer.certs[0]}.key
{peer.text}
"""
    return ["stunnel4", "@W@/conf"], {"conf": conf}


def openssl(peer):
    pairs = ["-cert", f"@C@/{peer.certs[0]}.pem", "-key", f"@C@/{peer.certs[0]}.key"]
    if peer.certs[0] != "old":
        pairs += ["-cert_chain", "@C@/middle.pem"]
    if len(peer.certs) > 1:
        pairs += ["-dcert", f"@C@/{peer.certs[1]}.pem", "-dkey", f"@C@/{peer.certs[1]}.key"]
    return ["openssl", "s_server", "-accept", "127.0.0.1:443", "-quiet", *pairs, *peer.text.split()], {}


def gnutls(peer):
    pairs = [x for c in peer.certs for x in ("--x509certfile", f"@C@/{c}.pem", "--x509keyfile", f"@C@/{c}.key")]
    return ["gnutls-serv", "--port", "443", "--http", "--quiet", *pairs, *peer.text.split()], {}


def ngtcp2(peer):
    """nginx for TCP, and ngtcp2's server for UDP on the same port."""
    argv, files = nginx(peer)
    files["quic.sh"] = ("/usr/sbin/gtlsserver -q -d @W@/www 127.0.0.1 443 @C@/ec.key @C@/ec.pem & exec " + " ".join(argv))
    return ["sh", "@W@/quic.sh"], files


STARTERS = {"nginx": nginx, "apache": apache, "haproxy": haproxy, "lighttpd": lighttpd, "h2o": h2o, "caddy": caddy,
            "stunnel": stunnel, "openssl": openssl, "gnutls": gnutls, "ngtcp2": ngtcp2}

# --- the configurations -----------------------------------------------------------------------------------------------

CLEAN = dict.fromkeys(["ssl2", "ssl3", "tls10", "tls11", "heartbleed", "early_ccs", "ticketbleed", "robot", "compression",
                       "secure_renegotiation", "null_suites", "anonymous_suites", "export_suites", "rc4", "sweet32", "poodle_tls",
                       "zombie_poodle", "goldendoodle", "sleeping_poodle", "zero_length", "lucky_minus_20", "freak", "logjam"], "s")
NO_TICKETS = {**CLEAN, "ticketbleed": "u"}
NO_HANDSHAKE = {**NO_TICKETS, "client_certificate": "v", **dict.fromkeys(["poodle_tls", "zombie_poodle", "goldendoodle", "sleeping_poodle",
                                                                      "zero_length", "lucky_minus_20"], "u")}
LEGACY = {"tls10": "v", "tls11": "v"}
OLD = "ALL:@SECLEVEL=0"

PEERS = [
    # nginx
    Peer("nginx-intermediate", "nginx", "Mozilla intermediate, two certificates, HSTS, redirect", f"""
        https: ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {INTERMEDIATE}; ssl_prefer_server_ciphers off;
        https: add_header Strict-Transport-Security "{HSTS}" always; server_tokens off;
        plain: server_tokens off; return 301 https://$host$request_uri;""", ("ec", "rsa"),
         {**CLEAN, "tls13": "s", "server_order": "s", "forward_secrecy": "s", "hsts": "s", "redirect": "s", "cert_name": "s",
          "cert_trust": "s"}, testssl=True),
    Peer("nginx-modern", "nginx", "Mozilla modern: TLS 1.3 and nothing else", """
        https: ssl_protocols TLSv1.3;""", expect={**CLEAN, "tls13": "s", "tls12": "s"}),
    Peer("nginx-default", "nginx", "what nginx does when nothing is said; TLS 1.0 configured, but stopped by security level 2",
         "", ("rsa",), {**CLEAN, "hsts": "v"}, testssl=True),
    Peer("nginx-legacy", "nginx", "everything that this OpenSSL still knows, at security level 0", f"""
        https: ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers {OLD}; ssl_dhparam @C@/dh1024.pem;
        plain: return 200 hello;""", ("rsa", "ec"),
         {**LEGACY, "ssl3": "s", "anonymous_suites": "v", "dh_weak": "v", "redirect": "v", "static_rsa": "v"}, testssl=True),
    Peer("nginx-null", "nginx", "suites without encryption", """
        https: ssl_protocols TLSv1.2; ssl_ciphers NULL:aNULL:@SECLEVEL=0;""", ("rsa",),
         {"null_suites": "v", "anonymous_suites": "v", "forward_secrecy": "s"}),
    Peer("nginx-server-order", "nginx", "the server's order, ChaCha20 first for those who like it", """
        https: ssl_protocols TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; ssl_conf_command Options PrioritizeChaCha;
        https: ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;""", ("rsa",), {**CLEAN, "server_order": "s", "chacha_order": "s"}),
    Peer("nginx-static-rsa", "nginx", "static RSA key exchange with CBC only", """
        https: ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA:AES256-SHA:AES128-SHA256; ssl_prefer_server_ciphers on;""",
         ("rsa",), {**CLEAN, "static_rsa": "v", "forward_secrecy": "v", "aead": "v", "robot": "s"}, testssl=True),
    Peer("nginx-cbc-no-etm", "nginx", "CBC without encrypt-then-MAC", """
        https: ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA384; ssl_conf_command Options -EncryptThenMac;""",
         ("rsa",), {**CLEAN, "etm": "v", "cbc_suites": "v"}),
    Peer("nginx-client-certificate", "nginx", "asks every client for a certificate, answers 400 without", """
        https: ssl_verify_client on; ssl_client_certificate @C@/ca.pem;""", expect={**CLEAN, "client_certificate": "v"}),
    Peer("nginx-old-certificate", "nginx", "RSA with 1024 bits, SHA-1, self-signed, expired", """
        https: ssl_protocols TLSv1.2; ssl_ciphers DEFAULT:@SECLEVEL=0;""", ("old",),
         {"cert_key": "v", "cert_signature": "s", "cert_expiry": "v", "cert_trust": "v"}),
    Peer("nginx-sha1", "nginx", "a SHA-1 signature on the leaf", """
        https: ssl_ciphers DEFAULT:@SECLEVEL=0;""", ("sha1",), {"cert_signature": "v"}),
    Peer("nginx-expired", "nginx", "an expired certificate", "", ("expired",), {"cert_expiry": "v"}),
    Peer("nginx-not-yet", "nginx", "a certificate of next week", "", ("future",), {"cert_not_yet": "v", "cert_expiry": "s"}),
    Peer("nginx-expires-soon", "nginx", "a certificate with five of ninety days left", "", ("soon",), {"cert_renewal": "v", "cert_expiry": "s"}),
    Peer("nginx-long-lived", "nginx", "a certificate of 800 days", "", ("long",), {"cert_expiry": "s"}),
    Peer("nginx-other-name", "nginx", "a certificate of another host", "", ("other",), {"cert_name": "v", "cert_trust": "s"}),
    Peer("nginx-wildcard", "nginx", "a wildcard", "", ("wild",), {"cert_name": "s"}),
    Peer("nginx-common-name", "nginx", "the name only in the subject", "", ("onlycn",), {"cert_name": "v"}),
    Peer("nginx-self-signed", "nginx", "signs itself", "", ("self",), {"cert_trust": "v", "cert_name": "s"}),
    Peer("nginx-incomplete", "nginx", "the intermediate is not sent", "", ("bare",), {"cert_chain": "u", "cert_trust": "v"}),
    Peer("nginx-root-sent", "nginx", "the root is sent, too", "", ("rooted",), {"cert_trust": "s"}),
    Peer("nginx-mixed-chain", "nginx", "the chain out of order", "", ("mixed",), {"cert_trust": "s"}),
    Peer("nginx-ed25519", "nginx", "an Ed25519 key", "", ("ed25519",), {**CLEAN, "cert_key": "s"}),
    Peer("nginx-p521", "nginx", "P-521 for certificate and key exchange", """
        https: ssl_ecdh_curve secp521r1;""", ("p521",), CLEAN),
    Peer("nginx-stapled", "nginx", "a stapled OCSP answer", """
        https: ssl_stapling on; ssl_stapling_file @C@/stapled.ocsp;""", ("stapled",), {**CLEAN, "ocsp_staple": "s", "cert_revoked": "s"},
         testssl=True),
    Peer("nginx-must-staple", "nginx", "must-staple, and nothing stapled", "", ("must",), {"must_staple": "v"}),
    Peer("nginx-early-data", "nginx", "0-RTT", """
        https: ssl_protocols TLSv1.3; ssl_early_data on;""", expect={"early_data": "v", "early_data_replay": "v", "resumption": "s"}),
    Peer("nginx-dhe-1024", "nginx", "DHE with a common prime of 1024 bits", """
        https: ssl_protocols TLSv1.2; ssl_ciphers DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA:@SECLEVEL=0; ssl_dhparam @C@/dh1024.pem;""",
         ("rsa",), {"dh_weak": "v", "dh_common_prime": "v", "logjam": "v"}),
    Peer("nginx-dhe-auto", "nginx", "DHE with OpenSSL's choice of prime", """
        https: ssl_protocols TLSv1.2; ssl_ciphers kDHE+AES; ssl_conf_command Options -SessionTicket; ssl_dhparam @C@/dh2048.pem;""",
         ("rsa",), {**NO_TICKETS, "dh_weak": "s"}),
    Peer("nginx-no-resumption", "nginx", "neither tickets nor a session cache", """
        https: ssl_session_tickets off; ssl_session_cache off;""", expect=NO_TICKETS),
    Peer("nginx-strict-names", "nginx", "refuses handshakes for unknown names with an alert", """
        https: }
        https: server { listen 127.0.0.1:443 ssl default_server; ssl_reject_handshake on;""", expect={**CLEAN, "alpaca_sni": "s"}),
    Peer("nginx-gzip", "nginx", "compresses a page that echoes its query", """
        http: gzip on; gzip_min_length 1;
        https: location / { add_header Set-Cookie "session=$request_id"; return 200 "<p>$request_id $args aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; }""",
         expect={**CLEAN, "breach": "v", "cookies": "v"}),
    Peer("nginx-chacha", "nginx", "ChaCha20 only", """
        https: ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers ECDHE-ECDSA-CHACHA20-POLY1305; ssl_conf_command Ciphersuites TLS_CHACHA20_POLY1305_SHA256;""",
         expect=CLEAN),
    Peer("nginx-tls10-only", "nginx", "TLS 1.0 and nothing else", """
        https: ssl_protocols TLSv1; ssl_ciphers AES128-SHA:ECDHE-RSA-AES128-SHA:@SECLEVEL=0;""", ("rsa",), {"tls10": "v", "tls11": "s", "tls12": "v"}),
    # Apache
    Peer("apache-default", "apache", "what Apache does when nothing is said", "", ("rsa",), {**CLEAN, "tls13": "s"}, testssl=True),
    Peer("apache-intermediate", "apache", "Mozilla intermediate, two certificates, HTTP/2, HSTS", f"""
SSLProtocol all -SSLv3 -TLSv1 -TLSv1.1
SSLCipherSuite {INTERMEDIATE}
SSLHonorCipherOrder off
Protocols h2 http/1.1
Header always set Strict-Transport-Security "{HSTS}"
""", ("ec", "rsa"), {**CLEAN, "hsts": "s", "redirect": "s"}),
    Peer("apache-legacy", "apache", "old versions and suites, the server's order", f"""
SSLProtocol all
SSLCipherSuite {OLD}
SSLHonorCipherOrder on
SSLInsecureRenegotiation on
""", ("rsa", "ec"), {**LEGACY, "anonymous_suites": "s", "server_order": "s", "chacha_order": "v"}),
    Peer("apache-late-certificate", "apache", "asks for a client's certificate beneath /secret only", """
<Location /secret>
SSLVerifyClient require
</Location>
SSLCACertificateFile @C@/ca.pem
""", ("rsa",), CLEAN),
    Peer("apache-strict-names", "apache", "strict SNI, no tickets, no cookies' flags", """
SSLStrictSNIVHostCheck on
SSLSessionTickets off
Header set Set-Cookie "id=1; path=/"
""", ("ec",), {**NO_TICKETS, "cookies": "v"}),
    # HAProxy
    Peer("haproxy-default", "haproxy", "what HAProxy does when nothing is said", "", ("rsa",), CLEAN, testssl=True),
    Peer("haproxy-intermediate", "haproxy", "Mozilla intermediate, HTTP/2, HSTS", f"""ssl-default-bind-ciphers {INTERMEDIATE}
ssl-default-bind-options prefer-client-ciphers no-sslv3 no-tlsv10 no-tlsv11 no-tls-tickets
---
alpn h2,http/1.1
---
http-after-response set-header Strict-Transport-Security "{HSTS}"
""", ("ec",), {**NO_TICKETS, "hsts": "s"}),
    Peer("haproxy-legacy", "haproxy", "old versions and suites", f"""tune.ssl.default-dh-param 1024
---
ssl-min-ver TLSv1.0 ciphers {OLD}
---
""", ("rsa",), {**LEGACY}),
    Peer("haproxy-strict", "haproxy", "strict SNI, one curve, 0-RTT", """
---
strict-sni curves secp384r1 allow-0rtt alpn h2,http/1.1
---
""", ("ec",), {**CLEAN, "alpaca_sni": "s"}),
    # lighttpd
    Peer("lighttpd-default", "lighttpd", "what lighttpd does when nothing is said", "", ("rsa",), CLEAN),
    Peer("lighttpd-legacy", "lighttpd", "old versions and suites", f"""
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "CipherString" => "{OLD}", "Options" => "-ServerPreference")
""", ("rsa",), LEGACY),
    Peer("lighttpd-modern", "lighttpd", "TLS 1.3 only, HSTS", f"""
ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.3")
setenv.add-response-header = ("Strict-Transport-Security" => "{HSTS}")
""", ("ec",), {**CLEAN, "tls13": "s", "hsts": "s"}),
    # h2o
    Peer("h2o-default", "h2o", "what h2o does when nothing is said", "", ("rsa",), CLEAN, testssl=True),
    Peer("h2o-legacy", "h2o", "from TLS 1.0 on", """minimum-version: TLSv1
        cipher-suite: ALL:@SECLEVEL=0
        cipher-preference: server""", ("rsa",), LEGACY),
    Peer("h2o-ecdsa", "h2o", "ECDSA, the server's order", """minimum-version: TLSv1.2
        cipher-suite: ECDHE+AESGCM
        cipher-preference: server""", ("ec",), CLEAN),
    # Caddy
    Peer("caddy-default", "caddy", "what Caddy does when nothing is said", "tls @PAIR@", ("ec",), {**CLEAN, "redirect": "s"}, testssl=True),
    Peer("caddy-tls12", "caddy", "TLS 1.2 with static RSA-free CBC, one curve", """tls @PAIR@ {
  protocols tls1.2 tls1.2
  ciphers TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
  curves secp256r1
 }""", ("rsa",), {**CLEAN, "cbc_suites": "v"}),
    Peer("caddy-client-certificate", "caddy", "refuses clients without a certificate in the handshake", """tls @PAIR@ {
  client_auth {
   mode require_and_verify
   trusted_ca_cert_file @C@/ca.pem
  }
 }""", ("ec",), {**NO_TICKETS, "client_certificate": "v"}, client_certificate=True),
    # stunnel
    Peer("stunnel-default", "stunnel", "what stunnel does when nothing is said", "", ("rsa",), CLEAN),
    Peer("stunnel-legacy", "stunnel", "old versions, client-initiated renegotiation allowed", f"""sslVersionMin = TLSv1
ciphers = {OLD}
securityLevel = 0
renegotiation = yes
options = -NO_RENEGOTIATION
""", ("rsa",), LEGACY),
    Peer("stunnel-verify", "stunnel", "refuses clients without a certificate in the handshake", """verifyPeer = yes
CAfile = @C@/ca.pem
""", ("ec",), NO_HANDSHAKE, client_certificate=True),
    # openssl s_server: one connection at a time
    Peer("openssl-tls10", "openssl", "TLS 1.0 only, RSA with 1024 bits, one connection at a time",
         "-tls1 -cipher ALL:@SECLEVEL=0 -www", ("old",), {"tls10": "v", "tls12": "v", "cert_key": "v", "beast": "v"}),
    Peer("openssl-renegotiation", "openssl", "client-initiated and insecure renegotiation allowed",
         "-tls1_2 -client_renegotiation -legacy_renegotiation -www", ("rsa",), {"client_renegotiation": "v"}),
    Peer("openssl-early-data", "openssl", "0-RTT, no HTTP behind it", "-early_data -no_anti_replay -tls1_3", ("ec",), {"tls13": "s"}),
    Peer("openssl-two-keys", "openssl", "RSA and ECDSA, the server's order, no tickets",
         "-serverpref -no_ticket -num_tickets 0 -www", ("rsa", "p384"), NO_TICKETS),
    Peer("openssl-anonymous", "openssl", "anonymous suites only", "-tls1_2 -cipher aNULL:@SECLEVEL=0 -www", ("rsa",), {"anonymous_suites": "v"}),
    Peer("openssl-no-etm", "openssl", "no encrypt-then-MAC, no tickets",
         "-tls1_2 -no_ticket -no_etm -cipher ECDHE-RSA-AES128-SHA -www", ("rsa",), {"etm": "v"}),
    # gnutls-serv
    Peer("gnutls-default", "gnutls", "what GnuTLS does when nothing is said", "", ("rsa",), {"tls13": "s", "heartbleed": "s"}, testssl=True),
    Peer("gnutls-legacy", "gnutls", "every version and suite that this GnuTLS still knows",
         "--priority NORMAL:+VERS-ALL:+ARCFOUR-128:+3DES-CBC:+NULL:+CAMELLIA-128-CBC:+ANON-ECDH:+ANON-DH:+RSA:+MD5:+SHA1:%UNSAFE_RENEGOTIATION:%NO_ETM",
         ("rsa",), {**LEGACY, "rc4": "v", "sweet32": "v"}),
    Peer("gnutls-heartbeat", "gnutls", "the heartbeat extension, patched of course", "--heartbeat --priority NORMAL:-VERS-TLS1.3", ("ec",),
         {"heartbleed": "s"}),
    # QUIC
    Peer("ngtcp2", "ngtcp2", "HTTP/3 by ngtcp2's server beside nginx", """
        https: add_header Alt-Svc 'h3=":443"';""", ("ec",), CLEAN),
]
