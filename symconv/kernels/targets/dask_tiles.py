"""A stage cut into tiles: the formula of one tile, and what it reads and writes along each axis.

The tile's formula is the stage's own, with the cut loops counted from the first index of the tile and each
operand replaced by the block that the tile reaches, its positions counted from the first of them.  Starts and
paddings cancel, so that one formula holds for every tile: it is lowered to NumPy like any other.  That all tiles
together are the whole is what `halo` answers for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symconv.calculus.form import Factor
from symconv.kernels.halo import Cut, Read, cuts_of, reach_of, reads_of, winner_positions
from symconv.kernels.nest import ONE, ZERO, Nest, Winner, nests_of
from symconv.kernels.stages import Stage
from symconv.term.polynomial import Application, Atom, Poly, Size
from symconv.term.substitution import fresh_name
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import (
    Apply,
    Condition,
    Entry,
    Function,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Value,
    add,
    bracket,
    equal,
    multiply,
    total,
)

BlockAxes = tuple["AxisReach | None", ...]


@dataclass(frozen=True, slots=True)
class AxisReach:
    """One axis of an operand: a tile of m indices from x on reads step*m + halo positions from step*x + first on."""

    label: str
    step: Poly
    first: Poly
    halo: Poly


@dataclass(frozen=True, slots=True)
class Operand:
    """A leaf as the tile sees it; an axis without a reach is read whole."""

    leaf: Leaf
    block: Leaf
    axes: BlockAxes


@dataclass(frozen=True, slots=True)
class Tiling:
    """The formula of a tile, its operands, the axes of the output that are cut and the sums that are cut.

    writes: for each axis of the output the label of its loop and where the tile from x on begins, step*x + first;
    None where the axis stays whole.  counts: of the loops that are summed.  lengths: how many indices a tile has.
    """

    formula: Defined
    operands: tuple[Operand, ...]
    writes: tuple[tuple[str, Poly, Poly] | None, ...]
    counts: Mapping[str, Poly]
    lengths: Mapping[str, Size]
    exact: bool  # whole numbers give whole numbers


def tiling_of(stage: Stage, order: Sequence[Leaf] = ()) -> Tiling:
    """How a stage is cut; its operands in the given order as far as they are named there."""
    tiling = _Work(stage).tiling()
    place = {leaf: n for n, leaf in enumerate(order)}
    return replace(tiling, operands=tuple(sorted(tiling.operands, key=lambda o: place.get(o.leaf, len(place)))))


@dataclass(slots=True)
class _Work:
    stage: Stage
    core: Defined = field(init=False)  # what is under the maximum, the window's indices as further axes
    nests: list[Nest] = field(init=False)
    cuts: list[dict[str, Cut]] = field(init=False)
    labels: list[dict[str, str]] = field(init=False)  # of each nest: the label of a cut loop
    lengths: dict[str, Size] = field(default_factory=dict)
    blocks: dict[tuple[Leaf, BlockAxes], Operand] = field(default_factory=dict)

    def tiling(self) -> Tiling:
        self.core = under_maximum(self.stage.formula)
        self.nests = nests_of(self.core)
        if not self.nests or not all(map(_rebuildable, self.nests)):
            return self._whole()
        self._choose()
        body = add(*(_NestTile(self, n).value() for n in range(len(self.nests))))
        return self._tiling(self._formula(body))

    # -- which loops are cut

    def _choose(self) -> None:
        rank = self.stage.formula.rank
        found = [_without_taps(nest, cuts_of(nest, self.core.shape)) for nest in self.nests]
        single = len(found) == 1
        self.cuts = [{} for _ in found]
        self.labels = [{} for _ in found]
        for axis in range(rank):
            cuts = [next((c for c in mine.values() if c.axis == axis), None) for mine in found]
            if all(c is not None and (single or _straight(c)) for c in cuts):
                self._cut(self.core.parameters[axis], cuts)
        if single:
            summed = [c for c in found[0].values() if c.axis is None]
            for cut in sorted(summed, key=lambda c: list(self.nests[0].counts).index(c.index)):
                self._cut(fresh_name(self.nests[0].hints[cut.index], {*self.core.parameters, *self.lengths}), [cut])

    def _cut(self, label: str, cuts: Sequence[Cut | None]) -> None:
        self.lengths[label] = Size(f"tile_{label.replace(chr(39), '_')}", 1)
        for n, cut in enumerate(cuts):
            if cut is not None:
                self.cuts[n][cut.index] = cut
                self.labels[n][cut.index] = label

    # -- the formula

    def length(self, label: str) -> Poly:
        return Poly.atom(self.lengths[label])

    def block(self, leaf: Leaf, axes: BlockAxes) -> Leaf:
        """The leaf that stands for what a tile reads of one."""
        if (leaf, axes) not in self.blocks:
            shape = (
                n if reach is None else reach.step * self.length(reach.label) + reach.halo
                for n, reach in zip(leaf.shape, axes, strict=True)
            )
            block = Leaf(f"{leaf.name} {len(self.blocks)}", tuple(map(Axis.of, shape)))
            self.blocks[leaf, axes] = Operand(leaf, block, axes)
        return self.blocks[leaf, axes].block

    def _formula(self, body: Value) -> Defined:
        whole = self.stage.formula
        axes = [
            Axis.of(n if cut is None else cut.step * self.length(label))
            for n, cut, label in zip(whole.shape, self._written(), whole.parameters, strict=True)
        ]
        if isinstance(whole.body, Maximum):
            body = Maximum(whole.body.ranges, body)
        return Defined(whole.name, whole.parameters, tuple(axes), body)

    def _written(self) -> list[Cut | None]:
        cuts = self.cuts[0].values()
        return [next((c for c in cuts if c.axis == axis), None) for axis in range(self.stage.formula.rank)]

    def _tiling(self, formula: Defined) -> Tiling:
        writes = tuple(
            None if cut is None else (label, cut.step, cut.first)
            for cut, label in zip(self._written(), formula.parameters, strict=True)
        )
        counts = {self.labels[0][c.index]: c.count for c in self.cuts[0].values() if c.axis is None}
        return Tiling(formula, tuple(self.blocks.values()), writes, counts, self.lengths, _exact(self.nests))

    def _whole(self) -> Tiling:
        """One tile: the formula as it is."""
        formula = self.stage.formula
        operands = (Operand(leaf, leaf, (None,) * leaf.rank) for leaf in dict.fromkeys(self.stage.reads()))
        return Tiling(formula, tuple(operands), (None,) * formula.rank, {}, {}, False)


class _NestTile:
    """One nest as the value of an entry of the tile."""

    def __init__(self, work: _Work, number: int) -> None:
        self.work, self.nest = work, work.nests[number]
        self.cuts, self.labels = work.cuts[number], work.labels[number]
        self.parameters = work.core.parameters
        taken = {*self.parameters, *self.nest.counts}
        self.image: dict[Atom, Poly] = {}
        for index, count in self.nest.counts.items():
            axis = self._axis(index, count)
            name = fresh_name(self.nest.hints[index], taken) if axis is None else self.parameters[axis]
            taken.add(name)
            self.image[index] = Poly.of(name)
        self.taps = {n for w in self.nest.winners for p in w.taps for n in p.names()}

    def _axis(self, index: str, count: Poly) -> int | None:
        """The axis of the output that a loop runs over, entry by entry."""
        for axis, position in enumerate(self.nest.positions):
            if position == Poly.of(index) and count == self.work.core.shape[axis]:
                return axis
        return None

    def value(self) -> Value:
        nest = self.nest
        winners = dict(pair for winner in nest.winners for pair in self._winner(winner))
        image = self.image | winners
        reads = iter(list(reads_of(nest))[: len(nest.factors)])
        factors = [self._factor(f, next(reads), image) for f in nest.factors]
        numbers = [Number(nest.coefficient), Position(nest.weight.substitute(image))]
        numbers += [Reciprocal(Position(p.substitute(image))) for p in nest.denominators]
        masks = [Condition("eq" if g.equality else "ge", g.poly.substitute(image)) for g in nest.masks]
        body = multiply(*numbers, bracket(*masks, *self._places(image)), *factors)
        free = [n for n, count in nest.counts.items() if self._axis(n, count) is None and n not in winners]
        ranges = tuple(map(self._range, free))
        return total(ranges, body) if ranges else body

    def _range(self, index: str) -> Range:
        cut = self.cuts.get(index)
        count = self.nest.counts[index] if cut is None else self.work.length(self.labels[index]) + cut.more
        return Range.upto(next(iter(self.image[index].names())), count)

    def _places(self, image: Mapping[Atom, Poly]) -> Iterator[Condition]:
        """Where the products go: position - first entry of the tile = index of the output."""
        for axis, (position, name) in enumerate(zip(self.nest.positions, self.parameters, strict=True)):
            cut = next((c for c in self.cuts.values() if c.axis == axis), None)
            place = (position - (cut.first if cut else ZERO)).substitute(image)
            if place != Poly.of(name):
                yield equal(place, Poly.of(name))

    def _axes(self, leaf: Leaf, positions: Sequence[Poly]) -> BlockAxes:
        axes: list[AxisReach | None] = []
        for position in positions:
            cut = next((c for n, c in self.cuts.items() if n in position.names()), None)
            reach = reach_of(position, cut.index, self.nest.counts) if cut else None
            if cut is None or reach is None:
                axes.append(None)
            else:
                axes.append(AxisReach(self.labels[cut.index], reach.step, reach.first, reach.halo(cut.more)))
        return tuple(axes)

    def _entry(self, leaf: Leaf, positions: Sequence[Poly], image: Mapping[Atom, Poly]) -> Entry:
        """The entry of the block that stands for one of the leaf."""
        axes = self._axes(leaf, positions)
        block = self.work.block(leaf, axes)
        starts = (ZERO if reach is None else reach.first for reach in axes)
        return Entry(block, tuple((p - first).substitute(image) for p, first in zip(positions, starts, strict=True)))

    def _factor(self, factor: Factor, read: Read, image: Mapping[Atom, Poly]) -> Value:
        value: Value = self._entry(read.leaf, read.positions, image)
        if factor.head.function is not None:
            value = Apply(factor.head.function, value)
        return Reciprocal(value) if factor.head.inverse else value

    def _winner(self, winner: Winner) -> Iterator[tuple[Atom, Poly]]:
        """The taps of a maximum, each as the argmax over the block."""
        positions = winner_positions(winner)
        function = winner.function
        leaf = function.body.tensor  # type: ignore[attr-defined]  # `_rebuildable` looked
        axes = self._axes(leaf, positions)
        block = self.work.block(leaf, axes)
        starts = [ZERO if reach is None else reach.first for reach in axes]
        starts = [start + (axis.low or ZERO) for start, axis in zip(starts, leaf.axes, strict=True)]
        index = function.body.index  # type: ignore[attr-defined]
        body = Entry(block, tuple(p - start for p, start in zip(index, starts, strict=True)))
        arguments = tuple(p.substitute(self.image) for p in winner.arguments)
        for axis, tap in enumerate(winner.taps):
            (name,) = tap.names()
            yield name, Poly.atom(Application(replace(function, body=body, axis=axis), arguments))


def under_maximum(formula: Defined) -> Defined:
    """The formula; of a maximum what it is taken of, an axis for each index of the window."""
    if not isinstance(formula.body, Maximum):
        return formula
    window = {r.name: Axis(r.low, r.high) for r in formula.body.ranges}
    return Defined(formula.name, (*formula.parameters, *window), (*formula.axes, *window.values()), formula.body.body)


def _rebuildable(nest: Nest) -> bool:
    """Every factor is an entry of a leaf, every maximum one over entries of a leaf, every count is plain."""
    computed = {e.size for e in nest.extremes}
    plain = all(isinstance(f.head.tensor, Leaf) for f in nest.factors)
    windows = all(isinstance(w.function.body, Entry) and isinstance(w.function.body.tensor, Leaf) for w in nest.winners)
    return plain and windows and not any(c.sizes() & computed for c in nest.counts.values())


def _without_taps(nest: Nest, cuts: Mapping[str, Cut]) -> dict[str, Cut]:
    """Of these cuts those that leave the windows of all maxima whole."""
    taps = {name for winner in nest.winners for tap in winner.taps for name in tap.names()}
    return {index: cut for index, cut in cuts.items() if index not in taps}


def _straight(cut: Cut) -> bool:
    """A block of m indices writes m entries, from its own index on."""
    return cut.step == ONE and cut.first.is_zero and cut.more.is_zero


def _exact(nests: Sequence[Nest]) -> bool:
    heads = [f.head for nest in nests for f in nest.factors]
    return all(n.coefficient.denominator == 1 and not n.denominators for n in nests) and not any(
        h.inverse or h.function not in (None, Function("relu")) for h in heads
    )


__all__ = ["AxisReach", "Operand", "Tiling", "tiling_of", "under_maximum"]
