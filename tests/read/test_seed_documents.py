"""The displayed equations of the five sources, as printed: what `verify` says of each against what is right."""

from __future__ import annotations

import pytest

from tests.read.corpus import Corpus
from tests.read.seed_ledger import LEDGER

SEEDS = Corpus("seeds", LEDGER)
MISSES = 11  # formulas that are not read yet; a reader that reads more lowers this number


def test_the_ledger_names_every_display_once() -> None:
    assert SEEDS.names_every_display_once()
    assert len(LEDGER) == 160


@pytest.mark.parametrize("document", SEEDS.documents)
def test_no_verdict_contradicts_the_ledger(document: str) -> None:
    assert SEEDS.wrong(document) == {}


def test_what_is_not_read_yet_is_counted() -> None:
    missed = [(row.document, row.formula) for row in LEDGER if SEEDS.is_missed(row)]
    assert len(missed) <= MISSES, missed


def test_what_the_running_text_says_is_true() -> None:
    assert SEEDS.false_in_passing() == []
