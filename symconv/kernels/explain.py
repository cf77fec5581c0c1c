"""A plan to look at: one row a step, what is read how, where it goes, what it costs, which schedule runs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symconv.kernels.compile import write_tensor
from symconv.kernels.lowering import Row
from symconv.term.tensor import Defined

HEAD = ("step", "computes", "reads", "result", "multiplications", "entries moved", "schedule")


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a kernel in the order in which they run; `print(plan)` shows them as a table."""

    name: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        cells = [HEAD, *(_cells(number, row) for number, row in enumerate(self.rows, 1))]
        return "\n".join([f"plan of {self.name}", *_table(cells)])


def _cells(number: int, row: Row) -> tuple[str, ...]:
    reads = ", ".join(row.reads) or "nothing"
    return (str(number), f"{row.target}: {row.formula}", reads, row.place, row.cost, row.moved, row.schedule)


def _table(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their longest cell."""
    widths = [max(len(row[n]) for row in cells) for n in range(len(HEAD))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def plan_of(tensor: Defined, name: str = "", accuracy: str = "exact") -> Plan:
    """How the kernel of a tensor is computed.

    accuracy: "exact" or "fast", which the choice of a schedule depends on where all sizes are stated.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(9),)), Leaf("w", (Axis.of(3),))
    >>> print(plan_of(correlate(x, w)))
    plan of correlate(x, w)
    step  computes          reads          result             multiplications  entries moved  schedule
    1     correlate: w * x  w, x: windows  sums over windows  3 * 7            19             toeplitz
    """
    return Plan(name or tensor.name, write_tensor(tensor, (), accuracy).rows)


__all__ = ["Plan", "plan_of"]
