#!/usr/bin/python3
"""`gate443 audit` beside sslscan and testssl.sh, on Debian's servers in many configurations (peer_servers.py).

    bench/audit_peers.py                         all, with sslscan: agreement, and each difference with its explanation
    bench/audit_peers.py --testssl               and testssl.sh on the few that are marked for it (minutes each)
    bench/audit_peers.py --only nginx-legacy -v  one, with everything that was found
    bench/audit_peers.py --docs                  write the tables of docs/audit-comparison.md anew

Runs in namespaces of its own (root): nothing is reachable from outside, and no server outlives it. Exit status 1: a
configuration did not show what it is meant to, or there is a difference that peer_reasons.py does not explain."""
import argparse
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

sys.dont_write_bytecode = True
warnings.filterwarnings("ignore")
import peer_certs                                                         # noqa: E402
import peer_facts                                                         # noqa: E402
import peer_report                                                        # noqa: E402
from peer_servers import PEERS, STARTERS                                  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
GATE = os.environ.get("GATE443", str(ROOT / "build" / "gate443"))
NAME = peer_certs.NAME
INSIDE = "GATE443_PEERS_INSIDE"


def enter_namespaces():
    """Network, mounts and processes of its own; /etc/hosts knows the name in there."""
    if os.environ.get(INSIDE):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        with tempfile.NamedTemporaryFile("w", delete=False) as hosts:
            hosts.write(f"127.0.0.1 localhost {NAME}\n")
        subprocess.run(["mount", "--bind", hosts.name, "/etc/hosts"], check=True)
        os.unlink(hosts.name)
        become_init()
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, *sys.argv])


def become_init():
    """Who is process 1 has to reap orphans: testssl.sh waits a minute for each of its own that stays."""
    child = os.fork()
    while child:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 255)


class Backend(http.server.BaseHTTPRequestHandler):
    """What stunnel has behind it."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"<!doctype html><title>peer</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that went away is none of our business."""


def start_backend():
    server = Quiet(("127.0.0.1", 0), Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def wait_until_open(process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", 443), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


class Server:
    def __init__(self, peer, certs, backend):
        self.peer, self.folder = peer, Path(tempfile.mkdtemp(prefix="peer-"))
        self.folder.chmod(0o777)
        (self.folder / "www").mkdir()
        (self.folder / "www" / "index.html").write_text("<!doctype html><title>peer</title><p>hello")
        argv, files = STARTERS[peer.server](peer)

        def fill(text):
            return text.replace("@C@", str(certs)).replace("@W@", str(self.folder)).replace("@BACKEND@", str(backend))
        for name, text in files.items():
            (self.folder / name).write_text(fill(text))
        environment = {**os.environ, "HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "GNUTLS_SYSTEM_PRIORITY_FILE": "/dev/null"}
        with open(self.folder / "output", "wb") as output:
            self.process = subprocess.Popen([fill(a) for a in argv], env=environment, stdin=subprocess.PIPE, stdout=output,
                                            stderr=output, cwd=self.folder, start_new_session=True)
        self.up = wait_until_open(self.process)

    def why(self):
        return (self.folder / "output").read_text(errors="replace")[-600:]

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, 15)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, 9)
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- the tools --------------------------------------------------------------------------------------------------------

def timed(argv, seconds, **options):
    begun = time.monotonic()
    done = subprocess.run(argv, capture_output=True, timeout=seconds, stdin=subprocess.DEVNULL, **options)
    return done, time.monotonic() - begun


def run_ours(certs, more=()):
    done, wall = timed([GATE, "audit", "--json", "--no-dns", "--ca", str(certs / "ca.pem"), "--connect-to", "127.0.0.1", *more, NAME], 120)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)["reports"][0], wall


def run_sslscan():
    with tempfile.NamedTemporaryFile(suffix=".xml") as out:
        _, wall = timed(["sslscan", "--show-sigs", f"--xml={out.name}", f"--sni-name={NAME}", "127.0.0.1:443"], 180)
        return Path(out.name).read_text(errors="replace"), wall


def run_testssl(certs, folder):
    tool = shutil.which("testssl") or shutil.which("testssl.sh")
    out = folder / "testssl.json"
    what = ["-p", "-s", "-P", "-f", "-S", "-h", "-U"]    # all but the simulation of clients
    _, wall = timed([tool, "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--nodns", "min", "--add-ca",
                     str(certs / "ca.pem"), "--jsonfile", str(out), *what, f"{NAME}:443"], 3000)
    return json.loads(out.read_text()), wall


def look_at(peer, server, certs, args):
    result = {"id": peer.id, "tools": {}, "wall": {}, "raw": {}}
    ours, result["wall"]["gate443"] = run_ours(certs)
    result["raw"]["gate443"] = ours
    complete, _ = run_ours(certs, ["--thorough"])    # the others' lists are complete, too
    result["tools"]["gate443"] = peer_facts.of_gate443(complete)
    if not args.alone:
        text, result["wall"]["sslscan"] = run_sslscan()
        result["raw"]["sslscan"] = text
        result["tools"]["sslscan"] = peer_facts.of_sslscan(text)
    saved = args.saved / f"{peer.id}.json" if args.saved else None
    if saved and saved.exists():
        result["wall"]["testssl"], result["raw"]["testssl"] = json.loads(saved.read_text())["testssl"]
        result["tools"]["testssl"] = peer_facts.of_testssl(result["raw"]["testssl"])
    elif args.testssl and (peer.testssl or args.only):
        rows, result["wall"]["testssl"] = run_testssl(certs, server.folder)
        result["raw"]["testssl"] = rows
        result["tools"]["testssl"] = peer_facts.of_testssl(rows)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="configurations, separated by commas")
    parser.add_argument("--testssl", action="store_true", help="run testssl.sh, too")
    parser.add_argument("--alone", action="store_true", help="neither sslscan nor testssl.sh")
    parser.add_argument("--raw", type=Path, help="a folder for what the tools said")
    parser.add_argument("--saved", type=Path, help="take testssl.sh's word from such a folder instead of running it")
    parser.add_argument("--docs", action="store_true", help="write docs/audit-comparison.md anew")
    parser.add_argument("--list", action="store_true", help="name the configurations")
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    if args.list:
        print("\n".join(f"{p.id:26} {p.shows}" for p in PEERS))
        return 0
    enter_namespaces()
    wanted = set(filter(None, args.only.split(",")))
    results = []
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        os.chmod(folder, 0o755)
        certs, backend = Path(folder), start_backend()
        peer_certs.write(certs)
        for peer in PEERS:
            if wanted and peer.id not in wanted:
                continue
            server = Server(peer, certs, backend)
            try:
                if not server.up:
                    print(f"{peer.id}: did not start: {server.why()}", flush=True)
                    results.append({"id": peer.id, "failed": True})
                    continue
                results.append(look_at(peer, server, certs, args))
                if args.raw:
                    args.raw.mkdir(exist_ok=True, parents=True)
                    said = {tool: [results[-1]["wall"][tool], text] for tool, text in results[-1]["raw"].items()}
                    (args.raw / f"{peer.id}.json").write_text(json.dumps(said, indent=1))
                peer_report.tell(peer, results[-1], args.verbose)
            finally:
                server.end()
    if args.docs:
        peer_report.write_docs(ROOT / "docs" / "audit-comparison.md", results)
    return peer_report.sum_up(results)


if __name__ == "__main__":
    sys.exit(main())
