"""Normalisation: mean and variance over some axes, and what is left when they are taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symconv.errors import ShapeError
from symconv.ops.window import axis_of, index_names
from symconv.term.polynomial import Poly
from symconv.term.tensor import Call, Defined, Tensor, define
from symconv.term.value import Apply, Function, Position, Range, Reciprocal, Value, add, multiply, total

SQRT = Function("sqrt")
Summand = Callable[[tuple[Poly, ...]], Value]


def mean(x: Tensor, axes: Sequence[int]) -> Defined:
    """The mean over these axes: a tensor of the other axes.

    >>> import symconv as sc
    >>> N, C = sc.sizes("N C")
    >>> sc.mean(sc.tensor("x", N, C), [0]).entries(N=2, C=1)
    [x[0, 0]/2 + x[1, 0]/2]
    """
    over = _axes(axes, x, f"mean({x.name})")
    return _mean(f"mean({x.name})", x, over, lambda index: x[index], Call("mean", (x,), (("axes", over),)))


def variance(x: Tensor, axes: Sequence[int]) -> Defined:
    """The mean of (x - mean)^2 over these axes (divided by the number of entries, as batch normalisation does).

    >>> import symconv as sc
    >>> sc.variance(sc.tensor("x", sc.sizes("n")), [0]).compile()(x=[1.0, 3.0])
    np.float64(1.0)
    """
    over = _axes(axes, x, f"variance({x.name})")
    centre = mean(x, over)

    def squared(index: tuple[Poly, ...]) -> Value:
        gap = add(x[index], multiply(-1, centre[_left(index, over)]))
        return multiply(gap, gap)

    return _mean(f"variance({x.name})", x, over, squared, Call("variance", (x,), (("axes", over),)))


def normalised(x: Tensor, axes: Sequence[int], eps: Tensor) -> Defined:
    """(x - mean) / sqrt(variance + eps), mean and variance taken over these axes.

    eps: a scalar tensor, positive.
    """
    place = f"normalised({x.name})"
    over = _axes(axes, x, place)
    if eps.rank:
        raise ShapeError(place, f"eps of shape {eps.shape}", "a scalar", "use a tensor of rank 0")
    centre, spread = mean(x, over), variance(x, over)
    deviation = define(
        f"deviation({x.name})",
        spread.axes,
        lambda *index: Apply(SQRT, add(spread[index], eps[()])),
        indices=index_names(spread.rank),
        call=Call("deviation", (x, eps), (("axes", over),)),
    )

    def entry(*index: Poly) -> Value:
        left = _left(index, over)
        return multiply(add(x[index], multiply(-1, centre[left])), Reciprocal(deviation[left]))

    return define(
        place, x.axes, entry, indices=index_names(x.rank), call=Call("normalised", (x, eps), (("axes", over),))
    )


def batch_norm(x: Tensor, gamma: Tensor, beta: Tensor, eps: Tensor, axis: int = 1) -> Defined:
    """gamma * normalised(x) + beta, mean and variance over all axes but the channels.

    x [N, C, ..]; gamma [C], beta [C]; eps a scalar; axis: that of the channels.

    >>> import symconv as sc
    >>> N, C = sc.sizes("N C")
    >>> x, g, b = sc.tensor("x", N, C), sc.tensor("g", C), sc.tensor("b", C)
    >>> y = sc.batch_norm(x, g, b, sc.tensor("eps"))
    >>> y.compile()(x=[[1.0], [3.0]], g=[2.0], b=[5.0], eps=0.0)
    array([[3.],
           [7.]])
    """
    place = f"batch_norm({x.name})"
    channel = axis_of(axis, x.rank, place)
    for name, part in (("gamma", gamma), ("beta", beta)):
        if part.axes != (x.axes[channel],):
            raise ShapeError(
                place, f"{name} of shape {part.shape}", f"({x.shape[channel]},), one number a channel", "change it"
            )
    hat = normalised(x, [n for n in range(x.rank) if n != channel], eps)
    return define(
        place,
        x.axes,
        lambda *index: add(multiply(gamma[index[channel]], hat[index]), beta[index[channel]]),
        indices=index_names(x.rank),
        call=Call("batch_norm", (x, gamma, beta, eps), (("axis", channel),)),
    )


def _axes(axes: Sequence[int], x: Tensor, place: str) -> tuple[int, ...]:
    chosen = tuple(sorted({axis_of(a, x.rank, place) for a in axes}))
    if not chosen:
        raise ShapeError(place, "no axes", "at least one", "say over which axes, axes=[0]")
    return chosen


def _left(index: tuple[Poly, ...], over: tuple[int, ...]) -> tuple[Poly, ...]:
    return tuple(p for n, p in enumerate(index) if n not in over)


def _mean(name: str, x: Tensor, over: tuple[int, ...], summand: Summand, call: Call) -> Defined:
    """1/count times the sum of a summand over some axes."""
    taps = tuple(f"t{n}" for n in over)
    count = Poly.of(1)
    for n in over:
        count = count * x.shape[n]
    left = tuple(a for n, a in enumerate(x.axes) if n not in over)

    def entry(*index: Poly) -> Value:
        rest, inner = iter(index), iter(map(Poly.of, taps))
        place = tuple(next(inner) if n in over else next(rest) for n in range(x.rank))
        ranges = tuple(Range(t, x.axes[n].low, x.axes[n].high) for t, n in zip(taps, over, strict=True))
        return multiply(Reciprocal(Position(count)), total(ranges, summand(place)))

    return define(name, left, entry, indices=index_names(len(left)), call=call)


__all__ = ["batch_norm", "mean", "normalised", "variance"]
