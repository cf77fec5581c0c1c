"""Pooling: greatest entries and sums of windows, and their adjoints, one axis after the other.

images [.., x, y], out [.., i, j] with x = stride * i + dilation * u - start.  A window is reduced along one axis,
then what is left along the other; the adjoint goes the same way back.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

import numpy as np

from symconv.kernels.runtime.bands import _added_up, _Band, _bands
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _one_run, _reads
from symconv.kernels.runtime.workspace import _WORKSPACE

_AT_ONCE = 1 << 20  # bytes of images that are pooled at a time


def _stack(array: Array) -> Array | None:
    """All planes of an array in a row, [k, x, y], or None where that would copy."""
    if not _one_run(array.shape[:-2], array.strides[:-2]):
        return None
    return array.reshape(prod(array.shape[:-2]), *array.shape[-2:])


def _planes_of(most: int, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Blocks [k, x, y] of the arrays, of about so many bytes of the first."""
    stacks = [stack for array in arrays if (stack := _stack(array)) is not None]
    if len(stacks) == len(arrays):
        step = max(1, most // max(1, stacks[0][:1].nbytes))
        for k in range(0, len(stacks[0]), step):
            yield tuple(stack[k : k + step] for stack in stacks)
        return
    for place in np.ndindex(arrays[0].shape[:1]):
        yield from _planes_of(most, *(array[place] for array in arrays))


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
    windows = out.shape[-2], out.shape[-1]
    for (i, j), (x, y), first in _bands(images, windows, start, taps, stride, dilation):
        _pool_rows(function, images[..., x, y], first, taps, stride, dilation, out[..., i, j])


def _pool_rows(function: Any, images: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for rows that are held at once."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], out.shape[-2], images.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], out.shape[-1], images.shape[-1])
    for read, place in _planes_of(_AT_ONCE, images, out):
        rows = _WORKSPACE.take("a", (len(read), out.shape[-2], images.shape[-1]), out.dtype)
        _reduced(function, read, down, 0, rows)
        _reduced(function, rows, across, 1, place)


class _Places(NamedTuple):
    """Where the taps write along one axis: first the taps whose places no other has, then those that are added.

    bare: where none of the first ones writes; if that is in many places, the whole axis.
    """

    first: list[tuple[slice, slice]]
    added: list[tuple[slice, slice]]
    bare: list[slice]


def _places(reads: list[tuple[slice, slice]], extent: int) -> _Places:
    free = np.ones(extent, bool)
    found = _Places([], [], [])
    for o, read in reads:
        if free[read].all():
            found.first.append((o, read))
            free[read] = False
        else:
            found.added.append((o, read))
    ends = np.flatnonzero(np.diff(free, prepend=False, append=False)).tolist()
    ends = ends if len(ends) <= 4 else [0, extent]
    found.bare.extend(slice(a, b) for a, b in zip(ends[::2], ends[1::2]))
    return found


def _clear(places: _Places, axis: int, out: Array) -> None:
    """Zeros where none of the first taps writes."""
    for some in places.bare:
        out[_along(axis, some)] = 0


def _spread(source: Array, places: _Places, axis: int, out: Array) -> None:
    """Every entry of the source added at all places that its window reads along one axis."""
    _clear(places, axis, out)
    for o, read in places.first:
        out[_along(axis, read)] = source[_along(axis, o)]
    for o, read in places.added:
        out[_along(axis, read)] += source[_along(axis, o)]


def _pool_back(upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The adjoint of a sum of windows: out[.., x, y] = the sum of upstream[.., i, j] over the windows around."""

    def back(place: Array, band: _Band, plane: tuple[int, ...]) -> None:
        _pool_back_rows(upstream[plane][..., *band.windows], band.start, taps, stride, dilation, place)

    windows = upstream.shape[-2], upstream.shape[-1]
    _added_up(_bands(out, windows, start, taps, stride, dilation), _apart(taps, stride, dilation), back, out)


def _apart(taps: Pair, stride: Pair, dilation: Pair) -> bool:
    """No two windows share an entry."""
    return all(d * (t - 1) < s for d, t, s in zip(dilation, taps, stride))


def _pool_back_rows(upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for rows that are held at once."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], upstream.shape[-2], out.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], upstream.shape[-1], out.shape[-1])
    split = _overlap(taps, stride, dilation)
    width = stride[1] * -(-out.shape[-1] // stride[1]) if split else out.shape[-1]
    across = _by_phase(across, out.shape[-1]) if split else across
    places = _places(down, out.shape[-2]), _places(across, width)
    for place, given in _planes_of(_AT_ONCE, out, upstream):
        rows = _WORKSPACE.take("a", (len(given), given.shape[-2], out.shape[-1]), out.dtype)
        if split:
            joined = _WORKSPACE.take("joined", (*given.shape[:-1], width), out.dtype)
            _spread(given, places[1], 1, joined)
            _from_phases(joined, stride[1], rows)
        else:
            _spread(given, places[1], 1, rows)
        _spread(rows, places[0], 0, place)


def _overlap(taps: Pair, stride: Pair, dilation: Pair) -> bool:
    """Windows that share entries of a row although they are some apart: these are better added in runs."""
    return stride[1] > 1 and not (dilation[1] == 1 and taps[1] <= stride[1])


def _by_phase(reads: list[tuple[slice, slice]], extent: int) -> list[tuple[slice, slice]]:
    """The same reads of an axis whose entries 0, s, 2s, .. come first, then 1, s + 1, ..: each is one run."""
    stride, phase = reads[0][1].step, -(-extent // reads[0][1].step)
    firsts = [(read.start % stride) * phase + read.start // stride for _, read in reads]
    return [(o, slice(first, first + o.stop - o.start, 1)) for (o, _), first in zip(reads, firsts)]


def _from_phases(split: Array, stride: int, out: Array) -> None:
    """An axis whose entries 0, s, 2s, .. come first, then 1, s + 1, .., in its own order."""
    width = split.shape[-1] // stride
    for f in range(min(stride, out.shape[-1])):
        part = out[..., f::stride]
        part[...] = split[..., f * width : f * width + part.shape[-1]]
