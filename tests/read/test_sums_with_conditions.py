"""Conditions below a sum, listed ranges, and limits that are the greater or the less of two; truth by hand.

x and z have n entries and are zero outside.
"""

from __future__ import annotations

import pytest

from tests.read.saying import said

TWO = "size s\ntensor x[n] z[n]\noutside zero"
FOR = r"\quad \text{for } 0 \le i < n"

TRUE = [
    # several lines below a sum, and a colon
    rf"\sum_{{\substack{{j=0 \\ j \ne i}}}}^{{n-1}} x_j = \sum_j x_j - x_i {FOR}",
    rf"\sum_{{j \ne i}} x_j = \sum_j x_j - x_i {FOR}",
    rf"\sum_{{j : j \ne i}} x_j z_j = \sum_j x_j z_j - x_i z_i {FOR}",
    r"\sum_{k : k \ge 1} x_k = \sum_{k=1}^{n-1} x_k",
    r"\sum_{\substack{0 \le j,k < n \\ j + k = 2}} x_j z_k = \sum_{j=0}^{2} x_j z_{2-j}",
    # of the numbers 0 .. n-1 the multiples of s are s i for i up to (n-1)/s, and x ends there
    r"\sum_{\substack{0 \le k < n \\ 2 \mid k}} x_{k/2} = \sum_{k=0}^{\lfloor (n-1)/2 \rfloor} x_k",
    r"\sum_{\substack{0 \le k < n \\ s \mid k}} x_k = \sum_{i=0}^{\lfloor (n-1)/s \rfloor} x_{s i}",
    r"\sum_{\substack{0 \le k < n \\ s \mid k}} x_k = \sum_{i=0}^{n-1} x_{s i}",
    # the window i-1 .. i, cut at 0
    rf"\sum_{{k=\max(0,i-1)}}^{{\min(n-1,i)}} x_k = x_i + x_{{i-1}} {FOR}",
    # a list may fall; an empty sum is 0
    r"\sum_{k=n-1,\dots,0} x_k = \sum_k x_k",
    r"\sum_{k=n-1,n-2,\dots,0} x_k = \sum_k x_k",
    r"\sum_{k=0,1,\dots,n-1} x_k = \sum_k x_k",
    r"x_i z_i = z_i x_i \quad \text{for } i = n-1, \dots, 0",
    r"\sum_{k=3}^{1} x_k = 0",
]


@pytest.mark.parametrize("latex", TRUE)
def test_a_true_formula_is_proved(latex: str) -> None:
    assert said(TWO, latex) == ["proved for all sizes"]


FALSE = [
    (rf"\sum_{{\substack{{j=0 \\ j \ne i}}}}^{{n-1}} x_j = \sum_j x_j {FOR}", "n=1 at i=0: the claim gives x[0]"),
    (r"\sum_{k : k \ge 1} x_k = \sum_k x_k", "n=1: the claim gives x[0], exact is 0"),
    (r"\sum_{\substack{0 \le j,k < n \\ j + k = 2}} x_j z_k = \sum_{j=0}^{2} x_j z_{j}", "n=1: the claim gives x[0]*z"),
    # for even n the last multiple of 2 is n - 2
    (
        r"\sum_{\substack{0 \le k < n \\ 2 \mid k}} x_{k/2} = \sum_{k=0}^{\lfloor n/2 \rfloor} x_k",
        "n=2: the claim gives x[0] + x[1], exact is x[0]; true if (n mod 2) = 1",
    ),
    (
        r"\sum_{\substack{0 \le k < n \\ s \mid k}} x_k = \sum_{i=0}^{n-1} x_{i}",
        "s=2: the claim gives x[0] + x[1], exact is x[0]; true if s = 1",
    ),
    (rf"\sum_{{k=\max(0,i-1)}}^{{\min(n-1,i)}} x_k = x_i + x_{{i+1}} {FOR}", "n=2 at i=0: the claim gives x[0] + x[1]"),
    (r"x_i z_i = x_i \quad \text{for } i = n-1, \dots, 0", "n=1 at i=0: the claim gives x[0], exact is x[0]*z[0]"),
]


@pytest.mark.parametrize(("latex", "evidence"), FALSE)
def test_a_false_formula_is_refuted(latex: str, evidence: str) -> None:
    (verdict,) = said(TWO, latex)
    assert verdict.startswith("refuted; ")
    assert evidence in verdict


OPEN = [
    (
        r"\sum_{k=n-1}^{0} x_k = \sum_k x_k",
        "a sum from n - 1 to 0; expected the lower limit below, the upper one above",
    ),
    (r"\sum_{k=0,2,\dots,n-1} x_k = \sum_k x_k", "a range in other steps than 1; expected i = 0, 1, \\dots, n-1"),
    # k/3 is whole for multiples of 3 alone
    (r"\sum_{\substack{0 \le k < n \\ 2 \mid k}} x_{k/3} = x_0", "a quotient as a position; expected a whole number"),
    (r"\sum_{k=0}^{n-1} x_{k/2} = x_0", "a quotient as a position; expected a whole number"),
    (
        r"\sum_{\substack{0 \le k < n \\ 2 \nmid k}} x_k = x_0",
        r"the command \nmid; expected a command this reader knows",
    ),
    (r"\sum_{j<k} x_j x_k = x_0", "the range j < k; expected 0 \\le i < n; give both ends, one range a sum"),
    (r"\sum_{j+k=2} x_j z_k = x_0", "'+' as an index to sum over; expected a letter"),
    (r"\sum_{k \text{ even}} x_k = x_0", r"'\text{ even}' as an index to sum over; expected a letter"),
]


@pytest.mark.parametrize(("latex", "reason"), OPEN)
def test_what_is_not_certain_is_refused(latex: str, reason: str) -> None:
    (verdict,) = said(TWO, latex)
    assert verdict.startswith("not understood: ")
    assert reason in verdict
