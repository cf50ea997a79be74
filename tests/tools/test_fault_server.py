"""The fault server itself: real clients can talk to it, and each fault differs from what a patched server does."""
import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parents[1] / "lib"
sys.path.insert(0, str(LIB))

import tls_certs  # noqa: E402
import tls_groups  # noqa: E402
from fault_config import ALL_TLS, FAULTS, Config  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from fault_sslv2 import DES3, RC4_128, Keys  # noqa: E402
from tls_client import RawClient, cbc_probes, pkcs1, robot_blocks, server_name, usual_extensions  # noqa: E402
from tls_suites import FALLBACK_SCSV, numbers  # noqa: E402
from tls_wire import (ALERT, CCS, DATA, EXTENDED_MASTER_SECRET, GROUPS, HANDSHAKE, HEARTBEAT,  # noqa: E402
                      HEARTBEAT_EXT, KEY_SHARE, SERVER_KEY_EXCHANGE, SESSION_TICKET, SIGALGS, SSL3, SUPPORTED_VERSIONS,
                      TLS10, TLS11, TLS12, TLS13, Reader, client_hello, message, pack16, record)

RSA_CBC, = numbers(["RSA_WITH_AES_128_CBC_SHA"])
ECDHE, = numbers(["ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
DHE, = numbers(["DHE_RSA_WITH_AES_128_CBC_SHA"])
GET = b"GET / HTTP/1.0\r\n\r\n"
OLD = dict(versions=("ssl3", *ALL_TLS), suites=("all", "weak"))


@pytest.fixture
def serve(request):
    """serve(*faults, **settings) → a running FaultServer; a mistake inside any of them fails the test."""
    servers = []

    def start(*faults, **settings):
        settings.setdefault("suites", ("all",))
        servers.append(FaultServer(faults=faults, **settings).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
        assert server.errors == []


def openssl(server, *args, stdin=GET, name="localhost"):
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-CAfile", server.ca, "-ign_eof"]
    if name:
        command += ["-servername", name, "-verify_hostname", name]
    result = subprocess.run([*command, *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=20)
    return result.stdout.decode(errors="replace")


def curl(server, url, *args):
    result = subprocess.run(["curl", "-sS", "-i", "--max-time", "10", "--cacert", server.ca, *args, url],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=20)
    return result.returncode, result.stdout.decode(errors="replace")


# --- the honest server ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("version, suite", [
    ("-tls1", "ECDHE-RSA-AES128-SHA"), ("-tls1", "AES256-SHA"), ("-tls1", "DHE-RSA-AES128-SHA"),
    ("-tls1_1", "ECDHE-ECDSA-AES256-SHA"), ("-tls1_1", "AES128-SHA"),
    ("-tls1_2", "ECDHE-RSA-AES128-GCM-SHA256"), ("-tls1_2", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("-tls1_2", "ECDHE-RSA-CHACHA20-POLY1305"), ("-tls1_2", "ECDHE-RSA-AES256-SHA384"),
    ("-tls1_2", "DHE-RSA-AES128-GCM-SHA256"), ("-tls1_2", "AES128-SHA256"), ("-tls1_2", "AES256-GCM-SHA384"),
    ("-tls1_2", "NULL-SHA256"), ("-tls1_2", "AECDH-AES128-SHA"), ("-tls1_2", "ADH-AES256-GCM-SHA384"),
])
def test_openssl_finishes_old_handshakes(serve, version, suite):
    server = serve(**OLD)
    text = openssl(server, version, "-cipher", f"{suite}:@SECLEVEL=0")
    assert f"Cipher is {suite}" in text and "Verify return code: 0 (ok)" in text and "Hello." in text
    visit, = server.wait_idle()
    assert visit.complete and visit.requests == [("GET / HTTP/1.0", False)]


@pytest.mark.parametrize("args", [
    ("-ciphersuites", "TLS_AES_128_GCM_SHA256"), ("-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
    ("-groups", "P-256"), ("-groups", "X25519"), ("-groups", "ffdhe2048"), ("-sigalgs", "RSA-PSS+SHA256"),
    ("-sigalgs", "ed25519"), ("-groups", "P-521:P-384"),
], ids=" ".join)
def test_openssl_finishes_tls13(serve, args):
    server = serve(groups=("x25519", "p256", "p384", "ffdhe2048"), certificates=("p256", "rsa2048", "ed25519"))
    text = openssl(server, "-tls1_3", *args)
    assert "New, TLSv1.3" in text and "Hello." in text and "Verify return code: 0 (ok)" in text
    retried = "HelloRetryRequest 0018" in server.wait_idle()[0].events
    assert retried == (args[1] == "P-521:P-384")


def test_tls13_prefers_its_group_over_the_share(serve):
    server = serve(groups=("p384", "x25519"), group_policy="preferred")
    assert "Hello." in openssl(server, "-tls1_3", "-groups", "X25519:P-384")
    assert "HelloRetryRequest 0018" in server.wait_idle()[0].events


def test_ssl3_by_the_raw_client(serve):
    server = serve(**OLD)
    for name in ("RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_RC4_128_SHA", "RSA_WITH_RC4_128_MD5",
                 "RSA_WITH_3DES_EDE_CBC_SHA", "DH_anon_WITH_AES_128_CBC_SHA", "RSA_WITH_NULL_MD5"):
        with RawClient(server.port) as client:
            client.handshake(numbers([name]), SSL3)
            assert b"Hello." in client.get()[1]


def test_3des_camellia_and_ccm_by_the_raw_client(serve):
    server = serve(suites=("RSA_WITH*", "ECDHE_ECDSA_WITH_AES_128_CCM_8"), versions=("tls1.0", "tls1.1", "tls1.2"))
    for name in ("RSA_WITH_3DES_EDE_CBC_SHA", "RSA_WITH_CAMELLIA_128_CBC_SHA", "RSA_WITH_AES_128_CCM",
                 "ECDHE_ECDSA_WITH_AES_128_CCM_8"):
        with RawClient(server.port) as client:
            assert b"Hello." in client.handshake(numbers([name])).get()[1]


@pytest.mark.parametrize("version, args", [("-tls1_2", ()), ("-tls1_2", ("-no_ticket",)), ("-tls1_3", ()),
                                           ("-tls1", ("-cipher", "AES128-SHA:@SECLEVEL=0"))])
def test_resumption(serve, tmp_path, version, args):
    server = serve(**OLD)
    session = str(tmp_path / "session")
    assert "New, " in openssl(server, version, *args, "-sess_out", session)
    text = openssl(server, version, *args, "-sess_in", session)
    assert "Reused, " in text and "Hello." in text
    assert [visit.resumed for visit in server.wait_idle()] == [False, True]


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("fault, reused", [("tickets_refused", [False, False]), ("tickets_once", [True, False]),
                                           ("no_resumption", [False, False]), (None, [True, True])])
def test_tickets(serve, tmp_path, version, fault, reused):
    server = serve(*[fault] if fault else [])
    session = str(tmp_path / "session")
    openssl(server, version, "-sess_out", session)
    if fault == "no_resumption" and version == "-tls1_3":
        return
    assert ["Reused, " in openssl(server, version, "-sess_in", session) for _ in range(2)] == reused


@pytest.mark.parametrize("fault, ticket, session_id", [(None, True, 0), ("no_tickets", False, 32),
                                                       ("no_session_id", True, 0), ("no_resumption", False, 0)])
def test_kinds_of_resumption(serve, fault, ticket, session_id):
    server = serve(*[fault] if fault else [])
    with RawClient(server.port) as client:
        client.handshake([ECDHE], extensions=[*usual_extensions(), (SESSION_TICKET, b"")])
        assert (client.ticket is not None, len(client.server.session_id)) == (ticket, session_id)
    with RawClient(server.port) as client:
        client.handshake([ECDHE])
        assert len(client.server.session_id) == (32 if fault in (None, "no_tickets") else 0)


def test_ticket_keys(serve):
    def names(server, count=2):
        found = set()
        for _ in range(count):
            with RawClient(server.port) as client:
                client.handshake([ECDHE], extensions=[*usual_extensions(), (SESSION_TICKET, b"")])
                found.add(client.ticket[:16])
        return found

    assert names(serve("stek_static")) == names(serve("stek_static"))
    one, other = names(serve()), names(serve())
    assert len(one) == len(other) == 1 and one != other
    assert len(names(serve(stek_seconds=0), 3)) == 3


def test_extended_master_secret_and_encrypt_then_mac(serve):
    with_both = [*usual_extensions(), (EXTENDED_MASTER_SECRET, b""), (22, b"")]
    for server, expected in ((serve(), {22, 23}), (serve("no_ems", "no_etm"), set())):
        with RawClient(server.port) as client:
            assert b"Hello." in client.handshake([RSA_CBC], extensions=with_both).get()[1]
            assert {22, 23} & set(client.server.extensions) == expected
    with RawClient(serve("extensions_unasked").port) as client:
        client.hello([RSA_CBC])
        assert {22, 23} <= set(client.server.extensions)


def test_curl(serve):
    server = serve(http_port=0, http_headers=(("X-One", "1"),), names=("localhost",))
    for args in (("--tlsv1.3",), ("--tls-max", "1.2"), ("--http1.1",)):
        code, text = curl(server, f"https://localhost:{server.port}/x", "--ipv4", *args)
        assert code == 0 and "X-One: 1" in text and "Hello." in text
    code, text = curl(server, f"https://localhost:{server.port}/", "--ipv6")
    assert code == 0 and "Hello." in text
    code, text = curl(server, f"http://127.0.0.1:{server.http_port}/y")
    assert "301 " in text and f"Location: https://localhost:{server.port}/y" in text


def test_http_in_clear_with_faults(serve):
    server = serve("no_redirect", "http_cookie", "opossum", http_port=0)
    code, text = curl(server, f"http://127.0.0.1:{server.http_port}/")
    assert "200 OK" in text and "Set-Cookie: session" in text and "Secure" not in text
    upgrade = b"OPTIONS * HTTP/1.1\r\nHost: x\r\nUpgrade: TLS/1.0\r\nConnection: upgrade\r\n\r\n"
    assert b" 101 " in ask(server.http_port, upgrade) and b" 101 " not in ask(serve(http_port=0).http_port, upgrade)


def ask(port, data, timeout=2.0):
    """All that a server answers to some bytes and the end of them."""
    with socket.create_connection(("127.0.0.1", port), timeout) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionError):
            pass
        return answer


@pytest.mark.parametrize("fault, answered", [("client_auth", True), ("client_auth=require", False)])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_client_authentication(serve, version, fault, answered):
    text = openssl(serve(fault), version)
    assert ("Hello." in text) == answered and "Fault Client Authority" in text


@pytest.mark.parametrize("fault, early, statuses", [
    ("early_data", ["accepted", "accepted"], "200"), ("early_data_425", ["accepted", "accepted"], "425"),
    ("early_data_once", ["accepted", "rejected"], "200"), ("early_data_refused", ["rejected", "rejected"], None)])
def test_early_data(serve, tmp_path, fault, early, statuses):
    server = serve(fault, versions=("tls1.3",))
    session, request = str(tmp_path / "session"), tmp_path / "request"
    request.write_bytes(b"GET /early HTTP/1.1\r\nHost: localhost\r\n\r\n")
    openssl(server, "-tls1_3", "-sess_out", session)
    found = []
    for _ in early:
        text = openssl(server, "-tls1_3", "-sess_in", session, "-early_data", str(request))
        found.append(re.search(r"Early data was (\w+)", text)[1])
    assert found == early
    requests = [visit.requests for visit in server.wait_idle()[1:]]
    assert [("GET /early HTTP/1.1", True) in one for one in requests] == [word == "accepted" for word in early]
    assert statuses is None or f"HTTP/1.1 {statuses}" in text or early[-1] == "rejected"


def test_no_early_data_is_offered_without_the_fault(serve):
    assert "Max Early Data: 0" in openssl(serve(), "-tls1_3")


def test_key_update(serve):
    server = serve()
    process = subprocess.Popen(["openssl", "s_client", "-tls1_3", "-connect", f"127.0.0.1:{server.port}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with process:
        wait_for(lambda: server.log and server.log[0].complete)
        process.stdin.write(b"K\n")
        process.stdin.flush()
        wait_for(lambda: "key update" in server.log[0].events)
        process.stdin.write(GET)
        process.stdin.flush()
        assert b"Hello." in process.stdout.read()
        process.kill()


# --- certificates -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind, code", [
    ("expired", 10), ("not_yet", 9), ("self_signed", 18), ("wrong_name", 62), ("no_intermediate", 21),
    ("expired_intermediate", 10), ("root_included", 0), ("wrong_order", 0), ("duplicate", 0),
    ("extra", 0), ("sct", 0), ("must_staple", 0), ("too_long", 0), ("no_server_auth", 0), ("rsa1024", 66)])
def test_certificates(serve, kind, code):
    text = openssl(serve(f"cert={kind}", certificates=("rsa2048",)), "-tls1_2", "-auth_level", "2")
    assert f"Verify return code: {code} " in text, re.findall("Verify return code.*", text)


@pytest.mark.parametrize("what", ["p384", "rsa3072", "ed25519", "rsa2048"])
def test_kinds_of_keys(serve, what):
    for version in ("-tls1_2", "-tls1_3"):
        assert "Verify return code: 0" in openssl(serve(certificates=(what,)), version)


@pytest.mark.parametrize("kind, words", [("staple", "Cert Status: good"), ("staple_revoked", "Cert Status: revoked"),
                                         ("expired", "no response sent")])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_stapling(serve, kind, words, version):
    assert words in openssl(serve(f"cert={kind}"), version, "-status")


def test_leaf_at_the_end(serve):
    assert "unsuitable certificate purpose" in openssl(serve("cert=leaf_last"), "-tls1_2")


def test_every_kind_of_certificate_can_be_made():
    for kind in tls_certs.CERT_KINDS:
        assert tls_certs.make_chain("rsa2048", (kind,)).certs
    assert b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05" in tls_certs.make_chain("rsa2048", ("sha1",)).certs[0]


# --- vulnerabilities with a patched counterpart -----------------------------------------------------------------------

def heartbleed(server):
    """What comes after an over-long heartbeat, and a record that no patched server lets pass."""
    with RawClient(server.port, 0.3) as client:
        client.hello([ECDHE], extensions=[*usual_extensions(), (HEARTBEAT_EXT, b"\1")])
        assert HEARTBEAT_EXT in client.server.extensions
        client.sock.sendall(record(HEARTBEAT, TLS12, b"\1\x40\0") + record(DATA, TLS12, bytes(20)))
        return client.outcome()


def test_heartbleed(serve):
    assert heartbleed(serve("heartbleed")) == ["record 24, 16384", "record 24, 19", "alert 10", "closed"]
    assert heartbleed(serve("heartbeat")) == ["alert 10", "closed"]
    assert heartbleed(serve("heartbleed_silent")) == ["silent"]
    with RawClient(serve("heartbeat").port, 0.3) as client:
        client.hello([ECDHE], extensions=[*usual_extensions(), (HEARTBEAT_EXT, b"\1")])
        client.send(HEARTBEAT, b"\1\0\3abc" + bytes(16))
        kind, data = client.read()
        assert (kind, data[:6]) == (HEARTBEAT, b"\2\0\3abc")


def test_heartbeat_without_its_extension(serve):
    for server, kind in ((serve("heartbeat_unasked"), HEARTBEAT), (serve(), ALERT)):
        with RawClient(server.port) as client:
            client.hello([ECDHE])
            assert HEARTBEAT_EXT not in client.server.extensions
            client.send(HEARTBEAT, b"\1\0\3abc" + bytes(16))
            assert client.read()[0] == kind


def early_ccs(server, count=2, version=TLS12):
    with RawClient(server.port, 0.3) as client:
        client.hello([ECDHE])
        client.sock.sendall(record(CCS, version, b"\1") * count)
        return client.outcome()


def test_ccs(serve):
    vulnerable = serve("ccs=21")
    assert early_ccs(vulnerable, 1) == ["silent"]
    assert early_ccs(vulnerable) == ["alert 21", "closed"]
    assert early_ccs(serve()) == early_ccs(serve(), 1) == ["alert 10", "closed"]
    assert early_ccs(serve("ccs_alert=40")) == ["alert 40", "closed"]
    assert early_ccs(serve("ccs_silent")) == ["silent"]
    assert early_ccs(vulnerable, version=TLS11) == ["alert 70", "closed"]


def test_ticketbleed(serve):
    def resume(server):
        with RawClient(server.port) as client:
            client.handshake([ECDHE], extensions=[*usual_extensions(), (SESSION_TICKET, b"")])
            ticket = client.ticket
        with RawClient(server.port) as client:
            client.hello([ECDHE], extensions=[*usual_extensions(), (SESSION_TICKET, ticket)], session_id=b"i" * 31)
            return client.server.session_id

    server = serve("ticketbleed")
    leaks = {resume(server) for _ in range(4)}
    assert {(len(leak), leak[:31]) for leak in leaks} == {(32, b"i" * 31)} and len(leaks) > 1
    assert resume(serve()) == b"i" * 31
    other = resume(serve("tickets_refused"))
    assert len(other) == 32 and other[:31] != b"i" * 31


def at_once(function, names):
    """{name: function(name)}, each in a thread of its own: what they mostly do is wait."""
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(function, names)))


def robot(server, full):
    blocks = robot_blocks(256)

    def probe(name):
        with RawClient(server.port, 0.3) as client:
            client.hello([RSA_CBC])
            client.key_exchange(b"\3\3" + b"\x22" * 46, blocks[name])
            if full:
                client.make_keys()
                client.finish(b"x" * 12)
            return client.outcome()

    return at_once(probe, list(blocks))


BAD = {"prefix", "no_zero", "misplaced", "version"}


@pytest.mark.parametrize("fault, full, told, how", [
    ("robot", False, BAD, ["alert 40", "closed"]), ("robot=reset", False, BAD, ["reset"]),
    ("robot=close", False, BAD, ["closed"]), ("robot=alert+strong", False, {"prefix"}, ["alert 40", "closed"]),
    ("robot=alert+finished", True, BAD, ["alert 40", "closed"]), ("robot=alert+finished", False, set(), None),
    ("robot=timeout+finished", True, BAD, ["silent"]), ("robot=weak+reset", True, BAD, ["reset"]),
    (None, False, set(), None)])
def test_robot(serve, fault, full, told, how):
    answers = robot(serve(*[fault] if fault else []), full)
    assert {name for name, answer in answers.items() if answer != answers["right"]} == told
    assert all(answers[name] == how for name in told)


def test_robot_noise_says_nothing_about_padding(serve):
    server = serve("robot_noise")
    seen = {tuple(answer) for _ in range(6) for answer in robot(server, False).values()}
    assert 1 < len(seen) <= 3 and seen <= {(f"alert {code}", "closed") for code in (20, 40, 51)}


def test_patched_rsa_fails_alike_at_finished(serve):
    """With a Finished of random keys: what a client that does not know the premaster secret sends."""
    server = serve()
    for name, block in robot_blocks(256).items():
        with RawClient(server.port) as client:
            client.hello([RSA_CBC])
            client.key_exchange(b"\3\3" + b"\x33" * 46, block)
            client.make_keys()
            client.finish()
            assert client.outcome() == ["alert 20", "closed"], name
    with RawClient(server.port) as client:
        client.hello([RSA_CBC])
        client.send(HANDSHAKE, message(16, b"\0\xff" + bytes(255)))
        assert client.outcome() == ["alert 50", "closed"]


@pytest.mark.parametrize("fault, accepted", [("client_renegotiation=3", 3), (None, 0), ("insecure_renegotiation", 4)])
def test_renegotiation_by_the_raw_client(serve, fault, accepted):
    server = serve(*[fault] if fault else [])
    with RawClient(server.port, 0.3) as client:
        client.handshake([RSA_CBC])
        assert (0xff01 in client.server.extensions) == (fault != "insecure_renegotiation")
        done = 0
        while done < 4:
            info = b"" if fault == "insecure_renegotiation" else client.verified[0]
            extensions = [*usual_extensions()[:-1], (0xff01, bytes([len(info)]) + info)]
            if fault == "insecure_renegotiation":
                extensions.pop()
            kind, data = client.hello([RSA_CBC], extensions=extensions)
            if kind != HANDSHAKE:
                assert (kind, data) == (ALERT, b"\1\x64")
                break
            client.key_exchange()
            client.make_keys()
            client.verified = client.finish(), client.read_finish()[1]
            done += 1
        assert b"Hello." in client.get()[1]
    assert done == accepted == server.wait_idle()[0].renegotiations


def test_no_secure_renegotiation_refuses_all_the_same(serve):
    with RawClient(serve("no_secure_renegotiation").port, 0.2) as client:
        client.handshake([ECDHE])
        assert 0xff01 not in client.server.extensions
        client.send(HANDSHAKE, client_hello(TLS12, [ECDHE], usual_extensions(), random=bytes(32)))
        assert client.outcome() == ["alert 100", "silent"]


@pytest.mark.parametrize("fault, count", [("client_renegotiation", 1), (None, 0)])
def test_renegotiation_by_openssl(serve, fault, count):
    server = serve(*[fault] if fault else [])
    process = subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{server.port}"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with process:
        wait_for(lambda: server.log and server.log[0].complete)
        process.stdin.write(b"R\n")
        process.stdin.flush()
        wait_for(lambda: server.log[0].renegotiations == count and
                 ("finished" in server.log[0].events[1:] if count else "warning 100" in server.log[0].events))
        if count:
            process.stdin.write(GET)
            process.stdin.flush()
            assert b"Hello." in process.stdout.read()
        process.kill()


def wait_for(condition, seconds=5):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come true"
        time.sleep(0.005)


@pytest.mark.parametrize("how, words", [("warning", ["alert 100", "silent"]), ("fatal", ["alert 40", "closed"]),
                                        ("close", ["closed"]), ("reset", ["reset"]), ("silent", ["silent"])])
def test_renegotiation_refused_in_every_way(serve, how, words):
    with RawClient(serve(f"renegotiation_refusal={how}").port, 0.2) as client:
        client.handshake([ECDHE])
        client.send(HANDSHAKE, client_hello(TLS12, [ECDHE], usual_extensions(), random=bytes(32)))
        assert client.outcome() == words


def cbc_answers(server, version=TLS12):
    def probe(name):
        with RawClient(server.port, 0.3) as client:
            client.handshake([RSA_CBC], version)
            client.send(DATA, b"", cbc_probes(client)[name])
            return client.outcome()

    return at_once(probe, ["bad_mac", "short_padding", "bad_padding", "all_padding", "empty_bad_mac"])


PATCHED = ["alert 20", "closed"]


@pytest.mark.parametrize("fault, differs", [
    (None, {}), ("zombie_poodle", {"bad_padding": ["alert 21", "closed"]}),
    ("zombie_poodle=double", {"bad_padding": ["alert 20", "alert 20", "closed"]}),
    ("zombie_poodle=timeout", {"bad_padding": ["silent"]}),
    ("goldendoodle=reset", {"bad_mac": ["reset"], "empty_bad_mac": ["reset"]}),
    ("zero_length", {"all_padding": ["closed"], "empty_bad_mac": ["closed"]}),
    ("lucky_minus20", {"all_padding": ["alert 22", "closed"]}),
    ("poodle_tls", {"bad_padding": "data"}), ("sleeping_poodle", {})])
def test_padding_oracles(serve, fault, differs):
    answers = cbc_answers(serve(*[fault] if fault else []))
    if differs.get("bad_padding") == "data":
        assert answers.pop("bad_padding")[0].startswith("record 23")
        differs = {}
    assert answers == {**{name: PATCHED for name in answers}, **differs}


def test_sleeping_poodle_looks_at_one_byte(serve):
    with RawClient(serve("sleeping_poodle").port, 0.3) as client:
        client.handshake([RSA_CBC])
        bad = cbc_probes(client)["bad_padding"]
        client.send(DATA, b"", bad[:-2] + bad[-1:] * 2)
        assert b"Hello." in client.read()[1]


@pytest.mark.parametrize("version", [TLS10, TLS11])
def test_padding_is_checked_in_old_versions_but_not_in_ssl3(serve, version):
    server = serve(**OLD)
    assert set(map(tuple, cbc_answers(server, version).values())) == {tuple(PATCHED)}
    with RawClient(server.port) as client:
        client.handshake([RSA_CBC], SSL3)
        data = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        content = data + client.writer.mac(DATA, data)
        pad = 15 - len(content) % 16
        client.send(DATA, b"", content + b"\x77" * pad + bytes([pad]))
        assert b"Hello." in client.read()[1]


def first_answer(server, suites=(ECDHE, RSA_CBC, DHE), version=TLS12, timeout=0.3, **more):
    """(what came, client) after one hello."""
    try:
        client = RawClient(server.port, timeout)
    except ConnectionError:                             # it can be reset before connect() returns
        return "reset", None
    with client:
        kind, data = client.hello(suites, version, **more)
        return "hello" if kind == HANDSHAKE else f"alert {data[1]}" if kind == ALERT else kind, client


def test_compression(serve):
    server = serve("compression")
    assert first_answer(server, compressions=b"\1\0")[1].server.compression == 1
    with RawClient(server.port) as client:
        packer, unpacker = zlib.compressobj(), zlib.decompressobj()
        client.pack = lambda data: packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        client.unpack = unpacker.decompress
        assert b"Hello." in client.handshake([RSA_CBC], compressions=b"\1\0").get()[1]
    assert first_answer(server)[1].server.compression == 0
    assert first_answer(serve(), compressions=b"\1\0")[1].server.compression == 0


def test_fallback_scsv(serve):
    suites = [RSA_CBC, FALLBACK_SCSV]
    assert first_answer(serve(**OLD), suites, TLS11)[0] == "alert 86"
    assert first_answer(serve("no_scsv", **OLD), suites, TLS11)[0] == "hello"
    assert first_answer(serve("scsv_alert", **OLD), suites, TLS11)[0] == "alert 40"
    assert first_answer(serve(versions=("tls1.2",)), suites)[0] == "hello"


@pytest.mark.parametrize("fault, v12, v11", [(None, b"DOWNGRD\1", b"DOWNGRD\0"), ("sentinel_missing", None, None),
                                             ("sentinel_wrong", b"DOWNGRD\0", b"DOWNGRD\1")])
def test_downgrade_sentinel(serve, fault, v12, v11):
    server = serve(*[fault] if fault else [], **OLD)
    for version, expected in ((TLS12, v12), (TLS11, v11)):
        tail = first_answer(server, version=version)[1].server.random[24:]
        assert tail == expected if expected else tail[:7] != b"DOWNGRD"


def ssl2(port, spec=None, clear=b"", secret=b"s" * 16):
    """(certificate, specs) of an SSLv2 server; with a spec (…, challenge and answer to the master key)."""
    challenge = b"c" * 16
    hello = struct.pack("!BHHHH", 1, 2, 9, 0, 16) + bytes.fromhex("0100800200800700c0") + challenge
    with socket.create_connection(("127.0.0.1", port), 2) as sock:
        stream = sock.makefile("rwb")

        def read():
            head = stream.read(2)
            return stream.read((head[0] & 0x7f) << 8 | head[1]) if head else b""

        stream.write(struct.pack("!H", 0x8000 | len(hello)) + hello)
        stream.flush()
        answer = Reader(read())
        if not answer.left():
            return None
        kind, _, _, _, *sizes = struct.unpack("!BBBHHHH", answer.take(11))
        certificate, specs, connection = (answer.take(size) for size in sizes)
        if spec is None:
            return kind, specs
        from cryptography import x509
        public = x509.load_der_x509_certificate(certificate).public_key().public_numbers()
        sealed = pow(int.from_bytes(pkcs1(secret, 256), "big"), 65537, public.n).to_bytes(256, "big")
        key_arg = b"a" * (8 if spec == DES3 else 0)
        master = b"\2" + spec.to_bytes(3, "big") + struct.pack("!HHH", len(clear), 256, len(key_arg))
        master += clear + sealed + key_arg
        stream.write(struct.pack("!H", 0x8000 | len(master)) + master)
        stream.flush()
        size = 24 if spec == DES3 else 16
        keys = Keys(spec, (clear + secret)[:size], challenge, connection)
        expected = keys.seal(b"\5" + challenge, 1, key_arg)
        return sock.recv(1000) == expected


def test_sslv2(serve):
    both = ("tls1.2",)
    assert ssl2(serve("sslv2", versions=both).port) == (4, bytes.fromhex("0100800200800700c0"))
    assert ssl2(serve("sslv2_no_specs", versions=both).port) == (4, b"")
    assert ssl2(serve(versions=both).port) is None
    server = serve("sslv2", versions=both)
    assert ssl2(server.port, RC4_128) and ssl2(server.port, DES3, secret=b"s" * 24)
    assert ssl2(server.port, 0x020080, b"k" * 11, b"s" * 5)


def test_drown_extra_clear(serve):
    clear = b"k" * 15
    assert ssl2(serve("drown_extra_clear").port, RC4_128, clear, b"s" * 16)
    assert not ssl2(serve("sslv2").port, RC4_128, clear, b"s" * 16)


def test_every_suite_can_be_answered(serve):
    """Those whose cryptography nobody has end after ServerHelloDone."""
    server = serve(versions=("ssl3", "tls1.0", "tls1.1", "tls1.2"), suites=("*",), certificates=("rsa2048", "p256"))
    suites = [number for number in numbers(["*"]) if number >> 8 != 0x13]
    for number in suites:
        word, client = first_answer(server, [number])
        assert (word, client.server.suite) == ("hello", number), hex(number)
    assert len(server.wait_idle()) == len(suites)


def test_weak_suites(serve):
    weak, honest = serve("weak_suites"), serve()
    for name in ("RSA_WITH_NULL_SHA256", "DH_anon_WITH_AES_128_GCM_SHA256", "RSA_WITH_DES_CBC_SHA",
                 "ECDHE_RSA_WITH_RC4_128_SHA", "RSA_WITH_IDEA_CBC_SHA", "RSA_WITH_SEED_CBC_SHA"):
        assert first_answer(weak, numbers([name]))[0] == "hello", name
        assert first_answer(honest, numbers([name]))[0] == "alert 40", name


def test_export(serve):
    export = numbers(["*EXPORT_WITH*"])
    word, client = first_answer(serve("export"), export, TLS10)
    assert word == "hello" and client.suite.export
    assert first_answer(serve(versions=ALL_TLS), export, TLS10)[0] == "alert 40"
    rsa_export = numbers(["RSA_EXPORT_WITH_RC4_40_MD5"])
    client = first_answer(serve("export"), rsa_export, TLS10)[1]
    assert len(Reader(client.flight[SERVER_KEY_EXCHANGE][4:]).vector(2)) == 64


def dh_of(server):
    client = first_answer(server, [DHE])[1]
    reader = Reader(client.flight[SERVER_KEY_EXCHANGE][4:])
    return [int.from_bytes(reader.vector(2), "big") for _ in range(3)]


@pytest.mark.parametrize("kind, size", [("own-512", 512), ("ike-1024", 1024), ("composite-1024", 1024),
                                        ("unsafe-1024", 1024), ("ffdhe2048", 2048), (None, 2048)])
def test_diffie_hellman_primes(serve, kind, size):
    p, g, _ = dh_of(serve(f"dh={kind}") if kind else serve())
    assert (p.bit_length(), g) == (size, 2)
    prime = tls_groups.is_prime(p, 4)
    assert prime == (kind != "composite-1024")
    assert (prime and tls_groups.is_prime(p // 2, 4)) == (kind not in ("composite-1024", "unsafe-1024"))


def test_reused_shares(serve):
    assert len({dh_of(server)[2] for server in [serve("dh_reuse")] for _ in range(3)}) == 1
    assert len({dh_of(server)[2] for server in [serve()] for _ in range(3)}) == 3
    for server, count in ((serve("ecdh_reuse"), 1), (serve(), 3)):
        points = {first_answer(server, [ECDHE])[1].flight[SERVER_KEY_EXCHANGE][8:40] for _ in range(3)}
        assert len(points) == count


def test_time_in_random(serve):
    def clock(server):
        return struct.unpack("!I", first_answer(server)[1].server.random[:4])[0]

    assert abs(clock(serve("timestamp")) - time.time()) < 10
    assert clock(serve("timestamp_fixed")) == 0x12345678
    server = serve()
    assert len({clock(server) for _ in range(3)}) == 3


def ecdhe_end(server, mangle, premaster=None, suite=ECDHE, group=23):
    """What a handshake with a strange share ends with: "finished" or the outcome."""
    with RawClient(server.port, 0.3) as client:
        extensions = [(GROUPS, struct.pack("!HH", 2, group)), *usual_extensions()[2:]]
        client.hello([suite], extensions=extensions)
        client.key_exchange(mangle=mangle)
        if premaster is not None:
            client.premaster = premaster
        client.make_keys()
        client.finish()
        kind, data = client.read_finish()
        return "finished" if kind == HANDSHAKE else f"alert {data[1]}" if kind == ALERT else kind


def test_invalid_curve(serve):
    """The point (x, 0) is its own negative on whatever curve it lies: twice it is nothing, three times itself."""
    point = b"\4" + (5).to_bytes(32, "big") + bytes(32)
    vulnerable = serve("invalid_curve")
    ends = {ecdhe_end(vulnerable, lambda _: point, guess) for guess in ((5).to_bytes(32, "big"), bytes(32))
            for _ in range(8)}
    assert "finished" in ends
    assert ecdhe_end(serve(), lambda _: point) == "alert 47"
    assert ecdhe_end(vulnerable, None) == "finished"


def test_small_subgroups(serve):
    assert ecdhe_end(serve("x25519_zero"), lambda _: bytes(32), bytes(32), group=29) == "finished"
    assert ecdhe_end(serve(), lambda _: bytes(32), bytes(32), group=29) == "alert 47"
    assert ecdhe_end(serve("dh_small_subgroup"), lambda _: b"\1", b"\1", DHE) == "finished"
    assert ecdhe_end(serve(), lambda _: b"\1", b"\1", DHE) == "alert 47"


@pytest.mark.parametrize("fault, end", [(None, "alert 51"), ("finished_unchecked", "finished")])
def test_finished_unchecked(serve, fault, end):
    with RawClient(serve(*[fault] if fault else []).port) as client:
        client.hello([ECDHE])
        client.key_exchange()
        client.make_keys()
        transcript = client.transcript
        client.finish(b"wrong bytes!")
        kind, data = client.next()
        assert (kind == CCS) == (fault is not None)
        assert fault or data == b"\2\x33", transcript


def test_skipped_messages(serve):
    for server, right in ((serve("skip_cke"), True), (serve(), False)):
        with RawClient(server.port) as client:
            client.hello([RSA_CBC])
            client.premaster = b""
            client.make_keys()
            client.finish()
            assert (client.read_finish()[0] == HANDSHAKE) == right
    for server, right in ((serve("skip_ccs"), True), (serve(), False)):
        with RawClient(server.port) as client:
            client.hello([RSA_CBC])
            client.key_exchange()
            client.make_keys()
            client.finish(ccs=False)
            assert (client.read_finish()[0] == HANDSHAKE) == right


def test_what_nobody_offered(serve):
    client = first_answer(serve("suite_not_offered"), [RSA_CBC])[1]
    assert client.server.suite != RSA_CBC
    server = serve("version_not_offered", versions=("tls1.0", "tls1.2"))
    assert first_answer(server, [RSA_CBC], TLS10)[1].version == TLS11
    client = first_answer(serve("group_not_offered"), [ECDHE], extensions=[(GROUPS, b"\0\2\0\x1d"),
                                                                         *usual_extensions()[2:]])[1]
    assert client.flight[SERVER_KEY_EXCHANGE][4:7] == b"\3\0\x18"


def test_wrong_and_weak_signatures(serve):
    text = openssl(serve("signature_wrong"), "-tls1_2")
    assert "bad signature" in text and "bad signature" in openssl(serve("signature_wrong"), "-tls1_3")
    weak = [(SIGALGS, struct.pack("!H", 6) + pack16([0x0401, 0x0101, 0x0201])), *usual_extensions()[:3]]
    for server, algorithm in ((serve("sloth"), 0x0101), (serve(), 0x0401)):
        flight = first_answer(server, [DHE], extensions=weak)[1].flight[SERVER_KEY_EXCHANGE]
        reader = Reader(flight[4:])
        for _ in range(3):
            reader.vector(2)
        assert reader.number(2) == algorithm


def test_compressed_certificates(serve):
    """OpenSSL 3.0 does not take them, so none come. That they come to who does is in the auditor's tests."""
    assert "Verification" in openssl(serve("compressed_certificate"), "-tls1_3")


def test_truncation(serve):
    for server, words in ((serve("truncation"), ["closed"]), (serve(), ["alert 0", "closed"])):
        with RawClient(server.port) as client:
            client.handshake([ECDHE])
            client.send(DATA, GET)
            answer = client.outcome()
            assert answer[1:] == words and answer[0].startswith("record 23")


def test_alpn(serve):
    def alpn(server, *names):
        body = b"".join(bytes([len(name)]) + name.encode() for name in names)
        word, client = first_answer(server, extensions=[*usual_extensions(), (16, struct.pack("!H", len(body)) + body)])
        return client.server.extensions.get(16, b"")[3:].decode() if word == "hello" else word

    assert alpn(serve(), "h2", "http/1.1") == "http/1.1"
    assert alpn(serve(alpn=("h2", "http/1.1")), "http/1.1", "h2") == "h2"
    assert alpn(serve(), "gate443-x") == "alert 120"
    assert alpn(serve("alpn_lax"), "gate443-x") == ""
    assert alpn(serve("alpn_echo"), "gate443-x") == "gate443-x"
    code, text = curl(server := serve(alpn=("h2",)), f"https://localhost:{server.port}/")
    assert server.wait_idle()[0].requests[0][0] == "h2"


def test_server_names(serve):
    def named(server, name):
        extensions = usual_extensions(name) if name else usual_extensions()[1:]
        return first_answer(server, extensions=extensions)[0]

    assert named(serve(), "a.fault.test") == named(serve(), None) == "hello"
    assert named(serve(), "other.example") == "alert 112"
    assert named(serve("sni_lax"), "other.example") == "hello"
    assert named(serve("sni_refused"), "localhost") == "alert 112" and named(serve("sni_refused"), None) == "hello"
    with RawClient(serve("sni_warning").port) as client:
        assert client.hello([ECDHE], name="other.example") == (ALERT, b"\1\x70")
        assert client.read_flight()[0] == HANDSHAKE
    assert "Hello." in openssl(serve("sni_warning"), "-tls1_2", name="other.example")


def test_breach(serve):
    def page(server):
        with RawClient(server.port) as client:
            client.handshake([ECDHE])
            client.send(DATA, b"GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n")
            return client.read()[1]

    for fault, gzip, same in (("breach", True, False), ("gzip_static", True, True), (None, False, True)):
        server = serve(*[fault] if fault else [])
        one, two = page(server), page(server)
        assert (b"gzip" in one, one == two) == (gzip, same)


# --- intolerance, walks and preferences -------------------------------------------------------------------------------

def hello13(groups, shares=(), suites=(0x1301,), more=()):
    body = b"".join(struct.pack("!HH", group, len(share)) + share for group, share in shares)
    extensions = [server_name("localhost"), (SUPPORTED_VERSIONS, b"\2\3\4"),
                  (GROUPS, struct.pack("!H", 2 * len(groups)) + pack16(groups)),
                  (SIGALGS, b"\0\4\4\3\x08\4"), (KEY_SHARE, struct.pack("!H", len(body)) + body), *more]
    return client_hello(TLS12, suites, extensions, random=bytes(32))


def test_walk_of_groups_by_retry(serve):
    mine = ("x25519mlkem768", "x25519", "ffdhe3072", "brainpool256tls13", "mlkem1024", "p521")
    server, left, found = serve(groups=mine), [0x11ec, 29, 257, 31, 0x202, 25, 23], []
    while True:
        with RawClient(server.port) as client:
            client.sock.sendall(record(HANDSHAKE, TLS10, hello13(left)))
            kind, data = client.next()
            if kind == ALERT:
                assert data == b"\2\x28"
                break
            group = int.from_bytes(data[-2:], "big")
            found.append(group)
            left.remove(group)
    assert found == server.config.group_numbers13


def test_stand_in_shares_have_the_right_size(serve):
    server = serve(groups=("x25519mlkem768",))
    with RawClient(server.port) as client:
        client.sock.sendall(record(HANDSHAKE, TLS10, hello13([0x11ec], [(0x11ec, bytes(1216))])))
        kind, data = client.next()
        assert kind == HANDSHAKE and data[-1122:-1120] == struct.pack("!H", 1120)


def test_preferences(serve):
    aes, chacha = 0xc02f, 0xcca8

    def chosen(*faults):
        server = serve(*faults, suites=(aes, chacha))
        return [first_answer(server, offer)[1].server.suite for offer in ([aes, chacha], [chacha, aes])]

    assert chosen() == [aes, aes]
    assert chosen("chacha_first") == chosen("suite_client") == [aes, chacha]
    server = serve("suite_random")
    assert len({first_answer(server, [ECDHE, RSA_CBC, DHE])[1].server.suite for _ in range(30)}) > 1


def test_versions_with_holes(serve):
    server = serve(versions=("ssl3", "tls1.1"))
    assert first_answer(server, [RSA_CBC], TLS12)[1].version == TLS11
    assert first_answer(server, [RSA_CBC], TLS10)[1].version == SSL3
    assert first_answer(serve(versions=("tls1.3",)), [RSA_CBC])[0] == "alert 70"


@pytest.mark.parametrize("fault, more, end", [
    ("tls13_reset", [(SUPPORTED_VERSIONS, b"\4\3\4\3\3")], "reset"),
    ("unknown_version_alert", [(SUPPORTED_VERSIONS, b"\4\x7f\x7f\3\3")], "alert 70"),
    ("long_hello_hang", [(21, bytes(200))], "silent"), ("large_hello_reset", [(21, bytes(2000))], "reset"),
    ("grease_reset", [(0x1a1a, b"")], "reset"), ("extension_intolerant", [(0xfe77, b"")], "alert 40"),
    ("extension_intolerant=22", [(22, b"")], "alert 40")])
def test_intolerance(serve, fault, more, end):
    server = serve(fault, versions=("tls1.2",))
    assert first_answer(server)[0] == "hello"
    assert first_answer(server, extensions=[*usual_extensions(), *more], timeout=0.2)[0] == end
    assert first_answer(serve(versions=("tls1.2",)), extensions=[*usual_extensions(), *more])[0] == "hello"


def test_intolerance_to_number_of_suites(serve):
    many = [ECDHE, *range(0x2000, 0x2080)]
    assert first_answer(serve("many_suites_reset"), many)[0] == "reset"
    assert first_answer(serve(), many)[0] == "hello"


@pytest.mark.parametrize("fault, by_segment, by_record", [
    ("split_hello_fail", "reset", "hello"), ("split_hello_fail=hang", "silent", "hello"),
    ("split_record_fail", "hello", "alert 50"), (None, "hello", "hello")])
def test_split_hello(serve, fault, by_segment, by_record):
    server, hello = serve(*[fault] if fault else []), client_hello(TLS12, [ECDHE], usual_extensions())
    whole = record(HANDSHAKE, TLS12, hello)
    for pieces, end in (([whole[:60], whole[60:]], by_segment),
                        ([record(HANDSHAKE, TLS12, hello[:50]) + record(HANDSHAKE, TLS12, hello[50:])], by_record)):
        with RawClient(server.port, 0.2) as client:
            for piece in pieces:
                client.sock.sendall(piece)
                time.sleep(0.02)
            kind, data = client.read_flight()
            assert end == ("hello" if kind == HANDSHAKE else f"alert {data[1]}" if kind == ALERT else kind)


# --- hostile modes ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("fault", ["byte_by_byte", "delay=20", "alert_split", "one_record_each", "zero_records=10"])
def test_openssl_bears_the_bearable(serve, fault):
    for version in ("-tls1_2", "-tls1_3"):
        assert "Hello." in openssl(serve(fault), version)


def test_huge_chain(serve):
    server = serve("cert=huge")
    assert "excessive message size" in openssl(server, "-tls1_2")
    with RawClient(server.port) as client:
        client.hello([ECDHE])
        assert len(client.flight[11]) > 1 << 20


@pytest.mark.parametrize("fault, words", [
    (None, ["alert 40", "closed"]), ("alert_split", ["alert 40", "closed"]),
    ("alert_two_records", ["alert of 1", "alert of 1", "closed"]), ("alert_reset", ["reset"]),
    ("alert_silent_close", ["closed"]), ("alert_nothing", ["silent"]), ("tarpit", ["silent"]),
    ("close_at_once", ["closed"]), ("sslv2_error", None), ("garbage", None), ("http_in_clear", None)])
def test_ways_to_end(serve, fault, words):
    server = serve(*[fault] if fault else [])
    if words is None:
        raw = ask(server.port, record(HANDSHAKE, TLS12, client_hello(TLS12, [0x1234], usual_extensions())))
        assert raw and raw[0] not in (ALERT, HANDSHAKE) or fault == "garbage" and len(raw) == 200
        return
    with RawClient(server.port, 0.2) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [0x1234], usual_extensions()))
        assert client.outcome() == words


def test_reset_at_once_and_flaky(serve):
    assert first_answer(serve("reset_at_once"))[0] == "reset"
    server = serve("flaky=3")
    assert [first_answer(server)[0] for _ in range(6)] == ["hello", "hello", "reset"] * 2


def test_drip(serve):
    server = serve("drip=0.05")
    with RawClient(server.port) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [ECDHE], usual_extensions()))
        began = time.monotonic()
        assert client.sock.recv(1) and client.sock.recv(1) and client.sock.recv(1)
        assert time.monotonic() - began > 0.09


def test_one_at_a_time(serve):
    server = serve("serial")
    with RawClient(server.port) as one:
        assert one.hello([ECDHE])[0] == HANDSHAKE
        with RawClient(server.port, 0.1) as two:
            assert two.hello([ECDHE])[0] == "silent"
            one.sock.close()
            two.sock.settimeout(2)
            assert two.read_flight()[0] == HANDSHAKE
    assert server.max_concurrent == 1


def test_limits(serve):
    server = serve("rate_limit=5")
    assert [first_answer(server)[0] for _ in range(8)].count("hello") in (5, 6, 7)
    assert server.refused >= 1
    server = serve("ban_after=2")
    assert [first_answer(server)[0] == "hello" for _ in range(4)] == [True, True, False, False]
    server = serve("concurrent_limit=1")
    with RawClient(server.port) as one:
        assert one.hello([ECDHE])[0] == HANDSHAKE and first_answer(server)[0] != "hello"


def test_farm(serve):
    server = serve(alternate=Config(suites=("all",), faults={"heartbleed"}, versions=("tls1.2",)))
    more = [*usual_extensions(), (HEARTBEAT_EXT, b"\1")]
    found = [HEARTBEAT_EXT in first_answer(server, extensions=more)[1].server.extensions for _ in range(4)]
    assert found == [False, True, False, True]


@pytest.mark.parametrize("what, kind", [("hello_request", HANDSHAKE), ("certificate", HANDSHAKE), ("warning", ALERT),
                                        ("empty", HANDSHAKE)])
def test_endless(serve, what, kind):
    server = serve(f"endless={what}")
    with RawClient(server.port) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [RSA_CBC], usual_extensions()))
        assert [client.read()[0] for _ in range(2000)][-1] == kind
    server.wait_idle()
    assert server.concurrent == 0


def test_records_of_odd_sizes(serve):
    with RawClient(serve("record_size=18432").port) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [RSA_CBC], usual_extensions()))
        assert len(client.read()[1]) > 18400
    with RawClient(serve("zero_records=300").port) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [RSA_CBC], usual_extensions()))
        assert [client.read()[1] for _ in range(300)] == [b""] * 300 and client.read()[1]
    with RawClient(serve("zero_records=0").port) as client:
        client.send(HANDSHAKE, client_hello(TLS12, [RSA_CBC], usual_extensions()))
        assert [client.read()[1] for _ in range(3000)] == [b""] * 3000
    raw = ask(serve("wrong_record_version").port, record(HANDSHAKE, TLS12, client_hello(TLS12, [RSA_CBC])))
    assert raw[1:3] == b"\3\5"


def test_hello_and_alert_and_cuts(serve):
    hello = record(HANDSHAKE, TLS12, client_hello(TLS12, [RSA_CBC], usual_extensions()))
    with socket.create_connection(("127.0.0.1", serve("hello_and_alert").port), 2) as sock:
        sock.sendall(hello)
        data = sock.recv(100000)
        assert data[0] == HANDSHAKE and data[-7:] == bytes.fromhex("15030300020228")
    assert len(ask(serve("truncated_hello=30").port, hello)) == 30
    with RawClient(serve("hello_then_reset").port) as client:
        assert client.hello([RSA_CBC])[0] == HANDSHAKE and client.read()[0] == "reset"


@pytest.mark.parametrize("name, version, fields", [
    ("server_hello", TLS12, 6), ("certificate", TLS12, 4), ("server_key_exchange", TLS12, 3),
    ("server_hello", TLS13, 6)])
def test_malformed_messages(serve, name, version, fields):
    """Each length of a message can be wrong, and then the message differs in that place."""
    def flight(*faults):
        server = serve(*faults, certificates=("rsa2048",))
        hello = hello13([29], [(29, b"\x09" + bytes(31))]) if version == TLS13 else client_hello(
            TLS12, [ECDHE], usual_extensions())
        raw = ask(server.port, record(HANDSHAKE, TLS12, hello))
        return raw, server.wait_idle()[0]

    lengths = {len(flight()[0])}
    for field_number in range(fields):
        raw, visit = flight(f"malformed={name}:{field_number}:1")
        assert any("malformed: True" in event for event in visit.events), (field_number, visit.events)
        lengths.add(len(raw))
    assert len(lengths) <= 2 + fields


# --- robustness -------------------------------------------------------------------------------------------------------

def test_any_bytes(serve):
    import random
    source = random.Random(443)
    server = serve("sslv2", "heartbeat", **{**OLD, "patience": 0.2})
    good = record(HANDSHAKE, TLS12, client_hello(TLS12, [ECDHE, RSA_CBC], usual_extensions()))
    for turn in range(400):
        data = bytearray(good)
        if turn % 4 == 0:
            data = bytearray(source.randbytes(source.randrange(1, 300)))
        for _ in range(source.randrange(1, 4)):
            data[source.randrange(len(data))] = source.randrange(256)
        with socket.create_connection(("127.0.0.1", server.port), 2) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(0.01)
            try:
                sock.recv(1)
            except OSError:
                pass
    server.wait_idle()
    assert server.errors == [] and server.count == 400 and server.concurrent == 0


def test_many_connections_are_counted(serve):
    server = serve("tarpit")
    socks = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    wait_for(lambda: server.concurrent == 300)
    for sock in socks:
        sock.close()
    server.wait_idle()
    assert (server.count, server.max_concurrent, server.concurrent) == (300, 300, 0)
    server.forget()
    assert server.count == 0 and server.log == []


def test_stop_ends_what_hangs():
    server = FaultServer(faults={"tarpit"}).start()
    socks = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    wait_for(lambda: server.concurrent == 20)
    began = time.monotonic()
    server.stop()
    assert time.monotonic() - began < 2 and server.concurrent == 0
    for sock in socks:
        sock.close()


# --- the table and the program ----------------------------------------------------------------------------------------

def test_every_fault_is_used_and_documented():
    code = "".join(path.read_text() for path in LIB.glob("fault_*.py"))
    for name, fault in FAULTS.items():
        assert f'"{name}"' in code, f"{name} does nothing"
        assert re.search(rf'[("]{name}\b', Path(__file__).read_text()), f"{name} has no test"
        assert fault.doc and fault.kind in ("vulnerable", "near", "intolerant", "hostile")
    asked = set(re.findall(r'fault\("(\w+)"\)', code))
    assert asked <= set(FAULTS)
    with pytest.raises(ValueError):
        Config(faults={"hearbleed"})


def test_program(tmp_path):
    program = str(LIB / "fault_server.py")
    text = subprocess.run([sys.executable, program, "--list"], stdout=subprocess.PIPE, text=True, timeout=20).stdout
    assert all(f"  {name} " in text for name in FAULTS)
    process = subprocess.Popen([sys.executable, program, "--fault", "cert=expired", "--http-port", "0", "--ca-out",
                                str(tmp_path / "ca.pem")], stdout=subprocess.PIPE)
    with process:
        ports = json.loads(process.stdout.readline())
        assert ask(ports["http_port"], b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 301")
        text = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{ports['port']}", "-CAfile",
                               str(tmp_path / "ca.pem")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=20, text=True).stdout
        assert "certificate has expired" in text
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert subprocess.run([sys.executable, program, "--fault", "nothing"], stderr=subprocess.DEVNULL).returncode == 2
