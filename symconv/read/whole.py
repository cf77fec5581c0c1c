"""What all readers of whole tensors share: the axes that are wanted, the forms of vectors, readers beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from symconv.notation.source import Source
from symconv.read.expression import (
    Expr,
)
from symconv.read.matrices import Forms
from symconv.read.positions import Positions
from symconv.read.world import World
from symconv.term.tensor import Axis, Tensor
from symconv.term.value import (
    Value,
    free_indices,
)

if TYPE_CHECKING:
    from symconv.read.values import Values


class Whole(Positions):
    """Builds tensors; `wanted` are the axes of the left side, where there is one."""

    def __init__(
        self,
        world: World,
        source: Source,
        indices: frozenset[str] = frozenset(),
        wanted: tuple[Axis, ...] | None = None,
    ) -> None:
        super().__init__(world, source, indices)
        self.wanted = wanted

    def is_whole(self, expr: Expr) -> bool:
        """Whether the expression stands for a tensor, not for one number."""
        raise NotImplementedError

    def tensor(self, expr: Expr) -> Tensor:
        raise NotImplementedError

    @property
    def forms(self) -> Forms:
        return Forms(self.world.kinds, self.world.vectors or "columns", self.indices)

    def entries(self, names: list[str]) -> Values:
        from symconv.read.values import Values

        return Values(self.world, self.source, self.indices | frozenset(names))

    def _inner(self) -> Self:
        return type(self)(self.world, self.source, self.indices, None)

    def _same(self) -> Self:
        return type(self)(self.world, self.source, self.indices, self.wanted)

    def _refuse_loose(self, value: Value, at: int) -> None:
        """A whole tensor is made of numbers, not of formulas in a free index."""
        loose = sorted(free_indices(value))
        if loose:
            raise self.source.fault(
                at,
                f"a whole tensor in which the index {loose[0]} is free",
                "whole tensors without free indices",
                "write the formula by its entries",
            )
