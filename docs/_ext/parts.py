"""The few pieces of a docutils page that the catalogues are made of."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence

from docutils import nodes
from docutils.parsers.rst import Directive

from symconv.page.nodes import Code, Math, Sentence, Strong, sentence
from symconv.page.plain import plain


def words(content: Sentence) -> list[nodes.Node]:
    """The words of a page: formulas, code and text."""
    made: list[nodes.Node] = []
    for part in content:
        match part:
            case Math(latex):
                made.append(nodes.math(latex, latex))
            case Code(said):
                made.append(nodes.literal(said, said))
            case Strong(said):
                made.append(nodes.strong(said, said))
            case _:
                made.append(nodes.Text(part.text))
    return made


def paragraph(text: str, *classes: str) -> nodes.paragraph:
    """Text with `$..$` for formulas and backquotes for code, as docstrings and reasons write it."""
    return nodes.paragraph("", "", *words(sentence(text)), classes=list(classes))


def raw(markup: str) -> nodes.raw:
    return nodes.raw("", markup, format="html")


def section(directive: Directive, title: Sentence, *body: nodes.Node) -> nodes.section:
    """A section that the contents of the page list."""
    head = nodes.title("", "", *words(title))
    made = nodes.section("", head, *body, names=[nodes.fully_normalize_name(plain(title))])
    directive.state.document.note_implicit_target(made, made)
    return made


def table(head: Sequence[str], rows: Iterable[Sequence[nodes.Node]], *classes: str) -> nodes.table:
    """A table; a row of one cell is as wide as all columns."""
    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in head), cols=len(head))
    group += nodes.thead("", _row([nodes.paragraph("", name) for name in head]))
    group += nodes.tbody("", *(_row(row, len(head)) for row in rows))
    return nodes.table("", group, classes=list(classes))


def _row(cells: Sequence[nodes.Node], columns: int = 0) -> nodes.row:
    wide = {"morecols": columns - 1} if len(cells) == 1 < columns else {}
    return nodes.row("", *(nodes.entry("", cell, **wide) for cell in cells))


def docstring(thing: object) -> str:
    """A docstring without its indentation, on one line a paragraph, its examples left away."""
    text = (inspect.getdoc(thing) or "").split("\n\n    >>>")[0].split("\n\n>>>")[0]
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
