"""Max pooling against a loop over windows."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from symconv.errors import ShapeError
from symconv.ops.pool import pool_max
from symconv.pictures.winners import winners
from tests.pictures.svg import grid, leaf, marked

IMAGE = np.array([[1, 4, 2, 9, 0], [3, 8, 0, 5, 7], [7, 2, 6, 1, 4], [2, 2, 3, 3, 5]])


def pooled(image, window, stride):
    """(maxima, row of the winner, column of the winner); the first in row-major order wins a tie."""
    extents = [(h - w) // s + 1 for h, w, s in zip(image.shape, window, stride)]
    found = {}
    for o in product(*map(range, extents)):
        taps = [tuple(s * a + u for s, a, u in zip(stride, o, t)) for t in product(*map(range, window))]
        found[o] = max(taps, key=lambda at: (image[at], tuple(-a for a in at)))
    return found


@pytest.mark.parametrize(("window", "stride"), [((2, 2), (2, 2)), ((2, 3), (1, 1)), ((3, 2), (1, 2))])
def test_winners_and_gradients_are_those_of_a_loop(window, stride):
    X = leaf("X", "H", "W")
    upstream = {o: 10 * n + 3 for n, o in enumerate(pooled(IMAGE, window, stride))}
    rows = max(o[0] for o in upstream) + 1
    nested = [[n for o, n in upstream.items() if o[0] == row] for row in range(rows)]
    picture = winners(pool_max(X, window, stride), X, IMAGE, upstream=nested)
    won = pooled(IMAGE, window, stride)
    gradient = np.zeros_like(IMAGE)
    for o, at in won.items():
        gradient[at] += upstream[o]
    shared = {at for at in won.values() if list(won.values()).count(at) > 1}
    image, by_x, out = grid(picture, "X"), grid(picture, "gradient by X"), grid(picture, "output")
    assert marked(image, "winner") == set(won.values()) == marked(by_x, "winner")
    assert marked(image, "shared") == shared == marked(by_x, "shared")
    assert {at: by_x[at].text for at in by_x} == {at: str(gradient[at]) for at in np.ndindex(IMAGE.shape)}
    assert {o: out[o].text for o in out} == {o: str(IMAGE[at]) for o, at in won.items()}
    for o, at in won.items():
        assert f"upstream[{o[0]},{o[1]}]" in by_x[at].reads
        assert at in shared or image[at].kinds == {"winner"} | out[o].kinds
        assert f"X[{at[0]}, {at[1]}] = {IMAGE[at]} wins" in picture.alt


def test_ties_fall_as_the_operation_breaks_them():
    X = leaf("X", "n")
    first = winners(pool_max(X, 2), X, [5, 5])
    assert marked(grid(first, "X"), "winner") == {(0, 0)}
    split = winners(pool_max(X, 2, ties="split"), X, [5, 5])
    assert marked(grid(split, "X"), "winner") == {(0, 0), (0, 1)}
    assert {d.text for d in grid(split, "gradient by X").values()} == {"1/2"}


def test_numbers_that_do_not_fit():
    X = leaf("X", "H", 3)
    with pytest.raises(ShapeError, match="give one number an entry"):
        winners(pool_max(X, 2), X, [[1, 2], [3, 4]])
    with pytest.raises(ShapeError, match="fill the rows"):
        winners(pool_max(X, 2), X, [[1, 2, 3], [4]])
