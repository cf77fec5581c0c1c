"""A product of two arrays summed over shared indices, by matrix products, block by block."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from symconv.kernels.runtime.product import _parts_of
from symconv.kernels.runtime.types import Array


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

    one, other = matrix(left, a, rows, summed), matrix(right, b, summed, columns)
    few, *more = _parts_of(one.shape[-1], np.result_type(one, other)) or [slice(0)]
    product = one[..., few] @ other[..., few, :]
    for terms in more:
        product += one[..., terms] @ other[..., terms, :]
    entries: Array = product.reshape([size[x] for x in result])
    if out is None:
        return entries
    out += entries
    return out
