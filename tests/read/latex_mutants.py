"""Single edits of the LaTeX of proved formulas: what a slip of the pen does to the text.

    python -m tests.read.latex_mutants docs/edits.md

writes how the edits of all derivations are judged, and how many refuted ones are repaired; about four minutes.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from symconv.errors import NotationError
from symconv.judging import FormulaReport, judge_document, judge_formula, with_repairs
from symconv.proof.evaluate import World, differ
from symconv.proof.evaluation.numbers import EvaluationError
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.search import SizeSearch
from symconv.proof.verdict import Status
from symconv.read.claims import Claim, WholeClaim
from symconv.read.reader import read_document

ROOT = Path(__file__).parents[2] / "derivations"
PLACES = 60  # looked at by the referee, at each of its sizes


@dataclass(frozen=True)
class Edit:
    """One edit of one formula: the document with it, and what it was."""

    kind: str
    document: Path
    formula: str
    text: str
    line: str


def edits_of(latex: str) -> Iterator[tuple[str, str]]:
    """Every single edit, by kind."""
    for found in re.finditer(r"(?<=[_{,(\[ ])([a-z])(?=[},)\] +-])", latex):
        for step in ("+1", "-1"):
            yield "index +-1", latex[: found.end()] + step + latex[found.end() :]
    for found in re.finditer(r"(?<=[\w}'])\s*([+-])\s*(?=[\w\\(])", latex):
        other = "-" if found[1] == "+" else "+"
        yield "sign", latex[: found.start(1)] + other + latex[found.end(1) :]
    for found in re.finditer(r"(?<=\^\{)([^{}]*)(?=\})", latex):
        if latex[: found.start()].rstrip("^{").rstrip().endswith("}"):
            yield "limit", latex[: found.end()] + "+1" + latex[found.end() :]
    for found in re.finditer(r"=0\}", latex):
        yield "limit", latex[: found.start()] + "=1}" + latex[found.end() :]
    for found in re.finditer(r"([a-z]'?)\s*,\s*([a-z]'?)(?=[}\])])", latex):
        yield "swapped", latex[: found.start()] + f"{found[2]},{found[1]}" + latex[found.end() :]
    for found in re.finditer(r"'", latex):
        yield "prime dropped", latex[: found.start()] + latex[found.end() :]
    for found in re.finditer(r"rot180|\\text\{rot180\}", latex):
        yield "flip dropped", latex[: found.start()] + latex[found.end() :]


def edits() -> Iterator[Edit]:
    """The edits of every formula that is proved, one document after the other."""
    for path in sorted(ROOT.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for report in judge_document(read_document(path)).formulas:
            latex = report.formula.latex
            if report.status is Status.PROVED and text.count(latex) == 1:
                seen = {latex}
                for kind, changed in edits_of(latex):
                    if changed not in seen:
                        seen.add(changed)
                        yield Edit(kind, path, report.formula.id, text.replace(latex, changed), changed)


def judged(edit: Edit) -> FormulaReport | None:
    """The edited formula in its document; None where the edit changes which formulas there are."""
    try:
        document = read_document(edit.text, "md", edit.document.name)
        formula = next((f for f in document.formulas if f.latex == edit.line), None)
        return None if formula is None else judge_formula(formula)
    except NotationError:  # the edit contradicts a line of the block
        return None
    except Exception as error:
        raise AssertionError(f"{edit.document.name} {edit.formula}: {edit.line}") from error


def false_somewhere(report: FormulaReport) -> str:
    """Where brute force finds a proved link false, with numbers of its own; empty if nowhere."""
    for link in report.links:
        claim = link.link.claim
        if link.status is Status.PROVED and claim is not None:
            where = _difference(_problem(claim))
            if where:
                return f"{link.link.id}: {where}"
    return ""


def _problem(claim: Claim | WholeClaim) -> Problem:
    if isinstance(claim, WholeClaim):
        return tensor_equation(claim.left, claim.right, claim.hypotheses)
    return equation(claim.left, claim.right, claim.free, claim.hypotheses)


def _difference(problem: Problem) -> str:
    facts = [g for g in problem.facts() if not g.poly.names()]
    for number, sizes in enumerate(SizeSearch(problem.sizes, facts, 4_000).upto(12 + 2 * len(problem.sizes))):
        if number >= 12:
            break
        world = World(sizes, 900 + number, values=(problem.left, problem.right))
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


HEAD = """# Edits of the text

Every formula of `derivations` that is proved is changed in its LaTeX by one edit, read again in its document, and
judged. Brute force, at other sizes and with other numbers than the search used, then looks at what is proved. A formula
that is proved after an edit is one that stays true, such as a sum with its index renamed or its limit moved into zeros.
The table is made by `python -m tests.read.latex_mutants docs/edits.md`.

| edit | verdict | number |
| --- | --- | --- |
"""


def main(path: str) -> int:
    counts: Counter[tuple[str, str]] = Counter()
    repaired = wrong = 0
    for edit in edits():
        report = judged(edit)
        status = "another formula" if report is None else report.status.value.replace("_", " ")
        counts[edit.kind, status] += 1
        if report is not None:
            repaired += any(link.repairs for link in with_repairs(report).links)
            where = false_somewhere(report)
            if where:
                wrong += 1
                print(f"WRONGLY PROVED {edit.document.name} {where}: {edit.line}")
    rows = [f"| {kind} | {status} | {number} |" for (kind, status), number in sorted(counts.items())]
    refuted = sum(n for (_, s), n in counts.items() if s == "refuted")
    last = (
        f"{counts.total()} edits, {wrong} wrongly proved; {repaired} of {refuted} refuted ones are shown with a repair."
    )
    Path(path).write_text(HEAD + "\n".join([*rows, "", last, ""]), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
