#!/usr/bin/python3
"""Runs the libFuzzer targets of a build directory, one after the other, each for some seconds.

    tools/fuzz.py BUILD_DIR SECONDS [NAME]

New inputs that reach new code go to BUILD_DIR/corpus/NAME; an input that breaks something is kept as BUILD_DIR/crash-…
and belongs into tests/corpus/NAME once the fault is mended.
"""
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent


def main():
    build, seconds = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    wanted = sys.argv[3] if len(sys.argv) > 3 else None
    targets = sorted(path for path in build.rglob("fuzz_*") if path.is_file() and path.suffix == "")
    targets = [path for path in targets if wanted in (None, path.name.removeprefix("fuzz_"))]
    if not targets:
        sys.exit("no such fuzz target")
    failed = 0
    for target in targets:
        name = target.name.removeprefix("fuzz_")
        found = build / "corpus" / name
        found.mkdir(parents=True, exist_ok=True)
        print(f"== {name}", flush=True)
        command = [target, f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048",
                   f"-artifact_prefix={build}/crash-{name}-", found]
        seeds = TREE / "tests" / "corpus" / name
        if seeds.is_dir():
            command.append(seeds)
        failed += subprocess.run([str(word) for word in command], cwd=build).returncode != 0
    print(f"{len(targets) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
