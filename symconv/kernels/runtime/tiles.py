"""The matrices of F(m, r): m outputs with r taps by m + r - 1 products, after Toom and Cook.

A product of two polynomials is known by its values at m + r - 1 points, infinity among them; windows times
a kernel are the transpose of such a product.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np

from symconv.kernels.runtime.types import Array


@cache
def _tile(m: int, r: int) -> tuple[Array, Array, Array]:
    """A [n, m], G [n, r], B [n, n] with y_i = sum over p of A[p, i] (G w)_p (B d)_p = sum over u of w_u d_{i + u}.

    A holds powers of the points, B the coefficients of the product of x - x_q for all other points q, and G
    powers over the value of that product at its own point.
    """
    n = m + r - 1
    points = [Fraction(x) for x in ("0", "1", "-1", "2", "-2", "1/2", "-1/2", "4", "-4", "1/4", "-1/4")][: n - 1]
    back, weigh, into = [], [], []
    for own in (*points, None):
        product, value = [Fraction(1)], Fraction(1)
        for other in points:
            if other != own:
                product = [b - other * a for a, b in zip([*product, Fraction(0)], [Fraction(0), *product])]
                value *= 1 if own is None else own - other
        powers = [Fraction(int(j == n - 1)) if own is None else own**j for j in range(n)]
        back.append(powers[-m:] if own is None else powers[:m])
        weigh.append(powers[-r:] if own is None else [x / value for x in powers[:r]])
        into.append([*product, *[Fraction(0)] * (n - len(product))])
    a, g, b = (np.array([[float(x) for x in row] for row in rows]) for rows in (back, weigh, into))
    return a, g, b
