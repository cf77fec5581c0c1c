"""How many multiplications a schedule takes: one function for each.

Those of the products are counted, with every zero that a schedule multiplies by; what transforms and spectra take on
the way in and out is not, and `COUNTED` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from symconv.kernels.parts import SMALL, Part, inner_parts
from symconv.kernels.runtime.choice import _TAPS_A_RUN, _band, _row_by_row, _tall
from symconv.kernels.runtime.col2im import _channel_parts, _col2im_blocks, _landings, _rows_landing
from symconv.kernels.runtime.direct import _turned_round
from symconv.kernels.runtime.dots import _dot_blocks, _far, _pitch
from symconv.kernels.runtime.fourier import _length
from symconv.kernels.runtime.rows import _read_rows, _shifted_blocks
from symconv.kernels.runtime.small import _small_for
from symconv.kernels.runtime.types import Pair

_IN_TILES = "products of transformed tiles; the transforms are not counted"
_WITH_ZEROS = "those with the zeros of the Toeplitz matrix are counted"
# of the schedules that do not simply multiply each window by the kernel
COUNTED = {
    SMALL: "every window of a row that is copied, those that no output needs too",
    "shifted": "of every row that is read with zeros beside it, and again where blocks of rows meet",
    "tiles": _IN_TILES,
    "tiles of taps": _IN_TILES,
    "polyphase": _IN_TILES,
    "polyphase of taps": _IN_TILES,
    "toeplitz": _WITH_ZEROS,
    "toeplitz tiles": f"{_WITH_ZEROS}, the transforms are not",
    "dots": "those with the zeros between the rows of the upstream gradient are counted",
    "sparse": "at most; those with taps of zero are left out",
    "spread taps": "those with the zeros between the entries that are laid out are counted",
    "col2im": "of every row of the upstream gradient with zeros beside it, and again where blocks of rows meet",
    "fourier": "four for each product of two spectra; the transforms are not counted",
}


def products(part: Part) -> int:
    """The multiplications of a part by its schedule."""
    return _BY_SCHEDULE[part.schedule](part)


def _windows(part: Part) -> int:
    return part.windows


def _small(part: Part) -> int:
    """One matrix product: all outputs, and all columns that are kept."""
    kept = _small_for(part.images, part.kernel, part.start, part.stride, part.dilation, part.out)
    if kept is None:
        raise ValueError("this problem is not small")
    return kept.multiplications


def _shifted(part: Part) -> int:
    """All taps times every row that a block of output rows reads."""
    if not _row_by_row(part.kernel, part.stride):
        kernel, start = _turned_round(part.kernel, part.start, part.dilation)
        return _col2im(replace(part, kernel=kernel, start=start))
    (count, groups, outputs, channels), (r, c) = part.counts, part.taps
    reach = part.dilation[0] * (r - 1)
    blocks = _shifted_blocks(part.kernel, (count, groups, *part.extent), part.images.itemsize)
    places = (_number(n, g, j) * _read(i, part, reach) for n, g, i, j in blocks)
    return sum(places) * r * c * outputs * channels


def _read(rows: slice, part: Part, reach: int) -> int:
    """How many rows of an image the windows of these output rows read."""
    top, bottom = _read_rows(rows, part.start[0], reach, part.sides[0])
    return bottom - top


def _number(*ranges: slice) -> int:
    return prod(s.stop - s.start for s in ranges)


def _tiles(part: Part) -> int:
    """m + r - 1 products a side of each tile instead of m r, for every channel and output of every phase."""
    return prod(part.counts) * prod(part.stride) * _of_all_tiles(part, part.extent)


def _tiles_of_taps(part: Part) -> int:
    """The same with stride and dilation, outputs and taps exchanged."""
    return prod(part.counts) * prod(part.dilation) * _of_all_tiles(part, part.taps)


def _of_all_tiles(part: Part, over: Pair) -> int:
    """The positions of all tiles that cover so many rows and columns."""
    if part.tiles is None:
        raise ValueError(f"{part.schedule} has no tiles")
    return prod(-(-n // m) * (m + r - 1) for n, (m, r) in zip(over, part.tiles, strict=True))


def _toeplitz(part: Part) -> int:
    """Some output rows at a time read a band of rows; the last ones, which may be fewer, one as high."""
    (count, groups, _, _), (height, width) = part.counts, part.extent
    band = _band(part.taps[0], part.stride[0], part.dilation[0], min(height, _tall(part.taps[0])))
    return count * groups * height * band * part.taps[1] * width


def _toeplitz_tiles(part: Part) -> int:
    """The same at each position of a tile, with runs of taps for taps; the last tile and the last rows are whole."""
    (count, groups, _, _), (height, width) = part.counts, part.extent
    tall = min(height, _tall(part.taps[0]))
    tiles, runs = -(-width // _TAPS_A_RUN), -(-part.taps[1] // _TAPS_A_RUN)
    rows = -(-height // tall) * tall
    return count * groups * rows * _band(part.taps[0], 1, 1, tall) * (2 * _TAPS_A_RUN - 1) * runs * tiles


def _dots(part: Part) -> int:
    """Every tap times some rows at a time of the upstream gradient, which stands for the taps."""
    (_, groups, _, channels), (r, c) = part.counts, part.extent
    numbers = part.dilation, part.stride, part.images.itemsize
    far = _far(part.taps[1], (r, c), *numbers)
    taps = 1 if far[0] else r, 1 if far[1] else c
    total = 0
    for tall, g, i, j in _dot_blocks((groups, *part.taps), taps, *numbers):
        width, runs = j.stop - j.start, -(-(i.stop - i.start) // tall)
        pitch = _pitch(width, taps[1], tall, part.dilation, part.stride)
        total += (g.stop - g.start) * runs * (pitch * (tall - 1) + width)
    return channels * r * c * total


def _spread_taps(part: Part) -> int:
    """Every entry of the images with an entry for each tap."""
    return prod((*part.counts, *part.sides, *part.extent))


def _fourier(part: Part) -> int:
    """Half of each spectrum, which is that of real numbers; a product of complex numbers takes four."""
    a, b = (_length(r, n) for r, n in zip(part.taps, part.extent, strict=True))
    rights = zip(part.extent, (a, b), part.taps, strict=True)
    tiles = prod(-(-n // (side - r + 1)) for n, side, r in rights)
    return 4 * prod(part.counts) * tiles * a * (b // 2 + 1)


def _col2im(part: Part) -> int:
    """All taps times every row of the upstream gradient, as long as its furthest tap goes, that a block takes."""
    down, across = landings = _landings(part.kernel, part.start, part.stride, part.dilation)
    first = _channel_parts(part.images, part.kernel, part.stride, landings, part.out)[0]
    read = 0
    for n, g, q in _col2im_blocks(part.images, part.kernel[:, :, first], part.stride, landings, part.out):
        top, bottom = _rows_landing(q, down, part.sides[0])
        read += _number(n, g) * (bottom - top)
    return read * (part.sides[1] + across.reach) * prod(part.counts[2:]) * prod(part.taps)


def _all_inner(part: Part) -> int:
    return sum(map(products, inner_parts(part)))


_BY_SCHEDULE: dict[str, Callable[[Part], int]] = {
    SMALL: _small,
    "direct": _windows,
    "rows": _windows,
    "taps": _windows,
    "rows of taps": _windows,
    "sparse": _windows,
    "taps side by side": _windows,
    "shifted": _shifted,
    "spread taps": _spread_taps,
    "tiles": _tiles,
    "polyphase": _tiles,
    "tiles of taps": _tiles_of_taps,
    "polyphase of taps": _tiles_of_taps,
    "toeplitz": _toeplitz,
    "toeplitz tiles": _toeplitz_tiles,
    "dots": _dots,
    "fourier": _fourier,
    "col2im": _col2im,
    "side by side": _all_inner,
    "sub-images": _all_inner,
    "sub-images of taps": _all_inner,
}

__all__ = ["COUNTED", "products"]
