"""Helpers that a module for dask carries along: this file's text is copied, part by part at the lines of dashes.

An operation runs tile by tile: each operand is cut along the loops that the formula lets be cut, every block gets
the halo that the tile reaches beyond it, and a NumPy function makes the tile of the result.  The names that the
NumPy helpers bring (`Any`, `Array`, `Callable`, `np`) are those of the module that the text is copied into.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from symconv.kernels.runtime.checks import _array, _integers, _refuse_type
from symconv.kernels.runtime.types import Array

# ---- imports
try:
    import dask.array
    import dask.array.overlap
except ImportError as error:
    raise ImportError(
        "dask: not installed; these functions need dask and its arrays; run: python -m pip install 'dask[array]'"
    ) from error

# ---- helpers
Lazy = Any  # a dask array, or what becomes one
dask_array: Any = dask.array  # its functions have no types


class _Read(NamedTuple):
    """One axis of an operand: the tile of m indices from x on reads step*m + halo positions from step*x + first on."""

    loop: str
    step: int
    first: int
    halo: int


class _Write(NamedTuple):
    """One axis of the result: the tile of m indices from x on is step*m entries from step*x + first on."""

    loop: str
    step: int
    first: int


def _lazy(name: str, value: Any, layout: tuple[str, ...]) -> Lazy:
    """The value as a dask array of numbers with as many axes as the layout; integers become int64."""
    if not isinstance(value, dask_array.Array):
        return dask_array.from_array(_array(name, value, layout), chunks="auto")
    if value.dtype.kind not in "biuf":
        _refuse_type(name, value.dtype)
    if isinstance(value._meta, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: chunks with a mask given; a number at every place needed; fill them with dask.array.ma.filled"
        )
    if value.ndim != len(layout):
        axes = f"({', '.join(layout)})"
        raise ValueError(
            f"{name}: {value.ndim} axes given, shape {value.shape}; {len(layout)} needed, {axes}; reshape it"
        )
    if any(np.isnan(n) for n in value.shape):
        raise ValueError(
            f"{name}: chunks of unknown size given, shape {value.shape}; known ones needed; call .compute_chunk_sizes()"
        )
    return value if value.dtype.kind == "f" else value.map_blocks(partial(_integers, name), dtype=np.int64)


def _tiled(
    tile: Callable[..., Array],
    arrays: Sequence[Lazy],
    reads: Sequence[Sequence[_Read | None]],
    writes: Sequence[_Write | None],
    shape: tuple[int, ...],
    sums: Mapping[str, int],
    options: Mapping[str, Any],
    exact: bool,
) -> Lazy:
    """The result of a formula, tile by tile; the tiles end where the chunks of the operands do.

    tile: makes one tile from the blocks of all operands.  reads, writes: for each axis the loop that is cut, None
    where the axis stays whole.  sums: how far the loops run whose tiles are added up.  options: what `tile` takes
    besides; a text stands for the number of indices that a tile has of that loop.  exact: no fractions arise.
    """
    dtype = np.result_type(*(a.dtype for a in arrays))
    dtype = dtype if exact or dtype.kind == "f" else np.dtype(float)
    if 0 in shape or 0 in sums.values():
        return dask_array.zeros(shape, dtype=dtype)
    ends = {loop: (0, n) for loop, n in sums.items()}
    for write, n in zip(writes, shape):
        if write is not None:
            ends[write.loop] = -write.first // write.step, -((write.first - n) // write.step)
    shift = {w.loop: w.first // w.step for w in writes if w is not None}
    bounds = {loop: _bounds(loop, *ends[loop], shift.get(loop, 0), arrays, reads) for loop in ends}
    blocks = [_with_halo(array, axes, bounds, shift) for array, axes in zip(arrays, reads)]
    one = partial(_one_tile, tile, reads, [a.shape for a in arrays], bounds, len(sums), dtype, options)
    result = _all_tiles(one, blocks, reads, writes, shape, tuple(sums), bounds, dtype)
    firsts = [w.step * bounds[w.loop][0] + w.first if w else 0 for w in writes]  # the first tile may begin before 0
    result = result[(slice(None),) * len(sums) + tuple(slice(-f, n - f) for f, n in zip(firsts, shape))]
    return result.sum(axis=tuple(range(len(sums))), dtype=dtype) if sums else result


def _all_tiles(
    one: Callable[..., Array],
    blocks: Sequence[Lazy],
    reads: Sequence[Sequence[_Read | None]],
    writes: Sequence[_Write | None],
    shape: tuple[int, ...],
    sums: tuple[str, ...],
    bounds: Mapping[str, Sequence[int]],
    dtype: Any,
) -> Lazy:
    """One chunk for each combination of tiles; a leading axis for each sum that is cut."""
    parts: list[Any] = []
    for number, (block, axes) in enumerate(zip(blocks, reads)):
        parts += [block, tuple(r.loop if r else f"{number}.{axis}" for axis, r in enumerate(axes))]
    for loop, at in bounds.items():
        parts += [dask_array.from_array(np.stack([at[:-1], at[1:]], axis=1), chunks=(1, 2)), (loop, f"{loop}.ends")]
    labels = (*sums, *(w.loop if w else f"result.{axis}" for axis, w in enumerate(writes)))
    chunks = {loop: (1,) * (len(bounds[loop]) - 1) for loop in sums}
    chunks |= {w.loop: tuple(int(w.step * m) for m in np.diff(bounds[w.loop])) for w in writes if w}
    return dask_array.blockwise(
        one,
        labels,
        *parts,
        new_axes={f"result.{axis}": n for axis, (w, n) in enumerate(zip(writes, shape)) if w is None},
        adjust_chunks=chunks,
        concatenate=True,
        align_arrays=False,
        dtype=dtype,
        meta=np.empty((0,) * len(labels), dtype),
    )


def _before(read: _Read, shift: int) -> int:
    """How much of the halo lies before the positions that a tile is mostly made from."""
    return max(0, min(read.halo, read.step * shift - read.first))


def _bounds(
    loop: str, start: int, stop: int, shift: int, arrays: Sequence[Lazy], reads: Sequence[Sequence[_Read | None]]
) -> list[int]:
    """Where the tiles of a loop end: with the chunks of the operand that has most, none shorter than a halo.

    shift: how many indices an entry of the result stands behind the one that it is mostly made from.
    """
    axes = [
        (chunks, read)
        for array, row in zip(arrays, reads)
        for chunks, read in zip(array.chunks, row)
        if read is not None and read.loop == loop
    ]
    found: list[int] = []
    for chunks, read in axes:
        own = sorted({-(-int(end) // read.step) - shift for end in np.cumsum(chunks)[:-1]})
        found = max(found, own, key=len)
    least = max([1, *(-(-r.halo // r.step) for _, r in axes)])
    bounds = [start]
    for end in found:
        places = ((r.step * end + r.first + _before(r, shift), sum(chunks), r.halo) for chunks, r in axes)
        inside = all(max(1, halo) <= place <= n - max(1, halo) for place, n, halo in places)
        if inside and bounds[-1] + least <= end < stop:
            bounds.append(end)
    return [*bounds, stop]


def _with_halo(
    array: Lazy, axes: Sequence[_Read | None], bounds: Mapping[str, Sequence[int]], shift: Mapping[str, int]
) -> Lazy:
    """The operand with one chunk for each tile, which holds all that the tile reads of it.

    The chunks are cut where the tiles end; what a tile reads before and after them is the overlap, exchanged as
    dask.array.map_overlap does.
    """
    chunks: list[Any] = []
    depth: dict[int, tuple[int, int]] = {}
    for axis, read in enumerate(axes):
        depth[axis] = (0, 0)
        if read is None:
            chunks.append(-1)
            continue
        before, inner = _before(read, shift.get(read.loop, 0)), bounds[read.loop][1:-1]
        cuts = [0, *(read.step * x + read.first + before for x in inner), array.shape[axis]]
        chunks.append(tuple(int(n) for n in np.diff(cuts)))
        if inner:
            depth[axis] = (before, max(0, read.halo - before))
    array = array.rechunk(tuple(chunks), method="tasks")
    return dask_array.overlap.overlap(array, depth, boundary="none", allow_rechunk=False)


def _one_tile(
    tile: Callable[..., Array],
    reads: Sequence[Sequence[_Read | None]],
    shapes: Sequence[tuple[int, ...]],
    bounds: Mapping[str, Sequence[int]],
    sums: int,
    dtype: Any,
    options: Mapping[str, Any],
    *blocks: Array,
) -> Array:
    """The tile of the result that these blocks make, zeros put where a tile reads outside an array."""
    spans = {loop: (int(at[0, 0]), int(at[0, 1])) for loop, at in zip(bounds, blocks[len(reads) :])}
    parts: list[Array] = []
    for block, axes, shape in zip(blocks, reads, shapes):
        around: list[tuple[int, int]] = []
        for axis, (read, n) in enumerate(zip(axes, shape)):
            around.append((0, 0))
            if read is not None:
                start, stop = spans[read.loop]
                first, end = read.step * start + read.first, read.step * stop + read.first + read.halo
                low, high = min(n, max(0, first)), max(0, min(n, end))
                begin = 0 if start == bounds[read.loop][0] else first  # the position of the block's first entry
                block = block[(slice(None),) * axis + (slice(low - begin, max(low, high) - begin),)]
                around[-1] = (min(max(0, -first), end - first), min(max(0, end - n), end - first))
        parts.append(np.pad(block, around) if any(map(any, around)) else block)
    length = {loop: stop - start for loop, (start, stop) in spans.items()}
    given = {name: length[value] if isinstance(value, str) else value for name, value in options.items()}
    return np.asarray(tile(*parts, **given), dtype)[(None,) * sums]
