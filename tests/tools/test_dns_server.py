"""The tests' own name server says what its zone holds, and does wrong what it is told to."""
import socket
import struct
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from dns_server import AD, AA, DnsServer, QR, TC, name_to_wire, type_number  # noqa: E402

ZONE = {
    "a.test": {"A": ["192.0.2.1", "192.0.2.2"], "AAAA": ["2001:db8::1"],
               "CAA": [(128, "issue", "ca.test")],
               "HTTPS": [(1, ".", {"port": 8443, "alpn": ["h2", "h3"], "mandatory": ["port", "alpn"]})]},
    "WWW.a.test.": {"CNAME": ["a.test"]},
    "_443._tcp.deep.a.test": {"TLSA": [(3, 1, 1, "00ff")], "TYPE999": [b"raw"]},
    "large.test": {"A": [f"10.0.0.{i}" for i in range(1, 100)]},
}
EDNS = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)


def query(name, kind, edns=False):
    return struct.pack(">6H", 0xabcd, 0x0120, 1, 0, 0, int(edns)) + name_to_wire(name) + \
        struct.pack(">HH", type_number(kind), 1) + (EDNS if edns else b"")


def ask(server, name, kind, edns=False, tcp=False, timeout=5):
    """Number, flags, counts of a response, and all of it."""
    message = query(name, kind, edns)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sock.connect(("127.0.0.1", server.port))
        sock.send((struct.pack(">H", len(message)) if tcp else b"") + message)
        answer = sock.recv(65535)
        while tcp and (len(answer) < 2 or len(answer) < 2 + struct.unpack(">H", answer[:2])[0]):
            answer += sock.recv(65535)
    answer = answer[2:] if tcp else answer
    return struct.unpack(">6H", answer[:12]), answer


@pytest.fixture(scope="module")
def server():
    with DnsServer(ZONE, secure=True) as server:
        yield server


@pytest.mark.parametrize("name, kind, count, data", [
    ("a.test", "A", 2, b"\xc0\0\2\2"),
    ("A.Test", "AAAA", 1, b"\x20\1\x0d\xb8"),
    ("a.test", "CAA", 1, b"\x80\5issueca.test"),
    ("a.test", "HTTPS", 1, b"\0\1\0" b"\0\0\0\4\0\1\0\3" b"\0\1\0\6\2h2\2h3" b"\0\3\0\2\x20\xfb"),
    ("www.a.test", "A", 3, b"\xc0\0\2\1"),
    ("www.a.test", "TLSA", 1, b"\1a\4test\0"),
    ("_443._tcp.deep.a.test", "TLSA", 1, b"\3\1\1\0\xff"),
    ("_443._tcp.deep.a.test", "TYPE999", 1, b"raw"),
])
@pytest.mark.parametrize("tcp", [False, True])
def test_records(server, name, kind, count, data, tcp):
    head, answer = ask(server, name, kind, tcp=tcp)
    assert head[0] == 0xabcd and head[1] & QR and head[1] & AD and not head[1] & AA and head[1] & 15 == 0
    assert head[2:] == (1, count, 0, 0)
    assert data in answer


@pytest.mark.parametrize("name, code", [("no.test", 3), ("a.test", 0), ("deep.a.test", 0), ("_tcp.deep.a.test", 0)])
def test_no_records(server, name, code):
    head, _ = ask(server, name, "TLSA", edns=True)
    assert head[1] & 15 == code and head[2:] == (1, 0, 1, 1)


def test_large_answers_need_edns_or_tcp(server):
    head, _ = ask(server, "large.test", "A", edns=True)
    assert head[1] & TC and head[3] == 0
    head, _ = ask(server, "large.test", "A", tcp=True)
    assert not head[1] & TC and head[3] == 99


def test_faults():
    faults = {"silent.test": "silent", ("a.test", "A"): "SERVFAIL", ("a.test", "CAA"): "truncate",
              ("a.test", "AAAA"): "insecure", ("a.test", "HTTPS"): ("delay", 0.3), "www.a.test": "cut",
              "wrong.test": "wrong-id", "garbage.test": "garbage"}
    with DnsServer(ZONE, secure=True, faults=faults) as server:
        with pytest.raises(TimeoutError):
            ask(server, "silent.test", "A", timeout=0.3)
        assert ask(server, "a.test", "A")[0][1] & 15 == 2
        assert ask(server, "a.test", "CAA")[0][1] & TC
        assert ask(server, "a.test", "CAA", tcp=True)[0][3] == 1
        assert not ask(server, "a.test", "AAAA")[0][1] & AD
        start = time.monotonic()
        assert ask(server, "a.test", "HTTPS")[0][3] == 1
        assert time.monotonic() - start >= 0.3
        assert ask(server, "wrong.test", "A")[0][0] != 0xabcd
        assert ask(server, "garbage.test", "A")[1].startswith(b"\xde\xad")
        assert ask(server, "www.a.test", "A")[1][-1] == 2                        # of 192.0.2.2 the 2 before is left
        assert ("a.test", "CAA", "tcp") in server.queries


def test_no_query(server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.sendto(b"\1\2garbage that is no query", ("127.0.0.1", server.port))
        assert struct.unpack(">H", sock.recv(512)[2:4])[0] & 15 == 1
