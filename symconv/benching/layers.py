"""Layers to measure: from the options of a SPEC, and drawn at random."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from symconv.benching.peers import Layer
from symconv.errors import UsageError

OPERATIONS = {"conv2d": "conv", "correlation2d": "conv", "maxpool2d": "maxpool", "avgpool2d": "avgpool"}
USUAL = {"size": "56,56", "kernel": "3,3"}


def layer_of(operation: str, options: Mapping[str, str | None], dtype: str) -> Layer:
    """The layer that a SPEC's options describe; all of them must be numbers.

    Raises `UsageError` for another operation, a missing size, or a name where a number is needed.

    >>> layer_of("conv2d", {"size": "9,8", "kernel": "3", "channels": "2,4"}, "float32").shape
    (1, 4, 7, 6)
    """
    if operation not in OPERATIONS:
        raise UsageError("bench", f"operation {operation!r}", ", ".join(OPERATIONS), "measure one of these")
    given = {name: value for name, value in options.items() if value is not None}
    known = {"size", "kernel", "channels", "batch", "stride", "padding", "dilation", "groups"}
    strange = sorted(set(given) - known)
    if strange:
        raise UsageError("bench", f"--{strange[0]}", ", ".join(f"--{k}" for k in sorted(known)), "leave it out")
    for name in ("size", "kernel"):
        if name not in given:
            raise UsageError("bench", f"no --{name}", "numbers for every size", f"add --{name} {USUAL[name]}, say")
    kind = OPERATIONS[operation]
    kernel = _pair("kernel", given["kernel"])
    channels = _pair("channels", given.get("channels", "1,1"))
    layer = Layer(
        kind,
        _number("batch", given.get("batch", "1")),
        channels[0],
        channels[1] if kind == "conv" else channels[0],
        _pair("size", given["size"]),
        kernel,
        _pair("stride", given.get("stride", "1,1" if kind == "conv" else f"{kernel[0]},{kernel[1]}")),
        _pair("padding", given.get("padding", "0,0"), 0),
        _pair("dilation", given.get("dilation", "1,1")),
        _number("groups", given.get("groups", "1")),
        dtype,
    )
    reach = [d * (t - 1) + 1 for d, t in zip(layer.dilation, kernel, strict=True)]
    sides = [n + 2 * p for n, p in zip(layer.extent, layer.padding, strict=True)]
    if any(r > n for r, n in zip(reach, sides, strict=True)):
        raise UsageError(
            "bench",
            f"windows of {reach[0]} x {reach[1]} in images of {sides[0]} x {sides[1]}, padding included",
            "a window that fits",
            "give a larger --size or --padding, or a smaller --kernel or --dilation",
        )
    if layer.channels % layer.groups or layer.outputs % layer.groups:
        raise UsageError(
            "bench",
            f"{layer.groups} groups of {layer.channels} channels and {layer.outputs} outputs",
            "groups that divide both",
            "change --groups or --channels",
        )
    return layer


def _pair(name: str, text: str, least: int = 1) -> tuple[int, int]:
    first, _, second = text.partition(",")
    return _number(name, first, least), _number(name, second or first, least)


def _number(name: str, text: str, least: int = 1) -> int:
    if not text.isdecimal() or not least <= int(text) <= 10**6:
        raise UsageError(f"bench --{name}", repr(text), f"a whole number from {least} on", "give numbers, not names")
    return int(text)


def sweep(count: int, seed: int) -> Iterator[Layer]:
    """Convolutions drawn at random: sizes, channels, strides, padding, dilation, groups, types."""
    draw = random.Random(seed)
    found = 0
    while found < count:
        groups = draw.choice([1, 1, 1, 2, 4])
        channels, outputs = (groups * draw.choice([1, 2, 3, 5, 8, 16, 24, 32, 48, 64]) for _ in range(2))
        layer = Layer(
            "conv",
            draw.choice([1, 2, 4, 8, 16, 32]),
            channels,
            outputs,
            (draw.randint(8, 80), draw.randint(8, 80)),
            (draw.randint(1, 7), draw.randint(1, 7)),
            (draw.choice([1, 1, 2, 3]), draw.choice([1, 1, 2, 3])),
            (draw.randint(0, 3), draw.randint(0, 3)),
            (draw.choice([1, 1, 2, 3]), draw.choice([1, 1, 2, 3])),
            groups,
            draw.choice(["float32", "float64"]),
        )
        if min(layer.shape) >= 1:
            found += 1
            yield layer


__all__ = ["layer_of", "sweep"]
