"""Keys of SSLv3 to TLS 1.3, and the protection of records. Decryption of CBC records does not only fail: it says what
of padding and MAC was right, because the padding oracles of the fault server differ in just that."""
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, aead, algorithms, modes

from tls_suites import CIPHERS
from tls_wire import SSL3, TLS10, TLS12

try:                                                    # newer libraries keep the old ciphers apart
    from cryptography.hazmat.decrepit.ciphers import algorithms as old_algorithms
except ImportError:
    old_algorithms = algorithms

BLOCK = {"aes": algorithms.AES, "3des": old_algorithms.TripleDES,
         "camellia": getattr(old_algorithms, "Camellia", None) or algorithms.Camellia}

AEADS = {"gcm": aead.AESGCM, "ccm": lambda key: aead.AESCCM(key, 16), "ccm8": lambda key: aead.AESCCM(key, 8),
         "chacha": aead.ChaCha20Poly1305}


def digest(name, data):
    return hashlib.new(name, data).digest()


# --- SSLv3 to TLS 1.2 -------------------------------------------------------------------------------------------------

def p_hash(name, secret, seed, size):
    out, a = b"", seed
    while len(out) < size:
        a = hmac.digest(secret, a, name)
        out += hmac.digest(secret, a + seed, name)
    return out[:size]


def ssl3_prf(secret, seed, size):
    """RFC 6101, 6.1: MD5(secret + SHA('A' + secret + seed)) + the same with 'BB' + …"""
    out = b""
    for i in range(1, size // 16 + 2):
        letter = bytes([64 + i]) * i
        out += digest("md5", secret + digest("sha1", letter + secret + seed))
    return out[:size]


def prf(version, suite, secret, label, seed, size):
    if version == SSL3:
        return ssl3_prf(secret, seed, size)
    if version == TLS12:
        return p_hash(suite.prf, secret, label + seed, size)
    half = (len(secret) + 1) // 2
    first = p_hash("md5", secret[:half], label + seed, size)
    second = p_hash("sha1", secret[len(secret) - half:], label + seed, size)
    return bytes(a ^ b for a, b in zip(first, second))


def transcript_hash(version, suite, messages):
    if version == TLS12:
        return digest(suite.prf, messages)
    return digest("md5", messages) + digest("sha1", messages)


def master_secret(version, suite, premaster, client_random, server_random, session_hash=None):
    if session_hash is not None:
        return prf(version, suite, premaster, b"extended master secret", session_hash, 48)
    return prf(version, suite, premaster, b"master secret", client_random + server_random, 48)


def verify_data(version, suite, master, messages, server):
    if version == SSL3:
        sender = b"SRVR" if server else b"CLNT"
        return b"".join(
            digest(name, master + b"\x5c" * pad + digest(name, messages + sender + master + b"\x36" * pad))
            for name, pad in (("md5", 48), ("sha1", 40)))
    label = b"server finished" if server else b"client finished"
    return prf(version, suite, master, label, transcript_hash(version, suite, messages), 12)


def ssl3_certificate_hash(master, messages):
    """What CertificateVerify signs in SSLv3."""
    return b"".join(digest(name, master + b"\x5c" * pad + digest(name, messages + master + b"\x36" * pad))
                    for name, pad in (("md5", 48), ("sha1", 40)))


class BadRecord(Exception):
    """A record that could not be opened. For CBC: what was right in it (None: nobody looked)."""

    def __init__(self, pad_ok=None, mac_ok=None, room=None, size=0, plain=None):
        super().__init__(f"pad_ok={pad_ok} mac_ok={mac_ok} room={room} size={size}")
        self.pad_ok, self.mac_ok, self.room, self.size, self.plain = pad_ok, mac_ok, room, size, plain


@dataclass
class Direction:
    """One direction's keys of one connection, SSLv3 to TLS 1.2."""
    version: int
    suite: object
    mac_key: bytes
    key: bytes
    iv: bytes
    encrypt_then_mac: bool = False
    sequence: int = 0

    def __post_init__(self):
        self.kind, _, self.block = CIPHERS[self.suite.cipher]
        if self.kind == "rc4":
            self.stream = rc4(self.key)
        elif self.kind in AEADS:
            self.aead = AEADS[self.kind](self.key)

    def header(self, kind, size):
        return struct.pack("!QBHH", self.sequence, kind, self.version, size)

    def mac(self, kind, data):
        if self.version == SSL3:
            pad = 48 if self.suite.mac == "md5" else 40
            head = struct.pack("!QBH", self.sequence, kind, len(data))
            inner = digest(self.suite.mac, self.mac_key + b"\x36" * pad + head + data)
            return digest(self.suite.mac, self.mac_key + b"\x5c" * pad + inner)
        return hmac.digest(self.mac_key, self.header(kind, len(data)) + data, self.suite.mac)

    # --- sealing

    def seal(self, kind, data, content=None):
        """content: for tests, what to encrypt in place of data, MAC and padding (CBC only)."""
        if self.suite.aead:
            sealed = self._seal_aead(kind, data)
        elif self.suite.cbc:
            sealed = self._seal_cbc(kind, data, content)
        else:
            sealed = data + self.mac(kind, data)
            if self.kind == "rc4":
                sealed = bytes(a ^ next(self.stream) for a in sealed)
        self.sequence += 1
        return sealed

    def _nonce(self, explicit):
        if self.kind == "chacha":
            return bytes(a ^ b for a, b in zip(self.iv, self.sequence.to_bytes(12, "big")))
        return self.iv + explicit

    def _seal_aead(self, kind, data):
        explicit = b"" if self.kind == "chacha" else self.sequence.to_bytes(8, "big")
        return explicit + self.aead.encrypt(self._nonce(explicit), data, self.header(kind, len(data)))

    def _seal_cbc(self, kind, data, content):
        if content is None:
            content = data if self.encrypt_then_mac else data + self.mac(kind, data)
            pad = self.block - 1 - len(content) % self.block
            content += bytes([pad]) * (pad + 1)
        iv = self.iv if self.version <= TLS10 else os.urandom(self.block)
        cipher = Cipher(BLOCK[self.kind](self.key), modes.CBC(iv)).encryptor()
        sealed = cipher.update(content) + cipher.finalize()
        self.iv = sealed[-self.block:]
        if self.version > TLS10:
            sealed = iv + sealed
        return sealed + self.mac(kind, sealed) if self.encrypt_then_mac else sealed

    # --- opening

    def open(self, kind, sealed):
        try:
            if self.suite.aead:
                return self._open_aead(kind, sealed)
            if self.suite.cbc:
                return self._open_cbc(kind, sealed)
            return self._open_stream(kind, sealed)
        finally:
            self.sequence += 1

    def _open_aead(self, kind, sealed):
        explicit = b"" if self.kind == "chacha" else sealed[:8]
        tag = 8 if self.kind == "ccm8" else 16
        if len(sealed) < len(explicit) + tag or self.kind != "chacha" and len(explicit) < 8:
            raise BadRecord()
        size = len(sealed) - len(explicit) - tag
        try:
            return self.aead.decrypt(self._nonce(explicit), sealed[len(explicit):], self.header(kind, size))
        except InvalidTag:
            raise BadRecord() from None

    def _open_stream(self, kind, sealed):
        if self.kind == "rc4":
            sealed = bytes(a ^ next(self.stream) for a in sealed)
        size = hashlib.new(self.suite.mac).digest_size
        if len(sealed) < size or self.mac(kind, sealed[:-size]) != sealed[-size:]:
            raise BadRecord()
        return sealed[:-size]

    def _open_cbc(self, kind, sealed):
        mac_size = hashlib.new(self.suite.mac).digest_size
        if self.encrypt_then_mac:
            sealed, mac = sealed[:-mac_size], sealed[-mac_size:]
            if self.mac(kind, sealed) != mac:
                raise BadRecord()
        iv = self.iv
        if self.version > TLS10:
            iv, sealed = sealed[:self.block], sealed[self.block:]
        if not sealed or len(sealed) % self.block or len(iv) != self.block:
            raise BadRecord()
        cipher = Cipher(BLOCK[self.kind](self.key), modes.CBC(iv)).decryptor()
        plain = cipher.update(sealed) + cipher.finalize()
        self.iv = sealed[-self.block:]
        return self._check_cbc(kind, plain, 0 if self.encrypt_then_mac else mac_size)

    def _check_cbc(self, kind, plain, mac_size):
        pad = plain[-1] + 1
        size = len(plain) - pad - mac_size
        if self.version == SSL3:                        # what POODLE is about: the bytes can be anything
            pad_ok = pad <= self.block
        else:
            pad_ok = pad <= len(plain) and plain[-pad:] == bytes([pad - 1]) * pad
        if size < 0:
            raise BadRecord(pad_ok, False, False, size, plain)
        data = plain[:size]
        mac_ok = not mac_size or self.mac(kind, data) == plain[size:size + mac_size]
        if not (pad_ok and mac_ok):
            raise BadRecord(pad_ok, mac_ok, True, size, plain)
        return data


def directions(version, suite, master, client_random, server_random, encrypt_then_mac=False):
    """(client to server, server to client)"""
    _, key_size, iv_size = CIPHERS[suite.cipher]
    mac_size = 0 if suite.aead else hashlib.new(suite.mac).digest_size
    block = prf(version, suite, master, b"key expansion", server_random + client_random,
                2 * (mac_size + key_size + iv_size))
    parts = []
    for size in (mac_size, mac_size, key_size, key_size, iv_size, iv_size):
        parts.append(block[:size])
        block = block[size:]
    return tuple(Direction(version, suite, parts[i], parts[2 + i], parts[4 + i], encrypt_then_mac and suite.cbc)
                 for i in (0, 1))


def rc4(key):
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) & 255
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) & 255
        j = (j + state[i]) & 255
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) & 255]


# --- TLS 1.3 ----------------------------------------------------------------------------------------------------------

def hkdf_extract(name, salt, secret):
    return hmac.digest(salt or bytes(hashlib.new(name).digest_size), secret, name)


def hkdf_expand_label(name, secret, label, context, size):
    full = b"tls13 " + label
    info = struct.pack("!HB", size, len(full)) + full + bytes([len(context)]) + context
    out, block, i = b"", b"", 1
    while len(out) < size:
        block = hmac.digest(secret, block + info + bytes([i]), name)
        out, i = out + block, i + 1
    return out[:size]


class Schedule:
    """RFC 8446, 7.1. early → handshake → master; each derive() takes a label and the transcript's hash."""

    def __init__(self, suite, psk=None):
        self.suite, self.hash = suite, suite.prf
        self.size = hashlib.new(self.hash).digest_size
        self.secret = hkdf_extract(self.hash, None, psk or bytes(self.size))

    def derive(self, label, transcript_digest):
        return hkdf_expand_label(self.hash, self.secret, label, transcript_digest, self.size)

    def next(self, secret=None):
        salt = self.derive(b"derived", digest(self.hash, b""))
        self.secret = hkdf_extract(self.hash, salt, secret or bytes(self.size))

    def finished(self, secret, transcript_digest):
        key = hkdf_expand_label(self.hash, secret, b"finished", b"", self.size)
        return hmac.digest(key, transcript_digest, self.hash)


class Direction13:
    """One direction's keys in TLS 1.3."""

    def __init__(self, suite, secret):
        kind, size, _ = CIPHERS[suite.cipher]
        self.suite, self.secret, self.sequence, self.tag = suite, secret, 0, 8 if kind == "ccm8" else 16
        self.aead = AEADS[kind](hkdf_expand_label(suite.prf, secret, b"key", b"", size))
        self.iv = hkdf_expand_label(suite.prf, secret, b"iv", b"", 12)

    def _nonce(self):
        nonce = bytes(a ^ b for a, b in zip(self.iv, self.sequence.to_bytes(12, "big")))
        self.sequence += 1
        return nonce

    def seal(self, kind, data):
        head = struct.pack("!BHH", 23, TLS12, len(data) + 1 + self.tag)
        return self.aead.encrypt(self._nonce(), data + bytes([kind]), head)

    def open(self, sealed):
        """(kind, data); a record that fails does not use up a number: early data are skipped that way."""
        head, before = struct.pack("!BHH", 23, TLS12, len(sealed)), self.sequence
        try:
            plain = self.aead.decrypt(self._nonce(), sealed, head).rstrip(b"\0")
        except (InvalidTag, ValueError):
            self.sequence = before
            raise BadRecord() from None
        if not plain:
            raise BadRecord()
        return plain[-1], plain[:-1]

    def update(self):
        return Direction13(self.suite, hkdf_expand_label(self.suite.prf, self.secret, b"traffic upd", b"",
                                                         len(self.secret)))
