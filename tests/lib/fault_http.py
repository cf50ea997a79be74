"""A very small HTTP/1.1 server, for behind TLS and for the port in clear."""
import gzip
import os
import struct

from tls_wire import Gone

MAX_HEAD = 65536
REASON = {200: "OK", 301: "Moved Permanently", 400: "Bad Request", 404: "Not Found", 425: "Too Early"}


def response(status, headers, body, close=False, length=True):
    lines = [f"HTTP/1.1 {status} {REASON.get(status, 'Whatever')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class Http:
    """feed() takes bytes and answers every whole request by write(); it raises Gone when the connection is to end."""

    def __init__(self, config, visit, write, finish=lambda: None):
        self.config, self.visit, self.write, self.finish = config, visit, write, finish
        self.inbox, self.skip = b"", 0

    def feed(self, data, early=False):
        self.inbox += data
        while True:
            if self.skip:
                cut = min(self.skip, len(self.inbox))
                self.inbox, self.skip = self.inbox[cut:], self.skip - cut
            head, end, rest = self.inbox.partition(b"\r\n\r\n")
            if self.skip or not end:
                if len(self.inbox) > MAX_HEAD:
                    self.end(response(400, [], b"", True))
                return
            self.inbox = rest
            self.request(head, early)

    def end(self, answer):
        self.write(answer)
        self.finish()
        raise Gone("answered")

    def request(self, head, early):
        line, *fields = head.decode("latin-1").split("\r\n")
        self.visit.requests.append((line, early))
        words = line.split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/"):
            self.end(response(400, [], b"", True))
        headers = {}
        for one in fields:
            name, _, value = one.partition(":")
            headers[name.lower()] = value.strip()
        if headers.get("content-length", "0").isdigit():
            self.skip = int(headers.get("content-length", "0"))
        if early and self.config.fault("early_data_425"):
            return self.write(response(425, [], b""))
        status, fields, body = self.answer(words[0], words[1], headers)
        close = headers.get("connection", "").lower() == "close" or words[2] == "HTTP/1.0"
        truncate = self.config.fault("truncation")
        data = response(status, fields, b"" if words[0] == "HEAD" else body, close or truncate, not truncate)
        if close or truncate:
            self.end(data)
        self.write(data)

    def answer(self, method, target, headers):
        config = self.config
        if config.http_answer:
            return config.http_answer(method, target, headers)
        fields, body = list(config.http_headers), config.http_body
        if config.fault("breach"):
            body += os.urandom(16).hex().encode() + target.encode("latin-1")
        if config.fault("breach") or config.fault("gzip_static"):
            if "gzip" in headers.get("accept-encoding", ""):
                fields, body = [*fields, ("Content-Encoding", "gzip")], gzip.compress(body, mtime=0)
        return config.http_status, fields, body


class PlainHttp(Http):
    """Port 80."""

    def __init__(self, config, visit, write, tls_port):
        super().__init__(config, visit, write)
        self.tls_port = tls_port

    def answer(self, method, target, headers):
        if self.config.fault("no_redirect"):
            status, fields, body = super().answer(method, target, headers)
        else:
            where = self.config.redirect.format(port=self.tls_port).rstrip("/") + target
            status, fields, body = 301, [("Location", where)], b""
        if self.config.fault("http_cookie"):
            fields = [*fields, ("Set-Cookie", "session=0123456789abcdef; Path=/")]
        return status, fields, body

    def request(self, head, early):
        text = head.decode("latin-1").lower()
        if self.config.fault("opossum") and "\r\nupgrade: tls/1." in text:
            self.visit.requests.append((head.decode("latin-1").split("\r\n")[0], False))
            self.end(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0, HTTP/1.1\r\nConnection: Upgrade\r\n\r\n")
        super().request(head, early)


class Http2:
    """Speaks enough to be polite: SETTINGS, then GOAWAY with HTTP_1_1_REQUIRED."""

    def __init__(self, config, visit, write, finish=lambda: None):
        self.write, self.finish, self.visit = write, finish, visit
        self.inbox = b""

    def feed(self, data, early=False):
        self.inbox += data
        if len(self.inbox) >= 24:
            self.visit.requests.append(("h2", early))
            self.write(b"\0\0\0\4\0\0\0\0\0" + b"\0\0\x08\7\0\0\0\0\0" + struct.pack("!II", 0, 13))
            self.finish()
            raise Gone("answered")
