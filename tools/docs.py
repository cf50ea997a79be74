#!/usr/bin/python3
"""Checks the links of all documents and, given the binary, writes docs/reference/ from its own tables.

    tools/docs.py [BINARY]

The reference is never written by hand and never committed: the binary's tables are the one source.
"""
import re
import subprocess
import sys
from pathlib import Path

TREE = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
# What to ask the binary, and where its answer goes.
REFERENCE = {
    "config.schema.json": ["config", "--schema"],
    "configuration.md": ["config", "--reference"],
    "checks.md": ["audit", "--checks"],
    "commands.txt": ["help"],
}


def documents(tree=TREE):
    skip = {".git", "build", "build-asan", "build-fuzz"}
    return sorted(path for path in tree.rglob("*.md") if not skip & set(path.relative_to(tree).parts))


def anchor(heading):
    """A heading's anchor, as the common Markdown viewers make it."""
    text = re.sub(r"[`*]", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def broken_links(tree=TREE):
    """[(file, line, link, why)] for each link to a file or heading that does not exist."""
    broken = []
    for document in documents(tree):
        text = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), document.read_text(encoding="utf-8"))
        for match in LINK.finditer(text):
            link = match[1]
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            name, _, fragment = link.partition("#")
            target = (document.parent / name).resolve() if name else document
            line = text.count("\n", 0, match.start()) + 1
            if not target.exists():
                broken.append((document, line, link, "no such file"))
            elif fragment and target.suffix == ".md":
                headings = re.findall(r"^#+\s+(.*)$", target.read_text(encoding="utf-8"), re.M)
                if fragment not in {anchor(heading) for heading in headings}:
                    broken.append((document, line, link, "no such heading"))
    return broken


def write_reference(binary):
    out = TREE / "docs" / "reference"
    out.mkdir(parents=True, exist_ok=True)
    for name, words in REFERENCE.items():
        result = subprocess.run([binary, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=30)
        if result.returncode != 0:
            sys.exit(f"{binary} {' '.join(words)} failed: {result.stderr.decode(errors='replace')}")
        (out / name).write_bytes(result.stdout)
        print(f"docs/reference/{name}")


def main():
    broken = broken_links()
    for document, line, link, why in broken:
        print(f"{document.relative_to(TREE)}:{line}: {link}: {why}")
    if broken:
        return 1
    if len(sys.argv) > 1:
        write_reference(Path(sys.argv[1]).resolve())
    return 0


if __name__ == "__main__":
    sys.exit(main())
