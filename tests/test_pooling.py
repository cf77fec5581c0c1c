"""Max pooling with both tie rules and average pooling with a weight, forward and backward, against plain loops.

The data are small whole numbers, so that most windows hold their maximum
several times; windows and strides differ from axis to axis, overlap, leave
gaps, or leave a tail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any, Literal

import numpy as np
import pytest
import sympy

import symconv as sc

Ties = Literal["first", "split"]
Index = tuple[int, ...]
TIES: tuple[Ties, ...] = ("first", "split")


@dataclass(frozen=True)
class Pooling:
    """An array, its last axes pooled; what stands before them are channels and the like."""

    shape: Index
    window: Index
    stride: Index | None = None

    @property
    def strides(self) -> Index:
        return self.window if self.stride is None else self.stride

    @property
    def leading(self) -> Index:
        return self.shape[: -len(self.window)]

    @property
    def output(self) -> Index:
        spatial = self.shape[len(self.leading) :]
        steps = zip(spatial, self.window, self.strides, strict=True)
        return (*self.leading, *(len(range(0, n - w + 1, s)) for n, w, s in steps))

    def places(self, at: Index) -> Iterator[Index]:
        """The entries of the window of one output, the last axis fastest."""
        lead, inner = at[: len(self.leading)], at[len(self.leading) :]
        for tap in np.ndindex(self.window):
            yield (*lead, *(s * i + u for s, i, u in zip(self.strides, inner, tap, strict=True)))


CASES = {
    "1-D blocks": Pooling((8,), (2,)),
    "1-D with a tail": Pooling((11,), (3,)),
    "1-D overlapping": Pooling((9,), (4,), (1,)),
    "1-D, stride does not divide": Pooling((10,), (3,), (2,)),
    "1-D with gaps": Pooling((11,), (2,), (4,)),
    "1-D, one window": Pooling((5,), (5,), (1,)),
    "1-D, window of one": Pooling((5,), (1,), (2,)),
    "1-D with batch and channels": Pooling((2, 3, 7), (3,), (2,)),
    "2-D blocks": Pooling((4, 6), (2, 3)),
    "2-D with tails": Pooling((7, 8), (3, 2), (3, 3)),
    "2-D overlapping": Pooling((6, 5), (3, 2), (1, 1)),
    "2-D, overlap down, gaps across": Pooling((7, 9), (3, 2), (2, 4)),
    "2-D, flat windows": Pooling((4, 9), (1, 4), (3, 2)),
    "2-D, one window": Pooling((3, 4), (3, 4)),
    "2-D with channels": Pooling((3, 6, 5), (2, 3), (3, 1)),
    "2-D with batch and channels": Pooling((2, 3, 5, 7), (2, 3), (2, 3)),
}


def tie_rich(shape: Index, seed: int = 0) -> Any:
    """Whole numbers from -3 to -1: ties, and no zero that a wrong border could bring in."""
    return np.random.default_rng(seed).integers(-3, 0, shape)


def upstream(shape: Index, seed: int = 1) -> Any:
    return np.random.default_rng(seed).integers(-50, 50, shape)


# -- symconv -------------------------------------------------------------------------------------


def pooled(case: Pooling, kind: str, **options: Any) -> tuple[sc.Tensor, sc.Tensor]:
    """(the leaf, its pooling), all extents symbols."""
    x = sc.tensor("x", *(sc.sizes(f"n{axis}") for axis in range(len(case.shape))))
    return x, sc.pool(x, case.window, kind=kind, stride=case.stride, **options)


@cache
def max_pooling(case: Pooling, ties: Ties) -> Any:
    return pooled(case, "max", ties=ties)[1].compile()


@cache
def max_gradient(case: Pooling, ties: Ties) -> Any:
    x, y = pooled(case, "max", ties=ties)
    return sc.gradient(y, x, sc.upstream(y, "G")).compile()


# -- plain loops ---------------------------------------------------------------------------------


def loop_max(case: Pooling, x: Any) -> Any:
    y = np.zeros(case.output)
    for at in np.ndindex(case.output):
        y[at] = max(x[place] for place in case.places(at))
    return y


def shares(case: Pooling, x: Any, at: Index, ties: Ties) -> dict[Index, Fraction]:
    """How the upstream entry of one window is shared among the entries of x."""
    window = list(case.places(at))
    greatest = max(x[place] for place in window)
    winners = [place for place in window if x[place] == greatest]
    winners = winners[:1] if ties == "first" else winners
    return {place: Fraction(1, len(winners)) for place in winners}


def loop_max_gradient(case: Pooling, x: Any, g: Any, ties: Ties) -> Any:
    dx = np.zeros(case.shape)
    for at in np.ndindex(case.output):
        for place, share in shares(case, x, at, ties).items():
            dx[place] += float(share) * g[at]
    return dx


def one_hot(shape: Index) -> Iterator[tuple[Index, Any]]:
    for at in np.ndindex(shape):
        g = np.zeros(shape)
        g[at] = 1
        yield at, g


def close(found: Any, wanted: Any) -> None:
    found, wanted = np.asarray(found), np.asarray(wanted)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-12 * max(1.0, np.abs(wanted).max())


# -- max pooling ---------------------------------------------------------------------------------


def test_most_windows_hold_a_tie() -> None:
    """The tests below would say little of ties otherwise."""
    tied = []
    for case, seed in product(CASES.values(), range(3)):
        x = tie_rich(case.shape, seed)
        if case.window != (1,):
            tied += [len(shares(case, x, at, "split")) > 1 for at in np.ndindex(case.output)]
    assert np.mean(tied) > 0.5


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", CASES)
def test_the_maximum_of_each_window(name: str, ties: Ties) -> None:
    case = CASES[name]
    for x in (tie_rich(case.shape), tie_rich(case.shape).astype(float) / 2):
        close(max_pooling(case, ties)(x=x), loop_max(case, x))


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", CASES)
def test_the_gradient_of_max_pooling(name: str, ties: Ties) -> None:
    case = CASES[name]
    for seed in range(3):
        x, g = tie_rich(case.shape, seed), upstream(case.output, seed)
        found = max_gradient(case, ties)(x=x, G=g)
        close(found, loop_max_gradient(case, x, g, ties))


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", CASES)
def test_the_weights_of_each_window_add_up_to_1(name: str, ties: Ties) -> None:
    """One upstream entry at a time: it goes to the winners of its own window, and to nothing else."""
    case = CASES[name]
    x = tie_rich(case.shape)
    for at, g in one_hot(case.output):
        dx = max_gradient(case, ties)(x=x, G=g)
        assert abs(dx.sum() - 1) <= 1e-12
        wanted = shares(case, x, at, ties)
        assert {tuple(map(int, place)) for place in np.argwhere(dx)} == set(wanted)
        assert all(abs(dx[place] - share) <= 1e-12 for place, share in wanted.items())


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", CASES)
def test_the_weights_of_all_windows_add_up_to_their_number(name: str, ties: Ties) -> None:
    case = CASES[name]
    for x in (tie_rich(case.shape), np.full(case.shape, 7)):
        dx = max_gradient(case, ties)(x=x, G=np.ones(case.output))
        assert dx.sum() == pytest.approx(np.prod(case.output), rel=1e-12)


def test_a_constant_array() -> None:
    """Window 2 x 3 by 2 and 3 on 5 x 7: the first corner of each block, or a sixth everywhere; tails get nothing."""
    case = Pooling((5, 7), (2, 3))
    x, g = np.zeros(case.shape, dtype=int), np.array([[6, 12], [18, 24]])
    first = np.zeros(case.shape)
    first[0:4:2, 0:6:3] = g
    split = np.zeros(case.shape)
    split[:4, :6] = np.kron(g / 6, np.ones((2, 3)))
    close(max_gradient(case, "first")(x=x, G=g), first)
    close(max_gradient(case, "split")(x=x, G=g), split)


@pytest.mark.parametrize(
    ("ties", "wanted"),
    [("first", [[0, 10], [20, 0], [0, 0]]), ("split", [[0, 5], [25, 0], [0, 0]])],
)
def test_first_means_rows_before_columns(ties: Ties, wanted: list[list[int]]) -> None:
    """Of the nines in [[1, 9], [9, 1]] the one in the upper row is first; in [[9, 1], [0, 3]] there is one alone."""
    x = np.array([[1, 9], [9, 1], [0, 3]])
    found = max_gradient(Pooling((3, 2), (2, 2), (1, 1)), ties)(x=x, G=np.array([[10], [20]]))
    close(found, wanted)


@pytest.mark.parametrize("ties", TIES)
def test_where_the_maximum_is_unique_the_rules_agree(ties: Ties) -> None:
    """And the gradient is then a difference quotient."""
    for case in CASES.values():
        x = np.random.default_rng(5).permutation(int(np.prod(case.shape))).reshape(case.shape).astype(float)
        g = upstream(case.output)
        found = max_gradient(case, ties)(x=x, G=g)
        run = max_pooling(case, ties)
        for place in list(np.ndindex(case.shape))[:: max(1, x.size // 12)]:
            up, down = x.copy(), x.copy()
            up[place] += 0.25
            down[place] -= 0.25
            assert found[place] == pytest.approx((g * (run(x=up) - run(x=down))).sum() / 0.5, abs=1e-9)


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", ["1-D with a tail", "1-D, stride does not divide", "2-D with tails", "1-D with gaps"])
def test_what_no_window_covers_gets_nothing(name: str, ties: Ties) -> None:
    """Even where it is the greatest entry of all."""
    case = CASES[name]
    covered = np.zeros(case.shape, dtype=bool)
    for at in np.ndindex(case.output):
        for place in case.places(at):
            covered[place] = True
    assert not covered.all()
    x = np.where(covered, tie_rich(case.shape), 99)
    dx = max_gradient(case, ties)(x=x, G=np.full(case.output, 5))
    assert not dx[~covered].any()
    assert max_pooling(case, ties)(x=x).max() < 0


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("name", ["1-D overlapping", "2-D blocks", "2-D with tails"])
def test_the_entries_in_sympy(name: str, ties: Ties) -> None:
    """At these numbers with letters for the upstream gradient: the exact shares."""
    case = CASES[name]
    x, y = pooled(case, "max", ties=ties)
    numbers, G = tie_rich(case.shape), sympy.IndexedBase("G")
    sizes = {f"n{axis}": n for axis, n in enumerate(case.shape)}
    found = sc.gradient(y, x, sc.upstream(y, "G")).entries({"x": sympy.Array(numbers.tolist())}, **sizes)
    wanted = np.full(case.shape, sympy.Integer(0), dtype=object)
    for at in np.ndindex(case.output):
        for place, share in shares(case, numbers, at, ties).items():
            wanted[place] += sympy.Rational(share) * G[at]
    assert found.shape == case.shape
    assert all(sympy.expand(found[place].doit() - wanted[place]) == 0 for place in np.ndindex(case.shape))


def test_the_window_is_the_stride_unless_said_and_one_number_serves_all_axes() -> None:
    x = tie_rich((6, 9))
    X = sc.tensor("x", 6, 9)
    wanted = loop_max(Pooling((6, 9), (3, 3), (3, 3)), x)
    for given in (sc.pool(X, 3), sc.pool(X, (3, 3)), sc.pool_max(X, 3, 3), sc.pool(X, 3, kind="max", stride=(3, 3))):
        close(given.compile()(x=x), wanted)


# -- average pooling -----------------------------------------------------------------------------

WEIGHTS: dict[str, Fraction | int | None] = {"mean": None, "sum": 1, "a fraction": Fraction(-2, 3)}


def weight_of(case: Pooling, weight: Fraction | int | None) -> float:
    return float(Fraction(1, int(np.prod(case.window))) if weight is None else weight)


def loop_sums(case: Pooling, x: Any) -> Any:
    y = np.zeros(case.output)
    for at in np.ndindex(case.output):
        y[at] = sum(x[place] for place in case.places(at))
    return y


def loop_spread(case: Pooling, g: Any) -> Any:
    """Every upstream entry on all entries of its window; zero in a tail and in gaps."""
    dx = np.zeros(case.shape)
    for at in np.ndindex(case.output):
        for place in case.places(at):
            dx[place] += g[at]
    return dx


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
@pytest.mark.parametrize("name", CASES)
def test_average_pooling_and_its_gradient(name: str, weight: Fraction | int | None) -> None:
    case = CASES[name]
    x, y = pooled(case, "average", weight=weight)
    data, g = tie_rich(case.shape), upstream(case.output)
    factor = weight_of(case, weight)
    close(y.compile()(x=data), factor * loop_sums(case, data))
    shapes = {f"n{axis}": n for axis, n in enumerate(case.shape)}
    derivative = sc.gradient(y, x, sc.upstream(y, "G"))
    close(at_shape(derivative, case, G=g, **shapes), factor * loop_spread(case, g))


def at_shape(derivative: sc.Tensor, case: Pooling, **given: Any) -> Any:
    """Call the compiled gradient with the extents of the image that its upstream gradient does not tell."""
    run = derivative.compile()
    takes = run.__doc__.split("arguments ")[1].split(", ")
    return run(**{name: value for name, value in given.items() if name in takes})


@pytest.mark.parametrize("name", CASES)
def test_a_weight_that_is_learned(name: str) -> None:
    """Its gradient sums the upstream entries times the window sums."""
    case = CASES[name]
    weight = sc.tensor("q")
    x, y = pooled(case, "average", weight=weight)
    data, g = tie_rich(case.shape), upstream(case.output)
    G = sc.upstream(y, "G")
    close(y.compile()(x=data, q=-2.5), -2.5 * loop_sums(case, data))
    close(sc.gradient(y, weight, G).compile()(x=data, G=g), np.sum(g * loop_sums(case, data)))
    shapes = {f"n{axis}": n for axis, n in enumerate(case.shape)}
    close(at_shape(sc.gradient(y, x, G), case, G=g, q=-2.5, **shapes), -2.5 * loop_spread(case, g))


def test_the_tail_gets_no_gradient() -> None:
    """5 x 7 by 2 x 3: four blocks, the fifth row and the seventh column left over."""
    X = sc.tensor("x", 5, 7)
    y = sc.pool(X, (2, 3), kind="average")
    dx = sc.gradient(y, X, sc.upstream(y, "G")).compile()(G=np.array([[6, 12], [18, 24]]))
    wanted = np.zeros((5, 7))
    wanted[:4, :6] = [[1, 1, 1, 2, 2, 2]] * 2 + [[3, 3, 3, 4, 4, 4]] * 2
    close(dx, wanted)


@pytest.mark.parametrize("padding", [(1, 0), (0, 2), (1, 2)])
def test_average_pooling_with_padding(padding: Index) -> None:
    """Zeros around count: the divisor is the size of the window everywhere."""
    inner, window, stride = (6, 5), (3, 4), (2, 3)
    X = sc.tensor("x", *inner)
    y = sc.pool(X, window, kind="average", stride=stride, padding=padding)
    data = tie_rich(inner)
    wide = np.pad(data, [(p, p) for p in padding])
    case = Pooling(wide.shape, window, stride)
    g = upstream(case.output)
    close(y.compile()(x=data), loop_sums(case, wide) / 12)
    p, q = padding
    close(
        sc.gradient(y, X, sc.upstream(y, "G")).compile()(G=g),
        (loop_spread(case, g) / 12)[p : p + inner[0], q : q + inner[1]],
    )


@pytest.mark.parametrize("name", ["1-D with a tail", "2-D with tails", "2-D overlapping"])
def test_the_gradients_of_one_window_add_up_to_1(name: str) -> None:
    """As for the maximum: a mean has weights that sum to 1."""
    case = CASES[name]
    x, y = pooled(case, "average")
    derivative = sc.gradient(y, x, sc.upstream(y, "G"))
    shapes = {f"n{axis}": n for axis, n in enumerate(case.shape)}
    for at, g in one_hot(case.output):
        dx = at_shape(derivative, case, G=g, **shapes)
        assert dx.sum() == pytest.approx(1, rel=1e-12)
        assert {tuple(map(int, place)) for place in np.argwhere(dx)} == set(case.places(at))


# -- torch ---------------------------------------------------------------------------------------

TORCH = [
    Pooling((2, 3, 8, 9), (2, 3)),
    Pooling((2, 3, 9, 7), (3, 2), (2, 1)),
    Pooling((1, 4, 10, 11), (2, 3), (3, 4)),
    Pooling((3, 2, 6, 7), (4, 3), (1, 2)),
]


def distinct(shape: Index) -> Any:
    """No two entries equal, some negative."""
    count = int(np.prod(shape))
    return (np.random.default_rng(9).permutation(count).reshape(shape) - count // 2) / 7


@pytest.mark.torch
@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("case", TORCH, ids=str)
def test_max_pooling_is_that_of_torch(case: Pooling, ties: Ties) -> None:
    import torch

    x, g = distinct(case.shape), upstream(case.output).astype(float)
    leaf = torch.tensor(x, requires_grad=True)
    wanted = torch.nn.functional.max_pool2d(leaf, case.window, case.stride)
    wanted.backward(torch.tensor(g))
    close(max_pooling(case, ties)(x=x), wanted.detach().numpy())
    close(max_gradient(case, ties)(x=x, G=g), leaf.grad.numpy())


@pytest.mark.torch
@pytest.mark.parametrize("ties", TIES)
def test_max_pooling_of_rows_is_that_of_torch(ties: Ties) -> None:
    import torch

    case = Pooling((2, 3, 11), (4,), (3,))
    x, g = distinct(case.shape), upstream(case.output).astype(float)
    leaf = torch.tensor(x, requires_grad=True)
    torch.nn.functional.max_pool1d(leaf, 4, 3).backward(torch.tensor(g))
    close(max_gradient(case, ties)(x=x, G=g), leaf.grad.numpy())


@pytest.mark.torch
@pytest.mark.parametrize("padding", [(0, 0), (1, 0), (1, 1)])
@pytest.mark.parametrize("case", TORCH, ids=str)
def test_average_pooling_is_that_of_torch(case: Pooling, padding: Index) -> None:
    import torch

    x = distinct(case.shape)
    leaf = torch.tensor(x, requires_grad=True)
    wanted = torch.nn.functional.avg_pool2d(leaf, case.window, case.stride, padding)
    g = upstream(tuple(wanted.shape)).astype(float)
    wanted.backward(torch.tensor(g))
    X = sc.tensor("x", *case.shape)
    y = sc.pool(X, case.window, kind="average", stride=case.stride, padding=padding)
    close(y.compile()(x=x), wanted.detach().numpy())
    close(sc.gradient(y, X, sc.upstream(y, "G")).compile()(G=g), leaf.grad.numpy())
