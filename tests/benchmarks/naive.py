"""What a good SymPy user writes today, as the yardstick: entry by entry, `diff`, `expand`.

Every output entry is one `Add(*terms)`, the loss is the sum of G * F, each
gradient entry is `L.diff(entry)`, the closed forms are explicit sums, and two
entries are equal when the expanded difference is 0.
"""

from __future__ import annotations

import sympy


def grid(name: str, rows: int, columns: int) -> dict[tuple[int, int], sympy.Symbol]:
    return {(i, j): sympy.Symbol(f"{name}_{i}_{j}") for i in range(rows) for j in range(columns)}


class Layer:
    """A correlation, side x side with kernel x kernel, and the loss L = sum of G * F."""

    def __init__(self, side: int, kernel: int) -> None:
        out = side - kernel + 1
        self.x, self.k, self.g = grid("x", side, side), grid("k", kernel, kernel), grid("g", out, out)
        f = {(i, j): sympy.Add(*(self.k[u, v] * self.x[i + u, j + v] for u, v in self.k)) for i, j in self.g}
        self.loss = sympy.Add(*(self.g[p] * f[p] for p in self.g))

    def input_gradient_holds(self) -> bool:
        """dL/dX is the full correlation with the turned kernel."""
        return all(self._same(self.x[at], self._full(*at)) for at in self.x)

    def kernel_gradient_holds(self) -> bool:
        """dL/dK is X correlated with G."""
        return all(self._same(self.k[at], self._correlated(*at)) for at in self.k)

    def _same(self, by: sympy.Symbol, closed: sympy.Expr) -> bool:
        return sympy.expand(self.loss.diff(by) - closed) == 0

    def _full(self, a: int, b: int) -> sympy.Expr:
        return sympy.Add(*(self.g[a - u, b - v] * self.k[u, v] for u, v in self.k if (a - u, b - v) in self.g))

    def _correlated(self, u: int, v: int) -> sympy.Expr:
        return sympy.Add(*(self.g[i, j] * self.x[i + u, j + v] for i, j in self.g))


def prove_both_gradients(side: int, kernel: int) -> bool:
    """Derive both gradients and prove them, from nothing."""
    layer = Layer(side, kernel)
    return layer.input_gradient_holds() and layer.kernel_gradient_holds()
