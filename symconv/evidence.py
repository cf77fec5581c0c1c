"""The whole verdict on a claim: decided, and dressed with what a reader needs.

A refuted claim gets both values as short sums of entries and, where one is
found, the condition under which it is true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod

from symconv.entries.structure import EntryStatus, prove_at
from symconv.errors import SymconvError
from symconv.proof.clock import OutOfTime, at_most_steps
from symconv.proof.conditions import find_condition
from symconv.proof.deciding import decide
from symconv.proof.evaluate import World
from symconv.proof.obligations import shapes_agree
from symconv.proof.problem import Problem, tensor_equation
from symconv.proof.verdict import STATED_SIZES, Counterexample, Status, Verdict
from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import FREE, Axis, Defined, Tensor
from symconv.term.text import text_of_condition
from symconv.term.value import Condition, Value

MOST_LETTERS, MOST_TERMS, MOST_WORK = 120, 24, 5_000
MOST_STEPS = 5_000  # in search of a condition; those that are found take some hundreds
MOST_ENTRIES = 2_000  # unfolded where a claim has no free size


def judge(problem: Problem) -> Verdict:
    """The verdict on an equation between values."""
    verdict = decide(problem)
    if verdict.status is Status.CHECKED and not problem.sizes:
        verdict = _by_entries(problem) or verdict
    if verdict.status is not Status.REFUTED or verdict.counterexample is None:
        return verdict
    found = verdict.counterexample
    if not found.numbers:
        exact, claimed = short_sum(problem.left, found), short_sum(problem.right, found)
        verdict = replace(verdict, counterexample=replace(found, exact_sum=exact, claimed_sum=claimed))
    try:
        with at_most_steps(MOST_STEPS):
            return replace(verdict, condition=find_condition(problem, found.sizes))
    except OutOfTime:  # the counterexample stands without a condition
        return verdict


def _by_entries(problem: Problem) -> Verdict | None:
    """A claim without free sizes, unfolded: exact polynomial identities, entry by entry, by the second engine."""
    axes = tuple(Axis(r.low, r.high) for r in problem.free)
    extents = [a.extent.as_int if a.bounded else None for a in axes]
    known = [n for n in extents if n is not None]
    if len(known) < len(extents) or prod(known) > MOST_ENTRIES:
        return None
    names = tuple(r.name for r in problem.free)
    left, right = Defined("left", names, axes, problem.left), Defined("right", names, axes, problem.right)
    try:
        found = prove_at(left, right, {})
    except SymconvError:  # what the second engine does not unfold stays as it was
        return None
    if found.status is not EntryStatus.PROVED:
        return None
    return Verdict(Status.PROVED, STATED_SIZES, hypotheses=tuple(map(text_of_condition, problem.hypotheses)))


def judge_tensors(left: Tensor, right: Tensor, assuming: Iterable[Condition] = (), distinct: bool = False) -> Verdict:
    """The verdict on an equation between tensors: the shapes first, then every entry.

    distinct: no two entries of a tensor are equal.
    """
    assuming = tuple(assuming)
    failure = shapes_agree(left, right, assuming)
    if failure is not None:
        return Verdict(Status.ILL_FORMED, message=failure.message)
    return judge(replace(tensor_equation(left, right, assuming), distinct=distinct))


def short_sum(value: Value, found: Counterexample) -> str:
    """The value at the counterexample in entries, `G[0]*K[1]`; empty where that is long or not to be had."""
    from symconv.entries.unfold import entries

    if World(found.sizes).cost(value) > MOST_WORK:
        return ""
    at = substitute(value, {name: Poly.of(place) for name, place in found.at.items()})
    try:
        expression = entries(Defined("value", (), (), at), found.sizes)[()]
        text = str(expression) if len(expression.args) <= MOST_TERMS else ""
    except (SymconvError, TypeError):  # SymPy compares no quotient by a number that is 0 there
        return ""
    return text if len(text) <= MOST_LETTERS and FREE not in text else ""
