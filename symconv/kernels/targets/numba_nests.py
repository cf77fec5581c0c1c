"""The arrays of one nest for Numba: padded so that no read leaves them, maxima told by tables of winners.

What moves by 1 on an axis of the output is solved for the output's place, P = i + d*u - p, so that entries
are gathered; what moves by a stride is added at its place.  The loops over these arrays are written by
`numba_loops`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, span
from symconv.kernels.nest import ONE, ZERO, Nest, Winner
from symconv.kernels.nest_reads import plain
from symconv.kernels.nest_text import Host, NestText
from symconv.kernels.plan import covers, plan_place, plan_read
from symconv.kernels.text import enclosed, tuple_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Entry, Value


@dataclass(frozen=True, slots=True)
class Ref:
    """An array at one position of each axis; `open` says that a position may lie outside.

    step: the last axis is stored in that many phases, place m * step + t as [t, m].
    """

    array: str
    positions: tuple[Poly, ...]
    open: bool = False
    step: Poly = ONE

    def names(self) -> set[str]:
        return {n for p in self.positions for n in p.names()}

    def at(self, values: Mapping[Atom, Poly]) -> Ref:
        return replace(self, positions=tuple(p.substitute(values) for p in self.positions))


class LoopHost(Host, Protocol):
    """What a nest of loops needs of the function that it is part of."""

    def winners(self, value: Value, names: Mapping[str, Axis], taps: Mapping[str, Axis]) -> str:
        """The name of the table of where each window has its first maximum."""


class LoopNest(NestText):
    """Makes the arrays of a nest; `refs` are read, `out` is added to."""

    def __init__(self, host: LoopHost, nest: Nest, formula: Defined) -> None:
        super().__init__(host, gathered(nest, formula), formula)
        self.loop_host = host
        self.solved = set(self.nest.counts) - set(nest.counts)  # the places of the output that were solved for
        self.extents = [self.scope.scalar(n, "extent") for n in formula.shape]
        self.winners: dict[str, str] = {}  # a tap, and the expression that tells it
        self.tables: list[str] = []
        self.refs = [self.reference(factor) for factor in self.nest.factors]
        for winner in self.nest.winners:
            self.table(winner)
        self.out, self.amounts, self.crop = self.output()
        self.moved: int | None = None  # the axis of the output that was put last
        self.width = ""  # its last extent, where that is stored in phases

    @property
    def arrays(self) -> list[str]:
        return list(dict.fromkeys([*(ref.array for ref in self.refs), *self.tables]))

    def buffer(self) -> str:
        """The line that makes the array to add to; its name."""
        name = self.scope.names.fresh("buffer")
        kinds = list(dict.fromkeys(ref.array for ref in self.refs)) or ["float"]
        kinds += ["np.float16"] if any(p.names() for p in self.nest.denominators) else []
        shape = tuple_text(self.amounts) if self.amounts else "()"
        self.scope.line(f"{name} = np.zeros({shape}, np.result_type({', '.join(kinds)}))")
        return name

    def result(self, buffer: str) -> str:
        """The output in its own order, without the margins of the buffer."""
        if self.out.step != ONE:
            buffer = f"_out_of_phases({buffer}, {self.width})"
        if self.moved is not None:
            return f'np.array(np.moveaxis({buffer}, -1, {self.moved}){self.crop}, order="C")'
        return f"np.array({buffer}{self.crop})" if self.crop else buffer

    def put_last(self, name: str) -> None:
        """Another order of the axes: the one of this index is the last of every array."""
        for at, ref in enumerate(self.refs):
            axis = next((n for n, p in enumerate(ref.positions) if name in p.names()), None)
            if axis is not None and axis != len(ref.positions) - 1:
                text = f"np.ascontiguousarray(np.moveaxis({ref.array}, {axis}, -1))"
                positions = (*ref.positions[:axis], *ref.positions[axis + 1 :], ref.positions[axis])
                self.refs[at] = Ref(self.scope.assign(f"{ref.array}_moved", text), positions)
        axis = next(n for n, p in enumerate(self.out.positions) if name in p.names())
        self.moved = axis if axis != len(self.out.positions) - 1 else None
        positions = (*self.out.positions[:axis], *self.out.positions[axis + 1 :], self.out.positions[axis])
        self.out = Ref("out", positions)
        self.amounts = [*self.amounts[:axis], *self.amounts[axis + 1 :], self.amounts[axis]]

    def split(self, name: str) -> None:
        """Where rows along this index would jump, the places that they take stand side by side."""
        for at, ref in enumerate(self.refs):
            step = _last_step(ref, name)
            if step != ONE:
                text = f"_in_phases({ref.array}, {self.text(step)})"
                self.refs[at] = replace(ref, array=self.scope.assign(f"phases_{ref.array}", text), step=step)
        step = _last_step(self.out, name)
        if step != ONE:
            self.out, self.width = replace(self.out, step=step), self.amounts[-1]
            self.amounts = [*self.amounts[:-1], self.text(step), f"-(-({self.width}) // {enclosed(self.text(step))})"]

    # -- what is read -------------------------------------------------------------

    def reference(self, factor: Factor) -> Ref:
        """One factor as an array that holds its entries, functions and reciprocals applied."""
        tensor, function = factor.head.tensor, factor.head.function
        if isinstance(tensor, Leaf):
            positions = tuple(p - (axis.low or ZERO) for p, axis in zip(factor.index, tensor.axes, strict=True))
            base = self.scope.arrays[tensor]
            self.reads.append(f"{plain(tensor.name)}: {plan_read(positions, tensor.shape, self.nest.counts).kind}")
            ref = self.padded(Ref(base, positions), tensor.shape)
        else:
            names = tuple(dict.fromkeys(n for p in factor.index for n in sorted(p.names())))
            axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in names}
            base = self.host.array_of("argument", Entry(tensor, factor.index), axes)
            ref = Ref(base, tuple(map(Poly.of, names)))
        text = ref.array if function is None else self.scope.applied(function, ref.array)
        text = f"1 / {enclosed(text)}" if factor.head.inverse else text
        return replace(ref, array=self.scope.assign(f"{base}_values", text))

    def padded(self, ref: Ref, extents: Sequence[Poly]) -> Ref:
        """The read from an array that is wide enough, or one that asks at each entry."""
        if not self.affine(ref.positions):
            return replace(ref, open=True)
        margins = [self.margin(p, n) for p, n in zip(ref.positions, extents, strict=True)]
        if all(amount == "(0, 0)" for amount, _ in margins):
            return ref
        positions = tuple(p + self.shift(by) for p, (_, by) in zip(ref.positions, margins, strict=True))
        amounts = ", ".join(amount for amount, _ in margins)
        return Ref(self.scope.assign(f"padded_{ref.array}", f"_padded({ref.array}, {amounts})"), positions)

    def affine(self, positions: Sequence[Poly]) -> bool:
        return all(span(p, self.nest.counts) is not None for p in positions)

    def shift(self, before: Poly | str) -> Poly:
        """The amount before an array; a variable becomes a size of its name."""
        if isinstance(before, Poly):
            return before
        size = Size(f"%named {before}", 0)
        self.scope.names.set(size, before)
        return Poly.atom(size)

    def table(self, winner: Winner) -> None:
        """The array that tells where each window has its first maximum, and the taps that follow from it."""
        function = winner.function
        order = self.place.order
        found = dict.fromkeys(n for p in winner.arguments for n in sorted(p.names()))
        names = sorted(found, key=lambda n: order.index(n) if n in order else len(order))
        taps = [next(iter(p.names())) for p in winner.taps]
        images = dict(zip(function.parameters, winner.arguments, strict=True))
        images |= dict(zip((r.name for r in function.ranges), winner.taps, strict=True))
        axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in (*names, *taps)}
        value = substitute(function.body, images)
        table = self.loop_host.winners(value, {n: axes[n] for n in names}, {n: axes[n] for n in taps})
        self.reads.append("maximum: a table of winners")
        self.tables.append(table)
        place = f"{table}[{', '.join(self.letter[n] for n in names) or '()'}]"
        for at, tap in enumerate(taps):
            behind = " * ".join(enclosed(self.count(t)) for t in taps[at + 1 :])
            text = f"{place} // {enclosed(behind)}" if behind else place
            self.winners[tap] = f"{text} % {self.count(tap)}" if at else text

    # -- what is added to ------------------------------------------------------------

    def output(self) -> tuple[Ref, list[str], str]:
        """The place that a product is added to, the extents of the buffer, and what is cut out of it."""
        if not self.affine(self.nest.positions):
            return Ref("out", self.nest.positions, True), self.extents, ""
        margins = [self.margin(p, n) for p, n in zip(self.nest.positions, self.formula.shape, strict=True)]
        positions = tuple(p + self.shift(by) for p, (_, by) in zip(self.nest.positions, margins, strict=True))
        amounts, crops = [], []
        for (amount, _), extent in zip(margins, self.extents, strict=True):
            before, after = amount[1:-1].split(", ", 1)
            amounts.append(" + ".join(x for x in (before, extent, after) if x != "0"))
            wide = before == after == "0"
            crops.append(":" if wide else f":{extent}" if before == "0" else f"{before} : {before} + {extent}")
        crop = "" if set(crops) <= {":"} else f"[{', '.join(crops)}]"
        return Ref("out", positions), amounts, crop


def _last_step(ref: Ref, name: str) -> Poly:
    """How far an index moves on the last axis; 1 where it does not."""
    form = coefficients(ref.positions[-1]) if ref.positions else None
    return form[0].get(name, ONE) if form else ONE


def gathered(nest: Nest, formula: Defined) -> Nest:
    """The nest with P in place of i where an output position is i + (taps), if zeros outside stand for i's ends."""
    place = plan_place(nest, formula.shape)
    if place.kind != "slices":
        return nest
    for axis, names in enumerate(place.axes):
        position, extent = nest.positions[axis], formula.shape[axis]
        form = coefficients(position)
        if form is None or len(names) != 1 or form[0][names[0]] != ONE or covers(position, names, extent, nest.counts):
            continue
        kept = names[0]
        if not _ends_at_zeros(nest, kept) or any(kept in p.names() for n, p in enumerate(nest.positions) if n != axis):
            continue
        nest = _solved(nest, axis, kept, extent)
    return nest


def _ends_at_zeros(nest: Nest, name: str) -> bool:
    """True if a factor is read at this index alone, on an axis of just its extent."""
    for factor in nest.factors:
        head = factor.head
        if head.function is None and not head.inverse and isinstance(head.tensor, Leaf):
            for position, axis in zip(factor.index, head.tensor.axes, strict=True):
                if position - (axis.low or ZERO) == Poly.of(name) and axis.extent == nest.counts[name]:
                    return True
    return False


def _solved(nest: Nest, axis: int, kept: str, extent: Poly) -> Nest:
    """The index `kept` from the place P on an axis of the output."""
    name = f"{kept}@{axis}"
    values: dict[Atom, Poly] = {kept: Poly.of(name) - (nest.positions[axis] - Poly.of(kept))}

    def image(p: Poly) -> Poly:
        return p.substitute(values)

    factors = tuple(replace(f, index=tuple(map(image, f.index))) for f in nest.factors)
    winners = tuple(replace(w, arguments=tuple(map(image, w.arguments))) for w in nest.winners)
    masks = tuple(replace(g, poly=image(g.poly)) for g in nest.masks)
    return replace(
        nest,
        weight=image(nest.weight),
        denominators=tuple(map(image, nest.denominators)),
        factors=factors,
        winners=winners,
        masks=masks,
        positions=tuple(map(image, nest.positions)),
        counts={name if n == kept else n: extent if n == kept else c for n, c in nest.counts.items()},
        hints={**nest.hints, name: nest.hints.get(kept, kept)},
    )


__all__ = ["LoopNest", "Ref"]
