"""A claim is ILL-FORMED where a part of it has no value at some sizes: never proved, however alike its sides."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from symconv.calculus.form import Guard
from symconv.judging import verify_text
from symconv.proof.certificate import certificate
from symconv.proof.check import check
from symconv.proof.deciding import Effort, decide
from symconv.proof.problem import equation
from symconv.proof.signs import nonnegative
from symconv.proof.verdict import Status, Verdict
from symconv.term.polynomial import Poly, Size
from symconv.term.tensor import Axis, Leaf, define
from symconv.term.value import (
    Apply,
    Derivative,
    Entry,
    Function,
    Maximum,
    Number,
    Position,
    Range,
    Reciprocal,
    Times,
    Value,
    add,
    multiply,
    negative,
    total,
)

H, p = Poly.of(Size("H")), Poly.of(Size("p", 0))


def judged(block: str, claim: str) -> tuple[Status, str]:
    report = verify_text(f"```symconv\n{block}\n```\n\n$${claim}$$\n")
    (formula,) = report.files[0].formulas
    return formula.links[0].verdict.status, formula.links[0].verdict.message


UNDEFINED = {
    "a divisor that is 0 at H = 1": (
        "size H\ntensor X[H]",
        r"\sum_{i=0}^{H-1} X_i \frac{H-1}{H-1} = \sum_{i=0}^{H-1} X_i",
        r"the divisor H - 1 may be less than 1; state that H - 1 >= 1",
    ),
    "the reciprocal of a padding": (
        "size H p >= 0\ntensor X[H]",
        r"\sum_{i=0}^{H-1} X_i \frac{1}{p} p = \sum_{i=0}^{H-1} X_i",
        r"the divisor p may be less than 1",
    ),
    "a floor that would be exact": (
        "size H\ntensor X[H]\noutside zero",
        r"X_{\lfloor \frac{H (H-1)}{H-1} \rfloor} = X_H",
        r"the divisor H - 1 may be less than 1",
    ),
    "a maximum over nothing": (
        "size H p >= 0\ntensor X[H]\noutside zero",
        r"\max_{0 \le i \le p-1} X_i = \max_{0 \le j \le p-1} X_j",
        r"the range i = 0 .. p - 1 of a maximum may be empty; state that p - 1 >= 0",
    ),
    "a read outside": (
        "size H\ntensor X[H]",
        r"\sum_{i=0}^{H} X_i = \sum_{j=0}^{H} X_j",
        r"X\[i\] may leave the range 0 .. H - 1 of its first axis; let it be zero outside",
    ),
}


@pytest.mark.parametrize("name", UNDEFINED)
def test_what_has_no_value_is_ill_formed(name: str) -> None:
    block, claim, message = UNDEFINED[name]
    status, said = judged(block, claim)
    assert status is Status.ILL_FORMED
    assert re.search(message, said), said


@pytest.mark.parametrize(
    ("block", "claim"),
    [
        (
            "size H\ntensor X[H]\nassume H >= 2",
            r"\sum_{i=0}^{H-1} X_i \frac{H-1}{H-1} = \sum_{i=0}^{H-1} X_i",
        ),
        (
            "size H p >= 0\ntensor X[H]\nassume p >= 3",
            r"\sum_{i=0}^{H-1} X_i \frac{1}{p} p = \sum_{i=0}^{H-1} X_i",
        ),
        (
            "size H\ntensor X[H]\noutside zero\nassume H >= 2",
            r"X_{\lfloor \frac{H (H-1)}{H-1} \rfloor} = X_H",
        ),
        (
            "size H p >= 0\ntensor X[H]\noutside zero\nassume p >= 1",
            r"\max_{0 \le i \le p-1} X_i = \max_{0 \le j \le p-1} X_j",
        ),
    ],
)
def test_the_same_claims_are_proved_where_the_hypothesis_is_stated(block: str, claim: str) -> None:
    status, said = judged(block, claim)
    assert status is Status.PROVED, said


def test_not_negative_by_form_and_one_known_guard() -> None:
    assert nonnegative(H * p + H - 1, ())
    assert not nonnegative(H - 2, ())
    assert nonnegative(H - 2, [Guard(H - 5)])
    assert not nonnegative(H - 2, [Guard(H - 5, True)])
    assert not nonnegative(H - p, ())
    assert nonnegative((H - 1) // (H + 1), ())
    assert not nonnegative((H - 2) // (H + 1), ())
    assert nonnegative((H - 2) // (H + 1), [Guard(H - 2)])
    assert not nonnegative(Poly.of("i"), ())
    assert nonnegative(Poly.of("i") + p, [Guard(Poly.of("i"))])


PAIRS = r"\sum_{i=0}^{n-1} x_i = \sum_{i=0}^{\lfloor n/2\rfloor-1}(x_{2i}+x_{2i+1})"


def test_reads_behind_a_quotient_are_seen_to_be_in_range() -> None:
    """2i + 1 <= n - 1 for i <= n div 2 - 1, whatever n: nothing here is ill-formed."""
    assert judged("size n\ntensor x[n]\nassume n \\bmod 2 = 0", PAIRS)[0] in (Status.PROVED, Status.CHECKED)
    assert judged("size n\ntensor x[n]", PAIRS)[0] is Status.REFUTED


def test_a_read_out_of_range_is_shown_where_it_happens() -> None:
    _, said = judged("size n\ntensor x[n]\nassume n >= 3", r"\sum_{i=0}^{n-1} x_i = \sum_{i=1}^{n} x_i")
    assert "x[3] is read out of range at n=3" in said


# -- claims built from terms -----------------------------------------------------------------

n, m = Size("n"), Size("m", 0)
x = Leaf("x", (Axis.of(n),))
EACH = (Range.upto("i", n),)


def number(q: int | str) -> Number:
    return Number(Fraction(q))


one_entry = define("E", (Axis.of(1),), lambda i: Apply(Function("exp"), Position(Poly.of(i))))
product = define("G", (Axis.of(1),), lambda i: Times((number(2), number(3))))


def applied(name: str, value: Value, order: int = 0) -> Value:
    return Apply(Function(name, order), value)


def exponentials(extent: Size) -> Value:
    return total((Range("k", Poly.of(0), Poly.of(extent) - 1),), applied("exp", x["k"]))


WHOLE = Effort()
SHORT = Effort(entries=1000)  # of the search that follows where nothing is proved


def verdict_of(left: Value, right: Value, free: tuple[Range, ...] = (), effort: Effort = WHOLE) -> Verdict:
    """The verdict; what is proved must satisfy the checker, too."""
    verdict = decide(equation(left, right, free), effort)
    if verdict.trace is not None:
        assert check(certificate(verdict.trace)) >= 1
    return verdict


@pytest.mark.parametrize(("name", "order"), [("relu", 0), ("tanh", 0), ("sigmoid", 2), ("log", 0)])
def test_a_function_with_zeros_does_not_cancel_against_its_reciprocal(name: str, order: int) -> None:
    h = applied(name, x["i"], order)
    assert verdict_of(multiply(h, Reciprocal(h)), number(1), EACH, SHORT).status is not Status.PROVED


@pytest.mark.parametrize("name", ["exp", "sigmoid", "softplus", "f"])
def test_other_functions_cancel(name: str) -> None:
    h = applied(name, x["i"])
    assert verdict_of(multiply(h, Reciprocal(h)), number(1), EACH, SHORT).status is Status.PROVED


def test_the_logarithm_of_a_sum_that_may_be_empty() -> None:
    def claim(extent: Size) -> Verdict:
        s = exponentials(extent)
        return verdict_of(applied("log", multiply(s, applied("exp", number(1)))), add(applied("log", s), 1))

    assert claim(n).status is Status.PROVED
    assert claim(m).status is Status.ILL_FORMED
    assert "the range k = 0 .. m - 1 of a sum in a logarithm may be empty" in claim(m).message


def test_logarithms_and_reciprocals_out_of_range() -> None:
    assert verdict_of(applied("log", one_entry[0]), number(0)).status is Status.PROVED
    outside = verdict_of(applied("log", one_entry[5]), number(5))
    assert outside.status is Status.UNDECIDED
    assert "not shown: log E[5] may leave the range 0 .. 0 of its first axis" in outside.message
    assert verdict_of(Reciprocal(product[0]), number("1/6")).status is Status.PROVED
    assert "not shown: 1 / G[5] may leave" in verdict_of(Reciprocal(product[5]), number("1/6")).message


@pytest.mark.parametrize(("low", "high"), [(None, None), (Poly.of(0), None), (None, Poly.of(0))])
def test_a_sum_without_end_has_no_value(low: Poly | None, high: Poly | None) -> None:
    endless = total((Range("k", low, high),), number(1))
    verdict = verdict_of(endless, endless)
    assert verdict.status is Status.ILL_FORMED
    assert "a sum without end; give its index two limits" in verdict.message
    maximum = Maximum((Range("k", low, high),), x["k"])
    assert "the window of k has no end; give it two limits" in verdict_of(maximum, maximum).message


def test_a_sum_over_all_integers_that_its_tensor_ends() -> None:
    line = total((Range("k", None, None),), x["k"])
    assert verdict_of(line, total((Range.upto("k", n),), x["k"])).status is Status.PROVED


def test_derivatives_of_derivatives_of_functions() -> None:
    """tanh'' is not what tanh's own formula gives for tanh'."""
    slope = Derivative(applied("tanh", x["i"], 1), Entry(x, (Poly.of("i"),)))
    assert verdict_of(slope, applied("tanh", x["i"], 2), EACH).status is Status.PROVED
    t = applied("tanh", x["i"], 1)
    assert verdict_of(slope, add(1, negative(multiply(t, t))), EACH).status is not Status.PROVED


# -- hypotheses far out --------------------------------------------------------------------------


def test_hypotheses_that_begin_far_out_are_met_there() -> None:
    block = "size H\ntensor x[H]\nassume H >= 100"
    assert judged(block, r"\sum_{i=0}^{H-1} x_i = x_0 + \sum_{i=1}^{H-1} x_i")[0] is Status.PROVED
    assert judged(block, r"\sum_{i=0}^{H-1} x_i = x_1 + \sum_{i=1}^{H-1} x_i")[0] is Status.REFUTED


@pytest.mark.parametrize("hypothesis", ["H >= 5000", "2 H = 2 W + 1", "H^2 = 2 W^2"])
def test_nothing_is_proved_under_hypotheses_that_no_sizes_are_seen_to_meet(hypothesis: str) -> None:
    """The last two contradict themselves, over the integers only."""
    claim = r"\sum_{i=0}^{H-1} x_i = x_1 + \sum_{i=1}^{H-1} x_i"
    status, said = judged(f"size H W\ntensor x[H]\nassume {hypothesis}", claim)
    assert status in (Status.UNDECIDED, Status.ILL_FORMED)
    assert "found no sizes that meet" in said
