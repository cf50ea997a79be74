"""`gate443 audit --cert --key`: servers that ask for a client certificate, or insist on one. OpenSSL is the judge of what
is sent: its server checks the chain and the signature."""
import itertools
import ssl
import subprocess
import warnings

import pytest

from audit import run_audit
from gate import run_gate
from tls_server import TlsServer, certificate

KEYS = {"rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
        "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "ed25519": ["-algorithm", "ED25519"], "ed448": ["-algorithm", "ED448"],
        "pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"]}
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
OLD = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}    # no algorithm is named: RSA or ECDSA with SHA-1


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The server's certificate, and for each kind of key a client's (self-signed, so its own authority)."""
    home = tmp_path_factory.mktemp("keys")
    certificate(home, "server")
    for name, how in KEYS.items():
        openssl("genpkey", *how, "-out", home / f"{name}.key")
        openssl("req", "-x509", "-key", home / f"{name}.key", "-out", home / f"{name}.crt", "-days", "30",
                "-subj", f"/CN=client {name}")
    openssl("rsa", "-in", home / "rsa.key", "-aes128", "-passout", "pass:secret", "-out", home / "locked.key")
    (home / "both.pem").write_text((home / "p256.crt").read_text() + (home / "p256.key").read_text())
    (home / "empty.pem").write_text("nothing of use\n")
    return home


class AskingServer(TlsServer):
    """Whom it knows by certificate is in `clients`."""

    def __init__(self, home, version=None, insists=True, trusts=tuple(KEYS)):
        super().__init__((home / "server.crt", home / "server.key"))
        self.clients, self.strangers = [], 0
        if version in OLD:
            self.context.set_ciphers("ALL:@SECLEVEL=0")
        if version:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)     # as it should be
                self.context.minimum_version = self.context.maximum_version = {**VERSIONS, **OLD}[version]
        self.context.verify_mode = ssl.CERT_REQUIRED if insists else ssl.CERT_OPTIONAL
        for name in trusts:
            self.context.load_verify_locations(home / f"{name}.crt")

    def _serve(self, visitor):
        try:
            visitor.settimeout(10)
            with visitor, self.context.wrap_socket(visitor, server_side=True) as tls:
                shown = tls.getpeercert()
                if shown:
                    self.clients.append(dict(pair[0] for pair in shown["subject"])["commonName"])
                else:
                    self.strangers += 1
                if tls.recv(65536):
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n")
        except (OSError, ValueError):
            pass


def audit(server, *args):
    return run_audit("--no-quic", "--connect-to", "127.0.0.1", *map(str, args), f"a.test:{server.port}")


def said(audit):
    return audit.findings["client_certificate"]["detail"]


@pytest.mark.parametrize("name, version", [*itertools.product(KEYS, VERSIONS),
                                           *itertools.product(["rsa", "p256", "p384"], OLD)])
def test_accepted(home, name, version):
    with AskingServer(home, version) as server:
        seen = audit(server, "--cert", home / f"{name}.crt", "--key", home / f"{name}.key")
        assert set(server.clients) == {f"client {name}"} and server.strangers == 0
    assert "That of --cert was sent, and the handshake went on." in said(seen)
    assert seen.verdict("hsts") == "vulnerable"     # the page was seen: it lacks that
    assert seen.verdict("resumption") != "not-testable"


def test_demanded_and_not_there(home):
    """What lies behind cannot be tested, and it is said what would help."""
    for version in VERSIONS:
        with AskingServer(home, version) as server:
            seen = audit(server)
            assert not server.clients
        assert "None was sent (--cert FILE sends one), and that was refused (alert " in said(seen), said(seen)
        assert seen.verdict("hsts") == "not-testable"
        assert seen.verdict(f"tls{version.replace('.', '')}") == "safe"


def test_no_signature_that_both_can(home):
    with AskingServer(home, "1.1") as server:
        seen = audit(server, "--cert", home / "ed25519.crt", "--key", home / "ed25519.key")
        assert not server.clients
    assert "None was sent, as the server takes no signature of that key, and that was refused" in said(seen), said(seen)


def test_asked_for_only(home):
    with AskingServer(home, insists=False) as server:
        seen = audit(server)
        assert server.strangers and not server.clients
        assert "None was sent (--cert FILE sends one), and the handshake went on." in said(seen)
        seen = audit(server, "--cert", home / "both.pem")
        assert set(server.clients) == {"client p256"}
        assert "That of --cert was sent, and the handshake went on." in said(seen)


def test_a_stranger_is_refused(home):
    for version in VERSIONS:
        with AskingServer(home, version, trusts=["rsa"]) as server:
            seen = audit(server, "--cert", home / "p256.crt", "--key", home / "p256.key")
            assert not server.clients
        assert "That of --cert was sent, and that was refused (alert 48, unknown_ca)." in said(seen), said(seen)


def test_nobody_asks(home):
    with TlsServer((home / "server.crt", home / "server.key")) as server:
        assert said(audit(server, "--cert", home / "both.pem")) == "No client certificate is asked for."


@pytest.mark.parametrize("args, reason", [
    (["--cert", "none.crt"], "none.crt: No such file"),
    (["--cert", "rsa.crt"], "rsa.crt: no private key in it"),
    (["--cert", "rsa.crt", "--key", "p256.key"], "p256.key: the key is not that of the certificate"),
    (["--cert", "rsa.crt", "--key", "locked.key"], "locked.key: the key is encrypted"),
    (["--cert", "empty.pem", "--key", "rsa.key"], "empty.pem: no certificate in it"),
    (["--cert", "rsa.crt", "--key", "empty.pem"], "empty.pem: no private key in it"),
    (["--cert", "rsa.key"], "rsa.key: no certificate in it"),
])
def test_bad_files(home, args, reason):
    args = [arg if arg.startswith("--") else home / arg for arg in args]
    result = run_gate("audit", *args, "localhost:9", timeout=30)
    assert result.returncode == 1 and reason in result.stderr.decode()


def test_key_alone_is_misuse(home):
    result = run_gate("audit", "--key", home / "rsa.key", "localhost:9", timeout=30)
    assert result.returncode == 2 and "--key goes with --cert" in result.stderr.decode()
