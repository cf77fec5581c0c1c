"""Filters read off a map: its impulse response if it is linear and position invariant, a witness if it is not.

The idea: J[i, a] = d f[i] / d x[a] says all.  The map is linear if J is free of x and
f[i] = SUM_a J[i, a] x[a]; it is position invariant if J[i+1, a+1] = J[i, a] on every axis.  Then J depends on
i - a alone, which is the kernel, and the map is a convolution with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import sympy

from symconv.entries.unfold import entries
from symconv.errors import DependenceError, ShapeError, SizeError
from symconv.evidence import judge
from symconv.proof.problem import Problem, equation
from symconv.proof.verdict import Status, Verdict
from symconv.term.polynomial import Atom, Poly, Size
from symconv.term.substitution import fresh_name, replace_tensors, substitute
from symconv.term.tensor import Defined, Leaf, Tensor, define, ranges_of, sizes_in, tensors_in
from symconv.term.value import (
    Condition,
    Derivative,
    Entry,
    Range,
    Value,
    add,
    at_least,
    bracket,
    multiply,
    total,
)


@dataclass(frozen=True)
class Response:
    """What a map does to an impulse.

    linear: two verdicts: J[i, a] is the same for other data; f[i] = SUM_a J[i, a] x[a].
    invariant: one verdict an axis: J[i+1, a+1] = J[i, a]; none where the map is not shown to be linear.
    Both stop at the first that is no proof.
    kernel: h of shape M + H - 1 for a map from H to M entries; h[H - 1 + i - a] is what x[a] adds to f[i].
    From (i, a) down to where one of them is 0, all places are in range, so that the verdicts give
    J[i, a] = h[H - 1 + i - a]: f is convolve(x, h), full, without H - 1 entries at each end.
    """

    x: Leaf
    linear: tuple[Verdict, ...]
    invariant: tuple[Verdict, ...] = ()
    kernel: Defined | None = None

    def __bool__(self) -> bool:
        """The map is proved to be a convolution."""
        return self.kernel is not None

    def __str__(self) -> str:
        if not self.invariant:
            return f"linearity {self.linear[-1]}"
        if self.kernel is None:
            return f"linear; position invariance {self.invariant[-1]}"
        return f"a convolution with its impulse response: {self.invariant[-1]}"

    __repr__ = __str__

    def taps(self, **sizes: int) -> dict[tuple[int, ...], sympy.Expr]:
        """The entries of the kernel that are not zero, by their offset i - a, at these sizes.

        Raises `ShapeError` where the map has no kernel, `SizeError` for a size that it does not have.
        """
        if self.kernel is None:
            raise ShapeError("taps", f"a map that is {self}", "a convolution", "look at .linear and .invariant")
        known = {s.name for s in _sizes(self.kernel)} | {s.name for n in self.x.shape for s in n.sizes()}
        strange = sorted(set(sizes) - known)
        if strange:
            raise SizeError("taps", f"the size {strange[0]}", ", ".join(sorted(known)) or "none", "leave it out")
        array = entries(self.kernel, {s.name: sizes[s.name] for s in _sizes(self.kernel) if s.name in sizes})
        numbers: dict[Atom, Poly] = {s: Poly.of(sizes[s.name]) for n in self.x.shape for s in n.sizes()}
        extents = [n.substitute(numbers).as_int or 0 for n in self.x.shape]
        offsets = ((place, tuple(p - n + 1 for p, n in zip(place, extents, strict=True))) for place in _places(array))
        return {offset: array[place] for place, offset in offsets if array[place] != 0}


def impulse_response(f: Tensor, x: Tensor) -> Response:
    """The kernel of a map from x to f, if it has one.

    f: a tensor made of x, with as many axes.  x: free data.
    Result: verdicts on linearity and position invariance, for all sizes; the kernel where both are proved.

    >>> import symconv as sc
    >>> H = sc.sizes("H")
    >>> x = sc.tensor("x", H)
    >>> means = sc.define("y", [H - 1], lambda i: (x[i] + x[i + 1]) / 2)
    >>> found = sc.impulse_response(means, x)
    >>> found
    a convolution with its impulse response: proved for all sizes
    >>> found.taps(H=4)
    {(-1,): 1/2, (0,): 1/2}

    Raises `ShapeError` if the axes differ in number, `DependenceError` if f is not made of x.
    """
    place = f"impulse_response({f.name}, {x.name})"
    if not isinstance(x, Leaf) or not isinstance(f, Defined) or f.rank != x.rank or not x.rank:
        raise ShapeError(
            place,
            f"a map from {x.shape} to {f.shape}",
            "an output and free data with the same number of axes, at least one",
            "take one channel at a time",
        )
    if x not in set(tensors_in(f.body)):
        raise DependenceError(place, f"{f.name} does not depend on {x.name}", "a map of it", "check the names")
    map_ = _Map(f, x)
    linear = linearity(f, x)
    if linear[-1].status is not Status.PROVED:
        return Response(x, linear)
    invariant = _proofs(map_.invariant())
    if invariant[-1].status is not Status.PROVED:
        return Response(x, linear, invariant)
    return Response(x, linear, invariant, map_.kernel())


def linearity(f: Defined, x: Leaf) -> tuple[Verdict, ...]:
    """Whether f is linear in x: its derivatives are the same for other data, and f is their sum times x.

    The first alone is not enough, for f may have a constant; nor is the second, which relu(x) meets too.
    """
    return _proofs(_Map(f, x).linear())


def _proofs(claims: Iterator[Problem]) -> tuple[Verdict, ...]:
    """The verdicts on the claims, up to the first that is no proof."""
    found: list[Verdict] = []
    for claim in claims:
        found.append(judge(claim))
        if found[-1].status is not Status.PROVED:
            break
    return tuple(found)


class _Map:
    """f as a function of x, with names for one entry of each."""

    def __init__(self, f: Defined, x: Leaf) -> None:
        self.f, self.x = f, x
        taken = {*f.parameters, *(s.name for s in _sizes(f))}
        self.inputs: tuple[str, ...] = ()
        for wanted in ("a", "b", "e")[: x.rank]:
            self.inputs += (fresh_name(wanted, {*taken, *self.inputs}),)
        self.here = tuple(map(Poly.of, f.parameters))
        self.there = tuple(map(Poly.of, self.inputs))

    def slope(self, i: tuple[Poly, ...], a: tuple[Poly, ...]) -> Value:
        """J[i, a]."""
        free = Derivative(Entry(self.f, self.here), Entry(self.x, self.there))
        return substitute(free, dict(zip((*self.f.parameters, *self.inputs), (*i, *a), strict=True)))

    def linear(self) -> Iterator[Problem]:
        """J is the same for other data; and f is the sum of J[i, a] x[a]."""
        other = Leaf(fresh_name(self.x.name, {t.name for t in tensors_in(self.f.body)}), self.x.axes)
        slope = self.slope(self.here, self.there)
        outputs, inputs = ranges_of(self.f, self.f.parameters), ranges_of(self.x, self.inputs)
        yield equation(slope, replace_tensors(slope, {self.x: other}), (*outputs, *inputs))
        added = total(inputs, multiply(slope, Entry(self.x, self.there)))
        yield equation(Entry(self.f, self.here), added, outputs)

    def invariant(self) -> Iterator[Problem]:
        """J[i+1, a+1] = J[i, a] on each axis."""
        for axis in range(self.x.rank):
            after = tuple(_one_more(index, axis) for index in (self.here, self.there))
            ranges = (*_shorter(self.f, self.f.parameters, axis), *_shorter(self.x, self.inputs, axis))
            yield equation(self.slope(*after), self.slope(self.here, self.there), ranges)

    def kernel(self) -> Defined:
        """h[H - 1 + o] = J[o, 0] for o >= 0 and J[0, -o] for o < 0, on each axis."""
        shape = tuple(m + n - 1 for m, n in zip(self.f.shape, self.x.shape, strict=True))
        names = tuple(fresh_name(n, {s.name for s in _sizes(self.f)}) for n in ("u", "v", "w")[: self.x.rank])

        def entry(*place: Poly) -> Value:
            offsets = [p - n + 1 for p, n in zip(place, self.x.shape, strict=True)]
            cases = (self._case(offsets, signs) for signs in product((True, False), repeat=len(offsets)))
            return add(*cases)

        return define(f"response({self.f.name})", shape, entry, indices=names)

    def _case(self, offsets: list[Poly], signs: tuple[bool, ...]) -> Value:
        """The slope where the offsets with True are >= 0 and the others < 0."""
        i = tuple(o if sign else Poly.of(0) for o, sign in zip(offsets, signs, strict=True))
        a = tuple(Poly.of(0) if sign else -o for o, sign in zip(offsets, signs, strict=True))
        here: list[Condition] = [
            at_least(o, 0) if sign else at_least(-1, o) for o, sign in zip(offsets, signs, strict=True)
        ]
        return multiply(bracket(*here), self.slope(i, a))


def _one_more(index: tuple[Poly, ...], axis: int) -> tuple[Poly, ...]:
    return tuple(p + 1 if n == axis else p for n, p in enumerate(index))


def _shorter(tensor: Tensor, names: tuple[str, ...], axis: int) -> list[Range]:
    """The ranges of the indices, without the last place of one axis."""
    ranges = list(ranges_of(tensor, names))
    last = ranges[axis].high
    ranges[axis] = Range(names[axis], ranges[axis].low, None if last is None else last - 1)
    return ranges


def _sizes(tensor: Defined) -> tuple[Size, ...]:
    return sizes_in(Entry(tensor, tuple(map(Poly.of, tensor.parameters))))


def _places(array: sympy.NDimArray) -> Iterator[tuple[int, ...]]:
    return product(*map(range, array.shape))


__all__ = ["Response", "impulse_response"]
