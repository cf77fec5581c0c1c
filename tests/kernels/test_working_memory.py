"""What is kept from call to call, and what a call takes: at most 4 MB beside transformed kernels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from symconv.kernels.runtime import (
    choice,
    col2im,
    correlate,
    direct,
    dots,
    pool,
    pool_max,
    scatter,
    small,
    window,
    workspace,
)
from symconv.kernels.schedules.digits import ERRORS
from tests.kernels.schedule_cases import MEGABYTES, close, kept, loops, owned, problems, run, traced

LARGE = [  # images, channels, outputs, height, width, taps, stride, dilation
    (1, 64, 64, 56, 56, 3, 1, 1),
    (16, 256, 256, 14, 14, 3, 1, 1),
    (2, 16, 16, 8, 3000, 3, 1, 1),
    (1, 700, 40, 9, 9, 3, 1, 1),
    (2, 20, 20, 40, 40, 5, 1, 2),
    (1, 1, 1, 1000, 1100, 3, 1, 1),
    (1, 512, 24, 8, 2000, 3, 2, 1),
    (1, 96, 24, 8, 2100, 3, 1, 1),
    (3, 24, 20, 70, 60, 5, 2, 1),
    (4, 3, 64, 150, 150, 7, 2, 1),
    (1, 1, 1, 600, 700, 21, 1, 1),
    (1, 2, 2, 9, 9, 2, 400, 1),
]


# that depend on it: tiles, and what may be made of them
OF_ACCURACY = {name + kind for name in ("tiles", "polyphase", "sub-images") for kind in ("", " of taps")}


def thinned(kernel, schedule):
    """The schedule for kernels of few taps gets one entry in thousands: it takes a turn for each."""
    if schedule != "sparse":
        return kernel
    few = np.zeros_like(kernel)
    few.flat[::5003] = kernel.flat[::5003]  # of whatever layout
    assert few.any()
    return few


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
            run(schedule, accuracy, images, thinned(kernel, schedule), start, stride, dilation, extent)
            assert kept() <= 4 * MEGABYTES, schedule
        possible = known & choice._possible(swapped, given, dilation, stride, (taps, taps), accuracy)
        for schedule in possible - {"direct", "shifted", "side by side", "tiles", "toeplitz", "fourier"}:
            run(schedule, accuracy, swapped, thinned(given, schedule), start, dilation, stride, (taps, taps))
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
    with traced() as peak:
        correlate._correlate(x, w, (0, 0), stride, dilation, out)
    assert max(peak.bytes, kept()) <= 4 * MEGABYTES
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
    with traced() as peak:
        col2im._col2im(upstream, kernel, *numbers, out)
        weights = workspace._WORKSPACE.held["weights"].nbytes
    assert max(peak.bytes - weights, kept()) <= 4 * MEGABYTES
    workspace._WORKSPACE.held.clear()
    scatter._tap_by_tap(upstream, kernel, *numbers, expected := np.empty(images, np.float32))
    close(out, expected, np.float32)


def test_products_of_many_images_are_not_held_at_once():
    """A gradient of 2 MB from 40 images of 4 x 4: two products, not those of all images."""
    rng = np.random.default_rng(0)
    images, upstream = rng.standard_normal((40, 1, 64, 4, 4)), rng.standard_normal((40, 1, 512, 2, 2))
    out = np.empty((1, 512, 64, 3, 3))
    kept()
    with traced() as peak:
        direct._direct_taps(images, upstream, (0, 0), (1, 1), (1, 1), out)
    assert peak.bytes <= 4 * out.nbytes + 4 * MEGABYTES
    wanted = loops(images.transpose(2, 1, 0, 3, 4), upstream.transpose(1, 2, 0, 3, 4), (0, 0), (1, 1), (1, 1), (3, 3))
    close(out, wanted.transpose(1, 2, 0, 3, 4), np.float64)


@pytest.mark.parametrize("taps", [(3, 1), (3, 3)])
@pytest.mark.parametrize("stride", [(1, 8), (1, 16), (2, 3)])
def test_rows_of_one_channel_with_a_stride_take_no_more_than_four_megabytes(taps, stride):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((1, 1, 1, 600, 4096)).astype(np.float32)
    kernel = rng.standard_normal((1, 1, 1, *taps)).astype(np.float32)
    extent = [(n + 2 - t) // s + 1 for n, t, s in zip(images.shape[3:], taps, stride, strict=True)]
    for schedule in ("toeplitz", ""):
        kept()
        with traced() as peak:
            out = run(schedule, "exact", images, kernel, (1, 1), stride, (1, 1), extent)
        assert max(peak.bytes - out.nbytes, kept()) <= 4 * MEGABYTES
        close(out, loops(images, kernel, (1, 1), stride, (1, 1), extent), np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("sides", "taps"), [((600, 4096), (15, 15)), ((200, 9000), (64, 64)), ((70, 66), (64, 3))])
def test_tiles_across_rows_of_one_channel_take_no_more_than_two_megabytes(sides, taps, dtype):
    rng = np.random.default_rng(0)
    images = rng.standard_normal((1, 1, 1, *sides)).astype(dtype)
    kernel = rng.standard_normal((1, 1, 1, *taps)).astype(dtype)
    extent = [n + 2 - t + 1 for n, t in zip(sides, taps, strict=True)]
    kept()
    with traced() as peak:
        out = run("toeplitz tiles", "fast", images, kernel, (1, 1), (1, 1), (1, 1), extent)
    assert max(peak.bytes - out.nbytes, kept()) <= 2 * MEGABYTES
    expected = signal.fftconvolve(np.pad(images[0, 0, 0].astype(float), 1), kernel[0, 0, 0, ::-1, ::-1], "valid")
    assert np.abs(out - expected).max() <= ERRORS[4, 4][dtype == np.float64] * np.abs(expected).max()


@pytest.mark.parametrize(
    ("groups", "extent", "taps", "stride", "dilation"),
    [
        (256, (20, 300), (64, 3), (1, 1), (1, 1)),
        (1, (37, 8001), (64, 3), (1, 3), (1, 1)),
        (3, (90, 100), (3, 3), (1, 1), (700, 600)),
        (1, (5, 3000), (3, 2), (1, 1), (1, 9000)),
        (1, (500, 300), (4, 5), (3, 1), (1, 2)),
        (1, (318, 23), (65, 65), (2, 2), (1, 1)),
    ],
)
def test_dot_products_take_no_more_than_four_megabytes(groups, extent, taps, stride, dilation):
    rng = np.random.default_rng(0)
    axes = zip(extent, taps, stride, dilation, strict=True)
    images = rng.standard_normal((1, groups, *(s * (n - 1) + d * (t - 1) + 1 for n, t, s, d in axes)))
    upstream, out = rng.standard_normal((1, groups, *extent)), np.empty((groups, *taps))
    kept()
    with traced() as peak:
        dots._dots(images, upstream, (0, 0), stride, dilation, out)
    assert max(peak.bytes, kept()) <= 4 * MEGABYTES
    for g in (0, groups - 1):
        expected = np.zeros(taps)
        for u, v in np.ndindex(taps):
            (x, s), (y, t) = ((d * a, b) for d, a, b in zip(dilation, (u, v), stride, strict=True))
            read = images[0, g, x : x + s * (extent[0] - 1) + 1 : s, y : y + t * (extent[1] - 1) + 1 : t]
            expected[u, v] = (upstream[0, g] * read).sum()
        close(out[g], expected, np.float64)


def test_arrays_in_another_order_are_not_copied_to_look_at_them():
    """Views that NumPy refuses, it makes by copying first."""
    array = np.asfortranarray(np.zeros((30, 20, 64, 64)))
    with traced() as peak:
        assert pool._stack(array) is None
        assert window._merged(array, 1) is None
    assert peak.bytes < MEGABYTES
    assert np.shares_memory(window._merged(array.T, 1), array)
    assert np.shares_memory(pool._stack(array.T), array)


def test_one_window_of_a_wide_stride_takes_little_memory():
    images = np.random.default_rng(0).standard_normal((1, 1, 50, 4))
    winners, out = np.empty((1, 1, 48, 1), np.uint8), np.empty((1, 1, 48, 1))
    kept()
    with traced() as peak:
        pool_max._pool_winners(images, (0, 0), (3, 2), (1, 2**31 - 1), (1, 1), winners, out)
    assert peak.bytes < MEGABYTES
    windows = np.lib.stride_tricks.sliding_window_view(images[0, 0], (3, 2))[:, 0].reshape(48, 6)
    np.testing.assert_array_equal(winners[0, 0, :, 0], windows.argmax(1))
    np.testing.assert_array_equal(out[0, 0, :, 0], windows.max(1))
