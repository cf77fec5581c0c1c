"""A plan to look at: one row a step, what is read how, where it goes, how many products it takes."""

from __future__ import annotations

from dataclasses import dataclass

from symconv.kernels.compile import write_tensor
from symconv.kernels.lowering import Row
from symconv.term.tensor import Defined


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a kernel in the order in which they run; `print(plan)` shows them."""

    name: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        lines = [f"plan of {self.name}"]
        for number, row in enumerate(self.rows, 1):
            lines += [
                f"{number}. {row.target}: {row.formula}",
                f"   reads            {', '.join(row.reads) or 'nothing'}",
                f"   result           {row.place}",
                f"   multiplications  {row.cost}",
            ]
        return "\n".join(lines)


def plan_of(tensor: Defined) -> Plan:
    """How the kernel of a tensor is computed.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(9),)), Leaf("w", (Axis.of(3),))
    >>> [row.reads for row in plan_of(correlate(x, w)).rows]
    [('w', 'x: windows')]
    """
    return Plan(tensor.name, write_tensor(tensor).rows)


__all__ = ["Plan", "plan_of"]
