"""Repairs of refuted claims: one side with one slip undone, proved before it is shown.

The idea: candidates come from the table of slips, the likeliest first; most of them fail at the
counterexample, nearly all others at a few more sizes; what is left is given to the prover.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from symconv.errors import SymconvError
from symconv.proof.clock import OutOfTime, at_most_steps, tick
from symconv.proof.deciding import WORK_OF_A_STEP, Effort, decide
from symconv.proof.evaluate import World, differ
from symconv.proof.obligations import shapes_agree
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.verdict import Counterexample, Status, Verdict
from symconv.repair.context import context_of
from symconv.repair.left_slips import WRONG_VARIABLE, other_gradients, repaired_left
from symconv.repair.screen import STEPS_OF_A_WORLD, Screen
from symconv.repair.slips import repaired
from symconv.repair.whole_slips import repaired_whole
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import Condition, Position, Range, Value, free_indices

MOST = 2  # repairs of one claim
STEPS = 12_000  # spent on one claim, a second or so
EFFORT = Effort(quick=8, sweep_tuples=40, farthest=10, nodes=4_000, work=200_000)


@dataclass(frozen=True)
class Repair:
    """A side that makes the claim true, the slip that it undoes, and the proof.

    left: None where the left side stays.  ranges: those of its indices, where another left side gives them others.
    """

    slip: str
    right: Value | Tensor
    verdict: Verdict
    left: Value | Tensor | None = None
    ranges: tuple[Range, ...] = ()


def repairs(
    problem: Problem,
    found: Counterexample,
    steps: int = STEPS,
    said: Sequence[Range | Condition] = (),
    known: Sequence[Tensor] = (),
) -> tuple[Repair, ...]:
    """At most two repairs of a refuted claim, each proved, those of its left side first.

    problem: the claim.  found: its counterexample.  steps: after which the search ends.  said: the ranges and
    conditions that stand beside the formula.  known: the tensors of the document.
    """
    lefts = (
        Candidate(side.slip, problem.right, _itself(side.problem), side.value, side.ranges)
        for side in repaired_left(problem, said, known)
        if side.value != problem.right and Screen(side.problem).passes(problem.right)
    )
    rights = (Candidate(slip, right, _equation(problem, right)) for slip, right in _agreeing(problem, found))
    return _proved(chain(lefts, rights), steps)


def whole_repairs(
    left: Tensor,
    right: Tensor,
    assuming: Iterable[Condition] = (),
    steps: int = STEPS,
    known: Sequence[Tensor] = (),
) -> tuple[Repair, ...]:
    """The same for a claim about whole tensors: another gradient on its left side, other operations on its right."""
    assuming = tuple(assuming)
    lefts = (
        Candidate(WRONG_VARIABLE, right, _tensor_equation(other, right, assuming), other)
        for other in other_gradients(left, known)
        if other != right and shapes_agree(other, right, assuming) is None
    )
    rights = (
        Candidate(slip, changed, _tensor_equation(left, changed, assuming))
        for slip, changed in repaired_whole(right)
        if changed != left and shapes_agree(left, changed, assuming) is None
    )
    return _proved(chain(lefts, rights), steps)


@dataclass(frozen=True)
class DefinitionRepair:
    """A definition with one slip undone, with which every refuted line about it is proved.

    mended: how many these are.  broken: how many lines were proved and are not any more; they repeat the slip.
    """

    slip: str
    definition: Defined
    mended: int
    broken: int


def definition_repair(
    definition: Defined,
    refuted: Sequence[tuple[Problem, Counterexample]],
    proved: Sequence[Problem],
    steps: int = STEPS,
) -> DefinitionRepair | None:
    """The slip in a definition that explains all its refuted lines, if there is one; it mends more than it breaks."""
    sides = [side for problem, _ in refuted for side in (problem.left, problem.right)]
    context = context_of(refuted[0][0].sizes, *sides).inside(definition)
    try:
        with at_most_steps(steps):
            for slip, body in repaired(definition.body, context):
                if not free_indices(body) <= set(definition.parameters):
                    continue
                made = _mending(replace(definition, body=body, call=None), definition, refuted, proved)
                if made is not None:
                    return DefinitionRepair(slip, *made)
    except OutOfTime:  # what was not looked at is not shown
        return None
    return None


def _mending(
    changed: Defined, definition: Defined, refuted: Sequence[tuple[Problem, Counterexample]], proved: Sequence[Problem]
) -> tuple[Defined, int, int] | None:
    """The changed definition with the lines that it mends and breaks, if it mends all and breaks fewer."""
    if not all(_holds_there(p, found, definition, changed) for p, found in refuted):
        return None
    if not all(_proves(p, definition, changed) for p, _ in refuted):
        return None
    broken = sum(not _proves(p, definition, changed) for p in proved)
    return (changed, len(refuted), broken) if broken < len(refuted) else None


def _moved(problem: Problem, old: Defined, new: Defined) -> Problem:
    """The claim with another definition in the place of one."""
    left, right = (replace_tensors(side, {old: new}) for side in (problem.left, problem.right))
    moved = equation(left, right, problem.free, problem.hypotheses, problem.sizes)
    return replace(moved, distinct=problem.distinct)


def _holds_there(problem: Problem, found: Counterexample, old: Defined, new: Defined) -> bool:
    try:
        moved = _moved(problem, old, new)
        world = World(found.sizes, 1, values=(moved.left, moved.right))
        tick(STEPS_OF_A_WORLD + world.cost(moved.left, moved.right) // WORK_OF_A_STEP)
        return not differ(world.value(moved.left, found.at), world.value(moved.right, found.at))
    except SymconvError:  # the edit reads what is not there
        return False


def _proves(problem: Problem, old: Defined, new: Defined) -> bool:
    try:
        return decide(_moved(problem, old, new), EFFORT).status is Status.PROVED
    except SymconvError:  # the edit is no claim
        return False


@dataclass(frozen=True)
class Candidate:
    """Sides that may be right, and the claim that they are."""

    slip: str
    right: Value | Tensor
    claim: Callable[[], Problem]
    left: Value | Tensor | None = None
    ranges: tuple[Range, ...] = ()


def _itself(problem: Problem) -> Callable[[], Problem]:
    return lambda: problem


def _equation(problem: Problem, right: Value) -> Callable[[], Problem]:
    def made() -> Problem:
        claim = equation(problem.left, right, problem.free, problem.hypotheses, problem.sizes)
        return replace(claim, distinct=problem.distinct)

    return made


def _tensor_equation(left: Tensor, right: Tensor, assuming: tuple[Condition, ...]) -> Callable[[], Problem]:
    return lambda: tensor_equation(left, right, assuming)


def _proved(candidates: Iterable[Candidate], steps: int) -> tuple[Repair, ...]:
    """The first candidates that are proved, before the steps are taken."""
    kept: list[Repair] = []
    try:
        with at_most_steps(steps):
            for candidate in candidates:
                try:
                    verdict = decide(candidate.claim(), EFFORT)
                except SymconvError:  # the edit is no claim
                    continue
                if verdict.status is Status.PROVED:
                    kept.append(Repair(candidate.slip, candidate.right, verdict, candidate.left, candidate.ranges))
                    if len(kept) == MOST:
                        break
    except OutOfTime:  # what was found stays
        return tuple(kept)
    return tuple(kept)


def _agreeing(problem: Problem, found: Counterexample) -> Iterator[tuple[str, Value]]:
    """The right sides that agree with the left one at a few places."""
    context = context_of(problem.sizes, problem.left, problem.right)
    bound = {r.name for r in problem.free}
    screen = Screen(problem, found)
    for slip, right in repaired(problem.right, context):
        if not free_indices(right) <= bound:  # nothing binds one of its indices
            continue
        if right == problem.left and not _is_size_formula(right):  # says nothing
            continue
        if screen.passes(right):
            yield slip, right


def _is_size_formula(value: Value) -> bool:
    """More than the name of a size: on both sides it still says which size that is."""
    return isinstance(value, Position) and value.poly.as_atom is None


__all__ = ["DefinitionRepair", "Repair", "definition_repair", "repairs", "whole_repairs"]
