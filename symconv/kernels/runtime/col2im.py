"""The adjoint as one matrix product: all taps times the upstream gradient, each product added where its window read.

Tap u of window i goes to position s i + d u - p = s (i + a) + e: it is added to entry i + a of the phase e of the
stride.  All entries of a tap are one run of memory there, for a row of a phase is as long as its furthest tap goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd, prod
from typing import NamedTuple

import numpy as np

from symconv.kernels.runtime.choice import _narrow, _saving, _worth
from symconv.kernels.runtime.product import _product
from symconv.kernels.runtime.rows import _row_blocks, _turned
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut, _even, _merged
from symconv.kernels.runtime.workspace import _WORKSPACE

_BLOCK = 7 << 19  # bytes of what is made of a block
_FEW = 8  # channels: of fewer at a time the products would be slow


class _Landing(NamedTuple):
    """Along one axis: for each tap the phase that it is added to and by how much it is shifted; the shifts' ends."""

    taps: tuple[Pair, ...]
    low: int
    high: int

    @property
    def reach(self) -> int:
        return self.high - self.low


@lru_cache(maxsize=256)
def _landing(taps: int, stride: int, dilation: int, start: int) -> _Landing:
    """Tap u adds to position dilation * u - start and every stride-th one from there."""
    places = tuple((x % stride, x // stride) for x in (dilation * u - start for u in range(taps)))
    return _Landing(places, places[0][1], places[-1][1])


def _landings(kernel: Array, start: Pair, stride: Pair, dilation: Pair) -> tuple[_Landing, _Landing]:
    """Down and across."""
    down, across = (_landing(*axis) for axis in zip(kernel.shape[3:], stride, dilation, start))
    return down, across


def _row_bytes(upstream: Array, kernel: Array, stride: Pair, across: _Landing) -> int:
    """Of what is held for one row of the upstream gradient: that with zeros, its products, the sums of all phases."""
    outputs, channels, *taps = kernel.shape[1:]
    entries: int = (outputs + channels * (prod(taps) + prod(stride))) * (upstream.shape[4] + across.reach)
    return entries * upstream.itemsize


def _fits_col2im(upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> bool:
    """A block holds an image, or more than twice as many rows as are read again where blocks meet."""
    usual = upstream.dtype == kernel.dtype == out.dtype in (np.float32, np.float64)
    if not usual or 0 in (upstream.size, kernel.size, out.size):
        return False
    down, across = _landings(kernel, start, stride, dilation)
    rows = min(upstream.shape[3], 2 * down.reach + 1) + down.reach + 1
    return bool(rows * _row_bytes(upstream, kernel, stride, across) <= _BLOCK)


def _worth_col2im(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, accuracy: str, wanted: str
) -> bool:
    """True where the windows that the phases would lay out are more than the products that are added up."""
    if wanted:
        return wanted == "col2im" and _fits_col2im(upstream, kernel, start, stride, dilation, out)
    (outputs, channels), taps = kernel.shape[1:3], (kernel.shape[3], kernel.shape[4])
    given = prod(upstream.shape[3:])
    phases = stride[0] // gcd(stride[0], dilation[0]), stride[1] // gcd(stride[1], dilation[1])
    saving = _saving(taps, phases, (out.shape[3] // stride[0], out.shape[4] // stride[1]), accuracy)
    reach = _landing(taps[1], stride[1], dilation[1], start[1]).reach
    tiny = len(upstream) * kernel.size * given < 3 << 17  # calls cost more than numbers
    if not tiny and prod(taps) > given and stride != (1, 1) and len(upstream) < 8:
        return _fits_col2im(upstream, kernel, start, stride, dilation, out)  # so few are no outputs to change places
    better = (
        tiny,
        prod(taps) > given,  # the two would change places
        taps == stride == (1, 1),  # one product, of which nothing is added up
        saving >= 2 and _worth(channels, outputs, taps, saving),  # tiles
        stride == (1, 1) and _narrow(out.shape[4], len(out), out.itemsize, shared=False),  # images side by side
        reach >= upstream.shape[4] and outputs < 32,  # rows would be mostly zeros
    )
    few = _few(channels, outputs, phases)
    return few and not any(better) and _fits_col2im(upstream, kernel, start, stride, dilation, out)


def _few(channels: int, outputs: int, phases: Pair) -> bool:
    """Few enough channels: several phases lay out every window again, one correlation shares the rows."""
    if phases == (1, 1):
        return 4 * channels <= outputs
    return channels <= outputs if outputs >= 16 else 2 * channels <= outputs


def _channel_parts(
    upstream: Array, kernel: Array, stride: Pair, landings: tuple[_Landing, _Landing], out: Array
) -> list[slice]:
    """All channels, or so many at a time that the rows of an image are held at once, and none is read again."""
    (outputs, channels, *taps), (down, across) = kernel.shape[1:], landings
    rows = -(-out.shape[3] // stride[0]) + down.reach + 2
    held = _BLOCK // (rows * (upstream.shape[4] + across.reach) * upstream.itemsize)  # entries at each place
    most = (held - outputs) // (prod(taps) + prod(stride))
    step = _even(channels, most if most >= _FEW else channels)
    return [slice(k, min(k + step, channels)) for k in range(0, channels, step)]


def _col2im_blocks(
    upstream: Array, kernel: Array, stride: Pair, landings: tuple[_Landing, _Landing], out: Array
) -> Iterator[tuple[slice, slice, slice]]:
    """Images, groups and rows of phases of one block after the other.

    As many rows as may be held, for the rows between blocks are read again; of whole images half as much.
    """
    down, across = landings
    row_bytes, rows = _row_bytes(upstream, kernel, stride, across), -(-out.shape[3] // stride[0])
    counts, read = (upstream.shape[0], upstream.shape[1], rows, 1), down.reach + 2  # a row for the end of the sums
    several = max(1, _BLOCK // (2 * row_bytes * (rows + read)))
    for n, g, q, _ in _row_blocks(counts, read, 1, row_bytes, most_beside=several, held=_BLOCK):
        yield n, g, q


def _rows_landing(rows: slice, down: _Landing, height: int) -> Pair:
    """The rows of the upstream gradient that are added to some rows of the phases, from the first to past the last."""
    top = min(height, max(0, rows.start - down.high))
    return top, max(top, min(height, rows.stop - down.low))


def _col2im(upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[n, g, k, x, y] = sum over o, u, v, i, j of kernel[g, o, k, u, v] * upstream[n, g, o, i, j].

    x = stride[0] * i + dilation[0] * u - start[0], y likewise.
    """
    outputs, _, r, c = kernel.shape[1:]
    (s, t), (height, width) = stride, upstream.shape[3:]
    down, across = landings = _landings(kernel, start, stride, dilation)
    pitch = width + across.reach
    reached = {(e, f) for e, _ in down.taps for f, _ in across.taps}
    weights = _turned(kernel, (0, 2, 3, 4, 1))
    parts = _channel_parts(upstream, kernel, stride, landings, out)
    for n, g, q in _col2im_blocks(upstream, kernel[:, :, parts[0]], stride, landings, out):
        top, bottom = _rows_landing(q, down, height)
        given, tall = _with_zeros(upstream[n, g, :, top:bottom], across.reach), q.stop - q.start
        lead = given.shape[:2]
        for k in parts:
            some = weights[g, k]
            channels = some.shape[1]
            products = _WORKSPACE.take("products", (*lead, channels * r * c, given.shape[3]), out.dtype)
            _product(some.reshape(-1, channels * r * c, outputs), given, products)
            sums = _WORKSPACE.take("sums", (s, t, *lead, channels, tall * pitch + across.reach), out.dtype)
            _add_taps(products.reshape(*lead, channels, r, c, -1), landings, top - q.start, pitch, sums)
            rows = out[n, g, k, s * q.start : s * q.stop]
            if len(reached) < s * t:
                rows[...] = 0
            for e, f in reached:
                whole = sums[e, f, ..., : tall * pitch].reshape(*lead, channels, tall, pitch)
                _cut(whole, 0, -across.low, rows[..., e::s, f::t])


def _with_zeros(upstream: Array, reach: int) -> Array:
    """Its rows in one run, as they lie or copied with so many zeros at the end of each."""
    if reach == 0 and (merged := _merged(upstream, 3)) is not None:
        return merged
    *lead, width = upstream.shape
    laid = _WORKSPACE.take("padded", (*lead, width + reach), upstream.dtype)
    laid[..., :width] = upstream
    laid[..., width:] = 0
    return laid.reshape(*lead[:-1], -1)


def _add_taps(taps: Array, landings: tuple[_Landing, _Landing], ahead: int, pitch: int, sums: Array) -> None:
    """Add taps[.., k, u, v, rows] up in sums[e, f, .., k, rows]: a tap's rows to its phase's from a shift on.

    ahead: by how many rows the first row of the taps stands behind the first of the sums.
    """
    down, across = landings
    read, tall = taps.shape[-1] // pitch, sums.shape[-1] // pitch
    bare = {(e, f) for e, _ in down.taps for f, _ in across.taps}
    for u, (e, by) in enumerate(down.taps):
        first = ahead + by  # the row of the phase that the first row is added to
        a, b = max(0, -first), min(read, tall - first)
        if a >= b:
            continue
        begin, end = (first + a) * pitch - across.low, (first + b) * pitch - across.low
        added = taps[:, :, :, u, :, a * pitch : b * pitch]
        for v, (f, shift) in enumerate(across.taps):
            phase, place = sums[e, f], slice(begin + shift, end + shift)
            if (e, f) in bare:  # the first tap is written, with zeros around
                phase[..., : place.start] = 0
                phase[..., place] = added[:, :, :, v]
                phase[..., place.stop :] = 0
                bare.remove((e, f))
            else:
                phase[..., place] += added[:, :, :, v]
    for e, f in bare:
        sums[e, f] = 0
