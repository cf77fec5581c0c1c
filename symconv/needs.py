"""Which of many conditions a page must state: those that do not follow from the others."""

from __future__ import annotations

from collections.abc import Iterable

from symconv.calculus.form import guard_of
from symconv.proof.implication import Knowledge
from symconv.term.polynomial import Poly, Quotient, Remainder
from symconv.term.value import Condition


def not_implied(conditions: Iterable[Condition]) -> list[Condition]:
    """The conditions that do not follow from those before and behind them; of two alike the first stays."""
    kept = list(dict.fromkeys(conditions))
    for condition in reversed(kept):
        others = [c for c in kept if c is not condition]
        if condition.kind == "ge" and _follows(condition, others):
            kept = others
    return kept


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


__all__ = ["not_implied"]
