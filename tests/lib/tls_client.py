"""A raw client for tests of servers: records and handshakes by hand, up to TLS 1.2, so that each step can go wrong.
For whatever works, real clients are used instead."""
import os
import socket
import struct

import tls_groups
import tls_keys
from tls_suites import suite
from tls_wire import (ALERT, CCS, CERTIFICATE, CLIENT_KEY_EXCHANGE, DATA, EXTENDED_MASTER_SECRET, FINISHED, GROUPS,
                      HANDSHAKE, NEW_TICKET, POINT_FORMATS, RENEGOTIATION_INFO, SERVER_HELLO, SERVER_KEY_EXCHANGE,
                      SERVER_NAME, SIGALGS, SSL3, TLS12, Reader, Writer, client_hello, message, pack16, record)

RESET, CLOSED, SILENT = "reset", "closed", "silent"


def server_name(name):
    return SERVER_NAME, Writer().open(2).number(1, 0).vector(2, name.encode()).close().data


def usual_extensions(name="localhost"):
    return [server_name(name), (GROUPS, struct.pack("!H", 6) + pack16([29, 23, 24])), (POINT_FORMATS, b"\1\0"),
            (SIGALGS, struct.pack("!H", 16) + pack16([0x0403, 0x0503, 0x0804, 0x0401, 0x0501, 0x0601, 0x0807, 0x0201])),
            (RENEGOTIATION_INFO, b"\0")]


class Hello:
    """A ServerHello taken apart."""

    def __init__(self, data):
        reader = Reader(data[4:])
        self.version, self.random, self.session_id = reader.number(2), reader.take(32), reader.vector(1)
        self.suite, self.compression, self.extensions = reader.number(2), reader.number(1), {}
        if reader.left():
            extensions = Reader(reader.vector(2))
            while extensions.left():
                number = extensions.number(2)
                self.extensions[number] = extensions.vector(2)


class RawClient:
    def __init__(self, port, timeout=2.0, address="127.0.0.1"):
        self.sock = socket.create_connection((address, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.inbox, self.messages = b"", b""
        self.reader = self.writer = self.server = None
        self.reset = False
        self.pack = self.unpack = lambda data: data         # compression, if a test wants it
        self.version, self.transcript, self.flight, self.ticket = TLS12, b"", {}, None
        self.verified = b"", b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    # --- records

    def send(self, kind, data, content=None):
        try:
            self.sock.sendall(self.sealed(kind, data, content))
        except ConnectionError:
            self.reset = True                           # what came before it can still be read

    def sealed(self, kind, data, content=None):
        if self.writer:
            data = self.pack(data)
            data = self.writer.seal(kind, data, content)
        return record(kind, self.version, data)

    def read(self):
        """(kind, data) of the next record, or RESET, CLOSED or SILENT as kind."""
        try:
            while len(self.inbox) < 5 or len(self.inbox) < 5 + struct.unpack("!H", self.inbox[3:5])[0]:
                data = self.sock.recv(65536)
                if not data:
                    return RESET if self.reset else CLOSED, b""
                self.inbox += data
        except ConnectionError:
            return RESET, b""
        except TimeoutError:
            return SILENT, b""
        kind, size = self.inbox[0], struct.unpack("!H", self.inbox[3:5])[0]
        data, self.inbox = self.inbox[5:5 + size], self.inbox[5 + size:]
        return kind, self.unpack(self.reader.open(kind, data)) if self.reader else data

    def outcome(self):
        """All that still comes, in few words: ["alert 20", "closed"]."""
        words = []
        while True:
            kind, data = self.read()
            if kind == ALERT:
                words.append(f"alert {data[1]}" if len(data) == 2 else f"alert of {len(data)}")
            elif isinstance(kind, str):
                return [*words, kind]
            else:
                words.append(f"record {kind}, {len(data)}")

    def next(self):
        """The next message, or a record that is none."""
        while True:
            if len(self.messages) >= 4:
                size = 4 + int.from_bytes(self.messages[1:4], "big")
                if len(self.messages) >= size:
                    data, self.messages = self.messages[:size], self.messages[size:]
                    return HANDSHAKE, data
            kind, data = self.read()
            if kind != HANDSHAKE:
                return kind, data
            self.messages += data

    # --- the handshake, step by step

    def hello(self, suites, version=TLS12, extensions=None, name="localhost", **more):
        """Sends a ClientHello and reads what comes until ServerHelloDone; the first other record is returned."""
        self.random = os.urandom(32)
        if extensions is None:
            extensions = usual_extensions(name)
        if version == SSL3:
            extensions = None
        self.client_version = version
        data = client_hello(version, suites, extensions, random=self.random, **more)
        self.send(HANDSHAKE, data)
        self.transcript, self.flight = data, {}
        return self.read_flight()

    def read_flight(self):
        while True:
            kind, data = self.next()
            if kind != HANDSHAKE:
                return kind, data
            self.flight[data[0]] = data
            self.transcript += data
            if data[0] == SERVER_HELLO:
                self.server = Hello(data)
                self.version, self.suite = self.server.version, suite(self.server.suite)
            if data[0] == 14:
                return kind, data

    def public_key(self):
        from cryptography import x509
        reader = Reader(self.flight[CERTIFICATE][7:])
        return x509.load_der_x509_certificate(reader.vector(3)).public_key()

    def key_exchange(self, premaster=None, sealed=None, mangle=None):
        """Sends ClientKeyExchange. RSA: premaster and sealed can be given; else mangle(share) → what is sent."""
        if self.suite.exchange == "RSA":
            numbers = self.public_key().public_numbers()
            self.premaster = premaster or struct.pack("!H", self.client_version) + os.urandom(46)
            if sealed is None:
                sealed = pkcs1(self.premaster, (numbers.n.bit_length() + 7) // 8)
            body = pow(int.from_bytes(sealed, "big"), numbers.e, numbers.n).to_bytes(len(sealed), "big")
            body = body if self.version == SSL3 else struct.pack("!H", len(body)) + body
        else:
            body = self.agree(mangle)
        data = message(CLIENT_KEY_EXCHANGE, body)
        self.send(HANDSHAKE, data)
        self.transcript += data

    def agree(self, mangle):
        reader = Reader(self.flight[SERVER_KEY_EXCHANGE][4:])
        if "DH_anon" == self.suite.exchange or self.suite.exchange.startswith("DHE"):
            p, g, theirs = reader.vector(2), reader.vector(2), reader.vector(2)
            mine, size = tls_groups.DhShare(int.from_bytes(p, "big"), int.from_bytes(g, "big"), False), "!H"
        else:
            reader.number(1)
            self.group = reader.number(2)
            theirs, mine, size = reader.vector(1), tls_groups.share(self.group), "!B"
        public = mangle(mine.public) if mangle else mine.public
        self.premaster = mine.shared(theirs)
        return struct.pack(size, len(public)) + public

    def make_keys(self, session_hash=True):
        ems = EXTENDED_MASTER_SECRET in self.server.extensions
        digest = tls_keys.transcript_hash(self.version, self.suite, self.transcript) if ems and session_hash else None
        self.master = tls_keys.master_secret(self.version, self.suite, self.premaster, self.random,
                                             self.server.random, digest)
        self.keys = tls_keys.directions(self.version, self.suite, self.master, self.random, self.server.random,
                                        22 in self.server.extensions)

    def finish(self, verify=None, ccs=True):
        if ccs:
            self.send(CCS, b"\1")
            self.writer = self.keys[0]
        mine = tls_keys.verify_data(self.version, self.suite, self.master, self.transcript, False)
        data = message(FINISHED, verify or mine)
        self.send(HANDSHAKE, data)
        self.transcript += data
        return mine

    def read_finish(self):
        """Reads to the server's Finished; what stands in its way is returned instead."""
        while True:
            kind, data = self.next()
            if kind == CCS:
                self.reader = self.keys[1]
            elif kind != HANDSHAKE:
                return kind, data
            elif data[0] == NEW_TICKET:
                self.ticket = data[10:]
                self.transcript += data
            else:
                right = tls_keys.verify_data(self.version, self.suite, self.master, self.transcript, True)
                assert data[4:] == right, "the server's Finished"
                self.transcript += data
                return kind, right

    def handshake(self, suites, version=TLS12, **more):
        assert self.hello(suites, version, **more)[0] == HANDSHAKE
        self.key_exchange()
        self.make_keys()
        mine = self.finish()
        kind, theirs = self.read_finish()
        assert kind == HANDSHAKE, (kind, theirs)
        self.verified = mine, theirs
        return self

    def get(self, target="/"):
        self.send(DATA, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return self.read()


def pkcs1(data, size):
    return b"\0\2" + b"\x11" * (size - len(data) - 3) + b"\0" + data


def robot_blocks(size, version=TLS12):
    """Five premaster blocks: right, wrong prefix, no zero, zero in the wrong place, wrong version."""
    secret = struct.pack("!H", version) + b"\x22" * 46
    right = pkcs1(secret, size)
    return {"right": right, "prefix": b"\x41\x17" + right[2:], "no_zero": right[:-49] + b"\x11" + right[-48:],
            "misplaced": right[:-49] + b"\x11" + secret[:-1] + b"\0",
            "version": pkcs1(b"\x02\x02" + secret[2:], size)}


def cbc_probes(client, data=b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"):
    """Plaintexts of five bad CBC records for this connection's next one, as the padding oracles are told apart."""
    block, mac = client.writer.block, client.writer.mac(DATA, data)
    flipped = mac[:-1] + bytes([mac[-1] ^ 1])
    # Two blocks of padding at least, so that there are bytes to falsify.
    pad = 2 * block - 1 - (len(data) + len(mac)) % block
    good = bytes([pad]) * (pad + 1)
    empty = client.writer.mac(DATA, b"")
    pad0 = block - 1 - len(empty) % block
    return {"bad_mac": data + flipped + good, "short_padding": b"\x11" * (block * 4 - 1) + b"\xff",
            "bad_padding": data + mac + bytes([pad ^ 1]) * pad + bytes([pad]),
            "all_padding": bytes([4 * block - 1]) * (4 * block),
            "empty_bad_mac": empty[:-1] + bytes([empty[-1] ^ 1]) + bytes([pad0]) * (pad0 + 1)}
