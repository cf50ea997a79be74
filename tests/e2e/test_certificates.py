"""Certificates from files: odd files are refused at their place in the configuration, and no worker gets a key."""
import base64
import os
import re
import ssl
import subprocess

import pytest

from clients import curl
from gate import run_gate

REGION_MAX = 1 << 30  # bytes; what is larger is a sanitizer's map of the address space


@pytest.fixture
def pair(tmp_path):
    key, crt = tmp_path / "a.key", tmp_path / "a.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", crt, "-days", "30", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
    return crt, key


def holds(pid, text):
    """Whether the memory of a process holds text."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, modes = line.split()[:2]
            start, end = (int(x, 16) for x in span.split("-"))
            if not modes.startswith("rw") or end - start > REGION_MAX:
                continue
            memory.seek(start)
            try:
                if text in memory.read(end - start):
                    return True
            except OSError:  # given back meanwhile
                continue
    return False


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a process that dropped its rights")
def test_key_beside_its_chain_stays_in_the_parent(make_gate, pair, tmp_path):
    """`certificate site.pem site.pem;`: certificates go to the workers, the key in the same file does not."""
    both = tmp_path / "both.pem"
    both.write_bytes(pair[0].read_bytes() + pair[1].read_bytes())
    gate = make_gate(config="listen https {https}; listen http {http}; state {state};\n"
                            f"site localhost {{ certificate {both} {both}; respond 200 one; }}\n")
    assert curl(gate, "/", "-k").body == b"one"
    roles = {pid: open(f"/proc/{pid}/cmdline").read().split("\0") for pid in gate.descendants()}
    workers = [pid for pid, words in roles.items() if "worker" in words]
    # Of a certificate the encoding stays, whatever becomes of the text that it came as.
    certificate = ssl.PEM_cert_to_DER_cert(pair[0].read_text())[40:100]
    secret = pair[1].read_bytes().splitlines()[1]
    assert workers and all(holds(pid, certificate) for pid in workers), "we look in the right place"
    assert not any(holds(pid, secret) for pid in workers)
    assert not any(holds(pid, base64.b64decode(secret)) for pid in workers)


def check(tmp_path, crt, key):
    conf = tmp_path / "gate443.conf"
    conf.write_text(f"site localhost {{ certificate {crt} {key}; respond 200; }}\n")
    return run_gate("check", conf, timeout=20)


def test_pipes_and_devices_are_no_files(pair, tmp_path):
    """Reading them could take for ever; a reload must not."""
    crt, key = pair
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for odd in (fifo, "/dev/zero"):
        for words in ((odd, key), (crt, odd)):
            result = check(tmp_path, *words)
            assert result.returncode == 1 and re.search(rb"gate443\.conf:1:\d+: error: `%s` is not an ordinary file"
                                                        % os.fsencode(odd), result.stderr), result


def test_huge_chain(pair, tmp_path):
    huge = tmp_path / "huge.pem"
    huge.write_bytes(pair[0].read_bytes() + b"#" * 300_000)
    result = check(tmp_path, huge, pair[1])
    assert result.returncode == 1 and re.search(rb"gate443\.conf:1:\d+: error: \S+huge\.pem: more than 256 KiB",
                                                result.stderr), result


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, stderr=subprocess.DEVNULL)


def test_an_intermediate_that_is_no_authority(tmp_path):
    """It signed the server's certificate all right, and clients refuse it all the same."""
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30")
    mid, leaf, chain = tmp_path / "mid", tmp_path / "leaf", tmp_path / "chain.pem"
    openssl("req", "-x509", *ec, "-keyout", f"{mid}.key", "-out", f"{mid}.crt", "-subj", "/CN=Just a server",
            "-addext", "basicConstraints=critical,CA:FALSE")
    openssl("req", *ec, "-keyout", f"{leaf}.key", "-out", f"{leaf}.csr", "-subj", "/CN=localhost")
    (tmp_path / "ext").write_text("subjectAltName=DNS:localhost\n")
    openssl("x509", "-req", "-in", f"{leaf}.csr", "-CA", f"{mid}.crt", "-CAkey", f"{mid}.key", "-days", "30",
            "-set_serial", "7", "-extfile", tmp_path / "ext", "-out", f"{leaf}.crt")
    chain.write_bytes((tmp_path / "leaf.crt").read_bytes() + (tmp_path / "mid.crt").read_bytes())
    result = check(tmp_path, chain, f"{leaf}.key")
    assert result.returncode == 1
    assert re.search(rb'gate443\.conf:1:\d+: error: \S+chain\.pem: "Just a server" is no authority', result.stderr)


def test_must_staple_is_warned_about(make_gate, tmp_path):
    key, crt = tmp_path / "a.key", tmp_path / "a.crt"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
            "-out", crt, "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
            "-addext", "tlsfeature=status_request")
    warning = rb'gate443\.conf:%d:\d+: warning: \S+a\.crt: "localhost" demands a stapled OCSP answer'
    result = check(tmp_path, crt, key)
    assert result.returncode == 0 and len(re.findall(warning % 1, result.stderr)) == 1, result
    gate = make_gate(config="listen https {https}; listen http {http}; state {state};\n"
                            f"site localhost {{ certificate {crt} {key}; respond 200 one; }}\n")
    assert curl(gate, "/", "-k").body == b"one"
    assert re.search(warning % 2, gate.log())
