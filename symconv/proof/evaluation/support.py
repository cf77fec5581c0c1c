"""Where a sum over all integers can have terms: a finite box that holds every one of them.

Beyond the axes of its tensor an entry is zero, and so is a bracket where a
condition fails.  If such a factor's position is affine in an index, it bounds
that index, given what is known of the others; going round until nothing
changes bounds them all, or finds that the formula does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symconv.proof.evaluation.numbers import EvaluationError
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Axis
from symconv.term.value import (
    Bracket,
    Derivative,
    Entry,
    Maximum,
    Plus,
    Range,
    Sum,
    Times,
    Value,
)

Evaluate = Callable[[Poly, Mapping[str, int]], int]


class Unbounded(EvaluationError):
    """A sum or an axis over all integers that nothing makes finite."""


@dataclass(frozen=True, slots=True)
class Span:
    """low .. high; None is infinite, low > high is empty."""

    low: int | None = None
    high: int | None = None

    def __add__(self, other: Span) -> Span:
        return Span(
            None if self.low is None or other.low is None else self.low + other.low,
            None if self.high is None or other.high is None else self.high + other.high,
        )

    def __mul__(self, other: Span) -> Span:
        for number, span in ((self, other), (other, self)):
            if number.low is not None and number.low == number.high:
                return span.scaled(number.low)
        ends = [
            a * b for a in (self.low, self.high) for b in (other.low, other.high) if a is not None and b is not None
        ]
        return Span(min(ends), max(ends)) if len(ends) == 4 else Span()

    def scaled(self, c: int) -> Span:
        if c == 0:
            return Span(0, 0)
        low = None if self.low is None else c * self.low
        high = None if self.high is None else c * self.high
        return Span(low, high) if c > 0 else Span(high, low)

    def divided(self, c: int) -> Span:
        """The integers k with c*k in the span, c not 0."""
        span = self.scaled(1 if c > 0 else -1)
        return Span(
            None if span.low is None else -(-span.low // abs(c)),
            None if span.high is None else span.high // abs(c),
        )

    def meet(self, other: Span) -> Span:
        lows = [x for x in (self.low, other.low) if x is not None]
        highs = [x for x in (self.high, other.high) if x is not None]
        return Span(max(lows, default=None), min(highs, default=None))

    def hull(self, other: Span) -> Span:
        return Span(
            None if self.low is None or other.low is None else min(self.low, other.low),
            None if self.high is None or other.high is None else max(self.high, other.high),
        )

    @property
    def finite(self) -> bool:
        return self.low is not None and self.high is not None

    @property
    def empty(self) -> bool:
        return self.low is not None and self.high is not None and self.low > self.high


def bounding_box(node: Sum, at: Mapping[str, int], evaluate: Evaluate) -> dict[str, tuple[int, int]]:
    """For each index without an end on some side: limits beyond which all terms are zero.

    `at` gives the indices that are fixed outside the sum.
    """
    search = _Search(evaluate, {n: Span(k, k) for n, k in at.items()}).under(node.ranges)
    wanted = [r.name for r in node.ranges if r.low is None or r.high is None]
    for _ in range(2 * len(wanted)):  # a round settles at least one more end, or nothing ever will
        for name in wanted:
            search.spans[name] = search.spans[name].meet(search.support(node.body, name))
    spans = {n: search.spans[n] for n in wanted}
    if any(s.empty for s in spans.values()):
        return dict.fromkeys(wanted, (0, -1))
    box = {n: (s.low, s.high) for n, s in spans.items() if s.low is not None and s.high is not None}
    if len(box) < len(wanted):
        missing = ", ".join(n for n in wanted if n not in box)
        raise Unbounded(
            f"a sum over {missing}",
            "all integers, and infinitely many terms that may differ from zero",
            f"a factor that is zero outside a bounded axis and is read at a position affine in {missing}",
            "give the sum limits, or one of its tensors a shape",
        )
    return box


@dataclass(frozen=True, slots=True)
class _Search:
    """What is known of the indices, and what the parts of a value say about one of them."""

    evaluate: Evaluate
    spans: dict[str, Span]

    def under(self, ranges: tuple[Range, ...]) -> _Search:
        """The search inside a sum over these ranges."""
        inner = _Search(self.evaluate, dict(self.spans))
        for r in ranges:
            low = inner.spread(r.low).low if r.low is not None else None
            inner.spans[r.name] = Span(low, inner.spread(r.high).high if r.high is not None else None)
        return inner

    def spread(self, poly: Poly) -> Span:
        """All values of a polynomial over the spans."""
        result = Span(0, 0)
        for monomial, c in poly:
            product = Span(c, c)
            for atom in monomial:
                product = product * self._spread_of(atom)
            result = result + product
        return result

    def _spread_of(self, atom: Atom) -> Span:
        if isinstance(atom, str):
            return self.spans.get(atom, Span())
        fixed = {n: s.low for n, s in self.spans.items() if s.low is not None and s.low == s.high}
        if not isinstance(atom, Size) and not Poly.atom(atom).names() <= set(fixed):
            return Span()
        number = self.evaluate(Poly.atom(atom), fixed)
        return Span(number, number)

    def support(self, value: Value, name: str) -> Span:
        """Outside of it the value is zero, whatever the numbers in the tensors."""
        result = Span()
        match value:
            case Times(factors):
                for factor in factors:
                    result = result.meet(self.support(factor, name))
            case Plus(terms):
                spans = [self.support(t, name) for t in terms]
                spans = [s for s in spans if not s.empty]
                result = spans[0] if spans else Span(0, -1)
                for span in spans[1:]:
                    result = result.hull(span)
            case Sum(ranges, body) | Maximum(ranges, body):
                if name not in {r.name for r in ranges}:
                    result = self.under(ranges).support(body, name)
            case Entry(tensor, _) if tensor.outside == "zero":
                result = self._on_axes(value, name)
            case Derivative(inner, by):
                result = self.support(inner, name).meet(self._on_axes(by, name))
            case Bracket(conditions):
                for c in conditions:
                    if c.kind != "ne":
                        result = result.meet(self._solve(c.poly, name, Span(0, None if c.kind == "ge" else 0)))
        return result

    def _on_axes(self, entry: Entry, name: str) -> Span:
        result = Span()
        for axis, position in zip(entry.tensor.axes, entry.index, strict=True):
            result = result.meet(self._solve(position, name, self._span_of(axis)))
        return result

    def _span_of(self, axis: Axis) -> Span:
        low, high = (None if p is None else self.evaluate(p, {}) for p in (axis.low, axis.high))
        return Span(low, high)

    def _solve(self, position: Poly, name: str, target: Span) -> Span:
        """The values of the index for which the position can lie in the target."""
        parts = position.linear_in(name)
        if parts is None:
            return Span()
        factor, rest = self.spread(parts[0]), self.spread(parts[1])
        if factor.low is None or factor.low != factor.high or factor.low == 0:
            return Span()
        return (target + rest.scaled(-1)).divided(factor.low)


__all__ = ["Unbounded", "bounding_box"]
