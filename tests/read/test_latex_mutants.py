"""Single edits of the text of proved formulas: none that brute force shows false is proved; docs/edits.md is true."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.proof.verdict import Status
from tests.read.latex_edits import EDITS, edits_of
from tests.read.latex_mutants import COLUMNS, ROOT, Row, documents, edits, name_of, outcome, row_of, shown

PAGE = (Path(__file__).parents[2] / "docs" / "edits.md").read_text(encoding="utf-8")
SAMPLE = (
    pytest.param("wild/true-convolution.ipynb", marks=pytest.mark.targets),  # in the job beside the README's tests
    "wild/valid-convolution-from-one.md",
    "wild/output-sizes.md",
)


@pytest.mark.parametrize(
    ("kind", "latex", "expected"),
    [
        ("index +-1", "x_{i}", {"x_{i+1}", "x_{i-1}"}),
        ("sign", "x_{i-k}", {"x_{i+k}"}),
        (
            "limit +-1",
            r"\sum_{k=0}^{r}",
            {r"\sum_{k=0}^{r+1}", r"\sum_{k=0}^{r-1}", r"\sum_{k=1}^{r}", r"\sum_{k=-1}^{r}"},
        ),
        (
            "changed bound",
            r"\sum_{u=0}^{r-1} \sum_{v=0}^{c-1}",
            {r"\sum_{u=0}^{c-1} \sum_{v=0}^{c-1}", r"\sum_{u=0}^{r-1} \sum_{v=0}^{r-1}"},
        ),
        ("swapped indices", "K_{u,v}", {"K_{v,u}"}),
        ("another index", "K_{o,c}", {"K_{c,c}", "K_{o,o}"}),
        ("dropped prime", "w_{a'}", {"w_{a}"}),
        ("dropped flip", "K_{r-1-u}", {"K_{u}"}),
        ("factor", r"\frac{1}{k^2} x", {" x", r"\frac{1}{k} x"}),
        ("factor", "H + 2p", {"H + p"}),
        ("factor", "(i - p)", {"(i - 2p)"}),
        (
            "denominator",
            r"\frac{\partial F}{\partial X}",
            {r"\frac{\partial F}{\partial F}"},
        ),
        ("condition", r"0 \le a < k", {"0 <  a < k", r"0 \le a \le  k"}),
    ],
)
def test_the_edits_of_one_kind(kind: str, latex: str, expected: set[str]) -> None:
    assert set(dict(EDITS)[kind](latex)) == expected


def test_each_text_counts_once() -> None:
    texts = [changed for _, changed in edits_of(r"y_{i} = \sum_{k=0}^{r-1} w_{k'} x_{i-k, j}")]
    assert len(texts) == len(set(texts)) >= 10


@pytest.mark.parametrize("name", SAMPLE)
def test_the_row_of_a_document_is_that_of_today(name: str) -> None:
    """Whether a repair is found in its time depends on the machine; the verdicts do not."""
    row, written = row_of([outcome(edit) for edit in edits(ROOT / name)]), _rows("document")[name]
    assert row["wrong"] == 0
    assert all(row[column] == written[column] for column in COLUMNS if column != "repaired"), shown(name, row)


def test_no_row_has_a_wrong_proof_and_the_sums_agree() -> None:
    kinds, papers = (_rows(title) for title in ("edit", "document"))
    whole = kinds.pop("**all**")
    assert whole["wrong"] == 0
    assert whole["refuted"] > 1000
    assert list(kinds) == [kind for kind, _ in EDITS]
    assert sum(kinds.values(), Row()) == sum(papers.values(), Row()) == whole


def _rows(title: str) -> dict[str, Row]:
    """The rows of one table of the page: after the name, how many are judged, then the columns."""
    (table,) = (part for part in PAGE.split("\n\n") if part.startswith(f"| {title} | judged |"))
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    return {name: +Row(dict(zip(COLUMNS, map(int, numbers), strict=True))) for name, _, *numbers in cells}


@pytest.mark.slow
@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_no_edit_is_wrongly_proved(path: Path) -> None:
    found = [outcome(edit) for edit in edits(path)]
    assert [o.wrong for o in found if o.wrong] == []
    assert not any(o.status == Status.PROVED.value and o.repaired for o in found)
