"""Calls of a compiled tensor: by name, with or without `out` and `threads`, and what they refuse."""

from __future__ import annotations

import inspect
from unicodedata import normalize

import numpy as np
import pytest

import symconv as sc
from symconv.errors import UsageError
from symconv.kernels.compile import kernel_of
from symconv.ops.correlate import correlate
from tests.kernels.build import leaf

H, W, n = sc.sizes("H W n")
IMAGE, KERNEL = sc.tensor("X", 6, 7), sc.tensor("K", 3, 2)
x, k = np.arange(42.0).reshape(6, 7) ** 2, np.arange(1.0, 7).reshape(3, 2)
EXPECTED = sum(k[u, v] * x[u : u + 4, v : v + 6] for u in range(3) for v in range(2))


@pytest.fixture(scope="module")
def correlated():
    return sc.correlate(IMAGE, KERNEL).compile()


def test_arguments_by_name(correlated):
    np.testing.assert_array_equal(correlated(X=x, K=k), EXPECTED)
    np.testing.assert_array_equal(correlated(threads=2, K=k, X=x), EXPECTED)
    out = np.empty((4, 6))
    assert correlated(K=k, X=x, out=out) is out
    assert correlated(K=k, X=x, threads=1, out=None) is not out
    np.testing.assert_array_equal(out, EXPECTED)


def test_the_usual_arguments_are_not_looked_up():
    def looked_up(places, values):
        raise LookupError(f"{places} {sorted(values)}")

    call = kernel_of(correlate(leaf("X", 6, 7), leaf("K", 3, 2)), (), "exact", "").caller(looked_up)
    out = np.empty((4, 6))
    for options in ({}, {"out": out}, {"threads": 2, "out": out}):
        np.testing.assert_array_equal(call(X=x, K=k, **options), EXPECTED)
    with pytest.raises(LookupError, match=r"^\(\) \['K', 'threads'\]$"):
        call(K=k, threads=2)


@pytest.mark.parametrize(
    ("places", "given", "message"),
    [
        ((x, k), {}, "2 arguments without a name; expected arguments by name: K, X; write K=.."),
        ((x,), {"K": k, "X": x}, "1 arguments without a name; expected arguments by name: K, X; write K=.."),
        ((), {"X": x}, "no K; expected K, X; give K"),
        ((), {"threads": 2}, "no K, X; expected K, X; give K, X"),
        ((), {"X": x, "K": k, "Z": x, "Y": x}, "argument Y, Z; expected K, X; leave it out or rename it"),
    ],
    ids=["places", "a place", "one missing", "all missing", "strange"],
)
def test_arguments_that_do_not_fit(correlated, places, given, message):
    with pytest.raises(UsageError) as refused:
        correlated(*places, **given)
    assert str(refused.value).removeprefix(f"compiled {sc.correlate(IMAGE, KERNEL).name}: ") == message


def test_a_value_that_is_none_is_a_value(correlated):
    with pytest.raises(TypeError, match=r"^X: entries of type object given; real numbers needed"):
        correlated(X=None, K=k)
    with pytest.raises(ValueError, match=r"^threads: 0 given; at least 1 needed"):
        correlated(X=x, K=k, threads=0)


def test_a_size_that_no_shape_tells():
    image = sc.tensor("X", H, W)
    cut = sc.define("y", [H - n + 1], lambda i: image[i + n - 1, 0]).compile()
    assert str(inspect.signature(cut)) == "(*, n, X, out=None)"
    np.testing.assert_array_equal(cut(X=x, n=3), x[2:, 0])
    with pytest.raises(UsageError, match=r"no n; expected n, X; give n$"):
        cut(X=x)


@pytest.mark.parametrize("name", ["__places", "__none", "lambda", "out", "threads", "x'"])
def test_names_that_mean_something_else_where_they_are_called(name):
    """By a dictionary, as Python cannot write all of them."""
    doubled = sc.define("y", [n], lambda i: 2 * sc.tensor(name, n)[i]).compile()
    np.testing.assert_array_equal(doubled(**{name: np.ones(3)}), np.full(3, 2))


def test_names_that_python_reads_as_others():
    """The lunate epsilon of a source text is the usual one as a keyword (PEP 3131: NFKC); both may be names."""
    lunate, usual = "\u03f5", normalize("NFKC", "\u03f5")
    assert usual == "\u03b5"
    one, other = sc.tensor(lunate, n), sc.tensor(usual, n)
    written, both = {usual: np.ones(3)}, {lunate: np.ones(3), usual: np.arange(3)}
    doubled = sc.define("y", [n], lambda i: 2 * one[i])
    np.testing.assert_array_equal(doubled.compile()(**written), np.full(3, 2))
    added = sc.define("y", [n], lambda i: 2 * one[i] + other[i])
    np.testing.assert_array_equal(added.compile()(**both), [2, 3, 4])


def test_optional_arguments_are_shown(correlated):
    assert str(inspect.signature(correlated)) == "(*, K, X, out=None, threads=1)"


def test_a_tensor_without_arguments():
    np.testing.assert_array_equal(sc.define("y", [3], lambda i: i * i).compile()(), [0, 1, 4])
