"""The slips that hand derivations make, as edits that undo them.

The idea: a wrong line is mostly a right one with one slip.  Each rule of the table takes a value to the values
that differ from it by undoing one slip, the likeliest slips first.  Nothing is claimed here: what an edit gives
is proved before anyone sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symconv.term.polynomial import ONE, Poly, Size
from symconv.term.substitution import with_child
from symconv.term.tensor import Leaf, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    children,
    multiply,
    walk,
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a repair may be made of: the sizes of the claim and the data it speaks of."""

    sizes: tuple[Size, ...]
    leaves: tuple[Tensor, ...]
    indices: tuple[str, ...] = ()


Edits = Iterator[Value]
Rule = Callable[[Value, Context], Edits]


def repaired(value: Value, context: Context) -> Iterator[tuple[str, Value]]:
    """Every value with one slip undone, with the name of the slip; each value once."""
    seen = {value}
    names = {n for v in walk(value) if isinstance(v, Entry) for p in v.index for n in p.names()}
    context = replace(context, indices=tuple(sorted(names)))
    for name, rule in SLIPS:
        for changed in _everywhere(value, rule, context):
            if changed not in seen:
                seen.add(changed)
                yield name, changed


def context_of(sizes: tuple[Size, ...], *values: Value) -> Context:
    leaves = dict.fromkeys(t for v in values for t in tensors_in(v) if isinstance(t, Leaf))
    return Context(sizes, tuple(leaves))


def _everywhere(value: Value, rule: Rule, context: Context) -> Edits:
    """The rule at the value itself, then at each part."""
    yield from rule(value, context)
    for n, child in enumerate(children(value)):
        for changed in _everywhere(child, rule, context):
            if not (isinstance(value, Derivative) and n == 1):
                yield with_child(value, n, changed)


def _replaced(items: tuple[Poly, ...], n: int, item: Poly) -> tuple[Poly, ...]:
    return (*items[:n], item, *items[n + 1 :])


# -- the rules -------------------------------------------------------------------------


def flip_missing(value: Value, _: Context) -> Edits:
    """T[u, v] -> T[r - 1 - u, c - 1 - v]: all axes of a space, then the last two, then each alone."""
    if not isinstance(value, Entry):
        return
    rank = len(value.index)
    for axes in dict.fromkeys((tuple(range(rank)), tuple(range(rank))[-2:], *((n,) for n in range(rank)))):
        index = value.index
        for n in axes:
            axis = value.tensor.axes[n]
            if axis.low is None or axis.high is None or not index[n].names():
                break
            index = _replaced(index, n, axis.low + axis.high - index[n])
        else:
            if axes:
                yield Entry(value.tensor, index)


def index_sign(value: Value, _: Context) -> Edits:
    """i + a for i - a: in all positions of an entry at once, then in one."""
    if not isinstance(value, Entry):
        return
    turned = [[p - 2 * c * Poly.of(n) for n, c in _linear(p)] for p in value.index]
    for choice in range(max(map(len, turned), default=0)):
        if all(len(t) > choice for t in turned) and len(turned) > 1:
            yield Entry(value.tensor, tuple(t[choice] for t in turned))
    for n, options in enumerate(turned):
        for changed in options:
            yield Entry(value.tensor, _replaced(value.index, n, changed))


def _linear(position: Poly) -> list[tuple[str, int]]:
    """The indices of a sum of at least two parts, with their whole coefficients."""
    if position.terms < 2:
        return []
    return [(n, c) for n in sorted(position.names()) if (c := position.coefficient((n,)))]


def transposed_index(value: Value, _: Context) -> Edits:
    """T[u, v] for T[v, u]."""
    if isinstance(value, Entry):
        for n in range(len(value.index)):
            for m in range(n + 1, len(value.index)):
                swapped = list(value.index)
                swapped[n], swapped[m] = swapped[m], swapped[n]
                yield Entry(value.tensor, tuple(swapped))


def wrong_index(value: Value, context: Context) -> Edits:
    """One index where another belongs, as in X[i + u, j + u]."""
    if isinstance(value, Entry):
        for n, position in enumerate(value.index):
            for name in sorted(position.names()):
                for other in context.indices:
                    if other not in position.names():
                        yield Entry(
                            value.tensor, _replaced(value.index, n, position.substitute({name: Poly.of(other)}))
                        )


def off_by_one(value: Value, _: Context) -> Edits:
    """An index or a limit that is one too large or too small."""
    if isinstance(value, Entry):
        for step in (1, -1):
            yield Entry(value.tensor, tuple(p + step if p.names() else p for p in value.index))
        for n, position in enumerate(value.index):
            for step in (1, -1):
                yield Entry(value.tensor, _replaced(value.index, n, position + step))
    for ranges, rebuilt in _ranges(value):
        for n, r in enumerate(ranges):
            for step in (-1, 1):
                if r.high is not None:
                    yield rebuilt((*ranges[:n], replace(r, high=r.high + step), *ranges[n + 1 :]))
                if r.low is not None:
                    yield rebuilt((*ranges[:n], replace(r, low=r.low + step), *ranges[n + 1 :]))
        if len(ranges) > 1 and all(r.high is not None for r in ranges):
            for step in (-1, 1):
                yield rebuilt(tuple(replace(r, high=(r.high or ONE) + step) for r in ranges))


def index_base(value: Value, _: Context) -> Edits:
    """A sum counted from one where the entries are counted from zero, or the other way round."""
    for ranges, rebuilt in _ranges(value):
        for step in (-1, 1):
            moved = [
                Range(r.name, r.low + step, r.high + step) for r in ranges if r.low is not None and r.high is not None
            ]
            if len(moved) == len(ranges):
                yield rebuilt(tuple(moved))


def _ranges(value: Value) -> Iterator[tuple[tuple[Range, ...], Callable[[tuple[Range, ...]], Value]]]:
    if isinstance(value, Sum):
        yield value.ranges, lambda ranges: Sum(ranges, value.body)


def wrong_bound(value: Value, context: Context) -> Edits:
    """A limit in one size where another belongs."""
    for ranges, rebuilt in _ranges(value):
        for n, r in enumerate(ranges):
            for end in ("high", "low"):
                limit = getattr(r, end)
                for size in sorted(limit.sizes(), key=str) if limit is not None else ():
                    for other in context.sizes:
                        if other != size:
                            moved = limit.substitute({size: Poly.atom(other)})
                            yield rebuilt((*ranges[:n], replace(r, **{end: moved}), *ranges[n + 1 :]))


def stride_missing(value: Value, context: Context) -> Edits:
    """i for s i, in all positions at once or in one; and s i for i."""
    if not isinstance(value, Entry):
        return
    for size in context.sizes:
        for factor in (Poly.atom(size), None):
            changed = tuple(_scaled(p, size, factor) for p in value.index)
            for choice in range(max(map(len, changed), default=0)):
                if len(changed) > 1 and all(len(c) > choice for c in changed):
                    yield Entry(value.tensor, tuple(c[choice] for c in changed))
            for n, options in enumerate(changed):
                for position in options:
                    yield Entry(value.tensor, _replaced(value.index, n, position))


def _scaled(position: Poly, size: Size, factor: Poly | None) -> list[Poly]:
    """Each index of the position multiplied by the size, or the size in front of an index dropped."""
    if factor is not None:
        return [position + (factor - 1) * c * Poly.of(n) for n, c in _all_linear(position)]
    dropped = [m for m, _ in position if size in m and len(m) > 1]
    return [position.substitute({size: ONE})] if dropped else []


def _all_linear(position: Poly) -> list[tuple[str, int]]:
    return [(n, c) for n in sorted(position.names()) if (c := position.coefficient((n,)))]


def padding_missing(value: Value, context: Context) -> Edits:
    """A position without its padding, or with the padding on the other side."""
    if not isinstance(value, Entry):
        return
    for size in (s for s in context.sizes if s.least == 0):
        for step in (-1, 1, -2, 2):
            moved = tuple(p + step * Poly.atom(size) for p in value.index)
            yield Entry(value.tensor, moved)
            for n, position in enumerate(moved):
                yield Entry(value.tensor, _replaced(value.index, n, position))


def sign(value: Value, _: Context) -> Edits:
    """A sign turned."""
    if isinstance(value, Plus):
        for n, term in enumerate(value.terms):
            yield Plus((*value.terms[:n], multiply(-1, term), *value.terms[n + 1 :]))


def turned_whole(value: Value, _: Context) -> Edits:
    """The whole right side with the other sign; only at its top."""
    yield multiply(-1, value)


def factor_missing(value: Value, context: Context) -> Edits:
    """A mean for a sum, a 2 or a 1/2, a derivative for its function."""
    if isinstance(value, Apply) and value.function.name not in ("exp",):
        yield Apply(Function(value.function.name, value.function.order + 1), value.argument)
        if value.function.order:
            yield Apply(Function(value.function.name, value.function.order - 1), value.argument)
    if isinstance(value, Times) and len(value.factors) > 1:
        for n in range(len(value.factors)):
            if not isinstance(value.factors[n], Sum):
                yield multiply(*value.factors[:n], *value.factors[n + 1 :])


def mean_for_sum(value: Value, context: Context) -> Edits:
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


def wrong_tensor(value: Value, context: Context) -> Edits:
    """One tensor where another of the same rank belongs."""
    if isinstance(value, Entry):
        for other in context.leaves:
            if other != value.tensor and other.rank == value.tensor.rank:
                yield Entry(other, value.index)


def bracket(value: Value, _: Context) -> Edits:
    """A condition that is one off, or turned round."""
    if isinstance(value, Bracket):
        for n, c in enumerate(value.conditions):
            changed = [Condition(c.kind, c.poly + step) for step in (1, -1)]
            changed += [Condition(c.kind, c.poly - 2 * k * Poly.of(name)) for name, k in _linear(c.poly)]
            for other in changed:
                yield Bracket((*value.conditions[:n], other, *value.conditions[n + 1 :]))


SLIPS: tuple[tuple[str, Rule], ...] = (
    ("a missing flip", flip_missing),
    ("the sign of an index", index_sign),
    ("indices in the wrong order", transposed_index),
    ("a wrong index", wrong_index),
    ("counted from one instead of zero", index_base),
    ("one too many or too few", off_by_one),
    ("a wrong bound", wrong_bound),
    ("a stride missing or in the wrong place", stride_missing),
    ("a padding or an offset missing", padding_missing),
    ("a sign", sign),
    ("a sum for a mean", mean_for_sum),
    ("a factor missing or too many", factor_missing),
    ("a wrong tensor", wrong_tensor),
    ("a wrong condition", bracket),
)


__all__ = ["SLIPS", "Context", "context_of", "repaired"]
