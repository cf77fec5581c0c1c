"""The evaluator against NumPy, SciPy, hand calculation and (marked) torch.

Nothing here is compared with the prover: the evaluator is what judges it.
All sizes differ, kernels have no symmetry, strides do not divide.
"""

from __future__ import annotations

import ast
import math
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal
from scipy.linalg import toeplitz as toeplitz_matrix

import symconv.proof
from symconv.calculus.gradient import gradient, upstream
from symconv.errors import ScopeError, SizeError
from symconv.ops.correlate import convolve, correlate, depthwise, transposed
from symconv.ops.layer import add_bias, apply, cross_entropy, dense, elementwise, softmax
from symconv.ops.matrix import matmul, toeplitz, unvec, vec
from symconv.ops.pool import argmax, pool_average, pool_max
from symconv.ops.window import concatenate, crop, flip, pad, rot180, stuff, transpose
from symconv.proof.evaluate import (
    DivisionByZero,
    DomainError,
    EmptyWindow,
    EvaluationError,
    OutOfRange,
    Unbounded,
    Undecided,
    World,
    differ,
)
from symconv.proof.evaluation.intervals import Interval, erf
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, define, ranges_of
from symconv.term.value import (
    Apply,
    Condition,
    Derivative,
    Function,
    Maximum,
    Position,
    Range,
    Reciprocal,
    Sum,
    Value,
    at_least,
    bracket,
    equal,
    total,
    unequal,
)

P = Poly.of
LINE = Axis(None, None)


def leaf(name: str, *extents: object, outside: str = "zero") -> Leaf:
    axes = tuple(e if isinstance(e, Axis) else Axis.of(Size(e) if isinstance(e, str) else e) for e in extents)
    return Leaf(name, axes, outside)  # type: ignore[arg-type]


def given_as(**arrays: object) -> dict[str, dict[tuple[int, ...], int]]:
    """Leaves with these entries."""
    return {name: {index: int(np.asarray(a)[index]) for index in np.ndindex(np.shape(a))} for name, a in arrays.items()}


def array(world: World, tensor: Tensor) -> np.ndarray:
    """All entries, exact."""
    axes = world.axes(tensor)
    result = np.empty([len(a) for a in axes], dtype=object)
    for place, index in zip(np.ndindex(result.shape), product(*axes), strict=True):
        result[place] = world.entry(tensor, index)
    return result


def same(a: np.ndarray, b: object) -> bool:
    b = np.asarray(b, dtype=object)
    return a.shape == b.shape and bool(np.all(a == b))


def naive(
    x: np.ndarray,
    k: np.ndarray,
    stride: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    groups: int = 1,
) -> np.ndarray:
    """Correlation of [N, C, H..] with [O, C/g, r..], by loops."""
    n = k.ndim - 2
    around = np.zeros(
        (*x.shape[:2], *(h + p0 + p1 for h, (p0, p1) in zip(x.shape[2:], padding, strict=True))), dtype=object
    )
    around[(..., *(slice(p0, p0 + h) for h, (p0, _) in zip(x.shape[2:], padding, strict=True)))] = x
    x = around
    within, outputs = k.shape[1], k.shape[0] // groups
    reach = [d * (r - 1) + 1 for d, r in zip(dilation, k.shape[2:], strict=True)]
    extents = [(h - far) // s + 1 for h, far, s in zip(x.shape[2:], reach, stride, strict=True)]
    result = np.zeros((x.shape[0], k.shape[0], *extents), dtype=object)
    for index in np.ndindex(result.shape):
        b, o, *y = index
        for c, *u in np.ndindex(k.shape[1:]):
            at = tuple(stride[a] * y[a] + dilation[a] * u[a] for a in range(n))
            result[index] += k[(o, c, *u)] * x[(b, (o // outputs) * within + c, *at)]
    return result


def plain(x: np.ndarray, k: np.ndarray, stride: object = 1, padding: object = 0, dilation: object = 1) -> np.ndarray:
    """The same without batch and channels; amounts as `correlate` takes them."""

    def each(amount: object) -> tuple:
        return amount if isinstance(amount, tuple) else (amount,) * k.ndim

    around = tuple(p if isinstance(p, tuple) else (p, p) for p in each(padding))
    return naive(x[None, None], k[None, None], each(stride), around, each(dilation))[0, 0]


def slopes(loss: Callable[[np.ndarray], object], x: np.ndarray) -> np.ndarray:
    """Central differences: exact for a loss that is linear or quadratic in each entry."""
    result = np.empty(x.shape, dtype=object)
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += 1
        down[index] -= 1
        result[index] = Fraction(loss(up) - loss(down), 2)
    return result


# -- forward: correlation and its relatives -------------------------------------

OPTIONS = [
    ({"H": 7}, {"r": 3}, {}),
    ({"H": 9}, {"r": 3}, {"stride": 2, "padding": ((1, 2),), "dilation": 2}),
    ({"H": 4, "W": 5}, {"r": 3, "c": 2}, {}),
    ({"H": 6, "W": 7}, {"r": 3, "c": 2}, {"stride": (2, 3), "padding": ((1, 0), (2, 1)), "dilation": (1, 2)}),
    ({"D": 3, "H": 4, "W": 5}, {"q": 2, "r": 3, "c": 2}, {}),
    ({"D": 4, "H": 5, "W": 3}, {"q": 3, "r": 2, "c": 2}, {"stride": (2, 1, 2), "padding": (1, 0, 1)}),
]


@pytest.mark.parametrize(("image", "kernel", "options"), OPTIONS)
def test_correlate_and_convolve_are_the_loops(image: dict, kernel: dict, options: dict) -> None:
    x, k, world = leaf("X", *image), leaf("K", *kernel), World({**image, **kernel})
    a, b = array(world, x), array(world, k)
    spatial = len(kernel)
    assert same(array(world, correlate(x, k, **options, spatial=spatial)), plain(a, b, **options))
    assert same(array(world, convolve(x, k, **options, spatial=spatial)), plain(a, np.flip(b), **options))


@pytest.mark.parametrize(("mode", "kernel"), [("valid", (3, 2)), ("full", (3, 2)), ("same", (3, 5))])
def test_modes_are_those_of_scipy(mode: str, kernel: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(-9, 9, (6, 7)), rng.integers(-9, 9, kernel)
    x, k = leaf("X", 6, 7), leaf("K", *kernel)
    world = World({}, leaves=given_as(X=a, K=b))
    assert same(array(world, correlate(x, k, mode=mode)), signal.correlate2d(a, b, mode))
    assert same(array(world, convolve(x, k, mode=mode)), signal.convolve2d(a, b, mode))


def test_same_with_an_even_kernel_pads_the_end() -> None:
    x, k, world = leaf("X", 5), leaf("K", 4), World({})
    expected = plain(array(world, x), array(world, k), padding=((1, 2),))
    assert same(array(world, correlate(x, k, mode="same")), expected)


def test_batch_channels_and_groups() -> None:
    sizes = {"N": 2, "H": 5, "W": 4, "r": 2, "c": 3}
    world = World(sizes)
    x, k = leaf("X", "N", 6, "H", "W"), leaf("K", 4, 3, "r", "c")
    f = correlate(x, k, groups=2, stride=(2, 1), padding=(1, 0))
    expected = naive(array(world, x), array(world, k), (2, 1), ((1, 1), (0, 0)), (1, 1), 2)
    assert same(array(world, f), expected)
    one = leaf("X", 6, "H", "W")
    assert same(
        array(world, correlate(one, k, groups=2)),
        naive(array(world, one)[None], array(world, k), (1, 1), ((0, 0),) * 2, (1, 1), 2)[0],
    )


def test_groups_may_be_a_size() -> None:
    g, within = Size("g"), Size("w")
    x, k = Leaf("X", (Axis.of(P(g) * within), Axis.of(5))), leaf("K", 6, "w", 2)
    f = correlate(x, k, groups=g, spatial=1)
    world = World({"g": 3, "w": 2})
    assert same(array(world, f), naive(array(world, x)[None], array(world, k), (1,), ((0, 0),), (1,), 3)[0])


def test_depthwise_takes_a_kernel_for_each_channel() -> None:
    x, k, world = leaf("X", "C", "H", "W"), leaf("K", "C", "r", "c"), World({"C": 3, "H": 5, "W": 4, "r": 2, "c": 3})
    a, b = array(world, x), array(world, k)
    expected = [plain(a[c], b[c], stride=(2, 1), padding=(0, 1), dilation=(2, 1)) for c in range(3)]
    assert same(array(world, depthwise(x, k, stride=(2, 1), padding=(0, 1), dilation=(2, 1))), expected)


def scattered(x: np.ndarray, k: np.ndarray, stride: tuple, dilation: tuple, cut: tuple, extra: tuple) -> np.ndarray:
    """Transposed convolution as it is told: every entry lays down the kernel."""
    reach = [s * (h - 1) + d * (r - 1) + 1 for s, h, d, r in zip(stride, x.shape, dilation, k.shape, strict=True)]
    result = np.zeros([n + e for n, e in zip(reach, extra, strict=True)], dtype=object)
    for i in np.ndindex(x.shape):
        for u in np.ndindex(k.shape):
            result[tuple(s * a + d * b for s, a, d, b in zip(stride, i, dilation, u, strict=True))] += x[i] * k[u]
    return result[tuple(slice(p0, n - p1) for n, (p0, p1) in zip(result.shape, cut, strict=True))]


def test_transposed_scatters() -> None:
    x, k, world = leaf("X", "H", "W"), leaf("K", "r", "c"), World({"H": 4, "W": 3, "r": 2, "c": 3})
    f = transposed(x, k, stride=(3, 2), padding=((1, 0), (0, 2)), output_padding=(1, 0), dilation=(1, 2))
    expected = scattered(array(world, x), array(world, k), (3, 2), (1, 2), ((1, 0), (0, 2)), (1, 0))
    assert same(array(world, f), expected)


def test_transposed_worked_example() -> None:
    world = World({}, leaves=given_as(X=[[3, 4], [1, 7]], K=[[2, 0], [1, -1]]))
    f = transposed(leaf("X", 2, 2), leaf("K", 2, 2))
    assert same(array(world, f), [[6, 8, 0], [5, 15, -4], [1, 6, -7]])


@st.composite
def configurations(draw: st.DrawFn) -> tuple[dict, dict, dict, int]:
    axes = draw(st.integers(1, 3))
    groups, within, outputs = (draw(st.integers(1, 2)) for _ in range(3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    taps, dilation, stride = each(1, 3), each(1, 2), each(1, 3)
    padding = tuple((draw(st.integers(0, 2)), draw(st.integers(0, 2))) for _ in range(axes))
    reach = [d * (r - 1) + 1 - sum(p) for d, r, p in zip(dilation, taps, padding, strict=True)]
    image = tuple(max(1, far) + draw(st.integers(0, 3)) for far in reach)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    shapes = {"X": (2, groups * within, *image), "K": (groups * outputs, within, *taps)}
    return shapes, options, {"groups": groups, "spatial": axes}, draw(st.integers(0, 99))


@settings(max_examples=60, deadline=None)
@given(configurations())
def test_random_configurations_are_the_loops(configuration: tuple[dict, dict, dict, int]) -> None:
    shapes, options, further, seed = configuration
    x, k, world = leaf("X", *shapes["X"]), leaf("K", *shapes["K"]), World({}, seed)
    expected = naive(array(world, x), array(world, k), *options.values(), further["groups"])
    assert same(array(world, correlate(x, k, **options, **further)), expected)


# -- forward: moving entries ------------------------------------------------------


def test_pad_crop_and_stuff() -> None:
    x, world = leaf("X", "H", "W"), World({"H": 4, "W": 5, "p": 2, "q": 1})
    a = array(world, x)
    assert same(array(world, pad(x, ((Size("p"), 0), (1, Size("q"))))), np.pad(a, ((2, 0), (1, 1))))
    assert same(array(world, crop(x, ((1, 0), (0, 2)))), a[1:, :-2])
    assert same(array(world, pad(x, ((-1, 1), (2, -2)))), np.pad(a, ((0, 1), (2, 0)))[1:, :-2])
    expected = np.zeros((3 * 3 + 1, 2 * 4 + 1), dtype=object)
    expected[::3, ::2] = a
    assert same(array(world, stuff(x, (3, 2))), expected)


def test_turning_and_joining() -> None:
    x, y, world = leaf("X", "H", "W"), leaf("Y", "R", "W"), World({"H": 4, "W": 3, "R": 2})
    a, b = array(world, x), array(world, y)
    assert same(array(world, rot180(x)), a[::-1, ::-1])
    assert same(array(world, flip(x, [1])), a[:, ::-1])
    assert same(array(world, transpose(x)), a.T)
    assert same(array(world, concatenate([x, y, x])), np.concatenate([a, b, a]))
    k = leaf("K", 2, 3, 4, 5)
    assert same(array(world, rot180(k)), np.flip(array(world, k), (2, 3)))
    assert same(array(world, transpose(k, (2, 0, 3, 1))), np.transpose(array(world, k), (2, 0, 3, 1)))


@pytest.mark.parametrize(("order", "letter"), [("columns", "F"), ("rows", "C")])
def test_vec_and_unvec(order: str, letter: str) -> None:
    x, world = leaf("X", "H", "W"), World({"H": 4, "W": 3})
    a = array(world, x)
    assert same(array(world, vec(x, order)), a.flatten(letter))
    assert same(array(world, unvec(vec(x, order), x.shape, order)), a)
    volume = leaf("V", 2, 3, 4)
    assert same(array(world, vec(volume, order)), array(world, volume).flatten(letter))


@pytest.mark.parametrize("order", ["columns", "rows"])
@pytest.mark.parametrize(
    "options", [{}, {"stride": (2, 1), "padding": ((1, 0), (0, 2))}, {"dilation": (1, 2), "padding": 1, "stride": 2}]
)
def test_toeplitz_times_vec_is_vec_of_the_correlation(order: str, options: dict) -> None:
    x, k, world = leaf("X", "H", "W"), leaf("K", "r", "c"), World({"H": 5, "W": 4, "r": 3, "c": 2})
    t = toeplitz(k, x.shape, **options, order=order)
    expected = plain(array(world, x), array(world, k), **options).flatten("F" if order == "columns" else "C")
    assert same(array(world, matmul(t, vec(x, order))), expected)
    assert same(array(world, t) @ array(world, vec(x, order)), expected)


def test_toeplitz_is_that_of_scipy() -> None:
    world = World({}, leaves=given_as(K=[2, 5, 7]))
    expected = toeplitz_matrix([2, 0, 0], [2, 5, 7, 0, 0])
    assert same(array(world, toeplitz(leaf("K", 3), (P(5),))), expected)


def test_matrices_and_layers() -> None:
    world = World({"m": 3, "n": 4, "N": 2, "l": 5})
    w, x, b = leaf("W", "m", "n"), leaf("X", "n"), leaf("b", "m")
    rows, right = leaf("Z", "N", "n"), leaf("R", "n", "l")
    a, v, c = array(world, w), array(world, x), array(world, b)
    assert same(array(world, matmul(w, right)), a @ array(world, right))
    assert same(array(world, matmul(leaf("b", "m"), w)), c @ a)
    assert same(array(world, dense(w, x, b)), a @ v + c)
    assert same(array(world, dense(w, rows, b)), array(world, rows) @ a.T + c)
    assert same(array(world, elementwise(w, w, "*")), a * a)
    assert same(
        array(world, elementwise(rows, leaf("Y", "N", "n"), "-")), array(world, rows) - array(world, leaf("Y", 2, 4))
    )


def test_biases() -> None:
    world = World({"C": 3, "H": 4, "W": 2})
    x, a = leaf("X", "C", "H", "W"), array(World({"C": 3, "H": 4, "W": 2}), leaf("X", 3, 4, 2))
    assert same(array(world, add_bias(x, leaf("b"))), a + world.entry(leaf("b"), ()))
    channel = leaf("b", "C")
    assert same(array(world, add_bias(x, channel)), a + array(world, channel)[:, None, None])
    row = leaf("r", "W")
    assert same(array(world, add_bias(x, row, axis=2)), a + array(world, row))
    untied = leaf("u", "C", "H", "W")
    assert same(array(world, add_bias(x, untied)), a + array(world, untied))


# -- forward: pooling -------------------------------------------------------------


@pytest.mark.parametrize(("window", "stride"), [((2, 3), None), ((3, 2), (1, 2)), ((2, 2), (3, 1))])
def test_pooling_over_windows(window: tuple[int, int], stride: tuple[int, int] | None) -> None:
    x, world = leaf("X", "H", "W"), World({"H": 7, "W": 8})
    a = array(world, x)
    down, across = stride or window
    places = list(product(range(0, 8 - window[0], down), range(0, 9 - window[1], across)))
    shape = len({i for i, _ in places}), len({j for _, j in places})
    windows = [a[i : i + window[0], j : j + window[1]] for i, j in places]
    means = np.array([Fraction(int(w.sum()), w.size) for w in windows], dtype=object).reshape(shape)
    assert same(array(world, pool_average(x, window, stride)), means)
    assert same(array(world, pool_max(x, window, stride)), np.array([w.max() for w in windows], object).reshape(shape))


def test_average_with_a_weight_and_with_padding() -> None:
    x, world = leaf("X", "H"), World({"H": 5})
    a = [0, *array(world, x), 0]
    sums = [sum(a[i : i + 3]) for i in (0, 2, 4)]
    weight = leaf("w")
    assert same(array(world, pool_average(x, 3, 2, padding=1)), [Fraction(s, 3) for s in sums])
    weighted = pool_average(x, 3, 2, padding=1, weight=weight)
    assert same(array(world, weighted), [s * world.entry(weight, ()) for s in sums])


def test_of_equal_entries_the_first_in_row_major_order_wins() -> None:
    x = leaf("X", 2, 6)
    pooled = pool_max(x, (2, 2))
    world = World({}, leaves=given_as(X=[[1, 7, 3, 3, -2, -5], [7, 7, 3, 4, -2, -2]]))
    at = argmax(pooled, (P("i"), P("j")))
    found = [tuple(world.poly(p, {"i": 0, "j": j}) for p in at) for j in range(3)]
    assert found == [(0, 1), (1, 1), (0, 0)]
    assert same(array(world, pooled), [[7, 4, -2]])
    slope = array(world, gradient(pooled, x, upstream(pooled)))
    assert [tuple(i) for i in np.argwhere(slope != 0)] == [(0, 1), (0, 4), (1, 3)]


def test_the_argmax_places_the_maximum() -> None:
    x, world = leaf("X", "C", "H", "W"), World({"C": 2, "H": 5, "W": 6})
    pooled, a = pool_max(x, (2, 3), (1, 2)), array(World({}), leaf("X", 2, 5, 6))
    at = argmax(pooled, (P("n"), P("i"), P("j")))
    for n, i, j in np.ndindex(2, 4, 2):
        u, v = (world.poly(p, {"n": n, "i": i, "j": j}) for p in at)
        assert a[n, i + u, 2 * j + v] == a[n, i : i + 2, 2 * j : 2 * j + 3].max()


def test_reads_beyond_the_axes_count_as_zero_in_a_maximum() -> None:
    x = leaf("X", 3)
    window = define("M", (4,), lambda i: Maximum((Range.upto("u", 2),), x[i + P("u")]))
    world = World({}, leaves=given_as(X=[-4, -1, -3]))
    assert same(array(world, window), [-1, -1, 0, 0])


# -- index polynomials, conditions, sums --------------------------------------------


@given(st.integers(-30, 30), st.integers(1, 7))
def test_quotient_and_remainder_are_those_of_python(i: int, s: int) -> None:
    world, size = World({"s": s}), Size("s")
    assert world.poly((P("i") + 1) // size, {"i": i}) == (i + 1) // s
    assert world.poly((P("i") + 1) % size * 3 - P("i") * size, {"i": i}) == (i + 1) % s * 3 - i * s


@pytest.mark.parametrize(("kind", "expected"), [("ge", [0, 1, 1]), ("eq", [0, 1, 0]), ("ne", [1, 0, 1])])
def test_conditions_and_brackets(kind: str, expected: list[int]) -> None:
    condition = Condition(kind, P("i") - Size("n"))  # type: ignore[arg-type]
    world = World({"n": 2})
    assert [world.holds(condition, {"i": i}) for i in (1, 2, 3)] == [bool(e) for e in expected]
    assert [world.value(bracket(condition), {"i": i}) for i in (1, 2, 3)] == expected


def test_a_bracket_needs_all_its_conditions_and_guards_the_rest() -> None:
    x = leaf("X", "n", outside="error")
    inside = bracket(at_least("i", 0), at_least(P(Size("n")) - 1, "i"), unequal("i", 1))
    world = World({"n": 3}, leaves=given_as(X=[2, 3, 5]))
    assert [world.value(x["i"] * inside, {"i": i}) for i in range(-1, 4)] == [0, 2, 0, 5, 0]


def test_empty_sums_are_zero_and_limits_may_depend_on_earlier_indices() -> None:
    i, j = P("i"), P("j")
    triangle = Sum((Range("i", P(0), P(Size("n"))), Range("j", i + 1, P(Size("n")))), Position(10 * i + j))
    assert World({"n": 0}).value(triangle, {}) == 0
    assert World({"n": 3}).value(triangle, {}) == sum(10 * a + b for a in range(4) for b in range(a + 1, 4))
    assert World({}).value(Sum((Range("i", P(2), P(1)),), Position(i)), {}) == 0


def test_an_inner_sum_may_reuse_a_name() -> None:
    i = P("i")
    inner = total((Range.upto("i", i + 1),), i)
    assert World({}).value(total((Range.upto("i", 4),), inner * Position(i)), {}) == 0 * 0 + 1 * 1 + 3 * 2 + 6 * 3


def test_numbers_are_exact() -> None:
    world, n = World({"n": 3}), P(Size("n"))
    third = Reciprocal(Position(n))
    assert world.value(third + third + third, {}) == 1
    assert world.value(third * Fraction(3, 7) - Fraction(1, 7), {}) == 0
    assert differ(world.value(third, {}), Fraction(333333333333, 10**12))


# -- sums over all integers -----------------------------------------------------------


def over_all(*names: str) -> tuple[Range, ...]:
    return tuple(Range(n, None, None) for n in names)


def test_a_convolution_over_all_integers() -> None:
    x, h, n, k = leaf("x", "N"), leaf("h", "M"), P("n"), P("k")
    y = define("y", (LINE,), lambda n: Sum(over_all("k"), x[k] * h[n - k]), indices=("n",))
    world = World({"N": 4, "M": 3})
    expected = np.convolve(array(world, x), array(world, h))
    assert [world.entry(y, (i,)) for i in range(-2, 8)] == [0, 0, *expected, 0, 0]
    product_over_both = Sum(over_all("n", "k"), x[k] * h[n - k] * Position(n))
    assert world.value(product_over_both, {}) == sum(i * v for i, v in enumerate(expected))


def test_bounds_travel_from_one_index_to_the_other() -> None:
    """x bounds 2k - u only, h bounds u: the box of k follows from that of u."""
    x, h, k, u = leaf("x", LINE), leaf("h", Axis(P(-1), P(2))), P("k"), P("u")
    g = leaf("g", "N")
    world = World({"N": 5})
    value = Sum(over_all("k", "u"), x[k] * g[2 * k - u] * h[u])
    expected = sum(
        world.entry(x, (a,)) * world.entry(g, (2 * a - b,)) * world.entry(h, (b,))
        for a in range(-9, 9)
        for b in range(-9, 9)
    )
    assert world.value(value, {}) == expected != 0


def test_brackets_half_lines_and_inner_sums_bound_too() -> None:
    x, k, u = leaf("x", LINE), P("k"), P("u")
    world = World({"n": 3})
    entries = {i: world.entry(x, (i,)) for i in range(-9, 20)}
    until = Sum((Range("k", P(2), None),), x[k] * bracket(at_least(11, 2 * k)))
    assert world.value(until, {}) == sum(entries[i] for i in range(2, 6))
    picked = Sum(over_all("k"), x[k] * bracket(equal(3 * k, P("i") + 1)))
    assert [world.value(picked, {"i": i}) for i in (4, 5)] == [0, entries[2]]
    g = leaf("g", "n")
    nested = Sum(over_all("k"), Sum((Range.upto("u", 2),), x[k] * g[k + u]) + g[k - 4] * Position(k))
    numbers = [world.entry(g, (i,)) for i in range(3)]
    expected = sum(entries[a] * world.entry(g, (a + b,)) for a in range(-5, 9) for b in range(2))
    assert world.value(nested, {}) == expected + sum((i + 4) * g for i, g in enumerate(numbers))


def test_a_derivative_bounds_a_sum() -> None:
    x, k = leaf("x", "n"), P("k")
    world = World({"n": 3})
    value = Sum(over_all("k"), Derivative(x["i"] * x["i"], x[k]) * Position(k))
    assert world.value(value, {"i": 2}) == 4 * world.entry(x, (2,))


def test_a_sum_that_nothing_bounds_is_refused() -> None:
    x = leaf("x", LINE)
    with pytest.raises(Unbounded, match=r"a sum over k: all integers.*give the sum limits"):
        World({}).value(Sum(over_all("k"), x["k"] * x["k"]), {})
    with pytest.raises(Unbounded, match="the axes of x"):
        World({}).axes(x)


def test_an_empty_support_gives_zero() -> None:
    x, h = leaf("x", 3), leaf("h", Axis(P(5), P(9)))
    assert World({}).value(Sum(over_all("k"), x["k"] * h["k"]), {}) == 0


# -- leaves and errors ------------------------------------------------------------------


def test_leaves_are_large_distinct_and_belong_to_seed_name_and_index() -> None:
    x = leaf("X", 20, 30)
    first, again, other = (array(World({}, seed), x) for seed in (0, 0, 1))
    assert same(first, again)
    assert len({*first.flat, *other.flat}) == 1200
    assert min(map(abs, first.flat)) > 0
    assert 0.4 < np.mean(first > 0) < 0.6
    assert not np.any(first == array(World({}), leaf("Y", 20, 30)))


def test_given_leaves_are_used_and_the_others_drawn() -> None:
    world = World({}, leaves={"X": {(1,): Fraction(1, 2)}})
    entries = array(world, leaf("X", 3))
    assert entries[1] == Fraction(1, 2)
    assert entries[0] == World({}).entry(leaf("X", 3), (0,))


def test_a_read_out_of_range_is_zero_or_an_error() -> None:
    assert World({"n": 3}).entry(leaf("X", "n"), (3,)) == 0
    strict = leaf("X", "n", 2, outside="error")
    with pytest.raises(
        OutOfRange, match=r"X\[3, 1\]: a read out of range; expected an index in \[0:2, 0:1\]"
    ) as caught:
        World({"n": 3}).value(strict["i", 1], {"i": 3})
    assert (caught.value.tensor, caught.value.index) == (strict, (3, 1))


def test_what_has_no_number_says_so() -> None:
    x, world = leaf("X", 3), World({"n": 0})
    with pytest.raises(DivisionByZero, match="1/0"):
        world.value(Reciprocal(Position(P("i"))), {"i": 0})
    with pytest.raises(ZeroDivisionError):
        world.poly(P("i") // Size("n", 0), {"i": 1})
    with pytest.raises(EmptyWindow, match="a maximum: an empty window"):
        world.value(Maximum((Range.upto("u", 0),), x["u"]), {})
    with pytest.raises(ScopeError, match="index i"):
        world.value(x["i"], {"j": 0})
    with pytest.raises(SizeError, match="size m"):
        world.value(x[Size("m")], {})
    with pytest.raises(ScopeError, match="index j"):
        world.entry(define("B", (2,), lambda i: x["j"] + x[i]), (0,))


# -- elementwise functions ---------------------------------------------------------------

REFERENCE: dict[str, Callable[[object], object]] = {
    "exp": mpmath.exp,
    "log": mpmath.log,
    "sqrt": mpmath.sqrt,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "tanh": mpmath.tanh,
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "gelu": lambda x: x * mpmath.ncdf(x),
    "normal_cdf": mpmath.ncdf,
    "normal_pdf": mpmath.npdf,
}


@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("point", [Fraction(1, 3), Fraction(5, 2), Fraction(-7, 4), Fraction(30), Fraction(-30)])
@pytest.mark.parametrize("order", [0, 1, 2])
def test_intervals_hold_the_function_and_its_derivatives(name: str, point: Fraction, order: int) -> None:
    point = abs(point) if name in ("log", "sqrt") else point
    world = World({}, leaves={"X": {(): point}})
    found = Interval.of(world.value(Apply(Function(name, order), leaf("X")[()]), {}))
    with mpmath.workdps(120):
        exact = mpmath.diff(REFERENCE[name], mpmath.mpf(point.numerator) / point.denominator, order)
        inside = mpmath.mpf(10) ** -35 * max(1, abs(exact))
        low, high = (mpmath.mpf(end.numerator) / end.denominator for end in (found.low, found.high))
        assert low - inside <= exact <= high + inside
        assert high - low <= inside


@pytest.mark.parametrize("name", ["log", "sqrt"])
def test_where_a_function_has_no_value_neither_has_its_derivative(name: str) -> None:
    x, world = leaf("X"), World({}, leaves={"X": {(): -2}})
    value = Apply(Function(name), x[()])
    with pytest.raises(DomainError, match=f"{name}: the argument -2"):
        world.value(value, {})
    with pytest.raises(DomainError, match=name):
        world.value(Derivative(value, x[()]), {})


@pytest.mark.parametrize("x", [Fraction(0), Fraction(1, 9), Fraction(-3), Fraction(10), Fraction(25, 2), Fraction(-40)])
def test_erf(x: Fraction) -> None:
    found = erf(Interval.of(x))
    with mpmath.workdps(800):
        exact = mpmath.erf(mpmath.mpf(x.numerator) / x.denominator)
        ends = [mpmath.mpf(e.numerator) / e.denominator for e in (found.low, found.high)]
        assert ends[0] <= exact <= ends[1]
        assert ends[1] - ends[0] < mpmath.mpf(10) ** -40


def test_exact_functions_stay_exact() -> None:
    x = leaf("X", 3)
    world = World({}, leaves=given_as(X=[-3, 0, 4]))
    expected = {"relu": [0, 0, 4], "step": [0, 0, 1], "square": [9, 0, 16], "identity": [-3, 0, 4]}
    for name, numbers in expected.items():
        assert same(array(world, apply(name, x)), numbers)
    slopes_of = {"relu": [0, 0, 1], "step": [0, 0, 0], "square": [-6, 0, 8], "identity": [1, 1, 1]}
    for name, numbers in slopes_of.items():
        found = [world.value(Derivative(Apply(Function(name), x["i"]), x["i"]), {"i": i}) for i in range(3)]
        assert found == numbers
    assert World({}, leaves=given_as(X=[4, 9, 16])).value(Apply(Function("sqrt"), x[1]), {}) == 3


def test_relu_of_an_interval() -> None:
    x = leaf("X")
    world = World({}, leaves={"X": {(): Fraction(2)}})
    relu = Apply(Function("relu"), Apply(Function("tanh"), x[()]))
    assert float(world.value(relu, {}).low) == pytest.approx(math.tanh(2))
    assert world.value(Apply(Function("relu"), -1 * Apply(Function("tanh"), x[()])), {}) == 0


def test_an_unknown_function_is_one_polynomial_of_degree_4_and_its_derivatives_are_its_own() -> None:
    """Five-point stencils are exact for such a polynomial."""
    x = leaf("X")

    def f(point: int, order: int = 0, name: str = "f", seed: int = 3) -> object:
        return World({}, seed, leaves={"X": {(): point}}).value(Apply(Function(name, order), x[()]), {})

    for point in (-4, 0, 7):
        a, b, c, d, e = (f(point + step) for step in (-2, -1, 0, 1, 2))
        assert f(point, 1) == Fraction(a - 8 * b + 8 * d - e, 12)
        assert f(point, 2) == Fraction(-a + 16 * b - 30 * c + 16 * d - e, 12)
        assert f(point, 5) == 0
        slope = World({}, 3, leaves={"X": {(): point}}).value(Derivative(Apply(Function("f"), x[()]), x[()]), {})
        assert slope == f(point, 1)
    assert f(1) != f(1, name="g") != f(1, name="g", seed=4)
    assert f(2, 4) != 0


def test_softmax_and_cross_entropy_are_those_of_numpy() -> None:
    z, y = leaf("z", "N", "n"), leaf("y", "N", "n")
    p = softmax(z)
    loss = cross_entropy(p, y)
    world = World({"N": 2, "n": 3}, values=(loss[()],))
    numbers, labels = (array(world, t).astype(float) for t in (z, y))
    expected = np.exp(numbers) / np.exp(numbers).sum(axis=1, keepdims=True)
    for index in np.ndindex(2, 3):
        found = world.entry(p, index)
        assert float(found.low) == pytest.approx(expected[index], rel=1e-13)
        assert found.high - found.low < Fraction(1, 10**40)
    assert float(world.entry(loss, ()).low) == pytest.approx(-(labels * np.log(expected)).sum(), rel=1e-13)
    total_of_rows = total((Range.upto("k", Size("n")),), p["i", "k"])
    assert not differ(world.value(total_of_rows, {"i": 1}), 1)


def test_the_gradient_of_softmax_and_cross_entropy_is_p_minus_y() -> None:
    z, y = leaf("z", 4), leaf("y", 4)
    p = softmax(z)
    slope = gradient(cross_entropy(p, y), z)
    world = World({}, leaves={"y": {(k,): Fraction(k, 6) for k in range(4)}}, values=(slope["i"],))
    for i in range(4):
        claimed = world.entry(p, (i,)) + -1 * world.entry(y, (i,))
        assert not differ(world.entry(slope, (i,)), claimed)
        assert differ(world.entry(slope, (i,)), world.entry(p, (i,)) + world.entry(y, (i,)) + 1)


def test_leaves_are_moderate_where_a_transcendental_function_occurs() -> None:
    x = leaf("X", 9)
    exp, log = Apply(Function("exp"), x["i"]), Apply(Function("log"), x["i"])
    moderate = World({})
    moderate.value(exp, {"i": 0})
    assert all(0 < abs(e) <= 3 for e in array(moderate, x))
    assert any(e < 0 for e in array(moderate, x))
    positive = World({}, values=(exp, log))
    assert all(0 < e <= 3 for e in array(positive, x))
    both = World({}, values=(Apply(Function("log"), exp), x["i"]))
    assert not differ(both.value(x["i"], {"i": 1}), both.value(Apply(Function("log"), exp), {"i": 1}))


def test_a_late_transcendental_function_is_refused_rather_than_answered_with_other_numbers() -> None:
    x, world = leaf("X"), World({})
    world.entry(x, ())
    with pytest.raises(EvaluationError, match=r"name all values .* values="):
        world.value(Apply(Function("exp"), x[()]), {})


# -- intervals and duals --------------------------------------------------------------------


def test_differ_is_certain() -> None:
    third = Interval.of(Fraction(1, 3))
    assert not differ(third, Fraction(1, 3))
    assert differ(third, Fraction(1, 3) + Fraction(1, 10**40))
    assert differ(Interval.of(2), 3)
    assert not differ(2, Fraction(2))


def test_a_maximum_of_intervals_that_meet_has_no_winner() -> None:
    x = leaf("X", 2)
    row = Maximum((Range.upto("u", 2),), Apply(Function("tanh"), x["u"]))
    same_twice = World({}, leaves={"X": {(0,): 1, (1,): 1}})
    assert not differ(same_twice.value(row, {}), same_twice.value(Apply(Function("tanh"), x[0]), {}))
    with pytest.raises(Undecided, match="a maximum"):
        same_twice.value(Derivative(row, x[0]), {})
    ordered = World({}, leaves={"X": {(0,): 1, (1,): 2}})
    assert ordered.value(Derivative(row, x[0]), {}) == 0
    assert float(ordered.value(Derivative(row, x[1]), {}).low) == pytest.approx(1 - math.tanh(2) ** 2)


# -- derivatives ---------------------------------------------------------------------------


@pytest.mark.parametrize(("image", "kernel", "options"), OPTIONS)
def test_gradients_of_correlation_are_the_differences(image: dict, kernel: dict, options: dict) -> None:
    x, k, world = leaf("X", *image), leaf("K", *kernel), World({**image, **kernel})
    f = correlate(x, k, **options, spatial=len(kernel))
    g = upstream(f)
    a, b, c = (array(world, t) for t in (x, k, g))
    by_x = slopes(lambda v: (c * plain(v, b, **options)).sum(), a)
    by_k = slopes(lambda v: (c * plain(a, v, **options)).sum(), b)
    assert same(array(world, gradient(f, x, g)), by_x)
    assert same(array(world, gradient(f, k, g)), by_k)


def test_gradients_with_channels_groups_and_batch() -> None:
    world = World({"N": 2, "H": 3, "W": 4})
    x, k = leaf("X", "N", 4, "H", "W"), leaf("K", 6, 2, 2, 3)
    f = correlate(x, k, groups=2, padding=(1, 0))
    g = upstream(f)
    a, b, c = (array(world, t) for t in (x, k, g))
    options = (1, 1), ((1, 1), (0, 0)), (1, 1), 2
    assert same(array(world, gradient(f, x, g)), slopes(lambda v: (c * naive(v, b, *options)).sum(), a))
    assert same(array(world, gradient(f, k, g)), slopes(lambda v: (c * naive(a, v, *options)).sum(), b))


def test_gradients_of_transposed_and_of_the_average() -> None:
    x, k, world = leaf("X", 3, 4), leaf("K", 2, 3), World({})
    f = transposed(x, k, stride=(2, 1), padding=((0, 1), (1, 0)))
    g = upstream(f)
    a, b, c = (array(world, t) for t in (x, k, g))

    def loss(image: np.ndarray, kernel: np.ndarray) -> object:
        return (c * scattered(image, kernel, (2, 1), (1, 1), ((0, 1), (1, 0)), (0, 0))).sum()

    assert same(array(world, gradient(f, x, g)), slopes(lambda v: loss(v, b), a))
    assert same(array(world, gradient(f, k, g)), slopes(lambda v: loss(a, v), b))
    mean = pool_average(x, (2, 3), (1, 1))
    h = upstream(mean)
    windows = np.lib.stride_tricks.sliding_window_view
    by_x = slopes(lambda v: (array(world, h) * windows(v, (2, 3)).sum(axis=(2, 3))).sum(), a)
    assert same(array(world, gradient(mean, x, h)), by_x / 6)


def test_the_gradient_of_overlapping_maxima_adds_up_at_the_winners() -> None:
    x, world = leaf("X", 5, 6), World({})
    f = pool_max(x, (3, 2), (1, 1))
    g = upstream(f)
    a, c = array(world, x), array(world, g)
    expected = np.zeros(a.shape, dtype=object)
    for i, j in np.ndindex(c.shape):
        window = a[i : i + 3, j : j + 2]
        u, v = np.unravel_index(np.argmax(window.astype(np.int64)), window.shape)
        expected[i + u, j + v] += c[i, j]
    assert same(array(world, gradient(f, x, g)), expected)


def test_a_quadratic_loss_in_two_layers() -> None:
    x, w, y = leaf("x", 4), leaf("w", 2), leaf("y", 3)
    hidden = correlate(x, w)
    error = elementwise(hidden, Leaf("y", hidden.axes), "-")
    loss = Defined("L", (), (), total(ranges_of(error, ("i",)), Apply(Function("square"), error["i"])))
    world = World({})
    a, b, c = (array(world, t) for t in (x, w, y))
    assert same(array(world, gradient(loss, w)), slopes(lambda v: ((plain(a, v) - c) ** 2).sum(), b))
    assert same(array(world, gradient(loss, x)), slopes(lambda v: ((plain(v, b) - c) ** 2).sum(), a))
    # by a tensor that is itself defined: its entries are the variables
    assert same(array(world, gradient(loss, hidden)), 2 * (plain(a, b) - c))


def test_the_chain_through_an_unknown_activation() -> None:
    x, w, world = leaf("x", 5), leaf("w", 3), World({}, seed=5)
    z = correlate(x, w)
    f, slope = apply("f", z), apply(Function("f", 1), z)
    g = upstream(f)
    a, delta = array(world, x), array(world, g) * array(world, slope)
    expected = [sum(delta[i] * a[i + u] for i in range(3)) for u in range(3)]
    assert same(array(world, gradient(f, w, g)), expected)


@pytest.mark.parametrize("name", REFERENCE)
def test_derivatives_of_known_functions(name: str) -> None:
    x = leaf("X", 2)
    value = Apply(Function(name), x[0] * x[1])
    world = World({}, leaves={"X": {(0,): Fraction(3, 2), (1,): Fraction(1, 4)}})
    with mpmath.workdps(40):
        first, second = (float(mpmath.diff(REFERENCE[name], mpmath.mpf(3) / 8, n)) for n in (1, 2))
    found = Interval.of(world.value(Derivative(value, x[0]), {}))
    assert float(found.low) == pytest.approx(first / 4)
    mixed = Interval.of(world.value(Derivative(Derivative(value, x[0]), x[1]), {}))
    assert float(mixed.low) == pytest.approx(first + second * 3 / 8)


def test_second_derivatives() -> None:
    x = leaf("X", 2)
    a, b = 3, 5
    world = World({}, leaves=given_as(X=[a, b]))
    square = x[0] * x[0] * x[1] * x[1] * x[1]

    def hessian(value: Value) -> list[list[object]]:
        return [
            [world.value(Derivative(Derivative(value, x["i"]), x["j"]), {"i": i, "j": j}) for j in (0, 1)]
            for i in (0, 1)
        ]

    assert hessian(square) == [[2 * b**3, 6 * a * b**2], [6 * a * b**2, 6 * a**2 * b]]
    assert hessian(Reciprocal(x[0] * x[1])) == [
        [Fraction(2, a**3 * b), Fraction(1, a**2 * b**2)],
        [Fraction(1, a**2 * b**2), Fraction(2, a * b**3)],
    ]
    f2 = world.value(Apply(Function("f", 2), x[0]), {})
    assert hessian(Apply(Function("f"), x[0])) == [[f2, 0], [0, 0]]
    third = Derivative(Derivative(Derivative(square, x[1]), x[1]), x[1])
    assert world.value(third, {}) == 6 * a**2


def test_infinitesimals_of_nested_derivatives_are_kept_apart() -> None:
    x, y = leaf("x"), leaf("y")
    world = World({}, leaves={"x": {(): 7}, "y": {(): 2}})
    inner = Derivative(x[()] + y[()], y[()])
    assert world.value(Derivative(x[()] * inner, x[()]), {}) == 1
    again = Derivative(x[()] * x[()], x[()])
    assert world.value(Derivative(x[()] * again, x[()]), {}) == 4 * 7
    squared = define("S", (), lambda: x[()] * x[()])
    through = Derivative(squared[()] * squared[()], x[()])  # 4x^3
    assert world.value(through, {}) == 4 * 7**3
    assert world.value(Derivative(through, x[()]), {}) == 12 * 7**2
    assert world.value(Derivative(squared[()] * x[()], squared[()]), {}) == 7


def test_a_derivative_by_what_does_not_exist_or_does_not_occur_is_zero() -> None:
    x, y, world = leaf("X", 3), leaf("Y", 3), World({})
    assert world.value(Derivative(x["i"] * y["i"], x["j"]), {"i": 1, "j": 3}) == 0
    assert world.value(Derivative(x["i"] * y["i"], x["j"]), {"i": 1, "j": 2}) == 0
    assert world.value(Derivative(x["i"], x["j"]), {"i": 3, "j": 3}) == 0
    assert world.value(Derivative(y["i"], x["i"]), {"i": 1}) == 0
    assert world.value(Derivative(x["i"] * y["i"], x["i"]), {"i": 1}) == world.entry(y, (1,))


def test_a_derivative_inside_a_maximum_and_a_maximum_inside_a_sum() -> None:
    x, world = leaf("X", 3), World({}, leaves=given_as(X=[2, -9, 5]))
    steepest = Maximum((Range.upto("u", 3),), Derivative(x["i"] * x["i"], x["u"]))
    assert [world.value(steepest, {"i": i}) for i in range(3)] == [4, 0, 10]
    row = Maximum((Range.upto("u", 2),), x[P("i") + "u"] * x[P("i") + "u"])
    summed = total((Range.upto("i", 2),), row)
    assert [world.value(Derivative(summed, x[j]), {}) for j in range(3)] == [0, -36, 0]


# -- the referee stands alone -------------------------------------------------------------------

PROOF = Path(symconv.proof.__file__).parent
ROOM = [PROOF / "evaluate.py", *sorted((PROOF / "evaluation").glob("*.py"))]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("module", ROOM, ids=lambda path: path.stem)
def test_the_evaluator_shares_no_code_with_the_prover(module: Path) -> None:
    allowed = (
        "symconv.term.",
        "symconv.errors.",
        "mpmath.ctx_iv",
        "symconv.proof.evaluate.",
        "symconv.proof.evaluation.",
    )
    for name in imported(module):
        if name.split(".")[0] in ("symconv", "mpmath", "numpy", "sympy"):
            assert name.startswith(allowed), name


# -- torch ------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(120))
def test_both_gradients_are_those_of_torch(seed: int) -> None:
    import torch

    rng = random.Random(seed)
    groups, within, outputs = rng.randint(1, 3), rng.randint(1, 2), rng.randint(1, 2)
    taps, stride, dilation, padding = (
        [rng.randint(low, high) for _ in "ab"] for low, high in ((1, 3), (1, 3), (1, 2), (0, 2))
    )
    reach = [d * (r - 1) + 1 - 2 * p for d, r, p in zip(dilation, taps, padding, strict=True)]
    image = [max(1, far) + rng.randint(0, 3) for far in reach]
    shapes = {"X": (rng.randint(1, 2), groups * within, *image), "K": (groups * outputs, within, *taps)}
    x, k = (leaf(name, *shape) for name, shape in shapes.items())
    f = correlate(x, k, tuple(stride), tuple(padding), tuple(dilation), groups)
    g = upstream(f)
    entries = {n: np.array([rng.randint(-9, 9) for _ in range(math.prod(s))]).reshape(s) for n, s in shapes.items()}
    a, b = (torch.tensor(entries[n], dtype=torch.float64, requires_grad=True) for n in "XK")
    forward = torch.nn.functional.conv2d(a, b, None, stride, padding, dilation, groups)
    entries["G"] = np.array([rng.randint(-9, 9) for _ in range(forward.numel())]).reshape(forward.shape)
    forward.backward(torch.tensor(entries["G"], dtype=torch.float64))
    world = World({}, leaves=given_as(**entries))
    assert same(array(world, f), forward.detach().numpy().astype(int))
    assert same(array(world, gradient(f, x, g)), a.grad.numpy().astype(int))
    assert same(array(world, gradient(f, k, g)), b.grad.numpy().astype(int))
