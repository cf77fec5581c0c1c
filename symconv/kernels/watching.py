"""The sums over windows behind the rows of a plan: what computes each, and by which tiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from symconv.kernels.functions import FunctionWriter, Interface
from symconv.kernels.helpers import helper_names
from symconv.kernels.lowering import Lowering, Row
from symconv.kernels.naming import Names, identifier
from symconv.kernels.nest import Nest
from symconv.kernels.parts import Chosen, Part, Tile, chosen_for, inner_parts
from symconv.kernels.patterns import Correlation
from symconv.kernels.scope import Scope
from symconv.kernels.stages import program_of
from symconv.term.tensor import Defined


@dataclass(frozen=True, slots=True)
class Step:
    """What computes a sum over windows in float32 and in float64; None where a size is not stated."""

    single: Chosen | None
    double: Chosen | None


class _Watched(Lowering):
    """A lowering that remembers the correlation behind a row."""

    def __init__(self, scope: Scope, accuracy: str, wanted: str) -> None:
        super().__init__(scope, accuracy, wanted)
        self.steps: dict[int, Step] = {}

    def _correlation(self, nest: Nest, found: Correlation, rest: Sequence[Nest], formula: Defined, title: str) -> str:
        single, double = (
            chosen_for(found, formula.shape, self.accuracy, self.wanted, dtype) for dtype in (np.float32, np.float64)
        )
        self.steps[len(self.rows)] = Step(single, double)
        return super()._correlation(nest, found, rest, formula, title)


def watched(tensor: Defined, accuracy: str, schedule: str) -> tuple[tuple[Row, ...], dict[int, Step]]:
    """The rows of a kernel's plan, and what is known of those that are sums over windows."""
    program = program_of(tensor)
    names = Names((*helper_names(), "compute", "out", "threads"))
    arrays = tuple((leaf, names.of(leaf, leaf.name)) for leaf in program.leaves)
    lowerings: list[_Watched] = []

    def body(scope: Scope) -> str:
        lowerings.append(_Watched(scope, accuracy, schedule))
        for stage in program.stages[:-1]:
            lowerings[-1].stage(stage, identifier(stage.title))
        return lowerings[-1].result(program.stages[-1])

    taken = (*helper_names(), "compute", "out", "threads", *(name for _, name in arrays))
    interface = Interface("compute", "The entries of one tensor.", arrays)
    FunctionWriter(taken, accuracy, schedule).write(program, interface, body, [])
    return tuple(lowerings[-1].rows), lowerings[-1].steps


def tiles_of(tensors: Iterable[Defined], accuracy: str, schedule: str) -> frozenset[Tile] | None:
    """The tiles F(m, r) that the kernels of these tensors are computed by; None where a size is not stated."""
    steps = [step for tensor in tensors for step in watched(tensor, accuracy, schedule)[1].values()]
    chosen = [found for step in steps for found in (step.single, step.double)]
    if None in chosen:
        return None
    return frozenset(tile for found in chosen if found for part in found.parts for tile in _tiles_within(part))


def _tiles_within(part: Part) -> Iterator[Tile]:
    for tile in part.tiles or ():
        if tile[1] > 1:
            yield tile
    for inner in inner_parts(part):
        yield from _tiles_within(inner)


__all__ = ["Step", "tiles_of", "watched"]
