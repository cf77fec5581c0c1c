"""The formula as one matrix product for each row: windows of neighbouring rows share what they read.

Only the taps along a row are laid beside each other, [x, (k, v), j].  The window of output row i is then r rows of
this from stride * i on, which lie one below the other: a matrix [(u, k, v), j] that nobody copies.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from symconv.kernels.runtime.choice import _LAID
from symconv.kernels.runtime.product import _parts_of, _product
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut_strided, _even, _windows
from symconv.kernels.runtime.workspace import _WORKSPACE

_UNPACKED = 10**6  # multiplications; OpenBLAS packs the factors of larger products, which does not pay for few rows


def _row_blocks(
    counts: tuple[int, int, int, int],
    taps: int,
    stride: int,
    entry_bytes: int,
    most_rows: int = 1 << 30,
    most_beside: int = 1 << 30,
    held: int | None = None,
) -> Iterator[tuple[slice, slice, slice, slice]]:
    """Images, groups, rows and places in a row of one block after the other.

    counts: of each.  entry_bytes: of what is laid out for one place of one row.  most_rows: of outputs,
    those of all images and groups.  most_beside: of the places of a row, those of all images and groups.  held: bytes
    of a block.
    """
    images, groups, rows, length = counts
    most = max(1, (held or _LAID) // entry_bytes)  # places
    across = _even(length, min(most // taps, most_beside))
    down = _even(rows, min(most_rows, (most // across - taps) // stride + 1)) if across == length else 1
    many = min(most // (across * (stride * (down - 1) + taps)), most_rows // down, most_beside // across)
    together = _even(groups, many) if down == rows else 1
    several = _even(images, many // groups) if together == groups and down == rows else 1
    steps = zip(counts, (several, together, down, across))
    n, g, i, j = ([slice(a, min(a + step, whole)) for a in range(0, whole, step)] for whole, step in steps)
    yield from itertools.product(n, g, i, j)


def _row_windows(images: Array, first: Pair, taps: Pair, counts: Pair, stride: Pair, dilation: Pair) -> Array:
    """[n, g, i, (u, k, v), j] = images[n, g, k, first[0] + stride[0] * i + u, first[1] + stride[1] * j + ..].

    Its rows with i and u of the same sum are the same memory.
    """
    (count, groups, channels, *_), (r, c), (rows, length) = images.shape, taps, counts
    shape = count, groups, stride[0] * (rows - 1) + r, channels, c, length
    laid = _WORKSPACE.take("columns", shape, images.dtype)
    if stride[1] == 1 and dilation[1] * (c - 1) <= length:  # all taps of a row while it is in the cache
        read = _windows(images, first, (1, c), (shape[2], length), (1, 1), (1, dilation[1]))
        laid[...] = read[:, :, :, 0].transpose(0, 1, 4, 2, 3, 5)
    else:  # what a tap reads is far less than the row with zeros around
        for v in range(c):
            place = laid[:, :, :, :, v].transpose(0, 1, 3, 2, 4)
            _cut_strided(images, first[0], first[1] + dilation[1] * v, (1, stride[1]), place)
    over_n, over_g, over_x, _, over_v, over_j = laid.strides
    windows = count, groups, rows, r * channels * c, length
    return np.ndarray(windows, laid.dtype, laid, 0, (over_n, over_g, stride[0] * over_x, over_v, over_j))


def _multiply(weights: Array, columns: Array, out: Array) -> None:
    """out = weights @ columns; where there are few rows, as many columns at a time as OpenBLAS does not pack."""
    (rows, depth), length = weights.shape[-2:], columns.shape[-1]
    step = _even(length, _UNPACKED // (rows * depth)) if rows <= 32 else length
    for j in range(0, length, step):
        _product(weights, columns[..., j : j + step], out[..., j : j + step])


def _rows(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] * images[n, g, k, stride * i + u - start, ..]."""
    groups, outputs, channels, r, c = kernel.shape
    weights = np.ascontiguousarray(kernel.transpose(0, 1, 3, 2, 4)).reshape(groups, 1, outputs, -1)
    counts = len(images), groups, out.shape[3], out.shape[4]
    for n, g, i, j in _row_blocks(counts, r, stride[0], channels * c * out.itemsize):
        place = out[n, g, :, i, j].transpose(0, 1, 3, 2, 4)
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        windows = _row_windows(images[n, g], first, (r, c), (place.shape[2], place.shape[4]), stride, dilation)
        _multiply(weights[g], windows, place)


def _shifted_blocks(
    kernel: Array, counts: tuple[int, int, int, int], itemsize: int
) -> Iterator[tuple[slice, slice, slice, slice]]:
    """Blocks of sums; a row of one, with the taps as columns and all products, is laid out at once."""
    outputs, channels, r, c = kernel.shape[1:]
    beside = max(1, _LAID // ((channels * c + r * outputs) * itemsize))
    return _row_blocks(counts, 1, 1, outputs * itemsize, most_beside=beside)


def _shifted_rows(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for stride[0] = 1: products of every row that is read, [x, (u, o), j], then sums of shifted rows."""
    groups, outputs, channels, r, c = kernel.shape
    (rows, length), height = out.shape[3:], images.shape[3]
    weights = _turned(kernel, (0, 3, 1, 2, 4)).reshape(groups, 1, r * outputs, channels * c)
    row_bytes = (channels * c + r * outputs) * out.itemsize
    for n, g, i, j in _shifted_blocks(kernel, (len(images), groups, rows, length), out.itemsize):
        place = out[n, g, :, i, j].transpose(0, 1, 3, 2, 4)
        count, parts, tall, _, wide = place.shape
        sums = _WORKSPACE.take("sums", place.shape, out.dtype)
        sums[...] = 0
        top, bottom = _read_rows(i, start[0], dilation[0] * (r - 1), height)
        step = max(1, _LAID // (row_bytes * count * parts * wide))
        for x in range(top, bottom, step):
            many = min(step, bottom - x)
            windows = _row_windows(
                images[n, g], (x, stride[1] * j.start - start[1]), (1, c), (many, wide), (1, stride[1]), dilation
            )
            products = _WORKSPACE.take("products", (count, parts, many, r * outputs, wide), out.dtype)
            _multiply(weights[g], windows, products)
            taps = products.reshape(count, parts, many, r, outputs, wide)
            for u in range(r):
                first = x + start[0] - dilation[0] * u - i.start  # the row of sums that row x is added to
                a, b = max(0, -first), min(many, tall - first)
                if a < b:
                    sums[:, :, first + a : first + b] += taps[:, :, a:b, u]
        place[...] = sums


def _read_rows(rows: slice, start: int, reach: int, height: int) -> Pair:
    """The rows of an image that windows with a stride of 1 read, from the first to past the last."""
    top = min(height, max(0, rows.start - start))
    return top, max(top, min(height, rows.stop - start + reach))


def _turned(kernel: Array, axes: tuple[int, ...]) -> Array:
    """The kernel with its axes in this order, in memory too."""
    turned = kernel.transpose(axes)
    weights = _WORKSPACE.take("weights", turned.shape, kernel.dtype)
    weights[...] = turned
    return weights


def _rows_of_taps(images: Array, upstream: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[g, o, k, u, v] = sum of upstream[n, g, o, i, j] * images[n, g, k, stride * i + u - start, ..]."""
    groups, outputs, channels, r, c = out.shape
    total = np.zeros((groups, r * channels * c, outputs), out.dtype)
    counts = len(images), groups, upstream.shape[3], upstream.shape[4]
    entry_bytes, most_rows = max(channels * c, outputs) * out.itemsize, max(1, _LAID // total[0].nbytes)
    for n, g, i, j in _row_blocks(counts, r, stride[0], entry_bytes, most_rows):
        given = upstream[n, g, :, i, j].transpose(0, 1, 3, 4, 2)
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        windows = _row_windows(images[n, g], first, (r, c), (given.shape[2], given.shape[3]), stride, dilation)
        if outputs > 8:  # of fewer, each row is multiplied as it lies
            turned = _WORKSPACE.take("turned", given.shape, out.dtype)
            turned[...] = given
            given = turned
        products = _WORKSPACE.take("sums", (*windows.shape[:4], outputs), out.dtype)
        for terms in _parts_of(windows.shape[4], out.dtype):
            total[g] += np.matmul(windows[..., terms], given[..., terms, :], out=products).sum(axis=(0, 2))
    out[...] = total.reshape(groups, r, channels, c, outputs).transpose(0, 4, 2, 1, 3)
