"""Products that are a correlation of channels with two taps of stride 1: those that tiles of F(4, 3) compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients
from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.kernels.targets.c_product import Product, Side
from symconv.kernels.targets.c_tables import Tables
from symconv.kernels.targets.c_text import grouped
from symconv.term.polynomial import Atom, Poly, Size


@dataclass(frozen=True, slots=True)
class Stencil:
    """The channel that is summed, and for each axis of the image its tap, the tap's sign and the rest."""

    channel: str
    taps: tuple[str, str]
    signs: tuple[int, int]
    rests: tuple[Poly, Poly]
    images: str | None  # an index of images, the first axis of what is read and of the result


def stencil_of(product: Product) -> Stencil | None:
    """The stencil of a product; None where it has another form."""
    columns, result = product.columns, product.result
    if product.phases or len(columns) != 2 or len(product.rows) != 1 or len(product.summed) != 3:
        return None
    if result.positions[-2:] != tuple(map(Poly.of, columns)) or len(product.right.positions) < 3:
        return None
    found = shifts(product.right.positions[-2:], columns)
    if found is None:
        return None
    (u, up, low), (v, along, left) = found
    rest = [n for n in product.summed if n not in (u, v)]
    lone = [Poly.of(u), Poly.of(v)]
    free = [p for p in product.left.positions if p not in lone]
    outer = Side(product.right.array, product.right.positions[:-2])
    spatial = {u, v, *columns}
    if u == v or len(rest) != 1 or not {u, v} <= set(product.summed) or len(free) != len(product.left.positions) - 2:
        return None
    if any(spatial & p.names() for p in (*free, *outer.positions)):
        return None
    first = {product.right.positions[0], result.positions[0]}
    images = [n for n in product.around if first == {Poly.of(n)} and n not in product.left.names()]
    return Stencil(rest[0], (u, v), (up, along), (low, left), next(iter(images), None))


def shifts(positions: Sequence[Poly], names: Sequence[str]) -> list[tuple[str, int, Poly]] | None:
    """What else two positions hold beside these indices: an index, its sign and the rest; None where it is no such."""
    found: list[tuple[str, int, Poly]] = []
    for name, position in zip(names, positions, strict=True):
        form = coefficients(position) or ({}, ZERO)
        others = [n for n in form[0] if n != name]
        if form[0].get(name) != ONE or len(others) != 1 or form[0][others[0]] not in (ONE, -ONE):
            return None
        found.append((others[0], 1 if form[0][others[0]] == ONE else -1, form[1]))
    return found


def unit_steps(nest: Nest) -> dict[Size, Poly]:
    """The sizes that are a stride or a dilation on the last two axes of what is read or written, each as 1."""
    places = [nest.positions, *(f.index for f in nest.factors)]
    forms = [coefficients(p) for positions in places for p in positions[-2:]]
    steps = {c.as_atom for form in forms if form is not None for c in form[0].values()}
    return {size: ONE for size in steps if isinstance(size, Size)}


def with_sizes(nest: Nest, sizes: Mapping[Size, Poly]) -> Nest:
    """The nest where these sizes have these values."""
    values: dict[Atom, Poly] = dict(sizes.items())
    return replace(
        nest,
        weight=nest.weight.substitute(values),
        denominators=tuple(p.substitute(values) for p in nest.denominators),
        factors=tuple(Factor(f.head, tuple(p.substitute(values) for p in f.index)) for f in nest.factors),
        positions=tuple(p.substitute(values) for p in nest.positions),
        counts={n: p.substitute(values) for n, p in nest.counts.items()},
    )


class Tiling(Tables):
    """Writes a stencil by tiles."""

    STRUCTS = "tiling", "workshop"
    FUNCTIONS = "furnish", "by_winograd"
    TAPS = "a"  # the array whose axes the taps are
    TILES = "F(4, 3)"

    def tiled(self, stencil: Stencil, adds: bool) -> None:
        """The product by tiles."""
        function, product = self.function, self.product
        name, shop, tables = (function.names.fresh(n) for n in ("tiling", "workshop", "tables"))
        function.line(f"struct memory {tables} = {{0}};")
        function.line(f"struct NAME({self.STRUCTS[0]}) {name} = {{")
        for line in self.fields(stencil):
            function.line(f"    {line}")
        function.line("};")
        function.line(f"struct NAME({self.STRUCTS[1]}) {shop};")
        with (
            function.block(f"if (NAME({self.FUNCTIONS[0]})(&{tables}, &{name}, &{shop}))"),
            ExitStack() as loops,
        ):
            others = [n for n in (*product.around, *product.added) if n != stencil.images]
            for n in others:
                loops.enter_context(function.block(self.loop(n)))
            for field, side in self.sides().items():
                flat = side if field == self.TAPS else Side(side.array, (*side.positions[:-2], ZERO, ZERO))
                turned = self.turned(side, stencil) if field == self.TAPS else ""
                function.line(f"{name}.{field} = {side.array.name} + {self.corner(flat, others)}{turned};")
            first = " || ".join(f"{self.spelling[n]} > 0" for n in product.added if n != stencil.images) or "0"
            function.line(f"NAME({self.FUNCTIONS[1]})(&{name}, &{shop}, {'1' if adds else first});")
        function.line(f"memory.failed = {tables}.failed;")
        function.line(f"release(&{tables});")
        function.line("if (memory.failed) goto done;")

    def fields(self, stencil: Stencil) -> list[str]:
        """What F(4, 3) is told: sizes and distances."""
        product = self.product
        left, right, result, (row,) = product.left, product.right, product.result, product.rows
        height, width = (self.count((n,)) for n in product.columns)
        c_line = self.function.scalar(result.array.shape[-1])
        a_u, a_v = self.tap_steps(left, stencil)
        return [
            *self.image(stencil, ("b", right), ("c", result)),
            f".height = {height}, .width = {width}, .c_line = {c_line}, .c_row = {self.step(result, row)},",
            f".a_row = {self.step(left, row)}, .a_channel = {self.step(left, stencil.channel)},",
            f".a_u = {a_u}, .a_v = {a_v},",
        ]

    def entries(self) -> tuple[str, ...]:
        """The indices of what is cut into tiles."""
        return self.product.columns

    def sides(self) -> dict[str, Side]:
        return {"a": self.product.left, "b": self.product.right, "c": self.product.result}

    def image(self, stencil: Stencil, *batches: tuple[str, Side]) -> list[str]:
        """How many images, rows and channels there are, where a channel of the image lies, and its first tap."""
        each, right = stencil.images, self.product.right
        high, wide = (self.function.scalar(n) for n in right.array.shape[-2:])
        low_u, low_v = (
            self.text(rest - (2 if sign < 0 else 0)) for rest, sign in zip(stencil.rests, stencil.signs, strict=True)
        )
        far = ", ".join(f".{name}_image = {self.step(side, each) if each else 0}" for name, side in batches)
        return [
            f".images = {self.count((each,)) if each else 1}, {far},",
            f".rows = {self.count(self.product.rows)}, .channels = {self.count((stencil.channel,))},",
            f".high = {high}, .wide = {wide}, .b_line = {wide}, .b_channel = {self.step(right, stencil.channel)},",
            f".low_u = {low_u}, .low_v = {low_v}, .scale = {self.scale()},",
        ]

    def tap_steps(self, side: Side, stencil: Stencil) -> list[str]:
        """How far one tap moves, where windows are read forward."""
        signed = zip(stencil.taps, stencil.signs, strict=True)
        return [f"{'-' if sign < 0 else ''}{grouped(self.step(side, tap))}" for tap, sign in signed]

    def turned(self, side: Side, stencil: Stencil) -> str:
        """Where the first tap lies, which is the last one where windows are read backward."""
        signed = zip(stencil.taps, stencil.signs, strict=True)
        return "".join(f" + 2 * {grouped(self.step(side, tap))}" for tap, sign in signed if sign < 0)

    def fits(self, stencil: Stencil, steps: Mapping[Size, Poly]) -> str:
        """Where tiles are right, have room and pay, as a condition."""
        rows, channels = self.count(self.product.rows), self.count((stencil.channel,))
        equal = [f"{self.text(Poly.atom(size))} == {self.text(value)}" for size, value in steps.items()]
        equal += [f"{self.count((tap,))} == 3" for tap in stencil.taps]
        entries = [f"(double){grouped(self.count((n,)))}" for n in (*self.entries(), *filter(None, [stencil.images]))]
        pay = f"NAME(tiles_pay)({rows}, {channels}, {' * '.join(entries)})"
        return " && ".join(["!whole_numbers", *equal, pay])

    def step(self, side: Side, name: str) -> str:
        """How far one step of an index moves in an array."""
        moves = [(coefficients(p) or ({}, ZERO))[0].get(name, ZERO) for p in side.positions]
        return self.flat(side, moves)

    def corner(self, side: Side, loops: Sequence[str]) -> str:
        """Where the array is read or written when all indices but these are 0."""
        return self.flat(side, [a + b for a, b in zip(side.part(loops), side.constant(), strict=True)])

    def flat(self, side: Side, positions: Sequence[Poly]) -> str:
        """A position as a distance, the terms that are zero left out."""
        text = ""
        for p, extent in zip(positions, side.array.shape, strict=True):
            if text:
                text = f"{grouped(text)} * {grouped(self.function.scalar(extent))}"
            if not p.is_zero:
                text = f"{text} + {grouped(self.text(p))}" if text else self.text(p)
        return text or "0"


__all__ = ["Stencil", "Tiling", "stencil_of"]
