"""What real clients get: curl, nghttp, h2load, openssl s_client and Python's ssl, from `gate443 serve DIR` unconfigured."""
import gzip
import hashlib
import os
import re
import shutil
import ssl
import subprocess

import pytest

from clients import curl, h2load, handshake, nghttp, s_client
from gate import Gate
from http1 import Http1
from http2 import Http2

VERSIONS = [pytest.param("--http1.1", id="h1"), pytest.param("--http2", id="h2")]


# --- HTTP ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("http", VERSIONS)
class TestCurl:
    def test_get(self, gate, site, http):
        got = curl(gate, "/", http=http)
        assert (got.exit, got.status) == (0, 200)
        assert got.version == (b"HTTP/2" if http == "--http2" else b"HTTP/1.1")
        assert got.body == (site / "index.html").read_bytes()
        assert got.get("content-type").replace(" ", "").lower() == "text/html;charset=utf-8"
        assert int(got.get("content-length")) == len(got.body)
        for name in ("etag", "last-modified", "date"):
            assert got.get(name), name

    def test_safe_headers(self, gate, http):
        got = curl(gate, "/", http=http)
        assert got.get("x-content-type-options") == "nosniff"
        assert got.get("referrer-policy")
        assert got.get("x-frame-options") or "frame-ancestors" in got.get("content-security-policy", "")
        assert re.match(r"max-age=\d+", got.get("strict-transport-security"))
        assert "/" not in got.get("server", ""), "no version in Server"

    def test_head(self, gate, site, http):
        whole, head = curl(gate, "/hello.txt", http=http), curl(gate, "/hello.txt", "--head", http=http)
        assert (head.exit, head.status, head.get("content-length")) == (0, 200, "14")
        for name in ("content-type", "etag", "last-modified"):
            assert head.get(name) == whole.get(name)

    def test_large_file(self, gate, site, http):
        got = curl(gate, "/big.bin", http=http)
        assert hashlib.sha256(got.body).digest() == hashlib.sha256((site / "big.bin").read_bytes()).digest()
        assert got.get("accept-ranges") == "bytes"

    def test_empty_file(self, gate, http):
        got = curl(gate, "/empty.txt", http=http)
        assert (got.status, got.body, got.get("content-length")) == (200, b"", "0")

    @pytest.mark.parametrize("wanted, start, end", [
        ("0-0", 0, 1), ("5-9", 5, 10), ("100-", 100, None), ("-17", -17, None), ("0-99999999999", 0, None)])
    def test_range(self, gate, site, http, wanted, start, end):
        data = (site / "big.bin").read_bytes()
        got = curl(gate, "/big.bin", "--range", wanted, http=http)
        assert got.status == 206
        assert got.body == data[start:end]
        first = start if start >= 0 else len(data) + start
        assert got.get("content-range") == f"bytes {first}-{first + len(got.body) - 1}/{len(data)}"

    def test_several_ranges(self, gate, site, http):
        data = (site / "big.bin").read_bytes()
        got = curl(gate, "/big.bin", "--range", "0-4,10-14", http=http)
        assert got.status == 206
        boundary = re.match(r'multipart/byteranges; *boundary="?([^";]+)"?', got.get("content-type"))[1].encode()
        parts = got.body.split(b"--" + boundary)
        assert len(parts) == 4 and parts[3].startswith(b"--")
        for part, start in zip(parts[1:3], (0, 10)):
            head, _, body = part.partition(b"\r\n\r\n")
            assert f"bytes {start}-{start + 4}/{len(data)}".encode() in head
            assert body == data[start:start + 5] + b"\r\n"

    def test_range_beyond_the_end(self, gate, site, http):
        got = curl(gate, "/hello.txt", "--range", "14-", http=http)
        assert (got.status, got.get("content-range")) == (416, "bytes */14")

    def test_conditional(self, gate, http):
        first = curl(gate, "/hello.txt", http=http)
        tag, date = first.get("etag"), first.get("last-modified")

        def ask(*headers, path="/hello.txt", method="GET"):
            words = [word for header in headers for word in ("-H", header)]
            return curl(gate, path, "-X", method, *words, http=http)

        for headers, status in [
            ([f"If-None-Match: {tag}"], 304),
            (['If-None-Match: "other", ' + tag], 304),
            (["If-None-Match: *"], 304),
            ([f"If-None-Match: W/{tag.removeprefix('W/')}"], 304),
            (['If-None-Match: "other"'], 200),
            ([f"If-Modified-Since: {date}"], 304),
            (["If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], 200),
            (["If-Modified-Since: nonsense"], 200),
            (['If-None-Match: "other"', f"If-Modified-Since: {date}"], 200),
            (['If-Match: "other"'], 412),
            (["If-Match: *"], 200),
            ([f"If-Unmodified-Since: {date}"], 200),
            (["If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT"], 412),
            (["Range: bytes=0-1", f"If-Range: {date}"], 206),
            (["Range: bytes=0-1", 'If-Range: "other"'], 200),
        ]:
            got = ask(*headers)
            assert got.status == status, headers
            if status == 304:
                assert got.body == b"" and got.get("etag") == tag
        if not tag.startswith("W/"):
            assert ask(f"If-Match: {tag}").status == 200
            assert ask("Range: bytes=0-1", f"If-Range: {tag}").body == b"He"

    @pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
    def test_compression(self, gate, site, http, coding):
        got = curl(gate, "/style.css", "-H", f"Accept-Encoding: {coding}", http=http)
        assert got.get("content-encoding") == coding
        assert "accept-encoding" in got.get("vary", "").lower()
        plain = (site / "style.css").read_bytes()
        assert len(got.body) < len(plain) / 4
        assert decode(coding, got.body) == plain
        identity = curl(gate, "/style.css", http=http)
        assert "content-encoding" not in identity and identity.body == plain
        assert identity.get("etag") != got.get("etag") or identity.get("etag").startswith("W/")

    @pytest.mark.parametrize("accepted, coding", [
        ("gzip;q=0.5, br;q=1", "br"), ("gzip, br;q=0", "gzip"), ("identity", None), ("*;q=0, identity", None),
        ("GZIP", "gzip"), ("unknown", None), ("gzip;q=0", None), ("", None)])
    def test_negotiation(self, gate, site, http, accepted, coding):
        got = curl(gate, "/style.css", "-H", f"Accept-Encoding: {accepted}" if accepted else "Accept-Encoding;",
                   http=http)
        assert (got.status, got.get("content-encoding")) == (200, coding)

    @pytest.mark.parametrize("coding, suffix", [("gzip", ".gz"), ("br", ".br"), ("zstd", ".zst")])
    def test_precompressed_file_is_sent_as_it_is(self, gate, site, http, coding, suffix):
        got = curl(gate, "/app.js", "-H", f"Accept-Encoding: {coding}", http=http)
        assert got.get("content-encoding") == coding
        assert got.body == (site / f"app.js{suffix}").read_bytes()
        assert "javascript" in got.get("content-type")

    def test_pictures_are_not_compressed_again(self, gate, http):
        got = curl(gate, "/pixel.png", "-H", "Accept-Encoding: gzip, br, zstd", http=http)
        assert "content-encoding" not in got and got.get("content-type") == "image/png"

    @pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
    def test_upload_is_refused(self, gate, site, http, method):
        got = curl(gate, "/hello.txt", "-X", method, "--data-binary", "x" * 100, http=http)
        assert got.status == 405
        allowed = {word.strip() for word in got.get("allow").split(",")}
        assert {"GET", "HEAD"} <= allowed and method not in allowed
        assert (site / "hello.txt").read_bytes() == b"Hello, world!\n"

    def test_large_upload_is_refused_before_it_is_read(self, gate, site, http):
        got = curl(gate, "/new.bin", "--upload-file", site / "big.bin", http=http)
        assert got.status in (405, 413)
        assert not (site / "new.bin").exists()

    def test_options(self, gate, http):
        got = curl(gate, "/hello.txt", "-X", "OPTIONS", http=http)
        assert got.status in (200, 204) and "GET" in got.get("allow")

    @pytest.mark.parametrize("path, status", [
        ("/missing", 404), ("/.hidden", 404), ("/.git/config", 404), ("/dir/.htpasswd", 404), ("/dir/", 200),
        ("/about.html", 200), ("/.well-known/security.txt", 200), ("/hello.txt/", 404), ("/no-extension", 200),
        ("/alias.txt", 200), ("/escape/secret.txt", 404), ("/escape.txt", 404), ("/passwd", 404),
        ("/%C3%BCmlaut%20gr%C3%BC%C3%9Fe.txt", 200), ("/hello.txt?query=1", 200), ("/hello%2Etxt", 200)])
    def test_paths(self, gate, http, path, status):
        got = curl(gate, path, http=http)
        # A refusal may be told as 403 as well as 404; what counts is that nothing is served.
        assert got.status == status or (status == 404 and got.status == 403), path
        assert b"secret" not in got.body and b"root:" not in got.body

    @pytest.mark.parametrize("path", [
        "/../outside/secret.txt", "/dir/../../outside/secret.txt", "/%2e%2e/outside/secret.txt",
        "/%2e%2e%2foutside%2fsecret.txt", "/..%2foutside/secret.txt", "/dir/..%2f..%2foutside/secret.txt",
        "/..%5coutside%5csecret.txt", "/..\\outside\\secret.txt", "/%252e%252e/outside/secret.txt",
        "/....//outside/secret.txt", "/.%2e/outside/secret.txt", "//outside/secret.txt", "/dir/%2e%2e/.hidden",
        "/%c0%ae%c0%ae/outside/secret.txt", "/hello.txt%00.html", "/%00", "/;/../outside/secret.txt"])
    def test_traversal_never_leaves_the_root(self, gate, http, path):
        got = curl(gate, path, "--path-as-is", http=http)
        assert got.status in (400, 403, 404), path
        assert b"secret" not in got.body

    def test_an_encoded_slash_is_in_no_file_name(self, gate, http):
        assert curl(gate, "/dir%2finner.txt", http=http).status == 404
        assert curl(gate, "/dir/inner.txt", http=http).status == 200

    def test_directory_without_slash_is_redirected(self, gate, http):
        got = curl(gate, "/dir", http=http)
        assert got.status in (301, 308)
        assert got.get("location") in ("/dir/", gate.url + "/dir/")

    def test_no_open_redirect(self, gate, http):
        for path in ("//evil.example/..", "//dir", "/%2fdir", "/\\dir"):
            got = curl(gate, path, "--path-as-is", http=http)
            location = got.get("location") or ""
            assert not location.startswith("//") and "evil.example" not in location.partition("?")[0].lstrip("/")[:12]

    def test_connection_is_kept(self, gate, http):
        got = curl(gate, "/hello.txt", gate.url + "/", http=http)
        assert got.exit == 0 and got.info["num_connects"] == 0, "the second request made a connection of its own"

    def test_error_page_is_a_page(self, gate, http):
        got = curl(gate, "/missing", http=http)
        assert got.get("content-type", "").startswith("text/html")
        assert b"<html" in got.body.lower() and b"404" in got.body


def decode(coding, data):
    if coding == "gzip":
        return gzip.decompress(data)
    tool = {"br": "brotli", "zstd": "zstd"}[coding]
    return subprocess.run([shutil.which(tool), "-dc"], input=data, stdout=subprocess.PIPE, check=True).stdout


class TestPort80:
    def test_redirects_to_the_same_host_first(self, gate):
        got = curl(gate, gate.http_url + "/some/path?q=1", http="--http1.1")
        assert got.status in (301, 308)
        assert got.get("location") == gate.url + "/some/path?q=1"
        assert "strict-transport-security" not in got, "RFC 6797 7.2: never over http"

    @pytest.mark.parametrize("path", ["/@scope%2fpkg", "/a//b", "/a/../b", "//evil.example/x", "/%7euser?a=%2f"])
    def test_the_path_as_it_was_sent(self, gate, path):
        got = curl(gate, gate.http_url + path, "--path-as-is", http="--http1.1")
        assert (got.status, got.get("location")) == (301, gate.url + path)

    def test_serves_no_content(self, gate):
        for path in ("/", "/hello.txt", "/style.css"):
            got = curl(gate, gate.http_url + path, http="--http1.1")
            assert got.status in (301, 308) and b"Hello, world" not in got.body

    def test_other_methods_keep_their_method(self, gate):
        got = curl(gate, gate.http_url + "/form", "--data", "a=b", http="--http1.1")
        assert got.status in (308, 403, 405), "a 301 would turn POST into GET"

    def test_foreign_host_is_no_open_redirect(self, gate):
        got = curl(gate, gate.http_url + "/", "-H", "Host: evil.example", http="--http1.1")
        assert "evil.example" not in (got.get("location") or "")

    def test_plain_http_on_the_https_port_is_told(self, gate):
        with Http1(gate.tcp()) as http:
            http.send(f"GET / HTTP/1.1\r\nHost: {gate.authority}\r\n\r\n")
            try:
                got = http.read()
            except EOFError:
                return          # closing at once is fine as well
            assert got.status in (301, 308, 400) and b"Hello" not in got.body


class TestNghttp:
    def test_settings_and_body(self, gate):
        report = nghttp(gate, "/hello.txt", "/big.bin")
        assert report.count(":status: 200") == 2
        assert "SETTINGS_MAX_CONCURRENT_STREAMS" in report
        assert "RST_STREAM" not in report
        assert "error_code=NO_ERROR" in report or "GOAWAY" not in report

    def test_no_server_push(self, gate):
        assert "PUSH_PROMISE" not in nghttp(gate, "/")

    @pytest.mark.parametrize("clients, streams", [(1, 100), (10, 10), (4, 32)])
    def test_h2load(self, gate, clients, streams):
        counts = h2load(gate, "/hello.txt", 1000, clients, streams)
        assert (counts["succeeded"], counts["2xx"], counts["failed"]) == (1000, 1000, 0)

    def test_h2load_http1(self, gate):
        counts = h2load(gate, "/hello.txt", 500, 5, 1, args=["--h1"])
        assert (counts["succeeded"], counts["2xx"]) == (500, 500)

    def test_concurrent_streams_share_the_connection(self, gate, site):
        big = (site / "big.bin").read_bytes()
        with Http2(gate.tls(("h2",)), window=1 << 24) as http:
            streams = [http.start("GET", "/big.bin", authority=gate.authority) for _ in range(3)]
            small = http.start("GET", "/hello.txt", authority=gate.authority)
            assert http.finish(small).body == b"Hello, world!\n"
            assert all(http.finish(stream).body == big for stream in streams)

    def test_extended_connect_is_offered(self, gate):
        with Http2(gate.tls(("h2",))) as http:
            http.request("GET", "/hello.txt", authority=gate.authority)
            assert http.settings.get(8) == 1        # SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441


# --- TLS ----------------------------------------------------------------------------------------------------------------

MODERN = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
INTERMEDIATE = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"]
WEAK = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-ECDSA-AES128-SHA256", "AES128-GCM-SHA256",
        "AES128-SHA", "aNULL", "eNULL", "DHE-RSA-AES128-GCM-SHA256", "PSK", "ECDHE-ECDSA-AES128-CCM8"]


def openssl_version():
    return tuple(int(n) for n in re.search(r"(\d+)\.(\d+)", ssl_tool_version()).groups())


def ssl_tool_version():
    return subprocess.run(["openssl", "version"], stdout=subprocess.PIPE, check=True).stdout.decode()


class TestTls:
    def test_chain_is_trusted_and_tls13_is_taken(self, gate):
        text = s_client(gate, "-verify_return_error", "-verify_hostname", "localhost")
        got = handshake(text)
        assert got["version"] == "TLSv1.3"
        assert "Verify return code: 0 (ok)" in text or "Verification: OK" in text

    @pytest.mark.parametrize("cipher", MODERN)
    def test_tls13_ciphers(self, gate, cipher):
        assert handshake(s_client(gate, "-tls1_3", "-ciphersuites", cipher))["cipher"] == cipher

    @pytest.mark.parametrize("cipher", INTERMEDIATE)
    def test_tls12_ciphers(self, gate, cipher):
        got = handshake(s_client(gate, "-tls1_2", "-cipher", cipher))
        assert (got["version"], got["cipher"]) == ("TLSv1.2", cipher)

    @pytest.mark.parametrize("cipher", WEAK)
    def test_weak_ciphers_are_refused(self, gate, cipher):
        assert handshake(s_client(gate, "-tls1_2", "-cipher", cipher + ":@SECLEVEL=0"))["version"] is None

    @pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
    def test_old_versions_are_refused(self, gate, version):
        text = s_client(gate, version, "-cipher", "ALL:@SECLEVEL=0")
        assert handshake(text)["version"] is None
        assert "protocol version" in text or "no protocols available" in text, text

    @pytest.mark.parametrize("group", ["X25519", "P-256", "P-384"])
    def test_groups(self, gate, group):
        assert handshake(s_client(gate, "-tls1_3", "-groups", group))["version"] == "TLSv1.3"

    def test_hello_retry_when_the_first_share_is_not_ours(self, gate):
        assert handshake(s_client(gate, "-tls1_3", "-groups", "P-521:X448:P-384"))["version"] == "TLSv1.3"

    def test_post_quantum_group_comes_first(self, gate):
        if openssl_version() < (3, 5):
            assert os.environ.get("GATE443_EXPECT_MLKEM") != "1", "this OpenSSL should know ML-KEM"
            pytest.skip("OpenSSL before 3.5 knows no ML-KEM")
        text = s_client(gate, "-tls1_3")
        assert "X25519MLKEM768" in text, text
        assert handshake(s_client(gate, "-tls1_3", "-groups", "X25519:X25519MLKEM768"))["version"] == "TLSv1.3"

    @pytest.mark.parametrize("offer, taken", [
        ("h2", "h2"), ("http/1.1", "http/1.1"), ("h2,http/1.1", "h2"), ("http/1.1,h2", "h2"), ("spdy/3,h2", "h2")])
    def test_alpn(self, gate, offer, taken):
        assert handshake(s_client(gate, "-alpn", offer))["alpn"] == taken

    def test_without_alpn_it_is_http1(self, gate):
        with Http1(gate.tls(alpn=None)) as http:
            assert http.sock.selected_alpn_protocol() is None
            assert http.request("GET", "/hello.txt", host=gate.authority).body == b"Hello, world!\n"

    @pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
    def test_unknown_alpn_is_refused(self, gate, version):
        text = s_client(gate, "-alpn", "smtp", version)
        assert "no application protocol" in text, text
        assert not handshake(text)["alpn"]

    @pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
    def test_unknown_name_is_refused(self, gate, version):
        text = s_client(gate, version, name="unknown.example")
        assert "unrecognized name" in text, text
        assert handshake(text)["version"] is None and "BEGIN CERTIFICATE" not in text

    @pytest.mark.parametrize("name", ["LOCALHOST", "localhost"])
    def test_names_are_compared_without_case(self, gate, name):
        assert handshake(s_client(gate, name=name))["version"] == "TLSv1.3"

    def test_renegotiation_is_refused(self, gate):
        text = s_client(gate, "-tls1_2", "-legacy_renegotiation", input=b"R\nGET / HTTP/1.0\r\n\r\n")
        assert "RENEGOTIATING" in text
        assert "no renegotiation" in text or "handshake failure" in text or "unexpected message" in text, text
        assert "Secure Renegotiation IS supported" in text

    @pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
    def test_resumption(self, gate, version):
        session = gate.home / f"session{version}.pem"
        request = f"GET /hello.txt HTTP/1.1\r\nHost: {gate.authority}\r\nConnection: close\r\n\r\n".encode()
        first = s_client(gate, version, "-ign_eof", "-sess_out", session, input=request)
        assert "Hello, world!" in first and not handshake(first)["resumed"]
        again = s_client(gate, version, "-ign_eof", "-sess_in", session, input=request)
        assert "Hello, world!" in again and "\nReused, TLSv1." in "\n" + again

    def test_ticket_is_not_taken_for_another_site(self, make_gate, site):
        gate = make_gate(config=f"site a.test {{ root {site}; }}\nsite b.test {{ root {site}; }}\n",
                         names=("a.test", "b.test"))
        session = gate.home / "session.pem"
        request = b"GET /hello.txt HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
        s_client(gate, "-tls1_3", "-ign_eof", "-sess_out", session, name="a.test", input=request)
        again = s_client(gate, "-tls1_3", "-ign_eof", "-sess_in", session, name="a.test", input=request)
        assert "\nReused, TLSv1.3" in "\n" + again
        other = s_client(gate, "-tls1_3", "-sess_in", session, name="b.test")
        assert "\nReused," not in "\n" + other and handshake(other)["version"] == "TLSv1.3"

    def test_no_early_data(self, gate):
        session, early = gate.home / "early.pem", gate.home / "early.txt"
        request = f"GET /hello.txt HTTP/1.1\r\nHost: {gate.authority}\r\nConnection: close\r\n\r\n".encode()
        early.write_bytes(request)
        text = s_client(gate, "-tls1_3", "-ign_eof", "-sess_out", session, input=request)
        assert "Max Early Data: 0" in text
        assert "Early data was accepted" not in s_client(gate, "-tls1_3", "-sess_in", session)

    def test_no_compression(self, gate):
        text = s_client(gate, "-tls1_2", "-comp")
        assert "Compression: NONE" in text

    def test_leaf_is_short_lived(self, gate):
        from cryptography import x509
        with gate.tls() as sock:
            leaf = x509.load_der_x509_certificate(sock.getpeercert(True))
        lifetime = leaf.not_valid_after - leaf.not_valid_before
        assert lifetime.days <= 47
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert "localhost" in names.get_values_for_type(x509.DNSName)
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert list(usage) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
        assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    def test_fragmented_hello(self, gate):
        """The ClientHello arrives one byte at a time; the handshake still succeeds."""
        context = gate.tls_context()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
        with gate.tcp() as sock:
            slow = True
            while True:
                try:
                    tls.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    data = outgoing.read()
                    for start in range(0, len(data), 1 if slow else len(data) or 1):
                        sock.sendall(data[start:start + 1] if slow else data)
                    slow = False
                    received = sock.recv(65536)
                    assert received, "closed during the handshake"
                    incoming.write(received)
            assert tls.version() == "TLSv1.3"

    def test_garbage_is_closed(self, gate):
        for data in (b"\0" * 100, b"\x16\x03\x01\xff\xff" + b"a" * 1000, b"SSH-2.0-x\r\n", b"\x80\x2e\x01\0\x02" * 20):
            with gate.tcp() as sock:
                sock.sendall(data)
                sock.settimeout(30)
                try:
                    while sock.recv(4096):
                        pass
                except ConnectionResetError:
                    pass

    def test_close_notify_is_sent(self, gate):
        """Truncation must be visible: the server ends TLS before TCP."""
        with gate.tls() as sock:
            sock.suppress_ragged_eofs = False
            with Http1(sock) as http:
                http.send(f"GET /hello.txt HTTP/1.1\r\nHost: {gate.authority}\r\nConnection: close\r\n\r\n")
                assert http.read().body == b"Hello, world!\n"
                assert sock.recv(1) == b""      # a missing close_notify would raise SSLEOFError


@pytest.mark.parametrize("alpn", [("http/1.1",), ("h2",)])
def test_stop_while_connections_idle_is_clean(site, alpn):
    """The last connection holds the last reference to the configuration and its caches: both end after it."""
    for _ in range(3):
        with Gate(site) as gate:
            open_connections = []
            for _ in range(3):
                client = (Http2 if alpn == ("h2",) else Http1)(gate.tls(alpn))
                open_connections.append(client)
                assert client.request("GET", "/hello.txt", **(
                    {"authority": gate.authority} if alpn == ("h2",) else {"host": gate.authority})).status == 200
        for client in open_connections:
            client.close()
