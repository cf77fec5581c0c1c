"""Answers on shapes, counts and matrices, against plain loops that know nothing of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

import symconv as sc
from symconv.answers.count import count
from symconv.answers.matrix import matrix
from symconv.answers.shape import shape
from symconv.calculus.counting import multiplications as counted
from symconv.errors import ShapeError, UsageError
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined

C, H, W, M, r, c, s, d = sc.sizes("C H W M r c s d")
p = sc.sizes("p", min=0)
X, K = sc.tensor("X", C, H, W), sc.tensor("K", M, C, r, c)
Y = sc.correlate(X, K, stride=s, padding=p, dilation=d)
SIZES = [
    {"H": 7, "W": 9, "r": 3, "c": 2, "s": 2, "p": 1, "d": 2, "C": 2, "M": 3},
    {"H": 5, "W": 6, "r": 2, "c": 3, "s": 3, "p": 0, "d": 1, "C": 1, "M": 2},
]


def number(poly: object, sizes: dict[str, int]) -> int:
    assert isinstance(poly, Poly)
    value = poly.substitute({a: Poly.of(sizes[a.name]) for a in poly.sizes()}).as_int
    assert value is not None
    return value


def places(extent: int, taps: int, stride: int, padding: int, dilation: int) -> int:
    """How often a window fits, by trying."""
    starts = range(-padding, extent + padding, stride)
    return sum(start + dilation * (taps - 1) <= extent + padding - 1 for start in starts)


@pytest.mark.parametrize("sizes", SIZES)
def test_the_extents_are_how_often_the_window_fits(sizes: dict[str, int]) -> None:
    answer = shape(Y.term)
    assert answer.proved
    assert [f.rule for f in answer.facts].count("count") == 2
    rows = places(sizes["H"], sizes["r"], sizes["s"], sizes["p"], sizes["d"])
    columns = places(sizes["W"], sizes["c"], sizes["s"], sizes["p"], sizes["d"])
    assert [number(n, sizes) for n in Y.term.shape] == [sizes["M"], rows, columns]


def test_each_inequality_is_proved_and_the_words_name_the_zeros() -> None:
    facts = shape(Y.term).facts
    assert [f.rule for f in facts[:6]] == ["an axis of its own", "window", "fit", "solve", "whole number", "count"]
    assert "with its zeros" in facts[2].reason
    assert [bool(f.verdict) for f in facts[3:6]] == [True, True, True]
    assert facts[5].latex == r"i_{\max} + 1 = \left\lfloor\frac{H + 2 p - d(r - 1) - 1}{s}\right\rfloor + 1"


def test_without_a_stride_nothing_is_rounded() -> None:
    rules = [f.rule for f in shape(sc.correlate(sc.tensor("x", H), sc.tensor("w", r)).term).facts]
    assert rules == ["window", "fit", "solve", "count", "statement"]


def products_of_a_loop(sizes: dict[str, int]) -> int:
    """Every product of an input, a zero of the padding too, and a weight, counted one by one."""
    rows = places(sizes["H"], sizes["r"], sizes["s"], sizes["p"], sizes["d"])
    columns = places(sizes["W"], sizes["c"], sizes["s"], sizes["p"], sizes["d"])
    loops = (sizes["M"], rows, columns, sizes["C"], sizes["r"], sizes["c"])
    return sum(1 for _ in product(*map(range, loops)))


@pytest.mark.parametrize("sizes", SIZES)
def test_the_count_is_that_of_a_loop(sizes: dict[str, int]) -> None:
    answer = count("multiplications", [Y.term])
    assert answer.proved
    assert number(counted(Y.term), sizes) == products_of_a_loop(sizes)


def test_parameters_of_several_tensors_are_added_up() -> None:
    b = sc.tensor("b", M)
    answer = count("parameters", [K.term, b.term])
    assert [f.rule for f in answer.facts] == ["entries", "entries", "statement"]
    assert answer.facts[-1].latex == r"\text{parameters of K and b} = C M c r + M"
    assert answer.proved


def test_an_unknown_count_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no count products; expected multiplications, additions, parameters"):
        count("products", [Y.term])


@pytest.mark.parametrize("order", ["columns", "rows"])
def test_the_matrix_times_the_input_is_the_output(order: str) -> None:
    x, k = sc.tensor("X", 4, 5), sc.tensor("K", 2, 3)
    y = sc.correlate(x, k, stride=2, padding=1)
    answer = matrix(y.term, x.term, order)  # type: ignore[arg-type]
    assert answer.proved
    assert answer.declares == (f"vec {order}",)
    t = sc.toeplitz(k, (4, 5), stride=2, padding=1, order=order)
    rng = np.random.default_rng(5)
    a, w = rng.integers(-9, 9, (4, 5)), rng.integers(-9, 9, (2, 3))
    around = np.pad(a, 1)
    expected = np.array(
        [[(around[2 * i : 2 * i + 2, 2 * j : 2 * j + 3] * w).sum() for j in range(3)] for i in range(3)]
    )
    letter = "F" if order == "columns" else "C"
    assert (t.compile()(K=w) @ a.flatten(letter) == expected.flatten(letter)).all()


def test_any_linear_map_has_a_matrix_and_a_bias_has_none() -> None:
    x = sc.tensor("x", H)
    double = sc.define("z", [H], lambda i: 2 * x[i])
    answer = matrix(double.term, x.term)
    assert answer.proved
    shifted = sc.define("z", [H], lambda i: 2 * x[i] + 1)
    with pytest.raises(ShapeError, match=r"z linear in x, without a constant; take away the bias"):
        matrix(shifted.term, x.term)


@pytest.mark.parametrize(
    "make", [lambda x: sc.pool_max(x, 2), lambda x: sc.apply("relu", x), lambda x: sc.correlate(x, x)]
)
def test_what_is_not_linear_has_no_matrix(make: Callable[[sc.Tensor], sc.Tensor]) -> None:
    """Each of the first two is its derivatives times x all the same: relu(x) = relu'(x) x."""
    x = sc.tensor("x", 4)
    with pytest.raises(ShapeError, match=r"linearity .*; expected .* linear in x"):
        matrix(make(x).term, x.term)


def test_the_entry_of_the_matrix_is_a_tap() -> None:
    x, w = sc.tensor("x", H), sc.tensor("w", r)
    y = sc.correlate(x, w)
    assert isinstance(y.term, Defined)
    assert matrix(y.term, x.term).facts[0].latex == "T_{p, q} = w_{q-p}"
