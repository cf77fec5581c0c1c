"""How long a tensor becomes when it is written out, found from its formula without writing it out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from symconv.calculus.form import Expansion, Term, TooManyTerms
from symconv.entries.positions import checked_sizes
from symconv.term.polynomial import Atom, Poly
from symconv.term.tensor import Defined, Tensor, sizes_in
from symconv.term.value import Entry

Ends = dict[str, tuple[int, int]]
FAR = 10**9  # what a formula with too many terms counts as


def summands(tensor: Tensor, sizes: Mapping[str, int]) -> int:
    """At most so many summands are in all entries together, where these are the sizes.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(10),)), Leaf("w", (Axis.of(3),))
    >>> summands(correlate(x, w), {})
    24
    """
    entry = Entry(tensor, ())
    known = checked_sizes([entry], sizes)
    numbers: dict[Atom, Poly] = {s: Poly.of(known[s.name]) for s in sizes_in(entry)}
    try:
        return _Count(numbers).entries(tensor)
    except TooManyTerms:
        return FAR


class _Count:
    def __init__(self, numbers: Mapping[Atom, Poly]) -> None:
        self.numbers = numbers
        self.known: dict[Tensor, int] = {}

    def entries(self, tensor: Tensor) -> int:
        """The summands of all entries: an index that an equality fixes does not count."""
        if not isinstance(tensor, Defined):
            return prod(self.number(n) for n in tensor.shape)
        extents = {p: self.ends(tensor, n) for n, p in enumerate(tensor.parameters)}
        return sum(self.term(t, extents, set(extents)) for t in self.terms(tensor))

    def one(self, tensor: Tensor) -> int:
        """The summands of one entry, whichever is longest."""
        if not isinstance(tensor, Defined):
            return 1
        if tensor not in self.known:
            extents = {p: self.ends(tensor, n) for n, p in enumerate(tensor.parameters) if tensor.axes[n].bounded}
            self.known[tensor] = max(1, sum(self.term(t, extents, set()) for t in self.terms(tensor)))
        return self.known[tensor]

    def terms(self, tensor: Defined) -> list[Term]:
        return [t.substitute(self.numbers) for t in Expansion().expand(tensor[tuple(map(Poly.of, tensor.parameters))])]

    def ends(self, tensor: Tensor, axis: int) -> tuple[int, int]:
        return 0, self.number(tensor.axes[axis].extent) - 1

    def number(self, poly: Poly) -> int:
        return poly.substitute(self.numbers).constant

    def term(self, term: Term, ends: Ends, free: set[str]) -> int:
        """Choices of the indices, times the length of one product."""
        ends = dict(ends)
        for name in term.bound:
            ends[name] = _ends(name, term, ends)
        left = {n: max(0, high - low + 1) for n, (low, high) in ends.items() if n in free or n in term.bound}
        for guard in term.guards:
            fixed = [name for name in left if guard.equality and name in guard.poly.names()]
            if fixed:
                del left[max(fixed, key=lambda name: left[name])]
        return prod(left.values()) * (1 + sum(self.one(f.head.tensor) - 1 for f in term.factors))


def _ends(name: str, term: Term, known: Ends) -> tuple[int, int]:
    """What the guards leave of an index, those before it being anywhere; one place where they do not say."""
    lows, highs = [], []
    for guard in term.guards:
        parts = None if guard.equality else guard.poly.linear_in(name)
        sign = parts[0].as_int if parts else None
        reach = _greatest(parts[1], known) if parts and sign in (1, -1) else None
        if reach is not None:
            lows += [-reach] if sign == 1 else []
            highs += [reach] if sign == -1 else []
    return (max(lows), min(highs)) if lows and highs else (0, 0)


def _greatest(poly: Poly, known: Ends) -> int | None:
    """The greatest value of an affine polynomial of indices that have ends."""
    total = 0
    for monomial, c in poly:
        if not monomial:
            total += c
        elif len(monomial) == 1 and monomial[0] in known:
            low, high = known[str(monomial[0])]
            total += c * (high if c > 0 else low)
        else:
            return None
    return total


__all__ = ["summands"]
