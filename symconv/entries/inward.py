"""SymPy index expressions as values: Sum, Indexed, Piecewise, Max, KroneckerDelta, f(x).

Read node by node, by what each node means here: a sum over an empty range is
0, a read outside a tensor's axes follows the tensor's own convention.  An
index is what a Sum binds, an integer symbol, or a name in `indices`; a real
number has to be a tensor of rank 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from symconv.entries.bridge import poly_from_sympy
from symconv.entries.outward import Iverson
from symconv.errors import BridgeError, NameClash, ShapeError
from symconv.term.polynomial import Poly
from symconv.term.substitution import fresh_name
from symconv.term.tensor import Axis, Leaf, Tensor
from symconv.term.value import (
    Apply,
    Condition,
    Function,
    Maximum,
    Number,
    Range,
    Reciprocal,
    Sum,
    Value,
    add,
    as_value,
    at_least,
    bracket,
    equal,
    free_indices,
    multiply,
    negative,
    unequal,
)

FUNCTIONS: dict[Any, str] = {sympy.exp: "exp", sympy.log: "log", sympy.tanh: "tanh"}
ENTRIES = (sympy.Indexed, sympy.matrices.expressions.matexpr.MatrixElement)


def from_sympy(expr: object, tensors: Mapping[str, Tensor] | None = None, indices: Collection[str] = ()) -> Value:
    """The value of a SymPy index expression.

    `tensors` holds a tensor for the name of each IndexedBase, matrix or real symbol; an
    IndexedBase with a shape becomes a leaf of its own.

    >>> from symconv.entries.bridge import size_symbols
    >>> (H,), i = size_symbols("H"), sympy.Symbol("i", integer=True)
    >>> x = sympy.IndexedBase("x", shape=(H,))
    >>> from_sympy(sympy.Sum(x[i] ** 2, (i, 0, H - 1))).ranges
    (Range(name='i', low=0, high=H - 1),)
    """
    return _Reader(dict(tensors or {}), frozenset(indices)).read(expr)


class _Reader:
    """Reads one expression; `bound` are the symbols of the sums around it, by name."""

    def __init__(self, tensors: dict[str, Tensor], indices: frozenset[str]) -> None:
        self.tensors = tensors
        self.indices = indices
        self.bound: dict[str, sympy.Symbol] = {}

    def read(self, expr: Any) -> Value:
        if isinstance(expr, Value):
            return expr
        if isinstance(expr, int | Fraction) and not isinstance(expr, bool):
            return as_value(expr)
        if not isinstance(expr, sympy.Basic):
            raise _refused(expr)
        if isinstance(expr, sympy.Rational):
            return Number(Fraction(int(expr.p), int(expr.q)))
        if isinstance(expr, sympy.Sum):
            return self._sum(expr)
        if isinstance(expr, ENTRIES):
            return self._entry(expr)
        if isinstance(expr, sympy.Symbol | sympy.Idx | sympy.floor | sympy.ceiling | sympy.Mod):
            return self._number(expr)
        if isinstance(expr, sympy.Add):
            return add(*map(self.read, expr.args))
        if isinstance(expr, sympy.Mul):
            return multiply(*map(self.read, expr.args))
        if isinstance(expr, sympy.Pow):
            return self._power(expr)
        if isinstance(expr, sympy.Piecewise):
            return self._piecewise(expr)
        return self._function(expr)

    # -- numbers, entries, sums -------------------------------------------------------

    def _poly(self, expr: Any) -> Poly:
        for symbol in getattr(expr, "free_symbols", ()):
            same = self.bound.get(symbol.name)
            if same is not None and same != symbol and not isinstance(symbol, sympy.Idx):
                raise NameClash(
                    f"index {symbol}",
                    "two SymPy symbols of this name with different assumptions",
                    "one symbol for one index",
                    "make the symbol once and use it in the limits and in the body",
                )
        return poly_from_sympy(expr, self.indices | self.bound.keys())

    def _number(self, expr: Any) -> Value:
        if isinstance(expr, sympy.Symbol) and expr.name not in self.bound:
            tensor = self.tensors.get(expr.name)
            if tensor is not None and tensor.rank == 0:
                return tensor[()]
            if not expr.is_integer and expr.name not in self.indices:
                raise BridgeError(
                    f"symbol {expr}",
                    "a symbol that need not be an integer, without a tensor",
                    "a size, an index or a scalar",
                    f'for a real number give tensors={{"{expr}": Leaf("{expr}", ())}}',
                )
        return as_value(self._poly(expr))

    def _entry(self, expr: Any) -> Value:
        if isinstance(expr, sympy.Indexed):
            name, shape, index = str(expr.base.label), expr.base.shape, expr.indices
        else:
            name, shape, index = str(expr.parent), expr.parent.shape, (expr.i, expr.j)
        tensor = self.tensors.get(name)
        if tensor is None:
            if shape is None:
                raise BridgeError(
                    f"entry {expr}",
                    f"no shape for {name}",
                    "a tensor, or an IndexedBase with a shape",
                    f'write IndexedBase("{name}", shape=(..)), or give tensors={{"{name}": ..}}',
                )
            tensor = self.tensors[name] = Leaf(name, tuple(Axis.of(self._poly(n)) for n in shape))
        if tensor.rank != len(index):
            raise ShapeError(
                f"entry {expr}", f"{len(index)} indices", f"{tensor.rank}, one an axis", "give every axis its index"
            )
        return tensor[tuple(map(self._poly, index))]

    def _sum(self, expr: sympy.Sum) -> Value:
        outside = dict(self.bound)
        ranges: list[Range] = []
        for symbol, low, high in reversed(expr.limits):  # SymPy's first limit is the innermost
            ranges.append(Range(symbol.name, self._poly(low), self._poly(high)))
            self.bound[symbol.name] = symbol
        body = self.read(expr.function)
        self.bound = outside
        return Sum(tuple(ranges), body)

    def _power(self, expr: sympy.Pow) -> Value:
        base, exponent = expr.args
        if not isinstance(exponent, sympy.Rational) or exponent.q > 2:
            raise _refused(expr)
        root = self.read(base) if exponent.q == 1 else Apply(Function("sqrt"), self.read(base))
        power = multiply(*[root] * abs(int(exponent.p)))
        return power if exponent > 0 else Reciprocal(power)

    # -- cases ------------------------------------------------------------------------

    def _piecewise(self, expr: sympy.Piecewise) -> Value:
        """The sum of [no condition before holds] * [this one holds] * value."""
        if expr.args[-1][1] != sympy.true:
            raise BridgeError(
                f"{expr}", "no value where no condition holds", "a last case (value, True)", "add (0, True)"
            )
        terms: list[Value] = []
        before: Value = as_value(1)
        for value, condition in expr.args:
            self._check_scope(value, condition)
            case = self._condition(condition)
            terms.append(multiply(before, case, self.read(value)))
            before = multiply(before, add(1, negative(case)))
        return add(*(t for t in terms if t != as_value(0)))

    def _check_scope(self, value: Any, condition: Any) -> None:
        """SymPy moves the guard of a sum inside a sum out of it; what is left has lost its meaning."""
        inside = {limit[0] for s in value.atoms(sympy.Sum) for limit in s.limits}
        lost = {s.name for s in inside & condition.free_symbols} - self.bound.keys() - self.indices
        if lost:
            raise BridgeError(
                f"condition {condition}",
                f"the index {', '.join(sorted(lost))}, which only a sum under the condition binds",
                "a guard within the sum that binds its index: SymPy moves it out when sums are nested",
                "write one Sum over all indices, or Iverson(condition) as a factor",
            )

    def _condition(self, expr: Any) -> Value:
        """A condition as a number, 1 or 0."""
        if expr in (sympy.true, sympy.false):
            return as_value(int(expr == sympy.true))
        if isinstance(expr, sympy.Not):
            return add(1, negative(self._condition(expr.args[0])))
        if isinstance(expr, sympy.Or):
            return add(1, negative(multiply(*(add(1, negative(self._condition(a))) for a in expr.args))))
        if isinstance(expr, sympy.And):
            return multiply(*map(self._condition, expr.args))
        if not isinstance(expr, sympy.core.relational.Relational):
            raise _refused(expr)
        if expr.has(*ENTRIES, AppliedUndef, *FUNCTIONS):
            return self._compared(expr)
        return bracket(self._relation(expr))

    def _relation(self, expr: Any) -> Condition:
        """A relation between index polynomials; SymPy may have divided both sides by a number."""
        if isinstance(expr, sympy.Eq | sympy.Ne):
            difference = self._poly((expr.lhs - expr.rhs).as_numer_denom()[0])
            return equal(difference, 0) if isinstance(expr, sympy.Eq) else unequal(difference, 0)
        numerator, denominator = (expr.gts - expr.lts).as_numer_denom()
        if not denominator.is_positive:
            raise _refused(expr)
        strict = isinstance(expr, sympy.StrictGreaterThan | sympy.StrictLessThan)
        return at_least(self._poly(numerator), int(strict))

    def _compared(self, expr: Any) -> Value:
        """A relation between real numbers, by the step function."""
        if isinstance(expr, sympy.Eq | sympy.Ne):
            raise BridgeError(
                f"condition {expr}", "an equality between entries", "< <= > >= between entries", "write it with these"
            )
        great, less = self.read(expr.gts), self.read(expr.lts)
        if isinstance(expr, sympy.StrictGreaterThan | sympy.StrictLessThan):
            return Apply(Function("step"), great - less)
        return 1 - Apply(Function("step"), less - great)

    # -- functions --------------------------------------------------------------------

    def _function(self, expr: Any) -> Value:
        if isinstance(expr, sympy.KroneckerDelta):
            return bracket(equal(*map(self._poly, expr.args[:2])))
        if isinstance(expr, Iverson):
            return self._condition(expr.args[0])
        if isinstance(expr, sympy.Max):
            return self._maximum(expr)
        if isinstance(expr, sympy.Subs | sympy.Derivative):
            return self._unknown_derivative(expr)
        name = expr.func.__name__ if isinstance(expr, AppliedUndef) else FUNCTIONS.get(type(expr))
        if name is None or len(expr.args) != 1:
            raise _refused(expr)
        return Apply(Function(name), self.read(expr.args[0]))

    def _maximum(self, expr: sympy.Max) -> Value:
        """max(0, a) is relu(a); other arguments are the entries of a window, in SymPy's order."""
        others = [a for a in expr.args if a != 0]
        if len(others) == 1 and len(expr.args) == 2:
            return Apply(Function("relu"), self.read(others[0]))
        entries = [self.read(a) for a in expr.args]
        place = fresh_name("k", {n for e in entries for n in free_indices(e)} | self.bound.keys())
        cases = [multiply(bracket(equal(place, k)), e) for k, e in enumerate(entries)]
        return Maximum((Range.upto(place, len(entries)),), add(*cases))

    def _unknown_derivative(self, expr: Any) -> Value:
        """The n-th derivative of an unknown function at a place."""
        inner, place = (expr.expr, expr.point[0]) if isinstance(expr, sympy.Subs) else (expr, expr.expr.args[0])
        known = isinstance(inner, sympy.Derivative) and isinstance(inner.expr, AppliedUndef)
        if not known or len(inner.variable_count) != 1 or inner.expr.args != (inner.variable_count[0][0],):
            raise _refused(expr)
        return Apply(Function(inner.expr.func.__name__, int(inner.variable_count[0][1])), self.read(place))


def _refused(expr: object) -> BridgeError:
    return BridgeError(
        f"expression {expr}",
        f"a {type(expr).__name__}",
        "Sum, Indexed, Piecewise, Max, KroneckerDelta, + - *, integer powers and square roots, floor, Mod, exp, log, "
        "tanh and f(x)",
        "write it with these; a maximum over a range is pool_max",
    )


__all__ = ["from_sympy"]
