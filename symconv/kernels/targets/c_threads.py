"""Which index of a program can be shared among threads: the first one of the result, wherever it is read as it stands.

A part of that index is computed by the same C function, called with a smaller extent and with slices of the arrays that
the index addresses.  So it must be an axis of its own in each of them, and nothing else may tell its extent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from symconv.kernels.nest import ZERO, Nest
from symconv.kernels.stages import Program, Stage
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Leaf
from symconv.term.value import Entry

Read = tuple[Leaf, tuple[Poly, ...]]


class _CannotShare(Exception):
    """A stage that needs the whole index."""


@dataclass(slots=True)
class Shared:
    """The extent that is shared, and which axis of which array has it; None for arrays that are read whole."""

    extent: Poly
    axes: dict[Leaf, int | None] = field(default_factory=dict)

    def put(self, leaf: Leaf, axis: int | None) -> None:
        if self.axes.setdefault(leaf, axis) != axis:
            raise _CannotShare

    def without(self, polys: Sequence[Poly]) -> None:
        if any(self.extent.sizes() & p.sizes() for p in polys):
            raise _CannotShare


def shared_of(program: Program) -> Shared | None:
    """What threads share along the first axis of the result; None where that cannot be."""
    shape = program.tensor.shape
    if not shape or not isinstance(shape[0].as_atom, Size):
        return None
    shared = Shared(shape[0], {program.stages[-1].target: 0})
    try:
        for stage in reversed(program.stages):
            _stage(stage, shared)
    except _CannotShare:
        return None
    return shared


def _stage(stage: Stage, shared: Shared) -> None:
    axis = shared.axes.get(stage.target)
    formula = stage.formula
    shared.without([n for k, n in enumerate(formula.shape) if k != axis])
    if axis is not None and (formula.shape[axis] != shared.extent or formula.axes[axis].low not in (None, ZERO)):
        raise _CannotShare
    if stage.maximum is None:
        for nest in stage.nests:
            _nest(nest, axis, shared)
        return
    body = stage.maximum.body
    if not isinstance(body, Entry) or not isinstance(body.tensor, Leaf):
        raise _CannotShare
    shared.without([p for r in stage.maximum.ranges for p in (r.low, r.high) if p is not None])
    _read((body.tensor, body.index), None if axis is None else formula.parameters[axis], shared)


def _nest(nest: Nest, axis: int | None, shared: Shared) -> None:
    """The index at this axis of the output stands alone there, and nowhere else but in what is read."""
    name = None if axis is None else nest.positions[axis].as_atom
    if axis is not None and (not isinstance(name, str) or nest.counts[name] != shared.extent):
        raise _CannotShare
    others = [p for k, p in enumerate(nest.positions) if k != axis]
    others += [nest.weight, *nest.denominators, *(g.poly for g in nest.masks)]
    others += [count for index, count in nest.counts.items() if index != name]
    others += [p for extreme in nest.extremes for p in extreme.of]
    shared.without(others)
    if any(name in p.names() for p in others):
        raise _CannotShare
    for read in _reads(nest):
        _read(read, name if isinstance(name, str) else None, shared)


def _reads(nest: Nest) -> Iterator[Read]:
    """The entries of arrays that a nest reads."""
    for factor in nest.factors:
        if not isinstance(factor.head.tensor, Leaf):
            raise _CannotShare
        yield factor.head.tensor, factor.index
    for winner in nest.winners:
        entry = winner.candidate
        if not isinstance(entry, Entry) or not isinstance(entry.tensor, Leaf):
            raise _CannotShare
        yield entry.tensor, entry.index


def _read(read: Read, name: str | None, shared: Shared) -> None:
    """The index addresses one axis of its extent, or none."""
    leaf, index = read
    found = [k for k, p in enumerate(index) if name is not None and name in p.names()]
    axis = found[0] if found else None
    if len(found) > 1 or (axis is not None and index[axis] - (leaf.axes[axis].low or ZERO) != Poly.of(name or "")):
        raise _CannotShare
    shared.without([n for k, n in enumerate(leaf.shape) if k != axis])
    shared.without([p for k, p in enumerate(index) if k != axis])
    if axis is not None and leaf.shape[axis] != shared.extent:
        raise _CannotShare
    shared.put(leaf, axis)


__all__ = ["Shared", "shared_of"]
