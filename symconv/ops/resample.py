"""Resampling: nearest, bilinear, bed of nails, pixel shuffle, and the two ways back from pooling.

Every one is a formula for one entry, so its gradient is its adjoint and needs no
rule.  The last `n` axes are resampled, as many as there are factors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from symconv.errors import ShapeError, SizeError, UsageError
from symconv.ops.pool import argmax_of
from symconv.ops.window import amount, amounts_per_axis, check_positive, index_names, needed, read
from symconv.term.polynomial import Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Axis, Call, Defined, Tensor, define
from symconv.term.value import (
    Maximum,
    Position,
    Range,
    Reciprocal,
    Value,
    add,
    at_least,
    bracket,
    equal,
    multiply,
    total,
)

EntryOf = Callable[[tuple[Poly, ...]], Value]


def upsample_nearest(x: Tensor, factor: object) -> Defined:
    """Every entry repeated: y_i = x_{i div k}.  Shape: k*n on each resampled axis.

    factor: k for all axes, or a tuple for the last axes.

    >>> import symconv as sc
    >>> sc.upsample_nearest(sc.tensor("x", sc.sizes("n")), 2).entries(n=2)
    [x[0], x[0], x[1], x[1]]
    """
    place = f"upsample_nearest({x.name})"
    factors, leading = _factors(factor, x, place)
    return _resampled(
        "upsample_nearest",
        x,
        factors,
        tuple(k * n for k, n in zip(factors, x.shape[leading:], strict=True)),
        lambda index: x[(*index[:leading], *(i // k for i, k in zip(index[leading:], factors, strict=True)))],
    )


def bed_of_nails(x: Tensor, factor: object) -> Defined:
    """Every entry in the first corner of its block, zeros in the rest.  Shape: k*n on each resampled axis.

    >>> import symconv as sc
    >>> sc.bed_of_nails(sc.tensor("x", sc.sizes("n")), 2).entries(n=2)
    [x[0], 0, x[1], 0]
    """
    place = f"bed_of_nails({x.name})"
    factors, leading = _factors(factor, x, place)

    def entry(index: tuple[Poly, ...]) -> Value:
        inner = list(zip(index[leading:], factors, strict=True))
        corner = bracket(*(equal(i % k, 0) for i, k in inner))
        return multiply(corner, x[(*index[:leading], *(i // k for i, k in inner))])

    extents = tuple(k * n for k, n in zip(factors, x.shape[leading:], strict=True))
    return _resampled("bed_of_nails", x, factors, extents, entry)


def upsample_bilinear(x: Tensor, factor: object, corners: bool = False) -> Defined:
    """Linear interpolation on each resampled axis.

    corners False: output i stands at (i + 1/2)/k - 1/2 of the input, and beyond the first and the last entry
    these are repeated.  corners True: the first and last outputs stand on the first and last entries,
    output i at i*(n - 1)/(k*n - 1).  Both as `align_corners` of the deep-learning libraries.

    >>> import symconv as sc
    >>> sc.upsample_bilinear(sc.tensor("x", sc.sizes("n")), 2).entries(n=2)
    [x[0], 3*x[0]/4 + x[1]/4, x[0]/4 + 3*x[1]/4, x[1]]
    """
    place = f"upsample_bilinear({x.name})"
    factors, leading = _factors(factor, x, place)
    extents = tuple(k * n for k, n in zip(factors, x.shape[leading:], strict=True))
    if corners and any(m.as_int is not None and m.as_int < 2 for m in extents):
        raise SizeError(
            place, f"an output of extents {extents}", "at least 2 on each axis", "drop corners=True, or enlarge more"
        )
    result: Tensor = x
    for number, k in enumerate(factors):
        result = _linear(result, leading + number, k, corners, place)
    options = (("factor", factors), ("corners", corners))
    return Defined(
        place,
        index_names(x.rank),
        (*x.axes[:leading], *map(Axis.of, extents)),
        result[tuple(map(Poly.of, index_names(x.rank)))],
        Call("upsample_bilinear", (x,), options),
        requires=needed(*(at_least(m, 2) for m in extents) if corners else ()),
    )


def _linear(x: Tensor, axis: int, k: Poly, corners: bool, place: str) -> Defined:
    """Interpolation on one axis: (1 - t) x_q + t x_{q+1}, q and t the whole and the rest of the position."""
    n = x.shape[axis]
    m = k * n

    def value(index: tuple[Poly, ...], position: Poly) -> Value:
        """x there; the first and last entry again beyond the ends."""

        def there(p: Poly) -> Value:
            return read(x, (*index[:axis], p, *index[axis + 1 :]))

        before, behind = bracket(at_least(-1, position)), bracket(at_least(position, n))
        return add(there(position), multiply(before, there(Poly.of(0))), multiply(behind, there(n - 1)))

    def entry(*index: Poly) -> Value:
        i = index[axis]
        above, below = (i * (n - 1), m - 1) if corners else (2 * i + 1 - k, 2 * k)
        q, rest = above // below, above % below
        share = multiply(Position(rest), Reciprocal(Position(below)))
        return add(multiply(add(1, multiply(-1, share)), value(index, q)), multiply(share, value(index, q + 1)))

    axes = (*x.axes[:axis], Axis.of(m), *x.axes[axis + 1 :])
    return define(place, axes, entry, indices=index_names(x.rank))


def pixel_shuffle(x: Tensor, factor: object) -> Defined:
    """Channels into space: [.., C*k*k, H, W] becomes [.., C, H*k, W*k].

    Entry (c, y, x) is the entry (c*k*k + (y mod k)*k + x mod k, y div k, x div k).

    >>> import symconv as sc
    >>> sc.pixel_shuffle(sc.tensor("X", 4, 1, 1), 2).entries()
    [[[X[0, 0, 0], X[1, 0, 0]], [X[2, 0, 0], X[3, 0, 0]]]]
    """
    place = f"pixel_shuffle({x.name})"
    k = amount(factor, place, "factor")
    check_positive((k,), place, "factor")
    channels = x.shape[-3].divided_by(k * k) if x.rank >= 3 else None
    if channels is None:
        raise ShapeError(
            place, f"shape {x.shape} with factor {k}", "[.., C*k*k, H, W]", "change the channels or the factor"
        )

    def entry(*index: Poly) -> Value:
        c, i, j = index[-3:]
        return x[(*index[:-3], c * k * k + (i % k) * k + j % k, i // k, j // k)]

    return define(
        place,
        (*x.axes[:-3], *map(Axis.of, (channels, x.shape[-2] * k, x.shape[-1] * k))),
        entry,
        indices=index_names(x.rank),
        call=Call("pixel_shuffle", (x,), (("factor", k),)),
    )


def expand(x: Tensor, pooled: Defined) -> Defined:
    """The adjoint of an average pooling: every entry of x spread over its window, times the weight.

    x: of the shape of `pooled`, the result of `pool_average`.  Shape: that of the pooled image.  It is what
    the gradient by the image does with the upstream gradient; it does not undo the pooling.

    >>> import symconv as sc
    >>> p = sc.pool_average(sc.tensor("x", 5), 2)
    >>> sc.expand(sc.tensor("y", 2), p).entries()
    [y[0]/2, y[0]/2, y[1]/2, y[1]/2, 0]
    """
    image, options = _pooling(pooled, "pool_average", x, f"expand({x.name})")
    extents, strides, around = (options[name] for name in ("window", "stride", "padding"))
    leading = image.rank - len(extents)
    names = tuple(f"i{n}" for n in range(len(extents)))
    count = Poly.of(1)
    for w in extents:
        count = count * w
    weight = options.get("weight", Reciprocal(Position(count)))
    factor = weight[()] if isinstance(weight, Tensor) else weight

    def entry(*index: Poly) -> Value:
        outer = tuple(map(Poly.of, names))
        taps = tuple(a + p - s * y for a, s, y, (p, _) in zip(index[leading:], strides, outer, around, strict=True))
        within = bracket(*(c for u, w in zip(taps, extents, strict=True) for c in (at_least(u, 0), at_least(w - 1, u))))
        ranges = tuple(Range.upto(n, h) for n, h in zip(names, pooled.shape[leading:], strict=True))
        return multiply(factor, total(ranges, multiply(within, x[(*index[:leading], *outer)])))

    return define(
        f"expand({x.name})", image.axes, entry, indices=index_names(image.rank), call=Call("expand", (x, pooled))
    )


def unpool_max(y: Tensor, pooled: Defined) -> Defined:
    """Max unpooling with stored positions: every entry of y at the place where its window had its maximum.

    y: of the shape of `pooled`, the result of `pool_max`, whose positions are used.  Shape: that of the pooled
    image.  Zero where no window had its maximum; where several had, the entries add up.

    >>> import symconv as sc
    >>> p = sc.pool_max(sc.tensor("x", 4), 2)
    >>> sc.unpool_max(sc.tensor("y", 2), p).compile()(x=[1.0, 5.0, 7.0, 2.0], y=[10.0, 20.0])
    array([ 0., 10., 20.,  0.])
    """
    place = f"unpool_max({y.name})"
    image, options = _pooling(pooled, "pool_max", y, place)
    strides = options["stride"]
    leading = image.rank - len(strides)
    names = tuple(f"i{n}" for n in range(len(strides)))

    def entry(*index: Poly) -> Value:
        outer = (*index[:leading], *map(Poly.of, names))
        at = substitute(pooled.body, dict(zip(pooled.parameters, outer, strict=True)))
        if not isinstance(at, Maximum):
            raise UsageError(
                place, f"{pooled.name}, in which ties are shared", "one winner a window", "pool with ties first"
            )
        winners = argmax_of(at)
        meets = bracket(
            *(
                equal(s * i + u, a)
                for s, i, u, a in zip(strides, outer[leading:], winners, index[leading:], strict=True)
            )
        )
        ranges = tuple(Range.upto(n, h) for n, h in zip(names, pooled.shape[leading:], strict=True))
        return total(ranges, multiply(meets, y[outer]))

    return define(place, image.axes, entry, indices=index_names(image.rank), call=Call("unpool_max", (y, pooled)))


def _pooling(pooled: Tensor, operation: str, like: Tensor, place: str) -> tuple[Tensor, dict[str, Any]]:
    """The image that was pooled, and the options of the pooling."""
    call = pooled.call if isinstance(pooled, Defined) else None
    if call is None or call.operation != operation:
        raise UsageError(place, pooled.name, f"the result of {operation}", f"pool with {operation} first")
    if like.axes != pooled.axes:
        raise ShapeError(place, f"shape {like.shape}", f"{pooled.shape}", "give the shape of the pooling")
    return call.operands[0], dict(call.options)


def _factors(factor: object, x: Tensor, place: str) -> tuple[tuple[Poly, ...], int]:
    """The factors of the last axes, and how many axes stand before them."""
    n = len(factor) if isinstance(factor, tuple) else min(x.rank, 2)
    if not 1 <= n <= x.rank:
        raise ShapeError(place, f"{n} factors for {x.rank} axes", "at most one an axis", "give fewer factors")
    factors = amounts_per_axis(factor, n, place, "factor")
    check_positive(factors, place, "factor")
    return factors, x.rank - n


def _resampled(name: str, x: Tensor, factors: tuple[Poly, ...], extents: tuple[Poly, ...], entry: EntryOf) -> Defined:
    leading = x.rank - len(factors)
    return define(
        f"{name}({x.name})",
        (*x.axes[:leading], *map(Axis.of, extents)),
        lambda *index: entry(index),
        indices=index_names(x.rank),
        call=Call(name, (x,), (("factor", factors),)),
    )


__all__ = [
    "bed_of_nails",
    "expand",
    "pixel_shuffle",
    "unpool_max",
    "upsample_bilinear",
    "upsample_nearest",
]
