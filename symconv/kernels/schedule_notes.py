"""What a module's docstring says of its schedules: the theorem behind each that may run, and what all promise."""

from __future__ import annotations

from collections.abc import Collection

from symconv.kernels.schedules.digits import labelled
from symconv.kernels.schedules.identities import IDENTITIES

# the helpers that a schedule's theorem stands behind; `_pool` by what it is called with
SCHEDULES = {
    "direct": ("_direct",),
    "rows": ("_rows", "_rows_of_taps"),
    "taps": ("_direct_taps",),
    "dots": ("_dots",),
    "spread taps": ("_spread_taps",),
    "shifted": ("_shifted",),
    "side by side": ("_side_by_side",),
    "tiles": ("_winograd", "_winograd_taps"),
    "polyphase": ("_phases_of_taps",),
    "toeplitz": ("_toeplitz", "_toeplitz_tiles"),
    "toeplitz tiles": ("_toeplitz_tiles",),
    "sparse": ("_sparse",),
    "sub-images": ("_sub_images",),
    "common steps": ("_coarse",),
    "fourier": ("_fourier",),
    "spectra": ("_fourier",),
    "adjoint": ("_scatter",),
    "col2im": ("_col2im",),
    "known rank": ("_separable",),
    "sums of windows": ("_pool(np.add", "_pool_back"),
    "greatest of windows": ("_pool(np.maximum", "_pool_winners"),
    "winners of windows": ("_pool_max_back", "_pool_winners", "_pool_winners_back"),
}
CONTRACT = " ".join(
    (
        "ACCURACY exact: float32 loses at most 1e-6 of the greatest entry where sums do not cancel: long sums are",
        "added up in parts; infinities and NaN of images and in gradients by them go where the formula takes",
        "them.  fast: tiles of up to F(5, 3), F(4, 5) and F(2, 7), which lose some digits; an infinity or a NaN",
        "spreads over the tiles and blocks of rows that read it.  Sums of integers are exact.",
    )
)
KEPT = "Buffers are kept for the next call, one set for each thread, at most 4 MB beside transformed kernels."


def notes_on(used: Collection[str], tiles: Collection[tuple[int, int]] | None) -> list[str]:
    """A line for each schedule of which a module has a helper, and the contract of correlations.

    used: all helpers, and the calls of `_pool`.  tiles: those that sums may be computed by; None for all of them.
    """
    lines = [theorem_of(name) for name, helpers in SCHEDULES.items() if not set(helpers).isdisjoint(used)]
    return [*lines, "", CONTRACT, *labelled(tiles), KEPT] if "_correlate" in used else lines


def theorem_of(name: str) -> str:
    """The identity that makes a schedule right, as a docstring quotes it."""
    return f"schedule {name}: {' '.join((IDENTITIES[name].__doc__ or '').split())}"


__all__ = ["notes_on", "theorem_of"]
