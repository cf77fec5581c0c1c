"""From terms back to what users hold."""

from __future__ import annotations

from typing import Any

from symconv.entries.bridge import sympy_from_poly
from symconv.handles.positions import Condition, Place
from symconv.handles.tensors import Tensor
from symconv.handles.values import Value
from symconv.term import tensor as terms
from symconv.term import value as values
from symconv.term.polynomial import Application, Poly


def wrapped(item: Any) -> Any:
    """Terms become handles, in tuples too."""
    if isinstance(item, terms.Tensor):
        return Tensor(item)
    if isinstance(item, values.Value):
        return Value(item)
    if isinstance(item, values.Condition):
        return Condition(item)
    if isinstance(item, tuple):
        return tuple(map(wrapped, item))
    if isinstance(item, Poly):
        placed = any(isinstance(atom, Application) for atom in item.all_atoms())
        return Place(item) if placed else sympy_from_poly(item)
    return item
