"""One nest for the array API: a Python loop over the taps, whole arrays inside it.

An axis whose position mixes several indices (s*i + d*u) keeps one of them, the one that runs over the
image; the others are looped over.  Then every read is a run (start, step, count) on each axis, and every
product is placed by such runs.  An index of the loop that is an axis of the output is stacked, any other
is summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from symconv.calculus.form import Factor
from symconv.errors import ExportError
from symconv.kernels.bounds import coefficients, product_of
from symconv.kernels.nest import ONE, ZERO, Nest, Winner
from symconv.kernels.nest_reads import plain
from symconv.kernels.nest_text import Host, NestText
from symconv.kernels.operands import Operand
from symconv.kernels.plan import covers, mixed_radix, plan_place, plan_read
from symconv.kernels.scope import Scope
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf
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


class ArrayNest(NestText):
    """Writes a nest; `write` gives the expression for its array. like: an array whose type and device are used."""

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
                positions = self.positions(leaf, factor)
                if plan_read(positions, leaf.shape, nest.counts).kind == "view":
                    loops += plan_place(replace(nest, positions=positions), leaf.shape).loops
        return tuple(dict.fromkeys(loops))

    def positions(self, leaf: Leaf, factor: Factor) -> tuple[Poly, ...]:
        return tuple(p - (axis.low or ZERO) for p, axis in zip(factor.index, leaf.axes, strict=True))

    def still(self, poly: Poly) -> list[str]:
        """The indices of a position that no loop fixes, slowest first."""
        return sorted((n for n in poly.names() if n not in self.loops), key=list(self.nest.counts).index)

    def run(self, position: Poly) -> tuple[Poly, Poly, tuple[str, ...]] | None:
        """(start, step, indices) of a position at one round of the loops; None if it is no run."""
        form = coefficients(position)
        if form is None:
            return None
        moving = {n: c for n, c in form[0].items() if n not in self.loops}
        start = form[1]
        for name, c in form[0].items():
            if name in self.loops:
                start = start + c * Poly.of(name)
        if len(moving) < 2:
            return start, next(iter(moving.values()), ONE), tuple(moving)
        mixed = mixed_radix(position - start, self.nest.counts)
        return None if mixed is None else (start, ONE, mixed)

    def covered(self, start: Poly, step: Poly, names: Sequence[str], extent: Poly) -> bool:
        """True if a run is the whole axis."""
        total = product_of(self.nest.counts[n] for n in names)
        return bool(names) and start.is_zero and step == ONE and total == extent

    # -- the whole ----------------------------------------------------------------

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

    def fixed(self) -> list[Operand | None]:
        return [*map(self.operand, self.nest.factors), *map(self.winner, self.nest.winners)]

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

    # -- what goes in ----------------------------------------------------------------

    def operand(self, factor: Factor) -> Operand | None:
        """An array that is the same in all rounds; None for one that each round reads anew."""
        tensor, function = factor.head.tensor, factor.head.function
        if not isinstance(tensor, Leaf):
            names = tuple(dict.fromkeys(n for p in factor.index for n in sorted(p.names())))
            axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in names}
            text = self.host.array_of("argument", Entry(tensor, factor.index), axes)
            return self.finished(Operand(text, self.letters(names)), factor, "values")
        positions = self.positions(tensor, factor)
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
        text = operand.text if function is None else applied(self.scope, function, operand.text)
        if factor.head.inverse:
            text = f"1 / {text}"
        return Operand(self.scope.assign(wanted, text), operand.letters)

    def read(self, leaf: Leaf, factor: Factor) -> Operand:
        """What one round reads: runs where each axis is one and no two share an index, else a gather."""
        base, positions = self.scope.arrays[leaf], self.positions(leaf, factor)
        runs = [self.run(p) for p in positions]
        names = [n for run in runs if run is not None for n in run[2]]
        if None in runs or len(set(names)) != len(names):
            names = list(dict.fromkeys(n for p in positions for n in self.still(p)))
            return Operand(f"_gather(xp, {', '.join([base, *self.grid(positions, names)])})", self.letters(names))
        texts, shape = [], []
        for (start, step, kept), extent in zip((run for run in runs if run is not None), leaf.shape, strict=True):
            whole = self.covered(start, step, kept, extent)
            texts.append("None" if whole else f"({self.text(start)}, {self.text(step)}, {self.total(kept)})")
            shape += [self.count(n) for n in kept]
        text = f"_read({', '.join(['xp', base, *texts])})"
        if any(run is not None and len(run[2]) != 1 for run in runs):
            text = f"xp.reshape({text}, {tuple_text(shape) if shape else '()'})"
        return Operand(text, self.letters(names))

    def winner(self, winner: Winner) -> Operand:
        """The one-hot array of a maximum: its arguments' indices, then the taps."""
        function = winner.function
        order = self.place.order
        found = dict.fromkeys(n for p in winner.arguments for n in sorted(p.names()))
        names = sorted(found, key=lambda n: order.index(n) if n in order else len(order))
        taps = [next(iter(p.names())) for p in winner.taps]
        images = dict(zip(function.parameters, winner.arguments, strict=True))
        images |= dict(zip((r.name for r in function.ranges), winner.taps, strict=True))
        axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in (*names, *taps)}
        windows = self.host.array_of("windows", substitute(function.body, images), axes)
        self.reads.append("maximum: one-hot")
        text = f"_first_greatest(xp, {windows}, {len(taps)}, {self.like}.dtype)"
        return Operand(self.scope.assign("winner", text), self.letters((*names, *taps)))

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
        targets = ", ".join(self.letter[name] for name in names)
        if names:
            counts = ", ".join(map(self.count, names))
            self.scope.line(f"{targets if len(names) > 1 else f'({targets},)'} = _grid(xp, {self.like}, {counts})")
        return [self.text(p) for p in polys]

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
        runs, extents, letters, shape = [], [], "", []
        for axis, (position, extent) in enumerate(zip(self.nest.positions, self.formula.shape, strict=True)):
            if self.is_whole(axis, stacked):
                continue
            run = self.run(position)
            if run is None:
                raise TypeError("an output position that is no run is collected")
            start, step, names = run
            letters += self.letters(names)
            shape.append(self.total(names) if names else "1")
            extents.append(self.extents[axis])
            runs.append((start, step, self.covered(start, step, names, extent), len(names)))
        text = self.product(operands, letters)
        if any(number != 1 for *_, number in runs):
            text = f"xp.reshape({text}, {tuple_text(shape) if shape else '()'})"
        if all(whole for *_, whole, _ in runs):
            return text
        places = (
            "None" if whole else f"({self.text(start)}, {self.text(step)}, {extent})"
            for (start, step, whole, _), extent in zip(runs, extents, strict=True)
        )
        return f"_placed(xp, {text}, {', '.join(places)})"

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
        names = list(dict.fromkeys(n for p in self.nest.positions for n in sorted(p.names())))
        values = self.scope.assign("values", self.product(operands + self.numbers(), self.letters(names)))
        positions = ", ".join(self.grid(self.nest.positions, names))
        return f"_collected(xp, {values}, ({positions},), {tuple_text(self.extents)})"


def _at(operand: Operand, loops: str) -> Operand:
    """The operand at one round of the loops: their letters become indices."""
    if not set(loops) & set(operand.letters):
        return operand
    parts = ", ".join(x if x in loops else ":" for x in operand.letters)
    return Operand(f"{operand.atom}[{parts}]", "".join(x for x in operand.letters if x not in loops))


def applied(scope: Scope, function: Function, argument: str) -> str:
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


__all__ = ["ArrayNest", "applied"]
