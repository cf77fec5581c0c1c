"""Soundness: nothing false is proved, nothing true is called false, next to nothing stays open."""

from __future__ import annotations

import pytest

from symconv.proof.verdict import Status
from tests.soundness.mutants import LATE, late_sample, sample
from tests.soundness.referee import Tally


def test_a_fixed_sample_of_400_mutants() -> None:
    tally = Tally()
    for mutant in sample(400, seed=1):
        tally.judge(mutant)
    assert tally.total == 400
    assert tally.faults == []
    assert len(tally.open) <= 4, tally.open
    assert tally.verdicts["refuted"] >= 300, tally.verdicts


def test_a_sample_of_claims_that_become_false_only_later() -> None:
    tally = Tally()
    found = [tally.judge(mutant) for mutant in late_sample(40, seed=2)]
    assert tally.faults == []
    refuted = [v for v in found if v is not None and v.status is Status.REFUTED]
    assert len(refuted) >= 30, tally.verdicts
    assert all(max(v.counterexample.sizes.values()) >= LATE for v in refuted if v.counterexample)


@pytest.mark.slow
def test_the_whole_test_bed() -> None:
    from tests.soundness.table import run

    mutants, late = run()
    assert mutants.total >= 4000
    assert mutants.faults == []
    assert late.faults == []
    assert len(mutants.open) <= mutants.total // 100, mutants.open
    assert late.verdicts["refuted"] >= 200
    assert len(late.open) <= late.total // 100, late.open
