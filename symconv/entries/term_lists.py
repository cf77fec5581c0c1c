"""Lists of terms as integer arrays, and the canonical form in which equal lists are equal arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
SAFE = 2**62  # 64 bits hold any sum or product of two numbers below it


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms with the same number of factors: `row[t]`, `coefficient[t]`, `factors[t, :]`."""

    row: Array
    coefficient: Array
    factors: Array

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def units(cls, count: int) -> Terms:
        """The number 1 in each of the rows."""
        return cls(np.arange(count), np.ones(count, np.int64), np.empty((count, 0), np.int64))

    def take(self, which: Array) -> Terms:
        return Terms(self.row[which], self.coefficient[which], self.factors[which])

    def times(self, inner: Terms) -> Terms:
        """The products with terms whose rows count the terms of this list."""
        outer = self.take(inner.row)
        coefficient = multiplied(outer.coefficient, inner.coefficient)
        return Terms(outer.row, coefficient, np.hstack([outer.factors, inner.factors]))


def multiplied(a: Array, b: Array) -> Array:
    """The product, in Python's own numbers where 64 bits might not be enough."""
    if len(a) and a.dtype != object and b.dtype != object and int(abs(a).max()) * int(abs(b).max()) >= SAFE:
        a = a.astype(object)
    return a * b


def canonical(blocks: list[Terms]) -> list[Terms]:
    """By number of factors: terms sorted, equal ones added up, zeros left out.

    >>> from dataclasses import replace
    >>> one = Terms.units(1)
    >>> canonical([one, one])[0].coefficient, canonical([one, replace(one, coefficient=-one.coefficient)])
    (array([2]), [])
    """
    result = []
    for degree in sorted({b.factors.shape[1] for b in blocks}):
        same = [b for b in blocks if b.factors.shape[1] == degree]
        factors = np.sort(np.vstack([b.factors for b in same]), axis=1)
        row = np.concatenate([b.row for b in same])
        coefficient = np.concatenate([b.coefficient for b in same])
        order = np.lexsort((*factors.T[::-1], row))
        factors, row, coefficient = factors[order], row[order], coefficient[order]
        new = np.ones(len(row), bool)
        new[1:] = (row[1:] != row[:-1]) | (factors[1:] != factors[:-1]).any(axis=1)
        starts = np.flatnonzero(new)
        if len(row) and coefficient.dtype != object and int(abs(coefficient).max()) * len(row) >= SAFE:
            coefficient = coefficient.astype(object)
        sums = np.add.reduceat(coefficient, starts) if len(row) else coefficient
        kept = np.flatnonzero(sums != 0)
        if len(kept):
            result.append(Terms(row[starts][kept], sums[kept], factors[starts][kept]))
    return result


__all__ = ["SAFE", "Array", "Terms", "canonical", "multiplied"]
