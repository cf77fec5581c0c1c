"""Every kind of node in every format: a kind without a printer, or a sample, fails here."""

from __future__ import annotations

import json
import re
from typing import get_args

import pytest

from symconv.page.formats import ENDINGS
from symconv.page.html import HtmlPrinter
from symconv.page.markdown import MarkdownPrinter
from symconv.page.nodes import Display, Inline, Node, Page, Step, displays, inside, sentence
from symconv.page.notebook import NotebookPrinter
from symconv.page.printer import Printer
from symconv.page.tex import TexPrinter
from symconv.page.typst import TypstPrinter
from tests.page.sample import HOSTILE, INLINE, NODES, PAGE

PRINTERS: dict[str, type[Printer]] = {
    ".md": MarkdownPrinter,
    ".tex": TexPrinter,
    ".html": HtmlPrinter,
    ".pdf": TypstPrinter,
    ".ipynb": NotebookPrinter,
}


def test_every_kind_has_a_sample_and_every_ending_a_printer() -> None:
    assert set(NODES) == set(get_args(Node))
    assert set(INLINE) == set(get_args(Inline))
    assert set(PRINTERS) == set(ENDINGS)


@pytest.mark.parametrize("hints", [False, True])
@pytest.mark.parametrize("kind", NODES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("ending", PRINTERS)
def test_every_kind_of_node_is_printed_by_every_format(ending: str, kind: type[Node], hints: bool) -> None:
    node, words = NODES[kind]
    text = PRINTERS[ending](hints).page(Page(sentence("titletext"), (node,)))
    assert all(word in text for word in ("titletext", *words)), text
    assert ("hinttext" in text) == (hints and kind is Step)


@pytest.mark.parametrize("ending", PRINTERS)
def test_displays_come_in_the_order_in_which_they_are_counted(ending: str) -> None:
    """The numbers in an `ignore` line hold for every format: a step's equation, its body, what is inside."""
    step = Step(1, "rule", (), (), "a = A", (Display("b = B"),), (Display("c = C", judged=False),))
    body = (Display("z = Z"), step, Display("d = D"))
    assert [(d.latex, d.judged) for d in displays(body)] == [
        ("z = Z", True),
        ("a = A", False),
        ("b = B", True),
        ("c = C", False),
        ("d = D", True),
    ]
    text = re.sub(r"<[^>]*>|\s", "", PRINTERS[ending]().page(Page((), body)))
    places = [text.index(f"{letter}={letter.upper()}") for letter in "zabcd"]
    assert places == sorted(places)


def test_what_folds_stands_between_the_tags() -> None:
    step = Step(1, "rule", sentence("think"), sentence("why"), "", (), (), trivial=True)
    folded = {".md": "<summary>\n\n{}\n\n</summary>", ".html": "<summary>{}</summary>"}
    for ending, form in folded.items():
        assert form.format("1. Rule.") in PRINTERS[ending]().node(step)
        assert form.format("Step 1: think") in PRINTERS[ending](hints=True).node(step)


def test_nodes_inside_are_found_in_reading_order() -> None:
    step, _ = NODES[Step]
    assert [type(node).__name__ for node in inside(step)] == ["Step", "Display", "Paragraph", "Paragraph"]


def test_a_notebook_has_a_cell_for_each_section_and_one_for_each_program() -> None:
    notebook = json.loads(NotebookPrinter().page(PAGE))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    cells = notebook["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "markdown", "code", "markdown", "code"]
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert "".join(cells[-1]["source"]) == "print(6 * 7)"
    (name,) = cells[1]["attachments"]
    assert f"(attachment:{name})" in "".join(cells[1]["source"])


def test_text_is_escaped() -> None:
    assert re.sub(r"\\([\\`*_<$])", r"\1", MarkdownPrinter().text(HOSTILE)) == HOSTILE
    assert "a &lt;b&gt; &amp; c_d" in HtmlPrinter().text(HOSTILE)
    tex = re.sub(r"\\[a-z]+\d*\{\}|\\[{}$&#%_]", "", TexPrinter().text(HOSTILE))
    assert not set(tex) & set("\\{}$&#%_^~<>`")
    typst = re.sub(r"\\.", "", TypstPrinter().text(HOSTILE))
    assert not set(typst) & set("\\#$*_`<>@~[]")
