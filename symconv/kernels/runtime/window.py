"""What windows read: a rectangle cut out of images, zeros where it leaves them; the entries of each tap along an axis.

Steps without their common factor, equal parts of a total, and axes as one.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import gcd, prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.workspace import _WORKSPACE


def _even(total: int, most: int) -> int:
    """The size of equal parts of a total, none larger than `most`."""
    most = max(1, min(total, most))
    return -(-total // -(-total // most)) if total else 1


class _Steps(NamedTuple):
    """Along one axis, windows read entries first, first + every, ..; of these, where they start and their steps."""

    every: int
    first: int
    start: int
    stride: int
    dilation: int


@lru_cache(maxsize=256)
def _steps(start: int, stride: int, dilation: int, taps: int, windows: int) -> _Steps:
    """Of x = stride * i + dilation * u - start; one tap has no dilation, and one window no stride."""
    if taps == 1:
        dilation = stride if windows > 1 else 1
    if windows == 1:
        stride = dilation
    every = gcd(stride, dilation)
    first = -start % every
    return _Steps(every, first, (start + first) // every, stride // every, dilation // every)


def _coarse(
    images: Array, start: Pair, stride: Pair, dilation: Pair, taps: tuple[int, ...], windows: tuple[int, ...]
) -> tuple[Array, Pair, Pair, Pair]:
    """The images of every entry that is read, where stride and dilation have a common factor; their numbers."""
    a, b = (_steps(*axis) for axis in zip(start, stride, dilation, taps, windows))
    read = images[..., a.first :: a.every, b.first :: b.every]
    return read, (a.start, b.start), (a.stride, b.stride), (a.dilation, b.dilation)


def _strided(array: Array, first: tuple[int, ...], shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """A view of an array's memory from the entry at `first` on; nothing is copied.

    `as_strided` takes ten times as long as the type of arrays, which wants one run of memory.
    """
    if array.flags.c_contiguous and array.size:
        offset = sum(place * step for place, step in zip(first, array.strides))
        return np.ndarray(shape, array.dtype, array, offset, strides)
    return as_strided(array[tuple(slice(place, None) for place in first)], shape, strides)


def _cut(images: Array, top: int, left: int, out: Array) -> None:
    """out[..., i, j] = images[..., top + i, left + j], zero outside the images."""
    height, width = images.shape[-2:]
    rows, columns = out.shape[-2:]
    i0, i1 = min(max(0, -top), rows), max(0, min(rows, height - top))
    j0, j1 = min(max(0, -left), columns), max(0, min(columns, width - left))
    if i1 <= i0 or j1 <= j0:
        out[...] = 0
        return
    if i0:
        out[..., :i0, :] = 0
    if i1 < rows:
        out[..., i1:, :] = 0
    if j0:
        out[..., i0:i1, :j0] = 0
    if j1 < columns:
        out[..., i0:i1, j1:] = 0
    out[..., i0:i1, j0:j1] = images[..., top + i0 : top + i1, left + j0 : left + j1]


def _cut_strided(images: Array, top: int, left: int, steps: Pair, out: Array) -> None:
    """out[..., i, j] = images[..., top + steps[0] * i, left + steps[1] * j], zero outside the images."""
    s, t = steps
    phase = images if steps == (1, 1) else images[..., top % s :: s, left % t :: t]
    _cut(phase, top // s, left // t, out)


def _windows(
    images: Array,
    first: Pair,
    taps: Pair,
    counts: Pair,
    stride: Pair,
    dilation: Pair,
) -> Array:
    """A view [n, g, k, u, v, i, j] = images[n, g, k, first[0] + stride[0] * i + dilation[0] * u, ..].

    Zero outside: where a window leaves the images, the part that it reads is copied with zeros around.
    """
    extent = [s * (n - 1) + d * (t - 1) + 1 for s, n, d, t in zip(stride, counts, dilation, taps)]
    if prod(extent) > 2 * prod(taps) * prod(counts) and prod(extent) > 2 * prod(images.shape[3:]):
        return _gathered(images, first, taps, counts, stride, dilation)
    height, width = images.shape[3:]
    if first[0] < 0 or first[1] < 0 or first[0] + extent[0] > height or first[1] + extent[1] > width:
        source = _WORKSPACE.take("padded", (*images.shape[:3], *extent), images.dtype)
        _cut(images, *first, source)
        first = 0, 0
    else:
        source = images
    *over, over_i, over_j = source.strides
    moves = dilation[0] * over_i, dilation[1] * over_j, stride[0] * over_i, stride[1] * over_j
    return _strided(source, (0, 0, 0, *first), (*images.shape[:3], *taps, *counts), (*over, *moves))


def _gathered(images: Array, first: Pair, taps: Pair, counts: Pair, stride: Pair, dilation: Pair) -> Array:
    """The same entries one by one, for windows that lie far apart outside the images."""
    places = [
        f + d * np.arange(t)[:, None] + s * np.arange(n)[None]
        for f, d, t, s, n in zip(first, dilation, taps, stride, counts)
    ]
    found = np.zeros((*images.shape[:3], *taps, *counts), images.dtype)
    for u, v in np.ndindex(*taps):
        rows, columns = places[0][u], places[1][v]
        i = np.flatnonzero((rows >= 0) & (rows < images.shape[3]))[:, None]
        j = np.flatnonzero((columns >= 0) & (columns < images.shape[4]))
        found[:, :, :, u, v, i, j] = images[:, :, :, rows[i], columns[j]]
    return found


def _reads(taps: int, stride: int, dilation: int, start: int, outputs: int, extent: int) -> list[tuple[slice, slice]]:
    """For each tap the outputs whose windows lie inside there, and the entries that they read."""
    found = []
    for u in range(taps):
        shift = dilation * u - start
        low = min(outputs, max(0, -(shift // stride)))
        high = max(low, min(outputs, (extent - 1 - shift) // stride + 1))
        first = stride * low + shift
        found.append(
            (slice(low, high), slice(first, first + stride * (high - low - 1) + 1 if high > low else first, stride))
        )
    return found


def _merged(array: Array, axis: int) -> Array | None:
    """The array with this axis and the later ones as one, or None where that would copy."""
    if not _one_run(array.shape[axis:], array.strides[axis:]):
        return None
    return array.reshape(*array.shape[:axis], prod(array.shape[axis:]))


def _one_run(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether axes are steps of one size through memory; NumPy itself would copy before it says no."""
    long = [(n, step) for n, step in zip(shape, strides) if n != 1]
    return 0 in shape or all(step == n * inner for (_, step), (n, inner) in pairwise(long))
