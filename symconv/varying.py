"""What an exercise leaves to chance: sizes that fit and differ, and the options that a SPEC leaves open.

Everything is drawn by one seed and never by the clock, so that a sheet can be made again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from math import prod
from random import Random

from symconv.errors import SizeError
from symconv.proof.evaluate import World
from symconv.specs import open_options
from symconv.term.tensor import Defined, Leaf, requirements_of, sizes_in, tensors_in
from symconv.term.text import text_of_condition
from symconv.term.value import Condition, Entry

TRIES = 1000
GREATEST = (6, 12, 24)  # sizes up to these are tried, larger ones where nothing fits
MOST = 30  # entries of a tensor
DRAWN = {"stride": ("1", "2", "2", "3"), "padding": ("0", "1", "1", "2"), "dilation": ("1", "1", "2")}


def draw_options(text: str, options: argparse.Namespace, seed: int) -> None:
    """Give stride, padding and dilation a number wherever the operation takes them and the SPEC does not say them."""
    random = Random(seed)
    for name in (name for name in DRAWN if name in open_options(text, options)):
        drawn = random.choice(DRAWN[name])
        if drawn != DRAWN[name][0]:
            setattr(options, name, drawn)


def draw_sizes(output: Defined, given: Mapping[str, int], seed: int) -> dict[str, int]:
    """Small sizes, those that are given among them, at which everything fits.

    The extents of a tensor differ from each other, and outputs have several entries, as far as that can be.
    Raises `SizeError` where nothing fits.

    >>> import symconv as sc
    >>> H, W, r, c = sc.sizes("H W r c")
    >>> F = sc.correlate(sc.tensor("X", H, W), sc.tensor("K", r, c))
    >>> drawn = draw_sizes(F.term, {"r": 2}, 7)
    >>> drawn == draw_sizes(F.term, {"r": 2}, 7), drawn["r"], drawn["H"] != drawn["W"]
    (True, 2, True)
    """
    entry = Entry(output, ())
    sizes, needs = sizes_in(entry), requirements_of(entry)
    strange = sorted(set(given) - {s.name for s in sizes})
    if strange:
        known = ", ".join(s.name for s in sizes) or "none"
        raise SizeError(f"--sizes {strange[0]}={given[strange[0]]}", "no such size", known, "leave it out")
    random = Random(seed)
    best: tuple[int, dict[str, int]] | None = None
    for greatest in GREATEST:
        ends = {s.name: max(greatest if s.least else 2, s.least) for s in sizes}
        for _ in range(TRIES if sizes else 1):
            drawn = {s.name: given.get(s.name, random.randint(s.least, ends[s.name])) for s in sizes}
            found = _faults(output, drawn, needs)
            if found is not None and (best is None or found < best[0]):
                best = found, drawn
            if best is not None and best[0] == 0:
                return best[1]
        if best is not None:
            return best[1]
    needed = " and ".join(map(text_of_condition, needs)) or "smaller tensors"
    raise SizeError("the sizes of an exercise", "none that fit", needed, "give them with --sizes")


def _faults(output: Defined, sizes: dict[str, int], needs: tuple[Condition, ...]) -> int | None:
    """How far the sizes are from those that one would choose; None where they do not fit."""
    world = World(sizes)
    if not all(world.holds(c, {}) for c in needs):
        return None
    shapes = list(_shapes(output, world))
    if any(not all(shape) for _, shape in shapes):
        return None
    # a size that is 1, or equal to another one of the tensor, hides what an exercise is about
    equal = sum(len(shape) - len(set(shape)) for _, shape in shapes)
    single = sum(n == 1 for _, shape in shapes for n in shape)
    large = sum(prod(shape) > MOST for _, shape in shapes)
    return equal + 2 * single + 4 * large


def _shapes(output: Defined, world: World) -> Iterator[tuple[str, list[int]]]:
    """The extents of the output and of its data that are drawn; numbers of the SPEC cannot be helped."""
    data = [t for t in tensors_in(Entry(output, ())) if isinstance(t, Leaf)]
    for tensor in (output, *data):
        if all(a.bounded for a in tensor.axes) and any(n.as_int is None for n in tensor.shape):
            yield tensor.name, [len(axis) for axis in world.axes(tensor)]


__all__ = ["draw_options", "draw_sizes"]
