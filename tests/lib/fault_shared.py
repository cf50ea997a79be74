"""What both handshakes of the fault server need: the choice of a certificate and signature, sessions and tickets, and
messages whose lengths may be wrong on purpose."""
import hashlib
import json
import os
import threading
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tls_wire import (HANDSHAKE, HELLO_REQUEST, MESSAGE, NO_APPLICATION_PROTOCOL, TLS12, TLS13, UNRECOGNIZED_NAME,
                      Alert, Gone, Writer, message)

WEAK_HASH = (0x0101, 0x0201, 0x0203)


class Sessions:
    """Sessions by id, and the keys of tickets; shared by all connections of a server."""

    def __init__(self, config):
        self.config, self.lock = config, threading.Lock()
        self.by_id, self.spent, self.keys = {}, set(), []

    def remember(self, session_id, session):
        with self.lock:
            self.by_id[session_id] = session
            while len(self.by_id) > 10000:
                self.by_id.pop(next(iter(self.by_id)))

    def recall(self, session_id):
        with self.lock:
            return self.by_id.get(session_id)

    def _current_keys(self):
        """[(name, key, born)], the newest first."""
        if self.config.fault("stek_static"):
            return [(b"fault-stek-name!", hashlib.sha256(b"the same everywhere").digest(), 0)]
        with self.lock:
            if not self.keys or time.monotonic() - self.keys[0][2] >= self.config.stek_seconds:
                self.keys = [(os.urandom(16), os.urandom(32), time.monotonic()), *self.keys[:1]]
            return list(self.keys)

    def seal(self, session):
        name, key, _ = self._current_keys()[0]
        nonce = os.urandom(12)
        return name + nonce + AESGCM(key).encrypt(nonce, json.dumps(session).encode(), name)

    def open(self, ticket):
        for name, key, _ in self._current_keys():
            if ticket[:16] == name and len(ticket) > 44:
                try:
                    return json.loads(AESGCM(key).decrypt(ticket[16:28], ticket[28:], name))
                except InvalidTag:
                    return None
        return None

    def spend(self, ticket):
        """True the first time."""
        digest = hashlib.sha256(ticket).digest()
        with self.lock:
            fresh = digest not in self.spent
            self.spent.add(digest)
            return fresh


def knows_name(config, name):
    name = name.lower()
    return any(known == name or known.startswith("*.") and name.partition(".")[2] == known[2:]
               for known in config.names)


def check_name(channel, hello):
    """What the server name of a hello leads to, before anything is answered."""
    config, name = channel.config, hello.server_name
    if name is None:
        return
    if config.fault("sni_refused"):
        raise Alert(UNRECOGNIZED_NAME, name)
    if config.fault("sni_lax") or knows_name(config, name):
        return
    if not config.fault("sni_warning"):
        raise Alert(UNRECOGNIZED_NAME, name)
    channel.warn(UNRECOGNIZED_NAME)


def choose_alpn(config, hello):
    """The protocol, or None for no answer."""
    offered = hello.alpn
    if not offered:
        return None
    if config.fault("alpn_echo"):
        return offered[0]
    if not config.alpn:
        return None
    for name in config.alpn:
        if name.encode() in offered:
            return name.encode()
    if config.fault("alpn_lax"):
        return None
    raise Alert(NO_APPLICATION_PROTOCOL, repr(offered))


def usable_sigalgs(config, chain, version):
    mine = chain.key.sigalgs()
    if config.sigalg_numbers:
        mine = [one for one in config.sigalg_numbers if one in mine]
    elif config.fault("sloth"):
        mine = [one for one in mine if one in WEAK_HASH[:1]] + [one for one in mine if one in WEAK_HASH[1:]] + mine
    else:
        mine = [one for one in mine if one not in WEAK_HASH]
    if version == TLS13:
        mine = [one for one in mine if one >> 8 == 8 or chain.key.kind == "ecdsa" and one == chain.key.sigalgs()[0]]
    return mine


def choose_sigalg(config, chain, hello, version):
    """A signature algorithm of TLS 1.2 or 1.3 that both sides can, or None."""
    offered = hello.sigalgs
    if offered is None:
        offered = [0x0201, 0x0203] if version == TLS12 else []
    return next((one for one in usable_sigalgs(config, chain, version) if one in offered), None)


def send_message(channel, name, writer):
    """Closes the message, makes it wrong if that is wanted, queues it; returns its bytes for the transcript."""
    while writer._open:
        writer.close()
    bend = channel.config.fault("malformed")
    if bend:
        which, index, delta = bend.split(":")
        if which == name:
            channel.visit.event(f"malformed: {writer.falsify(int(index), int(delta))} of {len(writer.fields)} fields")
    data = bytes(writer.data)
    channel.put(HANDSHAKE, data)
    return data


def begin(name):
    return Writer().number(1, MESSAGE[name]).open(3)


def flush_flight(channel):
    """Sends the flight that begins with ServerHello, with whatever happens to it on the way."""
    fault, peer = channel.config.fault, channel.peer
    if fault("hello_and_alert"):
        channel.writer = None
        channel.put(21, bytes([2, fault("hello_and_alert")]))
        channel.visit.event(f"alert {fault('hello_and_alert')}")
        channel.flush()
        raise Gone("alert in the same segment")
    if fault("truncated_hello"):
        beginning = bytes(channel.out[:fault("truncated_hello")])
        channel.out.clear()
        peer.send(beginning)
        raise Gone("truncated")
    channel.flush()
    if fault("hello_then_reset"):
        peer.pause(0.02)
        peer.reset()


def endless(channel, what):
    """Never stops by itself."""
    piece = {"hello_request": message(HELLO_REQUEST), "certificate": message(11, b"\0\0\x0a\0\0\7" + bytes(7)),
             "warning": b"\1\x5a", "empty": b""}[what]
    kind = 21 if what == "warning" else HANDSHAKE
    while not channel.peer.stopping.is_set():
        for _ in range(200):
            channel.put(kind, piece)
        channel.flush()
        channel.peer.pause(0.002)
    raise Gone("the server stops")
