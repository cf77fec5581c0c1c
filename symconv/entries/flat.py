"""A value as a flat sum of terms: ranges, conditions and factors, products multiplied out.

A condition that ties a bound index to others, s*i + u = a, is solved: the
index becomes (a - u)/s, its range a condition, and the divisibility too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count

from symconv.entries.carry_out import renamed_apart, within
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder
from symconv.term.substitution import rebuild, substitute
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Entry,
    Function,
    Maximum,
    Plus,
    Range,
    Sum,
    Times,
    Value,
    at_least,
    equal,
)


@dataclass(frozen=True, slots=True)
class Term:
    """The sum over the ranges of the product of the factors where the conditions hold."""

    ranges: tuple[Range, ...] = ()
    conditions: tuple[Condition, ...] = ()
    factors: tuple[Value, ...] = ()

    def __mul__(self, other: Term) -> Term:
        return Term(self.ranges + other.ranges, self.conditions + other.conditions, self.factors + other.factors)


def flat(value: Value, taken: set[str]) -> list[Term]:
    """The terms of a value; bound indices get names that are new, and `taken` from then on.

    >>> from symconv.term.tensor import Axis, Leaf
    >>> x = Leaf("x", (Axis.of(3),))
    >>> [t.ranges for t in flat(Sum((Range.upto("u", 2),), x["u"] + x["i"]), {"i"})]
    [(Range(name='u', low=0, high=1),), (Range(name='u', low=0, high=1),)]
    """
    match value:
        case Plus(parts):
            return [t for part in parts for t in flat(part, taken)]
        case Times(parts):
            result = [Term()]
            for part in parts:
                result = [a * b for a in result for b in flat(part, taken)]
            return result
        case Sum(ranges, body):
            ranges, body = renamed_apart(ranges, body, taken, numbered)
            taken |= {r.name for r in ranges}
            return [replace(t, ranges=ranges + t.ranges) for t in flat(body, taken)]
        case Bracket(conditions):
            return [Term(conditions=conditions)]
        case Apply(Function("identity", 0), argument):
            return flat(argument, taken)
        case Entry(tensor, index) if tensor.outside == "zero":
            inside = [c for b in within(tensor, index) for c in b.conditions]
            return [Term(conditions=tuple(inside), factors=(value,))]
    return [Term(factors=(value,))]


def numbered(wanted: str, used: Iterable[str]) -> str:
    """u, u1, u2, ...: the first one that is new."""
    stem = wanted.rstrip("'")
    return next(n for k in count() if (n := stem if not k else f"{stem}{k}") not in used)


# -- conditions -----------------------------------------------------------------------


def holds(condition: Condition, ranges: Sequence[Range]) -> bool:
    """Does a condition hold at all places in the ranges, seen by putting each index at its worse end?"""
    if condition.kind != "ge":
        return condition.kind == "eq" and condition.poly.is_zero
    least = extreme(condition.poly, ranges, lowest=True)
    return least is not None and least.grows_from(0)


def extreme(poly: Poly, ranges: Sequence[Range], lowest: bool) -> Poly | None:
    """The least (or greatest) value of a polynomial over the ranges, if the signs of all slopes are evident."""
    for r in reversed(ranges):
        if r.name not in poly.names():
            continue
        parts = poly.linear_in(r.name)
        if parts is None:
            return None
        slope, rest = parts
        rises, falls = slope.grows_from(0), (-slope).grows_from(0)
        end = r.low if rises is lowest else r.high
        if end is None or not (rises or falls):
            return None
        poly = slope * end + rest
    return poly


def solved(term: Term) -> Term:
    """The same term with bound indices solved for where an equation ties them, the outermost first.

    >>> r = Range.upto("i", 9)
    >>> t = solved(Term((r,), (equal(2 * Poly.of("i") + "u", "a"),)))
    >>> t.ranges, t.conditions[0]
    ((), Condition(kind='eq', poly=mod(a - u, 2)))
    """
    for k, r in enumerate(term.ranges):
        for condition in term.conditions:
            found = _solution(condition, r.name)
            if found is not None:
                rest = replace(
                    term,
                    ranges=term.ranges[:k] + term.ranges[k + 1 :],
                    conditions=tuple(c for c in term.conditions if c != condition),
                )
                return solved(_with_index(rest, r, *found))
    return term


def _solution(condition: Condition, name: str) -> tuple[Poly, Poly] | None:
    """(numerator, divisor) of the index in an equation, if it is tied to anything."""
    parts = condition.poly.linear_in(name) if condition.kind == "eq" else None
    if parts is None or parts[0].is_zero:
        return None
    slope, rest = parts
    if slope.grows_from(1):
        return -rest, slope
    return (rest, -slope) if (-slope).grows_from(1) else None


def _with_index(term: Term, r: Range, numerator: Poly, divisor: Poly) -> Term:
    """The term with numerator/divisor in the place of an index, where that is exact and in range."""
    place, rest = numerator // divisor, numerator % divisor
    values: dict[Atom, Poly] = {r.name: place}
    remainder = rest.as_atom

    def exact(poly: Poly) -> Poly:
        return _exact(poly, remainder) if isinstance(remainder, Remainder) else poly

    def changed(poly: Poly) -> Poly:
        return exact(poly.substitute(values))

    conditions = [] if rest.is_zero else [equal(rest, 0)]
    conditions += [at_least(place, r.low)] if r.low is not None else []
    conditions += [at_least(r.high, place)] if r.high is not None else []
    return Term(
        tuple(Range(o.name, o.low and changed(o.low), o.high and changed(o.high)) for o in term.ranges),
        (*conditions, *(Condition(c.kind, changed(c.poly)) for c in term.conditions)),
        tuple(_mapped(substitute(f, {r.name: place}), exact, rest.names()) for f in term.factors),
    )


def _exact(poly: Poly, remainder: Remainder) -> Poly:
    """s * div(m, s) is m where mod(m, s) = 0."""
    numerator, divisor = remainder.polys()
    parts = poly.linear_in(Quotient(*remainder.parts))
    times = parts[0].divided_by(divisor) if parts is not None and not parts[0].is_zero else None
    return poly if parts is None or times is None else parts[1] + times * numerator


def _mapped(value: Value, change: Callable[[Poly], Poly], names: frozenset[str]) -> Value:
    """The value with its index polynomials changed, except where a binder hides one of the names."""
    if isinstance(value, Sum | Maximum) and names & {r.name for r in value.ranges}:
        return value
    return rebuild(value, lambda v: _mapped(v, change, names), change)


__all__ = ["Term", "extreme", "flat", "holds", "numbered", "solved"]
