"""What was measured as a table in Markdown, and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from symconv.benching.kernels import ours
from symconv.benching.measure import Measured, compare
from symconv.benching.peers import Layer, peers
from symconv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Line:
    """One function of one layer, and what it took."""

    layer: Layer
    part: str
    measured: Measured


def measure(
    layer: Layer, accuracy: str, threads: int, seconds: float, parts: Sequence[str] = (), target: str = "numpy"
) -> list[Line]:
    """All parts of a layer against all that compute them; what nobody else computes is left out."""
    data = layer.data()
    lines = []
    for part in parts or layer.parts:
        others = peers(layer, part, data, threads)
        if others:
            call = ours(layer, part, data, accuracy, threads, target)
            lines.append(Line(layer, part, compare(call, others, seconds)))
    if not lines:
        raise UsageError(
            "bench", "no library that computes this", "torch, jax, opencv or scipy", "pip install 'symconv[bench]'"
        )
    return lines


def title(layer: Layer) -> str:
    """A layer in a few words."""
    sizes = f"{layer.batch}x{layer.channels}x{layer.extent[0]}x{layer.extent[1]}"
    words = [f"{layer.operation} {sizes}"]
    if layer.operation == "conv":
        words.append(f"to {layer.outputs}")
    words.append(f"{layer.kernel[0]}x{layer.kernel[1]}")
    for name in ("stride", "padding", "dilation"):
        pair = getattr(layer, name)
        if pair != ((0, 0) if name == "padding" else (1, 1)):
            words.append(f"{name} {pair[0]},{pair[1]}" if pair[0] != pair[1] else f"{name} {pair[0]}")
    if layer.groups != 1:
        words.append(f"groups {layer.groups}")
    return " ".join([*words, layer.dtype])


def table(lines: Sequence[Line]) -> str:
    """Rows with our time and, for each peer, how many times as long it takes."""
    rows = ["| layer | function | ours, ms | peer time / our time |", "| --- | --- | --- | --- |"]
    for line in lines:
        ratios = ", ".join(f"{name} {ratio:.2f}" for name, ratio in line.measured.ratios.items())
        rows.append(f"| {title(line.layer)} | {part_name(line)} | {line.measured.ours:.3g} | {ratios} |")
    return "\n".join(rows) + "\n"


def part_name(line: Line) -> str:
    """The function; what is measured of max pooling is forward and backward together."""
    both = line.layer.operation == "maxpool" and line.part == "grad_input"
    return "forward + grad_input" if both else line.part


def plot(lines: Sequence[Line], path: Path) -> None:
    """A bar for each line and peer: above 1 our kernel is faster.  Needs matplotlib, of the extra `bench`."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters as letters: a small file
    from matplotlib import pyplot

    bars = [
        (f"{title(line.layer)}, {part_name(line)}, {name}", ratio)
        for line in lines
        for name, ratio in line.measured.ratios.items()
    ]
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.28 * len(bars)), layout="constrained")
    colours = ["#2a6f97" if ratio >= 1 else "#b56576" for _, ratio in bars]
    axes.barh([name for name, _ in bars], [ratio for _, ratio in bars], color=colours)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("peer time / our time; right of the line ours is faster")
    axes.invert_yaxis()
    axes.tick_params(labelsize=8)
    figure.savefig(path)
    pyplot.close(figure)


__all__ = ["Line", "measure", "part_name", "plot", "table", "title"]
