"""The search for sizes: what it passes over when it grows long, against brute force over all sizes."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symconv.calculus.form import Guard
from symconv.proof import search
from symconv.proof.intervals import FAR
from symconv.proof.search import SizeSearch
from symconv.term.polynomial import Poly, Size

SIZES = Size("a"), Size("b"), Size("p", 0)
GREATEST = 12

Coefficients = tuple[int, int, int, int]


def guard(coefficients: Coefficients, unknown: int = 0) -> Guard:
    """a c0 + b c1 + p c2 + c3 + (an index) * unknown >= 0."""
    *factors, constant = coefficients
    poly = Poly.of(constant) + Poly.of("t") * unknown
    return Guard(poly + sum((Poly.atom(s) * c for s, c in zip(SIZES, factors, strict=True)), Poly.of(0)))


def by_hand(systems: list[Coefficients]) -> list[tuple[int, ...]]:
    """All sizes with total at most GREATEST that satisfy the constraints, in the order of the search."""
    found = [
        sizes
        for sizes in product(range(GREATEST + 1), repeat=3)
        if sum(sizes) <= GREATEST
        and all(n >= s.least for n, s in zip(sizes, SIZES, strict=True))
        and all(sum(c * n for c, n in zip(row, (*sizes, 1), strict=True)) >= 0 for row in systems)
    ]
    return sorted(found, key=lambda sizes: (sum(sizes), sizes))


coefficient = st.integers(-3, 3)
rows = st.tuples(coefficient, coefficient, coefficient, st.integers(-12, 12))


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=4))
def test_no_sizes_are_lost_from_the_first_node_on(systems: list[Coefficients]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(search, "MANY_NODES", -1)
        found = SizeSearch(SIZES, map(guard, systems))
        assert [tuple(sizes.values()) for sizes in found.upto(GREATEST)] == by_hand(systems)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=4))
def test_no_sizes_have_a_smaller_total_than_the_least(systems: list[Coefficients]) -> None:
    least = SizeSearch(SIZES, map(guard, systems)).least_total
    assert all(sum(sizes) >= least for sizes in by_hand(systems))


def test_the_least_total_takes_two_constraints_together() -> None:
    """a + b >= 20 and p >= a + b with an index between: by hand a + b = 20, p = 20; alone each allows half."""
    apart = SizeSearch(SIZES, [guard((1, 1, 0, -20))])
    assert apart.least_total == 20
    together = SizeSearch(SIZES, [guard((1, 1, 0, -20)), guard((-1, -1, 0, 0), 1), guard((0, 0, 1, 0), -1)])
    assert together.least_total == 40
    assert [sum(sizes.values()) for sizes in together.of_total(39)] == []
    assert next(together.of_total(40)) == {"a": 1, "b": 19, "p": 20}


def test_where_no_fractions_meet_the_constraints_every_total_is_passed_over() -> None:
    assert SizeSearch(SIZES, [guard((1, 0, 0, -5)), guard((-1, 0, 0, 4))]).least_total > FAR
