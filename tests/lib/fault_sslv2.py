"""The server's side of SSLv2, up to ServerFinished: enough to list its specs and to see DROWN's special flaws."""
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tls_keys import BLOCK, rc4
from tls_wire import Gone, Reader

RC4_128, RC4_EXPORT, DES3 = 0x010080, 0x020080, 0x0700c0
# (bytes of the key, how many of them go in clear)
SPECS = {RC4_128: (16, 0), RC4_EXPORT: (16, 11), DES3: (24, 0)}
NO_CIPHER, BAD = 1, 0


class Keys:
    """What both sides derive from the master key (the draft of SSLv2, 1.2 and 1.3)."""

    def __init__(self, spec, master, challenge, connection):
        size = len(master)
        material = b"".join(hashlib.md5(master + b"0123"[i:i + 1] + challenge + connection).digest() for i in range(4))
        self.spec, self.server, self.client = spec, material[:size], material[size:2 * size]

    def seal(self, data, sequence, key_arg=b"", key=None):
        key = key or self.server
        padding = -(len(data) + 16) % 8 if self.spec == DES3 else 0
        padded = data + bytes(padding)
        plain = hashlib.md5(key + padded + struct.pack("!I", sequence)).digest() + padded
        if self.spec == DES3:
            cipher = Cipher(BLOCK["3des"](key), modes.CBC(key_arg)).encryptor()
            return struct.pack("!HB", len(plain), padding) + cipher.update(plain) + cipher.finalize()
        stream = rc4(key)
        return struct.pack("!H", 0x8000 | len(plain)) + bytes(a ^ next(stream) for a in plain)


def read_record(peer):
    first, second = peer.take(2)
    if first & 0x80:
        return peer.take((first & 0x7f) << 8 | second)
    padding = peer.take(1)[0]
    data = peer.take((first & 0x3f) << 8 | second)
    return data[:len(data) - padding] if padding else data


def send(peer, data):
    peer.send(struct.pack("!H", 0x8000 | len(data)) + data)


def fail(peer, code=BAD):
    send(peer, struct.pack("!BH", 0, code))
    raise Gone(f"SSLv2 error {code}")


class Ssl2:
    def __init__(self, peer, config, hello):
        """hello: the record of the ClientHello."""
        self.peer, self.config, self.visit, self.hello = peer, config, peer.visit, hello

    def run(self):
        reader = Reader(self.hello[3:])
        specs, session, challenge = reader.number(2), reader.number(2), reader.number(2)
        reader.take(specs)
        reader.take(session)
        self.challenge = reader.take(challenge)
        mine = [] if self.config.fault("sslv2_no_specs") else list(SPECS)
        chain = next(chain for chain in self.config.chains if chain.key.kind == "rsa")
        self.connection, self.key = os.urandom(16), chain.key
        offered = b"".join(spec.to_bytes(3, "big") for spec in mine)
        self.visit.version = 2
        self.visit.event("SSLv2 ServerHello")
        send(self.peer, struct.pack("!BBBHHHH", 4, 0, 1, 2, len(chain.certs[0]), len(offered), 16) + chain.certs[0]
             + offered + self.connection)
        self.master_key(Reader(read_record(self.peer)), mine)

    def master_key(self, reader, mine):
        if reader.number(1) != 2:
            fail(self.peer)
        spec = reader.number(3)
        if spec not in mine:
            fail(self.peer, NO_CIPHER)
        sizes = [reader.number(2) for _ in range(3)]
        clear, sealed, key_arg = (reader.take(size) for size in sizes)
        size, in_clear = SPECS[spec]
        if len(sealed) != self.key.size or len(key_arg) != (8 if spec == DES3 else 0):
            fail(self.peer)
        if len(clear) != in_clear and not (self.config.fault("drown_extra_clear") and not in_clear):
            fail(self.peer)                     # CVE-2016-0703 is that this was not checked
        keys = Keys(spec, self.master(clear, sealed, size), self.challenge, self.connection)
        self.peer.send(keys.seal(b"\5" + self.challenge, 1, key_arg))
        self.visit.event("SSLv2 ServerVerify")
        read_record(self.peer)                  # ClientFinished
        raise Gone("the end of our SSLv2")

    def master(self, clear, sealed, size):
        plain = self.key.power(sealed)
        zero = plain.find(b"\0", 2)
        secret = plain[zero + 1:]
        right = plain[:2] == b"\0\2" and zero > 9
        if not right or len(secret) != (size if size > 16 or len(clear) != 11 else 5):
            secret = os.urandom(size)           # as patched servers do
        return (clear + secret)[:size]
