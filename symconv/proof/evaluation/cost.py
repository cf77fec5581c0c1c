"""How much work one place of a claim is to the evaluator: the summands met, nested definitions included."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor
from symconv.term.value import Entry, Maximum, Range, Sum, Value, children

Count = Callable[[Poly], int]


def cost(value: Value, count: Count, known: dict[Tensor, int] | None = None) -> int:
    """An estimate from above, but for limits that move with an index, which count as where that is 0.

    count: the value of a limit at the sizes in question.
    """
    known = {} if known is None else known
    if isinstance(value, Entry):
        tensor = value.tensor
        if not isinstance(tensor, Defined):
            return 1
        if tensor not in known:
            known[tensor] = 1 + cost(tensor.body, count, known)
        return known[tensor]
    inside = sum(cost(child, count, known) for child in children(value))
    if isinstance(value, (Sum, Maximum)):
        return (1 + inside) * prod(_length(r, count) for r in value.ranges)
    return 1 + inside


def _length(r: Range, count: Count) -> int:
    return 1 if r.low is None or r.high is None else max(1, count(r.high - r.low + 1))


__all__ = ["cost"]
