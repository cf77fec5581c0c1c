"""Counts read off the definitions, against loops that count and the numbers of the sources."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy

import symconv as sc
from symconv.errors import DependenceError, ShapeError

H, W, C, O, r, c = sc.sizes("H W C O r c")  # noqa: E741


class Counted:
    """A number that counts what is done with it."""

    products = 0
    sums = 0

    def __mul__(self, _: object) -> Counted:
        Counted.products += 1
        return self

    def __add__(self, _: object) -> Counted:
        Counted.sums += 1
        return self


def loops(shape: tuple[int, ...], taps: tuple[int, ...]) -> tuple[int, int]:
    """An instrumented run: each output is a sum over the taps of products."""
    Counted.products = Counted.sums = 0
    one = Counted()
    for _ in product(*map(range, shape)):
        total: Any = None
        for _ in product(*map(range, taps)):
            term = one * one
            total = term if total is None else total + term
    return Counted.products, Counted.sums


@pytest.mark.parametrize("sizes", [(5, 6, 2, 3, 3, 2), (4, 7, 1, 2, 2, 5), (3, 3, 3, 1, 3, 1)])
def test_a_convolution_layer(sizes: tuple[int, ...]) -> None:
    h, w, channels, maps, rows, columns = sizes
    F = sc.correlate(sc.tensor("X", C, H, W), sc.tensor("K", O, C, r, c))
    given = dict(zip((H, W, C, O, r, c), sizes, strict=True))
    expected = loops((maps, h - rows + 1, w - columns + 1), (channels, rows, columns))
    found = [e.subs(given) for e in (sc.multiplications(F), sc.additions(F))]
    assert tuple(found) == expected


def test_separable_against_full() -> None:
    """Seed 3: 32 x 32 x 3, kernels of 3, 12 maps: 291,600 against 24,300 + 32,400; 324 parameters against 63."""
    X, K = sc.tensor("X", 3, 32, 32), sc.tensor("K", 12, 3, 3, 3)
    D, P = sc.tensor("D", 3, 3, 3), sc.tensor("P", 12, 3, 1, 1)
    full, separable = sc.correlate(X, K), sc.correlate(sc.depthwise(X, D), P)
    assert (sc.multiplications(full), sc.multiplications(separable)) == (291_600, 56_700)
    assert (sc.parameters(K), sc.parameters(D, P)) == (324, 63)
    assert Fraction(56_700, 291_600) == Fraction(1, 9) + Fraction(1, 12)


def test_the_ratio_of_separable_to_full_for_all_sizes() -> None:
    """1/k^2 + 1/C_out."""
    k = sc.sizes("k")
    X = sc.tensor("X", C, H, H)
    full = sc.correlate(X, sc.tensor("K", O, C, k, k))
    separable = sc.correlate(sc.depthwise(X, sc.tensor("D", C, k, k)), sc.tensor("P", O, C, 1, 1))
    ratio = sc.multiplications(separable) / sc.multiplications(full)
    assert sympy.cancel(ratio - sympy.Integer(1) / k**2 - sympy.Integer(1) / O) == 0


def test_rows_and_columns_against_a_plane() -> None:
    """Seed 3: a 3 x 3 kernel of rank one as 3 x 1 and 1 x 3 takes 6 of 9 weights."""
    assert sc.parameters(sc.tensor("p", 3, 1), sc.tensor("q", 1, 3)) == 6


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 3), (3, 2)])
def test_the_receptive_field_is_the_hull_of_what_is_read(stride: int, dilation: int) -> None:
    """Two layers; the positions whose change changes output 0, by brute force over the entries."""
    x, w, q = sc.tensor("x", 40), sc.tensor("w", 3), sc.tensor("q", 2)
    f = sc.correlate(sc.correlate(x, w, stride=stride, dilation=dilation), q, stride=2)
    first = f.entries()[0]
    read = [i for i in range(40) if first.has(sympy.IndexedBase("x")[i])]
    assert sc.receptive_field(f, x) == (max(read) - min(read) + 1,)


def test_layers_of_taps_see_ever_more() -> None:
    """Seed 3: k layers of 2 l + 1 taps see 1 + 2 l k positions."""
    n, l = sc.sizes("n l")  # noqa: E741
    x = y = sc.tensor("x", n)
    for k in (1, 2, 3):
        y = sc.correlate(y, sc.tensor(f"w{k}", 2 * l + 1))
        assert sympy.expand(sc.receptive_field(y, x)[0] - (1 + 2 * l * k)) == 0


def test_padding_counts_like_any_entry() -> None:
    x, w = sc.tensor("x", 5), sc.tensor("w", 3)
    assert sc.multiplications(sc.correlate(x, w, padding=1)) == 15


def test_what_cannot_be_counted_is_told() -> None:
    x, w = sc.tensor("x", H), sc.tensor("w", r)
    k = sc.indices("k")
    running = sc.define("y", [H], lambda i: sc.total(x[k] * x[k], (k, 0, i)))
    with pytest.raises(ShapeError, match=r"the sum over k: limits 0 and i; expected limits in sizes; count by hand"):
        sc.multiplications(running)
    with pytest.raises(DependenceError, match=r"receptive field of .*: .* does not depend on z"):
        sc.receptive_field(sc.correlate(x, w), sc.tensor("z", H))
    folded = sc.define("y", [H], lambda i: x[i * i])
    assert sc.receptive_field(folded, x) == (1,)
    product_of = sc.define("z", [H], lambda i: sc.total(x[k * k - 2 * k + i], (k, 0, r - 1)))
    with pytest.raises(ShapeError, match=r"expected positions that grow or shrink with each index"):
        sc.receptive_field(product_of, x)
