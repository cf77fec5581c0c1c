"""Structure tensors: all terms of all entries as integer arrays, enumerated from the formula.

A tensor whose entries are polynomials in the leaves is a list of terms: the
entry, a coefficient and the leaf entries that are multiplied.  All of them are
made at once, by array arithmetic over the ranges of the formula.  Sorted, with
equal terms added up, the list is a canonical form: equal lists are equal
tensors, unequal ones are not.

A gradient is the transposition of such a list: every term gives away one leaf
entry, whose place becomes the entry of the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import prod
from typing import Any, cast

import numpy as np

from symconv.entries.positions import Positions, applications
from symconv.entries.term_lists import SAFE, Array, Terms, canonical
from symconv.entries.unfolding import differentiated, has_derivative
from symconv.errors import BridgeError, SizeError, SymconvError
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder
from symconv.term.tensor import Defined, Leaf, Tensor
from symconv.term.value import (
    Apply,
    Bracket,
    Derivative,
    Entry,
    Function,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
)

Places = Mapping[str, Array]
MOST_ROWS = 5_000_000


class NotPolynomial(SymconvError):
    """An entry that is no polynomial in the leaves, or has too many terms to list."""


class Variables:
    """Numbers for the entries of all leaves, in ranges one behind the other."""

    def __init__(self, positions: Positions) -> None:
        self._positions = positions
        self._places: dict[str, tuple[int, tuple[range, ...]]] = {}
        self._count = 0

    def place(self, leaf: Leaf) -> tuple[int, tuple[range, ...]]:
        """The number of a leaf's first entry, and its axes."""
        if leaf.name not in self._places:
            axes = tuple(self._positions.axis(a, leaf.name) for a in leaf.axes)
            self._places[leaf.name] = self._count, axes
            self._count += prod(map(len, axes))
        return self._places[leaf.name]

    def entry(self, number: int) -> tuple[str, tuple[int, ...]]:
        """The entry with a number."""
        for name, (first, axes) in self._places.items():
            count = prod(map(len, axes))
            if first <= number < first + count:
                index = np.unravel_index(number - first, tuple(map(len, axes))) if axes else ()
                return name, tuple(int(k) + a.start for k, a in zip(index, axes, strict=True))
        raise IndexError(number)


class Enumeration:
    """The terms of tensors at one choice of sizes."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.positions = Positions(sizes)
        self.variables = Variables(self.positions)
        self._tables: dict[Tensor, list[tuple[Terms, Array]]] = {}

    def terms(self, tensor: Tensor) -> list[Terms]:
        """The canonical terms of all entries; a row is an entry, the last axis running fastest."""
        return [block for block, _ in self._table(tensor)]

    def axes(self, tensor: Tensor) -> tuple[range, ...]:
        return tuple(self.positions.axis(a, tensor.name) for a in tensor.axes)

    # -- tables ---------------------------------------------------------------------

    def _table(self, tensor: Tensor) -> list[tuple[Terms, Array]]:
        """The terms of a tensor, with the place of each row's first term (and the end)."""
        known = self._tables.get(tensor)
        if known is None:
            axes = self.axes(tensor)
            count = prod(map(len, axes))
            blocks = canonical(self._rows(tensor, axes, count))
            known = self._tables[tensor] = [(b, np.searchsorted(b.row, np.arange(count + 1))) for b in blocks]
        return known

    def _rows(self, tensor: Tensor, axes: tuple[range, ...], count: int) -> list[Terms]:
        if isinstance(tensor, Leaf):
            first, _ = self.variables.place(tensor)
            return [replace(Terms.units(count), factors=first + np.arange(count)[:, None])]
        defined = cast(Defined, tensor)
        target = differentiated(defined)
        if isinstance(target, Leaf) and target.axes == tensor.axes:
            return list(self._transposed(defined.body, target, {}, Terms.units(1)))
        _limited(count)
        grid = np.indices(tuple(map(len, axes))).reshape(len(axes), count)
        places = {n: grid[k] + axes[k].start for k, n in enumerate(defined.parameters)}
        return self.expand(defined.body, places, count)

    # -- values ---------------------------------------------------------------------

    def expand(self, value: Value, at: Places, count: int) -> list[Terms]:
        """The terms of a value in `count` rows, where its free indices stand at these places."""
        match value:
            case Number(q):
                return [_scaled(count, np.full(count, q.numerator if q.denominator == 1 else q, _dtype(q)))]
            case Position(poly):
                return [_scaled(count, self._numbers(poly, at, count))]
            case Entry(tensor, index):
                return self._entry(tensor, [self._numbers(p, at, count) for p in index], count)
            case Plus(parts):
                return [t for part in parts for t in self.expand(part, at, count)]
            case Times(parts):
                return self._product(parts, at, count)
            case Sum(ranges, body):
                owner, inside = self._boxes(ranges, at, count)
                return [replace(t, row=owner[t.row]) for t in self.expand(body, inside, len(owner))]
            case Bracket(conditions):
                holds = np.ones(count, bool)
                for c in conditions:
                    number = self._numbers(c.poly, at, count)
                    holds &= number >= 0 if c.kind == "ge" else (number == 0) == (c.kind == "eq")
                return [Terms.units(count).take(np.flatnonzero(holds))]
            case Apply(Function("square", 0), argument):
                return self._product((argument, argument), at, count)
            case Apply(Function("identity", 0), argument):
                return self.expand(argument, at, count)
            case Reciprocal(argument):
                return [self._reciprocal(argument, at, count)]
            case Derivative(inner, by) if isinstance(by.tensor, Leaf):
                return self._derivative(inner, by, by.tensor, at, count)
        raise NotPolynomial("an entry", f"a {type(value).__name__}", "a polynomial in the leaves", "use the graph")

    def _product(self, parts: tuple[Value, ...], at: Places, count: int) -> list[Terms]:
        blocks = [Terms.units(count)]
        for part in sorted(parts, key=lambda f: not isinstance(f, Bracket)):
            blocks = [b.times(t) for b in blocks for t in self.expand(part, _taken(at, b.row), len(b))]
        return blocks

    def _boxes(self, ranges: tuple[Range, ...], at: Places, count: int) -> tuple[Array, Places]:
        """All places in a box of ranges, for each row: (the row each place belongs to, the places)."""
        owner = np.arange(count)
        inside = dict(at)
        for r in ranges:
            if r.low is None or r.high is None:
                raise BridgeError(f"the index {r.name}", "a range without an end", "two ends", "give it both limits")
            low, high = (self._numbers(p, inside, len(owner)) for p in (r.low, r.high))
            lengths = np.maximum(high - low + 1, 0)
            _limited(int(lengths.sum()))
            which = np.repeat(np.arange(len(owner)), lengths)
            steps = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            inside = {**_taken(inside, which), r.name: low[which] + steps}
            owner = owner[which]
        return owner, inside

    def _entry(self, tensor: Tensor, index: list[Array], count: int) -> list[Terms]:
        if isinstance(tensor, Defined) and not all(a.bounded for a in tensor.axes):
            return self.expand(tensor.body, dict(zip(tensor.parameters, index, strict=True)), count)
        inside, flat = self._flat(tensor, index, count)
        if tensor.outside == "error" and not inside.all():
            raise BridgeError(tensor.name, "a read out of range", "an index on the axes", "guard the read")
        rows = np.flatnonzero(inside)
        result = []
        for block, starts in self._table(tensor):
            lengths = starts[flat[rows] + 1] - starts[flat[rows]]
            owner = np.repeat(rows, lengths)
            steps = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            result.append(replace(block.take(np.repeat(starts[flat[rows]], lengths) + steps), row=owner))
        return result

    def _flat(self, tensor: Tensor, index: list[Array], count: int) -> tuple[Array, Array]:
        """Which indices lie on the axes, and the number of the entry there."""
        inside, flat = np.ones(count, bool), np.zeros(count, np.int64)
        for axis, k in zip(self.axes(tensor), index, strict=True):
            inside &= (k >= axis.start) & (k < axis.stop)
            flat = flat * len(axis) + (k - axis.start)
        return inside, flat

    def _reciprocal(self, argument: Value, at: Places, count: int) -> Terms:
        numbers = np.full(count, Fraction(0), object)
        for block in self.expand(argument, at, count):
            if block.factors.shape[1]:
                raise NotPolynomial("an entry", "a division by an entry", "a division by a number", "use the graph")
            np.add.at(numbers, block.row, block.coefficient)
        if (numbers == 0).any():
            raise BridgeError("an entry", "a division by zero", "a divisor that is not 0", "choose other sizes")
        return _scaled(count, Fraction(1) / numbers)

    # -- derivatives ------------------------------------------------------------------

    def _derivative(self, value: Value, by: Entry, leaf: Leaf, at: Places, count: int) -> list[Terms]:
        """Each row's terms without one factor, where that is the entry one differentiates by."""
        first, _ = self.variables.place(leaf)
        inside, flat = self._flat(leaf, [self._numbers(p, at, count) for p in by.index], count)
        target = np.where(inside, first + flat, -1)
        return [
            dropped.take(np.flatnonzero(entry == target[dropped.row]))
            for block in self.expand(value, at, count)
            for entry, dropped in _without_one(block)
        ]

    def _transposed(self, value: Value, leaf: Leaf, at: Places, weights: Terms) -> Iterator[Terms]:
        """The terms of a weighted sum of derivatives by all entries of a leaf; a row is an entry of the leaf."""
        count = len(weights)
        match value:
            case Derivative(inner, _):
                first, axes = self.variables.place(leaf)
                last = first + prod(map(len, axes))
                for block in self.expand(inner, at, count):
                    for entry, dropped in _without_one(block):
                        which = np.flatnonzero((entry >= first) & (entry < last))
                        yield replace(weights.times(dropped.take(which)), row=entry[which] - first)
            case Plus(parts):
                for part in parts:
                    yield from self._transposed(part, leaf, at, weights)
            case Sum(ranges, body):
                owner, inside = self._boxes(ranges, at, count)
                yield from self._transposed(body, leaf, inside, weights.take(owner))
            case Times(parts):
                others = tuple(p for p in parts if not has_derivative(p))
                (held,) = (p for p in parts if has_derivative(p))
                for block in self._product(others, at, count):
                    yield from self._transposed(held, leaf, _taken(at, block.row), weights.times(block))

    # -- positions --------------------------------------------------------------------

    def _numbers(self, poly: Poly, at: Places, count: int) -> Array:
        """An index polynomial in all rows."""
        if applications([poly]):
            raise NotPolynomial(f"the index {poly}", "the place of a maximum", "a polynomial", "use the graph")
        result = np.zeros(count, np.int64)
        for monomial, c in poly:
            term: Any = c
            for atom in monomial:
                term = term * self._atom(atom, at, count)
            result += term
        return result

    def _atom(self, atom: Atom, at: Places, count: int) -> Any:
        if isinstance(atom, str):
            return at[atom]
        if not isinstance(atom, Quotient):
            return self.positions.program(Poly.atom(atom))({})
        numerator, denominator = (self._numbers(p, at, count) for p in atom.polys())
        if (denominator < 1).any():
            raise SizeError(str(atom), "a division by less than 1", "a divisor of at least 1", "choose other sizes")
        return numerator % denominator if isinstance(atom, Remainder) else numerator // denominator


def _without_one(block: Terms) -> Iterator[tuple[Array, Terms]]:
    """Each factor of the terms, with the terms that are left without it."""
    for k in range(block.factors.shape[1]):
        yield block.factors[:, k], replace(block, factors=np.delete(block.factors, k, axis=1))


def _taken(at: Places, which: Array) -> Places:
    return {name: places[which] for name, places in at.items()}


def _scaled(count: int, numbers: Array) -> Terms:
    return replace(Terms.units(count), coefficient=numbers)


def _dtype(number: Fraction) -> type:
    return np.int64 if number.denominator == 1 and abs(number.numerator) < SAFE else object


def _limited(rows: int) -> None:
    if rows > MOST_ROWS:
        raise NotPolynomial("a list of terms", f"{rows} rows", f"at most {MOST_ROWS}", "choose smaller sizes")


__all__ = ["Enumeration", "NotPolynomial"]
