"""Index polynomials: integer polynomials in sizes and indices.

Positions (`s*i + d*u - p`), extents (`H - r + 1`) and limits are all values of
one small class, `Poly`, over the atoms of `atoms`.  Every polynomial is kept
expanded, so equality is equality of dictionaries.  Nothing here knows SymPy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import gcd
from typing import Union

from symconv.term.atoms import Application, Compound, IndexFunction, Quotient, Remainder, Size, order

Atom = Union[str, Size, Quotient, Remainder, Application]
Monomial = tuple[Atom, ...]
PolyLike = Union["Poly", int, str, Size]


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left:
        return right
    if not right:
        return left
    return tuple(sorted(left + right, key=order))


class Poly:
    """An expanded integer polynomial.

    >>> i, s = Poly.atom("i"), Poly.atom(Size("s"))
    >>> s * (i + 1) - s
    i*s
    >>> (s * i + 3) // s
    div(3, s) + i
    """

    __slots__ = ("_atoms", "_hash", "_names", "_terms")

    def __init__(self, terms: Mapping[Monomial, int]) -> None:
        self._terms = {m: c for m, c in terms.items() if c}
        self._hash: int | None = None
        self._atoms: frozenset[Atom] | None = None
        self._names: frozenset[str] | None = None

    @classmethod
    def atom(cls, atom: Atom) -> Poly:
        return cls({(atom,): 1})

    @classmethod
    def of(cls, value: PolyLike) -> Poly:
        """Whole numbers, index names, sizes and polynomials alike."""
        if isinstance(value, Poly):
            return value
        if isinstance(value, int):
            return cls({(): value})
        return cls.atom(value)

    # -- looking inside -------------------------------------------------

    def __iter__(self) -> Iterator[tuple[Monomial, int]]:
        return iter(self._terms.items())

    @property
    def is_zero(self) -> bool:
        """The polynomial without a term.  (A Poly has no truth value of its own: `low or 0` would lose a 0.)"""
        return not self._terms

    @property
    def terms(self) -> int:
        """How many terms it has."""
        return len(self._terms)

    @property
    def constant(self) -> int:
        """The term without an atom."""
        return self._terms.get((), 0)

    @property
    def as_int(self) -> int | None:
        """The value if no atom occurs."""
        if not self._terms:
            return 0
        return self.constant if len(self._terms) == 1 and () in self._terms else None

    @property
    def as_atom(self) -> Atom | None:
        """The atom if the polynomial is just that."""
        if len(self._terms) == 1:
            ((monomial, coefficient),) = self._terms.items()
            if coefficient == 1 and len(monomial) == 1:
                return monomial[0]
        return None

    def coefficient(self, monomial: Monomial) -> int:
        return self._terms.get(monomial, 0)

    def atoms(self) -> set[Atom]:
        """The atoms of the surface: a compound counts, what it is made of does not."""
        return {a for m in self._terms for a in m}

    def names(self) -> frozenset[str]:
        """The names of all indices, those inside compounds included."""
        if self._names is None:
            self._names = frozenset(a for a in self.all_atoms() if isinstance(a, str))
        return self._names

    def sizes(self) -> set[Size]:
        return {a for a in self.all_atoms() if isinstance(a, Size)}

    def all_atoms(self) -> frozenset[Atom]:
        """The atoms of the surface and of all that compounds are made of."""
        if self._atoms is None:
            surface = self.atoms()
            inner = (part.all_atoms() for atom in surface if isinstance(atom, Compound) for part in atom.polys())
            self._atoms = frozenset(surface).union(*inner)
        return self._atoms

    def linear_in(self, atom: Atom) -> tuple[Poly, Poly] | None:
        """(a, b) with self = a*atom + b, if the atom occurs nowhere in a and b."""
        a: dict[Monomial, int] = {}
        b: dict[Monomial, int] = {}
        for monomial, c in self._terms.items():
            count = monomial.count(atom)
            if count > 1:
                return None
            if count:
                at = monomial.index(atom)
                a[monomial[:at] + monomial[at + 1 :]] = c
            else:
                b[monomial] = c
        parts = Poly(a), Poly(b)
        if any(atom in p.all_atoms() for p in parts):
            return None
        return parts

    # -- arithmetic -----------------------------------------------------

    def __add__(self, other: PolyLike) -> Poly:
        other = Poly.of(other)
        terms = dict(self._terms)
        for monomial, c in other._terms.items():
            terms[monomial] = terms.get(monomial, 0) + c
        return Poly(terms)

    def __neg__(self) -> Poly:
        return Poly({m: -c for m, c in self._terms.items()})

    def __sub__(self, other: PolyLike) -> Poly:
        return self + (-Poly.of(other))

    def __radd__(self, other: PolyLike) -> Poly:
        return self + other

    def __rsub__(self, other: PolyLike) -> Poly:
        return Poly.of(other) - self

    def __mul__(self, other: PolyLike) -> Poly:
        other = Poly.of(other)
        terms: dict[Monomial, int] = {}
        for m, c in self._terms.items():
            for n, d in other._terms.items():
                product = _times(m, n)
                terms[product] = terms.get(product, 0) + c * d
        return Poly(terms)

    def __rmul__(self, other: PolyLike) -> Poly:
        return self * other

    def __pow__(self, exponent: int) -> Poly:
        result = Poly.of(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __floordiv__(self, other: PolyLike) -> Poly:
        """The floor of the quotient, simplified where that is exact."""
        whole, rest = self._divide_out(Poly.of(other))
        if rest is None:
            return whole
        return whole + Poly.atom(Quotient(rest, Poly.of(other)))

    def __mod__(self, other: PolyLike) -> Poly:
        other = Poly.of(other)
        _, rest = self._divide_out(other)
        if rest is None:
            return self - (self // other) * other
        return Poly.atom(Remainder(rest, other))

    def __rfloordiv__(self, other: PolyLike) -> Poly:
        return Poly.of(other) // self

    def __rmod__(self, other: PolyLike) -> Poly:
        return Poly.of(other) % self

    def _divide_out(self, den: Poly) -> tuple[Poly, Poly | None]:
        """Write self = whole*den + rest: floor(self/den) = whole + floor(rest/den).

        The rest is None when nothing is left to divide (whole is then the floor).
        """
        number = den.as_int
        if number is not None:
            if number < 1:  # an obligation of the claim; nothing may be simplified
                return Poly({}), self
            whole = Poly({m: c // number for m, c in self._terms.items() if not m or c % number == 0})
            rest = self - whole * number
            return whole, None if rest.as_int is not None else rest
        if not den.grows_from(1):  # nothing is simplified that a divisor 0 would make meaningless
            return Poly({}), self
        exact = self.divided_by(den)
        if exact is not None:
            return exact, None
        if len(den._terms) == 1:
            ((monomial, c),) = den._terms.items()
            whole = Poly(
                {q: k // c for m, k in self._terms.items() if k % c == 0 and (q := _without(m, monomial)) is not None}
            )
            return whole, self - whole * den
        return Poly({}), self

    def divided_by(self, den: Poly) -> Poly | None:
        """The polynomial q with self = q*den, if there is one.

        >>> a, b = Poly.of("a"), Poly.of("b")
        >>> ((a + b) * (a - b)).divided_by(a + b)
        a - b
        """
        if den.is_zero:
            return None
        quotient, rest = self.long_division(den)
        return quotient if rest.is_zero else None

    def long_division(self, den: Poly) -> tuple[Poly, Poly]:
        """(q, rest) with self = q*den + rest, no monomial of the rest divisible by the leading one of den.

        >>> i, a, W, c = map(Poly.of, "iaWc")
        >>> (i * (W - c + 1) + a).long_division(W - c + 1)
        (i, a)
        """
        lead, c = max(den._terms.items(), key=lambda t: _graded(t[0]))
        left, quotient, rest = self, Poly({}), Poly({})
        while not left.is_zero:
            monomial, k = max(left._terms.items(), key=lambda t: _graded(t[0]))
            factor = _without(monomial, lead)
            if factor is None or k % c:
                part = Poly({monomial: k})
                left, rest = left - part, rest + part
                continue
            step = Poly({factor: k // c})
            quotient, left = quotient + step, left - step * den
        return quotient, rest

    def grows_from(self, least: int) -> bool:
        """It is never less than this, since with all sizes counted from their least values no coefficient is negative.

        False wherever more than sizes occurs.

        >>> H, r = Poly.of(Size("H")), Poly.of(Size("r"))
        >>> (H * r - r).grows_from(0), (H - 1).grows_from(0), (H - 1).grows_from(1), (r - H).grows_from(-9)
        (True, True, False, False)
        """
        atom = self.as_atom
        if isinstance(atom, Size):
            return atom.least >= least
        if not all(isinstance(a, Size) for a in self.atoms()):
            return False
        counted = self.substitute({a: Poly.atom(a) + a.least for a in self.atoms() if isinstance(a, Size)})
        return all(c >= 0 for _, c in counted - least)

    def content(self) -> int:
        """The greatest common divisor of the coefficients, the constant left out."""
        result = 0
        for monomial, c in self._terms.items():
            if monomial:
                result = gcd(result, c)
        return result

    # -- substitution and evaluation --------------------------------------

    def substitute(self, values: Mapping[Atom, Poly]) -> Poly:
        """Replace atoms, inside compounds too.

        >>> Poly.of("i").substitute({"i": Poly.of("j") + 1})
        j + 1
        """
        touched = {a for a in self.atoms() if a in values or (isinstance(a, Compound) and _mentions(a, values))}
        if not touched:
            return self
        images = {a: _image(a, values) for a in touched}
        total: dict[Monomial, int] = {}
        for monomial, c in self._terms.items():
            if touched.isdisjoint(monomial):
                total[monomial] = total.get(monomial, 0) + c
                continue
            product = Poly({tuple(a for a in monomial if a not in touched): c})
            for atom in monomial:
                if atom in touched:
                    product = product * images[atom]
            for m, k in product._terms.items():
                total[m] = total.get(m, 0) + k
        return Poly(total)

    def without_remainders(self) -> Poly:
        """Every remainder written as numerator - denominator * quotient, so that equal extents look equal.

        >>> H, s = Poly.of(Size("H")), Poly.of(Size("s"))
        >>> (H % s + s * (H // s)).without_remainders()
        H
        """
        images: dict[Atom, Poly] = {
            a: a.numerator - a.denominator * (a.numerator // a.denominator)
            for a in self.atoms()
            if isinstance(a, Remainder)
        }
        return self.substitute(images) if images else self

    # -- identity and text ------------------------------------------------

    def __eq__(self, other: object) -> bool:
        if isinstance(other, int):
            other = Poly.of(other)
        return isinstance(other, Poly) and self._terms == other._terms

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(frozenset(self._terms.items()))
        return self._hash

    def __reduce__(self) -> tuple[type[Poly], tuple[Mapping[Monomial, int]]]:
        """Made anew where it is unpickled: a hash holds in one process only."""
        return Poly, (self._terms,)

    def sorted_terms(self) -> list[tuple[Monomial, int]]:
        """The terms in the order in which they are shown: by degree, then by name."""
        return sorted(self._terms.items(), key=lambda t: (-len(t[0]), tuple(map(order, t[0]))))

    def __repr__(self) -> str:
        if not self._terms:
            return "0"
        text = ""
        for monomial, c in self.sorted_terms():
            factors = [str(a) for a in monomial]
            if abs(c) != 1 or not factors:
                factors.insert(0, str(abs(c)))
            sign = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
            text += sign + "*".join(factors)
        return text


def _graded(monomial: Monomial) -> tuple[int, tuple[tuple[str, bool], ...]]:
    return len(monomial), tuple(map(order, monomial))


def _without(monomial: Monomial, divisor: Monomial) -> Monomial | None:
    rest = list(monomial)
    for atom in divisor:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def _mentions(compound: Compound, values: Mapping[Atom, Poly]) -> bool:
    return any(not p.all_atoms().isdisjoint(values) for p in compound.polys())


def _image(atom: Atom, values: Mapping[Atom, Poly]) -> Poly:
    if atom in values:
        return values[atom]
    match atom:
        case Remainder():
            return atom.numerator.substitute(values) % atom.denominator.substitute(values)
        case Quotient():
            return atom.numerator.substitute(values) // atom.denominator.substitute(values)
        case Application():
            return Poly.atom(Application(atom.function, tuple(p.substitute(values) for p in atom.arguments)))
    return Poly.atom(atom)


ZERO, ONE = Poly({}), Poly({(): 1})

__all__ = [
    "ONE",
    "ZERO",
    "Application",
    "Atom",
    "Compound",
    "IndexFunction",
    "Monomial",
    "Poly",
    "PolyLike",
    "Quotient",
    "Remainder",
    "Size",
]
