"""Single edits of the text of proved formulas: none that brute force shows false is proved."""

from __future__ import annotations

import pytest

from symconv.proof.verdict import Status
from tests.read.latex_mutants import Edit, edits, edits_of, false_somewhere, judged


def test_the_edits_of_one_formula() -> None:
    kinds = {kind for kind, _ in edits_of(r"y_{i} = \sum_{k=0}^{r-1} w_{k'} x_{i-k, j}")}
    assert kinds == {"index +-1", "sign", "limit", "prime dropped", "swapped"}


def sound(chosen: list[Edit]) -> int:
    """How many are refuted; none is proved that is false."""
    reports = [judged(edit) for edit in chosen]
    assert [w for r in reports if r is not None and (w := false_somewhere(r))] == []
    return sum(r is not None and r.status is Status.REFUTED for r in reports)


def test_a_sample_of_edits() -> None:
    chosen = [edit for n, edit in enumerate(edits()) if n % 29 == 3]
    assert len(chosen) >= 20
    assert sound(chosen) >= len(chosen) // 4


@pytest.mark.slow
def test_all_edits() -> None:
    chosen = list(edits())
    assert len(chosen) >= 600
    assert sound(chosen) >= len(chosen) // 4
