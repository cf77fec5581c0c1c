"""A derivative as plain Python loops, term by term, as the expansion gives it: guards become conditions.

An index that an equality fixes is put in, every other one gets a loop, and a condition is asked once it can be.
"""

from __future__ import annotations

from typing import cast

from symconv.calculus.form import Expansion, Factor, Guard, Term, trivially_false, within
from symconv.errors import ExportError
from symconv.kernels.referee_values import Spelling, ValueText, number_text
from symconv.kernels.text import enclosed
from symconv.term.polynomial import Application, Atom, Poly, Size
from symconv.term.tensor import Defined
from symconv.term.value import Argmax, Entry, Range


def lines_by_terms(values: ValueText, formula: Defined, spelling: Spelling) -> list[str]:
    """A total, and for each term the loops that add to it."""
    total = values.scope.names.fresh("total")
    axes = list(zip(formula.parameters, formula.axes, strict=True))
    held = {g for p, axis in axes for g in within(Poly.of(p), axis)}
    natural = {p for p, axis in axes if axis.low == Poly.of(0)}
    lines = [f"{total}: Any = 0"]
    for term in Expansion().expand(formula[tuple(map(Poly.of, formula.parameters))]):
        if not any(map(trivially_false, term.guards)):
            lines += _TermLoops(values, term, spelling, held, natural).written(total)
    return [*lines, f"return {total}"]


class _TermLoops:
    """The loops of one term.

    known: the variables of the indices so far; held: guards that hold for every entry of the table; natural: indices
    that are never negative.
    """

    def __init__(self, values: ValueText, term: Term, spelling: Spelling, held: set[Guard], natural: set[str]) -> None:
        self.values, self.term = values, term
        self.known = dict(spelling)
        self.held, self.natural = held, set(natural)
        self.guards = [g for g in term.guards if g not in held]
        self.lines: list[str] = []
        self.depth = 0

    def written(self, total: str) -> list[str]:
        for name in self.term.bound:
            self._index(name)
        self._ask()
        self._line(f"{total} += {self._product()}")
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
        limits = self.values.range(Range(name, low, high), self.known)
        self.known[name] = self.values.scope.names.fresh("t")
        if low.is_zero:
            self.natural.add(name)
        self._open(f"for {self.known[name]} in {limits}:")

    def _ask(self) -> None:
        """The conditions whose indices are all known; they are used up."""
        ready = [g for g in self.guards if g.poly.names() <= set(self.known)]
        self.guards = [g for g in self.guards if g not in ready]
        asked = [self._comparison(g) for g in ready if not self._holds_anyway(g)]
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

    # -- what the innermost line says --------------------------------------------------

    def _text(self, poly: Poly) -> str:
        return self.values.poly(poly, self.known)

    def _comparison(self, guard: Guard) -> str:
        """What is positive on the left, what is negative on the right."""
        left = Poly({m: c for m, c in guard.poly if c > 0})
        right = Poly({m: -c for m, c in guard.poly if c < 0})
        strict = not guard.equality and right.constant > 0
        sign = "==" if guard.equality else ">" if strict else ">="
        return f"{self._text(left)} {sign} {self._text(right - int(strict))}"

    def _product(self) -> str:
        term = self.term
        parts = list(map(self._factor, term.factors))
        if term.coefficient != 1 or not parts:
            parts.insert(0, number_text(term.coefficient))
        if term.weight != Poly.of(1):
            parts.append(enclosed(self._text(term.weight)))
        parts += [f"(1 / {enclosed(self._text(p))})" for p in term.denominators]
        return " * ".join(parts)

    def _factor(self, factor: Factor) -> str:
        head = factor.head
        text = self.values.entry(Entry(head.tensor, factor.index), self.known)
        if head.function is not None:
            text = self.values.scope.applied(head.function, text)
        return f"(1 / {enclosed(text)})" if head.inverse else text


__all__ = ["lines_by_terms"]
