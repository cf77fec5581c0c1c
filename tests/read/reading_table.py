"""What is read of the documents in `derivations`, as tables: `python -m tests.read.reading_table docs/reading.md`.

The ledgers say by hand what is right of each formula; the tables compare.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from symconv.reports import FormulaReport
from tests.read import wild_ledger
from tests.read.corpus import Corpus
from tests.read.corpus import Row as AnyRow
from tests.read.seed_ledger import LEDGER
from tests.read.test_seed_documents import SEEDS
from tests.read.test_wild_documents import DOCUMENTS as WILD
from tests.read.wild_ledger import SLIPS, STYLES

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

DOCUMENTS = """
## Documents as others write them

`derivations/wild` holds documents in the styles in which people write such derivations; half of them were given one
slip, which makes one display false or without meaning. `tests/read/wild_ledger.py` says by hand what is right,
`tests/read/test_wild_documents.py` lets no verdict contradict it. "Refused" is everything that is passed over: not
understood, checked at small sizes, or undecided.

| document | style | displays | right | refused | wrong | slip | found | repaired |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
SLIPS_HEAD = """
A slip is found if its display is refuted or ill formed, as the ledger says; repaired, if a formula is shown that is
proved instead. What has no meaning has no repair.

| slip in | planted | found | repaired |
| --- | --- | --- | --- |
"""


def outcome(corpus: Corpus, row: AnyRow) -> str:
    """right, refused or wrong."""
    return "right" if corpus.is_right(row) else "refused" if corpus.is_missed(row) else "wrong"


def numbers(counts: Counter[str]) -> str:
    """How many rows there are, then how many of each outcome."""
    outcomes = [counts[name] for name in ("right", "refused", "wrong")]
    return " | ".join(map(str, (sum(outcomes), *outcomes)))


def score() -> Iterator[str]:
    """One line a kind of formula, and one for all."""
    kinds: dict[str, Counter[str]] = {}
    for row in LEDGER:
        kind = "nothing is claimed" if row.right == "not_a_claim" else row.right.replace("_", " ").replace("/", " or ")
        kinds.setdefault(kind, Counter())[outcome(SEEDS, row)] += 1
    claims = Counter[str]()
    for kind, counts in kinds.items():
        claims += counts if kind != "nothing is claimed" and "not " not in kind else Counter()
    for kind, counts in [*sorted(kinds.items()), ("**claims and definitions**", claims)]:
        yield f"| {kind} | {numbers(counts)} |"


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
        if outcome(SEEDS, row) == "refused":
            worst = report.worst
            message = "" if worst is None else worst.verdict.message.splitlines()[0]
            reason = message.split(": ", 1)[-1].split(":", 2)[-1].strip()
            yield f"| {row.document} {row.formula}, {row.place} | {row.says} | {reason.replace('|', '/')[:200]} |"


def is_repaired(row: AnyRow) -> bool:
    return any(link.repairs for link in WILD.report(row).links)


def documents() -> Iterator[str]:
    """One line a document, and one for all."""
    everything, found, repaired = Counter[str](), 0, 0
    for document in WILD.documents:
        rows = [row for row in wild_ledger.WILD if row.document == document]
        counts = Counter(outcome(WILD, row) for row in rows)
        everything += counts
        slip = next((row for row in rows if row.slip), None)
        marks = ["", "", ""]
        if slip is not None:
            found += WILD.is_right(slip)
            repaired += is_repaired(slip)
            marks = [slip.slip, yes(WILD.is_right(slip)), yes(is_repaired(slip))]
        yield f"| {document} | {STYLES[document]} | {numbers(counts)} | {' | '.join(marks)} |"
    planted = sum(1 for row in wild_ledger.WILD if row.slip)
    yield f"| **all** | | {numbers(everything)} | {planted} | {found} | {repaired} |"


def yes(said: bool) -> str:
    return "yes" if said else "no"


def slips() -> Iterator[str]:
    """One line a class of slips, and one for all."""
    planted = [row for row in wild_ledger.WILD if row.slip]
    for name in (*dict.fromkeys(SLIPS.values()), "**all**"):
        rows = [row for row in planted if name in (SLIPS[row.slip], "**all**")]
        yield f"| {name} | {len(rows)} | {sum(map(WILD.is_right, rows))} | {sum(map(is_repaired, rows))} |"


def page() -> str:
    lines = [
        HEAD + "\n".join(score()),
        ERRATA + "\n".join(errata()),
        REFUSED + "\n".join(refused()),
        DOCUMENTS + "\n".join(documents()),
        SLIPS_HEAD + "\n".join(slips()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
