"""Pooling in a formula: a maximum, a sum, or one of their adjoints over windows of two axes, found by its indices.

maximum        out[.., i, j] = max over u, v of images[.., x(i, u), y(j, v)]
sum            out[.., i, j] = sum over u, v of images[.., x(i, u), y(j, v)]
spread         out[.., x(i, u), y(j, v)] = sum over i, u, j, v of upstream[.., i, j]
route          the same, of upstream[.., i, j] where images[.., x, y] is the first greatest of its window
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from symconv.kernels.bounds import coefficients, surely_nonnegative
from symconv.kernels.nest import ONE, ZERO, Nest, Winner
from symconv.kernels.plan import inside
from symconv.kernels.stages import Stage
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import Entry, Maximum

Kind = Literal["maximum", "sum", "spread", "route"]
Windows = tuple[Leaf, tuple[tuple[Poly, ...] | None, ...]]


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of windows: stride * i + dilation * u - start, `taps` of them."""

    out: str
    stride: Poly
    dilation: Poly
    start: Poly
    taps: Poly


@dataclass(frozen=True, slots=True)
class Pooling:
    """One of the four kinds.  images: what windows read, the upstream gradient in a spread.

    upstream: of a route.  order: for each axis of the result before the windows, its position in the arrays
    read; sides: the last two axes, or the only one (then None comes first).
    """

    kind: Kind
    images: Leaf
    upstream: Leaf | None
    sides: tuple[Side | None, Side]

    @property
    def windows(self) -> Windows:
        """What is read, and by which windows: a maximum and a route that agree in this have the same winners."""
        numbers = (None if s is None else (s.stride, s.dilation, s.start, s.taps) for s in self.sides)
        return self.images, tuple(numbers)


def maximum_of(maximum: Maximum, formula: Defined) -> Pooling | None:
    """The pattern of a stage that is a maximum; None where a window may leave the array or is another kind."""
    body = maximum.body
    if not isinstance(body, Entry) or not isinstance(body.tensor, Leaf):
        return None
    counts: dict[str, Poly] = {}
    low: dict[str, Poly] = {}
    for r in maximum.ranges:
        if r.low is None or r.high is None or r.low.names() or r.high.names():
            return None
        counts[r.name], low[r.name] = r.high - r.low + 1, r.low
    parameters = tuple(formula.parameters)
    for name, axis in zip(parameters, formula.axes, strict=True):
        if axis.low is None:
            return None
        counts[name], low[name] = axis.extent, axis.low
    shifted: dict[Atom, Poly] = {name: Poly.of(name) + start for name, start in low.items()}
    positions = tuple(
        p.substitute(shifted) - (axis.low or ZERO) for p, axis in zip(body.index, body.tensor.axes, strict=True)
    )
    if not all(inside(p, n, counts) for p, n in zip(positions, body.tensor.shape, strict=True)):
        return None
    sides = _sides(positions, parameters, counts)
    return None if sides is None else Pooling("maximum", body.tensor, None, sides)


def routes_of(stages: Iterable[Stage]) -> frozenset[Windows]:
    """The windows whose winners some stages ask for."""
    found = (pooling_of(nest, stage.formula) for stage in stages for nest in stage.nests)
    return frozenset(f.windows for f in found if f is not None and f.kind == "route")


def pooling_of(nest: Nest, formula: Defined) -> Pooling | None:
    """The pattern of a nest with one factor: a sum of windows, or an adjoint."""
    if len(nest.factors) != 1 or not nest.even or len(nest.winners) > 1:
        return None
    head, index = nest.factors[0].head, nest.factors[0].index
    leaf = head.tensor
    if head.function is not None or head.inverse or not isinstance(leaf, Leaf):
        return None
    positions = tuple(p - (axis.low or ZERO) for p, axis in zip(index, leaf.axes, strict=True))
    if nest.winners:
        return _route(nest.winners[0], nest, formula, leaf, positions)
    given = _whole(positions, leaf.shape, nest.counts)
    if given is not None:
        sides = _sides(nest.positions, given, nest.counts)
        return None if sides is None else Pooling("spread", leaf, None, sides)
    result = _whole(nest.positions, formula.shape, nest.counts)
    if result is not None:
        sides = _sides(positions, result, nest.counts)
        return None if sides is None else Pooling("sum", leaf, None, sides)
    return None


def _route(winner: Winner, nest: Nest, formula: Defined, upstream: Leaf, positions: Sequence[Poly]) -> Pooling | None:
    """The winner's own window must read where the products go."""
    given = _whole(positions, upstream.shape, nest.counts)
    function = winner.function
    body = function.body
    if given is None or not isinstance(body, Entry) or not isinstance(body.tensor, Leaf):
        return None
    images = dict(zip(function.parameters, winner.arguments, strict=True))
    images |= dict(zip((r.name for r in function.ranges), winner.taps, strict=True))
    read = substitute(body, images)
    if not isinstance(read, Entry) or body.tensor.shape != formula.shape:
        return None
    places = tuple(p - (axis.low or ZERO) for p, axis in zip(read.index, body.tensor.axes, strict=True))
    if places != tuple(nest.positions):
        return None
    if not all(inside(p, n, nest.counts) for p, n in zip(places, formula.shape, strict=True)):
        return None
    order = [next(iter(t.names()), "") for t in winner.taps]
    sides = _sides(places, given, nest.counts)
    if sides is None or order != _tap_order(places, given):
        return None
    return Pooling("route", body.tensor, upstream, sides)


def _tap_order(places: Sequence[Poly], outs: Sequence[str]) -> list[str]:
    """The taps in the order of the axes, in which the first greatest entry is looked for."""
    return [n for p in places for n in sorted(p.names()) if n not in outs]


def _whole(positions: Sequence[Poly], shape: Sequence[Poly], counts: Mapping[str, Poly]) -> tuple[str, ...] | None:
    """The indices of an array that is read (or written) whole, each axis by an index of its own."""
    names = []
    for position, extent in zip(positions, shape, strict=True):
        name = position.as_atom
        if not isinstance(name, str) or counts.get(name) != extent or name in names:
            return None
        names.append(name)
    return tuple(names)


def _sides(
    positions: Sequence[Poly], outs: Sequence[str], counts: Mapping[str, Poly]
) -> tuple[Side | None, Side] | None:
    """All axes but the last two (or the last) by the indices of the result in order, the others windows of them."""
    if len(positions) != len(outs) or not positions:
        return None
    found: list[Side | None] = []
    for axis, (position, out) in enumerate(zip(positions, outs, strict=True)):
        if position == Poly.of(out) and axis < len(outs) - 2:
            continue
        side = _side(position, out, counts)
        if side is None:
            return None
        if axis >= len(outs) - 2:
            found.append(side)
        elif side.taps != ONE or side.stride != ONE or not side.start.is_zero:
            return None
    last = found[-1]
    if last is None:
        return None
    taps = [n for p in positions for n in p.names() if n not in outs]
    if len(set(taps)) < len(taps) or not taps:
        return None
    return (found[0] if len(found) > 1 else None, last)


def _side(position: Poly, out: str, counts: Mapping[str, Poly]) -> Side | None:
    """stride * out + dilation * tap + offset, the tap turned round if its coefficient is negative."""
    form = coefficients(position)
    if form is None or out not in form[0] or len(form[0]) > 2:
        return None
    stride, offset = form[0][out], form[1]
    if not surely_nonnegative(stride - 1):
        return None
    tap = next((n for n in form[0] if n != out), None)
    if tap is None:
        return Side(out, stride, ONE, -offset, ONE)
    if not surely_nonnegative(form[0][tap] - 1):
        return None
    return Side(out, stride, form[0][tap], -offset, counts[tap])


__all__ = ["Pooling", "Side", "Windows", "maximum_of", "pooling_of", "routes_of"]
