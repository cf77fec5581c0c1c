"""Sizes for a self-test, as small as may be: they meet every requirement; tails that do not divide are among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from random import Random

from symconv.errors import ExportError
from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.text import text_of_condition
from symconv.term.value import Condition

Sizes = Mapping[Size, int]
LARGEST_ARRAY, LARGEST_PRODUCT = 400, 60_000  # what counts as small
REACHES = (7, 20, 60, 200, 600, 2000)  # how far above the least sizes draws go, one after the other
ATTEMPTS = 4_000


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
    """Up to `count` different assignments, found by drawing at random from a fixed seed.

    Small ones, those of the greatest variety first; the last one has a single image and channel, for which there
    are schedules of its own.  Where numbers that are stated allow no small ones, the smallest that there are.
    """
    channels = _channels(shapes)
    random = Random(8)
    for reach in REACHES:
        found: list[dict[Size, int]] = []
        for attempt in range(ATTEMPTS):
            drawn = {s: random.randint(s.least, max(s.least, 1) + 1 + attempt % reach) for s in sizes}
            if attempt % 8 == 7:
                drawn |= {s: max(s.least, 1) for s in sizes if s in channels}
            if drawn not in found and _fits(drawn, shapes, conditions):
                found.append(drawn)
            if len(found) == 20 * count or (found and not sizes):
                break
        small = [drawn for drawn in found if _small(drawn, shapes)]
        if small:
            small.sort(key=lambda sizes: _variety(sizes, shapes), reverse=True)
            single = [drawn for drawn in small if channels and all(drawn[s] == 1 for s in channels)][:1]
            others = [drawn for drawn in small if not channels or any(drawn[s] > 1 for s in channels)]
            return [*others[: count - len(single)], *single]
        if found:
            return sorted(found, key=lambda sizes: sum(_counts(sizes, shapes)))[: min(count, 2)]
    raise ExportError(
        "self-test",
        f"no sizes up to {REACHES[-1]} that meet all requirements",
        "; ".join(map(text_of_condition, conditions)),
        "state smaller numbers, or leave some symbolic",
    )


def _channels(shapes: Sequence[Sequence[Poly]]) -> set[Size]:
    """What counts images and channels: it stands on the first two of three axes or more, and on no later one."""
    arrays = [shape for shape in shapes if len(shape) >= 3]
    first = {size for shape in arrays for n in shape[:2] for size in n.sizes()}
    return first - {size for shape in arrays for n in shape[2:] for size in n.sizes()}


def _variety(sizes: Sizes, shapes: Sequence[Sequence[Poly]]) -> int:
    """How many different extents above 1 there are: equal sizes hide errors."""
    extents = {value_at(n, sizes) for shape in shapes for n in shape}
    return len({*extents, *sizes.values()} - {0, 1}) + sum(n > 1 for n in sizes.values())


def _fits(sizes: Sizes, shapes: Sequence[Sequence[Poly]], conditions: Sequence[Condition]) -> bool:
    try:
        return all(_meets(value_at(c.poly, sizes), c.kind) for c in conditions) and min(_counts(sizes, shapes)) >= 1
    except ZeroDivisionError:
        return False


def _small(sizes: Sizes, shapes: Sequence[Sequence[Poly]]) -> bool:
    counts = _counts(sizes, shapes)
    return max(counts) <= LARGEST_ARRAY and prod(counts) <= LARGEST_PRODUCT


def _counts(sizes: Sizes, shapes: Sequence[Sequence[Poly]]) -> list[int]:
    """How many entries the arrays have; one where there are no arrays."""
    return [1, *(prod(max(0, value_at(n, sizes)) for n in shape) for shape in shapes)]


def _meets(value: int, kind: str) -> bool:
    return value >= 0 if kind == "ge" else (value == 0) == (kind == "eq")


__all__ = ["small_sizes", "value_at"]
