"""A plan to look at: one row a step, what is read how, where it goes, what it costs, which schedule runs it.

The memory that a plan works in is measured, not derived: where all sizes are stated and small enough, the kernel runs
once on zeros in a thread of its own, and what it keeps there is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from threading import Thread

import numpy as np

from symconv.kernels.bounds import product_of
from symconv.kernels.compile import kernel_of, write_tensor
from symconv.kernels.lowering import Row
from symconv.term.tensor import Defined

HEAD = ("step", "computes", "reads", "result", "multiplications", "bytes moved", "schedule")
MOST_ENTRIES = 1 << 24  # of all arrays of a kernel that is run to be measured
BOUND = "at most 4 MB, beside transformed kernels"


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a kernel in the order in which they run; `print(plan)` shows them as a table.

    memory: the bytes of each buffer that is kept from call to call, for float32; "weights" are transformed kernels.
    None where a size is not stated, or the arrays are too large to run it once.
    """

    name: str
    rows: tuple[Row, ...]
    memory: dict[str, int] | None = field(default=None, hash=False)

    def __str__(self) -> str:
        cells = [HEAD, *(_cells(number, row) for number, row in enumerate(self.rows, 1))]
        return "\n".join([f"plan of {self.name}", *_table(cells), f"working memory: {self._memory()}"])

    def _memory(self) -> str:
        if self.memory is None:
            return BOUND
        named = ", ".join(f"{name} {size:,}" for name, size in sorted(self.memory.items()))
        return f"{sum(self.memory.values()):,} bytes{f' ({named})' if named else ''}"


def working_memory(tensor: Defined, accuracy: str = "exact") -> dict[str, int] | None:
    """The bytes of each buffer that a kernel keeps, by running it once on zeros in float32."""
    kernel = kernel_of(tensor, (), accuracy, "")
    written = kernel.written
    shapes = {leaf.name: tuple(n.as_int for n in leaf.shape) for leaf, _ in written.interface.arrays}
    stated = {name: tuple(n for n in shape if n is not None) for name, shape in shapes.items()}
    entries = [prod(shape) for shape in stated.values()] + [product_of(tensor.shape).as_int]
    if stated != shapes or written.said or written.unknown or None in entries:
        return None
    if sum(n or 0 for n in entries) > MOST_ENTRIES:
        return None
    arrays = {name: np.zeros(shape, np.float32) for name, shape in stated.items()}
    found: dict[str, int] = {}

    def run() -> None:
        kernel(arrays)
        found.update(kernel.kept())

    thread = Thread(target=run)
    thread.start()
    thread.join()
    return found


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
    step  computes          reads          result             multiplications  bytes moved  schedule
    1     correlate: w * x  w, x: windows  sums over windows  3 * 7            76           toeplitz
    working memory: 156 bytes (small problem 156)
    """
    return Plan(name or tensor.name, write_tensor(tensor, (), accuracy).rows, working_memory(tensor, accuracy))


__all__ = ["Plan", "plan_of", "working_memory"]
