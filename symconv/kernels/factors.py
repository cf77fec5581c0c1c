"""What a factor of a nest reads: at which positions, by which indices, and whether it is an array as it was given."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.calculus.form import Factor
from symconv.kernels.bounds import ZERO
from symconv.term.polynomial import Poly
from symconv.term.tensor import Leaf


def positions_of(factor: Factor) -> tuple[Poly, ...]:
    """Where a factor reads: a position on each axis of its tensor, counted from 0."""
    return tuple(p - (axis.low or ZERO) for p, axis in zip(factor.index, factor.head.tensor.axes, strict=True))


def is_array_itself(factor: Factor) -> bool:
    """True for an entry of a given array: no formula, function or reciprocal of it."""
    head = factor.head
    return isinstance(head.tensor, Leaf) and head.function is None and not head.inverse


def indices_of(polys: Iterable[Poly]) -> tuple[str, ...]:
    """The indices that some positions mention, each once: position by position, by name within one."""
    return tuple(dict.fromkeys(n for p in polys for n in sorted(p.names())))


__all__ = ["indices_of", "is_array_itself", "positions_of"]
