"""What other schedules would take for the layers of the kernel table: the rule of choice against what it passed over.

Run it with:  python -m tests.benchmarks.alternatives
It prints a table: for each function of each convolution the schedules that stand, and how many times as long every
other one takes, `exact` tiles too.  All run in turn in one process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from symconv.benching.environment import again, prepared
from symconv.benching.kernels import ours
from symconv.benching.measure import compare
from symconv.benching.report import title
from symconv.kernels.schedules.names import NAMES
from tests.benchmarks.kernels import Row, rows

Names = frozenset[str]
FAR = 6  # times as long: not measured again


def ran(call: Callable[[], object], held: dict[str, Any]) -> tuple[Names, float]:
    """The schedules that a call runs, and the seconds that it takes."""
    table, found = held["_SCHEDULES"], set[str]()
    whole = dict(table)

    def watched(name: str, run: Callable[..., object]) -> Callable[..., object]:
        def call(*rest: object) -> object:
            found.add(name)
            return run(*rest)

        return call

    for name, run in whole.items():
        table[name] = watched(name, run)
    for name in ("_interleaved", "_col2im"):
        whole[name], held[name] = held[name], watched(name.strip("_"), held[name])
    start = time.perf_counter()
    try:
        call()
        return frozenset(found), time.perf_counter() - start
    finally:
        for name in ("_interleaved", "_col2im"):
            held[name] = whole.pop(name)
        table.update(whole)


def alternatives(row: Row, part: str, seconds: float) -> str:
    """One line of the table."""
    usual = ours(row.layer, part, row.layer.data(), row.accuracy, 1)
    held: dict[str, Any] = usual.func.__globals__  # type: ignore[attr-defined]
    usual()  # what is made in a first call is kept
    standing, once = ran(usual, held)

    def under(schedule: str, accuracy: str) -> Callable[[], object]:
        def call() -> object:
            held["SCHEDULE"], held["ACCURACY"] = schedule, accuracy
            try:
                return usual()
            finally:
                held["SCHEDULE"], held["ACCURACY"] = "", row.accuracy

        return call

    candidates, far = dict[str, Callable[[], object]](), list[str]()
    for name in NAMES:
        found, taken = ran(under(name, row.accuracy), held)
        if found in (standing, frozenset()):
            continue
        if taken > FAR * once:
            far.append(f"{name} over {FAR}")
        else:
            candidates[name] = under(name, row.accuracy)
    if any("tiles" in name for name in standing):
        candidates["tiles of two"] = under("", "exact")
    ratios = compare(usual, candidates, seconds).ratios
    near = [f"{name} {ratio:.2f}" for name, ratio in sorted(ratios.items(), key=lambda pair: pair[1])]
    told = ", ".join([*near, *far])
    return f"| {title(row.layer)} | {part} | {', '.join(sorted(standing)) or 'small problem'} | {told or 'none'} |"


def lines(seconds: float) -> Iterator[str]:
    yield "| layer | function | what stands | time of others / of what stands |"
    yield "| --- | --- | --- | --- |"
    for row in rows():
        if row.layer.operation == "conv":
            for part in row.floors:
                yield alternatives(row, part, seconds)


if __name__ == "__main__":
    if prepared():
        for line in lines(0.3):
            print(line, flush=True)
    else:
        done = again("tests.benchmarks.alternatives", sys.argv[1:], 1)
        print(done.stdout, end="")
        sys.exit(done.stderr if done.returncode else 0)
