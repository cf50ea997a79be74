"""root, redirect and respond on the real binary, by raw HTTP over TLS."""
import gzip
import json
import os
import random
import re
import time

import pytest

from gate import PATIENCE, TREE, wait_until
from http1 import Http1, exchange
from http2 import Http2
from traversal_cases import ALLOWED, CASES

SECRET = b"the secret of 443"


def get(gate, target, *headers, method="GET"):
    with Http1(gate.tls()) as http:
        return http.request(method, target, gate.authority, headers)


@pytest.fixture(scope="module")
def served(gate, site):
    """The shared site and its server."""
    return gate, site


def test_file(served):
    gate, site = served
    response = get(gate, "/hello.txt")
    assert (response.status, response.body) == (200, b"Hello, world!\n")
    assert response.get("content-type") == "text/plain; charset=utf-8"
    assert response.get("content-length") == "14"
    assert response.get("accept-ranges") == "bytes"
    assert re.fullmatch(r'"[^"]+"', response.get("etag"))
    assert response.get("last-modified").endswith(" GMT")
    assert get(gate, "/alias.txt").body == b"Hello, world!\n"
    assert get(gate, "/empty.txt").body == b""
    assert get(gate, "/%C3%BCmlaut%20gr%C3%BC%C3%9Fe.txt").status == 200
    assert get(gate, "/no-extension").get("content-type") == "application/octet-stream"
    assert get(gate, "/big.bin").body == (site / "big.bin").read_bytes()


def test_head_is_get_without_body(served):
    gate, _ = served
    for target in ("/hello.txt", "/", "/big.bin", "/none"):
        with Http1(gate.tls()) as http:
            full = http.request("GET", target, gate.authority)
            head = http.request("HEAD", target, gate.authority)
            again = http.request("GET", target, gate.authority)
        assert head.status == full.status == again.status
        assert head.get("content-length") == full.get("content-length") and not head.body
        assert head.get("etag") == full.get("etag")


def test_methods(served):
    gate, _ = served
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        response = get(gate, "/hello.txt", method=method)
        assert response.status == 405, method
        assert {"GET", "HEAD"} <= set(re.split(r",\s*", response.get("allow")))


def test_without_a_host_the_handshake_names_the_site(served):
    """HTTP/1.0 (load balancers' health checks): over TLS the name is known; over plain HTTP it is not."""
    gate, _ = served
    with Http1(gate.tls()) as http:
        http.send(b"GET /hello.txt HTTP/1.0\r\n\r\n")
        answer = http.read()
    assert (answer.status, answer.body) == (200, b"Hello, world!\n")
    with Http1(gate.tcp(gate.http)) as http:
        http.send(b"GET /hello.txt HTTP/1.0\r\n\r\n")
        assert http.read().status == 404


def test_directories(served):
    gate, _ = served
    assert b"front page" in get(gate, "/").body
    response = get(gate, "/dir?a=b&c")
    assert (response.status, response.get("location")) == (308, "/dir/?a=b&c")
    assert get(gate, "//dir").get("location") == "/dir/"
    assert b"directory page" in get(gate, "/dir/").body
    assert get(gate, "/list/").status == 404
    assert get(gate, "/hello.txt/").status == 404
    assert get(gate, "/none").status == 404


def test_hidden(served):
    gate, _ = served
    for target in ("/.hidden", "/.git/config", "/.git/", "/.git", "/dir/.htpasswd", "/%2ehidden"):
        assert get(gate, target).status == 404, target
    assert get(gate, "/.well-known/security.txt").status == 200


def test_conditional(served):
    gate, _ = served
    first = get(gate, "/hello.txt")
    etag, date = first.get("etag"), first.get("last-modified")
    for header, status in ((("If-None-Match", etag), 304), (("If-None-Match", f'"a", W/{etag}'), 304),
                           (("If-None-Match", "*"), 304), (("If-None-Match", '"a"'), 200),
                           (("If-Modified-Since", date), 304),
                           (("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), 200),
                           (("If-Match", etag), 200), (("If-Match", '"a"'), 412), (("If-Match", f"W/{etag}"), 412),
                           (("If-Unmodified-Since", date), 200),
                           (("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"), 412)):
        response = get(gate, "/hello.txt", header)
        assert response.status == status, header
        if status == 304:
            assert response.get("etag") == etag and not response.body
    both = get(gate, "/hello.txt", ("If-None-Match", '"a"'), ("If-Modified-Since", date))
    assert both.status == 200


def test_ranges(served):
    gate, site = served
    big = (site / "big.bin").read_bytes()
    etag = get(gate, "/big.bin", method="HEAD").get("etag")
    for spec, start, end in (("0-99", 0, 99), ("1000000-2999999", 1000000, 2999999), ("-5", len(big) - 5, len(big) - 1),
                             ("3000000-", 3000000, len(big) - 1), ("0-0", 0, 0),
                             (f"{len(big) - 1}-99999999999", len(big) - 1, len(big) - 1)):
        response = get(gate, "/big.bin", ("Range", f"bytes={spec}"), ("If-Range", etag))
        assert response.status == 206, spec
        assert response.get("content-range") == f"bytes {start}-{end}/{len(big)}"
        assert response.body == big[start:end + 1]
    refused = get(gate, "/big.bin", ("Range", f"bytes={len(big)}-"))
    assert (refused.status, refused.get("content-range")) == (416, f"bytes */{len(big)}")
    for spec in ("bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=" + ",".join(f"{i * 9}-{i * 9 + 1}" for i in range(1000))):
        assert get(gate, "/hello.txt", ("Range", spec)).status == 200, spec[:40]
    assert get(gate, "/big.bin", ("Range", "bytes=0-1"), ("If-Range", '"other"')).status == 200


def test_several_ranges(served):
    gate, site = served
    for name in ("big.bin", "about.html"):
        content = (site / name).read_bytes()
        response = get(gate, f"/{name}", ("Range", "bytes=0-9,100-199,-7"))
        assert response.status == 206 and "content-range" not in response
        boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", response.get("content-type"))[1].encode()
        parts = response.body.split(b"--" + boundary)
        assert parts[0].strip() == b"" and parts[-1] == b"--\r\n" and len(parts) == 5
        for part, (start, end) in zip(parts[1:4], ((0, 10), (100, 200), (len(content) - 7, len(content)))):
            head, _, body = part.partition(b"\r\n\r\n")
            assert f"bytes {start}-{end - 1}/{len(content)}".encode() in head
            assert body == content[start:end] + b"\r\n"


def test_codings(served):
    gate, site = served
    for name in ("app.js", "style.css"):        # a sibling on disk; made while serving
        content = (site / name).read_bytes()
        plain = get(gate, f"/{name}")
        coded = get(gate, f"/{name}", ("Accept-Encoding", "gzip"))
        assert plain.body == content and "content-encoding" not in plain
        assert coded.get("content-encoding") == "gzip" and gzip.decompress(coded.body) == content
        assert "accept-encoding" in coded.get("vary").lower() and "accept-encoding" in plain.get("vary").lower()
        assert coded.get("etag") != plain.get("etag")
        again = get(gate, f"/{name}", ("Accept-Encoding", "gzip"), ("If-None-Match", coded.get("etag")))
        assert again.status == 304
        refused = get(gate, f"/{name}", ("Accept-Encoding", "gzip;q=0, br;q=0, zstd;q=0"))
        assert refused.body == content
        part = get(gate, f"/{name}", ("Accept-Encoding", "gzip"), ("Range", "bytes=5-14"))
        assert part.status == 206 and part.body == content[5:15] and "content-encoding" not in part
    assert "content-encoding" not in get(gate, "/pixel.png", ("Accept-Encoding", "gzip, br, zstd"))


def test_over_http2(served):
    gate, site = served
    with Http2(gate.tls(alpn=("h2",))) as http:
        whole = http.request("GET", "/big.bin", authority=gate.authority)
        assert whole.status == 200 and whole.body == (site / "big.bin").read_bytes()
        part = http.request("GET", "/big.bin", authority=gate.authority, headers=[("range", "bytes=10-19")])
        assert part.status == 206 and part.body == whole.body[10:20]
        same = http.request("GET", "/big.bin", authority=gate.authority, headers=[("if-none-match", whole.get("etag"))])
        assert same.status == 304


def test_traversal(make_gate, own_site):
    out = own_site.parent / "out"
    out.mkdir()
    for path in (out / "secret.txt", own_site / ".env", own_site / "list" / ".secret", own_site / ".git" / "config",
                 own_site.parent / "outside" / "secret.txt"):
        path.write_bytes(SECRET)
    (own_site / "list" / "leak.txt").symlink_to("../../out/secret.txt")
    gate = make_gate(config="site localhost { certificate local; root {root} { listing on; } }", root=own_site)
    assert len(CASES) >= 40
    for target in CASES:
        responses = exchange(gate.tls(), f"GET {target} HTTP/1.1\r\nHost: {gate.authority}\r\n\r\n".encode())
        assert len(responses) == 1, target
        assert responses[0].status in ALLOWED, (target, responses[0].status)
        assert SECRET not in responses[0].body and b"root:" not in responses[0].body, target
        assert "set-cookie" not in responses[0]
    listing = get(gate, "/list/")
    assert listing.status == 200 and b"leak" not in listing.body and b".secret" not in listing.body


def test_the_unit_test_has_the_same_cases():
    text = (TREE / "tests/unit/handler/traversal_cases.inc").read_text()
    assert [line[1:-2].replace("\\\\", "\\") for line in text.splitlines()] == CASES


def test_listing(make_gate, own_site):
    (own_site / "list" / "<img src=x onerror=alert(1)>.txt").write_bytes(b"x")
    gate = make_gate(config="site localhost { certificate local; root {root} { listing on; } }", root=own_site)
    page = get(gate, "/list/")
    assert page.get("content-type") == "text/html; charset=utf-8"
    assert b"two &amp; three.txt" in page.body and b"<img" not in page.body and b"</html>" in page.body
    assert "default-src 'none'" in page.get("content-security-policy")
    link = re.search(rb'href="(\./two[^"]*)"', page.body)[1].decode().replace("&amp;", "&")
    assert get(gate, "/list/" + link[2:]).body == b"23\n"
    data = json.loads(get(gate, "/list/?sort=size&order=desc", ("Accept", "application/json")).body)
    assert [entry["name"] for entry in data["entries"]][:2] == ["two & three.txt", "one.txt"]


def test_what_takes_many_turns_comes_whole(make_gate, own_site):
    """A large directory is read and a large text compressed in slices: over every protocol, coded or not."""
    (own_site / "many").mkdir()
    (own_site / "many").chmod(0o755)
    for i in range(3000):
        (own_site / "many" / f"file-{i:04}.txt").touch()
    text = b"".join(b"line %d\n" % i for i in range(300000))
    (own_site / "large.txt").write_bytes(text)
    gate = make_gate(config="site localhost { certificate local; root {root} { listing on; } }", root=own_site)
    for coding in ("identity", "gzip"):
        def whole(response):
            assert response.status == 200
            assert response.get("content-encoding", "identity") == coding
            return gzip.decompress(response.body) if coding == "gzip" else response.body

        for target in ("/many/", "/large.txt"):
            with Http2(gate.tls(alpn=("h2",))) as http:
                over_h2 = http.request("GET", target, authority=gate.authority, headers=[("accept-encoding", coding)])
            for response in (get(gate, target, ("Accept-Encoding", coding)), over_h2):
                body = whole(response)
                if target == "/large.txt":
                    assert body == text
                else:
                    assert re.findall(rb">file-(\d+)\.txt<", body) == [b"%04d" % i for i in range(3000)]
                    assert body.endswith(b"</html>\n")


def test_options_and_others(make_gate, own_site):
    gate = make_gate(root=own_site, config="""site localhost {
        certificate local;
        root {root} { try $path.html /index.html; cache_control "max-age=60"; type .txt text/x-note; }
        root /files/ {root};
        redirect /old/ /new/;
        redirect /away https://example.org/ 302;
        respond /teapot 418 "short and stout";
        respond /gone 410;
    }""")
    assert b"front page" in get(gate, "/app/route/7").body
    about = get(gate, "/about")
    assert b"about" in about.body and about.get("cache-control") == "max-age=60"
    assert get(gate, "/hello.txt").get("content-type") == "text/x-note"
    assert get(gate, "/files/hello.txt").get("content-type") == "text/plain; charset=utf-8"
    assert get(gate, "/.git/config").status == 404
    moved = get(gate, "/old/a//b?x=%0d%0ay")
    assert (moved.status, moved.get("location")) == (308, "/new/a/b?x=%0d%0ay")
    away = get(gate, "/away")
    assert (away.status, away.get("location")) == (302, "https://example.org/")
    teapot = get(gate, "/teapot", method="POST")
    assert (teapot.status, teapot.body) == (418, b"short and stout")
    assert get(gate, "/gone").status == 410


def test_a_change_shows_within_a_second(make_gate, own_site):
    gate = make_gate(own_site)
    assert get(gate, "/hello.txt").body == b"Hello, world!\n"
    (own_site / "hello.txt").write_bytes(b"Hello again!\n")
    (own_site / "none-yet.txt").unlink(missing_ok=True)
    assert get(gate, "/none-yet.txt").status == 404
    (own_site / "none-yet.txt").write_bytes(b"now\n")
    time.sleep(1.2)
    assert get(gate, "/hello.txt").body == b"Hello again!\n"
    assert get(gate, "/none-yet.txt").body == b"now\n"


def release(home, name):
    directory = home / name
    directory.mkdir()
    directory.chmod(0o755)
    (directory / "version.txt").write_text(name)
    return directory


def serves(gate, name):
    return lambda: get(gate, "/version.txt").body == name.encode()


@pytest.mark.parametrize("single", [False, True])
def test_a_root_that_is_replaced_is_noticed(make_gate, own_site, single):
    """`ln -sfn releases/2 current`, `mv new www`: how sites are deployed. No reload, no restart."""
    home = own_site.parent
    current, one, two = home / "current", release(home, "one"), release(home, "two")
    current.symlink_to(one)
    gate = make_gate(current, single=single)
    assert serves(gate, "one")()
    current.unlink()
    assert get(gate, "/version.txt").body == b"one"    # a path that leads nowhere changes nothing
    current.symlink_to(two)
    wait_until(serves(gate, "two"), what="the other directory")
    current.unlink()
    release(home, "three").rename(current)
    wait_until(serves(gate, "three"), what="the renamed directory")


@pytest.mark.parametrize("way", ["h1", "h2", "coded"])
def test_a_file_cut_while_sent_never_looks_whole(make_gate, own_site, way):
    """And the log says what happened: nobody went away but the end of the file."""
    huge = own_site / "huge.txt"
    huge.write_text(random.Random(443).randbytes(16 << 20).hex())   # coded, it still is more than sockets hold
    gate = make_gate(config="access_log {root}/log json; site localhost { certificate local; root {root}; }",
                     root=own_site)
    if way == "h2":
        with Http2(gate.tls(alpn=("h2",))) as http:
            stream = http.start(path="/huge.txt", authority=gate.authority)
            while not http.streams[stream]["body"]:
                assert http.pump()
            os.truncate(huge, 1000)
            while http.streams[stream]["reset"] is None:
                assert http.pump()
    else:
        with Http1(gate.tls()) as http:
            http.sock.settimeout(20 * PATIENCE)
            coding = "Accept-Encoding: gzip\r\n" if way == "coded" else ""
            http.send(f"GET /huge.txt HTTP/1.1\r\nHost: {gate.authority}\r\n{coding}\r\n")
            http.input += http.sock.recv(100)
            os.truncate(huge, 1000)
            with pytest.raises(EOFError):
                http.read()
    wait_until(lambda: b"huge" in (own_site / "log").read_bytes(), what="the log's line")
    assert json.loads((own_site / "log").read_bytes())["error"] == "the file changed while it was sent"
