"""Malformed HTTP/1 over TLS: the right status, the connection closed, and no harm to the next client."""
import re
import ssl
from pathlib import Path

import pytest

from h1_cases import CASES, CHUNK_CASES, CHUNKED, GET
from http1 import Http1

UNIT = Path(__file__).resolve().parents[1] / "unit" / "wire" / "test_h1_malformed.c"


def talk(gate, data):
    """Sends data, and reads all responses up to the end. Returns (responses, whether the server closed)."""
    responses = []
    with Http1(gate.tls()) as http:
        try:
            http.send(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass    # refused while we still sent
        while len(responses) < 10:
            try:
                responses.append(http.read())
            except EOFError:
                return responses, True
            except TimeoutError:
                break
    return responses, False


def assert_fresh_request(gate):
    with Http1(gate.tls()) as http:
        assert http.request(target="/").status == 200


@pytest.mark.parametrize("name,data,status", CASES, ids=[case[0] for case in CASES])
def test_refused(gate, name, data, status):
    responses, closed = talk(gate, data)
    assert [response.status for response in responses] == [status]
    assert closed, "the connection stays open"
    assert responses[0].get("connection", "").lower() == "close"
    assert_fresh_request(gate)


@pytest.mark.parametrize("name,body", CHUNK_CASES, ids=[case[0] for case in CHUNK_CASES])
def test_chunks_refused(gate, name, body):
    responses, closed = talk(gate, GET + CHUNKED + b"\r\n" + body + GET + b"\r\n")
    assert closed
    assert len(responses) <= 1, "the request behind a body without a known end was answered"
    assert_fresh_request(gate)


def test_split_at_every_byte(gate):
    """A well-formed request that comes in two pieces is the same request."""
    request = b"GET /hello.txt HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n\r\n"
    with Http1(gate.tls()) as http:
        for cut in range(1, len(request)):
            http.send(request[:cut])
            http.send(request[cut:])
            response = http.read()
            assert (response.status, response.body) == (200, b"Hello, world!\n"), cut
            if "connection" in response and response.get("connection").lower() == "close":
                break


def test_unit_table_has_the_same_cases():
    names = re.findall(r'^ +\{"([a-z0-9.-]+)",', UNIT.read_text(), re.MULTILINE)
    assert sorted(names) == sorted(case[0] for case in CASES)
