"""A product piece by piece, so that what it copies, packs and lists stays small whatever the image.

Cut is an index of the columns (a correlation: bands of the output) or one that is summed (the gradient by a kernel:
bands of the upstream gradient, whose products are added up).  Which of the two, and into how many pieces, is found
when the function runs; what is small stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symconv.kernels.nest import Nest
from symconv.kernels.targets.c_function import CFunction
from symconv.kernels.targets.c_product import Product, Side
from symconv.kernels.targets.c_tables import Tables
from symconv.kernels.targets.c_text import grouped
from symconv.term.polynomial import Atom, Poly


class Pieces(Tables):
    """Writes a product in which some indices begin at a start and have the count of a piece."""

    def __init__(self, function: CFunction, nest: Nest, product: Product) -> None:
        self.whole = product
        self.column, self.summand = _cut(product)
        self.cut = (self.column,) if product.phases else (self.column, self.summand)
        self.starts, self.lengths = ({n: f"{n} {of}" for n in self.cut} for of in ("start", "length"))
        moved: dict[Atom, Poly] = {n: Poly.of(n) + Poly.of(start) for n, start in self.starts.items()}
        counts = {n: Poly.of(length) for n, length in self.lengths.items()}
        sides = (product.left, product.right, product.result)
        left, right, result = (Side(s.array, tuple(p.substitute(moved) for p in s.positions)) for s in sides)
        part = replace(product, left=left, right=right, result=result, counts={**product.counts, **counts})
        super().__init__(function, nest, part)
        self.fixed += tuple(self.starts.values())
        fresh = function.names.fresh
        for n in self.cut:
            of = self.spelling[n]
            self.spelling[self.starts[n]], self.spelling[self.lengths[n]] = fresh(f"{of}_start"), fresh(f"{of}_count")
        self.each = {n: fresh(f"{self.spelling[n]}_each") for n in self.cut}

    def write(self, adds: bool) -> None:
        """adds: to what the output holds; else it is overwritten."""
        function, column, summand = self.function, self.column, self.summand
        if self.whole.phases:
            self.share_out(column, f"pieces_of({self.held_for_columns()})")
            with function.block(self.pieces(column)):
                super().write(adds)
            return
        by_columns = function.names.fresh("by_columns")
        function.line(f"const int {by_columns} = {self.by_columns()};")
        self.share_out(column, f"{by_columns} ? pieces_of({self.held_for_columns()}) : 1")
        self.share_out(summand, f"{by_columns} ? 1 : pieces_of({self.held_for_sums()})")
        with function.block(self.pieces(column)), function.block(self.pieces(summand)):
            self.measure(column)
            self.measure(summand)
            super().write(adds)

    def share_out(self, name: str, pieces: str) -> None:
        """How much of an index a piece has."""
        self.function.line(f"const long {self.each[name]} = part_of({self.full(name)}, {pieces});")

    def pieces(self, name: str) -> str:
        """The loop over the pieces; a sum of nothing is one, too."""
        start = self.spelling[self.starts[name]]
        once = f"{start} == 0 || " if name == self.summand else ""
        return f"for (long {start} = 0; {once}{start} < {self.full(name)}; {start} += {self.each[name]})"

    def place_of_phase(self, n: str, first: str, at: str, ends: Sequence[str]) -> None:
        super().place_of_phase(n, first, at, ends)
        self.measure(self.column)

    def measure(self, name: str) -> None:
        """The count of a piece; of no more than the phase holds."""
        start, length = self.spelling[self.starts[name]], self.spelling[self.lengths[name]]
        left = f"{self.text(self.whole.counts[name])} - {start}"
        self.function.line(f"const long {length} = minimum({self.each[name]}, {left});")

    def started(self) -> list[str]:
        return super().started() + [f"{self.spelling[self.starts[n]]} > 0" for n in self.cut if n == self.summand]

    def written(self) -> list[Poly]:
        names = (*self.whole.rows, *self.whole.columns)
        return [self.first_phase(self.whole.counts[n]) for n in names]

    def full(self, name: str) -> str:
        """The whole count of an index, in the first phase, which is the longest."""
        return self.text(self.first_phase(self.whole.counts[name]))

    # -- how much is held ---------------------------------------------------------

    def by_columns(self) -> str:
        """Whether columns are cut, of which there are more than is summed."""
        names = [self.column], [self.summand]
        if not _meet(self.whole, self.column, self.summand):
            names = list(self.whole.columns), list(self.whole.summed)
        return " >= ".join(map(self.entries, names))

    def held_for_columns(self) -> str:
        """Bytes of a copy of what is read, and of the places of the columns, which strips do not list."""
        listed = f"({self.entries(self.whole.rows)} < LANES / 2 ? 0 : 16)"
        return f"sizeof(T) * {self.box()} + {listed} * {self.entries(self.whole.columns)}"

    def held_for_sums(self) -> str:
        """Bytes of a copy of what is read, of the packed left factor, and of the places of what is summed."""
        packed = self.entries((*self.whole.rows, *self.whole.summed))
        return f"sizeof(T) * ({self.box()} + {packed}) + 80 * {self.entries(self.whole.summed)}"

    def box(self) -> str:
        """How many entries of the right array one product reads, at most."""
        moving = {*self.whole.columns, *self.whole.summed, *(p.shift for p in self.whole.phases)}
        right = self.whole.right
        read = [n for p, n in zip(right.positions, right.array.shape, strict=True) if moving & p.names()]
        return " * ".join(f"(double){grouped(self.function.scalar(n))}" for n in read) or "1"

    def entries(self, names: Sequence[str]) -> str:
        return " * ".join(f"(double){grouped(self.full(n))}" for n in names) or "1"


def _cut(product: Product) -> tuple[str, str]:
    """The column and the summed index that are cut: two that meet on an axis of what is read, else the first ones."""
    for column in product.columns:
        for summand in product.summed:
            if _meet(product, column, summand):
                return column, summand
    return product.columns[0], product.summed[0]


def _meet(product: Product, column: str, summand: str) -> bool:
    return any({column, summand} <= p.names() for p in product.right.positions)


__all__ = ["Pieces"]
