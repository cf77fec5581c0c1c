"""Checks of what a caller gives: one message each, with what was given, what is needed, what to change."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array


def _array(name: str, value: Any, layout: tuple[str, ...]) -> Array:
    """The value as an array of numbers with as many axes as the layout; integers become int64."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name}: entries of type {array.dtype} given; real numbers needed; convert with .astype(float)"
        )
    if array.ndim != len(layout):
        axes = f"({', '.join(layout)})"
        raise ValueError(
            f"{name}: {array.ndim} axes given, shape {array.shape}; {len(layout)} needed, {axes}; reshape it"
        )
    return array if array.dtype.kind == "f" else array.astype(np.int64)


def _shape(name: str, value: tuple[int, ...], layout: tuple[str, ...]) -> tuple[int, ...]:
    """The value as a tuple of whole numbers, one for each axis of the layout."""
    shape = tuple(operator.index(n) for n in value)
    if len(shape) != len(layout) or min(shape, default=0) < 0:
        raise ValueError(f"{name}: {shape} given; {len(layout)} extents needed, ({', '.join(layout)}); give a shape")
    return shape


def _whole(name: str, value: int, least: int) -> int:
    """The value as a whole number that is at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: {value!r} given; a whole number needed; give an int") from None
    if number < least:
        raise ValueError(f"{name}: {number} given; at least {least} needed; give a larger one")
    return number


def _fits(name: str, shape: tuple[int, ...], needed: tuple[int, ...], layout: tuple[str, ...]) -> None:
    """Refuse a shape that is not the needed one."""
    if tuple(shape) != tuple(needed):
        raise ValueError(
            f"{name}: shape {tuple(shape)} given; {tuple(needed)} needed, ({', '.join(layout)}); "
            "change this array or the sizes it must agree with"
        )


def _holds(condition: bool, text: str, value: int) -> None:
    """Refuse sizes that contradict what the formula needs."""
    if not condition:
        raise ValueError(f"sizes: {text} is needed, the left side is {value}; change the shapes or the options")
