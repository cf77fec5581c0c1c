"""What tiles cost in digits: the measured error of each F(m, r), and the words that say so.

The figures are the greatest error over the greatest entry, of normally distributed data with 64 channels, against the
sum as the formula has it in twice the digits; `python -m tests.benchmarks.digits` measures them, and a test holds
these against new measurements.  A tile cut short at the edge of a small image, F(m', r) with m' < m, loses no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from symconv.kernels.runtime.choice import _EXACT, _FAST

Tile = tuple[int, int]
# of F(m, r) down and across: in float32, in float64
ERRORS: dict[Tile, tuple[float, float]] = {
    (2, 2): (8e-7, 2e-15),
    (4, 2): (6e-6, 8e-15),
    (2, 3): (9e-7, 2e-15),
    (4, 3): (2e-5, 2e-14),
    (5, 3): (2e-5, 3e-14),
    (4, 4): (2e-5, 3e-14),
    (4, 5): (2e-5, 3e-14),
    (2, 6): (2e-5, 3e-14),
    (2, 7): (3e-5, 4e-14),
}


def tiles_by_accuracy(accuracy: str) -> tuple[Tile, ...]:
    """The tiles that an accuracy allows, the shortest kernels first.

    >>> tiles_by_accuracy("exact")
    ((2, 2), (2, 3))
    """
    return tuple((m, r) for r, sides in (_EXACT if accuracy == "exact" else _FAST).items() for m in sides)


def error_of(tile: Tile) -> tuple[float, float]:
    """The figures of a tile, those of a short one being of the whole one."""
    m, r = tile
    return ERRORS[min(whole for whole in ERRORS if whole[1] == r and whole[0] >= m)]


def figure(error: float) -> str:
    """One digit and a power of ten.

    >>> figure(2e-5)
    '2e-5'
    """
    return f"{error:.0e}".replace("e-0", "e-")


def labels_of(tiles: Collection[Tile]) -> str:
    """F(2, 3) 9e-7 / 2e-15, and so on."""
    return ", ".join(
        f"F({m}, {r}) {figure(single)} / {figure(double)}"
        for (m, r), (single, double) in ((tile, error_of(tile)) for tile in sorted(tiles, key=lambda t: t[::-1]))
    )


def labelled(tiles: Collection[Tile] | None) -> Iterator[str]:
    """What a docstring says of the tiles that its functions may be computed by; None for all that may be chosen."""
    if tiles is None:
        said = "; ".join(f"{name} {labels_of(tiles_by_accuracy(name))}" for name in ("exact", "fast"))
    elif tiles:
        said = labels_of(tiles)
    else:
        return
    yield (
        f"Tiles and their measured errors, in float32 / float64, of the greatest entry: {said} (64 channels of"
        " normally distributed data)."
    )


__all__ = ["ERRORS", "error_of", "figure", "labelled", "labels_of", "tiles_by_accuracy"]
