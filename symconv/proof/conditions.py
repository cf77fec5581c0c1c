"""Conditional verdicts: "false, but true if c = r", with the condition proved.

One extra hypothesis after the other is tried, the ones authors leave unsaid
first: a stride or dilation of 1, no padding, two sizes equal, an extent of 1, a
stride that divides, a padding smaller than the kernel, an odd kernel.  A few evaluations
sort out most; what is reported has been proved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symconv.proof.deciding import Effort, Survey
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.problem import Problem
from symconv.proof.prove import prove
from symconv.proof.trace import innermost_quotients
from symconv.proof.verdict import Conditional
from symconv.term.polynomial import Poly, Quotient, Remainder, Size
from symconv.term.tensor import Defined, Leaf, tensors_in
from symconv.term.value import Condition, own_polys, walk

QUICK = Effort(quick=14, entries=4_000)


def candidates(problem: Problem) -> Iterator[Condition]:
    """Conditions worth trying, the likeliest first; each would be news to the hypotheses."""
    sizes = problem.sizes
    known = set(problem.hypotheses)
    for condition in _ordered(problem, sizes):
        if condition not in known:
            known.add(condition)
            yield condition


def _ordered(problem: Problem, sizes: tuple[Size, ...]) -> Iterator[Condition]:
    extents = _extents(problem)
    yield from (Condition("eq", Poly.atom(s) - s.least) for s in sizes if s.least <= 1 and s not in extents)
    for n, a in enumerate(sizes):
        for b in sizes[n + 1 :]:
            yield Condition("eq", Poly.atom(a) - Poly.atom(b))
    yield from (Condition("eq", Poly.atom(s) - s.least) for s in sizes if s.least <= 1)
    for quotient in _quotients(problem):
        yield Condition("eq", Poly.atom(Remainder(quotient.numerator, quotient.denominator)))
    for a in sizes:
        if a.least == 0:
            yield from (Condition("ge", Poly.atom(b) - Poly.atom(a) - 1) for b in sizes if b.least > 0)
    yield from (Condition("eq", Poly.atom(Remainder(Poly.atom(s), Poly.of(2))) - 1) for s in sizes if s.least == 1)


def _extents(problem: Problem) -> set[object]:
    """The sizes that are extents of data: not strides, dilations or paddings."""
    leaves = {t for v in (problem.left, problem.right) for t in tensors_in(v) if isinstance(t, Leaf)}
    return {a.extent.as_atom for t in leaves for a in t.axes if a.bounded}


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


def find_condition(problem: Problem) -> Conditional | None:
    """The first candidate under which the claim is proved and not empty."""
    for condition in candidates(problem):
        narrowed = replace(problem, hypotheses=(*problem.hypotheses, condition))
        if not Survey(narrowed, QUICK).holds_at_first():
            continue
        try:
            return Conditional(condition, prove(narrowed))
        except (Undecided, UnsafeDivisor):
            continue
    return None
