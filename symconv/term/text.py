"""Index polynomials and conditions on one line of plain text, for terminals and messages."""

from __future__ import annotations

from symconv.term.grouping import Part, grouped
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Remainder
from symconv.term.value import Condition

SIGNS = {"eq": "=", "ge": ">=", "ne": "!="}


def text_of_poly(poly: Poly) -> str:
    """An index polynomial without spaces, positive terms first.

    >>> from symconv.term.polynomial import Size
    >>> H, d, r = (Poly.of(Size(n)) for n in "Hdr")
    >>> text_of_poly((H - d * r + d - 1) % 2 + 1)
    '((H+1-d*(r-1)) mod 2)+1'
    """
    return _joined(grouped(poly))


def text_of_condition(condition: Condition) -> str:
    """What is positive on the left, what is negative on the right.

    >>> from symconv.term.polynomial import Size
    >>> H, p, d, r = (Poly.of(Size(n)) for n in "Hpdr")
    >>> text_of_condition(Condition("ge", H + 2 * p - d * r + d - 1))
    'H+2*p >= d*(r-1)+1'
    >>> text_of_condition(Condition("eq", H % 2))
    '2 divides H'
    >>> text_of_condition(Condition("ge", 6 - H))
    'H <= 6'
    """
    atom = condition.poly.as_atom
    if isinstance(atom, Remainder) and condition.kind == "eq":
        return f"{text_of_poly(atom.denominator)} divides {text_of_poly(atom.numerator)}"
    parts = grouped(condition.poly)
    left = _joined([part for part in parts if part.coefficient > 0])
    right = _joined([part._replace(coefficient=-part.coefficient) for part in parts if part.coefficient < 0])
    if condition.kind == "ge" and left.isdigit() and not right.isdigit():
        return f"{right} <= {left}"
    return f"{left} {SIGNS[condition.kind]} {right}"


def ordinal(n: int) -> str:
    """`first` for axis 0: nobody has to ask whether axes are counted from 0 or 1.

    >>> ordinal(0), ordinal(11)
    ('first', '12th')
    """
    words = ("first", "second", "third", "fourth", "fifth", "sixth")
    return words[n] if n < len(words) else f"{n + 1}th"


def _joined(parts: list[Part]) -> str:
    text = ""
    for c, monomial, inner in parts:
        factors = [_atom(a) for a in sorted(monomial, key=lambda a: isinstance(a, str))]
        if abs(c) != 1 or not factors:
            factors.insert(0, str(abs(c)))
        if inner is not None:
            factors.append(f"({text_of_poly(inner)})")
        text += ("-" if c < 0 else "+" if text else "") + "*".join(factors)
    return text or "0"


def _atom(atom: Atom) -> str:
    match atom:
        case Quotient():  # a remainder is one, too
            top, bottom = (text_of_poly(p) if p.terms <= 1 else f"({text_of_poly(p)})" for p in atom.polys())
            return f"({top} {atom.symbol} {bottom})"
        case Application():
            return f"{atom.function.name.replace('%', '')}({', '.join(map(text_of_poly, atom.arguments))})"
    return str(atom)


__all__ = ["ordinal", "text_of_condition", "text_of_poly"]
