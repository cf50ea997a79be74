"""Starts the real binary for end-to-end tests, and talks to it.

A Gate owns a temporary directory (state, configuration, logs), two free ports and one gate443 process group. stop()
ends it with SIGTERM and is itself a test: the exit must be clean, and nothing the house would call a crash may stand
in the log. The binary comes from the environment variable GATE443, else build/gate443.
"""
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
SANITIZED = os.environ.get("GATE443_SANITIZED") == "1"
# Sanitizers cost a factor of two to five; on a busy machine the factor is worse.
PATIENCE = 4 if SANITIZED else 1

CRASH = re.compile(rb"(ERROR: \w+Sanitizer|runtime error:|Assertion `.*' failed|"
                   rb"Can't open file|stack smashing|double free|free\(\): invalid)")


def binary():
    path = Path(os.environ.get("GATE443") or TREE / "build" / "gate443").resolve()
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist: run `make build`, or set GATE443")
    return path


def free_port(address="127.0.0.1", kind=socket.SOCK_STREAM):
    """A port nobody listens on now. Somebody else may take it before we do: Gate.start then tries another."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.bind((address, 0))
        return sock.getsockname()[1]


def wait_until(condition, seconds=10, step=0.02, what="the condition"):
    """Calls condition() until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come true in {seconds * PATIENCE} s")
        time.sleep(step)


def run_gate(*args, check=False, timeout=60, **kwargs):
    """One short command of the binary: ca export, check FILE, explain …"""
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    result = subprocess.run([str(binary()), *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            timeout=timeout * PATIENCE, **kwargs)
    assert not CRASH.search(result.stderr), result.stderr.decode(errors="replace")
    if check:
        assert result.returncode == 0, (result.args, result.stdout, result.stderr)
    return result


class Gate:
    def __init__(self, directory=None, *, config=None, names=("localhost",), args=(), workers=None, single=False,
                 address="127.0.0.1", state=None, env=None, root=None, prefix=()):
        """directory: what to serve; or config: the text of a configuration file, in which {https}, {http}, {state}
        and {root} are replaced (root being this Gate's own directory, or the one given). names: the names of the site;
        with a configuration, those that it says, the first being the one that url means. prefix: words in front of the
        command, of a program that ends by executing it."""
        self.home = Path(tempfile.mkdtemp(prefix="gate443-test-"))
        self.home.chmod(0o755)
        self.directory = directory
        self.config_text = config
        self.names = tuple(names)
        self.args = tuple(args)
        self.workers = workers
        self.single = single
        self.address = address
        self.state = Path(state) if state else self.home / "state"
        self.root = Path(root) if root else self.home
        self.prefix = tuple(prefix)
        self.env = {**os.environ, **(env or {})}
        self.process = None
        self.https = self.http = 0
        self.log_path = self.home / "gate443.log"
        self.config_path = self.home / "gate443.conf"
        self._ca_path = None

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self):
        for attempt in range(5):
            self.https, self.http = free_port(self.address), free_port(self.address)
            self._spawn()
            try:
                wait_until(self._answers, 20, what="a listening gate443")
                return self
            except (RuntimeError, TimeoutError) as error:
                self._kill()
                log = self.log()
                if attempt == 4 or b"in use" not in log.lower():
                    raise RuntimeError(f"gate443 did not start ({error}):\n" + log.decode(errors="replace")) from None
        return self

    def command(self):
        command = [*self.prefix, str(binary()), "serve"]
        if self.directory:
            command.append(str(self.directory))
        command += ["--https", self.endpoint(self.https), "--http", self.endpoint(self.http),
                    "--state", str(self.state)]
        if self.config_text is None and self.names != ("localhost",):
            command += [word for name in self.names for word in ("--name", name)]
        if self.workers:
            command += ["--workers", str(self.workers)]
        if self.single:
            command.append("--single")
        if self.config_text is not None:
            self.write_config(self.config_text)
            command += ["-c", str(self.config_path)]
        return command + [str(arg) for arg in self.args]

    def write_config(self, text):
        """Writes the configuration file; of a running Gate, use it together with reload()."""
        values = {"https": self.endpoint(self.https), "http": self.endpoint(self.http), "state": self.state,
                  "root": self.root}
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        self.config_text = text
        self.config_path.write_text(text)

    def endpoint(self, port):
        return f"[{self.address}]:{port}" if ":" in self.address else f"{self.address}:{port}"

    def _spawn(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self.env, start_new_session=True)

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"it ended with {self.process.returncode}")
        # A listening socket is the parent's; only a handshake tells that keys and workers are there. Whom it is with
        # doesn't matter: an alert is an answer, too.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            socket.create_connection((self.address, self.http), 1).close()
            with socket.create_connection((self.address, self.https), 2 * PATIENCE) as sock:
                context.wrap_socket(sock, server_hostname=self.names[0]).close()
        except ssl.SSLError as error:
            return error.reason is not None and "ALERT" in error.reason
        except OSError:
            return False
        return True

    def _kill(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()

    def stop(self, seconds=15, expect=0):
        """Ends the server with SIGTERM and asserts that it ends cleanly, soon, with all its children."""
        if self.process is None:
            return
        process, self.process = self.process, None
        children = self.descendants(process.pid)
        try:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(seconds * PATIENCE)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"gate443 still runs {seconds * PATIENCE} s after SIGTERM:\n" +
                                     self.log().decode(errors="replace")) from None
            assert process.returncode == expect, \
                f"gate443 ended with {process.returncode}:\n" + self.log().decode(errors="replace")
            wait_until(lambda: not [pid for pid in children if _alive(pid)], 5, what="the end of all its children")
            self.assert_no_crash()
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            shutil.rmtree(self.home, ignore_errors=True)

    def assert_no_crash(self):
        crash = CRASH.search(self.log())
        assert not crash, self.log()[max(0, crash.start() - 200):].decode(errors="replace")

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.stop()
        else:
            log = self.log()
            self._kill()
            self.process = None
            shutil.rmtree(self.home, ignore_errors=True)
            if log:
                print("--- gate443's log ---\n" + log[-20000:].decode(errors="replace"))

    # --- looking inside -----------------------------------------------------------------------------------------

    def log(self):
        return self.log_path.read_bytes() if self.log_path.exists() else b""

    @property
    def pid(self):
        return self.process.pid

    def descendants(self, pid=None):
        """The pids of all processes below the parent, as /proc tells."""
        return _descendants(pid or self.process.pid)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def ctl(self, *words):
        return run_gate("ctl", *words, "--state", self.state)

    @property
    def ca(self):
        """Path of the local authority's certificate, as `gate443 ca export` prints it."""
        if self._ca_path is None:
            result = run_gate("ca", "export", "--state", self.state, check=True)
            assert b"BEGIN CERTIFICATE" in result.stdout, result
            path = self.home / "ca.pem"
            path.write_bytes(result.stdout)
            self._ca_path = path
        return self._ca_path

    @property
    def url(self):
        return f"https://{self.names[0]}:{self.https}"

    @property
    def http_url(self):
        return f"http://{self.names[0]}:{self.http}"

    @property
    def authority(self):
        return f"{self.names[0]}:{self.https}"

    # --- connecting ---------------------------------------------------------------------------------------------

    def tls_context(self, alpn=("http/1.1",), verify=True):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if verify:
            context.load_verify_locations(self.ca)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context

    def tcp(self, port=None, timeout=10):
        sock = socket.create_connection((self.address, port or self.https), timeout * PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def tls(self, alpn=("http/1.1",), name=None, context=None, session=None, timeout=10):
        """A connected, verified TLS socket. Closing it is the caller's."""
        context = context or self.tls_context(alpn)
        sock = self.tcp(timeout=timeout)
        try:
            return context.wrap_socket(sock, server_hostname=name or self.names[0], session=session)
        except BaseException:
            sock.close()
            raise


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def _descendants(pid):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as stat:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
            except OSError:
                continue
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found
