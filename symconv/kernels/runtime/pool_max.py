"""The gradient of max pooling: every entry of the upstream gradient goes where the first greatest of its window stands.

A window is searched along its rows and then down what was found there, and the gradient goes the same way back.  Where
windows lie apart, each tap reads and writes a strided view of its own.  Where they overlap, an image is split into the
phases of the stride, each of them a plane with rows of one length, so that the entries which a tap reads, or writes, of
all windows at once are one run of memory: the plane from the tap's shift on.  What such a run reads beyond the last
window of a row is never used, for the upstream gradient is zero there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from symconv.kernels.runtime.bands import _added_up, _Band, _bands
from symconv.kernels.runtime.pool import _along, _apart, _clear, _places, _planes_of
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _reads
from symconv.kernels.runtime.workspace import _WORKSPACE


def _pool_max_back(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """out[.., x, y] = the sum of upstream[.., i, j] over the windows whose first greatest entry stands there.

    x = stride[0] * i + dilation[0] * u - start[0], y likewise; all windows lie inside the images.
    """
    apart = _apart(taps, stride, dilation)
    most = _bytes_apart(taps, stride, images.itemsize) if apart else _bytes_of_phases(taps, stride, images.itemsize)
    routed = _routed_apart if apart else _routed_by_phases

    def back(place: Array, band: _Band, plane: tuple[int, ...]) -> None:
        read, given = images[plane][..., *band.entries], upstream[plane][..., *band.windows]
        routed(read, given, band.start, taps, stride, dilation, most, place)

    windows = upstream.shape[-2], upstream.shape[-1]
    at_once = most if apart else most // 2  # beside a band of the result
    _added_up(_bands(images, windows, start, taps, stride, dilation, at_once), apart, back, out)


def _bytes_apart(taps: Pair, stride: Pair, itemsize: int) -> int:
    """Of the images that are read at a time: what is made of them takes some 2 MB."""
    along = (2 + (taps[1] - 1) / itemsize) / stride[1]
    down = (2 + (taps[0] - 1) / itemsize) / (stride[0] * stride[1])
    return int((1 << 21) / (along + down))


def _routed_apart(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, most: int, out: Array
) -> None:
    """As `_pool_max_back`, for images that are held at once and windows of which no two share an entry."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], upstream.shape[-2], images.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], upstream.shape[-1], images.shape[-1])
    places = _places(down, out.shape[-2]), _places(across, out.shape[-1])
    for place, read, given in _planes_of(most, out, images, upstream):
        rows = _WORKSPACE.take("a", (*read.shape[:2], given.shape[2]), images.dtype)
        later_v = _WORKSPACE.take("columns", (taps[1] - 1, *rows.shape), np.bool_)
        reads = [read[_along(1, tap)] for _, tap in across]
        np.maximum(_find_later(reads, rows, later_v), reads[-1], out=rows)
        later_u = _WORKSPACE.take("rows", (taps[0] - 1, *given.shape), np.bool_)
        _find_later([rows[_along(0, tap)] for _, tap in down], _WORKSPACE.take("b", given.shape, rows.dtype), later_u)
        source = _WORKSPACE.take("turned", given.shape, out.dtype)
        source[...] = given
        finite = _all_finite(given)
        returned = _WORKSPACE.take("joined", rows.shape, out.dtype)
        _clear(places[0], 0, returned)
        _share(source, later_u, [returned[_along(0, tap)] for _, tap in down], finite)
        _clear(places[1], 1, place)
        _share(returned, later_v, [place[_along(1, tap)] for _, tap in across], finite)


def _share(source: Array, later: Array, places: Sequence[Array], finite: bool) -> None:
    """places[t] = what tap t wins of the source, which is used up."""
    for t in range(len(places) - 1, 0, -1):
        _won(source, later[t - 1], places[t], source if t > 1 else places[0], finite)
    if len(places) == 1:
        places[0][...] = source


def _bytes_of_phases(taps: Pair, stride: Pair, itemsize: int) -> int:
    """Of the images that are held at once: with all that is made of them they take some 3.5 MB."""
    along = (2 + (taps[1] - 1) / itemsize) / stride[1]
    down = (3 + (taps[0] - 1) / itemsize) / (stride[0] * stride[1])
    return int((7 << 19) / (2 + along + down))


def _routed_by_phases(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, most: int, out: Array
) -> None:
    """As `_pool_max_back`, for images that are held at once and windows that overlap."""
    tall, wide = (-(-n // s) for n, s in zip(images.shape[-2:], stride))
    down = [(x % stride[0], x // stride[0] * wide) for x in (dilation[0] * u - start[0] for u in range(taps[0]))]
    across = [(y % stride[1], y // stride[1]) for y in (dilation[1] * v - start[1] for v in range(taps[1]))]
    for place, read, given in _planes_of(most, out, images, upstream):
        entries = len(read) * tall * wide
        inner = entries + max(by for _, by in down)
        split = _WORKSPACE.take("phases", (*stride, inner + max(by for _, by in across)), images.dtype)
        for phase in np.ndindex(*stride):
            part = read[:, phase[0] :: stride[0], phase[1] :: stride[1]]
            _plane(split[phase], tall, wide, part.shape)[...] = part
        rows = _WORKSPACE.take("a", (stride[0], inner), images.dtype)
        later_v = _WORKSPACE.take("columns", (stride[0], taps[1] - 1, inner), np.bool_)
        for e in {e for e, _ in down}:
            reads = [split[e, f, by : by + inner] for f, by in across]
            np.maximum(_find_later(reads, rows[e], later_v[e]), reads[-1], out=rows[e])
        later_u = _WORKSPACE.take("rows", (taps[0] - 1, entries), np.bool_)
        top = _WORKSPACE.take("b", (entries,), images.dtype)
        _find_later([rows[e, by : by + entries] for e, by in down], top, later_u)
        source = _WORKSPACE.take("turned", (len(read), tall, wide), out.dtype)
        source[...] = 0
        source[:, : given.shape[1], : given.shape[2]] = given
        finite = _all_finite(given)
        returned = _WORKSPACE.take("joined", (stride[0], inner), out.dtype)
        _share_runs(source.reshape(-1), later_u, down, returned, finite)
        target = _WORKSPACE.take("spread", split.shape, out.dtype)
        for e in range(stride[0]):
            _share_runs(returned[e], later_v[e], across, target[e], finite)
        for phase in np.ndindex(*stride):
            part = place[:, phase[0] :: stride[0], phase[1] :: stride[1]]
            part[...] = _plane(target[phase], tall, wide, part.shape)


def _plane(run: Array, tall: int, wide: int, shape: tuple[int, ...]) -> Array:
    """The rows of one phase of some images, as long as that phase is."""
    count, height, width = shape
    return run[: count * tall * wide].reshape(count, tall, wide)[:, :height, :width]


def _share_runs(source: Array, later: Array, taps: Sequence[tuple[int, int]], out: Array, finite: bool) -> None:
    """out[phase] = the sum of what each tap of this phase wins of the source, which is used up, from its shift on."""
    written: set[int] = set()
    for t, (phase, by) in reversed(list(enumerate(taps))):
        first = phase not in written
        written.add(phase)
        place = out[phase, by : by + source.size]
        part = place if first else _WORKSPACE.take("part", source.shape, out.dtype)
        if t:
            _won(source, later[t - 1], part, source, finite)
        elif first:
            place[...] = source
        else:
            part = source
        if first:
            out[phase, :by] = 0
            out[phase, by + source.size :] = 0
        else:
            place += part
    for phase in set(range(len(out))) - written:
        out[phase] = 0


def _find_later(reads: Sequence[Array], place: Array, later: Array) -> Array:
    """later[t] tells where tap t + 1 reads something greater than all taps before it.

    Returns the greatest of what all taps but the last read; `place` may be used for it.
    """
    greatest = reads[0]
    for t, other in enumerate(reads[1:]):
        np.greater(other, greatest, out=later[t])
        if t + 2 < len(reads):
            greatest = np.maximum(greatest, other, out=place)
    return greatest


def _all_finite(values: Array) -> bool:
    with np.errstate(invalid="ignore"):  # of infinities of both signs
        return bool(np.isfinite(values.sum()))


def _won(source: Array, chosen: Array, part: Array, rest: Array, finite: bool) -> None:
    """part = the source where a tap is greater than all before it, for the last such tap wins; rest = what is left.

    finite: whether the source has no infinity, which times 0 is no number.
    """
    if finite:
        np.multiply(source, chosen, out=part)
        np.subtract(source, part, out=rest)
    else:
        part[...] = np.where(chosen, source, 0)
        rest[...] = np.where(chosen, 0, source)
