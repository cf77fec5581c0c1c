"""Counterexamples as pictures: the tensors with two axes that a refuted claim speaks of, at the smallest sizes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symconv.errors import SymconvError
from symconv.proof.evaluate import World
from symconv.proof.problem import tensor_equation
from symconv.proof.verdict import Counterexample
from symconv.read.claims import Claim, WholeClaim
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Tensor, tensors_in
from symconv.term.value import Derivative, Entry, Range, Value
from symconv.write.grid_picture import Cell, GridPicture

MOST_SIDES = 4  # tensors that are read


def pictures(claim: Claim | WholeClaim, found: Counterexample) -> tuple[tuple[Tensor | None, GridPicture], ...]:
    """The left side's tensor with the entry marked, then those that the two sides read; nothing unless it has two axes.

    The tensor is None where the left side is no entry: then the free indices are the axes.
    """
    problem = claim if isinstance(claim, Claim) else tensor_equation(claim.left, claim.right, claim.hypotheses)
    try:
        first = _place(problem.left, problem.free, found)
        if first is None or not first[1].small:
            return ()
        read = [p for p in _read(problem.left, problem.right, found) if p[1].small and p[0] != first[0]]
        return (first, *read[:MOST_SIDES])
    except SymconvError:  # an extent that these sizes do not settle
        return ()


def _place(left: Value, free: tuple[Range, ...], found: Counterexample) -> tuple[Tensor | None, GridPicture] | None:
    """The positions of the left side, with the entry at which the sides differ."""
    entry = left.by if isinstance(left, Derivative) else left
    if isinstance(entry, Entry):
        axes, index, tensor = entry.tensor.axes, entry.index, entry.tensor
    else:
        axes, index, tensor = tuple(Axis(r.low, r.high) for r in free), tuple(Poly.of(r.name) for r in free), None
    grid = _grid(tensor.name if tensor is not None else "the left side", axes, found)
    if grid is None or _has_own_index(left):
        return None
    world = World(found.sizes)
    row, column = (world.poly(p, found.at) for p in index)
    return tensor, GridPicture(grid.name, grid.rows, grid.columns, (row, column))


def _has_own_index(left: Value) -> bool:
    """Whether a derivative is one of an entry, so that its place takes more than the index below."""
    return isinstance(left, Derivative) and not (isinstance(left.value, Entry) and not left.value.index)


def _read(left: Value, right: Value, found: Counterexample) -> Iterator[tuple[Tensor, GridPicture]]:
    """The tensors with two axes of which the short sums of both sides hold entries."""
    for tensor in dict.fromkeys((*tensors_in(left), *tensors_in(right))):
        exact, claimed = (_entries(tensor.name, text) for text in (found.exact_sum, found.claimed_sum))
        grid = _grid(tensor.name, tensor.axes, found) if exact | claimed else None
        if grid is not None:
            yield tensor, GridPicture(grid.name, grid.rows, grid.columns, None, exact, claimed)


def _entries(name: str, text: str) -> frozenset[Cell]:
    """The places at which a sum such as `K[0, 1]*dL/dF[0, 0]` reads one tensor."""
    places = re.findall(rf"(?<![\w'/}}]){re.escape(name)}\[(-?\d+), (-?\d+)\]", text)
    return frozenset((int(i), int(j)) for i, j in places)


def _grid(name: str, axes: tuple[Axis, ...], found: Counterexample) -> GridPicture | None:
    """The positions of two axes at the sizes of the counterexample."""
    if len(axes) != 2:
        return None
    rows, columns = (_positions(axis, found) for axis in axes)
    return None if rows is None or columns is None else GridPicture(name, rows, columns)


def _positions(axis: Axis, found: Counterexample) -> range | None:
    if axis.low is None or axis.high is None:
        return None
    world = World(found.sizes)
    return range(world.poly(axis.low, found.at), world.poly(axis.high, found.at) + 1)


__all__ = ["pictures"]
