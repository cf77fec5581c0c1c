"""The operands of a nest: arrays read whole, in slices, as windows or by index arrays; masks; winners."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients
from symconv.kernels.factors import positions_of
from symconv.kernels.nest import ZERO, Winner
from symconv.kernels.nest_text import NestText
from symconv.kernels.operands import Operand
from symconv.kernels.plan import Read, Slice, plan_read
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.tensor import Leaf
from symconv.term.value import Entry


class NestReads(NestText):
    """Writes the lines that make a nest's operands."""

    def operands(self) -> list[Operand]:
        return [*map(self.operand, self.nest.factors), *map(self.winner, self.nest.winners), *self.numbers()]

    def operand(self, factor: Factor) -> Operand:
        """What one factor reads, its axes in the order in which the product wants them."""
        tensor, function = factor.head.tensor, factor.head.function
        if not isinstance(tensor, Leaf):
            operand = self.computed(Entry(tensor, factor.index))
            self.reads.append("a formula of its own")
            text = self.scope.applied(function, operand.text) if function else operand.text
            operand = replace(operand, text=self.scope.assign("values", text))
        else:
            operand = self.array(tensor, factor)
        self.fresh |= function is not None or factor.head.inverse or self.place.kind == "scatter"
        if factor.head.inverse:
            operand = replace(operand, text=self.scope.assign("inverse", f"1 / {operand.atom}"))
        return operand

    def array(self, leaf: Leaf, factor: Factor) -> Operand:
        base = self.scope.arrays[leaf]
        read = plan_read(positions_of(factor), leaf.shape, self.nest.counts)
        self.reads.append(f"{plain(leaf.name)}: {read.kind}")
        function = factor.head.function
        if read.kind in ("whole", "slice", "reshape"):
            if function is not None:
                base = self.scope.assign(f"{function.name}_{base}", self.scope.applied(function, base))
            if read.kind == "whole":
                return Operand(base, self.letters(read.indices))
            if read.kind == "reshape":
                shape = tuple_text([self.count(n) for n in read.indices])
                return Operand(self.scope.assign(f"split_{base}", f"{base}.reshape{shape}"), self.letters(read.indices))
            slices = ", ".join(map(self.slice_text, read.slices))
            return Operand(self.scope.assign(f"{base}_part", f"{base}[{slices}]"), self.letters(read.indices))
        if read.kind == "view":
            return self.view(base, read, factor)
        text = f"_gather({', '.join([base, *self.grid(read.positions, read.indices)])})"
        text = self.scope.applied(function, text) if function else text
        return Operand(self.scope.assign(f"{base}_entries", text), self.letters(read.indices))

    def slice_text(self, part: Slice) -> str:
        if part.whole:
            return "::-1" if part.turned else ":"
        start = self.scope.scalar(part.start, "start")
        if part.index is None:
            return start
        return self.sliced(part.start, self.count(part.index), part.step)

    # -- windows

    def view(self, base: str, read: Read, factor: Factor) -> Operand:
        order = self.view_order(read.indices)
        margins = [self.margin(p, n) for p, n in zip(read.positions, read.extents, strict=True)]
        source = base
        if not all(m.empty for m in margins):
            source = self.scope.assign(f"padded_{base}", f"_padded({base}, {', '.join(m.amounts for m in margins)})")
        if factor.head.function is not None:
            text = self.scope.applied(factor.head.function, source)
            source = self.scope.assign(f"{factor.head.function.name}_{base}", text)
        forms = [coefficients(p) or ({}, ZERO) for p in read.positions]
        starts = [self.start(rest, margin.shift) for (_, rest), margin in zip(forms, margins, strict=True)]
        shape = tuple_text([self.count(n) for n in order])
        steps = [tuple_text([self.text(form.get(n, ZERO)) for form, _ in forms]) for n in order]
        letters = self.letters(order)
        shown = ", ".join(self.text(p) for p in read.positions)
        self.scope.line(f"# axes {', '.join(letters)}: {base}[{shown}], zero outside")
        text = f"_view({source}, {tuple_text(starts)}, {shape}, {tuple_text(steps)})"
        return Operand(self.scope.assign(f"{base}_windows", text), letters)

    def view_order(self, names: Sequence[str]) -> list[str]:
        """What is summed at once first if nothing else is multiplied, last if it is."""
        kept = [n for n in self.place.order if n in names] + [n for n in self.place.loops if n in names]
        summed = [n for n in names if n not in kept]
        alone = len(self.nest.factors) + len(self.nest.winners) == 1
        return summed + kept if alone else kept + summed

    def start(self, rest: Poly, shift: Poly | str) -> str:
        """Where the view begins: the position at index 0 in the padded array."""
        if isinstance(shift, str):
            return shift if rest.is_zero else plus(shift, self.text(rest))
        return self.text(rest + shift)

    # -- index arrays

    def grid(self, polys: Sequence[Poly], names: Sequence[str]) -> list[str]:
        """Expressions over index arrays, an axis for each name."""
        if names:
            counts = ", ".join(map(self.count, names))
            self.scope.index_arrays([self.letter[name] for name in names], f"_grid({counts})")
        return [self.text(p) if p.names() else f"np.array({self.text(p)})" for p in polys]

    def numbers(self) -> list[Operand]:
        """Weights, denominators and brackets that change with the indices, as arrays."""
        nest = self.nest
        found: list[tuple[str, Poly, str]] = []
        if nest.weight.names():
            found.append(("weights", nest.weight, "{}"))
        found += [("inverses", p, "1 / ({})") for p in nest.denominators if p.names()]
        found += [("mask", g.poly, "({} == 0)" if g.equality else "({} >= 0)") for g in nest.masks]
        operands = []
        for wanted, poly, form in found:
            names = sorted(poly.names(), key=lambda n: self.letter[n])
            (text,) = self.grid([poly], names)
            name = self.scope.names.fresh(wanted)
            self.scope.line(f"{name} = {form.format(text)}")
            operands.append(Operand(name, self.letters(names)))
        return operands

    def winner(self, winner: Winner) -> Operand:
        """The one-hot array of a maximum: its arguments' indices, then the taps."""
        windows = self.candidates(winner)
        self.reads.append("maximum: one-hot")
        return Operand(
            self.scope.assign("winner", f"_first_greatest({windows.text}, {len(winner.taps)})"), windows.letters
        )


def plus(left: str, right: str) -> str:
    return f"{left} - {right[1:]}" if right.startswith("-") else f"{left} + {right}"


def plain(name: str) -> str:
    """A name without the numbers that keep the stages' arrays apart."""
    return re.sub(r"%\d+ ", "", name)


__all__ = ["NestReads", "plain", "plus"]
