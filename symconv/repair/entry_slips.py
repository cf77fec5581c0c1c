"""Slips in the positions at which an entry is read."""

from __future__ import annotations

from collections.abc import Iterator

from symconv.repair.context import Context, Edits, in_polys, replaced
from symconv.term.polynomial import ONE, Atom, Poly, Size
from symconv.term.substitution import substitute
from symconv.term.value import Bracket, Derivative, Entry, Value, children


def flip_missing(value: Value, _: Context) -> Edits:
    """T[u, v] -> T[r - 1 - u, c - 1 - v]: all axes of a space, then the last two, then each alone."""
    if not isinstance(value, Entry):
        return
    rank = len(value.index)
    for axes in dict.fromkeys((tuple(range(rank)), tuple(range(rank))[-2:], *((n,) for n in range(rank)))):
        index = value.index
        for n in axes:
            axis = value.tensor.axes[n]
            if axis.low is None or axis.high is None or not index[n].names():
                break
            index = replaced(index, n, axis.low + axis.high - index[n])
        else:
            if axes:
                yield Entry(value.tensor, index)


def index_sign(value: Value, _: Context) -> Edits:
    """i + a for i - a: in several positions of an entry at once, then in one."""
    if isinstance(value, Entry):
        yield from _changed(value, [[p - 2 * term for term in index_terms(p)] for p in value.index])


def _changed(entry: Entry, options: list[list[Poly]]) -> Edits:
    """The like option at several positions at once, then each at its position."""
    for axes in _like_axes(entry.index):
        for choice in range(min(len(options[n]) for n in axes)):
            index = entry.index
            for n in axes:
                index = replaced(index, n, options[n][choice])
            yield Entry(entry.tensor, index)
    for n, polys in enumerate(options):
        for changed in polys:
            yield Entry(entry.tensor, replaced(entry.index, n, changed))


def _like_axes(index: tuple[Poly, ...]) -> list[tuple[int, ...]]:
    """Axes that share a slip: all, those with a sum, the last two; the others may count examples or channels."""
    every = tuple(range(len(index)))
    sums = tuple(n for n in every if index[n].terms > 1)
    return [axes for axes in dict.fromkeys((every, sums, every[-2:])) if len(axes) > 1]


def index_terms(position: Poly) -> list[Poly]:
    """The terms with an index, of a sum of at least two; in like positions, as h - s i and w - s j, in like order."""
    terms = [(m, c) for m, c in position if any(isinstance(a, str) for a in m)] if position.terms > 1 else []
    return [Poly({m: c}) for m, c in sorted(terms, key=lambda t: (len(t[0]), -t[1], str(t[0])))]


def _indices_of(position: Poly) -> list[tuple[str, int]]:
    return [(n, c) for n in sorted(position.names()) if (c := position.coefficient((n,)))]


def transposed_index(value: Value, _: Context) -> Edits:
    """T[u, v] for T[v, u]; and T[i + u, j + v] for T[i + v, j + u]."""
    if not isinstance(value, Entry):
        return
    for n in range(len(value.index)):
        for m in range(n + 1, len(value.index)):
            swapped = list(value.index)
            swapped[n], swapped[m] = swapped[m], swapped[n]
            yield Entry(value.tensor, tuple(swapped))
    names = sorted({name for p in value.index for name in p.names()})
    for n, one in enumerate(names):
        for other in names[n + 1 :]:
            yield _exchanged(value, one, other)


def transposed_left(value: Value, context: Context) -> Edits:
    """The indices of the left side in the wrong order: the right side with two of them exchanged everywhere."""
    for n, one in enumerate(context.free):
        for other in context.free[n + 1 :]:
            yield _exchanged(value, one, other)


def _exchanged(value: Value, one: str, other: str) -> Value:
    return substitute(value, {one: Poly.of(other), other: Poly.of(one)})


def shifted_left(value: Value, context: Context) -> Edits:
    """An index of the left side that is one too large or too small: the right side with it moved everywhere."""
    for name in context.free:
        for step in (1, -1):
            yield substitute(value, {name: Poly.of(name) + step})


def wrong_index(value: Value, context: Context) -> Edits:
    """One index where another belongs, as in X[i + u, j + u], X[i + i], in a channel, or in a condition."""
    if isinstance(value, (Entry, Bracket)):
        yield from in_polys(value, lambda p: _other_indices(p, context))


def _other_indices(position: Poly, context: Context) -> Iterator[Poly]:
    for name in sorted(position.names()):
        for other in context.indices:
            if other != name:
                images: dict[Atom, Poly] = {name: Poly.of(other)}
                yield position.substitute(images)
    for name, c in _indices_of(position):
        if abs(c) > 1:
            yield from (position + (Poly.of(other) - name) * (c // abs(c)) for other in context.indices)


def captured_index(value: Value, context: Context) -> Edits:
    """T[j - j], which is T[0], for T[i - j]: one name for two indices, which cancel."""
    if isinstance(value, (Entry, Bracket)):
        yield from in_polys(value, lambda p: _differences(p, context))


def _differences(position: Poly, context: Context) -> Iterator[Poly]:
    names = [name for name in context.indices if name not in position.names()]
    return (position + one - other for one in names for other in names if one != other)


def one_off(value: Value, _: Context) -> Edits:
    """An index that is one too large or too small: in several positions at once, then in one."""
    if isinstance(value, Entry):
        yield from _changed(value, [[p + 1, p - 1] for p in value.index])


def stride_missing(value: Value, context: Context) -> Edits:
    """i for s i, in several positions at once or in one; and s i for i."""
    if isinstance(value, Entry):
        for size in context.sizes:
            for factor in (Poly.atom(size), None):
                yield from _changed(value, [_scaled(p, size, factor) for p in value.index])


def _scaled(position: Poly, size: Size, factor: Poly | None) -> list[Poly]:
    """Each index of the position multiplied by the size, or the size in front of an index dropped."""
    if factor is not None:
        return [position + (factor - 1) * c * Poly.of(n) for n, c in _indices_of(position)]
    dropped = [m for m, _ in position if size in m and len(m) > 1]
    return [position.substitute({size: ONE})] if dropped else []


def padding_missing(value: Value, context: Context) -> Edits:
    """A position without its padding, or with the padding on the other side."""
    if isinstance(value, Entry):
        for size in (s for s in context.sizes if s.least == 0):
            yield from _changed(value, [[p + step * Poly.atom(size) for step in (-1, 1, -2, 2)] for p in value.index])


def wrong_variable(value: Value, context: Context) -> Edits:
    """dy/dx where dy/dw belongs: another tensor of the claim in the denominator."""
    if isinstance(value, Derivative):
        known = {part.tensor for part in children(value) if isinstance(part, Entry)}
        for other in context.tensors:
            if other not in known and other.rank == value.by.tensor.rank:
                yield Derivative(value.value, Entry(other, value.by.index))


def wrong_tensor(value: Value, context: Context) -> Edits:
    """One tensor where another of the same rank belongs."""
    if isinstance(value, Entry):
        for other in context.leaves:
            if other != value.tensor and other.rank == value.tensor.rank:
                yield Entry(other, value.index)


__all__ = [
    "captured_index",
    "flip_missing",
    "index_sign",
    "index_terms",
    "one_off",
    "padding_missing",
    "shifted_left",
    "stride_missing",
    "transposed_index",
    "transposed_left",
    "wrong_index",
    "wrong_tensor",
    "wrong_variable",
]
