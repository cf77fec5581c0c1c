r"""Layout -> LaTeX, in one spelling.  Parsing what is written gives the same layout."""

from __future__ import annotations

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
from symconv.notation.symbols import FENCES, FUNCTIONS, MATRICES, RELATIONS

_TIGHT = {"(", "[", r"\{"}


def write_latex(node: Node) -> str:
    r"""The LaTeX of a layout.

    >>> from symconv.notation.latex_parser import parse_latex
    >>> write_latex(parse_latex(r"\sum _u ^{r-1}x_ {i}"))
    '\\sum_{u}^{r - 1} x_{i}'
    """
    match node:
        case Row(items=items):
            return _row(items)
        case Letter(name=text) | Numeral(text=text) | Sign(text=text):
            return text
        case Words(text=text, operator=operator):
            if operator and f"\\{text}" in FUNCTIONS:
                return f"\\{text}"
            text = text.replace("_", r"\_")
            return f"\\operatorname{{{text}}}" if operator else f"\\text{{{text}}}"
        case Styled(font=command, body=body) | Accent(mark=command, body=body):
            return f"{command}{{{write_latex(body)}}}"
        case Script():
            return _script(node)
        case Fraction(top=top, bottom=bottom):
            return f"\\frac{{{write_latex(top)}}}{{{write_latex(bottom)}}}"
        case Big(sign=sign, lower=lower, upper=upper):
            return sign + _marked("_", lower) + _marked("^", upper)
        case Fence(opener=opener, body=body):
            return _fence(opener, body)
        case Grid():
            return _grid(node)
        case Space():
            return r"\quad"
        case Boxed(body=body):
            return f"\\boxed{{{write_latex(body)}}}"
        case Tag(text=text):
            return f"\\tag{{{text}}}"
    raise TypeError(f"no LaTeX for {type(node).__name__}")


def _row(items: tuple[Node, ...]) -> str:
    text = ""
    before: Node | None = None
    unary = False
    for item in items:
        piece = f"{{{write_latex(item)}}}" if isinstance(item, Row) else write_latex(item)
        text += (" " if _spaced(before, item) and not unary else "") + piece
        unary = item == Sign("-") and (before is None or (isinstance(before, Sign) and before.text in RELATIONS))
        before = item
    return text


def _spaced(before: Node | None, item: Node) -> bool:
    """Whether a space stands between two neighbours; it must between letters that are not joined."""
    if before is None:
        return False
    if item in (Sign(","), Sign(";")):
        return False
    if isinstance(item, Fence) and item.opener in _TIGHT:
        return not isinstance(before, (Letter, Script, Words, Styled, Accent, Fence))
    head = item.base if isinstance(item, Script) else item
    return not (isinstance(head, Letter) and head.joined)


def _script(node: Script) -> str:
    base = write_latex(node.base)
    if isinstance(node.base, (Row, Script, Fraction, Big)):
        base = f"{{{base}}}"
    return base + "'" * node.primes + _marked("_", node.sub) + _marked("^", node.sup)


def _marked(mark: str, body: Row | None) -> str:
    return "" if body is None else f"{mark}{{{write_latex(body)}}}"


def _fence(opener: str, body: Row) -> str:
    tall = any(isinstance(i, (Fraction, Big, Grid)) for i in body.items)
    left, right = (r"\left", r"\right") if tall else ("", "")
    inner = write_latex(body)
    gap = " " if opener.startswith("\\") and inner[:1].isalpha() else ""
    return f"{left}{opener}{gap}{inner}{' ' if opener[0] == chr(92) and not tall else ''}{right}{FENCES[opener]}"


def _grid(node: Grid) -> str:
    lines = " \\\\ ".join(" & ".join(map(write_latex, cells)) for cells in node.rows)
    if node.environment == "lines":
        return lines
    if node.environment == "substack":
        return f"\\substack{{{lines}}}"
    spec = f"{{{'c' * max(map(len, node.rows), default=1)}}}" if node.environment == "array" else ""
    return f"\\begin{{{node.environment}}}{spec} {lines} \\end{{{node.environment}}}"


__all__ = ["MATRICES", "write_latex"]
