"""Helpers that exported modules carry along: this file's text is copied, function by function.

Each function stands alone and needs NumPy only, so that a module contains just the ones it uses.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import erf, prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

Array = np.ndarray[Any, np.dtype[Any]]


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


def _contract(subscripts: str, left: Array, right: Array, out: Array | None = None, block: int = 1 << 18) -> Array:
    """np.einsum(subscripts, left, right) by matrix products, a block at a time; added to `out` if given.

    The last letters of the result come from one operand (columns), those before from the other
    (rows); what precedes them is a stack of products.  A large operand is cut along one letter, so
    that a view of overlapping windows is never copied as a whole.
    """
    inputs, result = subscripts.split("->")
    a, b = inputs.split(",")
    if left.dtype == right.dtype == bool:
        left = left.astype(np.int64)
    if result and result[-1] in a:
        a, b, left, right = b, a, right, left
    size = dict(zip(a + b, left.shape + right.shape))
    total = prod(size[x] for x in result)
    large, letters = max((right.size, b), (left.size, a))
    if large > block:
        if out is None:
            out = np.zeros([size[x] for x in result], np.result_type(left, right))

        def waste(x: str) -> int:
            return int((x not in a) * left.size + (x not in b) * right.size + (x not in result) * total)

        letter = min((x for x in letters if size[x] > 1), key=waste)
        step = max(1, size[letter] * block // large)
        for first in range(0, size[letter], step):
            cut = slice(first, first + step)
            parts: list[Array] = []
            for array, names in ((left, a), (right, b), (out, result)):
                places: Any = (*(cut if x == letter else slice(None) for x in names), ...)  # a view of 0 axes, too
                parts.append(array[places])
            part_a, part_b, part = parts
            _contract(f"{a},{b}->{result}", part_a, part_b, part, block)
        return out
    columns = result[len(result.rstrip("".join(set(b) - set(a)))) :]
    head = result[: len(result) - len(columns)]
    rows = head[len(head.rstrip("".join(set(a) - set(b)))) :]
    stack = head[: len(head) - len(rows)]
    summed = [x for x in a if x in b and x not in result]

    def matrix(array: Array, names: str, first: Sequence[str], second: Sequence[str]) -> Array:
        order = [names.index(x) for x in (*stack, *first, *second) if x in names]
        sides = [prod(size[x] for x in first), prod(size[x] for x in second)]
        return array.transpose(order).reshape([size[x] if x in names else 1 for x in stack] + sides)

    product = matrix(left, a, rows, summed) @ matrix(right, b, summed, columns)
    entries: Array = product.reshape([size[x] for x in result])
    if out is None:
        return entries
    out += entries
    return out


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


def _normal_cdf(x: Any) -> Any:
    """The distribution function of the standard normal law; NumPy has no erf, the standard library has."""
    return 0.5 + 0.5 * np.asarray(np.frompyfunc(erf, 1, 1)(np.asarray(x) / np.sqrt(2.0)), dtype=np.float64)


def _normal_pdf(x: Any) -> Any:
    """The density of the standard normal law."""
    return np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi)


def _gelu(x: Any) -> Any:
    return x * _normal_cdf(x)
