"""The adjoint: every product is added where its window read.  One correlation for each phase of the stride.

Position x = s i + d u - p of a sum over i and u takes only the taps u with d u = x + p (mod s).  Those of one
class u0, u0 + s', u0 + 2 s', .. (s' = s / gcd(s, d)) reach one class of positions, and there the sum is a
correlation with stride 1 and dilation d s' / s of the upstream gradient with these taps, turned round.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd, prod
from typing import Any, NamedTuple

import numpy as np

from symconv.kernels.runtime.choice import _many_tiles, _phased, _saving
from symconv.kernels.runtime.col2im import _col2im, _worth_col2im
from symconv.kernels.runtime.correlate import _correlate, _shared_out, _tiles
from symconv.kernels.runtime.product import _product
from symconv.kernels.runtime.settings import ACCURACY, SCHEDULE
from symconv.kernels.runtime.types import Array, Pair
from symconv.kernels.runtime.window import _reads
from symconv.kernels.runtime.workspace import _WORKSPACE


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


@lru_cache(maxsize=256)
def _phases(extent: int, taps: int, stride: int, dilation: int, padding: int) -> tuple[_Phase, ...]:
    """The phases of x = stride * i + dilation * u - padding for x in 0 .. extent - 1."""
    found: list[_Phase] = []
    step = stride // gcd(stride, dilation)
    spread = dilation * step // stride
    for tap in range(min(step, taps)):
        first = (dilation * tap - padding) % stride
        many = -(-(extent - first) // stride)
        shift = (first + padding - dilation * tap) // stride  # i of the first position and the first tap
        last = -(-(taps - tap) // step) - 1
        if many > 0:
            found.append(_Phase(first, many, tap, step, last * spread - shift, spread))
    return tuple(found)


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


def _worth_interleaving(
    upstream: Array, kernel: Array, stride: Pair, dilation: Pair, out: Array, accuracy: str, wanted: str
) -> bool:
    """True where the tiles of all phases together take far fewer products.

    Where there are enough channels for tiles of each phase, those need not be put in their places.
    """
    outputs, channels, r, c = kernel.shape[1:]
    usual = upstream.dtype == kernel.dtype == out.dtype in (np.float32, np.float64) and dilation == (1, 1) != stride
    if not usual or 0 in (upstream.size, kernel.size, out.size) or wanted not in ("", "polyphase"):
        return False
    extent = (out.shape[3] // stride[0], out.shape[4] // stride[1])
    saving = _saving((r, c), stride, extent, accuracy)
    many = _many_tiles(len(upstream), (r, c), stride, extent, accuracy)
    wide = min(outputs, prod(stride) * channels) >= 12 and channels < 32 and saving >= 2 and many
    return prod(extent) >= prod(upstream.shape[3:]) // 2 and (wide or (saving > 0 and wanted == "polyphase"))


def _all_phases(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, accuracy: str, wanted: str
) -> str:
    """What computes all phases together, "polyphase" or "col2im"; "" where each is better a correlation by itself."""
    types = upstream.dtype, kernel.dtype, out.dtype
    return _together(upstream.shape, kernel.shape, out.shape, types, start, stride, dilation, accuracy, wanted)


@lru_cache(maxsize=256)
def _together(
    upstream_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    types: tuple[np.dtype[Any], ...],
    start: Pair,
    stride: Pair,
    dilation: Pair,
    accuracy: str,
    wanted: str,
) -> str:
    """The same by what it depends on, kept for the next call; the arrays take no memory."""
    shapes = upstream_shape, kernel_shape, out_shape
    upstream, kernel, out = (np.broadcast_to(np.zeros((), kind), shape) for kind, shape in zip(types, shapes))
    interleaved = _worth_interleaving(upstream, kernel, stride, dilation, out, accuracy, wanted)
    if interleaved:
        return "polyphase"
    return "col2im" if _worth_col2im(upstream, kernel, start, stride, dilation, out, accuracy, wanted) else ""


def _interleaved(upstream: Array, kernel: Array, start: Pair, stride: Pair, out: Array) -> None:
    """The adjoint with a dilation of 1: all phases as outputs of one correlation by tiles, then put in their places.

    Position s q + e - p takes the taps s k + e at q - k, zeros beyond the last one.
    """
    groups, outputs, channels, r, c = kernel.shape
    (s, t), (tall, wide) = stride, _phased((r, c), stride)
    taps = np.zeros((groups, s, t, channels, outputs, tall, wide), kernel.dtype)
    for e, f in np.ndindex(*stride):
        part = kernel[..., e::s, f::t].swapaxes(1, 2)
        taps[:, e, f, :, :, tall - part.shape[3] :, wide - part.shape[4] :] = part[..., ::-1, ::-1]
    taps = taps.reshape(groups, s * t * channels, outputs, tall, wide)
    first = [p // d for p, d in zip(start, stride)]
    extent = [(n - 1 + p) // d + 1 - q for n, p, d, q in zip(out.shape[3:], start, stride, first)]
    step = max(1, (1 << 20) // (prod(taps.shape[:2]) * prod(extent) * out.itemsize))
    for n in range(0, len(upstream), step):
        some = upstream[n : n + step]
        made = _WORKSPACE.take("interleaved", (len(some), *taps.shape[:2], *extent), out.dtype)
        _tiles(some, taps, (tall - 1 - first[0], wide - 1 - first[1]), (1, 1), (1, 1), made)
        split = made.reshape(len(some), groups, s, t, channels, *extent)
        for e, f in np.ndindex(*stride):
            x, y = ((g - p) % d for g, p, d in zip((e, f), start, stride))
            place = out[n : n + step, ..., x::s, y::t]
            i, j = ((v + p) // d - q for v, p, d, q in zip((x, y), start, stride, first))
            place[...] = split[:, :, e, f, ..., i : i + place.shape[3], j : j + place.shape[4]]


def _scatter(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, threads: int = 1
) -> None:
    """out[n, g, k, x, y] = sum over o, u, v, i, j of kernel[g, o, k, u, v] * upstream[n, g, o, i, j].

    x = stride[0] * i + dilation[0] * u - start[0], y likewise.
    """
    if ACCURACY != "exact" or out.dtype.kind != "f":
        _by_schedule(upstream, kernel, start, stride, dilation, out, threads)
        return
    with np.errstate(invalid="ignore"):
        _by_schedule(upstream, kernel, start, stride, dilation, out, threads)
        kind = np.result_type(out.dtype, np.float32)  # in which the sum of finite numbers is finite
        if not np.isfinite(out.sum(dtype=kind)):  # it may have met zeros that the formula has not
            made = np.empty(out.shape, kind)
            _tap_by_tap(upstream.astype(kind), kernel.astype(kind), start, stride, dilation, made)
            out[...] = made


def _tap_by_tap(upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array) -> None:
    """The same by the definition: every entry meets those entries alone with which the formula multiplies it."""
    axes = zip(kernel.shape[3:], stride, dilation, start, upstream.shape[3:], out.shape[3:])
    down, across = (_reads(*axis) for axis in axes)
    out[...] = 0
    for u, v in np.ndindex(kernel.shape[3:]):
        (i, x), (j, y) = down[u], across[v]
        for n, g in np.ndindex(out.shape[:2]):
            given = upstream[n, g, :, i, j]
            added = np.empty((out.shape[2], given[0].size), out.dtype)
            _product(kernel[g, :, :, u, v].T, given.reshape(len(given), -1), added)
            out[n, g, :, x, y] += added.reshape(len(added), *given.shape[1:])


def _by_schedule(
    upstream: Array, kernel: Array, start: Pair, stride: Pair, dilation: Pair, out: Array, threads: int
) -> None:
    """The same by the schedule that the sizes choose."""
    whole = _all_phases(upstream, kernel, start, stride, dilation, out, ACCURACY, SCHEDULE)
    if whole == "polyphase":
        _shared_out(lambda n: _interleaved(upstream[n], kernel, start, stride, out[n]), len(upstream), threads)
        return
    if whole == "col2im":
        _shared_out(lambda n: _col2im(upstream[n], kernel, start, stride, dilation, out[n]), len(upstream), threads)
        return
    parts = list(_parts(upstream, kernel, start, stride, dilation, out))
    if sum(part[-1].size for part in parts) < out.size:
        out[...] = 0
    for images, taps, first, spread, place in parts:
        _correlate(images, taps, first, (1, 1), spread, place, threads)
