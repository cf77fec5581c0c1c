"""Arrays, windows and places as tensors: what is written out by its entries, and what begins elsewhere than at 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from symconv.errors import SymconvError
from symconv.notation.source import Source
from symconv.ops.pool import mean_of_winners, pool_average
from symconv.ops.resample import upsample_nearest
from symconv.ops.window import index_names, needed
from symconv.term.polynomial import Poly
from symconv.term.tensor import FREE, Axis, Call, Defined, Leaf, Tensor, define
from symconv.term.value import (
    Entry,
    Maximum,
    Number,
    Range,
    Value,
    add,
    at_least,
    bracket,
    equal,
    multiply,
    total,
)


def array(rows: tuple[tuple[Value, ...], ...], line: bool, base: int) -> Defined:
    """The entries as one formula: each with the bracket that says where it stands."""
    extents = (len(rows[0]),) if line else (len(rows), len(rows[0]))

    def entry(*index: Poly) -> Value:
        terms = []
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                place = (j,) if line else (i, j)
                here = bracket(*(equal(p, base + n) for p, n in zip(index, place, strict=True)))
                terms += [] if isinstance(value, Number) and not value.value else [multiply(here, value)]
        return add(*terms)

    axes = tuple(Axis(Poly.of(base), Poly.of(base + n - 1)) for n in extents)
    call = Call("array", (), (("rows", rows), ("line", line)))
    return define("[array]", axes, entry, indices=index_names(len(axes)), call=call)


def any_entry(tensor: Tensor) -> Entry:
    """An entry at free indices, which stands for all of them."""
    return Entry(tensor, tuple(map(Poly.of, index_names(tensor.rank))))


def begins(tensor: Tensor) -> tuple[Poly | None, ...]:
    return tuple(axis.low for axis in tensor.axes)


def moved(tensor: Tensor, starts: tuple[Poly, ...]) -> Tensor:
    """The same entries with the first one elsewhere."""
    if begins(tensor) == starts:
        return tensor
    if isinstance(tensor, Defined) and tensor.call is not None and tensor.call.operation == "moved":
        return moved(tensor.call.operands[0], starts)
    lows = tuple(low or Poly.of(0) for low in begins(tensor))
    axes = tuple(Axis(start, start + a.extent - 1) for start, a in zip(starts, tensor.axes, strict=True))

    def entry(*index: Poly) -> Value:
        return tensor[tuple(i - start + low for i, start, low in zip(index, starts, lows, strict=True))]

    call = Call("moved", (tensor,), (("starts", starts),))
    return define(f"moved({tensor.name})", axes, entry, indices=index_names(tensor.rank), call=call)


def from_zero(tensor: Tensor) -> Tensor:
    return moved(tensor, (Poly.of(0),) * tensor.rank)


def at_base(tensor: Tensor, base: int) -> bool:
    """Whether every axis begins where the indices of the document do."""
    return all(low is not None and low == base for low in begins(tensor))


def _greatest(tensor: Tensor, window: tuple[Poly, ...], base: int, split: bool) -> Defined:
    """The greatest entry of each window: the window is counted from the base, the results as the entries are."""
    leading = tensor.rank - len(window)
    taps = tuple(f"u{n}" for n in range(len(window)))
    lows = tuple(low or Poly.of(0) for low in begins(tensor))
    counts = tuple(a.extent // w for a, w in zip(tensor.axes[leading:], window, strict=True))

    def entry(*index: Poly) -> Value:
        at = tuple(
            low + w * (i - low) + Poly.of(u) - base
            for low, w, i, u in zip(lows[leading:], window, index[leading:], taps, strict=True)
        )
        ranges = tuple(Range(u, Poly.of(base), w + (base - 1)) for u, w in zip(taps, window, strict=True))
        found = tensor[(*index[:leading], *at)]
        return mean_of_winners(ranges, found) if split else Maximum(ranges, found)

    axes = (*tensor.axes[:leading], *(Axis(w, w + n - 1) for w, n in zip(lows[leading:], counts, strict=True)))
    call = Call("pool_max", (tensor,), (("window", window), ("spatial", len(window))))
    needs = needed(*(at_least(n, 1) for n in (*counts, *window)))
    return define(f"pool_max({tensor.name})", axes, entry, indices=index_names(tensor.rank), call=call, requires=needs)


def depending(name: str, parameters: tuple[str, ...], axes: tuple[Axis, ...], data: Sequence[Tensor]) -> Defined:
    """A tensor that depends on others in a way that is left open: any value, any derivative by each of their entries.

    A claim that holds for every such affine function holds for every differentiable one, as
    formulas speak of values and of first derivatives only.
    """
    outer = tuple(map(Poly.of, parameters))
    terms: list[Value] = [Entry(Leaf(f"{name}{FREE}", axes), outer)]
    for tensor in data:
        jacobian = Leaf(f"d{name}/d{tensor.name}", (*axes, *tensor.axes))
        names = tuple(f"{n}'" for n in index_names(tensor.rank))
        inner = tuple(map(Poly.of, names))
        ranges = tuple(Range(n, axis.low, axis.high) for n, axis in zip(names, tensor.axes, strict=True))
        terms.append(total(ranges, multiply(jacobian[(*outer, *inner)], tensor[inner])))
    return define(name, axes, lambda *_: add(*terms), indices=parameters)


def over_channels(
    operation: Callable[..., Defined], image: Tensor, kernel: Tensor, options: dict[str, object]
) -> Tensor:
    """An image [C, H..] and a kernel [C, r..] give one map [H'..]: the sum over the channels."""
    one = define(kernel.name, (1, *kernel.axes), lambda _, *i: kernel[i], indices=index_names(kernel.rank + 1))
    one = replace(one, name=f"one({kernel.name})")
    made = operation(image, one, **options)
    assert made.call is not None
    call = replace(made.call, operands=(image, kernel))
    name = f"({made.name})"
    return define(name, made.axes[1:], lambda *i: made[(0, *i)], indices=index_names(made.rank - 1), call=call)


def windowed(
    meaning: str, tensor: Tensor, window: tuple[Poly, ...], base: int, split: bool, source: Source, at: int
) -> Tensor:
    """Windows beside each other pooled to one entry, or every entry repeated over a window; `split`: ties share."""
    if not all(axis.bounded for axis in tensor.axes) or not 1 <= len(window) <= tensor.rank:
        raise source.ill_formed(
            at,
            f"a window of {len(window)} axes on {tensor.name} with {tensor.rank}",
            "a tensor with as many axes, each with two ends",
            "correct the window, or declare the extents",
        )
    image = from_zero(tensor)
    if meaning == "pool max":
        return _greatest(tensor, window, base, split)
    try:
        if meaning == "expand":
            made: Tensor = upsample_nearest(image, window)
        else:
            made = pool_average(image, window, weight=1 if meaning == "pool sum" else None)
    except SymconvError as problem:
        raise source.ill_formed(at, f"{problem.place}: {problem.found}", problem.expected, problem.change) from problem
    return moved(made, tuple(low or Poly.of(0) for low in begins(tensor)))
