"""Reading and judging documents; the sources' displays as printed.

    python -m tests.benchmarks.table docs/benchmarks.md

writes the table of all figures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from time import perf_counter

import pytest

from symconv.judging import judge_document, judge_formula
from symconv.read.reader import read_document

pytestmark = pytest.mark.targets  # in the job that runs beside the README's tests

SEEDS = Path(__file__).parents[2] / "derivations" / "seeds"
CHAPTER = sorted(SEEDS.glob("seed-1-*.md"))


def read_all() -> int:
    """Read all five sources; how many formulas they hold."""
    return sum(len(read_document(path).formulas) for path in sorted(SEEDS.glob("*.md")))


@cache
def figures() -> dict[str, float]:
    """Milliseconds to read a formula, the median of a verdict, and the seconds of a book chapter, repairs included."""
    start = perf_counter()
    count = read_all()
    reading = (perf_counter() - start) / count
    verdicts = []
    for path in sorted(SEEDS.glob("*.md")):
        for formula in read_document(path).formulas:
            start = perf_counter()
            judge_formula(formula)
            verdicts.append(perf_counter() - start)
    start = perf_counter()
    for path in CHAPTER:
        judge_document(read_document(path))
    return {
        "read ms": 1000 * reading,
        "verdict ms": 1000 * median(verdicts),
        "chapter s": perf_counter() - start,
        "formulas": count,
    }


def test_reading_all_sources(benchmark: Callable[..., int]) -> None:
    assert benchmark(read_all) >= 160


def test_a_formula_is_read_and_judged_at_once() -> None:
    found = figures()
    assert found["read ms"] <= 10, found
    assert found["verdict ms"] <= 50, found
    assert found["chapter s"] <= 40, found
