"""How many multiplications a schedule takes: counted by hand, and read off the matrix products that a run makes."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from symconv.kernels.parts import SMALL, Part, has, inner_parts, labels, tile_text
from symconv.kernels.products import products
from symconv.kernels.runtime import choice, col2im, small
from tests.kernels.schedule_cases import problems, run


def part(schedule, images, kernel, extent, *, start=(0, 0), stride=(1, 1), dilation=(1, 1), accuracy="fast"):
    """A part of these shapes, in float32."""
    out = np.zeros((images[0], *kernel[:2], *extent), np.float32)
    arrays = np.zeros(images, np.float32), np.zeros(kernel, np.float32), out
    return Part(*arrays, start, stride, dilation, schedule, accuracy)


# 2 images of 3 channels, 5 outputs, 3 x 3 taps, 8 x 12 results
LAYER = (2, 1, 3, 10, 14), (1, 5, 3, 3, 3), (8, 12)


@pytest.mark.parametrize(
    ("found", "by_hand"),
    [
        (part("direct", *LAYER), 2 * 5 * 3 * 9 * 8 * 12),
        (part("sparse", *LAYER), 2 * 5 * 3 * 9 * 8 * 12),
        # F(4, 3): 2 x 3 tiles of 6 x 6 positions
        (part("tiles", *LAYER), 2 * 5 * 3 * (2 * 3) * 36),
        # F(2, 3): 4 x 6 tiles of 4 x 4 positions
        (part("tiles", *LAYER, accuracy="exact"), 2 * 5 * 3 * (4 * 6) * 16),
        # 7 x 12 results: a second row of tiles for three of them
        (part("tiles", (2, 1, 3, 9, 14), LAYER[1], (7, 12)), 2 * 5 * 3 * (2 * 3) * 36),
        # 9 x 12 results: two rows of tiles of five, which take 14 positions, as against 18 of three rows of four
        (part("tiles", (2, 1, 3, 11, 14), LAYER[1], (9, 12)), 2 * 5 * 3 * (2 * 7) * (3 * 6)),
        # a stride of 2: four phases of 2 x 2 taps, F(4, 2) with 5 x 5 positions, 2 x 3 tiles
        (part("polyphase", (2, 1, 3, 17, 25), LAYER[1], (8, 12), stride=(2, 2)), 2 * 5 * (4 * 3) * (2 * 3) * 25),
        # a gradient by a kernel: 3 x 3 results, the upstream gradient of 8 x 12 in tiles of F(4, 3)
        (part("tiles of taps", (3, 1, 2, 10, 14), (1, 5, 2, 8, 12), (3, 3)), 3 * 5 * 2 * (2 * 3) * 36),
        # of 9 taps down four rows read 12 rows, twice: a matrix of 4 x (12 * 3) times 12 columns
        (part("toeplitz", (1, 1, 1, 16, 14), (1, 1, 1, 9, 3), (8, 12)), 2 * 4 * 36 * 12),
        # two more rows, with the same matrix cut to two rows
        (part("toeplitz", (1, 1, 1, 18, 14), (1, 1, 1, 9, 3), (10, 12)), 10 * 36 * 12),
        # of 3 taps two rows read 4 rows, twice
        (part("toeplitz", (1, 1, 1, 6, 14), (1, 1, 1, 3, 3), (4, 12)), 2 * 2 * 12 * 12),
        # 9 taps are three runs of 4, 9 columns three tiles of 4: seven positions, that matrix for 8 rows at each
        (part("toeplitz tiles", (1, 1, 1, 13, 17), (1, 1, 1, 9, 9), (5, 9)), 7 * 8 * (12 * 3) * 3),
        # one tile of 96 has 48 right where 17 taps need 16 more: sides of 64, 2 x 2 of them, 64 x 33 complex numbers
        (part("fourier", (1, 1, 1, 112, 112), (1, 1, 1, 17, 17), (96, 96)), 4 * (2 * 2) * 64 * 33),
        # 8 rows of an upstream gradient, 12 entries and a zero for the tap that goes one entry further; all taps
        (part("col2im", (2, 1, 5, 8, 12), LAYER[1], (17, 25), stride=(2, 2)), 2 * 5 * 3 * 9 * 8 * 13),
        # every entry of 5 x 6 images with each of 2 x 2 results
        (part("spread taps", (3, 1, 2, 5, 6), (1, 4, 2, 4, 5), (2, 2)), 3 * 4 * 2 * (5 * 6) * (2 * 2)),
        # a dilation of 2: four images of every second row and column, 4 x 6 results each, one tile of 4 x 4 + one more
        (part("sub-images", (1, 1, 3, 12, 16), LAYER[1], (8, 12), dilation=(2, 2)), 5 * 3 * 9 * 8 * 12),
        # columns of 3 * 3 x whole rows with the two entries between them: 7 * 14 + 12
        (part(SMALL, (1, 1, 1, 10, 14), (1, 1, 1, 3, 3), (8, 12)), 9 * (7 * 14 + 12)),
        # 40 columns are enough to copy windows one by one
        (part(SMALL, (1, 1, 1, 4, 42), (1, 1, 1, 3, 3), (2, 40)), 9 * 2 * 40),
    ],
    ids=lambda value: value.label if isinstance(value, Part) else "",
)
def test_the_count_by_hand(found, by_hand):
    assert products(found) == by_hand


class Counting:
    """Stands for `np.matmul`; counts the multiplications of those without a matrix of a tile."""

    def __init__(self, multiply, least):
        self.multiply, self.least, self.count = multiply, least, 0

    def __call__(self, left, right, out=None):
        found = self.multiply(left, right) if out is None else self.multiply(left, right, out=out)
        if min(left.ndim, right.ndim) >= self.least:
            self.count += prod(found.shape) * left.shape[-1]
        return found


class Row(np.ndarray):
    """A kernel that counts the multiplications of its own products."""

    count = 0

    def dot(self, columns, out):
        Row.count += columns.size
        return np.asarray(self).dot(columns, out)


# `sparse` multiplies fewer, `fourier` no matrices, `spread taps` by @: those are counted by hand
MEASURED = {
    "direct", "taps", "rows", "rows of taps", "shifted", "side by side", "taps side by side",
    "toeplitz", "toeplitz tiles", "dots", "sub-images", "sub-images of taps",
    "tiles", "tiles of taps", "polyphase", "polyphase of taps",
}  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_the_count_is_that_of_the_matrix_products(monkeypatch, problem):
    """Those of tiles have the positions as an axis more than the matrices that transform them."""
    images, kernel, start, stride, dilation, extent = problem
    numbers = start, stride, dilation
    out = np.zeros((images.shape[0], *kernel.shape[:2], *extent), images.dtype)
    for schedule in choice._possible(images, kernel, stride, dilation, extent, "fast") & MEASURED:
        found = Part(images, kernel, out, *numbers, schedule, "fast")
        if any(inner.tiles or inner.schedule not in MEASURED for inner in inner_parts(found)):
            continue
        with monkeypatch.context() as patch:
            counting = Counting(np.matmul, 3 if found.tiles else 0)
            patch.setattr(np, "matmul", counting)
            run(schedule, "fast", images, kernel, *numbers, extent)
        assert products(found) == counting.count, found.label


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems(), st.sampled_from([1, 1 << 9, 1 << 20]))
def test_the_count_of_an_adjoint_as_a_whole(monkeypatch, problem, laid):
    """In blocks of few rows, some rows are multiplied again."""
    images, kernel, start, stride, dilation, extent = problem
    upstream = np.ones((images.shape[0], *kernel.shape[:2], *extent), images.dtype)
    out = np.empty_like(images)
    with monkeypatch.context() as patch:
        counting = Counting(np.matmul, 0)
        patch.setattr(np, "matmul", counting)
        patch.setattr(col2im, "_BLOCK", laid)
        col2im._col2im(upstream, kernel, start, stride, dilation, out)
        assert products(Part(upstream, kernel, out, start, stride, dilation, "col2im", "fast")) == counting.count


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(problems())
def test_a_small_problem_is_one_matrix_product(monkeypatch, problem):
    images, kernel, start, stride, dilation, extent = problem
    out = np.zeros((images.shape[0], *kernel.shape[:2], *extent), images.dtype)
    kept = small._small_for(images, kernel, start, stride, dilation, out)
    assume(kept is not None)
    with monkeypatch.context() as patch:
        counter = Counting(np.matmul, 0)
        patch.setattr(np, "matmul", counter)
        patch.setattr(Row, "count", 0)
        kept.run(images, kernel.view(Row), out)
        counted = counter.count + Row.count
    found = Part(images, kernel, out, start, stride, dilation, SMALL, "exact")
    assert products(found) == counted


def test_a_schedule_of_parts_counts_them():
    """Four images of every second row and column: 32 x 32 channels, 14 x 14 results each, by 3 x 3 tiles of F(5, 3)."""
    shapes = (1, 1, 32, 32, 32), (1, 32, 32, 3, 3), (28, 28)
    found = part("sub-images", *shapes, dilation=(2, 2))
    inner = tuple(inner_parts(found))
    assert labels(inner) == "tiles F(5, 3)"
    assert inner[0].counts == (4, 1, 32, 32)
    assert found.label == "sub-images (tiles F(5, 3))"
    assert products(found) == 4 * 32 * 32 * (3 * 3) * 49


def test_names():
    assert tile_text((1, 1), (4, 3)) == "F(4, 3) across"
    assert tile_text((4, 3), (1, 1)) == "F(4, 3) down"
    assert tile_text((4, 3), (2, 7)) == "F(4, 3) x F(2, 7)"
    assert has(part("tiles of taps", (3, 1, 2, 10, 14), (1, 5, 2, 8, 12), (3, 3)), "tiles")
    assert not has(part("direct", *LAYER), "tiles")


@pytest.mark.parametrize(("schedule", "message"), [("tiles", "direct has no tiles"), (SMALL, "not small")])
def test_a_count_that_makes_no_sense(schedule, message):
    from symconv.kernels import products as module

    large = part("direct", (1, 1, 64, 66, 66), (1, 64, 64, 3, 3), (64, 64))
    with pytest.raises(ValueError, match=message):
        module._BY_SCHEDULE[schedule](large)
