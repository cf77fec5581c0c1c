"""Ratios as a picture: a row for each function of each layer, a dot for each library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from symconv.benching.report import Line, part_name, title
from symconv.errors import UsageError

# colours that stay apart for every eye, and marks that stay apart without them
MARKS = {"torch": ("#0072b2", "o"), "jax": ("#d55e00", "s"), "opencv": ("#009e73", "^"), "scipy": ("#9a5b8f", "D")}
OTHERS = (("#5c6b73", "v"), ("#b8860b", "P"))
METADATA = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}  # the same bytes each time
WIDTH, ROW, MARGIN = 6.4, 0.2, 1.1  # inches
TICKS = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)


@dataclass(frozen=True, slots=True)
class Dots:
    """One row: what was measured, and how many times as long each library takes."""

    layer: str
    function: str
    ratios: Mapping[str, float]


def dots(lines: Sequence[Line]) -> list[Dots]:
    """A row for each line that has a library to compare with."""
    return [Dots(title(line.layer), part_name(line), line.measured.ratios) for line in lines if line.measured.ratios]


def draw(rows: Sequence[Dots], path: Path) -> None:
    """Right of the line at 1 our kernel is faster; each layer stands above its functions.  Needs matplotlib.

    Raises `UsageError` where there is nothing to draw.
    """
    if not rows:
        raise UsageError("bench --plot", "no library that computes the same", "at least one ratio", "drop --plot")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    settings = {"svg.fonttype": "none", "svg.hashsalt": "symconv", "font.size": 9}  # letters as letters: a small file
    with matplotlib.rc_context(settings):
        places = _places(rows)
        height = ROW * (max(places) + 1) + MARGIN
        figure, axes = pyplot.subplots(figsize=(WIDTH, height), layout="constrained")
        for name, (colour, mark) in _marks(rows).items():
            shown = [(row.ratios[name], y) for row, y in zip(rows, places, strict=True) if name in row.ratios]
            xs, ys = zip(*shown, strict=True)
            axes.plot(xs, ys, mark, color=colour, markersize=5.5, label=name, alpha=0.85, clip_on=False)
        _dress(axes, rows, places)
        figure.legend(loc="outside upper center", ncols=4, frameon=False, title="time of the library / our time")
        figure.savefig(path, metadata=METADATA.get(path.suffix, {}))
        pyplot.close(figure)


def _marks(rows: Sequence[Dots]) -> dict[str, tuple[str, str]]:
    """A colour and a mark for each library, in a fixed order."""
    names = {name for row in rows for name in row.ratios}
    others = iter(OTHERS * len(names))
    return {
        name: MARKS.get(name) or next(others)
        for name in [*(n for n in MARKS if n in names), *sorted(names - set(MARKS))]
    }


def _places(rows: Sequence[Dots]) -> list[float]:
    """Where each row stands; above the first function of each layer there is room for its name."""
    found: list[float] = []
    y, layer = -1.0, ""
    for row in rows:
        y += 1 if row.layer == layer else 2.3
        layer = row.layer
        found.append(y)
    return found


def _dress(axes: Any, rows: Sequence[Dots], places: Sequence[float]) -> None:
    """Names of layers above their rows, functions beside them, plain numbers below."""
    ratios = [ratio for row in rows for ratio in row.ratios.values()]
    low, high = min(0.5, *ratios) / 1.15, max(2, *ratios) * 1.15
    ticks = [t for t in TICKS if low <= t <= high]
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.tick_params(length=0, labeltop=len(rows) > 16)  # numbers at both ends of a long picture
    axes.set_yticks(places, [row.function for row in rows])
    axes.set_ylim(max(places) + 0.7, -0.6)
    axes.axvspan(low, 1, color="#f3eeee", zorder=0)
    axes.axvline(1, color="#444444", linewidth=1, zorder=1)
    for y in places:
        axes.axhline(y, color="#dddddd", linewidth=0.6, zorder=1)
    name_at = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center", "weight": "bold"}
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    for row, y, before in zip(rows, places, [-1.0, *places], strict=False):
        if y > before + 1:
            axes.annotate(row.layer, (0, y - 1.05), (0, 0), bbox=behind, **name_at)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xlabel("left of 1 the library is faster, right of it our kernel")


__all__ = ["Dots", "dots", "draw"]
