"""Comparisons with a maximum where ties are excluded: an entry is the greatest where the maximum is attained at it.

The line `ties excluded` says that the greatest entry of a window equals no
other entry of its tensor; then a condition on values is one on positions.
"""

from __future__ import annotations

from symconv.ops.pool import argmax_of
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Defined
from symconv.term.value import Bracket, Entry, Maximum, Value, equal


def attained(left: Value, right: Value, relation: str) -> Value | None:
    """`x_q = y_i` and `x_q \\ge y_i` as brackets of positions, y_i being a maximum of entries of x; else None."""
    pairs = {"=": ((left, right), (right, left)), r"\ge": ((left, right),), r"\le": ((right, left),)}
    for entry, greatest in pairs.get(relation, ()):
        window = _maximum(greatest)
        if window is None or not isinstance(entry, Entry) or not isinstance(window.body, Entry):
            continue
        if window.body.tensor == entry.tensor:
            winners: dict[Atom, Poly] = dict(zip((r.name for r in window.ranges), argmax_of(window), strict=True))
            place = [p.substitute(winners) for p in window.body.index]
            return Bracket(tuple(equal(p, q) for p, q in zip(place, entry.index, strict=True)))
    return None


def _maximum(value: Value) -> Maximum | None:
    """A maximum, or an entry of a tensor that is one."""
    if isinstance(value, Entry) and isinstance(value.tensor, Defined) and isinstance(value.tensor.body, Maximum):
        value = substitute(value.tensor.body, dict(zip(value.tensor.parameters, value.index, strict=True)))
    return value if isinstance(value, Maximum) else None
