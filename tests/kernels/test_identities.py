"""The theorem behind each schedule is proved for all sizes, and the matrices of the tiles are exact."""

from __future__ import annotations

import numpy as np
import pytest

from symconv.errors import UsageError
from symconv.evidence import judge
from symconv.kernels.runtime.fourier import _length
from symconv.kernels.runtime.tiles import _tile
from symconv.kernels.schedules.identities import IDENTITIES
from symconv.kernels.schedules.roots import is_a_circle
from symconv.kernels.schedules.toom_cook import is_an_identity, toom_cook
from symconv.proof.problem import tensor_equation
from symconv.proof.verdict import ALL_SIZES, Status

TILES = [(m, r) for m in range(1, 7) for r in range(1, 8) if m + r <= 9]


@pytest.mark.parametrize("name", sorted(IDENTITIES))
def test_the_theorem_is_proved_for_all_sizes(name):
    identity = IDENTITIES[name]()
    verdict = judge(tensor_equation(identity.left, identity.right, identity.hypotheses))
    assert (verdict.status, verdict.scope) == (Status.PROVED, ALL_SIZES), verdict


@pytest.mark.parametrize(("m", "r"), TILES)
def test_a_tile_is_an_exact_polynomial_identity(m, r):
    assert is_an_identity(m, r)


@pytest.mark.parametrize(("m", "r"), TILES)
def test_exported_matrices_are_those_that_sympy_derives(m, r):
    derived = toom_cook(m, r)
    for found, exact in zip(_tile(m, r), (derived.back, derived.weigh, derived.into), strict=True):
        np.testing.assert_allclose(found, np.array(exact.tolist(), float), rtol=1e-15)


@pytest.mark.parametrize(("m", "r"), TILES)
def test_what_a_tile_reads_is_transformed_alike_where_outputs_and_taps_change_places(m, r):
    assert toom_cook(m, r).into == toom_cook(r, m).into  # what C relies on, for F(4, 3) and F(3, 4)


@pytest.mark.parametrize(("m", "r"), [(0, 3), (3, 0), (9, 9)])
def test_a_tile_that_is_not_to_be_had(m, r):
    with pytest.raises(UsageError, match=rf"F\({m}, {r}\): a tile of {m} outputs and {r} taps; expected at least one"):
        toom_cook(m, r)


LENGTHS = sorted({_length(taps, outputs) for taps in range(1, 200) for outputs in (1, 7, 30, 100, 500, 2000)})


def test_the_lengths_of_tiles_of_up_to_two_hundred_taps():
    assert LENGTHS == [12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384]


@pytest.mark.parametrize("length", LENGTHS)
def test_powers_of_a_root_of_unity_add_up_to_a_circle(length):
    """And those powers are what NumPy transforms by."""
    assert is_a_circle(length)
    powers = np.exp(-2j * np.pi * (np.outer(np.arange(length), np.arange(length)) % length) / length)
    np.testing.assert_allclose(np.fft.fft(np.eye(length)), powers, atol=1e-12)


def test_a_root_of_another_order_is_no_circle(monkeypatch):
    """Of order 6, every second power is one of order 3: six of them do not add up to a circle of twelve."""
    import sympy

    right = sympy.cyclotomic_poly
    monkeypatch.setattr(sympy, "cyclotomic_poly", lambda n, z: right(n // 2, z))
    assert not is_a_circle(12)


def test_a_length_that_is_none():
    with pytest.raises(UsageError, match="length: 0; expected at least 1; give the number of entries"):
        is_a_circle(0)
