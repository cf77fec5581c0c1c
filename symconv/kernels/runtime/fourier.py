"""Tiles in the frequency domain: the windows of a large kernel as products of spectra, overlap-save."""

from __future__ import annotations

import numpy as np

from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut
from symconv.kernels.runtime.workspace import _WORKSPACE


def _length(taps: int, outputs: int) -> int:
    """The side of a tile, a power of two or three quarters of one, for which all tiles together are smallest.

    Up to 384, so that a tile and its spectra stay in a near cache; more for a kernel that needs it.
    """
    known = [n for k in range(4, 40) for n in (3 << (k - 2), 1 << k) if taps <= n <= max(384, 2 * taps)]
    return min(known, key=lambda n: n * -(-outputs // (n - taps + 1)))


def _fourier(images: Array, kernel: Array, start: Pair, out: Array) -> None:
    """out[n, o, i, j] = sum of kernel[o, k, u, v] * images[n, k, i + u - start[0], j + v - start[1]].

    A tile of a x b entries, correlated in a circle, has its first a - r + 1 rows and b - c + 1 columns right.
    """
    (count, channels), (outputs, _, r, c) = images.shape[:2], kernel.shape
    a, b = _length(r, out.shape[2]), _length(c, out.shape[3])
    rows, columns = a - r + 1, b - c + 1
    narrow = np.fft.rfft(kernel, b)
    spectrum = _WORKSPACE.take("weights", (outputs, channels, a, b // 2 + 1), narrow.dtype)
    np.conjugate(np.fft.fft(narrow, a, axis=2), out=spectrum)
    for n in range(count):
        for i in range(0, out.shape[2], rows):
            for j in range(0, out.shape[3], columns):
                tile = _WORKSPACE.take("a", (channels, a, b), images.dtype)
                _cut(images[n], i - start[0], j - start[1], tile)
                transformed = np.fft.rfft2(tile)
                place = out[n, :, i : i + rows, j : j + columns]
                for o in range(outputs):
                    product = (spectrum[o] * transformed).sum(axis=0)
                    product = np.fft.ifft(product, axis=0)[: place.shape[1]]
                    place[o] = np.fft.irfft(product, b)[:, : place.shape[2]]
