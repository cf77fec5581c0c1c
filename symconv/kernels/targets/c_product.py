"""Which nests are products with a sum, and how their indices are shared out.

out[row, column] = sum of left[row, summed] * right[summed, column]: an index of the output that only the left
factor reads is a row, one that only the right factor reads is a column, one that both read is a loop around it.
A nest that scatters (a gradient by the input) is turned round first: where it puts its products at s*x + u - p,
the entries a = s*q + t of the output are taken phase by phase, and x = q + (t - u + p) / s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, surely_nonnegative
from symconv.kernels.factors import is_array_itself
from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.kernels.plan import covers, inside, plan_place
from symconv.kernels.targets.c_function import Array, CFunction
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Leaf

MOST_AXES = 8  # RANK of the C side


@dataclass(frozen=True, slots=True)
class Phase:
    """Entries s*q + t of one output axis: t runs over the phases, `whole` = (t - rest) / s is a shift of x."""

    phase: str
    shift: str
    step: Poly
    rest: Poly
    extent: Poly  # of the axis


@dataclass(frozen=True, slots=True)
class Side:
    """An array of the product and the positions at which it is read or written."""

    array: Array
    positions: tuple[Poly, ...]

    def names(self) -> set[str]:
        return {n for p in self.positions for n in p.names()}

    def part(self, names: Sequence[str]) -> list[Poly]:
        """What these indices add to each position."""
        parts = []
        for p in self.positions:
            steps, _ = coefficients(p) or ({}, ZERO)
            parts.append(sum((step * Poly.of(n) for n, step in steps.items() if n in names), ZERO))
        return parts

    def constant(self) -> list[Poly]:
        return [(coefficients(p) or ({}, ZERO))[1] for p in self.positions]


@dataclass(frozen=True, slots=True)
class Product:
    """A nest's indices by their role."""

    left: Side
    right: Side
    result: Side
    counts: Mapping[str, Poly]
    phases: tuple[Phase, ...]
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    summed: tuple[str, ...]
    around: tuple[str, ...]  # loops around the product
    added: tuple[str, ...]  # such loops that are summed
    covers: bool  # every entry of the output is written


def plan_product(
    function: CFunction, nest: Nest, out: Array, sizes: Mapping[Size, Poly] | None = None
) -> Product | None:
    """The nest as a product of two arrays; None where it is none.

    sizes: their values in the nest, and so in the shapes of all arrays.
    """
    plain = all(is_array_itself(f) and f.head.tensor.rank for f in nest.factors)
    if len(nest.factors) != 2 or not plain or nest.winners or not nest.even:
        return None
    return _Turned(function, nest, _with(out, sizes or {}), sizes or {}).product()


def _with(array: Array, sizes: Mapping[Size, Poly]) -> Array:
    values: dict[Atom, Poly] = dict(sizes.items())
    return Array(array.name, array.lows, tuple(n.substitute(values) for n in array.shape))


@dataclass(slots=True)
class _Turned:
    """The nest while scattered axes are turned round."""

    function: CFunction
    nest: Nest
    out: Array
    sizes: Mapping[Size, Poly]
    counts: dict[str, Poly] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)

    def product(self) -> Product | None:
        nest, out = self.nest, self.out
        place = plan_place(nest, out.shape)
        factors = [self.side(f) for f in nest.factors]
        if place.kind == "scatter" or any(coefficients(p) is None for s in factors for p in s.positions):
            return None
        self.counts = dict(nest.counts)
        images: dict[str, Poly] = {}
        positions, covered = [], True
        for p, kept, extent in zip(nest.positions, place.axes, out.shape, strict=True):
            if not p.names() & set(place.loops):
                covered &= covers(p, kept, extent, nest.counts)
                if not inside(p, extent, nest.counts):
                    return None
                positions.append(p)
                continue
            turned = self.turn(p, kept, extent, factors)
            if turned is None:
                return None
            images[kept[0]], position = turned
            positions.append(position)
        moved = [Side(s.array, tuple(p.substitute(dict(images.items())) for p in s.positions)) for s in factors]
        return self.shared(moved, Side(out, tuple(positions)), covered)

    def side(self, factor: Factor) -> Side:
        tensor = factor.head.tensor
        array = _with(self.function.array(tensor), self.sizes) if isinstance(tensor, Leaf) else self.out
        return Side(array, tuple(p - low for p, low in zip(factor.index, array.lows, strict=True)))

    def turn(
        self, position: Poly, kept: tuple[str, ...], extent: Poly, factors: list[Side]
    ) -> tuple[Poly, Poly] | None:
        """(the image of the index x that the position keeps, the position in new indices)."""
        if len(kept) != 1:
            return None
        (x,) = kept
        form = coefficients(position)
        axes = [(p, n) for s in factors for p, n in zip(s.positions, s.array.shape, strict=True)]
        if form is None or (Poly.of(x), self.counts[x]) not in axes:  # else its box is lost
            return None
        step, rest = form[0][x], position - form[0][x] * Poly.of(x)
        new = f"{x}'"
        del self.counts[x]
        if step == ONE:
            self.counts[new] = extent
            return Poly.of(new) - rest, Poly.of(new)
        if not surely_nonnegative(step - 1):
            return None
        phase, shift = f"{x} phase", f"{x} shift"
        self.phases.append(Phase(phase, shift, step, rest, extent))
        self.counts[new] = (extent - Poly.of(phase) + step - 1) // step
        return Poly.of(new) + Poly.of(shift), step * Poly.of(new) + Poly.of(phase)

    def shared(self, factors: list[Side], result: Side, covered: bool) -> Product | None:
        """The roles of the indices, for the better choice of the left factor."""
        fixed = {p.phase for p in self.phases}
        last = next((n for p in reversed(result.positions) for n in sorted(p.names() - fixed)), None)
        holders = [s for s in factors if last in s.names()]
        if last is None or len(holders) != 1:
            right = factors[1]
        else:
            form = coefficients(holders[0].positions[-1])
            right = holders[0] if form and last in form[0] else factors[1 - factors.index(holders[0])]
        left = factors[1 - factors.index(right)]
        shifts = {p.shift for p in self.phases}
        free = [n for n in self.counts if n in result.names()]
        free.sort(key=lambda n: [n in p.names() for p in result.positions].index(True))
        rows = [n for n in free if n in left.names() - right.names()]
        columns = [n for n in free if n in right.names() - left.names()]
        summed = [n for n in self.counts if n not in free]
        rests = {n for p in self.phases for n in p.rest.names()}
        if not columns or not summed or not rests <= set(summed) or (shifts & left.names() and shifts & right.names()):
            return None
        if any(len(s.positions) > MOST_AXES for s in (left, right, result)):
            return None
        first = {left.positions[0], right.positions[0]}
        added = [n for n in summed if first == {Poly.of(n)} and len(summed) > 2]
        if len(columns) > 1 and {right.positions[0], result.positions[0]} == {Poly.of(columns[0])}:
            columns = columns[1:]  # images, one after the other
        around = [n for n in free if n not in rows and n not in columns]
        return Product(
            left, right, result, self.counts, tuple(self.phases), tuple(rows), tuple(columns),
            tuple(n for n in summed if n not in added), tuple(around), tuple(added), covered,
        )  # fmt: skip


__all__ = ["Phase", "Product", "Side", "plan_product"]
