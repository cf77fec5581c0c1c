"""Stages to lines for the array API: the nests of each formula, added up; a maximum over the rounds of a loop."""

from __future__ import annotations

import re
from collections.abc import Sequence

from symconv.errors import ExportError
from symconv.kernels.functions import together
from symconv.kernels.inner_formulas import windows_of
from symconv.kernels.nest import Nest, nests_of
from symconv.kernels.plan_row import Row, bytes_moved
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program
from symconv.kernels.targets.array_api_nests import ArrayNest
from symconv.kernels.targets.stage_lowering import StageLowering, product_of_names
from symconv.kernels.text import tuple_text
from symconv.term.tensor import Defined
from symconv.term.value import Maximum

DIVIDES = re.compile(r" / |xp\.(exp|log|tanh|sqrt|logaddexp)\(|_logistic\(")


class ArrayLowering(StageLowering):
    """Writes nests by `ArrayNest`; all arrays are made by the library, and of the type, of the first one given."""

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.like = next(iter(scope.arrays.values()), "")

    def program(self, program: Program, parts: Sequence[str] = ()) -> str:
        """All stages; an expression for what the function returns."""
        given = list(self.scope.arrays.values())
        if not given:
            raise ExportError(
                program.tensor.name,
                "a function that is given no array, so that it cannot know whose arrays to make",
                "at least one array among its arguments",
                "use the target numpy",
            )
        self.scope.line(f"xp = _library({', '.join(f'{n}={n}' for n in given)})")
        start = len(self.scope.lines)
        for stage in program.stages[:-1]:
            self.stage(stage)
        if program.several:
            self.stage(program.stages[-1])
            text = together(self.scope, program, parts)
        else:
            text = self.expression(program.stages[-1])
        if DIVIDES.search("\n".join([*self.scope.lines[start:], text])):
            self.scope.lines.insert(start, f'    _real(xp, "{self.like}", {self.like})')
        return text

    def nest(self, nest: Nest, formula: Defined, title: str) -> str:
        writer = ArrayNest(self, nest, formula, self.like)
        text = writer.write()
        self.row(writer, title)
        return text

    def maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        """The greatest over a window: place by place of the rounds, where its indices are looped over."""
        windows = windows_of(formula, maximum, title)
        nests, taps = nests_of(windows), windows.parameters[: len(maximum.ranges)]
        if len(nests) == 1:
            writer = ArrayNest(self, nests[0], windows, self.like, taps)
            parts = writer.listed()
            if parts is not None:
                self.row(writer, title)
                return f"_greatest(xp, {parts})"
        text = self.scope.assign("windows", self.sum_of(nests, windows, title))
        return f"xp.max({text}, axis={tuple_text([str(n) for n in range(len(taps))])})"

    def zeros(self, formula: Defined) -> str:
        return f"_zeros({', '.join(['xp', self.like, *(self.scope.scalar(n, 'extent') for n in formula.shape)])})"

    def row(self, writer: ArrayNest, title: str) -> None:
        """The line of the plan for a nest that is written."""
        loops = ", ".join(writer.letter[n] for n in writer.loops)
        place = f"a loop over {loops}" if loops else "at once"
        moved = bytes_moved(writer.nest, writer.formula, self.scope.text)
        names = product_of_names(writer.nest)
        self.rows.append(Row(title, names, tuple(writer.reads), place, writer.cost(), moved, "by the array library"))


__all__ = ["ArrayLowering"]
