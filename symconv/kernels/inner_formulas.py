"""Formulas inside a formula: a value whose free indices run over some axes, as a definition of its own.

Its indices are called @0, @1, .. in the order of the axes, so that they meet no index of the formula around it.
"""

from __future__ import annotations

from collections.abc import Mapping

from symconv.errors import ExportError
from symconv.term.polynomial import Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Defined
from symconv.term.value import Maximum, Value


def formula_over(axes: Mapping[str, Axis], value: Value, name: str = "values") -> Defined:
    """The tensor of a value, an axis for each index that it mentions.

    >>> from symconv.term.tensor import Leaf
    >>> x, i = Leaf("x", (Axis.of(9),)), Poly.of("i")
    >>> formula = formula_over({"i": Axis.of(3), "u": Axis(Poly.of(0), i)}, x[i + Poly.of("u")])
    >>> formula.parameters, formula.axes[1].high
    (('@0', '@1'), @0)
    """
    names = {old: f"@{n}" for n, old in enumerate(axes)}
    images = {old: Poly.of(new) for old, new in names.items()}
    atoms: dict[Atom, Poly] = dict(images.items())

    def renamed(end: Poly | None) -> Poly | None:
        return end and end.substitute(atoms)

    ends = tuple(Axis(renamed(axis.low), renamed(axis.high)) for axis in axes.values())
    return Defined(name, tuple(names.values()), ends, substitute(value, images))


def window_of(maximum: Maximum, title: str) -> dict[str, Axis]:
    """The taps of a maximum and their axes, which must be the same for every entry."""
    for r in maximum.ranges:
        if r.low is None or r.high is None or r.low.names() or r.high.names():
            raise ExportError(title, f"a window whose ends change with {r.name}", "a fixed window", "use a bracket")
    return {r.name: Axis(r.low, r.high) for r in maximum.ranges}


def windows_of(formula: Defined, maximum: Maximum, title: str) -> Defined:
    """All that a tensor of maxima compares: an axis for each tap, then those of the tensor."""
    axes = window_of(maximum, title) | dict(zip(formula.parameters, formula.axes, strict=True))
    return formula_over(axes, maximum.body)


__all__ = ["formula_over", "window_of", "windows_of"]
