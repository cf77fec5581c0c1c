"""Filters with a given property: the unknown taps are solved for, never looked up.

The idea: a property is an equation between two tensors that holds for all data.  At fixed sizes its two
sides are polynomials in the entries of the data; comparing their coefficients gives linear equations in
the taps.  SymPy solves them, and the equation with the taps found is proved again for all sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import sympy

from symconv.entries.unfold import entries
from symconv.errors import DependenceError, ShapeError, SizeError, UsageError
from symconv.evidence import judge_tensors
from symconv.proof.verdict import Verdict
from symconv.term.polynomial import Poly
from symconv.term.substitution import replace_tensors
from symconv.term.tensor import Defined, Leaf, Tensor, define, sizes_in, tensors_in
from symconv.term.value import Entry, Number, Value, add, bracket, equal, multiply

DEFAULT = 5  # a size that is not said: larger than the usual filters, so that no equation is missing


@dataclass(frozen=True)
class Fit:
    """The taps for which an equation holds.

    taps: the entries, in which taps that the equation leaves open stand as themselves; None where no filter
    has the property.  free: the taps left open.  equations: what was solved, at `sizes`.
    filter: the taps as a tensor of numbers, and `verdict`: the equation with it, for all sizes; both are None
    unless every tap has a value.
    """

    taps: sympy.NDimArray | None
    free: tuple[sympy.Expr, ...]
    equations: tuple[sympy.Expr, ...]
    sizes: Mapping[str, int]
    filter: Defined | None = None
    verdict: Verdict | None = None

    def __str__(self) -> str:
        if self.taps is None:
            return f"no filter has this property; the equations at {_shown(self.sizes)} contradict each other"
        left = f", {', '.join(map(str, self.free))} free" if self.free else ""
        return f"{self.taps}{left}" + (f"; {self.verdict}" if self.verdict is not None else "")

    __repr__ = __str__


def find_filter(left: Tensor, right: Tensor, g: Tensor, sizes: Mapping[str, int] | None = None) -> Fit:
    """The entries of g for which left = right, whatever the other data.

    g: free data whose shape is numbers, in which `left` and `right` are linear.
    sizes: numbers for the sizes at which the taps are solved for; 5 where nothing is said.

    >>> import symconv as sc
    >>> n = sc.sizes("n")
    >>> f, g = sc.tensor("f", n), sc.tensor("g", 3)
    >>> slope = sc.define("slope", [n - 2], lambda t: (f[t + 2] - f[t]) / 2)
    >>> sc.find_filter(sc.convolve(f, g), slope, g)
    [1/2, 0, -1/2]; proved for all sizes

    Raises `ShapeError` where g is no free data of a shape in numbers, `DependenceError` where nothing
    depends on it, `UsageError` where a side is not linear in it or not a polynomial in the entries.
    """
    place = f"find_filter(.., {g.name})"
    if not isinstance(g, Leaf) or any(n.as_int is None for n in g.shape):
        raise ShapeError(place, f"{g.name} of shape {g.shape}", "free data of a shape in numbers", "say its extents")
    if not any(g in set(tensors_in(Entry(side, ()))) or side == g for side in (left, right)):
        raise DependenceError(place, f"nothing depends on {g.name}", "an equation with it", "check the names")
    known = sizes_in(Entry(left, ()), Entry(right, ()))
    strange = sorted(set(sizes or {}) - {s.name for s in known})
    if strange:
        raise SizeError(place, f"the size {strange[0]}", ", ".join(s.name for s in known) or "none", "leave it out")
    numbers = {s.name: (sizes or {}).get(s.name, max(DEFAULT, s.least)) for s in known}
    unknown = _unknown(g)
    equations = _equations(left, right, list(unknown.values()), numbers, place)
    solutions = list(sympy.linsolve(equations, *unknown.values())) if equations else [tuple(unknown.values())]
    if not solutions:
        return Fit(None, (), equations, numbers)
    values = dict(zip(unknown, solutions[0], strict=True))
    free = tuple(s for s in unknown.values() if any(v.has(s) for v in values.values()))
    taps = sympy.ImmutableDenseNDimArray(list(values.values()), tuple(n.as_int or 0 for n in g.shape))
    if free or not all(v.is_Rational for v in values.values()):
        return Fit(taps, free, equations, numbers)
    found = _tensor_of(g, values)
    verdict = judge_tensors(_with(left, {g: found}), _with(right, {g: found}))
    return Fit(taps, (), equations, numbers, found, verdict)


def _unknown(g: Leaf) -> dict[tuple[int, ...], sympy.Expr]:
    """The symbolic entries of g by their places."""
    base = sympy.IndexedBase(g.name)
    places = product(*(range(n.as_int or 0) for n in g.shape))
    return {place: base[place] if place else sympy.Symbol(g.name) for place in places}


def _equations(
    left: Tensor, right: Tensor, unknown: list[sympy.Expr], sizes: Mapping[str, int], place: str
) -> tuple[sympy.Expr, ...]:
    """The coefficients of left - right in the entries of the data, each linear in the unknown."""
    sides = [entries(t, {s.name: sizes[s.name] for s in sizes_in(Entry(t, ()))}) for t in (left, right)]
    if sides[0].shape != sides[1].shape:
        raise ShapeError(
            place, f"shapes {sides[0].shape} and {sides[1].shape}", "equal shapes", f"at {_shown(sizes)} they differ"
        )
    found: dict[sympy.Expr, None] = {}
    for difference in (a - b for a, b in zip(*map(sympy.flatten, sides), strict=True)):
        data = sorted(difference.atoms(sympy.Indexed, sympy.Symbol) - set(unknown) - _bases(difference), key=str)
        try:
            terms = sympy.Poly(difference, *data).coeffs() if data else [sympy.expand(difference)]
            linear = all(sympy.Poly(t, *unknown).total_degree() <= 1 for t in terms)
        except sympy.PolynomialError:
            linear = False
        if not linear:
            raise UsageError(
                place,
                f"{difference} = 0",
                f"an equation that is linear in {', '.join(map(str, unknown))}",
                "state the property without products of taps and without functions of them",
            )
        found |= dict.fromkeys(t for t in terms if t != 0)
    return tuple(found)


def _bases(expression: sympy.Expr) -> set[sympy.Expr]:
    """The symbols that only name the tensors of indexed entries."""
    return {e.base.label for e in expression.atoms(sympy.Indexed)}


def _tensor_of(g: Leaf, values: Mapping[tuple[int, ...], sympy.Expr]) -> Defined:
    """g with numbers for entries: the sum of value * [here is its place]."""

    def entry(*index: Poly) -> Value:
        parts = (
            multiply(Number(Fraction(int(v.p), int(v.q))), bracket(*map(equal, index, place)))
            for place, v in values.items()
        )
        return add(*parts)

    return define(g.name, g.axes, entry)


def _with(side: Tensor, images: Mapping[Tensor, Tensor]) -> Tensor:
    """The tensor with other tensors in the place of some leaves."""
    if side in images:
        return images[side]
    if not isinstance(side, Defined):
        return side
    moved = replace_tensors(Entry(side, tuple(map(Poly.of, side.parameters))), images)
    return moved.tensor if isinstance(moved, Entry) else side


def _shown(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name}={number}" for name, number in sizes.items()) or "the sizes stated"


__all__ = ["Fit", "find_filter"]
