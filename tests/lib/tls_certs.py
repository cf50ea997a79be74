"""Keys and certificates of every quality. The DER is our own: libraries refuse to make most of what a scanner has to
recognise (MD5, RSA with 512 bits, SCTs of an unknown log, lists out of order)."""
import base64
import hashlib
import ipaddress
import os
import random
import struct
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tls_groups import prime
from tls_wire import SIGALG

HASH = {"md5": hashes.MD5, "sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384,
        "sha512": hashes.SHA512}
DIGEST_INFO = {"md5": "2a864886f70d0205", "sha1": "2b0e03021a", "sha256": "608648016503040201",
               "sha384": "608648016503040202", "sha512": "608648016503040203"}


# --- DER --------------------------------------------------------------------------------------------------------------

def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = bytes([40 * first + second])
    for number in rest:
        part = bytes([number & 127])
        while number := number >> 7:
            part = bytes([number & 127 | 128]) + part
        out += part
    return tlv(6, out)


def bits(data, unused=0):
    return tlv(3, bytes([unused]), data)


def octets(data):
    return tlv(4, data)


def when(moment):
    if moment.year < 2050:
        return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
    return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())


def name(common):
    return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(0x0c, common.encode())))) if common else sequence()


def extension(number, body, critical=False):
    return sequence(oid(number), tlv(1, b"\xff") if critical else b"", octets(body))


# --- keys -------------------------------------------------------------------------------------------------------------

class Key:
    """kind: rsa, ecdsa, ed25519, ed448. An RSA key can also do the bare power, which the padding oracles need."""

    def __init__(self, what):
        self.what = what
        self.private = None
        if what.startswith("rsa"):
            self.kind, size = "rsa", int(what[3:])
            self._make_rsa(size)
        elif what in ("p256", "p384", "p521"):
            self.kind = "ecdsa"
            curve = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "p521": ec.SECP521R1}[what]
            self.private = ec.generate_private_key(curve())
        else:
            self.kind = what
            self.private = {"ed25519": ed25519.Ed25519PrivateKey, "ed448": ed448.Ed448PrivateKey}[what].generate()

    def _make_rsa(self, size):
        if size >= 1024:
            self.private = rsa.generate_private_key(65537, size)
            numbers = self.private.private_numbers()
            p, q, self.n, self.d = numbers.p, numbers.q, numbers.public_numbers.n, numbers.d
        else:                                           # libraries of today make none
            source = random.SystemRandom()
            while True:
                p, q = prime(size // 2, source), prime(size - size // 2, source)
                if p != q and (p - 1) % 65537 and (q - 1) % 65537 and (p * q).bit_length() == size:
                    break
            self.n, self.d = p * q, pow(65537, -1, (p - 1) * (q - 1))
        self.size, self._crt = (size + 7) // 8, (p, q, self.d % (p - 1), self.d % (q - 1), pow(q, -1, p))

    def power(self, data):
        """The private RSA operation without padding; as long as the modulus."""
        p, q, dp, dq, inverse = self._crt
        c = int.from_bytes(data, "big")
        m1, m2 = pow(c, dp, p), pow(c, dq, q)
        return (m2 + (m1 - m2) * inverse % p * q).to_bytes(self.size, "big")

    @property
    def spki(self):
        if self.kind == "rsa":
            return sequence(sequence(oid("1.2.840.113549.1.1.1"), tlv(5)), bits(sequence(integer(self.n),
                                                                                        integer(65537))))
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _pkcs1(self, info):
        return self.power(b"\0\1" + b"\xff" * (self.size - len(info) - 3) + b"\0" + info)

    def sign_digest_md5_sha1(self, digest):
        """TLS 1.1 and before with RSA: both hashes, without a DigestInfo."""
        return self._pkcs1(digest)

    def sign_pkcs1(self, hash_name, data):
        if self.private:
            return self.private.sign(data, padding.PKCS1v15(), HASH[hash_name]())
        info = sequence(sequence(tlv(6, bytes.fromhex(DIGEST_INFO[hash_name])), tlv(5)),
                        octets(hashlib.new(hash_name, data).digest()))
        return self._pkcs1(info)

    def sign(self, sigalg, data):
        """By a number of TLS's registry."""
        names = {number: name for name, number in SIGALG.items()}
        hash_name = names[sigalg].rpartition("_")[2]
        if self.kind in ("ed25519", "ed448"):
            return self.private.sign(data)
        if self.kind == "ecdsa":
            return self.private.sign(data, ec.ECDSA(HASH[hash_name]()))
        if sigalg >> 8 == 8:
            pss = padding.PSS(padding.MGF1(HASH[hash_name]()), HASH[hash_name].digest_size)
            return self.private.sign(data, pss, HASH[hash_name]())
        return self.sign_pkcs1(hash_name, data)

    def sigalgs(self):
        """What it can sign with, best first."""
        if self.kind == "rsa":
            pss = [0x0804, 0x0805, 0x0806] if self.size >= 128 else []
            return [*pss, 0x0401, 0x0501, 0x0601, 0x0201, 0x0101]
        if self.kind == "ecdsa":
            first = {"p256": 0x0403, "p384": 0x0503, "p521": 0x0603}[self.what]
            return [first, *(n for n in (0x0403, 0x0503, 0x0603, 0x0203) if n != first)]
        return [SIGALG[self.kind]]


@lru_cache(maxsize=None)
def key(what, which=0):
    """One key of a kind a process; `which` tells them apart."""
    return Key(what)


# --- certificates -----------------------------------------------------------------------------------------------------

SIGNATURE_OID = {("rsa", "md5"): "1.2.840.113549.1.1.4", ("rsa", "sha1"): "1.2.840.113549.1.1.5",
                 ("rsa", "sha256"): "1.2.840.113549.1.1.11", ("rsa", "sha384"): "1.2.840.113549.1.1.12",
                 ("rsa", "sha512"): "1.2.840.113549.1.1.13", ("ecdsa", "sha1"): "1.2.840.10045.4.1",
                 ("ecdsa", "sha256"): "1.2.840.10045.4.3.2", ("ecdsa", "sha384"): "1.2.840.10045.4.3.3",
                 ("ecdsa", "sha512"): "1.2.840.10045.4.3.4"}
SCT_OID, MUST_STAPLE_OID = "1.3.6.1.4.1.11129.2.4.2", "1.3.6.1.5.5.7.1.24"


@dataclass
class Cert:
    """What stands in a certificate. Days count from now; negative ones are past."""
    subject: str = "localhost"
    names: tuple = ("localhost", "fault.test", "*.fault.test", "127.0.0.1", "::1")
    key: Key = None
    issuer: "Cert" = None                # None: signs itself
    hash: str = "sha256"
    since: float = -2
    until: float = 80
    ca: bool = False
    path_length: int = None
    must_staple: bool = False
    scts: int = 0
    ocsp: str = None
    crl: str = None
    server_auth: bool = True
    version: int = 3
    serial: int = None
    padding: int = 0                     # bytes of a private extension, to make it large
    der: bytes = field(default=b"", repr=False)

    def build(self):
        if self.serial is None:
            self.serial = int.from_bytes(os.urandom(15), "big") | 1 << 118
        plain = self._tbs(b"")
        self.tbs = self._tbs(extension(SCT_OID, octets(sct_list(self, plain)))) if self.scts else plain
        self.der = sequence(self.tbs, self._algorithm(), bits(self.signer.sign_hash(self.hash, self.tbs)))
        return self

    @property
    def signer(self):
        return self.issuer or self

    def sign_hash(self, hash_name, data):
        if self.key.kind == "rsa":
            return self.key.sign_pkcs1(hash_name, data)
        if self.key.kind == "ecdsa":
            return self.key.private.sign(data, ec.ECDSA(HASH[hash_name]()))
        return self.key.private.sign(data)

    def _algorithm(self):
        kind = self.signer.key.kind
        if kind in ("ed25519", "ed448"):
            return sequence(oid({"ed25519": "1.3.101.112", "ed448": "1.3.101.113"}[kind]))
        return sequence(oid(SIGNATURE_OID[kind, self.hash]), tlv(5) if kind == "rsa" else b"")

    def _tbs(self, last):
        now = datetime.now(timezone.utc)
        since, until = (now + timedelta(days=days) for days in (self.since, self.until))
        extensions = self._extensions() + last
        return sequence(tlv(0xa0, integer(2)) if self.version == 3 else b"", integer(self.serial), self._algorithm(),
                        name(self.signer.subject), sequence(when(since), when(until)), name(self.subject),
                        self.key.spki, tlv(0xa3, sequence(extensions)) if self.version == 3 else b"")

    def _extensions(self):
        out = extension("2.5.29.14", octets(key_id(self.key)))
        out += extension("2.5.29.35", sequence(tlv(0x80, key_id(self.signer.key))))
        if self.ca:
            length = b"" if self.path_length is None else integer(self.path_length)
            out += extension("2.5.29.19", sequence(tlv(1, b"\xff"), length), True)
            out += extension("2.5.29.15", bits(b"\x06", 1), True)
        else:
            out += extension("2.5.29.19", sequence(), True) + extension("2.5.29.15", bits(b"\xa0", 5), True)
            if self.server_auth:
                out += extension("2.5.29.37", sequence(oid("1.3.6.1.5.5.7.3.1")))
            if self.names:
                out += extension("2.5.29.17", sequence(*map(general_name, self.names)))
        if self.ocsp:
            out += extension("1.3.6.1.5.5.7.1.1", sequence(sequence(oid("1.3.6.1.5.5.7.48.1"),
                                                                    tlv(0x86, self.ocsp.encode()))))
        if self.crl:
            out += extension("2.5.29.31", sequence(sequence(tlv(0xa0, tlv(0xa0, tlv(0x86, self.crl.encode()))))))
        if self.must_staple:
            out += extension(MUST_STAPLE_OID, sequence(integer(5)))
        if self.padding:
            out += extension("1.3.6.1.4.1.99999.1", octets(bytes(self.padding)))
        return out


def general_name(text):
    if ":" in text or text.replace(".", "").isdigit():
        return tlv(0x87, ipaddress.ip_address(text).packed)
    return tlv(0x82, text.encode())


def key_id(public):
    return hashlib.sha1(public.spki).digest()


def log_id(which):
    """Of the made-up Certificate Transparency log number `which`."""
    return hashlib.sha256(key("p256", f"log{which}").spki).digest()


def sct_list(cert, tbs):
    """SignedCertificateTimestampList (RFC 6962) with true signatures of made-up logs over the precertificate."""
    issuer, stamp = hashlib.sha256(cert.signer.key.spki).digest(), int((time.time() - 86400) * 1000)
    out = b""
    for which in range(cert.scts):
        entry = struct.pack("!BBQH", 0, 0, stamp, 1) + issuer + len(tbs).to_bytes(3, "big") + tbs + b"\0\0"
        signature = key("p256", f"log{which}").private.sign(entry, ec.ECDSA(hashes.SHA256()))
        sct = b"\0" + log_id(which) + struct.pack("!QH", stamp, 0) + b"\4\3" + struct.pack("!H", len(signature))
        sct += signature
        out += struct.pack("!H", len(sct)) + sct
    return struct.pack("!H", len(out)) + out


@dataclass
class Chain:
    """A key and what is sent for it, leaf first."""
    key: Key
    certs: list                          # of DER
    root: bytes = b""                    # what a client has to trust
    leaf: Cert = None
    staple: bytes = b""                  # OCSP response that is sent to those who ask


@lru_cache(maxsize=None)
def authority(what="p256", which=0, hash_name="sha256"):
    """(root, intermediate)"""
    root = Cert(f"Fault Root {which}", (), key(what, f"root{which}"), hash=hash_name, since=-400, until=3000, ca=True)
    root.build()
    middle = Cert(f"Fault Intermediate {which}", (), key(what, f"middle{which}"), root, hash_name, -300, 2000, True, 0)
    return root, middle.build()


CERT_KINDS = {
    "expired": "ended three days ago",
    "not_yet": "begins in three days",
    "self_signed": "signed by itself",
    "wrong_name": "for other.example only",
    "no_san": "the name only as common name",
    "sha1": "signed with SHA-1 (by an RSA authority)",
    "md5": "signed with MD5 (by an RSA authority)",
    "rsa512": "RSA key of 512 bits (the RSA chain only)",
    "rsa1024": "RSA key of 1024 bits (the RSA chain only)",
    "rsa3072": "RSA key of 3072 bits (the RSA chain only)",
    "must_staple": "asks for a stapled response, and none is sent",
    "staple": "sends a stapled response `good`",
    "staple_revoked": "sends a stapled response `revoked`",
    "staple_old": "sends a stapled response that ended a day ago",
    "sct": "two SCTs of made-up logs",
    "too_long": "valid for 1200 days",
    "no_intermediate": "the leaf alone",
    "root_included": "leaf, intermediate, root (near miss: superfluous, harmless)",
    "wrong_order": "leaf, root, intermediate",
    "duplicate": "the intermediate twice",
    "extra": "a foreign certificate at the end",
    "leaf_last": "the intermediate first: no client accepts it",
    "expired_intermediate": "the intermediate ended yesterday",
    "no_server_auth": "without extended key usage (near miss: allowed)",
    "version1": "an X.509 version 1 certificate",
    "huge": "a chain of 1 MB",
}


def make_chain(what="rsa2048", kinds=(), **fields):
    """what: rsaN, p256, p384, p521, ed25519, ed448; kinds: of CERT_KINDS; fields: of Cert."""
    unknown = set(kinds) - set(CERT_KINDS)
    if unknown:
        raise ValueError(f"no certificate is called {sorted(unknown)[0]}")
    for kind in kinds:
        if kind.startswith("rsa") and what.startswith("rsa"):
            what = kind
    root, middle = authority("rsa2048" if {"sha1", "md5"} & set(kinds) else "p256")
    if "expired_intermediate" in kinds:
        middle = Cert(middle.subject, (), middle.key, root, "sha256", -300, -1, True, 0).build()
    leaf = Cert(key=key(what), issuer=None if "self_signed" in kinds else middle)
    _bend(leaf, kinds)
    for field_name, value in fields.items():
        setattr(leaf, field_name, value)
    leaf.build()
    chain = Chain(leaf.key, [leaf.der] if "self_signed" in kinds else [leaf.der, middle.der], root.der, leaf)
    _arrange(chain, kinds, root.der, middle.der)
    if {"staple", "staple_revoked", "staple_old"} & set(kinds):
        chain.staple = ocsp_response(leaf, "revoked" if "staple_revoked" in kinds else "good",
                                     -1 if "staple_old" in kinds else 5)
    return chain


def _bend(leaf, kinds):
    if "expired" in kinds:
        leaf.since, leaf.until = -93, -3
    if "not_yet" in kinds:
        leaf.since, leaf.until = 3, 90
    if "wrong_name" in kinds:
        leaf.subject, leaf.names = "other.example", ("other.example",)
    if "no_san" in kinds:
        leaf.names = ()
    if "too_long" in kinds:
        leaf.until = leaf.since + 1200
    leaf.hash = "md5" if "md5" in kinds else "sha1" if "sha1" in kinds else "sha256"
    leaf.scts = 2 if "sct" in kinds else 0
    leaf.must_staple = "must_staple" in kinds
    leaf.server_auth = "no_server_auth" not in kinds
    leaf.version = 1 if "version1" in kinds else 3


def _arrange(chain, kinds, root, middle):
    leaf = chain.certs[0]
    if "no_intermediate" in kinds:
        chain.certs = [leaf]
    if "root_included" in kinds:
        chain.certs = [leaf, middle, root]
    if "wrong_order" in kinds:
        chain.certs = [leaf, root, middle]
    if "duplicate" in kinds:
        chain.certs = [leaf, middle, middle]
    if "leaf_last" in kinds:
        chain.certs = [middle, leaf]
    if "extra" in kinds:
        chain.certs.append(authority("p256", 1)[1].der)
    if "huge" in kinds:
        chain.certs += huge_certificates(1 << 20)


@lru_cache(maxsize=None)
def huge_certificates(size):
    filler = Cert("Filler", (), key("p256", "filler"), padding=60000, ca=True).build().der
    return [filler] * (size // len(filler) + 1)


def ocsp_response(leaf, status="good", days=5):
    """Signed by the issuer itself; ends in `days`."""
    issuer, now = leaf.signer, datetime.now(timezone.utc)
    cert_id = sequence(sequence(oid("1.3.14.3.2.26"), tlv(5)), octets(hashlib.sha1(name(issuer.subject)).digest()),
                       octets(hashlib.sha1(_public_bits(issuer.key)).digest()), integer(leaf.serial))

    def general(moment):
        return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())

    state = tlv(0x80) if status == "good" else tlv(0xa1, general(now - timedelta(days=9)))
    single = sequence(cert_id, state, general(now + timedelta(days=days - 7)), tlv(0xa0, general(now +
                                                                                          timedelta(days=days))))
    data = sequence(tlv(0xa1, name(issuer.subject)), general(now + timedelta(days=days - 7)), sequence(single))
    algorithm = sequence(oid(SIGNATURE_OID[issuer.key.kind, "sha256"]), tlv(5) if issuer.key.kind == "rsa" else b"")
    basic = sequence(data, algorithm, bits(issuer.sign_hash("sha256", data)))
    return sequence(tlv(10, b"\0"), tlv(0xa0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), octets(basic))))


def _public_bits(public):
    """The key inside the SPKI's bit string, which OCSP's issuerKeyHash is made of."""
    if public.kind == "rsa":
        return sequence(integer(public.n), integer(65537))
    return public.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def pem(der, label="CERTIFICATE"):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
