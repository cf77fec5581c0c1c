"""The rules by which a proof changes its terms, and the record of their use.

A proof of left = right is a list of terms whose sum is left - right, changed
by the rules below until equal terms cancel.  Every method is one rule: its
docstring is the rule, its body applies it and records it.  The prover may
change terms in no other way; `proof/check.py` replays the record.

Nothing here decides anything: what is recorded wrongly is rejected there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from symconv.calculus.form import Expansion, Factor, Guard, Term, merged, signed
from symconv.proof.clock import tick
from symconv.proof.implication import Certificate
from symconv.proof.problem import Problem
from symconv.term.polynomial import Atom, Compound, Poly, Quotient, Remainder
from symconv.term.value import Entry, Value

Step = dict[str, object]
Place = tuple[int, int]  # a factor: its term, its number there


@dataclass(slots=True)
class Trace:
    """The terms of left - right, the facts that hold for all of them, and the steps so far."""

    problem: Problem
    terms: dict[int, Term] = field(default_factory=dict)
    facts: list[Guard] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    expansion: Expansion = field(default_factory=Expansion)
    left_count: int = 0
    first: int = 1  # the first bound index of the expansion is called by this number
    _ids: count[int] = field(default_factory=count)
    _constants: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def start(cls, problem: Problem) -> Trace:
        """left - right, expanded: the terms of left, then those of right with the opposite sign."""
        trace = cls(problem)
        trace.facts = list(problem.facts())
        trace.begin(problem.left, problem.right)
        return trace

    def begin(self, left: Value, right: Value) -> None:
        """The terms of left - right, and nothing else."""
        terms = self.expansion.expand(left)
        self.left_count = len(terms)
        for term in [*terms, *(t.scaled(-1) for t in self.expansion.expand(right))]:
            self.terms[next(self._ids)] = term

    def fresh(self) -> str:
        return self.expansion.fresh()

    def _note(self, rule: str, **details: object) -> None:
        tick()
        self.steps.append({"rule": rule, **details})

    # -- quotients --------------------------------------------------------

    def name_constant(self, quotient: Quotient, positive: Certificate) -> Poly:
        """den >= 1 by the facts; q new:  div(num, den) -> q  everywhere, with num - den*q >= 0
        and den - 1 - num + den*q >= 0 as new facts.  num and den are free of bound indices."""
        name = f"/{next(self._constants)}"
        images = _quotient_images(quotient, Poly.of(name))
        self.facts = [Guard(g.poly.substitute(images), g.equality) for g in self.facts]
        self.facts += _quotient_guards(quotient, Poly.of(name))
        self.terms = {k: t.substitute(images) for k, t in self.terms.items()}
        self._note(
            "constant", numerator=quotient.numerator, denominator=quotient.denominator, name=name, positive=positive
        )
        return Poly.of(name)

    def reuse_constant(self, quotient: Quotient, name: str) -> None:
        """num - den*q >= 0 and den - 1 - num + den*q >= 0 among the facts:  div(num, den) -> q  everywhere."""
        images = _quotient_images(quotient, Poly.of(name))
        self.facts = [Guard(g.poly.substitute(images), g.equality) for g in self.facts]
        self.terms = {k: t.substitute(images) for k, t in self.terms.items()}
        self._note("reuse", numerator=quotient.numerator, denominator=quotient.denominator, name=name)

    def named_before(self, quotient: Quotient) -> str | None:
        """The constant that stands for this quotient already."""
        known = {n for g in self.facts for n in g.poly.names() if n.startswith("/")}
        facts = set(self.facts)
        return next((n for n in sorted(known) if facts.issuperset(_quotient_guards(quotient, Poly.of(n)))), None)

    def use_fact(self, fact: Guard, atom: Atom) -> None:
        """±v + e = 0 is a fact, or e + v >= 0 and -e - v >= 0 are:  v -> ∓e  in all terms."""
        self.terms = {k: t.substitute({atom: solution(fact, atom)}) for k, t in self.terms.items()}
        self._note("use", guard=fact.poly, name=Poly.atom(atom))

    def name_quotient(self, key: int, quotient: Quotient, positive: Certificate) -> str:
        """den >= 1 by the facts and guards; q new and bound:  div(num, den) -> q  in this term, with the
        guards num - den*q >= 0 and den - 1 - num + den*q >= 0: one q fits, so the sum has one summand."""
        name = self.fresh()
        term = self.terms[key].substitute(_quotient_images(quotient, Poly.of(name)))
        term = replace(term, bound=(*term.bound, name)).guarded(*_quotient_guards(quotient, Poly.of(name)))
        self.terms[key] = term
        self._note(
            "quotient",
            term=key,
            numerator=quotient.numerator,
            denominator=quotient.denominator,
            name=name,
            positive=positive,
        )
        return name

    # -- bound indices ------------------------------------------------------

    def key(self, key: int, factor: int, axis: int) -> str:
        """h(e) = SUM_k [k - e = 0] h(k):  a new bound index k stands in one place of one factor."""
        term, name = self.terms[key], self.fresh()
        old = term.factors[factor]
        position = old.index[axis]
        index = (*old.index[:axis], Poly.of(name), *old.index[axis + 1 :])
        factors = (*term.factors[:factor], Factor(old.head, index), *term.factors[factor + 1 :])
        guard = Guard(Poly.of(name) - position, True)
        self.terms[key] = replace(term, factors=factors, bound=(*term.bound, name)).guarded(guard)
        self._note("key", term=key, factor=factor, axis=axis, name=name)
        return name

    def eliminate(self, key: int, guard: Guard, name: str) -> None:
        """SUM_v [±v + e = 0] h(v) = h(∓e), e free of v."""
        term = self.terms[key]
        rest = tuple(g for g in term.guards if g != signed(guard))
        bound = tuple(b for b in term.bound if b != name)
        self.terms[key] = replace(term, guards=rest, bound=bound).substitute({name: solution(guard, name)})
        self._note("eliminate", term=key, guard=guard.poly, name=name)

    def rewrite(self, key: int, guard: Guard, name: str) -> None:
        """[±v + e = 0] g(v) = [±v + e = 0] g(∓e) in all other guards and in the weight."""
        term = self.terms[key]
        image: dict[Atom, Poly] = {name: solution(guard, name)}
        kept = signed(guard)
        changed = tuple(g if g == kept else Guard(g.poly.substitute(image), g.equality) for g in term.guards)
        self.terms[key] = replace(
            term,
            guards=merged((), changed),
            weight=term.weight.substitute(image),
            denominators=tuple(d.substitute(image) for d in term.denominators),
        )
        self._note("rewrite", term=key, guard=guard.poly, name=name)

    def rename(self, key: int, names: Mapping[str, str], order: Iterable[int]) -> None:
        """Other names for the bound indices, one to one; the factors in another order."""
        term = self.terms[key]
        images: dict[Atom, Poly] = {old: Poly.of(new) for old, new in names.items()}
        order = tuple(order)
        moved = replace(
            term,
            factors=tuple(term.factors[n] for n in order),
            bound=tuple(sorted(names.get(b, b) for b in term.bound)),
        )
        self.terms[key] = moved.substitute(images)
        self._note("rename", term=key, names=dict(names), order=order)

    def shift(self, key: int, name: str, sign: int, offset: Poly) -> str:
        """SUM_v h(v) = SUM_w h(±w + e): a bijection of the integers; e is free of v."""
        term, new = self.terms[key], self.fresh()
        image: dict[Atom, Poly] = {name: Poly.of(new) * sign + offset}
        bound = tuple(new if b == name else b for b in term.bound)
        self.terms[key] = replace(term, bound=bound).substitute(image)
        self._note("shift", term=key, name=name, sign=sign, offset=offset, new=new)
        return new

    def count(self, key: int, name: str, low: Guard, high: Guard) -> None:
        """SUM_v [v - a >= 0][b - v >= 0] = (b - a + 1) [b - a + 1 >= 0], v being nowhere else."""
        term = self.terms[key]
        length = low.poly + high.poly + 1
        rest = tuple(g for g in term.guards if g not in (low, high))
        bound = tuple(b for b in term.bound if b != name)
        self.terms[key] = replace(term, guards=rest, bound=bound, weight=term.weight * length).guarded(Guard(length))
        self._note("count", term=key, name=name, low=low.poly, high=high.poly)

    def add_up(self, key: int, name: str, low: Guard, high: Guard, primitive: Poly, by: int) -> None:
        """SUM_v w(v) [v - a >= 0][b - v >= 0] = (P(b + 1) - P(a)) / m [b - a + 1 >= 0],
        if P(v + 1) - P(v) = m w(v) and v is in the weight w alone."""
        term = self.terms[key]
        first, last = Poly.of(name) - low.poly, high.poly + Poly.of(name)
        weight = primitive.substitute({name: last + 1}) - primitive.substitute({name: first})
        rest = tuple(g for g in term.guards if g not in (low, high))
        self.terms[key] = replace(
            term,
            coefficient=term.coefficient / by,
            weight=weight,
            guards=rest,
            bound=tuple(b for b in term.bound if b != name),
        ).guarded(Guard(last - first + 1))
        self._note("add", term=key, name=name, low=low.poly, high=high.poly, primitive=primitive, by=by)

    def unique(self, key: int, name: str, low: Guard, high: Guard, positive: Certificate) -> None:
        """SUM_q [a - d*q >= 0][d - 1 - a + d*q >= 0] = 1, if d >= 1 and q is nowhere else."""
        term = self.terms[key]
        rest = tuple(g for g in term.guards if g not in (low, high))
        self.terms[key] = replace(term, guards=rest, bound=tuple(b for b in term.bound if b != name))
        self._note("unique", term=key, name=name, low=low.poly, high=high.poly, positive=positive)

    # -- guards -------------------------------------------------------------

    def entail(self, key: int, guard: Guard, proof: tuple[Certificate, ...]) -> None:
        """A guard that follows from the facts and the term's guards may be written beside them."""
        self.terms[key] = self.terms[key].guarded(guard)
        self._note("entail", term=key, guard=guard.poly, equality=guard.equality, certificates=proof)

    def discharge(self, key: int, guard: Guard, proof: tuple[Certificate, ...]) -> None:
        """A guard that follows from the facts and the term's other guards may be left out."""
        term = self.terms[key]
        self.terms[key] = replace(term, guards=tuple(g for g in term.guards if g != guard))
        self._note("discharge", term=key, guard=guard.poly, equality=guard.equality, certificates=proof)

    def absurd(self, key: int, proof: Certificate | None) -> None:
        """A term whose guards contradict the facts or each other is 0; without a certificate a guard is false
        by itself, or says that p = 0 where a hypothesis says that p is not 0."""
        del self.terms[key]
        self._note("absurd", term=key, certificate=proof)

    def split(self, key: int, poly: Poly) -> tuple[int, int]:
        """h = h [p >= 0] + h [-p - 1 >= 0]."""
        term = self.terms.pop(key)
        first, second = next(self._ids), next(self._ids)
        self.terms[first] = term.guarded(Guard(poly))
        self.terms[second] = term.guarded(Guard(-poly - 1))
        self._note("split", term=key, guard=poly, into=(first, second))
        return first, second

    # -- arguments ----------------------------------------------------------

    def lemma(self, place: Place, model: Place, index: tuple[Poly, ...]) -> Trace:
        """The start of a proof that one factor's argument is another's at this index: under the facts and
        the guards of the factor's term, whose bound indices are fixed there."""
        term, old = self.terms[place[0]], self._factor(place)
        lemma = Trace(self.problem, facts=list(merged(tuple(self.facts), term.guards)), _constants=self._constants)
        lemma.first = int(self.fresh()[1:]) + 1
        lemma.expansion = self.expansion = Expansion(count(lemma.first))
        sides = Entry(old.head.tensor, old.index), Entry(self._factor(model).head.tensor, index)
        lemma.begin(*sides)
        return lemma

    def alike(self, place: Place, model: Place, index: tuple[Poly, ...], lemma: Trace) -> None:
        """f(T[e]) -> f(U[d]),  where a lemma says T[e] = U[d]; U is the argument in the model, another factor."""
        key, n = place
        factors = list(self.terms[key].factors)
        factors[n] = Factor(self._factor(model).head, index)
        self.terms[key] = replace(self.terms[key], factors=tuple(factors))
        self._note("alike", term=key, factor=n, model=model, index=index, first=lemma.first, steps=lemma.steps)

    def unit(self, key: int, model: Place, index: tuple[Poly, ...]) -> None:
        """h = h * T[e] * 1/T[e], T[e] being positive and written out; 1/T is a factor that stands somewhere."""
        head, term = self._factor(model).head, self.terms[key]
        first = int(self.fresh()[1:]) + 1
        self.expansion = Expansion(count(first))
        parts = self.expansion.expand(Entry(head.tensor, index))
        numbers = [next(self._ids) for _ in parts]
        self._note("unit", term=key, model=model, index=index, first=first, into=numbers)
        del self.terms[key]
        whole = replace(term, factors=(*term.factors, Factor(head, index)))
        self.terms.update(zip(numbers, (whole * part for part in parts), strict=True))

    def _factor(self, place: Place) -> Factor:
        return self.terms[place[0]].factors[place[1]]

    def cancel_inverse(self, key: int, factor: int, inverse: int) -> None:
        """h(e) * 1/h(e) = 1 where the reciprocal has a meaning."""
        term = self.terms[key]
        factors = tuple(f for n, f in enumerate(term.factors) if n not in (factor, inverse))
        self.terms[key] = replace(term, factors=factors)
        self._note("cancel", term=key, factor=factor, inverse=inverse)


def _quotient_images(quotient: Quotient, q: Poly) -> dict[Atom, Poly]:
    num, den = quotient.numerator, quotient.denominator
    return {Quotient(num, den): q, Remainder(num, den): num - den * q}


def _quotient_guards(quotient: Quotient, q: Poly) -> tuple[Guard, Guard]:
    num, den = quotient.numerator, quotient.denominator
    return Guard(num - den * q), Guard(den - 1 - num + den * q)


def solution(guard: Guard, name: Atom) -> Poly:
    """The value of v that solves ±v + e = 0."""
    parts = guard.poly.linear_in(name)
    if parts is None or parts[0].as_int not in (1, -1):
        raise ValueError(f"{guard} does not determine {name}")
    return parts[1] * -1 if parts[0].as_int == 1 else parts[1]


def innermost_quotients(polys: Iterable[Poly]) -> list[Quotient]:
    """The quotients and remainders that contain no other, each once, in a fixed order."""
    found: dict[Quotient, None] = {}

    def visit(poly: Poly) -> bool:
        inside = False
        for atom in sorted(poly.atoms(), key=str):
            if not isinstance(atom, Compound):
                continue
            deeper = [visit(p) for p in atom.polys()]
            if isinstance(atom, Quotient):
                inside = True
                if not any(deeper):
                    found[Quotient(atom.numerator, atom.denominator)] = None
            inside = inside or any(deeper)
        return inside

    for poly in polys:
        visit(poly)
    return list(found)


__all__ = ["Place", "Step", "Trace", "innermost_quotients", "solution"]
