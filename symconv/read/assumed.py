r"""Assumptions on data: `assume \sum_k y_k = 1`.

Data whose entries add up to a number are any data, with the last entry that which is missing:
`y_k = u_k + [k = n-1] (1 - \sum_j u_j)`.  Every such y is of this form (u = y), and every u gives one,
so that a formula in u says of all such y what it says; proof and counterexample need nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from symconv.notation.source import Source
from symconv.read.expression import Access, Comparison, Expr, Num, Ref, Total
from symconv.read.values import Values
from symconv.read.world import World
from symconv.term.polynomial import Poly
from symconv.term.tensor import FREE, Axis, Defined, Leaf, define
from symconv.term.value import Range, Value, add, bracket, equal, multiply, negative, total


@dataclass(frozen=True, slots=True)
class Added:
    """The entries of a tensor added up over some of its axes."""

    entry: Access
    summed: tuple[bool, ...]
    amount: Expr


def constrained(comparison: Comparison, world: World, source: Source) -> Defined:
    """The tensor of an assumption, made of free data so that the assumption holds.

    Raises: a located error where the assumption is not a sum over whole axes of free data equal to a number.
    """
    found = _added(comparison, source)
    name = world.kinds.name(found.entry.name)
    taken = [i.name for i in found.entry.index if isinstance(i, Ref) and world.kinds.kind(i.name) == "size"]
    if taken:
        raise source.fault(
            found.entry.at, f"the size {taken[0]} as an index", "an index of its own", "use another letter"
        )
    if name in world.facts.upstream or not _is_number(found.amount, world, source):
        wrong = f"an assumption on {name}, a gradient" if name in world.facts.upstream else "an amount made of data"
        raise source.fault(
            found.entry.at, wrong, "data that add up to a number, made of sizes", "state the claim with the sum in it"
        )
    leaf = world.tensor(name, source, found.entry.at)
    if not isinstance(leaf, Leaf) or len(found.entry.index) != leaf.rank:
        raise source.fault(
            found.entry.at,
            f"an assumption on {name}, which has a formula or an assumption already",
            "one assumption on data without a formula",
            "remove the line, or state the claim with the sum in it",
        )
    amount = Values(world, source).value(found.amount)
    data = Leaf(f"{name}{FREE}", leaf.axes, leaf.outside)

    def entry(*index: Poly) -> Value:
        ends = [
            equal(i, _end(axis, source, found)) for i, axis, s in zip(index, leaf.axes, found.summed, strict=True) if s
        ]
        inner = tuple(Poly.of(f"{i}'") if s else i for i, s in zip(index, found.summed, strict=True))
        ranges = tuple(
            Range(f"{i}'", axis.low, axis.high) for i, axis, s in zip(index, leaf.axes, found.summed, strict=True) if s
        )
        missing = add(amount, negative(total(ranges, data[inner])))
        return add(data[index], multiply(bracket(*ends), missing))

    indices = tuple(i.name for i in found.entry.index if isinstance(i, Ref))
    made = define(name, leaf.axes, entry, indices=indices)
    return made if leaf.outside == "error" else Defined(name, made.parameters, made.axes, made.body, outside="zero")


def _is_number(amount: Expr, world: World, source: Source) -> bool:
    return isinstance(amount, Num) or Values(world, source).is_position(amount)


def _end(axis: Axis, source: Source, found: Added) -> Poly:
    if axis.high is None:
        raise source.fault(found.entry.at, "a sum over an axis without ends", "extents", "declare the extents")
    return axis.high


def _added(comparison: Comparison, source: Source) -> Added:
    """A sum without limits, or over whole axes, of one entry at bare indices."""
    for side, amount in ((comparison.left, comparison.right), (comparison.right, comparison.left)):
        bound: list[str] = []
        while isinstance(side, Total) and all(b.low is None for b in side.bindings):
            bound += [b.name for b in side.bindings]
            side = side.body
        names = [i.name for i in side.index if isinstance(i, Ref)] if isinstance(side, Access) else []
        plain = isinstance(side, Access) and len(set(names)) == len(side.index)
        if bound and plain and set(bound) <= set(names) and comparison.relation == "=":
            assert isinstance(side, Access)
            return Added(side, tuple(name in bound for name in names), amount)
    raise source.fault(
        comparison.at,
        "an assumption on values",
        "a sum over whole axes of the entries of one tensor, equal to a number",
        "write assume \\sum_k y_k = 1",
    )
