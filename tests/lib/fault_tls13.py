"""The server's handshake of TLS 1.3, with its faults."""
import os
import struct
import time
import zlib

import tls_certs
import tls_groups
from fault_http import Http, Http2
from fault_shared import begin, choose_alpn, choose_sigalg, endless, flush_flight, send_message
from tls_keys import Direction13, Schedule, digest, hkdf_expand_label
from tls_suites import suite
from tls_wire import (ALPN, CCS, CERTIFICATE, CERTIFICATE_REQUIRED, CERTIFICATE_VERIFY, CLIENT_HELLO, COMPRESS_CERTIFICATE, DATA,
                      DECRYPT_ERROR, EARLY_DATA, END_OF_EARLY_DATA, FINISHED, GROUP, HANDSHAKE, HANDSHAKE_FAILURE,
                      HRR_RANDOM, ILLEGAL_PARAMETER, KEY_SHARE, KEY_UPDATE, MISSING_EXTENSION, PRE_SHARED_KEY,
                      PSK_MODES, SERVER_NAME, SIGALGS, STATUS_REQUEST, SUPPORTED_VERSIONS, TLS12, TLS13,
                      UNEXPECTED_MESSAGE, Alert, Reader, message, pack16, parse_client_hello)

EARLY_FAULTS = ("early_data", "early_data_425", "early_data_once", "early_data_refused")


class Tls13:
    def __init__(self, channel, server, hello, version):
        self.channel, self.server, self.config, self.visit = channel, server, channel.config, channel.visit
        self.fault, self.hello, self.transcript = self.config.fault, hello, hello.raw
        self.early, self.early_bytes, self.retried, self.session, self.psk = False, b"", False, None, None

    def run(self):
        self.choose()
        self.channel.version, self.visit.version, self.visit.suite = TLS12, TLS13, self.suite.name
        self.visit.group = self.group
        if self.group not in self.hello.shares:
            self.retry()
        self.find_psk()
        self.server_flight()
        self.client_flight()
        self.serve()

    @property
    def hash(self):
        return digest(self.suite.prf, self.transcript)

    # --- choices

    def choose(self):
        config, hello = self.config, self.hello
        mine = config.suites_of(TLS13)
        common = [number for number in mine if number in hello.suites]
        if not config.server_preference or self.fault("suite_client"):
            common = [number for number in hello.suites if number in mine]
        if self.fault("chacha_first") and hello.suites[0] == 0x1303 in common:
            common = [0x1303]
        if self.fault("suite_not_offered"):
            common = mine
        if not common:
            raise Alert(HANDSHAKE_FAILURE, "no common suite")
        self.suite = suite(common[0])
        if hello.groups is None or hello.shares is None or (hello.sigalgs is None and hello.psk is None):
            raise Alert(MISSING_EXTENSION, "groups, shares or signature algorithms")
        self.group = self.choose_group()
        self.chain, self.sigalg = None, None
        for chain in config.chains:
            self.sigalg = choose_sigalg(config, chain, hello, TLS13)
            if self.sigalg:
                self.chain = chain
                break
        if not self.chain:
            raise Alert(HANDSHAKE_FAILURE, "no common signature algorithm")
        self.alpn = choose_alpn(config, hello)

    def choose_group(self):
        common = [group for group in self.config.group_numbers13 if group in self.hello.groups]
        if self.fault("group_not_offered"):
            return GROUP["p384"]
        if not common:
            raise Alert(HANDSHAKE_FAILURE, "no common group")
        with_share = [group for group in common if group in self.hello.shares]
        return with_share[0] if with_share and self.config.group_policy == "share" else common[0]

    def put_hello(self, random, share):
        out = begin("server_hello").number(2, TLS12).raw(random).vector(1, self.hello.session_id)
        out.number(2, self.suite.number).number(1, 0).open(2)
        out.number(2, SUPPORTED_VERSIONS).vector(2, struct.pack("!H", TLS13))
        out.number(2, KEY_SHARE).open(2).number(2, self.group)
        if share is not None:
            out.vector(2, share)
        out.close()
        if self.psk and share is not None:
            out.number(2, PRE_SHARED_KEY).vector(2, struct.pack("!H", self.psk_index))
        self.transcript += send_message(self.channel, "server_hello", out)

    def retry(self):
        self.visit.event(f"HelloRetryRequest {self.group:04x}")
        self.transcript = message(254, digest(self.suite.prf, self.transcript))
        self.retried = True
        self.put_hello(HRR_RANDOM, None)
        if self.hello.session_id:
            self.channel.put(CCS, b"\1")
        flush_flight(self.channel)
        if EARLY_DATA in self.hello.extensions:
            self.channel.skip_early = 1 << 20
        kind, data = self.next_clear()
        if kind != HANDSHAKE or data[0] != CLIENT_HELLO:
            raise Alert(UNEXPECTED_MESSAGE, "not a second ClientHello")
        self.hello = parse_client_hello(data)
        if self.group not in (self.hello.shares or {}) or self.suite.number not in self.hello.suites:
            raise Alert(ILLEGAL_PARAMETER, "the second ClientHello does not have what was asked for")
        self.before_hello, self.transcript = self.transcript, self.transcript + data
        self.visit.hellos.append(self.hello)

    def next_clear(self):
        while True:
            kind, data = self.channel.next()
            if kind != CCS or data != b"\1":
                return kind, data

    # --- sessions

    def find_psk(self):
        self.schedule = Schedule(self.suite)
        offered = self.hello.psk
        if not offered or self.fault("tickets_refused") or self.fault("no_resumption") or self.fault("no_tickets"):
            return
        if list(self.hello.extensions)[-1] != PRE_SHARED_KEY or PSK_MODES not in self.hello.extensions:
            raise Alert(ILLEGAL_PARAMETER, "pre_shared_key is not last, or has no modes")
        names, binders, tail = offered
        if len(names) != len(binders):
            raise Alert(ILLEGAL_PARAMETER, "as many binders as identities")
        if 1 not in Reader(self.hello.extensions[PSK_MODES]).vector(1):
            return
        for index, (name, _) in enumerate(names[:8]):
            session = self.server.sessions.open(name)
            if not session or session["version"] != TLS13 or suite(session["suite"]).prf != self.suite.prf:
                continue
            if session["name"] != self.hello.server_name or time.time() - session["born"] > session["lifetime"]:
                continue
            self.check_binder(session, binders[index], tail)
            self.decide_early(session, name, index)
            return

    def check_binder(self, session, binder, tail):
        psk = bytes.fromhex(session["psk"])
        schedule = Schedule(self.suite, psk)
        key = schedule.derive(b"res binder", digest(self.suite.prf, b""))
        before = self.before_hello if self.retried else b""
        partial = digest(self.suite.prf, before + self.hello.raw[:-tail])
        if schedule.finished(key, partial) != binder:
            raise Alert(DECRYPT_ERROR, "binder")
        self.schedule, self.psk = schedule, psk

    def decide_early(self, session, ticket, index):
        """Whether the ticket counts, and its early data."""
        fresh = self.server.sessions.spend(ticket)
        if self.fault("tickets_once") and not fresh:
            self.schedule, self.psk = Schedule(self.suite), None
            return
        self.session, self.psk_index, self.visit.resumed = session, index, True
        wanted = EARLY_DATA in self.hello.extensions and index == 0 and not self.retried
        self.early = bool(wanted and session["early"] and not self.fault("early_data_refused")
                          and (fresh or not self.fault("early_data_once"))
                          and any(self.fault(name) for name in EARLY_FAULTS)
                          and session["suite"] == self.suite.number
                          and session["alpn"] == (self.alpn or b"").decode("latin-1"))

    # --- flights

    def server_flight(self):
        if EARLY_DATA in self.hello.extensions and not self.early:
            self.channel.skip_early = 1 << 20
        early_secret = self.schedule.derive(b"c e traffic", self.hash)
        checks = not (self.fault("invalid_curve") if self.group == GROUP["p256"] else self.fault("x25519_zero"))
        make = lambda: tls_groups.share(self.group, checks)     # noqa: E731
        share = self.server.reused(self.group, make) if self.fault("ecdh_reuse") else make()
        secret = share.shared(self.hello.shares[self.group], keep_zeros=True)
        self.put_hello(self.make_random(), share.public)
        if self.hello.session_id and not self.retried:
            self.channel.put(CCS, b"\1")
        self.schedule.next(secret)
        self.client_secret = self.schedule.derive(b"c hs traffic", self.hash)
        server_secret = self.schedule.derive(b"s hs traffic", self.hash)
        self.channel.writer = Direction13(self.suite, server_secret)
        self.channel.reader = Direction13(self.suite, early_secret if self.early else self.client_secret)
        self.put_encrypted(server_secret)
        flush_flight(self.channel)

    def make_random(self):
        value = os.urandom(32)
        if self.fault("timestamp"):
            return struct.pack("!I", int(time.time())) + value[4:]
        return b"\x12\x34\x56\x78" + value[4:] if self.fault("timestamp_fixed") else value

    def put(self, name, writer):
        self.transcript += send_message(self.channel, name, writer)

    def put_encrypted(self, server_secret):
        self.put_extensions()
        self.asks = bool(self.fault("client_auth")) and not self.psk
        if not self.psk:
            if self.asks:
                self.put_certificate_request()
            self.put_certificates()
            if self.fault("endless"):
                endless(self.channel, self.fault("endless"))
            self.put_verify()
        self.put("finished", begin("finished").raw(self.schedule.finished(server_secret, self.hash)))
        self.schedule.next()
        self.client_app = self.schedule.derive(b"c ap traffic", self.hash)
        server_app = self.schedule.derive(b"s ap traffic", self.hash)
        self.app_writer = Direction13(self.suite, server_app)

    def put_extensions(self):
        out = begin("encrypted_extensions").open(2)
        if self.hello.server_name:
            out.number(2, SERVER_NAME).vector(2, b"")
        if self.alpn:
            out.number(2, ALPN).vector(2, struct.pack("!HB", len(self.alpn) + 1, len(self.alpn)) + self.alpn)
        if self.early:
            out.number(2, EARLY_DATA).vector(2, b"")
        self.put("encrypted_extensions", out)

    def put_certificate_request(self):
        out = begin("certificate_request").vector(1, b"").open(2)
        algorithms = pack16([0x0403, 0x0804, 0x0805, 0x0806, 0x0807])
        out.number(2, SIGALGS).open(2).vector(2, algorithms).close()
        out.number(2, 47).open(2).open(2)
        for one in self.config.client_ca_names:
            out.vector(2, tls_certs.name(one))
        self.put("certificate_request", out)

    def put_certificates(self):
        out = begin("certificate").vector(1, b"").open(3)
        for index, der in enumerate(self.chain.certs):
            out.vector(3, der).open(2)
            if index == 0 and self.chain.staple and STATUS_REQUEST in self.hello.extensions:
                out.number(2, STATUS_REQUEST).open(2).number(1, 1).vector(3, self.chain.staple).close()
            out.close()
        if self.fault("compressed_certificate") and COMPRESS_CERTIFICATE in self.hello.extensions:
            out = self.compress(out)
        self.put("certificate", out)

    @staticmethod
    def compress(certificate):
        """RFC 8879 4: as zlib, which is algorithm 1."""
        while certificate._open:
            certificate.close()
        body = bytes(certificate.data[4:])
        return begin("compressed_certificate").number(2, 1).number(3, len(body)).vector(3, zlib.compress(body))

    def put_verify(self):
        text = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self.hash
        if self.fault("signature_wrong"):
            text += b"wrong"
        out = begin("certificate_verify").number(2, self.sigalg).vector(2, self.chain.key.sign(self.sigalg, text))
        self.put("certificate_verify", out)

    def client_flight(self):
        if self.early:
            self.read_early_data()
            self.channel.reader = Direction13(self.suite, self.client_secret)
        kind, data = self.channel.next()
        if self.asks:
            kind, data = self.read_client_certificate(kind, data)
        if kind != HANDSHAKE or data[0] != FINISHED:
            raise Alert(UNEXPECTED_MESSAGE, "not a Finished")
        right = self.schedule.finished(self.client_secret, self.hash)
        if data[4:] != right and not self.fault("finished_unchecked"):
            raise Alert(DECRYPT_ERROR, "Finished")
        self.transcript += data
        self.channel.skip_early = 0
        self.channel.reader, self.channel.writer = Direction13(self.suite, self.client_app), self.app_writer
        self.visit.complete = True
        self.visit.event("finished, resumed" if self.psk else "finished")
        self.put_tickets()

    def read_early_data(self):
        while True:
            kind, data = self.channel.next()
            if kind == DATA:
                self.early_bytes += data
                if len(self.early_bytes) > self.session["early"]:
                    raise Alert(UNEXPECTED_MESSAGE, "too much early data")
            elif kind == HANDSHAKE and data[0] == END_OF_EARLY_DATA:
                self.transcript += data
                self.visit.event(f"early data {len(self.early_bytes)}")
                return
            else:
                raise Alert(UNEXPECTED_MESSAGE, "neither early data nor their end")

    def read_client_certificate(self, kind, data):
        if kind != HANDSHAKE or data[0] != CERTIFICATE:
            raise Alert(UNEXPECTED_MESSAGE, "not a Certificate")
        self.transcript += data
        reader = Reader(data[4:])
        reader.vector(1)
        given = len(reader.vector(3)) > 0
        if not given and self.fault("client_auth") == "require":
            raise Alert(CERTIFICATE_REQUIRED, "no client certificate")
        kind, data = self.channel.next()
        if given and kind == HANDSHAKE and data[0] == CERTIFICATE_VERIFY:
            self.transcript += data             # whose key it is does not matter here
            kind, data = self.channel.next()
        return kind, data

    def put_tickets(self):
        if self.fault("no_tickets") or self.fault("no_resumption") or PSK_MODES not in self.hello.extensions:
            return
        early = next((self.fault(name) for name in EARLY_FAULTS if self.fault(name)), 0)
        resumption = self.schedule.derive(b"res master", self.hash)
        for number in range(self.config.tickets13):
            nonce = struct.pack("!Q", number)
            psk = hkdf_expand_label(self.suite.prf, resumption, b"resumption", nonce, self.schedule.size)
            ticket = self.server.sessions.seal({
                "version": TLS13, "suite": self.suite.number, "psk": psk.hex(), "name": self.hello.server_name,
                "born": time.time(), "lifetime": self.config.ticket_lifetime, "early": early,
                "alpn": (self.alpn or b"").decode("latin-1")})
            out = begin("new_ticket").number(4, self.config.ticket_lifetime).raw(os.urandom(4)).vector(1, nonce)
            out.vector(2, ticket).open(2)
            if early:
                out.number(2, EARLY_DATA).vector(2, struct.pack("!I", early))
            send_message(self.channel, "new_ticket", out)
        self.channel.flush()

    # --- afterwards

    def serve(self):
        kind_of_http = Http2 if self.alpn == b"h2" else Http
        finish = (lambda: None) if self.fault("truncation") else self.channel.close_notify
        http = kind_of_http(self.config, self.visit, self.channel.write, finish)
        if self.early_bytes:
            http.feed(self.early_bytes, early=True)
        while True:
            kind, data = self.channel.next()
            if kind == DATA:
                http.feed(data)
            elif kind == HANDSHAKE and data[0] == KEY_UPDATE and len(data) == 5:
                self.visit.event("key update")
                self.channel.reader = self.channel.reader.update()
                if data[4] == 1:
                    self.channel.put(HANDSHAKE, message(KEY_UPDATE, b"\0"))
                    self.channel.writer = self.channel.writer.update()
                    self.channel.flush()
            else:
                raise Alert(UNEXPECTED_MESSAGE, f"record {kind} after the handshake")
