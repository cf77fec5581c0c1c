"""Guard implications, proved by certificates.

To show that g >= 0 follows from known polynomials h_i >= 0, take the integer
negation -g - 1 >= 0 and look for  SUM lambda_i * (products of known ones) = -1
with lambda >= 0, a polynomial identity.  The search is a linear program in
which every monomial is a column of its own:
  level 0   the known polynomials themselves;
  level 1   also their products with one known polynomial in sizes alone;
  level 2   with two of these.
The identity is the certificate; anyone can expand it.  Where a point satisfies
what is known and not the goal there is none, so that a point is looked for
before products are taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from symconv.calculus.form import Guard
from symconv.proof.intervals import application_bounds, find_point
from symconv.proof.linear import feasible_point
from symconv.term.polynomial import ONE, Application, Monomial, Poly, Size

Source = tuple[str, Poly]  # ("known", h) for h >= 0, ("zero", e) for e = 0, ("negated", n) for the goal's negation
MAX_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Summand:
    """multiplier * product of the sources; the multiplier of a product without a "zero" is not negative."""

    multiplier: Fraction
    sources: tuple[Source, ...]

    @property
    def poly(self) -> Poly:
        product = ONE
        for _, p in self.sources:
            product = product * p
        return product


Certificate = tuple[Summand, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    poly: Poly
    sources: tuple[Source, ...]


class Knowledge:
    """A set of polynomials known to be >= 0 or = 0; answers what follows from it."""

    def __init__(self, guards: Iterable[Guard], sizes: Iterable[Size] = ()) -> None:
        self.guards = list(dict.fromkeys(guards))
        mentioned = sorted({s for g in self.guards for s in g.poly.sizes()} | set(sizes))
        self.rows: list[_Row] = [_Row(Poly.atom(s) - s.least, (("known", Poly.atom(s) - s.least),)) for s in mentioned]
        self.zeros: list[_Row] = []
        for g in self.guards:
            if g.equality:
                self.zeros.append(_Row(g.poly, (("zero", g.poly),)))
            else:
                self.rows.append(_Row(g.poly, (("known", g.poly),)))
        self._note_applications(g.poly for g in self.guards)

    def _note_applications(self, polys: Iterable[Poly]) -> None:
        """An index function stays within its bounds."""
        seen: set[Application] = set()
        for poly in polys:
            for atom in sorted(poly.all_atoms(), key=str):
                if isinstance(atom, Application) and atom not in seen:
                    seen.add(atom)
                    for p in application_bounds(atom):
                        self.rows.append(_Row(p, (("known", p),)))

    def entails(self, goal: Guard) -> tuple[Certificate, ...] | None:
        """Certificates that the goal follows: one for an inequality, two for an equality."""
        sides = [goal.poly, -goal.poly] if goal.equality else [goal.poly]
        found = []
        for side in sides:
            certificate = self.refutes(-side - 1)
            if certificate is None:
                return None
            found.append(certificate)
        return tuple(found)

    def contradiction(self) -> Certificate | None:
        """A certificate that nothing satisfies all of it."""
        return self.refutes(None)

    def refutes(self, negated: Poly | None) -> Certificate | None:
        """A certificate that `negated >= 0` cannot hold beside what is known."""
        extra = [] if negated is None else [_Row(negated, (("negated", negated),))]
        if negated is not None:
            quick = self._at_once(extra[0])
            if quick is not None:
                return quick
            known = {s for r in self.rows for s in r.poly.sizes()}
            for size in sorted(negated.sizes() - known):
                gap = Poly.atom(size) - size.least
                extra.append(_Row(gap, (("known", gap),)))
            for atom in sorted(negated.all_atoms(), key=str):
                if isinstance(atom, Application):
                    extra += [_Row(p, (("known", p),)) for p in application_bounds(atom)]
        rows, zeros = _component([*extra, *self.rows], self.zeros, extra[:1])
        multipliers = [r for r in (*extra[1:], *self.rows) if _in_sizes(r.poly) and r.poly.as_int is None]
        before, model_sought = -1, False
        for level, need in ((0, "all"), (1, "all"), (1, "one"), (2, "all"), (2, "one"), (2, "pair"), (2, "part")):
            more = _products(rows, zeros, multipliers, level, need)
            if len(more) == before:
                continue
            before = len(more)
            if level and not model_sought:
                model_sought = True
                if find_point([r.poly for r in rows] + [p for z in zeros for p in (z.poly, -z.poly)]) is not None:
                    return None
            certificate = _solve(
                [*rows, *(m for m, zero in more if not zero)], [*zeros, *(m for m, zero in more if zero)]
            )
            if certificate is not None:
                return certificate
        return None

    def _at_once(self, negated: _Row) -> Certificate | None:
        """The goal is a known one plus a constant >= 0."""
        for row in self.rows:
            rest = (negated.poly + row.poly).as_int
            if rest is not None and rest < 0:
                share = Fraction(1, -rest)
                return (Summand(share, negated.sources), Summand(share, row.sources))
        return None


def _in_sizes(poly: Poly) -> bool:
    """Made of sizes and constant quotients alone."""
    return all(isinstance(a, Size) or (isinstance(a, str) and a.startswith("/")) for a in poly.atoms())


def _component(rows: list[_Row], zeros: list[_Row], start: Sequence[_Row]) -> tuple[list[_Row], list[_Row]]:
    """The rows that share monomials, directly or through others, with the goal (all, where there is no goal).

    Products bring in monomials of their own, so a row also counts as near
    when it shares an atom of a product with them.  A constant is near to all: -1 >= 0 settles everything.
    """
    if not start or not _reach(start[0].poly):
        return rows, zeros
    reached: set[object] = set(_reach(start[0].poly))
    pending = [r for r in (*rows, *zeros) if r is not start[0]]
    while True:
        near = [r for r in pending if not reached.isdisjoint(_reach(r.poly)) or r.poly.as_int is not None]
        if not near:
            break
        for r in near:
            reached |= _reach(r.poly)
        pending = [r for r in pending if r not in near]
    left_out = set(map(id, pending))
    return [r for r in rows if id(r) not in left_out], [r for r in zeros if id(r) not in left_out]


def _reach(poly: Poly) -> set[object]:
    found: set[object] = set()
    for monomial, _ in poly:
        if len(monomial) == 1:
            found.add(monomial)
        elif monomial:
            found.add(monomial)
            found.update((a,) for a in monomial)
    return found


def _products(
    rows: list[_Row], zeros: list[_Row], multipliers: list[_Row], level: int, need: str
) -> list[tuple[_Row, bool]]:
    """Products of the rows with up to `level` multipliers; the flag marks products with an equality.

    A product can only help if its highest monomials occur elsewhere.  `need` says how many of
    them must: "all"; "one", in which case the others become wanted too; "pair", where two
    products that share a new monomial admit each other as well; "part", where all of them must
    and a product that is multiplied once more need only divide what occurs: k H on the way to k H W.
    """
    pool = {m for r in (*rows, *zeros) for m, _ in r.poly if len(m) > 1}
    found: list[tuple[_Row, bool]] = []
    if not pool or not level:
        return found
    seen = {r.poly for r in rows}
    bases = [(r, False, 0) for r in rows] + [(r, True, 0) for r in zeros]
    single: dict[Monomial, Poly] = {}
    grown = True
    while grown and len(found) < MAX_COLUMNS:
        grown = False
        for row, zero, depth in list(bases):
            for m in multipliers if depth < level else ():
                on_the_way = need == "part" and depth + 1 < level and _divides(row.poly, m.poly, pool)
                if not (on_the_way or _fits(row.poly, m.poly, pool, single, need)):
                    continue
                product = _product(row.poly, m.poly)
                if product in seen:
                    continue
                seen.add(product)
                made = _Row(product, (*m.sources, *row.sources))
                found.append((made, zero))
                bases.append((made, zero, depth + 1))
                if need not in ("all", "part"):
                    pool.update(n for n, _ in product if len(n) > 1)
                grown = True
    return found[:MAX_COLUMNS]


def _fits(left: Poly, right: Poly, pool: set[Monomial], single: dict[Monomial, Poly], need: str) -> bool:
    """Whether the highest monomials of left * right occur as `need` asks."""
    highest = _highest_of_product(left, right)
    if not highest or len(highest[0]) < 2:
        return False
    if need in ("all", "part"):
        return all(m in pool for m in highest)
    if any(m in pool for m in highest):
        return True
    if need == "pair":
        product = _product(left, right)
        pool.update(m for m in highest if single.setdefault(m, product) != product)
    return False


def _divides(left: Poly, right: Poly, pool: set[Monomial]) -> bool:
    """Each of the highest monomials of left * right is a part of one that occurs."""
    parts = [Counter(m) for m in _highest_of_product(left, right)]
    return all(any(part <= Counter(whole) for whole in pool) for part in parts)


# The same few polynomials meet at every level of a search and for every goal of a proof, hence the memories.


@lru_cache(maxsize=4096)
def _product(left: Poly, right: Poly) -> Poly:
    """In one order of terms, whichever of two equal factors came first: certificates depend on the problem alone."""
    return Poly(dict((left * right).sorted_terms()))


@lru_cache(maxsize=16384)
def _highest_of_product(left: Poly, right: Poly) -> tuple[Monomial, ...]:
    """The monomials of highest degree in left * right: those of the product of the highest parts.

    None where a factor is zero.
    """
    return tuple(m for m, _ in _highest_part(left) * _highest_part(right))


@lru_cache(maxsize=4096)
def _highest_part(poly: Poly) -> Poly:
    degree = max((len(m) for m, _ in poly), default=0)
    return Poly({m: c for m, c in poly if len(m) == degree})


def _solve(rows: list[_Row], zeros: list[_Row]) -> Certificate | None:
    """lambda >= 0 and mu with sum lambda*row + sum mu*zero = -1, as summands."""
    signed = [(r, 1) for r in rows] + [(z, 1) for z in zeros] + [(z, -1) for z in zeros]
    places: dict[Monomial, int] = {(): 0}
    columns: list[dict[int, int]] = []
    for row, sign in signed:
        columns.append({places.setdefault(m, len(places)): sign * c for m, c in row.poly})
    goal = [-1] + [0] * (len(places) - 1)
    point = feasible_point(columns, len(places), goal)
    if point is None:
        return None
    return tuple(Summand(x * sign, row.sources) for x, (row, sign) in zip(point, signed, strict=True) if x)


__all__ = ["Certificate", "Knowledge", "Source", "Summand"]
