"""Tensors: leaves (free data) and definitions (an extent and a formula for one entry).

A definition keeps the NAME of the operation that made it, with its operands
and options, so that a result prints as `corr(pad(G, r - 1), rot180(K))` and
unfolds on demand.  What the definition needs of its sizes (a divisor that is
positive, a kernel that fits) is kept beside it, as `requires`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from symconv.errors import NameClash, ScopeError, ShapeError
from symconv.term.polynomial import Atom, Compound, Poly, PolyLike, Size
from symconv.term.value import (
    Argmax,
    Condition,
    Derivative,
    Entry,
    Maximum,
    Range,
    Sum,
    Value,
    ValueLike,
    as_value,
    children,
    free_indices,
    own_polys,
)

Outside = Literal["zero", "error"]


@dataclass(frozen=True, slots=True)
class Axis:
    """The positions low .. high of one axis; None is the whole line of integers."""

    low: Poly | None
    high: Poly | None

    @classmethod
    def of(cls, extent: PolyLike | Axis) -> Axis:
        """0 .. extent - 1."""
        return extent if isinstance(extent, Axis) else cls(Poly.of(0), Poly.of(extent) - 1)

    @property
    def extent(self) -> Poly:
        if self.low is None or self.high is None:
            raise ShapeError("axis", "the whole line of integers", "an axis with two ends", "give the axis a range")
        return self.high - self.low + 1

    @property
    def bounded(self) -> bool:
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class Call:
    """The operation behind a definition: its name, operands and options, for printing and templates."""

    operation: str
    operands: tuple[Tensor, ...]
    options: tuple[tuple[str, object], ...] = ()

    def option(self, name: str) -> object:
        return dict(self.options)[name]


class Tensor:
    """Common to leaves and definitions: a name and axes; `T[i, j]` is an entry."""

    __slots__ = ()
    name: str
    axes: tuple[Axis, ...]
    outside: Outside

    @property
    def rank(self) -> int:
        return len(self.axes)

    @property
    def shape(self) -> tuple[Poly, ...]:
        return tuple(axis.extent for axis in self.axes)

    def __getitem__(self, index: PolyLike | tuple[PolyLike, ...]) -> Entry:
        index = index if isinstance(index, tuple) else (index,)
        if len(index) != self.rank:
            raise ShapeError(
                f"{self.name}[{', '.join(map(str, index))}]",
                f"{len(index)} indices",
                f"{self.rank}, one an axis",
                "give every axis its index, separated by commas",
            )
        return Entry(self, tuple(map(Poly.of, index)))


@dataclass(frozen=True, slots=True, repr=False)
class Leaf(Tensor):
    """Free data: an input, a kernel, an upstream gradient.  Rank 0 is a scalar."""

    name: str
    axes: tuple[Axis, ...]
    outside: Outside = "zero"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Defined(Tensor):
    """A tensor whose entry at `parameters` is `body`; outside its axes it is zero."""

    name: str
    parameters: tuple[str, ...]
    axes: tuple[Axis, ...]
    body: Value
    call: Call | None = None
    requires: tuple[Condition, ...] = ()
    outside: Outside = "zero"
    _hash: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        loose = free_indices(self.body) - set(self.parameters)
        if loose:
            raise ScopeError(
                f"{self.name}[{', '.join(self.parameters)}]",
                f"the index {', '.join(sorted(loose))} in its formula",
                "an index that the tensor, a sum or a maximum binds",
                "sum over it, or make it an index of the tensor or a size",
            )
        object.__setattr__(self, "_hash", hash((self.name, self.parameters, self.axes, self.body)))

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[type[Defined], tuple[object, ...]]:
        """Made anew where it is unpickled: a hash holds in one process only."""
        fields = (self.name, self.parameters, self.axes, self.body, self.call, self.requires, self.outside)
        return Defined, fields

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Defined)
            and self._hash == other._hash
            and (self.name, self.parameters, self.axes) == (other.name, other.parameters, other.axes)
            and self.body == other.body
        )

    def __repr__(self) -> str:
        return self.name


def define(
    name: str,
    extents: tuple[PolyLike | Axis, ...],
    entry: Callable[..., ValueLike],
    *,
    indices: tuple[str, ...] = (),
    call: Call | None = None,
    requires: tuple[Condition, ...] = (),
) -> Defined:
    """A tensor from the formula of one entry.

    >>> X = Leaf("X", (Axis.of(Size("H")),))
    >>> define("R", X.shape, lambda i: X[X.shape[0] - 1 - i]).shape
    (H,)
    """
    names = indices or tuple("ijklmnpq"[: len(extents)])
    body = as_value(entry(*map(Poly.of, names)))
    return Defined(name, names, tuple(map(Axis.of, extents)), body, call, requires)


def ranges_of(tensor: Tensor, names: tuple[str, ...]) -> tuple[Range, ...]:
    """The axes as ranges of the named indices."""
    return tuple(Range(n, a.low, a.high) for n, a in zip(names, tensor.axes, strict=True))


# -- what a value is built from -------------------------------------------------


def tensors_in(value: Value) -> Iterator[Tensor]:
    """Every tensor below a value, definitions unfolded, each once, in order of first use."""
    seen: dict[Tensor, None] = {}

    def visit(node: Value) -> Iterator[Tensor]:
        found: tuple[Tensor, ...] = ()
        if isinstance(node, Entry):
            found = (node.tensor,)
        elif isinstance(node, Derivative):
            found = (node.by.tensor,)
        for poly in own_polys(node):
            for atom in poly.all_atoms():
                function = getattr(atom, "function", None)
                if isinstance(function, Argmax):
                    yield from visit(function.body)
        for tensor in found:
            if tensor in seen:
                continue
            seen[tensor] = None
            yield tensor
            if isinstance(tensor, Defined):
                yield from visit(tensor.body)
        for child in children(node):
            yield from visit(child)

    yield from visit(value)


def _polys_below(value: Value) -> Iterator[Poly]:
    yield from own_polys(value)
    for child in children(value):
        yield from _polys_below(child)


def sizes_in(*values: Value) -> tuple[Size, ...]:
    """Every size that a value depends on, in the order in which a reader meets them.

    Axes of leaves come first, then what the formulas mention.
    """
    found: dict[Size, None] = {}

    def note(poly: Poly | None) -> None:
        if poly is None:
            return
        for monomial, _ in poly.sorted_terms():
            for atom in monomial:
                if isinstance(atom, Size):
                    found[atom] = None
                elif isinstance(atom, Compound):
                    for part in atom.polys():
                        note(part)

    tensors = [t for v in values for t in tensors_in(v)]
    for tensor in tensors:
        if isinstance(tensor, Leaf):
            for axis in tensor.axes:
                note(axis.low)
                note(axis.high)
    for value in values:
        for poly in _polys_below(value):
            note(poly)
    for tensor in tensors:
        for axis in tensor.axes:
            note(axis.low)
            note(axis.high)
        if isinstance(tensor, Defined):
            for poly in _polys_below(tensor.body):
                note(poly)
            for condition in tensor.requires:
                note(condition.poly)
    check_size_names(tuple(found))
    return tuple(found)


def check_size_names(sizes: tuple[Size, ...]) -> None:
    """One name, one least value."""
    least: dict[str, int] = {}
    for size in sizes:
        if least.setdefault(size.name, size.least) != size.least:
            raise NameClash(
                f"size {size.name}",
                f"at least {least[size.name]} in one place and at least {size.least} in another",
                "one size for one name",
                "make the size once and use it everywhere, or rename one of the two",
            )


FREE = "^{free}"  # in the name of the data that an assumption leaves free, which nobody has written


def check_tensor_names(values: tuple[Value, ...]) -> None:
    """Two leaves of one name must be the same leaf."""
    leaves: dict[str, Leaf] = {}
    for value in values:
        for tensor in tensors_in(value):
            if isinstance(tensor, Leaf) and leaves.setdefault(tensor.name, tensor) != tensor:
                raise NameClash(
                    f"tensor {tensor.name}",
                    f"shapes {leaves[tensor.name].shape} and {tensor.shape} under one name",
                    "one tensor for one name",
                    "rename one of the two",
                )


def requirements_of(*values: Value) -> tuple[Condition, ...]:
    """What the definitions below the values need of their sizes, each once."""
    found: dict[Condition, None] = {}
    for value in values:
        for tensor in tensors_in(value):
            if isinstance(tensor, Defined):
                found.update(dict.fromkeys(tensor.requires))
    return tuple(found)


__all__ = [
    "FREE",
    "Atom",
    "Axis",
    "Call",
    "Defined",
    "Leaf",
    "Maximum",
    "Outside",
    "Sum",
    "Tensor",
    "check_size_names",
    "check_tensor_names",
    "define",
    "ranges_of",
    "requirements_of",
    "sizes_in",
    "tensors_in",
]
