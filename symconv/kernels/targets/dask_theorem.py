"""Tiles with their halo are the whole, as claims in the term language that the prover judges.

A tile of the output: whatever its first index and its length, each of its entries, made from the blocks that it
reaches and from nothing outside them, is the entry of the whole at that place.  A sum that is cut: whatever the
place of the cut, the part before it and the part after it add up to the whole; by induction any number of parts do.
Both are made from a `Tiling`, so that what is proved is what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from symconv.kernels.nest import ZERO
from symconv.kernels.stages import Stage, program_of
from symconv.kernels.targets.dask_tiles import Operand, Tiling, tiling_of, under_maximum
from symconv.term.fixing import at_sizes
from symconv.term.polynomial import Poly, Size
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Defined, Tensor, ranges_of
from symconv.term.value import Condition, Entry, Range, Value, add, at_least


@dataclass(frozen=True, slots=True)
class Claim:
    """left = right for all sizes and free indices that meet the conditions."""

    title: str
    left: Value
    right: Value
    free: tuple[Range, ...]
    assuming: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class _Span:
    """The indices of a loop that a tile covers."""

    start: Poly
    length: Poly


def claims_of_all(tensors: Iterable[Defined]) -> Iterator[Claim]:
    """What an exported module rests on beside its formulas: the claims of every stage."""
    stages = {stage.formula: stage for tensor in tensors for stage in program_of(tensor).stages}
    for stage in stages.values():
        yield from claims_of(stage, tiling_of(stage))


def claims_of(stage: Stage, tiling: Tiling) -> Iterator[Claim]:
    """What must hold for the tiles of a stage, of any lengths, to be the whole."""
    yield _of_outputs(stage, tiling)
    for label in tiling.counts:
        yield _of_sum(tiling, label)


def _of_outputs(stage: Stage, tiling: Tiling) -> Claim:
    """The entry of a tile, every sum in one part, is the entry of the whole; of a maximum each that it is taken of."""
    spans = _anywhere(tiling) | {label: _Span(ZERO, count) for label, count in tiling.counts.items()}
    tile, whole = under_maximum(_tile(tiling, spans)), under_maximum(stage.formula)
    local = tuple(map(Poly.of, tile.parameters))
    places: list[Poly] = []
    conditions: list[Condition] = []
    writes = (*tiling.writes, *(None for _ in whole.axes[len(tiling.writes) :]))
    for place, axis, write in zip(local, whole.axes, writes, strict=True):
        place = place + (axis.low or ZERO)
        if write is not None:
            label, step, first = write
            place = place + step * spans[label].start + first
            conditions += [at_least(place, axis.low or ZERO), at_least(axis.high or ZERO, place)]
        places.append(place)
    free = ranges_of(tile, tile.parameters)
    return Claim("tiles with halo = whole", Entry(whole, tuple(places)), Entry(tile, local), free, tuple(conditions))


def _of_sum(tiling: Tiling, label: str) -> Claim:
    """A tile of the output, one sum cut in two; the others stand at any part."""
    count = tiling.counts[label]
    cut = Poly.of(Size(f"cut_{_plain(label)}"))
    around = _anywhere(tiling)
    spans = (_Span(ZERO, count), _Span(ZERO, cut), _Span(cut, count - cut))
    whole, before, after = (_tile(tiling, around | {label: span}) for span in spans)
    local = tuple(map(Poly.of, whole.parameters))
    right = add(Entry(before, local), Entry(after, local))
    free = ranges_of(whole, whole.parameters)
    return Claim(f"sum over {label} = sum of parts", Entry(whole, local), right, free, (at_least(count - 1, cut),))


def _anywhere(tiling: Tiling) -> dict[str, _Span]:
    """Each loop from any index on; from one before the first where a tile of a scatter may begin there."""
    spans = {}
    early = {write[0] for write in tiling.writes if write is not None and not write[2].is_zero}
    for label, length in tiling.lengths.items():
        start = Poly.of(Size(f"start_{_plain(label)}", 0))
        back = Poly.of(Size(f"back_{_plain(label)}", 0)) if label in early else ZERO
        spans[label] = _Span(start - back, Poly.atom(length))
    return spans


def _tile(tiling: Tiling, spans: Mapping[str, _Span]) -> Defined:
    """The formula of a tile, its blocks cut out of the operands: zero outside them."""
    blocks: dict[Tensor, Tensor] = {o.block: _block(o, spans) for o in tiling.operands}
    body = replace_tensors(tiling.formula.body, blocks)
    lengths = {tiling.lengths[label].name: span.length for label, span in spans.items()}
    changed = at_sizes(Defined("tile", tiling.formula.parameters, tiling.formula.axes, body), lengths)
    if not isinstance(changed, Defined):
        raise TypeError("a definition stays one")
    return changed


def _block(operand: Operand, spans: Mapping[str, _Span]) -> Defined:
    names = tuple(f"b{axis}" for axis in range(operand.leaf.rank))
    places = []
    for name, axis, reach in zip(names, operand.leaf.axes, operand.axes, strict=True):
        first = ZERO if reach is None else reach.step * spans[reach.label].start + reach.first
        places.append(Poly.of(name) + first + (axis.low or ZERO))
    return Defined(operand.block.name, names, operand.block.axes, Entry(operand.leaf, tuple(places)))


def _plain(label: str) -> str:
    return label.replace("'", "_")


__all__ = ["Claim", "claims_of", "claims_of_all"]
