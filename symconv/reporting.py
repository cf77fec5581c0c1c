"""What `verify` found, as one page of HTML that needs nothing else: formulas as they were read, verdicts, evidence.

The page of one report is always the same text: it holds no date, no time and
nothing of the machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from symconv.notation.layout import Numeral, Row, Sign, row
from symconv.notation.markup import Markup, element, together
from symconv.notation.mathml_writer import write_mathml
from symconv.page.document import displayed, html_document, lines, mathematics
from symconv.picturing import pictures
from symconv.proof.verdict import Counterexample, Status, Verdict, show_number
from symconv.read.claims import Claim, WholeClaim
from symconv.repair.search import DefinitionRepair
from symconv.reports import PASSES, FileReport, FormulaReport, LinkReport, Report, repaired_latex
from symconv.term.tensor import Tensor
from symconv.write.latex import Layouts, latex_of_tensor
from symconv.write.relations import latex_of_condition
from symconv.write.report_style import STYLE

# status: the class of its colour, and its mark
LOOKS = {
    Status.REFUTED: ("bad", "✗"),
    Status.ILL_FORMED: ("bad", "!"),
    Status.UNDECIDED: ("open", "…"),
    Status.NOT_UNDERSTOOD: ("open", "?"),
    Status.CHECKED: ("open", "~"),
    Status.PROVED: ("good", "✓"),
    Status.DEFINITION: ("plain", "≔"),
    Status.NOT_A_CLAIM: ("plain", "-"),
    Status.IGNORED: ("plain", "-"),
}
Fact = tuple[str, Markup]


def report_html(report: Report, version: str) -> str:
    """The report as a page."""
    body = (
        _summary(report),
        _contents(report),
        element("main", *(_file(file, n) for n, file in enumerate(report.files, 1))),
        element("footer", f"Judged by symconv {version}."),
    )
    return html_document("Verdicts on formulas", STYLE, *body)


# -- the top of the page -------------------------------------------------------------------


def _summary(report: Report) -> Markup:
    formulas = list(report.formulas)
    amiss = sum(not f.as_expected for f in formulas)
    number = f"{len(formulas)} formula{'' if len(formulas) == 1 else 's'}"
    documents = f"{len(report.files)} document{'' if len(report.files) == 1 else 's'}"
    outcome = f"{amiss} not as expected" if amiss else "all as expected"
    outcome += f"; {len(report.errors)} not read" if report.errors else ""
    counts = sum((file.summary for file in report.files), Counter[str]())
    return element(
        "header", element("h1", "Verdicts"), element("p", f"{number} in {documents}, {outcome}."), _counts(counts)
    )


def _counts(counts: Counter[str]) -> Markup:
    """A badge for each status that occurs, the worst first."""
    found = [status for status in Status if counts[status.value]]
    return element("ul", *(element("li", _badge(s, counts[s.value])) for s in found), class_="counts")


def _badge(status: Status, count: int | None = None) -> Markup:
    colour, mark = LOOKS[status]
    number = "" if count is None else f"{count} "
    return element("span", f"{mark} {number}{status.value.replace('_', ' ')}", class_=f"badge {colour}")


def _contents(report: Report) -> Markup:
    documents = (_contents_of(file, n) for n, file in enumerate(report.files, 1))
    return element("nav", element("h2", "Contents"), element("ol", *lines(documents)), aria_label="Contents")


def _contents_of(file: FileReport, n: int) -> Markup:
    ids = (_mention(report, n) for report in file.formulas)
    name = element("a", file.document.name, href=f"#d{n}")
    return element("li", name, element("ul", *lines(ids), class_="ids"))


def _mention(report: FormulaReport, n: int) -> Markup:
    """A formula in the contents; in bold where it is not as expected."""
    colour, mark = LOOKS[report.status]
    title = report.status.value.replace("_", " ")
    kind = colour if report.as_expected else f"{colour} amiss"
    anchor = f"#{_anchor(n, report.formula.id)}"
    return element("li", element("a", f"{report.formula.id} {mark}", href=anchor, class_=kind, title=title))


def _anchor(n: int, name: str) -> str:
    return f"d{n}-{name}"


# -- a document and its formulas --------------------------------------------------------------


def _file(file: FileReport, n: int) -> Markup:
    formulas = (article(report, file, n) for report in file.formulas)
    heading = element("h2", file.document.name, id=f"d{n}")
    if file.error is not None:
        return element("section", *lines((heading, element("pre", str(file.error)))))
    return element("section", *lines((heading, _counts(file.summary), *formulas, inferred(file))))


def inferred(file: FileReport) -> Markup:
    """What no declaration states, with the line that it was taken from."""
    facts = file.document.inferred
    if not facts:
        return Markup()
    items = (element("li", element("span", f"line {f.line}: ", class_="soft"), f.text) for f in facts)
    return together(element("h3", "Inferred from the text"), element("ul", *lines(items), class_="inferred"))


def article(report: FormulaReport, file: FileReport, n: int) -> Markup:
    """One formula of the n-th document: as it was read, the verdict and the evidence."""
    formula = report.formula
    place = f"{file.document.name}:{formula.line}:{formula.column}"
    several = len(report.links) > 1
    head = (
        element("h3", formula.id),
        _badge(report.status),
        Markup() if several or report.worst is None else _scope(report.worst.verdict),
        _expectation(report),
        element("span", place, class_="place"),
    )
    links = [_link(link, file, n) if several else together(*_findings(link, file)) for link in report.links]
    source = _source(formula.latex, unfolded=not any(link.read_as for link in report.links))
    pieces = (element("div", *head, class_="head"), *links, source)
    colour = LOOKS[report.status][0]
    return element("article", *lines(pieces), id=_anchor(n, formula.id), class_=colour)


def _scope(verdict: Verdict) -> Markup:
    return element("span", f"for {verdict.scope}") if verdict.scope else Markup()


def _expectation(report: FormulaReport) -> Markup:
    """Whether the expectation is met; what passes without one needs no word."""
    if report.as_expected:
        return element("span", "as expected", class_="soft") if report.expected is not None else Markup()
    wanted = Status.PROVED if report.expected is None else report.expected
    return element("strong", f"expected: {wanted.value.replace('_', ' ')}")


def _link(report: LinkReport, file: FileReport, n: int) -> Markup:
    """One equality of a display with several."""
    link = report.link
    place = element("span", f"line {link.line}, column {link.column}", class_="place")
    head = (element("strong", link.id), _badge(report.status), _scope(report.verdict), place)
    pieces = (element("div", *head, class_="head"), *_findings(report, file))
    return element("div", *lines(pieces), id=_anchor(n, link.id), class_=f"link {LOOKS[report.status][0]}")


def _source(latex: str, unfolded: bool) -> Markup:
    """The LaTeX of the document; unfolded where nothing was read of it."""
    code = element("pre", element("code", latex))
    return element("details", element("summary", "as written"), code, open_="" if unfolded else None)


# -- what was found of one equality --------------------------------------------------------------


def _findings(report: LinkReport, file: FileReport) -> Iterator[Markup]:
    """The formula as read, then the evidence."""
    if report.read_as:
        yield displayed(report.read_as)
    facts = [*_facts(report), *_definition_repair(file.definitions.get(report.link.id))]
    if facts:
        yield element("dl", *(together(element("dt", name), element("dd", fact), Markup("\n")) for name, fact in facts))
    claim, found = report.link.claim, report.verdict.counterexample
    if claim is not None and found is not None:
        yield _pictures(claim, found)


def _facts(report: LinkReport) -> Iterator[Fact]:
    verdict = report.verdict
    if verdict.message and verdict.counterexample is None:
        yield "note" if verdict.status in PASSES else "reason", _message(verdict.message)
    if verdict.hypotheses:
        yield "assumed", together(*_separated(element("code", text) for text in verdict.hypotheses))
    yield from _counterexample(verdict)
    if verdict.condition is not None:
        latex = latex_of_condition(verdict.condition.condition)
        yield "true if", together(mathematics(latex, False), " (proved)")
    for repair in report.repairs:
        latex = repaired_latex(report.link, repair)
        yield "proved instead", together(element("span", repair.slip, class_="soft"), displayed(latex))


def _message(text: str) -> Markup:
    """A message; below its first line it shows the text, with a caret under the place."""
    first, *rest = text.split("\n")
    return together(first, element("pre", "\n".join(rest))) if rest else together(first)


def _counterexample(verdict: Verdict) -> Iterator[Fact]:
    found = verdict.counterexample
    if found is None:
        return
    yield "false at", _where(found)
    yield "the claim gives", element("code", found.claimed_sum or show_number(found.claimed))
    yield "exact is", element("code", found.exact_sum or show_number(found.exact))


def _where(found: Counterexample) -> Markup:
    """The sizes, the entry, and particular numbers where only these show the difference."""
    sizes, place = (
        together(*_separated(_inline(row(Layouts().name(n), Sign("="), Numeral(str(at)))) for n, at in numbers.items()))
        for numbers in (found.sizes, found.at)
    )
    where = [piece for piece in (sizes, together("entry ", place) if place else "") if piece]
    if found.numbers:
        given = _separated(element("code", f"{entry} = {number}") for entry, number in found.numbers.items())
        where.append(together("where ", *given))
    return together(*_separated(where, "; ")) if where else together("every size")


def _definition_repair(repair: DefinitionRepair | None) -> Iterator[Fact]:
    if repair is not None:
        rest = f"; {repair.broken} lines repeat the slip" if repair.broken else ""
        told = f"{repair.slip}; {repair.mended} refuted lines are proved with it{rest}"
        yield "mended", together(element("span", told, class_="soft"), displayed(latex_of_tensor(repair.definition)))


def _pictures(claim: Claim | WholeClaim, found: Counterexample) -> Markup:
    """The tensors at the sizes of the counterexample, where the entry has two indices."""
    grids = pictures(claim, found)
    if not grids:
        return Markup()
    drawn = (element("div", grid.svg(), _caption(tensor)) for tensor, grid in grids)
    legend = ["framed: the entry at which the two sides differ"]
    legend += ["disc: read by the exact side"] if any(grid.exact for _, grid in grids) else []
    legend += ["cross: read by the claim"] if any(grid.claimed for _, grid in grids) else []
    return element("figure", *lines(drawn), element("figcaption", "; ".join(legend)))


def _caption(tensor: Tensor | None) -> Markup:
    return together("left side") if tensor is None else _inline(Layouts().tensor(tensor))


# -- mathematics ------------------------------------------------------------------------------------


def _inline(layout: Row) -> Markup:
    return write_mathml(layout, display=False)


def _separated(pieces: Iterable[str], separator: str = ", ") -> Iterator[str]:
    for n, piece in enumerate(pieces):
        if n:
            yield separator
        yield piece


__all__ = ["article", "inferred", "report_html"]
