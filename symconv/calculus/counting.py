"""What a definition costs and sees: multiplications, additions, parameters, receptive field.

Everything is read off the formulas, for all sizes: a sum over so many summands
of a product of so many factors.  A tensor inside is computed once.  Zeros
outside a tensor count like other entries, as a loop over whole windows does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from symconv.errors import DependenceError, ShapeError
from symconv.term.polynomial import ONE, ZERO, Poly
from symconv.term.substitution import entry_formula, fresh_name, substitute
from symconv.term.tensor import Axis, Defined, Tensor, tensors_in
from symconv.term.value import (
    Apply,
    Bracket,
    Entry,
    Maximum,
    Number,
    Plus,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    walk,
)

Box = dict[str, Axis]


def multiplications(f: Tensor) -> Poly:
    """How many products of two numbers a tensor takes, with everything that it is made of.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Leaf
    >>> H, r = Size("H"), Size("r")
    >>> multiplications(correlate(Leaf("x", (Axis.of(H),)), Leaf("w", (Axis.of(r),))))
    H*r - r*r + r
    """
    return _total(f, _products)


def additions(f: Tensor) -> Poly:
    """How many sums of two numbers a tensor takes, with everything that it is made of."""
    return _total(f, _sums)


def parameters(tensors: Iterable[Tensor]) -> Poly:
    """How many numbers these tensors hold."""
    return sum((_entries(t) for t in tensors), ZERO)


def receptive_field(f: Tensor, x: Tensor) -> tuple[Poly, ...]:
    """How many positions of x, on each axis, one entry of f depends on: from the first to the last one.

    Raises `DependenceError` if f does not depend on x, `ShapeError` if the positions are not linear in the indices.
    """
    if not isinstance(f, Defined) or x not in set(tensors_in(Entry(f, ()))):
        raise DependenceError(
            f"receptive field of {f.name}",
            f"{f.name} does not depend on {x.name}",
            f"a tensor that {f.name} is made of",
            "check the names",
        )
    reads = list(_reads(f.body, x, {}))
    place = f"receptive field of {f.name}"
    return tuple(_width([(index[n], box) for index, box in reads], place) for n in range(x.rank))


def _total(f: Tensor, count: Callable[[Value], Poly]) -> Poly:
    """The count of one entry times the number of entries, for the tensor and each one below."""
    below = dict.fromkeys((f, *tensors_in(Entry(f, ()))))
    return sum((_entries(t) * count(t.body) for t in below if isinstance(t, Defined)), ZERO)


def of_one_entry(what: str, f: Defined) -> Poly:
    """The multiplications, or the additions, of one entry, from the tensors that it reads."""
    return _products(f.body) if what == "multiplications" else _sums(f.body)


def _entries(tensor: Tensor) -> Poly:
    result = ONE
    for extent in tensor.shape:
        result = result * extent
    return result


def _length(ranges: Iterable[Range]) -> Poly:
    result = ONE
    for r in ranges:
        if r.low is None or r.high is None or r.low.names() or r.high.names():
            raise ShapeError(
                f"the sum over {r.name}", f"limits {r.low} and {r.high}", "limits in sizes", "count by hand"
            )
        result = result * (r.high - r.low + 1)
    return result


def _products(value: Value) -> Poly:
    match value:
        case Sum(ranges, body) | Maximum(ranges, body):
            return _length(ranges) * _products(body)
        case Times(factors):
            counted = [f for f in factors if not isinstance(f, Bracket) and f != Number(Fraction(-1))]
            return sum(map(_products, factors), Poly.of(max(0, len(counted) - 1)))
        case Plus(terms):
            return sum(map(_products, terms), ZERO)
        case Apply(_, inner) | Reciprocal(inner):
            return _products(inner)
    return ZERO


def _sums(value: Value) -> Poly:
    match value:
        case Sum(ranges, body):
            return _length(ranges) * (_sums(body) + 1) - 1
        case Maximum(ranges, body):
            return _length(ranges) * _sums(body)
        case Plus(terms):
            return sum(map(_sums, terms), Poly.of(len(terms) - 1))
        case Times(factors):
            return sum(map(_sums, factors), ZERO)
        case Apply(_, inner) | Reciprocal(inner):
            return _sums(inner)
    return ZERO


# -- what an entry reads -----------------------------------------------------------------------


def reads(value: Value, x: Tensor) -> Iterator[tuple[tuple[Poly, ...], tuple[tuple[Poly, Poly], ...]]]:
    """The positions at which x is read, each with its least and greatest value over the indices bound around it."""
    for index, box in _reads(value, x, {}):
        place = f"reads of {x.name}"
        yield index, tuple((_end(p, box, -1, place), _end(p, box, 1, place)) for p in index)


def _reads(value: Value, x: Tensor, box: Box) -> Iterator[tuple[tuple[Poly, ...], Box]]:
    """The positions at which x is read, with the ranges of the bound indices in them."""
    match value:
        case Sum() | Maximum():
            apart = _apart(value, set(box))
            inner = {**box, **{r.name: Axis(r.low, r.high) for r in apart.ranges}}
            yield from _reads(apart.body, x, inner)
        case Entry(tensor, index) if tensor == x:
            yield index, box
        case Entry(Defined() as tensor, index):
            yield from _reads(entry_formula(tensor, index), x, box)
        case Plus(parts) | Times(parts):
            for part in parts:
                yield from _reads(part, x, box)
        case Apply(_, inner_value) | Reciprocal(inner_value):
            yield from _reads(inner_value, x, box)


def _apart(value: Sum | Maximum, taken: set[str]) -> Sum | Maximum:
    """The same with bound names that are not taken."""
    names: dict[str, str] = {}
    used = taken | {n for v in walk(value) if isinstance(v, (Sum, Maximum)) for n in (r.name for r in v.ranges)}
    for r in value.ranges:
        names[r.name] = r.name if r.name not in taken else fresh_name(r.name, used)
        used.add(names[r.name])
    images = {old: Poly.of(new) for old, new in names.items() if old != new}
    ranges = tuple(Range(names[r.name], r.low, r.high) for r in value.ranges)
    return type(value)(ranges, substitute(value.body, images))


def _width(reads: list[tuple[Poly, Box]], place: str) -> Poly:
    lows = [_end(p, box, -1, place) for p, box in reads]
    highs = [_end(p, box, 1, place) for p, box in reads]
    return _extreme(highs, 1, place) - _extreme(lows, -1, place) + 1


def _end(position: Poly, box: Box, side: int, place: str) -> Poly:
    """The least (-1) or greatest (1) position: each bound index at the end of its range that its sign asks for."""
    for name in sorted(position.names() & set(box)):
        parts = position.linear_in(name)
        axis = box[name]
        if parts is None or parts[0].names() or axis.low is None or axis.high is None:
            raise _not_linear(position, place)
        up = parts[0].grows_from(0)
        if not up and not (-parts[0]).grows_from(0):
            raise _not_linear(position, place)
        position = position.substitute({name: axis.high if up == (side > 0) else axis.low})
    return position


def _extreme(ends: list[Poly], side: int, place: str) -> Poly:
    """The end that is beyond all others for all sizes."""
    for end in ends:
        if all(((end - other) * side).grows_from(0) for other in ends):
            return end
    raise _not_linear(ends[0], place)


def _not_linear(position: Poly, place: str) -> ShapeError:
    return ShapeError(
        place, f"the position {position}", "positions that grow or shrink with each index", "give sizes as numbers"
    )


__all__ = ["additions", "multiplications", "of_one_entry", "parameters", "reads", "receptive_field"]
