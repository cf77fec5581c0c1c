"""Formulas with their names in place, before extents are known.

Between layout and term stands this tree: rows are products, calls or entries
by now, but a tensor is still its name, and a sum may still lack its limits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Literal

from symconv.term.polynomial import Poly

Relation = Literal["=", "<", ">", "\\le", "\\ge", "\\neq"]


class NoPosition(Exception):
    """An expression that is no sum of products of names and whole numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expr:
    """Anything that can stand in a formula; `at` is its offset in the source."""

    at: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Num(Expr):
    value: Fraction


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """A name that stands alone: an index, a size, a scalar, or a whole tensor."""

    name: str


@dataclass(frozen=True, slots=True)
class Access(Expr):
    """An entry of a named tensor."""

    name: str
    index: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class At(Expr):
    """An entry of a tensor that is built on the spot: `(X * K)_{i,j}`."""

    tensor: Expr
    index: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Add(Expr):
    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Negate(Expr):
    body: Expr


@dataclass(frozen=True, slots=True)
class Mul(Expr):
    """A product by juxtaposition, a dot or a cross; `dotted`: the factors with a sign before them."""

    factors: tuple[Expr, ...]
    dotted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signed(Expr):
    r"""Two operands with a sign whose meaning is declared: `X \ast K`."""

    sign: str
    left: Expr
    right: Expr
    mode: str | None = None  # valid, full or same, where it stands at the sign


@dataclass(frozen=True, slots=True)
class Divide(Expr):
    top: Expr
    bottom: Expr


@dataclass(frozen=True, slots=True)
class Floor(Expr):
    body: Expr
    ceiling: bool = False


@dataclass(frozen=True, slots=True)
class Modulo(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Power(Expr):
    base: Expr
    exponent: int


@dataclass(frozen=True, slots=True)
class Binding(Expr):
    """An index bound by a sum or a maximum; without limits it runs over an axis."""

    name: str
    low: Expr | None = None
    high: Expr | None = None
    listed: bool = False  # k = 0, \dots, r-1: written from one end to the other
    second: Expr | None = None  # the number behind the first, where it is given
    excluded: frozenset[str] = frozenset()  # names on the other side of j \neq i
    endless: bool = False  # over all integers: a factor that ends settles the range
    count: int | None = None  # over a set of so many labels: a whole axis of that length


@dataclass(frozen=True, slots=True)
class Extremum(Expr):
    r"""The greatest or the least of several numbers, as a limit of a sum: `\max(0, i - r + 1)`."""

    sign: str
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Total(Expr):
    bindings: tuple[Binding, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Biggest(Expr):
    bindings: tuple[Binding, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class SquaredNorm(Expr):
    r"""The sum of the squares of all entries: `\|x\|^2`."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Winner(Expr):
    """The value of one bound index at which a maximum is attained: a part of an arg max."""

    greatest: Biggest
    axis: int


@dataclass(frozen=True, slots=True)
class Open(Expr):
    """`O(x, w)`: something that depends on these tensors in a way that is left open."""

    tensors: tuple[Ref, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Expr):
    relation: Relation
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Indicator(Expr):
    conditions: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Cases(Expr):
    """The first branch whose conditions hold; the last has none."""

    branches: tuple[tuple[Expr, tuple[Comparison, ...]], ...]


@dataclass(frozen=True, slots=True)
class Elementwise(Expr):
    """A function of one number: `f(x)`, `\\sigma'(z)`."""

    function: str
    order: int
    argument: Expr


@dataclass(frozen=True, slots=True)
class Diff(Expr):
    r"""A derivative by an entry or by a whole tensor; `shaped` like it, whatever the layout: `\nabla_x L`."""

    value: Expr
    by: Expr
    shaped: bool = False


@dataclass(frozen=True, slots=True)
class Transpose(Expr):
    """A matrix with rows and columns changed, a column as a row."""

    body: Expr


@dataclass(frozen=True, slots=True)
class Tuple(Expr):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Array(Expr):
    """Rows of entries; `line`: a list, which has one axis."""

    rows: tuple[tuple[Expr, ...], ...]
    line: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Expr):
    """A whole image among several: `Z^{m,n,h}` of `z_{i,j}^{m,n,h}`, `X[c,:,:]`; None where an axis is whole."""

    name: str
    index: tuple[Expr | None, ...]


@dataclass(frozen=True, slots=True)
class Windowed(Expr):
    r"""Windows of an image pooled or expanded: `\boxplus_{r,c}^{ave} V`."""

    meaning: str
    window: tuple[Expr, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A library operation on tensors, or a named operator of the document."""

    operation: str
    arguments: tuple[Expr, ...]
    options: tuple[tuple[str, Expr], ...] = ()


def inside(expr: Expr) -> Iterator[Expr]:
    """The expressions directly inside, in reading order."""
    for item in fields(expr):
        if item.name != "at":
            yield from _found(getattr(expr, item.name))


def _found(value: object) -> Iterator[Expr]:
    if isinstance(value, Expr):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _found(part)


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything inside, parents first."""
    yield expr
    for part in inside(expr):
        yield from walk(part)


def bound_by(expr: Expr) -> frozenset[str]:
    return frozenset(b.name for b in expr.bindings) if isinstance(expr, (Total, Biggest)) else frozenset()


def free_names(expr: Expr, bound: frozenset[str] = frozenset()) -> Iterator[Ref]:
    """Every name that stands alone and that no sum around it binds."""
    if isinstance(expr, Ref):
        if expr.name not in bound:
            yield expr
        return
    if isinstance(expr, (Total, Biggest)):
        for binding in expr.bindings:  # a limit may use the indices bound before it
            for limit in (binding.low, binding.high):
                if limit is not None:
                    yield from free_names(limit, bound)
            bound = bound | {binding.name}
        yield from free_names(expr.body, bound)
        return
    for part in inside(expr):
        yield from free_names(part, bound)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same expression with what stands directly inside changed."""
    changes = {f.name: _changed(getattr(expr, f.name), change) for f in fields(expr) if f.name != "at"}
    return replace(expr, **changes)  # type: ignore[arg-type]


def placed(expr: Winner, at: int) -> Winner:
    """The same, said at another place."""

    def put(inner: Expr) -> Expr:
        return replace(rebuild(inner, put), at=at)

    made = put(expr)
    assert isinstance(made, Winner)
    return made


def _changed(value: object, change: Callable[[Expr], Expr]) -> object:
    if isinstance(value, Expr):
        return change(value)
    return tuple(_changed(v, change) for v in value) if isinstance(value, tuple) else value


def free_poly(expr: Expr) -> Poly:
    """A position as a polynomial in which every name is one number; `NoPosition` for anything else."""
    match expr:
        case Num(value=value) if value.denominator == 1:
            return Poly.of(value.numerator)
        case Ref(name=name):
            return Poly.of(name)
        case Add(terms=terms):
            return sum(map(free_poly, terms), Poly.of(0))
        case Negate(body=body):
            return -free_poly(body)
        case Mul(factors=factors):
            product = Poly.of(1)
            for factor in factors:
                product = product * free_poly(factor)
            return product
    raise NoPosition


def moved(expr: Expr, by: int) -> Expr:
    """The same expression with all offsets moved: a piece of a longer text."""
    return replace(rebuild(expr, lambda e: moved(e, by)), at=expr.at + by)
