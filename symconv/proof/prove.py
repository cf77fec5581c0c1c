"""The prover: normal form, then equal guards, then cancellation.

It searches and is not trusted: all that counts is the trace, which
`proof/check.py` replays.
"""

from __future__ import annotations

from symconv.calculus.form import Guard, Term, TooManyTerms
from symconv.proof.congruence import align_arguments
from symconv.proof.implication import Knowledge
from symconv.proof.matching import MAX_SPLITS, Matching, sums_to_zero
from symconv.proof.normalise import Undecided, equate_free_indices, equate_quotients, normalise, signature
from symconv.proof.problem import Problem
from symconv.proof.tidy import tidy
from symconv.proof.trace import Trace
from symconv.proof.units import over_one_denominator


def prove(problem: Problem, splits: int = MAX_SPLITS) -> Trace:
    """The trace of a proof that the two sides are equal for all sizes.

    splits: how many case distinctions are tried where guards overlap.
    Raises `Undecided` when the search gives up and `UnsafeDivisor` when a
    divisor may be 0.
    """
    given_up: Undecided | None = None
    for prepared_by in (prepare, prepare_equated, prepare_over_one_denominator):
        trace = started(problem)
        if not prepared_by(trace):
            continue
        try:
            match(trace, splits)
        except Undecided as reason:
            given_up = given_up or reason
        else:
            return trace
    raise given_up or Undecided("no way to begin")


def started(problem: Problem) -> Trace:
    """Both sides expanded, if that is not too long."""
    try:
        return Trace.start(problem)
    except TooManyTerms as error:
        raise Undecided(str(error)) from None


def match(trace: Trace, splits: int) -> None:
    """Cancel the terms of a normal form; `Undecided` if some are left."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for key, term in trace.terms.items():
        groups.setdefault(signature(term), []).append(key)
    for keys in groups.values():
        Matching(trace, keys, splits).run()


def prepared(problem: Problem) -> Trace:
    """The two sides in normal form, nothing cancelled yet."""
    trace = started(problem)
    prepare(trace)
    return trace


def prepare(trace: Trace) -> bool:
    """Normal form, with equal arguments of functions under one name."""
    align_arguments(trace, _prove_lemma)
    normalise(trace)
    for key in list(trace.terms):
        tidy(trace, key)
    return True


def prepare_equated(trace: Trace) -> bool:
    """Normal form with equal indices and places under one name; False where no two are equal."""
    prepare(trace)
    quotients, free = equate_quotients(trace), equate_free_indices(trace)
    if not (quotients or free):
        return False
    for key in list(trace.terms):
        tidy(trace, key)
    return True


def prepare_over_one_denominator(trace: Trace) -> bool:
    """Normal form over one denominator; False where there is none."""
    return over_one_denominator(trace) and prepare(trace)


def _prove_lemma(trace: Trace) -> None:
    prepare(trace)
    match(trace, 0)


def difference_regions(trace: Trace) -> list[tuple[Guard, ...]]:
    """Guards of regions outside which the two sides of a normalised trace agree.

    Where two terms are opposite but for their guards, they differ only where one has a guard
    that the other lacks; a region whose guards contradict each other is left out.
    """
    frames: dict[tuple[object, object, object], list[Term]] = {}
    for term in trace.terms.values():
        frames.setdefault((term.factors, frozenset(term.bound), frozenset(term.guards)), []).append(term)
    groups: dict[object, list[Term]] = {}
    for (factors, bound, _), terms in frames.items():
        if not sums_to_zero(terms):
            groups.setdefault((factors, bound), []).extend(terms)
    regions: list[tuple[Guard, ...]] = []
    for terms in groups.values():
        if len(terms) == 2 and sums_to_zero(terms):
            regions += [r for a, b in (terms, terms[::-1]) for r in _only_in(a, b)]
        elif not sums_to_zero(terms) or len({frozenset(t.guards) for t in terms}) > 1:
            regions += [t.guards for t in terms]
    return [r for r in regions if Knowledge([*trace.facts, *r]).contradiction() is None]


def _only_in(term: Term, other: Term) -> list[tuple[Guard, ...]]:
    """The regions where the term's guards hold and one of the other's fails."""
    result = []
    for guard in other.guards:
        if guard in term.guards:
            continue
        sides = (guard.poly, -guard.poly) if guard.equality else (guard.poly,)
        result += [(*term.guards, Guard(-side - 1)) for side in sides]
    return result


__all__ = ["MAX_SPLITS", "difference_regions", "prepared", "prove"]
