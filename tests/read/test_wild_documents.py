"""Documents in the styles of the wild: what `verify` says of each formula against what is right."""

from __future__ import annotations

import pytest

from symconv.proof.verdict import Status
from tests.read.corpus import OPEN, Corpus
from tests.read.wild_ledger import SLIPS, STYLES, WILD

DOCUMENTS = Corpus("wild", WILD, OPEN | {Status.IGNORED})  # true lines that are not proved yet are passed over
MISSES = 11  # formulas that are not read or not proved yet; a reader that reads more lowers this number
SLIPS_MISSED = 0
SLIPS_REPAIRED = 8


def test_the_ledger_names_every_display_once() -> None:
    assert DOCUMENTS.names_every_display_once()


def test_half_of_the_documents_have_one_slip() -> None:
    slipped = [row.document for row in WILD if row.slip]
    assert len(slipped) == len(set(slipped)) == 11
    assert len(DOCUMENTS.documents) == 21
    assert set(STYLES) == set(DOCUMENTS.documents)
    assert set(SLIPS) == {row.slip for row in WILD if row.slip}


@pytest.mark.parametrize("document", DOCUMENTS.documents)
def test_no_verdict_contradicts_the_ledger(document: str) -> None:
    assert DOCUMENTS.wrong(document) == {}


def test_what_is_not_read_or_proved_yet_is_counted() -> None:
    missed = [(row.document, row.formula) for row in WILD if DOCUMENTS.is_missed(row)]
    assert len(missed) <= MISSES, missed


def test_slips_are_found_and_repaired() -> None:
    missed = [row.document for row in WILD if row.slip and not DOCUMENTS.is_right(row)]
    assert len(missed) <= SLIPS_MISSED, missed
    repaired = [row.document for row in WILD if row.slip and any(k.repairs for k in DOCUMENTS.report(row).links)]
    assert len(repaired) >= SLIPS_REPAIRED, repaired


def test_what_the_running_text_says_is_true() -> None:
    assert DOCUMENTS.false_in_passing() == []
