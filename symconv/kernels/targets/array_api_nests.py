"""One nest for the array API: a Python loop over the taps, whole arrays inside it.

Every read is a run (start, step, count) on each axis (`array_api_reads`), and every product is placed by such
runs.  An index of the loop that is an axis of the output is stacked, any other is summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from symconv.kernels.factors import indices_of
from symconv.kernels.operands import Operand
from symconv.kernels.plan import covers
from symconv.kernels.targets.array_api_reads import ArrayReads
from symconv.kernels.text import tuple_text


class ArrayNest(ArrayReads):
    """Writes a whole nest; `write` gives the expression for its array."""

    def write(self) -> str:
        fixed = self.fixed()
        if self.place.kind == "scatter":
            return self.scaled(self.collected([o for o in fixed if o is not None]))
        if not self.loops:
            return self.scaled(self.part(self.at_round(fixed), ()))
        stacked = tuple(n for n in self.loops if self.is_stacked(n))
        if stacked:
            return self.scaled(self.unstacked(self.parts(fixed, stacked), stacked))
        return self.scaled(self.sum_loop(fixed, ()))

    def listed(self) -> str | None:
        """The name of a list with the array of each round, where nothing is summed, else None."""
        if not self.loops or not all(map(self.is_stacked, self.loops)) or self.scaled("x") != "x":
            return None
        return self.parts(self.fixed(), self.loops)

    def parts(self, fixed: Sequence[Operand | None], stacked: tuple[str, ...]) -> str:
        parts = self.scope.names.fresh("parts")
        self.scope.line(f"{parts} = []")
        self.scope.line(self.for_line(stacked))
        with self.scope.indented():
            self.scope.line(f"{parts}.append({self.sum_loop(fixed, stacked)})")
        return parts

    def sum_loop(self, fixed: Sequence[Operand | None], stacked: tuple[str, ...]) -> str:
        """The sum over the indices of the loop that are no axis of the output."""
        summed = [n for n in self.loops if n not in stacked]
        if not summed:
            return self.part(self.at_round(fixed), stacked)
        name = self.scope.names.fresh("total")
        extents = [n for axis, n in enumerate(self.extents) if not self.is_whole(axis, stacked)]
        self.scope.line(f"{name} = _zeros({', '.join(['xp', self.like, *extents])})")
        self.scope.line(self.for_line(summed))
        with self.scope.indented():
            self.scope.line(f"{name} = {name} + {self.part(self.at_round(fixed), stacked)}")
        return name

    def for_line(self, names: Sequence[str]) -> str:
        counts = [f"range({self.count(n)})" for n in names]
        if len(names) == 1:
            return f"for {self.letter[names[0]]} in {counts[0]}:"
        return f"for {', '.join(self.letter[n] for n in names)} in product({', '.join(counts)}):"

    # -- where it goes -----------------------------------------------------------------

    def is_whole(self, axis: int, stacked: Sequence[str]) -> bool:
        """True for an axis of the output that the loop stacks."""
        names = self.nest.positions[axis].names()
        return len(names) == 1 and next(iter(names)) in stacked

    def is_stacked(self, name: str) -> bool:
        """True for an index of the loop that is a whole axis of the output."""
        shape, counts = self.formula.shape, self.nest.counts
        return any(covers(p, (name,), n, counts) for p, n in zip(self.nest.positions, shape, strict=True)) and all(
            p.names() == {name} or name not in p.names() for p in self.nest.positions
        )

    def part(self, operands: list[Operand], stacked: Sequence[str]) -> str:
        """The product of one round, on the axes of the output that are not stacked."""
        letters, shape, places, single = "", [], [], True
        for axis, (position, extent) in enumerate(zip(self.nest.positions, self.formula.shape, strict=True)):
            if self.is_whole(axis, stacked):
                continue
            run = self.run(position)
            if run is None:
                raise TypeError("an output position that is no run is collected")
            letters += self.letters(run.indices)
            shape.append(self.total(run.indices) if run.indices else "1")
            places.append(self.places(run, extent, self.extents[axis]))
            single &= len(run.indices) == 1
        text = self.product(operands, letters)
        if not single:
            text = f"xp.reshape({text}, {tuple_text(shape) if shape else '()'})"
        return text if set(places) <= {"None"} else f"_placed(xp, {text}, {', '.join(places)})"

    def product(self, operands: list[Operand], letters: str) -> str:
        """The operands multiplied and summed down to these letters."""
        have = {x for o in operands for x in o.letters}
        names = {x: n for n, x in self.letter.items()}
        operands = operands + [
            Operand(f"_ones(xp, {self.like}, {self.count(names[x])})", x) for x in letters if x not in have
        ]
        if not operands:
            return f"_ones(xp, {self.like})"
        if len(operands) == 1 and operands[0].letters == letters:
            return operands[0].text
        subscripts = f"{','.join(o.letters for o in operands)}->{letters}"
        return f'_einsum(xp, "{subscripts}", {", ".join(o.text for o in operands)})'

    def unstacked(self, parts: str, stacked: Sequence[str]) -> str:
        """The parts of the loop as the axes of the output that they are."""
        axes = [next(iter(p.names())) if self.is_whole(a, stacked) else "" for a, p in enumerate(self.nest.positions)]
        rest = count(len(stacked))
        order = [str(stacked.index(n)) if n else str(next(rest)) for n in axes]
        counts = tuple_text([self.count(n) for n in stacked])
        return f"_stacked(xp, {parts}, {counts}, {tuple_text(order)})"

    def collected(self, operands: list[Operand]) -> str:
        """Every product sent to its place, where no index can be solved for."""
        names = indices_of(self.nest.positions)
        values = self.scope.assign("values", self.product(operands + self.numbers(), self.letters(names)))
        positions = ", ".join(self.grid(self.nest.positions, names))
        # at once: another nest may have index arrays of the same names
        return self.scope.assign("collected", f"_collected(xp, {values}, ({positions},), {tuple_text(self.extents)})")


__all__ = ["ArrayNest"]
