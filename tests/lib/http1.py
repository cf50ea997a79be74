"""HTTP/1 as bytes: sends exactly what a test wrote and reads responses strictly, so that a fault of the server's shows."""
import re
import socket
import ssl
from dataclasses import dataclass, field

STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) [\t \x21-\x7e\x80-\xff]*\Z")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*\Z", re.DOTALL)


class Malformed(AssertionError):
    """The server sent what is not HTTP/1."""


@dataclass
class Response:
    status: int
    headers: list                                       # [(lower-case name, value)], in the order received
    body: bytes = b""
    version: bytes = b"HTTP/1.1"
    trailers: list = field(default_factory=list)
    interim: list = field(default_factory=list)         # the 1xx responses before this one

    def get(self, name, default=None):
        """The value of a field, its lines joined by ", " as RFC 9110 5.3 says."""
        values = self.all(name)
        return ", ".join(values) if values else default

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def __contains__(self, name):
        return bool(self.all(name))


class Http1:
    """One connection. Works over plain and TLS sockets alike."""

    def __init__(self, sock):
        self.sock = sock
        self.input = bytearray()
        self.eof = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def send_slowly(self, data, size=1):
        for start in range(0, len(data), size):
            self.send(data[start:start + size])

    def _more(self):
        if self.eof:
            return False
        try:
            chunk = self.sock.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            chunk = b""
        if not chunk:
            self.eof = True
            return False
        self.input += chunk
        return True

    def _line(self):
        while b"\n" not in self.input:
            if not self._more():
                raise EOFError(f"end within a line: {bytes(self.input)!r}")
        line, _, rest = self.input.partition(b"\n")
        self.input = bytearray(rest)
        if not line.endswith(b"\r"):
            raise Malformed(f"bare LF: {bytes(line)!r}")
        return bytes(line[:-1])

    def _take(self, size):
        while len(self.input) < size:
            if not self._more():
                raise EOFError(f"end after {len(self.input)} of {size} bytes")
        taken = bytes(self.input[:size])
        del self.input[:size]
        return taken

    def _fields(self):
        fields = []
        while True:
            line = self._line()
            if not line:
                return fields
            match = FIELD_LINE.match(line)
            if not match or b"\0" in line or b"\r" in line:
                raise Malformed(f"field line: {line!r}")
            fields.append((match[1].decode().lower(), match[2].decode("latin-1")))

    def read(self, method="GET"):
        """The next final response. Raises EOFError when the connection ends first."""
        interim = []
        while True:
            line = self._line()
            match = STATUS_LINE.match(line)
            if not match:
                raise Malformed(f"status line: {line!r}")
            response = Response(int(match[1]), self._fields(), version=line[:8], interim=interim)
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        self._read_body(response, method)
        return response

    def _read_body(self, response, method):
        lengths, codings = response.all("content-length"), response.all("transfer-encoding")
        if len(lengths) > 1 or (lengths and codings):
            raise Malformed(f"ambiguous length: {lengths} {codings}")
        if method == "HEAD" or response.status in (101, 204, 304):
            return
        if codings:
            if codings != ["chunked"]:
                raise Malformed(f"transfer-encoding: {codings}")
            self._read_chunks(response)
        elif lengths:
            if not re.fullmatch(r"\d+", lengths[0]):
                raise Malformed(f"content-length: {lengths[0]!r}")
            response.body = self._take(int(lengths[0]))
        else:
            while self._more():
                pass
            response.body = bytes(self.input)
            self.input.clear()

    def _read_chunks(self, response):
        body = bytearray()
        while True:
            line = self._line()
            if not re.fullmatch(rb"[0-9A-Fa-f]+", line):
                raise Malformed(f"chunk size: {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            body += self._take(size)
            if self._take(2) != b"\r\n":
                raise Malformed("no CRLF after a chunk")
        response.trailers = self._fields()
        response.body = bytes(body)

    def request(self, method="GET", target="/", host="localhost", headers=(), body=None):
        """A well-formed request and its response."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)
        return self.read(method)

    def at_end(self, seconds=5):
        """True when the server closes (or has closed) without another byte; False when it keeps the connection."""
        self.sock.settimeout(seconds)
        try:
            while self._more():
                pass
        except (socket.timeout, TimeoutError):
            return False
        return not self.input


def exchange(sock, data, method="GET", count=1):
    """Sends raw bytes, reads `count` responses, closes. Fewer come back when the server closed earlier."""
    with Http1(sock) as http:
        try:
            http.send(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass    # refused while we still sent: what it answered is still to be read
        responses = []
        while len(responses) < count:
            try:
                responses.append(http.read(method))
            except EOFError:
                break
        return responses
