"""Starts that fail: one clear error that says what to do, no noise, exit 1, and soon."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gate import binary, run_gate
from test_commands import make_certificate

NOBODY = 65534
LOG_LINE = re.compile(rb"^\d{4}-\d\d-\d\dT", re.M)
NOISE = re.compile(rb"warning|replaced|did not take|no channel|cannot be asked|\\x0a")


@pytest.fixture(params=["root", "nobody"])
def user(request):
    """Runs gate443 as root and as an ordinary user, in a directory that is theirs."""
    if os.geteuid() != 0 and request.param == "root":
        pytest.skip("the ordinary user's run is enough")
    home = Path(tempfile.mkdtemp(prefix="gate443-start-"))
    becomes = os.geteuid() == 0 and request.param == "nobody"

    class User:
        www = home / "www"
        state = home / "state"
        is_root = os.geteuid() == 0 and not becomes

        def start(self, *args, https="127.0.0.1:0"):
            words = [str(binary()), "serve", *map(str, args), "--https", https, "--http", "off"]
            if "--state" not in args:
                words += ["--state", str(self.state)]
            if becomes:
                for each in [home, *home.rglob("*")]:
                    os.chown(each, NOBODY, NOBODY)
                words = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *words]
            result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    timeout=60)
            assert result.returncode == 1, result
            assert result.stdout == b"", result.stdout
            assert not NOISE.search(result.stderr), result.stderr.decode()
            assert len(LOG_LINE.findall(result.stderr)) == 1, result.stderr.decode()
            return result.stderr

        def write(self, name, text):
            (home / name).write_text(text)
            return home / name

    User.home = home
    User.www.mkdir()
    home.chmod(0o755)
    yield User()
    shutil.rmtree(home, ignore_errors=True)


def test_port_in_use(user):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for _ in range(5):    # what came too much did so now and then
            told = user.start(user.www, https=f"127.0.0.1:{port}")
            assert f"error: cannot start: cannot listen on 127.0.0.1:{port}: in use by another program".encode() in told


def test_port_not_permitted(user):
    if user.is_root or int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 443:
        pytest.skip("every port is permitted")
    assert b"not permitted" in user.start(user.www, https="127.0.0.1:443")


def test_no_such_address(user):
    assert b"cannot listen on 192.0.2.77:8443: no address of this machine" in \
        user.start(user.www, https="192.0.2.77:8443")


def test_no_such_directory(user):
    assert b"cannot open `%s`: not found" % os.fsencode(user.home / "none") in user.start(user.home / "none")
    assert b"is not a directory" in user.start(user.write("file", ""))


def test_no_such_user(user):
    if not user.is_root:
        pytest.skip("only root's server changes users")
    conf = user.write("conf", "user no-such-user; site localhost { respond 200 ok; certificate local; }\n")
    assert b'there is no user "no-such-user"' in user.start("-c", conf)


def test_state(user):
    (user.home / "open").mkdir(mode=0o700)
    (user.home / "open").chmod(0o777)
    assert b"others may write to it" in user.start(user.www, "--state", str(user.home / "open"))
    assert b"say --state DIR for another place" in user.start(user.www, "--state", "/proc/none/state")
    assert b"say --state DIR for another place" in user.start(user.www, "--state", "/dev/null")


def test_state_not_writable(user):
    if user.is_root:
        pytest.skip("root may write anywhere")
    (user.home / "shut").mkdir(mode=0o500)
    told = user.start(user.www, "--state", str(user.home / "shut"))
    assert b"not writable" in told and b"say --state DIR for another place" in told


def test_damaged_authority(user):
    user.state.mkdir(mode=0o700)
    for name in ("ca.key", "ca.crt"):
        (user.state / name).write_text("damaged\n")
        (user.state / name).chmod(0o600)
    for _ in range(5):
        assert b"ca.key in the state directory is damaged" in user.start(user.www)


def test_certificates(user):
    crt, key = make_certificate(user.home, "localhost")
    (user.home / "other").mkdir()
    other_crt, other_key = make_certificate(user.home / "other", "localhost")
    garbage = user.write("garbage", "garbage\n")

    def told(chain, key):
        conf = user.write("conf", f"site localhost {{ respond 200 ok; certificate {chain} {key}; }}\n")
        return user.start("-c", conf)

    assert b"cannot open `%s`: not found" % os.fsencode(user.home / "none") in told(crt, user.home / "none")
    assert b"garbage: not a readable private key" in told(crt, garbage)
    assert b"no PEM text" in told(garbage, key)


def test_key_of_another_certificate(user):
    crt, _ = make_certificate(user.home, "localhost")
    (user.home / "other").mkdir()
    _, key = make_certificate(user.home / "other", "localhost")
    conf = user.write("conf", f"site localhost {{ respond 200 ok; certificate {crt} {key}; }}\n")
    result = run_gate("serve", "-c", conf, "--https", "127.0.0.1:0", "--http", "off", "--state", user.state)
    assert result.returncode == 1
    assert b"the private key does not belong to this certificate" in result.stderr


HOLD = """
import socket, subprocess, sys
held = []
for port in map(int, sys.argv[1].split(",")):
    held.append(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
sys.exit(subprocess.run(sys.argv[2:]).returncode)
"""


def test_both_default_ports_in_use(user):
    """In a network of its own, where the well-known ports are nobody else's."""
    if not user.is_root or subprocess.run(["unshare", "--net", "true"], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("needs a network namespace")
    result = subprocess.run(["unshare", "--net", sys.executable, "-c", HOLD, "443,8443", str(binary()), "serve",
                             str(user.www), "--state", str(user.state)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=60)
    assert result.returncode == 1
    assert not NOISE.search(result.stderr), result.stderr.decode()
    assert b"neither on port 443 (in use by another program) nor on port 8443 (in use by another program)" \
        in result.stderr, result.stderr.decode()
