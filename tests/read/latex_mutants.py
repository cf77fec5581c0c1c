"""Single edits of the LaTeX of proved formulas, judged from the text: what a slip of the pen does.

    python -m tests.read.latex_mutants docs/edits.md

writes how the edits of all derivations are judged, and how many refuted ones are shown with a repair.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from symconv.errors import NotationError
from symconv.judging import SECONDS as USUAL
from symconv.judging import judge_formula, tensors_of, with_repairs
from symconv.proof.clock import OutOfTime, at_most
from symconv.proof.evaluate import World, differ
from symconv.proof.evaluation.numbers import EvaluationError
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.search import SizeSearch
from symconv.proof.verdict import Status
from symconv.read.claims import Claim, Formula, WholeClaim
from symconv.read.documents import Form, read_file
from symconv.read.reader import read_document
from symconv.repair.search import Repair
from symconv.reports import FormulaReport
from symconv.term.tensor import Tensor
from symconv.term.value import Value
from tests.read.latex_edits import EDITS, edits_of

ROOT = Path(__file__).parents[2] / "derivations"
SECONDS = 5.0  # for the verdict on one edit, with the condition under which it is true
PLACES = 60  # looked at by the referee, at each of its sizes


@dataclass(frozen=True)
class Edit:
    """One edit of one formula: the document with it, and what it was."""

    kind: str
    document: Path
    formula: str
    text: str
    line: str


@dataclass(frozen=True)
class Outcome:
    """What is said of an edited formula, and where brute force contradicts it."""

    status: str
    repaired: bool = False
    wrong: str = ""


def documents() -> list[Path]:
    """All derivations by hand; `solutions` is written by `solve`, and a table of contents has no formulas."""
    found = (path for path in ROOT.rglob("*.*") if path.suffix in (".md", ".tex", ".ipynb"))
    return sorted(path for path in found if path.parent.name != "solutions" and path.name != "README.md")


def edits(path: Path) -> Iterator[Edit]:
    """The edits of every formula of a document that is proved."""
    text, form = read_file(path)
    for formula in read_document(path).formulas:
        if judge_formula(formula).status is Status.PROVED:
            for kind, changed in edits_of(formula.latex):
                yield Edit(kind, path, formula.id, _with(text, form, formula, changed), changed)


def _with(text: str, form: Form, formula: Formula, changed: str) -> str:
    """The document with the formula changed at its place; in a notebook, where it stands once."""
    old, new = formula.latex, changed
    if form == "ipynb":
        old, new = (json.dumps(latex, ensure_ascii=False)[1:-1] for latex in (old, new))
        if text.count(old) != 1:
            raise AssertionError(f"{formula.id} stands {text.count(old)} times: {old}")
        return text.replace(old, new)
    lines = text.splitlines(keepends=True)
    at = text.index(old, sum(map(len, lines[: formula.line - 1])) + formula.column - 1)
    return text[:at] + new + text[at + len(old) :]


def judged(edit: Edit) -> FormulaReport | None:
    """The edited formula in its document; None where the edit changes which formulas there are."""
    try:
        document = read_document(edit.text, read_file(edit.document)[1], edit.document.name)
    except NotationError:  # the edit contradicts a line of the block
        return None
    same = (f for f in document.formulas if (f.id, f.latex) == (edit.formula, edit.line))
    formula = next(same, None)
    if formula is None:
        return None
    with at_most(SECONDS):
        report = judge_formula(formula)
    return with_repairs(report, known=tensors_of(document))


def outcome(edit: Edit) -> Outcome:
    """The verdict on the edited formula, and the referee's."""
    try:
        report = judged(edit)
    except OutOfTime:
        return Outcome("time")
    except Exception as error:
        raise AssertionError(f"{edit.document.name} {edit.formula}: {edit.line}") from error
    if report is None:
        return Outcome("another document")
    repaired = any(link.repairs for link in report.links)
    late = any(str(link.verdict).startswith("undecided: time") for link in report.links)
    status = "time" if report.status is Status.UNDECIDED and late else report.status.value.replace("_", " ")
    return Outcome(status, repaired, false_somewhere(report))


# -- the referee ----------------------------------------------------------------------


def false_somewhere(report: FormulaReport) -> str:
    """Where brute force finds a proved link or a repair false, with numbers of its own; empty if nowhere."""
    for link in report.links:
        claim = link.link.claim
        if claim is None:
            continue
        if link.status is Status.PROVED and (where := _difference(_problem(claim))):
            return f"{link.link.id}: {where}"
        for repair in link.repairs:
            if where := _difference(_repaired(claim, repair)):
                return f"{link.link.id}, a repair: {where}"
    return ""


def _problem(claim: Claim | WholeClaim) -> Problem:
    if isinstance(claim, WholeClaim):
        return tensor_equation(claim.left, claim.right, claim.hypotheses)
    return equation(claim.left, claim.right, claim.free, claim.hypotheses)


def _repaired(claim: Claim | WholeClaim, repair: Repair) -> Problem:
    if isinstance(claim, WholeClaim) and isinstance(repair.right, Tensor):
        left = claim.left if repair.left is None else repair.left
        assert isinstance(left, Tensor)
        return tensor_equation(left, repair.right, claim.hypotheses)
    assert isinstance(claim, Claim)
    assert isinstance(repair.right, Value)
    if not isinstance(repair.left, Value):
        return equation(claim.left, repair.right, claim.free, claim.hypotheses)
    others = {r.name: r for r in repair.ranges}
    free = tuple(others.get(r.name, r) for r in claim.free)
    hypotheses = tuple(c for c in claim.hypotheses if c in claim.said or not c.poly.names())
    return equation(repair.left, repair.right, free, hypotheses)


def _difference(problem: Problem) -> str:
    facts = [g for g in problem.facts() if not g.poly.names()]
    for number, sizes in enumerate(SizeSearch(problem.sizes, facts, 4_000).upto(12 + 2 * len(problem.sizes))):
        if number >= 12:
            break
        world = World(sizes, 900 + number, values=(problem.left, problem.right))
        if not all(world.holds(c, {}) for c in problem.hypotheses if not c.poly.names()):
            continue
        for at in _places(problem, world):
            try:
                if differ(world.value(problem.left, at), world.value(problem.right, at)):
                    return f"{sizes} at {at}"
            except EvaluationError:
                continue
    return ""


def _places(problem: Problem, world: World) -> Iterator[dict[str, int]]:
    """The first places of the free indices that the hypotheses allow."""
    places: list[dict[str, int]] = [{}]
    for r in problem.free:
        reach = max([2, *world.sizes.values()]) + 1
        places = [
            {**at, r.name: i}
            for at in places
            for i in range(
                -1 if r.low is None else world.poly(r.low, at),
                (reach if r.high is None else world.poly(r.high, at)) + 1,
            )
        ][: 40 * PLACES]
    conditional = [c for c in problem.hypotheses if c.poly.names()]
    return iter([at for at in places if all(world.holds(c, at) for c in conditional)][:PLACES])


# -- the table ------------------------------------------------------------------------

HEAD = """# Edits of the text

Every formula of `derivations` that is proved, those of worked solutions aside, is changed in its LaTeX by one edit,
read again in its document, and judged as `verify` does it, with {seconds:.0f} seconds for a verdict instead of
{usual:.0f}. Brute force, at other sizes and with other numbers than the search used, then looks at what is proved and
at every repair that is shown; "wrong" is what it contradicts. A formula that is proved after an edit is one that stays
true, such as a sum with its index renamed or its limit moved into zeros. "Open" is checked or undecided, "time" is
undecided for want of time, "nothing" claims nothing any more: it is a definition, or the document has other formulas.
The tables are made by `python -m tests.read.latex_mutants docs/edits.md`, in about twenty minutes.
"""
COLUMNS = ("proved", "refuted", "repaired", "ill formed", "not understood", "open", "time", "nothing", "wrong")
Row = Counter[str]


def row_of(found: list[Outcome]) -> Row:
    """How many there are in each column."""
    columns = {"checked": "open", "undecided": "open"}
    row: Row = Counter()
    for each in found:
        name = columns.get(each.status, each.status)
        row[name if name in COLUMNS else "nothing"] += 1
        row["repaired"] += each.repaired and each.status == "refuted"
        row["wrong"] += bool(each.wrong)
    return row


def shown(name: str, row: Row) -> str:
    judged = row.total() - row["repaired"] - row["wrong"]
    return f"| {name} | {judged} | " + " | ".join(str(row[c]) for c in COLUMNS) + " |"


def table(title: str, rows: dict[str, Row]) -> str:
    head = f"| {title} | judged | {' | '.join(COLUMNS)} |\n|{' --- |' * (len(COLUMNS) + 2)}\n"
    return head + "\n".join(shown(name, row) for name, row in rows.items()) + "\n"


def share(kinds: dict[str, Row]) -> Iterator[str]:
    """What part of the refuted edits is shown with a repair, by kind."""
    for kind, row in kinds.items():
        if row["refuted"]:
            yield f"| {kind} | {100 * row['repaired'] / row['refuted']:.0f} % |"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(found: dict[Path, list[tuple[Edit, Outcome]]]) -> str:
    """The whole document."""
    every = [pair for pairs in found.values() for pair in pairs]
    kinds = {kind: row_of([o for e, o in every if e.kind == kind]) for kind, _ in EDITS}
    kinds["**all**"] = row_of([o for _, o in every])
    papers = {name_of(path): row_of([o for _, o in pairs]) for path, pairs in found.items() if pairs}
    repairs = "| edit | repaired |\n| --- | --- |\n" + "\n".join(share(kinds)) + "\n"
    return "\n".join(
        (
            HEAD.format(seconds=SECONDS, usual=USUAL),
            table("edit", kinds),
            "Of the refuted edits this part is shown with a repair; a repair is proved before it is shown.\n",
            repairs,
            table("document", papers),
        )
    )


def main(path: str) -> int:
    found: dict[Path, list[tuple[Edit, Outcome]]] = {}
    for document in documents():
        found[document] = []
        for edit in edits(document):
            said = outcome(edit)
            found[document].append((edit, said))
            if said.wrong:
                print(f"WRONGLY PROVED {name_of(document)} {said.wrong}: {edit.line}", flush=True)
    Path(path).write_text(page(found), encoding="utf-8")
    return 1 if any(o.wrong for pairs in found.values() for _, o in pairs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
