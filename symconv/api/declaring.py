"""Sizes, indices and free data: what formulas are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from symconv.api.arguments import words_in
from symconv.entries.bridge import index_symbol, size_symbols
from symconv.errors import ScopeError, ShapeError
from symconv.handles.reading import poly_of
from symconv.handles.tensors import Tensor
from symconv.term import tensor as terms
from symconv.term.polynomial import Poly


def sizes(names: str, min: int = 1) -> Any:
    """SymPy integer symbols for sizes of at least `min`; one name gives one symbol, several a tuple.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> p = sc.sizes("p", min=0)
    >>> H - r + 2*p
    H + 2*p - r
    """
    words = words_in(names, "sizes")
    made = size_symbols(" ".join(words), min)
    return made[0] if len(made) == 1 else made


def indices(names: str) -> Any:
    """SymPy integer symbols for indices.

    >>> import symconv as sc
    >>> i, k = sc.indices("i k")
    >>> 2 * i + k
    2*i + k
    """
    made = tuple(map(index_symbol, words_in(names, "indices")))
    return made[0] if len(made) == 1 else made


def tensor(name: str, *shape: object, outside: str = "zero") -> Tensor:
    """Free data of this shape; without a shape a scalar.

    outside: what a read outside the shape is, "zero" or "error".

    >>> import symconv as sc
    >>> n = sc.sizes("n")
    >>> sc.tensor("x", n).shape
    (n,)
    """
    if not isinstance(name, str) or not name.strip():
        raise ShapeError("tensor", f"the name {name!r}", "a text", "name the tensor first, then its extents")
    if outside not in ("zero", "error"):
        raise ShapeError(f"tensor {name}", f"outside={outside!r}", "'zero' or 'error'", "choose one of the two")
    axes = tuple(map(terms.Axis.of, extents_of(shape, f"tensor {name}")))
    return Tensor(terms.Leaf(name, axes, cast(Any, outside)))


def extents_of(extents: Iterable[object], place: str) -> tuple[Poly, ...]:
    """Extents: numbers of at least 1, or polynomials in sizes."""
    made = []
    for extent in extents:
        if isinstance(extent, (tuple, list)):
            raise ShapeError(place, f"the extent {extent!r}", "a size or a number", "give the extents one by one")
        poly = poly_of(extent)
        if poly.names():
            index = min(poly.names())
            raise ScopeError(place, f"an extent with the index {index}", "sizes", f'make it with sizes("{index}")')
        number = poly.as_int
        if number is not None and number < 1:
            raise ShapeError(place, f"an extent of {number}", "at least 1", "give a positive extent")
        made.append(poly)
    return tuple(made)
