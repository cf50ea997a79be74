"""Fixtures of the end-to-end tests. One shared server answers all tests that only read; a test that needs another
configuration, or does harm, makes its own with make_gate()."""
import gzip
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from gate import Gate, SANITIZED, binary  # noqa: E402

BIG = 3 * 1024 * 1024 + 17


def make_site(root):
    """A site with one of everything; the modes let a worker that dropped root read it."""
    root.mkdir(parents=True, exist_ok=True)
    page = "<!doctype html>\n<html lang=en><title>{0}</title><h1>{0}</h1>\n<p>" + "Hello there. " * 200 + "</p></html>\n"
    script = "// a script\n" + "".join(f"export const value{i} = {i};\n" for i in range(2000))
    files = {
        "index.html": page.format("front page").encode(),
        "about.html": page.format("about").encode(),
        "dir/index.html": page.format("directory page").encode(),
        "dir/inner.txt": b"inner\n",
        "list/one.txt": b"1\n",
        "list/two & three.txt": b"23\n",
        "hello.txt": b"Hello, world!\n",
        "empty.txt": b"",
        "style.css": b"body { color: black; }\n" * 2000,
        "app.js": script.encode(),
        "data.json": b'{"a": 1}\n',
        "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><title>a</title></svg>\n',
        "pixel.png": bytes.fromhex("89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c02"
                                   "0000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"),
        "big.bin": random.Random(443).randbytes(BIG),
        "ümlaut grüße.txt": "ü\n".encode(),
        "no-extension": b"?\n",
        ".hidden": b"secret\n",
        ".git/config": b"secret\n",
        "dir/.htpasswd": b"secret\n",
        ".well-known/security.txt": b"Contact: mailto:root@localhost\n",
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    app = files["app.js"]
    (root / "app.js.gz").write_bytes(gzip.compress(app, 9))
    for tool, suffix in (("brotli", ".br"), ("zstd", ".zst")):
        if shutil.which(tool):
            out = subprocess.run([tool, "-c", root / "app.js"], stdout=subprocess.PIPE, check=True).stdout
            (root / f"app.js{suffix}").write_bytes(out)
    outside = root.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "secret.txt").write_bytes(b"secret\n")
    (root / "escape").symlink_to("../outside")
    (root / "escape.txt").symlink_to(outside / "secret.txt")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "alias.txt").symlink_to("hello.txt")
    for path in root.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)
    root.chmod(0o755)
    return root


@pytest.fixture(scope="session")
def gate_binary():
    return binary()


@pytest.fixture(scope="session")
def site():
    """The directory that the shared server serves. Read it, don't write to it."""
    home = Path(tempfile.mkdtemp(prefix="gate443-site-"))
    home.chmod(0o755)
    yield make_site(home / "www")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def own_site():
    """A site of the test's own, to change at will."""
    home = Path(tempfile.mkdtemp(prefix="gate443-site-"))
    home.chmod(0o755)
    yield make_site(home / "www")
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def gate(gate_binary, site):
    """The shared server: `gate443 serve SITE`, with nothing configured."""
    with Gate(site) as running:
        yield running


@pytest.fixture
def make_gate(gate_binary):
    """make_gate(directory, config=…, …) starts a server of the test's own; it is stopped, and its clean end checked,
    after the test."""
    running = []

    def make(*args, **kwargs):
        gate = Gate(*args, **kwargs).start()
        running.append(gate)
        return gate

    yield make
    errors = []
    for gate in running:
        try:
            gate.stop()
        except AssertionError as error:
            errors.append(error)
    if errors:
        raise errors[0]


@pytest.fixture(autouse=True)
def alive_afterwards(request):
    """Whatever a test did to the shared server: it still runs, and nothing in it crashed."""
    yield
    if "gate" in request.fixturenames:
        shared = request.getfixturevalue("gate")
        assert shared.process.poll() is None, "the shared gate443 ended:\n" + shared.log().decode(errors="replace")
        shared.assert_no_crash()


def pytest_configure(config):
    config.addinivalue_line("markers", "release_only: too slow, or without meaning, under the sanitizers")


def pytest_collection_modifyitems(items):
    if SANITIZED:
        skip = pytest.mark.skip(reason="only against the optimised build")
        for item in items:
            if item.get_closest_marker("release_only"):
                item.add_marker(skip)
