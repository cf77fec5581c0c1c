"""Reads beyond the ends of a tensor that goes on: periodically, or reflected at its first and last entry.

The tensor that goes on is one of its own, over all integers, whose entry says where in the tensor it reads.
"""

from __future__ import annotations

from symconv.ops.window import index_names
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Tensor, define
from symconv.term.value import Value, add, at_least, bracket, multiply

GOES_ON = ("periodic", "reflect")


def going_on(tensor: Tensor, rule: str, axes: tuple[bool, ...]) -> Defined:
    """`x_{i+k}` beyond the last entry: x at (i + k) mod n; or as in a mirror, x_{n-2} behind x_{n-1}.

    axes: along which of them it goes on; the others have their ends.

    >>> from symconv.proof.evaluate import World
    >>> from symconv.term.tensor import Leaf
    >>> x = Leaf("x", (Axis.of(3),))
    >>> world = World({}, leaves={"x": {(0,): 5, (1,): 6, (2,): 7}})
    >>> [int(world.value(going_on(x, rule, (True,))["i"], {"i": 4})) for rule in GOES_ON]
    [6, 5]
    """
    make = {"periodic": _periodic, "reflect": _reflected}[rule]
    ends = tuple(Axis(None, None) if goes else axis for goes, axis in zip(axes, tensor.axes, strict=True))
    return define(tensor.name, ends, lambda *index: make(tensor, index, axes), indices=index_names(tensor.rank))


def wrapped(position: Poly, axis: Axis) -> Poly:
    """The place of a periodic axis that a position means."""
    low = axis.low or Poly.of(0)
    return (position - low) % axis.extent + low


def _periodic(tensor: Tensor, index: tuple[Poly, ...], axes: tuple[bool, ...]) -> Value:
    places = zip(index, tensor.axes, axes, strict=True)
    return tensor[tuple(wrapped(i, axis) if goes else i for i, axis, goes in places)]


def _reflected(tensor: Tensor, index: tuple[Poly, ...], axes: tuple[bool, ...]) -> Value:
    """A period is once there and back, 2 n - 2 steps: at step m of it the entry m, or 2 n - 2 - m on the way back."""
    found: list[tuple[list[Value], list[Poly]]] = [([], [])]
    for i, axis, goes in zip(index, tensor.axes, axes, strict=True):
        choices = _there_and_back(i, axis) if goes else [([], i)]
        found = [([*held, *when], [*place, at]) for held, place in found for when, at in choices]
    return add(*(multiply(*held, tensor[tuple(place)]) for held, place in found))


def _there_and_back(i: Poly, axis: Axis) -> list[tuple[list[Value], Poly]]:
    low, n = axis.low or Poly.of(0), axis.extent
    step = (i - low) % (2 * n - 2)
    there, back = bracket(at_least(n - 1, step)), bracket(at_least(step, n))
    return [([there], step + low), ([back], 2 * n - 2 - step + low)]
