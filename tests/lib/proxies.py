"""Proxies for tests: HTTP CONNECT and SOCKS5 on a loopback port, honest or in the middle (with a certificate of their
own, so that whoever comes through sees another key), or unwilling.

    with Proxy() as honest, Proxy(mitm=(certificate, key)) as liar, Proxy(socks=True, password=("joe", "pw")) as socks:
        … honest.url …
        assert honest.asked == [("127.0.0.1", 8443)]
"""
import base64
import socket
import ssl
import struct
import threading


class Refused(Exception):
    """The visitor does not get what it asked for."""


def read_exactly(sock, count):
    data = b""
    while len(data) < count:
        piece = sock.recv(count - len(data))
        if not piece:
            raise Refused
        data += piece
    return data


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Proxy:
    def __init__(self, *, socks=False, mitm=None, password=None, refuse=False, hosts=None):
        """mitm: (certificate, key), paths. password: (name, password) that are asked for. hosts: where names are; a
        name that is not there is looked up as usual."""
        self.socks, self.password, self.refuse = socks, password, refuse
        self.hosts = hosts or {}
        self.context = None
        if mitm:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*map(str, mitm))
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopping = False

    @property
    def url(self):
        secret = f"{self.password[0]}:{self.password[1]}@" if self.password else ""
        return f"{'socks5' if self.socks else 'http'}://{secret}127.0.0.1:{self.port}"

    @property
    def name(self):
        """As reports call it: without the password."""
        return f"{'socks5' if self.socks else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self):
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)

    def _accept(self):
        while not self.stopping:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor):
        with visitor:
            visitor.settimeout(20)
            try:
                host, port = (self._socks if self.socks else self._connect)(visitor)
                if self.context:
                    self._intercept(visitor)
                else:
                    self._relay(visitor, host, port)
            except (Refused, OSError):
                pass

    def _connect(self, visitor):
        head = b""
        while b"\r\n\r\n" not in head:
            head += read_exactly(visitor, 1)
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        assert method == "CONNECT", head
        host, _, port = target.rpartition(":")
        self.asked.append((host.strip("[]"), int(port)))
        wanted = base64.b64encode(":".join(self.password or ()).encode())
        if self.refuse or (self.password and b"Proxy-Authorization: Basic " + wanted not in head.split(b"\r\n")):
            visitor.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % (403 if self.refuse else 407))
            raise Refused
        visitor.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return self.asked[-1]

    def _socks(self, visitor):
        version, count = read_exactly(visitor, 2)
        methods = read_exactly(visitor, count)
        method = 2 if self.password else 0
        assert version == 5
        visitor.sendall(bytes([5, method if method in methods else 255]))
        if method == 2:
            read_exactly(visitor, 1)
            name = read_exactly(visitor, read_exactly(visitor, 1)[0]).decode()
            good = (name, read_exactly(visitor, read_exactly(visitor, 1)[0]).decode()) == self.password
            visitor.sendall(bytes([1, not good]))
            if not good:
                raise Refused
        version, command, _, kind = read_exactly(visitor, 4)
        assert (version, command) == (5, 1)
        size = {1: 4, 4: 16}.get(kind) or read_exactly(visitor, 1)[0]
        raw = read_exactly(visitor, size)
        host = raw.decode() if kind == 3 else socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
        self.asked.append((host, struct.unpack(">H", read_exactly(visitor, 2))[0]))
        visitor.sendall(bytes([5, 2 if self.refuse else 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        if self.refuse:
            raise Refused
        return self.asked[-1]

    def _relay(self, visitor, host, port):
        with socket.create_connection((self.hosts.get(host, host), port), 10) as server:
            back = threading.Thread(target=pump, args=(server, visitor), daemon=True)
            back.start()
            pump(visitor, server)
            back.join(20)

    def _intercept(self, visitor):
        with self.context.wrap_socket(visitor, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n")
