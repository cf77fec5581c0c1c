"""From a term to a loop nest: a box of loop indices, affine positions, and what remains as masks.

A term's sum runs over all integers and its guards say where.  Here
  1. a maximum's place becomes a sum over the window with the winner's one-hot array,
  2. an index p under div(p, n) and mod(p, n) is split, p = n*q + t (`quotients`),
  3. equalities are solved, for an output index where that gives a scatter (`guards`),
  4. one-sided guards on one index become its box, counted from 0,
  5. a winner whose taps are no longer its whole window gets taps of its own, equal to them,
  6. what a padded read or a cropped output takes care of is dropped; the rest are masks.
Nothing here decides how an array is read: see `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, cast

from symconv.calculus.form import Expansion, Factor, Guard, Term, trivially_false
from symconv.errors import ExportError
from symconv.kernels.bounds import ONE, ZERO, product_of, span, surely_nonnegative
from symconv.kernels.factors import indices_of, is_array_itself
from symconv.kernels.guards import (
    end_of,
    ends_of,
    ends_tied_to_others,
    guards_of_a_read,
    sharpest,
    simplest_solution,
)
from symconv.kernels.quotients import split_of
from symconv.kernels.winners import Winner
from symconv.term.polynomial import Application, Atom, Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Argmax, Range, Value


@dataclass(frozen=True, slots=True)
class Extreme:
    """A number known when the source runs: the greatest or the least of some index polynomials."""

    size: Size
    function: str
    of: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Nest:
    """out[positions] += coefficient * weight / denominators * product of factors, over a box of indices.

    Every index runs over 0 .. counts[index] - 1; `positions` are counted from 0 on the output's axes, one for each.
    hints: the reader's name of each index.
    """

    coefficient: Fraction
    weight: Poly
    denominators: tuple[Poly, ...]
    factors: tuple[Factor, ...]
    winners: tuple[Winner, ...]
    masks: tuple[Guard, ...]
    positions: tuple[Poly, ...]
    counts: Mapping[str, Poly]
    extremes: tuple[Extreme, ...]
    hints: Mapping[str, str]

    @property
    def even(self) -> bool:
        """True if nothing but the factors changes with the indices: no mask, no weight."""
        return not self.masks and not self.weight.names() and not any(p.names() for p in self.denominators)


@dataclass(slots=True)
class NamedExpansion(Expansion):
    """An expansion that remembers the reader's name of each bound index."""

    hints: dict[str, str] = field(default_factory=dict)
    _coming: list[str] = field(default_factory=list)

    def fresh(self) -> str:
        name = super(NamedExpansion, self).fresh()
        self.hints[name] = self._coming.pop(0) if self._coming else name
        return name

    def _sum(self, ranges: tuple[Range, ...], body: Value, at: Mapping[str, Poly]) -> list[Term]:
        self._coming = [r.name for r in ranges]
        return super(NamedExpansion, self)._sum(ranges, body, at)


def nests_of(formula: Defined) -> list[Nest]:
    """One nest for each term of the formula's entry that is not 0 everywhere."""
    expansion = NamedExpansion()
    terms = expansion.expand(formula[tuple(map(Poly.of, formula.parameters))])
    hints = expansion.hints | {p: p for p in formula.parameters}
    leaves = (f.head.tensor for term in terms for f in term.factors if isinstance(f.head.tensor, Leaf))
    extents = tuple(axis.extent for tensor in (formula, *leaves) for axis in tensor.axes)
    solved = (_Work(term, formula, dict(hints), extents).solve() for term in terms)
    return [nest for nest in solved if nest is not None]


@dataclass(slots=True)
class _Work:
    """A term on its way to a nest.  extents: of all arrays, which are at least 0."""

    term: Term
    formula: Defined
    hints: dict[str, str]
    extents: tuple[Poly, ...]
    positions: tuple[Poly, ...] = ()
    winners: list[Winner] = field(default_factory=list)
    extremes: list[Extreme] = field(default_factory=list)
    counts: dict[str, Poly] = field(default_factory=dict)

    def solve(self) -> Nest | None:
        lows = (axis.low or ZERO for axis in self.formula.axes)
        self.positions = tuple(Poly.of(p) - low for p, low in zip(self.formula.parameters, lows, strict=True))
        idle = set(self.term.bound) - self._indices()
        if idle:
            raise self._endless(min(idle))
        self._open_maxima()
        while self._split() or self._equate():
            pass
        if any(map(trivially_false, self.term.guards)):
            return None
        self._box()
        self.winners = list(map(self._over_whole_window, self.winners))
        masks = tuple(g for g in self.term.guards if not self._holds(g))
        t = self.term
        idle = set(self.counts) - self._indices()  # a sum of equal terms
        return Nest(
            t.coefficient,
            t.weight * product_of(self.counts[v] for v in sorted(idle)),
            t.denominators,
            t.factors,
            tuple(self.winners),
            masks,
            self.positions,
            {v: c for v, c in self.counts.items() if v not in idle},
            tuple(self.extremes),
            self.hints,
        )

    # -- substitution ------------------------------------------------------

    def _put(self, values: Mapping[Atom, Poly]) -> None:
        def images(polys: Sequence[Poly]) -> tuple[Poly, ...]:
            return tuple(p.substitute(values) for p in polys)

        self.term = self.term.substitute(values)
        self.positions = images(self.positions)
        self.winners = [Winner(w.function, images(w.arguments), images(w.taps)) for w in self.winners]

    def _without(self, guards: set[Guard]) -> None:
        self.term = replace(self.term, guards=tuple(g for g in self.term.guards if g not in guards))

    def _polys(self) -> list[Poly]:
        winners = [p for w in self.winners for p in (*w.arguments, *w.taps)]
        return [*self.term.polys(), *self.positions, *winners]

    def _indices(self) -> set[str]:
        return {n for p in self._polys() for n in p.names()}

    def _new(self, like: str, hint: str) -> str:
        """A new index."""
        taken = self._indices() | set(self.hints)
        name = like
        while name in taken:
            name += "+"
        self.hints[name] = hint
        return name

    # -- 1. maxima -----------------------------------------------------------

    def _open_maxima(self) -> None:
        """f[argmax] = sum over the window of f[tap] * [tap is the first maximum]."""
        while (found := self._application()) is not None:
            function, arguments = cast(Argmax, found.function), found.arguments
            names = [self._new(f"{function.name}.{n}", "uvw"[n % 3]) for n in range(len(function.ranges))]
            taps = tuple(map(Poly.of, names))
            places = (Application(replace(function, axis=axis), arguments) for axis in range(len(taps)))
            self._put(dict(zip(places, taps, strict=True)))
            winner = Winner(function, arguments, taps)
            self.term = self.term.guarded(*winner.guards())
            self.winners.append(winner)

    def _application(self) -> Application | None:
        """The place of a maximum whose arguments hold no such place, the first by its text."""
        found = {a for p in self._polys() for a in p.all_atoms() if isinstance(a, Application)}
        inner = (a for a in found if not any(isinstance(b, Application) for p in a.arguments for b in p.all_atoms()))
        return min(inner, key=lambda a: a.text, default=None)

    # -- 2. quotients ----------------------------------------------------------

    def _split(self) -> bool:
        """Split one index; False if none stands under a quotient."""
        split = split_of(self._polys())
        if split is None:
            return False
        q = Poly.of(self._new(f"{split.index}/", "g"))
        t = Poly.of(self._new(f"{split.index}%", self.hints[split.index]))
        guards, met = split.guards(q, t, ends_of(self.term.guards, split.index))
        self._without(met)
        self._put(split.values(q, t))
        self.term = self.term.guarded(*guards)
        return True

    # -- 3. equalities ---------------------------------------------------------

    def _equate(self) -> bool:
        """Solve the equality that is simplest to solve, for one index; False if there is none."""
        solution = simplest_solution(self.term.guards, self.formula.parameters)
        if solution is None:
            return False
        self._without({solution.guard})
        self._put({solution.name: solution.value})
        return True

    # -- 4. boxes --------------------------------------------------------------

    def _box(self) -> None:
        """Every index over 0 .. count - 1."""
        guards = self.term.guards
        ends = {name: ends_of(guards, name) for name in sorted(self._indices())}
        for name in ends:
            if not all(ends[name]):
                ends[name] = ends_tied_to_others(guards, name, ends)
            if not all(ends[name]):
                raise self._endless(name)
        self._without({g for g in guards if any(end_of(g, name) for name in ends)})
        shift: dict[Atom, Poly] = {}
        for name, (lows, highs) in ends.items():
            low, high = self._extreme("max", lows, name), self._extreme("min", highs, name)
            count = high - low + 1
            if count not in self.extents and not surely_nonnegative(count):
                count = self._extreme("max", [ZERO, count], name)
            self.counts[name] = count
            if not low.is_zero:
                shift[name] = Poly.of(name) + low
        if shift:
            self._put(shift)

    def _endless(self, name: str) -> ExportError:
        return ExportError(
            f"{self.formula.name}: index {self.hints[name]}",
            "no least or no greatest value",
            "an index that runs over a finite range",
            "give the sum its limits, or let the index address an axis of a tensor",
        )

    def _extreme(self, function: Literal["max", "min"], ends: Sequence[Poly], name: str) -> Poly:
        """The greatest (least) of some ends of an index, by a name if that is not plain to see."""
        kept = sharpest(function, ends)
        if len(kept) == 1:
            return kept[0]
        kind = "count" if kept[0] == ZERO and function == "max" and len(kept) == 2 else "end"
        least = 0 if ZERO in kept and function == "max" else -(10**6)
        size = Size(f"%{kind} {function} {self.hints[name]} {kept}", least)
        self.extremes.append(Extreme(size, function, tuple(kept)))
        return Poly.atom(size)

    # -- 5. windows --------------------------------------------------------------

    def _over_whole_window(self, winner: Winner) -> Winner:
        """The winner with an index t in place of each tap that does not run over its range, on its own, any more.

        [tap is the first maximum] = sum over t of [t is the first maximum] * [t = tap]
        """
        taken, taps = set(indices_of(winner.arguments)), []
        for r, tap, (low, high) in zip(winner.function.ranges, winner.taps, winner.ends, strict=True):
            names, count = indices_of([tap]), high - low + 1
            alone = len(names) == 1 and not taken & set(names)
            if not alone or surely_nonnegative(count - self.counts[names[0]] - 1):
                index = self._new(f"{r.name} of winner", r.name)
                self.counts[index] = count
                taps.append(low + Poly.of(index))
                self.term = self.term.guarded(Guard(taps[-1] - tap, equality=True))
            else:
                taps.append(tap)
            taken |= set(indices_of(taps))
        return replace(winner, taps=tuple(taps))

    # -- 6. guards that are met elsewhere ------------------------------------------

    def _holds(self, guard: Guard) -> bool:
        """True if the box implies the guard, or a zero outside an array stands for it."""
        if guard.equality:
            return False
        known = span(guard.poly, self.counts)
        if known is not None and surely_nonnegative(known[0]):
            return True
        for factor in filter(is_array_itself, self.term.factors):
            if guard.poly in guards_of_a_read(factor.index, factor.head.tensor.axes):
                return True
        counted_from_0 = [Axis(ZERO, axis.extent - 1) for axis in self.formula.axes]
        return guard.poly in guards_of_a_read(self.positions, counted_from_0)


__all__ = ["ONE", "ZERO", "Extreme", "Nest", "Winner", "nests_of"]
