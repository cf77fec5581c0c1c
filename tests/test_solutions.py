"""Every exercise has its solution, written by `symconv solve`, proved, and read back as what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from symconv.judging import Status, verify_paths
from symconv.solving import solve_spec
from symconv.specs import parse_spec
from tests.solutions import SOLUTIONS, exercises, solution

NAMES = [path.stem for path in exercises()]
PATHS = {path.stem: path for path in exercises()}


def test_each_exercise_has_a_solution_and_no_solution_is_left_over() -> None:
    assert {path.stem for path in SOLUTIONS.glob("*.md")} == set(NAMES)
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_the_kept_solution_is_that_of_today(name: str) -> None:
    kept = (SOLUTIONS / f"{name}.md").read_text(encoding="utf-8")
    assert solution(PATHS[name]) == kept, "run python -m tests.solutions"


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_proved_and_so_is_what_is_read_back_of_it(name: str) -> None:
    assert solve_spec(parse_spec(str(PATHS[name]), layers=False)).proved
    (report,) = verify_paths([SOLUTIONS / f"{name}.md"]).files
    found = {formula.status for formula in report.formulas}
    assert found <= {Status.PROVED, Status.DEFINITION, Status.IGNORED}, report.summary
    assert Status.PROVED in found


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
