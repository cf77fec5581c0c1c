"""What is never negative by its form: no search, no certificate; the checker repeats it as it stands."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.calculus.form import Guard
from symconv.term.polynomial import Atom, Poly, Quotient, Size


def nonnegative(p: Poly, known: Sequence[Guard]) -> bool:
    """p >= 0: its form says so, or one known guard and the form of what it leaves.

    Less than linear programming could show, but what the checker repeats without a certificate.
    """
    mine = p.all_atoms()  # a guard that brings in other quotients would never end
    near = [g for g in known if not g.equality and {a for a in g.poly.atoms() if isinstance(a, Quotient)} <= mine]
    return _by_form(p, known) or any(_by_form(p - g.poly, known) for g in near)


def _by_form(p: Poly, known: Sequence[Guard]) -> bool:
    """No coefficient is negative once all is counted from its least value; a quotient of such is at least 0."""
    least_zero: dict[Atom, Poly] = {
        a: Poly.atom(Size(f"{a}", 0))
        for a in p.atoms()
        if isinstance(a, Quotient) and nonnegative(a.numerator, known) and nonnegative(a.denominator - 1, known)
    }
    return p.substitute(least_zero).grows_from(0)


__all__ = ["nonnegative"]
