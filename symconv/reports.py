"""What was found in a document: the verdict on each link, formula and file, and the lines that tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TypeAlias

from symconv.errors import SymconvError
from symconv.proof.verdict import Status, Verdict
from symconv.read.claims import Claim, Document, Formula, Link, WholeClaim
from symconv.repair.search import DefinitionRepair, Repair
from symconv.term.tensor import Tensor
from symconv.term.value import Condition, Position, Range, Value
from symconv.write.latex import latex_of_equation, latex_of_limit, latex_of_tensor, latex_of_value

PASSES = (Status.PROVED, Status.DEFINITION, Status.NOT_A_CLAIM, Status.IGNORED)


@dataclass(frozen=True, slots=True, repr=False)
class LinkReport:
    """The verdict on one equality."""

    link: Link
    verdict: Verdict
    read_as: str = ""
    repairs: tuple[Repair, ...] = ()

    @property
    def status(self) -> Status:
        return self.verdict.status

    def __repr__(self) -> str:
        return f"<LinkReport {self.link.id}: {self.verdict}>"


@dataclass(frozen=True, slots=True, repr=False)
class FormulaReport:
    """The verdicts on the links of one formula; the worst one counts."""

    formula: Formula
    links: tuple[LinkReport, ...]

    @property
    def status(self) -> Status:
        order = list(Status)
        return min((link.status for link in self.links), key=order.index, default=Status.NOT_A_CLAIM)

    @property
    def worst(self) -> LinkReport | None:
        return next((link for link in self.links if link.status is self.status), None)

    @property
    def expected(self) -> Status | None:
        return None if self.formula.expected is None else Status(self.formula.expected)

    @property
    def as_expected(self) -> bool:
        return self.status is self.expected if self.expected is not None else self.status in PASSES

    def __repr__(self) -> str:
        return f"<FormulaReport {self.formula.id}: {self.status.value}>"


@dataclass(slots=True, repr=False)
class FileReport:
    """All formulas of one document; none where an error keeps it from being read."""

    document: Document
    formulas: list[FormulaReport] = field(default_factory=list)
    definitions: dict[str, DefinitionRepair] = field(default_factory=dict)  # by the id of the link that defines
    error: SymconvError | None = None

    @property
    def summary(self) -> Counter[str]:
        return Counter(f.status.value for f in self.formulas)

    def __repr__(self) -> str:
        return f"<FileReport {self.document.name}: {_counts(self)}>"


@dataclass(slots=True, repr=False)
class Report:
    """What `verify` found in all files; `exit_code` is that of the command."""

    files: list[FileReport] = field(default_factory=list)

    @property
    def formulas(self) -> Iterator[FormulaReport]:
        return (f for file in self.files for f in file.formulas)

    @property
    def errors(self) -> list[SymconvError]:
        """Why files could not be read."""
        return [file.error for file in self.files if file.error is not None]

    @property
    def exit_code(self) -> int:
        """0: all as expected; 1: something refuted or ill-formed; 2: something else that is no pass.

        If a file could not be read, the code of that error: the least, if there are several.
        """
        if self.errors:
            return min(error.exit_code for error in self.errors)
        amiss = [f.status for f in self.formulas if not f.as_expected]
        if not amiss:
            return 0
        return 1 if {Status.REFUTED, Status.ILL_FORMED} & set(amiss) or _unexpectedly_good(amiss) else 2

    def __bool__(self) -> bool:
        return self.exit_code == 0

    def __str__(self) -> str:
        return "\n".join(line for file in self.files for line in report_lines(file))

    def __repr__(self) -> str:
        return f"<Report: {len(self.files)} files, exit code {self.exit_code}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def _unexpectedly_good(amiss: list[Status]) -> bool:
    """Proved although something else was expected: the expectation is wrong, so the document is."""
    return any(s in PASSES for s in amiss)


def repaired_latex(link: Link, repair: Repair) -> str:
    """The repaired formula in LaTeX, with the ranges and conditions beside it."""
    claim, right = link.claim, repair.right
    if isinstance(claim, Claim) and isinstance(right, Value):
        left = repair.left if isinstance(repair.left, Value) else claim.left
        name = _size_as_written(link, left)
        said = beside((*repair.ranges, *claim.said))
        return f"{name or latex_of_value(left)} = {latex_of_value(right)}{said}"
    if isinstance(claim, WholeClaim) and isinstance(right, Tensor):
        return latex_of_equation(repair.left if isinstance(repair.left, Tensor) else claim.left, right) + said_beside(
            claim
        )
    raise TypeError(f"no LaTeX of the repair {repair!r} of {claim!r}")


def _size_as_written(link: Link, left: Value) -> str:
    """`H_o` of `H_o = ...`: a size that stands for a formula keeps its name; so it does at the head of a chain."""
    name, *rest = link.latex.split(" = ")
    head = len(rest) == 1 or (rest and link.id.endswith(".1"))
    return name if head and isinstance(left, Position) and left.poly.as_atom is None else ""


def said_beside(claim: Claim | WholeClaim) -> str:
    """`\\quad \\text{for } 0 \\le i \\le n-1`."""
    return beside(claim.said)


def beside(said: Sequence[Range | Condition]) -> str:
    limits = [s for s in said if isinstance(s, Condition) or s.low is not None or s.high is not None]
    return rf" \quad \text{{for }} {', '.join(map(latex_of_limit, limits))}" if limits else ""


Paint: TypeAlias = Callable[[str, Status], str]  # what is said of a formula, to be shown


def unpainted(text: str, status: Status) -> str:
    """As it is."""
    return text


def report_lines(file: FileReport, paint: Paint = unpainted) -> Iterator[str]:
    """A line a formula, with the links that matter below; then what was inferred.  Or why there is none."""
    name = file.document.name
    if file.error is not None:
        yield str(file.error)
        return
    for report in file.formulas:
        place, text = place_and_text(name, report)
        yield f"{place}: {report.formula.id} {paint(text, report.status)}"
        yield from repair_lines(report)
        for link in report.links:
            if (repair := file.definitions.get(link.link.id)) is not None:
                latex = latex_of_tensor(repair.definition)
                rest = f"; {repair.broken} lines repeat the slip" if repair.broken else ""
                yield f"    {repair.mended} refuted lines are proved with ({repair.slip}): {latex}{rest}"
    for fact in file.document.inferred:
        yield f"{name}:{fact.line}: inferred: {fact.text}"
    yield f"{name}: {_counts(file)}"


def repair_lines(report: FormulaReport) -> Iterator[str]:
    """What would be true instead."""
    worst = report.worst
    if worst is not None:
        for repair in worst.repairs:
            yield f"    proved instead ({repair.slip}): {repaired_latex(worst.link, repair)}"


def place_and_text(name: str, report: FormulaReport) -> tuple[str, str]:
    """Where the formula, or the link that matters, stands in a document of that name; and what is said of it."""
    worst = report.worst
    place = f"{name}:{report.formula.line}:{report.formula.column}"
    text = str(worst.verdict) if worst is not None else report.status.value
    if worst is not None and len(report.links) > 1 and report.status not in PASSES:
        place, text = f"{name}:{worst.link.line}:{worst.link.column}", f"{worst.link.id}: {text}"
    if report.expected is not None:
        text += " (as expected)" if report.as_expected else f" (expected {report.expected.value.replace('_', ' ')})"
    return place, text


def _counts(file: FileReport) -> str:
    counts = (f"{count} {status.replace('_', ' ')}" for status, count in sorted(file.summary.items()))
    return ", ".join(counts) or "no formulas"
