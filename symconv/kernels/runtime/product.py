"""Matrix products whose sums are short enough for what float32 may lose."""

from __future__ import annotations

from typing import Any

import numpy as np

from symconv.kernels.runtime.settings import ACCURACY
from symconv.kernels.runtime.types import Array
from symconv.kernels.runtime.window import _even
from symconv.kernels.runtime.workspace import _WORKSPACE

_PART = 1 << 19  # bytes of the sums of a part
_TERMS = 288  # added up in a row: their error in float32 stays below 1e-6 of the greatest sum


def _long(depth: int, dtype: np.dtype[Any], terms: int = _TERMS) -> bool:
    """Sums of so many terms are computed in parts."""
    return depth > terms and dtype == np.float32 and ACCURACY == "exact"


def _parts_of(depth: int, dtype: np.dtype[Any], terms: int = _TERMS) -> list[slice]:
    """The terms of a sum in parts of which each is added up by itself, equal ones where there are several."""
    step = _even(depth, terms) if _long(depth, dtype, terms) else max(1, depth)
    return [slice(k, k + step) for k in range(0, depth, step)]


def _product(left: Array, right: Array, out: Array, terms: int = _TERMS) -> None:
    """out = left @ right; under exact, float32 adds up parts of at most so many terms."""
    depth = left.shape[-1]
    if not _long(depth, out.dtype, terms):
        np.matmul(left, right, out=out)
    elif out.nbytes > _PART and out.ndim > 2:
        step = max(1, len(out) * _PART // out.nbytes)
        for n in range(0, len(out), step):
            some = slice(n, n + step) if step > 1 else n
            _product(_stacked(left, some, out.ndim), _stacked(right, some, out.ndim), out[some], terms)
    elif out.nbytes > _PART and out.shape[1] > 1:
        step = max(1, out.shape[1] * _PART // out.nbytes)
        for j in range(0, out.shape[1], step):
            _product(left, right[:, j : j + step], out[:, j : j + step], terms)
    else:
        first, *others = _parts_of(depth, out.dtype, terms)
        np.matmul(left[..., first], right[..., first, :], out=out)
        part = _WORKSPACE.take("terms", out.shape, out.dtype)
        for some_terms in others:
            out += np.matmul(left[..., some_terms], right[..., some_terms, :], out=part)


def _stacked(matrices: Array, some: slice | int, axes: int) -> Array:
    """Some of a stack of matrices, or the one that stands for all on the first of so many axes."""
    if matrices.ndim < axes:
        return matrices
    return matrices[some] if len(matrices) > 1 else matrices[0]
