"""Problems: one equation between two values, for all sizes and all free indices that are allowed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symconv.calculus.form import Guard, guard_of, merged, within
from symconv.errors import ShapeError
from symconv.proof.signs import nonnegative
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import (
    Axis,
    Defined,
    Tensor,
    check_tensor_names,
    requirements_of,
    sizes_in,
)
from symconv.term.value import Condition, Entry, Range, Value, free_indices


@dataclass(frozen=True, slots=True)
class Problem:
    """left = right, for all values of the sizes and of the free indices under the hypotheses."""

    left: Value
    right: Value
    free: tuple[Range, ...] = ()
    hypotheses: tuple[Condition, ...] = ()
    sizes: tuple[Size, ...] = field(default=())
    distinct: bool = False  # no two entries of a tensor are equal

    def facts(self) -> tuple[Guard, ...]:
        """The hypotheses, and the ranges of the free indices, as guards."""
        ranges = tuple(g for r in self.free for g in within(Poly.of(r.name), Axis(r.low, r.high)))
        return merged((), tuple(guard_of(c) for c in self.hypotheses if c.kind != "ne") + ranges)


def equation(
    left: Value,
    right: Value,
    free: tuple[Range, ...] = (),
    assuming: Iterable[Condition] = (),
    order: Iterable[Size] = (),
) -> Problem:
    """A problem with everything that follows from its parts: what its definitions need, its sizes in order.

    A free index without a range stands for every integer.
    """
    check_tensor_names((left, right))
    assuming = tuple(assuming)
    named = free_indices(left) | free_indices(right) | {n for c in assuming for n in c.poly.names()}
    free = (*free, *(Range(n, None, None) for n in sorted(named - {r.name for r in free})))
    hypotheses = _without_implied(assuming, requirements_of(left, right))
    found = dict.fromkeys(order)
    found.update(dict.fromkeys(sizes_in(left, right)))
    for poly in [c.poly for c in hypotheses] + [p for r in free for p in (r.low, r.high) if p is not None]:
        found.update(dict.fromkeys(sorted(poly.sizes() - set(found))))
    return Problem(left, right, free, hypotheses, tuple(found))


def _without_implied(assuming: tuple[Condition, ...], needs: tuple[Condition, ...]) -> tuple[Condition, ...]:
    """The hypotheses, and what the definitions need unless the rest says so already."""
    kept = [c for c in dict.fromkeys((*assuming, *needs)) if not _says_nothing(c)]
    for need in reversed(needs):
        others = [guard_of(c) for c in kept if c is not need and c.kind != "ne"]
        if need not in assuming and need.kind == "ge" and nonnegative(need.poly, others):
            kept.remove(need)
    return tuple(kept)


def _says_nothing(condition: Condition) -> bool:
    number = condition.poly.as_int
    return condition.kind == "ge" and number is not None and number >= 0


def tensor_equation(left: Tensor, right: Tensor, assuming: Iterable[Condition] = ()) -> Problem:
    """left[i, j, ..] = right[i, j, ..] for every position on left's axes."""
    if left.rank != right.rank:
        raise ShapeError(
            f"{left.name} = {right.name}",
            f"{left.rank} axes and {right.rank} axes",
            "the same number",
            "compare tensors of one rank",
        )
    names = left.parameters if isinstance(left, Defined) else tuple("ijklmnpq"[: left.rank])
    index = tuple(map(Poly.of, names))
    free = tuple(Range(n, a.low, a.high) for n, a in zip(names, left.axes, strict=True))
    return equation(Entry(left, index), Entry(right, index), free, assuming)
