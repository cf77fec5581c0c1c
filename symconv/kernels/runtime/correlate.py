"""Windows of images times a kernel, summed: which schedule computes it, and the schedules by name.

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

from symconv.kernels.runtime.direct import _direct, _direct_taps, _shifted, _spread_taps
from symconv.kernels.runtime.fourier import _fourier
from symconv.kernels.runtime.settings import ACCURACY, SCHEDULE
from symconv.kernels.runtime.small import _small_for
from symconv.kernels.runtime.sparse import _sparse
from symconv.kernels.runtime.toeplitz import _toeplitz, _toeplitz_taps
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.winograd import _winograd, _winograd_taps
from symconv.kernels.runtime.workspace import _WORKSPACE

_FAST = {2: 4, 3: 4, 4: 4, 5: 4, 6: 2, 7: 2}  # outputs of a tile by taps, where some digits may be lost
_EXACT = {2: 2, 3: 2}  # where float32 keeps an error below 1e-6
# entries meet only where they do in the formula; elsewhere an infinity spreads
_WINDOW_BY_WINDOW = ("direct", "taps", "shifted", "side by side", "taps side by side")
_OF_TAPS = {
    "direct": "taps",
    "tiles": "tiles of taps",
    "polyphase": "polyphase of taps",
    "toeplitz": "toeplitz of taps",
    "sub-images": "sub-images of taps",
    "side by side": "taps side by side",
}  # the same schedule of a gradient by a kernel


def _tile_of(taps: Pair, extent: Pair, accuracy: str) -> Pair:
    """The tile of F(m, r) x F(n, c) for these taps and so many outputs, (0, 0) where there is none."""
    known = _EXACT if accuracy == "exact" else _FAST
    sides = [1 if t == 1 else min(known.get(t, 0), n) for t, n in zip(taps, extent)]
    return (0, 0) if 0 in sides or taps == (1, 1) else (sides[0], sides[1])


def _phased(taps: Pair, stride: Pair) -> Pair:
    """How many taps each phase of a stride has."""
    return -(-taps[0] // stride[0]), -(-taps[1] // stride[1])


def _saving(taps: Pair, stride: Pair, extent: Pair, accuracy: str) -> float:
    """How many times fewer products the tiles of all phases take than the formula; 0 where there are none."""
    phased = _phased(taps, stride)
    tile = _tile_of(phased, extent, accuracy)
    if not all(tile):
        return 0
    return prod(taps) / prod(s * (m + t - 1) / m for s, m, t in zip(stride, tile, phased))


def _possible(images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair, accuracy: str) -> set[str]:
    """The schedules that can compute a correlation of these sizes and types.

    images: [n, g, k, x, y].  kernel: [g, o, k, u, v].  extent: of the output.
    """
    taps = (kernel.shape[3], kernel.shape[4])
    found = {"direct", "taps"}
    if images.dtype not in (np.float32, np.float64) or images.size == 0 or kernel.size == 0 or 0 in extent:
        return found
    found.add("sparse")
    if kernel.shape[1:3] == (1, 1):
        found.add("toeplitz")
    if kernel.shape[1] == images.shape[0] == 1:
        found.add("toeplitz of taps")
    if stride[0] == 1 and _row_fits(images, kernel):
        found.add("shifted")
    if (
        stride[1] == 1
        and len(images) > 1
        and images[0].nbytes <= 1 << 19 >= prod(extent) * kernel[:, :, 0, 0, 0].nbytes
    ):
        found.add("side by side")
    if kernel.shape[1] * prod(extent) * prod(images.shape[3:]) * images.itemsize <= 2 << 20:
        found.add("spread taps")
    if dilation[1] == 1 and kernel.shape[2] > 1 and max(images.nbytes, kernel.nbytes) <= kernel.shape[2] << 19:
        found.add("taps side by side")
    if stride == (1, 1) != dilation:
        found.add("sub-images")
    if stride != (1, 1) == dilation and stride[0] == stride[1]:
        found.add("sub-images of taps")
    if stride == dilation == (1, 1):
        found.add("fourier")
    if dilation == (1, 1) and _saving(taps, stride, extent, accuracy):
        found.add("tiles" if stride == (1, 1) else "polyphase")
    if stride == (1, 1) and _saving(extent, dilation, taps, accuracy):
        found.add("tiles of taps" if dilation == (1, 1) else "polyphase of taps")
    return found


def _choose(
    images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair, accuracy: str, wanted: str = ""
) -> str:
    """The fastest schedule by sizes; each was measured against the others.

    wanted: the name of one that wins if it can compute this; it stands for the form with many taps and few outputs,
    the gradient by a kernel, as well.
    """
    possible = _possible(images, kernel, stride, dilation, extent, accuracy)
    outputs, channels, *taps = kernel.shape[1:]
    few = prod(taps) > prod(extent)
    wanted = _OF_TAPS.get(wanted, wanted) if few else wanted
    if wanted in possible:
        return wanted
    if few:
        if "toeplitz of taps" in possible:
            return "toeplitz of taps"
        if "sub-images of taps" in possible and min(len(images), outputs) >= 16:
            return "sub-images of taps"
        wide = min(len(images), outputs) >= 16 and len(images) * outputs * prod(taps) >= 1 << 17
        if wide and "tiles of taps" in possible:
            return "tiles of taps"
        worth = (
            min(prod(dilation) * len(images), outputs) >= 12
            and _saving(extent, dilation, (taps[0], taps[1]), accuracy) >= 2
        )
        if worth and "polyphase of taps" in possible:
            return "polyphase of taps"
        laid, read = outputs * prod(images.shape[3:]), len(images) * prod(taps)  # what is written for each tap
        if "spread taps" in possible and 4 * laid <= read:
            return "spread taps"
        return "taps side by side" if "taps side by side" in possible and _narrow(taps, channels) else "taps"
    if "toeplitz" in possible:
        large = min(taps) >= (16 if images.dtype == np.float32 else 13) and min(extent) >= 64
        return "fourier" if large and "fourier" in possible else "toeplitz"
    wide = min(channels, outputs) >= 16 and channels * outputs * prod(extent) >= prod(dilation) << 17
    if wide and "sub-images" in possible and all(_tile_of((taps[0], taps[1]), extent, accuracy)):
        return "sub-images"
    if wide and "tiles" in possible and prod(taps) > 4:
        return "tiles"
    if (
        "polyphase" in possible
        and min(channels, outputs) >= 16
        and _saving((taps[0], taps[1]), stride, extent, accuracy) >= 2
    ):
        return "polyphase"
    if "side by side" in possible and _narrow(extent, len(images)):
        return "side by side"
    return _plain(images, kernel, stride)


def _narrow(extent: Pair, count: int) -> bool:
    """Small images in a batch: their rows are better laid entry by entry beside each other."""
    return extent[1] < 20 and count >= 8


def _row_fits(images: Array, kernel: Array) -> bool:
    """The products of one row are held at once."""
    products = kernel.shape[1] * prod(kernel.shape[3:])
    return bool(2 * products * images.shape[4] * images.itemsize <= 1 << 21)


def _plain(images: Array, kernel: Array, stride: Pair) -> str:
    """Of the two schedules that fit most sizes: sums of shifted products where there are few outputs."""
    outputs, channels, *taps = kernel.shape[1:]
    few = stride[0] == 1 and 2 * outputs <= channels and prod(taps) <= 50
    return "shifted" if few and _row_fits(images, kernel) else "direct"


def _run(
    schedule: str, accuracy: str, images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array
) -> None:
    """Compute one correlation by the schedule of this name."""
    taps, extent = (kernel.shape[3], kernel.shape[4]), (out.shape[3], out.shape[4])
    if schedule == "sub-images":
        _sub_images(accuracy, images, kernel, start, dilation, out)
    elif schedule == "sub-images of taps":
        _sub_images_of_taps(accuracy, images, kernel, start, stride, out)
    elif schedule == "side by side":
        _side_by_side(images, kernel, start, stride, dilation, out)
    elif schedule == "taps side by side":
        _taps_side_by_side(images, kernel, start, stride, dilation, out)
    elif schedule == "shifted":
        _shifted(images, kernel, start, stride, dilation, out)
    elif schedule == "toeplitz of taps":
        _toeplitz_taps(images[0].swapaxes(0, 1), kernel[:, 0].swapaxes(0, 1), start, dilation, stride, out[0, :, 0])
    elif schedule == "toeplitz":
        _toeplitz(images[:, :, 0], kernel[:, 0, 0], start, stride, dilation, out[:, :, 0])
    elif schedule == "taps":
        upstream, swapped = kernel.transpose(2, 0, 1, 3, 4), images.transpose(2, 1, 0, 3, 4)
        _direct_taps(swapped, upstream, start, dilation, stride, out.transpose(1, 2, 0, 3, 4))
    elif schedule == "spread taps":
        upstream, swapped = kernel.transpose(2, 0, 1, 3, 4), images.transpose(2, 1, 0, 3, 4)
        _spread_taps(swapped, upstream, start, dilation, stride, out.transpose(1, 2, 0, 3, 4))
    elif schedule in ("tiles of taps", "polyphase of taps"):
        tile = _tile_of(_phased(extent, dilation), taps, accuracy)
        for g, weights in enumerate(kernel):
            given, place = weights.swapaxes(0, 1), out[:, g].swapaxes(0, 1)
            _winograd_taps(images[:, g].swapaxes(0, 1), given, start, dilation, tile, place)
    elif schedule in ("tiles", "polyphase"):
        tile = _tile_of(_phased(taps, stride), extent, accuracy)
        for g, weights in enumerate(kernel):
            _winograd(images[:, g], weights, start, stride, tile, out[:, g])
    elif schedule == "sparse":
        _sparse(images, kernel, start, stride, dilation, out)
    elif schedule == "fourier":
        for g, weights in enumerate(kernel):
            _fourier(images[:, g], weights, start, out[:, g])
    else:
        _direct(images, kernel, start, stride, dilation, out)


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
        _run(_plain(merged, kernel, stride), "exact", merged, kernel, *numbers, result)
        place[...] = result.reshape(groups, outputs, rows, length, count).transpose(4, 0, 1, 2, 3)


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
        _run("taps", "exact", merged, weights, *numbers, term)
        if first:
            out += term


def _sub_images(accuracy: str, images: Array, kernel: Array, start: Pair, dilation: Pair, out: Array) -> None:
    """A dilation of d x e: the windows of d * e images, of every d-th row and e-th column each."""
    for a, b in np.ndindex(*dilation):
        first = [(x - p) % d for x, p, d in zip((a, b), start, dilation)]
        shift = [(f + p - x) // d for f, p, x, d in zip(first, start, (a, b), dilation)]
        part = images[..., first[0] :: dilation[0], first[1] :: dilation[1]]
        place = out[..., a :: dilation[0], b :: dilation[1]]
        extent = (place.shape[3], place.shape[4])
        schedule = _choose(part, kernel, (1, 1), (1, 1), extent, accuracy, SCHEDULE)
        _run(schedule, accuracy, part, kernel, (shift[0], shift[1]), (1, 1), (1, 1), place)


def _sub_images_of_taps(accuracy: str, images: Array, kernel: Array, start: Pair, stride: Pair, out: Array) -> None:
    """The gradient by a kernel with a dilation of d: the sum of those of d * d images and as many gradients."""
    out[...] = 0
    for a, b in np.ndindex(*stride):
        first = [(x - p) % d for x, p, d in zip((a, b), start, stride)]
        shift = [(f + p - x) // d for f, p, x, d in zip(first, start, (a, b), stride)]
        part = images[..., first[0] :: stride[0], first[1] :: stride[1]]
        given = kernel[..., a :: stride[0], b :: stride[1]]
        if given.size:
            term = np.empty(out.shape, out.dtype)
            schedule = _choose(part, given, (1, 1), (1, 1), (out.shape[3], out.shape[4]), accuracy, SCHEDULE)
            _run(schedule, accuracy, part, given, (shift[0], shift[1]), (1, 1), (1, 1), term)
            out += term


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
    small = _small_for(images, kernel, start, stride, dilation, out)
    if small is not None and not SCHEDULE:
        small.run(images, kernel, out)
        return
    kind = _number_type(images, kernel, out.dtype)
    if kind != out.dtype:
        wide = np.empty(out.shape, kind)
        _run("direct", ACCURACY, images.astype(kind), kernel.astype(kind), start, stride, dilation, wide)
        out[...] = wide
        return
    images, kernel = images.astype(kind, copy=False), kernel.astype(kind, copy=False)
    schedule = _choose(images, kernel, stride, dilation, (out.shape[3], out.shape[4]), ACCURACY, SCHEDULE)

    def part(some: slice) -> None:
        if schedule == "sparse" and ACCURACY == "exact" and not np.isfinite(images[some].sum()):
            _direct(images[some], kernel, start, stride, dilation, out[some])  # a zero tap times an infinity
            return
        if schedule in _WINDOW_BY_WINDOW or ACCURACY != "exact":
            _run(schedule, ACCURACY, images[some], kernel, start, stride, dilation, out[some])
            return
        with np.errstate(invalid="ignore"):
            _run(schedule, ACCURACY, images[some], kernel, start, stride, dilation, out[some])
            finite = np.isfinite(out[some].sum())
        if not finite:
            _direct(images[some], kernel, start, stride, dilation, out[some])

    _shared_out(part, len(images), threads)


@cache
def _threads(count: int, process: int) -> ThreadPoolExecutor:
    """Threads that stay, and with them their buffers; a process that was forked makes its own."""
    return ThreadPoolExecutor(count)


def _shared_out(part: Callable[[slice], None], count: int, threads: int) -> None:
    """Call part(slice) for slices that make up range(count), one for each thread."""
    threads = max(1, min(threads, count))
    cuts = [count * t // threads for t in range(threads + 1)]
    slices = [slice(a, b) for a, b in pairwise(cuts)]
    if threads == 1:
        part(slice(0, count))
        return
    list(_threads(threads, os.getpid()).map(part, slices))


def _number_type(left: Array, right: Array, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type to compute in: float64 for integers whose sums it holds exactly, float32 for float16."""
    if dtype == np.float16:
        return np.dtype(np.float32)
    if dtype.kind in "iu":
        most = [float(np.abs(a.astype(np.float64)).max(initial=0)) for a in (left, right)]
        if most[0] * most[1] * max(left.size, right.size) < 2.0**53:
            return np.dtype(np.float64)
    return dtype
