"""False as it stands, true under a condition: the condition is found, proved, and confirmed by brute force."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symconv.calculus.gradient import gradient
from symconv.evidence import judge
from symconv.ops.correlate import correlate
from symconv.ops.window import pad
from symconv.proof.certificate import certificate
from symconv.proof.check import check
from symconv.proof.deciding import Effort, Survey
from symconv.proof.problem import Problem, equation, tensor_equation
from symconv.proof.verdict import Status
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf
from symconv.term.value import Range, Sum, at_least, bracket, multiply

H, W, r, c, s = (Size(n) for n in ["H", "W", "r", "c", "s"])
p = Size("p", 0)
X, K = Leaf("X", (Axis.of(H),)), Leaf("K", (Axis.of(r),))
IMAGE, KERNEL = Leaf("X", (Axis.of(H), Axis.of(W))), Leaf("K", (Axis.of(r), Axis.of(c)))


def input_gradient(**options: object) -> tuple[Problem, ...]:
    """dL/dX_a = sum_u dL/dF_{a-u} K_u, a formula for stride 1 and no padding, claimed of another layer."""
    f = correlate(X, K, **options)  # type: ignore[arg-type]
    g = Leaf("G", f.axes)
    d = gradient(f, X, g)
    a, u = Poly.of("a"), Poly.of("u")
    claimed = Sum((Range.upto("u", r),), multiply(g[a - u], K[u]))
    return (equation(d[a], claimed, (Range.upto("a", H),)),)


def not_turned() -> tuple[Problem, ...]:
    """The kernel is not turned round."""
    f = correlate(X, K)
    g = Leaf("G", f.axes)
    return (tensor_equation(gradient(f, X, g), correlate(pad(g, (Poly.of(r) - 1,)), K)),)


def swapped_limits() -> tuple[Problem, ...]:
    """The sums over the rows and columns of the kernel change their ends."""
    f = correlate(IMAGE, KERNEL)
    i, j, u, v = (Poly.of(n) for n in "ijuv")
    claimed = Sum((Range.upto("u", c), Range.upto("v", r)), multiply(KERNEL[u, v], IMAGE[i + u, j + v]))
    ranges = tuple(Range(n, axis.low, axis.high) for n, axis in zip("ij", f.axes, strict=True))
    return (equation(f[i, j], claimed, ranges),)


def taps(limit: str | int) -> tuple[Problem, ...]:
    """dL/dX of the plain layer with both sums of the kernel to one end; or without the taps beyond a number."""
    f = correlate(IMAGE, KERNEL)
    g = Leaf("G", f.axes)
    a, b, u, v = (Poly.of(n) for n in "abuv")
    if isinstance(limit, int):
        summand = multiply(bracket(at_least(limit, u)), g[a - u, b - v], KERNEL[u, v])
        ranges = (Range.upto("u", r), Range.upto("v", c))
    else:
        summand = multiply(g[a - u, b - v], KERNEL[u, v])
        ranges = (Range.upto("u", Size(limit)), Range.upto("v", Size(limit)))
    free = (Range.upto("a", H), Range.upto("b", W))
    return (equation(gradient(f, IMAGE, g)[a, b], Sum(ranges, summand), free),)


@pytest.mark.parametrize(
    ("problems", "expected"),
    [
        (taps("r"), "r = c"),
        (taps("c"), "r = c"),
        (taps(2), "r <= 3"),
        (input_gradient(stride=s), "s = 1"),
        (input_gradient(padding=p), "p = 0"),
        (not_turned(), "r = 1"),
        (swapped_limits(), "r = c"),
    ],
)
def test_the_condition_is_found_and_true(problems: tuple[Problem, ...], expected: str) -> None:
    (problem,) = problems
    verdict = judge(problem)
    assert verdict.status is Status.REFUTED
    assert verdict.condition is not None
    assert str(verdict.condition) == expected
    assert check(certificate(verdict.condition.trace)) > 0
    narrowed = replace(problem, hypotheses=(*problem.hypotheses, verdict.condition.condition))
    survey, tried = Survey(narrowed, Effort()), 0
    for sizes in survey.tuples().upto(14):
        if survey.admits(sizes):
            assert survey.counterexample(sizes) is None
            tried += 1
    assert tried >= 10


def test_where_no_condition_helps_none_is_given() -> None:
    f = correlate(X, K)
    g = Leaf("G", f.axes)
    a = Poly.of("a")
    verdict = judge(equation(gradient(f, X, g)[a], multiply(2, gradient(f, X, g)[a]), (Range.upto("a", H),)))
    assert verdict.status is Status.REFUTED
    assert verdict.condition is None
