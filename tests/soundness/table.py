"""The result table of the test-bed: `python -m tests.soundness.table docs/soundness.md`."""

from __future__ import annotations

import sys
from multiprocessing import Pool
from pathlib import Path

from tests.soundness.mutants import Mutant, late_sample, sample
from tests.soundness.referee import Tally

MUTANTS, LATE = 5000, 400
COMMAND = "python -m tests.soundness.table docs/soundness.md"


def judged(mutants: list[Mutant]) -> Tally:
    tally = Tally()
    for mutant in mutants:
        tally.judge(mutant)
    return tally


def merged(tallies: list[Tally]) -> Tally:
    whole = Tally()
    for t in tallies:
        whole.verdicts += t.verdicts
        whole.alone += t.alone
        whole.kinds += t.kinds
        whole.faults += t.faults
        whole.open += t.open
    return whole


def run() -> tuple[Tally, Tally]:
    """All mutants and all late ones, on two processes."""
    with Pool(2) as pool:
        parts = []
        for mutants in (sample(MUTANTS, seed=1), late_sample(LATE, seed=2)):
            parts.append(merged(pool.map(judged, [mutants[n::40] for n in range(40)], chunksize=1)))
    return parts[0], parts[1]


def page(mutants: Tally, late: Tally) -> str:
    lines = [
        "# Soundness",
        "",
        "Every theorem of `tests/theorems` is changed in one place, and the result is judged like any claim:",
        "once as a user would (evaluation, proof, search) and once by the prover alone, evaluation off.",
        "Brute force, with other numbers than the search used, then says whether the verdict was right.",
        f"The table is made by `{COMMAND}`.",
        "",
        "| | mutants | claims cut off at N in 4..12 |",
        "|---|---|---|",
    ]
    rows = sorted(set(mutants.verdicts) | set(late.verdicts))
    lines.append(f"| all | {mutants.total} | {late.total} |")
    lines += [f"| {r.replace('_', ' ')} | {mutants.verdicts[r]} | {late.verdicts[r]} |" for r in rows]
    lines += [
        f"| prover alone: {r.replace('_', ' ')} | {mutants.alone[r]} | {late.alone[r]} |"
        for r in sorted(set(mutants.alone) | set(late.alone))
    ]
    lines += [
        f"| **wrongly proved, or refuted without evidence** | **{len(mutants.faults)}** | **{len(late.faults)}** |",
        "",
        "A mutant that is proved is one that stays true: the referee found no sizes at which it fails.",
        "",
        "## By kind of change",
        "",
    ]
    statuses = sorted({s for _, s in mutants.kinds})
    lines += [
        "| change | " + " | ".join(s.replace("_", " ") for s in statuses) + " |",
        "|---" * (len(statuses) + 1) + "|",
    ]
    for kind in sorted({k for k, _ in mutants.kinds}):
        lines.append(f"| {kind} | " + " | ".join(str(mutants.kinds[kind, s]) for s in statuses) + " |")
    if mutants.open or late.open:
        lines += ["", "## Left open", "", *(f"- {line}" for line in [*mutants.open, *late.open])]
    return "\n".join(lines) + "\n"


def main(path: str) -> None:
    mutants, late = run()
    Path(path).write_text(page(mutants, late), encoding="utf-8")
    for fault in [*mutants.faults, *late.faults]:
        print("FAULT", fault)


if __name__ == "__main__":
    main(sys.argv[1])
