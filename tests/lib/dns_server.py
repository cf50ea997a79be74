"""A small authoritative name server for tests: UDP and TCP on one loopback port, its zone a dict, and what servers do
wrong on request. It also plays the resolver: aliases are followed, and AD can be set as if all had been validated.

    zone = {"a.test": {"A": ["127.0.0.1"], "AAAA": ["::1"],
                       "CAA": [(0, "issue", "letsencrypt.org")],
                       "HTTPS": [(1, ".", {"alpn": ["h2", "h3"], "port": 8443, "ipv4hint": ["127.0.0.1"]})]},
            "_443._tcp.a.test": {"TLSA": [(3, 1, 1, "00ff…")]},
            "www.a.test": {"CNAME": ["a.test"]}}
    with DnsServer(zone, secure=True) as server:
        … f"127.0.0.1:{server.port}" …
        assert ("a.test", "A", "udp") in server.queries

A record may also be given as bytes: its data as it goes out, good or not. A type without a name here is "TYPE123".
"""
import ipaddress
import socket
import struct
import threading
import time

TYPES = {"A": 1, "CNAME": 5, "SOA": 6, "AAAA": 28, "TLSA": 52, "SVCB": 64, "HTTPS": 65, "CAA": 257}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
OPT = 41
RCODES = {"FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
SVCB_KEYS = {"mandatory": 0, "alpn": 1, "no-default-alpn": 2, "port": 3, "ipv4hint": 4, "ech": 5, "ipv6hint": 6}
QR, AA, TC, RD, RA, AD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020


class FormatError(Exception):
    """A query that is none."""


def type_number(name):
    return int(name[4:]) if name.startswith("TYPE") else TYPES[name]


def type_name(number):
    return TYPE_NAMES.get(number, f"TYPE{number}")


def name_to_wire(name):
    wire = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        raw = label.encode("ascii")
        wire += bytes([len(raw)]) + raw
    return wire + b"\0"


def name_from_wire(message, at):
    """A name without compression, as all queries have it, and where it ends."""
    labels = []
    while True:
        if at >= len(message) or message[at] > 63 or at + message[at] >= len(message):
            raise FormatError
        length = message[at]
        at += 1
        if length == 0:
            return ".".join(labels).lower(), at
        labels.append(message[at:at + length].decode("latin-1"))
        at += length


def svcb_param(key, value):
    if isinstance(value, bytes):
        data = value
    elif key == "mandatory":
        data = b"".join(struct.pack(">H", number) for number in sorted(SVCB_KEYS[name] for name in value))
    elif key == "alpn":
        data = b"".join(bytes([len(name)]) + name.encode() for name in value)
    elif key == "port":
        data = struct.pack(">H", value)
    elif key in ("ipv4hint", "ipv6hint"):
        data = b"".join(ipaddress.ip_address(text).packed for text in value)
    else:                                                                       # no-default-alpn: True
        data = b""
    return data


def svcb_data(priority, target, params):
    data = struct.pack(">H", priority) + name_to_wire(target)
    numbered = sorted((SVCB_KEYS.get(key, key), svcb_param(key, value)) for key, value in params.items())
    for number, value in numbered:
        data += struct.pack(">HH", number, len(value)) + value
    return data


def record_data(kind, value):
    if isinstance(value, bytes):
        return value
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "CNAME":
        return name_to_wire(value)
    if kind == "CAA":
        flags, tag, text = value
        return bytes([flags, len(tag)]) + tag.encode() + text.encode()
    if kind == "TLSA":
        usage, selector, matching, digest = value
        return bytes([usage, selector, matching]) + (bytes.fromhex(digest) if isinstance(digest, str) else digest)
    if kind in ("HTTPS", "SVCB"):
        return svcb_data(*value)
    raise ValueError(f"no text form of {kind}: give it as bytes")


def record(name, kind, data, ttl=60):
    return name_to_wire(name) + struct.pack(">HHIH", type_number(kind), 1, ttl, len(data)) + data


class Query:
    def __init__(self, message):
        if len(message) < 12:
            raise FormatError
        self.id, self.flags, questions, _, _, additional = struct.unpack(">6H", message[:12])
        if self.flags & QR or questions != 1:
            raise FormatError
        self.name, end = name_from_wire(message, 12)
        if end + 4 > len(message):
            raise FormatError
        self.type, self.klass = struct.unpack(">HH", message[end:end + 4])
        self.question = message[12:end + 4]
        self.edns = additional > 0 and message[end + 4:end + 7] == b"\0" + struct.pack(">H", OPT)
        self.udp_size = max(512, struct.unpack(">H", message[end + 7:end + 9])[0]) if self.edns else 512


class DnsServer:
    """`faults`: what goes wrong, for everything (key None), a name, or a (name, type):

        "silent"           no answer at all, by UDP or TCP
        "SERVFAIL", …      that response code and nothing else (see RCODES)
        "truncate"         TC and no records by UDP; whole by TCP
        "garbage"          bytes that are no message
        "wrong-id", "wrong-question"
        "cut"              the answer without its last byte
        "insecure"         no AD, though the server sets it otherwise
        ("delay", 0.5)     seconds
    """

    def __init__(self, zone, secure=False, faults=None, host="127.0.0.1", tcp=True):
        self.zone = {name.lower().rstrip("."): kinds for name, kinds in zone.items()}
        self.secure = secure
        self.faults = dict(faults or {})
        self.queries = []                                                        # (name, type, "udp" | "tcp")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.udp, self.listener = self.bind(family, host)
        self.port = self.udp.getsockname()[1]
        self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.tcp = tcp
        self.running = False
        self.threads = []

    @staticmethod
    def bind(family, host):
        """One port for both, which takes a few tries when others are about."""
        for _ in range(50):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            listener = socket.socket(family, socket.SOCK_STREAM)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            udp.bind((host, 0))
            try:
                listener.bind((host, udp.getsockname()[1]))
                return udp, listener
            except OSError:
                udp.close()
                listener.close()
        raise OSError("no port that is free for UDP and TCP")

    def __enter__(self):
        self.running = True
        self.start(self.serve_udp)
        if self.tcp:
            self.listener.listen(64)
            self.listener.settimeout(0.1)
            self.start(self.serve_tcp)
        else:
            self.listener.close()
        return self

    def __exit__(self, *_):
        self.running = False
        for thread in self.threads:
            thread.join(5)
        self.udp.close()
        self.listener.close()

    def start(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()

    def serve_udp(self):
        self.udp.settimeout(0.1)
        while self.running:
            try:
                message, peer = self.udp.recvfrom(65535)
            except (TimeoutError, ConnectionError):
                continue
            if self.delay_of(message):
                self.start(self.answer_udp, message, peer)
            else:
                self.answer_udp(message, peer)

    def answer_udp(self, message, peer):
        answer = self.answer(message, "udp")
        if answer is not None and self.running:
            self.udp.sendto(answer, peer)

    def serve_tcp(self):
        while self.running:
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            self.start(self.serve_connection, connection)

    def serve_connection(self, connection):
        with connection:
            connection.settimeout(5)
            try:
                while self.running:
                    length = struct.unpack(">H", self.read(connection, 2))[0]
                    answer = self.answer(self.read(connection, length), "tcp")
                    if answer is not None:
                        connection.sendall(struct.pack(">H", len(answer)) + answer)
            except (OSError, EOFError):
                pass

    @staticmethod
    def read(connection, length):
        data = b""
        while len(data) < length:
            piece = connection.recv(length - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def fault_of(self, query):
        kind = type_name(query.type)
        for key in ((query.name, kind), query.name, None):
            if key in self.faults:
                return self.faults[key]
        return None

    def delay_of(self, message):
        try:
            fault = self.fault_of(Query(message))
        except FormatError:
            return 0
        return fault[1] if isinstance(fault, tuple) else 0

    def lookup(self, name, kind):
        """Response code and answers: aliases as far as they lead, then what was asked for."""
        answers = []
        for _ in range(16):
            if not any(known == name or known.endswith("." + name) for known in self.zone):
                return RCODES["NXDOMAIN"], answers
            kinds = self.zone.get(name, {})
            if kind in kinds or "CNAME" not in kinds:
                return 0, answers + [record(name, kind, record_data(kind, value)) for value in kinds.get(kind, [])]
            target = kinds["CNAME"][0]
            answers.append(record(name, "CNAME", record_data("CNAME", target)))
            if isinstance(target, bytes):
                return 0, answers
            name = target.lower().rstrip(".")
        return 0, answers

    def answer(self, message, transport):
        try:
            query = Query(message)
        except FormatError:
            return message[:2] + struct.pack(">5H", QR | RCODES["FORMERR"], 0, 0, 0, 0) if len(message) >= 2 else None
        kind = type_name(query.type)
        self.queries.append((query.name, kind, transport))
        fault = self.fault_of(query)
        if fault == "silent":
            return None
        if fault == "garbage":
            return b"\xde\xad\xbe\xef" * 8
        if isinstance(fault, tuple):
            time.sleep(fault[1])
        return self.compose(query, fault, *self.outcome(query, kind, fault), transport)

    def outcome(self, query, kind, fault):
        if fault in RCODES:
            return RCODES[fault], []
        return self.lookup(query.name, kind)

    def compose(self, query, fault, code, answers, transport):
        flags = QR | RA | (query.flags & RD) | code
        if self.secure and fault != "insecure" and code in (0, RCODES["NXDOMAIN"]):
            flags |= AD
        question = query.question
        if fault == "wrong-question":
            question = name_to_wire("other.invalid") + question[-4:]
        authority = b"" if answers or code not in (0, RCODES["NXDOMAIN"]) else self.soa()
        opt = b"\0" + struct.pack(">HHIH", OPT, 1232, 0, 0) if query.edns else b""
        number = query.id ^ (1 if fault == "wrong-id" else 0)

        def message(flags, answers, authority):
            counts = (1, len(answers), 1 if authority else 0, 1 if opt else 0)
            return struct.pack(">6H", number, flags, *counts) + question + b"".join(answers) + authority + opt

        whole = message(flags, answers, authority)
        if transport == "udp" and (fault == "truncate" or len(whole) > query.udp_size):
            whole = message(flags | TC, [], b"")
        return whole[:-1] if fault == "cut" else whole

    @staticmethod
    def soa():
        data = name_to_wire("ns.invalid") + name_to_wire("hostmaster.invalid") + struct.pack(">5I", 1, 60, 60, 60, 60)
        return record("", "SOA", data)
