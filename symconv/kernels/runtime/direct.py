"""The formula as matrix products: the windows as columns, a block of images, groups or output rows at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod

import numpy as np

from symconv.kernels.runtime.choice import _row_by_row
from symconv.kernels.runtime.col2im import _col2im
from symconv.kernels.runtime.product import _long, _parts_of, _product
from symconv.kernels.runtime.rows import _shifted_rows
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _even, _merged, _windows
from symconv.kernels.runtime.workspace import _WORKSPACE


def _columns(windows: Array) -> Array:
    """Windows [n, g, k, u, v, i, j] as matrices [n, g, (k, u, v), (i, j)], copied unless they lie so already."""
    count, groups, *inner = windows.shape
    shape = count, groups, prod(inner[:3]), prod(inner[3:])
    if inner[1:3] == [1, 1] and (merged := _merged(windows, 5)) is not None:
        return merged.reshape(shape)
    columns = _WORKSPACE.take("columns", windows.shape, windows.dtype)
    columns[...] = windows
    return columns.reshape(shape)


def _blocks(counts: tuple[int, int, int, int], entry_bytes: int) -> Iterator[tuple[slice, slice, slice, slice]]:
    """Images, groups, rows and places in a row of one block after the other; the columns of a block take some 2 MB.

    counts: of each.  entry_bytes: of the columns of one entry of one group.
    """
    most = max(1, (1 << 21) // max(1, entry_bytes))
    steps: list[int] = []
    for count in counts[::-1]:  # a part of a row, else rows, else groups, else images
        steps.insert(0, _even(count, most))
        most = most // steps[0] if steps[0] == count else 1
    n, g, i, j = ([slice(a, min(a + step, count)) for a in range(0, count, step)] for count, step in zip(counts, steps))
    yield from itertools.product(n, g, i, j)


def _direct(
    images: Array,
    kernel: Array,
    start: Pair,
    stride: Pair,
    dilation: Pair,
    out: Array,
) -> None:
    """out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] * images[n, g, k, stride * i + dilation * u - start, ..]."""
    groups, outputs, channels, r, c = kernel.shape
    rows, length = out.shape[3:]
    depth = channels * r * c
    weights = kernel.reshape(groups, outputs, depth)
    entrywise = (r, c) == stride == (1, 1) and start == (0, 0) and images.shape[3:] == out.shape[3:]
    if entrywise and not _long(depth, out.dtype):
        whole, filled = _merged(images, 3), _merged(out, 3)
        if whole is not None and filled is not None:  # every entry is a window of its own
            np.matmul(weights, whole, out=filled)
            return
    for n, g, i, j in _blocks((len(images), groups, rows, length), max(depth, outputs) * images.itemsize):
        place = out[n, g, :, i, j]
        counts = i.stop - i.start, j.stop - j.start
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        columns = _columns(_windows(images[n, g], first, (r, c), counts, stride, dilation))
        flat = _merged(place, 3)
        if flat is not None:
            _product(weights[g], columns, flat)
            continue
        result = _WORKSPACE.take("sums", (*columns.shape[:2], outputs, columns.shape[3]), out.dtype)
        _product(weights[g], columns, result)
        place[...] = result.reshape(place.shape)


def _shifted(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[n, g, o, i, j] as in `_direct` with stride[0] = 1: the products of all taps first, then their sums, shifted.

    No windows are copied, which pays where there are more channels than outputs.
    """
    if _row_by_row(kernel, stride):
        _shifted_rows(images, kernel, start, stride, dilation, out)
    else:
        _col2im(images, *_turned_round(kernel, start, dilation), stride, dilation, out)


def _turned_round(kernel: Array, start: Pair, dilation: Pair) -> tuple[Array, Pair]:
    """The kernel and the start of the adjoint that is the correlation with a stride of 1 with this kernel."""
    down, across = (d * (t - 1) - p for d, t, p in zip(dilation, kernel.shape[3:], start))
    return kernel.swapaxes(1, 2)[..., ::-1, ::-1], (down, across)


def _direct_taps(
    images: Array,
    upstream: Array,
    start: Pair,
    stride: Pair,
    dilation: Pair,
    out: Array,
) -> None:
    """out[g, o, k, u, v] = sum of upstream[n, g, o, i, j] * images[n, g, k, stride * i + dilation * u - start, ..]."""
    groups, outputs, channels, r, c = out.shape
    rows, length = upstream.shape[3:]
    depth = channels * r * c
    total = np.zeros((groups, depth, outputs), out.dtype)
    few = max(1, (1 << 22) // total.nbytes)  # images whose products are held at once
    for n, g, i, j in _blocks((len(images), groups, rows, length), max(depth, outputs) * images.itemsize):
        part = upstream[n, g, :, i, j]
        counts = i.stop - i.start, j.stop - j.start
        first = stride[0] * i.start - start[0], stride[1] * j.start - start[1]
        columns = _columns(_windows(images[n, g], first, (r, c), counts, stride, dilation))
        turned = _WORKSPACE.take("turned", (*part.shape[:2], *counts, outputs), out.dtype)
        turned[...] = part.transpose(0, 1, 3, 4, 2)
        given = turned.reshape(*part.shape[:2], prod(counts), outputs)
        for first_image in range(0, len(given), few):
            some = slice(first_image, first_image + few)
            for terms in _parts_of(columns.shape[3], out.dtype):
                total[g] += np.matmul(columns[some, :, :, terms], given[some, :, terms]).sum(axis=0)
    out[...] = total.reshape(groups, channels, r, c, outputs).transpose(0, 4, 1, 2, 3)


def _spread_taps(images: Array, upstream: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """As `_direct_taps`, the upstream gradient laid where each tap reads: for far fewer outputs than channels."""
    groups, outputs, channels, r, c = out.shape
    height, width = images.shape[3:]
    sums = np.zeros(out.shape, np.result_type(out.dtype, np.float64))  # of many images, each as large as the next
    for n, g in np.ndindex(len(images), groups):
        laid = _WORKSPACE.take("columns", (outputs, r, c, height, width), out.dtype)
        laid[...] = 0
        for u, v in np.ndindex(r, c):
            shift = [d * t - p for d, t, p in zip(dilation, (u, v), start)]
            low = [max(0, -(a // s)) for a, s in zip(shift, stride)]
            sizes = zip(shift, stride, (height, width), upstream.shape[3:])
            high = [max(0, min(count, (size - 1 - a) // s + 1)) for a, s, size, count in sizes]
            given = upstream[n, g, :, low[0] : high[0], low[1] : high[1]]
            if given.size:
                at = [slice(s * k + a, s * (m - 1) + a + 1, s) for s, k, m, a in zip(stride, low, high, shift)]
                laid[:, u, v, at[0], at[1]] = given
        matrix = images[n, g].reshape(channels, height * width)
        taps = np.empty((channels, outputs * r * c), out.dtype)
        _product(matrix, laid.reshape(-1, height * width).T, taps)
        sums[g] += taps.reshape(channels, outputs, r, c).swapaxes(0, 1)
    out[...] = sums
