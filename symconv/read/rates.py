"""Derivatives that are free data: of a loss by what it depends on, and of a tensor that is left open.

They stand for numbers at one point, so that nothing may differentiate them again: as data they would
not depend on anything, and their own derivatives would be 0, which is false of nearly every loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from symconv.notation.source import Source
from symconv.read.arrays import any_entry
from symconv.term.tensor import Defined, Tensor, tensors_in
from symconv.term.value import Derivative, Entry, Value, walk


@dataclass
class Rates:
    """The leaves that are such derivatives, by name, and the tensors whose dependence is left open."""

    leaves: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)

    def refuse(self, value: Value, source: Source, at: int) -> None:
        """What is to be differentiated must not hold one of them."""
        found = self._inside(value, set())
        if found is not None:
            raise source.fault(
                at,
                f"a derivative of something made of {found}",
                f"a derivative of values, {found} being free data that may itself depend on everything",
                "differentiate once, or give the loss or the tensor by a formula",
            )

    def refuse_in(self, tensor: Tensor, source: Source, at: int) -> None:
        """The same of every entry of a tensor."""
        self.refuse(any_entry(tensor), source, at)

    def _inside(self, value: Value, seen: set[Tensor]) -> str | None:
        for node in walk(value):
            if isinstance(node, Derivative):
                loose = next((t.name for t in tensors_in(node.value) if t.name in self.open), None)
                if loose is not None:
                    return f"d{loose}/d{node.by.tensor.name}"
            if not isinstance(node, Entry) or node.tensor in seen:
                continue
            seen.add(node.tensor)
            if node.tensor.name in self.leaves:
                return node.tensor.name
            if isinstance(node.tensor, Defined) and node.tensor.name not in self.open:
                found = self._inside(node.tensor.body, seen)
                if found is not None:
                    return found
        return None
