"""The gradient by the taps of a stencil: products that tiles of F(3, 4) compute, and their call in C."""

from __future__ import annotations

from symconv.kernels.targets.c_product import Product
from symconv.kernels.targets.c_stencil import Stencil, Tiling, shifts
from symconv.term.polynomial import Poly


def taps_of(product: Product) -> Stencil | None:
    """The stencil whose taps a product differentiates by; None where it has another form.

    result[row, channel, u, v] = the sum over i, j (and images) of left[row, i, j] * right[channel, i + u, j + v].
    """
    columns, left, right = product.columns, product.left.positions, product.right.positions
    if product.phases or len(columns) != 3 or len(product.rows) != 1 or len(left) < 3 or len(right) < 3:
        return None
    lone = {Poly.of(n): n for n in product.summed}
    if len(lone) != 2 or set(left[-2:]) != set(lone):
        return None
    found = shifts(right[-2:], [lone[p] for p in left[-2:]])
    if found is None:
        return None
    (u, up, low), (v, along, first) = found
    rest = [n for n in columns if n not in (u, v)]
    spatial = {u, v, *product.summed}
    if len(rest) != 1 or u == v or any(spatial & p.names() for p in (*left[:-2], *right[:-2])):
        return None
    return Stencil(rest[0], (u, v), (up, along), (low, first), next(iter(product.added), None))


class TapTiling(Tiling):
    """Writes such a gradient by tiles."""

    STRUCTS = "tap_tiling", "tap_workshop"
    FUNCTIONS = "furnish_taps", "taps_by_winograd"
    TAPS = "c"
    TILES = "F(3, 4)"

    def fields(self, stencil: Stencil) -> list[str]:
        """What F(3, 4) is told: sizes and distances."""
        product = self.product
        left, right, result, (row,) = product.left, product.right, product.result, product.rows
        height, width = (self.count(tuple(p.names())) for p in left.positions[-2:])
        c_u, c_v = self.tap_steps(result, stencil)
        return [
            *self.image(stencil, ("a", left), ("b", right)),
            f".height = {height}, .width = {width}, .a_line = {self.function.scalar(left.array.shape[-1])},",
            f".a_row = {self.step(left, row)},",
            f".c_row = {self.step(result, row)}, .c_channel = {self.step(result, stencil.channel)},",
            f".c_u = {c_u}, .c_v = {c_v},",
        ]

    def entries(self) -> tuple[str, ...]:
        """The indices of the upstream gradient, which is cut into tiles."""
        return self.product.summed


__all__ = ["TapTiling", "taps_of"]
