"""False twins of the theorems: every single edit of the right side, its definitions included.

A mutant is a problem whose left side is a theorem's and whose right side has
one small change.  Most are false; some stay true.  What they are is settled by
brute force, never by the prover.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product

from symconv.proof.problem import Problem, equation
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder, Size
from symconv.term.substitution import with_child
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, tensors_in
from symconv.term.value import (
    Bracket,
    Condition,
    Derivative,
    Entry,
    Maximum,
    Number,
    Plus,
    Range,
    Sum,
    Times,
    Value,
    at_least,
    bracket,
    children,
    multiply,
)
from tests.theorems.statements import names, problem

LATE = 4  # a late claim holds while all sizes are smaller


@dataclass(frozen=True)
class Mutant:
    theorem: str
    kind: str
    problem: Problem


@dataclass(frozen=True)
class Context:
    """What a mutation may put in the place of something else."""

    sizes: tuple[Size, ...]
    leaves: tuple[Leaf, ...]


Edit = tuple[str, Value]


@cache
def mutants_of(theorem: str) -> tuple[Mutant, ...]:
    """All mutants of one theorem, each once."""
    return tuple(_mutants_of(theorem))


def _mutants_of(theorem: str) -> Iterator[Mutant]:
    original = problem(theorem)
    leaves = tuple(t for t in tensors_in(original.right) if isinstance(t, Leaf))
    context = Context(original.sizes, leaves)
    seen = {original.right}
    for kind, right in edits(original.right, context, frozenset()):
        if right in seen:
            continue
        seen.add(right)
        yield Mutant(theorem, kind, restated(original, right))


def restated(original: Problem, right: Value) -> Problem:
    """The same claim with another right side; its own needs are added, the old order of sizes is kept."""
    return equation(original.left, right, original.free, original.hypotheses, original.sizes)


def edits(value: Value, context: Context, done: frozenset[Tensor]) -> Iterator[Edit]:
    """Every value that differs from this one in one place."""
    yield from own_edits(value, context)
    if isinstance(value, Entry) and isinstance(value.tensor, Defined) and value.tensor not in done:
        for kind, tensor in tensor_edits(value.tensor, context, done | {value.tensor}):
            yield kind, Entry(tensor, value.index)
    for n, child in enumerate(children(value)):
        if isinstance(value, Entry):
            continue
        for kind, changed in edits(child, context, done):
            if isinstance(value, Derivative) and n == 1 and not isinstance(changed, Entry):
                continue
            yield kind, with_child(value, n, changed)


def tensor_edits(tensor: Defined, context: Context, done: frozenset[Tensor]) -> Iterator[tuple[str, Defined]]:
    for kind, body in edits(tensor.body, context, done):
        yield kind, replace(tensor, body=body, call=None)
    for n, axis in enumerate(tensor.axes):
        for step in (1, -1):
            if axis.high is not None:
                axes = (*tensor.axes[:n], Axis(axis.low, axis.high + step), *tensor.axes[n + 1 :])
                yield "extent +-1", replace(tensor, axes=axes, call=None)


def own_edits(value: Value, context: Context) -> Iterator[Edit]:
    match value:
        case Entry(tensor, index):
            yield from entry_edits(tensor, index, context)
        case Sum(ranges, body):
            for n, r in enumerate(ranges):
                for kind, changed in range_edits(r, context):
                    yield kind, Sum((*ranges[:n], changed, *ranges[n + 1 :]), body)
        case Plus(terms):
            for n, term in enumerate(terms):
                yield "sign", Plus((*terms[:n], multiply(-1, term), *terms[n + 1 :]))
                if len(terms) > 1:
                    yield "factor dropped", Plus(terms[:n] + terms[n + 1 :])
        case Times(factors):
            yield "sign", multiply(-1, *factors)
            for n in range(len(factors)):
                if len(factors) > 1 and not isinstance(factors[n], Number):
                    kind = "bracket dropped" if isinstance(factors[n], Bracket) else "factor dropped"
                    yield kind, multiply(*(factors[:n] + factors[n + 1 :]))
        case Bracket(conditions):
            for n, c in enumerate(conditions):
                for step in (1, -1):
                    moved = Condition(c.kind, c.poly + step)
                    yield "bracket +-1", Bracket((*conditions[:n], moved, *conditions[n + 1 :]))
                if len(conditions) > 1:
                    yield "bracket dropped", Bracket(conditions[:n] + conditions[n + 1 :])
                for kind, p in poly_edits(c.poly, context):
                    yield kind, Bracket((*conditions[:n], Condition(c.kind, p), *conditions[n + 1 :]))


def entry_edits(tensor: Tensor, index: tuple[Poly, ...], context: Context) -> Iterator[Edit]:
    for n, position in enumerate(index):
        for step in (1, -1):
            yield "index +-1", Entry(tensor, (*index[:n], position + step, *index[n + 1 :]))
        axis = tensor.axes[n]
        if axis.low is not None and axis.high is not None:
            yield "flip", Entry(tensor, (*index[:n], axis.low + axis.high - position, *index[n + 1 :]))
        for kind, p in poly_edits(position, context):
            yield kind, Entry(tensor, (*index[:n], p, *index[n + 1 :]))
    for n in range(len(index)):
        for m in range(n + 1, len(index)):
            swapped = list(index)
            swapped[n], swapped[m] = index[m], index[n]
            yield "swapped axes", Entry(tensor, tuple(swapped))
    if isinstance(tensor, Leaf):
        for other in context.leaves:
            if other != tensor and other.rank == tensor.rank:
                yield "wrong tensor", Entry(other, index)


def range_edits(r: Range, context: Context) -> Iterator[tuple[str, Range]]:
    for step in (1, -1):
        if r.low is not None:
            yield "limit +-1", Range(r.name, r.low + step, r.high)
        if r.high is not None:
            yield "limit +-1", Range(r.name, r.low, r.high + step)
    for side in ("low", "high"):
        limit = getattr(r, side)
        for kind, p in poly_edits(limit, context) if limit is not None else ():
            yield "wrong bound" if kind == "size for another" else kind, replace(r, **{side: p})


def poly_edits(poly: Poly, context: Context) -> Iterator[tuple[str, Poly]]:
    """One size for another, a stride or dilation dropped, div for mod, a wrong divisor, a sign turned."""
    one: Poly = Poly.of(1)
    for size in sorted(poly.sizes(), key=str):
        for other in context.sizes:
            if other != size:
                yield "size for another", poly.substitute({size: Poly.atom(other)})
        products = [m for m, _ in poly if len(m) > 1 and size in m]
        if products:
            yield "stride or dilation dropped", poly.substitute({size: one})
    for atom in sorted((a for a in poly.all_atoms() if isinstance(a, Quotient)), key=str):
        num, den = atom.numerator, atom.denominator
        opposite: Atom = Quotient(num, den) if isinstance(atom, Remainder) else Remainder(num, den)
        yield "div for mod", poly.substitute({atom: Poly.atom(opposite)})
        for other in context.sizes:
            if Poly.atom(other) != den:
                made = num % other if isinstance(atom, Remainder) else num // other
                yield "wrong divisor", poly.substitute({atom: made})
    for monomial, c in poly.sorted_terms():
        if monomial and any(isinstance(a, str) for a in monomial):
            yield "index sign", poly - Poly({monomial: 2 * c})


# -- claims that become false only from some size on --------------------------------------


def late_mutants_of(theorem: str, starts: tuple[int, ...]) -> Iterator[Mutant]:
    """Only the first N - 1 summands of one sum are kept: false from an extent of N on, if at all.

    N is so large that some size must be at least `LATE`.
    """
    original = problem(theorem)
    seen = {original.right}
    for n in starts:
        for right in truncated(original.right, n, frozenset()):
            if right not in seen:
                seen.add(right)
                yield Mutant(theorem, f"false from {n}", restated(original, right))


def truncated(value: Value, n: int, done: frozenset[Tensor]) -> Iterator[Value]:
    if isinstance(value, Sum):
        for r in value.ranges:
            if r.low is not None and r.high is not None and needs_a_large_size(r.high - r.low + 1, n):
                keep = bracket(at_least(r.low + n - 2, Poly.of(r.name)))
                yield Sum(value.ranges, multiply(value.body, keep))
    if isinstance(value, Entry):
        tensor = value.tensor
        if isinstance(tensor, Defined) and tensor not in done:
            for body in truncated(tensor.body, n, done | {tensor}):
                yield Entry(replace(tensor, body=body, call=None), value.index)
        return
    if isinstance(value, Maximum):
        return
    for k, child in enumerate(children(value)):
        for changed in truncated(child, n, done):
            yield with_child(value, k, changed)


def needs_a_large_size(extent: Poly, n: int) -> bool:
    """An extent of n is reached, but not while all sizes are below `LATE`: H * W is 4 where both are 2."""
    if extent.as_int is not None or extent.names():
        return False
    sizes = sorted(extent.sizes(), key=str)
    choices = product(*(range(s.least, LATE) for s in sizes))
    images = (dict(zip(sizes, map(Poly.of, choice), strict=True)) for choice in choices)
    return all((extent.substitute(image).as_int or 0) < n for image in images)  # type: ignore[arg-type]


# -- samples ---------------------------------------------------------------------------------


def sample(count: int, seed: int) -> list[Mutant]:
    """`count` mutants, spread over all theorems and kinds alike; the same for the same seed."""
    rng = random.Random(seed)
    pools: dict[tuple[str, str], list[Mutant]] = {}
    for theorem in names():
        for mutant in mutants_of(theorem):
            pools.setdefault((theorem, mutant.kind), []).append(mutant)
    order = sorted(pools)
    for key in order:
        rng.shuffle(pools[key])
    rng.shuffle(order)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(pools.values()):
        for key in order:
            if pools[key] and len(chosen) < count:
                chosen.append(pools[key].pop())
    return chosen


def late_sample(count: int, seed: int) -> list[Mutant]:
    """`count` claims cut off at N in 4 .. 12, spread over all theorems."""
    rng = random.Random(seed)
    pools = [list(late_mutants_of(theorem, tuple(rng.sample(range(4, 13), 4)))) for theorem in names()]
    for pool in pools:
        rng.shuffle(pool)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(pools):
        for pool in pools:
            if pool and len(chosen) < count:
                chosen.append(pool.pop())
    return chosen
