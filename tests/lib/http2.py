"""HTTP/2 twice: a well-behaved client on python3-h2, and a writer of single frames for what no library would send."""
import socket
import ssl
import struct
from dataclasses import dataclass

import h2.config
import h2.connection
import h2.events
import h2.settings
import hpack

from http1 import Response

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
PRIORITY_UPDATE = 16
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITY_FLAG = 0x4, 0x8, 0x20

(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
 REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM, INADEQUATE_SECURITY,
 HTTP_1_1_REQUIRED) = range(14)

GONE = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class StreamReset(Exception):
    def __init__(self, code):
        super().__init__(f"stream reset with code {code}")
        self.code = code


class GoneAway(Exception):
    def __init__(self, code=None):
        super().__init__(f"connection ended, GOAWAY code {code}")
        self.code = code


class Http2:
    """A well-behaved client on one connection, with any number of concurrent requests."""

    def __init__(self, sock, window=None):
        self.sock = sock
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        if window:
            self.h2.increment_flow_control_window(window)
        self.streams = {}
        self.settings = {}
        self.goaway = None
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.sock.sendall(data)

    def start(self, method="GET", path="/", authority="localhost", headers=(), body=None, end=True, scheme="https"):
        """Sends a request and returns its stream id; body is sent as the window allows."""
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path), *headers]
        self.streams[stream] = {"head": None, "body": bytearray(), "interim": [], "trailers": [], "done": False,
                                "reset": None}
        self.h2.send_headers(stream, head, end_stream=end and not body)
        self.flush()
        if body:
            self.send_body(stream, body, end)
        return stream

    def send_body(self, stream, body, end=True):
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if room == 0:
                if not self.pump() or self.streams[stream]["done"]:
                    return
                continue
            part, body = body[:room], body[room:]
            self.h2.send_data(stream, part, end_stream=end and not body)
            self.flush()

    def pump(self):
        """Reads once and handles the events; False at the end of the connection."""
        try:
            data = self.sock.recv(65536)
        except GONE:
            data = b""
        if not data:
            return False
        for event in self.h2.receive_data(data):
            self._handle(event)
        self.flush()
        return True

    def _handle(self, event):
        stream = self.streams.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.settings.update({code: change.new_value for code, change in event.changed_settings.items()})
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = event.error_code
        elif stream is None:
            return
        elif isinstance(event, h2.events.ResponseReceived):
            stream["head"] = event.headers
        elif isinstance(event, h2.events.InformationalResponseReceived):
            stream["interim"].append(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            stream["trailers"] = event.headers
        elif isinstance(event, h2.events.DataReceived):
            stream["body"] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            stream["done"] = True
        elif isinstance(event, h2.events.StreamReset):
            stream["reset"], stream["done"] = event.error_code, True

    def finish(self, stream):
        """The response of a stream. Raises StreamReset or GoneAway."""
        state = self.streams[stream]
        while not state["done"]:
            if not self.pump():
                raise GoneAway(self.goaway)
        if state["reset"] is not None and not (state["reset"] == NO_ERROR and state["head"]):
            raise StreamReset(state["reset"])
        fields = [(str(name), str(value)) for name, value in state["head"]]
        status = next(int(value) for name, value in fields if name == ":status")
        return Response(status, [(n, v) for n, v in fields if not n.startswith(":")], bytes(state["body"]),
                        version=b"HTTP/2", trailers=state["trailers"], interim=state["interim"])

    def request(self, method="GET", path="/", **kwargs):
        return self.finish(self.start(method, path, **kwargs))


@dataclass
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self):
        """The error code of RST_STREAM or GOAWAY."""
        if self.type == RST_STREAM:
            return struct.unpack(">I", self.payload)[0]
        if self.type == GOAWAY:
            return struct.unpack(">I", self.payload[4:8])[0]
        raise ValueError(self.type)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """One frame as bytes; length may lie."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(pairs=(), flags=0):
    return frame(SETTINGS, flags, 0, b"".join(struct.pack(">HI", code, value) for code, value in pairs))


def rst(stream, code=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def window(stream, increment):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


class RawHttp2:
    """A connection on which a test writes frames itself. Reading is by frame, too."""

    def __init__(self, sock, preface=True, settings_frame=None, wait=True):
        self.sock = sock
        self.input = bytearray()
        self.encoder = hpack.Encoder()
        self.decoder = hpack.Decoder()
        self.frames = []            # everything read so far
        self.eof = False
        if preface:
            self.send(PREFACE + (settings() if settings_frame is None else settings_frame))
            if wait:
                self.read_until(lambda f: f.type == SETTINGS and not f.flags & ACK)
                self.send(settings(flags=ACK))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        """False when the server has closed already; what it said before is still to be read."""
        try:
            self.sock.sendall(data)
            return True
        except (*GONE, ssl.SSLError):
            return False

    def block(self, headers):
        return self.encoder.encode(headers, huffman=False)

    def request_block(self, method="GET", path="/", authority="localhost", extra=(), scheme="https"):
        return self.block([(":method", method), (":scheme", scheme), (":authority", authority), (":path", path),
                           *extra])

    def get(self, stream, path="/", authority="localhost", extra=(), flags=END_STREAM | END_HEADERS):
        return self.send(frame(HEADERS, flags, stream, self.request_block("GET", path, authority, extra)))

    def read(self):
        """The next frame, or None at the end of the connection."""
        while True:
            if len(self.input) >= 9:
                length = int.from_bytes(self.input[:3], "big")
                if len(self.input) >= 9 + length:
                    found = Frame(self.input[3], self.input[4], int.from_bytes(self.input[5:9], "big") & 0x7FFFFFFF,
                                  bytes(self.input[9:9 + length]))
                    del self.input[:9 + length]
                    self.frames.append(found)
                    return found
            if self.eof:
                return None
            try:
                data = self.sock.recv(65536)
            except GONE:
                data = b""
            self.eof = not data
            self.input += data

    def read_until(self, wanted):
        """Reads up to the first frame for which wanted(frame) is true; None when the connection ends first."""
        while True:
            found = self.read()
            if found is None or wanted(found):
                return found

    def outcome(self, stream=None):
        """What became of the connection, or of a stream: ("goaway", code), ("rst", code), ("status", n),
        ("closed", None), or ("open", None) when it answers a PING as if nothing had happened."""
        probe = b"outcome!"
        self.send(frame(PING, 0, 0, probe))
        result = None
        try:
            while True:
                found = self.read()
                if found is None:
                    return result or ("closed", None)
                if found.type == GOAWAY and found.code != NO_ERROR:
                    return ("goaway", found.code)
                # RFC 9113 8.1: NO_ERROR behind a whole response only says that the request's body is not wanted.
                if found.type == RST_STREAM and found.stream == stream and not (result and found.code == NO_ERROR):
                    result = ("rst", found.code)
                if found.type == HEADERS:
                    head = dict(self.decoder.decode(found.payload))
                    if found.stream == stream and result is None:
                        result = ("status", int(head[":status"]))
                if found.type == PING and found.flags & ACK and found.payload == probe:
                    if result or stream is None:
                        return result or ("open", None)
                    # The stream's answer may still be under way.
                    self.sock.settimeout(1)
        except (socket.timeout, TimeoutError):
            return result or ("open", None)

    def alive(self):
        """True when the connection still answers a PING."""
        self.send(frame(PING, 0, 0, b"alive???"))
        return self.read_until(lambda f: f.type == PING and f.flags & ACK and f.payload == b"alive???") is not None
