"""The formula as one matrix product for each row of outputs: windows of neighbouring rows share what they read.

Only the taps along a row are laid beside each other, [x, (k, v), j].  The window of output row i is then r rows of
this from stride * i on, which lie one below the other: a matrix [(u, k, v), j] that nobody copies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.choice import _LAID
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut_strided, _even
from symconv.kernels.runtime.workspace import _WORKSPACE


def _row_blocks(
    counts: tuple[int, int, int, int], taps: int, stride: int, entry_bytes: int, most_rows: int
) -> Iterator[tuple[int, slice, slice, slice]]:
    """An image, groups, rows and places in a row of one block after the other.

    counts: of each.  entry_bytes: of what is laid out for one place of one row.  most_rows: of outputs.
    """
    count, groups, rows, length = counts
    most = max(1, _LAID // entry_bytes)  # places
    across = _even(length, most // taps)
    down = _even(rows, min(most_rows, (most // across - taps) // stride + 1)) if across == length else 1
    together = _even(groups, most // (across * (stride * (down - 1) + taps))) if down == rows else 1
    steps = zip(counts[1:], (together, down, across))
    g, i, j = ([slice(a, min(a + step, whole)) for a in range(0, whole, step)] for whole, step in steps)
    for n, q, r, s in np.ndindex(count, len(g), len(i), len(j)):
        yield n, g[q], i[r], j[s]


def _row_windows(image: Array, first: Pair, taps: Pair, counts: Pair, stride: Pair, dilation: Pair) -> Array:
    """[g, i, (u, k, v), j] = image[g, k, first[0] + stride[0] * i + u, first[1] + stride[1] * j + dilation[1] * v]."""
    (groups, channels, *_), (r, c), (rows, length) = image.shape, taps, counts
    laid = _WORKSPACE.take("columns", (groups, stride[0] * (rows - 1) + r, channels, c, length), image.dtype)
    for v in range(c):
        place = laid[:, :, :, v].transpose(0, 2, 1, 3)
        _cut_strided(image, first[0], first[1] + dilation[1] * v, (1, stride[1]), place)
    over_g, over_x, _, over_v, over_j = laid.strides
    shape = groups, rows, r * channels * c, length
    return as_strided(laid, shape, (over_g, stride[0] * over_x, over_v, over_j), writeable=False)


def _rows(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] * images[n, g, k, stride * i + u - start, ..]."""
    groups, outputs, channels, r, c = kernel.shape
    weights = np.ascontiguousarray(kernel.transpose(0, 1, 3, 2, 4)).reshape(groups, 1, outputs, -1)
    counts = len(images), groups, out.shape[3], out.shape[4]
    for n, g, i, j in _row_blocks(counts, r, stride[0], channels * c * out.itemsize, out.shape[3]):
        place = out[n, g, :, i, j].transpose(0, 2, 1, 3)
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        windows = _row_windows(images[n, g], first, (r, c), (place.shape[1], place.shape[3]), stride, dilation)
        np.matmul(weights[g], windows, out=place)


def _rows_of_taps(images: Array, upstream: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[g, o, k, u, v] = sum of upstream[n, g, o, i, j] * images[n, g, k, stride * i + u - start, ..]."""
    groups, outputs, channels, r, c = out.shape
    total = np.zeros((groups, r * channels * c, outputs), out.dtype)
    counts = len(images), groups, upstream.shape[3], upstream.shape[4]
    entry_bytes, most_rows = max(channels * c, outputs) * out.itemsize, max(1, _LAID // total[0].nbytes)
    for n, g, i, j in _row_blocks(counts, r, stride[0], entry_bytes, most_rows):
        given = upstream[n, g, :, i, j].transpose(0, 2, 3, 1)
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        windows = _row_windows(images[n, g], first, (r, c), (given.shape[1], given.shape[2]), stride, dilation)
        turned = _WORKSPACE.take("turned", given.shape, out.dtype)
        turned[...] = given
        products = _WORKSPACE.take("sums", (*windows.shape[:3], outputs), out.dtype)
        total[g] += np.matmul(windows, turned, out=products).sum(axis=1)
    out[...] = total.reshape(groups, r, channels, c, outputs).transpose(0, 4, 2, 1, 3)
