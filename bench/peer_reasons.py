"""Why the tools differ: one row for each kind of difference that was looked into. (tool, fact, member, configurations) are
patterns (fnmatch) of the difference; `right` is who is; `why` says how it was decided."""
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass
class Reason:
    tool: str
    fact: str
    member: str
    peers: str
    right: str
    why: str

    def fits(self, tool, fact, member, peer):
        return (fnmatchcase(tool, self.tool) and any(fnmatchcase(fact, f) for f in self.fact.split("|"))
                and any(fnmatchcase(member, m) for m in self.member.split("|"))
                and any(fnmatchcase(peer, p) for p in self.peers.split("|")))


EC_KEY = "nginx-*|apache-intermediate|apache-legacy|apache-strict-names|haproxy-intermediate|haproxy-strict|h2o-ecdsa|caddy-*|stunnel-verify|openssl-two-keys|ngtcp2"

REASONS = [
    Reason("sslscan", "signature algorithms", "ANY", "*", "ours",
           "TLS 1.0 and 1.1 have no choice of algorithms (RFC 5246 7.4.1.4.1 is the first); sslscan's made-up one is answered for that reason"),
    Reason("sslscan", "signature algorithms", "*", "openssl-anonymous|nginx-null|nginx-static-rsa|nginx-legacy", "ours",
           "nothing is signed in a handshake of an anonymous or a static RSA suite: s_client shows no `Peer signing digest`; sslscan takes the "
           "handshake for a signature. Where there are ECDHE suites, too, it counts only what its own first suite shows"),
    Reason("sslscan", "signature algorithms", "ecdsa_*|ed25519", EC_KEY, "ours",
           "`s_client -tls1_2 -sigalgs ECDSA+SHA384`: Peer signing digest SHA384, signature type ECDSA; sslscan's one hello for each algorithm is refused"),
    Reason("sslscan", "signature algorithms", "rsa_*", "nginx-intermediate|apache-intermediate|nginx-server-order|openssl-two-keys|apache-legacy", "ours",
           "`s_client -tls1_2 -cipher aRSA -sigalgs RSA+SHA384`: Peer signing digest SHA384; sslscan asks with suites that leave RSA out"),
    Reason("sslscan", "signature algorithms", "rsa_*", "nginx-cbc-no-etm|caddy-tls12|openssl-no-etm|gnutls-*", "ours",
           "`s_client -tls1_2 -sigalgs RSA+SHA384`: Peer signing digest SHA384 (and so for the others); sslscan's hello for this is refused"),
    Reason("sslscan", "groups", "*", "nginx-null|openssl-anonymous", "ours",
           "`s_client -cipher AECDH-AES256-SHA:@SECLEVEL=0 -groups secp521r1`: Server Temp Key ECDH, secp521r1; sslscan asks for groups without these suites"),
    Reason("sslscan", "groups", "*", "nginx-*|ngtcp2", "ours",
           "`s_client -tls1_2 -groups secp384r1:prime256v1`: Server Temp Key ECDH, secp384r1; without prime256v1 alert 40, since a P-256 key needs its own "
           "curve in the list (RFC 8422 5.1.1): sslscan asks for one group at a time. Ours had this wrong, too, but for X25519, and was corrected"),
    Reason("sslscan", "suites *", "*", "h2o-*", "ours",
           "`s_client -tls1_2 -cipher AES128-SHA`: Cipher is AES128-SHA; sslscan stops before the suites with static RSA"),
    Reason("sslscan", "suites *", "*", "caddy-client-certificate|stunnel-verify", "ours",
           "the server names the suite, signs, and then refuses for want of a client certificate (s_client: Cipher is ECDHE-ECDSA-AES128-GCM-SHA256, then "
           "alert 42): sslscan counts only finished handshakes"),
    Reason("sslscan", "certificates", "*", "nginx-ed25519", "ours", "the key is Ed25519 (peer_certs.py); sslscan calls it unknown"),
    Reason("sslscan", "certificates", "*", "*", "ours", "there are two certificates (ssl_certificate twice in the configuration); sslscan looks at the one that its own hello gets"),
]
