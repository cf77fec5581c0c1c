"""The referee: the same formulas as plain Python loops, one number at a time, each when it is asked for.

A definition is written down node by node (`referee_values`), a derivative term by term (`referee_terms`).  Nothing
of the vectorised path (nests, plans, operands) is used here: the two check each other.
"""

from __future__ import annotations

from symconv.kernels.referee_terms import lines_by_terms
from symconv.kernels.referee_values import Spelling, ValueText
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage
from symconv.kernels.text import tuple_text
from symconv.term.tensor import Defined
from symconv.term.value import Bracket, Derivative, Sum, Value, walk


class Referee:
    """Writes stages as tables of values into a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.values = scope, ValueText(scope)

    def program(self, program: Program) -> str:
        """All stages; the name of the last array."""
        name = ""
        for stage in program.stages:
            name = self.stage(stage)
        return name

    def stage(self, stage: Stage) -> str:
        """A function of the index, and the table of its values, counted from 0 on each axis."""
        formula, scope = stage.formula, self.scope
        name, entry = scope.names.fresh("result"), scope.names.fresh("entry")
        scope.arrays[stage.target] = name
        extents = tuple_text([scope.text(n) for n in formula.shape]) if formula.rank else "()"
        spelling = {p: scope.names.fresh(p) for p in formula.parameters}
        lines = self.body(formula, spelling)
        with self.values.function(entry, list(spelling.values())):
            for p, axis in zip(formula.parameters, formula.axes, strict=True):
                if axis.low is not None and not axis.low.is_zero:
                    scope.line(f"{spelling[p]} += {self.values.poly(axis.low, spelling)}")
            for line in lines:
                scope.line(line)
        scope.line(f"{name} = _Table({extents}, {entry})")
        return name

    def body(self, formula: Defined, spelling: Spelling) -> list[str]:
        """The lines that return one entry."""
        if any(map(_needs_terms, walk(formula.body))):
            return lines_by_terms(self.values, formula, spelling)
        return [f"return {self.values.value(formula.body, spelling)}"]


def _needs_terms(value: Value) -> bool:
    """Derivatives, sums without ends, and sums that an equality cuts down."""
    match value:
        case Derivative():
            return True
        case Sum(ranges, _):
            return any(None in (r.low, r.high) for r in ranges)
        case Bracket(conditions):
            return any(c.kind == "eq" for c in conditions)
    return False


__all__ = ["Referee"]
