"""What becomes of a schedule that was asked for: where it computes, where it cannot and why, what stands instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symconv.kernels.parts import Step, has, labels

NEEDS = {
    "direct": "any sizes",
    "rows": "a dilation of 1 down the rows, and a kernel whose part for one output takes at most 1 MB",
    "shifted": "a stride of 1 down the rows, and products of one row that take at most 1 MB",
    "side by side": "several images of at most 512 KB each, and a stride of 1 along the rows",
    "tiles": "a stride and a dilation of 1, and at most 7 taps on each axis, at most 3 with --accuracy exact",
    "polyphase": "a stride above 1, a dilation of 1, and tiles for the taps of each phase",
    "toeplitz": "one channel and one output in each group",
    "toeplitz tiles": "--accuracy fast, one channel and one output in each group, a stride and a dilation of 1, and at "
    "most 64 taps on each axis",
    "sparse": "entries in float32 or float64",
    "spread taps": "a gradient by a kernel, whose upstream gradient laid out for every tap takes at most 2 MB",
    "sub-images": "a dilation above 1 and a stride of 1",
    "fourier": "a stride and a dilation of 1",
    "col2im": "an adjoint in float32 or float64, of which some rows with all their products take at most 3.5 MB",
}


def may_compute(wanted: str, step: Step) -> bool:
    """Whether the schedule is one for steps of this kind, whatever their sizes."""
    return step.adjoint or wanted != "col2im"


def what_stands(wanted: str, steps: Mapping[int, Step]) -> Iterator[str]:
    """A line for each step that the wanted schedule does not compute, or does in part; steps are shown from 1."""
    if not wanted:
        return
    if not steps:
        yield f"schedule {wanted}: no step is a sum over windows, which schedules are for; the plan stands without it"
    for number, step in steps.items():
        if step.single is None:
            if not may_compute(wanted, step):
                yield f"schedule {wanted}, step {number + 1}: cannot compute this; it needs {NEEDS[wanted]}"
            continue
        done = sum(has(part, wanted) for part in step.single.parts)
        if done == len(step.single.parts):
            continue
        found = f"computes {done} of {len(step.single.parts)} parts" if done else "cannot compute this"
        stands = f"it needs {NEEDS[wanted]}; what stands, by sizes: {labels(step.single.parts)}"
        yield f"schedule {wanted}, step {number + 1}: {found}; {stands}"


__all__ = ["NEEDS", "may_compute", "what_stands"]
