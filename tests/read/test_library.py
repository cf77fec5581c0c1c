"""The library names of `define` lines: each is what NumPy, SciPy or a loop says, and what is unknown is named."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.signal import correlate2d
from scipy.special import softmax
from skimage.measure import block_reduce

from symconv.kernels import compile_tensor
from symconv.notation.source import LocatedError, NotSupported
from symconv.read.reader import read_document

BLOCK = """```symconv
tensor X[H,W] K[r,c] Z[C,H,W] D[C,r,c] x[n] y[m] k[r] t[n]
scalar a
function f = relu
function \\phi = tanh
{}
outside zero
```
"""
rng = np.random.default_rng(3)
ARRAYS = {
    "X": rng.standard_normal((6, 5)),
    "K": rng.standard_normal((3, 2)),
    "Z": rng.standard_normal((2, 6, 5)),
    "D": rng.standard_normal((2, 3, 2)),
    "x": rng.standard_normal(7),
    "y": rng.standard_normal(4),
    "k": rng.standard_normal(3),
    "t": rng.random(7),
    "a": np.float64(0.25),
}
X, K, Z, D, x, y, k, t, _ = ARRAYS.values()
CORRELATED = correlate2d(X, K, "valid")


def defined(line):
    tensors = read_document(BLOCK.format(line), "md").tensors
    return tensors[line.split()[1]]


def toeplitz_by_columns(image_shape, kernel):
    """Column q holds the response to the image that is 1 at the q-th place, columns first."""
    units = np.eye(np.prod(image_shape)).reshape(-1, *image_shape[::-1]).transpose(0, 2, 1)
    return np.stack([correlate2d(u, kernel, "valid").T.ravel() for u in units], axis=1)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("define R = concatenate(x, y)", np.concatenate([x, y])),
        ("define R = concatenate(x, y, x)", np.concatenate([x, y, x])),
        ("define R = concatenate(K, K, axis=1)", np.concatenate([K, K], axis=1)),
        ("define R = cross_entropy(softmax(x), t)", -np.sum(t * np.log(softmax(x)))),
        ("define R = depthwise(Z, D)", np.stack([correlate2d(*p, "valid") for p in zip(Z, D)])),
        (
            "define R = depthwise(Z, D, stride=2, padding=1)",
            np.stack([correlate2d(np.pad(z, 1), d, "valid")[::2, ::2] for z, d in zip(Z, D)]),
        ),
        ("define R = pool_average(X, window=2, padding=1)", block_reduce(np.pad(X, 1), (2, 2), np.mean)[:4, :3]),
        ("define R = pool_average(X, (2, 5), weight=a)", 0.25 * block_reduce(X, (2, 5), np.sum)),
        ("define R = pool_average(X, (2, 5), weight=1)", block_reduce(X, (2, 5), np.sum)),
        ("define R = pool_max(pad(X, 1), window=(2, 7))", block_reduce(np.pad(X, 1), (2, 7), np.max)),
        (
            "define R = pool_max(f(correlate(X, K)), window=2)",
            block_reduce(np.maximum(CORRELATED, 0), (2, 2), np.max),
        ),
        ("define R = \\phi(correlate(X, K))", np.tanh(CORRELATED)),
        ("define R = relu(correlate(X, K))", np.maximum(CORRELATED, 0)),
        ("define R = f(x)", np.maximum(x, 0)),
    ],
)
def test_a_library_name_is_what_its_twin_says(line, expected):
    tensor = defined(line)
    assert tensor.rank == np.ndim(expected)
    kernel = compile_tensor(tensor)
    found = kernel(**{leaf: ARRAYS[leaf] for leaf in ARRAYS if re.search(rf"\b{leaf}\b", line.split("=", 1)[1])})
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_a_toeplitz_matrix_is_the_response_to_unit_images():
    found = compile_tensor(defined("define T = toeplitz(K, (H, W))"))(K=K, H=6, W=5)
    np.testing.assert_allclose(found, toeplitz_by_columns((6, 5), K))
    found = compile_tensor(defined("define T = toeplitz(k, n, stride=2)"))(k=k, n=7)
    rows = [np.correlate(unit, k, "valid")[::2] for unit in np.eye(7)]
    np.testing.assert_allclose(found, np.stack(rows, axis=1))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("define R = corelate(X, K)", r"the operation corelate; expected .*; did you mean correlate\?"),
        ("define R = f(softmx(x))", r"the operation softmx; expected .*; did you mean softmax\?"),
        ("define R = foo(X)", r"the operation foo; expected .*toeplitz.*; correct the name, or declare function foo"),
        ("define R = correlate(X, K) + X", r"text behind the call; expected one call; define each part"),
        ("define R = cross_entropy(x)", r"cross_entropy of 1 tensors; expected 2; give"),
        ("define R = dense(x)", r"dense of 1 tensors; expected 2 to 3; give"),
        ("define R = depthwise(Z, D, groups=2)", r"depthwise with the option groups; expected stride.*; remove it"),
    ],
)
def test_what_is_wrong_is_named(line, message):
    with pytest.raises(LocatedError, match=message):
        defined(line)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("define R = pool_max(X, window=2, padding=1)", r"pool_max with padding is not .*pool_max\(pad\(X, p\)"),
    ],
)
def test_what_is_not_carried_out_says_so(line, message):
    with pytest.raises(NotSupported, match=message):
        defined(line)


def test_words_before_a_bracket_that_are_declared_stay_mathematics():
    block = "```symconv\nsize H\nscalar abc\ntensor x[H] y[H]\ndefine y_i = abc(x_i + 1)\noutside zero\n```\n"
    kernel = compile_tensor(read_document(block, "md").tensors["y"])
    np.testing.assert_allclose(kernel(x=x, abc=np.float64(2.0)), 2 * (x + 1))
