"""Adjoints of sums over windows against loops that add every product where its window reads."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.kernels.runtime import (
    choice,
    col2im,
    scatter,
)
from tests.kernels.schedule_cases import adjoint_loops, close, problems


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
    side = 20 * stride + taps - stride
    upstream = rng.standard_normal((1, 1, outputs, 20, 20))
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
        # tiles F(2, 3) save 2.25 times, which pays for a geometric mean of 54 channels and outputs
        (1, 26, 104, (28, 28), (3, 3), (1, 1), "col2im"),
        (1, 27, 108, (28, 28), (3, 3), (1, 1), ""),
        # fewer taps than entries: of few images at once, even where these are no more than the taps
        (7, 16, 15, (2, 3), (7, 7), (2, 2), "col2im"),
        (8, 16, 15, (2, 3), (7, 7), (2, 2), ""),
        # tiles of all phases, of fewer than 32 channels; of enough tiles for what transforming the kernel takes
        (4, 31, 64, (14, 14), (6, 6), (2, 2), "polyphase"),
        (4, 32, 64, (14, 14), (6, 6), (2, 2), "col2im"),
        (1, 31, 64, (6, 6), (6, 6), (2, 2), "col2im"),
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
