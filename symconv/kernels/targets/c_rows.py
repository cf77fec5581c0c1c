"""The rows of a plan for C: which of its ways computes a nest, what that reads and costs."""

from __future__ import annotations

from collections.abc import Sequence

from symconv.calculus.form import Factor
from symconv.kernels.factors import positions_of
from symconv.kernels.nest import ONE, Nest
from symconv.kernels.nest_reads import plain
from symconv.kernels.plan import plan_read
from symconv.kernels.plan_row import Row, bytes_moved, bytes_of
from symconv.kernels.pool_patterns import Pooling
from symconv.kernels.text import enclosed, poly_text
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.tensor import Defined, Leaf

PRODUCTS, PIECES, LOOPS = "products of packed matrices", "in pieces of some rows", "plain loops"


def row_of(title: str, nest: Nest, formula: Defined, place: str, schedule: str = "as written") -> Row:
    """The row of a nest whose products are added up."""
    product = " * ".join(plain(f.head.name) for f in nest.factors) or "1"
    reads = tuple(_read(factor, nest) for factor in nest.factors) + ("a table of winners",) * len(nest.winners)
    each = len(nest.factors) + len(nest.winners) - 1
    counts = " * ".join(enclosed(_text(n)) for n in nest.counts.values() if n != ONE) or "1"
    cost = f"{each} * {counts}" if each > 1 else counts if each else "0"
    return Row(title, product, reads, place, cost, bytes_moved(nest, formula, _text), schedule)


def row_of_pooling(title: str, found: Pooling, formula: Defined) -> Row:
    """The row of a pooling of an array, or of its adjoint."""
    read = [leaf.shape for leaf in (found.images, found.upstream) if leaf is not None]
    moved = bytes_of([*dict.fromkeys(read), formula.shape], _text)
    return Row(title, plain(found.images.name), ("windows",), found.kind, "0", moved, "one axis after the other")


def row_of_maximum(title: str, formula: Defined, window: Sequence[Poly]) -> Row:
    """The row of a maximum over the windows of a formula."""
    moved = bytes_of([(*window, *formula.shape), formula.shape], _text)
    return Row(title, "a formula of its own", ("windows",), "maximum", "0", moved, "tap by tap")


def _read(factor: Factor, nest: Nest) -> str:
    leaf = factor.head.tensor
    if not isinstance(leaf, Leaf):
        return "a formula of its own"
    return f"{plain(leaf.name)}: {plan_read(positions_of(factor), leaf.shape, nest.counts).kind}"


def _text(poly: Poly) -> str:
    return poly_text(poly, _name)


def _name(atom: Atom) -> str:
    """A size by its name, the greatest or least of some by that word."""
    return atom.name.split(" ")[0].strip("%") if isinstance(atom, Size) else str(atom)


__all__ = ["LOOPS", "PIECES", "PRODUCTS", "row_of", "row_of_maximum", "row_of_pooling"]
