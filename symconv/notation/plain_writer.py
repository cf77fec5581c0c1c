r"""Layout -> one line of plain text, where no mathematics can be set: the title of a window, the name of a picture."""

from __future__ import annotations

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
from symconv.notation.symbols import FENCES, OPERATIONS, RELATIONS


def write_plain(node: Node) -> str:
    r"""The characters of a layout, one after the other.

    >>> from symconv.notation.latex_parser import parse_latex
    >>> write_plain(parse_latex(r"\frac{\partial L}{\partial \hat{X}_{a, b}} \le 1"))
    '∂L/∂X̂_(a, b) ≤ 1'
    """
    match node:
        case Row(items=items):
            return "".join(map(write_plain, items)).strip()
        case Letter(name=name):
            return glyphs.letter(name)
        case Numeral(text=text) | Words(text=text) | Tag(text=text):
            return text
        case Sign(text=text):
            return _sign(text)
        case Styled(body=body) | Boxed(body=body):
            return write_plain(body)
        case Accent(mark=mark, body=body):
            return write_plain(body) + glyphs.COMBINING[mark]
        case Script(base=base, sub=sub, sup=sup, primes=primes):
            return write_plain(base) + "′" * primes + _marked("_", sub) + _marked("^", sup)
        case Fraction(top=top, bottom=bottom):
            return f"{_one(top)}/{_one(bottom)}"
        case Big(sign=sign, lower=lower, upper=upper):
            return glyphs.BIG.get(sign, sign[1:]) + _marked("_", lower) + _marked("^", upper) + " "
        case Fence(opener=opener, body=body):
            closer = FENCES[opener]
            return glyphs.FENCES.get(opener, opener) + write_plain(body) + glyphs.FENCES.get(closer, closer)
        case Grid(rows=rows):
            return "[" + "; ".join(" ".join(map(write_plain, cells)) for cells in rows) + "]"
        case Space():
            return " "
    raise TypeError(f"no plain text for {type(node).__name__}")


def _sign(text: str) -> str:
    shown = glyphs.SIGNS.get(text, text)
    if text in RELATIONS | OPERATIONS:
        return f" {shown} "
    return f"{shown} " if text in (",", ";", ":") else shown


def _marked(mark: str, body: Row | None) -> str:
    return "" if body is None else f"{mark}{_one(body)}"


def _one(body: Row) -> str:
    """In brackets, where it is more than letters beside each other."""
    text = write_plain(body)
    return text if all(isinstance(i, (Letter, Numeral, Accent, Script)) for i in body.items) else f"({text})"


__all__ = ["write_plain"]
