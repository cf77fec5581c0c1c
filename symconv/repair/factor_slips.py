"""Slips in signs, factors and functions."""

from __future__ import annotations

from symconv.repair.context import Context, Edits
from symconv.term.polynomial import ONE
from symconv.term.value import Apply, Function, Number, Plus, Position, Reciprocal, Sum, Times, Value, add, multiply


def sign(value: Value, _: Context) -> Edits:
    """The sign of one summand turned."""
    if isinstance(value, Plus):
        for n, term in enumerate(value.terms):
            yield Plus((*value.terms[:n], multiply(-1, term), *value.terms[n + 1 :]))


def turned_whole(value: Value, _: Context) -> Edits:
    """The whole right side with the other sign."""
    yield multiply(-1, value)


def term_too_many(value: Value, _: Context) -> Edits:
    """y + b for y: a summand that does not belong there."""
    if isinstance(value, Plus):
        for n in range(len(value.terms)):
            yield add(*value.terms[:n], *value.terms[n + 1 :])


def mean_for_sum(value: Value, _: Context) -> Edits:
    """A sum that is not divided by the number of its summands; or one that is, and should not be."""
    if isinstance(value, Sum):
        counts = [r.high - r.low + 1 for r in value.ranges if r.high is not None and r.low is not None]
        if len(counts) == len(value.ranges) and all(not c.names() for c in counts):
            product = ONE
            for c in counts:
                product = product * c
            yield multiply(Reciprocal(Position(product)), value)
    if isinstance(value, Times):
        for n, factor in enumerate(value.factors):
            if isinstance(factor, (Reciprocal, Number)):
                yield multiply(*value.factors[:n], *value.factors[n + 1 :])


def factor_lost(value: Value, context: Context) -> Edits:
    """A factor of the definitions that was lost on the way, such as the 1/k^2 of a mean."""
    for factor in context.factors:
        yield multiply(factor, value)


def wrong_factor(value: Value, context: Context) -> Edits:
    """1/k for the 1/k^2 of the definitions."""
    if isinstance(value, Reciprocal):
        yield from (f for f in context.factors if isinstance(f, Reciprocal))


def factor_missing(value: Value, _: Context) -> Edits:
    """A factor too many; a derivative for its function."""
    if isinstance(value, Apply) and value.function.name not in ("exp",):
        yield Apply(Function(value.function.name, value.function.order + 1), value.argument)
        if value.function.order:
            yield Apply(Function(value.function.name, value.function.order - 1), value.argument)
    if isinstance(value, Times) and len(value.factors) > 1:
        for n in range(len(value.factors)):
            if not isinstance(value.factors[n], Sum):
                yield multiply(*value.factors[:n], *value.factors[n + 1 :])


__all__ = ["factor_lost", "factor_missing", "mean_for_sum", "sign", "term_too_many", "turned_whole", "wrong_factor"]
