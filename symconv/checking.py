"""A check of a gradient with numbers: the loss at two values of one entry, one apart.

From half below a number to half above, the difference of the loss is the derivative itself, and not nearly so, where
the loss is a polynomial of degree at most 2 in the entry, or a maximum of whole numbers that keep their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

from symconv.proof.evaluate import World
from symconv.shown_numbers import Numbers
from symconv.term.polynomial import Poly
from symconv.term.tensor import Defined, Leaf, Tensor, tensors_in
from symconv.term.value import Apply, Entry, walk
from symconv.worked import Check
from symconv.write.latex import latex_of_value
from symconv.write.page import latex_of_whole, numbers_displays

HALF = Fraction(1, 2)
MOST_MATRICES = 8  # on the page, of tensors with more than two axes
RATIONAL = ("relu", "identity", "square", "step")  # functions of which a fraction has a fraction
Place = tuple[int, ...]
Given = dict[str, dict[Place, Fraction]]


def checked(
    f: Defined, x: Tensor, derived: Defined, sizes: Mapping[str, int], letter: str, numbers: Numbers
) -> Check | None:
    """The loss at both ends, and the derivative between; None where the two differ, or are too long.

    derived: the gradient by its last line.  letter: that of the upstream gradient.  numbers: those of the data.
    """
    leaves = [t for t in tensors_in(Entry(f, ())) if isinstance(t, Leaf)]
    upstream = [t for t in tensors_in(derived.body) if isinstance(t, Leaf) and t not in leaves]
    if x not in leaves or not _rational(f) or not all(a.bounded for t in (*leaves, f) for a in t.axes):
        return None
    axes = World(dict(sizes)).axes
    names = {t.name: letter for t in upstream}
    given: Given = {}
    for t in (*leaves, *upstream):
        every = list(product(*axes(t)))
        drawn = numbers.of(names.get(t.name, t.name), len(every))
        given[t.name] = dict(zip(every, map(Fraction, drawn), strict=True))
    world = World(dict(sizes), leaves=given)
    slopes = {at: Fraction(str(world.entry(derived, at))) for at in product(*axes(x))}
    place = _telling(slopes)
    exact = slopes[place]
    low, high = (_loss(f, upstream, _moved(given, x, place, step), sizes) for step in (-HALF, HALF))
    if high - low != exact:
        return None
    shown = [t for t in (*leaves, *upstream) if t.rank > 2]
    if sum(prod(len(a) for a in axes(t)[:-2]) for t in shown) > MOST_MATRICES:
        return None
    at = given[x.name][place]
    index = tuple(map(Poly.of, place))
    displays = (
        display
        for t in (*leaves, *upstream)
        for display in numbers_displays(
            names.get(t.name) or latex_of_whole(t), [len(a) for a in axes(t)], given[t.name].values()
        )
    )
    return Check(
        tuple(displays),
        latex_of_value(Entry(x, index)),
        ((at - HALF, low), (at + HALF, high)),
        (latex_of_value(Entry(replace(derived, call=None), index)), exact),
    )


def _telling(slopes: Mapping[Place, Fraction]) -> Place:
    """The entry in the middle, or the next one on which the loss depends at these numbers."""
    places = list(slopes)
    middle = len(places) // 2
    return next((at for at in (*places[middle:], *places) if slopes[at]), places[middle])


def _rational(f: Defined) -> bool:
    below = (f, *(t for t in tensors_in(f.body) if isinstance(t, Defined)))
    return {v.function.name for t in below for v in walk(t.body) if isinstance(v, Apply)} <= set(RATIONAL)


def _moved(given: Given, x: Tensor, place: Place, step: Fraction) -> Given:
    return {**given, x.name: {**given[x.name], place: given[x.name][place] + step}}


def _loss(f: Defined, upstream: list[Leaf], given: Given, sizes: Mapping[str, int]) -> Fraction:
    """The sum of the entries of f, each times its upstream gradient; f itself where it is the loss."""
    world = World(dict(sizes), leaves=given)
    weights = given[upstream[0].name] if upstream else {}
    return sum(
        (weights.get(at, Fraction(1)) * Fraction(str(world.entry(f, at))) for at in product(*world.axes(f))),
        Fraction(0),
    )


__all__ = ["checked"]
