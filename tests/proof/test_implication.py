"""Certificates of implications: each sums to -1 in SymPy, and what they show is never false at a point.

The guards are drawn at random, among them the forms that convolutions give:
ranges, strides times indices, sizes that bound each other.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus.form import Guard
from symconv.proof.implication import Certificate, Knowledge
from symconv.term.polynomial import Atom, Poly, Size

SIZES = tuple(Size(n, least) for n, least in (("H", 1), ("r", 1), ("s", 1), ("P", 0)))
INDICES = ("i", "u", "%k1", "%r1")
ATOMS: tuple[Atom, ...] = (*SIZES, *INDICES)


@st.composite
def polynomials(draw: st.DrawFn) -> Poly:
    """A constant, a few atoms, and now and then a size times an index."""
    result = Poly.of(draw(st.integers(-3, 3)))
    for _ in range(draw(st.integers(1, 3))):
        term = Poly.atom(draw(st.sampled_from(ATOMS)))
        if draw(st.integers(0, 3)) == 0:
            term = term * Poly.atom(draw(st.sampled_from(SIZES)))
        result = result + term * draw(st.sampled_from((1, -1, 2, -2)))
    return result


@st.composite
def guards(draw: st.DrawFn) -> Guard:
    return Guard(draw(polynomials()), draw(st.integers(0, 4)) == 0)


@st.composite
def implications(draw: st.DrawFn) -> tuple[list[Guard], Guard]:
    """Known guards and a goal; in half of all cases the goal is a sum of known ones plus a constant."""
    known = draw(st.lists(guards(), min_size=1, max_size=6))
    if draw(st.booleans()):
        parts = [g.poly for g in known if not g.equality] or [Poly.atom(SIZES[0])]
        goal = sum((draw(st.integers(0, 2)) * p for p in parts), Poly.of(draw(st.integers(0, 2))))
        return known, Guard(goal, False)
    return known, draw(guards())


def expanded(poly: Poly) -> sympy.Expr:
    result = sympy.Integer(0)
    for monomial, c in poly:
        result += c * sympy.prod([sympy.Symbol(str(a)) for a in monomial])
    return result


def sum_of(certificate: Certificate) -> sympy.Expr:
    total = sympy.Integer(0)
    for summand in certificate:
        number = sympy.Rational(summand.multiplier.numerator, summand.multiplier.denominator)
        total += number * sympy.prod([expanded(p) for _, p in summand.sources])
    return sympy.expand(total)


def value(poly: Poly, at: dict[Atom, int]) -> int:
    total = 0
    for monomial, c in poly:
        for atom in monomial:
            c *= at[atom]
        total += c
    return total


def holds(guard: Guard, at: dict[Atom, int]) -> bool:
    number = value(guard.poly, at)
    return number == 0 if guard.equality else number >= 0


def points(seed: int, count: int = 60) -> Iterable[dict[Atom, int]]:
    rng = random.Random(seed)
    for _ in range(count):
        at: dict[Atom, int] = {s: rng.randint(s.least, s.least + 4) for s in SIZES}
        at.update({n: rng.randint(-4, 6) for n in INDICES})
        yield at


def check_sources(certificate: Certificate, known: list[Guard], goal: Poly | None) -> None:
    """Every source is one of the guards, the least value of a size, or the negated goal; no multiplier is wrong."""
    gaps = [Poly.atom(s) - s.least for s in SIZES]
    for summand in certificate:
        kinds = [kind for kind, _ in summand.sources]
        assert summand.multiplier > 0 or "zero" in kinds
        for kind, p in summand.sources:
            match kind:
                case "known":
                    assert Guard(p) in known or p in gaps
                case "zero":
                    assert Guard(p, True) in known or Guard(-p, True) in known
                case "negated":
                    assert goal is not None
                    assert p == -goal - 1


@settings(max_examples=300, deadline=None)
@given(implications(), st.integers(0, 10**6))
def test_what_is_entailed_has_certificates_and_no_counterexample(
    implication: tuple[list[Guard], Guard], seed: int
) -> None:
    known, goal = implication
    found = Knowledge(known, SIZES).entails(goal)
    if found is None:
        return
    sides = [goal.poly, -goal.poly] if goal.equality else [goal.poly]
    assert len(found) == len(sides)
    for certificate, side in zip(found, sides, strict=True):
        assert sum_of(certificate) == -1
        check_sources(certificate, known, side)
    for at in points(seed):
        if all(holds(g, at) for g in known):
            assert holds(goal, at), at


@settings(max_examples=200, deadline=None)
@given(st.lists(guards(), min_size=2, max_size=7), st.integers(0, 10**6))
def test_a_contradiction_has_a_certificate_and_no_point(known: list[Guard], seed: int) -> None:
    certificate = Knowledge(known, SIZES).contradiction()
    if certificate is None:
        return
    assert sum_of(certificate) == -1
    check_sources(certificate, known, None)
    assert not any(all(holds(g, at) for g in known) for at in points(seed))


@settings(max_examples=150, deadline=None)
@given(implications(), st.integers(0, 10**6))
def test_what_fails_at_a_point_is_not_entailed(implication: tuple[list[Guard], Guard], seed: int) -> None:
    known, goal = implication
    if any(all(holds(g, at) for g in known) and not holds(goal, at) for at in points(seed, 300)):
        assert Knowledge(known, SIZES).entails(goal) is None


@settings(max_examples=200, deadline=None)
@given(st.lists(polynomials(), min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=5, max_size=5))
def test_a_sum_of_known_guards_is_entailed(known: list[Poly], weights: list[int]) -> None:
    """No search may miss what one linear combination shows."""
    goal = sum((w * p for w, p in zip(weights, known, strict=False)), Poly.of(weights[-1]))
    assert Knowledge([Guard(p) for p in known], SIZES).entails(Guard(goal)) is not None


def test_a_product_with_a_size_is_found() -> None:
    """s i <= s (n - 1) from i <= n - 1."""
    i, n, s = Poly.of("i"), Poly.atom(Size("n", 1)), Poly.atom(Size("s", 1))
    found = Knowledge([Guard(n - 1 - i)], [Size("n", 1), Size("s", 1)]).entails(Guard(s * (n - 1) - s * i))
    assert found is not None
    assert sum_of(found[0]) == -1


@pytest.mark.parametrize("goal", [Poly.of(-2), Poly.of("i") - 3])
def test_everything_follows_from_a_false_constant(goal: Poly) -> None:
    found = Knowledge([Guard(Poly.of(-1)), Guard(Poly.of("j"))], SIZES).entails(Guard(goal))
    assert found is not None
    assert sum_of(found[0]) == -1


def test_half_of_an_odd_number_is_not_assumed() -> None:
    """2 i = 1 has no whole solution, but over the rationals it has: there is no certificate, and none is made up."""
    i = Poly.of("i")
    assert Knowledge([Guard(2 * i - 1, True)]).contradiction() is None
