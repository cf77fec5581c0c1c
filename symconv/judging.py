"""From documents to reports: every formula read, judged and compared with what was expected of it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from pathlib import Path

from symconv.errors import InputError, NotationError, SymconvError, reading, writing
from symconv.evidence import judge, judge_tensors
from symconv.proof.problem import equation
from symconv.proof.verdict import Counterexample, Status, Verdict, show_number
from symconv.read.claims import Claim, Document, Formula, Kind, Link, WholeClaim
from symconv.read.documents import Form
from symconv.read.reader import read_document
from symconv.write.latex import latex_of_tensor, latex_of_value
from symconv.write.relations import latex_of_condition

SUFFIXES = (".md", ".tex", ".ipynb")
BLOCK = re.compile(rb"^[^\n]*(?:`{3,}|~{3,})[ ]*symconv\b|^[ \t]*%[ \t]*symconv:", re.MULTILINE)
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
    """All formulas of one document."""

    document: Document
    formulas: list[FormulaReport] = field(default_factory=list)

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
    def exit_code(self) -> int:
        """0: all as expected; 1: something refuted or ill-formed; 2: something else that is no pass."""
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


def judge_document(document: Document) -> FileReport:
    """Judge every link of a document that has been read."""
    report = FileReport(document)
    for formula in document.formulas:
        links = tuple(judge_link(link) for link in formula.links)
        report.formulas.append(FormulaReport(formula, links))
    return report


def judge_link(link: Link) -> LinkReport:
    if link.claim is None:
        return LinkReport(link, Verdict(PLAIN[link.kind], message=link.message), _read_as(link))
    try:
        verdict = _judge_claim(link.claim)
    except SymconvError as error:
        verdict = Verdict(Status.ILL_FORMED, message=str(error))
    return LinkReport(link, verdict, _read_as(link))


def _judge_claim(claim: Claim | WholeClaim) -> Verdict:
    if isinstance(claim, WholeClaim):
        return judge_tensors(claim.left, claim.right, claim.hypotheses)
    return judge(equation(claim.left, claim.right, claim.free, claim.hypotheses))


def _read_as(link: Link) -> str:
    """The formula printed back from the tree."""
    if isinstance(link.claim, Claim):
        return f"{latex_of_value(link.claim.left)} = {latex_of_value(link.claim.right)}"
    if isinstance(link.claim, WholeClaim):
        return f"{latex_of_call_or_name(link.claim.left)} = {latex_of_call_or_name(link.claim.right)}"
    return "" if link.defines is None else latex_of_tensor(link.defines)


def latex_of_call_or_name(tensor: object) -> str:
    from symconv.term.tensor import Tensor
    from symconv.write.latex import latex_of_call

    if not isinstance(tensor, Tensor):
        raise TypeError(f"no LaTeX of {tensor!r}")
    return latex_of_call(tensor)


def verify_paths(paths: Iterable[str | Path], standard_input: str | None = None) -> Report:
    """Read and judge files, directories (every document below that holds a block) and `-`.

    Raises `NotationError` for a fault in a declaration block, `InputError` for a file that cannot be read.
    """
    report = Report()
    for path in paths:
        if str(path) == "-":
            if standard_input is None:
                raise InputError("-", "no standard input", "a text", "give a path, or the text and its form")
            report.files.append(judge_document(read_document(standard_input, "md", "standard input")))
            continue
        for file in documents_below(Path(path)):
            with reading(file):
                document = read_document(file)
            report.files.append(judge_document(document))
    return report


def verify_text(text: str, form: Form = "md", name: str = "document") -> Report:
    """Read and judge a text."""
    return Report([judge_document(read_document(text, form, name))])


def documents_below(path: Path) -> list[Path]:
    """The file itself, or every document in a directory and below it that holds a block."""
    if path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
        found = [p for p in files if _holds_block(p)]
        if not found:
            endings = ", ".join(SUFFIXES)
            raise InputError(
                str(path), "no document with a block", f"a {endings} with a ```symconv block", "name the file itself"
            )
        return found
    if not path.exists():
        raise InputError(str(path), "no such file", "a document or a directory", "correct the path")
    if path.suffix not in SUFFIXES:
        raise InputError(
            str(path), f"the ending '{path.suffix}'", ".md, .tex or .ipynb", "rename it, or give it by standard input"
        )
    return [path]


def _holds_block(path: Path) -> bool:
    with reading(path):
        text = path.read_bytes()
    return BLOCK.search(text) is not None or (path.suffix == ".ipynb" and b"```symconv" in text)


# -- output -----------------------------------------------------------------------------


def report_lines(file: FileReport) -> Iterator[str]:
    """A line a formula, with the links that matter below; then what was inferred."""
    name = file.document.name
    for report in file.formulas:
        worst = report.worst
        place = f"{name}:{report.formula.line}:{report.formula.column}"
        text = str(worst.verdict) if worst is not None else report.status.value
        if worst is not None and len(report.links) > 1 and report.status not in PASSES:
            place, text = f"{name}:{worst.link.line}:{worst.link.column}", f"{worst.link.id}: {text}"
        note = ""
        if report.expected is not None:
            note = " (as expected)" if report.as_expected else f" (expected {report.expected.value.replace('_', ' ')})"
        yield f"{place}: {report.formula.id} {text}{note}"
    for fact in file.document.inferred:
        yield f"{name}:{fact.line}: inferred: {fact.text}"
    yield f"{name}: {_counts(file)}"


def _counts(file: FileReport) -> str:
    counts = (f"{count} {status.replace('_', ' ')}" for status, count in sorted(file.summary.items()))
    return ", ".join(counts) or "no formulas"


def report_json(report: Report, version: str) -> str:
    """The report as one JSON object."""
    files = [
        {
            "path": file.document.name,
            "summary": dict(sorted(file.summary.items())),
            "formulas": [_formula_json(f) for f in file.formulas],
        }
        for file in report.files
    ]
    return json.dumps({"version": version, "files": files}, indent=1, ensure_ascii=False)


def _formula_json(report: FormulaReport) -> dict[str, object]:
    worst = report.worst
    formula = report.formula
    head = {"id": formula.id, "line": formula.line, "column": formula.column, "latex": formula.latex}
    body = (
        _verdict_json(worst.verdict, worst.read_as) if worst is not None else _verdict_json(Verdict(report.status), "")
    )
    links = [
        {
            "id": link.link.id,
            "line": link.link.line,
            "column": link.link.column,
            "latex": link.link.latex,
            **_verdict_json(link.verdict, link.read_as),
            "expected": None,
        }
        for link in report.links
        if len(report.links) > 1
    ]
    return {**head, **body, "expected": formula.expected, "links": links}


def _verdict_json(verdict: Verdict, read_as: str) -> dict[str, object]:
    condition = verdict.condition
    return {
        "read_as": read_as,
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
