"""Pooling of large images some windows at a time: the rectangles that they read, each small enough for the cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.workspace import _WORKSPACE


class _Band(NamedTuple):
    """Windows down and across, the entries of an image that they read, and where the first of them starts there."""

    windows: tuple[slice, slice]
    entries: tuple[slice, slice]
    start: Pair


def _cuts(windows: int, extent: int, start: int, reach: int, stride: int, most: int) -> list[tuple[slice, slice, int]]:
    """The windows of one axis, all of them or as many at a time as read so many entries, but at least one.

    What one window reaches over is counted twice, for the runs of a tap go as far beyond the entries.
    """
    if extent <= most:
        return [(slice(0, windows), slice(0, extent), start)]
    step = max(1, (most - 2 * reach) // stride + 1)
    found = []
    for i in range(0, windows, step):
        last = min(i + step, windows) - 1
        first, end = (min(max(0, x - start), extent) for x in (stride * i, stride * last + reach))
        found.append((slice(i, last + 1), slice(first, end), start + first - stride * i))
    return found


def _bands(
    images: Array, windows: Pair, start: Pair, taps: Pair, stride: Pair, dilation: Pair, most: int = 1 << 19
) -> list[_Band]:
    """All windows of an image at once, or some where they read more bytes than `most`: parts of rows if one is long."""
    entries = most // images.itemsize
    (height, width), reach = images.shape[-2:], [d * (t - 1) + 1 for d, t in zip(dilation, taps)]
    beside = max(1, entries // max(1, min(height, 2 * reach[0])))
    across = _cuts(windows[1], width, start[1], reach[1], stride[1], beside)
    widest = max((y.stop - y.start for _, y, _ in across), default=0)
    down = _cuts(windows[0], height, start[0], reach[0], stride[0], max(1, entries // max(1, widest)))
    return [_Band((i, j), (x, y), (p, q)) for i, x, p in down for j, y, q in across]


def _is_whole(bands: list[_Band], out: Array) -> bool:
    """One band that is all of an image."""
    return [band.entries for band in bands] == [tuple(slice(0, n) for n in out.shape[-2:])]


def _added_up(
    bands: list[_Band], apart: bool, back: Callable[[Array, _Band, tuple[int, ...]], None], out: Array
) -> None:
    """out = the sum of what all bands of windows give: back(place, band, plane) fills the entries of one band.

    apart: no two windows share an entry, and so each band is filled where it stands.
    """
    if _is_whole(bands, out):
        back(out, bands[0], ())
        return
    out[...] = 0
    for plane in np.ndindex(out.shape[:-2]):
        for band in bands:
            part = out[plane][band.entries]
            if apart:
                back(part, band, plane)
                continue
            added = _WORKSPACE.take("band", part.shape, out.dtype)
            back(added, band, plane)
            part += added


def _each_band(bands: list[_Band], add: Callable[[Array, _Band, tuple[int, ...], bool], None], out: Array) -> None:
    """out = the sum of what all bands of windows add: add(place, band, plane, clear) to the entries of one band.

    clear: nobody else adds there, and nobody has written zeros.
    """
    if _is_whole(bands, out):
        add(out, bands[0], (), True)
        return
    out[...] = 0
    for plane in np.ndindex(out.shape[:-2]):
        for band in bands:
            add(out[plane][band.entries], band, plane, False)
