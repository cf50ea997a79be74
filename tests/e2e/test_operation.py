"""What an administrator does to a running server, and what a script relies on."""
import json
import os
import signal
import socket
import subprocess

import pytest

from clients import curl, h2load
from gate import binary, run_gate, wait_until

CONFIG = """listen https {https};
listen http {http};
workers 1;
site localhost {
    respond 200 "one";
}
"""
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def workers(gate):
    out = subprocess.run(["pgrep", "-P", str(gate.process.pid), "-f", "role worker"], stdout=subprocess.PIPE).stdout
    return [int(word) for word in out.split()]


def served(gate):
    return curl(gate, "/").body.strip()


# --- signals ------------------------------------------------------------------------------------------------------------

def test_a_signal_during_a_reload_is_not_lost(make_gate):
    gate = make_gate(config=CONFIG)
    worker, = workers(gate)
    os.kill(worker, signal.SIGSTOP)  # the reload waits for it
    try:
        gate.write_config(CONFIG.replace("one", "two"))
        asked = socket.socket(socket.AF_UNIX)
        asked.connect(str(gate.state / "control.sock"))
        asked.sendall(b'{"verb":"reload"}\n')
        assert gate.ctl("status").returncode == 0  # behind it in the queue: the reload has begun
        gate.write_config(CONFIG.replace("one", "three"))
        gate.process.send_signal(signal.SIGHUP)
        assert gate.ctl("status").returncode == 0  # signals and the socket share one loop: it was seen
    finally:
        os.kill(worker, signal.SIGCONT)
    assert b"true" in asked.recv(4096)
    wait_until(lambda: served(gate) == b"three", what="the configuration that stands in the file")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_signals_that_reload(make_gate, number):
    """SIGUSR1 is what a logrotate script for nginx sends."""
    gate = make_gate(config=CONFIG)
    gate.write_config(CONFIG.replace("one", "two"))
    gate.process.send_signal(number)
    wait_until(lambda: served(gate) == b"two", what="the new configuration")


def test_the_start_names_every_name(make_gate, site):
    gate = make_gate(site, names=("localhost", "box.test", "*.box.test", "::1"))
    wait_until(lambda: b"listening on" in gate.log(), what="the banner")
    said = gate.log().decode()
    for name in ("localhost", "box.test", "*.box.test", "[::1]"):
        assert f"  https://{name}:{gate.https}/" in said


def test_the_start_does_not_name_thousands(make_gate):
    names = " ".join(f"n{i}.test" for i in range(50))
    sites = "".join(f"site s{i}.test {{\n    respond 200;\n}}\n" for i in range(50))
    gate = make_gate(config=CONFIG.replace("site localhost", f"site localhost {names}") + sites)
    wait_until(lambda: b"listening on" in gate.log(), what="the banner")
    said = gate.log()
    assert b"n6.test" in said and b"n7.test" not in said and b"and 43 names more" in said
    assert b"s14.test" in said and b"s15.test" not in said and b"and 35 sites more" in said


def test_quit_ends_it_in_peace(make_gate):
    gate = make_gate(config=CONFIG)
    gate.process.send_signal(signal.SIGQUIT)
    assert gate.process.wait(20) == 0


def test_processes_have_names(make_gate):
    gate = make_gate(config=CONFIG)
    names = {open(f"/proc/{pid}/comm").read().strip() for pid in gate.descendants()}
    assert {"gate443-keeper", "gate443-worker"} <= names


# --- files --------------------------------------------------------------------------------------------------------------

def test_a_log_that_is_a_pipe_without_reader(make_gate):
    """Opening one waits for a reader: for ever, and deaf to SIGTERM."""
    gate = make_gate(config=CONFIG)
    os.mkfifo(gate.home / "log")
    gate.write_config(f"access_log {gate.home}/log;\n" + CONFIG)
    result = gate.ctl("reload")
    assert result.returncode == 1 and b"nobody reads this pipe" in result.stderr
    assert served(gate) == b"one"
    reader = os.open(gate.home / "log", os.O_RDONLY | os.O_NONBLOCK)
    assert gate.ctl("reload").returncode == 0
    assert served(gate) == b"one"
    wait_until(lambda: b'"path":"/"' in os.read(reader, 65536), what="a line of the log")
    os.close(reader)


@root_only
def test_an_access_log_on_a_full_disk(make_gate, tmp_path):
    """It is told, visitors notice nothing, and with space again every line is there, whole."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], check=True)
    try:
        (disk / "ballast").write_bytes(bytes(120 << 10))
        gate = make_gate(config=f"access_log {disk}/log;\n" + CONFIG)
        assert h2load(gate, requests=120)["2xx"] == 120
        wait_until(lambda: b"the access log cannot be written: no space left on the device" in gate.log(),
                   what="a line of the error log")
        (disk / "ballast").unlink()
        wait_until(lambda: b"the access log is written again; 0 lines were lost" in gate.log(), what="recovery")
        lines = (disk / "log").read_bytes().split(b"\n")
        assert lines.pop() == b""
        whole = [json.loads(line) for line in lines if line.endswith(b"}")]
        assert len(whole) == 120
        assert len(lines) - len(whole) <= 1, "what the full disk cut short stands alone"
        gate.stop()
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@root_only
def test_fmt_leaves_a_file_to_its_owner(tmp_path):
    path = tmp_path / "gate443.conf"
    path.write_text("site   a.test{root   /;}")
    os.chown(path, 12, 34)
    path.chmod(0o640)
    run_gate("fmt", "-w", path, check=True)
    assert path.read_text().startswith("site a.test {\n")
    now = path.stat()
    assert (now.st_uid, now.st_gid, now.st_mode & 0o777) == (12, 34, 0o640)


@pytest.mark.parametrize("words", [["help"], ["version"], ["config", "--schema"], ["config", "--reference"],
                                   ["fmt", "FILE"], ["check", "FILE"], ["explain", "-c", "FILE", "https://a.test/"],
                                   ["ca", "show", "--state", "DIR"], ["ca", "export", "--state", "DIR"]])
def test_an_answer_that_cannot_be_written(tmp_path, words):
    (tmp_path / "file").write_text("site a.test {\n    respond 200 a;\n}\n")
    words = [{"FILE": tmp_path / "file", "DIR": tmp_path}.get(word, word) for word in words]
    with open("/dev/full", "wb") as full:
        result = subprocess.run([binary(), *words], stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 1 and b"cannot be written" in result.stderr, result


# --- what check finds, serve and reload refuse --------------------------------------------------------------------------

def test_check_knows_what_serve_refuses(tmp_path, site):
    path = tmp_path / "gate443.conf"
    path.write_text(f"user nobody-of-that-name;\nsite a.test {{\n    root {site};\n}}\n")
    result = run_gate("check", path)
    assert result.returncode == 1 and b"nobody-of-that-name" in result.stderr
    path.write_text("".join(f"site s{i}.test {{\n    root {site};\n}}\n" for i in range(300)))
    result = run_gate("check", path)
    assert result.returncode == 1 and b"300 directories" in result.stderr


@root_only
def test_the_user_changes_with_the_next_start_and_the_keeper_never(make_gate):
    gate = make_gate(config="user daemon;\n" + CONFIG)
    gate.write_config("user www-data;\n" + CONFIG)
    result = gate.ctl("reload")
    assert result.returncode == 0 and b"keep their user" in result.stdout
    keeper, = subprocess.run(["pgrep", "-P", str(gate.process.pid), "-f", "role keeper"],
                             stdout=subprocess.PIPE).stdout.split()
    os.kill(int(keeper), signal.SIGKILL)

    def user_of_the_next():
        pids = subprocess.run(["pgrep", "-P", str(gate.process.pid), "-f", "role keeper"],
                              stdout=subprocess.PIPE).stdout.split()
        pids = [pid for pid in pids if pid != keeper]
        text = open(f"/proc/{int(pids[0])}/status").read() if pids else ""
        uid = next((line.split()[1] for line in text.splitlines() if line.startswith("Uid:")), "0")
        return uid if uid != "0" else None      # still root: on its way into the sandbox
    assert wait_until(user_of_the_next, what="a next keeper that has dropped root") == "65534"


def test_https_cannot_be_switched_off(tmp_path):
    path = tmp_path / "gate443.conf"
    path.write_text("site a.test {\n    respond 200 a;\n}\n")
    result = run_gate("serve", "-c", path, "--https", "off", "--http", "127.0.0.1:0", "--state", tmp_path / "s",
                      timeout=10)
    assert result.returncode == 1 and b"--https off" in result.stderr


def test_a_configuration_from_a_pipe_could_not_be_read_again(tmp_path):
    result = run_gate("serve", "-c", "-", "--state", tmp_path / "s", timeout=10)
    assert result.returncode == 1 and b"reload" in result.stderr


def test_the_caret_stands_below_a_mistake_far_to_the_right(tmp_path):
    path = tmp_path / "gate443.conf"
    path.write_text("site a.test { respond 200 a; " + "header add X-A ä; " * 40 + "bogus x; }\n")
    line, caret = run_gate("check", path).stderr.decode().splitlines()[1:3]
    at = caret.index("^")
    assert line[at:at + 5] == "bogus" and caret[at:] == "^~~~~" and len(line) < 200


@pytest.mark.parametrize("text, told", [("include none/*.conf;\n", b"not found"), (None, b"it is a directory"),
                                        ("#", b"larger than 8 MiB")])
def test_what_cannot_be_read_is_told_as_what_it_is(tmp_path, text, told):
    path = tmp_path / "gate443.conf"
    path.mkdir() if text is None else path.write_text("#" * (9 << 20) if text == "#" else text)
    result = run_gate("check", path)
    assert result.returncode == 1 and told in result.stderr


def test_uninstall_makes_no_authority_and_claims_nothing(tmp_path):
    """Without its certificate nobody knows which one to take out: it may be trusted still."""
    result = run_gate("ca", "uninstall", "--state", tmp_path, env={**os.environ, "HOME": str(tmp_path / "home")})
    assert result.returncode == 1 and b"ca.crt: not found" in result.stderr and b"done" not in result.stdout
    assert not (tmp_path / "ca.key").exists()
