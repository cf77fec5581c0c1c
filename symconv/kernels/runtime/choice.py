"""The rule of choice: which schedules can compute a correlation of some sizes, and which of them is the fastest.

images [n, g, k, x, y], kernel [g, o, k, u, v], extent that of the output.  The gradient by a kernel is the same sum
with other letters, so that its "kernel" is the upstream gradient and has many taps where there are few outputs.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod, sqrt
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array, Pair

# outputs of a tile by taps: where some digits may be lost, and where float32 keeps an error below 1e-6
_FAST = {2: (4,), 3: (4, 5), 4: (4,), 5: (4,), 6: (2,), 7: (2,)}
_EXACT = {2: (2,), 3: (2,)}
_TAPS_A_RUN = 4  # taps of a run, and outputs of a tile, where Toeplitz matrices are combined with tiles
_LONG = 20  # entries of a row that is long enough to be multiplied by itself
_LONG_OF_TAPS = 160  # bytes of such a row of an upstream gradient, where the gradient by a kernel is summed
_PAYS = 6 << 20  # bytes of products that tiles must save in a sub-image
_LAID = 1 << 20  # bytes of the rows that are laid out at a time
_OF_TAPS = {
    "direct": "taps",
    "rows": "rows of taps",
    "tiles": "tiles of taps",
    "polyphase": "polyphase of taps",
    "toeplitz": "dots",
    "toeplitz tiles": "dots",
    "sub-images": "sub-images of taps",
    "side by side": "taps side by side",
}  # the same schedule of a gradient by a kernel


def _tile_of(taps: Pair, extent: Pair, accuracy: str) -> Pair:
    """The tile of F(m, r) x F(n, c) for these taps and so many outputs, (0, 0) where there is none."""
    sides = [_side_of(t, n, accuracy) for t, n in zip(taps, extent)]
    return (0, 0) if 0 in sides or taps == (1, 1) else (sides[0], sides[1])


def _side_of(taps: int, extent: int, accuracy: str) -> int:
    """The outputs of a tile on one axis; longer tiles, which lose more digits, where they save an eighth."""
    if taps == 1:
        return 1
    shortest, *longer = (_EXACT if accuracy == "exact" else _FAST).get(taps, (0,))

    def products(side: int) -> int:
        return -(-extent // side) * (side + taps - 1)

    side = shortest
    for m in longer:
        side = m if 8 * products(m) <= 7 * products(side) else side
    return min(side, extent)


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
    """The schedules that can compute a correlation of these sizes and types."""
    if images.dtype not in (np.float32, np.float64) or 0 in (images.size, kernel.size, *extent):
        return {"direct", "taps"}
    groups, outputs, channels, *_ = kernel.shape
    taps = (kernel.shape[3], kernel.shape[4])
    image, result = images[0].nbytes, groups * outputs * prod(extent) * images.itemsize
    laid = outputs * prod(extent) * prod(images.shape[3:]) * images.itemsize
    unit, runs = (1, 1), accuracy == "fast" and max(taps) <= 64
    forward, back = _saving(taps, stride, extent, accuracy) > 0, _saving(extent, dilation, taps, accuracy) > 0
    fits = {
        "direct": True,
        "rows": dilation[0] == 1 and kernel[0, 0].nbytes <= _LAID,
        "shifted": stride[0] == 1 and _row_fits(images, kernel),
        "side by side": stride[1] == 1 and len(images) > 1 and max(image, result) <= 1 << 19,
        "tiles": forward and stride == dilation == unit,
        "polyphase": forward and stride != unit == dilation,
        "toeplitz": outputs == channels == 1,
        "toeplitz tiles": outputs == channels == 1 and stride == dilation == unit and runs,
        "sparse": True,
        "sub-images": stride == unit != dilation,
        "fourier": stride == dilation == unit,
        "taps": True,
        "rows of taps": stride[0] == 1 and len(images) * outputs * prod(extent) * images.itemsize <= _LAID,
        "spread taps": laid <= 2 << 20,
        "taps side by side": dilation[1] == 1 < channels and max(images.nbytes, kernel.nbytes) <= channels << 19,
        "tiles of taps": back and stride == dilation == unit,
        "polyphase of taps": back and stride == unit != dilation,
        "dots": outputs == len(images) == 1,
        "sub-images of taps": stride != unit == dilation,
    }
    return {name for name, fit in fits.items() if fit}


def _choose(
    images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair, accuracy: str, wanted: str = ""
) -> str:
    """The fastest schedule by sizes; each was measured against the others.

    wanted: the name of one that wins if it can compute this; it stands for the form with many taps and few outputs,
    the gradient by a kernel, as well.
    """
    return _choice(images.shape, kernel.shape, images.dtype, stride, dilation, extent, accuracy, wanted)


@lru_cache(maxsize=256)
def _choice(
    images_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    stride: Pair,
    dilation: Pair,
    extent: Pair,
    accuracy: str,
    wanted: str,
) -> str:
    """The same by what it depends on, kept for the next call; the arrays take no memory."""
    images, kernel = (np.broadcast_to(np.zeros((), dtype), shape) for shape in (images_shape, kernel_shape))
    possible = _possible(images, kernel, stride, dilation, extent, accuracy)
    few = prod(kernel_shape[3:]) > prod(extent)
    wanted = _OF_TAPS.get(wanted, wanted) if few else wanted
    if wanted in possible:
        return wanted
    if possible == {"direct", "taps"}:  # of other types
        return "taps" if few else "direct"
    chosen = _chosen_of_taps if few else _chosen
    return chosen(possible, images, kernel, stride, dilation, extent, accuracy)


def _chosen(
    possible: set[str], images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair, accuracy: str
) -> str:
    """The fastest of those that are possible where there are more outputs than taps."""
    outputs, channels, *_ = kernel.shape[1:]
    taps = (kernel.shape[3], kernel.shape[4])
    if taps == (1, 1) and extent == images.shape[3:]:
        return "direct"  # nothing is copied
    if "toeplitz" in possible and _worth_toeplitz(taps, stride, dilation, extent):
        runs = "toeplitz tiles" in possible and _worth_runs(taps, extent, images.itemsize)
        large = min(extent) >= 64 and _worth_spectra(taps, runs, images.itemsize)
        return "fourier" if large and "fourier" in possible else "toeplitz tiles" if runs else "toeplitz"
    saving, many = _saving(taps, stride, extent, accuracy), _many_tiles(len(images), taps, stride, extent, accuracy)
    wide = channels * outputs * prod(extent) >= 1 << 17 and _worth(channels, outputs, taps, saving)
    if wide and many and "tiles" in possible and prod(taps) > 4:
        return "tiles"
    saved = _saved_together(channels, outputs, taps, _phased(extent, dilation), accuracy)
    if "sub-images" in possible and saved * images.itemsize >= _PAYS:
        return "sub-images"
    if "polyphase" in possible and min(channels, outputs) >= 16 and saving >= 3 and many:
        return "polyphase"
    beside = "side by side" in possible and extent[1] < _LONG and len(images) >= 8
    if beside and _worth_merging(channels, outputs, taps):
        return "side by side"
    plain, every = _plain(images, kernel, stride, dilation, extent), _phased(extent, dilation)
    if plain == "direct" and "sub-images" in possible and channels * prod(taps) * prod(every) >= 1 << 16:
        part = _plain(images[..., :: dilation[0], :: dilation[1]], kernel, (1, 1), (1, 1), every)
        if part == "shifted" or (part == "rows" and every[1] >= 32):
            return "sub-images"
    return plain


def _chosen_of_taps(
    possible: set[str], images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair, accuracy: str
) -> str:
    """The fastest of those that are possible where there are more taps than outputs: the gradient by a kernel.

    Its images are `images`, with a batch of `channels`, and it has the strides as dilations.
    """
    outputs, channels, *_ = kernel.shape[1:]
    taps = (kernel.shape[3], kernel.shape[4])
    if "dots" in possible and dilation == (1, 1) and _worth_dots(len(kernel), channels, taps, stride):
        return "dots"
    if extent == (1, 1) and taps == images.shape[3:]:
        return "taps"
    saved = _saved_together(len(images), outputs, extent, _phased(taps, stride), accuracy)
    if "sub-images of taps" in possible and saved * images.itemsize >= _PAYS:
        return "sub-images of taps"
    saving, many = _saving(extent, dilation, taps, accuracy), _many_tiles(channels, extent, dilation, taps, accuracy)
    wide = len(images) * outputs * prod(taps) >= 1 << 17 and _worth(len(images), outputs, extent, saving)
    if wide and many and "tiles of taps" in possible:
        return "tiles of taps"
    if "polyphase of taps" in possible and saving >= 3 and many and min(len(images), outputs) >= 12:
        return "polyphase of taps"
    laid, read = outputs * prod(images.shape[3:]), len(images) * prod(taps)  # what is written for each tap
    if "spread taps" in possible and 4 * laid <= read >= (1 << 16) // images.itemsize:
        return "spread taps"
    shared = _rows_share(extent, len(images), dilation, stride)
    beside = "taps side by side" in possible and _narrow(taps[1], channels, images.itemsize, shared)
    if beside and _worth_merging(len(images), outputs, extent):
        return "taps side by side"
    return _plain_of_taps(images, kernel, stride, dilation, extent)


def _many_tiles(count: int, taps: Pair, stride: Pair, extent: Pair, accuracy: str) -> bool:
    """So many tiles, of all images together, that transforming the kernel, as long as that of some, is paid for."""
    tile, phased = _tile_of(_phased(taps, stride), extent, accuracy), prod(_phased(taps, stride))
    tiles = count * prod(-(-n // max(1, m)) for n, m in zip(extent, tile))
    saved = _saving(taps, stride, extent, accuracy) * tiles
    return tiles >= 8 * phased or saved >= 2.2 * (tiles + 1.5 * phased)


def _saved_together(channels: int, outputs: int, taps: Pair, extent: Pair, accuracy: str) -> float:
    """The products that tiles save in one of many sub-images, which share the transformed kernel; 0 where they lose.

    What is cut and laid for each sub-image takes some microseconds beside it.
    """
    saving = _saving(taps, (1, 1), extent, accuracy)
    if prod(taps) <= 4 or not _worth(channels, outputs, taps, saving):
        return 0
    return channels * outputs * prod(extent) * prod(taps) * (1 - 1 / saving)


def _worth(channels: int, outputs: int, taps: Pair, saving: float) -> bool:
    """So many channels on both sides pay for the transforms of tiles that save so many products.

    Tiles on one axis alone read as much as those on both, and save less.
    """
    least = 120 if min(taps) > 1 else 288
    return min(channels, outputs) * saving >= 48 and sqrt(channels * outputs) * saving >= least


def _worth_toeplitz(taps: Pair, stride: Pair, dilation: Pair, extent: Pair) -> bool:
    """One channel: what the matrices save over rows that neighbours share pays for making them, and for their zeros."""
    if _rows_share(taps, 1, stride, dilation) and (prod(taps) < 9 or (prod(taps) < 50 and prod(extent) < 1 << 13)):
        return False
    return prod(extent) >= 1 << 11 and _band(taps[0], stride[0], dilation[0], _tall(taps[0])) <= 12 * taps[0]


def _worth_dots(groups: int, count: int, extent: Pair, dilation: Pair) -> bool:
    """The gradient by a kernel of one channel: each image by itself, where no rows of many images can be shared."""
    apart = groups > 1 or dilation[0] > 1
    return count == 1 or prod(extent) >= (600 if apart else 1 << 15)


def _worth_runs(taps: Pair, extent: Pair, itemsize: int) -> bool:
    """What tiles across the rows of such matrices save pays for transforming all that is read, also by neighbours."""
    m, rows = _TAPS_A_RUN, min(extent[0], _tall(taps[0]))
    runs, tiles = -(-taps[1] // m), -(-extent[1] // m)
    saved = (rows + taps[0] - 1) * (taps[1] - (2 * m - 1) * runs / m) * itemsize  # products of an output
    read = (extent[0] + taps[0] - 1) * (tiles + 2 * runs)
    return saved * extent[0] * tiles >= 305 * read and saved * prod(extent) >= 5 << 22


def _worth_spectra(taps: Pair, runs: bool, itemsize: int) -> bool:
    """Spectra, which take as long for any number of taps, beat matrices, or those with tiles across (runs)."""
    if runs:
        return min(taps) >= 12 and prod(taps) >= {4: 1000, 8: 400}[itemsize]
    return min(taps) >= {4: 19, 8: 17}[itemsize]


def _tall(taps: int) -> int:
    """How many rows of outputs one Toeplitz matrix computes: more would add zeros to few taps."""
    return 2 if taps <= 8 else 4


def _band(taps: int, stride: int, dilation: int, rows: int) -> int:
    """How many rows of an image so many rows of outputs read."""
    return stride * (rows - 1) + dilation * (taps - 1) + 1


def _rows_share(taps: Pair, channels: int, stride: Pair, dilation: Pair) -> bool:
    """Laying out the taps of a row copies far less than laying out windows: neighbouring rows share what they read."""
    return dilation[0] == 1 and channels <= 32 and taps[0] >= 2 * stride[0]


def _narrow(length: int, count: int, itemsize: int, shared: bool) -> bool:
    """Short rows of many images: they are better laid entry by entry beside each other.

    shared: then as rows that neighbours share.
    """
    return count >= 8 and (length < _LONG or (shared and length * itemsize < _LONG_OF_TAPS))


def _worth_merging(channels: int, outputs: int, taps: Pair) -> bool:
    """Laying images beside each other turns inputs and outputs round once, and saves the short rows of every tap."""
    return prod(taps) * channels >= 3 * channels + 2 * outputs


def _row_fits(images: Array, kernel: Array) -> bool:
    """The products of one row are held at once."""
    products = kernel.shape[1] * prod(kernel.shape[3:])
    return bool(2 * products * images.shape[4] * images.itemsize <= 1 << 21)


def _row_by_row(kernel: Array, stride: Pair) -> bool:
    """Sums of shifted rows only, the taps along a row as columns: fewer entries are copied than would be added up."""
    outputs, channels, r, c = kernel.shape[1:]
    return stride[1] > 1 or c * channels + r * outputs < r * c * outputs


def _plain(images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair) -> str:
    """Of the schedules that fit most sizes: sums of shifted products where there are few outputs.

    They multiply what is read, and the others what is written; a row that neighbours share is laid out soon.
    """
    outputs, channels, *taps = kernel.shape[1:]
    shared = _rows_share((taps[0], taps[1]), channels, stride, dilation)
    long = images.shape[4] + dilation[1] * (taps[1] - 1)  # a row with the zeros that keep its products apart
    few = (3 if shared else 2) * outputs * images.shape[3] * long <= channels * prod(extent)
    again = dilation[0] * (taps[0] - 1) + 1  # rows that are read again where blocks of rows meet
    held = (channels + outputs * prod(taps)) * again * long * images.itemsize <= 7 << 19
    if stride[0] == 1 and 1 < prod(taps) <= 50 and few and held and _row_fits(images, kernel):
        return "shifted"
    return "rows" if shared and extent[1] >= _LONG else "direct"


def _plain_of_taps(images: Array, kernel: Array, stride: Pair, dilation: Pair, extent: Pair) -> str:
    """The same for the gradient by a kernel: the products of every row are added up, and must stay in the cache."""
    summed = len(images) * kernel.shape[1] * prod(extent) * images.itemsize <= 3 << 15
    shared = _rows_share(extent, len(images), dilation, stride)
    return "rows of taps" if summed and shared and kernel.shape[4] * images.itemsize >= _LONG_OF_TAPS else "taps"
