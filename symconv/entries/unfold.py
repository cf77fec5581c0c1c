"""Entries as SymPy expressions at fixed sizes: `entries(tensor, sizes)`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import sympy

from symconv.entries.expressions import Writer
from symconv.entries.graph import Graph, collector_paused
from symconv.entries.positions import checked_sizes
from symconv.entries.unfolding import Unfolding
from symconv.errors import ShapeError
from symconv.term.tensor import Leaf, Tensor, tensors_in
from symconv.term.value import Entry

Given = Mapping[str, Any]


@collector_paused()
def entries(tensor: Tensor, sizes: Mapping[str, int], leaves: Given | None = None) -> sympy.ImmutableDenseNDimArray:
    """All entries of a tensor at these sizes, as a SymPy array of the tensor's shape.

    A leaf's entries are `Indexed`, X[0, 1], or the entries of the SymPy array or matrix
    that `leaves` holds for its name.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis
    >>> x, w = Leaf("x", (Axis.of(3),)), Leaf("w", (Axis.of(2),))
    >>> entries(correlate(x, w), {})
    [w[0]*x[0] + w[1]*x[1], w[0]*x[1] + w[1]*x[2]]
    """
    sizes = checked_sizes([entry_at_own_index(tensor)], sizes)
    unfolding = Unfolding(Graph(), sizes, tensor)
    writer = Writer(_given(tensor, leaves or {}, unfolding))
    written = writer.write([unfolding.entry(tensor, index) for index in unfolding.indices(tensor)])
    shape = tuple(len(unfolding.positions.axis(a, tensor.name)) for a in tensor.axes)
    return sympy.ImmutableDenseNDimArray(written, shape)


def entry_at_own_index(tensor: Tensor) -> Entry:
    """The tensor as a value, for questions about what it is made of."""
    return Entry(tensor, ())


def _given(tensor: Tensor, leaves: Given, unfolding: Unfolding) -> dict[str, dict[tuple[int, ...], sympy.Expr]]:
    """The user's expressions by leaf and index, their shapes checked."""
    result: dict[str, dict[tuple[int, ...], sympy.Expr]] = {}
    known = {t.name: t for t in tensors_in(entry_at_own_index(tensor)) if isinstance(t, Leaf)}
    for name, array in leaves.items():
        if name not in known:
            raise ShapeError(
                f"entries of {tensor.name}",
                f"entries for {name}",
                f"one of {', '.join(known)}",
                "leave it out, or rename it",
            )
        axes = [unfolding.positions.axis(a, name) for a in known[name].axes]
        shape = tuple(map(len, axes))
        if tuple(array.shape) != shape:
            raise ShapeError(
                f"entries for {name}", f"shape {tuple(array.shape)}", f"{shape}", "give an array of the leaf's shape"
            )
        places = product(*map(range, shape))
        result[name] = {tuple(k + a.start for k, a in zip(at, axes, strict=True)): array[at] for at in places}
    return result


__all__ = ["entries"]
