"""The gradient by the kernel of one channel: each tap is a dot product of the upstream gradient and what the tap reads.

With strides of 1 some rows of the upstream gradient, each with zeros up to the length of a row of the images, and as
many rows of the images from a tap's place on are two runs of memory: one dot product, which adds up several sums at a
time.  Runs are so short that float32 loses little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut, _even, _strided
from symconv.kernels.runtime.workspace import _WORKSPACE

_RUN = 1 << 13  # entries of a dot product
_READ = 1 << 20  # bytes that are read at a time, about
_SUMS = 1 << 16  # dot products at a time


def _dots(images: Array, upstream: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[g, u, v] = sum of upstream[n, g, i, j] * images[n, g, stride * i + dilation * u - start, ..]."""
    r, c = out.shape[1:]
    out[...] = 0
    far = _far(upstream.shape[3], (r, c), stride, dilation, out.itemsize)
    if any(far):
        for u, v in np.ndindex(*(t if f else 1 for t, f in zip((r, c), far))):
            some = slice(u, u + 1) if far[0] else slice(r), slice(v, v + 1) if far[1] else slice(c)
            shift = start[0] - dilation[0] * u, start[1] - dilation[1] * v
            _dots(images, upstream, shift, stride, dilation, out[:, some[0], some[1]])
        return
    if not upstream.size:
        return
    count, *extent = upstream.shape
    sums = np.zeros(out.shape, np.result_type(out.dtype, np.float64))  # of many images, each as large as the next
    for tall, g, i, j in _dot_blocks(extent, (r, c), stride, dilation, out.itemsize):
        corner = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        for n in range(count):
            read, given = _laid(images[n, g], upstream[n, g, i, j], corner, (r, c), tall, stride, dilation, out.dtype)
            sums[g] += np.matmul(read, given).sum(axis=(3, 4, 5))
    out[...] = sums


def _far(width: int, taps: Pair, stride: Pair, dilation: Pair, itemsize: int) -> tuple[bool, bool]:
    """The axes along which taps lie so far apart that each is read by itself, without what lies between."""
    reach = [d * (t - 1) for d, t in zip(dilation, taps)]
    across = stride[1] * (_even(width, _RUN // (2 * stride[1])) - 1) + reach[1] + 1
    return reach[0] * across * itemsize > _READ, reach[1] > _RUN


def _dot_blocks(
    extent: Sequence[int], taps: Pair, stride: Pair, dilation: Pair, itemsize: int
) -> Iterator[tuple[int, slice, slice, slice]]:
    """The rows of a run, then groups, rows and columns of the upstream gradient, one block after the other."""
    groups, height, width = extent
    wide = _even(width, _RUN // (2 * stride[1]))
    reach = dilation[0] * (taps[0] - 1)
    across = stride[1] * (wide - 1) + dilation[1] * (taps[1] - 1) + 1
    tall = _even(height, _RUN // across) if stride == (1, 1) else 1
    most = _READ // (across * itemsize)  # rows of both arrays
    sums = _SUMS // prod(taps)  # of runs and groups
    runs = min(-(-height // tall), max(1, min(sums, (most - reach) // ((stride[0] + 1) * tall))))
    whole = runs * tall >= height
    together = max(1, min(sums // runs, most // (reach + (stride[0] + 1) * tall * runs))) if whole else 1
    for g in range(0, groups, together):
        for i in range(0, height, runs * tall):
            for j in range(0, width, wide):
                rows, columns = slice(i, min(i + runs * tall, height)), slice(j, min(j + wide, width))
                yield tall, slice(g, min(g + together, groups)), rows, columns


def _pitch(width: int, columns: int, tall: int, stride: Pair, dilation: Pair) -> int:
    """The length of a row of the upstream gradient in a run of so many rows: that of a row of the images."""
    return stride[1] * (width - 1) + dilation[1] * (columns - 1) + 1 if tall > 1 else width


def _laid(
    images: Array,
    upstream: Array,
    corner: Pair,
    taps: Pair,
    tall: int,
    stride: Pair,
    dilation: Pair,
    dtype: np.dtype[Any],
) -> tuple[Array, Array]:
    """What the taps read, and the upstream gradient, as runs [g, u, v, run, ..] whose products are dot products.

    Some rows and columns of the upstream gradient, the first of which reads from `corner` on.
    """
    (groups, height, width), (r, c) = upstream.shape, taps
    runs, across = -(-height // tall), stride[1] * (width - 1) + dilation[1] * (c - 1) + 1
    rows = stride[0] * (runs * tall - 1) + dilation[0] * (r - 1) + 1
    read = _WORKSPACE.take("shifted", (groups, rows, across), dtype)
    _cut(images, *corner, read)
    pitch = _pitch(width, c, tall, stride, dilation)
    given = _WORKSPACE.take("turned", (groups, runs * tall, pitch), dtype)
    given[:, :height, :width] = upstream
    given[:, :, width:] = 0
    given[:, height:] = 0
    length = pitch * (tall - 1) + width
    over_g, over_row, over_j = read.strides
    moves = over_g, dilation[0] * over_row, dilation[1] * over_j, stride[0] * tall * over_row, 0, stride[1] * over_j
    windows = _strided(read, (), (groups, r, c, runs, 1, length), moves)
    return windows, given.reshape(groups, 1, 1, runs, -1, 1)[:, :, :, :, :length]
