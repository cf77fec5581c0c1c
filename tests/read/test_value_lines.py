r"""Numbers for tensors, `value X = [[1,2],[3,4]]`: claims about them are evaluated exactly; worked by hand here."""

from __future__ import annotations

import pytest

from symconv.errors import NotationError
from symconv.judging import Status, verify_text
from symconv.reports import FormulaReport

BLOCK = r"""```symconv
tensor   X[3,3] K[2,2]
define   F = correlate(X, K)
loss     L(F)
upstream G = F
outside  zero
value    X = [[1,2,3],[4,5,6],[7,8,10]]
value    K = [[1,-1],[0,2]]
value    G = [[1,1/2],[0,-1.5]]
```
"""


def judged(latex: str, block: str = BLOCK) -> FormulaReport:
    (formula,) = verify_text(f"{block}\n$${latex}$$\n").formulas
    return formula


TRUE = [
    r"F = \begin{bmatrix} 9 & 11 \\ 15 & 19 \end{bmatrix}",  # 1-2+2*5, 2-3+2*6; 4-5+2*8, 5-6+2*10
    r"F_{1,1} = 19",
    r"\sum_{u,v} K_{u,v} = 2",
    r"\frac{\partial L}{\partial K_{0,0}} = -\frac{11}{2}",  # 1*1 + 2/2 - 1.5*5
    r"\frac{\partial L}{\partial X_{2,2}} = -3",  # G[1,1] K[1,1]
    r"F_{i,j} = \sum_{u=0}^{1} \sum_{v=0}^{1} K_{u,v} X_{i+u,j+v}",
]
FALSE = [
    (r"F_{1,1} = 20", "the claim gives 20, exact is 19"),
    (r"F = \begin{bmatrix} 9 & 11 \\ 15 & 18 \end{bmatrix}", "the claim gives 18, exact is 19"),
    (r"\frac{\partial L}{\partial X_{2,2}} = 3", "the claim gives 3, exact is -3"),
]


@pytest.mark.parametrize("latex", TRUE)
def test_what_is_true_of_the_numbers_is_proved_for_the_sizes_stated(latex: str) -> None:
    report = judged(latex)
    assert report.status is Status.PROVED, str(report.links[0].verdict)
    assert report.links[0].verdict.scope == "the sizes stated"


def test_what_is_proved_of_numbers_alone_says_so() -> None:
    """F[1, 1] = 19 holds at these numbers; its formula by entries holds at all."""
    at_numbers, general = (judged(latex).links[0].verdict for latex in (TRUE[1], TRUE[-1]))
    assert str(at_numbers) == "proved for the sizes stated: at the numbers given for K, X"
    assert at_numbers.hypotheses == ("at the numbers given for K, X",)
    assert "numbers given" not in str(general)


@pytest.mark.parametrize(("latex", "said"), FALSE)
def test_what_is_false_of_them_is_refuted_with_both_numbers(latex: str, said: str) -> None:
    report = judged(latex)
    assert report.status is Status.REFUTED
    assert said in str(report.links[0].verdict)


def test_data_without_numbers_keeps_a_claim_general() -> None:
    report = judged(r"F_{0,0} = 9", BLOCK.replace("value    K = [[1,-1],[0,2]]\n", ""))
    assert report.status is Status.REFUTED
    assert "X[0, 0]" in str(report.links[0].verdict)


def test_indices_from_one_are_minded() -> None:
    block = "```symconv\nbase 1\ntensor x[3]\nvalue x = [5,6,7]\n```\n"
    assert judged(r"x_1 + x_3 = 12", block).status is Status.PROVED
    assert judged(r"x_1 + x_2 = 12", block).status is Status.REFUTED


BAD = [
    ("value X = [[1,2],[3,4]]", r"4 numbers for X of shape \(3, 3\); expected one number an entry"),
    ("value X = [[1,2,3],[4,5],[6,7,8]]", "8 numbers for X of shape"),
    ("value X = 1, two", "'1, two'; expected a number, or a list of numbers in brackets"),
    ("value F = [[1,2],[3,4]]", "numbers for F, which has a formula or an assumption; expected free data"),
    ("value q = [1]", "numbers for q, which is no tensor"),
    ("value X = [[1,2,3],[4,5,6],[7,8,9]]\nvalue X = [1]", "numbers for X a second time"),
]


@pytest.mark.parametrize(("line", "said"), BAD)
def test_a_fault_in_the_numbers_is_told(line: str, said: str) -> None:
    block = f"```symconv\ntensor X[3,3] K[2,2]\ndefine F = correlate(X, K)\n{line}\n```\n"
    with pytest.raises(NotationError, match=said):
        verify_text(f"{block}\n$$F_{{0,0}} = 1$$\n")
