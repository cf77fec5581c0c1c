"""The arrays of one nest for Numba: padded so that no read leaves them, maxima told by tables of winners.

What moves by 1 on an axis of the output is solved for the output's place, P = i + d*u - p, so that entries
are gathered; what moves by a stride is added at its place.  The loops over these arrays are written by
`numba_loops`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Protocol

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, span
from symconv.kernels.factors import indices_of, is_array_itself, positions_of
from symconv.kernels.nest import ONE, Nest, Winner
from symconv.kernels.nest_reads import plain
from symconv.kernels.nest_text import Host, NestText
from symconv.kernels.plan import covers, plan_place, plan_read
from symconv.kernels.text import enclosed, tuple_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Entry, Value

SHORT = 288  # products that float32 adds up one after the other


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

    def steps(self, name: str) -> dict[int, Poly]:
        """How far an index moves, by axis."""
        forms = enumerate(map(coefficients, self.positions))
        return {axis: form[0][name] for axis, form in forms if form is not None and name in form[0]}

    def last_step(self, name: str) -> Poly:
        """How far an index moves on the last axis; 1 where it does not."""
        return self.steps(name).get(len(self.positions) - 1, ONE)

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
        self.kind = ""  # the type of the result, where the buffer may have a wider one

    @property
    def arrays(self) -> list[str]:
        return list(dict.fromkeys([*(ref.array for ref in self.refs), *self.tables]))

    def buffer(self) -> str:
        """The line that makes the array to add to; its name."""
        name = self.scope.names.fresh("buffer")
        kinds = list(dict.fromkeys(ref.array for ref in self.refs)) or ["float"]
        kinds += ["np.float16"] if any(p.names() for p in self.nest.denominators) else []
        shape = tuple_text(self.amounts) if self.amounts else "()"
        kind = f"np.result_type({', '.join(kinds)})"
        if self._may_be_long():
            self.kind = self.scope.assign("kind", kind)
            counts = tuple_text([self.count(n) for n in self.nest.counts])
            kind = f"_sum_type({self.kind}, {counts}, {shape})"
        self.scope.line(f"{name} = np.zeros({shape}, {kind})")
        return name

    def _may_be_long(self) -> bool:
        """Whether more products may meet in one entry than float32 adds up with an error of 1e-6."""
        alone = {name for p in self.nest.positions if len(p.names()) == 1 for name in p.names()}
        summed = [n.as_int for name, n in self.nest.counts.items() if name not in alone]
        return prod(n for n in summed if n is not None) > SHORT if None not in summed else True

    def result(self, buffer: str) -> str:
        """The output in its own order and type, without the margins of the buffer."""
        if self.out.step != ONE:
            buffer = f"_out_of_phases({buffer}, {self.width})"
        if self.moved is None and not self.crop:
            return f"{buffer}.astype({self.kind}, copy=False)" if self.kind else buffer
        place = buffer if self.moved is None else f"np.moveaxis({buffer}, -1, {self.moved})"
        order = "" if self.moved is None else ', order="C"'
        return f"np.array({place}{self.crop}{f', {self.kind}' if self.kind else ''}{order})"

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
            step = ref.last_step(name)
            if step != ONE:
                text = f"_in_phases({ref.array}, {self.text(step)})"
                self.refs[at] = replace(ref, array=self.scope.assign(f"phases_{ref.array}", text), step=step)
        step = self.out.last_step(name)
        if step != ONE:
            self.out, self.width = replace(self.out, step=step), self.amounts[-1]
            self.amounts = [*self.amounts[:-1], self.text(step), f"-(-({self.width}) // {enclosed(self.text(step))})"]

    # -- what is read -------------------------------------------------------------

    def reference(self, factor: Factor) -> Ref:
        """One factor as an array that holds its entries, functions and reciprocals applied."""
        tensor, function = factor.head.tensor, factor.head.function
        if isinstance(tensor, Leaf):
            positions = positions_of(factor)
            base = self.scope.arrays[tensor]
            self.reads.append(f"{plain(tensor.name)}: {plan_read(positions, tensor.shape, self.nest.counts).kind}")
            ref = self.padded(Ref(base, positions), tensor.shape)
        else:
            base = self.computed(Entry(tensor, factor.index)).text
            ref = Ref(base, tuple(map(Poly.of, indices_of(factor.index))))
        text = ref.array if function is None else self.scope.applied(function, ref.array)
        text = f"1 / {enclosed(text)}" if factor.head.inverse else text
        return replace(ref, array=self.scope.assign(f"{base}_values", text))

    def padded(self, ref: Ref, extents: Sequence[Poly]) -> Ref:
        """The read from an array that is wide enough, or one that asks at each entry."""
        if not self.affine(ref.positions):
            return replace(ref, open=True)
        margins = [self.margin(p, n) for p, n in zip(ref.positions, extents, strict=True)]
        if all(m.empty for m in margins):
            return ref
        positions = tuple(p + self.shift(m.shift) for p, m in zip(ref.positions, margins, strict=True))
        amounts = ", ".join(m.amounts for m in margins)
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
        names, taps = self.indices_of_maximum(winner)
        table = self.loop_host.winners(winner.candidate, self.box(names), self.box(taps))
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
        positions = tuple(p + self.shift(m.shift) for p, m in zip(self.nest.positions, margins, strict=True))
        pairs = list(zip(margins, self.extents, strict=True))
        crop = "" if all(m.empty for m in margins) else f"[{', '.join(m.crop(extent) for m, extent in pairs)}]"
        return Ref("out", positions), [m.around(extent) for m, extent in pairs], crop


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
        others = [p for n, p in enumerate(nest.positions) if n != axis]
        windows = [p for w in nest.winners for p in w.arguments]  # P - u in them would ask for the tap it leads to
        if not _ends_at_zeros(nest, kept) or kept in indices_of([*others, *windows]):
            continue
        nest = _solved(nest, axis, kept, extent)
    return nest


def _ends_at_zeros(nest: Nest, name: str) -> bool:
    """True if a factor is read at this index alone, on an axis of just its extent."""
    return any(
        position == Poly.of(name) and extent == nest.counts[name]
        for factor in filter(is_array_itself, nest.factors)
        for position, extent in zip(positions_of(factor), factor.head.tensor.shape, strict=True)
    )


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
