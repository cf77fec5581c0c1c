"""A kernel of known rank: its exact factors, and the formula that runs as two products of one axis each."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
import sympy
from scipy.signal import correlate2d

import symconv as sc
from symconv.errors import ShapeError

SOBEL = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]


def kernel_of_rank(turned: bool = False, batch: bool = True) -> sc.Tensor:
    """sum over p of a[p, u] b[p, v] X[n, i + u, j + v], from the formula alone."""
    H, W, r, c, R, N = sc.sizes("H W r c R N")
    p, u, v = sc.indices("p u v")
    a, b = sc.tensor("a", R, r), sc.tensor("b", *((c, R) if turned else (R, c)))
    X = sc.tensor("X", N, H, W) if batch else sc.tensor("X", H, W)
    tap = b[v, p] if turned else b[p, v]
    ranges = (p, 0, R - 1), (u, 0, r - 1), (v, 0, c - 1)
    if batch:
        return sc.define(
            "y", [N, H - r + 1, W - c + 1], lambda n, i, j: sc.total(a[p, u] * tap * X[n, i + u, j + v], *ranges)
        )
    return sc.define("y", [H - r + 1, W - c + 1], lambda i, j: sc.total(X[i + u, j + v] * a[p, u] * tap, *ranges))


@pytest.mark.parametrize(("turned", "batch"), [(False, True), (True, True), (False, False), (True, False)])
@pytest.mark.parametrize(
    ("r", "c", "rank", "height", "width"), [(3, 5, 1, 40, 33), (17, 2, 3, 30, 80), (1, 1, 2, 5, 4)]
)
def test_the_formula_runs_along_one_axis_after_the_other(turned, batch, r, c, rank, height, width):
    rng = np.random.default_rng(0)
    columns, rows = rng.standard_normal((rank, r)), rng.standard_normal((rank, c))
    images = rng.standard_normal((2, height, width) if batch else (height, width))
    given = {"X": np.asfortranarray(images), "a": columns, "b": rows.T if turned else rows}
    found = kernel_of_rank(turned, batch).compile()(**given)
    expected = [correlate2d(image, columns.T @ rows, "valid") for image in (images if batch else images[None])]
    np.testing.assert_allclose(found if batch else found[None], expected, atol=1e-11)


def test_whole_numbers_stay_exact_and_the_plan_says_so():
    rng = np.random.default_rng(0)
    columns, rows, images = (rng.integers(-9, 9, shape) for shape in ((2, 3), (2, 4), (2, 9, 8)))
    found = kernel_of_rank().compile()(X=images, a=columns, b=rows)
    np.testing.assert_array_equal(found, [correlate2d(image, columns.T @ rows, "valid") for image in images])
    source = sc.export(kernel_of_rank())
    assert "_separable(X, a, b, out=result)" in source
    assert "schedule known rank: A kernel that is a sum of R products" in source


def test_factors_are_exact():
    columns, rows = sc.rank_factors(np.array(SOBEL))
    assert (columns, rows) == (sympy.Matrix([[1, 2, 1]]), sympy.Matrix([[1, 0, -1]]))
    drawn = [[Fraction(1, 3), 2, 0.5], [1, 0, 0], [Fraction(4, 3), 2, 0.5]]
    columns, rows = sc.rank_factors(drawn)
    assert columns.shape == (2, 3)
    assert columns.T * rows == sympy.Matrix([[sympy.Rational(x) for x in row] for row in drawn])


def test_texts_are_what_they_say_and_floats_what_they_are():
    columns, rows = sc.rank_factors([["0.3", "1/3"], (np.float32(0.5), sympy.Rational(5, 9))])
    assert columns.T * rows == sympy.Matrix([["3/10", "1/3"], ["1/2", "5/9"]])
    assert rows.shape == (1, 2)
    assert sc.rank_factors([[0.1 * 3, 1], [0.3, 1]])[0].shape == (2, 2)


@pytest.mark.parametrize("kernel", [[1, 2], [[1, 2], [3]], [], [[]], 3, "ab"])
def test_what_is_no_matrix_is_refused(kernel):
    message = f"rank_factors: {kernel!r}; expected a matrix of numbers, rows of one length; give [[1, 2], [3, 4]], say"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        sc.rank_factors(kernel)


@pytest.mark.parametrize(
    "entry",
    [float("nan"), float("inf"), sympy.sqrt(2), sympy.Symbol("n"), 1j, "a", "1/0", None, sympy.nan, [1.0], np.inf],
)
def test_an_entry_that_is_not_rational_is_named(entry):
    message = (
        f"rank_factors: entry 1, 0: {entry!r}; expected a rational number; give an int, a float, a Fraction or a text "
        "such as '1/3'"
    )
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        sc.rank_factors([[1, 2], [entry, 1]])


def test_a_rank_is_a_size():
    message = "rank_factors: zeros alone, of rank 0; expected a rank of at least 1; leave this kernel out"
    with pytest.raises(ShapeError, match=f"^{message}$"):
        sc.rank_factors([[0, 0.0], [0, "0"]])
