"""Stages to lines for the array API: the nests of each formula, added up; a maximum over the rounds of a loop."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from symconv.errors import ExportError
from symconv.kernels.functions import together
from symconv.kernels.lowering import Row
from symconv.kernels.naming import identifier
from symconv.kernels.nest import Nest, nests_of
from symconv.kernels.nest_reads import plain
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage
from symconv.kernels.targets.array_api_nests import ArrayNest
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined
from symconv.term.value import Maximum, Value

DIVIDES = re.compile(r" / |xp\.(exp|log|tanh|sqrt|logaddexp)\(|_logistic\(")


class ArrayLowering:
    """Writes the stages of a program into a scope; keeps a row of the plan for each nest."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.rows: list[Row] = []
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

    def stage(self, stage: Stage) -> None:
        self.scope.arrays[stage.target] = self.scope.assign(identifier(stage.title), self.expression(stage))

    def expression(self, stage: Stage) -> str:
        self.scope.line(f"# {''.join(c if c.isprintable() and c.isascii() else ' ' for c in stage.title)[:100]}")
        if stage.maximum is not None:
            return self.maximum(stage.formula, stage.maximum, stage.title)
        return self.sum_of(stage.nests, stage.formula, stage.title)

    def maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        """The greatest over a window: place by place of the rounds, where its indices are looped over."""
        for r in maximum.ranges:
            if r.low is None or r.high is None or r.low.names() or r.high.names():
                raise ExportError(title, f"a window whose ends change with {r.name}", "a fixed window", "use a bracket")
        window = tuple((r.name, Axis(r.low, r.high)) for r in maximum.ranges)
        axes = dict((*window, *zip(formula.parameters, formula.axes, strict=True)))
        windows, nests = _over(axes, maximum.body)
        if len(nests) == 1:
            writer = ArrayNest(self, nests[0], windows, self.like, windows.parameters[: len(window)])
            parts = writer.listed()
            if parts is not None:
                self.row(writer, title)
                return f"_greatest(xp, {parts})"
        text = self.scope.assign("windows", self.sum_of(nests, windows, title))
        return f"xp.max({text}, axis={tuple_text([str(n) for n in range(len(window))])})"

    def array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The array of a value whose free indices run over these axes."""
        formula, nests = _over(axes, value)
        return self.scope.assign(wanted, self.sum_of(nests, formula, wanted))

    def sum_of(self, nests: Sequence[Nest], formula: Defined, title: str) -> str:
        parts = []
        for nest in nests:
            writer = ArrayNest(self, nest, formula, self.like)
            parts.append(writer.write())
            self.row(writer, title)
        if not parts:
            return f"_zeros({', '.join(['xp', self.like, *(self.scope.scalar(n, 'extent') for n in formula.shape)])})"
        text = parts[0]
        for part in parts[1:]:
            text += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
        return text

    def row(self, writer: ArrayNest, title: str) -> None:
        product = " * ".join(plain(f.head.name) for f in writer.nest.factors) or "1"
        loops = ", ".join(writer.letter[n] for n in writer.loops)
        place = f"a loop over {loops}" if loops else "at once"
        cost = " * ".join(f"({writer.text(c)})" for c in writer.nest.counts.values()) or "1"
        self.rows.append(Row(title, product, tuple(writer.reads), place, cost))

    def extents(self, shape: Sequence[Poly]) -> str:
        return tuple_text([self.scope.scalar(n, "extent") for n in shape]) if shape else "()"


def _over(axes: Mapping[str, Axis], value: Value) -> tuple[Defined, list[Nest]]:
    """A value as a formula of some indices, and its nests."""
    names = {old: f"@{n}" for n, old in enumerate(axes)}
    images: dict[Atom, Poly] = {old: Poly.of(new) for old, new in names.items()}

    def renamed(poly: Poly | None) -> Poly | None:
        return poly and poly.substitute(images)

    ends = tuple(Axis(renamed(axis.low), renamed(axis.high)) for axis in axes.values())
    formula = Defined(
        "values", tuple(names.values()), ends, substitute(value, {old: Poly.of(new) for old, new in names.items()})
    )
    return formula, nests_of(formula)


__all__ = ["ArrayLowering"]
