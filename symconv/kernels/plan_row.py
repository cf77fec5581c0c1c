"""A row of a plan: what one step computes, what it reads, where the result goes, what that costs.

Every target fills rows while it writes its functions; `explain` shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from symconv.kernels.bounds import product_of
from symconv.kernels.nest import Nest
from symconv.kernels.parts import Step
from symconv.kernels.text import enclosed
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a plan: what is read how, and where the result goes."""

    target: str
    formula: str
    reads: tuple[str, ...]
    place: str
    cost: str
    moved: str = ""  # bytes of float32 entries read and written, each once
    schedule: str = "as written"
    step: Step | None = None  # of a sum over windows or its adjoint


def bytes_moved(nest: Nest, formula: Defined, text: Callable[[Poly], str]) -> str:
    """How many bytes are read and written, each array once."""
    leaves = dict.fromkeys(f.head.tensor for f in nest.factors if isinstance(f.head.tensor, Leaf))
    return bytes_of([*(leaf.shape for leaf in leaves if isinstance(leaf, Leaf)), formula.shape], text)


def bytes_of(shapes: Sequence[Sequence[Poly]], text: Callable[[Poly], str]) -> str:
    """The bytes of several arrays of float32: a number, or a product for each."""
    counts = [product_of(shape) for shape in shapes]
    if all(n.as_int is not None for n in counts):
        return f"{4 * sum(n.as_int or 0 for n in counts):,}"
    return "4 * " + " + 4 * ".join(" * ".join(enclosed(text(n)) for n in shape) or "1" for shape in shapes)


__all__ = ["Row", "bytes_moved", "bytes_of"]
