"""The layout tree as Typst; and pages as PDF, where the package typst is installed."""

from __future__ import annotations

import inspect
import re
import shutil
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from symconv.cli import main
from symconv.notation import layout
from symconv.notation.latex_parser import parse_latex
from symconv.notation.layout import Node
from symconv.notation.typst_writer import PRINTERS, quoted, write_typst
from symconv.page.typst import TypstPrinter, pdf
from symconv.solving import solve_spec
from tests.page.sample import PAGE
from tests.page.test_formats import SPECS
from tests.read.test_mathml import MARKS

EXPECTED = [
    (r"F_{i,j} = K", r"F_(i \, j) = K"),
    (r"\sum_{u=0}^{r-1} x_u", "∑_(u = 0)^(r − 1) x_(u)"),
    (r"\left(\frac{a}{2}\right)^2 (b)", "lr(( frac(a, 2) ))^(2) lr(( b ))"),
    (r"f''_k(-x')", "f''_(k) lr(( − x' ))"),
    (r"\begin{bmatrix} 1 & \delta \\ 0 & y_{0,1} \end{bmatrix}", 'mat(delim: "[", 1, δ; 0, y_(0 \\, 1))'),
    (r"\begin{cases} x & \text{if } n \\ 0 \end{cases}", 'cases(x & "if " n, 0)'),
    (r"\begin{aligned} a &= b \\ &= c \end{aligned}", r"a & = b \  & = c"),
    (
        r"\tilde{G} * \operatorname{rot180}(\mathbf{K}) / 2",
        r'tilde(G) ∗ op("rot180") lr(( upright(bold(K)) )) \/ 2',
    ),
    (r"\max_{0 \le u} z \bmod 2", 'op("max", limits: #true)_(0 ≤ u) z mod 2'),
    (r"\lfloor \frac{n}{s} \rfloor {ab}_c", 'lr(⌊ frac(n, s) ⌋) class("normal", a b)_(c)'),
]


@pytest.mark.parametrize(("latex", "wanted"), EXPECTED, ids=[latex for latex, _ in EXPECTED])
def test_a_formula_as_it_is_written_by_hand(latex: str, wanted: str) -> None:
    assert write_typst(parse_latex(latex)) == wanted


def test_every_kind_of_node_has_a_printer() -> None:
    kinds = {kind for _, kind in inspect.getmembers(layout, inspect.isclass) if issubclass(kind, Node)}
    assert set(PRINTERS) == kinds - {Node}


@pytest.mark.parametrize("latex", MARKS)
def test_whatever_is_read_can_be_shown(latex: str) -> None:
    text = re.sub(r'"[^"]*"', "", write_typst(parse_latex(latex)))
    assert text.count("(") == text.count(")")
    assert '"' not in text


def test_a_string_cannot_end_early() -> None:
    assert quoted('a"b\\') == '"a\\"b\\\\"'


def test_without_typst_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["solve", "conv1d", "-o", str(tmp_path / "page.pdf")]) == 73
    assert "pip install 'symconv[pdf]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


needs_typst = pytest.mark.skipif(find_spec("typst") is None, reason="no typst")


@pytest.mark.pdf
@needs_typst
@pytest.mark.parametrize("latex", MARKS)
def test_typst_takes_every_mark(latex: str) -> None:
    import typst

    typst.compile(f"$ {write_typst(parse_latex(latex))} $\n${write_typst(parse_latex(latex))}$".encode(), format="pdf")


@pytest.mark.pdf
@needs_typst
def test_every_kind_of_node_is_in_the_pdf(tmp_path: Path) -> None:
    (tmp_path / "page.pdf").write_bytes(pdf(PAGE, hints=True))
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext")
    done = subprocess.run(["pdftotext", "page.pdf", "-"], cwd=tmp_path, capture_output=True, text=True, check=True)
    words = "title heading words code strong declared rule reason body inner summary folded caption column cell"
    for word in (*words.split(), "hint", "program"):
        assert f"{word}text" in done.stdout.replace("Ruletext", "ruletext")


@pytest.mark.pdf
@needs_typst
@pytest.mark.parametrize("spec", SPECS)
def test_a_pdf_is_the_same_at_every_time(spec: str) -> None:
    page = solve_spec(spec).page()
    first = pdf(page)
    time.sleep(1.1)
    assert pdf(page) == first
    assert first.startswith(b"%PDF-")
    assert "raw(" not in TypstPrinter().display(page.body[2])  # type: ignore[arg-type]


@pytest.mark.pdf
@needs_typst
def test_the_command_writes_a_pdf(tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    subprocess.run([sys.executable, "-m", "symconv", "solve", "conv1d", "-o", str(target)], check=True)
    assert target.read_bytes().startswith(b"%PDF-")
