"""Exact linear feasibility: is there x >= 0 with A x = b, over the rationals?

Phase one of the simplex method on a tableau of whole numbers (pivots without
fractions, after Edmonds), Bland's rule once progress stalls.  Small and exact:
the systems of a guard have some ten to a hundred columns.
"""

from __future__ import annotations

from fractions import Fraction

from symconv.proof.clock import tick

Row = list[int]


def feasible_point(columns: list[dict[int, int]], rows: int, goal: list[int]) -> list[Fraction] | None:
    """x >= 0 with sum of x[j] * columns[j] = goal, or None.

    columns: sparse columns {row: entry}; rows: how many rows; goal: the right side.

    >>> feasible_point([{0: 1}, {0: -1, 1: 1}], 2, [0, 3])
    [Fraction(3, 1), Fraction(3, 1)]
    >>> feasible_point([{0: 1}], 1, [-1]) is None
    True
    """
    n = len(columns)
    signs = [-1 if g < 0 else 1 for g in goal]
    tableau: list[Row] = [[0] * (n + 1) for _ in range(rows)]
    for j, column in enumerate(columns):
        for i, entry in column.items():
            tableau[i][j] = entry * signs[i]
    for i in range(rows):
        tableau[i][n] = goal[i] * signs[i]
    cost: Row = [-sum(tableau[i][j] for i in range(rows)) for j in range(n + 1)]
    basis = [-1] * rows  # -1: an artificial variable, never to come back
    scale = _minimise(tableau, cost, basis)
    if cost[n] != 0:
        return None
    point = [Fraction(0)] * n
    for i, j in enumerate(basis):
        if j >= 0:
            point[j] = Fraction(tableau[i][n], scale)
    return point


def _minimise(tableau: list[Row], cost: Row, basis: list[int]) -> int:
    """Pivot until no column lowers the cost; returns the common denominator of the tableau."""
    scale, stalled, n = 1, 0, len(cost) - 1
    while cost[n] != 0:
        tick()
        if stalled < 12:
            enter = min(range(n), key=cost.__getitem__, default=-1)
        else:
            enter = next((j for j in range(n) if cost[j] < 0), -1)
        if enter < 0 or cost[enter] >= 0:
            break
        leave = _leaving_row(tableau, basis, enter, n)
        if leave < 0:
            break
        before = Fraction(cost[n], scale)
        scale = _pivot(tableau, cost, leave, enter, scale)
        basis[leave] = enter
        stalled = 0 if Fraction(cost[n], scale) != before else stalled + 1
    return scale


def _leaving_row(tableau: list[Row], basis: list[int], enter: int, n: int) -> int:
    """The row with the least ratio; artificial variables leave first, then the least index (Bland)."""
    best = -1
    for i, row in enumerate(tableau):
        if row[enter] <= 0:
            continue
        if best < 0:
            best = i
            continue
        left, right = row[n] * tableau[best][enter], tableau[best][n] * row[enter]
        if left < right or (left == right and basis[i] < basis[best]):
            best = i
    return best


def _pivot(tableau: list[Row], cost: Row, leave: int, enter: int, scale: int) -> int:
    pivot_row = tableau[leave]
    pivot = pivot_row[enter]
    places = [j for j, v in enumerate(pivot_row) if v]
    for row in (*tableau, cost):
        if row is pivot_row:
            continue
        factor = row[enter]
        if factor == 0:
            if pivot != scale:
                for j, v in enumerate(row):
                    if v:
                        row[j] = v * pivot // scale
            continue
        if pivot == scale:
            for j in places:
                row[j] -= factor * pivot_row[j] // scale
            continue
        for j, v in enumerate(row):
            row[j] = (v * pivot - factor * pivot_row[j]) // scale
    return pivot
