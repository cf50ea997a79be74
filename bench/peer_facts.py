"""What the three tools said, in the same words: a fact's name -> a value. A tool's facts lack what it does not tell.

Sets are compared member by member, everything else as it is. Suites go by their number, and are called as src/wire/suite.def
has it: OpenSSL's name, or IANA's where OpenSSL never had one."""
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path

VERSIONS = ["SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]
OUR_VERSION = dict(zip(["SSL 2.0", "SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"], VERSIONS))
GROUP = {"secp256r1 (NIST P-256)": "secp256r1", "secp384r1 (NIST P-384)": "secp384r1", "secp521r1 (NIST P-521)": "secp521r1",
         "prime256v1": "secp256r1"}


SUITES = {int(code, 16): openssl or name for code, name, openssl in
          re.findall(r'SUITE\((0x[0-9a-f]+), *"([^"]+)", *(?:"([^"]+)"|NULL)',
                     (Path(__file__).resolve().parent.parent / "src/wire/suite.def").read_text())}


def minute(text):
    """Dates as they are written by all three, to the minute."""
    for form in ["%Y-%m-%dT%H:%M:%SZ", "%b %d %H:%M:%S %Y GMT", "%Y-%m-%d %H:%M"]:
        try:
            return datetime.strptime(text.strip(), form).strftime("%Y-%m-%d %H:%M")
        except ValueError:
            pass
    return text


# --- gate443 audit ----------------------------------------------------------------------------------------------------

# fact: (check of ours, the value that "vulnerable" stands for)
OUR_CHECKS = {"heartbleed": "heartbleed", "early CCS": "early_ccs", "Ticketbleed": "ticketbleed", "ROBOT": "robot",
              "client renegotiation": "client_renegotiation", "compression": "compression", "POODLE (SSLv3)": "poodle_ssl3",
              "SWEET32": "sweet32", "FREAK": "freak", "DROWN": "drown", "LOGJAM": "logjam", "BEAST": "beast", "RC4": "rc4",
              "NULL suites": "null_suites", "anonymous suites": "anonymous_suites", "export suites": "export_suites"}


def our_sigalg(name):
    return name.replace("_pkcs1", "")


def of_gate443(report):
    checks = {f["id"]: f for f in report["findings"]}
    facts = {}
    for p in report["protocols"]:
        if p["name"] in OUR_VERSION and p["offered"] is not None:
            facts[f"protocol {OUR_VERSION[p['name']]}"] = p["offered"]
        if p["name"] == "HTTP/2" and p["offered"] is not None:
            facts["HTTP/2"] = p["offered"]
    for v in VERSIONS[2:]:
        facts[f"suites {v}"] = {s["openssl"] or s["name"] for s in report["suites"] if OUR_VERSION[s["protocol"]] == v}
        first = [s["openssl"] for s in report["suites"] if OUR_VERSION[s["protocol"]] == v and s["preferred"]]
        facts[f"server's order {v}"] = bool(first)
    facts["groups"] = set(report["groups"])
    facts["signature algorithms"] = {our_sigalg(s) for s in report["signature_algorithms"]}
    for fact, check in OUR_CHECKS.items():
        if checks[check]["verdict"] != "not-testable":
            facts[fact] = checks[check]["verdict"] == "vulnerable"
    verdict = {name: f["verdict"] for name, f in checks.items()}
    if verdict["secure_renegotiation"] != "not-testable":
        facts["secure renegotiation"] = verdict["secure_renegotiation"] == "safe"
    if verdict["fallback_scsv"] != "not-testable":
        facts["fallback SCSV"] = verdict["fallback_scsv"] == "safe"
    facts["certificate trusted"] = verdict["cert_trust"] == "safe"
    facts["certificate's name"] = verdict["cert_name"] == "safe"
    facts["certificate expired"] = verdict["cert_expiry"] == "vulnerable"
    facts["chain complete"] = verdict["cert_chain"] == "safe"
    facts["HSTS"] = max_age(checks["hsts"]["detail"])
    facts["OCSP stapled"] = "staple" in str(checks["ocsp_staple"]["detail"]) and verdict["ocsp_staple"] == "safe" and "not" not in checks["ocsp_staple"]["detail"]
    facts["client certificate"] = "without" not in checks["client_certificate"]["detail"]
    facts["0-RTT"] = verdict["early_data"] == "vulnerable"
    facts["certificates"] = set()
    leaves = [c for i, c in enumerate(report["certificates"]) if c["names"] or i == 0]
    for c in leaves:
        facts["certificates"].add(" ".join([c["key"].replace("prime256v1", "P-256"), c["signature"], minute(c["not_after"])]))
    facts["server banner"] = report["server"]
    facts["preferred"] = {f"{OUR_VERSION[s['protocol']]} {s['openssl']}" for s in report["suites"] if s["preferred"]}
    return facts


def max_age(text):
    found = re.search(r"max-age[= ]+(\d+)", text or "")
    return int(found[1]) if found else None


# --- sslscan ----------------------------------------------------------------------------------------------------------

def of_sslscan(text):
    test = ET.fromstring(re.sub(r"&(?!(amp|lt|gt|quot|apos|#\d+);)", "&amp;", text)).find("ssltest")
    if test is None:
        return {}
    facts = {}
    names = {("ssl", "2"): "SSLv2", ("ssl", "3"): "SSLv3", **{("tls", v): f"TLSv{v}" for v in ["1.0", "1.1", "1.2", "1.3"]}}
    for p in test.findall("protocol"):
        facts[f"protocol {names[p.get('type'), p.get('version')]}"] = p.get("enabled") == "1"
    for v in VERSIONS[2:]:
        facts[f"suites {v}"] = {SUITES[int(c.get("id"), 16)] for c in test.findall("cipher") if c.get("sslversion") == v}
    ids = {c.get("cipher") for c in test.findall("cipher")}
    facts["NULL suites"] = any("NULL" in c for c in ids)
    facts["anonymous suites"] = any(c.startswith(("ADH", "AECDH", "TLS_DH_anon", "TLS_ECDH_anon")) for c in ids)
    facts["export suites"] = any(c.startswith("EXP") or "EXPORT" in c for c in ids)
    facts["RC4"] = any("RC4" in c for c in ids)
    facts["SWEET32"] = any("DES-CBC3" in c or "3DES" in c or "IDEA" in c for c in ids)
    facts["groups"] = {GROUP.get(g.get("name"), g.get("name")) for g in test.findall("group")}
    facts["signature algorithms"] = {our_sigalg(s.get("name")) for s in test.findall("connection-signature-algorithm")}
    renegotiation = test.find("renegotiation")
    if renegotiation is not None and renegotiation.get("supported") == "1":    # else it was not looked at
        facts["secure renegotiation"] = renegotiation.get("secure") == "1"
    if test.find("fallback") is not None:
        facts["fallback SCSV"] = test.find("fallback").get("supported") == "1"
    if test.find("compression") is not None:
        facts["compression"] = test.find("compression").get("supported") == "1"
    if test.findall("heartbleed"):
        facts["heartbleed"] = any(h.get("vulnerable") == "1" for h in test.findall("heartbleed"))
    facts["certificates"] = set()
    for c in test.iter("certificate"):
        key, until = c.find("pk"), c.findtext("not-valid-after")
        if key is None or not until:
            continue
        name = {"RSA": f"RSA {key.get('bits')}"}.get(key.get("type"), {"prime256v1": "EC P-256"}.get(key.get("curve_name"), f"{key.get('type')} {key.get('curve_name')}"))
        facts["certificates"].add(" ".join([name, c.findtext("signature-algorithm"), minute(until)]))
        facts["certificate expired"] = c.findtext("expired") == "true"
    return facts


# --- testssl.sh -------------------------------------------------------------------------------------------------------

TESTSSL_BAD = {"heartbleed": "heartbleed", "early CCS": "CCS", "Ticketbleed": "ticketbleed", "ROBOT": "ROBOT",
               "client renegotiation": "secure_client_renego", "compression": "CRIME_TLS", "POODLE (SSLv3)": "POODLE_SSL",
               "SWEET32": "SWEET32", "FREAK": "FREAK", "DROWN": "DROWN", "LOGJAM": "LOGJAM", "BEAST": "BEAST", "RC4": "RC4"}
TESTSSL_GROUP = {"prime256v1": "secp256r1", "X25519": "x25519", "X448": "x448"}


def of_testssl(rows):
    by, facts = {}, {}
    for r in rows:
        by.setdefault(r["id"].split(" <")[0], []).append(r)

    def said(name):
        return by[name][0]["finding"] if name in by else None
    for v, name in zip(VERSIONS, ["SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3"]):
        text = said(name)
        if text:
            facts[f"protocol {v}"] = not text.startswith(("not offered", "not supported"))
    for v, name in zip(VERSIONS[2:], ["tls1", "tls1_1", "tls1_2", "tls1_3"]):
        found = [re.fullmatch(rf"cipher-{name}_x([0-9a-f]+)", key) for key in by]
        facts[f"suites {v}"] = {SUITES[int(f[1], 16)] for f in found if f}
        order = said(f"cipher_order-{name}") or said("cipher_order")
        if order and ("server" in order or "client" in order.lower() or "NOT" in order):
            facts[f"server's order {v}"] = order.startswith("server")
    for fact, key in TESTSSL_BAD.items():
        if said(key) and by[key][0]["severity"] not in ("WARN", "DEBUG"):
            facts[fact] = by[key][0]["severity"] not in ("OK", "INFO")
    for fact, key in [("NULL suites", "cipherlist_NULL"), ("anonymous suites", "cipherlist_aNULL"), ("export suites", "cipherlist_EXPORT")]:
        if said(key):
            facts[fact] = said(key) == "offered"
    curves = " ".join(filter(None, [said("FS_ECDHE_curves"), said("FS_KEMs"), said("DH_groups")]))
    if said("FS_ECDHE_curves"):
        facts["groups"] = {TESTSSL_GROUP.get(c, c) for c in re.findall(r"[A-Za-z0-9]+", curves)}
    signed = " ".join(filter(None, [said("FS_TLS12_sig_algs"), said("FS_TLS13_sig_algs")]))
    if signed:
        facts["signature algorithms (testssl)"] = set(signed.split())
    if said("secure_renego"):
        facts["secure renegotiation"] = by["secure_renego"][0]["severity"] in ("OK", "INFO")
    if said("fallback_SCSV") and by["fallback_SCSV"][0]["severity"] != "INFO" and "supported" in said("fallback_SCSV"):
        facts["fallback SCSV"] = by["fallback_SCSV"][0]["severity"] == "OK"
    if said("cert_chain_of_trust"):
        facts["certificate trusted"] = said("cert_chain_of_trust").startswith("passed")
        facts["certificate's name"] = by["cert_trust"][0]["severity"] in ("OK", "INFO")
    if said("cert_expirationStatus"):
        facts["certificate expired"] = "expired" in said("cert_expirationStatus") and "expires" not in said("cert_expirationStatus")
    if said("OCSP_stapling"):
        facts["OCSP stapled"] = said("OCSP_stapling").startswith("offered")
    if said("HSTS_time") or said("HSTS"):
        found = re.search(r"\(=(\d+) seconds\)", said("HSTS_time") or "")
        facts["HSTS"] = int(found[1]) if found else None
    if said("ALPN_HTTP2") or said("ALPN"):
        facts["HTTP/2"] = "h2" in (said("ALPN_HTTP2") or said("ALPN"))
    if said("clientAuth"):
        facts["client certificate"] = said("clientAuth") != "none"
    facts["certificates"] = {" ".join([TESTSSL_KEY(k["finding"]), TESTSSL_SIGNATURE(s["finding"]), minute(u["finding"])])
                             for k, s, u in zip(by.get("cert_keySize", []), by.get("cert_signatureAlgorithm", []), by.get("cert_notAfter", []))}
    if said("banner_server"):
        facts["server banner"] = said("banner_server") if by["banner_server"][0]["severity"] != "DEBUG" else None
    if said("overall_grade"):
        facts["grade (testssl)"] = said("overall_grade")
    return facts


def TESTSSL_KEY(text):
    size = re.search(r"(\d+) bits", text)
    return f"RSA {size[1]}" if text.startswith("RSA") else f"EC P-{size[1]}" if size else text


def TESTSSL_SIGNATURE(text):
    return {"SHA256 with RSA": "sha256WithRSAEncryption", "SHA1 with RSA": "sha1WithRSAEncryption",
            "ECDSA with SHA256": "ecdsa-with-SHA256"}.get(text, text)
