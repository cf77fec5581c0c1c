"""From documents to reports: every formula read, judged and compared with what was expected of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import TypeAlias

from symconv.errors import InputError, NotationError, SymconvError, reading, writing
from symconv.evidence import judge, judge_tensors
from symconv.given import Entries, judge_given
from symconv.proof.clock import at_most
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.verdict import Counterexample, Status, Verdict, show_number
from symconv.read.claims import Claim, Document, Formula, Kind, Link, WholeClaim
from symconv.read.discovery import documents_below
from symconv.read.documents import Form, read_file
from symconv.read.proposal import propose
from symconv.read.reader import read_document
from symconv.repair.search import DefinitionRepair, Repair, definition_repair, repairs, whole_repairs
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Condition, Entry, Position, Range, Value
from symconv.write.latex import latex_of_equation, latex_of_limit, latex_of_tensor, latex_of_value
from symconv.write.relations import latex_of_condition

SECONDS = 20.0  # for the verdict on one formula
STANDARD_INPUT = "standard input"  # the name of what `-` stands for
PASSES = (Status.PROVED, Status.DEFINITION, Status.NOT_A_CLAIM, Status.IGNORED)
PLAIN = {
    Kind.DEFINITION: Status.DEFINITION,
    Kind.NOT_A_CLAIM: Status.NOT_A_CLAIM,
    Kind.NOT_UNDERSTOOD: Status.NOT_UNDERSTOOD,
    Kind.ILL_FORMED: Status.ILL_FORMED,
    Kind.IGNORED: Status.IGNORED,
}


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


# -- judging --------------------------------------------------------------------------


Watch: TypeAlias = Callable[[Document, int, str], None]  # of this document so many formulas are judged, and now this is


def unwatched(document: Document, judged: int, now: str) -> None:
    """Nobody looks on."""


def judge_document(document: Document, watch: Watch = unwatched) -> FileReport:
    """Judge every link of a document that has been read; then look for repairs, of definitions first."""
    report = FileReport(document)
    for judged, formula in enumerate(document.formulas):
        watch(document, judged, formula.id)
        report.formulas.append(judge_formula(formula))
    if not any(link.status is Status.REFUTED for formula in report.formulas for link in formula.links):
        return report
    watch(document, len(report.formulas), "repairs")
    report.definitions = dict(_definition_repairs(report))
    links = [link for formula in document.formulas for link in formula.links]
    spoiled = [link.defines for link in links if link.id in report.definitions and link.defines is not None]
    known = tensors_of(document)
    report.formulas = [with_repairs(formula, spoiled, known) for formula in report.formulas]
    return report


def tensors_of(document: Document) -> tuple[Tensor, ...]:
    """The tensors that a document gives a name, each once; of two blocks all that bear one name."""
    links = [link for formula in document.formulas for link in formula.links]
    sides = [side for link in links if link.claim is not None for side in (link.claim.left, link.claim.right)]
    values = [side if isinstance(side, Value) else _some_entry(side) for side in sides]
    defined = [link.defines for link in links if link.defines is not None]
    found = [*document.tensors.values(), *defined, *(t for v in values for t in tensors_in(v))]
    return tuple(dict.fromkeys(t for t in found if t.name in document.tensors))


def _some_entry(tensor: Tensor) -> Value:
    return Entry(tensor, tuple(a.low or Poly.of(0) for a in tensor.axes))


def judge_formula(formula: Formula) -> FormulaReport:
    """Judge every link of one formula, without repairs."""
    return FormulaReport(formula, tuple(map(judge_link, formula.links)))


def judge_link(link: Link) -> LinkReport:
    if link.claim is None:
        return LinkReport(link, Verdict(PLAIN[link.kind], message=link.message), _read_as(link))
    try:
        verdict = _judge_claim(link.claim, link.given)
    except SymconvError as error:
        verdict = Verdict(Status.ILL_FORMED, message=str(error))
    verdict = replace(verdict, hypotheses=(*verdict.hypotheses, *link.assumed))
    return LinkReport(link, verdict, _read_as(link))


def with_repairs(report: FormulaReport, spoiled: Sequence[Defined] = (), known: Sequence[Tensor] = ()) -> FormulaReport:
    """With the repairs of each refuted link, unless it is a definition's fault; `known` are the document's tensors."""
    links = tuple(
        link
        if isinstance(link.link.claim, Claim) and any(_speaks_of(link.link.claim, t) for t in spoiled)
        else replace(link, repairs=_shown(link, _repairs(link.link.claim, link.verdict, known)))
        for link in report.links
    )
    return FormulaReport(report.formula, links)


def _shown(report: LinkReport, found: Sequence[Repair]) -> tuple[Repair, ...]:
    """Repairs that read otherwise than the claim: a tensor of another block may bear the same name."""
    return tuple(r for r in found if repaired_latex(report.link, r) != report.read_as)


def _definition_repairs(report: FileReport) -> Iterator[tuple[str, DefinitionRepair]]:
    """Definitions whose slip explains at least two refuted lines."""
    links = [link for formula in report.formulas for link in formula.links]
    for defining in links:
        tensor = defining.link.defines
        if tensor is None:
            continue
        about = [(r, c) for r in links if isinstance(c := r.link.claim, Claim) and _speaks_of(c, tensor)]
        refuted = [(_problem(c), r.verdict.counterexample) for r, c in about if r.status is Status.REFUTED]
        proved = [_problem(c) for r, c in about if r.status is Status.PROVED]
        known = [(p, found) for p, found in refuted if found is not None]
        repair = definition_repair(tensor, known, proved) if len(known) >= 2 else None
        if repair is not None:
            yield defining.link.id, repair


def _speaks_of(claim: Claim, tensor: Tensor) -> bool:
    return any(tensor in set(tensors_in(side)) for side in (claim.left, claim.right))


def _problem(claim: Claim) -> Problem:
    return replace(equation(claim.left, claim.right, claim.free, claim.hypotheses), distinct=claim.distinct)


def _repairs(claim: Claim | WholeClaim | None, verdict: Verdict, known: Sequence[Tensor]) -> tuple[Repair, ...]:
    """Sides that would make a refuted claim true; none where it is true under a condition by itself."""
    if claim is None or verdict.status is not Status.REFUTED or verdict.counterexample is None:
        return ()
    if isinstance(claim, WholeClaim):
        return whole_repairs(claim.left, claim.right, claim.hypotheses, known=known)
    return repairs(_problem(claim), verdict.counterexample, said=claim.said, known=known)


def repaired_latex(link: Link, repair: Repair) -> str:
    """The repaired formula in LaTeX, with the ranges and conditions beside it."""
    claim, right = link.claim, repair.right
    if isinstance(claim, Claim) and isinstance(right, Value):
        left = repair.left if isinstance(repair.left, Value) else claim.left
        name = _size_as_written(link, left)
        said = _beside((*repair.ranges, *claim.said))
        return f"{name or latex_of_value(left)} = {latex_of_value(right)}{said}"
    if isinstance(claim, WholeClaim) and isinstance(right, Tensor):
        return latex_of_equation(repair.left if isinstance(repair.left, Tensor) else claim.left, right) + _said(claim)
    raise TypeError(f"no LaTeX of the repair {repair!r} of {claim!r}")


def _size_as_written(link: Link, left: Value) -> str:
    """`H_o` of `H_o = ...`: a size that stands for a formula keeps its name; so it does at the head of a chain."""
    name, *rest = link.latex.split(" = ")
    head = len(rest) == 1 or (rest and link.id.endswith(".1"))
    return name if head and isinstance(left, Position) and left.poly.as_atom is None else ""


def _judge_claim(claim: Claim | WholeClaim, given: Mapping[str, Entries]) -> Verdict:
    """For all numbers; where that is not true or not settled, at those that the document gives."""
    with at_most(SECONDS):
        if isinstance(claim, WholeClaim):
            verdict = judge_tensors(claim.left, claim.right, claim.hypotheses, claim.distinct)
        else:
            verdict = judge(_problem(claim))
        if not given or verdict or verdict.status is Status.ILL_FORMED:
            return verdict
        at_numbers = judge_given(_equation(claim), given)
        return verdict if at_numbers is None else at_numbers


def _equation(claim: Claim | WholeClaim) -> Problem:
    if isinstance(claim, WholeClaim):
        return replace(tensor_equation(claim.left, claim.right, claim.hypotheses), distinct=claim.distinct)
    return _problem(claim)


def _read_as(link: Link) -> str:
    """The formula printed back from the tree, with the ranges and conditions beside it."""
    if isinstance(link.claim, Claim):
        return f"{latex_of_value(link.claim.left)} = {latex_of_value(link.claim.right)}" + _said(link.claim)
    if isinstance(link.claim, WholeClaim):
        return latex_of_equation(link.claim.left, link.claim.right) + _said(link.claim)
    if link.defines is None:
        return ""
    made = link.defines.call is not None
    return latex_of_equation(link.defines, link.defines) if made else latex_of_tensor(link.defines)


def _said(claim: Claim | WholeClaim) -> str:
    """`\\quad \\text{for } 0 \\le i \\le n-1`."""
    return _beside(claim.said)


def _beside(said: Sequence[Range | Condition]) -> str:
    limits = [s for s in said if isinstance(s, Condition) or s.low is not None or s.high is not None]
    return rf" \quad \text{{for }} {', '.join(map(latex_of_limit, limits))}" if limits else ""


def verify_paths(
    paths: Iterable[str | Path],
    standard_input: str | None = None,
    only_with_block: bool = False,
    watch: Watch = unwatched,
) -> Report:
    """Read and judge files, directories (every document below that holds a block) and `-`.

    With `only_with_block` a file without a block is left out.
    Raises `NotationError` for a fault in a declaration block, `InputError` for a file that cannot be read.
    Of several files the others are judged nevertheless, and the error is kept in the report.
    """
    given = [file for path in paths for file in _judged_below(str(path), standard_input, only_with_block, watch)]
    if len(given) == 1 and given[0].error is not None:
        raise given[0].error
    return Report(given)


def _judged_below(path: str, standard_input: str | None, only_with_block: bool, watch: Watch) -> Iterator[FileReport]:
    """The file, or every document of a directory."""
    try:
        files = [path] if path == "-" else map(str, documents_below(Path(path), only_with_block))
    except SymconvError as error:
        yield FileReport(Document(path), error=error)
        return
    for file in files:
        try:
            document = _document(file, standard_input)
        except SymconvError as error:
            yield FileReport(Document(STANDARD_INPUT if file == "-" else file), error=error)
        else:
            yield judge_document(document, watch)


def _document(path: str, standard_input: str | None) -> Document:
    if path == "-":
        if standard_input is None:
            raise InputError("-", "no standard input", "a text", "give a path, or the text and its form")
        return read_document(standard_input, "md", STANDARD_INPUT)
    with reading(path):
        return read_document(Path(path))


def proposals(paths: Iterable[str], standard_input: str | None = None) -> Iterator[str]:
    """For each document the block that it lacks, as one would write it there; or the line that it has one."""
    for path in paths:
        text, form = _read(path, standard_input)
        block = propose(text, form, path)
        if block is None:
            yield f"{path}: has a block\n"
        elif form == "tex":
            yield "".join(f"% symconv: {line}\n" for line in block.splitlines())
        else:
            yield f"```symconv\n{block}\n```\n"


def _read(path: str, standard_input: str | None) -> tuple[str, Form]:
    if path == "-":
        return standard_input or "", "md"
    with reading(path):
        return read_file(Path(path))


def verify_text(text: str, form: Form = "md", name: str = "document") -> Report:
    """Read and judge a text."""
    return Report([judge_document(read_document(text, form, name))])


# -- output -----------------------------------------------------------------------------


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


def report_json(report: Report, version: str) -> str:
    """The report as one JSON object."""
    files = [
        {
            "path": file.document.name,
            "summary": dict(sorted(file.summary.items())),
            "formulas": [_formula_json(f, file) for f in file.formulas],
        }
        for file in report.files
    ]
    return json.dumps({"version": version, "files": files}, indent=1, ensure_ascii=False)


def _formula_json(report: FormulaReport, file: FileReport) -> dict[str, object]:
    worst = report.worst
    formula = report.formula
    head = {"id": formula.id, "line": formula.line, "column": formula.column, "latex": formula.latex}
    body = _verdict_json(Verdict(report.status)) if worst is None else _link_json(worst)
    for repair in (file.definitions[link.link.id] for link in report.links if link.link.id in file.definitions):
        body["repair"] = {"latex": latex_of_tensor(repair.definition), "status": Status.PROVED.value}
    links = [
        {
            "id": link.link.id,
            "line": link.link.line,
            "column": link.link.column,
            "latex": link.link.latex,
            **_link_json(link),
            "expected": None,
        }
        for link in report.links
        if len(report.links) > 1
    ]
    return {**head, **body, "expected": formula.expected, "links": links}


def _link_json(report: LinkReport) -> dict[str, object]:
    found = _verdict_json(report.verdict) | {"read_as": report.read_as}
    for repair in report.repairs[:1]:
        latex = repaired_latex(report.link, repair)
        found |= {"repair": {"latex": latex, "status": repair.verdict.status.value}}
    return found


def _verdict_json(verdict: Verdict) -> dict[str, object]:
    condition = verdict.condition
    return {
        "read_as": "",
        "status": verdict.status.value,
        "scope": verdict.scope,
        "message": verdict.message,
        "counterexample": _counterexample_json(verdict.counterexample),
        "condition": None
        if condition is None
        else {"latex": latex_of_condition(condition.condition), "status": Status.PROVED.value},
        "repair": None,
        "hypotheses_used": list(verdict.hypotheses),
        "seconds": round(verdict.seconds, 4),
    }


def _counterexample_json(found: Counterexample | None) -> dict[str, object] | None:
    if found is None:
        return None
    return {
        "sizes": {k: str(v) for k, v in found.sizes.items()},
        "at": {k: str(v) for k, v in found.at.items()},
        "claimed": found.claimed_sum or show_number(found.claimed),
        "exact": found.exact_sum or show_number(found.exact),
    }


def write_certificates(report: Report, directory: Path) -> list[Path]:
    """One JSON file for each proved link, named after the path of its document and its formula."""
    with writing(directory):
        directory.mkdir(parents=True, exist_ok=True)
    written = []
    for file in report.files:
        for formula in file.formulas:
            for link in formula.links:
                if link.verdict.trace is not None:
                    path = directory / f"{_file_name(file.document.name)}.{_file_name(link.link.id)}.json"
                    with writing(path):
                        link.verdict.save(path)
                    written.append(path)
    return written


def _file_name(text: str) -> str:
    """A name for a file, another one for every text; nothing in it leads out of a directory.

    >>> _file_name("note.md"), _file_name("u/note.md"), _file_name("../x y.md")
    ('note.md', 'u__note.md', 'up__x_y.md-568b550f')
    """
    parts = text.split("/")
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", "__".join(p.lstrip(".") or "up" for p in parts))[-120:]
    if name.split("__") == parts and not re.search(r"-[0-9a-f]{8}$", name):
        return name
    return f"{name}-{sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


__all__ = ["NotationError", "Report", "judge_document", "verify_paths", "verify_text"]
