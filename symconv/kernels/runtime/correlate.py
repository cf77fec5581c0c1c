"""Windows of images times a kernel, summed: the schedules by name, and the call that chooses one.

images [n, g, k, x, y], kernel [g, o, k, u, v], out [n, g, o, i, j]; x = stride * i + dilation * u - start,
zero outside.  The gradient by the kernel is the same sum with other letters: n is summed, u and i change places.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.choice import _choose, _phased, _plain, _plain_of_taps, _saved_together, _tile_of
from symconv.kernels.runtime.direct import _direct, _direct_taps, _shifted, _spread_taps
from symconv.kernels.runtime.dots import _dots
from symconv.kernels.runtime.fourier import _fourier
from symconv.kernels.runtime.rows import _rows, _rows_of_taps
from symconv.kernels.runtime.settings import ACCURACY, SCHEDULE
from symconv.kernels.runtime.small import _small_for
from symconv.kernels.runtime.sparse import _sparse
from symconv.kernels.runtime.toeplitz import _toeplitz
from symconv.kernels.runtime.toeplitz_tiles import _toeplitz_tiles
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _coarse, _even
from symconv.kernels.runtime.winograd import _winograd, _winograd_taps
from symconv.kernels.runtime.workspace import _WORKSPACE

# entries meet only where they do in the formula; elsewhere an infinity spreads
_WINDOW_BY_WINDOW = ("direct", "rows", "shifted", "side by side", "taps", "rows of taps", "taps side by side")

_TURNED = 1 << 15  # bytes of results side by side that are written image by image: they stay in the nearest cache


def _tiles(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """Tiles F(m, r), those of every phase of the stride together."""
    _tiles_of_all([images], kernel, [start], stride, [out])


def _tiles_of_all(parts: list[Array], kernel: Array, starts: list[Pair], stride: Pair, out: list[Array]) -> None:
    """The same for several arrays of images and as many results, the first image of each first."""
    extent = max(place.shape[3] for place in out), max(place.shape[4] for place in out)
    tile = _tile_of(_phased((kernel.shape[3], kernel.shape[4]), stride), extent, ACCURACY)
    every = range(len(parts[0]))
    for g, weights in enumerate(kernel):
        images, places = ([part[n, g] for n in every for part in arrays] for arrays in (parts, out))
        _winograd(images, weights, starts * len(every), stride, tile, places)


def _tiles_of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for the gradient by a kernel: tiles of its upstream gradient, of every phase of the stride."""
    _tiles_of_all_taps([images], [kernel], [start], dilation, out)


def _tiles_of_all_taps(parts: list[Array], given: list[Array], starts: list[Pair], stride: Pair, out: Array) -> None:
    """The sum of the gradients by a kernel of several arrays of images and as many upstream gradients.

    What is summed for all channels and outputs is added to for each block of tiles: of so many channels at a time that
    it takes some 16 MB.
    """
    channels, (groups, outputs, count) = len(parts[0]), given[0].shape[:3]
    extent = max(array.shape[3] for array in given), max(array.shape[4] for array in given)
    phased = _phased((out.shape[3], out.shape[4]), stride)
    tile = _tile_of(phased, extent, ACCURACY)
    sums = prod(m + r - 1 for m, r in zip(tile, phased)) * prod(stride) * outputs * out.itemsize
    step = _even(channels, max(32, (1 << 24) // sums))
    for g in range(groups):
        upstream = [array[g, :, n] for n in range(count) for array in given]
        for k in range(0, channels, step):
            images = [part[k : k + step, g, n] for n in range(count) for part in parts]
            _winograd_taps(images, upstream, starts * count, stride, tile, out[k : k + step, g].swapaxes(0, 1))


def _overlap_save(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """Tiles by the fast Fourier transform, group by group."""
    for g, weights in enumerate(kernel):
        _fourier(images[:, g], weights, start, out[:, g])


def _one_channel(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """Toeplitz matrices, for one channel in and out."""
    _toeplitz(images[:, :, 0], kernel[:, 0, 0], start, stride, dilation, out[:, :, 0])


def _one_channel_by_tiles(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same with tiles across."""
    _toeplitz_tiles(images[:, :, 0], kernel[:, 0, 0], start, out[:, :, 0])


def _one_channel_of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """Dot products, for the gradient by such a kernel."""
    _dots(images[0].swapaxes(0, 1), kernel[:, 0].swapaxes(0, 1), start, dilation, stride, out[0, :, 0])


def _of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The gradient by a kernel as such: the kernel is the upstream gradient, and the outputs are the taps."""
    upstream, swapped = kernel.transpose(2, 0, 1, 3, 4), images.transpose(2, 1, 0, 3, 4)
    _direct_taps(swapped, upstream, start, dilation, stride, out.transpose(1, 2, 0, 3, 4))


def _shared_of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same by rows that windows share."""
    upstream, swapped = kernel.transpose(2, 0, 1, 3, 4), images.transpose(2, 1, 0, 3, 4)
    _rows_of_taps(swapped, upstream, start, dilation, stride, out.transpose(1, 2, 0, 3, 4))


def _spread_of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same with the upstream gradient laid out where each tap reads."""
    upstream, swapped = kernel.transpose(2, 0, 1, 3, 4), images.transpose(2, 1, 0, 3, 4)
    _spread_taps(swapped, upstream, start, dilation, stride, out.transpose(1, 2, 0, 3, 4))


def _side_by_side(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """A batch as one image: entry y of image n stands at y N + n, and so a tap v further at e N v further.

    Rows are N times as long; only for a stride of 1 along them.
    """
    step = max(1, min(len(images), (1 << 20) // (images[:1].nbytes + out[:1].nbytes)))
    for first in range(0, len(images), step):
        some, place = images[first : first + step], out[first : first + step]
        count, (groups, channels, height, width), (outputs, rows, length) = len(some), some.shape[1:], out.shape[2:]
        merged = _WORKSPACE.take("merged", (1, groups, channels, height, width * count), out.dtype)
        merged.reshape(*some.shape[1:], count)[...] = some.transpose(1, 2, 3, 4, 0)
        result = _WORKSPACE.take("result", (1, groups, outputs, rows, length * count), out.dtype)
        numbers = (start[0], start[1] * count), stride, (dilation[0], dilation[1] * count)
        schedule = _plain(merged, kernel, stride, numbers[2], (rows, result.shape[4]))
        _SCHEDULES[schedule](merged, kernel, *numbers, result)
        split = result.reshape(groups, outputs, rows, length, count).transpose(4, 0, 1, 2, 3)
        beside = max(1, _TURNED // (rows * length * count * out.itemsize))
        for o in range(0, outputs, beside):
            place[:, :, o : o + beside] = split[:, :, o : o + beside]


def _taps_side_by_side(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same for the axis that is summed, which is the batch in the gradient by a kernel."""
    channels = kernel.shape[2]
    step = max(1, min(channels, (1 << 20) * channels // (images.nbytes + kernel.nbytes)))
    for first in range(0, channels, step):
        some, given = images[:, :, first : first + step], kernel[:, :, first : first + step]
        count = some.shape[2]
        merged = _WORKSPACE.take("merged", (*some.shape[:2], 1, some.shape[3], some.shape[4] * count), out.dtype)
        merged.reshape(*some.shape[:2], *some.shape[3:], count)[...] = some.transpose(0, 1, 3, 4, 2)
        weights = _WORKSPACE.take("result", (*given.shape[:2], 1, given.shape[3], given.shape[4] * count), out.dtype)
        weights.reshape(*given.shape[:2], *given.shape[3:], count)[...] = given.transpose(0, 1, 3, 4, 2)
        term = np.empty(out.shape, out.dtype) if first else out
        numbers = (start[0], start[1] * count), (stride[0], stride[1] * count), dilation
        schedule = _plain_of_taps(merged, weights, *numbers[1:], (out.shape[3], out.shape[4]))
        _SCHEDULES[schedule](merged, weights, *numbers, term)
        if first:
            out += term


def _sub_images(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """A dilation of d x e: the windows of d * e images, of every d-th row and e-th column each."""
    parts, starts, places = _parts_of_step(images, out, start, dilation)
    (outputs, channels, *taps), extent = kernel.shape[1:], places[0].shape[3:]
    if _saved_together(channels, outputs, (taps[0], taps[1]), (extent[0], extent[1]), ACCURACY):
        _tiles_of_all(parts, kernel, starts, (1, 1), places)
        return
    for part, first, place in zip(parts, starts, places):
        _run("", part, kernel, first, (1, 1), (1, 1), place)


def _sub_images_of_taps(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The gradient by a kernel with a dilation of d: the sum of those of d * d images and as many gradients."""
    parts, starts, given = _parts_of_step(images, kernel, start, stride)
    (channels, _, outputs, *taps), extent = out.shape, given[0].shape[3:]
    if _saved_together(channels, outputs, (taps[0], taps[1]), (extent[0], extent[1]), ACCURACY):
        _tiles_of_all_taps(parts, given, starts, (1, 1), out)
        return
    out[...] = 0
    term = np.empty(out.shape, out.dtype)
    for part, first, weights in zip(parts, starts, given):
        _run("", part, weights, first, (1, 1), (1, 1), term)
        out += term


def _parts_of_step(
    images: Array, strided: Array, start: Pair, step: Pair
) -> tuple[list[Array], list[Pair], list[Array]]:
    """Of each phase of a step what it reads, where its windows start, and its part of `strided`; the largest first."""
    parts, starts, others = list[Array](), list[Pair](), list[Array]()
    for a, b in np.ndindex(*step):
        other = strided[..., a :: step[0], b :: step[1]]
        if other.size:
            first, shift = _part_of((a, b), start, step)
            parts.append(images[..., first[0] :: step[0], first[1] :: step[1]])
            starts.append(shift)
            others.append(other)
    return parts, starts, others


def _part_of(phase: Pair, start: Pair, step: Pair) -> tuple[Pair, Pair]:
    """The first entry that the windows of a phase read, and where their own windows start."""
    first = [(x - p) % d for x, p, d in zip(phase, start, step)]
    shift = [(f + p - x) // d for f, p, x, d in zip(first, start, phase, step)]
    return (first[0], first[1]), (shift[0], shift[1])


_SCHEDULES = {
    "direct": _direct,
    "rows": _rows,
    "shifted": _shifted,
    "side by side": _side_by_side,
    "tiles": _tiles,
    "polyphase": _tiles,
    "toeplitz": _one_channel,
    "toeplitz tiles": _one_channel_by_tiles,
    "sparse": _sparse,
    "sub-images": _sub_images,
    "fourier": _overlap_save,
    "taps": _of_taps,
    "rows of taps": _shared_of_taps,
    "spread taps": _spread_of_taps,
    "taps side by side": _taps_side_by_side,
    "tiles of taps": _tiles_of_taps,
    "polyphase of taps": _tiles_of_taps,
    "dots": _one_channel_of_taps,
    "sub-images of taps": _sub_images_of_taps,
}


def _run(schedule: str, images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """Compute one correlation by the schedule of this name, or of the one that is chosen."""
    name = schedule or _choose(images, kernel, stride, dilation, (out.shape[3], out.shape[4]), ACCURACY, SCHEDULE)
    _SCHEDULES[name](images, kernel, start, stride, dilation, out)


def _correlate(
    images: Array,
    kernel: Array,
    start: Pair,
    stride: Pair,
    dilation: Pair,
    out: Array,
    threads: int = 1,
) -> None:
    """out[n, g, o, i, j] = sum over k, u, v of kernel[g, o, k, u, v] * images[n, g, k, x, y].

    x = stride[0] * i + dilation[0] * u - start[0], y likewise; zero outside the images.
    """
    if not stride == dilation == (1, 1):
        images, start, stride, dilation = _coarse(images, start, stride, dilation, kernel.shape[3:], out.shape[3:])
    small = None if SCHEDULE else _small_for(images, kernel, start, stride, dilation, out)
    if small is not None:
        small.run(images, kernel, out)
        return
    if 0 in (images.size, kernel.size, out.size):
        out[...] = 0
        return
    kind = _number_type(images, kernel, out.dtype)
    if kind != out.dtype:
        wide = np.empty(out.shape, kind)
        _direct(images.astype(kind), kernel.astype(kind), start, stride, dilation, wide)
        out[...] = wide
        return
    images, kernel = images.astype(kind, copy=False), kernel.astype(kind, copy=False)
    schedule = _choose(images, kernel, stride, dilation, (out.shape[3], out.shape[4]), ACCURACY, SCHEDULE)

    def part(some: slice) -> None:
        if schedule == "sparse" and ACCURACY == "exact" and not np.isfinite(images[some].sum()):
            _direct(images[some], kernel, start, stride, dilation, out[some])  # a zero tap times an infinity
            return
        if schedule in _WINDOW_BY_WINDOW or ACCURACY != "exact":
            _run(schedule, images[some], kernel, start, stride, dilation, out[some])
            return
        with np.errstate(invalid="ignore"):
            _run(schedule, images[some], kernel, start, stride, dilation, out[some])
            finite = np.isfinite(out[some].sum())
        if not finite:
            _direct(images[some], kernel, start, stride, dilation, out[some])

    _shared_out(part, len(images), threads)


@cache
def _threads(count: int, process: int) -> ThreadPoolExecutor:
    """Threads that stay, and with them their buffers; a process that was forked makes its own."""
    return ThreadPoolExecutor(count)


def _shared_out(part: Callable[[slice], None], count: int, threads: int) -> None:
    """Call part(slice) for slices that make up range(count), one for each thread, which warns as its caller does."""
    threads = max(1, min(threads, count))
    cuts = [count * t // threads for t in range(threads + 1)]
    slices = [slice(a, b) for a, b in pairwise(cuts)]
    if threads == 1:
        part(slice(0, count))
        return
    warned = np.geterr()

    def silenced(some: slice) -> None:
        with np.errstate(**warned):
            part(some)

    list(_threads(threads, os.getpid()).map(silenced, slices))


def _number_type(left: Array, right: Array, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type to compute in: float64 for integers whose sums it holds exactly, float32 for float16."""
    if dtype == np.float16:
        return np.dtype(np.float32)
    if dtype.kind in "iu":
        most = [float(np.abs(a.astype(np.float64)).max(initial=0)) for a in (left, right)]
        if most[0] * most[1] * max(left.size, right.size) < 2.0**53:
            return np.dtype(np.float64)
    return dtype
