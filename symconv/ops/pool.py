"""Pooling: the average and the maximum over windows, and the argmax that max pooling keeps."""

from __future__ import annotations

from typing import Literal, cast

from symconv.errors import ShapeError, UsageError
from symconv.ops.correlate import KERNEL_NAMES, OUTPUT_NAMES, geometry
from symconv.ops.window import amounts_per_axis, check_positive, needed, read, spatial_axes
from symconv.term.polynomial import Application, Atom, Poly
from symconv.term.substitution import substitute
from symconv.term.tensor import Call, Defined, Leaf, Tensor, define
from symconv.term.value import (
    Apply,
    Argmax,
    Condition,
    Function,
    Maximum,
    Position,
    Range,
    Reciprocal,
    Value,
    ValueLike,
    at_least,
    free_indices,
    multiply,
    total,
)

Ties = Literal["first", "split"]
TIES = ("first", "split")
Windows = tuple[tuple[Poly, ...], tuple[Poly, ...], tuple[tuple[Poly, Poly], ...], int]


def _windows(
    x: Tensor, window: object, stride: object | None, padding: object, spatial: int | None, place: str
) -> Windows:
    """(window extents, strides, paddings, leading axes); the stride is the window unless said."""
    if spatial is not None:
        n = spatial_axes(spatial, 3, place)
    else:
        n = len(window) if isinstance(window, tuple) else min(x.rank, 2)
    leading = x.rank - n
    if not 1 <= n <= 3 or leading < 0:
        raise ShapeError(
            place, f"{n} window axes on a tensor of {x.rank}", "1 to 3, no more than the tensor has", "say spatial=.."
        )
    extents = amounts_per_axis(window, n, place, "window")
    check_positive(extents, place, "window")
    options = geometry(
        x.shape[leading:], extents, extents if stride is None else stride, padding, 1, None, place, "window"
    )
    return extents, options.stride, options.padding, leading


def _pooled(
    name: str,
    x: Tensor,
    window: object,
    stride: object | None,
    padding: object,
    spatial: int | None,
    body: object,
    options: tuple[tuple[str, object], ...] = (),
) -> Defined:
    place = f"{name}({x.name})"
    extents, strides, around, leading = _windows(x, window, stride, padding, spatial, place)
    n = len(extents)
    image = x.shape[leading:]
    inside = all(p == 0 for side in around for p in side)  # a window without padding reads entries alone
    slack = tuple(h + p0 + p1 - w for h, (p0, p1), w in zip(image, around, extents, strict=True))
    taps = KERNEL_NAMES[n]

    def entry(*index: Poly) -> Value:
        at = tuple(
            s * y + u - p for s, y, u, (p, _) in zip(strides, index[leading:], map(Poly.of, taps), around, strict=True)
        )
        ranges = tuple(Range.upto(u, w) for u, w in zip(taps, extents, strict=True))
        place = (*index[:leading], *at)
        return body(ranges, x[place] if inside else read(x, place))  # type: ignore[operator, no-any-return]

    return define(
        place,
        (*x.shape[:leading], *(f // s + 1 for f, s in zip(slack, strides, strict=True))),
        entry,
        indices=("n", "c")[2 - leading :] + OUTPUT_NAMES[n],
        call=Call(
            name, (x,), (("window", extents), ("stride", strides), ("padding", around), ("spatial", n), *options)
        ),
        requires=needed(
            *(at_least(f, 0) for f in slack),
            *(at_least(v, 1) for v in (*strides, *extents)),
            *(at_least(p, 0) for side in around for p in side),
        ),
    )


def pool_average(
    x: Tensor,
    window: object,
    stride: object | None = None,
    padding: object = 0,
    weight: Tensor | ValueLike | None = None,
    spatial: int | None = None,
) -> Defined:
    """The mean of each window, or `weight` (a scalar tensor, or a number: 1 for the sum) times its sum.

    x [H..] or with leading axes; the stride is the window unless said; a tail
    that no window covers is left out.

    >>> import symconv as sc
    >>> sc.pool_average(sc.tensor("x", sc.sizes("n")), 2).entries(n=5)
    [x[0]/2 + x[1]/2, x[2]/2 + x[3]/2]
    """
    if isinstance(weight, Tensor) and weight.rank:
        raise ShapeError(
            f"pool_average({x.name})", f"a weight of shape {weight.shape}", "a scalar", "use a leaf of rank 0"
        )

    def mean(ranges: tuple[Range, ...], entry: Value) -> Value:
        count = Poly.of(1)
        for r in ranges:
            count = count * ((r.high or Poly.of(0)) + 1)
        if weight is None:
            return multiply(Reciprocal(Position(count)), total(ranges, entry))
        factor: ValueLike = weight[()] if isinstance(weight, Tensor) else weight
        return multiply(factor, total(ranges, entry))

    options = () if weight is None else (("weight", weight),)
    return _pooled("pool_average", x, window, stride, padding, spatial, mean, options)


def pool_max(
    x: Tensor, window: object, stride: object | None = None, spatial: int | None = None, ties: Ties = "first"
) -> Defined:
    """The greatest entry of each window.

    ties: who gets the gradient where several entries are greatest.  "first": the first of them in row-major
    order.  "split": each of them the same share; the pooling is then written as the mean of the greatest entries,
    which in floating point may differ from them in the last digit, and is not a number where they are infinite.

    >>> import symconv as sc
    >>> sc.pool_max(sc.tensor("x", sc.sizes("n")), 3, stride=1).entries(n=4)
    [Max(x[0], x[1], x[2]), Max(x[1], x[2], x[3])]
    >>> x = sc.tensor("x", 3)
    >>> y = sc.pool_max(x, 3, ties="split")
    >>> sc.gradient(y, x, sc.upstream(y, "G")).compile()(x=[5.0, 2.0, 5.0], G=[1.0])
    array([0.5, 0. , 0.5])
    """
    if ties not in TIES:
        raise UsageError(f"pool_max({x.name})", f"ties={ties!r}", "'first' or 'split'", "choose one of the two")
    if ties == "first":
        return _pooled("pool_max", x, window, stride, 0, spatial, Maximum)
    return _pooled("pool_max", x, window, stride, 0, spatial, mean_of_winners, (("ties", ties),))


def mean_of_winners(ranges: tuple[Range, ...], entry: Value) -> Value:
    """The sum of the greatest entries over their number; an entry is greatest where the maximum is not above it."""
    inner = {r.name: Poly.of(f"{r.name}1") for r in ranges}
    greatest = Maximum(tuple(Range(f"{r.name}1", r.low, r.high) for r in ranges), substitute(entry, inner))
    wins = 1 - Apply(Function("step"), greatest - entry)
    return multiply(total(ranges, multiply(wins, entry)), Reciprocal(total(ranges, wins)))


def argmax(pooled: Defined, index: Poly | tuple[Poly, ...]) -> tuple[Poly, ...]:
    """The window coordinates at which the entry of a max pooling is attained.

    >>> import symconv as sc
    >>> pooled = sc.pool_max(sc.tensor("X", sc.sizes("H")), 2)
    >>> sc.argmax(pooled, sc.indices("i"))
    (argmax_0(i),)
    """
    body = pooled.body if isinstance(pooled, Defined) else None
    place = f"argmax of {pooled.name}"
    if not isinstance(body, Maximum):
        raise UsageError(place, "no maximum", "the result of pool_max", "pool with pool_max first")
    index = index if isinstance(index, tuple) else (index,)
    if len(index) != pooled.rank:
        raise ShapeError(place, f"{len(index)} indices", f"{pooled.rank}, one an axis", "give a tuple of all indices")
    at = substitute(body, dict(zip(pooled.parameters, index, strict=True)))
    return argmax_of(at)  # type: ignore[arg-type]


def argmax_of(maximum: Maximum) -> tuple[Poly, ...]:
    """The coordinates of a maximum as index functions of its free indices.

    The indices are renamed in a fixed way, so that equal windows give equal functions.
    """
    free = tuple(sorted(free_indices(maximum)))
    canonical = {name: Poly.of(f"${n}") for n, name in enumerate(free)}
    renamed = substitute(maximum, canonical)
    ranges: list[Range] = []
    inner: dict[str, Poly] = {}
    for n, r in enumerate(renamed.ranges):  # type: ignore[attr-defined]
        low, high = (p and p.substitute(inner) for p in (r.low, r.high))
        ranges.append(Range(f"%{n}", low, high))
        inner[r.name] = Poly.of(f"%{n}")
    body = substitute(renamed.body, inner)  # type: ignore[attr-defined]
    parameters = tuple(f"${n}" for n in range(len(free)))
    arguments = tuple(map(Poly.of, free))
    return tuple(
        Poly.atom(Application(Argmax(parameters, tuple(ranges), body, axis), arguments)) for axis in range(len(ranges))
    )


def joined(maximum: Maximum) -> Maximum:
    """max over u of max over v of f = max over u, v of f, if no limit of v tells u.

    Of equal values the first wins on both sides, so that the argmax is the same place as well.
    """
    inner = maximum.body
    if not isinstance(inner, Maximum):
        return maximum
    inner = joined(inner)
    told = {n for r in inner.ranges for p in (r.low, r.high) if p is not None for n in p.names()}
    if not told.isdisjoint(r.name for r in maximum.ranges):
        return maximum
    ranges: list[Range] = []
    apart: dict[str, Poly] = {}  # no index that stands for another is written with such a name
    for r in inner.ranges:
        low, high = (p and p.substitute(cast(dict[Atom, Poly], apart)) for p in (r.low, r.high))
        apart[r.name] = Poly.of(f"%{r.name}")
        ranges.append(Range(f"%{r.name}", low, high))
    return Maximum((*maximum.ranges, *ranges), substitute(inner.body, apart))


__all__ = ["Condition", "Leaf", "argmax", "argmax_of", "joined", "pool_average", "pool_max"]
