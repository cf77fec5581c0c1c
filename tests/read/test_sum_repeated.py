r"""Einstein's convention where a line says so; what is meant stands beside it with its sums."""

from __future__ import annotations

import pytest

from symconv.judging import Status, verify_text

BLOCK = """```symconv
size    n r m
tensor  x[n] w[r] A[m,n] B[n,r] g[n-r+1] t[n]
outside zero
op      \\star = correlation valid, image first
define  y = x \\star w
loss    L(y)
sum     repeated
```
"""


def status(latex: str) -> tuple[Status, str]:
    (formula,) = verify_text(f"{BLOCK}\n$${latex}$$\n").formulas
    return formula.status, str(formula.links[0].verdict)


@pytest.mark.parametrize(
    "latex",
    [
        r"y_i = w_k x_{i+k}",
        r"A_{i,j} x_j = \sum_{j=0}^{n-1} A_{i,j} x_j",
        r"A_{i,j} B_{j,k} w_k = \sum_{j=0}^{n-1} \sum_{k=0}^{r-1} A_{i,j} B_{j,k} w_k",
        r"x_i t_i = \sum_{i=0}^{n-1} t_i x_i",
        r"\frac{\partial L}{\partial w_k} = \frac{\partial L}{\partial y_i} x_{i+k}",
        r"\frac{\partial L}{\partial x_a} = \frac{\partial L}{\partial y_i} \frac{\partial y_i}{\partial x_a}",
        r"A_{i,j} x_j + A_{i,k} t_k = A_{i,j} (x_j + t_j)",
    ],
)
def test_an_index_that_occurs_twice_is_summed_over(latex: str) -> None:
    found, said = status(latex)
    assert found is Status.PROVED, said


@pytest.mark.parametrize(
    "latex",
    [
        r"y_i = w_k x_{i-k}",  # the kernel is not turned
        r"\frac{\partial L}{\partial x_a} = \frac{\partial L}{\partial y_{a+k}} w_k",
    ],
)
def test_a_false_one_is_refuted(latex: str) -> None:
    assert status(latex)[0] is Status.REFUTED


def test_an_index_on_the_left_is_not_summed_over() -> None:
    """x_i t_i = t_i x_i for each i, not their sum."""
    found, said = status(r"t_i x_i - x_i t_i = 0")
    assert found is Status.PROVED, said


def test_an_index_three_times_is_refused() -> None:
    found, said = status(r"y_i = w_k w_k x_{i+k}")
    assert found is Status.NOT_UNDERSTOOD
    assert "the index k, 3 times in one product; expected an index once, or twice where it is summed over" in said


def test_without_the_line_nothing_is_summed() -> None:
    text = BLOCK.replace("sum     repeated\n", "")
    (formula,) = verify_text(f"{text}\n$$y_i = w_k x_{{i+k}}$$\n").formulas
    assert formula.status is not Status.PROVED
