"""What a nest is: windows of one array times another, or the adjoint of that, found from its indices alone.

A window is an axis read (or written) at  a * i + b * u + const  with two indices.  The roles of the other
indices follow from where they stand; the names of operations play no part, so that a derived gradient or a
user's formula is found like a built-in forward.

    gather    out[n, g, o, i, j] = sum over k, u, v of kernel[g, o, k, u, v] * images[n, g, k, x(i, u), y(j, v)]
    scatter   out[n, g, k, x(i, u), y(j, v)] = sum over o, .. of kernel[g, o, k, u, v] * upstream[n, g, o, i, j]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from symconv.calculus.form import Factor
from symconv.kernels.bounds import coefficients, product_of, surely_nonnegative
from symconv.kernels.factors import is_array_itself, positions_of
from symconv.kernels.nest import ONE, ZERO, Nest
from symconv.kernels.plan import mixed_radix
from symconv.term.polynomial import Atom, Poly
from symconv.term.tensor import Defined, Leaf

SPATIAL = 2  # axes of windows that the schedules handle


@dataclass(frozen=True, slots=True)
class Window:
    """An axis at stride * out + dilation * tap + offset, the tap turned round if `turned`."""

    out: str | None
    tap: str | None
    stride: Poly = ONE
    dilation: Poly = ONE
    offset: Poly = ZERO
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """An array seen by roles: the counts that split its axes, then for each wanted axis one of them or None.

    split: the new shape, or nothing if the array is as it should be.  order: positions after the split.
    turned: wanted axes that run backwards.
    """

    split: tuple[Poly, ...]
    order: tuple[int | None, ...]
    turned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Correlation:
    """A nest of one of the two kinds; `images` is the upstream gradient in a scatter."""

    kind: Literal["gather", "scatter"]
    images: Leaf
    kernel: Leaf
    images_laid: Laid
    kernel_laid: Laid
    out_laid: Laid
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class _Axes:
    """The axes of one array, each one index or a window, after axes of several indices are split."""

    atoms: tuple[str | Window, ...]
    split: tuple[Poly, ...]

    @property
    def names(self) -> set[str]:
        return {a for a in self.atoms if isinstance(a, str)}

    @property
    def windows(self) -> tuple[Window, ...]:
        return tuple(a for a in self.atoms if isinstance(a, Window))


def correlation_of(nest: Nest, formula: Defined) -> Correlation | None:
    """The pattern of a nest, or None where it is another; indices of one value may stand in its way."""
    return _matched(nest, formula) or _matched(_without_lone(nest), formula)


def _without_lone(nest: Nest) -> Nest:
    """The nest where indices that take one value only, 0, are gone: the channel of a group of one channel."""
    lone: dict[Atom, Poly] = {n: ZERO for n, count in nest.counts.items() if count == ONE}
    return replace(
        nest,
        factors=tuple(Factor(f.head, tuple(p.substitute(lone) for p in f.index)) for f in nest.factors),
        positions=tuple(p.substitute(lone) for p in nest.positions),
        counts={n: count for n, count in nest.counts.items() if n not in lone},
    )


def _matched(nest: Nest, formula: Defined) -> Correlation | None:
    if len(nest.factors) != 2 or nest.winners or not nest.even:
        return None
    if not all(map(is_array_itself, nest.factors)):
        return None
    out = _axes(nest.positions, formula.shape, nest.counts)
    read = [_axes(positions_of(f), f.head.tensor.shape, nest.counts) for f in nest.factors]
    if out is None or None in read:
        return None
    for first, second in ((0, 1), (1, 0)):
        images, kernel = read[first], read[second]
        if images is None or kernel is None or kernel.windows:
            continue
        large, small = nest.factors[first].head.tensor, nest.factors[second].head.tensor
        if not isinstance(large, Leaf) or not isinstance(small, Leaf):
            continue
        if images.windows and not out.windows:
            found = _gather(images, kernel, out, nest, (large, small))
        elif out.windows and not images.windows:
            found = _scatter(images, kernel, out, nest, (large, small))
        else:
            found = None
        if found is not None:
            return found
    return None


# -- axes ------------------------------------------------------------------------------


def _axes(positions: Sequence[Poly], shape: Sequence[Poly], counts: Mapping[str, Poly]) -> _Axes | None:
    """Each axis as indices that run over all of it, or as a window; None where one is neither.

    An axis of one entry is left out.
    """
    atoms: list[str | Window] = []
    split: list[Poly] = []
    for position, extent in zip(positions, shape, strict=True):
        if extent == ONE and position == ZERO:
            continue
        digits = _digits(position, extent, counts)
        window = None if digits else _window(position, counts)
        if not digits and window is None:
            return None
        atoms += digits or ([window] if window else [])
        split += [counts[d] for d in digits] if digits else [extent]
    named = [n for a in atoms for n in ([a] if isinstance(a, str) else [a.out, a.tap])]
    if len(set(named)) < len(named):
        return None
    return _Axes(tuple(atoms), () if split == list(shape) else tuple(split))


def _digits(position: Poly, extent: Poly, counts: Mapping[str, Poly]) -> list[str]:
    """The indices that together run once over the whole axis, slowest first."""
    form = coefficients(position)
    if form is None or form[1] != ZERO:
        return []
    names = mixed_radix(position, counts) or tuple(n for n, c in form[0].items() if c == ONE and len(form[0]) == 1)
    return list(names) if names and product_of(counts[n] for n in names) == extent else []


def _window(position: Poly, counts: Mapping[str, Poly]) -> Window | None:
    """stride * i + dilation * u + offset with two indices, or with one that has no partner.

    A negative coefficient is that of a tap, which is turned round: -u becomes u - (count - 1).
    """
    form = coefficients(position)
    if form is None or not 1 <= len(form[0]) <= 2:
        return None
    signs = {n: surely_nonnegative(c - 1) - surely_nonnegative(-c - 1) for n, c in form[0].items()}
    if 0 in signs.values():
        return None
    names = sorted(form[0], key=lambda n: -signs[n])
    if signs[names[0]] < 0:
        return None
    tap = names[1] if len(names) == 2 else None
    turned = tap is not None and signs[tap] < 0
    dilation = form[0][tap] if tap is not None else ONE
    offset = form[1]
    if tap is not None and turned:
        offset = offset + dilation * (counts[tap] - 1)
        dilation = -dilation
    return Window(names[0], tap, form[0][names[0]], dilation, offset, turned)


def _oriented(window: Window, outs: set[str], taps: set[str]) -> Window | None:
    """The window with its `out` index among the one, its `tap` among the other; None where that cannot be."""
    if window.out in outs and (window.tap in taps or window.tap is None):
        return window
    if window.tap is None and window.out in taps:
        return Window(None, window.out, ONE, window.stride, window.offset)
    if window.tap in outs and window.out in taps and not window.turned:
        return Window(window.tap, window.out, window.dilation, window.stride, window.offset)
    return None


# -- roles ------------------------------------------------------------------------------


def _gather(images: _Axes, kernel: _Axes, out: _Axes, nest: Nest, leaves: tuple[Leaf, Leaf]) -> Correlation | None:
    """n in images and out, o in kernel and out, k in images and kernel, g in all; i in out, u in the kernel."""
    windows = _both(images.windows, out.names - kernel.names, kernel.names - out.names)
    if windows is None:
        return None
    return _laid("gather", images, kernel, out, windows, nest, leaves)


def _scatter(images: _Axes, kernel: _Axes, out: _Axes, nest: Nest, leaves: tuple[Leaf, Leaf]) -> Correlation | None:
    """n in upstream and out, o in upstream and kernel, k in kernel and out; i in upstream, u in the kernel."""
    windows = _both(out.windows, images.names - kernel.names, kernel.names - images.names)
    if windows is None:
        return None
    if any(n not in images.names | kernel.names for n in out.names):
        return None
    return _laid("scatter", images, kernel, out, windows, nest, leaves)


def _both(windows: Sequence[Window], outs: set[str], taps: set[str]) -> tuple[Window, ...] | None:
    """All windows with their indices in order, if there are not too many."""
    found = [_oriented(w, outs, taps) for w in windows]
    kept = tuple(w for w in found if w is not None)
    return kept if len(kept) == len(windows) <= SPATIAL else None


def _laid(
    kind: Literal["gather", "scatter"],
    images: _Axes,
    kernel: _Axes,
    out: _Axes,
    windows: tuple[Window, ...],
    nest: Nest,
    leaves: tuple[Leaf, Leaf],
) -> Correlation | None:
    places = {n for w in windows for n in (w.out, w.tap) if n is not None}
    plain = (images.names | kernel.names | out.names) - places
    roles: dict[str, list[str]] = {"n": [], "o": [], "k": [], "g": []}
    for name in sorted(plain, key=list(nest.counts).index):
        where = name in images.names, name in kernel.names, name in out.names
        role = {
            (True, False, True): "n",
            (False, True, True): "o" if kind == "gather" else "k",
            (True, True, False): "k" if kind == "gather" else "o",
            (True, True, True): "g",
        }.get(where)
        if role is None:
            return None
        roles[role].append(name)
    spare = SPATIAL - len(windows)
    while len(roles["n"]) > 1 and spare:  # an axis without taps is a window of one entry
        windows = (Window(roles["n"].pop(), None), *windows)
        spare -= 1
    windows = (Window(None, None),) * spare + windows
    if any(len(names) > 1 for names in roles.values()):
        return None
    n, o, k, g = (next(iter(roles[r]), None) for r in "nokg")
    whole = {id(w): w for w in windows}
    kernel_order = (g, o, k, *(w.tap for w in windows))
    turned = tuple(3 + a for a, w in enumerate(windows) if w.turned)
    if kind == "gather":
        images_order: tuple[object, ...] = (n, g, k, *windows)
        out_order: tuple[object, ...] = (n, g, o, *(w.out for w in windows))
    else:
        images_order = (n, g, o, *(w.out for w in windows))
        out_order = (n, g, k, *windows)
    placed = [
        _order(axes, order, turned_axes, whole)
        for axes, order, turned_axes in (
            (images, images_order, ()),
            (kernel, kernel_order, turned),
            (out, out_order, ()),
        )
    ]
    if None in placed:
        return None
    first, second, third = (p for p in placed if p is not None)
    return Correlation(kind, *leaves, first, second, third, windows)


def _order(axes: _Axes, wanted: Sequence[object], turned: tuple[int, ...], whole: Mapping[int, Window]) -> Laid | None:
    """Where each wanted axis stands; None if one of the array's axes is left over."""
    keys = [_key(a) for a in axes.atoms]
    order: list[int | None] = []
    for want in wanted:
        key = _key(want) if want is not None else None
        order.append(keys.index(key) if key in keys else None)
    left = set(range(len(keys))) - {p for p in order if p is not None}
    return Laid(axes.split, tuple(order), turned) if not left else None


def _key(atom: object) -> object:
    """Windows are the same axis whichever way their two indices are named."""
    if isinstance(atom, Window):
        names = frozenset(n for n in (atom.out, atom.tap) if n is not None)
        return next(iter(names)) if len(names) == 1 else names
    return atom


__all__ = ["Correlation", "Laid", "Window", "correlation_of"]
