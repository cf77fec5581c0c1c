"""Derivatives carried out and definitions unfolded, inside the term language.

What comes out holds entries of leaves only: each derivative is replaced by the
product rule and the chain rule, each defined entry by its formula with the
bracket that makes it zero outside its axes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symconv.calculus.functions import slope
from symconv.errors import BridgeError
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import entry_formula, fresh_name, rebuild, substitute
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Maximum,
    Plus,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    add,
    as_value,
    at_least,
    bracket,
    equal,
    free_indices,
    multiply,
    total,
)

ZERO = as_value(0)


def over_leaves(value: Value) -> Value:
    """The same value without derivatives and defined tensors.

    >>> from symconv.term.tensor import Axis
    >>> x = Leaf("x", (Axis.of(3),))
    >>> over_leaves(Derivative(multiply(2, x["i"]), x["j"])).factors[1].conditions[0]
    Condition(kind='eq', poly=i - j)
    """
    match value:
        case Derivative(inner, by):
            return over_leaves(derivative(_without_derivatives(inner), by))
        case Entry(Defined() as tensor, index):
            return over_leaves(multiply(*within(tensor, index), entry_formula(tensor, index)))
        case Plus(terms):
            return add(*map(over_leaves, terms))
        case Times(factors):
            return multiply(*map(over_leaves, factors))
    return rebuild(value, over_leaves, lambda p: p)


def within(tensor: Tensor, index: tuple[Poly, ...]) -> list[Bracket]:
    """The bracket of the axes, if they have ends."""
    conditions: list[Condition] = []
    for position, axis in zip(index, tensor.axes, strict=True):
        if axis.low is not None:
            conditions.append(at_least(position, axis.low))
        if axis.high is not None:
            conditions.append(at_least(axis.high, position))
    return [Bracket(tuple(conditions))] if conditions else []


def _without_derivatives(value: Value) -> Value:
    if isinstance(value, Derivative):
        return derivative(_without_derivatives(value.value), value.by)
    if isinstance(value, Entry):
        return value
    return rebuild(value, _without_derivatives, lambda p: p)


def derivative(value: Value, by: Entry) -> Value:
    """The derivative by an entry, by the rules of calculus; the value itself holds none."""
    match value:
        case Entry(tensor, index):
            return _entry_derivative(tensor, index, by)
        case Plus(terms):
            return add(*(derivative(t, by) for t in terms))
        case Times(factors):
            return add(
                *(_without_zero(*factors[:k], derivative(f, by), *factors[k + 1 :]) for k, f in enumerate(factors))
            )
        case Sum(ranges, body):
            ranges, body = renamed_apart(ranges, body, free_indices(by))
            inner = derivative(body, by)
            return ZERO if inner == ZERO else total(ranges, inner)
        case Apply(function, argument):
            return _without_zero(slope(function, argument), derivative(argument, by))
        case Reciprocal(argument):
            return _without_zero(as_value(-1), value, value, derivative(argument, by))
        case Maximum():
            raise BridgeError(
                "a derivative",
                "a maximum under it, whose place SymPy has no expression for",
                "sums, products and functions",
                "unfold the tensor at fixed sizes with entries(..)",
            )
    return ZERO


def _entry_derivative(tensor: Tensor, index: tuple[Poly, ...], by: Entry) -> Value:
    if tensor == by.tensor:
        same = [equal(a, b) for a, b in zip(index, by.index, strict=True)]
        return multiply(bracket(*same), *within(tensor, index))
    if isinstance(tensor, Leaf) or by.tensor not in tensors_in(Entry(tensor, index)):
        return ZERO
    assert isinstance(tensor, Defined)
    formula = _without_derivatives(entry_formula(tensor, index))
    return _without_zero(*within(tensor, index), derivative(formula, by))


def _without_zero(*factors: Value) -> Value:
    return ZERO if ZERO in factors else multiply(*factors)


def renamed_apart(
    ranges: tuple[Range, ...],
    body: Value,
    taken: Iterable[str],
    fresh: Callable[[str, Iterable[str]], str] = fresh_name,
) -> tuple[tuple[Range, ...], Value]:
    """The same sum or maximum with bound names that avoid the taken ones; `fresh(wanted, used)` finds names."""
    used = set(taken) | free_indices(Sum(ranges, body))
    names: dict[Atom, Poly] = {}
    result: list[Range] = []
    for r in ranges:
        low, high = (None if p is None else p.substitute(names) for p in (r.low, r.high))
        name = fresh(r.name, used)
        used.add(name)
        names[r.name] = Poly.of(name)
        result.append(Range(name, low, high))
    return tuple(result), substitute(body, {str(old): new for old, new in names.items() if new.as_atom != old})


__all__ = ["derivative", "over_leaves", "renamed_apart", "within"]
