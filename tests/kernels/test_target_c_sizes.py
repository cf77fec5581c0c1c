"""Exported C at the ends of its sizes: sums of nothing, steps far beyond the arrays."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from symconv.ops.correlate import correlate
from symconv.ops.layer import add_bias
from symconv.ops.matrix import matmul
from symconv.ops.pool import pool_average, pool_max
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Maximum, Range, multiply, total
from tests.kernels.build import close, leaf, size, sizes
from tests.kernels.test_target_c import CONV, IMAGE, KERNEL, exported, needs_compiler

pytestmark = [pytest.mark.targets, needs_compiler]

N, C, M, H, W, r, s, d = sizes("N C M H W r s d")
p, K = size("p", 0), size("K", 0)
FAR = [10**8, 2**31 - 1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sizes")


@pytest.fixture(scope="module", autouse=True)
def _quickly_compiled(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        patch.setenv("CFLAGS", "-O1")
        yield


@pytest.fixture(scope="module")
def conv(folder):
    return exported(folder, CONV, (IMAGE, KERNEL), "conv")


@pytest.fixture(scope="module")
def average(folder):
    x = leaf("x", N, C, H, W)
    return exported(folder, pool_average(x, (2, r), s, p), [x], "average")


@pytest.fixture(scope="module", params=["exact", "fast"])
def squares(folder, request):
    """A loss behind two stages; every array may be empty."""
    n, c, m = (size(name, 0) for name in "NCM")
    x, k, b = leaf("x", n, c, H, W), leaf("k", m, c, r, r), leaf("b", m)
    y = add_bias(correlate(x, k), b, axis=1)
    ranges = tuple(Range.upto(name, extent) for name, extent in zip("nmij", y.shape, strict=True))
    loss = define("loss", (), lambda: total(ranges, multiply(y["n", "m", "i", "j"], y["n", "m", "i", "j"])))
    return exported(folder, loss, [k, b], f"squares_{request.param}", accuracy=request.param)


# -- sums of nothing ---------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 40])
def test_a_kernel_gradient_over_no_images_is_zero(conv, channels):
    up, x = np.zeros((0, channels, 3, 3)), np.zeros((0, channels, 4, 4))
    out = np.full((channels, channels, 2, 2), 7.0)
    assert conv.grad_kernel(up, x, out.shape, out=out) is out
    assert not out.any()
    assert conv.forward(x, out).shape == (0, channels, 3, 3)
    assert conv.grad_input(up, out, x.shape).shape == x.shape


def test_products_over_nothing_are_zero(folder):
    a, b = leaf("a", N, K), leaf("b", K, M)
    module = exported(folder, matmul(a, b), [a, b], "product")
    out = np.full((3, 5), 7.0)
    module.forward(np.zeros((3, 0)), np.zeros((0, 5)), out=out)
    assert not out.any()
    assert module.grad_a(out, np.zeros((0, 5))).shape == (3, 0)


@pytest.mark.parametrize("sides", [(0, 2, 3), (2, 0, 3), (0, 0, 3), (0, 16, 16)])
def test_stages_without_entries(squares, sides):
    images, channels, rows = sides
    arrays = {"x": np.ones((images, channels, 5, 5)), "k": np.ones((rows, channels, 3, 3)), "b": np.zeros(rows)}
    assert squares.forward(**arrays) == 0
    for name in ("k", "b"):
        found = getattr(squares, f"grad_{name}")(**arrays)
        assert found.shape == arrays[name].shape
        assert not found.any()


# -- steps beyond the arrays ---------------------------------------------------------------


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("padding", [0, 1])  # in units of `far`
def test_one_window_of_a_far_stride(conv, far, padding):
    x, k = np.arange(25.0).reshape(1, 1, 5, 5), np.ones((1, 1, 3, 3))
    options = {"stride": far, "padding": padding * far}
    y = conv.forward(x, k, **options)
    assert y.sum() == 54
    assert y.shape == (1, 1, 1 + 2 * padding, 1 + 2 * padding)
    reached = np.pad(np.ones((3, 3)), (0, 2))
    close(conv.grad_input(np.ones(y.shape), k, x.shape, **options)[0, 0], reached)
    close(conv.grad_kernel(np.ones(y.shape), x, k.shape, **options)[0, 0], x[0, 0, :3, :3])


@pytest.mark.parametrize("far", FAR)
def test_taps_of_a_far_dilation(conv, far):
    x, k = np.arange(25.0).reshape(1, 1, 5, 5), np.arange(9.0).reshape(1, 1, 3, 3)
    options = {"dilation": far, "padding": far}
    close(conv.forward(x, k, **options), 4 * x)  # the tap in the middle
    close(conv.grad_input(x, k, x.shape, **options), 4 * x)
    close(conv.grad_kernel(x, x, k.shape, **options).ravel(), [0, 0, 0, 0, (x * x).sum(), 0, 0, 0, 0])
    close(conv.forward(x, k[..., 1:2, 1:2], dilation=far), 4 * x)


@pytest.mark.parametrize(
    ("shape", "taps", "stride", "padding", "dilation"),
    [
        ((2, 3, 17, 19), (2, 3, 3, 2), 40, 300, 1),  # most windows are outside
        ((1, 2, 9, 8), (3, 2, 3, 3), 2, 150, 140),
        ((1, 20, 6, 40), (18, 20, 2, 2), 37, 60, 101),
        ((2, 2, 64, 50), (2, 2, 3, 3), 16, 1, 1),  # many phases of few entries
        ((1, 3, 70, 66), (2, 3, 1, 5), 33, 0, 2),
    ],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_windows_and_taps_far_apart(conv, shape, taps, stride, padding, dilation, dtype):
    torch = importlib.import_module("torch")
    rng = np.random.default_rng(stride)
    x, k = rng.standard_normal(shape), rng.standard_normal(taps)
    tx, tk = torch.tensor(x, requires_grad=True), torch.tensor(k, requires_grad=True)
    y = torch.nn.functional.conv2d(tx, tk, stride=stride, padding=padding, dilation=dilation)
    up = rng.standard_normal(y.shape)
    y.backward(torch.tensor(up))
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    x, k, up = (a.astype(dtype) for a in (x, k, up))
    tolerance = 1e-12 if dtype == np.float64 else 3e-6
    close(conv.forward(x, k, **options), y.detach().numpy(), tolerance)
    close(conv.grad_input(up, k, shape, **options), tx.grad.numpy(), tolerance)
    close(conv.grad_kernel(up, x, taps, **options), tk.grad.numpy(), tolerance)


def test_steps_beyond_31_bits_are_refused(conv):
    with pytest.raises(ValueError, match=r"stride: a number of 32 bits given; at most 2147483647 needed"):
        conv.forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), stride=2**31)


@pytest.mark.parametrize("far", FAR)
def test_pooling_of_a_far_stride(folder, average, far):
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    X = leaf("x", N, C, H, W)
    greatest = exported(folder, pool_max(X, (2, r), s), [X], "greatest")
    one = np.ones((1, 1, 1, 1))
    assert average.forward(x, window=3, stride=far) == 3.5
    close(average.grad_x(6 * one, x.shape, window=3, stride=far)[0, 0], np.pad(np.ones((2, 3)), ((0, 3), (0, 2))))
    assert greatest.forward(x, window=3, stride=far) == 7
    close(greatest.grad_x(one, x, window=3, stride=far).ravel(), np.arange(25) == 7)
    nine = np.ones((1, 1, 3, 3))
    close(average.forward(x, window=3, stride=far, padding=far).ravel(), [0, 0, 0, 0, 3.5, 0, 0, 0, 0])
    close(
        average.grad_x(6 * nine, x.shape, window=3, stride=far, padding=far)[0, 0],
        np.pad(np.ones((2, 3)), ((0, 3), (0, 2))),
    )


def test_maxima_over_taps_far_apart(folder):
    X, u = leaf("x", C, H), Poly.of("u")
    f = define("y", (C, H - d * (r - 1)), lambda c, i: Maximum((Range.upto("u", r),), X[c, i + d * u]))
    module = exported(folder, f, [X], "gaps")
    x = np.random.default_rng(0).standard_normal((2, 70001))
    y = module.forward(x, d=35000, r=3)
    close(y, np.maximum(np.maximum(x[:, :1], x[:, 35000:35001]), x[:, 70000:]))
    close(module.grad_x(np.ones((2, 1)), x, d=35000, r=3), x == y)
