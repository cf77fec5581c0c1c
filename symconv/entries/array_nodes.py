"""The parts of an array expression, as SymPy nodes: windows, gathers, contractions, and the code of positions."""

from __future__ import annotations

from typing import Any

import sympy
from sympy.tensor.array.expressions.array_expressions import ArraySymbol, _ArrayExpr

from symconv.entries.bridge import expression, symbol_of
from symconv.errors import BridgeError
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Leaf


class ArrayNode(_ArrayExpr):  # type: ignore[misc]
    """An array over named indices; `axes` is a tuple of (index symbol, extent).

    Not iterable: lambdify would walk a vector without end.
    """

    __iter__ = None

    def __new__(cls, *args: Any) -> ArrayNode:
        node: ArrayNode = sympy.Expr.__new__(cls, *map(sympy.sympify, args))
        return node

    @property
    def axes(self) -> sympy.Tuple:
        return self.args[0]

    @property
    def shape(self) -> tuple[sympy.Expr, ...]:
        return tuple(extent for _, extent in self.axes)


class LeafArray(ArraySymbol):  # type: ignore[misc]
    """The array of a leaf; not iterable either."""

    __iter__ = None

    @classmethod
    def of(cls, leaf: Leaf) -> LeafArray:
        array: LeafArray = cls(leaf.name, tuple(code(n) for n in leaf.shape))
        return array


class Windows(ArrayNode):
    """args: axes, array, positions; a position is (offset, step along each of the axes) on one axis of the array."""


class Stuffed(ArrayNode):
    """args: axes, array, steps: zeros between the entries."""


class Gathered(ArrayNode):
    """args: axes of the position, array, axis, position: one axis read at a position."""


class Formula(ArrayNode):
    """args: axes, expression: a number for each place; a condition counts 1 or 0."""


class Elementwise(ArrayNode):
    """args: axes, array, name of the function."""


class Greatest(ArrayNode):
    """args: axes, array, count: the maximum over the last `count` axes of the array."""


class Contraction(ArrayNode):
    """args: axes, coefficient, factors: the sum of the products over all indices but the axes'."""


class Total(ArrayNode):
    """args: axes, terms: a sum of arrays."""


def index(name: str) -> sympy.Symbol:
    """The symbol of an index in code; a size may have the same name."""
    return sympy.Symbol(f"_{name}", integer=True)


def code(poly: Poly) -> sympy.Expr:
    """An index polynomial as an expression of the code."""
    return expression(poly, _atom)


def _atom(atom: Atom) -> sympy.Expr:
    if isinstance(atom, str):
        return index(atom)
    if isinstance(atom, Size):
        return symbol_of(atom)
    if isinstance(atom, Quotient):
        numerator, denominator = map(code, atom.polys())
        if isinstance(atom, Remainder):
            return sympy.Mod(numerator, denominator, evaluate=False)
        return FloorDivision(numerator, denominator)
    raise BridgeError(f"the index {atom}", "the place of a maximum", "a polynomial", "use compile() instead")


class FloorDivision(sympy.Function):  # type: ignore[misc]
    """a // b of whole numbers."""

    nargs = 2
    is_integer = True


__all__ = [
    "ArrayNode",
    "Contraction",
    "Elementwise",
    "FloorDivision",
    "Formula",
    "Gathered",
    "Greatest",
    "LeafArray",
    "Stuffed",
    "Total",
    "Windows",
    "code",
    "index",
]
