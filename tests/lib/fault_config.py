"""What the fault server can be told: one dataclass, and the table of its faults. Without any fault the server is an
honest, patched one; `patched` below says what that one does in the place of the fault."""
from dataclasses import dataclass, field

import tls_certs
import tls_groups
from tls_suites import numbers, suite
from tls_wire import GROUP, SIGALG, SSL2, TLS10, TLS12, TLS13, VERSIONS


@dataclass(frozen=True)
class Fault:
    name: str
    kind: str               # vulnerable, near (harmless, but easily taken for the fault), intolerant, hostile
    default: object         # the value when only the name is given; its type is the value's type
    doc: str


ROWS = """
# Named vulnerabilities
heartbleed              vulnerable 1             heartbeat longer than its record is answered with 16 KiB of memory.
                                                 Patched: see heartbeat
heartbeat               near       1             heartbeat extension; honest ones are answered, over-long ones dropped
                                                 (patched OpenSSL)
heartbleed_silent       near       1             heartbeat extension, and no answer to anything that comes after a
                                                 heartbeat
ccs                     vulnerable 20            early ChangeCipherSpec: silence on #1, this alert on what follows.
                                                 Patched: alert 10 at once
ccs_alert               near       40            early ChangeCipherSpec is refused, but with this alert
ccs_silent              near       1             early ChangeCipherSpec is ignored, as often as it comes
ticketbleed             vulnerable 1             resumption by ticket: session id comes back padded to 32 bytes with
                                                 memory. Patched: echoed as sent
tickets_refused         near       1             tickets are given and never taken: a full handshake with a new 32-byte
                                                 session id
robot                   vulnerable alert         RSA padding oracle; words joined by +: alert|reset|close|timeout,
                                                 strong|weak, finished (shows only after CKE+CCS+Finished; else on CKE
                                                 alone). Patched: a random premaster secret goes on
robot_noise             near       1             RSA key exchange that fails with alert 20, 40 or 51 by chance, whatever
                                                 the padding
no_secure_renegotiation vulnerable 1             no ff01 in ServerHello, renegotiation refused. Patched: ff01
client_renegotiation    vulnerable 1000          so many renegotiations by the client are accepted. Patched: warning
                                                 100, none
renegotiation_refusal   near       close         how a renegotiation is refused: warning|fatal|close|reset|silent
insecure_renegotiation  vulnerable 1000          no ff01, and so many renegotiations accepted
compression             vulnerable 1             picks DEFLATE when it is offered (and does it)
poodle_tls              vulnerable 1             padding bytes of CBC records are not looked at, only their number
sleeping_poodle         vulnerable 1             of the padding bytes only the one next to the length is looked at
zombie_poodle           vulnerable alert         right MAC and bad padding is answered differently:
                                                 alert|double|close|reset|timeout. Patched: alert 20
goldendoodle            vulnerable alert         bad MAC and right padding is answered differently (values as above)
zero_length             vulnerable close         right padding that leaves no data (bad or no MAC) is answered
                                                 differently (values as above)
lucky_minus20           vulnerable 1             right padding that leaves no room for the MAC: alert 22. Patched: alert
                                                 20
no_scsv                 vulnerable 1             TLS_FALLBACK_SCSV is not looked at. Patched: alert 86
scsv_alert              near       40            TLS_FALLBACK_SCSV is refused, but with this alert
sentinel_missing        vulnerable 1             no DOWNGRD in the random of a 1.3 server that speaks less
sentinel_wrong          vulnerable 1             the other version's DOWNGRD
sslv2                   vulnerable 1             SSLv2, with RC4, 3DES and EXPORT40 specs (the version ssl2)
sslv2_no_specs          near       1             SSLv2 ServerHello with an empty list of specs
drown_extra_clear       vulnerable 1             SSLv2: clear key bytes of a spec that is not for export replace secret
                                                 ones (CVE-2016-0703)
export                  vulnerable 1             export suites up to TLS 1.0, with RSA and DH of 512 bits
weak_suites             vulnerable 1             NULL, anonymous, DES, 3DES, RC4, RC2, IDEA and SEED suites
dh                      vulnerable own-1024      Diffie-Hellman: own-N, ike-N, ffdheN, unsafe-N, composite-N. Patched:
                                                 own-2048
dh_reuse                vulnerable 1             the same Ys in all connections
dh_small_subgroup       vulnerable 1             Yc of 0, 1 or p-1 is accepted. Patched: alert 47
ecdh_reuse              vulnerable 1             the same curve point (or X25519 share) in all connections
invalid_curve           vulnerable 1             P-256 points that are not on the curve are computed with. Patched:
                                                 alert 47
x25519_zero             vulnerable 1             X25519 shares that give zero are accepted. Patched: alert 47
timestamp               vulnerable 1             the first four bytes of ServerHello.random are the time. Patched:
                                                 random
timestamp_fixed         near       1             they are the same in all connections, but no time
no_ems                  vulnerable 1             no extended master secret
no_etm                  vulnerable 1             no encrypt-then-MAC
extensions_unasked      near       1             extended master secret and encrypt-then-MAC are echoed, though nobody
                                                 offered them
tickets_once            near       1             each ticket is taken once; a replay gets a full handshake
stek_static             vulnerable 1             ticket key and its name are the same in all servers and for ever.
                                                 Patched: random, see stek_seconds
early_data              vulnerable 16384         TLS 1.3 tickets allow so much early data; it is taken as often as it is
                                                 sent. Patched: none allowed
early_data_425          near       16384         the same, but requests in early data are answered with 425
early_data_once         near       16384         the same, but a ticket's second early data are refused
early_data_refused      near       16384         tickets allow early data, which are then always refused
suite_not_offered       vulnerable 1             the first suite of the server's list, offered or not
version_not_offered     vulnerable 1             answers with the version above the client's highest
group_not_offered       vulnerable 1             P-384, offered or not
signature_wrong         vulnerable 1             signatures of ServerKeyExchange or CertificateVerify do not match
sloth                   vulnerable 1             TLS 1.2 signatures with MD5 or SHA-1 where the client allows them
finished_unchecked      vulnerable 1             the client's Finished can be anything. Patched: alert 51
skip_cke                vulnerable 1             ChangeCipherSpec without ClientKeyExchange: goes on with an empty
                                                 premaster secret. Patched: alert 10
skip_ccs                vulnerable 1             Finished in clear, without ChangeCipherSpec, is accepted. Patched:
                                                 alert 10
truncation              vulnerable 1             answers without length end with FIN and no close_notify. Patched:
                                                 close_notify
alpn_lax                vulnerable 1             no common ALPN: goes on without. Patched: alert 120
alpn_echo               vulnerable 1             ALPN: the client's first is echoed, whatever it is
sni_lax                 vulnerable 1             any server name gets the default certificate. Patched: alert 112
sni_warning             near       1             unknown server names get alert 112 as a warning, then the handshake
sni_refused             near       1             every server name gets a fatal alert 112, only none goes on
compressed_certificate  near       1             TLS 1.3: the certificates are compressed for who takes that
breach                  vulnerable 1             pages are compressed by gzip, and differ each time
gzip_static             near       1             pages are compressed by gzip, and are always the same
opossum                 vulnerable 1             (port 80) Upgrade: TLS/1.0 is answered with 101
no_redirect             vulnerable 1             (port 80) 200 in clear. Patched: 301 to https
http_cookie             vulnerable 1             (port 80) a cookie without Secure

# Settings that are no faults by themselves
cert                    near       expired       kinds of certificate, joined by +: see --list-certs
chacha_first            near       1             prefers ChaCha20 if the client's first suite is one
suite_random            near       1             any common suite, by chance
suite_client            near       1             the client's order of suites decides
no_tickets              near       1             no tickets, in no version
no_session_id           near       1             no resumption by session id
no_resumption           near       1             neither
client_auth             near       request       asks for a client certificate: request|require
heartbeat_unasked       near       1             answers heartbeats without the extension in ServerHello

# Intolerance
tls13_reset             intolerant 1             reset on a ClientHello that offers TLS 1.3
unknown_version_alert   intolerant 70            this alert on a legacy version above the server's highest, and on
                                                 unknown ones in the list
long_hello_hang         intolerant 1             silence on a ClientHello of 256 to 511 bytes
large_hello_reset       intolerant 1500          reset on a ClientHello of more bytes than this
split_hello_fail        intolerant reset         ClientHello that comes in more than one segment: reset|hang
split_record_fail       intolerant 50            this alert on a ClientHello in more than one record
grease_reset            intolerant 1             reset on any GREASE value
extension_intolerant    intolerant unknown       alert 40 on extensions: unknown (ones), any, or a number
many_suites_reset       intolerant 128           reset on more suites than this

# Hostile and odd behaviour
delay                   hostile    100           milliseconds before each answer
byte_by_byte            hostile    1             each byte in its own segment
drip                    hostile    1.0           the answer comes a byte in so many seconds
alert_split             hostile    1             alerts come in two segments, 20 ms apart
alert_two_records       hostile    1             alerts come in two records of one byte
alert_reset             hostile    1             a reset in place of each fatal alert
alert_silent_close      hostile    1             a close in place of each fatal alert
alert_nothing           hostile    1             fatal alerts are not sent, and the connection stays open
tarpit                  hostile    1             accepts, and never answers
close_at_once           hostile    1             accepts, and closes
reset_at_once           hostile    1             accepts, and resets
serial                  hostile    1             one connection at a time; the others wait unaccepted
rate_limit              hostile    20            so many connections a second; the rest are reset
ban_after               hostile    100           after so many connections all others are reset
concurrent_limit        hostile    4             so many connections at a time; the rest are reset
flaky                   hostile    10            each so-manieth connection is reset after the ClientHello
garbage                 hostile    200           so many random bytes as an answer
http_in_clear           hostile    1             answers with an HTTP error in clear
endless                 hostile    hello_request never-ending: hello_request|certificate|warning|empty
record_size             hostile    18432         handshake records are filled up to this size with ignored messages
                                                 (16384 is the limit in clear)
one_record_each         hostile    1             each handshake message in records of 40 bytes
zero_records            hostile    1000          so many empty handshake records before the answer; 0: for ever
malformed               hostile    server_hello:0:1 a length field of a message is wrong: message:number of the
                                                 field:difference
truncated_hello         hostile    40            ServerHello's flight ends after so many bytes, with FIN
hello_and_alert         hostile    40            ServerHello's flight and this fatal alert in one segment
hello_then_reset        hostile    1             reset after the ServerHello's flight
wrong_record_version    hostile    1             records say version 03.05
sslv2_error             hostile    1             answers with an error message of SSLv2
"""


def _rows():
    rows, name = {}, None
    for line in ROWS.splitlines():
        if line.startswith("   "):                      # goes on
            last = rows[name]
            rows[name] = Fault(name, last.kind, last.default, f"{last.doc} {line.strip()}")
        elif line and not line.startswith("#"):
            name, kind, value, doc = line.split(None, 3)
            rows[name] = Fault(name, kind, _value(value), doc)
    return rows


def _value(text):
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


FAULTS = _rows()


def parse_fault(text):
    name, given, value = text.partition("=")
    if name not in FAULTS:
        raise ValueError(f"no fault is called {name}: see --list")
    return name, _value(value) if given else FAULTS[name].default


def parse_faults(given):
    """A dict, or a set or list of names and name=value."""
    if isinstance(given, dict):
        pairs = [parse_fault(name) if value is True else (parse_fault(name)[0], value)
                 for name, value in given.items() if value is not False and value is not None]
        return dict(pairs)
    return dict(parse_fault(text) for text in given)


STRONG = ("ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
          "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE_RSA_WITH_AES_128_GCM_SHA256")
MORE = ("DHE_RSA_WITH_AES_256_GCM_SHA384", "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "DHE_RSA_WITH_AES_128_GCM_SHA256",
        "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE_RSA_WITH_AES_256_CBC_SHA384",
        "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", "ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "DHE_RSA_WITH_AES_256_CBC_SHA256", "DHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "DHE_RSA_WITH_AES_256_CBC_SHA", "DHE_RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_256_GCM_SHA384",
        "RSA_WITH_AES_128_GCM_SHA256", "RSA_WITH_AES_256_CBC_SHA256", "RSA_WITH_AES_128_CBC_SHA256",
        "RSA_WITH_AES_256_CBC_SHA", "RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_3DES_EDE_CBC_SHA")
TLS13_SUITES = ("AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_GCM_SHA256")
WEAK = ("*WITH_NULL_SHA", "*WITH_NULL_MD5", "*WITH_NULL_SHA256", "DH_anon_WITH*", "ECDH_anon_WITH*",
        "RSA_WITH_DES_CBC_SHA", "DHE_RSA_WITH_DES_CBC_SHA", "*3DES_EDE_CBC_SHA", "*RC4_128_SHA", "*RC4_128_MD5",
        "RSA_WITH_IDEA_CBC_SHA", "*WITH_SEED_CBC_SHA")
ALL_TLS = ("tls1.0", "tls1.1", "tls1.2", "tls1.3")
EXCHANGES = ("RSA", "DHE_RSA", "ECDHE_RSA", "ECDHE_ECDSA", "DH_anon", "ECDH_anon", "RSA_EXPORT", "DHE_RSA_EXPORT",
             "RSA_EXPORT1024", "DH_anon_EXPORT")


@dataclass
class Config:
    versions: tuple = ("tls1.2", "tls1.3")      # of tls_wire.VERSIONS; holes are allowed
    suites: tuple = ("modern",)                 # in the server's order: names, numbers, "*" patterns, or one of
                                                # modern, all (what MORE adds), weak, export, tls13
    suites_by_version: dict = field(default_factory=dict)   # "tls1.0": names, where a version differs
    server_preference: bool = True
    groups: tuple = ("x25519", "p256", "p384")
    groups13: tuple = None                      # where 1.3 differs; may name what we cannot compute
    group_policy: str = "share"                 # share: the best group the client sent a share of, before HRR;
                                                # preferred: the server's best common group, HRR if need be
    sigalgs: tuple = None                       # names or numbers, in the server's order; None: what the key can
    certificates: tuple = ("rsa2048", "p256")   # kinds of keys, or tls_certs.Chain
    cert_kinds: tuple = ()                      # of tls_certs.CERT_KINDS, for those made here
    names: tuple = ("localhost", "fault.test", "*.fault.test", "127.0.0.1", "::1")     # server names it knows
    alpn: tuple = ("http/1.1",)                 # in the server's order; () ignores the extension
    dh: str = "own-2048"                        # of tls_groups.DH_KINDS, or (p, g)
    tickets: bool = True                        # up to TLS 1.2
    tickets13: int = 2
    ticket_lifetime: int = 7200
    stek_seconds: float = 3600                  # age at which the ticket key is replaced; the one before still opens
    session_ids: bool = True
    client_ca_names: tuple = ("Fault Client Authority",)
    http_status: int = 200
    http_headers: tuple = (("Content-Type", "text/html; charset=utf-8"), ("Server", "fault"))
    http_body: bytes = b"<!doctype html><title>fault</title><p>Hello.</p>\n"
    http_answer: object = None                  # function of (method, target, headers dict) → (status, headers, body)
    http_port: int = None                       # a second port that speaks HTTP in clear; 0 chooses one
    redirect: str = "https://localhost:{port}/"
    patience: float = 10                        # seconds of silence before a connection is closed
    faults: dict = field(default_factory=dict)

    def __post_init__(self):
        self.faults = parse_faults(self.faults)
        if self.fault("sslv2") or self.fault("sslv2_no_specs") or self.fault("drown_extra_clear"):
            self.versions = ("ssl2", *self.versions)
        if self.fault("export"):
            self.suites = (*self.suites, "export")
            self.versions = ("tls1.0", *self.versions)
        if self.fault("weak_suites"):
            self.suites = (*self.suites, "weak")
        if self.fault("dh"):
            self.dh = self.fault("dh")
            self.suites = (*self.suites, "DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE_RSA_WITH_AES_128_CBC_SHA")
        if self.fault("cert"):
            self.cert_kinds = (*self.cert_kinds, *self.fault("cert").split("+"))
        self.allowed = sorted({VERSIONS[name] for name in self.versions})
        self.group_numbers = self._groups(self.groups)
        self.group_numbers13 = self._groups(self.groups if self.groups13 is None else self.groups13)
        self.sigalg_numbers = self.sigalgs and [SIGALG.get(one, one) for one in self.sigalgs]
        self.chains = [one if isinstance(one, tls_certs.Chain) else tls_certs.make_chain(one, self.cert_kinds)
                       for one in self.certificates]
        self._prepare()

    def _prepare(self):
        """What takes long to compute is computed before the first client waits for it."""
        if isinstance(self.dh, str):
            tls_groups.dh_parameters(self.dh)
        if self.fault("export"):
            tls_certs.key("rsa512", "export")
            tls_certs.key("rsa1024", "export")

    @staticmethod
    def _groups(names):
        return [GROUP.get(one, one) for one in names]

    def fault(self, name):
        assert name in FAULTS, name
        return self.faults.get(name)

    def suites_of(self, version):
        """Suite numbers for a version, in the server's order."""
        by_name = {VERSIONS[name]: suites for name, suites in self.suites_by_version.items()}
        chosen = []
        for one in by_name.get(version, self.suites):
            chosen += {"modern": [*TLS13_SUITES, *STRONG], "all": [*TLS13_SUITES, *STRONG, *MORE],
                       "tls13": TLS13_SUITES, "weak": WEAK, "export": ["*EXPORT*"]}.get(one, [one])
        if version not in by_name and version < TLS12 and "modern" in self.suites:
            chosen += MORE                              # or nothing would be left below 1.2
        kinds = {chain.key.kind for chain in self.chains}
        return [number for number in numbers(chosen) if self._fits(suite(number), version, kinds,
                                                                   version in by_name or "modern" not in self.suites)]

    @staticmethod
    def _fits(one, version, kinds, named):
        if one.tls13 or version == TLS13:
            return one.tls13 and version == TLS13
        if one.only_tls12 and version < TLS12 or one.export and version > TLS10 and not named:
            return False
        if version == SSL2 or not one.exchange.startswith(EXCHANGES):
            return named
        if one.exchange.startswith("ECDHE_ECDSA"):
            return "ecdsa" in kinds or version == TLS12 and bool({"ed25519", "ed448"} & kinds)
        return "anon" in one.exchange or "rsa" in kinds

