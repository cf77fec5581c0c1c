"""Any nest as plain loops: the general path, right for every index formula.

The innermost loop runs along the last axis of the output where that is possible.  What is a product with a sum, or a
pooling, goes to the functions that are made for it, and to plain loops where its windows lie far apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, surely_nonnegative
from symconv.kernels.factors import indices_of
from symconv.kernels.inner_formulas import formula_over
from symconv.kernels.nest import ONE, ZERO, Nest, Winner, nests_of
from symconv.kernels.plan import inside, plan_place
from symconv.kernels.pool_patterns import pooling_of
from symconv.kernels.targets.c_bounds import Bounds, Condition
from symconv.kernels.targets.c_function import Array, CFunction
from symconv.kernels.targets.c_pieces import Pieces
from symconv.kernels.targets.c_pool import has_planes, write_pooling
from symconv.kernels.targets.c_product import Product, plan_product
from symconv.kernels.targets.c_rows import LOOPS, PIECES, PRODUCTS, row_of, row_of_pooling
from symconv.kernels.targets.c_stencil import Stencil, Tiling, stencil_of, unit_steps, with_sizes
from symconv.kernels.targets.c_stencil_taps import TapTiling, taps_of
from symconv.kernels.targets.c_text import grouped, number_c
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Entry, Value


@dataclass(frozen=True, slots=True)
class Read:
    """An entry of an array at positions counted from 0; zero outside if `asked`, else surely inside the bounds."""

    array: Array
    positions: tuple[Poly, ...]
    asked: bool = False


class Loops(Bounds):
    """Writes one nest into a function: out[positions] += product."""

    def __init__(self, function: CFunction, nest: Nest, out: Array) -> None:
        super().__init__(function, nest.counts, [Condition(g.poly, g.equality) for g in nest.masks])
        self.nest, self.out = nest, out
        self.taps = {n: w for w in nest.winners for n in indices_of(w.taps)}

    def write(self) -> None:
        nest, function = self.nest, self.function
        for extreme in nest.extremes:
            function.extreme(extreme)
        reads = [self.read(f) for f in nest.factors]
        windows = {w: self.window(w) for w in nest.winners}
        self.stay(nest.positions, self.out.shape)
        order = self.order(reads)
        self.spelling = {n: function.names.fresh(_hint(nest, n)) for n in nest.counts}
        at_end = self.inner_is_summed(order)
        with ExitStack() as stack:
            self.ask_first(stack)
            if not order:
                stack.enter_context(function.block("for (int once = 1; once; once = 0)"))
                self.ask(order, -1)
                self.find_winners(order, -1, windows)
            for depth, name in enumerate(order):
                if at_end and depth == len(order) - 1:
                    self.sum_along(name, order, reads)
                    return
                if depth == len(order) - 1 and self.alone(name):
                    function.directive("#pragma GCC ivdep")
                stack.enter_context(function.block(self.loop(name, order[: depth + 1])))
                self.ask(order, depth)
                self.find_winners(order, depth, windows)
            function.line(f"{self.place()} += {self.product(reads)};")

    def sum_along(self, name: str, order: Sequence[str], reads: Sequence[Read]) -> None:
        """The innermost loop where it is summed: in double, for long sums in float lose digits."""
        function = self.function
        index, first, end, last = self.ends(name, order)
        function.line("double total = 0;")
        function.line(f"const long {end} = {last};")
        if _along_rows(reads, name):  # some entries side by side
            function.directive("#pragma omp simd reduction(+ : total)")
        with function.block(f"for (long {index} = {first}; {index} < {end}; {index}++)"):
            self.ask(order, len(order) - 1)
            function.line(f"total += {self.product(reads)};")
        function.line(f"{self.place()} += (T)total;")

    # -- what is read -------------------------------------------------------------

    def read(self, factor: Factor) -> Read:
        """What a factor reads; its place on the array becomes conditions where zero stands for the outside."""
        tensor, head = factor.head.tensor, factor.head
        if isinstance(tensor, Leaf):
            array, index = self.function.array(tensor), factor.index
        else:
            names = indices_of(factor.index)
            axes = {n: Axis(ZERO, self.nest.counts[n] - 1) for n in names}
            array = array_of(self.function, "argument", Entry(tensor, factor.index), axes)
            index = tuple(map(Poly.of, names))
        positions = tuple(p - low for p, low in zip(index, array.lows, strict=True))
        if head.function is None and not head.inverse:
            self.stay(positions, array.shape)
            return Read(array, positions)
        held = all(inside(p, n, self.nest.counts) for p, n in zip(positions, array.shape, strict=True))
        return Read(array, positions, not held)

    def window(self, winner: Winner) -> Read:
        """The array in which a maximum is looked for; a formula becomes an array first."""
        names = (*indices_of(winner.arguments), *indices_of(winner.taps))
        return read_of(self.function, winner.candidate, names, self.nest.counts)

    # -- loops -----------------------------------------------------------------------

    def order(self, reads: Sequence[Read]) -> list[str]:
        """Indices of the output first, then those that are summed; last the one along the output's last axis.

        Or one that is summed, where it runs along the rows that are read and that one across them.
        """
        nest = self.nest
        loops = [n for n in nest.counts if n not in self.taps]
        outer = [n for n in indices_of(nest.positions) if n in loops]
        summed = [n for n in loops if n not in outer]
        if not loops:
            return []
        laid = [n for n in plan_place(nest, self.out.shape).order if n in loops]
        inner = laid[-1] if laid else (summed or outer)[-1]
        if laid and not self.taps and _along_rows(reads, inner) is False:
            inner = next((n for n in summed if _along_rows(reads, n)), inner)
        return [n for n in (*outer, *summed) if n != inner] + [inner]

    def inner_is_summed(self, order: Sequence[str]) -> bool:
        return bool(order) and not nest_reads(self.nest, order[-1]) and not self.taps

    def alone(self, name: str) -> bool:
        """Every round of the loop adds to another entry."""
        forms = [coefficients(p) for p in self.nest.positions]
        moved = [f[0].get(name, ZERO) for f in forms if f is not None]
        return None not in forms and not self.taps and any(surely_nonnegative(c - 1) for c in moved)

    # -- maxima ------------------------------------------------------------------------

    def find_winners(self, order: Sequence[str], depth: int, windows: Mapping[Winner, Read]) -> None:
        """Where all arguments of a maximum are known: look for its first greatest entry."""
        known = set(order[: depth + 1])
        for winner, read in windows.items():
            taps = indices_of(winner.taps)
            if set(taps) <= self.looked_up or not set(indices_of(winner.arguments)) <= known:
                continue
            write = self.function
            write.line(f"long {', '.join(f'{self.spelling[t]} = 0' for t in taps)};")
            trial = {t: write.names.fresh(f"{self.spelling[t]}_try") for t in taps}
            inner = self.spelling | trial
            with write.block(""), ExitStack() as stack:
                write.line("T best = -INFINITY;")
                for t in taps:
                    count = write.text(self.nest.counts[t])
                    stack.enter_context(write.block(f"for (long {trial[t]} = 0; {trial[t]} < {count}; {trial[t]}++)"))
                write.line(f"const T value = {self.entry(read, inner)};")
                moves = " ".join(f"{self.spelling[t]} = {trial[t]};" for t in taps)
                write.line(f"if (value > best || (value != value && best == best)) {{ best = value; {moves} }}")
            self.looked_up.update(taps)
        self.ask(order, depth)

    # -- the product ---------------------------------------------------------------------

    def place(self) -> str:
        at = self.function.offset(self.out, [grouped(self.text(p)) for p in self.nest.positions])
        return f"{self.out.name}[{at}]"

    def product(self, reads: Sequence[Read]) -> str:
        nest = self.nest
        parts = []
        for factor, read in zip(nest.factors, reads, strict=True):
            text = self.entry(read, self.spelling)
            text = self.function.applied(factor.head.function, text) if factor.head.function else text
            parts.append(f"((T)1 / {text})" if factor.head.inverse else text)
        if nest.coefficient != 1 or not parts:
            parts.insert(0, number_c(nest.coefficient))
        if nest.weight != ONE:
            parts.append(f"(T){grouped(self.text(nest.weight))}")
        return " * ".join(parts) + "".join(f" / (T){grouped(self.text(p))}" for p in nest.denominators)

    def entry(self, read: Read, spelling: Mapping[str, str]) -> str:
        return entry_text(self.function, read, spelling)


def _along_rows(reads: Sequence[Read], name: str) -> bool | None:
    """Whether an index moves by one entry in every array that is read with it; None where there is none."""
    found = []
    for read in reads:
        steps = [(coefficients(p) or ({name: ZERO}, ZERO))[0].get(name) for p in read.positions]
        if any(step is not None for step in steps):
            found.append(steps[-1] == ONE and all(step is None for step in steps[:-1]))
    return all(found) if found else None


def entry_text(function: CFunction, read: Read, spelling: Mapping[str, str]) -> str:
    """An entry as an expression; zero outside the array if it must be asked."""
    index = [grouped(function.text(p, spelling)) for p in read.positions]
    text = f"{read.array.name}[{function.offset(read.array, index)}]"
    if not read.asked:
        return text
    limits = zip(index, read.array.shape, strict=True)
    asked = " && ".join(f"{p} >= 0 && {p} < {grouped(function.text(n))}" for p, n in limits)
    return f"({asked} ? {text} : 0)"


def read_of(function: CFunction, body: Value, names: Sequence[str], counts: Mapping[str, Poly]) -> Read:
    """How to read a value over some indices: an entry of a leaf as it is, all else by an array of its own."""
    if isinstance(body, Entry) and isinstance(body.tensor, Leaf):
        array = function.array(body.tensor)
        positions = tuple(p - low for p, low in zip(body.index, array.lows, strict=True))
    else:
        array = array_of(function, "windows", body, {n: Axis(ZERO, counts[n] - 1) for n in names})
        positions = tuple(map(Poly.of, names))
    held = all(inside(p, n, counts) for p, n in zip(positions, array.shape, strict=True))
    return Read(array, positions, not held)


def array_of(function: CFunction, wanted: str, value: Value, axes: Mapping[str, Axis]) -> Array:
    """The array of a value whose free indices run over these axes."""
    formula = formula_over(axes, value, wanted)
    array = function.allocate(wanted, formula.shape)
    add_nests(function, nests_of(formula), formula, array, wanted)
    return array


def add_nests(function: CFunction, nests: Sequence[Nest], formula: Defined, out: Array, title: str) -> None:
    """out = the sum of the nests; products with a sum go to the engine, poolings to their own, all else is loops."""
    written = False
    poolings = {id(nest): pooling_of(nest, formula) for nest in nests}
    for nest in sorted(nests, key=lambda nest: poolings[id(nest)] is None):
        pooling = poolings[id(nest)]
        if not written and pooling is not None and has_planes(function, pooling, out):
            function.rows.append(row_of_pooling(title, pooling, formula))
            with function.block(""), write_pooling(function, pooling, nest, out):
                function.line(_cleared(function, out))
                Loops(function, nest, out).write()
            written = True
            continue
        product = plan_product(function, nest, out)
        if not written and (product is None or not product.covers):
            function.line(_cleared(function, out))
            written = True
        with function.block(""):
            if product is None:
                Loops(function, nest, out).write()
                function.rows.append(row_of(title, nest, formula, LOOPS))
            else:
                tiles = write_product(function, nest, product, out, written)
                place = f"{PRODUCTS}, phase by phase" if product.phases else PRODUCTS
                schedule = f"tiles {tiles} where they fit, else {PIECES}" if tiles else PIECES
                function.rows.append(row_of(title, nest, formula, place, schedule))
        written = True
    if not written:
        function.line(_cleared(function, out))


def write_product(function: CFunction, nest: Nest, product: Product, out: Array, adds: bool) -> str:
    """A product by the engine, or by tiles where they are allowed and fit: which, if there are any."""
    function.engine = True
    for extreme in nest.extremes:
        function.extreme(extreme)
    if product.added and not adds:
        none = " || ".join(f"{function.scalar(product.counts[n])} == 0" for n in product.added)
        function.line(f"if ({none}) {_cleared(function, out)}")
    if product.phases:
        with function.block(f"if ({_far_apart(function, product)})"):
            if not adds:
                function.line(_cleared(function, out))
            Loops(function, nest, out).write()
        with function.block("else"):
            return _by_engine(function, nest, product, out, adds)
    return _by_engine(function, nest, product, out, adds)


def _far_apart(function: CFunction, product: Product) -> str:
    """Where a phase of the output holds so few entries that plain loops over what is added are faster."""
    ends = [(grouped(function.text(p.step)), grouped(function.scalar(p.extent))) for p in product.phases]
    phases = " * ".join(f"minimum({step}, {extent})" for step, extent in ends)
    columns = " * ".join(f"({extent} / {step} + 1)" for step, extent in ends)
    return f"{phases} > 16 * {columns}"


def _by_engine(function: CFunction, nest: Nest, product: Product, out: Array, adds: bool) -> str:
    steps = unit_steps(nest)
    plain = with_sizes(nest, steps)
    tiled = plan_product(function, plain, out, steps) if function.fast and not nest.extremes else None
    found = _stencil_in(tiled) if tiled is not None else None
    if tiled is None or found is None:
        Pieces(function, nest, product).write(adds)
        return ""
    stencil, writer = found
    tables = writer(function, plain, tiled)
    with function.block(f"if ({tables.fits(stencil, steps)})"):
        tables.tiled(stencil, adds)
    with function.block("else"):
        Pieces(function, nest, product).write(adds)
    return writer.TILES


def _stencil_in(product: Product) -> tuple[Stencil, type[Tiling]] | None:
    """The stencil that a product applies, or whose taps it differentiates by, and what writes it by tiles."""
    for find, writer in ((stencil_of, Tiling), (taps_of, TapTiling)):
        stencil = find(product)
        if stencil is not None:
            return stencil, writer
    return None


def _cleared(function: CFunction, out: Array) -> str:
    """The statement that makes all entries 0."""
    return f"memset({out.name}, 0, sizeof(T) * {grouped(function.count(out.shape))});"


def nest_reads(nest: Nest, name: str) -> bool:
    """True if the output's place changes with an index."""
    return any(name in p.names() for p in nest.positions)


def _hint(nest: Nest, name: str) -> str:
    return nest.hints.get(name, name)


__all__ = ["Array", "Loops", "Read", "add_nests", "array_of", "entry_text", "read_of"]
