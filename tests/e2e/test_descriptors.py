"""A worker with few descriptors: neither files that wait behind shut windows nor connections use up all of them."""
import os
from contextlib import ExitStack

from gate import wait_until
from http2 import DATA, END_STREAM, GONE, Http2, RawHttp2, settings, window

FEW = 192


def few(make_gate, site):
    return make_gate(site, workers=1, prefix=("prlimit", f"--nofile={FEW}:{FEW}"))


def most_open(gate):
    """Of the process that has most descriptors open: the worker."""
    return max(len(os.listdir(f"/proc/{pid}/fd")) for pid in gate.descendants())


def big(client):
    response = client.request(path="/big.bin")
    assert response.status == 200
    return response.body


def test_streams_that_wait(make_gate, site):
    """Hundreds of streams on a large file, none of which takes a byte. Others are served meanwhile, and when the
    windows open at last, the ones that waited get what they asked for."""
    gate = few(make_gate, site)
    content = (site / "big.bin").read_bytes()
    with ExitStack() as stack:
        held = [stack.enter_context(RawHttp2(gate.tls(alpn=("h2",)), settings_frame=settings([(4, 0)])))
                for _ in range(8)]
        for raw in held:
            for stream in range(1, 240, 2):
                raw.get(stream, "/big.bin")
            assert raw.alive()
        assert most_open(gate) < FEW - 32
        with Http2(gate.tls(alpn=("h2",))) as client:
            assert client.request(path="/hello.txt").status == 200
            assert big(client) == content
        for raw in held[::3]:
            raw.send(window(0, len(content)) + window(17, len(content)))
            body = b""
            while len(body) < len(content):
                found = raw.read()
                assert found is not None
                if found.type == DATA:
                    assert found.stream == 17
                    body += found.payload
            assert body == content and found.flags & END_STREAM


def test_connections(make_gate, site):
    """More connections than there are descriptors: those that are there go on, and whoever comes behind them is told
    at once, until one of them leaves."""
    gate = few(make_gate, site)
    content = (site / "big.bin").read_bytes()
    with Http2(gate.tls(alpn=("h2",))) as client, ExitStack() as stack:
        others = []
        try:
            while len(others) < FEW:
                others.append(stack.enter_context(gate.tcp(gate.http)))
            assert others[-1].recv(1) == b""
        except GONE:            # already while it connected, or behind that
            pass
        assert most_open(gate) < FEW - 16
        assert big(client) == content
        for sock in others:
            sock.close()

        def serves():
            try:
                with Http2(gate.tls(alpn=("h2",))) as another:
                    return another.request(path="/hello.txt").status == 200
            except (*GONE, OSError):
                return False
        wait_until(serves, what="a place for a newcomer")
