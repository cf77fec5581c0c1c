"""A plan to look at: one row a step, what is read how, where it goes, what it costs, which schedule runs it.

The memory that a plan works in is measured, not derived: where all sizes are stated and small enough, the kernel runs
once on zeros in a thread of its own, and what it keeps there is listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import prod

import numpy as np

from symconv.kernels.bounds import product_of
from symconv.kernels.compile import Kernel, kernel_of
from symconv.kernels.module import ModuleWriter
from symconv.kernels.parts import SMALL, Chosen, Part, Step, inner_parts, labels
from symconv.kernels.plan_row import Row
from symconv.kernels.products import COUNTED, products
from symconv.kernels.runtime.small import _SMALL
from symconv.kernels.schedules.names import refuse_unknown
from symconv.kernels.standing import may_compute, what_stands
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined

HEAD = ("step", "computes", "reads", "result", "multiplications", "by schedule", "bytes moved", "schedule")
MOST_ENTRIES = 1 << 24  # of all arrays of a kernel that is run to be measured


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a kernel in the order in which they run; `print(plan)` shows them as a table.

    memory: the bytes of each buffer that is kept from call to call, for float32; "weights" are transformed kernels.
    None where a size is not stated, or the arrays are too large to run it once.
    wanted: the schedule that was asked for, if one was.  bound: what is known of the memory where none is measured.
    """

    name: str
    rows: tuple[Row, ...]
    memory: dict[str, int] | None = field(default=None, hash=False)
    wanted: str = ""
    bound: str = ModuleWriter.memory

    @property
    def steps(self) -> dict[int, Step]:
        """What computes the sums over windows and their adjoints, by the number of the row."""
        return {number: row.step for number, row in enumerate(self.rows) if row.step is not None}

    def __str__(self) -> str:
        cells = [HEAD, *(self._cells(number, row) for number, row in enumerate(self.rows))]
        head = f"plan of {self.name}"
        return "\n".join([head, *_table(cells), *self._notes(), f"working memory: {self._memory()}"])

    def _cells(self, number: int, row: Row) -> tuple[str, ...]:
        step = row.step
        cost, count, schedule = row.cost, "", row.schedule
        factors = cost.split(" * ")
        if len(factors) > 1 and all(map(str.isdigit, factors)):
            cost += f" = {prod(map(int, factors)):,}"
        if step is not None and step.single is not None:
            count, schedule = _count(step.single), labels(step.single.parts)
        elif step is not None and self.wanted and may_compute(self.wanted, step):
            schedule = f"{self.wanted} where it fits, else {schedule}"
        reads = ", ".join(row.reads) or "nothing"
        return (str(number + 1), f"{row.target}: {row.formula}", reads, row.place, cost, count, row.moved, schedule)

    def _notes(self) -> Iterator[str]:
        """What the table leaves open: the asked-for schedule, float64, what is counted."""
        yield from what_stands(self.wanted, self.steps)
        if not self.wanted and any(step.single is None for step in self.steps.values()):
            yield f"by sizes: windows of up to {_SMALL:,} entries are a {SMALL}, one matrix product in kept arrays"
        for number, step in self.steps.items():
            if step.single and step.double and labels(step.single.parts) != labels(step.double.parts):
                found = f"{labels(step.double.parts)}, {_count(step.double)} multiplications"
                yield f"step {number + 1} in float64: {found}"
        parts = [part for step in self.steps.values() if step.single for part in step.single.parts]
        for name in sorted({part.schedule for part in _all_within(parts)} & set(COUNTED)):
            yield f"multiplications by schedule, {name}: {COUNTED[name]}"

    def _memory(self) -> str:
        if self.memory is None:
            return self.bound
        named = ", ".join(f"{name} {size:,}" for name, size in sorted(self.memory.items()))
        return f"{sum(self.memory.values()):,} bytes{f' ({named})' if named else ''}"


def _count(chosen: Chosen) -> str:
    return f"{sum(map(products, chosen.parts)):,}"


def _all_within(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all_within(tuple(inner_parts(part)))


def working_memory(kernel: Kernel, shape: Sequence[Poly]) -> dict[str, int] | None:
    """The bytes of each buffer that a kernel with a result of this shape keeps, by running it on zeros in float32."""
    written = kernel.written
    shapes = {leaf.name: tuple(n.as_int for n in leaf.shape) for leaf, _ in written.interface.arrays}
    stated = {name: tuple(n for n in shape if n is not None) for name, shape in shapes.items()}
    entries = [prod(shape) for shape in stated.values()] + [product_of(shape).as_int]
    if stated != shapes or written.said or written.unknown or None in entries:
        return None
    if sum(n or 0 for n in entries) > MOST_ENTRIES:
        return None
    arrays = {name: np.zeros(shape, np.float32) for name, shape in stated.items()}

    def run() -> dict[str, int]:
        kernel(arrays)
        return kernel.kept()

    with ThreadPoolExecutor(1) as thread:  # whose buffers are its own
        return thread.submit(run).result()


def _table(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their longest cell; those without any are left out."""
    widths = [max(len(row[n]) for row in cells) if any(row[n] for row in cells[1:]) else 0 for n in range(len(HEAD))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()


def plan_of(tensor: Defined, name: str = "", accuracy: str = "exact", schedule: str = "") -> Plan:
    """How the kernel of a tensor is computed.

    accuracy: "exact" or "fast", which the choice of a schedule depends on where all sizes are stated.
    schedule: the name of one that is used wherever it fits; chosen by sizes without it.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(9),)), Leaf("w", (Axis.of(3),))
    >>> print(plan_of(correlate(x, w)))
    plan of correlate(x, w)
    step  computes          reads          result             multiplications  by schedule  bytes moved  schedule
    1     correlate: w * x  w, x: windows  sums over windows  3 * 7 = 21       21           76           small problem
    multiplications by schedule, small problem: every window of a row that is copied, those that no output needs too
    working memory: 156 bytes (small problem 156)
    """
    refuse_unknown(accuracy, schedule)
    kernel = kernel_of(tensor, (), accuracy, schedule)
    return Plan(name or tensor.name, kernel.written.rows, working_memory(kernel, tensor.shape), schedule)


def plans_of(module: ModuleWriter) -> list[Plan]:
    """The plans of the functions that a target writes, forward first."""
    return [Plan(p.fast.interface.name, p.fast.rows, None, "", module.memory) for p in module.pairs]


__all__ = ["Plan", "plan_of", "plans_of", "working_memory"]
