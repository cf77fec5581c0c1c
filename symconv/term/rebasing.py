"""The same mathematics with indices that begin elsewhere: 1 .. n in the place of 0 .. n - 1.

The idea: an axis, or the range of a bound index, that begins at 0 is moved by the base, and every position that is
read on such an axis moves with it.  It is one change of variable, made everywhere at once; axes such as -l .. l stay.
"""

from __future__ import annotations

from collections.abc import Collection

from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.substitution import rebuild
from symconv.term.tensor import Axis, Call, Defined, Leaf, Tensor
from symconv.term.value import Argmax, Entry, Maximum, Range, Sum, Value


class Rebasing:
    """Moves tensors, values and positions by `base`; what is shared below stays shared.

    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import define
    >>> x = Leaf("x", (Axis.of(Size("n")),))
    >>> moved = Rebasing(1).tensor(define("y", x.shape, lambda i: x[i + 2]))
    >>> str(moved.axes[0].low), str(moved.axes[0].high), str(moved.body.index[0])
    ('1', 'n', 'i + 2')
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self.done: dict[Tensor, Tensor] = {}

    def tensor(self, old: Tensor) -> Tensor:
        if old not in self.done:
            axes = tuple(map(self._axis, old.axes))
            if isinstance(old, Defined):
                moved = {p for p, axis in zip(old.parameters, old.axes, strict=True) if _counts(axis.low)}
                call = old.call and Call(
                    old.call.operation, tuple(map(self.tensor, old.call.operands)), old.call.options
                )
                body = self.value(old.body, moved)
                self.done[old] = Defined(old.name, old.parameters, axes, body, call, old.requires, old.outside)
            else:
                self.done[old] = Leaf(old.name, axes, old.outside)
        return self.done[old]

    def value(self, value: Value, moved: Collection[str]) -> Value:
        """moved: the free indices that begin at the base now."""
        if isinstance(value, Entry):
            index = (
                self.poly(p, moved) + (self.base if _counts(axis.low) else 0)
                for p, axis in zip(value.index, value.tensor.axes, strict=True)
            )
            return Entry(self.tensor(value.tensor), tuple(index))
        if isinstance(value, (Sum, Maximum)):
            ranges: list[Range] = []
            for r in value.ranges:
                ends = [None if end is None else self.poly(end, moved) for end in (r.low, r.high)]
                counts = _counts(r.low)
                low, high = (None if end is None else end + (self.base if counts else 0) for end in ends)
                ranges.append(Range(r.name, low, high))
                moved = {*moved, r.name} if counts else {*moved} - {r.name}
            return type(value)(tuple(ranges), self.value(value.body, moved))
        return rebuild(value, lambda v: self.value(v, moved), lambda p: self.poly(p, moved))

    def poly(self, poly: Poly, moved: Collection[str]) -> Poly:
        """The position that the same letters had before the move."""
        images: dict[Atom, Poly] = {name: Poly.of(name) - self.base for name in moved if name in poly.names()}
        for atom in poly.all_atoms():
            if isinstance(atom, Application) and isinstance(atom.function, Argmax):
                arguments = tuple(self.poly(p, moved) for p in atom.arguments)
                images[atom] = Poly.atom(Application(self._argmax(atom.function), arguments))
        return poly.substitute(images) if images else poly

    def place(self, name: str, poly: Poly, moved: Collection[str]) -> Poly:
        """What an index equals, where both sides count from the base."""
        return self.poly(poly, moved) + (self.base if name in moved else 0)

    def _argmax(self, f: Argmax) -> Argmax:
        """A tap, counted from 0 as before, of a window in moved tensors."""
        return Argmax(f.parameters, f.ranges, self._inside(f.body), f.axis)

    def _inside(self, body: Value) -> Value:
        return self.value(body, ())

    def _axis(self, axis: Axis) -> Axis:
        if not _counts(axis.low) or axis.low is None:
            return axis
        return Axis(axis.low + self.base, None if axis.high is None else axis.high + self.base)


def _counts(low: Poly | None) -> bool:
    """Whether a range counts from 0."""
    return low is not None and low.is_zero


__all__ = ["Rebasing"]
