"""Numbers for the data of a picture: a world in which leaves have given entries, and sizes that fit them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from symconv.errors import ShapeError
from symconv.pictures.reading import Index
from symconv.proof.evaluate import World
from symconv.term.polynomial import Size
from symconv.term.tensor import Leaf, Tensor

Numbers = Sequence["Numbers | int | Fraction | float"]  # rows of rows, or an array
Entries = dict[Index, Fraction]


def entries_of(numbers: Numbers) -> tuple[tuple[int, ...], Entries]:
    """The shape of nested rows, and each entry exactly.

    >>> entries_of([[1, 2.5]])
    ((1, 2), {(0, 0): Fraction(1, 1), (0, 1): Fraction(5, 2)})
    """
    found: Entries = {}
    shape = _shape(numbers)
    for index in product(*map(range, shape)):
        inner: Any = numbers
        for n in index:
            inner = inner[n]
        found[index] = inner if isinstance(inner, Fraction) else Fraction(float(inner))
    return shape, found


def _shape(numbers: Any) -> tuple[int, ...]:
    if not hasattr(numbers, "__len__"):
        return ()
    inner = {_shape(n) for n in numbers}
    if len(inner) != 1:
        raise ShapeError(
            "the numbers of a picture", f"{len(inner)} kinds of rows", "rows of one length", "fill the rows"
        )
    return len(numbers), *inner.pop()


def _sizes(given: Mapping[Leaf, tuple[int, ...]], sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes, with those that are axes of the tensors read off their numbers."""
    known = dict(sizes)
    for tensor, shape in given.items():
        if len(shape) != tensor.rank:
            raise ShapeError(
                f"the numbers of {tensor.name}",
                f"{len(shape)} axes",
                f"{tensor.rank}",
                "give rows of rows, an axis each",
            )
        for extent, n in zip(tensor.shape, shape, strict=True):
            if isinstance(extent.as_atom, Size):
                known.setdefault(extent.as_atom.name, n)
    return known


def world_of(given: Mapping[Leaf, Numbers], sizes: Mapping[str, int]) -> World:
    """A world where the leaves have these entries.

    Raises `ShapeError` where they do not fit the tensors at the sizes.
    """
    read = {leaf: entries_of(numbers) for leaf, numbers in given.items()}
    shapes = {leaf: shape for leaf, (shape, _) in read.items()}
    world = World(_sizes(shapes, sizes), leaves={leaf.name: entries for leaf, (_, entries) in read.items()})
    for leaf, numbers in given.items():
        checked_numbers(world, leaf, numbers)
    return world


def checked_numbers(world: World, tensor: Tensor, numbers: Numbers) -> Entries:
    """The entries, if they are as many as the tensor has."""
    shape, entries = entries_of(numbers)
    wanted = tuple(map(len, world.axes(tensor)))
    if wanted != shape:
        raise ShapeError(f"the numbers of {tensor.name}", f"shape {shape}", f"{wanted}", "give one number an entry")
    return entries


def counted(indices: Iterable[Index]) -> Entries:
    """1, 2, 3, .. in the order of the indices."""
    return {index: Fraction(n + 1) for n, index in enumerate(indices)}


__all__ = ["Entries", "Numbers", "checked_numbers", "counted", "entries_of", "world_of"]
