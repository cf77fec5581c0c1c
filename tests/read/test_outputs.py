"""Extents that the text leaves open: those of the outputs whose reads fit, and no others from a claim; truth by hand.

x has n entries and w has r; y_i reads x from i to i + r - 1, so that all its reads exist for i = 0 .. n - r.
"""

from __future__ import annotations

import pytest

from tests.read.saying import inferred, said

OPEN = "size s\nsize p >= 0\ntensor x[n] w[r] y[]\nloss L(y)\noutside {}"
ZERO, ERROR = OPEN.format("zero"), OPEN.format("error")
VALID = r"y_i = \sum_{k=0}^{r-1} w_k x_{i+k}"
FULL = r"y_i = \sum_{k=0}^{r-1} w_k x_{i-k}"
PADDED = r"y_i = \sum_{k=0}^{r-1} w_k x_{i+k-p}"
STRIDED = r"y_i = \sum_{k=0}^{r-1} w_k x_{s i+k}"


def gradient(limit: str, position: str = "i+k") -> str:
    """The gradient by w, with a sum over i from 0 to the limit."""
    return (
        rf"\frac{{\partial L}}{{\partial w_k}} = \sum_{{i=0}}^{{{limit}}} "
        rf"\frac{{\partial L}}{{\partial y_i}} x_{{{position}}}"
    )


@pytest.mark.parametrize(
    ("block", "definition", "claim", "extent"),
    [
        (ERROR, VALID, gradient("n-r"), "y: axis 1 is 0..n - r, where all reads fit"),
        (ERROR, STRIDED, gradient(r"\lfloor (n-r)/s \rfloor", "s i+k"), "y: axis 1 is 0..div(n - r, s), where all"),
        # zero outside, a sum may choose among valid, same, full and an input padded alike
        (ZERO, VALID, gradient("n-r"), "y: axis 1 is 0..n - r, from the sum over i"),
        (ZERO, VALID, gradient("n-1"), "y: axis 1 is 0..n - 1, from the sum over i"),
        (ZERO, FULL, gradient("n+r-2", "i-k"), "y: axis 1 is 0..n + r - 2, from the sum over i"),
        (ZERO, PADDED, gradient("n+2p-r", "i+k-p"), "y: axis 1 is 0..n + 2*p - r, from the sum over i"),
        (ZERO, STRIDED, gradient(r"\lfloor (n-r)/s \rfloor", "s i+k"), "y: axis 1 is 0..div(n - r, s), from the sum"),
    ],
)
def test_the_outputs_are_those_whose_reads_fit(block: str, definition: str, claim: str, extent: str) -> None:
    assert said(block, definition, claim) == ["definition", "proved for all sizes"]
    assert any(text.startswith(extent) for text in inferred(block, definition, claim))


@pytest.mark.parametrize(
    ("definition", "claim", "verdict"),
    [
        # the last output is missing: at n = r = 1 there is one
        (VALID, gradient("n-r-1"), "refuted; n=1, r=1 at k=0: the claim gives 0, exact is dL/dy[0]*x[0]"),
        # there is no output n - r + 1, and none n - 1 where r > 1
        (VALID, gradient("n-r+1"), "ill formed: dL/dy[1] is read out of range at n=1, r=1"),
        (VALID, gradient("n-1"), "ill formed: dL/dy[1] is read out of range at n=2, r=2"),
        (STRIDED, gradient(r"\lfloor n/s \rfloor", "s i+k"), "ill formed: dL/dy[1] is read out of range at n=1, r=1"),
        # without an outside the outputs of i - k begin at r - 1
        (FULL, gradient("n+r-2", "i-k"), "ill formed: dL/dy[0] is read out of range at r=2, n=2"),
    ],
)
def test_wrong_limits_are_found_where_nothing_stands_outside(definition: str, claim: str, verdict: str) -> None:
    first, second = said(ERROR, definition, claim)
    assert first == "definition"
    assert second.startswith(verdict)


@pytest.mark.parametrize(
    ("definition", "claim", "found"),
    [
        (VALID, gradient("n-r+1"), "axis 1 of y as 0..n - r + 1, which no other formula says; expected 0..n - r"),
        (VALID, gradient("n-r-1"), "axis 1 of y as 0..n - r - 1, which no other formula says; expected 0..n - r"),
        (VALID, gradient("n+r-2"), "axis 1 of y as 0..n + r - 2, which no other formula says"),
        (PADDED, gradient("n+p-r", "i+k-p"), "axis 1 of y as 0..n + p - r, which no other formula says"),
        (STRIDED, gradient(r"\lfloor n/s \rfloor", "s i+k"), "axis 1 of y as 0..div(n, s), which no other formula"),
    ],
)
def test_limits_that_no_mode_has_are_refused_where_zeros_stand_outside(definition: str, claim: str, found: str) -> None:
    """With zeros outside the claim would make its own extents, and prove itself."""
    first, second = said(ZERO, definition, claim)
    assert first == "definition"
    assert second.startswith("not understood: ")
    assert found in second
    assert "declare tensor y[..] with its extents, or correct the limits" in second


def test_declared_extents_settle_what_the_limits_mean() -> None:
    block = ZERO.replace("y[]", "y[n-r+1]")
    definition, true, short, long = said(block, VALID, gradient("n-r"), gradient("n-r-1"), gradient("n-r+1"))
    assert [definition, true] == ["definition", "proved for all sizes"]
    assert short.startswith("refuted; n=1, r=1 at k=0: the claim gives 0")
    assert long == "proved for all sizes"  # the entry behind the last is zero


def test_a_later_claim_is_judged_by_the_extents_of_an_earlier_one() -> None:
    free = r"\frac{\partial L}{\partial w_k} = \sum_i \frac{\partial L}{\partial y_i} x_{i+k}"
    assert said(ZERO, VALID, gradient("n-r"), free)[1:] == ["proved for all sizes"] * 2
    assert said(ERROR, VALID, gradient("n-r"), free)[1:] == ["proved for all sizes"] * 2
    shorter = said(ZERO, VALID, gradient("n-1"), gradient("n-r"))
    assert not (shorter[1] == shorter[2] == "proved for all sizes")
