"""The referee: the same formulas as plain Python loops, one number at a time, each when it is asked for.

A definition is written down node by node; a derivative term by term, as the
expansion gives it, guards as conditions.  Nothing of the vectorised path
(nests, plans, operands) is used here: the two check each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import cast

from symconv.calculus.form import Expansion, Factor, Guard, Term, trivially_false, within
from symconv.errors import ExportError
from symconv.kernels.scope import Scope
from symconv.kernels.stages import Program, Stage
from symconv.kernels.text import enclosed, poly_text, tuple_text
from symconv.term.polynomial import Application, Atom, Poly, Size
from symconv.term.substitution import entry_formula
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import (
    Apply,
    Argmax,
    Bracket,
    Condition,
    Derivative,
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
    walk,
)

SIGNS = {"ge": ">=", "eq": "==", "ne": "!="}
Spelling = Mapping[str, str]


class Referee:
    """Writes stages as loops into a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.winners: dict[tuple[object, ...], str] = {}  # windows, and the tables of where their maxima are

    def program(self, program: Program) -> str:
        """All stages; the name of the last array."""
        name = ""
        for stage in program.stages:
            name = self.stage(stage)
        return name

    def stage(self, stage: Stage) -> str:
        """A function of the index, and the table of its values."""
        formula, scope = stage.formula, self.scope
        name, entry = scope.names.fresh("result"), scope.names.fresh("entry")
        scope.arrays[stage.target] = name
        extents = tuple_text([scope.text(n) for n in formula.shape]) if formula.rank else "()"
        spelling = {p: scope.names.fresh(p) for p in formula.parameters}
        derived = any(map(_needs_terms, walk(formula.body)))
        lines = self.terms(formula, spelling) if derived else [f"return {self.value(formula.body, spelling)}"]
        with self.function(entry, list(spelling.values())):
            for p, axis in zip(formula.parameters, formula.axes, strict=True):
                if axis.low is not None and not axis.low.is_zero:  # tables count from 0
                    scope.line(f"{spelling[p]} += {self.poly(axis.low, spelling)}")
            for line in lines:
                scope.line(line)
        scope.line(f"{name} = _Table({extents}, {entry})")
        return name

    @contextmanager
    def function(self, name: str, parameters: list[str]) -> Iterator[None]:
        """A function inside the function, a blank line before and behind it."""
        scope = self.scope
        scope.line("")
        scope.line(f"def {name}({', '.join(f'{i}: int' for i in parameters)}) -> Any:")
        with scope.indented():
            yield
        scope.line("")

    # -- a definition, node by node -----------------------------------------------

    def value(self, value: Value, spelling: Spelling) -> str:
        def inner(v: Value) -> str:
            return self.value(v, spelling)

        match value:
            case Number(q):
                return _number(q)
            case Position(p):
                return enclosed(self.poly(p, spelling))
            case Plus(parts):
                return f"({' + '.join(map(inner, parts))})"
            case Times(parts):
                return " * ".join(map(inner, parts))
            case Sum(ranges, body):
                return f"sum({self._over(ranges, body, spelling)})"
            case Maximum(ranges, body):
                return f"max({self._over(ranges, body, spelling)})"
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

    def _over(self, ranges: Sequence[Range], body: Value, spelling: Spelling) -> str:
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

    # -- a derivative, term by term --------------------------------------------------

    def terms(self, formula: Defined, spelling: Spelling) -> list[str]:
        """A total, and for each term the loops that add to it."""
        total = self.scope.names.fresh("total")
        axes = list(zip(formula.parameters, formula.axes, strict=True))
        held = {g for p, axis in axes for g in within(Poly.of(p), axis)}
        natural = {p for p, axis in axes if axis.low == Poly.of(0)}
        lines = [f"{total}: Any = 0"]
        for term in Expansion().expand(formula[tuple(map(Poly.of, formula.parameters))]):
            if not any(map(trivially_false, term.guards)):
                lines += _Nest(self, term, spelling, held, natural).written(total)
        return [*lines, f"return {total}"]

    def comparison(self, guard: Guard, known: Spelling) -> str:
        """What is positive on the left, what is negative on the right."""
        left = Poly({m: c for m, c in guard.poly if c > 0})
        right = Poly({m: -c for m, c in guard.poly if c < 0})
        strict = not guard.equality and right.constant > 0
        sign = "==" if guard.equality else ">" if strict else ">="
        return f"{self.poly(left, known)} {sign} {self.poly(right - int(strict), known)}"

    def product(self, term: Term, known: Spelling) -> str:
        parts = [self.factor(f, known) for f in term.factors]
        if term.coefficient != 1 or not parts:
            parts.insert(0, _number(term.coefficient))
        if term.weight != Poly.of(1):
            parts.append(enclosed(self.poly(term.weight, known)))
        parts += [f"(1 / {enclosed(self.poly(p, known))})" for p in term.denominators]
        return " * ".join(parts)

    def factor(self, factor: Factor, known: Spelling) -> str:
        head = factor.head
        text = self.entry(Entry(head.tensor, factor.index), known)
        if head.function is not None:
            text = self.scope.applied(head.function, text)
        return f"(1 / {enclosed(text)})" if head.inverse else text


class _Nest:
    """The loops of one term: an index that an equality fixes is put in, a condition is asked once it can be.

    held: guards that hold for every entry of the table; natural: indices that are never negative.
    """

    def __init__(self, referee: Referee, term: Term, spelling: Spelling, held: set[Guard], natural: set[str]) -> None:
        self.referee, self.term = referee, term
        self.known = dict(spelling)
        self.held, self.natural = held, set(natural)
        self.guards = [g for g in term.guards if g not in held]
        self.lines: list[str] = []
        self.depth = 0

    def written(self, total: str) -> list[str]:
        for name in self.term.bound:
            self._index(name)
        self._ask()
        self._line(f"{total} += {self.referee.product(self.term, self.known)}")
        return self.lines

    def _line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def _open(self, text: str) -> None:
        self._line(text)
        self.depth += 1

    def _index(self, name: str) -> None:
        """One index: its value where an equality gives it, else a loop."""
        value = self._solved(name)
        if value is not None:
            self.term = self.term.substitute({name: value})
            guards = Term(guards=tuple(self.guards)).substitute({name: value}).guards
            self.guards = [g for g in guards if g not in self.held]
            return
        self._ask()
        low, high = self._limits(name)
        limits = self.referee.range(Range(name, low, high), self.known)
        self.known[name] = self.referee.scope.names.fresh("t")
        if low.is_zero:
            self.natural.add(name)
        self._open(f"for {self.known[name]} in {limits}:")

    def _ask(self) -> None:
        """The conditions whose indices are all known; they are used up."""
        ready = [g for g in self.guards if g.poly.names() <= set(self.known)]
        self.guards = [g for g in self.guards if g not in ready]
        asked = [self.referee.comparison(g, self.known) for g in ready if not self._holds_anyway(g)]
        if asked:
            self._open(f"if {' and '.join(asked)}:")

    def _holds_anyway(self, guard: Guard) -> bool:
        """A sum of what is never negative."""
        return not guard.equality and all(c > 0 and all(map(self._is_natural, m)) for m, c in guard.poly)

    def _is_natural(self, atom: Atom) -> bool:
        if isinstance(atom, Application):
            function = cast(Argmax, atom.function)
            return function.ranges[function.axis].low == Poly.of(0)
        return isinstance(atom, Size) or atom in self.natural

    def _solved(self, name: str) -> Poly | None:
        """The value of an index that an equality fixes; the equality is used up."""
        for guard in self.guards:
            parts = guard.poly.linear_in(name) if guard.equality and name in guard.poly.atoms() else None
            if parts and parts[0].as_int in (1, -1) and parts[1].names() <= set(self.known):
                self.guards.remove(guard)
                return parts[1] * -(parts[0].as_int or 1)
        return None

    def _limits(self, name: str) -> tuple[Poly, Poly]:
        """The ends of an index, from the first guards that bound it alone."""
        ends: dict[int, Poly] = {}
        used: list[Guard] = []
        for guard in self.guards:
            parts = guard.poly.linear_in(name) if not guard.equality else None
            sign = parts and parts[0].as_int
            if parts and sign in (1, -1) and parts[1].names() <= set(self.known) and sign not in ends:
                ends[sign] = parts[1] * -sign
                used.append(guard)
        if len(ends) < 2:
            raise ExportError("loops", "an index without ends", "a finite range", "give the sum its limits")
        self.guards = [g for g in self.guards if g not in used]
        return ends[1], ends[-1]


def _number(q: Fraction) -> str:
    if q.denominator == 1:
        return str(q) if q >= 0 else f"({q})"
    return f"({q.numerator} / {q.denominator})"


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
