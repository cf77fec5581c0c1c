"""The prover: normal form, then equal guards, then cancellation.

It searches and is not trusted: all that counts is the trace, which
`proof/check.py` replays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations, product

from symconv.calculus.form import Guard, Term
from symconv.proof.implication import Knowledge
from symconv.proof.normalise import (
    Undecided,
    determines,
    head_text,
    left_over,
    normalise,
    reorderings,
    signature,
    solve_equalities,
)
from symconv.proof.problem import Problem
from symconv.proof.trace import Trace
from symconv.term.polynomial import ONE, ZERO, Poly

MAX_SPLITS = 2


def prove(problem: Problem, splits: int = MAX_SPLITS) -> Trace:
    """The trace of a proof that the two sides are equal for all sizes.

    splits: how many case distinctions are tried where guards overlap.
    Raises `Undecided` when the search gives up and `UnsafeDivisor` when a
    divisor may be 0.
    """
    trace = prepared(problem)
    groups: dict[tuple[str, ...], list[int]] = {}
    for key, term in trace.terms.items():
        groups.setdefault(signature(term), []).append(key)
    for keys in groups.values():
        _Matching(trace, keys, splits).run()
    return trace


def prepared(problem: Problem) -> Trace:
    """The two sides in normal form, nothing cancelled yet."""
    trace = Trace.start(problem)
    normalise(trace)
    for key in list(trace.terms):
        _tidy(trace, key)
    return trace


def difference_regions(trace: Trace) -> list[tuple[Guard, ...]]:
    """Guards of regions outside which the two sides of a normalised trace agree.

    Where two terms are opposite but for their guards, they differ only where one has a guard
    that the other lacks; a region whose guards contradict each other is left out.
    """
    groups: dict[object, list[Term]] = {}
    for term in trace.terms.values():
        groups.setdefault((term.factors, frozenset(term.bound)), []).append(term)
    regions: list[tuple[Guard, ...]] = []
    for terms in groups.values():
        if len(terms) == 2 and sums_to_zero(terms):
            regions += [r for a, b in (terms, terms[::-1]) for r in _only_in(a, b)]
        elif not sums_to_zero(terms) or len({frozenset(t.guards) for t in terms}) > 1:
            regions += [t.guards for t in terms]
    return [r for r in regions if Knowledge([*trace.facts, *r]).contradiction() is None]


def _only_in(term: Term, other: Term) -> list[tuple[Guard, ...]]:
    """The regions where the term's guards hold and one of the other's fails."""
    result = []
    for guard in other.guards:
        if guard in term.guards:
            continue
        sides = (guard.poly, -guard.poly) if guard.equality else (guard.poly,)
        result += [(*term.guards, Guard(-side - 1)) for side in sides]
    return result


# -- what is left over -----------------------------------------------------------


def _knowledge(trace: Trace, key: int, without: Guard | None = None) -> Knowledge:
    guards = [g for g in trace.terms[key].guards if g != without]
    return Knowledge([*trace.facts, *guards])


def _tidy(trace: Trace, key: int) -> None:
    """Identify left-over indices that must be equal, count those that only have limits."""
    _drop_zero_constants(trace, key)
    _pin(trace, key)
    for name in left_over(trace.terms[key]):
        if name in trace.terms[key].bound:
            _identify(trace, key, name)
    for name in left_over(trace.terms[key]):
        _count_if_free(trace, key, name)


def _drop_zero_constants(trace: Trace, key: int) -> None:
    """A named quotient that decides a key and can only be 0 is replaced: i div H for 0 <= i < H."""
    deciding = {n for g in trace.terms[key].guards if g.equality for n in g.poly.names() if n.startswith("/")}
    for name in sorted(deciding):
        guard = Guard(Poly.of(name), True)
        proof = Knowledge(trace.facts).entails(guard)
        if proof is not None:
            trace.entail(key, guard, proof)
            trace.rewrite(key, guard, name)
            solve_equalities(trace, key)


def _pin(trace: Trace, key: int) -> None:
    """p >= 0 and -p >= 0 is p = 0: an index whose two limits are one is eliminated."""
    guards = set(trace.terms[key].guards)
    pinned = [g for g in trace.terms[key].guards if not g.equality and Guard(-g.poly) in guards]
    for guard in pinned:
        equal = Guard(guard.poly, True)
        proof = _knowledge(trace, key).entails(equal)
        if proof is not None and equal not in trace.terms[key].guards:
            trace.entail(key, equal, proof)
    if pinned:
        solve_equalities(trace, key)


def _identify(trace: Trace, key: int, name: str) -> None:
    """v = w by the guards, w another left-over index or a named constant: v is eliminated."""
    term = trace.terms[key]
    others = [r for r in left_over(term) if r != name]
    others += sorted({n for g in trace.facts for n in g.poly.names() if n.startswith("/")})
    if not others:
        return
    knowledge = _knowledge(trace, key)
    for other in others:
        guard = Guard(Poly.of(name) - Poly.of(other), True)
        if not _shares_divisor(term, trace.facts, name, other):
            continue
        proof = knowledge.entails(guard)
        if proof is not None:
            trace.entail(key, guard, proof)
            _eliminate(trace, key, name)
            solve_equalities(trace, key)
            return


def _eliminate(trace: Trace, key: int, name: str) -> None:
    guard = next(g for g in trace.terms[key].guards if g.equality and determines(g, name))
    trace.eliminate(key, guard, name)


def _shares_divisor(term: Term, facts: Iterable[Guard], name: str, other: str) -> bool:
    """Both are multiplied by the same thing somewhere: two floors of one number, perhaps."""
    polys = [g.poly for g in term.guards] + [g.poly for g in facts]
    return not _multiples(polys, name).isdisjoint(_multiples(polys, other))


def _multiples(polys: Iterable[Poly], name: str) -> set[Poly]:
    found = set()
    for poly in polys:
        parts = poly.linear_in(name)
        if parts is not None and not parts[0].is_zero and abs(parts[0].as_int or 2) != 1:
            found |= {parts[0], -parts[0]}
    return found


def _count_if_free(trace: Trace, key: int, name: str) -> None:
    """A left-over index met only in unit inequalities, once the implied ones are gone, is counted."""
    term = trace.terms[key]
    if name in term.weight.names() or any(name in d.names() for d in term.denominators):
        return
    mine = [g for g in term.guards if name in g.poly.names()]
    units = [g.poly.linear_in(name) for g in mine]
    if any(g.equality for g in mine) or any(u is None or u[0].as_int not in (1, -1) for u in units):
        return
    for guard in mine if len(mine) > 2 else ():
        proof = _knowledge(trace, key, guard).entails(guard)
        if proof is not None:
            trace.discharge(key, guard, proof)
    low = [g for g in trace.terms[key].guards if g.poly.coefficient((name,)) == 1]
    high = [g for g in trace.terms[key].guards if g.poly.coefficient((name,)) == -1]
    if len(low) == len(high) == 1:
        trace.count(key, name, low[0], high[0])


# -- cancellation ------------------------------------------------------------------


@dataclass(slots=True)
class _Matching:
    """Terms of one signature, brought to common guards class by class until every class sums to 0."""

    trace: Trace
    keys: list[int]
    splits: int
    classes: list[list[int]] = field(default_factory=list)

    def run(self) -> None:
        for key in sorted(self.keys, key=lambda k: len(left_over(self.trace.terms[k]))):
            self._place(key)
        while True:
            rest = [c for c in self.classes if not self._cancels(c)]
            rest = [c for c in rest if not self._vanishes(c)]
            self.classes = [c for c in self.classes if c]
            if not rest:
                return
            self._split(rest)

    def _place(self, key: int) -> None:
        """Into the first class whose guards the term can be brought to, else into a new one."""
        for members in self.classes:
            if self._join(key, members[0]):
                members.append(key)
                return
        self.classes.append([key])

    def _cancels(self, members: list[int]) -> bool:
        return sums_to_zero([self.trace.terms[k] for k in members if k in self.trace.terms])

    def _vanishes(self, members: list[int]) -> bool:
        """All terms of the class are 0, their guards being contradictory."""
        key = members[0]
        proof = _knowledge(self.trace, key).contradiction()
        if proof is None:
            return False
        for member in members:
            self.trace.absurd(member, proof)
        members.clear()
        return True

    # -- joining --------------------------------------------------------------

    def _join(self, key: int, model: int) -> bool:
        """Change the term's names and guards into the model's, if the guards are equivalent."""
        target = self.trace.terms[model]
        if same_frame(self.trace.terms[key], target):
            return True
        return any(
            self._try(key, names, moves, target)
            for names in ({}, *reorderings(self.trace.terms[key]))
            for moves in alignments(self.trace.terms[key], target)
        )

    def _try(self, key: int, names: dict[str, str], moves: Moves, target: Term) -> bool:
        """One renaming of the keys and one change of variable of what is left over; undone if it leads nowhere."""
        trace = self.trace
        before, steps = dict(trace.terms), len(trace.steps)
        moved = self._move(key, names, moves)
        if moved:
            solve_equalities(trace, key)
        if self._bring_to(key, target):
            return True
        trace.terms = before
        del trace.steps[steps:]
        return False

    def _move(self, key: int, names: dict[str, str], moves: Moves) -> bool:
        trace = self.trace
        names = {a: b for a, b in names.items() if a != b}
        for name, (other, sign, offset) in moves.items():
            if sign == 1 and offset.is_zero:
                names[name] = other
            else:
                names[trace.shift(key, name, sign, offset)] = other
        if all(a == b for a, b in names.items()):
            return False
        term = trace.terms[key]
        places = [tuple(names.get(str(p.as_atom), str(p.as_atom)) for p in f.index) for f in term.factors]
        order = sorted(range(len(places)), key=lambda n: (head_text(term.factors[n].head), places[n]))
        trace.rename(key, {b: names.get(b, b) for b in term.bound}, order)
        return True

    def _bring_to(self, key: int, target: Term) -> bool:
        trace = self.trace
        wanted, have = set(target.guards), set(trace.terms[key].guards)
        extra = [r for r in left_over(trace.terms[key]) if r not in target.bound]
        if len(left_over(trace.terms[key])) < len(left_over(target)):
            return False
        knowledge = _knowledge(trace, key)
        for guard in target.guards:
            if guard in have:
                continue
            proof = knowledge.entails(guard)
            if proof is None:
                return False
            trace.entail(key, guard, proof)
        if any(g.equality and g not in have for g in target.guards):
            solve_equalities(trace, key)
        for name in extra:
            _count_if_free(trace, key, name)
            if name in trace.terms[key].bound and not self._drop_index(key, name):
                return False
        for guard in trace.terms[key].guards:
            if guard in wanted:
                continue
            proof = _knowledge(trace, key, guard).entails(guard)
            if proof is None:
                return False
            trace.discharge(key, guard, proof)
        return same_frame(trace.terms[key], target)

    def _drop_index(self, key: int, name: str) -> bool:
        """A left-over index that is a quotient: its other guards follow, exactly one value fits."""
        trace = self.trace
        pair = _division(trace.terms[key], name)
        if pair is None:
            return False
        low, high, divisor = pair
        for guard in [g for g in trace.terms[key].guards if name in g.poly.names() and g not in (low, high)]:
            proof = _knowledge(trace, key, guard).entails(guard)
            if proof is None:
                return False
            trace.discharge(key, guard, proof)
        positive = Knowledge(trace.facts).entails(Guard(divisor - 1))
        if positive is None or name in trace.terms[key].weight.names():
            return False
        trace.unique(key, name, low, high, positive[0])
        return True

    # -- splitting --------------------------------------------------------------

    def _split(self, rest: list[list[int]]) -> None:
        """Divide one class by a guard of another on which it is undecided; try again."""
        if self.splits <= 0:
            raise Undecided(f"the terms {describe(self.trace.terms[rest[0][0]])} do not cancel")
        for model in rest:
            for members in rest:
                if members is model:
                    continue
                guard = self._dividing_guard(members[0], self.trace.terms[model[0]])
                if guard is None:
                    continue
                self.splits -= 1
                self.classes.remove(members)
                halves = [self.trace.split(k, guard.poly) for k in members]
                for key in (k for half in zip(*halves, strict=True) for k in half):
                    self._place(key)
                return
        raise Undecided(f"the terms {describe(self.trace.terms[rest[0][0]])} do not cancel")

    def _dividing_guard(self, key: int, model: Term) -> Guard | None:
        """A guard of the model that neither follows from the term's guards nor contradicts them."""
        knowledge = _knowledge(self.trace, key)
        own = set(self.trace.terms[key].bound)
        for guard in model.guards:
            names = {n for n in guard.poly.names() if n.startswith("%")}
            if guard.equality or guard in self.trace.terms[key].guards or not names <= own:
                continue
            if knowledge.entails(guard) is None and knowledge.refutes(guard.poly) is None:
                return guard
        return None


Moves = dict[str, tuple[str, int, Poly]]


def alignments(term: Term, target: Term) -> list[Moves]:
    """The ways to lay the left-over indices of a term on those of the target: v = ±w + e.

    Signs and offsets are read off the equalities that hold the two indices.
    """
    mine, theirs = left_over(term), left_over(target)
    if not mine or len(mine) > 3 or len(mine) < len(theirs):
        return [{}]
    unused = tuple(f"%r{n + 7}" for n in range(len(mine) - len(theirs)))
    results: list[Moves] = []
    for order in permutations(mine):
        options = [
            [(1, ZERO)] if other in unused else _changes(term, name, target, other)
            for name, other in zip(order, (*theirs, *unused), strict=True)
        ]
        for choice in product(*options):
            results.append(
                {
                    name: (other, sign, offset)
                    for name, other, (sign, offset) in zip(order, (*theirs, *unused), choice, strict=True)
                }
            )
    return results


def _changes(term: Term, name: str, target: Term, other: str) -> list[tuple[int, Poly]]:
    """(sign, e) such that v = sign*w + e turns an equality of the term into one of the target."""
    found: dict[tuple[int, Poly], None] = {(1, ZERO): None}
    for g in (g for g in term.guards if g.equality):
        mine = g.poly.linear_in(name)
        for h in (h for h in target.guards if h.equality):
            theirs = h.poly.linear_in(other)
            if not mine or not theirs or mine[0].is_zero or theirs[0].is_zero:
                continue
            for sign in (1, -1):
                if mine[0] * sign in (theirs[0], -theirs[0]):
                    turn = 1 if mine[0] * sign == theirs[0] else -1
                    offset = (theirs[1] * turn - mine[1]).divided_by(mine[0])
                    if offset is not None:
                        found[sign, offset] = None
    return list(found)


def _division(term: Term, name: str) -> tuple[Guard, Guard, Poly] | None:
    """Guards a - d*q >= 0 and d - 1 - a + d*q >= 0 of an index q, with d."""
    for low in term.guards:
        parts = low.poly.linear_in(name)
        if low.equality or parts is None or parts[0].is_zero:
            continue
        divisor = -parts[0]
        high = Guard(divisor - 1 - low.poly)
        if high in term.guards:
            return low, high, divisor
    return None


def same_frame(left: Term, right: Term) -> bool:
    """Equal but for coefficient, weight and denominators."""
    return (
        left.factors == right.factors and set(left.bound) == set(right.bound) and set(left.guards) == set(right.guards)
    )


def sums_to_zero(terms: list[Term]) -> bool:
    """The coefficients, brought to a common denominator, add up to the zero polynomial."""
    return not weight_sum(terms)


def weight_sum(terms: list[Term]) -> dict[tuple[object, ...], Fraction]:
    """The numerator of the sum of coefficient * weight / denominators."""
    total: dict[tuple[object, ...], Fraction] = {}
    for n, term in enumerate(terms):
        numerator = term.weight
        for m, other in enumerate(terms):
            if m != n:
                for d in other.denominators:
                    numerator = numerator * d
        for monomial, c in numerator:
            total[monomial] = total.get(monomial, Fraction(0)) + term.coefficient * c
    return {m: c for m, c in total.items() if c}


def describe(term: Term) -> str:
    """A term in one line, for messages."""
    factors = " ".join(f"{f.head.name}[{', '.join(map(str, f.index))}]" for f in term.factors)
    weight = "" if term.weight == ONE else f"({term.weight}) "
    text = f"{term.coefficient} {weight}{factors} {' '.join(map(str, term.guards))}"
    return text.replace("%", "").replace("/", "q")
