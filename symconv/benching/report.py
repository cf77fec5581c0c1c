"""What was measured as a table in Markdown, and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symconv.benching.agreement import differing
from symconv.benching.kernels import ours
from symconv.benching.measure import Measured, compare
from symconv.benching.peers import Layer, peers
from symconv.errors import UsageError


@dataclass(frozen=True, slots=True)
class Line:
    """One function of one layer, and what it took; the peers that compute something else, which are not timed."""

    layer: Layer
    part: str
    measured: Measured
    differing: Mapping[str, str] = field(default_factory=dict)


def measure(
    layer: Layer, accuracy: str, threads: int, seconds: float, parts: Sequence[str] = (), target: str = "numpy"
) -> list[Line]:
    """All parts of a layer against all that compute them; what nobody else computes is left out.

    Every peer's result is compared with ours first.
    """
    data = layer.data()
    lines = []
    for part in parts or layer.parts:
        others = peers(layer, part, data, threads)
        if others:
            call = ours(layer, part, data, accuracy, threads, target)
            wrong = differing(call(), others)
            same = {name: peer.call for name, peer in others.items() if name not in wrong}
            lines.append(Line(layer, part, compare(call, same, seconds), wrong))
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
    """Rows with our time and, for each peer, how many times as long it takes; below, who computes something else."""
    rows = ["| layer | function | ours, ms | peer time / our time |", "| --- | --- | --- | --- |"]
    for line in lines:
        ratios = [f"{name} {ratio:.2f}" for name, ratio in line.measured.ratios.items()]
        ratios += [f"{name} differs" for name in line.differing]
        rows.append(f"| {title(line.layer)} | {part_name(line)} | {line.measured.ours:.3g} | {', '.join(ratios)} |")
    return "\n".join([*rows, *_differing(lines)]) + "\n"


def _differing(lines: Sequence[Line]) -> list[str]:
    """A line for each peer that was not timed, an empty one before them."""
    said = [
        f"{name} is not timed: {title(line.layer)}, {part_name(line)}: {text}."
        for line in lines
        for name, text in line.differing.items()
    ]
    return ["", *said] if said else []


def part_name(line: Line) -> str:
    """The function; what is measured of max pooling is forward and backward together."""
    both = line.layer.operation == "maxpool" and line.part == "grad_input"
    return "forward + grad_input" if both else line.part


__all__ = ["Line", "measure", "part_name", "table", "title"]
