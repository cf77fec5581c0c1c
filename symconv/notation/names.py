r"""Names: the one spelling under which a symbol is known, and scanning names in plain text.

A name is a letter or a run of letters, an accent or a font over one, with
labels below and above: `x`, `dlz`, `\tilde{F}`, `H_K`, `n_{out}`.
"""

from __future__ import annotations

import re

from symconv.notation.latex_parser import parse_latex
from symconv.notation.latex_writer import write_latex
from symconv.notation.layout import Node
from symconv.notation.source import Source

_ARGUMENT = r"(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|\w)"
_MARKED = "tilde|hat|bar|dot|vec|mathbf|mathsf|boldsymbol|mathcal|widetilde|widehat|mathrm|text|operatorname"
_HEAD = rf"(?:d?\\(?:{_MARKED})\s*{_ARGUMENT}|\\[A-Za-z]+|[A-Za-z]+)"
NAME = re.compile(rf"{_HEAD}'*(?:[_^]{_ARGUMENT}'*)*")


def name_key(node: Node) -> str:
    r"""The canonical spelling.

    >>> name_key(parse_latex(r"n_{\text{out}}")), name_key(parse_latex("H_{K}"))
    ('n_{out}', 'H_K')
    """
    return canonical(write_latex(node))


def canonical(latex: str) -> str:
    text = re.sub(r"\\(?:text|operatorname|mathrm)\{\s*([^{}]*?)\s*\}", r"\1", latex)
    text = re.sub(r"^d (?=\\)", "d", text)  # d\mathbf{X} is one name
    return re.sub(r"([_^])\{(\w)\}", r"\1\2", text)


def key_of_text(source: Source) -> str:
    """The canonical spelling of a name written in a declaration line."""
    return name_key(parse_latex(source))
