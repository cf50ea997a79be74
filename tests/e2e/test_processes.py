"""Processes that die, hang or are short of descriptors, and the end: what visitors notice of it, which is nothing."""
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from clients import curl
from gate import Gate, wait_until

CONFIG = """listen https {https};
listen http {http};
workers 1;
site localhost {
    respond 200 "one";
}
"""


def children(gate, role):
    out = subprocess.run(["pgrep", "-P", str(gate.process.pid), "-f", f"role {role}"], stdout=subprocess.PIPE).stdout
    return [int(word) for word in out.split()]


def listening(pid):
    """How many listening sockets a process holds."""
    listeners = {line.split()[9] for name in ("tcp", "tcp6") for line in open(f"/proc/{pid}/net/{name}")
                 if line.split()[3] == "0A"}
    links = [os.readlink(path.path) for path in os.scandir(f"/proc/{pid}/fd")]
    return sum(link.startswith("socket:[") and link[8:-1] in listeners for link in links)


def kill(gate, role):
    pid, = children(gate, role)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pid not in children(gate, role), what="the end of a killed process")


def test_reload_right_after_workers_died(make_gate):
    gate = make_gate(config=CONFIG)
    for _ in range(3):  # so that the next one is held back for a moment
        wait_until(lambda: children(gate, "worker"), what="a new worker")
        kill(gate, "worker")
    gate.write_config(CONFIG.replace("one", "two"))
    gate.ctl("reload")  # it may be refused, but neither hang nor be lost half-way
    wait_until(lambda: gate.ctl("reload").returncode == 0, what="a reload that is taken")
    assert curl(gate, "/").body.strip() == b"two"


def test_nobody_waits_for_a_worker_that_is_held_back(make_gate):
    """The kernel goes on giving its socket half of all connections; the other worker takes them."""
    gate = make_gate(config=CONFIG.replace("workers 1", "workers 2"))
    stays = children(gate, "worker")[0]
    for _ in range(7):  # the next one comes after seconds only
        other, = wait_until(lambda: [pid for pid in children(gate, "worker") if pid != stays], what="a new worker")
        os.kill(other, signal.SIGKILL)
        wait_until(lambda: other not in children(gate, "worker"), what="the end of a killed process")
    context = gate.tls_context()
    for _ in range(20):
        gate.tls(context=context).close()
    assert children(gate, "worker") == [stays], "none of them waited for the next one"
    wait_until(lambda: len(children(gate, "worker")) == 2, what="the next one")
    for _ in range(20):
        gate.tls(context=context).close()
    if os.geteuid() == 0:  # each listens on its own sockets again, and on no other's
        wait_until(lambda: all(listening(pid) == 2 for pid in children(gate, "worker")), what="two sockets each")


def test_keeper_is_replaced(make_gate):
    gate = make_gate(config=CONFIG)
    kill(gate, "keeper")
    assert curl(gate, "/").body.strip() == b"one", "a handshake waits for the next keeper"


@pytest.mark.parametrize("role", ["worker", "keeper"])
def test_a_process_that_hangs_is_replaced(make_gate, role):
    gate = make_gate(config="watchdog 5s;\n" + CONFIG)
    hung, = children(gate, role)
    others = children(gate, "keeper" if role == "worker" else "worker")
    os.kill(hung, signal.SIGSTOP)
    wait_until(lambda: f"{role} 0 (process {hung}) has not moved for 5 s and is killed".encode() in gate.log(),
               what="a line of the error log")
    wait_until(lambda: children(gate, role) not in ([], [hung]), what="another one")
    assert curl(gate, "/").body.strip() == b"one"
    assert others == children(gate, "keeper" if role == "worker" else "worker"), "who moves is left alone"


def test_who_was_stopped_together_goes_on_together(make_gate):
    """^Z and fg, a container that is paused: the time does not count."""
    gate = make_gate(config="watchdog 5s;\n" + CONFIG)
    before = gate.descendants()
    for pid in (gate.process.pid, *before):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(7)
    os.kill(gate.process.pid, signal.SIGCONT)
    assert gate.ctl("status").returncode == 0
    time.sleep(1.2)  # it has looked
    for pid in before:
        os.kill(pid, signal.SIGCONT)
    assert curl(gate, "/").body.strip() == b"one"
    assert before == gate.descendants() and b"has not moved" not in gate.log()


def test_few_descriptors(site):
    """With 64 of them it starts, and idle connections that take them all are no end."""
    gate = Gate(site, args=["--workers", "1"])
    command = gate.command
    gate.command = lambda: ["prlimit", "--nofile=64:64", *command()]
    with gate:
        idle = [socket.create_connection((gate.address, gate.https)) for _ in range(100)]
        time.sleep(0.3)
        for sock in idle:
            sock.close()
        assert curl(gate, "/hello.txt").status == 200


def test_while_it_drains_newcomers_are_refused(own_site):
    """Not left in a queue that nobody empties: a client can go elsewhere at once."""
    (own_site / "slow.bin").write_bytes(bytes(20_000_000))
    gate = Gate(own_site).start()
    result = []

    def download():
        result.append(len(curl(gate, "/slow.bin", "--limit-rate", "3M", http="--http1.1").body))

    thread = threading.Thread(target=download)
    thread.start()
    time.sleep(0.7)
    gate.process.send_signal(signal.SIGTERM)

    def refused():
        try:
            socket.create_connection((gate.address, gate.https), 1).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass                # it came into the queue in the very moment that the queue was closed
        return False

    wait_until(refused, 1.5, what="a closed port")
    assert thread.is_alive(), "the download goes on"
    thread.join()
    assert result == [20_000_000]
    gate.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server changes users")
def test_a_root_that_workers_cannot_enter_is_told(tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    with Gate(tmp_path / "private") as gate:
        wait_until(lambda: b"is closed to the user that serves it" in gate.log(), what="the warning")
