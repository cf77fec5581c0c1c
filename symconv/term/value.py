"""Values: the numbers that tensors hold, in index notation.

A value is a tree of entries of tensors, sums over ranges, products, brackets,
functions and derivatives.  It says what a number IS for every size; it is
never evaluated or simplified here.  Trees are immutable and compared by
structure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Union

from symconv.term.polynomial import Atom, Poly, PolyLike

if TYPE_CHECKING:
    from symconv.term.tensor import Tensor

ValueLike = Union["Value", int, Fraction, Poly]


class Value:
    """A number in index notation; `+ - *` build larger ones."""

    __slots__ = ()

    def __add__(self, other: ValueLike) -> Value:
        return add(self, other)

    def __radd__(self, other: ValueLike) -> Value:
        return add(other, self)

    def __sub__(self, other: ValueLike) -> Value:
        return add(self, negative(other))

    def __rsub__(self, other: ValueLike) -> Value:
        return add(other, negative(self))

    def __neg__(self) -> Value:
        return negative(self)

    def __mul__(self, other: ValueLike) -> Value:
        return multiply(self, other)

    def __rmul__(self, other: ValueLike) -> Value:
        return multiply(other, self)


@dataclass(frozen=True, slots=True)
class Number(Value):
    """A rational number."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Position(Value):
    """An index polynomial used as a number: the n of a mean over n entries."""

    poly: Poly


@dataclass(frozen=True, slots=True)
class Entry(Value):
    """One entry of a tensor; what lies outside its range is zero or an error."""

    tensor: Tensor
    index: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Plus(Value):
    terms: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Times(Value):
    factors: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """low <= name <= high, both ends included; None is unbounded."""

    name: str
    low: Poly | None
    high: Poly | None

    @classmethod
    def upto(cls, name: str, extent: PolyLike) -> Range:
        """0 <= name < extent."""
        return cls(name, Poly.of(0), Poly.of(extent) - 1)


@dataclass(frozen=True, slots=True)
class Sum(Value):
    """The sum of the body over a box of indices; over an empty range it is 0."""

    ranges: tuple[Range, ...]
    body: Value


@dataclass(frozen=True, slots=True)
class Maximum(Value):
    """The greatest value of the body over a box of indices; the first one wins a tie."""

    ranges: tuple[Range, ...]
    body: Value


@dataclass(frozen=True, slots=True)
class Condition:
    """poly >= 0, poly = 0 or poly /= 0."""

    kind: Literal["ge", "eq", "ne"]
    poly: Poly


@dataclass(frozen=True, slots=True)
class Bracket(Value):
    """Iverson's bracket: 1 where all the conditions hold, else 0."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """An elementwise function; `order` counts derivatives of an unknown one."""

    name: str
    order: int = 0


@dataclass(frozen=True, slots=True)
class Apply(Value):
    """function(argument)."""

    function: Function
    argument: Value


@dataclass(frozen=True, slots=True)
class Reciprocal(Value):
    """1 / argument; the argument is never zero where the value is used."""

    argument: Value


@dataclass(frozen=True, slots=True)
class Derivative(Value):
    """The derivative of a value by one entry of a tensor."""

    value: Value
    by: Entry


@dataclass(frozen=True, slots=True)
class Argmax:
    """Where a window attains its maximum: one coordinate, as an index function.

    `parameters` are the free indices of the window; `axis` tells which of the
    ranges' indices is meant.  Of equal entries the first in the order of the
    ranges wins.
    """

    parameters: tuple[str, ...]
    ranges: tuple[Range, ...]
    body: Value
    axis: int

    @property
    def name(self) -> str:
        return f"argmax_{self.ranges[self.axis].name}"

    def bounds(self, args: tuple[Poly, ...]) -> tuple[Poly, Poly]:
        values: dict[Atom, Poly] = dict(zip(self.parameters, args, strict=True))
        window = self.ranges[self.axis]
        if window.low is None or window.high is None:
            raise ValueError("a maximum needs bounded ranges")  # refused by `maximum`
        return window.low.substitute(values), window.high.substitute(values)


# -- builders -----------------------------------------------------------------


def as_value(value: ValueLike) -> Value:
    """Numbers and index polynomials become values."""
    if isinstance(value, Value):
        return value
    if isinstance(value, Poly):
        number = value.as_int
        return Number(Fraction(number)) if number is not None else Position(value)
    return Number(Fraction(value))


def add(*values: ValueLike) -> Value:
    terms: list[Value] = []
    for value in map(as_value, values):
        terms.extend(value.terms if isinstance(value, Plus) else (value,))
    terms = [t for t in terms if t != Number(Fraction(0))]
    return terms[0] if len(terms) == 1 else Plus(tuple(terms)) if terms else Number(Fraction(0))


def multiply(*values: ValueLike) -> Value:
    """The product, nested products flattened, all numbers as one factor in front."""
    factors: list[Value] = []
    for value in map(as_value, values):
        factors.extend(value.factors if isinstance(value, Times) else (value,))
    number = Fraction(1)
    for f in factors:
        number *= f.value if isinstance(f, Number) else 1
    factors = [f for f in factors if not isinstance(f, Number)]
    if number != 1:
        factors.insert(0, Number(number))
    return factors[0] if len(factors) == 1 else Times(tuple(factors)) if factors else Number(Fraction(1))


def negative(value: ValueLike) -> Value:
    value = as_value(value)
    return Number(-value.value) if isinstance(value, Number) else multiply(-1, value)


def total(ranges: tuple[Range, ...], body: ValueLike) -> Value:
    """The sum over the ranges; without ranges the body itself."""
    return Sum(ranges, as_value(body)) if ranges else as_value(body)


def bracket(*conditions: Condition) -> Value:
    return Bracket(conditions) if conditions else Number(Fraction(1))


def at_least(left: PolyLike, right: PolyLike) -> Condition:
    """left >= right."""
    return Condition("ge", Poly.of(left) - Poly.of(right))


def equal(left: PolyLike, right: PolyLike) -> Condition:
    return Condition("eq", Poly.of(left) - Poly.of(right))


def unequal(left: PolyLike, right: PolyLike) -> Condition:
    return Condition("ne", Poly.of(left) - Poly.of(right))


# -- walking ------------------------------------------------------------------


def children(value: Value) -> tuple[Value, ...]:
    """The values directly inside; what defined tensors are made of is not inside."""
    match value:
        case Plus(terms):
            return terms
        case Times(factors):
            return factors
        case Sum(_, body) | Maximum(_, body):
            return (body,)
        case Apply(_, argument) | Reciprocal(argument):
            return (argument,)
        case Derivative(inner, by):
            return (inner, by)
    return ()


def own_polys(value: Value) -> Iterator[Poly]:
    """The index polynomials of this node alone."""
    match value:
        case Position(poly):
            yield poly
        case Entry(_, index):
            yield from index
        case Sum(ranges, _) | Maximum(ranges, _):
            for r in ranges:
                yield from (p for p in (r.low, r.high) if p is not None)
        case Bracket(conditions):
            yield from (c.poly for c in conditions)


def walk(value: Value) -> Iterator[Value]:
    """The value and everything inside, parents first."""
    yield value
    for child in children(value):
        yield from walk(child)


def free_indices(value: Value) -> set[str]:
    """The names of indices that nothing inside binds."""
    names = {n for p in own_polys(value) for n in p.names()}
    for child in children(value):
        names |= free_indices(child)
    if isinstance(value, (Sum, Maximum)):
        bound: set[str] = set()
        inner = free_indices(value.body)
        outside: set[str] = set()
        for r in value.ranges:  # a limit may use the indices bound before it
            for p in (r.low, r.high):
                outside |= (p.names() if p is not None else set()) - bound
            bound.add(r.name)
        names = outside | (inner - bound)
    return names
