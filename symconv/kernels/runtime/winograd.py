"""F(m, r): tiles of m outputs by m + r - 1 products instead of m r, on both axes.

A tile is  A^T ((G w) * (B d)), with w the kernel and d the m + r - 1 entries of the image that it reads.  The
kernel is transformed once, each tile on its way in; the products are one matrix product over the channels
for each position; each tile comes back by A.  With the channels last, every transform is a matrix product
of rows as they lie: nothing is gathered.  A stride of s is one of 1 on s images, of every s-th entry each: their
channels lie beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from symconv.kernels.runtime.product import _TERMS, _product
from symconv.kernels.runtime.tiles import _tile
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut_strided, _even, _strided
from symconv.kernels.runtime.workspace import _WORKSPACE

_FEW_TILES = 32  # products over so few are slow, and what is summed is read anew for each block


class _Block(NamedTuple):
    """What is done at a time: so many images, rows of tiles, and tiles of a row; transformed: so many images."""

    images: int
    rows: int
    columns: int
    together: int

    @property
    def tiles(self) -> int:
        return self.images * self.rows * self.columns


def _block(count: int, rows: int, columns: int, most: int) -> tuple[int, int, int]:
    """Up to `most` tiles: some of a row, rows of an image, or images."""
    across = _even(columns, most)
    down = _even(rows, most // across) if across == columns else 1
    return _even(count, most // (across * down)) if down == rows else 1, down, across


def _fitting(shape: Pair, count: int, tile: Pair, taps: Pair, entry_bytes: Pair, most: int, held: int) -> _Block:
    """The largest block of up to `most` tiles whose buffers hold so many bytes.

    shape: of the outputs.  entry_bytes: of an entry of an image with its channels, and of a position of a tile.
    """
    rows, columns = (-(-n // t) for n, t in zip(shape, tile))
    a, b = tile[0] + taps[0] - 1, tile[1] + taps[1] - 1
    while True:
        images, down, across = _block(count, rows, columns, most)
        width = tile[1] * (across - 1) + b
        read = (tile[0] * (down - 1) + a + a * down) * width * entry_bytes[0]  # of an image
        block = _Block(images, down, across, _even(images, (1 << 19) // read))
        if most == 1 or a * b * block.tiles * entry_bytes[1] + block.together * read <= held:
            return block
        most = -(-most * 3 // 4) if most > 3 else most - 1


def _blocks_of(whole: _Block, count: int, shape: Pair, tile: Pair) -> Iterator[tuple[_Block, slice, int, int]]:
    """Each block with its images, and the row and column of its first output."""
    rows, columns = (-(-n // t) for n, t in zip(shape, tile))
    for first in range(0, count, whole.images):
        for i in range(0, rows, whole.rows):
            for j in range(0, columns, whole.columns):
                images = min(whole.images, count - first)
                block = _Block(images, min(whole.rows, rows - i), min(whole.columns, columns - j), whole.together)
                yield block, slice(first, first + images), tile[0] * i, tile[1] * j


def _corners(starts: list[Pair], stride: Pair, output: Pair) -> list[Pair]:
    """Where the window of one output begins in each image."""
    x, y = stride[0] * output[0], stride[1] * output[1]
    return [(x - p, y - q) for p, q in starts]


def _largest(arrays: list[Array]) -> Pair:
    """An extent down and across that holds all of them."""
    return max(a.shape[1] for a in arrays), max(a.shape[2] for a in arrays)


def _into(
    images: list[Array],
    corners: list[Pair],
    stride: Pair,
    tile: Pair,
    matrices: tuple[Array, Array],
    block: _Block,
    out: Array,
) -> None:
    """Transform the tiles of a block: out[(p, q), (n, i, j), (e, f, k)], each image from its corner on.

    e, f: the phases of the stride.
    """
    (a, reads_i), (b, reads_j) = matrices[0].shape, matrices[1].shape
    m, n = tile
    channels = stride[0] * stride[1] * len(images[0])
    rows, columns = m * (block.rows - 1) + reads_i, n * (block.columns - 1) + reads_j
    width = columns * channels
    target = out.reshape(a, b, block.images, block.rows, block.columns, channels).transpose(0, 2, 3, 4, 1, 5)
    for first in range(0, block.images, block.together):
        some = slice(first, min(first + block.together, block.images))
        count = some.stop - first
        read = _WORKSPACE.take("a", (count, rows, columns, channels), out.dtype)
        for image, (x, y), place in zip(images[some], corners[some], read.reshape(*read.shape[:3], *stride, -1)):
            for e, f in np.ndindex(*stride):
                cut = _WORKSPACE.take("b", (len(image), rows, columns), out.dtype)  # turned in the cache
                _cut_strided(image, x + e, y + f, stride, cut)
                place[:, :, e, f] = cut.transpose(1, 2, 0)
        over_n, over_i, over_j, _ = read.strides
        bands = _strided(read, (), (count, block.rows, reads_i, width), (over_n, m * over_i, over_i, out.itemsize))
        half = _WORKSPACE.take("b", (a, count, block.rows, width), out.dtype)
        np.matmul(matrices[0], bands, out=half.transpose(1, 2, 0, 3))
        over_p, over_n, over_i, _ = half.strides
        shape = (a, count, block.rows, block.columns, reads_j, channels)
        strides = (over_p, over_n, over_i, n * over_j, over_j, out.itemsize)
        np.matmul(matrices[1], _strided(half, (), shape, strides), out=target[:, some])


def _back(products: Array, tile: Pair, matrices: tuple[Array, Array], block: _Block, places: list[Array]) -> None:
    """Write places[n][o, i, j] from the products [p, q, (n, i, j), o] of a block."""
    a, b, tiles, outputs = products.shape
    m, n = tile
    half = _WORKSPACE.take("a", (b, m, tiles * outputs), products.dtype)
    np.matmul(matrices[0].T, products.reshape(a, b, tiles * outputs).transpose(1, 0, 2), out=half)
    entries = _WORKSPACE.take("b", (block.images, block.rows, m, block.columns, n, outputs), products.dtype)
    split = half.reshape(b, m, block.images, block.rows, block.columns, outputs)
    np.matmul(matrices[1].T, split.transpose(2, 3, 1, 4, 0, 5), out=entries)
    whole = entries.reshape(block.images, block.rows * m, block.columns * n, outputs)
    for image, place in zip(whole, places):
        place[...] = image[: place.shape[1], : place.shape[2]].transpose(2, 0, 1)


def _phases_of_taps(kernel: Array, stride: Pair) -> Array:
    """[(e, f, k), (u, v), o] = kernel[o, k, s u + e, t v + f], zeros beyond its last tap."""
    outputs, channels, r, c = kernel.shape
    (s, t), (tall, wide) = stride, (-(-n // e) for n, e in zip((r, c), stride))
    whole = np.zeros((channels, tall * s, wide * t, outputs), kernel.dtype)
    whole[:, :r, :c] = kernel.transpose(1, 2, 3, 0)
    split = whole.reshape(channels, tall, s, wide, t, outputs).transpose(2, 4, 0, 1, 3, 5)
    return split.reshape(s * t * channels, tall * wide, outputs)


def _winograd(
    images: list[Array], kernel: Array, starts: list[Pair], stride: Pair, tile: Pair, out: list[Array]
) -> None:
    """out[n][o, i, j] = sum of kernel[o, k, u, v] * images[n][k, s i + u - starts[n][0], t j + v - starts[n][1]]."""
    taps = _phases_of_taps(kernel, stride)
    r, c = (-(-n // e) for n, e in zip(kernel.shape[2:], stride))
    count, (channels, _, outputs) = len(images), taps.shape
    (m, n), dtype, extent = tile, out[0].dtype, _largest(out)
    back, weigh, into = ((x.astype(dtype), y.astype(dtype)) for x, y in zip(_tile(m, r), _tile(n, c)))
    a, b = m + r - 1, n + c - 1
    held = channels * dtype.itemsize
    whole = _fitting(extent, count, tile, (r, c), (held, held), 112, 3 << 20)
    step = outputs  # small products, which OpenBLAS multiplies without packing, in a buffer of 1 MB
    tiles = whole.tiles
    while step > 16 and (step * tiles * channels >= 1_000_000 or a * b * tiles * step * dtype.itemsize > 1 << 20):
        step = -(-step // 2)
    parts = [slice(o, min(o + step, outputs)) for o in range(0, outputs, step)]
    kept = _WORKSPACE.take("weights", (a * b * channels * outputs,), dtype)
    cuts = [a * b * channels * part.start for part in parts[1:]]
    weights = [w.reshape(a * b, channels, -1) for w in np.split(kept, cuts)]  # those of each part together
    for part, place in zip(parts, weights):
        np.matmul(np.kron(*weigh), taps[:, :, part], out=place.transpose(1, 0, 2))
    for block, group, i, j in _blocks_of(whole, count, extent, tile):
        transformed = _WORKSPACE.take("transformed", (a * b, block.tiles, channels), dtype)
        _into(images[group], _corners(starts[group], stride, (i, j)), stride, tile, into, block, transformed)
        places = [place[:, i : i + m * block.rows, j : j + n * block.columns] for place in out[group]]
        for part, weighed in zip(parts, weights):
            products = _WORKSPACE.take("b", (a * b, block.tiles, weighed.shape[2]), dtype)
            _product(transformed, weighed, products, _TERMS // 2)  # whose errors the way back makes larger
            _back(products.reshape(a, b, block.tiles, -1), tile, back, block, [place[part] for place in places])


def _winograd_taps(
    images: list[Array], upstream: list[Array], starts: list[Pair], stride: Pair, tile: Pair, out: Array
) -> None:
    """out[o, k, u, v] = sum of upstream[n][o, i, j] * images[n][k, s i + u - starts[n][0], t j + v - starts[n][1]]."""
    count, outputs, (s, t) = len(images), len(out), stride
    channels = s * t * len(images[0])
    r, c = (-(-taps // e) for taps, e in zip(out.shape[2:], stride))
    (m, n), dtype = tile, out.dtype
    back, weigh, into = ((x.astype(dtype), y.astype(dtype)) for x, y in zip(_tile(m, r), _tile(n, c)))
    a, b = m + r - 1, n + c - 1
    extent = _largest(upstream)

    def fitting(rows: int) -> _Block:
        held = max(channels, outputs) * dtype.itemsize, (channels + outputs) * dtype.itemsize * rows // a
        return _fitting(extent, count, tile, (r, c), held, 128, 27 << 17)

    rows, whole = a, fitting(a)
    if whole.tiles <= _FEW_TILES and whole.tiles < count * prod(-(-n // t) for n, t in zip(extent, tile)):
        # half of the positions at a time, of twice as many tiles
        rows = -(-a // 2)
        whole = fitting(rows)
    total = _WORKSPACE.take("weights", (a, b, outputs, channels), dtype)
    total[...] = 0
    step = max(1, min(rows * b, (1 << 19) // (outputs * channels * dtype.itemsize)))
    part = np.empty((step, outputs, channels), dtype)  # stays in the cache
    for p in range(0, a, rows):
        sums = total[p : p + rows].reshape(-1, outputs, channels)
        some_into, some_back = ((matrices[0][p : p + rows], matrices[1]) for matrices in (into, back))
        for block, group, i, j in _blocks_of(whole, count, extent, tile):
            right = _WORKSPACE.take("transformed", (len(sums), block.tiles, channels), dtype)
            _into(images[group], _corners(starts[group], stride, (i, j)), stride, tile, some_into, block, right)
            left = _WORKSPACE.take("turned", (len(sums), block.tiles, outputs), dtype)
            _into(upstream[group], [(i, j)] * block.images, (1, 1), tile, some_back, block, left)
            for q in range(0, len(sums), step):
                some = slice(q, min(q + step, len(sums)))
                sums[some] += np.matmul(left[some].transpose(0, 2, 1), right[some], out=part[: some.stop - q])
    taps = np.matmul(np.kron(*weigh).T, total.reshape(a * b, outputs * channels))
    split = taps.reshape(r, c, outputs, s, t, -1).transpose(2, 5, 0, 3, 1, 4).reshape(*out.shape[:2], r * s, c * t)
    out[...] = split[:, :, : out.shape[2], : out.shape[3]]
