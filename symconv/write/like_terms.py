"""Equal summands added up, as one writes them."""

from __future__ import annotations

from fractions import Fraction

from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.value import Number, Plus, Sum, Times, Value, add, multiply


def like_terms(value: Value) -> Value:
    """Summands that differ by their coefficient only, in one; the order of factors and the letters of sums may differ.

    >>> from symconv.term.tensor import Axis, Leaf
    >>> w, i = Leaf("w", (Axis.of(3),)), Poly.of("i")
    >>> from symconv.write.text import text_of_value
    >>> text_of_value(like_terms(w[i] + w[0] + w[i]))
    '2 w[i] + w[0]'
    """
    if not isinstance(value, Plus):
        return value
    groups: dict[tuple[object, ...], list[Value]] = {}
    for term in value.terms:
        groups.setdefault(_key(_split(term)[1]), []).append(term)
    return add(*(_joined(terms) for terms in groups.values()))


def _joined(terms: list[Value]) -> Value:
    if len(terms) == 1:
        return terms[0]
    return multiply(sum((_split(t)[0] for t in terms), Fraction(0)), _split(terms[0])[1])


def _split(term: Value) -> tuple[Fraction, Value]:
    """The coefficient, and what is left; that of a sum is the one of its summands."""
    match term:
        case Sum(ranges, body):
            number, rest = _split(body)
            return number, Sum(ranges, rest)
        case Times((Number(q), *rest)):
            return q, multiply(*rest)
    return Fraction(1), term


def _key(term: Value) -> tuple[object, ...]:
    """Equal for terms that differ by the letters of their sums and the order of factors."""
    ranges: list[object] = []
    while isinstance(term, Sum):
        names = {r.name: Poly.of(f"#{len(ranges) + n}") for n, r in enumerate(term.ranges)}
        for r in term.ranges:
            ranges.append(tuple(p and p.substitute(names) for p in (r.low, r.high)))  # type: ignore[arg-type]
        term = substitute(term.body, names)
    factors = term.factors if isinstance(term, Times) else (term,)
    return (*ranges, *sorted(factors, key=repr))


__all__ = ["like_terms"]
