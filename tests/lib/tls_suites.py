"""Cipher suites by number, and what their names say. The numbers are those of IANA's registry; a few private ones that
old servers answer with stand at the end."""
from dataclasses import dataclass
from functools import lru_cache

# First number of a run, then the names that follow it one by one; "-" leaves a number out.
RUNS = [
    (0x0001, "RSA_WITH_NULL_MD5 RSA_WITH_NULL_SHA RSA_EXPORT_WITH_RC4_40_MD5 RSA_WITH_RC4_128_MD5 RSA_WITH_RC4_128_SHA"
             " RSA_EXPORT_WITH_RC2_CBC_40_MD5 RSA_WITH_IDEA_CBC_SHA RSA_EXPORT_WITH_DES40_CBC_SHA RSA_WITH_DES_CBC_SHA"
             " RSA_WITH_3DES_EDE_CBC_SHA DH_DSS_EXPORT_WITH_DES40_CBC_SHA DH_DSS_WITH_DES_CBC_SHA"
             " DH_DSS_WITH_3DES_EDE_CBC_SHA DH_RSA_EXPORT_WITH_DES40_CBC_SHA DH_RSA_WITH_DES_CBC_SHA"
             " DH_RSA_WITH_3DES_EDE_CBC_SHA DHE_DSS_EXPORT_WITH_DES40_CBC_SHA DHE_DSS_WITH_DES_CBC_SHA"
             " DHE_DSS_WITH_3DES_EDE_CBC_SHA DHE_RSA_EXPORT_WITH_DES40_CBC_SHA DHE_RSA_WITH_DES_CBC_SHA"
             " DHE_RSA_WITH_3DES_EDE_CBC_SHA DH_anon_EXPORT_WITH_RC4_40_MD5 DH_anon_WITH_RC4_128_MD5"
             " DH_anon_EXPORT_WITH_DES40_CBC_SHA DH_anon_WITH_DES_CBC_SHA DH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0x001e, "KRB5_WITH_DES_CBC_SHA KRB5_WITH_3DES_EDE_CBC_SHA KRB5_WITH_RC4_128_SHA KRB5_WITH_IDEA_CBC_SHA"
             " KRB5_WITH_DES_CBC_MD5 KRB5_WITH_3DES_EDE_CBC_MD5 KRB5_WITH_RC4_128_MD5 KRB5_WITH_IDEA_CBC_MD5"
             " KRB5_EXPORT_WITH_DES_CBC_40_SHA KRB5_EXPORT_WITH_RC2_CBC_40_SHA KRB5_EXPORT_WITH_RC4_40_SHA"
             " KRB5_EXPORT_WITH_DES_CBC_40_MD5 KRB5_EXPORT_WITH_RC2_CBC_40_MD5 KRB5_EXPORT_WITH_RC4_40_MD5"
             " PSK_WITH_NULL_SHA DHE_PSK_WITH_NULL_SHA RSA_PSK_WITH_NULL_SHA RSA_WITH_AES_128_CBC_SHA"
             " DH_DSS_WITH_AES_128_CBC_SHA DH_RSA_WITH_AES_128_CBC_SHA DHE_DSS_WITH_AES_128_CBC_SHA"
             " DHE_RSA_WITH_AES_128_CBC_SHA DH_anon_WITH_AES_128_CBC_SHA RSA_WITH_AES_256_CBC_SHA"
             " DH_DSS_WITH_AES_256_CBC_SHA DH_RSA_WITH_AES_256_CBC_SHA DHE_DSS_WITH_AES_256_CBC_SHA"
             " DHE_RSA_WITH_AES_256_CBC_SHA DH_anon_WITH_AES_256_CBC_SHA RSA_WITH_NULL_SHA256"
             " RSA_WITH_AES_128_CBC_SHA256 RSA_WITH_AES_256_CBC_SHA256 DH_DSS_WITH_AES_128_CBC_SHA256"
             " DH_RSA_WITH_AES_128_CBC_SHA256 DHE_DSS_WITH_AES_128_CBC_SHA256 RSA_WITH_CAMELLIA_128_CBC_SHA"
             " DH_DSS_WITH_CAMELLIA_128_CBC_SHA DH_RSA_WITH_CAMELLIA_128_CBC_SHA DHE_DSS_WITH_CAMELLIA_128_CBC_SHA"
             " DHE_RSA_WITH_CAMELLIA_128_CBC_SHA DH_anon_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0060, "RSA_EXPORT1024_WITH_RC4_56_MD5 RSA_EXPORT1024_WITH_RC2_CBC_56_MD5 RSA_EXPORT1024_WITH_DES_CBC_SHA"
             " DHE_DSS_EXPORT1024_WITH_DES_CBC_SHA RSA_EXPORT1024_WITH_RC4_56_SHA DHE_DSS_EXPORT1024_WITH_RC4_56_SHA"
             " DHE_DSS_WITH_RC4_128_SHA DHE_RSA_WITH_AES_128_CBC_SHA256 DH_DSS_WITH_AES_256_CBC_SHA256"
             " DH_RSA_WITH_AES_256_CBC_SHA256 DHE_DSS_WITH_AES_256_CBC_SHA256 DHE_RSA_WITH_AES_256_CBC_SHA256"
             " DH_anon_WITH_AES_128_CBC_SHA256 DH_anon_WITH_AES_256_CBC_SHA256"),
    (0x0084, "RSA_WITH_CAMELLIA_256_CBC_SHA DH_DSS_WITH_CAMELLIA_256_CBC_SHA DH_RSA_WITH_CAMELLIA_256_CBC_SHA"
             " DHE_DSS_WITH_CAMELLIA_256_CBC_SHA DHE_RSA_WITH_CAMELLIA_256_CBC_SHA DH_anon_WITH_CAMELLIA_256_CBC_SHA"
             " PSK_WITH_RC4_128_SHA PSK_WITH_3DES_EDE_CBC_SHA PSK_WITH_AES_128_CBC_SHA PSK_WITH_AES_256_CBC_SHA"
             " DHE_PSK_WITH_RC4_128_SHA DHE_PSK_WITH_3DES_EDE_CBC_SHA DHE_PSK_WITH_AES_128_CBC_SHA"
             " DHE_PSK_WITH_AES_256_CBC_SHA RSA_PSK_WITH_RC4_128_SHA RSA_PSK_WITH_3DES_EDE_CBC_SHA"
             " RSA_PSK_WITH_AES_128_CBC_SHA RSA_PSK_WITH_AES_256_CBC_SHA RSA_WITH_SEED_CBC_SHA DH_DSS_WITH_SEED_CBC_SHA"
             " DH_RSA_WITH_SEED_CBC_SHA DHE_DSS_WITH_SEED_CBC_SHA DHE_RSA_WITH_SEED_CBC_SHA DH_anon_WITH_SEED_CBC_SHA"
             " RSA_WITH_AES_128_GCM_SHA256 RSA_WITH_AES_256_GCM_SHA384 DHE_RSA_WITH_AES_128_GCM_SHA256"
             " DHE_RSA_WITH_AES_256_GCM_SHA384 DH_RSA_WITH_AES_128_GCM_SHA256 DH_RSA_WITH_AES_256_GCM_SHA384"
             " DHE_DSS_WITH_AES_128_GCM_SHA256 DHE_DSS_WITH_AES_256_GCM_SHA384 DH_DSS_WITH_AES_128_GCM_SHA256"
             " DH_DSS_WITH_AES_256_GCM_SHA384 DH_anon_WITH_AES_128_GCM_SHA256 DH_anon_WITH_AES_256_GCM_SHA384"),
    (0x00ba, "RSA_WITH_CAMELLIA_128_CBC_SHA256 - - - DHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 -"
             " RSA_WITH_CAMELLIA_256_CBC_SHA256 - - - DHE_RSA_WITH_CAMELLIA_256_CBC_SHA256"),
    (0x1301, "AES_128_GCM_SHA256 AES_256_GCM_SHA384 CHACHA20_POLY1305_SHA256 AES_128_CCM_SHA256 AES_128_CCM_8_SHA256"),
    (0xc001, "ECDH_ECDSA_WITH_NULL_SHA ECDH_ECDSA_WITH_RC4_128_SHA ECDH_ECDSA_WITH_3DES_EDE_CBC_SHA"
             " ECDH_ECDSA_WITH_AES_128_CBC_SHA ECDH_ECDSA_WITH_AES_256_CBC_SHA ECDHE_ECDSA_WITH_NULL_SHA"
             " ECDHE_ECDSA_WITH_RC4_128_SHA ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA ECDHE_ECDSA_WITH_AES_128_CBC_SHA"
             " ECDHE_ECDSA_WITH_AES_256_CBC_SHA ECDH_RSA_WITH_NULL_SHA ECDH_RSA_WITH_RC4_128_SHA"
             " ECDH_RSA_WITH_3DES_EDE_CBC_SHA ECDH_RSA_WITH_AES_128_CBC_SHA ECDH_RSA_WITH_AES_256_CBC_SHA"
             " ECDHE_RSA_WITH_NULL_SHA ECDHE_RSA_WITH_RC4_128_SHA ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"
             " ECDHE_RSA_WITH_AES_128_CBC_SHA ECDHE_RSA_WITH_AES_256_CBC_SHA ECDH_anon_WITH_NULL_SHA"
             " ECDH_anon_WITH_RC4_128_SHA ECDH_anon_WITH_3DES_EDE_CBC_SHA ECDH_anon_WITH_AES_128_CBC_SHA"
             " ECDH_anon_WITH_AES_256_CBC_SHA SRP_SHA_WITH_3DES_EDE_CBC_SHA SRP_SHA_RSA_WITH_3DES_EDE_CBC_SHA"
             " SRP_SHA_DSS_WITH_3DES_EDE_CBC_SHA SRP_SHA_WITH_AES_128_CBC_SHA SRP_SHA_RSA_WITH_AES_128_CBC_SHA"
             " SRP_SHA_DSS_WITH_AES_128_CBC_SHA SRP_SHA_WITH_AES_256_CBC_SHA SRP_SHA_RSA_WITH_AES_256_CBC_SHA"
             " SRP_SHA_DSS_WITH_AES_256_CBC_SHA ECDHE_ECDSA_WITH_AES_128_CBC_SHA256 ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"
             " ECDH_ECDSA_WITH_AES_128_CBC_SHA256 ECDH_ECDSA_WITH_AES_256_CBC_SHA384 ECDHE_RSA_WITH_AES_128_CBC_SHA256"
             " ECDHE_RSA_WITH_AES_256_CBC_SHA384 ECDH_RSA_WITH_AES_128_CBC_SHA256 ECDH_RSA_WITH_AES_256_CBC_SHA384"
             " ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
             " ECDH_ECDSA_WITH_AES_128_GCM_SHA256 ECDH_ECDSA_WITH_AES_256_GCM_SHA384 ECDHE_RSA_WITH_AES_128_GCM_SHA256"
             " ECDHE_RSA_WITH_AES_256_GCM_SHA384 ECDH_RSA_WITH_AES_128_GCM_SHA256 ECDH_RSA_WITH_AES_256_GCM_SHA384"),
    (0xc03c, "RSA_WITH_ARIA_128_CBC_SHA256 RSA_WITH_ARIA_256_CBC_SHA384"),
    (0xc044, "DHE_RSA_WITH_ARIA_128_CBC_SHA256 DHE_RSA_WITH_ARIA_256_CBC_SHA384"),
    (0xc048, "ECDHE_ECDSA_WITH_ARIA_128_CBC_SHA256 ECDHE_ECDSA_WITH_ARIA_256_CBC_SHA384 - -"
             " ECDHE_RSA_WITH_ARIA_128_CBC_SHA256 ECDHE_RSA_WITH_ARIA_256_CBC_SHA384 - - RSA_WITH_ARIA_128_GCM_SHA256"
             " RSA_WITH_ARIA_256_GCM_SHA384 DHE_RSA_WITH_ARIA_128_GCM_SHA256 DHE_RSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc05c, "ECDHE_ECDSA_WITH_ARIA_128_GCM_SHA256 ECDHE_ECDSA_WITH_ARIA_256_GCM_SHA384 - -"
             " ECDHE_RSA_WITH_ARIA_128_GCM_SHA256 ECDHE_RSA_WITH_ARIA_256_GCM_SHA384"),
    (0xc072, "ECDHE_ECDSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE_ECDSA_WITH_CAMELLIA_256_CBC_SHA384 - -"
             " ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256 ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384"),
    (0xc09c, "RSA_WITH_AES_128_CCM RSA_WITH_AES_256_CCM DHE_RSA_WITH_AES_128_CCM DHE_RSA_WITH_AES_256_CCM"
             " RSA_WITH_AES_128_CCM_8 RSA_WITH_AES_256_CCM_8 DHE_RSA_WITH_AES_128_CCM_8 DHE_RSA_WITH_AES_256_CCM_8"),
    (0xc0ac, "ECDHE_ECDSA_WITH_AES_128_CCM ECDHE_ECDSA_WITH_AES_256_CCM ECDHE_ECDSA_WITH_AES_128_CCM_8"
             " ECDHE_ECDSA_WITH_AES_256_CCM_8"),
    (0xcca8, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
             " DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcc13, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256_OLD ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256_OLD"),
]
NUMBER = {}
NAME = {}
for first, names in RUNS:
    for offset, name in enumerate(names.split()):
        if name != "-":
            NUMBER["TLS_" + name] = first + offset
            NAME[first + offset] = "TLS_" + name

EMPTY_RENEGOTIATION_INFO, FALLBACK_SCSV = 0x00ff, 0x5600

# cipher of a name: (kind, key bytes, IV or block bytes); a kind of None is one that we only can name.
CIPHERS = {
    "NULL": ("null", 0, 0), "AES_128_CBC": ("aes", 16, 16), "AES_256_CBC": ("aes", 32, 16),
    "CAMELLIA_128_CBC": ("camellia", 16, 16), "CAMELLIA_256_CBC": ("camellia", 32, 16),
    "3DES_EDE_CBC": ("3des", 24, 8), "RC4_128": ("rc4", 16, 0), "AES_128_GCM": ("gcm", 16, 4),
    "AES_256_GCM": ("gcm", 32, 4), "AES_128_CCM": ("ccm", 16, 4), "AES_256_CCM": ("ccm", 32, 4),
    "AES_128_CCM_8": ("ccm8", 16, 4), "AES_256_CCM_8": ("ccm8", 32, 4), "CHACHA20_POLY1305": ("chacha", 32, 12),
}
EXCHANGES = ("RSA", "DHE_RSA", "ECDHE_RSA", "ECDHE_ECDSA", "DH_anon", "ECDH_anon")


@dataclass(frozen=True)
class Suite:
    number: int
    name: str
    exchange: str       # RSA, DHE_RSA, ECDHE_ECDSA, RSA_EXPORT …; "" in TLS 1.3
    cipher: str
    mac: str            # md5, sha1, sha256, sha384: of the records, or of the key schedule where the cipher has its own

    @property
    def tls13(self):
        return self.exchange == ""

    @property
    def aead(self):
        return any(mode in self.cipher for mode in ("GCM", "CCM", "POLY1305"))

    @property
    def cbc(self):
        return "CBC" in self.cipher

    @property
    def only_tls12(self):
        return not self.tls13 and (self.aead or self.mac in ("sha256", "sha384"))

    @property
    def prf(self):
        return "sha384" if self.mac == "sha384" else "sha256"

    @property
    def export(self):
        return "EXPORT" in self.exchange

    @property
    def can(self):
        """True if we do its cryptography, too; else our handshake ends after ServerHelloDone."""
        return self.cipher in CIPHERS and (self.tls13 or self.exchange in EXCHANGES)


@lru_cache(maxsize=None)
def suite(number):
    name = NAME[number][4:]
    exchange, _, rest = name.rpartition("_WITH_")
    rest = rest.removesuffix("_OLD")
    if rest.endswith(("_CCM", "_CCM_8")):
        return Suite(number, NAME[number], exchange, rest, "sha256")
    cipher, _, mac = rest.rpartition("_")
    return Suite(number, NAME[number], exchange, cipher, "sha1" if mac == "SHA" else mac.lower())


def numbers(names):
    """Suite numbers of a list of numbers and names; a name may lack TLS_, and "*" in it stands for anything."""
    found = []
    for name in names:
        if isinstance(name, int):
            found.append(name)
        elif "*" in name:
            head, _, tail = name.removeprefix("TLS_").partition("*")
            found += [n for n, full in NAME.items() if full[4:].startswith(head) and full.endswith(tail)]
        elif name.lower().startswith("0x"):
            found.append(int(name, 16))
        else:
            found.append(NUMBER["TLS_" + name.removeprefix("TLS_")])
    return tuple(dict.fromkeys(found))
