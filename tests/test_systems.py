"""Every row of the table of systems: a theorem for all sizes, and a false twin one edit away."""

from __future__ import annotations

import itertools
import json
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symconv.entries.structure import EntryStatus, prove_at
from symconv.kernels import compile_tensor
from symconv.proof.certificate import certificate
from symconv.proof.check import check
from symconv.proof.deciding import decide
from symconv.proof.evaluate import Draw, World, differ
from symconv.proof.evaluation.intervals import Interval
from symconv.proof.verdict import ALL_SIZES, Status
from symconv.term.tensor import Tensor, sizes_in
from symconv.term.value import Entry
from tests.systems import SYSTEMS
from tests.systems.instances import leaves, sizes_of

NAMES = [f"{row}: {name}" for row, name in SYSTEMS]


@pytest.mark.parametrize("key", SYSTEMS, ids=NAMES)
def test_the_identity_is_proved_for_all_sizes(key: tuple[str, str]) -> None:
    """Its two sides differ as they stand, and the checker replays the whole trace."""
    system = SYSTEMS[key]()
    assert system.left != system.right
    verdict = decide(system.problem())
    assert verdict.status is Status.PROVED, verdict
    assert verdict.scope == ALL_SIZES
    assert verdict.trace is not None
    assert check(json.loads(json.dumps(certificate(verdict.trace)))) == len(verdict.trace.steps)


@pytest.mark.parametrize("key", SYSTEMS, ids=NAMES)
def test_its_twin_is_refuted(key: tuple[str, str]) -> None:
    """The counterexample is confirmed with other numbers in all tensors."""
    problem = SYSTEMS[key]().problem(twin=True)
    verdict = decide(problem)
    assert verdict.status is Status.REFUTED, verdict
    found = verdict.counterexample
    assert found is not None
    sides = problem.left, problem.right
    draws = itertools.product(range(100, 112), (Draw.INTEGERS, Draw.ALIKE))
    worlds = (World(found.sizes, seed, values=sides, draw=draw) for seed, draw in draws)
    assert any(differ(*(w.value(side, found.at) for side in sides)) for w in worlds)


TENSORS = [key for key, build in SYSTEMS.items() if isinstance(build().left, Tensor)]


@pytest.mark.parametrize("key", TENSORS, ids=[f"{row}: {name}" for row, name in TENSORS])
def test_both_sides_run_as_kernels(key: tuple[str, str]) -> None:
    """NumPy code written for each side gives the same numbers, and those of the evaluator where it counts exactly."""
    system = SYSTEMS[key]()
    sizes = sizes_of(system)
    world = World(sizes, 3, values=(system.problem().left, system.problem().right))
    data: dict[str, Any] = {leaf.name: table(world, leaf) for leaf in leaves(system)} | {"f": np.sin, "df": np.cos}
    found = [run(side, data, sizes) for side in (system.left, system.right)]
    size = max(1, np.abs(found[0]).max(initial=0))
    assert found[0].size
    assert np.abs(found[0] - found[1]).max() <= 1e-12 * size
    if not any(callable(data[name]) for side in (system.left, system.right) for name in named(side) if name in data):
        assert np.abs(found[0] - table(world, system.left)).max() <= 1e-9 * size


def named(side: Any) -> list[str]:
    return [p.name for p in signature(compile_tensor(side)).parameters.values() if p.default is p.empty]


def run(side: Any, data: dict[str, Any], sizes: dict[str, int]) -> Any:
    own = {s.name: sizes[s.name] for s in sizes_in(Entry(side, ()))}
    return compile_tensor(side)(**{k: v for k, v in data.items() if k in named(side)}, **own)


def table(world: World, tensor: Tensor) -> Any:
    """The evaluator's entries as floating-point numbers; of an interval, its middle."""
    axes = world.axes(tensor)
    numbers = [number_of(world.entry(tensor, index)) for index in itertools.product(*axes)]
    return np.array(numbers).reshape([len(axis) for axis in axes])


def number_of(entry: Any) -> float:
    return float((entry.low + entry.high) / 2 if isinstance(entry, Interval) else entry)


@pytest.mark.parametrize("key", TENSORS, ids=[f"{row}: {name}" for row, name in TENSORS])
def test_both_sides_unfold_into_equal_entries(key: tuple[str, str]) -> None:
    """At small sizes the second engine agrees, entry by entry; and it tells the twin from the theorem."""
    system = SYSTEMS[key]()
    left, right = system.left, system.right
    assert isinstance(left, Tensor)
    assert isinstance(right, Tensor)
    sizes = sizes_of(system, 4)
    own = {s.name: sizes[s.name] for s in sizes_in(Entry(left, ()), Entry(right, ()))}
    assert prove_at(left, right, own).status is EntryStatus.PROVED


def test_the_table_in_the_docs_has_every_row() -> None:
    """Kept by `python -m tests.systems_table docs/systems.md`."""
    text = (Path(__file__).parents[1] / "docs" / "systems.md").read_text(encoding="utf-8")
    assert [f"| {row} | {name} |" for row, name in SYSTEMS if f"| {row} | {name} | proved" not in text] == []
