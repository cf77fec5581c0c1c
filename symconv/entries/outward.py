"""Values as SymPy expressions for all sizes: Sum, Indexed, Piecewise, Max, f(x).

SymPy moves a Piecewise out of a sum that stands inside another sum, leaving
its index free.  So products are multiplied out first: every sum that is
written stands outermost, with one guard inside; a guard deeper down (under a
function) is `Iverson`, which nothing moves.  SymPy gives a sum over an empty
range other values than 0: a sum whose range is not evidently right carries the
guard that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sympy

from symconv.entries.bridge import index_symbol, sympy_from_poly
from symconv.entries.carry_out import over_leaves
from symconv.entries.expressions import applied
from symconv.entries.flat import Term, flat, holds, numbered, solved
from symconv.errors import BridgeError
from symconv.term.polynomial import Poly
from symconv.term.substitution import entry_formula, substitute
from symconv.term.tensor import Defined, Tensor, ranges_of, sizes_in
from symconv.term.value import (
    Apply,
    Condition,
    Entry,
    Function,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Value,
    at_least,
    free_indices,
)

Conditions = list[Condition]


class Iverson(sympy.Function):  # type: ignore[misc]
    """1 where a condition holds, else 0; unlike a Piecewise it stays where it is.

    >>> i = sympy.Symbol("i", integer=True)
    >>> Iverson(i >= 1), Iverson(i >= 1).subs(i, 3)
    (Iverson(i >= 1), 1)
    """

    nargs = 1
    is_integer = True
    is_nonnegative = True

    @classmethod
    def eval(cls, condition: sympy.Basic) -> sympy.Integer | None:
        if condition in (sympy.true, sympy.false):
            return sympy.Integer(condition == sympy.true)
        return None

    def _eval_rewrite_as_Piecewise(self, condition: sympy.Basic, **_: object) -> sympy.Piecewise:
        return sympy.Piecewise((1, condition), (0, True))

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\left[{printer._print(self.args[0])}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _numpycode(self, printer: Any) -> str:
        return f"numpy.where({printer._print(self.args[0])}, 1, 0)"


def to_sympy(subject: Value | Tensor, ranges: Sequence[Range] = ()) -> sympy.Expr:
    """A value, or the entry of a tensor at `indices_of(tensor)`, as a SymPy expression for all sizes.

    `ranges` say what is known of the free indices of a value; those of a tensor lie on its axes.

    >>> from symconv.ops.correlate import correlate
    >>> from symconv.term.polynomial import Size
    >>> from symconv.term.tensor import Axis, Leaf
    >>> x, w = Leaf("x", (Axis.of(Size("H")),)), Leaf("w", (Axis.of(Size("r")),))
    >>> to_sympy(correlate(x, w))
    Sum(w[u]*x[i + u], (u, 0, r - 1))
    """
    if isinstance(subject, Tensor):
        names = tuple(symbol.name for symbol in indices_of(subject))
        index = tuple(map(Poly.of, names))
        ranges = ranges_of(subject, names)
        subject = entry_formula(subject, index) if isinstance(subject, Defined) else Entry(subject, index)
    value = over_leaves(subject)
    taken = {r.name for r in ranges} | free_indices(value) | {s.name for s in sizes_in(value)}
    return _Writer(taken, guard="piecewise").sum_of(value, tuple(ranges))


def indices_of(tensor: Tensor) -> tuple[sympy.Symbol, ...]:
    """The free indices of `to_sympy(tensor)`: its own, with a number where a size has the same name."""
    own = tensor.parameters if isinstance(tensor, Defined) else tuple("ijklmnpq"[: tensor.rank])
    used = {s.name for s in sizes_in(Entry(tensor, ()))}
    names: list[str] = []
    for name in own:
        names.append(numbered(name, {*used, *names}))
    return tuple(map(index_symbol, names))


class _Writer:
    """Writes one value; `taken` are the names that no bound index may have."""

    def __init__(self, taken: Iterable[str], guard: str) -> None:
        self.taken = set(taken)
        self.guard = guard

    def sum_of(self, value: Value, known: tuple[Range, ...]) -> sympy.Expr:
        """A value where the indices of the known ranges are within them."""
        return sympy.Add(*(self._written(t, known) for t in map(solved, flat(value, self.taken))))

    # -- written --------------------------------------------------------------------

    def _written(self, term: Term, known: tuple[Range, ...]) -> sympy.Expr:
        places = (*known, *term.ranges)
        outer, inner = self._emptiness(term.ranges, known)
        conditions = [c for c in term.conditions if not holds(c, places)] + inner
        body = sympy.Mul(*(self._factor(f, places) for f in term.factors))
        body = self._guarded(body, conditions)
        if term.ranges:
            limits = [(index_symbol(r.name), _end(r.low, r), _end(r.high, r)) for r in term.ranges]
            body = sympy.Sum(body, *reversed(limits))
        return self._guarded(body, outer)

    def _emptiness(
        self, ranges: tuple[Range, ...], known: tuple[Range, ...]
    ) -> tuple[list[Condition], list[Condition]]:
        """Conditions that make SymPy's sum 0 over an empty range: around the sum, and within it."""
        outer: list[Condition] = []
        inner: list[Condition] = []
        bound: set[str] = set()
        for k, r in enumerate(ranges):
            if r.low is not None and r.high is not None:
                whole = at_least(r.high + 1, r.low)
                if not holds(whole, (*known, *ranges[:k])):
                    if bound.isdisjoint(whole.poly.names()):
                        outer.append(whole)
                    else:  # where the range is empty, one of the two fails at every index
                        inner += [at_least(r.name, r.low), at_least(r.high, r.name)]
            bound.add(r.name)
        return outer, inner

    def _guarded(self, body: sympy.Expr, conditions: list[Condition]) -> sympy.Expr:
        if not conditions:
            return body
        condition = sympy.And(*(relation_of(c, sympy_from_poly) for c in conditions))
        if self.guard == "piecewise":
            return sympy.Piecewise((body, condition), (0, True))
        return sympy.Mul(Iverson(condition), body)

    def _factor(self, value: Value, known: tuple[Range, ...]) -> sympy.Expr:
        match value:
            case Number(q):
                return sympy.Rational(q.numerator, q.denominator)
            case Position(poly):
                return sympy_from_poly(poly)
            case Entry(tensor, index):
                return _entry(tensor, index)
            case Apply(function, argument):
                inner = self._inside(argument, known)
                if function == Function("step") and self.guard == "iverson":
                    return Iverson(inner > 0)
                return inner**2 if function == Function("square") else applied(function, inner)
            case Reciprocal(argument):
                return sympy.Pow(self._inside(argument, known), -1)
            case Maximum(ranges, body):
                return self._maximum(ranges, body, known)
        raise BridgeError(
            "a value", f"a {type(value).__name__}", "sums, products and functions of entries", "rewrite it"
        )

    def _inside(self, value: Value, known: tuple[Range, ...]) -> sympy.Expr:
        """A value under a function: its guards must not be a Piecewise."""
        return _Writer(self.taken, guard="iverson").sum_of(value, known)

    def _maximum(self, ranges: tuple[Range, ...], body: Value, known: tuple[Range, ...]) -> sympy.Expr:
        """Max of explicit arguments, if the window has a number of entries."""
        arguments = [body]
        for r in reversed(ranges):
            low, high = (None if p is None else p.as_int for p in (r.low, r.high))
            if low is None or high is None:
                raise BridgeError(
                    f"a maximum over {r.name}",
                    "a window whose size is not a number",
                    "a window of so many entries: SymPy has no maximum over a range",
                    "give the window as a number, or unfold the tensor with entries(..)",
                )
            arguments = [substitute(a, {r.name: Poly.of(k)}) for k in range(low, high + 1) for a in arguments]
        return sympy.Max(*(self._inside(a, known) for a in arguments), evaluate=False)


def _end(poly: Poly | None, r: Range) -> sympy.Expr:
    if poly is None:
        raise BridgeError(f"the index {r.name}", "a range without an end", "two ends", "give the index both limits")
    return sympy_from_poly(poly)


def _entry(tensor: Tensor, index: tuple[Poly, ...]) -> sympy.Expr:
    if not index:
        return sympy.Symbol(tensor.name)
    return sympy.IndexedBase(tensor.name)[tuple(map(sympy_from_poly, index))]


def relation_of(condition: Condition, write: Callable[[Poly], sympy.Expr]) -> Any:
    """A condition as a SymPy relation, with its negative part moved to the right."""
    left = Poly({m: c for m, c in condition.poly if c > 0})
    right = Poly({m: -c for m, c in condition.poly if c < 0})
    make = {"ge": sympy.Ge, "eq": sympy.Eq, "ne": sympy.Ne}[condition.kind]
    return make(write(left), write(right))


__all__ = ["Iverson", "indices_of", "relation_of", "to_sympy"]
