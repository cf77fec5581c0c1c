"""The table of all benchmark figures.

    python -m tests.benchmarks.table docs/benchmarks.md

Every figure is a ratio of two times of one run, an exponent, a peak of
memory, or the seconds of a whole table.  It takes about three minutes, nearly all of it naive SymPy.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import sympy

import symconv
from tests.benchmarks import test_entries as fixed
from tests.benchmarks import test_proofs as proofs
from tests.benchmarks import test_reading as reading
from tests.benchmarks import test_systems as systems

HEADING = """# Benchmarks

Written by `python -m tests.benchmarks.table docs/benchmarks.md`, about three minutes. Nearly every figure compares
two computations of one run, so that it can be held against another machine's. "Naive SymPy" is what a good user writes
today, `tests/benchmarks/naive.py`: explicit sums, `diff` entry by entry, `expand` of the differences.
"""
FOLLOWING = """\
The kernels follow. On [a second machine](benchmarks-xeon.md) they have other ratios; that page tells what was tried
for the floors that are missed.
"""


@dataclass(frozen=True)
class Figure:
    """What was measured, in which unit, and its bound: "<=" or ">=" and a number."""

    name: str
    sign: str
    bound: float
    value: float
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.sign == "<=" else self.value >= self.bound

    def row(self) -> str:
        sign = "at most" if self.sign == "<=" else "at least"
        verdict = "yes" if self.holds else "**no**"
        return f"| {self.name} | {sign} {self.bound:g}{self.unit} | {self.value:.3g}{self.unit} | {verdict} |"


def figures(side: int = 28, kernel: int = 5, shorter: int = 1) -> Iterator[Figure]:
    """All figures; smaller sides are for trying it out."""
    symbolic = proofs.figures()
    yield Figure(
        "2-D input gradient, proved for all sizes / naive SymPy at 8x8 with 3x3",
        "<=",
        0.2,
        symbolic["all sizes / one size by SymPy"],
    )
    yield Figure(
        "conv2d with batch, groups, stride, padding, dilation, all symbolic / the plain one, both for all sizes",
        "<=",
        15,
        symbolic["grouped / plain"],
        " times",
    )
    several = systems.figures()
    yield Figure(
        "five-layer network, every gradient derived and proved by stages / 2-D input gradient",
        "<=",
        200,
        several["network / input gradient"],
        " times",
    )
    yield Figure("all rows of docs/systems.md proved, their twins refuted", "<=", 120, several["all rows s"], " s")
    documents = reading.figures()
    yield Figure("reading a formula of the five sources", "<=", 5, documents["read ms"], " ms")
    yield Figure("verdict on a formula, the median", "<=", 50, documents["verdict ms"], " ms")
    yield Figure("a book chapter of 88 displays, read, judged and repaired", "<=", 20, documents["chapter s"], " s")
    numeric = fixed.figures(side, kernel)
    size = f"{side}x{side} with {kernel}x{kernel}, both gradients"
    yield Figure(f"{size}: naive SymPy / by coordinates", ">=", 500, numeric["coordinates, times faster"], " times")
    yield Figure(f"{size}: naive SymPy / every entry made", ">=", 25, numeric["every entry, times faster"], " times")
    for name, prove, small, large in (
        ("by coordinates", fixed.prove_by_coordinates, 64, 192),
        ("every entry made", fixed.prove_by_expressions, 24, 48),
    ):
        small, large = small // shorter, large // shorter
        exponent = fixed.growth(prove, small, large)
        yield Figure(f"exponent of the time in the image side, {small} to {large}, {name}", "<=", 2.3, exponent)
    above, peak = fixed.peak_megabytes()
    yield Figure("32x32x3 with eight 3x3 filters: memory of the process", "<=", 200, peak, " MB")
    yield Figure("32x32x3 with eight 3x3 filters: memory above the start", "<=", 200, above, " MB")
    yield Figure("start of `symconv --help` / `import sympy`", "<=", 0.5, start_ratio())


def start_ratio() -> float:
    """The time of `symconv --help`, which must not import SymPy, by that of importing SymPy; both with a new Python."""

    def seconds(program: str) -> float:
        best = float("inf")
        for _ in range(3):
            start = perf_counter()
            subprocess.run([sys.executable, "-c", program], stdout=subprocess.DEVNULL, check=True)
            best = min(best, perf_counter() - start)
        return best

    return seconds("from symconv.cli import main; main(['--help'])") / seconds("import sympy")


def page(found: list[Figure], kernels: str = "") -> str:
    """The page of these figures, with the part on kernels behind them if there is one."""
    machine = (
        f"symconv {symconv.__version__}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SymPy {sympy.__version__}, {platform.system()} on {platform.machine()}, {os.cpu_count()} processors."
    )
    rows = ["| figure | bound | measured | holds |", "| --- | --- | --- | --- |", *(f.row() for f in found)]
    following = [FOLLOWING] if kernels else []
    return "\n".join([HEADING, *following, *rows, "", machine, "", *([kernels] if kernels else [])])


def main(arguments: list[str]) -> int:
    """Write the page as far as the kernels, which stay as they are; 0 if every bound holds."""
    if len(arguments) != 1:
        print("usage: python -m tests.benchmarks.table FILE.md", file=sys.stderr)
        return 64
    found = []
    for figure in figures():
        print(figure.row(), flush=True)
        found.append(figure)
    path = Path(arguments[0])
    _, kernels, below = (path.read_text(encoding="utf-8") if path.exists() else "").partition("## Kernels\n")
    path.write_text(page(found, kernels + below), encoding="utf-8")
    return 0 if all(f.holds for f in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
