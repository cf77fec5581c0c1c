"""Exact feasibility against SciPy's linear programming, and every point it gives put into its system."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from symconv.proof.linear import feasible_point

Matrix = list[list[int]]


@st.composite
def systems(draw: st.DrawFn, most: int = 4) -> tuple[Matrix, list[int]]:
    """A matrix with many zeros, and a right side that is a sum of columns in half of all cases."""
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 8))
    entry = st.one_of(st.just(0), st.integers(-most, most))
    matrix = [[draw(entry) for _ in range(columns)] for _ in range(rows)]
    if draw(st.booleans()):
        weights = [draw(st.integers(0, 3)) for _ in range(columns)]
        return matrix, [sum(a * x for a, x in zip(row, weights, strict=True)) for row in matrix]
    return matrix, [draw(entry) for _ in range(rows)]


def solve(matrix: Matrix, goal: list[int]) -> list[Fraction] | None:
    columns = [{i: row[j] for i, row in enumerate(matrix) if row[j]} for j in range(len(matrix[0]))]
    return feasible_point(columns, len(matrix), goal)


@settings(max_examples=400, deadline=None)
@given(systems())
def test_feasible_where_scipy_says_so(system: tuple[Matrix, list[int]]) -> None:
    matrix, goal = system
    found = linprog(np.zeros(len(matrix[0])), A_eq=matrix, b_eq=goal, bounds=(0, None), method="highs")
    assert found.status in (0, 2)
    assert (solve(matrix, goal) is not None) == (found.status == 0)


@settings(max_examples=400, deadline=None)
@given(systems(most=10**12))
def test_a_point_solves_its_system_exactly(system: tuple[Matrix, list[int]]) -> None:
    """With entries at which floating-point numbers would be off."""
    matrix, goal = system
    point = solve(matrix, goal)
    if point is not None:
        assert all(isinstance(x, (int, Fraction)) and x >= 0 for x in point)
        assert [sum(a * x for a, x in zip(row, point, strict=True)) for row in matrix] == goal


@settings(max_examples=200, deadline=None)
@given(systems(), st.lists(st.integers(0, 4), min_size=8, max_size=8))
def test_a_system_made_from_a_point_is_feasible(system: tuple[Matrix, list[int]], weights: list[int]) -> None:
    matrix, _ = system
    goal = [sum(a * x for a, x in zip(row, weights, strict=False)) for row in matrix]
    assert solve(matrix, goal) is not None


def test_a_cycle_of_degenerate_pivots_ends() -> None:
    """The system of Beale (1955) made feasible at 0, on which the simplex method can cycle."""
    matrix = [[1, 0, 0, 25, -800, -100, 900], [0, 1, 0, 50, -1200, -50, 300], [0, 0, 1, 0, 0, 1, 0]]
    assert solve(matrix, [0, 0, 1]) is not None
    assert solve([*matrix, [1, 1, 1, 1, 1, 1, 1]], [0, 0, 1, -1]) is None


def test_no_columns() -> None:
    assert feasible_point([], 1, [0]) == []
    assert feasible_point([], 1, [1]) is None
