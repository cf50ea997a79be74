#!/usr/bin/python3
"""`gate443 audit` beside sslscan and testssl.sh against the same nginx: wall time, the auditor's own CPU time, the
server's, and TCP connections; then hosts per second over a thousand loopback addresses.

    make bench BENCH=audit
    make bench BENCH="audit --testssl --rounds 5 --hosts 1000"

Connections are counted where all auditors are alike: by a relay in front of the server, one process that accepts,
counts and copies, pinned beside the server. Wall time and CPU time are measured without it, in rounds that alternate
between the auditors; own CPU time is that of all processes of the auditor that ended. Ratios compare round by round
(above 1: we need less). They mean something within one run only."""
import argparse, json, os, resource, shutil, socket, statistics, subprocess, sys, tempfile, threading, time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from run import GATE, cpu_ns, free_port  # noqa: E402

NAME = "localhost"
MODERN = ":".join(f"ECDHE-{k}-{c}" for k in ("ECDSA", "RSA") for c in
                  ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"))
CONFIGURATIONS = {
    "modern": ("ssl http2", f"ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {MODERN};"),
    "legacy": ("ssl", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;"),
}
AUDITORS = {
    "gate443": lambda port: [GATE, "audit", "--json", "--no-dns", f"{NAME}:{port}", "--connect-to", "127.0.0.1"],
    "sslscan": lambda port: ["sslscan", "--no-colour", f"--sni-name={NAME}", f"127.0.0.1:{port}"],
    "testssl": lambda port: [shutil.which("testssl") or "testssl.sh", "--quiet", "--color", "0", "--warnings", "off",
                             "--ip", "127.0.0.1", f"{NAME}:{port}"],
}


class Relay:
    """Counts connections. Threads, since an auditor has few open at once."""

    def __init__(self, port):
        self.target, self.count = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.count += 1
            server = socket.create_connection(("127.0.0.1", self.target))
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.copy, args=(a, b), daemon=True).start()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for s in (source, sink):        # a reset is passed on as an end of both
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        self.listener.close()


class Nginx:
    def __init__(self, work):
        self.work, self.ports = work, {name: free_port() for name in CONFIGURATIONS}
        for kind, args in (("rsa", ["rsa:2048"]), ("ec", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
            subprocess.run(["openssl", "req", "-x509", "-newkey", *args, "-nodes", "-keyout", work / f"{kind}.key",
                            "-out", work / f"{kind}.pem", "-days", "30", "-subj", f"/CN={NAME}", "-addext",
                            f"subjectAltName=DNS:{NAME}"], check=True, capture_output=True)
        servers = "".join(f"""
 server {{ listen 0.0.0.0:{self.ports[name]} {listen} backlog=4096; server_name {NAME}; {tls}
  ssl_certificate rsa.pem; ssl_certificate_key rsa.key; ssl_certificate ec.pem; ssl_certificate_key ec.key;
  location / {{ return 200 "hello"; }} }}""" for name, (listen, tls) in CONFIGURATIONS.items())
        (work / "nginx.conf").write_text(f"""user nobody nogroup; worker_processes 1; daemon off; pid nginx.pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{ access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
{servers}
}}
""")
        self.process = subprocess.Popen(["taskset", "-c", "0", "nginx", "-c", work / "nginx.conf", "-p", work],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                for port in self.ports.values():
                    socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        self.stop()
        raise RuntimeError("nginx did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def own_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command, timeout=900, **kwargs):
    """Seconds of wall time, of the auditor's CPU time, and its output. Many auditors exit with other than 0."""
    before, begun = own_cpu(), time.monotonic()
    done = subprocess.run(["taskset", "-c", "1", *command], stdin=kwargs.pop("stdin", subprocess.DEVNULL),
                          capture_output=True, timeout=timeout, **kwargs)
    wall, cpu = time.monotonic() - begun, own_cpu() - before
    if not done.stdout:
        raise RuntimeError(f"{command[0]} said nothing: {done.stderr[-500:]!r}")
    return wall, cpu, done.stdout


def measure(nginx, configuration, auditor):
    port = nginx.ports[configuration]
    before = cpu_ns(nginx.process.pid)
    wall, cpu, _ = run(AUDITORS[auditor](port))
    return {"wall s": wall, "own CPU s": cpu, "server CPU s": (cpu_ns(nginx.process.pid) - before) / 1e9}


def connections(nginx, configuration, auditor):
    relay = Relay(nginx.ports[configuration])
    run(AUDITORS[auditor](relay.port))
    relay.close()
    return relay.count


def cell(theirs, ours, itself):
    text = f"{statistics.median(theirs):.3g}"
    if itself or min(ours) <= 0:
        return text
    return text + f" ({statistics.median([t / o for t, o in zip(theirs, ours)]):.1f})"


def compare(nginx, auditors, rounds):
    figures = {}
    for configuration in CONFIGURATIONS:
        for r in range(rounds + 1):
            for auditor in auditors:
                if auditor == "testssl" and r != 1:     # minutes: once
                    continue
                for what, value in measure(nginx, configuration, auditor).items():
                    if r:                               # the first round warms up
                        figures.setdefault(f"{configuration}: {what}", {}).setdefault(auditor, []).append(value)
        counted = {a: [connections(nginx, configuration, a)] for a in auditors}
        figures[f"{configuration}: connections"] = counted
    return figures


def hosts_per_second(port, hosts):
    """A thousand addresses, one server. In one process where it takes a list, else told and left out."""
    usage = subprocess.run([GATE, "audit", "--help"], capture_output=True, text=True).stdout
    if "--targets" not in usage:
        print("hosts per second: left out, this gate443 has no `audit --targets`", file=sys.stderr)
        return None
    targets = "".join(f"127.0.{i // 250 + 1}.{i % 250 + 1}:{port}\n" for i in range(hosts))
    command = [GATE, "audit", "--jsonl", "--no-dns", "--targets", "-"]
    with tempfile.TemporaryFile() as text:
        text.write(targets.encode())
        text.seek(0)
        wall, cpu, out = run(command, stdin=text)
    good = sum(1 for line in out.splitlines() if not json.loads(line).get("failure"))
    return {"hosts": good, "wall s": wall, "own CPU s": cpu, "hosts/s": good / wall}


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--hosts", type=int, default=1000)
    ap.add_argument("--testssl", action="store_true", help="testssl.sh, too: minutes for each configuration")
    ap.add_argument("--json")
    a = ap.parse_args()
    auditors = [n for n in AUDITORS if n == "gate443" or (n != "testssl" or a.testssl) and shutil.which(n)]
    work = Path(tempfile.mkdtemp(prefix="gate443-bench-audit-"))
    work.chmod(0o755)
    nginx = None
    try:
        nginx = Nginx(work)
        figures = compare(nginx, auditors, a.rounds)
        many = hosts_per_second(nginx.ports["modern"], a.hosts) if a.hosts else None
    finally:
        if nginx:
            nginx.stop()
        shutil.rmtree(work, ignore_errors=True)
    print(f"\nAudits of one nginx, median of {a.rounds}; in brackets the median of the rounds' peer ÷ gate443 (above 1: we need less)\n")
    print("| scenario | " + " | ".join(auditors) + " |")
    print("|---" * (len(auditors) + 1) + "|")
    for scenario, by in figures.items():
        print(f"| {scenario} | " + " | ".join(cell(by[n], by["gate443"], n == "gate443") for n in auditors) + " |")
    if many:
        print(f"\n{many['hosts']} hosts in {many['wall s']:.1f} s: {many['hosts/s']:.1f} a second, "
              f"{many['own CPU s'] / max(many['hosts'], 1) * 1e3:.1f} ms of CPU each")
    if a.json:
        Path(a.json).write_text(json.dumps({"figures": figures, "many": many}, indent=1))


if __name__ == "__main__":
    main()
