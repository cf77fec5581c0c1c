"""Comparisons with a maximum where ties are excluded: an entry is the greatest where the maximum is attained at it.

The line `ties excluded` says that no two entries of a tensor are equal; then
an equality with a maximum is one of positions.
"""

from __future__ import annotations

from symconv.ops.pool import argmax_of
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Defined, Leaf
from symconv.term.value import Bracket, Entry, Maximum, Value, equal


def attained(left: Value, right: Value, relation: str) -> Value | None:
    """`x_q = y_i` as a bracket of positions, `x_q \\neq y_i` as the contrary, y_i being a maximum of entries of x.

    None for everything else, and where x goes on beyond its ends: one entry of it stands at several positions then.
    """
    if relation not in ("=", r"\neq"):
        return None
    for entry, greatest in ((left, right), (right, left)):
        window = _maximum(greatest)
        if window is None or not isinstance(entry, Entry) or not isinstance(window.body, Entry):
            continue
        if window.body.tensor == entry.tensor and isinstance(entry.tensor, Leaf):
            winners: dict[Atom, Poly] = dict(zip((r.name for r in window.ranges), argmax_of(window), strict=True))
            place = [p.substitute(winners) for p in window.body.index]
            here = Bracket(tuple(equal(p, q) for p, q in zip(place, entry.index, strict=True)))
            return here if relation == "=" else 1 - here
    return None


def _maximum(value: Value) -> Maximum | None:
    """A maximum, or an entry of a tensor that is one."""
    if isinstance(value, Entry) and isinstance(value.tensor, Defined) and isinstance(value.tensor.body, Maximum):
        value = substitute(value.tensor.body, dict(zip(value.tensor.parameters, value.index, strict=True)))
    return value if isinstance(value, Maximum) else None
