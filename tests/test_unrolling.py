"""Entries written out at small sizes, by hand."""

from __future__ import annotations

import sys
from subprocess import run

import pytest

import symconv as sc
from symconv.unrolling import unrolled


def written(tensor: sc.Tensor, **sizes: int) -> list[str] | None:
    return unrolled(tensor.term, sizes, {"G": "D"})  # type: ignore[arg-type]


n = sc.sizes("n")
x, w, G = sc.tensor("x", n), sc.tensor("w", 2), sc.tensor("G", n)


def test_equal_summands_are_added_up_and_a_negative_one_does_not_lead() -> None:
    y = sc.define("y", [1], lambda i: x[i] - 3 * x[i + 1] + x[i])
    assert written(y, n=2) == ["2 x_{0} - 3 x_{1}"]
    z = sc.define("z", [1], lambda i: w[0] - w[1] * x[i] - w[0] - w[1] + x[i + 1])
    assert written(z, n=2) == ["x_{1} - w_{1} - w_{1} x_{0}"]


def test_factors_are_sorted_with_the_renamed_ones_first_and_equal_ones_are_a_power() -> None:
    y = sc.define("y", [1], lambda i: x[i] * G[i] * w[1] * x[i])
    assert written(y, n=1) == ["D_{0} w_{1} x_{0}^{2}"]


def test_what_is_divided_by_stands_below_a_bar() -> None:
    y = sc.pool(x, 2, kind="average")
    assert written(y, n=4) == [r"\frac{x_{0} + x_{1}}{2}", r"\frac{x_{2} + x_{3}}{2}"]
    z = sc.define("z", [1], lambda i: 3 * x[i] / (4 * n))
    assert written(z, n=5) == [r"\frac{3 x_{0}}{20}"]


def test_a_sum_in_a_sum_and_a_sign_before_one_are_opened() -> None:
    z = sc.define("z", [1], lambda i: x[i] + w[0])
    assert written(sc.define("y", [1], lambda i: z[i] + w[1]), n=1) == ["w_{0} + w_{1} + x_{0}"]
    assert written(sc.define("y", [1], lambda i: -z[i]), n=1) == ["-w_{0} - x_{0}"]


def test_zero_and_a_maximum() -> None:
    assert written(sc.define("y", [1], lambda i: x[i] - x[i]), n=1) == ["0"]
    assert written(sc.pool(x, 2, kind="max"), n=2) == [r"\max(x_{0}, x_{1})"]


def test_which_entry_wins_is_not_written() -> None:
    y = sc.pool(x, 2, kind="max")
    assert written(sc.gradient(y, x, sc.upstream(y, "G")), n=2) is None


@pytest.mark.parametrize("module", ["sympy", "numpy"])
def test_a_page_needs_neither_sympy_nor_numpy(module: str) -> None:
    """Importing them takes longer than deriving and proving."""
    code = (
        "import sys; from symconv.solving import solve_spec; from symconv.page.formats import written; "
        "written(solve_spec('conv2d', 'input').page(pictures=True), '.html'); "
        f"sys.exit({module!r} in sys.modules)"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0
