"""What is read of the documents in `derivations`, as a table: `python -m tests.read.reading_table docs/reading.md`.

The ledgers say by hand what is right of each formula; the table compares.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from symconv.judging import FormulaReport
from tests.read.seed_ledger import LEDGER, Row
from tests.read.test_seed_documents import SEEDS

HEAD = """# Reading

`derivations/seeds` holds every displayed equation of five texts on convolution layers, as printed, faults included;
`tests/read/seed_ledger.py` says by hand what is right of each. The table compares, and is made by
`python -m tests.read.reading_table docs/reading.md`; `tests/read/test_seed_documents.py` lets no verdict contradict
the ledger. "Refused" is not understood, with the reason and the place.

| what it is | displays | right | refused | wrong |
| --- | --- | --- | --- | --- |
"""
ERRATA = """
## The faults of the texts

Displayed equations with a numbered fault, or with a condition that is not stated.

| erratum | equation | what it says | status | evidence |
| --- | --- | --- | --- | --- |
"""
REFUSED = """
## What is refused

| equation | what it says | why it is not read |
| --- | --- | --- |
"""


def outcome(row: Row) -> str:
    """right, refused or wrong."""
    return "right" if SEEDS.is_right(row) else "refused" if SEEDS.is_missed(row) else "wrong"


def score() -> Iterator[str]:
    """One line a kind of formula, and one for all."""
    kinds: dict[str, Counter[str]] = {}
    for row in LEDGER:
        kind = "nothing is claimed" if row.right == "not_a_claim" else row.right.replace("_", " ").replace("/", " or ")
        kinds.setdefault(kind, Counter())[outcome(row)] += 1
    claims = Counter[str]()
    for kind, counts in kinds.items():
        claims += counts if kind != "nothing is claimed" and "not " not in kind else Counter()
    for kind, counts in [*sorted(kinds.items()), ("**claims and definitions**", claims)]:
        numbers = (sum(counts.values()), counts["right"], counts["refused"], counts["wrong"])
        yield f"| {kind} | {' | '.join(map(str, numbers))} |"


def evidence(report: FormulaReport) -> str:
    """The verdict in one cell; formulas in it are code."""
    worst = report.worst
    text = "" if worst is None else str(worst.verdict).splitlines()[0].replace(f"{SEEDS.path}/", "")
    repair = "; repaired" if worst is not None and worst.repairs else ""
    return f"`{text.replace('|', '/')[:160]}`{repair}"


def errata() -> Iterator[str]:
    for row in LEDGER:
        if row.erratum:
            report = SEEDS.report(row)
            name = f"{row.document} {row.formula}, {row.place}"
            yield f"| {row.erratum} | {name} | {row.says} | {report.status.value} | {evidence(report)} |"


def refused() -> Iterator[str]:
    for row in LEDGER:
        report = SEEDS.report(row)
        if outcome(row) == "refused":
            worst = report.worst
            message = "" if worst is None else worst.verdict.message.splitlines()[0]
            reason = message.split(": ", 1)[-1].split(":", 2)[-1].strip()
            yield f"| {row.document} {row.formula}, {row.place} | {row.says} | {reason.replace('|', '/')[:200]} |"


def page() -> str:
    lines = [HEAD + "\n".join(score()), ERRATA + "\n".join(errata()), REFUSED + "\n".join(refused())]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
