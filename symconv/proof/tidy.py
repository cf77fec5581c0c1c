"""What a normalised term has left over: indices that no factor determines.

Some must be equal to another, some have one value only, some are met in limits
alone and are counted; what then remains is left to matching.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import comb, lcm

from symconv.calculus.form import Guard, Term
from symconv.proof.implication import Knowledge
from symconv.proof.normalise import determines, left_over, solve_equalities
from symconv.proof.trace import Trace
from symconv.term.polynomial import ZERO, Poly

MOST_POWER = 8  # of a summand that is added up


def knowledge_of(trace: Trace, key: int, without: Guard | None = None) -> Knowledge:
    guards = [g for g in trace.terms[key].guards if g != without]
    return Knowledge([*trace.facts, *guards])


def tidy(trace: Trace, key: int) -> None:
    """Identify left-over indices that must be equal, count those that only have limits."""
    _drop_known_constants(trace, key)
    _pin(trace, key)
    _compare_digits(trace, key)
    for name in left_over(trace.terms[key]):
        if name in trace.terms[key].bound:
            _identify(trace, key, name)
    for name in left_over(trace.terms[key]):
        count_if_free(trace, key, name)


def _drop_known_constants(trace: Trace, key: int) -> None:
    """A named quotient that decides a key and has one value only is replaced: (k H + i) div H = k for 0 <= i < H."""
    deciding = {n for g in trace.terms[key].guards if g.equality for n in g.poly.names() if n.startswith("/")}
    for name in sorted(deciding):
        for value in _likely_values(trace, name):
            guard = Guard(Poly.of(name) - value, True)
            proof = Knowledge(trace.facts).entails(guard)
            if proof is not None:
                trace.entail(key, guard, proof)
                trace.rewrite(key, guard, name)
                solve_equalities(trace, key)
                break


def _likely_values(trace: Trace, name: str) -> list[Poly]:
    """0, and what long division of the numerator gives; the facts say numerator - denominator * name >= 0."""
    values = [ZERO]
    for fact in trace.facts:
        parts = None if fact.equality else fact.poly.linear_in(name)
        if parts is not None and not parts[0].is_zero:
            whole, _ = parts[1].long_division(-parts[0])
            values += [whole] * (not whole.is_zero and whole not in values)
    return values


def _pin(trace: Trace, key: int) -> None:
    """p >= 0 and -p >= 0 is p = 0: an index whose two limits are one is eliminated."""
    guards = set(trace.terms[key].guards)
    pinned = [g for g in trace.terms[key].guards if not g.equality and Guard(-g.poly) in guards]
    for guard in pinned:
        equal = Guard(guard.poly, True)
        proof = knowledge_of(trace, key).entails(equal)
        if proof is not None and equal not in trace.terms[key].guards:
            trace.entail(key, equal, proof)
    if pinned:
        solve_equalities(trace, key)


def _compare_digits(trace: Trace, key: int) -> None:
    """k v + p = k w + q with 0 <= p, q < k gives v = w: a bound index gets its value from a comparison of digits."""
    tried: set[tuple[str, Poly]] = set()
    while digit := next((d for d in _digits(trace.terms[key]) if d not in tried), None):
        tried.add(digit)
        name, value = digit
        guard = Guard(Poly.of(name) - value, True)
        proof = knowledge_of(trace, key).entails(guard)
        if proof is not None:
            trace.entail(key, guard, proof)
            trace.rewrite(key, guard, name)
            solve_equalities(trace, key)


def _digits(term: Term) -> list[tuple[str, Poly]]:
    """Bound indices v that some guard multiplies by a k other than 1 and -1, and the values that v may have:
    an index with the opposite coefficient, or what the rest of the guard divided by k gives."""
    found = []
    for guard in term.guards:
        names = sorted(guard.poly.names())
        parts = {n: p for n in names if (p := guard.poly.linear_in(n)) is not None}
        for bound in (n for n in parts if n in term.bound and abs(parts[n][0].as_int or 2) != 1):
            factor, rest = parts[bound]
            found += [(bound, Poly.of(w)) for w in parts if w not in term.bound and parts[w][0] == -factor]
            whole, _ = rest.long_division(-factor)
            if whole.names() and whole.names().isdisjoint(term.bound):
                found.append((bound, whole))
    return found


def _identify(trace: Trace, key: int, name: str) -> None:
    """v = w by the guards, w another left-over index or a named constant: v is eliminated."""
    term = trace.terms[key]
    others = [r for r in left_over(term) if r != name]
    others += sorted({n for g in trace.facts for n in g.poly.names() if n.startswith("/")})
    if not others:
        return
    knowledge = knowledge_of(trace, key)
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


def count_if_free(trace: Trace, key: int, name: str) -> None:
    """A left-over index met only in unit inequalities, once the implied ones are gone, is counted."""
    _limit_by_quotients(trace, key, name)
    term = trace.terms[key]
    primitive = primitive_of(term.weight, name)
    if primitive is None or any(name in d.names() for d in term.denominators):
        return
    mine = [g for g in term.guards if name in g.poly.names()]
    units = [g.poly.linear_in(name) for g in mine]
    if any(g.equality for g in mine) or any(u is None or u[0].as_int not in (1, -1) for u in units):
        return
    for guard in mine if len(mine) > 2 else ():
        proof = knowledge_of(trace, key, guard).entails(guard)
        if proof is not None:
            trace.discharge(key, guard, proof)
    low = [g for g in trace.terms[key].guards if g.poly.coefficient((name,)) == 1]
    high = [g for g in trace.terms[key].guards if g.poly.coefficient((name,)) == -1]
    if len(low) == len(high) == 1 and name not in term.weight.names():
        trace.count(key, name, low[0], high[0])
    elif len(low) == len(high) == 1:
        trace.add_up(key, name, low[0], high[0], *primitive)


def _limit_by_quotients(trace: Trace, key: int, name: str) -> None:
    """s*v <= num is v <= q, where q is the named floor of num/s."""
    constants = sorted({n for g in trace.facts for n in g.poly.names() if n.startswith("/")})
    for guard in trace.terms[key].guards if constants else ():
        parts = guard.poly.linear_in(name)
        if guard.equality or parts is None or parts[0].is_zero or abs(parts[0].as_int or 2) == 1:
            continue
        for constant in constants:
            limit = Guard(Poly.of(constant) - Poly.of(name))
            same = Guard(guard.poly.substitute({name: Poly.of(constant)})) in trace.facts
            proof = knowledge_of(trace, key).entails(limit) if same else None
            if proof is not None:
                trace.entail(key, limit, proof)
                back = knowledge_of(trace, key, guard).entails(guard)
                if back is not None:
                    trace.discharge(key, guard, back)
                return


def primitive_of(weight: Poly, name: str) -> tuple[Poly, int] | None:
    """(P, m) with P(v + 1) - P(v) = m * weight(v); None if v stands inside a quotient or its power is too high.

    >>> primitive_of(Poly.of("v"), "v")
    (v*v - v, 2)
    """
    parts: dict[int, Poly] = {}
    for monomial, c in weight:
        power = monomial.count(name)
        rest = Poly({tuple(a for a in monomial if a != name): c})
        parts[power] = parts.get(power, ZERO) + rest
    if any(name in p.names() for p in parts.values()) or max(parts, default=0) > MOST_POWER:
        return None
    powers = _power_sums(max(parts, default=0))
    scale = lcm(*(c.denominator for n in parts for c in powers[n]))
    v = Poly.of(name)
    total = ZERO
    for n, factor in parts.items():
        for exponent, share in enumerate(powers[n]):
            total = total + factor * v**exponent * int(share * scale)
    return total, scale


def _power_sums(most: int) -> list[list[Fraction]]:
    """For each power j up to the greatest the coefficients of P_j, where P_j(v + 1) - P_j(v) = v^j."""
    found: list[list[Fraction]] = []
    for j in range(most + 1):
        p = [Fraction(0)] * (j + 1) + [Fraction(1)]
        for i in range(j):
            for exponent, c in enumerate(found[i]):
                p[exponent] -= comb(j + 1, i) * c
        found.append([c / (j + 1) for c in p])
    return found


__all__ = ["count_if_free", "knowledge_of", "primitive_of", "tidy"]
