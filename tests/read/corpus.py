"""A corpus of documents with a ledger: what `verify` says of each display against what is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from symconv.proof.verdict import Status
from symconv.reports import FormulaReport
from tests.shipped import verified

DERIVATIONS = Path(__file__).parents[2] / "derivations"
OPEN = frozenset({Status.NOT_UNDERSTOOD, Status.UNDECIDED, Status.CHECKED})
Key = tuple[str, str]  # document and formula


class Row(Protocol):
    """One display of a ledger; `right` may name two statuses with a slash between them."""

    @property
    def document(self) -> str: ...
    @property
    def formula(self) -> str: ...
    @property
    def right(self) -> str: ...
    @property
    def says(self) -> str: ...


@dataclass(frozen=True)
class Corpus:
    """The documents of one folder of `derivations`, the rows of their ledger, and what counts as left open."""

    folder: str
    rows: Sequence[Row]
    open: frozenset[Status] = OPEN

    @property
    def path(self) -> Path:
        return DERIVATIONS / self.folder

    @property
    def documents(self) -> list[str]:
        return sorted({row.document for row in self.rows})

    @cached_property
    def reports(self) -> dict[Key, FormulaReport]:
        """Every formula of every document, judged once."""
        return {
            (Path(file.document.name).stem, formula.formula.id): formula
            for file in verified(self.path).files
            for formula in file.formulas
        }

    def report(self, row: Row) -> FormulaReport:
        return self.reports[row.document, row.formula]

    def status(self, row: Row) -> Status:
        return self.report(row).status

    def is_right(self, row: Row) -> bool:
        return self.status(row).value in row.right.split("/")

    def is_missed(self, row: Row) -> bool:
        """Neither right nor wrong: refused, or left open."""
        return not self.is_right(row) and self.status(row) in self.open

    def wrong(self, document: str) -> dict[Key, tuple[str, str, str]]:
        """The verdicts that contradict the ledger: what is said, what is right, and of what."""
        return {
            (row.document, row.formula): (self.status(row).value, row.right, row.says)
            for row in self.rows
            if row.document == document and not self.is_right(row) and not self.is_missed(row)
        }

    def names_every_display_once(self) -> bool:
        displays = {key for key in self.reports if key[1].startswith("eq")}
        named = [(row.document, row.formula) for row in self.rows]
        statuses = {s for row in self.rows for s in row.right.split("/")}
        return set(named) == displays and len(named) == len(displays) and statuses <= {s.value for s in Status}

    def false_in_passing(self) -> list[Key]:
        """Inline formulas that are neither proved nor definitions."""
        passes = (Status.PROVED, Status.DEFINITION)
        return [k for k, report in self.reports.items() if k[1].startswith("in") and report.status not in passes]
