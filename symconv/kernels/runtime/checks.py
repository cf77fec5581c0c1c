"""Checks of what a caller gives: one message each, with what was given, what is needed, what to change."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from symconv.kernels.runtime.types import Array

_MOST = 2**31 - 1  # of what a caller says in numbers: products of such sizes stay within 64 bits
_MOST_ENTRY = 2**63 - 1  # of int64


def _array(name: str, value: Any, layout: tuple[str, ...]) -> Array:
    """The value as an array of numbers with as many axes as the layout; integers become int64."""
    array = value if type(value) is np.ndarray else _as_array(name, value)
    kind = array.dtype.kind
    if kind == "f" and array.ndim == len(layout):
        return array
    if kind not in "biuf":
        _refuse_type(name, array.dtype)
    if array.ndim != len(layout):
        axes = f"({', '.join(layout)})"
        raise ValueError(
            f"{name}: {array.ndim} axes given, shape {array.shape}; {len(layout)} needed, {axes}; reshape it"
        )
    return _integers(name, array)


def _as_array(name: str, value: Any) -> Array:
    """What is no plain array as one: nested lists, numbers, arrays of other libraries."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(
            f"{name}: {np.ma.getmaskarray(value).sum()} masked entries given; a number at every place needed; "
            "fill them with .filled(0), or drop the mask with .data"
        )
    try:
        return np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:100].rstrip(".")
        change = "give rows of one length, or an array"
        if type(value).__module__ == "torch":
            change = "convert with .detach().cpu().numpy(), bfloat16 with .float() before"
        raise TypeError(
            f"{name}: {type(value).__name__} given, which NumPy does not read: {reason}; an array of real numbers "
            f"needed; {change}"
        ) from None


def _refuse_type(name: str, dtype: Any) -> None:
    """The message on entries that are no real numbers."""
    change = "give its .real or its .imag" if dtype.kind == "c" else "give an array of NumPy's integers or floats"
    raise TypeError(f"{name}: entries of type {dtype} given; real numbers needed; {change}")


def _integers(name: str, array: Array) -> Array:
    """Integers as int64; those beyond it, which uint64 alone can hold, would change their sign."""
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.max(initial=0) > _MOST_ENTRY:
        raise ValueError(
            f"{name}: the entry {array.max()} of type {array.dtype} given; at most {_MOST_ENTRY} needed, since "
            "integers are counted in 64 bits; convert with .astype(float)"
        )
    return array.astype(np.int64)


def _shape(name: str, value: tuple[int, ...], layout: tuple[str, ...]) -> tuple[int, ...]:
    """The value as a tuple of whole numbers, one for each axis of the layout."""
    needed = f"{len(layout)} extents needed, ({', '.join(layout)}), whole numbers from 0 on"
    try:
        shape = tuple(map(operator.index, value))
    except TypeError:
        raise TypeError(f"{name}: {' '.join(repr(value).split())[:80]} given; {needed}; give a shape") from None
    if len(shape) != len(layout) or min(shape, default=0) < 0:
        raise ValueError(f"{name}: {shape} given; {needed}; give a shape")
    return shape


def _two_results(out: Any) -> tuple[Array | None, Array | None]:
    """The caller's arrays for a result and for its winners, or none."""
    if out is None:
        return None, None
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        found = f"{len(out)} entries" if isinstance(out, (tuple, list)) else type(out).__name__
        raise TypeError(
            f"out: {found} given; a pair of arrays needed, for the result and for the winners; "
            "give (result, winners) or leave it out"
        )
    if all(isinstance(array, np.ndarray) for array in out) and np.may_share_memory(*out):
        raise ValueError(
            "out: two arrays that share memory given; one for the result and one for the winners needed; "
            "give arrays that lie apart or leave it out"
        )
    return out[0], out[1]


def _tap_numbers(name: str, value: Any, needed: tuple[int, ...], taps: tuple[int, int]) -> Array:
    """The value as numbers of taps, an array of a shape, as the function that finds them returns them."""
    count = taps[0] * taps[1]
    if (
        not isinstance(value, np.ndarray)
        or isinstance(value, np.ma.MaskedArray)
        or value.dtype.kind != "u"
        or value.shape != needed
    ):
        found = f"shape {value.shape} of {value.dtype}" if type(value) is np.ndarray else type(value).__name__
        raise ValueError(
            f"{name}: {found} given; {needed} of unsigned integers needed, the numbers of taps; "
            "give what forward_with_winners returns"
        )
    if value.max(initial=0) >= count:
        raise ValueError(
            f"{name}: the number {value.max()} given; numbers of taps below {count} needed; "
            "give what forward_with_winners returns for the same windows"
        )
    return value


def _whole(name: str, value: int, least: int) -> int:
    """The value as a whole number that is at least `least`."""
    number = value if type(value) is int else _index(name, value, least)
    if number < least:
        raise ValueError(f"{name}: {number} given; at least {least} needed; give a larger one")
    if number > _MOST:
        raise ValueError(
            f"{name}: a number of {number.bit_length()} bits given; at most {_MOST} needed; give a smaller one"
        )
    return number


def _index(name: str, value: Any, least: int) -> int:
    """A whole number of another type than int; True and False are none."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}: {' '.join(repr(value).split())[:80]} given; a whole number from {least} on needed; give an int"
        ) from None


def _solved(name: str, value: int, least: int, source: str) -> int:
    """A size that follows from the shapes of what is given."""
    if value < least:
        raise ValueError(
            f"{name} = {source}: {value} found; at least {least} needed; change the shapes that it follows from"
        )
    return value


def _refuse_empty(name: str, shape: tuple[int, ...], axes: tuple[int, ...], layout: tuple[str, ...]) -> None:
    """The message on an axis without entries whose extent is a size of at least 1."""
    axis = next(axis for axis in axes if not shape[axis])
    raise ValueError(
        f"{name}: shape {shape} given; at least 1 on axis {axis} needed, {layout[axis]}; give a larger one"
    )


def _refuse_shape(name: str, shape: tuple[int, ...], needed: tuple[int, ...], layout: tuple[str, ...]) -> None:
    """The message on a shape that is not the needed one."""
    raise ValueError(
        f"{name}: shape {tuple(shape)} given; {needed} needed, ({', '.join(layout)}); "
        "change this array or the sizes it must agree with"
    )


def _holds(condition: bool, text: str, value: int) -> None:
    """Refuse sizes that contradict what the formula needs."""
    if not condition:
        raise ValueError(f"sizes: {text} is needed, the left side is {value}; change the shapes or the options")
