"""The referee of the test-bed: brute force alone says whether a mutant is true at many sizes.

It evaluates both sides at sizes drawn by total and at random larger ones, with
other numbers than the prover's search used.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

from symconv.errors import SymconvError
from symconv.proof.deciding import Effort, Survey, decide, prove_only
from symconv.proof.evaluate import World, differ
from symconv.proof.evaluation.numbers import EvaluationError
from symconv.proof.problem import Problem
from symconv.proof.verdict import Counterexample, Status, Verdict
from tests.soundness.mutants import Mutant

SEED = 20_261


def fails_somewhere(problem: Problem, tuples: int = 25, random_tuples: int = 6) -> dict[str, int] | None:
    """Sizes at which the two sides differ, among the first few and some larger ones; None if there are none."""
    survey = Survey(problem, Effort())
    choices = []
    for sizes in survey.tuples().upto(30):
        if survey.admits(sizes):
            choices.append(sizes)
        if len(choices) >= tuples:
            break
    rng = random.Random(SEED)
    top = 5 if len(problem.sizes) <= 6 else 3
    for _ in range(random_tuples * 10):
        sizes = {s.name: rng.randint(s.least, max(s.least, top)) for s in problem.sizes}
        if survey.admits(sizes) and sizes not in choices:
            choices.append(sizes)
        if len(choices) >= tuples + random_tuples:
            break
    for sizes in choices:
        if differs_at(problem, sizes):
            return sizes
    return None


def differs_at(problem: Problem, sizes: dict[str, int]) -> bool:
    world = World(sizes, seed=SEED, values=(problem.left, problem.right))
    for at in Survey(problem, Effort()).positions(world):
        try:
            if differ(world.value(problem.left, at), world.value(problem.right, at)):
                return True
        except EvaluationError:
            continue
    return False


def confirmed(problem: Problem, found: Counterexample) -> bool:
    """The two sides differ at the reported place, with other numbers in all tensors.

    Where a maximum wins depends on the numbers, so that some of them may hide the difference: a few draws are tried.
    """
    for seed in range(SEED, SEED + 12):
        world = World(found.sizes, seed=seed, values=(problem.left, problem.right))
        if differ(world.value(problem.left, found.at), world.value(problem.right, found.at)):
            return True
    return False


@dataclass
class Tally:
    """What became of the mutants, by kind, and every fault found."""

    verdicts: Counter[str] = field(default_factory=Counter)
    alone: Counter[str] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.verdicts.values())

    def judge(self, mutant: Mutant) -> Verdict | None:
        """Decide a mutant both ways and compare with the referee."""
        name = f"{mutant.theorem} / {mutant.kind}"
        try:
            verdict, alone = decide(mutant.problem), prove_only(mutant.problem)
        except SymconvError as error:
            self.verdicts["refused"] += 1
            self.kinds[mutant.kind, "refused"] += 1
            self.open.append(f"{name}: {error}")
            return None
        self.verdicts[verdict.status.value] += 1
        self.alone[alone.status.value] += 1
        self.kinds[mutant.kind, verdict.status.value] += 1
        if verdict.status is Status.REFUTED and not confirmed(mutant.problem, verdict.counterexample):
            self.faults.append(f"{name}: refuted, not confirmed: {verdict}")
        if Status.PROVED in (verdict.status, alone.status):
            sizes = fails_somewhere(mutant.problem)
            if sizes is not None or verdict.status is Status.REFUTED:
                self.faults.append(f"{name}: wrongly proved, false at {sizes}")
        if verdict.status in (Status.CHECKED, Status.UNDECIDED):
            self.open.append(f"{name}: {verdict.status.value}")
        return verdict
