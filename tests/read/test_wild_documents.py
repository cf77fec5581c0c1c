"""Documents in the styles of the wild: what `verify` says of each formula against what is right."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from symconv.judging import FormulaReport, verify_paths
from symconv.proof.verdict import Status
from tests.read.wild_ledger import WILD, Row

HERE = Path(__file__).parents[2] / "derivations" / "wild"
DOCUMENTS = sorted({row.document for row in WILD})
MISSES = 54  # formulas that are not read or not proved yet; a reader that reads more lowers this number
SLIPS_MISSED = 3
SLIPS_REPAIRED = 3

# Formulas without a fault that are called refuted. None may be added.
CONTRADICTED = {
    ("backprop-through-a-layer", "eq2"),  # a was read above, one layer lower: its formula is judged, not taken
    ("max-pooling", "eq6"),  # the extents of y are left open, and then refute the size that the text gives
}
OPEN = {Status.NOT_UNDERSTOOD, Status.UNDECIDED, Status.CHECKED, Status.IGNORED}


@cache
def reports() -> dict[tuple[str, str], FormulaReport]:
    """Every formula of every document, judged."""
    return {
        (Path(file.document.name).stem, formula.formula.id): formula
        for file in verify_paths([HERE]).files
        for formula in file.formulas
    }


def status(row: Row) -> Status:
    return reports()[row.document, row.formula].status


def is_right(row: Row) -> bool:
    return status(row).value in row.statuses


def test_the_ledger_names_every_display_once() -> None:
    rows = [(row.document, row.formula) for row in WILD]
    assert set(rows) == {key for key in reports() if key[1].startswith("eq")}
    assert len(rows) == len(set(rows))
    assert {s for row in WILD for s in row.statuses} <= {s.value for s in Status}


def test_half_of_the_documents_have_one_slip() -> None:
    slipped = [row.document for row in WILD if row.slip]
    assert len(slipped) == len(set(slipped)) == 11
    assert len(DOCUMENTS) == 21


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_verdict_contradicts_the_ledger(document: str) -> None:
    wrong = {
        (row.document, row.formula): (status(row).value, row.right, row.says)
        for row in WILD
        if row.document == document and not is_right(row) and status(row) not in OPEN
    }
    assert {key: found for key, found in wrong.items() if key not in CONTRADICTED} == {}


def test_what_is_not_read_or_proved_yet_is_counted() -> None:
    missed = [row for row in WILD if not is_right(row) and status(row) in OPEN]
    assert len(missed) <= MISSES, [(row.document, row.formula) for row in missed]


def test_slips_are_found_and_repaired() -> None:
    missed = [row.document for row in WILD if row.slip and not is_right(row)]
    assert len(missed) <= SLIPS_MISSED, missed
    repaired = [
        row.document
        for row in WILD
        if row.slip and any(link.repairs for link in reports()[row.document, row.formula].links)
    ]
    assert len(repaired) >= SLIPS_REPAIRED, repaired


def test_what_the_running_text_says_is_true() -> None:
    for (document, number), report in reports().items():
        if number.startswith("in"):
            assert report.status in (Status.PROVED, Status.DEFINITION), (document, number)
