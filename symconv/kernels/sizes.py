"""Sizes from shapes: which lines compute H, W, ... from the arrays given, and which sizes must be said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Leaf


@dataclass(frozen=True, slots=True)
class Known:
    """size = (extent of an axis - rest) / slope."""

    size: Size
    leaf: Leaf
    axis: int
    slope: Poly
    rest: Poly

    @property
    def plain(self) -> bool:
        return self.slope == Poly.of(1) and self.rest.is_zero


@dataclass(frozen=True, slots=True)
class Solution:
    """The sizes in the order in which they become known; `said` are parameters."""

    known: tuple[Known, ...]
    said: tuple[Size, ...]

    @property
    def all(self) -> set[Size]:
        return {k.size for k in self.known} | set(self.said)


def solve_sizes(
    given: Sequence[Leaf], wanted: Iterable[Size], options: Collection[Size] = (), spoken: Collection[Size] = ()
) -> Solution:
    """How every wanted size follows from the shapes of these leaves, or must be said.

    options: sizes that are said unless an axis is just as long (strides, paddings, dilations).
    spoken: sizes that the caller says in any case; shapes are compared with them.

    >>> from symconv.term.tensor import Axis
    >>> H, r = Size("H"), Size("r")
    >>> X = Leaf("X", (Axis.of(H),))
    >>> G = Leaf("G", (Axis.of(Poly.of(H) - r + 1),))
    >>> [(k.size, k.plain) for k in solve_sizes([X, G], [r]).known]
    [(H, True), (r, False)]
    """
    in_shapes = {s for leaf in given for axis in leaf.axes for s in axis.extent.sizes()}
    plain = {axis.extent.as_atom for leaf in given for axis in leaf.axes}
    wanted = list(dict.fromkeys((*wanted, *spoken)))
    said = [s for s in wanted if s in spoken or s not in in_shapes or (s in options and s not in plain)]
    known: list[Known] = []
    while True:
        _follow(given, known, said)
        found = {k.size for k in known} | set(said)
        open_sizes = [s for s in wanted if s not in found]
        if not open_sizes:
            return Solution(tuple(known), tuple(said))
        said.append(open_sizes[-1])


def _follow(given: Sequence[Leaf], known: list[Known], said: Sequence[Size]) -> None:
    """Add what follows, plain extents first, until nothing does."""
    while True:
        done = {k.size for k in known} | set(said)
        steps = [s for leaf in given for axis in range(leaf.rank) if (s := _step(leaf, axis, done)) is not None]
        if not steps:
            return
        known.append(next((s for s in steps if s.plain), steps[0]))


def _step(leaf: Leaf, axis: int, done: set[Size]) -> Known | None:
    extent = leaf.axes[axis].extent
    unknown = extent.sizes() - done
    if len(unknown) != 1:
        return None
    size = next(iter(unknown))
    parts = extent.linear_in(size)
    if parts is None or not (parts[0].as_int or isinstance(parts[0].as_atom, Size)):
        return None
    return Known(size, leaf, axis, *parts)


__all__ = ["Known", "Solution", "solve_sizes"]
