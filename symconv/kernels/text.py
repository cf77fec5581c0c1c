"""Index polynomials as Python expressions."""

from __future__ import annotations

import ast
from collections.abc import Callable

from symconv.term.polynomial import Atom, Monomial, Poly, Quotient, Remainder

NameOf = Callable[[Atom], str]


def poly_text(poly: Poly, name_of: NameOf) -> str:
    """The polynomial as source; what is no quotient or remainder is named by `name_of`.

    >>> from symconv.term.polynomial import Size
    >>> poly_text(2 * (Poly.of(Size("H")) // 3) + 1, str)
    '2 * (H // 3) + 1'
    """
    terms = sorted(poly.sorted_terms(), key=lambda t: (not t[0], t[1] < 0))
    if not terms:
        return "0"
    text = ""
    for monomial, c in terms:
        sign = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
        part = _product(monomial, abs(c), name_of)
        text += sign + (enclosed(part) if sign == "-" and _divides(part) else part)
    return text


def _divides(text: str) -> bool:
    """True if a sign before the text would bind tighter than its division."""
    node = ast.parse(text, mode="eval").body
    return isinstance(node, ast.BinOp) and isinstance(node.op, (ast.FloorDiv, ast.Mod))


def _product(monomial: Monomial, c: int, name_of: NameOf) -> str:
    factors = [_atom(a, name_of, len(monomial) > 1 or c != 1) for a in monomial]
    if c != 1 or not factors:
        factors.insert(0, str(c))
    return " * ".join(factors)


def _atom(atom: Atom, name_of: NameOf, within: bool) -> str:
    if not isinstance(atom, Quotient):
        return name_of(atom)
    sign = "%" if isinstance(atom, Remainder) else "//"
    text = f"{_operand(atom.numerator, name_of)} {sign} {_operand(atom.denominator, name_of)}"
    return f"({text})" if within else text


def _operand(poly: Poly, name_of: NameOf) -> str:
    text = poly_text(poly, name_of)
    return enclosed(text)


def is_atom(text: str) -> bool:
    """True if an expression can stand before `*`, `.` or `[` as it is.

    >>> is_atom("a[:, 0].sum(axis=1)"), is_atom("a[0] * b.sum(axis=1)")
    (True, False)
    """
    node = ast.parse(text, mode="eval").body
    return isinstance(node, (ast.Name, ast.Call, ast.Subscript, ast.Attribute, ast.Constant)) or (
        text.startswith("(") and ast.parse(f"f{text}", mode="eval").body.__class__ is ast.Call
    )


def enclosed(text: str) -> str:
    """The expression, in parentheses unless it needs none."""
    return text if is_atom(text) else f"({text})"


def tuple_text(parts: list[str]) -> str:
    """A tuple display.

    >>> tuple_text(["N"]), tuple_text(["N", "C"])
    ('(N,)', '(N, C)')
    """
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


__all__ = ["NameOf", "enclosed", "is_atom", "poly_text", "tuple_text"]
