"""From what users write to terms: handles, Python's numbers and SymPy's expressions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from symconv.entries.bridge import poly_from_sympy
from symconv.errors import BridgeError, UsageError
from symconv.handles.handle import Handle
from symconv.ops.window import integer
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Poly


def poly_of(item: object) -> Poly:
    """The index polynomial that a whole number, a SymPy expression or a place stands for."""
    term = item.term if isinstance(item, Handle) else item
    if isinstance(term, Poly):
        return term
    if isinstance(term, (values.Value, terms.Tensor)):
        raise BridgeError(f"the position {item!r}", "a value", "an index, a size or a whole number", "use an index")
    number = integer(item)
    return Poly.of(number) if number is not None else poly_from_sympy(item)


def value_of(item: object, place: str) -> values.Value:
    """What may stand beside a value: a value, a rational number, a polynomial in sizes and indices over another."""
    term = item.term if isinstance(item, Handle) else item
    if isinstance(term, values.Value):
        return term
    if isinstance(term, terms.Tensor):
        if term.rank:
            raise UsageError(place, f"the whole tensor {term.name}", "a number", f"name an entry: {term.name}[..]")
        return term[()]
    if isinstance(term, (Poly, Fraction)):
        return values.as_value(term)
    number = integer(item)
    if number is not None:
        return values.as_value(number)
    if isinstance(item, sympy.Rational):
        return values.as_value(Fraction(int(item.p), int(item.q)))
    if isinstance(item, sympy.Expr):
        above, below = item.as_numer_denom()
        product = values.as_value(poly_from_sympy(above))
        return product if below == 1 else values.multiply(product, inverse(value_of(below, place), place))
    raise UsageError(
        place,
        f"{item!r}",
        "a value, a whole number, a Fraction or a SymPy expression in sizes and indices",
        "write Fraction(1, 2) for a half; nothing is rounded here",
    )


def inverse(value: values.Value, place: str) -> values.Value:
    """1 / value."""
    if isinstance(value, values.Number):
        if not value.value:
            raise UsageError(place, "a division by 0", "a divisor that is not 0", "divide by something else")
        return values.Number(1 / value.value)
    return values.Reciprocal(value)


def unwrapped(item: Any) -> Any:
    """Handles become terms, SymPy expressions index polynomials, in tuples too."""
    if isinstance(item, Handle):
        return item.term
    if isinstance(item, sympy.Basic):
        return poly_from_sympy(item)
    if isinstance(item, (tuple, list)):
        return tuple(map(unwrapped, item))
    return item
