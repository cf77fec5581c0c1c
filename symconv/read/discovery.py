"""Which files are documents: by the ending of the name, and by a declaration block in the text.

The text is looked through, not read, and nothing heavy is imported: a folder
without documents costs next to nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from symconv.errors import InputError, reading

SUFFIXES = (".md", ".tex", ".ipynb")
# wider than the reader's own rule: a block that it cannot use is reported, not passed over
_BLOCK = re.compile(rb"^[^\n]*(?:`{3,}|~{3,})[ ]*symconv\b|^[ \t]*%[ \t]*symconv:", re.MULTILINE)
_OPENER = re.compile(rb" {0,3}(?P<ticks>`{3,}|~{3,})[^`]*$")
_CLOSER = re.compile(rb" {0,3}(?P<ticks>`{3,}|~{3,}) *$")


def documents_below(path: Path, only_with_block: bool = False) -> list[Path]:
    """The file itself, or every document in a directory and below it that holds a block.

    With `only_with_block` the file too must hold one, and there may be none.
    """
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        found = [p for p in files if _may_hold_block(p)]
        if not found and not only_with_block:
            endings = ", ".join(SUFFIXES)
            raise InputError(
                str(path), "no document with a block", f"a {endings} with a ```symconv block", "name the file itself"
            )
        return found
    if not path.exists():
        raise InputError(str(path), "no such file", "a document or a directory", "correct the path")
    if path.suffix not in SUFFIXES:
        raise InputError(
            str(path), f"the ending '{path.suffix}'", ".md, .tex or .ipynb", "rename it, or give it by standard input"
        )
    return [] if only_with_block and not holds_block(path) else [path]


def _may_hold_block(path: Path) -> bool:
    """A file that cannot be read is looked at like one with a block: reading it tells what is wrong with it."""
    try:
        return holds_block(path)
    except InputError:
        return True


def holds_block(path: Path) -> bool:
    """Whether a declaration block stands in a document, and not only in code that it shows."""
    with reading(path):
        text = path.read_bytes()
    if b"symconv" not in text:
        return False
    if path.suffix == ".ipynb":
        return b"```symconv" in text or _BLOCK.search(text) is not None
    if path.suffix == ".md":
        return _block_outside_code(text)
    return _BLOCK.search(text) is not None


def _block_outside_code(text: bytes) -> bool:
    """A fence around a block makes it an example; a fence that nothing closes is a mistake, and hides none.

    >>> block = b"```symconv\\nloss L(y)\\n```\\n"
    >>> _block_outside_code(block), _block_outside_code(b"````\\n" + block + b"````\\n")
    (True, False)
    """
    fence, hidden = b"", False
    for line in text.splitlines():
        if fence:
            hidden = hidden or _BLOCK.match(line) is not None
            closer = _CLOSER.match(line)
            if closer and closer["ticks"].startswith(fence):
                fence, hidden = b"", False
        elif _BLOCK.match(line):
            return True
        elif opener := _OPENER.match(line):
            fence = opener["ticks"]
    return hidden
