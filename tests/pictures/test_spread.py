"""The spread upstream gradient against an adjoint that is written as a loop."""

from __future__ import annotations

from itertools import product

import pytest

from symconv.calculus.gradient import gradient, upstream
from symconv.errors import UsageError
from symconv.ops.correlate import correlate
from symconv.ops.window import pad, rot180, stuff
from symconv.pictures.spread import spread_gradient
from symconv.proof.closed_form import closed_form
from tests.pictures.svg import grid, grids, leaf, marked

SIZES = {"H": 5, "W": 6, "r": 2, "c": 3}
CASES = [((1, 1), ((0, 0), (0, 0)), (1, 1)), ((2, 3), ((1, 0), (0, 2)), (1, 1)), ((1, 2), ((0, 1), (1, 0)), (2, 1))]


def links(at, stride, padding, dilation):
    """Which output meets which kernel entry in the gradient by X[at]: by the definition of the forward formula."""
    extents = [
        (h + sum(p) - d * (k - 1) - 1) // s + 1 for h, k, s, p, d in zip((5, 6), (2, 3), stride, padding, dilation)
    ]
    found = {}
    for o in product(*map(range, extents)):
        for u in product(range(2), range(3)):
            if all(stride[n] * o[n] + dilation[n] * u[n] - padding[n][0] == at[n] for n in range(2)):
                found[o] = u
    return found


@pytest.mark.parametrize("options", CASES)
@pytest.mark.parametrize("at", [(0, 0), (2, 3), (4, 5)])
def test_the_window_holds_what_the_loop_multiplies(options, at):
    X, K = leaf("X", "H", "W"), leaf("K", "r", "c")
    f = correlate(X, K, *options)
    form = closed_form(gradient(f, X, upstream(f, "G"))).tensor
    picture = spread_gradient(form, at, SIZES)
    wanted = links(at, *options)
    (spread,) = [cells for title, cells in grids(picture) if title.startswith("G,")]
    window = {place: spread[place] for place in marked(spread, "read")}
    assert len(window) == 6
    met = {tuple(d.text.split()) for d in window.values() if d.of}
    assert met == {(f"G{o[0]},{o[1]}", f"K{u[0]},{u[1]}") for o, u in wanted.items()}
    assert all(d.text.startswith("0 K") for d in window.values() if not d.of)
    assert marked(grid(picture, "G"), "read") == set(wanted)
    kernel = {d.text: d.kinds for d in grid(picture, "rot180(K)").values()}
    assert all(d.kinds - {"read", "stuffed", "padding"} == kernel[d.text.split()[1]] for d in window.values())
    for o, u in wanted.items():
        assert f"G[{o[0]}, {o[1]}] times K[{u[0]}, {u[1]}]" in picture.alt
    result = grid(picture, "gradient")
    assert marked(result, "entry") == {at}
    for place, drawn in result.items():
        assert {n for n in drawn.reads if n[0] == "G"} == {f"G[{i},{j}]" for i, j in links(place, *options)}


def test_stuffed_and_padded_zeros_are_told_apart():
    G, K = leaf("G", 2, 2), leaf("K", 2, 2)
    picture = spread_gradient(correlate(pad(stuff(G, (2, 3)), ((1, 0), (2, 1))), rot180(K)), (0, 0), {})
    cells = grid(picture, "G, stuffed and padded")
    entries = {(1 + 2 * i, 2 + 3 * j) for i, j in product(range(2), repeat=2)}
    inner = set(product(range(1, 4), range(2, 6)))
    assert marked(cells, "stuffed") == inner - entries
    assert marked(cells, "padding") == set(product(range(4), range(7))) - inner
    assert "8 zeros stuffed between, 16 padded around" in picture.alt


def test_a_form_without_a_window():
    with pytest.raises(UsageError, match="give the closed form of a gradient"):
        spread_gradient(pad(leaf("G", 2), 1), (0,), {})
