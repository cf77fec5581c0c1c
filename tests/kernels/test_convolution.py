"""The ordinary convolution in every configuration: sizes, strides, tails, groups, dtypes, memory layouts."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus.gradient import gradient, upstream
from symconv.kernels import compile_tensor
from symconv.kernels.compile import write_tensor
from symconv.ops.correlate import correlate
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes
from tests.kernels.schedule_cases import traced

N, g, C, M, H, W, r, c, d, e = sizes("N g C M H W r c d e")
s, t = sizes("s t")
p, q, p1, q1 = (size(n, 0) for n in ("p", "q", "p1", "q1"))
X, K = leaf("X", N, g * C, H, W), leaf("K", g * M, C, r, c)
F = correlate(X, K, stride=(s, t), padding=((p, p1), (q, q1)), dilation=(d, e), groups=g)
forward = compile_tensor(F)
by_input, by_kernel = (compile_tensor(gradient(F, x, upstream(F))) for x in (X, K))


@st.composite
def configurations(draw):
    """Shapes and options of a convolution whose kernel fits."""
    small = st.integers(1, 3)
    n, groups, ci, co = (draw(small) for _ in range(4))
    kernel = (draw(st.integers(1, 4)), draw(st.integers(1, 3)))
    stride, dilation = (draw(small), draw(small)), (draw(small), draw(small))
    padding = tuple((draw(st.integers(0, 3)), draw(st.integers(0, 3))) for _ in range(2))
    image = tuple(
        max(1, u * (k - 1) + 1 - a - b) + draw(st.integers(0, 5))
        for k, u, (a, b) in zip(kernel, dilation, padding, strict=True)
    )
    return (n, groups * ci, *image), (groups * co, ci, *kernel), stride, padding, dilation, groups


@settings(max_examples=120, deadline=None)
@given(configurations(), st.integers(0, 2**20))
def test_forward_and_both_gradients_equal_loops(configuration, seed):
    x_shape, k_shape, stride, padding, dilation, groups = configuration
    rng = np.random.default_rng(seed)
    x, k = rng.standard_normal(x_shape), rng.standard_normal(k_shape)
    options = {"s": stride[0], "t": stride[1], "d": dilation[0], "e": dilation[1]}
    options |= {"p": padding[0][0], "p1": padding[0][1], "q": padding[1][0], "q1": padding[1][1]}
    y = reference.correlate(x, k, stride, padding, dilation, groups)
    close(forward(X=x, K=k, **options), y)
    up = rng.standard_normal(y.shape)
    dx, dk = reference.gradients(x, k, up, stride, padding, dilation, groups)
    close(by_input(G=up, K=k, H=x_shape[2], W=x_shape[3], g=groups, **options), dx)
    close(by_kernel(G=up, X=x, r=k_shape[2], c=k_shape[3], g=groups, **options), dk)


plain = correlate(leaf("X", N, C, H, W), leaf("K", M, C, r, c), padding=1)
plain_forward = compile_tensor(plain)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int8, np.uint8, bool])
def test_dtypes(dtype):
    rng = np.random.default_rng(1)
    x, k = (rng.integers(0, 2 if dtype is bool else 100, n).astype(dtype) for n in ((2, 3, 6, 5), (4, 3, 3, 2)))
    y = plain_forward(X=x, K=k)
    assert y.dtype == (dtype if np.dtype(dtype).kind == "f" else np.int64)
    wanted = reference.correlate(x.astype(float), k.astype(float), (1, 1), ((1, 1), (1, 1)), (1, 1))
    close(y, wanted, 1e-6 if dtype is np.float32 else 0)


def test_memory_layouts():
    rng = np.random.default_rng(2)
    x, k = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((4, 3, 3, 2))
    wanted = reference.correlate(x, k, (1, 1), ((1, 1), (1, 1)), (1, 1))
    close(plain_forward(X=x, K=k), wanted)
    strided = np.repeat(np.repeat(x, 2, axis=2), 3, axis=0)[::3, :, ::2]
    frozen = x.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(x), strided, frozen, x[..., ::-1].copy()[..., ::-1]):
        close(plain_forward(X=other, K=k), wanted)
        close(plain_forward(X=x, K=np.asfortranarray(k)), wanted)
    assert (x == frozen).all()


def test_an_empty_batch():
    k = np.ones((4, 3, 3, 2))
    assert plain_forward(X=np.ones((0, 3, 6, 5)), K=k).shape == (0, 4, 6, 6)
    dx = compile_tensor(gradient(plain, leaf("X", N, C, H, W), upstream(plain)))
    assert dx(G=np.ones((0, 4, 6, 6)), K=k).shape == (0, 3, 6, 5)
    dk = compile_tensor(gradient(plain, leaf("K", M, C, r, c), upstream(plain)))
    assert not dk(G=np.ones((0, 4, 6, 6)), X=np.ones((0, 3, 6, 5))).any()


def test_the_source_does_not_grow_with_the_image():
    def length(side):
        f = correlate(leaf("X", 1, 3, side, side), leaf("K", 8, 3, 3, 3), padding=1)
        return [len(write_tensor(t).source) for t in (f, gradient(f, leaf("X", 1, 3, side, side), upstream(f)))]

    assert all(abs(a - b) < 60 for a, b in zip(length(8), length(512), strict=True))


TIMING = """
import time
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from tests.kernels.test_convolution import C, N, M, H, K, W, X, c, compile_tensor, gradient, leaf, plain, r, upstream

rng = np.random.default_rng(3)
x, k, up = (rng.standard_normal(n) for n in ((1, 3, 128, 128), (8, 3, 3, 3), (1, 8, 128, 128)))
y = compile_tensor(plain)
dx = compile_tensor(gradient(plain, leaf("X", N, C, H, W), upstream(plain)))
dk = compile_tensor(gradient(plain, leaf("K", M, C, r, c), upstream(plain)))

def ours():
    y(X=x, K=k), dx(G=up, K=k), dk(G=up, X=x)

def usual():
    windows = sliding_window_view(np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))), (3, 3), axis=(2, 3))
    np.tensordot(windows, k, ((1, 4, 5), (1, 2, 3)))

def best_of(function, rounds=9):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)

print(best_of(ours) / best_of(usual))
"""


def test_no_loop_runs_over_pixels():
    """3 -> 8 channels, 128 x 128, 3 x 3: all three within 20 times one tensordot over windows, on one thread."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", TIMING], env={**os.environ, **threads}, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 20


def test_windows_are_never_copied_as_a_whole():
    """15 x 15 taps over 700 x 700: all windows would take 880 MB."""
    f = compile_tensor(correlate(leaf("X", H, W), leaf("K", r, c)))
    x, k = np.ones((714, 714)), np.ones((15, 15))
    with traced() as peak:
        f(X=x, K=k)
    assert peak.bytes < 60e6
