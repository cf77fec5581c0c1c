"""The coloured matrix against the convolution of unit images, carried out by loops."""

from __future__ import annotations

from itertools import product

import pytest

from symconv.errors import ShapeError
from symconv.ops.matrix import toeplitz
from symconv.pictures.matrix import toeplitz_picture
from tests.pictures.svg import grid, leaf, root

CASES = [((1, 1), ((0, 0), (0, 0)), (1, 1)), ((2, 1), ((1, 0), (0, 1)), (1, 1)), ((1, 2), ((0, 1), (1, 1)), (2, 1))]


def matrix(shape, kernel, stride, padding, dilation, order):
    """(output, input) -> tap, both flattened."""
    extents = [
        (h + sum(p) - d * (k - 1) - 1) // s + 1 for h, k, s, p, d in zip(shape, kernel, stride, padding, dilation)
    ]

    def flat(index, of):
        return index[0] + of[0] * index[1] if order == "columns" else index[0] * of[1] + index[1]

    found = {}
    for o in product(*map(range, extents)):
        for u in product(*map(range, kernel)):
            at = tuple(stride[n] * o[n] + dilation[n] * u[n] - padding[n][0] for n in range(2))
            if all(0 <= a < h for a, h in zip(at, shape)):
                found[flat(o, extents), flat(at, shape)] = u
    return extents, found


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("order", ["columns", "rows"])
def test_equal_weights_have_equal_colours(order, options):
    K = leaf("K", 2, 3)
    X = leaf("X", "H", "W")
    picture = toeplitz_picture(toeplitz(K, X.shape, *options, order), {"H": 3, "W": 4})
    (h, w), wanted = matrix((3, 4), (2, 3), *options, order)
    cells, kernel = grid(picture, "matrix"), grid(picture, "K")
    assert set(cells) == set(product(range(h * w), range(12)))
    assert len({drawn.kinds for drawn in kernel.values()}) == 6
    for place, drawn in cells.items():
        tap = wanted.get(place)
        assert drawn.kinds == (kernel[tap].kinds if tap else frozenset())
        assert drawn.reads == ({f"K[{tap[0]},{tap[1]}]"} if tap else set())
        assert drawn.text == (f"K{tap[0]},{tap[1]}" if tap else "")


@pytest.mark.parametrize(("order", "rows", "columns"), [("columns", 2, 4), ("rows", 2, 3)])
def test_block_lines_are_where_the_index_formula_divides(order, rows, columns):
    """3 by 4 under 2 by 3 gives 2 by 2: blocks of H columns (of W) and of an output's height (width)."""
    K, X = leaf("K", 2, 3), leaf("X", "H", "W")
    picture = toeplitz_picture(toeplitz(K, X.shape, order=order), {"H": 3, "W": 4})
    lines = [p.get("d", "") for p in root(picture).iter() if p.get("class") == "block"]
    assert (sum("H" in d for d in lines), sum("V" in d for d in lines)) == (rows - 1, columns - 1)
    assert f"made of {rows} by {columns} blocks" in picture.alt


def test_words_name_every_place_of_a_weight():
    picture = toeplitz_picture(toeplitz(leaf("w", 2), leaf("x", "W").shape), {"W": 3})
    assert "w[0] stands at (0, 0) and (1, 1)." in picture.alt
    assert "w[1] stands at (0, 1) and (1, 2)." in picture.alt


def test_only_a_matrix_can_be_drawn():
    from symconv.ops.window import pad

    with pytest.raises(ShapeError, match="draw a tensor with two axes"):
        toeplitz_picture(pad(leaf("x", 3), 1), {})
