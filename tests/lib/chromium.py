"""Headless Chromium over the DevTools protocol's pipe (two descriptors, JSON texts that end in a NUL): standard library
only, no driver. The profile, the home and the certificate store are a temporary directory's, so nothing of the machine
is seen or changed."""
import base64
import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from gate import PATIENCE

PROGRAMS = ("/usr/lib/chromium/chromium", "/usr/bin/chromium", "/usr/bin/chromium-browser")

# Nothing of Chromium's own may reach for the network, and nothing but HSTS may turn http into https.
SWITCHES = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --no-default-browser-check
    --disable-background-networking --disable-component-update --disable-sync --disable-default-apps
    --disable-extensions --disable-dev-shm-usage --metrics-recording-only --hide-scrollbars --mute-audio
    --disable-features=HttpsUpgrades,HttpsFirstBalancedMode,HttpsFirstBalancedModeAutoEnable,OptimizationHints,Translate
    --window-size=1280,900 --lang=en --remote-debugging-pipe
""".split()


class Chromium:
    def __init__(self, ca=None, resolve="MAP * 127.0.0.1", switches=()):
        """ca: the path of a certificate authority to trust; resolve: Chromium's --host-resolver-rules."""
        self.home = Path(tempfile.mkdtemp(prefix="gate443-chromium-"))
        self.ca = ca
        self.switches = [*SWITCHES, f"--user-data-dir={self.home}/profile", f"--host-resolver-rules={resolve}",
                         *switches, "about:blank"]
        self.process = None
        self.events = []            # every event since the last clear(): {"method": …, "params": …}
        self._next = 0
        self._input = bytearray()
        self._session = None

    # --- life ---------------------------------------------------------------------------------------------------

    def start(self):
        program = next((path for path in PROGRAMS if os.path.exists(path)), None)
        assert program, "Chromium is not installed: script/setup test"
        if self.ca:
            self._trust(self.ca)
        # Chromium reads commands from descriptor 3 and writes to 4. Ours are moved out of the way first.
        their_in, self._out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())
        self._in, their_out = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in os.pipe())

        def place():
            os.dup2(their_in, 3)
            os.dup2(their_out, 4)

        environment = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": f"{self.home}/.config",
                       "XDG_CACHE_HOME": f"{self.home}/.cache", "XDG_DATA_HOME": f"{self.home}/.local/share"}
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen([program, *self.switches], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, start_new_session=True, preexec_fn=place,
                                            close_fds=True, pass_fds=(3, 4))
        os.close(their_in)
        os.close(their_out)
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Security"):
            self.call(f"{domain}.enable")
        return self

    def _trust(self, ca):
        # Chromium prefers ~/.pki/nssdb where that exists, else $XDG_DATA_HOME/pki/nssdb.
        store = self.home / ".pki" / "nssdb"
        store.mkdir(parents=True)
        for command in (["certutil", "-N", "--empty-password"],
                        ["certutil", "-A", "-t", "C,,", "-n", "gate443 test authority", "-i", str(ca)]):
            subprocess.run(command + ["-d", f"sql:{store}"], check=True, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)

    def stop(self):
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            os.close(self._in)
            os.close(self._out)
            self.process = None
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            if (self.home / "log").exists():
                print((self.home / "log").read_text(errors="replace")[-4000:])
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    # --- protocol -----------------------------------------------------------------------------------------------

    def call(self, method, params=None, seconds=30):
        self._next += 1
        message = {"id": self._next, "method": method, "params": params or {}}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + seconds * PATIENCE
        while True:
            answer = self._read(deadline, method)
            if answer.get("id") == message["id"]:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]

    def _read(self, deadline, waiting_for):
        while b"\0" not in self._input:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError(f"Chromium did not answer: {waiting_for}")
            data = os.read(self._in, 1 << 16)
            if not data:
                raise EOFError("Chromium ended: " + (self.home / "log").read_text(errors="replace")[-4000:])
            self._input += data
        text, _, rest = self._input.partition(b"\0")
        self._input = bytearray(rest)
        message = json.loads(text.decode())
        if "method" in message:
            self.events.append(message)
        return message

    def clear(self):
        self.events.clear()

    def of(self, method):
        return [event["params"] for event in self.events if event["method"] == method]

    # --- what tests ask for -------------------------------------------------------------------------------------

    def visit(self, url, seconds=30):
        """Goes to url, waits for its load event and half a second of quiet. Returns None, or the network error."""
        self.clear()
        answer = self.call("Page.navigate", {"url": url}, seconds)
        if answer.get("errorText"):
            return answer["errorText"]
        deadline = time.monotonic() + seconds * PATIENCE
        while not self.of("Page.loadEventFired"):
            self._read(deadline, f"load of {url}")
        self.settle()
        return None

    def settle(self, quiet=0.5):
        """Takes in events until none came for `quiet` seconds."""
        while True:
            try:
                self._read(time.monotonic() + quiet, "quiet")
            except TimeoutError:
                return

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self):
        """Everything the console shows as an error or a warning, exceptions included."""
        found = [entry["entry"]["text"] + " " + entry["entry"].get("url", "") for entry in self.of("Log.entryAdded")
                 if entry["entry"]["level"] in ("error", "warning")]
        found += [" ".join(str(arg.get("value", "")) for arg in call["args"])
                  for call in self.of("Runtime.consoleAPICalled") if call["type"] in ("error", "warning", "assert")]
        found += [fault["exceptionDetails"]["text"] for fault in self.of("Runtime.exceptionThrown")]
        return found

    def responses(self):
        """{url: DevTools response} of the last visit: status, protocol, headers, securityDetails."""
        return {event["response"]["url"]: event["response"] for event in self.of("Network.responseReceived")}

    def failures(self):
        return [event["errorText"] for event in self.of("Network.loadingFailed")]

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia",
                  {"features": [{"name": "prefers-color-scheme", "value": "dark" if on else "light"}]})

    def screenshot(self, path, width=1280, height=900, full=False):
        self.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        data = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": full})["data"]
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path
