"""Small sums over windows, for which the calls cost more than the numbers: everything but three of them is kept.

The image is copied into an array with zeros around, its windows into columns, and one matrix product does the rest,
where there are few outputs with a sum.
The arrays and the views of them are made once for each combination of shapes.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.product import _long, _product
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.workspace import _WORKSPACE

_SMALL = 1 << 17  # entries of the columns
_KEPT = 2 << 20  # bytes of all arrays of one


def _framed(images: Array, start: Pair, reach: Pair, dtype: np.dtype[Any]) -> tuple[Array, Array, Array]:
    """An array of zeros, the part of it that the images are copied to, and the part from the first window on."""
    before = [max(0, p) for p in start]
    first = [b - p for b, p in zip(before, start)]
    sides = [max(b + n, f + r) for b, n, f, r in zip(before, images.shape[3:], first, reach)]
    framed = np.zeros((*images.shape[:3], *sides), dtype)
    (top, left), (height, width) = before, images.shape[3:]
    return framed, framed[..., top : top + height, left : left + width], framed[..., first[0] :, first[1] :]


class _Small:
    """out[n, g, o, i, j] = sum of kernel[g, o, k, u, v] * images[n, g, k, x, y] for arrays of these shapes.

    few: sum over (i, j) of the smaller side instead, where the windows are many and the outputs few.
    """

    def __init__(
        self, images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, few: bool
    ) -> None:
        groups, outputs, channels, *taps = kernel.shape
        extent = out.shape[3:]
        framed, self.inner, source = _framed(images, start, _reach(kernel, stride, dilation, out), out.dtype)
        *over, over_i, over_j = source.strides
        moves = dilation[0] * over_i, dilation[1] * over_j, stride[1] * over_j, stride[0] * over_i
        windows = as_strided(source, (*images.shape[:3], *taps, *extent), (*over, *moves[:2], moves[3], moves[2]))
        self.shown: Array | None = None
        pitch = framed.shape[4]
        run = (extent[0] - 1) * pitch + extent[1]
        if few:
            windows = windows.transpose(0, 1, 5, 6, 2, 3, 4)
        elif stride == (1, 1) and extent[1] < 32 and run <= 2 * prod(extent) and 2 * outputs <= channels * prod(taps):
            # whole rows with what lies between: longer runs to copy
            windows = as_strided(source, (*images.shape[:3], *taps, run), (*over, *moves[:3]))
            result = np.empty((len(images), groups, outputs, extent[0] * pitch), out.dtype)
            self.result = result[..., :run]
            self.shown = result.reshape(*result.shape[:3], extent[0], pitch)[..., : extent[1]]
        self.windows = windows
        self.columns = np.empty(windows.shape, out.dtype)
        depth = channels * prod(taps)
        shape = (*windows.shape[:2], prod(extent), depth) if few else (*windows.shape[:2], depth, -1)
        matrix = self.columns.reshape(shape)
        self.matrix = matrix.transpose(0, 1, 3, 2) if few else matrix
        self.nbytes = framed.nbytes + self.columns.nbytes + (0 if self.shown is None else result.nbytes)
        self.weights_shape = groups, outputs, depth
        self.multiplications: int = matrix.size * outputs
        self.out_shape = len(images), groups, outputs, prod(extent)
        # of these the method dot, which has less to look at, is the same
        self.single = len(images) == groups == outputs == 1 and not _long(depth, out.dtype)
        self.row = self.matrix[0, 0]
        self.result_row: Array | None = None if self.shown is None else self.result[0, 0, 0]

    def run(self, images: Array, kernel: Array, out: Array) -> None:
        """Compute it into `out`."""
        self.inner[...] = images
        self.columns[...] = self.windows
        if self.single and self.shown is not None:
            kernel.ravel().dot(self.row, self.result_row)
            out[...] = self.shown
        elif self.shown is not None:
            _product(kernel.reshape(self.weights_shape), self.matrix, self.result)
            out[...] = self.shown
        elif out.flags.c_contiguous:
            _product(kernel.reshape(self.weights_shape), self.matrix, out.reshape(self.out_shape))
        else:
            made = np.empty(self.out_shape, out.dtype)
            _product(kernel.reshape(self.weights_shape), self.matrix, made)
            out[...] = made.reshape(out.shape)


class _SmallSums:
    """The same with stride[0] = 1 for fewer outputs than channels: sums over u of products [u, o, x, j].

    Only the taps of a row are laid out as columns, and only rows of the images are multiplied: the products of the
    zeros above and below stay zeros.
    """

    def __init__(self, images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
        groups, outputs, channels, r, c = kernel.shape
        rows, length = out.shape[3:]
        framed, self.inner, source = _framed(images, start, _reach(kernel, stride, dilation, out), out.dtype)
        *over, over_i, over_j = source.strides
        tall = rows + dilation[0] * (r - 1)
        moves = *over, dilation[1] * over_j, over_i, stride[1] * over_j
        windows = as_strided(source, (*images.shape[:3], c, tall, length), moves)
        top, bottom = (min(max(0, x), tall) for x in (start[0], start[0] + images.shape[3]))
        self.windows = windows[..., top:bottom, :]
        self.columns = np.empty(self.windows.shape, out.dtype)
        self.matrix = self.columns.reshape(len(images), groups, channels * c, (bottom - top) * length)
        self.weights = np.empty((groups, r, outputs, channels, c), out.dtype)
        self.factors = self.weights.reshape(groups, r * outputs, channels * c)
        products = np.zeros((len(images), groups, r * outputs, tall * length), out.dtype)
        self.filled = products[..., top * length : bottom * length]
        split = products.reshape(len(images), groups, r, outputs, tall, length)
        over_n, over_g, over_u, over_o, over_x, over_y = split.strides
        moves = over_n, over_g, over_u + dilation[0] * over_x, over_o, over_x, over_y
        self.shifted = as_strided(split, (*split.shape[:4], rows, length), moves)
        self.nbytes = framed.nbytes + self.columns.nbytes + self.weights.nbytes + products.nbytes
        self.multiplications: int = self.matrix.size * r * outputs

    def run(self, images: Array, kernel: Array, out: Array) -> None:
        """Compute it into `out`."""
        self.inner[...] = images
        self.columns[...] = self.windows
        self.weights[...] = kernel.transpose(0, 3, 1, 2, 4)
        _product(self.factors, self.matrix, self.filled)
        np.add.reduce(self.shifted, axis=2, out=out)


def _reach(kernel: Array, stride: Pair, dilation: Pair, out: Array) -> Pair:
    """How many rows and columns all windows together read."""
    sides = zip(stride, out.shape[3:], dilation, kernel.shape[3:])
    height, width = (s * (n - 1) + d * (t - 1) + 1 for s, n, d, t in sides)
    return height, width


def _summed(images: Array, kernel: Array, dilation: Pair, out: Array) -> int:
    """How many entries are laid out for sums: the taps of a row as columns, their products, the kernel."""
    groups, outputs, channels, r, c = kernel.shape
    laid = (channels * c + r * outputs) * (out.shape[3] + dilation[0] * (r - 1)) * out.shape[4]
    entries: int = len(images) * groups * laid + kernel.size
    return entries


def _small_for(
    images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array
) -> _Small | _SmallSums | None:
    """The kept arrays for these shapes; None where the problem is not small."""
    key = images.shape, kernel.shape, start, stride, dilation, out.shape, out.dtype.char
    known: _Small | _SmallSums | None = _WORKSPACE.plans.get(key)
    if known is not None or key in _WORKSPACE.plans:
        return known
    taps, extent = prod(kernel.shape[3:]), prod(out.shape[3:])
    entrywise = taps == 1 and start == (0, 0) and images.shape[3:] == out.shape[3:]  # nothing need be copied
    count, itemsize = prod(images.shape[:3]), out.itemsize
    entries = count * taps * extent if kernel.size else 0
    plan: _Small | _SmallSums | None = None
    reach = _reach(kernel, stride, dilation, out)
    sides = [abs(p) + max(h, r) for p, h, r in zip(start, images.shape[3:], reach)]
    shown = prod(out.shape[:4]) * sides[1] if stride == (1, 1) else 0
    kept = (2 * entries + count * prod(sides) + shown) * itemsize
    if 0 < entries <= _SMALL and kept <= _KEPT and out.dtype in (np.float32, np.float64) and not entrywise:
        _WORKSPACE.make_room(kept)
        if stride[0] == 1 and taps <= extent and 2 * _summed(images, kernel, dilation, out) <= entries:
            plan = _SmallSums(images, kernel, start, stride, dilation, out)
        else:
            plan = _Small(images, kernel, start, stride, dilation, out, taps > extent)
    _WORKSPACE.keep(key, plan, 0 if plan is None else plan.nbytes)
    return plan
