"""The server's handshake of SSLv3 to TLS 1.2, with its faults."""
import hashlib
import os
import random
import struct
import time
import zlib

import tls_certs
import tls_groups
import tls_keys
from fault_http import Http, Http2
from fault_shared import (begin, check_name, choose_alpn, choose_sigalg, endless, flush_flight, send_message)
from tls_suites import EMPTY_RENEGOTIATION_INFO, suite
from tls_wire import (ALPN, CCS, CERTIFICATE, CERTIFICATE_VERIFY, CLIENT_HELLO, CLIENT_KEY_EXCHANGE, DATA, DECODE_ERROR,
                      DECRYPT_ERROR, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, FINISHED, GROUP, HANDSHAKE,
                      HANDSHAKE_FAILURE, HEARTBEAT, HEARTBEAT_EXT, NO_RENEGOTIATION, POINT_FORMATS, RENEGOTIATION_INFO,
                      SERVER_NAME, SESSION_TICKET, SSL3, STATUS_REQUEST, TLS12, TLS13, UNEXPECTED_MESSAGE, Alert, Gone,
                      Reader, message, parse_client_hello)


class Tls12:
    def __init__(self, channel, server, hello, version):
        self.channel, self.server, self.config, self.visit = channel, server, channel.config, channel.visit
        self.fault, self.hello, self.version = self.config.fault, hello, version
        self.verified = None                    # (client's, server's verify_data) of the handshake before
        self.renegotiations, self.http = 0, None
        self.heartbeats = False

    def run(self):
        self.handshake(self.hello)
        self.serve()

    # --- one handshake ------------------------------------------------------------------------------------------------

    def handshake(self, hello):
        self.hello, self.transcript = hello, hello.raw
        self.server_random = self.make_random()
        self.session = self.find_session()
        self.check_renegotiation_info()
        self.alpn = choose_alpn(self.config, hello) if self.version > SSL3 else None
        if self.session:
            self.suite = suite(self.session["suite"])
        else:
            self.choose()
        self.choose_extensions()
        self.visit.version, self.visit.suite, self.visit.group = self.version, self.suite.name, self.group
        self.channel.version = self.wire_version
        if self.session:
            self.resume()
        else:
            self.full()
        self.verified = self.client_verify, self.server_verify
        self.visit.complete = True
        self.visit.event("finished" if not self.session else "finished, resumed")
        self.visit.resumed = bool(self.session)

    @property
    def wire_version(self):
        return min(self.hello.version + 1, 0x0305) if self.fault("version_not_offered") else self.version

    def make_random(self):
        value = os.urandom(32)
        if self.fault("timestamp"):
            value = struct.pack("!I", int(time.time())) + value[4:]
        if self.fault("timestamp_fixed"):
            value = b"\x12\x34\x56\x78" + value[4:]
        if self.config.allowed[-1] == TLS13 and not self.fault("sentinel_missing"):
            right = (self.version == TLS12) != bool(self.fault("sentinel_wrong"))
            value = value[:24] + b"DOWNGRD" + (b"\1" if right else b"\0")
        elif self.config.allowed[-1] == TLS12 and self.version < TLS12 and not self.fault("sentinel_missing"):
            value = value[:24] + b"DOWNGRD\0"
        return value

    # --- choices

    def choose(self):
        mine = self.config.suites_of(self.version)
        if self.fault("suite_not_offered"):
            self.suite = suite(mine[0])
            self.group, self.chain, self.sigalg = self.fit(self.suite) or (29, self.config.chains[0], 0x0401)
            return
        common = [number for number in mine if number in self.hello.suites]
        if not self.config.server_preference or self.fault("suite_client"):
            common = [number for number in self.hello.suites if number in mine]
        if self.fault("chacha_first") and self.hello.suites and self.hello.suites[0] in (0xcca8, 0xcca9, 0xccaa):
            common.sort(key=lambda number: number not in (0xcca8, 0xcca9, 0xccaa))
        if self.fault("suite_random"):
            random.shuffle(common)
        for number in common:
            fit = self.fit(suite(number))
            if fit:
                self.suite, (self.group, self.chain, self.sigalg) = suite(number), fit
                return
        raise Alert(HANDSHAKE_FAILURE, "no common suite")

    def fit(self, one):
        """(group, chain, sigalg) for a suite, or None if it does not go with this client."""
        group = self.choose_group() if "ECDH" in one.exchange else None
        if group is None and one.exchange.startswith(("ECDHE", "ECDH_anon")):
            return None
        if "anon" in one.exchange or one.exchange.startswith(("PSK", "DHE_PSK", "ECDHE_PSK", "KRB5", "SRP_SHA")):
            return group, None, None
        kinds = ("ecdsa", "ed25519", "ed448") if "ECDSA" in one.exchange else ("rsa",)
        signs = one.exchange.startswith(("DHE", "ECDHE")) or one.export
        for chain in self.config.chains:
            if chain.key.kind not in kinds and "DSS" not in one.exchange or not self.knows_curve(chain):
                continue
            if not signs or self.version < TLS12:
                return group, chain, None
            sigalg = choose_sigalg(self.config, chain, self.hello, self.version)
            if sigalg:
                return group, chain, sigalg
        return None

    def knows_curve(self, chain):
        """RFC 8422, 5.1: up to 1.2 the groups also say which keys of certificates will do."""
        offered = self.hello.groups
        return chain.key.kind != "ecdsa" or offered is None or GROUP[chain.key.what] in offered

    def choose_group(self):
        if self.fault("group_not_offered"):
            return GROUP["p384"]
        mine = [group for group in self.config.group_numbers if group < 256]
        offered = self.hello.groups
        if offered is None:                     # RFC 8422, 4: any will do
            return GROUP["p256"] if GROUP["p256"] in mine else next(iter(mine), None)
        return next((group for group in mine if group in offered), None)

    def choose_extensions(self):
        offered, unasked = self.hello.extensions, self.fault("extensions_unasked")
        if self.version == SSL3:
            offered = {}
        self.ems = bool((EXTENDED_MASTER_SECRET in offered or unasked) and not self.fault("no_ems"))
        self.etm = bool((ENCRYPT_THEN_MAC in offered or unasked) and not self.fault("no_etm") and self.suite.cbc)
        self.heartbeats = HEARTBEAT_EXT in offered and any(
            self.fault(name) for name in ("heartbeat", "heartbleed", "heartbleed_silent"))
        tickets = self.config.tickets and not self.fault("no_tickets") and not self.fault("no_resumption")
        self.gives_ticket = SESSION_TICKET in offered and tickets and not self.session
        self.compression = 1 if self.fault("compression") and 1 in self.hello.compressions else 0
        self.staples = bool(not self.session and STATUS_REQUEST in offered and self.chain and self.chain.staple)

    # --- sessions

    def find_session(self):
        self.group = self.chain = self.sigalg = None
        if self.verified or self.fault("no_resumption"):
            return None
        ticket, session = self.hello.extensions.get(SESSION_TICKET), None
        if ticket and self.config.tickets and not self.fault("no_tickets") and not self.fault("tickets_refused"):
            session = self.server.sessions.open(ticket)
            if session and self.fault("tickets_once") and not self.server.sessions.spend(ticket):
                session = None
        if session is None and self.hello.session_id and not self.fault("no_session_id") and not ticket:
            session = self.server.sessions.recall(self.hello.session_id)
        if not session or session["version"] != self.version or session["suite"] not in self.hello.suites:
            return None
        if session["name"] != self.hello.server_name:
            return None
        offers_ems = EXTENDED_MASTER_SECRET in self.hello.extensions
        if session["ems"] and not offers_ems:
            raise Alert(HANDSHAKE_FAILURE, "RFC 7627, 5.3: session with, hello without")
        return None if offers_ems and not session["ems"] and not self.fault("no_ems") else session

    def save_session(self):
        return {"version": self.version, "suite": self.suite.number, "master": self.master.hex(), "ems": self.ems,
                "name": self.hello.server_name}

    def session_id(self):
        if not self.session:
            ids = self.config.session_ids and not self.fault("no_session_id") and not self.fault("no_resumption")
            return os.urandom(32) if ids and (not self.gives_ticket or self.fault("tickets_refused")) else b""
        sent = self.hello.session_id
        return sent + os.urandom(32 - len(sent)) if self.fault("ticketbleed") and sent else sent

    # --- messages

    def check_renegotiation_info(self):
        """RFC 5746, 3.6 and 3.7."""
        body = self.hello.extensions.get(RENEGOTIATION_INFO)
        mine = not (self.fault("no_secure_renegotiation") or self.fault("insecure_renegotiation"))
        self.secure = mine and (body is not None or EMPTY_RENEGOTIATION_INFO in self.hello.suites
                                or bool(self.fault("extensions_unasked")))
        if body is None or not mine:
            if self.verified and mine:
                raise Alert(HANDSHAKE_FAILURE, "renegotiation without its extension")
            return
        if Reader(body).vector(1) != (self.verified[0] if self.verified else b""):
            raise Alert(HANDSHAKE_FAILURE, "renegotiation_info")

    def put(self, name, writer):
        self.transcript += send_message(self.channel, name, writer)

    def put_hello(self):
        self.my_session_id = self.session_id()
        out = begin("server_hello").number(2, self.wire_version).raw(self.server_random)
        out.vector(1, self.my_session_id).number(2, self.suite.number).number(1, self.compression)
        extensions = self.hello_extensions()
        if extensions:
            out.open(2)
            for number, body in extensions:
                out.number(2, number).vector(2, body)
            out.close()
        self.put("server_hello", out)

    def hello_extensions(self):
        found = []
        if self.secure:
            client, server = self.verified or (b"", b"")
            found.append((RENEGOTIATION_INFO, bytes([len(client + server)]) + client + server))
        if self.hello.server_name and not self.session and self.version > SSL3:
            found.append((SERVER_NAME, b""))
        if "ECDH" in self.suite.exchange and POINT_FORMATS in self.hello.extensions:
            found.append((POINT_FORMATS, b"\1\0"))
        for number, wanted, body in ((EXTENDED_MASTER_SECRET, self.ems, b""), (ENCRYPT_THEN_MAC, self.etm, b""),
                                     (HEARTBEAT_EXT, self.heartbeats, b"\1"), (SESSION_TICKET, self.gives_ticket, b""),
                                     (STATUS_REQUEST, self.staples, b"")):
            if wanted:
                found.append((number, body))
        if self.alpn:
            found.append((ALPN, struct.pack("!HB", len(self.alpn) + 1, len(self.alpn)) + self.alpn))
        return found

    def put_certificates(self):
        out = begin("certificate").open(3)
        for der in self.chain.certs:
            out.vector(3, der)
        self.put("certificate", out)
        if self.staples:
            self.put("certificate_status", begin("certificate_status").number(1, 1).vector(3, self.chain.staple))

    def put_key_exchange(self):
        """ServerKeyExchange of every kind; those we can't compute with have the right form."""
        exchange = self.suite.exchange
        out = begin("server_key_exchange")
        if "PSK" in exchange:
            out.vector(2, b"")
        first = len(out.data)
        if exchange.startswith(("DHE", "DH_anon")):
            self.put_dh(out)
        elif exchange.startswith(("ECDHE", "ECDH_anon")):
            check = self.checks_points()
            self.share = self.reused("ecdh_reuse", self.group, lambda: tls_groups.share(self.group, check))
            out.number(1, 3).number(2, self.group).vector(1, self.share.public)
        elif exchange.startswith("RSA_EXPORT"):
            self.temporary = tls_certs.key("rsa1024" if "1024" in exchange else "rsa512", "export")
            out.vector(2, self.temporary.n.to_bytes(self.temporary.size, "big")).vector(2, b"\1\0\1")
        elif exchange.startswith("SRP"):
            out.vector(2, os.urandom(128)).vector(2, b"\2").vector(1, os.urandom(16)).vector(2, os.urandom(128))
        else:
            return
        if self.chain:
            self.put_signature(out, bytes(out.data[first:]))
        self.put("server_key_exchange", out)

    def checks_points(self):
        return not (self.fault("invalid_curve") if self.group == GROUP["p256"] else self.fault("x25519_zero"))

    def put_dh(self, out):
        if self.suite.export:
            kind = "own-1024" if "1024" in self.suite.exchange else "own-512"
        else:
            kind = self.config.dh
        p, g = tls_groups.dh_parameters(kind) if isinstance(kind, str) else kind
        check = not self.fault("dh_small_subgroup")
        self.share = self.reused("dh_reuse", kind, lambda: tls_groups.DhShare(p, g, check))
        for number in (p, g, self.share.number):
            out.vector(2, number.to_bytes((number.bit_length() + 7) // 8, "big"))

    def reused(self, fault, kind, make):
        return self.server.reused(kind, make) if self.fault(fault) else make()

    def put_signature(self, out, params):
        data, key = self.hello.random + self.server_random + params, self.chain.key
        if self.fault("signature_wrong"):
            data = b"wrong" + data
        if self.sigalg:
            out.number(2, self.sigalg)
            signature = key.sign(self.sigalg, data)
        elif key.kind == "rsa":
            signature = key.sign_digest_md5_sha1(hashlib.md5(data).digest() + hashlib.sha1(data).digest())
        else:
            signature = key.sign(0x0203, data)
        out.vector(2, signature)

    def put_certificate_request(self):
        out = begin("certificate_request").vector(1, b"\1\x40")
        if self.version == TLS12:
            out.vector(2, bytes.fromhex("04010403080408050806"))
        out.open(2)
        for name in self.config.client_ca_names:
            out.vector(2, tls_certs.name(name))
        self.put("certificate_request", out.close())

    # --- flights

    def full(self):
        self.put_hello()
        if self.chain:
            self.put_certificates()
        if self.fault("endless"):
            endless(self.channel, self.fault("endless"))
        self.put_key_exchange()
        self.asks = bool(self.fault("client_auth") and self.chain)
        if self.asks:
            self.put_certificate_request()
        done = message(14)
        self.channel.put(HANDSHAKE, done)
        self.transcript += done
        flush_flight(self.channel)
        self.channel.negotiated = True
        self.client_flight()
        if self.gives_ticket:
            ticket = self.server.sessions.seal(self.save_session())
            out = begin("new_ticket").number(4, self.config.ticket_lifetime).vector(2, ticket)
            self.put("new_ticket", out)
        elif self.my_session_id:
            self.server.sessions.remember(self.my_session_id, self.save_session())
        self.activate(reader=False)
        self.put_finished()

    def resume(self):
        self.master, self.ems = bytes.fromhex(self.session["master"]), self.session["ems"]
        self.put_hello()
        self.activate(reader=False)
        self.put_finished()
        self.channel.negotiated = True
        kind, data = self.next()
        if kind != CCS:
            raise Alert(UNEXPECTED_MESSAGE, "not a ChangeCipherSpec")
        self.activate(reader=True)
        self.read_finished()

    def client_flight(self):
        self.premaster = None
        if self.asks:
            self.read_client_certificate()
        kind, data = self.next()
        if kind == CCS:
            kind, data = self.early_ccs()
        if self.premaster is None:
            self.read_client_key_exchange(kind, data)
            kind, data = self.next()
        if kind == HANDSHAKE and data[0] == CERTIFICATE_VERIFY and self.asks and self.client_certificate:
            self.transcript += data             # whose key it is does not matter here
            kind, data = self.next()
        self.make_master()
        if kind == HANDSHAKE and data[0] == FINISHED and self.fault("skip_ccs"):
            return self.check_finished(data)
        if kind != CCS or data != b"\1":
            raise Alert(UNEXPECTED_MESSAGE, "not a ChangeCipherSpec")
        self.activate(reader=True)
        try:
            self.read_finished()
        except (Alert, Gone) as error:
            self.late_oracle(error)

    def early_ccs(self):
        """A ChangeCipherSpec before the keys exist."""
        self.visit.event("early CCS")
        if self.fault("skip_cke"):
            self.premaster = b""
            return CCS, b"\1"
        if self.fault("ccs_silent"):
            while True:
                kind, data = self.next()
                if kind != CCS:
                    return kind, data
        if self.fault("ccs"):
            self.channel.next_record()
            raise Alert(self.fault("ccs"), "after an early ChangeCipherSpec")
        raise Alert(self.fault("ccs_alert") or UNEXPECTED_MESSAGE, "early ChangeCipherSpec")

    def read_client_certificate(self):
        kind, data = self.next()
        if kind != HANDSHAKE or data[0] != CERTIFICATE:
            raise Alert(UNEXPECTED_MESSAGE, "not a Certificate")
        self.transcript += data
        self.client_certificate = len(Reader(data[4:]).vector(3)) > 0
        if not self.client_certificate and self.fault("client_auth") == "require":
            raise Alert(HANDSHAKE_FAILURE, "no client certificate")

    def read_client_key_exchange(self, kind, data):
        if kind != HANDSHAKE or data[0] != CLIENT_KEY_EXCHANGE:
            raise Alert(UNEXPECTED_MESSAGE, "not a ClientKeyExchange")
        if not self.suite.can:
            raise Alert(HANDSHAKE_FAILURE, f"we only know the name of {self.suite.name}")
        self.transcript += data
        reader = Reader(data[4:])
        exchange, self.oracle = self.suite.exchange, None
        if exchange == "RSA":
            self.premaster = self.decrypt(reader.rest() if self.version == SSL3 else reader.vector(2))
        elif exchange.startswith("DH"):
            self.premaster = self.share.shared(reader.vector(2))
        else:
            self.premaster = self.share.shared(reader.vector(1))
        reader.end()

    # --- RSA, and its oracle

    def decrypt(self, sealed):
        key = self.chain.key
        if len(sealed) != key.size:
            raise Alert(DECODE_ERROR, "encrypted secret is not as long as the modulus")
        if self.fault("robot_noise"):
            raise Alert(random.choice((20, 40, 51)), "noise")
        plain = key.power(sealed)
        body = plain[2:]
        zero = body.find(b"\0")
        prefix, version = plain[:2] == b"\0\2", struct.pack("!H", self.hello.version)
        right = prefix and zero == len(body) - 49 and body[-48:-46] == version
        words = str(self.fault("robot") or "").split("+")
        seen = prefix if "strong" in words else right
        if self.fault("robot") and not seen:
            how = next((word for word in words if word in ("alert", "reset", "close", "timeout")), "alert")
            self.visit.event("bad padding")
            if "finished" not in words:
                self.speak(how)
            self.oracle = how
        return body[-48:] if right else os.urandom(48)

    def speak(self, how):
        if how == "alert":
            raise Alert(HANDSHAKE_FAILURE, "oracle")
        self.channel.signal(how)

    def late_oracle(self, error):
        """The Finished of a probe is never right. What that leads to may tell about the padding before."""
        if self.oracle:
            self.speak(self.oracle)
        raise error

    # --- keys and Finished

    def make_master(self):
        session_hash = None
        if self.ems:
            session_hash = tls_keys.transcript_hash(self.version, self.suite, self.transcript)
        self.master = tls_keys.master_secret(self.version, self.suite, self.premaster, self.hello.random,
                                             self.server_random, session_hash)
        self.keys = None

    def activate(self, reader):
        """Ours: sends ChangeCipherSpec and writes with the new keys. Theirs: reads with them."""
        if not getattr(self, "keys", None):
            self.keys = tls_keys.directions(self.version, self.suite, self.master, self.hello.random,
                                            self.server_random, self.etm)
        if reader:
            self.channel.reader = self.keys[0]
            if self.compression:
                self.channel.inflate = inflater()
            return
        self.channel.put(CCS, b"\1")
        self.channel.writer = self.keys[1]
        if self.compression:
            compressor = zlib.compressobj()
            self.channel.deflate = lambda data: compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)

    def put_finished(self):
        self.server_verify = tls_keys.verify_data(self.version, self.suite, self.master, self.transcript, True)
        self.put("finished", begin("finished").raw(self.server_verify))
        self.channel.flush()

    def read_finished(self):
        kind, data = self.next()
        if kind != HANDSHAKE or data[0] != FINISHED:
            raise Alert(UNEXPECTED_MESSAGE, "not a Finished")
        self.check_finished(data)

    def check_finished(self, data):
        right = tls_keys.verify_data(self.version, self.suite, self.master, self.transcript, False)
        if data[4:] != right and not self.fault("finished_unchecked"):
            raise Alert(DECRYPT_ERROR, "Finished")
        self.client_verify = right
        self.transcript += data

    def next(self):
        """The next thing of the handshake; heartbeats are answered on the way."""
        while True:
            kind, data = self.channel.next()
            if kind == HEARTBEAT:
                self.channel.heartbeat(data, self.heartbeats)
            elif kind == DATA:
                raise Alert(UNEXPECTED_MESSAGE, "application data")
            else:
                return kind, data

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def serve(self):
        kind_of_http = Http2 if self.alpn == b"h2" else Http
        finish = (lambda: None) if self.fault("truncation") else self.channel.close_notify
        self.http = kind_of_http(self.config, self.visit, self.channel.write, finish)
        while True:
            kind, data = self.channel.next()
            if kind == DATA:
                self.http.feed(data)
            elif kind == HEARTBEAT:
                self.channel.heartbeat(data, self.heartbeats)
            elif kind == HANDSHAKE and data[0] == CLIENT_HELLO:
                self.renegotiate(data)
            else:
                raise Alert(UNEXPECTED_MESSAGE, f"record {kind} after the handshake")

    def renegotiate(self, data):
        allowed = self.fault("client_renegotiation") or self.fault("insecure_renegotiation") or 0
        if self.renegotiations < allowed:
            self.renegotiations += 1
            self.visit.renegotiations += 1
            hello = parse_client_hello(data)
            check_name(self.channel, hello)
            self.handshake(hello)
            return
        how = self.fault("renegotiation_refusal") or "warning"
        self.visit.event(f"renegotiation refused: {how}")
        if how == "warning":
            self.channel.warn(NO_RENEGOTIATION)
        elif how == "fatal":
            raise Alert(HANDSHAKE_FAILURE, "renegotiation")
        elif how != "silent":
            self.channel.signal(how)


def inflater():
    unpack = zlib.decompressobj()

    def inflate(data):
        try:
            return unpack.decompress(data, 1 << 15)
        except zlib.error:
            raise Alert(30, "decompression") from None
    return inflate
