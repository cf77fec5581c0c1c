"""A claim is ILL-FORMED where a part of it has no value at some sizes: never proved, however alike its sides."""

from __future__ import annotations

import re

import pytest

from symconv.calculus.form import Guard
from symconv.judging import verify_text
from symconv.proof.signs import nonnegative
from symconv.proof.verdict import Status
from symconv.term.polynomial import Poly, Size

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
        r"the window i = 0 .. p - 1 of a maximum may be empty; state that p - 1 >= 0",
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
