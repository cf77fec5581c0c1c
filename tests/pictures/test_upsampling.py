"""The upsampling pictures against NumPy and loops."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from symconv.errors import DependenceError
from symconv.ops.correlate import transposed
from symconv.ops.pool import pool_max
from symconv.ops.resample import bed_of_nails, unpool_max, upsample_bilinear, upsample_nearest
from symconv.pictures.upsampling import upsampling
from tests.pictures.svg import grid, grids, leaf, marked

NUMBERS = np.array([[1, 2, 3], [4, 5, 7]])
X = leaf("X", "H", "W")


def numbers_in(cells):
    rows, columns = (1 + max(place[n] for place in cells) for n in range(2))
    return np.array([[Fraction(cells[i, j].text) for j in range(columns)] for i in range(rows)])


def test_nearest_repeats_numbers_and_colours():
    picture = upsampling(upsample_nearest(X, (2, 3)), X, {X: NUMBERS})
    cells, source = grid(picture, "output"), grid(picture, "X")
    assert (numbers_in(cells) == NUMBERS.repeat(2, 0).repeat(3, 1)).all()
    assert all(drawn.kinds == source[i // 2, j // 3].kinds for (i, j), drawn in cells.items())
    assert len({drawn.kinds for drawn in source.values()}) == 6


def test_nails_stand_in_the_corners():
    picture = upsampling(bed_of_nails(X, (2, 3)), X, {X: NUMBERS})
    wanted = np.zeros((4, 9), int)
    wanted[::2, ::3] = NUMBERS
    assert (numbers_in(grid(picture, "output")) == wanted).all()
    assert "30 outputs read nothing and are zero." in picture.alt


def test_bilinear_is_separable_interpolation():
    picture = upsampling(upsample_bilinear(X, 2), X, {X: NUMBERS})

    def line(values):
        n, out = len(values), []
        for i in range(2 * n):
            place = min(max(Fraction(2 * i - 1, 4), 0), n - 1)
            q = min(int(place), n - 2)
            out.append(values[q] + (values[q + 1] - values[q]) * (place - q))
        return out

    wanted = np.array([line(row) for row in np.array([line(c) for c in NUMBERS.T.tolist()], dtype=object).T.tolist()])
    cells = grid(picture, "output")
    assert (numbers_in(cells) == wanted).all()
    assert marked(cells, "shared") == {
        (i, j) for i in range(4) for j in range(6) if (i, j) not in {(0, 0), (0, 5), (3, 0), (3, 5)}
    }


def test_unpooling_puts_numbers_where_the_maxima_were():
    image = np.array([[1, 5, 2, 0], [3, 4, 9, 1], [0, 0, 1, 1], [7, 2, 3, 8]])
    Z, Y = leaf("Z", 4, 4), leaf("Y", 2, 2)
    picture = upsampling(unpool_max(Y, pool_max(Z, 2)), Y, {Y: [[1, 2], [3, 4]], Z: image})
    wanted = np.zeros((4, 4), int)
    for n, (i, j) in enumerate(np.ndindex(2, 2)):
        block = image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        wanted[2 * i + block.argmax() // 2, 2 * j + block.argmax() % 2] = n + 1
    assert (numbers_in(grid(picture, "output")) == wanted).all()
    assert (numbers_in(grid(picture, "Z")) == image).all()


@pytest.mark.parametrize(("stride", "padding"), [((2, 1), ((0, 0), (0, 0))), ((1, 3), ((1, 0), (0, 1)))])
def test_a_transposed_convolution_is_the_sum_of_its_copies(stride, padding):
    K, kernel = leaf("K", 3, 2), np.array([[1, 2], [0, 1], [3, -1]])
    picture = upsampling(transposed(X, K, stride, padding), X, {X: NUMBERS, K: kernel})
    full = np.zeros((stride[0] + 3, 2 * stride[1] + 2), int)
    hits = np.zeros_like(full)
    for i, j in np.ndindex(2, 3):
        rows, columns = slice(i * stride[0], i * stride[0] + 3), slice(j * stride[1], j * stride[1] + 2)
        full[rows, columns] += NUMBERS[i, j] * kernel
        hits[rows, columns] += 1
    (top, bottom), (left, right) = padding
    kept = slice(top, full.shape[0] - bottom), slice(left, full.shape[1] - right)
    cells = grid(picture, "output")
    assert (numbers_in(cells) == full[kept]).all()
    assert marked(cells, "shared") == set(zip(*map(np.ndarray.tolist, np.nonzero(hits[kept] > 1))))
    copies = [part for title, part in grids(picture) if title.endswith(" lays")]
    assert len(copies) == 6
    total = sum(int(d.text) for part in copies for d in part.values() if d.text)
    assert total == full[kept].sum()


def test_a_tensor_that_is_not_enlarged():
    Y = leaf("Y", 2, 2)
    with pytest.raises(DependenceError, match="no entry of Y"):
        upsampling(upsample_nearest(X, 2), Y, {X: NUMBERS, Y: [[1, 2], [3, 4]]})
