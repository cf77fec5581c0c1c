"""Small sizes for a self-test: they meet every requirement, and tails that do not divide are among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from random import Random

from symconv.errors import ExportError
from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.value import Condition

Sizes = Mapping[Size, int]
LARGEST_ARRAY, LARGEST_PRODUCT = 400, 60_000


def value_at(poly: Poly, sizes: Sizes) -> int:
    """An index polynomial in sizes at given sizes.

    >>> H = Size("H")
    >>> value_at((Poly.of(H) - 1) // 2, {H: 6})
    2
    """
    total = 0
    for monomial, c in poly:
        for atom in monomial:
            if isinstance(atom, Size):
                c *= sizes[atom]
            elif isinstance(atom, Quotient):
                top, bottom = value_at(atom.numerator, sizes), value_at(atom.denominator, sizes)
                c *= top % bottom if isinstance(atom, Remainder) else top // bottom
        total += c
    return total


def small_sizes(
    sizes: Sequence[Size], shapes: Sequence[Sequence[Poly]], conditions: Sequence[Condition], count: int = 5
) -> list[dict[Size, int]]:
    """Up to `count` different assignments, found by drawing at random from a fixed seed."""
    random = Random(8)
    found: list[dict[Size, int]] = []
    for attempt in range(20_000):
        reach = 1 + attempt % 7
        drawn = {s: random.randint(s.least, max(s.least, 1) + reach) for s in sizes}
        if drawn not in found and _fits(drawn, shapes, conditions):
            found.append(drawn)
        if len(found) == 20 * count or (found and not sizes):
            break
    if not found:
        raise ExportError("self-test", "no small sizes that meet all requirements", "some", "check the requirements")
    return sorted(found, key=lambda sizes: _variety(sizes, shapes), reverse=True)[:count]


def _variety(sizes: Sizes, shapes: Sequence[Sequence[Poly]]) -> int:
    """How many different extents above 1 there are: equal sizes hide errors."""
    extents = {value_at(n, sizes) for shape in shapes for n in shape}
    return len({*extents, *sizes.values()} - {0, 1}) + sum(n > 1 for n in sizes.values())


def _fits(sizes: Sizes, shapes: Sequence[Sequence[Poly]], conditions: Sequence[Condition]) -> bool:
    try:
        if not all(_meets(value_at(c.poly, sizes), c.kind) for c in conditions):
            return False
        counts = [prod(max(0, value_at(n, sizes)) for n in shape) for shape in shapes]
    except ZeroDivisionError:
        return False
    return all(1 <= n <= LARGEST_ARRAY for n in counts) and prod(counts) <= LARGEST_PRODUCT


def _meets(value: int, kind: str) -> bool:
    return value >= 0 if kind == "ge" else (value == 0) == (kind == "eq")


__all__ = ["small_sizes", "value_at"]
