"""Conditions on the indices of a nest as bounds of its loops, so that inner loops run without a question.

Each condition (a read that stays on its axis, a place on the output, a mask) becomes a bound of the innermost index in
it; only what is not affine is asked entry by entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from symconv.kernels.bounds import coefficients, span, surely_nonnegative
from symconv.kernels.nest import ONE
from symconv.kernels.targets.c_function import CFunction
from symconv.kernels.targets.c_text import grouped
from symconv.term.polynomial import Poly


@dataclass(frozen=True, slots=True)
class Condition:
    """poly >= 0, or poly = 0, in the indices of a nest."""

    poly: Poly
    equality: bool = False


class Bounds:
    """The conditions of a nest that no loop has met yet."""

    def __init__(self, function: CFunction, counts: Mapping[str, Poly], conditions: Sequence[Condition]) -> None:
        self.function, self.counts, self.conditions = function, counts, [*conditions]
        self.spelling: dict[str, str] = {}
        self.looked_up: set[str] = set()  # taps that stand in variables

    def stay(self, positions: Sequence[Poly], shape: Sequence[Poly]) -> None:
        """The conditions that positions lie on their axes, less those that the box implies."""
        for p, extent in zip(positions, shape, strict=True):
            for bound in (p, extent - 1 - p):
                if not _surely(bound, self.counts):
                    self.conditions.append(Condition(bound))

    def loop(self, name: str, known: Sequence[str]) -> str:
        """The head of a loop whose bounds meet the conditions that end with this index."""
        variable, first, end, last = self.ends(name, known)
        return f"for (long {variable} = {first}, {end} = {last}; {variable} < {end}; {variable}++)"

    def ends(self, name: str, known: Sequence[str]) -> tuple[str, str, str, str]:
        """The index of such a loop and where it starts; the name of its end, and that."""
        lows, highs = ["0"], [self.function.scalar(self.counts[name])]
        for condition in list(self.conditions):
            bound = self.bound(condition, name, known)
            if bound is not None:
                self.conditions.remove(condition)
                low, high = bound
                lows += [low] if low is not None else []
                highs += [high] if high is not None else []
        variable = self.spelling[name]
        end = self.function.names.fresh(f"{variable}_end")
        return variable, _nested("maximum", lows), end, _nested("minimum", highs)

    def bound(self, condition: Condition, name: str, known: Sequence[str]) -> tuple[str | None, str | None] | None:
        """First value and end of the index, if all else in the condition is known."""
        poly = condition.poly
        form = coefficients(poly)
        if form is None or name not in poly.names() or not poly.names() <= set(known):
            return None
        slope = form[0][name]
        rest = poly - slope * Poly.of(name)
        up = surely_nonnegative(slope - 1)
        if condition.equality:
            if slope not in (ONE, -ONE):
                return None
            value = grouped(self.text(-rest if up else rest))
            return value, f"{value} + 1"
        if not up and not surely_nonnegative(-slope - 1):
            return None
        if up:
            return (self.text(-rest) if slope == ONE else f"-floor_div({self.text(rest)}, {self.text(slope)})"), None
        end = self.text(rest + 1) if slope == -ONE else f"floor_div({self.text(rest)}, {self.text(-slope)}) + 1"
        return None, end

    def ask_first(self, stack: ExitStack) -> None:
        """Conditions without an index."""
        for condition in [c for c in self.conditions if not c.poly.names()]:
            self.conditions.remove(condition)
            stack.enter_context(self.function.block(f"if ({self.comparison(condition)})"))

    def ask(self, order: Sequence[str], depth: int) -> None:
        """Conditions that no bound could meet, as soon as their indices are known."""
        known = {*order[: depth + 1], *self.looked_up}
        for condition in [c for c in self.conditions if c.poly.names() <= known]:
            self.conditions.remove(condition)
            self.function.line(f"if (!({self.comparison(condition)})) continue;")

    def comparison(self, condition: Condition) -> str:
        return f"{self.text(condition.poly)} {'==' if condition.equality else '>='} 0"

    def text(self, poly: Poly) -> str:
        return self.function.text(poly, self.spelling)


def _surely(poly: Poly, counts: Mapping[str, Poly]) -> bool:
    ends = span(poly, counts)
    return ends is not None and surely_nonnegative(ends[0])


def _nested(function: str, parts: Sequence[str]) -> str:
    text, *others = dict.fromkeys(parts)
    for other in others:
        text = f"{function}({text}, {other})"
    return text


__all__ = ["Bounds", "Condition"]
