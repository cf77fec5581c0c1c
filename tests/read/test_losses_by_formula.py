"""A loss by a formula: its derivatives go through it; truth by hand.

s_i = a x_i and L = 1/2 sum (s_i - t_i)^2; so dL/ds_i = s_i - t_i, dL/dt_i = t_i - s_i, dL/da = sum (s_i - t_i) x_i
and dL/dx_i = a (s_i - t_i).
"""

from __future__ import annotations

import pytest

from symconv.notation.source import LocatedError
from tests.read.saying import said

BLOCK = "size N\ntensor s[N] t[N] x[N]\nscalar a L"
BEFORE = (r"s_i = a x_i", r"L = \frac{1}{2} \sum_{i=0}^{N-1} (s_i - t_i)^2")


def by(what: str) -> str:
    return rf"\frac{{\partial L}}{{\partial {what}}} = "


@pytest.mark.parametrize(
    "latex",
    [
        by("s_i") + "s_i - t_i",
        by("t_i") + "t_i - s_i",
        by("a") + r"\sum_i (s_i - t_i) x_i",
        by("x_i") + "a (s_i - t_i)",
        by("s") + "s - t",
        by("x_i") + r"\frac{\partial L}{\partial s_i} a",
    ],
)
def test_a_true_derivative_is_proved(latex: str) -> None:
    assert said(BLOCK, *BEFORE, latex) == ["definition", "definition", "proved for all sizes"]


@pytest.mark.parametrize(
    ("latex", "evidence"),
    [
        (by("s_i") + "t_i - s_i", "N=1 at i=0: the claim gives -a*x[0] + t[0], exact is a*x[0] - t[0]"),
        (by("t_i") + "s_i - t_i", "N=1 at i=0: the claim gives a*x[0] - t[0], exact is -a*x[0] + t[0]"),
        (by("a") + r"\sum_i (s_i - t_i)", "N=1: the claim gives a*x[0] - t[0], exact is (a*x[0] - t[0])*x[0]"),
        (by("s_i") + "2 (s_i - t_i)", "N=1 at i=0: "),
        (by("s") + "t - s", "N=1 at "),
    ],
)
def test_a_false_derivative_is_refuted(latex: str, evidence: str) -> None:
    *_, verdict = said(BLOCK, *BEFORE, latex)
    assert verdict.startswith(f"refuted; {evidence}")


def test_a_name_for_the_gradient_is_a_definition_and_stands_for_it() -> None:
    verdicts = said(BLOCK, *BEFORE, r"G := \frac{\partial L}{\partial s}", "G_i = s_i - t_i", "G_i = s_i + t_i")
    assert verdicts[2:4] == ["definition", "proved for all sizes"]
    assert verdicts[4].startswith("refuted; N=1 at i=0: ")


def test_a_loss_is_free_or_has_a_formula() -> None:
    with pytest.raises(LocatedError, match="L as a loss, and as a scalar in line 4; expected one line for a name"):
        said(f"{BLOCK}\nloss L(s)", *BEFORE)


def test_a_derivative_by_an_unknown_name_is_refused() -> None:
    *_, verdict = said(BLOCK, *BEFORE, by("q") + "s")
    assert verdict.startswith("not understood: ")
    assert "the name q; expected a declared name" in verdict
