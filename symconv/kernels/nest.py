"""From a term to a loop nest: a box of loop indices, affine positions, and what remains as masks.

A term's sum runs over all integers and its guards say where.  Here
  1. a maximum's place becomes a sum over the window with the winner's one-hot array,
  2. an index p under div(p, n) and mod(p, n) is split, p = n*q + t,
  3. equalities are solved, for an output index where that gives a scatter,
  4. one-sided guards on one index become its box, counted from 0,
  5. what a padded read or a cropped output takes care of is dropped; the rest are masks.
Nothing here decides how an array is read: see `plan`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import cast

from symconv.calculus.form import Expansion, Factor, Guard, Term, trivially_false
from symconv.errors import ExportError
from symconv.kernels.bounds import coefficients, product_of, span, surely_nonnegative, without_common_factor
from symconv.term.polynomial import Application, Atom, Poly, Quotient, Size
from symconv.term.tensor import Axis, Defined, Leaf
from symconv.term.value import Argmax, Range, Value

ZERO, ONE = Poly.of(0), Poly.of(1)


@dataclass(frozen=True, slots=True)
class Winner:
    """1 where the maximum over `ranges` at these arguments is attained (the first one), else 0."""

    function: Argmax
    arguments: tuple[Poly, ...]
    taps: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Extreme:
    """A number known when the source runs: the greatest or the least of some index polynomials."""

    size: Size
    function: str
    of: tuple[Poly, ...]


@dataclass(frozen=True, slots=True)
class Nest:
    """out[positions] += coefficient * weight / denominators * product of factors, over a box of indices.

    Every index runs over 0 .. counts[index] - 1; `positions` are counted from 0 on the output's axes.
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
    """One nest for each term of the formula's entry."""
    expansion = NamedExpansion()
    terms = expansion.expand(formula[tuple(map(Poly.of, formula.parameters))])
    hints = expansion.hints | {p: p for p in formula.parameters}
    known = tuple(axis.extent for axis in formula.axes) + tuple(
        axis.extent for t in terms for f in t.factors if isinstance(f.head.tensor, Leaf) for axis in f.head.tensor.axes
    )
    solved = (_Work(term, formula, dict(hints), known).solve() for term in terms)
    return [nest for nest in solved if nest is not None]


@dataclass(slots=True)
class _Work:
    term: Term
    formula: Defined
    hints: dict[str, str]
    known: tuple[Poly, ...]
    positions: tuple[Poly, ...] = ()
    winners: list[Winner] = field(default_factory=list)
    extremes: list[Extreme] = field(default_factory=list)
    counts: dict[str, Poly] = field(default_factory=dict)

    def solve(self) -> Nest | None:
        lows = (axis.low or ZERO for axis in self.formula.axes)
        self.positions = tuple(Poly.of(p) - low for p, low in zip(self.formula.parameters, lows, strict=True))
        idle = set(self.term.bound) - self._variables()
        if idle:
            raise self._endless(min(idle))
        self._open_maxima()
        while self._split() or self._equate():
            pass
        if any(map(trivially_false, self.term.guards)):
            return None
        self._box()
        masks = tuple(g for g in self.term.guards if not self._holds(g))
        t = self.term
        idle = set(self.counts) - self._variables()  # a sum of equal terms
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
        def image(p: Poly) -> Poly:
            return p.substitute(values)

        self.term = self.term.substitute(values)
        self.positions = tuple(map(image, self.positions))
        self.winners = [
            Winner(w.function, tuple(map(image, w.arguments)), tuple(map(image, w.taps))) for w in self.winners
        ]

    def _polys(self) -> list[Poly]:
        winners = [p for w in self.winners for p in (*w.arguments, *w.taps)]
        return [*self.term.polys(), *self.positions, *winners]

    def _variables(self) -> set[str]:
        return {n for p in self._polys() for n in p.names()}

    def _new(self, like: str, hint: str) -> str:
        taken = self._variables() | set(self.hints)
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
            names = [self._new(f"{found.function.name}.{n}", "uvw"[n % 3]) for n in range(len(function.ranges))]
            taps = tuple(map(Poly.of, names))
            values: dict[Atom, Poly] = {}
            for axis, tap in enumerate(taps):
                values[Application(replace(function, axis=axis), arguments)] = tap
            self._put(values)
            at = dict(zip(function.parameters, arguments, strict=True))
            inside: dict[Atom, Poly] = {**cast("Mapping[Atom, Poly]", at)}
            guards: list[Guard] = []
            for r, tap in zip(function.ranges, taps, strict=True):
                if r.low is None or r.high is None:
                    raise ExportError("maximum", f"{r.name} without ends", "a bounded window", "give the index a range")
                guards += [Guard(tap - r.low.substitute(inside)), Guard(r.high.substitute(inside) - tap)]
                inside[r.name] = tap
            self.term = self.term.guarded(*guards)
            self.winners.append(Winner(function, arguments, taps))

    def _application(self) -> Application | None:
        found = {a for p in self._polys() for a in p.all_atoms() if isinstance(a, Application)}
        inner = [a for a in found if not any(isinstance(b, Application) for p in a.arguments for b in p.all_atoms())]
        return min(inner, key=lambda a: a.text, default=None)

    # -- 2. quotients ----------------------------------------------------------

    def _split(self) -> bool:
        """p = n*q + t for one index p under div(p + rest, n) or mod(p + rest, n)."""
        for poly in self._polys():
            for atom in sorted(poly.all_atoms(), key=str):
                if isinstance(atom, Quotient) and not atom.denominator.names():
                    form = coefficients(atom.numerator)
                    if form and len(form[0]) == 1 and form[0] == dict.fromkeys(form[0], ONE):
                        self._split_at(next(iter(form[0])), form[1], atom)
                        return True
        return False

    def _split_at(self, name: str, rest: Poly, atom: Quotient) -> None:
        divisor, numerator = atom.denominator, atom.numerator
        quotient, remainder = self._new(f"{name}/", "g"), self._new(f"{name}%", self.hints[name])
        q, t = Poly.of(quotient), Poly.of(remainder)
        lows, highs = self._ends(name)
        guards = [Guard(t), Guard(divisor - 1 - t)]
        exact = [h for h in highs if (h + rest + 1).divided_by(divisor) is not None]
        dropped = set()
        for low in lows:
            first = low + rest
            guards.append(Guard(q - (ZERO if first.is_zero else first // divisor)))
            if (low + rest).is_zero:
                dropped.add(Guard(Poly.of(name) - low))
        for high in highs:
            whole = (high + rest + 1).divided_by(divisor)
            if whole is None:
                guards.append(Guard((high + rest) // divisor - q))
            else:
                guards.append(Guard(whole - 1 - q))
                dropped.add(Guard(high - Poly.of(name)))
        if not exact:
            dropped = {g for g in dropped if g.poly.coefficient((name,)) > 0}
        self.term = replace(self.term, guards=tuple(g for g in self.term.guards if g not in dropped))
        self._put(
            {
                Quotient(numerator, divisor): q,
                _remainder(numerator, divisor): t,
                name: divisor * q + t - rest,
            }
        )
        self.term = self.term.guarded(*guards)

    def _ends(self, name: str) -> tuple[list[Poly], list[Poly]]:
        """The bounds of one index that its guards state directly."""
        lows: list[Poly] = []
        highs: list[Poly] = []
        for guard in self.term.guards:
            bound = _bound(guard, name)
            if bound is not None:
                (lows if bound[0] else highs).append(bound[1])
        return list(dict.fromkeys(lows)), list(dict.fromkeys(highs))

    # -- 3. equalities ---------------------------------------------------------

    def _equate(self) -> bool:
        """Solve the equality that is simplest to solve, for one index."""
        best: tuple[int, str, Poly, Guard] | None = None
        for guard in self.term.guards:
            if not guard.equality:
                continue
            poly = without_common_factor(guard.poly)
            for rank, name, value in self._solutions(poly):
                if best is None or rank < best[0]:
                    best = rank, name, value, guard
        if best is None:
            return False
        _, name, value, guard = best
        self.term = replace(self.term, guards=tuple(g for g in self.term.guards if g != guard))
        self._put({name: value})
        return True

    def _solutions(self, poly: Poly) -> list[tuple[int, str, Poly]]:
        names = sorted(n for n in poly.atoms() if isinstance(n, str))
        found = []
        for name in names:
            parts = poly.linear_in(name)
            unit = parts and parts[0].as_int
            if parts is None or unit not in (1, -1):
                continue
            others = len(poly.names() - {name})
            free = name in self.formula.parameters
            if others <= 1:
                rank = 1 if free else 0
            elif self._lonely(poly, name):
                rank = 2
            else:
                rank = 3 if free else 4
            found.append((rank, name, parts[1] * -unit))
        return found

    def _lonely(self, poly: Poly, name: str) -> bool:
        """The index is the sum of the others: its sign differs from all of theirs."""
        form = coefficients(poly)
        if form is None:
            return False
        sign = form[0][name]
        return all(surely_nonnegative(-(sign * c)) for n, c in form[0].items() if n != name)

    # -- 4. boxes --------------------------------------------------------------

    def _box(self) -> None:
        ends = {name: self._ends(name) for name in sorted(self._variables())}
        for name, (lows, highs) in ends.items():
            if not lows or not highs:
                ends[name] = self._derived_ends(name, lows, highs, ends)
        used = {g for g in self.term.guards if any(_bound(g, name) for name in ends)}
        self.term = replace(self.term, guards=tuple(g for g in self.term.guards if g not in used))
        shift: dict[Atom, Poly] = {}
        for name, (lows, highs) in ends.items():
            low, high = self._extreme("max", lows, name), self._extreme("min", highs, name)
            count = high - low + 1
            if count not in self.known and not surely_nonnegative(count):
                count = self._extreme("max", [ZERO, count], name)
            self.counts[name] = count
            if not low.is_zero:
                shift[name] = Poly.of(name) + low
        if shift:
            self._put(shift)

    def _derived_ends(
        self, name: str, lows: list[Poly], highs: list[Poly], ends: Mapping[str, tuple[list[Poly], list[Poly]]]
    ) -> tuple[list[Poly], list[Poly]]:
        """Ends of an index that has none of its own, from a guard that ties it to others."""
        for guard in self.term.guards:
            form = coefficients(guard.poly)
            if guard.equality or form is None or form[0].get(name) not in (ONE, -ONE):
                continue
            bound = form[1]
            for other, c in form[0].items():
                if other == name:
                    continue
                side = ends[other][1] if surely_nonnegative(c) else ends[other][0]
                if not side:
                    break
                bound = bound + c * side[0]
            else:
                if form[0][name] == ONE:
                    lows = lows or [-bound]
                else:
                    highs = highs or [bound]
        if not lows or not highs:
            raise self._endless(name)
        return lows, highs

    def _endless(self, name: str) -> ExportError:
        return ExportError(
            f"{self.formula.name}: index {self.hints[name]}",
            "no least or no greatest value",
            "an index that runs over a finite range",
            "give the sum its limits, or let the index address an axis of a tensor",
        )

    def _extreme(self, function: str, ends: Sequence[Poly], name: str) -> Poly:
        """The greatest (least) of some bounds, by a name if that is not plain to see."""
        sign = 1 if function == "max" else -1
        kept: list[Poly] = []
        for end in ends:
            others = [e for e in ends if e != end and (e in kept or ends.index(e) > ends.index(end))]
            if not any(surely_nonnegative((e - end) * sign) for e in others):
                kept.append(end)
        if len(kept) == 1:
            return kept[0]
        kind = "count" if kept[0] == ZERO and function == "max" and len(kept) == 2 else "end"
        least = 0 if ZERO in kept and function == "max" else -(10**6)
        size = Size(f"%{kind} {function} {self.hints[name]} {kept}", least)
        self.extremes.append(Extreme(size, function, tuple(kept)))
        return Poly.atom(size)

    # -- 5. guards that are met elsewhere ------------------------------------------

    def _holds(self, guard: Guard) -> bool:
        """True if the box implies the guard, or a zero outside an array stands for it."""
        if guard.equality:
            return False
        known = span(guard.poly, self.counts)
        if known is not None and surely_nonnegative(known[0]):
            return True
        for factor in self.term.factors:
            plain = factor.head.function is None and not factor.head.inverse and isinstance(factor.head.tensor, Leaf)
            if plain and guard.poly in _range(factor.index, factor.head.tensor.axes):
                return True
        origin = tuple(Axis(ZERO, axis.extent - 1) for axis in self.formula.axes)
        return guard.poly in _range(self.positions, origin)


def _remainder(numerator: Poly, divisor: Poly) -> Atom:
    from symconv.term.polynomial import Remainder

    return Remainder(numerator, divisor)


def _range(index: Sequence[Poly], axes: Sequence[Axis]) -> list[Poly]:
    found = []
    for position, axis in zip(index, axes, strict=True):
        found += [position - axis.low] if axis.low is not None else []
        found += [axis.high - position] if axis.high is not None else []
    return found


def _bound(guard: Guard, name: str) -> tuple[bool, Poly] | None:
    """(is a lower bound, the bound) if the guard is a one-sided bound of this index alone."""
    if guard.equality or name not in guard.poly.atoms() or guard.poly.names() != {name}:
        return None
    poly = without_common_factor(guard.poly)
    parts = poly.linear_in(name)
    if parts is None:
        return None
    slope, rest = parts
    if slope.as_int == 1:
        return True, -rest
    if slope.as_int == -1:
        return False, rest
    if surely_nonnegative(slope - 1):
        return True, -(rest // slope)
    if surely_nonnegative(-slope - 1):
        return False, rest // -slope
    return None


__all__ = ["Extreme", "Nest", "Winner", "nests_of"]
