"""Threads of exported C: what they share, and that the results are the same; where they cannot, none are offered."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from symconv.ops.correlate import correlate
from symconv.ops.layer import add_bias
from symconv.ops.matrix import matmul
from symconv.ops.pool import pool_average, pool_max
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Apply, Function, Maximum, Position, Range, Reciprocal, add, multiply, total
from tests.kernels.build import close, leaf, sizes
from tests.kernels.test_target_c import exported, needs_compiler

pytestmark = [pytest.mark.targets, needs_compiler]

N, C, M, H, W, r, c = sizes("N C M H W r c")
X, K, b = leaf("input", N, C, H, W), leaf("kernel", M, C, r, c), leaf("bias", M)
A, B = leaf("A", N, C), leaf("B", C, M)
CONV = correlate(X, K)
RELU = define(
    "relu", CONV.shape, lambda *at: Apply(Function("relu"), add_bias(CONV, b, axis=1)[at]), indices=("n", "m", "i", "j")
)
rng = np.random.default_rng(5)
ARRAYS = {"input": rng.standard_normal((5, 3, 9, 8)), "kernel": rng.standard_normal((7, 3, 3, 2))}
ARRAYS |= {"bias": rng.standard_normal(7), "A": rng.standard_normal((5, 3)), "B": rng.standard_normal((3, 7))}


@pytest.fixture(autouse=True)
def _quickly_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CFLAGS", "-O0")


def call(function, upstream, **more):
    known = ARRAYS | {"upstream": upstream} | {f"{name}_shape": value.shape for name, value in ARRAYS.items()}
    taken = [name for name in inspect.signature(function).parameters if name in known]
    return function(**{name: known[name] for name in taken}, **more)


def offers(function):
    return "threads" in inspect.signature(function).parameters


@pytest.mark.parametrize(
    ("f", "leaves"),
    [
        (CONV, (X, K)),
        (RELU, (X, K, b)),
        (pool_max(CONV, 2), (X, K)),
        (pool_average(X, (3, 3), (2, 1), 1), (X,)),
        (matmul(A, B), (A, B)),
    ],
)
@pytest.mark.parametrize("threads", [2, 3, 40])
def test_the_same_results(f, leaves, threads, tmp_path):
    module = exported(tmp_path, f, leaves)
    assert offers(module.forward)
    result = call(module.forward, None)
    close(call(module.forward, None, threads=threads), result, 1e-14)
    upstream = rng.standard_normal(result.shape)
    for t in leaves:
        function = getattr(module, f"grad_{t.name}")
        assert offers(function)
        wanted = call(function, upstream)
        out = np.empty(wanted.shape)
        assert call(function, upstream, threads=threads, out=out) is out
        close(out, wanted, 1e-14)
    assert "threads: how many share the work" in module.forward.__doc__


def test_a_result_where_the_input_stands(tmp_path):
    module = exported(tmp_path, pool_average(X, (1, 1)), [X])
    x = ARRAYS["input"].copy()
    module.forward(x, out=x, threads=2)
    close(x, ARRAYS["input"], 0)
    apart = np.empty((5, 3, 9, 16))[..., ::2]
    module.forward(x, out=apart, threads=2)
    close(apart, ARRAYS["input"], 0)
    assert module.forward(x[:0], threads=2).shape == (0, 3, 9, 8)


def over_rows(entry):
    return define("y", (N, C), entry, indices=("i", "j"))


@pytest.mark.parametrize(
    "f",
    [
        over_rows(lambda i, j: total((Range.upto("k", N),), A[Poly.of("k"), j])),  # read at every place
        over_rows(lambda i, j: A[N - 1 - i, j]),  # read backwards
        over_rows(lambda i, j: multiply(A[i, j], Reciprocal(Position(N)))),  # a mean over all of them
        over_rows(lambda i, j: add(A[i, j], A[N - 1, j])),  # both ways
        over_rows(lambda i, j: multiply(A[i, j], total((Range("k", Poly.of(0), i),), A[i, Poly.of(0)]))),
        over_rows(lambda i, j: Maximum((Range.upto("k", N),), A[Poly.of("k"), j])),
        over_rows(lambda i, j: Maximum((Range.upto("k", 2),), multiply(A[i, j], A[i, Poly.of("k")]))),
        define("y", (Poly.of(5), C), lambda i, j: A[i, j]),  # a number of rows that is stated
        define("y", (2 * N, C), lambda i, j: leaf("A", 2 * N, C)[i, j]),
        define("y", (), lambda: total((Range.upto("k", N),), A[Poly.of("k"), Poly.of(0)])),
    ],
)
def test_none_where_the_first_index_is_read_otherwise(f, tmp_path):
    assert not offers(exported(tmp_path, f, []).forward)
