r"""A sum with an ellipsis is refused, and the sum that fits its terms is proposed; what is meant is given by hand."""

from __future__ import annotations

import re

import pytest

from symconv.judging import Status, verify_text

BLOCK = "```symconv\nsize n r s\ntensor x[n] w[r] v[r,r]\noutside zero\nscalar t\n```\n"
FITS = [
    (r"w_0 x_i + w_1 x_{i+1} + \dots + w_{r-1} x_{i+r-1}", r"\sum_{k=0}^{r-1} w_k x_{i+k}"),
    (r"w_0 x_i + w_1 x_{i-1} + w_2 x_{i-2} + \cdots + w_{r-1} x_{i-r+1}", r"\sum_{k=0}^{r-1} w_k x_{i-k}"),
    (r"w_{r-1} x_i + w_{r-2} x_{i+1} + \ldots + w_0 x_{i+r-1}", r"\sum_{k=0}^{r-1} w_{r-1-k} x_{i+k}"),
    (r"w[0] x[s i] + w[1] x[s i + 2] + \dots + w[r-1] x[s i + 2 r - 2]", r"\sum_{k=0}^{r-1} w[k] x[s i + 2 k]"),
    (r"v_{0,0} + v_{1,1} + \dots + v_{r-1,r-1}", r"\sum_{k=0}^{r-1} v_{k,k}"),
    (r"\frac{w_0}{2} + \frac{w_1}{2} + \dots + \frac{w_{r-1}}{2}", r"\sum_{k=0}^{r-1} \frac{w_k}{2}"),
]
UNFIT = [
    r"x_0 + x_2 + x_3 + \dots + x_{n-1}",  # steps of 2 and of 1
    r"x_0 + x_3 + \dots + x_{n-1}",  # 3 does not divide n - 1 for all n
    r"w_0 x_0 + w_1 x_1 + \dots + w_{r-1} x_{r}",  # as many of w as of x
    r"x_0 + \dots + x_{n-1}",  # one term says nothing about the step
    r"x_0 + 2 x_1 + \dots + n x_{n-1}",  # a factor that grows
    r"x_0 + x_1 + \dots",  # no end
]


def said(right: str) -> str:
    (formula,) = verify_text(f"{BLOCK}\n$$t_i = {right}$$\n".replace("scalar t\n", "tensor t[n]\n")).formulas
    assert formula.status is Status.NOT_UNDERSTOOD
    return str(formula.links[0].verdict.message)


@pytest.mark.parametrize(("written", "meant"), FITS)
def test_the_sum_that_fits_is_proposed_and_is_the_one_that_is_meant(written: str, meant: str) -> None:
    found = re.search(r"an ellipsis; .*; write (.+), if that is meant", said(written))
    assert found is not None
    proposed, block = found.group(1), BLOCK.replace("scalar t", "index i in 0..n-1")
    (formula,) = verify_text(f"{block}\n$${proposed} = {meant}$$\n").formulas
    assert formula.status is Status.PROVED, str(formula.links[0].verdict)


@pytest.mark.parametrize("written", UNFIT)
def test_where_no_sum_fits_none_is_proposed(written: str) -> None:
    text = said(written)
    assert "an ellipsis; expected a sum with its limits" in text
    assert "if that is meant" not in text
