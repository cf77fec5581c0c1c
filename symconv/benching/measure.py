"""Fair timing: everything in one process, in rounds of random order, the median of the ratios within a round.

Times are of the clock on the wall: processor time would count threads of other libraries that wait in a loop.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

SEED = 20240229


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of our kernel and of each peer; how many times as long each peer takes."""

    ours: float
    peers: Mapping[str, float]
    ratios: Mapping[str, float]
    rounds: int

    @property
    def strongest(self) -> tuple[str, float]:
        """The peer that is fastest beside ours, and its ratio."""
        name = min(self.ratios, key=lambda n: self.ratios[n])
        return name, self.ratios[name]


def compare(ours: Callable[[], object], peers: Mapping[str, Callable[[], object]], seconds: float = 1.0) -> Measured:
    """Run all in turn for so many seconds, five rounds at least, after two rounds that do not count."""
    clock = time.perf_counter
    calls = {"": ours, **peers}
    for _ in range(2):
        for call in calls.values():
            call()
    repeats = {name: _repeats(call, clock) for name, call in calls.items()}
    order = list(calls)
    generator = random.Random(SEED)
    times: dict[str, list[float]] = {name: [] for name in calls}
    begun = time.perf_counter()
    while len(times[""]) < 5 or time.perf_counter() - begun < seconds:
        generator.shuffle(order)
        for name in order:
            call = calls[name]
            start = clock()
            for _ in range(repeats[name]):
                call()
            times[name].append((clock() - start) / repeats[name])
    rounds = range(len(times[""]))
    ratios = {name: median(times[name][n] / times[""][n] for n in rounds) for name in peers}
    milliseconds = {name: 1e3 * median(values) for name, values in times.items()}
    return Measured(milliseconds.pop(""), milliseconds, ratios, len(rounds))


def _repeats(call: Callable[[], object], clock: Callable[[], float]) -> int:
    """How often a short call is repeated so that the clock can tell: two milliseconds."""
    start = clock()
    call()
    return max(1, min(1000, int(2e-3 / max(clock() - start, 1e-7))))


__all__ = ["SEED", "Measured", "compare"]
