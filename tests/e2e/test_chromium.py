"""A real browser: the page loads over HTTP/2 with the local authority trusted, nothing complains, and after one visit
the browser will not speak http to the name any more."""
import shutil
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from chromium import Chromium
from gate import TREE

NAME = "site.test"      # Chromium ignores HSTS for localhost, so the tests of it need a name that looks real
SHOTS = TREE / "build" / "screenshots"


@pytest.fixture(scope="module")
def example(gate_binary):
    """The example site, as `make run` serves it."""
    from gate import Gate
    with Gate(TREE / "examples" / "site", names=("localhost", NAME)) as gate:
        yield gate


@pytest.fixture(scope="module")
def browser(example):
    with Chromium(ca=example.ca) as chromium:
        yield chromium


def test_page_loads_over_h2_with_the_authority_trusted(example, browser):
    assert browser.visit(f"https://localhost:{example.https}/") is None
    page = browser.responses()[f"https://localhost:{example.https}/"]
    assert page["status"] == 200
    assert page["protocol"] == "h2"
    assert page["securityState"] == "secure"
    assert page["securityDetails"]["protocol"] == "TLS 1.3"
    assert browser.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
    assert browser.evaluate("isSecureContext") is True
    assert browser.complaints() == []
    assert browser.failures() == []


def test_every_page_and_resource_of_the_example_site_is_fine(example, browser):
    base = f"https://localhost:{example.https}"
    seen, queue = set(), ["/"]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        assert browser.visit(base + path) is None
        assert browser.complaints() == [], path
        assert all(response["status"] in (200, 304) for response in browser.responses().values()), path
        assert browser.evaluate("document.title")
        links = browser.evaluate("[...document.links].filter(a => a.origin == location.origin && !a.download)"
                                 ".map(a => a.pathname)")
        queue += [link for link in links if link.endswith(("/", ".html"))]
        downloads = browser.evaluate(
            "Promise.all([...document.links].filter(a => a.origin == location.origin)"
            ".map(a => fetch(a.href).then(r => [a.pathname, r.status])))")
        assert all(status == 200 for _, status in downloads), downloads
    assert len(seen) >= 2


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_screenshots(example, browser, shade, width):
    browser.dark(shade == "dark")
    assert browser.visit(f"https://localhost:{example.https}/") is None
    shot = browser.screenshot(SHOTS / f"example-{shade}-{width}.png", width, 900, full=True)
    assert shot.stat().st_size > 10_000
    assert browser.evaluate("document.documentElement.scrollWidth") <= width, "it scrolls sideways"
    assert browser.visit(f"https://localhost:{example.https}/does-not-exist") is None
    assert browser.responses()[f"https://localhost:{example.https}/does-not-exist"]["status"] == 404
    browser.screenshot(SHOTS / f"404-{shade}-{width}.png", width, 900)
    assert browser.evaluate("document.body.innerText").strip()


def test_http_is_redirected_to_https(example):
    with Chromium(ca=example.ca) as chromium:
        assert chromium.visit(f"http://localhost:{example.http}/") is None
        assert chromium.evaluate("location.href") == f"https://localhost:{example.https}/"
        assert chromium.complaints() == []


def test_unknown_authority_is_refused(example):
    with Chromium() as chromium:
        assert chromium.visit(f"https://localhost:{example.https}/") == "net::ERR_CERT_AUTHORITY_INVALID"


def test_after_one_visit_http_never_leaves_the_browser(example):
    """Port 80 of the name leads to a listener that only counts. Before the visit Chromium would go there; after it, not
    one connection may come: that is the whole point of HSTS."""
    listener = socket.create_server(("127.0.0.1", 0))
    came = []

    def count():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            came.append(1)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nstripped")
            peer.close()

    threading.Thread(target=count, daemon=True).start()
    port = listener.getsockname()[1]
    resolve = f"MAP {NAME}:80 127.0.0.1:{port}, MAP {NAME}:443 127.0.0.1:{example.https}, MAP * 127.0.0.1"
    with Chromium(ca=example.ca, resolve=resolve) as chromium:
        assert chromium.visit(f"http://{NAME}/") is None
        assert came, "the counting listener was not asked: this test would prove nothing"
        assert chromium.evaluate("document.body.innerText") == "stripped"

        assert chromium.visit(f"https://{NAME}/") is None
        # What came over the wire: Chromium keeps this field from the page that it is fresh for.
        heads = [event["headers"] for event in chromium.of("Network.responseReceivedExtraInfo")]
        assert heads and "max-age=" in heads[0].get("strict-transport-security", ""), heads

        came.clear()
        assert chromium.visit(f"http://{NAME}/defaults.html") is None
        assert chromium.evaluate("location.protocol") == "https:"
        redirects = [event["redirectResponse"] for event in chromium.of("Network.requestWillBeSent")
                     if "redirectResponse" in event]
        assert [response["headers"].get("Non-Authoritative-Reason") for response in redirects] == ["HSTS"]
        assert came == []
    listener.close()


# Every element with text of its own: what its colour has against the nearest background behind it (WCAG 2.1, 1.4.3).
CONTRAST = """(() => {
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const light = c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
    const luminance = rgb => 0.2126 * light(rgb[0]) + 0.7152 * light(rgb[1]) + 0.0722 * light(rgb[2]);
    const background = e => {
        for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length == 3 || c[3] == 1) return c;
        }
        return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
    };
    const low = [];
    for (const e of document.body.querySelectorAll('*')) {
        const own = [...e.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
        if (!own || !e.getClientRects().length) continue;
        const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(background(e))].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) low.push([e.tagName, e.textContent.slice(0, 40), ratio]);
    }
    return low;
})()"""

# Lines of a name that is too long for one stand below its first, not below its icon.
HANGING = """[...document.querySelectorAll('td:first-child:not(.none)')].every(cell => {
    const icon = cell.querySelector('svg').getBoundingClientRect(), first = cell.querySelector('a').getClientRects()[0];
    return [...cell.querySelector('a').getClientRects()].every(line => line.left >= icon.right && line.left == first.left)
        && first.top < icon.bottom && first.bottom > icon.top;
})"""

NAMES = ["w" * 240 + ".txt", "a name with many short words " * 8 + ".txt", "<b>&.html", "日本語の名前" * 12, "a.txt"]


@pytest.fixture(scope="module")
def listings(gate_binary):
    from gate import Gate
    top = Path(tempfile.mkdtemp(prefix="gate443-site-"))
    for name in ("long", "empty", "many", "one/two and three/four/a directory whose name is not short at all"):
        (top / name).mkdir(parents=True)
    for name in NAMES:
        (top / "long" / name).write_text("x")
    (top / "long" / ("a directory with a name of many words" * 4)).mkdir()
    for i in range(200):
        (top / "many" / f"file-{i}.tar.gz").write_bytes(b"x" * i * i)
    for path in [top, *top.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    with Gate(config="site localhost { certificate local; root {root} { listing on; } }\n", root=top) as gate:
        yield gate
    shutil.rmtree(top)


@pytest.mark.parametrize("shade", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_listings_and_error_pages_are_readable(listings, shade, width):
    pages = {"long": "/long/", "empty": "/empty/", "many": "/many/", "404": "/none",
             "deep": "/one/two%20and%20three/four/a%20directory%20whose%20name%20is%20not%20short%20at%20all/"}
    with Chromium(ca=listings.ca) as browser:
        browser.dark(shade == "dark")
        for name, path in pages.items():
            assert browser.visit(listings.url + path) is None
            browser.screenshot(SHOTS / f"listing-{name}-{shade}-{width}.png", width, 900)
            assert browser.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways"
            assert browser.evaluate(CONTRAST) == [], name
            if name != "404":
                assert browser.complaints() == []
                assert browser.evaluate(HANGING), name
