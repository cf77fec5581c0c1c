"""What the guards of a term say of one index: its ends, its value where an equality gives it.

A guard is poly >= 0 or poly == 0.  Ends are inclusive: low <= index <= high.  Guards are read here, never changed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from symconv.calculus.form import Guard
from symconv.kernels.bounds import ONE, coefficients, surely_nonnegative, without_common_factor
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis

Side = Literal["low", "high"]
Ends = tuple[list[Poly], list[Poly]]  # all lower ends, all upper ends


def end_of(guard: Guard, name: str) -> tuple[Side, Poly] | None:
    """The end that a guard sets to this index, if it is a bound of this index alone."""
    if guard.equality or guard.poly.names() != {name}:
        return None
    parts = without_common_factor(guard.poly).linear_in(name)
    if parts is None:
        return None
    slope, rest = parts
    if slope.as_int == 1:
        return "low", -rest
    if slope.as_int == -1:
        return "high", rest
    if surely_nonnegative(slope - 1):
        return "low", -(rest // slope)
    if surely_nonnegative(-slope - 1):
        return "high", rest // -slope
    return None


def ends_of(guards: Iterable[Guard], name: str) -> Ends:
    """The ends of an index that guards state directly, each once."""
    found = [end for guard in guards if (end := end_of(guard, name)) is not None]
    return _on("low", found), _on("high", found)


def _on(side: Side, ends: Iterable[tuple[Side, Poly]]) -> list[Poly]:
    return list(dict.fromkeys(end for mine, end in ends if mine == side))


def ends_tied_to_others(guards: Iterable[Guard], name: str, ends: Mapping[str, Ends]) -> Ends:
    """The ends of an index; where it has none of its own, from the first guard that ties it to ends of others."""
    found = [end for guard in guards if (end := _end_by_others(guard, name, ends)) is not None]
    lows, highs = ends[name]
    return lows or _on("low", found)[:1], highs or _on("high", found)[:1]


def _end_by_others(guard: Guard, name: str, ends: Mapping[str, Ends]) -> tuple[Side, Poly] | None:
    """The end that a guard name + others >= 0, or others - name >= 0, leaves where the others are at theirs."""
    form = coefficients(guard.poly)
    if guard.equality or form is None or form[0].get(name) not in (ONE, -ONE):
        return None
    steps, bound = form
    for other, step in steps.items():
        if other == name:
            continue
        lows, highs = ends[other]
        outermost = highs if surely_nonnegative(step) else lows
        if not outermost:
            return None
        bound = bound + step * outermost[0]
    return ("low", -bound) if steps[name] == ONE else ("high", bound)


def sharpest(function: Literal["max", "min"], ends: Sequence[Poly]) -> list[Poly]:
    """The bounds whose greatest (least) counts: without those that another one surely reaches."""
    sign = 1 if function == "max" else -1
    kept: list[Poly] = []
    for n, end in enumerate(ends):
        others = [*kept, *ends[n + 1 :]]
        if not any(surely_nonnegative((other - end) * sign) for other in others):
            kept.append(end)
    return kept


@dataclass(frozen=True, slots=True)
class Solution:
    """An index and what an equality makes of it; of several the one of least rank is taken."""

    rank: int
    name: str
    value: Poly
    guard: Guard


def simplest_solution(guards: Iterable[Guard], free: Collection[str]) -> Solution | None:
    """The equality that is simplest to solve, and for which index; free: the indices of the output."""
    found = (solution for guard in guards if guard.equality for solution in _solutions(guard, free))
    return min(found, key=lambda solution: solution.rank, default=None)


def _solutions(guard: Guard, free: Collection[str]) -> Iterator[Solution]:
    """Every index that stands alone.

    Ranks: 0 a bound index given by at most one other, 1 such a free one (products are scattered then), 2 an index
    that is the sum of others, 3 any other free index, 4 any other bound one.
    """
    poly = without_common_factor(guard.poly)
    for name in sorted(n for n in poly.atoms() if isinstance(n, str)):
        parts = poly.linear_in(name)
        unit = parts and parts[0].as_int
        if parts is None or unit not in (1, -1):
            continue
        if len(poly.names() - {name}) <= 1:
            rank = 1 if name in free else 0
        elif _is_sum_of_others(poly, name):
            rank = 2
        else:
            rank = 3 if name in free else 4
        yield Solution(rank, name, parts[1] * -unit, guard)


def _is_sum_of_others(poly: Poly, name: str) -> bool:
    """True if the sign of an index differs from that of all others."""
    form = coefficients(poly)
    if form is None:
        return False
    steps, _ = form
    return all(surely_nonnegative(-(steps[name] * step)) for other, step in steps.items() if other != name)


def guards_of_a_read(positions: Sequence[Poly], axes: Sequence[Axis]) -> list[Poly]:
    """What is nonnegative just where positions lie inside these axes."""
    found = []
    for position, axis in zip(positions, axes, strict=True):
        found += [position - axis.low] if axis.low is not None else []
        found += [axis.high - position] if axis.high is not None else []
    return found


__all__ = [
    "Ends",
    "Solution",
    "end_of",
    "ends_of",
    "ends_tied_to_others",
    "guards_of_a_read",
    "sharpest",
    "simplest_solution",
]
