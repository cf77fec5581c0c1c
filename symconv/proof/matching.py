"""Terms of one signature are brought to common guards, class by class, until every class adds up to 0.

A term joins a class when its guards and those of the class follow from each
other, after a renaming of keys and a change of variable of what is left over.
Where guards overlap, a class is divided by a guard of another.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import permutations, product
from math import lcm

from symconv.calculus.form import Guard, Term, signed
from symconv.proof.implication import Certificate, Knowledge
from symconv.proof.normalise import Undecided, determines, head_text, left_over, reorderings, solve_equalities
from symconv.proof.tidy import count_if_free, knowledge_of
from symconv.proof.trace import Trace
from symconv.term.polynomial import ONE, ZERO, Application, Poly

MAX_SPLITS = 5
LONGEST = 400  # characters of a term in a message
SPLITS_OF_MANY, FEW_GUARDS = 2, 6  # terms with many guards are seldom worth more than two splits


@dataclass(slots=True)
class Matching:
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
            rest = [c for c in rest if not self._vanishes(c) and not self._adds_up_to_zero(c)]
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
        knowledge = knowledge_of(self.trace, key)
        proof = knowledge.contradiction()
        if proof is None:
            excluded = self._excluded(knowledge)
            if excluded is None:
                return False
            for member in members:
                self.trace.entail(member, *excluded)
        for member in members:
            self.trace.absurd(member, proof)
        members.clear()
        return True

    def _excluded(self, knowledge: Knowledge) -> tuple[Guard, tuple[Certificate, ...]] | None:
        """p = 0 by the guards, where a hypothesis says that p is not 0."""
        for condition in self.trace.problem.hypotheses:
            guard = signed(Guard(condition.poly, True))
            proof = knowledge.entails(guard) if condition.kind == "ne" else None
            if proof is not None:
                return guard, proof
        return None

    def _adds_up_to_zero(self, members: list[int]) -> bool:
        """The weights add up to a polynomial that is 0 by what is known: floor(n/2) + ceil(n/2) - n."""
        terms = [self.trace.terms[k] for k in members]
        if any(t.denominators for t in terms):
            return False
        scale = lcm(*(t.coefficient.denominator for t in terms))
        rest = sum((t.weight * int(t.coefficient * scale) for t in terms), ZERO)
        guard = signed(Guard(rest, True))
        units = [a for a in sorted(rest.atoms(), key=str) if determines(guard, a)]
        proof = knowledge_of(self.trace, members[0]).entails(guard) if units else None
        if proof is None or not isinstance(units[0], str):
            return False
        for member in members:
            self.trace.entail(member, guard, proof)
            self.trace.rewrite(member, guard, units[0])
        return self._cancels(members)

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
        knowledge = knowledge_of(trace, key)
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
            count_if_free(trace, key, name)
            if name in trace.terms[key].bound and not self._drop_index(key, name):
                return False
        for guard in trace.terms[key].guards:
            if guard in wanted:
                continue
            proof = knowledge_of(trace, key, guard).entails(guard)
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
            proof = knowledge_of(trace, key, guard).entails(guard)
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
        guards = max(len(self.trace.terms[c[0]].guards) for c in rest)
        if self.splits <= 0 or (guards > FEW_GUARDS and self.splits <= MAX_SPLITS - SPLITS_OF_MANY):
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
                    solve_equalities(self.trace, key)
                    self._place(key)
                return
        raise Undecided(f"the terms {describe(self.trace.terms[rest[0][0]])} do not cancel")

    def _dividing_guard(self, key: int, model: Term) -> Guard | None:
        """A guard of the model, or one side of an equality, that the term's guards leave open."""
        knowledge = knowledge_of(self.trace, key)
        own = set(self.trace.terms[key].bound)
        sides = [h for g in model.guards for h in ((Guard(g.poly), Guard(-g.poly)) if g.equality else (g,))]
        for guard in sides:
            names = {n for n in guard.poly.names() if n.startswith("%")}
            if guard in self.trace.terms[key].guards or not names <= own:
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
    """A term in one line, for messages; index functions by their short names, what is too long cut."""
    found = {a for p in term.polys() for a in p.all_atoms() if isinstance(a, Application)}
    term = term.substitute({a: Poly.of(f"argmax({', '.join(map(str, a.arguments))})") for a in found})
    factors = " ".join(f"{f.head.name}[{', '.join(map(str, f.index))}]" for f in term.factors)
    weight = "" if term.weight == ONE else f"({term.weight}) "
    text = f"{term.coefficient} {weight}{factors} {' '.join(map(str, term.guards))}"
    text = text.replace("%", "").replace("/", "q")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."


__all__ = ["Matching", "sums_to_zero"]
