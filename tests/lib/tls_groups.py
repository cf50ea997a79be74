"""Key agreement: Diffie-Hellman over primes of every quality, elliptic curves, and stand-ins of the right size for
groups whose mathematics no library here knows."""
import os
import random
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tls_wire import GROUP, ILLEGAL_PARAMETER, SHARE_SIZE, Alert

CURVE = {23: ec.SECP256R1, 24: ec.SECP384R1, 25: ec.SECP521R1, 22: ec.SECP256K1, 21: ec.SECP224R1, 19: ec.SECP192R1,
         26: ec.BrainpoolP256R1, 27: ec.BrainpoolP384R1, 28: ec.BrainpoolP512R1, 31: ec.BrainpoolP256R1,
         32: ec.BrainpoolP384R1, 33: ec.BrainpoolP512R1}
# p of P-256; a is -3. Addition never uses b: that is why a point of another curve works, too.
P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1

# Safe primes that are nobody else's.
OWN_PRIME = {
    512: int("a32731f6ec269ce0948ae359b1783dcbffff1261d740fdd3b0aab9911f4fe06ac0fd3b71fac6790a158829b81d532e33"
              "52f9086dbd98d39680acd618d74f0ef7", 16),
    1024: int("cf8461ccece16ee1fdb737a40c56b5cfb897638f76e8affcad28843a3720d1b033cafc8c3b02a61a799046d4bd51ff74"
              "f18f181d89083f2c1b98bdf1a06cb7beec5cc4f29aca9ced59d6792c1126230e4db4f299432c34b0b5e283d38a050ae0"
              "ba4b30b155fcce7bf5b71cd4148b6d7242f438e3fceacfc1ba207960421839ef", 16),
    2048: int("fdd4eaadcaeace7e1bc57a6836587db774a2b4e70bbeeedfd29490d1dd7fc838d6d222435ad7ead78b6d360485f40a88"
              "55e9c91d7a500986c673edb01f70125619d463031d33deaec6bea16c511ade32256c9adc349b36a18ef583eacc99d6bb"
              "2390052a16b8f4532c7969e1743ce5aaac576b9b3a6a8d8d4e99efb668c12079dfab052af31e520064bb3898e3e01afd"
              "60c7bb753cc1215fba9acdcffa8aa866940adaec339901ce48e9c6bb19a826c186202f2d9d7f799e7419ee2bbd7d3c1d"
              "315bc0147239a82d44a3034d874be4507ac8455d5731f69cbf0e3e571c41bbb48973d9f989fa9a20df97480b1039d8df"
              "423b8b7833becccf1c06e967e9233fe7", 16),
}
# RFC 2409 and 3526 count up from pi, RFC 7919 from e, each with the first offset that gives a safe prime.
FROM_PI = {768: 149686, 1024: 129093, 1536: 741804, 2048: 124476, 3072: 1690314, 4096: 240904}
FROM_E = {2048: 560316, 3072: 2625351, 4096: 5736041, 6144: 15705020, 8192: 10965728}


def _pi(bits):
    """floor(pi * 2^bits), by Machin's formula."""
    one = 1 << bits + 64

    def arctan(x):
        term = total = one // x
        n, sign = 3, -1
        while term:
            term //= x * x
            total += sign * (term // n)
            n, sign = n + 2, -sign
        return total

    return 4 * (4 * arctan(5) - arctan(239)) >> 64


def _e(bits):
    term = total = 1 << bits + 64
    n = 1
    while term:
        term //= n
        total, n = total + term, n + 1
    return total >> 64


def _counted(bits, constant, offset):
    return 2**bits - 2**(bits - 64) - 1 + 2**64 * (constant(bits - 130) + offset)


def is_prime(n, rounds=12):
    if n < 2 or any(n % p == 0 and n != p for p in (2, 3, 5, 7, 11, 13, 17, 19, 23)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(rounds):
        x = pow(random.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits, source=random):
    while True:
        n = source.getrandbits(bits) | 3 << bits - 2 | 1
        if is_prime(n):
            return n


DH_KINDS = ("own-512", "own-1024", "own-2048", "ike-768", "ike-1024", "ike-1536", "ike-2048", "ike-3072", "ike-4096",
            "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192", "unsafe-1024", "unsafe-2048",
            "composite-1024", "composite-2048")


@lru_cache(maxsize=None)
def dh_parameters(kind):
    """(p, g). own-N: a safe prime nobody else has; ike-N, ffdheN: the common ones of RFC 2409/3526 and 7919;
    unsafe-N: a prime, but (p-1)/2 is none; composite-N: no prime at all."""
    name, _, bits = kind.partition("-")
    if name.startswith("ffdhe"):
        return _counted(int(name[5:]), _e, FROM_E[int(name[5:])]), 2
    bits = int(bits)
    source = random.Random(bits)                        # the same in each run
    if name == "own":
        return OWN_PRIME[bits], 2
    if name == "ike":
        return _counted(bits, _pi, FROM_PI[bits]), 2
    if name == "unsafe":
        while True:
            p = prime(bits, source)
            if not is_prime(p // 2):
                return p, 2
    if name == "composite":
        return prime(bits // 2, source) * prime(bits - bits // 2, source), 2
    raise ValueError(f"no Diffie-Hellman parameters are called {kind}")


class DhShare:
    def __init__(self, p, g, check=True):
        self.p, self.g, self.check = p, g, check
        self.size = (p.bit_length() + 7) // 8
        self.secret = int.from_bytes(os.urandom(min(self.size - 1, 40)), "big") | 1
        self.number = pow(g, self.secret, p)
        self.public = self.number.to_bytes(self.size, "big")

    def shared(self, peer, keep_zeros=False):
        number = int.from_bytes(peer, "big")
        if self.check and not 1 < number < self.p - 1:
            raise Alert(ILLEGAL_PARAMETER, "share of a small subgroup")
        shared = pow(number, self.secret, self.p)
        if keep_zeros:                                  # TLS 1.3
            return shared.to_bytes(self.size, "big")
        return shared.to_bytes((shared.bit_length() + 7) // 8, "big")


class EcShare:
    def __init__(self, group, check=True):
        self.group, self.check = group, check
        self.key = ec.generate_private_key(CURVE[group]())
        self.public = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def shared(self, peer, keep_zeros=False):
        if not self.check and self.group == GROUP["p256"] and len(peer) == 65:
            point = multiply(self.key.private_numbers().private_value,
                             (int.from_bytes(peer[1:33], "big"), int.from_bytes(peer[33:], "big")))
            return (point[0] if point else 0).to_bytes(32, "big")
        try:
            public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE[self.group](), peer)
        except ValueError:
            raise Alert(ILLEGAL_PARAMETER, "not a point of the curve") from None
        return self.key.exchange(ec.ECDH(), public)


class MontgomeryShare:
    def __init__(self, group, check=True):
        self.check = check
        self.private, self.of = ((x25519.X25519PrivateKey, x25519.X25519PublicKey) if group == GROUP["x25519"] else
                                 (x448.X448PrivateKey, x448.X448PublicKey))
        self.key = self.private.generate()
        self.public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def shared(self, peer, keep_zeros=False):
        try:
            public = self.of.from_public_bytes(peer)
        except ValueError:
            raise Alert(ILLEGAL_PARAMETER, "share of a wrong size") from None
        try:
            return self.key.exchange(public)
        except ValueError:                              # RFC 7748: all zeros are refused
            if self.check:
                raise Alert(ILLEGAL_PARAMETER, "point of small order") from None
            return bytes(len(self.public))


class StandIn:
    """The right size, and nothing behind it: the handshake can't be finished."""

    def __init__(self, group, check=True):
        self.public = os.urandom(SHARE_SIZE.get(group, 65))

    def shared(self, peer, keep_zeros=False):
        return os.urandom(32)


def share(group, check=True):
    if group in (GROUP["x25519"], GROUP["x448"]):
        return MontgomeryShare(group, check)
    if 256 <= group <= 260:
        return DhShare(*dh_parameters(f"ffdhe{ {256: 2048, 257: 3072, 258: 4096, 259: 6144, 260: 8192}[group]}"), check)
    if group in CURVE:
        try:
            return EcShare(group, check)
        except Exception:                               # a curve this OpenSSL was built without
            return StandIn(group)
    return StandIn(group)


# --- P-256 without any check of the point -----------------------------------------------------------------------------

def add(one, two, p=P256):
    if one is None or two is None:
        return one or two
    (x1, y1), (x2, y2) = one, two
    if x1 == x2 and (y1 + y2) % p == 0:
        return None
    slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, p) if one == two else (y2 - y1) * pow(x2 - x1, -1, p)
    x = (slope * slope - x1 - x2) % p
    return x, (slope * (x1 - x) - y1) % p


def multiply(k, point, p=P256):
    total = None
    while k:
        if k & 1:
            total = add(total, point, p)
        point, k = add(point, point, p), k >> 1
    return total
