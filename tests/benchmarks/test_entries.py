"""Fixed sizes against naive SymPy; every figure is a ratio in one run.

    python -m tests.benchmarks.table docs/benchmarks.md

writes the table of all figures.
"""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest
from sympy.core.cache import clear_cache

from symconv.calculus.gradient import gradient, upstream
from symconv.entries.structure import prove_at, prove_entries
from symconv.entries.unfold import entries
from symconv.ops.correlate import correlate
from symconv.ops.window import pad, rot180, transpose
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf, Tensor
from tests.benchmarks import naive

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests

ROOT = Path(__file__).parent.parent.parent
H, W, C, M, r, c = (Poly.of(Size(n)) for n in ("H", "W", "C", "M", "r", "c"))


def equations() -> list[tuple[Tensor, Tensor]]:
    """Both gradients of a correlation with one channel, with their closed forms."""
    X, K = Leaf("X", (Axis.of(H), Axis.of(W))), Leaf("K", (Axis.of(r), Axis.of(c)))
    F = correlate(X, K)
    G = upstream(F)
    return [
        (gradient(F, X, G), correlate(pad(G, (r - 1, c - 1)), rot180(K))),
        (gradient(F, K, G), correlate(X, G)),
    ]


def with_channels() -> list[tuple[Tensor, Tensor]]:
    """The input gradient of a correlation with channels: C, H, W by M, C, r, c."""
    X = Leaf("X", (Axis.of(C), Axis.of(H), Axis.of(W)))
    K = Leaf("K", (Axis.of(M), Axis.of(C), Axis.of(r), Axis.of(c)))
    F = correlate(X, K)
    G = upstream(F)
    around = ((0, 0), (r - 1, r - 1), (c - 1, c - 1))
    turned = transpose(rot180(K, 2), (1, 0, 2, 3))
    return [(gradient(F, X, G), correlate(pad(G, around), turned))]


def square(side: int, kernel: int) -> dict[str, int]:
    return {"H": side, "W": side, "r": kernel, "c": kernel}


def prove_by_coordinates(side: int, kernel: int) -> bool:
    return all(prove_at(left, right, square(side, kernel)) for left, right in equations())


def prove_by_expressions(side: int, kernel: int) -> bool:
    """With every SymPy entry of both sides made."""
    sizes = square(side, kernel)
    return all(prove_entries(entries(left, sizes), entries(right, sizes)) for left, right in equations())


def seconds(run: Callable[[], bool], times: int = 1) -> float:
    """The least time of some runs, each from an empty cache."""
    best = math.inf
    for _ in range(times):
        clear_cache()
        start = perf_counter()
        assert run()
        best = min(best, perf_counter() - start)
    return best


def figures(side: int = 28, kernel: int = 5) -> dict[str, float]:
    """Seconds of the three ways, and how much faster ours are."""
    ours = seconds(lambda: prove_by_coordinates(side, kernel), 3)
    every = seconds(lambda: prove_by_expressions(side, kernel))
    theirs = seconds(lambda: naive.prove_both_gradients(side, kernel))
    return {
        "naive s": theirs,
        "every entry s": every,
        "coordinates s": ours,
        "every entry, times faster": theirs / every,
        "coordinates, times faster": theirs / ours,
    }


def growth(prove: Callable[[int, int], bool], small: int, large: int) -> float:
    """The exponent in the image side: time ~ side ** exponent."""
    times = [seconds(lambda n=n: prove(n, 3), 3) for n in (small, large)]  # type: ignore[misc]
    return math.log(times[1] / times[0]) / math.log(large / small)


MEMORY = """
from pathlib import Path
from tests.benchmarks.test_entries import prove_at, with_channels
def peak():  # of this process alone; ru_maxrss would count its parent
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
start = peak()
sizes = {"C": 3, "H": 32, "W": 32, "M": 8, "r": 3, "c": 3}
assert all(prove_at(left, right, sizes) for left, right in with_channels())
print(peak() - start, peak())
"""


def peak_megabytes() -> tuple[float, float]:
    """The memory that a proof at 32x32x3 with eight 3x3 filters takes above the start, and in all."""
    run = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, cwd=ROOT)
    above, peak = map(float, run.stdout.split())
    return above, peak


# -- the tests --------------------------------------------------------------------------


def test_proof_by_coordinates(benchmark: Callable[..., bool]) -> None:
    assert benchmark(prove_by_coordinates, 28, 5)


def test_proof_with_every_entry(benchmark: Callable[..., bool]) -> None:
    assert benchmark(prove_by_expressions, 8, 3)


def test_small_sizes_are_much_faster_than_naive() -> None:
    found = figures(8, 3)
    assert found["coordinates, times faster"] >= 50, found
    assert found["every entry, times faster"] >= 4, found


def test_the_work_grows_with_the_terms() -> None:
    """Two for the entries of an image; a busy machine is allowed for, the table has the bound of 2.3."""
    assert growth(prove_by_coordinates, 64, 192) <= 2.7


@pytest.mark.slow
def test_the_work_grows_with_the_terms_on_a_quiet_machine() -> None:
    assert growth(prove_by_coordinates, 64, 192) <= 2.3


@pytest.mark.slow
def test_the_work_grows_with_the_terms_when_every_entry_is_made() -> None:
    assert growth(prove_by_expressions, 24, 48) <= 2.3


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the process table of Linux")
def test_a_colour_image_takes_little_memory() -> None:
    assert max(peak_megabytes()) <= 200


@pytest.mark.slow
def test_full_size_ratios() -> None:
    """28 x 28 with 5 x 5; naive SymPy takes minutes."""
    found = figures()
    assert found["coordinates, times faster"] >= 500, found
    assert found["every entry, times faster"] >= 25, found
