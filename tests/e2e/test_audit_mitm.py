"""`gate443 audit --via`, a second `--resolver`, several addresses: the key seen elsewhere, compared with the one seen
directly. Somebody in the middle is told from an honest way."""
import json

import pytest

from dns_server import DnsServer
from gate import PATIENCE, run_gate
from proxies import Proxy
from tls_server import TlsServer, certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    home = tmp_path_factory.mktemp("keys")
    return {name: certificate(home, name, "rsa" if name.startswith("rsa") else "ec")
            for name in ("true", "false", "rsa", "rsa-false")}


@pytest.fixture
def server(certificates):
    with TlsServer(certificates["true"]) as running:
        yield running


def audit(target, *args):
    result = run_gate("audit", "--json", "--no-quic", "--no-intrusive", *args, target, timeout=120)
    report = json.loads(result.stdout)["reports"][0]
    assert report["failure"] is None, report["failure"]
    return report


def finding(report, check):
    """The one finding of that check, as (verdict, detail)."""
    found = [f for f in report["findings"] if f["id"] == check]
    assert len(found) == 1, (check, [f["id"] for f in report["findings"]])
    return found[0]["verdict"], found[0]["detail"]


def via(server, *proxies):
    words = [word for proxy in proxies for word in ("--via", proxy.url)]
    return audit(f"a.test:{server.port}", "--no-dns", "--connect-to", "127.0.0.1", *words)


@pytest.mark.parametrize("socks", [False, True], ids=["connect", "socks5"])
def test_honest_and_not(server, certificates, socks):
    with Proxy(socks=socks) as honest, Proxy(socks=socks, mitm=certificates["false"]) as liar:
        report = via(server, honest)
        assert finding(report, "keys_via_proxy")[0] == "safe"
        assert finding(report, "mitm")[0] == "safe"
        assert honest.asked and set(honest.asked) == {("127.0.0.1", server.port)}
        report = via(server, honest, liar)
        verdict, detail = finding(report, "keys_via_proxy")
        assert verdict == "vulnerable" and liar.name in detail and honest.name not in detail
        assert finding(report, "mitm")[0] == "vulnerable"


def test_liar_with_another_kind_of_key(server, certificates):
    """All that the server has is known, so another kind of key is another key."""
    with Proxy(mitm=certificates["rsa-false"]) as liar:
        assert finding(via(server, liar), "keys_via_proxy")[0] == "vulnerable"


def test_server_with_two_kinds_of_key(certificates):
    with TlsServer(certificates["true"], certificates["rsa"]) as server, Proxy() as honest, \
            Proxy(mitm=certificates["rsa"]) as other_end, Proxy(mitm=certificates["rsa-false"]) as liar:
        assert finding(via(server, honest, other_end), "keys_via_proxy")[0] == "safe"
        assert finding(via(server, liar), "keys_via_proxy")[0] == "vulnerable"


@pytest.mark.parametrize("socks", [False, True], ids=["connect", "socks5"])
def test_passwords_and_refusals(server, socks):
    with Proxy(socks=socks, password=("joe", "pw-4711")) as guarded, Proxy(socks=socks, refuse=True) as unwilling:
        report = via(server, guarded)
        assert finding(report, "keys_via_proxy")[0] == "safe"
        assert "pw-4711" not in json.dumps(report)
        guarded.password = ("joe", "other")
        wrong = guarded.url
        guarded.password = ("joe", "pw-4711")
        report = audit(f"a.test:{server.port}", "--no-dns", "--connect-to", "127.0.0.1", "--via", wrong)
        assert finding(report, "keys_via_proxy")[0] == "not-testable"
        verdict, detail = finding(via(server, unwilling), "keys_via_proxy")
        assert verdict == "not-testable" and "refused" in detail
    with Proxy(socks=socks) as gone:
        pass
    assert finding(via(server, gone), "keys_via_proxy")[0] == "not-testable"


def test_no_other_way(server):
    assert finding(via(server), "keys_via_proxy")[0] == "not-testable"


def test_misuse():
    for text in ("proxy:3128", "https://a:1", "http://", "http://a:0"):
        result = run_gate("audit", "--via", text, "a.test")
        assert result.returncode == 2 and text.encode() in result.stderr


def resolve(target, *servers):
    words = [word for s in servers for word in ("--resolver", f"127.0.0.1:{s.port}")]
    return audit(target, *words)


def test_resolvers(certificates):
    """The same answer, another address with the same key, another address with another key, no answer."""
    def zone(*addresses):
        return {"a.test": {"A": list(addresses)}}
    with TlsServer(certificates["true"]) as server, \
            TlsServer(certificates["true"], address="127.0.0.2", port=server.port), \
            TlsServer(certificates["false"], address="127.0.0.3", port=server.port), \
            DnsServer(zone("127.0.0.1")) as first, DnsServer(zone("127.0.0.1")) as same, \
            DnsServer(zone("127.0.0.2")) as elsewhere, DnsServer(zone("127.0.0.3")) as liar, DnsServer({}) as empty:
        target = f"a.test:{server.port}"
        assert finding(resolve(target, first), "keys_across_resolvers")[0] == "not-testable"
        assert finding(resolve(target, first, same), "keys_across_resolvers")[0] == "safe"
        assert finding(resolve(target, first, elsewhere), "keys_across_resolvers")[0] == "safe"
        verdict, detail = finding(resolve(target, first, same, liar), "keys_across_resolvers")
        assert verdict == "vulnerable" and f"127.0.0.3:{server.port}" in detail
        assert finding(resolve(target, first, empty), "keys_across_resolvers")[0] == "not-testable"


def test_addresses(certificates):
    """Of the same kind they must be the same; of different kinds they cannot be compared."""
    for second, verdict in (("true", "safe"), ("false", "vulnerable"), ("rsa", "not-testable")):
        with TlsServer(certificates["true"]) as server, \
                TlsServer(certificates[second], address="127.0.0.2", port=server.port):
            report = audit(f"a.test:{server.port}", "--no-dns", "--connect-to", "127.0.0.1", "--connect-to", "127.0.0.2")
            assert finding(report, "keys_across_addresses")[0] == verdict, (second, PATIENCE)
