r"""About how wide a layout is when it is set, in the size of its letters: enough to see what will not fit on paper."""

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
from symconv.notation.symbols import OPERATIONS, RELATIONS

SMALLER = 0.7  # a script beside its base
COLUMN = 0.8  # between two columns


def width(node: Node | None) -> float:
    r"""In ems.

    >>> from symconv.notation.latex_parser import parse_latex
    >>> round(width(parse_latex(r"x + \frac{1}{10}")), 1)
    2.9
    """
    match node:
        case Row(items=items):
            return sum(map(width, items))
        case Letter():
            return 0.6
        case Numeral(text=text) | Words(text=text) | Tag(text=text):
            return 0.5 * len(text)
        case Sign(text=text):
            return 1.1 if text in RELATIONS | OPERATIONS else 0.4
        case Styled(body=body) | Accent(body=body):
            return width(body)
        case Fence(body=body) | Boxed(body=body):
            return width(body) + 0.8
        case Script(base=base, sub=sub, sup=sup, primes=primes):
            return width(base) + 0.3 * primes + SMALLER * max(width(sub), width(sup))
        case Fraction(top=top, bottom=bottom):
            return max(width(top), width(bottom)) + 0.2
        case Big(sign=sign, lower=lower, upper=upper):
            own = 1.2 if sign in glyphs.BIG else 0.5 * len(sign)
            return max(own, SMALLER * width(lower), SMALLER * width(upper))
        case Grid(rows=rows):
            columns = max(map(len, rows), default=0)
            widest = (max(width(cells[n]) for cells in rows if n < len(cells)) for n in range(columns))
            return sum(widest) + COLUMN * columns
        case Space():
            return 1.0
    return 0.0


__all__ = ["width"]
