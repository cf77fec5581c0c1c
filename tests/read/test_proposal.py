"""`verify --propose`: the block that a document lacks, with choices where the text settles nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symconv.cli import main
from symconv.judging import verify_text
from symconv.notation.source import Source
from symconv.read.block import read_block
from symconv.read.proposal import propose

ROOT = Path(__file__).parents[2]
NOTE = r"""The layer is

$$y_i = \sum_{k=0}^{r-1} w_k x_{i+k}$$

$$\frac{\partial L}{\partial w_k} = \sum_{i=0}^{n-r} \frac{\partial L}{\partial y_i} x_{i+k}$$
"""


def test_what_the_formulas_show_is_declared() -> None:
    assert propose(NOTE, "md", "note.md") == (
        "tensor   y[]  w[]  x[]\n"
        "loss     L(y)\n"
        "# check: the tensors that L depends on directly\n"
        "base     0\n"
        "# choose: outside zero | outside error (the default) | outside periodic"
    )


def test_with_the_block_the_document_is_judged() -> None:
    """Without it the loss is not understood; with the block as printed the gradient is proved."""
    assert verify_text(NOTE).exit_code == 2
    block = propose(NOTE, "md", "note.md")
    report = verify_text(f"```symconv\n{block}\n```\n\n{NOTE}")
    assert [f.status.value for f in report.formulas] == ["definition", "proved"]


@pytest.mark.parametrize(
    ("latex", "line"),
    [
        (r"F = X \otimes K", r"# choose: op \otimes = correlation valid | convolution full | kronecker | product"),
        (r"F = X * K", "# choose: op * = convolution full | convolution valid | correlation valid | product"),
        (r"y_i = \sum_{k=1}^{r} w_k x_{i+k}", "base     1"),
        (r"O_{xy} = I[x, y] + H_K", "tensor   I[,]  O[,]"),
        (r"a_i = f(z_i)", "# if f is a function of one number: function f"),
        (r"z_{i,j} = z_{i} + 1", "# z stands with 1, 2 indices: declare one number, and write the others so"),
        (r"y_{i} = \frac{1", "# 1 formulas could not be read; verify says why"),
    ],
)
def test_a_line_for_what_is_seen(latex: str, line: str) -> None:
    block = propose(f"$${latex}$$", "md", "note.md")
    assert block is not None
    assert line in block.splitlines()


def test_a_document_with_a_block_lacks_none() -> None:
    assert propose(f"```symconv\nbase 0\n```\n\n{NOTE}", "md", "note.md") is None


@pytest.mark.parametrize("path", sorted((ROOT / "derivations").glob("*.md")), ids=lambda p: p.name)
def test_every_proposal_is_a_block(path: Path) -> None:
    """It is read without a fault, whatever the document."""
    text = re.sub(r"```symconv\n.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    block = propose(text, "md", path.name)
    assert block is not None
    assert read_block(Source(block)).tensors


def test_the_command_prints_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    note, tex = tmp_path / "note.md", tmp_path / "note.tex"
    note.write_text(NOTE)
    tex.write_text(NOTE)
    assert (
        main(["verify", "--propose", str(note), str(tex), str(ROOT / "derivations/cs233-q5-kernel-gradient.md")]) == 0
    )
    printed = capsys.readouterr().out
    assert printed.startswith("```symconv\ntensor   y[]  w[]  x[]\n")
    assert "% symconv: loss     L(y)\n" in printed
    assert printed.endswith("cs233-q5-kernel-gradient.md: has a block\n")
