"""Reading and writing arrays: zeros around, strided views, index arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from symconv.kernels.runtime.types import Array


def _result(out: Array | None, shape: tuple[int, ...], dtype: Any, *read: Array) -> Array:
    """The caller's array if it fits, else a new one.

    A new one too where it shares memory with an array that is still read.
    """
    if out is None:
        try:
            return np.empty(shape, dtype)
        except ValueError:
            raise MemoryError(
                f"result: shape {shape} of {np.dtype(dtype)} asked for; fewer entries needed; give smaller sizes"
            ) from None
    _check_out(out, shape, dtype)
    return np.empty(shape, dtype) if any(np.may_share_memory(out, array) for array in read) else out


def _check_out(out: Array, shape: tuple[int, ...], dtype: Any) -> None:
    """Refuse a caller's array that cannot hold the result."""
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(
            f"out: {type(out).__name__} given; an array of NumPy without a mask needed; "
            "give such an array or leave it out"
        )
    if out.shape != shape or out.dtype != dtype or not out.flags.writeable:
        raise ValueError(
            f"out: shape {out.shape} of {out.dtype}{'' if out.flags.writeable else ', read-only,'} given; "
            f"{shape} of {np.dtype(dtype)}, writeable, needed; give such an array or leave it out"
        )
    if out.size and 0 in out.strides and any(n > 1 and not stride for n, stride in zip(out.shape, out.strides)):
        raise ValueError(
            f"out: strides {out.strides} given, so that entries share memory; a place for each needed; "
            "give another array or leave it out"
        )


def _sums(out: Array | None, shape: tuple[int, ...], dtype: Any, *read: Array) -> Array:
    """An array for sums that are divided afterwards: of floats the caller's own, if it fits."""
    if np.dtype(dtype).kind == "f":
        return _result(out, shape, dtype, *read)
    if out is not None:
        _check_out(out, shape, np.float64)
    return _result(None, shape, dtype)


def _quotient(sums: Array, divisor: int, out: Array | None) -> Array:
    """sums / divisor: of floats where they stand, else in the caller's array or in a new one."""
    place = sums if sums.dtype.kind == "f" else _result(out, sums.shape, np.dtype(np.float64))
    return np.divide(sums, divisor, out=place)


def _stored(result: Array, out: Array | None) -> Array:
    """The result, copied into the caller's array if there is one."""
    if out is None or result is out:
        return result
    stored = _result(out, result.shape, result.dtype)
    stored[...] = result
    return stored


def _padded(array: Array, *amounts: tuple[int, int]) -> Array:
    """Zeros before and after, a pair of amounts for each axis; the array itself where there are none."""
    if not any(before or after for before, after in amounts):
        return array
    shape = [before + n + after for n, (before, after) in zip(array.shape, amounts)]
    result = np.zeros(shape, array.dtype)
    result[tuple(slice(before, before + n) for n, (before, _) in zip(array.shape, amounts))] = array
    return result


def _view(array: Array, start: tuple[int, ...], shape: tuple[int, ...], steps: tuple[tuple[int, ...], ...]) -> Array:
    """array[start + sum of k * steps[k]] for all indices k, one axis for each; nothing is copied.

    steps: for each index the distance that it moves on each axis of the array.
    """
    for axis, extent in enumerate(array.shape):
        far = [move[axis] * (n - 1) for move, n in zip(steps, shape)]
        first, last = start[axis] + sum(min(0, f) for f in far), start[axis] + sum(max(0, f) for f in far)
        if min(shape) > 0 and not 0 <= first <= last < extent:
            raise IndexError(f"axis {axis}: positions {first} to {last} asked for; it has {extent}")
    strides = [sum(step * stride for step, stride in zip(move, array.strides)) for move in steps]
    return as_strided(array[tuple(slice(s, None) for s in start)], shape, strides, writeable=False)


def _grid(*counts: int) -> list[Array]:
    """Index arrays 0 .. n-1, one for each count, that broadcast against each other."""
    if prod(counts) > 1 << 26:
        raise MemoryError(
            f"index arrays: {counts} positions, {prod(counts)} in all, given; at most {1 << 26} are held at once; "
            "call the function on smaller parts"
        )
    return [np.arange(n).reshape([n if k == axis else 1 for k in range(len(counts))]) for axis, n in enumerate(counts)]


def _gather(array: Array, *positions: Array) -> Array:
    """array[positions], an index array for each axis; zero where one lies outside."""
    inside = np.array(True)
    for position, n in zip(positions, array.shape):
        inside = inside & (position >= 0) & (position < n)
    if array.size == 0:
        return np.zeros(inside.shape, array.dtype)
    clipped = tuple(np.clip(position, 0, n - 1) for position, n in zip(positions, array.shape))
    return np.where(inside, array[clipped], np.zeros((), array.dtype))


def _scatter_add(out: Array, positions: tuple[Array, ...], values: Any) -> None:
    """out[positions] += values, an index array for each axis; what lies outside is dropped."""
    inside = np.array(True)
    for position, n in zip(positions, out.shape):
        inside = inside & (position >= 0) & (position < n)
    kept, added, *places = np.broadcast_arrays(inside, values, *positions)
    np.add.at(out, tuple(place[kept] for place in places), added[kept])
