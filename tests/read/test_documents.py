"""Where formulas and blocks are found: Markdown, LaTeX, notebooks; and that no text breaks the reader."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from symconv.errors import NotationError
from symconv.notation.latex_lexer import tokens
from symconv.notation.latex_parser import parse_latex
from symconv.notation.latex_writer import write_latex
from symconv.notation.source import LocatedError, Source
from symconv.read.claims import Kind
from symconv.read.documents import segments
from symconv.read.reader import read_document

HERE = Path(__file__).parents[2] / "derivations"


def found(text: str, form: str = "md") -> list[tuple[str, str]]:
    return [(s.what, s.latex) for s in segments(text, form)]  # type: ignore[arg-type]


def test_every_delimiter_of_markdown() -> None:
    text = (
        "$a$ and \\(b\\), cost $5 and $6, code `$x$`\n\n$$\nc\n$$ \\[ d \\]\n"
        "\\begin{align*} e &= f \\end{align*}\n```\n$$no$$\n```\n~~~python\n$no$\n~~~\n<!-- $no$ -->\n$$g$$"
    )
    assert found(text) == [
        ("inline", "a"),
        ("inline", "b"),
        ("display", "c"),
        ("display", "d"),
        ("display", "\\begin{align*} e &= f \\end{align*}"),
        ("display", "g"),
    ]


def test_tex_comments_are_no_text_but_may_declare() -> None:
    text = "% symconv: size n\n% symconv: tensor x[n] y[n]\n\\[ y_i = x_i \\] % $no$\n"
    text += "\\begin{equation} y_i = x_i \\end{equation}"
    document = read_document(text, "tex")
    assert [f.links[0].kind for f in document.formulas] == [Kind.DEFINITION, Kind.CLAIM]
    with pytest.raises(NotationError, match=r"doc:2:12: 'sise'"):
        read_document("text\n% symconv: sise n\n", "tex", "doc")


def test_notebooks_give_their_markdown_cells() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["```symconv\n", "tensor x[n] y[n]\n", "```\n"]},
        {"cell_type": "code", "source": ["$$no$$"]},
        {"cell_type": "markdown", "source": "$$y_i = 2 x_i$$"},
    ]
    document = read_document(json.dumps({"cells": cells}), "ipynb")
    assert [f.links[0].kind for f in document.formulas] == [Kind.DEFINITION]
    with pytest.raises(NotationError, match="not a notebook"):
        read_document("[]", "ipynb")


def test_lines_and_columns_of_formulas() -> None:
    document = read_document("one\n\ntwo $$y_i = x_i$$ and $x_i = z$", "md")
    assert [(f.id, f.line, f.column) for f in document.formulas] == [("eq1", 3, 7), ("in1", 3, 24)]


def test_files_are_chosen_by_their_ending(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("$$a$$")
    with pytest.raises(NotationError, match=r"the ending '\.txt'; expected \.md, \.tex or \.ipynb"):
        read_document(tmp_path / "a.txt")


@pytest.mark.parametrize(
    "piece", ["$", "$$", "$a ", "`", "\\[ ", "\\( ", "\\begin{align}", "```\n", "<!--", "% symconv: "]
)
@pytest.mark.parametrize("form", ["md", "tex"])
def test_finding_formulas_takes_time_in_proportion(piece: str, form: str) -> None:
    start = time.perf_counter()
    with suppress(NotationError):
        segments(piece * 20_000, form)  # type: ignore[arg-type]
    assert time.perf_counter() - start < 5


def test_a_document_has_a_limit() -> None:
    with pytest.raises(NotationError, match="at most 2000"):
        read_document("$$a$$ " * 2001, "md")
    with pytest.raises(NotationError, match="more than 1048576 bytes"):
        read_document(" " * (1 << 20) + "a", "md")


# -- single-token deletions ---------------------------------------------------------------------------


def deletions(path: Path) -> list[tuple[str, str]]:
    """(formula, formula without one token) for every display of a page."""
    pairs: list[tuple[str, str]] = []
    for segment in segments(path.read_text(), "md"):
        if segment.what == "display":
            places = [t.at for t in tokens(Source(segment.latex))] + [len(segment.latex)]
            for start, end in pairwise(places):
                pairs.append((segment.latex, segment.latex[:start] + segment.latex[end:]))
    return pairs


@pytest.mark.parametrize("name", ["cs233-q6-input-gradient", "handwritten-2d-input-gradient"])
def test_a_missing_token_gives_a_located_error_or_a_tree_that_prints_back(name: str) -> None:
    for _, broken in deletions(HERE / f"{name}.md"):
        try:
            layout = parse_latex(broken)
        except LocatedError:
            continue
        assert parse_latex(write_latex(layout)) == layout


@pytest.mark.parametrize("name", ["cs233-q6-input-gradient", "handwritten-2d-input-gradient"])
def test_a_missing_token_never_breaks_the_reader(name: str) -> None:
    text = (HERE / f"{name}.md").read_text()
    pairs = random.Random(7).sample(deletions(HERE / f"{name}.md"), 60)
    for whole, broken in pairs:
        try:
            document = read_document(text.replace(whole, broken), "md")
        except LocatedError:
            continue
        for formula in document.formulas:
            for link in formula.links:
                assert link.claim is not None or link.defines is not None or link.message
