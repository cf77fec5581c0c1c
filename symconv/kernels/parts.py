"""What computes a correlation of stated sizes: its parts, the schedule of each, the tile.

The functions that choose are the ones that exported modules carry; they are asked with arrays that take no memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.patterns import Correlation, Laid
from symconv.kernels.runtime.choice import (
    _OF_TAPS,
    _TAPS_A_RUN,
    _choose,
    _phased,
    _plain,
    _saved_together,
    _tile_of,
)
from symconv.kernels.runtime.correlate import _parts_of_step
from symconv.kernels.runtime.scatter import _all_phases, _parts
from symconv.kernels.runtime.small import _small_for
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _coarse
from symconv.term.polynomial import Poly

SMALL = "small problem"
Tile = tuple[int, int]  # of F(m, r)
Float = type[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One correlation that a helper computes: arrays of the shapes that it sees, and the name of what computes it.

    images [n, g, k, x, y], kernel [g, o, k, u, v], out [n, g, o, i, j], with x = stride i + dilation u - start; of
    "col2im", an adjoint as a whole, the images are the upstream gradient [n, g, o, i, j], and out [n, g, k, x, y].
    """

    images: Array
    kernel: Array
    out: Array
    start: Pair
    stride: Pair
    dilation: Pair
    schedule: str
    accuracy: str
    wanted: str = ""

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Images, groups, and of each group outputs and channels."""
        groups, outputs, channels = self.kernel.shape[:3]
        return len(self.images), groups, outputs, channels

    @property
    def sides(self) -> Pair:
        """Of an image."""
        return self.images.shape[3], self.images.shape[4]

    @property
    def taps(self) -> Pair:
        return self.kernel.shape[3], self.kernel.shape[4]

    @property
    def extent(self) -> Pair:
        return self.out.shape[3], self.out.shape[4]

    @property
    def windows(self) -> int:
        """A product for each tap of each window, those with zeros outside the images among them."""
        return prod((*self.counts, *self.taps, *self.extent))

    @property
    def by_size(self) -> str:
        """The schedule, or for a small problem the one of its sizes."""
        if self.schedule != SMALL:
            return self.schedule
        return _choose(self.images, self.kernel, self.stride, self.dilation, self.extent, self.accuracy, self.wanted)

    @property
    def tiles(self) -> tuple[Tile, Tile] | None:
        """F(m, r) down and across, where this is computed by tiles."""
        if self.schedule in ("tiles", "polyphase"):
            weighed, over = _phased(self.taps, self.stride), self.extent
        elif self.schedule in ("tiles of taps", "polyphase of taps"):
            weighed, over = _phased(self.extent, self.dilation), self.taps
        elif self.schedule == "toeplitz tiles":
            return (1, 1), (_TAPS_A_RUN, _TAPS_A_RUN)
        else:
            return None
        m, n = _tile_of(weighed, over, self.accuracy)
        return (m, weighed[0]), (n, weighed[1])

    @property
    def label(self) -> str:
        """The schedule, its tile, and what its own parts are computed by."""
        tiles = self.tiles
        if tiles is not None:
            return f"{self.schedule} {tile_text(*tiles)}"
        inner = sorted({part.label for part in inner_parts(self)})
        return f"{self.schedule} ({', '.join(inner)})" if inner else self.schedule


def tile_text(down: Tile, across: Tile) -> str:
    """F(4, 3), or the tiles of both axes where they differ; an axis of one tap has none.

    >>> tile_text((4, 3), (4, 3)), tile_text((1, 1), (2, 7)), tile_text((4, 3), (2, 7))
    ('F(4, 3)', 'F(2, 7) across', 'F(4, 3) x F(2, 7)')
    """
    names = [f"F({m}, {r})" for m, r in (down, across)]
    if down == across:
        return names[0]
    alone = {down: f"{names[1]} across", across: f"{names[0]} down"}.get((1, 1))
    return alone or " x ".join(names)


def labels(parts: Sequence[Part]) -> str:
    """What computes these parts: `3 x direct, small problem`."""
    counted = Counter(part.label for part in parts)
    return ", ".join(f"{n} x {label}" if len(parts) > 1 and n > 1 else label for label, n in counted.items())


def has(part: Part, wanted: str) -> bool:
    """Whether a part is computed by the schedule of this name, or by its form for a gradient by a kernel."""
    return part.schedule in (wanted, _OF_TAPS.get(wanted, wanted))


# -- from a pattern ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """What computes a correlation or an adjoint, in one part or in one for each phase of a stride; the products of its
    formula."""

    parts: tuple[Part, ...]
    formula: int


@dataclass(frozen=True, slots=True)
class Step:
    """What computes a sum over windows in float32 and in float64; None where a size is not stated.

    adjoint: whether it adds to windows instead of reading them.
    """

    single: Chosen | None
    double: Chosen | None
    adjoint: bool

    @property
    def _parts(self) -> list[Part] | None:
        if self.single is None or self.double is None:
            return None
        return [*self.single.parts, *self.double.parts]

    @property
    def schedules(self) -> frozenset[str] | None:
        """Those that may be asked for by name when it runs; of a small problem the one that would be, were it not."""
        return None if self._parts is None else frozenset(part.by_size for part in self._parts)

    @property
    def tiles(self) -> frozenset[Tile] | None:
        """The tiles F(m, r) that it is computed by."""
        return None if self._parts is None else frozenset(tile for part in self._parts for tile in _tiles_within(part))


def step_of(found: Correlation, shape: Sequence[Poly], accuracy: str, wanted: str) -> Step:
    """What computes a pattern whose output has this shape."""
    single, double = (_chosen_for(found, shape, accuracy, wanted, dtype) for dtype in (np.float32, np.float64))
    return Step(single, double, found.kind == "scatter")


def _tiles_within(part: Part) -> Iterator[Tile]:
    for tile in part.tiles or ():
        if tile[1] > 1:
            yield tile
    for inner in inner_parts(part):
        yield from _tiles_within(inner)


def _chosen_for(found: Correlation, shape: Sequence[Poly], accuracy: str, wanted: str, dtype: Float) -> Chosen | None:
    """What computes a pattern whose output has this shape; None where a size is not stated."""
    sides = (found.images.shape, found.images_laid), (found.kernel.shape, found.kernel_laid), (shape, found.out_laid)
    blanks = [_blank(extents, laid, dtype) for extents, laid in sides]
    numbers = [_numbers([getattr(w, name) for w in found.windows]) for name in ("offset", "stride", "dilation")]
    images, kernel, out = blanks
    offset, stride, dilation = ((n[0], n[1]) if n is not None else None for n in numbers)
    if images is None or kernel is None or out is None or offset is None or stride is None or dilation is None:
        return None
    start = -offset[0], -offset[1]
    gathers = found.kind == "gather"
    over = out if gathers else images
    formula = len(images) * kernel.size * over.shape[3] * over.shape[4]
    parts: Iterable[Part]
    if gathers:
        parts = (_part(images, kernel, out, start, stride, dilation, accuracy, wanted),)
    elif (whole := _all_phases(images, kernel, start, stride, dilation, out, accuracy, wanted)) == "polyphase":
        parts = (_interleaved(images, kernel, out, start, stride, accuracy, wanted),)
    elif whole == "col2im":
        parts = (Part(images, kernel, out, start, stride, dilation, whole, accuracy, wanted),)
    else:
        parts = (
            _part(up, taps, place, first, (1, 1), spread, accuracy, wanted)
            for up, taps, first, spread, place in _parts(images, kernel, start, stride, dilation, out)
        )
    return Chosen(tuple(parts), formula)


def _blank(shape: Sequence[Poly], laid: Laid, dtype: Float) -> Array | None:
    """An array of the shape that a helper sees, without memory; None where a size is not stated."""
    sizes = _numbers(laid.split or shape)
    if sizes is None:
        return None
    return np.broadcast_to(dtype(0), tuple(1 if p is None else sizes[p] for p in laid.order))


def _numbers(polys: Sequence[Poly]) -> tuple[int, ...] | None:
    found = tuple(p.as_int for p in polys)
    return None if None in found else tuple(n or 0 for n in found)


def _part(
    images: Array,
    kernel: Array,
    out: Array,
    start: Pair,
    stride: Pair,
    dilation: Pair,
    accuracy: str,
    wanted: str,
) -> Part:
    """As `_correlate` decides: steps without a common factor, and a small problem unless a schedule is asked for."""
    taps, extent = (kernel.shape[3], kernel.shape[4]), (out.shape[3], out.shape[4])
    images, start, stride, dilation = _coarse(images, start, stride, dilation, taps, extent)
    small = not wanted and _small_for(images, kernel, start, stride, dilation, out) is not None
    schedule = SMALL if small else _choose(images, kernel, stride, dilation, extent, accuracy, wanted)
    return Part(images, kernel, out, start, stride, dilation, schedule, accuracy, wanted)


def _interleaved(
    upstream: Array, kernel: Array, out: Array, start: Pair, stride: Pair, accuracy: str, wanted: str
) -> Part:
    """As `_interleaved` of the runtime: all phases of an adjoint as outputs of one correlation by tiles."""
    (s, t), (groups, outputs, channels) = stride, kernel.shape[:3]
    tall, wide = _phased((kernel.shape[3], kernel.shape[4]), (s, t))
    rows, columns = ((n - 1 + p) // d + 1 - p // d for n, p, d in zip(out.shape[3:], start, (s, t), strict=True))
    taps = np.broadcast_to(kernel.dtype.type(0), (groups, s * t * channels, outputs, tall, wide))
    made = np.broadcast_to(out.dtype.type(0), (len(upstream), groups, s * t * channels, rows, columns))
    first = tall - 1 - start[0] // s, wide - 1 - start[1] // t
    return Part(upstream, taps, made, first, (1, 1), (1, 1), "polyphase", accuracy, wanted)


# -- within a part ------------------------------------------------------------------------------


def inner_parts(part: Part) -> Iterator[Part]:
    """The correlations that a schedule is made of, for those that cut theirs."""
    if part.schedule == "side by side":
        yield from _merged(part)
    elif part.schedule == "sub-images":
        yield from _sub_images(part)
    elif part.schedule == "sub-images of taps":
        yield from _sub_images_of_taps(part)


def _sub_images(part: Part) -> Iterator[Part]:
    """Those of a dilation: all of them by tiles together, or each by the schedule of its own sizes."""
    parts, starts, places = _parts_of_step(part.images, part.out, part.start, part.dilation)
    _, _, outputs, channels = part.counts
    (first, place), accuracy, wanted = (parts[0], places[0]), part.accuracy, part.wanted
    extent = place.shape[3], place.shape[4]
    if _saved_together(channels, outputs, part.taps, extent, accuracy):
        images, out = (_several(array, len(parts)) for array in (first, place))
        yield Part(images, part.kernel, out, starts[0], (1, 1), (1, 1), "tiles", accuracy, wanted)
        return
    for images, start, out in zip(parts, starts, places, strict=True):
        yield _single(images, part.kernel, out, start, accuracy, wanted)


def _sub_images_of_taps(part: Part) -> Iterator[Part]:
    """The same for the gradient by a kernel, whose upstream gradient is cut up as the images are."""
    parts, starts, given = _parts_of_step(part.images, part.kernel, part.start, part.stride)
    channels, _, outputs, _ = part.counts
    (first, upstream), accuracy, wanted = (parts[0], given[0]), part.accuracy, part.wanted
    extent = upstream.shape[3], upstream.shape[4]
    if _saved_together(channels, outputs, part.extent, extent, accuracy):
        images, kernel = (_several(array.swapaxes(0, 2), len(parts)).swapaxes(0, 2) for array in (first, upstream))
        yield Part(images, kernel, part.out, starts[0], (1, 1), (1, 1), "tiles of taps", accuracy, wanted)
        return
    for images, start, kernel in zip(parts, starts, given, strict=True):
        yield _single(images, kernel, part.out, start, accuracy, wanted)


def _several(array: Array, times: int) -> Array:
    """As many of the shape, without memory."""
    return np.broadcast_to(array.dtype.type(0), (times * len(array), *array.shape[1:]))


def _single(images: Array, kernel: Array, out: Array, start: Pair, accuracy: str, wanted: str) -> Part:
    schedule = _choose(images, kernel, (1, 1), (1, 1), (out.shape[3], out.shape[4]), accuracy, wanted)
    return Part(images, kernel, out, start, (1, 1), (1, 1), schedule, accuracy, wanted)


def _merged(part: Part) -> Iterator[Part]:
    """As many images at a time as a buffer holds, as one image whose rows are as many times as long."""
    images, out = part.images, part.out
    step = max(1, min(len(images), (1 << 20) // (images[:1].nbytes + out[:1].nbytes)))
    for first in range(0, len(images), step):
        count = min(step, len(images) - first)
        wide, made = (np.broadcast_to(a.dtype.type(0), (1, *a.shape[1:4], a.shape[4] * count)) for a in (images, out))
        start = part.start[0], part.start[1] * count
        dilation = part.dilation[0], part.dilation[1] * count
        schedule = _plain(wide, part.kernel, part.stride, dilation, (made.shape[3], made.shape[4]))
        yield Part(wide, part.kernel, made, start, part.stride, dilation, schedule, "exact")


__all__ = ["SMALL", "Chosen", "Part", "Step", "Tile", "has", "inner_parts", "labels", "step_of", "tile_text"]
