"""The pages of `derivations/wrong`: no fault is missing, all is as symconv says it today, and loops by hand agree.

The faults are numbered in a list kept by hand.  A page is judged once, by one test; the others read what it quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from typing import NamedTuple

import pytest
from sympy import Expr, Integer, Rational, Symbol, expand

from symconv.proof.verdict import Status
from symconv.read.claims import Document
from symconv.read.reader import read_document
from symconv.reports import FileReport
from tests.wrong_loops import SIDES, Numbers
from tests.wrong_pages import INDEX, WRONG, Section, all_sections, index, judged, pages, with_quotations

PAGES = {page.stem: page for page in pages()}
OF_PAGE = {
    "exercise-sheet": "X01 X02 X03 X04 X05 X06 X07 X08 X09 X10 X11",
    "lecture-notes": "X12 X13 X14 X15 X24 X25 X26 X27 X28 X29 X30 X55",
    "theory-sheet": "X16 X17 X18 X19 X20 X21 X22 X23",
    "book-operation": "X31 X32 X33 X34 X35 X36 X37 X38 X39 X40 X41",
    "book-gradients": "X42 X43 X44 X45 X46 X47 X48",
    "book-summary-and-problems": "X49 X50 X51 X52 X53 X54",
    "handwritten-notes": "X56 X57 X58 X59 X60 X61 X62 X63 X64 X65 X66 X67 X68 X69",
}
FAULTS = [f"X{n:02}" for n in range(1, 70)]
# true under a condition that the text leaves out
CONDITIONAL = "X03 X06 X08 X11 X20 X21 X22 X23 X29 X30 X31 X33 X35 X36 X38 X40 X41 X42 X44 X48 X49 X52"
# there the condition makes another formula of it, so that none stands both with it and without it
OTHERWISE = {"X06", "X08", "X33", "X40", "X48", "X49"}
# the fault stands in a displayed equation of its source, which is shown as it is printed; the others are prose or code
VERBATIM = "X05 X09 X11 X12 X14 X15 X20 X26 X38 X42 X43 X44 X45 X46 X48 X49 X52 X56 X59 X63 X64 X66 X67"
FAULTY = {Status.REFUTED, Status.ILL_FORMED, Status.NOT_UNDERSTOOD}


@pytest.fixture(scope="module")
def found() -> dict[str, Section]:
    """The section about each fault."""
    return {number: section for section in all_sections() for number in section.numbers}


# -- nothing is missing --------------------------------------------------------------------------


def test_every_fault_stands_on_the_page_that_claims_it_and_on_no_other() -> None:
    claimed = [(number, section.page) for section in all_sections() for number in section.numbers]
    wanted = [(number, page) for page, numbers in OF_PAGE.items() for number in numbers.split()]
    assert sorted(claimed) == sorted(wanted)
    assert sorted(number for number, _ in wanted) == FAULTS


def test_only_the_lines_as_they_were_written_are_a_page_without_numbers() -> None:
    assert set(PAGES) - set(OF_PAGE) == {"handwritten-2d-as-printed"}


@pytest.mark.parametrize("number", FAULTS)
def test_each_fault_is_shown_by_a_formula_and_mended_by_one_that_is_proved(
    number: str, found: dict[str, Section]
) -> None:
    section = found[number]
    faulty = [d for d in section.displays if d.status.replace(" ", "_") in FAULTY]
    assert section.having("proved")
    assert faulty or number == "X19"  # which is about a word
    assert section.text.count("\n$$") == len(section.displays)


@pytest.mark.parametrize("number", sorted(set(CONDITIONAL.split()) - OTHERWISE))
def test_a_condition_makes_the_printed_formula_true(number: str, found: dict[str, Section]) -> None:
    proved = {display.latex for display in found[number].having("proved")}
    faulty = [d for d in found[number].displays if d.status != "proved"]
    assert any(d.latex in proved or "; true if " in d.said for d in faulty)


@pytest.fixture(scope="module")
def printed() -> set[str]:
    """The displayed equations of the sources."""
    texts = (path.read_text(encoding="utf-8") for path in (WRONG.parent / "seeds").glob("*.md"))
    return {closed_up(latex) for text in texts for latex in re.findall(r"^\$\$(.+?)\$\$$", text, re.M | re.S)}


def closed_up(latex: str) -> str:
    return "".join(latex.split())


@pytest.mark.parametrize("number", VERBATIM.split())
def test_the_equation_is_shown_as_it_is_printed(number: str, found: dict[str, Section], printed: set[str]) -> None:
    assert any(closed_up(display.latex) in printed for display in found[number].displays)


# -- all is as symconv says it today -------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_what_symconv_says_today(name: str) -> None:
    text = PAGES[name].read_text(encoding="utf-8")
    report = judged(text)
    assert with_quotations(text, report) == text, "run python -m tests.wrong_pages"
    assert [f.formula.id for f in report.formulas if not f.as_expected] == []
    assert {f.status for f in report.formulas} <= {*FAULTY, Status.PROVED, Status.DEFINITION}
    assert all(counterexamples(report))
    assert said_and_read(read_document(text, "md", name)) == said_and_read(
        report.document
    )  # with and without quotations


def said_and_read(document: Document) -> list[tuple[str, str, str | None]]:
    return [(formula.id, formula.latex, formula.expected) for formula in document.formulas]


def counterexamples(report: FileReport) -> Iterator[bool]:
    """Whether each refuted link has a counterexample."""
    links = (link for formula in report.formulas for link in formula.links)
    return (link.verdict.counterexample is not None for link in links if link.status is Status.REFUTED)


def test_the_kept_index_is_that_of_today() -> None:
    kept = INDEX.read_text(encoding="utf-8")
    assert index(kept) == kept, "run python -m tests.wrong_pages"


def test_a_changed_page_would_be_noticed() -> None:
    text = PAGES["book-summary-and-problems"].read_text(encoding="utf-8")
    changed = text.replace("= p_{m,n-1}$$", "= p_{m,n}$$")
    assert changed != text
    assert with_quotations(changed, judged(changed)) != changed


# -- the counterexamples, by loops over letters --------------------------------------------------

SHOWN = re.compile(
    r"refuted; (?P<where>.+?): the claim gives (?P<claimed>.+?), exact is (?P<exact>.+?)(?:; true if .+)?"
)


class Shown(NamedTuple):
    """A counterexample as it is quoted."""

    sizes: Numbers
    at: Numbers
    exact: Expr
    claimed: Expr


def shown(section: Section, n: int) -> Shown:
    """The counterexample to the refuted formula n of a section."""
    parts = SHOWN.fullmatch(section.having("refuted")[n].said)
    assert parts is not None
    sizes, _, at = parts["where"].partition(" at ")
    return Shown(numbers(sizes), numbers(at or sizes), polynomial(parts["exact"]), polynomial(parts["claimed"]))


def numbers(text: str) -> Numbers:
    """`H=1, w=2`, or "every size"."""
    return {name: int(number) for name, _, number in (each.partition("=") for each in text.split(", ")) if number}


def polynomial(text: str) -> Expr:
    """A sum as a counterexample shows it: `2*x[0]*w[1] + y`, or a number."""
    total: Expr = Integer(0)
    for term in text.split(" + "):
        product_of_factors: Expr = Integer(1)
        for factor in term.split("*"):
            product_of_factors *= Rational(factor) if re.fullmatch(r"-?\d+(/\d+)?", factor) else Symbol(factor)
        total += product_of_factors
    return total


@pytest.mark.parametrize(("number", "n"), SIDES)
def test_a_loop_by_hand_finds_the_same_values(number: str, n: int, found: dict[str, Section]) -> None:
    counter = shown(found[number], n)
    exact, claimed = SIDES[number, n](counter.sizes, counter.at)
    assert expand(exact - counter.exact) == 0
    assert expand(claimed - counter.claimed) == 0
    assert expand(exact - claimed) != 0


def smaller(names: list[str], total: int) -> Iterator[Numbers]:
    """All sizes of at least 1 with a smaller sum."""
    return (dict(zip(names, v)) for v in product(range(1, total), repeat=len(names)) if sum(v) < total)


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        ("X01", lambda z: z["H"] >= z["h"] and z["W"] >= z["w"]),
        ("X03", lambda z: z["W"] >= z["w"]),
        ("X37", lambda z: z["R"] >= z["r"]),
        ("X52", lambda z: z["R"] >= z["r"]),
    ],
)
def test_no_smaller_sizes_would_do(number: str, fits: Callable[[Numbers], bool], found: dict[str, Section]) -> None:
    sizes = shown(found[number], 0).sizes
    for other in smaller(list(sizes), sum(sizes.values())):
        if fits(other):
            exact, claimed = SIDES[number, 0](other, {})
            assert exact == claimed, other
