"""A tensor at other sizes or under other names, still a tensor: changed in all definitions below it as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from symconv.term.polynomial import Application, Atom, Poly, PolyLike, Size
from symconv.term.substitution import rebuild
from symconv.term.tensor import Axis, Call, Defined, Leaf, Tensor
from symconv.term.value import Argmax, Condition, Entry, Range, Value


def at_sizes(tensor: Tensor, sizes: Mapping[str, PolyLike], names: Mapping[str, str] | None = None) -> Tensor:
    """The tensor with numbers, or other sizes, in the place of those that are named; its operations stay.

    names: what tensors are called instead.

    >>> from symconv.term.tensor import define
    >>> n = Poly.of(Size("n"))
    >>> x = Leaf("x", (Axis.of(n),))
    >>> at_sizes(define("y", (n - 1,), lambda i: x[i] + x[i + 1]), {"n": 4}).shape
    (3,)
    """
    return _Fixing(sizes, names or {}).tensor(tensor)


class _Fixing:
    """One pass; what is shared below stays shared."""

    def __init__(self, sizes: Mapping[str, PolyLike], names: Mapping[str, str]) -> None:
        self.sizes = sizes
        self.names = names
        self.done: dict[Tensor, Tensor] = {}

    def tensor(self, old: Tensor) -> Tensor:
        if old not in self.done:
            axes = tuple(Axis(self._end(a.low), self._end(a.high)) for a in old.axes)
            name = self.names.get(old.name, old.name)
            if isinstance(old, Defined):
                needs = tuple(Condition(c.kind, self.poly(c.poly)) for c in old.requires)
                self.done[old] = Defined(name, old.parameters, axes, self.value(old.body), self._call(old), needs)
            else:
                self.done[old] = Leaf(name, axes, old.outside)
        return self.done[old]

    def value(self, value: Value) -> Value:
        if isinstance(value, Entry):
            return Entry(self.tensor(value.tensor), tuple(map(self.poly, value.index)))
        return rebuild(value, self.value, self.poly)

    def poly(self, poly: Poly) -> Poly:
        images: dict[Atom, Poly] = {}
        for atom in poly.all_atoms():
            if isinstance(atom, Size) and atom.name in self.sizes:
                images[atom] = Poly.of(self.sizes[atom.name])
            elif isinstance(atom, Application) and isinstance(atom.function, Argmax):
                arguments = tuple(map(self.poly, atom.arguments))
                images[atom] = Poly.atom(Application(self._argmax(atom.function), arguments))
        return poly.substitute(images) if images else poly

    def _argmax(self, f: Argmax) -> Argmax:
        ranges = tuple(Range(r.name, self._end(r.low), self._end(r.high)) for r in f.ranges)
        return Argmax(f.parameters, ranges, self.value(f.body), f.axis)

    def _end(self, end: Poly | None) -> Poly | None:
        return None if end is None else self.poly(end)

    def _call(self, old: Defined) -> Call | None:
        if old.call is None:
            return None
        options = tuple((name, self._option(option)) for name, option in old.call.options)
        return Call(old.call.operation, tuple(map(self.tensor, old.call.operands)), options)

    def _option(self, option: Any) -> Any:
        if isinstance(option, Poly):
            return self.poly(option)
        if isinstance(option, tuple):
            return tuple(map(self._option, option))
        return self.value(option) if isinstance(option, Value) else option


__all__ = ["at_sizes"]
