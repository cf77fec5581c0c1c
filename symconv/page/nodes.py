"""A page before any format: headings, sentences, formulas, steps, pictures and tables.

Formulas are LaTeX as `symconv.write.latex` prints it.  It stands for a layout tree, which every printer gets back by
parsing it; so one page becomes Markdown, TeX, HTML with MathML, Typst or a notebook, and no printer knows what a page
is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class Math:
    """A formula inside a sentence."""

    latex: str


@dataclass(frozen=True, slots=True)
class Code:
    """A name or a command as it is typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words with weight."""

    text: str


Inline = Text | Math | Code | Strong
Sentence = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a section; level 2 is the first below the title of the page."""

    level: int
    content: Sentence


@dataclass(frozen=True, slots=True)
class Paragraph:
    content: Sentence


@dataclass(frozen=True, slots=True)
class Display:
    """A formula set off; one that is not judged is left out when the page is read back."""

    latex: str
    judged: bool = True


@dataclass(frozen=True, slots=True)
class Declaration:
    """The lines of a declaration block, by which the page can be read back; printers for readers may fold it."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the hint that may be shown before it, what is done and why, the equation that is used, the new line.

    `equation` is the general fact, such as `\\frac{\\partial X_m}{\\partial X_a} = [m = a]`; "" where there is none.
    What stands in `inner` explains the step in smaller ones and folds where a format can fold.
    """

    number: int
    rule: str
    hint: Sentence
    reason: Sentence
    equation: str
    body: tuple[Node, ...]
    inner: tuple[Node, ...] = ()
    trivial: bool = False


@dataclass(frozen=True, slots=True)
class Fold:
    """What a reader may pass over."""

    summary: Sentence
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, as SVG of its own, with a text that says what it shows to those who do not see it."""

    svg: str
    alt: str
    caption: Sentence

    def _repr_svg_(self) -> str:
        return self.svg


@dataclass(frozen=True, slots=True)
class Table:
    head: tuple[Sentence, ...]
    rows: tuple[tuple[Sentence, ...], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Numbered or dotted items."""

    items: tuple[Sentence, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """Lines of code or of a terminal."""

    language: str
    text: str


Node = Heading | Paragraph | Display | Declaration | Step | Fold | Figure | Table | Listing | Program


@dataclass(frozen=True, slots=True)
class Page:
    """The title and what stands below it.

    `program` makes the page again; a notebook can run it, other formats leave it away.
    """

    title: Sentence
    body: tuple[Node, ...]
    program: Program | None = None
    script: str = ""  # for HTML: what lights up in pictures; the page is complete without it


def inside(node: Node) -> Iterator[Node]:
    """The node and all nodes below it, in reading order."""
    yield node
    for item in fields(node):
        value = getattr(node, item.name)
        for part in value if isinstance(value, tuple) else ():
            if isinstance(part, Node):
                yield from inside(part)


def displays(nodes: Iterable[Node]) -> Iterator[Display]:
    """All displays in the order in which every format shows them: the equation of a step stands before its body."""
    for node in nodes:
        for below in inside(node):
            if isinstance(below, Display):
                yield below
            elif isinstance(below, Step) and below.equation:
                yield Display(below.equation, judged=False)


def sentence(text: str) -> Sentence:
    """Words with `$..$` for formulas and backquotes for code.

    >>> sentence("Let $n$ be `--size`.")
    (Text(text='Let '), Math(latex='n'), Text(text=' be '), Code(text='--size'), Text(text='.'))
    """
    parts: list[Inline] = []
    kinds: dict[str, type[Math] | type[Code]] = {"$": Math, "`": Code}
    rest = text
    while rest:
        marks = [n for n in (rest.find(m) for m in kinds) if n >= 0]
        start = min(marks, default=len(rest))
        end = rest.find(rest[start], start + 1) if start < len(rest) else -1
        if end < 0:
            parts.append(Text(rest))
            break
        if start:
            parts.append(Text(rest[:start]))
        parts.append(kinds[rest[start]](rest[start + 1 : end]))
        rest = rest[end + 1 :]
    return tuple(parts)
