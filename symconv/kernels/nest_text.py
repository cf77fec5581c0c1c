"""One nest while it is written: the letters of its indices, numbers as text, margins, scale, formulas inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from symconv.errors import ExportError
from symconv.kernels.bounds import span, surely_nonnegative
from symconv.kernels.factors import indices_of
from symconv.kernels.nest import ONE, ZERO, Nest, Winner
from symconv.kernels.operands import Operand
from symconv.kernels.plan import plan_place
from symconv.kernels.scope import Scope
from symconv.kernels.text import enclosed, poly_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Axis, Defined
from symconv.term.value import Entry, Value

LETTERS = "ijkuvwabcdefghmnopqrstxyzABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Margin:
    """The zeros before and after an axis that a position needs, as source, and the amount before as it is known."""

    before: str
    after: str
    shift: Poly | str

    @property
    def empty(self) -> bool:
        return self.before == self.after == "0"

    @property
    def amounts(self) -> str:
        return f"({self.before}, {self.after})"

    def around(self, extent: str) -> str:
        """An extent with its margin."""
        return " + ".join(x for x in (self.before, extent, self.after) if x != "0")

    def crop(self, extent: str) -> str:
        """The slice that cuts the margin off."""
        if self.empty:
            return ":"
        return f":{extent}" if self.before == "0" else f"{self.before} : {self.before} + {extent}"


class Host(Protocol):
    """What a nest needs of the function that it is part of."""

    scope: Scope

    def array_of(self, wanted: str, value: Value, axes: Mapping[str, Axis]) -> str:
        """The name of an array with the values of a formula over some axes."""

    def extents(self, shape: Sequence[Poly]) -> str:
        """A shape as source."""


class NestText:
    """A nest, its place on the output, and everything about it that becomes text."""

    def __init__(self, host: Host, nest: Nest, formula: Defined) -> None:
        self.host, self.scope, self.nest, self.formula = host, host.scope, nest, formula
        for extreme in nest.extremes:
            self.scope.extreme(extreme, str(extreme.size.name).split(" ")[0].strip("%"))
        self.letter = _letters(nest, formula.parameters, self.scope)
        self.place = plan_place(nest, formula.shape)
        self.shown = {name: self.shown_count(name) for name in nest.counts}
        self.reads: list[str] = []
        self.fresh = len(nest.factors) + len(nest.winners) + len(nest.masks) != 1  # else it may be a view

    def letters(self, names: Sequence[str]) -> str:
        return "".join(self.letter[n] for n in names)

    def count(self, name: str) -> str:
        return self.scope.scalar(self.nest.counts[name], f"n_{self.letter[name]}")

    def shown_count(self, name: str) -> Poly:
        """The count of an index as it is written: by the name of its variable if it has one."""
        count = self.nest.counts[name]
        text = self.count(name)
        if not text.isidentifier() or count.as_atom is not None:
            return count
        size = Size(f"%named {text}", -(10**6))
        self.scope.names.set(size, text)
        return Poly.atom(size)

    def text(self, poly: Poly) -> str:
        def name_of(atom: Atom) -> str:
            return self.letter[atom] if isinstance(atom, str) else self.scope.name_of(atom)

        return poly_text(poly, name_of)

    def _scale(self) -> tuple[str, list[str], list[str]]:
        """The coefficient and the parts of the weight that are the same everywhere: sign, factors, divisors."""
        nest = self.nest
        above = nest.coefficient.numerator
        factors = [self.text(nest.weight)] if nest.weight != ONE and not nest.weight.names() else []
        divisors = [self.text(p) for p in nest.denominators if not p.names()]
        if nest.coefficient.denominator != 1:
            divisors.append(str(nest.coefficient.denominator))
        if abs(above) != 1:
            factors.insert(0, str(abs(above)))
        return "-" if above < 0 else "", factors, divisors

    def divisor(self) -> str:
        """What the sum is divided by if nothing else is done to it, else nothing."""
        sign, factors, divisors = self._scale()
        return divisors[0] if len(divisors) == 1 and not sign and not factors else ""

    def scaled(self, text: str) -> str:
        """Times the coefficient and the parts of the weight that are the same everywhere."""
        sign, factors, divisors = self._scale()
        if factors or divisors or sign:
            text = enclosed(text)
        for factor in factors:
            text = f"{text} * {enclosed(factor)}"
        for divisor in divisors:
            text = f"{text} / {enclosed(divisor)}"
        return sign + text

    def sliced(self, start: Poly, count: str, step: Poly) -> str:
        """start : start + step*count : step."""
        first = self.scope.scalar(start, "start") if start.names() == set() else self.text(start)
        if step == ONE:
            return f":{count}" if start.is_zero else f"{first} : {first} + {count}"
        stride = self.scope.scalar(step, "step")
        end = f"{stride} * {count}" if start.is_zero else f"{first} + {stride} * {count}"
        return f"{'' if start.is_zero else first + ' '}: {end} : {stride}".strip()

    def margin(self, position: Poly, extent: Poly) -> Margin:
        """The zeros that an axis needs, so that a position never leaves it."""
        ends = span(position, self.nest.counts)
        if ends is None:
            raise TypeError("a view needs a span")  # plan_read gathers otherwise
        low, high = ends
        shown = span(position, self.shown) or ends
        shift: Poly | str = ZERO
        if surely_nonnegative(low):
            before = "0"
        elif surely_nonnegative(-low):
            shift, before = -low, self.shorter(-low, -shown[0])
        else:
            shift = before = self.scope.assign("before", f"max(0, {self.shorter(-low, -shown[0])})")
        beyond = high - (extent - 1)
        if surely_nonnegative(-beyond):
            after = "0"
        elif surely_nonnegative(beyond):
            after = self.shorter(beyond, shown[1] - (extent - 1))
        else:
            after = f"max(0, {self.shorter(beyond, shown[1] - (extent - 1))})"
        return Margin(before, after, shift)

    def cost(self) -> str:
        """How many multiplications the products take, as a formula in the sizes."""
        each = len(self.nest.factors) + len(self.nest.winners) - 1
        counts = " * ".join(enclosed(self.text(c)) for c in self.nest.counts.values() if c != ONE)
        return (f"{each} * {counts}" if each > 1 else counts or "1") if each > 0 else "0"

    def shorter(self, *polys: Poly) -> str:
        """The shortest of several ways to write one number."""
        return min(map(self.text, polys), key=len)

    # -- formulas inside the nest

    def computed(self, entry: Entry) -> Operand:
        """An entry that is itself a formula: its array, an axis for each index that it mentions."""
        return self.array_over("argument", entry, indices_of(entry.index))

    def candidates(self, winner: Winner) -> Operand:
        """What a maximum compares: an array with the axes of its arguments, then those of its taps."""
        arguments, taps = self.indices_of_maximum(winner)
        return self.array_over("windows", winner.candidate, (*arguments, *taps))

    def indices_of_maximum(self, winner: Winner) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The indices that tell the window, in the order of the output, and those of its taps."""
        order = self.place.order
        arguments = indices_of(winner.arguments)
        ordered = sorted(arguments, key=lambda n: order.index(n) if n in order else len(order))
        return tuple(ordered), indices_of(winner.taps)

    def array_over(self, wanted: str, value: Value, names: Sequence[str]) -> Operand:
        """The array of a value, an axis for each of these indices."""
        return Operand(self.host.array_of(wanted, value, self.box(names)), self.letters(names))

    def box(self, names: Sequence[str]) -> dict[str, Axis]:
        """Indices with the range 0 .. count - 1 of each."""
        return {n: Axis(ZERO, self.nest.counts[n] - 1) for n in names}


def _letters(nest: Nest, parameters: tuple[str, ...], scope: Scope) -> dict[str, str]:
    """A letter for each index of a nest, its reader's name where that is free."""
    given: dict[str, str] = {}
    names = sorted(nest.counts, key=lambda n: (n not in parameters, list(nest.counts).index(n)))
    for name in names:
        hint = nest.hints.get(name, "").lower()[:1]
        wanted = (hint if hint in LETTERS else "") + LETTERS
        free = [x for x in wanted if x not in given.values() and not scope.names.taken(x)]
        if not free:
            raise ExportError("a formula", f"{len(names)} indices in one term", f"at most {len(LETTERS)}", "split it")
        given[name] = free[0]
    return given


__all__ = ["Host", "Margin", "NestText"]
