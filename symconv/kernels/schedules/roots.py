"""Powers of a root of unity as the tables of a transform: what is left of the convolution theorem beside sums.

With a primitive root z of order n, the tables z^(q x), z^(-q u) and z^(-q i) / n of a transform, of that of a kernel
and of the way back give the sum over q of z^(q (x - u - i)) / n.  It is 1 where x = i + u (mod n) and 0 elsewhere: a
circle.  For each n this is a statement about whole numbers, as z is a root of the cyclotomic polynomial, which has no
factors: a sum of powers of z is 0 just if that polynomial divides the same sum of powers of an indeterminate.
"""

from __future__ import annotations

from collections import Counter

import sympy

from symconv.errors import UsageError


def is_a_circle(length: int) -> bool:
    """Whether the sum over q < length of z^(q m) is `length` at m = 0 and 0 at every other m below it, exactly.

    Modulo the length, m has the same multiples as its greatest common divisor with it: only divisors are tried.

    Raises `UsageError` for a length below 1.

    >>> is_a_circle(12)
    True
    """
    if length < 1:
        raise UsageError("length", str(length), "at least 1", "give the number of entries that are transformed")
    z = sympy.Symbol("z")
    root = sympy.Poly(sympy.cyclotomic_poly(length, z), z)

    def summed(m: int) -> sympy.Expr:
        """What is left of the sum, its powers taken below n, after division with the polynomial."""
        powers = Counter(q * m % length for q in range(length))
        return sympy.Poly.from_dict(dict(powers), z).rem(root).as_expr()

    return all(summed(m) == (length if m == length else 0) for m in sympy.divisors(length))


__all__ = ["is_a_circle"]
