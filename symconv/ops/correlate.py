"""Correlation and convolution in 1, 2 and 3 dimensions, and transposed convolution.

One formula serves all of them.  On each axis the output position y and the
kernel position u read the input at `s*y + d*u - p` (correlation) or, kernel
flipped, at `s*y + d*(r-1-u) - p` (convolution).

Shapes, n spatial axes:
  input  [H..]            kernel [r..]             one channel
  input  [C, H..]         kernel [O, C/g, r..]     channels
  input  [N, C, H..]      kernel [O, C/g, r..]     channels and batch
Output extent: floor((H + p0 + p1 - d(r-1) - 1)/s) + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symconv.errors import ShapeError, SizeError, UsageError
from symconv.ops.window import amount, amounts_per_axis, check_positive, needed, read, sides, spatial_axes
from symconv.term.polynomial import Poly, PolyLike
from symconv.term.tensor import Call, Defined, Tensor, define
from symconv.term.value import Condition, Range, Value, at_least, bracket, equal, multiply, total

Mode = Literal["valid", "full", "same"]
OUTPUT_NAMES = {1: ("i",), 2: ("i", "j"), 3: ("i", "j", "k")}
KERNEL_NAMES = {1: ("u",), 2: ("u", "v"), 3: ("u", "v", "w")}


@dataclass(frozen=True, slots=True)
class Geometry:
    """The options of one correlation, an entry an axis."""

    stride: tuple[Poly, ...]
    padding: tuple[tuple[Poly, Poly], ...]
    dilation: tuple[Poly, ...]

    def reach(self, kernel: Sequence[Poly]) -> tuple[Poly, ...]:
        """d*(r-1): how far the last tap lies from the first."""
        return tuple(d * (r - 1) for d, r in zip(self.dilation, kernel, strict=True))

    def slack(self, image: Sequence[Poly], kernel: Sequence[Poly]) -> tuple[Poly, ...]:
        """H + p0 + p1 - d(r-1) - 1: how far the window can move; never negative."""
        reach = self.reach(kernel)
        return tuple(h + p0 + p1 - far - 1 for h, (p0, p1), far in zip(image, self.padding, reach, strict=True))

    def output(self, image: Sequence[Poly], kernel: Sequence[Poly]) -> tuple[Poly, ...]:
        """floor(slack/s) + 1."""
        return tuple(f // s + 1 for f, s in zip(self.slack(image, kernel), self.stride, strict=True))


def layout(x: Tensor, k: Tensor, place: str, spatial: int | None = None) -> tuple[int, int]:
    """(spatial axes, leading axes of the input): 0 leading axes, 1 (channels) or 2 (batch, channels).

    An input and a kernel of three axes each are a one-dimensional batch if
    their channel counts could agree, else a volume; `spatial` decides otherwise.
    """
    if spatial is not None:
        n = spatial_axes(spatial, 3, place)
    else:
        plain = x.rank == k.rank and k.rank <= 3
        if plain and k.rank == 3:
            plain = x.shape[1].divided_by(k.shape[1]) is None
        n = k.rank if plain else k.rank - 2
    leading = x.rank - n
    if not (1 <= n <= 3) or (k.rank == n) != (leading == 0) or k.rank not in (n, n + 2) or leading not in (0, 1, 2):
        raise ShapeError(
            place,
            f"an input of shape {x.shape} and a kernel of shape {k.shape}",
            "[H..] with [r..], or [C, H..] or [N, C, H..] with [O, C/g, r..], 1 to 3 spatial axes",
            "add the missing axes, or say spatial=1, 2 or 3",
        )
    return n, leading


def geometry(
    image: Sequence[Poly],
    kernel: Sequence[Poly],
    stride: object,
    padding: object,
    dilation: object,
    mode: str | None,
    place: str,
    what: str = "kernel",
) -> Geometry:
    """Read the options of a correlation; `mode` stands for a padding."""
    n = len(kernel)
    strides = amounts_per_axis(stride, n, place, "stride")
    dilations = amounts_per_axis(dilation, n, place, "dilation")
    check_positive(strides, place, "stride")
    check_positive(dilations, place, "dilation")
    given = sides(padding, n, place)
    if mode not in (None, "valid", "full", "same"):
        raise UsageError(place, f"mode {mode!r}", "'valid', 'full' or 'same'", "choose one of the three, or a padding")
    if mode is not None and any(p != 0 for side in given for p in side):
        raise UsageError(place, f"mode {mode!r} and a padding", "one of the two", "leave out the mode or the padding")
    reach = tuple(d * (r - 1) for d, r in zip(dilations, kernel, strict=True))
    if mode == "full":
        given = tuple((far, far) for far in reach)
    elif mode == "same":
        given = tuple((far // 2, far - far // 2) for far in reach)
    check_padding(given, place)
    result = Geometry(strides, given, dilations)
    for h, free in zip(image, result.slack(image, kernel), strict=True):
        if free.as_int is not None and free.as_int < 0:
            raise SizeError(
                place,
                f"a {what} that reaches over {h - free} positions on an axis of {h}",
                f"a {what} that fits into the padded input",
                f"pad by at least {-free.as_int} in all, or take a smaller {what} or dilation",
            )
    return result


def check_padding(padding: tuple[tuple[Poly, Poly], ...], place: str) -> None:
    for p in (p for side in padding for p in side):
        if p.as_int is not None and p.as_int < 0:
            raise SizeError(place, f"padding {p}", "a padding of at least 0", "use crop to take entries away")


def correlate(
    x: Tensor,
    k: Tensor,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: PolyLike = 1,
    mode: Mode | None = None,
    spatial: int | None = None,
) -> Defined:
    """Cross-correlation, the "convolution" of deep learning.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> X, K = sc.tensor("X", H), sc.tensor("K", r)
    >>> sc.correlate(X, K).shape
    (H - r + 1,)
    >>> sc.correlate(X, K, stride=2, padding=(0, 1)).entries(H=4, r=2)
    [K[0]*X[0] + K[1]*X[1], K[0]*X[2] + K[1]*X[3]]
    """
    return _window_sum("correlate", x, k, stride, padding, dilation, groups, mode, spatial)


def convolve(
    x: Tensor,
    k: Tensor,
    stride: object = 1,
    padding: object = 0,
    dilation: object = 1,
    groups: PolyLike = 1,
    mode: Mode | None = None,
    spatial: int | None = None,
) -> Defined:
    """True convolution: `correlate` with the kernel turned by 180 degrees.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> X, K = sc.tensor("X", H), sc.tensor("K", r)
    >>> sc.convolve(X, K, mode="full").entries(H=2, r=2)
    [K[0]*X[0], K[0]*X[1] + K[1]*X[0], K[1]*X[1]]
    >>> sc.convolve(X, K, mode="same").entries(H=2, r=2)  # as in NumPy: from place (r - 1) // 2 of the full one on
    [K[0]*X[0], K[0]*X[1] + K[1]*X[0]]
    """
    return _window_sum("convolve", x, k, stride, padding, dilation, groups, mode, spatial)


def _window_sum(
    name: str,
    x: Tensor,
    k: Tensor,
    stride: object,
    padding: object,
    dilation: object,
    groups: PolyLike,
    mode: str | None,
    spatial: int | None,
) -> Defined:
    place = f"{name}({x.name}, {k.name})"
    n, leading = layout(x, k, place, spatial)
    image, kernel = x.shape[leading:], k.shape[k.rank - n :]
    options = geometry(image, kernel, stride, padding, dilation, mode, place)
    if mode == "same" and name == "convolve":  # the middle of the turned kernel: of an even one the other of the two
        options = replace(options, padding=tuple((after, before) for before, after in options.padding))
    count = amount(groups, place, "groups")
    channels = _channels(x, k, count, leading, place)
    taps, out = KERNEL_NAMES[n], OUTPUT_NAMES[n]

    def position(y: Poly, u: Poly, axis: int) -> Poly:
        tap = u if name == "correlate" else kernel[axis] - 1 - u
        return options.stride[axis] * y + options.dilation[axis] * tap - options.padding[axis][0]

    def entry(*index: Poly) -> Value:
        u = tuple(map(Poly.of, taps))
        at = tuple(position(y, t, a) for a, (y, t) in enumerate(zip(index[leading:], u, strict=True)))
        ranges = tuple(Range.upto(t, r) for t, r in zip(taps, kernel, strict=True))
        if not leading:
            return total(ranges, multiply(k[u], read(x, at)))
        o, c = index[leading - 1], Poly.of("c")
        first = channels.first_of(o)
        batch = index[: leading - 1]
        return total(
            (Range.upto("c", channels.within), *ranges), multiply(k[(o, c, *u)], read(x, (*batch, first + c, *at)))
        )

    extents = options.output(image, kernel)
    lead = () if not leading else (*x.shape[: leading - 1], k.shape[0])
    requires = [at_least(free, 0) for free in options.slack(image, kernel)]
    requires += [at_least(v, 1) for v in (*options.stride, *options.dilation)]
    requires += [at_least(p, 0) for side in options.padding for p in side]
    return define(
        f"{name}({x.name}, {k.name})",
        (*lead, *extents),
        entry,
        indices=("n", "o")[2 - leading :] + out,
        call=Call(
            name,
            (x, k),
            (
                ("stride", options.stride),
                ("padding", options.padding),
                ("dilation", options.dilation),
                ("groups", count),
                ("spatial", n),
            ),
        ),
        requires=needed(*requires, *channels.requires),
    )


@dataclass(frozen=True, slots=True)
class Channels:
    """How output channel o finds its input channels: group o // outputs, `within` channels each."""

    groups: Poly
    within: Poly
    outputs: Poly
    requires: tuple[Condition, ...] = ()

    def first_of(self, o: Poly) -> Poly:
        return Poly.of(0) if self.groups == 1 else (o // self.outputs) * self.within


def _channels(x: Tensor, k: Tensor, groups: Poly, leading: int, place: str) -> Channels:
    if not leading:
        if groups != 1:
            raise ShapeError(place, f"groups {groups} without channels", "channels", "give X and K channel axes")
        return Channels(Poly.of(1), Poly.of(1), Poly.of(1))
    check_positive((groups,), place, "groups")
    have, within, out = x.shape[leading - 1], k.shape[1], k.shape[0]
    if have != groups * within:
        raise ShapeError(
            place,
            f"{have} input channels, kernel for {within} in each of {groups} groups",
            f"{groups * within} input channels",
            "make the input's channels groups times the kernel's second axis",
        )
    outputs = out.divided_by(groups) if groups.as_int is None else None
    number, count = out.as_int, groups.as_int
    if outputs is None and number is not None and count is not None and number % count:
        raise ShapeError(
            place, f"{out} output channels in {groups} groups", "a multiple of the groups", "change one of the two"
        )
    if outputs is not None:
        return Channels(groups, within, outputs)
    whole = out // groups
    extra = () if number is not None and count is not None else (equal(whole * groups, out), at_least(whole, 1))
    return Channels(groups, within, whole, needed(*extra))


def depthwise(
    x: Tensor, k: Tensor, stride: object = 1, padding: object = 0, dilation: object = 1, mode: Mode | None = None
) -> Defined:
    """Each channel with a kernel of its own: x [C, H..] or [N, C, H..], k [C, r..].

    >>> import symconv as sc
    >>> C, H, W = sc.sizes("C H W")
    >>> sc.depthwise(sc.tensor("X", C, H, W), sc.tensor("K", C, 3, 3), mode="same").shape
    (C, H, W)
    """
    n = k.rank - 1
    leading = x.rank - n
    place = f"depthwise({x.name}, {k.name})"
    if leading not in (1, 2) or not 1 <= n <= 3 or x.shape[leading - 1] != k.shape[0]:
        raise ShapeError(
            place,
            f"an input of shape {x.shape} and a kernel of shape {k.shape}",
            "[C, H..] or [N, C, H..] with [C, r..]",
            "give the kernel one plane for each input channel",
        )
    image, kernel = x.shape[leading:], k.shape[1:]
    options = geometry(image, kernel, stride, padding, dilation, mode, place)
    taps = KERNEL_NAMES[n]

    def entry(*index: Poly) -> Value:
        u = tuple(map(Poly.of, taps))
        at = tuple(
            s * y + d * t - p
            for s, y, d, t, (p, _) in zip(
                options.stride, index[leading:], options.dilation, u, options.padding, strict=True
            )
        )
        ranges = tuple(Range.upto(t, r) for t, r in zip(taps, kernel, strict=True))
        return total(ranges, multiply(k[(index[leading - 1], *u)], read(x, (*index[:leading], *at))))

    return define(
        place,
        (*x.shape[:leading], *options.output(image, kernel)),
        entry,
        indices=("n", "c")[2 - leading :] + OUTPUT_NAMES[n],
        call=Call(
            "depthwise",
            (x, k),
            (("stride", options.stride), ("padding", options.padding), ("dilation", options.dilation)),
        ),
        requires=needed(
            *(at_least(free, 0) for free in options.slack(image, kernel)),
            *(at_least(v, 1) for v in (*options.stride, *options.dilation)),
            *(at_least(p, 0) for side in options.padding for p in side),
        ),
    )


def transposed(
    x: Tensor,
    k: Tensor,
    stride: object = 1,
    padding: object = 0,
    output_padding: object = 0,
    dilation: object = 1,
    spatial: int | None = None,
) -> Defined:
    """Transposed convolution: every input entry lays down the kernel, s apart; p is cut off.

    x [H..], k [r..], or x [C, H..] / [N, C, H..] with k [C, O, r..] (input channels first, as in
    the frameworks).  Output extent: s(H-1) + d(r-1) + 1 - p0 - p1 + output_padding.

    >>> import symconv as sc
    >>> H, r = sc.sizes("H r")
    >>> f = sc.transposed(sc.tensor("x", H), sc.tensor("w", r), stride=2)
    >>> f.shape
    (2*H + r - 2,)
    >>> f.entries(H=2, r=2)
    [w[0]*x[0], w[1]*x[0], w[0]*x[1], w[1]*x[1]]
    """
    place = f"transposed({x.name}, {k.name})"
    n, leading = layout(x, k, place, spatial)
    image, kernel = x.shape[leading:], k.shape[k.rank - n :]
    strides = amounts_per_axis(stride, n, place, "stride")
    dilations = amounts_per_axis(dilation, n, place, "dilation")
    extra = amounts_per_axis(output_padding, n, place, "output_padding")
    check_positive(strides, place, "stride")
    check_positive(dilations, place, "dilation")
    around = sides(padding, n, place)
    check_padding(around, place)
    check_padding(tuple((e, e) for e in extra), place)
    if leading and x.shape[leading - 1] != k.shape[0]:
        raise ShapeError(
            place,
            f"{x.shape[leading - 1]} input channels, kernel for {k.shape[0]}",
            "equal counts: the kernel is [C, O, r..]",
            "swap the first two axes of the kernel with transpose",
        )
    taps, places = KERNEL_NAMES[n], tuple("abe"[:n])

    def entry(*index: Poly) -> Value:
        u, y = tuple(map(Poly.of, taps)), tuple(map(Poly.of, places))
        lands = [
            equal(s * i + d * t - p, out)
            for s, i, d, t, (p, _), out in zip(strides, y, dilations, u, around, index[leading:], strict=True)
        ]
        ranges = [Range.upto(a, h) for a, h in zip(places, image, strict=True)]
        ranges += [Range.upto(t, r) for t, r in zip(taps, kernel, strict=True)]
        picks = bracket(*lands)
        if not leading:
            return total(tuple(ranges), multiply(x[y], k[u], picks))
        c = Poly.of("c")
        ranges.insert(0, Range.upto("c", k.shape[0]))
        batch, o = index[: leading - 1], index[leading - 1]
        return total(tuple(ranges), multiply(x[(*batch, c, *y)], k[(c, o, *u)], picks))

    extents = tuple(
        s * (h - 1) + d * (r - 1) + 1 - p0 - p1 + e
        for s, h, d, r, (p0, p1), e in zip(strides, image, dilations, kernel, around, extra, strict=True)
    )
    lead = () if not leading else (*x.shape[: leading - 1], k.shape[1])
    return define(
        place,
        (*lead, *extents),
        entry,
        indices=("n", "o")[2 - leading :] + OUTPUT_NAMES[n],
        call=Call(
            "transposed",
            (x, k),
            (("stride", strides), ("padding", around), ("output_padding", extra), ("dilation", dilations)),
        ),
        requires=needed(
            *(at_least(e, 1) for e in extents),
            *(at_least(v, 1) for v in (*strides, *dilations)),
            *(at_least(v, 0) for v in extra),
        ),
    )


__all__ = ["Geometry", "convolve", "correlate", "depthwise", "transposed"]
