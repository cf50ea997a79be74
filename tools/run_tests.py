#!/usr/bin/python3
"""Runs every test suite, shows one line for each and the details of failures, and ends with `N passed, N failed`.

    tools/run_tests.py [SUITE...]       all suites without a name; see SUITES below for the names

The whole output of each step is kept in build/test-logs/. A suite that cannot run (a build that breaks, a runner that dies)
counts as one failure, and so does a sanitizer's report from any process that a test started.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
LOGS = TREE / "build" / "test-logs"
REPORTS = Path("/tmp") / f"gate443-sanitizer-{os.getpid()}"
FAULT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY:")
TAP_LINE = re.compile(r"^\s*(not ok|ok)\b[ \t]*\d*[ \t]*-?[ \t]*([^\n]*)", re.M)


@dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    details: list = field(default_factory=list)

    def fail(self, text):
        self.failed += 1
        self.details.append(text)


def tail(text, lines=40):
    return "\n".join(text.rstrip().split("\n")[-lines:])


def run(name, command, env=None, timeout=2400):
    """Runs a command with its output in LOGS/name.log. Returns (exit code, output)."""
    log = LOGS / f"{name}.log"
    with open(log, "wb") as out:
        try:
            code = subprocess.run([str(word) for word in command], cwd=TREE, stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT, env={**os.environ, **(env or {})},
                                  timeout=timeout).returncode
        except subprocess.TimeoutExpired:
            out.write(f"\nstopped after {timeout} s\n".encode())
            code = 124
    return code, log.read_text(errors="replace")


def sanitizer_env(fibres=False):
    """The same options for all: stop at the first fault, and write it where no test can lose it.

    fibres: the program suspends handshakes on stacks that OpenSSL makes (ASYNC_JOB). ASan does not know them; when the
    main stack grows it takes the frames it keeps aside for use-after-return back from jobs that still wait, and gives
    them to others. That check is therefore for the unit tests alone.
    """
    REPORTS.mkdir(mode=0o777, exist_ok=True)
    REPORTS.chmod(0o777)    # workers have dropped root when they report
    common = f"halt_on_error=1:exitcode=99:log_path={REPORTS}/report:log_exe_name=1"
    return {
        "ASAN_OPTIONS": common + ":detect_leaks=1:strict_string_checks=1"
                        + f":detect_stack_use_after_return={int(not fibres)}",
        "UBSAN_OPTIONS": common + ":print_stacktrace=1",
        "GATE443_SANITIZED": "1",
    }


def collect_reports(result):
    for report in sorted(REPORTS.glob("report*")) if REPORTS.exists() else []:
        text = report.read_text(errors="replace")
        report.unlink()
        # A mere warning stops nobody: ASan gives one where it meets the stacks of OpenSSL's asynchronous jobs.
        if FAULT.search(text):
            result.fail("a process was stopped by a sanitizer:\n" + "\n".join(text.split("\n")[:40]))


# --- builds ---------------------------------------------------------------------------------------------------------

built = {}


def build(target):
    """Makes `binary` or `asan` once. Returns None, or why it failed."""
    if target not in built:
        code, output = run(f"build-{target}", ["make", "--no-print-directory", target])
        built[target] = None if code == 0 else f"`make {target}` failed, as said above"
        if code != 0:
            return f"`make {target}` failed:\n{tail(output, 60)}"
    return built[target]


# --- suites ---------------------------------------------------------------------------------------------------------

def house(result):
    code, output = run("house", ["/usr/bin/python3", "tools/house.py"])
    violations = [line for line in output.splitlines() if line.strip()]
    if code == 0 and not violations:
        result.passed += 1
    else:
        result.fail(f"{len(violations)} violation(s) of the rules of the house:\n{tail(output, 60)}")
    pytest(result, "tools", "tests/tools")


def meson(result, suite, directory, name, env=None):
    why = build("asan" if directory == "build-asan" else "binary")
    if why:
        result.fail(why)
        return
    # A build's own tests only: a suite's log is one JSON object a line, one line a test program.
    code, output = run(name, ["meson", "test", "-C", directory, "--no-rebuild", "--suite", suite, "--logbase", name,
                              "--timeout-multiplier", "4"], env)
    log = TREE / directory / "meson-logs" / f"{name}.json"
    tests = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    before = result.failed
    for test in tests:
        count_program(result, test)
    if code not in (0, 1) and result.failed == before or not tests and code:
        result.fail(f"meson test ended with {code}:\n{tail(output)}")


def count_program(result, test):
    stdout = test.get("stdout", "")
    lines = TAP_LINE.findall(stdout)
    # cmocka writes a skipped test as `not ok 1 # SKIP name`, which meson takes for a failure.
    skipped = [title for _, title in lines if "# skip" in title.lower()]
    good = [title for word, title in lines if word == "ok" and title not in skipped]
    bad = [title for word, title in lines if word == "not ok" and title not in skipped]
    result.skipped += len(skipped)
    result.passed += len(good)
    for title in bad:
        result.fail(f"{test['name']}: {title}")
    if test["result"] == "SKIP" and not lines:
        result.skipped += 1
    elif skipped and not bad and test.get("returncode") == 0:
        pass
    elif test["result"] in ("OK", "EXPECTEDFAIL"):
        result.passed += 0 if lines else 1
    elif test["result"] != "SKIP":
        text = f"{test['name']}: {test['result']} (exit {test.get('returncode')})\n" \
               f"{tail(stdout, 40)}\n{tail(test.get('stderr', ''), 40)}"
        if bad:
            result.details.append(text)
        else:
            result.fail(text)


def pytest(result, name, *paths, env=None, args=()):
    xml = LOGS / f"{name}.xml"
    xml.unlink(missing_ok=True)
    code, output = run(name, ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-ra",
                              f"--junitxml={xml}", *args, *paths], env)
    if not xml.exists():
        result.fail(f"pytest ended with {code} without a report:\n{tail(output)}")
        return
    failed = 0
    for case in ElementTree.parse(xml).iter("testcase"):
        fault = case.find("failure") if case.find("failure") is not None else case.find("error")
        if fault is not None:
            failed += 1
            text = fault.text or fault.get("message") or ""
            result.fail(f"{case.get('classname')}::{case.get('name')}\n{tail(text, 60)}")
        elif case.find("skipped") is not None:
            result.skipped += 1
            result.details.append(f"skipped: {case.get('name')}: {case.find('skipped').get('message')}")
        else:
            result.passed += 1
    if code not in (0, 1) or (code == 1 and not failed):
        result.fail(f"pytest ended with {code}:\n{tail(output)}")


def e2e(result, binary, name, target, env=None):
    why = build(target)
    if why:
        result.fail(why)
        return
    only = os.environ.get("E2E", "")
    pytest(result, name, *(only.split() or ["tests/e2e"]), env={"GATE443": str(TREE / binary), **(env or {})})


SUITES = {
    "house": house,
    "unit": lambda result: [meson(result, suite, "build", f"{suite}") for suite in ("unit", "sim")],
    "e2e": lambda result: e2e(result, "build/gate443", "e2e", "binary"),
    "asan-unit": lambda result: [meson(result, suite, "build-asan", f"asan-{suite}", sanitizer_env())
                                 for suite in ("unit", "sim")],
    "fuzz": lambda result: meson(result, "fuzz", "build-asan", "fuzz", sanitizer_env()),
    "asan-e2e": lambda result: e2e(result, "build-asan/gate443", "asan-e2e", "asan", sanitizer_env(fibres=True)),
}


def main():
    chosen = sys.argv[1:] or list(SUITES)
    unknown = [name for name in chosen if name not in SUITES]
    if unknown:
        sys.exit(f"unknown suite {', '.join(unknown)}: there are {', '.join(SUITES)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    total = Result()
    for name in chosen:
        start = time.monotonic()
        result = Result()
        try:
            SUITES[name](result)
            collect_reports(result)
            if result.passed + result.failed == 0:
                result.fail("nothing ran")
        except Exception as error:          # the runner's own fault must not hide the other suites
            result.fail(f"the runner failed: {error!r}")
        skipped = f", {result.skipped} skipped" if result.skipped else ""
        print(f"{name:<10} {result.passed:>6} passed {result.failed:>4} failed{skipped}"
              f"   {time.monotonic() - start:.0f} s", flush=True)
        for text in result.details:
            print("    " + text.replace("\n", "\n    "), flush=True)
        total.passed += result.passed
        total.failed += result.failed
        total.skipped += result.skipped
    shutil.rmtree(REPORTS, ignore_errors=True)
    print(f"{total.passed} passed, {total.failed} failed" + (f", {total.skipped} skipped" if total.skipped else ""))
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
