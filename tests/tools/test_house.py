"""tools/house.py must catch each violation it exists for, and say where it is."""
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parents[2] / "tools" / "house.py"

CLEAN = {
    "base/str.h": "#include <stddef.h>\n",
    "base/str.c": '#include "base/str.h"\n#include <string.h>\n',
    "wire/hello.h": '#include "base/str.h"\n',
    "tls/cert.c": '#include "wire/hello.h"\n#include <openssl/x509.h>\n',
}


def house(tmp_path, files):
    for name, text in {**CLEAN, **files}.items():
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return subprocess.run([sys.executable, HOUSE, tmp_path], capture_output=True, text=True, timeout=30)


def test_clean_tree_passes_in_silence(tmp_path):
    result = house(tmp_path, {})
    assert (result.returncode, result.stdout) == (0, "")


def test_tree_without_sources_fails(tmp_path):
    result = subprocess.run([sys.executable, HOUSE, tmp_path], capture_output=True, text=True, timeout=30)
    assert result.returncode == 1


@pytest.mark.parametrize("files, where, words", [
    ({"base/up.c": '\n#include "wire/hello.h"\n'}, "src/base/up.c:2:", "arrows point down"),
    ({"io/side.h": '#include "route/l7.h"\n'}, "src/io/side.h:1:", "arrows point down"),
    ({"wire/lib.c": "#include <openssl/ssl.h>\n"}, "src/wire/lib.c:1:", "belongs to"),
    ({"http/new.c": "#include <somelib/some.h>\n"}, "src/http/new.c:1:", "neither the system's"),
    ({"base/bare.c": '#include "str.h"\n'}, "src/base/bare.c:1:", "room/file.h"),
    ({"base/dots.c": '#include "base/../wire/hello.h"\n'}, "src/base/dots.c:1:", "room/file.h"),
    ({"tls/hello.c": "int x;\n"}, "hello", "unique in src/"),
    ({"attic/old.c": "int x;\n"}, "src/attic/old.c:1:", "no room"),
    ({"base/late.h": "", "base/late.c": '#include <stddef.h>\n#include "base/late.h"\n'},
     "src/base/late.c:1:", "own header first"),
    ({"base/copy.c": "void f(char *a) { strcpy(a, a); }\n"}, "src/base/copy.c:1:", "banned"),
    ({"base/type.h": "typedef struct a { int b; } a;\n"}, "src/base/type.h:1:", "no typedef"),
    ({"base/todo.c": "/* " + "TO" + "DO: later */\n"}, "src/base/todo.c:1:", "unfinished"),
    ({"base/wide.c": "/* " + "x" * 130 + " */\n"}, "src/base/wide.c:1:", "columns"),
    ({"base/a.h": '#include "base/b.h"\n', "base/b.h": '#include "base/c.h"\n', "base/c.h": '#include "base/a.h"\n'},
     "src/base/c.h:1:", "base/a.h -> base/b.h -> base/c.h -> base/a.h"),
])
def test_violation_is_found(tmp_path, files, where, words):
    result = house(tmp_path, files)
    assert result.returncode == 1
    assert where in result.stdout
    assert words in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_banned_words_in_comments_and_strings_are_no_calls(tmp_path):
    result = house(tmp_path, {"base/quote.c": '/* strcpy(a, b) */\nconst char *s = "gets(x)"; // system(1)\n'
                                              "int x = a.system(1) + my_gets(2);\n"})
    assert result.stdout == ""
