"""One channel and a long kernel: Toeplitz matrices down the rows, tiles F(m, m) across them.

The taps of a row are cut into runs of m, zeros behind the last one, and the outputs into tiles of m.  Run k of tile
j reads the 2 m - 1 entries from m (j + k) on, which are those of the first run of tile j + k: each tile is transformed
once, and what stood for a tap at each column is a run at each m-th one, at 2 m - 1 positions.
"""

from __future__ import annotations

import numpy as np

from symconv.kernels.runtime.choice import _TAPS_A_RUN, _tall
from symconv.kernels.runtime.tiles import _tile
from symconv.kernels.runtime.toeplitz import _toeplitz_matrix
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut, _even, _strided
from symconv.kernels.runtime.workspace import _WORKSPACE

_AT_A_TIME = 3 << 19  # bytes of all that a strip of rows is turned into: it stays in the cache
_TILES = 128  # of a row at a time: longer products are no faster


def _toeplitz_tiles(images: Array, kernel: Array, start: Pair, out: Array) -> None:
    """out[n, g, i, j] = sum of kernel[g, u, v] * images[n, g, i + u - start[0], j + v - start[1]]."""
    (height, width), (r, c) = out.shape[2:], kernel.shape[1:]
    m, rows = _TAPS_A_RUN, min(height, _tall(r))
    runs = -(-c // m)
    back, weigh, into = (matrix.astype(out.dtype) for matrix in _tile(m, m))
    held = (2 * len(into) + m + runs) * out.itemsize  # bytes of a tile of a row, with all that it is turned into
    # as many rows of outputs at least as neighbouring strips read twice
    across = _even(-(-width // m), min(_TILES, _AT_A_TIME // (held * (max(rows, r) + r)) - runs))
    down = _even(-(-height // rows), (_AT_A_TIME // (held * (across + runs)) - r) // rows)
    across, down = across * m, down * rows
    taps = np.zeros((r, runs * m), out.dtype)
    for g, weights in enumerate(kernel):
        taps[:, :c] = weights
        weighed = np.matmul(weigh, taps.reshape(-1, m).T)
        matrices = _toeplitz_matrix(weighed.reshape(-1, r, runs), rows, 1, 1)
        for n, i, j in np.ndindex(len(out), -(-height // down), -(-width // across)):
            i, j = i * down, j * across
            corner, place = (i - start[0], j - start[1]), out[n, g, i : i + down, j : j + across]
            _strip_of_tiles(images[n, g], matrices, corner, runs, into, back, place)


def _strip_of_tiles(
    image: Array, matrices: Array, corner: Pair, runs: int, into: Array, back: Array, out: Array
) -> None:
    """Some rows of one image, of which the first one reads from `corner` on."""
    m, (positions, rows, depth), dtype = _TAPS_A_RUN, matrices.shape, out.dtype
    blocks, tiles = -(-out.shape[0] // rows), -(-out.shape[1] // m)
    lines, read = rows * (blocks - 1) + depth // runs, tiles + runs
    whole = _WORKSPACE.take("b", (lines, read * m), dtype)
    _cut(image, *corner, whole)
    entries = _WORKSPACE.take("a", (positions, lines * read), dtype)
    entries[:m] = whole.reshape(-1, m).T
    entries[m:, :-1] = entries[: m - 1, 1:]  # those of the next tile
    entries[m:, -1] = 0
    values = _WORKSPACE.take("transformed", (positions, lines, read), dtype)
    np.matmul(into, entries, out=values.reshape(positions, -1))
    shifted = _WORKSPACE.take("shifted", (lines, runs, tiles), dtype)
    over_i, over_k, over_j = shifted.strides
    read_by = _strided(shifted, (), (blocks, depth, tiles), (rows * over_i, over_k, over_j))
    sums = _WORKSPACE.take("a", (positions, blocks, rows, tiles), dtype)
    for matrix, value, place in zip(matrices[:, None], values, sums):
        shifted[...] = _strided(value, (), shifted.shape, (read * over_j, over_j, over_j))
        np.matmul(matrix, read_by, out=place)
    made = _WORKSPACE.take("b", (blocks * rows * tiles, m), dtype)
    np.matmul(sums.reshape(positions, -1).T, back, out=made)
    out[...] = made.reshape(blocks * rows, tiles * m)[: out.shape[0], : out.shape[1]]
