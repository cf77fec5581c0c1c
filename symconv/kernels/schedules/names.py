"""The schedules of a correlation by name, for `--schedule`, and what a caller may choose."""

from __future__ import annotations

from symconv.errors import UsageError

ACCURACIES = ("exact", "fast")
NAMES = (
    *("direct", "rows", "shifted", "side by side", "tiles", "polyphase"),
    *("toeplitz", "toeplitz tiles", "sparse", "spread taps", "sub-images", "fourier", "col2im"),
)


def refuse_unknown(accuracy: object, schedule: object) -> None:
    """Refuse an accuracy or a schedule that nobody knows; the schedule "" is the one chosen by sizes."""
    if accuracy not in ACCURACIES:
        raise UsageError("accuracy", repr(accuracy), " or ".join(ACCURACIES), "choose one of these")
    if schedule != "" and schedule not in NAMES:
        raise UsageError("schedule", repr(schedule), ", ".join(NAMES), "choose one of these, or leave it out")


__all__ = ["ACCURACIES", "NAMES", "refuse_unknown"]
