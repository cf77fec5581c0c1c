"""F(m, r): tiles of m outputs by m + r - 1 products instead of m r, on both axes.

A tile is  A^T ((G w) * (B d)), with w the kernel and d the m + r - 1 entries of the image that it reads.  The
kernel is transformed once, each tile on its way in; the products are one matrix product over the channels
for each position; each tile comes back by A.  With the channels last, every transform is a matrix product
of rows as they lie: nothing is gathered.  A stride of s is one of 1 on s images, of every s-th entry each: their
channels lie beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.tiles import _tile
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut_strided, _even
from symconv.kernels.runtime.workspace import _WORKSPACE


class _Block(NamedTuple):
    """What is done at a time: so many images, rows of tiles, and tiles of a row."""

    images: int
    rows: int
    columns: int

    @property
    def tiles(self) -> int:
        return self.images * self.rows * self.columns


def _block(count: int, rows: int, columns: int, most: int) -> _Block:
    """Up to `most` tiles: some of a row, rows of an image, or images."""
    across = _even(columns, most)
    down = _even(rows, most // across) if across == columns else 1
    return _Block(_even(count, most // (across * down)) if down == rows else 1, down, across)


def _fitting(shape: Pair, counts: Pair, tile: Pair, taps: Pair, channels: int, itemsize: int, most: int) -> _Block:
    """The largest block of up to `most` tiles whose buffers stay below 3 MB.

    shape: of the outputs.  counts: of images, and of the arrays that are transformed.
    """
    rows, columns = (-(-n // t) for n, t in zip(shape, tile))
    a, b = tile[0] + taps[0] - 1, tile[1] + taps[1] - 1
    while True:
        block = _block(counts[0], rows, columns, most)
        width = tile[1] * (block.columns - 1) + b
        read = block.images * (tile[0] * (block.rows - 1) + a) * width
        half = a * block.images * block.rows * width
        if most == 1 or (counts[1] * a * b * block.tiles + read + half) * channels * itemsize <= 3 << 20:
            return block
        most = -(-most * 3 // 4) if most > 3 else most - 1


def _blocks_of(whole: _Block, count: int, shape: Pair, tile: Pair) -> Iterator[tuple[_Block, slice, int, int]]:
    """Each block with its images, and the row and column of its first output."""
    rows, columns = (-(-n // t) for n, t in zip(shape, tile))
    for first in range(0, count, whole.images):
        for i in range(0, rows, whole.rows):
            for j in range(0, columns, whole.columns):
                images = min(whole.images, count - first)
                block = _Block(images, min(whole.rows, rows - i), min(whole.columns, columns - j))
                yield block, slice(first, first + images), tile[0] * i, tile[1] * j


def _into(
    images: Array,
    corner: Pair,
    stride: Pair,
    tile: Pair,
    matrices: tuple[Array, Array],
    block: _Block,
    out: Array,
) -> None:
    """Transform the tiles of a block: out[p, q, (n, i, j), (e, f, k)], the first one reads from `corner` on.

    e, f: the phases of the stride.
    """
    (a, reads_i), (b, reads_j) = matrices[0].shape, matrices[1].shape
    m, n = tile
    channels = stride[0] * stride[1] * images.shape[1]
    rows, columns = m * (block.rows - 1) + reads_i, n * (block.columns - 1) + reads_j
    read = _WORKSPACE.take("a", (block.images, rows, columns, channels), out.dtype)
    for image, place in zip(images, read.reshape(*read.shape[:3], *stride, -1)):
        for e, f in np.ndindex(*stride):
            _cut_strided(image, corner[0] + e, corner[1] + f, stride, place[:, :, e, f].transpose(2, 0, 1))
    over_n, over_i, over_j, _ = read.strides
    width = columns * channels
    bands = as_strided(read, (block.images, block.rows, reads_i, width), (over_n, m * over_i, over_i, out.itemsize))
    half = _WORKSPACE.take("b", (a, block.images, block.rows, width), out.dtype)
    np.matmul(matrices[0], bands, out=half.transpose(1, 2, 0, 3))
    over_p, over_n, over_i, _ = half.strides
    shape = (a, block.images, block.rows, block.columns, reads_j, channels)
    strides = (over_p, over_n, over_i, n * over_j, over_j, out.itemsize)
    target = out.reshape(a, b, block.images, block.rows, block.columns, channels)
    np.matmul(matrices[1], as_strided(half, shape, strides), out=target.transpose(0, 2, 3, 4, 1, 5))


def _back(products: Array, tile: Pair, matrices: tuple[Array, Array], block: _Block, out: Array) -> None:
    """Write out[n, o, i, j] from the products [p, q, (n, i, j), o] of a block."""
    a, b, tiles, outputs = products.shape
    m, n = tile
    half = _WORKSPACE.take("a", (b, m, tiles * outputs), products.dtype)
    np.matmul(matrices[0].T, products.reshape(a, b, tiles * outputs).transpose(1, 0, 2), out=half)
    entries = _WORKSPACE.take("b", (block.images, block.rows, m, block.columns, n, outputs), products.dtype)
    split = half.reshape(b, m, block.images, block.rows, block.columns, outputs)
    np.matmul(matrices[1].T, split.transpose(2, 3, 1, 4, 0, 5), out=entries)
    whole = entries.reshape(block.images, block.rows * m, block.columns * n, outputs)
    for image, place in zip(whole, out):
        place[...] = image[: place.shape[1], : place.shape[2]].transpose(2, 0, 1)


def _phases_of_taps(kernel: Array, stride: Pair) -> Array:
    """[u, v, (e, f, k), o] = kernel[o, k, s u + e, t v + f], zeros beyond its last tap."""
    outputs, channels, r, c = kernel.shape
    (s, t), (tall, wide) = stride, (-(-n // e) for n, e in zip((r, c), stride))
    whole = np.zeros((tall * s, wide * t, channels, outputs), kernel.dtype)
    whole[:r, :c] = kernel.transpose(2, 3, 1, 0)
    split = whole.reshape(tall, s, wide, t, channels, outputs).transpose(0, 2, 1, 3, 4, 5)
    return split.reshape(tall, wide, s * t * channels, outputs)


def _winograd(images: Array, kernel: Array, start: Pair, stride: Pair, tile: Pair, out: Array) -> None:
    """out[n, o, i, j] = sum of kernel[o, k, u, v] * images[n, k, s i + u - start[0], t j + v - start[1]]."""
    taps = _phases_of_taps(kernel, stride)
    count, (r, c, channels, outputs) = len(images), taps.shape
    (m, n), dtype = tile, out.dtype
    back, weigh, into = ((x.astype(dtype), y.astype(dtype)) for x, y in zip(_tile(m, r), _tile(n, c)))
    a, b = m + r - 1, n + c - 1
    weights = _WORKSPACE.take("weights", (a, b, channels, outputs), dtype)
    np.matmul(np.kron(*weigh), taps.reshape(r * c, channels * outputs), out=weights.reshape(a * b, channels * outputs))
    whole = _fitting((out.shape[2], out.shape[3]), (count, 1), tile, (r, c), channels, dtype.itemsize, 112)
    step = outputs  # small products, which OpenBLAS multiplies without packing, in a buffer of 1 MB
    tiles = whole.tiles
    while step > 16 and (step * tiles * channels >= 1_000_000 or a * b * tiles * step * dtype.itemsize > 1 << 20):
        step = -(-step // 2)
    for block, group, i, j in _blocks_of(whole, count, (out.shape[2], out.shape[3]), tile):
        transformed = _WORKSPACE.take("transformed", (a, b, block.tiles, channels), dtype)
        corner = stride[0] * i - start[0], stride[1] * j - start[1]
        _into(images[group], corner, stride, tile, into, block, transformed)
        place = out[group, :, i : i + m * block.rows, j : j + n * block.columns]
        for o in range(0, outputs, step):
            chosen = slice(o, min(o + step, outputs))
            products = _WORKSPACE.take("b", (a, b, block.tiles, chosen.stop - o), dtype)
            np.matmul(transformed, weights[:, :, :, chosen], out=products)
            _back(products, tile, back, block, place[:, chosen])


def _winograd_taps(images: Array, upstream: Array, start: Pair, stride: Pair, tile: Pair, out: Array) -> None:
    """out[o, k, u, v] = sum of upstream[n, o, i, j] * images[n, k, s i + u - start[0], t j + v - start[1]]."""
    count, outputs, (s, t) = len(images), len(out), stride
    channels = s * t * images.shape[1]
    r, c = (-(-taps // e) for taps, e in zip(out.shape[2:], stride))
    (m, n), dtype = tile, out.dtype
    back, weigh, into = ((x.astype(dtype), y.astype(dtype)) for x, y in zip(_tile(m, r), _tile(n, c)))
    a, b = m + r - 1, n + c - 1
    extent = upstream.shape[2], upstream.shape[3]
    whole = _fitting(extent, (count, 1 + outputs // channels), tile, (r, c), channels, dtype.itemsize, 128)
    total = _WORKSPACE.take("weights", (a * b, outputs, channels), dtype)
    total[...] = 0
    step = max(1, min(a * b, (1 << 19) // (outputs * channels * dtype.itemsize)))
    part = np.empty((step, outputs, channels), dtype)  # stays in the cache
    for block, group, i, j in _blocks_of(whole, count, extent, tile):
        transformed = _WORKSPACE.take("transformed", (a, b, block.tiles, channels), dtype)
        _into(images[group], (s * i - start[0], t * j - start[1]), stride, tile, into, block, transformed)
        turned = _WORKSPACE.take("turned", (a, b, block.tiles, outputs), dtype)
        _into(upstream[group], (i, j), (1, 1), tile, back, block, turned)
        left, right = (x.reshape(a * b, block.tiles, -1) for x in (turned, transformed))
        for q in range(0, a * b, step):
            some = slice(q, min(q + step, a * b))
            total[some] += np.matmul(left[some].transpose(0, 2, 1), right[some], out=part[: some.stop - q])
    taps = np.matmul(np.kron(*weigh).T, total.reshape(a * b, outputs * channels))
    split = taps.reshape(r, c, outputs, s, t, -1).transpose(2, 5, 0, 3, 1, 4).reshape(*out.shape[:2], r * s, c * t)
    out[...] = split[:, :, : out.shape[2], : out.shape[3]]
