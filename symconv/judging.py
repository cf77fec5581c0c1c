"""From documents to reports: every formula read, judged and compared with what was expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from symconv.errors import InputError, NotationError, SymconvError, reading
from symconv.evidence import judge, judge_tensors
from symconv.given import Entries, judge_given
from symconv.proof.clock import at_most
from symconv.proof.deciding import compares_data
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.verdict import Status, Verdict
from symconv.read.arrays import any_entry
from symconv.read.claims import Claim, Document, Formula, Kind, Link, WholeClaim
from symconv.read.discovery import documents_below
from symconv.read.documents import Form, read_file
from symconv.read.proposal import propose
from symconv.read.reader import read_document
from symconv.repair.search import DefinitionRepair, Repair, definition_repair, repairs, whole_repairs
from symconv.reports import FileReport, FormulaReport, LinkReport, Report, repaired_latex, said_beside
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Value
from symconv.write.latex import latex_of_equation, latex_of_tensor, latex_of_value

DISTINCT = "no two entries of a tensor are equal"  # what ties excluded assumes
SECONDS = 20.0  # for the verdict on one formula
STANDARD_INPUT = "standard input"  # the name of what `-` stands for
PLAIN = {
    Kind.DEFINITION: Status.DEFINITION,
    Kind.NOT_A_CLAIM: Status.NOT_A_CLAIM,
    Kind.NOT_UNDERSTOOD: Status.NOT_UNDERSTOOD,
    Kind.ILL_FORMED: Status.ILL_FORMED,
    Kind.IGNORED: Status.IGNORED,
}


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
    values = [side if isinstance(side, Value) else any_entry(side) for side in sides]
    defined = [link.defines for link in links if link.defines is not None]
    found = [*document.tensors.values(), *defined, *(t for v in values for t in tensors_in(v))]
    return tuple(dict.fromkeys(t for t in found if t.name in document.tensors))


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
    assumed = (*verdict.hypotheses, *link.assumed)
    stated = link.claim.distinct and verdict.status is not Status.ILL_FORMED
    if stated and compares_data(_equation(link.claim)):
        assumed = (*assumed, DISTINCT)
    verdict = replace(verdict, hypotheses=assumed)
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
        return f"{latex_of_value(link.claim.left)} = {latex_of_value(link.claim.right)}" + said_beside(link.claim)
    if isinstance(link.claim, WholeClaim):
        return latex_of_equation(link.claim.left, link.claim.right) + said_beside(link.claim)
    if link.defines is None:
        return ""
    made = link.defines.call is not None
    return latex_of_equation(link.defines, link.defines) if made else latex_of_tensor(link.defines)


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


__all__ = ["NotationError", "Report", "judge_document", "verify_paths", "verify_text"]
