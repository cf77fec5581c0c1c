"""`symconv solve -o`: the ending chooses the format, a file is whole or not there, and none is overwritten unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symconv.cli import DRAWN, main
from symconv.page.formats import ENDINGS, written
from symconv.solving import solve_spec

STARTS = {".md": "# $", ".tex": "% ∂L/∂X", ".html": "<!DOCTYPE html>", ".ipynb": "{"}


@pytest.mark.parametrize("ending", STARTS)
def test_the_ending_chooses_the_format(ending: str, tmp_path: Path) -> None:
    target = tmp_path / f"page{ending}"
    assert main(["solve", "conv1d", "--wrt", "input", "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").startswith(STARTS[ending])
    assert target.read_bytes() == written(solve_spec("conv1d", "X").page(pictures=ending in DRAWN), ending)


def test_another_ending_is_told_of_all_that_are_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "conv1d", "-o", str(tmp_path / "page.docx")]) == 64
    error = capsys.readouterr().err
    assert "the ending .docx; expected .md, .tex, .html, .pdf or .ipynb; choose a name that ends in" in error
    assert all(ending in error for ending in ENDINGS)


def test_a_file_is_overwritten_only_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "page.html"
    target.write_text("mine")
    assert main(["solve", "conv1d", "-o", str(target)]) == 73
    assert "give --force" in capsys.readouterr().err
    assert target.read_text() == "mine"
    assert main(["solve", "conv1d", "-o", str(target), "--force"]) == 0
    assert target.read_text().startswith("<!DOCTYPE html>")


def test_an_interrupted_writing_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*names: object) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "page.html"
    target.write_text("mine")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        main(["solve", "conv1d", "--wrt", "input", "-o", str(target), "--force"])
    assert target.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_hints_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", "conv1d", "--wrt", "input", "--hints"]) == 0
    page = capsys.readouterr().out
    assert page.count("<details>") == page.count("</details>") >= 5
    assert "Step 1: Through which entries" in page
