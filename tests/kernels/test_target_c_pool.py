"""Pooling in C: any window, stride, dilation and padding; the first of equal entries; infinities and NaN."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from symconv.ops.pool import pool_average, pool_max
from symconv.term.polynomial import Poly
from symconv.term.tensor import define
from symconv.term.value import Maximum, Range, add
from tests.kernels import reference
from tests.kernels.build import close, leaf, size, sizes
from tests.kernels.test_target_c import exported, needs_compiler

pytestmark = [pytest.mark.targets, needs_compiler]

N, C, H, W, a, b, s, t, d, e = sizes("N C H W a b s t d e")
p = size("p", 0)
IMAGE = leaf("input", N, C, H, W)
u, v = Poly.of("u"), Poly.of("v")


def spread_windows():
    """A maximum over windows with gaps, as no operation has it."""
    extents = (N, C, (H - d * (a - 1) - 1) // s + 1, (W - e * (b - 1) - 1) // t + 1)
    ranges = (Range.upto("u", a), Range.upto("v", b))
    return define("y", extents, lambda n, c, i, j: Maximum(ranges, IMAGE[n, c, s * i + d * u, t * j + e * v]))


@pytest.fixture(scope="module", params=["-O1", "-O3"])
def modules(request, tmp_path_factory):
    """Maximum and mean with every option symbolic."""
    folder = tmp_path_factory.mktemp("pool")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CFLAGS", f"{request.param} -Wall -Wextra -Werror")
        greatest = exported(folder, spread_windows(), [IMAGE], "greatest")
        mean = exported(folder, pool_average(IMAGE, (a, b), (s, t), p), [IMAGE], "mean")
    for module in (greatest, mean):
        assert "struct pooling" in module.SOURCE.with_suffix(".c").read_text()
        module.build(folder)
    return greatest, mean


def windows(x, taps, stride, dilation):
    """The position of each window's entries, rows before columns."""
    shape = [(n - g * (k - 1) - 1) // m + 1 for n, k, m, g in zip(x.shape[2:], taps, stride, dilation)]
    for n, c, i, j in product(*map(range, (*x.shape[:2], *shape))):
        places = product(
            *(range(m * q, m * q + g * (k - 1) + 1, g) for q, k, m, g in zip((i, j), taps, stride, dilation))
        )
        yield (n, c, i, j), [(n, c, *at) for at in places]


def drawn(rng, reach):
    return tuple(int(k) for k in rng.integers(1, reach, 2))


def test_random_maxima_and_their_gradients(modules):
    rng = np.random.default_rng(1)
    for _ in range(150):
        taps, stride, dilation = drawn(rng, 6), drawn(rng, 5), drawn(rng, 4)
        extent = [g * (k - 1) + 1 + int(rng.integers(0, 40)) for k, g in zip(taps, dilation)]
        dtype = rng.choice([np.float32, np.float64])
        x = rng.integers(0, int(rng.integers(2, 50)), (2, int(rng.integers(1, 3)), *extent)).astype(dtype)
        x[rng.random(x.shape) < 0.05] = rng.choice([np.nan, np.inf, -np.inf])
        values = dict(windows(x, taps, stride, dilation))
        shape = tuple(n + 1 for n in max(values))
        up = rng.integers(-9, 9, shape).astype(dtype)
        up.flat[0] = np.inf  # goes to one entry, and makes no NaN of the others
        greatest, routed = np.empty(shape, dtype), np.zeros(x.shape, dtype)
        for at, places in values.items():
            best = places[0]
            for place in places[1:]:
                if x[place] > x[best] or (np.isnan(x[place]) and not np.isnan(x[best])):
                    best = place
            greatest[at] = x[best]
            routed[best] += up[at]
        options = dict(zip("abstde", (*taps, *stride, *dilation), strict=True))
        found = modules[0].forward(x, **options)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, greatest)
        np.testing.assert_array_equal(modules[0].grad_input(up, x, **options), routed)


def test_random_means_and_their_gradients(modules):
    rng = np.random.default_rng(2)
    for _ in range(150):
        taps, stride, around = drawn(rng, 7), drawn(rng, 5), int(rng.integers(0, 4))
        extent = [max(1, k - 2 * around + int(rng.integers(0, 40))) for k in taps]
        dtype = rng.choice([np.float32, np.float64])
        x = rng.standard_normal((2, int(rng.integers(1, 3)), *extent)).astype(dtype)
        options = dict(zip("abst", (*taps, *stride), strict=True)) | {"padding": around}
        wanted = reference.pooled(x.astype(float), taps, stride, np.mean, (around, around))
        tolerance = 1e-14 if dtype == np.float64 else 1e-6
        close(modules[1].forward(x, **options), wanted, tolerance)
        up = rng.standard_normal(wanted.shape).astype(dtype)
        adjoint = np.zeros((*x.shape[:2], *(n + 2 * around for n in extent)))
        for at, places in windows(adjoint, taps, stride, (1, 1)):
            for place in places:
                adjoint[place] += up[at] / (taps[0] * taps[1])
        inner = adjoint[..., around : around + extent[0], around : around + extent[1]]
        close(modules[1].grad_input(up, x.shape, **options), inner, tolerance)


def test_no_images(modules):
    x = np.zeros((0, 3, 5, 6), np.float32)
    options = dict.fromkeys("abst", 2)
    assert modules[0].forward(x, **options, d=1, e=1).shape == (0, 3, 2, 3)
    assert modules[0].grad_input(np.zeros((0, 3, 2, 3), np.float32), x, **options, d=1, e=1).shape == x.shape
    assert modules[1].grad_input(np.zeros((0, 3, 2, 3)), x.shape, **options).shape == x.shape


@pytest.fixture
def _quickly_compiled(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("CFLAGS", "-O0")


@pytest.mark.usefixtures("_quickly_compiled")
def test_one_axis(tmp_path):
    x = leaf("input", C, W)
    values = np.random.default_rng(3).integers(0, 4, (3, 11)).astype(float)
    greatest = exported(tmp_path, pool_max(x, 4, 2, 1), [x], "greatest")
    mean = exported(tmp_path, pool_average(x, 4, 2, spatial=1), [x], "mean")
    up = np.arange(1.0, 13.0).reshape(3, 4)
    image, upstream = values[:, None], up[:, None]
    close(greatest.forward(values), reference.pooled(image, (1, 4), (1, 2), np.max)[:, 0])
    close(greatest.grad_input(up, values), reference.max_pool_gradient(image, upstream, (1, 4), (1, 2))[:, 0])
    close(mean.forward(values), reference.pooled(image, (1, 4), (1, 2), np.mean)[:, 0])


@pytest.mark.usefixtures("_quickly_compiled")
def test_what_is_added_to_a_pooling(tmp_path):
    """The sum of windows fills the result, whichever term comes first."""
    other, pooled = leaf("other", N, C, H, W), pool_average(IMAGE, (3, 3), (1, 1), 1)
    f = define("y", (N, C, H, W), lambda *at: add(other[at], pooled[at]))
    module = exported(tmp_path, f, [IMAGE, other])
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal((2, 2, 3, 6, 7))
    close(module.forward(input=x, other=y), y + reference.pooled(x, (3, 3), (1, 1), np.mean, (1, 1)))
    assert module.self_test() == 0
