"""Every operation forward, against NumPy, SciPy and loops that know nothing of symconv."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal, special

from symconv.kernels import compile_tensor
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, elementwise, exponential_sum, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.pool import pool_average, pool_max
from symconv.ops.window import concatenate, crop, flip, pad, rot180, stuff, transpose
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes

H, W, r, c, s, t, N, C, M, g = sizes("H W r c s t N C M g")
p = size("p", 0)
X, K = leaf("X", H, W), leaf("K", r, c)
rng = np.random.default_rng(5)
x, k = rng.standard_normal((9, 7)), rng.standard_normal((4, 3))


def test_correlate_and_convolve_agree_with_scipy():
    close(compile_tensor(correlate(X, K))(X=x, K=k), signal.correlate2d(x, k, "valid"))
    close(compile_tensor(convolve(X, K))(X=x, K=k), signal.convolve2d(x, k, "valid"))
    close(compile_tensor(convolve(X, K, mode="full"))(X=x, K=k), signal.convolve2d(x, k, "full"))
    close(compile_tensor(correlate(X, K, mode="full"))(X=x, K=k), signal.correlate2d(x, k, "full"))


def test_same_keeps_the_shape_with_odd_and_even_kernels():
    even = np.pad(x, ((1, 2), (1, 1)))
    close(compile_tensor(correlate(X, K, mode="same"))(X=x, K=k), signal.correlate2d(even, k, "valid"))
    close(compile_tensor(convolve(X, K, mode="same"))(X=x, K=k), signal.convolve2d(x, k, "same"))
    close(compile_tensor(convolve(X, K, mode="same"))(X=x, K=k[:3, :2]), signal.convolve2d(x, k[:3, :2], "same"))


@pytest.mark.parametrize("spatial", [1, 2, 3])
def test_correlate_in_every_dimension(spatial):
    shape, kernel = (8, 7, 6)[:spatial], (3, 2, 2)[:spatial]
    a, b = rng.standard_normal((2, 4, *shape)), rng.standard_normal((6, 2, *kernel))
    f = correlate(
        leaf("X", N, 2 * g, *sizes("A B D")[:spatial]),
        leaf("K", 3 * g, 2, *sizes("u v w")[:spatial]),
        stride=s,
        padding=p,
        dilation=t,
        groups=g,
        spatial=spatial,
    )
    found = compile_tensor(f)(X=a, K=b, s=2, p=1, t=2)
    options = ((2,) * spatial, ((1, 1),) * spatial, (2,) * spatial)
    close(found, reference.correlate(a, b, *options, groups=2))


def test_padding_per_side_and_stride_per_axis():
    f = correlate(X, K, stride=(2, 3), padding=((0, 2), (3, 1)), dilation=(1, 2))
    wanted = reference.correlate(x[None, None], k[None, None], (2, 3), ((0, 2), (3, 1)), (1, 2))
    close(compile_tensor(f)(X=x, K=k), wanted[0, 0])


def test_depthwise_is_a_grouped_correlation():
    a, b = rng.standard_normal((2, 5, 8, 7)), rng.standard_normal((5, 3, 2))
    f = depthwise(leaf("X", N, C, H, W), leaf("K", C, r, c), stride=2, padding=1)
    wanted = reference.correlate(a, b[:, None], (2, 2), ((1, 1), (1, 1)), (1, 1), groups=5)
    close(compile_tensor(f)(X=a, K=b), wanted)


def test_transposed_lays_the_kernel_down_at_every_entry():
    a, b = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((3, 2, 3, 4))
    f = transposed(leaf("X", N, C, H, W), leaf("K", C, M, r, c), stride=s, padding=p, output_padding=1)
    found = compile_tensor(f)(X=a, K=b, s=3, p=1)
    wanted = np.zeros((2, 2, 3 * 3 + 3 - 2 + 1, 3 * 4 + 4 - 2 + 1))
    dx, _ = reference.gradients(wanted, b, a, (3, 3), ((1, 1), (1, 1)), (1, 1))
    close(found, dx)


def test_pooling():
    a = rng.standard_normal((2, 3, 9, 8))
    image = leaf("X", N, C, H, W)
    close(compile_tensor(pool_max(image, (3, 2), (2, s)))(X=a, s=3), reference.pooled(a, (3, 2), (2, 3), np.max))
    close(compile_tensor(pool_max(image, 2))(X=a), reference.pooled(a, (2, 2), (2, 2), np.max))
    f = pool_average(image, (r, 2), (2, 3), padding=1)
    close(compile_tensor(f)(X=a, r=3), reference.pooled(a, (3, 2), (2, 3), np.mean, (1, 1)))
    weighted = pool_average(X, 2, weight=leaf("a"))
    close(compile_tensor(weighted)(X=x, a=0.5), 0.5 * reference.pooled(x, (2, 2), (2, 2), np.sum))


def test_operations_that_move_entries():
    for f, wanted in [
        (pad(X, ((1, 2), (0, 3))), np.pad(x, ((1, 2), (0, 3)))),
        (crop(X, (1, 2)), x[1:-1, 2:-2]),
        (flip(X, [1]), x[:, ::-1]),
        (rot180(X), x[::-1, ::-1]),
        (transpose(X), x.T),
        (vec(X), x.ravel("F")),
        (vec(X, "rows"), x.ravel()),
        (elementwise(X, rot180(X), "-"), x - x[::-1, ::-1]),
    ]:
        close(compile_tensor(f)(X=x), wanted)
    stuffed = np.zeros((2 * 8 + 1, 3 * 6 + 1))
    stuffed[::2, ::3] = x
    close(compile_tensor(stuff(X, (s, t)))(X=x, s=2, t=3), stuffed)
    close(compile_tensor(unvec(leaf("v", H * W), (H, W)))(v=x.ravel("F"), H=9), x)
    other = leaf("Y", r, W)
    close(compile_tensor(concatenate([X, other]))(X=x, Y=x[:2]), np.concatenate([x, x[:2]]))


@pytest.mark.parametrize("order", ["columns", "rows"])
def test_the_toeplitz_matrix_is_the_correlation(order):
    matrix = toeplitz(K, (H, W), stride=(2, 1), padding=1, dilation=(1, 2), order=order)
    f = matmul(matrix, vec(X, order))
    y = reference.correlate(x[None, None], k[None, None], (2, 1), ((1, 1), (1, 1)), (1, 2))[0, 0]
    close(compile_tensor(f)(X=x, K=k), y.ravel("F" if order == "columns" else "C"))


def test_layers():
    a = rng.standard_normal((2, 3, 4, 5))
    image = leaf("X", N, C, H, W)
    b = rng.standard_normal(3)
    close(compile_tensor(add_bias(image, leaf("b", C)))(X=a, b=b), a + b[:, None, None])
    close(compile_tensor(add_bias(X, leaf("B", H, W)))(X=x, B=x), 2 * x)
    close(compile_tensor(add_bias(X, leaf("b")))(X=x, b=2.0), x + 2)
    w, z = rng.standard_normal((3, 7)), leaf("z", N, H)
    f = dense(leaf("M", r, W), X, leaf("b", r))
    close(compile_tensor(f)(M=w, X=x, b=b), x @ w.T + b)
    rows = rng.standard_normal((4, 6))
    labels = rng.uniform(size=(4, 6))
    close(compile_tensor(exponential_sum(z))(z=rows), np.exp(rows).sum(1))
    close(compile_tensor(softmax(z))(z=rows), special.softmax(rows, 1))
    loss = cross_entropy(softmax(z), leaf("y", N, H))
    close(compile_tensor(loss)(z=rows, y=labels), -(labels * special.log_softmax(rows, 1)).sum())


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("exp", np.exp),
        ("tanh", np.tanh),
        ("sigmoid", special.expit),
        ("relu", lambda v: v * (v > 0)),
        ("step", lambda v: (v > 0) * 1.0),
        ("softplus", lambda v: np.log1p(np.exp(v))),
        ("square", np.square),
        ("identity", lambda v: v),
    ],
)
def test_elementwise_functions(name, function):
    close(compile_tensor(apply(name, X))(X=x), function(x))


def test_an_unknown_function_is_an_argument():
    close(compile_tensor(apply("f", correlate(X, K)))(X=x, K=k, f=np.cos), np.cos(signal.correlate2d(x, k, "valid")))


def test_the_result_never_shares_memory_with_an_argument():
    for f in (apply("identity", X), rot180(X), transpose(X), crop(X, 1), vec(X, "rows"), pad(X, 0)):
        assert not np.shares_memory(compile_tensor(f)(X=x), x)
