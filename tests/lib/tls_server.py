"""A small TLS server for tests of the auditor: many connections at a time, one certificate of each kind of key.

    with TlsServer(certificate(tmp_path, "ours"), certificate(tmp_path, "rsa", "rsa")) as server:
        … f"127.0.0.1:{server.port}" …
"""
import socket
import ssl
import subprocess
import threading


def certificate(directory, name, key="ec"):
    kind = ["rsa:2048"] if key == "rsa" else ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    paths = directory / f"{name}.crt", directory / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-keyout", paths[1], "-out", paths[0],
                    "-days", "30", "-subj", "/CN=a.test", "-addext", "subjectAltName=DNS:a.test"],
                   check=True, stderr=subprocess.DEVNULL)
    return paths


class TlsServer:
    """certificates: (certificate, key), paths; of different kinds of key."""

    def __init__(self, *certificates, address="127.0.0.1", port=0):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for pair in certificates:
            self.context.load_cert_chain(*map(str, pair))
        self.listener = socket.create_server((address, port), backlog=64)
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(2)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor):
        try:
            visitor.settimeout(10)
            with visitor, self.context.wrap_socket(visitor, server_side=True) as tls:
                if tls.recv(65536):
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n")
        except (OSError, ValueError):
            pass
