"""What a wrong entry adds up: both values as short sums of products, where they are that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice, product
from typing import TypeAlias, cast

import numpy as np

from symconv.comparing.arguments import Array
from symconv.comparing.comparison import shown
from symconv.errors import SymconvError
from symconv.evidence import short_sum
from symconv.proof.evaluate import World
from symconv.proof.verdict import Counterexample
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import Entry

MOST_PROBES = 300  # calls spent on saying what a wrong entry adds up
Call: TypeAlias = Callable[[Mapping[Leaf, Array]], Array | None]


def explained(
    found: Counterexample,
    tensor: Defined,
    call: Call,
    world: World,
    given: Mapping[Leaf, Array],
    index: tuple[int, ...],
) -> Counterexample:
    """With both values as short sums of entries, where they are that.

    call: the function, given other arrays; index: the wrong entry in what it gives.
    """
    value = Entry(tensor, tuple(map(Poly.of, tensor.parameters)))
    try:
        exact = short_sum(value, found)
        claimed = _probed(call, world, given, index, cast(float, found.claimed)) if exact else ""
    except SymconvError:
        return found
    return replace(found, exact_sum=exact, claimed_sum=claimed)


def _probed(call: Call, world: World, given: Mapping[Leaf, Array], index: tuple[int, ...], claimed: float) -> str:
    """The products that the function's entry adds up, found with arrays of a single 1; else empty."""
    leaves = sorted(given, key=lambda t: t.name)
    choices = product(*(list(np.ndindex(given[t].shape)) for t in leaves))
    terms, total = [], 0.0
    for n, choice in enumerate(islice(choices, MOST_PROBES + 1)):
        units = {t: np.zeros_like(given[t]) for t in leaves}
        for leaf, place in zip(leaves, choice, strict=True):
            units[leaf][place] = 1.0
        try:
            result = None if n == MOST_PROBES else call(units)
        except Exception:  # noqa: BLE001 - such arrays need not suit the function
            return ""
        if result is None or not np.isfinite(result[index]):
            return ""
        coefficient = float(result[index])
        if coefficient:
            factors = [_entry(world, t, p) for t, p in zip(leaves, choice, strict=True)]
            terms.append((coefficient, "*".join(factors)))
            total += coefficient * float(np.prod([given[t][p] for t, p in zip(leaves, choice, strict=True)]))
    if abs(total - claimed) > 1e-9 * max(1.0, abs(claimed)) or len(terms) > 12:
        return ""
    return _sum_text(terms)


def _entry(world: World, leaf: Leaf, place: tuple[int, ...]) -> str:
    if not place:
        return leaf.name
    at = (i + axis.start for i, axis in zip(place, world.axes(leaf), strict=True))
    return f"{leaf.name}[{', '.join(map(str, at))}]"


def _sum_text(terms: list[tuple[float, str]]) -> str:
    """`g[0]*w[1] - 2*g[1]*w[0]`."""
    text = ""
    for coefficient, factors in terms:
        size = abs(coefficient)
        term = factors if size == 1 else f"{shown(size)}*{factors}"
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} {term}" if text else f"{'-' * (coefficient < 0)}{term}"
    return text or "0"
