"""What one nest reads, for the array API: a run (start, step, count) on each axis of each array, in a loop over taps.

An axis whose position mixes several indices (s*i + d*u) keeps one of them, the one that runs over the image; the
others are looped over.  What is the same in all rounds is made before the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from symconv.calculus.form import Factor
from symconv.errors import ExportError
from symconv.kernels.bounds import coefficients, product_of
from symconv.kernels.factors import positions_of
from symconv.kernels.nest import ONE, Nest, Winner
from symconv.kernels.nest_reads import plain
from symconv.kernels.nest_text import Host, NestText
from symconv.kernels.operands import Operand
from symconv.kernels.plan import mixed_radix, plan_place, plan_read
from symconv.kernels.scope import Scope
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import Entry, Function

FUNCTIONS = {
    "exp": "xp.exp({})",
    "log": "xp.log({})",
    "tanh": "xp.tanh({})",
    "sigmoid": "_logistic(xp, {})",
    "relu": "_positive(xp, {})",
    "step": "_step(xp, {})",
    "softplus": "xp.logaddexp({0}, xp.zeros_like({0}))",
    "square": "xp.square({})",
    "sqrt": "xp.sqrt({})",
    "identity": "{}",
}
BEYOND = ("normal_cdf", "normal_pdf", "gelu")  # the standard has no erf


@dataclass(frozen=True, slots=True)
class Run:
    """Places start, start + step, .. of an axis, one for each value of its indices, the slowest index first."""

    start: Poly
    step: Poly
    indices: tuple[str, ...]


class ArrayReads(NestText):
    """Writes the lines that make a nest's operands.  like: an array whose type and device are used."""

    def __init__(self, host: Host, nest: Nest, formula: Defined, like: str, looped: Sequence[str] = ()) -> None:
        """looped: indices to loop over in any case."""
        super().__init__(host, nest, formula)
        self.like = like
        self.extents = [self.scope.scalar(n, "extent") for n in formula.shape]
        self.loops: tuple[str, ...] = ()
        if self.place.kind != "scatter":
            self.loops = self._loops(looped)

    # -- what is looped over ----------------------------------------------------

    def _loops(self, looped: Sequence[str]) -> tuple[str, ...]:
        """The indices without which each axis of each array is a run."""
        nest, loops = self.nest, [*looped, *self.place.loops]
        for factor in nest.factors:
            leaf = factor.head.tensor
            if isinstance(leaf, Leaf):
                positions = positions_of(factor)
                if plan_read(positions, leaf.shape, nest.counts).kind == "view":
                    loops += plan_place(replace(nest, positions=positions), leaf.shape).loops
        return tuple(dict.fromkeys(loops))

    def still(self, poly: Poly) -> list[str]:
        """The indices of a position that no loop fixes, slowest first."""
        return sorted((n for n in poly.names() if n not in self.loops), key=list(self.nest.counts).index)

    def run(self, position: Poly) -> Run | None:
        """The places of a position at one round of the loops; None if they are no run."""
        form = coefficients(position)
        if form is None:
            return None
        steps, rest = form
        moving = {n: step for n, step in steps.items() if n not in self.loops}
        start = sum((step * Poly.of(n) for n, step in steps.items() if n in self.loops), rest)
        if len(moving) < 2:
            return Run(start, next(iter(moving.values()), ONE), tuple(moving))
        mixed = mixed_radix(position - start, self.nest.counts)
        return None if mixed is None else Run(start, ONE, mixed)

    def covers(self, run: Run, extent: Poly) -> bool:
        """True if a run is the whole axis."""
        total = product_of(self.nest.counts[n] for n in run.indices)
        return bool(run.indices) and run.start.is_zero and run.step == ONE and total == extent

    def places(self, run: Run, extent: Poly, amount: str) -> str:
        """A run on an axis as a helper takes it: None for all of the axis, else (start, step, amount)."""
        return "None" if self.covers(run, extent) else f"({self.text(run.start)}, {self.text(run.step)}, {amount})"

    # -- operands -------------------------------------------------------------------

    def fixed(self) -> list[Operand | None]:
        """The operands that are the same in all rounds, in the order of factors and winners; None for the others."""
        return [*map(self.operand, self.nest.factors), *map(self.winner, self.nest.winners)]

    def operand(self, factor: Factor) -> Operand | None:
        """An array that is the same in all rounds; None for one that each round reads anew."""
        tensor, function = factor.head.tensor, factor.head.function
        if not isinstance(tensor, Leaf):
            return self.finished(self.computed(Entry(tensor, factor.index)), factor, "values")
        positions = positions_of(factor)
        read = plan_read(positions, tensor.shape, self.nest.counts)
        base = self.scope.arrays[tensor]
        self.reads.append(f"{plain(tensor.name)}: {read.kind}")
        if read.kind == "whole" and not any(s.turned for s in read.slices):
            return self.finished(Operand(base, self.letters(read.indices)), factor, f"{function or 'part'}_{base}")
        if read.kind == "reshape":
            shape = tuple_text([self.count(n) for n in read.indices])
            text = self.scope.assign(f"split_{base}", f"xp.reshape({base}, {shape})")
            return self.finished(Operand(text, self.letters(read.indices)), factor, f"{base}_values")
        if any(self.still(p) != sorted(p.names(), key=list(self.nest.counts).index) for p in positions):
            return None
        return self.finished(self.read(tensor, factor), factor, f"{base}_part")

    def finished(self, operand: Operand, factor: Factor, wanted: str) -> Operand:
        """With the function and the reciprocal of the factor."""
        function = factor.head.function
        text = operand.text if function is None else _applied(self.scope, function, operand.text)
        if factor.head.inverse:
            text = f"1 / {text}"
        return Operand(self.scope.assign(wanted, text), operand.letters)

    def read(self, leaf: Leaf, factor: Factor) -> Operand:
        """What one round reads: runs where each axis is one and no two share an index, else a gather."""
        base, positions = self.scope.arrays[leaf], positions_of(factor)
        found = [self.run(p) for p in positions]
        runs = [run for run in found if run is not None]
        names = [n for run in runs for n in run.indices]
        if len(runs) < len(found) or len(set(names)) < len(names):
            names = list(dict.fromkeys(n for p in positions for n in self.still(p)))
            return Operand(f"_gather(xp, {', '.join([base, *self.grid(positions, names)])})", self.letters(names))
        places = [self.places(run, n, self.total(run.indices)) for run, n in zip(runs, leaf.shape, strict=True)]
        text = f"_read({', '.join(['xp', base, *places])})"
        if any(len(run.indices) != 1 for run in runs):
            text = f"xp.reshape({text}, {tuple_text([self.count(n) for n in names]) if names else '()'})"
        return Operand(text, self.letters(names))

    def winner(self, winner: Winner) -> Operand:
        """The one-hot array of a maximum: its arguments' indices, then the taps."""
        windows = self.candidates(winner)
        self.reads.append("maximum: one-hot")
        text = f"_first_greatest(xp, {windows.text}, {len(winner.taps)}, {self.like}.dtype)"
        return Operand(self.scope.assign("winner", text), windows.letters)

    def at_round(self, fixed: Sequence[Operand | None]) -> list[Operand]:
        """All operands at one round of the loops."""
        loops = self.letters(self.loops)
        operands = []
        for operand, factor in zip(fixed, [*self.nest.factors, *self.nest.winners], strict=True):
            if operand is None and isinstance(factor, Factor) and isinstance(factor.head.tensor, Leaf):
                base = self.scope.arrays[factor.head.tensor]
                part = self.read(factor.head.tensor, factor)
                part = replace(part, text=self.scope.assign(f"{base}_part", part.text))
                operand = self.finished(part, factor, "part")
            if operand is not None:
                operands.append(_at(operand, loops))
        return operands + self.numbers()

    def total(self, names: Sequence[str]) -> str:
        """The number of places that some indices have together."""
        if len(names) == 1:
            return self.count(names[0])
        return self.text(product_of(self.shown[n] for n in names))

    def numbers(self) -> list[Operand]:
        """Weights, denominators and brackets that change with the indices."""
        nest, operands = self.nest, []
        found = [(nest.weight, "{}")] if nest.weight.names() else []
        found += [(p, "1 / {}") for p in nest.denominators if p.names()]
        found += [(g.poly, "int({} == 0)" if g.equality else "int({} >= 0)") for g in nest.masks]
        for poly, form in found:
            names = self.still(poly)
            (text,) = self.grid([poly], names)
            if not names:
                text = f"_ones(xp, {self.like}) * {form.format(f'({text})')}"
            elif "/" in form:
                text = form.format(f"xp.astype({text}, {self.like}.dtype)")
            else:
                text = f"xp.astype({form.format(text).removeprefix('int')}, {self.like}.dtype)"
            operands.append(Operand(self.scope.assign("mask" if "=" in form else "weights", text), self.letters(names)))
        return operands

    def grid(self, polys: Sequence[Poly], names: Sequence[str]) -> list[str]:
        """Expressions over index arrays, an axis for each name."""
        if names:
            counts = ", ".join(map(self.count, names))
            self.scope.index_arrays([self.letter[name] for name in names], f"_grid(xp, {self.like}, {counts})")
        return [self.text(p) for p in polys]


def _at(operand: Operand, loops: str) -> Operand:
    """The operand at one round of the loops: their letters become indices."""
    if not set(loops) & set(operand.letters):
        return operand
    parts = ", ".join(x if x in loops else ":" for x in operand.letters)
    return Operand(f"{operand.atom}[{parts}]", "".join(x for x in operand.letters if x not in loops))


def _applied(scope: Scope, function: Function, argument: str) -> str:
    """function(argument) in the names of the standard."""
    if function.name in BEYOND:
        raise ExportError(
            f"the function {function.name}",
            "erf, which the array API standard does not have",
            f"one of {', '.join(FUNCTIONS)}, or a name of your own",
            "use the target numpy",
        )
    if function.name in FUNCTIONS and not function.order:
        return FUNCTIONS[function.name].format(argument)
    return f"{scope.unknown_name(function)}({argument})"


__all__ = ["ArrayReads"]
