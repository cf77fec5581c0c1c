"""A row of the table with numbers: sizes that its hypotheses allow, as different from each other as possible."""

from __future__ import annotations

import random
from itertools import chain

from symconv.proof.evaluate import World
from symconv.term.tensor import Leaf, Tensor, tensors_in
from symconv.term.value import Entry, Value
from tests.systems.base import System


def sizes_of(system: System, greatest: int = 6) -> dict[str, int]:
    """The most different sizes among 600 random draws for which no side is empty."""
    rng, problem = random.Random(7), system.problem()
    tensors = [t for t in (*leaves(system), system.left) if isinstance(t, Tensor)]
    best: dict[str, int] = {}
    for _ in range(600):
        drawn = {s.name: rng.randint(max(s.least, 1), greatest) for s in problem.sizes}
        world = World(drawn)
        fits = all(world.holds(h, {}) for h in problem.hypotheses if not h.poly.names())
        if fits and all(map(len, chain.from_iterable(map(world.axes, tensors)))) and _variety(drawn) > _variety(best):
            best = drawn
    return best


def _variety(sizes: dict[str, int]) -> int:
    return len(set(sizes.values()))


def leaves(system: System) -> list[Leaf]:
    """The data that both sides are made of."""
    sides = (system.left, system.right)
    found = [t for side in sides for t in (*_tensors(side), side) if isinstance(t, Leaf)]
    return list(dict.fromkeys(found))


def _tensors(side: Tensor | Value) -> list[Tensor]:
    return list(tensors_in(Entry(side, ()) if isinstance(side, Tensor) else side))
