"""The check with numbers on a page, against differences of our own."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import correlate2d

from symconv.solving import solve_spec
from tests.solved import solved


def numbers(displays: tuple[str, ...]) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    found = {}
    for display in displays:
        name, _, rows = display.partition(" = ")
        body = rows.removeprefix(r"\begin{bmatrix} ").removesuffix(r" \end{bmatrix}")
        found[name] = np.array([[int(cell) for cell in row.split(" & ")] for row in body.split(r" \\ ")])
    return found


@pytest.mark.parametrize("by", ["X", "K"])
def test_the_loss_at_both_ends_is_that_of_scipy(by: str) -> None:
    (derivation,) = solved("conv2d", by).derivations
    check = derivation.instance.check
    assert check is not None
    given = {name: array.astype(float) for name, array in numbers(check.numbers).items()}
    assert not np.array_equal(given["K"], given["G"])
    row, column = (int(part) for part in check.entry.removeprefix(f"{by}_{{").removesuffix("}").split(", "))
    losses = []
    for at, _ in check.ends:
        given[by][row, column] = at
        losses.append((correlate2d(given["X"], given["K"], "valid") * given["G"]).sum())
    assert losses == [float(value) for _, value in check.ends]
    assert check.derivative[1] == losses[1] - losses[0] != 0


def test_a_maximum_is_checked_at_an_entry_that_wins() -> None:
    (derivation,) = solved("maxpool2d").derivations
    check = derivation.instance.check
    assert check is not None
    assert check.derivative[1] != 0
    assert set(check.numbers) <= set(derivation.instance.numbers)


@pytest.mark.parametrize("spec", ["activation", "softmax"])
def test_no_check_where_the_difference_is_not_the_derivative(spec: str) -> None:
    assert all(d.instance.check is None for d in solved(spec).derivations)


def test_a_square_is_checked_exactly() -> None:
    (derivation,) = solve_spec(r"y_i = x_i x_i").derivations
    check = derivation.instance.check
    assert check is not None
    (low, before), (high, after) = check.ends
    assert high - low == 1
    assert after - before == check.derivative[1]
    assert check.derivative[1] == Fraction(low + high) * numbers(check.numbers)["G"].ravel()[1]
