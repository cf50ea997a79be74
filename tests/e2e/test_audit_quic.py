"""`gate443 audit` over UDP, against ngtcp2's server, and over HTTP/2, against our own."""
import json
import shutil
import socket
import subprocess
import time

import pytest

from gate import SANITIZED, run_gate, wait_until
from tls_server import TlsServer, certificate

SERVER = shutil.which("gtlsserver", path="/usr/sbin:/usr/bin:/usr/local/bin")


def audit(target, *args):
    result = run_gate("audit", "--json", "--no-dns", *args, target, timeout=120)
    report = json.loads(result.stdout)["reports"][0]
    assert report["failure"] is None, report["failure"]
    return report


def finding(report, check):
    found = [f for f in report["findings"] if f["id"] == check]
    assert len(found) == 1, (check, [f["id"] for f in report["findings"]])
    return found[0]["verdict"], found[0]["detail"]


def http3(report):
    row = [p for p in report["protocols"] if p["name"] == "HTTP/3"]
    return row[0]["offered"] if row else None


@pytest.fixture
def pair(tmp_path):
    return certificate(tmp_path, "ours")


@pytest.fixture
def quic():
    """quic(port, certificate, *options) starts ngtcp2's server; log: a file for its own words."""
    if not SERVER:
        pytest.skip("gtlsserver is not installed")
    running = []

    def start(port, pair, *options, log=None):
        words = [SERVER, *([] if log else ["-q"]), *options, "127.0.0.1", str(port), str(pair[1]), str(pair[0])]
        with open(log or "/dev/null", "wb") as out:
            running.append(subprocess.Popen(words, stdout=out, stderr=out))
        time.sleep(0.5)
        assert running[-1].poll() is None

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_client_certificate(pair, tmp_path, quic):
    """ngtcp2's server insists on one, and says in its own words what it made of it."""
    theirs, log = certificate(tmp_path, "client", "rsa"), tmp_path / "server.log"
    with TlsServer(pair) as server:
        quic(server.port, pair, "--verify-client", log=log)
        for args, said in (((), b"CRYPTO_ERROR(0x174)"),      # alert 116, certificate_required
                           (("--cert", str(theirs[0]), "--key", str(theirs[1])), b"QUIC handshake has completed")):
            assert said not in log.read_bytes()
            report = audit(f"127.0.0.1:{server.port}", *args)
            assert http3(report) is True
            assert finding(report, "quic_key")[0] == "safe"
            wait_until(lambda: said in log.read_bytes(), what=f"{said} in the server's log")


def test_http3(pair, tmp_path, quic):
    with TlsServer(pair) as server:
        quic(server.port, pair)
        report = audit(f"127.0.0.1:{server.port}")
        assert http3(report) is True
        assert report["datagrams"] >= 5 and report["endpoints"][0]["datagrams"] == report["datagrams"]
        assert finding(report, "quic")[0] == "safe"
        assert finding(report, "quic_key")[0] == "safe"
        assert finding(report, "quic_amplification")[0] == "safe"
        report = audit(f"127.0.0.1:{server.port}", "--no-quic")
        assert http3(report) is None and report["datagrams"] == 0


def test_another_key_over_udp(pair, tmp_path, quic):
    with TlsServer(pair) as server:
        quic(server.port, certificate(tmp_path, "theirs"))
        assert finding(audit(f"127.0.0.1:{server.port}"), "quic_key")[0] == "vulnerable"


def test_retry(pair, quic):
    with TlsServer(pair) as server:
        quic(server.port, pair, "--validate-addr")
        report = audit(f"127.0.0.1:{server.port}")
        assert http3(report) is True
        assert "Retry" in finding(report, "quic_amplification")[1]


def test_closed_and_silent_ports(pair):
    """A host that says so costs nothing; one that is silent costs four datagrams and a moment."""
    with TlsServer(pair) as server:
        base = audit(f"127.0.0.1:{server.port}", "--no-quic")["duration_us"]
        report = audit(f"127.0.0.1:{server.port}")
        assert http3(report) is False and report["datagrams"] <= 2
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", server.port))
            report = audit(f"127.0.0.1:{server.port}")
            assert http3(report) is False and report["datagrams"] == 4
            assert report["duration_us"] < base + (4_000_000 if SANITIZED else 1_500_000)


def test_http2(gate):
    target = ["--no-quic", "--connect-to", "127.0.0.1", f"localhost:{gate.https}"]
    report = audit(*target[-1:], *target[:-1])
    assert finding(report, "h2_works")[0] == "safe"
    assert finding(report, "h2_max_streams")[0] == "safe"
    assert finding(report, "h2_rapid_reset")[0] == "not-testable"     # 100 say nothing
    report = audit(*target[-1:], *target[:-1], "--thorough")
    for check in ("h2_rapid_reset", "h2_made_you_reset", "h2_continuation"):
        assert finding(report, check)[0] == "safe", check
    report = audit(*target[-1:], *target[:-1], "--no-intrusive")
    assert finding(report, "h2_works")[0] == "safe"
    assert finding(report, "h2_rapid_reset") == ("not-testable", "Not tested: left out by --no-intrusive.")


def test_without_http2(pair):
    with TlsServer(pair) as server:
        report = audit(f"127.0.0.1:{server.port}", "--no-quic")
        assert finding(report, "h2_works") == ("safe", "Does not apply: HTTP/2 is not offered.")
