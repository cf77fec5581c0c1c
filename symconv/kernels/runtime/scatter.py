"""The adjoint: every product is added where its window read.  One correlation for each phase of the stride.

Position x = s i + d u - p of a sum over i and u takes only the taps u with d u = x + p (mod s).  Those of one
class u0, u0 + s', u0 + 2 s', .. (s' = s / gcd(s, d)) reach one class of positions, and there the sum is a
correlation with stride 1 and dilation d s' / s of the upstream gradient with these taps, turned round.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, prod
from typing import NamedTuple

from symconv.kernels.runtime.correlate import _correlate
from symconv.kernels.runtime.types import Array, Pair


class _Phase(NamedTuple):
    """Positions first, first + stride, .. of an output take the taps tap, tap + step, .. of the kernel.

    many: of the positions.  start, dilation: of the correlation with these taps, turned round.
    """

    first: int
    many: int
    tap: int
    step: int
    start: int
    dilation: int


def _phases(extent: int, taps: int, stride: int, dilation: int, padding: int) -> Iterator[_Phase]:
    """The phases of x = stride * i + dilation * u - padding for x in 0 .. extent - 1."""
    step = stride // gcd(stride, dilation)
    spread = dilation * step // stride
    for tap in range(min(step, taps)):
        first = (dilation * tap - padding) % stride
        many = -(-(extent - first) // stride)
        shift = (first + padding - dilation * tap) // stride  # i of the first position and the first tap
        last = -(-(taps - tap) // step) - 1
        if many > 0:
            yield _Phase(first, many, tap, step, last * spread - shift, spread)


def _parts(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array
) -> Iterator[tuple[Array, Array, Pair, Pair, Array]]:
    """The correlations that make up an adjoint: images, kernel, start, dilation, and the part of `out` they fill."""
    if prod(kernel.shape[3:]) > prod(upstream.shape[3:]):  # the two are alike: let the smaller one be the taps
        upstream, kernel, out = kernel.transpose(2, 0, 1, 3, 4), upstream.transpose(1, 2, 0, 3, 4), out.swapaxes(0, 2)
        stride, dilation = dilation, stride
    turned = kernel.transpose(0, 2, 1, 3, 4)
    for a in _phases(out.shape[3], kernel.shape[3], stride[0], dilation[0], start[0]):
        for b in _phases(out.shape[4], kernel.shape[4], stride[1], dilation[1], start[1]):
            taps = turned[..., a.tap :: a.step, b.tap :: b.step][..., ::-1, ::-1]
            place = out[..., a.first :: stride[0], b.first :: stride[1]]
            yield upstream, taps, (a.start, b.start), (a.dilation, b.dilation), place


def _scatter(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, threads: int = 1
) -> None:
    """out[n, g, k, x, y] = sum over o, u, v, i, j of kernel[g, o, k, u, v] * upstream[n, g, o, i, j].

    x = stride[0] * i + dilation[0] * u - start[0], y likewise.
    """
    parts = list(_parts(upstream, kernel, start, stride, dilation, out))
    if sum(part[-1].size for part in parts) < out.size:
        out[...] = 0
    for images, taps, first, spread, place in parts:
        _correlate(images, taps, first, (1, 1), spread, place, threads)
