"""The digits that tiles lose, measured: the table in docs/kernels.md.

Run it with:  python -m tests.benchmarks.digits

Each tile F(m, r), used down and across, is run on normally distributed data with 64 channels, forward and as the
gradient by a kernel, and compared with the sum over the taps in twice the digits: that of float32 in float64, that of
float64 in the long double of the machine.  A figure is the greatest error over the greatest entry, the worst of ten
draws and of all shorter tiles, which images of fewer rows and columns get; with half as much to spare, rounded up to
one digit.
"""

from __future__ import annotations

from math import ceil, floor, log10
from typing import Any

import numpy as np

from symconv.kernels.runtime.winograd import _winograd, _winograd_taps
from symconv.kernels.schedules.digits import figure, tiles_by_accuracy

Array = np.ndarray[Any, np.dtype[Any]]
WIDER = {"float32": np.float64, "float64": np.longdouble}
CHANNELS = 64
SPARE = 1.5


def windows(images: Array, kernel: Array, extent: tuple[int, int]) -> Array:
    """[n, o, i, j] = sum of kernel[o, k, u, v] * images[n, k, i + u, j + v], tap by tap in the wider type."""
    wide = WIDER[str(images.dtype)]
    total = np.zeros((len(images), len(kernel), extent[0] * extent[1]), wide)
    for u, v in np.ndindex(*kernel.shape[2:]):
        read = images[:, :, u : u + extent[0], v : v + extent[1]].astype(wide)
        total += kernel[:, :, u, v].astype(wide) @ read.reshape(*read.shape[:2], -1)
    return total.reshape(*total.shape[:2], *extent)


def forward_error(tile: tuple[int, int], dtype: str, seed: int, side: int = 20, outputs: int = 12) -> float:
    """Of a sum over windows by tiles."""
    (m, r), rng = tile, np.random.default_rng(seed)
    images = rng.standard_normal((1, CHANNELS, side + r - 1, side + r - 1)).astype(dtype)
    kernel = rng.standard_normal((outputs, CHANNELS, r, r)).astype(dtype)
    out = np.empty((1, outputs, side, side), dtype)
    _winograd([*images], kernel, [(0, 0)] * len(images), (1, 1), (m, m), [*out])
    return _relative(out, windows(images, kernel, (side, side)))


def kernel_error(tile: tuple[int, int], dtype: str, seed: int, side: int = 20, outputs: int = 12) -> float:
    """Of a gradient by a kernel, whose results are the r x r taps."""
    (m, r), rng = tile, np.random.default_rng(seed)
    images = rng.standard_normal((4, CHANNELS, side + r - 1, side + r - 1)).astype(dtype)
    upstream = rng.standard_normal((4, outputs, side, side)).astype(dtype)
    out = np.empty((outputs, CHANNELS, r, r), dtype)
    _winograd_taps([*images], [*upstream], [(0, 0)] * len(images), (1, 1), (m, m), out)
    wanted = windows(images.swapaxes(0, 1), upstream.swapaxes(0, 1), (r, r)).swapaxes(0, 1)
    return _relative(out, wanted)


def _relative(found: Array, wanted: Array) -> float:
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def worst(tile: tuple[int, int], dtype: str, seeds: range) -> float:
    """Of a tile, and of all shorter ones where these are chosen: in images of no more rows and columns."""
    m, r = tile
    sides = [(m, 20), *((k, k) for k in range(1, m))]
    errors = (forward_error, kernel_error)
    return max(error((k, r), dtype, seed, side) for k, side in sides for seed in seeds for error in errors)


def rounded_up(value: float) -> float:
    """To one digit.

    >>> rounded_up(3.2e-6), rounded_up(9.7e-16)
    (4e-06, 1e-15)
    """
    power = floor(log10(value))
    return float(f"{ceil(value / 10.0**power)}e{power}")


def tiles() -> list[tuple[int, int]]:
    """All that an accuracy allows."""
    return sorted({t for accuracy in ("exact", "fast") for t in tiles_by_accuracy(accuracy)}, key=lambda t: t[::-1])


def row(tile: tuple[int, int], single: float, double: float) -> str:
    """A line of the table in docs/kernels.md."""
    allowed = " and ".join(a for a in ("exact", "fast") if tile in tiles_by_accuracy(a))
    return f"| F({tile[0]}, {tile[1]}) | {allowed} | {figure(single)} | {figure(double)} |"


def main() -> None:
    print("| tile | accuracy | error in float32 | in float64 |\n| --- | --- | --- | --- |")
    for tile in tiles():
        single, double = (rounded_up(SPARE * worst(tile, dtype, range(10))) for dtype in WIDER)
        print(row(tile, single, double), flush=True)


if __name__ == "__main__":
    main()
