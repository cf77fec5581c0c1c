"""The matrices of F(m, r), derived by SymPy, and the identity that they satisfy.

A polynomial of degree n - 1 is known by its values at n - 1 points and its leading coefficient.  Interpolation
writes a product of two polynomials by n products of values; a correlation is its transpose.  Exported modules
compute the same matrices with fractions; tests hold the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from symconv.errors import UsageError

POINTS = ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "4", "-4", "1/4", "-1/4")


@dataclass(frozen=True, slots=True)
class ToomCook:
    """y = A^T ((G w) * (B d)): A [n, m], G [n, r], B [n, n] with n = m + r - 1, exact fractions."""

    back: sympy.Matrix
    weigh: sympy.Matrix
    into: sympy.Matrix


def toom_cook(m: int, r: int) -> ToomCook:
    """F(m, r): m outputs with r taps by m + r - 1 products.

    Raises `UsageError` for a tile without outputs or taps, or with more points than are known.

    >>> toom_cook(2, 3).into
    Matrix([
    [-1,  0, 1, 0],
    [ 0,  1, 1, 0],
    [ 0, -1, 1, 0],
    [ 0, -1, 0, 1]])
    """
    n = m + r - 1
    if m < 1 or r < 1 or n - 1 > len(POINTS):
        raise UsageError(
            f"F({m}, {r})",
            f"a tile of {m} outputs and {r} taps",
            f"at least one of each, m + r - 1 at most {len(POINTS) + 1}",
            "choose a smaller tile",
        )
    x = sympy.Symbol("x")
    points = [sympy.Rational(p) for p in POINTS[: n - 1]]
    back, weigh, into = [], [], []
    for own in points:
        others = sympy.Poly(sympy.prod([x - q for q in points if q != own]), x)
        coefficients = others.all_coeffs()[::-1]
        powers = [own**k for k in range(n)]
        back.append(powers[:m])
        weigh.append([power / others(own) for power in powers[:r]])
        into.append([*coefficients, *[0] * (n - len(coefficients))])
    back.append([int(k == m - 1) for k in range(m)])  # at infinity only the highest power counts
    weigh.append([int(k == r - 1) for k in range(r)])
    into.append(sympy.Poly(sympy.prod([x - q for q in points]), x).all_coeffs()[::-1])
    return ToomCook(sympy.Matrix(back), sympy.Matrix(weigh), sympy.Matrix(into))


def is_an_identity(m: int, r: int) -> bool:
    """Whether the tile is the correlation: an exact polynomial identity in the entries of w and d.

    >>> is_an_identity(4, 3), is_an_identity(2, 7)
    (True, True)
    """
    tile = toom_cook(m, r)
    w, d = sympy.symbols(f"w:{r}"), sympy.symbols(f"d:{m + r - 1}")
    products = [a * b for a, b in zip(tile.weigh * sympy.Matrix(w), tile.into * sympy.Matrix(d), strict=True)]
    found = tile.back.T * sympy.Matrix(products)
    return all(sympy.expand(found[i] - sum(w[u] * d[i + u] for u in range(r))) == 0 for i in range(m))


__all__ = ["POINTS", "ToomCook", "is_an_identity", "toom_cook"]
