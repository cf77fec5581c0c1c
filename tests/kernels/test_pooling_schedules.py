"""Pooling, its adjoints and its winners against loops over windows: ties, bands of large images, what is not finite."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.kernels.runtime import (
    pool,
    pool_max,
)
from tests.kernels.schedule_cases import MEGABYTES, kept, traced


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
    winners, again, from_winners = np.empty(upstream.shape, np.uint8), np.empty_like(greatest), np.empty_like(images)
    pool_max._pool_winners(images, (0, 0), taps, stride, dilation, winners, again)
    pool_max._pool_winners_back(winners, upstream, (0, 0), taps, stride, dilation, from_winners)
    numbers = np.zeros(upstream.shape, int)
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
        u, v = ((b - s * at) // d for b, s, at, d in zip(best, stride, (i, j), dilation, strict=True))
        numbers[n, k, i, j] = taps[1] * u + v
    for found, wanted in zip((greatest, sums, spread, routed), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(winners, numbers)
    np.testing.assert_array_equal(again, greatest)
    np.testing.assert_array_equal(from_winners, routed)


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
    numbers = np.empty(out.shape, np.uint8)
    pool_max._pool_winners(images, *pairs, numbers, out)
    assert kept() <= 4 * MEGABYTES
    np.testing.assert_array_equal(numbers, winners)
    np.testing.assert_array_equal(out, windows.max((3, 4)))
    pool_max._pool_winners_back(numbers, upstream, *pairs, back)
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
    numbers = np.empty(upstream.shape, np.uint8)
    calls = (
        (lambda: pool._pool(np.maximum, images, *pairs, forward), forward, read.max((-1, -2))),
        (lambda: pool._pool(np.add, images, *pairs, forward), forward, read.sum((-1, -2))),
        (lambda: pool._pool_back(upstream, *pairs, back), back, sums),
        (lambda: pool_max._pool_max_back(images, upstream, *pairs, back), back, routed),
        (lambda: pool_max._pool_winners(images, *pairs, numbers, forward), numbers, winners),
        (lambda: pool_max._pool_winners_back(numbers, upstream, *pairs, back), back, routed),
    )
    for call, found, expected in calls:
        kept()
        with traced() as peak:
            call()
        np.testing.assert_array_equal(found, expected)
        assert max(peak.bytes, kept()) <= 4 * MEGABYTES


@pytest.mark.parametrize("entries", ["few numbers", "some NaN"])
@pytest.mark.parametrize(
    ("taps", "windows", "stride", "dilation"),
    [
        ((900, 250), (2, 3), (7, 3), (1, 1)),
        ((1000, 1000), (2, 1), (1, 1), (1, 1)),
        ((2, 70000), (1, 2), (1, 5), (1, 2)),
        ((70000, 1), (3, 1), (40, 1), (2, 1)),
        ((56, 56), (1, 1), (1, 1), (1, 1)),
    ],
)
def test_large_windows_are_searched_one_by_one(taps, windows, stride, dilation, entries):
    """The first of equal entries wins, wherever the window is cut; little memory, though one window takes 8 MB."""
    rng = np.random.default_rng(0)
    axes = zip(taps, windows, stride, dilation, strict=True)
    images = rng.integers(0, 3, (2, *(s * (n - 1) + d * (t - 1) + 2 for t, n, s, d in axes))).astype(float)
    if entries == "some NaN":
        images.reshape(-1)[rng.integers(0, images.size, 9)] = np.nan
    upstream = rng.integers(1, 9, (2, *windows)).astype(float)
    pairs = (0, 0), taps, stride, dilation
    numbers, out = np.empty(upstream.shape, pool_max._tap_type(taps)), np.empty_like(upstream)
    routed, back = np.zeros_like(images), np.empty_like(images)
    expected, greatest = np.zeros(upstream.shape, int), np.empty_like(upstream)
    for k, i, j in np.ndindex(upstream.shape):
        rows, columns = (np.arange(t) * d + s * n for t, d, s, n in zip(taps, dilation, stride, (i, j), strict=True))
        read = images[k][np.ix_(rows, columns)].reshape(-1)
        tap = expected[k, i, j] = np.flatnonzero(np.isnan(read) if np.isnan(read).any() else read == read.max())[0]
        greatest[k, i, j] = read[tap]
        routed[k, rows[tap // taps[1]], columns[tap % taps[1]]] += upstream[k, i, j]
    kept()
    with traced() as peak:
        pool_max._pool_winners(images, *pairs, numbers, out)
    np.testing.assert_array_equal(numbers, expected)
    np.testing.assert_array_equal(out, greatest)
    for call in (
        lambda: pool_max._pool_max_back(images, upstream, *pairs, back),
        lambda: pool_max._pool_winners_back(numbers, upstream, *pairs, back),
    ):
        back[...] = np.inf
        call()
        np.testing.assert_array_equal(back, routed)
    with traced() as again:
        pool_max._pool_max_back(images, upstream, *pairs, back)
    assert max(peak.bytes, again.bytes, kept()) <= 2 * MEGABYTES


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


@pytest.mark.parametrize(("taps", "stride"), [((2, 2), (2, 2)), ((3, 2), (2, 1)), ((2, 3), (3, 2)), ((1, 4), (1, 3))])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_first_nan_of_a_window_wins_it(taps, stride, dtype):
    """As its output says; infinities are numbers like others."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((3, 11, 13)).astype(dtype)
    images[rng.random(images.shape) < 0.2] = np.nan
    images[rng.random(images.shape) < 0.1] = np.inf
    images[rng.random(images.shape) < 0.1] = -np.inf
    windows = np.lib.stride_tricks.sliding_window_view(images, taps, (1, 2))[:, :: stride[0], :: stride[1]]
    upstream = rng.standard_normal(windows.shape[:3]).astype(dtype)
    expected = np.zeros_like(images)
    numbers = windows.reshape(*upstream.shape, -1).argmax(-1)  # NumPy takes the first NaN too
    for k, i, j in np.ndindex(upstream.shape):
        u, v = divmod(int(numbers[k, i, j]), taps[1])
        expected[k, stride[0] * i + u, stride[1] * j + v] += upstream[k, i, j]
    winners, out, back = np.empty(upstream.shape, np.uint8), np.empty_like(upstream), np.empty_like(images)
    pairs = (0, 0), taps, stride, (1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pool_max._pool_winners(images, *pairs, winners, out)
        pool_max._pool_max_back(images, upstream, *pairs, back)
    np.testing.assert_array_equal(winners, numbers)
    np.testing.assert_array_equal(out, windows.max((3, 4)))
    np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize(("taps", "stride"), [((1, 300), (1, 1)), ((2, 300), (1, 310)), ((300, 1), (1, 1))])
def test_more_taps_along_one_axis_than_a_byte_counts(taps, stride):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((2, taps[0] + 4, taps[1] + 315))
    windows = np.lib.stride_tricks.sliding_window_view(images, taps, (1, 2))[:, :: stride[0], :: stride[1]]
    upstream = rng.standard_normal(windows.shape[:3])
    numbers = windows.reshape(*upstream.shape, -1).argmax(-1)
    kind = pool_max._tap_type(taps)
    winners, out, back = np.empty(upstream.shape, kind), np.empty_like(upstream), np.empty_like(images)
    pool_max._pool_winners(images, (0, 0), taps, stride, (1, 1), winners, out)
    np.testing.assert_array_equal(winners, numbers)
    expected = np.zeros_like(images)
    for k, i, j in np.ndindex(upstream.shape):
        u, v = divmod(int(numbers[k, i, j]), taps[1])
        expected[k, stride[0] * i + u, stride[1] * j + v] += upstream[k, i, j]
    pool_max._pool_max_back(images, upstream, (0, 0), taps, stride, (1, 1), back)
    np.testing.assert_allclose(back, expected, atol=1e-12)


def test_more_taps_than_a_byte_counts():
    rng = np.random.default_rng(0)
    images, upstream = rng.standard_normal((2, 40, 50)), rng.standard_normal((2, 3, 4))
    kind = pool_max._tap_type((17, 19))
    winners, out, back = np.empty(upstream.shape, kind), np.empty_like(upstream), np.empty_like(images)
    pool_max._pool_winners(images, (0, 0), (17, 19), (11, 10), (1, 1), winners, out)
    pool_max._pool_winners_back(winners, upstream, (0, 0), (17, 19), (11, 10), (1, 1), back)
    expected = np.zeros_like(images)
    for k, i, j in np.ndindex(upstream.shape):
        window = images[k, 11 * i : 11 * i + 17, 10 * j : 10 * j + 19]
        number = int(window.argmax())
        assert winners[k, i, j] == number
        expected[k, 11 * i + number // 19, 10 * j + number % 19] += upstream[k, i, j]
    assert winners.max() > 255
    np.testing.assert_array_equal(back, expected)
