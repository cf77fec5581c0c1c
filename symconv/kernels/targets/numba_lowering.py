"""Stages to compiled loops: a buffer for each formula, and a call that adds each of its terms to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symconv.kernels.factors import is_array_itself
from symconv.kernels.functions import together
from symconv.kernels.inner_formulas import formula_over, windows_of
from symconv.kernels.nest import ONE, Nest, nests_of
from symconv.kernels.plan import covers
from symconv.kernels.plan_row import Row, bytes_moved
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program
from symconv.kernels.targets.numba_loops import Loops
from symconv.kernels.targets.numba_nests import LoopNest
from symconv.kernels.targets.stage_lowering import StageLowering, printable, product_of_names
from symconv.kernels.text import tuple_text
from symconv.term.tensor import Axis, Defined
from symconv.term.value import Maximum, Value, as_value

OWN = ("out", "at", "lanes")  # names of the compiled functions
WORDS = {"for", "in", "if", "and", "or", "not", "range", "np", *OWN}


@dataclass(frozen=True, slots=True)
class Compiled:
    """A function to compile: it adds to its first argument."""

    name: str
    summary: str
    parameters: tuple[str, ...]
    lines: tuple[str, ...]


class LoopLowering(StageLowering):
    """Writes arrays into the scope, and beside it the loops that fill them."""

    def __init__(self, scope: Scope, name: str) -> None:
        super().__init__(scope)
        self.name = name
        self.compiled: list[Compiled] = []

    def program(self, program: Program, parts: Sequence[str] = ()) -> str:
        """All stages; an expression for what the function returns."""
        for array in list(self.scope.arrays.values()):
            self.scope.line(f'{array} = np.asarray({array}, order="C")')
        for stage in program.stages if program.several else program.stages[:-1]:
            self.stage(stage)
        if not program.several:
            return self.expression(program.stages[-1])
        return together(self.scope, program, parts)

    def nest(self, nest: Nest, formula: Defined, title: str) -> str:
        arrays = LoopNest(self, nest, formula)
        loops = Loops(arrays)
        buffer = arrays.buffer()
        self.call(loops, buffer, title)
        return arrays.scaled(arrays.result(buffer))

    def zeros(self, formula: Defined) -> str:
        return f"np.zeros({self.extents(formula.shape)})"

    def call(self, loops: Loops, buffer: str, title: str, more: Mapping[str, str] | None = None) -> None:
        """The line that calls the loops; the loops as a function of the arrays and the numbers in them."""
        arrays, lines = loops.arrays, loops.write()
        given = {"out": buffer, **(more or {}), **{name: name for name in arrays.arrays}}
        text = "\n".join(lines)
        inside = set(re.findall(r"^\s*(?:for )?(\w+)(?: =| in)", text, re.MULTILINE))
        words = dict.fromkeys(re.findall(r"(?<![\w.])[A-Za-z_]\w*", text))  # but attributes
        numbers = [w for w in words if w not in WORDS | inside | set(given)]
        name = f"_{self.name}_{len(self.compiled) + 1}"
        parameters = (*(f"{n}: Array" for n in given), *(f"{n}: int" for n in numbers))
        product = product_of_names(arrays.nest)
        self.compiled.append(Compiled(name, f"Loops of {self.name}: {_said(product)}.", parameters, tuple(lines)))
        self.scope.line(f"{name}({', '.join([*given.values(), *numbers])})")
        moved = bytes_moved(arrays.nest, arrays.formula, self.scope.text)
        reads = tuple(arrays.reads)
        self.rows.append(Row(title, product, reads, loops.shape, arrays.cost(), moved, "compiled loops"))

    # -- maxima --------------------------------------------------------------------------

    def maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        """By loops that keep the greatest, else over the axes of an array of all windows."""
        windows = windows_of(formula, maximum, title)
        nests, taps = nests_of(windows), len(maximum.ranges)
        found = self.greatest(nests, windows, taps, formula, title)
        if found is not None:
            return found[0]
        text = self.scope.assign("windows", self.sum_of(nests, windows, title))
        return f"{text}.max(axis={tuple_text([str(n) for n in range(taps)])})"

    def winners(self, value: Value, names: Mapping[str, Axis], taps: Mapping[str, Axis]) -> str:
        """The table of where each window has its first maximum."""
        windows = formula_over({**taps, **names}, value)
        table = Defined("winners", windows.parameters[len(taps) :], windows.axes[len(taps) :], as_value(0))
        found = self.greatest(nests_of(windows), windows, len(taps), table, "winners")
        if found is not None:
            return found[1]
        text = self.array_of("windows", value, {**names, **taps})
        places = f"_winner_places({text}, {len(taps)})"
        return self.scope.assign("winner", places if names else f"np.array({places})")  # one window: a number else

    def greatest(
        self, nests: Sequence[Nest], windows: Defined, taps: int, formula: Defined, title: str
    ) -> tuple[str, str] | None:
        """The arrays of maxima and of their places, by loops over a window that is read directly, else None."""
        if len(nests) != 1 or not _is_read(nests[0], windows):
            return None
        nest = replace(nests[0], positions=nests[0].positions[taps:])
        arrays = LoopNest(self, nest, formula)
        if arrays.refs[0].open:
            return None
        buffer, places = self.scope.names.fresh("greatest"), self.scope.names.fresh("places")
        (source,) = arrays.arrays
        shape = tuple_text(arrays.amounts) if arrays.amounts else "()"
        self.scope.line(f"{buffer} = np.full({shape}, _least_number({source}.dtype), {source}.dtype)")
        self.scope.line(f"{places} = np.zeros({shape}, np.int64)")
        self.call(Loops(arrays, windows.parameters[:taps]), buffer, title, {"at": places})
        return buffer, places


def _is_read(nest: Nest, windows: Defined) -> bool:
    """True if a nest is an array read once, as it is, at each place of each window."""
    numbers = nest.coefficient == 1 and nest.weight == ONE and not nest.denominators
    if len(nest.factors) != 1 or not numbers or nest.masks or nest.winners or len(nest.counts) != windows.rank:
        return False
    places = zip(nest.positions, windows.parameters, windows.shape, strict=True)
    return is_array_itself(nest.factors[0]) and all(
        n in nest.counts and covers(p, (n,), extent, nest.counts) for p, n, extent in places
    )


def _said(text: str) -> str:
    """A formula that cannot leave its docstring."""
    return "".join(" " if c in '"\\' else c for c in printable(text))[:80]


__all__ = ["OWN", "Compiled", "LoopLowering"]
