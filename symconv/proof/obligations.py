"""What must hold before a claim can be true or false: obligations, in the order of their checking.

Names and indices are settled by whoever builds the problem.  Here: equal
shapes and hypotheses that can be met.  That every part of a claim has a value
is the matter of `definedness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from symconv.proof.implication import Knowledge
from symconv.proof.normalise import Undecided, UnsafeDivisor, name_constants
from symconv.proof.problem import Problem, equation
from symconv.proof.prove import prove
from symconv.proof.trace import Trace, innermost_quotients
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Tensor, requirements_of
from symconv.term.text import ordinal
from symconv.term.value import (
    Condition,
    Entry,
    Position,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An obligation that is not met, in words; or, if not certain, one that could not be shown."""

    message: str
    certain: bool = True


def shapes_agree(left: Tensor, right: Tensor, assuming: Sequence[Condition]) -> Failure | None:
    """Every axis of the one has the limits of the other, for all sizes."""
    if left.rank != right.rank:
        return Failure(f"{left.rank} axes on the left, {right.rank} on the right")
    for n, (a, b) in enumerate(zip(left.axes, right.axes, strict=True)):
        for mine, theirs in ((a.low, b.low), (a.high, b.high)):
            if mine == theirs:
                continue
            if mine is None or theirs is None or not _equal(left, right, mine, theirs, assuming):
                return Failure(
                    f"the {ordinal(n)} axis has extent {_extent(a)} on the left and {_extent(b)} on the right; "
                    "the two must agree for all sizes"
                )
    return None


def _extent(axis: Axis) -> str:
    return str(axis.extent) if axis.bounded else "unbounded"


def _equal(left: Tensor, right: Tensor, mine: Poly, theirs: Poly, assuming: Sequence[Condition]) -> bool:
    needs = requirements_of(*(Entry(t, tuple(Poly.of("i") for _ in t.axes)) for t in (left, right)))
    try:
        prove(equation(Position(mine), Position(theirs), (), (*assuming, *needs)))
    except (Undecided, UnsafeDivisor):
        return False
    return True


def hypotheses_contradict(problem: Problem) -> bool:
    """No sizes meet the hypotheses, by a certificate."""
    trace = Trace(problem, facts=list(problem.facts()))
    with suppress(UnsafeDivisor):  # its facts are left out
        name_constants(trace)
    facts = [g for g in trace.facts if not innermost_quotients([g.poly])]
    return Knowledge(facts, problem.sizes).contradiction() is not None
