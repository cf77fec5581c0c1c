"""The numbers of an instance: different whole numbers in no order, so that no two entries are alike."""

from __future__ import annotations

PRIME = 37


def different(count: int) -> list[int]:
    """Multiples of 11 modulo a prime: below it no two are alike.

    >>> different(4)
    [11, 22, 33, 7]
    """
    return [(n + 1) * 11 % PRIME for n in range(count)]
