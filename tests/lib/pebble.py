"""Pebble, the certificate authority that Let's Encrypt makes for tests, with its own name server: every name is
127.0.0.1. It validates over http-01 at the ports given. Both programs come from Debian's package `pebble`."""
import json
import os
import socket
import ssl
import subprocess
import urllib.request
from pathlib import Path

from clients import need
from gate import free_port, wait_until


class Pebble:
    def __init__(self, home, http_port, https_port):
        self.home = Path(home)
        self.http_port, self.https_port = http_port, https_port
        self.processes = []
        self.log_path = self.home / "pebble.log"
        self.certificate = self.home / "pebble.crt"     # of its own https, for --cacert

    def __enter__(self):
        self.home.mkdir(exist_ok=True)
        key = self.home / "pebble.key"
        subprocess.run([need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                        "-nodes", "-keyout", key, "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.port, self.management = free_port(), free_port()
        dns, dns_management = free_port(kind=socket.SOCK_DGRAM), free_port()
        config = self.home / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
            "certificate": str(self.certificate), "privateKey": str(key), "httpPort": self.http_port,
            "tlsPort": self.https_port, "ocspResponderURL": "", "externalAccountBindingRequired": False}}))
        self._spawn("pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01",
                    f"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", "", "-management",
                    f"127.0.0.1:{dns_management}")
        self._spawn("pebble", "-config", config, "-dnsserver", f"127.0.0.1:{dns}")
        try:
            wait_until(self._answers, 20, what="a listening pebble")
        except BaseException:
            self.__exit__()
            raise
        return self

    def _spawn(self, program, *words):
        # No pauses, and no nonces refused for practice: certbot 2 does not survive two of these in a row.
        env = {**os.environ, "PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
        with open(self.log_path, "ab") as log:
            self.processes.append(subprocess.Popen([need(program), *map(str, words)], stdin=subprocess.DEVNULL,
                                                   stdout=log, stderr=log, env=env))

    def _answers(self):
        for process in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f"it ended with {process.returncode}: {self.log()}")
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()

    def log(self):
        return self.log_path.read_text(errors="replace")

    @property
    def directory(self):
        """The URL that ACME clients are given."""
        return f"https://localhost:{self.port}/dir"

    @property
    def root(self):
        """Path of the certificate that all it issues ends in."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        with urllib.request.urlopen(f"https://localhost:{self.management}/roots/0", context=context) as answer:
            path = self.home / "root.pem"
            path.write_bytes(answer.read())
        return path
