"""Numbers in index notation, with arithmetic."""

from __future__ import annotations

import sympy

from symconv.entries.bridge import poly_from_sympy
from symconv.errors import UsageError
from symconv.handles.handle import Handle
from symconv.handles.reading import inverse, value_of
from symconv.ops.window import integer
from symconv.term import value as values
from symconv.write.latex import latex_of_value
from symconv.write.text import text_of_value

MOST_FACTORS = 64  # of a power that is written out


class Value(Handle[values.Value]):
    """A number in index notation: an entry, a sum, a product; `+ - * / **` build larger ones.

    >>> import symconv as sc
    >>> n, (i, k) = sc.sizes("n"), sc.indices("i k")
    >>> x = sc.tensor("x", n)
    >>> (x[i] - sc.total(x[k], (k, 0, n - 1)) / n) ** 2
    (x[i] - (sum_{k=0}^{n-1} x[k]) 1/(n)) (x[i] - (sum_{k=0}^{n-1} x[k]) 1/(n))
    """

    # -- arithmetic -----------------------------------------------------------

    def __add__(self, other: object) -> Value:
        return Value(values.add(self.term, value_of(other, f"{self!r} + ..")))

    def __radd__(self, other: object) -> Value:
        return Value(values.add(value_of(other, f".. + {self!r}"), self.term))

    def __sub__(self, other: object) -> Value:
        return Value(values.add(self.term, values.negative(value_of(other, f"{self!r} - .."))))

    def __rsub__(self, other: object) -> Value:
        return Value(values.add(value_of(other, f".. - {self!r}"), values.negative(self.term)))

    def __neg__(self) -> Value:
        return Value(values.negative(self.term))

    def __mul__(self, other: object) -> Value:
        return Value(values.multiply(self.term, value_of(other, f"{self!r} * ..")))

    def __rmul__(self, other: object) -> Value:
        return Value(values.multiply(value_of(other, f".. * {self!r}"), self.term))

    def __truediv__(self, other: object) -> Value:
        by = inverse(value_of(other, f"{self!r} / .."), f"{self!r} / {other}")
        return Value(values.multiply(self.term, by))

    def __rtruediv__(self, other: object) -> Value:
        by = inverse(self.term, f"{other} / {self!r}")
        return Value(values.multiply(value_of(other, f".. / {self!r}"), by))

    def __pow__(self, exponent: object) -> Value:
        """A product of equal factors; a negative exponent divides."""
        number = integer(poly_from_sympy(exponent)) if isinstance(exponent, sympy.Integer) else integer(exponent)
        if number is None or abs(number) > MOST_FACTORS:
            raise UsageError(
                f"({self!r}) ** {exponent}",
                f"the exponent {exponent!r}",
                f"a whole number from -{MOST_FACTORS} to {MOST_FACTORS}",
                "write the power as a function with apply",
            )
        power = values.multiply(*[self.term] * abs(number))
        return Value(power if number >= 0 else inverse(power, f"({self!r}) ** {number}"))

    # -- how it shows itself -------------------------------------------------------

    def __repr__(self) -> str:
        return text_of_value(self.term)

    def latex(self) -> str:
        return latex_of_value(self.term)
