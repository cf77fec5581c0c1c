"""A kernel that is a sum of R products column times row: two Toeplitz products for each of them."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from symconv.kernels.runtime.toeplitz import _toeplitz_matrix
from symconv.kernels.runtime.types import Array
from symconv.kernels.runtime.window import _strided
from symconv.kernels.runtime.workspace import _WORKSPACE


def _separable(images: Array, columns: Array, rows: Array, out: Array) -> None:
    """out[.., i, j] = sum over p, u, v of columns[p, u] * rows[p, v] * images[.., i + u, j + v]; no zeros around."""
    height, width = out.shape[-2:]
    (rank, r), c = columns.shape, rows.shape[1]
    images, columns, rows = (a.astype(out.dtype, copy=False) for a in (images, columns, rows))
    if out.dtype not in (np.float32, np.float64) or 0 in (out.size, len(columns)):
        out[...] = np.einsum("pu,pv,...ijuv->...ij", columns, rows, sliding_window_view(images, (r, c), (-2, -1)))
        return
    wide, tall = min(width, 16), min(height, 4)
    down = _toeplitz_matrix(np.ascontiguousarray(columns[:, :, None]), tall, 1, 1)
    across = _toeplitz_matrix(np.ascontiguousarray(rows[:, :, None]), wide, 1, 1).transpose(0, 2, 1)
    across = np.ascontiguousarray(across)
    length = width + c - 1
    most = max(1, (1 << 19) // (length * tall * out.itemsize))
    for at in np.ndindex(out.shape[:-2]):
        image, place = images[at], out[at]
        for i in range(0, height, most * tall):
            n = min(most * tall, height - i)
            blocks, rest = divmod(n, tall)
            band = _WORKSPACE.take("band", (n, length), out.dtype)
            for p in range(rank):
                over, step = image.strides
                shape = blocks, tall + r - 1, length
                stacked = _strided(image, (i, 0), shape, (tall * over, over, step))
                np.matmul(down[p], stacked, out=band[: blocks * tall].reshape(blocks, tall, length))
                if rest:
                    first = blocks * tall
                    last = image[i + first : i + n + r - 1, :length]
                    np.matmul(down[p, :rest, : rest + r - 1], last, out=band[first:])
                _across(band, across[p], place[i : i + n], p > 0)


def _across(band: Array, matrix: Array, out: Array, added: bool) -> None:
    """out[i, j] = sum over q of band[i, j + q] * matrix[q, 0], added to what is there if asked."""
    reach, wide = matrix.shape
    n, length = out.shape
    blocks, rest = divmod(length, wide)
    over, step = band.strides
    stacked = _strided(band, (), (blocks, n, reach), (wide * step, over, step))
    place = _strided(out, (), (blocks, n, wide), (wide * out.strides[1], out.strides[0], out.strides[1]))
    last = slice(length - rest, length)
    if added:
        place += np.matmul(stacked, matrix)
        out[:, last] += band[:, length - rest :] @ matrix[: reach - wide + rest, :rest]
    else:
        np.matmul(stacked, matrix, out=place)
        np.matmul(band[:, length - rest :], matrix[: reach - wide + rest, :rest], out=out[:, last])
