"""The moves of a worked derivation, each from one value to an equal one.

These are the steps a teacher writes: derivative under the sum, deltas, picking
an index, changing a variable.  They serve the display; the proof has its own
rules.  What a step changes is exactly what its function says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from symconv.calculus.functions import positive, slope
from symconv.ops.pool import argmax_of
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import entry_formula, fresh_name, substitute
from symconv.term.tensor import Axis, Defined, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Maximum,
    Plus,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    ValueLike,
    add,
    as_value,
    at_least,
    bracket,
    free_indices,
    multiply,
    negative,
    total,
)

# -- the derivative under the sum ---------------------------------------------------------


def derive_inside(value: Value) -> Value:
    """Sums, products and functions differentiated until only d(entry)/d(entry) is left."""
    match value:
        case Derivative(inner, by):
            return _derive(inner, by)
        case Plus(terms):
            return add(*map(derive_inside, terms))
        case Times(factors):
            return multiply(*map(derive_inside, factors))
        case Sum(ranges, body):
            return total(ranges, derive_inside(body))
    return value


def _derive(value: Value, by: Entry) -> Value:
    if not depends(value, by.tensor):
        return as_value(0)
    match value:
        case Entry(tensor, index) if tensor == by.tensor:
            return Derivative(value, by)
        case Entry(Defined() as tensor, index):
            formula = entry_formula(tensor, index)
            return multiply(_range_bracket(tensor, index), _derive(formula, by))
        case Plus(terms):
            return add(*(_derive(t, by) for t in terms))
        case Times(factors):
            return add(*_product_rule(factors, by))
        case Sum(ranges, body):
            apart = rename_ranges(Sum(ranges, body), {n for p in by.index for n in p.names()})
            return total(apart.ranges, _derive(apart.body, by))
        case Maximum(ranges, body):
            winners = dict(zip((r.name for r in ranges), argmax_of(value), strict=True))
            return _derive(substitute(body, winners), by)
        case Apply(Function("log"), argument) if (parts := split_log(argument)) is not None:
            return _derive(parts, by)
        case Apply(function, argument):
            return multiply(slope(function, argument), _derive(argument, by))
        case Reciprocal(argument):
            return multiply(-1, value, value, _derive(argument, by))
    return Derivative(value, by)


def split_log(value: Value) -> Value | None:
    """log of a product of positive factors as the sum of their logs, log exp a as a."""
    match value:
        case Apply(Function("exp"), inner):
            return inner
        case Reciprocal(inner) if positive(inner):
            return negative(_log(inner))
        case Times(factors) if all(map(positive, factors)):
            return add(*map(_log, factors))
        case Entry(Defined() as tensor, index):
            return split_log(entry_formula(tensor, index))
    return None


def _log(value: Value) -> Value:
    parts = split_log(value)
    return Apply(Function("log"), value) if parts is None else parts


def _product_rule(factors: Sequence[Value], by: Entry) -> list[ValueLike]:
    terms: list[ValueLike] = []
    for n, factor in enumerate(factors):
        if depends(factor, by.tensor):
            terms.append(multiply(*factors[:n], *factors[n + 1 :], _derive(factor, by)))
    return terms


def depends(value: Value, tensor: Tensor) -> bool:
    return tensor in set(tensors_in(value))


def _range_bracket(tensor: Defined, index: tuple[Poly, ...]) -> Value:
    """The bracket that the position lies on the axes, where that is not plain to see."""
    unclear = [n for n, (p, a) in enumerate(zip(index, tensor.axes, strict=True)) if not _plainly_inside(p, a)]
    picked = [(tensor.axes[n], index[n]) for n in unclear]
    conditions: list[Condition] = []
    for axis, p in picked:
        conditions += [at_least(p, axis.low)] if axis.low is not None else []
        conditions += [at_least(axis.high, p)] if axis.high is not None else []
    return bracket(*conditions)


def _plainly_inside(position: Poly, axis: Axis) -> bool:
    return isinstance(position.as_atom, str) or not axis.bounded


# -- deltas ---------------------------------------------------------------------------------


def deltas(value: Value) -> Value:
    """dX[e]/dX[a] = [e = a]: a product of one bracket an axis."""
    match value:
        case Derivative(Entry(tensor, index), by) if tensor == by.tensor:
            pairs = zip(index, by.index, strict=True)
            return bracket(*(Condition("eq", e - a) for e, a in pairs if e != a))
        case Plus(terms):
            return add(*map(deltas, terms))
        case Times(factors):
            return multiply(*map(deltas, factors))
        case Sum(ranges, body):
            return total(ranges, deltas(body))
    return value


# -- one sum ----------------------------------------------------------------------------------


def flat(value: Value) -> Value:
    """Nested sums and products as sums over all their ranges of one product; the ranges get names apart."""
    match value:
        case Plus(terms):
            return add(*map(flat, terms))
        case Sum(ranges, body):
            inner = flat(body)
            if isinstance(inner, Plus):
                return add(*(flat(Sum(ranges, t)) for t in inner.terms))
            return _merged(ranges, inner)
        case Times(factors):
            return _flat_product(list(map(flat, factors)))
    return value


def _merged(ranges: tuple[Range, ...], body: Value) -> Value:
    if isinstance(body, Sum):
        return Sum((*ranges, *body.ranges), body.body)
    return Sum(ranges, body)


def _flat_product(factors: list[Value]) -> Value:
    for n, factor in enumerate(factors):
        if isinstance(factor, Plus):
            return add(*(flat(multiply(*factors[:n], t, *factors[n + 1 :])) for t in factor.terms))
    ranges: tuple[Range, ...] = ()
    parts: list[ValueLike] = []
    taken = {n for f in factors for n in free_indices(f)}
    for factor in factors:
        if isinstance(factor, Sum):
            renamed = rename_ranges(factor, taken | {r.name for r in ranges})
            ranges += renamed.ranges
            parts.append(renamed.body)
        else:
            parts.append(factor)
    return total(ranges, multiply(*parts))


def rename_ranges(value: Sum, taken: set[str]) -> Sum:
    """Other names for the bound indices that are taken."""
    images: dict[str, Poly] = {}
    ranges: list[Range] = []
    others = {r.name for r in value.ranges} | free_indices(value)
    for r in value.ranges:
        name = fresh_name(r.name, taken | (others - {r.name}) | {made.name for made in ranges})
        atoms = cast("dict[Atom, Poly]", dict(images))
        limits = [None if p is None else p.substitute(atoms) for p in (r.low, r.high)]
        if name != r.name:
            images[r.name] = Poly.of(name)
        ranges.append(Range(name, *limits))
    return Sum(tuple(ranges), substitute(value.body, images))


# -- picking an index ---------------------------------------------------------------------------


def pick_all(value: Value, keep: Sequence[str] = ()) -> tuple[Value, list[tuple[str, Poly]]]:
    """Use up every equality that gives a bound index its value; what was picked, in order.

    keep: indices that stay bound.
    """
    if isinstance(value, Plus):
        parts = [pick_all(t, keep) for t in value.terms]
        return add(*(v for v, _ in parts)), list(dict.fromkeys(p for _, ps in parts for p in ps))
    picked: list[tuple[str, Poly]] = []
    while isinstance(value, Sum):
        found = _pickable(value, keep)
        if found is None:
            break
        name, place, condition = found
        value = _pick(value, name, place, condition)
        picked.append((name, place))
    return value, picked


def _pickable(value: Sum, keep: Sequence[str]) -> tuple[str, Poly, Condition] | None:
    limits = {n for r in value.ranges for p in (r.low, r.high) if p is not None for n in p.names()}
    for name in (r.name for r in value.ranges):
        if name in limits or name in keep:
            continue
        for condition in _equalities(value.body):
            parts = condition.poly.linear_in(name)
            if parts is not None and parts[0].as_int in (1, -1):
                return name, parts[1] if parts[0].as_int == -1 else -parts[1], condition
    return None


def _equalities(body: Value) -> list[Condition]:
    factors = body.factors if isinstance(body, Times) else (body,)
    return [c for f in factors if isinstance(f, Bracket) for c in f.conditions if c.kind == "eq"]


def _pick(value: Sum, name: str, place: Poly, condition: Condition) -> Value:
    """SUM_v [v = e] h(v) = [e in range] h(e)."""
    return substituted_in_sum(value, name, place, (condition,))


def substituted_in_sum(value: Sum, name: str, place: Poly, said: Sequence[Condition]) -> Value:
    """The one summand that conditions leave, without them; 0 where it is out of range.

    The bracket for that is dropped where an entry is 0 outside anyway.
    """
    chosen = next(r for r in value.ranges if r.name == name)
    rest = tuple(r for r in value.ranges if r.name != name)
    body = value.body
    for condition in said:
        body = _without(body, condition)
    known = _vouched(body, name, chosen)
    limits: list[Condition] = []
    if not known:
        limits += [at_least(place, chosen.low)] if chosen.low is not None else []
        limits += [at_least(chosen.high, place)] if chosen.high is not None else []
    return total(rest, multiply(substitute(body, {name: place}), bracket(*limits)))


def _without(body: Value, condition: Condition) -> Value:
    factors = body.factors if isinstance(body, Times) else (body,)
    result: list[ValueLike] = []
    for f in factors:
        if isinstance(f, Bracket) and condition in f.conditions:
            f = bracket(*(c for c in f.conditions if c is not condition))
        result.append(f)
    return multiply(*result)


def _vouched(body: Value, name: str, chosen: Range) -> bool:
    """An entry stands at exactly this index and is zero outside the same range."""
    factors = body.factors if isinstance(body, Times) else (body,)
    for f in factors:
        if not isinstance(f, Entry) or f.tensor.outside != "zero":
            continue
        for p, axis in zip(f.index, f.tensor.axes, strict=True):
            if p == Poly.of(name) and (axis.low, axis.high) == (chosen.low, chosen.high):
                return True
    return False


def stuffed(value: Value, g: Tensor, spread: Defined) -> Value:
    """SUM_i G[i] [s*i + e = 0] h = stuff(G, s)[-e] h, where i stands only there; unchanged unless every axis fits."""
    if isinstance(value, Plus):
        return add(*(stuffed(t, g, spread) for t in value.terms))
    if not isinstance(value, Sum):
        return value
    factors = list(value.body.factors if isinstance(value.body, Times) else (value.body,))
    at = next((n for n, f in enumerate(factors) if isinstance(f, Entry) and f.tensor == g), None)
    if at is None:
        return value
    entry = factors[at]
    steps = spread.call.option("steps") if spread.call is not None else None
    if not isinstance(steps, tuple):
        return value
    index = list(entry.index)  # type: ignore[attr-defined]
    ranges, body = value.ranges, value.body
    for n, position in enumerate(index):
        name = position.as_atom
        condition = next((c for c in _equalities(body) if isinstance(name, str) and name in c.poly.names()), None)
        if condition is None or not any(r.name == name for r in ranges):
            if steps[n] != 1:
                return value
            continue
        parts = condition.poly.linear_in(name)
        if parts is None or parts[0] not in (steps[n], -steps[n]):
            return value
        index[n] = -parts[1] if parts[0] == steps[n] else parts[1]
        ranges = tuple(r for r in ranges if r.name != name)
        body = _without(body, condition)
    factors = list(body.factors if isinstance(body, Times) else (body,))
    return total(ranges, multiply(*(Entry(spread, tuple(index)) if f == entry else f for f in factors)))


def drop_known(value: Value, free: Sequence[Range]) -> Value:
    """Leave out brackets that only repeat the range of a free index."""
    known = {c for r in free for c in _limits(r)}
    match value:
        case Plus(terms):
            return add(*(drop_known(t, free) for t in terms))
        case Sum(ranges, body):
            return total(ranges, drop_known(body, free))
        case Times(factors):
            return multiply(*(drop_known(f, free) for f in factors))
        case Bracket(conditions):
            return bracket(*(c for c in conditions if c not in known))
    return value


def _limits(r: Range) -> list[Condition]:
    low = [at_least(Poly.of(r.name), r.low)] if r.low is not None else []
    return low + ([at_least(r.high, Poly.of(r.name))] if r.high is not None else [])


__all__ = [
    "deltas",
    "derive_inside",
    "drop_known",
    "flat",
    "pick_all",
    "rename_ranges",
    "stuffed",
    "substituted_in_sum",
]
