"""Which of many conditions a page must state, or a bracket hold: those that do not follow from the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from symconv.calculus.form import guard_of
from symconv.proof.implication import Knowledge
from symconv.term.polynomial import Poly, Quotient, Remainder
from symconv.term.value import (
    Bracket,
    Condition,
    Plus,
    Range,
    Sum,
    Times,
    Value,
    add,
    at_least,
    bracket,
    multiply,
    total,
)


def not_implied(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions that do not follow from those before and behind them; of two alike the first stays."""
    kept = list(dict.fromkeys(conditions))
    for condition in reversed(kept):
        others = [c for c in kept if c is not condition]
        if condition.kind == "ge" and _follows(condition, others):
            kept = others
    return kept


def without_implied(value: Value, known: Sequence[Condition]) -> Value:
    """The value without the brackets' conditions that follow from what is known and from the ranges around them.

    >>> from symconv.term.value import Range, Sum, bracket, at_least, multiply
    >>> from symconv.term.tensor import Axis, Leaf
    >>> from symconv.write.text import text_of_value
    >>> from symconv.term.polynomial import Size
    >>> n, k = Poly.atom(Size("n")), Poly.of("k")
    >>> x = Leaf("x", (Axis.of(n),))
    >>> guarded = multiply(bracket(at_least(n, k), at_least(k, 2)), x[k])
    >>> text_of_value(without_implied(Sum((Range.upto("k", n),), guarded), []))
    'sum_{k=0}^{n-1} [k >= 2] x[k]'
    """
    match value:
        case Plus(terms):
            return add(*(without_implied(t, known) for t in terms))
        case Times(factors):
            return multiply(*(without_implied(f, known) for f in factors))
        case Sum(ranges, body):
            return total(ranges, without_implied(body, (*known, *(c for r in ranges for c in limits(r)))))
        case Bracket(conditions):
            return bracket(*(c for c in conditions if c.kind != "ge" or not _follows(c, list(known))))
    return value


def limits(r: Range) -> Iterator[Condition]:
    """The index is not below the low end and not above the high one."""
    index = Poly.of(r.name)
    if r.low is not None:
        yield at_least(index, r.low)
    if r.high is not None:
        yield at_least(r.high, index)


def _follows(condition: Condition, others: list[Condition]) -> bool:
    """With what is known of quotients: 0 <= a - b * (a div b) < b."""
    guards = [guard_of(c) for c in others if c.kind != "ne"]
    atoms = {a for c in (condition, *others) for a in c.poly.all_atoms()}
    for atom in sorted((a for a in atoms if isinstance(a, Quotient)), key=str):
        rest = atom.numerator - atom.denominator * Poly.atom(atom)
        if isinstance(atom, Remainder):
            rest = Poly.atom(atom)
        guards += [guard_of(Condition("ge", rest)), guard_of(Condition("ge", atom.denominator - 1 - rest))]
    return Knowledge(guards).entails(guard_of(condition)) is not None


__all__ = ["limits", "not_implied", "without_implied"]
