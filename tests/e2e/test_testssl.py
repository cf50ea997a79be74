"""testssl.sh, a judge that is not ours, on the default site with its authority trusted: grade A, A+ with a year of HSTS,
and no finding above LOW that is ours to mend."""
import json
import shutil
import subprocess

import pytest

SEVERE = {"MEDIUM", "HIGH", "CRITICAL", "FATAL", "WARN"}

# Findings about the world around the server, not about the server: each with its reason.
NOT_OURS = {
    "DNS_CAArecord": "localhost has no zone for a CAA record",
    "cert_revocation": "a local authority's 47-day leaf has neither CRL nor OCSP; expiry replaces both (RFC 9608)",
    "cert_crlDistributionPoints": "as above",
    "cert_ocspURL": "as above",
    "OCSP_stapling": "as above",
    "certificate_transparency": "public logs take no local authority's certificates",
    "cert_expirationStatus": "short-lived on purpose and renewed by itself; the tool thinks of 90 days",
    "cert_notAfter": "as above",
    "BREACH": "only public files are compressed, never an answer that may carry secrets; the tool sees just gzip",
    "sessionresumption_ticket": "on a busy machine s_client may leave before its ticket comes; test_clients proves it",
    "engine_problem": "about the machine's openssl tool",
    "scanTime": "about the machine's speed",
}


def run_testssl(gate):
    tool = shutil.which("testssl") or shutil.which("testssl.sh")
    assert tool, "testssl.sh is not installed: script/setup test"
    report = gate.home / "testssl.json"
    result = subprocess.run([tool, "--quiet", "--color", "0", "--warnings", "batch", "--ip", gate.address,
                             "--add-ca", gate.ca, "--jsonfile", report, "--overwrite", gate.url],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    text = result.stdout.decode(errors="replace")
    assert report.exists(), text[-4000:]
    return json.loads(report.read_text()), text


def judge(findings, text, grades, by_design=()):
    ours = [f for f in findings if f["severity"] in SEVERE and f["id"].split(" ")[0] not in {*NOT_OURS, *by_design}]
    assert not ours, json.dumps(ours, indent=1)
    grade = [f["finding"] for f in findings if f["id"] == "overall_grade"]
    assert grade and grade[0] in grades, (grade, [f for f in findings if f["id"].startswith("grade_cap")], text[-3000:])


@pytest.mark.release_only
def test_default_site_is_grade_a(gate):
    # HSTS begins with five minutes and grows as the site stays healthy.
    judge(*run_testssl(gate), {"A", "A+"}, by_design={"HSTS_time"})


@pytest.mark.release_only
def test_a_year_of_hsts_is_grade_a_plus(make_gate, site):
    gate = make_gate(config="site localhost { root " + str(site) + "; hsts 365d; }\n", address="127.0.0.1")
    judge(*run_testssl(gate), {"A+"})
