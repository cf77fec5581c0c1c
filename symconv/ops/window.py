"""Operations that move entries without mixing them: pad, crop, stuff, rot180, flip, transpose, concatenate.

Each is a tensor whose entry is one entry of the operand, or zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index as whole_number

from symconv.errors import ScopeError, ShapeError, SizeError, UsageError
from symconv.term.polynomial import Poly, PolyLike, Size
from symconv.term.tensor import Axis, Call, Defined, Tensor, define
from symconv.term.text import ordinal
from symconv.term.value import (
    Condition,
    Entry,
    Range,
    Sum,
    Value,
    ValueLike,
    add,
    as_value,
    at_least,
    bracket,
    equal,
    multiply,
)

Amount = PolyLike | tuple[PolyLike, PolyLike]


def read(tensor: Tensor, index: Sequence[PolyLike]) -> Value:
    """An entry, or zero outside the axes, whatever the tensor's own convention."""
    entry = tensor[tuple(index)]
    return entry if tensor.outside == "zero" else multiply(inside(tensor, entry.index), entry)


def inside(tensor: Tensor, index: Sequence[Poly]) -> Value:
    """The bracket that is 1 where the index lies on the axes."""
    conditions: list[Condition] = []
    for axis, position in zip(tensor.axes, index, strict=True):
        if axis.low is not None:
            conditions.append(at_least(position, axis.low))
        if axis.high is not None:
            conditions.append(at_least(axis.high, position))
    return bracket(*conditions)


def index_names(rank: int) -> tuple[str, ...]:
    """Names for the free indices of a tensor of this rank."""
    return tuple("ijklmnpq"[:rank]) if rank <= 8 else tuple(f"i{a}" for a in range(rank))


def amount(value: object, place: str, what: str) -> Poly:
    """A whole number or a polynomial in sizes."""
    if isinstance(value, (Poly, Size)):
        poly = Poly.of(value)
        if poly.names():
            raise ScopeError(
                place,
                f"{what} {poly} with the index {min(poly.names())}",
                "numbers and sizes",
                "make a size with sizes",
            )
        return poly
    number = integer(value)
    if number is None:
        raise UsageError(
            place, f"{what} {value!r}", "a whole number or a size", "give 2, or a size made with sizes(..)"
        )
    return Poly.of(number)


def integer(value: object) -> int | None:
    """The whole number that a value is; None for texts, fractions, truth values and all else."""
    if isinstance(value, Poly):
        return value.as_int
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return None
    try:
        return whole_number(value)
    except TypeError:  # an array of several numbers
        return None


def axis_of(value: object, rank: int, place: str, what: str = "axis") -> int:
    """An axis, counted from 0 or, if negative, from the end."""
    number = integer(value)
    if number is None or not -rank <= number < rank:
        raise ShapeError(place, f"{what} {value!r}", f"an axis from 0 to {rank - 1}", "count the axes from 0")
    return number % rank


def axes_of(values: object, rank: int, place: str) -> tuple[int, ...]:
    """Several axes, in the order given."""
    if not isinstance(values, (list, tuple, range)):
        raise ShapeError(place, f"axes {values!r}", "a list of axes", "write [0], or [0, 1]")
    return tuple(axis_of(a, rank, place) for a in values)


def spatial_axes(value: object, most: int, place: str) -> int:
    """How many spatial axes were asked for."""
    number = integer(value)
    if number is None or not 1 <= number <= most:
        raise ShapeError(place, f"spatial={value!r}", f"a number from 1 to {most}", "say how many axes are spatial")
    return number


def amounts_per_axis(amounts: object, axes: int, place: str, what: str) -> tuple[Poly, ...]:
    """One amount for all axes, or a tuple with one an axis."""
    return tuple(amount(a, place, what) for a in per_axis(amounts, axes, place))


def per_axis(amounts: object, axes: int, place: str) -> tuple[object, ...]:
    """One amount for all axes, or a tuple with one an axis, whatever an amount is."""
    if isinstance(amounts, tuple):
        if len(amounts) != axes:
            raise ShapeError(
                place, f"{len(amounts)} amounts", f"{axes}, one an axis", "give one amount, or one for each axis"
            )
        return amounts
    return (amounts,) * axes


def sides(amounts: object, axes: int, place: str) -> tuple[tuple[Poly, Poly], ...]:
    """Amounts before and after, for each axis: from p, (p, q) per axis, or ((p0, p1), (q0, q1)) per side.

    With one axis alone, (p0, p1) can only be its two sides.
    """
    if axes == 1 and isinstance(amounts, tuple) and len(amounts) == 2:
        amounts = (amounts,)
    result = []
    for given in per_axis(amounts, axes, place):
        pair = given if isinstance(given, tuple) else (given, given)
        if len(pair) != 2:
            raise ShapeError(place, f"{len(pair)} amounts for one axis", "2, before and after", "give (before, after)")
        result.append((amount(pair[0], place, "amount"), amount(pair[1], place, "amount")))
    return tuple(result)


def pad(tensor: Tensor, amounts: object) -> Defined:
    """Zeros around a tensor; a negative amount crops.

    `amounts`: p for all axes, `(p, q)` per axis, `((p0, p1), (q0, q1))` per side.
    Shape: n + before + after on each axis.

    >>> import symconv as sc
    >>> H, W, p = sc.sizes("H W p")
    >>> X = sc.tensor("X", H, W)
    >>> sc.pad(X, (p, 1)).shape
    (H + 2*p, W + 2)
    >>> sc.pad(X, ((0, 1), (2, 0))).shape
    (H + 1, W + 2)
    """
    around = sides(amounts, tensor.rank, f"pad({tensor.name})")
    axes = tuple(
        Axis.of(axis.extent + before + after) for axis, (before, after) in zip(tensor.axes, around, strict=True)
    )
    for number, (axis, old) in enumerate(zip(axes, tensor.axes, strict=True)):
        left = axis.extent.as_int
        if left is not None and left < 0:
            raise SizeError(
                f"pad({tensor.name})",
                f"{old.extent - axis.extent} of {old.extent} entries cropped on the {ordinal(number)} axis",
                "at least 0 entries left",
                "crop less",
            )
    lows = [axis.low or Poly.of(0) for axis in tensor.axes]

    def entry(*index: Poly) -> Value:
        return read(tensor, [i - b + low for i, (b, _), low in zip(index, around, lows, strict=True)])

    requires = tuple(at_least(a.extent, 0) for a in axes)
    return define(
        f"pad({tensor.name})",
        axes,
        entry,
        indices=index_names(tensor.rank),
        call=Call("pad", (tensor,), (("amounts", around),)),
        requires=needed(*requires),
    )


def crop(tensor: Tensor, amounts: object) -> Defined:
    """Take away entries at the borders: `pad` with the amounts negated.

    >>> import symconv as sc
    >>> sc.crop(sc.tensor("x", sc.sizes("n")), (1, 0)).entries(n=3)
    [x[1], x[2]]
    """
    around = sides(amounts, tensor.rank, f"crop({tensor.name})")
    return pad(tensor, tuple((-b, -a) for b, a in around))


def stuff(tensor: Tensor, steps: object) -> Defined:
    """Zero-stuffing: s - 1 zeros between neighbours, the adjoint of taking every s-th entry.

    Shape: s*(n - 1) + 1 on each axis.  Entry x is the operand's entry i where x = s*i, else 0.

    >>> import symconv as sc
    >>> sc.stuff(sc.tensor("x", sc.sizes("n")), 3).entries(n=2)
    [x[0], 0, 0, x[1]]
    """
    strides = amounts_per_axis(steps, tensor.rank, f"stuff({tensor.name})", "step")
    check_positive(strides, f"stuff({tensor.name})", "step")
    axes = tuple(Axis.of(s * (axis.extent - 1) + 1) for s, axis in zip(strides, tensor.axes, strict=True))

    def entry(*index: Poly) -> Value:
        conditions = [equal(x % s, 0) for x, s in zip(index, strides, strict=True) if s != 1]
        return multiply(bracket(*conditions), read(tensor, [x // s for x, s in zip(index, strides, strict=True)]))

    return define(
        f"stuff({tensor.name})",
        axes,
        entry,
        indices=index_names(tensor.rank),
        call=Call("stuff", (tensor,), (("steps", strides),)),
        requires=needed(*(at_least(s, 1) for s in strides)),
    )


def flip(tensor: Tensor, axes: Sequence[int]) -> Defined:
    """Reverse the named axes.

    >>> import symconv as sc
    >>> H, W = sc.sizes("H W")
    >>> sc.flip(sc.tensor("X", H, W), [1]).entries(H=2, W=2)
    [[X[0, 1], X[0, 0]], [X[1, 1], X[1, 0]]]
    """
    chosen = set(axes_of(axes, tensor.rank, f"flip({tensor.name})"))

    def entry(*index: Poly) -> Value:
        turned = []
        for at, (i, axis) in enumerate(zip(index, tensor.axes, strict=True)):
            low, high = axis.low, axis.high
            turned.append(low + high - i if at in chosen and low is not None and high is not None else i)
        return tensor[tuple(turned)]

    return define(
        f"flip({tensor.name})",
        tensor.axes,
        entry,
        indices=index_names(tensor.rank),
        call=Call("flip", (tensor,), (("axes", tuple(sorted(chosen))),)),
    )


def rot180(tensor: Tensor, spatial: int | None = None) -> Defined:
    """Turn by 180 degrees: reverse the last `spatial` axes.

    By default all axes of a kernel without channels (rank 1, 2, 3), and the
    last two or three of a kernel [O, C, r, c] or [O, C, q, r, c].

    >>> import symconv as sc
    >>> r, c = sc.sizes("r c")
    >>> sc.rot180(sc.tensor("K", r, c)).entries(r=2, c=2)
    [[K[1, 1], K[1, 0]], [K[0, 1], K[0, 0]]]
    """
    usual = tensor.rank if tensor.rank <= 3 else tensor.rank - 2
    count = usual if spatial is None else spatial_axes(spatial, tensor.rank, f"rot180({tensor.name})")
    turned = flip(tensor, range(tensor.rank - count, tensor.rank))
    return Defined(
        f"rot180({tensor.name})",
        turned.parameters,
        turned.axes,
        turned.body,
        Call("rot180", (tensor,), (("spatial", count),)),
    )


def transpose(tensor: Tensor, order: Sequence[int] | None = None) -> Defined:
    """Put the axes in another order; without one, reverse them.

    The result's axis a is the operand's axis order[a].

    >>> import symconv as sc
    >>> C, H, W = sc.sizes("C H W")
    >>> sc.transpose(sc.tensor("X", C, H, W), (1, 2, 0)).shape
    (H, W, C)
    """
    place = f"transpose({tensor.name})"
    order = tuple(range(tensor.rank))[::-1] if order is None else axes_of(order, tensor.rank, place)
    if sorted(order) != list(range(tensor.rank)):
        raise ShapeError(place, f"order {order}", f"each of 0..{tensor.rank - 1} once", "list every axis once")

    def entry(*index: Poly) -> Value:
        return tensor[tuple(index[order.index(a)] for a in range(tensor.rank))]

    return define(
        f"transpose({tensor.name})",
        tuple(tensor.axes[a] for a in order),
        entry,
        indices=index_names(tensor.rank),
        call=Call("transpose", (tensor,), (("order", order),)),
    )


def concatenate(tensors: Sequence[Tensor], axis: int = 0) -> Defined:
    """Lay tensors one behind the other along an axis; all other axes are equal.

    >>> import symconv as sc
    >>> n, m = sc.sizes("n m")
    >>> sc.concatenate([sc.tensor("x", n), sc.tensor("y", m)]).entries(n=2, m=1)
    [x[0], x[1], y[0]]
    """
    if not tensors:
        raise ShapeError("concatenate", "no tensors", "at least one", "list the tensors")
    first = tensors[0]
    axis = axis_of(axis, first.rank, "concatenate")
    starts = [Poly.of(0)]
    for t in tensors:
        if t.rank != first.rank or [a for n, a in enumerate(t.axes) if n != axis] != [
            a for n, a in enumerate(first.axes) if n != axis
        ]:
            raise ShapeError(
                f"concatenate along axis {axis}",
                f"shapes {first.shape} and {t.shape}",
                "equal extents on the other axes",
                "pad or crop one of the two",
            )
        starts.append(starts[-1] + t.axes[axis].extent)

    def entry(*index: Poly) -> Value:
        terms: list[ValueLike] = []
        for t, start in zip(tensors, starts, strict=False):
            shifted = tuple(i - start if n == axis else i for n, i in enumerate(index))
            terms.append(read(t, shifted))
        return add(*terms)

    axes = tuple(Axis.of(starts[-1]) if n == axis else a for n, a in enumerate(first.axes))
    return define(
        "concatenate",
        axes,
        entry,
        indices=index_names(first.rank),
        call=Call("concatenate", tuple(tensors), (("axis", axis),)),
    )


def check_positive(values: Sequence[Poly], place: str, what: str) -> None:
    for value in values:
        number = value.as_int
        if number is not None and number < 1:
            raise SizeError(place, f"{what} {number}", f"a {what} of at least 1", f"give a positive {what}")


def needed(*conditions: Condition) -> tuple[Condition, ...]:
    """The conditions that are not true by themselves: sizes are at least their least value."""
    plain = [Condition(c.kind, c.poly.without_remainders()) for c in conditions]
    return tuple(c for c in plain if not _holds_always(c))


def _holds_always(condition: Condition) -> bool:
    poly = condition.poly
    return (condition.kind == "ge" and poly.grows_from(0)) or (condition.kind == "eq" and poly.is_zero)


__all__ = [
    "Entry",
    "Range",
    "Sum",
    "amount",
    "amounts_per_axis",
    "as_value",
    "concatenate",
    "crop",
    "flip",
    "index_names",
    "inside",
    "integer",
    "needed",
    "pad",
    "per_axis",
    "read",
    "rot180",
    "sides",
    "spatial_axes",
    "stuff",
    "transpose",
]
