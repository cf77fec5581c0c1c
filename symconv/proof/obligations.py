"""What must hold before a claim can be true or false: obligations, in the order of their checking.

Names and indices are settled by whoever builds the problem.  Here: equal
shapes, reads in range (where a read outside is an error), hypotheses that can
be met.  Divisors are settled while they are named, by `normalise`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symconv.calculus.form import Guard, guard_of, within
from symconv.proof.implication import Knowledge
from symconv.proof.normalise import Undecided, UnsafeDivisor
from symconv.proof.problem import Problem, equation
from symconv.proof.prove import prove
from symconv.proof.trace import innermost_quotients
from symconv.term.polynomial import Poly
from symconv.term.tensor import Axis, Defined, Leaf, Tensor, requirements_of, tensors_in
from symconv.term.value import (
    Bracket,
    Condition,
    Entry,
    Maximum,
    Position,
    Range,
    Sum,
    Times,
    Value,
    children,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An obligation that is not met, in words."""

    message: str


def shapes_agree(left: Tensor, right: Tensor, assuming: Sequence[Condition]) -> Failure | None:
    """Every axis of the one has the limits of the other, for all sizes."""
    if left.rank != right.rank:
        return Failure(f"{left.rank} axes on the left, {right.rank} on the right")
    for n, (a, b) in enumerate(zip(left.axes, right.axes, strict=True)):
        for mine, theirs in ((a.low, b.low), (a.high, b.high)):
            if mine == theirs:
                continue
            if mine is None or theirs is None or not _equal(left, right, mine, theirs, assuming):
                return Failure(
                    f"axis {n} has extent {_extent(a)} on the left and {_extent(b)} on the right; "
                    "the two must agree for all sizes"
                )
    return None


def _extent(axis: Axis) -> str:
    return str(axis.extent) if axis.bounded else "unbounded"


def _equal(left: Tensor, right: Tensor, mine: Poly, theirs: Poly, assuming: Sequence[Condition]) -> bool:
    needs = requirements_of(*(Entry(t, tuple(Poly.of("i") for _ in t.axes)) for t in (left, right)))
    try:
        prove(equation(Position(mine), Position(theirs), (), (*assuming, *needs)))
    except (Undecided, UnsafeDivisor):
        return False
    return True


def hypotheses_contradict(problem: Problem) -> bool:
    """No sizes meet the hypotheses, by a certificate."""
    facts = [g for g in problem.facts() if not innermost_quotients([g.poly])]
    return Knowledge(facts, problem.sizes).contradiction() is not None


# -- reads in range -------------------------------------------------------------------


def out_of_range(problem: Problem) -> Failure | None:
    """The first read that may leave the range of a tensor for which that is an error."""
    strict = {t for v in (problem.left, problem.right) for t in tensors_in(v) if t.outside == "error"}
    if not strict:
        return None
    facts = list(problem.facts())
    for value in (problem.left, problem.right):
        failure = next(_unsafe(value, facts, strict, set()), None)
        if failure is not None:
            return failure
    return None


def _unsafe(value: Value, known: list[Guard], strict: set[Tensor], done: set[Tensor]) -> Iterator[Failure]:
    match value:
        case Sum(ranges, body) | Maximum(ranges, body):
            yield from _unsafe(body, known + [g for r in ranges for g in _range_guards(r)], strict, done)
            return
        case Times(factors):
            brackets = [c for f in factors if isinstance(f, Bracket) for c in f.conditions]
            known = known + [guard_of(c) for c in brackets if c.kind != "ne"]
        case Entry(tensor, index):
            if tensor in strict:
                yield from _outside(tensor, index, known)
            if isinstance(tensor, Defined) and tensor not in done:
                done.add(tensor)
                axes = [g for p, a in zip(tensor.parameters, tensor.axes, strict=True) for g in within(Poly.of(p), a)]
                facts = [g for g in known if not any(n for n in g.poly.names())]
                yield from _unsafe(tensor.body, facts + axes, strict, done)
    for child in children(value):
        yield from _unsafe(child, known, strict, done)


def _range_guards(r: Range) -> list[Guard]:
    return within(Poly.of(r.name), Axis(r.low, r.high))


def _outside(tensor: Tensor, index: tuple[Poly, ...], known: list[Guard]) -> Iterator[Failure]:
    knowledge = Knowledge([g for g in known if not innermost_quotients([g.poly])])
    for n, (position, axis) in enumerate(zip(index, tensor.axes, strict=True)):
        for guard in within(position, axis):
            if innermost_quotients([guard.poly]) or knowledge.entails(guard) is None:
                name = tensor.name if isinstance(tensor, Leaf) else str(tensor)
                yield Failure(
                    f"{name}[{', '.join(map(str, index))}] may leave the range {axis.low} .. {axis.high} of axis {n}; "
                    "let it be zero outside, pad it, or change the limits"
                )
