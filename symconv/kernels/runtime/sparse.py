"""A kernel that is mostly zero: only the taps that are not, each a shifted image times its weights."""

from __future__ import annotations

import numpy as np

from symconv.kernels.runtime.product import _product
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _cut_strided, _even
from symconv.kernels.runtime.workspace import _WORKSPACE


def _sparse(images: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """out[n, g, o, i, j] as in `_direct`: the Toeplitz matrix of the kernel times the images, its zeros left out.

    A tap counts as zero if it is for all channels and outputs.
    """
    groups, outputs, channels = kernel.shape[:3]
    taps = np.argwhere(kernel.any(axis=(0, 1, 2))).tolist()
    rows, columns = out.shape[3:]
    across = _even(columns, (1 << 18) // (max(channels, outputs) * out.itemsize))
    down = _even(rows, (1 << 18) // (max(channels, outputs) * across * out.itemsize))
    for n, g in np.ndindex(len(images), groups):
        for i in range(0, rows, down):
            for j in range(0, columns, across):
                place = out[n, g, :, i : i + down, j : j + across]
                sums = _WORKSPACE.take("sums", place.shape, out.dtype)
                sums[...] = 0
                read = _WORKSPACE.take("columns", (channels, *place.shape[1:]), out.dtype)
                product = _WORKSPACE.take("products", place.shape, out.dtype)
                for u, v in taps:
                    top, left = stride[0] * i + dilation[0] * u - start[0], stride[1] * j + dilation[1] * v - start[1]
                    _cut_strided(images[n, g], top, left, stride, read)
                    flat = product.reshape(outputs, -1)
                    _product(kernel[g, :, :, u, v], read.reshape(channels, -1), flat)
                    sums += product
                place[...] = sums
