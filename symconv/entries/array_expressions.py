"""A tensor's formula as an array expression of a size that does not depend on the image.

Each factor of a term is an array over the indices that it reads: a strided
window over a leaf where its positions are affine, a gather along an axis where
they are not.  The term is the contraction of its factors.  Nothing is matched
by name: a gradient, the rules of calculus carried out and its equations
solved, is lowered like any other formula.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import sympy

from symconv.entries.array_nodes import (
    ArrayNode,
    Contraction,
    Elementwise,
    Formula,
    Gathered,
    Greatest,
    LeafArray,
    Stuffed,
    Total,
    Windows,
    code,
    index,
)
from symconv.entries.carry_out import over_leaves, within
from symconv.entries.flat import Term, flat, holds, solved
from symconv.entries.outward import relation_of
from symconv.errors import BridgeError
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Defined, Leaf, Tensor, ranges_of
from symconv.term.value import (
    Apply,
    Condition,
    Entry,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Value,
    free_indices,
)


def array_expression(tensor: Tensor) -> sympy.Basic:
    """All entries of a tensor as one array expression over its leaves."""
    names = tensor.parameters if isinstance(tensor, Defined) else tuple("ijklmnpq"[: tensor.rank])
    body = tensor.body if isinstance(tensor, Defined) else Entry(tensor, tuple(map(Poly.of, names)))
    value = over_leaves(body)
    return Lowering(set(names) | free_indices(value)).array(value, ranges_of(tensor, names))


@dataclass(slots=True)
class Lowering:
    """Lowers values; `taken` are the names of all indices so far."""

    taken: set[str]

    def array(self, value: Value, over: tuple[Range, ...]) -> ArrayNode:
        """A value as an array over these indices."""
        terms = [self._term(solved(t), over) for t in flat(value, self.taken)]
        return terms[0] if len(terms) == 1 else Total(_axes(over), sympy.Tuple(*terms))

    def _term(self, term: Term, over: tuple[Range, ...]) -> ArrayNode:
        places = {r.name: r for r in (*over, *term.ranges)}
        for r in term.ranges:
            if any(p is None or p.names() for p in (r.low, r.high)):
                raise BridgeError(
                    f"the index {r.name}", "limits that depend on other indices", "a box of indices", "use compile()"
                )
        conditions = [c for c in term.conditions if not holds(c, (*over, *term.ranges))]
        coefficient: sympy.Expr = sympy.Integer(1)
        factors: list[ArrayNode] = []
        for f in term.factors:
            if isinstance(f, Entry) and f.index:
                factors.append(_Read(f, conditions, places).array())
                conditions = [c for c in conditions if c not in _covered(f, conditions)]
                continue
            number = _number(f)
            if number is not None:
                coefficient = coefficient * number
            else:
                factors.append(self._factor(f, places))
        for c in conditions:
            held = _named(c.poly, places)
            factors.append(Formula(_axes(held), relation_of(c, partial(_shifted, over=held))))
        seen = {symbol for f in factors for symbol, _ in f.axes}
        factors += [Formula(_axes((r,)), sympy.Integer(1)) for name, r in places.items() if index(name) not in seen]
        factors.sort(key=lambda f: -len(f.axes))  # numpy contracts fastest with the large array first
        return Contraction(_axes(over), coefficient, sympy.Tuple(*factors))

    def _factor(self, value: Value, places: Mapping[str, Range]) -> ArrayNode:
        over = tuple(r for name, r in places.items() if name in free_indices(value))
        match value:
            case Position(poly):
                return Formula(_axes(over), _shifted(poly, over))
            case Apply(function, argument):
                name = f"{function.name}{chr(39) * function.order}"
                return Elementwise(_axes(over), self.array(argument, over), sympy.Symbol(name))
            case Reciprocal(argument):
                return Elementwise(_axes(over), self.array(argument, over), sympy.Symbol("reciprocal"))
            case Maximum(ranges, body):
                return Greatest(_axes(over), self.array(body, (*over, *ranges)), sympy.Integer(len(ranges)))
        raise BridgeError("a value", f"a {type(value).__name__}", "entries, functions and maxima", "use compile()")


def _number(value: Value) -> sympy.Expr | None:
    """A factor that is one number everywhere."""
    match value:
        case Number(q):
            return sympy.Rational(q.numerator, q.denominator)
        case Position(poly) if not poly.names():
            return code(poly)
        case Reciprocal(inner):
            number = _number(inner)
            return None if number is None else sympy.Pow(number, -1)
        case Entry(tensor, ()):
            return sympy.Symbol(tensor.name)
    return None


def _axes(ranges: tuple[Range, ...]) -> sympy.Tuple:
    return sympy.Tuple(*(sympy.Tuple(index(r.name), code(_extent(r))) for r in ranges))


def _extent(r: Range) -> Poly:
    if r.low is None or r.high is None:
        raise BridgeError(f"the index {r.name}", "a range without an end", "two ends", "give the index both limits")
    return r.high - r.low + 1


def _named(poly: Poly, places: Mapping[str, Range]) -> tuple[Range, ...]:
    return tuple(r for name, r in places.items() if name in poly.names())


def _shifted(poly: Poly, over: tuple[Range, ...]) -> sympy.Expr:
    """A polynomial in indices that are counted from 0."""
    starts: dict[Atom, Poly] = {r.name: Poly.of(r.name) + r.low for r in over if r.low}
    return code(poly.substitute(starts))


def _covered(entry: Entry, conditions: list[Condition]) -> set[Condition]:
    """The conditions that reading zero outside the leaf, and between stuffed entries, takes care of."""
    covered: set[Condition] = set()
    if entry.tensor.outside == "zero":
        covered = {c for b in within(entry.tensor, entry.index) for c in b.conditions}
    return covered | {c for p in entry.index for c in [_stuffing(p, conditions)[2]] if c is not None}


def _stuffing(place: Poly, conditions: list[Condition]) -> tuple[Poly, Poly, Condition | None]:
    """(position, step, condition) where `place` is position/step and a condition says that this is exact."""
    for condition in conditions:
        rest = condition.poly.as_atom if condition.kind == "eq" else None
        if not isinstance(rest, Remainder):
            continue
        parts = place.linear_in(Quotient(*rest.parts))
        if parts is not None and parts[0].as_int in (1, -1):
            return parts[0] * rest.numerator + rest.denominator * parts[1], rest.denominator, condition
    return place, Poly.of(1), None


class _Read:
    """One entry of a leaf, as an array over the indices in its positions."""

    def __init__(self, entry: Entry, conditions: list[Condition], places: Mapping[str, Range]) -> None:
        leaf = entry.tensor
        assert isinstance(leaf, Leaf)
        self.entry, self.places = entry, places
        found = [_stuffing(p, conditions) for p in entry.index]
        lows = [a.low or Poly.of(0) for a in leaf.axes]
        self.positions = [p - s * low for (p, s, _), low in zip(found, lows, strict=True)]
        self.array_: Any = LeafArray.of(leaf)
        if any(s != 1 for _, s, _ in found):
            steps = [code(s) for _, s, _ in found]
            axes = sympy.Tuple(*(sympy.Tuple(sympy.Symbol(f"_{k}"), 1) for k in range(leaf.rank)))
            self.array_ = Stuffed(axes, self.array_, sympy.Tuple(*steps))

    def array(self) -> ArrayNode:
        """Gather along the axes whose position is not affine, then take windows."""
        positions: list[Poly] = []
        axis = 0
        for position in self.positions:
            over = _named(position, self.places)
            if _affine(position):
                positions.append(position)
                axis += 1
                continue
            self.array_ = Gathered(_axes(over), self.array_, sympy.Integer(axis), _shifted(position, over))
            positions += [Poly.of(r.name) - (r.low or 0) for r in over]
            axis += len(over)
        in_order = tuple(dict.fromkeys(r for p in positions for r in _named(p, self.places)))
        plain = len(in_order) == len(positions) and all(p.as_atom is not None for p in positions)
        over = in_order if plain else tuple(r for r in self.places.values() if r in in_order)
        return Windows(_axes(over), self.array_, sympy.Tuple(*(self._steps(p, over) for p in positions)))

    def _steps(self, position: Poly, over: tuple[Range, ...]) -> sympy.Tuple:
        steps: list[Poly] = []
        for r in over:
            parts = position.linear_in(r.name)
            assert parts is not None
            steps.append(parts[0])
            position = parts[1] + parts[0] * (r.low or 0)
        return sympy.Tuple(code(position), sympy.Tuple(*map(code, steps)))


def _affine(position: Poly) -> bool:
    """No product of two indices, and no index within a quotient."""
    inside = {n for a in position.atoms() if not isinstance(a, str | Size) for n in Poly.atom(a).names()}
    return not inside and all(sum(isinstance(a, str) for a in m) < 2 for m, _ in position)


__all__ = ["array_expression"]
