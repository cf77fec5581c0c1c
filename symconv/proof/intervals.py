"""Interval reasoning on polynomials that must not be negative, over whole numbers.

The one idea: with an interval for each atom, a constraint bounds every atom
that stands in it linearly; tightening goes on until nothing changes.  Two
searches rest on it: for sizes (`search`) and for a point that shows that a
guard does not follow from others (`find_point`).
"""

from __future__ import annotations

from collections.abc import Iterable

from symconv.calculus.form import Guard
from symconv.term.polynomial import Application, Atom, Poly, Size

FAR = 10**6
Term = tuple[int, tuple[int, ...]]
Ends = list[int]


class Intervals:
    """Constraints poly >= 0, their atoms numbered; `work` counts constraints looked at, a deterministic clock."""

    def __init__(self, polys: Iterable[Poly]) -> None:
        self.places: dict[Atom, int] = {}
        self.rows: list[list[Term]] = []
        self.met: list[list[int]] = []
        self.work = 0
        for poly in polys:
            self._add(poly)

    def _add(self, poly: Poly) -> None:
        row = [(c, tuple(map(self.place, monomial))) for monomial, c in poly]
        for place in sorted({p for _, places in row for p in places}):
            self.met[place].append(len(self.rows))
        self.rows.append(row)

    def place(self, atom: Atom) -> int:
        """The number of an atom."""
        if atom not in self.places:
            self.places[atom] = len(self.places)
            self.met.append([])
        return self.places[atom]

    def narrow(self, low: Ends, high: Ends, changed: Iterable[int] | None = None) -> bool:
        """Tighten the intervals in place; False if a constraint cannot hold.

        changed: the atoms that were set since the last time (all, if not given).
        """
        waiting = dict.fromkeys(
            range(len(self.rows)) if changed is None else (r for place in changed for r in self.met[place])
        )
        rounds = 8 * (len(waiting) + len(self.rows))
        while waiting and rounds:
            rounds -= 1
            row = next(iter(waiting))
            del waiting[row]
            tightened = self._narrow_row(self.rows[row], low, high)
            if tightened is None:
                return False
            for place in tightened:
                waiting.update(dict.fromkeys(self.met[place]))
        return True

    def _narrow_row(self, row: list[Term], low: Ends, high: Ends) -> list[int] | None:
        """The atoms whose intervals one constraint tightened; None if it cannot hold."""
        self.work += 1
        top, open_terms = 0, []
        for c, places in row:
            if len(places) == 1:
                (place,) = places
                most = c * (high[place] if c > 0 else low[place])
                if low[place] != high[place]:
                    open_terms.append((c, place, most))
            else:
                most, factor, place = _most(c, places, low, high)
                if place >= 0 and factor:
                    open_terms.append((factor, place, most))
            top += most
        if top < 0:
            return None
        tightened = []
        for c, place, most in open_terms:
            need = most - top  # c * atom >= need
            if c > 0:
                bound = -(-need // c)
                if bound > low[place]:
                    low[place] = bound
                    tightened.append(place)
            else:
                bound = need // c
                if bound < high[place]:
                    high[place] = bound
                    tightened.append(place)
            if low[place] > high[place]:
                return None
        return tightened


def _most(c: int, places: tuple[int, ...], low: Ends, high: Ends) -> tuple[int, int, int]:
    """The greatest value of c times a product; the coefficient and the place of its only open atom, if there is one."""
    a = b = 1
    factor, place, opened = c, -1, 0
    for p in places:
        x, y = low[p], high[p]
        if x == y:
            factor *= x
        else:
            opened, place = opened + 1, p
        corners = (a * x, a * y, b * x, b * y)
        a, b = min(corners), max(corners)
    return (c * b if c > 0 else c * a), factor, (place if opened == 1 else -1)


def application_bounds(atom: Application) -> tuple[Poly, Poly]:
    """value - low and high - value of an index function."""
    low, high = atom.function.bounds(atom.arguments)
    return Poly.atom(atom) - low, high - Poly.atom(atom)


def constraints_of(guards: Iterable[Guard]) -> list[Poly]:
    """What must be >= 0: an equality both ways, and the bounds of every index function."""
    polys = [p for g in guards for p in ((g.poly, -g.poly) if g.equality else (g.poly,))]
    functions = {a for p in polys for a in p.all_atoms() if isinstance(a, Application)}
    return polys + [p for a in sorted(functions) for p in application_bounds(a)]


# -- a point -----------------------------------------------------------------------------

REACHES = (5, 14)  # how far a size may be above its least value, an index from 0
MOST_WORK = 700


def find_point(polys: Iterable[Poly]) -> dict[Atom, int] | None:
    """Whole numbers for all atoms with every polynomial >= 0, as far as a short search finds them."""
    system = Intervals(polys)
    for reach in REACHES:
        system.work = 0
        atoms = list(system.places)
        low = [a.least if isinstance(a, Size) else -reach for a in atoms]
        high = [a.least + reach if isinstance(a, Size) else 3 * reach for a in atoms]
        if system.narrow(low, high):
            found = _descend(system, low, high)
            if found is not None:
                return dict(zip(atoms, found, strict=True))
    return None


def _descend(system: Intervals, low: Ends, high: Ends) -> Ends | None:
    """Depth first, the atom with the fewest values left next, its values from the ends inwards."""
    widths = [(high[n] - low[n], n) for n in range(len(low)) if high[n] > low[n]]
    if not widths:
        return low
    _, place = min(widths)
    a, b = low[place], high[place]
    for value in dict.fromkeys((a, a + 1, b, (a + b) // 2)):
        if system.work > MOST_WORK:
            return None
        inner_low, inner_high = low.copy(), high.copy()
        inner_low[place] = inner_high[place] = value
        if system.narrow(inner_low, inner_high, (place,)):
            found = _descend(system, inner_low, inner_high)
            if found is not None:
                return found
    return None
