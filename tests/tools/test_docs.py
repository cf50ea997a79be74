"""Links between documents lead somewhere."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import docs  # noqa: E402


def test_links_of_our_documents():
    assert docs.broken_links() == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "a.md").write_text("# One thing\n[good](b.md) [bad](c.md)\n[there](#one-thing) [not](#two)\n"
                                   "`[code](x.md)` [web](https://example.com/)\n")
    (tmp_path / "b.md").write_text("# B\n[up](a.md#one-thing) [no](a.md#nothing)\n")
    found = [(path.name, line, link) for path, line, link, _ in docs.broken_links(tmp_path)]
    assert found == [("a.md", 2, "c.md"), ("a.md", 3, "#two"), ("b.md", 2, "a.md#nothing")]
