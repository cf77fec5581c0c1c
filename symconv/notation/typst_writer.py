r"""Layout -> the mathematics of Typst: what stands between its dollar signs.

Characters are written as themselves, `δ` and `∑`; separators are escaped everywhere, since in a call they would begin
the next argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from symconv.notation import glyphs
from symconv.notation.layout import (
    Accent,
    Big,
    Boxed,
    Fence,
    Fraction,
    Grid,
    Letter,
    Node,
    Numeral,
    Row,
    Script,
    Sign,
    Space,
    Styled,
    Tag,
    Words,
)
from symconv.notation.symbols import FENCES, MATRICES

SPECIAL = re.compile(r'([\\#$*_`"/&,;:^])')
SIGNS = {r"\bmod": "mod", r"\pmod": "mod", "|": 'class("relation", bar.v)', "'": "prime"}
ACCENTS = {
    r"\tilde": "tilde", r"\widetilde": "tilde", r"\hat": "hat", r"\widehat": "hat", r"\bar": "macron",
    r"\vec": "arrow", r"\dot": "dot", r"\overline": "overline", r"\underline": "underline",
}  # fmt: skip
FONTS = {
    r"\mathbf": "upright(bold({}))", r"\boldsymbol": "bold({})", r"\bm": "bold({})", r"\mathbb": "bb({})",
    r"\mathcal": "cal({})", r"\mathfrak": "frak({})", r"\mathsf": "sans({})", r"\mathtt": "mono({})",
    r"\mathit": "italic({})",
}  # fmt: skip
DELIMITERS = {"bmatrix": '"["', "pmatrix": '"("', "vmatrix": '"|"'}
ATTACHED = (Letter, Numeral, Words, Styled, Accent, Fence, Grid)  # what takes a script without a group around it


def write_typst(node: Node) -> str:
    r"""The Typst of a layout.

    >>> from symconv.notation.latex_parser import parse_latex
    >>> write_typst(parse_latex(r"\frac{\partial L}{\partial X_{a, b}} \le \sum_{u=0}^{r-1} \hat{G}_u"))
    'frac(∂ L, ∂ X_(a \\, b)) ≤ ∑_(u = 0)^(r − 1) hat(G)_(u)'
    """
    printer = PRINTERS.get(type(node))
    if printer is None:
        raise TypeError(f"no Typst for {type(node).__name__}")
    return printer(node)


def quoted(text: str) -> str:
    """A string of Typst."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _row(node: Row) -> str:
    return " ".join(filter(None, map(write_typst, node.items)))


def _letter(node: Letter) -> str:
    return glyphs.letter(node.name)


def _numeral(node: Numeral) -> str:
    return node.text


def _sign(node: Sign) -> str:
    known = SIGNS.get(node.text)
    return known if known is not None else SPECIAL.sub(r"\\\1", glyphs.SIGNS.get(node.text, node.text))


def _words(node: Words) -> str:
    return f"op({quoted(node.text)})" if node.operator else quoted(node.text)


def _styled(node: Styled) -> str:
    return FONTS[node.font].format(_row(node.body))


def _accent(node: Accent) -> str:
    return f"{ACCENTS[node.mark]}({_row(node.body)})"


def _script(node: Script) -> str:
    base = write_typst(node.base)
    if not isinstance(node.base, ATTACHED):
        base = f'class("normal", {base})'
    return base + "'" * node.primes + _marked("_", node.sub) + _marked("^", node.sup)


def _marked(mark: str, body: Row | None) -> str:
    return "" if body is None else f"{mark}({_row(body)})"


def _fraction(node: Fraction) -> str:
    return f"frac({_row(node.top)}, {_row(node.bottom)})"


def _big(node: Big) -> str:
    """Limits of a word stand below it, as those of a sum do."""
    sign = glyphs.BIG.get(node.sign, node.sign[1:])
    known = sign if len(sign) == 1 else f"op({quoted(sign)}, limits: #true)"
    return known + _marked("_", node.lower) + _marked("^", node.upper)


def _fence(node: Fence) -> str:
    opener, closer = (glyphs.FENCES.get(bracket, bracket) for bracket in (node.opener, FENCES[node.opener]))
    return f"lr({opener} {_row(node.body)} {closer})"


def _grid(node: Grid) -> str:
    name = node.environment
    if name in MATRICES:
        cells = "; ".join(", ".join(map(_row, row)) for row in node.rows)
        return f"mat(delim: {DELIMITERS.get(name, '#none')}, {cells})"
    lines = [" & ".join(map(_row, row)) for row in node.rows]
    return f"cases({', '.join(lines)})" if name == "cases" else " \\ ".join(lines)


def _space(node: Space) -> str:
    return "quad"


def _boxed(node: Boxed) -> str:
    return f"#box(stroke: 0.5pt, inset: 4pt, baseline: 4pt, ${_row(node.body)}$)"


def _tag(node: Tag) -> str:
    return f"wide {quoted(f'({node.text})')}"


PRINTERS: dict[type[Node], Callable[[Any], str]] = {
    Row: _row,
    Letter: _letter,
    Numeral: _numeral,
    Sign: _sign,
    Words: _words,
    Styled: _styled,
    Accent: _accent,
    Script: _script,
    Fraction: _fraction,
    Big: _big,
    Fence: _fence,
    Grid: _grid,
    Space: _space,
    Boxed: _boxed,
    Tag: _tag,
}

__all__ = ["quoted", "write_typst"]
