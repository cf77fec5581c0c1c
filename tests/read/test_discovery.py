"""Which files hold a block: every real one, and no example that shows one."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from symconv.errors import InputError
from symconv.read.discovery import documents_below, holds_block

BLOCK = "```symconv\ntensor x[n]\n```\n"

HOLDS = {
    "plain.md": BLOCK,
    "tildes.md": BLOCK.replace("`", "~"),
    "indented.md": "- a list\n\n  " + BLOCK.replace("\n", "\n  "),
    "quoted.md": "> " + BLOCK.replace("\n", "\n> "),
    "with-more.md": BLOCK.replace("symconv", "symconv here"),
    "after-code.md": f"```python\nx = 1\n```\n{BLOCK}",
    "after-an-example.md": f"````markdown\n{BLOCK}````\n{BLOCK}",
    "windows.md": f"````\r\ntext\r\n````\r\n{BLOCK}",
    "not-closed.md": f"````\ntext\n{BLOCK}",
    "closed-by-too-few.md": f"`````\n````\n{BLOCK}",
    "paper.tex": "text\n  % symconv: tensor x[n]\n",
    "fence.tex": f"% ````\n{BLOCK}% ````\n",
    "book.ipynb": '{"cells": [{"source": ["```symconv\\n", "tensor x[n]"]}]}',
}
HOLDS_NONE = {
    "empty.md": "",
    "text.md": "symconv, `symconv`\n\n    symconv\n",
    "example.md": f"````markdown\n{BLOCK}````\n",
    "in-tildes.md": f"~~~\n{BLOCK}~~~\n",
    "two-examples.md": f"````\n{BLOCK}````\n\ntext\n\n   `````md\n{BLOCK}`````  \n",
    "other.tex": "% symconv is a program\n",
    "book.ipynb": '{"cells": [{"source": ["symconv"]}]}',
}


@pytest.mark.parametrize(("name", "text"), HOLDS.items(), ids=HOLDS)
def test_it_holds_a_block(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert holds_block(tmp_path / name)
    assert documents_below(tmp_path) == documents_below(tmp_path, only_with_block=True) == [tmp_path / name]


@pytest.mark.parametrize(("name", "text"), HOLDS_NONE.items(), ids=HOLDS_NONE)
def test_it_holds_none(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode())
    assert not holds_block(tmp_path / name)
    assert documents_below(tmp_path / name) == [tmp_path / name]
    assert documents_below(tmp_path / name, only_with_block=True) == []
    assert documents_below(tmp_path, only_with_block=True) == []
    with pytest.raises(InputError, match="no document with a block"):
        documents_below(tmp_path)


@pytest.mark.parametrize("line", ["```python\n", "~~~~\n````\n", "x" * 99, "` ~~~ "], ids=repr)
def test_a_long_text_takes_no_time(line: str, tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    path.write_text("symconv\n" + line * (1_000_000 // len(line)))
    start = time.perf_counter()
    holds_block(path)
    assert time.perf_counter() - start < 2


def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to(tmp_path / "nowhere.md")  # is no file, and passed over
    (tmp_path / "b.md").write_text("```symconv\nloss L(y)\n```\n")
    found = documents_below(tmp_path)
    assert found == [tmp_path / "b.md"]


def test_an_unreadable_file_below_a_directory_is_reported_when_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text("```symconv\nloss L(y)\n```\n")
    bad.write_text("")
    read = Path.read_bytes

    def refusing(path: Path) -> bytes:
        if path == bad:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refusing)
    assert documents_below(tmp_path) == [bad, good]
