"""The pages of `derivations/wrong`, with what symconv says below each display: `python -m tests.wrong_pages`.

A page is written by hand, up to the quotations below its displays: those are the verdict, the counterexample, the
condition and the repair, taken from the judge.  The index is made of the headings and the verdicts.
`tests/test_wrong.py` writes both anew and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from symconv.judging import FileReport, FormulaReport, place_and_text, repair_lines, verify_text

WRONG = Path(__file__).parent.parent / "derivations" / "wrong"
INDEX = WRONG / "README.md"
HEADING = re.compile(r"^## (?P<numbers>X\d\d(?:, X\d\d)*)\. (?P<title>.+)$", re.MULTILINE)
QUOTATION = re.compile(r"\n\n>[^\n]*(?:\n>[^\n]*)*")
PLACE = re.compile(r"page:\d+:\d+: ")


class Section(NamedTuple):
    """What a page says of one fault, or of a few that belong together."""

    page: str
    numbers: tuple[str, ...]
    title: str
    text: str
    formulas: tuple[FormulaReport, ...]

    @property
    def statuses(self) -> list[str]:
        return [formula.status.value for formula in self.formulas]


def pages() -> list[Path]:
    return sorted(path for path in WRONG.glob("*.md") if path != INDEX)


def bare(text: str) -> str:
    """A page without the quotations."""
    return QUOTATION.sub("", text)


@cache
def judged(text: str) -> FileReport:
    """The report on a page; of equal texts one."""
    (report,) = verify_text(text, name="page").files
    return report


def quoted(report: FormulaReport) -> str:
    """What symconv says of a formula, as a quotation."""
    _, text = place_and_text("page", report)
    said = PLACE.sub("", text).split("\n")[0].removesuffix(" (as expected)")
    return "\n>\n".join(f"> symconv: `{line.strip()}`" for line in [said, *repair_lines(report)])


def with_quotations(text: str) -> str:
    """A page with what symconv says below each display."""
    lines = bare(text).split("\n")
    for report in reversed(judged(bare(text)).formulas):
        if report.formula.id.startswith("eq"):
            end = next(n for n in range(report.formula.line, len(lines) + 1) if lines[n - 1].endswith("$$"))
            lines[end:end] = ["", *quoted(report).split("\n")]
    return "\n".join(lines)


def sections(page: Path) -> Iterator[Section]:
    """The sections of a page that are about numbered faults."""
    text = page.read_text(encoding="utf-8")
    formulas = judged(text).formulas
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends):
        first, last = (text.count("\n", 0, position) + 1 for position in (heading.start(), end))
        inside = tuple(f for f in formulas if first <= f.formula.line <= last)
        numbers = tuple(heading["numbers"].split(", "))
        yield Section(page.stem, numbers, heading["title"], text[heading.start() : end], inside)


def all_sections() -> list[Section]:
    return [section for page in pages() for section in sections(page)]


def index(text: str) -> str:
    """The page of contents: what stands by hand above the first table, then a table a page."""
    head = text.split("\n## ")[0].rstrip("\n")
    parts = [head]
    for stem, group in groupby(all_sections(), key=lambda section: section.page):
        name = (WRONG / f"{stem}.md").read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")
        rows = [f"| {', '.join(s.numbers)} | {s.title} | {_counted(s.statuses)} |" for s in group]
        parts.append("\n".join([f"## [{name}]({stem}.md)", "", "| number | fault | verdicts |", "| --- | --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _counted(statuses: list[str]) -> str:
    names = dict.fromkeys(statuses)
    return ", ".join(f"{statuses.count(name)} {name.replace('_', ' ')}" for name in names) or "a fact, tested"


def main() -> None:
    for page in pages():
        page.write_text(with_quotations(page.read_text(encoding="utf-8")), encoding="utf-8")
    INDEX.write_text(index(INDEX.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
