"""The reader: a document in, formulas with claims out.

Blocks cut the document into regions.  In each region: parse every formula,
find the definitions, infer what they settle, then build the claims.  A formula
that fails keeps its reason; it never stops the others.  A fault in a block
stops the reading of the document.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from symconv.notation.source import Source
from symconv.notation.symbols import RELATIONS
from symconv.read.block import read_block
from symconv.read.claims import Document, Formula
from symconv.read.documents import Form, Segment, read_file, segments
from symconv.read.facts import Facts
from symconv.read.region import Region
from symconv.term.tensor import Defined


@dataclass
class _Part:
    """The segments under one block."""

    facts: Facts
    items: list[tuple[str, Segment]] = field(default_factory=list)
    keeps: bool = False


def read_document(document: str | Path, form: Form | None = None, name: str = "document") -> Document:
    """Read a document: a path, or a text together with its form ("md", "tex", "ipynb").

    >>> read_document("$$y_i = 2 x_i$$", "md").formulas[0].links[0].kind
    <Kind.DEFINITION: 'definition'>
    """
    if form is None:
        path = Path(document)
        text, form = read_file(path)
        name = str(path)
    else:
        text = str(document)
    result = Document(name)
    formulas: dict[str, Formula] = {}
    before: Region | None = None
    parts = _parts(segments(text, form, name))
    expected = {k: v for part in parts for k, v in part.facts.expected.items()}
    ignored = {i for part in parts for i in part.facts.ignored}
    for part in parts:
        region = Region(part.facts, part.items, ignored, before if part.keeps else None)
        region.read()
        formulas.update(region.formulas)
        result.tensors.update(region.world.tensors)
        result.inferred += tuple(region.world.inferred)
        result.finds += tuple(part.facts.finds)
        before = region
    result.expected = expected
    result.formulas = tuple(_with_expectation(f, expected) for f in formulas.values())
    _check_numbers(parts, result)
    return result


def read_definition(text: str, name: str = "formula") -> Defined:
    r"""The tensor that one formula defines, with `$` around it or without; reads outside are zero.

    Lines and columns of errors are those of the text.

    >>> read_definition(r"\hat{y}_i = \sum_{k=0}^{r-1} w_k x_{i+k}").name
    '\\hat{y}'
    """
    latex = text.strip().strip("$").strip()
    source = Source(text, name)
    region = Region(Facts(outside="zero"), [("eq1", Segment("display", source, latex))], set())
    region.read()
    first, *rest = region.formulas["eq1"].links
    for link in (first, *rest):
        if link.problem is not None:
            raise link.problem
    if first.defines is None or rest:
        place = text.find(latex)
        found = f"'{rest[0].latex if rest else latex}'"
        change = "write y_i = \\sum_{k=0}^{r-1} w_k x_{i+k}, or a document with several formulas"
        raise source.fault(place, found, "one formula that defines a tensor by others", change)
    return first.defines


def _parts(found: list[Segment]) -> list[_Part]:
    """Cut at the blocks and number the formulas."""
    parts = [_Part(Facts())]
    displays = inlines = 0
    for segment in found:
        if segment.what == "block":
            facts = read_block(segment.source, parts[-1].facts if len(parts) > 1 else None)
            keeps = segment.source.text.lstrip().startswith("keep")
            parts.append(_Part(facts, keeps=keeps))
        elif segment.what == "display":
            displays += 1
            parts[-1].items.append((f"eq{displays}", segment))
        elif any(r in segment.latex for r in RELATIONS | {r"\leq", r"\geq", r"\ne", r"\to"}):
            inlines += 1
            parts[-1].items.append((f"in{inlines}", segment))
    return parts


def _with_expectation(formula: Formula, expected: dict[str, str]) -> Formula:
    return replace(formula, expected=expected.get(formula.id))


def _check_numbers(parts: list[_Part], document: Document) -> None:
    """`expect` and `ignore` name formulas that exist."""
    known = {f.id for f in document.formulas} | {link.id for f in document.formulas for link in f.links}
    for part in parts:
        for number in [*part.facts.expected, *sorted(part.facts.ignored)]:
            if number not in known:
                raise Source(number, document.name, part.facts.line).fault(
                    0,
                    f"{number} in the block",
                    f"a formula of this document (eq1 to eq{sum(f.id.startswith('eq') for f in document.formulas)})",
                    "correct the number",
                )
