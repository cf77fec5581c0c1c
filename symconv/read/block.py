"""The declaration block: one fact a line.

`read_block` takes the lines of one fenced block and returns `Facts`.  Each
keyword has one function, found by name in `LINES`; a line whose meaning is not
carried out yet is refused, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symconv.notation.source import Source, nearest
from symconv.read import lines, lines_of_names
from symconv.read.block_text import piece
from symconv.read.facts import Facts

LINES: dict[str, Callable[[Source, Facts], None]] = {
    "alias": lines.alias,
    "assume": lines.assume,
    "axes": lines.convention("axes", "row-column", ("row-column", "x-y")),
    "base": lines.base,
    "broadcast": lines.convention("broadcast", "scalars", ("scalars",)),
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
    "origin": lines.convention("origin", "first", ("first", "centre")),
    "outside": lines.outside,
    "pool": lines.convention("pool", "mean", ("mean", "sum")),
    "scalar": lines.scalar,
    "size": lines.size,
    "tensor": lines.tensor,
    "sum": lines.choice("sum", ("repeated",)),
    "ties": lines.convention("ties", "first", ("first", "split", "excluded")),
    "upstream": lines.upstream,
    "value": lines_of_names.value,
    "vec": lines.choice("vec", ("columns", "rows")),
    "vectors": lines.choice("vectors", ("columns", "rows")),
}
LATER = ("ambient",)
_COMMENT = re.compile(r"(?<!\\)#.*$")


def read_block(text: Source, before: Facts | None = None) -> Facts:
    """The facts of a block; a first line `keep` adds to the block before.

    >>> sorted(read_block(Source("size H W\\ntensor X[H,W]")).tensors)
    ['X']
    """
    facts = Facts(line=text.line)
    first = True
    offset = 0
    for raw in text.text.split("\n"):
        line = piece(text, offset, offset + len(_COMMENT.sub("", raw)))
        offset += len(raw) + 1
        if not line.text:
            continue
        if first and line.text == "keep":
            if before is None:
                raise line.fault(0, "'keep' in the first block", "a block before it", "remove the line")
            facts = before.kept()
            facts.line = text.line
        else:
            _read_line(line, facts)
        first = False
    return facts


def _read_line(line: Source, facts: Facts) -> None:
    found = re.match(r"\S+", line.text)
    word = found.group() if found else ""
    rest = piece(line, len(word), len(line.text))
    if word in LATER:
        raise line.unsupported(0, f"a line '{word} ...'", "leave the line out, or state the fact by the other lines")
    if word not in LINES:
        near = nearest(word, [*LINES, *LATER, "keep"])
        change = f"did you mean '{near}'?" if near else "see the table of lines in the documentation"
        raise line.fault(0, f"'{word}'", "one of " + ", ".join(sorted(LINES)), change)
    if not rest.text:
        raise line.fault(len(word), f"'{word}' alone", "what it declares", "complete the line or remove it")
    LINES[word](rest, facts)
