"""Windows and what one entry reaches, against loops that know nothing of the formulas."""

from __future__ import annotations

from itertools import product

import pytest

from symconv.errors import DependenceError, ScopeError, SizeError
from symconv.ops.correlate import convolve, correlate
from symconv.ops.pool import pool_average, pool_max
from symconv.pictures.reached import reached
from symconv.pictures.window import window
from tests.pictures.svg import grid, grids, leaf, marked, root

SIZES = {"H": 5, "W": 7, "r": 2, "c": 3}
# stride, padding, dilation; the windows of the first leave a tail on both axes
OPTIONS = [
    ((2, 3), ((0, 0), (0, 0)), (1, 1)),
    ((1, 2), ((1, 0), (0, 2)), (2, 1)),
    ((3, 1), ((2, 1), (1, 0)), (1, 2)),
]


def places(stride, padding, dilation, output, flipped=False):
    """What an output reads: position on the image -> tap, by the definition of a strided padded dilated window."""
    kernel = SIZES["r"], SIZES["c"]
    found = {}
    for tap in product(*map(range, kernel)):
        at = tuple(stride[n] * output[n] + dilation[n] * tap[n] - padding[n][0] for n in range(2))
        found[at] = tuple(k - 1 - u for k, u in zip(kernel, tap)) if flipped else tap
    return found


def outputs(stride, padding, dilation):
    extents = [
        (h + sum(p) - d * (k - 1) - 1) // s + 1 for h, k, s, p, d in zip((5, 7), (2, 3), stride, padding, dilation)
    ]
    return list(product(*map(range, extents)))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("outside", ["zero", "error"])
@pytest.mark.parametrize("operation", [correlate, convolve])
def test_the_marked_cells_are_those_that_a_loop_reads(operation, outside, options):
    X, K = leaf("X", "H", "W", outside=outside), leaf("K", "r", "c")
    stride, padding, dilation = options
    every = outputs(*options)
    picture = window(operation(X, K, stride, padding, dilation), X, every, SIZES)
    ever = {at for o in every for at in places(*options, o)}
    for o in every:
        cells = grid(picture, f"output[{o[0]}, {o[1]}] reads X")
        wanted = places(*options, o, flipped=operation is convolve)
        assert marked(cells, "read") == set(wanted)
        assert {at: cells[at].text for at in wanted} == {at: f"K{u},{v}" for at, (u, v) in wanted.items()}
        inside = set(product(range(5), range(7)))
        assert marked(cells, "padding") == set(cells) - inside
        assert marked(cells, "never") == inside - ever
        assert ever <= set(cells)
    result = grid(picture, "output")
    assert set(result) == set(every) == marked(result, "entry")
    for o in every:
        live = {at: tap for at, tap in places(*options, o, operation is convolve).items() if at in inside}
        names = {f"X[{i},{j}]" for i, j in live}
        assert {n for n in result[o].reads if n.startswith("X")} == names


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("operation", [correlate, convolve])
@pytest.mark.parametrize("at", [(2, 3), (0, 6), (4, 0)])
def test_the_reached_outputs_are_those_whose_loop_reads_the_entry(operation, options, at):
    X, K = leaf("X", "H", "W"), leaf("K", "r", "c")
    picture = reached(operation(X, K, *options), X, at, SIZES)
    wanted = {}
    for o in outputs(*options):
        tap = places(*options, o, operation is convolve).get(at)
        if tap is not None:
            wanted[o] = tap
    cells = grid(picture, "output")
    assert marked(cells, "read") == set(wanted)
    assert {o: cells[o].text for o in wanted} == {o: f"K{u},{v}" for o, (u, v) in wanted.items()}
    assert marked(grid(picture, "X"), "entry") == {at}
    for o, (u, v) in wanted.items():
        assert f"output[{o[0]}, {o[1]}] (through K[{u}, {v}])" in picture.alt
    if wanted:
        kernel = grid(picture, "K")
        for o, tap in wanted.items():
            assert cells[o].kinds - {"read"} == kernel[tap].kinds


def test_the_text_says_that_the_kernel_lies_there_turned():
    X, K = leaf("X", "H", "W"), leaf("K", "r", "c")
    assert "turned by 180 degrees" in reached(correlate(X, K), X, (2, 3), SIZES).alt
    assert "turned" not in reached(convolve(X, K), X, (2, 3), SIZES).alt


def test_an_entry_that_no_output_reads():
    X, K = leaf("X", "H", "W"), leaf("K", "r", "c")
    picture = reached(correlate(X, K, stride=(2, 3)), X, (4, 6), SIZES)
    assert "X[4, 6] reaches nothing." in picture.alt
    assert not marked(grid(picture, "output"), "read")


def test_channels_have_a_grid_each():
    X, K = leaf("X", 2, "H", "W"), leaf("K", 3, 2, 2, 2)
    picture = window(correlate(X, K), X, [(1, 0, 2)], {"H": 3, "W": 4})
    for c in range(2):
        cells = grid(picture, f"output[1, 0, 2] reads X[{c},:,:]")
        assert marked(cells, "read") == {(0, 2), (0, 3), (1, 2), (1, 3)}
        assert cells[1, 2].text == f"K1,{c},1,0"
    assert [title for title, _ in grids(picture)][-1] == "output[1,:,:]"


def test_windows_of_pooling():
    X = leaf("X", "H", "W")
    average = window(pool_average(X, (2, 3), stride=(2, 2)), X, [(1, 1)], {"H": 5, "W": 7})
    cells = grid(average, "output[1, 1] reads X")
    assert {cells[p].text for p in marked(cells, "read")} == {"1/6"}
    assert marked(cells, "read") == set(product((2, 3), (2, 3, 4)))
    greatest = window(pool_max(X, (2, 3)), X, [(0, 1)], {"H": 5, "W": 7})
    assert marked(grid(greatest, "output[0, 1] reads X"), "read") == set(product((0, 1), (3, 4, 5)))


def test_a_picture_is_one_image_with_its_text():
    X, K = leaf("X", "H", "W"), leaf("K", "r", "c")
    picture = window(correlate(X, K), X, [(0, 0)], SIZES)
    svg = root(picture)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == picture.alt
    assert svg.get("viewBox") == f"0 0 {svg.get('width')} {svg.get('height')}"
    assert "prefers-color-scheme:dark" in picture.svg
    assert "http" not in picture.svg.replace("http://www.w3.org/2000/svg", "")


def test_what_cannot_be_drawn_says_what_to_change():
    X, K, Y = leaf("X", "H", "W"), leaf("K", "r", "c"), leaf("Y", 2)
    with pytest.raises(ScopeError, match=r"one of 4 by 5; choose another entry|choose another entry"):
        window(correlate(X, K), X, [(4, 0)], SIZES)
    with pytest.raises(ScopeError, match="choose another entry"):
        reached(correlate(X, K), X, (0,), SIZES)
    with pytest.raises(DependenceError, match="name a tensor that f is made of"):
        window(correlate(X, K), Y, [(0, 0)], SIZES)
    with pytest.raises(SizeError, match="draw it at other sizes"):
        window(correlate(X, K), X, [(0, 0)], {**SIZES, "H": 1000})
