"""Pooling: greatest entries and sums of windows, and their adjoints, one axis after the other.

images [.., x, y], out [.., i, j] with x = stride * i + dilation * u - start.  A window is reduced along one axis,
then what is left along the other; the adjoint goes the same way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.workspace import _WORKSPACE


class _Band(NamedTuple):
    """Rows of windows, the rows of an image that they read, and where the first of these windows starts there."""

    windows: slice
    rows: slice
    start: Pair


def _reads(taps: int, stride: int, dilation: int, start: int, outputs: int, extent: int) -> list[tuple[slice, slice]]:
    """For each tap the outputs whose windows lie inside there, and the entries that they read."""
    found = []
    for u in range(taps):
        shift = dilation * u - start
        low = min(outputs, max(0, -(shift // stride)))
        high = max(low, min(outputs, (extent - 1 - shift) // stride + 1))
        first = stride * low + shift
        found.append(
            (slice(low, high), slice(first, first + stride * (high - low - 1) + 1 if high > low else first, stride))
        )
    return found


def _stack(array: Array) -> Array | None:
    """All planes of an array in a row, [k, x, y], or None where that would copy."""
    view = array.view()
    try:
        view.shape = (prod(array.shape[:-2]), *array.shape[-2:])
    except AttributeError:
        return None
    return view


def _planes_of(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Blocks [k, x, y] of the arrays, of about 256 kB of the first."""
    stacks = [stack for array in arrays if (stack := _stack(array)) is not None]
    if len(stacks) == len(arrays):
        step = max(1, (1 << 18) // max(1, stacks[0][:1].nbytes))
        for k in range(0, len(stacks[0]), step):
            yield tuple(stack[k : k + step] for stack in stacks)
        return
    for place in np.ndindex(arrays[0].shape[:1]):
        yield from _planes_of(*(array[place] for array in arrays))


def _bands(images: Array, windows: int, start: Pair, taps: Pair, stride: Pair, dilation: Pair) -> list[_Band]:
    """All rows of windows at once, or some at a time where an image takes more than 512 kB."""
    height, row_bytes = images.shape[-2], max(1, images.shape[-1] * images.itemsize)
    if height * row_bytes <= 1 << 19:
        return [_Band(slice(None), slice(None), start)]
    reach = dilation[0] * (taps[0] - 1) + 1
    step = max(1, ((1 << 19) // row_bytes - reach) // stride[0] + 1)
    found = []
    for i in range(0, windows, step):
        last = min(i + step, windows) - 1
        top, bottom = (min(max(0, x - start[0]), height) for x in (stride[0] * i, stride[0] * last + reach))
        found.append(_Band(slice(i, last + 1), slice(top, bottom), (start[0] + top - stride[0] * i, start[1])))
    return found


def _along(axis: int, some: slice) -> tuple[Any, ...]:
    """An index that takes some of the last axis (1) or of the one before it (0)."""
    return (..., some, slice(None)) if axis == 0 else (..., some)


def _reduced(function: Any, source: Array, reads: list[tuple[slice, slice]], axis: int, out: Array) -> None:
    """out = the function of what the taps read along one axis; nothing is read outside where all reads are whole."""
    whole = all(o == reads[0][0] and o == slice(0, out.shape[axis - 2]) for o, _ in reads)
    if not whole:
        out[...] = 0
        for o, read in reads:
            function(out[_along(axis, o)], source[_along(axis, read)], out=out[_along(axis, o)])
        return
    first, *others = (source[_along(axis, read)] for _, read in reads)
    if not others:
        out[...] = first
        return
    function(first, others[0], out=out)
    for other in others[1:]:
        function(out, other, out=out)


def _pool(function: Any, images: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[.., i, j] = the function, np.maximum or np.add, of the window; sums read zeros outside."""
    for band in _bands(images, out.shape[-2], start, taps, stride, dilation):
        place = out[..., band.windows, :]
        _pool_rows(function, images[..., band.rows, :], band.start, taps, stride, dilation, place)


def _pool_rows(function: Any, images: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for rows that are held at once."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], out.shape[-2], images.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], out.shape[-1], images.shape[-1])
    for read, place in _planes_of(images, out):
        rows = _WORKSPACE.take("a", (len(read), out.shape[-2], images.shape[-1]), out.dtype)
        _reduced(function, read, down, 0, rows)
        _reduced(function, rows, across, 1, place)


def _spread(source: Array, reads: list[tuple[slice, slice]], axis: int, out: Array, apart: bool) -> None:
    """Every entry of the source added at all places that its window reads along one axis."""
    if not apart or sum(len(range(*read.indices(out.shape[axis - 2]))) for _, read in reads) < out.shape[axis - 2]:
        out[...] = 0
    for o, read in reads:
        if apart:
            out[_along(axis, read)] = source[_along(axis, o)]
        else:
            out[_along(axis, read)] += source[_along(axis, o)]


def _pool_back(upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The adjoint of a sum of windows: out[.., x, y] = the sum of upstream[.., i, j] over the windows around."""
    bands = _bands(out, upstream.shape[-2], start, taps, stride, dilation)
    if len(bands) == 1:
        _pool_back_rows(upstream, start, taps, stride, dilation, out)
        return
    out[...] = 0
    for plane in np.ndindex(out.shape[:-2]):
        for band in bands:
            part = out[plane][band.rows]
            added = _WORKSPACE.take("band", part.shape, out.dtype)
            _pool_back_rows(upstream[plane][band.windows], band.start, taps, stride, dilation, added)
            part += added


def _pool_back_rows(upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for rows that are held at once."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], upstream.shape[-2], out.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], upstream.shape[-1], out.shape[-1])
    apart = [d == 1 and t <= s for t, s, d in zip(taps, stride, dilation)]
    split = stride[1] > 1 and not apart[1]
    if split:
        across = _by_phase(across, out.shape[-1])
    for place, given in _planes_of(out, upstream):
        rows = _WORKSPACE.take("a", (len(given), given.shape[-2], out.shape[-1]), out.dtype)
        if split:
            width = stride[1] * -(-out.shape[-1] // stride[1])
            joined = _WORKSPACE.take("joined", (*given.shape[:-1], width), out.dtype)
            _spread(given, across, 1, joined, False)
            _from_phases(joined, stride[1], rows)
        else:
            _spread(given, across, 1, rows, apart[1])
        _spread(rows, down, 0, place, apart[0])


def _greatest(source: Array, reads: list[tuple[slice, slice]], axis: int, out: Array, later: Array) -> None:
    """The greatest entry along one axis; later[t] tells where tap t + 1 is greater than all before it."""
    first, *others = (source[_along(axis, read)] for _, read in reads)
    if not others:
        out[...] = first
    for t, other in enumerate(others):
        np.greater(other, out if t else first, out=later[t])
        np.maximum(out if t else first, other, out=out)


def _winners(later: Array) -> Iterator[tuple[int, Array]]:
    """For each tap, the last one first, where the first greatest entry is its own."""
    taken = np.zeros(later.shape[1:], bool)
    for t in range(len(later), 0, -1):
        yield t, np.greater(later[t - 1], taken)
        np.logical_or(taken, later[t - 1], out=taken)
    yield 0, np.logical_not(taken)


def _routed(source: Array, later: Array, reads: list[tuple[slice, slice]], axis: int, out: Array, apart: bool) -> None:
    """Every entry of the source put, or added, where the tap reads that has the greatest entry."""
    if not apart or sum(len(range(*read.indices(out.shape[axis - 2]))) for _, read in reads) < out.shape[axis - 2]:
        out[...] = 0
    finite = bool(np.isfinite(source.sum()))
    for t, chosen in _winners(later):
        place = out[_along(axis, reads[t][1])]
        part = place if apart else _WORKSPACE.take("part", source.shape, out.dtype)
        if finite:
            np.multiply(source, chosen, out=part)
        else:  # an infinity times 0 is no number
            part[...] = np.where(chosen, source, 0)
        if not apart:
            place += part


def _by_phase(reads: list[tuple[slice, slice]], extent: int) -> list[tuple[slice, slice]]:
    """The same reads of an axis whose entries 0, s, 2s, .. come first, then 1, s + 1, ..: each is one run."""
    stride, phase = reads[0][1].step, -(-extent // reads[0][1].step)
    firsts = [(read.start % stride) * phase + read.start // stride for _, read in reads]
    return [(o, slice(first, first + o.stop - o.start, 1)) for (o, _), first in zip(reads, firsts)]


def _phases_of(images: Array, stride: int) -> Array:
    """The last axis by phases of a stride, each with room for the longest."""
    width = -(-images.shape[-1] // stride)
    split = _WORKSPACE.take("phases", (*images.shape[:-1], stride * width), images.dtype)
    for f in range(min(stride, images.shape[-1])):
        part = images[..., f::stride]
        split[..., f * width : f * width + part.shape[-1]] = part
    return split


def _from_phases(split: Array, stride: int, out: Array) -> None:
    """The inverse of `_phases_of`."""
    width = split.shape[-1] // stride
    for f in range(min(stride, out.shape[-1])):
        part = out[..., f::stride]
        part[...] = split[..., f * width : f * width + part.shape[-1]]


def _pool_max_back(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """Every entry of the upstream gradient goes where the first greatest entry of its window stands."""
    bands = _bands(images, upstream.shape[-2], start, taps, stride, dilation)
    if len(bands) == 1:
        _pool_max_back_rows(images, upstream, start, taps, stride, dilation, out)
        return
    out[...] = 0
    for plane in np.ndindex(out.shape[:-2]):
        for band in bands:
            part, given = out[plane][band.rows], upstream[plane][band.windows]
            added = _WORKSPACE.take("band", part.shape, out.dtype)
            _pool_max_back_rows(images[plane][band.rows], given, band.start, taps, stride, dilation, added)
            part += added


def _pool_max_back_rows(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """The same for rows that are held at once."""
    height, width = upstream.shape[-2:]
    down = _reads(taps[0], stride[0], dilation[0], start[0], height, images.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], width, images.shape[-1])
    apart = [d == 1 and t <= s for t, s, d in zip(taps, stride, dilation)]
    split = stride[1] > 1 and not apart[1]  # windows overlap: their entries are better added in runs
    if split:
        across = _by_phase(across, images.shape[-1])
    for place, read, given in _planes_of(out, images, upstream):
        shape = len(read), images.shape[-2], width
        read = _phases_of(read, stride[1]) if split else read
        target = _WORKSPACE.take("joined", read.shape, out.dtype) if split else place
        rows = _WORKSPACE.take("a", shape, images.dtype)
        later_v = _WORKSPACE.take("columns", (taps[1] - 1, *shape), np.bool_)
        _greatest(read, across, 1, rows, later_v)
        top = _WORKSPACE.take("b", given.shape, images.dtype)
        later_u = _WORKSPACE.take("rows", (taps[0] - 1, *given.shape), np.bool_)
        _greatest(rows, down, 0, top, later_u)
        returned = _WORKSPACE.take("b", shape, out.dtype)
        _routed(given, later_u, down, 0, returned, apart[0])
        _routed(returned, later_v, across, 1, target, apart[1])
        if split:
            _from_phases(target, stride[1], place)
