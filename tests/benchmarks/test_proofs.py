"""Proofs for all sizes against SymPy at one size; every figure is a ratio in one run.

    python -m tests.benchmarks.table docs/benchmarks.md

writes the table of all figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from time import perf_counter

import pytest
from sympy.core.cache import clear_cache

from symconv.proof.deciding import decide
from symconv.proof.verdict import ALL_SIZES, Status
from tests.benchmarks import naive
from tests.theorems.statements import problem

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests

PLAIN = "T2 input gradient = full correlation with rot180(K), 2-D"
GROUPED = "T7 grouped conv2d, batch, stride, padding, dilation: input gradient"


def prove(name: str) -> bool:
    verdict = decide(problem(name))
    return verdict.status is Status.PROVED and verdict.scope == ALL_SIZES


def naive_input_gradient() -> bool:
    """One size, 8 x 8 with 3 x 3: explicit sums, `diff` entry by entry, `expand` of the differences."""
    return naive.Layer(8, 3).input_gradient_holds()


def seconds(run: Callable[[], bool], times: int = 3) -> float:
    """The least time of some runs, SymPy's cache empty at the start of each."""
    best = math.inf
    for _ in range(times):
        clear_cache()
        start = perf_counter()
        assert run()
        best = min(best, perf_counter() - start)
    return best


@cache
def figures() -> dict[str, float]:
    """Seconds of the three, and the two ratios."""
    plain = seconds(lambda: prove(PLAIN), 5)
    grouped = seconds(lambda: prove(GROUPED))
    theirs = seconds(naive_input_gradient)
    return {
        "all sizes, 2-D input gradient s": plain,
        "all sizes, grouped conv2d s": grouped,
        "naive SymPy, 8x8 with 3x3 s": theirs,
        "all sizes / one size by SymPy": plain / theirs,
        "grouped / plain": grouped / plain,
    }


# -- the tests --------------------------------------------------------------------------


def test_proof_of_the_input_gradient(benchmark: Callable[..., bool]) -> None:
    assert benchmark(prove, PLAIN)


def test_all_sizes_take_a_fifth_of_one_size_by_sympy() -> None:
    found = figures()
    assert found["all sizes / one size by SymPy"] <= 1 / 5, found


def test_grouped_conv2d_takes_at_most_fifteen_times_the_plain_one() -> None:
    found = figures()
    assert found["grouped / plain"] <= 15, found
