"""Real clients as one-line calls: curl, nghttp, h2load, openssl s_client. Each returns what it printed, or asserts."""
import json
import re
import shutil
import subprocess
from dataclasses import dataclass

from gate import PATIENCE
from http1 import Response


def need(tool):
    path = shutil.which(tool)
    assert path, f"{tool} is not installed: script/setup test"
    return path


def run(command, timeout=30, input=b"", **kwargs):
    return subprocess.run([str(word) for word in command], input=input, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=timeout * PATIENCE, **kwargs)


@dataclass
class Curl(Response):
    exit: int = 0
    error: str = ""
    info: dict = None


def curl(gate, url, *args, http="--http2", timeout=30):
    """One request by curl with the gate's authority trusted. A url that starts with / is one of the gate's."""
    if url.startswith("/"):
        url = gate.url + url
    head = gate.home / "curl.head"
    head.write_bytes(b"")
    resolve = [word for name in gate.names for port in (gate.https, gate.http)
               for word in ("--resolve", f"{name}:{port}:{gate.address}")]
    result = run([need("curl"), "--silent", "--show-error", "--max-time", timeout * PATIENCE, "--cacert", gate.ca,
                  http, *resolve, "--dump-header", head, "--write-out", "%{stderr}\n%{json}", *args, url], timeout + 10)
    error, _, info = result.stderr.decode(errors="replace").rpartition("\n")
    fields = []
    for line in head.read_bytes().decode("latin-1").split("\r\n"):
        if line.startswith("HTTP/"):
            fields = []                     # only the last response's head counts
        elif ": " in line or line.endswith(":"):
            name, _, value = line.partition(":")
            fields.append((name.lower(), value.strip()))
    info = json.loads(info)
    return Curl(info["http_code"], fields, result.stdout, version=f"HTTP/{info['http_version']}".encode(),
                exit=result.returncode, error=error, info=info)


def nghttp(gate, *paths, args=()):
    """nghttp -v on one connection: its whole report. nghttp trusts anyone, so it proves the frames, not the names."""
    urls = [f"https://{gate.names[0]}:{gate.https}{path}" for path in paths]
    result = run([need("nghttp"), "--verbose", "--null-out", "--no-verify-peer", *args, *urls])
    assert result.returncode == 0, result.stderr
    return result.stdout.decode(errors="replace")


def h2load(gate, path="/", requests=200, clients=4, streams=10, args=()):
    """h2load's counts: {"total": …, "succeeded": …, "failed": …, "2xx": …}."""
    result = run([need("h2load"), "-n", requests, "-c", clients, "-m", streams, *args, gate.url + path], 60)
    text = result.stdout.decode(errors="replace")
    assert result.returncode == 0, text + result.stderr.decode(errors="replace")
    counts = {name: int(count) for count, name in
              re.findall(r"(\d+) (total|started|done|succeeded|failed|errored|timeout|2xx|3xx|4xx|5xx)", text)}
    return counts


def s_client(gate, *args, name=None, sni=True, input=b"", timeout=20):
    """openssl s_client's whole output (both streams), after it sent `input` and met the end of its input."""
    name = name or gate.names[0]
    server_name = ["-servername", name] if sni else ["-noservername"]
    result = run([need("openssl"), "s_client", "-connect", f"{gate.address}:{gate.https}", "-CAfile", gate.ca,
                  *server_name, *args], timeout, input=input)
    return (result.stdout + result.stderr).decode(errors="replace")


def handshake(text):
    """What an s_client run negotiated: {"version", "cipher", "alpn", "group", "verify", "resumed"}; version is None
    when there was no handshake."""
    negotiated = re.search(r"^(New|Reused), (TLSv\S+|SSLv\S+), Cipher is (\S+)", text, re.M)

    def find(pattern):
        match = re.search(pattern, text, re.M)
        return match[1].strip() if match else None

    return {
        "version": find(r"^ *Protocol *: *(TLSv\S+|SSLv\S+)$") or negotiated[2] if negotiated else None,
        "cipher": negotiated[3] if negotiated else None,
        "resumed": bool(negotiated and negotiated[1] == "Reused"),
        "alpn": find(r"^ALPN protocol: (.*)$"),
        "group": find(r"^Negotiated TLS1\.3 group: (.*)$") or find(r"^(?:Server|Peer) Temp Key: (.*)$"),
        "verify": find(r"^ *Verify return code: (.*)$") or find(r"^Verification: (.*)$"),
    }
