"""Stages to lines, as far as targets share it: a comment and an array for each stage, the sum of its nests.

A target says how it writes one nest, and how it finds a maximum.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import reduce

from symconv.kernels.inner_formulas import formula_over
from symconv.kernels.naming import identifier
from symconv.kernels.nest import Nest, nests_of
from symconv.kernels.nest_reads import plain, plus
from symconv.kernels.plan_row import Row
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Stage
from symconv.kernels.text import tuple_text
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined
from symconv.term.value import Maximum, Value


class StageLowering(ABC):
    """Writes the stages of a program into a scope; keeps a row of the plan for each nest."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.rows: list[Row] = []

    def stage(self, stage: Stage) -> None:
        """A stage as an array with a name."""
        self.scope.arrays[stage.target] = self.scope.assign(identifier(stage.title), self.expression(stage))

    def expression(self, stage: Stage) -> str:
        """The lines of a stage; an expression for its array."""
        self.scope.line(f"# {printable(stage.title)[:100]}")
        if stage.maximum is not None:
            return self.maximum(stage.formula, stage.maximum, stage.title)
        return self.sum_of(stage.nests, stage.formula, stage.title)

    def sum_of(self, nests: Sequence[Nest], formula: Defined, title: str) -> str:
        """The array of a formula: its nests, added up."""
        parts = [self.nest(nest, formula, title) for nest in nests]
        return reduce(plus, parts) if parts else self.zeros(formula)

    def array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The array of a value whose free indices run over these axes."""
        formula = formula_over(axes, value)
        return self.scope.assign(wanted, self.sum_of(nests_of(formula), formula, wanted))

    def extents(self, shape: Sequence[Poly]) -> str:
        """A shape as source."""
        return tuple_text([self.scope.scalar(n, "extent") for n in shape]) if shape else "()"

    @abstractmethod
    def nest(self, nest: Nest, formula: Defined, title: str) -> str:
        """The lines of one nest; an expression for its array."""

    @abstractmethod
    def maximum(self, formula: Defined, maximum: Maximum, title: str) -> str:
        """The lines of a maximum over a window; an expression for its array."""

    @abstractmethod
    def zeros(self, formula: Defined) -> str:
        """The array of a formula without terms."""


def product_of_names(nest: Nest) -> str:
    """The factors of a nest as a plan shows them."""
    return " * ".join(plain(f.head.name) for f in nest.factors) or "1"


def printable(text: str) -> str:
    """A text that cannot leave its line."""
    return "".join(c if c.isprintable() and c.isascii() else " " for c in text)


__all__ = ["StageLowering", "printable", "product_of_names"]
