"""A network that is designed, not trained: it tells the outline of a square from that of a diamond on 15 x 15 pixels.

Four kernels of 3 x 3, each a line: -, |, / and \\.  With padding 1, bias -2 and ReLU a pixel answers 1 where all three
pixels of a line are set, else 0.  Max pooling of 3 x 3 by threes, then a dense layer that counts the straight
lines minus the slanted ones, and a softmax.  Every placement of both shapes is tried.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

import symconv as sc

SIDE = 15
LINES = np.array(
    [
        [[0, 0, 0], [1, 1, 1], [0, 0, 0]],
        [[0, 1, 0], [0, 1, 0], [0, 1, 0]],
        [[0, 0, 1], [0, 1, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    ]
)
SLANTED = np.array([False, False, True, True])
STRAIGHT_MINUS_SLANTED = np.repeat(np.where(SLANTED, -1, 1), 25)  # 25 entries a map, map by map
WEIGHTS = {
    "K": LINES[:, None],
    "b": np.full(4, -2),
    "D": np.array([STRAIGHT_MINUS_SLANTED, -STRAIGHT_MINUS_SLANTED]),
    "c": np.zeros(2),
}


# -- the network ---------------------------------------------------------------------------------


@cache
def network(relu: bool = True) -> dict[str, sc.Tensor]:
    """The stages and the parameters by name; the first axis counts the images."""
    X = sc.tensor("X", sc.sizes("N"), 1, SIDE, SIDE)
    K, b, D, c = sc.tensor("K", 4, 1, 3, 3), sc.tensor("b", 4), sc.tensor("D", 2, 100), sc.tensor("c", 2)
    found = sc.add_bias(sc.correlate(X, K, padding=1), b, 1)
    maps = sc.apply("relu", found) if relu else found
    pooled = sc.pool(maps, (3, 3), kind="max")
    scores = sc.dense(D, sc.flatten_rows(pooled), c)
    return {**locals(), "answer": sc.softmax(scores)}


@cache
def compiled(stage: str, relu: bool = True) -> Any:
    return network(relu)[stage].compile()


def run(images: Any, stage: str = "scores", relu: bool = True) -> Any:
    """What a stage makes of these images [N, 15, 15]."""
    needed = WEIGHTS if stage in ("scores", "answer") else {name: WEIGHTS[name] for name in ("K", "b")}
    return compiled(stage, relu)(X=images[:, None], **needed)


def score(images: Any, relu: bool = True) -> Any:
    """The score for a square; the one for a diamond is its negative."""
    square, diamond = run(images, "scores", relu).T
    assert (square == -diamond).all()
    return square


# -- the shapes ----------------------------------------------------------------------------------


def square(side: int, top: int, left: int, filled: bool = False) -> Any:
    image = np.zeros((SIDE, SIDE), dtype=int)
    image[top : top + side, left : left + side] = 1
    if not filled:
        image[top + 1 : top + side - 1, left + 1 : left + side - 1] = 0
    return image


def diamond(radius: int, row: int, column: int) -> Any:
    rows, columns = np.indices((SIDE, SIDE))
    return (abs(rows - row) + abs(columns - column) == radius).astype(int)


def squares(sides: range, filled: bool = False) -> Any:
    """All placements of all squares of these sides."""
    return np.array(
        [square(n, top, left, filled) for n in sides for top, left in product(range(SIDE - n + 1), repeat=2)]
    )


def diamonds(radii: range) -> Any:
    """All placements of all diamonds of these radii."""
    return np.array([diamond(n, *centre) for n in radii for centre in product(range(n, SIDE - n), repeat=2)])


# -- the design ----------------------------------------------------------------------------------


def test_the_shapes_of_the_stages_and_the_numbers_to_specify() -> None:
    """15 x 15 in 4 maps, 5 x 5 after the pooling, 100 in a row; 4*9 + 4 + 200 + 2 numbers."""
    net = network()
    shapes = [net[name].shape[1:] for name in ("maps", "pooled", "scores", "answer")]
    assert shapes == [(4, 15, 15), (4, 5, 5), (2,), (2,)]
    assert sc.parameters(net["K"], net["b"], net["D"], net["c"]) == 4 * 9 + 4 + 200 + 2
    assert {name: array.shape for name, array in WEIGHTS.items()} == {
        name: net[name].shape for name in ("K", "b", "D", "c")
    }


def test_a_map_marks_the_full_lines_of_its_kind_alone() -> None:
    """By hand: the outline of side 4 at (2, 5) has 2 full places on each of its sides, and no slanted line."""
    (maps,) = run(square(4, 2, 5)[None], "maps")
    assert sorted(map(tuple, np.argwhere(maps))) == [
        *((0, row, column) for row in (2, 5) for column in (6, 7)),
        *((1, row, column) for row in (3, 4) for column in (5, 8)),
    ]
    assert set(np.unique(maps)) == {0, 1}


def test_the_maps_of_a_diamond() -> None:
    """By hand: radius 3 about (7, 6); each edge has 4 pixels, so 2 full places; the tips complete no other line."""
    (maps,) = run(diamond(3, 7, 6)[None], "maps")
    assert sorted(map(tuple, np.argwhere(maps))) == [
        *((2, row, column) for row, column in ((5, 5), (6, 4), (8, 8), (9, 7))),
        *((3, row, column) for row, column in ((5, 7), (6, 8), (8, 4), (9, 5))),
    ]


@pytest.mark.parametrize(
    ("images", "straight", "slanted"), [(squares(range(3, 16)), 3, 2), (diamonds(range(2, 8)), 2, 3)]
)
def test_the_other_kernels_match_two_pixels_of_three(images: Any, straight: int, slanted: int) -> None:
    """Lines of the other kind get no full match, but 2 of 3 at a corner or a tip: hence the bias of -2."""
    matched = run(images, "found", relu=False) + 2
    greatest = matched.max(axis=(2, 3))
    assert (greatest[:, SLANTED] <= slanted).all()
    assert (greatest[:, ~SLANTED] <= straight).all()
    assert (greatest.max(axis=0) == np.where(SLANTED, slanted, straight)).all()


@pytest.mark.parametrize("relu", [True, False])
def test_the_network_equals_plain_loops(relu: bool) -> None:
    """On noise, where any maps occur: windows, maximum, sum and softmax written out."""
    images = np.random.default_rng(0).integers(0, 2, (6, SIDE, SIDE))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    maps = np.zeros((6, 4, SIDE, SIDE))
    for line, i, j in product(range(4), range(SIDE), range(SIDE)):
        maps[:, line, i, j] = (padded[:, i : i + 3, j : j + 3] * LINES[line]).sum((1, 2)) - 2
    maps = np.maximum(maps, 0) if relu else maps
    pooled = maps.reshape(6, 4, 5, 3, 5, 3).max((3, 5))
    wanted = pooled[:, :2].sum((1, 2, 3)) - pooled[:, 2:].sum((1, 2, 3))
    assert (run(images, "maps", relu) == maps).all()
    assert (run(images, "scores", relu) == np.stack([wanted, -wanted], 1)).all()
    odds = np.exp([wanted, -wanted])
    assert np.abs(run(images, "answer", relu) - (odds / odds.sum(0)).T).max() < 1e-12


# -- every placement -----------------------------------------------------------------------------


def test_every_square_is_told() -> None:
    """Sides 3 to 15, 819 placements: the score is at least 2, so the two scores lie at least 4 apart."""
    images = squares(range(3, 16))
    assert len(images) == 819 == len(np.unique(images, axis=0))
    assert score(images).min() == 2


def test_every_diamond_is_told() -> None:
    """Radii 2 to 7, 286 placements: the score is at most -2."""
    images = diamonds(range(2, 8))
    assert len(images) == 286 == len(np.unique(images, axis=0))
    assert score(images).max() == -2


def test_the_answer_is_a_probability() -> None:
    """Scores 4 apart give odds of e^4, so at least 0.98 for the right shape."""
    images = np.concatenate([squares(range(3, 16)), diamonds(range(2, 8))])
    answer = run(images, "answer")
    right = np.where(np.arange(len(images)) < 819, answer[:, 0], answer[:, 1])
    assert right.min() == pytest.approx(1 / (1 + np.exp(-4)), rel=1e-12)
    assert np.abs(answer.sum(1) - 1).max() < 1e-12


# -- its limits ----------------------------------------------------------------------------------


def test_the_smallest_diamond_is_not_told() -> None:
    """Radius 1 has no line of 3: all 169 placements tie at 0."""
    images = diamonds(range(1, 2))
    assert len(images) == 169
    assert (run(images) == 0).all()


def test_without_relu_small_squares_are_not_told() -> None:
    """Negative entries of the maps count then: 25 squares of side 3 and 4 of side 6 fail; no diamond does."""
    images = squares(range(3, 16))
    wrong = images[score(images, relu=False) <= 0]
    sides, counts = np.unique(wrong.any(1).sum(1), return_counts=True)
    assert dict(zip(sides.tolist(), counts.tolist(), strict=True)) == {3: 25, 6: 4}
    assert len(wrong) == 29
    assert score(diamonds(range(2, 8)), relu=False).max() < 0


def cells(first: int, last: int) -> int:
    """How many windows of 3 by threes these rows, or columns, touch."""
    return last // 3 - first // 3 + 1


def test_a_filled_square_is_told_by_its_rim_alone() -> None:
    """Inside it all four lines match; - and | also match along the rim, which often falls into the same windows.

    The whole image, and 205 placements in all, tie at 0.
    """
    wanted = []
    for side in range(3, 16):
        for top, left in product(range(SIDE - side + 1), repeat=2):
            bottom, right = top + side - 1, left + side - 1
            rows, columns = cells(top, bottom), cells(left, right)
            inner_rows, inner_columns = cells(top + 1, bottom - 1), cells(left + 1, right - 1)
            wanted.append(rows * inner_columns + inner_rows * columns - 2 * inner_rows * inner_columns)
    found = score(squares(range(3, 16), filled=True))
    assert found.tolist() == wanted
    assert found[-1] == 0
    assert (np.count_nonzero(found == 0), found.min()) == (205, 0)
