"""Conditions on sizes as LaTeX: `c = r`, `H \\ge r`, `s \\mid H - r`."""

from __future__ import annotations

from symconv.term.polynomial import Poly, Remainder
from symconv.term.value import Condition
from symconv.write.latex import latex_of_poly


def latex_of_condition(condition: Condition) -> str:
    r"""A condition with its negative terms on the right.

    >>> from symconv.term.polynomial import Size
    >>> latex_of_condition(Condition("ge", Poly.of(Size("H")) - Size("r")))
    'H \\ge r'
    """
    atom = condition.poly.as_atom
    if isinstance(atom, Remainder) and condition.kind == "eq":
        return rf"{latex_of_poly(atom.denominator)} \mid {latex_of_poly(atom.numerator)}"
    sign = {"ge": r"\ge", "eq": "=", "ne": r"\ne"}[condition.kind]
    left = Poly({m: c for m, c in condition.poly if c > 0 and m})
    right = Poly({m: -c for m, c in condition.poly if c < 0 or not m})
    return f"{latex_of_poly(left)} {sign} {latex_of_poly(right)}"
