"""A quick look at a candidate before anything is proved: does it hold at a few places?

The idea: a wrong right side mostly differs at the counterexample, and one that agrees there by chance, since the
sizes are the smallest ones, differs at somewhat larger sizes.  Only what agrees everywhere is worth a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from symconv.errors import SymconvError
from symconv.proof.clock import tick
from symconv.proof.deciding import WORK_OF_A_STEP, Effort, Survey
from symconv.proof.evaluate import World, differ
from symconv.proof.problem import Problem
from symconv.proof.verdict import Counterexample
from symconv.term.tensor import Leaf, tensors_in
from symconv.term.value import Value

DRAWS = 40  # of sizes, of which few fulfil the hypotheses of a claim
EXTENTS, STEPS = (2, 5), (1, 2)  # of data; strides and paddings stay small, else all is read outside and zero
LARGER = 3  # sizes looked at beside those of the counterexample
PLACES = 5  # at each of these
MOST_PLACES = 2_000  # among which these are chosen
MOST_WORK = 20_000  # at one place
STEPS_OF_A_WORLD = 4  # to draw its numbers and compile the two sides


@dataclass(frozen=True)
class Place:
    """Sizes, and values of the free indices."""

    sizes: dict[str, int]
    at: dict[str, int]


class Screen:
    """The places at which a claim is looked at, the counterexample first where there is one."""

    def __init__(self, problem: Problem, found: Counterexample | None = None) -> None:
        self.problem = problem
        self.places = [*([] if found is None else [Place(found.sizes, found.at)]), *_larger(problem)]

    def passes(self, right: Value) -> bool:
        """The two sides agree at all the places."""
        try:
            return all(self._agree(right, place) for place in self.places)
        except SymconvError:  # the edit reads what is not there, or divides by zero
            return False

    def _agree(self, right: Value, place: Place) -> bool:
        world = World(place.sizes, 1, values=(self.problem.left, right))
        tick(STEPS_OF_A_WORLD + world.cost(self.problem.left, right) // WORK_OF_A_STEP)
        return not differ(world.value(self.problem.left, place.at), world.value(right, place.at))


def _larger(problem: Problem) -> Iterator[Place]:
    """A few places at sizes that the hypotheses allow, always the same ones."""
    draw, survey, kept = Random(len(problem.sizes)), Survey(problem, Effort()), 0
    extents = {size for t in _tensors(problem) for axis in t.axes if axis.bounded for size in axis.extent.sizes()}
    for _ in range(DRAWS if problem.sizes else 0):
        sizes = {s.name: max(s.least, draw.randint(*(EXTENTS if s in extents else STEPS))) for s in problem.sizes}
        if not survey.admits(sizes) or World(sizes).cost(problem.left, problem.right) > MOST_WORK:
            continue
        places = list(islice(survey.positions(World(sizes)), MOST_PLACES))
        yield from (Place(sizes, at) for at in draw.sample(places, min(PLACES, len(places))))
        kept += 1
        if kept == LARGER:
            return


def _tensors(problem: Problem) -> Iterator[Leaf]:
    return (t for side in (problem.left, problem.right) for t in tensors_in(side) if isinstance(t, Leaf))


__all__ = ["Screen"]
