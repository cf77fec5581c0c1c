"""Positions that SymPy has no expression for, and the conditions that relations between positions are."""

from __future__ import annotations

from typing import Literal

from symconv.handles.handle import Handle
from symconv.handles.reading import poly_of
from symconv.term import value as values
from symconv.term.polynomial import Poly
from symconv.term.text import text_of_condition, text_of_poly
from symconv.write.latex import latex_of_poly
from symconv.write.relations import latex_of_condition


class Place(Handle[Poly]):
    """A position that SymPy has no expression for: the place of a maximum, and what `+ - *` make of it.

    It stands in `X[..]`, and its comparisons are conditions.

    >>> import symconv as sc
    >>> n, i = sc.sizes("n"), sc.indices("i")
    >>> x = sc.tensor("x", n)
    >>> (u,) = sc.argmax(sc.pool_max(x, 2), (i,))
    >>> x[2 * i + u], u <= 1
    (x[argmax_0(i)+2*i], argmax_0(i) <= 1)
    """

    def __add__(self, other: object) -> Place:
        return Place(self.term + poly_of(other))

    __radd__ = __add__

    def __sub__(self, other: object) -> Place:
        return Place(self.term - poly_of(other))

    def __rsub__(self, other: object) -> Place:
        return Place(poly_of(other) - self.term)

    def __neg__(self) -> Place:
        return Place(-self.term)

    def __mul__(self, other: object) -> Place:
        return Place(self.term * poly_of(other))

    __rmul__ = __mul__

    def __ge__(self, other: object) -> Condition:
        return Condition(values.at_least(self.term, poly_of(other)))

    def __le__(self, other: object) -> Condition:
        return Condition(values.at_least(poly_of(other), self.term))

    def __gt__(self, other: object) -> Condition:
        return Condition(values.at_least(self.term, poly_of(other) + 1))

    def __lt__(self, other: object) -> Condition:
        return Condition(values.at_least(poly_of(other), self.term + 1))

    def equals(self, other: object) -> Condition:
        """The condition that both are the same position."""
        return Condition(values.equal(self.term, poly_of(other)))

    def __repr__(self) -> str:
        return text_of_poly(self.term)

    def latex(self) -> str:
        return latex_of_poly(self.term)


class Condition(Handle[values.Condition]):
    """A relation between positions or sizes: a hypothesis, or what a bracket asks.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> sc.condition(H > r)
    H >= r+1
    """

    @property
    def kind(self) -> Literal["ge", "eq", "ne"]:
        return self.term.kind

    def __repr__(self) -> str:
        return text_of_condition(self.term)

    def latex(self) -> str:
        return latex_of_condition(self.term)
