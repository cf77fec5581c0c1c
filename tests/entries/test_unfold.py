"""Entries at fixed sizes: against the evaluator, and against SymPy's own derivatives where these are right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from symconv.entries.unfold import entries
from symconv.errors import BridgeError, ShapeError, SizeError
from symconv.proof.evaluation.intervals import Interval
from symconv.term.tensor import Axis, Defined, Leaf, define
from symconv.term.value import Derivative, Entry, Range, total
from tests.entries.operations import (
    GRADIENTS,
    MAX_GRADIENT,
    PIECEWISE,
    POLYNOMIAL,
    SMOOTH,
    TWO,
    H,
    K,
    X,
    both,
    correlate,
    exact,
    leaf,
    numbers,
    pool_max,
    r,
    w,
    x,
)

ALL = {**POLYNOMIAL, **SMOOTH, **PIECEWISE, **MAX_GRADIENT}


def substituted(array: sympy.NDimArray, arrays: dict[str, np.ndarray[Any, Any]]) -> list[sympy.Expr]:
    """The entries with numbers in the place of X[0, 1]."""
    values = {sympy.Symbol(name): int(a[()]) for name, a in arrays.items() if not a.shape}
    for name, a in arrays.items():
        values |= {sympy.IndexedBase(name)[at]: int(a[at]) for at in np.ndindex(a.shape) if at}
    return [e.xreplace(values) for e in sympy.flatten(array)] if array.shape else [array[()].xreplace(values)]


@pytest.mark.parametrize("name", ALL)
def test_entries_are_what_the_definition_says(name: str) -> None:
    tensor, sizes = ALL[name]
    arrays = numbers(tensor, sizes)
    for found, wanted in zip(substituted(entries(tensor, sizes), arrays), exact(tensor, sizes, arrays), strict=True):
        if isinstance(wanted, Interval):
            near = Fraction(str(found.n(40)))
            assert wanted.low - Fraction(1, 10**30) < near < wanted.high + Fraction(1, 10**30)
        else:
            assert sympy.Rational(str(wanted)) == sympy.sympify(found).doit()


@pytest.mark.parametrize("name", ["correlate by X", "correlate by K", "strided by x", "strided by w", "square by x"])
def test_reverse_mode_agrees_with_diff(name: str) -> None:
    tensor, sizes = GRADIENTS[name]
    assert isinstance(tensor, Defined)
    assert tensor.call is not None
    f, by, g = tensor.call.operands
    outputs, upstreams = entries(f, sizes), entries(g, sizes)
    loss = sympy.Add(*(a * b for a, b in zip(sympy.flatten(outputs), sympy.flatten(upstreams), strict=True)))
    wanted = [sympy.expand(loss.diff(e)) for e in sympy.flatten(entries(by, sizes))]
    assert [sympy.expand(e) for e in sympy.flatten(entries(tensor, sizes))] == wanted


def test_an_entry_is_a_natural_expression() -> None:
    assert str(entries(correlate(X, K), TWO)[0, 1]) == (
        "K[0, 0]*X[0, 1] + K[0, 1]*X[0, 2] + K[0, 2]*X[0, 3] + K[1, 0]*X[1, 1] + K[1, 1]*X[1, 2] + K[1, 2]*X[1, 3]"
    )


@pytest.mark.parametrize("name", ALL)
def test_sums_and_products_are_in_sympys_order(name: str) -> None:
    """What is written without SymPy's own search for like terms is what SymPy would have written."""
    tensor, sizes = ALL[name]
    array = entries(tensor, sizes)
    for e in sympy.flatten(array) if array.shape else [array[()]]:
        for part in sympy.preorder_traversal(e):
            if isinstance(part, sympy.Add | sympy.Mul):
                assert part.func(*part.args).args == part.args


def test_the_first_of_equal_entries_wins() -> None:
    tensor = both(pool_max(x, 3), x)
    found = entries(tensor, {"H": 3})
    tie = {sympy.IndexedBase("x")[k]: 5 for k in range(3)}
    assert [e.xreplace(tie) for e in found] == [sympy.IndexedBase("G")[0], 0, 0]


def test_a_derivative_by_a_defined_tensor_keeps_the_others_fixed() -> None:
    y = correlate(x, w)
    z = define("z", (H,), lambda i: y[i] * x[i])
    found = entries(both(z, y), {"H": 4, "r": 2})
    assert [str(e) for e in found] == ["G[0]*x[0]", "G[1]*x[1]", "G[2]*x[2]"]


def test_second_derivatives() -> None:
    cube = define("c", (H,), lambda i: x[i] * x[i] * x[i])
    second = define("s", (H,), lambda i: Derivative(Entry(both(cube, x), (i,)), x[i]))
    assert [str(e) for e in entries(second, {"H": 2})] == ["6*G[0]*x[0]", "6*G[1]*x[1]"]


def test_own_expressions_take_the_place_of_a_leaf() -> None:
    a, b, k = sympy.symbols("a b k")
    found = entries(correlate(x, w), {"H": 2, "r": 1}, {"x": sympy.Array([a, b]), "w": sympy.Array([k])})
    assert list(found) == [a * k, b * k]
    assert entries(X, {"H": 1, "W": 2}, {"X": sympy.Matrix([[a, b]])}).shape == (1, 2)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"H": 4}, r"size r: no value; expected a whole number of at least 1; give "),
        ({"H": 4, "r": 0}, "size r: the value 0"),
        ({"H": 4, "r": 2.0}, r"size r: the value 2\.0"),
        ({"H": 2, "r": 3}, r"H - r = -1; expected H - r >= 0; choose sizes"),
    ],
)
def test_sizes_are_checked(sizes: dict[str, int], message: str) -> None:
    with pytest.raises(SizeError, match=message):
        entries(correlate(x, w), sizes)


def test_own_expressions_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"entries for x: shape \(3,\); expected \(2,\)"):
        entries(correlate(x, w), {"H": 2, "r": 1}, {"x": sympy.Array([1, 2, 3])})
    with pytest.raises(ShapeError, match=r"entries for z; expected one of"):
        entries(correlate(x, w), {"H": 2, "r": 1}, {"z": sympy.Array([1])})


def test_what_cannot_be_unfolded_is_refused() -> None:
    line = Leaf("l", (Axis(None, None),))
    with pytest.raises(BridgeError, match="an axis without an end"):
        entries(line, {})
    endless = define("e", (H,), lambda i: total((Range("u", None, None),), x[i + "u"]))
    with pytest.raises(BridgeError, match="the index u: a range without an end"):
        entries(endless, {"H": 2})
    strict = Leaf("y", (Axis.of(r),), outside="error")
    with pytest.raises(BridgeError, match=r"y\[2\]: a read out of range"):
        entries(define("e", (r,), lambda i: strict[i + 1]), {"r": 2})
    from symconv.term.value import Reciprocal, as_value

    with pytest.raises(BridgeError, match="a division by zero"):
        entries(define("e", (r,), lambda i: Reciprocal(as_value(0))), {"r": 1})
    assert leaf("x", H).rank == 1
