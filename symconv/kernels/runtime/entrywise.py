"""Functions of single entries, and the table of the referee's loops."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array


def _first_greatest(values: Array, axes: int) -> Array:
    """True at the greatest entry over the last axes, the first in row-major order; else False."""
    flat = values.reshape(*values.shape[:-axes], prod(values.shape[-axes:]))
    greatest = flat.argmax(axis=-1)
    onehot: Array = greatest[..., None] == np.arange(flat.shape[-1])
    return onehot.reshape(values.shape)


class _Table:
    """Entries that are computed when they are asked for, each once."""

    def __init__(self, shape: tuple[int, ...], entry: Callable[..., Any]) -> None:
        self.shape = shape
        self.entry = entry
        self.known: dict[tuple[int, ...], Any] = {}

    def __getitem__(self, index: tuple[int, ...]) -> Any:
        if index not in self.known:
            self.known[index] = self.entry(*index)
        return self.known[index]


def _at(array: Any, *index: int) -> Any:
    """One entry, zero outside the array."""
    return array[index] if all(0 <= k < n for k, n in zip(index, array.shape)) else 0


def _first(pairs: Any) -> Any:
    """Of pairs (place, value) the place of the greatest value, the first of equal ones."""
    return max(pairs, key=lambda pair: pair[1])[0]


def _sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), written so that nothing overflows."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def _step(x: Any) -> Any:
    """1 where x > 0, else 0, in the type of x."""
    x = np.asarray(x)
    return np.greater(x, 0).astype(x.dtype if x.dtype.kind == "f" else np.float64)


def _normal_cdf(x: Any) -> Any:
    """The distribution function of the standard normal law; NumPy has no erf, the standard library has."""
    return 0.5 + 0.5 * np.asarray(np.frompyfunc(erf, 1, 1)(np.asarray(x) / np.sqrt(2.0)), dtype=np.float64)


def _normal_pdf(x: Any) -> Any:
    """The density of the standard normal law."""
    return np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi)


def _gelu(x: Any) -> Any:
    return x * _normal_cdf(x)
