#!/usr/bin/python3
"""Side by side with Debian's nginx, HAProxy (which serves no files: the 1 KiB page as an answer in its
configuration, no large file), h2o and Caddy: server CPU time per operation, as ratios to the peer in the same run (above 1: we need less).

    make bench                       all scenarios, 3 interleaved rounds
    bench/run.py --rounds 5 --only h1-small,hs-full --peers nginx,h2o
    make bench BENCH=audit           the auditor beside sslscan (and, minutes more, with --testssl, testssl.sh): bench/audit.py

Every server gets the same ECDSA P-256 certificate, TLS 1.3 with AES-128-GCM and X25519, no access log,
one worker pinned to one core, the load generator on the other. CPU time is that of the server's whole
process tree (/proc/PID/task/*/schedstat), so waiting does not count, and only ratios within one run mean
anything."""
import argparse, json, os, shutil, signal, socket, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GATE = os.environ.get("GATE443", str(ROOT / "build" / "gate443"))
NAME = "bench.test"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    found, todo = [], [pid]
    while todo:
        p = todo.pop()
        found.append(p)
        for task in Path(f"/proc/{p}/task").glob("*"):
            try:
                todo += [int(c) for c in (task / "children").read_text().split()]
            except OSError:
                pass
    return found


def cpu_ns(pid):
    total = 0
    for p in tree(pid):
        for task in Path(f"/proc/{p}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                pass
    return total


def make_files(work):
    www = work / "www"
    www.mkdir()
    (www / "1k.html").write_bytes(b"<!doctype html>" + b"x" * 1009)
    with open(www / "10m.bin", "wb") as f:
        f.write(os.urandom(10 << 20))
    for p in [work, www]:
        p.chmod(0o755)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", work / "key.pem", "-out", work / "cert.pem", "-days", "30", "-subj", f"/CN={NAME}",
                    "-addext", f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1"], check=True, capture_output=True)
    (work / "key.pem").chmod(0o644)
    (work / "both.pem").write_bytes((work / "cert.pem").read_bytes() + (work / "key.pem").read_bytes())
    return www


def gate443(work, www, port):
    conf = work / "gate443.conf"
    conf.write_text(f"""workers 1;
limits {{ requests 100000000; connections_per_address 100000; }}
site {NAME} localhost 127.0.0.1 {{ certificate {work}/cert.pem {work}/key.pem; root {www}; compress off; }}
""")
    return [GATE, "serve", "-c", str(conf), "--https", f"127.0.0.1:{port}", "--http", "off", "--state", str(work / "state")]


def nginx(work, www, port):
    conf = work / "nginx.conf"
    conf.write_text(f"""user nobody nogroup; worker_processes 1; daemon off; pid {work}/nginx.pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{ access_log off; sendfile on; tcp_nopush on; open_file_cache max=1000; keepalive_requests 100000000; types {{ text/html html; }}
 client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
 server {{ listen 127.0.0.1:{port} ssl http2 backlog=4096; server_name {NAME}; root {www}; ssl_certificate {work}/cert.pem; ssl_certificate_key {work}/key.pem;
 ssl_protocols TLSv1.3; ssl_ecdh_curve X25519; ssl_session_tickets on; }} }}
""")
    return ["nginx", "-c", str(conf), "-p", str(work)]


def h2o(work, www, port):
    conf = work / "h2o.yaml"
    conf.write_text(f"""user: nobody
num-threads: 1
listen:
  host: 127.0.0.1
  port: {port}
  ssl:
    certificate-file: {work}/cert.pem
    key-file: {work}/key.pem
    minimum-version: TLSv1.2
hosts:
  "{NAME}":
    paths:
      "/":
        file.dir: {www}
""")
    return ["h2o", "-c", str(conf)]


def caddy(work, www, port):
    conf = work / "Caddyfile"
    conf.write_text(f"""{{
 admin off
 auto_https off
 https_port {port}
}}
https://{NAME}:{port}, https://localhost:{port} {{
 bind 127.0.0.1
 tls {work}/cert.pem {work}/key.pem
 root * {www}
 file_server
}}
""")
    return ["caddy", "run", "--config", str(conf), "--adapter", "caddyfile"]


def haproxy(work, www, port):
    conf = work / "haproxy.cfg"
    conf.write_text(f"""global
  maxconn 8192
  nbthread 1
  ssl-default-bind-curves X25519
defaults
  mode http
  timeout client 60s
  timeout connect 5s
  timeout server 60s
frontend f
  bind 127.0.0.1:{port} ssl crt {work}/both.pem alpn h2,http/1.1 ssl-min-ver TLSv1.2
  http-request return status 200 content-type text/html file {www}/1k.html if {{ path /1k.html }}
  http-request return status 404
""")
    return ["haproxy", "-db", "-f", str(conf)]


SERVERS = {"gate443": gate443, "nginx": nginx, "haproxy": haproxy, "h2o": h2o, "caddy": caddy}


class Server:
    def __init__(self, name, base):
        self.name, self.work = name, Path(tempfile.mkdtemp(prefix=name + "-", dir=base))
        self.work.chmod(0o755)
        self.www = make_files(self.work)
        self.port = free_port()
        env = dict(os.environ, GOMAXPROCS="1", HOME=str(self.work), XDG_DATA_HOME=str(self.work))
        command = SERVERS[name](self.work, self.www, self.port)
        self.log = open(self.work / "log", "wb")
        self.process = subprocess.Popen(["taskset", "-c", "0"] + command, stdout=self.log, stderr=self.log, env=env)
        for _ in range(100):
            time.sleep(0.1)
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                break
            except OSError:
                if self.process.poll() is not None:
                    break
        if self.process.poll() is not None:
            raise RuntimeError(f"{name} did not start: " + (self.work / "log").read_text()[-2000:])
        time.sleep(0.3)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


def load(args, expect=None):
    r = subprocess.run(["taskset", "-c", "1"] + [str(a) for a in args], capture_output=True, text=True, timeout=300)
    if r.returncode:
        raise RuntimeError(f"{args[0]}: {r.stdout[-500:]} {r.stderr[-500:]}")
    return r.stdout


def h2load(server, n, clients, streams, path, h1):
    out = load(["h2load"] + (["--h1"] if h1 else []) + ["-n", n, "-c", clients, "-m", streams, "--connect-to", f"127.0.0.1:{server.port}",
                f"https://{NAME}:{server.port}{path}"])
    done = [l for l in out.splitlines() if l.startswith("requests:")]
    good = [l for l in out.splitlines() if l.startswith("status codes:")]
    if not good or f" {n} 2xx" not in good[0].replace("status codes:", ""):
        raise RuntimeError(f"{server.name}: not all answers are 200: {good} {done}")
    return n


SCENARIOS = {
    "h1-small": ("µs/request", lambda s: h2load(s, 60000, 64, 1, "/1k.html", True), 1e3),
    "h2-small": ("µs/request", lambda s: h2load(s, 150000, 64, 32, "/1k.html", False), 1e3),
    "hs-full": ("µs/handshake", lambda s: (load([TOOL, s.port, NAME, 1500, "full"]), 1500)[1], 1e3),
    "hs-resumed": ("µs/handshake", lambda s: (load([TOOL, s.port, NAME, 1500, "resumed"]), 1500)[1], 1e3),
    "big10-h1": ("s/GB", lambda s: h2load(s, 60, 4, 1, "/10m.bin", True) * 10 * 1024 * 1024 / 1e9, 1e9),
    "big10-h2": ("s/GB", lambda s: h2load(s, 60, 4, 1, "/10m.bin", False) * 10 * 1024 * 1024 / 1e9, 1e9),
}
TOOL = None


def measure(server, scenario):
    _, run, unit = SCENARIOS[scenario]
    before = cpu_ns(server.process.pid)
    operations = run(server)
    return (cpu_ns(server.process.pid) - before) / operations / unit


def cell(theirs, ours, itself):
    """Rounds are compared one by one: what the machine does besides changes from minute to minute."""
    known = [v for v in theirs if v is not None]
    ratios = [t / o for t, o in zip(theirs, ours) if t is not None and o is not None]
    if not known:
        return "–"
    text = f"{statistics.median(known):.2f}"
    return text if itself or not ratios else text + f" ({statistics.median(ratios):.2f})"


def main():
    global TOOL
    if sys.argv[1:2] == ["audit"]:
        sys.exit(subprocess.run([sys.executable, ROOT / "bench" / "audit.py", *sys.argv[2:]]).returncode)
    ap = argparse.ArgumentParser()
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--only", default=",".join(SCENARIOS))
    ap.add_argument("--peers", default="nginx,haproxy,h2o,caddy")
    ap.add_argument("--json")
    a = ap.parse_args()
    base = Path(tempfile.mkdtemp(prefix="gate443-bench-"))
    base.chmod(0o755)
    TOOL = str(base / "hs_load")
    subprocess.run(["cc", "-O2", "-o", TOOL, str(ROOT / "bench" / "hs_load.c"), "-lssl", "-lcrypto"], check=True)
    names = ["gate443"] + [p for p in a.peers.split(",") if p and shutil.which(p)]
    servers, figures = [], {}
    try:
        servers = [Server(n, base) for n in names]
        for scenario in a.only.split(","):
            for r in range(a.rounds + 1):
                for s in servers:
                    try:
                        v = measure(s, scenario)
                    except Exception as e:  # a peer that cannot do a scenario has no figure there
                        print(f"{scenario} {s.name}: {e}", file=sys.stderr)
                        v = None
                    if r:  # the first round warms up
                        figures.setdefault(scenario, {}).setdefault(s.name, []).append(v)
    finally:
        for s in servers:
            s.stop()
        shutil.rmtree(base, ignore_errors=True)
    print(f"\nServer CPU per operation, median of {a.rounds}; in brackets the median of the rounds' peer ÷ gate443 (above 1: we need less)\n")
    print("| scenario | unit | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 2) + "|")
    for scenario, by in figures.items():
        cells = [cell(by[n], by["gate443"], n == "gate443") for n in names]
        print(f"| {scenario} | {SCENARIOS[scenario][0]} | " + " | ".join(cells) + " |")
    if a.json:
        Path(a.json).write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
