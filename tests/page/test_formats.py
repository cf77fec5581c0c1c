"""Solutions as files: HTML that needs nothing else, TeX that is closed, notebooks that run; all read back alike."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from symconv.judging import verify_text
from symconv.notation.symbols import ENVIRONMENTS
from symconv.page.fonts.subset import characters
from symconv.page.formats import written
from symconv.page.html import HtmlPrinter
from symconv.page.nodes import Display, Page, Step
from symconv.page.tex import TexPrinter
from symconv.solving import solve_spec
from tests.page.sample import PAGE
from tests.solved import solved
from tests.test_report import Page as Html

MOST_BYTES = 300_000
SPECS = [
    "conv1d --stride s --padding p --dilation d",
    "conv2d --stride 2",
    "dense --bias",
    "softmax",
    "maxpool2d",
    "transposed1d --stride 2",
    "activation --function sigmoid",
    r"\hat{y}_i = \sum_{k=0}^{r-1} w_k x_{s i + d k}",
]
LARGE = ["conv2d --channels 2,3 --batch 2", "conv2d --size 6,6 --kernel 3"]


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {spec: solved(spec).page() for spec in SPECS}


@pytest.mark.parametrize("hints", [False, True])
@pytest.mark.parametrize("spec", SPECS)
def test_html_is_well_formed_and_needs_nothing_else(spec: str, hints: bool, pages: dict[str, Page]) -> None:
    text = written(pages[spec], ".html", hints).decode()
    html = Html(text)
    names = {name for name, _ in html.seen}
    assert not names & {"script", "link", "iframe", "img", "object", "embed"}
    assert not [a for _, attributes in html.seen for a in attributes if a.startswith("on") or a in ("src", "href")]
    assert "http" not in re.sub(r"base64,[^)]*", "", text)
    assert re.findall(r"url\((.{9})", text) == ["data:font"]
    assert len(text.encode()) < MOST_BYTES
    assert "\\" not in "".join(html.text).split("Given")[1]  # every formula is set


@pytest.mark.parametrize("spec", LARGE)
def test_a_large_instance_stays_below_the_limit(spec: str) -> None:
    page = solve_spec(spec).page()
    html = written(page, ".html")
    assert len(html) < MOST_BYTES
    assert "\\" not in "".join(Html(html.decode()).text).split("Given")[1]
    shown = [node.latex for node in page.body if isinstance(node, Display)]
    assert len(set(shown)) == len(shown)  # nothing is shown twice


def test_pictures_have_words() -> None:
    html = Html(HtmlPrinter().page(PAGE))
    assert [a["aria-label"] for _, a in html.seen if a.get("role") == "img"] == ["alternativetext"]


def test_each_step_hides_behind_its_hint() -> None:
    page = solved("conv1d", "X").page()
    steps = [node for node in page.body if isinstance(node, Step)]
    text = written(page, ".html", hints=True).decode()
    assert text.count("<summary>Step ") == len(steps) >= 5
    assert all(step.hint for step in steps)
    for part in text.split('<section class="step">')[1:]:
        inside = part[: part.index("</section>")]
        assert inside.startswith("<details><summary>Step ")
        assert inside.rstrip().endswith("</details>")
    assert "<summary>Step " not in written(page, ".html").decode()


def test_the_font_has_every_character_of_a_formula(pages: dict[str, Page]) -> None:
    for page in pages.values():
        text = HtmlPrinter().page(page)
        formulas = "".join(re.findall(r"<math.*?</math>", text, re.DOTALL))
        assert set(re.sub(r"<[^>]*>|&[a-z]+;|\n", "", formulas)) <= characters()


@pytest.mark.parametrize("form", ["tex", "ipynb"])
@pytest.mark.parametrize("spec", SPECS)
def test_other_formats_are_read_back_as_markdown_is(
    spec: str, form: Literal["tex", "ipynb"], pages: dict[str, Page]
) -> None:
    def statuses(ending: str) -> list[tuple[str, str]]:
        report = verify_text(written(pages[spec], f".{ending}").decode(), ending)  # type: ignore[arg-type]
        assert report.exit_code == 0, str(report)
        return [(f.formula.id, f.status.value) for f in report.formulas]

    assert statuses(form) == statuses("md")


@pytest.mark.parametrize("spec", [*SPECS, ""])
def test_tex_is_closed(spec: str, pages: dict[str, Page]) -> None:
    """Braces, dollars and environments in pairs; only environments that LaTeX and amsmath define."""
    text = TexPrinter().page(pages[spec] if spec else PAGE)
    body = re.sub(r"(?m)^%.*$", "", text[text.index(r"\begin{document}") :])
    body = re.sub(r"\\begin\{verbatim\}.*?\\end\{verbatim\}", "", body, flags=re.DOTALL)
    bare = re.sub(r"\\[\\{}$%#&_]", "", body)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert body.isascii()
    stack: list[str] = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\*?\}", body):
        if kind == "begin":
            stack.append(name)
        else:
            assert stack.pop() == name
    assert stack == []
    known = ENVIRONMENTS | {"document", "center", "fact", "smallersteps", "tabular", "itemize", "enumerate"}
    assert set(re.findall(r"\\begin\{(\w+)\*?\}", body)) <= known


@pytest.mark.parametrize("spec", SPECS)
def test_the_code_of_a_notebook_runs(spec: str, pages: dict[str, Page]) -> None:
    cells = json.loads(written(pages[spec], ".ipynb"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert len(code) == 1
    done = subprocess.run([sys.executable, "-c", code[0]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<Solution of ")
    assert "proved for all sizes>" in done.stdout


def test_a_notebook_of_a_document_has_no_code_that_needs_the_file(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_text("```symconv\ntensor x[n]\ndefine y = pool_average(x, 2)\nloss L(y)\nfind dL/dx\n```\n")
    assert solve_spec(str(path)).page().program is None


def test_a_file_is_the_same_in_every_process(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        for ending in ("md", "tex", "html", "ipynb"):
            target = tmp_path / f"{seed}.{ending}"
            command = [sys.executable, "-m", "symconv", "solve", "conv1d", "--wrt", "input", "-o", str(target)]
            subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    for ending in ("md", "tex", "html", "ipynb"):
        assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
@pytest.mark.parametrize("spec", [*SPECS, ""])
def test_tex_compiles(spec: str, tmp_path: Path, pages: dict[str, Page]) -> None:
    (tmp_path / "page.tex").write_text(TexPrinter(hints=True).page(pages[spec] if spec else PAGE))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    wide = [float(n) for n in re.findall(r"Overfull \\hbox \((\d+\.\d+)pt", done.stdout)]
    assert max(wide, default=0) < 20
