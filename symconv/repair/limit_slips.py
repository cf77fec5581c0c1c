"""Slips in the limits of sums, in conditions, and in formulas for sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from symconv.repair.context import Context, Edits, in_polys
from symconv.repair.entry_slips import index_terms
from symconv.term.polynomial import ONE, Poly, Size
from symconv.term.tensor import Axis
from symconv.term.value import Bracket, Condition, Entry, Position, Range, Sum, Value, walk

Ranges = tuple[Range, ...]


def index_base(value: Value, _: Context) -> Edits:
    """A sum counted from one where the entries are counted from zero, or the other way round."""
    for ranges, rebuilt in _ranges(value):
        for step in (-1, 1):
            moved = [
                Range(r.name, r.low + step, r.high + step) for r in ranges if r.low is not None and r.high is not None
            ]
            if len(moved) == len(ranges):
                yield rebuilt(tuple(moved))


def one_off_limit(value: Value, _: Context) -> Edits:
    """A limit that is one too large or too small: each alone, then all upper ones."""
    for ranges, rebuilt in _ranges(value):
        for n, r in enumerate(ranges):
            for step in (-1, 1):
                if r.high is not None:
                    yield rebuilt((*ranges[:n], replace(r, high=r.high + step), *ranges[n + 1 :]))
                if r.low is not None:
                    yield rebuilt((*ranges[:n], replace(r, low=r.low + step), *ranges[n + 1 :]))
        if len(ranges) > 1 and all(r.high is not None for r in ranges):
            for step in (-1, 1):
                yield rebuilt(tuple(replace(r, high=(r.high or ONE) + step) for r in ranges))


def _ranges(value: Value) -> Iterator[tuple[Ranges, Callable[[Ranges], Value]]]:
    if isinstance(value, Sum):
        yield value.ranges, lambda ranges: Sum(ranges, value.body)


def range_of_entries(value: Value, _: Context) -> Edits:
    """A sum over i that runs over another range than that of T[i], which it adds up."""
    for ranges, rebuilt in _ranges(value):
        for n, r in enumerate(ranges):
            for axis in _axes_at(value, r.name):
                yield rebuilt((*ranges[:n], replace(r, low=axis.low, high=axis.high), *ranges[n + 1 :]))


def _axes_at(value: Value, name: str) -> list[Axis]:
    """The axes at which the index stands alone, each once."""
    entries = [part for part in walk(value) if isinstance(part, Entry)]
    alone = Poly.of(name)
    return list(dict.fromkeys(a for e in entries for a, p in zip(e.tensor.axes, e.index, strict=True) if p == alone))


def one_off_inside(value: Value, _: Context) -> Edits:
    """A size, or what stands inside a floor, that is one too large or too small."""
    yield from in_polys(value, lambda p: iter((p + 1, p - 1)))


def wrong_bound(value: Value, context: Context) -> Edits:
    """A limit, a condition or a size in one size where another belongs."""
    if not isinstance(value, Entry):
        yield from in_polys(value, lambda p: _other_sizes(p, context))


def _other_sizes(poly: Poly, context: Context) -> Iterator[Poly]:
    for size in sorted(poly.sizes(), key=str):
        for other in context.sizes:
            if other != size:
                yield poly.substitute({size: Poly.atom(other)})


def term_sign(value: Value, _: Context) -> Edits:
    """H + r + 1 for H - r + 1: the sign of one term of a position, a limit, a condition or a size."""
    yield from in_polys(value, _turned)


def _turned(poly: Poly) -> Iterator[Poly]:
    if poly.terms > 1:
        for monomial, c in poly.sorted_terms():
            yield poly - Poly({monomial: 2 * c})


def once_for_twice(value: Value, context: Context) -> Edits:
    """p for 2p or 2p for p, as in H + p - r + 1; 2i for i; or no padding at all."""
    yield from in_polys(value, lambda p: _other_multiples(p, context.sizes))


def _other_multiples(poly: Poly, sizes: tuple[Size, ...]) -> Iterator[Poly]:
    for monomial, c in poly.sorted_terms():
        if monomial and all(isinstance(a, Size) for a in monomial):
            yield poly + Poly({monomial: c})
        if monomial and c % 2 == 0:
            yield poly - Poly({monomial: c // 2})
    for size in (s for s in sizes if s.least == 0 and s not in poly.sizes()):
        for step in (2, 1, -1, -2):
            yield poly + step * Poly.atom(size)


def power_lost(value: Value, context: Context) -> Edits:
    """k for k^2, r for r c, or the reverse, in a number made of sizes."""
    if not isinstance(value, Position):
        return
    yield from (Position(value.poly * Poly.atom(size)) for size in context.sizes)
    for size in context.sizes:
        quotient = value.poly.divided_by(Poly.atom(size))
        if quotient is not None:
            yield Position(quotient)


def bracket(value: Value, _: Context) -> Edits:
    """A condition that is one off, or turned round."""
    if isinstance(value, Bracket):
        for n, c in enumerate(value.conditions):
            changed = [Condition(c.kind, c.poly + step) for step in (1, -1)]
            changed += [Condition(c.kind, c.poly - 2 * term) for term in index_terms(c.poly)]
            for other in changed:
                yield Bracket((*value.conditions[:n], other, *value.conditions[n + 1 :]))


__all__ = [
    "bracket",
    "index_base",
    "once_for_twice",
    "one_off_inside",
    "one_off_limit",
    "power_lost",
    "range_of_entries",
    "term_sign",
    "wrong_bound",
]
