"""Decisions: how a nest reads its arrays and where its products go.

A read is the array itself, a slice of it, a reshape (axis o as g, o'), a strided view with an axis for
each index (windows), or a gather by index arrays.  A result is laid over the
whole output, put into strided slices of a buffer in a short loop over the
taps, or scattered by index arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from symconv.kernels.bounds import coefficients, product_of, span, surely_nonnegative
from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.term.polynomial import Poly, Size

ReadKind = Literal["whole", "slice", "reshape", "view", "gather"]


@dataclass(frozen=True, slots=True)
class Read:
    """How one array is read: `indices` are the axes of what is read."""

    kind: ReadKind
    positions: tuple[Poly, ...]
    extents: tuple[Poly, ...]
    indices: tuple[str, ...]
    slices: tuple[Slice, ...] = ()


@dataclass(frozen=True, slots=True)
class Slice:
    """One axis: all of it, turned round, one position, or start, count and step."""

    index: str | None
    start: Poly
    count: Poly
    step: Poly
    whole: bool = False

    @property
    def turned(self) -> bool:
        return self.step == -ONE


@dataclass(frozen=True, slots=True)
class Place:
    """Where products go: axis by axis the indices that are laid out there, after `loops` are fixed."""

    kind: Literal["whole", "slices", "scatter"]
    loops: tuple[str, ...]
    axes: tuple[tuple[str, ...], ...]

    @property
    def order(self) -> tuple[str, ...]:
        return tuple(n for names in self.axes for n in names)


def plan_read(positions: Sequence[Poly], extents: Sequence[Poly], counts: Mapping[str, Poly]) -> Read:
    """The simplest way to read an array at these positions."""
    names = tuple(dict.fromkeys(n for p in positions for n in sorted(p.names(), key=lambda n: _first(p, n))))
    read = Read("gather", tuple(positions), tuple(extents), names)
    forms = [coefficients(p) for p in positions]
    if any(f is None for f in forms) or any(span(p, counts) is None for p in positions):
        return read
    slices = [_slice(p, n, counts) for p, n in zip(positions, extents, strict=True)]
    taken = [s.index for s in slices if s is not None and s.index is not None]
    if all(slices) and len(set(taken)) == len(taken):
        kept = tuple(s for s in slices if s is not None)
        kind: ReadKind = "whole" if all(s.whole and not s.turned for s in kept) else "slice"
        return Read(kind, read.positions, read.extents, tuple(taken), kept)
    digits = [_digits(p, n, counts) for p, n in zip(positions, extents, strict=True)]
    split = [n for part in digits if part is not None for n in part]
    if None not in digits and len(set(split)) == len(split):
        return Read("reshape", read.positions, read.extents, tuple(split))
    return Read("view", read.positions, read.extents, names)


def _digits(position: Poly, extent: Poly, counts: Mapping[str, Poly]) -> tuple[str, ...] | None:
    """The indices that together run once over the whole axis, slowest first."""
    form = coefficients(position)
    if form is None or form[1] != ZERO:
        return None
    names = mixed_radix(position, counts) or tuple(n for n, c in form[0].items() if c == ONE and len(form[0]) == 1)
    return names if names and product_of(counts[n] for n in names) == extent else None


def _first(poly: Poly, name: str) -> tuple[bool, str]:
    form = coefficients(poly)
    unit = form is not None and form[0].get(name) == ONE
    return unit, name


def _slice(position: Poly, extent: Poly, counts: Mapping[str, Poly]) -> Slice | None:
    """The position as a slice that surely stays on the axis."""
    form = coefficients(position)
    if form is None or len(form[0]) > 1:
        return None
    if not inside(position, extent, counts):
        return None
    if not form[0]:
        return Slice(None, position, ONE, ONE)
    ((name, step),) = form[0].items()
    count, start = counts[name], form[1]
    if step == ONE and start == ZERO and count == extent:
        return Slice(name, start, count, step, True)
    if step == -ONE and start == extent - 1 and count == extent:
        return Slice(name, start, count, step, True)
    return Slice(name, start, count, step) if surely_nonnegative(step - 1) else None


def inside(position: Poly, extent: Poly, counts: Mapping[str, Poly]) -> bool:
    """True if the position surely lies on 0 .. extent-1."""
    ends = span(position, counts)
    return ends is not None and surely_nonnegative(ends[0]) and surely_nonnegative(extent - 1 - ends[1])


def plan_place(nest: Nest, extents: Sequence[Poly]) -> Place:
    """Where the products of a nest go on an output of these extents."""
    forms = [coefficients(p) for p in nest.positions]
    if any(f is None for f in forms) or any(span(p, nest.counts) is None for p in nest.positions):
        return Place("scatter", (), ())
    loops: list[str] = []
    seen: set[str] = set()
    axes: list[tuple[str, ...]] = []
    for position, form in zip(nest.positions, forms, strict=True):
        names = [n for n in (form[0] if form else {}) if n not in loops]
        if seen & set(names):  # a diagonal
            return Place("scatter", (), ())
        mixed = mixed_radix(position, nest.counts)
        if mixed and set(mixed) == set(names):
            kept = mixed
        else:
            ordered = sorted(names, key=lambda n: _weight(n, position, nest))
            loops += [n for n in ordered[:-1] if n not in loops]
            kept = tuple(ordered[-1:])
        seen |= set(names)
        axes.append(kept)
    axes = [tuple(n for n in names if n not in loops) for names in axes]
    whole = not loops and all(
        covers(p, names, n, nest.counts) for p, names, n in zip(nest.positions, axes, extents, strict=True)
    )
    return Place("whole" if whole else "slices", tuple(loops), tuple(axes))


def covers(position: Poly, names: tuple[str, ...], extent: Poly, counts: Mapping[str, Poly]) -> bool:
    form = coefficients(position)
    return (
        form is not None
        and bool(names)
        and set(names) == set(form[0])
        and form[1] == ZERO
        and form[0][names[-1]] == ONE
        and (product_of(counts[n] for n in names) == extent)
    )


def mixed_radix(position: Poly, counts: Mapping[str, Poly]) -> tuple[str, ...] | None:
    """The indices of n1*n2*a + n2*b + c + rest, slowest first: one reshape lays them out."""
    form = coefficients(position)
    if form is None or len(form[0]) < 2:
        return None
    left = dict(form[0])
    order: list[str] = []
    unit = ONE
    while left:
        name = next((n for n, c in left.items() if c == unit), None)
        if name is None:
            return None
        del left[name]
        order.insert(0, name)
        unit = unit * counts[name]
    return tuple(order)


def _weight(name: str, position: Poly, nest: Nest) -> tuple[bool, int, bool, int]:
    """Small for taps, large for the index that runs over the image: the last one becomes a slice.

    A number of taps is small; an extent that shrinks as the other grows (H - r + 1 against r) is
    the image's; a step other than 1 is a stride; of two equals the later index is the tap.
    """
    form = coefficients(position)
    count = nest.counts[name]
    falling = {a for m, c in _flat(count) if c < 0 for a in m if isinstance(a, Size)}
    others = [nest.counts[n] for n in (form[0] if form else {}) if n != name]
    shrinks = sum(bool(falling & other.sizes()) for other in others)
    step = form[0][name] if form else ONE
    return count.as_int is None, shrinks, step != ONE, -list(nest.counts).index(name)


def _flat(poly: Poly) -> list[tuple[tuple[object, ...], int]]:
    """The terms, those of numerators of quotients included."""
    found: list[tuple[tuple[object, ...], int]] = []
    for monomial, c in poly:
        found.append((monomial, c))
        for atom in monomial:
            numerator = getattr(atom, "numerator", None)
            if isinstance(numerator, Poly):
                found += [(m, k * c) for m, k in _flat(numerator)]
    return found


__all__ = ["Place", "Read", "Slice", "covers", "inside", "mixed_radix", "plan_place", "plan_read"]
