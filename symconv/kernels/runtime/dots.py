"""The gradient by the kernel of one channel: each tap is a dot product of the upstream gradient and what the tap reads.

With strides of 1 some rows of the upstream gradient, each with zeros up to the length of a row of the images, and as
many rows of the images from a tap's place on are two runs of memory: one dot product.  A run is so short that float32
adds up few terms in a row.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut, _even
from symconv.kernels.runtime.workspace import _WORKSPACE

_RUN = 1 << 13  # entries of a dot product
_READ = 1 << 20  # bytes that are read at a time, about


def _dots(images: Array, upstream: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[g, u, v] = sum of upstream[n, g, i, j] * images[n, g, stride * i + dilation * u - start, ..]."""
    r, c = out.shape[1:]
    out[...] = 0
    far = [d * (t - 1) > most for d, t, most in zip(dilation, (r, c), (64, _RUN))]
    if any(far):  # what lies between the taps is not read
        for u, v in np.ndindex(*(t if f else 1 for t, f in zip((r, c), far))):
            some = slice(u, u + 1) if far[0] else slice(r), slice(v, v + 1) if far[1] else slice(c)
            shift = start[0] - dilation[0] * u, start[1] - dilation[1] * v
            _dots(images, upstream, shift, stride, dilation, out[:, some[0], some[1]])
        return
    count, groups, height, width = upstream.shape
    for tall, g, i, j in _dot_blocks((groups, height, width), c, stride, dilation, out.itemsize):
        corner = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        for n in range(count):
            _add_dots(images[n, g], upstream[n, g, i, j], corner, tall, stride, dilation, out[g])


def _dot_blocks(
    extent: tuple[int, int, int], columns: int, stride: Pair, dilation: Pair, itemsize: int
) -> Iterator[tuple[int, slice, slice, slice]]:
    """The rows of a run, then groups, rows and columns of the upstream gradient, one block after the other."""
    groups, height, width = extent
    wide = _even(width, _RUN // 2)
    across = stride[1] * (wide - 1) + dilation[1] * (columns - 1) + 1
    tall = _even(height, _RUN // across) if stride == (1, 1) else 1
    run_bytes, runs = 2 * stride[0] * tall * across * itemsize, -(-height // tall)
    together, down = max(1, _READ // (runs * run_bytes)), tall * max(1, _READ // run_bytes)
    for g in range(0, groups, together):
        for i in range(0, height, down):
            for j in range(0, width, wide):
                yield tall, slice(g, g + together), slice(i, min(i + down, height)), slice(j, min(j + wide, width))


def _add_dots(
    images: Array, upstream: Array, corner: Pair, tall: int, stride: Pair, dilation: Pair, out: Array
) -> None:
    """Add the sums over some rows and columns of the upstream gradient, the first of which reads from `corner` on."""
    (groups, height, width), (r, c) = upstream.shape, out.shape[1:]
    runs, across = -(-height // tall), stride[1] * (width - 1) + dilation[1] * (c - 1) + 1
    rows = stride[0] * (runs * tall - 1) + dilation[0] * (r - 1) + 1
    read = _WORKSPACE.take("shifted", (groups, rows, across), out.dtype)
    _cut(images, *corner, read)
    pitch = across if tall > 1 else width
    given = _WORKSPACE.take("turned", (groups, runs * tall, pitch), out.dtype)
    given[:, :height, :width] = upstream
    given[:, :, width:] = 0
    given[:, height:] = 0
    length = pitch * (tall - 1) + width
    over_g, over_row, over_j = read.strides
    moves = over_g, dilation[0] * over_row, dilation[1] * over_j, stride[0] * tall * over_row, 0, stride[1] * over_j
    windows = as_strided(read, (groups, r, c, runs, 1, length), moves)
    weights = given.reshape(groups, 1, 1, runs, -1, 1)[:, :, :, :, :length]
    out += np.matmul(windows, weights).sum(axis=(3, 4, 5))
