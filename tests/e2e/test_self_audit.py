"""The audit of ourselves: `gate443 check` says each site's grade, and what grades below min_grade is not served."""
import subprocess

import pytest

from gate import Gate, run_gate, wait_until
from http1 import exchange

HEAD = "listen https {https};\nlisten http {http};\nstate {state};\n"
SITE = "site {0} {{ certificate local; root \"{{root}}\"; {1} }}\n"
TLS10 = "tls { min_version tls1.0; } allow tls1.0 because \"a test of it\" until 2095-01-01;"
# Nothing that a single line says is wrong with this, and A+ wants a year.
SHORT_HSTS = "min_grade A+; hsts 30d;"


def named(name, rows=""):
    return SITE.format(name, rows)


def answers(gate):
    request = f"GET /hello.txt HTTP/1.1\r\nHost: {gate.authority}\r\nConnection: close\r\n\r\n".encode()
    with gate.tls(context=gate.tls_context(verify=False)) as sock:
        return exchange(sock, request)[0].status == 200


@pytest.fixture
def check(tmp_path):
    """Checks a configuration of these sites; returns the finished process with text output."""
    def run(text, *args):
        file = tmp_path / "gate443.conf"
        values = {"https": "127.0.0.1:443", "http": "127.0.0.1:80", "state": tmp_path / "state", "root": tmp_path}
        text = HEAD + text
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        file.write_text(text)
        result = run_gate("check", *args, file)
        result.stdout, result.stderr = result.stdout.decode(), result.stderr.decode()
        assert not (tmp_path / "state").exists(), "check writes nothing"
        return result
    return run


def pem(tmp_path, name, *key):
    chain, secret = tmp_path / f"{name}.crt", tmp_path / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", *key, "-keyout", secret, "-out", chain, "-days", "90",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
    return f"certificate {chain} {secret};"


class TestCheck:
    def test_a_good_configuration_says_its_grade(self, check):
        result = check(named("good.test"))
        assert result.returncode == 0, result.stderr
        assert "good.test: grade A" in result.stdout and "audited 1 site in 1 audit" in result.stdout

    def test_no_audit_leaves_it_out(self, check):
        result = check(named("good.test") + named("plus.test", SHORT_HSTS), "--no-audit")
        assert result.returncode == 0 and "grade" not in result.stdout

    def test_what_is_waived_passes_and_is_told(self, check):
        result = check(named("old.test", TLS10))
        assert result.returncode == 0, result.stderr + result.stdout
        assert "old.test: grade A" in result.stdout
        assert "gate443.conf:4:" in result.stdout and "[tls10]" in result.stdout and "a test of it" in result.stdout

    def test_what_is_below_the_wanted_grade_is_refused(self, check):
        result = check(named("plus.test", SHORT_HSTS) + named("good.test"))
        assert result.returncode == 1
        assert "plus.test: grade A, below A+" in result.stdout and "HSTS for a year" in result.stdout
        assert "good.test: grade A\n" in result.stdout

    def test_a_wish_of_the_server_holds_for_all_sites_but_those_that_say_otherwise(self, check):
        text = "min_grade A+;\n" + named("one.test", "hsts 30d;") + named("two.test", "min_grade A; hsts 30d;")
        result = check(text)
        assert result.returncode == 1
        assert "one.test: grade A, below A+" in result.stdout and "two.test: grade A\n" in result.stdout

    @pytest.mark.parametrize("grade", ["Q", "a", ""])
    def test_a_grade_that_there_is_not(self, check, grade):
        result = check(named("one.test", f"min_grade {grade};"))
        assert result.returncode == 1 and "min_grade" in result.stderr

    def test_a_static_fault_is_told_without_an_audit(self, check):
        result = check(named("old.test", "tls { min_version tls1.0; }"))
        assert result.returncode == 1 and "refused as weak" in result.stderr and "grade" not in result.stdout

    def test_sites_that_are_alike_share_an_audit(self, check):
        text = "".join(named(f"n{i}.test") for i in range(100)) + named("other.test", "tls { tickets off; }")
        result = check(text)
        assert result.returncode == 0, result.stderr
        assert result.stdout.count(": grade A") == 101
        assert "audited 101 sites in 2 audits" in result.stdout

    def test_every_kind_of_key_and_name(self, check, tmp_path):
        text = (named("rsa.test", pem(tmp_path, "rsa.test", "rsa:2048")).replace("certificate local; ", "") +
                named("ec.test", pem(tmp_path, "ec.test", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"))
                .replace("certificate local; ", "") +
                named("*.wild.test") + named("127.0.0.9") + named("[::9]") + named("localhost", "default;"))
        result = check(text)
        assert result.returncode == 0, result.stderr + result.stdout
        assert result.stdout.count(": grade A") == 6, result.stdout

    def test_limits_for_visitors_do_not_bind_it(self, check):
        result = check("limits { connections_per_address 1; connections 8; }\n" + named("good.test"))
        assert result.returncode == 0 and "good.test: grade A" in result.stdout, result.stdout


class TestServe:
    @pytest.mark.parametrize("single", [False, True])
    def test_the_start_says_the_grade(self, site, single):
        gate = Gate(config=HEAD + named("localhost"), root=site, single=single).start()
        try:
            wait_until(lambda: b"serves 1 site, grade A" in gate.log(), what="the line that says so")
        finally:
            gate.stop()

    def test_a_start_below_the_wanted_grade_is_refused(self, site):
        gate = Gate(config=HEAD + named("localhost", SHORT_HSTS), root=site)
        with pytest.raises(RuntimeError) as refusal:
            gate.start()
        assert "localhost grades A, below A+" in str(refusal.value) and "cannot start" in str(refusal.value)

    def test_a_reload_below_it_leaves_what_serves(self, site):
        gate = Gate(config=HEAD + named("localhost"), root=site).start()
        try:
            gate.write_config(HEAD + named("localhost", SHORT_HSTS))
            gate.reload()
            wait_until(lambda: b"localhost grades A, below A+" in gate.log(), what="the refusal")
            assert answers(gate)
            gate.write_config(HEAD + named("localhost", "hsts 30d;"))
            gate.reload()
            wait_until(lambda: b"generation 3 serves 1 site, grade A" in gate.log(), what="the next generation")
            assert answers(gate)
        finally:
            gate.stop()

    def test_what_is_waived_is_served_with_a_warning(self, site):
        gate = Gate(config=HEAD + named("localhost", TLS10), root=site).start()
        try:
            wait_until(lambda: b"`allow tls1.0` waives tls10" in gate.log(), what="the warning")
        finally:
            gate.stop()

    def test_a_changed_certificate_is_audited(self, site, tmp_path):
        tmp_path.chmod(0o755)
        text = HEAD + named("localhost", pem(tmp_path, "localhost", "rsa:2048")).replace("certificate local; ", "")
        gate = Gate(config=text, root=site).start()
        try:
            pem(tmp_path, "localhost", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
            gate.reload()
            wait_until(lambda: b"generation 2 serves 1 site, grade A" in gate.log(), what="the next generation")
        finally:
            gate.stop()

    def test_visitors_do_not_see_it(self, site, tmp_path):
        """Neither in the access log nor among the connections that are counted."""
        log = tmp_path / "access.log"
        gate = Gate(config=HEAD + f"access_log {log};\n" + named("localhost"), root=site, workers=1).start()
        try:
            assert answers(gate)
            wait_until(lambda: log.read_text().count("\n"), what="our own request in the log")
            assert log.read_text().count("\n") == 1, log.read_text()
        finally:
            gate.stop()
