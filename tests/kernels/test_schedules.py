"""Every schedule against loops over the taps, on sizes, strides, dilations, starts and types drawn at random.

The loops are written from the formula  out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] images[n, g, k, s i + d u - p]
alone; they pad by hand and know no schedule.
"""

from __future__ import annotations

import os
import threading
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.kernels.runtime import (
    choice,
    col2im,
    correlate,
    direct,
    pool,
    pool_max,
    rows,
    scatter,
    separable,
    small,
    tiles,
    winograd,
    workspace,
)


def loops(images, kernel, start, stride, dilation, extent):
    """The correlation tap by tap, in float64."""
    wide = np.zeros((*images.shape[:3], *(h + 200 for h in images.shape[3:])))
    wide[..., 100 : 100 + images.shape[3], 100 : 100 + images.shape[4]] = images
    out = np.zeros((images.shape[0], *kernel.shape[:2], *extent))
    for u, v in np.ndindex(kernel.shape[3:]):
        top, left = (100 - p + d * t for p, d, t in zip(start, dilation, (u, v), strict=True))
        rows = slice(top, top + stride[0] * (extent[0] - 1) + 1, stride[0])
        columns = slice(left, left + stride[1] * (extent[1] - 1) + 1, stride[1])
        out += np.einsum("gok,ngkij->ngoij", kernel[..., u, v].astype(float), wide[..., rows, columns])
    return out


def adjoint_loops(upstream, kernel, start, stride, dilation, shape):
    """Every product added where its window reads, in float64."""
    out = np.zeros((upstream.shape[0], kernel.shape[0], kernel.shape[2], *shape))
    for u, v in np.ndindex(kernel.shape[3:]):
        for i, j in np.ndindex(upstream.shape[3:]):
            x, y = stride[0] * i + dilation[0] * u - start[0], stride[1] * j + dilation[1] * v - start[1]
            if 0 <= x < shape[0] and 0 <= y < shape[1]:
                out[..., x, y] += np.einsum("gok,ngo->ngk", kernel[..., u, v] * 1.0, upstream[..., i, j] * 1.0)
    return out


@st.composite
def problems(draw, most=3):
    """Arrays and numbers of one correlation; windows may leave the images on any side."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    count, groups, channels, outputs = (draw(st.integers(1, most)) for _ in range(4))
    taps, stride, dilation = draw(st.tuples(st.integers(1, 7), st.integers(1, 7))), draw(pair), draw(pair)
    extent = draw(st.tuples(st.integers(1, 13), st.integers(1, 13)))
    start = draw(st.tuples(st.integers(-2, 5), st.integers(-2, 5)))
    sides = [
        max(1, (n - 1) * s + (t - 1) * d + 1 - p - draw(st.integers(0, 4)))
        for n, s, t, d, p in zip(extent, stride, taps, dilation, start, strict=True)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    images = rng.standard_normal((count, groups, channels, *sides)).astype(dtype)
    kernel = rng.standard_normal((groups, outputs, channels, *taps)).astype(dtype)
    layout = draw(st.sampled_from(["C", "F", "turned", "read-only"]))
    if layout == "F":
        images, kernel = np.asfortranarray(images), np.asfortranarray(kernel)
    if layout == "turned":
        images = images[..., ::-1, ::-1].copy()[..., ::-1, ::-1]
    images.flags.writeable = kernel.flags.writeable = layout != "read-only"
    return images, kernel, start, stride, dilation, extent


def close(found, expected, dtype):
    tolerance = 2e-5 if dtype == np.float32 else 1e-11
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max(initial=0)))


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([1, 1 << 9, 1 << 13, 1 << 20]), st.sampled_from([1, 40, 10**6]))
def test_rows_that_are_shared_are_the_formula_in_blocks_of_any_size(problem, laid, unpacked):
    """Blocks of a part of a row, of rows, of groups and of images, each multiplied in parts; forward, as sums of
    shifted rows and as the gradient by a kernel."""
    images, kernel, start, stride, dilation, extent = problem
    numbers = start, stride, (1, dilation[1])
    expected = loops(images, kernel, *numbers, extent)
    upstream = np.random.default_rng(0).standard_normal(expected.shape).astype(images.dtype)
    turned = loops(
        images.transpose(2, 1, 0, 3, 4),
        upstream.transpose(1, 2, 0, 3, 4),
        start,
        (1, dilation[1]),
        stride,
        kernel.shape[3:],
    ).transpose(1, 2, 0, 3, 4)
    beside = start, (1, stride[1]), dilation
    out, shifted, gradient = np.empty_like(upstream), np.empty_like(upstream), np.empty(kernel.shape, images.dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_LAID", laid)
        patch.setattr(rows, "_UNPACKED", unpacked)
        rows._rows(images, kernel, *numbers, out)
        rows._shifted_rows(images, kernel, *beside, shifted)
        rows._rows_of_taps(images, upstream, *numbers, gradient)
    close(out, expected, images.dtype)
    close(shifted, loops(images, kernel, *beside, extent), images.dtype)
    close(gradient, turned, images.dtype)


def run(schedule, accuracy, images, kernel, start, stride, dilation, extent):
    out = np.full((images.shape[0], *kernel.shape[:2], *extent), np.nan, images.dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlate, "ACCURACY", accuracy)
        correlate._run(schedule, images, kernel, start, stride, dilation, out)
    return out


@settings(max_examples=500, deadline=None)
@given(problems())
def test_every_schedule_that_fits_is_the_formula(problem):
    images, kernel, start, stride, dilation, extent = problem
    taps = kernel.shape[3:]
    unit = stride == dilation == (1, 1)
    fitting = {
        "direct": True,
        "taps": True,
        "spread taps": True,
        "sparse": True,
        "sub-images": stride == (1, 1),
        "rows": dilation[0] == 1,
        "rows of taps": stride[0] == 1,
        "fourier": unit,
    }
    fitting["shifted"] = stride[0] == 1
    fitting["side by side"], fitting["taps side by side"] = stride[1] == 1, dilation[1] == 1
    fitting["sub-images of taps"] = dilation == (1, 1) and stride[0] == stride[1]
    fitting["toeplitz of taps"] = images.shape[0] == kernel.shape[1] == 1
    fitting["toeplitz"] = kernel.shape[1:3] == (1, 1)
    fitting["tiles"] = unit and all(choice._tile_of(taps, extent, "fast"))
    fitting["tiles of taps"] = unit and all(choice._tile_of(extent, taps, "fast"))
    phased = (
        [-(-t // e) for t, e in zip(taps, stride, strict=True)],
        [-(-t // e) for t, e in zip(extent, dilation, strict=True)],
    )
    fitting["polyphase"] = dilation == (1, 1) and all(choice._tile_of(tuple(phased[0]), extent, "fast"))
    fitting["polyphase of taps"] = stride == (1, 1) and all(choice._tile_of(tuple(phased[1]), taps, "fast"))
    expected = loops(*problem)
    for schedule in (name for name, fits in fitting.items() if fits):
        close(run(schedule, "fast", *problem), expected, images.dtype)
    out = np.full(expected.shape, np.nan, images.dtype)
    correlate._correlate(images, kernel, start, stride, dilation, out, threads=2)
    close(out, expected, images.dtype)


@settings(max_examples=200, deadline=None)
@given(problems())
def test_the_adjoint_goes_where_the_windows_read(problem):
    images, kernel, start, stride, dilation, extent = problem
    upstream = np.random.default_rng(1).standard_normal((images.shape[0], *kernel.shape[:2], *extent))
    upstream = upstream.astype(images.dtype)
    out = np.full(images.shape, np.nan, images.dtype)
    scatter._scatter(upstream, kernel, start, stride, dilation, out)
    close(out, adjoint_loops(upstream, kernel, start, stride, dilation, images.shape[3:]), images.dtype)


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([1, 1 << 9, 1 << 13, 1 << 20]))
def test_col2im_adds_every_product_where_its_window_read(problem, laid):
    """In blocks of any size: of rows of a phase, of groups and of images."""
    images, kernel, start, stride, dilation, extent = problem
    upstream = np.random.default_rng(1).standard_normal((images.shape[0], *kernel.shape[:2], *extent))
    upstream = upstream.astype(images.dtype)
    out = np.full(images.shape, np.nan, images.dtype)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(col2im, "_BLOCK", laid)
        col2im._col2im(upstream, kernel, start, stride, dilation, out)
    close(out, adjoint_loops(upstream, kernel, start, stride, dilation, images.shape[3:]), images.dtype)


@settings(max_examples=200, deadline=None)
@given(problems(), st.tuples(st.integers(1, 3), st.integers(2, 3)), st.booleans())
def test_all_phases_of_an_adjoint_at_once(problem, stride, turned):
    images, kernel, start, _, _, extent = problem
    stride = stride[::-1] if turned else stride
    shape = tuple(map(int, images.shape[3:]))
    last = [(n - 1 + p) // s + 1 - p // s for n, p, s in zip(shape, start, stride, strict=True)]
    if not choice._saving(kernel.shape[3:], stride, tuple(last), "exact"):
        return
    upstream = np.random.default_rng(1).standard_normal((images.shape[0], *kernel.shape[:2], *extent))
    out = np.full(images.shape, np.nan, images.dtype)
    scatter._interleaved(upstream.astype(images.dtype), kernel, start, stride, out)
    close(out, adjoint_loops(upstream, kernel, start, stride, (1, 1), shape), images.dtype)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_many_channels_and_blocks(data):
    """Enough channels for tiles to be chosen, and images that take several blocks of each schedule."""
    count, channels, outputs = (data.draw(st.integers(*ends)) for ends in ((1, 5), (16, 70), (16, 40)))
    taps = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    extent = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    images = rng.standard_normal((count, 1, channels, *(n + t - 1 for n, t in zip(extent, taps, strict=True))))
    kernel = rng.standard_normal((1, outputs, channels, *taps))
    problem = images, kernel, (0, 0), (1, 1), (1, 1), extent
    expected = loops(*problem)
    for accuracy in ("exact", "fast"):
        close(
            run(choice._choose(images, kernel, (1, 1), (1, 1), extent, accuracy), accuracy, *problem),
            expected,
            np.float64,
        )


@pytest.mark.parametrize(("m", "r"), [(m, r) for m in range(1, 7) for r in range(1, 8) if m + r <= 9])
def test_the_tile_is_an_identity(m, r):
    """The coefficient of w_u d_j in y_i is 1 where j = i + u, else 0."""
    back, weigh, into = tiles._tile(m, r)
    found = np.einsum("pi,pu,pj->iuj", back, weigh, into)
    i, u, j = np.ogrid[:m, :r, : m + r - 1]
    np.testing.assert_allclose(found, j == i + u, atol=1e-11)


@pytest.mark.parametrize(
    ("dtype", "accuracy", "bound"), [("f4", "exact", 1e-6), ("f4", "fast", 3e-5), ("f8", "fast", 1e-13)]
)
def test_the_error_is_what_the_contract_says(dtype, accuracy, bound):
    rng = np.random.default_rng(0)
    images, kernel = rng.standard_normal((2, 1, 64, 30, 31)), rng.standard_normal((1, 48, 64, 3, 3))
    expected = loops(images, kernel, (1, 1), (1, 1), (1, 1), (30, 31))
    given = images.astype(dtype), kernel.astype(dtype)
    expected = loops(*given, (1, 1), (1, 1), (1, 1), (30, 31))
    found = run("tiles", accuracy, *given, (1, 1), (1, 1), (1, 1), (30, 31))
    assert np.abs(found - expected).max() <= bound * np.abs(expected).max()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_on_the_exact_path_nan_and_infinity_go_where_the_formula_takes_them(bad):
    rng = np.random.default_rng(0)
    images, kernel = rng.standard_normal((1, 1, 48, 30, 30)), rng.standard_normal((1, 48, 48, 3, 3))
    images[0, 0, 3, 7, 9] = bad
    assert choice._choose(images, kernel, (1, 1), (1, 1), (28, 28), "exact") == "tiles"
    out = np.empty((1, 1, 48, 28, 28))
    correlate._correlate(images, kernel, (0, 0), (1, 1), (1, 1), out)
    touched = np.zeros((28, 28), bool)
    touched[5:8, 7:10] = True
    np.testing.assert_array_equal(np.isfinite(out), np.broadcast_to(~touched, out.shape))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("threads", [1, 2])
def test_an_infinite_kernel_does_not_meet_what_lies_around(dtype, threads):
    """A stride of 2 and a padding: no product of the formula is infinity times zero, and nobody is warned."""
    upstream, kernel = np.ones((2, 1, 2, 30, 30), dtype), np.ones((1, 2, 2, 3, 3), dtype)
    kernel[0, 0, 0, 0, 0], kernel[0, 1, 0, 0, 0] = np.inf, -np.inf
    out = np.empty((2, 1, 2, 59, 59), dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scatter._scatter(upstream, kernel, (1, 1), (2, 2), (1, 1), out, threads)
    touched = np.zeros((59, 59), bool)
    touched[1::2, 1::2] = True  # of tap (0, 0): positions 2 i - 1
    np.testing.assert_array_equal(np.isnan(out[:, 0, 0]), np.broadcast_to(touched, (2, 59, 59)))
    assert np.isfinite(out[:, 0, 1]).all()


def check_an_adjoint_that_is_not_finite(upstream, kernel, start, stride, dilation, shape):
    """NaN, and infinities of either sign, where the products of the formula have them, and nowhere else."""
    out = np.empty((upstream.shape[0], kernel.shape[0], kernel.shape[2], *shape), upstream.dtype)
    scatter._scatter(upstream, kernel, start, stride, dilation, out)
    with np.errstate(invalid="ignore"):
        expected = adjoint_loops(upstream, kernel, start, stride, dilation, shape)
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(out[~finite], expected[~finite])
    close(out[finite], expected[finite], upstream.dtype)


@settings(max_examples=200, deadline=None)
@given(problems(), st.sampled_from([np.nan, np.inf, -np.inf]), st.booleans())
def test_on_the_exact_path_an_adjoint_has_the_infinities_of_the_formula(problem, bad, in_kernel):
    images, kernel, start, stride, dilation, extent = problem
    rng = np.random.default_rng(images.size)
    upstream = rng.standard_normal((images.shape[0], *kernel.shape[:2], *extent)).astype(images.dtype)
    kernel = kernel.copy()
    spoiled = kernel if in_kernel else upstream
    spoiled[tuple(rng.integers(spoiled.shape))] = bad
    check_an_adjoint_that_is_not_finite(upstream, kernel, start, stride, dilation, images.shape[3:])


@pytest.mark.parametrize(
    ("channels", "outputs", "taps", "stride", "whole"),
    [(24, 24, 6, 2, "polyphase"), (20, 32, 3, 2, "col2im"), (48, 64, 3, 1, "")],
)
def test_the_adjoints_of_large_layers_too(channels, outputs, taps, stride, whole):
    rng = np.random.default_rng(0)
    side = 12 * stride + taps - stride
    upstream = rng.standard_normal((1, 1, outputs, 12, 12))
    kernel = rng.standard_normal((1, outputs, channels, taps, taps))
    numbers = (0, 0), (stride, stride), (1, 1)
    out = np.empty((1, 1, channels, side, side))
    assert scatter._all_phases(upstream, kernel, *numbers, out, "exact", "") == whole
    upstream[0, 0, 3, 5, 7] = np.inf
    check_an_adjoint_that_is_not_finite(upstream, kernel, *numbers, (side, side))


@pytest.mark.parametrize(
    ("count", "channels", "outputs", "extent", "taps", "stride", "whole"),
    [
        # one phase shares the rows that it lays out: four outputs for a channel
        (4, 16, 64, (28, 28), (3, 3), (1, 1), "col2im"),
        (4, 17, 64, (28, 28), (3, 3), (1, 1), ""),
        # several phases lay out windows each: as many, or of fewer than 16 outputs twice as many
        (4, 16, 16, (14, 14), (3, 3), (2, 2), "col2im"),
        (4, 17, 16, (14, 14), (3, 3), (2, 2), ""),
        (4, 7, 15, (14, 14), (3, 3), (2, 2), "col2im"),
        (4, 8, 15, (14, 14), (3, 3), (2, 2), ""),
        # enough products, and no more taps than entries
        (2, 16, 64, (5, 5), (3, 3), (2, 2), "col2im"),
        (1, 16, 64, (5, 5), (3, 3), (2, 2), ""),
        (64, 8, 64, (3, 3), (3, 3), (2, 2), "col2im"),
        (64, 8, 64, (2, 4), (3, 3), (2, 2), ""),
        # tiles F(2, 3) save 2.25 times, which pays from 43 channels on
        (1, 42, 172, (28, 28), (3, 3), (1, 1), "col2im"),
        (1, 43, 172, (28, 28), (3, 3), (1, 1), ""),
        # rows of 20 and of 19 entries
        (16, 2, 8, (18, 18), (3, 3), (1, 1), "col2im"),
        (16, 2, 8, (17, 17), (3, 3), (1, 1), ""),
        # rows of 4 entries with 4 zeros beside them
        (8, 8, 32, (20, 4), (3, 9), (1, 2), "col2im"),
        (8, 8, 31, (20, 4), (3, 9), (1, 2), ""),
        # one row with its products would take 4 MB
        (1, 16, 64, (9, 3000), (5, 5), (2, 2), ""),
    ],
)
def test_which_adjoints_are_computed_as_a_whole(count, channels, outputs, extent, taps, stride, whole):
    sides = (s * (n - 1) + t for s, n, t in zip(stride, extent, taps, strict=True))
    upstream = np.empty((count, 1, outputs, *extent), np.float32)
    kernel = np.empty((1, outputs, channels, *taps), np.float32)
    out = np.empty((count, 1, channels, *sides), np.float32)
    assert scatter._all_phases(upstream, kernel, (0, 0), stride, (1, 1), out, "exact", "") == whole


def test_sums_of_integers_are_exact():
    rng = np.random.default_rng(0)
    for most in (9, 10**7, 2**31):
        images, kernel = rng.integers(-most, most, (2, 1, 17, 9, 9)), rng.integers(-most, most, (1, 18, 17, 3, 3))
        out = np.empty((2, 1, 18, 7, 7), np.int64)
        correlate._correlate(images, kernel, (0, 0), (1, 1), (1, 1), out)
        expected = np.zeros(out.shape, np.int64)
        for u, v in np.ndindex(3, 3):
            expected += np.einsum("gok,ngkij->ngoij", kernel[..., u, v], images[..., u : u + 7, v : v + 7])
        np.testing.assert_array_equal(out, expected)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_kernel_of_known_rank_is_two_toeplitz_products(data):
    rank, r, c, height, width = (data.draw(st.integers(1, n)) for n in (3, 20, 20, 70, 70))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    columns, rows = rng.standard_normal((rank, r)), rng.standard_normal((rank, c))
    images = rng.standard_normal((2, height + r - 1, width + c - 1))
    out = np.full((2, height, width), np.nan)
    separable._separable(images, columns, rows, out)
    kernel = (columns.T @ rows)[None, None, None]
    close(out, loops(images[:, None, None], kernel, (0, 0), (1, 1), (1, 1), (height, width))[:, 0, 0], np.float64)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_pooling_and_its_adjoints(data):
    """Few different entries, so that greatest ones are shared; the first in row-major order wins."""
    pair = st.tuples(st.integers(1, 3), st.integers(1, 3))
    taps, stride, dilation = data.draw(pair), data.draw(pair), data.draw(pair)
    extent = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    start = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    spare = data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    shape = [
        s * (n - 1) + d * (t - 1) + 1 + e for s, n, d, t, e in zip(stride, extent, dilation, taps, spare, strict=True)
    ]
    images = rng.integers(-2, 3, (2, 3, *shape)).astype(float)
    upstream = rng.integers(-9, 9, (2, 3, *extent)).astype(float)
    greatest, sums, spread = np.empty(upstream.shape), np.empty(upstream.shape), np.empty(images.shape)
    routed = np.empty(images.shape)
    pool._pool(np.maximum, images, (0, 0), taps, stride, dilation, greatest)
    pool._pool(np.add, images, start, taps, stride, dilation, sums)
    pool._pool_back(upstream, start, taps, stride, dilation, spread)
    pool_max._pool_max_back(images, upstream, (0, 0), taps, stride, dilation, routed)
    expected = [np.zeros(a.shape) for a in (greatest, sums, spread, routed)]
    for n, k, i, j in np.ndindex(upstream.shape):
        best = None
        for u, v in np.ndindex(taps):
            x, y = stride[0] * i + dilation[0] * u, stride[1] * j + dilation[1] * v
            if best is None or images[n, k, x, y] > images[n, k, *best]:
                best = x, y
            x, y = x - start[0], y - start[1]
            if 0 <= x < shape[0] and 0 <= y < shape[1]:
                expected[1][n, k, i, j] += images[n, k, x, y]
                expected[2][n, k, x, y] += upstream[n, k, i, j]
        expected[0][n, k, i, j] = images[n, k, *best]
        expected[3][n, k, *best] += upstream[n, k, i, j]
    for found, wanted in zip((greatest, sums, spread, routed), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


MEGABYTES = 1 << 20
LARGE = [  # images, channels, outputs, height, width, taps, stride, dilation
    (1, 64, 64, 56, 56, 3, 1, 1),
    (16, 256, 256, 14, 14, 3, 1, 1),
    (2, 16, 16, 8, 3000, 3, 1, 1),
    (1, 700, 40, 9, 9, 3, 1, 1),
    (2, 20, 20, 40, 40, 5, 1, 2),
    (1, 1, 1, 1500, 1400, 3, 1, 1),
    (1, 512, 24, 8, 2000, 3, 2, 1),
    (1, 96, 24, 8, 2100, 3, 1, 1),
    (3, 24, 20, 70, 60, 5, 2, 1),
    (4, 3, 64, 150, 150, 7, 2, 1),
    (1, 1, 1, 900, 800, 21, 1, 1),
    (1, 2, 2, 9, 9, 2, 400, 1),
]


def kept():
    """Bytes of what is kept from call to call beside transformed kernels; nothing is kept afterwards."""
    found = sum(a.nbytes for name, a in workspace._WORKSPACE.held.items() if name != "weights")
    found += sum(v.nbytes for plan in workspace._WORKSPACE.plans.values() if plan for v in owned(plan))
    workspace._WORKSPACE.held.clear()
    workspace._WORKSPACE.plans.clear()
    workspace._WORKSPACE.kept = 0
    return found


def owned(plan):
    """The arrays behind a plan's views, each once."""
    arrays = [v for v in vars(plan).values() if isinstance(v, np.ndarray)]
    bases = {id(b): b for a in arrays for b in [a if a.base is None else base(a)]}
    return bases.values()


def base(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None or isinstance(array.base, np.ndarray) else np.asarray(array.base.base)


# that depend on it: tiles, and what may be made of them
OF_ACCURACY = {name + kind for name in ("tiles", "polyphase", "sub-images") for kind in ("", " of taps")}


@pytest.mark.parametrize("case", LARGE, ids=str)
def test_working_buffers_stay_below_four_megabytes(case):
    """Whatever the sizes: many channels, wide images, small images in batches, strides beyond the images."""
    count, channels, outputs, height, width, taps, step, spread = case
    rng = np.random.default_rng(0)
    images = rng.standard_normal((count, 1, channels, height, width)).astype(np.float32)
    kernel = rng.standard_normal((1, outputs, channels, taps, taps)).astype(np.float32)
    stride, dilation, start = (step, step), (spread, spread), (1, 1)
    extent = tuple((n + 2 - spread * (taps - 1) - 1) // step + 1 for n in (height, width))
    upstream = rng.standard_normal((count, 1, outputs, *extent)).astype(np.float32)
    swapped, given = images.transpose(2, 1, 0, 3, 4), upstream.transpose(1, 2, 0, 3, 4)
    kept()
    for accuracy, known in (("exact", set(correlate._SCHEDULES)), ("fast", OF_ACCURACY)):
        possible = known & choice._possible(images, kernel, stride, dilation, extent, accuracy)
        for schedule in (name for name in possible if "taps" not in name):
            run(schedule, accuracy, images, kernel, start, stride, dilation, extent)
            assert kept() <= 4 * MEGABYTES, schedule
        possible = known & choice._possible(swapped, given, dilation, stride, (taps, taps), accuracy)
        for schedule in possible - {"direct", "shifted", "side by side", "tiles", "toeplitz", "fourier"}:
            run(schedule, accuracy, swapped, given, start, dilation, stride, (taps, taps))
            assert kept() <= 4 * MEGABYTES, schedule
    out = np.empty_like(images)
    scatter._scatter(upstream, kernel, start, stride, dilation, out)
    assert kept() <= 4 * MEGABYTES
    correlate._correlate(images, kernel, start, stride, dilation, np.empty_like(upstream))
    assert kept() <= 4 * MEGABYTES


@pytest.mark.parametrize(
    ("images", "kernel", "stride", "dilation"),
    [
        ((1, 1, 4, 62, 400), (1, 1, 4, 3, 7), (1, 1), (30, 1)),  # rows far apart, of which few are read
        ((1, 1, 330, 8, 8), (1, 160, 330, 3, 3), (1, 1), (1, 1)),  # a kernel larger than all windows
        ((32, 1, 2, 10, 10), (1, 1024, 2, 4, 4), (1, 1), (2, 2)),  # a result larger than all windows
        ((227, 1, 64, 24, 48), (1, 1, 64, 3, 3), (1, 2), (1, 1)),  # one row of all images
    ],
)
def test_no_call_takes_more_than_four_megabytes(images, kernel, stride, dilation):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(images), rng.standard_normal(kernel)
    sizes = zip(images[3:], stride, dilation, kernel[3:], strict=True)
    out = np.empty((images[0], *kernel[:2], *((n - d * (t - 1) - 1) // s + 1 for n, s, d, t in sizes)))
    kept()
    tracemalloc.start()
    correlate._correlate(x, w, (0, 0), stride, dilation, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(peak, kept()) <= 4 * MEGABYTES
    close(out[:1], loops(x[:1], w, (0, 0), stride, dilation, out.shape[3:]), np.float64)


def test_small_problems_and_buffers_share_four_megabytes():
    """Three plans of some 1.2 MB stand beside each other; the buffers of a large problem take their place."""
    rng = np.random.default_rng(0)

    def correlated(x, w, start, extent):
        out = np.empty((len(x), 1, len(w[0]), *extent))
        correlate._correlate(x, w, start, (1, 1), (1, 1), out)
        close(out, loops(x, w, start, (1, 1), (1, 1), extent), np.float64)
        held = sum(a.nbytes for name, a in workspace._WORKSPACE.held.items() if name != "weights")
        assert 0 < held + workspace._WORKSPACE.kept <= 4 * MEGABYTES
        return held, [plan.nbytes for plan in workspace._WORKSPACE.plans.values() if plan is not None]

    kept()
    small = [
        (rng.standard_normal((4, 1, 24, height - 1, 22)), rng.standard_normal((1, 3, 24, 2, 1)), (1, 0), (height, 22))
        for height in (22, 21, 20)
    ]
    for several in (1, 2, 3, 3):
        held, plans = correlated(*small[several - 1])
        assert (held, len(plans)) == (0, several)
    assert min(plans) >= MEGABYTES
    large = rng.standard_normal((1, 1, 40, 90, 90)), rng.standard_normal((1, 40, 40, 3, 3)), (0, 0), (88, 88)
    held, plans = correlated(*large)
    assert held > MEGABYTES
    assert len(plans) < 3
    held, plans = correlated(*small[0])
    assert len(plans) == 1
    assert kept() <= 4 * MEGABYTES


@settings(max_examples=200, deadline=None)
@given(problems(), st.integers(0, 40), st.integers(1, 60))
def test_a_small_problem_keeps_no_more_than_it_may(problem, wider, outputs):
    """Narrow results of wide images too: their rows are not copied with all that lies between."""
    images, kernel, start, stride, dilation, extent = problem
    images = np.zeros((*images.shape[:4], images.shape[4] + wider), images.dtype)
    kernel = np.zeros((kernel.shape[0], outputs, *kernel.shape[2:]), kernel.dtype)
    kept()
    out = np.zeros((images.shape[0], *kernel.shape[:2], *extent), images.dtype)
    plan = small._small_for(images, kernel, start, stride, dilation, out)
    assert plan is None or sum(a.nbytes for a in owned(plan)) <= small._KEPT
    assert kept() <= small._KEPT


def test_a_narrow_result_of_a_wide_image_is_small_in_memory():
    """Its rows with all that lies between would be 20 MB."""
    images, kernel = np.zeros((1, 1, 51, 64, 40), np.float32), np.zeros((1, 2, 51, 1, 40), np.float32)
    out = np.zeros((1, 1, 2, 64, 1), np.float32)
    kept()
    plan = small._small_for(images, kernel, (0, 0), (1, 1), (1, 1), out)
    assert plan is not None
    assert kept() <= small._KEPT


@pytest.mark.parametrize(
    ("images", "outputs", "taps", "stride", "dilation"),
    [
        ((2, 1, 40, 64, 90), 32, (1, 2), (1, 4), (1, 300)),
        ((4, 1, 8, 101, 100), 64, (3, 3), (2, 2), (1, 1)),
        ((8, 2, 3, 70, 260), 24, (5, 4), (2, 3), (3, 2)),
        ((1, 1, 2, 1500, 1500), 2, (3, 3), (5, 5), (1, 1)),
    ],
)
def test_an_adjoint_as_a_whole_takes_no_more_than_four_megabytes(images, outputs, taps, stride, dilation):
    rng = np.random.default_rng(0)
    reach = [d * (t - 1) + 1 for d, t in zip(dilation, taps, strict=True)]
    extent = [max(1, (n - r) // s + 1) for n, r, s in zip(images[3:], reach, stride, strict=True)]
    upstream = rng.standard_normal((*images[:2], outputs, *extent)).astype(np.float32)
    kernel = rng.standard_normal((images[1], outputs, images[2], *taps)).astype(np.float32)
    out = np.empty(images, np.float32)
    numbers = (0, 0), stride, dilation
    assert col2im._fits_col2im(upstream, kernel, *numbers, out)
    kept()
    tracemalloc.start()
    col2im._col2im(upstream, kernel, *numbers, out)
    weights = workspace._WORKSPACE.held["weights"].nbytes
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert max(peak - weights, kept()) <= 4 * MEGABYTES
    workspace._WORKSPACE.held.clear()
    scatter._tap_by_tap(upstream, kernel, *numbers, expected := np.empty(images, np.float32))
    close(out, expected, np.float32)


def test_products_of_many_images_are_not_held_at_once():
    """A gradient of 2 MB from 40 images of 4 x 4: two products, not those of all images."""
    rng = np.random.default_rng(0)
    images, upstream = rng.standard_normal((40, 1, 64, 4, 4)), rng.standard_normal((40, 1, 512, 2, 2))
    out = np.empty((1, 512, 64, 3, 3))
    kept()
    tracemalloc.start()
    direct._direct_taps(images, upstream, (0, 0), (1, 1), (1, 1), out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 4 * out.nbytes + 4 * MEGABYTES
    wanted = loops(images.transpose(2, 1, 0, 3, 4), upstream.transpose(1, 2, 0, 3, 4), (0, 0), (1, 1), (1, 1), (3, 3))
    close(out, wanted.transpose(1, 2, 0, 3, 4), np.float64)


@pytest.mark.parametrize(
    ("height", "width", "taps", "stride"),
    [(1500, 1100, 3, 2), (700, 3000, 2, 2), (90, 4000, 5, 1), (1001, 1400, 2, 5), (640, 1300, 3, 3)],
)
def test_large_images_are_pooled_band_by_band(height, width, taps, stride):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 50, (2, height, width)).astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(images, (taps, taps), (1, 2))[:, ::stride, ::stride]
    pairs = (0, 0), (taps, taps), (stride, stride), (1, 1)
    out = np.empty(windows.shape[:3])
    kept()
    for function, expected in ((np.maximum, windows.max((3, 4))), (np.add, windows.sum((3, 4)))):
        pool._pool(function, images, *pairs, out)
        np.testing.assert_array_equal(out, expected)
        assert kept() <= 4 * MEGABYTES
    upstream = rng.integers(-9, 9, out.shape).astype(float)
    winners = windows.reshape(*out.shape, -1).argmax(-1)
    sums, routed = np.zeros_like(images), np.zeros_like(images)
    for u, v in np.ndindex(taps, taps):
        place = (
            ...,
            slice(u, u + stride * (out.shape[1] - 1) + 1, stride),
            slice(v, v + stride * (out.shape[2] - 1) + 1, stride),
        )
        sums[place] += upstream
        routed[place] += upstream * (winners == taps * u + v)
    back = np.empty_like(images)
    pool._pool_back(upstream, *pairs, back)
    np.testing.assert_array_equal(back, sums)
    assert kept() <= 4 * MEGABYTES
    pool_max._pool_max_back(images, upstream, *pairs, back)
    np.testing.assert_array_equal(back, routed)
    assert kept() <= 4 * MEGABYTES


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "windows", "first", "taps", "stride", "dilation"),
    [
        ((12, 50000), (1, 10000), (4, 0), (2, 2), (3, 5), (1, 1)),
        ((12, 50000), (1, 49999), (4, 0), (2, 2), (1, 1), (1, 1)),
        ((2, 1, 3, 60000), (1, 20000), (0, 0), (3, 3), (3, 3), (1, 1)),
        ((2, 1, 3, 60000), (1, 59998), (0, 0), (3, 3), (1, 1), (1, 1)),
        ((1, 1, 12, 50000), (2, 10000), (4, 0), (2, 1), (3, 5), (1, 1)),
        ((2, 19116, 4), (6371, 2), (3, 0), (2, 2), (3, 1), (1, 1)),
        ((25, 36843), (3, 12278), (0, 7), (7, 5), (3, 3), (3, 1)),
        ((8, 88495), (1, 17699), (0, 0), (7, 3), (3, 5), (1, 2)),
        ((3, 200000), (1, 66665), (0, 2), (2, 4), (1, 3), (1, 1)),
    ],
)
def test_pooling_of_long_rows_and_of_few_windows(shape, windows, first, taps, stride, dilation, dtype):
    """Parts of rows at a time, and one band that is not the whole image; against windows that are gathered."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 50, shape).astype(dtype)
    upstream = rng.integers(-9, 9, (*shape[:-2], *windows)).astype(dtype)
    i, j, u, v = np.ogrid[: windows[0], : windows[1], : taps[0], : taps[1]]
    x, y = first[0] + stride[0] * i + dilation[0] * u, first[1] + stride[1] * j + dilation[1] * v
    read = images[..., x, y]
    winners = read.reshape(*upstream.shape, -1).argmax(-1)
    sums, routed = np.zeros_like(images), np.zeros_like(images)
    for t, (a, b) in enumerate(np.ndindex(*taps)):
        place = ..., x[:, :, a, 0], y[:, :, 0, b]  # no two windows have this tap in common
        sums[place] += upstream
        routed[place] += upstream * (winners == t)
    pairs = (-first[0], -first[1]), taps, stride, dilation
    forward, back = np.empty_like(upstream), np.empty_like(images)
    calls = (
        (lambda: pool._pool(np.maximum, images, *pairs, forward), forward, read.max((-1, -2))),
        (lambda: pool._pool(np.add, images, *pairs, forward), forward, read.sum((-1, -2))),
        (lambda: pool._pool_back(upstream, *pairs, back), back, sums),
        (lambda: pool_max._pool_max_back(images, upstream, *pairs, back), back, routed),
    )
    for call, found, expected in calls:
        kept()
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        np.testing.assert_array_equal(found, expected)
        assert max(peak, kept()) <= 4 * MEGABYTES


@pytest.mark.parametrize("taps", [1, 2, 3])
def test_an_infinite_gradient_goes_to_the_winner_alone(taps):
    rng = np.random.default_rng(0)
    images, upstream = rng.standard_normal((2, 9, 9)), rng.standard_normal((2, 4, 4))
    upstream[1, 2, 1] = np.inf
    out = np.empty_like(images)
    pool_max._pool_max_back(images, upstream, (0, 0), (taps, taps), (2, 2), (1, 1), out)
    window = images[1, 4 : 4 + taps, 2 : 2 + taps]
    u, v = divmod(int(window.argmax()), taps)
    assert out[1, 4 + u, 2 + v] == np.inf
    assert np.isfinite(out).sum() == out.size - 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_threads_stay_and_a_forked_process_has_its_own():
    images, kernel = np.ones((4, 1, 2, 60, 60)), np.ones((1, 3, 2, 3, 3))
    out = np.empty((4, 1, 3, 58, 58))
    arguments = images, kernel, (0, 0), (1, 1), (1, 1), out, 2
    correlate._correlate(*arguments)
    pool = correlate._threads(2, os.getpid())
    correlate._correlate(*arguments)
    assert correlate._threads(2, os.getpid()) is pool
    child = os.fork()
    if not child:
        out[...] = 0
        correlate._correlate(*arguments)
        os._exit(0 if (out == 18).all() else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_taps_that_are_zero_are_left_out():
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, 2, 3, 40, 33))
    kernel = np.zeros((2, 4, 3, 9, 11))
    kernel[..., [0, 4, 8], [10, 3, 0]] = rng.standard_normal((2, 4, 3, 3))
    problem = images, kernel, (4, 2), (1, 2), (2, 1), (32, 15)
    close(run("sparse", "exact", *problem), loops(*problem), np.float64)
    kernel[...] = 0
    assert not run("sparse", "exact", *problem).any()


def test_threads_do_not_share_buffers():
    rng = np.random.default_rng(0)
    problems = [
        (
            rng.standard_normal((3, 1, 16, 20, n)),
            rng.standard_normal((1, 16, 16, 3, 3)),
            (0, 0),
            (1, 1),
            (1, 1),
            (18, n - 2),
        )
        for n in range(10, 26)
    ]
    expected = [run("tiles", "fast", *p) for p in problems]
    found = [None] * len(problems)

    def work(n):
        for _ in range(5):
            found[n] = run("tiles", "fast", *problems[n])

    workers = [threading.Thread(target=work, args=(n,)) for n in range(len(problems))]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_equal_parts():
    assert [winograd._even(n, most) for n, most in ((14, 5), (3, 9), (7, 1), (10, 4))] == [5, 3, 1, 4]
