"""The shipped derivations: read completely, and every reading is what a hand computes by loops."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.read.claims import Claim, Kind, Link, WholeClaim
from symconv.read.reader import read_document
from tests.read.loops import equal_everywhere, table

HERE = Path(__file__).parents[2] / "derivations"
PAGES = ["cs233-q5-kernel-gradient", "cs233-q6-input-gradient", "handwritten-2d-input-gradient"]
SIZES = {
    "cs233-q5-kernel-gradient": {"H": 4, "W": 3, "H_K": 2, "W_K": 2},
    "cs233-q6-input-gradient": {"H": 4, "W": 3, "H_K": 3, "W_K": 2},
    "handwritten-2d-input-gradient": {"N_1": 2, "N_2": 3, "k_1": 3, "k_2": 2, "n": 2, "rows_O": 3, "columns_O": 2},
}


def links(name: str) -> list[Link]:
    document = read_document(HERE / f"{name}.md")
    return [link for formula in document.formulas for link in formula.links]


def holds(link: Link, sizes: dict[str, int]) -> bool:
    claim = link.claim
    if isinstance(claim, WholeClaim):
        return table(claim.left, sizes) == table(claim.right, sizes)
    assert isinstance(claim, Claim)
    return equal_everywhere(claim.left, claim.right, claim.free, sizes)


@pytest.mark.parametrize("name", PAGES)
def test_every_formula_is_read(name: str) -> None:
    assert {link.kind for link in links(name)} <= {Kind.CLAIM, Kind.DEFINITION}


@pytest.mark.parametrize("name", PAGES)
def test_what_is_read_holds_entry_by_entry(name: str) -> None:
    claims = [link for link in links(name) if link.kind is Kind.CLAIM]
    assert len(claims) >= 7
    for link in claims:
        assert holds(link, SIZES[name]), link.id


def test_the_faults_of_the_handwriting_are_found_where_they_are() -> None:
    page = read_document(HERE / "wrong" / "handwritten-2d-as-printed.md")
    found = {f.id: [link.kind for link in f.links] for f in page.formulas}
    assert found["eq1"] == [Kind.ILL_FORMED]  # r is bound by nothing
    assert found["eq3"] == [Kind.NOT_UNDERSTOOD]  # no sign of derivation below
    assert found["eq6"] == [Kind.CLAIM, Kind.ILL_FORMED]  # p outlives its sum
    assert found["eq7"] == found["eq13"] == [Kind.ILL_FORMED]
    assert page.expected["eq12"] == "refuted"
    sizes = {"n": 2, "rows_O": 2, "columns_O": 3}
    wrong = {f.id: f.links[0] for f in page.formulas}
    for number in ("eq9", "eq10", "eq11"):
        assert holds(wrong[number], sizes)
    for number in ("eq12", "eq14", "eq15"):
        assert not holds(wrong[number], sizes)


def test_the_whole_claim_of_question_5_is_a_correlation_of_the_image() -> None:
    *_, last = links("cs233-q5-kernel-gradient")
    assert isinstance(last.claim, WholeClaim)
    call = last.claim.right.call  # type: ignore[attr-defined]
    assert call.operation == "correlate"
    assert [t.name for t in call.operands] == ["X", "dL/dF"]


def test_finds_are_kept_with_their_lines() -> None:
    page = read_document(HERE / "cs233-q6-input-gradient.md")
    assert [f.what for f in page.finds] == ["dL/dX"]
