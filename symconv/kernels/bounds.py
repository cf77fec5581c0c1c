"""Bounds of index polynomials over boxes, as far as they can be read off.

A positive answer is certain; a negative one only means that the source must
compute the bound when it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import gcd

from symconv.term.polynomial import Atom, Monomial, Poly, Quotient, Remainder, Size

ZERO, ONE = Poly.of(0), Poly.of(1)


def surely_nonnegative(poly: Poly) -> bool:
    """poly >= 0 for all sizes: floors are estimated, then sizes counted from their least values.

    >>> H, s = Poly.of(Size("H")), Poly.of(Size("s"))
    >>> surely_nonnegative(H - 1 - s * ((H - 1) // s))
    True
    """
    if poly.names():
        return False
    plain = _without_floors(poly)
    if plain is None:
        return False
    sizes: dict[Atom, Poly] = {s: Poly.atom(s) + s.least for s in plain.sizes()}
    return all(c >= 0 for _, c in plain.substitute(sizes))


def _without_floors(poly: Poly) -> Poly | None:
    """A lower bound without quotients and remainders.

    What is taken away is estimated first: p in  p - n (p // n)  may itself hold a quotient, and cancels then.
    """
    while True:
        terms = [
            (m, c, q) for m, c in poly for q in [next((a for a in m if isinstance(a, Quotient)), None)] if q is not None
        ]
        if not terms:
            return poly
        monomial, c, compound = min(terms, key=lambda t: (t[1] > 0, -len(str(t[2]))))
        rest = list(monomial)
        rest.remove(compound)
        part = _estimate(compound, rest, c)
        if part is None:
            return None
        poly = poly - Poly({monomial: c}) + part


def _estimate(compound: Quotient, rest: list[Atom], c: int) -> Poly | None:
    """A lower bound of c * rest * compound."""
    outer = Poly({tuple(rest): c})
    if isinstance(compound, Remainder):
        return ZERO if c > 0 else outer * (compound.denominator - 1)
    if c > 0:
        return ZERO if surely_nonnegative(compound.numerator) else None
    number, atom = compound.denominator.as_int, compound.denominator.as_atom
    if number is not None and c % number == 0:  # den * floor(e/den) <= e
        return Poly({tuple(rest): c // number}) * compound.numerator
    if isinstance(atom, Size) and atom in rest:
        rest.remove(atom)
        return Poly({tuple(rest): c}) * compound.numerator
    return None


def coefficients(poly: Poly) -> tuple[dict[str, Poly], Poly] | None:
    """An affine form: the coefficient of each index, and the rest; None if it is not affine in the indices."""
    found: dict[str, dict[Monomial, int]] = {}
    rest: dict[Monomial, int] = {}
    for monomial, c in poly:
        names = [a for a in monomial if isinstance(a, str)]
        if len(names) > 1 or any(not isinstance(a, (str, Size)) and Poly.atom(a).names() for a in monomial):
            return None
        if names:
            others = tuple(a for a in monomial if a != names[0])
            found.setdefault(names[0], {})[others] = c
        else:
            rest[monomial] = c
    return {n: Poly(t) for n, t in found.items()}, Poly(rest)


def span(poly: Poly, counts: Mapping[str, Poly]) -> tuple[Poly, Poly] | None:
    """Least and greatest value where every index runs over 0 .. count-1; None if a sign is open."""
    form = coefficients(poly)
    if form is None:
        return None
    low = high = form[1]
    for name, c in form[0].items():
        if name not in counts:
            return None
        far = c * (counts[name] - 1)
        if surely_nonnegative(c):
            high = high + far
        elif surely_nonnegative(-c):
            low = low + far
        else:
            return None
    return low, high


def without_common_factor(poly: Poly) -> Poly:
    """Divided by the positive sizes and numbers that all terms share; the sign of the value stays.

    >>> s, q = Poly.of(Size("s")), Poly.of("q")
    >>> without_common_factor(s * Size("H") - s * q - s)
    H - q - 1
    """
    terms = list(poly)
    if not terms:
        return poly
    common = [a for a in terms[0][0] if isinstance(a, Size) and a.least >= 1]
    for size in common:
        quotient = poly.divided_by(Poly.atom(size))
        if quotient is not None:
            poly = quotient
    number = gcd(*(c for _, c in poly))
    return Poly({m: c // number for m, c in poly})


def product_of(polys: Iterable[Poly]) -> Poly:
    result = ONE
    for poly in polys:
        result = result * poly
    return result


__all__ = ["coefficients", "product_of", "span", "surely_nonnegative", "without_common_factor"]
