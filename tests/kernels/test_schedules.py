"""Every schedule against loops over the taps, on sizes, strides, dilations, starts and types drawn at random."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.kernels.runtime import (
    choice,
    correlate,
    product,
    rows,
    separable,
    tiles,
    window,
    winograd,
)
from tests.kernels.schedule_cases import close, loops, problems, run


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
    fitting["sub-images of taps"] = dilation == (1, 1)
    fitting["dots"] = images.shape[0] == kernel.shape[1] == 1
    fitting["toeplitz"] = kernel.shape[1:3] == (1, 1)
    fitting["toeplitz tiles"] = unit and fitting["toeplitz"]
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


@settings(max_examples=300, deadline=None)
@given(st.integers(-5, 9), *(st.integers(1, 6) for _ in range(4)), st.integers(0, 40), st.integers(0, 9))
def test_steps_without_their_common_factor_read_the_same(start, stride, dilation, taps, windows, height, width):
    """The entries that each window reads, and those outside; down and across exchanged as well."""
    image = np.arange(1, height * width + 1).reshape(1, 1, 1, height, width)
    numbers = (start, 0), (stride, 1), (dilation, 1), (taps, 1), (windows, width)
    for turned in (False, True):
        seen = image.swapaxes(3, 4) if turned else image
        coarse, *found = window._coarse(seen, *(pair[::-1] if turned else pair for pair in numbers))
        (p, _), (s, _), (d, _) = (pair[::-1] if turned else pair for pair in found)
        rows = coarse[0, 0, 0].T if turned else coarse[0, 0, 0]
        assert np.gcd(s, d) == 1
        for i, u in np.ndindex(windows, taps):
            x, y = stride * i + dilation * u - start, s * i + d * u - p
            read = image[0, 0, 0, x] if 0 <= x < height else np.zeros(width)
            np.testing.assert_array_equal(rows[y] if 0 <= y < len(rows) else np.zeros(width), read)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_sub_images_of_different_sizes_by_tiles_together(data):
    """Dilations up to more than a side: some sub-images are larger, begin elsewhere, or have nothing to read."""
    count, groups, channels, outputs = (data.draw(st.integers(*ends)) for ends in ((1, 2), (1, 2), (24, 30), (24, 30)))
    pair = st.tuples(st.integers(1, 6), st.integers(2, 6))
    taps, dilation = data.draw(st.tuples(st.integers(2, 5), st.integers(3, 5))), data.draw(pair)
    extent = data.draw(st.tuples(st.integers(4, 17), st.integers(6, 19)))
    start = data.draw(st.tuples(st.integers(-2, 9), st.integers(-2, 9)))
    reach = zip(extent, taps, dilation, start, strict=True)
    sides = [max(1, n + d * (t - 1) - p - data.draw(st.integers(0, 9))) for n, t, d, p in reach]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    images = rng.standard_normal((count, groups, channels, *sides))
    kernel, upstream = (rng.standard_normal((groups, outputs, n, *s)) for n, s in ((channels, taps), (count, extent)))
    problem = images, kernel, start, (1, 1), dilation, extent
    close(run("sub-images", "fast", *problem), loops(*problem), np.float64)
    swapped = np.ascontiguousarray(images.transpose(2, 1, 0, 3, 4)), upstream, start, dilation, (1, 1), taps
    close(run("sub-images of taps", "fast", *swapped), loops(*swapped), np.float64)


@pytest.mark.parametrize(("side", "dilation"), [(33, 12), (33, 18), (20, (1, 3))])
def test_large_dilations_are_not_cut_into_what_is_too_small(side, dilation, monkeypatch):
    """As those of segmentation networks: each sub-image would have fewer outputs than the kernel has taps."""
    ran = []
    for name, run_it in correlate._SCHEDULES.items():
        monkeypatch.setitem(
            correlate._SCHEDULES, name, lambda *given, name=name, run_it=run_it: ran.append(name) or run_it(*given)
        )
    monkeypatch.setattr(correlate, "ACCURACY", "fast")
    rng = np.random.default_rng(6)
    d = (dilation, dilation) if isinstance(dilation, int) else dilation
    images, kernel = (rng.standard_normal(s).astype(np.float32) for s in ((1, 1, 64, side, side), (1, 64, 64, 3, 3)))
    out = np.empty((1, 1, 64, side, side), np.float32)
    correlate._correlate(images, kernel, d, (1, 1), d, out)
    close(out, loops(images, kernel, d, (1, 1), d, (side, side)), np.float32)
    gradient = np.empty((64, 1, 64, 3, 3), np.float32)
    swapped, upstream = images.transpose(2, 1, 0, 3, 4), out.transpose(1, 2, 0, 3, 4)
    correlate._correlate(swapped, upstream, d, d, (1, 1), gradient)
    close(gradient, loops(swapped, upstream, d, d, (1, 1), (3, 3)), np.float32)
    assert len(ran) == 2  # one schedule each, none for each of many sub-images


@pytest.mark.parametrize("factor", [(2, 2), (3, 1), (1, 2)])
def test_tiles_for_steps_with_a_common_factor(factor, monkeypatch):
    """A stride and a dilation of 2: every second entry, for which there are tiles; padding that 2 does not divide."""
    called = []
    monkeypatch.setattr(correlate, "SCHEDULE", "tiles")
    monkeypatch.setitem(correlate._SCHEDULES, "tiles", lambda *given: called.append(1) or correlate._tiles(*given))
    rng = np.random.default_rng(5)
    images, kernel = rng.standard_normal((2, 1, 32, 47, 50)), rng.standard_normal((1, 48, 32, 3, 3))
    problem = images, kernel, (3, 2), factor, factor
    extent = tuple((n + 2 * p - 2 * f - 1) // f + 1 for n, p, f in zip((47, 50), (3, 2), factor, strict=True))
    out = np.full((2, 1, 48, *extent), np.nan)
    correlate._correlate(*problem, out)
    close(out, loops(*problem, extent), np.float64)
    assert called


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


@pytest.mark.parametrize(
    ("count", "channels", "outputs", "height", "width", "taps", "stride"),
    [
        (2, 512, 40, 9, 17, 3, 1),  # tiles
        (2, 256, 70, 9, 17, 2, 1),
        (1, 64, 24, 30, 31, 3, 2),  # windows as columns
        (1, 1024, 24, 14, 15, 1, 1),  # entries as they lie
        (2, 40, 16, 7, 40, 7, 2),
        (1, 32, 8, 20, 70, 5, 1),  # rows that are shared
        (3, 100, 12, 5, 5, 5, 1),  # small problems
        (1, 600, 8, 20, 21, 3, 1),  # sums of shifted products
        (1, 3, 5, 30, 700, 3, 1),  # many products for each tap
    ],
)
def test_long_sums_in_float32_keep_within_the_contract(count, channels, outputs, height, width, taps, stride):
    """Forward and the gradient by the kernel; each reference is computed in float64."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((count, 1, channels, height, width)).astype(np.float32)
    kernel = rng.standard_normal((1, outputs, channels, taps, taps)).astype(np.float32)
    extent = (height - taps) // stride + 1, (width - taps) // stride + 1
    upstream = rng.standard_normal((count, 1, outputs, *extent)).astype(np.float32)
    swapped, given = images.transpose(2, 1, 0, 3, 4), upstream.transpose(1, 2, 0, 3, 4)
    for arguments, sides in (
        ((images, kernel, (0, 0), (stride, stride), (1, 1)), extent),
        ((swapped, given, (0, 0), (1, 1), (stride, stride)), (taps, taps)),
    ):
        out = np.empty((len(arguments[0]), 1, arguments[1].shape[1], *sides), np.float32)
        correlate._correlate(*arguments, out)
        expected = loops(*arguments, sides)
        assert np.abs(out - expected).max() <= 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize(("count", "channels", "outputs"), [(4000, 1, 1), (3000, 16, 2)])
def test_the_gradient_by_a_kernel_of_many_images_keeps_within_the_contract(count, channels, outputs):
    """As chosen, by dot products, and with the upstream gradient spread: every image adds as much as the next."""
    rng = np.random.default_rng(2)
    images = rng.standard_normal((channels, 1, count, 12, 12)).astype(np.float32)
    upstream = rng.standard_normal((1, outputs, count, 10, 10)).astype(np.float32)
    expected = loops(images, upstream, (0, 0), (1, 1), (1, 1), (3, 3))
    for schedule in ("", "dots" if channels == 1 else "spread taps"):
        out = run(schedule, "exact", images, upstream, (0, 0), (1, 1), (1, 1), (3, 3))
        assert np.abs(out - expected).max() <= 1e-6 * np.abs(expected).max()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_products_in_parts_are_products(data):
    """Stacks of matrices, one of them for all or one for each, into arrays that lie in any way."""
    stack = data.draw(st.lists(st.integers(1, 3), max_size=3))
    rows, depth, length = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 60), st.integers(1, 9)))
    ones = [data.draw(st.sampled_from([n, 1])) for n in stack]
    fewer = data.draw(st.integers(0, len(stack)))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    rng = np.random.default_rng(0)
    left = rng.integers(-9, 10, (*stack[fewer:], rows, depth)).astype(dtype)
    right = rng.integers(-9, 10, (*ones, depth, length)).astype(dtype)
    if data.draw(st.booleans()):
        left, right = right.swapaxes(-1, -2), left.swapaxes(-1, -2)
    shape = (*np.broadcast_shapes(left.shape[:-2], right.shape[:-2]), left.shape[-2], right.shape[-1])
    out = np.full((*shape, 2), np.nan, dtype)[..., data.draw(st.sampled_from([0, 1]))]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(product, "_PART", data.draw(st.sampled_from([1, 40, 300, 1 << 19])))
        product._product(left, right, out, data.draw(st.integers(1, 70)))
    np.testing.assert_array_equal(out, np.matmul(left, right))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_on_the_exact_path_nan_and_infinity_go_where_the_formula_takes_them(bad):
    rng = np.random.default_rng(0)
    images, kernel = rng.standard_normal((1, 1, 64, 30, 30)), rng.standard_normal((1, 64, 64, 3, 3))
    images[0, 0, 3, 7, 9] = bad
    assert choice._choose(images, kernel, (1, 1), (1, 1), (28, 28), "exact") == "tiles"
    out = np.empty((1, 1, 64, 28, 28))
    correlate._correlate(images, kernel, (0, 0), (1, 1), (1, 1), out)
    touched = np.zeros((28, 28), bool)
    touched[5:8, 7:10] = True
    np.testing.assert_array_equal(np.isfinite(out), np.broadcast_to(~touched, out.shape))


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


@pytest.mark.parametrize(
    ("images", "kernel", "stride", "dilation", "single", "double"),
    [
        ((1, 1, 1, 512, 500), (1, 1, 1, 3, 5), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 3, 2), (1, 1), (1, 1), "rows", "rows"),
        ((1, 1, 1, 92, 90), (1, 1, 1, 7, 5), (1, 1), (1, 1), "rows", "rows"),
        ((1, 1, 1, 92, 90), (1, 1, 1, 7, 8), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 7, 6), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 9, 9), (1, 1), (1, 1), "toeplitz", "toeplitz tiles"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 11, 12), (1, 1), (1, 1), "toeplitz tiles", "toeplitz tiles"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 15, 14), (1, 1), (1, 1), "toeplitz tiles", "toeplitz tiles"),
        ((1, 1, 1, 200, 200), (1, 1, 1, 15, 14), (1, 1), (1, 1), "toeplitz", "toeplitz tiles"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 21, 20), (1, 1), (1, 1), "toeplitz tiles", "fourier"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 32, 33), (1, 1), (1, 1), "fourier", "fourier"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 64, 12), (1, 1), (1, 1), "toeplitz tiles", "fourier"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 17, 60), (1, 1), (1, 1), "fourier", "fourier"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 3, 40), (1, 1), (1, 1), "toeplitz tiles", "toeplitz tiles"),
        ((1, 1, 1, 1, 10**6), (1, 1, 1, 1, 60), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 2, 10**6), (1, 1, 1, 2, 60), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 10**5, 22), (1, 1, 1, 15, 15), (1, 1), (1, 1), "toeplitz", "toeplitz"),
        ((1, 1, 1, 512, 500), (1, 1, 1, 3, 3), (1, 1), (2, 2), "toeplitz", "toeplitz"),
        ((32, 1, 1, 28, 27), (1, 1, 1, 7, 7), (1, 1), (1, 1), "rows", "rows"),
        ((32, 1, 1, 18, 17), (1, 1, 1, 7, 7), (1, 1), (1, 1), "side by side", "side by side"),
        ((32, 1, 1, 28, 27), (1, 6, 1, 5, 5), (1, 1), (1, 1), "rows", "rows"),
        ((8, 1, 256, 56, 50), (1, 64, 256, 1, 1), (1, 1), (1, 1), "direct", "direct"),
        ((8, 1, 64, 56, 50), (1, 64, 64, 7, 8), (2, 2), (1, 1), "polyphase", "polyphase"),
        ((8, 1, 128, 56, 50), (1, 64, 128, 5, 4), (2, 2), (1, 1), "direct", "direct"),
        ((8, 1, 64, 56, 50), (1, 64, 64, 3, 3), (1, 1), (1, 1), "tiles", "tiles"),
    ],
)
def test_the_rule_of_choice_is_that_of_the_page(images, kernel, stride, dilation, single, double):
    """The table of docs/kernels.md; `python -m tests.benchmarks.alternatives` measures what it rests on."""
    axes = zip(images[3:], kernel[3:], stride, dilation, strict=True)
    extent = tuple((n - d * (t - 1) - 1) // s + 1 for n, t, s, d in axes)
    for dtype, name in ((np.float32, single), (np.float64, double)):
        arrays = np.zeros(images, dtype), np.zeros(kernel, dtype)
        assert choice._choose(*arrays, stride, dilation, extent, "fast") == name
