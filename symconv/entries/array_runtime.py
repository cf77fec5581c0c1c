"""What the code that `lambdify` prints calls: windows, stuffing, gathering, functions.  NumPy alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import erf
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array: TypeAlias = Any  # an ndarray of any numbers
Steps = Sequence[tuple[int, Sequence[int]]]


def windows(array: Array, extents: Sequence[int], positions: Steps) -> Array:
    """A view W[k..] = array[offset + step . k ..] with zeros outside; a position is (offset, steps) for each axis.

    >>> windows(np.array([1, 2, 3]), (3, 2), [(-1, (1, 1))])
    array([[0, 1],
           [1, 2],
           [2, 3]])
    """
    extents = [max(0, n) for n in extents]
    if 0 in extents:
        return np.zeros(extents, array.dtype)
    around, starts = [], []
    for size, (offset, steps) in zip(array.shape, positions, strict=True):
        reach = [step * (n - 1) for step, n in zip(steps, extents, strict=True)]
        first, last = offset + sum(min(0, k) for k in reach), offset + sum(max(0, k) for k in reach)
        around.append((max(0, -first), max(0, last - size + 1)))
        starts.append(slice(offset + around[-1][0], None))
    if any(a or b for a, b in around):
        array = np.pad(array, around)
    strides = [
        sum(step[1][axis] * s for step, s in zip(positions, array.strides, strict=True)) for axis in range(len(extents))
    ]
    return as_strided(array[tuple(starts)], extents, strides, writeable=False)


def stuff(array: Array, steps: Sequence[int]) -> Array:
    """steps - 1 zeros between the entries of each axis.

    >>> stuff(np.array([1, 2]), (3,))
    array([1, 0, 0, 2])
    """
    result = np.zeros([s * (n - 1) + 1 if n else 0 for s, n in zip(steps, array.shape, strict=True)], array.dtype)
    result[tuple(slice(None, None, s) for s in steps)] = array
    return result


def formula(extents: Sequence[int], entry: Callable[..., Any]) -> Array:
    """entry(k..) at all places.

    >>> formula((2, 2), lambda i, j: i >= j)
    array([[ True, False],
           [ True,  True]])
    """
    extents = tuple(max(0, n) for n in extents)
    return np.broadcast_to(entry(*np.ogrid[tuple(slice(n) for n in extents)]), extents)


def gather(array: Array, axis: int, extents: Sequence[int], position: Callable[..., Any]) -> Array:
    """One axis read at the positions, zero outside.

    >>> gather(np.array([5, 7]), 0, (3,), lambda i: i - 1)
    array([0, 5, 7])
    """
    at = formula(extents, position)
    size = array.shape[axis]
    if not size:
        return np.zeros((*array.shape[:axis], *at.shape, *array.shape[axis + 1 :]), array.dtype)
    inside = (at >= 0) & (at < size)
    taken = np.take(array, np.where(inside, at, 0), axis)
    return taken * inside.reshape(*inside.shape, *[1] * (array.ndim - axis - 1))


def greatest(array: Array, count: int) -> Array:
    """The maximum over the last axes."""
    return array.max(axis=tuple(range(array.ndim - count, array.ndim)))


def einsum(subscripts: str, *arrays: Any) -> Array:
    """numpy.einsum in the cheapest order, conditions counted as 1 and 0."""
    numbers = [a.astype(np.int64) if a.dtype == bool else a for a in arrays]
    return np.einsum(subscripts, *numbers, optimize=True)


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _erf(x: Array) -> Array:
    """NumPy has no error function; the one of the standard library, entry by entry."""
    return np.asarray(np.frompyfunc(erf, 1, 1)(x), dtype=np.float64)


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "square": np.square,
    "sigmoid": _sigmoid,
    "softplus": lambda x: np.logaddexp(0, x),
    "normal_cdf": lambda x: 0.5 * (1 + _erf(x / np.sqrt(2.0))),
    "normal_pdf": lambda x: np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
    "gelu": lambda x: 0.5 * x * (1 + _erf(x / np.sqrt(2.0))),
    "relu": lambda x: np.maximum(x, 0),
    "step": lambda x: (x > 0).astype(x.dtype),
    "reciprocal": lambda x: 1 / x,
}

HELPERS: dict[str, Callable[..., Any]] = {
    "windows": windows,
    "stuff": stuff,
    "formula": formula,
    "gather": gather,
    "greatest": greatest,
    "einsum": einsum,
}

__all__ = ["FUNCTIONS", "HELPERS", "einsum", "formula", "gather", "greatest", "stuff", "windows"]
