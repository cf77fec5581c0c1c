"""A product with a sum as C: tables of positions for its rows, columns and summed indices, then the engine's call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from symconv.kernels.bounds import coefficients
from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.kernels.targets.c_function import CFunction
from symconv.kernels.targets.c_product import Product, Side
from symconv.kernels.targets.c_text import grouped, number_c
from symconv.term.polynomial import Atom, Poly


class Tables:
    """Writes one product."""

    def __init__(self, function: CFunction, nest: Nest, product: Product) -> None:
        self.function, self.nest, self.product = function, nest, product
        for extreme in nest.extremes:
            function.extreme(extreme)
        self.listed = product.summed if product.phases else product.summed[:-1]
        names = [*product.counts, *(n for p in product.phases for n in (p.phase, p.shift))]
        self.spelling = {n: function.names.fresh(nest.hints.get(n.split("'")[0].split(" ")[0], n)) for n in names}
        self.fixed = (*product.around, *product.added, *(p.phase for p in product.phases))  # in a product

    def write(self, adds: bool) -> None:
        """adds: to what the output holds; else it is overwritten."""
        if self.product.phases:
            self.by_phases(adds)
        else:
            self.alone(adds)

    def alone(self, adds: bool) -> None:
        """One product, its loops around it."""
        function = self.function
        with function.block(f"if ({self.some()})"):
            name, tables = function.names.fresh("product"), function.names.fresh("tables")
            function.line(f"struct memory {tables} = {{0}};")
            self.declare(f"struct NAME(product) {name} = {{", tables)
            self.prepare(name, tables)
            function.line(f"NAME(share)(&{tables}, &{name}, 1);")
            with function.block(f"if (!{tables}.failed)"), self.around():
                self.multiply(name, adds)
            function.line(f"memory.failed = {tables}.failed;")
            function.line(f"release(&{tables});")
            function.line("if (memory.failed) goto done;")

    def by_phases(self, adds: bool) -> None:
        """A product for each phase; those of a result that stays in a cache together, inside of the loops around."""
        function, line = self.function, self.function.line
        fresh = function.names.fresh
        products, tables, phases, together = map(fresh, ("products", "tables", "phases", "together"))
        first, end, n, at = map(fresh, ("first", "end", "n", "at"))
        ends = [f"minimum({self.text(p.step)}, {function.scalar(p.extent)})" for p in self.product.phases]
        line(f"const long {phases} = {' * '.join(ends)};")
        line(f"const long {together} = {self.bytes_written(phases)} <= NEAR ? TOGETHER : 1;")
        with function.block(f"for (long {first} = 0; {first} < {phases}; {first} += {together})"):
            line(f"const long {end} = minimum({first} + {together}, {phases});")
            line(f"struct NAME(product) {products}[TOGETHER] = {{0}};")
            line(f"struct memory {tables}[TOGETHER] = {{0}};")
            each = f"for (long {n} = {first}; {n} < {end}; {n}++)"
            name = f"{products}[{at}]"
            with function.block(each):
                self.place_of_phase(n, first, at, ends)
                with function.block(f"if ({self.some()})"):
                    self.declare(f"{name} = (struct NAME(product)){{", f"{tables}[{at}]")
                    self.prepare(name, f"{tables}[{at}]")
                line(f"memory.failed |= {tables}[{at}].failed;")
            line(f"if (!memory.failed) NAME(share)({tables}, {products}, {end} - {first});")
            line(f"memory.failed |= {tables}[0].failed;")
            with function.block("if (!memory.failed)"), self.around(), function.block(each):
                self.place_of_phase(n, first, at, ends)
                with function.block(f"if ({self.some()})"):
                    self.multiply(name, adds)
            with function.block(f"for (long {at} = 0; {at} < {end} - {first}; {at}++)"):
                line(f"memory.failed |= {tables}[{at}].failed;")
                line(f"release(&{tables}[{at}]);")
            line("if (memory.failed) goto done;")

    def place_of_phase(self, n: str, first: str, at: str, ends: Sequence[str]) -> None:
        """The phase of each axis, of the n-th of all, and its place among those that are held."""
        line, left = self.function.line, n
        line(f"const long {at} = {n} - {first};")
        for k, (phase, end) in enumerate(zip(self.product.phases, ends, strict=True)):
            after = " / ".join([left, *(grouped(e) for e in ends[k + 1 :])])
            line(f"const long {self.spelling[phase.phase]} = {after}{f' % {end}' if k else ''};")

    def bytes_written(self, phases: str) -> str:
        """What one round of the loops around writes, in C."""
        return " * ".join(["(double)sizeof(T)", *(grouped(self.text(n)) for n in self.written()), phases])

    def written(self) -> list[Poly]:
        """The counts of the rows and columns of all phases together, as if each were the first."""
        return [self.first_phase(self.product.counts[n]) for n in (*self.product.rows, *self.product.columns)]

    def first_phase(self, poly: Poly) -> Poly:
        zero: dict[Atom, Poly] = {p.phase: ZERO for p in self.product.phases}
        return poly.substitute(zero)

    def some(self) -> str:
        return f"{self.count(self.product.rows)} > 0 && {self.count(self.product.columns)} > 0"

    def declare(self, head: str, tables: str) -> None:
        """The product's arrays and counts, its tables empty."""
        product, line = self.product, self.function.line
        summed, rows, runs = map(self.count, (self.listed, product.rows, product.columns[:-1]))
        line(head)
        parts = (("left", product.left, summed, rows), ("right", product.right, summed, runs))
        for part, side, first, second in (*parts, ("result", product.result, rows, runs)):
            extents = ", ".join(self.function.scalar(n) for n in side.array.shape)
            rank = len(side.positions)
            line(f"    .{part} = side(&{tables}, {rank}, (long[]){{{extents}}}, {first}, {second}),")
        arrays = f".a = {product.left.array.name}, .b = {product.right.array.name}, .c = {product.result.array.name}"
        line(f"    {arrays},")
        line(f"    .scale = {self.scale()}, .rows = {rows}, .columns = {self.count(product.columns)},")
        line("};")

    def prepare(self, name: str, tables: str) -> None:
        """Fill the tables."""
        function, product = self.function, self.product
        with function.block(f"if (!{tables}.failed)"):
            function.line("long entry;")
            self.fill(name, self.listed, (("left.first", product.left), ("right.first", product.right)))
            function.line(f"{name}.left.firsts = {name}.right.firsts = entry;")
            self.fill(name, product.rows, (("left.second", product.left), ("result.first", product.result)))
            columns = (("right.second", product.right), ("result.second", product.result))
            self.fill(name, product.columns[:-1], columns)
            self.along(name)
            self.unlisted(name)
        function.line(f"NAME(prepare)(&{tables}, &{name});")

    @contextmanager
    def around(self) -> Iterator[None]:
        """The loops around a product."""
        with ExitStack() as loops:
            for n in (*self.product.around, *self.product.added):
                loops.enter_context(self.function.block(self.loop(n)))
            yield

    def multiply(self, name: str, adds: bool) -> None:
        product = self.product
        bases = [self.base(side) for side in (product.left, product.right, product.result)]
        first = " || ".join(self.started()) or "0"
        self.function.line(f"NAME(multiply)(&{name}, {', '.join(bases)}, {'1' if adds else first});")

    def started(self) -> list[str]:
        """What holds once something has been written that is added to."""
        return [f"{self.spelling[n]} > 0" for n in self.product.added]

    def scale(self) -> str:
        """The coefficient, weight and denominators, which are the same everywhere."""
        nest = self.nest
        text = number_c(nest.coefficient)
        if nest.weight != ONE:
            text += f" * (T){grouped(self.text(nest.weight))}"
        return text + "".join(f" / (T){grouped(self.text(p))}" for p in nest.denominators)

    def fill(self, name: str, indices: Sequence[str], sides: Sequence[tuple[str, Side]]) -> None:
        """A line of positions for each value of the indices."""
        function = self.function
        function.line("entry = 0;")
        with ExitStack() as stack:
            for head in map(self.loop, indices) if indices else ("",):
                stack.enter_context(function.block(head))
            shifts = self.shifts() if indices is self.listed else ()
            for table, side in sides:
                parts, part = side.part((*indices, *shifts)), f"at_{table.split('.')[0]}"
                function.line(f"long *{part} = {name}.{table} + {len(parts)} * entry;")
                function.line(" ".join(f"{part}[{n}] = {self.text(p)};" for n, p in enumerate(parts)))
            function.line("entry++;")

    def along(self, name: str) -> None:
        """The last column index, which runs along a row."""
        for table, side in (("right", self.product.right), ("result", self.product.result)):
            self.steps(f"{name}.{table}.inner", side, self.product.columns[-1])

    def unlisted(self, name: str) -> None:
        """The last summed index, where it is left to the engine."""
        for n in self.product.summed[len(self.listed) :]:
            for table, side in (("left", self.product.left), ("right", self.product.right)):
                self.steps(f"{name}.{table}.along", side, n)

    def steps(self, member: str, side: Side, index: str) -> None:
        """How far an index moves on each axis of an array, where it moves at all, and its count."""
        for axis, position in enumerate(side.positions):
            steps, _ = coefficients(position) or ({}, ZERO)
            if index in steps:
                self.function.line(f"{member}[{axis}] = {self.text(steps[index])};")
        self.function.line(f"{member}s = {self.count((index,))};")

    def shifts(self) -> tuple[str, ...]:
        """Where the output is taken phase by phase: keep the taps that meet this one, and how far they shift."""
        for p in self.product.phases:
            step, gap = self.text(p.step), self.text(Poly.of(p.phase) - p.rest)
            self.function.line(f"if (floor_mod({gap}, {step}) != 0) continue;")
            self.function.line(f"const long {self.spelling[p.shift]} = floor_div({gap}, {step});")
        return tuple(p.shift for p in self.product.phases)

    def loop(self, name: str) -> str:
        variable = self.spelling[name]
        return f"for (long {variable} = 0; {variable} < {self.count((name,))}; {variable}++)"

    def base(self, side: Side) -> str:
        parts = (a + b for a, b in zip(side.part(self.fixed), side.constant(), strict=True))
        return f"(long[]){{{', '.join(map(self.text, parts))}}}"

    def count(self, names: Sequence[str]) -> str:
        counts = [self.product.counts[n] for n in names if self.product.counts[n] != ONE]
        parts = [self.text(n) if n.names() else self.function.scalar(n) for n in counts]
        return " * ".join(map(grouped, parts)) if len(parts) > 1 else parts[0] if parts else "1"

    def text(self, poly: Poly) -> str:
        return self.function.text(poly, self.spelling)


__all__ = ["Tables"]
