"""Filters read off a map, and filters solved for: against hand calculation and NumPy."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import sympy

import symconv as sc
from symconv.errors import DependenceError, ShapeError, SizeError, UsageError
from symconv.proof.check import check

n, r, H, W = sc.sizes("n r H W")
x, w, X = sc.tensor("x", n), sc.tensor("w", r), sc.tensor("X", H, W)
half = sympy.Rational(1, 2)

CONVOLUTIONS: dict[str, tuple[Any, Any, dict[tuple[int, ...], Any]]] = {
    "right and up by one": (sc.define("S", [H, W], lambda i, j: X[i + 1, j - 1]), X, {(-1, 1): 1}),
    "the mean of adjacent entries": (
        sc.define("m", [n - 1], lambda i: (x[i] + x[i + 1]) / 2),
        x,
        {(-1,): half, (0,): half},
    ),
    "the mean of a block of 2 by 3": (
        sc.pool(X, (2, 3), kind="average", stride=1),
        X,
        {(-u, -v): sympy.Rational(1, 6) for u in range(2) for v in range(3)},
    ),
    "a convolution": (
        sc.convolve(x, sc.tensor("g", 3), mode="full"),
        x,
        {(k,): sympy.IndexedBase("g")[k] for k in range(3)},
    ),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_the_kernel_of_a_map(name: str) -> None:
    f, data, taps = CONVOLUTIONS[name]
    found = sc.impulse_response(f, data)
    assert found
    own = {s for extent in data.shape for s in extent.free_symbols}
    sizes = {s.name: number for s, number in {n: 5, H: 4, W: 5}.items() if s in own}
    assert found.taps(**sizes) == taps
    with pytest.raises(SizeError, match=r"taps: the size q; expected .*; leave it out"):
        found.taps(**sizes, q=1)
    for verdict in (*found.linear, *found.invariant):
        assert verdict.scope == "all sizes"
        assert check(json.loads(json.dumps(verdict.certificate))) > 0


@pytest.mark.parametrize("padding", [0, 2])
def test_a_convolution_with_the_kernel_found_is_the_map(padding: int) -> None:
    """By NumPy: the full convolution with h, without n - 1 entries at each end, is f."""
    f = sc.correlate(x, w, padding=padding)
    kernel = sc.impulse_response(f, x).kernel
    assert kernel is not None
    rng = np.random.default_rng(3)
    data, taps = rng.integers(-9, 9, 6), rng.integers(-9, 9, 4)
    h = sc.Tensor(kernel).compile()(w=taps, n=6)
    whole = np.convolve(data, h, "full")
    assert (whole[5:-5] == np.correlate(np.pad(data, padding), taps, "valid")).all()


REFUSED = {
    "linearity": [
        sc.apply("relu", x),
        sc.define("y", [n], lambda i: x[i] + 1),
        sc.define("y", [n], lambda i: x[i] * x[i]),
        sc.pool(x, 2, stride=1),
    ],
    "invariance": [
        sc.define("y", [n], lambda i: i * x[i]),
        sc.flip(x, [0]),
        sc.correlate(x, w, stride=2),
        sc.upsample_nearest(x, 2),
    ],
}


@pytest.mark.parametrize("f", REFUSED["linearity"], ids=repr)
def test_a_map_that_is_not_linear_has_a_witness(f: Any) -> None:
    found = sc.impulse_response(f, x)
    assert not found
    assert found.linear[-1].counterexample is not None
    assert str(found).startswith("linearity refuted; n=")


@pytest.mark.parametrize("f", REFUSED["invariance"], ids=repr)
def test_a_map_that_is_not_position_invariant_has_a_witness(f: Any) -> None:
    found = sc.impulse_response(f, x)
    assert not found
    assert found.invariant[-1].counterexample is not None
    assert str(found).startswith("linear; position invariance refuted; n=")
    with pytest.raises(ShapeError, match=r"taps: a map that is linear; position invariance refuted.*; expected a conv"):
        found.taps(n=3)


def test_what_has_no_impulse_response_is_told() -> None:
    with pytest.raises(ShapeError, match=r"impulse_response\(.*\): a map from .* to .*; expected .* take one channel"):
        sc.impulse_response(sc.vec(X), X)
    with pytest.raises(DependenceError, match=r"does not depend on w; expected a map of it; check the names"):
        sc.impulse_response(sc.apply("tanh", x), w)


# -- filters with a property --------------------------------------------------------------------


def parabola() -> tuple[Any, Any, Any]:
    """p2 t^2 + p1 t + p0 at t = 0, 1, ..; its slope and its bend at t."""
    p2, p1, p0 = (sc.tensor(name) for name in ("p2", "p1", "p0"))
    f = sc.define("f", [n], lambda t: p2[()] * t * t + p1[()] * t + p0[()])
    return f, lambda t: 2 * p2[()] * t + p1[()], lambda t: 2 * p2[()]


def test_the_central_difference() -> None:
    """Seed 0 (a): f * g = (f[t+1] - f[t-1]) / 2 gives g[-1] = 1/2, g[0] = 0, g[1] = -1/2; correlation has it turned."""
    f, g = sc.tensor("f", n), sc.tensor("g", 3)
    slope = sc.define("slope", [n - 2], lambda t: (f[t + 2] - f[t]) / 2)
    found = sc.find_filter(sc.convolve(f, g), slope, g)
    assert found.taps == sympy.Array([half, 0, -half])
    assert found.verdict.scope == "all sizes"
    assert sc.find_filter(sc.correlate(f, g), slope, g).taps == sympy.Array([-half, 0, half])


def test_exact_on_parabolas() -> None:
    """Three taps for the slope in the middle and for the bend; two taps cannot have the slope at one of them."""
    f, slope, bend = parabola()
    g, two = sc.tensor("g", 3), sc.tensor("g", 2)
    middle = sc.define("s", [n - 2], lambda t: slope(t + 1))
    assert sc.find_filter(sc.correlate(f, g), middle, g).taps == sympy.Array([-half, 0, half])
    bends = sc.define("b", [n - 2], bend)
    assert sc.find_filter(sc.correlate(f, g), bends, g).taps == sympy.Array([1, -2, 1])
    none = sc.find_filter(sc.correlate(f, two), sc.define("s", [n - 1], slope), two)
    assert none.taps is None
    assert str(none) == "no filter has this property; the equations at n=5 contradict each other"


def test_taps_that_stay_open_are_named() -> None:
    """Five taps for three conditions: two stay open, and every choice of them is exact on a parabola."""
    f, slope, _ = parabola()
    g = sc.tensor("g", 5)
    middle = sc.define("s", [n - 4], lambda t: slope(t + 2))
    found = sc.find_filter(sc.correlate(f, g), middle, g, n=7)
    assert len(found.free) == 2
    taps = [t.subs(dict(zip(found.free, (3, -2), strict=True))) for t in found.taps]
    values = [5 * t * t - 4 * t + 1 for t in range(5)]
    assert sum(a * b for a, b in zip(taps, values, strict=True)) == 2 * 5 * 2 - 4


def test_a_kernel_in_a_plane() -> None:
    """The filter that gives the difference of the two neighbours in a row is the edge detector with one row."""
    K = sc.tensor("K", 2, 3)
    across = sc.define("d", [H - 1, W - 2], lambda i, j: X[i, j + 2] - X[i, j])
    assert sc.find_filter(sc.correlate(X, K), across, K).taps == sympy.Array([[-1, 0, 1], [0, 0, 0]])


def test_what_cannot_be_solved_for_is_told() -> None:
    g = sc.tensor("g", 2)
    y = sc.correlate(x, g)
    with pytest.raises(ShapeError, match=r"w of shape .*; expected free data of a shape in numbers; say its extents"):
        sc.find_filter(sc.correlate(x, w), x, w)
    with pytest.raises(DependenceError, match=r"nothing depends on h; expected an equation with it"):
        sc.find_filter(y, y, sc.tensor("h", 2))
    with pytest.raises(SizeError, match=r"the size m; expected n; leave it out"):
        sc.find_filter(y, y, g, m=4)
    with pytest.raises(UsageError, match=r"expected an equation that is linear in g\[0\], g\[1\]; state the property"):
        sc.find_filter(sc.apply("tanh", y), y, g)
    with pytest.raises(UsageError, match=r"is linear in g\[0\], g\[1\]"):
        sc.find_filter(sc.correlate(y, g), sc.define("z", [n - 2], lambda i: x[i]), g)
    with pytest.raises(ShapeError, match=r"shapes \(4,\) and \(5,\); expected equal shapes; at n=5 they differ"):
        sc.find_filter(y, x, g)
