"""The command line beside `serve`: check, fmt, explain, config, ca, ctl, version, help."""
import json
import os
import re
import shutil
import stat
import subprocess

import jsonschema
import pytest

from clients import curl
from gate import PATIENCE, TREE, binary, run_gate, wait_until

GOOD = "site localhost { root %s; }\n"
EXAMPLE = TREE / "examples" / "gate443.conf"
CONFIGS = {
    "directory": "site localhost { root SITE; }\n",
    "little": "site a.test { respond 204; }\n",
    "much": """listen https [::1]:8443; listen http off; workers 3; user nobody; state SITE; file_cache 0; watchdog 1m;
access_log SITE/log combined; challenges SITE; limits { min_rate 0; drain_timeout 1500ms; header_size 16k; }
site a.test *.a.test 127.0.0.1 {
    default; certificate local; hsts 365d subdomains; cookies off; compress off; safe_headers off;
    tls { min_version tls1.0; ciphers ECDHE-RSA-AES128-GCM-SHA256; groups X25519; tickets off; }
    allow tls1.0 because "card \\"terminals\\"" until 2999-01-01;
    allow insecure-cookies because "an old program" until 2999-01-01;
    allow http-without-redirect because "an old program" until 2999-01-01;
    error_page 404 500 /lost.html; header remove X-A; header add "X-B" "ü"; redirect_http off; access_log off;
    root SITE { listing on; index a.html b.html; }
    route /a { respond 200 "a"; limits { body_size 3; } header set A b; }
    redirect /old/ /new/ 302;
}
site b.test { hsts off; root /x/ SITE; }
""",
}


@pytest.fixture
def write(tmp_path):
    def write(text, name="gate443.conf"):
        path = tmp_path / name
        path.write_text(text)
        return path
    return write


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificate(directory, name, days=30, bits=None):
    key, crt = directory / f"{name}.key", directory / f"{name}.crt"
    kind = ["rsa:%d" % bits] if bits else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    openssl("req", "-x509", "-newkey", *kind, "-nodes", "-keyout", key, "-out", crt, "-days", days,
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")
    return crt, key


# --- the table of commands ----------------------------------------------------------------------------------------------

def test_version():
    assert re.fullmatch(rb"gate443 \d+\.\d+\.\d+\n", run_gate("version", check=True).stdout)
    assert run_gate("--version", check=True).stdout == run_gate("version", check=True).stdout


def test_help_names_every_command_and_each_explains_itself():
    text = run_gate("help", check=True).stdout.decode()
    names = re.findall(r"^  gate443 (\w+)", text, re.M)
    assert {"serve", "check", "fmt", "explain", "config", "ca", "ctl", "version", "help"} <= set(names)
    assert "role" not in names
    for name in names:
        if name in ("version", "help"):
            continue
        said = run_gate(name, "--help", check=True).stdout
        assert said.startswith(f"usage: gate443 {name} ".encode())
        assert run_gate("help", name, check=True).stdout == said


@pytest.mark.parametrize("words", [
    [], ["nonsense"], ["check"], ["check", "a", "b"], ["check", "--nonsense", "a"], ["fmt"], ["explain"],
    ["explain", "https://localhost/"], ["explain", "-c", "a"], ["config"], ["config", "--json"],
    ["config", "--schema", "extra"], ["ca"], ["ca", "nonsense"], ["ctl"], ["ctl", "nonsense"], ["help", "nonsense"],
    ["serve"], ["serve", "a", "b"], ["serve", "--workers", "0", "a"], ["role"], ["role", "parent", "-", "-", "2"],
], ids=" ".join)
def test_misuse_is_told(words):
    result = run_gate(*words)
    assert result.returncode in (1, 2) and not result.stdout
    assert result.returncode == 2 or words[:1] == ["role"]
    assert result.stderr or words[:1] == ["role"]


# --- check --------------------------------------------------------------------------------------------------------------

class TestCheck:
    def test_good(self, write, site):
        path = write(GOOD % site)
        result = run_gate("check", path, check=True)
        *audit, last = result.stdout.decode().splitlines()
        assert last == f"{path}: ok, 1 site" and not result.stderr
        assert audit[0] == "localhost: grade A" or audit[0] == "localhost: grade A+"

    def test_standard_input(self, site):
        result = subprocess.run([binary(), "check", "-"], input=(GOOD % site).encode(), capture_output=True)
        assert result.returncode == 0 and b"ok, 1 site" in result.stdout

    def test_every_mistake_with_place_line_caret_and_hint(self, write):
        path = write("site localhost {\n    rot /srv;\n    root /nonexistent;\n}\nlisten https 99999;\n")
        result = run_gate("check", path)
        text = result.stderr.decode()
        assert result.returncode == 1 and not result.stdout
        places = re.findall(rf"^{re.escape(str(path))}:(\d+):(\d+): error: ", text, re.M)
        assert [line for line, _ in places] == ["2", "3", "5"]
        assert ("2", "5") in places
        assert "    rot /srv;" in text and re.search(r"^\s*\|\s+\^~~$", text, re.M)
        assert "did you mean `root`?" in text
        assert "\x1b" not in text, "no colours in a file"

    def test_missing_file(self, tmp_path):
        result = run_gate("check", tmp_path / "none.conf")
        assert result.returncode == 1 and b"No such file" in result.stderr

    @pytest.mark.parametrize("text", [b"", b"\0" * 100, b"\xff\xfe", b"{" * 1000, b"site {" * 100, b"a;" * 5000, b'"'])
    def test_rubbish(self, tmp_path, text):
        path = tmp_path / "x.conf"
        path.write_bytes(text)
        result = run_gate("check", path)
        assert result.returncode in (0, 1) and (result.returncode == 0) == (b"ok, " in result.stdout)

    def pair(self, write, site, crt, key, name="a.example"):
        return run_gate("check", write(f"site {name} {{ certificate {crt} {key}; root {site}; }}\n"))

    def test_good_certificate(self, write, site, tmp_path):
        result = self.pair(write, site, *make_certificate(tmp_path, "a.example"))
        assert result.returncode == 0, result.stderr

    def test_key_of_another_certificate(self, write, site, tmp_path):
        crt, _ = make_certificate(tmp_path, "a.example")
        _, key = make_certificate(tmp_path, "b.example")
        result = self.pair(write, site, crt, key)
        assert result.returncode == 1 and b"key does not belong" in result.stderr.replace(b"private ", b"")
        assert b"gate443.conf:1:" in result.stderr

    def test_wrong_name(self, write, site, tmp_path):
        result = self.pair(write, site, *make_certificate(tmp_path, "b.example"))
        assert result.returncode == 1 and b"a.example" in result.stderr

    def test_weak_key(self, write, site, tmp_path):
        result = self.pair(write, site, *make_certificate(tmp_path, "a.example", bits=1024))
        assert result.returncode == 1 and b"weak" in result.stderr

    def test_not_a_certificate_and_not_a_key(self, write, site, tmp_path):
        crt, key = make_certificate(tmp_path, "a.example")
        bad = tmp_path / "bad"
        bad.write_text("hello\n")
        for pair in ((bad, key), (crt, bad)):
            result = self.pair(write, site, *pair)
            assert result.returncode == 1 and re.search(rb"gate443\.conf:1:18: error: \S+bad: .", result.stderr)


# --- fmt ----------------------------------------------------------------------------------------------------------------

class TestFmt:
    UGLY = "# about\nsite   localhost{root /srv ;\n\n\n  # why\nhsts off;}\n"

    def test_prints(self, write):
        path = write(self.UGLY)
        result = run_gate("fmt", path, check=True)
        text = result.stdout.decode()
        assert "# about" in text and "    # why" in text and "    root /srv;" in text
        assert path.read_text() == self.UGLY

    def test_is_stable_and_writes_in_place(self, write):
        path = write(self.UGLY)
        path.chmod(0o640)
        expected = run_gate("fmt", path, check=True).stdout
        run_gate("fmt", "-w", path, check=True)
        assert path.read_bytes() == expected
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        before = path.stat().st_mtime_ns
        run_gate("fmt", "-w", path, check=True)
        assert path.read_bytes() == expected and path.stat().st_mtime_ns == before

    def test_writes_behind_a_link(self, write, tmp_path):
        path = write(self.UGLY)
        link = tmp_path / "link.conf"
        link.symlink_to(path.name)
        run_gate("fmt", "-w", link, check=True)
        assert link.is_symlink() and path.read_text() != self.UGLY

    def test_leaves_what_it_cannot_read(self, write):
        path = write("site {\n")
        result = run_gate("fmt", "-w", path)
        assert result.returncode == 1 and result.stderr and path.read_text() == "site {\n"


# --- explain and config -------------------------------------------------------------------------------------------------

class TestExplain:
    def test_directory(self, site):
        text = run_gate("explain", site, "https://localhost/a", check=True).stdout.decode()
        for word in ("listener", "certificate", "route", "handler", "limits"):
            assert word in text

    def test_configuration_names_the_line(self, write, site):
        path = write(f"site localhost {{\n root {site};\n redirect /old/ https://localhost/ 301;\n}}\n")
        text = run_gate("explain", "-c", path, "https://localhost/old/x", check=True).stdout.decode()
        assert "redirect" in text and re.search(r"route\s+/old/.*:3\b", text)

    def test_nobody_answers(self, write, site):
        result = run_gate("explain", "-c", write(GOOD % site), "https://other.example/")
        assert result.returncode == 0 and b"unrecognized_name" in result.stdout

    @pytest.mark.parametrize("url", ["", "ftp://localhost/", "https://", "https://[::1", "https://localhost:99999/"])
    def test_bad_url(self, write, site, url):
        assert run_gate("explain", "-c", write(GOOD % site), url).returncode == 1


@pytest.mark.parametrize("path", sorted((TREE / "examples").rglob("*.conf")), ids=lambda path: path.name)
def test_examples_are_in_the_standard_form(path):
    assert run_gate("fmt", path, check=True).stdout == path.read_bytes()


class TestConfig:
    def test_schema_is_json(self):
        schema = json.loads(run_gate("config", "--schema", check=True).stdout)
        assert schema["$schema"].startswith("https://json-schema.org/") and "sites" in schema["properties"]

    @pytest.mark.parametrize("name", ["example", "directory", "much", "little"])
    def test_json_is_what_the_schema_says(self, write, site, name):
        """Every member that is printed is described, every one that is described is printed."""
        path = EXAMPLE if name == "example" else write(CONFIGS[name].replace("SITE", str(site)))
        value = json.loads(run_gate("config", "--json", "-c", path, check=True).stdout)
        schema = json.loads(run_gate("config", "--schema", check=True).stdout)
        jsonschema.Draft202012Validator.check_schema(schema)
        faults = list(jsonschema.Draft202012Validator(schema).iter_errors(value))
        assert not faults, "\n".join(f"{fault.json_path}: {fault.message}" for fault in faults)

    @pytest.mark.parametrize("spoil", [
        lambda c: c.pop("limits"), lambda c: c.update(more=1), lambda c: c.update(watchdog="30s"),
        lambda c: c["limits"].update(streams=0), lambda c: c["sites"][0]["tls"].update(min_version="ssl3"),
        lambda c: c["sites"][0]["routes"][0].update(options={}), lambda c: c["sites"][0]["routes"][0].update(handler="x"),
        lambda c: c["sites"][0]["hsts"].pop("preload"), lambda c: c["listeners"][0].update(scheme="ftp")])
    def test_the_schema_finds_faults(self, spoil):
        value = json.loads(run_gate("config", "--json", "-c", EXAMPLE, check=True).stdout)
        schema = json.loads(run_gate("config", "--schema", check=True).stdout)
        spoil(value)
        assert not jsonschema.Draft202012Validator(schema).is_valid(value)

    def test_reference_has_every_handler(self):
        text = run_gate("config", "--reference", check=True).stdout.decode()
        for name in ("listen", "site", "root", "redirect", "respond", "certificate", "hsts"):
            assert f"`{name}" in text

    def test_json_of_a_configuration(self, write, site):
        value = json.loads(run_gate("config", "--json", "-c", write(GOOD % site), check=True).stdout)
        assert value["sites"][0]["names"] == ["localhost"]

    def test_json_of_a_bad_one(self, write):
        result = run_gate("config", "--json", "-c", write("nonsense;\n"))
        assert result.returncode == 1 and b"error:" in result.stderr and not result.stdout


# --- ca -----------------------------------------------------------------------------------------------------------------

class TestCa:
    def test_is_made_once_and_its_key_is_private(self, tmp_path):
        state = tmp_path / "deep" / "state"
        first = run_gate("ca", "export", "--state", state, check=True).stdout
        assert first.startswith(b"-----BEGIN CERTIFICATE-----\n")
        assert run_gate("ca", "export", "--state", state, check=True).stdout == first
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        assert stat.S_IMODE((state / "ca.key").stat().st_mode) == 0o600
        pem = tmp_path / "ca.pem"
        pem.write_bytes(first)
        said = subprocess.run(["openssl", "x509", "-in", pem, "-noout", "-text"], capture_output=True, check=True).stdout
        assert b"CA:TRUE" in said
        openssl("verify", "-CAfile", pem, pem)

    def test_show(self, tmp_path):
        text = run_gate("ca", "show", "--state", tmp_path, check=True).stdout.decode()
        assert f"{tmp_path}/ca.crt" in text and re.search(r"valid until:\s+20\d\d-\d\d-\d\d", text)
        said = subprocess.run(["openssl", "x509", "-in", tmp_path / "ca.crt", "-noout", "-fingerprint", "-sha256"],
                              capture_output=True, check=True).stdout.decode()
        assert said.strip().partition("=")[2] in text, "as browsers show it"

    def test_default_place(self, tmp_path):
        env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "xdg"), "HOME": str(tmp_path)}
        if os.geteuid() == 0:
            pytest.skip("root's is /var/lib/gate443")
        run_gate("ca", "show", check=True, env=env)
        assert (tmp_path / "xdg" / "gate443" / "ca.crt").exists()

    def test_a_directory_that_others_may_write_to(self, tmp_path):
        open_to_all = tmp_path / "open"
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
        result = run_gate("ca", "show", "--state", open_to_all)
        assert result.returncode == 1 and b"others may write" in result.stderr

    def test_not_a_directory(self, tmp_path):
        (tmp_path / "file").write_text("")
        result = run_gate("ca", "show", "--state", tmp_path / "file")
        assert result.returncode == 1 and b"file" in result.stderr

    def test_a_broken_authority_is_not_replaced(self, tmp_path):
        run_gate("ca", "show", "--state", tmp_path, check=True)
        (tmp_path / "ca.crt").write_text("rubbish\n")
        result = run_gate("ca", "export", "--state", tmp_path)
        assert result.returncode == 1 and (tmp_path / "ca.crt").read_text() == "rubbish\n"

    @pytest.mark.skipif(not shutil.which("certutil"), reason="needs certutil")
    def test_install_and_uninstall_for_a_user(self):
        """As somebody who may not write to the system's store: that part is left to do by hand."""
        home = subprocess.run(["mktemp", "-d", "/tmp/gate443-home-XXXXXX"], capture_output=True, check=True,
                              text=True).stdout.strip()
        user = {}
        if os.geteuid() == 0:
            os.chown(home, 65534, 65534)
            user = {"user": 65534, "group": 65534, "extra_groups": []}
            if subprocess.run(["test", "-x", binary()], **user).returncode:
                pytest.skip("the binary is out of another user's reach")
        env = {**os.environ, "HOME": home, "XDG_STATE_HOME": home + "/state"}
        profile = home + "/.mozilla/firefox/abc.default"
        subprocess.run(["mkdir", "-p", profile], check=True, **user)
        subprocess.run(["certutil", "-d", "sql:" + profile, "-N", "--empty-password"], check=True, **user)

        def trusted(database):
            listed = subprocess.run(["certutil", "-d", "sql:" + database, "-L"], capture_output=True, check=True, **user)
            return re.search(rb"gate443-[0-9a-f]{16}\s+C,,", listed.stdout) is not None

        try:
            result = run_gate("ca", "install", env=env, **user)
            assert result.returncode == 1 and b"by hand: sudo cp" in result.stdout, result
            assert trusted(home + "/.pki/nssdb") and trusted(profile)
            run_gate("ca", "install", env=env, **user)
            assert trusted(profile), "installing twice is harmless"
            run_gate("ca", "uninstall", check=True, env=env, **user)
            assert not trusted(home + "/.pki/nssdb") and not trusted(profile)
            run_gate("ca", "uninstall", check=True, env=env, **user)
        finally:
            shutil.rmtree(home)


# --- ctl ----------------------------------------------------------------------------------------------------------------

class TestCtl:
    CONFIG = "listen https {https};\nlisten http {http};\nsite localhost {\n    respond 200 \"one\";\n}\n"

    def test_nobody_runs(self, tmp_path):
        result = run_gate("ctl", "status", "--state", tmp_path)
        assert result.returncode == 1 and b"no gate443 runs" in result.stderr and not result.stdout

    def test_status(self, gate):
        curl(gate, "/")
        value = json.loads(gate.ctl("status").stdout)
        assert value["workers"] >= 1 and value["version"]
        assert value["metrics"]["conns_accepted"] > 0
        line = gate.ctl("status", "--json").stdout
        assert line.count(b"\n") == 1 and json.loads(line)["ok"] is True

    def test_metrics(self, gate):
        text = gate.ctl("metrics").stdout.decode()
        names = set(re.findall(r"^# TYPE (\w+) (?:counter|gauge)$", text, re.M))
        assert names and names <= set(re.findall(r"^(\w+)(?:\{.*\})? [\d.e+]+$", text, re.M))
        assert text.endswith("\n") and not text.endswith("\n\n")

    def test_the_socket_is_ours_alone(self, gate):
        mode = (gate.state / "control.sock").stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600

    def test_second_server_with_the_same_state(self, gate, site):
        result = run_gate("serve", site, "--https", "127.0.0.1:0", "--http", "off", "--state", gate.state)
        assert result.returncode == 1
        assert b"another gate443 runs with this state directory" in result.stderr
        assert gate.ctl("status").returncode == 0

    def test_reload(self, make_gate):
        gate = make_gate(config=self.CONFIG)
        assert curl(gate, "/").body.strip() == b"one"
        gate.write_config(self.CONFIG.replace("one", "two"))
        result = gate.ctl("reload")
        assert result.returncode == 0 and b"reloaded" in result.stdout
        assert curl(gate, "/").body.strip() == b"two"

    def test_reload_refused(self, make_gate):
        gate = make_gate(config=self.CONFIG)
        gate.write_config(self.CONFIG.replace("respond", "resond"))
        result = gate.ctl("reload")
        assert result.returncode == 1 and not result.stdout
        assert re.search(rb"gate443\.conf:4:5: error: ", result.stderr)
        answer = json.loads(gate.ctl("reload", "--json").stdout)
        assert answer["ok"] is False and "gate443.conf:4:5: error: " in answer["error"]
        assert curl(gate, "/").body.strip() == b"one", "the old one goes on serving"
        gate.write_config(self.CONFIG.replace("one", "three"))
        assert gate.ctl("reload").returncode == 0
        assert curl(gate, "/").body.strip() == b"three"

    def test_stop(self, make_gate):
        gate = make_gate(config=self.CONFIG)
        assert b"stopping" in gate.ctl("stop").stdout
        wait_until(lambda: gate.process.poll() is not None, 15 * PATIENCE, what="its end")
        assert gate.process.returncode == 0
        assert not (gate.state / "control.sock").exists()
        assert gate.ctl("status").returncode == 1

    def test_state_directory_deeper_than_a_socket_address(self, make_gate, tmp_path):
        deep = tmp_path / ("d" * 100) / ("e" * 100)
        gate = make_gate(config=self.CONFIG, state=deep)
        assert gate.ctl("status").returncode == 0

    def test_after_a_kill_the_next_start_finds_its_way(self, make_gate, tmp_path):
        gate = make_gate(config=self.CONFIG, state=tmp_path / "state")
        gate._kill()
        assert (tmp_path / "state" / "control.sock").exists()
        again = make_gate(config=self.CONFIG, state=tmp_path / "state")
        assert again.ctl("status").returncode == 0
        gate.process = None


# --- serve --------------------------------------------------------------------------------------------------------------

def test_serve_keeps_its_state_where_the_configuration_says(tmp_path, write):
    state = tmp_path / "kept"
    conf = write(f"state {state};\nsite localhost {{ respond 200 ok; }}\n")
    process = subprocess.Popen([str(binary()), "serve", "-c", str(conf), "--https", "127.0.0.1:0", "--http", "off"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: (state / "control.sock").exists() and (state / "ca.crt").exists())
        assert run_gate("ctl", "stop", "--state", state).returncode == 0
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


def test_serve_refuses_a_bad_configuration_with_every_mistake(write):
    result = run_gate("serve", "-c", write("site localhost { rot /; lst 1; }\n"))
    assert result.returncode == 1
    assert b"unknown directive `rot`" in result.stderr and b"unknown directive `lst`" in result.stderr
