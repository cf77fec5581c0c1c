"""What the rules of slips share: the context of a claim, and one way to change an index polynomial anywhere.

Each rule takes a value to the values that differ from it by undoing one slip at its top node.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.substitution import rebuild
from symconv.term.tensor import FREE, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Number, Reciprocal, Sum, Value, free_indices, own_polys, walk


@dataclass(frozen=True, slots=True)
class Context:
    """What a repair may be made of.

    sizes: those of the claim.  leaves, tensors: the data it speaks of, and all its tensors.  indices: those that
    occur in it.  free: those of its left side.  factors: the numbers and reciprocals in it and in its definitions.
    """

    sizes: tuple[Size, ...]
    leaves: tuple[Tensor, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    indices: tuple[str, ...] = ()
    free: tuple[str, ...] = ()
    factors: tuple[Value, ...] = ()

    def inside(self, definition: Defined) -> Context:
        """The same for the body of a definition, which has indices of its own."""
        names = {*_index_names(definition.body), *definition.parameters}
        return replace(self, indices=tuple(sorted(names)), free=())


Edits = Iterator[Value]
Rule = Callable[[Value, Context], Edits]
PolyEdit = Callable[[Poly], Iterator[Poly]]


def context_of(sizes: tuple[Size, ...], *values: Value) -> Context:
    """The context of claims with these sides, the left one of the first claim first."""
    tensors = tuple(dict.fromkeys(t for v in values for t in tensors_in(v) if FREE not in t.name))
    bodies = [*values, *(t.body for t in tensors if isinstance(t, Defined))]
    factors = (part for body in bodies for part in walk(body) if isinstance(part, (Number, Reciprocal)))
    return Context(
        sizes,
        tuple(t for t in tensors if isinstance(t, Leaf)),
        tensors,
        tuple(sorted({name for v in values for name in _index_names(v)})),
        tuple(sorted(free_indices(values[0]))) if values else (),
        tuple(dict.fromkeys(factors)),
    )


def _index_names(value: Value) -> Iterator[str]:
    for part in walk(value):
        for poly in own_polys(part):
            yield from poly.names()
        if isinstance(part, Sum):
            yield from (r.name for r in part.ranges)


def replaced(items: tuple[Poly, ...], n: int, item: Poly) -> tuple[Poly, ...]:
    return (*items[:n], item, *items[n + 1 :])


def with_own_poly(value: Value, n: int, changed: Poly) -> Value:
    """The same node with another n-th index polynomial of its own, counted as `own_polys` does."""
    counter = iter(range(sum(1 for _ in own_polys(value))))
    return rebuild(value, lambda child: child, lambda p: changed if next(counter) == n else p)


def in_polys(value: Value, edit: PolyEdit) -> Edits:
    """The edit in each index polynomial of the node: positions, limits, conditions, sizes."""
    for n, poly in enumerate(own_polys(value)):
        for changed in within(poly, edit):
            yield with_own_poly(value, n, changed)


def within(poly: Poly, edit: PolyEdit) -> Iterator[Poly]:
    """The edit at the polynomial itself, then inside its quotients and remainders.

    >>> H, s = Poly.of(Size("H")), Poly.of(Size("s"))
    >>> list(within((H - 1) // s, lambda p: iter([p + 2])))
    [div(H - 1, s) + 2, div(H + 1, s), div(H - 1, s + 2)]
    """
    yield from edit(poly)
    for atom in sorted(poly.atoms(), key=str):
        if isinstance(atom, Quotient):
            for top in within(atom.numerator, edit):
                yield poly.substitute({atom: top // atom.denominator})
            for below in within(atom.denominator, edit):
                yield poly.substitute({atom: atom.numerator // below})
        elif isinstance(atom, Remainder):
            for top in within(atom.numerator, edit):
                yield poly.substitute({atom: top % atom.denominator})


__all__ = ["Context", "Edits", "PolyEdit", "Rule", "context_of", "in_polys", "replaced", "with_own_poly", "within"]
