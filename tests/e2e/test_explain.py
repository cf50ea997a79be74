"""`gate443 explain` says what a running server does: each URL is asked of both."""
import re

import pytest

from clients import curl
from gate import Gate, run_gate

CONFIG = """listen https {https};
listen http {http};
limits {
    idle_timeout 70s;
}
site localhost {
    hsts 30d;
    respond 201 "root";
    respond /health 202 "health";
    respond "/sp ace" 203 "space";
    route /api/ {
        limits {
            body_size 1k;
        }
        header set X-Api yes;
        respond 206 "api";
    }
    respond /api/v1 207 "v1";
}
"""
ROUTES = {"/": 201, "/health": 202, "/sp ace": 203, "/api/": 206, "/api/v1": 207}


def explain(gate, url):
    return run_gate("explain", "-c", gate.config_path, url)


def test_an_encoded_slash(served):
    assert curl(served, "/api%2fv1").status == 404
    said = explain(served, served.url + "/api%2fv1")
    assert said.returncode == 0 and b"404" in said.stdout and b"%2F" in said.stdout


@pytest.fixture(scope="module")
def served():
    with Gate(config=CONFIG) as gate:
        yield gate


@pytest.mark.parametrize("path", ["/", "/x?a=/health", "/health", "/health/", "/he%61lth", "/./health", "//health",
                                  "/api/../health", "/api/%2e%2e/health", "/api//v1", "/api/v1/", "/api", "/sp%20ace",
                                  "?x"])
def test_the_route_of_a_path(served, path):
    said = explain(served, served.url + path)
    route = re.search(rb"^route +(.*?)   \(", said.stdout, re.M).group(1).decode()
    assert ROUTES[route] == curl(served, path if path[0] == "/" else "/" + path, "--path-as-is").status


@pytest.mark.parametrize("path", ["/..%2fv1", "/%00", "/%zz", "/../x", "/%ff", "/a%5cb"])
def test_paths_that_are_refused(served, path):
    said = explain(served, served.url + path)
    assert said.returncode == 1 and b"malformed" in said.stderr
    assert curl(served, path, "--path-as-is").status == 400


def test_each_value_has_its_line(served):
    said = explain(served, served.url + "/api/x").stdout.decode()
    line = {number: text for number, text in enumerate(served.config_path.read_text().splitlines(), 1)}

    def source(value):
        found = re.search(re.escape(value) + r" +\(.*?(\d+)?\)$", said, re.M)
        assert found, f"{value} in\n{said}"
        return line.get(int(found.group(1) or 0), "default").split()[:2]
    assert source("idle_timeout 70s") == ["idle_timeout", "70s;"]
    assert source("body_size 1k") == ["body_size", "1k;"]
    assert source("header_count 100") == ["default"]
    assert source("min_version tls1.2") == ["default"]
    assert source("max-age=2592000") == ["hsts", "30d;"]
    assert source("set X-Api: yes") == ["header", "set"]


def test_a_directory_on_the_ports_of_an_ordinary_user(site):
    said = run_gate("explain", site, "https://localhost:8443/", check=True).stdout
    assert b"listener     https" in said and b"route" in said


def test_a_user_in_the_url_is_none_of_the_host(served):
    said = explain(served, served.url.replace("https://", "https://me:secret@") + "/health")
    assert b"route        /health" in said.stdout
