r"""Documents: where the formulas and the declaration blocks are.

One pass from opener to closer, code skipped, in linear time; a notebook
gives its Markdown cells.  Displays count eq1, eq2, ..., every one of them;
inline formulas are kept, and numbered later if they hold a relation.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
    left_open: str = ""  # the opener, where nothing closes it


# the last six are found to be refused: what they hold is not left out in silence
_DISPLAYS = (
    "equation|align|gather|multline|eqnarray|alignat|flalign|displaymath|math"
    "|xalignat|xxalignat|IEEEeqnarray|dmath|dgroup|empheq"
)
_MATHS = (
    rf"(?P<escape>\\[\\$%])|\\begin\{{(?P<env>(?:{_DISPLAYS})\*?)\}}"
    r"|(?P<dollars>\$\$)|(?P<bracket>\\\[)|(?P<paren>\\\()"
)
_MARKDOWN = re.compile(
    r"^[ ]{0,3}(?P<ticks>`{3,}|~{3,})[ ]*(?P<info>[^\n`]*)\n|(?P<span>`+)|(?P<comment><!--)|(?P<ticked>\$`)|"
    + _MATHS
    + r"|(?P<dollar>(?<!\w)\$)",
    re.MULTILINE,
)
_TEX = re.compile(
    r"(?P<lines>(?:^[ \t]*%[ \t]*symconv:[^\n]*\n?)+)|(?P<percent>%)"
    r"|(?P<verbatim>\\begin\{(?P<code>verbatim\*?|lstlisting|minted|comment)\})|" + _MATHS + r"|(?P<dollar>\$)",
    re.MULTILINE,
)
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
# in Markdown a dollar beside a space or before a digit is money; a notebook takes `$ x $`, and TeX every dollar
_INLINE: dict[Form, re.Pattern[str]] = {
    "md": re.compile(r"[^\s$`](?:[^$\n`]|\n(?!\s*\n))*?(?<![\s\\])\$(?!\d)"),
    "ipynb": re.compile(r"(?:[^\s$`](?:[^$\n`]|\n(?!\s*\n))*?(?<![\s\\])|[ ](?:[^$\n`]|\n(?!\s*\n))*?[ ])\$(?!\d)"),
    "tex": re.compile(r"(?:[^$\n]|\n(?!\s*\n))+?(?<!\\)\$"),
}
_CLOSERS = {
    "dollars": "$$",
    "bracket": "\\]",
    "paren": "\\)",
    "comment": "-->",
    "percent": "\n",
    "ticked": "`$",
}


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
    found = _notebook(text, name) if form == "ipynb" else _pieces(text, form, name)
    if len(found) > MOST_SEGMENTS:
        raise NotationError(name, f"{len(found)} formulas", f"at most {MOST_SEGMENTS}", "split the document")
    return found


def _pieces(text: str, form: Form, name: str) -> list[Segment]:
    """One pass: the next opener, then its closer; a display that nothing closes ends with its paragraph."""
    return list(_Scan(text, form, name).segments())


class _Scan:
    """The state of one pass over a text; a closer once missing is not looked for again."""

    def __init__(self, text: str, form: Form, name: str) -> None:
        self.text = text
        self.pattern = _TEX if form == "tex" else _MARKDOWN
        self.inline = _INLINE[form]
        self.name = name
        self.starts = [0] + [m.end() for m in re.finditer("\n", text)]
        self.missing: set[str] = set()

    def segments(self) -> Iterator[Segment]:
        at = 0
        while (match := self.pattern.search(self.text, at)) is not None:
            at = match.end()
            kind = match.lastgroup or ""
            if match.groupdict().get("ticks"):
                end, after = self._fence(match)
                if match.group("info").strip() == "symconv":
                    yield Segment("block", self.source(at, end), "")
                elif match.group("info").strip() == "math" and self.text[at:end].strip():
                    yield self.formula("display", at, end)
                at = after
            elif kind == "lines":
                yield Segment("block", _comment_block(self.source(match.start(), at)), "")
            elif kind == "span":
                at = self._span(match)
            elif kind == "dollar":
                inner = self.inline.match(self.text, at)
                if inner is not None:
                    yield self.formula("inline", at, inner.end() - 1)
                    at = inner.end()
            elif kind != "escape":
                named = match.group(kind if kind == "env" else "code") if kind in ("env", "verbatim") else ""
                closer = f"\\end{{{named}}}" if named else _CLOSERS[kind]
                end = self.find(closer, at)
                paragraph = self._paragraph(at)
                if kind in ("env", "dollars", "bracket") and (end < 0 or (kind != "env" and paragraph < end)):
                    yield replace(self.formula("display", match.start(), paragraph), left_open=match.group())
                    at = paragraph
                elif end >= 0:
                    if kind == "env":
                        yield self.formula("display", match.start(), end + len(closer))
                    elif kind in ("dollars", "bracket", "paren", "ticked") and self.text[at:end].strip():
                        yield self.formula("display" if kind in ("dollars", "bracket") else "inline", at, end)
                    at = end + len(closer)

    def find(self, closer: str, at: int) -> int:
        if closer in self.missing:
            return -1
        end = self.text.find(closer, at)
        if end < 0:
            self.missing.add(closer)
        return end

    def _paragraph(self, at: int) -> int:
        """The end of the paragraph: the next blank line, or the end of the text."""
        blank = _BLANK.search(self.text, at)
        return blank.start() if blank else len(self.text)

    def _fence(self, match: re.Match[str]) -> tuple[int, int]:
        """Where the code ends, and where the text goes on."""
        ticks = match.group("ticks")
        closer = re.compile(rf"^[ ]{{0,3}}{ticks}{ticks[0]}*[ ]*$", re.MULTILINE).search(self.text, match.end())
        return (closer.start(), closer.end()) if closer else (len(self.text), len(self.text))

    def _span(self, match: re.Match[str]) -> int:
        """Code between backticks ends on its line, or it is none."""
        ticks = match.group()
        stop = self.text.find("\n", match.end())
        line = self.text[match.end() : stop if stop >= 0 else None]
        closer = re.search(rf"(?<!`){ticks}(?!`)", line)
        return match.end() + (closer.end() if closer else 0)

    def formula(self, what: Literal["display", "inline"], start: int, end: int) -> Segment:
        source = self.source(start, end)
        return Segment(what, source, source.text.strip())

    def source(self, start: int, end: int) -> Source:
        row = bisect_right(self.starts, start) - 1
        return Source(self.text[start:end], self.name, row + 1, start - self.starts[row] + 1)


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
    return _pieces("\n\n".join(parts), "ipynb", name)
