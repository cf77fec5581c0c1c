"""Helpers that modules for the array API carry along: this file's text is copied, function by function.

Only what the Python array API standard has is used, with shapes and options that are known before any
array is: no views by strides, nothing written in place, no index by a mask.  A read outside an array is
zero; a result is placed by asking, for each place of the output, what arrives there.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from math import isqrt, prod
from typing import Any

Array = Any  # an array of any library of the array API standard


class _Torch:
    """The names of the standard that torch spells in another way; all others are torch's own."""

    def __init__(self) -> None:
        self.torch: Any = sys.modules["torch"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.torch, name)

    def astype(self, x: Array, dtype: Any) -> Array:
        return x.to(dtype)

    def isdtype(self, dtype: Any, kind: str) -> bool:
        return bool(dtype.is_floating_point if kind == "real floating" else kind[:3] in str(dtype))

    def permute_dims(self, x: Array, axes: Sequence[int]) -> Array:
        return x.permute(tuple(axes))

    def take(self, x: Array, places: Array, axis: int) -> Array:
        return self.torch.index_select(x, axis, places)


def _namespace(name: str, array: Any) -> Any:
    """The library of an array: what it says itself, else what array_api_compat or torch knows of it."""
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    if hasattr(array, "shape") and importlib.util.find_spec("array_api_compat") is not None:
        return importlib.import_module("array_api_compat").array_namespace(array)
    if hasattr(array, "shape") and type(array).__module__.split(".")[0] == "torch":
        return _Torch()
    raise TypeError(
        f"{name}: {type(array).__name__} given, which has no __array_namespace__; an array of the array API standard "
        "needed; pass one (of numpy 2, jax, cupy, torch), or pip install array-api-compat"
    )


def _array(name: str, value: Any, layout: tuple[str, ...]) -> Array:
    """The array itself, if it holds real numbers and has as many axes as the layout; small integers are widened."""
    if hasattr(value, "filled"):
        raise ValueError(
            f"{name}: {type(value).__name__} given; a number at every place needed; fill masked entries with "
            ".filled(0), or drop the mask with .data"
        )
    xp = _namespace(name, value)
    real = xp.isdtype(value.dtype, "real floating")
    if not (real or xp.isdtype(value.dtype, "integral") or xp.isdtype(value.dtype, "bool")):
        raise TypeError(
            f"{name}: entries of type {value.dtype} given; real numbers needed; give an array of integers or floats, "
            "of complex numbers xp.real(x) or xp.imag(x)"
        )
    if value.ndim != len(layout):
        raise ValueError(
            f"{name}: {value.ndim} axes given, shape {tuple(value.shape)}; {len(layout)} needed, "
            f"({', '.join(layout)}); reshape it"
        )
    return value if real else _wide(xp, value)


def _wide(xp: Any, value: Array) -> Array:
    """Small integers and truth values as what the library sums in; unsigned integers of that width stay."""
    info = getattr(xp, "__array_namespace_info__", None)
    has_64_bits = info is None or "int64" in info().dtypes(kind="signed integer")  # JAX has none unless asked
    signed, unsigned = ("int64", "uint64") if has_64_bits else ("int32", "uint32")
    return value if value.dtype == getattr(xp, unsigned, None) else xp.astype(value, getattr(xp, signed))


def _library(**arrays: Array) -> Any:
    """The one library of all arrays; they must share their type of number, too."""
    (first, one), *others = arrays.items()
    libraries = {name: _namespace(name, array) for name, array in arrays.items()}
    spelled = {name: getattr(xp, "__name__", type(xp).__name__) for name, xp in libraries.items()}
    for name, other in others:
        if spelled[name] != spelled[first]:
            raise TypeError(
                f"{name}: an array of {spelled[name]} given beside {first}, one of {spelled[first]}; arrays of one "
                "library needed; convert one of the two"
            )
        if other.dtype != one.dtype:
            raise TypeError(
                f"{name}: entries of type {other.dtype} given beside {first}: {one.dtype}; one type needed (small "
                "integers and truth values count as wide integers); convert one of the two with xp.astype"
            )
    return libraries[first]


def _real(xp: Any, name: str, array: Array) -> None:
    """Refuse whole numbers where the formula divides or applies a function."""
    if not xp.isdtype(array.dtype, "real floating"):
        raise TypeError(
            f"{name}: entries of type {array.dtype} given; floating-point numbers needed, since the formula divides; "
            "convert with xp.astype(x, xp.float64)"
        )


def _made(xp: Any, like: Array) -> dict[str, Any]:
    """Where new arrays are to live: the device of a given one; inside a compiled function there is none to tell."""
    device = getattr(like, "device", None)
    return {} if device is None else {"device": device}


def _zeros(xp: Any, like: Array, *shape: int) -> Array:
    return xp.zeros(shape, dtype=like.dtype, **_made(xp, like))


def _ones(xp: Any, like: Array, *shape: int) -> Array:
    return xp.ones(shape, dtype=like.dtype, **_made(xp, like))


def _widened(xp: Any, array: Array, axis: int, before: int, after: int) -> Array:
    """Zeros before and after on one axis."""
    shape = list(array.shape)
    parts = [array]
    for n, first in ((before, True), (after, False)):
        if n:
            zeros = _zeros(xp, array, *shape[:axis], n, *shape[axis + 1 :])
            parts = [zeros, *parts] if first else [*parts, zeros]
    return xp.concat(parts, axis=axis) if len(parts) > 1 else array


def _entries(xp: Any, array: Array, axis: int, places: Sequence[int]) -> Array:
    """The entries at these places of one axis; zero at a place outside."""
    n = array.shape[axis]
    if all(0 <= k < n for k in places):
        source = array
    else:
        source = _widened(xp, array, axis, 0, 1)
        places = [k if 0 <= k < n else n for k in places]
    return xp.take(source, xp.asarray(list(places), dtype=xp.int32, **_made(xp, array)), axis=axis)


def _read(xp: Any, array: Array, *runs: tuple[int, int, int] | None) -> Array:
    """array[start + step * k] for k < count, a run (start, step, count) for each axis or None for all of it.

    What lies outside is zero.
    """
    for axis, run in enumerate(runs):
        if run is None:
            continue
        start, step, count = run
        if step < 1 or not count:
            array = _entries(xp, array, axis, [start + step * k for k in range(count)])
            continue
        first = min(count, max(0, -(start // step)))  # the first k with a place inside
        end = min(count, max(first, (array.shape[axis] - 1 - start) // step + 1))
        low, high = (start + step * first, start + step * (end - 1) + 1) if first < end else (0, 0)
        inside = (*[slice(None)] * axis, slice(low, high, step), ...)
        array = _widened(xp, array[inside], axis, first, count - end)
    return array


def _placed(xp: Any, array: Array, *runs: tuple[int, int, int] | None) -> Array:
    """An array whose entry at start + step * k is array[k] and zero elsewhere.

    A run (start, step, extent) for each axis, or None for one that stays.  The entry k of place P solves
    start + step * k = P: there is one if step divides P - start.
    """
    for axis, run in enumerate(runs):
        if run is None:
            continue
        start, step, extent = run
        n = array.shape[axis]
        if step == 1:
            array = _read(xp, array, *[None] * axis, (-start, 1, extent))
        else:
            solved = [divmod(place - start, step) for place in range(extent)]
            array = _entries(xp, array, axis, [n if rest else k for k, rest in solved])
    return array


def _grid(xp: Any, like: Array, *counts: int) -> list[Array]:
    """Index arrays 0 .. n-1, one for each count, that broadcast against each other."""
    axes = range(len(counts))
    return [
        xp.reshape(xp.arange(n, **_made(xp, like)), tuple(n if k == axis else 1 for k in axes))
        for axis, n in enumerate(counts)
    ]


def _flat(xp: Any, like: Array, positions: Sequence[Any], shape: Sequence[int]) -> Array:
    """The place in the array written row by row; the place behind the last one where a position lies outside."""
    flat = xp.arange(1, **_made(xp, like))[0]
    inside = flat >= 0
    for position, n in zip(positions, shape):
        inside = inside & (position >= 0) & (position < n)
        flat = flat * n + position
    return xp.where(inside, flat, xp.zeros_like(flat) + prod(shape))


def _gather(xp: Any, array: Array, *positions: Any) -> Array:
    """array[positions], an index array or a number for each axis; zero where one lies outside."""
    places = _flat(xp, array, positions, array.shape)
    source = _widened(xp, xp.reshape(array, (-1,)), 0, 0, 1)
    return xp.reshape(xp.take(source, xp.reshape(places, (-1,)), axis=0), tuple(places.shape))


def _collected(xp: Any, values: Array, positions: Sequence[Any], shape: tuple[int, ...]) -> Array:
    """The sum of the values that arrive at each place: positions, an index array for each axis of the output."""
    places = xp.broadcast_to(_flat(xp, values, positions, shape), tuple(values.shape))
    places, values = xp.reshape(places, (-1,)), xp.reshape(values, (-1,))
    total, step = prod(shape), max(1, (1 << 20) // max(1, prod(values.shape)))
    parts = [_zeros(xp, values, 0)]
    for first in range(0, total, step):
        wanted = xp.arange(first, min(total, first + step), **_made(xp, values))
        arrives = places[None, :] == wanted[:, None]
        parts.append(xp.sum(xp.where(arrives, values[None, :], _zeros(xp, values, 1, 1)), axis=1, dtype=values.dtype))
    return xp.reshape(xp.concat(parts, axis=0), shape)


def _first_greatest(xp: Any, values: Array, axes: int, dtype: Any) -> Array:
    """1 at the greatest entry over the last axes, the first in row-major order; else 0."""
    head, window = tuple(values.shape[:-axes]), tuple(values.shape[-axes:])
    greatest = xp.argmax(xp.reshape(values, (*head, prod(window))), axis=-1)
    places = xp.arange(prod(window), dtype=greatest.dtype, **_made(xp, values))
    onehot = greatest[..., None] == places
    return xp.reshape(xp.astype(onehot, dtype), (*head, *window))


def _greatest(xp: Any, parts: Sequence[Array]) -> Array:
    """The greatest of several arrays, place by place."""
    return reduce(xp.maximum, parts)


def _stacked(xp: Any, parts: Sequence[Array], counts: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """The parts of a loop as one array: its counts are the first axes, then all are put in order."""
    stacked = xp.stack(list(parts), axis=0)
    return xp.permute_dims(xp.reshape(stacked, (*counts, *parts[0].shape)), axes)


def _einsum(xp: Any, subscripts: str, *arrays: Array) -> Array:
    """np.einsum by matrix products: pairs are multiplied, those with the fewest letters first."""
    inputs, result = subscripts.split("->")
    left = list(zip(arrays, inputs.split(",")))
    for n, (array, names) in enumerate(left):  # letters that nobody else has
        others = result + "".join(x for m, (_, x) in enumerate(left) if m != n)
        summed = tuple(a for a, x in enumerate(names) if x not in others)
        if summed:
            array = xp.sum(array, axis=summed, dtype=array.dtype)
            left[n] = array, "".join(x for x in names if x in others)
    while len(left) > 1:
        one, two = min(combinations(range(len(left)), 2), key=lambda pair: len({*left[pair[0]][1], *left[pair[1]][1]}))
        (a, x), (b, y) = left[one], left[two]
        left = [pair for n, pair in enumerate(left) if n not in (one, two)]
        kept = result + "".join(names for _, names in left)
        left.append(_pair(xp, a, x, b, y, kept))
    array, names = left[0]
    return xp.permute_dims(array, tuple(names.index(x) for x in result)) if names != result else array


def _pair(xp: Any, a: Array, x: str, b: Array, y: str, kept: str) -> tuple[Array, str]:
    """The product of two arrays with named axes, summed over the letters that nobody keeps."""
    size = dict(zip(x + y, (*a.shape, *b.shape)))
    stack = [n for n in x if n in y and n in kept]
    summed = [n for n in x if n in y and n not in kept]
    rows, columns = [n for n in x if n not in y], [n for n in y if n not in x]
    names = "".join(stack + rows + columns)

    def matrix(array: Array, letters: str, first: Sequence[str], second: Sequence[str]) -> Array:
        order = tuple(letters.index(n) for n in (*stack, *first, *second))
        shape = (*(size[n] for n in stack), prod(size[n] for n in first), prod(size[n] for n in second))
        return xp.reshape(xp.permute_dims(array, order), shape)

    left, right = matrix(a, x, rows, summed), matrix(b, y, summed, columns)
    product = _matmul(xp, left, right) if summed else left * right
    return xp.reshape(product, tuple(size[n] for n in names)), names


def _matmul(xp: Any, left: Array, right: Array) -> Array:
    """left @ right; long sums in float32 in as many parts as each has terms: some libraries add small ones in a row."""
    (*stack, rows, depth), columns = left.shape, right.shape[-1]
    parts = isqrt(depth)
    if left.dtype != xp.float32 or depth <= 288 or prod(stack) * rows * columns * parts > 1 << 22:
        return xp.matmul(left, right)
    step, axes = depth // parts, tuple(range(len(stack)))
    end = parts * step
    some = xp.reshape(left[..., :end], (*stack, rows, parts, step))
    some = xp.permute_dims(some, (*axes, len(stack) + 1, len(stack), len(stack) + 2))
    sums = xp.matmul(some, xp.reshape(right[..., :end, :], (*stack, parts, step, columns)))
    product = xp.sum(sums, axis=len(stack), dtype=left.dtype)
    return product + xp.matmul(left[..., end:], right[..., end:, :]) if end < depth else product


def _logistic(xp: Any, x: Array) -> Array:
    """1 / (1 + exp(-x)), written so that nothing overflows."""
    return 0.5 * (1 + xp.tanh(0.5 * x))


def _positive(xp: Any, x: Array) -> Array:
    """The greater of x and 0."""
    return xp.where(x < 0, xp.zeros_like(x), x)


def _step(xp: Any, x: Array) -> Array:
    """1 where x is positive, else 0."""
    return xp.astype(x > 0, x.dtype)
