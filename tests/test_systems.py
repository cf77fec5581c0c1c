"""Every row of the table of systems: a theorem for all sizes, and a false twin one edit away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from symconv.proof.certificate import certificate
from symconv.proof.check import check
from symconv.proof.deciding import decide
from symconv.proof.evaluate import World, differ
from symconv.proof.verdict import ALL_SIZES, Status
from tests.systems import SYSTEMS

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
    worlds = (World(found.sizes, seed, values=(problem.left, problem.right)) for seed in range(100, 112))
    assert any(differ(w.value(problem.left, found.at), w.value(problem.right, found.at)) for w in worlds)


def test_the_table_in_the_docs_has_every_row() -> None:
    """Kept by `python -m tests.systems_table docs/systems.md`."""
    text = (Path(__file__).parents[1] / "docs" / "systems.md").read_text(encoding="utf-8")
    assert [f"| {row} | {name} |" for row, name in SYSTEMS if f"| {row} | {name} | proved" not in text] == []
