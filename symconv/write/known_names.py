"""A value by the names that its problem has: what is the formula of an entry is written as that entry again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symconv.term.substitution import entry_formula
from symconv.term.tensor import Defined
from symconv.term.value import Entry, Plus, Sum, Times, Value, add, free_indices, multiply, total, walk


def by_names(value: Value, tensors: Sequence[Defined]) -> Value:
    """Products that hold the formula of an entry of a tensor, with the entry in its place.

    >>> from symconv.term.polynomial import Poly
    >>> from symconv.term.tensor import Axis, Leaf, define
    >>> x, z, i = Leaf("x", (Axis.of(3),)), Leaf("z", (Axis.of(3),)), Poly.of("i")
    >>> y = define("y", (3,), lambda k: x[k] * z[k])
    >>> from symconv.write.text import text_of_value
    >>> text_of_value(by_names(2 * z[i] * x[i], [y]))
    '2 y[i]'
    """
    match value:
        case Plus(terms):
            return add(*(by_names(t, tensors) for t in terms))
        case Sum(ranges, body):
            return total(ranges, by_names(body, tensors))
        case Times(factors):
            for tensor in tensors:
                for entry, formula in _products(tensor, value):
                    if all(f in factors for f in formula.factors):
                        rest = list(factors)
                        for f in formula.factors:
                            rest.remove(f)
                        return by_names(multiply(*rest, entry), tensors)
    return value


def _products(tensor: Defined, value: Value) -> Iterator[tuple[Entry, Times]]:
    """Entries of the tensor at the positions that the value reads, where their formula is a product."""
    for index in dict.fromkeys(v.index for v in walk(value) if isinstance(v, Entry)):
        formula = entry_formula(tensor, index) if len(index) == tensor.rank and index else None
        if isinstance(formula, Times):
            yield Entry(tensor, index), formula


def factored(value: Value) -> Value:
    """Factors that do not depend on the index of a sum stand before it.

    >>> from symconv.term.polynomial import Poly
    >>> from symconv.term.tensor import Axis, Leaf
    >>> from symconv.term.value import Range
    >>> from symconv.write.text import text_of_value
    >>> x, n = Leaf("x", (Axis.of(3),)), Poly.of(3)
    >>> text_of_value(factored(Sum((Range.upto("k", n),), x["k"] * x["i"])))
    'x[i] sum_{k=0}^{2} x[k]'
    """
    match value:
        case Plus(terms):
            return add(*map(factored, terms))
        case Sum(ranges, Times(factors)):
            names = {r.name for r in ranges}
            before = [f for f in factors if not free_indices(f) & names]
            return multiply(*before, total(ranges, multiply(*(f for f in factors if f not in before))))
    return value


__all__ = ["by_names", "factored"]
