"""The winners of max pooling, and its gradient: what comes from above goes where the first greatest entry stands.

A winner is the number of a tap, u * taps[1] + v.  A window is searched along its rows and then down what was found
there: the later tap wins where it reads something greater than all before it, so the last such tap has the greatest
number.  Where windows lie apart each tap reads a strided view.  Where they overlap an image is split into the phases of
the stride, each of them a plane with rows of one length, so that the entries which a tap reads of all windows at once
are one run of memory: the plane from the tap's shift on.  What such a run reads beyond the last window of a row is
never used.  Windows that are few and large are searched one by one.  A NaN counts as greater than every number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.bands import _Band, _bands, _each_band
from symconv.kernels.runtime.pool import _along, _apart, _planes_of
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _reads
from symconv.kernels.runtime.workspace import _WORKSPACE


def _pool_max_back(
    images: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """out[.., x, y] = the sum of upstream[.., i, j] over the windows whose first greatest entry stands there.

    x = stride[0] * i + dilation[0] * u - start[0], y likewise; all windows lie inside the images.
    """
    most = _bytes_at_once(stride, images.itemsize)

    def add(place: Array, band: _Band, plane: tuple[int, ...], clear: bool) -> None:
        read, given = images[plane][..., *band.entries], upstream[plane][..., *band.windows]
        for some, entries, added in _planes_of(most, place, read, given):
            windows = added.shape[1], added.shape[2]
            winners, _ = _winners(entries, windows, band.start, taps, stride, dilation)
            _routed(winners, added, band.start, taps, stride, dilation, some, clear)

    windows = upstream.shape[-2], upstream.shape[-1]
    _each_band(_bands(images, windows, start, taps, stride, dilation, most), add, out)


def _pool_winners(
    images: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, winners: Array, out: Array
) -> None:
    """out[.., i, j] = the greatest entry of a window, winners[.., i, j] = the number of the first tap that reads it."""
    most = _bytes_at_once(stride, images.itemsize)
    for (i, j), (x, y), first in _bands(images, out.shape[-2:], start, taps, stride, dilation, most):
        for read, kept, place in _planes_of(most, images[..., x, y], winners[..., i, j], out[..., i, j]):
            windows = place.shape[1], place.shape[2]
            kept[...], place[...] = _winners(read, windows, first, taps, stride, dilation)


def _pool_winners_back(
    winners: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """As `_pool_max_back`, the winners known from `_pool_winners`."""
    most = _bytes_at_once(stride, out.itemsize)

    def add(place: Array, band: _Band, plane: tuple[int, ...], clear: bool) -> None:
        known, given = winners[plane][..., *band.windows], upstream[plane][..., *band.windows]
        for some, taken, added in _planes_of(most, place, known, given):
            _routed(taken, added, band.start, taps, stride, dilation, some, clear)

    windows = upstream.shape[-2], upstream.shape[-1]
    _each_band(_bands(out, windows, start, taps, stride, dilation, most), add, out)


def _bytes_at_once(stride: Pair, itemsize: int) -> int:
    """Of the images that are read at a time: with all that is made of them they take some 3 MB at most."""
    made = 3 + 1.5 / stride[1] + (3 + 24 / itemsize) / prod(stride)  # copies of the images, of rows, of windows
    return int(min(1 << 19, (3 << 20) / made))


def _tap_type(taps: Pair) -> Any:
    """The type that holds the numbers of all taps."""
    return np.min_scalar_type(max(0, prod(taps) - 1))


def _winners(
    images: Array, windows: Pair, start: Pair, taps: Pair, stride: Pair, dilation: Pair
) -> tuple[Array, Array]:
    """[k, i, j] of images [k, x, y]: the number of the first tap that reads the greatest entry, and that entry."""
    if _few_windows(len(images) * prod(windows), taps):
        return _winners_one_by_one(images, windows, start, taps, stride, dilation)
    stride = stride[0] if windows[0] > 1 else 1, stride[1] if windows[1] > 1 else 1  # of one window it says nothing
    found = _winners_apart if _apart(taps, stride, dilation) else _winners_by_phases
    winners, greatest = found(images, windows, start, taps, stride, dilation, np.greater)
    if greatest.dtype.kind == "f" and np.isnan(np.min(greatest, initial=np.inf)):
        return found(images, windows, start, taps, stride, dilation, _greater_or_nan)
    return winners, greatest


def _greater_or_nan(entries: Array, others: Array, out: Array) -> None:
    """True where an entry is greater than the other one, or the first NaN of the two."""
    np.greater(entries, others, out=out)
    out |= np.isnan(entries) & ~np.isnan(others)


def _few_windows(windows: int, taps: Pair) -> bool:
    """Fewer windows than a search by rows and columns takes steps."""
    return windows <= sum(taps)


def _winners_one_by_one(
    images: Array, windows: Pair, start: Pair, taps: Pair, stride: Pair, dilation: Pair
) -> tuple[Array, Array]:
    """As `_winners`, each window by itself."""
    greatest = _WORKSPACE.take("b", (len(images), *windows), images.dtype)
    winners = _WORKSPACE.take("winners", greatest.shape, _tap_type(taps))
    for k, *window in np.ndindex(greatest.shape):
        x, y = (s * i - p for s, i, p in zip(stride, window, start))
        reach = [d * (t - 1) + 1 for d, t in zip(dilation, taps)]
        entries = images[k, x : x + reach[0] : dilation[0], y : y + reach[1] : dilation[1]]
        tap = winners[(k, *window)] = _first_top(entries)
        greatest[(k, *window)] = entries[divmod(int(tap), taps[1])]
    return winners, greatest


def _first_top(entries: Array) -> int:
    """The number of the first greatest entry of a matrix, or of its first NaN; parts, for NumPy copies them."""
    height, width = entries.shape
    columns = min(width, 1 << 16)
    rows = (1 << 16) // columns
    firsts: list[Pair] = []
    for u in range(0, height, rows):
        for v in range(0, width, columns):
            part = entries[u : u + rows, v : v + columns]
            i, j = divmod(int(part.argmax()), part.shape[1])
            firsts.append((u + i, v + j))
    best = int(np.array([entries[at] for at in firsts]).argmax())
    u, v = firsts[best]
    return int(u * width + v)


def _winners_apart(
    images: Array, windows: Pair, start: Pair, taps: Pair, stride: Pair, dilation: Pair, greater: Any
) -> tuple[Array, Array]:
    """As `_winners`, for windows of which no two share an entry."""
    down = _reads(taps[0], stride[0], dilation[0], start[0], windows[0], images.shape[-2])
    across = _reads(taps[1], stride[1], dilation[1], start[1], windows[1], images.shape[-1])
    rows = _WORKSPACE.take("a", (*images.shape[:2], windows[1]), images.dtype)
    of_rows = _WORKSPACE.take("columns", rows.shape, _tap_type(taps))
    _search([images[_along(1, tap)] for _, tap in across], _column, greater, rows, of_rows)
    greatest = _WORKSPACE.take("b", (len(images), *windows), images.dtype)
    winners = _WORKSPACE.take("winners", greatest.shape, of_rows.dtype)
    numbers = _numbers([of_rows[_along(0, tap)] for _, tap in down], taps[1])
    _search([rows[_along(0, tap)] for _, tap in down], numbers, greater, greatest, winners)
    return winners, greatest


def _winners_by_phases(
    images: Array, windows: Pair, start: Pair, taps: Pair, stride: Pair, dilation: Pair, greater: Any
) -> tuple[Array, Array]:
    """As `_winners`, for windows that overlap."""
    tall, wide = (-(-n // s) for n, s in zip(images.shape[-2:], stride))
    down = [(x % stride[0], x // stride[0] * wide) for x in (dilation[0] * u - start[0] for u in range(taps[0]))]
    across = [(y % stride[1], y // stride[1]) for y in (dilation[1] * v - start[1] for v in range(taps[1]))]
    entries = len(images) * tall * wide
    inner = entries + max(by for _, by in down)
    split = _WORKSPACE.take("phases", (*stride, inner + max(by for _, by in across)), images.dtype)
    for phase in np.ndindex(*stride):
        part = images[:, phase[0] :: stride[0], phase[1] :: stride[1]]
        _plane(split[phase], tall, wide, part.shape)[...] = part
    rows = _WORKSPACE.take("a", (stride[0], inner), images.dtype)
    of_rows = _WORKSPACE.take("columns", rows.shape, _tap_type(taps))
    for e in {e for e, _ in down}:
        _search([split[e, f, by : by + inner] for f, by in across], _column, greater, rows[e], of_rows[e])
    greatest = _WORKSPACE.take("b", (entries,), images.dtype)
    winners = _WORKSPACE.take("winners", (entries,), of_rows.dtype)
    numbers = _numbers([of_rows[e, by : by + entries] for e, by in down], taps[1])
    _search([rows[e, by : by + entries] for e, by in down], numbers, greater, greatest, winners)
    shape = (len(images), *windows)
    return _plane(winners, tall, wide, shape), _plane(greatest, tall, wide, shape)


def _plane(run: Array, tall: int, wide: int, shape: tuple[int, ...]) -> Array:
    """The rows of one phase of some images, as long as that phase is."""
    count, height, width = shape
    return run[: count * tall * wide].reshape(count, tall, wide)[:, :height, :width]


def _column(v: int, part: Array) -> Any:
    """The number of a tap within its row, of the type of the numbers."""
    return part.dtype.type(v)


def _numbers(of_rows: Sequence[Array], columns: int) -> Callable[[int, Array], Array]:
    """The numbers of the taps that won their rows; `part` is filled with them."""
    return lambda u, part: np.add(of_rows[u], u * columns, out=part)


def _search(
    reads: Sequence[Array], numbers: Callable[[int, Array], Any], greater: Any, greatest: Array, winners: Array
) -> None:
    """winners = the number of the last tap that reads something greater than all before it, which is `greatest`.

    numbers(t, part): those of tap t, greater than those of all taps before it; `part` may hold them.
    """
    flag = _WORKSPACE.take("flag", winners.shape, np.bool_)
    part = _WORKSPACE.take("part", winners.shape, winners.dtype)
    winners[...] = numbers(0, part)
    top = reads[0]
    for t, other in enumerate(reads[1:], 1):
        greater(other, top, out=flag)
        np.multiply(numbers(t, part), flag.view(np.uint8), out=part)
        np.maximum(winners, part, out=winners)
        top = np.maximum(top, other, out=greatest)
    if len(reads) == 1:
        greatest[...] = top


def _routed(
    winners: Array, upstream: Array, start: Pair, taps: Pair, stride: Pair, dilation: Pair, out: Array, clear: bool
) -> None:
    """out[k, x, y] += the sum of upstream[k, i, j] over the windows whose winner stands there.

    clear: what stands in `out` counts as zeros.
    """
    if clear:
        out[...] = 0
    if _few_windows(winners.size, taps):
        for k, i, j in np.ndindex(winners.shape):
            u, v = divmod(int(winners[k, i, j]), taps[1])
            x, y = stride[0] * i + dilation[0] * u - start[0], stride[1] * j + dilation[1] * v - start[1]
            out[k, x, y] += upstream[k, i, j]
        return
    target = out
    if not out.flags.c_contiguous:
        target = _WORKSPACE.take("spread", out.shape, out.dtype)
        target[...] = 0
    of_taps = np.add.outer(*(s * d * np.arange(t) for s, d, t in zip((out.shape[2], 1), dilation, taps)))
    firsts = _firsts(len(winners), (winners.shape[1], winners.shape[2]), start, stride, (out.shape[1], out.shape[2]))
    places = _WORKSPACE.take("places", winners.shape, np.intp)
    np.take(of_taps.astype(np.intp, copy=False), winners, out=places, mode="clip")  # which writes into `places` at once
    places += firsts
    np.add.at(target.reshape(-1), places.reshape(-1), np.asarray(upstream, out.dtype).reshape(-1))
    if target is not out:
        out += target


def _firsts(count: int, windows: Pair, start: Pair, stride: Pair, extent: Pair) -> Array:
    """[k, i, j]: where in the memory of images of this extent each window begins; kept for the next block."""
    key = count, windows, start, stride, extent
    known: Array | None = _WORKSPACE.plans.get(key)
    if known is None:
        images, rows, columns = np.ogrid[:count, : windows[0], : windows[1]]
        x, y = stride[0] * rows - start[0], stride[1] * columns - start[1]
        known = (images * extent[0] + x) * extent[1] + y
        _WORKSPACE.make_room(known.nbytes)
        _WORKSPACE.keep(key, known, known.nbytes)
    return known
