"""The block diagram: a box a layer, an arrow each way for every operand."""

from __future__ import annotations

import pytest

from symconv.errors import UsageError
from symconv.ops.correlate import correlate
from symconv.ops.layer import elementwise
from symconv.ops.pool import pool_max
from symconv.pictures.network import network
from tests.pictures.svg import leaf, root

X, K, L = leaf("X", 1, "H", "W"), leaf("K", 8, 1, "r", "r"), leaf("L", 8, 8, 3, 3)


def with_class(picture, name):
    return [e for e in root(picture).iter() if name in (e.get("class") or "").split()]


def test_a_chain():
    picture = network(pool_max(correlate(X, K), (2, 2)), {"H": 8, "W": 9, "r": 3})
    assert [e.text for e in with_class(picture, "name")] == ["X", "correlate", "pool_max"]
    words = [e.text for e in with_class(picture, "soft")]
    assert words == ["1 x 8 x 9", "8 x 6 x 7", "K", "72 numbers", "8 x 3 x 3"]
    for kind in ("forward", "backward"):  # two between boxes, one to the parameters, one in the legend
        assert sum("arrow" in (e.get("class") or "") for e in with_class(picture, kind)) == 4
    assert "from pool_max to correlate, from correlate to X and K" in picture.alt


def test_a_branch_passes_by():
    h = correlate(X, K)
    picture = network(elementwise(h, correlate(h, L, padding=1), "+"), {"H": 8, "W": 8, "r": 3})
    assert "elementwise: 8 x 6 x 6, from correlate 1 and correlate 2" in picture.alt
    turns = [e for e in with_class(picture, "arrow") if "V" in (e.get("d") or "") and "H" in (e.get("d") or "")]
    assert len(turns) == 2


def test_shapes_for_all_sizes():
    picture = network(correlate(X, K))
    assert "correlate: 8 x (H+1-r) x (W+1-r), from X, with K (8*r^2 numbers)." in picture.alt


def test_data_alone_is_no_network():
    with pytest.raises(UsageError, match="draw what is made of it"):
        network(X)
