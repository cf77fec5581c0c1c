"""Claims about numbers that a document gives: both sides evaluated exactly at every place.

It is asked for where the claim is not true of all numbers; what is proved of these is said of "the sizes stated".
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import prod

from symconv.proof.evaluate import World
from symconv.proof.problem import Problem
from symconv.proof.verdict import STATED_SIZES, Counterexample, Status, Verdict
from symconv.term.tensor import Axis, Leaf, tensors_in

Entries = Mapping[tuple[int, ...], Fraction]
MOST_PLACES = 20_000


def judge_given(problem: Problem, given: Mapping[str, Entries]) -> Verdict | None:
    """The verdict at the numbers; None where some data of the claim has none."""
    leaves = {t.name for side in (problem.left, problem.right) for t in tensors_in(side) if isinstance(t, Leaf)}
    if not leaves or not leaves <= set(given):
        return None
    if problem.sizes:
        return Verdict(
            Status.NOT_UNDERSTOOD,
            message=f"numbers are given, and the size {problem.sizes[0]} is open; expected sizes that are numbers; "
            "write the extents as numbers",
        )
    axes = [Axis(r.low, r.high) for r in problem.free]
    extents = [axis.extent.as_int if axis.bounded else None for axis in axes]
    known = [n for n in extents if n is not None]
    if len(known) < len(extents) or prod(known) > MOST_PLACES:
        return None
    world = World({}, leaves=given, values=(problem.left, problem.right))
    for place in product(*(range(_int(a), _int(a) + n) for a, n in zip(axes, known, strict=True))):
        at = {r.name: number for r, number in zip(problem.free, place, strict=True)}
        if not all(world.holds(condition, at) for condition in problem.hypotheses):
            continue
        left, right = world.value(problem.left, at), world.value(problem.right, at)
        if not isinstance(left, (int, Fraction)) or not isinstance(right, (int, Fraction)):
            return None
        if left != right:
            return Verdict(Status.REFUTED, counterexample=Counterexample({}, at, right, left))
    told = f"at the numbers given for {', '.join(sorted(leaves))}"
    return Verdict(Status.PROVED, STATED_SIZES, told, hypotheses=(told,))


def _int(axis: Axis) -> int:
    low = axis.low.as_int if axis.low is not None else None
    return low or 0
