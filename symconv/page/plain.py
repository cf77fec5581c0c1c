"""Sentences as plain text, for titles."""

from __future__ import annotations

from symconv.errors import SymconvError
from symconv.notation.latex_parser import parse_latex
from symconv.notation.plain_writer import write_plain
from symconv.page.nodes import Math, Sentence


def plain(content: Sentence) -> str:
    r"""Words and formulas as one line.

    >>> from symconv.page.nodes import sentence
    >>> plain(sentence(r"By $x_{i}$, `n`"))
    'By x_i, n'
    """
    return "".join(_formula(part.latex) if isinstance(part, Math) else part.text for part in content)


def _formula(latex: str) -> str:
    try:
        return write_plain(parse_latex(latex))
    except SymconvError:
        return latex


__all__ = ["plain"]
