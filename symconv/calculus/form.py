"""Forms: a value as a flat sum of terms.

A term is   coefficient * weight / denominators * SUM_bound PRODUCT factors * [guards],
the sum running over all integers; what limits an index is a guard.  Expansion
carries out derivatives, unfolds definitions and renames every bound index to
%1, %2, ... in the order in which it is met.

The order of expansion is part of the certificate format: `proof/check.py`
carries out the same expansion on its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count

from symconv.calculus.functions import NORMAL_CDF, positive, slope
from symconv.errors import DependenceError, SymconvError
from symconv.ops.pool import argmax_of, joined
from symconv.term.polynomial import ONE, Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined, Leaf, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Condition,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    free_indices,
)

MOST_TERMS = 10_000
TAKEN_IN = (Times, Apply)  # what a reciprocal of an entry is carried into


class TooManyTerms(SymconvError):
    """A product of sums whose expansion is too long."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a factor is an entry of: a tensor, or a function of a tensor's entries; or the reciprocal of that."""

    tensor: Tensor
    function: Function | None = None
    inverse: bool = False

    @property
    def name(self) -> str:
        text = self.tensor.name
        if self.function is not None:
            text = f"{self.function.name}{chr(39) * self.function.order}({text})"
        return f"1/{text}" if self.inverse else text


@dataclass(frozen=True, slots=True)
class Factor:
    head: Head
    index: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """poly >= 0, or poly = 0."""

    poly: Poly
    equality: bool = False

    def __repr__(self) -> str:
        return f"[{self.poly} {'=' if self.equality else '>='} 0]"


@dataclass(frozen=True, slots=True)
class Term:
    coefficient: Fraction = Fraction(1)
    weight: Poly = ONE
    denominators: tuple[Poly, ...] = ()
    bound: tuple[str, ...] = ()
    factors: tuple[Factor, ...] = ()
    guards: tuple[Guard, ...] = ()

    def __mul__(self, other: Term) -> Term:
        return Term(
            self.coefficient * other.coefficient,
            self.weight * other.weight,
            self.denominators + other.denominators,
            self.bound + other.bound,
            self.factors + other.factors,
            merged(self.guards, other.guards),
        )

    def scaled(self, number: Fraction | int) -> Term:
        return replace(self, coefficient=self.coefficient * number)

    def guarded(self, *guards: Guard) -> Term:
        return replace(self, guards=merged(self.guards, guards))

    def substitute(self, values: Mapping[Atom, Poly]) -> Term:
        return replace(
            self,
            weight=self.weight.substitute(values),
            denominators=tuple(p.substitute(values) for p in self.denominators),
            factors=tuple(Factor(f.head, tuple(p.substitute(values) for p in f.index)) for f in self.factors),
            guards=merged((), tuple(Guard(g.poly.substitute(values), g.equality) for g in self.guards)),
        )

    def polys(self) -> Iterator[Poly]:
        yield self.weight
        yield from self.denominators
        for factor in self.factors:
            yield from factor.index
        for guard in self.guards:
            yield guard.poly


def merged(first: tuple[Guard, ...], second: tuple[Guard, ...]) -> tuple[Guard, ...]:
    """Both lists without duplicates and without guards that hold by themselves.

    An equality is kept in one of its two signs, so that p = 0 and -p = 0 are one guard.
    """
    result = dict.fromkeys(first)
    for guard in second:
        if not trivially_true(guard):
            result[signed(guard)] = None
    return tuple(result)


def signed(guard: Guard) -> Guard:
    """p = 0 with the sign that makes its first term positive."""
    if guard.equality and not guard.poly.is_zero and guard.poly.sorted_terms()[0][1] < 0:
        return Guard(-guard.poly, True)
    return guard


def trivially_true(guard: Guard) -> bool:
    number = guard.poly.as_int
    return number is not None and (number == 0 if guard.equality else number >= 0)


def trivially_false(guard: Guard) -> bool:
    number = guard.poly.as_int
    return number is not None and not trivially_true(guard)


def guard_of(condition: Condition) -> Guard:
    return Guard(condition.poly, condition.kind == "eq")


@dataclass(slots=True)
class Expansion:
    """One run of the expansion; `opaque` tensors are left as factors."""

    names: Iterator[int] = field(default_factory=lambda: count(1))
    opaque: frozenset[Tensor] = frozenset()

    def fresh(self) -> str:
        return f"%{next(self.names)}"

    def expand(self, value: Value, at: Mapping[str, Poly] | None = None) -> list[Term]:
        """The terms of a value whose free indices stand at these positions."""
        at = at or {}
        match value:
            case Number(q):
                return [Term(q)] if q else []
            case Position(p):
                return [Term(weight=_place(p, at))]
            case Plus(parts):
                return [t for part in parts for t in self.expand(part, at)]
            case Times(parts):
                return self._product(parts, at)
            case Sum(ranges, body):
                return self._sum(ranges, body, at)
            case Entry(tensor, index):
                return self._entry(tensor, tuple(_place(p, at) for p in index))
            case Bracket(conditions):
                return self._bracket(conditions, at)
            case Maximum():
                return self._maximum(value, at)
            case Apply(function, argument):
                return self._apply(function, argument, at)
            case Reciprocal(argument):
                return self._reciprocal(argument, at)
            case Derivative(inner, by):
                return self._derivative(inner, by, at)
        raise TypeError(f"no expansion of {type(value).__name__}")

    def _product(self, parts: tuple[Value, ...], at: Mapping[str, Poly]) -> list[Term]:
        result = [Term()]
        for part in parts:
            factor = self.expand(part, at)
            if len(result) * len(factor) > MOST_TERMS:
                raise TooManyTerms(
                    "a product of sums",
                    f"{len(result)} times {len(factor)} terms",
                    f"at most {MOST_TERMS}",
                    "name a factor as a tensor",
                )
            result = [a * b for a in result for b in factor]
        return result

    def _sum(self, ranges: tuple[Range, ...], body: Value, at: Mapping[str, Poly]) -> list[Term]:
        inside = dict(at)
        guards: list[Guard] = []
        names: list[str] = []
        for r in ranges:
            name = self.fresh()
            low, high = (p and _place(p, inside) for p in (r.low, r.high))
            inside[r.name] = Poly.of(name)
            names.append(name)
            guards += within(Poly.of(name), Axis(low, high))
        head = Term(bound=tuple(names), guards=merged((), tuple(guards)))
        return [head * t for t in self.expand(body, inside)]

    def _entry(self, tensor: Tensor, index: tuple[Poly, ...]) -> list[Term]:
        guards = merged((), tuple(g for p, axis in zip(index, tensor.axes, strict=True) for g in within(p, axis)))
        head = Term(guards=guards)
        if isinstance(tensor, Leaf) or tensor in self.opaque:
            return [replace(head, factors=(Factor(Head(tensor), index),))]
        if not isinstance(tensor, Defined):
            raise TypeError(f"no expansion of {type(tensor).__name__}")
        return [head * t for t in self.expand(tensor.body, dict(zip(tensor.parameters, index, strict=True)))]

    def _bracket(self, conditions: tuple[Condition, ...], at: Mapping[str, Poly]) -> list[Term]:
        result = [Term()]
        for c in conditions:
            guard = Guard(_place(c.poly, at), c.kind != "ge")
            if c.kind == "ne":  # [p /= 0] = 1 - [p = 0]
                result = [t for r in result for t in (r, r.guarded(guard).scaled(-1))]
            else:
                result = [t.guarded(guard) for t in result]
        return result

    def _maximum(self, value: Maximum, at: Mapping[str, Poly]) -> list[Term]:
        """max f = f at the argmax, an index function within the window."""
        value = joined(value)
        inside = dict(at)
        winners = argmax_of(value)
        for r, winner in zip(value.ranges, winners, strict=True):
            inside[r.name] = _place(winner, at)
        return self.expand(value.body, inside)

    def _argument(self, value: Value, at: Mapping[str, Poly]) -> tuple[Tensor, tuple[Poly, ...]]:
        """A value as an entry of a tensor; one is made where it is not."""
        if isinstance(value, Entry):
            return value.tensor, tuple(_place(p, at) for p in value.index)
        free = sorted(free_indices(value))
        names = tuple(f"${n}" for n in range(len(free)))
        body = substitute(value, dict(zip(free, map(Poly.of, names), strict=True)))
        tensor = Defined("", names, (Axis(None, None),) * len(free), body)
        return tensor, tuple(_place(Poly.of(n), at) for n in free)

    def _apply(self, function: Function, argument: Value, at: Mapping[str, Poly]) -> list[Term]:
        if function == Function("identity"):
            return self.expand(argument, at)
        if function == Function("square"):
            return self._product((argument, argument), at)
        if function == Function("gelu"):
            return self._product((argument, Apply(NORMAL_CDF, argument)), at)
        if function == Function("log"):
            known = self._logarithm(argument, at)
            if known is not None:
                return known
        tensor, index = self._argument(argument, at)
        return [Term(factors=(Factor(Head(tensor, function), index),))]

    def _logarithm(self, value: Value, at: Mapping[str, Poly]) -> list[Term] | None:
        """log of a product of positive factors is the sum of their logs; log exp a = a."""
        match value:
            case Apply(Function("exp"), inner):
                return self.expand(inner, at)
            case Reciprocal(inner) if positive(inner):
                return [t.scaled(-1) for t in self._apply(Function("log"), inner, at)]
            case Times(parts) if all(map(positive, parts)):
                return [t for part in parts for t in self._apply(Function("log"), part, at)]
            case Entry(Defined() as tensor, index) if tensor not in self.opaque:
                inside = dict(zip(tensor.parameters, (_place(p, at) for p in index), strict=True))
                return self._logarithm(tensor.body, inside)
        return None

    def _reciprocal(self, argument: Value, at: Mapping[str, Poly]) -> list[Term]:
        match argument:
            case Position(p):
                return [Term(denominators=(_place(p, at),))]
            case Number(q):
                return [Term(1 / q)]
            case Times(parts):
                return self._product(tuple(Reciprocal(p) for p in parts), at)
            case Reciprocal(inner):
                return self.expand(inner, at)
            case Entry(Defined() as tensor, index) if isinstance(tensor.body, TAKEN_IN) and tensor not in self.opaque:
                inside = dict(zip(tensor.parameters, (_place(p, at) for p in index), strict=True))
                return self._reciprocal(tensor.body, inside)
            case Apply(function, inner):
                source, places = self._argument(inner, at)
                return [Term(factors=(Factor(Head(source, function, True), places),))]
        source, places = self._argument(argument, at)
        return [Term(factors=(Factor(Head(source, None, True), places),))]

    # -- derivatives ------------------------------------------------------

    def _derivative(self, value: Value, by: Entry, at: Mapping[str, Poly]) -> list[Term]:
        """Expand with `by.tensor` as data, then drop one factor after the other (product rule)."""
        target = by.tensor
        if any(isinstance(t, Defined) for t in self.opaque):
            raise DependenceError(
                f"a derivative by {target.name} inside one by {', '.join(t.name for t in self.opaque)}",
                "the outer derivative is by a defined tensor, which the inner one would unfold",
                "an outer derivative by a leaf",
                "take the inner derivative by the defined tensor first, or name it as a leaf",
            )
        position = tuple(_place(p, at) for p in by.index)
        outer, self.opaque = self.opaque, self.opaque | {target}
        terms = [d for t in self.expand(value, at) for d in self._drop(t, target, position)]
        self.opaque = outer
        if isinstance(target, Leaf) or target in outer:
            return terms
        return [t for term in terms for t in self._unfold(term, target)]

    def _drop(self, term: Term, target: Tensor, position: tuple[Poly, ...]) -> list[Term]:
        result: list[Term] = []
        for n, factor in enumerate(term.factors):
            others = replace(term, factors=term.factors[:n] + term.factors[n + 1 :])
            result += [others * slope_term for slope_term in self._slope(factor, target, position)]
        return result

    def _slope(self, factor: Factor, target: Tensor, position: tuple[Poly, ...]) -> list[Term]:
        """The derivative of one factor by target[position]."""
        head, entry = factor.head, Entry(factor.head.tensor, factor.index)
        if head.function is None and not head.inverse:
            return [_meets(factor.index, position)] if head.tensor == target else []
        inner = self._inner_slope(head.tensor, factor.index, target, position)
        if not inner:
            return []
        if head.inverse:  # d(1/h) = -h'/h^2
            square = Factor(head, factor.index)
            outer = [Term(Fraction(-1), factors=(square, square))]
            if head.function is not None:
                outer = [o * s for o in outer for s in self.expand(slope(head.function, entry))]
        else:
            outer = self.expand(slope(head.function, entry))  # type: ignore[arg-type]
        return [o * i for o in outer for i in inner]

    def _inner_slope(
        self, tensor: Tensor, index: tuple[Poly, ...], target: Tensor, position: tuple[Poly, ...]
    ) -> list[Term]:
        return [d for t in self._entry(tensor, index) for d in self._drop(t, target, position)]

    def _unfold(self, term: Term, target: Tensor) -> list[Term]:
        """Expand the factors that were kept as data while differentiating."""
        result = [replace(term, factors=())]
        for factor in term.factors:
            kept = factor.head != Head(target)
            parts = [Term(factors=(factor,))] if kept else self._entry(target, factor.index)
            result = [a * b for a in result for b in parts]
        return result


def _place(poly: Poly, at: Mapping[str, Poly]) -> Poly:
    return poly.substitute(at) if at else poly  # type: ignore[arg-type]


def within(position: Poly, axis: Axis) -> list[Guard]:
    """The guards that a position lies on an axis."""
    guards = []
    if axis.low is not None:
        guards.append(Guard(position - axis.low))
    if axis.high is not None:
        guards.append(Guard(axis.high - position))
    return guards


def _meets(index: tuple[Poly, ...], position: tuple[Poly, ...]) -> Term:
    """dX[e]/dX[a] = [e = a]."""
    return Term(guards=merged((), tuple(Guard(e - a, True) for e, a in zip(index, position, strict=True))))


__all__ = ["Expansion", "Factor", "Guard", "Head", "Term", "guard_of", "merged", "trivially_false", "within"]
