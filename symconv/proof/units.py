"""Fractions over one denominator: a term without 1/T becomes T times 1/T, with T written out.

It is what makes the probabilities of a softmax add up to 1.  Only where T is
positive by its form, a sum of exponentials say, and at places without bound indices.
"""

from __future__ import annotations

from collections import Counter

from symconv.calculus.form import Factor, Term
from symconv.calculus.functions import positive
from symconv.proof.trace import Place, Trace
from symconv.term.tensor import Defined

MOST_POWER = 3


def over_one_denominator(trace: Trace) -> bool:
    """Bring all terms to the same power of each reciprocal; False if there was nothing to do."""
    power: Counter[Factor] = Counter()
    for term in trace.terms.values():
        for factor, n in Counter(term.factors).items():
            if _is_positive_reciprocal(factor, term):
                power[factor] = max(power[factor], n)
    changed = False
    for factor, most in power.items():
        for key in list(trace.terms):
            missing = most - trace.terms[key].factors.count(factor)
            if missing > 0 and most <= MOST_POWER:
                _multiply(trace, key, factor, missing)
                changed = True
    return changed


def _is_positive_reciprocal(factor: Factor, term: Term) -> bool:
    head = factor.head
    if not head.inverse or head.function is not None or not isinstance(head.tensor, Defined):
        return False
    bound = {n for p in factor.index for n in p.names()} & set(term.bound)
    return not bound and positive(head.tensor.body)


def _multiply(trace: Trace, key: int, factor: Factor, times: int) -> None:
    keys = [key]
    for _ in range(times):
        before = set(trace.terms)
        for k in keys:
            trace.unit(k, _model(trace, factor), factor.index)
        keys = [k for k in trace.terms if k not in before]


def _model(trace: Trace, factor: Factor) -> Place:
    return next((k, t.factors.index(factor)) for k, t in trace.terms.items() if factor in t.factors)


__all__ = ["over_one_denominator"]
