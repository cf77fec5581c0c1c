"""Every part of a claim has a value at all sizes: reads in range, divisors positive, windows not empty.

One walk through both sides and the definitions they use hands out every value
with the guards that hold where it stands; each obligation looks at that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symconv.calculus.form import Guard, guard_of, within
from symconv.calculus.functions import positive
from symconv.proof.finite import is_finite
from symconv.proof.implication import Knowledge
from symconv.proof.obligations import Failure
from symconv.proof.problem import Problem
from symconv.proof.signs import nonnegative
from symconv.proof.trace import Trace, innermost_quotients
from symconv.term.polynomial import Atom, Poly, Quotient, Remainder
from symconv.term.tensor import Axis, Defined, Leaf, Tensor
from symconv.term.text import ordinal
from symconv.term.value import (
    Apply,
    Bracket,
    Entry,
    Function,
    Maximum,
    Plus,
    Position,
    Range,
    Reciprocal,
    Sum,
    Times,
    Value,
    children,
    own_polys,
)

Known = tuple[Guard, ...]


def undefined(problem: Problem) -> Failure | None:
    """The first part of the claim that may be without a value."""
    ends = [p for r in problem.free for p in (r.low, r.high) if p is not None]
    for poly in (*ends, *(c.poly for c in problem.hypotheses)):
        failure = next(_divisors(poly, problem.facts()), None)
        if failure is not None:
            return failure
    without_end = False
    for value, known in places(problem):
        failure = next(_failures(value, known, problem), None)
        if failure is not None:
            return failure
        without_end |= isinstance(value, Sum) and any(r.low is None or r.high is None for r in value.ranges)
    if without_end and not all(map(is_finite, Trace.start(problem).terms.values())):
        return Failure("a sum without end; give its index two limits, or a bracket that settles it")
    return None


def places(problem: Problem) -> Iterator[tuple[Value, Known]]:
    """Every value of the claim and of its definitions, with the guards that hold there."""
    done: set[Tensor] = set()
    for side in (problem.left, problem.right):
        yield from _below(side, problem.facts(), done)


def _below(value: Value, known: Known, done: set[Tensor]) -> Iterator[tuple[Value, Known]]:
    yield value, known
    match value:
        case Sum(ranges, _) | Maximum(ranges, _):
            known = (*known, *_limits(ranges))
        case Times(factors):
            brackets = [c for f in factors if isinstance(f, Bracket) for c in f.conditions]
            known = (*known, *(guard_of(c) for c in brackets if c.kind != "ne"))
        case Entry(Defined() as tensor, _) if tensor not in done:
            done.add(tensor)
            yield from _below(tensor.body, _inside(tensor, known), done)
    for child in children(value):
        yield from _below(child, known, done)


def _inside(tensor: Defined, known: Known) -> Known:
    """What holds in the formula of a definition: the facts about sizes, and the limits of its axes."""
    axes = [g for p, a in zip(tensor.parameters, tensor.axes, strict=True) for g in within(Poly.of(p), a)]
    return (*(g for g in known if not g.poly.names()), *axes)


def _limits(ranges: Sequence[Range]) -> list[Guard]:
    return [g for r in ranges for g in within(Poly.of(r.name), Axis(r.low, r.high))]


def _failures(value: Value, known: Known, problem: Problem) -> Iterator[Failure]:
    inside = (*known, *_limits(value.ranges)) if isinstance(value, (Sum, Maximum)) else known
    axes = value.tensor.axes if isinstance(value, Entry) else ()
    for poly in (*own_polys(value), *(p for a in axes for p in (a.low, a.high) if p is not None)):
        yield from _divisors(poly, inside)
    match value:
        case Entry(tensor, index) if tensor.outside == "error":
            yield from _reads(tensor, index, known)
        case Reciprocal(Entry(tensor, index)):
            yield from _reads(tensor, index, known, "1 / ")
        case Apply(Function("log"), argument) if positive(argument):
            yield from _logarithm(argument, known)
        case Reciprocal(Position(p)) if not nonnegative(p - 1, known) and not _not_zero(p, problem):
            yield _divisor(p)
        case Maximum(ranges, _):
            yield from _empty(ranges, known)


def _divisors(poly: Poly, known: Known) -> Iterator[Failure]:
    for atom in poly.all_atoms():
        if isinstance(atom, Quotient) and not nonnegative(atom.denominator - 1, known):
            yield _divisor(atom.denominator)


def _not_zero(p: Poly, problem: Problem) -> bool:
    return any(c.kind == "ne" and c.poly in (p, -p) for c in problem.hypotheses)


def _divisor(p: Poly) -> Failure:
    return Failure(f"the divisor {p} may be less than 1; state that {p} >= 1")


def _logarithm(value: Value, known: Known) -> Iterator[Failure]:
    """log is taken apart: no sum in it may be empty, no entry out of range."""
    match value:
        case Sum(ranges, body):
            yield from _empty(ranges, known, "sum in a logarithm")
            yield from _logarithm(body, (*known, *_limits(ranges)))
        case Plus(parts) | Times(parts):
            for part in parts:
                yield from _logarithm(part, known)
        case Reciprocal(argument):
            yield from _logarithm(argument, known)
        case Entry(Defined() as tensor, index):
            yield from _reads(tensor, index, known, "log ")
            yield from _logarithm(tensor.body, _inside(tensor, known))


def _empty(ranges: Sequence[Range], known: Known, of: str = "maximum") -> Iterator[Failure]:
    for r in ranges:
        if r.low is None or r.high is None:
            yield Failure(f"the window of {r.name} has no end; give it two limits")
        elif not nonnegative(r.high - r.low, known):
            yield Failure(
                f"the range {r.name} = {r.low} .. {r.high} of a {of} may be empty; state that {r.high} >= {r.low}"
            )


def _reads(tensor: Tensor, index: tuple[Poly, ...], known: Known, under: str = "") -> Iterator[Failure]:
    """Every position follows to be within its axis: where a read outside is an error, or has no `under`."""
    for n, (position, axis) in enumerate(zip(index, tensor.axes, strict=True)):
        for guard in within(position, axis):
            if not _follows(guard, known):
                name = tensor.name if isinstance(tensor, Leaf) else str(tensor)
                yield Failure(
                    f"{under}{name}[{', '.join(map(str, index))}] may leave the range {axis.low} .. {axis.high} "
                    f"of its {ordinal(n)} axis; let it be zero outside, pad it, or change the limits",
                    certain=False,
                )
                return


def _follows(goal: Guard, known: Known) -> bool:
    """The goal follows, every quotient a / d being a number q with 0 <= a - d q <= d - 1."""
    guards = [*known, goal]
    limits: list[Guard] = []
    while quotients := innermost_quotients([g.poly for g in guards]):
        top, bottom = quotients[0].polys()
        q = Poly.of(f"/{len(limits)}")
        images: dict[Atom, Poly] = {Quotient(top, bottom): q, Remainder(top, bottom): top - bottom * q}
        guards = [Guard(g.poly.substitute(images), g.equality) for g in guards]
        limits += [Guard(top - bottom * q), Guard(bottom - 1 - top + bottom * q)]
    return Knowledge([*guards[:-1], *limits]).entails(guards[-1]) is not None


__all__ = ["places", "undefined"]
