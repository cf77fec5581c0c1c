"""What a row of the table of systems is, and the sizes and tensors that the rows share.

Every row states one identity for all sizes whose two sides are different
formulas, and a twin of its right side one edit away, which is false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Tensor, define
from symconv.term.value import Condition, Function, Value
from tests.theorems.statements import leaf, size

Side = Tensor | Value


@dataclass(frozen=True)
class System:
    """left = right under the hypotheses; left = twin is false."""

    left: Side
    right: Side
    twin: Side
    assuming: tuple[Condition, ...] = ()

    def problem(self, twin: bool = False) -> Problem:
        right = self.twin if twin else self.right
        if isinstance(self.left, Tensor) and isinstance(right, Tensor):
            return tensor_equation(self.left, right, self.assuming)
        assert isinstance(self.left, Value)
        assert isinstance(right, Value)
        return equation(self.left, right, (), self.assuming)


SYSTEMS: dict[tuple[str, str], Callable[[], System]] = {}


def system(row: str, name: str) -> Callable[[Callable[[], System]], Callable[[], System]]:
    """Register one identity of a row of the table of systems."""

    def register(build: Callable[[], System]) -> Callable[[], System]:
        SYSTEMS[row, name] = build
        return build

    return register


H, W, r, c, s, t, d, k, m, n = (size(x) for x in ["H", "W", "r", "c", "s", "t", "d", "k", "m", "n"])
N, C, O = (size(x) for x in "NCO")  # noqa: E741
P = size("P", 0)
i, j, u, v, a, b = (Poly.of(x) for x in "ijuvab")
x, w, z = leaf("x", H), leaf("w", r), leaf("z", n)
X, K = leaf("X", H, W), leaf("K", r, c)
EXP, F_ = Function("exp"), Function("f")


def ident(tensor: Tensor) -> Tensor:
    return define("same", tensor.axes, lambda *index: tensor[index])


def closed(name: str, *shape: object) -> Callable[[Callable[..., Value]], Defined]:
    """A tensor from a formula, with the parameters of the function as indices."""

    def make(entry: Callable[..., Value]) -> Defined:
        names = entry.__code__.co_varnames[: entry.__code__.co_argcount]
        return define(name, shape, entry, indices=names)  # type: ignore[arg-type]

    return make
