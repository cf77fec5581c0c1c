"""The frame of a page of HTML, one file that needs nothing else, and the formulas in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.layout import Row
from symconv.notation.markup import Markup, element
from symconv.notation.mathml_writer import write_mathml
from symconv.notation.width import width
from symconv.page.style import BASE

PAPER = 38  # ems of a line
META = '<meta charset="utf-8">\n<meta name="viewport" content="width=device-width, initial-scale=1">\n'


def html_document(title: str, style: str, *body: Markup) -> str:
    """The whole file; style: what stands behind the style sheet that all pages share."""
    head = (element("title", title), element("style", Markup(BASE + style)))
    page = element("html", Markup(META), *lines(head), element("body", *lines(body)), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def lines(pieces: Iterable[Markup]) -> Iterator[Markup]:
    """Each piece with an end of line, for those who read the source."""
    for piece in pieces:
        yield Markup(f"{piece}\n")


def displayed(latex: str) -> Markup:
    """A formula set off: where it is too wide, it scrolls in its box, and on paper it is made smaller."""
    layout = _layout(latex)
    wide = 0.0 if layout is None else width(layout)
    fit = f"--fit: {PAPER / wide:.2f}" if wide > PAPER else None
    return element("div", _mathml(layout, latex, True), class_="formula", tabindex="0", style=fit)


def mathematics(latex: str, display: bool) -> Markup:
    """LaTeX of ours as MathML; as it is where the reader does not take it, as what is too long."""
    return _mathml(_layout(latex), latex, display)


def _layout(latex: str) -> Row | None:
    try:
        return parse_latex(latex)
    except SymconvError:
        return None


def _mathml(layout: Row | None, latex: str, display: bool) -> Markup:
    return element("code", latex) if layout is None else write_mathml(layout, display)


__all__ = ["displayed", "html_document", "lines", "mathematics"]
