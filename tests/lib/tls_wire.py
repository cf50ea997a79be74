"""TLS as bytes: numbers of the registries, a reader that never runs over the end, a writer that knows where its length
fields are (so that a test can falsify each), and ClientHellos taken apart. Serves the fault server and raw clients."""
import struct
from dataclasses import dataclass, field

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {"ssl2": SSL2, "ssl3": SSL3, "tls1.0": TLS10, "tls1.1": TLS11, "tls1.2": TLS12, "tls1.3": TLS13}
CCS, ALERT, HANDSHAKE, DATA, HEARTBEAT = 20, 21, 22, 23, 24

(HELLO_REQUEST, CLIENT_HELLO, SERVER_HELLO, NEW_TICKET, END_OF_EARLY_DATA, ENCRYPTED_EXTENSIONS, CERTIFICATE,
 SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED,
 CERTIFICATE_STATUS, KEY_UPDATE) = (0, 1, 2, 4, 5, 8, 11, 12, 13, 14, 15, 16, 20, 22, 24)
MESSAGE = {"server_hello": 2, "new_ticket": 4, "encrypted_extensions": 8, "certificate": 11, "server_key_exchange": 12,
           "certificate_request": 13, "certificate_verify": 15, "certificate_status": 22, "finished": 20, "compressed_certificate": 25}

(CLOSE_NOTIFY, UNEXPECTED_MESSAGE, BAD_RECORD_MAC, DECRYPTION_FAILED, RECORD_OVERFLOW, HANDSHAKE_FAILURE,
 ILLEGAL_PARAMETER, DECODE_ERROR, DECRYPT_ERROR, PROTOCOL_VERSION, INTERNAL_ERROR, INAPPROPRIATE_FALLBACK,
 NO_RENEGOTIATION, MISSING_EXTENSION, UNRECOGNIZED_NAME, CERTIFICATE_REQUIRED, NO_APPLICATION_PROTOCOL) = (
    0, 10, 20, 21, 22, 40, 47, 50, 51, 70, 80, 86, 100, 109, 112, 116, 120)

(SERVER_NAME, MAX_FRAGMENT, STATUS_REQUEST, GROUPS, POINT_FORMATS, SIGALGS, HEARTBEAT_EXT, ALPN, SCT, ENCRYPT_THEN_MAC,
 EXTENDED_MASTER_SECRET, COMPRESS_CERTIFICATE, RECORD_SIZE_LIMIT, SESSION_TICKET, PRE_SHARED_KEY, EARLY_DATA, SUPPORTED_VERSIONS, COOKIE,
 PSK_MODES, KEY_SHARE, NPN, RENEGOTIATION_INFO) = (
    0, 1, 5, 10, 11, 13, 15, 16, 18, 22, 23, 27, 28, 35, 41, 42, 43, 44, 45, 51, 13172, 0xff01)
KNOWN_EXTENSIONS = {0, 1, 5, 10, 11, 13, 14, 15, 16, 17, 18, 20, 21, 22, 23, 27, 28, 35, 41, 42, 43, 44, 45, 47, 49, 50,
                    51, 13172, 17513, 65281}

# Named groups; the second number is the size of the server's share.
GROUP = {"x25519": 29, "x448": 30, "p256": 23, "p384": 24, "p521": 25, "secp256k1": 22, "p224": 21, "p192": 19,
         "brainpool256": 26, "brainpool384": 27, "brainpool512": 28, "brainpool256tls13": 31, "brainpool384tls13": 32,
         "brainpool512tls13": 33, "ffdhe2048": 256, "ffdhe3072": 257, "ffdhe4096": 258, "ffdhe6144": 259,
         "ffdhe8192": 260, "mlkem512": 0x200, "mlkem768": 0x201, "mlkem1024": 0x202, "p256mlkem768": 0x11eb,
         "x25519mlkem768": 0x11ec, "p384mlkem1024": 0x11ed, "x25519kyber768": 0x6399, "sect163k1": 1, "sect571r1": 14}
SHARE_SIZE = {29: 32, 30: 56, 23: 65, 24: 97, 25: 133, 22: 65, 21: 57, 19: 49, 26: 65, 27: 97, 28: 129, 31: 65, 32: 97,
              33: 129, 256: 256, 257: 384, 258: 512, 259: 768, 260: 1024, 0x200: 768, 0x201: 1088, 0x202: 1568,
              0x11eb: 65 + 1088, 0x11ec: 1088 + 32, 0x11ed: 97 + 1568, 0x6399: 32 + 1088, 1: 43, 14: 145}
SIGALG = {"rsa_pkcs1_md5": 0x0101, "rsa_pkcs1_sha1": 0x0201, "rsa_pkcs1_sha256": 0x0401, "rsa_pkcs1_sha384": 0x0501,
          "rsa_pkcs1_sha512": 0x0601, "rsa_pss_sha256": 0x0804, "rsa_pss_sha384": 0x0805, "rsa_pss_sha512": 0x0806,
          "ecdsa_sha1": 0x0203, "ecdsa_sha256": 0x0403, "ecdsa_sha384": 0x0503, "ecdsa_sha512": 0x0603,
          "ed25519": 0x0807, "ed448": 0x0808}
HRR_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class Alert(Exception):
    """Ends the connection with this alert."""

    def __init__(self, code, why=""):
        super().__init__(f"alert {code}: {why}")
        self.code = code


class Gone(Exception):
    """The peer closed, reset, or said nothing for too long; or we chose to hang up."""


class Reader:
    """Takes a message apart; what runs over the end is a decode_error."""

    def __init__(self, data):
        self.data, self.at = bytes(data), 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise Alert(DECODE_ERROR, "a length runs over the end")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self, size):
        return self.take(self.number(size))

    def left(self):
        return len(self.data) - self.at

    def rest(self):
        return self.take(self.left())

    def end(self):
        if self.left():
            raise Alert(DECODE_ERROR, "bytes after the end")


class Writer:
    """Builds a message. fields lists (place, size) of every length, in the order they were opened."""

    def __init__(self):
        self.data, self.fields, self._open = bytearray(), [], []

    def number(self, size, value):
        self.data += value.to_bytes(size, "big")
        return self

    def raw(self, data):
        self.data += data
        return self

    def open(self, size):
        self.fields.append((len(self.data), size))
        self._open.append((len(self.data), size))
        self.data += bytes(size)
        return self

    def close(self):
        place, size = self._open.pop()
        self.data[place:place + size] = (len(self.data) - place - size).to_bytes(size, "big")
        return self

    def vector(self, size, data):
        return self.open(size).raw(data).close()

    def falsify(self, index, delta):
        """Adds delta to length field number index; False if there is no such field."""
        if not 0 <= index < len(self.fields):
            return False
        place, size = self.fields[index]
        value = int.from_bytes(self.data[place:place + size], "big") + delta
        self.data[place:place + size] = (value % (1 << 8 * size)).to_bytes(size, "big")
        return True


def message(kind, body=b""):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def record(kind, version, data):
    return struct.pack("!BHH", kind, version, len(data)) + data


def u16s(data):
    return [int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data) - 1, 2)]


def pack16(numbers):
    return b"".join(n.to_bytes(2, "big") for n in numbers)


def is_grease(number):
    return number & 0x0f0f == 0x0a0a and number >> 8 == number & 0xff


@dataclass
class ClientHello:
    version: int = TLS12
    random: bytes = b""
    session_id: bytes = b""
    suites: list = field(default_factory=list)
    compressions: bytes = b"\0"
    extensions: dict = field(default_factory=dict)      # number → body, in the order sent
    raw: bytes = b""                                    # the whole message

    # What the extensions say; None where the extension is absent.
    @property
    def server_name(self):
        body = self.extensions.get(SERVER_NAME)
        if not body:
            return None
        names = Reader(Reader(body).vector(2))
        names.number(1)
        return names.vector(2).decode("latin-1")

    @property
    def versions(self):
        body = self.extensions.get(SUPPORTED_VERSIONS)
        return None if body is None else u16s(Reader(body).vector(1))

    def _list16(self, extension):
        body = self.extensions.get(extension)
        return None if body is None else u16s(Reader(body).vector(2))

    @property
    def groups(self):
        return self._list16(GROUPS)

    @property
    def sigalgs(self):
        return self._list16(SIGALGS)

    @property
    def alpn(self):
        body = self.extensions.get(ALPN)
        if body is None:
            return None
        names, found = Reader(Reader(body).vector(2)), []
        while names.left():
            found.append(names.vector(1))
        return found

    @property
    def shares(self):
        body = self.extensions.get(KEY_SHARE)
        if body is None:
            return None
        shares, found = Reader(Reader(body).vector(2)), {}
        while shares.left():
            group = shares.number(2)
            found[group] = shares.vector(2)
        return found

    @property
    def psk(self):
        """(identities, binders, bytes of the binders list at the end of the message)"""
        body = self.extensions.get(PRE_SHARED_KEY)
        if body is None:
            return None
        reader = Reader(body)
        identities, names = Reader(reader.vector(2)), []
        while identities.left():
            name = identities.vector(2)
            names.append((name, identities.number(4)))
        tail = reader.left()
        binders, values = Reader(reader.vector(2)), []
        while binders.left():
            values.append(binders.vector(1))
        reader.end()
        return names, values, tail

    @property
    def grease(self):
        lists = [*self.suites, *self.extensions, *(self.groups or []), *(self.versions or []), *(self.sigalgs or [])]
        return any(is_grease(number) for number in lists)


def parse_client_hello(raw):
    """raw: the whole handshake message."""
    reader = Reader(raw[4:])
    hello = ClientHello(reader.number(2), reader.take(32), reader.vector(1), raw=bytes(raw))
    if len(hello.session_id) > 32:
        raise Alert(DECODE_ERROR, "session id of more than 32 bytes")
    suites = reader.vector(2)
    if len(suites) % 2 or not suites:
        raise Alert(DECODE_ERROR, "list of suites")
    hello.suites = u16s(suites)
    hello.compressions = reader.vector(1)
    if reader.left():
        extensions = Reader(reader.vector(2))
        while extensions.left():
            number = extensions.number(2)
            if number in hello.extensions:
                raise Alert(ILLEGAL_PARAMETER, "an extension twice")
            hello.extensions[number] = extensions.vector(2)
        reader.end()
    for _ in (hello.server_name, hello.versions, hello.groups, hello.sigalgs, hello.alpn, hello.shares, hello.psk):
        pass                                            # whatever is wrong in them is found now
    return hello


def parse_v2_hello(body):
    """A ClientHello for SSLv3 or later in the form of SSLv2; body: the record without its two bytes of length."""
    reader = Reader(body)
    reader.number(1)
    hello = ClientHello(reader.number(2), raw=bytes(body))
    specs, session, challenge = reader.number(2), reader.number(2), reader.number(2)
    specs, _, challenge = reader.take(specs), reader.take(session), reader.take(challenge)
    hello.random = challenge[-32:].rjust(32, b"\0")
    hello.suites = [int.from_bytes(specs[i + 1:i + 3], "big") for i in range(0, len(specs) - 2, 3) if specs[i] == 0]
    return hello


def client_hello(version=TLS12, suites=(), extensions=(), session_id=b"", random=bytes(32), compressions=b"\0"):
    """The whole message, for raw clients. extensions: pairs of number and body, or None for a hello without."""
    out = Writer().number(1, CLIENT_HELLO).open(3).number(2, version).raw(random).vector(1, session_id)
    out.vector(2, pack16(suites)).vector(1, compressions)
    if extensions is not None:
        out.open(2)
        for number, body in extensions:
            out.number(2, number).vector(2, body)
        out.close()
    return bytes(out.close().data)
