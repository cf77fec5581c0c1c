"""From expanded terms to comparable ones: keys, elimination, a canonical naming.

Every place of every factor gets a bound index of its own, its KEY, so that a
term becomes the coefficient of PRODUCT A_t[k_t] as a function of the keys.
All other bound indices are then eliminated through equalities with
coefficient 1 or -1.  In convolutions, stride and dilation included, the keys
determine everything and nothing is left over.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import permutations
from zlib import crc32

from symconv.calculus.form import Guard, Head, Term, trivially_false
from symconv.calculus.functions import has_zeros
from symconv.proof.implication import Certificate, Knowledge
from symconv.proof.trace import Trace, innermost_quotients
from symconv.term.polynomial import Application, Atom, Poly, Quotient


class Undecided(Exception):
    """The prover cannot go on; the text says why."""


class UnsafeDivisor(Exception):
    """A divisor that the hypotheses allow to be 0 or negative."""

    def __init__(self, divisor: Poly) -> None:
        super().__init__(f"the divisor {divisor} may be less than 1")
        self.divisor = divisor


def normalise(trace: Trace) -> None:
    """Bring all terms of a fresh trace to keyed, eliminated, canonically named form."""
    for key in list(trace.terms):
        if any(_is_bound(q, trace.terms[key]) for q in innermost_quotients(trace.terms[key].polys())):
            _eliminate_all(trace, key, keys=frozenset())
    gone: set[Atom] = set()
    name_constants(trace, of_equalities=True)
    _use_facts(trace, gone)
    name_constants(trace)
    _use_facts(trace, gone)
    for key in list(trace.terms):
        _cancel_inverses(trace, key)
        _name_quotients(trace, key)
        keys = _introduce_keys(trace, key)
        _eliminate_all(trace, key, keys)
        _settle(trace, key)


def _settle(trace: Trace, key: int) -> None:
    """Canonical names and solved equalities; a term with a false guard goes."""
    if any(trivially_false(g) for g in trace.terms[key].guards):
        trace.absurd(key, None)
        return
    rename_canonically(trace, key)
    solve_equalities(trace, key)
    if any(trivially_false(g) for g in trace.terms[key].guards):
        trace.absurd(key, None)


# -- quotients ----------------------------------------------------------------


def _is_bound(quotient: Quotient, term: Term) -> bool:
    return not term_names(quotient).isdisjoint(term.bound)


def term_names(quotient: Quotient) -> frozenset[str]:
    return quotient.numerator.names() | quotient.denominator.names()


def _positive(knowledge: Knowledge, divisor: Poly) -> Certificate:
    proof = knowledge.entails(Guard(divisor - 1))
    if proof is None:
        raise UnsafeDivisor(divisor)
    return proof[0]


def name_constants(trace: Trace, of_equalities: bool = False) -> None:
    """Quotients of sizes and free indices are one number each, shared by all terms.

    of_equalities: those in equalities among the facts alone; such as r mod 2 = 1, which gives r another form.
    """
    while True:
        fact_polys = [g.poly for g in trace.facts if g.equality or not of_equalities]
        ready = [q for q in innermost_quotients(fact_polys) if not any(n.startswith("%") for n in term_names(q))]
        for term in () if of_equalities else trace.terms.values():
            ready += [q for q in innermost_quotients(term.polys()) if not _is_bound(q, term)]
        if not ready:
            return
        quotient = ready[0]
        before = trace.named_before(quotient)
        if before is not None:
            trace.reuse_constant(quotient, before)
            continue
        trace.name_constant(quotient, _positive(Knowledge(_plain(trace.facts)), quotient.denominator))


def _use_facts(trace: Trace, gone: set[Atom]) -> None:
    """Equalities among the facts that give a size or a free index a value are put into all terms.

    p >= 0 beside -p >= 0 is one of them.  What is gone does not come back: s = k is not used for k = s as well.
    """
    held = {a for term in trace.terms.values() for p in term.polys() for a in (*p.atoms(), *p.names(), *p.sizes())}
    known = set(trace.facts)
    pinned = [Guard(g.poly, True) for g in trace.facts if not g.equality and Guard(-g.poly) in known]
    for fact in [*(g for g in trace.facts if g.equality), *pinned]:
        for atom in sorted(fact.poly.atoms() - gone, key=str):
            if atom not in held or not determines(fact, atom) or not (fact.poly.atoms() - {atom}).isdisjoint(gone):
                continue
            trace.use_fact(fact, atom)
            gone.add(atom)
            break


def _plain(facts: Iterable[Guard]) -> list[Guard]:
    """The facts without those that still hold an unnamed quotient."""
    return [g for g in facts if not innermost_quotients([g.poly])]


def _name_quotients(trace: Trace, key: int) -> None:
    while True:
        ready = innermost_quotients(trace.terms[key].polys())
        if not ready:
            return
        guards = [g for g in trace.terms[key].guards if not innermost_quotients([g.poly])]
        knowledge = Knowledge([*trace.facts, *guards])
        trace.name_quotient(key, ready[0], _positive(knowledge, ready[0].denominator))


# -- keys and elimination -------------------------------------------------------


def _cancel_inverses(trace: Trace, key: int) -> None:
    """h(e) * 1/h(e) with literally equal positions, h being data or a function without zeros of its own."""
    again = True
    while again:
        again = False
        factors = trace.terms[key].factors
        for n, f in enumerate(factors):
            if f.head.inverse or (f.head.function is not None and has_zeros(f.head.function)):
                continue
            for m, g in enumerate(factors):
                same = g.head.tensor == f.head.tensor and g.head.function == f.head.function
                if g.head.inverse and same and g.index == f.index:
                    trace.cancel_inverse(key, n, m)
                    again = True
                    break
            if again:
                break


def _introduce_keys(trace: Trace, key: int) -> frozenset[str]:
    """A bound index that already stands alone in one place serves as its key."""
    keys: set[str] = set()
    for n, factor in enumerate(trace.terms[key].factors):
        for axis, position in enumerate(factor.index):
            atom = position.as_atom
            if isinstance(atom, str) and atom in trace.terms[key].bound and atom not in keys:
                keys.add(atom)
            else:
                keys.add(trace.key(key, n, axis))
    return frozenset(keys)


def _eliminate_all(trace: Trace, key: int, keys: frozenset[str]) -> None:
    """Eliminate every bound index that is not a key and has a unit equality; the older ones first."""
    while True:
        term = trace.terms[key]
        if any(trivially_false(g) for g in term.guards):
            return
        choice = _unit_equality(term, [b for b in term.bound if b not in keys])
        if choice is None:
            return
        trace.eliminate(key, *choice)


def _unit_equality(term: Term, names: Iterable[str]) -> tuple[Guard, str] | None:
    equalities = [g for g in term.guards if g.equality]
    for name in names:
        for guard in equalities:
            if determines(guard, name):
                return guard, name
    return None


def determines(guard: Guard, name: Atom) -> bool:
    """The equality gives the atom a value: its coefficient is 1 or -1."""
    if abs(guard.poly.coefficient((name,))) != 1:
        return False
    parts = guard.poly.linear_in(name)
    return parts is not None and parts[0].as_int in (1, -1)


# -- canonical naming -------------------------------------------------------------


def signature(term: Term) -> tuple[str, ...]:
    """The factors' heads as sorted text; only terms of one signature can cancel."""
    return tuple(sorted(head_text(f.head) for f in term.factors))


@lru_cache(4096)
def head_text(head: Head) -> str:
    """A text that is equal for equal heads and settles the order of factors, the same in every run."""
    return f"{head.name}#{crc32(repr(head).encode()):08x}"


def rename_canonically(trace: Trace, key: int) -> None:
    """Factors in the order of their heads; keys k1, k2, ... along them; what is left over r1, r2, ..."""
    term = trace.terms[key]
    order = sorted(range(len(term.factors)), key=lambda n: head_text(term.factors[n].head))
    names: dict[str, str] = {}
    for n in order:
        for position in term.factors[n].index:
            names[str(position.as_atom)] = f"%k{len(names) + 1}"
    left_over = [b for b in term.bound if b not in names]
    for n, b in enumerate(left_over):
        names[b] = f"%r{n + 1}"
    trace.rename(key, names, order)


def left_over(term: Term) -> tuple[str, ...]:
    """The bound indices that no factor determines."""
    return tuple(b for b in term.bound if b.startswith("%r"))


def solve_equalities(trace: Trace, key: int) -> None:
    """Gauss: every equality with a unit coefficient gives one key, gone from all other guards.

    The last key by name is solved for first, on both sides alike, so that equal sets of
    equalities end up equal.
    """
    solved: set[Guard] = set()
    while True:
        term = trace.terms[key]
        pending = [g for g in term.guards if g.equality and g not in solved]
        choices = [(_rank(name), str(g.poly), g, name) for g in pending for name in term.bound if determines(g, name)]
        if not choices:
            return
        _, _, guard, name = max(choices, key=lambda c: c[:2])
        if any(name in h.poly.names() for h in term.guards if h != guard) or name in term.weight.names():
            trace.rewrite(key, guard, name)
        if any(trivially_false(g) for g in trace.terms[key].guards):
            return
        solved.add(guard)


def equate_free_indices(trace: Trace) -> bool:
    """[i = j] [k = j] is [i = j] [k = i] for free i and j; whether there was such an equality.

    It makes terms with the equality alike and sets them apart from those without it.
    """
    found = False
    for key in list(trace.terms):
        for guard in [g for g in trace.terms[key].guards if g.equality and _equates(g, trace.terms[key])]:
            name = max(guard.poly.names())
            if guard in trace.terms[key].guards:
                trace.rewrite(key, guard, name)
                found = True
    return found


def equate_quotients(trace: Trace) -> bool:
    """[k = q] g(argmax(q)) is [k = q] g(argmax(k)) for a key k and a named quotient q; whether there was such a place.

    It makes a window that is named by the pixel it holds, floor(a/k), alike with the window that a sum runs over.
    """
    found = False
    for key in list(trace.terms):
        for guard in [g for g in trace.terms[key].guards if g.equality]:
            named = [a for a in sorted(guard.poly.atoms(), key=str) if _is_quotient(a) and determines(guard, a)]
            if len(named) == 1 and guard in trace.terms[key].guards and _argument(named[0], trace.terms[key], guard):
                trace.rewrite(key, guard, str(named[0]))
                found = True
    return found


def _is_quotient(atom: Atom) -> bool:
    return isinstance(atom, str) and atom.startswith("/")


def _argument(name: Atom, term: Term, kept: Guard) -> bool:
    """Whether an index function is taken at this name in a guard."""
    polys = [g.poly for g in term.guards if g != kept]
    places = [p for q in polys for a in q.all_atoms() if isinstance(a, Application) for p in a.arguments]
    return any(name in p.all_atoms() for p in places)


def _equates(guard: Guard, term: Term) -> bool:
    """Two free indices that differ by a number: neither a named quotient nor a size stands in the equality."""
    atoms = guard.poly.atoms()
    free = all(isinstance(a, str) and not a.startswith("%") and a not in term.bound for a in atoms)
    return free and len(atoms) == 2 and all(determines(guard, a) for a in atoms)


def _rank(name: str) -> tuple[bool, int]:
    """Keys before what is left over, then by number: `%r1` is solved for before any key."""
    return name.startswith("%r"), int(name[2:])


def reorderings(term: Term) -> Iterable[dict[str, str]]:
    """The other ways of assigning keys to factors with equal heads, as renamings; the identity is left out."""
    texts = [head_text(f.head) for f in term.factors]
    groups = [[n for n, t in enumerate(texts) if t == text] for text in dict.fromkeys(texts)]
    base = [[str(p.as_atom) for p in f.index] for f in term.factors]
    results: list[dict[str, str]] = [{}]
    for group in groups:
        if len(group) > 4:
            continue
        results = [
            {**r, **{a: b for x, y in zip(group, perm, strict=True) for a, b in zip(base[x], base[y], strict=True)}}
            for r in results
            for perm in permutations(group)
        ]
    return [r for r in results if any(a != b for a, b in r.items())]
