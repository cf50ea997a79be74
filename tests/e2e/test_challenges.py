"""`challenges DIR;`: what ACME clients beside us leave there is handed to certificate authorities on the plain port, and
nothing else is."""
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest

from clients import curl, need, run
from gate import Gate, binary, run_gate, wait_until
from http1 import Http1
from pebble import Pebble

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr_oA"
THUMBPRINT = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
PREFIX = "/.well-known/acme-challenge/"

CONFIG = """listen https {https};
listen http {http};
workers 4;
access_log {root}/access.log json;
site other.test { certificate local; root {root}/other; }
challenges {root}/acme;
site site.test *.wild.test { certificate local; root {root}/www; respond /exact 200 "ok"; }
"""


def tree(root):
    for name in ("acme/.well-known/acme-challenge", "www/.well-known/acme-challenge", "other"):
        (root / name).mkdir(parents=True)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    return root


def leave(path, content=None):
    """As an ACME client leaves it: readable by all, whatever the umask is."""
    path.write_text(f"{path.name}.{THUMBPRINT}" if content is None else content)
    path.chmod(0o644)
    return path


@pytest.fixture
def root():
    home = Path(tempfile.mkdtemp(prefix="gate443-acme-"))
    yield tree(home)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def acme_gate(make_gate, root):
    return make_gate(config=CONFIG, root=root, names=("site.test", "other.test"))


def ask(gate, target, host="site.test", method="GET"):
    """One request on a connection of its own, the target as it stands."""
    with Http1(gate.tcp(gate.http)) as http:
        return http.request(method, target, host)


def is_redirect(gate, response, target, host="site.test"):
    return response.status == 301 and response.get("location") == f"https://{host}:{gate.https}{target}"


def workers(gate):
    out = subprocess.run(["pgrep", "-P", str(gate.pid), "-f", "role worker"], stdout=subprocess.PIPE).stdout
    return [int(word) for word in out.split()]


def uid(pid):
    return next(int(line.split()[2]) for line in open(f"/proc/{pid}/status") if line.startswith("Uid:"))


# --- answers ------------------------------------------------------------------------------------------------------------

def test_every_worker_answers_what_comes_after_the_start(acme_gate, root):
    assert len(workers(acme_gate)) == 4
    if os.geteuid() == 0:
        assert all(uid(pid) != 0 for pid in workers(acme_gate))
    assert is_redirect(acme_gate, ask(acme_gate, PREFIX + TOKEN), PREFIX + TOKEN)
    answer = leave(root / "acme" / PREFIX[1:] / TOKEN)
    for _ in range(60):
        response = ask(acme_gate, PREFIX + TOKEN)
        assert response.status == 200 and response.body == answer.read_bytes()
    assert response.get("content-type") == "application/octet-stream"
    assert response.get("cache-control") == "no-store"
    assert "strict-transport-security" not in response
    head = ask(acme_gate, PREFIX + TOKEN, method="HEAD")
    assert head.status == 200 and head.get("content-length") == str(len(answer.read_bytes()))
    answer.unlink()
    for _ in range(20):
        assert is_redirect(acme_gate, ask(acme_gate, PREFIX + TOKEN), PREFIX + TOKEN)

    def logged():
        lines = [json.loads(line) for line in (root / "access.log").read_text().splitlines()]
        return [line for line in lines if line["handler"] == "challenge" and line["status"] == 200]

    wait_until(lambda: len(logged()) == 61, what="the lines of the access log")


def test_every_name_and_both_places(acme_gate, root):
    leave(root / "acme" / TOKEN)
    for host in ("site.test", "SITE.test", "other.test", "a.wild.test", f"site.test:{acme_gate.http}"):
        assert ask(acme_gate, PREFIX + TOKEN, host).status == 200, host
    assert ask(acme_gate, PREFIX + TOKEN, "unknown.test").status == 404
    assert ask(acme_gate, PREFIX + TOKEN, "127.0.0.1").status == 404
    assert curl(acme_gate, acme_gate.http_url + PREFIX + TOKEN).status == 200
    # Authorities ask on the plain port. On the other one the path is the site's own.
    assert curl(acme_gate, PREFIX + TOKEN).status == 404


def test_what_is_not_there_is_redirected_as_ever(acme_gate, root):
    """So a site's own root goes on being a webroot: authorities follow."""
    leave(root / "www" / PREFIX[1:] / TOKEN)
    assert is_redirect(acme_gate, ask(acme_gate, PREFIX + TOKEN), PREFIX + TOKEN)
    followed = curl(acme_gate, acme_gate.http_url + PREFIX + TOKEN, "--location")
    assert followed.status == 200 and followed.body == f"{TOKEN}.{THUMBPRINT}".encode()
    leave(root / "acme" / TOKEN)
    posted = ask(acme_gate, PREFIX + TOKEN, method="POST")
    assert posted.status == 308


@pytest.mark.parametrize("target, status", [
    (PREFIX, 301),
    (PREFIX + "..", 301),
    (PREFIX + "../../secret", 301),
    (PREFIX + "../../../secret", 400),
    (PREFIX + "%2e%2e/secret", 301),
    (PREFIX + "..%2f..%2f..%2fsecret", 400),
    (PREFIX + "..%5csecret", 400),
    (PREFIX + "%2fetc%2fpasswd", 301),
    (PREFIX + "/etc/passwd", 301),
    (PREFIX + "sub/" + TOKEN, 301),
    (PREFIX + TOKEN + "/", 301),
    (PREFIX + TOKEN + ".txt", 301),
    (PREFIX + TOKEN + "%00", 400),
    (PREFIX + TOKEN + "%0a", 400),
    (PREFIX + TOKEN + "=", 301),
    (PREFIX + ".hidden", 301),
    (PREFIX + "notes", 301),
    (PREFIX + "large", 301),
    (PREFIX + "directory", 301),
    (PREFIX + "fifo", 301),
    (PREFIX + "relative", 403),
    (PREFIX + "absolute", 403),
    (PREFIX + "closed", 403),
    (PREFIX + "a" * 255, 301),
    (PREFIX + "a" * 256, 301),
    (PREFIX + "a" * 5000, 301),
    ("/" + TOKEN, 301),
    ("/.well-known/" + TOKEN, 301),
])
def test_nothing_else_is_handed_out(hostile_gate, target, status):
    response = ask(hostile_gate, target)
    assert response.status == status
    assert THUMBPRINT.encode() not in response.body and b"root:" not in response.body
    assert ask(hostile_gate, PREFIX + TOKEN).status == 200


@pytest.fixture(scope="module")
def hostile_gate(gate_binary):
    home = Path(tempfile.mkdtemp(prefix="gate443-acme-"))
    acme = tree(home) / "acme"
    (acme / "sub").mkdir()
    (acme / "directory").mkdir()
    for path in (home / "secret", acme / "secret.txt", acme / ".hidden", acme / TOKEN, acme / "sub" / TOKEN,
                 acme / (TOKEN + ".txt"), acme / (TOKEN + "=")):
        leave(path)
    leave(home / "relative")
    leave(home / "absolute")
    leave(acme / "notes", "what a site's root may hold, and only the site's routes may give\n")
    leave(acme / "large", f"large.{THUMBPRINT}" + "\n" * 5000)
    leave(acme / "closed").chmod(0o600 if os.geteuid() == 0 else 0)
    os.mkfifo(acme / "fifo", 0o644)
    (acme / "relative").symlink_to("../relative")
    (acme / "absolute").symlink_to(home / "absolute")
    with Gate(config=CONFIG, root=home, names=("site.test", "other.test")) as gate:
        yield gate
    shutil.rmtree(home, ignore_errors=True)


# --- the directive ------------------------------------------------------------------------------------------------------

def test_without_it_all_is_redirected(make_gate, root):
    leave(root / "acme" / TOKEN)
    gate = make_gate(config=CONFIG.replace("challenges {root}/acme;", ""), root=root, names=("site.test",))
    assert is_redirect(gate, ask(gate, PREFIX + TOKEN), PREFIX + TOKEN)


def test_directories_are_not_mixed_up(make_gate, root):
    """Parent and workers count directories alike: with many of them, in included files, and in every place."""
    leave(root / "acme" / TOKEN)
    for name in ("www", "other"):
        leave(root / name / "index.html", name)
    (root / "first.conf").write_text(f"challenges {root}/acme;\n")
    for at in (0, 1, 2):
        lines = [f"site other.test {{ certificate local; root {root}/other; }}",
                 f"site site.test {{ certificate local; root {root}/www; }}"]
        lines.insert(at, f"include {root}/first.conf;")
        gate = make_gate(config="listen https {https};\nlisten http {http};\nworkers 2;\n" + "\n".join(lines),
                         root=root, names=("site.test", "other.test"))
        for _ in range(10):
            assert ask(gate, PREFIX + TOKEN).status == 200
        assert curl(gate, "/").body == b"www"
        assert curl(gate, f"https://other.test:{gate.https}/").body == b"other"


def test_reload_and_a_new_worker(acme_gate, root):
    leave(root / "acme" / TOKEN)
    (root / "elsewhere").mkdir()
    (root / "elsewhere").chmod(0o755)
    leave(root / "elsewhere" / "other-token")
    assert ask(acme_gate, PREFIX + "other-token").status == 301
    acme_gate.write_config(CONFIG.replace("{root}/acme", "{root}/elsewhere"))
    assert acme_gate.ctl("reload").returncode == 0
    assert ask(acme_gate, PREFIX + "other-token").status == 200
    assert ask(acme_gate, PREFIX + TOKEN).status == 301
    before = workers(acme_gate)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(workers(acme_gate)) == 4 and not set(before) & set(workers(acme_gate)), what="new workers")
    for _ in range(20):
        assert ask(acme_gate, PREFIX + "other-token").status == 200
    acme_gate.write_config(CONFIG.replace("{root}/acme", "{root}/missing"))
    refused = acme_gate.ctl("reload")
    assert refused.returncode != 0 and b"missing" in refused.stdout + refused.stderr
    assert ask(acme_gate, PREFIX + "other-token").status == 200


def test_check_and_explain(root):
    config = root / "gate443.conf"
    config.write_text(f"site site.test {{ certificate local; root {root}/www; }}\nchallenges {root}/acme;\n")
    said = run_gate("explain", "-c", config, f"http://site.test{PREFIX}x", check=True).stdout.decode()
    assert f"challenge    from {root}/acme, if an answer lies there; else:   ({config}:2)" in said
    assert "redirects to https" in said
    for url in (f"https://site.test{PREFIX}x", "http://site.test/x", f"http://site.test{PREFIX}x.y"):
        assert b"challenge  " not in run_gate("explain", "-c", config, url, check=True).stdout
    config.write_text(config.read_text().replace("/acme;", "/missing;"))
    refused = run_gate("check", config)
    assert refused.returncode == 1 and b":2:12: error: cannot open" in refused.stdout + refused.stderr
    config.write_text(f"site site.test {{ certificate local; root {root}/www; challenges {root}/acme; }}\n")
    refused = run_gate("check", config)
    assert refused.returncode == 1 and b"outside of every block" in refused.stdout + refused.stderr


# --- real ACME clients --------------------------------------------------------------------------------------------------

ISSUED = CONFIG.replace("site site.test *.wild.test { certificate local;",
                        "site site.test { certificate {root}/live/fullchain.pem {root}/live/privkey.pem;")


def serial(gate, trusted):
    """Of the certificate that site.test shows, which must end in `trusted`."""
    context = ssl.create_default_context(cafile=str(trusted))
    with gate.tls(name="site.test", context=context) as sock:
        return sock.getpeercert()["serialNumber"]


def challenges_answered(root):
    lines = [json.loads(line) for line in (root / "access.log").read_text().splitlines()]
    return len([line for line in lines if line["handler"] == "challenge" and line["status"] == 200])


def install(gate, root, chain, key):
    (root / "live").mkdir()
    (root / "live/fullchain.pem").symlink_to(chain)
    (root / "live/privkey.pem").symlink_to(key)
    gate.write_config(ISSUED)
    result = gate.ctl("reload")
    assert result.returncode == 0, result


def test_certbot(acme_gate, root):
    """As the guide says: --webroot, a first certificate, and a renewal that is served by itself."""
    home = root / "certbot"

    def certbot(*words, env):
        result = run([need("certbot"), *words, "--non-interactive", "--config-dir", home, "--work-dir", home / "work",
                      "--logs-dir", home / "logs"], 90, env={**os.environ, **env})
        return result.returncode, (result.stdout + result.stderr).decode(errors="replace")

    with Pebble(root / "pebble", acme_gate.http, acme_gate.https) as pebble:
        env = {"REQUESTS_CA_BUNDLE": str(pebble.certificate)}
        first = ["certonly", "--server", pebble.directory, "--agree-tos", "--register-unsafely-without-email",
                 "--webroot", "--domain", "site.test", "--webroot-path"]
        code, said = certbot(*first, root / "other", env=env)
        assert code == 1 and "404" in said, said         # the authority does look
        hook = f"{binary()} ctl reload --state {acme_gate.state}"
        code, said = certbot(*first, root / "acme", "--deploy-hook", hook, env=env)
        assert code == 0, said + pebble.log()
        assert challenges_answered(root) >= 1
        install(acme_gate, root, home / "live/site.test/fullchain.pem", home / "live/site.test/privkey.pem")
        before = serial(acme_gate, pebble.root)
        code, said = certbot("renew", "--force-renewal", "--no-random-sleep-on-renew", env=env)
        assert code == 0, said + pebble.log()
        assert serial(acme_gate, pebble.root) != before


def test_dehydrated(acme_gate, root):
    """It is told the place itself, so its answers lie in DIR."""
    home = root / "dehydrated"
    home.mkdir()
    with Pebble(root / "pebble", acme_gate.http, acme_gate.https) as pebble:
        config = home / "config"
        config.write_text(f'CA="{pebble.directory}"\nBASEDIR="{home}"\nWELLKNOWN="{root}/acme"\n'
                          f'CURL_OPTS="--cacert {pebble.certificate}"\nKEY_ALGO=prime256v1\n')
        for words in (["--register", "--accept-terms"], ["--cron", "--domain", "site.test"]):
            result = run([need("dehydrated"), "--config", config, *words], 90)
            assert result.returncode == 0, (result.stdout + result.stderr).decode() + pebble.log()
        assert challenges_answered(root) >= 1
        install(acme_gate, root, home / "certs/site.test/fullchain.pem", home / "certs/site.test/privkey.pem")
        assert serial(acme_gate, pebble.root)
