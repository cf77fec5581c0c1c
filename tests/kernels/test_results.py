"""The array of a result: the caller's own where nothing else is read from it, of the type that the formula gives."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import symconv as sc

H, W = sc.sizes("H W")
u, v = sc.indices("u v")
AVERAGE = "avgpool2d --kernel 3,2 --stride 2,1"
X, Z = sc.tensor("X", 2 * H, 2 * W), sc.tensor("Z", H, W)


@pytest.mark.parametrize("first", ["windows", "array"])
@pytest.mark.parametrize("divided", [1, 4])
def test_a_result_that_another_term_reads(first, divided):
    """y = a sum of windows of X + Z, written over Z: every term is read before the result is there."""

    def entry(i, j):
        windows = sc.total(X[2 * i + u, 2 * j + v], (u, 0, 1), (v, 0, 1)) / divided
        return windows + Z[i, j] if first == "windows" else Z[i, j] + windows

    compute = sc.define("y", [H, W], entry).compile()
    rng = np.random.default_rng(7)
    x, z = rng.standard_normal((6, 10)), rng.standard_normal((3, 5))
    expected = x.reshape(3, 2, 5, 2).sum((1, 3)) / divided + z
    np.testing.assert_allclose(compute(X=x, Z=z, out=z), expected, rtol=1e-14)
    np.testing.assert_allclose(z, expected, rtol=1e-14)


def mean(images):
    """The mean of windows of 3 by 2 at strides 2 and 1, by NumPy in float64."""
    windows = np.lib.stride_tricks.sliding_window_view(images.astype(np.float64), (3, 2), (2, 3))
    return windows[:, :, ::2].mean((-1, -2))


@pytest.fixture(scope="module")
def average():
    module = ModuleType("exported")
    exec(compile(sc.export(AVERAGE), "exported", "exec"), module.__dict__)  # noqa: S102
    return module.forward


@pytest.mark.parametrize("given", ["f2", "f4", "f8", "longdouble", "i4", "u1", "?"])
def test_an_average_in_the_callers_array(average, given):
    """Means of floats have their type, of integers float64; the sums of integers are exact in between."""
    images = np.random.default_rng(3).integers(0, 200, (2, 3, 8, 9)).astype(given)
    expected = mean(images)
    kind = images.dtype if images.dtype.kind == "f" else np.dtype(np.float64)
    out = np.full(expected.shape, 7, kind)
    assert average(images, out=out) is out
    np.testing.assert_allclose(out.astype(float), expected, rtol=1e-2 if given == "f2" else 1e-6)
    alone = average(images)
    assert alone.dtype == kind
    np.testing.assert_array_equal(alone, out)


PLACES = {
    "where they begin": np.s_[:, :, :198, :59],
    "in their last rows": np.s_[:, :, -198:, 1:],
    "in the images before": np.s_[::-1, :, :198, :59],
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_an_average_over_its_own_images(average, place):
    """Larger than what is pooled at a time, so that a part would be read after another one has been written."""
    images = np.random.default_rng(4).standard_normal((3, 9, 398, 60))
    expected, out = mean(images), images[place]
    np.testing.assert_allclose(average(images, out=out), expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(out, expected, rtol=0, atol=1e-14)


def test_an_average_of_integers_in_an_array_of_another_type(average):
    message = (
        r"^out: shape \(1, 1, 2, 4\) of float32 given; \(1, 1, 2, 4\) of float64, writeable, needed; "
        "give such an array or leave it out$"
    )
    with pytest.raises(ValueError, match=message):
        average(np.ones((1, 1, 5, 5), int), out=np.empty((1, 1, 2, 4), np.float32))


@pytest.mark.parametrize("kind", [int, np.float32])
def test_an_array_that_does_not_fit_is_refused_before_the_sums(average, kind, monkeypatch):
    def pooled(*_):
        raise AssertionError("sums before the caller's array was looked at")

    monkeypatch.setitem(average.__globals__, "_pool", pooled)
    with pytest.raises(ValueError, match=r"^out: shape \(3,\) of int16 given"):
        average(np.ones((1, 1, 5, 5), kind), out=np.empty(3, np.int16))


def test_the_gradient_of_an_average_divides_the_upstream_gradient_once():
    assert sc.export(AVERAGE).split("# ---- helpers")[0].count(" / 6") == 1
