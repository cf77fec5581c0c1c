"""The digits that tiles lose: the figures of the docs and of docstrings against measurements with SciPy's sums."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import correlate as direct

from symconv import export
from symconv.kernels.runtime import choice
from symconv.kernels.schedules.digits import ERRORS, error_of, labelled, tiles_by_accuracy
from tests.benchmarks import digits
from tests.kernels.schedule_cases import run

DOCS = Path(__file__).parents[2] / "docs" / "kernels.md"
CASES = [(accuracy, tile) for accuracy in ("exact", "fast") for tile in tiles_by_accuracy(accuracy)]
pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests
LAYER = "conv2d --size 56 --channels 64,64 --padding 1 --batch 2"


def by_scipy(images, kernel):
    """All channels at once, one output after the other."""
    return np.array([[direct(x, w, mode="valid", method="direct")[0] for w in kernel] for x in images])


def measured(schedule, accuracy, taps, side, dtype, seed):
    """The greatest error over the greatest entry, by the schedule that a module would run."""
    rng, wide = np.random.default_rng(seed), digits.WIDER[dtype]
    images = rng.standard_normal((1, 64, side + taps - 1, side + taps - 1)).astype(dtype)
    kernel = rng.standard_normal((8, 64, taps, taps)).astype(dtype)
    if schedule == "tiles of taps":  # 64 images of one channel, summed; results of taps x taps
        kernel = rng.standard_normal((8, 64, side, side)).astype(dtype)
    wanted = by_scipy(images.astype(wide), kernel.astype(wide))
    out = run(schedule, accuracy, images[:, None], kernel[None], (0, 0), (1, 1), (1, 1), wanted.shape[2:])
    return float(np.abs(out[0] - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("accuracy", "tile"), CASES, ids=str)
def test_a_stated_error_bounds_what_is_measured(accuracy, tile, dtype):
    """And is no more than ten times as large."""
    if dtype == "float64" and np.finfo(np.longdouble).nmant < 60:
        pytest.skip("long double is no wider than float64 here")
    m, r = tile
    side = next(n for n in (16, 15) if choice._tile_of((r, r), (n, n), accuracy) == (m, m))
    found = [measured(name, accuracy, r, side, dtype, seed) for name in ("tiles", "tiles of taps") for seed in (11, 12)]
    stated = ERRORS[tile][dtype == "float64"]
    assert max(found) <= stated <= 10 * max(found)


@pytest.mark.parametrize(("m", "r"), [(m, r) for whole, r in sorted(ERRORS) for m in range(1, whole)])
def test_shorter_tiles_lose_no_more(m, r):
    assert 0 < digits.forward_error((m, r), "float32", 21, side=m) <= error_of((m, r))[0]


def test_two_kinds_of_tiles_lose_no_more_than_the_worse():
    rng = np.random.default_rng(3)
    images, kernel = rng.standard_normal((1, 64, 18, 22)), rng.standard_normal((8, 64, 3, 7))
    images, kernel = images.astype("f4"), kernel.astype("f4")
    wanted = by_scipy(images.astype(float), kernel.astype(float))
    out = run("tiles", "fast", images[:, None], kernel[None], (0, 0), (1, 1), (1, 1), (16, 16))
    assert 0 < np.abs(out[0] - wanted).max() / np.abs(wanted).max() <= ERRORS[2, 7][0]


def test_every_tile_that_may_be_chosen_has_its_figures():
    chosen = {
        (side, taps)
        for accuracy in ("exact", "fast")
        for taps in range(2, 12)
        for extent in (15, 16)
        for side in choice._tile_of((taps, taps), (extent, extent), accuracy)
        if side
    }
    assert chosen == set(ERRORS) == set(digits.tiles())
    short = {choice._tile_of((3, 3), (n, n), "fast")[0] for n in range(1, 9)}
    assert short == {1, 2, 3, 4, 5}
    assert {error_of((m, 3)) for m in short} == {ERRORS[2, 3], ERRORS[4, 3], ERRORS[5, 3]}


def test_the_exact_path_keeps_what_it_promises():
    assert max(ERRORS[tile][0] for tile in tiles_by_accuracy("exact")) <= 1e-6


def test_the_table_of_the_docs_has_these_figures():
    table = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| F(")]
    assert table == [digits.row(tile, *ERRORS[tile]) for tile in digits.tiles()]
    assert "`python -m tests.benchmarks.digits`" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--kernel 3", ["F(4, 3) 2e-5 / 2e-14"]),
        ("--kernel 7", ["F(2, 7) 3e-5 / 4e-14"]),
        ("--kernel 3,5", ["F(4, 3) 2e-5 / 2e-14", "F(4, 5) 2e-5 / 3e-14"]),
        ("--kernel 9", []),
        ("--kernel 3 --schedule direct", []),
    ],
)
def test_a_module_labels_the_tiles_that_its_sizes_reach(options, said):
    options, _, schedule = options.partition(" --schedule ")
    text = export(f"{LAYER} {options}", accuracy="fast", schedule=schedule)
    docstring = " ".join(text.split('"""')[1].split())
    named = re.findall(r"F\(\d, \d\) \S+ / [\de-]+", docstring)
    assert named == said


def test_a_module_of_open_sizes_labels_all():
    docstring = " ".join(export("conv2d").split('"""')[1].split())
    assert next(labelled(None)) in docstring
    assert len(re.findall(r"F\(\d, \d\) \S+ / ", docstring)) == len(CASES)
    assert "F(2, 3) 9e-7 / 2e-15; fast F(4, 2)" in docstring


def test_figures_are_rounded_up():
    assert digits.rounded_up(1.01e-6) == 2e-6
    assert digits.rounded_up(9.9e-7) == 1e-6
