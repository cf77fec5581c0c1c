"""The gallery: exercises with their worked solutions, and documents with the verdict on each of their formulas.

Before Sphinx reads its sources a page is written for each document of `derivations`, into `docs/gallery`, which no
repository keeps: the words of the document, and directives that solve it or judge it while the page is read.  What they
show is printed by the printers of `symconv solve` and `symconv verify`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from itertools import count
from os.path import normpath
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from _ext.mathematics import framed
from _ext.parts import paragraph, raw, section
from symconv.judging import verify_paths
from symconv.notation.markup import Markup, element
from symconv.page.html import HtmlPrinter
from symconv.page.nodes import Figure, Heading, Node, Page
from symconv.reporting import article, inferred
from symconv.reports import FileReport
from symconv.solving import solve_spec
from symconv.specs import parse_spec

ROOT = Path(__file__).parents[2]
EXERCISES, HANDS, WRONG = "derivations/exercises", "derivations", "derivations/wrong"
_BLOCK = re.compile(r"^```symconv$", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_DISPLAY = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_QUOTED = re.compile(r"^> symconv:.*\n(?:>.*\n)*\n?", re.MULTILINE)  # what the verdict in its place says as well
_LINK = re.compile(r"\]\(([^()#:]+\.md)(#[\w-]+)?\)")
_COMMAND = "```{code-block} console\n$ symconv %s\n```"


def documents(folder: str) -> list[str]:
    """The Markdown documents of a folder, below the root of the repository."""
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / folder).glob("*.md"))


# -- the sources of the pages ---------------------------------------------------------------------


def write_pages(app: Sphinx) -> None:
    """The pages of the gallery; one that is as it should be is not touched, one without a document goes."""
    folder = Path(app.srcdir, "gallery")
    folder.mkdir(exist_ok=True)
    pages = {f"{page_name(path)}.md": exercise_page(path) for path in documents(EXERCISES)}
    pages |= {f"{page_name(path)}.md": judged_page(path) for part in (HANDS, WRONG) for path in documents(part)}
    for left in {path.name for path in folder.glob("*.md")} - set(pages):
        (folder / left).unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            whole = path.with_suffix(f".{os.getpid()}")  # another build may read it meanwhile
            whole.write_text(text, encoding="utf-8")
            whole.replace(path)


def page_name(path: str) -> str:
    """`hand-note-wrong` for derivations/wrong/note.md, beside `hand-note` for derivations/note.md."""
    folder, stem = Path(path).parent.name, Path(path).stem
    return {"exercises": f"exercise-{stem}", "wrong": f"hand-{stem}-wrong"}.get(folder, f"hand-{stem}")


def exercise_page(path: str) -> str:
    """The question, and a directive for its solution."""
    question = _shown(_source(path))
    command = _COMMAND % f"solve {path} -o solution.html"
    return f"{question.rstrip()}\n\n{command}\n\n```{{solution}} {path}\n```\n"


def judged_page(path: str) -> str:
    """The document, with a directive for the verdict in the place of each display."""
    numbers = count(1)
    parts = _FENCE.split(_linked(_QUOTED.sub("", _source(path)), path))
    words = (_DISPLAY.sub(lambda _: f"```{{judged}} {path} eq{next(numbers)}\n```", part) for part in parts[::2])
    fences = iter(parts[1::2])
    body = "".join(piece + next(fences, "") for piece in words)
    command = _COMMAND % f"verify {path} -o report.html"
    return f"{_shown(body).rstrip()}\n\n{command}\n\n```{{inferred}} {path}\n```\n"


def _linked(text: str, path: str) -> str:
    """Links to other documents as links to their pages."""
    return _LINK.sub(lambda m: f"]({page_name(normpath(Path(path).parent / m[1]))}.md{m[2] or ''})", text)


def _shown(text: str) -> str:
    """A declaration block as code that is shown."""
    return _BLOCK.sub("```{code-block} symconv", text)


def _source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


# -- what stands on them ------------------------------------------------------------------------------


@cache
def solution(path: str) -> Page:
    """The solution of an exercise, with pictures."""
    with chdir(ROOT):
        return solve_spec(parse_spec(path, layers=False)).page(pictures=True)


@cache
def judged(path: str) -> FileReport:
    with chdir(ROOT):
        (report,) = verify_paths([path]).files
    return report


class SolutionDirective(Directive):
    """The page of `symconv solve`: its headings as sections of the site, all else as the printer of HTML has it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        (path,) = self.arguments
        page = solution(path)
        made: list[nodes.Node] = []
        into: list[nodes.Node] | nodes.section = made
        for heading, body in _sections(page.body):
            if heading is not None:
                into = section(self, heading.content)
                made.append(into)
            into.append(raw(framed(*HtmlPrinter().body(tuple(body)))))
        return [*made, raw(element("script", Markup(page.script)))] if page.script else made


class CardsDirective(Directive):
    """A card for each exercise: the question, where it is from, and the first picture of the solution."""

    def run(self) -> list[nodes.Node]:
        return [nodes.container("", *map(_card, documents(EXERCISES)), classes=["cards"])]


def _card(path: str) -> nodes.container:
    head, source, question, *_ = _source(path).split("\n\n")
    link = nodes.reference("", head.removeprefix("# "), refuri=f"gallery/{page_name(path)}.html", internal=True)
    drawn = [node for node in solution(path).body if isinstance(node, Figure)]
    words = [paragraph(question), paragraph(f"{source.partition('. ')[0]}.", "source")]
    picture = [raw(framed(f'<div class="thumb">{figure.svg}</div>')) for figure in drawn[-1:]]
    return nodes.container("", nodes.paragraph("", "", link, classes=["name"]), *words, *picture, classes=["card-of"])


def _sections(body: tuple[Node, ...]) -> Iterator[tuple[Heading | None, list[Node]]]:
    """The nodes below each heading; None for those above the first."""
    heading: Heading | None = None
    below: list[Node] = []
    for node in body:
        if isinstance(node, Heading):
            yield heading, below
            heading, below = node, []
        else:
            below.append(node)
    yield heading, below


class JudgedDirective(Directive):
    """The article of a report on one formula: as it was read, with its verdict and the evidence."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        path, name = self.arguments
        file = judged(path)
        (report,) = (report for report in file.formulas if report.formula.id == name)
        return [raw(framed(article(report, file, 1)))]


class InferredDirective(Directive):
    """What the text of a document settled."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [raw(framed(inferred(judged(self.arguments[0]))))]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_pages)
    app.add_directive("exercise-cards", CardsDirective)
    app.add_directive("solution", SolutionDirective)
    app.add_directive("judged", JudgedDirective)
    app.add_directive("inferred", InferredDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
