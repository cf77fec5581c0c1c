"""One channel at a time: a block of output rows is one Toeplitz matrix times the rows that it reads.

Row i of the matrix holds the kernel i steps further down; the columns of the kernel become copies of the
rows shifted by one each, so that a product covers all taps at once.
"""

from __future__ import annotations

import numpy as np

from symconv.kernels.runtime.choice import _band, _tall
from symconv.kernels.runtime.product import _product
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _even, _strided, _windows
from symconv.kernels.runtime.workspace import _WORKSPACE

_SHIFTED = 5 << 19  # bytes of the shifted rows that are held at once: those where blocks meet are copied twice


def _toeplitz_matrix(kernel: Array, rows: int, stride: int, dilation: int) -> Array:
    """[g, i, (p, v)] = kernel[g, u, v] at p = stride * i + dilation * u, else 0."""
    groups, r, c = kernel.shape
    matrix = np.zeros((groups, rows, stride * (rows - 1) + dilation * (r - 1) + 1, c), kernel.dtype)
    for i in range(rows):
        matrix[:, i, stride * i : stride * i + dilation * (r - 1) + 1 : dilation] = kernel
    return matrix.reshape(groups, rows, -1)


def _toeplitz(
    images: Array,
    kernel: Array,
    start: Pair,
    stride: Pair,
    dilation: Pair,
    out: Array,
) -> None:
    """out[n, g, i, j] = sum of kernel[g, u, v] * images[n, g, stride * i + dilation * u - start]."""
    count, groups, height, width = out.shape
    r, c = kernel.shape[1:]
    rows = min(height, _tall(r))
    step, reach = stride[0] * rows, _band(r, stride[0], dilation[0], rows)
    across = _even(width, 512)
    while across > 128 and 2 * reach * _shifted_bytes(across, c, stride, dilation, out.itemsize) > _SHIFTED:
        across = -(-across // 2)
    row_bytes = _shifted_bytes(across, c, stride, dilation, out.itemsize)
    down = max(1, min(-(-height // rows), (_SHIFTED // row_bytes - reach) // step))
    together = max(1, min(groups, _SHIFTED // ((step * down + reach) * row_bytes)))
    for g in range(0, groups, together):
        chosen = slice(g, g + together)
        matrix = _toeplitz_matrix(kernel[chosen], rows, stride[0], dilation[0])
        for n in range(count):
            for i in range(0, height, down * rows):
                blocks = min(down, (height - i) // rows)
                pieces = [(i, blocks, rows)] if blocks else []
                if (height - i) // rows < down and (height - i) % rows:
                    pieces.append((i + blocks * rows, 1, (height - i) % rows))
                for first, many, tall in pieces:
                    for j in range(0, width, across):
                        place = out[n, chosen, first : first + many * tall, j : j + across]
                        top, left = stride[0] * first - start[0], stride[1] * j - start[1]
                        _toeplitz_rows(
                            images[n, chosen], matrix[:, :tall], (top, left), (c, tall, many), stride, dilation, place
                        )


def _shifted_bytes(across: int, taps: int, stride: Pair, dilation: Pair, itemsize: int) -> int:
    """Of a row of an image that is copied for each tap, and of the row with zeros around that they are cut from."""
    return (taps * across + stride[1] * (across - 1) + dilation[1] * (taps - 1) + 1) * itemsize


def _toeplitz_rows(
    images: Array,
    matrix: Array,
    corner: Pair,
    counts: tuple[int, int, int],
    stride: Pair,
    dilation: Pair,
    out: Array,
) -> None:
    """Blocks of rows of one image for each group, one below the other; the first one reads from `corner` on."""
    taps, tall, many = counts
    groups, _, length = out.shape
    reach = matrix.shape[2] // taps - stride[0] * (matrix.shape[1] - tall)
    reach = min(reach, matrix.shape[2] // taps)
    rows = stride[0] * tall * (many - 1) + reach
    shifted = _WORKSPACE.take("shifted", (groups, rows, taps, length), out.dtype)
    read = _windows(images[:, None, None], corner, (1, taps), (rows, length), (1, stride[1]), (1, dilation[1]))
    shifted[...] = read[:, 0, 0, 0].transpose(0, 2, 1, 3)
    over_g, over_row, _, over_j = shifted.strides
    moves = over_g, stride[0] * tall * over_row, length * over_j, over_j
    blocks = _strided(shifted, (), (groups, many, reach * taps, length), moves)
    over_g, over_row, over_j = out.strides
    place = _strided(out, (), (groups, many, tall, length), (over_g, tall * over_row, over_row, over_j))
    _product(matrix[:, None, :, : reach * taps], blocks, place)
