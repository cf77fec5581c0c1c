"""Every exercise has its solution, written by `symconv solve`, proved, and read back as what it says."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import convolve2d, correlate2d

from symconv.judging import Status
from tests.refereeing import lines_that_differ
from tests.shipped import verified
from tests.solutions import SOLUTIONS, exercises, solution, solved

NAMES = [path.stem for path in exercises()]
PATHS = {path.stem: path for path in exercises()}


def test_each_exercise_has_a_solution_and_no_solution_is_left_over() -> None:
    assert {path.stem for path in SOLUTIONS.glob("*.md")} == set(NAMES)
    assert len(NAMES) >= 45


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_solution_is_that_of_today(name: str) -> None:
    kept = (SOLUTIONS / f"{name}.md").read_text(encoding="utf-8")
    assert solution(PATHS[name]) == kept, "run python -m tests.solutions"


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_proved_and_so_is_what_is_read_back_of_it(name: str) -> None:
    assert solved(PATHS[name]).proved
    (report,) = verified(SOLUTIONS / f"{name}.md").files
    found = {formula.status for formula in report.formulas}
    assert found <= {Status.PROVED, Status.DEFINITION, Status.IGNORED}, report.summary
    assert Status.PROVED in found


@pytest.mark.parametrize("name", NAMES)
def test_every_line_evaluates_equal_to_the_line_before(name: str) -> None:
    """By brute force at small sizes and numbers, without the prover."""
    assert lines_that_differ(solved(PATHS[name])) == []


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_names_its_source_and_asks_something(name: str) -> None:
    text = PATHS[name].read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert re.search(r"^(Exercise sheet|Book chapter|Theory sheet|Lecture notes|Handwritten derivation)", text, re.M)
    assert re.search(r"^find ", text, re.M)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_machine_stands_in_a_solution(name: str) -> None:
    text = (SOLUTIONS / f"{name}.md").read_text(encoding="utf-8")
    assert str(Path.home()) not in text
    assert "derivations/" not in text


def numbers(name: str, size: str) -> int:
    """The number that a solution states for a size."""
    text = (SOLUTIONS / f"{name}.md").read_text(encoding="utf-8")
    match = re.search(rf"\$\${re.escape(size)} = (\d+)\$\$", text)
    assert match is not None
    return int(match.group(1))


def test_the_numbers_are_those_of_the_sources() -> None:
    """E8.7: 8 by 8, and 15 by 15; Fig 8.3: 2 by 2; 32 by 32 with 3 by 3: 291600 and 56700, 324 and 63."""
    assert (numbers("seed-1-e8-7-sizes", "H_{Z}"), numbers("seed-1-e8-7-sizes", "W_{Z}")) == (8, 8)
    assert (numbers("seed-1-e8-7-sizes", "H_{S}"), numbers("seed-1-8-3-stride", "H_{Z}")) == (15, 2)
    text = (SOLUTIONS / "seed-3-separable.md").read_text(encoding="utf-8")
    assert all(re.search(rf"(\$\$|= ){number}\$\$", text) for number in (291600, 56700, 324, 63))


def test_the_gradients_are_those_of_the_sources() -> None:
    """Sheet (d): sum of dL/dF[i,j] I_c[i+x, j+y]; Q5; Q6 with the kernel turned."""
    kernel = (SOLUTIONS / "seed-0-d-gradients.md").read_text(encoding="utf-8")
    assert r"\frac{\partial L}{\partial F_{i, j}} I_{c, a+i, b+j}$$" in kernel
    image = (SOLUTIONS / "seed-2-q6-input-gradient.md").read_text(encoding="utf-8")
    assert r"\operatorname{rot180}(K)" in image


# -- results at numbers, against SciPy and plain loops -------------------------------------------


def given(name: str) -> dict[str, Any]:
    """The numbers of an exercise, by its `value` lines."""
    text = PATHS[name].read_text(encoding="utf-8")
    found = dict(re.findall(r"^value +(\S+) = (.+)$", text, re.M))
    return {letter: np.array(ast.literal_eval(re.sub(r"\b1/2\b", "0.5", numbers))) for letter, numbers in found.items()}


def shown(name: str, tensor: str) -> Any:
    """The numbers that a solution states for a tensor, as the last display of it."""
    text = (SOLUTIONS / f"{name}.md").read_text(encoding="utf-8")
    body = re.findall(rf"^\$\${re.escape(tensor)} = (.+)\$\$$", text, re.M)[-1]
    matrix = re.fullmatch(r"\\begin\{bmatrix\} (.+) \\end\{bmatrix\}", body)
    if matrix is not None:
        return np.array([[number(cell) for cell in row.split("&")] for row in matrix.group(1).split(r"\\")])
    return np.array([number(part) for part in body.strip("[]").split(",")] if body.startswith("[") else number(body))


def number(latex: str) -> float:
    match = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", latex.strip())
    if match is None:
        return float(latex)
    return float((-1 if match.group(1) else 1) * Fraction(int(match.group(2)), int(match.group(3))))


def valid(image: str, kernel: str) -> Callable[[dict[str, Any]], Any]:
    return lambda v: correlate2d(v[image], v[kernel], "valid")


def pooled(image: Any, window: int) -> Any:
    rows, columns = (n // window for n in image.shape)
    return image[: rows * window, : columns * window].reshape(rows, window, columns, window).max(axis=(1, 3))


def matches(letter: str, kernel: str) -> Callable[[dict[str, Any]], Any]:
    """How many windows match a line of three in full, those that reach over the edge too."""

    def count(v: dict[str, Any]) -> Any:
        around = np.pad(v[letter], (0, 2))
        windows = product(range(5), range(5))
        return sum((around[i : i + 3, j : j + 3] * v[kernel]).sum() == 3 for i, j in windows)

    return count


def unpooled(v: dict[str, Any]) -> Any:
    found = np.zeros((4, 4))
    for i, j in product(range(2), range(2)):
        block = v["I"][2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        a, b = np.unravel_index(block.argmax(), block.shape)
        found[2 * i + a, 2 * j + b] = v["X"][i, j]
    return found


def nails(v: dict[str, Any]) -> Any:
    found = np.zeros((4, 4))
    found[::2, ::2] = v["X"]
    return found


def halfway(v: dict[str, Any]) -> Any:
    weights = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    return weights @ v["X"] @ weights.T


def scores(image: str) -> Callable[[dict[str, Any]], Any]:
    def of(v: dict[str, Any]) -> Any:
        maps = [np.maximum(correlate2d(v[image][0], k[0], "same") + v["b"], 0) for k in v["K"]]
        return v["w"] @ [pooled(m, 3).sum() for m in maps]

    return of


EDGES, LINES, TURN = "seed-0-c-edges", "seed-1-8-4-square-and-diamond", "seed-1-p8-1-turned-kernel"
LETTERS, RULES, FOUR_COPIES = "seed-1-e8-3-letters", "seed-3-upsampling-rules", "seed-3-transposed-by-hand"
BOTH = "seed-1-e8-6-convolution-or-correlation"
RESULTS: dict[tuple[str, str], Callable[[dict[str, Any]], Any]] = {
    (EDGES, "R"): valid("U", "G"),
    (EDGES, "L"): valid("D", "G"),
    (EDGES, "N"): valid("F", "G"),
    ("seed-1-8-2-four-windows", "Z"): valid("P", "W"),
    **{(LINES, out): valid("S", kernel) for out, kernel in ("EH", "FV", "GA")},
    **{(LINES, out): valid("D", kernel) for out, kernel in ("JH", "MV", "NA", "OB")},
    ("seed-1-8-8-max-pooling", "Y"): lambda v: pooled(v["X"], 3),
    (TURN, "A"): lambda v: v["W"][:, ::-1],
    (TURN, "R"): lambda v: v["W"][::-1, ::-1],
    (TURN, "Z"): lambda v: convolve2d(v["P"], v["W"], "valid"),
    (TURN, "C"): lambda v: convolve2d(v["P"], v["W"], "valid"),
    ("seed-1-e8-1-diagonal", "Z"): lambda v: correlate2d(v["V"], v["W"], "same"),
    ("seed-1-e8-2-pooled", "Y"): lambda v: pooled(correlate2d(v["V"], v["W"], "same"), 2),
    **{(LETTERS, f"{x}_{k.lower()}"): matches(x, k) for x in "LFN" for k in "ABC"},
    ("seed-1-e8-4-shift-by-hand", "Z"): lambda v: convolve2d(v["P"], v["K"]),
    ("seed-1-e8-4-shift-by-hand", "S"): lambda v: np.pad(v["P"], ((0, 1), (1, 0)))[1:, :-1],
    ("seed-1-e8-5-averages", "Z"): lambda v: (v["V"][:, :-1] + v["V"][:, 1:]) / 2,
    (BOTH, "Z"): lambda v: convolve2d(v["V"], v["W"], "valid"),
    (BOTH, "C"): valid("V", "W"),
    (BOTH, "R"): lambda v: v["W"][::-1, ::-1],
    (BOTH, "T"): lambda v: convolve2d(v["V"], v["W"], "valid"),
    ("seed-1-e8-10-designed-network", "s"): scores("S"),
    ("seed-1-e8-10-designed-network", "d"): scores("D"),
    ("seed-2-q3-two-blobs", "F"): lambda v: convolve2d(v["X"], v["K"], "same"),
    (RULES, "U"): lambda v: np.kron(v["X"], np.ones((2, 2))),
    (RULES, "B"): nails,
    (RULES, "L"): halfway,
    (RULES, "M"): unpooled,
    (FOUR_COPIES, "Y"): lambda v: convolve2d(v["X"], v["K"]),
    (FOUR_COPIES, "Z"): lambda v: correlate2d(convolve2d(v["X"], v["K"]), v["K"], "valid"),
}


@pytest.mark.parametrize(("name", "tensor"), RESULTS)
def test_a_result_at_numbers_is_that_of_scipy(name: str, tensor: str) -> None:
    np.testing.assert_allclose(shown(name, tensor), RESULTS[name, tensor](given(name)))


def test_every_result_that_an_exercise_asks_for_is_compared() -> None:
    asked = {
        (name, tensor)
        for name in NAMES
        for line in re.findall(r"^find +(.+)$", PATHS[name].read_text(encoding="utf-8"), re.M)
        for tensor in re.findall(r"\bvalue (\w+)", line)
    }
    assert asked == set(RESULTS)


def test_what_the_sources_say_in_words_holds_at_the_numbers() -> None:
    """Edges: n times the step, with both signs, and nothing for lying ones.  Q3: centred.

    E8.6: convolution and correlation differ, with the kernel turned they agree.  E8.10: the square scores first.
    """
    edge = shown(EDGES, "R")
    assert edge.max() == 3 * 2
    assert (shown(EDGES, "L") == -edge).all()
    assert not shown(EDGES, "N").any()
    assert (shown(BOTH, "Z") != shown(BOTH, "C")).any()
    assert (shown(BOTH, "Z") == shown(BOTH, "T")).all()
    blobs = shown("seed-2-q3-two-blobs", "F")
    assert {tuple(at) for at in np.argwhere(blobs == blobs.max()).tolist()} == {(2, 6), (6, 2)}
    square, diamond = (shown("seed-1-e8-10-designed-network", name) for name in "sd")
    assert square[0] - square[1] >= 2
    assert diamond[1] - diamond[0] >= 2
    counts = {tuple(float(shown(LETTERS, f"{x}_{k}")) for k in "abc") for x in "LFN"}
    assert len(counts) == 3
    assert shown(FOUR_COPIES, "Y").tolist() == [[6, 8, 0], [5, 15, -4], [1, 6, -7]]  # as the notes add it up


def test_the_kernels_are_those_of_the_sources() -> None:
    """(a): 1/2 at -1 and -1/2 at 1.  P8.2: [[0, 1], [0, 0]], its origin lower left.  8.9: the weights, turned."""
    assert shown("seed-0-a-difference-filter", "h").tolist() == [[0.5, 0, -0.5]]
    text = (SOLUTIONS / "seed-1-p8-2-shift.md").read_text(encoding="utf-8")
    assert "with the origin in row 2 and column 1" in text
    assert shown("seed-1-p8-2-shift", "h").tolist() == [[0, 1], [0, 0]]
    general = (SOLUTIONS / "seed-1-8-6-impulses.md").read_text(encoding="utf-8")
    rows = [" & ".join(f"w_{{{u}, {v}}}" for v in (2, 1, 0)) for u in (1, 0)]
    assert rf"h = \begin{{bmatrix}} {rows[0]} \\ {rows[1]} \end{{bmatrix}}" in general


def test_the_shapes_of_the_networks() -> None:
    """12 - 3 + 1, halved, 5 - 2 + 1, halved, 3 scores; 16 by 12 halved and doubled again."""
    network, back = "seed-1-8-11-network", "seed-3-encoder-decoder"
    assert [numbers(network, size) for size in ("H_{Z}", "H_{P}", "H_{Y}", "H_{Q}", "N_{s}")] == [10, 5, 4, 2, 3]
    assert [numbers(back, size) for size in ("H_{P}", "W_{P}", "H_{Y}", "W_{Y}")] == [8, 6, 16, 12]
