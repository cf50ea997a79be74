"""`gate443 audit` against the server with a flag for each fault: what it says of each fault, of what is easily taken
for one, and of servers that do not want to be asked."""
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest

from audit import audit_server, run_audit
from fault_config import Config
from fault_server import FaultServer
from gate import TREE, free_port, run_gate, wait_until

SECTIONS = {"protocol", "cipher", "vulnerability"}
SCHEMA = jsonschema.Draft202012Validator(json.loads((Path(TREE) / "docs" / "audit.schema.json").read_text()))

# --- what the servers of the table have in common

OLD = dict(versions=("tls1.2",))
BOTH = dict(versions=("tls1.1", "tls1.2"), suites=("all",))
CBC = dict(versions=("tls1.2",), suites=("ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE_RSA_WITH_AES_256_CBC_SHA"))
RSA = dict(versions=("tls1.2",), suites=("RSA_WITH_AES_128_GCM_SHA256", "RSA_WITH_AES_256_GCM_SHA384"))
DHE = dict(versions=("tls1.2",), suites=("DHE_RSA_WITH_AES_128_GCM_SHA256", "DHE_RSA_WITH_AES_256_GCM_SHA384"))
MIXED = dict(versions=("tls1.1", "tls1.2", "tls1.3"),
             suites=("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                     "ECDHE_RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_128_CBC_SHA"))
STRONG = dict(versions=("tls1.2",), suites=("ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE_RSA_WITH_AES_256_GCM_SHA384"))
ORACLES = "poodle_tls sleeping_poodle zombie_poodle goldendoodle zero_length lucky_minus_20".split()


def row(faults, settings, bad="", safe="", unknown=""):
    """Faults and settings of a server; the checks that it makes vulnerable, leaves safe, makes untestable."""
    verdicts = {}
    for verdict, checks in (("vulnerable", bad), ("safe", safe), ("not-testable", unknown)):
        verdicts.update(dict.fromkeys(checks.split(), verdict))
    name = "+".join(faults) or "-".join(f"{key}={value}" for key, value in settings.items())[:60]
    return pytest.param(faults, settings, verdicts, id=f"{name}:{next(iter(verdicts))}")


def only(one):
    """That one of the oracles, and none of its kin."""
    return dict(bad=one, safe=" ".join(check for check in ORACLES if check != one))


TABLE = [
    # versions
    row(["sslv2"], STRONG, "ssl2 drown", "ssl3"),
    row(["sslv2_no_specs"], STRONG, "ssl2 drown"),
    row(["sslv2_error"], STRONG, "", "", "ssl2 drown tls12"),
    row([], dict(versions=("ssl3", "tls1.2"), suites=("all",)), "ssl3 poodle_ssl3 beast", "tls10 tls11 tls12"),
    row([], dict(versions=("tls1.0", "tls1.2"), suites=("all",)),
        "tls10 beast cbc_suites static_rsa sweet32 lucky13 marvin dheat tls13", "ssl2 ssl3 tls11 tls12 poodle_ssl3 robot"),
    row([], dict(versions=("tls1.1",), suites=("all",)), "tls11 tls12 tls13", "tls10 ssl3 downgrade_sentinel"),
    row([], dict(versions=("tls1.3",)), "", "tls12 tls13 secure_renegotiation ems heartbleed medium_hello etm npn robot"),
    row(["tls13_reset"], {}, "tls13", "tls12 grease long_hello split_hello early_ccs"),
    # fallback
    row(["no_scsv"], BOTH, "fallback_scsv"),
    row([], BOTH, "", "fallback_scsv downgrade_sentinel"),
    row(["scsv_alert"], BOTH, "", "", "fallback_scsv"),
    row([], STRONG, "", "npn cert_compression", "fallback_scsv"),
    row(["sentinel_missing"], {}, "downgrade_sentinel"),
    row(["sentinel_wrong"], {}, "downgrade_sentinel"),
    # tolerance
    row(["grease_reset"], {}, "grease", "long_hello split_hello medium_hello future_version"),
    row(["extension_intolerant"], {}, "grease", "long_hello split_hello medium_hello"),
    row(["large_hello_reset"], {}, "long_hello", "grease split_hello medium_hello future_version"),
    row(["long_hello_hang"], STRONG, "medium_hello", "grease long_hello split_hello future_version"),
    row(["unknown_version_alert"], STRONG, "future_version", "medium_hello grease long_hello"),
    row(["many_suites_reset"], {}, "", "grease long_hello null_suites tls12"),
    row(["many_suites_reset=64"], BOTH, "", "", "null_suites rc4"),
    # resumption
    row(["no_resumption"], {}, "resumption", "ticket_rotation ticket_lifetime", "ticketbleed"),
    row([], dict(ticket_lifetime=8 * 86400), "ticket_lifetime", "resumption"),
    row(["early_data"], {}, "early_data early_data_replay"),
    row(["early_data_once"], {}, "early_data", "early_data_replay"),
    row(["early_data_425"], {}, "", "early_data early_data_replay"),
    row(["early_data_refused"], {}, "", "early_data early_data_replay"),
    row(["client_auth=require"], dict(versions=("tls1.2", "tls1.3"), suites=("all",)), "client_certificate", "",
        "resumption early_data client_renegotiation poodle_tls zombie_poodle lucky_minus_20"),
    # extensions
    row(["no_ems"], STRONG, "ems"),
    row(["no_etm"], CBC, "etm"),
    row([], CBC, "aead cbc_suites lucky13", "etm ems " + " ".join(ORACLES)),
    row(["extensions_unasked"], CBC, "", "", " ".join(ORACLES)),
    row(["client_auth"], {}, "client_certificate", "resumption"),
    row(["sni_refused"], {}, "name_refused", "early_ccs heartbleed"),
    row(["timestamp"], {}, "clock_leak"),
    row(["timestamp_fixed"], {}, "", "clock_leak"),
    # suites
    row([], dict(versions=("tls1.2",), suites=("RSA_WITH_NULL_SHA256", "DH_anon_WITH_AES_128_GCM_SHA256",
                                               "RSA_WITH_RC4_128_SHA", "RSA_WITH_DES_CBC_SHA",
                                               "PSK_WITH_AES_128_CBC_SHA")),
        "null_suites anonymous_suites rc4 weak_suites unusual_suites forward_secrecy", "export_suites freak"),
    row(["export"], dict(versions=("tls1.2",)), "export_suites freak logjam key_exchange_strength dh_weak"),
    row([], RSA, "forward_secrecy static_rsa marvin", "robot aead cbc_suites logjam dheat"),
    row([], dict(versions=("tls1.2",), suites=("ECDHE_RSA_WITH_AES_128_GCM_SHA256", "RSA_WITH_3DES_EDE_CBC_SHA")),
        "sweet32 static_rsa", "forward_secrecy server_order"),
    row(["suite_client"], CBC, "server_order"),
    row(["suite_client"], {}, "", "server_order chacha_order"),
    row(["suite_random"], BOTH, "", "tls12", "server_order"),
    row([], {}, "chacha_order pq_key_exchange", "server_order pq_preferred"),
    row(["chacha_first"], {}, "", "chacha_order server_order"),
    row(["suite_not_offered"], BOTH, "", "", "null_suites rc4 sweet32"),
    # key exchange
    row(["dh=ike-1024"], DHE, "dh_weak dh_common_prime logjam key_exchange_strength dheat"),
    row(["dh=own-512"], DHE, "dh_weak logjam key_exchange_strength", "dh_common_prime"),
    row(["dh=ffdhe2048"], DHE, "dheat", "dh_weak dh_common_prime logjam dh_reuse raccoon key_exchange_strength"),
    row(["dh_reuse"], DHE, "dh_reuse raccoon"),
    row(["ecdh_reuse"], {}, "ecdh_reuse"),
    row([], dict(groups13=("x25519", 0x6399)), "groups pq_key_exchange"),
    row([], dict(groups13=("x25519mlkem768", "x25519"), group_policy="preferred"), "",
        "pq_key_exchange pq_preferred groups"),
    row([], dict(groups13=("x25519", "x25519mlkem768")), "pq_preferred", "pq_key_exchange"),
    row(["sloth"], OLD, "md5_sha1_signature", "signature_algorithms"),
    # faults with a name
    row(["heartbleed"], STRONG, "heartbleed heartbeat_extension"),
    row(["heartbeat"], STRONG, "heartbeat_extension", "heartbleed"),
    row(["heartbleed_silent"], STRONG, "heartbeat_extension", "", "heartbleed"),
    row(["heartbeat_unasked"], STRONG, "", "heartbleed heartbeat_extension"),
    row(["ccs"], STRONG, "early_ccs"),
    row(["ccs=21"], STRONG, "early_ccs"),
    row(["ccs_alert"], STRONG, "", "early_ccs"),
    row(["ccs_silent"], STRONG, "", "", "early_ccs"),
    row(["ticketbleed"], STRONG, "ticketbleed"),
    row(["tickets_refused"], STRONG, "", "ticketbleed"),
    row(["no_tickets"], STRONG, "", "resumption", "ticketbleed"),
    row(["robot"], RSA, "robot"),
    row(["robot=reset"], RSA, "robot"),
    row(["robot=close+finished"], RSA, "robot"),
    row(["robot=timeout+weak"], RSA, "robot"),
    row(["robot_noise"], RSA, "", "", "robot"),
    row(["no_secure_renegotiation"], STRONG, "secure_renegotiation", "client_renegotiation"),
    row(["client_renegotiation"], STRONG, "client_renegotiation", "secure_renegotiation"),
    row(["insecure_renegotiation"], STRONG, "client_renegotiation secure_renegotiation"),
    row(["renegotiation_refusal=silent"], STRONG, "", "client_renegotiation secure_renegotiation"),
    row(["renegotiation_refusal=reset"], STRONG, "", "client_renegotiation secure_renegotiation"),
    row(["renegotiation_refusal=fatal"], STRONG, "", "client_renegotiation secure_renegotiation"),
    row(["compression"], STRONG, "compression"),
    row(["poodle_tls"], CBC, **only("poodle_tls")),
    row(["sleeping_poodle"], CBC, **only("sleeping_poodle")),
    row(["zombie_poodle"], CBC, **only("zombie_poodle")),
    row(["zombie_poodle=double"], CBC, **only("zombie_poodle")),
    row(["zombie_poodle=timeout"], CBC, **only("zombie_poodle")),
    row(["goldendoodle=reset"], CBC, **only("goldendoodle")),
    row(["zero_length"], CBC, **only("zero_length")),
    row(["lucky_minus20"], CBC, **only("lucky_minus_20")),
    row(["alpn_lax"], {}, "alpaca_alpn"),
    row(["alpn_echo"], {}, "alpaca_alpn", "", "h2_rapid_reset h2_continuation h2_made_you_reset"),
    row(["sni_lax"], {}, "alpaca_sni", "default_certificate"),
    row(["sni_warning"], {}, "alpaca_sni", "name_refused"),
    row([], dict(CBC, http_headers=(("Server", "Microsoft-IIS/8.5"),)), "winshock"),
    row([], dict(http_headers=(("Server", "Microsoft-IIS/8.5"),)), "", "winshock"),
    row([], dict(CBC, http_headers=()), "", "", "winshock"),
    # the audit itself
    row(["ban_after=20"], BOTH, "cut_short", "", "null_suites rc4 robot goldendoodle"),
    row(["serial"], STRONG, "one_at_a_time", "heartbleed early_ccs compression ems"),
]

# What no row of the table can make vulnerable, and why.
NEVER_BAD = {
    "extensions": "it only tells", "cert_compression": "it only tells",
    "npn": "the fault server has no NPN; the unit tests have the verdict",
    "default_certificate": "the fault server has one set of certificates for all names",
    "signature_algorithms": "the fault server signs with no DSA and no SHA-224",
    "ticket_rotation": "it would take days",
    "tls_state_machine": "not sent", "finished_unchecked": "not sent", "invalid_curve": "not sent",
    "request_smuggling": "not sent", "h2_rapid_reset": "not sent", "h2_continuation": "not sent",
    "h2_made_you_reset": "not sent", "starttls_injection": "belongs to other ports",
}
NEVER_SAFE = {"tls_state_machine", "finished_unchecked", "invalid_curve", "request_smuggling", "starttls_injection"}


def checked(server, audit):
    """The audit's document is valid, its exit status that of what was audited, and the server made no mistake."""
    assert not server.errors, server.errors[0]
    SCHEMA.validate(audit.document)
    report = audit.report
    audited = report["failure"] is None and report["grades"]["overall"]["grade"] is not None
    assert audit.status == (0 if audited else 1), (audit.status, report["failure"], audit.errors)
    return audit


def by_section(audit):
    return {check: one for check, one in audit.findings.items() if one["section"] in SECTIONS}


def bad_vulnerabilities(audit):
    return {check for check, one in by_section(audit).items()
            if one["section"] == "vulnerability" and one["verdict"] == "vulnerable"}


@pytest.fixture(scope="session")
def honest():
    """An audit of the honest, modern server, and what that saw of it."""
    with FaultServer() as server:
        audit = checked(server, audit_server(server, "--ca", server.ca))
        return audit, server.wait_idle(), server.count


@pytest.mark.parametrize("faults, settings, verdicts", TABLE)
def test_verdict(faults, settings, verdicts):
    with FaultServer(faults=faults, **settings) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca))
    found = {check: (audit.verdict(check), audit.findings[check]["detail"]) for check in verdicts}
    wrong = {check: said for check, said in found.items() if said[0] != verdicts[check]}
    assert not wrong
    assert all(said[1] for said in found.values())


@pytest.mark.parametrize("faults, settings", [(["breach"], {}), (["breach", "no_tickets"], {}), (["breach"], STRONG)],
                         ids=["resumed", "no-tickets", "tls12"])
def test_compressed_page(faults, settings):
    """It is asked for in a resumed session of TLS 1.3, and where there is none on a connection of its own."""
    with FaultServer(faults=faults, **settings) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca, "--evidence"))
    assert audit.findings["breach"]["detail"].startswith("The page is compressed")
    own = [one for one in audit.report["evidence"] if one["purpose"] == "compression of answers"]
    assert len(own) == (settings == STRONG or "no_tickets" in faults)


@pytest.mark.parametrize("faults, detail", [(["compressed_certificate"], "Certificates are compressed on request."),
                                            ([], "Certificates are not compressed.")])
def test_compressed_certificate(faults, detail):
    """Asked for with the long hello, which shows more than one thing: no connection is made for it alone."""
    with FaultServer(faults=faults) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca, "--evidence"))
    assert audit.findings["cert_compression"]["detail"] == detail
    assert audit.verdict("grease") == "safe"
    assert "compressed certificate" not in {one["purpose"] for one in audit.report["evidence"]}


@pytest.mark.parametrize("how", ["reset", "hang"])
def test_split_hello(how):
    """What the server reads at once it cannot tell from one segment: one that is short of time is asked again."""
    for _ in range(5):
        with FaultServer(faults=[f"split_hello_fail={how}"], **STRONG) as server:
            audit = checked(server, audit_server(server, "--max-inflight", "1", "--ca", server.ca))
        assert audit.verdict("grease") == audit.verdict("long_hello") == "safe"
        if audit.verdict("split_hello") == "vulnerable":
            return
    raise AssertionError(audit.findings["split_hello"])


def test_the_table_is_complete(honest):
    bad, safe = set(), {check for check, one in by_section(honest[0]).items() if one["verdict"] == "safe"}
    bad.add("split_hello")
    for one in TABLE:
        for check, verdict in one.values[2].items():
            {"vulnerable": bad, "safe": safe}.get(verdict, set()).add(check)
    every = set(by_section(honest[0]))
    assert every - bad == set(NEVER_BAD)
    assert every - safe == NEVER_SAFE


def test_nothing_is_claimed_of_who_shows_nothing():
    """Every check has a case in which it cannot be told: here all of them at once, each with a reason."""
    with FaultServer(faults=["extension_intolerant=any"]) as server:
        audit = checked(server, audit_server(server))
    told = {check: one["detail"] for check, one in by_section(audit).items() if one["verdict"] != "not-testable"}
    assert not told
    assert all(len(one["detail"]) > 10 for one in by_section(audit).values())
    assert audit.status == 1


# --- servers that are only difficult: all is found, nothing is made up -------------------------------------------------

DIFFICULT = ["delay=300", "byte_by_byte", "alert_split", "one_record_each", "zero_records=500", "alert_reset",
             "alert_silent_close", "flaky=17", "rate_limit=20", "concurrent_limit=3", "serial"]
MAY_DIFFER = {"one_at_a_time", "fallback_scsv"}      # the latter's alert does not come where alerts do not


@pytest.fixture(scope="session")
def plain_verdicts():
    with FaultServer(**MIXED) as server:
        return {check: one["verdict"] for check, one in by_section(audit_server(server)).items()}


@pytest.mark.parametrize("fault", DIFFICULT)
def test_difficult(fault, plain_verdicts):
    with FaultServer(faults=[fault], **MIXED) as server:
        audit = checked(server, audit_server(server))
        assert server.count <= 130
    other = {check: one["detail"] for check, one in by_section(audit).items()
             if one["verdict"] != plain_verdicts[check] and check not in MAY_DIFFER}
    assert not other


# --- … and those that are hostile: the audit ends by itself, and claims nothing -----------------------------------------

HOSTILE = ["tarpit", "close_at_once", "reset_at_once", "garbage=200", "garbage=20000", "http_in_clear", "endless",
           "endless=certificate", "endless=warning", "zero_records=0", "drip=0.2", "truncated_hello", "malformed",
           "malformed=certificate:0:1", "malformed=certificate:1:-1", "malformed=server_hello:1:200",
           "hello_and_alert", "hello_then_reset", "wrong_record_version", "record_size=18432", "alert_nothing",
           "version_not_offered", "group_not_offered"]


@pytest.mark.parametrize("fault", HOSTILE)
def test_hostile(fault):
    with FaultServer(faults=[fault], versions=("tls1.2", "tls1.3")) as server:
        audit = checked(server, audit_server(server, "--timeout", "1", "--deadline", "5"))
        assert server.count <= 150
    assert audit.report["duration_us"] < 30e6               # the deadline, and a busy machine
    assert audit.report["failure"] or not bad_vulnerabilities(audit)


def test_deadline_ends_what_would_not_end():
    with FaultServer(faults=["delay=1000"], **BOTH) as server:
        audit = checked(server, audit_server(server, "--deadline", "3", timeout=60))
    assert audit.report["duration_us"] < 15e6
    if not audit.report["failure"]:
        assert audit.verdict("cut_short") == "vulnerable"
        assert not bad_vulnerabilities(audit) & {"heartbleed", "robot", *ORACLES}


FARMS = [([], ["scsv_alert"]), ([], ["zombie_poodle"]), (["robot=reset"], ["robot=close"]),
         (["goldendoodle"], ["zero_length"]), (["ccs"], ["ccs_alert"]), (["ticketbleed"], ["no_tickets"])]


@pytest.mark.parametrize("one, other", FARMS, ids=lambda faults: "+".join(faults) or "honest")
def test_farm(one, other):
    """Of two servers that take turns no fault is told that neither has."""
    settings = dict(versions=("tls1.2",), suites=("ECDHE_RSA_WITH_AES_128_CBC_SHA", "RSA_WITH_AES_128_CBC_SHA"))
    known = {"robot=reset": "robot", "robot=close": "robot", "ccs": "early_ccs"}
    has = {known.get(fault, fault) for fault in (*one, *other)}
    with FaultServer(faults=one, alternate=Config(faults=other, **settings), **settings) as server:
        audit = checked(server, audit_server(server))
    assert bad_vulnerabilities(audit) - has <= {"marvin", "lucky13"}


# --- politeness ---------------------------------------------------------------------------------------------------------

def test_a_modern_server_costs_few_connections(honest):
    _, log, count = honest
    assert count <= 45
    assert honest[0].report["connections"] == count
    assert len(log) == count


@pytest.mark.parametrize("fault, settings, event", [("heartbleed", STRONG, "heartbeat"), ("ccs", STRONG, "early CCS")])
def test_a_positive_is_repeated(fault, settings, event):
    with FaultServer(faults=[fault], **settings) as server:
        audit_server(server)
        shown = [visit for visit in server.wait_idle() if any(event in text for text in visit.events)]
    assert len(shown) == 2, [visit.events for visit in shown]


def test_no_intrusive():
    with FaultServer(faults=["heartbleed", "ccs", "robot", "zombie_poodle"], versions=("tls1.2",),
                     suites=("all",)) as server:
        audit = checked(server, audit_server(server, "--no-intrusive"))
        events = [text for visit in server.wait_idle() for text in visit.events]
        requests = [line for visit in server.log for line in visit.requests]
    for check in ("heartbleed", "early_ccs", "robot", "zombie_poodle", "poodle_tls", "client_renegotiation"):
        assert audit.verdict(check) == "not-testable"
        assert "--no-intrusive" in audit.findings[check]["detail"]
    told = " ".join(events).lower()
    for trace in ("heartbeat", "ccs", "renegotiation", "padding", "premaster", "bad_record"):
        assert trace not in told
    assert len(requests) <= 3                                   # of the first contact, and for compression


@pytest.mark.parametrize("most", [1, 3])
def test_max_inflight(most):
    with FaultServer(faults=["delay=20"]) as server:
        audit = checked(server, audit_server(server, "--max-inflight", most))
        assert audit.verdict("tls13") == "safe"
        # A connection that we have closed the server may still count.
        assert server.max_concurrent <= 2 * most + 1


def test_rate():
    with FaultServer(**STRONG) as server:
        checked(server, audit_server(server, "--rate", "20"))
        began = sorted(visit.began for visit in server.wait_idle())
    assert len(began) > 15
    assert began[-1] - began[0] >= (len(began) - 1) / 20 * 0.9


@pytest.fixture
def s_server(tmp_path):
    """`openssl s_server`, which serves one connection after the other; its port."""
    tool = shutil.which("openssl")
    assert tool, "openssl is not installed: script/setup test"
    key, cert, port = tmp_path / "key.pem", tmp_path / "cert.pem", free_port()
    subprocess.run([tool, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
                   check=True, stderr=subprocess.DEVNULL, timeout=60)
    process = subprocess.Popen([tool, "s_server", "-accept", f"127.0.0.1:{port}", "-key", key, "-cert", cert, "-www",
                                "-quiet"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: subprocess.run([tool, "s_client", "-connect", f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL,
                                          capture_output=True, timeout=30).returncode == 0)
        yield port
    finally:
        process.kill()
        process.wait(10)


def test_a_real_server(s_server):
    audit = run_audit("--connect-to", f"127.0.0.1:{s_server}", f"localhost:{s_server}")
    SCHEMA.validate(audit.document)
    assert audit.status == 0 and audit.report["connections"] <= 120    # some are repeated: it serves one at a time
    assert not bad_vulnerabilities(audit) - {"alpaca_alpn", "alpaca_sni", "lucky13", "dheat", "marvin"}
    for check in ("tls12", "tls13", "early_ccs", "ticketbleed", "client_renegotiation", "secure_renegotiation",
                  "resumption", "ems", "clock_leak", "downgrade_sentinel", *ORACLES):
        assert audit.verdict(check) == "safe", audit.findings[check]
    assert audit.verdict("one_at_a_time") == "vulnerable"


# --- what comes out ---------------------------------------------------------------------------------------------------

def plain_run(*args):
    return run_gate("audit", "--no-dns", "--no-http-port", *args)


def read_prometheus(text):
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert rows and all(re.fullmatch(r'[a-z0-9_]+(\{.*\})? -?[0-9.e+]+( [0-9]+)?', line) for line in rows)


def read_html(text):
    parser = HTMLParser()
    parser.feed(text)
    assert text.lower().startswith("<!doctype html>") and text.rstrip().endswith("</html>")
    assert not re.search(r'(src|href)="(https?:)?//', text.replace('href="https://', "", 0)) or "<link" not in text


def read_jsonl(text):
    for line in text.splitlines():
        SCHEMA.validate(json.loads(line))


def read_sarif(text):
    assert json.loads(text)["version"] == "2.1.0"


READERS = {"json": lambda text: SCHEMA.validate(json.loads(text)), "jsonl": read_jsonl, "sarif": read_sarif,
           "junit": ElementTree.fromstring, "html": read_html, "prometheus": read_prometheus,
           "text": lambda text: text.encode("utf-8")}


@pytest.mark.parametrize("form", READERS)
@pytest.mark.parametrize("kind", ["good", "failed", "both"])
def test_formats(form, kind, tmp_path):
    """Each format is a valid document, of what could be audited and of what could not; to a file, too."""
    closed = f"127.0.0.1:{free_port()}"
    with FaultServer(**STRONG) as server:
        targets = {"good": [f"127.0.0.1:{server.port}"], "failed": [closed],
                   "both": [f"127.0.0.1:{server.port}", closed]}[kind]
        out = tmp_path / "report"
        result = plain_run("--format", form, "--output", out, "--verbose", *targets)
    assert result.returncode == (0 if kind == "good" else 1), result.stderr
    assert result.stdout == b""
    text = out.read_text("utf-8")
    READERS[form](text)
    assert kind == "good" or "refused" in text or form == "prometheus"


def test_output_that_cannot_be_written(tmp_path):
    result = plain_run("--output", tmp_path / "none" / "report", "127.0.0.1:1")
    assert result.returncode == 1 and b"No such file" in result.stderr


@pytest.mark.parametrize("faults, settings, level, status", [
    ([], STRONG, "critical", 0), ([], STRONG, "low", 3), (["heartbleed"], STRONG, "critical", 3),
    (["heartbleed"], STRONG, "F", 0), (["heartbleed"], STRONG, "A", 3), (["tarpit"], STRONG, "F", 3),
    ([], STRONG, "B-", 2), ([], STRONG, "worse", 2),
])
def test_fail_on(faults, settings, level, status):
    with FaultServer(faults=faults, **settings) as server:
        result = plain_run("--json", "--timeout", "1", "--ca", server.ca, "--fail-on", level, "--connect-to",
                           f"127.0.0.1:{server.port}", f"localhost:{server.port}")
    assert result.returncode == status, (result.stderr, json.loads(result.stdout)["grades"]["overall"])


# --- whom it asks -------------------------------------------------------------------------------------------------------

def names_asked(server):
    return {visit.hellos[0].server_name for visit in server.wait_idle() if visit.hellos}


def test_ipv6():
    with FaultServer(**STRONG) as server:
        audit = checked(server, run_audit("--ca", server.ca, f"[::1]:{server.port}"))
    assert audit.verdict("cert_name") == "safe"
    assert audit.report["host"] == "::1"


def test_international_name():
    name, ascii_name = "bücher.fault.test", "xn--bcher-kva.fault.test"
    with FaultServer(**STRONG) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca, name=name))
        assert ascii_name in names_asked(server)
    assert audit.report["host"] == ascii_name
    assert audit.verdict("cert_name") == "safe"


def test_sni_and_none():
    with FaultServer(**STRONG) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca, "--sni", "fault.test"))
        assert "fault.test" in names_asked(server) and "localhost" not in names_asked(server)
        assert audit.report["sni"] == "fault.test"
        server.forget()
        audit = checked(server, audit_server(server, "--ca", server.ca, "--no-sni"))
        assert names_asked(server) <= {None, "", "gate443-audit.invalid"}
        assert audit.verdict("tls12") == "safe"


def test_authority_and_name():
    with FaultServer(**STRONG) as server:
        assert audit_server(server, "--ca", server.ca).verdict("cert_trust") == "safe"
        assert audit_server(server).verdict("cert_trust") == "vulnerable"
        other = audit_server(server, "--ca", server.ca, "--sni", "localhost", name="other.invalid")
    assert other.verdict("cert_name") == "vulnerable"


def test_unknown_name_is_asked_without():
    with FaultServer(**STRONG) as server:
        audit = checked(server, audit_server(server, "--ca", server.ca, name="unknown.invalid"))
    assert audit.verdict("name_refused") == "vulnerable"
    assert audit.verdict("early_ccs") == audit.verdict("tls12") == "safe"


def test_host_without_address():
    result = run_audit("--resolver", "127.0.0.1:1", "nowhere.invalid", timeout=60)
    assert result.status == 1
    assert "nowhere.invalid" in result.report["failure"] and "address" in result.report["failure"]


@pytest.mark.parametrize("words, said", [
    ((), "which host"), (("--rate", "none", "x"), "--rate takes a number"), (("--format", "pdf", "x"), "no format"),
    (("--nonsense", "x"), "nonsense"), (("x:99999",), "no port"), (("x:0",), "no port"), (("a b",), "no host name"),
    (("[::1",), "names no host"), (("--connect-to", "here", "x"), "--connect-to takes an address"),
    (("--fail-on", "never", "x"), "--fail-on takes"), (("--color", "blue", "x"), "--color takes"),
    (("--timeout", "0", "x"), "--timeout takes"),
])
def test_misuse(words, said):
    result = run_gate("audit", *words)
    errors = result.stderr.decode()
    assert result.returncode == 2 and result.stdout == b""
    assert said in errors and "gate443 audit" in errors
