"""`gate443 audit` with many targets: lists, politeness, a slow reader, a journal that survives kill -9, and a scan that
several workers share through Redis. Everything on loopback, where all of 127.0.0.0/8 is ours; a port nobody listens
on is a target that costs one connection."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from gate import Gate, PATIENCE, binary, free_port, run_gate, wait_until

LEAN = ("--no-http", "--no-intrusive", "--no-dns")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("site")
    (directory / "index.html").write_text("hello")
    gate = Gate(directory, address="0.0.0.0").start()
    yield gate
    gate.stop()


@pytest.fixture(scope="module")
def dead():
    return free_port()


def audit(*args, **kwargs):
    return run_gate("audit", "--jsonl", *args, **kwargs)


def lines_of(data):
    return [json.loads(line) for line in data.splitlines()]


def keys_of(reports):
    return Counter(f"{r['host']}:{r['port']}" for r in reports)


def start(*args, **kwargs):
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen([str(binary()), "audit", "--jsonl", *map(str, args)], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, **kwargs)


def end(process):
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_list(tmp_path, dead):
    targets = tmp_path / "targets"
    targets.write_text(f"""# three networks
127.0.0.1:{dead} 127.0.0.1:{dead}   # the same twice

127.1.0.0/30:{dead}
127.1.0.2:{dead}
  not_a_port:99999 a..b
127.2.0.1-127.2.0.3:{dead}
8.8.8.0/24
""")
    result = audit("--targets", targets, *LEAN)
    reports = lines_of(result.stdout)
    assert result.returncode == 1
    assert keys_of(reports) == Counter({f"{ip}:{dead}": 1 for ip in (
        "127.0.0.1", "127.1.0.0", "127.1.0.1", "127.1.0.2", "127.1.0.3", "127.2.0.1", "127.2.0.2", "127.2.0.3")})
    assert all(r["connections"] <= 12 and r["failure"] == "connection refused" for r in reports)
    faults = result.stderr.decode()
    for place in (f"{targets}:6:3: ", f"{targets}:6:20: ", f"{targets}:8:1: "):
        assert place in faults
    assert "--public-ranges" in faults
    assert "8 targets in" in faults and "2 double, 3 faults" in faults


def test_words_that_are_wrong_stop_it_all(dead):
    result = audit(f"127.0.0.1:{dead}", "8.8.8.0/24")
    assert result.returncode == 2 and result.stdout == b"" and b"public" in result.stderr


def test_live_ones(tmp_path, server):
    names = [f"127.{i}.{i}.9:{server.https}" for i in range(1, 13)]
    result = run_gate("audit", "--jsonl", "--targets", "-", stdin=None, input="\n".join(names).encode())
    reports = lines_of(result.stdout)
    assert result.returncode == 1, result.stderr    # it refuses whoever asks for an address: no grade
    assert keys_of(reports) == Counter(names)
    assert all(r["failure"] is None and r["connections"] > 10 for r in reports)


def test_standard_input_is_not_waited_for(dead):
    process = start("--targets", "-", *LEAN, stdin=subprocess.PIPE)
    try:
        for i in range(3):
            process.stdin.write(f"127.0.0.{i + 1}:{dead}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["host"] == f"127.0.0.{i + 1}"
        process.stdin.close()
        assert process.wait(10 * PATIENCE) == 1
    finally:
        process.stdin = None
        end(process)


def is_still(process, seconds=0.7):
    """It has read and written something, and does so no more."""
    io = Path(f"/proc/{process.pid}/io")
    before = io.read_text()
    time.sleep(seconds)
    return "wchar: 0" not in before and io.read_text() == before


def test_a_slow_reader_stops_it(tmp_path, dead):
    """1000 reports are about 800 KB, of which a pipe holds 64 KiB: the process must wait, not hoard."""
    targets = tmp_path / "targets"
    targets.write_text(f"127.3.0.0-127.3.3.231:{dead}\n")
    process = start("--targets", targets, *LEAN)
    try:
        wait_until(lambda: is_still(process), 30)
        assert process.poll() is None
        out, err = process.communicate(timeout=60 * PATIENCE)
        assert sum(keys_of(lines_of(out)).values()) == len(keys_of(lines_of(out))) == 1000
        assert b"1000 targets in" in err
    finally:
        end(process)


def test_who_is_excluded(tmp_path, dead):
    exclude = tmp_path / "exclude"
    exclude.write_text("127.4.0.0/31 # asked us\nlocalhost\n")
    result = audit(f"127.4.0.0/30:{dead}", f"localhost:{dead}", "--exclude", exclude, *LEAN)
    assert set(keys_of(lines_of(result.stdout))) == {f"127.4.0.2:{dead}", f"127.4.0.3:{dead}"}
    assert b"3 excluded" in result.stderr
    exclude.write_text("ok.example\n127.0.0.1/8\n")
    result = audit(f"127.4.0.1:{dead}", "--exclude", exclude)
    assert result.returncode == 1 and f"{exclude}:2: ".encode() in result.stderr and not result.stdout


def test_connections_a_second_to_a_network(dead):
    def seconds(*args):
        before = time.monotonic()
        assert len(lines_of(audit(*args, *LEAN).stdout)) == 16
        return time.monotonic() - before
    assert seconds(f"127.5.0.0/28:{dead}", "--network-rate", "10") >= 1.5
    other = [f"127.5.{i}.1:{dead}" for i in range(16)]
    assert seconds(*other, "--network-rate", "10") < 1.5 * PATIENCE


def kill_and_go_on(command, done, everything):
    """Starts it again and again, and kills it each time it has done some more."""
    for part in (0.1, 0.4, 0.8):
        process = start(*command)
        try:
            wait_until(lambda: done() > everything * part or process.poll() is not None, 30)
            process.send_signal(signal.SIGKILL)
            process.wait()
        finally:
            end(process)
    return audit(*command)


def test_none_lost_and_none_twice_after_kill(tmp_path, dead):
    targets, output, state = tmp_path / "targets", tmp_path / "out.jsonl", tmp_path / "state"
    targets.write_text(f"127.6.0.0/23:{dead}\n")
    command = ("--targets", targets, "--output", output, "--state", state, "--parallel", "8", *LEAN)

    def done():
        return output.read_bytes().count(b"\n") if output.exists() else 0
    result = kill_and_go_on(command, done, 512)
    keys = keys_of(lines_of(output.read_bytes()))
    assert len(keys) == 512 and set(keys.values()) == {1}
    assert b"are done already" in result.stderr
    size = output.stat().st_size
    result = audit(*command)
    assert b"0 targets in" in result.stderr and b"512 done before" in result.stderr
    assert output.stat().st_size == size
    result = audit(*command, "--evidence")
    assert result.returncode == 1 and b"other options" in result.stderr


def test_a_journal_is_in_use(tmp_path, dead):
    state = tmp_path / "state"
    process = start("--targets", "-", "--state", state, stdin=subprocess.PIPE)
    try:
        wait_until(state.exists)
        result = audit(f"127.0.0.1:{dead}", "--state", state)
        assert result.returncode == 1 and b"in use" in result.stderr
    finally:
        end(process)


# --- a scan in Redis ---------------------------------------------------------------------------------------------------

PASSWORD = "sehr%20geheim"


@pytest.fixture(scope="module")
def redis():
    server = shutil.which("redis-server")
    assert server, "redis-server is not installed: script/setup test"
    directory = tempfile.mkdtemp(prefix="gate443-redis-")
    socket = f"{directory}/redis.sock"
    process = subprocess.Popen([server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory,
                                "--requirepass", PASSWORD.replace("%20", " ")],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(socket), what="the Redis server")
        yield f"unix://{socket}?password={PASSWORD}&stream="
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(directory)


def test_a_queue(redis, server, dead):
    queue = ("--queue", redis + "small")
    put = audit(*queue, "--enqueue", f"127.7.0.0/30:{dead}", f"127.7.1.1:{server.https}")
    assert put.returncode == 0 and b"5 targets, 5 of them new" in put.stderr
    put = audit(*queue, "--enqueue", f"127.7.0.1:{dead}", f"127.7.0.9:{dead}")
    assert b"2 targets, 1 of them new" in put.stderr
    work = audit(*queue, *LEAN)
    assert work.returncode == 1 and b"6 targets in" in work.stderr and work.stdout == b""
    result = audit(*queue, "--collect")
    reports = lines_of(result.stdout)
    assert keys_of(reports) == Counter([f"127.7.1.1:{server.https}", f"127.7.0.9:{dead}"] +
                                       [f"127.7.0.{i}:{dead}" for i in range(4)])
    assert [r["failure"] for r in reports if r["host"] == "127.7.1.1"] == [None]
    for part in (put, work, result):
        assert b"geheim" not in part.stderr


def test_a_killed_workers_targets_are_taken_over(redis, dead, tmp_path):
    queue, count, output = ("--queue", redis + "shared"), 1024, tmp_path / "out.jsonl"
    assert audit(*queue, "--enqueue", f"127.8.0.0/22:{dead}").returncode == 0
    workers = [start(*queue, "--lease", "1", "--parallel", "4", *LEAN) for _ in range(3)]
    collector = start(*queue, "--collect", "--output", output)

    def done():
        return output.read_bytes().count(b"\n") if output.exists() else 0
    try:
        for worker, part in zip(workers, (5, 2)):
            wait_until(lambda: done() > count // part, 30)
            worker.send_signal(signal.SIGKILL)
        assert collector.wait(60 * PATIENCE) == 0
        _, err = workers[2].communicate(timeout=20 * PATIENCE)
        assert workers[2].returncode == 1 and b"faults in the list" in err, err
    finally:
        for process in (*workers, collector):
            end(process)
    keys = keys_of(lines_of(output.read_bytes()))
    assert len(keys) == count and set(keys.values()) == {1}


def test_a_queue_that_does_not_let_us_in(redis):
    result = audit("--queue", redis.replace(PASSWORD, "wrong") + "x")
    assert result.returncode == 1 and b"the queue: " in result.stderr
    result = audit("--queue", "redis://me:geheim@127.0.0.1:x?stream=a")
    assert result.returncode == 2 and b"geheim" not in result.stderr


# --- gate443 watch -----------------------------------------------------------------------------------------------------

def watch(*args):
    return run_gate("watch", "--once", "--json", *args, *LEAN)


def changes(result):
    return [(line["target"], line["change"], line["worse"]) for line in lines_of(result.stdout)]


def test_watch_tells_what_is_new(tmp_path):
    state, port, http = tmp_path / "state", free_port(), free_port()
    site = tmp_path / "site"
    site.mkdir()
    target = f"127.0.0.1:{port}"

    def serve(name):
        args = [str(binary()), "serve", str(site), "--https", target, "--http", f"127.0.0.1:{http}", "--name", name,
                "--state", str(tmp_path / name)]
        process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        wait_until(lambda: subprocess.run(["curl", "-sk", "-o", "/dev/null", f"https://{target}/"],
                                          check=False).returncode in (0, 35), 20)
        return process
    server = serve("one.test")
    try:
        assert (target, "first", False) in changes(watch(target, "--state", state, "--sni", "one.test"))
        again = watch(target, "--state", state, "--sni", "one.test")
        assert changes(again) == [] and again.returncode == 0
    finally:
        server.terminate()
        server.wait()
    gone = watch(target, "--state", state)
    assert changes(gone) == [(target, "unreachable", True)] and gone.returncode == 3
    assert changes(watch(target, "--state", state)) == []
    server = serve("two.test")
    try:
        back = [kind for _, kind, _ in changes(watch(target, "--state", state, "--sni", "two.test"))]
        assert back[0] == "reachable" and "certificate" in back
    finally:
        server.terminate()
        server.wait()


def test_watch_runs_until_it_is_told_to_stop(tmp_path, dead):
    process = subprocess.Popen([str(binary()), "watch", "--every", "1s", "--state", str(tmp_path / "state"),
                                f"127.0.0.1:{dead}", *LEAN],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert b"connection refused" in process.stdout.readline()
        kept = tmp_path / "state" / f"127.0.0.1:{dead}.json"
        wait_until(kept.exists)     # it tells first: rather twice than never
        first = kept.stat().st_mtime_ns
        wait_until(lambda: kept.stat().st_mtime_ns != first)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=5 * PATIENCE)
        assert process.returncode == 0 and out == b"" and err == b""
    finally:
        end(process)
