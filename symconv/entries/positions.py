"""Index polynomials as numbers at fixed sizes.

A polynomial is turned once into a function of the places of the indices; the
sizes are numbers from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod

from symconv.errors import BridgeError, ScopeError, SizeError
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Remainder, Size
from symconv.term.tensor import Axis, requirements_of, sizes_in
from symconv.term.value import Value

Program = Callable[[Mapping[object, int]], int]


class Positions:
    """Index polynomials at these sizes.

    >>> H = Poly.of(Size("H"))
    >>> Positions({"H": 5}).program(H - 1 - Poly.of("i"))({"i": 1})
    3
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = dict(sizes)
        self._programs: dict[Poly, Program] = {}

    def program(self, poly: Poly) -> Program:
        """The polynomial as a function of the places of its indices."""
        known = self._programs.get(poly)
        if known is None:
            known = self._programs[poly] = self._compiled(poly)
        return known

    def limits(self, low: Poly | None, high: Poly | None) -> tuple[int | None, int | None]:
        """Both ends of an axis; None where it has no end."""
        return (None if low is None else self.program(low)({})), (None if high is None else self.program(high)({}))

    def axis(self, axis: Axis, name: str) -> range:
        """The positions of an axis that has two ends."""
        low, high = self.limits(axis.low, axis.high)
        if low is None or high is None:
            raise BridgeError(
                f"the axes of {name}", "an axis without an end", "two ends", "give the axis a range before unfolding"
            )
        return range(low, high + 1)

    def _compiled(self, poly: Poly) -> Program:
        numbers: dict[Atom, Poly] = {s: Poly.of(self._size(s)) for s in poly.sizes()}
        poly = poly.substitute(numbers)
        constant = poly.as_int
        if constant is not None:
            return lambda at: constant
        if all(len(m) < 2 and all(isinstance(a, str) for a in m) for m, _ in poly):
            return _affine(poly.constant, [(m[0], c) for m, c in poly if m])
        terms = [(c, [self._atom(a) for a in m]) for m, c in poly]
        return lambda at: sum(c * prod(a(at) for a in atoms) for c, atoms in terms)

    def _size(self, size: Size) -> int:
        if size.name not in self.sizes:
            raise SizeError(f"size {size}", f"no value among {self.sizes}", "one for every size", f"add {size}=..")
        return self.sizes[size.name]

    def _atom(self, atom: Atom) -> Program:
        if isinstance(atom, Quotient):
            numerator, denominator = map(self.program, atom.polys())
            remainder = isinstance(atom, Remainder)

            def divided(at: Mapping[object, int]) -> int:
                by = denominator(at)
                if by < 1:
                    raise SizeError(f"{atom}", f"a division by {by}", "a divisor of at least 1", "choose other sizes")
                return numerator(at) % by if remainder else numerator(at) // by

            return divided
        return lambda at: at[atom]


def _affine(constant: int, terms: list[tuple[object, int]]) -> Program:
    if len(terms) == 1:
        ((name, factor),) = terms
        return lambda at: constant + factor * _place(at, name)
    return lambda at: constant + sum(c * _place(at, n) for n, c in terms)


def _place(at: Mapping[object, int], name: object) -> int:
    try:
        return at[name]
    except KeyError:
        raise ScopeError(
            f"index {name}", "no place for it", "a sum that binds it, or a place", "bind the index in a sum"
        ) from None


def applications(polys: Iterable[Poly]) -> list[Application]:
    """The index functions in some polynomials, each once, in a fixed order."""
    found = {a for p in polys for a in p.all_atoms() if isinstance(a, Application)}
    return sorted(found, key=str)


def checked_sizes(values: Iterable[Value], sizes: Mapping[str, int]) -> dict[str, int]:
    """A number for every size of the values, each large enough, all needs of the definitions met."""
    values = tuple(values)
    needed = sizes_in(*values)
    for size in needed:
        number = sizes.get(size.name)
        if isinstance(number, bool) or not isinstance(number, int) or number < size.least:
            raise SizeError(
                f"size {size}",
                f"the value {number!r}" if size.name in sizes else "no value",
                f"a whole number of at least {size.least}",
                f"give {', '.join(f'{s}=..' for s in needed)}",
            )
    positions = Positions(sizes)
    for condition in requirements_of(*values):
        number = positions.program(condition.poly)({})
        holds = number >= 0 if condition.kind == "ge" else (number == 0) == (condition.kind == "eq")
        if not holds:
            sign = {"ge": ">=", "eq": "=", "ne": "/="}[condition.kind]
            raise SizeError(
                f"sizes {', '.join(f'{s}={sizes[s.name]}' for s in needed)}",
                f"{condition.poly} = {number}",
                f"{condition.poly} {sign} 0",
                "choose sizes at which the operations are defined",
            )
    names = {s.name for s in needed}
    return {name: number for name, number in sizes.items() if name in names}


__all__ = ["Positions", "applications", "checked_sizes"]
