"""Conditional verdicts: "false, but true if c = r", with the condition proved.

One extra hypothesis after the other is tried, the ones authors leave unsaid
first: a stride or dilation of 1, no padding, two extents of one tensor equal, two
limits equal, a kernel that is not larger than so many, two sizes equal, an extent of 1,
a stride that divides, a padding smaller than the kernel, an odd kernel.  A few evaluations
sort out most; what is reported has been proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from symconv.proof.deciding import Effort, Survey
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.problem import Problem
from symconv.proof.prove import prove
from symconv.proof.trace import innermost_quotients
from symconv.proof.verdict import Conditional
from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.tensor import Defined, Leaf, tensors_in
from symconv.term.value import Condition, Sum, own_polys, walk

MOST_LIMITS = 6  # whose pairs are tried
QUICK = Effort(quick=14, entries=4_000)


def candidates(problem: Problem, failing: Mapping[str, int] | None = None) -> Iterator[Condition]:
    """Conditions worth trying, the likeliest first; each would be news to the hypotheses."""
    sizes = problem.sizes
    known = set(problem.hypotheses)
    for condition in (_signed(c, sizes) for c in _ordered(problem, sizes, failing or {})):
        if condition not in known and condition.poly.as_int is None:
            known.add(condition)
            yield condition


def _ordered(problem: Problem, sizes: tuple[Size, ...], failing: Mapping[str, int]) -> Iterator[Condition]:
    extents = _extents(problem)
    yield from (Condition("eq", Poly.atom(s) - s.least) for s in sizes if s.least <= 1 and s not in extents)
    yield from (_equal(a.extent, b.extent) for leaf in _leaves(problem) for a, b in combinations(leaf.axes, 2))
    yield from (_equal(p, q) for p, q in combinations(_limits(problem), 2))
    for size in reversed(sizes):  # the kernel's are declared behind the image's
        most = failing.get(size.name, 0) - 1
        if most > size.least:
            yield Condition("ge", Poly.of(most) - Poly.atom(size))
    yield from (_equal(Poly.atom(a), Poly.atom(b)) for a, b in combinations(sizes, 2))
    yield from (Condition("eq", Poly.atom(s) - s.least) for s in sizes if s.least <= 1)
    for quotient in _quotients(problem):
        yield Condition("eq", Poly.atom(Remainder(quotient.numerator, quotient.denominator)))
    for a in sizes:
        if a.least == 0:
            yield from (Condition("ge", Poly.atom(b) - Poly.atom(a) - 1) for b in sizes if b.least > 0)
    yield from (Condition("eq", Poly.atom(Remainder(Poly.atom(s), Poly.of(2))) - 1) for s in sizes if s.least == 1)


def _signed(condition: Condition, sizes: tuple[Size, ...]) -> Condition:
    """An equality with the size that is declared first on its left."""
    first = next((s for s in sizes if condition.poly.coefficient((s,))), None)
    if condition.kind == "eq" and first is not None and condition.poly.coefficient((first,)) < 0:
        return Condition("eq", -condition.poly)
    return condition


def _equal(a: Poly, b: Poly) -> Condition:
    return Condition("eq", a - b)


def _leaves(problem: Problem) -> list[Leaf]:
    """The data, of bounded axes, that the claim speaks of."""
    found = dict.fromkeys(t for v in (problem.left, problem.right) for t in tensors_in(v) if isinstance(t, Leaf))
    return [t for t in found if all(a.bounded for a in t.axes)]


def _extents(problem: Problem) -> set[object]:
    """The sizes that are extents of data: not strides, dilations or paddings."""
    return {a.extent.as_atom for t in _leaves(problem) for a in t.axes}


def _limits(problem: Problem) -> list[Poly]:
    """Where the sums of the two sides end, of sums over sizes alone."""
    values = [problem.left, problem.right]
    values += [t.body for side in values[:2] for t in tensors_in(side) if isinstance(t, Defined)]
    ranges = [r for value in values for v in walk(value) if isinstance(v, Sum) for r in v.ranges]
    ends = [r.high for r in ranges if r.high is not None and r.high.sizes() and not r.high.names()]
    return list(dict.fromkeys(ends))[:MOST_LIMITS]


def _quotients(problem: Problem) -> list[Quotient]:
    """The quotients of sizes in the problem: each could be asked to come out even."""
    polys = [c.poly for c in problem.hypotheses]
    for value in (problem.left, problem.right):
        polys += [p for v in walk(value) for p in own_polys(v)]
        for tensor in tensors_in(value):
            polys += [p for a in tensor.axes for p in (a.low, a.high) if p is not None]
            if isinstance(tensor, Defined):
                polys += [p for v in walk(tensor.body) for p in own_polys(v)]
    return [q for q in innermost_quotients(polys) if not q.numerator.names() and not q.denominator.names()]


def find_condition(problem: Problem, failing: Mapping[str, int] | None = None) -> Conditional | None:
    """The first candidate under which the claim is proved and not empty.

    failing: the smallest sizes at which the claim is false.
    """
    for condition in candidates(problem, failing):
        narrowed = replace(problem, hypotheses=(*problem.hypotheses, condition))
        if not Survey(narrowed, QUICK).holds_at_first():
            continue
        try:
            return Conditional(condition, prove(narrowed))
        except (Undecided, UnsafeDivisor):
            continue
    return None
