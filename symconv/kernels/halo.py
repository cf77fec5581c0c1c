"""What a block of indices reaches: the interval of positions on each axis, read off the index polynomials.

A position of a term is affine in its loop indices, as in `s*i + d*u - p`.  Cut the loop of i into blocks of m
and let the others run: the block from i on reaches the interval that begins at `s*i - p` and has
`s*(m - 1) + d*(r - 1) + 1` positions.  What exceeds the m steps of length s is the halo.  Nothing here knows
the name of an operation.

`cuts_of` says which loops of a nest may be cut.  A loop that addresses an axis of the output gives blocks of the
output; where the output's position is itself spread by taps (`s*q + d*u - p`, a scatter) a block needs some
indices more, `more`, to hold all contributions to its entries.  A loop that is summed gives parts that are added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, span, surely_nonnegative
from symconv.kernels.nest import ONE, ZERO, Nest, Winner
from symconv.kernels.plan import mixed_radix
from symconv.term.polynomial import Atom, Poly, Quotient, Size
from symconv.term.tensor import Leaf
from symconv.term.value import Entry


@dataclass(frozen=True, slots=True)
class Reach:
    """The positions step*x + first .. step*x + first + spread that index x alone reaches."""

    index: str
    step: Poly
    first: Poly
    spread: Poly

    def interval(self, start: Poly, count: Poly) -> tuple[Poly, Poly]:
        """The first position that the indices start .. start + count - 1 reach, and how many positions."""
        return self.step * start + self.first, self.step * (count - 1) + self.spread + 1

    def halo(self, more: Poly = ZERO) -> Poly:
        """How many positions a block of m indices, with `more` after them, reaches beyond m steps; maybe below 0."""
        return self.interval(ZERO, more)[1]


@dataclass(frozen=True, slots=True)
class Cut:
    """A loop that may be cut into blocks.

    axis: the axis of the output that its blocks cut, None if they are summed.
    reach: where one index writes on that axis.
    before: the positions at the head of what a block reaches to which the block before contributes, too.
    more: how many indices of the next block contribute to the entries of this one.
    """

    index: str
    count: Poly
    axis: int | None = None
    reach: Reach | None = None
    before: Poly = ZERO
    more: Poly = ZERO

    @property
    def first(self) -> Poly:
        """The first entry that is the block's own, as seen from step * (its first index)."""
        return self.before + (self.reach.first if self.reach else ZERO)

    @property
    def step(self) -> Poly:
        return self.reach.step if self.reach else ONE


@dataclass(frozen=True, slots=True)
class Read:
    """One entry that a nest reads: as a factor, as the argument of a function or a divisor, or within a maximum."""

    leaf: Leaf
    positions: tuple[Poly, ...]
    kind: Literal["factor", "argument", "maximum"]


def reach_of(position: Poly, index: str, counts: Mapping[str, Poly]) -> Reach | None:
    """What an index reaches while the others run over their counts; None where that is not affine and rising.

    >>> H, r, s, p = (Poly.of(Size(n)) for n in "Hrsp")
    >>> i, u = Poly.of("i"), Poly.of("u")
    >>> reach_of(s * i + u - p, "i", {"i": H, "u": r}).interval(i, Poly.of(4))
    (i*s - p, r + 3*s)
    """
    form = coefficients(position)
    if form is None or index not in form[0]:
        return None
    step = form[0][index]
    ends = span(position - step * Poly.of(index), counts)
    if ends is None or not surely_nonnegative(step - 1):
        return None
    return Reach(index, step, ends[0], ends[1] - ends[0])


def cuts_of(nest: Nest, shape: Sequence[Poly]) -> dict[str, Cut]:
    """The loops of a nest that may be cut, each with what its blocks write; `shape` is the output's."""
    reads = list(reads_of(nest))
    taps = _taps(nest, reads)
    fixed = {n for g in nest.masks for n in g.poly.names()} | nest.weight.names()
    fixed |= {n for p in nest.denominators for n in p.names()} | taps
    cuts = (_cut(nest, shape, index, reads) for index in nest.counts if index not in fixed)
    return {cut.index: cut for cut in cuts if cut is not None}


def reads_of(nest: Nest) -> Iterator[Read]:
    """Every entry of a leaf that a nest reads, its positions counted from 0."""
    for factor in nest.factors:
        if isinstance(factor.head.tensor, Leaf):
            yield _read(factor, factor.head.tensor)
    for winner in nest.winners:
        if isinstance(winner.function.body, Entry) and isinstance(winner.function.body.tensor, Leaf):
            yield Read(winner.function.body.tensor, winner_positions(winner), "maximum")


def winner_positions(winner: Winner) -> tuple[Poly, ...]:
    """Where a maximum over entries of a leaf reads, in the loops of the nest."""
    body = winner.function.body
    if not isinstance(body, Entry):
        raise TypeError(f"a maximum over {type(body).__name__}")
    at: dict[Atom, Poly] = dict(zip(winner.function.parameters, winner.arguments, strict=True))
    at |= dict(zip((r.name for r in winner.function.ranges), winner.taps, strict=True))
    axes = zip(body.index, body.tensor.axes, strict=True)
    return tuple(p.substitute(at) - (axis.low or ZERO) for p, axis in axes)


def _read(factor: Factor, leaf: Leaf) -> Read:
    positions = tuple(p - (axis.low or ZERO) for p, axis in zip(factor.index, leaf.axes, strict=True))
    alone = factor.head.function is None and not factor.head.inverse
    return Read(leaf, positions, "factor" if alone else "argument")


def _cut(nest: Nest, shape: Sequence[Poly], index: str, reads: Sequence[Read]) -> Cut | None:
    mine = [r for r in reads if any(index in p.names() for p in r.positions)]
    for read in mine:
        places = [p for p in read.positions if index in p.names()]
        if len(places) > 1 or reach_of(places[0], index, nest.counts) is None:  # a diagonal, or not affine
            return None
    axes = [a for a, p in enumerate(nest.positions) if index in p.names()]
    count = nest.counts[index]
    if len(axes) > 1 or count.sizes() & {e.size for e in nest.extremes}:
        return None
    if not axes:
        return Cut(index, count)
    (axis,) = axes
    reach = reach_of(nest.positions[axis], index, nest.counts)
    if reach is None:
        return None
    if nest.positions[axis] == Poly.of(index) and shape[axis] == count:
        return Cut(index, count, axis, reach)
    return _scattered(Cut(index, count, axis, reach), reach, mine)


def _scattered(cut: Cut, reach: Reach, reads: Sequence[Read]) -> Cut | None:
    """A block of a scatter: indices outside the loop must add nothing, so that they may be taken along.

    They do where a factor is read at the index itself and ends with the loop: it is zero outside.
    """
    places = [(p, n) for r in reads if r.kind == "factor" for p, n in zip(r.positions, r.leaf.shape, strict=True)]
    if (Poly.of(cut.index), cut.count) not in places or any(r.kind == "argument" for r in reads):
        return None
    before = reach.spread
    if surely_nonnegative(reach.step - 1 - reach.spread):  # blocks do not overlap
        before = ZERO
    elif surely_nonnegative(reach.spread - reach.step + 1):
        before = reach.spread - reach.step + 1
    return Cut(cut.index, cut.count, cut.axis, reach, before, (before + reach.step - 1) // reach.step)


# -- which of several loops in one position runs over the image ------------------------


def _taps(nest: Nest, reads: Sequence[Read]) -> set[str]:
    """The loops that share a position with one that matters more."""
    found: set[str] = set()
    for position in (*nest.positions, *(p for r in reads for p in r.positions)):
        names = position.names()
        if len(names) > 1:
            digits = mixed_radix(position, nest.counts)
            image = digits[0] if digits else max(names, key=lambda n: _importance(n, position, nest))
            found |= names - {image}
    return found


def _importance(name: str, position: Poly, nest: Nest) -> tuple[bool, int, int, bool, int]:
    """Large for the loop over the image: its count falls as that of the taps grows (H - r + 1 and r), or is larger."""
    count = nest.counts[name]
    others = [nest.counts[n] for n in position.names() - {name}]
    falling = {a for m, c in _flat(count) if c < 0 for a in m if isinstance(a, Size)}
    shrinks = sum(bool(falling & n.sizes()) for n in others)
    larger = sum(n != count and surely_nonnegative(count - n) for n in others)
    form = coefficients(position)
    step = form[0][name] if form else ONE
    return count.as_int is None, shrinks, larger, step != ONE, -list(nest.counts).index(name)


def _flat(poly: Poly) -> Iterator[tuple[tuple[Atom, ...], int]]:
    """The terms, those of numerators of quotients included."""
    for monomial, c in poly:
        yield monomial, c
        for atom in monomial:
            if isinstance(atom, Quotient):
                yield from ((m, k * c) for m, k in _flat(atom.numerator))


__all__ = ["Cut", "Reach", "Read", "cuts_of", "reach_of", "reads_of", "winner_positions"]
