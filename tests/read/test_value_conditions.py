"""Conditions on values, powers of functions, and Kronecker's delta by a line; truth by hand.

1[y > 0] and 1[y < 0] are both 0 where y is 0; the slope of relu there is 0.
"""

from __future__ import annotations

import pytest

from tests.read.saying import assert_refuted, said

RELU = "tensor y[n]\nfunction r = relu"
SMOOTH = "tensor z[n]\nfunction f\nfunction \\sigma = sigmoid"
DELTA = "tensor z[C] A[C,C]\nfunction \\delta = kronecker\nindex i in 0..C-1, j in 0..C-1\noutside zero"

TRUE = [
    (RELU, r"r'(y_i) = 1[y_i > 0]"),
    (RELU, r"r(y_i) = \max(0, y_i)"),
    (RELU, r"1[y_i > 0] + 1[y_i \le 0] = 1"),
    (RELU, r"1[y_i \ge 0] + 1[y_i < 0] = 1"),
    (RELU, r"r'(y_i) = \begin{cases} 1 & y_i > 0 \\ 0 & y_i \le 0 \end{cases}"),
    (RELU, r"r'(y_i) = \begin{cases} 1 & \text{if } y_i > 0 \\ 0 & \text{otherwise} \end{cases}"),
    (SMOOTH, r"f(z_i)^2 = f(z_i) f(z_i)"),
    (SMOOTH, r"f(z_i)^3 = f(z_i)^2 f(z_i)"),
    (SMOOTH, r"f'(z_i)^2 = f'(z_i) f'(z_i)"),
    (SMOOTH, r"\sigma'(z_i) = \sigma(z_i) - \sigma(z_i)^2"),
    (DELTA, r"\sum_j \delta_{ij} z_j = z_i"),
    (DELTA, r"\sum_j \delta_{ij} A_{jk} = A_{ik}"),
    (DELTA, r"\delta_{ij} = \delta_{ji}"),
    (DELTA, r"\frac{\partial z_i}{\partial z_j} = \delta_{ij}"),
    (DELTA, r"\sum_j \delta_{i,j+1} z_j = z_{i-1}"),
]


@pytest.mark.parametrize(("block", "latex"), TRUE)
def test_a_true_formula_is_proved(block: str, latex: str) -> None:
    assert said(block, latex) == ["proved for all sizes"]


FALSE = [
    (RELU, r"r'(y_i) = 1[y_i \ge 0]", "n=1 at i=0, where y[0] = 0: the claim gives 1, exact is 0"),
    (RELU, r"1[y_i > 0] + 1[y_i < 0] = 1", "n=1 at i=0, where y[0] = 0: the claim gives 1, exact is 0"),
    (RELU, r"1[y_i > 1] = 1[y_i > 0]", "n=2 at i=1, where y[1] = 1: the claim gives 1, exact is 0"),
    (RELU, r"r(y_i) = \begin{cases} y_i & y_i < 0 \\ 0 & \text{otherwise} \end{cases}", "exact is Max(0, y[0])"),
    (SMOOTH, r"f(z_i)^2 = f(z_i^2)", "n=1 at i=0: the claim gives f(z[0]**2), exact is f(z[0])**2"),
    (SMOOTH, r"f'(z_i)^2 = f(z_i)", "n=1 at i=0: the claim gives f(z[0])"),
    (SMOOTH, r"\sigma'(z_i) = \sigma(z_i)^2 - \sigma(z_i)", "n=1 at i=0: "),
    (DELTA, r"\sum_j \delta_{i,j+1} z_j = z_{i+1}", "C=2 at i=0: the claim gives z[1], exact is 0"),
    (DELTA, r"\sum_j \delta_{ij} A_{jk} = A_{ki}", "C=2 at "),
    (DELTA, r"\frac{\partial z_i}{\partial z_j} = 1", "C=2 at "),
]


@pytest.mark.parametrize(("block", "latex", "evidence"), FALSE)
def test_a_false_formula_is_refuted(block: str, latex: str, evidence: str) -> None:
    assert_refuted(block, latex, evidence)


OPEN = [
    # at 0 both cases hold
    (RELU, r"r(y_i) = \begin{cases} y_i & y_i \ge 0 \\ 0 & y_i \le 0 \end{cases}", "a last case with a condition"),
    (SMOOTH, r"f^2(z_i) = f(z_i)^2", "the function f with an index; expected its argument in parentheses"),
    (DELTA, r"\delta_i = z_i", r"\delta with 1 index; expected two indices"),
    (DELTA, r"\delta_{i,j,i} = 1", r"\delta with 3 indices; expected two indices"),
    (DELTA, r"\delta z = z", r"\delta with 0 indices; expected two indices"),
    (DELTA, r"\delta(i,j) z_j = z_i", r"\delta with 0 indices; expected two indices; write \delta_{i,j}"),
    (DELTA, r"\sum_{i'} \delta_{i'i'} = 1", "without limits, which stands alone on no axis; expected limits"),
]


@pytest.mark.parametrize(("block", "latex", "reason"), OPEN)
def test_what_is_not_certain_is_refused(block: str, latex: str, reason: str) -> None:
    (verdict,) = said(block, latex)
    assert verdict.startswith("not understood: ")
    assert reason in verdict
