#!/usr/bin/python3
"""Checks the rules of the house that a compiler does not: who may include whom, and what no file may do.

    tools/house.py [TREE]        (default: the tree this file is in)

Prints one `file:line: reason` for each violation and exits 1 if there is any. The rules are explained in
docs/architecture.md; in short: all arrows point down, a library lives in one room, a file's name says where it is.
"""
import re
import sys
from pathlib import Path

RANK = {
    "base": 0,
    "wire": 1, "config": 1,
    "io": 2, "route": 2,
    "process": 3,
    "tls": 4,
    "quic": 5,
    "http": 6,
    "upstream": 7, "vpn": 7, "telemetry": 7,
    "handler": 8,
    "front": 9, "acme": 9, "audit": 9, "control": 9,
    "main": 10,
}

# A library's headers (by prefix) and the only rooms that may see them, so that replacing one touches one room.
LIBRARY = {
    "openssl/": {"tls", "acme", "audit"},
    "ngtcp2/": {"quic"},
    "nghttp2/": {"http"},
    "nghttp3/": {"http"},
    "zlib.h": {"http"},
    "brotli/": {"http"},
    "zstd": {"http"},
    "ares": {"io"},
    "liburing": {"io"},
    "seccomp.h": {"process"},
    "sys/capability.h": {"process"},
    "expat": {"handler"},
    "hiredis/": {"upstream"},
    "jansson.h": {"acme", "audit", "control", "handler"},
}

# What the C library, the compiler and the kernel bring. Anything else in <> is a library that LIBRARY must name first.
SYSTEM_PREFIXES = ("sys/", "netinet/", "arpa/", "net/", "linux/", "asm/", "bits/")
SYSTEM = set("""
    alloca.h arm_neon.h assert.h byteswap.h cpuid.h ctype.h dirent.h dlfcn.h elf.h emmintrin.h endian.h errno.h
    execinfo.h fcntl.h features.h float.h fnmatch.h ftw.h getopt.h glob.h grp.h ifaddrs.h immintrin.h inttypes.h
    iso646.h langinfo.h libgen.h limits.h link.h locale.h malloc.h math.h mntent.h netdb.h nmmintrin.h paths.h poll.h
    pthread.h pwd.h sched.h search.h semaphore.h setjmp.h signal.h smmintrin.h spawn.h stdalign.h stdarg.h stdatomic.h
    stdbool.h stddef.h stdint.h stdio.h stdlib.h stdnoreturn.h string.h strings.h syslog.h termios.h threads.h time.h
    tmmintrin.h uchar.h ucontext.h unistd.h utime.h wchar.h wctype.h x86intrin.h
""".split())

# Functions that have a safe sibling, and what that is.
BANNED = {
    "strcpy": "copy with a length (str, buf)",
    "strcat": "append to a buf",
    "strncpy": "copy with a length (str, buf)",
    "strncat": "append to a buf",
    "sprintf": "snprintf or a buf",
    "vsprintf": "vsnprintf or a buf",
    "gets": "read into a buf",
    "strtok": "cut a str",
    "atoi": "a parser that reports overflow",
    "atol": "a parser that reports overflow",
    "system": "posix_spawn with a fixed argument list",
    "popen": "posix_spawn with a fixed argument list",
    "tmpnam": "mkostemp",
    "mktemp": "mkostemp",
    "alloca": "a buf or an arena",
}
BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX)\b")
TYPEDEF = re.compile(r"\btypedef\s+(struct|union)\b")
LITERAL_OR_COMMENT = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(match):
    """A comment or literal as spaces, so that line numbers stay."""
    return "".join("\n" if c == "\n" else " " for c in match.group(0))


class House:
    def __init__(self, tree):
        self.tree = Path(tree)
        self.src = self.tree / "src"
        self.violations = []
        self.header_includes = {}  # "room/x.h" -> [("room/y.h", line)]

    def report(self, path, line, reason):
        self.violations.append((str(path.relative_to(self.tree)), line, reason))

    def check(self):
        files = sorted(p for p in self.src.rglob("*") if p.suffix in (".c", ".h", ".def", ".S"))
        if not files:
            self.violations.append(("src", 0, "no source files found"))
        self.check_names(files)
        for path in files:
            self.check_file(path)
        self.check_cycles()
        return sorted(self.violations)

    def check_names(self, files):
        rooms_of_stem = {}
        for path in files:
            room = path.relative_to(self.src).parts[0]
            first = rooms_of_stem.setdefault(path.stem, path)
            if first.relative_to(self.src).parts[0] != room or (first != path and first.name == path.name):
                self.report(path, 1, f"the name '{path.stem}' is taken by {first.relative_to(self.tree)}: "
                                     "a file's name is unique in src/")

    def check_file(self, path):
        relative = path.relative_to(self.src)
        room = relative.parts[0]
        if len(relative.parts) < 2 or room not in RANK:
            self.report(path, 1, f"'{room}' is no room of the house")
            return
        text = path.read_text(encoding="utf-8", errors="replace")
        own_header = path.with_suffix(".h")
        first_include = True
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > 120 and path.suffix != ".def":     # a table's row is one line
                self.report(path, number, f"{len(line)} columns: lines end by 100, 120 at the most")
            if LEFTOVER.search(line):
                self.report(path, number, "left unfinished: file an issue or finish it")
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, angled = match.groups()
            if path.suffix == ".c" and first_include and own_header.exists() \
                    and quoted != str(own_header.relative_to(self.src)):
                self.report(path, number, f'own header first: "{own_header.relative_to(self.src)}"')
            first_include = False
            if quoted:
                self.check_own_include(path, room, number, quoted)
            else:
                self.check_library_include(path, room, number, angled)
        self.check_words(path, text)

    def check_own_include(self, path, room, line, target):
        other = target.split("/")[0]
        if "/" not in target or other not in RANK or ".." in target.split("/"):
            self.report(path, line, f'"{target}": write it as "room/file.h"')
            return
        if other != room and RANK[other] >= RANK[room]:
            self.report(path, line, f"{room} ({RANK[room]}) may not include {target}: {other} has rank {RANK[other]}, "
                                    "and all arrows point down")
        if path.suffix == ".h":
            self.header_includes.setdefault(str(path.relative_to(self.src)), []).append((target, line))

    def check_library_include(self, path, room, line, target):
        for prefix, rooms in LIBRARY.items():
            if target.startswith(prefix):
                if room not in rooms:
                    self.report(path, line, f"<{target}> belongs to {', '.join(sorted(rooms))}, not to {room}")
                return
        if target not in SYSTEM and not target.startswith(SYSTEM_PREFIXES):
            self.report(path, line, f"<{target}> is neither the system's nor a library the house knows: "
                                    "tools/house.py names each library's room")

    def check_words(self, path, text):
        code = LITERAL_OR_COMMENT.sub(blank, text)
        for number, line in enumerate(code.split("\n"), 1):
            for match in BANNED_CALL.finditer(line):
                self.report(path, number, f"{match[1]}() is banned: {BANNED[match[1]]}")
            if TYPEDEF.search(line):
                self.report(path, number, "no typedef of structs")

    def check_cycles(self):
        state = {}

        def visit(header, trail):
            state[header] = "open"
            for target, line in self.header_includes.get(header, []):
                if state.get(target) == "open":
                    start = trail.index(target) if target in trail else 0
                    self.report(self.src / header, line, "include cycle: " + " -> ".join(trail[start:] + [target]))
                elif target not in state:
                    visit(target, trail + [target])
            state[header] = "done"

        for header in sorted(self.header_includes):
            if header not in state:
                visit(header, [header])


def main():
    tree = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    violations = House(tree).check()
    for path, line, reason in violations:
        print(f"{path}:{line}: {reason}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
