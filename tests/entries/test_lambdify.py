"""NumPy code through sympy.lambdify: exact against the evaluator, of one size for all images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from symconv.entries.lambdify import LONGEST_CHAIN, ArrayFunction, lambdify
from symconv.errors import BridgeError, NameClash, ShapeError, SizeError
from symconv.ops.correlate import correlate
from symconv.ops.layer import apply
from symconv.ops.pool import pool_max
from symconv.ops.window import rot180
from symconv.proof.evaluate import World
from symconv.proof.evaluation.intervals import Interval
from symconv.term.tensor import Axis, Leaf, Tensor
from symconv.term.value import Range, Sum
from tests.entries.operations import (
    FORWARD,
    MAX_GRADIENT,
    PIECEWISE,
    POLYNOMIAL,
    SMOOTH,
    TWO,
    H,
    K,
    X,
    both,
    exact,
    general,
    leaf,
    numbers,
    r,
    strided,
    w,
    x,
)

ALL = {**POLYNOMIAL, **PIECEWISE, **SMOOTH}
F = correlate(X, K)


def number(value: Any) -> float:
    return float((value.low + value.high) / 2) if isinstance(value, Interval) else float(value)


def shaped(tensor: Tensor, sizes: dict[str, int], arrays: dict[str, Any]) -> Any:
    shape = [len(a) for a in World(sizes).axes(tensor)]
    return np.reshape([number(e) for e in exact(tensor, sizes, arrays)], shape)


@pytest.mark.parametrize("name", ALL)
def test_the_code_gives_what_the_definition_says(name: str) -> None:
    tensor, sizes = ALL[name]
    arrays = numbers(tensor, sizes)
    function = lambdify(tensor)
    assert isinstance(function, ArrayFunction)
    found = function(**arrays, **sizes)
    wanted = shaped(tensor, sizes, arrays)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    assert found.dtype.kind == "f" or (found == wanted).all()


@pytest.mark.parametrize("sizes", [{"H": 9, "r": 4}, {"H": 10, "r": 2}, {"H": 3, "r": 1}])
@pytest.mark.parametrize("by", [x, w])
def test_strides_that_leave_a_tail(sizes: dict[str, int], by: Leaf) -> None:
    tensor = both(strided, by)
    arrays = numbers(tensor, sizes)
    assert (lambdify(tensor)(**arrays, **sizes) == shaped(tensor, sizes, arrays)).all()


def test_the_code_does_not_grow() -> None:
    source = lambdify(both(general, general.call.operands[0])).source  # type: ignore[union-attr]
    assert len(source) < 700
    assert "einsum" in source
    assert "for " not in source
    X1, K1 = leaf("X", 224, 224), leaf("K", 7, 7)
    assert len(lambdify(correlate(X1, K1)).source) < 250  # type: ignore[union-attr]


def test_the_gradients_are_the_closed_forms() -> None:
    """One einsum over a window each: the equation of the gradient is solved, not summed over."""
    dx, dk = lambdify(both(F, X)), lambdify(both(F, K))
    assert isinstance(dx, ArrayFunction)
    assert isinstance(dk, ArrayFunction)
    assert "einsum('abcd,cd->ab', windows(G, (H, W, r, c), [(0, (1, 0, -1, 0)), (0, (0, 1, 0, -1))]), K)" in dx.source
    assert "einsum('abcd,cd->ab', windows(X, (r, c, H - r + 1, W - c + 1), " in dk.source
    assert (dx.arguments, dk.arguments) == (("K", "G"), ("X", "G"))


def test_sizes_come_from_the_shapes() -> None:
    layer = correlate(x, w, stride=2)
    dx = lambdify(both(layer, x))
    G, K1 = np.arange(1, 4), np.array([1, 10])
    with pytest.raises(
        SizeError, match=r"no value for H, which the shapes do not tell; expected all sizes; give H=\.\."
    ):
        dx(K1, G)
    assert list(dx(K1, G, H=7)) == [1, 10, 2, 20, 3, 30, 0]
    assert list(dx(w=K1, G=G, x=np.zeros(6))) == [1, 10, 2, 20, 3, 30]


def test_views_are_not_written() -> None:
    image = np.arange(6.0)
    found = lambdify(rot180(x))(image)
    assert found.tolist() == image[::-1].tolist()
    assert image.tolist() == list(range(6))


def test_an_unknown_function_is_given() -> None:
    tensor = both(apply("f", x), x)
    with pytest.raises(BridgeError, match="the function f': no NumPy function for it"):
        lambdify(tensor)
    slope = lambdify(tensor, functions={"f'": np.cos})
    np.testing.assert_allclose(slope(np.array([0.0, 1.0]), np.array([2.0, 3.0])), [2, 3 * np.cos(1)])


@pytest.mark.parametrize("name", ["correlate by X", "correlate by K", "strided by x", "average", "bias"])
def test_the_unrolled_expression(name: str) -> None:
    tensor, sizes = ALL[name]
    arrays = numbers(tensor, sizes)
    function, same = lambdify(tensor, unrolled=True, sizes=sizes), lambdify(tensor)
    assert isinstance(same, ArrayFunction)
    held = [arrays[n] for n in _arguments(tensor)]
    np.testing.assert_allclose(function(*held).astype(float), same(**arrays, **sizes).astype(float), atol=1e-12)


def _arguments(tensor: Tensor) -> list[str]:
    from symconv.entries.lambdify import leaves_of

    return [t.name for t in leaves_of(tensor)]


def test_unrolled_scalars() -> None:
    assert lambdify(FORWARD["bias"][0], unrolled=True, sizes={"H": 2, "r": 1}).__name__ == "unrolled"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: lambdify(F, sizes=TWO), BridgeError, r"lambdify correlate\(X, K\): sizes; .*unrolled=True"),
        (
            lambda: lambdify(both(F, K), unrolled=True, sizes={"H": 54, "W": 54, "r": 2, "c": 2}),
            BridgeError,
            rf"a sum of 2809 terms in one entry; expected at most {LONGEST_CHAIN}.*leave out unrolled=True",
        ),
        (lambda: lambdify(F, unrolled=True), SizeError, "no value"),
        (lambda: lambdify(MAX_GRADIENT["max by x"][0]), BridgeError, r"lambdify dL/dx: .*a maximum.*use compile\(\)"),
        (lambda: lambdify(leaf("H", H)), NameClash, "the name H: a tensor and a size"),
        (lambda: lambdify(leaf("x'", H)), BridgeError, "the name x': a name that code cannot use"),
        (lambda: lambdify(leaf("einsum", H)), BridgeError, "the name einsum"),
        (
            lambda: lambdify(_triangle()),
            BridgeError,
            r"the index u: limits that depend on other indices.*use compile\(\)",
        ),
        (lambda: lambdify(Leaf("x", (Axis(None, None),))), ShapeError, "axis: the whole line of integers"),
        (lambda: lambdify(F)(np.zeros((3, 3))), ShapeError, r"1 arrays, none for K; expected X, K"),
        (lambda: lambdify(F)(np.zeros((3, 3)), np.zeros(3)), ShapeError, "K: an array of 1 axes; expected 2"),
        (lambda: lambdify(F)(np.zeros((2, 2)), np.zeros((3, 3))), SizeError, "H - r = -1"),
        (
            lambda: lambdify(both(F, X))(np.zeros((2, 2)), np.zeros((3, 3)), H=9, W=9),
            ShapeError,
            r"G in dL/dX: an extent of 3; expected 8",
        ),
    ],
)
def test_what_cannot_be_written_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def _triangle() -> Tensor:
    from symconv.term.tensor import define

    return define("t", (H,), lambda i: Sum((Range("u", i - i, i),), x["u"]))


def test_the_printer_is_sympys() -> None:
    function = lambdify(pool_max(X, (2, 2)))
    assert isinstance(function, ArrayFunction)
    assert "greatest(" in function.source
    assert "lambdify" in function._run.__name__
    assert repr(function) == "<NumPy function of X: pool_max(X)>"
    assert isinstance(sympy.Symbol("r"), sympy.Symbol)
    assert r.as_int is None
