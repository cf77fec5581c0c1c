"""A second reading of terms, by loops: every value as a polynomial in symbolic entries.

Nothing is shared with the prover's evaluator.  A polynomial is a dictionary from
sorted tuples of entry names to rational coefficients.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product

from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.substitution import entry_formula
from symconv.term.tensor import Axis, Defined, Leaf, Tensor
from symconv.term.value import (
    Bracket,
    Derivative,
    Entry,
    Number,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
)

Monomials = dict[tuple[str, ...], Fraction]


def number(poly: Poly, sizes: dict[str, int], at: dict[str, int]) -> int:
    """An index polynomial at these sizes and indices."""
    total = 0
    for monomial, coefficient in poly:
        term = coefficient
        for atom in monomial:
            match atom:
                case str():
                    term *= at[atom]
                case Size():
                    term *= sizes[atom.name]
                case Remainder():
                    term *= number(atom.numerator, sizes, at) % number(atom.denominator, sizes, at)
                case Quotient():
                    term *= number(atom.numerator, sizes, at) // number(atom.denominator, sizes, at)
        total += term
    return total


def unfold(value: Value, sizes: dict[str, int], at: dict[str, int]) -> Monomials:
    """The value as a polynomial in entries of leaves."""
    match value:
        case Number(q):
            return {(): q} if q else {}
        case Position(poly):
            return {(): Fraction(number(poly, sizes, at))}
        case Reciprocal(argument):
            return {(): 1 / unfold(argument, sizes, at)[()]}
        case Plus(terms):
            total: Counter[tuple[str, ...]] = Counter()
            for term in terms:
                for m, c in unfold(term, sizes, at).items():
                    total[m] += c
            return {m: c for m, c in total.items() if c}
        case Times(factors):
            result: Monomials = {(): Fraction(1)}
            for factor in factors:
                result = times(result, unfold(factor, sizes, at))
            return result
        case Sum(ranges, body):
            return add([unfold(body, sizes, inner) for inner in places(ranges, sizes, at)])
        case Bracket(conditions):
            holds = {"eq": lambda n: n == 0, "ge": lambda n: n >= 0, "ne": lambda n: n != 0}
            true = all(holds[c.kind](number(c.poly, sizes, at)) for c in conditions)
            return {(): Fraction(1)} if true else {}
        case Entry(tensor, index):
            return entry(tensor, tuple(number(p, sizes, at) for p in index), sizes)
        case Derivative(inner, by):
            assert isinstance(by.tensor, Leaf)
            name = label(by.tensor, tuple(number(p, sizes, at) for p in by.index))
            return derivative(unfold(inner, sizes, at), name)
    raise TypeError(type(value).__name__)


def places(ranges: tuple[Range, ...], sizes: dict[str, int], at: dict[str, int]) -> list[dict[str, int]]:
    found = [at]
    for r in ranges:
        assert r.low is not None
        assert r.high is not None
        found = [{**p, r.name: k} for p in found for k in range(number(r.low, sizes, p), number(r.high, sizes, p) + 1)]
    return found


def entry(tensor: Tensor, index: tuple[int, ...], sizes: dict[str, int]) -> Monomials:
    if not all(_on(axis, k, sizes) for axis, k in zip(tensor.axes, index, strict=True)):
        return {}
    if isinstance(tensor, Defined):
        return unfold(entry_formula(tensor, tuple(map(Poly.of, index))), sizes, {})
    return {(label(tensor, index),): Fraction(1)}


def _on(axis: Axis, k: int, sizes: dict[str, int]) -> bool:
    assert axis.low is not None
    assert axis.high is not None
    return number(axis.low, sizes, {}) <= k <= number(axis.high, sizes, {})


def label(tensor: Tensor, index: tuple[int, ...]) -> str:
    return f"{tensor.name}[{','.join(map(str, index))}]"


def times(left: Monomials, right: Monomials) -> Monomials:
    return add([{tuple(sorted(m + n)): a * b for n, b in right.items()} for m, a in left.items()])


def add(parts: list[Monomials]) -> Monomials:
    total: Counter[tuple[str, ...]] = Counter()
    for part in parts:
        for m, c in part.items():
            total[m] += c
    return {m: c for m, c in total.items() if c}


def derivative(value: Monomials, name: str) -> Monomials:
    parts: list[Monomials] = []
    for m, c in value.items():
        if name in m:
            rest = list(m)
            rest.remove(name)
            parts.append({tuple(rest): c * m.count(name)})
    return add(parts)


def equal_everywhere(left: Value, right: Value, free: tuple[Range, ...], sizes: dict[str, int]) -> bool:
    """Both sides agree at every place of the free indices."""
    return all(unfold(left, sizes, at) == unfold(right, sizes, at) for at in places(free, sizes, {}))


def table(tensor: Tensor, sizes: dict[str, int]) -> dict[tuple[int, ...], Monomials]:
    """All entries of a tensor."""
    spans = [range(number(a.low, sizes, {}), number(a.high, sizes, {}) + 1) for a in tensor.axes]  # type: ignore[arg-type]
    return {index: entry(tensor, index, sizes) for index in product(*spans)}
