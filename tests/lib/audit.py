"""Runs `gate443 audit` for tests, and finds things in what it reports."""
import json
import subprocess

from gate import run_gate

# No name is asked for at a resolver, none of it leaves this machine.
ALWAYS = ("--no-dns", "--no-http-port")


class Audit:
    """One run: its exit status, its report (with several targets: reports), its text."""

    def __init__(self, result):
        self.status, self.text = result.returncode, result.stdout
        self.errors = result.stderr.decode(errors="replace")

    @property
    def document(self):
        return json.loads(self.text)

    @property
    def report(self):
        reports = self.document.get("reports", [self.document])
        assert len(reports) == 1, len(reports)
        return reports[0]

    @property
    def findings(self):
        return {one["id"]: one for one in self.report["findings"]}

    def verdict(self, check):
        return self.findings[check]["verdict"]


def run_audit(*args, timeout=200, always=ALWAYS):
    """`gate443 audit --json ARGS`, to its end."""
    return Audit(run_gate("audit", "--json", *always, *args, timeout=timeout))


def audit_server(server, *args, name="localhost", **kwargs):
    """Of a FaultServer or anything else with a port, over IPv4 alone."""
    return run_audit("--connect-to", f"127.0.0.1:{server.port}", *args, f"{name}:{server.port}", **kwargs)


def sections(text):
    """The findings' ids by section, of one report."""
    by_section = {}
    for one in text["findings"]:
        by_section.setdefault(one["section"], []).append(one["id"])
    return by_section
