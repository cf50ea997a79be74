"""Keys and certificates for the servers of audit_peers.py: an authority, an intermediate, and leaves of every quality."""
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dh, ec, ed25519, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "lib"))
from tls_groups import dh_parameters  # noqa: E402

NAME = "www.peer.test"
DAY = timedelta(days=1)
NOW = datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)
KEYS = {"rsa1024": lambda: rsa.generate_private_key(65537, 1024), "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
        "rsa3072": lambda: rsa.generate_private_key(65537, 3072), "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "p384": lambda: ec.generate_private_key(ec.SECP384R1()), "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate}

# name: kind of key, and what differs from the usual leaf: 90 days, signed with SHA-256 by the intermediate, which is sent
LEAVES = {
    "rsa": ("rsa2048", {}), "ec": ("p256", {}), "rsa3072": ("rsa3072", {}), "p384": ("p384", {}), "p521": ("p521", {}),
    "ed25519": ("ed25519", {}),
    "old": ("rsa1024", {"hash": "sha1", "since": -400, "days": 390, "selfsigned": True}),
    "sha1": ("rsa2048", {"hash": "sha1"}),
    "expired": ("p256", {"since": -100, "days": 90}), "future": ("p256", {"since": 10}),
    "soon": ("p256", {"since": -85}), "long": ("rsa2048", {"days": 800}),
    "other": ("p256", {"names": ["other.test"]}), "wild": ("p256", {"names": ["*.peer.test"]}),
    "onlycn": ("rsa2048", {"names": []}), "self": ("p256", {"selfsigned": True}),
    "bare": ("p256", {"chain": ["leaf"]}), "rooted": ("p256", {"chain": ["leaf", "middle", "root"]}),
    "mixed": ("p256", {"chain": ["leaf", "root", "middle"]}),
    "stapled": ("p256", {"ocsp": True}), "must": ("p256", {"ocsp": True, "must_staple": True}),
}


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def builder(subject, issuer, key, since, days):
    return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW + since * DAY)
            .not_valid_after(NOW + (since + days) * DAY))


def sign(what, key, hash_name="sha256"):
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else {"sha1": hashes.SHA1, "sha256": hashes.SHA256}[hash_name]()
    return what.sign(key, algorithm)


class Authority:
    def __init__(self):
        self.keys = {"root": KEYS["rsa3072"](), "middle": KEYS["rsa2048"]()}
        self.certs = {}
        for me, above, length in [("root", "root", 1), ("middle", "root", 0)]:
            what = builder(f"Peers {me}", f"Peers {above}", self.keys[me], -30, 3650)
            what = what.add_extension(x509.BasicConstraints(True, length), True)
            what = what.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), True)
            what = what.add_extension(x509.SubjectKeyIdentifier.from_public_key(self.keys[me].public_key()), False)
            self.certs[me] = sign(what, self.keys[above])

    def leaf(self, key, hash="sha256", since=-1, days=90, names=None, selfsigned=False, ocsp=False, must_staple=False, chain=None):
        issuer = key if selfsigned else self.keys["middle"]
        what = builder(NAME, NAME if selfsigned else "Peers middle", key, since, days)
        if names != []:
            what = what.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names or [NAME]]), False)
        what = what.add_extension(x509.BasicConstraints(False, None), True)
        what = what.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        what = what.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)
        if ocsp:
            where = x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.test/"))
            what = what.add_extension(x509.AuthorityInformationAccess([where]), False)
        if must_staple:
            what = what.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), False)
        return sign(what, issuer, hash)

    def staple(self, cert):
        answer = ocsp.OCSPResponseBuilder().add_response(
            cert=cert, issuer=self.certs["middle"], algorithm=hashes.SHA1(), cert_status=ocsp.OCSPCertStatus.GOOD,
            this_update=NOW - DAY, next_update=NOW + 6 * DAY, revocation_time=None, revocation_reason=None)
        answer = answer.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certs["middle"])
        return answer.sign(self.keys["middle"], hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def write(folder):
    """NAME.pem (the chain as sent), NAME.key, NAME.both, NAME.ocsp, ca.pem (the root), and primes."""
    authority = Authority()
    (folder / "ca.pem").write_bytes(pem(authority.certs["root"]))
    (folder / "middle.pem").write_bytes(pem(authority.certs["middle"]))
    for file, kind in [("dh1024.pem", "ike-1024"), ("dh2048.pem", "ffdhe2048")]:
        parameters = dh.DHParameterNumbers(*dh_parameters(kind)).parameters()
        (folder / file).write_bytes(parameters.parameter_bytes(serialization.Encoding.PEM, serialization.ParameterFormat.PKCS3))
    for leaf, (kind, how) in LEAVES.items():
        key = KEYS[kind]()
        cert = authority.leaf(key, **how)
        parts = how.get("chain", ["leaf"] if how.get("selfsigned") else ["leaf", "middle"])
        chain = b"".join(pem(cert if p == "leaf" else authority.certs[p]) for p in parts)
        (folder / f"{leaf}.pem").write_bytes(chain)
        (folder / f"{leaf}.key").write_bytes(key_pem(key))
        (folder / f"{leaf}.both").write_bytes(chain + key_pem(key))
        if how.get("ocsp"):
            (folder / f"{leaf}.ocsp").write_bytes(authority.staple(cert))
