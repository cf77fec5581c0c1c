"""The declaration block: one fact a line.

`read_block` takes the lines of one fenced block and returns `Facts`.  Each
keyword has one function, found by name in `LINES`; a line whose meaning is not
carried out yet is refused, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from symconv.notation.source import Source, nearest
from symconv.read import lines, lines_of_names
from symconv.read.block_text import piece
from symconv.read.facts import Facts

LINES: dict[str, Callable[[Source, Facts], None]] = {
    "alias": lines.alias,
    "ambient": lines.ambient,
    "assume": lines.assume,
    "axes": lines.choice("axes", ("row-column", "x-y")),
    "base": lines.base,
    "broadcast": lines.choice("broadcast", ("scalars",)),
    "count": lines_of_names.count,
    "define": lines.define,
    "entry": lines.alias,
    "expect": lines.expect,
    "find": lines.find,
    "function": lines.function,
    "ignore": lines.ignore,
    "index": lines.index,
    "label": lines_of_names.label,
    "layout": lines.choice("layout", ("numerator", "denominator")),
    "loss": lines.loss,
    "op": lines.op,
    "origin": lines.choice("origin", ("centre", "first")),
    "outside": lines.outside,
    "pool": lines.choice("pool", ("mean", "sum")),
    "scalar": lines.scalar,
    "size": lines.size,
    "tensor": lines.tensor,
    "sum": lines.choice("sum", ("repeated",)),
    "ties": lines.choice("ties", ("first", "split", "excluded")),
    "upstream": lines.upstream,
    "value": lines_of_names.value,
    "vec": lines.choice("vec", ("columns", "rows")),
    "vectors": lines.choice("vectors", ("columns", "rows")),
}
_OFFSET = re.compile(r"\^\{(?:[^{}]*,)?\s*(\\?[A-Za-z]+)\s*[+-]\s*\d+\s*[,}]")
_COMMENT = re.compile(r"(?<!\\)#.*$")


def read_block(text: Source, before: Facts | None = None) -> Facts:
    """The facts of a block; a first line `keep` adds to the block before.

    >>> sorted(read_block(Source("size H W\\ntensor X[H,W]")).tensors)
    ['X']
    """
    facts = Facts(line=text.line)
    found = list(_lines(text))
    if found and found[0].text == "keep":
        if before is None:
            raise found[0].fault(0, "'keep' in the first block", "a block before it", "remove the line")
        facts = before.kept()
        facts.line = text.line
        found = found[1:]
    for line in found:
        facts.layers |= set(_layers(line))
    for line in found:
        _read_line(line, facts)
    return facts


def _lines(text: Source) -> Iterator[Source]:
    """The lines without comments and white space; empty ones are left out."""
    offset = 0
    for raw in text.text.split("\n"):
        line = piece(text, offset, offset + len(_COMMENT.sub("", raw)))
        offset += len(raw) + 1
        if line.text:
            yield line


def _layers(line: Source) -> Iterator[str]:
    """The letters of layers: those of an ambient line, and that of `z[,]^{l-1}`, wherever in the block it stands."""
    word, _, rest = line.text.partition(" ")
    if word == "ambient":
        yield from rest.split()
    elif word in ("tensor", "scalar", "loss"):
        yield from _OFFSET.findall(rest)


def _read_line(line: Source, facts: Facts) -> None:
    found = re.match(r"\S+", line.text)
    word = found.group() if found else ""
    rest = piece(line, len(word), len(line.text))
    if word not in LINES:
        near = nearest(word, [*LINES, "keep"])
        change = f"did you mean '{near}'?" if near else "see the table of lines in the documentation"
        raise line.fault(0, f"'{word}'", "one of " + ", ".join(sorted(LINES)), change)
    if not rest.text:
        raise line.fault(len(word), f"'{word}' alone", "what it declares", "complete the line or remove it")
    LINES[word](rest, facts)
