"""The displayed equations of the five sources, as printed: what `verify` says of each against what is right."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from symconv.judging import FormulaReport, verify_paths
from symconv.proof.verdict import Status
from tests.read.seed_ledger import LEDGER, Row

HERE = Path(__file__).parents[2] / "derivations" / "seeds"
DOCUMENTS = sorted({row.document for row in LEDGER})
MISSES = 11  # formulas that are not read yet; a reader that reads more lowers this number

# Formulas of which the verdict is wrong. None may be added.
CONTRADICTED: set[tuple[str, str]] = set()
OPEN = {Status.NOT_UNDERSTOOD, Status.UNDECIDED, Status.CHECKED}


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
    displays = {key for key in reports() if key[1].startswith("eq")}
    rows = [(row.document, row.formula) for row in LEDGER]
    assert set(rows) == displays
    assert len(rows) == len(displays) == 160
    assert {s for row in LEDGER for s in row.statuses} <= {s.value for s in Status}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_verdict_contradicts_the_ledger(document: str) -> None:
    wrong = {
        (row.document, row.formula): (status(row).value, row.right, row.says)
        for row in LEDGER
        if row.document == document and not is_right(row) and status(row) not in OPEN
    }
    assert {key: found for key, found in wrong.items() if key not in CONTRADICTED} == {}


def test_what_is_not_read_yet_is_counted() -> None:
    missed = [row for row in LEDGER if not is_right(row) and status(row) in OPEN]
    assert len(missed) <= MISSES, [(row.document, row.formula) for row in missed]


def test_what_the_running_text_says_is_true() -> None:
    for (document, number), report in reports().items():
        if number.startswith("in"):
            assert report.status in (Status.PROVED, Status.DEFINITION), (document, number)
