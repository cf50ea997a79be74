"""HTTP/2 faults and floods (tests/lib/h2_cases.py) over TLS against the real binary. After each of them somebody else's
request must get its 200."""
import select
import ssl
import time
from pathlib import Path

import pytest

from gate import SANITIZED
from h2_cases import CASES, FLOODS
from http2 import CANCEL, DATA, GOAWAY, GONE, RST_STREAM, Http2, RawHttp2, settings, window

MEMORY = 8 * 1024 * 1024  # bytes that the workers may have grown by in one flood


def assert_serves(gate):
    with Http2(gate.tls(alpn=("h2",))) as client:
        response = client.request(path="/hello.txt")
        assert response.status == 200
        assert response.body == b"Hello, world!\n"


def connect(gate, case, preface=True):
    return RawHttp2(gate.tls(alpn=("h2",)), preface=preface, settings_frame=case.settings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fault(gate, case):
    with connect(gate, case, case.preface) as raw:
        raw.send(case.make(raw))
        found = raw.outcome(case.stream)
    assert found in case.expect, f"{case.name}: {found}"
    assert_serves(gate)


def pending_frames(raw):
    """Reads what is there without waiting for more."""
    while raw.sock.pending() or select.select([raw.sock], [], [], 0)[0]:
        before = raw.sock.gettimeout()
        raw.sock.settimeout(0.2)
        try:
            if raw.read() is None:
                break
        except TimeoutError:
            break
        finally:
            raw.sock.settimeout(before)


def goaway_code(raw):
    return next((f.code for f in raw.frames if f.type == GOAWAY and f.code != 0), None)


def opened_too_many(raw):
    """Streams opened faster than the server gets rid of their resets are more than SETTINGS_MAX_CONCURRENT_STREAMS:
    nghttp2 ends the connection for that, with its reason as debug data. Who comes first depends on the machine."""
    return any(f.type == GOAWAY and b"max concurrent streams" in f.payload for f in raw.frames)


def run_flood(raw, flood):
    """Sends rounds until the server has enough; how many that were."""
    step = 1 if flood.rounds < 1000 else 50
    sent = 0
    while sent < flood.rounds:
        if not raw.send(b"".join(flood.make(i) for i in range(sent, sent + step))):
            break
        sent += step
        if flood.read:
            pending_frames(raw)
            if raw.eof or goaway_code(raw) is not None:
                break
    return sent


def resident(gate):
    total = 0
    for pid in gate.descendants():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return total


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.name)
def test_flood(gate, flood):
    assert_serves(gate)
    before = resident(gate)
    with connect(gate, flood) as raw:
        raw.sock.settimeout(20)
        sent = run_flood(raw, flood)
        grown = resident(gate) - before
        try:
            while goaway_code(raw) is None and raw.read() is not None:
                pass
        except (TimeoutError, ssl.SSLError, *GONE):
            pass
        code = goaway_code(raw)
    assert sent < flood.rounds or code is not None, "the server took everything"
    assert code in flood.codes or (code is None and raw.eof) or opened_too_many(raw), \
        f"GOAWAY {code} after {sent} rounds: {[f.payload for f in raw.frames if f.type == GOAWAY]}"
    if not SANITIZED:
        assert grown < MEMORY, f"{grown} bytes more"
    assert_serves(gate)


def test_streams_that_stall(make_gate, site):
    """Streams whose windows stay shut are reset one by one, while another of the connection is served on."""
    gate = make_gate(config="listen https {https};\nlisten http {http};\nstate {state};\n"
                     "limits { stall_timeout 3s; rate_window 3s; min_rate 100; }\n"
                     "site localhost { root {root}; }\n", root=site)
    with RawHttp2(gate.tls(alpn=("h2",)), settings_frame=settings([(4, 0)])) as raw:
        for stream in range(1, 22, 2):
            raw.get(stream, "/big.bin")
        raw.send(window(1, 1000))
        stalled = set()
        while len(stalled) < 10:
            found = raw.read()
            assert found is not None and found.type != GOAWAY
            if found.type == RST_STREAM:
                assert found.stream != 1 and found.code == CANCEL
                stalled.add(found.stream)
            elif found.type == DATA:
                time.sleep(0.02)
                raw.send(window(1, 1000))
        assert raw.alive()
