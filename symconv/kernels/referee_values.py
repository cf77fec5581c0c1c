"""The values of a formula as plain Python expressions, node by node: the referee's reading of a definition.

A sum is a generator over its ranges, an entry of another definition is that definition's formula put in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import cast

from symconv.errors import ExportError
from symconv.kernels.scope import Scope
from symconv.kernels.text import enclosed, poly_text, tuple_text
from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.substitution import entry_formula
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Condition,
    Entry,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
)

SIGNS = {"ge": ">=", "eq": "==", "ne": "!="}
Spelling = Mapping[str, str]  # the variable of each index


class ValueText:
    """Writes values, and into the scope the tables of winners that they need."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.winners: dict[tuple[object, ...], str] = {}  # windows, and the tables of where their maxima are

    @contextmanager
    def function(self, name: str, parameters: list[str]) -> Iterator[None]:
        """A function inside the function, a blank line before and behind it."""
        scope = self.scope
        scope.line("")
        scope.line(f"def {name}({', '.join(f'{i}: int' for i in parameters)}) -> Any:")
        with scope.indented():
            yield
        scope.line("")

    def value(self, value: Value, spelling: Spelling) -> str:
        def inner(v: Value) -> str:
            return self.value(v, spelling)

        match value:
            case Number(q):
                return number_text(q)
            case Position(p):
                return enclosed(self.poly(p, spelling))
            case Plus(parts):
                return f"({' + '.join(map(inner, parts))})"
            case Times(parts):
                return " * ".join(map(inner, parts))
            case Sum(ranges, body):
                return f"sum({self.generator(ranges, body, spelling)})"
            case Maximum(ranges, body):
                return f"max({self.generator(ranges, body, spelling)})"
            case Bracket(conditions):
                return f"({' and '.join(self.condition(c, spelling) for c in conditions)})"
            case Apply(function, argument):
                return self.scope.applied(function, inner(argument))
            case Reciprocal(argument):
                return f"(1 / {enclosed(inner(argument))})"
            case Entry():
                return self.entry(value, spelling)
        raise ExportError(
            "loops", f"a {type(value).__name__} inside a formula", "sums, products, functions", "expand it"
        )

    def generator(self, ranges: Sequence[Range], body: Value, spelling: Spelling) -> str:
        inside = dict(spelling)
        loops = []
        for r in ranges:
            if r.low is None or r.high is None:
                raise ExportError("loops", f"index {r.name} without ends", "a finite range", "give the sum its limits")
            limits = self.range(r, inside)
            inside[r.name] = self.scope.names.fresh(r.name)
            loops.append(f"for {inside[r.name]} in {limits}")
        return f"{self.value(body, inside)} {' '.join(loops)}"

    def entry(self, entry: Entry, spelling: Spelling) -> str:
        tensor = entry.tensor
        if isinstance(tensor, Leaf):
            at = [p - (a.low or 0) for p, a in zip(entry.index, tensor.axes, strict=True)]
            return f"_at({', '.join([self.scope.arrays[tensor], *(self.poly(p, spelling) for p in at)])})"
        if not isinstance(tensor, Defined):
            raise ExportError("loops", f"{tensor.name}", "a leaf or a definition", "define the tensor")
        body = self.value(entry_formula(tensor, entry.index), spelling)
        limits = [
            f"{self.poly(p, spelling)} in {self.range(Range('', a.low, a.high), spelling)}"
            for p, a in zip(entry.index, tensor.axes, strict=True)
            if a.bounded
        ]
        return f"({body} if {' and '.join(limits)} else 0)" if limits else body

    def condition(self, condition: Condition, spelling: Spelling) -> str:
        return f"{self.poly(condition.poly, spelling)} {SIGNS[condition.kind]} 0"

    def range(self, r: Range, spelling: Spelling) -> str:
        low, high = r.low or Poly.of(0), r.high or Poly.of(-1)
        end = self.poly(high + 1, spelling)
        return f"range({end})" if low.is_zero else f"range({self.poly(low, spelling)}, {end})"

    def poly(self, poly: Poly, spelling: Spelling) -> str:
        def name_of(atom: Atom) -> str:
            if isinstance(atom, str):
                return spelling[atom]
            if isinstance(atom, Application):
                return self.winner(atom, spelling)
            return self.scope.name_of(atom)

        return self.scope.extents.get(poly) or poly_text(poly, name_of)

    def winner(self, application: Application, spelling: Spelling) -> str:
        """A coordinate of the place of a maximum, from a table that knows each window."""
        function = cast(Argmax, application.function)
        key = function.parameters, function.ranges, function.body
        if key not in self.winners:
            self.winners[key] = self._table_of_winners(function)
        at = [self.poly(p, spelling) for p in application.arguments]
        place = ", ".join(at) if len(at) > 1 else tuple_text(at) if at else "()"
        return f"{self.winners[key]}[{place}][{function.axis}]"

    def _table_of_winners(self, function: Argmax) -> str:
        """Lines that find the place of a maximum: of equal values the first."""
        scope = self.scope
        name, table = scope.names.fresh("winner"), scope.names.fresh("winners")
        spelling = {p: scope.names.fresh(p) for p in function.parameters}
        inside = dict(spelling)
        loops = []
        for r in function.ranges:
            limits = self.range(r, spelling)
            inside[r.name] = scope.names.fresh("tap")
            loops.append(f"for {inside[r.name]} in {limits}")
        place = tuple_text([inside[r.name] for r in function.ranges])
        body = self.value(function.body, inside)
        with self.function(name, list(spelling.values())):
            scope.line(f"return _first(({place}, {body}) {' '.join(loops)})")
        scope.line(f"{table} = _Table((), {name})")
        return table


def number_text(q: Fraction) -> str:
    """A number, in parentheses unless it is a natural one."""
    if q.denominator == 1:
        return str(q) if q >= 0 else f"({q})"
    return f"({q.numerator} / {q.denominator})"


__all__ = ["Spelling", "ValueText", "number_text"]
