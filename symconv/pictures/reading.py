"""What one entry is made of at fixed sizes: its formula walked term by term, with the entries that each term reads.

Nothing here knows a stride or a padding: positions are what the index
polynomials of the formula give.  Definitions are unfolded down to the data, or
to the tensors at which a picture wants to stop.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from symconv.errors import SizeError, UsageError
from symconv.ops.window import inside
from symconv.proof.evaluate import World
from symconv.term.tensor import Defined, Leaf, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Derivative,
    Entry,
    Maximum,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    walk,
)

Index = tuple[int, ...]
At = Mapping[str, int]
MOST = 48  # entries along an axis of a picture


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of a tensor; one that is not inside its axes is zero."""

    tensor: Tensor
    index: Index
    inside: bool

    @property
    def text(self) -> str:
        return name_of(self.tensor, self.index)


@dataclass(frozen=True, slots=True)
class Term:
    """A number times the entries that are read; functions and maxima are left away, what they read is not."""

    number: Fraction
    reads: tuple[Place, ...]

    @property
    def alive(self) -> bool:
        """No factor is zero because it lies outside."""
        return self.number != 0 and all(p.inside for p in self.reads)

    def of(self, tensor: Tensor) -> Place | None:
        """The first entry that is read of a tensor."""
        return next((p for p in self.reads if p.tensor == tensor), None)

    def besides(self, tensor: Tensor) -> tuple[Place, ...]:
        """What is read of the others."""
        return tuple(p for p in self.reads if p.tensor != tensor)


class Reader:
    """The terms of entries at fixed sizes.

    stop: tensors that are not unfolded; leaves never are.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis
    >>> X, K = Leaf("X", (Axis.of(Size("H")),)), Leaf("K", (Axis.of(2),))
    >>> terms = Reader(World({"H": 4})).terms(correlate(X, K, stride=2, padding=1), (0,))
    >>> [(t.alive, [p.text for p in t.reads]) for t in terms]
    [(False, ['K[0]', 'X[-1]']), (True, ['K[1]', 'X[0]'])]
    """

    def __init__(self, world: World, stop: Iterable[Tensor] = ()) -> None:
        self.world = world
        self._stop = frozenset(stop)

    def axes(self, tensor: Tensor) -> tuple[range, ...]:
        """The positions of each axis, if a picture can show them."""
        found = self.world.axes(tensor)
        for axis in found:
            if not 0 < len(axis) <= MOST:
                raise SizeError(
                    f"a picture of {tensor.name}",
                    f"an axis of {len(axis)} entries",
                    f"1 to {MOST} entries",
                    "draw it at other sizes",
                )
        return found

    def indices(self, tensor: Tensor) -> Iterator[Index]:
        """All entries in row-major order."""
        return product(*self.axes(tensor))

    def terms(self, tensor: Tensor, index: Index) -> list[Term]:
        """The terms of one entry in the order of the formula, those too that read zeros outside."""
        there = self._inside(tensor, index)
        if isinstance(tensor, Leaf) or tensor in self._stop:
            return [Term(Fraction(1), (Place(tensor, index, there),))]
        return self.unfolded(tensor, index) if there else []

    def unfolded(self, tensor: Tensor, index: Index) -> list[Term]:
        """The terms of the definition, also of a tensor at which others stop."""
        if not isinstance(tensor, Defined):
            raise UsageError(
                f"a picture of {tensor.name}", "free data", "a tensor with a formula", "draw what is made of it"
            )
        return list(self._terms(tensor.body, dict(zip(tensor.parameters, index, strict=True))))

    def _inside(self, tensor: Tensor, index: Index) -> bool:
        return all(n in axis for n, axis in zip(index, self.world.axes(tensor), strict=True))

    def _terms(self, value: Value, at: At) -> Iterator[Term]:
        match value:
            case Plus(terms):
                for term in terms:
                    yield from self._terms(term, at)
            case Times(factors):
                yield from self._product(factors, at)
            case Sum(ranges, body) | Maximum(ranges, body):
                for inner in self._box(ranges, at):
                    yield from self._terms(body, inner)
            case Bracket(conditions):
                if all(self.world.holds(c, at) for c in conditions):
                    yield Term(Fraction(1), ())
            case Entry(tensor, index):
                yield from self.terms(tensor, tuple(self.world.poly(p, at) for p in index))
            case Number() | Position():
                yield self._number(value, at)
            case Apply(_, argument) | Reciprocal(argument):
                read = any(isinstance(v, Entry) for v in walk(argument))
                yield from self._terms(argument, at) if read else (self._number(value, at),)
            case Derivative(_, by):
                raise UsageError(
                    f"a picture of a derivative by {by.tensor.name}",
                    "a derivative that is not carried out",
                    "a formula without derivatives",
                    "derive it with gradient, or give its closed form",
                )

    def _number(self, value: Value, at: At) -> Term:
        number = self.world.value(value, at)
        if not isinstance(number, (int, Fraction)):
            raise UsageError("a picture", f"the factor {number}", "a rational number", "leave the function out")
        return Term(Fraction(number), ())

    def _product(self, factors: tuple[Value, ...], at: At) -> Iterator[Term]:
        """Every choice of a term from each factor; a guard of an entry's own axes says no more than the entry does."""
        guards = [inside(f.tensor, f.index) for f in factors if isinstance(f, Entry)]
        chosen: list[list[Term]] = []
        for factor in sorted(factors, key=lambda f: not isinstance(f, Bracket)):
            if factor in guards:
                continue
            chosen.append(list(self._terms(factor, at)))
            if not chosen[-1]:
                return
        for parts in product(*chosen):
            number = Fraction(1)
            for part in parts:
                number *= part.number
            yield Term(number, tuple(p for part in parts for p in part.reads))

    def _box(self, ranges: tuple[Range, ...], at: At) -> Iterator[At]:
        if not ranges:
            yield at
            return
        first, *rest = ranges
        if first.low is None or first.high is None:
            raise UsageError(
                "a picture", f"a sum over all {first.name}", "sums with limits", "give the sum its two limits"
            )
        for n in range(self.world.poly(first.low, at), self.world.poly(first.high, at) + 1):
            yield from self._box(tuple(rest), {**at, first.name: n})


def grouped(terms: Iterable[Term], x: Tensor) -> dict[Index, list[Term]]:
    """The terms by the entry of x that they read, in the order of the formula."""
    found: dict[Index, list[Term]] = {}
    for term in terms:
        for place in term.reads:
            if place.tensor == x:
                found.setdefault(place.index, []).append(term)
    return found


def names_read(terms: Iterable[Term]) -> tuple[str, ...]:
    """Every entry that is read and not zero by its place, each once."""
    return tuple(dict.fromkeys(p.text for t in terms for p in t.reads if p.inside))


def name_of(tensor: Tensor, index: Index) -> str:
    """An entry as one word, without a space.

    >>> name_of(Leaf("X", ()), (0, -1))
    'X[0,-1]'
    """
    return f"{tensor.name.replace(' ', '')}[{','.join(map(str, index))}]"


__all__ = ["Index", "Place", "Reader", "Term", "grouped", "name_of", "names_read"]
