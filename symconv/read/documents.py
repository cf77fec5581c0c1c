r"""Documents: where the formulas and the declaration blocks are.

One pass of regular expressions over the text, code fences skipped; a notebook
gives its Markdown cells.  Displays count eq1, eq2, ..., every one of them;
inline formulas are kept, and numbered later if they hold a relation.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from symconv.errors import NotationError
from symconv.notation.source import Source

MOST_BYTES = 1 << 20
MOST_SEGMENTS = 2000
Form = Literal["md", "tex", "ipynb"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a document: a display, an inline formula, or a declaration block."""

    what: Literal["display", "inline", "block"]
    source: Source
    latex: str


_ENVIRONMENTS = r"equation|align|gather|multline|eqnarray|alignat"
_MATHS = (
    rf"\\begin\{{(?P<env>{_ENVIRONMENTS})(?P<star>\*?)\}}(?P<envbody>.*?)\\end\{{(?P=env)(?P=star)\}}"
    r"|(?<![\\$])\$\$(?P<dollars>.+?)(?<!\\)\$\$"
    r"|\\\[(?P<bracket>.+?)\\\]"
    r"|\\\((?P<paren>.+?)\\\)"
    r"|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]|\n(?!\s*\n))*?)(?<!\\)\$(?!\d)"
)
_FENCE = r"^(?P<ticks>[ ]{0,3}(?:`{3,}|~{3,}))[ ]*(?P<info>[^\n`]*)\n(?P<code>.*?)(?:^[ ]{0,3}(?P=ticks)[`~]*[ ]*$|\Z)"
_MARKDOWN = re.compile(
    rf"{_FENCE}|(?P<span>(?<!`)(?P<quote>`+)(?!`)[^\n]*?(?<!`)(?P=quote)(?!`))|<!--.*?-->|{_MATHS}", re.S | re.M
)
_TEX = re.compile(
    r"(?P<lines>(?:^[ \t]*%[ \t]*symconv:[^\n]*\n?)+)|(?<!\\)%[^\n]*"
    rf"|\\begin\{{verbatim\}}.*?\\end\{{verbatim\}}|{_MATHS}",
    re.S | re.M,
)


def read_file(path: Path) -> tuple[str, Form]:
    """The text of a document and its form by the ending of its name."""
    form = path.suffix.lstrip(".")
    if form not in ("md", "tex", "ipynb"):
        raise NotationError(
            str(path), f"the ending '{path.suffix}'", ".md, .tex or .ipynb", "rename or convert the file"
        )
    if path.stat().st_size > MOST_BYTES:
        raise NotationError(str(path), f"{path.stat().st_size} bytes", f"at most {MOST_BYTES}", "split the document")
    return path.read_text(encoding="utf-8"), form  # type: ignore[return-value]


def segments(text: str, form: Form, name: str = "document") -> list[Segment]:
    """Displays, inline formulas and blocks in the order of the text.

    >>> [(s.what, s.latex) for s in segments("Let $x$ be\\n$$x = y$$", "md")]
    [('inline', 'x'), ('display', 'x = y')]
    """
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise NotationError(name, f"more than {MOST_BYTES} bytes", "a shorter document", "split the document")
    found = _notebook(text, name) if form == "ipynb" else _pieces(text, _TEX if form == "tex" else _MARKDOWN, name, 1)
    if len(found) > MOST_SEGMENTS:
        raise NotationError(name, f"{len(found)} formulas", f"at most {MOST_SEGMENTS}", "split the document")
    return found


def _pieces(text: str, pattern: re.Pattern[str], name: str, line: int) -> list[Segment]:
    starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def source(start: int, end: int) -> Source:
        row = bisect_right(starts, start) - 1
        return Source(text[start:end], name, line + row, start - starts[row] + 1)

    found: list[Segment] = []
    for match in pattern.finditer(text):
        groups = match.groupdict()
        if groups.get("lines"):
            found.append(Segment("block", _comment_block(source(match.start(), match.end())), ""))
        elif groups.get("ticks"):
            if groups["info"].strip() == "symconv":
                found.append(Segment("block", source(match.start("code"), match.end("code")), ""))
        elif groups.get("env"):
            found.append(Segment("display", source(match.start(), match.end()), match.group().strip()))
        else:
            for group, what in (
                ("dollars", "display"),
                ("bracket", "display"),
                ("paren", "inline"),
                ("dollar", "inline"),
            ):
                if groups.get(group):
                    part = source(match.start(group), match.end(group))
                    found.append(Segment(what, part, part.text.strip()))  # type: ignore[arg-type]
    return found


def _comment_block(source: Source) -> Source:
    r"""`% symconv: loss L(y)` lines as a block, columns kept."""
    lines = []
    for line in source.text.split("\n"):
        head = re.match(r"[ \t]*%[ \t]*symconv:", line)
        lines.append(" " * head.end() + line[head.end() :] if head else line)
    return Source("\n".join(lines), source.name, source.line, 1)


def _notebook(text: str, name: str) -> list[Segment]:
    """The Markdown cells, joined; lines count through the cells' own lines, one between cells."""
    try:
        cells = json.loads(text)["cells"]
        parts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise NotationError(
            name, f"not a notebook ({type(problem).__name__})", "JSON with cells", "save the notebook again"
        ) from None
    return _pieces("\n\n".join(parts), _MARKDOWN, name, 1)
