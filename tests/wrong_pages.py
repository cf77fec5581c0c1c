"""The pages of `derivations/wrong`, with what symconv says below each display: `python -m tests.wrong_pages`.

A page is written by hand, up to the quotations below its displays: those are the verdict, the counterexample, the
condition and the repair, taken from the judge.  The index is made of the headings and the quotations.
`tests/test_wrong.py` writes both anew and compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from symconv.judging import verify_text
from symconv.reports import FileReport, FormulaReport, place_and_text, repair_lines

WRONG = Path(__file__).parent.parent / "derivations" / "wrong"
INDEX = WRONG / "README.md"
HEADING = re.compile(r"^## (?P<numbers>X\d\d(?:, X\d\d)*)\. (?P<title>.+)$", re.MULTILINE)
QUOTATION = re.compile(r"\n\n>[^\n]*(?:\n>[^\n]*)*")
DISPLAY = re.compile(
    r"^\$\$(?P<latex>.*?)\$\$\n\n> symconv: `(?:eq[\d.]+: )?(?P<said>[^\n]*)`$", re.MULTILINE | re.DOTALL
)
STATUS = re.compile(r"proved|refuted|ill formed|not understood|definition|not a claim|checked|undecided")
PLACE = re.compile(r"page:\d+:\d+: ")


class Display(NamedTuple):
    """A displayed formula and what is quoted below it."""

    latex: str
    said: str

    @property
    def status(self) -> str:
        found = STATUS.match(self.said)
        return found.group() if found else self.said


class Section(NamedTuple):
    """What a page says of one fault, or of a few that belong together."""

    page: str
    numbers: tuple[str, ...]
    title: str
    text: str

    @property
    def displays(self) -> list[Display]:
        return [Display(found["latex"], found["said"]) for found in DISPLAY.finditer(self.text)]

    def having(self, status: str) -> list[Display]:
        return [display for display in self.displays if display.status == status]


def pages() -> list[Path]:
    return sorted(path for path in WRONG.glob("*.md") if path != INDEX)


# -- the quotations ------------------------------------------------------------------------------


def bare(text: str) -> str:
    """A page without the quotations."""
    return QUOTATION.sub("", text)


def judged(text: str) -> FileReport:
    """The report on a page."""
    (report,) = verify_text(bare(text), name="page").files
    return report


def quoted(report: FormulaReport) -> str:
    """What symconv says of a formula, as a quotation."""
    _, text = place_and_text("page", report)
    said = PLACE.sub("", text).split("\n")[0].removesuffix(" (as expected)")
    return "\n>\n".join(f"> symconv: `{line.strip()}`" for line in [said, *repair_lines(report)])


def with_quotations(text: str, report: FileReport) -> str:
    """A page with what symconv says below each display."""
    lines = bare(text).split("\n")
    for formula in reversed(report.formulas):
        if formula.formula.id.startswith("eq"):
            end = next(n for n in range(formula.formula.line, len(lines) + 1) if lines[n - 1].endswith("$$"))
            lines[end:end] = ["", *quoted(formula).split("\n")]
    return "\n".join(lines)


# -- the index -----------------------------------------------------------------------------------


def sections(page: Path) -> Iterator[Section]:
    """The sections of a page that are about numbered faults."""
    text = page.read_text(encoding="utf-8")
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends):
        numbers = tuple(heading["numbers"].split(", "))
        yield Section(page.stem, numbers, heading["title"], text[heading.start() : end])


def all_sections() -> list[Section]:
    return [section for page in pages() for section in sections(page)]


def index(text: str) -> str:
    """The page of contents: what stands by hand above the first table, then a table a page."""
    parts = [text.split("\n## ")[0].rstrip("\n")]
    for stem, group in groupby(all_sections(), key=lambda section: section.page):
        name = (WRONG / f"{stem}.md").read_text(encoding="utf-8").split("\n")[0].removeprefix("# ")
        head = [f"## [{name}]({stem}.md)", "", "| number | fault | verdicts |", "| --- | --- | --- |"]
        rows = [f"| {', '.join(s.numbers)} | {s.title} | {_counted(s)} |" for s in group]
        parts.append("\n".join(head + rows))
    return "\n\n".join(parts) + "\n"


def _counted(section: Section) -> str:
    names = dict.fromkeys(display.status for display in section.displays)
    return ", ".join(f"{len(section.having(name))} {name}" for name in names)


def main() -> None:
    for page in pages():
        text = page.read_text(encoding="utf-8")
        page.write_text(with_quotations(text, judged(text)), encoding="utf-8")
    INDEX.write_text(index(INDEX.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
