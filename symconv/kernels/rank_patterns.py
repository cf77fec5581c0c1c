"""A kernel given as a sum of products column times row: two windows along one axis each instead of one along both.

out[.., i, j] = sum over p, u, v of columns[p, u] * rows[p, v] * images[.., i + u, j + v]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symconv.calculus.form import Factor
from symconv.kernels.factors import is_array_itself, positions_of
from symconv.kernels.nest import Nest
from symconv.kernels.plan import inside
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf


@dataclass(frozen=True, slots=True)
class KnownRank:
    """The three arrays: columns (products, taps u), rows (products, taps v); transposed where the axes are swapped."""

    images: Leaf
    columns: Leaf
    rows: Leaf
    transposed: tuple[bool, bool]


def known_rank_of(nest: Nest, formula: Defined) -> KnownRank | None:
    """The pattern of a nest of three factors, or None where it is another or a window may leave the image."""
    if len(nest.factors) != 3 or nest.winners or not nest.even or formula.rank < 2:
        return None
    if not all(is_array_itself(f) and all(axis.bounded for axis in f.head.tensor.axes) for f in nest.factors):
        return None
    outs = [p.as_atom for p in nest.positions]
    if len(set(outs)) < len(outs) or not all(isinstance(n, str) for n in outs):
        return None
    if any(nest.counts[str(n)] != e for n, e in zip(outs, formula.shape, strict=True)):
        return None
    for image in nest.factors:
        vectors = [f for f in nest.factors if f is not image]
        taps = _taps(image, [str(n) for n in outs], nest.counts)
        if taps is None:
            continue
        for first, second in (vectors, vectors[::-1]):
            left, right = _axes(first, taps[0], nest.counts), _axes(second, taps[1], nest.counts)
            if left is not None and right is not None and left[1] == right[1]:
                leaves = [f.head.tensor for f in (image, first, second)]
                found = [leaf for leaf in leaves if isinstance(leaf, Leaf)]
                return KnownRank(found[0], found[1], found[2], (left[0], right[0]))
    return None


def _taps(image: Factor, outs: Sequence[str], counts: Mapping[str, Poly]) -> tuple[str, str] | None:
    """The taps u and v of an image read at (.., i + u, j + v), inside it for all of them."""
    positions = positions_of(image)
    if len(positions) != len(outs) or [str(p) for p in positions[:-2]] != list(outs[:-2]):
        return None
    if not all(inside(p, e, counts) for p, e in zip(positions, image.head.tensor.shape, strict=True)):
        return None
    found = []
    for position, out in zip(positions[-2:], outs[-2:], strict=True):
        tap = (position - Poly.of(out)).as_atom
        if not isinstance(tap, str) or tap in outs:
            return None
        found.append(tap)
    return (found[0], found[1]) if found[0] != found[1] else None


def _axes(vector: Factor, tap: str, counts: Mapping[str, Poly]) -> tuple[bool, str] | None:
    """Whether an array of these taps is transposed, and the index of its products; None for another array."""
    names = [p.as_atom for p in positions_of(vector)]
    if len(names) != 2 or tap not in names or names[0] == names[1]:
        return None
    if any(not isinstance(n, str) or counts[n] != e for n, e in zip(names, vector.head.tensor.shape, strict=True)):
        return None
    return names[0] == tap, str(names[1] if names[0] == tap else names[0])


__all__ = ["KnownRank", "known_rank_of"]
