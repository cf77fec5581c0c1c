"""The normal form of an entry: a sparse polynomial over atoms; and the proof in SymPy's polynomial rings.

An atom is a free entry, a function of a normal form, the winner of a window of
normal forms, or an inverse.  A monomial is a sorted tuple of atoms: the work is
that of the terms that occur, never of all entries of a layer.  Known relations
are built in: step^2 = step, two winners of one window exclude each other and
all of them add up to 1, relu(x) = step(x)*x, the maximum is the winner's
entry, exp(a + b) = exp(a)*exp(b), x * 1/x = 1, sigmoid(x) = 1/(1 + exp(-x)).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, cast

from sympy import QQ
from sympy.polys.rings import PolyElement, ring

from symconv.entries.graph import Kind, Node, below
from symconv.errors import SymconvError
from symconv.term.value import Function

Monomial = tuple[int, ...]
Terms = dict[Monomial, Fraction]
UNIT: Terms = {(): Fraction(1)}


class TooLarge(SymconvError):
    """A normal form with more terms than the limit."""


class Undefined(SymconvError):
    """An entry that divides by zero whatever its variables are."""


class NormalForms:
    """Normal forms over one set of atoms.

    `open_maxima`: a maximum is the sum of winner * entry over its window; else it
    is an atom of its own, in which the order of the entries does not matter.

    >>> from symconv.entries.graph import Graph
    >>> g = Graph()
    >>> x, y = g.variable("x", ()), g.variable("y", ())
    >>> square = g.product([g.sum([x, y]), g.sum([x, y])])
    >>> sorted(NormalForms().form(square).values())
    [Fraction(1, 1), Fraction(1, 1), Fraction(2, 1)]
    """

    def __init__(self, open_maxima: bool = True, limit: int = 100_000) -> None:
        self.open_maxima = open_maxima
        self.limit = limit
        self._keys: list[tuple[Any, ...]] = []
        self._ids: dict[tuple[Any, ...], int] = {}
        self._related: set[int] = set()
        self._known: dict[Node, Terms] = {}

    def form(self, root: Node) -> Terms:
        """The polynomial of a node."""
        if root not in self._known:
            for node in below([root]):
                if node not in self._known:
                    self._known[node] = self._form(node)
        return self._known[root]

    def equal(self, left: Node, right: Node) -> bool:
        return self.form(left) == self.form(right)

    # -- one node -----------------------------------------------------------------

    def _form(self, node: Node) -> Terms:
        args = [self._known[a] for a in node.args]
        data: Any = node.data
        match node.kind:
            case Kind.NUMBER:
                return {(): data} if data else {}
            case Kind.VARIABLE:
                return self._atom(("variable", data))
            case Kind.SUM:
                return added(args)
            case Kind.PRODUCT:
                return reduce(self.product, args)
            case Kind.APPLY:
                return self._apply(data, args[0])
            case Kind.RECIPROCAL:
                return self._reciprocal(args[0])
            case Kind.MAXIMUM:
                return self._maximum(args)
            case Kind.WINS:
                return self._wins(args, data)
        return args[0]

    def product(self, left: Terms, right: Terms) -> Terms:
        if len(left) * len(right) > self.limit:
            size = f"{len(left)} times {len(right)} terms"
            raise TooLarge("a normal form", size, f"at most {self.limit}", "prove layer by layer, or at smaller sizes")
        result: Terms = {}
        for m, c in left.items():
            for n, d in right.items():
                monomial = self._joined(m, n)
                if monomial is not None:
                    result[monomial] = result.get(monomial, Fraction(0)) + c * d
        return {m: c for m, c in result.items() if c}

    def _joined(self, left: Monomial, right: Monomial) -> Monomial | None:
        """The product of two monomials under the known relations; None is zero."""
        if not left or not right:
            return left or right
        atoms = sorted(left + right)
        return tuple(atoms) if self._related.isdisjoint(atoms) else self._reduced(atoms)

    def _reduced(self, atoms: Iterable[int]) -> Monomial | None:
        kept: list[int] = []
        winners: dict[object, int] = {}
        for atom in atoms:
            kind, *key = self._keys[atom]
            if kind == "wins" and winners.setdefault(key[0], atom) != atom:
                return None
            if kind in ("wins", "step") and atom in kept:
                continue
            if kind == "inverse" and key[0] in kept:  # an inverse follows its atom
                kept.remove(key[0])
                continue
            kept.append(atom)
        return tuple(kept)

    # -- atoms ----------------------------------------------------------------------

    def _atom(self, key: tuple[Any, ...]) -> Terms:
        return {(self._id(key),): Fraction(1)}

    def _id(self, key: tuple[Any, ...]) -> int:
        known = self._ids.get(key)
        if known is None:
            known = self._ids[key] = len(self._keys)
            self._keys.append(key)
            if key[0] in ("wins", "step", "inverse"):
                self._related.add(known)
        return known

    def _inverse(self, atom: int) -> int:
        key = self._keys[atom]
        return cast(int, key[1]) if key[0] == "inverse" else self._id(("inverse", atom))

    def _apply(self, function: Function, argument: Terms) -> Terms:
        if function == Function("exp"):
            return self._exp(argument)
        if function == Function("relu"):
            return self.product(self._apply(Function("step"), argument), argument)
        if function == Function("sigmoid"):
            return self._reciprocal(added([UNIT, self._exp({m: -c for m, c in argument.items()})]))
        if function == Function("gelu"):
            return self.product(argument, self._apply(Function("normal_cdf"), argument))
        if function == Function("softplus"):
            return self._apply(Function("log"), added([UNIT, self._exp(argument)]))
        if function == Function("step") and argument.keys() <= {()}:
            return UNIT if argument.get((), 0) > 0 else {}
        return self._atom((function.name, frozen(argument), function.order))

    def _exp(self, argument: Terms) -> Terms:
        """exp(c*m + ..) as a product of powers of the exp(m)."""
        powers: list[int] = []
        for monomial, c in argument.items():
            atom = self._id(("exp", monomial, c.denominator))
            powers += [atom if c > 0 else self._inverse(atom)] * abs(c.numerator)
        return {self._reduced(sorted(powers)) or (): Fraction(1)}

    def _reciprocal(self, argument: Terms) -> Terms:
        if not argument:
            raise Undefined("a normal form", "a division by 0", "a divisor that is not always 0", "change it")
        if len(argument) == 1:
            ((monomial, c),) = argument.items()
            return {tuple(sorted(map(self._inverse, monomial))): 1 / c}
        return self._atom(("reciprocal", frozen(argument)))

    def _maximum(self, window: list[Terms]) -> Terms:
        if not self.open_maxima:
            return self._atom(("maximum", frozenset(map(frozen, window))))
        return added([self.product(self._wins(window, j), entry) for j, entry in enumerate(window)])

    def _wins(self, window: list[Terms], place: int) -> Terms:
        """The winner at a place; that at the first place is 1 minus all others."""
        key = tuple(map(frozen, window))
        if place:
            return self._atom(("wins", key, place))
        others: list[Terms] = [{(self._id(("wins", key, j)),): Fraction(-1)} for j in range(1, len(key))]
        return added([UNIT, *others])

    # -- the ring -------------------------------------------------------------------

    def equal_in_ring(self, left: Node, right: Node) -> bool:
        """Equality after all denominators are multiplied out, in a ring over the atoms of this entry alone."""
        difference = added([self.form(left), {m: -c for m, c in self.form(right).items()}])
        while difference:
            atoms = {a for m in difference for a in m}
            deepest = [a for a in atoms if self._keys[a][0] == "reciprocal"]
            if not deepest:
                return False
            difference = self._cleared(difference, max(deepest))
        return True

    def _cleared(self, terms: Terms, inverse: int) -> Terms:
        """The terms times the greatest power of what `inverse` is the reciprocal of."""
        divisor = dict(self._keys[inverse][1])
        generators = sorted({a for m in (*terms, *divisor) for a in m} - {inverse})
        _, *symbols = ring([f"a{a}" for a in generators], QQ) if generators else ring(["a"], QQ)
        places = dict(zip(generators, symbols, strict=False))
        one = symbols[0] ** 0

        def element(monomial: Monomial) -> PolyElement:
            return reduce(lambda x, a: x * places[a], (a for a in monomial if a != inverse), one)

        power = sum((c_ * element(m) for m, c in divisor.items() for c_ in [QQ(c.numerator, c.denominator)]), one * 0)
        most = max(m.count(inverse) for m in terms)
        total = one * 0
        for m, c in terms.items():
            total += QQ(c.numerator, c.denominator) * element(m) * power ** (most - m.count(inverse))
        return self._terms(total, generators)

    def _terms(self, element: PolyElement, generators: list[int]) -> Terms:
        """A ring element as terms again, under the known relations."""
        parts: list[Terms] = []
        for exponents, c in element.terms():
            monomial = self._reduced(a for a, e in zip(generators, exponents, strict=False) for _ in range(e))
            if monomial is not None:
                parts.append({monomial: Fraction(int(c.numerator), int(c.denominator))})
        return added(parts)


def added(parts: Iterable[Mapping[Monomial, Fraction]]) -> Terms:
    """The sum of several polynomials; what cancels is left out."""
    result: Terms = {}
    for part in parts:
        for monomial, c in part.items():
            result[monomial] = result.get(monomial, Fraction(0)) + c
    return {m: c for m, c in result.items() if c}


def frozen(terms: Terms) -> frozenset[tuple[Monomial, Fraction]]:
    """A polynomial as a part of a key."""
    return frozenset(terms.items())


__all__ = ["NormalForms", "Terms", "TooLarge", "Undefined"]
