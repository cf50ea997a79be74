"""The fault server's side of one TCP connection: the socket with its ways to annoy (Peer), and records above it
(Channel). What a record's failure looks like from outside is decided here, by the padding faults."""
import os
import socket
import struct
import time

from tls_keys import BadRecord, Direction13
from tls_wire import (ALERT, BAD_RECORD_MAC, CCS, CLOSE_NOTIFY, DATA, DECODE_ERROR, DECRYPTION_FAILED, HANDSHAKE,
                      HEARTBEAT, PROTOCOL_VERSION, RECORD_OVERFLOW, TLS12, UNEXPECTED_MESSAGE, Alert, Gone, record)

MAX_MESSAGE = 1 << 18


def reset(sock):
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
    except OSError:
        pass


class Peer:
    def __init__(self, sock, config, visit, stopping):
        self.sock, self.config, self.visit, self.stopping = sock, config, visit, stopping
        self.inbox, self.segments, self.over = bytearray(), 0, False
        sock.settimeout(config.patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fill(self):
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise Gone(f"{type(error).__name__}") from None
        if not data:
            raise Gone("the client closed")
        self.segments += 1
        self.visit.bytes_in += len(data)
        self.inbox += data

    def need(self, size):
        while len(self.inbox) < size:
            self.fill()

    def take(self, size):
        self.need(size)
        data = bytes(self.inbox[:size])
        del self.inbox[:size]
        return data

    def send(self, data):
        fault = self.config.fault
        if fault("delay"):
            self.pause(fault("delay") / 1000)
        if fault("drip"):
            return self._send_slowly(data, fault("drip"))
        if fault("byte_by_byte"):
            return self._send_slowly(data, 0)
        self._send(data)

    def _send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Gone(f"{type(error).__name__} in sending") from None
        self.visit.bytes_out += len(data)

    def _send_slowly(self, data, seconds):
        for i in range(len(data)):
            self._send(data[i:i + 1])
            if seconds:
                self.pause(seconds)

    def pause(self, seconds):
        if self.stopping.wait(seconds):
            raise Gone("the server stops")

    def hang(self):
        """Says nothing more until the client goes."""
        self.visit.event("hang")
        while not self.stopping.is_set():
            self.inbox.clear()
            self.fill()
        raise Gone("the server stops")

    def reset(self):
        self.visit.event("reset")
        reset(self.sock)
        self.over = True
        raise Gone("we reset")

    def close(self):
        """FIN; what the client still sends is read for a moment, or our last words would become a reset."""
        if self.over:
            return
        self.over = True
        try:
            self.sock.shutdown(socket.SHUT_WR)
            end = time.monotonic() + 1
            while (left := end - time.monotonic()) > 0 and not self.stopping.is_set():
                self.sock.settimeout(left)
                if not self.sock.recv(65536):
                    break
        except OSError:
            pass
        finally:
            self.sock.close()


class Channel:
    """Records. reader and writer are a Direction, a Direction13 or None (in clear)."""

    def __init__(self, peer):
        self.peer, self.config, self.visit = peer, peer.config, peer.visit
        self.version, self.negotiated = 0x0301, False       # of records; while not negotiated any 03xx is taken
        self.reader = self.writer = self.inflate = self.deflate = None
        self.out, self.messages, self.skip_early = bytearray(), bytearray(), 0
        self.shut = False

    # --- out

    def put(self, kind, data):
        """Queues; flush() sends. Several records if need be."""
        fault, size = self.config.fault, 16384
        if kind == HANDSHAKE and fault("one_record_each"):
            size = 40
        if kind == HANDSHAKE and fault("record_size") and not self.writer:
            size = fault("record_size")
            if len(data) < size:                            # a HelloRequest is to be ignored
                data += bytes(4) * ((size - len(data)) // 4)
        for at in range(0, max(len(data), 1), size):
            self._put_record(kind, data[at:at + size])

    def _put_record(self, kind, data):
        if self.deflate:
            data = self.deflate(data)
        version = 0x0305 if self.config.fault("wrong_record_version") else self.version
        if isinstance(self.writer, Direction13):
            kind, data, version = DATA, self.writer.seal(kind, data), TLS12
        elif self.writer:
            data = self.writer.seal(kind, data)
        self.out += record(kind, version, data)

    def flush(self):
        data, self.out = bytes(self.out), bytearray()
        if data:
            self.peer.send(data)

    def write(self, data):
        self.put(DATA, data)
        self.flush()

    def warn(self, code):
        self.visit.event(f"warning {code}")
        self.put(ALERT, bytes([1, code]))
        self.flush()

    def fatal(self, code):
        fault, peer = self.config.fault, self.peer
        self.visit.event(f"alert {code}")
        if fault("alert_reset"):
            peer.reset()
        if fault("alert_silent_close"):
            return
        if fault("alert_nothing"):
            peer.hang()
        self.flush()
        if fault("alert_two_records"):
            self.put(ALERT, b"\2")
            self.put(ALERT, bytes([code]))
        else:
            self.put(ALERT, bytes([2, code]))
        self._send_alert(fault("alert_split"))

    def _send_alert(self, split):
        data, self.out = bytes(self.out), bytearray()
        if not split:
            return self.peer.send(data)
        self.peer.send(data[:4])
        self.peer.pause(0.02)
        self.peer.send(data[4:])

    def close_notify(self):
        if not self.shut:
            self.shut = True
            self.put(ALERT, bytes([1, CLOSE_NOTIFY]))
            self.flush()

    def signal(self, how):
        """One of the ways in which an oracle speaks."""
        self.visit.event(f"oracle {how}")
        if how == "close":
            raise Gone("we closed")
        if how == "reset":
            self.peer.reset()
        if how == "timeout":
            self.peer.hang()
        if how == "double":
            self.put(ALERT, bytes([2, BAD_RECORD_MAC]))
        raise Alert(DECRYPTION_FAILED if how == "alert" else BAD_RECORD_MAC, "oracle")

    # --- in

    def next_record(self):
        """(kind, data), decrypted. Empty records are passed over."""
        for _ in range(10000):
            kind, version, size = struct.unpack("!BHH", self.peer.take(5))
            if kind not in (CCS, ALERT, HANDSHAKE, DATA, HEARTBEAT):
                raise Alert(UNEXPECTED_MESSAGE, f"record of kind {kind}")
            if version >> 8 != 3 or self.negotiated and version != self.version:
                raise Alert(PROTOCOL_VERSION, f"record of version {version:04x}")
            if size > 16384 + (2048 if self.reader else 0):
                raise Alert(RECORD_OVERFLOW, "record too long")
            opened = self._open(kind, self.peer.take(size))
            if opened and (opened[1] or opened[0] not in (DATA, HANDSHAKE)):
                return opened
        raise Gone("10000 empty records")

    def _open(self, kind, data):
        if isinstance(self.reader, Direction13):
            return self._open13(kind, data)
        if self.reader:
            try:
                data = self.reader.open(kind, data)
            except BadRecord as bad:
                data = self._bad(bad)
        elif self.skip_early and kind == DATA:
            self.skip_early -= len(data)                    # before the second ClientHello
            return None
        if self.inflate and kind != CCS:
            data = self.inflate(data)
        if len(data) > 16384:
            raise Alert(RECORD_OVERFLOW, "record too long")
        return kind, data

    def _open13(self, kind, data):
        if kind != DATA:
            if kind == CCS and data == b"\1":
                return None
            if kind == ALERT:
                return kind, data
            raise Alert(UNEXPECTED_MESSAGE, "record in clear")
        try:
            kind, data = self.reader.open(data)
        except BadRecord:
            if self.skip_early > 0:
                self.skip_early -= len(data)
                return None
            raise Alert(BAD_RECORD_MAC, "record") from None
        self.skip_early = 0
        return kind, data

    def _bad(self, bad):
        """The padding oracles: returns the data, or raises what a bad record is answered with."""
        fault = self.config.fault
        self.visit.event(str(bad))
        if bad.pad_ok is False and bad.mac_ok:
            if fault("poodle_tls") or fault("sleeping_poodle") and bad.plain[-2] == bad.plain[-1]:
                return bad.plain[:bad.size]
            if fault("zombie_poodle"):
                self.signal(fault("zombie_poodle"))
        if bad.pad_ok:
            if not bad.room and fault("lucky_minus20"):
                raise Alert(RECORD_OVERFLOW, "oracle")
            if bad.room and fault("goldendoodle"):
                self.signal(fault("goldendoodle"))
            if bad.size <= 0 and fault("zero_length"):
                self.signal(fault("zero_length"))
        raise Alert(BAD_RECORD_MAC, "record")

    def next(self):
        """(HANDSHAKE, a whole message) or another record. Alerts of the client that end the connection raise Gone."""
        while True:
            if len(self.messages) >= 4:
                size = 4 + int.from_bytes(self.messages[1:4], "big")
                if size > MAX_MESSAGE:
                    raise Alert(DECODE_ERROR, "message too long")
                if len(self.messages) >= size:
                    whole = bytes(self.messages[:size])
                    del self.messages[:size]
                    return HANDSHAKE, whole
            kind, data = self.next_record()
            if kind == HANDSHAKE:
                self.messages += data
                continue
            if self.messages:
                raise Alert(UNEXPECTED_MESSAGE, "another record within a message")
            if kind != ALERT:
                return kind, data
            self._their_alert(data)

    def _their_alert(self, data):
        if len(data) != 2:
            raise Alert(DECODE_ERROR, "alert")
        self.visit.event(f"client's alert {data[0]} {data[1]}")
        if data[1] == CLOSE_NOTIFY:
            if not self.config.fault("truncation"):
                self.close_notify()
            raise Gone("close_notify")
        if data[0] == 2:
            raise Gone("the client's fatal alert")

    def heartbeat(self, data, negotiated):
        """RFC 6520; the vulnerable one trusts the length that the message names."""
        fault = self.config.fault
        if fault("heartbleed_silent"):
            self.peer.hang()
        if not negotiated and not fault("heartbeat_unasked"):
            raise Alert(UNEXPECTED_MESSAGE, "heartbeat")
        if len(data) < 3 or data[0] != 1:
            return
        size = int.from_bytes(data[1:3], "big")
        honest = size + 19 <= len(data)
        self.visit.event(f"heartbeat {size} of {len(data)}")
        if not honest and not fault("heartbleed"):
            return
        payload = (data[3:] + os.urandom(size))[:size]      # "memory"
        self.put(HEARTBEAT, b"\2" + data[1:3] + payload + os.urandom(16))
        self.flush()
