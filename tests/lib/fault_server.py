#!/usr/bin/python3
"""One TLS server with a flag for each fault, for tests of what examines servers. It has its own records, handshakes and
certificates, and speaks SSLv2 to TLS 1.3. Without a flag it is honest and patched.

    with FaultServer(faults={"heartbleed"}, versions=("tls1.2",), suites=("all",)) as server:
        … connect to server.port …
        assert server.max_concurrent <= 2

    tests/lib/fault_server.py --port 0 --fault heartbleed --fault ccs=21
    tests/lib/fault_server.py --list

The settings are fault_config.Config's fields. FaultServer(…, alternate=Config(…)) is a farm of two behind one port:
every other connection meets the other one.
"""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import tls_certs  # noqa: E402
from fault_channel import Channel, Peer, reset  # noqa: E402
from fault_config import FAULTS, Config  # noqa: E402
from fault_http import PlainHttp  # noqa: E402
from fault_shared import Sessions, check_name  # noqa: E402
from fault_sslv2 import Ssl2, fail  # noqa: E402
from fault_tls12 import Tls12  # noqa: E402
from fault_tls13 import Tls13  # noqa: E402
from tls_suites import FALLBACK_SCSV  # noqa: E402
from tls_wire import (CLIENT_HELLO, HANDSHAKE, HANDSHAKE_FAILURE, INAPPROPRIATE_FALLBACK,  # noqa: E402
                      KNOWN_EXTENSIONS, PROTOCOL_VERSION, SSL2, TLS12, TLS13, UNEXPECTED_MESSAGE, Alert, Gone,
                      parse_client_hello, parse_v2_hello)

MAX_LOG = 20000


@dataclass
class Visit:
    """What one connection did."""
    number: int
    port: str = "tls"                       # or http
    began: float = 0.0
    ended: float = None
    hellos: list = field(default_factory=list)      # of tls_wire.ClientHello: the first, and after a retry
    version: int = None
    suite: str = None
    group: int = None
    complete: bool = False                  # the client's Finished was right
    resumed: bool = False
    renegotiations: int = 0
    requests: list = field(default_factory=list)    # (request line, whether it came as early data)
    bytes_in: int = 0
    bytes_out: int = 0
    end: str = ""                           # why it ended
    events: list = field(default_factory=list)

    def event(self, text):
        if len(self.events) < 200:
            self.events.append(text)


class FaultServer:
    def __init__(self, faults=(), config=None, alternate=None, port=0, ipv6=True, **settings):
        self.config = config or Config(faults=faults, **settings)
        self.alternate, self.ipv6, self._want = alternate, ipv6, port
        self.sessions = Sessions(self.config)
        self.other_sessions = Sessions(alternate) if alternate else None
        self.visits, self.errors = deque(maxlen=MAX_LOG), []
        self.max_concurrent = self.count = 0
        self.refused = 0                    # by rate_limit, ban_after, concurrent_limit
        self.stopping, self._lock = threading.Event(), threading.Lock()
        self._open, self._threads, self._listeners = {}, set(), []
        self._arrivals, self._kept, self._home = deque(), {}, None
        self.port = self.http_port = None

    # --- life

    def start(self):
        self.port = self._listen(self._want, "tls")
        if self.config.http_port is not None:
            self.http_port = self._listen(self.config.http_port, "http")
        return self

    def stop(self):
        self.stopping.set()
        for listener in self._listeners:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        with self._lock:
            still = list(self._open.values())
        for sock in still:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        end = time.monotonic() + 10
        for thread in list(self._threads):
            thread.join(max(0.0, end - time.monotonic()))
        for listener in self._listeners:
            listener.close()
        if self._home:
            shutil.rmtree(self._home, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    @property
    def ca(self):
        """The path of a PEM file with what a client has to trust."""
        if not self._home:
            self._home = tempfile.mkdtemp(prefix="fault-server-")
        path = os.path.join(self._home, "ca.pem")
        roots = dict.fromkeys(chain.root for chain in self.config.chains)
        Path(path).write_text("".join(map(tls_certs.pem, roots)))
        return path

    @property
    def log(self):
        """The Visits so far, those that last included, by their number."""
        with self._lock:
            return sorted(self.visits, key=lambda visit: visit.number)

    @property
    def concurrent(self):
        with self._lock:
            return len(self._open)

    def wait_idle(self, seconds=5):
        """Until no connection is open; then the log is whole."""
        end = time.monotonic() + seconds
        while self.concurrent and time.monotonic() < end:
            time.sleep(0.002)
        return self.log

    def forget(self):
        """Begins the counting anew."""
        with self._lock:
            self.visits.clear()
            self.count = self.max_concurrent = self.refused = 0

    def reused(self, kind, make):
        """One share for all connections, of the kind that make() makes."""
        with self._lock:
            if kind not in self._kept:
                self._kept[kind] = make()
            return self._kept[kind]

    # --- accepting

    def _listen(self, want, kind):
        for _ in range(20):
            first = self._bind(socket.AF_INET, "127.0.0.1", want)
            port = first.getsockname()[1]
            try:
                listeners = [first, self._bind(socket.AF_INET6, "::1", port)] if self.ipv6 else [first]
                break
            except OSError as error:
                if error.errno in (97, 99):         # this machine has no ::1
                    listeners = [first]
                    break
                first.close()
        else:
            raise OSError("no port that is free for both families")
        for listener in listeners:
            self._listeners.append(listener)
            self._spawn(self._accept, listener, kind)
        return port

    @staticmethod
    def _bind(family, address, port):
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            listener.bind((address, port))
            listener.listen(1024)
        except OSError:
            listener.close()
            raise
        return listener

    def _spawn(self, function, *args):
        thread = threading.Thread(target=function, args=args, daemon=True)
        with self._lock:
            thread.start()
            self._threads.add(thread)

    def _accept(self, listener, kind):
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                if self.stopping.is_set():
                    return
                time.sleep(0.01)
                continue
            visit = self._enter(sock, kind)
            if self.stopping.is_set() or self._refuses():
                self._turn_away(sock, visit, "refused")
            elif self.config.fault("serial"):
                self._serve(sock, visit)
            else:
                try:
                    self._spawn(self._serve, sock, visit)
                except RuntimeError:                    # the system gives no more threads
                    self._turn_away(sock, visit, "no thread")

    def _turn_away(self, sock, visit, why):
        self.refused += 1
        visit.end = why
        reset(sock)
        self._leave(visit)

    def _enter(self, sock, kind):
        with self._lock:
            self.count += 1
            visit = Visit(self.count, kind, time.monotonic())
            self.visits.append(visit)
            self._open[id(visit)] = sock
            self.max_concurrent = max(self.max_concurrent, len(self._open))
        return visit

    def _leave(self, visit):
        with self._lock:
            visit.ended = time.monotonic()
            self._open.pop(id(visit), None)
            self._threads.discard(threading.current_thread())

    def _refuses(self):
        fault, now = self.config.fault, time.monotonic()
        if fault("ban_after") and self.count > fault("ban_after"):
            return True
        if fault("concurrent_limit") and self.concurrent > fault("concurrent_limit"):
            return True
        if fault("rate_limit"):
            while self._arrivals and now - self._arrivals[0] >= 1:
                self._arrivals.popleft()
            if len(self._arrivals) >= fault("rate_limit"):
                return True
            self._arrivals.append(now)
        return False

    # --- one connection

    def _serve(self, sock, visit):
        other = self.alternate and visit.number % 2 == 0
        config = self.alternate if other else self.config
        peer = Peer(sock, config, visit, self.stopping)
        channel = Channel(peer)
        side = Side(self, self.other_sessions if other else self.sessions)
        try:
            if visit.port == "http":
                self._serve_http(peer, config)
            else:
                greet(channel, side)
        except Gone as gone:
            visit.end = visit.end or str(gone)
        except Alert as alert:
            visit.end = str(alert)
            self._last_words(channel, alert.code)
        except Exception as error:                      # a mistake of ours: tests look at errors
            visit.end = f"{type(error).__name__}: {error}"
            if not self.stopping.is_set():
                self.errors.append(traceback.format_exc())
            self._last_words(channel, 80)
        finally:
            try:
                channel.flush()
            except Gone:
                pass
            peer.close()
            self._leave(visit)

    @staticmethod
    def _last_words(channel, code):
        try:
            channel.fatal(code)
        except Gone:
            pass

    def _serve_http(self, peer, config):
        first_words(peer)
        http = PlainHttp(config, peer.visit, peer.send, self.port)
        while True:
            peer.fill()
            data = bytes(peer.inbox)
            peer.inbox.clear()
            http.feed(data)


class Side:
    """What a handshake may know of the server: with a farm, of its half."""

    def __init__(self, server, sessions):
        self.sessions, self.reused = sessions, server.reused


# --- the first bytes --------------------------------------------------------------------------------------------------

def first_words(peer):
    """Servers that do not get as far as listening."""
    fault = peer.config.fault
    if fault("tarpit"):
        peer.hang()
    if fault("close_at_once"):
        raise Gone("closed at once")
    if fault("reset_at_once"):
        peer.reset()


def greet(channel, side):
    peer, fault = channel.peer, channel.config.fault
    first_words(peer)
    peer.need(3)
    if peer.inbox[0] & 0x80 and peer.inbox[2] == CLIENT_HELLO:
        return greet_v2(channel, side)
    hello = read_hello(channel)
    odd_answers(peer)
    check_tolerance(channel, hello)
    version = choose_version(channel, hello)
    if fault("flaky") and peer.visit.number % fault("flaky") == 0:
        peer.reset()
    speak(channel, side, hello, version)


def greet_v2(channel, side):
    """A hello in SSLv2's form, for SSLv2 or for more."""
    peer, config = channel.peer, channel.config
    first, second = peer.take(2)
    body = peer.take((first & 0x7f) << 8 | second)
    odd_answers(peer)
    if body[1:3] == b"\0\2":
        if SSL2 not in config.allowed:
            peer.visit.event("SSLv2 hello refused")
            raise Gone("no SSLv2")
        if config.fault("sslv2_error"):
            fail(peer)
        return Ssl2(peer, config, body).run()
    hello = parse_v2_hello(body)
    peer.visit.hellos.append(hello)
    version = choose_version(channel, hello)
    if version == TLS13:
        raise Alert(PROTOCOL_VERSION, "1.3 in SSLv2's form")
    speak(channel, side, hello, version)


def speak(channel, side, hello, version):
    channel.version = min(version, TLS12)
    check_name(channel, hello)
    zeros = channel.config.fault("zero_records")
    if zeros is not None:
        send_zeros(channel, zeros)
    (Tls13 if version == TLS13 else Tls12)(channel, side, hello, version).run()


def send_zeros(channel, count):
    sent = 0
    while not count or sent < count:
        for _ in range(200 if not count else min(200, count - sent)):
            channel.put(HANDSHAKE, b"")
            sent += 1
        channel.flush()
        channel.peer.pause(0.0005)


def read_hello(channel):
    """The first message; where the client cut it is what some servers stumble over."""
    peer, fault = channel.peer, channel.config.fault
    kind, data = channel.next()
    if kind != HANDSHAKE or data[0] != CLIENT_HELLO:
        raise Alert(UNEXPECTED_MESSAGE, f"record {kind} in place of a ClientHello")
    hello = parse_client_hello(data)
    peer.visit.hellos.append(hello)
    if fault("split_record_fail") and in_several_records(data, peer):
        raise Alert(fault("split_record_fail"), "ClientHello in several records")
    if fault("split_hello_fail") and peer.segments > 1:
        peer.hang() if fault("split_hello_fail") == "hang" else peer.reset()
    return hello


def in_several_records(data, peer):
    """True if the ClientHello took more than one record: then more bytes came than one header and the message."""
    return peer.visit.bytes_in - len(peer.inbox) > 5 + len(data)


def odd_answers(peer):
    fault = peer.config.fault
    if fault("garbage"):
        peer.send(random.randbytes(fault("garbage")))
        raise Gone("garbage")
    if fault("http_in_clear"):
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
                  b"Client sent an HTTP request to an HTTPS server, it believes.\n")
        raise Gone("HTTP in clear")
    if fault("sslv2_error"):
        fail(peer)


def check_tolerance(channel, hello):
    peer, fault, size = channel.peer, channel.config.fault, len(hello.raw)
    if fault("tls13_reset") and TLS13 in (hello.versions or ()):
        peer.reset()
    if fault("grease_reset") and hello.grease:
        peer.reset()
    if fault("many_suites_reset") and len(hello.suites) > fault("many_suites_reset"):
        peer.reset()
    if fault("long_hello_hang") and 256 <= size <= 511:
        peer.hang()
    if fault("large_hello_reset") and size > fault("large_hello_reset"):
        peer.reset()
    check_extensions(fault("extension_intolerant"), hello)


def check_extensions(what, hello):
    if what == "any" and hello.extensions or what in hello.extensions:
        raise Alert(HANDSHAKE_FAILURE, "extension")
    if what == "unknown" and set(hello.extensions) - KNOWN_EXTENSIONS:
        raise Alert(HANDSHAKE_FAILURE, "unknown extension")


def choose_version(channel, hello):
    config, fault = channel.config, channel.config.fault
    allowed = [version for version in config.allowed if version > SSL2]
    strange = fault("unknown_version_alert")
    if strange and (hello.version > max(allowed) or any(v not in (0x0300, *range(0x0301, 0x0305))
                                                        for v in hello.versions or ())):
        raise Alert(strange, "version")
    if hello.versions is not None and TLS13 in config.allowed:
        common = [version for version in allowed if version in hello.versions]
    else:
        common = [version for version in allowed if version <= min(hello.version, TLS12)]
    if not common:
        raise Alert(PROTOCOL_VERSION, "no common version")
    version = max(common)
    if FALLBACK_SCSV in hello.suites and version < max(allowed) and not fault("no_scsv"):
        raise Alert(fault("scsv_alert") or INAPPROPRIATE_FALLBACK, "TLS_FALLBACK_SCSV")
    return version


# --- the program ------------------------------------------------------------------------------------------------------

def list_faults():
    width = max(map(len, FAULTS))
    kind = None
    for fault in FAULTS.values():
        if fault.kind != kind:
            kind = fault.kind
            print(f"{kind}:")
        value = "" if fault.default == 1 else f" [{fault.default}]"
        print(f"  {fault.name:{width}}  {fault.doc}{value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--http-port", type=int, help="a second port that speaks HTTP in clear")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME[=VALUE]")
    parser.add_argument("--alternate-fault", action="append", metavar="NAME[=VALUE]", help="of each second connection")
    parser.add_argument("--versions", help="such as ssl3,tls1.0,tls1.2")
    parser.add_argument("--suites", help="such as modern,all or RSA_WITH_AES_128_CBC_SHA")
    parser.add_argument("--groups", help="such as x25519,p256,x25519mlkem768")
    parser.add_argument("--certificates", help="such as rsa2048,p256")
    parser.add_argument("--alpn", help="such as h2,http/1.1")
    parser.add_argument("--ca-out", metavar="FILE", help="writes the authority there")
    parser.add_argument("--list", action="store_true", help="prints all faults")
    parser.add_argument("--list-certs", action="store_true", help="prints the values of the fault cert")
    args = parser.parse_args()
    if args.list:
        return list_faults()
    if args.list_certs:
        return print("\n".join(f"{name:22}{doc}" for name, doc in tls_certs.CERT_KINDS.items()))
    settings = {name: tuple(value.split(",")) for name in ("versions", "suites", "groups", "certificates", "alpn")
                if (value := getattr(args, name))}
    try:
        config = Config(faults=args.fault, http_port=args.http_port, **settings)
        alternate = Config(faults=args.alternate_fault, **settings) if args.alternate_fault is not None else None
    except (ValueError, KeyError) as error:
        parser.error(str(error))
    serve(FaultServer(config=config, alternate=alternate, port=args.port), args.ca_out)


def serve(server, ca_out):
    with server:
        if ca_out:
            shutil.copyfile(server.ca, ca_out)
        print(json.dumps({"port": server.port, "http_port": server.http_port}), flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
    for error in server.errors:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    main()
