"""Which pictures a solution has, and that they show the instance of its page; what they show by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from symconv.cli import main
from symconv.page.formats import written
from symconv.page.nodes import Figure, Page
from symconv.pictures.lighting import LIGHTING
from symconv.solving import solve_spec


def figures(page: Page) -> list[Figure]:
    return [node for node in page.body if isinstance(node, Figure)]


def test_an_input_gradient_has_windows_what_a_pixel_reaches_and_the_padded_gradient() -> None:
    """3 by 3 with 2 by 2: output (0, 0) reads the first four pixels; the middle pixel reaches all four outputs."""
    window, reached, spread = figures(solve_spec("conv2d", "input").page(pictures=True))
    assert "F[0, 0] reads X[0, 0] (with K[0, 0]), X[0, 1] (with K[0, 1]), X[1, 0] (with K[1, 0])" in window.alt
    assert all(f"F[{i}, {j}]" in reached.alt for i in (0, 1) for j in (0, 1))
    assert "turned by 180 degrees" in reached.alt
    assert "padded" in spread.svg


def test_the_winners_of_a_pooling_are_those_of_the_numbers_on_the_page() -> None:
    """The page shows X with 29, 33, 36 and 28 as the greatest of its windows of 2 by 2, and G with 11, 22, 33, 7."""
    page = solve_spec("maxpool2d --kernel 2,2 --stride 2").page(pictures=True)
    (figure,) = figures(page)
    for number in (29, 33, 36, 28, 11, 22, 7):
        assert f">{number}<" in figure.svg


def test_what_all_gradients_share_is_drawn_once() -> None:
    page = solve_spec("conv1d").page(pictures=True)
    assert len({figure.alt for figure in figures(page)}) == len(figures(page)) >= 2


@pytest.mark.parametrize("spec", ["softmax --size 3", "activation --function tanh --size 3"])
def test_what_has_no_windows_has_no_picture(spec: str) -> None:
    assert figures(solve_spec(spec).page(pictures=True)) == []


def test_brief_solutions_and_markdown_have_none() -> None:
    assert figures(solve_spec("conv1d", level="brief").page(pictures=True)) == []
    assert "<svg" not in solve_spec("conv1d").to_markdown()


def test_html_lights_up_what_a_cell_uses_and_a_page_without_pictures_has_no_script(tmp_path: Path) -> None:
    html = written(solve_spec("conv1d").page(pictures=True), ".html").decode()
    assert LIGHTING in html
    assert "<script" not in written(solve_spec("softmax --size 3").page(pictures=True), ".html").decode()
    target = tmp_path / "page.html"
    assert main(["solve", "conv1d", "-o", str(target)]) == 0
    assert target.read_text(encoding="utf-8").count("<svg") >= 2
