"""Malformed HTTP/1 requests: (name, bytes, expected status). Each is refused with that status, and the connection
closes. The same table stands in tests/unit/wire/test_h1_malformed.c, where it is fed to the parser alone; a case that is
added here belongs there too (test_h1_malformed.py compares the names)."""

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST / HTTP/1.1\r\n" + HOST


def get(lines):
    return GET + lines + b"\r\n"


def post(lines, body=b""):
    return POST + lines + b"\r\n" + body


def line(request_line):
    return request_line + b"\r\n" + HOST + b"\r\n"


def host(lines, version=b"1.1"):
    return b"GET / HTTP/" + version + b"\r\n" + lines + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked\r\n"

CASES = [
    # message length
    ("cl-and-te", post(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n"), 400),
    ("te-and-cl", post(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n"), 400),
    ("two-cl-differ", post(b"Content-Length: 0\r\nContent-Length: 5\r\n"), 400),
    ("two-cl-same", post(b"Content-Length: 0\r\nContent-Length: 0\r\n"), 400),
    ("cl-list-same", post(b"Content-Length: 0, 0\r\n"), 400),
    ("cl-list-differ", post(b"Content-Length: 0, 5\r\n"), 400),
    ("cl-plus", post(b"Content-Length: +0\r\n"), 400),
    ("cl-minus", post(b"Content-Length: -1\r\n"), 400),
    ("cl-inner-space", post(b"Content-Length: 0 0\r\n"), 400),
    ("cl-empty", post(b"Content-Length:\r\n"), 400),
    ("cl-hex", post(b"Content-Length: 0x0\r\n"), 400),
    ("cl-decimal", post(b"Content-Length: 0.0\r\n"), 400),
    ("cl-exponent", post(b"Content-Length: 1e1\r\n"), 400),
    ("cl-word", post(b"Content-Length: five\r\n"), 400),
    ("cl-overflow", post(b"Content-Length: 18446744073709551616\r\n"), 400),
    ("cl-above-int64", post(b"Content-Length: 9223372036854775808\r\n"), 400),
    ("cl-semicolon", post(b"Content-Length: 0;\r\n"), 400),
    ("te-unknown", post(b"Transfer-Encoding: xchunked\r\n"), 501),
    ("te-gzip", post(b"Transfer-Encoding: gzip\r\n"), 501),
    ("te-identity", post(b"Transfer-Encoding: identity\r\n"), 501),
    ("te-gzip-chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 501),
    ("te-two-lines-gzip-chunked", post(b"Transfer-Encoding: gzip\r\n" + CHUNKED, b"0\r\n\r\n"), 501),
    ("te-chunked-gzip", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"), 400),
    ("te-chunked-twice", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"), 400),
    ("te-two-lines-chunked", post(CHUNKED + CHUNKED, b"0\r\n\r\n"), 400),
    ("te-chunked-identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), 400),
    ("te-parameter", post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n"), 400),
    ("te-quoted", post(b"Transfer-Encoding: \"chunked\"\r\n", b"0\r\n\r\n"), 400),
    ("te-empty", post(b"Transfer-Encoding:\r\n", b"0\r\n\r\n"), 400),
    ("te-leading-comma", post(b"Transfer-Encoding: ,chunked\r\n", b"0\r\n\r\n"), 400),
    ("te-trailing-comma", post(b"Transfer-Encoding: chunked,\r\n", b"0\r\n\r\n"), 400),
    ("te-vertical-tab", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), 400),
    ("te-http10", b"POST / HTTP/1.0\r\n" + HOST + CHUNKED + b"\r\n0\r\n\r\n", 400),
    # field lines
    ("obs-fold-space", get(b"X-A: b\r\n c\r\n"), 400),
    ("obs-fold-tab", get(b"X-A: b\r\n\tc\r\n"), 400),
    ("obs-fold-te", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), 400),
    ("first-line-folded", b"GET / HTTP/1.1\r\n " + HOST + b"\r\n", 400),
    ("space-before-colon", get(b"X-A : b\r\n"), 400),
    ("tab-before-colon", get(b"X-A\t: b\r\n"), 400),
    ("te-space-before-colon", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400),
    ("empty-name", get(b": b\r\n"), 400),
    ("no-colon", get(b"X-A\r\n"), 400),
    ("name-with-space", get(b"X A: b\r\n"), 400),
    ("name-with-slash", get(b"X/A: b\r\n"), 400),
    ("name-with-parenthesis", get(b"X(A): b\r\n"), 400),
    ("name-with-nul", get(b"X\0A: b\r\n"), 400),
    ("name-non-ascii", get(b"X\xc3\xa4: b\r\n"), 400),
    ("name-with-cr", get(b"X\rA: b\r\n"), 400),
    ("value-nul", get(b"X-A: b\0c\r\n"), 400),
    ("value-control", get(b"X-A: b\x01c\r\n"), 400),
    ("value-escape", get(b"X-A: b\x1b[31m\r\n"), 400),
    ("value-delete", get(b"X-A: b\x7fc\r\n"), 400),
    ("value-bare-cr", get(b"X-A: b\rc\r\n"), 400),
    ("value-cr-cr-lf", get(b"X-A: b\r\r\n"), 400),
    ("value-bare-lf", get(b"X-A: b\nX-B: c\r\n"), 400),
    ("bare-lf-everywhere", b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    ("bare-lf-request-line", b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", 400),
    ("bare-lf-at-end", b"GET / HTTP/1.1\r\nHost: localhost\r\n\n", 400),
    ("cr-without-lf-at-end", b"GET / HTTP/1.1\r\nHost: localhost\r\n\rX", 400),
    ("too-many-fields", get(b"".join(b"X-%d: 1\r\n" % i for i in range(300))), 431),
    ("field-too-large", get(b"X-A: " + b"a" * 70000 + b"\r\n"), 431),
    ("name-too-large", get(b"X" * 70000 + b": a\r\n"), 431),
    # Host
    ("host-missing", host(b""), 400),
    ("host-twice", host(HOST + HOST), 400),
    ("host-twice-differ", host(HOST + b"Host: evil\r\n"), 400),
    ("host-empty", host(b"Host:\r\n"), 400),
    ("host-userinfo", host(b"Host: user@localhost\r\n"), 400),
    ("host-slash", host(b"Host: localhost/\r\n"), 400),
    ("host-space", host(b"Host: local host\r\n"), 400),
    ("host-comma", host(b"Host: localhost, evil\r\n"), 400),
    ("host-port-word", host(b"Host: localhost:https\r\n"), 400),
    ("host-port-large", host(b"Host: localhost:65536\r\n"), 400),
    ("host-port-negative", host(b"Host: localhost:-1\r\n"), 400),
    ("host-two-ports", host(b"Host: localhost:1:2\r\n"), 400),
    ("host-bad-ipv6", host(b"Host: [::1\r\n"), 400),
    ("host-ipv6-zone", host(b"Host: [fe80::1%25eth0]\r\n"), 400),
    ("host-empty-label", host(b"Host: local..host\r\n"), 400),
    ("host-short-ipv4", host(b"Host: 127.1\r\n"), 400),
    ("host-non-ascii", host(b"Host: l\xc3\xb6cal\r\n"), 400),
    ("host-percent", host(b"Host: %6cocalhost\r\n"), 400),
    ("host-twice-http10", host(HOST + HOST, b"1.0"), 400),
    ("host-bad-beside-absolute-form",
     b"GET http://localhost/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("absolute-form-without-host", b"GET http://localhost/ HTTP/1.1\r\n\r\n", 400),
    # request line
    ("method-empty", line(b" / HTTP/1.1"), 400),
    ("method-not-token", line(b"G@T / HTTP/1.1"), 400),
    ("method-control", line(b"GE\x01T / HTTP/1.1"), 400),
    ("method-tab", line(b"GET\t/ HTTP/1.1"), 400),
    ("method-too-long", line(b"A" * 100 + b" / HTTP/1.1"), 501),
    ("leading-space", line(b" GET / HTTP/1.1"), 400),
    ("two-leading-crlf", b"\r\n\r\n" + get(b""), 400),
    ("leading-lf", b"\n" + get(b""), 400),
    ("two-spaces", line(b"GET  / HTTP/1.1"), 400),
    ("two-spaces-before-version", line(b"GET /  HTTP/1.1"), 400),
    ("trailing-space", line(b"GET / HTTP/1.1 "), 400),
    ("tab-before-version", line(b"GET /\tHTTP/1.1"), 400),
    ("target-missing", line(b"GET HTTP/1.1"), 400),
    ("target-relative", line(b"GET index.html HTTP/1.1"), 400),
    ("target-non-ascii", line(b"GET /\xc3\xa4 HTTP/1.1"), 400),
    ("target-nul", line(b"GET /a\0b HTTP/1.1"), 400),
    ("target-delete", line(b"GET /a\x7fb HTTP/1.1"), 400),
    ("target-fragment", line(b"GET /a#b HTTP/1.1"), 400),
    ("target-space", line(b"GET /a b HTTP/1.1"), 400),
    ("target-asterisk-get", line(b"GET * HTTP/1.1"), 400),
    ("target-asterisk-more", line(b"OPTIONS *x HTTP/1.1"), 400),
    ("target-authority-get", line(b"GET localhost:443 HTTP/1.1"), 400),
    ("target-connect-path", line(b"CONNECT / HTTP/1.1"), 400),
    ("target-connect-no-port", line(b"CONNECT localhost HTTP/1.1"), 400),
    ("target-absolute-userinfo", line(b"GET http://user@localhost/ HTTP/1.1"), 400),
    ("target-absolute-no-host", line(b"GET http:///a HTTP/1.1"), 400),
    ("target-absolute-ftp", line(b"GET ftp://localhost/ HTTP/1.1"), 400),
    ("target-too-long", line(b"GET /" + b"a" * 70000 + b" HTTP/1.1"), 414),
    ("http-0.9", b"GET /\r\n", 400),
    ("http-0.9-version", line(b"GET / HTTP/0.9"), 400),
    ("http-1.2", line(b"GET / HTTP/1.2"), 505),
    ("http-2.0", line(b"GET / HTTP/2.0"), 505),
    ("http-2-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("http-3.0", line(b"GET / HTTP/3.0"), 505),
    ("http-lower-case", line(b"GET / http/1.1"), 400),
    ("http-no-minor", line(b"GET / HTTP/1"), 400),
    ("http-two-digits", line(b"GET / HTTP/1.10"), 400),
    ("http-leading-zero", line(b"GET / HTTP/01.1"), 400),
    ("http-space", line(b"GET / HTTP /1.1"), 400),
    ("icy", line(b"GET / ICY/1.1"), 400),
    # expectations
    ("expect-unknown", post(b"Expect: 200-ok\r\nContent-Length: 0\r\n"), 417),
]

# Malformed chunked bodies behind a well-formed head. Whatever is answered, the next request on the connection must
# not be: where it begins cannot be known.
CHUNK_CASES = [
    ("size-empty", b"\r\nabc\r\n0\r\n\r\n"),
    ("size-not-hex", b"g\r\nabc\r\n0\r\n\r\n"),
    ("size-prefix", b"0x3\r\nabc\r\n0\r\n\r\n"),
    ("size-sign", b"+3\r\nabc\r\n0\r\n\r\n"),
    ("size-minus", b"-3\r\nabc\r\n0\r\n\r\n"),
    ("size-leading-space", b" 3\r\nabc\r\n0\r\n\r\n"),
    ("size-trailing-space", b"3 \r\nabc\r\n0\r\n\r\n"),
    ("size-17-digits", b"00000000000000003\r\nabc\r\n0\r\n\r\n"),
    ("size-overflow", b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
    ("size-underscore", b"1_0\r\nabc\r\n0\r\n\r\n"),
    ("size-bare-lf", b"3\nabc\r\n0\r\n\r\n"),
    ("size-bare-cr", b"3\rabc\r\n0\r\n\r\n"),
    ("data-bare-lf", b"3\r\nabc\n0\r\n\r\n"),
    ("data-too-long", b"3\r\nabcd\r\n0\r\n\r\n"),
    ("data-no-crlf", b"3\r\nabc0\r\n\r\n"),
    ("data-cr-only", b"3\r\nabc\r0\r\n\r\n"),
    ("extension-bare-lf", b"3;a\nabc\r\n0\r\n\r\n"),
    ("extension-bare-cr", b"3;a\rb\r\nabc\r\n0\r\n\r\n"),
    ("extension-empty", b"3;\r\nabc\r\n0\r\n\r\n"),
    ("extension-no-value", b"3;a=\r\nabc\r\n0\r\n\r\n"),
    ("extension-space", b"3; a=b\r\nabc\r\n0\r\n\r\n"),
    ("extension-control", b"3;a=\x01\r\nabc\r\n0\r\n\r\n"),
    ("extension-nul", b"3;a=\"\0\"\r\nabc\r\n0\r\n\r\n"),
    ("extension-quote-open", b"3;a=\"b\r\nabc\r\n0\r\n\r\n"),
    ("extension-long", b"3;a=" + b"b" * 300 + b"\r\nabc\r\n0\r\n\r\n"),
    ("extensions-in-sum", b"".join(b"1;aaaaaaaaaaaaaaaa\r\nx\r\n" for _ in range(20)) + b"0\r\n\r\n"),
    ("last-bare-lf", b"3\r\nabc\r\n0\n\r\n"),
    ("trailer-bare-lf", b"3\r\nabc\r\n0\r\nX-A: b\n\r\n"),
    ("trailer-content-length", b"3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n"),
    ("trailer-transfer-encoding", b"3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("trailer-host", b"3\r\nabc\r\n0\r\nHost: evil\r\n\r\n"),
    ("trailer-fold", b"3\r\nabc\r\n0\r\nX-A: b\r\n c\r\n\r\n"),
    ("trailer-no-colon", b"3\r\nabc\r\n0\r\nX-A\r\n\r\n"),
]
