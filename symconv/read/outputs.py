"""The outputs of a formula whose extents the text leaves open: those whose reads fit.

`y_i = sum_k w_k x_{i+k}`, with n entries of x and r of w, has outputs 0 .. n-r whose reads all exist.  Where a
read outside is an error these are all its outputs.  Where it is zero other ends are usual too: those of full, of
same, and of an input padded alike on both sides; a sum in a claim may then choose among them.  No other ends are
taken from a claim: it would prove itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from symconv.notation.source import LocatedError
from symconv.read.expression import Access, Binding, Expr, free_names
from symconv.read.positions import Positions
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis

Environment = dict[str, Binding]


@dataclass(frozen=True, slots=True)
class Read:
    """One position at which an output reads an axis: from `least` to `most`, both linear in the output's index."""

    axis: Axis
    least: Poly
    most: Poly


@dataclass(frozen=True, slots=True)
class Outputs:
    """The ends whose reads all fit, and every usual choice of ends."""

    valid: Axis
    usual: tuple[Axis, ...]

    def beginning_at(self, base: int) -> Axis:
        """The first usual ends that begin where indices do."""
        return next((axis for axis in self.usual if axis.low == base), self.valid)


def outputs(parameter: str, reads: Iterable[Read | None], base: int) -> Outputs | None:
    """The outputs of an index, or None where the reads do not settle them."""
    spans = [None if read is None else _spans(parameter, read, base) for read in reads]
    if not spans or None in spans:
        return None
    found = [span for span in spans if span is not None]
    valid = _common([span[0] for span in found])
    return None if valid is None else Outputs(valid, tuple(dict.fromkeys([valid, *(a for s in found for a in s)])))


def reads_of(
    parameter: str,
    found: Iterable[tuple[Access, Environment]],
    axis_of: Callable[[Access, int], Axis | None],
    reader: Callable[[frozenset[str]], Positions],
    parameters: frozenset[str],
    whole_axis: Callable[[str], Axis | None],
) -> Iterator[Read | None]:
    """Every read of a body that depends on the parameter; None where one is not linear, or of an open axis."""
    for access, environment in found:
        for n, position in enumerate(access.index):
            ends = _ends(position, environment, reader(parameters | frozenset(environment)), whole_axis)
            if ends is None:
                if any(ref.name == parameter for ref in free_names(position)):
                    yield None
                continue
            names = set(ends[0].names()) | set(ends[1].names())
            if parameter not in names:
                continue
            axis = axis_of(access, n)
            yield Read(axis, *ends) if axis is not None and axis.bounded and names == {parameter} else None


def _ends(
    position: Expr, environment: Environment, reader: Positions, whole_axis: Callable[[str], Axis | None]
) -> tuple[Poly, Poly] | None:
    """The least and the greatest value of a position over the sums around it; one without limits runs over an axis."""
    try:
        box = {name: axis for name in environment if (axis := whole_axis(name)) is not None}
        box |= {
            name: Axis(reader.poly(b.low), reader.poly(b.high))
            for name, b in environment.items()
            if b.low is not None and b.high is not None
        }
        here = reader.poly(position)
    except LocatedError:
        return None
    least, most = extreme(here, box, -1), extreme(here, box, 1)
    return None if least is None or most is None else (least, most)


def extreme(start: Poly, box: dict[str, Axis], side: int) -> Poly | None:
    """Ends put in until no index of the box is left: a limit may hold indices itself."""
    poly: Poly | None = start
    for _ in range(len(box) + 1):
        poly = _end(poly, box, side)
    return poly


def _end(poly: Poly | None, box: dict[str, Axis], side: int) -> Poly | None:
    """Replace indices by the end of their range that makes the position least (-1) or greatest (1)."""
    if poly is None:
        return None
    for name in sorted(set(poly.names()) & set(box)):
        parts = poly.linear_in(name)
        if parts is None:
            return None
        slope, _ = parts
        if slope.names():
            return None
        up = slope.grows_from(0)
        if not up and not (-slope).grows_from(0):
            return None
        axis = box[name]
        end = axis.high if up == (side > 0) else axis.low
        if end is None:
            return None
        poly = poly.substitute({name: end})
    return poly


def _spans(parameter: str, read: Read, base: int) -> tuple[Axis, ...] | None:
    """Valid, full, same and padded alike, as one read gives them."""
    low, high = read.axis.low, read.axis.high
    least, most = read.least.linear_in(parameter), read.most.linear_in(parameter)
    if low is None or high is None or least is None or most is None:
        return None
    (a, first), (b, last) = least, most
    if b == 0 or not b.grows_from(0) or not a.grows_from(0):
        return None
    begin = -((first - low) // a) if a != 0 else Poly.of(base)
    valid = Axis(begin, (high - last) // b)
    if a != b:
        return (valid,)
    full = Axis(-((last - low) // a), (high - first) // a)
    pad = low - (a * base + first)
    padded = Axis(Poly.of(base), (high + pad - last) // a)
    return (valid, full, read.axis, padded) if a == 1 else (valid, full, padded)


def _common(axes: list[Axis]) -> Axis | None:
    """Where all fit, if it is plain which end comes first."""
    low, high = axes[0].low, axes[0].high
    for axis in axes[1:]:
        low, high = _greater(low, axis.low), _greater(axis.high, high, least=True)
    return None if low is None or high is None else Axis(low, high)


def _greater(a: Poly | None, b: Poly | None, least: bool = False) -> Poly | None:
    """The greater of two, or the least; None where sizes decide."""
    if a is None or b is None:
        return None
    if (a - b).grows_from(0):
        return b if least else a
    return (a if least else b) if (b - a).grows_from(0) else None
