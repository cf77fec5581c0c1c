"""The gradient of max pooling: every entry of the upstream gradient goes where the first greatest of its window stands.

An image is split into the phases of the stride, each of them a plane with rows of one length, so that the entries
which a tap reads, or writes, of all windows at once are one run of memory: the plane from the tap's shift on.  What
such a run reads beyond the last window of a row is never used, for the upstream gradient is zero there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symconv.kernels.runtime.pool import _added_up, _Band, _bands, _planes_of
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.workspace import _WORKSPACE


def _pool_max_back(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """out[.., x, y] = the sum of upstream[.., i, j] over the windows whose first greatest entry stands there.

    x = stride[0] * i + dilation[0] * u - start[0], y likewise; all windows lie inside the images.
    """
    most = _block_bytes(taps, stride, images.itemsize) // 2  # beside a band of the result

    def back(plane: tuple[int, ...], band: _Band, place: Array) -> None:
        given = upstream[plane][band.windows]
        _pool_max_back_rows(images[plane][band.rows], given, band.start, taps, stride, dilation, place)

    _added_up(_bands(images, upstream.shape[-2], start, taps, stride, dilation, most), back, out)


def _block_bytes(taps: Pair, stride: Pair, itemsize: int) -> int:
    """Of the images that are held at once: with all that is made of them they take some 3.5 MB."""
    along = (2 + (taps[1] - 1) / itemsize) / stride[1]
    whole = (3 + (taps[0] - 1) / itemsize) / (stride[0] * stride[1])
    return int((7 << 19) / (2 + along + whole))


def _pool_max_back_rows(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """The same for rows that are held at once."""
    tall, wide = (-(-n // s) for n, s in zip(images.shape[-2:], stride))
    down = [(x % stride[0], x // stride[0] * wide) for x in (dilation[0] * u - start[0] for u in range(taps[0]))]
    across = [(y % stride[1], y // stride[1]) for y in (dilation[1] * v - start[1] for v in range(taps[1]))]
    for place, read, given in _planes_of(_block_bytes(taps, stride, images.itemsize), out, images, upstream):
        entries = len(read) * tall * wide
        inner = entries + max(by for _, by in down)
        split = _WORKSPACE.take("phases", (*stride, inner + max(by for _, by in across)), images.dtype)
        for phase in np.ndindex(*stride):
            part = read[:, phase[0] :: stride[0], phase[1] :: stride[1]]
            _plane(split[phase], tall, wide, part.shape)[...] = part
        rows = _WORKSPACE.take("a", (stride[0], inner), images.dtype)
        later_v = _WORKSPACE.take("columns", (stride[0], taps[1] - 1, inner), np.bool_)
        for e in {e for e, _ in down}:
            _greatest([split[e, f, by : by + inner] for f, by in across], rows[e], later_v[e])
        top = _WORKSPACE.take("b", (entries,), images.dtype)
        later_u = _WORKSPACE.take("rows", (taps[0] - 1, entries), np.bool_)
        _greatest([rows[e, by : by + entries] for e, by in down], top, later_u)
        source = _WORKSPACE.take("turned", (len(read), tall, wide), out.dtype)
        source[...] = 0
        source[:, : given.shape[1], : given.shape[2]] = given
        finite = bool(np.isfinite(given.sum()))
        returned = _WORKSPACE.take("joined", (stride[0], inner), out.dtype)
        _routed(source.reshape(-1), later_u, down, returned, finite)
        target = _WORKSPACE.take("spread", split.shape, out.dtype)
        for e in range(stride[0]):
            _routed(returned[e], later_v[e], across, target[e], finite)
        for phase in np.ndindex(*stride):
            part = place[:, phase[0] :: stride[0], phase[1] :: stride[1]]
            part[...] = _plane(target[phase], tall, wide, part.shape)


def _plane(run: Array, tall: int, wide: int, shape: tuple[int, ...]) -> Array:
    """The rows of one phase of some images, as long as that phase is."""
    count, height, width = shape
    return run[: count * tall * wide].reshape(count, tall, wide)[:, :height, :width]


def _greatest(reads: Sequence[Array], out: Array, later: Array) -> None:
    """The greatest of what the taps read; later[t] tells where tap t + 1 is greater than all before it."""
    first, *others = reads
    if not others:
        out[...] = first
    for t, other in enumerate(others):
        np.greater(other, out if t else first, out=later[t])
        np.maximum(out if t else first, other, out=out)


def _winners(later: Array) -> list[Array]:
    """For each tap where the first greatest entry is its own."""
    taken = np.zeros(later.shape[1:], bool)
    found = []
    for greater in later[::-1]:
        found.append(np.greater(greater, taken))
        np.logical_or(taken, greater, out=taken)
    return [np.logical_not(taken), *found[::-1]]


def _routed(source: Array, later: Array, taps: Sequence[tuple[int, int]], out: Array, finite: bool) -> None:
    """out[phase] = the sum of what each tap of this phase wins of the source, from the tap's shift on.

    finite: whether the source has no infinity, which times 0 is no number.
    """
    written: set[int] = set()
    for (phase, by), chosen in zip(taps, _winners(later)):
        first = phase not in written
        written.add(phase)
        place = out[phase, by : by + source.size]
        part = place if first else _WORKSPACE.take("part", source.shape, out.dtype)
        if finite:
            np.multiply(source, chosen, out=part)
        else:
            part[...] = np.where(chosen, source, 0)
        if first:
            out[phase, :by] = 0
            out[phase, by + source.size :] = 0
        else:
            place += part
    for phase in set(range(len(out))) - written:
        out[phase] = 0
