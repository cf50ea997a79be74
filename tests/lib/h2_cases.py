"""HTTP/2 faults as raw frames, each with the outcomes that RFC 9113 permits and we choose; and floods, each of which the
server must end by itself. tests/e2e/test_h2_faults.py runs them against the real binary."""
from dataclasses import dataclass
from typing import Callable

from http2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PREFACE, PRIORITY,
                   PRIORITY_FLAG, PRIORITY_UPDATE, PUSH_PROMISE, RST_STREAM, SETTINGS, WINDOW_UPDATE, COMPRESSION_ERROR,
                   ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR, STREAM_CLOSED, frame, rst,
                   settings, window)

WHOLE = END_STREAM | END_HEADERS
OPEN = ("open", None)


def goaway(*codes):
    return [("goaway", code) for code in codes]


def reset(*codes):
    return [("rst", code) for code in codes]


def status(*codes):
    return [("status", code) for code in codes]


# A connection error is always permitted in the place of a stream error (RFC 9113 5.4.2).
MALFORMED = reset(PROTOCOL_ERROR) + goaway(PROTOCOL_ERROR) + status(400)


@dataclass
class Case:
    name: str
    make: Callable      # (raw connection) -> bytes to send
    expect: list        # outcomes, see RawHttp2.outcome
    stream: int = None  # whose outcome counts; None: the connection's
    preface: bool = True
    settings: bytes = None


# --- building blocks ------------------------------------------------------------------------------------------------

def literal(text, prefix=127):
    """A string of HPACK without Huffman coding."""
    text = text.encode() if isinstance(text, str) else text
    length, out = len(text), b""
    if length < prefix:
        return bytes([length]) + text
    out, length = bytes([prefix]), length - prefix
    while length >= 128:
        out, length = out + bytes([length % 128 + 128]), length // 128
    return out + bytes([length]) + text


def block(*fields):
    """A header block of literals that touch no table, so that anything can be said and nothing is remembered."""
    return b"".join(b"\0" + literal(name) + literal(value) for name, value in fields)


def request(*extra, method="GET", path="/hello.txt", authority="localhost", scheme="https"):
    return block((":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *extra)


def headers(stream, payload, flags=WHOLE):
    return frame(HEADERS, flags, stream, payload)


def one(payload, flags=WHOLE):
    """A case's make: one HEADERS frame on stream 1."""
    return lambda raw: headers(1, payload, flags)


def just(data):
    return lambda raw: data


# With a window of 0 the answer to a GET cannot be sent, so its stream stays open.
HELD = settings([(4, 0)])


def held(more, end=True):
    return lambda raw: headers(1, request(path="/big.bin"), WHOLE if end else END_HEADERS) + more


# --- faults ---------------------------------------------------------------------------------------------------------

P, F, S, C = PROTOCOL_ERROR, FRAME_SIZE_ERROR, STREAM_CLOSED, COMPRESSION_ERROR

CASES = [
    # the beginning
    Case("a broken preface", just(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + settings()), goaway(P), preface=False),
    Case("HTTP/1.1 where HTTP/2 was agreed", just(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), goaway(P),
         preface=False),
    Case("HEADERS before SETTINGS", just(PREFACE + headers(1, request())), goaway(P), preface=False),
    Case("an ACK as the first SETTINGS", just(PREFACE + settings(flags=ACK)), goaway(P), preface=False),
    # streams
    Case("DATA on stream 0", just(frame(DATA, 0, 0, b"x")), goaway(P)),
    Case("DATA on an idle stream", just(frame(DATA, 0, 1, b"x")), goaway(P)),
    Case("HEADERS on stream 0", lambda raw: headers(0, request()), goaway(P)),
    Case("HEADERS on an even stream", lambda raw: headers(2, request()), goaway(P)),
    Case("RST_STREAM on stream 0", just(rst(0)), goaway(P)),
    Case("RST_STREAM on an idle stream", just(rst(1)), goaway(P)),
    Case("RST_STREAM of 3 bytes", held(frame(RST_STREAM, 0, 1, b"abc")), goaway(F), settings=HELD),
    Case("WINDOW_UPDATE on an idle stream", just(window(1, 5)), goaway(P)),
    Case("DATA behind END_STREAM", held(frame(DATA, 0, 1, b"x")), goaway(S) + reset(S), stream=1, settings=HELD),
    Case("HEADERS behind END_STREAM", held(headers(1, block(("x", "y")))), goaway(S) + reset(S), stream=1,
         settings=HELD),
    Case("a body on a held stream, then reset", held(rst(1), end=False), [OPEN], settings=HELD),
    Case("HEADERS on a stream passed over", lambda raw: headers(5, request()) + headers(3, request()), goaway(P)),
    Case("HEADERS on a stream that has ended", lambda raw: headers(1, request()) + rst(1) + headers(1, request()),
         goaway(P, S)),
    # SETTINGS
    Case("SETTINGS on stream 1", just(frame(SETTINGS, 0, 1)), goaway(P)),
    Case("SETTINGS of 5 bytes", just(frame(SETTINGS, 0, 0, b"abcde")), goaway(F)),
    Case("SETTINGS ACK with content", just(frame(SETTINGS, ACK, 0, b"abcdef")), goaway(F)),
    Case("SETTINGS ACK for nothing", just(settings(flags=ACK)), goaway(P)),
    Case("INITIAL_WINDOW_SIZE of 2^31", just(settings([(4, 1 << 31)])), goaway(FLOW_CONTROL_ERROR)),
    Case("MAX_FRAME_SIZE of 100", just(settings([(5, 100)])), goaway(P)),
    Case("MAX_FRAME_SIZE of 2^24", just(settings([(5, 1 << 24)])), goaway(P)),
    Case("ENABLE_PUSH of 2", just(settings([(2, 2)])), goaway(P)),
    Case("an unknown setting", just(settings([(0xabcd, 5)])), [OPEN]),
    Case("a window that SETTINGS overflow", held(window(1, 0x7fffffff) + settings([(4, 0x7fffffff)])),
         goaway(FLOW_CONTROL_ERROR) + reset(FLOW_CONTROL_ERROR), stream=1, settings=settings([(4, 0)])),
    # PING, GOAWAY, WINDOW_UPDATE
    Case("PING on stream 1", just(frame(PING, 0, 1, b"12345678")), goaway(P)),
    Case("PING of 7 bytes", just(frame(PING, 0, 0, b"1234567")), goaway(F)),
    Case("a PING that is answered", just(frame(PING, 0, 0, b"12345678")), [OPEN]),
    Case("GOAWAY on stream 1", just(frame(GOAWAY, 0, 1, bytes(8))), goaway(P)),
    Case("GOAWAY of 7 bytes", just(frame(GOAWAY, 0, 0, bytes(7))), goaway(F)),
    Case("WINDOW_UPDATE of 3 bytes", just(frame(WINDOW_UPDATE, 0, 0, b"abc")), goaway(F)),
    Case("an increment of 0 for the connection", just(window(0, 0)), goaway(P)),
    Case("an increment of 0 for a stream", held(window(1, 0)), goaway(P) + reset(P), stream=1, settings=HELD),
    Case("the connection's window overflows", just(window(0, 0x7fffffff)), goaway(FLOW_CONTROL_ERROR)),
    Case("a stream's window overflows", held(window(1, 0x7fffffff) + window(1, 1)), reset(FLOW_CONTROL_ERROR), stream=1,
         settings=settings([(4, 1)])),
    # PRIORITY
    Case("PRIORITY on stream 0", just(frame(PRIORITY, 0, 0, bytes(5))), goaway(P)),
    Case("PRIORITY of 4 bytes", just(frame(PRIORITY, 0, 1, bytes(4))), goaway(F)),
    Case("HEADERS that are shorter than their priority", just(frame(HEADERS, WHOLE | PRIORITY_FLAG, 1, b"abc")),
         goaway(F, P)),
    Case("PRIORITY_UPDATE about stream 0", just(frame(PRIORITY_UPDATE, 0, 0, bytes(4) + b"u=1")), goaway(P)),
    Case("PRIORITY_UPDATE on a stream", just(frame(PRIORITY_UPDATE, 0, 1, b"\0\0\0\1u=1")), goaway(P)),
    Case("a PRIORITY_UPDATE ahead of its stream", just(frame(PRIORITY_UPDATE, 0, 0, b"\0\0\0\1u=1")), [OPEN]),
    # frames of the wrong kind or size
    Case("PUSH_PROMISE from a client", lambda raw: frame(PUSH_PROMISE, END_HEADERS, 1, b"\0\0\0\2" + request()),
         goaway(P)),
    Case("CONTINUATION out of the blue", lambda raw: frame(CONTINUATION, END_HEADERS, 1, request()), goaway(P)),
    Case("DATA inside a header block", lambda raw: headers(1, request(), 0) + frame(DATA, 0, 1, b"x"), goaway(P)),
    Case("PING inside a header block", lambda raw: headers(1, request(), 0) + frame(PING, 0, 0, bytes(8)), goaway(P)),
    Case("CONTINUATION of another stream",
         lambda raw: headers(1, request(), 0) + frame(CONTINUATION, END_HEADERS, 3, b""), goaway(P)),
    Case("a frame larger than permitted", just(frame(DATA, 0, 1, bytes(16385))), goaway(F, P)),
    Case("a frame that claims 16 MiB", just(frame(HEADERS, WHOLE, 1, b"", length=0xffffff)), goaway(F)),
    Case("padding longer than DATA", held(frame(DATA, PADDED, 1, b"\x05abc"), end=False), goaway(P), settings=HELD),
    Case("padding longer than HEADERS", just(frame(HEADERS, WHOLE | PADDED, 1, b"\xffabc")), goaway(P)),
    Case("an unknown frame", just(frame(0xbb, 0xff, 77, b"whatever")), [OPEN]),
    # HPACK
    Case("index 0", one(b"\x80"), goaway(C)),
    Case("an index beyond the tables", one(b"\xff\x50"), goaway(C)),
    Case("an integer without end", one(b"\xff" + b"\xff" * 20), goaway(C)),
    Case("a literal cut short", one(request()[:-3]), goaway(C)),
    Case("bad Huffman padding", one(b"\0\x81\x00\x01a"), goaway(C)),
    Case("a table larger than permitted", one(b"\x3f\xe1\xff\x03" + request()), goaway(C)),
    Case("a table size in the middle", one(request() + b"\x20"), goaway(C)),
    # request heads
    Case("a name in upper case", one(request(("X-Up", "1"))), MALFORMED, stream=1),
    Case("Connection", one(request(("connection", "close"))), MALFORMED, stream=1),
    Case("Keep-Alive", one(request(("keep-alive", "1"))), MALFORMED, stream=1),
    Case("Transfer-Encoding", one(request(("transfer-encoding", "chunked"))), MALFORMED, stream=1),
    Case("Upgrade", one(request(("upgrade", "h2c"))), MALFORMED, stream=1),
    Case("TE other than trailers", one(request(("te", "gzip"))), MALFORMED, stream=1),
    Case("no :path", one(block((":method", "GET"), (":scheme", "https"), (":authority", "localhost"))), MALFORMED,
         stream=1),
    Case("no :method", one(block((":scheme", "https"), (":authority", "localhost"), (":path", "/"))), MALFORMED,
         stream=1),
    Case("no :scheme", one(block((":method", "GET"), (":authority", "localhost"), (":path", "/"))), MALFORMED,
         stream=1),
    Case("no :authority and no Host", one(block((":method", "GET"), (":scheme", "https"), (":path", "/"))), MALFORMED,
         stream=1),
    Case("Host instead of :authority",
         one(block((":method", "GET"), (":scheme", "https"), (":path", "/hello.txt"), ("host", "localhost"))),
         status(200), stream=1),
    Case("an empty :path", one(request(path="")), MALFORMED, stream=1),
    Case("a :path without slash", one(request(path="hello.txt")), MALFORMED, stream=1),
    Case("a :path with a space", one(request(path="/a b")), MALFORMED, stream=1),
    Case("a :path that leaves the root", one(request(path="/../etc/passwd")), MALFORMED + status(404), stream=1),
    Case(":path twice", one(request((":path", "/"))), MALFORMED, stream=1),
    Case("a pseudo-field behind the others", one(block(("x", "1"), (":method", "GET"), (":scheme", "https"),
                                                       (":authority", "localhost"), (":path", "/"))), MALFORMED,
         stream=1),
    Case("an unknown pseudo-field", one(request((":what", "1"))), MALFORMED, stream=1),
    Case(":status in a request", one(request((":status", "200"))), MALFORMED, stream=1),
    Case("Host that disagrees", one(request(("host", "other.example"))), MALFORMED + status(421), stream=1),
    Case("user information in :authority", one(request(authority="a@localhost")), MALFORMED, stream=1),
    Case("NUL in a value", one(request(("x", b"a\0b"))), MALFORMED, stream=1),
    Case("LF in a value", one(request(("x", b"a\nb"))), MALFORMED, stream=1),
    Case("CR in a value", one(request(("x", b"a\rb: c"))), MALFORMED, stream=1),
    Case("a space in a name", one(request(("x y", "1"))), MALFORMED, stream=1),
    Case("an empty name", one(request(("", "1"))), MALFORMED, stream=1),
    Case("Content-Length without content", one(request(("content-length", "5"))), MALFORMED, stream=1),
    Case("Content-Length twice, different", one(request(("content-length", "5"), ("content-length", "6")),
                                                END_HEADERS), MALFORMED, stream=1),
    Case("Content-Length of letters", one(request(("content-length", "abc")), END_HEADERS), MALFORMED, stream=1),
    Case("Content-Length below the DATA",
         lambda raw: headers(1, request(("content-length", "1"), path="/big.bin"), END_HEADERS) +
         frame(DATA, END_STREAM, 1, b"abc"), MALFORMED, stream=1, settings=HELD),
    Case(":protocol without CONNECT", one(request((":protocol", "websocket"))), MALFORMED, stream=1),
    Case("CONNECT with :path", one(request(method="CONNECT")), MALFORMED, stream=1),
    Case("CONNECT", one(block((":method", "CONNECT"), (":authority", "localhost:443")), END_HEADERS),
         status(405, 501), stream=1),
    Case("extended CONNECT", one(request((":protocol", "websocket"), method="CONNECT"), END_HEADERS),
         status(405, 501), stream=1),
    Case("TRACE", one(request(method="TRACE")), status(405, 501), stream=1),
    Case("trailers without END_STREAM", held(headers(1, block(("x", "y")), END_HEADERS), end=False), MALFORMED,
         stream=1, settings=HELD),
    Case("a pseudo-field in trailers", held(headers(1, block((":path", "/"))), end=False), MALFORMED, stream=1,
         settings=HELD),
    Case("too many fields", one(request(*[("x", "1")] * 300)), status(431) + goaway(ENHANCE_YOUR_CALM), stream=1),
    Case("many crumbs of a cookie", one(request(*[("cookie", "a=%d" % i) for i in range(120)])), status(200), stream=1),
    Case(":scheme ftp", one(request(scheme="ftp")), MALFORMED, stream=1),
    Case("an unknown expectation", one(request(("expect", "foo"))), status(417), stream=1),
    Case("Host with the usual port", one(request(("host", "localhost:443"))), status(200), stream=1),
    Case("Host with another port", one(request(("host", "localhost:444"))), MALFORMED, stream=1),
    Case("a target too long", one(request(path="/" + "a" * 16000)), status(414, 431), stream=1),
]


# --- floods ---------------------------------------------------------------------------------------------------------

@dataclass
class Flood:
    name: str
    make: Callable        # i -> bytes of one round
    codes: tuple = (ENHANCE_YOUR_CALM,)
    rounds: int = 20000   # the server must have enough before
    settings: bytes = None
    read: bool = True     # False: never reads an answer while sending


def stream_id(i):
    return 2 * i + 1


def bomb(i):
    """A field of nearly 4 KB into the table, then thousands of references to it (index 62, the newest)."""
    entry = b"\x40" + literal("x") + literal("v" * 3900)
    return headers(stream_id(i), request() + entry + b"\xbe" * 12000)


def big_continuations(i):
    part = block(*[("x-%d" % i, "y" * 1000)] * 15)
    return (headers(1, request(), END_STREAM) if i == 0 else b"") + frame(CONTINUATION, 0, 1, part)


FLOODS = [
    Flood("rapid reset (CVE-2023-44487)", lambda i: headers(stream_id(i), request(path="/big.bin")) + rst(stream_id(i))),
    Flood("made you reset: window overflow (CVE-2025-8671)",
          lambda i: headers(stream_id(i), request(path="/big.bin")) + window(stream_id(i), 0x7fffffff),
          settings=settings([(4, 1)])),
    Flood("made you reset: increment of 0",
          lambda i: headers(stream_id(i), request(path="/big.bin")) + window(stream_id(i), 0),
          codes=(ENHANCE_YOUR_CALM, PROTOCOL_ERROR), settings=HELD),
    Flood("made you reset: DATA behind the end",
          lambda i: headers(stream_id(i), request(path="/big.bin")) + frame(DATA, 0, stream_id(i), b"x"),
          codes=(ENHANCE_YOUR_CALM, STREAM_CLOSED), settings=HELD),
    Flood("made you reset: more than Content-Length",
          lambda i: headers(stream_id(i), request(("content-length", "1"), path="/big.bin"), END_HEADERS) +
          frame(DATA, 0, stream_id(i), b"abc"), settings=HELD),
    Flood("made you reset: a dependency on itself",
          lambda i: headers(stream_id(i), request(path="/big.bin")) +
          frame(PRIORITY, 0, stream_id(i), stream_id(i).to_bytes(4, "big") + b"\x10"),
          codes=(ENHANCE_YOUR_CALM, PROTOCOL_ERROR), settings=HELD),
    Flood("malformed requests", lambda i: headers(stream_id(i), request(("connection", "close")))),
    Flood("empty CONTINUATION frames", lambda i: (headers(1, request(), END_STREAM) if i == 0 else b"") +
          frame(CONTINUATION, 0, 1)),
    Flood("CONTINUATION without end (VU#421644)", big_continuations, rounds=200),
    Flood("an HPACK bomb", bomb, rounds=200),
    Flood("SETTINGS", lambda i: settings([(4, 65535)])),
    Flood("SETTINGS whose ACKs nobody reads", lambda i: settings([(4, 65535)]), read=False),
    Flood("PING", lambda i: frame(PING, 0, 0, b"12345678")),
    Flood("PING whose answers nobody reads", lambda i: frame(PING, 0, 0, b"12345678"), read=False),
    Flood("PRIORITY", lambda i: frame(PRIORITY, 0, stream_id(i), bytes(4) + b"\x10")),
    Flood("WINDOW_UPDATE", lambda i: window(0, 1)),
    Flood("empty DATA", lambda i: (headers(1, request(path="/big.bin"), END_HEADERS) if i == 0 else b"") +
          frame(DATA, 0, 1), settings=HELD),
    Flood("padding without DATA", lambda i: (headers(1, request(path="/big.bin"), END_HEADERS) if i == 0 else b"") +
          frame(DATA, PADDED, 1, b"\x01\0"), settings=HELD),
    Flood("unknown frames", lambda i: frame(0xbb, 0, 0, b"abc")),
    Flood("frames for streams that have ended", lambda i: (headers(1, request()) + rst(1) if i == 0 else b"") +
          frame(DATA, 0, 1, b"x"), codes=(ENHANCE_YOUR_CALM, STREAM_CLOSED)),
]
