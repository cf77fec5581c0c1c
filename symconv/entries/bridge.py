"""Sizes and index polynomials at the border to SymPy, in both directions.

A size is a SymPy integer symbol whose assumptions tell its least value; any
other integer symbol is the name of an index.  An expression is read node by
node: nothing is parsed from text, nothing is simplified, and what has no
counterpart among index polynomials is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import sympy

from symconv.errors import BridgeError, SizeError
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder, Size


class SizeSymbol(sympy.Symbol):  # type: ignore[misc]
    """A size whose least value is 2 or more, which SymPy's assumptions cannot say."""

    __slots__ = ("least",)
    least: int

    def __new__(cls, name: str, least: int = 2) -> SizeSymbol:
        symbol: SizeSymbol = sympy.Symbol.__xnew__(cls, name, integer=True, positive=True)
        symbol.least = least
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[str, int], dict[str, bool]]:
        return (self.name, self.least), {}

    def _hashable_content(self) -> tuple[object, ...]:
        return (*super()._hashable_content(), ("least", self.least))


def size_symbols(names: str, min: int = 1) -> tuple[sympy.Symbol, ...]:
    """SymPy symbols for sizes of at least `min`, from names with spaces or commas between them.

    >>> H, r = size_symbols("H r")
    >>> (H - r).is_integer, H.is_positive, size_symbols("p", min=0)[0].is_positive
    (True, True, None)
    """
    words = names.replace(",", " ").split()
    if not words:
        raise BridgeError("sizes", f"{names!r}", "at least one name", 'write the names with spaces: sizes("H W")')
    for word in words:
        if not word.isidentifier():
            raise BridgeError("sizes", f"the name {word!r}", "letters, digits and _", "choose another name")
    return tuple(symbol_of(Size(word, checked_least(word, min))) for word in words)


def checked_least(name: str, least: int) -> int:
    """The least value of a size, if it is a natural number."""
    if isinstance(least, bool) or not isinstance(least, int) or least < 0:
        raise SizeError(
            f"size {name}", f"a least value of {least!r}", "0, 1, 2, ...", "a size counts: give min=0 or more"
        )
    return least


def symbol_of(size: Size) -> sympy.Symbol:
    """The SymPy symbol of a size; two calls give equal symbols."""
    if size.least == 0:
        return sympy.Symbol(size.name, integer=True, nonnegative=True)
    if size.least == 1:
        return sympy.Symbol(size.name, integer=True, positive=True)
    return SizeSymbol(size.name, size.least)


def index_symbol(name: str) -> sympy.Symbol:
    """The SymPy symbol of an index."""
    return sympy.Symbol(name, integer=True)


def size_of(symbol: sympy.Symbol) -> Size:
    """The size behind a SymPy symbol.

    >>> size_of(size_symbols("p", min=0)[0]).least
    0
    """
    found = _size(symbol) if isinstance(symbol, sympy.Symbol) else None
    if found is None:
        raise BridgeError(
            f"size {symbol}",
            f"a {type(symbol).__name__} that is not known to be an integer >= 0",
            "an integer symbol, positive or nonnegative",
            f'make it with sizes("{symbol}")',
        )
    return found


def _size(symbol: sympy.Symbol) -> Size | None:
    if isinstance(symbol, SizeSymbol):
        return Size(symbol.name, symbol.least)
    if not symbol.is_integer or not symbol.is_nonnegative:
        return None
    return Size(symbol.name, 1 if symbol.is_positive else 0)


# -- SymPy -> polynomial ------------------------------------------------------------


def poly_from_sympy(expr: object, indices: Collection[str] = ()) -> Poly:
    """The index polynomial that a SymPy expression (a whole number, a polynomial) stands for.

    `indices` are names that stand for an index whatever the symbol's assumptions say.

    >>> H, r, s = size_symbols("H r s")
    >>> poly_from_sympy(sympy.floor((H - r) / s) + 1)
    div(H - r, s) + 1
    >>> poly_from_sympy((H - r) // 2), poly_from_sympy(sympy.Mod(sympy.Symbol("i", integer=True), s))
    (div(H - r, 2), mod(i, s))
    """
    if isinstance(expr, Poly):
        return expr
    if isinstance(expr, Size):
        return Poly.of(expr)
    if isinstance(expr, int) and not isinstance(expr, bool):
        return Poly.of(expr)
    if not isinstance(expr, sympy.Basic):
        raise BridgeError(
            f"index expression {expr!r}",
            f"a {type(expr).__name__}",
            "a whole number, a SymPy expression or an index polynomial",
            "convert it to a whole number or to a SymPy expression yourself; text is never parsed here",
        )
    return _Reader(frozenset(indices)).read(expr)


class _Reader:
    """Reads one expression; `indices` are the names that a binder outside has made indices."""

    def __init__(self, indices: frozenset[str]) -> None:
        self.indices = indices

    def read(self, expr: Any) -> Poly:
        if isinstance(expr, sympy.Integer):
            return Poly.of(int(expr))
        if isinstance(expr, sympy.Idx):
            return self.read(expr.label) if isinstance(expr.label, sympy.Integer) else Poly.of(str(expr.label))
        if isinstance(expr, sympy.Symbol):
            return self._symbol(expr)
        if isinstance(expr, sympy.Add):
            return sum((self.read(a) for a in expr.args), Poly.of(0))
        if isinstance(expr, sympy.Mul):
            return self._product(expr)
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        if isinstance(expr, sympy.floor):
            return self._quotient(expr.args[0])
        if isinstance(expr, sympy.ceiling):
            return -self._quotient(-expr.args[0])
        if isinstance(expr, sympy.Mod):
            return self.read(expr.args[0]) % self._divisor(expr.args[1], expr)
        raise _refused(expr, f"{type(expr).__name__} has no counterpart in an index polynomial")

    def _symbol(self, symbol: sympy.Symbol) -> Poly:
        if symbol.name in self.indices:
            return Poly.of(symbol.name)
        size = _size(symbol)
        if size is not None:
            return Poly.of(size)
        if symbol.is_integer:
            return Poly.of(symbol.name)
        raise BridgeError(
            f"index expression {symbol}",
            "a symbol that need not be an integer",
            "an integer symbol, for a size or an index",
            f'make it with sizes("{symbol}") for a size, or Symbol("{symbol}", integer=True) for an index',
        )

    def _product(self, expr: sympy.Mul) -> Poly:
        denominator = expr.as_numer_denom()[1]
        if denominator != 1:
            raise _refused(expr, f"a division by {denominator} that need not be exact")
        result = Poly.of(1)
        for factor in expr.args:
            result = result * self.read(factor)
        return result

    def _power(self, expr: sympy.Pow) -> Poly:
        base, exponent = expr.args
        if not isinstance(exponent, sympy.Integer) or exponent < 0:
            raise _refused(expr, f"the exponent {exponent}, which is not a natural number")
        return self.read(base) ** int(exponent)

    def _quotient(self, ratio: sympy.Expr) -> Poly:
        """floor(ratio), the ratio written with one denominator."""
        numerator, denominator = ratio.as_numer_denom()
        if denominator.could_extract_minus_sign():
            numerator, denominator = -numerator, -denominator
        return self.read(numerator) // self._divisor(denominator, ratio)

    def _divisor(self, expr: sympy.Expr, whole: sympy.Expr) -> Poly:
        divisor = self.read(expr)
        number = divisor.as_int
        if number is not None and number < 1:
            raise _refused(whole, f"the divisor {number}, which is not positive")
        return divisor


def _refused(expr: sympy.Basic, found: str) -> BridgeError:
    return BridgeError(
        f"index expression {expr}",
        found,
        "integers, sizes, indices, + - *, natural powers, floor(a/b), a//b and Mod(a, b)",
        "write a division as floor(a/b), a real number as a tensor of rank 0",
    )


# -- polynomial -> SymPy ------------------------------------------------------------


def sympy_from_poly(poly: Poly) -> sympy.Expr:
    """The SymPy expression of an index polynomial: the inverse of `poly_from_sympy`.

    >>> H, r, s = size_symbols("H r s")
    >>> sympy_from_poly((Poly.of(size_of(H)) - size_of(r)) // size_of(s))
    floor((H - r)/s)
    """
    return expression(poly, _atom)


def expression(poly: Poly, atom: Callable[[Atom], sympy.Expr]) -> sympy.Expr:
    """A polynomial over other SymPy expressions in the place of its atoms."""
    return sympy.Add(*(sympy.Mul(c, *map(atom, monomial)) for monomial, c in poly.sorted_terms()))


def _atom(atom: Atom) -> sympy.Expr:
    if isinstance(atom, str):
        return index_symbol(atom)
    if isinstance(atom, Size):
        return symbol_of(atom)
    if isinstance(atom, Remainder):
        return sympy.Mod(*map(sympy_from_poly, atom.polys()), evaluate=False)
    if isinstance(atom, Quotient):
        numerator, denominator = map(sympy_from_poly, atom.polys())
        if (
            numerator.is_Symbol and denominator.is_Integer
        ):  # n // 2 as SymPy itself writes it; of a sum it would divide each summand
            return sympy.floor(numerator / denominator)
        ratio = sympy.Mul(numerator, sympy.Pow(denominator, -1, evaluate=False), evaluate=False)
        return sympy.floor(ratio, evaluate=False)
    raise BridgeError(
        f"index {atom}",
        "the place of a maximum, which SymPy has no expression for",
        "a polynomial, a quotient or a remainder",
        "unfold the tensor at fixed sizes with entries(..)",
    )


__all__ = [
    "SizeSymbol",
    "expression",
    "index_symbol",
    "poly_from_sympy",
    "size_of",
    "size_symbols",
    "symbol_of",
    "sympy_from_poly",
]
